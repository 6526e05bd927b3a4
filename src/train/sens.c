/* Derivatives of the loss by every parameter of a trained circuit. */
#include <string.h>

#include "base/mem.h"
#include "train/trained.h"

/* Inputs and goals of the samples. */
struct eq_loss_scenes {
    const eq_trained *m;
    size_t outputs;
    double *x, *target; /* [n][inputs], [n][outputs] V */
    eq_goal *goal;      /* [n] */
};

static double value(void *data, size_t j, const double *y) {
    const eq_loss_scenes *w = data;
    return eq_cost_value(&w->m->x->cost, w->outputs, y, w->goal[j]);
}

static void gradient(void *data, size_t j, const double *y, double *dcdy) {
    const eq_loss_scenes *w = data;
    eq_cost_gradient(&w->m->x->cost, w->outputs, y, w->goal[j], dcdy);
}

void eq_loss_scenes_free(eq_loss_scenes *w) {
    if (w == NULL) return;
    eq_free(w->x);
    eq_free(w->target);
    eq_free(w->goal);
    eq_free(w);
}

static eq_loss_scenes *make_room(const eq_trained *m, size_t n) {
    eq_loss_scenes *w = eq_calloc(1, sizeof *w);
    if (w == NULL) return NULL;
    *w = (eq_loss_scenes){.m = m, .outputs = m->s.outputs};
    w->x = eq_malloc(n, m->s.c->inputs * sizeof *w->x);
    w->target = eq_malloc(n, m->s.outputs * sizeof *w->target);
    w->goal = eq_malloc(n, sizeof *w->goal);
    if (w->x != NULL && w->target != NULL && w->goal != NULL) return w;
    eq_loss_scenes_free(w);
    return NULL;
}

/* Keeps what the last minibatch was given and what is asked of it. */
static void keep(eq_loss_scenes *w, size_t first, size_t n) {
    const eq_session *s = &w->m->s;
    size_t inputs = s->c->inputs;
    memcpy(w->x + first * inputs, s->input, n * inputs * sizeof *w->x);
    for (size_t j = 0; j < n; j++) {
        double *target = w->target + (first + j) * w->outputs;
        w->goal[first + j] = s->goal[j];
        if (s->goal[j].target == NULL) continue;
        memcpy(target, s->goal[j].target, w->outputs * sizeof *target);
        w->goal[first + j].target = target;
    }
}

static eq_status take_samples(eq_trained *m, eq_loss_scenes *w, size_t count, eq_diag *diag) {
    eq_session *s = &m->s;
    const eq_data *d = m->training ? s->set.train : s->set.test;
    const uint32_t *index = m->training ? s->set.train_index : s->set.test_index;
    eq_status status = EQ_OK;
    for (size_t first = 0; status == EQ_OK && first < count; first += s->batch) {
        size_t n = count - first < s->batch ? count - first : s->batch;
        status = eq_session_free_phase(s, d, index + first, n, diag);
        if (status == EQ_OK) keep(w, first, n);
    }
    return status;
}

eq_status eq_trained_sensitivity(eq_trained *m, const eq_output *of, size_t n, size_t *samples,
                                 eq_loss_scenes **work, eq_sensitivity *out, eq_diag *diag) {
    size_t all = eq_trained_samples(m), count = n == 0 ? 32 : n;
    *out = (eq_sensitivity){0};
    if (all == 0 || (n > all))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "there are %zu samples, not %zu; ask for fewer, or for "
                       "those of the training set",
                       all, n);
    *samples = count = count > all ? all : count;
    *work = make_room(m, count);
    if (*work == NULL) return eq_out_of_memory(diag);
    eq_status status = take_samples(m, *work, count, diag);
    eq_scenes scenes = {.output = m->s.c->output,
                        .outputs = m->s.outputs,
                        .data = *work,
                        .value = value,
                        .gradient = gradient};
    if (of != NULL) scenes = eq_scenes_of(of);
    scenes.n = count;
    scenes.x = (*work)->x;
    return status == EQ_OK ? eq_sensitivity_open(out, m->s.c, &scenes, diag) : status;
}
