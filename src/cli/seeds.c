#define _GNU_SOURCE /* sched_getaffinity */
#include "cli/seeds.h"

#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <string.h>

#include "base/comm.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "report/plot.h"
#include "train/seeds.h"

int eq_processors(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? count : 1;
}

static int width_of(const eq_seed_column *column) {
    int n = (int)strlen(column->name);
    return n > 12 ? n : 12;
}

static void print_value(const eq_seed_column *column, double value) {
    int width = width_of(column);
    if (isnan(value))
        printf("  %*s", width, "-");
    else if (column->fraction)
        printf("  %*.2f %%", width - 2, 100.0 * value);
    else
        printf("  %*.5g", width, value);
}

enum { COLUMNS = 80, LABEL = 10 };

/* Which columns are shown: all that there are, or of more than fit those that are no losses or r2,
 * of which seeds.csv has the rest. */
static void choose(const eq_seeds_summary *s, bool *show) {
    int all = LABEL;
    for (int c = 0; c < EQ_SEED_COLUMNS; c++)
        if (s->has[c]) all += 2 + width_of(&eq_seed_column_of[c]);
    for (int c = 0; c < EQ_SEED_COLUMNS; c++) {
        const char *name = eq_seed_column_of[c].name;
        bool extra = strstr(name, "_loss") != NULL || strstr(name, "_r2") != NULL;
        show[c] = s->has[c] && (all <= COLUMNS || !extra);
    }
}

static void print_row(const char *label, const bool *show, const double *value) {
    printf("%-*s", LABEL, label);
    for (int c = 0; c < EQ_SEED_COLUMNS; c++)
        if (show[c]) print_value(&eq_seed_column_of[c], value[c]);
    putchar('\n');
}

static void print_run(const char *label, const bool *show, const eq_metrics *m) {
    double value[EQ_SEED_COLUMNS];
    for (int c = 0; c < EQ_SEED_COLUMNS; c++) value[c] = eq_seed_value(m, c);
    print_row(label, show, value);
}

/* A line for each seed as it ends; the numbers follow in the table. */
static void print_done(void *data, const eq_seed_run *r) {
    (void)data;
    const char *how = r->status == EQ_OK                ? "trained"
                      : r->status == EQ_ERR_INTERRUPTED ? "stopped"
                                                        : "failed";
    printf("seed %" PRIu64 " %s", r->seed, how);
    if (r->status == EQ_OK) printf(" in %.1f s", r->last.seconds);
    putchar('\n');
    fflush(stdout);
}

static void print_table(const char *folder, const eq_seed_run *run, size_t runs) {
    eq_seeds_summary s = eq_seeds_summarise(run, runs);
    char label[32];
    bool show[EQ_SEED_COLUMNS];
    if (s.finished == 0) return;
    choose(&s, show);
    printf("%-*s", LABEL, "seed");
    for (int c = 0; c < EQ_SEED_COLUMNS; c++)
        if (show[c]) printf("  %*s", width_of(&eq_seed_column_of[c]), eq_seed_column_of[c].name);
    putchar('\n');
    for (size_t k = 0; k < runs; k++) {
        if (run[k].status != EQ_OK) continue;
        snprintf(label, sizeof label, "%" PRIu64, run[k].seed);
        print_run(label, show, &run[k].last);
    }
    print_row("mean", show, s.mean);
    print_row("deviation", show, s.deviation);
    print_run("best", show, &run[s.best].last);
    if (s.finished < runs) printf("over %zu of %zu seeds\n", s.finished, runs);
    printf("best: seed %" PRIu64 "; wrote %s/" EQ_SEEDS_TABLE " and %s/seed-K\n", run[s.best].seed,
           folder, folder);
}

/* gnuplot is started from one thread, when all trainings are over. */
static eq_status plot(const char *folder, const eq_seed_run *run, size_t runs, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < runs; k++) {
        if (run[k].status != EQ_OK) continue;
        char *own = eq_seed_folder(folder, run[k].seed);
        status = own == NULL ? eq_out_of_memory(diag) : eq_plot_curves(own, diag);
        eq_free(own);
    }
    return status;
}

eq_status eq_train_seeds(const eq_experiment *x, const eq_train_options *o, const char *seeds,
                         eq_diag *diag) {
    eq_seed_run *run = NULL;
    size_t runs = 0;
    eq_status status = eq_seeds_read(seeds, &run, &runs, diag);
    if (status != EQ_OK) return status;
    status =
        eq_seeds_train(x, &(eq_seeds_options){.each = *o, .done = print_done}, run, runs, diag);
    if (status == EQ_OK) eq_interrupt_set_flag(NULL);
    if (status == EQ_OK && eq_comm_rank() == 0) status = plot(o->folder, run, runs, diag);
    if (eq_comm_rank() == 0) print_table(o->folder, run, runs);
    if (status == EQ_ERR_INTERRUPTED && eq_comm_rank() == 0)
        printf("stopped; to go on, give the same command with --resume\n");
    eq_free(run);
    return status;
}
