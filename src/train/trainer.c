#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "train/devices.h"

eq_trainer_options eq_trainer_defaults(void) {
    return (eq_trainer_options){.engine = EQ_ENGINE_AUTO, .threads = 1};
}

/* The state before the first epoch. */
static eq_status begin(eq_trainer *t, eq_diag *diag) {
    eq_checkpoint *p = &t->now;
    size_t n = eq_network_parameters(t->s.model);
    p->began = t->s.print;
    p->conductances = n;
    p->shuffle = eq_stream_of(t->x->seed, EQ_STREAM_SHUFFLE);
    p->sign = eq_stream_of(t->x->seed, EQ_STREAM_SIGN);
    p->states = (uint64_t)t->x->optimizer.kind->states;
    p->encoder = t->s.encoder;
    p->classes = t->s.set.train->classes;
    p->class_name = t->s.set.train->class_name;
    p->feature_name = t->s.set.train->feature_name;
    p->features = p->feature_name == NULL ? 0 : t->s.set.train->features;
    p->targets = t->s.encoder.targets;
    p->g = eq_calloc(n, sizeof *p->g);
    p->square = eq_calloc((size_t)p->targets, sizeof *p->square);
    t->square = eq_calloc((size_t)p->targets, sizeof *t->square);
    t->order = eq_malloc(eq_trainer_count(t), sizeof *t->order);
    if (t->meta != NULL) p->extras = eq_meta_extras(t->meta);
    p->extra = eq_calloc((size_t)p->extras, sizeof *p->extra);
    bool whole = p->g != NULL && p->square != NULL && t->square != NULL && t->order != NULL &&
                 p->extra != NULL;
    for (uint64_t k = 0; k < p->states; k++) {
        p->state[k] = eq_calloc(n, sizeof *p->state[k]);
        whole = whole && p->state[k] != NULL;
    }
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

static eq_status give_optimizer(eq_trainer *t, eq_diag *diag) {
    size_t blocks = eq_network_blocks(t->s.model);
    double *rate = eq_calloc(blocks, sizeof *rate);
    if (rate == NULL) return eq_out_of_memory(diag);
    for (size_t b = 0; b < blocks; b++) rate[b] = eq_session_rate(&t->s, b);
    eq_status status = eq_network_optimizer(t->s.model, &t->x->optimizer, rate, diag);
    eq_free(rate);
    return status;
}

/* What a step of sgd leaves of w - center is 1 - rate (strength + soft) of it, or with momentum m tends to more
 * where rate (strength + soft) is above 2 (1 + m). */
static void warn_of_pull(const eq_trainer *t, size_t block, const eq_pull *pull, eq_diag *diag) {
    const eq_optimizer *o = &t->x->optimizer;
    bool momentum = eq_same(o->kind->name, "momentum");
    double rate = eq_session_rate(&t->s, block), strength = pull->strength + pull->soft,
           most = momentum ? 2.0 * (1.0 + o->momentum) : 2.0;
    if (t->x->meta.shots > 0 || !(momentum || eq_same(o->kind->name, "sgd"))) return;
    if (rate * strength > most)
        eq_warn_at(
            diag, (eq_place){0},
            "the regularizer drives the parameters of '%s' away: its strength %g times "
            "their rate %g is %.3g, and above %.3g a step goes farther beyond the center than "
            "it began from; lower the rate or the strength",
            eq_network_block(t->s.model, block)->name, strength, rate, rate * strength, most);
}

/* The parameters as they begin are the center, or 0. */
static eq_status give_regularizer(eq_trainer *t, eq_diag *diag) {
    size_t blocks = eq_network_blocks(t->s.model), n = eq_network_parameters(t->s.model);
    eq_pull *pull = eq_calloc(blocks, sizeof *pull);
    double *center = eq_calloc(n, sizeof *center);
    bool any = false;
    eq_status status = pull == NULL || center == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (size_t b = 0; status == EQ_OK && b < blocks; b++) {
        pull[b] = eq_session_pull(&t->s, b);
        any = any || pull[b].strength > 0.0 || pull[b].soft > 0.0;
        warn_of_pull(t, b, &pull[b], diag);
        if (!(pull[b].low <= pull[b].high))
            status =
                eq_fail(diag, EQ_ERR_INPUT,
                        "the soft bounds of group '%s' are %g and %g; give soft-low <= soft-high",
                        eq_network_block(t->s.model, b)->name, pull[b].low, pull[b].high);
    }
    if (status == EQ_OK && t->x->regularizer.start) eq_session_get(&t->s, center);
    if (status == EQ_OK && any) status = eq_network_regularize(t->s.model, pull, center, diag);
    eq_free(pull);
    eq_free(center);
    return status;
}

/* The initial parameters are programmed into the devices. */
static eq_status give_devices(eq_trainer *t, eq_diag *diag) {
    if (t->x->devices == 0) return EQ_OK;
    eq_status status = eq_devices_move(&t->s, diag);
    if (status == EQ_OK) status = eq_session_devices(&t->s, diag);
    if (status == EQ_OK) eq_network_program(t->s.model);
    return status == EQ_OK ? eq_devices_keep(t->s.model, &t->now, diag) : status;
}

/* Room for the free states, where the engine can begin at them. */
static eq_status keep_states(eq_trainer *t, eq_diag *diag) {
    if (!eq_experiment_caches(t->x)) return EQ_OK;
    if (!eq_network_begins_anywhere(t->s.model))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "cache=\"yes\" begins phases where they ended before, and the %s engine "
                       "begins all of them at "
                       "zero; take --engine sparse, or leave cache out",
                       eq_network_about(t->s.model).name);
    return eq_cached_new(&t->s, &t->cached, diag);
}

eq_status eq_trainer_new(const eq_experiment *x, const eq_trainer_options *asked, eq_trainer **out,
                         eq_diag *diag) {
    eq_trainer_options o = asked == NULL ? eq_trainer_defaults() : *asked;
    size_t batch = x->batch > 32 ? x->batch : 32; /* evaluation likes larger minibatches */
    if (x->meta.shots > 0) batch = eq_meta_minibatch(&x->meta);
    eq_trainer *t = eq_calloc(1, sizeof *t);
    if (t == NULL) return eq_out_of_memory(diag);
    t->x = t->s.x = x;
    t->s.reads = !eq_hardware_is_ideal(&x->hardware);
    eq_status status =
        eq_session_open(&t->s, &(eq_engine_options){o.engine, batch, o.threads}, diag);
    if (status == EQ_OK) eq_session_warn_of_reading(&t->s, diag);
    if (status == EQ_OK && eq_estimator_samples(&x->estimator))
        eq_langevin_warn_of_step(t->s.model, &x->estimator.sampling, diag);
    if (status == EQ_OK) status = give_optimizer(t, diag);
    if (status == EQ_OK) status = give_regularizer(t, diag);
    if (status == EQ_OK && x->meta.shots == 0) status = eq_session_distort(&t->s, diag);
    if (status == EQ_OK && x->meta.shots > 0) status = eq_meta_new(&t->s, &t->meta, diag);
    if (status == EQ_OK) status = begin(t, diag);
    if (status == EQ_OK) status = give_devices(t, diag);
    if (status == EQ_OK) status = keep_states(t, diag);
    if (status == EQ_OK)
        *out = t;
    else
        eq_trainer_free(t);
    return status;
}

void eq_trainer_free(eq_trainer *t) {
    if (t == NULL) return;
    eq_free(t->order);
    eq_meta_free(t->meta);
    eq_doctor_free(t->doctor);
    eq_cached_free(t->cached);
    eq_free(t->square);
    t->now.class_name = NULL; /* belongs to the data */
    t->now.feature_name = NULL;
    t->now.classes = 0;
    t->now.encoder = (eq_encoder){0};
    eq_checkpoint_free(&t->now);
    eq_session_close(&t->s);
    eq_free(t);
}

eq_circuit *eq_trainer_circuit(eq_trainer *t) {
    eq_network_store(t->s.model);
    if (t->x->devices > 0) eq_network_show(t->s.model); /* not what was read last */
    return t->s.c;
}

void eq_trainer_collect(eq_trainer *t) {
    eq_network_store(t->s.model);
    eq_session_get(&t->s, t->now.g);
    if (t->meta != NULL) eq_meta_save(t->meta, t->now.state, t->now.extra);
    for (int k = 0; t->meta == NULL && k < (int)t->now.states; k++)
        eq_network_get_state(t->s.model, k, t->now.state[k]);
    for (int k = 0; k < EQ_DEVICE_ARRAYS; k++)
        if (t->now.device[k] != NULL) eq_network_get_kept(t->s.model, k, t->now.device[k]);
}

void eq_trainer_restore(eq_trainer *t) {
    eq_session_put(&t->s, t->now.g);
    if (t->meta != NULL) eq_meta_restore(t->meta, t->now.g, t->now.state, t->now.extra);
    for (int k = 0; t->meta == NULL && k < (int)t->now.states; k++)
        eq_network_put_state(t->s.model, k, t->now.state[k]);
    for (int k = 0; k < EQ_DEVICE_ARRAYS; k++)
        if (t->now.device[k] != NULL) eq_network_put_kept(t->s.model, k, t->now.device[k]);
    eq_network_load(t->s.model);
}

eq_status eq_trainer_keep(eq_trainer *t, uint64_t epoch, eq_diag *diag) {
    eq_checkpoint *p = &t->now;
    if (p->best == NULL) p->best = eq_calloc((size_t)p->conductances, sizeof *p->best);
    if (p->best == NULL) return eq_out_of_memory(diag);
    eq_network_store(t->s.model);
    eq_session_get(&t->s, p->best);
    p->best_epoch = epoch;
    p->best_steps = p->steps;
    return EQ_OK;
}

/* Of training examples row[n], where that of each ended in the epoch before. */
static eq_status free_phase(eq_trainer *t, const uint32_t *row, size_t n, eq_diag *diag) {
    const double *from = t->cached == NULL ? NULL : eq_cached_states(t->cached, row, n);
    return eq_session_free_phase_from(&t->s, t->s.set.train, row, n, from, diag);
}

/* Free phase, nudged phases and update of n examples from now.position on. */
static eq_status learn(eq_trainer *t, size_t n, eq_score *score, eq_diag *diag) {
    eq_session *s = &t->s;
    eq_checkpoint *p = &t->now;
    s->read = p->steps;
    const uint32_t *row = t->order + p->position;
    s->epoch = p->epoch + 1;
    eq_status status = free_phase(t, row, n, diag);
    s->epoch = 0;
    if (status == EQ_OK && t->cached != NULL)
        status = eq_cached_keep(t->cached, s->model, s->input, row, n, diag);
    if (status != EQ_OK) return status;
    eq_session_score(s, n, score);
    if (!isfinite(score->loss))
        return eq_fail(
            diag, EQ_ERR_CONVERGE, "the loss is not finite in epoch %llu after %llu examples; %s",
            (unsigned long long)p->epoch + 1, (unsigned long long)p->position,
            p->steps == 0 ? "look at cost, encoding, data and init: nothing is learned so far"
                          : "lower the learning rates");
    if (t->doctor != NULL)
        status = eq_doctor_look(t->doctor, (size_t)p->position / t->x->batch,
                                (s->set.train_count + t->x->batch - 1) / t->x->batch, n, diag);
    if (status != EQ_OK) return status;
    double a[EQ_MAX_SLOTS], sign = 1.0;
    if (t->x->estimator.kind->random_sign) sign = eq_random_next(&p->sign) >> 63 ? 1.0 : -1.0;
    status = eq_session_phases(s, &t->x->estimator, sign, n, a, diag);
    if (status == EQ_OK) status = eq_session_count_hops(s, &t->x->estimator, n, diag);
    double factor = eq_schedule_factor(&t->x->schedule, (size_t)p->epoch, t->x->epochs);
    if (status == EQ_OK) status = eq_network_update(s->model, a, factor, ++p->steps, diag);
    if (status == EQ_OK) p->hops += s->hops;
    eq_session_end_phases(s);
    return status;
}

static eq_status minibatch(eq_trainer *t, size_t n, eq_score *score, eq_diag *diag) {
    eq_status status = learn(t, n, score, diag);
    eq_session_note_rows(&t->s, status, n, diag);
    return status;
}

/* n tasks from now.position on, and a step down their mean outer gradient. */
static eq_status task_batch(eq_trainer *t, size_t n, eq_score *score, eq_diag *diag) {
    eq_checkpoint *p = &t->now;
    eq_status status = EQ_OK;
    if (t->doctor != NULL) eq_doctor_begin(t->doctor);
    t->meta->step = p->steps + 1;
    for (size_t j = 0; status == EQ_OK && j < n; j++)
        status = eq_meta_contrast(t->meta, t->order[p->position + j], score, diag);
    t->meta->step = 0;
    double factor = eq_schedule_factor(&t->x->schedule, (size_t)p->epoch, t->x->epochs);
    if (status == EQ_OK) eq_meta_step(t->meta, n, factor, ++p->steps);
    eq_meta_home(t->meta);
    p->hops = NAN;
    return status;
}

/* The order of the examples, or of the tasks, of this epoch. */
static void draw_order(eq_trainer *t) {
    size_t count = eq_trainer_count(t);
    t->after = t->now.shuffle;
    for (size_t k = 0; k < count; k++)
        t->order[k] = t->meta != NULL ? (uint32_t)k : t->s.set.train_index[k];
    eq_random_shuffle(&t->after, t->order, count);
    t->drawn = true;
}

void eq_trainer_advance(eq_trainer *t) {
    eq_checkpoint *p = &t->now;
    if (!t->drawn) draw_order(t); /* resumed behind the last minibatch */
    p->shuffle = t->after;
    p->epoch++;
    p->position = 0;
    p->loss = 0.0;
    p->wrong = 0;
    p->hops = 0.0;
    if (t->meta != NULL) eq_meta_begin_epoch(t->meta);
    if (p->targets > 0) memset(p->square, 0, (size_t)p->targets * sizeof *p->square);
    p->epoch_seconds = 0.0;
    t->drawn = false;
}

static eq_score nothing_yet(eq_trainer *t) {
    for (uint64_t k = 0; k < t->now.targets; k++) t->square[k] = 0.0;
    return (eq_score){.square = t->square};
}

static void tell(eq_trainer_score *out, size_t n, size_t wrong, eq_figures f) {
    if (out != NULL) *out = (eq_trainer_score){n, wrong, f.loss, f.error, f.rmse, f.r2};
}

/* Adds a minibatch to the epoch. */
static void add(eq_checkpoint *p, const eq_score *score, size_t n) {
    p->loss += score->loss;
    p->wrong += score->wrong;
    for (uint64_t k = 0; k < p->targets; k++) p->square[k] += score->square[k];
    p->position += n;
}

/* Of n examples index[0..n), or of the queries of n tasks, which have no r2 of their own. */
static eq_figures figures(const eq_trainer *t, const eq_score *score, const uint32_t *index,
                          size_t n, bool r2) {
    if (t->meta != NULL) return eq_session_figures(&t->s, score, NULL, NULL, n * t->s.tasks.query);
    return eq_session_figures(&t->s, score, r2 ? t->s.set.train : NULL, index, n);
}

eq_status eq_trainer_step(eq_trainer *t, eq_trainer_score *out, eq_diag *diag) {
    size_t count = eq_trainer_count(t);
    eq_score score = nothing_yet(t);
    double before = eq_seconds_now();
    if (t->now.position == count) eq_trainer_advance(t);
    if (!t->drawn) draw_order(t);
    size_t left = count - (size_t)t->now.position, n = left < t->x->batch ? left : t->x->batch;
    const uint32_t *index = t->order + t->now.position;
    eq_status status =
        t->meta != NULL ? task_batch(t, n, &score, diag) : minibatch(t, n, &score, diag);
    if (status == EQ_OK) {
        add(&t->now, &score, n);
        if (out != NULL) tell(out, n, score.wrong, figures(t, &score, index, n, true));
    }
    t->now.epoch_seconds += eq_seconds_now() - before;
    return status;
}

eq_figures eq_trainer_running(const eq_trainer *t, bool r2) {
    const eq_checkpoint *p = &t->now;
    const eq_score score = {p->loss, (size_t)p->wrong, p->square, NULL, NULL};
    return figures(t, &score, t->order, (size_t)p->position, r2);
}

eq_status eq_trainer_epoch(eq_trainer *t, eq_trainer_score *out, eq_diag *diag) {
    eq_status status = eq_trainer_step(t, NULL, diag);
    while (status == EQ_OK && t->now.position < eq_trainer_count(t))
        status = eq_trainer_step(t, NULL, diag);
    if (status == EQ_OK)
        tell(out, eq_trainer_count(t), (size_t)t->now.wrong, eq_trainer_running(t, true));
    return status;
}

static eq_status look(eq_trainer *t, const eq_data *d, const uint32_t *index, size_t count,
                      size_t *wrong, eq_figures *out, eq_diag *diag) {
    eq_score score = nothing_yet(t);
    eq_status status = eq_session_evaluate(&t->s, d, index, count, &score, diag);
    if (status == EQ_OK) *out = eq_session_figures(&t->s, &score, d, index, count);
    *wrong = score.wrong;
    return status;
}

eq_status eq_trainer_look(eq_trainer *t, const eq_data *d, const uint32_t *index, size_t count,
                          eq_figures *out, eq_diag *diag) {
    size_t wrong;
    return look(t, d, index, count, &wrong, out, diag);
}

static eq_status score_rows(eq_trainer *t, const eq_data *d, const uint32_t *index, size_t count,
                            eq_trainer_score *out, eq_diag *diag) {
    eq_figures f;
    size_t wrong;
    eq_status status = look(t, d, index, count, &wrong, &f, diag);
    if (status == EQ_OK) tell(out, count, wrong, f);
    return status;
}

static eq_status learn_held_out(eq_trainer *t, eq_score *score, eq_diag *diag) {
    const eq_tasks *k = &t->s.tasks;
    eq_status status = EQ_OK;
    for (size_t j = k->train; status == EQ_OK && j < k->train + k->test; j++)
        status = eq_meta_learn(t->meta, j, score, diag);
    eq_meta_home(t->meta);
    return status;
}

static eq_status look_at_tasks(eq_trainer *t, size_t *wrong, eq_figures *out, double *before,
                               double *steps, eq_diag *diag) {
    eq_meta *m = t->meta;
    double sums[3] = {m->before, m->steps, m->trainings}; /* of the epoch */
    eq_score score = nothing_yet(t);
    eq_meta_begin_epoch(m);
    eq_status status = learn_held_out(t, &score, diag);
    *out = figures(t, &score, NULL, t->s.tasks.test, false);
    *wrong = score.wrong;
    *before = m->before / (double)(t->s.tasks.test * t->s.tasks.query);
    *steps = m->steps / m->trainings;
    m->before = sums[0];
    m->steps = sums[1];
    m->trainings = sums[2];
    return status;
}

eq_status eq_trainer_look_at_tasks(eq_trainer *t, eq_figures *out, double *before, double *steps,
                                   eq_diag *diag) {
    size_t wrong;
    return look_at_tasks(t, &wrong, out, before, steps, diag);
}

eq_status eq_trainer_evaluate(eq_trainer *t, eq_trainer_score *out, eq_diag *diag) {
    const eq_data_set *s = &t->s.set;
    if (t->meta != NULL) {
        eq_figures f;
        double before, steps;
        size_t wrong;
        eq_status status = look_at_tasks(t, &wrong, &f, &before, &steps, diag);
        if (status == EQ_OK) tell(out, t->s.tasks.test, wrong, f);
        return status;
    }
    return score_rows(t, s->test, s->test_index, s->test_count, out, diag);
}

eq_status eq_trainer_validate(eq_trainer *t, eq_trainer_score *out, eq_diag *diag) {
    const eq_data_set *s = &t->s.set;
    return score_rows(t, s->train, s->validation_index, s->validation_count, out, diag);
}

/* Gradient of the estimator, on its devices, at one example, whose free phase is solved. */
static eq_status estimated(eq_trainer *t, double *gradient, eq_diag *diag) {
    eq_session *s = &t->s;
    double a[EQ_MAX_SLOTS];
    eq_status status = eq_session_phases(s, &t->x->estimator, 1.0, 1, a, diag);
    if (status == EQ_OK) status = eq_network_gradient(s->model, a, gradient, diag);
    eq_session_end_phases(s);
    return status;
}

/* The exact one at the example. */
static eq_status exact_at(eq_trainer *t, uint32_t index, double *gradient, eq_diag *diag) {
    eq_session *s = &t->s;
    eq_estimator adjoint = {.kind = eq_estimator_find("adjoint")};
    double a[EQ_MAX_SLOTS];
    eq_status status = free_phase(t, &index, 1, diag);
    if (status == EQ_OK)
        status =
            eq_estimate(&adjoint, s->phases, s->model, &t->x->cost, 1.0, 1, s->y, s->goal, a, diag);
    return status == EQ_OK ? eq_network_gradient(s->model, a, gradient, diag) : status;
}

static uint32_t watched(const eq_trainer *t) {
    uint64_t h = EQ_HASH_START;
    eq_hash_text(&h, "watch");
    eq_hash_number(&h, t->x->seed);
    eq_hash_number(&h, t->now.epoch);
    eq_random r = eq_random_seed(h);
    return t->s.set.train_index[eq_random_below(&r, t->s.set.train_count)];
}

eq_status eq_trainer_watch(eq_trainer *t, double *cosine, eq_diag *diag) {
    eq_session *s = &t->s;
    size_t n = eq_network_parameters(s->model);
    double *room = eq_calloc(n, 4 * sizeof *room);
    if (room == NULL) return eq_out_of_memory(diag);
    double *theta = room, *scale = theta + n, *estimate = scale + n, *exact = estimate + n;
    uint32_t index = watched(t);
    s->read = t->now.steps;
    eq_network_store(s->model);
    eq_session_get(s, theta);
    eq_session_scale(s, theta, scale);
    eq_status status = free_phase(t, &index, 1, diag);
    if (status == EQ_OK) status = estimated(t, estimate, diag);
    if (status == EQ_OK) status = exact_at(t, index, exact, diag);
    if (status == EQ_OK) *cosine = eq_session_cosine(n, scale, estimate, exact);
    eq_free(room);
    return status;
}
