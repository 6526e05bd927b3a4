#include "train/langevin_run.h"

#include <string.h>

#include "cli/commands.h"
#include "cli/subject.h"
#include "report/picture.h"

enum { SHOWN = 20 };

static const char *name_of(const eq_langevin_report *r, size_t unit) {
    return r->table->variable[r->table->variables - r->units + unit].name;
}

/* How the samples of each unit are spread, in steps. */
static void print_histograms(const eq_langevin_report *r) {
    if (r->quadrature)
        puts("Kolmogorov and Smirnov's test of thinned samples against exp(-E/T)/Z by quadrature");
    else
        printf("no quadrature of exp(-E/T): %s; the samples alone\n",
               r->units > EQ_BOLTZMANN_UNITS ? "that takes one or two units"
                                             : "it is too narrow for a grid");
    printf("%-14s %-16s %-8s %-9s %-11s%s\n", "", "autocorrelation", "thinning", "samples",
           "independent", r->quadrature ? " distance  chance" : "");
    for (size_t k = 0; k < r->units && k < SHOWN; k++) {
        const eq_histogram *h = &r->histogram[k];
        printf("%-14s %-16.4g %-8zu %-9zu %-11.0f", name_of(r, k),
               h->autocorrelation * (double)r->each, h->thinning * r->each, h->thinned,
               h->effective);
        if (r->quadrature) printf(" %-9.4f %.3g", h->smirnov, h->p);
        putchar('\n');
    }
}

static void print(const eq_langevin_report *r) {
    const eq_result *t = r->table;
    printf("row %zu of the data: %zu units at T = %g; %zu steps of %.4g (the fastest rate allows "
           "%.4g)\n",
           r->row, r->units, r->temperature, r->steps, r->step, 2.0 / r->fastest);
    printf("%-14s %-24s %-24s %s\n", "", "mean", "deviation", "independent");
    for (size_t k = 1; k < t->variables && k <= SHOWN; k++) {
        const eq_moments *m = &r->moment[k];
        printf("%-14s %-11.5g +- %-9.2g %-11.5g +- %-9.2g %.0f of %zu\n", t->variable[k].name,
               m->mean, m->mean_error, m->deviation, m->deviation_error, m->effective, t->points);
    }
    if (t->variables > SHOWN + 1)
        printf("and %zu more units: --json, or -o FILE\n", t->variables - SHOWN - 1);
    print_histograms(r);
    printf("half the step moves them by at most %.2g standard errors\n", r->halved);
}

/* A unit with too few independent samples for the errors themselves is told. */
static void warn_of_few(const eq_langevin_report *r, eq_diag *diag) {
    static const double enough = 50.0;
    size_t fewest = r->table->variables - r->units;
    for (size_t k = fewest; k < r->table->variables; k++)
        if (r->moment[k].effective < r->moment[fewest].effective) fewest = k;
    if (r->units > 0 && r->moment[fewest].effective < enough)
        eq_warn_at(diag, (eq_place){0},
                   "%.0f samples of %s are independent, too few for more than a guess at the "
                   "standard errors; give more --steps",
                   r->moment[fewest].effective, r->table->variable[fewest].name);
}

static void print_json_histogram(const eq_langevin_report *r, size_t k) {
    const eq_histogram *h = &r->histogram[k];
    fputs(k == 0 ? "\n {\"name\": " : ",\n {\"name\": ", stdout);
    eq_json_text(name_of(r, k));
    fputs(", ", stdout);
    eq_json_number("autocorrelation", h->autocorrelation * (double)r->each, ", ");
    printf("\"thinning\": %zu, \"samples\": %zu, ", h->thinning * r->each, h->thinned);
    eq_json_number("effective", h->effective, ", ");
    eq_json_number("distance", h->smirnov, ", ");
    eq_json_number("chance", h->p, "}");
}

static void print_json(const eq_langevin_report *r) {
    const eq_result *t = r->table;
    printf("{\"row\": %zu, \"units\": %zu, \"steps\": %zu, ", r->row, r->units, r->steps);
    eq_json_number("temperature", r->temperature, ", ");
    eq_json_number("step", r->step, ", ");
    eq_json_number("fastest", r->fastest, ", ");
    eq_json_number("halved", r->halved, ", ");
    eq_json_number("bound", r->bound, ", ");
    eq_json_number("least_chance", r->least_chance, ", ");
    eq_json_number("lived", r->lived, ", ");
    printf("\"quadrature\": %s, ", r->quadrature ? "true" : "false");
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
    fputs("],\n \"histograms\": [", stdout);
    for (size_t k = 0; k < r->units; k++) print_json_histogram(r, k);
    puts("]}");
}

/* To FILE, a picture or a table by its name. */
static eq_status write_histograms(const eq_langevin_report *r, const char *path, const char *input,
                                  eq_diag *diag) {
    eq_picture p = eq_picture_defaults();
    eq_text bytes = {0};
    eq_result *t = NULL;
    eq_status status = eq_histogram_table(r->table, r->histogram, r->units, &t, diag);
    p.table = t;
    p.width = r->units > 1 ? EQ_PICTURE_PAPER : EQ_PICTURE_COLUMN;
    if (status == EQ_OK && !eq_picture_format_find(path, &p.format))
        status = eq_write_table(path, input, t, diag);
    else if (status == EQ_OK) {
        status = eq_picture_draw(&p, &bytes, diag);
        if (status == EQ_OK) status = eq_write_text(path, input, &bytes, diag);
    }
    eq_text_free(&bytes);
    eq_result_free(t);
    return status;
}

/* Where a bound does not hold, says which. */
static eq_status judge(const eq_langevin_report *r, eq_diag *diag) {
    static const char *const advice =
        "the step is too long, or the process has not seen all it should; give a smaller --step "
        "or more --steps";
    if (r->lived < 1.0)
        return eq_fail(diag, EQ_ERR_CHECK,
                       "the process was followed for %.2g of the shortest time constant of the "
                       "free state and has not left its surroundings; give more --steps",
                       r->lived);
    if (r->halved > r->bound)
        return eq_fail(diag, EQ_ERR_CHECK,
                       "half the step of %.3g moves a mean or a deviation by %.3g of its standard "
                       "errors, more than %g: %s",
                       r->step, r->halved, r->bound, advice);
    if (r->unlikely > 0)
        return eq_fail(diag, EQ_ERR_CHECK,
                       "the samples of %s have a chance of %.2g under exp(-E/T), less than %g: %s",
                       name_of(r, r->unlikely - 1), r->histogram[r->unlikely - 1].p,
                       r->least_chance, advice);
    return EQ_OK;
}

typedef struct request {
    eq_langevin_options options;
    const char *output, *histogram;
    bool json;
} request;

static eq_status sample(const eq_experiment *x, eq_network *trained, const request *q,
                        const char *input, eq_diag *diag) {
    eq_langevin_report r;
    eq_status status = eq_langevin_run(x, trained, &q->options, &r, diag);
    if (status != EQ_OK) return status;
    if (q->output != NULL) status = eq_write_table(q->output, input, r.table, diag);
    if (status == EQ_OK && q->histogram != NULL)
        status = write_histograms(&r, q->histogram, input, diag);
    bool shown = (q->output != NULL && strcmp(q->output, "-") == 0) ||
                 (q->histogram != NULL && strcmp(q->histogram, "-") == 0);
    if (status == EQ_OK && q->json)
        print_json(&r);
    else if (status == EQ_OK && !shown)
        print(&r);
    if (status == EQ_OK) status = judge(&r, diag);
    if (status == EQ_OK) warn_of_few(&r, diag);
    eq_langevin_report_free(&r);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    request q = {.options = eq_langevin_defaults()};
    eq_langevin_options *o = &q.options;
    int steps = (int)o->steps, example = 1;
    eq_list set = {.count = 0};
    const eq_option table[] = {
        {"temperature", 'T', EQ_OPTION_NUMBER, &o->temperature, "T",
         "of the noise, in the unit of the energy (circuits: W)"},
        {"steps", 0, EQ_OPTION_INT, &steps, "N", "N steps behind the first tenth (100000)"},
        {"step", 0, EQ_OPTION_NUMBER, &o->step, "H",
         "steps of H (0.02 over the fastest rate, or what is stable)"},
        {"example", 0, EQ_OPTION_INT, &example, "K", "example K of the training set (1)"},
        {"beta", 0, EQ_OPTION_NUMBER, &o->beta, "B", "of the energy E + B C (0)"},
        {"capacitance", 0, EQ_OPTION_NUMBER, &o->farad, "F",
         "F farad at every free node (the deck's capacitors, or 1 F)"},
        {"output", 'o', EQ_OPTION_TEXT, &q.output, "FILE", "write the trajectory (.csv, .npz)"},
        {"histogram", 0, EQ_OPTION_TEXT, &q.histogram, "FILE",
         "write how each unit is spread (.svg, .pdf, .png; .csv, .npz)"},
        {"json", 0, EQ_OPTION_FLAG, &q.json, NULL, "print one JSON object"},
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
    o->steps = (size_t)steps;
    o->example = (size_t)example;
    eq_status status = eq_subject_model(path, &settings, &x, &trained, diag);
    if (status == EQ_OK) status = sample(x, trained, &q, path, diag);
    eq_experiment_free(x);
    return eq_finish(diag, status);
}

const eq_command eq_command_langevin = {"langevin", "EXPERIMENT.xml|DIR",
                                        "sample the network's states at a temperature", false, run};
