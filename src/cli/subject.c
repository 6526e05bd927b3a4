#include "cli/subject.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/deck.h"

eq_status eq_subject_open(const char *path, const char *dialect, eq_subject *s, eq_diag *diag) {
    *s = (eq_subject){NULL, NULL, NULL};
    bool folder = eq_is_folder(path);
    eq_status status = folder ? eq_trained_open_on(path, NULL, 1, &s->trained, diag)
                              : eq_read_deck(path, dialect, &s->deck, diag);
    if (status == EQ_OK && folder)
        status =
            eq_experiment_needs_circuit(eq_trained_experiment(s->trained), "this command", diag);
    if (status == EQ_OK) s->circuit = folder ? eq_trained_circuit(s->trained) : s->deck->circuit;
    return status;
}

void eq_subject_close(eq_subject *s) {
    eq_deck_free(s->deck);
    eq_trained_free(s->trained);
}

static eq_status no_samples(eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_USAGE,
                   "a deck has no samples and no nudged phase of its own; give "
                   "the folder that `eqspice train` wrote");
}

eq_status eq_subject_sample(eq_subject *s, size_t k, bool nudged, eq_diag *diag) {
    return s->trained == NULL ? no_samples(diag) : eq_trained_sample(s->trained, k, nudged, diag);
}

/* K or K..L, all digits. */
static bool read_range(const char *text, size_t *first, size_t *last) {
    int n = 0, m = 0;
    if (strspn(text, "0123456789.") != strlen(text)) return false;
    if (sscanf(text, "%9zu%n", first, &n) != 1) return false;
    *last = *first;
    if (text[n] == '\0') return true;
    return sscanf(text + n, "..%9zu%n", last, &m) == 1 && text[n + m] == '\0' && *first <= *last;
}

eq_status eq_subject_samples(eq_subject *s, const char *range, bool *training, size_t *first,
                             size_t *last, eq_diag *diag) {
    *first = *last = 0;
    if (range != NULL && !read_range(range, first, last))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "'%s' are no samples; give one, as in 3, or a range, "
                       "as in 0..9",
                       range);
    if (s->trained == NULL) return range == NULL && !*training ? EQ_OK : no_samples(diag);
    if (range == NULL && eq_trained_samples(s->trained) == 0) *training = true;
    eq_trained_take(s->trained, *training);
    /* the last one first: what it says holds for the first too */
    return eq_trained_sample(s->trained, *last, false, diag);
}

static eq_status set_inputs(eq_circuit *c, const double *value, size_t n, eq_diag *diag) {
    if (c->inputs == 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the deck names no input sources; add a line `*%% input Vx1 ..`");
    if (n != c->inputs)
        return eq_fail(diag, EQ_ERR_USAGE, "%zu values are given, the deck has %zu input sources",
                       n, c->inputs);
    for (size_t k = 0; k < n; k++) *eq_circuit_source(c, c->input[k]) = value[k];
    return EQ_OK;
}

/* The numbers between commas; false where there is another thing. */
static bool read_numbers(const char *text, double *value, size_t *n) {
    for (*n = 0;; text++) {
        size_t length = strcspn(text, ",");
        if (length == 0 || eq_parse_double(text, length, &value[*n]) != length) return false;
        ++*n;
        text += length;
        if (*text == '\0') return true;
    }
}

eq_status eq_subject_input(eq_subject *s, const char *values, eq_diag *diag) {
    size_t n = 0;
    double *value = eq_malloc(strlen(values) / 2 + 1, sizeof *value);
    if (value == NULL) return eq_out_of_memory(diag);
    eq_status status = EQ_OK;
    if (!read_numbers(values, value, &n))
        status =
            eq_fail(diag, EQ_ERR_USAGE,
                    "'%s' are no values; give numbers parted by commas, as in 1,0,-0.5", values);
    else if (s->trained != NULL)
        status = eq_trained_features(s->trained, value, n, diag);
    else
        status = set_inputs(s->circuit, value, n, diag);
    eq_free(value);
    return status;
}

eq_status eq_subject_inputs(eq_subject *s, const char *input, const char *sample, bool training,
                            eq_diag *diag) {
    size_t first, last;
    if (input != NULL && (sample != NULL || training))
        return eq_fail(diag, EQ_ERR_USAGE, "--input and a sample are both given; give one of them");
    if (input != NULL) return eq_subject_input(s, input, diag);
    eq_status status = eq_subject_samples(s, sample, &training, &first, &last, diag);
    if (status == EQ_OK && first != last)
        status = eq_fail(diag, EQ_ERR_USAGE,
                         "one operating point is of one sample; give --sample %zu", first);
    return status == EQ_OK && s->trained != NULL ? eq_subject_sample(s, first, false, diag)
                                                 : status;
}

eq_status eq_subject_model(const char *path, const eq_settings *settings, eq_experiment **x,
                           eq_network **model, eq_diag *diag) {
    *model = NULL;
    return eq_is_folder(path) ? eq_trained_model(path, settings, x, model, diag)
                              : eq_experiment_read_with(path, settings, x, diag);
}
