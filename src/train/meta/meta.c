#include "train/meta/meta.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

void eq_meta_free(eq_meta *m) {
    if (m == NULL) return;
    double *const all[] = {m->scale,  m->theta,  m->state[0], m->state[1], m->gradient,
                           m->phi[0], m->phi[1], m->phi[2],   m->total[0], m->total[1],
                           m->part,   m->here,   m->z,        m->low,      m->high};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    eq_descent_free(m->descent);
    eq_free(m->adapts);
    eq_free(m->pull);
    eq_free(m->row);
    eq_free(m);
}

static eq_status make_room(eq_meta *m, eq_diag *diag) {
    size_t n = m->parameters, b = m->blocks, t = m->thetas, rows = eq_tasks_rows(&m->s->tasks);
    const struct {
        double **array;
        size_t count;
    } want[] = {{&m->scale, b},    {&m->theta, t},    {&m->state[0], t}, {&m->state[1], t},
                {&m->gradient, t}, {&m->phi[0], n},   {&m->phi[1], n},   {&m->phi[2], n},
                {&m->total[0], n}, {&m->total[1], n}, {&m->part, n},     {&m->here, n},
                {&m->z, n},        {&m->low, n},      {&m->high, n}};
    bool whole = true;
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        *want[k].array = eq_calloc(want[k].count, sizeof(double));
        whole = whole && *want[k].array != NULL;
    }
    m->adapts = eq_calloc(b, sizeof *m->adapts);
    m->pull = eq_calloc(b, sizeof *m->pull);
    m->row = eq_calloc(rows, sizeof *m->row);
    m->descent = eq_descent_new(n);
    whole = whole && m->descent != NULL && m->pull != NULL;
    return whole && m->adapts != NULL && m->row != NULL ? EQ_OK : eq_out_of_memory(diag);
}

/* What a block is: its parameters begin as they stand, its strength as the experiment says. */
static void take_block(eq_meta *m, size_t b) {
    const eq_block *block = eq_network_block(m->s->model, b);
    eq_pull pull = eq_session_pull(m->s, b);
    m->adapts[b] = pull.strength > 0.0;
    for (size_t p = block->first; p < block->first + block->count; p++)
        m->scale[b] = fmax(m->scale[b], fabs(m->theta[p]));
    if (!(m->scale[b] > 0.0)) m->scale[b] = 1.0;
    if (m->adapts[b]) m->theta[eq_meta_at(m, EQ_META_STRENGTH, b)] = log(pull.strength);
    if (m->kinds == 1) return;
    m->theta[eq_meta_at(m, EQ_META_SOFT, b)] = log(pull.soft);
    m->theta[eq_meta_at(m, EQ_META_LOW, b)] = fmax(pull.low, block->min);
    m->theta[eq_meta_at(m, EQ_META_HIGH, b)] = fmin(pull.high, block->max);
}

eq_pull eq_meta_pull(const eq_meta *m, size_t b) {
    eq_pull p = {0.0, 0.0, -INFINITY, INFINITY};
    if (!m->adapts[b]) return p;
    p.strength = exp(m->theta[eq_meta_at(m, EQ_META_STRENGTH, b)]);
    if (m->kinds == 1) return p;
    p.soft = exp(m->theta[eq_meta_at(m, EQ_META_SOFT, b)]); /* 0 of a block without */
    p.low = m->theta[eq_meta_at(m, EQ_META_LOW, b)];
    p.high = m->theta[eq_meta_at(m, EQ_META_HIGH, b)];
    return p;
}

/* A task must learn something. */
static eq_status check_blocks(const eq_meta *m, eq_diag *diag) {
    bool any = false;
    for (size_t b = 0; b < m->blocks; b++) {
        any = any || m->adapts[b];
        if (!m->adapts[b] && eq_session_pull(m->s, b).soft > 0.0)
            return eq_fail(diag, EQ_ERR_INPUT,
                           "group '%s' has soft bounds and no strength: a task would not begin at "
                           "its center and find one minimum; give it strength=\"...\" too",
                           eq_network_block(m->s->model, b)->name);
    }
    if (any) return EQ_OK;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "<meta> has nothing that a task learns: a group is pulled to where it begins by "
                   "a regularizer; give <regularizer strength=\"...\"/>, or strength to a <group>");
}

eq_status eq_meta_new(eq_session *s, eq_meta **out, eq_diag *diag) {
    eq_meta *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    m->s = s;
    m->o = &s->x->meta;
    m->sign = 1.0;
    m->parameters = eq_network_parameters(s->model);
    m->blocks = eq_network_blocks(s->model);
    m->kinds = 1;
    for (size_t b = 0; b < m->blocks; b++)
        if (eq_session_pull(s, b).soft > 0.0) m->kinds = EQ_META_KINDS;
    m->thetas = m->parameters + m->kinds * m->blocks;
    eq_status status = make_room(m, diag);
    if (status == EQ_OK) eq_session_get(s, m->theta);
    for (size_t b = 0; status == EQ_OK && b < m->blocks; b++) take_block(m, b);
    if (status == EQ_OK) status = check_blocks(m, diag);
    if (status == EQ_OK)
        *out = m;
    else
        eq_meta_free(m);
    return status;
}

static void put(const eq_meta *m, const double *phi) {
    eq_session_put(m->s, phi);
    eq_network_load(m->s->model);
}

void eq_meta_home(eq_meta *m) {
    put(m, m->theta);
}

/* The rows of a task, those that it is learned from or its queries. */
static const uint32_t *rows_of(eq_meta *m, size_t task, bool query, size_t *n) {
    const eq_tasks *t = &m->s->tasks;
    size_t first = task * eq_tasks_rows(t) + (query ? t->support : 0);
    *n = query ? t->query : t->support;
    for (size_t k = 0; k < *n; k++) m->row[k] = (uint32_t)(first + k);
    return m->row;
}

/* The phases of the estimator for the examples of a task, with the weights a of their mean. */
static eq_status phases(eq_meta *m, size_t task, bool query, double a[EQ_MAX_SLOTS],
                        eq_diag *diag) {
    eq_session *s = m->s;
    size_t n;
    const uint32_t *row = rows_of(m, task, query, &n);
    eq_status status = eq_session_free_phase(s, s->set.train, row, n, diag);
    return status == EQ_OK ? eq_session_phases(s, &s->x->estimator, m->sign, n, a, diag) : status;
}

/* out = d/dphi of the mean cost of the support or of the queries. */
static eq_status slope(eq_meta *m, size_t task, bool query, double *out, eq_diag *diag) {
    double a[EQ_MAX_SLOTS];
    eq_status status = phases(m, task, query, a, diag);
    if (status == EQ_OK) status = eq_network_gradient(m->s->model, a, out, diag);
    eq_session_end_phases(m->s);
    return status;
}

/* out = dF/dphi at phi, without the regularizer: where the network stands from now on. */
static eq_status total(eq_meta *m, size_t task, double beta, const double *phi, double *out,
                       eq_diag *diag) {
    put(m, phi);
    eq_status status = slope(m, task, false, out, diag);
    if (status == EQ_OK && beta != 0.0) status = slope(m, task, true, m->part, diag);
    for (size_t p = 0; beta != 0.0 && p < m->parameters; p++) out[p] += beta * m->part[p];
    return status;
}

/* The inner training that is going on. */
typedef struct training {
    eq_meta *m;
    size_t task;
    double beta;
} training;

/* dF/dz of z = phi/scale: what tasks share does not move. */
static eq_status slope_in_units(void *data, const double *z, double *out, eq_diag *diag) {
    const training *t = data;
    eq_meta *m = t->m;
    for (size_t b = 0; b < m->blocks; b++) {
        const eq_block *block = eq_network_block(m->s->model, b);
        for (size_t p = block->first; p < block->first + block->count; p++)
            m->here[p] = fmin(fmax(z[p] * m->scale[b], block->min), block->max);
    }
    eq_status status = total(m, t->task, t->beta, m->here, out, diag);
    for (size_t b = 0; b < m->blocks; b++) {
        const eq_block *block = eq_network_block(m->s->model, b);
        double unit = m->adapts[b] ? m->scale[b] : 0.0;
        for (size_t p = block->first; p < block->first + block->count; p++)
            out[p] = unit * (out[p] + eq_pull_slope(&m->pull[b], m->here[p], m->theta[p]));
    }
    return status;
}

/* z and its bounds for a training that begins at phi; the curvature of what pulls. */
static double enter_units(eq_meta *m, const double *phi) {
    double most = 0.0;
    for (size_t b = 0; b < m->blocks; b++) {
        const eq_block *block = eq_network_block(m->s->model, b);
        double unit = m->scale[b];
        m->pull[b] = eq_meta_pull(m, b);
        most = fmax(most, m->pull[b].strength * unit * unit);
        for (size_t p = block->first; p < block->first + block->count; p++) {
            m->z[p] = phi[p] / unit;
            m->low[p] = block->min / unit;
            m->high[p] = block->max / unit;
        }
    }
    return most;
}

static void tell_unsettled(eq_meta *m, const training *t, double norm, size_t steps,
                           eq_diag *diag) {
    if (!m->told)
        eq_warn_at(diag, (eq_place){0},
                   "learning task %zu at beta = %g ends after %zu gradients with a norm of %.3g, "
                   "above the tolerance of %g, by which the outer gradient is off; give <meta> "
                   "more steps or a larger tolerance, <regularizer> more strength, or <estimator> "
                   "another beta",
                   t->task + 1, t->beta, steps, norm, m->o->tolerance);
    m->told = true;
}

/* phi goes down F(beta) until its gradient is below the tolerance. */
static eq_status train(eq_meta *m, size_t task, double beta, double *phi, eq_diag *diag) {
    training t = {m, task, beta};
    double norm, curvature = enter_units(m, phi);
    size_t steps;
    if (!(curvature > 0.0) || !isfinite(curvature))
        return eq_fail(diag, EQ_ERR_CONVERGE,
                       "the strengths of the regularizer have left the numbers in the outer steps; "
                       "give <meta> a lower strength-rate");
    eq_status status =
        eq_descend(m->descent, (eq_descent_slope){slope_in_units, &t}, curvature, m->low, m->high,
                   m->o->tolerance, m->o->steps, m->z, &norm, &steps, diag);
    if (status != EQ_OK) return status;
    if (norm > m->o->tolerance) tell_unsettled(m, &t, norm, steps, diag);
    m->steps += (double)steps;
    m->trainings += 1.0;
    for (size_t b = 0; b < m->blocks; b++) {
        const eq_block *block = eq_network_block(m->s->model, b);
        for (size_t p = block->first; m->adapts[b] && p < block->first + block->count; p++)
            phi[p] = fmin(fmax(m->z[p] * m->scale[b], block->min), block->max);
    }
    put(m, phi);
    return EQ_OK;
}

/* The sum of the costs of the queries where the network stands; the score may be NULL. */
static eq_status look(eq_meta *m, size_t task, eq_score *score, double *sum, eq_diag *diag) {
    eq_session *s = m->s;
    size_t n;
    const uint32_t *row = rows_of(m, task, true, &n);
    eq_status status = eq_session_free_phase(s, s->set.train, row, n, diag);
    for (size_t j = 0; status == EQ_OK && j < n; j++)
        *sum += eq_cost_value(&s->x->cost, s->outputs, s->y + j * s->outputs, s->goal[j]);
    if (status == EQ_OK && score != NULL) eq_session_score(s, n, score);
    return status;
}

/* One sign for all trainings of a task: with another one in each phase F would have no minimum. A
 * function of step and task. */
static double sign_of(const eq_meta *m, size_t task) {
    eq_random random = eq_stream_of(m->s->x->seed, EQ_STREAM_SIGN);
    eq_draw draw = eq_draw_of(eq_draw_of(eq_random_next(&random), m->step).at, task);
    return eq_draw_uniform(&draw) < 0.5 ? -1.0 : 1.0;
}

eq_status eq_meta_learn(eq_meta *m, size_t task, eq_score *score, eq_diag *diag) {
    double after = 0.0;
    m->sign = sign_of(m, task);
    eq_meta_home(m);
    memcpy(m->phi[0], m->theta, m->parameters * sizeof *m->theta);
    eq_status status = look(m, task, NULL, &m->before, diag);
    if (status == EQ_OK) status = train(m, task, 0.0, m->phi[0], diag);
    return status == EQ_OK ? look(m, task, score, &after, diag) : status;
}

/* (dF/dtheta(high) - dF/dtheta(low))/beta of a block that tasks learn: of omega lambda (omega - phi), of
 * log lambda lambda/2 |phi - omega|^2. */
static void add_adapted(eq_meta *m, size_t b, const double *high, const double *low, double beta) {
    const eq_block *block = eq_network_block(m->s->model, b);
    double lambda = eq_meta_pull(m, b).strength, sum = 0.0;
    for (size_t p = block->first; p < block->first + block->count; p++) {
        double moved = (high[p] - low[p]) / beta;
        m->gradient[p] -= lambda * moved;
        sum += moved * (0.5 * (high[p] + low[p]) - m->theta[p]);
    }
    m->gradient[eq_meta_at(m, EQ_META_STRENGTH, b)] += lambda * sum;
}

/* With x the distance of phi from a soft bound beyond it: of log mu mu/2 |x|^2, of the lower bound mu |x|, of the upper
 * one -mu |x|. */
static void add_soft(eq_meta *m, size_t b, const double *high, const double *low, double beta) {
    const eq_block *block = eq_network_block(m->s->model, b);
    eq_pull pull = eq_meta_pull(m, b);
    double squares = 0.0, below = 0.0, above = 0.0;
    for (size_t p = block->first; p < block->first + block->count; p++) {
        double x = eq_pull_beyond(&pull, high[p]), y = eq_pull_beyond(&pull, low[p]);
        squares += 0.5 * (x - y) * (x + y) / beta;
        below += (fmin(x, 0.0) - fmin(y, 0.0)) / beta;
        above += (fmax(x, 0.0) - fmax(y, 0.0)) / beta;
    }
    m->gradient[eq_meta_at(m, EQ_META_SOFT, b)] += pull.soft * squares;
    m->gradient[eq_meta_at(m, EQ_META_LOW, b)] -= pull.soft * below;
    m->gradient[eq_meta_at(m, EQ_META_HIGH, b)] -= pull.soft * above;
}

static void add_shared(eq_meta *m, size_t b, double beta) {
    const eq_block *block = eq_network_block(m->s->model, b);
    for (size_t p = block->first; p < block->first + block->count; p++)
        m->gradient[p] += (m->total[0][p] - m->total[1][p]) / beta;
}

/* Whether some parameters are the same for all tasks and learned. */
static bool shares(const eq_meta *m) {
    bool any = false;
    for (size_t b = 0; b < m->blocks; b++)
        any = any || (!m->adapts[b] && eq_session_rate(m->s, b) > 0.0);
    return any;
}

eq_status eq_meta_contrast(eq_meta *m, size_t task, eq_score *score, eq_diag *diag) {
    double high = m->o->beta, low = m->o->symmetric ? -high : 0.0;
    eq_status status = eq_meta_learn(m, task, score, diag);
    for (int k = 1; status == EQ_OK && k <= 2; k++) {
        memcpy(m->phi[k], m->phi[0], m->parameters * sizeof *m->phi[0]);
        if (k == 1 || m->o->symmetric)
            status = train(m, task, k == 1 ? high : low, m->phi[k], diag);
    }
    if (status == EQ_OK && shares(m)) status = total(m, task, high, m->phi[1], m->total[0], diag);
    if (status == EQ_OK && shares(m)) status = total(m, task, low, m->phi[2], m->total[1], diag);
    for (size_t b = 0; status == EQ_OK && b < m->blocks; b++) {
        if (m->adapts[b])
            add_adapted(m, b, m->phi[1], m->phi[2], high - low);
        else if (shares(m))
            add_shared(m, b, high - low);
        if (m->adapts[b] && m->kinds > 1) add_soft(m, b, m->phi[1], m->phi[2], high - low);
    }
    return status;
}

/* One optimizer step on a run of theta by the mean gradient. */
static void outer_step(eq_meta *m, const eq_step_range *range, size_t first, size_t count,
                       double tasks) {
    for (size_t k = first; k < first + count; k++) m->gradient[k] /= tasks;
    m->s->x->optimizer.kind->step(range, count, m->theta + first, m->gradient + first,
                                  m->state[0] + first, m->state[1] + first);
}

/* A step of the soft bounds of a block, which meet at most. */
static void step_bounds(eq_meta *m, size_t b, size_t n, double factor, uint64_t number) {
    const eq_block *block = eq_network_block(m->s->model, b);
    double *low = &m->theta[eq_meta_at(m, EQ_META_LOW, b)],
           *high = &m->theta[eq_meta_at(m, EQ_META_HIGH, b)];
    eq_step_range range = eq_step_range_of(&m->s->x->optimizer, block->min, block->max);
    eq_step_range_at(&range, eq_session_rate(m->s, b) * m->o->bound_rate * factor, number);
    outer_step(m, &range, eq_meta_at(m, EQ_META_LOW, b), 1, (double)n);
    outer_step(m, &range, eq_meta_at(m, EQ_META_HIGH, b), 1, (double)n);
    if (*low > *high) *low = *high = 0.5 * (*low + *high);
}

void eq_meta_step(eq_meta *m, size_t n, double factor, uint64_t number) {
    const eq_optimizer *o = &m->s->x->optimizer;
    eq_step_range range;
    for (size_t b = 0; b < m->blocks; b++) {
        const eq_block *block = eq_network_block(m->s->model, b);
        range = eq_step_range_of(o, block->min, block->max);
        eq_step_range_at(&range, eq_session_rate(m->s, b) * factor, number);
        outer_step(m, &range, block->first, block->count, (double)n);
    }
    range = eq_step_range_of(o, -INFINITY, INFINITY);
    eq_step_range_at(&range, m->o->rate * factor, number);
    for (size_t kind = 0; kind < m->kinds && kind <= EQ_META_SOFT; kind++)
        outer_step(m, &range, eq_meta_at(m, kind, 0), m->blocks, (double)n);
    for (size_t b = 0; m->kinds > 1 && b < m->blocks; b++) step_bounds(m, b, n, factor, number);
    memset(m->gradient, 0, m->thetas * sizeof *m->gradient);
}

void eq_meta_begin_epoch(eq_meta *m) {
    m->before = m->steps = m->trainings = 0.0;
}

enum { SUMS = 3 }; /* of the epoch so far */

size_t eq_meta_extras(const eq_meta *m) {
    return (1 + EQ_MAX_STATES) * m->kinds * m->blocks + SUMS;
}

void eq_meta_save(const eq_meta *m, double *const *state, double *extra) {
    const double sums[SUMS] = {m->before, m->steps, m->trainings};
    size_t n = m->kinds * m->blocks;
    memcpy(extra, m->theta + m->parameters, n * sizeof *extra);
    for (int k = 0; k < EQ_MAX_STATES; k++) {
        extra += n;
        memcpy(extra, m->state[k] + m->parameters, n * sizeof *extra);
        if (state[k] != NULL) memcpy(state[k], m->state[k], m->parameters * sizeof **state);
    }
    memcpy(extra + n, sums, sizeof sums);
}

void eq_meta_restore(eq_meta *m, const double *theta, double *const *state, const double *extra) {
    size_t n = m->kinds * m->blocks;
    memcpy(m->theta, theta, m->parameters * sizeof *theta);
    memcpy(m->theta + m->parameters, extra, n * sizeof *extra);
    for (int k = 0; k < EQ_MAX_STATES; k++) {
        extra += n;
        memcpy(m->state[k] + m->parameters, extra, n * sizeof *extra);
        if (state[k] != NULL) memcpy(m->state[k], state[k], m->parameters * sizeof **state);
    }
    extra += n;
    m->before = extra[0];
    m->steps = extra[1];
    m->trainings = extra[2];
}

bool eq_meta_take_pulls(eq_meta *m, const double *extra, size_t extras) {
    size_t each = (1 + EQ_MAX_STATES) * m->blocks,
           kinds = extras < SUMS ? 0 : (extras - SUMS) / each;
    if (kinds == 0 || kinds * each + SUMS != extras) return false;
    size_t n = (kinds < m->kinds ? kinds : m->kinds) * m->blocks;
    memcpy(m->theta + m->parameters, extra, n * sizeof *extra);
    return true;
}
