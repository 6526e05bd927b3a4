/* Experiments are kept whole: documents in the very words of the writer, in which no setting has
 * its default, are read and written back letter by letter. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "netlist/netlist.h"
#include "solver/solver.h"
#include "support/program.h"
#include "train/experiment/experiment.h"
#include "train/experiment/place.h"
#include "train/folder.h"
#include "train/train.h"

Suite *experiment_suite(void);

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* Another cost and estimator. */
#define OTHER(cost, estimator)                                                                     \
    "<experiment name=\"three\" seed=\"8\">\n"                                                     \
    "  <circuit deck=\"/d/net.cir\"/>\n"                                                           \
    "  <data format=\"csv\" path=\"/d/x.csv\" test-fraction=\"0\" train-limit=\"0\" "              \
    "test-limit=\"0\"/>\n"                                                                         \
    "  <encoding normalize=\"none\" invert=\"no\" scale=\"1\" center=\"0\"/>\n"                    \
    "  <cost type=\"" cost "\"/>\n"                                                                \
    "  <estimator type=\"" estimator "\"/>\n"                                                      \
    "  <optimizer type=\"sgd\" rate=\"0.25\" momentum=\"0.5\" beta1=\"0.5\" beta2=\"0.75\" "       \
    "epsilon=\"0.5\">\n"                                                                           \
    "  </optimizer>\n"                                                                             \
    "  <schedule type=\"constant\" factor=\"1\" every=\"1\"/>\n"                                   \
    "  <minibatch size=\"1\"/>\n"                                                                  \
    "  <epochs count=\"1\"/>\n</experiment>\n"

/* The rest of a document: its paths and limits have no defaults either. */
static const char *const documents[] = {
    HEAD
    "<experiment name=\"one\" seed=\"7\">\n"
    "  <architecture kind=\"kendall\" layers=\"4,3,2\" bias=\"1,2.5,-1\" outputs=\"single\" "
    "diode=\"ideal\" gain=\"3\" feedback=\"0.5\" is=\"0.5\" n=\"1.5\" ron=\"2\" "
    "roff=\"200000000\" bias-up=\"0.25\" bias-down=\"-0.125\" gmin=\"1e-09\" "
    "gmax=\"0.002\"/>\n"
    "  <data format=\"npy\" path=\"/d/x.npy\" labels=\"/d/y.npy\" test-path=\"/d/u.npy\" "
    "test-labels=\"/d/v.npy\" train-limit=\"11\" test-limit=\"12\"/>\n"
    "  <encoding normalize=\"standard\" invert=\"yes\" scale=\"2\" center=\"0.5\"/>\n"
    "  <cost type=\"cross-entropy\" high=\"3\" low=\"-3\" scale=\"4\"/>\n"
    "  <estimator type=\"four-point\" nudging=\"energy\" beta=\"0.001\"/>\n"
    "  <optimizer type=\"adam\" rate=\"0.5\" momentum=\"0.75\" beta1=\"0.25\" beta2=\"0.125\" "
    "epsilon=\"0.0625\">\n"
    "    <group match=\"r1_*\" rate=\"0.375\" init=\"uniform\" low=\"0.25\" high=\"0.5\"/>\n"
    "    <group match=\"r2_*\" rate=\"0.5\" init=\"log-uniform\" low=\"0.125\" high=\"0.75\"/>\n"
    "  </optimizer>\n"
    "  <schedule type=\"step\" factor=\"0.5\" every=\"3\"/>\n"
    "  <minibatch size=\"5\"/>\n"
    "  <epochs count=\"6\"/>\n</experiment>\n",
    HEAD
    "<experiment name=\"two\" seed=\"8\">\n"
    "  <circuit deck=\"/d/net.cir\"/>\n"
    "  <data format=\"csv\" path=\"/d/x.csv\" label=\"kind\" test-fraction=\"0.25\" "
    "train-limit=\"13\" test-limit=\"14\"/>\n"
    "  <encoding normalize=\"range\" invert=\"no\" scale=\"3\" center=\"-0.5\"/>\n"
    "  <cost type=\"squared-error\" high=\"5\" low=\"2\" scale=\"6\"/>\n"
    "  <estimator type=\"one-sided\" nudging=\"current\" beta=\"0.0001\"/>\n"
    "  <optimizer type=\"sign-sgd\" rate=\"0.25\" momentum=\"0.5\" beta1=\"0.5\" beta2=\"0.75\" "
    "epsilon=\"0.5\">\n"
    "    <group match=\"*\" rate=\"0.25\" init=\"fan-in\" low=\"0.5\" high=\"1\"/>\n"
    "  </optimizer>\n"
    "  <schedule type=\"exponential\" factor=\"0.5\" every=\"2\"/>\n"
    "  <minibatch size=\"1\"/>\n"
    "  <epochs count=\"1\"/>\n</experiment>\n",
    HEAD
    "<experiment name=\"tasks\" seed=\"8\">\n"
    "  <circuit deck=\"/d/net.cir\"/>\n"
    "  <data format=\"csv\" path=\"/d/x.csv\" label=\"kind\" test-fraction=\"0.25\" "
    "train-limit=\"0\" test-limit=\"0\"/>\n"
    "  <encoding normalize=\"range\" invert=\"no\" scale=\"3\" center=\"-0.5\"/>\n"
    "  <cost type=\"squared-error\" high=\"5\" low=\"2\" scale=\"6\"/>\n"
    "  <estimator type=\"one-sided\" nudging=\"current\" beta=\"0.0001\"/>\n"
    "  <optimizer type=\"sgd\" rate=\"0.25\" momentum=\"0.5\" beta1=\"0.5\" beta2=\"0.75\" "
    "epsilon=\"0.5\">\n"
    "    <group match=\"*\" rate=\"0.25\" strength=\"3\" soft-strength=\"9\" soft-low=\"-1.5\" "
    "soft-high=\"2.5\" init=\"fan-in\" low=\"0.5\" high=\"1\"/>\n"
    "  </optimizer>\n"
    "  <schedule type=\"exponential\" factor=\"0.5\" every=\"2\"/>\n"
    "  <minibatch size=\"1\"/>\n"
    "  <regularizer strength=\"0.5\" soft-strength=\"7\" soft-high=\"3.5\" center=\"start\"/>\n"
    "  <meta ways=\"3\" shots=\"4\" queries=\"5\" tasks=\"6\" steps=\"7\" tolerance=\"0.125\" "
    "estimator=\"one-sided\" beta=\"0.25\" strength-rate=\"0.75\" bound-rate=\"0.625\"/>\n"
    "  <epochs count=\"1\"/>\n</experiment>\n",
    HEAD OTHER("squared-error\" high=\"5\" low=\"2\" scale=\"6",
               "one-sided\" nudging=\"clamp\" beta=\"0.25\" eta=\"0.5\" g-clamp=\"0.125"),
    HEAD OTHER("squared-difference\" high=\"5\" low=\"2\" scale=\"6",
               "symmetric\" nudging=\"clamp\" beta=\"0.25\" eta=\"1"),
    HEAD OTHER("hinge\" high=\"1\" low=\"0\" scale=\"1\" margin=\"0.375",
               "adjoint\" nudging=\"current\" beta=\"0.25")};

/* What is written when `text` is read. */
static eq_text again(const char *folder, const char *text) {
    char path[256];
    eq_experiment *x = NULL;
    eq_diag *d = eq_diag_new();
    eq_text written = {0};
    snprintf(path, sizeof path, "%s/x.xml", folder);
    ck_assert_int_eq(eq_file_write(path, text, strlen(text), NULL), EQ_OK);
    eq_status status = eq_experiment_read(path, &x, d);
    ck_assert_msg(status == EQ_OK, "%s", status == EQ_OK ? "" : eq_diag_get(d, 0)->text);
    ck_assert_int_eq(eq_experiment_write(x, &written, NULL), EQ_OK);
    eq_experiment_free(x);
    eq_diag_free(d);
    return written;
}

START_TEST(every_setting_is_kept) {
    char *folder = scratch_folder();
    eq_text written = again(folder, documents[_i]);
    ck_assert_str_eq(written.text, documents[_i]);
    eq_text_free(&written);
    scratch_free(folder);
}
END_TEST

/* What a chip deviates by, and what is added where it is read, held and nudged. */
START_TEST(imperfect_hardware_is_kept) {
    static const char *const said[] = {
        "<augmentation shift=\"2\" turn=\"30\" zoom=\"0.25\" mirror=\"yes\" noise=\"0.5\" "
        "width=\"4\" channels=\"2\"/>",
        "<mismatch chip=\"7\" phases=\"other\" parameters=\"r*\" distribution=\"log-normal\" "
        "sigma=\"0.25\" absolute=\"0.5\" per=\"class\">",
        "<deviation parameters=\"v*\" distribution=\"normal\" sigma=\"0\" absolute=\"0.125\" "
        "per=\"instance\"/>",
        "<hardware input-bits=\"4\" output-bits=\"6\" input-range=\"2\" output-range=\"0.5\" "
        "read-noise=\"0.25\" read-offset=\"0.125\" hold-noise=\"0.5\" hold-offset=\"0.75\" "
        "nudge-noise=\"1\" nudge-offset=\"1.5\"/>"};
    eq_text text = {0};
    eq_text_printf(&text,
                   "<experiment><circuit deck=\"/d/net.cir\"/><data format=\"csv\" "
                   "path=\"/d/x.csv\"/>%s%s%s</mismatch>%s<optimizer type=\"sgd\" "
                   "rate=\"1\"/></experiment>",
                   said[0], said[1], said[2], said[3]);
    char *folder = scratch_folder();
    eq_text written = again(folder, text.text), twice = again(folder, written.text);
    for (size_t k = 0; k < sizeof said / sizeof *said; k++)
        ck_assert_msg(strstr(written.text, said[k]) != NULL, "%s\nis not in\n%s", said[k],
                      written.text);
    ck_assert_str_eq(written.text, twice.text);
    eq_text_free(&text);
    eq_text_free(&written);
    eq_text_free(&twice);
    scratch_free(folder);
}
END_TEST

/* Each default is the one of docs/experiment.md. */
START_TEST(defaults_are_those_of_the_manual) {
    static const char says[] =
        "  <architecture kind=\"kendall\" layers=\"4,3,2\" bias=\"1\" outputs=\"differential\" "
        "diode=\"shockley\" gain=\"4\" feedback=\"0.25\" is=\"1e-06\" n=\"1\" ron=\"1\" "
        "roff=\"1000000000000\" bias-up=\"0\" bias-down=\"0\" gmin=\"1e-08\" gmax=\"0.001\"/>\n",
                      others[] =
                          "  <encoding normalize=\"none\" invert=\"no\" scale=\"1\" "
                          "center=\"0\"/>\n"
                          "  <cost type=\"squared-difference\" high=\"1\" low=\"0\" scale=\"1\"/>\n"
                          "  <estimator type=\"symmetric\" nudging=\"current\" beta=\"1e-06\"/>\n"
                          "  <optimizer type=\"adam\" rate=\"0.5\" momentum=\"0.9\" "
                          "beta1=\"0.9\" beta2=\"0.999\" epsilon=\"1e-08\">\n"
                          "    <group match=\"*\" rate=\"0.5\" init=\"deck\"/>\n"
                          "  </optimizer>\n"
                          "  <schedule type=\"cosine\" factor=\"0\" every=\"1\"/>\n"
                          "  <minibatch size=\"4\"/>\n"
                          "  <epochs count=\"10\"/>\n";
    char *folder = scratch_folder();
    eq_text written = again(
        folder, "<experiment><architecture kind='kendall' layers='4,3,2'/><data format='csv' "
                "path='/d/x'/><optimizer type='adam' rate='0.5'><group match='*'/></optimizer>"
                "<schedule type='cosine'/></experiment>\n");
    ck_assert_msg(strstr(written.text, says) != NULL, "%s", written.text);
    ck_assert_msg(strstr(written.text, others) != NULL, "%s", written.text);
    ck_assert_ptr_nonnull(strstr(written.text, " seed=\"1\">"));
    ck_assert_ptr_nonnull(strstr(written.text, " test-fraction=\"0\" train-limit=\"0\" "
                                               "test-limit=\"0\"/>"));
    eq_text_free(&written);
    written =
        again(folder, "<experiment><network kind='hopfield' layers='4,3,2'/><data format='csv' "
                      "path='/d/x'/><optimizer type='sgd' rate='0.5'><group match='*'/>"
                      "</optimizer></experiment>\n");
    ck_assert_msg(strstr(written.text, "  <network kind=\"hopfield\" layers=\"4,3,2\" "
                                       "sigma=\"hard-sigmoid\" solver=\"sweeps\" step=\"0.5\" "
                                       "tolerance=\"1e-09\" steps=\"10000\"/>") != NULL,
                  "%s", written.text);
    eq_text_free(&written);
    scratch_free(folder);
}
END_TEST

/* Whatever of the method decides the course of a training has a part in its fingerprint; seed,
 * circuit and data have fingerprints of their own (tests/train/check_folder.c). */
START_TEST(fingerprint_sees_every_setting_of_the_training) {
    static const struct {
        const char *from, *to;
        bool same;
        size_t document;
    } change[] = {{"eta=\"0.5\"", "eta=\"0.25\"", false, 3},
                  {"g-clamp=\"0.125\"", "g-clamp=\"0.25\"", false, 3},
                  {"g-clamp=\"0.125\"", "g-clamp=\"INF\"", false, 3},
                  {"eta=\"1\"", "eta=\"1\" g-clamp=\"INF\"", true, 4},
                  {"beta=\"0.25\"", "beta=\"0.5\"", false, 3},
                  {"margin=\"0.375\"", "margin=\"0.5\"", false, 5},
                  {"type=\"adjoint\"", "type=\"symmetric\"", false, 5},
                  {"strength=\"3\"", "strength=\"4\"", false, 2},
                  {"strength=\"0.5\"", "strength=\"0.75\"", false, 2},
                  {"soft-strength=\"9\"", "soft-strength=\"8\"", false, 2},
                  {"soft-low=\"-1.5\"", "soft-low=\"-2\"", false, 2},
                  {"soft-high=\"3.5\"", "soft-high=\"4\"", false, 2},
                  {"bound-rate=\"0.625\"", "bound-rate=\"0.5\"", false, 2},
                  {"shots=\"4\"", "shots=\"3\"", false, 2},
                  {"tolerance=\"0.125\"", "tolerance=\"0.25\"", false, 2},
                  {"strength-rate=\"0.75\"", "strength-rate=\"0.5\"", false, 2},
                  {"name=\"one\"", "name=\"two\"", true, 0},
                  {"<epochs count=\"6\"", "<epochs count=\"9\"", true, 0},
                  {"seed=\"7\"", "seed=\"9\"", true, 0}, /* by itself: eq_fingerprint.seed */
                  {"gain=\"3\"", "gain=\"4\"", true, 0},
                  {"bias-up=\"0.25\"", "bias-up=\"0.75\"", true, 0},
                  {"train-limit=\"11\"", "train-limit=\"15\"", true, 0},
                  {"invert=\"yes\"", "invert=\"no\"", false, 0},
                  {"center=\"0.5\"", "center=\"0.25\"", false, 0},
                  {"low=\"-3\"", "low=\"-2\"", false, 0},
                  {"beta=\"0.001\"", "beta=\"0.002\"", false, 0},
                  {"momentum=\"0.75\"", "momentum=\"0.5\"", false, 0},
                  {"epsilon=\"0.0625\"", "epsilon=\"0.5\"", false, 0},
                  {"rate=\"0.375\"", "rate=\"0.25\"", false, 0},
                  {"high=\"0.75\"", "high=\"0.875\"", false, 0},
                  {"every=\"3\"", "every=\"4\"", false, 0},
                  {"size=\"5\"", "size=\"6\"", false, 0}};
    char *folder = scratch_folder(), path[256];
    snprintf(path, sizeof path, "%s/x.xml", folder);
    uint64_t crc[2];
    for (size_t k = 0; k < sizeof change / sizeof *change; k++) {
        const char *text = documents[change[k].document], *at = strstr(text, change[k].from);
        ck_assert_msg(at != NULL, "%s", change[k].from);
        for (int q = 0; q < 2; q++) {
            eq_text t = {0};
            eq_experiment *x = NULL;
            eq_text_add(&t, text, (size_t)(at - text));
            eq_text_puts(&t, q == 0 ? change[k].from : change[k].to);
            eq_text_puts(&t, at + strlen(change[k].from));
            ck_assert_int_eq(eq_file_write(path, t.text, t.length, NULL), EQ_OK);
            ck_assert_int_eq(eq_experiment_read(path, &x, NULL), EQ_OK);
            ck_assert_int_eq(eq_experiment_fingerprint(x, &crc[q], NULL), EQ_OK);
            eq_experiment_free(x);
            eq_text_free(&t);
        }
        ck_assert_msg((crc[0] == crc[1]) == change[k].same, "%s", change[k].to);
    }
    scratch_free(folder);
}
END_TEST

/* Three classes of points; the last six are the test set. */
enum { ROWS = 12, TESTED = 6, CLASSES = 3 };
static const double point[ROWS][2] = {{0.9, 0.1},  {-0.8, 0.2},  {0.1, -0.9}, {0.8, 0.3},
                                      {-0.9, 0.1}, {-0.1, -0.7}, {0.7, 0.2},  {-0.7, 0.3},
                                      {0.2, -0.8}, {1.0, -0.2},  {-0.6, 0.2}, {-0.2, -1.0}};

static void write_points(const char *path, size_t from, size_t to) {
    eq_text t = {0};
    eq_text_puts(&t, "x,y,class\n");
    for (size_t k = from; k < to; k++)
        eq_text_printf(&t, "%g,%g,%c\n", point[k][0], point[k][1], 'a' + (int)(k % CLASSES));
    ck_assert_int_eq(eq_file_write(path, t.text, t.length, NULL), EQ_OK);
    eq_text_free(&t);
}

/* The loss 1/2 sum (y - target)^2 and the errors of the trained deck on the test rows, each solved
 * alone: inputs 2 (p - 1/4) and its negative, targets 0.5 V and -0.25 V. */
static double loss_of(const char *deck_path, size_t *wrong) {
    eq_circuit *c = NULL;
    eq_solver *s = NULL;
    double sum = 0.0, v[64] = {0};
    ck_assert_int_eq(eq_circuit_read(deck_path, &c, NULL), EQ_OK);
    ck_assert_uint_le(eq_circuit_nodes(c), 64);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    *wrong = 0;
    for (size_t k = ROWS - TESTED; k < ROWS; k++) {
        size_t best = 0;
        for (size_t i = 0; i < 4; i++)
            *eq_circuit_source(c, c->input[i]) =
                (i % 2 == 0 ? 2.0 : -2.0) * (point[k][i / 2] - 0.25);
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, NULL, NULL, NULL), EQ_OK);
        for (size_t o = 0; o < CLASSES; o++) {
            double y = v[c->output[o].plus], e = y - (o == k % CLASSES ? 0.5 : -0.25);
            sum += 0.5 * e * e;
            if (y > v[c->output[best].plus]) best = o;
        }
        *wrong += best != k % CLASSES;
    }
    eq_solver_free(s);
    eq_circuit_free(c);
    return sum / TESTED;
}

static const char *const optimizers[] = {"sgd' rate='1e-6", "momentum' rate='1e-6",
                                         "adam' rate='1e-6' epsilon='1e-12",
                                         "sign-sgd' rate='1e-6"};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

static eq_experiment *points_experiment(const char *folder, const char *optimizer) {
    char path[256];
    eq_text t = {0};
    eq_experiment *x = NULL;
    eq_text_printf(
        &t,
        "<experiment><architecture kind='drn' layers='4,5,3' outputs='single' gmin='1e-7' "
        "gmax='1e-3'/><data format='csv' path='train.csv' test-path='test.csv' label='class'/>"
        "<encoding invert='yes' scale='2' center='0.25'/>"
        "<cost type='squared-error' high='0.5' low='-0.25'/><estimator type='random-sign' "
        "beta='1e-7'/><optimizer type='%s'><group match='r1_*' init='uniform' low='1e-6' "
        "high='2e-5'/><group match='*' init='log-uniform' low='1e-6' high='2e-5'/></optimizer>"
        "<schedule type='exponential' factor='0.5'/><minibatch size='4'/><epochs count='3'/>"
        "</experiment>\n",
        optimizer);
    snprintf(path, sizeof path, "%s/points.xml", folder);
    ck_assert_int_eq(eq_file_write(path, t.text, t.length, NULL), EQ_OK);
    ck_assert_int_eq(eq_experiment_read(path, &x, NULL), EQ_OK);
    eq_text_free(&t);
    snprintf(path, sizeof path, "%s/train.csv", folder);
    write_points(path, 0, ROWS - TESTED);
    snprintf(path, sizeof path, "%s/test.csv", folder);
    write_points(path, ROWS - TESTED, ROWS);
    return x;
}

static void take_progress(void *data, const eq_progress *p) {
    eq_progress *first = data;
    if (first->epoch == 0) *first = *p;
}

/* What the first minibatch of a run says, which begins or goes on in epoch `epoch`: the examples
 * that are left at its rate, and an evaluation an epoch at three times that rate. Later minibatches
 * wait for 0.1 s. */
static void check_progress(const eq_experiment *x, const char *folder, size_t epoch) {
    eq_train_options o = eq_train_defaults();
    eq_progress first = {0};
    o.folder = folder;
    o.resume = epoch > 1;
    o.progress = take_progress;
    o.data = &first;
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    ck_assert_uint_eq(first.epoch, epoch);
    ck_assert_uint_eq(first.epochs, x->epochs);
    ck_assert_uint_eq(first.done, 4);
    ck_assert_uint_eq(first.examples, ROWS - TESTED);
    ck_assert(first.examples_per_s > 0.0 && isfinite(first.examples_per_s));
    double epochs = (double)(x->epochs - epoch + 1),
           left = first.seconds_left * first.examples_per_s,
           want = epochs * (ROWS - TESTED + TESTED / 3.0) - 4.0;
    ck_assert_msg(fabs(left - want) < 1e-6 * want, "%g examples left, not %g", left, want);
    ck_assert(first.train_loss > 0.0 && first.train_loss < 1.0);
    ck_assert(first.train_error >= 0.0 && first.train_error <= 1.0);
}

START_TEST(progress_is_told) {
    char *folder = scratch_folder(), run[256];
    eq_experiment *x = points_experiment(folder, optimizers[0]);
    snprintf(run, sizeof run, "%s/run", folder);
    x->epochs = 2;
    check_progress(x, run, 1);
    x->epochs = 4;
    check_progress(x, run, 3);
    eq_experiment_free(x);
    scratch_free(folder);
}
END_TEST

/* What a training says of its last epoch is true of the deck that it leaves, solved row by row with
 * the loss written out here; so is what is said when the folder is taken up again. */
START_TEST(a_small_training_is_what_its_files_say) {
    char *folder = scratch_folder(), run[256], model[300];
    eq_experiment *x = points_experiment(folder, optimizers[_i]);
    snprintf(run, sizeof run, "%s/run", folder);
    snprintf(model, sizeof model, "%s/" EQ_TRAIN_MODEL, run);
    eq_train_options o = eq_train_defaults();
    eq_metrics last;
    o.folder = run;
    ck_assert_int_eq(eq_train(x, &o, &last, NULL, NULL), EQ_OK);
    ck_assert_uint_eq(last.epoch, 3);
    x->epochs = 4;
    o.resume = true;
    ck_assert_int_eq(eq_train(x, &o, &last, NULL, NULL), EQ_OK);
    ck_assert_uint_eq(last.epoch, 4);
    size_t wrong;
    double loss = loss_of(model, &wrong);
    ck_assert_double_eq_tol(last.test_loss, loss, 1e-7 * loss);
    ck_assert_double_eq_tol(last.test_error, (double)wrong / TESTED, 1e-12);
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    ck_assert_int_eq(eq_trained_open_on(run, NULL, 1, &m, NULL), EQ_OK);
    ck_assert_int_eq(eq_trained_evaluate(m, &e, NULL), EQ_OK);
    ck_assert_uint_eq(e.wrong, wrong);
    ck_assert_double_eq_tol(e.loss, loss, 1e-7 * loss);
    eq_evaluation_free(&e);
    eq_trained_free(m);
    eq_experiment_free(x);
    scratch_free(folder);
}
END_TEST

enum { MOST_CONDUCTANCES = 64 };

/* The conductances after one step by the gradient of all rows, or before it at a rate of 0. */
static size_t one_step(eq_experiment *x, const char *folder, const char *estimator, double rate,
                       double *g) {
    char run[256], model[300];
    eq_circuit *c = NULL;
    eq_train_options o = eq_train_defaults();
    snprintf(run, sizeof run, "%s/%s-%g", folder, estimator,
             (double)x->seed + (rate > 0.0 ? 0.5 : 0));
    snprintf(model, sizeof model, "%s/" EQ_TRAIN_MODEL, run);
    o.folder = run;
    x->estimator.kind = eq_estimator_find(estimator);
    for (size_t k = 0; k < x->groups; k++) x->group[k].rate = rate;
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_circuit_read(model, &c, NULL), EQ_OK);
    const eq_table *t = &c->table[EQ_CLASS_memristor];
    size_t n = t->count;
    ck_assert_uint_le(n, MOST_CONDUCTANCES);
    memcpy(g, t->w[0], n * sizeof *g);
    eq_circuit_free(c);
    return n;
}

static double farthest(const double *a, const double *b, size_t n) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++) most = fmax(most, fabs(a[k] - b[k]));
    return most;
}

/* At a beta that is large against the conductances the step of "random-sign" is that of "one-sided"
 * at beta or at -beta, which is twice the symmetric step less the one at beta. */
START_TEST(a_random_sign_is_plus_or_minus_one) {
    char *folder = scratch_folder();
    eq_experiment *x = points_experiment(folder, optimizers[0]);
    size_t found[2] = {0};
    x->batch = ROWS - TESTED;
    x->epochs = 1;
    x->estimator.beta = 2e-5;
    for (x->seed = 1; x->seed <= 8; x->seed++) {
        double start[MOST_CONDUCTANCES], plus[MOST_CONDUCTANCES], both[MOST_CONDUCTANCES],
            drawn[MOST_CONDUCTANCES], minus[MOST_CONDUCTANCES], rate = 1e-11;
        size_t n = one_step(x, folder, "symmetric", 0.0, start);
        one_step(x, folder, "one-sided", rate, plus);
        one_step(x, folder, "symmetric", rate, both);
        one_step(x, folder, "random-sign", rate, drawn);
        for (size_t k = 0; k < n; k++) minus[k] = 2.0 * both[k] - plus[k];
        double apart = farthest(plus, minus, n);
        ck_assert_double_gt(apart, 1e-3 * farthest(start, both, n));
        bool is_plus = farthest(drawn, plus, n) < 1e-4 * apart;
        ck_assert(is_plus || farthest(drawn, minus, n) < 1e-4 * apart);
        found[is_plus]++;
    }
    ck_assert(found[0] > 0 && found[1] > 0);
    eq_experiment_free(x);
    scratch_free(folder);
}
END_TEST

/* The check of the gradients itself, on the smallest network of two crossbars. */
START_TEST(gradients_of_a_small_network_are_right) {
    char *folder = scratch_folder();
    eq_experiment *x = points_experiment(folder, optimizers[0]);
    eq_gradcheck_report r = {0};
    ck_assert_int_eq(
        eq_gradcheck(x, NULL, _i == 0 ? EQ_ENGINE_LAYERED : EQ_ENGINE_SPARSE, 2, &r, NULL), EQ_OK);
    ck_assert_uint_eq(r.examples, 2);
    ck_assert_double_le(r.difference, 1e-6);
    ck_assert(r.passed);
    eq_gradcheck_free(&r);
    eq_experiment_free(x);
    scratch_free(folder);
}
END_TEST

static const struct {
    const char *folder, *file, *way;
} ways[] = {{"a/b", "a/b/f", "f"},
            {"a/b", "a/f", "../f"},
            {"a/b", "a/bc/f", "../bc/f"},
            {"a/bc", "a/b/f", "../b/f"},
            {"a", "a/b/c/d/e/f", "b/c/d/e/f"},
            {"a/b/c/d/e", "a/g/f", "../../../../g/f"}};

/* Whole or not at all: where memory runs out there is no shorter way. */
START_TEST(the_way_from_a_folder_to_a_file) {
    char *top = scratch_folder(), *folder = eq_path_join(top, ways[_i].folder),
         *file = eq_path_join(top, ways[_i].file), *lies_in = eq_path_folder(file);
    ck_assert_int_eq(eq_folder_make(folder, NULL), EQ_OK);
    ck_assert_int_eq(eq_folder_make(lies_in, NULL), EQ_OK);
    bool enough = false;
    for (long n = 0; !enough; n++)
        for (int once = 0; once < 2; once++) {
            (once ? eq_mem_fail_once_after : eq_mem_fail_after)(n);
            char *way = eq_place_relative(folder, file);
            enough = eq_mem_fail_after(-1) >= 0;
            ck_assert_msg(way == NULL ? !enough : strcmp(way, ways[_i].way) == 0, "%ld: %s", n,
                          way);
            eq_free(way);
        }
    eq_free(lies_in);
    eq_free(file);
    eq_free(folder);
    scratch_free(top);
}
END_TEST

Suite *experiment_suite(void) {
    Suite *s = suite_create("experiment");
    TCase *t = tcase_create("experiment");
    tcase_add_test(t, imperfect_hardware_is_kept);
    tcase_add_loop_test(t, every_setting_is_kept, 0, (int)(sizeof documents / sizeof *documents));
    tcase_add_test(t, defaults_are_those_of_the_manual);
    tcase_add_test(t, fingerprint_sees_every_setting_of_the_training);
    tcase_add_loop_test(t, the_way_from_a_folder_to_a_file, 0, sizeof ways / sizeof *ways);
    tcase_add_test(t, progress_is_told);
    tcase_add_loop_test(t, a_small_training_is_what_its_files_say, 0, OPTIMIZERS);
    tcase_add_test(t, a_random_sign_is_plus_or_minus_one);
    tcase_add_loop_test(t, gradients_of_a_small_network_are_right, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
