#include "train/meta/check.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "train/checkpoint.h"
#include "train/gradcheck/limit.h"
#include "train/trainer.h"

/* Betas from four times the experiment's on, and steps of the differences, each half of the one before. */
enum { BETAS = 8, STEPS = 6, EACH = 4 };
static const double first_step = 0.02; /* of the largest parameter of a group */
static const double bound = 1e-3;      /* of the gradient */

typedef struct checker {
    eq_trainer *t;
    eq_meta *m;
    eq_meta_options own, tight; /* of the experiment; with a smaller tolerance */
    size_t tasks, n;            /* n: thetas that are compared */
    size_t *which;              /* [n] */
    double *unit;               /* [n] */
    double *slope, *open;       /* [n] by differences, and what these leave open */
    double *at;                 /* [BETAS][n] estimates */
    double *value, *doubt;      /* [n] their limit */
    eq_diag *diag;
} checker;

static void close_checker(checker *c) {
    double *const all[] = {c->unit, c->slope, c->open, c->at, c->value, c->doubt};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    eq_free(c->which);
    eq_trainer_free(c->t);
}

/* What pulls a block: its strength, and where it has soft bounds those with theirs. */
static void choose_pull(checker *c, size_t b) {
    const eq_meta *m = c->m;
    for (size_t kind = 0; kind < m->kinds; kind++) {
        size_t at = eq_meta_at(m, kind, b);
        bool limit = kind == EQ_META_LOW || kind == EQ_META_HIGH;
        if (kind > 0 && !(eq_meta_pull(m, b).soft > 0.0 && isfinite(m->theta[at]))) continue;
        c->unit[c->n] = limit ? m->scale[b] : 1.0;
        c->which[c->n++] = at;
    }
}

/* Some parameters of each block that is learned, and what pulls it. */
static void choose(checker *c) {
    const eq_meta *m = c->m;
    for (size_t b = 0; b < m->blocks; b++) {
        const eq_block *block = eq_network_block(m->s->model, b);
        size_t some = block->count < EACH ? block->count : EACH;
        if (!m->adapts[b] && !(eq_session_rate(m->s, b) > 0.0)) continue;
        for (size_t j = 0; j < some; j++) {
            c->unit[c->n] = m->scale[b];
            c->which[c->n++] = block->first + j * block->count / some;
        }
        if (m->adapts[b]) choose_pull(c, b);
    }
}

static eq_status make_room(checker *c) {
    size_t most = (EACH + EQ_META_KINDS) * c->m->blocks;
    c->which = eq_calloc(most, sizeof *c->which);
    c->unit = eq_calloc(most, sizeof *c->unit);
    c->slope = eq_calloc(most, sizeof *c->slope);
    c->open = eq_calloc(most, sizeof *c->open);
    c->at = eq_calloc(most, BETAS * sizeof *c->at);
    c->value = eq_calloc(most, sizeof *c->value);
    c->doubt = eq_calloc(most, sizeof *c->doubt);
    bool whole = c->which != NULL && c->unit != NULL && c->slope != NULL && c->open != NULL &&
                 c->at != NULL && c->value != NULL && c->doubt != NULL;
    return whole ? EQ_OK : eq_out_of_memory(c->diag);
}

/* The sum over the tasks of the mean cost of their queries once they are learned. */
static eq_status loss(checker *c, double *out) {
    eq_score score = {.square = c->t->square};
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < c->tasks; j++)
        status = eq_meta_learn(c->m, j, &score, c->diag);
    *out = score.loss / (double)c->m->s->tasks.query;
    return status;
}

/* What the tolerance leaves open of a loss: a gradient of that size moves phi by its part of the curvature, which is at least
 * that of the regularizer, and the loss by its slope times that. */
static double open_of_loss(const checker *c, double all) {
    const eq_meta *m = c->m;
    double least = INFINITY;
    for (size_t b = 0; b < m->blocks; b++)
        if (m->adapts[b])
            least = fmin(least, eq_meta_pull(m, b).strength * m->scale[b] * m->scale[b]);
    return m->o->tolerance / least * sqrt(all);
}

/* dL/dtheta, in units, by central differences. */
static eq_status differ(checker *c, size_t k, double noise) {
    double *theta = &c->m->theta[c->which[k]], is = *theta, h = first_step;
    double value[STEPS] = {0}, open[STEPS] = {0};
    eq_status status = EQ_OK;
    for (int j = 0; status == EQ_OK && j < STEPS; j++, h *= 0.5) {
        double high = 0.0, low = 0.0;
        *theta = is + h * c->unit[k];
        status = loss(c, &high);
        *theta = is - h * c->unit[k];
        if (status == EQ_OK) status = loss(c, &low);
        value[j] = 0.5 * (high - low) / h;
        open[j] = noise / h;
    }
    *theta = is;
    eq_limit limit = eq_limit_find(STEPS, value, open, 2.0, 2.0);
    c->slope[k] = limit.value;
    c->open[k] = limit.doubt;
    return status;
}

/* The outer gradient, in units, with the options as they stand. */
static eq_status estimate(checker *c, double *out) {
    eq_meta *m = c->m;
    eq_score score = {.square = c->t->square};
    eq_status status = EQ_OK;
    memset(m->gradient, 0, m->thetas * sizeof *m->gradient);
    for (size_t j = 0; status == EQ_OK && j < c->tasks; j++)
        status = eq_meta_contrast(m, j, &score, c->diag);
    for (size_t k = 0; k < c->n; k++) out[k] = c->unit[k] * m->gradient[c->which[k]];
    return status;
}

static void compare(const checker *c, const double *y, eq_meta_check_row *row) {
    row->error = eq_session_distance(c->n, NULL, y, c->slope) /
                 eq_session_distance(c->n, NULL, c->slope, NULL);
    row->cosine = eq_session_cosine(c->n, NULL, y, c->slope);
}

/* The limits of all estimates, and the order of the last two that differ from them by more than is open. */
static void find_limits(checker *c, bool symmetric, eq_meta_check_row *row) {
    double order = symmetric ? 2.0 : 1.0, last = NAN;
    for (size_t k = 0; k < c->n; k++) {
        double value[BETAS], open[BETAS], beta = 4.0 * c->own.beta;
        for (int j = 0; j < BETAS; j++, beta *= 0.5) {
            value[j] = c->at[(size_t)j * c->n + k];
            open[j] = 2.0 * c->tight.tolerance / beta;
        }
        eq_limit limit = eq_limit_find(BETAS, value, open, order, order);
        c->value[k] = limit.value;
        c->doubt[k] = limit.doubt;
    }
    row->order = NAN;
    for (size_t j = 0; j < BETAS; j++) {
        double off = eq_session_distance(c->n, NULL, c->at + j * c->n, c->value);
        if (off > 10.0 * eq_session_distance(c->n, NULL, c->doubt, NULL))
            row->order = log2(last / off);
        last = off;
    }
}

static eq_status scan(checker *c, bool symmetric, eq_meta_check_row *row) {
    *row = (eq_meta_check_row){.estimator = symmetric ? "symmetric" : "one-sided",
                               .beta = 4.0 * c->own.beta};
    eq_meta_options o = c->tight;
    o.symmetric = symmetric;
    o.beta = row->beta;
    c->m->o = &o;
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < BETAS; j++, o.beta *= 0.5)
        status = estimate(c, c->at + j * c->n);
    c->m->o = &c->tight;
    if (status != EQ_OK) return status;
    find_limits(c, symmetric, row);
    compare(c, c->value, row);
    return EQ_OK;
}

static eq_status look_at_own(checker *c, eq_meta_check_row *row) {
    *row = (eq_meta_check_row){.estimator = c->own.symmetric ? "symmetric" : "one-sided",
                               .beta = c->own.beta,
                               .order = NAN};
    c->m->o = &c->own;
    eq_status status = estimate(c, c->value);
    c->m->o = &c->tight;
    if (status == EQ_OK) compare(c, c->value, row);
    return status;
}

/* "symmetric: .. of r3": the estimator that is off, and where most. */
static char *complain(const checker *c, const eq_meta_check_row *row) {
    eq_text t = {0};
    const eq_meta *m = c->m;
    size_t worst = 0, b = 0;
    for (size_t k = 0; k < c->n; k++)
        if (fabs(c->value[k] - c->slope[k]) > fabs(c->value[worst] - c->slope[worst])) worst = k;
    size_t p = c->which[worst];
    bool pulls = p >= m->parameters;
    static const char *const of[] = {"strength", "soft strength", "lower soft bound",
                                     "upper soft bound"};
    const eq_block *block = pulls
                                ? eq_network_block(m->s->model, b = (p - m->parameters) % m->blocks)
                                : eq_network_block_of(m->s->model, p, &b);
    eq_text_printf(&t,
                   "%s: off by %.3g of the outer gradient, most at the %s of %s, which is %.6g "
                   "and by differences %.6g; raise the regularizer's strength, lower the "
                   "tolerance, or look for several minima of the inner loss",
                   row->estimator, row->error,
                   pulls ? of[(p - m->parameters) / m->blocks] : "center",
                   pulls ? block->name : eq_network_name(m->s->model, b, p - block->first),
                   c->value[worst] / c->unit[worst], c->slope[worst] / c->unit[worst]);
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

/* Differences that say nothing hold nothing. */
static char *complain_of_open(double open) {
    eq_text t = {0};
    eq_text_printf(
        &t,
        "differences of the outer loss leave %.2g of its gradient open, so that nothing is "
        "compared; lower the tolerance of <meta>",
        open);
    if (!t.failed) return t.text;
    eq_text_free(&t);
    return NULL;
}

static eq_status judge(checker *c, eq_meta_check_report *r, const eq_meta_check_row *row) {
    bool compared = r->open <= 10.0; /* what is open is an upper bound */
    if (r->why != NULL || (compared && row->error <= bound + r->open)) return EQ_OK;
    r->why = compared ? complain(c, row) : complain_of_open(r->open);
    return r->why == NULL ? eq_out_of_memory(c->diag) : EQ_OK;
}

static eq_status run(checker *c, eq_meta_check_report *r) {
    double noise = 0.0;
    eq_status status = loss(c, &noise);
    noise = open_of_loss(c, noise);
    for (size_t k = 0; status == EQ_OK && k < c->n; k++) status = differ(c, k, noise);
    for (int k = 0; status == EQ_OK && k < 2; k++) {
        status = scan(c, k == 1, &r->row[k]);
        r->open = eq_session_distance(c->n, NULL, c->open, NULL) /
                  eq_session_distance(c->n, NULL, c->slope, NULL);
        if (status == EQ_OK) status = judge(c, r, &r->row[k]);
    }
    r->steps = c->m->steps / c->m->trainings;
    return status == EQ_OK ? look_at_own(c, &r->own) : status;
}

/* Where a trained network stands. */
static void take_over(checker *c, const eq_network *trained) {
    for (size_t b = 0; trained != NULL && b < eq_network_blocks(trained); b++)
        eq_network_get(trained, b, c->m->theta + eq_network_block(trained, b)->first);
}

/* What its run has learned beside it. */
static eq_status take_pulls(checker *c, const char *folder) {
    eq_checkpoint p = {0};
    if (folder == NULL) return EQ_OK;
    char *path = eq_path_join(folder, EQ_TRAIN_CHECKPOINT);
    if (path == NULL) return eq_out_of_memory(c->diag);
    eq_status status = eq_checkpoint_read(path, &p, c->diag);
    if (status == EQ_OK && !eq_meta_take_pulls(c->m, p.extra, (size_t)p.extras))
        status = eq_fail(c->diag, EQ_ERR_INPUT,
                         "'%s' has no strengths of these groups; its run learned no tasks, or "
                         "other groups: check the experiment itself",
                         path);
    eq_checkpoint_free(&p);
    eq_free(path);
    return status;
}

static eq_status list_groups(checker *c, eq_meta_check_report *r) {
    r->group = eq_calloc(c->m->blocks, sizeof *r->group);
    if (r->group == NULL) return eq_out_of_memory(c->diag);
    r->groups = c->m->blocks;
    for (size_t b = 0; b < r->groups; b++) {
        const char *name = eq_network_block(c->m->s->model, b)->name;
        r->group[b] = (eq_meta_group){eq_strndup(name, strlen(name)), eq_meta_pull(c->m, b)};
        if (r->group[b].name == NULL) return eq_out_of_memory(c->diag);
    }
    return EQ_OK;
}

static void free_model(eq_network *trained) {
    eq_circuit *c = trained == NULL ? NULL : eq_network_circuit(trained);
    eq_network_free(trained);
    eq_circuit_free(c);
}

eq_status eq_meta_check(const eq_experiment *x, eq_network *trained, const char *folder,
                        size_t tasks, eq_meta_check_report *out, eq_diag *diag) {
    checker c = {.own = x->meta, .tight = x->meta, .diag = diag};
    eq_meta_check_report r = {.bound = bound};
    eq_status status = eq_trainer_new(x, NULL, &c.t, diag);
    if (status == EQ_OK) {
        c.m = c.t->meta;
        c.m->told = true;
        c.m->o = &c.tight;
        c.tight.tolerance *= 1e-3;
        c.tight.steps *= 10;
        c.tasks = tasks == 0 ? 1 : tasks < c.m->s->tasks.train ? tasks : c.m->s->tasks.train;
        take_over(&c, trained);
        status = take_pulls(&c, folder);
    }
    if (status == EQ_OK) status = list_groups(&c, &r);
    if (status == EQ_OK) status = make_room(&c);
    if (status == EQ_OK) choose(&c);
    if (status == EQ_OK) status = run(&c, &r);
    if (status == EQ_OK) {
        r.tasks = c.tasks;
        r.compared = c.n;
        r.parameters = c.m->thetas;
    }
    close_checker(&c);
    free_model(trained);
    if (status == EQ_OK)
        *out = r;
    else
        eq_meta_check_free(&r);
    return status;
}

void eq_meta_check_free(eq_meta_check_report *r) {
    for (size_t b = 0; b < r->groups; b++) eq_free(r->group[b].name);
    eq_free(r->group);
    eq_free(r->why);
    *r = (eq_meta_check_report){.why = NULL};
}
