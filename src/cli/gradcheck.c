#include <math.h>

#include "cli/commands.h"
#include "train/train.h"

/* "-" for a number that is not there. */
static const char *number(double y, int digits, char text[32]) {
    if (isnan(y)) return "-";
    snprintf(text, 32, "%.*f", digits, y);
    return text;
}

static void print_row(const eq_gradcheck_row *row) {
    char name[64], cosine[32], order[32];
    snprintf(name, sizeof name, "%s/%s", row->estimator, row->nudging);
    printf("%-24s %-10.3g %-30.3e %-12s %s%s\n", name, row->beta, row->error,
           number(row->cosine, 9, cosine), number(row->order, 3, order),
           row->passed ? "" : "   does not hold");
}

static void print_report(const eq_gradcheck_report *r) {
    size_t hidden = 0;
    printf("%zu conductances, %zu examples; adjoint against central differences: %.2e\n",
           r->parameters, r->examples, r->difference);
    printf("%-24s %-10s %-30s %-12s %s\n", "estimator", "beta", "max_relative_error_to_adjoint",
           "cosine", "order");
    for (size_t k = 0; k < r->rows; k++) {
        print_row(&r->row[k]);
        if (r->row[k].hidden > hidden) hidden = r->row[k].hidden;
    }
    if (hidden > 0)
        printf("the gradient of %zu conductances is not zero, but below the round-off of the "
               "phases\n",
               hidden);
    printf("%s/%s at the experiment's beta = %g: ", r->own_estimator, r->own_nudging, r->own_beta);
    if (isnan(r->own_error))
        printf("no gradient\n");
    else
        printf("off by %.2e of the gradient, round-off at most %.2e\n", r->own_error,
               r->own_round_off);
}

/* What does not hold, to standard error. */
static eq_status judge(const eq_gradcheck_report *r, eq_diag *diag) {
    if (r->own_round_off >= 1.0)
        eq_warn_at(diag, (eq_place){NULL, 0, 0},
                   "at the experiment's beta = %g round-off may hide the whole gradient; raise it "
                   "to %.1g or more, or see the beta of the lines above",
                   r->own_beta, 1e3 * r->own_beta * r->own_round_off);
    if (r->passed) return EQ_OK;
    if (r->why != NULL) eq_fail(diag, EQ_ERR_CHECK, "%s", r->why);
    for (size_t k = 0; k < r->rows; k++)
        if (r->row[k].why != NULL) eq_fail(diag, EQ_ERR_CHECK, "%s", r->row[k].why);
    return eq_fail(diag, EQ_ERR_CHECK, "a bound does not hold: see the lines above");
}

static int run(const eq_command *command, int argc, char **argv) {
    int examples = 0;
    eq_list set = {.count = 0};
    const eq_option table[] = {
        {"examples", 0, EQ_OPTION_INT, &examples, "N", "use the first N training examples (4)"},
        EQ_SET_OPTION(&set),
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_experiment *x = NULL;
    eq_gradcheck_report report = {0};
    eq_settings settings = eq_settings_of(&set);
    eq_status status = eq_experiment_read_with(path, &settings, &x, diag);
    if (status == EQ_OK)
        status =
            eq_gradcheck(x, EQ_ENGINE_AUTO, examples < 0 ? 0 : (size_t)examples, &report, diag);
    if (status == EQ_OK) {
        print_report(&report);
        status = judge(&report, diag);
    }
    eq_gradcheck_free(&report);
    eq_experiment_free(x);
    return eq_finish(diag, status);
}

const eq_command eq_command_gradcheck = {
    "gradcheck", "EXPERIMENT.xml", "compare the EqProp gradient with the adjoint", false, run};
