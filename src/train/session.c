#include "train/session.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "netlist/netlist.h"

eq_random eq_stream_of(uint64_t seed, eq_stream stream) {
    /* splitmix64 behind eq_random_seed makes neighbouring seeds independent. */
    return eq_random_seed(seed * 4 + (uint64_t)stream);
}

static bool same_files(const eq_data_options *a, const eq_data_options *b) {
    const char *of_a[EQ_DATA_FILES], *of_b[EQ_DATA_FILES];
    size_t n = eq_data_files(a, of_a), m = eq_data_files(b, of_b);
    bool same = n == m;
    for (size_t k = 0; same && k < n; k++) same = strcmp(of_a[k], of_b[k]) == 0;
    return same;
}

/* The rows that train and test; in meta-learning those of tasks. */
static eq_status read_rows(eq_session *s, const eq_data_options *o, uint64_t split,
                           eq_data_kept *kept, eq_diag *diag) {
    const eq_experiment *x = s->x;
    eq_data_options whole = *o;
    if (x->meta.shots == 0) return eq_data_set_share(o, x->folder, split, kept, &s->set, diag);
    whole.test_fraction = 0.0;
    eq_status status = eq_data_set_share(&whole, x->folder, split, kept, &s->set, diag);
    if (status == EQ_OK)
        status = eq_tasks_draw(&x->meta, o->test_fraction, split + 2, &s->set, &s->tasks, diag);
    if (status != EQ_OK) eq_data_set_free(&s->set);
    return status;
}

/* What is wrong with no file in particular is so with <data>. */
static eq_status read_set(eq_session *s, const eq_data_options *o, uint64_t split,
                          eq_data_kept *kept, eq_diag *diag) {
    size_t said = eq_diag_count(diag);
    eq_status status = eq_experiment_has_data(s->x, o, diag);
    if (status == EQ_OK) status = read_rows(s, o, split, kept, diag);
    eq_diag_locate(diag, said, s->x->data_at);
    return status;
}

/* A run that was moved: its data are those of the place where the checksum fits. s->data stays NULL
 * where it fits nowhere; nothing is said of the others. */
static eq_status find_data(eq_session *s, uint64_t split, eq_diag *diag) {
    const eq_experiment *x = s->x;
    for (int k = 0; k < EQ_PLACES; k++) {
        const eq_data_options *o = k == 0 ? &x->data : &x->elsewhere[k - 1];
        if (k > 0 && same_files(o, &x->data)) continue;
        eq_status status = read_set(s, o, split, NULL, NULL);
        if (status == EQ_ERR_MEMORY) return eq_out_of_memory(diag);
        if (status != EQ_OK) continue;
        if (eq_data_checksum(&s->set) == x->data_checksum) {
            s->data = o;
            return EQ_OK;
        }
        eq_data_set_free(&s->set);
        s->set = (eq_data_set){0};
    }
    return EQ_OK;
}

eq_status eq_session_data(eq_session *s, eq_diag *diag) {
    const eq_experiment *x = s->x;
    eq_random random = eq_stream_of(x->seed, EQ_STREAM_SPLIT);
    uint64_t split = eq_random_next(&random);
    s->data = NULL;
    eq_status status = x->home != NULL && x->data_checksum != 0 ? find_data(s, split, diag) : EQ_OK;
    if (status != EQ_OK || s->data != NULL) return status;
    s->data = &x->data;
    return read_set(s, s->data, split, x->kept, diag);
}

static eq_status check_inputs(const eq_session *s, size_t inputs, eq_diag *diag) {
    bool circuit = s->c != NULL;
    if (inputs == s->encoder.inputs) return EQ_OK;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the %s has %zu input%s%s, the data give %zu (%zu feature%s%s); change %s, or "
                   "invert in <encoding>",
                   circuit ? "circuit" : "network", inputs, circuit ? " source" : "",
                   eq_plural(inputs), s->encoder.inputs, s->encoder.features,
                   eq_plural(s->encoder.features), s->encoder.invert ? ", each also inverted" : "",
                   circuit ? "the input line or layers of the circuit"
                           : "layers, or inputs, of <network>");
}

static eq_status check_outputs(const eq_session *s, size_t outputs, const eq_data *d,
                               eq_diag *diag) {
    bool circuit = s->c != NULL, class = d->goal == EQ_GOAL_CLASS;
    const char *what = class ? "class" : "target";
    if (outputs == d->classes) return EQ_OK;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the %s has %zu output%s, the data %zu %s%s; give %s for each %s",
                   circuit ? "circuit" : "network", outputs, eq_plural(outputs), d->classes, what,
                   d->classes == 1 ? ""
                   : class         ? "es"
                                   : "s",
                   circuit ? "the circuit one output (a node or a pair of nodes, which counts "
                             "twice in layers)"
                           : "layers, or outputs, of <network> one",
                   what);
}

/* What the network takes its inputs for. */
static eq_raster image_of_network(const eq_session *s) {
    const eq_image *a = &s->x->architecture.image[0];
    const eq_shape *d = &s->x->discrete.inputs;
    if (a->rows > 0)
        return (eq_raster){s->encoder.invert ? a->channels / 2 : a->channels, a->rows, a->columns,
                           true};
    if (d->width > 1) return (eq_raster){d->channels, d->height, d->width, false};
    return (eq_raster){0};
}

/* The network must have an input for every encoded feature and an output for every class. */
static eq_status check_sizes(const eq_session *s, const eq_data *d, eq_diag *diag) {
    size_t targets = d->goal == EQ_GOAL_CLASS ? 0 : d->classes;
    if (s->encoder.features != d->features || s->encoder.targets != targets)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the network was trained with %zu features and %zu targets, the data have "
                       "%zu and %zu; give the data of the training, or others of their kind",
                       s->encoder.features, s->encoder.targets, d->features, targets);
    const eq_raster image = image_of_network(s);
    eq_status status = check_inputs(s, eq_network_inputs(s->model), diag);
    if (status == EQ_OK) status = eq_raster_check(&image, &d->image, diag);
    if (status == EQ_OK && s->set.test != NULL)
        status = eq_raster_check(&image, &s->set.test->image, diag);
    return status == EQ_OK ? check_outputs(s, eq_network_outputs(s->model), d, diag) : status;
}

/* What a minibatch needs for each of its examples: inputs, potentials,
 * and the Hessian of the cost. */
static eq_status check_minibatch(const eq_session *s, eq_diag *diag) {
    double outputs = (double)s->outputs;
    double each = fmax(fmax((double)s->encoder.inputs, (double)eq_network_nodes(s->model)),
                       outputs * outputs);
    if ((double)s->batch * each <= EQ_MOST_ITEMS) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "a minibatch of %zu examples with %.3g values each is more than %d values; use a "
        "smaller minibatch",
        s->batch, each, EQ_MOST_ITEMS);
}

/* squared-difference needs pairs of nodes, squared-error single nodes; some costs know only classes. */
static eq_status check_cost(const eq_session *s, eq_diag *diag) {
    const eq_cost_kind *kind = s->x->cost.kind;
    if (kind->classes && s->encoder.targets > 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the cost %s is one of classes, the data have targets; use "
                       "squared-difference (outputs in pairs), squared-error (single nodes), huber "
                       "or absolute-error",
                       kind->name);
    for (size_t k = 0; kind->differential >= 0 && k < s->outputs; k++) {
        bool pair;
        const char *name = eq_network_output(s->model, k, &pair);
        if (pair != (kind->differential == 1))
            return eq_fail(
                diag, EQ_ERR_INPUT,
                "the cost %s needs outputs that are %s, output %zu of the circuit (%s) is %s; "
                "use %s",
                kind->name, pair ? "single nodes" : "pairs of nodes", k + 1, name,
                pair ? "a pair" : "a single node", pair ? "squared-difference" : "squared-error");
    }
    return EQ_OK;
}

/* "rw1, rw2": the blocks of the model. */
static void name_blocks(const eq_network *n, eq_text *out) {
    for (size_t b = 0; b < eq_network_blocks(n); b++)
        eq_text_printf(out, "%s%s", b == 0 ? "" : ", ", eq_network_block(n, b)->name);
}

eq_status eq_session_no_group(const eq_network *n, const char *what, const char *match, eq_place at,
                              eq_diag *diag) {
    eq_text names = {0};
    name_blocks(n, &names);
    eq_status status =
        names.failed ? eq_out_of_memory(diag)
                     : eq_fail_at(diag, EQ_ERR_INPUT, at,
                                  "<%s=\"%s\"> matches no group of the circuit; its groups are: %s",
                                  what, match, names.text == NULL ? "-" : names.text);
    eq_text_free(&names);
    return status;
}

/* The first <group> that matches the block; NULL: none does. */
static const eq_group_options *options_of(const eq_session *s, size_t block) {
    for (size_t k = 0; k < s->x->groups; k++)
        if (eq_match(s->x->group[k].match, eq_network_block(s->model, block)->name))
            return &s->x->group[k];
    return NULL;
}

/* Every <group> must match a group of the circuit: a pattern that matches nothing is a mistake. One that comes behind
 * others which have all that it matches has no effect. */
static eq_status check_groups(const eq_session *s, eq_diag *diag) {
    for (size_t k = 0; k < s->x->groups; k++) {
        const eq_group_options *o = &s->x->group[k];
        bool used = false, first = false;
        for (size_t b = 0; b < eq_network_blocks(s->model); b++) {
            used = used || eq_match(o->match, eq_network_block(s->model, b)->name);
            first = first || options_of(s, b) == o;
        }
        if (!used) return eq_session_no_group(s->model, "group match", o->match, o->at, diag);
        if (!first)
            eq_warn_at(
                diag, o->at,
                "<group match=\"%s\"> has no effect: groups before it match all that it does, "
                "and the first that matches counts; put it before them",
                o->match);
    }
    return EQ_OK;
}

/* A rate for groups without their own, where each has one. */
static void check_common_rate(const eq_session *s, eq_diag *diag) {
    double common = s->x->optimizer.rate;
    bool used = isnan(common) || eq_network_blocks(s->model) == 0;
    for (size_t b = 0; b < eq_network_blocks(s->model); b++)
        used = used || eq_session_rate(s, b) == common;
    if (!used)
        eq_warn_at(diag, (eq_place){0},
                   "<optimizer rate=\"%g\"> has no effect: each group has a rate of its own",
                   common);
}

double eq_session_rate(const eq_session *s, size_t block) {
    const eq_group_options *o = options_of(s, block);
    return o == NULL ? s->x->optimizer.rate : o->rate;
}

eq_pull eq_session_pull(const eq_session *s, size_t block) {
    const eq_group_options *o = options_of(s, block);
    eq_pull p = s->x->regularizer.pull;
    if (o == NULL) return p;
    if (!isnan(o->pull.strength)) p.strength = o->pull.strength;
    if (!isnan(o->pull.soft)) p.soft = o->pull.soft;
    if (!isnan(o->pull.low)) p.low = o->pull.low;
    if (!isnan(o->pull.high)) p.high = o->pull.high;
    return p;
}

/* Draws the initial parameters of a block, as its <group> says. */
static eq_status draw_block(eq_session *s, size_t b, const eq_group_options *o, eq_random *random,
                            eq_diag *diag) {
    size_t said = eq_diag_count(diag);
    eq_status status = eq_init_block(s->model, b, &o->init, random, diag);
    eq_diag_locate(diag, said, o->at);
    return status;
}

/* Draws the initial parameters of every block. */
static eq_status initialise(eq_session *s, eq_diag *diag) {
    eq_status status = check_groups(s, diag);
    if (status == EQ_OK) check_common_rate(s, diag);
    eq_random random = eq_stream_of(s->x->seed, EQ_STREAM_INIT);
    for (size_t b = 0; status == EQ_OK && b < eq_network_blocks(s->model); b++) {
        const eq_group_options *o = options_of(s, b);
        const char *name = eq_network_block(s->model, b)->name;
        if (isnan(eq_session_rate(s, b)))
            status = eq_fail(diag, EQ_ERR_INPUT,
                             "the group '%s' of the circuit has no learning rate; add <group "
                             "match=\"%s\" rate=\"...\"/> or rate=\"...\" to <optimizer>",
                             name, name);
        else if (o != NULL)
            status = draw_block(s, b, o, &random, diag);
    }
    return status;
}

void eq_session_get(const eq_session *s, double *theta) {
    for (size_t b = 0; b < eq_network_blocks(s->model); b++)
        eq_network_get(s->model, b, theta + eq_network_block(s->model, b)->first);
}

void eq_session_put(eq_session *s, const double *theta) {
    for (size_t b = 0; b < eq_network_blocks(s->model); b++)
        eq_network_put(s->model, b, theta + eq_network_block(s->model, b)->first);
}

/* The copy of an experiment says what data it was of. */
static eq_status warn_of_data(const eq_session *s, eq_diag *diag) {
    eq_text names = {0};
    uint64_t known = s->x->data_checksum;
    if (known == 0 || known == eq_data_checksum(&s->set)) return EQ_OK;
    eq_data_names(s->data, &names);
    eq_status status = names.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK)
        eq_warn_at(diag, (eq_place){0},
                   "the data changed since '%s' was written: %s does not hold what that run was "
                   "trained with",
                   s->x->path, names.text);
    eq_text_free(&names);
    return status;
}

/* The largest parameter of a block without bounds; 1 where all are 0. */
static double largest(const eq_block *block, const double *theta) {
    double most = 0.0;
    for (size_t p = block->first; p < block->first + block->count; p++)
        most = fmax(most, fabs(theta[p]));
    return most > 0.0 ? most : 1.0;
}

void eq_session_scale(const eq_session *s, const double *theta, double *scale) {
    for (size_t b = 0; b < eq_network_blocks(s->model); b++) {
        const eq_block *block = eq_network_block(s->model, b);
        bool one_sign = block->min >= 0.0 || block->max <= 0.0;
        double range = block->max - block->min;
        if (!isfinite(range)) range = largest(block, theta);
        for (size_t p = block->first; p < block->first + block->count; p++)
            scale[p] = one_sign ? fabs(theta[p]) : range;
    }
}

double eq_session_distance(size_t n, const double *scale, const double *a, const double *b) {
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum = hypot(sum, (scale == NULL ? 1.0 : scale[k]) * (a[k] - (b == NULL ? 0.0 : b[k])));
    return sum;
}

double eq_session_cosine(size_t n, const double *scale, const double *a, const double *b) {
    double of = eq_session_distance(n, scale, a, NULL), to = eq_session_distance(n, scale, b, NULL);
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        double unit = scale == NULL ? 1.0 : scale[k];
        sum += unit * a[k] / of * (unit * b[k] / to);
    }
    return of > 0.0 && to > 0.0 ? sum : NAN;
}

eq_status eq_session_model(eq_session *s, eq_diag *diag) {
    eq_hopfield_options network = s->x->network;
    eq_discrete_options discrete = s->x->discrete;
    network.seed = discrete.seed = s->x->seed;
    discrete.unrolled = eq_estimator_unrolled(s->x);
    eq_status status = eq_experiment_has_network(s->x, diag);
    if (status != EQ_OK) return status;
    if (eq_hopfield_is(&network)) return eq_hopfield_new(&network, &s->model, diag);
    if (s->x->elastic.nodes != NULL) return eq_elastic_new(&s->x->elastic, &s->model, diag);
    if (discrete.layers > 0) return eq_discrete_new(&discrete, &s->model, diag);
    if (s->c == NULL) status = eq_experiment_circuit(s->x, &s->c, diag);
    return status == EQ_OK ? eq_network_new(s->c, &s->model, diag) : status;
}

eq_status eq_session_open(eq_session *s, const eq_engine_options *o, eq_diag *diag) {
    bool given = s->model != NULL;
    eq_status status = given ? EQ_OK : eq_session_model(s, diag);
    if (status == EQ_OK && s->c != NULL) status = eq_deck_check_names(s->c, EQ_NGSPICE, diag);
    if (status == EQ_OK) status = eq_session_data(s, diag);
    if (status == EQ_OK) status = warn_of_data(s, diag);
    if (status == EQ_OK) status = eq_fingerprint_of(s->x, s->c, &s->set, &s->print, diag);
    if (status == EQ_OK) status = eq_encoder_fit(&s->x->encoding, &s->set, &s->encoder, diag);
    if (status == EQ_OK && !given) status = initialise(s, diag);
    if (status == EQ_OK && !given) status = eq_session_deviate(s, diag);
    return status == EQ_OK ? eq_session_start(s, o, diag) : status;
}

/* The adjoint needs no energy. */
static void warn_of_bias(const eq_session *s, eq_diag *diag) {
    const char *why = eq_network_about(s->model).biased;
    if (why != NULL && s->x->estimator.kind->phases > 0)
        eq_warn_at(diag, (eq_place){0},
                   "no energy weights, EqProp gradients may be biased: %s; <estimator "
                   "type=\"adjoint\"> needs none",
                   why);
}

static eq_status make_room(eq_session *s, eq_diag *diag) {
    s->phases = eq_phases_new(s->batch, s->outputs);
    s->input = eq_calloc(s->batch, s->encoder.inputs * sizeof *s->input);
    s->y = eq_calloc(s->batch, s->outputs * sizeof *s->y);
    s->target = eq_calloc(s->batch, s->outputs * sizeof *s->target);
    s->goal = eq_calloc(s->batch, sizeof *s->goal);
    bool whole = s->phases != NULL && s->input != NULL && s->y != NULL && s->target != NULL &&
                 s->goal != NULL;
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

/* Rules without an energy, and nodes that are clamped one by one, are of circuits. */
static eq_status check_rule(const eq_session *s, eq_diag *diag) {
    const eq_estimator *e = &s->x->estimator;
    if (s->c != NULL || !eq_estimator_is_local(e)) return EQ_OK;
    bool rule = e->rule != EQ_RULE_ENERGY;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "<estimator> %s=\"%s\" is of circuits; this network learns by its energy: leave %s "
        "out",
        rule ? "rule" : "clamp", rule ? eq_rule_name(e->rule) : "nodes", rule ? "rule" : "clamp");
}

/* The engine that is asked for, that of the experiment, or the one that alone has what the training needs. */
static eq_engine_options engine_of(const eq_session *s, const eq_engine_options *o) {
    const eq_experiment *x = s->x;
    eq_engine_options out = *o;
    if (out.kind == EQ_ENGINE_AUTO && s->c != NULL) out.kind = x->engine;
    /* the layered engine takes gains for good, and sources to be the same in all phases */
    if (eq_estimator_is_local(&x->estimator) && out.kind == EQ_ENGINE_AUTO)
        out.kind = EQ_ENGINE_SPARSE;
    if (x->mismatch.phases != EQ_SAME_DEVICES && eq_session_sources_deviate(s))
        out.kind = EQ_ENGINE_SPARSE;
    /* recurrent backpropagation and Langevin dynamics follow the circuit by its nodes */
    bool follows = x->estimator.kind->iterates || eq_estimator_samples(&x->estimator);
    if (follows && s->c != NULL) out.kind = EQ_ENGINE_SPARSE;
    return out;
}

eq_status eq_session_start(eq_session *s, const eq_engine_options *o, eq_diag *diag) {
    const eq_data *d = s->set.train != NULL ? s->set.train : s->set.test;
    size_t most = s->set.train_count > s->set.test_count ? s->set.train_count : s->set.test_count;
    eq_engine_options options = engine_of(s, o);
    s->outputs = eq_network_outputs(s->model);
    s->batch = options.batch = o->batch < most || most == 0 ? o->batch : most;
    eq_status status = check_sizes(s, d, diag);
    if (status == EQ_OK) status = check_cost(s, diag);
    if (status == EQ_OK) status = check_rule(s, diag);
    if (status == EQ_OK) status = check_minibatch(s, diag);
    if (status == EQ_OK) status = make_room(s, diag);
    if (status == EQ_OK) status = eq_network_start(s->model, &options, diag);
    if (status == EQ_OK) eq_phases_drive(s->phases, eq_session_driver(s));
    if (status == EQ_OK) warn_of_bias(s, diag);
    return status;
}

eq_status eq_session_renew(eq_session *s, const eq_engine_options *o, eq_diag *diag) {
    eq_engine_options options = engine_of(s, o);
    options.batch = s->batch;
    eq_network_free(s->model);
    s->model = NULL;
    eq_status status = eq_network_new(s->c, &s->model, diag);
    return status == EQ_OK ? eq_network_start(s->model, &options, diag) : status;
}

void eq_session_close(eq_session *s) {
    eq_network_free(s->model);
    eq_phases_free(s->phases);
    eq_devices_close(&s->devices);
    eq_chips_close(&s->chips);
    eq_circuit_free(s->c);
    eq_data_set_free(&s->set);
    eq_encoder_free(&s->encoder);
    eq_free(s->input);
    eq_free(s->y);
    eq_free(s->target);
    eq_free(s->goal);
    eq_free(s->distortion.room);
    *s = (eq_session){0};
}

/* What the outputs of the examples are to be. */
static void set_goals(eq_session *s, const eq_data *d, const uint32_t *index, size_t n) {
    bool targets = s->encoder.targets > 0;
    for (size_t j = 0; j < n; j++) {
        double *t = s->target + j * s->outputs;
        s->goal[j] = (eq_goal){d->label[index[j]], targets ? t : NULL};
        eq_encode_targets(&s->encoder, d, index[j], t);
    }
}

eq_raster eq_session_image(const eq_session *s) {
    const eq_data *d = s->set.train_count > 0 ? s->set.train : s->set.test;
    const eq_raster network = image_of_network(s);
    return eq_augmentation_image(&s->x->augmentation, d, &network);
}

eq_status eq_session_distort(eq_session *s, eq_diag *diag) {
    const eq_augmentation *o = &s->x->augmentation;
    size_t n = s->encoder.features;
    eq_free(s->distortion.room);
    s->distortion = (eq_distortion){.o = o, .scale = s->x->encoding.input.scale};
    if (!eq_augmentation_is(o)) return EQ_OK;
    s->distortion.image = eq_session_image(s);
    s->distortion.room = eq_calloc(n, 2 * sizeof *s->distortion.room);
    if (s->distortion.room == NULL) return eq_out_of_memory(diag);
    return eq_augmentation_check(o, &s->distortion.image, n, diag);
}

static void put_inputs(eq_session *s, const eq_data *d, const uint32_t *index, size_t n) {
    if (s->epoch == 0 || s->distortion.room == NULL) {
        eq_encode(&s->encoder, d, index, n, s->input);
        return;
    }
    s->distortion.key = eq_distortion_key(s->x->seed, s->epoch);
    eq_encode_distorted(&s->distortion, &s->encoder, d, index, n, s->input);
}

eq_status eq_session_outputs(eq_session *s, size_t n, double *x, const double *v, double *y,
                             eq_diag *diag) {
    eq_session_convert_inputs(s, n * s->encoder.inputs, x);
    eq_status status = eq_network_free_phase_from(s->model, n, x, v, y, diag);
    if (status == EQ_OK) eq_session_read_outputs(s, n, y);
    return status;
}

eq_status eq_session_free_phase_from(eq_session *s, const eq_data *d, const uint32_t *index,
                                     size_t n, const double *v, eq_diag *diag) {
    put_inputs(s, d, index, n);
    set_goals(s, d, index, n);
    eq_network_read(s->model, s->evaluating, s->read);
    s->row = index;
    return eq_session_outputs(s, n, s->input, v, s->y, diag);
}

eq_status eq_session_free_phase(eq_session *s, const eq_data *d, const uint32_t *index, size_t n,
                                eq_diag *diag) {
    return eq_session_free_phase_from(s, d, index, n, NULL, diag);
}

static void score_class(const eq_session *s, const double *y, size_t label, eq_score *score) {
    size_t guess = eq_predict(s->outputs, y);
    score->wrong += guess != label;
    if (score->confusion != NULL) score->confusion[label * s->outputs + guess]++;
}

/* (y_k - t_k)/gain_k is the error in the units of the data. */
static void score_targets(const eq_session *s, const double *y, const double *t, eq_score *score) {
    for (size_t k = 0; k < s->outputs; k++) {
        double d = (y[k] - t[k]) / s->encoder.target.gain[k];
        score->square[k] += d * d;
        if (score->absolute != NULL) score->absolute[k] += fabs(d);
    }
}

void eq_session_score(const eq_session *s, size_t n, eq_score *score) {
    for (size_t j = 0; j < n; j++) {
        const double *y = s->y + j * s->outputs;
        score->loss += eq_cost_value(&s->x->cost, s->outputs, y, s->goal[j]);
        if (s->goal[j].target == NULL)
            score_class(s, y, s->goal[j].label, score);
        else
            score_targets(s, y, s->goal[j].target, score);
    }
}

double eq_data_spread(const eq_data *d, const uint32_t *index, size_t count, size_t k) {
    double mean = 0.0, square = 0.0;
    for (size_t j = 0; j < count; j++) { /* Welford 1962 */
        double t = eq_data_target(d, index[j], k), off = t - mean;
        mean += off / (double)(j + 1);
        square += off * (t - mean);
    }
    return square;
}

eq_figures eq_session_figures(const eq_session *s, const eq_score *score, const eq_data *d,
                              const uint32_t *index, size_t count) {
    eq_figures f = {NAN, NAN, NAN, NAN};
    double n = (double)count, targets = (double)s->encoder.targets, square = 0.0, r2 = 0.0,
           vary = 0;
    if (count == 0) return f;
    f.loss = score->loss / n;
    if (s->encoder.targets == 0) f.error = (double)score->wrong / n;
    for (size_t k = 0; k < s->encoder.targets; k++) {
        double spread = d == NULL ? 0.0 : eq_data_spread(d, index, count, k);
        square += score->square[k];
        if (!(spread > 0.0)) continue;
        r2 += 1.0 - score->square[k] / spread;
        vary += 1.0;
    }
    if (targets > 0.0) f.rmse = sqrt(square / (n * targets));
    if (vary > 0.0) f.r2 = r2 / vary;
    return f;
}

void eq_session_note_rows(const eq_session *s, eq_status status, size_t n, eq_diag *diag) {
    enum { SHOWN = 64 };
    eq_text all = {0};
    if (status != EQ_ERR_CONVERGE && status != EQ_ERR_SINGULAR) return;
    for (size_t k = 0; k < n && k < SHOWN; k++)
        eq_text_printf(&all, "%s%zu", k == 0 ? "" : ", ", (size_t)s->row[k] + 1);
    if (!all.failed)
        eq_note_at(diag, (eq_place){0}, "example%s of the minibatch, by row of the data: %s%s",
                   n == 1 ? "" : "s", all.text, n > SHOWN ? ", .." : "");
    eq_text_free(&all);
}

eq_status eq_session_evaluate(eq_session *s, const eq_data *d, const uint32_t *index, size_t count,
                              eq_score *score, eq_diag *diag) {
    eq_status status = EQ_OK;
    s->evaluating = true;
    for (size_t k = 0; status == EQ_OK && k < count; k += s->batch) {
        size_t n = count - k < s->batch ? count - k : s->batch;
        s->read = k;
        status = eq_session_free_phase(s, d, index + k, n, diag);
        eq_session_note_rows(s, status, n, diag);
        if (status == EQ_OK) eq_session_score(s, n, score);
        if (status == EQ_OK && s->visit != NULL) status = s->visit(s->visitor, s, k, n, diag);
    }
    s->evaluating = false;
    return status;
}
