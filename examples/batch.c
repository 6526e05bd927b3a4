/* A batch of operating points and their gradients from C: fits the saturation current of a diode and
 * a resistance to measured points by descent along the adjoint's gradient.
 *
 *     cc batch.c $(pkg-config --cflags --libs eqspice) -lm -o batch && ./batch examples/diode.cir
 */
#include <eqspice.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 21, PARAMS = 2, STEPS = 200 };

static void die(const eq_diag *diag) {
    for (size_t k = 0; k < eq_diag_count(diag); k++)
        fprintf(stderr, "batch: %s\n", eq_diag_get(diag, k)->text);
    exit(1);
}

/* The mean squared difference of v(out) to the target, and its slope by every potential. */
static double cost(const double *v, size_t nodes, size_t out, const double *target, double *dcdv) {
    double sum = 0.0;
    for (size_t k = 0; k < POINTS; k++) {
        double miss = v[k * nodes + out] - target[k];
        sum += miss * miss / POINTS;
        dcdv[k * nodes + out] = 2.0 * miss / POINTS;
    }
    return sum;
}

int main(int argc, char **argv) {
    static const char *name[PARAMS] = {"r1", "d1(is)"};
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    eq_batch *b = NULL;
    eq_batch_options o = eq_batch_defaults();
    eq_handle input, param[PARAMS];
    double start[PARAMS], wanted[PARAMS];
    o.threads = 2;
    if (argc != 2 || eq_circuit_read(argv[1], &c, diag) != EQ_OK) die(diag);
    if (eq_handle_find(c, "v1", &input, diag) != EQ_OK) die(diag);
    for (int p = 0; p < PARAMS; p++) {
        if (eq_handle_find(c, name[p], &param[p], diag) != EQ_OK) die(diag);
        wanted[p] = eq_handle_get(c, param[p]);
        start[p] = 3.0 * wanted[p];
    }
    if (eq_batch_new(c, &input, 1, &o, &b, diag) != EQ_OK) die(diag);

    size_t nodes = eq_circuit_nodes(c), out = (size_t)eq_circuit_find_node(c, "out");
    double x[POINTS], target[POINTS], dcdw[POINTS][PARAMS];
    double *v = calloc(POINTS * nodes, sizeof *v), *dcdv = calloc(POINTS * nodes, sizeof *dcdv);
    double *branch = calloc(POINTS, sizeof *branch); /* the deck has one source */
    for (int k = 0; k < POINTS; k++) x[k] = 0.2 * (k - POINTS / 2);
    if (eq_batch_solve(b, POINTS, x, v, branch, diag) != EQ_OK) die(diag);
    for (size_t k = 0; k < POINTS; k++) target[k] = v[k * nodes + out]; /* the "measurement" */

    for (int p = 0; p < PARAMS; p++) eq_handle_set(c, param[p], start[p], diag);
    double first = NAN, last = NAN, rate = 1.0;
    int step = 0;
    for (; step < STEPS && !(last < 1e-20); step++) {
        double slope[PARAMS] = {0}, size = 0.0;
        if (eq_batch_solve(b, POINTS, x, v, branch, diag) != EQ_OK) die(diag);
        double now = cost(v, nodes, out, target, dcdv);
        if (eq_batch_vjp(b, POINTS, x, v, branch, dcdv, param, PARAMS, dcdw[0], diag) != EQ_OK)
            die(diag);
        for (int k = 0; k < POINTS; k++)
            for (int p = 0; p < PARAMS; p++) slope[p] += dcdw[k][p];
        if (step == 0) first = now;
        if (now > last) rate *= 0.5; /* too far */
        last = now;
        /* in logarithms, where both have the same scale */
        for (int p = 0; p < PARAMS; p++) size += pow(slope[p] * eq_handle_get(c, param[p]), 2.0);
        for (int p = 0; p < PARAMS && size > 0.0; p++) {
            double w = eq_handle_get(c, param[p]);
            eq_handle_set(c, param[p], w * exp(-rate * 0.1 * slope[p] * w / sqrt(size)), diag);
        }
    }
    printf("mean squared difference: %.3g V^2 at first, %.3g V^2 after %d steps\n", first, last,
           step);
    for (int p = 0; p < PARAMS; p++)
        printf("%-7s %10.4g, started at %.4g, wanted %.4g\n", name[p], eq_handle_get(c, param[p]),
               start[p], wanted[p]);
    free(v);
    free(dcdv);
    free(branch);
    eq_batch_free(b);
    eq_circuit_free(c);
    eq_diag_free(diag);
    return last < 1e-3 * first ? 0 : 1;
}
