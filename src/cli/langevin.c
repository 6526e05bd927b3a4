#include "train/langevin_run.h"

#include <string.h>

#include "cli/commands.h"
#include "cli/subject.h"

enum { SHOWN = 20 };

static void print(const eq_langevin_report *r) {
    const eq_result *t = r->table;
    printf("%zu units at T = %g; %zu steps of %.4g (the fastest rate allows %.4g)\n", r->units,
           r->temperature, r->steps, r->step, 2.0 / r->fastest);
    printf("%-14s %-24s %-24s %s\n", "", "mean", "deviation", "independent");
    for (size_t k = 1; k < t->variables && k <= SHOWN; k++) {
        const eq_moments *m = &r->moment[k];
        printf("%-14s %-11.5g +- %-9.2g %-11.5g +- %-9.2g %.0f of %zu\n", t->variable[k].name,
               m->mean, m->mean_error, m->deviation, m->deviation_error, m->effective, t->points);
    }
    if (t->variables > SHOWN + 1)
        printf("and %zu more units: --json, or -o FILE\n", t->variables - SHOWN - 1);
    printf("half the step moves them by at most %.2g standard errors\n", r->halved);
}

static void print_json(const eq_langevin_report *r) {
    const eq_result *t = r->table;
    printf("{\"units\": %zu, \"steps\": %zu, ", r->units, r->steps);
    eq_json_number("temperature", r->temperature, ", ");
    eq_json_number("step", r->step, ", ");
    eq_json_number("fastest", r->fastest, ", ");
    eq_json_number("halved", r->halved, ", ");
    eq_json_number("bound", r->bound, ", ");
    printf("\"passed\": %s, \"moments\": [", r->passed ? "true" : "false");
    for (size_t k = 1; k < t->variables; k++) {
        const eq_moments *m = &r->moment[k];
        fputs(k == 1 ? "\n {\"name\": " : ",\n {\"name\": ", stdout);
        eq_json_text(t->variable[k].name);
        fputs(", ", stdout);
        eq_json_number("mean", m->mean, ", ");
        eq_json_number("mean_error", m->mean_error, ", ");
        eq_json_number("deviation", m->deviation, ", ");
        eq_json_number("deviation_error", m->deviation_error, ", ");
        eq_json_number("effective", m->effective, "}");
    }
    puts("]}");
}

static eq_status sample(const eq_experiment *x, eq_network *trained, const eq_langevin_options *o,
                        const char *output, bool json, const char *input, eq_diag *diag) {
    eq_langevin_report r;
    eq_status status = eq_langevin_run(x, trained, o, &r, diag);
    if (status != EQ_OK) return status;
    if (output != NULL) status = eq_write_table(output, input, r.table, diag);
    bool shown = output != NULL && strcmp(output, "-") == 0;
    if (status == EQ_OK && json)
        print_json(&r);
    else if (status == EQ_OK && !shown)
        print(&r);
    if (status == EQ_OK && !r.passed)
        status = eq_fail(diag, EQ_ERR_CHECK,
                         "half the step moves a mean or a deviation by %.3g of its standard "
                         "errors, more than %g: the step of %.3g is too long, or the process has "
                         "not seen all it should; give a smaller --step or more --steps",
                         r.halved, r.bound, r.step);
    eq_langevin_report_free(&r);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    eq_langevin_options o = eq_langevin_defaults();
    int steps = (int)o.steps, example = 1;
    const char *output = NULL;
    bool json = false;
    eq_list set = {.count = 0};
    const eq_option table[] = {
        {"temperature", 'T', EQ_OPTION_NUMBER, &o.temperature, "T",
         "of the noise, in the unit of the energy (circuits: W)"},
        {"steps", 0, EQ_OPTION_INT, &steps, "N", "N steps behind the first tenth (100000)"},
        {"step", 0, EQ_OPTION_NUMBER, &o.step, "H", "steps of H (0.02 over the fastest rate)"},
        {"example", 0, EQ_OPTION_INT, &example, "K", "example K of the training set (1)"},
        {"beta", 0, EQ_OPTION_NUMBER, &o.beta, "B", "of the energy E + B C (0)"},
        {"capacitance", 0, EQ_OPTION_NUMBER, &o.farad, "F",
         "F farad at every free node (the deck's capacitors, or 1 F)"},
        {"output", 'o', EQ_OPTION_TEXT, &output, "FILE", "write the trajectory (.csv, .npz)"},
        {"json", 0, EQ_OPTION_FLAG, &json, NULL, "print one JSON object"},
        EQ_SET_OPTION(&set),
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_experiment *x = NULL;
    eq_network *trained = NULL;
    eq_settings settings = eq_settings_of(&set);
    o.steps = (size_t)steps;
    o.example = (size_t)example;
    eq_status status = eq_subject_model(path, &settings, &x, &trained, diag);
    if (status == EQ_OK) status = sample(x, trained, &o, output, json, path, diag);
    eq_experiment_free(x);
    return eq_finish(diag, status);
}

const eq_command eq_command_langevin = {"langevin", "EXPERIMENT.xml|DIR",
                                        "sample the network's states at a temperature", false, run};
