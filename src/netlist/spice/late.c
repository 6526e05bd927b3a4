/* Cards and directives that are read when all elements are known. */
#include "netlist/spice/late.h"

#include "base/mem.h"
#include "netlist/spice/error.h"
#include "netlist/spice/evaluate.h"

void eq_spice_later(eq_spice *s, eq_phase phase, eq_cursor c, eq_token word, eq_reader read) {
    if (!eq_grow((void **)&s->all->late, &s->all->late_cap, s->all->lates + 1,
                 sizeof *s->all->late)) {
        eq_spice_no_memory(s);
        return;
    }
    s->all->late[s->all->lates++] = (eq_late){phase, s->all->current, c, word, read};
}

void eq_spice_in_each(eq_spice *s, eq_scope *scope, eq_late card) {
    if (eq_grow((void **)&scope->card, &scope->card_cap, scope->cards + 1, sizeof *scope->card))
        scope->card[scope->cards++] = card;
    else
        eq_spice_no_memory(s);
}

/* Reads a card, which messages are about meanwhile. */
static void read_card(eq_spice *s, eq_late *card) {
    s->about = card->word;
    card->read(s, &card->at, card->word.at);
    s->about.length = 0;
}

void eq_spice_read_inner(eq_spice *s) {
    const eq_scope *scope = s->frame->scope;
    for (size_t k = 0; k < scope->cards && !s->all->stop; k++) {
        eq_late card = scope->card[k];
        if (eq_spice_holds(s, card.condition, s->frame)) read_card(s, &card);
    }
}

void eq_spice_read_late(eq_spice *s, eq_phase first, eq_phase last) {
    for (eq_phase phase = first; phase <= last; phase++)
        for (size_t k = 0; k < s->all->lates && !s->all->stop; k++) {
            eq_late late = s->all->late[k]; /* reading it may note down more */
            if (late.phase == phase && eq_spice_holds(s, late.condition, s->frame))
                read_card(s, &late);
        }
}
