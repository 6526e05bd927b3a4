#include "report/verify.h"

#include <math.h>
#include <string.h>

#include "cli/deck.h"
#include "cli/subject.h"

/* The larger of two deviations, each counted. */
static void merge(eq_deviation *all, const eq_deviation *one) {
    all->count = one->count > all->count ? one->count : all->count;
    if (!(one->absolute <= all->absolute)) all->absolute = one->absolute;
    if (one->relative >= all->relative || isnan(one->relative)) {
        all->relative = one->relative;
        memcpy(all->worst, one->worst, sizeof all->worst);
    }
}

/* One phase of a trained network, or the deck as it stands. */
static eq_status verify_phase(eq_subject *s, int sample, bool nudged, eq_verification *all,
                              eq_diag *diag) {
    eq_verification v;
    eq_status status = eq_subject_sample(s, sample, nudged, diag);
    if (status == EQ_OK) status = eq_verify(s->circuit, &v, diag);
    if (status == EQ_ERR_CHECK)
        eq_note_at(diag, (eq_place){NULL, 0, 0},
                   "ngspice knows the nodes as n1, n2, ... in the order of `eqspice op`");
    if (status != EQ_OK) return status;
    merge(&all->node, &v.node);
    merge(&all->branch, &v.branch);
    if (s->trained != NULL)
        printf("%s phase: %.3g relative over %zu nodes\n", nudged ? "nudged" : "free",
               v.node.relative, v.node.count);
    return EQ_OK;
}

static eq_status judge(const eq_verification *v, double tol, eq_diag *diag) {
    if (v->branch.count > 0)
        printf("currents: max deviation %.3g A absolute, %.3g relative over %zu branches\n",
               v->branch.absolute, v->branch.relative, v->branch.count);
    printf("max deviation %.3g V absolute, %.3g relative over %zu nodes\n", v->node.absolute,
           v->node.relative, v->node.count);
    if (v->node.relative <= tol && v->branch.relative <= tol) return EQ_OK;
    const eq_deviation *d = v->node.relative <= tol ? &v->branch : &v->node;
    return eq_fail(diag, EQ_ERR_CHECK, "%s differs from ngspice by %.3g relative, more than %g",
                   d->worst, d->relative, tol);
}

static int run(const eq_command *command, int argc, char **argv) {
    int sample = -1;
    const char *dialect = NULL;
    double tol = 1e-6;
    const eq_option table[] = {
        {"sample", 0, EQ_OPTION_INT, &sample, "K",
         "test sample on the inputs of a trained network"},
        EQ_DIALECT_OPTION(&dialect),
        {"tol", 0, EQ_OPTION_NUMBER, &tol, "R", "largest relative deviation (1e-6)"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_subject s;
    eq_verification all = {0};
    eq_status status = eq_subject_open(path, dialect, &s, diag);
    if (status == EQ_OK) status = verify_phase(&s, sample, false, &all, diag);
    if (status == EQ_OK && s.trained != NULL) status = verify_phase(&s, sample, true, &all, diag);
    if (status == EQ_OK) status = judge(&all, tol, diag);
    eq_subject_close(&s);
    return eq_finish(diag, status);
}

const eq_command eq_command_verify = {"verify", "DECK|DIR", "compare with ngspice node by node",
                                      false, run};
