/* `eqspice gradcheck` on constructed circuits: those whose EqProp gradient is right by theory pass,
 * those whose gradient is known to be wrong in some conductance fail and name it. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/mna.h"
#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "solver/solver.h"
#include "train/checkpoint.h"
#include "train/gradcheck/limit.h"
#include "train/train.h"

Suite *gradcheck_suite(void);

/* A bidirectional amplifier of gain A, whose returned current has the factor K: `name from to`. */
#define AMPLIFIER ".subckt amp h w A=4 K=0.25\nE e 0 h 0 {A}\nVs e w 0\nF h 0 Vs {K}\n.ends\n"
#define DIODES ".model dm D(is=1e-9)\n.model hot D(is=1e-14 n=1.5 rs=10 bv=4 ikf=1m)\n"
#define INPUTS "Vx x 0 0\nVy y 0 0\n"
#define TRAIN "*% input Vx Vy\n*% train rt* gmin=1e-18 gmax=1e9\n.op\n.end\n"
#define ESTIMATOR(type, beta, nudging)                                                             \
    "<estimator type='" type "' beta='" beta "' nudging='" nudging "'/>"
#define SQUARED "<cost type='squared-error' high='0.5' low='-0.1'/>"

typedef struct trial {
    const char *what, *deck, *data, *settings;
    const char *wrong; /* a conductance that must be named; NULL: the gradient is right */
    eq_engine_kind engine;
} trial;

static const char usual[] = "0.7,-0.3,a\n-0.4,0.9,b\n0.1,0.2,a\n";

static const trial trials[] = {
    /* Right: an energy exists. */
    {"linear",
     INPUTS "Rt1 x h 1k\nRt2 y h 2k\nRt3 h o 3k\nRt4 h 0 5k\nRt5 o 0 7k\n*% output h o\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-6", "current"), NULL, EQ_ENGINE_AUTO},
    {"linear, tiny beta",
     INPUTS "Rt1 x h 1k\nRt2 y h 2k\nRt3 h o 3k\nRt4 h 0 5k\nRt5 o 0 7k\n*% output h o\n" TRAIN,
     usual, SQUARED ESTIMATOR("one-sided", "1e-30", "energy"), NULL, EQ_ENGINE_AUTO},
    {"linear, huge beta",
     INPUTS "Rt1 x h 1k\nRt2 y h 2k\nRt3 h o 3k\nRt4 h 0 5k\nRt5 o 0 7k\n*% output h o\n" TRAIN,
     usual, SQUARED ESTIMATOR("four-point", "1e12", "current"), NULL, EQ_ENGINE_SPARSE},
    {"outputs that carry no current",
     INPUTS "Rt1 x h 1k\nRt2 y h 2k\nRt3 h o 3k\nRt4 h p 50k\n*% output o p\n" TRAIN, usual,
     SQUARED ESTIMATOR("four-point", "1e-6", "energy"), NULL, EQ_ENGINE_AUTO},
    {"a node that carries current in some examples alone",
     INPUTS "Rt1 x a 1k\nRt2 y a 2k\nRt3 x b 3k\nRt4 y b 1k\nRt5 a 0 1k\nRt6 b 0 2k\nRt7 y c 1k\n"
            "Rt8 x c 1k\n*% output a b c\n" TRAIN,
     "1,0,a\n0,1,b\n0.5,0.5,c\n", SQUARED ESTIMATOR("symmetric", "1e-7", "current"), NULL,
     EQ_ENGINE_AUTO},
    {"pairs of outputs that share their nodes",
     INPUTS "Rt1 x a 1k\nRt2 y a 2k\nRt3 x b 3k\nRt4 y b 1k\nRt5 a 0 1k\nRt6 b 0 2k\nRt7 y c 1k\n"
            "Rt8 x c 2k\nD1 a 0 dm\n" DIODES "*% output a,b b,c a,c\n" TRAIN,
     "1,0,a\n0,1,b\n0.5,0.5,c\n", ESTIMATOR("symmetric", "1e-7", "current"), NULL, EQ_ENGINE_AUTO},
    {"the same, by the sparse engine",
     INPUTS "Rt1 x a 1k\nRt2 y a 2k\nRt3 x b 3k\nRt4 y b 1k\nRt5 a 0 1k\nRt6 b 0 2k\nRt7 y c 1k\n"
            "Rt8 x c 2k\nD1 a 0 dm\n" DIODES "*% output a,b b,c a,c\n" TRAIN,
     "1,0,a\n0,1,b\n0.5,0.5,c\n", ESTIMATOR("symmetric", "1e-7", "current"), NULL,
     EQ_ENGINE_SPARSE},
    {"conductances from 1 pS to 100 S in one group",
     INPUTS "Rt1 x h 0.01\nRt2 y h 0.02\nRt3 h o 1meg\nRt4 o 0 1e12\nRt5 o p 1e9\nRt6 p 0 1g\n"
            "Rt7 y p 2g\nD1 o 0 dm\n" DIODES "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-10", "current"), NULL, EQ_ENGINE_AUTO},
    {"saturated diodes",
     INPUTS "Rt1 x h 100\nRt2 y h 220\nRt3 h o 1k\nD1 h 0 hot\nD2 0 o hot\nD3 o h dm\n"
            "Rt4 o 0 10k\n" DIODES "*% output h o\n" TRAIN,
     "9,-3,a\n-8,9,b\n-6,-7,a\n", SQUARED ESTIMATOR("random-sign", "1e-5", "current"), NULL,
     EQ_ENGINE_SPARSE},
    {"diodes that nothing flows through",
     INPUTS "Rt1 x h 1k\nRt2 y h 1k\nD1 h o dm\nRt3 o 0 1g\nRt4 o h 10g\n" DIODES
            "*% output h o\n" TRAIN,
     "-1,-2,a\n-3,-1,b\n", SQUARED ESTIMATOR("symmetric", "1e-9", "energy"), NULL, EQ_ENGINE_AUTO},
    {"a loss that is zero", INPUTS "Rt1 x h 1k\nRt2 y o 2k\nRt3 h o 3k\n*% output h o\n" TRAIN,
     "0,0,a\n0,0,b\n",
     "<cost type='squared-error' high='1e-300' low='0'/>" ESTIMATOR("symmetric", "1e-7", "current"),
     NULL, EQ_ENGINE_AUTO},
    {"a conductance that nothing depends on",
     INPUTS "Rt1 x h 1k\nRt2 y o 2k\nRt3 x y 3k\nRt4 h 0 1k\nRt5 q 0 1k\nRt6 q x 2k\n"
            "*% output h o\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "current"), NULL, EQ_ENGINE_SPARSE},
    {"bidirectional amplifiers in a row, of unequal weights",
     INPUTS AMPLIFIER
     "Rt1 x h 1k\nRt2 y h 2k\nD1 h 0 dm\nX1 h w amp\nRt3 w k 3k\nD2 k 0 dm\n"
     "X2 k z amp A=3 K=0.01\nRt4 z o 5k\nRt5 z p 2k\nRt6 o 0 10k\nRt7 o p 7k\n" DIODES
     "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "current"), NULL, EQ_ENGINE_SPARSE},
    {"cross-entropy, switches, m= and temperature",
     INPUTS ".model sw SW(vt=0 vh=0 ron=100 roff=1meg)\n.temp 60\n"
            "S1 h 0 x 0 sw\nRt1 x h 1k m=3\nRt2 y h 2k\nRt3 h o 3k temp=100 tc1=1m\nD1 o 0 dm m=2\n"
            "Rt4 o y 9k\n" DIODES "*% output h o\n" TRAIN,
     usual, "<cost type='cross-entropy' scale='3'/>" ESTIMATOR("four-point", "1e-6", "energy"),
     NULL, EQ_ENGINE_SPARSE},
    {"pairs of nodes, ideal diodes",
     INPUTS ".model id D(ron=10 roff=1meg vfwd=0.2)\nRt1 x h 1k\nRt2 y o 2k\nRt3 h o 3k\n"
            "Rt4 p 0 2k\nRt5 p x 8k\nRt6 q y 4k\nRt7 q 0 3k\nD1 h 0 id\n*% output h,p o,q\n" TRAIN,
     usual,
     "<cost type='squared-difference' high='1' low='0'/>" ESTIMATOR("symmetric", "1e-7", "energy"),
     NULL, EQ_ENGINE_SPARSE},
    {"behavioural currents of their own drop",
     INPUTS AMPLIFIER
     "Rt1 x h 1k\nRt2 y h 2k\nB1 h 0 I=1m*tanh(2*V(h))\nX1 h w amp A=-3 K=-0.1\n"
     "Rt3 w o 1k\nRt4 o p 2k\nB2 o p I=1m*V(o,p)*V(o,p)*V(o,p)\nG1 p 0 p 0 1m\nRt5 p y 1k\n"
     "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "current"), NULL, EQ_ENGINE_SPARSE},
    {"biases and saturation currents beside conductances",
     INPUTS "Vb b 0 0.2\nRt1 x h 1k\nRt2 y h 2k\nRt3 h o 3k\nRt4 h 0 5k\nRt5 o b 7k\nD1 h 0 dm\n"
            "D2 0 o dm\n" DIODES "*% output h o\n*% train vb min=-1 max=1\n"
            "*% train d*(is) min=1e-12 max=1e-6\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-6", "current"), NULL, EQ_ENGINE_AUTO},
    {"a bias behind an amplifier, and nothing else",
     INPUTS AMPLIFIER "Vb b 0 -0.1\nR1 x h 1k\nR2 y h 2k\nX1 h w amp\nD1 w o dm\nR4 o b 2k\n"
                      "R5 h 0 3k\n" DIODES "*% input Vx Vy\n*% output h o\n"
                      "*% train vb min=-1 max=1\n.op\n.end\n",
     usual, SQUARED ESTIMATOR("symmetric", "1e-9", "energy"), NULL, EQ_ENGINE_AUTO},
    {"currents and stray transconductances of their own drop",
     INPUTS "I1 0 h 1u\nR1 x h 1k\nR2 y h 2k\nD1 h o dm\nR4 o 0 2k\nG1 o 0 o 0 1e-5\n" DIODES
            "*% input Vx Vy\n*% output h o\n*% train i1 min=-1m max=1m\n"
            "*% train g1 min=0 max=1\n.op\n.end\n",
     usual, SQUARED ESTIMATOR("four-point", "1e-7", "current"), NULL, EQ_ENGINE_AUTO},
    {"states of memristors near their bounds",
     INPUTS
     "Y1 x o cell x=0.96\nY2 y o cell x=0.03\nY3 o 0 cell x=0.5\nY4 y p cell x=0.999\nR5 p 0 20k\n"
     ".model cell drift(ron=10k roff=1meg)\n*% input Vx Vy\n*% output o p\n"
     "*% train y* min=0 max=1\n.op\n.end\n",
     usual, SQUARED ESTIMATOR("symmetric", "1e-9", "current"), NULL, EQ_ENGINE_AUTO},
    /* Wrong: error signals do not come back, or come back with another factor. */
    {"one-way amplifier before small conductances",
     INPUTS "Rt1 x h 0.01\nRt2 y h 0.01\nRt3 h 0 0.1\nE1 w 0 h 0 2\nRt4 w o 1meg\nRt5 y o 1meg\n"
            "Rt6 w p 2meg\nRt7 x p 1meg\nD1 o 0 dm\nD2 p 0 dm\n" DIODES "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-10", "current"), "rt3", EQ_ENGINE_AUTO},
    {"the same, tiny beta",
     INPUTS "Rt1 x h 0.01\nRt2 y h 0.01\nRt3 h 0 0.1\nE1 w 0 h 0 2\nRt4 w o 1meg\nRt5 y o 1meg\n"
            "Rt6 w p 2meg\nRt7 x p 1meg\nD1 o 0 dm\nD2 p 0 dm\n" DIODES "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("one-sided", "1e-40", "energy"), "rt3", EQ_ENGINE_AUTO},
    {"the same, huge beta",
     INPUTS "Rt1 x h 0.01\nRt2 y h 0.01\nRt3 h 0 0.1\nE1 w 0 h 0 2\nRt4 w o 1meg\nRt5 y o 1meg\n"
            "Rt6 w p 2meg\nRt7 x p 1meg\nD1 o 0 dm\nD2 p 0 dm\n" DIODES "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("random-sign", "1e9", "current"), "rt3", EQ_ENGINE_AUTO},
    {"nothing behind the one-way amplifier is trained",
     INPUTS "Rt1 x h 1k\nRt2 y h 1k\nE1 w 0 h 0 2\nR4 w o 1k\nR5 o 0 1k\nR6 o p 1k\nR7 y p 1k\n"
            "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "current"), "rt1", EQ_ENGINE_AUTO},
    {"one conductance a billionth as strong as the others",
     INPUTS "Rt1 x o 1k\nRt2 y p 1k\nRt3 o p 3k\nRt4 x h 1k\nR5 h 0 1k\nG1 o 0 h 0 1p\n"
            "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "current"), "rt4", EQ_ENGINE_AUTO},
    {"a returned current of another factor on a second way",
     INPUTS AMPLIFIER
     "Rt1 x h 1k\nRt2 y h 2k\nX1 h w amp\nRt3 w o 3k\nX2 h z amp K=0.2\nRt4 z p 5k\n"
     "Rt5 o p 7k\nRt6 o 0 1k\n*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "energy"), "rt", EQ_ENGINE_SPARSE},
    {"a bias in front of a one-way amplifier",
     INPUTS "Vb b 0 0.2\nR1 x h 1k\nR2 y h 2k\nR3 b h 3k\nE1 w 0 h 0 2\nR4 w o 1k\nR5 o p 1k\n"
            "R6 p 0 1k\nD1 o 0 dm\n" DIODES
            "*% input Vx Vy\n*% output o p\n*% train vb min=-1 max=1\n.op\n.end\n",
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "current"), "dL/ddc of vb", EQ_ENGINE_AUTO},
    {"a source that reads one node and drives another",
     INPUTS "Rt1 x h 1k\nRt2 y h 2k\nB1 o 0 I=1m*tanh(V(h))\nRt3 o 0 1k\nRt4 o p 2k\nRt5 p y 1k\n"
            "*% output o p\n" TRAIN,
     usual, SQUARED ESTIMATOR("symmetric", "1e-7", "current"), "rt1", EQ_ENGINE_SPARSE},
};

static eq_experiment *experiment_of(const trial *t) {
    char text[2048];
    snprintf(text, sizeof text,
             "<experiment><circuit deck='net.cir'/><data format='csv' path='data.csv'/>%s"
             "<optimizer type='sgd' rate='1e-12'/><epochs count='1'/></experiment>",
             t->settings);
    char deck[2048];
    snprintf(deck, sizeof deck, "%s\n%s", t->what, t->deck);
    eq_file_write(in("net.cir"), deck, strlen(deck), NULL);
    eq_file_write(in("data.csv"), t->data, strlen(t->data), NULL);
    eq_file_write(in("net.xml"), text, strlen(text), NULL);
    eq_experiment *x = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_experiment_read(in("net.xml"), &x, diag);
    ck_assert_msg(status == EQ_OK, "%s: %s", t->what, eq_diag_get(diag, 0)->text);
    eq_diag_free(diag);
    return x;
}

/* Every line of a wrong gradient fails, and names one of the conductances whose gradient is wrong;
 * every line of a right one holds, its relative error within the bound. */
START_TEST(right_gradients_hold_and_wrong_ones_fail) {
    const trial *t = &trials[_i];
    eq_experiment *x = experiment_of(t);
    eq_gradcheck_report r = {0};
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_gradcheck(x, NULL, t->engine, 0, &r, diag);
    ck_assert_msg(status == EQ_OK, "%s: %s", t->what,
                  eq_diag_get(diag, eq_diag_count(diag) - 1)->text);
    ck_assert_msg(r.why == NULL, "%s: %s", t->what, r.why);
    bool targets = x->cost.kind->clamps;
    ck_assert_uint_eq(r.rows, targets ? 10 : 9);
    for (size_t j = 0; j < 8; j++) {
        const eq_gradcheck_row *row = &r.row[j];
        const char *why = row->why == NULL ? "" : row->why;
        ck_assert_msg(row->passed == (t->wrong == NULL), "%s: %s/%s %g %s", t->what, row->estimator,
                      row->nudging, row->error, why);
        if (t->wrong == NULL)
            ck_assert_double_le(row->error, 1e-6);
        else
            ck_assert_double_ge(row->error, 1e-4);
        if (t->wrong != NULL) ck_assert_msg(strstr(why, t->wrong) != NULL, "%s: %s", t->what, why);
    }
    ck_assert(r.passed == (t->wrong == NULL));
    const eq_gradcheck_row *exact = &r.row[r.rows - 1], *clamp = exact - 1;
    ck_assert_str_eq(exact->estimator, "adjoint");
    ck_assert_msg(exact->passed && exact->error <= 1e-6, "%s: adjoint %g", t->what, exact->error);
    ck_assert(exact->nudging == NULL && isnan(exact->beta) && isnan(exact->order));
    if (targets) ck_assert_str_eq(clamp->nudging, "clamp");
    if (targets) ck_assert(clamp->passed && isnan(clamp->error) && isnan(clamp->order));
    eq_gradcheck_free(&r);
    eq_diag_free(diag);
    eq_experiment_free(x);
}
END_TEST

/* A bias, a saturation current and a conductance, each given by its number. */
static eq_experiment *any_parameters(double vb, double is, double g, const char *optimizer) {
    char deck[1024], text[1024];
    snprintf(deck, sizeof deck,
             "any parameters\n" INPUTS "Vb b 0 %.17g\nRt1 x h %.17g\nR2 y h 2k\nR3 h o 3k\n"
             "R5 o b 7k\nD1 h 0 dm\nD2 0 o dm\n.model dm D(is=%.17g)\n*%% input Vx Vy\n"
             "*%% output h o\n*%% train vb min=-1 max=1\n*%% train d1(is) min=1e-12 max=1e-6\n"
             "*%% train rt1 gmin=1e-9 gmax=1\n.op\n.end\n",
             vb, 1.0 / g, is);
    snprintf(text, sizeof text,
             "<experiment><circuit deck='any.cir'/><data format='csv' path='any.csv'/>" SQUARED
             "<estimator type='symmetric' beta='1e-7'/><optimizer type='%s' rate='1'>"
             "<group match='vb' rate='1e-3'/><group match='d1' rate='1e-19'/>"
             "<group match='rt1' rate='1e-9'/></optimizer><minibatch size='3'/>"
             "<epochs count='2'/></experiment>",
             optimizer);
    eq_file_write(in("any.cir"), deck, strlen(deck), NULL);
    eq_file_write(in("any.csv"), usual, strlen(usual), NULL);
    eq_file_write(in("any.xml"), text, strlen(text), NULL);
    eq_experiment *x = NULL;
    ck_assert_int_eq(eq_experiment_read(in("any.xml"), &x, NULL), EQ_OK);
    return x;
}

/* The loss of all examples with these parameters, and what one step of SGD makes of them. */
static double loss_at(const double w[3], double stepped[3]) {
    static const char *const name[3] = {"vb", "d1(is)", "rt1(g)"};
    eq_experiment *x = any_parameters(w[0], w[1], w[2], "sgd");
    eq_trainer *t = NULL;
    eq_trainer_score score;
    ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_step(t, &score, NULL), EQ_OK);
    ck_assert_uint_eq(score.examples, 3);
    for (int k = 0; k < 3; k++) {
        eq_handle h;
        ck_assert_int_eq(eq_handle_find(eq_trainer_circuit(t), name[k], &h, NULL), EQ_OK);
        stepped[k] = eq_handle_get(eq_trainer_circuit(t), h);
    }
    eq_trainer_free(t);
    eq_experiment_free(x);
    return score.loss;
}

/* Initial values of a bias lie on both sides of zero, those of a conductance never below it. */
START_TEST(any_parameter_is_drawn_in_its_range) {
    static const char experiment[] =
        "<experiment seed='%d'><circuit deck='any.cir'/><data format='csv' path='any.csv'/>" SQUARED
        "<optimizer type='sgd' rate='1e-9'><group match='%s' init='uniform' low='%g' high='0.5'/>"
        "</optimizer><epochs count='1'/></experiment>";
    eq_experiment_free(any_parameters(0.2, 1e-9, 1e-3, "sgd"));
    int below = 0, above = 0;
    for (int seed = 1; seed <= 20; seed++) {
        char text[1024];
        snprintf(text, sizeof text, experiment, seed, "vb", -0.5);
        eq_file_write(in("any.xml"), text, strlen(text), NULL);
        eq_experiment *x = NULL;
        eq_trainer *t = NULL;
        eq_handle vb;
        ck_assert_int_eq(eq_experiment_read(in("any.xml"), &x, NULL), EQ_OK);
        ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_OK);
        ck_assert_int_eq(eq_handle_find(eq_trainer_circuit(t), "vb", &vb, NULL), EQ_OK);
        double v = eq_handle_get(eq_trainer_circuit(t), vb);
        ck_assert(v >= -0.5 && v <= 0.5 && v != 0.2);
        below += v < 0.0;
        above += v > 0.0;
        eq_trainer_free(t);
        eq_experiment_free(x);
    }
    ck_assert(below > 3 && above > 3);
    char text[1024];
    snprintf(text, sizeof text, experiment, 1, "rt1", -0.5);
    eq_file_write(in("any.xml"), text, strlen(text), NULL);
    eq_experiment *x = NULL;
    eq_trainer *t = NULL;
    ck_assert_int_eq(eq_experiment_read(in("any.xml"), &x, NULL), EQ_OK);
    ck_assert_int_eq(eq_trainer_new(x, NULL, &t, NULL), EQ_ERR_INPUT);
    eq_experiment_free(x);
}
END_TEST

/* One step of SGD goes rate dL/dw down, by differences of the loss over decks with other values. */
START_TEST(any_parameter_steps_down_the_loss) {
    static const double at[3] = {0.2, 1e-9, 1e-3}, rate[3] = {1e-3, 1e-19, 1e-9};
    double after[3], unused[3];
    loss_at(at, after);
    for (int k = 0; k < 3; k++) {
        double w[3], loss[2], h = 1e-2 * at[k];
        for (int side = 0; side < 2; side++) {
            memcpy(w, at, sizeof w);
            w[k] += side == 0 ? h : -h;
            loss[side] = loss_at(w, unused);
        }
        double slope = (loss[0] - loss[1]) / (2.0 * h), moved = (at[k] - after[k]) / rate[k];
        ck_assert_msg(fabs(moved - slope) <= 1e-3 * fabs(slope) && slope != 0.0, "%d: %g, %g", k,
                      moved, slope);
    }
}
END_TEST

/* Two epochs and two more after --resume are four, to the bit, with the states of Adam. */
START_TEST(any_parameter_goes_on_after_a_checkpoint) {
    eq_experiment *x = any_parameters(0.2, 1e-9, 1e-3, "adam");
    eq_train_options o = eq_train_defaults();
    eq_metrics whole, parts;
    char folder[2][512];
    for (int k = 0; k < 2; k++)
        snprintf(folder[k], sizeof folder[k], "%s", in(k == 0 ? "any-whole" : "any-parts"));
    o.force = true;
    o.folder = folder[1];
    ck_assert_int_eq(eq_train(x, &o, NULL, NULL, NULL), EQ_OK);
    x->epochs = 4;
    o.force = false;
    o.resume = true;
    ck_assert_int_eq(eq_train(x, &o, &parts, NULL, NULL), EQ_OK);
    o = eq_train_defaults();
    o.force = true;
    o.folder = folder[0];
    ck_assert_int_eq(eq_train(x, &o, &whole, NULL, NULL), EQ_OK);
    ck_assert(parts.train_loss == whole.train_loss && parts.epoch == 4);
    eq_checkpoint a = {0}, b = {0};
    ck_assert_int_eq(eq_checkpoint_read(in("any-whole/checkpoint"), &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_checkpoint_read(in("any-parts/checkpoint"), &b, NULL), EQ_OK);
    ck_assert_uint_eq(a.conductances, 3);
    ck_assert_mem_eq(a.g, b.g, 3 * sizeof *a.g);
    ck_assert_mem_eq(a.state[1], b.state[1], 3 * sizeof *a.g);
    ck_assert(a.g[0] != 0.2 && a.g[2] != 1e-3);
    eq_checkpoint_free(&a);
    eq_checkpoint_free(&b);
    eq_experiment_free(x);
}
END_TEST

/* 1 + 2 h + 3 h^2 (or even powers, or with a corner at h = 1e-4) and a noise of either sign below
 * 1e-12/h: the limit is 1 within the doubt, and the doubt is far below the noise of the smallest
 * step. A term that is missing changes nothing of that; two terms that differ are doubted. */
START_TEST(limits_of_noisy_sequences) {
    enum { TERMS = 40 };
    eq_random random = eq_random_seed(7);
    for (int t = 0; t < 2000; t++) {
        double value[TERMS], noise[TERMS], h = 10.0;
        int kind = t % 4;
        for (int p = 0; p < TERMS; p++, h *= 0.5) {
            noise[p] = 1e-12 / h;
            value[p] =
                kind == 1 ? 1.0 + 2.0 * h * h - 3.0 * h * h * h * h : 1.0 + 2.0 * h + 3.0 * h * h;
            if (kind == 2 && h > 1e-4) value[p] += 0.5 * (h - 1e-4);
            value[p] += noise[p] * (2.0 * eq_random_uniform(&random) - 1.0);
            if (kind == 3 && p % 7 == 3) noise[p] = INFINITY;
        }
        eq_limit limit = kind == 1 ? eq_limit_find(TERMS, value, noise, 2.0, 2.0)
                                   : eq_limit_find(TERMS, value, noise, 1.0, 1.0);
        ck_assert_msg(fabs(limit.value - 1.0) <= limit.doubt, "%d: %g off, doubt %g", t,
                      limit.value - 1.0, limit.doubt);
        ck_assert_double_le(limit.doubt, kind == 2 ? 1e-5 : 1e-7);
    }
    double value[2] = {2.0, 1.0}, noise[2] = {0.0, 0.0};
    ck_assert_double_ge(eq_limit_find(2, value, noise, 1.0, 1.0).doubt, 0.0);
    noise[0] = noise[1] = INFINITY;
    ck_assert_double_infinite(eq_limit_find(2, value, noise, 1.0, 1.0).doubt);
}
END_TEST

/* A node between 1 kohm to 1 V and 1 kohm to ground: the KCL bound of 1 mA (reltol and abstol), and
 * what 4 eps of the potentials make of the currents, over 2 mS. */
START_TEST(doubt_of_a_divider) {
    eq_circuit *c = deck("t\nV1 x 0 1\nR1 x h 1k\nR2 h 0 1k\n.op\n.end\n");
    eq_solver *s = NULL;
    double v[8] = {0}, branch[2], dv[3][8] = {{0}};
    eq_random random = eq_random_seed(1);
    ck_assert_uint_eq(eq_circuit_nodes(c), 3);
    ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
    eq_solve_options o = eq_solve_defaults(c);
    o.reltol = 1e-9;
    o.abstol = 3e-12;
    ck_assert_int_eq(eq_solver_solve(s, &o, v, branch, NULL, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_uncertainty(s, &o, v, branch, 3, &random, &dv[0][0], NULL), EQ_OK);
    eq_node h = eq_circuit_find_node(c, "h"), x = eq_circuit_find_node(c, "x");
    double bound = (3e-12 + 1e-9 * 1e-3) / 2e-3;
    for (int j = 0; j < 3; j++) {
        const double *one = &dv[0][0] + 3 * j;
        ck_assert_double_eq_tol(fabs(one[h]), bound, 1e-5 * bound);
        ck_assert(one[x] == 0.0 && one[0] == 0.0);
    }
    eq_solver_free(s);
    eq_circuit_free(c);
}
END_TEST

Suite *gradcheck_suite(void) {
    Suite *s = suite_create("gradcheck");
    TCase *t = tcase_create("gradcheck");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, right_gradients_hold_and_wrong_ones_fail, 0,
                        sizeof trials / sizeof *trials);
    tcase_add_test(t, any_parameter_is_drawn_in_its_range);
    tcase_add_test(t, any_parameter_steps_down_the_loss);
    tcase_add_test(t, any_parameter_goes_on_after_a_checkpoint);
    tcase_add_test(t, limits_of_noisy_sequences);
    tcase_add_test(t, doubt_of_a_divider);
    suite_add_tcase(s, t);
    return s;
}
