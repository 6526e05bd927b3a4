#include "transistor.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "program.h"
#include "report/ngspice.h"
#include "result/raw.h"
#include "solver/solver_internal.h"

static eq_result *ours(const char *deck, eq_result ***plots, size_t *count) {
    char path[256], *text = NULL;
    snprintf(path, sizeof path, "%s", in("m.raw"));
    expect_exit(0, &text, "run %s --format raw -o %s", put("m.cir", deck), path);
    free(text);
    ck_assert_int_eq(eq_raw_read(path, plots, count, NULL), EQ_OK);
    ck_assert_uint_eq(*count, 1);
    return **plots;
}

/* The largest |current| of a point. */
static double largest(const eq_result *r, size_t point) {
    double most = 0.0;
    for (size_t k = 0; k < r->variables; k++)
        if (r->variable[k].name[0] == 'i')
            most = fmax(most, fabs(r->value[point * r->variables + k]));
    return most;
}

/* ngspice takes one current of a device from the others: to the rounding of the largest. */
static void compare(const eq_result *a, const eq_result *b, const char *deck, double least) {
    ck_assert_uint_eq(a->points, b->points);
    for (size_t k = 0; k < a->variables; k++) {
        size_t there = eq_result_find(b, a->variable[k].name);
        if (a->variable[k].name[0] != 'i') continue;
        ck_assert_msg(there < b->variables, "no %s", a->variable[k].name);
        for (size_t p = 0; p < a->points; p++) {
            double x = a->value[p * a->variables + k], y = b->value[p * b->variables + there];
            ck_assert_msg(fabs(x - y) <= 1e-9 * fabs(y) + 4e-16 * largest(b, p) + least,
                          "%s of point %zu: %.17g, ngspice %.17g\n%s", a->variable[k].name, p, x, y,
                          deck);
        }
    }
}

static void sweep_agrees(const char *deck, double least) {
    eq_result **a = NULL, **b = NULL;
    size_t counts[2];
    eq_result *own = ours(deck, &a, &counts[0]);
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_ngspice_run(deck, strlen(deck), &b, &counts[1], diag);
    ck_assert_msg(status == EQ_OK, "%s\n%s",
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "", deck);
    eq_diag_free(diag);
    compare(own, *b, deck, least);
    eq_raw_free(a, counts[0]);
    eq_raw_free(b, counts[1]);
}

static void put_sweep(const transistor_bench *bench, const transistor_card *card, double temp,
                      const transistor_range *range, eq_text *deck) {
    eq_text_puts(deck, "sweeps\n");
    for (size_t k = 0; k < 4 && bench->held[k].node != NULL; k++)
        eq_text_printf(deck, "V%s %s 0 %g\n", bench->held[k].node, bench->held[k].node,
                       card->sign * bench->held[k].v);
    eq_text_printf(deck,
                   "%s mm %s\n.model mm %s\n.options temp=%g reltol=1e-10 abstol=1e-15 "
                   "vntol=1e-12 itl1=1000 itl2=1000\n.dc",
                   bench->element, card->line, card->model, temp);
    for (const transistor_range *r = range; r < range + 2; r++)
        eq_text_printf(deck, " V%s %g %g %g", r->node, card->sign * r->from, card->sign * r->to,
                       card->sign * r->step);
    eq_text_puts(deck, "\n.end\n");
}

void sweeps_agree(const transistor_bench *bench, const transistor_card *card) {
    static const double temperatures[] = {-40.0, 27.0, 85.0};
    for (size_t t = 0; t < 3; t++)
        for (size_t k = 0; k < 2; k++) {
            eq_text deck = {0};
            put_sweep(bench, card, temperatures[t], bench->sweep[k], &deck);
            sweep_agrees(deck.text, bench->least);
            eq_text_free(&deck);
        }
}

void rung_agrees(eq_circuit *c, int rung, double tolerance) {
    enum { MOST = 16 };
    double v[MOST], w[MOST] = {0}, branch[MOST];
    eq_solver *s = NULL;
    eq_solve_info info;
    ck_assert_uint_le(eq_circuit_nodes(c), MOST);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(s, NULL, v, branch, &info, NULL), EQ_OK);
    eq_solve_options o = eq_solve_defaults(c);
    o.max_iterations = 1000;
    eq_status status = eq_solver_rung(s, &o, rung, w, &info, NULL);
    ck_assert_msg(status == EQ_OK, "%s", eq_ladder[rung].name);
    for (size_t n = 0; n < eq_circuit_nodes(c); n++) ck_assert_double_eq_tol(v[n], w[n], tolerance);
    eq_solver_free(s);
}

static void gradients_agree(const char *experiment) {
    double off = 1.0;
    outcome o = run_program("gradcheck %s", experiment);
    const char *found = strstr(o.text, "adjoint against central differences: ");
    if (found != NULL) sscanf(found, "adjoint against central differences: %lf", &off);
    ck_assert_msg(off < 1e-7, "%.3000s", o.text);
    outcome_free(&o);
}

void parameters_learn(const char *deck, const char *data, double high, double low, double rate) {
    char net[512], *text = NULL;
    int length = snprintf(
        net, sizeof net,
        "<experiment name=\"net\" seed=\"1\"><circuit deck=\"net.cir\"/><data format=\"csv\" "
        "path=\"net.csv\" label=\"class\"/><cost type=\"squared-error\" high=\"%g\" low=\"%g\"/>"
        "<estimator type=\"adjoint\"/><optimizer type=\"sgd\" rate=\"%g\"/><minibatch "
        "size=\"4\"/><epochs count=\"2\"/></experiment>",
        high, low, rate);
    ck_assert_int_lt(length, (int)sizeof net);
    put("net.cir", deck);
    put("net.csv", data);
    gradients_agree(put("net.xml", net));
    expect_exit(0, &text, "train %s -o %s/trained", in("net.xml"), scratch_current());
    free(text);
    expect_exit(0, NULL, "eval %s/trained --data %s", scratch_current(), in("net.csv"));
}
