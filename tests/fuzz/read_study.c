#include "base/mem.h"
#include "explore/search.h"
#include "fuzz/read.h"

enum { MOST_CELLS = 100000 }; /* that are drawn */

/* A study, and what its first round is. */
void fuzz_study(const uint8_t *data, size_t n) {
    eq_study *s = NULL;
    eq_explored e = {0};
    eq_search *q = NULL;
    eq_diag *diag = eq_diag_new();
    if (eq_study_read(fuzz_file(0, data, n), "x.xml", &s, diag) == EQ_OK &&
        s->points * s->factors <= MOST_CELLS && eq_search_new(s, &e, &q, diag) == EQ_OK) {
        size_t round, from, to;
        eq_text text = {0};
        eq_search_follow(q, &e, &round, diag);
        eq_search_points(s, 0, &from, &to);
        for (size_t p = from; p < to; p++) eq_run_command(s, e.level, p * s->repeats, 1, &text);
        eq_text_free(&text);
    }
    eq_search_free(q);
    eq_explored_free(&e);
    eq_study_free(s);
    eq_diag_free(diag);
}
