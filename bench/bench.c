/* `make bench`: every figure with its reference, both measured in this run, as a table and as a
 * JSON list {name, value, unit, reference, reference_value, ratio} in the file that the first
 * argument names. EQSPICE names the program, EQSPICE_NGSPICE another ngspice, EQSPICE_DATA the
 * folder with mnist/. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "bench.h"
#include "circuit/architecture.h"
#include "cli/runtime.h"
#include "model/engine.h"
#include "model/optimizer.h"
#include "netlist/netlist.h"
#include "report/process.h"
#include "solver/linear/blas.h"

enum { FEATURES = 784, INPUTS = 2 * FEATURES, HIDDEN = 100, OUTPUTS = 10, BATCH = 20 };

/* ---- the report
 * ---------------------------------------------------------------------------------------- */

static FILE *json;
static int rows;

/* ratio: how many times better than the reference, or worse where the name says so (vs_gemm). */
void report(const char *name, double value, const char *unit, const char *reference,
            double reference_value, double ratio) {
    printf("%-28s %12.4g %-12s %-44s %12.4g %10.4g\n", name, value, unit, reference,
           reference_value, ratio);
    fflush(stdout);
    fprintf(json,
            "%s  {\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"reference\": \"%s\", "
            "\"reference_value\": ",
            rows++ == 0 ? "[\n" : ",\n", name, value, unit, reference);
    if (isnan(reference_value))
        fputs("null, \"ratio\": null}", json);
    else
        fprintf(json, "%.6g, \"ratio\": %.6g}", reference_value, ratio);
}

_Noreturn void die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ---- other programs
 * ------------------------------------------------------------------------------------ */

const char *program(void) {
    const char *p = getenv("EQSPICE");
    return p == NULL ? "build/eqspice" : p;
}

const char *ngspice(void) {
    const char *p = getenv("EQSPICE_NGSPICE");
    return p == NULL ? "ngspice" : p;
}

double seconds_of(const char *const *argv, int limit) {
    eq_process p = {argv, NULL, NULL, argv[0], limit};
    eq_text said = {0};
    int exit_status = 0;
    double start = eq_seconds_now();
    eq_status status = eq_process_run(&p, &exit_status, &said, NULL);
    double took = eq_seconds_now() - start;
    eq_text_free(&said);
    return status == EQ_OK && exit_status == 0 ? took : NAN;
}

static double best_of(int times, const char *const *argv, int limit) {
    double best = NAN;
    for (int k = 0; k < times; k++) best = fmin(best, seconds_of(argv, limit));
    return best;
}

static char scratch_folder[] = "/tmp/eqspice-bench-XXXXXX";
static bool scratch_made;

char *scratch(const char *name) {
    if (!scratch_made && mkdtemp(scratch_folder) == NULL) die("cannot make a folder in /tmp");
    scratch_made = true;
    return eq_path_join(scratch_folder, name);
}

static void remove_scratch(void) {
    const char *argv[] = {"rm", "-r", scratch_folder, NULL};
    if (scratch_made) seconds_of(argv, 60);
}

/* ---- Kendall's network
 * --------------------------------------------------------------------------------- */

static eq_circuit *kendall(void) {
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_architecture_kind("kendall", &a, NULL);
    eq_architecture_layers("1568,100,20", &a, NULL);
    a.low = 1e-9;
    a.gmin = 1e-9;
    if (eq_architecture_build(&a, &c, NULL) != EQ_OK) die("cannot build Kendall's network");
    return c;
}

/* Inputs of about MNIST's density: a fifth of the pixels lit, 20 V at most, each followed by its
 * negative. */
static void fill_inputs(double *x, size_t examples) {
    eq_random r = eq_random_seed(1);
    for (size_t k = 0; k < examples * FEATURES; k++) {
        double p = eq_random_uniform(&r) < 0.2 ? 20.0 * eq_random_uniform(&r) : 0.0;
        x[2 * k] = p;
        x[2 * k + 1] = -p;
    }
}

/* The step that the trainer takes. */
typedef struct sgd_step {
    const eq_optimizer_kind *kind;
    eq_step_range range;
} sgd_step;

static void sgd(void *data, size_t group, size_t offset, size_t n, double *theta,
                const double *gradient) {
    const sgd_step *s = data;
    (void)group, (void)offset;
    s->kind->step(&s->range, n, theta, gradient, NULL, NULL);
}

/* Free phase, two nudged phases and the update of one minibatch (symmetric estimator). */
static void train_minibatch(eq_engine *e, const double *x, double *y, double *current) {
    const double beta = 3e-8;
    sgd_step step = {eq_optimizer_find("sgd"), {.rate = 7e-9, .min = 1e-9, .max = 1e-2}};
    double a[EQ_MAX_SLOTS] = {0.0, 0.5 / beta / BATCH, -0.5 / beta / BATCH, 0.0, 0.0};
    eq_status status = eq_engine_free_phase(e, BATCH, x, y, NULL);
    for (int s = 1; s <= 2 && status == EQ_OK; s++) {
        for (size_t k = 0; k < BATCH * OUTPUTS; k++)
            current[k] = (s == 1 ? -beta : beta) * 33.3 *
                         (k % OUTPUTS == k / OUTPUTS % OUTPUTS ? -0.9 : 0.1);
        status = eq_engine_nudged_phase(e, s, &(eq_nudge){.current = current}, NULL, NULL);
    }
    if (status == EQ_OK) status = eq_engine_update(e, a, sgd, &step, NULL);
    if (status != EQ_OK) die("a minibatch did not converge");
}

enum { MINIBATCHES = 200, TIMES = 9, DIFFERENT = 50 };

static eq_engine *kendall_engine(int threads, eq_circuit *c) {
    eq_engine_options o = {EQ_ENGINE_LAYERED, BATCH, threads};
    eq_engine *e = NULL;
    if (eq_engine_new(c, &o, &e, NULL) != EQ_OK) die("Kendall's network is not layered");
    return e;
}

/* The least of the seconds measured so far and those an example since `start`. */
static double least(double best, double start) {
    return fmin(best, (eq_seconds_now() - start) / (MINIBATCHES * BATCH));
}

/* Seconds an example of training, of free phases alone, and of the matrix products alone: X (g+ -
 * g-) and X^T delta, 784 x 100, minibatch 20. */
typedef struct kendall_seconds {
    double training, free_phase, products;
} kendall_seconds;

static void measure_training(eq_engine *e, const double *x, kendall_seconds *best) {
    double y[BATCH * OUTPUTS], current[BATCH * OUTPUTS], start = eq_seconds_now();
    for (int k = 0; k < MINIBATCHES; k++)
        train_minibatch(e, x + (size_t)(k % DIFFERENT) * BATCH * INPUTS, y, current);
    best->training = least(best->training, start);
    start = eq_seconds_now();
    for (int k = 0; k < MINIBATCHES; k++)
        eq_engine_free_phase(e, BATCH, x + (size_t)(k % DIFFERENT) * BATCH * INPUTS, y, NULL);
    best->free_phase = least(best->free_phase, start);
}

/* w: [784][100] weights, the gradient g behind them, h: [20][100] behind that */
static void measure_products(double *w, const double *x, kendall_seconds *best) {
    double *g = w + FEATURES * HIDDEN, *h = g + FEATURES * HIDDEN, start = eq_seconds_now();
    for (int k = 0; k < MINIBATCHES; k++) {
        const double *at = x + (size_t)(k % DIFFERENT) * BATCH * FEATURES;
        eq_gemm_nn(BATCH, HIDDEN, FEATURES, 1.0, at, FEATURES, w, HIDDEN, 0.0, h, HIDDEN);
        eq_gemm_tn(FEATURES, HIDDEN, BATCH, 1.0, at, FEATURES, h, HIDDEN, 0.0, g, HIDDEN);
    }
    best->products = least(best->products, start);
}

/* The least of TIMES turns; training and products take turns, so that a slow moment of the machine
 * meets both. */
static kendall_seconds kendall_speed(int threads, const double *x) {
    kendall_seconds best = {INFINITY, INFINITY, INFINITY};
    eq_circuit *c = kendall();
    eq_engine *e = kendall_engine(threads, c);
    double *w = eq_calloc_aligned(2 * FEATURES * HIDDEN + BATCH * HIDDEN, sizeof *w);
    if (w == NULL) die("out of memory");
    for (size_t k = 0; k < FEATURES * HIDDEN; k++) w[k] = 1e-6 * (double)(k % 17);
    for (int t = 0; t < TIMES; t++) {
        measure_training(e, x, &best);
        measure_products(w, x, &best);
    }
    eq_free(w);
    eq_engine_free(e);
    eq_circuit_free(c);
    return best;
}

/* Kendall's deck up to its .op. */
static void kendall_deck(eq_text *deck) {
    eq_circuit *c = kendall();
    if (eq_circuit_write(c, EQ_NGSPICE, NULL, deck, NULL) != EQ_OK) die("cannot write the deck");
    eq_circuit_free(c);
    char *op = strstr(deck->text, "\n.op\n");
    if (op == NULL) die("the deck has no .op");
    deck->length = (size_t)(op - deck->text) + 1;
    deck->text[deck->length] = '\0';
}

/* Seconds of ngspice on the deck, whole process; NAN when it fails. */
static double ngspice_seconds(const eq_text *deck) {
    char *path = scratch("kendall.cir");
    if (deck->failed || eq_file_write(path, deck->text, deck->length, NULL) != EQ_OK)
        die("cannot write the deck");
    const char *argv[] = {ngspice(), "-b", path, NULL};
    double took = seconds_of(argv, 300);
    eq_free(path);
    return took;
}

/* Kendall's deck with a .control loop of n operating points; every input is altered before each. */
static double ngspice_points(int n) {
    eq_text deck = {0};
    kendall_deck(&deck);
    eq_text_puts(&deck, ".control\n");
    eq_random r = eq_random_seed(2);
    for (int k = 0; k < n; k++) {
        for (int i = 1; i <= INPUTS; i += 2) {
            double p = eq_random_uniform(&r) < 0.2 ? 20.0 * eq_random_uniform(&r) : 0.0;
            eq_text_printf(&deck, "alter vx%d dc = %.6g\nalter vx%d dc = %.6g\n", i, p, i + 1, -p);
        }
        eq_text_puts(&deck, "op\n");
    }
    eq_text_puts(&deck, "quit 0\n.endc\n.end\n");
    double took = ngspice_seconds(&deck);
    eq_text_free(&deck);
    return took;
}

/* A source piecewise linear in v(sweep), in place of vx`i`: `sign` times a pixel of its own at each
 * point. */
static void swept_input(eq_text *deck, int i, int points, double sign) {
    eq_random r = eq_random_seed((uint64_t)((i + 1) / 2));
    eq_text_printf(deck, "bx%d x%d 0 v=pwl(v(sweep)", i, i);
    for (int k = 0; k < points; k++) {
        double p = eq_random_uniform(&r) < 0.2 ? 20.0 * eq_random_uniform(&r) : 0.0;
        eq_text_printf(deck, ",%d,%.6g", k, sign * p);
    }
    eq_text_puts(deck, ")\n");
}

/* ngspice's fastest route of those tried: all inputs piecewise linear in one swept voltage, and
 * one .dc, of which every point starts from the one before. */
static double ngspice_sweep(int n) {
    eq_text whole = {0}, deck = {0};
    int input = 0;
    kendall_deck(&whole);
    for (char *line = whole.text, *end; *line != '\0'; line = end) {
        end = strchr(line, '\n') + 1;
        if (strncmp(line, "vx", 2) == 0) {
            input++;
            swept_input(&deck, input, n, input % 2 == 1 ? 1.0 : -1.0);
        } else {
            eq_text_add(&deck, line, (size_t)(end - line));
        }
    }
    if (input != INPUTS) die("the deck has other inputs");
    eq_text_printf(&deck, "vsweep sweep 0 dc 0\n.control\ndc vsweep 0 %d 1\n", n - 1);
    eq_text_printf(&deck, "if length(v(y1p)) = %d\nquit 0\nend\nquit 1\n.endc\n.end\n", n);
    double took = ngspice_seconds(&deck);
    eq_text_free(&whole);
    eq_text_free(&deck);
    return took;
}

/* Seconds of a free phase, an example: measured by bench_kendall. */
static double free_phase;

static void bench_kendall(void) {
    double *x = eq_calloc_aligned((size_t)DIFFERENT * BATCH * INPUTS, sizeof *x);
    if (x == NULL) die("out of memory");
    fill_inputs(x, (size_t)DIFFERENT * BATCH);
    kendall_seconds one = kendall_speed(1, x), two = kendall_speed(2, x);
    double best = fmin(one.training, two.training), other = fmax(one.training, two.training);
    report("kendall_train_examples_per_s", 1.0 / best, "1/s",
           best == two.training ? "one thread of the same" : "two threads of the same", 1.0 / other,
           other / best);
    report("kendall_vs_gemm", one.training, "s", "matrix products alone, one thread each",
           one.products, one.training / one.products);
    eq_free(x);
    free_phase = fmin(one.free_phase, two.free_phase);
}

static void bench_ngspice(void) {
    if (free_phase == 0.0) die("kendall must be measured before ngspice");
    double few = ngspice_points(1), more = ngspice_points(4), point = (more - few) / 3.0;
    report("kendall_vs_ngspice_op", free_phase, "s", "ngspice alter + op, a point", point,
           point / free_phase);
    few = fmin(ngspice_sweep(2), ngspice_sweep(2)), more = ngspice_sweep(12);
    point = (more - few) / 10.0; /* the first point takes as long as twelve more */
    report("kendall_vs_ngspice_warm", free_phase, "s", "ngspice .dc over pwl inputs, a point",
           point, point / free_phase);
}

/* ---- Deep resistive networks with ideal diodes, no amplifiers
 * ------------------------------------- */

enum { DRN_OUTPUTS = 10, DRN_WIDTH = 1024, DRN_BATCH = 64, DRN_MINIBATCHES = 5 };

/* Training with symmetric estimates: examples a second, and passes through each crossbar between
 * layers that a phase takes, one way each. */
typedef struct drn_measure {
    double speed, free, nudged;
} drn_measure;

/* One minibatch; adds the passes of the free phase and of the mean nudged phase. */
static void drn_minibatch(eq_engine *e, size_t batch, const double *x, drn_measure *m) {
    double y[DRN_BATCH * DRN_OUTPUTS], current[DRN_BATCH * DRN_OUTPUTS], beta = 1e-5;
    double w[EQ_MAX_SLOTS] = {0.0, 0.5 / beta / (double)batch, -0.5 / beta / (double)batch, 0.0,
                              0.0};
    sgd_step step = {eq_optimizer_find("sgd"), {.rate = 1e-7, .min = 1e-7, .max = 1e2}};
    double passes = eq_engine_about(e).passes, start = eq_seconds_now();
    eq_status status = eq_engine_free_phase(e, batch, x, y, NULL);
    double middle = eq_engine_about(e).passes;
    for (int s = 1; s <= 2 && status == EQ_OK; s++) {
        for (size_t j = 0; j < batch * DRN_OUTPUTS; j++)
            current[j] = (s == 1 ? -beta : beta) * (j % 10 == j / 10 % 10 ? -0.9 : 0.1);
        status = eq_engine_nudged_phase(e, s, &(eq_nudge){.current = current}, NULL, NULL);
    }
    double after = eq_engine_about(e).passes;
    if (status == EQ_OK) status = eq_engine_update(e, w, sgd, &step, NULL);
    if (status != EQ_OK) die("a deep resistive network did not converge");
    m->speed = fmax(m->speed, (double)batch / (eq_seconds_now() - start));
    m->free = (middle - passes) / (double)batch;
    m->nudged = 0.5 * (after - middle) / (double)batch;
}

static drn_measure drn_speed(const char *layers, size_t batch, int threads, const double *x) {
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_engine *e = NULL;
    eq_engine_options o = {EQ_ENGINE_LAYERED, batch, threads};
    eq_architecture_kind("drn", &a, NULL);
    eq_architecture_layers(layers, &a, NULL);
    a.diode = EQ_NEURON_IDEAL;
    a.up = 1.0;
    a.down = -1.0;
    a.low = a.gmin = 1e-7;
    a.high = 1e-4;
    a.gmax = 1e2;
    if (eq_architecture_build(&a, &c, NULL) != EQ_OK || eq_engine_new(c, &o, &e, NULL) != EQ_OK)
        die("a deep resistive network is not layered");
    drn_measure m = {0.0, 0.0, 0.0};
    for (int k = 0; k <= DRN_MINIBATCHES; k++) drn_minibatch(e, batch, x, &m);
    eq_engine_free(e);
    eq_circuit_free(c);
    return m;
}

/* Examples a second of the products alone: inputs to the first layer and back. */
static double drn_products(size_t batch, const double *x) {
    double *w = eq_calloc_aligned((size_t)FEATURES * DRN_WIDTH, sizeof *w);
    double *g = eq_calloc_aligned((size_t)FEATURES * DRN_WIDTH, sizeof *g);
    double *h = eq_calloc_aligned(batch * DRN_WIDTH, sizeof *h), best = 0.0;
    if (w == NULL || g == NULL || h == NULL) die("out of memory");
    for (int t = 0; t < TIMES; t++) {
        double start = eq_seconds_now();
        eq_gemm_nn(batch, DRN_WIDTH, FEATURES, 1.0, x, FEATURES, w, DRN_WIDTH, 0.0, h, DRN_WIDTH);
        eq_gemm_tn(FEATURES, DRN_WIDTH, batch, 1.0, x, FEATURES, h, DRN_WIDTH, 0.0, g, DRN_WIDTH);
        best = fmax(best, (double)batch / (eq_seconds_now() - start));
    }
    eq_free(w);
    eq_free(g);
    eq_free(h);
    return best;
}

static void bench_drn(void) {
    static const struct {
        const char *name, *layers;
        size_t batch;
        double target; /* 1/s, on two threads */
    } net[] = {{"drn_1h", "1568,1024,20", 4, NAN},
               {"drn_1h_batch_64", "1568,1024,20", 64, 6000.0},
               {"drn_2h", "1568,1024,1024,20", 4, NAN},
               {"drn_2h_batch_64", "1568,1024,1024,20", 64, 1200.0},
               {"drn_3h_batch_64", "1568,1024,1024,1024,20", 64, 600.0}};
    double *x = eq_calloc_aligned((size_t)DRN_BATCH * INPUTS, sizeof *x);
    if (x == NULL) die("out of memory");
    fill_inputs(x, DRN_BATCH);
    for (size_t k = 0; k < sizeof net / sizeof *net; k++) {
        char name[64];
        drn_measure one = drn_speed(net[k].layers, net[k].batch, 1, x);
        double alone = drn_products(net[k].batch, x);
        snprintf(name, sizeof name, "%s_examples_per_s", net[k].name);
        report(name, one.speed, "1/s", "products of the first crossbar alone", alone,
               one.speed / alone);
        snprintf(name, sizeof name, "%s_passes", net[k].name);
        report(name, one.free, "passes", "those of a nudged phase", one.nudged,
               one.nudged / one.free);
        if (isnan(net[k].target)) continue;
        drn_measure two = drn_speed(net[k].layers, net[k].batch, 2, x);
        snprintf(name, sizeof name, "%s_two_threads", net[k].name);
        report(name, two.speed, "1/s", "the goal", net[k].target, two.speed / net[k].target);
    }
    eq_free(x);
}

static void bench_mnist(void) {
    const char *data = getenv("EQSPICE_DATA");
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/mnist/train-images-idx3-ubyte.gz",
             data == NULL ? "data" : data);
    if (stat(path, &st) != 0) {
        printf("kendall_10_epochs_s: skipped, no %s (tools/get-data mnist fetches it)\n", path);
        return;
    }
    char *folder = scratch("kendall");
    const char *argv[] = {
        program(), "train", "netlists/kendall-mnist.xml", "-o", folder, "--threads", "2", NULL};
    double took = seconds_of(argv, 600);
    /* arXiv 2006.01981: about 18 h an epoch with Spectre (an estimate, not in the paper) */
    report("kendall_10_epochs_s", took, "s", "Spectre as published, not in this run", 648000.0,
           648000.0 / took);
    eq_free(folder);
}

/* ---- sparse circuits
 * ----------------------------------------------------------------------------------- */

/* A square grid: conductances over two decades, a diode to ground at a tenth of the nodes, a
 * current source at a hundredth. */
static char *grid(size_t nodes) {
    size_t side = (size_t)sqrt((double)nodes), id = 0;
    char name[64];
    snprintf(name, sizeof name, "grid%zu.cir", nodes);
    char *path = scratch(name);
    FILE *f = fopen(path, "w");
    eq_random r = eq_random_seed(nodes);
    if (f == NULL) die("cannot write the grid");
    fprintf(f, "grid of %zu x %zu nodes\n.model dm D(is=1e-14)\n", side, side);
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++) {
            double right = pow(10.0, 2.0 + 2.0 * eq_random_uniform(&r));
            double below = pow(10.0, 2.0 + 2.0 * eq_random_uniform(&r));
            if (j + 1 < side)
                fprintf(f, "R%zu n%zu_%zu n%zu_%zu %.6g\n", id++, i, j, i, j + 1, right);
            if (i + 1 < side)
                fprintf(f, "R%zu n%zu_%zu n%zu_%zu %.6g\n", id++, i, j, i + 1, j, below);
            double what = eq_random_uniform(&r);
            if (what < 0.1)
                fprintf(f, "D%zu n%zu_%zu 0 dm\n", id++, i, j);
            else if (what < 0.11)
                fprintf(f, "I%zu 0 n%zu_%zu %.3g\n", id++, i, j, 1e-3 * what);
        }
    fprintf(f, "Rg n0_0 0 1k\n.op\n.end\n");
    if (fclose(f) != 0) die("cannot write the grid");
    return path;
}

static double grid_seconds(const char *path, int times) {
    const char *argv[] = {program(), "op", path, "--format", "raw", NULL};
    return best_of(times, argv, 600);
}

static double gib_of_children(void) {
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)u.ru_maxrss / (1024.0 * 1024.0);
}

/* The least times of both programs on a grid, which take turns: the machine's speed moves by a half
 * within a minute. */
static void grid_against_ngspice(const char *path, double *ours, double *theirs) {
    enum { TURNS = 3 };
    char *raw = scratch("grid.raw");
    const char *argv[] = {ngspice(), "-b", "-r", raw, path, NULL};
    *ours = *theirs = NAN;
    for (int k = 0; k < TURNS; k++) {
        *ours = fmin(*ours, grid_seconds(path, 9));
        *theirs = fmin(*theirs, seconds_of(argv, 300));
    }
    eq_free(raw);
}

static void bench_grids(void) {
    double seconds[3], theirs;
    char *path[3];
    for (int k = 0; k < 3; k++) path[k] = grid((size_t)pow(10.0, 4 + k));
    grid_against_ngspice(path[0], &seconds[0], &theirs);
    report("grid_1e4_vs_ngspice", seconds[0], "s", "ngspice -b, whole process", theirs,
           theirs / seconds[0]);
    seconds[1] = grid_seconds(path[1], 3);
    report("grid_1e5_s", seconds[1], "s", "the grid of 1e4 nodes", seconds[0],
           seconds[1] / seconds[0]);
    seconds[2] = grid_seconds(path[2], 2);
    report("grid_1e6_s", seconds[2], "s", "the grid of 1e5 nodes", seconds[1],
           seconds[2] / seconds[1]);
    report("grid_1e6_gib", gib_of_children(), "GiB", "none", NAN, NAN);
    report("grid_exponent", log10(seconds[2] / seconds[0]) / 2.0, "1",
           "n log n over the same range", log10(100.0 * 6.0 / 4.0) / 2.0, NAN);
    for (int k = 0; k < 3; k++) eq_free(path[k]);
}

/* ---- start-up
 * ------------------------------------------------------------------------------------------ */

enum { ELEMENTS = 1000000, NODES = 300000, READINGS = 15 };

#define READ "--read"

/* A million resistors between random nodes, as a file. */
static char *million(size_t *bytes) {
    eq_text deck = {0};
    eq_random r = eq_random_seed(5);
    char *path = scratch("million.cir");
    eq_text_puts(&deck, "a million resistors\nV1 n0 0 1\n");
    for (int k = 0; k < ELEMENTS; k++)
        eq_text_printf(&deck, "R%d n%d n%d %.6g\n", k, (int)eq_random_below(&r, NODES),
                       (int)eq_random_below(&r, NODES), 1e3 * (1.0 + eq_random_uniform(&r)));
    eq_text_puts(&deck, ".op\n.end\n");
    if (deck.failed || eq_file_write(path, deck.text, deck.length, NULL) != EQ_OK)
        die("cannot write the deck");
    *bytes = deck.length;
    eq_text_free(&deck);
    return path;
}

/* What reading a deck cannot do without: the words of the file, its names in a table. */
static bool intern_words(const char *path) {
    eq_names *names = eq_names_new();
    char *text = NULL;
    size_t length = 0;
    bool done =
        names != NULL && eq_file_read(path, (eq_place){NULL, 0, 0}, &text, &length, NULL) == EQ_OK;
    for (const char *p = text; done && p < text + length;) {
        const char *word = p;
        while (*p > ' ') p++;
        /* numbers are left out: no name starts with a digit */
        if (p > word && *word > '9') done = eq_names_add(names, word, (size_t)(p - word)) >= 0;
        p++;
    }
    eq_free(text);
    eq_names_free(names);
    return done;
}

static bool read_deck(const char *path) {
    eq_circuit *c = NULL;
    return eq_circuit_read(path, &c, NULL) == EQ_OK;
}

static const struct {
    const char *name;
    bool (*read_it)(const char *path);
} readers[] = {{"deck", read_deck}, {"words", intern_words}};

static double resident(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return 1024.0 * (double)u.ru_maxrss;
}

/* run-bench --read READER FILE: prints the seconds, and the bytes that the peak of the resident
 * memory grew by. */
static int read_once(const char *reader, const char *path) {
    size_t k = strcmp(readers[0].name, reader) == 0 ? 0 : 1;
    double before = resident(), start = eq_seconds_now();
    if (!readers[k].read_it(path)) return 1;
    double took = eq_seconds_now() - start;
    printf("%.9g %.9g\n", took, resident() - before);
    return 0;
}

/* Least seconds of a reading in a new process, as the program reads: what a fork inherits would be
 * huge pages shared with its parent, which the kernel splits at the first write. */
static double in_child(const char *reader, const char *path, double *bytes) {
    const char *argv[] = {"/proc/self/exe", READ, reader, path, NULL};
    eq_process p = {argv, NULL, NULL, argv[0], 60};
    double best = INFINITY;
    for (int t = 0; t < READINGS; t++) {
        eq_text said = {0};
        int exit_status = 0;
        double took;
        if (eq_process_run(&p, &exit_status, &said, NULL) != EQ_OK || exit_status != 0 ||
            sscanf(said.text, "%lf %lf", &took, bytes) != 2)
            die("parse");
        best = fmin(best, took);
        eq_text_free(&said);
    }
    return best;
}

static void bench_parse(void) {
    size_t length;
    char *path = million(&length);
    double text = (double)length, peak, unused;
    double best = in_child("deck", path, &peak), floor = in_child("words", path, &unused);
    report("parse_mb_per_s", 1e-6 * text / best, "MB/s", "its words and a table of its names alone",
           1e-6 * text / floor, floor / best);
    report("parse_bytes_per_element", (peak - text) / ELEMENTS, "bytes",
           "the text itself, bytes an element", text / ELEMENTS, text / (peak - text));
    eq_free(path);
}

static void bench_small(void) {
    const char *ours[] = {program(), "op", "netlists/antiparallel.cir", NULL};
    char *raw = scratch("small.raw");
    const char *theirs[] = {ngspice(), "-b", "-r", raw, "netlists/antiparallel.cir", NULL};
    double a = 1e3 * best_of(20, ours, 10), b = 1e3 * best_of(5, theirs, 10);
    report("op_small_ms", a, "ms", "ngspice -b, whole process", b, b / a);
    eq_free(raw);
}

/* us for each solve of a divider in calls of `vectors` input vectors, as bench/calls.py has it. */
static double call_seconds(size_t vectors, int calls) {
    enum { MOST = 1000 };
    static double x[MOST], v[MOST * 3], branch[MOST];
    eq_circuit *c = NULL;
    eq_batch *b = NULL;
    eq_handle v1;
    double best = INFINITY;
    if (eq_circuit_read("netlists/divider.cir", &c, NULL) != EQ_OK ||
        eq_handle_find(c, "v1", &v1, NULL) != EQ_OK ||
        eq_batch_new(c, &v1, 1, NULL, &b, NULL) != EQ_OK)
        die("cannot read netlists/divider.cir");
    for (size_t k = 0; k < vectors; k++) x[k] = 10.0 * (double)k / MOST;
    for (int round = 0; round < 50; round++) {
        double start = eq_seconds_now();
        for (int k = 0; k < calls; k++)
            if (eq_batch_solve(b, vectors, x, v, branch, NULL) != EQ_OK) die("no operating point");
        best = fmin(best, eq_seconds_now() - start);
    }
    eq_batch_free(b);
    eq_circuit_free(c);
    return 1e6 * best / calls / (double)vectors;
}

static void bench_python(void) {
    const char *python = getenv("PYTHON");
    const char *argv[] = {python == NULL ? "/usr/bin/python3" : python, "bench/calls.py", NULL};
    eq_process p = {argv, NULL, NULL, "python3-numpy", 120};
    eq_text said = {0};
    int exit_status = 0;
    double one, thousand;
    eq_status status = eq_process_run(&p, &exit_status, &said, NULL);
    if (status == EQ_OK && exit_status == 0 && sscanf(said.text, "%lf %lf", &one, &thousand) == 2) {
        double ours[] = {call_seconds(1, 2000), call_seconds(1000, 4)};
        report("python_call_us", one, "us/solve", "the C call, one vector", ours[0], ours[0] / one);
        report("python_call_1000_us", thousand, "us/solve", "the C call, 1,000 vectors", ours[1],
               ours[1] / thousand);
    } else {
        printf("python_call_us: not measured, bench/calls.py cannot run\n");
    }
    eq_text_free(&said);
}

/* What can be measured, by the names that may be given on the command line. */
static const struct {
    const char *name;
    void (*measure)(void);
} benches[] = {{"small", bench_small},       {"parse", bench_parse},
               {"kendall", bench_kendall},   {"ngspice", bench_ngspice},
               {"drn", bench_drn},           {"mnist", bench_mnist},
               {"grids", bench_grids},       {"python", bench_python},
               {"networks", bench_networks}, {"transistors", bench_transistors}};

static bool wanted(const char *name, int argc, char **argv) {
    for (int k = 2; k < argc; k++)
        if (strcmp(argv[k], name) == 0) return true;
    return argc <= 2;
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "bench.json";
    eq_runtime_set(); /* as the program does */
    if (argc == 4 && strcmp(path, READ) == 0) return read_once(argv[2], argv[3]);
    json = fopen(path, "w");
    if (json == NULL) die("cannot write the JSON file");
    printf("%-28s %12s %-12s %-44s %12s %10s\n", "figure", "value", "unit", "reference",
           "its value", "ratio");
    for (size_t k = 0; k < sizeof benches / sizeof *benches; k++)
        if (wanted(benches[k].name, argc, argv)) benches[k].measure();
    remove_scratch();
    fputs(rows == 0 ? "[]\n" : "\n]\n", json);
    if (fclose(json) != 0) die("cannot write the JSON file");
    printf("written to %s\n", path);
    return 0;
}
