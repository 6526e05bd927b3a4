#include "sweep.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "report/ngspice.h"
#include "result/raw.h"

static eq_result *ours(const char *deck, eq_result ***plots, size_t *count) {
    char path[256], *text = NULL;
    snprintf(path, sizeof path, "%s", in("m.raw"));
    expect_exit(0, &text, "run %s --format raw -o %s", put("m.cir", deck), path);
    free(text);
    ck_assert_int_eq(eq_raw_read(path, plots, count, NULL), EQ_OK);
    ck_assert_uint_eq(*count, 1);
    return **plots;
}

static void compare(const eq_result *a, const eq_result *b, const char *deck, double least) {
    ck_assert_uint_eq(a->points, b->points);
    for (size_t k = 0; k < a->variables; k++) {
        size_t there = eq_result_find(b, a->variable[k].name);
        if (a->variable[k].name[0] != 'i') continue;
        ck_assert_msg(there < b->variables, "no %s", a->variable[k].name);
        for (size_t p = 0; p < a->points; p++) {
            double x = a->value[p * a->variables + k], y = b->value[p * b->variables + there];
            ck_assert_msg(fabs(x - y) <= 1e-9 * fabs(y) + least,
                          "%s of point %zu: %.17g, ngspice %.17g\n%s", a->variable[k].name, p, x, y,
                          deck);
        }
    }
}

void sweep_agrees(const char *deck, double least) {
    eq_result **a = NULL, **b = NULL;
    size_t counts[2];
    eq_result *own = ours(deck, &a, &counts[0]);
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_ngspice_run(deck, strlen(deck), &b, &counts[1], diag);
    ck_assert_msg(status == EQ_OK, "%s\n%s",
                  eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "", deck);
    eq_diag_free(diag);
    compare(own, *b, deck, least);
    eq_raw_free(a, counts[0]);
    eq_raw_free(b, counts[1]);
}
