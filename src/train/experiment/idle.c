#include "train/experiment/idle.h"

#include <stdio.h>
#include <string.h>

#include "model/device/response.h"

static bool optimizer_is(const eq_experiment *x, const char *name) {
    return eq_same(x->optimizer.kind->name, name);
}

static bool cost_is(const eq_experiment *x, const char *name) {
    return eq_same(x->cost.kind->name, name);
}

static bool momentum(const eq_experiment *x) {
    return optimizer_is(x, "momentum");
}

static bool adam(const eq_experiment *x) {
    return optimizer_is(x, "adam");
}

static bool phases(const eq_experiment *x) {
    return x->estimator.kind->phases > 0;
}

static bool iterates(const eq_experiment *x) {
    return x->estimator.kind->iterates;
}

static bool counts_steps(const eq_experiment *x) {
    return iterates(x) || x->estimator.kind->unrolled;
}

static bool clamps(const eq_experiment *x) {
    return phases(x) && x->estimator.nudging == EQ_NUDGE_CLAMP;
}

static bool nudges(const eq_experiment *x) {
    return phases(x) && x->estimator.nudging != EQ_NUDGE_CLAMP;
}

static bool settles(const eq_experiment *x) {
    return !eq_estimator_samples(&x->estimator);
}

static bool nudges_so(const eq_experiment *x) {
    return settles(x) || x->estimator.nudging == EQ_NUDGE_ENERGY;
}

static bool huber(const eq_experiment *x) {
    return cost_is(x, "huber");
}

static bool cross_entropy(const eq_experiment *x) {
    return cost_is(x, "cross-entropy");
}

static bool hinge(const eq_experiment *x) {
    return cost_is(x, "hinge");
}

static bool has_places(const eq_experiment *x) {
    return !x->cost.kind->rivals;
}

static bool has_targets(const eq_experiment *x) {
    return x->data.targets != NULL;
}

static bool aims(const eq_experiment *x) {
    return !hinge(x) && !cross_entropy(x);
}

static bool aims_at_classes(const eq_experiment *x) {
    return !has_targets(x);
}

static bool is_csv(const eq_experiment *x) {
    return x->data.format == EQ_DATA_CSV;
}

static bool scheduled(const eq_experiment *x) {
    return x->schedule.type != EQ_SCHEDULE_CONSTANT;
}

static bool by_steps(const eq_experiment *x) {
    return x->schedule.type == EQ_SCHEDULE_STEP;
}

static bool is_net(const eq_experiment *x, eq_architecture_name kind) {
    return x->architecture.kind == kind;
}

static bool grid(const eq_experiment *x) {
    return is_net(x, EQ_NET_GRID);
}

static bool nmos(const eq_experiment *x) {
    return is_net(x, EQ_NET_NMOS);
}

static bool listed(const eq_experiment *x) {
    return nmos(x) || is_net(x, EQ_NET_GRAPH);
}

static bool open_net(const eq_experiment *x) {
    return grid(x) || is_net(x, EQ_NET_GRAPH);
}

static bool edges(const eq_experiment *x) {
    return open_net(x) || nmos(x);
}

static bool crossbars(const eq_experiment *x) {
    return !edges(x);
}

static bool layers(const eq_experiment *x) {
    return !open_net(x);
}

static bool amplifiers(const eq_experiment *x) {
    return x->architecture.amplifiers;
}

static bool shockley(const eq_experiment *x) {
    return x->architecture.diode == EQ_NEURON_SHOCKLEY;
}

static bool ideal(const eq_experiment *x) {
    return !shockley(x);
}

static bool hopfield(const eq_experiment *x) {
    return eq_hopfield_is(&x->network);
}

static bool thinned(const eq_experiment *x) {
    return x->network.density != NULL || x->discrete.density != NULL;
}

static bool elastic(const eq_experiment *x) {
    return x->elastic.nodes != NULL;
}

static bool discrete(const eq_experiment *x) {
    return x->discrete.layers > 0;
}

static bool one_task(const eq_experiment *x) {
    return x->meta.shots == 0;
}

static bool in_layers(const eq_experiment *x) {
    return !elastic(x);
}

static bool not_in_steps(const eq_experiment *x) {
    return !discrete(x);
}

static bool in_time(const eq_experiment *x) {
    return x->discrete.solver == EQ_DISCRETE_STEPS;
}

/* Whether some phase goes on until it rests. */
static bool rests(const eq_experiment *x) {
    const eq_discrete_options *o = &x->discrete;
    return !discrete(x) || !in_time(x) || !phases(x) || o->free == 0 || o->nudged == 0;
}

static bool convolves(const eq_experiment *x) {
    for (size_t l = 0; l < x->discrete.layers; l++)
        if (x->discrete.layer[l].convolves) return true;
    return false;
}

static bool in_time_or_back(const eq_experiment *x) {
    return in_time(x) || x->estimator.kind->unrolled;
}

static bool euler(const eq_experiment *x) {
    return x->network.solver == EQ_HOPFIELD_EULER;
}

static bool deviates_itself(const eq_experiment *x) {
    return x->mismatch.own;
}

static bool deviates(const eq_experiment *x) {
    bool any = false;
    for (size_t k = 0; k < x->mismatch.deviations; k++)
        any |= x->mismatch.deviation[k].sigma > 0.0 || x->mismatch.deviation[k].absolute > 0.0;
    return any;
}

/* The adjoint has no nudged phase that could stand on other devices. */
static bool has_that_phase(const eq_experiment *x) {
    return phases(x) || x->mismatch.phases != EQ_OTHER_DEVICES;
}

static bool moves_images(const eq_experiment *x) {
    return eq_augmentation_is_of_images(&x->augmentation);
}

static bool has_width(const eq_experiment *x) {
    return x->augmentation.width > 0;
}

static bool converts_inputs(const eq_experiment *x) {
    return x->hardware.input.bits > 0;
}

static bool converts_outputs(const eq_experiment *x) {
    return x->hardware.output.bits > 0;
}

static bool learns_tasks(const eq_experiment *x) {
    return x->meta.shots > 0;
}

/* Whether it is so of the pull of all, or of a group. */
static bool any_pull(const eq_experiment *x, bool (*is)(const eq_pull *p)) {
    bool any = is(&x->regularizer.pull);
    for (size_t k = 0; k < x->groups; k++) any |= is(&x->group[k].pull);
    return any;
}

static bool is_strong(const eq_pull *p) {
    return p->strength > 0.0;
}

static bool is_soft(const eq_pull *p) {
    return p->soft > 0.0;
}

static bool pulled(const eq_experiment *x) {
    return any_pull(x, is_strong);
}

static bool softened(const eq_experiment *x) {
    return any_pull(x, is_soft);
}

static bool softly_bounded(const eq_experiment *x) {
    return any_pull(x, eq_pull_bounded);
}

static bool tasks_of_classes(const eq_experiment *x) {
    return learns_tasks(x) && !has_targets(x);
}

static bool drawn(const eq_group_options *g) {
    return g->init.type != EQ_INIT_DECK;
}

static bool drawn_from_low(const eq_group_options *g) {
    return drawn(g) && g->init.type != EQ_INIT_KAIMING;
}

static bool by_pulses(const eq_device *d) {
    return d->response != NULL && d->rule != EQ_RULE_EXACT;
}

/* "ideal" takes a response away that others give. */
static bool responds(const eq_device *d) {
    return d->response == NULL || by_pulses(d);
}

static bool pulse_varies(const eq_device *d) {
    return by_pulses(d) && d->dw_min_std > 0.0;
}

static bool sized(const eq_device *d) {
    return by_pulses(d) || d->write_noise_std > 0.0;
}

/* In units of w, of which the bounds of the parameter are w_min and w_max. */
static bool in_w(const eq_device *d) {
    return sized(d) || d->w_min_dtod > 0.0 || d->w_max_dtod > 0.0 || d->lifetime > 0.0;
}

static bool steps_like(const eq_device *d, const char *response) {
    return by_pulses(d) && d->response == eq_response_find(response);
}

static bool linear_step(const eq_device *d) {
    return steps_like(d, "linear-step");
}

static bool exponential_step(const eq_device *d) {
    return steps_like(d, "exponential-step");
}

static bool has_gamma(const eq_device *d) {
    return linear_step(d) || exponential_step(d);
}

static bool power_step(const eq_device *d) {
    return steps_like(d, "power-step");
}

static bool piecewise_step(const eq_device *d) {
    return steps_like(d, "piecewise-step");
}

static bool by_threshold(const eq_device *d) {
    return d->rule == EQ_RULE_THRESHOLD;
}

static bool by_trains(const eq_device *d) {
    return d->rule == EQ_RULE_ROUNDED || d->rule == EQ_RULE_STOCHASTIC || d->rule == EQ_RULE_MIXED;
}

static bool paired(const eq_device *d) {
    return d->pair;
}

static bool has_levels(const eq_device *d) {
    return d->levels > 0;
}

static bool drifts(const eq_device *d) {
    return d->drift_nu > 0.0;
}

static bool time_passes(const eq_device *d) {
    return d->drift_time > d->drift_t0;
}

static bool leaks(const eq_device *d) {
    return d->lifetime > 0.0;
}

static bool wears_out(const eq_device *d) {
    return d->endurance > 0.0;
}

/* What attributes need to count: a property of the experiment, or of the group or the device that they
 * are given to. Of several rows of one attribute the first that fails is told. */
static const struct rule {
    const char *element; /* path of elements; a pattern */
    const char *attributes;
    const char *owner; /* what they belong to */
    bool (*of_experiment)(const eq_experiment *x);
    bool (*of_group)(const eq_group_options *g);
    bool (*of_device)(const eq_device *d);
} rules[] = {
    {"architecture", "gain feedback", "kind=\"kendall\"", amplifiers, NULL, NULL},
    {"architecture", "layers bias", "kind=\"kendall\" or \"drn\" or \"nmos\"", layers, NULL, NULL},
    {"architecture", "neurons bias-up bias-down image skip lateral wires",
     "kind=\"kendall\" or \"drn\"", crossbars, NULL, NULL},
    {"architecture", "edges", "kind=\"graph\" or \"nmos\"", listed, NULL, NULL},
    {"architecture", "inputs", "kind=\"graph\" or \"grid\"", open_net, NULL, NULL},
    {"architecture", "rails element bulk models model parameters gate-min gate-max load",
     "kind=\"graph\" or \"grid\" or \"nmos\"", edges, NULL, NULL},
    {"architecture", "rows columns periodic", "kind=\"grid\"", grid, NULL, NULL},
    {"architecture", "density topology", "kind=\"nmos\"", nmos, NULL, NULL},
    {"architecture", "is n", "diode=\"shockley\"", shockley, NULL, NULL},
    {"architecture", "ron roff", "diode=\"ideal\"", ideal, NULL, NULL},
    {"network", "skip lateral edges", "kind=\"hopfield\"", hopfield, NULL, NULL},
    {"network", "density topology", "kind=\"hopfield\" or \"discrete\"", eq_experiment_has_units,
     NULL, NULL},
    {"network", "topology", "density", thinned, NULL, NULL},
    {"network", "step", "solver=\"euler\"", euler, NULL, NULL},
    {"network", "layers sigma solver", "kind=\"hopfield\" or \"discrete\"", in_layers, NULL, NULL},
    {"network", "outputs", "kind=\"hopfield\" or \"elastic\"", not_in_steps, NULL, NULL},
    {"network", "nodes springs drive k-min k-max l-min l-max", "kind=\"elastic\"", elastic, NULL,
     NULL},
    {"network", "readout free-steps nudged-steps", "kind=\"discrete\"", discrete, NULL, NULL},
    {"network", "cache", "kind=\"hopfield\" or \"discrete\"", eq_experiment_has_units, NULL, NULL},
    {"*", "cache", "an experiment without <langevin>, whose phases settle", settles, NULL, NULL},
    {"*", "cache", "an experiment without <meta>, which trains one network", one_task, NULL, NULL},
    {"network", "precision", "<conv .../>", convolves, NULL, NULL},
    {"network", "free-steps", "solver=\"steps\"", in_time, NULL, NULL},
    {"network", "tolerance steps", "phases whose steps are not counted", rests, NULL, NULL},
    {"network", "nudged-steps", "solver=\"steps\" or estimator type=\"bptt\"", in_time_or_back,
     NULL, NULL},
    {"data", "label header", "format=\"csv\"", is_csv, NULL, NULL},
    {"encoding", "target-normalize target-scale target-center", "<data> targets", has_targets, NULL,
     NULL},
    {"augmentation", "shift turn zoom mirror noise",
     "an experiment without <meta>, which trains one network", one_task, NULL, NULL},
    {"augmentation", "width channels", "shift, turn, zoom or mirror", moves_images, NULL, NULL},
    {"augmentation", "channels", "width", has_width, NULL, NULL},
    {"cost", "high low",
     "type=\"squared-difference\" or \"squared-error\" or \"absolute-error\" or \"huber\"", aims,
     NULL, NULL},
    {"cost", "high low", "data with classes, and these have targets", aims_at_classes, NULL, NULL},
    {"cost", "threshold", "type=\"huber\"", huber, NULL, NULL},
    {"cost", "scale", "type=\"cross-entropy\"", cross_entropy, NULL, NULL},
    {"cost", "margin rivals", "type=\"hinge\"", hinge, NULL, NULL},
    {"estimator", "beta nudging eta delta clamp rule g-clamp",
     "type=\"one-sided\" or \"random-sign\" or \"symmetric\" or \"four-point\"", phases, NULL,
     NULL},
    {"estimator", "beta", "nudging=\"current\" or \"energy\"", nudges, NULL, NULL},
    {"estimator", "tolerance", "type=\"rbp\"", iterates, NULL, NULL},
    {"estimator", "steps", "type=\"rbp\" or \"bptt\"", counts_steps, NULL, NULL},
    {"estimator", "eta delta clamp g-clamp", "nudging=\"clamp\"", clamps, NULL, NULL},
    {"estimator", "nudging",
     "an experiment without <langevin>, whose states are those of E + beta C", nudges_so, NULL,
     NULL},
    {"langevin", "temperature step burn-in samples thinning capacitance",
     "type=\"one-sided\" or \"random-sign\" or \"symmetric\" or \"four-point\"", phases, NULL,
     NULL},
    {"hardware", "nudge-noise nudge-offset hold-noise hold-offset",
     "an experiment without <langevin>, whose phases settle", settles, NULL, NULL},
    {"estimator", "delta", "cost type=\"hinge\"", hinge, NULL, NULL},
    {"estimator", "eta", "a cost with targets; hinge takes delta", has_places, NULL, NULL},
    {"mismatch", "parameters distribution per", "sigma or absolute beside it", deviates_itself,
     NULL, NULL},
    {"mismatch", "chip phases", "sigma or absolute above 0", deviates, NULL, NULL},
    {"mismatch", "phases", "an estimator with nudged phases, or to \"ideal\"", has_that_phase, NULL,
     NULL},
    {"hardware", "input-range", "input-bits above 0", converts_inputs, NULL, NULL},
    {"hardware", "output-range", "output-bits above 0", converts_outputs, NULL, NULL},
    {"hardware", "nudge-noise nudge-offset hold-noise hold-offset",
     "an estimator with nudged phases", phases, NULL, NULL},
    {"optimizer", "momentum", "type=\"momentum\"", momentum, NULL, NULL},
    {"optimizer", "beta1 beta2 epsilon", "type=\"adam\"", adam, NULL, NULL},
    {"optimizer.group", "low", "init=\"uniform\" or \"log-uniform\" or \"fan-in\"", NULL,
     drawn_from_low, NULL},
    {"optimizer.group", "high", "init=\"uniform\" or \"log-uniform\" or \"fan-in\" or \"kaiming\"",
     NULL, drawn, NULL},
    {"regularizer", "center", "a strength above 0, here or of a group", pulled, NULL, NULL},
    {"regularizer", "soft-low soft-high", "a soft-strength above 0, here or of a group", softened,
     NULL, NULL},
    {"optimizer.group", "soft-low soft-high", "a soft-strength above 0, here or of <regularizer>",
     softened, NULL, NULL},
    {"regularizer", "soft-strength", "soft-low or soft-high, here or of a group", softly_bounded,
     NULL, NULL},
    {"optimizer.group", "soft-strength", "soft-low or soft-high, here or of <regularizer>",
     softly_bounded, NULL, NULL},
    {"meta", "bound-rate", "a soft-strength above 0, of a group or of <regularizer>", softened,
     NULL, NULL},
    {"meta", "ways tasks", "data with classes, and these have targets", tasks_of_classes, NULL,
     NULL},
    {"schedule", "factor", "type=\"exponential\" or \"step\" or \"cosine\"", scheduled, NULL, NULL},
    {"schedule", "every", "type=\"step\"", by_steps, NULL, NULL},
    {"device*", "response", "an update in pulses", NULL, NULL, responds},
    {"device*", "up_down up_down_dtod dw_min_dtod dw_min_std", "a response and an update in pulses",
     NULL, NULL, by_pulses},
    {"device*", "dw_min", "a response and an update in pulses, or to write_noise_std", NULL, NULL,
     sized},
    {"device*", "noise", "dw_min_std above 0 and an update in pulses", NULL, NULL, pulse_varies},
    {"device*", "w_min w_max",
     "what is said in units of w: pulses, write_noise_std, w_min_dtod, w_max_dtod, lifetime", NULL,
     NULL, in_w},
    {"device*", "gamma_up gamma_down",
     "response=\"linear-step\" or \"exponential-step\" and an update in pulses", NULL, NULL,
     has_gamma},
    {"device*", "gamma_up_dtod gamma_down_dtod", "response=\"linear-step\" and an update in pulses",
     NULL, NULL, linear_step},
    {"device*", "A_up A_down a b", "response=\"exponential-step\" and an update in pulses", NULL,
     NULL, exponential_step},
    {"device*", "pow_gamma pow_gamma_dtod pow_up_down pow_up_down_dtod",
     "response=\"power-step\" and an update in pulses", NULL, NULL, power_step},
    {"device*", "piecewise_up piecewise_down",
     "response=\"piecewise-step\" and an update in pulses", NULL, NULL, piecewise_step},
    {"device*", "threshold", "update=\"threshold\"", NULL, NULL, by_threshold},
    {"device*", "bl", "update=\"rounded\" or \"stochastic\" or \"mixed-precision\"", NULL, NULL,
     by_trains},
    {"device*", "refresh", "pair=\"yes\"", NULL, NULL, paired},
    {"device*", "scale rounding", "levels above 0", NULL, NULL, has_levels},
    {"device*", "drift_nu_dtod drift_t0 drift_time", "drift_nu above 0", NULL, NULL, drifts},
    {"device*", "drift_nu drift_nu_dtod drift_t0", "drift_time above drift_t0", NULL, NULL,
     time_passes},
    {"device*", "lifetime_dtod", "lifetime above 0", NULL, NULL, leaks},
    {"device*", "endurance_dtod", "endurance above 0", NULL, NULL, wears_out},
};

/* Whether the rule holds for one of the groups or devices: number k of them, or any (k is EQ_ANY). */
static bool holds(const struct rule *r, const eq_experiment *x, size_t k) {
    bool any = r->of_experiment != NULL && r->of_experiment(x);
    for (size_t j = 0; r->of_group != NULL && j < x->groups; j++)
        any |= (k == EQ_ANY || k == j) && r->of_group(&x->group[j]);
    for (size_t j = 0; r->of_device != NULL && j < x->devices; j++)
        any |= (k == EQ_ANY || k == j) && r->of_device(&x->device[j].kind);
    return any;
}

static bool among(const char *word, const char *words) {
    size_t n = strlen(word);
    for (const char *p = words; *p != '\0'; p += strcspn(p, " "), p += *p == ' ')
        if (strcspn(p, " ") == n && strncmp(p, word, n) == 0) return true;
    return false;
}

const char *eq_idle_owner(const eq_experiment *x, const char *element, size_t k,
                          const char *attribute) {
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        if (eq_match(rules[r].element, element) && among(attribute, rules[r].attributes) &&
            !holds(&rules[r], x, k))
            return rules[r].owner;
    return NULL;
}

/* The attributes of one element of the document; `path` is its own, k its number among its like. */
static void look_at(const eq_experiment *x, const eq_xml *xml, const eq_xml_node *node,
                    const char *path, size_t k, eq_diag *diag) {
    const char *name, *value, *owner;
    for (size_t j = 0; (value = eq_xml_attribute_at(node, j, &name)) != NULL; j++)
        if ((owner = eq_idle_owner(x, path, k, name)) != NULL)
            eq_warn_at(diag, eq_xml_place(xml, node),
                       "<%s>: %s=\"%.60s\" has no effect here; it belongs to %s", eq_xml_name(node),
                       name, value, owner);
}

/* A schedule whose factor leaves the rates what they are, as one that was written for another type does. */
static void look_at_schedule(const eq_experiment *x, const eq_xml *xml, eq_diag *diag) {
    const eq_schedule *s = &x->schedule;
    eq_place at = eq_xml_place(xml, eq_xml_child(eq_xml_root(xml), "schedule"));
    if (s->type == EQ_SCHEDULE_COSINE && s->factor > 0.5)
        eq_warn_at(
            diag, at,
            "<schedule>: the cosine ends at factor=\"%g\" of the rates, which is no long way "
            "down; 0 (the default) ends at none",
            s->factor);
    else if (scheduled(x) && s->type != EQ_SCHEDULE_COSINE && s->factor == 1.0)
        eq_warn_at(diag, at,
                   "<schedule>: factor=\"1\" leaves the rates as they are; give it what multiplies "
                   "them, such as 0.9");
}

void eq_warn_of_idle(const eq_experiment *x, const eq_xml *xml, eq_diag *diag) {
    look_at_schedule(x, xml, diag);
    for (const eq_xml_node *n = eq_xml_first(eq_xml_root(xml)); n != NULL; n = eq_xml_next(n)) {
        size_t k = 0;
        look_at(x, xml, n, eq_xml_name(n), EQ_ANY, diag);
        for (const eq_xml_node *m = eq_xml_first(n); m != NULL; m = eq_xml_next(m), k++) {
            char path[64]; /* names of the schema are short */
            snprintf(path, sizeof path, "%s.%s", eq_xml_name(n), eq_xml_name(m));
            look_at(x, xml, m, path, k, diag);
        }
    }
}

/* "network.conv[1].pool=.." is the attribute pool of the element network.conv. */
static const char *idle_setting(const eq_experiment *x, const char *item) {
    char path[128];
    size_t n = 0;
    bool inside = false;
    for (const char *p = item; *p != '\0' && *p != '=' && n + 1 < sizeof path; p++) {
        inside = (inside || *p == '[') && *p != ']';
        if (!inside && *p != ']') path[n++] = *p;
    }
    path[n] = '\0';
    char *dot = strrchr(path, '.');
    if (dot == NULL) return NULL;
    *dot = '\0';
    return eq_idle_owner(x, path, EQ_ANY, dot + 1);
}

void eq_warn_of_idle_settings(const eq_experiment *x, const eq_settings *set, eq_diag *diag) {
    for (size_t k = 0; set != NULL && k < set->count; k++) {
        const char *owner = idle_setting(x, set->item[k]);
        if (owner != NULL)
            eq_warn_at(diag, (eq_place){0}, "--set %.80s has no effect here; it belongs to %s",
                       set->item[k], owner);
    }
}
