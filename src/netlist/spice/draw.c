/* agauss(X, DX, N) and its kin (ngspice manual, 2.8.5; LTspice help, ".PARAM"). With the normal
 * number g and the uniform one u in [-1, 1): X + DX g / N, and X + DX u; those without a DX are
 * relative, DX = X times the second argument. */
#include "netlist/spice/draw.h"

#include <math.h>

#include "netlist/spice/error.h"

typedef enum draw_kind { NORMAL, UNIFORM, SIDE, UNIT } draw_kind;

static const struct draw {
    const char *name;
    int least, most; /* arguments */
    bool ltspice;    /* there alone */
    draw_kind kind;
    bool relative;
} draws[] = {
    {"agauss", 2, 3, false, NORMAL, false}, {"gauss", 2, 3, false, NORMAL, true},
    {"aunif", 2, 2, false, UNIFORM, false}, {"unif", 2, 2, false, UNIFORM, true},
    {"limit", 2, 2, false, SIDE, false},    {"gauss", 1, 1, true, NORMAL, false},
    {"flat", 1, 1, true, UNIFORM, false},   {"mc", 2, 2, true, UNIFORM, true},
    {"rand", 0, 0, false, UNIT, false},
};

static const struct draw *draw_of(const eq_spice *s, eq_token name, int args) {
    for (size_t k = 0; k < sizeof draws / sizeof *draws; k++) {
        const struct draw *d = &draws[k];
        bool here = !d->ltspice || s->circuit->dialect == EQ_LTSPICE;
        if (here && args >= d->least && args <= d->most && eq_token_is(name, d->name)) return d;
    }
    return NULL;
}

/* A number of the distribution around 0 that is 1 wide. */
static double deviation(eq_random *r, draw_kind kind) {
    if (kind == NORMAL) return eq_random_normal(r);
    double u = eq_random_uniform(r);
    if (kind == UNIT) return u;
    return kind == SIDE ? (u < 0.5 ? -1.0 : 1.0) : 2.0 * u - 1.0;
}

eq_lookup eq_spice_draw(eq_spice *s, eq_token name, const eq_operand *arg, int args,
                        eq_operand *value) {
    const struct draw *d = draw_of(s, name, args);
    double x[3] = {0.0, 1.0, 1.0};
    if (d == NULL) return EQ_NOT_FOUND;
    for (int k = 0; k < args; k++) {
        if (arg[k].slot != EQ_NONE) {
            eq_spice_fail(s, name.at,
                          "%.*s is drawn once, so it takes numbers and parameters, no potentials "
                          "and currents; multiply what it gives by them outside",
                          (int)name.length, name.text);
            return EQ_LOOKUP_FAILED;
        }
        x[k] = arg[k].number;
    }
    if (args == 1) {
        x[1] = x[0];
        x[0] = 0.0;
    }
    double width = d->relative ? x[0] * x[1] : x[1];
    *value = (eq_operand){x[0] + width * deviation(&s->all->random, d->kind) / x[2], EQ_NONE};
    eq_spice_note(
        s, "random", name.at,
        "%.*s (and others) is drawn at random, once wherever it stands in an instance and "
        "the same each time; .options seed=N draws others",
        (int)name.length, name.text);
    return EQ_FOUND;
}
