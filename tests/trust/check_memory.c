/* Memory runs out (issue 5, point 2): in each scenario the n-th allocation of our own code fails,
 * alone or with all after it, for every n until none does. No crash, no leak (`make sanitize` looks
 * for those), an error in the diagnostics, and files that were there stay whole. */
#define _XOPEN_SOURCE 700
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "memory.h"
#include "netlist/netlist.h"
#include "support/effort.h"
#include "support/program.h"
#include "train/checkpoint.h"

Suite *memory_suite(void);

enum { POINTS = 120 }; /* allocations tried in the short form */

static const memory_scenario *const topics[] = {
    memory_of_netlists,  memory_of_solutions, memory_of_data,
    memory_of_trainings, memory_of_gradients, memory_of_reports,
};

/* Of all topics; NULL behind the last. */
static const memory_scenario *scenario(int k) {
    for (size_t t = 0; t < sizeof topics / sizeof *topics; t++)
        for (const memory_scenario *s = topics[t]; s->name != NULL; s++)
            if (k-- == 0) return s;
    return NULL;
}

static eq_status run(const memory_scenario *s, eq_diag *diag) {
    return s->run != NULL ? s->run(diag) : s->of(s->path, diag);
}

/* The deck as ngspice gets it. */
static void put_numbered(const char *path, const char *name) {
    eq_circuit *c = NULL;
    eq_text text = {0};
    ck_assert_int_eq(eq_circuit_read(path, &c, NULL), EQ_OK);
    ck_assert_int_eq(eq_deck_write_numbered(c, &text, NULL), EQ_OK);
    put_bytes(name, text.text, text.length);
    eq_text_free(&text);
    eq_circuit_free(c);
}

/* What LTspice knows, in UTF-16. */
static void put_wide(void) {
    static const char legal[] =
        "what LTspice knows\n.params rt=1k\n.param q 2 f(x)={x*temper}\nv1 a 0 rt\nr1 a b {f(q)}\n"
        "b1 c 0 v=i(r1)+i(d1)+i(x1:c1)\nd1 b 0 dm w=2\nd2 c 0 dl m=2\nx1 c s p={2*w} w=3\n"
        ".subckt s a p=1 w=1\nr1 a 0 {p}\nc1 a n 1\nr2 n 0 4k7\n.ic v(n)=w\n.ends\n"
        "l1 a f 1 rser=1 rpar=1k\nr9 f 0 0\nb2 g 0 r=1k rpar=2A\n"
        ".model dm d(level=3 l=1 jsw=1f)\n.model dl d(ron=1 ilimit=1 epsilon=0.1)\n"
        ".options rshunt=1g\n.backanno\n.op\n.end\n";
    char wide[2 * sizeof legal];
    for (size_t k = 0; k < sizeof legal; k++) {
        wide[2 * k] = legal[k];
        wide[2 * k + 1] = 0;
    }
    put_bytes("legal.cir", wide, sizeof wide - 2);
}

/* The same two images as IDX files, with MNIST's names, and as NumPy arrays. */
static void put_images(void) {
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0,
                                           0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    char npy[160];
    put_bytes("images.idx", images, sizeof images);
    put_bytes("labels.idx", labels, sizeof labels);
    mkdir(in("mnist"), 0755);
    setenv("EQSPICE_DATA", scratch_current(), 1);
    put_bytes("mnist/train-images-idx3-ubyte", images, sizeof images);
    put_bytes("mnist/train-labels-idx1-ubyte", labels, sizeof labels);
    put_bytes("mnist/t10k-images.idx3-ubyte", images, sizeof images);
    put_bytes("mnist/t10k-labels.idx1-ubyte", labels, sizeof labels);
    for (int k = 0; k < 2; k++) {
        memset(npy, ' ', sizeof npy);
        memcpy(npy, "\x93NUMPY\1\0\x76\0", 10);
        int n =
            snprintf(npy + 10, 110, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,%s), }",
                     k == 0 ? " 3" : "");
        npy[10 + n] = ' ';
        memcpy(npy + 127, "\n\0\1\2\3\4\5", 7);
        put_bytes(k == 0 ? "x.npy" : "y.npy", npy, k == 0 ? 134 : 130);
    }
}

static const struct {
    const char *name, *text;
} texts[] = {
    {"sine.xml", "<experiment><architecture kind='kendall' layers='2,2,2'/><data format='csv' "
                 "path='sine.csv' targets='y' test-fraction='0.25' validation-fraction='0.25'/>"
                 "<encoding invert='yes' target-normalize='standard'/><cost type='huber'/>"
                 "<optimizer type='sgd' rate='1e-9'/></experiment>"},
    {"any.cir",
     "any\nVx x 0 0\nVb b 0 0.2\nRt1 x h 1k\nRt2 h b 2k\nI1 0 o 1u\nR3 h o 3k\nR4 o 0 3k\n"
     "*% input Vx\n*% output h o\n*% train vb min=-1 max=1\n*% train i1 min=-1m max=1m\n"
     "*% train rt* gmin=1e-9 gmax=1\n.op\n.end\n"},
    {"any.xml",
     "<experiment><circuit deck='any.cir'/><data format='csv' path='any.csv'/>"
     "<cost type='squared-error'/><optimizer type='adam' rate='1e-12'/><minibatch size='1'/>"
     "<epochs count='1'/></experiment>"},
    {"sources.cir",
     "sources of Xyce\n.global_param p=1\nv1 a 0 pwl(0 1 1m 2 2m 3) td=-1.5m r=0 ; c\n"
     "r1 a 0 rm r={1k*(1+v(a))} temp=50\nb1 a 0 i={log(limit(v(a),p,v(a)))} tc1=1m dtemp=5\n"
     ".model rm r(tc1=1m r=2)\n.options device tnom=17\n.temp 30\n.op\n.end\nr2 a 0 1\n"},
    {"sweep.cir", "sweep\nV1 a 0 1\nR1 a b {x} m=2\nD1 b 0 dd\n.model dd D\n.op\n"
                  ".dc v1 list 0 1\n.print dc v(b) i(v1)\n.step param x 1k 2k 1k\n"
                  ".step dd:is list 1e-14\n.print dc {v(a)*2}\n"
                  ".meas dc m1 integ v(b)\n.meas dc m2 find v(b) when v(a)=0.5\n.end\n"},
    {"latch.cir", "latch\nV1 p 0 5\nR1 p a 1k\nR2 p b 1k\n"
                  "B1 a 0 I=2m*(1+tanh(4*(V(b)-2.5)))\n"
                  "B2 b 0 I=2m*(1+tanh(4*(V(a)-2.5)))\n"
                  ".nodeset V(a)=4.9 V(b)=1\n.op\n.end\n"},
    {"models.cir", "t\n.model neuron d(is=1e-7)\n"},
    {"other-models.cir", "t\n.model nerve d(is=1e-7)\n"},
    {"cross.csv", "v(a_1_1),v(a_1_2),v(b_1_1),v(b_1_2)\n1,0.9,0.1,0.2\n"},
    {"sine.csv", "x,y\n1,2\n3,4\n5,7\n7,1\n9,2\n"},
    {"any.csv", "0.7,a\n-0.4,b\n"},
    {"study.xml",
     "<study experiment='any.xml'><set name='r3' value='2k'/><factor name='r4' values='3k 4k'/>"
     "<design type='one-at-a-time'/><repeats seeds='1,2'/><record figures='train_loss watts "
     "gradcheck_cosine'/><report pareto='train_loss watts'/></study>"},
    {"studied.xml",
     "<study experiment='any.xml'><factor name='r3' from='1000' to='2000' levels='2'/>"
     "<factor name='r4' values='3k 4k'/><design type='grid'/><record figures='train_loss watts'/>"
     "<report pareto='train_loss watts'/></study>"},
    {"halving.xml", "<study experiment='any.xml'><factor name='r4' values='3k 4k'/>"
                    "<design type='successive-halving' points='2' least='1' most='2'/>"
                    "<record figures='train_loss'/><report goal='train_loss'/></study>"},
    {"cma.xml", "<study experiment='any.xml'><factor name='r3' from='1000' to='2000'/>"
                "<design type='cma-es' points='8' population='4'/>"
                "<record figures='train_loss'/><report goal='train_loss'/></study>"},
    {"old", "whole\n"},
};

static void make_files(void) {
    scratch_make();
    put_images();
    put_wide();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        put_bytes(texts[k].name, texts[k].text, strlen(texts[k].text));
    expect_exit(0, NULL, "run %s --format raw -o %s", in("sweep.cir"), in("sweep.raw"));
    expect_exit(0, NULL, "export netlists/controlled.cir --to xml -o %s", in("circuit.xml"));
    put("compiled.cir", "t\nv1 a 0 2\nr1 a b 1k\nn1 b 0 dr area=2\nn2 a b rb\nn3 a c w\nr2 c 0 1k\n"
                        ".model dr diode4 rs=50\n.model rb resistor4 kind=\"half\" r=3k\n"
                        ".model w wire4\n*% osdi gone/models-4-0.osdi\n.op\n");
    expect_exit(0, NULL, "op tests/decks/include.cir --format raw-ascii -o %s", in("theirs.raw"));
    put_numbered("tests/decks/include.cir", "numbered.cir");
    expect_exit(0, NULL, "op %s --format raw-ascii -o %s", in("numbered.cir"), in("numbered.raw"));
    char script[512], path[512];
    int length = snprintf(script, sizeof script, "#!/bin/sh\ncp %s \"$4\"\n", in("numbered.raw"));
    put_bytes("ngspice", script, (size_t)length);
    chmod(in("ngspice"), 0755);
    expect_exit(0, NULL, "build crossbar --rows 2 --columns 2 -o %s", in("cross.cir"));
    static const char draws[] = "#!/bin/sh\ncat >/dev/null\necho '<svg/>' >picture\n";
    put_bytes("gnuplot", draws, strlen(draws));
    chmod(in("gnuplot"), 0755);
    expect_exit(0, NULL, "run %s --format npz -o %s", in("sweep.cir"), in("sweep.npz"));
    expect_exit(0, NULL, "run %s --format csv -o %s", in("sweep.cir"), in("sweep.csv"));
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", scratch_current());
    setenv("PATH", path, 1);
    ck_assert_int_eq(memory_train("netlists/two-stage.xml", "run", false, EQ_ENGINE_AUTO, NULL),
                     EQ_OK);
    expect_exit(0, NULL, "explore %s -o %s --jobs 1", in("studied.xml"), in("studied"));
}

static void drop_files(void) {
    scratch_drop();
}

/* What stood in the files is still there or has been replaced as a whole. */
static void check_files(const char *name, long n) {
    char *text;
    size_t length;
    eq_checkpoint k;
    eq_circuit *c = NULL;
    ck_assert_msg(eq_checkpoint_read(in("run/checkpoint"), &k, NULL) == EQ_OK,
                  "%s, %ld: checkpoint", name, n);
    eq_checkpoint_free(&k);
    ck_assert_msg(eq_circuit_read(in("run/model.cir"), &c, NULL) == EQ_OK, "%s, %ld: model", name,
                  n);
    eq_circuit_free(c);
    ck_assert_int_eq(eq_file_read(in("old"), (eq_place){0}, &text, &length, NULL), EQ_OK);
    ck_assert_msg(length > 5 &&
                      (text[length - 1] == '\n' || strstr(text, "Binary:") != NULL ||
                       memcmp(text + (length < 22 ? 0 : length - 22), "PK\x05\x06", 4) == 0),
                  "%s, %ld: cut off", name, n);
    eq_free(text);
}

/* One run in which the allocation after n fails, alone or with all after it; true when none did. */
static bool with(const memory_scenario *s, long n, bool once) {
    eq_diag *diag = eq_diag_new();
    (once ? eq_mem_fail_once_after : eq_mem_fail_after)(n);
    eq_status status = run(s, diag);
    bool enough = eq_mem_fail_after(-1) >= 0;
    if (enough)
        ck_assert_msg(status == EQ_OK, "%s: %s", s->name,
                      eq_diag_count(diag) == 0 ? "" : eq_diag_get(diag, 0)->text);
    else { /* a message that was lost ends nothing, and is told too */
        const eq_message *m = eq_diag_get(diag, eq_diag_count(diag) - 1);
        ck_assert_msg(status == EQ_ERR_MEMORY || status == EQ_OK, "%s, %ld: status %d, %s", s->name,
                      n, status, m->text);
        ck_assert_msg(eq_diag_errors(diag) >= 1, "%s, %ld: status %d and no message", s->name, n,
                      status);
        ck_assert_msg(strstr(m->text, "out of memory; ") != NULL, "%s, %ld: %s", s->name, n,
                      m->text);
    }
    eq_diag_free(diag);
    check_files(s->name, n);
    return enough;
}

/* All n in the long form; in the short one the first 100 and then ever larger steps. */
START_TEST(every_failed_allocation_is_survived) {
    bool once = _i % 2;
    const memory_scenario *s = scenario(_i / 2);
    long all = LONG_MAX / 2;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(run(s, diag), EQ_OK); /* what it leaves, later ones find */
    eq_mem_fail_after(all);
    ck_assert_int_eq(run(s, diag), EQ_OK);
    long needed = all - eq_mem_fail_after(-1), step = 1 + needed / (long)effort(POINTS, LONG_MAX);
    eq_diag_free(diag);
    for (long n = 0; n < needed; n += n < 100 ? 1 : step) with(s, n, once);
    ck_assert_msg(with(s, needed + 10, once), "%s: more allocations than before", s->name);
}
END_TEST

Suite *memory_suite(void) {
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    int scenarios = 0;
    while (scenario(scenarios) != NULL) scenarios++;
    tcase_set_timeout(t, 600);
    tcase_add_checked_fixture(t, make_files, drop_files);
    tcase_add_loop_test(t, every_failed_allocation_is_survived, 0, 2 * scenarios);
    suite_add_tcase(s, t);
    return s;
}
