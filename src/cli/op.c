#include <math.h>

#include "analysis/operating_point.h"
#include "cli/deck.h"
#include "cli/subject.h"

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
    eq_subject s = {0};
    eq_result *r = NULL;
    eq_solve_info info = {0};
    eq_method method;
    eq_format format;
    eq_status status = eq_deck_understand(d, &method, &format, diag);
    if (status == EQ_OK) status = eq_subject_open(path, d->dialect, &s, diag);
    if (status == EQ_OK) status = eq_subject_inputs(&s, d->input, d->sample, d->training, diag);
    if (status == EQ_OK) {
        eq_print_diag(diag);
        eq_solve_options o = eq_deck_solving(d, method, s.circuit);
        status = eq_operating_point(s.circuit, &o, &r, format == EQ_TABLE ? &info : NULL, diag);
    }
    eq_sink sink;
    if (status == EQ_OK) status = eq_sink_open(d->file, path, &sink, diag);
    if (status == EQ_OK) {
        status = eq_result_write((const eq_result *const *)&r, 1, format, sink.stream, diag);
        if (format == EQ_TABLE) print_quality(&info, sink.stream);
        status = eq_sink_close(&sink, status, diag);
    }
    eq_result_free(r);
    eq_subject_close(&s);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    return eq_run_deck_command(command, true, argc, argv, op);
}

const eq_command eq_command_op = {
    "op", "DECK|DIR", "find the operating point of a deck or a trained network", false, run};
