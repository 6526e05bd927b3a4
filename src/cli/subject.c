#include "cli/subject.h"

#include "cli/deck.h"

eq_status eq_subject_open(const char *path, const char *dialect, eq_subject *s, eq_diag *diag) {
    *s = (eq_subject){NULL, NULL, NULL};
    bool folder = eq_is_folder(path);
    eq_status status = folder ? eq_trained_open(path, NULL, 1, &s->trained, diag)
                              : eq_read_deck(path, dialect, &s->deck, diag);
    if (status == EQ_OK) s->circuit = folder ? eq_trained_circuit(s->trained) : s->deck->circuit;
    return status;
}

void eq_subject_close(eq_subject *s) {
    eq_deck_free(s->deck);
    eq_trained_free(s->trained);
}

eq_status eq_subject_sample(eq_subject *s, int k, bool nudged, eq_diag *diag) {
    if (s->trained == NULL) {
        if (k < 0 && !nudged) return EQ_OK;
        return eq_fail(diag, EQ_ERR_USAGE,
                       "a deck has no samples and no nudged phase of its own; give "
                       "the folder that `eqspice train` wrote");
    }
    size_t samples = eq_trained_samples(s->trained);
    if (samples == 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the run kept no test set, so there is no sample; give test-fraction or "
                       "test-path in <data> before training");
    if (k >= 0 && (size_t)k >= samples)
        return eq_fail(diag, EQ_ERR_USAGE, "there is no sample %d; there are 0..%zu", k,
                       samples - 1);
    return eq_trained_sample(s->trained, k < 0 ? 0 : (size_t)k, nudged, diag);
}
