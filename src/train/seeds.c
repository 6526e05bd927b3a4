#include "train/seeds.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/comm.h"
#include "base/file.h"
#include "base/mem.h"
#include "solver/pool.h"
#include "train/folder.h"
#include "train/train.h"

enum { MOST = 10000 }; /* eq_pool counts to 2^16 */

/* --- which --- */

/* A number from *p on, which moves behind it. */
static bool take_number(const char **p, uint64_t *seed) {
    char *end;
    errno = 0;
    if (**p < '0' || **p > '9') return false;
    unsigned long long n = strtoull(*p, &end, 10);
    *p = end;
    *seed = n;
    return errno == 0 && n <= INT_MAX;
}

/* A or A..B from *p on. */
static bool take_range(const char **p, uint64_t *first, uint64_t *last) {
    if (!take_number(p, first)) return false;
    *last = *first;
    if (strncmp(*p, "..", 2) != 0) return true;
    *p += 2;
    return take_number(p, last) && *first <= *last;
}

static eq_status add_seed(eq_seed_run **run, size_t *runs, size_t *cap, uint64_t seed,
                          eq_diag *diag) {
    for (size_t k = 0; k < *runs; k++)
        if ((*run)[k].seed == seed)
            return eq_fail(diag, EQ_ERR_USAGE, "seed %" PRIu64 " is given twice; give it once",
                           seed);
    if (!eq_grow((void **)run, cap, *runs + 1, sizeof **run)) return eq_out_of_memory(diag);
    (*run)[(*runs)++] = (eq_seed_run){.seed = seed, .status = EQ_ERR_INTERRUPTED};
    return EQ_OK;
}

/* The ranges of the text, one after the other. */
static eq_status read_ranges(const char *text, eq_seed_run **run, size_t *runs, eq_diag *diag) {
    size_t cap = 0;
    eq_status status = EQ_OK;
    const char *p = text;
    do {
        uint64_t first = 0, last = 0;
        if (!take_range(&p, &first, &last) || (*p != ',' && *p != '\0'))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "'%s' are no seeds; give whole numbers from 0 to %d, as in 1..5 or "
                           "1,4,9",
                           text, INT_MAX);
        if (last - first >= MOST - *runs)
            return eq_fail(diag, EQ_ERR_USAGE, "'%s' are more than %d seeds; give fewer at once",
                           text, MOST);
        for (; status == EQ_OK && first <= last; first++)
            status = add_seed(run, runs, &cap, first, diag);
    } while (status == EQ_OK && *p++ == ',');
    return status;
}

eq_status eq_seeds_read(const char *text, eq_seed_run **run, size_t *runs, eq_diag *diag) {
    *run = NULL;
    *runs = 0;
    eq_status status = read_ranges(text, run, runs, diag);
    if (status == EQ_OK) return status;
    eq_free(*run);
    *run = NULL;
    *runs = 0;
    return status;
}

/* --- what they have in common --- */

#define COLUMN(name, fraction)                                                                     \
    { #name, offsetof(eq_metrics, name), fraction }
const eq_seed_column eq_seed_column_of[EQ_SEED_COLUMNS] = {
    COLUMN(train_loss, false),      COLUMN(train_error, true),      COLUMN(train_rmse, false),
    COLUMN(train_r2, false),        COLUMN(validation_loss, false), COLUMN(validation_error, true),
    COLUMN(validation_rmse, false), COLUMN(validation_r2, false),   COLUMN(test_loss, false),
    COLUMN(test_error, true),       COLUMN(test_rmse, false),       COLUMN(test_r2, false),
    COLUMN(seconds, false),
};

double eq_seed_value(const eq_metrics *m, int column) {
    double value;
    memcpy(&value, (const char *)m + eq_seed_column_of[column].offset, sizeof value);
    return value;
}

/* True when the first of two runs is the better one, by the first set that both have. */
static bool better(const eq_metrics *a, const eq_metrics *b) {
    const double loss[][2] = {{a->validation_loss, b->validation_loss},
                              {a->test_loss, b->test_loss},
                              {a->train_loss, b->train_loss}};
    const double error[][2] = {{a->validation_error, b->validation_error},
                               {a->test_error, b->test_error},
                               {a->train_error, b->train_error}};
    int k = 0;
    while (k < 2 && (isnan(loss[k][0]) || isnan(loss[k][1]))) k++;
    bool tied = isnan(error[k][0]) || isnan(error[k][1]) || error[k][0] == error[k][1];
    return tied ? loss[k][0] < loss[k][1] : error[k][0] < error[k][1];
}

eq_seeds_summary eq_seeds_summarise(const eq_seed_run *run, size_t runs) {
    eq_seeds_summary s = {.best = -1};
    for (size_t k = 0; k < runs; k++) {
        if (run[k].status != EQ_OK) continue;
        s.finished++;
        if (s.best < 0 || better(&run[k].last, &run[s.best].last)) s.best = (int)k;
        for (int c = 0; c < EQ_SEED_COLUMNS; c++) {
            s.mean[c] += eq_seed_value(&run[k].last, c);
            s.has[c] = s.has[c] || !isnan(eq_seed_value(&run[k].last, c));
        }
    }
    for (int c = 0; c < EQ_SEED_COLUMNS; c++) {
        double sum = 0.0;
        s.mean[c] /= (double)s.finished; /* NAN of none */
        for (size_t k = 0; k < runs; k++)
            if (run[k].status == EQ_OK) sum += pow(eq_seed_value(&run[k].last, c) - s.mean[c], 2.0);
        s.deviation[c] = s.finished > 1 ? sqrt(sum / (double)(s.finished - 1)) : (double)NAN;
    }
    return s;
}

/* A row of the table, with the columns that some run has; cells without a value are empty. */
static void add_row(eq_text *t, const eq_seeds_summary *s, const char *label, const double *value,
                    const char *folder) {
    eq_text_puts(t, label);
    for (int c = 0; c < EQ_SEED_COLUMNS; c++)
        if (s->has[c]) {
            eq_text_puts(t, ",");
            if (!isnan(value[c])) eq_text_number(t, value[c]);
        }
    eq_text_printf(t, ",%s\n", folder);
}

static void add_run(eq_text *t, const eq_seeds_summary *s, const char *label,
                    const eq_seed_run *run) {
    char number[32], folder[32];
    double value[EQ_SEED_COLUMNS];
    for (int c = 0; c < EQ_SEED_COLUMNS; c++) value[c] = eq_seed_value(&run->last, c);
    snprintf(number, sizeof number, "%" PRIu64, run->seed);
    snprintf(folder, sizeof folder, "seed-%" PRIu64, run->seed);
    add_row(t, s, label == NULL ? number : label, value, folder);
}

static eq_status write_table(const char *folder, const eq_seed_run *run, size_t runs,
                             eq_diag *diag) {
    eq_seeds_summary s = eq_seeds_summarise(run, runs);
    if (s.finished == 0) return EQ_OK;
    eq_text text = {0};
    eq_text_puts(&text, "seed");
    for (int c = 0; c < EQ_SEED_COLUMNS; c++)
        if (s.has[c]) eq_text_printf(&text, ",%s", eq_seed_column_of[c].name);
    eq_text_puts(&text, ",folder\n");
    for (size_t k = 0; k < runs; k++)
        if (run[k].status == EQ_OK) add_run(&text, &s, NULL, &run[k]);
    add_row(&text, &s, "mean", s.mean, "");
    add_row(&text, &s, "deviation", s.deviation, "");
    add_run(&text, &s, "best", &run[s.best]);
    char *path = eq_path_join(folder, EQ_SEEDS_TABLE);
    eq_status status = path == NULL || text.failed
                           ? eq_out_of_memory(diag)
                           : eq_file_write(path, text.text, text.length, diag);
    eq_free(path);
    eq_text_free(&text);
    return status;
}

/* --- training --- */

/* All of this process, while they run. */
typedef struct team {
    const eq_experiment *x;
    const eq_seeds_options *o;
    eq_seed_run *run;
    eq_diag **said; /* of each run */
    int threads;    /* of each run */
    pthread_mutex_t one_at_a_time;
} team;

static bool has(const char *folder, const char *name) {
    char *path = eq_path_join(folder, name);
    bool there = path != NULL && access(path, F_OK) == 0;
    eq_free(path);
    return there;
}

/* With --resume a run without a checkpoint, which has nothing to lose, begins (anew). */
static eq_status train_one(const team *t, eq_seed_run *r, eq_diag *diag) {
    eq_experiment x = *t->x;
    eq_train_options o = t->o->each;
    char *folder = eq_seed_folder(t->o->each.folder, r->seed);
    if (folder == NULL) return eq_out_of_memory(diag);
    x.seed = r->seed;
    o.folder = folder;
    o.threads = t->threads;
    o.progress = NULL;
    o.epoch = NULL;
    o.diagnosis = NULL;
    if (o.resume && !has(folder, EQ_TRAIN_CHECKPOINT)) {
        o.resume = false;
        o.force = true;
    }
    eq_status status = eq_train(&x, &o, &r->last, NULL, diag);
    eq_free(folder);
    return status;
}

static void train_part(void *data, int k) {
    team *t = data;
    eq_seed_run *r = &t->run[k];
    const volatile sig_atomic_t *stop = t->o->each.stop;
    if (stop != NULL && *stop) return; /* not begun */
    r->status = train_one(t, r, t->said[k]);
    pthread_mutex_lock(&t->one_at_a_time);
    if (t->o->done != NULL) t->o->done(t->o->data, r);
    pthread_mutex_unlock(&t->one_at_a_time);
}

static bool says(const eq_diag *diag, const eq_message *m) {
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        if (strcmp(eq_diag_get(diag, k)->text, m->text) == 0) return true;
    return false;
}

/* The j-th message of run k: what all runs say is said once, an error of some with their seeds. */
static void tell_one(const team *t, size_t runs, size_t k, size_t j, eq_diag *diag) {
    const eq_message *m = eq_diag_get(t->said[k], j);
    eq_place at = {m->file, m->line, m->column};
    size_t before = 0, by = 0;
    for (size_t i = 0; i < runs; i++) {
        by += says(t->said[i], m);
        if (i < k) before = by;
    }
    bool common = by == runs;
    if (m->severity == EQ_ERROR && !common)
        eq_fail_at(diag, t->run[k].status, at, "seed %" PRIu64 ": %s", t->run[k].seed, m->text);
    else if (m->severity == EQ_ERROR && before == 0)
        eq_fail_at(diag, t->run[k].status, at, "%s", m->text);
    else if (m->severity == EQ_WARNING && before == 0)
        eq_warn_at(diag, at, "%s", m->text);
    else if (m->severity == EQ_NOTE && before == 0)
        eq_note_at(diag, at, "%s", m->text);
}

static void tell(const team *t, size_t runs, eq_diag *diag) {
    for (size_t k = 0; k < runs; k++)
        for (size_t j = 0; j < eq_diag_count(t->said[k]); j++) tell_one(t, runs, k, j, diag);
}

static eq_status train_share(team *t, size_t runs, eq_diag *diag) {
    int threads = t->o->each.threads, most = runs < (size_t)threads ? (int)runs : threads;
    eq_pool *pool = NULL;
    eq_status status = most > 0 ? eq_pool_new(most, &pool, diag) : EQ_OK;
    t->said = eq_calloc(runs, sizeof *t->said);
    bool whole = t->said != NULL;
    for (size_t k = 0; whole && k < runs; k++) whole = (t->said[k] = eq_diag_new()) != NULL;
    if (status == EQ_OK && !whole) status = eq_out_of_memory(diag);
    if (status == EQ_OK && most > 0) {
        t->threads = threads / most;
        pthread_mutex_init(&t->one_at_a_time, NULL);
        eq_pool_run(pool, (int)runs, train_part, t);
        pthread_mutex_destroy(&t->one_at_a_time);
        tell(t, runs, diag);
    }
    for (size_t k = 0; t->said != NULL && k < runs; k++) eq_diag_free(t->said[k]);
    eq_free(t->said);
    eq_pool_free(pool);
    return status;
}

/* What each rank knows of its seeds becomes known to all. */
static eq_status share(eq_seed_run *run, size_t runs, eq_diag *diag) {
    size_t width = 1 + (sizeof(eq_metrics) + sizeof(double) - 1) / sizeof(double);
    double *all = eq_calloc(runs, width * sizeof *all);
    eq_status status = eq_comm_agree(all == NULL ? eq_out_of_memory(diag) : EQ_OK);
    for (size_t k = 0; status == EQ_OK && k < runs; k++) {
        all[k * width] = (double)run[k].status;
        memcpy(&all[k * width + 1], &run[k].last, sizeof run[k].last);
    }
    if (status == EQ_OK) eq_comm_allgather(all, runs, width);
    for (size_t k = 0; status == EQ_OK && k < runs; k++) {
        run[k].status = (eq_status)all[k * width];
        memcpy(&run[k].last, &all[k * width + 1], sizeof run[k].last);
    }
    eq_free(all);
    return status;
}

/* A table counts runs of one length: one that has gone further cannot be shortened. */
static eq_status check_length(const eq_experiment *x, const char *dir, const eq_seed_run *run,
                              eq_diag *diag) {
    eq_checkpoint p = {0};
    char *folder = eq_seed_folder(dir, run->seed);
    char *path = folder == NULL ? NULL : eq_path_join(folder, EQ_TRAIN_CHECKPOINT);
    eq_status status = path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK && access(path, F_OK) == 0) status = eq_checkpoint_read(path, &p, diag);
    if (status == EQ_OK && p.epoch > x->epochs)
        status = eq_fail(diag, EQ_ERR_USAGE,
                         "seed %" PRIu64 " has been trained for %" PRIu64 " epochs, more than the "
                         "%zu that all are to have; give --epochs %" PRIu64 " or more, or begin "
                         "anew with --force",
                         run->seed, p.epoch, x->epochs, p.epoch);
    eq_checkpoint_free(&p);
    eq_free(path);
    eq_free(folder);
    return status;
}

/* Nothing that is there is written over unasked. */
static eq_status check_folders(const eq_experiment *x, const eq_seeds_options *o,
                               const eq_seed_run *run, size_t runs, eq_diag *diag) {
    const char *dir = o->each.folder;
    if (o->each.resume && o->each.force)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "--resume goes on with the runs that --force removes; give one of them");
    eq_status status = eq_seed_folders_single(dir, diag);
    for (size_t k = 0; status == EQ_OK && o->each.resume && k < runs; k++)
        status = check_length(x, dir, &run[k], diag);
    if (status == EQ_OK && o->each.force) status = eq_seed_folders_clear(dir, x, diag);
    if (status != EQ_OK || o->each.resume || o->each.force) return status;
    if (has(dir, EQ_SEEDS_TABLE)) status = eq_folder_refuse(dir, EQ_SEEDS_TABLE, diag);
    for (size_t k = 0; status == EQ_OK && k < runs; k++) {
        const char *held = NULL;
        char *folder = eq_seed_folder(dir, run[k].seed);
        status = folder == NULL ? eq_out_of_memory(diag) : eq_folder_holds(folder, &held, diag);
        if (status == EQ_OK && held != NULL) status = eq_folder_refuse(folder, held, diag);
        eq_free(folder);
    }
    return status;
}

/* The first status that is not EQ_OK, one that failed before one that was stopped. */
static eq_status verdict(const eq_seed_run *run, size_t runs) {
    eq_status status = EQ_OK;
    for (size_t k = 0; k < runs; k++)
        if (run[k].status != EQ_OK && (status == EQ_OK || status == EQ_ERR_INTERRUPTED))
            status = run[k].status;
    return status;
}

eq_status eq_seeds_train(const eq_experiment *x, const eq_seeds_options *o, eq_seed_run *run,
                         size_t runs, eq_diag *diag) {
    size_t first, count;
    bool writes = eq_comm_rank() == 0;
    eq_status status = writes ? check_folders(x, o, run, runs, diag) : EQ_OK;
    if (status == EQ_OK && writes) status = eq_folder_make(o->each.folder, diag);
    status = eq_comm_agree(status);
    if (status != EQ_OK) return status;
    eq_comm_partition(runs, &first, &count);
    team t = {.x = x, .o = o, .run = run + first};
    eq_comm_detach(); /* each rank trains its own seeds alone */
    status = train_share(&t, count, diag);
    eq_comm_attach();
    status = eq_comm_agree(status);
    if (status == EQ_OK) status = share(run, runs, diag);
    if (status != EQ_OK) return status;
    eq_status written = writes ? write_table(o->each.folder, run, runs, diag) : EQ_OK;
    status = eq_comm_agree(written);
    return status == EQ_OK ? eq_comm_agree(verdict(run + first, count)) : status;
}
