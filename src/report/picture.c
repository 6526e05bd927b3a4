#include "report/picture.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "report/kind.h"
#include "report/runs.h"

/* Options that not every kind reads. */
enum takes {
    LOG = 1,
    COLUMNS = 2,
    ACROSS = 4,
    REFERENCE = 8,
    BAND = 16,
    ELEMENT = 32,
    RANGE = 64,
    PERCENT = 128
};

static const struct {
    eq_picture_kind is;
    eq_gather *gather;
    unsigned takes; /* options of enum takes */
} kinds[] = {
    {{"curves", "training curves", "DIR or metrics.csv, several",
      "what trainings reached, against the epoch"},
     eq_gather_curves,
     LOG | COLUMNS | ACROSS | REFERENCE | BAND},
    {{"sweep", "sweep", "FILE.csv, .raw or .npz of eqspice run",
      "potentials and currents over what is swept; of gradcheck --transient both sides over time; "
      "histograms of langevin"},
     eq_gather_sweep,
     LOG | COLUMNS | ACROSS | REFERENCE},
    {{"iv", "current over voltage", "a deck or DIR",
      "current over voltage of models, an element, or the neuron at a node"},
     eq_gather_iv,
     LOG | ELEMENT | RANGE},
    {{"confusion", "confusion matrix", "DIR of a run",
      "which class is taken for which, of the test set"},
     eq_gather_confusion,
     PERCENT},
    {{"targets", "predicted targets", "DIR of a run",
      "what a regression gives for its targets, of the test set"},
     eq_gather_targets,
     0},
    {{"activations", "mean potentials by class", "DIR of a run",
      "mean potentials of hidden nodes and outputs by class"},
     eq_gather_activations,
     0},
    {{"conductances", "histograms of trained groups", "DIR of a run",
      "histogram of each trained group, before and after"},
     eq_gather_conductances,
     LOG},
    {{"crossbar", "conductances of crossbars", "DIR of a run",
      "the trained conductances of each layer as a matrix"},
     eq_gather_crossbar,
     LOG},
    {{"drop", "potentials along wires", "a deck, DIR or table of crossbars with wires",
      "potentials along their rows and columns"},
     eq_gather_drop,
     0},
    {{"flows", "network with what it carries", "a deck or DIR",
      "the network, its elements as wide as what they carry"},
     eq_gather_flows,
     0},
    {{"elastic", "elastic network before and after training", "DIR of a run",
      "an elastic network under its largest inputs, before training and after"},
     eq_gather_elastic,
     0},
    {{"effects", "effects of factors", "DIR of a study",
      "what each factor does to the goal, with 95 % bands"},
     eq_gather_effects,
     LOG | COLUMNS},
    {{"interaction", "interaction of two factors", "DIR of a study",
      "the goal over the two strongest factors"},
     eq_gather_interaction,
     LOG | COLUMNS},
    {{"front", "Pareto front", "DIR of a study", "its points by two figures, and the Pareto front"},
     eq_gather_front,
     LOG},
    {{"trace", "trace of a search", "DIR of a study that searches",
      "what each training reached, and the best so far"},
     eq_gather_trace,
     LOG | COLUMNS},
    {{"adversarial", "adversarial examples", "DIR of a run",
      "examples, their gradient, and what takes the network in"},
     eq_gather_adversarial,
     0},
    {{"liked", "inputs that bring the outputs highest", "DIR of a run",
      "the input that brings each output highest"},
     eq_gather_liked,
     0},
    {{"distorted", "training examples as they are distorted", "DIR of a run",
      "examples, and what the first epochs show of them"},
     eq_gather_distorted,
     0},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

const eq_picture_kind *eq_picture_kind_at(size_t k) {
    return k < KINDS ? &kinds[k].is : NULL;
}

eq_picture eq_picture_defaults(void) {
    return (eq_picture){.width = EQ_PICTURE_COLUMN, .from = NAN, .to = NAN, .threads = 1};
}

bool eq_picture_format_find(const char *text, eq_picture_format *format) {
    static const char *const name[] = {"svg", "pdf", "png"};
    const char *dot = strrchr(text, '.');
    for (int k = 0; k < 3; k++) {
        if (!eq_same(dot == NULL ? text : dot + 1, name[k])) continue;
        *format = (eq_picture_format)k;
        return true;
    }
    return false;
}

/* What suits an input. */
static const char *suits(const char *path) {
    static const char *const deck[] = {".cir", ".sp", ".net", ".ckt", ".spice", ".xml"};
    const char *dot = strrchr(path, '.');
    for (size_t k = 0; dot != NULL && k < sizeof deck / sizeof *deck; k++)
        if (eq_same(dot, deck[k])) return "iv";
    if (eq_runs_is_study(path)) return "effects";
    return eq_is_folder(path) || eq_runs_is_table(path) ? "curves" : "sweep";
}

static eq_status find(const char *name, size_t *kind, eq_diag *diag) {
    for (*kind = 0; *kind < KINDS; ++*kind)
        if (eq_same(name, kinds[*kind].is.name)) return EQ_OK;
    eq_text all = {0};
    for (size_t k = 0; k < KINDS; k++)
        eq_text_printf(&all, "%s%s",
                       k == 0           ? ""
                       : k + 1 == KINDS ? " or "
                                        : ", ",
                       kinds[k].is.name);
    eq_status status = eq_fail(diag, EQ_ERR_USAGE, "there is no kind of picture '%s'; use %s", name,
                               all.failed ? "another" : all.text);
    eq_text_free(&all);
    return status;
}

static eq_status choose(const eq_picture *p, size_t *kind, eq_diag *diag) {
    const char *log = p->log == NULL ? "none" : p->log;
    if (!eq_same(log, "none") && (log[0] == '\0' || log[strspn(log, "xy")] != '\0'))
        return eq_fail(diag, EQ_ERR_USAGE, "--log is '%s'; use x, y, xy or none", p->log);
    if (p->table != NULL) return find("sweep", kind, diag);
    if (p->inputs == 0)
        return eq_fail(diag, EQ_ERR_USAGE, "nothing to draw; give a folder of a run or a file");
    return find(p->kind == NULL ? suits(p->input[0]) : p->kind, kind, diag);
}

eq_status eq_picture_choose(const eq_picture *p, const char **kind, eq_diag *diag) {
    size_t k;
    eq_status status = choose(p, &k, diag);
    if (status == EQ_OK) *kind = kinds[k].is.name;
    return status;
}

/* Tells of what is asked for and the kind does not read. */
static void tell_idle(const eq_picture *p, size_t kind, eq_diag *diag) {
    const struct {
        unsigned bit;
        bool given;
        const char *name;
    } option[] = {
        {LOG, p->log != NULL, "log"},     {COLUMNS, p->columns != NULL, "columns"},
        {ACROSS, p->x != NULL, "x"},      {REFERENCE, p->reference != NULL, "reference"},
        {BAND, p->band != NULL, "band"},  {ELEMENT, p->element != NULL, "element"},
        {RANGE, !isnan(p->from), "from"}, {RANGE, !isnan(p->to), "to"},
        {PERCENT, p->percent, "percent"},
    };
    for (size_t k = 0; k < sizeof option / sizeof *option; k++)
        if (option[k].given && (kinds[kind].takes & option[k].bit) == 0)
            eq_warn_at(diag, (eq_place){0},
                       "--%s has no effect on a picture of the kind %s; leave it out, or choose "
                       "another kind with --kind",
                       option[k].name, kinds[kind].is.name);
}

eq_status eq_picture_draw(const eq_picture *p, eq_text *out, eq_diag *diag) {
    eq_picture chosen = *p;
    eq_canvas c = {.p = &chosen, .rows = 1, .columns = 1};
    size_t kind;
    eq_status status = choose(p, &kind, diag);
    if (status == EQ_OK) {
        chosen.kind = kinds[kind].is.name;
        c.title = kinds[kind].is.title;
        tell_idle(p, kind, diag);
        status = kinds[kind].gather(&chosen, &c, diag);
    }
    if (status == EQ_OK) status = eq_canvas_draw(&c, out, diag);
    eq_canvas_free(&c);
    return status;
}
