/* .if, .elseif, .else and .endif (ngspice manual, 2.13): what stands between them is read and
 * marked with its condition, which is evaluated where it is needed (evaluate.c). */
#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"
#include "netlist/spice/scan.h"

/* A branch of an .if: the first one when `before` is EQ_NONE. */
static void open_branch(eq_spice *s, eq_cursor *c, eq_location at, int32_t before, bool otherwise) {
    if (!eq_grow((void **)&s->all->condition, &s->all->condition_cap, s->all->conditions + 1,
                 sizeof *s->all->condition)) {
        eq_spice_no_memory(s);
        return;
    }
    int32_t number = (int32_t)s->all->conditions++;
    eq_condition *own = &s->all->condition[number];
    *own = (eq_condition){.at = at, .test = *c, .otherwise = otherwise, .first = number};
    own->next = number + 1;
    own->outer = s->all->current;
    if (before != EQ_NONE) {
        own->first = s->all->condition[before].first;
        own->outer = s->all->condition[before].outer;
        s->all->condition[before].next = number;
    }
    s->all->current = number;
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
    if (s->all->current == s->all->base) {
        eq_spice_fail(s, at, "%s without an .if in this file and subcircuit; remove it",
                      name[action]);
        return;
    }
    if (action == EQ_CARD_ENDIF)
        s->all->current = s->all->condition[s->all->current].outer;
    else if (s->all->condition[s->all->current].otherwise)
        eq_spice_fail(s, at, "%s behind the .else of the same .if; put it in front of it",
                      name[action]);
    else
        open_branch(s, c, at, s->all->current, action == EQ_CARD_ELSE);
}

void eq_spice_close_ifs(eq_spice *s) {
    for (; s->all->current != s->all->base;
         s->all->current = s->all->condition[s->all->current].outer)
        eq_spice_fail(s, s->all->condition[s->all->condition[s->all->current].first].at,
                      "this .if has no .endif in the same file and subcircuit; add it");
}
