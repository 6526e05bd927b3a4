/* Which parameters the loss, or an output, depends on most, and what mismatch does to it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/deck.h"
#include "cli/subject.h"

typedef struct request {
    const char *output, *dialect, *file;
    int samples, top, draws, seed;
    bool training;
    double sigma;
} request;

/* One subject under study. */
typedef struct study {
    const request *r;
    eq_subject subject;
    eq_loss_scenes *work; /* NULL: of a deck */
    eq_output output;
    const eq_analysis *card; /* the .sens of the deck that says the output; NULL: none does */
    size_t samples;
    eq_text name; /* "loss", "v(a,b)" */
    const char *unit;
    eq_sensitivity s;
    size_t *rank; /* [params] the largest effect first */
} study;

/* The node of n bytes at text; ground is none that has a potential of its own, but may be written. */
static eq_status find_node(const eq_circuit *c, const char *text, size_t n, eq_node *node,
                           eq_diag *diag) {
    eq_text name = {0};
    eq_text_add(&name, text, n);
    if (name.failed) return eq_out_of_memory(diag);
    *node = eq_circuit_find_node(c, name.text);
    eq_status status =
        *node >= 0
            ? EQ_OK
            : eq_fail(diag, EQ_ERR_USAGE,
                      "the circuit has no node '%s'; --of takes NODE or NODE,NODE", name.text);
    eq_text_free(&name);
    return status;
}

/* "out", "a,b", "v(a,b)". */
static eq_status find_output(study *q, eq_diag *diag) {
    const eq_circuit *c = q->subject.circuit;
    const char *text = q->r->output;
    size_t n = strlen(text);
    if (n > 3 && (text[0] == 'v' || text[0] == 'V') && text[1] == '(' && text[n - 1] == ')') {
        text += 2;
        n -= 3;
    }
    const char *comma = memchr(text, ',', n);
    size_t first = comma == NULL ? n : (size_t)(comma - text);
    q->output = (eq_output){.minus = EQ_NONE};
    eq_text_printf(&q->name, "v(%.*s)", (int)n, text);
    eq_status status = find_node(c, text, first, &q->output.plus, diag);
    if (status == EQ_OK && comma != NULL)
        status = find_node(c, comma + 1, n - first - 1, &q->output.minus, diag);
    return status;
}

/* The output of a .sens card, and its parameters. */
static eq_status open_card(study *q, eq_diag *diag) {
    const eq_deck *d = q->subject.deck;
    const eq_formula *f = q->card->output;
    if (q->card->alternating)
        return eq_fail_at(
            diag, EQ_ERR_INPUT, eq_circuit_place(q->subject.circuit, q->card->at),
            ".sens .. ac asks for sensitivities over frequency, and these are taken at "
            "dc; write .sens %s alone, or say of what, as in --of out",
            eq_names_get(d->label, q->card->label));
    eq_text_puts(&q->name, eq_names_get(d->label, q->card->label));
    q->unit = f->inputs == 1 && f->input[0].kind == EQ_INPUT_CURRENT ? "A" : "V";
    if (f->inputs != 1 || f->slots != 1) q->unit = "";
    eq_scenes scenes = {
        .n = 1, .formula = f, .wanted = d->wanted + q->card->first, .wants = q->card->wanted};
    return eq_sensitivity_open(&q->s, q->subject.circuit, &scenes, diag);
}

static eq_status open_output(study *q, eq_diag *diag) {
    eq_circuit *c = q->subject.circuit;
    q->unit = "V";
    q->samples = 1;
    if (q->card != NULL) return open_card(q, diag);
    if (q->r->output != NULL) {
        eq_status status = find_output(q, diag);
        if (status != EQ_OK) return status;
    } else if (c->outputs > 0) {
        q->output = c->output[0];
        eq_text_printf(&q->name, "v(%s%s%s)", eq_circuit_node_name(c, q->output.plus),
                       q->output.minus == EQ_NONE ? "" : ",",
                       q->output.minus == EQ_NONE ? "" : eq_circuit_node_name(c, q->output.minus));
    } else {
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the deck has neither .sens nor `*%% output`; say of what, as in --of out");
    }
    eq_scenes scenes = eq_scenes_of(&q->output);
    return eq_sensitivity_open(&q->s, c, &scenes, diag);
}

/* The mean loss of a trained network, or that of an output. */
static eq_status open_trained(study *q, eq_diag *diag) {
    eq_trained *m = q->subject.trained;
    const eq_output *of = q->r->output != NULL ? &q->output : NULL;
    q->unit = of != NULL ? "V" : "";
    if (of == NULL) eq_text_puts(&q->name, "loss");
    eq_status status = of != NULL ? find_output(q, diag) : EQ_OK;
    if (status != EQ_OK) return status;
    eq_trained_take(m, q->r->training || eq_trained_samples(m) == 0);
    return eq_trained_sensitivity(m, of, (size_t)q->r->samples, &q->samples, &q->work, &q->s, diag);
}

static eq_status open_study(study *q, eq_diag *diag) {
    if (q->subject.trained != NULL) return open_trained(q, diag);
    if (q->r->samples > 0 || q->r->training)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "a deck has no samples; give the folder that `eqspice train` wrote");
    return open_output(q, diag);
}

static void close_study(study *q) {
    eq_sensitivity_close(&q->s);
    eq_loss_scenes_free(q->work);
    eq_text_free(&q->name);
    eq_free(q->rank);
}

/* A parameter as the line of a deck gives it, and the slope by that: of m resistors side by side, one. */
typedef struct figure {
    double value, slope;
} figure;

static figure figure_of(const study *q, size_t p) {
    const eq_deck *d = q->subject.deck;
    double scale = d == NULL ? 1.0 : eq_deck_scale(d, q->s.handle[p]);
    return (figure){q->s.value[p] / scale, q->s.gradient[p] * scale};
}

/* What a change of the whole value would do, to first order. */
static double effect(const study *q, size_t p) {
    return q->s.value[p] * q->s.gradient[p];
}

static const study *ranked; /* qsort has no argument for it */

static int larger_first(const void *a, const void *b) {
    size_t p = *(const size_t *)a, o = *(const size_t *)b;
    double x = fabs(effect(ranked, p)), y = fabs(effect(ranked, o));
    return x > y ? -1 : x < y ? 1 : p < o ? -1 : 1;
}

static eq_status rank(study *q, eq_diag *diag) {
    q->rank = eq_malloc(q->s.params, sizeof *q->rank);
    if (q->rank == NULL) return eq_out_of_memory(diag);
    for (size_t p = 0; p < q->s.params; p++) q->rank[p] = p;
    ranked = q;
    qsort(q->rank, q->s.params, sizeof *q->rank, larger_first);
    return EQ_OK;
}

static void print_ranking(const study *q) {
    size_t shown = (size_t)q->r->top < q->s.params ? (size_t)q->r->top : q->s.params;
    printf("%s = %.6g%s%s, %zu parameter%s", q->name.text, q->s.mean, *q->unit ? " " : "", q->unit,
           q->s.params, q->s.params == 1 ? "" : "s");
    if (q->work != NULL) printf(", mean of %zu sample%s", q->samples, eq_plural(q->samples));
    printf("\n\n%4s  %-24s %14s %14s %14s\n", "", "parameter", "value", "slope", "for +1 %");
    for (size_t k = 0; k < shown; k++) {
        size_t p = q->rank[k];
        figure f = figure_of(q, p);
        eq_text name = {0};
        eq_handle_name(q->s.c, q->s.handle[p], &name);
        printf("%4zu  %-24s %14.6g %14.6g %14.6g\n", k + 1, name.failed ? "?" : name.text, f.value,
               f.slope, 0.01 * effect(q, p));
        eq_text_free(&name);
    }
    if (shown < q->s.params)
        printf("      and %zu more: --top N, or -o FILE.csv\n", q->s.params - shown);
}

static eq_status write_csv(const study *q, const char *input, eq_diag *diag) {
    eq_text text = {0};
    char number[3][EQ_NUMBER_LENGTH];
    eq_text_puts(&text, "rank,parameter,unit,value,slope,effect\n");
    for (size_t k = 0; k < q->s.params; k++) {
        size_t p = q->rank[k];
        figure f = figure_of(q, p);
        eq_text_printf(&text, "%zu,\"", k + 1);
        eq_handle_name(q->s.c, q->s.handle[p], &text);
        eq_text_printf(&text, "\",%s,%s,%s,%s\n", eq_handle_about(q->s.c, q->s.handle[p]).unit,
                       eq_number(f.value, number[0]), eq_number(f.slope, number[1]),
                       eq_number(effect(q, p), number[2]));
    }
    eq_status status = eq_write_text(q->r->file, input, &text, diag);
    eq_text_free(&text);
    return status;
}

static eq_status print_mismatch(study *q, eq_diag *diag) {
    const request *r = q->r;
    eq_draws d;
    printf("\nevery parameter off by %g %% on its own: deviation %.4g to first order",
           100.0 * r->sigma, eq_sensitivity_deviation(&q->s, r->sigma));
    if (r->draws == 0) {
        putchar('\n');
        return EQ_OK;
    }
    eq_status status =
        eq_sensitivity_draw(&q->s, r->sigma, (size_t)r->draws, (uint64_t)r->seed, &d, diag);
    if (status != EQ_OK) return status;
    printf(",\n%.4g by %zu draws (mean %.6g)", d.deviation, d.drawn, d.mean);
    if (d.failed > 0) printf("; %zu draws have no operating point", d.failed);
    putchar('\n');
    return EQ_OK;
}

static eq_status check_request(const request *r, eq_diag *diag) {
    if (!(r->sigma >= 0.0 && isfinite(r->sigma)))
        return eq_fail(diag, EQ_ERR_USAGE, "--sigma %g is no fraction; give one like 0.01",
                       r->sigma);
    return EQ_OK;
}

/* Of the output that `card` says, or without one. */
static eq_status study_one(study *q, const char *path, eq_diag *diag) {
    eq_status status = open_study(q, diag);
    if (status == EQ_OK && q->name.failed) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = rank(q, diag);
    if (status == EQ_OK && q->r->file != NULL) status = write_csv(q, path, diag);
    if (status == EQ_OK) {
        eq_print_diag(diag);
        print_ranking(q);
        status = print_mismatch(q, diag);
    }
    close_study(q);
    return status;
}

static bool is_card(const eq_deck *d, size_t k) {
    return d->analysis[k].type == EQ_ANALYSIS_SENS;
}

/* Where --of is not given, of each .sens card of a deck, one below the other. */
static eq_status study_all(const eq_subject *subject, const request *r, const char *path,
                           eq_diag *diag) {
    const eq_deck *d = r->output == NULL ? subject->deck : NULL;
    size_t cards = 0, done = 0;
    eq_status status = EQ_OK;
    for (size_t k = 0; d != NULL && k < d->analyses; k++) cards += is_card(d, k);
    if (cards > 1 && r->file != NULL)
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "the deck has %zu .sens cards, and one file takes one; say which output, as in "
            "--of out",
            cards);
    for (size_t k = 0; status == EQ_OK && cards > 0 && k < d->analyses; k++) {
        study q = {.r = r, .subject = *subject, .card = &d->analysis[k]};
        if (!is_card(d, k)) continue;
        if (done++ > 0) putchar('\n');
        status = study_one(&q, path, diag);
    }
    study q = {.r = r, .subject = *subject};
    return cards > 0 ? status : study_one(&q, path, diag);
}

static eq_status sens(const char *path, const request *r, eq_diag *diag) {
    eq_subject subject = {NULL, NULL, NULL};
    eq_status status = check_request(r, diag);
    if (status == EQ_OK && r->file != NULL) status = eq_check_output(r->file, path, diag);
    if (status == EQ_OK) status = eq_subject_open(path, r->dialect, &subject, diag);
    if (status == EQ_OK) status = study_all(&subject, r, path, diag);
    eq_subject_close(&subject);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    request r = {.top = 20, .seed = 1, .sigma = 0.01};
    const eq_option table[] = {
        {"of", 0, EQ_OPTION_TEXT, &r.output, "NODE[,NODE]",
         "of this potential or drop (a deck: of its .sens; a network: its loss)"},
        {"samples", 0, EQ_OPTION_INT, &r.samples, "N", "the mean over the first N samples (32)"},
        {"train", 0, EQ_OPTION_FLAG, &r.training, NULL, "samples of the training set"},
        {"top", 0, EQ_OPTION_INT, &r.top, "N", "show the N parameters that matter most (20)"},
        {"sigma", 0, EQ_OPTION_NUMBER, &r.sigma, "S",
         "mismatch: every parameter off by this fraction (0.01)"},
        {"draws", 0, EQ_OPTION_INT, &r.draws, "N", "its effect by N draws, too"},
        {"seed", 0, EQ_OPTION_INT, &r.seed, "N", "of the draws (1)"},
        EQ_DIALECT_OPTION(&r.dialect),
        {"output", 'o', EQ_OPTION_TEXT, &r.file, "FILE", "write all of them as CSV"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    return eq_finish(diag, sens(path, &r, diag));
}

const eq_command eq_command_sens = {
    "sens", "DIR|DECK", "rank all parameters by what the loss or an output depends on", false, run};
