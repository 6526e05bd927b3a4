#include "train/experiment.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/carry.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "netlist/xml/xml.h"

static eq_experiment *experiment_new(void) {
    eq_experiment *x = eq_calloc(1, sizeof *x);
    if (x == NULL) return NULL;
    x->seed = 1;
    x->data.test_fraction = 0.0;
    x->encoding.input.scale = x->encoding.target.scale = 1.0;
    x->cost = (eq_cost){eq_cost_find("squared-difference"), 1.0, 0.0, 1.0, 1.0, 1.0};
    x->estimator =
        (eq_estimator){eq_estimator_find("symmetric"), 1e-6, EQ_NUDGE_CURRENT, 0.1, INFINITY};
    x->optimizer = (eq_optimizer){eq_optimizer_find("sgd"), NAN, 0.9, 0.9, 0.999, 1e-8};
    x->schedule = (eq_schedule){EQ_SCHEDULE_CONSTANT, 1.0, 1};
    x->batch = 4;
    x->epochs = 10;
    return x;
}

void eq_experiment_free(eq_experiment *x) {
    if (x == NULL) return;
    for (size_t k = 0; k < x->groups; k++) eq_free(x->group[k].match);
    eq_free(x->group);
    for (size_t k = 0; k < x->presets; k++) {
        eq_free(x->preset[k].name);
        eq_free(x->preset[k].value);
    }
    eq_free(x->preset);
    eq_free(x->path);
    eq_free(x->folder);
    eq_free(x->name);
    eq_free(x->deck);
    eq_data_options_free(&x->data);
    eq_free(x);
}

/* What reading one document needs; the first failure stays in status and makes the rest a no-op. */
typedef struct reader {
    const eq_xml *xml;
    eq_experiment *x;
    eq_status status;
    eq_diag *diag;
} reader;

static void number(reader *r, const eq_xml_node *node, const char *name, double *value) {
    if (r->status == EQ_OK) r->status = eq_xml_number(r->xml, node, name, value, r->diag);
}

static void count(reader *r, const eq_xml_node *node, const char *name, size_t *value) {
    if (r->status == EQ_OK) r->status = eq_xml_count(r->xml, node, name, value, r->diag);
}

/* The schema has checked that the word is one of those known; NULL when the attribute is absent. */
static const char *word(const eq_xml_node *node, const char *name) {
    return node == NULL ? NULL : eq_xml_attribute(node, name);
}

static bool yes(const eq_xml_node *node, const char *name, bool otherwise) {
    const char *text = word(node, name);
    return text == NULL ? otherwise : strcmp(text, "yes") == 0;
}

static void text(reader *r, const eq_xml_node *node, const char *name, char **value) {
    const char *found = word(node, name);
    if (r->status != EQ_OK || found == NULL) return;
    eq_free(*value);
    *value = eq_strdup(found);
    if (*value == NULL) r->status = eq_out_of_memory(r->diag);
}

/* As text, made relative to the folder of the experiment. */
static void path(reader *r, const eq_xml_node *node, const char *name, char **value) {
    const char *found = word(node, name);
    if (r->status != EQ_OK || found == NULL) return;
    *value = eq_path_join(r->x->folder, found);
    if (*value == NULL) r->status = eq_out_of_memory(r->diag);
}

static void fault(reader *r, const eq_xml_node *node, const char *what) {
    if (r->status == EQ_OK)
        r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node), "%s", what);
}

/* Errors of the architecture's own readers get the place of the element as a second line. */
static void architecture(reader *r, const eq_xml_node *node) {
    eq_architecture *a = &r->x->architecture;
    const char *outputs = word(node, "outputs"), *diode = word(node, "diode");
    const char *bias = word(node, "bias");
    eq_status status = eq_architecture_kind(word(node, "kind"), a, r->diag);
    if (status == EQ_OK) status = eq_architecture_layers(word(node, "layers"), a, r->diag);
    if (status == EQ_OK && bias != NULL) status = eq_architecture_biases(bias, a, r->diag);
    if (status != EQ_OK) {
        fault(r, node, "<architecture> cannot be built; correct it as said above");
        return;
    }
    if (outputs != NULL) a->differential = strcmp(outputs, "differential") == 0;
    if (diode != NULL)
        a->diode = strcmp(diode, "ideal") == 0 ? EQ_NEURON_IDEAL : EQ_NEURON_SHOCKLEY;
    const struct {
        const char *name;
        double *value;
    } numbers[] = {{"gain", &a->gain},  {"feedback", &a->feedback}, {"is", &a->is},
                   {"n", &a->n},        {"ron", &a->ron},           {"roff", &a->roff},
                   {"bias-up", &a->up}, {"bias-down", &a->down},    {"gmin", &a->gmin},
                   {"gmax", &a->gmax}};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        number(r, node, numbers[k].name, numbers[k].value);
    /* The conductances are drawn by <group init=.../>;
     * what the deck holds first must lie inside. */
    a->low = fmin(fmax(a->low, fmax(a->gmin, 1e-12)), a->gmax);
    a->high = fmin(fmax(a->high, a->low), a->gmax);
    if (r->status == EQ_OK && eq_architecture_check(a, r->diag) != EQ_OK)
        fault(r, node, "<architecture> cannot be built; correct it as said above");
}

/* Columns of a CSV file, or a file of their own. */
static void targets(reader *r, const eq_xml_node *node, const char *name, char **value) {
    bool file = r->x->data.format != EQ_DATA_CSV;
    if (file && eq_data_goal_of(word(node, name)) == EQ_GOAL_TARGETS)
        path(r, node, name, value);
    else
        text(r, node, name, value);
}

static void data(reader *r, const eq_xml_node *node) {
    eq_data_options *d = &r->x->data;
    if (!eq_data_format_find(word(node, "format"), &d->format)) return;
    path(r, node, "path", &d->path);
    path(r, node, "labels", &d->labels);
    path(r, node, "test-path", &d->test_path);
    path(r, node, "test-labels", &d->test_labels);
    targets(r, node, "targets", &d->targets);
    targets(r, node, "test-targets", &d->test_targets);
    text(r, node, "label", &d->label);
    text(r, node, "set", &d->set);
    if (word(node, "header") != NULL)
        d->header = yes(node, "header", false) ? EQ_HEADER_YES : EQ_HEADER_NO;
    number(r, node, "test-fraction", &d->test_fraction);
    number(r, node, "validation-fraction", &d->validation_fraction);
    count(r, node, "train-limit", &d->train_limit);
    count(r, node, "test-limit", &d->test_limit);
    if (d->path == NULL && d->format != EQ_DATA_IDX)
        fault(r, node, "<data> has no path; add path=\"...\" with the file of the examples");
    if (d->test_path != NULL && d->test_fraction > 0.0)
        fault(r, node, "<data> has both test-path and test-fraction; keep one of them");
    if (d->targets != NULL && d->labels != NULL)
        fault(r, node, "<data> has both labels and targets; keep one of them");
    if (d->set != NULL && (d->path != NULL || d->format != EQ_DATA_IDX))
        fault(r, node,
              "<data> has a set, which is looked for as a folder of IDX files: format=\"idx\" "
              "without path; take set away, or format and path");
}

static void encoding(reader *r, const eq_xml_node *node) {
    eq_encoding *e = &r->x->encoding;
    const char *normalize = word(node, "normalize"), *target = word(node, "target-normalize");
    if (normalize != NULL) eq_normalize_find(normalize, &e->input.normalize);
    if (target != NULL) eq_normalize_find(target, &e->target.normalize);
    number(r, node, "scale", &e->input.scale);
    number(r, node, "center", &e->input.center);
    number(r, node, "target-scale", &e->target.scale);
    number(r, node, "target-center", &e->target.center);
    e->invert = yes(node, "invert", false);
}

static void cost(reader *r, const eq_xml_node *node) {
    eq_cost *c = &r->x->cost;
    const char *type = word(node, "type");
    if (type != NULL) c->kind = eq_cost_find(type);
    number(r, node, "high", &c->high);
    number(r, node, "low", &c->low);
    number(r, node, "scale", &c->scale);
    number(r, node, "threshold", &c->threshold);
    number(r, node, "margin", &c->margin);
}

static void estimator(reader *r, const eq_xml_node *node) {
    eq_estimator *e = &r->x->estimator;
    const char *type = word(node, "type"), *nudging = word(node, "nudging");
    if (type != NULL) e->kind = eq_estimator_find(type);
    if (nudging != NULL) eq_nudging_find(nudging, &e->nudging);
    number(r, node, "beta", &e->beta);
    number(r, node, "eta", &e->eta);
    const char *clamp = word(node, "g-clamp");
    if (clamp != NULL && strcmp(clamp, "INF") != 0) number(r, node, "g-clamp", &e->clamp);
    const eq_cost_kind *cost = r->x->cost.kind;
    if (e->nudging == EQ_NUDGE_CLAMP && !cost->clamps)
        fault(r, node,
              "nudging=\"clamp\" drives the outputs to targets, and this cost has none; take "
              "<cost type=\"squared-difference\"> or squared-error, or nudging=\"current\"");
    if (e->nudging == EQ_NUDGE_ENERGY && cost->kinks)
        fault(r, node,
              "nudging=\"energy\" needs a cost with a slope everywhere, and that of this one "
              "jumps; take nudging=\"current\"");
}

static void group(reader *r, const eq_xml_node *node) {
    eq_experiment *x = r->x;
    if (!eq_grow((void **)&x->group, &x->group_cap, x->groups + 1, sizeof *x->group)) {
        r->status = eq_out_of_memory(r->diag);
        return;
    }
    eq_group_options *g = &x->group[x->groups++];
    *g = (eq_group_options){.rate = x->optimizer.rate, .init = {EQ_INIT_DECK, NAN, NAN}};
    const char *init = word(node, "init");
    if (init != NULL) eq_init_find(init, &g->init.type);
    text(r, node, "match", &g->match);
    number(r, node, "rate", &g->rate);
    number(r, node, "low", &g->init.low);
    number(r, node, "high", &g->init.high);
    if (g->init.type == EQ_INIT_FAN_IN && isnan(g->init.low)) g->init.low = 0.0;
    if (g->init.type == EQ_INIT_KAIMING) g->init.low = 0.0;
    if (isnan(g->rate))
        fault(r, node, "the group has no learning rate; give rate=\"...\" to it or to <optimizer>");
    if (g->init.type != EQ_INIT_DECK && (isnan(g->init.low) || isnan(g->init.high)))
        fault(
            r, node,
            "init needs a range; give low=\"...\" and high=\"...\" in the unit of what is trained");
}

static void optimizer(reader *r, const eq_xml_node *node) {
    eq_optimizer *o = &r->x->optimizer;
    o->kind = eq_optimizer_find(word(node, "type"));
    number(r, node, "rate", &o->rate);
    number(r, node, "momentum", &o->momentum);
    number(r, node, "beta1", &o->beta1);
    number(r, node, "beta2", &o->beta2);
    number(r, node, "epsilon", &o->epsilon);
    for (const eq_xml_node *n = eq_xml_first(node); r->status == EQ_OK && n != NULL;
         n = eq_xml_next(n))
        group(r, n);
}

static void schedule(reader *r, const eq_xml_node *node) {
    eq_schedule *s = &r->x->schedule;
    const char *type = word(node, "type");
    if (type != NULL) eq_schedule_find(type, &s->type);
    if (s->type == EQ_SCHEDULE_COSINE) s->factor = 0.0;
    number(r, node, "factor", &s->factor);
    count(r, node, "every", &s->every);
}

/* A control character: C0, DEL, and C1, which UTF-8 writes as C2 80 .. C2 9F. */
static bool control_at(const char *p) {
    const unsigned char *c = (const unsigned char *)p;
    return c[0] < ' ' || c[0] == 127 || (c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0);
}

/* What keeps the name from being one folder in runs/; NULL: nothing does. */
static const char *no_folder(const char *name) {
    enum { LONGEST = 255 }; /* NAME_MAX of Linux */
    if (name[0] == '\0') return "is empty";
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return "leads to another folder";
    if (strchr(name, '/') != NULL) return "holds a /";
    if (strlen(name) > LONGEST) return "has more than 255 bytes";
    for (const char *p = name; *p != '\0'; p++)
        if (control_at(p)) return "holds a control character";
    return NULL;
}

/* The name is a folder: its runs stand in runs/NAME. */
static void name(reader *r, const eq_xml_node *root) {
    text(r, root, "name", &r->x->name);
    const char *why = r->status == EQ_OK ? no_folder(r->x->name) : NULL;
    if (why == NULL) return;
    r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_root_place(r->xml, "name"),
                           "the experiment's name %s; it names the folder of its runs, so give one "
                           "word or a few",
                           why);
}

/* The <set .../> of a circuit or an architecture. */
static void presets(reader *r, const eq_xml_node *node) {
    eq_experiment *x = r->x;
    for (const eq_xml_node *n = eq_xml_first(node); r->status == EQ_OK && n != NULL;
         n = eq_xml_next(n)) {
        if (!eq_grow((void **)&x->preset, &x->preset_cap, x->presets + 1, sizeof *x->preset)) {
            r->status = eq_out_of_memory(r->diag);
            return;
        }
        x->preset[x->presets++] = (eq_preset){NULL, NULL};
        text(r, n, "name", &x->preset[x->presets - 1].name);
        text(r, n, "value", &x->preset[x->presets - 1].value);
    }
}

static void circuit(reader *r, const eq_xml_node *root) {
    const eq_xml_node *deck = eq_xml_child(root, "circuit");
    const eq_xml_node *network = eq_xml_child(root, "architecture");
    if ((deck == NULL) == (network == NULL))
        fault(r, root,
              "an experiment has one circuit; give either <circuit deck=\"...\"/> or "
              "<architecture kind=\"...\" layers=\"...\"/>");
    else if (deck != NULL)
        path(r, deck, "deck", &r->x->deck);
    else
        architecture(r, network);
    presets(r, deck != NULL ? deck : network);
}

static void seed(reader *r, const eq_xml_node *root) {
    size_t value = (size_t)r->x->seed;
    count(r, root, "seed", &value);
    r->x->seed = value;
}

/* 16 hexadecimal digits, as the schema has checked. */
static void run(reader *r, const eq_xml_node *root) {
    const char *digits = word(root, "run");
    if (digits != NULL) r->x->run = strtoull(digits, NULL, 16);
}

static void epochs(reader *r, const eq_xml_node *node) {
    count(r, node, "count", &r->x->epochs);
    count(r, node, "patience", &r->x->patience);
    if (r->x->patience > 0 && !(r->x->data.validation_fraction > 0.0))
        fault(r, node,
              "patience waits for the validation set, of which there is none; add "
              "validation-fraction=\"0.1\" to <data>");
}

static eq_status read_tree(const eq_xml *xml, eq_experiment *x, eq_diag *diag) {
    reader r = {xml, x, EQ_OK, diag};
    const eq_xml_node *root = eq_xml_root(xml);
    name(&r, root);
    seed(&r, root);
    run(&r, root);
    circuit(&r, root);
    data(&r, eq_xml_child(root, "data"));
    encoding(&r, eq_xml_child(root, "encoding"));
    cost(&r, eq_xml_child(root, "cost"));
    estimator(&r, eq_xml_child(root, "estimator"));
    optimizer(&r, eq_xml_child(root, "optimizer"));
    schedule(&r, eq_xml_child(root, "schedule"));
    count(&r, eq_xml_child(root, "minibatch"), "size", &x->batch);
    epochs(&r, eq_xml_child(root, "epochs"));
    return r.status;
}

eq_status eq_experiment_read(const char *file, eq_experiment **out, eq_diag *diag) {
    return eq_experiment_read_with(file, NULL, out, diag);
}

eq_status eq_experiment_read_with(const char *file, const eq_settings *settings,
                                  eq_experiment **out, eq_diag *diag) {
    eq_xml *xml = NULL;
    eq_status status = eq_xml_read(file, &eq_schema_experiment, settings, &xml, diag);
    if (status != EQ_OK) return status;
    eq_experiment *x = experiment_new();
    if (x != NULL) {
        x->path = eq_strdup(file);
        x->folder = eq_path_folder(file);
        x->name = eq_strdup("experiment");
    }
    if (x == NULL || x->path == NULL || x->folder == NULL || x->name == NULL)
        status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = read_tree(xml, x, diag);
    eq_xml_free(xml);
    if (status == EQ_OK)
        *out = x;
    else
        eq_experiment_free(x);
    return status;
}

static void attribute(eq_text *t, const char *name, const char *value) {
    if (value == NULL) return;
    eq_text_printf(t, " %s=\"", name);
    eq_xml_escape(EQ_CARRY_TEXT, value, t);
    eq_text_puts(t, "\"");
}

static void value(eq_text *t, const char *name, double number_value) {
    if (!isnan(number_value)) eq_text_printf(t, " %s=\"%.17g\"", name, number_value);
}

/* The path from the root, so that it holds from any folder. */
static void absolute(eq_text *t, const char *name, const char *relative) {
    if (relative == NULL) return;
    char *full = eq_path_absolute(relative);
    if (full == NULL)
        t->failed = true;
    else
        attribute(t, name, full);
    eq_free(full);
}

/* A path is written as it is or not at all. */
static eq_status check_path(const char *relative, eq_diag *diag) {
    char *full = relative == NULL ? NULL : eq_path_absolute(relative);
    eq_text carried = {0};
    if (relative == NULL) return EQ_OK;
    if (full != NULL) eq_carry(EQ_CARRY_TEXT, full, &carried);
    eq_status status = EQ_OK;
    if (full == NULL || carried.failed)
        status = eq_out_of_memory(diag);
    else if (strcmp(carried.text, full) != 0)
        status =
            eq_fail(diag, EQ_ERR_INPUT,
                    "the path '%s' is no UTF-8 or holds control characters, which the XML of a "
                    "run cannot hold; rename the folder or file",
                    full);
    eq_text_free(&carried);
    eq_free(full);
    return status;
}

static eq_status check_paths(const eq_experiment *x, eq_diag *diag) {
    bool columns = x->data.format == EQ_DATA_CSV;
    const char *const path[] = {x->deck,
                                x->data.path,
                                x->data.labels,
                                x->data.test_path,
                                x->data.test_labels,
                                columns ? NULL : x->data.targets,
                                columns ? NULL : x->data.test_targets};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof path / sizeof *path; k++)
        status = check_path(path[k], diag);
    return status;
}

/* The presets, and the end of the element they stand in. */
static void write_presets(const eq_experiment *x, const char *element, eq_text *t) {
    eq_text_puts(t, x->presets == 0 ? "/>\n" : ">\n");
    for (size_t k = 0; k < x->presets; k++) {
        eq_text_puts(t, "    <set");
        attribute(t, "name", x->preset[k].name);
        attribute(t, "value", x->preset[k].value);
        eq_text_puts(t, "/>\n");
    }
    if (x->presets > 0) eq_text_printf(t, "  </%s>\n", element);
}

static void write_architecture(const eq_architecture *a, eq_text *t) {
    eq_text_printf(t, "  <architecture kind=\"%s\" layers=\"", a->amplifiers ? "kendall" : "drn");
    for (size_t l = 0; l < a->layers; l++)
        eq_text_printf(t, "%s%zu", l == 0 ? "" : ",", a->width[l]);
    eq_text_puts(t, "\" bias=\"");
    for (size_t b = 0; b < a->biases; b++)
        eq_text_printf(t, "%s%.17g", b == 0 ? "" : ",", a->bias[b]);
    eq_text_printf(t, "\" outputs=\"%s\" diode=\"%s\"", a->differential ? "differential" : "single",
                   a->diode == EQ_NEURON_IDEAL ? "ideal" : "shockley");
    value(t, "gain", a->gain);
    value(t, "feedback", a->feedback);
    value(t, "is", a->is);
    value(t, "n", a->n);
    value(t, "ron", a->ron);
    value(t, "roff", a->roff);
    value(t, "bias-up", a->up);
    value(t, "bias-down", a->down);
    value(t, "gmin", a->gmin);
    value(t, "gmax", a->gmax);
}

static void write_data(const eq_data_options *d, eq_text *t) {
    eq_text_printf(t, "  <data format=\"%s\"", eq_data_format_name(d->format));
    absolute(t, "path", d->path);
    absolute(t, "labels", d->labels);
    absolute(t, "test-path", d->test_path);
    absolute(t, "test-labels", d->test_labels);
    attribute(t, "label", d->label);
    attribute(t, "set", d->set);
    bool columns = d->format == EQ_DATA_CSV || eq_data_goal_of(d->targets) != EQ_GOAL_TARGETS;
    (columns ? attribute : absolute)(t, "targets", d->targets);
    absolute(t, "test-targets", d->test_targets);
    if (d->header != EQ_HEADER_FOUND)
        attribute(t, "header", d->header == EQ_HEADER_YES ? "yes" : "no");
    if (d->test_path == NULL) value(t, "test-fraction", d->test_fraction);
    if (d->validation_fraction > 0.0) value(t, "validation-fraction", d->validation_fraction);
    eq_text_printf(t, " train-limit=\"%zu\" test-limit=\"%zu\"/>\n", d->train_limit, d->test_limit);
}

static void write_group(const eq_group_options *g, eq_text *t) {
    eq_text_puts(t, "    <group");
    attribute(t, "match", g->match);
    value(t, "rate", g->rate);
    attribute(t, "init", eq_init_name(g->init.type));
    value(t, "low", g->init.low);
    value(t, "high", g->init.high);
    eq_text_puts(t, "/>\n");
}

static void write_optimizer(const eq_experiment *x, eq_text *t) {
    const eq_optimizer *o = &x->optimizer;
    eq_text_printf(t, "  <optimizer type=\"%s\"", o->kind->name);
    value(t, "rate", o->rate);
    value(t, "momentum", o->momentum);
    value(t, "beta1", o->beta1);
    value(t, "beta2", o->beta2);
    value(t, "epsilon", o->epsilon);
    eq_text_puts(t, ">\n");
    for (size_t k = 0; k < x->groups; k++) write_group(&x->group[k], t);
    eq_text_puts(t, "  </optimizer>\n");
    eq_text_printf(t, "  <schedule type=\"%s\"", eq_schedule_name(x->schedule.type));
    value(t, "factor", x->schedule.factor);
    eq_text_printf(t, " every=\"%zu\"/>\n  <minibatch size=\"%zu\"/>\n", x->schedule.every,
                   x->batch);
}

/* Encoding, cost, estimator, optimizer: what decides the course of the training besides circuit and
 * data. */
static void write_method(const eq_experiment *x, eq_text *t) {
    eq_text_printf(t, "  <encoding normalize=\"%s\" invert=\"%s\"",
                   eq_normalize_name(x->encoding.input.normalize),
                   x->encoding.invert ? "yes" : "no");
    value(t, "scale", x->encoding.input.scale);
    value(t, "center", x->encoding.input.center);
    if (x->data.targets != NULL) {
        attribute(t, "target-normalize", eq_normalize_name(x->encoding.target.normalize));
        value(t, "target-scale", x->encoding.target.scale);
        value(t, "target-center", x->encoding.target.center);
    }
    eq_text_printf(t, "/>\n  <cost type=\"%s\"", x->cost.kind->name);
    value(t, "high", x->cost.high);
    value(t, "low", x->cost.low);
    value(t, "scale", x->cost.scale);
    if (eq_same(x->cost.kind->name, "huber")) value(t, "threshold", x->cost.threshold);
    if (eq_same(x->cost.kind->name, "hinge")) value(t, "margin", x->cost.margin);
    eq_text_printf(t, "/>\n  <estimator type=\"%s\" nudging=\"%s\"", x->estimator.kind->name,
                   eq_nudging_name(x->estimator.nudging));
    value(t, "beta", x->estimator.beta);
    bool clamp = x->estimator.nudging == EQ_NUDGE_CLAMP;
    if (clamp) value(t, "eta", x->estimator.eta);
    if (clamp && isfinite(x->estimator.clamp)) value(t, "g-clamp", x->estimator.clamp);
    eq_text_puts(t, "/>\n");
    write_optimizer(x, t);
}

eq_status eq_experiment_write(const eq_experiment *x, eq_text *t, eq_diag *diag) {
    eq_status status = check_paths(x, diag);
    if (status != EQ_OK) return status;
    eq_text_puts(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<experiment");
    attribute(t, "name", x->name);
    eq_text_printf(t, " seed=\"%" PRIu64 "\"", x->seed);
    if (x->run != 0) eq_text_printf(t, " run=\"%016" PRIx64 "\"", x->run);
    eq_text_puts(t, ">\n");
    if (x->deck != NULL) {
        eq_text_puts(t, "  <circuit");
        absolute(t, "deck", x->deck);
    } else {
        write_architecture(&x->architecture, t);
    }
    write_presets(x, x->deck != NULL ? "circuit" : "architecture", t);
    write_data(&x->data, t);
    write_method(x, t);
    eq_text_printf(t, "  <epochs count=\"%zu\"", x->epochs);
    if (x->patience > 0) eq_text_printf(t, " patience=\"%zu\"", x->patience);
    eq_text_puts(t, "/>\n</experiment>\n");
    return t->failed ? eq_out_of_memory(diag) : EQ_OK;
}

eq_status eq_experiment_fingerprint(const eq_experiment *x, uint64_t *hash, eq_diag *diag) {
    eq_text t = {0};
    write_method(x, &t);
    eq_status status = t.failed ? eq_out_of_memory(diag) : EQ_OK;
    *hash = EQ_HASH_START;
    if (status == EQ_OK) eq_hash_bytes(hash, t.text, t.length);
    eq_text_free(&t);
    return status;
}

eq_status eq_experiment_same_circuit(const eq_experiment *a, const eq_experiment *b, bool *other,
                                     eq_diag *diag) {
    eq_text text[2] = {{0}, {0}};
    const eq_experiment *of[2] = {a, b};
    for (int k = 0; k < 2; k++) {
        if (of[k]->deck != NULL)
            absolute(&text[k], "deck", of[k]->deck);
        else
            write_architecture(&of[k]->architecture, &text[k]);
    }
    eq_status status = text[0].failed || text[1].failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) *other = strcmp(text[0].text, text[1].text) != 0;
    for (int k = 0; k < 2; k++) eq_text_free(&text[k]);
    return status;
}

eq_status eq_experiment_circuit(const eq_experiment *x, eq_circuit **out, eq_diag *diag) {
    eq_architecture a = x->architecture;
    a.seed = x->seed;
    eq_circuit *c = NULL;
    eq_status status =
        x->deck != NULL ? eq_circuit_read(x->deck, &c, diag) : eq_architecture_build(&a, &c, diag);
    if (status == EQ_OK) status = eq_presets_apply(x, 0, c, diag);
    if (status == EQ_OK)
        *out = c;
    else
        eq_circuit_free(c);
    return status;
}
