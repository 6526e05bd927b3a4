#define _POSIX_C_SOURCE 200809L /* isatty */
#include "report/verify.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/deck.h"
#include "cli/subject.h"

enum { MOST_POINTS = 1000 }; /* of the sweeps of a deck: ngspice is started for each */

typedef struct verify_options {
    const char *sample, *input, *dialect;
    bool training;
    double tol;
    bool terminal; /* standard error is one: progress is shown there */
} verify_options;

static void show(void *data, size_t done, size_t points) {
    const verify_options *o = data;
    if (o->terminal) fprintf(stderr, "\r\033[Kngspice: %zu of %zu", done + 1, points);
}

static void clear(const verify_options *o) {
    if (o->terminal) fputs("\r\033[K", stderr);
}

/* One phase of a trained network; `what` says which. */
static eq_status verify_phase(eq_subject *s, verify_options *o, const char *what,
                              eq_verification *all, eq_diag *diag) {
    eq_verification v;
    eq_status status = eq_verify(s->circuit, o->tol, &v, diag);
    clear(o);
    if (status != EQ_OK) return status;
    eq_verification_merge(all, &v);
    printf("%s phase: %.3g relative over %zu nodes\n", what, v.node.relative, v.node.count);
    return EQ_OK;
}

static eq_status verify_samples(eq_subject *s, verify_options *o, eq_verification *all,
                                eq_diag *diag) {
    size_t first, last, done = 0;
    bool training = o->training;
    eq_status status = eq_subject_samples(s, o->sample, &training, &first, &last, diag);
    int phases = eq_trained_nudges(s->trained) ? 2 : 1;
    if (status == EQ_OK && phases == 1)
        printf("free phases alone: a clamp of both nodes of a pair is no source of the deck\n");
    for (size_t k = first; status == EQ_OK && k <= last; k++)
        for (int nudged = 0; status == EQ_OK && nudged < phases; nudged++, done++) {
            char what[64] = "";
            if (first != last || training)
                snprintf(what, sizeof what, "%s sample %zu, ", training ? "training" : "test", k);
            strncat(what, nudged ? "nudged" : "free", sizeof what - strlen(what) - 1);
            show(o, done, (size_t)phases * (last - first + 1));
            status = eq_subject_sample(s, k, nudged, diag);
            if (status == EQ_OK) status = verify_phase(s, o, what, all, diag);
        }
    return status;
}

/* At inputs of the user's own there is no target, so nothing to nudge to. */
static eq_status verify_input(eq_subject *s, verify_options *o, eq_verification *all,
                              eq_diag *diag) {
    if (o->sample != NULL || o->training)
        return eq_fail(diag, EQ_ERR_USAGE, "--input and a sample are both given; give one of them");
    eq_status status = eq_subject_input(s, o->input, diag);
    return status == EQ_OK ? verify_phase(s, o, "free", all, diag) : status;
}

static eq_status verify_deck(eq_subject *s, verify_options *o, eq_verification *all,
                             eq_diag *diag) {
    double points = 1.0;
    size_t first, last;
    bool training = o->training;
    eq_status status = eq_subject_samples(s, o->sample, &training, &first, &last, diag);
    if (status != EQ_OK) return status;
    eq_verify_options v = {o->tol, MOST_POINTS, show, o};
    status = eq_verify_deck(s->deck, &v, all, &points, diag);
    clear(o);
    if (status == EQ_OK && points > (double)all->points)
        printf("%zu of %.15g points, evenly chosen\n", all->points, points);
    return status;
}

/* Where ngspice's own answer stands by our equations. */
static void say_kept(const eq_verification *v, double tol, eq_text *out) {
    const eq_judgement *k = &v->kept;
    if (!v->judged) return;
    if (k->gap > tol * v->node.absolute && k->gap > 1e-9)
        eq_text_printf(out,
                       "; but ngspice's own answer breaks the equation of a source: v(%s) is off "
                       "by %.3g V from what the sources make of the other nodes; ours keeps it",
                       v->off, k->gap);
    else if (!(k->ratio <= 1.0))
        eq_text_printf(out,
                       "; but ngspice's own answer breaks Kirchhoff's current law (KCL): %.3g A "
                       "at %s, %.3g times what %g relative allows; ours keeps it",
                       k->residual, k->where, k->ratio, tol);
    else
        eq_text_printf(out,
                       "; both answers keep Kirchhoff's current law (KCL) to %g: look for several "
                       "operating points, and for currents that hardly say where nodes rest",
                       tol);
}

static eq_status say_differs(const eq_verification *v, double tol, eq_diag *diag) {
    const eq_deviation *d = v->node.relative <= tol ? &v->branch : &v->node;
    eq_text kept = {0};
    eq_text_puts(&kept, "");
    say_kept(v, tol, &kept);
    eq_status status =
        kept.failed
            ? eq_out_of_memory(diag)
            : eq_fail(diag, EQ_ERR_CHECK,
                      "%s differs from ngspice by %.3g relative, more than %g%s%s%s", d->worst,
                      d->relative, tol, v->where[0] == '\0' ? "" : ", at ", v->where, kept.text);
    eq_text_free(&kept);
    return status;
}

static void say_starts(const eq_verification *v, eq_diag *diag) {
    static const char *const did[] = {"ended elsewhere", "found no operating point"};
    const size_t count[] = {v->elsewhere, v->nowhere};
    for (int k = 0; k < 2; k++)
        if (count[k] > 0)
            eq_note_at(diag, (eq_place){0},
                       "ngspice %s by itself at %zu of %zu points; started at our answer it stays "
                       "there, which is what was compared",
                       did[k], count[k], v->points);
}

static eq_status judge(const eq_verification *v, bool swept, double tol, eq_diag *diag) {
    if (v->branch.count > 0)
        printf("currents: max deviation %.3g A absolute, %.3g relative over %zu branch%s\n",
               v->branch.absolute, v->branch.relative, v->branch.count,
               v->branch.count == 1 ? "" : "es");
    printf("max deviation %.3g V absolute, %.3g relative over %zu node%s", v->node.absolute,
           v->node.relative, v->node.count, eq_plural(v->node.count));
    if (swept && v->points > 1) printf(", %zu points", v->points);
    putchar('\n');
    say_starts(v, diag);
    return eq_verification_holds(v, tol) ? EQ_OK : say_differs(v, tol, diag);
}

static eq_status verify(const char *path, verify_options *o, eq_diag *diag) {
    eq_subject s;
    eq_verification all = {0};
    eq_status status = eq_subject_open(path, o->dialect, &s, diag);
    if (status == EQ_OK)
        status = o->input != NULL    ? verify_input(&s, o, &all, diag)
                 : s.trained != NULL ? verify_samples(&s, o, &all, diag)
                                     : verify_deck(&s, o, &all, diag);
    if (status == EQ_ERR_CHECK)
        eq_note_at(diag, (eq_place){0},
                   "ngspice knows the nodes as n1, n2, ... in the order of `eqspice op`");
    if (status == EQ_OK) status = judge(&all, s.deck != NULL, o->tol, diag);
    eq_subject_close(&s);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    verify_options o = {.tol = 1e-6, .terminal = isatty(STDERR_FILENO) == 1};
    const eq_option table[] = {
        {"sample", 0, EQ_OPTION_TEXT, &o.sample, "K|K..L",
         "test samples on the inputs of a trained network (0)"},
        {"train", 0, EQ_OPTION_FLAG, &o.training, NULL, "take samples from the training set"},
        {"input", 0, EQ_OPTION_TEXT, &o.input, "X,X,..",
         "these features (a deck: V of the input sources) instead"},
        EQ_DIALECT_OPTION(&o.dialect),
        {"tol", 0, EQ_OPTION_NUMBER, &o.tol, "R", "largest relative deviation (1e-6)"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_status status = verify(path, &o, diag);
    return eq_finish(diag, status);
}

const eq_command eq_command_verify = {"verify", "DECK|DIR", "compare with ngspice node by node",
                                      false, run};
