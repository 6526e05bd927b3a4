/* Experiments are kept whole: documents in the very words of the writer, in which no setting has
 * its default, are read and written back letter by letter. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "support/program.h"
#include "train/experiment.h"

Suite *experiment_suite(void);

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* The rest of a document: its paths and limits have no defaults either. */
static const char *const documents[] = {
    HEAD
    "<experiment name=\"one\" seed=\"7\">\n"
    "  <architecture kind=\"kendall\" layers=\"4,3,2\" bias=\"1,2.5,-1\" outputs=\"single\" "
    "diode=\"ideal\" gain=\"3\" feedback=\"0.5\" is=\"0.5\" n=\"1.5\" ron=\"2\" "
    "roff=\"200000000\" bias-up=\"0.25\" bias-down=\"0.125\" gmin=\"1.0000000000000001e-09\" "
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
    "  <epochs count=\"1\"/>\n</experiment>\n"};

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

/* Each default is the one of docs/experiment.md. */
START_TEST(defaults_are_those_of_the_manual) {
    static const char says
        [] =
            "  <architecture kind=\"kendall\" layers=\"4,3,2\" bias=\"1\" outputs=\"differential\" "
            "diode=\"shockley\" gain=\"4\" feedback=\"0.25\" ",
    others[] =
        "  <encoding normalize=\"none\" invert=\"no\" scale=\"1\" center=\"0\"/>\n"
        "  <cost type=\"squared-difference\" high=\"1\" low=\"0\" scale=\"1\"/>\n"
        "  <estimator type=\"symmetric\" nudging=\"current\" beta=\"9.9999999999999995e-07\"/>\n"
        "  <optimizer type=\"adam\" rate=\"0.5\" momentum=\"0.90000000000000002\" "
        "beta1=\"0.90000000000000002\" beta2=\"0.999\" epsilon=\"1e-08\">\n"
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
    scratch_free(folder);
}
END_TEST

/* Whatever decides the course of a training has a part in the fingerprint; what does not, has none.
 */
START_TEST(fingerprint_sees_every_setting_of_the_training) {
    static const struct {
        const char *from, *to;
        bool same;
    } change[] = {{"name=\"one\"", "name=\"two\"", true},
                  {"<epochs count=\"6\"", "<epochs count=\"9\"", true},
                  {"seed=\"7\"", "seed=\"9\"", false},
                  {"gain=\"3\"", "gain=\"4\"", false},
                  {"bias-up=\"0.25\"", "bias-up=\"0.75\"", false},
                  {"train-limit=\"11\"", "train-limit=\"15\"", false},
                  {"invert=\"yes\"", "invert=\"no\"", false},
                  {"center=\"0.5\"", "center=\"0.25\"", false},
                  {"low=\"-3\"", "low=\"-2\"", false},
                  {"beta=\"0.001\"", "beta=\"0.002\"", false},
                  {"momentum=\"0.75\"", "momentum=\"0.5\"", false},
                  {"epsilon=\"0.0625\"", "epsilon=\"0.5\"", false},
                  {"rate=\"0.375\"", "rate=\"0.25\"", false},
                  {"high=\"0.75\"", "high=\"0.875\"", false},
                  {"every=\"3\"", "every=\"4\"", false},
                  {"size=\"5\"", "size=\"6\"", false}};
    char *folder = scratch_folder(), path[256];
    snprintf(path, sizeof path, "%s/x.xml", folder);
    uint32_t crc[2];
    for (size_t k = 0; k < sizeof change / sizeof *change; k++) {
        const char *text = documents[0], *at = strstr(text, change[k].from);
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

Suite *experiment_suite(void) {
    Suite *s = suite_create("experiment");
    TCase *t = tcase_create("experiment");
    tcase_add_loop_test(t, every_setting_is_kept, 0, (int)(sizeof documents / sizeof *documents));
    tcase_add_test(t, defaults_are_those_of_the_manual);
    tcase_add_test(t, fingerprint_sees_every_setting_of_the_training);
    suite_add_tcase(s, t);
    return s;
}
