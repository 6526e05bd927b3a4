/* Sizes of elements. Option scale multiplies every length, in ngspice (manual, 11.1). */
#include "netlist/spice/geometry.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "netlist/spice/evaluate.h"

/* True if the key is one of the names in "narrow|dw". */
static bool is_one_of(eq_token key, const char *names) {
    for (const char *p = names; *p != '\0'; p += *p == '|') {
        size_t n = strcspn(p, "|");
        if (key.length == n && strncasecmp(key.text, p, n) == 0) return true;
        p += n;
    }
    return false;
}

bool eq_spice_card_values(eq_spice *s, eq_cursor card, const char *const *name, size_t n,
                          double *value) {
    while (eq_token_peek(&card).kind != EQ_TOKEN_END) {
        eq_token key = eq_token_next(&card);
        size_t k = 0;
        if (eq_token_peek(&card).kind == EQ_TOKEN_EQUAL) eq_token_next(&card);
        while (k < n && !is_one_of(key, name[k])) k++;
        if (k == n && eq_spice_is_value(eq_token_peek(&card)))
            eq_token_next(&card); /* the next key may have no = */
        else if (k == n)
            eq_spice_skip_value(&card);
        else if (eq_spice_value(s, &card, &value[k]) != EQ_OK)
            return false;
    }
    return true;
}

static double own_or(double own, double other) {
    return isnan(own) ? other : own;
}

/* As ngspice 39 has it (measured): where a length or a width is given, the model's area and
 * perimeter do not count; with both and level 3 they are made of them, and with level 3 option
 * scale multiplies all. From level 2 on ibv goes with the area. */
bool eq_spice_junction(eq_spice *s, eq_cursor card, eq_size own, eq_junction_size *size) {
    enum { LEVEL, L, W, AREA, PJ, PARAMETERS };
    static const char *const name[PARAMETERS] = {"level", "l", "w", "area", "pj"};
    double value[PARAMETERS] = {1.0, NAN, NAN, 1.0, 0.0};
    if (!eq_spice_card_values(s, card, name, PARAMETERS, value)) return false;
    double length = own_or(own.length, value[L]), width = own_or(own.width, value[W]);
    bool none = isnan(length) && isnan(width), third = value[LEVEL] == 3.0;
    bool both = third && !isnan(length) && !isnan(width);
    double scale = third ? s->all->scale : 1.0;
    size->area = own_or(own.area, none ? value[AREA] : 1.0);
    size->perimeter = own_or(own.perimeter, none ? value[PJ] : 0.0);
    if (both) size->area = length * width;
    if (both) size->perimeter = 2.0 * (length + width);
    size->area *= scale * scale;
    size->perimeter *= scale;
    size->breakdown = value[LEVEL] >= 2.0 ? size->area : 1.0;
    return true;
}

double eq_spice_scale(const eq_spice *s, const eq_device_class *cls, int k) {
    double scale = s->all->scale;
    if (cls->letter != 'm' || k >= cls->params || (cls->instance >> k & 1) == 0) return 1.0;
    const char *unit = cls->param[k].unit;
    return strcmp(unit, "m") == 0 ? scale : strcmp(unit, "m^2") == 0 ? scale * scale : 1.0;
}
