/* Memory runs out in experiments, and in trainings and studies that leave a folder. */
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "explore/effects.h"
#include "memory.h"
#include "support/program.h"
#include "train/seeds.h"

enum { LONGEST = 512 };

static eq_status experiment(eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_text text = {0};
    uint64_t hash;
    eq_status status = eq_experiment_read("netlists/iris.xml", &x, diag);
    if (status == EQ_OK) status = eq_experiment_write(x, &text, diag);
    if (status == EQ_OK) status = eq_experiment_fingerprint(x, &hash, diag);
    eq_text_free(&text);
    eq_experiment_free(x);
    return status;
}

/* A list of edges, a grid, rails by a density, an image, and layers with skips. */
static eq_status edges(eq_diag *diag) {
    static const char *const set[] = {
        "architecture.kind=nmos",   "architecture.layers=4,6",
        "architecture.bias=1",      "architecture.models=netlists/transistors.cir",
        "architecture.model=nw",    "architecture.parameters=w=9u vto=1",
        "architecture.density=0.5", "architecture.outputs=differential"};
    static const char *const file[] = {"netlists/graph.xml", "netlists/grid.xml",
                                       "netlists/grid.xml", "netlists/convolution.xml",
                                       "netlists/digits.xml"};
    static const char *const layers[] = {"architecture.layers=3,4,4,6", "architecture.skip=0-2",
                                         "architecture.lateral=1 2"};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof file / sizeof *file; k++) {
        const eq_settings none = {set, 0}, rails = {set, sizeof set / sizeof *set},
                          skips = {layers, sizeof layers / sizeof *layers};
        const eq_settings settings = k == 2 ? rails : k == 4 ? skips : none;
        eq_experiment *x = NULL;
        eq_circuit *c = NULL;
        eq_text text = {0};
        status = eq_experiment_read_with(file[k], &settings, &x, diag);
        if (status == EQ_OK) status = eq_experiment_circuit(x, &c, diag);
        if (status == EQ_OK) status = eq_experiment_write(x, &text, diag);
        if (status == EQ_OK && text.failed) status = EQ_ERR_MEMORY;
        eq_text_free(&text);
        eq_circuit_free(c);
        eq_experiment_free(x);
    }
    return status;
}

/* An experiment changed by path and by parameter, and settings that are refused. */
static eq_status settings(eq_diag *diag) {
    static const char *const item[] = {"estimator.beta=2e-7", "optimizer.group[1].rate=1e-7",
                                       "schedule.factor=0.5", "d*(is)=1e-7",
                                       "data.path=data/iris.csv"};
    static const char *const bad[] = {"estimator.bet=1", "zz=1", "optimizer.group[9].rate=1"};
    const eq_settings good = {item, sizeof item / sizeof *item};
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    eq_text text = {0};
    eq_status status = eq_experiment_read_with("netlists/two-stage.xml", &good, &x, diag);
    if (status == EQ_OK) status = eq_experiment_circuit(x, &c, diag);
    if (status == EQ_OK) status = eq_experiment_write(x, &text, diag);
    eq_circuit_free(c);
    eq_experiment_free(x);
    eq_text_free(&text);
    for (size_t k = 0; status == EQ_OK && k < sizeof bad / sizeof *bad; k++) {
        x = NULL;
        eq_status refused =
            eq_experiment_read_with("netlists/two-stage.xml", &(eq_settings){bad + k, 1}, &x, diag);
        if (refused == EQ_OK) refused = eq_experiment_circuit(x, &c, diag);
        eq_experiment_free(x);
        if (refused != EQ_ERR_USAGE && refused != EQ_ERR_INPUT) return refused;
    }
    return status;
}

/* A training that is looked at before it begins. */
static void look(void *data, const eq_train_summary *summary) {
    (void)data, (void)summary;
}

/* Two epochs of a few minibatches, each with a checkpoint, in a folder that holds a trained run,
 * which goes on or makes way. */
static eq_status train_by(const char *path, const char *run, bool resume, eq_engine_kind kind,
                          const eq_estimator *by, eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_status status = eq_experiment_read(path, &x, diag);
    if (status == EQ_OK) {
        if (by != NULL) x->estimator = *by;
        eq_train_options o = eq_train_defaults();
        o.folder = in(run);
        o.resume = resume;
        o.force = !resume;
        o.engine = kind;
        o.begin = look;
        o.watch_gradient = by != NULL;
        x->epochs = resume ? 2 : 1;
        x->data.train_limit = 8;
        x->data.test_limit = 4;
        status = eq_train(x, &o, NULL, NULL, diag);
    }
    eq_experiment_free(x);
    return status;
}

eq_status memory_train(const char *path, const char *run, bool resume, eq_engine_kind kind,
                       eq_diag *diag) {
    return train_by(path, run, resume, kind, NULL, diag);
}

/* By the adjoint, and with held outputs, the gradient watched. */
static eq_status train_otherwise(eq_engine_kind kind, eq_diag *diag) {
    const eq_estimator exact = {.kind = eq_estimator_find("adjoint")};
    const eq_estimator held = {.kind = eq_estimator_find("one-sided"),
                               .beta = 1e-6,
                               .nudging = EQ_NUDGE_CLAMP,
                               .eta = 0.5,
                               .clamp = INFINITY};
    eq_status status = train_by("netlists/two-stage.xml", "forced", false, kind, &exact, diag);
    if (status != EQ_OK) return status;
    return train_by("netlists/two-stage.xml", "forced", false, kind, &held, diag);
}

static eq_status otherwise_layered(eq_diag *diag) {
    return train_otherwise(EQ_ENGINE_LAYERED, diag);
}

static eq_status otherwise_sparse(eq_diag *diag) {
    return train_otherwise(EQ_ENGINE_SPARSE, diag);
}

/* What circuit, data and method say together needs memory too. */
static eq_status bad_experiments(eq_diag *diag) {
    static const char *const name[] = {
        "unknown-group",         "too-many-inputs", "three-classes", "pairs-for-singles",
        "clamp-without-targets", "hinge-by-energy", "words",         "device-still",
        "device-groups",         "device-pieces",   "edges-column",  "edges-parameter",
        "edges-input",           "edges-twice",     "nmos-models",   "nmos-parameter"};
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        char path[LONGEST];
        eq_experiment *x = NULL;
        snprintf(path, sizeof path, "tests/bad/experiments/%s.xml", name[k]);
        eq_status status = eq_experiment_read(path, &x, diag);
        eq_train_options o = eq_train_defaults();
        if (status == EQ_OK) status = eq_train(x, &o, NULL, NULL, diag);
        eq_experiment_free(x);
        if (status != EQ_ERR_INPUT) return status;
    }
    return EQ_OK;
}

/* Devices of two kinds, trained, gone on with, and evaluated as another chip. */
static eq_status devices(eq_diag *diag) {
    static const char *const set[] = {"device.preset=ecram",
                                      "device.update=mixed-precision",
                                      "device.pair=yes",
                                      "device.piecewise_up=1,0.5",
                                      "device.read_noise=0.01",
                                      "device.group.match=r1*",
                                      "device.group.preset=reram-es",
                                      "data.train-limit=8",
                                      "data.test-limit=4"};
    static const char *const other[] = {"device.chip=7", "device.group.chip=7"};
    const eq_settings settings = {set, sizeof set / sizeof *set};
    eq_experiment *x = NULL;
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    eq_train_options o = eq_train_defaults();
    o.folder = in("devices");
    o.force = true;
    eq_status status = eq_experiment_read_with("netlists/two-stage.xml", &settings, &x, diag);
    if (status == EQ_OK) {
        x->epochs = 1;
        status = eq_train(x, &o, NULL, NULL, diag);
        x->epochs = 2;
    }
    o.force = false;
    o.resume = true;
    if (status == EQ_OK) status = eq_train(x, &o, NULL, NULL, diag);
    eq_trained_options as = eq_trained_defaults();
    as.set = (eq_settings){other, 2};
    if (status == EQ_OK) status = eq_trained_open(in("devices"), &as, &m, diag);
    if (status == EQ_OK) status = eq_trained_evaluate(m, &e, diag);
    if (status == EQ_OK) eq_evaluation_free(&e);
    eq_trained_free(m);
    eq_experiment_free(x);
    return status;
}

/* Two seeds, one after the other: threads would draw from one count. */
static eq_status train_seeds(eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_seed_run *run = NULL;
    size_t runs = 0;
    eq_status status = eq_experiment_read("netlists/xor.xml", &x, diag);
    if (status == EQ_OK) status = eq_seeds_read("1..2", &run, &runs, diag);
    if (status == EQ_OK) {
        eq_seeds_options o = {.each = eq_train_defaults()};
        o.each.folder = in("seeds");
        o.each.force = true;
        x->epochs = 1;
        status = eq_seeds_train(x, &o, run, runs, diag);
    }
    eq_free(run);
    eq_experiment_free(x);
    return status;
}

/* Two points in this process, with all kinds of figures, and what is said of them. */
static eq_status study(eq_diag *diag) {
    eq_study *s = NULL;
    eq_explored x = {0};
    eq_effect e = {0};
    size_t *front = NULL, count;
    eq_status status = eq_study_read(in("study.xml"), NULL, &s, diag);
    const eq_explore_options o = {.folder = in("study"), .force = true};
    if (status == EQ_OK) status = eq_explore(s, &o, &x, diag);
    if (status == EQ_OK) status = eq_effect_find(s, &x, 0, 0, &e, diag);
    if (status == EQ_OK) status = eq_points_front(s, &x, s->pareto, &front, &count, diag);
    /* A training without memory is a row that says so; the study itself goes on. */
    for (size_t k = 0; status == EQ_OK && k < x.all.runs; k++)
        if (x.all.failed[k]) status = eq_out_of_memory(diag);
    eq_free(front);
    eq_effect_free(&e);
    eq_explored_free(&x);
    eq_study_free(s);
    return status;
}

/* Studies that search, two rounds each. */
static eq_status searches(eq_diag *diag) {
    static const char *const file[] = {"halving.xml", "cma.xml"};
    eq_status status = EQ_OK;
    for (int k = 0; status == EQ_OK && k < 2; k++) {
        eq_study *s = NULL;
        eq_explored x = {0};
        const eq_explore_options o = {.folder = in("search"), .force = true};
        status = eq_study_read(in(file[k]), NULL, &s, diag);
        if (status == EQ_OK) status = eq_explore(s, &o, &x, diag);
        for (size_t j = 0; status == EQ_OK && j < x.all.runs; j++)
            if (x.all.failed[j]) status = eq_out_of_memory(diag);
        eq_explored_free(&x);
        eq_study_free(s);
    }
    return status;
}

static eq_status train_layered(eq_diag *diag) {
    return memory_train("netlists/two-stage.xml", "forced", false, EQ_ENGINE_LAYERED, diag);
}

static eq_status train_sparse(eq_diag *diag) {
    return memory_train("netlists/two-stage.xml", "forced", false, EQ_ENGINE_SPARSE, diag);
}

static eq_status resume(eq_diag *diag) {
    return memory_train("netlists/two-stage.xml", "run", true, EQ_ENGINE_AUTO, diag);
}

/* A run of a network of edges, whose list and names are compared when it is opened with a change. */
static eq_status run_of_edges(eq_diag *diag) {
    const char *const item[] = {"network.tolerance=1e-7"};
    eq_trained_options as = eq_trained_defaults();
    eq_trained *m = NULL;
    as.set = (eq_settings){item, 1};
    eq_status status =
        memory_train("netlists/hopfield-graph.xml", "edges", false, EQ_ENGINE_AUTO, diag);
    if (status == EQ_OK) status = eq_trained_open(in("edges"), &as, &m, diag);
    eq_trained_free(m);
    return status;
}

/* Free states that are kept, written, and taken up again. */
static eq_status cached(eq_diag *diag) {
    static const char *const set[] = {"network.cache=yes", "network.layers=64,5,10",
                                      "network.tolerance=1e-4", "data.train-limit=8",
                                      "data.test-limit=4"};
    const eq_settings settings = {set, sizeof set / sizeof *set};
    eq_experiment *x = NULL;
    eq_train_options o = eq_train_defaults();
    eq_status status = eq_experiment_read_with("netlists/hopfield-digits.xml", &settings, &x, diag);
    o.folder = in("cached");
    o.force = true;
    for (size_t k = 1; status == EQ_OK && k <= 2; k++) {
        x->epochs = k;
        status = eq_train(x, &o, NULL, NULL, diag);
        o.force = false;
        o.resume = true;
    }
    eq_experiment_free(x);
    return status;
}

/* A folder in use, and a run that goes on with another seed. */
static eq_status refused_folders(eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_train_options o = eq_train_defaults();
    o.folder = in("run");
    eq_status status = eq_experiment_read("netlists/two-stage.xml", &x, diag);
    if (status != EQ_OK) return status;
    x->seed = 77;
    status = eq_train(x, &o, NULL, NULL, diag);
    o.resume = true;
    if (status == EQ_ERR_USAGE) status = eq_train(x, &o, NULL, NULL, diag);
    eq_experiment_free(x);
    return status == EQ_ERR_INPUT ? EQ_OK : status;
}

/* A regression whose best epoch is kept, and its evaluation. */
static eq_status regression(eq_diag *diag) {
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    eq_status status = memory_train(in("sine.xml"), "forced", false, EQ_ENGINE_LAYERED, diag);
    if (status == EQ_OK) status = eq_trained_open_on(in("forced"), NULL, 1, &m, diag);
    if (status == EQ_OK) status = eq_trained_evaluate(m, &e, diag);
    eq_evaluation_free(&e);
    eq_trained_free(m);
    return status;
}

const memory_scenario memory_of_trainings[] = {
    {"an experiment", .run = experiment},
    {"edges", .run = edges},
    {"bad experiments", .run = bad_experiments},
    {"training, layered", .run = train_layered},
    {"training, sparse", .run = train_sparse},
    {"training by adjoint and clamps, layered", .run = otherwise_layered},
    {"training by adjoint and clamps, sparse", .run = otherwise_sparse},
    {"trainings of two seeds", .run = train_seeds},
    {"a study", .run = study},
    {"searches", .run = searches},
    {"devices", .run = devices},
    {"folders that are refused", .run = refused_folders},
    {"resumed training", .run = resume},
    {"cached free states", .run = cached},
    {"a run of a network of edges", .run = run_of_edges},
    {"settings", .run = settings},
    {"regression", .run = regression},
    {.name = NULL},
};
