/* Memory runs out over what is there: raw files, trained networks, and what is told and drawn of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "report/picture.h"
#include "report/report.h"
#include "report/verify.h"
#include "result/raw.h"
#include "support/program.h"
#include "train/attack.h"

enum { LONGEST = 512 };

static eq_status read_raw(const char *path, eq_diag *diag) {
    eq_result **plots = NULL;
    size_t count = 0;
    eq_status status = eq_raw_read(in(path), &plots, &count, diag);
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

static eq_status evaluate_other(eq_diag *diag) {
    eq_trained *m = NULL;
    eq_status status = eq_trained_open_on(in("run"), "data/iris.csv", 1, &m, diag);
    eq_trained_free(m);
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

static eq_status sensitivity(eq_diag *diag) {
    eq_trained *m = NULL;
    eq_loss_scenes *work = NULL;
    eq_sensitivity s = {0};
    eq_draws d;
    size_t n;
    eq_status status = eq_trained_open_on(in("run"), NULL, 1, &m, diag);
    if (status == EQ_OK) status = eq_trained_sensitivity(m, NULL, 2, &n, &work, &s, diag);
    if (status == EQ_OK) status = eq_sensitivity_draw(&s, 0.01, 2, 1, &d, diag);
    if (status == EQ_OK && d.failed > 0) status = EQ_ERR_MEMORY;
    eq_sensitivity_close(&s);
    eq_loss_scenes_free(work);
    eq_trained_free(m);
    return status;
}

/* Of what a .sens card says, a potential and a current. */
static eq_status card(eq_diag *diag) {
    static const char text[] = "t\nv1 a 0 2\nr1 a b 1k\nr2 b 0 1k\n.sens objfunc={2*v(b)+i(v1)} "
                               "param=r1:r,v1:dcv0\n.op\n.end\n";
    eq_deck *d = NULL;
    eq_sensitivity s = {0};
    eq_status status = eq_deck_parse("t.cir", text, strlen(text), &d, diag);
    if (status != EQ_OK) return status;
    const eq_analysis *of = &d->analysis[0];
    eq_scenes scenes = {
        .n = 1, .formula = of->output, .wanted = d->wanted + of->first, .wants = of->wanted};
    status = eq_sensitivity_open(&s, d->circuit, &scenes, diag);
    eq_sensitivity_close(&s);
    eq_deck_free(d);
    return status;
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

static eq_status distorted(eq_diag *diag) {
    static const char *const set[] = {"augmentation.noise=0.1"};
    eq_trained_options o = eq_trained_defaults();
    eq_trained *m = NULL;
    double image[2 * 2 * 16];
    o.set = (eq_settings){set, 1};
    eq_status status = eq_trained_open(in("run"), &o, &m, diag);
    if (status == EQ_OK) status = eq_trained_distorted(m, 2, 1, image, diag);
    eq_trained_free(m);
    return status;
}

const memory_scenario memory_of_reports[] = {
    {"a raw file", .of = read_raw, .path = "sweep.raw"},
    {"an ASCII raw file", .of = read_raw, .path = "theirs.raw"},
    {"verification", .run = verification},
    {"evaluation", .run = evaluate},
    {"evaluation of other data", .run = evaluate_other},
    {"a report", .run = report},
    {"sensitivities", .run = sensitivity},
    {"sensitivities of a card", .run = card},
    {"a network on many chips", .run = many_chips},
    {"power of a changed network", .run = infer},
    {"another circuit", .run = infer_other},
    {"distorted examples", .run = distorted},
    {"pictures", .run = pictures},
    {.name = NULL},
};
