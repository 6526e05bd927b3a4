#include <math.h>

#include "analysis/operating_point.h"
#include "cli/deck.h"

/* What a table also tells: how good the answer is. */
static void print_quality(const eq_solve_info *info, FILE *stream) {
    fprintf(stream, "solved by %s (%s), %d iterations; KCL residual %.3g A, %.3g of its bound\n",
            info->engine, info->rung, info->iterations, info->residual, info->residual_ratio);
    if (info->has_energy)
        fprintf(stream, "co-content %.9g W, stationary to max |dP/dv| = %.3g A\n", info->energy,
                info->stationarity);
    else
        fputs("no energy function: see `eqspice check`\n", stream);
}

static eq_status op(const char *path, const eq_deck_options *d, eq_diag *diag) {
    eq_deck *deck = NULL;
    eq_result *r = NULL;
    eq_solve_info info = {0};
    eq_solve_options o;
    eq_format format;
    eq_status status = eq_open_deck(path, d, &deck, &o, &format, diag);
    if (status == EQ_OK)
        status = eq_operating_point(deck->circuit, &o, &r, format == EQ_TABLE ? &info : NULL, diag);
    eq_sink sink;
    if (status == EQ_OK) status = eq_sink_open(d->file, &sink, diag);
    if (status == EQ_OK) {
        status = eq_result_write((const eq_result *const *)&r, 1, format, sink.stream, diag);
        if (format == EQ_TABLE) print_quality(&info, sink.stream);
        status = eq_sink_close(&sink, status, diag);
    }
    eq_result_free(r);
    eq_deck_free(deck);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    return eq_run_deck_command(command, argc, argv, op);
}

const eq_command eq_command_op = {"op", "DECK", "find the operating point of a deck", false, run};
