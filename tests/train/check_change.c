/* Experiments changed by --set, and trained networks evaluated under change. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/verify.h"
#include "support/program.h"
#include "train/train.h"

Suite *change_suite(void);

static const char deck[] =
    "a title\nVx x 0 0\nVy y 0 0\nRw1 x h 1k\nRw2 y h2 3k\nRw3 h h2 2k\nRt h 0 10k\n"
    "D1 h 0 dm\nD2 0 h2 dm 2\n.model dm D is=1e-6 n=1\n*% input Vx Vy\n*% output h h2\n"
    "*% train Rw? gmin=1e-6 gmax=1e-2\n.end\n";
static const char rows[] = "u,v,kind\n1,0.3,a\n0.7,0.11,b\n0.9,-1.3,a\n0.2,0.5,b\n";
static const char experiment[] =
    "<experiment name='small' seed='3'>\n<circuit deck='net.cir'/>\n"
    "<data format='csv' path='train.csv' test-path='train.csv' label='kind'/>\n"
    "<encoding normalize='range' scale='1'/><cost type='squared-error' high='1'/>\n"
    "<optimizer type='sgd'><group match='rw*' rate='1e-9'/></optimizer>\n"
    "<minibatch size='2'/><epochs count='2'/></experiment>\n";
static const char built[] =
    "<experiment name='built' seed='3'>"
    "<architecture kind='kendall' layers='2,3,2' outputs='single'/>"
    "<data format='csv' path='train.csv' label='kind' test-fraction='0.5'/>"
    "<cost type='squared-error'/><optimizer type='sgd'>"
    "<group match='r1*' rate='1e-9' init='uniform' low='1e-5' high='1e-4'/>"
    "<group match='*' rate='2e-9' init='uniform' low='1e-5' high='1e-4'/></optimizer>"
    "</experiment>";

static void setup(void) {
    scratch_make();
    put("net.cir", deck);
    put("train.csv", rows);
    put("net.xml", experiment);
    put("built.xml", built);
}

/* The experiment with settings (NULL at the end), as it is written into a run folder. */
static eq_status read_with(const char *xml, const char *const *set, eq_text *out, eq_diag *diag) {
    eq_settings s = {set, 0};
    eq_experiment *x = NULL;
    while (set[s.count] != NULL) s.count++;
    eq_status status = eq_experiment_read_with(in(xml), &s, &x, diag);
    if (status == EQ_OK && out != NULL) status = eq_experiment_write(x, out, diag);
    eq_experiment_free(x);
    return status;
}

#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

static void writes(const char *xml, const char *setting, const char *expected) {
    eq_text t = {0};
    eq_diag *diag = eq_diag_new();
    ck_assert_msg(read_with(xml, SET(setting), &t, diag) == EQ_OK, "%s: %s", setting,
                  eq_diag_get(diag, 0)->text);
    ck_assert_msg(strstr(t.text, expected) != NULL, "%s: no %s in %s", setting, expected, t.text);
    eq_text_free(&t);
    eq_diag_free(diag);
}

START_TEST(attributes_by_path) {
    writes("net.xml", "seed=9", "seed=\"9\"");
    writes("net.xml", "encoding.scale=0.5", "scale=\"0.5\"");
    writes("net.xml", "estimator.type=one-sided", "<estimator type=\"one-sided\"");
    writes("net.xml", "schedule.type=step", "<schedule type=\"step\""); /* was not there */
    writes("net.xml", "estimator.beta=0.5", "beta=\"0.5\"");
    writes("net.xml", "epochs.count=5", "<epochs count=\"5\"/>");
    writes("built.xml", "architecture.gain=3", "gain=\"3\"");
    writes("built.xml", "optimizer.group[2].rate=0.25", "match=\"*\" rate=\"0.25\"");
    writes("built.xml", "optimizer.group[r1*].rate=0.25", "match=\"r1*\" rate=\"0.25\"");
    writes("built.xml", "optimizer.group.rate=0.5", "match=\"r1*\" rate=\"0.5\"");
    writes("built.xml", "optimizer.group.rate=0.5", "match=\"*\" rate=\"0.5\"");
    writes("net.xml", "rt(r)=3k", "<set name=\"rt(r)\" value=\"3k\"/>");
    /* A path is that of whoever gives it. */
    char *here = eq_path_absolute("elsewhere/data.csv");
    writes("net.xml", "data.path=elsewhere/data.csv", here);
    eq_free(here);
}
END_TEST

START_TEST(later_settings_win) {
    eq_text t = {0};
    ck_assert_int_eq(
        read_with("net.xml", SET("encoding.scale=0.5", "encoding.scale=0.25"), &t, NULL), EQ_OK);
    ck_assert(strstr(t.text, "scale=\"0.25\"") != NULL && strstr(t.text, "scale=\"0.5\"") == NULL);
    eq_text_free(&t);
}
END_TEST

static const struct {
    const char *xml, *setting, *words;
    eq_status status;
} refused[] = {
    {"net.xml", "estimator.bet=1", "did you mean beta?", EQ_ERR_USAGE},
    {"net.xml", "estimator.bet=1", "attributes here: type, beta, nudging", EQ_ERR_USAGE},
    {"net.xml", "estimatr.beta=1", "did you mean estimator?", EQ_ERR_USAGE},
    {"net.xml", "optimizer.group[7].rate=1", "no such <group>", EQ_ERR_USAGE},
    {"net.xml", "optimizer.group[x*].rate=1", "no such <group>", EQ_ERR_USAGE},
    {"net.xml", "encoding", "has no value", EQ_ERR_USAGE},
    {"net.xml", "=3", "has no value", EQ_ERR_USAGE},
    {"net.xml", "epochs.count=some", "allowed: a whole number from 0 on", EQ_ERR_INPUT},
    {"net.xml", "estimator.type=nothing",
     "type=\"nothing\" is not known; allowed: one-sided, random-sign", EQ_ERR_INPUT},
    {"net.xml", "encoding.scale=INF", "is no number", EQ_ERR_INPUT},
};

START_TEST(what_cannot_be_set_is_refused) {
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(read_with(refused[_i].xml, SET(refused[_i].setting), NULL, diag),
                     refused[_i].status);
    bool said = false;
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        said = said || strstr(eq_diag_get(diag, k)->text, refused[_i].words) != NULL;
    ck_assert_msg(said, "%s: %s", refused[_i].setting, eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
}
END_TEST

/* The circuit of the experiment with one setting. */
static eq_status circuit_with(const char *xml, const char *setting, eq_circuit **c, eq_diag *diag) {
    eq_settings s = {SET(setting), 1};
    eq_experiment *x = NULL;
    eq_status status = eq_experiment_read_with(in(xml), &s, &x, diag);
    if (status == EQ_OK) status = eq_experiment_circuit(x, c, diag);
    eq_experiment_free(x);
    return status;
}

static const struct {
    const char *xml, *setting, *handle;
    double value;
} parameters[] = {
    {"net.xml", "rt(r)=3k", "rt(r)", 3e3},      {"net.xml", "rt=3k", "rt(r)", 3e3},
    {"net.xml", "RW1(r)=2k", "rw1(g)", 5e-4},   {"net.xml", "rw1(g)=2e-4", "rw1(g)", 2e-4},
    {"net.xml", "d1(is)=1e-9", "d1(is)", 1e-9}, {"net.xml", "d*(n)=1.5", "d2(n)", 1.5},
    {"built.xml", "vup(dc)=0.4", "vup", 0.4},   {"built.xml", "d?1_?(is)=2u", "du1_2(is)", 2e-6},
};

START_TEST(parameters_by_handle) {
    eq_circuit *c = NULL;
    eq_handle h;
    eq_diag *diag = eq_diag_new();
    ck_assert_msg(circuit_with(parameters[_i].xml, parameters[_i].setting, &c, diag) == EQ_OK, "%s",
                  eq_diag_get(diag, 0)->text);
    ck_assert_int_eq(eq_handle_find(c, parameters[_i].handle, &h, NULL), EQ_OK);
    double is = eq_handle_get(c, h), expected = parameters[_i].value;
    ck_assert_msg(fabs(is - expected) <= 1e-15 * fabs(expected), "%s: %g", parameters[_i].setting,
                  is);
    eq_circuit_free(c);
    eq_diag_free(diag);
}
END_TEST

static const struct {
    const char *setting, *words;
} no_parameters[] = {
    {"rtt(r)=3k", "did you mean rt"},
    {"zzzzz=3", "can be set neither in the experiment nor in the circuit"},
    {"q*(r)=3", "has no element 'q*'"},
    {"rt(is)=3", "has no parameter 'is'"},
    {"rt(r)=many", "is no number"},
    {"rt(r)=", "is no number"},
    {"rt(r)=1e999", "is no number"},
    {"rw1(r)=1", "outside the bounds"},
};

START_TEST(parameters_that_are_none) {
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(circuit_with("net.xml", no_parameters[_i].setting, &c, diag), EQ_ERR_INPUT);
    const char *text = eq_diag_get(diag, eq_diag_count(diag) - 1)->text;
    ck_assert_msg(strstr(text, no_parameters[_i].words) != NULL, "%s: %s",
                  no_parameters[_i].setting, text);
    eq_diag_free(diag);
}
END_TEST

static void train(const char *xml, const char *run, const char *const *set, bool resume) {
    char folder[512];
    eq_settings s = {set, 0};
    eq_experiment *x = NULL;
    eq_train_options o = eq_train_defaults();
    eq_diag *diag = eq_diag_new();
    while (set[s.count] != NULL) s.count++;
    snprintf(folder, sizeof folder, "%s", in(run));
    o.folder = folder;
    o.resume = resume;
    ck_assert_int_eq(eq_experiment_read_with(in(xml), &s, &x, diag), EQ_OK);
    if (resume) x->epochs++;
    ck_assert_msg(eq_train(x, &o, NULL, NULL, diag) == EQ_OK, "%s",
                  eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    eq_experiment_free(x);
    eq_diag_free(diag);
}

/* The run folder keeps the effective experiment: it goes on without the settings. */
START_TEST(the_folder_keeps_what_was_set) {
    train("net.xml", "run", SET("d1(is)=1e-9", "encoding.scale=2"), false);
    char *text = file_text(in("run/experiment.xml")), *model = file_text(in("run/model.cir"));
    ck_assert(strstr(text, "<set name=\"d1(is)\" value=\"1e-9\"/>") != NULL);
    ck_assert(strstr(text, "scale=\"2\"") != NULL);
    ck_assert(strstr(model, "1e-09") != NULL);
    eq_free(text);
    eq_free(model);
    train("run/experiment.xml", "run", SET(NULL), true);
}
END_TEST

static eq_trained_options plain(void) {
    return eq_trained_defaults();
}

static double loss_of(const char *run, const eq_trained_options *o) {
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    eq_diag *diag = eq_diag_new();
    ck_assert_msg(eq_trained_open(in(run), o, &m, diag) == EQ_OK, "%s", eq_diag_get(diag, 0)->text);
    ck_assert_int_eq(eq_trained_evaluate(m, &e, NULL), EQ_OK);
    double loss = e.loss;
    eq_evaluation_free(&e);
    eq_trained_free(m);
    eq_diag_free(diag);
    return loss;
}

static double loss_with(const char *run, const char *const *set) {
    eq_trained_options o = plain();
    o.set = (eq_settings){set, 0};
    while (set[o.set.count] != NULL) o.set.count++;
    return loss_of(run, &o);
}

/* A run with a setting and an evaluation with it have the same loss where nothing is learnt. */
START_TEST(evaluation_under_change) {
    static const char *const still = "optimizer.group.rate=0";
    static const char *const change[] = {"encoding.scale=2", "encoding.center=0.25", "rt(r)=3k",
                                         "d*(is)=1e-9", "cost.high=0.5"};
    train("net.xml", "run", SET(still), false);
    double before = loss_with("run", SET(NULL));
    for (size_t k = 0; k < sizeof change / sizeof *change; k++) {
        char run[16];
        snprintf(run, sizeof run, "run%zu", k);
        train("net.xml", run, SET(still, change[k]), false);
        double trained = loss_with(run, SET(NULL)), changed = loss_with("run", SET(change[k]));
        ck_assert_msg(fabs(trained - changed) <= 1e-9 * trained, "%s: %.15g, %.15g", change[k],
                      trained, changed);
        ck_assert_msg(fabs(changed - before) > 1e-6 * before, "%s changes nothing", change[k]);
    }
    train("built.xml", "b", SET(still), false);
    train("built.xml", "b3", SET(still, "architecture.gain=3"), false);
    double trained = loss_with("b3", SET(NULL)),
           changed = loss_with("b", SET("architecture.gain=3"));
    ck_assert_msg(fabs(trained - changed) <= 1e-9 * trained, "%.15g, %.15g", trained, changed);
    ck_assert(fabs(changed - loss_with("b", SET(NULL))) > 1e-6 * changed);
}
END_TEST

/* A circuit that the run's conductances cannot stand in, or that is none at all. */
static const struct {
    const char *xml, *setting, *words;
    eq_status status;
} no_circuits[] = {
    {"built.xml", "architecture.layers=2,4,2", "only a circuit with the same ones", EQ_ERR_INPUT},
    {"built.xml", "d9_9(is)=1", "has no element 'd9_9'", EQ_ERR_INPUT},
    {"net.xml", "circuit.deck=nowhere.cir", "cannot ", EQ_ERR_INPUT},
    {"net.xml", "circuit.deck=wrong.cir", "RZ", EQ_ERR_INPUT},
    {"net.xml", "circuit.deck=still.cir", "", EQ_ERR_INPUT},
};

START_TEST(a_circuit_that_cannot_take_over_is_refused) {
    eq_trained_options o = plain();
    eq_trained *m = NULL;
    char setting[512];
    put("wrong.cir", "t\nRZ a 0 many\n.end\n");
    put("still.cir", "t\nVx x 0 1\nR1 x 0 1k\n.op\n.end\n");
    train(no_circuits[_i].xml, "run", SET(NULL), false);
    const char *is = no_circuits[_i].setting, *file = strstr(is, "deck=");
    snprintf(setting, sizeof setting, "%.*s%s", file == NULL ? 0 : (int)(file + 5 - is), is,
             file == NULL ? is : in(file + 5));
    o.set = (eq_settings){SET(setting), 1};
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_trained_open(in("run"), &o, &m, diag), no_circuits[_i].status);
    ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, no_circuits[_i].words) != NULL, "%s: %s",
                  setting, eq_diag_get(diag, 0)->text);
    eq_experiment *x = NULL;
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_trained_read(in("run"), &o.set, &x, &c, NULL), no_circuits[_i].status);
    ck_assert(x == NULL && c == NULL);
    eq_diag_free(diag);
}
END_TEST

/* The cards of another deck, and what an element says itself (the area of d2) stays. */
START_TEST(other_models) {
    eq_trained_options o = plain();
    train("net.xml", "run", SET(NULL), false);
    char path[512];
    double before = loss_of("run", &o);
    snprintf(path, sizeof path, "%s", in("models.cir"));
    o.models = path;
    put("models.cir", "the same\n.model dm D(is=1e-6 n=1)\n.model other D\n");
    ck_assert_double_eq(loss_of("run", &o), before);
    put("models.cir", "others\n.model DM D(is=1e-9 n=1.5)\n.end\n");
    double other = loss_of("run", &o);
    double set = loss_with("run", SET("d*(is)=1e-9", "d*(n)=1.5"));
    ck_assert_msg(fabs(other - set) <= 1e-12 * set, "%.15g, %.15g", other, set);
    ck_assert(fabs(other - before) > 1e-6 * before);
    static const struct {
        const char *text, *words;
    } bad[] = {{"t\n.model x D\n", "its models are: dm"},
               {"t\n.model dm R(r=3)\n", ""},
               {".model dm D\n", "line 1 of a deck is its title"},
               {"t\n.model dm D(is=-1)\n", ""}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        eq_trained *m = NULL;
        eq_diag *diag = eq_diag_new();
        put("models.cir", bad[k].text);
        ck_assert_msg(eq_trained_open(in("run"), &o, &m, diag) == EQ_ERR_INPUT, "%s", bad[k].text);
        ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, bad[k].words) != NULL, "%s",
                      eq_diag_get(diag, 0)->text);
        eq_diag_free(diag);
    }
}
END_TEST

/* Another temperature, as ngspice has it. */
START_TEST(another_temperature) {
    eq_trained_options o = plain();
    eq_trained *m = NULL;
    eq_verification v;
    train("net.xml", "run", SET(NULL), false);
    double before = loss_of("run", &o);
    o.temp = 80.0;
    ck_assert(fabs(loss_of("run", &o) - before) > 1e-6 * before);
    ck_assert_int_eq(eq_trained_open(in("run"), &o, &m, NULL), EQ_OK);
    ck_assert_int_eq(eq_trained_sample(m, 1, false, NULL), EQ_OK);
    ck_assert_int_eq(eq_verify(eq_trained_circuit(m), 1e-6, &v, NULL), EQ_OK);
    ck_assert(v.node.relative < 1e-7);
    eq_trained_free(m);
    o.temp = -300.0;
    ck_assert_int_eq(eq_trained_open(in("run"), &o, &m, NULL), EQ_ERR_USAGE);
}
END_TEST

/* The same as programs outside see it: the power of all classes is the total, twice. */
static void check_public(const eq_inference *i) {
    eq_power_part part;
    double sum[2] = {0.0, 0.0}, total = 0.0;
    size_t parts = 0, groups = 0;
    for (; eq_inference_power(i, parts, &part); parts++) {
        ck_assert((parts == 0) == (strcmp(part.kind, "total") == 0));
        if (parts == 0) total = part.delivered;
        if (strcmp(part.kind, "class") == 0) sum[0] += part.delivered, sum[1] += part.dissipated;
        groups += strcmp(part.kind, "group") == 0 && part.name != NULL;
    }
    ck_assert_double_eq_tol(sum[0], total, 1e-9 * total);
    ck_assert_double_eq_tol(sum[1], total, 1e-6 * total);
    ck_assert_uint_eq(groups, i->power->groups);
    ck_assert_uint_eq(eq_inference_columns(i), i->table->variables);
    ck_assert_str_eq(eq_inference_column(i, 3), "y1");
    ck_assert_ptr_eq(eq_inference_table(i), i->table->value);
    ck_assert_ptr_eq(eq_inference_score(i), &i->score);
}

/* Every example once, with the outputs and potentials that the circuit has for it. */
START_TEST(predictions_and_potentials) {
    eq_trained_options o = plain();
    eq_infer_options ask = {.predictions = true,
                            .potentials = true,
                            .power = true,
                            .settling = NAN,
                            .capacitance = 1e-12};
    eq_trained *m = NULL;
    eq_inference *i = NULL;
    train("net.xml", "run", SET(NULL), false);
    ck_assert_int_eq(eq_trained_open(in("run"), &o, &m, NULL), EQ_OK);
    ck_assert_int_eq(eq_trained_infer(m, &ask, &i, NULL), EQ_OK);
    eq_circuit *c = eq_trained_circuit(m);
    ck_assert_uint_eq(i->table->points, 4);
    size_t wrong = 0;
    for (size_t k = 0; k < 4; k++) {
        const double *row = i->table->value + k * i->table->variables;
        double *v = calloc(eq_circuit_nodes(c), sizeof *v);
        eq_solver *s = NULL;
        ck_assert_int_eq(eq_trained_sample(m, k, false, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
        for (size_t n = 1; n < eq_circuit_nodes(c); n++) {
            char name[64];
            snprintf(name, sizeof name, "v(%s)", eq_circuit_node_name(c, (eq_node)n));
            ck_assert_double_eq_tol(row[eq_result_find(i->table, name)], v[n], 1e-9);
        }
        ck_assert(row[0] == (double)k);
        ck_assert(row[1] == (double)(k % 2)); /* a, b, a, b */
        ck_assert(row[2] == (row[4] > row[3] ? 1.0 : 0.0));
        ck_assert_double_eq_tol(row[eq_result_find(i->table, "y2")],
                                v[eq_circuit_find_node(c, "h2")], 1e-9);
        wrong += row[1] != row[2];
        eq_solver_free(s);
        free(v);
    }
    ck_assert_uint_eq(wrong, i->score.wrong);
    ck_assert_uint_eq(i->settled, 4);
    ck_assert(i->settling > 6.9 * i->tau && i->settling < 6.91 * i->tau);
    ck_assert(i->power->examples == 4 && i->power->balance <= i->power->bound);
    check_public(i);
    ck_assert_int_eq(eq_inference_write(i, in("p.csv"), NULL), EQ_OK);
    ck_assert_int_eq(eq_inference_write(i, in("p.npz"), NULL), EQ_OK);
    char *text = file_text(in("p.csv"));
    ck_assert_int_eq(strncmp(text, "example,true,predicted,y1,y2,v(x),v(y),v(h),v(h2)\n0,a,", 53),
                     0);
    eq_free(text);
    eq_inference_free(i);
    eq_trained_free(m);
}
END_TEST

START_TEST(times_are_positive) {
    eq_trained *m = NULL;
    eq_inference *i = NULL;
    train("net.xml", "run", SET(NULL), false);
    ck_assert_int_eq(eq_trained_open_on(in("run"), NULL, 1, &m, NULL), EQ_OK);
    eq_infer_options ask = {.power = true, .settling = 0.0, .capacitance = NAN};
    ck_assert_int_eq(eq_trained_infer(m, &ask, &i, NULL), EQ_ERR_USAGE);
    ask = (eq_infer_options){.power = true, .settling = NAN, .capacitance = INFINITY};
    ck_assert_int_eq(eq_trained_infer(m, &ask, &i, NULL), EQ_ERR_USAGE);
    ask = (eq_infer_options){.power = true, .settling = 1e-6, .capacitance = NAN};
    ck_assert_int_eq(eq_trained_infer(m, &ask, &i, NULL), EQ_OK);
    ck_assert(i->settling == 1e-6 && isnan(i->tau) && i->table == NULL);
    ck_assert_uint_eq(eq_inference_columns(i), 0);
    ck_assert_ptr_null(eq_inference_table(i));
    eq_inference_free(i);
    eq_trained_free(m);
}
END_TEST

/* One JSON object that adds up (read by python3, where it is). */
START_TEST(json_adds_up) {
    char *text;
    train("net.xml", "run", SET(NULL), false);
    expect_exit(0, &text, "eval %s --json --power --settling 1e-6", in("run"));
    ck_assert_msg(text[0] == '{' && strstr(text, "\"examples\": 4,") != NULL, "%s", text);
    static const char *const keys[] = {"\"loss\": ",   "\"error\": ",   "\"watts\": {\"total\": ",
                                       "\"class\": {", "\"layer\": [",  "\"group\": {\"rw?\": ",
                                       "\"joules\": ", "\"settling\": "};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        ck_assert_msg(strstr(text, keys[k]) != NULL, "no %s in %s", keys[k], text);
    double total = strtod(strstr(text, "\"total\": ") + 9, NULL), sum = 0.0;
    char *p = strstr(text, "\"layer\": [") + 10;
    while (*p != ']') {
        sum += strtod(p, &p);
        p += strspn(p, ", ");
    }
    ck_assert_double_eq_tol(sum, total, 1e-12 * total);
    ck_assert_double_eq_tol(strtod(strstr(text, "\"joules\": ") + 10, NULL), 1e-6 * total,
                            1e-12 * total);
    free(text);
    expect_exit(0, &text, "eval %s --capacitance 1e-12", in("run"));
    ck_assert(strstr(text, "power of an inference: ") != NULL);
    ck_assert(strstr(text, "slowest time constant ") != NULL);
    ck_assert(strstr(text, "class            examples    wrong    error\n") != NULL);
    free(text);
    expect_exit(2, NULL, "eval %s --potentials", in("run"));
    expect_exit(2, NULL, "eval %s --set estimator.bet=1", in("run"));
    expect_exit(0, NULL, "gradcheck %s --set estimator.beta=1e-6", in("net.xml"));
}
END_TEST

Suite *change_suite(void) {
    Suite *s = suite_create("change");
    TCase *t = tcase_create("change");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, scratch_drop);
    tcase_add_test(t, attributes_by_path);
    tcase_add_test(t, later_settings_win);
    tcase_add_loop_test(t, what_cannot_be_set_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(t, parameters_by_handle, 0, sizeof parameters / sizeof *parameters);
    tcase_add_loop_test(t, parameters_that_are_none, 0,
                        sizeof no_parameters / sizeof *no_parameters);
    tcase_add_test(t, the_folder_keeps_what_was_set);
    tcase_add_test(t, evaluation_under_change);
    tcase_add_loop_test(t, a_circuit_that_cannot_take_over_is_refused, 0,
                        sizeof no_circuits / sizeof *no_circuits);
    tcase_add_test(t, other_models);
    tcase_add_test(t, another_temperature);
    tcase_add_test(t, predictions_and_potentials);
    tcase_add_test(t, times_are_positive);
    tcase_add_test(t, json_adds_up);
    suite_add_tcase(s, t);
    return s;
}
