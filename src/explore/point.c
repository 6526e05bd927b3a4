/* One training of a study. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "explore/explore.h"
#include "train/train.h"

static bool records(const eq_study *s, eq_figure_of of) {
    for (size_t k = 0; k < s->figures; k++)
        if (s->figure[k]->of == of) return true;
    return false;
}

/* The gradient of the experiment's own estimator at its beta, before it is trained: error, cosine. */
static eq_status gradcheck(const eq_experiment *x, double own[2], eq_diag *diag) {
    eq_gradcheck_report report = {0};
    eq_status status = eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 0, &report, diag);
    if (status == EQ_OK) {
        own[0] = report.own_error;
        own[1] = report.own_cosine;
        eq_gradcheck_free(&report);
    }
    return status;
}

/* DIR/point-P-seed-S. */
static char *own_folder(const eq_study *s, size_t k, uint64_t seed, const char *folder) {
    char name[80];
    snprintf(name, sizeof name, "point-%zu-seed-%" PRIu64, k / s->repeats + 1, seed);
    return eq_path_join(folder, name);
}

/* Goes on with the run of a study that was stopped; what a training left that was killed before it
 * had saved anything is replaced. */
static eq_status take_up(eq_train_options *o, eq_diag *diag) {
    char *path = eq_path_join(o->folder, EQ_TRAIN_CHECKPOINT);
    if (path == NULL) return eq_out_of_memory(diag);
    o->resume = access(path, F_OK) == 0;
    o->force = !o->resume;
    eq_free(path);
    return EQ_OK;
}

static double metric(const eq_metrics *m, const eq_figure *f) {
    double x;
    if (f->offset == offsetof(eq_metrics, epoch)) return (double)m->epoch;
    memcpy(&x, (const char *)m + f->offset, sizeof x);
    return x;
}

static double count(const eq_train_summary *t, const eq_figure *f) {
    size_t n;
    memcpy(&n, (const char *)t + f->offset, sizeof n);
    return (double)n;
}

static eq_status train(const eq_study *s, const eq_experiment *x, const eq_train_options *o,
                       double *value, eq_diag *diag) {
    eq_metrics last = {0};
    eq_train_summary summary = {0};
    double watts = NAN, own[2] = {NAN, NAN};
    eq_status status = EQ_OK;
    if (records(s, EQ_FIGURE_GRADCHECK)) status = gradcheck(x, own, diag);
    if (status != EQ_OK) return status;
    if (records(s, EQ_FIGURE_POWER))
        status = eq_train_metered(x, o, s->best, &last, &summary, &watts, diag);
    else
        status = eq_train(x, o, &last, &summary, diag);
    if (status != EQ_OK) return status;
    const eq_metrics *m = s->best && summary.best.epoch > 0 ? &summary.best : &last;
    for (size_t k = 0; k < s->figures; k++) {
        const eq_figure *f = s->figure[k];
        value[k] = f->of == EQ_FIGURE_POWER       ? watts
                   : f->of == EQ_FIGURE_GRADCHECK ? own[f->offset]
                   : f->of == EQ_FIGURE_SUMMARY   ? count(&summary, f)
                                                  : metric(m, f);
    }
    return EQ_OK;
}

eq_status eq_run_train(const eq_study *s, const eq_experiment_master *m, const double *level,
                       size_t k, const char *folder, const volatile sig_atomic_t *stop,
                       double *value, eq_diag *diag) {
    char **all = eq_run_settings(s, level, k), *own = NULL;
    eq_experiment *x = NULL;
    if (all == NULL) return eq_out_of_memory(diag);
    const eq_settings settings = {(const char *const *)all, s->sets + s->factors};
    eq_status status = eq_experiment_master_copy(m, &settings, &x, diag);
    eq_train_options o = eq_train_defaults();
    o.stop = stop;
    o.watch_gradient = records(s, EQ_FIGURE_WATCHED);
    if (status == EQ_OK && s->seed != NULL) x->seed = s->seed[k % s->repeats];
    if (status == EQ_OK && s->keep_runs) {
        o.folder = own = own_folder(s, k, x->seed, folder);
        status = own == NULL ? eq_out_of_memory(diag) : take_up(&o, diag);
    }
    if (status == EQ_OK) status = train(s, x, &o, value, diag);
    eq_free(own);
    eq_experiment_free(x);
    eq_strings_free(all, s->sets + s->factors);
    return status;
}
