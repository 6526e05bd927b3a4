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

void eq_spice_read_late(eq_spice *s) {
    for (int phase = 0; phase < EQ_PHASES; phase++)
        for (size_t k = 0; k < s->all->lates && !s->all->stop; k++) {
            eq_late late = s->all->late[k]; /* reading it may note down more */
            if (late.phase != (eq_phase)phase || !eq_spice_holds(s, late.condition, s->frame))
                continue;
            s->about = late.word;
            late.read(s, &late.at, late.word.at);
            s->about.length = 0;
        }
}
