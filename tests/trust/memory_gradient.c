/* Memory runs out in gradients: their checks, the kinds of models, and parts that are not ideal. */
#include "memory.h"
#include "support/program.h"
#include "train/langevin_run.h"
#include "train/meta/check.h"
#include "train/transient.h"

static eq_status gradcheck(eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_gradcheck_report r = {0};
    eq_status status = eq_experiment_read("netlists/two-stage.xml", &x, diag);
    if (status == EQ_OK) status = eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 2, &r, diag);
    eq_gradcheck_free(&r);
    eq_experiment_free(x);
    return status;
}

/* Both sides of theorem 3.1 over a few steps, of a circuit and of a network, and an epoch by recurrent
 * backpropagation. */
static eq_status transient_of(const char *path, eq_diag *diag) {
    static const char *const item[] = {"data.train-limit=4", "data.validation-fraction=0",
                                       "estimator.type=rbp"};
    const eq_settings set = {item, 3};
    eq_transient_options o = eq_transient_defaults();
    eq_experiment *x = NULL;
    eq_transient t = {.table = NULL};
    o.examples = 2;
    o.steps = 3;
    eq_status status = eq_experiment_read_with(path, &set, &x, diag);
    if (status == EQ_OK) status = eq_transient_check(x, NULL, &o, &t, diag);
    eq_transient_free(&t);
    eq_experiment_free(x);
    return status;
}

static eq_status langevin(eq_diag *diag) {
    eq_langevin_options o = eq_langevin_defaults();
    eq_experiment *x = NULL;
    eq_langevin_report r = {.table = NULL};
    eq_result *t = NULL;
    o.temperature = 1e-9;
    o.steps = 100;
    eq_status status = eq_experiment_read("netlists/linear.xml", &x, diag);
    if (status == EQ_OK) status = eq_langevin_run(x, NULL, &o, &r, diag);
    if (status == EQ_OK) status = eq_histogram_table(r.table, r.histogram, r.units, &t, diag);
    eq_result_free(t);
    eq_langevin_report_free(&r);
    eq_experiment_free(x);
    return status;
}

/* Two tasks of the sines, shared and learned groups; each gradient of a training is bounded to few steps. */
static eq_status tasks(eq_diag *diag) {
    static const char *const item[] = {"meta.steps=3", "data.test-fraction=0.98",
                                       "meta.strength-rate=0.1", "regularizer.soft-strength=1e8",
                                       "regularizer.soft-high=4e-6"};
    const eq_settings set = {item, 5};
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    eq_meta_check_report r = {.why = NULL};
    eq_status status = eq_experiment_read_with("netlists/meta-sine.xml", &set, &x, diag);
    if (status == EQ_OK) status = eq_trainer_new(x, NULL, &t, diag);
    if (status == EQ_OK) status = eq_trainer_step(t, NULL, diag);
    if (status == EQ_OK) status = eq_meta_check(x, NULL, NULL, 1, &r, diag);
    eq_meta_check_free(&r);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return status;
}

/* What is no circuit: training into a folder, evaluation, gradient check. */
static eq_status network_of(const char *experiment, const char *layers, const char *estimator,
                            eq_diag *diag) {
    const char *const item[] = {layers, "data.train-limit=30", "data.test-limit=10", estimator};
    const eq_settings set = {item, 4};
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    eq_gradcheck_report r = {0};
    eq_trainer_score score;
    eq_status status = eq_experiment_read_with(experiment, &set, &x, diag);
    if (status == EQ_OK) status = eq_trainer_new(x, NULL, &t, diag);
    if (status == EQ_OK) status = eq_trainer_step(t, &score, diag);
    if (status == EQ_OK) status = eq_trainer_evaluate(t, &score, diag);
    if (status == EQ_OK) status = eq_gradcheck(x, NULL, EQ_ENGINE_AUTO, 1, &r, diag);
    eq_gradcheck_free(&r);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return status;
}

static eq_status network(eq_diag *diag) {
    return network_of("netlists/hopfield-digits.xml", "network.layers=64,6,10",
                      "estimator.type=symmetric", diag);
}

static eq_status soft_network(eq_diag *diag) {
    return network_of("netlists/hopfield-digits.xml", "network.layers=64,4,10",
                      "network.sigma=tanh", diag);
}

static eq_status sparse_network(eq_diag *diag) {
    return network_of("netlists/hopfield-sparse.xml", "network.layers=64,6,10",
                      "network.density=w*=0.5 wl1=0.1", diag);
}

static eq_status network_of_edges(eq_diag *diag) {
    return network_of("netlists/hopfield-graph.xml", "estimator.beta=0.5",
                      "estimator.type=symmetric", diag);
}

static eq_status sampled_network(eq_diag *diag) {
    return network_of("netlists/langevin-iris.xml", "langevin.burn-in=1", "langevin.samples=2",
                      diag);
}

static eq_status dense_network(eq_diag *diag) {
    return network_of("netlists/discrete-digits.xml", "network.layers=64,6,10",
                      "estimator.type=symmetric", diag);
}

static eq_status thin_network(eq_diag *diag) {
    return network_of("netlists/discrete-digits.xml", "network.layers=64,6,10",
                      "network.density=w1=0.3", diag);
}

static eq_status elastic_network(eq_diag *diag) {
    const char *const item[] = {"data.train-limit=2", "data.test-limit=1"};
    const eq_settings set = {item, 2};
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    eq_trainer_score score;
    eq_status status = eq_experiment_read_with("netlists/elastic.xml", &set, &x, diag);
    if (status == EQ_OK) status = eq_trainer_new(x, NULL, &t, diag);
    if (status == EQ_OK) status = eq_trainer_step(t, &score, diag);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return status;
}

static eq_status convolutional_network(eq_diag *diag) {
    return network_of("netlists/conv-digits.xml", "network.conv[1].channels=2",
                      "network.conv[2].channels=2", diag);
}

/* Devices, phases and read-outs that are not ideal, one minibatch; its phases in turns. */
static eq_status imperfect(const char *phases, eq_diag *diag) {
    const char *set[] = {
        "mismatch.sigma=0.1",       "mismatch.parameters=r* d*(is)", phases,
        "hardware.hold-noise=1e-6", "hardware.output-bits=6",        "augmentation.noise=0.1"};
    const eq_settings settings = {set, 6};
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    eq_text text = {0};
    eq_status status = eq_experiment_read_with("netlists/two-stage.xml", &settings, &x, diag);
    if (status == EQ_OK) status = eq_experiment_write(x, &text, diag);
    if (status == EQ_OK) status = eq_trainer_new(x, NULL, &t, diag);
    if (status == EQ_OK) status = eq_trainer_step(t, NULL, diag);
    eq_text_free(&text);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return status;
}

static eq_status other_devices(eq_diag *diag) {
    return imperfect("mismatch.phases=other", diag);
}

static eq_status ideal_devices(eq_diag *diag) {
    return imperfect("mismatch.phases=ideal", diag);
}

/* A bias, a current and conductances together, step by step. */
static eq_status any_parameters(eq_diag *diag) {
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    eq_trainer_score score;
    eq_status status = eq_experiment_read(in("any.xml"), &x, diag);
    if (status == EQ_OK) status = eq_trainer_new(x, NULL, &t, diag);
    if (status == EQ_OK) status = eq_trainer_step(t, &score, diag);
    if (status == EQ_OK) status = eq_trainer_epoch(t, &score, diag);
    if (status == EQ_OK) status = eq_trainer_evaluate(t, &score, diag);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return status;
}

const memory_scenario memory_of_gradients[] = {
    {"gradient check", .run = gradcheck},
    {"both sides of theorem 3.1", .of = transient_of, .path = "netlists/two-stage.xml"},
    {"both sides of theorem 3.1, of a network", .of = transient_of,
     .path = "netlists/hopfield-digits.xml"},
    {"both sides of the GDD property", .of = transient_of, .path = "netlists/discrete-digits.xml"},
    {"Langevin dynamics", .run = langevin},
    {"few-shot tasks", .run = tasks},
    {"phases on other devices", .run = other_devices},
    {"a gradient of ideal devices", .run = ideal_devices},
    {"training of any parameter", .run = any_parameters},
    {"a network without a circuit", .run = network},
    {"a network that lacks weights", .run = sparse_network},
    {"a network of edges", .run = network_of_edges},
    {"a network whose phases are sampled", .run = sampled_network},
    {"a network of another sigma", .run = soft_network},
    {"a discrete-time network", .run = dense_network},
    {"a discrete-time network that lacks weights", .run = thin_network},
    {"an elastic network", .run = elastic_network},
    {"a convolutional network", .run = convolutional_network},
    {.name = NULL},
};
