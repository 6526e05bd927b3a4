#include "cli/commands.h"
#include "train/train.h"

static void print_report(const eq_gradcheck_report *r) {
    printf("%zu conductances, %zu examples; adjoint against central differences: %.2e\n",
           r->conductances, r->examples, r->difference);
    printf("%-24s %-10s %-32s %s\n", "estimator", "beta", "max_relative_error_to_adjoint", "order");
    for (size_t k = 0; k < r->rows; k++) {
        const eq_gradcheck_row *row = &r->row[k];
        char name[64];
        snprintf(name, sizeof name, "%s/%s", row->estimator, row->nudging);
        printf("%-24s %-10.3g %-32.3e %.3f%s\n", name, row->beta, row->error, row->order,
               row->passed ? "" : "   does not hold");
    }
}

static int run(const eq_command *command, int argc, char **argv) {
    int examples = 0;
    const eq_option table[] = {
        {"examples", 0, EQ_OPTION_INT, &examples, "N", "use the first N training examples (4)"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_experiment *x = NULL;
    eq_gradcheck_report report = {0};
    eq_status status = eq_experiment_read(path, &x, diag);
    if (status == EQ_OK)
        status =
            eq_gradcheck(x, EQ_ENGINE_AUTO, examples < 0 ? 0 : (size_t)examples, &report, diag);
    if (status == EQ_OK) print_report(&report);
    if (status == EQ_OK && !report.passed)
        status = eq_fail(diag, EQ_ERR_CHECK, "a bound does not hold: see the lines above");
    eq_gradcheck_free(&report);
    eq_experiment_free(x);
    return eq_finish(diag, status);
}

const eq_command eq_command_gradcheck = {
    "gradcheck", "EXPERIMENT.xml", "compare the EqProp gradient with the adjoint", false, run};
