#include "base/mem.h"
#include "fuzz/read.h"
#include "netlist/netlist.h"

void fuzz_spice(const uint8_t *data, size_t n) {
    eq_deck *deck = NULL;
    eq_diag *diag = eq_diag_new();
    if (eq_deck_parse("fuzz.cir", (const char *)data, n, &deck, diag) == EQ_OK) {
        for (int d = 0; d < EQ_DIALECT_COUNT; d++) {
            eq_text text = {0};
            eq_deck_write(deck, (eq_dialect)d, "fuzz", &text, diag);
            eq_text_free(&text);
        }
        eq_deck_free(deck);
    }
    eq_diag_free(diag);
}
