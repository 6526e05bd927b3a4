#include <math.h>
#include <stdio.h>

#include "base/carry.h"
#include "cli/cli.h"
#include "cli/eval.h"

/* Examples of true class k, and how many of them were taken for others. */
static void class_counts(const eq_evaluation *e, size_t k, size_t *examples, size_t *wrong) {
    *examples = 0;
    for (size_t j = 0; j < e->classes; j++) *examples += e->confusion[k * e->classes + j];
    *wrong = *examples - e->confusion[k * e->classes + k];
}

static double fraction(size_t part, size_t all) {
    return all > 0 ? (double)part / (double)all : NAN;
}

enum { SHORTEST = 16, LONGEST = 52 }; /* of a column of names */

size_t eq_names_width(const eq_evaluation *e) {
    size_t most = SHORTEST;
    for (size_t k = 0; k < e->classes; k++) {
        size_t width = eq_carry_width(e->class_name[k]);
        most = width > most ? width : most;
    }
    return most < LONGEST ? most : LONGEST;
}

/* A longer name has a line of its own. */
void eq_print_name(const char *name, size_t width) {
    eq_carry_field(name, width, SIZE_MAX, true, stdout);
    if (eq_carry_width(name) > width) printf("\n%*s", (int)width, "");
}

void eq_print_classes(const eq_evaluation *e) {
    size_t width = eq_names_width(e);
    printf("\n%-*s %8s %8s %8s\n", (int)width, "class", "examples", "wrong", "error");
    for (size_t k = 0; k < e->classes; k++) {
        size_t examples, wrong;
        class_counts(e, k, &examples, &wrong);
        eq_print_name(e->class_name[k], width);
        printf(" %8zu %8zu", examples, wrong);
        if (examples > 0)
            printf(" %6.2f %%\n", 100.0 * fraction(wrong, examples));
        else
            printf(" %8s\n", "-");
    }
}

static void print_watts(const char *what, const char *name, const eq_watts *w) {
    char label[40];
    if (w->delivered == 0.0 && w->dissipated == 0.0) return;
    snprintf(label, sizeof label, "%s%s", what, name);
    printf("  %-24s %13.6g %13.6g\n", label, w->delivered, w->dissipated);
}

/* Which capacitances count: "1e-12 F at each node and the deck's 2 capacitors". */
static void print_capacitances(size_t own, double farad) {
    if (!isnan(farad)) printf("%g F at each node%s", farad, own > 0 ? " and " : "");
    if (own > 0) printf("the deck's %zu capacitor%s", own, eq_plural(own));
}

static void print_settling(const eq_circuit *c, const eq_inference *i, double farad) {
    bool by_tau = !isnan(i->tau) && i->settling == log(1e3) * i->tau;
    if (isnan(i->settling)) return;
    if (!isnan(i->tau)) {
        printf("slowest time constant %.6g s, the longest of %zu example%s, with\n  ", i->tau,
               i->settled, eq_plural(i->settled));
        print_capacitances(c->capacitors, farad);
        putchar('\n');
    }
    printf("energy of an inference: %.6g J in %.6g s%s\n", i->power->total.delivered * i->settling,
           i->settling, by_tau ? ", until 0.1 % is left" : "");
}

void eq_print_power(const eq_circuit *c, const eq_inference *i, double farad) {
    const eq_power *p = i->power;
    char layer[24];
    printf("\npower of an inference: %.6g W, mean of %zu example%s\n", p->total.delivered,
           p->examples, eq_plural(p->examples));
    printf("  (%.6g to %.6g W)\n", p->least, p->most);
    printf("  %-24s %13s %13s\n", "", "delivers W", "dissipates W");
    for (int k = 0; k < EQ_CLASS_COUNT; k++) print_watts("", eq_class(k)->name, &p->cls[k]);
    for (size_t k = 0; k < p->layers; k++) {
        snprintf(layer, sizeof layer, k == 0 ? "0 (sources)" : "%zu", k);
        print_watts("layer ", layer, &p->layer[k]);
    }
    for (size_t k = 0; k < p->groups; k++) print_watts("trained ", c->group[k].name, &p->group[k]);
    printf("delivered and dissipated differ by at most %.3g W; KCL allows %.3g W\n", p->balance,
           p->bound);
    print_settling(c, i, farad);
}

static void print_attacked(double eps, double loss, double error) {
    printf("%-12g %12.6g", eps, loss);
    if (isnan(error))
        printf(" %12s\n", "-");
    else
        printf(" %10.2f %%\n", 100.0 * error);
}

void eq_print_attack(const eq_evaluation *e, const eq_attack_options *o, const eq_attack *a) {
    printf("\n%-12s %12s %12s   adversarial examples, ", "eps", "loss", "error");
    if (o->steps == 1)
        puts("by the sign of the gradient");
    else
        printf("%zu steps of projected ascent\n", o->steps);
    print_attacked(0.0, e->loss, e->target == NULL ? e->error : NAN);
    for (size_t k = 0; k < o->count; k++) print_attacked(o->eps[k], a->loss[k], a->error[k]);
}

static void print_spreading(const char *name, double meant, const eq_spreading *s) {
    printf("%-8s %12.6g %12.6g %12.4g %12.6g %12.6g %12.6g\n", name, meant, s->mean, s->deviation,
           s->q05, s->q50, s->q95);
}

void eq_print_draws(const eq_evaluation *e, const eq_chip_draws *d) {
    bool targets = e->target != NULL;
    printf("\n%zu chips, from chip %llu on", d->drawn, (unsigned long long)d->first);
    if (d->failed > 0) printf("; %zu more have no operating point", d->failed);
    printf("\n%-8s %12s %12s %12s %12s %12s %12s\n", "", "as meant", "mean", "deviation", "5 %",
           "median", "95 %");
    print_spreading(targets ? "RMSE" : "error", targets ? e->rmse : e->error, &d->error);
    print_spreading("loss", e->loss, &d->loss);
}

/* Classes: how many were wrong; targets: what each is off by. */
static void json_targets(const eq_evaluation *e) {
    eq_json_number("rmse", e->rmse, ", ");
    eq_json_number("r2", e->r2, "");
    fputs(",\n \"targets\": [", stdout);
    for (size_t k = 0; k < e->classes; k++) {
        fputs(k == 0 ? "{\"name\": " : ",\n  {\"name\": ", stdout);
        eq_json_text(e->class_name[k]);
        fputs(", ", stdout);
        eq_json_number("rmse", e->target[k].rmse, ", ");
        eq_json_number("mae", e->target[k].mae, ", ");
        eq_json_number("r2", e->target[k].r2, "");
        putchar('}');
    }
    putchar(']');
}

static void json_classes(const eq_evaluation *e) {
    printf("\"wrong\": %zu, ", e->wrong);
    eq_json_number("error", e->error, "");
    fputs(",\n \"classes\": [", stdout);
    for (size_t k = 0; k < e->classes; k++) {
        size_t examples, wrong;
        class_counts(e, k, &examples, &wrong);
        fputs(k == 0 ? "{\"name\": " : ",\n  {\"name\": ", stdout);
        eq_json_text(e->class_name[k]);
        printf(", \"examples\": %zu, \"wrong\": %zu, ", examples, wrong);
        eq_json_number("error", fraction(wrong, examples), "");
        fputs(", \"predicted\": [", stdout);
        for (size_t j = 0; j < e->classes; j++)
            printf(j == 0 ? "%zu" : ", %zu", e->confusion[k * e->classes + j]);
        fputs("]}", stdout);
    }
    fputs("]", stdout);
}

/* "KEY": {"memristor": W, ...} of the classes of elements that are there. */
static void json_elements(const char *key, const eq_circuit *c, const eq_power *p, bool delivered) {
    const char *between = "";
    printf("\"%s\": {", key);
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        if (c->table[k].count == 0) continue;
        fputs(between, stdout);
        eq_json_number(eq_class(k)->name, delivered ? p->cls[k].delivered : p->cls[k].dissipated,
                       "");
        between = ", ";
    }
    putchar('}');
}

static void json_list(const char *key, const eq_watts *w, size_t n) {
    printf(",\n  \"%s\": [", key);
    char text[EQ_NUMBER_LENGTH];
    for (size_t k = 0; k < n; k++)
        printf("%s%s", k == 0 ? "" : ", ", eq_number(w[k].dissipated, text));
    putchar(']');
}

/* What the others dissipate, by class, layer and group; each adds up to the total, but for groups,
 * which are the trained elements alone. */
static void json_power(const eq_circuit *c, const eq_inference *i) {
    const eq_power *p = i->power;
    char text[EQ_NUMBER_LENGTH];
    fputs(",\n \"watts\": {", stdout);
    eq_json_number("total", p->total.dissipated, ", ");
    eq_json_number("least", p->least, ", ");
    eq_json_number("most", p->most, ",\n  ");
    json_elements("class", c, p, false);
    json_list("layer", p->layer, p->layers);
    fputs(",\n  \"group\": {", stdout);
    for (size_t k = 0; k < p->groups; k++) {
        fputs(k == 0 ? "" : ", ", stdout);
        eq_json_text(c->group[k].name);
        printf(": %s", eq_number(p->group[k].dissipated, text));
    }
    fputs("},\n  ", stdout);
    json_elements("delivered", c, p, true);
    fputs(",\n  ", stdout);
    eq_json_number("balance", p->balance, ", ");
    eq_json_number("bound", p->bound, "");
    putchar('}');
    if (isnan(i->settling)) return;
    fputs(",\n ", stdout);
    eq_json_number("tau", i->tau, ", ");
    eq_json_number("settling", i->settling, ", ");
    eq_json_number("joules", p->total.delivered * i->settling, "");
}

static void json_spreading(const eq_spreading *s) {
    const struct {
        const char *name;
        double value;
    } all[] = {{"mean", s->mean},
               {"deviation", s->deviation},
               {"q05", s->q05},
               {"q50", s->q50},
               {"q95", s->q95}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        fputs(k == 0 ? "" : ", ", stdout);
        eq_json_number(all[k].name, all[k].value, "");
    }
}

/* Of the error (the RMSE of targets), and of the loss. */
static void json_draws(const eq_chip_draws *d) {
    printf(",\n \"draws\": {\"first\": %llu, \"chips\": %zu, \"failed\": %zu, ",
           (unsigned long long)d->first, d->drawn, d->failed);
    json_spreading(&d->error);
    fputs(",\n  \"loss\": {", stdout);
    json_spreading(&d->loss);
    fputs("}}", stdout);
}

static void json_attack(const eq_attack_options *o, const eq_attack *a) {
    printf(",\n \"attack\": {\"steps\": %zu, \"points\": [", o->steps);
    for (size_t k = 0; k < o->count; k++) {
        fputs(k == 0 ? "{" : ",\n  {", stdout);
        eq_json_number("eps", o->eps[k], ", ");
        eq_json_number("loss", a->loss[k], ", ");
        eq_json_number("error", a->error[k], "");
        putchar('}');
    }
    fputs("]}", stdout);
}

void eq_print_evaluation_json(const eq_circuit *c, const eq_inference *i,
                              const eq_attack_options *o, const eq_attack *a,
                              const eq_chip_draws *drawn, size_t epoch) {
    const eq_evaluation *e = &i->score;
    printf("{\"examples\": %zu, \"epoch\": %zu, ", e->examples, epoch);
    eq_json_number("loss", e->loss, ", ");
    if (e->target != NULL)
        json_targets(e);
    else
        json_classes(e);
    if (i->power != NULL) json_power(c, i);
    if (o->count > 0) json_attack(o, a);
    if (drawn != NULL) json_draws(drawn);
    puts("}");
}
