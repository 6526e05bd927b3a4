/* Memory runs out (issue 5, point 2): in each scenario the n-th allocation of our own code fails,
 * alone or with all after it, for every n until none does. No crash, no leak (`make sanitize` looks
 * for those), an error in the diagnostics, and files that were there stay whole. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/analysis.h"
#include "analysis/control.h"
#include "analysis/operating_point.h"
#include "base/file.h"
#include "base/mem.h"
#include "circuit/architecture.h"
#include "circuit/crossbar.h"
#include "explore/effects.h"
#include "netlist/netlist.h"
#include "report/picture.h"
#include "report/report.h"
#include "report/verify.h"
#include "result/raw.h"
#include "solver/reciprocity.h"
#include "support/effort.h"
#include "support/program.h"
#include "train/checkpoint.h"
#include "train/langevin_run.h"
#include "train/meta/check.h"
#include "train/seeds.h"
#include "train/train.h"
#include "train/transient.h"

Suite *memory_suite(void);

enum { LONGEST = 512, POINTS = 120 }; /* allocations tried in the short form */

static eq_status circuit_of(const char *path, eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_status status = eq_circuit_read(path, &c, diag);
    if (status == EQ_OK) eq_circuit_free(c);
    return status;
}

static eq_status read_subcircuit(eq_diag *diag) {
    return circuit_of("netlists/subcircuit.cir", diag);
}

static eq_status read_controlled(eq_diag *diag) {
    return circuit_of("netlists/controlled.cir", diag);
}

static eq_status read_sources(eq_diag *diag) {
    return circuit_of(in("sources.cir"), diag);
}

static eq_status read_legal(eq_diag *diag) {
    return circuit_of(in("legal.cir"), diag);
}

static eq_status read_network(eq_diag *diag) {
    return circuit_of("netlists/two-stage.cir", diag);
}

static eq_status read_xml(eq_diag *diag) {
    return circuit_of(in("circuit.xml"), diag);
}

/* Messages about a bad deck need memory too. */
static eq_status read_bad(eq_diag *diag) {
    eq_status status = circuit_of("tests/bad/directive-nudge-count.cir", diag);
    return status == EQ_ERR_INPUT ? EQ_OK : status;
}

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

/* The operating point by one method, and its adjoint. */
static eq_status solve(eq_method method, const char *path, eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    double v[256] = {0}, branch[64], dcdv[256] = {0}, lambda[256];
    eq_status status = eq_circuit_read(path, &c, diag);
    if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
    if (status == EQ_OK) {
        eq_solve_options o = eq_solve_defaults(c);
        o.method = method;
        status = eq_solver_solve(s, &o, v, branch, NULL, diag);
    }
    if (status == EQ_OK) status = eq_solver_adjoint(s, v, branch, dcdv, lambda, diag);
    eq_solver_free(s);
    eq_circuit_free(c);
    return status;
}

static eq_status newton(eq_diag *diag) {
    return solve(EQ_NEWTON, "netlists/amplifier.cir", diag);
}

static eq_status cocontent(eq_diag *diag) {
    return solve(EQ_COCONTENT, "netlists/antiparallel.cir", diag);
}

/* KINSOL: our own allocations around it. Its own are another matter (docs/testing.md). */
static eq_status kinsol(eq_diag *diag) {
    return solve(EQ_KINSOL, "netlists/antiparallel.cir", diag);
}

static eq_status newton_formulas(eq_diag *diag) {
    return solve(EQ_NEWTON, "tests/decks/behavioural.cir", diag);
}

/* Transistors, their models and gradients. */
static eq_status transistors(eq_diag *diag) {
    return solve(EQ_NEWTON, "netlists/transistors.cir", diag);
}

static eq_status transistors_of_levels(eq_diag *diag) {
    return solve(EQ_NEWTON, "tests/decks/mosfet-levels.cir", diag);
}

/* A library of compiled models, opened once, a deck of it, and its export. */
static eq_status compiled(eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_text text = {0};
    eq_status status = eq_osdi_allow(beside_program("osdi/models-4-0.osdi"), diag);
    if (status == EQ_OK) status = solve(EQ_NEWTON, in("compiled.cir"), diag);
    if (status == EQ_OK) status = eq_circuit_read(in("compiled.cir"), &c, diag);
    if (status == EQ_OK) status = eq_circuit_write(c, EQ_NGSPICE, NULL, &text, diag);
    eq_text_free(&text);
    eq_circuit_free(c);
    return status;
}

static eq_status transistors_ekv(eq_diag *diag) {
    return solve(EQ_NEWTON, "netlists/ekv.cir", diag);
}

static eq_status jfets(eq_diag *diag) {
    return solve(EQ_NEWTON, "tests/decks/jfets.cir", diag);
}

static eq_status power(eq_diag *diag) {
    return solve(EQ_NEWTON, "tests/decks/power.cir", diag);
}

/* Shorts that come and go. */
static eq_status shorts(eq_diag *diag) {
    static const char text[] = "t\nv1 a 0 1\nr1 a b 1k\nr2 b c 1e-13\nr3 c d 0\nr4 c d 0\n"
                               "d1 d 0 dm\n.model dm d\n.end\n";
    static const double ohm[] = {1e-13, 1e3, 0.0};
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_handle h;
    double v[8] = {0}, branch[4], i = 0.0;
    eq_status status = eq_circuit_parse("t.cir", text, strlen(text), &c, diag);
    if (status == EQ_OK) status = eq_handle_find(c, "r2", &h, diag);
    if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
    for (size_t k = 0; status == EQ_OK && k < sizeof ohm / sizeof *ohm; k++) {
        status = eq_handle_set(c, h, ohm[k], diag);
        if (status != EQ_OK) break;
        eq_solver_refresh(s);
        status = eq_solver_solve(s, NULL, v, branch, NULL, diag);
        if (status == EQ_OK) i = eq_solver_current(s, h.element, v, branch) + branch[0];
        if (status == EQ_OK) ck_assert_double_lt(fabs(i), 1e-12);
    }
    eq_solver_free(s);
    eq_circuit_free(c);
    return status;
}

/* Decks without an operating point: every rung of the ladder is climbed, and what is said at the
 * end needs memory too. */
static const char *const dead_end[] = {
    "t\nv1 a 0 1\nv2 b a 1\ne1 b 0 c 0 2\nr1 a c 1\nr2 c 0 1\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\ni1 a b 1m\nr2 b c 1k\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\nc1 a b 1u\nr2 b c 1k\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1\ng1 0 b a 0 1m\nr2 b c 1k\n.end\n",
    "t\nv1 in 0 1\nr1 in a 1k\nd1 a 0 dm\nb1 a 0 i=1+v(a)*v(a)\n.model dm d\n"
    "r2 in b 1\nr3 b c 1\nr4 c 0 1\ne1 n1 0 a b 2\ne2 n2 n1 c b 2\ne3 n3 n2 a c 2\nr5 n3 0 1k\n"
    ".end\n",
};

static eq_status dead_ends(eq_diag *diag) {
    for (size_t k = 0; k < sizeof dead_end / sizeof *dead_end; k++) {
        eq_circuit *c = NULL;
        eq_solver *s = NULL;
        double v[16] = {0}, branch[8];
        eq_status status = eq_circuit_parse("t.cir", dead_end[k], strlen(dead_end[k]), &c, diag);
        if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
        if (status == EQ_OK) status = eq_solver_solve(s, NULL, v, branch, NULL, diag);
        eq_solver_free(s);
        eq_circuit_free(c);
        if (status != EQ_ERR_SINGULAR && status != EQ_ERR_CONVERGE) return status;
    }
    return EQ_OK;
}

/* A circuit with two answers: where memory runs out, the start does not choose the other one
 * unseen. */
static eq_status start(eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_result *r = NULL;
    eq_status status = eq_circuit_read(in("latch.cir"), &c, diag);
    if (status == EQ_OK) status = eq_operating_point(c, NULL, &r, NULL, diag);
    if (status == EQ_OK) ck_assert_double_gt(r->value[eq_result_find(r, "v(a)")], 3.0);
    eq_result_free(r);
    eq_circuit_free(c);
    return status;
}

/* Every analysis of a deck, written over an old result in each format. */
static eq_status analyses(eq_diag *diag) {
    eq_deck *deck = NULL;
    eq_status status = eq_deck_read(in("sweep.cir"), &deck, diag);
    for (size_t k = 0; status == EQ_OK && k < deck->analyses; k++) {
        eq_result *r = NULL, *m = NULL;
        eq_out *out = NULL;
        eq_solve_options o = eq_solve_defaults(eq_deck_circuit(deck));
        status = eq_analysis_run(deck, k, &o, &r, &m, diag);
        eq_result_free(m);
        for (int f = EQ_TABLE; status == EQ_OK && f < EQ_FORMAT_COUNT; f++) {
            status = eq_out_open(in("old"), &out, diag);
            if (status != EQ_OK) break;
            status = eq_result_write((const eq_result *const *)&r, 1, (eq_format)f,
                                     eq_out_stream(out), diag);
            if (status != EQ_OK) {
                eq_out_abort(out);
                break;
            }
            status = eq_out_commit(out, diag);
        }
        eq_result_free(r);
    }
    eq_deck_free(deck);
    return status;
}

/* Commands of .control, .tf and .sens, wildcards, ports and random functions. */
static eq_status commands(eq_diag *diag) {
    static const char text[] =
        "t\n.param w={agauss(1k,1,3)} q=1\n.subckt s p n\nR1 p m {w}\nR2 m n 1k tce=1\n.ends\n"
        "X1 a 0 s\nV1 a 0 1\nC1 a 0 1u\nB1 b 0 v={ddx(v(a)*v(a),v(a))}\nR3 b 0 1k\n"
        ".print dc v(x1:p) i(r*) c1:c\n.tf v(x1.m) v1\n.sens i(v1)\n.control\nsave v(a)\n"
        "define f(x) x+1\ncompose c values 1 2\nprint f(c) > p.txt\necho c >> p.txt\n"
        "dc v1 0 1 1\nmeas dc m max v(a)\nwrdata w.txt v(a)\n"
        "let k = vector(3)\nforeach r 1k 2k\nalter r3 = $r\ndc v1 0 1 0.5\nprint v(b) k @r3[i]\n"
        "end\nwhile k[0] < 2\nlet k[0] = k[0] + 1\nend\nset x = ( a b )\naltermod zz is = 1\n"
        "alterparam q = 2\nreset\nrun\nwrdata x.txt v(b)\nprint op1.v(b) $x {$&k}\n.endc\n.end\n";
    eq_deck *d = NULL;
    eq_tables t = {NULL, 0, 0};
    bool ran = false;
    eq_status status = eq_deck_parse("t.cir", text, sizeof text - 1, &d, diag);
    if (status == EQ_OK) {
        eq_solve_options o = eq_solve_defaults(eq_deck_circuit(d));
        const eq_control_options control = {&o, in(".")};
        status = eq_control_run(d, &control, &t, &ran, diag);
    }
    eq_tables_free(&t);
    eq_deck_free(d);
    return status;
}

static eq_status read_raw(eq_diag *diag) {
    eq_result **plots = NULL;
    size_t count = 0;
    eq_status status = eq_raw_read(in("sweep.raw"), &plots, &count, diag);
    if (status == EQ_OK) eq_raw_free(plots, count);
    return status;
}

static eq_status read_raw_ascii(eq_diag *diag) {
    eq_result **plots = NULL;
    size_t count = 0;
    eq_status status = eq_raw_read(in("theirs.raw"), &plots, &count, diag);
    if (status == EQ_OK) eq_raw_free(plots, count);
    return status;
}

/* Our answer beside ngspice's, which a script gives. */
static eq_status verification(eq_diag *diag) {
    eq_deck *d = NULL;
    eq_verification v;
    eq_verify_options o = {.tol = 1e-6};
    double points;
    eq_status status = eq_deck_read("tests/decks/include.cir", &d, diag);
    if (status == EQ_OK) status = eq_verify_deck(d, &o, &v, &points, diag);
    if (status == EQ_OK) status = eq_verify(d->circuit, 0.0, &v, diag); /* judged, asked again */
    eq_deck_free(d);
    return status;
}

/* A deck for every dialect, each over an old file. */
static eq_status export(eq_diag *diag) {
    eq_deck *deck = NULL;
    eq_status status = eq_deck_read("netlists/series-resistance.cir", &deck, diag);
    for (int d = EQ_NGSPICE; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
        eq_text text = {0};
        status = eq_deck_write(deck, (eq_dialect)d, "a note", &text, diag);
        if (status == EQ_OK) status = eq_file_write(in("old"), text.text, text.length, diag);
        eq_text_free(&text);
    }
    eq_deck_free(deck);
    return status;
}

/* Names that the writers change, make up, mark and refuse. */
static eq_status write_names(eq_diag *diag) {
    static const char text[] =
        "<circuit title=\".include \303\251 \\\"><model name=\"1n\" class=\"diode\"/><model "
        "name=\"m_1n\" class=\"diode\"/><elements><vsource name=\"in\" a=\"a\" b=\"0\" dc=\"1\"/>"
        "<vcvs name=\"x\" a=\"b\" b=\"0\" c=\"a\" d=\"0\" gain=\"2\"/><cccs name=\"y\" a=\"0\" "
        "b=\"b_x\" control=\"x\" gain=\"2\"/><memristor name=\"w1\" a=\"b_x\" b=\"0\" g=\"1\" "
        "gmin=\"1e-3\" gmax=\"2\"/><resistor name=\"r\" a=\"b\" b=\"0\" r=\"1\"/><diode name=\"d\" "
        "a=\"b\" b=\"0\" model=\"1n\"/><diode name=\"q\" a=\"b\" b=\"0\" is=\"1e-9\"/></elements>"
        "<train match=\"w*\" gmin=\"1e-3\" gmax=\"2\"/></circuit>";
    eq_circuit *c = NULL;
    eq_status status = eq_circuit_parse("t.xml", text, sizeof text - 1, &c, diag);
    for (int d = EQ_NGSPICE; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
        eq_text out = {0};
        status = eq_deck_check_names(c, (eq_dialect)d, diag);
        if (status == EQ_OK) status = eq_circuit_write(c, (eq_dialect)d, NULL, &out, diag);
        eq_text_free(&out);
    }
    if (status == EQ_OK && eq_circuit_node(c, "q//z", 4) == EQ_NONE)
        status = eq_out_of_memory(diag);
    if (status == EQ_OK) {
        c->table[EQ_CLASS_resistor].term[0][0] = eq_circuit_find_node(c, "q//z");
        status = eq_deck_check_names(c, EQ_NGSPICE, diag);
        if (status == EQ_ERR_INPUT) status = EQ_OK;
    }
    eq_circuit_free(c);
    return status;
}

/* Read, written in every dialect that carries it, and read again from the XML. */
static eq_status there_and_back(const char *path, eq_diag *diag) {
    eq_deck *deck = NULL, *again = NULL;
    eq_text text = {0};
    eq_status status = eq_deck_read(path, &deck, diag);
    for (int d = EQ_NGSPICE; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
        eq_text_clear(&text);
        status = eq_deck_write(deck, (eq_dialect)d, NULL, &text, diag);
        if (status == EQ_ERR_INPUT) status = EQ_OK; /* a dialect that cannot say it */
    }
    if (status == EQ_OK && text.length > 0)
        status = eq_deck_parse("again.xml", text.text, text.length, &again, diag);
    eq_text_free(&text);
    eq_deck_free(deck);
    eq_deck_free(again);
    return status;
}

static eq_status formulas(eq_diag *diag) {
    return there_and_back("tests/decks/formulas-in-subcircuits.cir", diag);
}

static eq_status polynomials(eq_diag *diag) {
    return there_and_back("tests/decks/polynomials.cir", diag);
}

static eq_status memristors_there_and_back(eq_diag *diag) {
    return there_and_back("netlists/memristor-models.cir", diag);
}

static eq_status includes(eq_diag *diag) {
    return there_and_back("tests/decks/include.cir", diag);
}

static eq_status conditions(eq_diag *diag) {
    return there_and_back("tests/decks/conditional.cir", diag);
}

static eq_status multipliers(eq_diag *diag) {
    return there_and_back("tests/decks/multiplier.cir", diag);
}

static eq_status build(eq_diag *diag) {
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_status status = eq_architecture_kind("kendall", &a, diag);
    if (status == EQ_OK) status = eq_architecture_layers("6,4,4", &a, diag);
    if (status == EQ_OK) status = eq_architecture_build(&a, &c, diag);
    if (status == EQ_OK) eq_circuit_free(c);
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

static eq_status train(const char *path, const char *run, bool resume, eq_engine_kind kind,
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
    return train("netlists/two-stage.xml", "forced", false, EQ_ENGINE_LAYERED, diag);
}

static eq_status train_sparse(eq_diag *diag) {
    return train("netlists/two-stage.xml", "forced", false, EQ_ENGINE_SPARSE, diag);
}

static eq_status resume(eq_diag *diag) {
    return train("netlists/two-stage.xml", "run", true, EQ_ENGINE_AUTO, diag);
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

static eq_status evaluate(eq_diag *diag) {
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    eq_status status = eq_trained_open_on(in("run"), NULL, 2, &m, diag);
    if (status == EQ_OK) status = eq_trained_evaluate(m, &e, diag);
    if (status == EQ_OK) status = eq_trained_sample(m, 1, true, diag);
    eq_evaluation_free(&e);
    eq_trained_free(m);
    return status;
}

/* The page of a run, for which a script does not draw. */
static eq_status report(eq_diag *diag) {
    const eq_report_options o = {.threads = 1};
    eq_text page = {0};
    eq_status status = eq_report_write(in("run"), &o, &page, diag);
    eq_text_free(&page);
    if (status == EQ_OK) status = eq_report_write(in("studied"), &o, &page, diag);
    eq_text_free(&page);
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

/* Nudged phases of a batch. */
static eq_status nudged(eq_diag *diag) {
    enum { NODES = 8 };
    eq_circuit *c = NULL;
    eq_batch *b = NULL;
    eq_handle h[2];
    double x[2] = {1.0, 2.0}, v[2 * NODES], dcdv[2 * NODES] = {[1] = 1.0, [2] = 1.0}, dcdw[4];
    eq_status status = eq_circuit_read("netlists/amplifier.cir", &c, diag);
    if (status == EQ_OK) status = eq_handle_find(c, "vx", &h[0], diag);
    if (status == EQ_OK) status = eq_handle_find(c, "r1", &h[1], diag);
    if (status == EQ_OK) status = eq_batch_new(c, h, 1, NULL, &b, diag);
    if (status == EQ_OK) status = eq_batch_solve(b, 2, x, v, NULL, diag);
    if (status == EQ_OK) status = eq_batch_eqprop(b, 2, x, v, dcdv, NULL, h, 2, dcdw, diag);
    if (status == EQ_OK) status = eq_batch_nudge(b, 2, x, v, dcdv, v, NULL, diag);
    eq_batch_free(b);
    eq_circuit_free(c);
    return status;
}

/* Predictions, power and settling of a changed network. */
static eq_status infer(eq_diag *diag) {
    static const char *const item[] = {"encoding.scale=1", "d*(n)=1.1"};
    char models[LONGEST];
    eq_trained_options o = eq_trained_defaults();
    eq_infer_options ask = {true, true, true, NAN, 1e-12};
    eq_trained *m = NULL;
    eq_inference *i = NULL;
    snprintf(models, sizeof models, "%s", in("models.cir"));
    o.set = (eq_settings){item, 2};
    o.temp = 50.0;
    o.models = models;
    eq_status status = eq_trained_open(in("run"), &o, &m, diag);
    if (status == EQ_OK) status = eq_trained_infer(m, &ask, &i, diag);
    if (status == EQ_OK) status = eq_inference_write(i, in("predictions.csv"), diag);
    if (status == EQ_OK) status = eq_inference_write(i, in("predictions.npz"), diag);
    eq_inference_free(i);
    eq_trained_free(m);
    return status;
}

/* Another circuit under the parameters of a run; models that fit none. */
static eq_status infer_other(eq_diag *diag) {
    static const char *const item[] = {"circuit.deck=netlists/two-stage.cir",
                                       "encoding.normalize=standard"};
    char models[LONGEST];
    eq_trained_options o = eq_trained_defaults();
    eq_trained *m = NULL;
    snprintf(models, sizeof models, "%s", in("other-models.cir"));
    o.set = (eq_settings){item, 2};
    eq_status status = eq_trained_open(in("run"), &o, &m, diag);
    eq_trained_free(m);
    if (status != EQ_OK) return status;
    o.models = models;
    status = eq_trained_open(in("run"), &o, &m, diag);
    return status == EQ_ERR_INPUT ? EQ_OK : status;
}

static eq_status evaluate_other(eq_diag *diag) {
    eq_trained *m = NULL;
    eq_status status = eq_trained_open_on(in("run"), "data/iris.csv", 1, &m, diag);
    eq_trained_free(m);
    return status;
}

/* Shares and likeness of a circuit without an energy. */
static eq_status reciprocity(eq_diag *diag) {
    static const char deck[] =
        "t\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\nG1 c 0 b 0 1m\nG2 b 0 c 0 0.5m\nR3 c 0 1k\n"
        "*% output c\n*% train R? gmin=1e-6 gmax=1\n.op\n.end\n";
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    eq_asymmetry a = {.share = NULL};
    eq_likeness l;
    double v[8] = {0.0}, branch[4] = {0.0};
    eq_status status = eq_circuit_parse("t", deck, strlen(deck), &c, diag);
    if (status == EQ_OK) status = eq_solver_new(c, &s, diag);
    if (status == EQ_OK) status = eq_solver_solve(s, NULL, v, branch, NULL, diag);
    if (status == EQ_OK) status = eq_reciprocity_asymmetry(s, v, branch, &a, diag);
    if (status == EQ_OK) status = eq_reciprocity_gradients(s, v, branch, &l, diag);
    eq_asymmetry_free(&a);
    eq_solver_free(s);
    eq_circuit_free(c);
    return status;
}

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

static eq_status transient(eq_diag *diag) {
    return transient_of("netlists/two-stage.xml", diag);
}

static eq_status transient_network(eq_diag *diag) {
    return transient_of("netlists/hopfield-digits.xml", diag);
}

static eq_status transient_steps(eq_diag *diag) {
    return transient_of("netlists/discrete-digits.xml", diag);
}

static eq_status langevin(eq_diag *diag) {
    eq_langevin_options o = eq_langevin_defaults();
    eq_experiment *x = NULL;
    eq_langevin_report r = {.table = NULL};
    o.temperature = 1e-9;
    o.steps = 100;
    eq_status status = eq_experiment_read("netlists/linear.xml", &x, diag);
    if (status == EQ_OK) status = eq_langevin_run(x, NULL, &o, &r, diag);
    eq_langevin_report_free(&r);
    eq_experiment_free(x);
    return status;
}

/* Two tasks of the sines, shared and learned groups; each gradient of a training is bounded to few steps. */
static eq_status tasks(eq_diag *diag) {
    static const char *const item[] = {"meta.steps=3", "data.test-fraction=0.98",
                                       "meta.strength-rate=0.1"};
    const eq_settings set = {item, 3};
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    eq_meta_check_report r = {.why = NULL};
    eq_status status = eq_experiment_read_with("netlists/meta-sine.xml", &set, &x, diag);
    if (status == EQ_OK) status = eq_trainer_new(x, NULL, &t, diag);
    if (status == EQ_OK) status = eq_trainer_step(t, NULL, diag);
    if (status == EQ_OK) status = eq_meta_check(x, NULL, 1, &r, diag);
    eq_meta_check_free(&r);
    eq_trainer_free(t);
    eq_experiment_free(x);
    return status;
}

static eq_status sensitivity(eq_diag *diag) {
    eq_trained *m = NULL;
    eq_loss_scenes *work = NULL;
    eq_sensitivity s = {0};
    eq_draws d;
    size_t n;
    eq_status status = eq_trained_open_on(in("run"), NULL, 1, &m, diag);
    if (status == EQ_OK) status = eq_trained_sensitivity(m, 2, &n, &work, &s, diag);
    if (status == EQ_OK) status = eq_sensitivity_draw(&s, 0.01, 2, 1, &d, diag);
    if (status == EQ_OK && d.failed > 0) status = EQ_ERR_MEMORY;
    eq_sensitivity_close(&s);
    eq_loss_scenes_free(work);
    eq_trained_free(m);
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

static eq_status sampled_network(eq_diag *diag) {
    return network_of("netlists/langevin-iris.xml", "langevin.burn-in=1", "langevin.samples=2",
                      diag);
}

static eq_status dense_network(eq_diag *diag) {
    return network_of("netlists/discrete-digits.xml", "network.layers=64,6,10",
                      "estimator.type=symmetric", diag);
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

/* Black images, a file and a folder. */
static eq_status read_cifar(eq_diag *diag) {
    static const uint8_t example[3073] = {1};
    eq_data *d = NULL;
    FILE *f = fopen(in("data_batch_1.bin"), "wb");
    ck_assert_uint_eq(fwrite(example, 1, sizeof example, f), sizeof example);
    fclose(f);
    eq_status status = eq_data_read_cifar(in("data_batch_1.bin"), true, &d, diag);
    eq_data_free(d);
    d = NULL;
    if (status == EQ_OK) status = eq_data_read_cifar(scratch_current(), false, &d, diag);
    eq_data_free(d);
    return status;
}

/* Devices, phases and read-outs that are not ideal, one minibatch; its phases in turns. */
static eq_status imperfect(const char *phases, eq_diag *diag) {
    const char *set[] = {"mismatch.sigma=0.1", "mismatch.parameters=r* d*(is)", phases,
                         "hardware.hold-noise=1e-6", "hardware.output-bits=6"};
    const eq_settings settings = {set, 5};
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

static eq_status many_chips(eq_diag *diag) {
    const char *set[] = {"mismatch.sigma=0.01"};
    eq_trained_options o = eq_trained_defaults();
    eq_trained *m = NULL;
    eq_chip_draws d = {0};
    o.set = (eq_settings){set, 1};
    eq_status status = eq_trained_open_for_draws(in("run"), &o, &m, diag);
    if (status == EQ_OK) status = eq_trained_draw(m, 2, &d, diag);
    if (status == EQ_OK && d.failed > 0) status = EQ_ERR_MEMORY;
    eq_trained_free(m);
    return status;
}

static eq_status build_crossbar(eq_diag *diag) {
    eq_crossbar_options o = eq_crossbar_defaults();
    eq_circuit *c = NULL;
    o.rows = o.columns = 2;
    o.diodes = true;
    eq_status status = eq_crossbar_build(&o, &c, diag);
    if (status == EQ_OK) eq_circuit_free(c);
    return status;
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

static eq_status read_csv(eq_diag *diag) {
    eq_data *d = NULL;
    eq_status status = eq_data_read_csv(
        "data/iris.csv", &(eq_columns){"species", NULL, EQ_HEADER_FOUND, false}, NULL, &d, diag);
    if (status == EQ_OK) eq_data_free(d);
    return status;
}

static eq_status read_idx(eq_diag *diag) {
    eq_data *d = NULL;
    eq_status status = eq_data_read_idx(in("images.idx"), in("labels.idx"), &d, diag);
    if (status == EQ_OK) eq_data_free(d);
    return status;
}

static eq_status read_npy(eq_diag *diag) {
    eq_data *d = NULL;
    eq_status status = eq_data_read_npy(in("x.npy"), in("y.npy"), &d, diag);
    if (status == EQ_OK) eq_data_free(d);
    return status;
}

/* Numbers for each example, of a file and of a CSV file, and the features again. */
static eq_status read_targets(eq_diag *diag) {
    const eq_columns columns = {"species", "petal_width 1", EQ_HEADER_FOUND, false};
    const eq_columns same = {"species", EQ_TARGETS_INPUTS, EQ_HEADER_FOUND, false};
    eq_data *d[4] = {NULL};
    eq_status status = eq_data_read_targets(EQ_DATA_NPY, in("x.npy"), in("y.npy"), &d[0], diag);
    if (status == EQ_OK)
        status = eq_data_read_targets(EQ_DATA_IDX, in("images.idx"), NULL, &d[1], diag);
    if (status == EQ_OK) status = eq_data_read_csv("data/iris.csv", &columns, NULL, &d[2], diag);
    if (status == EQ_OK) status = eq_data_read_csv("data/iris.csv", &same, NULL, &d[3], diag);
    for (int k = 0; k < 4; k++) eq_data_free(d[k]);
    return status;
}

/* A regression whose best epoch is kept, and its evaluation. */
static eq_status regression(eq_diag *diag) {
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    eq_status status = train(in("sine.xml"), "forced", false, EQ_ENGINE_LAYERED, diag);
    if (status == EQ_OK) status = eq_trained_open_on(in("forced"), NULL, 1, &m, diag);
    if (status == EQ_OK) status = eq_trained_evaluate(m, &e, diag);
    eq_evaluation_free(&e);
    eq_trained_free(m);
    return status;
}

/* A folder with both parts of a data set, found as MNIST and named; another test part. */
static eq_status read_parts(eq_diag *diag) {
    eq_data_options o = {.format = EQ_DATA_IDX};
    eq_data_set found = {0}, named = {0}, test = {0};
    eq_status status = eq_data_set_read(&o, ".", 1, &found, diag);
    o.path = eq_strdup(in("mnist"));
    if (status == EQ_OK && o.path == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_data_set_read(&o, ".", 1, &named, diag);
    if (status == EQ_OK) status = eq_data_read_test(&o, o.path, named.train, &test, diag);
    eq_data_set_free(&found);
    eq_data_set_free(&named);
    eq_data_set_free(&test);
    eq_data_options_free(&o);
    return status;
}

/* One of each kind; gnuplot is a script here, which draws nothing. */
static eq_status pictures(eq_diag *diag) {
    static const struct {
        const char *kind, *file;
    } drawn[] = {{"curves", "run"},      {"sweep", "sweep.raw"},     {"sweep", "sweep.npz"},
                 {"sweep", "sweep.csv"}, {"iv", "sweep.cir"},        {"confusion", "run"},
                 {"activations", "run"}, {"conductances", "run"},    {"crossbar", "run"},
                 {"effects", "studied"}, {"interaction", "studied"}, {"front", "studied"},
                 {"drop", "cross.cir"},  {"drop", "cross.csv"}};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof drawn / sizeof *drawn; k++) {
        const char *input = in(drawn[k].file);
        eq_picture p = eq_picture_defaults();
        eq_text out = {0};
        p.kind = drawn[k].kind;
        p.input = &input;
        p.inputs = 1;
        status = eq_picture_draw(&p, &out, diag);
        eq_text_free(&out);
    }
    return status;
}

static const struct {
    const char *name;
    eq_status (*run)(eq_diag *diag);
} scenario[] = {
    {"a deck with subcircuits", read_subcircuit},
    {"a deck with controlled sources", read_controlled},
    {"a deck with waveforms and warm formulas", read_sources},
    {"a deck of LTspice in UTF-16", read_legal},
    {"a network", read_network},
    {"a circuit in XML", read_xml},
    {"a bad deck", read_bad},
    {"an experiment", experiment},
    {"Newton", newton},
    {"co-content", cocontent},
    {"KINSOL", kinsol},
    {"Newton with formulas", newton_formulas},
    {"transistors", transistors},
    {"transistors of other levels", transistors_of_levels},
    {"transistors of EKV", transistors_ekv},
    {"jfets", jfets},
    {"compiled", compiled},
    {"power transistors", power},
    {"shorts", shorts},
    {"nudged phases", nudged},
    {"no operating point", dead_ends},
    {"a start near one of two answers", start},
    {"analyses", analyses},
    {"commands", commands},
    {"a raw file", read_raw},
    {"an ASCII raw file", read_raw_ascii},
    {"verification", verification},
    {"export", export},
    {"names", write_names},
    {"formulas", formulas},
    {"polynomials", polynomials},
    {"memristors there and back", memristors_there_and_back},
    {"includes", includes},
    {"conditions", conditions},
    {"multipliers", multipliers},
    {"build", build},
    {"edges", edges},
    {"bad experiments", bad_experiments},
    {"training, layered", train_layered},
    {"training, sparse", train_sparse},
    {"training by adjoint and clamps, layered", otherwise_layered},
    {"training by adjoint and clamps, sparse", otherwise_sparse},
    {"trainings of two seeds", train_seeds},
    {"a study", study},
    {"searches", searches},
    {"devices", devices},
    {"folders that are refused", refused_folders},
    {"resumed training", resume},
    {"evaluation", evaluate},
    {"evaluation of other data", evaluate_other},
    {"a report", report},
    {"gradient check", gradcheck},
    {"reciprocity", reciprocity},
    {"both sides of theorem 3.1", transient},
    {"both sides of theorem 3.1, of a network", transient_network},
    {"both sides of the GDD property", transient_steps},
    {"Langevin dynamics", langevin},
    {"few-shot tasks", tasks},
    {"sensitivities", sensitivity},
    {"phases on other devices", other_devices},
    {"a gradient of ideal devices", ideal_devices},
    {"a network on many chips", many_chips},
    {"a crossbar with wires", build_crossbar},
    {"training of any parameter", any_parameters},
    {"a network without a circuit", network},
    {"a network whose phases are sampled", sampled_network},
    {"a network of another sigma", soft_network},
    {"a discrete-time network", dense_network},
    {"an elastic network", elastic_network},
    {"a convolutional network", convolutional_network},
    {"images of CIFAR-10", read_cifar},
    {"settings", settings},
    {"power of a changed network", infer},
    {"another circuit", infer_other},
    {"CSV", read_csv},
    {"IDX", read_idx},
    {"two parts", read_parts},
    {"NumPy", read_npy},
    {"targets", read_targets},
    {"regression", regression},
    {"pictures", pictures},
};
enum { SCENARIOS = sizeof scenario / sizeof *scenario };

/* The deck as ngspice gets it. */
static void put_numbered(const char *path, const char *name) {
    eq_circuit *c = NULL;
    eq_text text = {0};
    ck_assert_int_eq(eq_circuit_read(path, &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_deck_write_numbered(c, &text, NULL), EQ_OK);
    put_bytes(name, text.text, text.length);
    eq_text_free(&text);
    eq_circuit_free(c);
}

/* What LTspice knows, in UTF-16. */
static void put_wide(void) {
    static const char legal[] =
        "what LTspice knows\n.params rt=1k\n.param q 2 f(x)={x*temper}\nv1 a 0 rt\nr1 a b {f(q)}\n"
        "b1 c 0 v=i(r1)+i(d1)+i(x1:c1)\nd1 b 0 dm w=2\nd2 c 0 dl m=2\nx1 c s p={2*w} w=3\n"
        ".subckt s a p=1 w=1\nr1 a 0 {p}\nc1 a n 1\nr2 n 0 4k7\n.ic v(n)=w\n.ends\n"
        "l1 a f 1 rser=1 rpar=1k\nr9 f 0 0\nb2 g 0 r=1k rpar=2A\n"
        ".model dm d(level=3 l=1 jsw=1f)\n.model dl d(ron=1 ilimit=1 epsilon=0.1)\n"
        ".options rshunt=1g\n.backanno\n.op\n.end\n";
    char wide[2 * sizeof legal];
    for (size_t k = 0; k < sizeof legal; k++) {
        wide[2 * k] = legal[k];
        wide[2 * k + 1] = 0;
    }
    put_bytes("legal.cir", wide, sizeof wide - 2);
}

/* The same two images as IDX files, with MNIST's names, and as NumPy arrays. */
static void put_images(void) {
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0,
                                           0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    char npy[160];
    put_bytes("images.idx", images, sizeof images);
    put_bytes("labels.idx", labels, sizeof labels);
    mkdir(in("mnist"), 0755);
    setenv("EQSPICE_DATA", scratch_current(), 1);
    put_bytes("mnist/train-images-idx3-ubyte", images, sizeof images);
    put_bytes("mnist/train-labels-idx1-ubyte", labels, sizeof labels);
    put_bytes("mnist/t10k-images.idx3-ubyte", images, sizeof images);
    put_bytes("mnist/t10k-labels.idx1-ubyte", labels, sizeof labels);
    for (int k = 0; k < 2; k++) {
        memset(npy, ' ', sizeof npy);
        memcpy(npy, "\x93NUMPY\1\0\x76\0", 10);
        int n =
            snprintf(npy + 10, 110, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,%s), }",
                     k == 0 ? " 3" : "");
        npy[10 + n] = ' ';
        memcpy(npy + 127, "\n\0\1\2\3\4\5", 7);
        put_bytes(k == 0 ? "x.npy" : "y.npy", npy, k == 0 ? 134 : 130);
    }
}

static const struct {
    const char *name, *text;
} texts[] = {
    {"sine.xml", "<experiment><architecture kind='kendall' layers='2,2,2'/><data format='csv' "
                 "path='sine.csv' targets='y' test-fraction='0.25' validation-fraction='0.25'/>"
                 "<encoding invert='yes' target-normalize='standard'/><cost type='huber'/>"
                 "<optimizer type='sgd' rate='1e-9'/></experiment>"},
    {"any.cir",
     "any\nVx x 0 0\nVb b 0 0.2\nRt1 x h 1k\nRt2 h b 2k\nI1 0 o 1u\nR3 h o 3k\nR4 o 0 3k\n"
     "*% input Vx\n*% output h o\n*% train vb min=-1 max=1\n*% train i1 min=-1m max=1m\n"
     "*% train rt* gmin=1e-9 gmax=1\n.op\n.end\n"},
    {"any.xml",
     "<experiment><circuit deck='any.cir'/><data format='csv' path='any.csv'/>"
     "<cost type='squared-error'/><optimizer type='adam' rate='1e-12'/><minibatch size='1'/>"
     "<epochs count='1'/></experiment>"},
    {"sources.cir",
     "sources of Xyce\n.global_param p=1\nv1 a 0 pwl(0 1 1m 2 2m 3) td=-1.5m r=0 ; c\n"
     "r1 a 0 rm r={1k*(1+v(a))} temp=50\nb1 a 0 i={log(limit(v(a),p,v(a)))} tc1=1m dtemp=5\n"
     ".model rm r(tc1=1m r=2)\n.options device tnom=17\n.temp 30\n.op\n.end\nr2 a 0 1\n"},
    {"sweep.cir", "sweep\nV1 a 0 1\nR1 a b {x} m=2\nD1 b 0 dd\n.model dd D\n.op\n"
                  ".dc v1 list 0 1\n.print dc v(b) i(v1)\n.step param x 1k 2k 1k\n"
                  ".step dd:is list 1e-14\n.print dc {v(a)*2}\n"
                  ".meas dc m1 integ v(b)\n.meas dc m2 find v(b) when v(a)=0.5\n.end\n"},
    {"latch.cir", "latch\nV1 p 0 5\nR1 p a 1k\nR2 p b 1k\n"
                  "B1 a 0 I=2m*(1+tanh(4*(V(b)-2.5)))\n"
                  "B2 b 0 I=2m*(1+tanh(4*(V(a)-2.5)))\n"
                  ".nodeset V(a)=4.9 V(b)=1\n.op\n.end\n"},
    {"models.cir", "t\n.model neuron d(is=1e-7)\n"},
    {"other-models.cir", "t\n.model nerve d(is=1e-7)\n"},
    {"cross.csv", "v(a_1_1),v(a_1_2),v(b_1_1),v(b_1_2)\n1,0.9,0.1,0.2\n"},
    {"sine.csv", "x,y\n1,2\n3,4\n5,7\n7,1\n9,2\n"},
    {"any.csv", "0.7,a\n-0.4,b\n"},
    {"study.xml",
     "<study experiment='any.xml'><set name='r3' value='2k'/><factor name='r4' values='3k 4k'/>"
     "<design type='one-at-a-time'/><repeats seeds='1,2'/><record figures='train_loss watts "
     "gradcheck_cosine'/><report pareto='train_loss watts'/></study>"},
    {"studied.xml",
     "<study experiment='any.xml'><factor name='r3' from='1000' to='2000' levels='2'/>"
     "<factor name='r4' values='3k 4k'/><design type='grid'/><record figures='train_loss watts'/>"
     "<report pareto='train_loss watts'/></study>"},
    {"halving.xml", "<study experiment='any.xml'><factor name='r4' values='3k 4k'/>"
                    "<design type='successive-halving' points='2' least='1' most='2'/>"
                    "<record figures='train_loss'/><report goal='train_loss'/></study>"},
    {"cma.xml", "<study experiment='any.xml'><factor name='r3' from='1000' to='2000'/>"
                "<design type='cma-es' points='8' population='4'/>"
                "<record figures='train_loss'/><report goal='train_loss'/></study>"},
    {"old", "whole\n"},
};

static void make_files(void) {
    scratch_make();
    put_images();
    put_wide();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        put_bytes(texts[k].name, texts[k].text, strlen(texts[k].text));
    expect_exit(0, NULL, "run %s --format raw -o %s", in("sweep.cir"), in("sweep.raw"));
    expect_exit(0, NULL, "export netlists/controlled.cir --to xml -o %s", in("circuit.xml"));
    put("compiled.cir", "t\nv1 a 0 2\nr1 a b 1k\nn1 b 0 dr area=2\nn2 a b rb\nn3 a c w\nr2 c 0 1k\n"
                        ".model dr diode4 rs=50\n.model rb resistor4 kind=\"half\" r=3k\n"
                        ".model w wire4\n*% osdi gone/models-4-0.osdi\n.op\n");
    expect_exit(0, NULL, "op tests/decks/include.cir --format raw-ascii -o %s", in("theirs.raw"));
    put_numbered("tests/decks/include.cir", "numbered.cir");
    expect_exit(0, NULL, "op %s --format raw-ascii -o %s", in("numbered.cir"), in("numbered.raw"));
    char script[512], path[512];
    int length = snprintf(script, sizeof script, "#!/bin/sh\ncp %s \"$4\"\n", in("numbered.raw"));
    put_bytes("ngspice", script, (size_t)length);
    chmod(in("ngspice"), 0755);
    expect_exit(0, NULL, "build crossbar --rows 2 --columns 2 -o %s", in("cross.cir"));
    static const char draws[] = "#!/bin/sh\ncat >/dev/null\necho '<svg/>' >picture\n";
    put_bytes("gnuplot", draws, strlen(draws));
    chmod(in("gnuplot"), 0755);
    expect_exit(0, NULL, "run %s --format npz -o %s", in("sweep.cir"), in("sweep.npz"));
    expect_exit(0, NULL, "run %s --format csv -o %s", in("sweep.cir"), in("sweep.csv"));
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", scratch_current());
    setenv("PATH", path, 1);
    ck_assert_int_eq(train("netlists/two-stage.xml", "run", false, EQ_ENGINE_AUTO, NULL), EQ_OK);
    expect_exit(0, NULL, "explore %s -o %s --jobs 1", in("studied.xml"), in("studied"));
}

static void drop_files(void) {
    scratch_drop();
}

/* What stood in the files is still there or has been replaced as a whole. */
static void check_files(const char *name, long n) {
    char *text;
    size_t length;
    eq_checkpoint k;
    eq_circuit *c = NULL;
    ck_assert_msg(eq_checkpoint_read(in("run/checkpoint"), &k, NULL) == EQ_OK,
                  "%s, %ld: checkpoint", name, n);
    eq_checkpoint_free(&k);
    ck_assert_msg(eq_circuit_read(in("run/model.cir"), &c, NULL) == EQ_OK, "%s, %ld: model", name,
                  n);
    eq_circuit_free(c);
    ck_assert_int_eq(eq_file_read(in("old"), (eq_place){0}, &text, &length, NULL), EQ_OK);
    ck_assert_msg(length > 5 &&
                      (text[length - 1] == '\n' || strstr(text, "Binary:") != NULL ||
                       memcmp(text + (length < 22 ? 0 : length - 22), "PK\x05\x06", 4) == 0),
                  "%s, %ld: cut off", name, n);
    eq_free(text);
}

/* One run in which the allocation after n fails, alone or with all after it; true when none did. */
static bool with(int which, long n, bool once) {
    eq_diag *diag = eq_diag_new();
    (once ? eq_mem_fail_once_after : eq_mem_fail_after)(n);
    eq_status status = scenario[which].run(diag);
    bool enough = eq_mem_fail_after(-1) >= 0;
    const char *name = scenario[which].name;
    if (enough)
        ck_assert_msg(status == EQ_OK, "%s: %s", name,
                      eq_diag_count(diag) == 0 ? "" : eq_diag_get(diag, 0)->text);
    else { /* a message that was lost ends nothing, and is told too */
        const eq_message *m = eq_diag_get(diag, eq_diag_count(diag) - 1);
        ck_assert_msg(status == EQ_ERR_MEMORY || status == EQ_OK, "%s, %ld: status %d, %s", name, n,
                      status, m->text);
        ck_assert_msg(eq_diag_errors(diag) >= 1, "%s, %ld: status %d and no message", name, n,
                      status);
        ck_assert_msg(strstr(m->text, "out of memory; ") != NULL, "%s, %ld: %s", name, n, m->text);
    }
    eq_diag_free(diag);
    check_files(name, n);
    return enough;
}

/* All n in the long form; in the short one the first 100 and then ever larger steps. */
START_TEST(every_failed_allocation_is_survived) {
    bool once = _i % 2;
    int which = _i / 2;
    long all = LONG_MAX / 2;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(scenario[which].run(diag), EQ_OK); /* what it leaves, later ones find */
    eq_mem_fail_after(all);
    ck_assert_int_eq(scenario[which].run(diag), EQ_OK);
    long needed = all - eq_mem_fail_after(-1), step = 1 + needed / (long)effort(POINTS, LONG_MAX);
    eq_diag_free(diag);
    for (long n = 0; n < needed; n += n < 100 ? 1 : step) with(which, n, once);
    ck_assert_msg(with(which, needed + 10, once), "%s: more allocations than before",
                  scenario[which].name);
}
END_TEST

Suite *memory_suite(void) {
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 600);
    tcase_add_checked_fixture(t, make_files, drop_files);
    tcase_add_loop_test(t, every_failed_allocation_is_survived, 0, 2 * SCENARIOS);
    suite_add_tcase(s, t);
    return s;
}
