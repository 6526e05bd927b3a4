#include "analysis/analysis.h"
#include "base/mem.h"
#include "cli/deck.h"

/* Runs the analyses into r[], each followed by what it measures; *done counts the results that are
 * there. A raw file has the analyses only, as ngspice's. */
static eq_status all_analyses(eq_deck *deck, const eq_solve_options *o, bool raw, eq_result **r,
                              size_t *done, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < deck->analyses; k++) {
        eq_result *measures = NULL;
        status = eq_analysis_run(deck, k, o, &r[*done], &measures, diag);
        *done += r[*done] != NULL;
        if (raw) eq_result_free(measures);
        if (measures != NULL && !raw) r[(*done)++] = measures;
    }
    return status;
}

static eq_status run_deck(const char *path, const eq_deck_options *d, eq_diag *diag) {
    eq_deck *deck = NULL;
    eq_result **r = NULL;
    size_t done = 0;
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
    if (status == EQ_OK && deck->analyses == 0)
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "%s asks for no analysis; add .op or .dc, or use `eqspice op`", path);
    if (status == EQ_OK) {
        bool raw = format == EQ_RAW || format == EQ_RAW_ASCII;
        r = eq_calloc(2 * deck->analyses, sizeof *r);
        status = r == NULL ? eq_out_of_memory(diag) : all_analyses(deck, &o, raw, r, &done, diag);
    }
    eq_sink sink;
    if (status == EQ_OK) status = eq_sink_open(d->file, &sink, diag);
    if (status == EQ_OK) {
        status = eq_result_write((const eq_result *const *)r, done, format, sink.stream, diag);
        status = eq_sink_close(&sink, status, diag);
    }
    for (size_t k = 0; k < done; k++) eq_result_free(r[k]);
    eq_free(r);
    eq_deck_free(deck);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    return eq_run_deck_command(command, false, argc, argv, run_deck);
}

const eq_command eq_command_run = {"run", "DECK", "run every analysis in a deck", true, run};
