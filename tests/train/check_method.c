#include <check.h>
#include <math.h>
#include <string.h>

#include "circuit/architecture.h"
#include "model/optimizer.h"
#include "train/cost.h"
#include "train/data/data.h"
#include "train/encode.h"
#include "train/estimator.h"
#include "train/experiment/init.h"
#include "train/experiment/schedule.h"

Suite *method_suite(void);

static const char *const costs[] = {"squared-difference", "squared-error", "cross-entropy",
                                    "absolute-error",     "huber",         "hinge"};

/* dC/dy and d2C/dy2 against central differences, at ordinary and extreme scores. */
START_TEST(cost_derivatives) {
    static const double start[2][3] = {{0.3, -0.7, 1.1}, {40.0, -30.0, 39.0}};
    for (int c = 0; c < 12; c++)
        for (int p = 0; p < 2; p++) {
            static const double target[3] = {1.5, 0.4, -0.2};
            const eq_goal class = {2, c < 6 ? NULL : target};
            eq_cost cost = {eq_cost_find(costs[c % 6]), 1.5, -0.5, 2.0, 0.7, 1.5, false};
            if (cost.kind->classes && c >= 6) continue;
            double y[3], g[3], h[9], up[3], down[3], step = 1e-5;
            memcpy(y, start[p], sizeof y);
            eq_cost_gradient(&cost, 3, y, class, g);
            eq_cost_hessian(&cost, 3, y, class, h);
            for (size_t k = 0; k < 3; k++) {
                double kept = y[k];
                y[k] = kept + step;
                double above = eq_cost_value(&cost, 3, y, class);
                eq_cost_gradient(&cost, 3, y, class, up);
                y[k] = kept - step;
                double below = eq_cost_value(&cost, 3, y, class);
                eq_cost_gradient(&cost, 3, y, class, down);
                y[k] = kept;
                ck_assert_double_eq_tol(g[k], (above - below) / (2 * step), 2e-6);
                for (size_t l = 0; l < 3; l++)
                    ck_assert_double_eq_tol(h[k * 3 + l], (up[l] - down[l]) / (2 * step), 2e-6);
            }
        }
}
END_TEST

/* Values by hand: 1/2 sum (y-t)^2, and log of the number of classes at equal scores. */
START_TEST(cost_values) {
    double y[2] = {1.0, 3.0};
    eq_cost squared = {eq_cost_find("squared-error"), 2.0, -1.0, 1.0, 1.0, 1.0, false};
    ck_assert_double_eq_tol(eq_cost_value(&squared, 2, y, (eq_goal){0, NULL}), 0.5 * (1.0 + 16.0),
                            1e-15);
    const double target[2] = {1.2, 1.0};
    const eq_goal given = {0, target};
    ck_assert_double_eq_tol(eq_cost_value(&squared, 2, y, given), 0.5 * (0.04 + 4.0), 1e-15);
    eq_cost absolute = {eq_cost_find("absolute-error"), 2.0, -1.0, 1.0, 1.0, 1.0, false};
    ck_assert_double_eq_tol(eq_cost_value(&absolute, 2, y, given), 0.2 + 2.0, 1e-15);
    eq_cost huber = {eq_cost_find("huber"), 2.0, -1.0, 1.0, 0.5, 1.0, false};
    ck_assert_double_eq_tol(eq_cost_value(&huber, 2, y, given), 0.02 + 0.5 * (2.0 - 0.25), 1e-15);
    eq_cost entropy = {eq_cost_find("cross-entropy"), 0.0, 0.0, 7.0, 1.0, 1.0, false};
    double same[4] = {2, 2, 2, 2};
    ck_assert_double_eq_tol(eq_cost_value(&entropy, 4, same, (eq_goal){1, NULL}), log(4.0), 1e-14);
    ck_assert_uint_eq(eq_predict(2, y), 1);
    ck_assert_uint_eq(eq_predict(4, same), 0);
    ck_assert_ptr_null(eq_cost_find("hinges"));
}
END_TEST

/* torch.nn.MultiMarginLoss(margin=0.5)(y, 1) of y = (0.75, 1, -2, 1.25) is (0.25 + 0 + 0.75)/4;
 * nothing is nudged where the margin holds, and the currents add up to 0. */
START_TEST(hinge_by_hand) {
    double y[4] = {0.75, 1.0, -2.0, 1.25}, g[4];
    eq_cost hinge = {eq_cost_find("hinge"), 0.0, 0.0, 1.0, 1.0, 0.5, false};
    ck_assert_double_eq(eq_cost_value(&hinge, 4, y, (eq_goal){1, NULL}), 0.25);
    eq_cost_gradient(&hinge, 4, y, (eq_goal){1, NULL}, g);
    ck_assert(g[0] == 0.25 && g[1] == -0.5 && g[2] == 0.0 && g[3] == 0.25);
    y[1] = 1.75;
    ck_assert_double_eq(eq_cost_value(&hinge, 4, y, (eq_goal){1, NULL}), 0.0);
    eq_cost_gradient(&hinge, 4, y, (eq_goal){1, NULL}, g);
    for (int k = 0; k < 4; k++) ck_assert(g[k] == 0.0);
}
END_TEST

/* On p(beta) = sum c_j beta^j the estimate of p'(0) is exact up to the order of the estimator, and
 * its first error term is c_{order+1} beta^order times the factor that follows from the
 * coefficients. */
START_TEST(estimators_on_polynomials) {
    static const double factor[] = {1.0, 1.0, 1.0, -4.0};
    for (size_t e = 0; e < eq_estimator_kinds(); e++) {
        const eq_estimator_kind *kind = eq_estimator_kind_at(e);
        double sum = 0.0, beta = 0.1;
        for (int s = 0; s <= kind->phases; s++) sum += kind->a[s];
        ck_assert_double_eq_tol(sum, 0.0, 1e-15);
        for (int power = 0; power <= (int)kind->order + 1; power++) {
            double estimate = 0.0;
            for (int s = 0; s <= kind->phases; s++)
                estimate += kind->a[s] / beta * pow(kind->at[s] * beta, power);
            double want = power == 1 ? 1.0 : 0.0;
            if (power == (int)kind->order + 1) want = factor[e] * pow(beta, kind->order);
            ck_assert_double_eq_tol(estimate, want, 1e-14);
        }
    }
    ck_assert_ptr_eq(eq_estimator_find("SYMMETRIC"), eq_estimator_kind_at(2));
    ck_assert_ptr_null(eq_estimator_find("two-sided"));
    ck_assert_int_eq(eq_estimator_find("adjoint")->phases, 0);
}
END_TEST

/* Two steps of each optimizer with numbers small enough to follow by hand. */
START_TEST(optimizer_steps_by_hand) {
    double g[2] = {2.0, -1.0};
    eq_step_range p = {.rate = 0.1,
                       .min = 0.0,
                       .max = 1.0,
                       .momentum = 0.5,
                       .beta1 = 0.9,
                       .beta2 = 0.99,
                       .epsilon = 1e-8};
    double theta[2] = {0.5, 0.5}, s0[2] = {0}, s1[2] = {0};
    eq_optimizer_find("sgd")->step(&p, 2, theta, g, NULL, NULL);
    ck_assert_double_eq_tol(theta[0], 0.3, 1e-15);
    ck_assert_double_eq_tol(theta[1], 0.6, 1e-15);
    theta[0] = theta[1] = 0.5;
    const eq_optimizer_kind *momentum = eq_optimizer_find("momentum");
    momentum->step(&p, 2, theta, g, s0, NULL);
    ck_assert_double_eq_tol(theta[0], 0.3, 1e-15);
    momentum->step(&p, 2, theta, g, s0, NULL); /* v = 0.5*2 + 2 = 3; 0.3 - 0.3 = 0 */
    ck_assert_double_eq_tol(theta[0], 0.0, 1e-15);
    ck_assert_double_eq_tol(theta[1], 0.75, 1e-15);
    theta[0] = theta[1] = 0.5;
    eq_optimizer_find("sign-sgd")->step(&p, 2, theta, (double[2]){1e-9, 0.0}, NULL, NULL);
    ck_assert_double_eq_tol(theta[0], 0.4, 1e-15);
    ck_assert_double_eq_tol(theta[1], 0.5, 1e-15);
    /* Adam's first step is rate * sign(g); its second, with g halved, from the definitions. */
    theta[0] = theta[1] = 0.5;
    memset(s0, 0, sizeof s0);
    const eq_optimizer_kind *adam = eq_optimizer_find("adam");
    p.correction1 = 1 - 0.9;
    p.correction2 = 1 - 0.99;
    adam->step(&p, 2, theta, g, s0, s1);
    ck_assert_double_eq_tol(theta[0], 0.4, 1e-8);
    ck_assert_double_eq_tol(theta[1], 0.6, 1e-8);
    p.correction1 = 1 - 0.81;
    p.correction2 = 1 - 0.9801;
    adam->step(&p, 2, theta, (double[2]){1.0, -0.5}, s0, s1);
    double m = (0.9 * 0.2 + 0.1) / 0.19, v = (0.99 * 0.04 + 0.01) / 0.0199;
    ck_assert_double_eq_tol(theta[0], 0.4 - 0.1 * m / sqrt(v), 1e-7);
}
END_TEST

/* Clipping holds for every optimizer, and a run of 1000 takes the same bits as runs of 1. */
START_TEST(optimizers_clip_and_act_elementwise) {
    static const char *const names[] = {"sgd", "momentum", "adam", "sign-sgd"};
    enum { N = 1000 };
    static double theta[N], one[N], g[N], s[2][N], t[2][N];
    for (int o = 0; o < 4; o++) {
        const eq_optimizer_kind *kind = eq_optimizer_find(names[o]);
        eq_step_range p = {.rate = 0.3,
                           .min = 0.1,
                           .max = 0.9,
                           .momentum = 0.9,
                           .beta1 = 0.9,
                           .beta2 = 0.999,
                           .epsilon = 1e-8,
                           .correction1 = 0.1,
                           .correction2 = 0.001};
        memset(s, 0, sizeof s);
        memset(t, 0, sizeof t);
        eq_random random = eq_random_seed(3);
        for (int k = 0; k < N; k++) theta[k] = one[k] = 0.1 + 0.8 * eq_random_uniform(&random);
        for (int k = 0; k < N; k++) g[k] = 2.0 * eq_random_uniform(&random) - 1.0;
        for (int round = 0; round < 3; round++) {
            kind->step(&p, N, theta, g, s[0], s[1]);
            for (int k = 0; k < N; k++) kind->step(&p, 1, one + k, g + k, t[0] + k, t[1] + k);
        }
        ck_assert_mem_eq(theta, one, sizeof theta);
        int low = 0, high = 0;
        for (int k = 0; k < N; k++) {
            ck_assert(theta[k] >= 0.1 && theta[k] <= 0.9);
            low += theta[k] == 0.1;
            high += theta[k] == 0.9;
        }
        ck_assert_int_gt(low, 0);
        ck_assert_int_gt(high, 0);
    }
}
END_TEST

START_TEST(schedules_by_hand) {
    eq_schedule s = {EQ_SCHEDULE_EXPONENTIAL, 0.8, 1};
    ck_assert_double_eq_tol(eq_schedule_factor(&s, 3, 10), 0.512, 1e-15);
    s = (eq_schedule){EQ_SCHEDULE_STEP, 0.5, 4};
    ck_assert_double_eq_tol(eq_schedule_factor(&s, 3, 10), 1.0, 1e-15);
    ck_assert_double_eq_tol(eq_schedule_factor(&s, 8, 10), 0.25, 1e-15);
    s = (eq_schedule){EQ_SCHEDULE_COSINE, 0.1, 1};
    ck_assert_double_eq_tol(eq_schedule_factor(&s, 0, 10), 1.0, 1e-15);
    ck_assert_double_eq_tol(eq_schedule_factor(&s, 5, 10), 0.55, 1e-15);
    s.type = EQ_SCHEDULE_CONSTANT;
    ck_assert_double_eq_tol(eq_schedule_factor(&s, 9, 10), 1.0, 1e-15);
}
END_TEST

/* Every initialisation stays in its range, fills it, and depends on nothing but the seed. */
START_TEST(initialisation_ranges) {
    static const struct {
        eq_init init;
        double low, high;
    } want[] = {
        {{EQ_INIT_UNIFORM, 1e-6, 5e-6}, 1e-6, 5e-6},
        {{EQ_INIT_LOG_UNIFORM, 1e-8, 1e-4}, 1e-8, 1e-4},
        {{EQ_INIT_FAN_IN, 1e-7, 4e-5}, 1e-7, 1e-5}, /* 16 rows: 4e-5/sqrt(16) */
        {{EQ_INIT_KAIMING, 0.0, 4e-5}, 1e-8, 1e-5}, /* the negative half lies at gmin */
    };
    eq_architecture a;
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_architecture_kind("drn", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_layers("16,50,4", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_build(&a, &c, NULL), EQ_OK);
    eq_network *n = NULL;
    ck_assert_int_eq(eq_network_new(c, &n, NULL), EQ_OK);
    const eq_group *g = &c->group[0];
    const double *w = c->table[EQ_CLASS_memristor].w[0];
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        eq_random r = eq_random_seed(5), again = eq_random_seed(5);
        double low = INFINITY, high = 0.0, sum = 0.0, first = 0.0;
        ck_assert_int_eq(eq_init_block(n, 0, &want[k].init, &r, NULL), EQ_OK);
        for (size_t j = 0; j < g->count; j++) {
            low = fmin(low, w[g->row[j]]);
            high = fmax(high, w[g->row[j]]);
            sum += w[g->row[j]];
        }
        first = w[g->row[0]];
        double span = want[k].high - want[k].low;
        ck_assert(low >= want[k].low && low <= want[k].low + 0.02 * span);
        ck_assert(high <= want[k].high && high >= want[k].high - 0.02 * span);
        ck_assert_int_eq(eq_init_block(n, 0, &want[k].init, &again, NULL), EQ_OK);
        ck_assert(first == w[g->row[0]]);
        ck_assert(sum > 0.0);
    }
    static const eq_init bad[] = {{EQ_INIT_LOG_UNIFORM, 0.0, 1e-4},
                                  {EQ_INIT_UNIFORM, -1e-6, 1e-4},
                                  {EQ_INIT_UNIFORM, 1e-4, 1e-6},
                                  {EQ_INIT_UNIFORM, 0.0, (double)INFINITY},
                                  {EQ_INIT_UNIFORM, (double)NAN, 1e-6}};
    eq_random r = eq_random_seed(5);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ck_assert_int_eq(eq_init_block(n, 0, &bad[k], &r, NULL), EQ_ERR_INPUT);
    const double before = w[g->row[0]];
    eq_init deck = {EQ_INIT_DECK, (double)NAN, (double)NAN};
    ck_assert_int_eq(eq_init_block(n, 0, &deck, &r, NULL), EQ_OK);
    ck_assert(w[g->row[0]] == before);
    eq_network_free(n);
    eq_circuit_free(c);
}
END_TEST

/* Names are found whatever their case; what nobody has called so is not found. */
START_TEST(names_are_found) {
    eq_init_type init;
    eq_schedule_type schedule;
    eq_normalize normalize;
    eq_nudging nudging;
    eq_data_format format;
    ck_assert(eq_init_find("Log-Uniform", &init) && init == EQ_INIT_LOG_UNIFORM);
    ck_assert(eq_schedule_find("COSINE", &schedule) && schedule == EQ_SCHEDULE_COSINE);
    ck_assert(eq_normalize_find("standard", &normalize) && normalize == EQ_NORMALIZE_STANDARD);
    ck_assert(eq_nudging_find("energy", &nudging) && nudging == EQ_NUDGE_ENERGY);
    ck_assert(eq_data_format_find("npy", &format) && format == EQ_DATA_NPY);
    ck_assert(!eq_init_find("normal", &init) && !eq_schedule_find("normal", &schedule) &&
              !eq_normalize_find("normal", &normalize) && !eq_nudging_find("normal", &nudging) &&
              !eq_data_format_find("normal", &format));
    ck_assert(eq_cost_find("normal") == NULL && eq_estimator_find("normal") == NULL &&
              eq_optimizer_find("normal") == NULL);
}
END_TEST

Suite *method_suite(void) {
    Suite *s = suite_create("method");
    TCase *t = tcase_create("method");
    tcase_add_test(t, cost_derivatives);
    tcase_add_test(t, cost_values);
    tcase_add_test(t, hinge_by_hand);
    tcase_add_test(t, estimators_on_polynomials);
    tcase_add_test(t, optimizer_steps_by_hand);
    tcase_add_test(t, optimizers_clip_and_act_elementwise);
    tcase_add_test(t, schedules_by_hand);
    tcase_add_test(t, initialisation_ranges);
    tcase_add_test(t, names_are_found);
    suite_add_tcase(s, t);
    return s;
}
