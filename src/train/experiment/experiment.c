#include "train/experiment/experiment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/mesh.h"
#include "netlist/netlist.h"
#include "netlist/xml/xml.h"
#include "train/experiment/architecture.h"
#include "train/experiment/augmentation.h"
#include "train/experiment/device.h"
#include "train/experiment/idle.h"
#include "train/experiment/meta.h"
#include "train/experiment/named.h"
#include "train/experiment/network.h"
#include "train/experiment/place.h"
#include "train/experiment/sampling.h"

static eq_experiment *experiment_new(void) {
    eq_experiment *x = eq_calloc(1, sizeof *x);
    if (x == NULL) return NULL;
    x->seed = 1;
    x->data.test_fraction = 0.0;
    x->encoding.input.scale = x->encoding.target.scale = 1.0;
    x->cost = (eq_cost){eq_cost_find("squared-difference"), 1.0, 0.0, 1.0, 1.0, 1.0, false};
    x->network = eq_hopfield_defaults();
    x->estimator = (eq_estimator){.kind = eq_estimator_find("symmetric"),
                                  .beta = 1e-6,
                                  .eta = 0.1,
                                  .delta = 0.05,
                                  .clamp = INFINITY,
                                  .tolerance = 1e-9,
                                  .sampling = eq_sampling_defaults()};
    x->discrete = eq_discrete_defaults();
    x->elastic = eq_elastic_defaults();
    x->optimizer = (eq_optimizer){eq_optimizer_find("sgd"), NAN, 0.9, 0.9, 0.999, 1e-8};
    x->schedule = (eq_schedule){EQ_SCHEDULE_CONSTANT, 1.0, 1};
    x->meta = eq_meta_defaults();
    x->regularizer.pull = (eq_pull){.low = -INFINITY, .high = INFINITY};
    x->batch = 4;
    x->epochs = 10;
    return x;
}

void eq_experiment_free(eq_experiment *x) {
    if (x == NULL) return;
    for (size_t k = 0; k < x->groups; k++) eq_free(x->group[k].match);
    eq_free(x->group);
    for (size_t k = 0; k < x->devices; k++) eq_free(x->device[k].match);
    eq_free(x->device);
    for (size_t k = 0; k < x->presets; k++) {
        eq_free(x->preset[k].name);
        eq_free(x->preset[k].value);
    }
    eq_free(x->preset);
    eq_named_free(x);
    eq_free(x->path);
    eq_free(x->folder);
    eq_free(x->name);
    eq_free(x->home);
    eq_free(x->deck);
    eq_architecture_free(&x->architecture);
    eq_hopfield_options_free(&x->network);
    eq_discrete_options_free(&x->discrete);
    eq_elastic_options_free(&x->elastic);
    eq_data_options_free(&x->data);
    eq_mismatch_clear(&x->mismatch);
    for (int k = 0; k < EQ_PLACES - 1; k++) eq_data_options_free(&x->elsewhere[k]);
    eq_free(x);
}

/* What reading one document needs; the first failure stays in status and makes the rest a no-op. */
typedef struct reader {
    const eq_xml *xml;
    eq_experiment *x;
    int place; /* from which on files are looked for */
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

/* As text, found from the folder of the experiment. */
static void path(reader *r, const eq_xml_node *node, const char *name, char **value) {
    if (r->status == EQ_OK)
        r->status = eq_named_read(r->x, r->xml, node, name, r->place, value, r->diag);
}

/* 16 hexadecimal digits, as the schema has checked. */
static void digits(const eq_xml_node *node, const char *name, uint64_t *value) {
    const char *found = word(node, name);
    if (found != NULL) *value = strtoull(found, NULL, 16);
}

static void fault(reader *r, const eq_xml_node *node, const char *what) {
    if (r->status == EQ_OK)
        r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, node), "%s", what);
}

/* Columns of a CSV file, or a file of their own. */
static void targets(reader *r, const eq_xml_node *node, eq_data_options *d) {
    bool file = d->format != EQ_DATA_CSV;
    bool own = file && eq_data_goal_of(word(node, "targets")) == EQ_GOAL_TARGETS;
    (own ? path : text)(r, node, "targets", &d->targets);
    path(r, node, "test-targets", &d->test_targets);
    if (!file && d->test_targets != NULL)
        fault(r, node, "test-targets is a file of numbers; a CSV file has its targets in columns");
}

static void data(reader *r, const eq_xml_node *node, eq_data_options *d) {
    if (!eq_data_format_find(word(node, "format"), &d->format)) return;
    r->x->data_at = eq_named_at(r->x, r->xml, node, "format");
    digits(node, "checksum", &r->x->data_checksum);
    path(r, node, "path", &d->path);
    path(r, node, "labels", &d->labels);
    path(r, node, "test-path", &d->test_path);
    path(r, node, "test-labels", &d->test_labels);
    targets(r, node, d);
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
    if (r->status == EQ_OK && e->input.scale == 0.0)
        fault(r, node, "a scale of 0 makes every input 0 V; use another, or leave it out for 1");
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
    const char *rivals = word(node, "rivals");
    c->top = rivals != NULL && eq_same(rivals, "top");
    bool by_class = r->x->data.targets == NULL && !c->kind->classes;
    if (r->status == EQ_OK && by_class && c->high == c->low)
        fault(r, node,
              "<cost>: high and low are the same, so that all classes want the same outputs; give "
              "high=\"1\" low=\"0\", or others that differ");
    if (r->status == EQ_OK && by_class && c->high < c->low)
        eq_warn_at(r->diag, eq_xml_place(r->xml, node),
                   "<cost>: high=\"%g\" is below low=\"%g\": the output of the true class is to be "
                   "the lowest, and the highest one is what is predicted; swap them",
                   c->high, c->low);
}

static void estimator(reader *r, const eq_xml_node *node) {
    eq_estimator *e = &r->x->estimator;
    const char *type = word(node, "type"), *nudging = word(node, "nudging");
    if (type != NULL) e->kind = eq_estimator_find(type);
    if (nudging != NULL) eq_nudging_find(nudging, &e->nudging);
    number(r, node, "beta", &e->beta);
    number(r, node, "eta", &e->eta);
    number(r, node, "delta", &e->delta);
    const char *rule = word(node, "rule"), *at = word(node, "clamp");
    if (rule != NULL) eq_rule_find(rule, &e->rule);
    e->nodes = at != NULL && eq_same(at, "nodes");
    number(r, node, "tolerance", &e->tolerance);
    count(r, node, "steps", &e->steps);
    const char *clamp = word(node, "g-clamp");
    if (clamp != NULL && strcmp(clamp, "INF") != 0) number(r, node, "g-clamp", &e->clamp);
    const eq_cost_kind *cost = r->x->cost.kind;
    e->by_delta = cost->rivals;
    if (e->nudging == EQ_NUDGE_CLAMP && !cost->clamps)
        fault(r, node,
              "nudging=\"clamp\" holds the outputs on a straight way to their targets, which is "
              "not that of this cost; take "
              "<cost type=\"squared-difference\">, squared-error or hinge, or nudging=\"current\"");
    if (e->nudging == EQ_NUDGE_ENERGY && cost->kinks)
        fault(r, node,
              "nudging=\"energy\" needs a cost with a slope everywhere, and that of this one "
              "jumps; take nudging=\"current\"");
}

static void deviation(reader *r, const eq_xml_node *node) {
    eq_mismatch *m = &r->x->mismatch;
    if (!eq_grow((void **)&m->deviation, &m->cap, m->deviations + 1, sizeof *m->deviation)) {
        r->status = eq_out_of_memory(r->diag);
        return;
    }
    eq_spread *d = &m->deviation[m->deviations++];
    const char *distribution = word(node, "distribution"), *per = word(node, "per");
    *d = (eq_spread){0};
    if (distribution != NULL) eq_distribution_find(distribution, &d->distribution);
    if (per != NULL) d->per_class = strcmp(per, "class") == 0;
    d->at = eq_named_at(r->x, r->xml, node, "parameters");
    text(r, node, "parameters", &d->parameters);
    if (d->parameters != NULL) eq_lower(d->parameters, strlen(d->parameters));
    number(r, node, "sigma", &d->sigma);
    number(r, node, "absolute", &d->absolute);
}

/* The deviations inside, then that of the element itself where it has one. */
static void mismatch(reader *r, const eq_xml_node *node) {
    eq_mismatch *m = &r->x->mismatch;
    size_t chip = 1;
    if (node == NULL) return;
    count(r, node, "chip", &chip);
    m->chip = chip;
    const char *phases = word(node, "phases");
    if (phases != NULL) eq_phase_devices_find(phases, &m->phases);
    for (const eq_xml_node *n = eq_xml_first(node); r->status == EQ_OK && n != NULL;
         n = eq_xml_next(n))
        deviation(r, n);
    m->own = word(node, "sigma") != NULL || word(node, "absolute") != NULL;
    if (m->own) deviation(r, node);
    if (m->deviations == 0)
        fault(r, node,
              "the mismatch deviates nowhere; give it sigma=\"0.1\" (a fraction) or "
              "absolute=\"1m\", or a <deviation> inside");
}

static void hardware(reader *r, const eq_xml_node *node) {
    eq_hardware *h = &r->x->hardware;
    h->input.range = fabs(r->x->encoding.input.scale);
    h->output.range = 1.0;
    count(r, node, "input-bits", &h->input.bits);
    count(r, node, "output-bits", &h->output.bits);
    const struct {
        const char *name;
        double *value;
    } numbers[] = {{"input-range", &h->input.range}, {"output-range", &h->output.range},
                   {"read-noise", &h->read.noise},   {"read-offset", &h->read.offset},
                   {"hold-noise", &h->hold.noise},   {"hold-offset", &h->hold.offset},
                   {"nudge-noise", &h->nudge.noise}, {"nudge-offset", &h->nudge.offset}};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        number(r, node, numbers[k].name, numbers[k].value);
    if (h->input.bits > 0 && !(h->input.range > 0.0))
        fault(r, node, "the inputs have no range; give the converter input-range=\"1\" (V)");
    if (r->x->estimator.nudging == EQ_NUDGE_CLAMP && !eq_unsteady_is_steady(&h->nudge))
        fault(r, node,
              "nudge-noise and nudge-offset are currents of nudge sources, and clamps have none; "
              "take nudging=\"current\" or leave them out");
}

static void group(reader *r, const eq_xml_node *node) {
    eq_experiment *x = r->x;
    if (!eq_grow((void **)&x->group, &x->group_cap, x->groups + 1, sizeof *x->group)) {
        r->status = eq_out_of_memory(r->diag);
        return;
    }
    eq_group_options *g = &x->group[x->groups++];
    *g = (eq_group_options){
        .rate = x->optimizer.rate, .pull = {NAN, NAN, NAN, NAN}, .init = {EQ_INIT_DECK, NAN, NAN}};
    const char *init = word(node, "init");
    if (init != NULL) eq_init_find(init, &g->init.type);
    text(r, node, "match", &g->match);
    g->at = eq_named_at(x, r->xml, node, "match");
    number(r, node, "rate", &g->rate);
    if (r->status == EQ_OK) r->status = eq_pull_read(r->xml, node, &g->pull, r->diag);
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
    r->status = eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_attribute_place(r->xml, root, "name"),
                           "the experiment's name %s; it names the folder of its runs, so give one "
                           "word or a few",
                           why);
}

/* The <set .../> of a circuit or an architecture, which stand behind what else is in it. */
static void presets(reader *r, const eq_xml_node *node) {
    eq_experiment *x = r->x;
    for (const eq_xml_node *n = eq_xml_first(node); r->status == EQ_OK && n != NULL;
         n = eq_xml_next(n)) {
        if (strcmp(eq_xml_name(n), "set") != 0) continue;
        if (!eq_grow((void **)&x->preset, &x->preset_cap, x->presets + 1, sizeof *x->preset)) {
            r->status = eq_out_of_memory(r->diag);
            return;
        }
        x->preset[x->presets++] = (eq_preset){.at = eq_named_at(x, r->xml, n, "name")};
        text(r, n, "name", &x->preset[x->presets - 1].name);
        text(r, n, "value", &x->preset[x->presets - 1].value);
    }
}

static void circuit(reader *r, const eq_xml_node *root) {
    const eq_xml_node *deck = eq_xml_child(root, "circuit");
    const eq_xml_node *built = eq_xml_child(root, "architecture");
    const eq_xml_node *own = eq_xml_child(root, "network");
    if ((deck != NULL) + (built != NULL) + (own != NULL) != 1)
        fault(r, root,
              "an experiment has one circuit or network; give either <circuit deck=\"...\"/> or "
              "<architecture kind=\"...\" layers=\"...\"/> or <network kind=\"...\" "
              "layers=\"...\"/>");
    else if (deck != NULL)
        path(r, deck, "deck", &r->x->deck);
    else if (r->status == EQ_OK)
        r->status = own != NULL ? eq_network_element_read(r->xml, own, r->x, r->diag)
                                : eq_architecture_read(r->xml, built, r->x, r->diag);
    const eq_xml_node *one = deck != NULL ? deck : built != NULL ? built : own;
    r->x->cache = yes(one, "cache", false);
    const char *engine = word(one, "engine");
    if (engine != NULL) eq_engine_kind_find(engine, &r->x->engine);
    if (own == NULL) presets(r, one);
}

static void seed(reader *r, const eq_xml_node *root) {
    size_t value = (size_t)r->x->seed;
    count(r, root, "seed", &value);
    r->x->seed = value;
}

static void epochs(reader *r, const eq_xml_node *node) {
    count(r, node, "count", &r->x->epochs);
    count(r, node, "patience", &r->x->patience);
    if (r->x->patience > 0 && !(r->x->data.validation_fraction > 0.0))
        fault(r, node,
              "patience waits for the validation set, of which there is none; add "
              "validation-fraction=\"0.1\" to <data>");
}

/* Programmable devices know only where they stand themselves. */
static void check_phases(reader *r, const eq_xml_node *node) {
    if (r->x->devices > 0 && r->x->mismatch.phases != EQ_SAME_DEVICES)
        fault(r, node,
              "phases on other or ideal devices are of resistors that are set exactly, and this "
              "experiment has a <device>; leave one of them out");
}

static eq_status read_tree(const eq_xml *xml, eq_experiment *x, eq_diag *diag) {
    reader r = {xml, x, 0, EQ_OK, diag};
    const eq_xml_node *root = eq_xml_root(xml);
    name(&r, root);
    seed(&r, root);
    digits(root, "run", &x->run);
    text(&r, root, "home", &x->home);
    circuit(&r, root);
    data(&r, eq_xml_child(root, "data"), &x->data);
    for (r.place = 1; x->home != NULL && r.place < EQ_PLACES; r.place++)
        data(&r, eq_xml_child(root, "data"), &x->elsewhere[r.place - 1]);
    r.place = 0;
    encoding(&r, eq_xml_child(root, "encoding"));
    if (r.status == EQ_OK)
        r.status = eq_augmentation_read(xml, eq_xml_child(root, "augmentation"), x, diag);
    cost(&r, eq_xml_child(root, "cost"));
    estimator(&r, eq_xml_child(root, "estimator"));
    mismatch(&r, eq_xml_child(root, "mismatch"));
    if (r.status == EQ_OK)
        r.status = eq_sampling_read(xml, eq_xml_child(root, "langevin"), x, diag);
    hardware(&r, eq_xml_child(root, "hardware"));
    optimizer(&r, eq_xml_child(root, "optimizer"));
    if (r.status == EQ_OK) r.status = eq_device_read(xml, eq_xml_child(root, "device"), x, diag);
    check_phases(&r, eq_xml_child(root, "mismatch"));
    if (r.status == EQ_OK) r.status = eq_network_element_suits(xml, x, diag);
    schedule(&r, eq_xml_child(root, "schedule"));
    count(&r, eq_xml_child(root, "minibatch"), "size", &x->batch);
    epochs(&r, eq_xml_child(root, "epochs"));
    return r.status == EQ_OK ? eq_meta_read(xml, root, x, diag) : r.status;
}

eq_status eq_experiment_read(const char *file, eq_experiment **out, eq_diag *diag) {
    return eq_experiment_read_with(file, NULL, out, diag);
}

/* Takes the document over. */
static eq_status understand(eq_xml *xml, const char *file, const eq_settings *set,
                            eq_experiment **out, eq_diag *diag) {
    eq_status status = EQ_OK;
    eq_experiment *x = experiment_new();
    if (x != NULL) {
        x->path = eq_strdup(file);
        x->folder = eq_path_folder(file);
        x->name = eq_strdup("experiment");
    }
    if (x == NULL || x->path == NULL || x->folder == NULL || x->name == NULL)
        status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = read_tree(xml, x, diag);
    if (status == EQ_OK && x->run == 0) eq_warn_of_idle(x, xml, diag);
    if (status == EQ_OK && x->run != 0) eq_warn_of_idle_settings(x, set, diag);
    eq_xml_free(xml);
    if (status == EQ_OK)
        *out = x;
    else
        eq_experiment_free(x);
    return status;
}

eq_status eq_experiment_read_with(const char *file, const eq_settings *settings,
                                  eq_experiment **out, eq_diag *diag) {
    eq_xml *xml = NULL;
    eq_status status = eq_xml_read(file, &eq_schema_experiment, settings, &xml, diag);
    return status == EQ_OK ? understand(xml, file, settings, out, diag) : status;
}

struct eq_experiment_master {
    char *file;
    eq_xml_master *xml;
    eq_data_kept *kept; /* of the copies, which are trained one after the other */
};

void eq_experiment_master_free(eq_experiment_master *m) {
    if (m == NULL) return;
    eq_free(m->file);
    eq_xml_master_free(m->xml);
    eq_data_kept_free(m->kept);
    eq_free(m);
}

eq_status eq_experiment_master_read(const char *file, eq_experiment_master **out, eq_diag *diag) {
    eq_experiment_master *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    m->file = eq_strdup(file);
    m->kept = eq_data_kept_new();
    eq_status status = m->file == NULL || m->kept == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_xml_master_read(file, &eq_schema_experiment, &m->xml, diag);
    if (status == EQ_OK)
        *out = m;
    else
        eq_experiment_master_free(m);
    return status;
}

eq_status eq_experiment_master_copy(const eq_experiment_master *m, const eq_settings *settings,
                                    eq_experiment **out, eq_diag *diag) {
    eq_xml *xml = NULL;
    eq_status status = eq_xml_master_copy(m->xml, settings, &xml, diag);
    if (status == EQ_OK) status = understand(xml, m->file, settings, out, diag);
    if (status == EQ_OK) (*out)->kept = m->kept;
    return status;
}

/* Those of the circuit or network, appended to n others. */
static size_t files_of_network(const eq_experiment *x, size_t n, const char **file) {
    const char *const own[] = {x->deck,
                               x->architecture.text[EQ_NET_EDGES],
                               x->architecture.text[EQ_NET_MODELS],
                               x->network.edges,
                               x->elastic.nodes,
                               x->elastic.springs};
    for (size_t k = 0; k < sizeof own / sizeof *own; k++)
        if (own[k] != NULL) file[n++] = own[k];
    return n;
}

size_t eq_experiment_files(const eq_experiment *x, const char *file[EQ_EXPERIMENT_FILES]) {
    return files_of_network(x, eq_data_files(&x->data, file), file);
}

eq_status eq_experiment_has_network(const eq_experiment *x, eq_diag *diag) {
    const char *file[EQ_EXPERIMENT_FILES];
    size_t n = files_of_network(x, 0, file);
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < n; k++) status = eq_named_there(x, file[k], diag);
    return status;
}

/* CIFAR has its labels in the same files, and reading it refuses others. */
static bool used(const eq_data_options *o, const char *file) {
    return o->format != EQ_DATA_CIFAR || file == o->path || file == o->test_path;
}

eq_status eq_experiment_has_data(const eq_experiment *x, const eq_data_options *o, eq_diag *diag) {
    const char *file[EQ_DATA_FILES];
    size_t n = eq_data_files(o, file);
    bool folders = o->format == EQ_DATA_IDX || o->format == EQ_DATA_CIFAR;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < n; k++)
        if (!(folders && eq_is_folder(file[k])) && used(o, file[k]))
            status = eq_named_there(x, file[k], diag);
    return status;
}

eq_status eq_experiment_needs_circuit(const eq_experiment *x, const char *what, eq_diag *diag) {
    if (eq_experiment_has_circuit(x)) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_USAGE,
        "%s needs a circuit, and the <network> of '%s' is none; give a deck, or a run of "
        "<circuit> or <architecture>",
        what, x->path);
}

eq_status eq_experiment_circuit(const eq_experiment *x, eq_circuit **out, eq_diag *diag) {
    eq_status has = eq_experiment_needs_circuit(x, "this command", diag);
    if (has != EQ_OK) return has;
    eq_architecture a = x->architecture;
    a.seed = x->seed;
    eq_circuit *c = NULL;
    eq_status status = eq_experiment_has_network(x, diag);
    if (status == EQ_OK)
        status = x->deck != NULL ? eq_circuit_read(x->deck, &c, diag)
                                 : eq_architecture_circuit(&a, &c, diag);
    if (status == EQ_OK) status = eq_presets_apply(x, 0, c, diag);
    if (status == EQ_OK)
        *out = c;
    else
        eq_circuit_free(c);
    return status;
}
