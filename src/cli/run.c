#include <sys/stat.h>

#include "analysis/analysis.h"
#include "analysis/control.h"
#include "cli/deck.h"

/* Runs the analyses, each followed by what it measures. A raw file has the analyses only, as
 * ngspice's. */
static eq_status all_analyses(eq_deck *deck, const eq_solve_options *o, bool raw, eq_tables *t,
                              eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < deck->analyses; k++) {
        eq_result *r = NULL, *measures = NULL;
        status = eq_analysis_run(deck, k, o, &r, &measures, diag);
        if (r != NULL && eq_tables_add(t, r, diag) != EQ_OK) status = EQ_ERR_MEMORY;
        if (raw || status != EQ_OK)
            eq_result_free(measures);
        else
            status = eq_tables_add(t, measures, diag);
    }
    return status;
}

/* The commands of the deck, then its analyses unless a command has run them. */
static eq_status run_plan(eq_deck *deck, const char *path, const eq_deck_options *d,
                          const eq_solve_options *o, bool raw, eq_tables *t, eq_diag *diag) {
    const eq_control_options control = {o, d->files};
    bool ran = false;
    eq_status status =
        deck->plan_lines == 0 ? EQ_OK : eq_control_run(deck, &control, t, &ran, diag);
    bool instead = deck->analyses == 1 && deck->analysis[0].stands_in && t->count > 0;
    if (status == EQ_OK && !ran && !instead) status = all_analyses(deck, o, raw, t, diag);
    if (status == EQ_OK && t->count == 0 && !ran && deck->analyses == 0)
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "%s asks for no analysis; add .op or .dc, or use `eqspice op`", path);
    return status;
}

/* Whether what was found before an analysis failed is written: EQ_OK. A file that is there stays as it was. */
static eq_status keep(const eq_tables *t, const char *file, eq_status status, eq_diag *diag) {
    size_t points = 0;
    for (size_t k = 0; k < t->count; k++) points += t->item[k]->points;
    if (points == 0 || status == EQ_ERR_MEMORY || eq_comm_rank() > 0) return status;
    struct stat there;
    if (file != NULL && stat(file, &there) == 0 && S_ISREG(there.st_mode)) {
        eq_note_at(diag, (eq_place){file, 0, 0},
                   "stays as it was; %zu point%s were found before that", points,
                   eq_plural(points));
        return status;
    }
    eq_note_at(diag, (eq_place){0}, "what was found before that is written: %zu point%s", points,
               eq_plural(points));
    return EQ_OK;
}

static eq_status write_tables(const eq_tables *t, const char *file, const char *path,
                              eq_format format, eq_diag *diag) {
    eq_sink sink;
    eq_status status = eq_sink_open(file, path, &sink, diag);
    if (status != EQ_OK) return status;
    status =
        eq_result_write((const eq_result *const *)t->item, t->count, format, sink.stream, diag);
    return eq_sink_close(&sink, status, diag);
}

static eq_status run_deck(const char *path, const eq_deck_options *d, eq_diag *diag) {
    eq_deck *deck = NULL;
    eq_tables t = {NULL, 0, 0};
    eq_solve_options o = {0};
    eq_method method;
    eq_format format;
    eq_status status = eq_deck_understand(d, &method, &format, diag);
    if (status == EQ_OK) status = eq_read_deck(path, d->dialect, &deck, diag);
    status = eq_comm_agree(status);
    if (status == EQ_OK) {
        eq_print_diag(diag);
        o = eq_deck_solving(d, method, deck->circuit);
    }
    bool raw = status == EQ_OK && (format == EQ_RAW || format == EQ_RAW_ASCII);
    if (status == EQ_OK) {
        status = run_plan(deck, path, d, &o, raw, &t, diag);
        eq_status written = status == EQ_OK ? EQ_OK : keep(&t, d->file, status, diag);
        if (written == EQ_OK) written = write_tables(&t, d->file, path, format, diag);
        if (status == EQ_OK) status = written;
    }
    eq_tables_free(&t);
    eq_deck_free(deck);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    return eq_run_deck_command(command, false, argc, argv, run_deck);
}

const eq_command eq_command_run = {"run", "DECK", "run every analysis in a deck", true, run};
