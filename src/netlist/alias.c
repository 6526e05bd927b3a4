#include "netlist/alias.h"

#include <string.h>

/* What is spelt otherwise, or means otherwise in a dialect (EQ_DIALECT_COUNT: in all), as the
 * operation that it is (Xyce reference guide, "Arithmetic functions"; LTspice help, "B. Arbitrary
 * behavioral sources"; ngspice manual, 5.1 and 17.2). "": the first argument; "0": nothing at dc. */
static const struct renamed {
    int dialect;
    const char *name, *here;
    int operands;
} renamed[] = {
    {EQ_XYCE, "log", "log10", 1},
    {EQ_XYCE, "pwr", "pow", 2},
    {EQ_DIALECT_COUNT, "pwrs", "pwr", 2},
    {EQ_LTSPICE, "u", "stp", 1},
    {EQ_NGSPICE, "ph", "0", 1}, /* whatever the sign (measured) */
    {EQ_DIALECT_COUNT, "m", "abs", 1},
    {EQ_DIALECT_COUNT, "mag", "abs", 1},
    {EQ_DIALECT_COUNT, "fabs", "abs", 1},
    {EQ_DIALECT_COUNT, "arcsin", "asin", 1},
    {EQ_DIALECT_COUNT, "arccos", "acos", 1},
    {EQ_DIALECT_COUNT, "arcsinh", "asinh", 1},
    {EQ_DIALECT_COUNT, "arccosh", "acosh", 1},
    {EQ_DIALECT_COUNT, "arctanh", "atanh", 1},
    {EQ_DIALECT_COUNT, "fmod", "%", 2},
    {EQ_DIALECT_COUNT, "mod", "%", 2},
    {EQ_DIALECT_COUNT, "re", "", 1},
    {EQ_DIALECT_COUNT, "r", "", 1},
    {EQ_DIALECT_COUNT, "real", "", 1},
    {EQ_DIALECT_COUNT, "delay", "", 2},
    {EQ_DIALECT_COUNT, "absdelay", "", 2},
    {EQ_DIALECT_COUNT, "img", "0", 1},
    {EQ_DIALECT_COUNT, "im", "0", 1},
    {EQ_DIALECT_COUNT, "imag", "0", 1},
    {EQ_DIALECT_COUNT, "sdt", "0", 1},
    {EQ_DIALECT_COUNT, "idt", "0", 1},
    {EQ_DIALECT_COUNT, "idtmod", "0", 1},
};

enum { ALIASES = sizeof renamed / sizeof *renamed };

const char *eq_alias_of(eq_dialect dialect, const char *name, int args) {
    for (size_t k = 0; k < ALIASES; k++) {
        const struct renamed *r = &renamed[k];
        bool here = r->dialect == EQ_DIALECT_COUNT || r->dialect == (int)dialect;
        if (here && r->operands == args && strcmp(r->name, name) == 0) return r->here;
    }
    return NULL;
}
