/* Circuits without an operating point, or without a unique one: every solver of the program ends
 * with exit status 1, names the nodes and the elements, and gives no number. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/text.h"

Suite *singular_suite(void);

enum { SAYS = 3 };

/* What a solver says of a deck; the first letter of the solvers that refuse it for another reason
 * (no co-content, say) or find an answer in spite of few iterations is left out of `by`. */
typedef struct dead_end {
    const char *deck, *by, *says[SAYS];
} dead_end;

#define AMPLIFIED "v1 a 0 1\nr1 a 0 1\n"
#define DIODES ".model dm d(is=1e-14)\n"

static const dead_end dead_ends[] = {
    {"v1 a 0 1\nv2 a 0 1\nr1 a 0 1\n", "nkc", {":3:1:", "loop of voltage sources: v2, v1"}},
    {"v1 a 0 1\nv2 a b 1\ne1 b 0 c 0 2\nr1 a c 1\nr2 c 0 1\n",
     "nkc",
     {":3:1:", "loop of voltage sources: v2, v1, e1"}},
    {"v1 a 0 1\nr1 a b 1\nl1 b c 1u\nl2 b c 1u\nr2 c 0 1\n", "nkc", {":5:1:", "l2, l1"}},
    {"v1 a 0 1\nl1 a 0 1u\nr2 a 0 1\n", "nkc", {":3:1:", "l1, v1"}},
    {"v1 a a 1\nr1 a 0 1\n", "nkc", {":2:1:", "loop of voltage sources: v1"}},
    {"v1 a 0 1\nb1 a 0 v=v(c)\nr1 a c 1\nr2 c 0 1\n", "nk", {":3:1:", "the current of b1"}},
    {AMPLIFIED "r2 b c 1k\n", "nkc", {":4:1:", "node b, c (r2) has no dc path to ground"}},
    {AMPLIFIED "e1 y 0 out zz 10\nr2 y 0 1k\n",
     "nkc",
     {":4:1:", "e1 reads the potential of node zz, to which nothing leads; correct the name"}},
    {"v1 a 0 1\nr1 a b 1k\ns1 b 0 zz 0 sw\n.model sw sw(vt=1)\n",
     "nkc",
     {":4:1:", "s1 reads the potential of node zz, to which nothing leads; correct the name"}},
    {AMPLIFIED "v2 b c 1\nr2 b c 1k\n", "nkc", {":4:1:", "node b, c (v2, r2) has no dc path"}},
    {AMPLIFIED "d1 b c dm\nd2 c b dm\n" DIODES, "nkc", {":4:1:", "node b, c (d1, d2) has no dc"}},
    {AMPLIFIED "c1 a b 1u\nr2 b c 1k\nc2 c 0 1u\n", "nkc", {":5:1:", "node b, c (r2) has no dc"}},
    {AMPLIFIED "c1 a b 1u\nc2 b 0 1u\n",
     "nkc",
     {":4:1:", "node b (c1, c2) has no dc path to ground"}},
    {"v1 a 0 1\nx1 a s\nr1 a 0 1\n.subckt s p\nr1 p q 1k\nr2 y z 1k\n.ends\n",
     "nkc",
     {":7:1:", "node x1.y, x1.z (r.x1.r2) has no dc path"}},
    {AMPLIFIED "i1 a b 1m\nr2 b c 1k\ni2 c 0 1m\n",
     "nkc",
     {":4:1:", "only current sources (i1, i2) lead to node b, c"}},
    {AMPLIFIED "i1 a b 1m\n", "nkc", {":4:1:", "only current sources (i1) lead to node b"}},
    {AMPLIFIED "g1 0 b a 0 1m\nr2 b c 1k\n", "nkc", {":4:1:", "sources (g1) lead to node b, c"}},
    {AMPLIFIED "f1 0 b v1 2\nr2 b c 1k\n", "nkc", {":4:1:", "sources (f1) lead to node b, c"}},
    {AMPLIFIED "b1 0 b i=v(a)*1m\nr2 b c 1k\n", "nkc", {":4:1:", "sources (b1) lead to node b, c"}},
    /* islands with controlled sources inside: nothing ties their common potential */
    {AMPLIFIED "ra b c 1k\nb1 b c i=v(a)*1m\n", "nkc", {":4:1:", "node b, c (ra, b1) has no dc"}},
    {AMPLIFIED "ra b c 1k\nr9 b c r={1k*(1+v(a)^2)}\ni1 b c 1m\n",
     "nkc",
     {":4:1:", "node b, c (ra, r9, i1) has no dc"}},
    {AMPLIFIED "rb b c 1k\ne1 b c a 0 2\n", "nkc", {":4:1:", "node b, c (rb, e1) has no dc path"}},
    {AMPLIFIED "rb b c 1k\nf1 b c v1 2\n", "nkc", {":4:1:", "node b, c (rb, f1) has no dc path"}},
    {AMPLIFIED "rb b c 1k\nh1 b d v1 2\nrd c d 1\n", "nkc", {":4:1:", "node b, c, d (rb, h1, rd)"}},
    {AMPLIFIED "rb b c 1k\ng1 b c a 0 1m\n", "nkc", {":4:1:", "node b, c (rb, g1) has no dc path"}},
    {AMPLIFIED "rb b c 1k\ng1 b c poly(2) a 0 b c 0 1m 1m\n", "nkc", {":4:1:", "node b, c (rb"}},
    {AMPLIFIED "rb b c 1k\ng1 0 b a 0 1m\ng2 c 0 b c 1m\n",
     "nkc",
     {":5:1:", "only current sources (g1, g2) lead to node b, c"}},
    {AMPLIFIED "rb b c 1k\nr3 x 0 1\ng1 x 0 b 0 1m\n", "nkc", {":4:1:", "node b, c (rb) has no"}},
    {AMPLIFIED "rb b c 1k\nrd d e 1k\ng1 b d c e 1m\n", /* tied to each other alone */
     "nkc",
     {":4:1:", "node b, c, d, e (rb, rd, g1) has no dc path"}},
    {AMPLIFIED "d1 b c dm\nd2 c b dm\nb1 c b i=v(a)*1u\n" DIODES,
     "nkc",
     {":4:1:", "node b, c (d1, d2, b1) has no dc path"}},
    {AMPLIFIED "rb b c 1k\nb1 0 b i=1u*tanh(v(b,c))\n", "nkc", {":5:1:", "(b1) lead to node b, c"}},
    /* islands that the values alone cut off */
    {AMPLIFIED "rb b c 1k\ng1 b 0 b 0 1m\ng2 0 b b 0 1m\ni1 0 b 1m\n",
     "nk",
     {"node b, c float together"}},
    {AMPLIFIED "rb b c 1k\nrd d e 1k\ng1 b 0 d 0 1m\ng2 d 0 b 0 1m\ng3 0 b d 0 1m\ni1 b c 1m\n",
     "nk",
     {"node d, e float together"}},
    {AMPLIFIED "rb b c 1k\nb1 0 b i=1u*tanh(v(b)-v(c))\n", "nk", {"node b, c float together"}},
    {AMPLIFIED "rb b c 1k\nra d 0 1k\ng1 b d c 0 0\ni1 b c 1m\n",
     "nk",
     {"node b, c float together"}},
    {AMPLIFIED "rb b c 1k\nd1 b 0 di\n.model di d(ron=1 roff=1e300 vfwd=0.7)\ni1 b c 1m\n",
     "nkc",
     {"node b, c float together"}},
    {AMPLIFIED "rb b c 1k\nd1 b 0 dm\n.model dm d(is=0)\n.options gmin=0\ni1 b c 1m\n",
     "nk",
     {"node b, c float together"}},
    {AMPLIFIED "rb b c 1k\nb1 b 0 i=uramp(v(b)-5)*1m\ni1 b c 1m\n",
     "nk",
     {"node b, c float together"}},
    {AMPLIFIED "rb b c 1k\nb1 b 0 i=0*v(b)\n", "nk", {"node b, c float together"}},
    {AMPLIFIED "rb b c 1k\ns1 b 0 a 0 sw\n.model sw sw(vt=2 ron=1 roff=1e30)\ni1 b c 1m\n",
     "nk",
     {"node b, c float together"}},
    {AMPLIFIED "e1 b 0 c 0 1\nrb b c 1k\nr2 c d 1k\n", "nk", {"node b, c, d float together"}},
    {"i1 0 a 1m\nr1 a 0 10\nr2 a 0 5\ng1 a 0 a 0 -0.3\n", "nk", {":2:1:", "zero pivot at node a"}},
    /* a voltage across a junction whose current drowns all others: the search fails,
     * for a reason */
    {"d1 q a dm\nb1 q a v=1.74+0*v(a)\nr1 a b 900\nr2 a 0 900\nv1 b 0 1\n.model dm d(is=3.5e-8 "
     "n=1.2)\n",
     "n",
     {":2:1:", "node q (d1, b1)", "S meet there, beside which the rest"}},
    {"v1 a 0 1\nr1 a b 1k\nr2 b 0 -1k\n", "nk", {":3:1:", "zero pivot at node b (r1, r2)"}},
    {AMPLIFIED "e1 b 0 b 0 1\nr2 b 0 1k\n", "nk", {":4:1:", "zero pivot at node b (e1, r2)"}},
    {"i1 0 a 1m\nr1 a 0 1k\ng1 a 0 a 0 -1m\n", "nk", {":2:1:", "node a (i1, r1, g1)"}},
    {"i0 0 h0 1u\ne0 a0 0 h0 0 0.5\nr0 a0 h1 1\ne1 a1 0 h1 0 2\nr1 a1 h0 1\n",
     "nk",
     {"zero pivot at node h1 (r0)"}},
    {"i1 0 a 1m\nb1 a 0 i=0*v(a)\n", "nk", {":2:1:", "zero pivot at node a (i1, b1)"}},
    {"v1 in 0 1\nr1 in a 1k\nb1 a 0 i=1+v(a)*v(a)\n", /* no real root */
     "nk",
     {":3:1:", "no operating point found after", "node a (r1, b1): "}},
    {"b1 a 0 v=v(a)*v(a)+1\nr1 a 0 1k\n", "nk", {":2:1:", "no operating point", "of b1: "}},
    {"v1 a 0 1\nr1 a b 1k\nb1 b 0 i=exp(v(b))\nb2 b 0 i=2m+v(b)*v(b)\n",
     "nk",
     {":3:1:", "no operating point found after", "node b (r1, b1, b2): "}},
    {"i1 a 0 1\nd1 a 0 dm\nr1 b 0 1\ni2 0 b 1\n.options gmin=0\n" DIODES, /* into a diode */
     "nkc",
     {":2:1:", "node a (i1, d1)"}},
    /* currents that approach a balance without reaching it: no potential, or one at infinity */
    {"b1 0 a i=exp(v(a))\n", "nk", {":2:1:", "node a (b1) comes to rest"}},
    {"i1 a 0 1e-14\nd1 a 0 dm\n.options gmin=0\n" DIODES, "nkc", {":2:1:", "node a (i1, d1)"}},
    {"i1 a 0 1\nb1 0 a i=tanh(v(a))\n", "nk", {":2:1:", "node a (i1, b1)"}},
    {"i1 0 a 1\nb1 a 0 i=1+exp(v(a)/0.025)\n", "nk", {":2:1:", "node a (i1, b1)"}},
    {"i1 0 a 1\nb1 a 0 i=1+1/(1+v(a)**2)\n", "nk", {":2:1:", "node a (i1, b1)"}},
    {"i1 0 a 1\nb1 a 0 i=atan(v(a))/1.5707963267948966\n", "nk", {":2:1:", "node a (i1, b1)"}},
    {"i1 0 a 1\nb1 a 0 i=v(a)/sqrt(1+v(a)**2)\n", "nk", {":2:1:", "node a (i1, b1)"}},
    {"i1 0 a 1m\nr1 a b 1k\nb1 b 0 i=1m*tanh(v(b))\n", "nk", {"comes to rest"}},
    {"i1 0 a 1m\nr1 a b 1k\nr2 b c 1k\nr3 c d 3k\nb1 d 0 i=1m*tanh(v(d))\n",
     "nk",
     {"comes to rest"}},
    {"i1 0 a 12\nr1 a b 33k\nb1 b 0 i=12*tanh(v(b)/0.3)\n", "nk", {"no operating point found"}},
    {"i1 0 a 1m\nr1 a b 1\nb1 b 0 i=1m*(1-exp(-v(b)*3))\n", "nk", {"a"}},
    {"i1 b a 1\nb1 a b i=tanh(v(a,b))\nr1 a 0 1k\n", "nk", {"node b"}},
    {"v9 z 0 1meg\nr9 z 0 1k\ni1 0 a 1\nb1 a 0 i=1+exp(v(a)/0.025)\n", "nk", {"node a (i1, b1)"}},
    {"v9 z 0 5\nr9 z y 1k\nd9 y 0 dm\nb1 0 a i=exp(v(a))\n" DIODES, "nk", {"node a (b1)"}},
    {"b1 0 a i=exp(v(a))\n.options itl1=2000\n", "nk", {"node a (b1) comes to rest"}},
    {"b1 0 a i=exp(v(a)/0.025)*1e3\nr1 a b 1k\n", "nk", {"comes to rest"}},
    /* v(a) of a current that 0 V balances to within abstol makes the conductance of b zero, to the
     * bit and to round-off */
    {"i1 0 a 1e-16\nr1 a 0 1e16\nr2 b 0 1k\nb1 b 0 i=-1m*v(a)*v(b)\n", "nk", {"node b (r2, b1)"}},
    {"i1 0 a 1e-16\nr1 a 0 1.4285714285714286e16\nr2 b 0 1k\nb1 b 0 i=-0.7m*v(a)*v(b)\n",
     "nk",
     {"node b (r2, b1)"}},
    {"v1 a 0 2k\nd1 a 0 dm\n" DIODES, "nkc", {"the current of v1 is beyond the numbers"}},
    {"v1 in 0 200\nr1 in n0 1k\nd1 n0 n1 dm\nd2 n1 n2 dm\nd3 n2 n3 dm\nr2 n3 0 1k\n"
     ".options itl1=1\n" DIODES,
     "n",
     {"no operating point found after", "node n", "--verbose"}},
};
enum { DEAD_ENDS = sizeof dead_ends / sizeof *dead_ends };

static void write_deck(const char *path, const char *cards) {
    eq_text t = {0};
    eq_text_printf(&t, "A circuit without an answer\n%s.op\n.end\n", cards);
    ck_assert(!t.failed);
    ck_assert_int_eq(eq_file_write(path, t.text, t.length, NULL), EQ_OK);
    eq_text_free(&t);
}

/* One run: exit status 1, the names, one line only, nothing written. */
static void refuses(const dead_end *d, const char *command, const char *deck, const char *file) {
    outcome o = run_program("%s --format csv -o %s %s", command, file, deck);
    ck_assert_msg(o.exit_status == 1, "%s: exit status %d for\n%s%s", command, o.exit_status,
                  d->deck, o.text);
    for (int k = 0; k < SAYS && d->says[k] != NULL; k++)
        ck_assert_msg(strstr(o.text, d->says[k]) != NULL, "%s: no '%s' in: %s", command, d->says[k],
                      o.text);
    ck_assert_msg(strstr(o.text, ": error: ") != NULL, "%s", o.text);
    ck_assert_msg(access(file, F_OK) != 0, "%s: a result was written for\n%s", command, d->deck);
    outcome_free(&o);
    o = run_program("%s %s", command, deck);
    ck_assert_int_eq(o.exit_status, 1);
    ck_assert_msg(strstr(o.text, "  v(") == NULL && strstr(o.text, "  i(") == NULL,
                  "%s: a number in: %s", command, o.text);
    outcome_free(&o);
}

START_TEST(circuits_without_an_answer_are_refused_by_name) {
    static const char *const solvers[] = {"newton", "kinsol", "cocontent"};
    const dead_end *d = &dead_ends[_i];
    char *folder = scratch_folder(), deck[300], file[300], command[64];
    snprintf(deck, sizeof deck, "%s/deck.cir", folder);
    snprintf(file, sizeof file, "%s/result.csv", folder);
    write_deck(deck, d->deck);
    for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
        if (strchr(d->by, *solvers[k]) == NULL) continue;
        snprintf(command, sizeof command, "op --solver %s", solvers[k]);
        refuses(d, command, deck, file);
    }
    if (strchr(d->by, 'n') != NULL) refuses(d, "run", deck, file);
    scratch_free(folder);
}
END_TEST

Suite *singular_suite(void) {
    Suite *s = suite_create("singular");
    TCase *t = tcase_create("singular");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, circuits_without_an_answer_are_refused_by_name, 0, DEAD_ENDS);
    suite_add_tcase(s, t);
    return s;
}
