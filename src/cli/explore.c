#define _DEFAULT_SOURCE /* isatty */
#include "explore/explore.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/seeds.h"
#include "cli/study.h"
#include "report/report.h"

/* Set by a signal; the trainings look at it after every minibatch. */
static volatile sig_atomic_t stop;

/* What the callbacks need. */
typedef struct screen {
    bool terminal; /* standard error is one */
    const eq_study *s;
    const eq_explore_options *o;
    eq_diag *diag;
} screen;

static void print_begin(void *data, size_t done) {
    const screen *s = data;
    if (eq_comm_prints()) eq_print_diag(s->diag);
    printf("study      %s, of %s\n", s->s->path, s->s->experiment);
    printf("points     %zu (%s of %zu factors)", s->s->points, eq_design_name(s->s->design),
           s->s->factors);
    if (s->s->repeats > 1) printf(" with %zu seeds each", s->s->repeats);
    if (done > 0) printf(", %zu of %zu trainings are there", done, eq_study_runs(s->s));
    int ranks = eq_comm_size(), jobs = ranks > 1 ? ranks : s->o->jobs;
    printf("\nprocesses  %d\nfolder     %s\n", jobs, s->o->folder);
    fflush(stdout);
}

/* 312/1000 [=======>       ] 2 failed  1:05 left */
static void draw_bar(void *data, const eq_explore_progress *p) {
    enum { BAR = 28 };
    (void)data;
    int filled = (int)(BAR * (double)p->done / (double)p->runs);
    char bar[BAR + 1], failed[48] = "", left[48] = "";
    for (int k = 0; k < BAR; k++) bar[k] = k < filled ? '=' : k == filled ? '>' : ' ';
    bar[BAR] = '\0';
    if (p->failed > 0) snprintf(failed, sizeof failed, "  %zu failed", p->failed);
    long seconds = p->seconds_left < 1e7 ? (long)(p->seconds_left + 0.5) : -1;
    if (seconds >= 0) snprintf(left, sizeof left, "  %ld:%02ld left", seconds / 60, seconds % 60);
    fprintf(stderr, "\r\033[K%zu/%zu [%s]%s%s", p->done, p->runs, bar, failed, left);
    fflush(stderr);
}

static size_t count(const bool *of, size_t n) {
    size_t sum = 0;
    for (size_t k = 0; k < n; k++) sum += of[k];
    return sum;
}

/* DIR/report.html. */
static eq_status write_page(const screen *s, const eq_explored *x) {
    eq_text page = {0};
    char *path = eq_path_join(s->o->folder, EQ_STUDY_PAGE);
    eq_status status = path == NULL ? eq_out_of_memory(s->diag) : EQ_OK;
    if (status == EQ_OK) status = eq_report_write_study(s->o->folder, s->s, x, &page, s->diag);
    if (status == EQ_OK) status = eq_file_write(path, page.text, page.length, s->diag);
    if (status == EQ_OK) printf("\nwrote %s\n", path);
    eq_text_free(&page);
    eq_free(path);
    return status;
}

static eq_status print_end(const screen *s, const eq_explored *x, eq_status status) {
    const eq_outcomes *a = &x->all;
    if (s->terminal) fputs("\r\033[K", stderr);
    if (a->runs == 0 || eq_comm_rank() > 0) return status;
    size_t done = count(a->done, a->runs), failed = count(a->failed, a->runs);
    printf("%zu of %zu trainings are in %s/" EQ_STUDY_TABLE "%s\n", done, a->runs, s->o->folder,
           failed > 0 ? "" : " and " EQ_STUDY_SQLITE);
    if (failed > 0) printf("%zu of them failed: their rows say why (column error)\n", failed);
    if (status == EQ_ERR_INTERRUPTED) {
        printf("stopped; to go on: eqspice explore %s -o %s --resume\n", s->s->path, s->o->folder);
        return status;
    }
    putchar('\n');
    if (status == EQ_OK) status = eq_print_study(s->s, x, s->diag);
    return status == EQ_OK ? write_page(s, x) : status;
}

/* runs/NAME, the folder of a study that names none. */
static char *default_folder(const eq_study *s, eq_diag *diag) {
    char *folder = eq_path_join("runs", s->name);
    if (folder == NULL) eq_out_of_memory(diag);
    return folder;
}

static eq_status explore(const eq_study *s, eq_explore_options o, eq_diag *diag) {
    screen view = {isatty(STDERR_FILENO) == 1 && eq_comm_rank() == 0, s, &o, diag};
    char *folder = o.folder == NULL ? default_folder(s, diag) : NULL;
    eq_explored x = {0};
    if (o.folder == NULL) o.folder = folder;
    if (o.folder == NULL) return EQ_ERR_MEMORY;
    o.begin = print_begin;
    o.progress = view.terminal ? draw_bar : NULL;
    o.data = &view;
    o.stop = &stop;
    eq_interrupt_set_flag(&stop);
    eq_status status = eq_explore(s, &o, &x, diag);
    status = print_end(&view, &x, status);
    eq_explored_free(&x);
    eq_free(folder);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    eq_explore_options o = {.folder = NULL};
    int jobs = -1;
    const eq_option table[] = {
        {"output", 'o', EQ_OPTION_TEXT, &o.folder, "DIR", "write here instead of runs/NAME"},
        {"resume", 0, EQ_OPTION_FLAG, &o.resume, NULL,
         "train what has no row in DIR/points.csv yet"},
        {"force", 0, EQ_OPTION_FLAG, &o.force, NULL, "remove the table that DIR holds, begin anew"},
        {"jobs", 0, EQ_OPTION_INT, &jobs, "N", "train in N processes (as many as processors)"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_study *s = NULL;
    o.jobs = jobs < 0 ? eq_processors() : jobs;
    eq_status status = EQ_OK;
    if (o.jobs < 1)
        status = eq_fail(diag, EQ_ERR_USAGE, "%d processes cannot work; give at least 1", o.jobs);
    if (status == EQ_OK) status = eq_study_read(path, NULL, &s, diag);
    status = eq_comm_agree(status);
    if (status == EQ_OK) status = explore(s, o, diag);
    eq_study_free(s);
    return eq_finish(diag, status);
}

const eq_command eq_command_explore = {"explore", "STUDY.xml",
                                       "train the points of a study, side by side", true, run};
