#include "solver/history.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

bool eq_history_open(eq_history *h, size_t nodes) {
    *h = (eq_history){.nodes = nodes, .last = eq_malloc(3 * nodes, sizeof *h->last)};
    if (h->last == NULL) return false;
    h->before = h->last + nodes;
    h->held = h->before + nodes;
    eq_history_forget(h);
    return true;
}

void eq_history_free(eq_history *h) {
    eq_free(h->last);
    *h = (eq_history){0};
}

void eq_history_forget(eq_history *h) {
    for (size_t n = 0; n < h->nodes; n++) h->last[n] = NAN;
    h->follows = h->steps = h->released = false;
}

static bool is_zero(const double *v, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (v[k] != 0.0) return false;
    return true;
}

eq_begin eq_history_begin(eq_history *h, const double *v, bool training) {
    bool there = memcmp(v, h->last, h->nodes * sizeof *v) == 0;
    eq_begin begin = {.from = there ? h->last : NULL,
                      .before = there && h->steps && h->follows ? h->before : NULL,
                      .held = there && h->released ? h->held : NULL,
                      .cold = is_zero(v, h->nodes),
                      .training = training};
    h->steps = h->released = false;
    return begin;
}

void eq_history_keep(eq_history *h, const double *v, const eq_begin *begin) {
    h->follows = begin->from != NULL && begin->held == NULL;
    if (h->follows) memcpy(h->before, h->last, h->nodes * sizeof *v);
    memcpy(h->last, v, h->nodes * sizeof *v);
}

void eq_history_hold(eq_history *h, const double *v, const double *held) {
    memcpy(h->last, v, h->nodes * sizeof *v);
    memcpy(h->held, held, h->nodes * sizeof *v);
    h->released = true;
    h->follows = false;
}
