#include <math.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/gradcheck.h"
#include "cli/subject.h"
#include "train/train.h"

/* "symmetric/current", or "adjoint", which has no nudging. */
static eq_printed name(const char *estimator, const char *nudging) {
    eq_printed c;
    snprintf(c.text, sizeof c.text, "%s%s%s", estimator, nudging == NULL ? "" : "/",
             nudging == NULL ? "" : nudging);
    return c;
}

static void print_row(const eq_gradcheck_row *row) {
    printf("%-19s %-9s %-30s %-11s %s%s\n", name(row->estimator, row->nudging).text,
           eq_show('g', 3, row->beta).text, eq_show('e', 3, row->error).text,
           eq_show('f', 9, row->cosine).text, eq_show('f', 3, row->order).text,
           row->passed ? "" : "  fails");
}

/* The experiment's own estimator where it samples. */
static void print_sampled(const eq_gradcheck_sampled *q) {
    printf("  sampled at T = %g, mean of %d runs: cosine %s to %s,\n  off by %.2e of it; one run "
           "deviates by %.2e\n",
           q->temperature, q->runs, eq_show('f', 6, q->cosine).text,
           q->quadrature ? "d<C>/dw by quadrature" : "the adjoint, the limit of T = 0", q->error,
           q->deviation);
    if (q->quadrature)
        printf("  off by %.2e of what quadrature has at this beta%s\n", q->off,
               q->passed ? "" : "  fails");
}

/* The experiment's own estimator. */
static void print_own(const eq_gradcheck_report *r) {
    const char *at = r->own_nudging != NULL && eq_same(r->own_nudging, "clamp") ? "eta" : "beta";
    fputs(name(r->own_estimator, r->own_nudging).text, stdout);
    if (!isnan(r->own_beta))
        printf(" at the experiment's %s = %g:\n", at, r->own_beta);
    else
        fputs(":\n", stdout);
    if (r->sampled.temperature > 0.0)
        print_sampled(&r->sampled);
    else if (isnan(r->own_round_off))
        printf("  no gradient\n");
    else if (isnan(r->own_error))
        printf("  cosine %s, round-off at most %.2e of it\n", eq_show('f', 9, r->own_cosine).text,
               r->own_round_off);
    else
        printf("  off by %.2e of the gradient, round-off at most %.2e\n", r->own_error,
               r->own_round_off);
}

/* By group, where they do not all agree with the adjoint. */
static void print_groups(const eq_gradcheck_report *r) {
    static const double near = 1e-3;
    bool off = false;
    for (size_t g = 0; g < r->groups; g++)
        off = off || !(r->group[g].cosine > 1.0 - near) || !(fabs(r->group[g].size - 1.0) < near);
    for (size_t g = 0; off && g < r->groups; g++)
        printf("  group %s: cosine %s, %s of its size\n", r->group[g].name,
               eq_show('f', 9, r->group[g].cosine).text, eq_show('g', 4, r->group[g].size).text);
}

/* what: the parameters, in one word. */
static void print_report(const eq_gradcheck_report *r, const char *what) {
    size_t hidden = 0;
    printf("%zu %s%s, %zu example%s; adjoint against central differences: %.2e\n", r->parameters,
           what, eq_plural(r->parameters), r->examples, eq_plural(r->examples), r->difference);
    if (r->strayed > 0)
        printf(
            "there are several stable states: for %zu of %zu changes of a parameter, phases that\n"
            "begin at zero end in another one than that which the differences follow\n",
            r->strayed, r->losses);
    printf("%-19s %-9s %-30s %-11s %s\n", "estimator", "beta", "max_relative_error_to_adjoint",
           "cosine", "order");
    for (size_t k = 0; k < r->rows; k++) {
        print_row(&r->row[k]);
        if (r->row[k].hidden > hidden) hidden = r->row[k].hidden;
    }
    if (hidden > 0)
        printf("the gradient of %zu %s%s is not zero, but below the round-off of the "
               "phases\n",
               hidden, what, eq_plural(hidden));
    print_own(r);
    print_groups(r);
}

/* The row of the experiment's own estimator; NULL: there is none. */
static const eq_gradcheck_row *own_row(const eq_gradcheck_report *r) {
    for (size_t k = 0; k < r->rows; k++)
        if (eq_same(r->row[k].estimator, r->own_estimator) && r->own_nudging != NULL &&
            r->row[k].nudging != NULL && eq_same(r->row[k].nudging, r->own_nudging) &&
            !isnan(r->row[k].error) && !isnan(r->row[k].beta))
            return &r->row[k];
    return NULL;
}

/* What is wrong with the experiment's beta, and the best one of those tried. */
static void judge_beta(const eq_gradcheck_report *r, eq_diag *diag) {
    const eq_gradcheck_row *row = own_row(r);
    bool hidden = r->own_round_off >= 1.0, off = r->own_error > 0.1;
    if (isnan(r->own_error) || (!hidden && !off)) return;
    eq_place nowhere = {NULL, 0, 0};
    char what[64];
    if (hidden)
        snprintf(what, sizeof what, "round-off may hide the whole gradient");
    else
        snprintf(what, sizeof what, "the gradient is off by %.2g", r->own_error);
    if (row != NULL && row->error < r->own_error)
        eq_warn_at(diag, nowhere,
                   "at the experiment's beta = %g %s; the best of those tried is beta=\"%.1g\", at "
                   "which it is off by %.1e: %s",
                   r->own_beta, what, row->beta, row->error,
                   r->units
                       ? "but units that rest at their bounds answer to a large beta alone, so "
                         "keep the one that trains best (docs/thesis.md)"
                       : "write that in <estimator>");
    else if (hidden)
        eq_warn_at(diag, nowhere, "at the experiment's beta = %g %s; raise it to %.1g or more",
                   r->own_beta, what, 1e3 * r->own_beta * r->own_round_off);
}

/* What does not hold, to standard error. */
static eq_status judge(const eq_gradcheck_report *r, eq_diag *diag) {
    judge_beta(r, diag);
    if (r->passed) return EQ_OK;
    if (r->why != NULL) eq_fail(diag, EQ_ERR_CHECK, "%s", r->why);
    for (size_t k = 0; k < r->rows; k++)
        if (r->row[k].why != NULL) eq_fail(diag, EQ_ERR_CHECK, "%s", r->row[k].why);
    if (r->sampled.temperature > 0.0 && !r->sampled.passed)
        eq_fail(diag, EQ_ERR_CHECK,
                "the sampled estimate is off by %.2g of its expectation, more than the samples "
                "explain: give <langevin> a smaller step or a longer burn-in",
                r->sampled.off);
    return eq_fail(diag, EQ_ERR_CHECK, "a bound does not hold: see the lines above");
}

static void print_sampled_json(const eq_gradcheck_sampled *q) {
    printf("\"sampled\": {\"runs\": %d, \"truth\": \"%s\", ", q->runs,
           q->quadrature ? "quadrature" : "adjoint");
    eq_json_number("temperature", q->temperature, ", ");
    eq_json_number("error", q->error, ", ");
    eq_json_number("deviation", q->deviation, ", ");
    eq_json_number("off", q->off, "}");
}

/* One object: what was compared, a row for each estimator, and the experiment's own. */
static void print_json(const eq_gradcheck_report *r) {
    printf("{\"examples\": %zu, \"parameters\": %zu, ", r->examples, r->parameters);
    eq_json_number("difference", r->difference, ", ");
    printf("\"losses\": %zu, \"strayed\": %zu, ", r->losses, r->strayed);
    printf("\"passed\": %s, \"estimators\": [", r->passed ? "true" : "false");
    for (size_t k = 0; k < r->rows; k++) {
        const eq_gradcheck_row *row = &r->row[k];
        printf("%s{\"estimator\": \"%s\", ", k == 0 ? "\n " : ",\n ",
               name(row->estimator, row->nudging).text);
        eq_json_number("beta", row->beta, ", ");
        eq_json_number("error", row->error, ", ");
        eq_json_number("cosine", row->cosine, ", ");
        eq_json_number("order", row->order, ", ");
        printf("\"passed\": %s}", row->passed ? "true" : "false");
    }
    printf("],\n \"own\": {\"estimator\": \"%s\", ", name(r->own_estimator, r->own_nudging).text);
    eq_json_number("beta", r->own_beta, ", ");
    eq_json_number("error", r->own_error, ", ");
    eq_json_number("round_off", r->own_round_off, ", ");
    eq_json_number("cosine", r->own_cosine, r->sampled.temperature > 0.0 ? ",\n  " : "");
    if (r->sampled.temperature > 0.0) print_sampled_json(&r->sampled);
    printf("},\n \"groups\": [");
    for (size_t g = 0; g < r->groups; g++)
        eq_json_likeness(g, r->group[g].name, r->group[g].cosine, r->group[g].size);
    puts("]}");
}

/* What belongs to --transient alone. */
static eq_status check_request(const eq_transient_request *r, bool transient, eq_diag *diag) {
    const eq_transient_options *o = &r->options;
    bool any = o->steps > 0 || !isnan(o->step) || !isnan(o->beta) || !isnan(o->farad);
    if (transient || (!any && r->output == NULL)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE, "%s of both sides over time; give --transient as well",
                   any ? "--steps, --step, --beta and --capacitance are" : "-o writes the curves");
}

/* What is compared here are states at rest. */
static void note_counted(const eq_experiment *x, eq_diag *diag) {
    const eq_discrete_options *o = &x->discrete;
    if (o->layers == 0 || o->solver != EQ_DISCRETE_STEPS || (o->free == 0 && o->nudged == 0))
        return;
    eq_note_at(diag, (eq_place){0},
               "the phases of this check go on until they rest, those of the training end after "
               "free-steps=\"%zu\" and nudged-steps=\"%zu\" (0: at rest); --transient says whether "
               "these are enough, and train how far off their gradient is",
               o->free, o->nudged);
}

static eq_status compare(const eq_experiment *x, eq_network *trained, size_t examples, bool as_json,
                         eq_diag *diag) {
    eq_gradcheck_report report = {0};
    eq_status status = eq_gradcheck(x, trained, EQ_ENGINE_AUTO, examples, &report, diag);
    if (status == EQ_OK && as_json) print_json(&report);
    if (status == EQ_OK && !as_json)
        print_report(&report, eq_experiment_has_circuit(x) ? "conductance" : "parameter");
    if (status == EQ_OK) note_counted(x, diag);
    if (status == EQ_OK) status = judge(&report, diag);
    eq_gradcheck_free(&report);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    int examples = 0, steps = 0;
    bool transient = false;
    eq_transient_request r = {.options = eq_transient_defaults()};
    eq_list set = {.count = 0};
    const eq_option table[] = {
        {"examples", 0, EQ_OPTION_INT, &examples, "N",
         "use the first N training examples (4), or tasks (1)"},
        {"json", 0, EQ_OPTION_FLAG, &r.json, NULL, "print one JSON object"},
        {"transient", 0, EQ_OPTION_FLAG, &transient, NULL,
         "both sides of theorem 3.1 over time, by Euler's method"},
        {"output", 'o', EQ_OPTION_TEXT, &r.output, "FILE",
         "write their curves, some parameters and units too (.csv, .npz)"},
        {"steps", 0, EQ_OPTION_INT, &steps, "N", "N steps (until 0.1 % of the error is left)"},
        {"step", 0, EQ_OPTION_NUMBER, &r.options.step, "H",
         "steps of H (half of one over the fastest rate)"},
        {"beta", 0, EQ_OPTION_NUMBER, &r.options.beta, "B", "nudge by +-B (the limit)"},
        {"capacitance", 0, EQ_OPTION_NUMBER, &r.options.farad, "F",
         "F farad at every free node (the deck's capacitors, or 1 F)"},
        EQ_SET_OPTION(&set),
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_experiment *x = NULL;
    eq_settings settings = eq_settings_of(&set);
    eq_network *trained = NULL;
    r.options.examples = (size_t)examples;
    r.options.steps = (size_t)steps;
    eq_status status = check_request(&r, transient, diag);
    if (status == EQ_OK) status = eq_subject_model(path, &settings, &x, &trained, diag);
    if (status == EQ_OK)
        status = transient           ? eq_gradcheck_transient(x, trained, &r, path, diag)
                 : x->meta.shots > 0 ? eq_gradcheck_meta(x, trained, trained == NULL ? NULL : path,
                                                         (size_t)examples, r.json, diag)
                                     : compare(x, trained, (size_t)examples, r.json, diag);
    eq_experiment_free(x);
    return eq_finish(diag, status);
}

const eq_command eq_command_gradcheck = {
    "gradcheck", "EXPERIMENT.xml|DIR", "compare the EqProp gradient with the adjoint", false, run};
