/* Which simulator a deck was written for, by cards that only one of them has (Xyce reference guide,
 * chapter 2.1; LTspice help, "Dot commands"). */
#include <string.h>

#include "netlist/spice/scan.h"

static const struct {
    const char *card, *word; /* word: somewhere behind the card; NULL: the card alone will do */
    eq_dialect dialect;
    const char *sign;
} signs[] = {
    {".global_param", NULL, EQ_XYCE, ".global_param"},
    {".preprocess", NULL, EQ_XYCE, ".preprocess"},
    {".options", "nonlin", EQ_XYCE, ".options nonlin"},
    {".options", "device", EQ_XYCE, ".options device"},
    {".options", "linsol", EQ_XYCE, ".options linsol"},
    {".options", "output", EQ_XYCE, ".options output"},
    {".print", "format", EQ_XYCE, ".print .. format="},
    {".backanno", NULL, EQ_LTSPICE, ".backanno"},
    {".function", NULL, EQ_LTSPICE, ".function"},
    {".step", "param", EQ_LTSPICE, ".step param"},
};

static bool has_word(eq_cursor c, const char *word) {
    for (eq_token t = eq_token_next(&c); t.kind != EQ_TOKEN_END; t = eq_token_next(&c))
        if (eq_token_is(t, word)) return true;
    return false;
}

eq_dialect eq_spice_recognise(const char *text, size_t length, const char **sign) {
    eq_cursor c = eq_cursor_new(EQ_NONE, text, length);
    eq_physical_line_end(&c); /* the title */
    for (eq_line_kind kind; (kind = eq_line_start(&c)) != EQ_LINE_NONE; eq_physical_line_end(&c)) {
        if (kind != EQ_LINE_CARD) continue;
        eq_cursor behind = c;
        eq_token card = eq_token_next(&behind);
        for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
            if (eq_token_is(card, signs[k].card) &&
                (signs[k].word == NULL || has_word(behind, signs[k].word))) {
                *sign = signs[k].sign;
                return signs[k].dialect;
            }
    }
    return EQ_NGSPICE;
}
