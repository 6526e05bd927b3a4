/* .if, .elseif, .else and .endif (ngspice manual, 2.13). What stands between them is read and
 * marked with its condition; the condition is evaluated where it is needed, in the instance it is
 * needed in, so that it may depend on parameters that come later and on those of a subcircuit. */
#include "base/mem.h"
#include "netlist/spice/spice.h"

/* True if the test of the branch itself is true as seen from the frame. */
static bool test(eq_spice *s, int32_t condition, eq_frame *frame) {
    const eq_condition *c = &s->condition[condition];
    eq_frame *from = s->frame;
    const eq_arguments *arguments = s->arguments;
    eq_formula *formula = s->formula;
    eq_cursor at = c->test;
    double value = 0.0;
    if (c->otherwise) return true;
    if (c->failed) return false; /* told once; asked again and again it could take for ever */
    if (c->busy) {
        s->condition[condition].failed = true;
        eq_spice_fail(s, c->at,
                      "this test needs a name that is defined under it; define the name elsewhere");
        return false;
    }
    s->condition[condition].busy = true;
    s->frame = frame;
    s->arguments = NULL;
    s->formula = NULL;
    bool done = eq_spice_test(s, &at, &value) == EQ_OK;
    if (done && eq_token_peek(&at).kind != EQ_TOKEN_END) {
        eq_spice_expected(s, eq_token_peek(&at), "an operator or the end of the line");
        done = false;
    }
    s->condition[condition].busy = false;
    s->condition[condition].failed |= !done;
    s->frame = from;
    s->arguments = arguments;
    s->formula = formula;
    return done && value != 0.0;
}

bool eq_spice_holds(eq_spice *s, int32_t condition, eq_frame *frame) {
    while (condition != EQ_NONE && !s->stop) {
        const eq_condition *c = &s->condition[condition];
        int32_t outer = c->outer;
        /* the first branch whose test is true is taken */
        for (int32_t k = c->first; k < condition; k = s->condition[k].next)
            if (test(s, k, frame)) return false;
        if (!test(s, condition, frame)) return false;
        condition = outer;
    }
    return !s->stop;
}

eq_definition *eq_spice_choose(eq_spice *s, eq_definition *d, eq_frame *frame) {
    while (d != NULL && !eq_spice_holds(s, d->condition, frame))
        d = d->next == EQ_NONE ? NULL : &s->variant[d->next];
    return d;
}

/* A branch of an .if: the first one when `before` is EQ_NONE. */
static void open_branch(eq_spice *s, eq_cursor *c, eq_location at, int32_t before, bool otherwise) {
    if (!eq_grow((void **)&s->condition, &s->condition_cap, s->conditions + 1,
                 sizeof *s->condition)) {
        eq_spice_no_memory(s);
        return;
    }
    int32_t number = (int32_t)s->conditions++;
    eq_condition *own = &s->condition[number];
    *own = (eq_condition){.at = at, .test = *c, .otherwise = otherwise, .first = number};
    own->next = number + 1;
    own->outer = s->current;
    if (before != EQ_NONE) {
        own->first = s->condition[before].first;
        own->outer = s->condition[before].outer;
        s->condition[before].next = number;
    }
    s->current = number;
    if (otherwise) {
        eq_token rest = eq_token_peek(c);
        if (rest.kind != EQ_TOKEN_END) eq_spice_expected(s, rest, "the end of the line");
    }
}

void eq_spice_if(eq_spice *s, eq_card_action action, eq_cursor *c, eq_location at) {
    static const char *const name[] = {
        [EQ_CARD_ELSEIF] = ".elseif", [EQ_CARD_ELSE] = ".else", [EQ_CARD_ENDIF] = ".endif"};
    if (action == EQ_CARD_IF) {
        open_branch(s, c, at, EQ_NONE, false);
        return;
    }
    if (s->current == s->base) {
        eq_spice_fail(s, at, "%s without an .if in this file and subcircuit; remove it",
                      name[action]);
        return;
    }
    if (action == EQ_CARD_ENDIF)
        s->current = s->condition[s->current].outer;
    else if (s->condition[s->current].otherwise)
        eq_spice_fail(s, at, "%s behind the .else of the same .if; put it in front of it",
                      name[action]);
    else
        open_branch(s, c, at, s->current, action == EQ_CARD_ELSE);
}

void eq_spice_close_ifs(eq_spice *s) {
    for (; s->current != s->base; s->current = s->condition[s->current].outer)
        eq_spice_fail(s, s->condition[s->condition[s->current].first].at,
                      "this .if has no .endif in the same file and subcircuit; add it");
}
