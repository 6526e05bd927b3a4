#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "train/checkpoint.h"
#include "train/devices.h"
#include "train/folder.h"
#include "train/models.h"
#include "train/same.h"
#include "train/seed_folders.h"
#include "train/trained.h"

/* The names of the classes as a table without examples: what eq_data_read_test needs to know. */
static eq_status known_classes(const eq_experiment *x, const eq_checkpoint *p, eq_data **out,
                               eq_diag *diag) {
    eq_data *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return eq_out_of_memory(diag);
    d->features = p->encoder.features;
    d->goal = eq_data_goal_of(x->data.targets);
    d->classes = (size_t)p->classes;
    d->class_name = eq_strings_copy(p->class_name, d->classes);
    if (p->features > 0) d->feature_name = eq_strings_copy(p->feature_name, d->features);
    if (d->class_name == NULL || (p->features > 0 && d->feature_name == NULL)) {
        eq_data_free(d);
        return eq_out_of_memory(diag);
    }
    *out = d;
    return EQ_OK;
}

/* Rows that were held out from other data may be rows that this network was trained with. */
static eq_status warn_of_data(const eq_trained *m, const eq_checkpoint *p, eq_diag *diag) {
    eq_text names = {0};
    if (p->run == 0 || eq_data_fingerprint(&m->s.set) == p->began.data) return EQ_OK;
    eq_data_names(m->s.data, &names);
    eq_status status = names.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK)
        eq_warn_at(diag, (eq_place){0},
                   "the data changed since the run began: %s; the test set may hold rows it was "
                   "trained with, give one with --data",
                   names.text);
    eq_text_free(&names);
    return status;
}

/* V = scale (n - center) of n columns with the same n under another scale and center. */
static void scale_anew(eq_affine *a, size_t n, const eq_scaling *was, const eq_scaling *is) {
    if (is->scale == was->scale && is->center == was->center) return;
    for (size_t f = 0; f < n; f++) {
        double middle = -a->offset[f] / was->scale - was->center;
        a->gain[f] *= is->scale / was->scale;
        a->offset[f] = -is->scale * (middle + is->center);
    }
}

/* The encoder of the run under a changed encoding, fitted anew where that normalises otherwise. */
static eq_status encode_anew(eq_trained *m, const char *data_path, eq_diag *diag) {
    const eq_encoding *is = &m->x->encoding, *was = &m->was;
    eq_encoder *e = &m->s.encoder;
    if (is->input.normalize != was->input.normalize || was->input.scale == 0.0 ||
        is->target.normalize != was->target.normalize) {
        if (data_path != NULL)
            return eq_fail(diag, EQ_ERR_USAGE,
                           "another normalisation is fitted to the training rows, which --data "
                           "leaves out; give one of --data and --set encoding.normalize");
        eq_encoder_free(e);
        return eq_encoder_fit(is, &m->s.set, e, diag);
    }
    scale_anew(&e->input, e->features, &was->input, &is->input);
    scale_anew(&e->target, e->targets, &was->target, &is->target);
    e->invert = is->invert;
    e->inputs = e->invert ? 2 * e->features : e->features;
    return EQ_OK;
}

/* What would change which rows are held out. */
static eq_status check_settings(const eq_settings *set, eq_diag *diag) {
    static const struct {
        const char *start, *why;
    } refused[] = {
        {"seed=", "the rows held out are those of the run, others may be rows that it was trained "
                  "with; train with --seed to have another run"},
        {"data.", "its data are those of the run, or another file by --data, which is read in the "
                  "same way"},
    };
    for (size_t k = 0; k < set->count; k++)
        for (size_t j = 0; j < sizeof refused / sizeof *refused; j++)
            if (strncmp(set->item[k], refused[j].start, strlen(refused[j].start)) == 0)
                return eq_fail(diag, EQ_ERR_USAGE, "--set %s cannot be in an evaluation: %s",
                               set->item[k], refused[j].why);
    return EQ_OK;
}

/* The held-out rows, or those of o->data; the encoder is the one fitted when training began. */
static eq_status read_data(eq_trained *m, eq_checkpoint *p, const eq_trained_options *o,
                           eq_diag *diag) {
    eq_status status;
    if (o->data == NULL && o->labels != NULL)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "--labels '%s' are of other examples; give these by --data FILE", o->labels);
    if (o->data == NULL) {
        status = eq_session_data(&m->s, diag);
        if (status == EQ_OK) status = warn_of_data(m, p, diag);
    } else {
        eq_data *known = NULL;
        status = known_classes(m->x, p, &known, diag);
        if (status == EQ_OK)
            status = eq_data_read_test(&m->x->data, o->data, o->labels, known, &m->s.set, diag);
        m->s.set.train = known;
    }
    m->s.encoder = p->encoder;
    p->encoder = (eq_encoder){0};
    return status == EQ_OK ? encode_anew(m, o->data, diag) : status;
}

/* The training goes on for many epochs between two models; the checkpoint has the conductances of
 * the same elements in the same order. */
static eq_status catch_up(eq_session *s, const eq_checkpoint *p, const double *theta,
                          const char *folder, eq_diag *diag) {
    size_t n = eq_network_parameters(s->model);
    if (n != p->conductances)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s/" EQ_TRAIN_MODEL "' has %zu conductances, the checkpoint %zu; go on "
                       "with the training by --resume, which writes both",
                       folder, n, (size_t)p->conductances);
    eq_session_put(s, theta);
    return EQ_OK;
}

/* The parameters that the run has trained go into the model that has been built. */
static eq_status take_over(eq_trained *m, const eq_checkpoint *p, eq_diag *diag) {
    size_t own = eq_network_parameters(m->s.model), trained = (size_t)p->conductances;
    uint64_t steps;
    if (own == trained) {
        eq_session_put(&m->s, eq_checkpoint_network(p, &steps));
        return EQ_OK;
    }
    if (!eq_experiment_has_circuit(m->x))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the <network> has %zu parameters, the checkpoint %zu; only a network with "
                       "the same layers can take them over",
                       own, trained);
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the changed circuit has %zu conductances to train, the run %zu; only a "
                   "circuit with the same ones can take them over",
                   own, trained);
}

/* The circuit of the changed experiment. */
static eq_status build_circuit(eq_trained *m, const eq_checkpoint *p, eq_diag *diag) {
    eq_status status = eq_experiment_circuit(m->x, &m->s.c, diag);
    if (status == EQ_OK) status = eq_network_new(m->s.c, &m->s.model, diag);
    return status == EQ_OK ? take_over(m, p, diag) : status;
}

/* The network of a run without a circuit stands in its checkpoint. */
static eq_status build_network(eq_trained *m, const eq_checkpoint *p, eq_diag *diag) {
    eq_status status = eq_same_lists(m->run, p->began.circuit, diag);
    if (status == EQ_OK) status = eq_session_model(&m->s, diag);
    bool many = status == EQ_OK && eq_network_parameters(m->s.model) == p->conductances;
    if (many && m->other) status = eq_same_parameters(m->run, m->s.model, diag);
    return status == EQ_OK ? take_over(m, p, diag) : status;
}

static eq_status read_circuit(eq_trained *m, const eq_checkpoint *p, const char *folder,
                              eq_diag *diag) {
    if (!eq_experiment_has_circuit(m->x)) return build_network(m, p, diag);
    if (m->other) return build_circuit(m, p, diag);
    char *path = eq_path_join(folder, EQ_TRAIN_MODEL), *text = NULL;
    size_t length = 0;
    eq_status status = path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_file_read(path, (eq_place){0}, &text, &length, diag);
    if (status == EQ_OK) {
        eq_model_note note = eq_model_note_read(text);
        status = eq_folder_same_run(folder, EQ_TRAIN_MODEL, note.run, p->run, diag);
        if (status == EQ_OK) status = eq_circuit_parse(path, text, length, &m->s.c, diag);
        if (status == EQ_OK) status = eq_network_new(m->s.c, &m->s.model, diag);
        uint64_t steps;
        const double *theta = eq_checkpoint_network(p, &steps);
        if (status == EQ_OK && p->run != 0 && note.steps != steps)
            status = catch_up(&m->s, p, theta, folder, diag);
    }
    eq_free(text);
    eq_free(path);
    return status;
}

/* The experiment of the run, changed by the settings. */
static eq_status read_experiment(eq_trained *m, const char *folder, const eq_settings *set,
                                 eq_diag *diag) {
    char *path = eq_path_join(folder, EQ_TRAIN_EXPERIMENT);
    eq_experiment *plain = NULL;
    eq_status status = path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_experiment_read(path, &plain, diag);
    if (status == EQ_OK) status = eq_experiment_read_with(path, set, &m->x, diag);
    if (status == EQ_OK) status = eq_experiment_same_circuit(plain, m->x, &m->other, diag);
    if (status == EQ_OK) {
        /* model.cir is the chip that the run was trained on */
        m->deviates = m->drawn || !eq_mismatch_same_chip(&plain->mismatch, &m->x->mismatch);
        m->other = m->other || (m->deviates && plain->mismatch.deviations > 0);
        m->presets = plain->presets;
        m->was = plain->encoding;
        m->s.x = m->x;
        m->s.reads = !eq_hardware_is_ideal(&m->x->hardware);
    }
    m->run = plain;
    eq_free(path);
    return status;
}

static eq_status read_checkpoint(eq_checkpoint *p, const char *folder, eq_diag *diag) {
    char *path = eq_path_join(folder, EQ_TRAIN_CHECKPOINT);
    if (path == NULL) return eq_out_of_memory(diag);
    eq_status status = eq_checkpoint_read(path, p, diag);
    eq_free(path);
    return status;
}

/* A folder that was moved without its data. */
static void say_where(const eq_trained *m, const char *folder, eq_diag *diag) {
    if (m->x->home != NULL)
        eq_note_at(
            diag, (eq_place){0},
            "the data of a run that was moved is looked for from '%s', in it, and from where "
            "it stood ('%s'); copy the file into the folder, or give a test set with --data",
            folder, m->x->home);
}

/* A network without a circuit has neither temperature nor models. */
static eq_status change_network(const eq_trained *m, const eq_trained_options *o, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (!isnan(o->temp)) status = eq_experiment_needs_circuit(m->x, "--temp", diag);
    if (status == EQ_OK && o->models != NULL)
        status = eq_experiment_needs_circuit(m->x, "--model", diag);
    return status;
}

/* Temperature, models and parameters that are not as in the run. */
static eq_status change_circuit(eq_trained *m, const eq_trained_options *o, eq_diag *diag) {
    eq_status status = EQ_OK;
    if (m->s.c == NULL) return change_network(m, o, diag);
    if (!isnan(o->temp)) {
        if (!(o->temp > -273.15 && isfinite(o->temp)))
            return eq_fail(diag, EQ_ERR_USAGE,
                           "%g is no temperature in degrees C; give one above -273.15", o->temp);
        m->s.c->env.temp = o->temp;
    }
    if (o->models != NULL) status = eq_models_replace(m->s.c, o->models, diag);
    if (status == EQ_OK) eq_circuit_derive(m->s.c);
    if (status == EQ_OK && !m->other) status = eq_presets_apply(m->x, m->presets, m->s.c, diag);
    return status;
}

/* The circuit, as it was meant, becomes the chip that is asked for. */
static eq_status deviate(eq_trained *m, eq_diag *diag) {
    const eq_mismatch *mismatch = &m->x->mismatch;
    if (m->drawn && m->s.c == NULL) return eq_experiment_needs_circuit(m->x, "mismatch", diag);
    if (m->drawn && mismatch->deviations == 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the run has no mismatch to draw from; say what deviates, as in --set "
                       "mismatch.sigma=0.1 (every parameter by 10 %%)");
    if (m->drawn) return eq_devices_open(&m->s.devices, mismatch, m->s.c, diag);
    return m->deviates ? eq_session_deviate(&m->s, diag) : EQ_OK;
}

/* All files of the folder, which must be those of one run; its data unless that is not wanted. */
static eq_status read_folder(eq_trained *m, const char *folder, bool data,
                             const eq_trained_options *o, eq_diag *diag) {
    eq_checkpoint p = {0};
    eq_status status = data ? check_settings(&o->set, diag) : EQ_OK;
    if (status == EQ_OK) status = eq_seed_folders_choose(folder, diag);
    if (status == EQ_OK) status = eq_folder_begun(folder, diag);
    if (status == EQ_OK) status = read_experiment(m, folder, &o->set, diag);
    if (status == EQ_OK) status = eq_folder_complete(folder, eq_experiment_has_circuit(m->x), diag);
    if (status == EQ_OK) status = read_checkpoint(&p, folder, diag);
    if (status == EQ_OK)
        status = eq_folder_same_run(folder, EQ_TRAIN_EXPERIMENT, m->x->run, p.run, diag);
    if (status == EQ_OK) status = read_circuit(m, &p, folder, diag);
    if (status == EQ_OK) status = change_circuit(m, o, diag);
    if (status == EQ_OK) status = deviate(m, diag);
    if (status == EQ_OK && data) {
        status = read_data(m, &p, o, diag);
        if (status != EQ_OK && o->data == NULL) say_where(m, folder, diag);
    }
    if (status == EQ_OK && p.best_epoch > 0) m->best = *eq_checkpoint_best(&p);
    if (status == EQ_OK && p.rows > 0) m->last = p.row[p.rows - 1];
    m->epochs = (size_t)p.epoch;
    eq_checkpoint_free(&p);
    return status;
}

eq_trained_options eq_trained_defaults(void) {
    return (eq_trained_options){.threads = 1, .temp = NAN};
}

eq_status eq_trained_model(const char *folder, const eq_settings *settings, eq_experiment **x,
                           eq_network **model, eq_diag *diag) {
    eq_trained m = {0};
    eq_trained_options o = eq_trained_defaults();
    if (settings != NULL) o.set = *settings;
    eq_status status = read_folder(&m, folder, false, &o, diag);
    if (status == EQ_OK) {
        *x = m.x;
        *model = m.s.model;
        m.x = NULL;
        m.s.c = NULL;
        m.s.model = NULL;
    }
    eq_session_close(&m.s);
    eq_experiment_free(m.run);
    eq_experiment_free(m.x);
    return status;
}

eq_status eq_trained_read(const char *folder, const eq_settings *settings, eq_experiment **x,
                          eq_circuit **c, eq_diag *diag) {
    eq_network *model = NULL;
    eq_status status = eq_trained_model(folder, settings, x, &model, diag);
    if (status != EQ_OK) return status;
    status = eq_experiment_needs_circuit(*x, "this command", diag);
    *c = eq_network_circuit(model);
    eq_network_free(model);
    if (status == EQ_OK) return status;
    eq_experiment_free(*x);
    *x = NULL;
    return status;
}

eq_status eq_trained_open_on(const char *folder, const char *data_path, int threads,
                             eq_trained **out, eq_diag *diag) {
    eq_trained_options o = eq_trained_defaults();
    o.data = data_path;
    o.threads = threads;
    return eq_trained_open(folder, &o, out, diag);
}

static eq_status open_folder(const char *folder, const eq_trained_options *o, bool drawn,
                             eq_trained **out, eq_diag *diag) {
    eq_trained_options usual = eq_trained_defaults();
    if (o == NULL) o = &usual;
    if (o->threads < 1)
        return eq_fail(diag, EQ_ERR_USAGE, "%d threads cannot work; give 1 or more", o->threads);
    eq_trained *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    m->drawn = drawn;
    m->engine = (eq_engine_options){EQ_ENGINE_AUTO, 32, o->threads};
    eq_status status = read_folder(m, folder, true, o, diag);
    if (status == EQ_OK) status = eq_session_start(&m->s, &m->engine, diag);
    if (status == EQ_OK && m->x->devices > 0) status = eq_session_transfer(&m->s, m->run, diag);
    if (status == EQ_OK)
        *out = m;
    else
        eq_trained_free(m);
    return status;
}

eq_status eq_trained_open(const char *folder, const eq_trained_options *o, eq_trained **out,
                          eq_diag *diag) {
    return open_folder(folder, o, false, out, diag);
}

eq_status eq_trained_open_for_draws(const char *folder, const eq_trained_options *o,
                                    eq_trained **out, eq_diag *diag) {
    return open_folder(folder, o, true, out, diag);
}

void eq_trained_free(eq_trained *m) {
    if (m == NULL) return;
    eq_session_close(&m->s);
    eq_experiment_free(m->run);
    eq_experiment_free(m->x);
    eq_free(m);
}

bool eq_trained_reads(const eq_trained *m, const char *path) {
    const char *file[EQ_DATA_FILES];
    size_t n = eq_data_files(m->s.data == NULL ? &m->x->data : m->s.data, file);
    bool reads = eq_same_file(path, m->x->deck);
    for (size_t k = 0; k < n; k++) reads |= eq_same_file(path, file[k]);
    for (int k = 0; k < EQ_NET_TEXTS; k++) reads |= eq_same_file(path, m->x->architecture.text[k]);
    return reads;
}

eq_circuit *eq_trained_circuit(eq_trained *m) {
    return m->s.c;
}

void eq_trained_take(eq_trained *m, bool training) {
    m->training = training;
}

size_t eq_trained_samples(const eq_trained *m) {
    return m->training ? m->s.set.train_count : m->s.set.test_count;
}

/* The rows that the samples are. */
static const eq_data *taken(const eq_trained *m, const uint32_t **index) {
    const eq_data_set *set = &m->s.set;
    *index = m->training ? set->train_index : set->test_index;
    return m->training ? set->train : set->test;
}

const eq_experiment *eq_trained_experiment(const eq_trained *m) {
    return m->x;
}

eq_metrics eq_trained_last(const eq_trained *m) {
    return m->last;
}

size_t eq_trained_feature_count(const eq_trained *m) {
    return m->s.encoder.features;
}

const char *eq_trained_feature_name(const eq_trained *m, size_t f) {
    const eq_data *d = m->training ? m->s.set.train : m->s.set.test;
    return d == NULL || d->feature_name == NULL ? NULL : d->feature_name[f];
}

size_t eq_trained_row(const eq_trained *m) {
    size_t n = m->s.encoder.features, side = (size_t)lround(sqrt((double)n));
    const eq_raster r = eq_session_image(&m->s);
    if (eq_raster_fits(&r, n)) return r.together ? r.width * r.channels : r.width;
    return side * side == n ? side : n;
}

void eq_trained_example(const eq_trained *m, size_t k, double *feature) {
    const uint32_t *index;
    const eq_data *d = taken(m, &index);
    for (size_t f = 0; f < d->features; f++) feature[f] = eq_data_feature(d, index[k], f);
}

bool eq_trained_chosen(const eq_trained *m, eq_metrics *row, size_t *epochs) {
    if (row != NULL) *row = m->best;
    *epochs = m->epochs;
    return m->best.epoch > 0;
}

/* Names, and room for what is counted of each class or target. */
static eq_status make_room(const eq_trained *m, eq_evaluation *e, eq_score *score, eq_diag *diag) {
    size_t n = m->s.outputs;
    bool targets = m->s.encoder.targets > 0;
    e->class_name = eq_strings_copy(m->s.set.train->class_name, n);
    if (targets) {
        e->target = eq_calloc(n, sizeof *e->target);
        score->square = eq_calloc(n, sizeof *score->square);
        score->absolute = eq_calloc(n, sizeof *score->absolute);
    } else {
        score->confusion = e->confusion = eq_calloc(n, n * sizeof *e->confusion);
    }
    bool room = targets ? e->target != NULL && score->square != NULL && score->absolute != NULL
                        : e->confusion != NULL;
    e->classes = n;
    return e->class_name != NULL && room ? EQ_OK : eq_out_of_memory(diag);
}

/* The sums, divided. */
static void conclude(const eq_trained *m, const eq_score *score, eq_evaluation *e) {
    const uint32_t *index;
    const eq_data *d = taken(m, &index);
    eq_figures f = eq_session_figures(&m->s, score, d, index, e->examples);
    double n = (double)e->examples;
    e->wrong = score->wrong;
    e->loss = f.loss;
    e->error = f.error;
    e->rmse = f.rmse;
    e->r2 = f.r2;
    for (size_t k = 0; e->target != NULL && k < e->classes; k++) {
        double spread = eq_data_spread(d, index, e->examples, k);
        e->target[k] =
            (eq_target_figures){sqrt(score->square[k] / n), score->absolute[k] / n,
                                spread > 0.0 ? 1.0 - score->square[k] / spread : (double)NAN};
    }
}

eq_status eq_trained_evaluate(eq_trained *m, eq_evaluation *out, eq_diag *diag) {
    const uint32_t *index;
    const eq_data *d = taken(m, &index);
    eq_evaluation e = {.examples = eq_trained_samples(m)};
    eq_score score = {0};
    eq_status status = EQ_OK;
    if (e.examples == 0)
        status =
            eq_fail(diag, EQ_ERR_INPUT,
                    "the experiment keeps no test set; give one with --data, or test-fraction in "
                    "<data> before training");
    if (status == EQ_OK) status = make_room(m, &e, &score, diag);
    if (status == EQ_OK) status = eq_session_evaluate(&m->s, d, index, e.examples, &score, diag);
    if (status == EQ_OK) conclude(m, &score, &e);
    eq_free(score.square);
    eq_free(score.absolute);
    if (status == EQ_OK)
        *out = e;
    else
        eq_evaluation_free(&e);
    return status;
}

void eq_evaluation_free(eq_evaluation *e) {
    eq_strings_free(e->class_name, e->classes);
    eq_free(e->confusion);
    eq_free(e->target);
    *e = (eq_evaluation){0};
}

bool eq_trained_nudges(const eq_trained *m) {
    const eq_estimator *e = &m->x->estimator;
    bool pair = false;
    if (e->nudging != EQ_NUDGE_CLAMP || !e->nodes) return true;
    for (size_t k = 0; !pair && k < m->s.outputs; k++) eq_network_output(m->s.model, k, &pair);
    return !pair;
}

/* The currents at which the nudged phase rests: -beta dC/dy at the free outputs, at the nudged ones,
 * or those of the clamps. A node that is held exactly does not tell its own. */
static eq_status nudge_currents(eq_trained *m, double *current, eq_diag *diag) {
    eq_session *s = &m->s;
    eq_estimator e = m->x->estimator;
    if (!eq_trained_nudges(m))
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "clamp=\"nodes\" moves both nodes of a pair, and a nudge source stands between "
            "them, so that it cannot drive the nudged phase; take the free one");
    e.nodes = false;
    eq_status status = eq_phases_nudge(s->phases, s->model, 1, &m->x->cost, &e,
                                       eq_estimator_strength(&e), 1, s->y, s->goal, s->y, diag);
    if (status == EQ_OK) eq_phases_driven(s->phases, s->y, current);
    return status;
}

/* "there is no test sample 7; there are 0..3, and of the training set (--train) 0..9" */
static eq_status no_sample(const eq_trained *m, size_t k, eq_diag *diag) {
    const char *own = m->training ? "training" : "test", *other = m->training ? "test" : "training";
    size_t samples = eq_trained_samples(m), sum = m->s.set.train_count + m->s.set.test_count;
    eq_text text = {0};
    if (samples == 0)
        eq_text_printf(&text, "the run has no %s set", own);
    else
        eq_text_printf(&text, "there are 0..%zu", samples - 1);
    if (sum > samples)
        eq_text_printf(&text, ", and %s samples 0..%zu (%s --train)", other, sum - samples - 1,
                       m->training ? "without" : "with");
    eq_status status = text.failed ? eq_out_of_memory(diag)
                                   : eq_fail(diag, EQ_ERR_USAGE, "there is no %s sample %zu; %s",
                                             own, k, text.text);
    eq_text_free(&text);
    return status;
}

eq_status eq_trained_sample(eq_trained *m, size_t k, bool nudged, eq_diag *diag) {
    eq_session *s = &m->s;
    const uint32_t *index;
    const eq_data *d = taken(m, &index);
    if (k >= eq_trained_samples(m)) return no_sample(m, k, diag);
    double *current = eq_calloc(s->outputs, sizeof *current);
    if (current == NULL) return eq_out_of_memory(diag);
    eq_status status = eq_session_free_phase(s, d, index + k, 1, diag);
    if (status == EQ_OK && nudged) status = nudge_currents(m, current, diag);
    if (status == EQ_OK)
        status = eq_network_present(s->model, s->input, nudged ? current : NULL, diag);
    eq_free(current);
    return status;
}

eq_status eq_trained_features(eq_trained *m, const double *value, size_t n, eq_diag *diag) {
    eq_session *s = &m->s;
    if (n != s->encoder.features)
        return eq_fail(diag, EQ_ERR_USAGE, "%zu values are given, the data have %zu features", n,
                       s->encoder.features);
    double *own = eq_malloc(n, sizeof *own);
    if (own == NULL) return eq_out_of_memory(diag);
    for (size_t f = 0; f < n; f++) own[f] = value[f];
    uint32_t first = 0;
    eq_data one = {.examples = 1, .features = n, .value = own};
    eq_encode(&s->encoder, &one, &first, 1, s->input);
    eq_session_convert_inputs(s, s->encoder.inputs, s->input);
    eq_free(own);
    return eq_network_present(s->model, s->input, NULL, diag);
}
