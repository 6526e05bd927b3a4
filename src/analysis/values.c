/* The values of loops in the circuit. */
#include "analysis/pass.h"

const eq_sweep *eq_pass_loop(const eq_pass *w, size_t k, const eq_deck **of) {
    *of = k < w->sweeps ? w->d : w->base;
    return k < w->sweeps ? &eq_pass_analysis(w)->sweep[k] : &w->base->step[k - w->sweeps];
}

const char *eq_pass_loop_name(const eq_pass *w, size_t k) {
    const eq_deck *of;
    const eq_sweep *s = eq_pass_loop(w, k, &of);
    return eq_sweep_name(of, s);
}

/* What a sweep of `of` changes in deck d. An element of the first reading is found again by its
 * name; false: it is no element, or not there. */
static bool swept(const eq_deck *d, const eq_deck *of, const eq_sweep *s, eq_handle *h) {
    if (s->target != EQ_TARGET_ELEMENT) return false;
    const eq_circuit *c = d->circuit, *first = of->circuit;
    *h = s->handle;
    if (of != d)
        h->element = eq_circuit_find_element(c, eq_circuit_element_name(first, h->element));
    if (h->element == EQ_NONE) return false;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a deck has a circuit */
    return c->row[h->element].cls == first->row[s->handle.element].cls;
}

eq_status eq_pass_set_value(eq_pass *w, size_t k) {
    const eq_deck *of;
    eq_handle h;
    const eq_sweep *s = eq_pass_loop(w, k, &of);
    eq_circuit *c = w->d->circuit;
    double value = w->at[k];
    if (s->target == EQ_TARGET_TEMP) c->env.temp = value;
    if (!swept(w->d, of, s, &h)) return EQ_OK;
    if (eq_handle_check(c, h, value, NULL) != EQ_OK)
        return eq_fail_at(w->diag, EQ_ERR_INPUT,
                          eq_circuit_place(w->base->circuit, eq_pass_analysis(w)->at),
                          "the sweep sets %s to %g %s, which it cannot be; change its range",
                          eq_sweep_name(of, s), value, eq_handle_about(c, h).unit);
    eq_handle_put(c, h, s->factor * value);
    return EQ_OK;
}

/* Where loop k puts its values in the circuit itself; NULL: it reads the deck again. */
static double *place_of(const eq_pass *w, size_t k) {
    eq_handle h;
    const eq_deck *d = w->base;
    const eq_sweep *s = k < w->sweeps ? &d->analysis[w->number].sweep[k] : &d->step[k - w->sweeps];
    if (s->target == EQ_TARGET_TEMP) return &d->circuit->env.temp;
    return swept(d, d, s, &h) ? eq_handle_place(d->circuit, h) : NULL;
}

void eq_pass_own_values(eq_pass *w, double *kept, const double *back) {
    for (size_t k = 0; k < w->loops; k++) {
        double *place = place_of(w, k);
        if (place != NULL && kept != NULL) kept[k] = *place;
        if (place != NULL && back != NULL) *place = back[k];
    }
}
