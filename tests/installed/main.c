/* A program of somebody else: built by tools/try-install against the installed library alone. Reads
 * two decks in two threads, solves 1,000 input vectors in one call, and holds the gradients of one
 * of them to differences; trains Iris step by step. Prints "good". */
#include <eqspice.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 1000, PARAMS = 2 };

static void die(const char *what, const eq_diag *diag) {
    const char *why = eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "no message";
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* Antiparallel diodes: v(out) is odd in the input. */
static void *solve_many(void *deck) {
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    eq_batch *b = NULL;
    eq_batch_options o = eq_batch_defaults();
    eq_handle input, param[PARAMS];
    o.threads = 2;
    if (eq_circuit_read(deck, &c, diag) != EQ_OK) die("eq_circuit_read", diag);
    size_t nodes = eq_circuit_nodes(c);
    if (eq_handle_find(c, "v1", &input, diag) != EQ_OK) die("v1", diag);
    if (eq_handle_find(c, "r1", &param[0], diag) != EQ_OK) die("r1", diag);
    if (eq_handle_find(c, "d1(is)", &param[1], diag) != EQ_OK) die("d1(is)", diag);
    if (eq_batch_new(c, &input, 1, &o, &b, diag) != EQ_OK) die("eq_batch_new", diag);
    double x[ROWS], *v = calloc(ROWS * nodes, sizeof *v), *branch = calloc(ROWS, sizeof *branch);
    double *dcdv = calloc(ROWS * nodes, sizeof *dcdv), dcdw[ROWS][PARAMS];
    size_t out = (size_t)eq_circuit_find_node(c, "out");
    for (int k = 0; k < ROWS; k++) {
        x[k] = 0.01 * (k - ROWS / 2);
        dcdv[(size_t)k * nodes + out] = 1.0; /* C = v(out) */
    }
    if (eq_batch_solve(b, ROWS, x, v, branch, diag) != EQ_OK) die("eq_batch_solve", diag);
    if (eq_batch_vjp(b, ROWS, x, v, branch, dcdv, param, PARAMS, dcdw[0], diag) != EQ_OK)
        die("eq_batch_vjp", diag);
    for (int k = 1; k < ROWS / 2; k++) {
        double here = v[(size_t)(ROWS / 2 + k) * nodes + out],
               mirror = v[(size_t)(ROWS / 2 - k) * nodes + out];
        if (!(here > 0.0) || fabs(here + mirror) > 1e-9) die("the curve is not odd", diag);
    }
    for (int p = 0; p < PARAMS; p++) {
        double old = eq_handle_get(c, param[p]), h = 1e-4 * old, at[2],
               *row = calloc(nodes, sizeof *row);
        for (int side = 0; side < 2; side++) {
            eq_handle_set(c, param[p], side == 0 ? old + h : old - h, diag);
            if (eq_batch_solve(b, 1, &x[ROWS - 1], row, NULL, diag) != EQ_OK) die("one row", diag);
            at[side] = row[out];
        }
        eq_handle_set(c, param[p], old, diag);
        double difference = (at[0] - at[1]) / (2.0 * h), exact = dcdw[ROWS - 1][p];
        if (!(fabs(exact - difference) <= 1e-5 * fabs(difference))) {
            fprintf(stderr, "parameter %d: %g, by differences %g\n", p, exact, difference);
            exit(1);
        }
        free(row);
    }
    free(v), free(branch), free(dcdv);
    eq_batch_free(b);
    eq_circuit_free(c);
    eq_diag_free(diag);
    return NULL;
}

/* Minibatches until an epoch is through, then whole epochs, then a run of its own into a folder. */
static void train(const char *path) {
    eq_diag *diag = eq_diag_new();
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    eq_trainer_options o = eq_trainer_defaults();
    eq_trainer_score step, score;
    size_t seen = 0, examples = 0;
    if (eq_experiment_read(path, &x, diag) != EQ_OK) die("eq_experiment_read", diag);
    if (eq_trainer_new(x, &o, &t, diag) != EQ_OK) die("eq_trainer_new", diag);
    if (eq_trainer_evaluate(t, &score, diag) != EQ_OK) die("eq_trainer_evaluate", diag);
    double before = score.error;
    for (int k = 0; k < 5; k++) {
        if (eq_trainer_step(t, &step, diag) != EQ_OK) die("eq_trainer_step", diag);
        seen += step.examples;
    }
    if (eq_trainer_epoch(t, &score, diag) != EQ_OK) die("eq_trainer_epoch", diag);
    examples = score.examples;
    while (seen < 30 * examples) { /* the rest of this epoch is not counted */
        if (eq_trainer_step(t, &step, diag) != EQ_OK) die("eq_trainer_step", diag);
        seen += step.examples;
    }
    if (eq_trainer_evaluate(t, &score, diag) != EQ_OK) die("eq_trainer_evaluate", diag);
    if (!(score.error < 0.1 && score.error < before && score.examples > 0)) {
        fprintf(stderr, "test error %g, before training %g\n", score.error, before);
        exit(1);
    }
    eq_handle h;
    if (eq_handle_find(eq_trainer_circuit(t), "rw1_x1p_1(g)", &h, diag) != EQ_OK) die("rw1", diag);
    double g = eq_handle_get(eq_trainer_circuit(t), h);
    if (!(g >= 1e-7 && g <= 1e-2) || g == 1e-5) die("a conductance that has learned", diag);
    eq_trainer_free(t);
    eq_train_options run = eq_train_defaults();
    eq_metrics last = {0};
    eq_train_summary summary;
    run.folder = "run";
    run.force = true;
    if (eq_train(x, &run, &last, &summary, diag) != EQ_OK) die("eq_train", diag);
    if (!(last.test_error < 0.1) || summary.classes != 3) die("the run", diag);
    eq_experiment_free(x);
    eq_diag_free(diag);
}

int main(int argc, char **argv) {
    pthread_t thread[2];
    if (argc != 4) return 2;
    for (int k = 0; k < 2; k++) pthread_create(&thread[k], NULL, solve_many, argv[k + 1]);
    for (int k = 0; k < 2; k++) pthread_join(thread[k], NULL);
    train(argv[3]);
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    if (eq_circuit_read("/nowhere.cir", &c, diag) != EQ_ERR_INPUT || eq_diag_errors(diag) != 1)
        return 1;
    eq_diag_free(diag);
    puts("good");
    return 0;
}
