/* Layers of units without a circuit: the fast solver against steps in time to the same error of the state, ours and
 * those of plain PyTorch on one thread; training of the ConvNet. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "bench.h"
#include "model/discrete/discrete.h"
#include "model/hopfield/hopfield.h"
#include "model/model.h"
#include "report/process.h"

enum { BATCH = 20, PIXELS = 784, ROUNDS = 5 };

/* One network as both kinds of options: which of the two says `hopfield`. */
typedef struct net {
    const char *name;
    bool hopfield, convolves;
    size_t layers, width[4];
} net;

static const net nets[] = {{"dhn_1h", true, false, 3, {PIXELS, 500, 10}},
                           {"fc_2h", false, false, 4, {PIXELS, 512, 512, 10}},
                           {"convnet", false, true, 0, {0}}};

static eq_status open_hopfield(const net *k, bool fast, double tolerance, eq_network **out) {
    eq_hopfield_options o = eq_hopfield_defaults();
    o.layers = k->layers;
    memcpy(o.width, k->width, sizeof k->width);
    o.solver = fast ? EQ_HOPFIELD_SWEEPS : EQ_HOPFIELD_EULER;
    o.tolerance = tolerance;
    return eq_hopfield_new(&o, out, NULL);
}

static eq_status open_discrete(const net *k, bool fast, double tolerance, eq_network **out) {
    static const eq_coupling_kind convnet[] = {
        {true, 32, 5, 0, EQ_POOLING_MAX, 2}, {true, 64, 5, 0, EQ_POOLING_MAX, 2}, {.channels = 10}};
    eq_discrete_options o = eq_discrete_defaults();
    o.inputs = k->convolves ? (eq_shape){1, 28, 28} : (eq_shape){PIXELS, 1, 1};
    o.layers = k->convolves ? 3 : k->layers - 1;
    for (size_t l = 0; l < o.layers; l++)
        o.layer[l] = k->convolves ? convnet[l]
                                  : (eq_coupling_kind){.channels = k->width[l + 1], .window = 1};
    o.solver = fast ? EQ_DISCRETE_SWEEPS : EQ_DISCRETE_STEPS;
    o.tolerance = tolerance;
    return eq_discrete_new(&o, out, NULL);
}

typedef struct solved {
    double passes, seconds; /* a free phase of an example */
    double *s;              /* [BATCH][units] */
    size_t all;             /* numbers of s */
} solved;

/* The free phase of x by one of the solvers. */
static solved solve(const net *k, bool fast, double tolerance, int rounds, const double *x) {
    eq_network *n = NULL;
    eq_engine_options o = {EQ_ENGINE_AUTO, BATCH, 1};
    double y[BATCH * 10];
    eq_status status =
        k->hopfield ? open_hopfield(k, fast, tolerance, &n) : open_discrete(k, fast, tolerance, &n);
    if (status != EQ_OK || eq_network_start(n, &o, NULL) != EQ_OK) die("cannot build a network");
    solved out = {.seconds = INFINITY, .all = BATCH * eq_network_nodes(n)};
    for (int round = 0; round < rounds; round++) {
        double start = eq_seconds_now();
        if (eq_network_free_phase(n, BATCH, x, y, NULL) != EQ_OK) die("a network does not settle");
        out.seconds = fmin(out.seconds, (eq_seconds_now() - start) / BATCH);
    }
    eq_engine_info about = eq_network_about(n);
    out.passes = about.iterations / about.solves;
    out.s = eq_calloc(out.all, sizeof *out.s);
    if (out.s == NULL || eq_network_potentials(n, BATCH, x, out.s, NULL) != EQ_OK) die("no state");
    eq_network_free(n);
    return out;
}

/* The largest |s - truth| of the examples for which `same` says so (NULL: all). */
static double error_of(const solved *a, const solved *truth, const bool *same) {
    size_t units = truth->all / BATCH;
    double most = 0.0;
    for (size_t j = 0; j < truth->all; j++)
        if (same == NULL || same[j / units]) most = fmax(most, fabs(a->s[j] - truth->s[j]));
    return most;
}

/* The examples that steps in time take to the same state; there may be several. */
static size_t find_same(const net *k, const solved *truth, const double *x, bool *same) {
    solved slow = solve(k, false, 1e-10, 1, x);
    size_t count = 0;
    for (size_t j = 0; j < BATCH; j++) {
        bool only[BATCH] = {false};
        only[j] = true;
        same[j] = error_of(&slow, truth, only) < 1e-8;
        count += same[j];
    }
    eq_free(slow.s);
    return count;
}

/* Steps in time to the error that the fast solver left: the first of tolerances that fall by a factor of 2. */
static solved steps_to(const net *k, double error, double tolerance, const solved *truth,
                       const bool *same, const double *x) {
    for (double at = 64.0 * tolerance;; at *= 0.5) {
        solved s = solve(k, false, at, 1, x);
        if (error_of(&s, truth, same) <= error) {
            eq_free(s.s);
            return solve(k, false, at, ROUNDS, x);
        }
        eq_free(s.s);
        if (at < 1e-3 * tolerance) return (solved){.passes = NAN, .seconds = NAN};
    }
}

/* Seconds of so many steps of an example by bench/settle.py; NAN, with a line, where it cannot run. */
static double torch_seconds(const net *k, double steps) {
    const char *python = getenv("PYTHON");
    char layers[64] = "convnet", count[32];
    if (!k->convolves)
        snprintf(layers, sizeof layers, k->layers == 3 ? "%zu,%zu,%zu" : "%zu,%zu,%zu,%zu",
                 k->width[0], k->width[1], k->width[2], k->width[3]);
    snprintf(count, sizeof count, "%.0f", steps);
    const char *argv[] = {python == NULL ? "/usr/bin/python3" : python,
                          "bench/settle.py",
                          layers,
                          k->hopfield ? "0.5" : "1",
                          count,
                          NULL};
    eq_process p = {argv, NULL, NULL, "python3-torch", 300};
    eq_text said = {0};
    int exit_status = 0;
    double seconds = NAN;
    eq_status status = eq_process_run(&p, &exit_status, &said, NULL);
    if (status != EQ_OK || exit_status != 0 || sscanf(said.text, "%lf", &seconds) != 1)
        printf("%s_vs_torch: skipped, bench/settle.py cannot run (python3-torch)\n", k->name);
    eq_text_free(&said);
    return seconds;
}

/* Steps in time with which the fast solver is compared: to the error that it leaves where they lead to the same
 * state, else (the largest of a window stays where it once was, so that a ConvNet has many) to the same residual. */
static solved steps_like(const net *k, const solved *fast, double tolerance, const double *x) {
    char name[64];
    bool same[BATCH];
    solved truth = solve(k, true, 1e-12, 1, x), slow;
    size_t count = find_same(k, &truth, x, same);
    snprintf(name, sizeof name, "%s_same_state", k->name);
    report(name, (double)count, "examples", "all, by steps in time too", BATCH,
           (double)count / BATCH);
    slow = count == 0 ? solve(k, false, tolerance, ROUNDS, x)
                      : steps_to(k, error_of(fast, &truth, same), tolerance, &truth, same, x);
    eq_free(truth.s);
    return slow;
}

static void compare(const net *k, double tolerance, const double *x) {
    char name[64];
    solved fast = solve(k, true, tolerance, ROUNDS, x), slow = steps_like(k, &fast, tolerance, x);
    snprintf(name, sizeof name, "%s_passes", k->name);
    report(name, fast.passes, "passes",
           k->hopfield ? "Euler's steps of 0.5, as accurate" : "steps in time, as accurate",
           slow.passes, slow.passes / fast.passes);
    double torch = isnan(slow.passes) ? NAN : torch_seconds(k, slow.passes);
    if (!isnan(torch)) {
        snprintf(name, sizeof name, "%s_vs_torch", k->name);
        report(name, 1e6 * fast.seconds, "us/example", "PyTorch, as many of these steps",
               1e6 * torch, torch / fast.seconds);
    }
    eq_free(fast.s);
    eq_free(slow.s);
}

/* An arc of a soft pen on an image of 28 x 28. */
static void draw_arc(double *image, eq_random *random) {
    double x = 9.0 + 10.0 * eq_random_uniform(random), y = 9.0 + 10.0 * eq_random_uniform(random);
    double radius = 2.0 + 5.0 * eq_random_uniform(random), turn = 6.0 * eq_random_uniform(random);
    for (int step = 0; step < 50; step++) {
        double angle = turn + 3.5 * step / 50.0;
        for (size_t p = 0; p < PIXELS; p++) {
            double off = hypot((double)(p % 28) - x - radius * cos(angle),
                               (double)(p / 28) - y - radius * sin(angle));
            image[p] = fmax(image[p], fmin(1.0, fmax(0.0, 2.0 - off)));
        }
    }
}

/* examples_per_s of the last epoch of a run; NAN: there is none. */
static double speed_of(const char *folder) {
    char *path = eq_path_join(folder, "metrics.csv"), line[512];
    FILE *f = path == NULL ? NULL : fopen(path, "r");
    double speed = NAN;
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        sscanf(line, "%*[^,],%*[^,],%*[^,],%*[^,],%*[^,],%lf", &speed);
    if (f != NULL) fclose(f);
    eq_free(path);
    return speed;
}

static bool have_mnist(void) {
    const char *data = getenv("EQSPICE_DATA");
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/mnist/train-images-idx3-ubyte.gz",
             data == NULL ? "data" : data);
    if (stat(path, &st) == 0) return true;
    printf("convnet_examples_per_s: skipped, no %s (tools/get-data mnist fetches it)\n", path);
    return false;
}

/* The experiment of table 2 on 2,000 images of MNIST, on two threads: its speed, and the passes of a free phase. */
static void bench_convnet(void) {
    enum { EPOCHS = 40, IMAGES = 60000, SECONDS = 6 * 3600 };
    char *folder = scratch("convnet");
    const char *argv[] = {program(),
                          "train",
                          "netlists/conv-mnist.xml",
                          "-o",
                          folder,
                          "--threads=2",
                          "--epochs=1",
                          "--set=data.train-limit=2000",
                          "--set=data.test-limit=100",
                          NULL};
    eq_process p = {argv, NULL, NULL, argv[0], 600};
    eq_text said = {0};
    int exit_status = 0;
    if (have_mnist()) {
        if (eq_process_run(&p, &exit_status, &said, NULL) != EQ_OK || exit_status != 0)
            die("netlists/conv-mnist.xml does not train");
        const char *at = strstr(said.text, " iterations a solve (");
        double passes = at == NULL ? NAN : strtod(strchr(at, '(') + 1, NULL);
        double speed = speed_of(folder), goal = (double)EPOCHS * IMAGES / SECONDS;
        report("convnet_examples_per_s", speed, "1/s", "40 epochs of MNIST in 6 hours", goal,
               speed / goal);
        report("convnet_mnist_passes", passes, "passes", "the goal of a free phase", 12.0,
               12.0 / passes);
    }
    eq_text_free(&said);
    eq_free(folder);
}

void bench_networks(void) {
    double *x = eq_calloc_aligned((size_t)BATCH * PIXELS, sizeof *x);
    eq_random random = eq_random_seed(1);
    if (x == NULL) die("out of memory");
    for (size_t j = 0; j < BATCH; j++)
        for (int arc = 0; arc < 2; arc++) draw_arc(x + j * PIXELS, &random);
    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++)
        compare(&nets[k], nets[k].convolves ? 1e-4 : 1e-6, x);
    eq_free(x);
    bench_convnet();
}
