#include "train/attack.h"

#include <math.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "train/trained.h"

typedef struct attack {
    const eq_attack_options *o;
    eq_attack *out;
    eq_session *s;
    const eq_data *data; /* whose rows the examples are */
    size_t features;
    double beta;           /* of the phases; 0: by the adjoint */
    bool unrolled;         /* by backpropagation through counted steps */
    double *low, *high;    /* [features] V: what each feature may be, as its (first) input */
    double *clean;         /* [batch][inputs] V, before their converter */
    double *x;             /* [batch][inputs] V, moved */
    double *fed;           /* [batch][inputs] V: what the converter makes of x */
    double *y, *dcdy;      /* [batch][outputs]: y as it is read */
    double *dx, *gradient; /* [batch][inputs], [batch][features] per V */
    double *point;         /* a row of the table */
    double *image;         /* of adversaries; NULL: none are drawn */
    size_t images, drawn;
    double wrong[EQ_ATTACKS];
} attack;

static void close_attack(attack *k) {
    double *arrays[] = {k->low, k->high, k->clean, k->x,        k->fed,
                        k->y,   k->dcdy, k->dx,    k->gradient, k->point};
    for (size_t j = 0; j < sizeof arrays / sizeof *arrays; j++) eq_free(arrays[j]);
}

/* Least and largest feature of the training examples; a pixel may be 0 .. 255. */
static void find_ranges(attack *k) {
    const eq_session *s = k->s;
    bool trained = s->set.train_count > 0;
    const eq_data *d = trained ? s->set.train : s->set.test;
    size_t count = trained ? s->set.train_count : s->set.test_count;
    const uint32_t *index = trained ? s->set.train_index : s->set.test_index;
    for (size_t f = 0; f < k->features; f++) {
        double least = INFINITY, most = -INFINITY;
        for (size_t j = 0; d->pixel == NULL && j < count; j++) {
            least = fmin(least, eq_data_feature(d, index[j], f));
            most = fmax(most, eq_data_feature(d, index[j], f));
        }
        if (!(least <= most)) least = 0.0, most = d->pixel == NULL ? 0.0 : 255.0;
        double a = s->encoder.input.gain[f] * least + s->encoder.input.offset[f],
               b = s->encoder.input.gain[f] * most + s->encoder.input.offset[f];
        k->low[f] = fmin(a, b);
        k->high[f] = fmax(a, b);
    }
}

static eq_status open_attack(attack *k, eq_trained *m, eq_diag *diag) {
    eq_session *s = k->s = &m->s;
    const eq_estimator *e = &m->x->estimator;
    bool nudged = e->kind->phases > 0 && e->nudging != EQ_NUDGE_CLAMP;
    k->data = m->training ? s->set.train : s->set.test;
    k->features = s->encoder.features;
    k->beta = nudged ? e->beta : 0.0;
    k->unrolled = e->kind->unrolled;
    struct {
        double **at;
        size_t count, each;
    } want[] = {{&k->low, 1, k->features},
                {&k->high, 1, k->features},
                {&k->clean, s->batch, s->encoder.inputs},
                {&k->x, s->batch, s->encoder.inputs},
                {&k->fed, s->batch, s->encoder.inputs},
                {&k->y, s->batch, s->outputs},
                {&k->dcdy, s->batch, s->outputs},
                {&k->dx, s->batch, s->encoder.inputs},
                {&k->gradient, s->batch, k->features},
                {&k->point, 1, k->features + 1}};
    for (size_t j = 0; j < sizeof want / sizeof *want; j++)
        if ((*want[j].at = eq_calloc(want[j].count, want[j].each * sizeof **want[j].at)) == NULL)
            return eq_out_of_memory(diag);
    find_ranges(k);
    return EQ_OK;
}

/* k->gradient [n][features] per V of the first input of each feature, at the free phase of x, for k->dcdy. */
static eq_status differentiate(attack *k, size_t n, const double *x, eq_diag *diag) {
    bool invert = k->s->encoder.invert;
    eq_status status =
        eq_network_input_gradient(k->s->model, n, x, k->dcdy, k->beta, k->unrolled, k->dx, diag);
    for (size_t j = 0; status == EQ_OK && j < n * k->features; j++)
        k->gradient[j] = invert ? k->dx[2 * j] - k->dx[2 * j + 1] : k->dx[j];
    return status;
}

static void slopes(attack *k, size_t n, const double *y) {
    const eq_session *s = k->s;
    for (size_t j = 0; j < n; j++)
        eq_cost_gradient(&s->x->cost, s->outputs, y + j * s->outputs, s->goal[j],
                         k->dcdy + j * s->outputs);
}

/* Feature f of example j of x, and its twin. */
static double first_input(const attack *k, const double *x, size_t j, size_t f) {
    return k->s->encoder.invert ? x[2 * (j * k->features + f)] : x[j * k->features + f];
}

static void put_input(const attack *k, double *x, size_t j, size_t f, double value) {
    size_t at = j * k->features + f;
    if (k->s->encoder.invert) {
        x[2 * at] = value;
        x[2 * at + 1] = -value;
    } else {
        x[at] = value;
    }
}

/* Every feature by `step` of its range up the cost, at most eps of it away from where it was. */
static void move(attack *k, size_t n, double step, double eps) {
    for (size_t j = 0; j < n; j++)
        for (size_t f = 0; f < k->features; f++) {
            double range = k->high[f] - k->low[f], g = k->gradient[j * k->features + f],
                   was = first_input(k, k->clean, j, f), to = first_input(k, k->x, j, f);
            if (g != 0.0) to += copysign(step * range, g);
            to = fmin(fmax(to, was - eps * range), was + eps * range);
            to = fmin(fmax(to, fmin(k->low[f], was)), fmax(k->high[f], was));
            put_input(k, k->x, j, f, to);
        }
}

/* k->y at k->x, through the converters as an evaluation reads it. */
static eq_status look(attack *k, size_t n, eq_diag *diag) {
    memcpy(k->fed, k->x, n * k->s->encoder.inputs * sizeof *k->fed);
    return eq_session_outputs(k->s, n, k->fed, NULL, k->y, diag);
}

/* The examples of the last free phase (k->clean, outputs s->y), moved by eps into k->x, k->y. */
static eq_status climb(attack *k, size_t n, double eps, size_t steps, eq_diag *diag) {
    double step = steps > 1 ? 2.5 * eps / (double)steps : eps;
    memcpy(k->x, k->clean, n * k->s->encoder.inputs * sizeof *k->x);
    eq_status status = look(k, n, diag);
    for (size_t t = 0; status == EQ_OK && t < steps; t++) {
        slopes(k, n, k->y);
        status = differentiate(k, n, k->fed, diag);
        if (status != EQ_OK) break;
        move(k, n, step, eps);
        status = look(k, n, diag);
    }
    return status;
}

static void score(attack *k, size_t which, size_t n) {
    const eq_session *s = k->s;
    for (size_t j = 0; j < n; j++) {
        const double *y = k->y + j * s->outputs;
        k->out->loss[which] += eq_cost_value(&s->x->cost, s->outputs, y, s->goal[j]);
        if (s->encoder.targets == 0)
            k->wrong[which] += eq_predict(s->outputs, y) != s->goal[j].label;
    }
}

/* Per unit of the feature: gain V a raw value, of which a pixel of 1 has 255. */
static eq_status add_rows(attack *k, size_t first, size_t n, eq_diag *diag) {
    const eq_session *s = k->s;
    const eq_data *d = s->set.train != NULL ? s->set.train : s->set.test;
    double unit = d->pixel != NULL ? 255.0 : 1.0;
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < n; j++) {
        k->point[0] = (double)(first + j);
        for (size_t f = 0; f < k->features; f++)
            k->point[1 + f] = unit * s->encoder.input.gain[f] * k->gradient[j * k->features + f];
        status = eq_result_point(k->out->gradient, k->point, diag);
    }
    return status;
}

/* Clean, gradient and moved picture of the first examples. */
static void add_images(attack *k, size_t n) {
    const eq_session *s = k->s;
    for (size_t j = 0; j < n && k->drawn < k->images; j++) {
        const double *was = s->y + j * s->outputs, *is = k->y + j * s->outputs;
        if (s->encoder.targets > 0 || eq_predict(s->outputs, was) != s->goal[j].label ||
            eq_predict(s->outputs, is) == s->goal[j].label)
            continue;
        double *to = k->image + 3 * k->features * k->drawn++, most = 0.0;
        for (size_t f = 0; f < k->features; f++)
            most = fmax(most, fabs(k->gradient[j * k->features + f]));
        for (size_t f = 0; f < k->features; f++) {
            double range = k->high[f] - k->low[f];
            double a = (first_input(k, k->clean, j, f) - k->low[f]) / range,
                   b = (first_input(k, k->x, j, f) - k->low[f]) / range;
            to[f] = range > 0.0 ? a : 0.0;
            to[k->features + f] = most > 0.0 ? k->gradient[j * k->features + f] / most : 0.0;
            to[2 * k->features + f] = range > 0.0 ? b : 0.0;
        }
    }
}

/* Whether two phases at the beta of the training give the gradient that they are asked for: k->gradient against the
 * adjoint's, where there is one. k->gradient stays. */
static eq_status judge_beta(attack *k, size_t n, const double *x, eq_diag *diag) {
    static const double good = 0.1;
    size_t all = n * k->features;
    double beta = k->beta, off = 0.0, size = 0.0;
    double *found = eq_malloc(all, sizeof *found);
    if (found == NULL || beta == 0.0) {
        eq_free(found);
        return beta == 0.0 ? EQ_OK : eq_out_of_memory(diag);
    }
    memcpy(found, k->gradient, all * sizeof *found);
    k->beta = 0.0;
    eq_status status = differentiate(k, n, x, NULL);
    k->beta = beta;
    for (size_t j = 0; status == EQ_OK && j < all; j++) {
        off = hypot(off, found[j] - k->gradient[j]);
        size = hypot(size, k->gradient[j]);
    }
    if (status == EQ_OK && off > good * size)
        eq_warn_at(
            diag, (eq_place){0},
            "dL/dx by two phases at beta = %g is off by %.2g of the adjoint's on the first %zu "
            "examples; --set estimator.type=adjoint gives that one",
            beta, size > 0.0 ? off / size : INFINITY, n);
    memcpy(k->gradient, found, all * sizeof *found);
    eq_free(found);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : EQ_OK;
}

/* Phases and the adjoint stand for a state at rest. */
static void warn_of_unsettled(const attack *k, eq_diag *diag) {
    static const double much = 1e-3;
    double step = eq_network_about(k->s->model).last_step;
    if (step > much && !k->unrolled)
        eq_warn_at(diag, (eq_place){0},
                   "the last of the counted free-steps still moves a unit by %.2g, and dL/dx is "
                   "that of a state at rest; --set estimator.type=bptt goes back through the steps",
                   step);
}

/* eq_session.visit: behind the free phase of n examples. */
static eq_status visit(void *data, eq_session *s, size_t first, size_t n, eq_diag *diag) {
    attack *k = data;
    eq_status status = EQ_OK;
    eq_encode(&s->encoder, k->data, s->row, n, k->clean);
    if (first == 0) warn_of_unsettled(k, diag);
    if (k->out->gradient != NULL) {
        slopes(k, n, s->y);
        status = differentiate(k, n, s->input, diag);
        if (status == EQ_OK && first == 0) status = judge_beta(k, n, s->input, diag);
        if (status == EQ_OK) status = eq_comm_agree(add_rows(k, first, n, diag));
    }
    if (k->image != NULL && k->drawn == k->images) return status;
    for (size_t e = 0; status == EQ_OK && e < k->o->count; e++) {
        status = climb(k, n, k->o->eps[e], k->o->steps, diag);
        if (status == EQ_OK) score(k, e, n);
    }
    if (status == EQ_OK && k->image != NULL) add_images(k, n);
    return status;
}

static eq_status open_table(attack *k, const char *title, eq_diag *diag) {
    eq_result *r = k->out->gradient = eq_result_new(title, "Gradients by the inputs");
    eq_status status =
        r == NULL ? eq_out_of_memory(diag) : eq_result_variable(r, "example", "notype", diag);
    for (size_t f = 0; status == EQ_OK && f < k->features; f++) {
        char name[32];
        snprintf(name, sizeof name, "dL/dx%zu", f + 1);
        status = eq_result_variable(r, name, "notype", diag);
    }
    return status;
}

/* Features are moved by parts of their ranges in the training examples; those of pixels are known. */
static eq_status check_ranges(const attack *k, const eq_data_set *set, eq_diag *diag) {
    if (k->o->count == 0 || set->train_count > 0 || set->test->pixel != NULL) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "features are moved by parts of their ranges in the training examples, which "
                   "--data leaves out; give one of --data and --attack");
}

static eq_status run(attack *k, eq_trained *m, eq_diag *diag) {
    eq_evaluation e = {.examples = 0};
    eq_status status = check_ranges(k, &m->s.set, diag);
    if (status == EQ_OK) status = open_attack(k, m, diag);
    if (status == EQ_OK && k->o->gradient) status = open_table(k, m->x->name, diag);
    status = eq_comm_agree(status);
    m->s.visit = visit;
    m->s.visitor = k;
    if (status == EQ_OK) status = eq_trained_evaluate(m, &e, diag);
    m->s.visit = NULL;
    for (size_t j = 0; status == EQ_OK && j < k->o->count; j++) {
        k->out->loss[j] /= (double)e.examples;
        k->out->error[j] = m->s.encoder.targets == 0 ? k->wrong[j] / (double)e.examples : NAN;
    }
    if (status == EQ_OK) eq_evaluation_free(&e);
    close_attack(k);
    return status;
}

static eq_status check(const eq_attack_options *o, eq_diag *diag) {
    for (size_t e = 0; e < o->count; e++)
        if (!(o->eps[e] >= 0.0 && o->eps[e] <= 1.0))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "an attack of %g: give parts of a feature's range, between 0 and 1",
                           o->eps[e]);
    return EQ_OK;
}

eq_status eq_trained_attack(eq_trained *m, const eq_attack_options *o, eq_attack *out,
                            eq_diag *diag) {
    attack k = {.o = o, .out = out};
    *out = (eq_attack){.gradient = NULL};
    eq_status status = check(o, diag);
    if (status == EQ_OK) status = run(&k, m, diag);
    if (status != EQ_OK) eq_attack_free(out);
    return status;
}

void eq_attack_free(eq_attack *a) {
    eq_result_free(a->gradient);
    *a = (eq_attack){.gradient = NULL};
}

eq_status eq_trained_adversaries(eq_trained *m, size_t *count, double eps, size_t steps,
                                 double *image, eq_diag *diag) {
    const eq_attack_options o = {.eps = {eps}, .count = 1, .steps = steps};
    eq_attack unused = {.gradient = NULL};
    attack k = {.o = &o, .out = &unused, .image = image, .images = *count};
    eq_status status = check(&o, diag);
    if (status == EQ_OK && m->s.encoder.targets > 0)
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "the run has targets, no classes for which an example could be taken");
    if (status == EQ_OK) status = run(&k, m, diag);
    *count = k.drawn;
    return status;
}

/* Where the ascent of output o begins. */
static void begin(attack *k, size_t o) {
    const eq_session *s = k->s;
    const eq_data *d = s->set.train;
    bool classes = d != NULL && s->encoder.targets == 0;
    for (size_t f = 0; f < k->features; f++) {
        double sum = 0.0, count = 0.0;
        for (size_t j = 0; classes && j < s->set.train_count; j++) {
            size_t row = s->set.train_index[j];
            if (d->label[row] != o) continue;
            sum += eq_data_feature(d, row, f);
            count += 1.0;
        }
        double mean = s->encoder.input.gain[f] * sum / count + s->encoder.input.offset[f];
        put_input(k, k->x, 0, f, count > 0.0 ? mean : 0.5 * (k->low[f] + k->high[f]));
    }
}

/* One output after another: y_o up, by a tenth of the range in the direction of the largest slope. */
static eq_status like(attack *k, size_t o, size_t steps, double *image, eq_diag *diag) {
    eq_status status = EQ_OK;
    begin(k, o);
    for (size_t t = 0; status == EQ_OK && t < steps; t++) {
        double most = 0.0;
        status = eq_network_free_phase(k->s->model, 1, k->x, k->y, diag);
        memset(k->dcdy, 0, k->s->outputs * sizeof *k->dcdy);
        k->dcdy[o] = 1.0;
        if (status == EQ_OK) status = differentiate(k, 1, k->x, diag);
        for (size_t f = 0; f < k->features; f++)
            most = fmax(most, fabs(k->gradient[f]) * (k->high[f] - k->low[f]));
        for (size_t f = 0; status == EQ_OK && most > 0.0 && f < k->features; f++) {
            double range = k->high[f] - k->low[f], to = first_input(k, k->x, 0, f);
            to += 0.1 * range * k->gradient[f] * range / most;
            put_input(k, k->x, 0, f, fmin(fmax(to, k->low[f]), k->high[f]));
        }
    }
    for (size_t f = 0; f < k->features; f++) {
        double range = k->high[f] - k->low[f];
        image[f] = range > 0.0 ? (first_input(k, k->x, 0, f) - k->low[f]) / range : 0.0;
    }
    return status;
}

eq_status eq_trained_liked(eq_trained *m, size_t steps, double *image, eq_diag *diag) {
    attack k = {.image = image};
    eq_status status = open_attack(&k, m, diag);
    for (size_t o = 0; status == EQ_OK && o < m->s.outputs; o++)
        status = like(&k, o, steps, image + o * k.features, diag);
    close_attack(&k);
    return status;
}

/* One example, as the data have it, then epoch by epoch. */
static void distort(eq_session *s, size_t row, size_t epochs, double *image) {
    size_t n = s->encoder.features;
    for (size_t f = 0; f < n; f++) image[f] = eq_data_feature(s->set.train, row, f);
    for (size_t e = 1; e <= epochs; e++) {
        s->distortion.key = eq_distortion_key(s->x->seed, e);
        memcpy(image + e * n, eq_distorted(&s->distortion, &s->encoder, s->set.train, row),
               n * sizeof *image);
    }
}

eq_status eq_trained_distorted(eq_trained *m, size_t examples, size_t epochs, double *image,
                               eq_diag *diag) {
    eq_session *s = &m->s;
    size_t n = s->encoder.features, all = examples * (1 + epochs) * n;
    double most = 0.0;
    if (!eq_augmentation_is(&s->x->augmentation) || s->x->meta.shots > 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the run trains with the examples as they are; this is drawn of one with "
                       "<augmentation>");
    if (s->set.train_count < examples)
        return eq_fail(diag, EQ_ERR_USAGE, "the run has %zu training examples, and %zu are drawn",
                       s->set.train_count, examples);
    eq_status status = eq_session_distort(s, diag);
    if (status != EQ_OK) return status;
    for (size_t k = 0; k < examples; k++)
        distort(s, s->set.train_index[k], epochs, image + k * (1 + epochs) * n);
    for (size_t k = 0; k < all; k++) most = fmax(most, fabs(image[k]));
    for (size_t k = 0; k < all && most > 0.0; k++) image[k] /= most;
    return EQ_OK;
}

size_t eq_trained_outputs(const eq_trained *m) {
    return m->s.outputs;
}
