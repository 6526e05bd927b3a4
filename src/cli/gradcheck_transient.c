#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/gradcheck.h"

enum { COLUMNS = 9, ROWS = 20 }; /* of what is printed: t, then 3.7 and 3.8 */

/* About ROWS of the points of the table. */
static void print_rows(const eq_result *r, bool in_time) {
    size_t each = (r->points + ROWS - 1) / ROWS;
    printf("%-10s  truncated gradients by the parameters (%s%-6s  by the state (%s)\n", "",
           in_time ? "5.28)" : "3.7)", "", in_time ? "5.27" : "3.8");
    printf("%-10s  %-10s %-10s %-9s %-15s  %-10s %-10s %-9s %s\n", "t", "eqprop", "rbp", "error",
           "cosine", "eqprop", "rbp", "error", "cosine");
    for (size_t j = 0; j < r->points; j++) {
        const double *v = r->value + j * r->variables;
        if (j % each != 0 && j + 1 < r->points) continue;
        printf("%-10.4g", v[0]);
        for (int side = 1; side < COLUMNS; side += 4) {
            printf("  %-10.4g %-10.4g %-9.1e ", v[side], v[side + 1], v[side + 2]);
            if (isnan(v[side + 3]))
                printf("%-15s", "-");
            else
                printf("%-15.12f", v[side + 3]);
        }
        putchar('\n');
    }
}

/* Of the gradient, beyond which what is missing is worth a word. */
static const double far = 0.05;

static void print(const eq_transient *t) {
    printf("%zu parameters, %zu examples of %zu units; %zu steps of %.4g, beta +-%.3g\n",
           t->parameters, t->examples, t->units, t->steps, t->step, t->beta);
    print_rows(t->table, t->in_time);
    printf("largest errors %.2e (%s) and %.2e (%s) of the largest right side\n", t->theta_error,
           t->in_time ? "5.28" : "3.7", t->state_error, t->in_time ? "5.27" : "3.8");
    printf("at the end %.2e of dC/ds is left, and dL_t/dtheta is within %.2e of the adjoint\n",
           t->left, t->to_adjoint);
    if (t->to_adjoint > far)
        printf("  (modes are slow that take little part in the outputs: --steps %zu shows more of "
               "it)\n",
               10 * t->steps);
    if (t->free_steps > 0)
        printf("after the %zu free steps of the experiment a unit is %.2e off the steady state\n",
               t->free_steps, t->unsteady);
    if (t->nudged_steps > 0)
        printf("after its %zu nudged steps %.2e of the gradient is missing\n", t->nudged_steps,
               t->missing);
}

static void print_json(const eq_transient *t) {
    const eq_result *r = t->table;
    printf("{\"examples\": %zu, \"parameters\": %zu, \"units\": %zu, \"steps\": %zu, ", t->examples,
           t->parameters, t->units, t->steps);
    eq_json_number("step", t->step, ", ");
    eq_json_number("beta", t->beta, ", ");
    eq_json_number("theta_error", t->theta_error, ", ");
    eq_json_number("s_error", t->state_error, ", ");
    eq_json_number("left", t->left, ", ");
    eq_json_number("to_adjoint", t->to_adjoint, ", ");
    if (t->free_steps > 0) eq_json_number("unsteady", t->unsteady, ", ");
    if (t->nudged_steps > 0) eq_json_number("missing", t->missing, ", ");
    eq_json_number("bound", t->given ? NAN : t->bound, ", ");
    printf("\"passed\": %s, \"curve\": [", t->given ? "null" : t->passed ? "true" : "false");
    for (size_t j = 0; j < r->points; j++) {
        fputs(j == 0 ? "\n {" : ",\n {", stdout);
        for (int k = 0; k < COLUMNS; k++)
            eq_json_number(r->variable[k].name, r->value[j * r->variables + (size_t)k],
                           k + 1 < COLUMNS ? ", " : "}");
    }
    puts("]}");
}

static eq_status judge(const eq_transient *t, eq_diag *diag) {
    if (t->passed || t->given) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_CHECK,
        "theorem 3.1 does not hold: the two sides differ by %.2e (parameters) and %.2e "
        "(state), more than %g; look for a unit or a diode at the kink of its law (another "
        "--examples), or for several states between which the nudge jumps",
        t->theta_error, t->state_error, t->bound);
}

eq_status eq_gradcheck_transient(const eq_experiment *x, eq_network *trained,
                                 const eq_transient_request *r, const char *input, eq_diag *diag) {
    eq_transient t;
    eq_status status = eq_transient_check(x, trained, &r->options, &t, diag);
    if (status != EQ_OK) return status;
    if (r->output != NULL) status = eq_write_table(r->output, input, t.table, diag);
    bool shown = r->output != NULL && strcmp(r->output, "-") == 0;
    if (status == EQ_OK && r->json)
        print_json(&t);
    else if (status == EQ_OK && !shown)
        print(&t);
    if (status == EQ_OK) status = judge(&t, diag);
    eq_transient_free(&t);
    return status;
}
