/* The outer gradient of meta-learning, as `eqspice gradcheck` tells it. */
#include "cli/gradcheck.h"

#include <math.h>

#include "base/text.h"
#include "cli/cli.h"
#include "train/meta/check.h"

static void print_row(const eq_meta_check_row *r) {
    printf("%-12s %-9.3g %-12s %-12s %s\n", r->estimator, r->beta, eq_show('e', 3, r->error).text,
           eq_show('f', 9, r->cosine).text, eq_show('f', 3, r->order).text);
}

/* "group r*: strength 3e+07, beyond 1e-06 and 4e-06 1e+08" */
static void print_group(const eq_meta_group *g) {
    const eq_pull *p = &g->pull;
    if (!(p->strength > 0.0)) return;
    printf("group %s: strength %.4g", g->name, p->strength);
    if (p->soft > 0.0)
        printf(", soft strength %.4g beyond %.4g and %.4g", p->soft, p->low, p->high);
    putchar('\n');
}

static void print_report(const eq_meta_check_report *r) {
    printf(
        "outer gradient of %zu of %zu parameters, strengths and bounds, %zu task%s, against "
        "central\n"
        "differences of the outer loss, which leave %.1e of it open; %.0f gradients a training\n",
        r->compared, r->parameters, r->tasks, eq_plural(r->tasks), r->open, r->steps);
    for (size_t b = 0; b < r->groups; b++) print_group(&r->group[b]);
    printf("%-12s %-9s %-12s %-12s %s\n", "estimator", "beta from", "error", "cosine", "order");
    for (int k = 0; k < 2; k++) print_row(&r->row[k]);
    printf("%s at the experiment's beta = %g: off by %s of the outer gradient, cosine %s\n",
           r->own.estimator, r->own.beta, eq_show('e', 2, r->own.error).text,
           eq_show('f', 9, r->own.cosine).text);
}

static void print_json_row(const eq_meta_check_row *r, const char *end) {
    printf("{\"estimator\": \"%s\", ", r->estimator);
    eq_json_number("beta", r->beta, ", ");
    eq_json_number("error", r->error, ", ");
    eq_json_number("cosine", r->cosine, ", ");
    eq_json_number("order", r->order, end);
}

static void print_json(const eq_meta_check_report *r) {
    printf("{\"tasks\": %zu, \"parameters\": %zu, \"compared\": %zu, ", r->tasks, r->parameters,
           r->compared);
    eq_json_number("open", r->open, ", ");
    printf("\"passed\": %s, \"estimators\": [\n ", r->why == NULL ? "true" : "false");
    print_json_row(&r->row[0], "},\n ");
    print_json_row(&r->row[1], "}],\n \"own\": ");
    print_json_row(&r->own, "},\n \"groups\": [");
    for (size_t b = 0; b < r->groups; b++) {
        const eq_pull *p = &r->group[b].pull;
        fputs(b == 0 ? "{\"group\": " : ", {\"group\": ", stdout);
        eq_json_text(r->group[b].name);
        fputs(", ", stdout);
        eq_json_number("strength", p->strength, ", ");
        eq_json_number("soft_strength", p->soft, ", ");
        eq_json_number("soft_low", p->soft > 0.0 ? p->low : NAN, ", ");
        eq_json_number("soft_high", p->soft > 0.0 ? p->high : NAN, "}");
    }
    puts("]}");
}

eq_status eq_gradcheck_meta(const eq_experiment *x, eq_network *trained, const char *folder,
                            size_t tasks, bool json, eq_diag *diag) {
    eq_meta_check_report r;
    eq_status status = eq_meta_check(x, trained, folder, tasks, &r, diag);
    if (status != EQ_OK) return status;
    if (json)
        print_json(&r);
    else
        print_report(&r);
    if (r.why != NULL) status = eq_fail(diag, EQ_ERR_CHECK, "%s", r.why);
    eq_meta_check_free(&r);
    return status;
}
