/* A library as OpenVAF makes them, for tests: modules written by hand with the symbols of OSDI 0.3
 * or 0.4 (-DMINOR=3, 4). -DLACKS=1, 2 or 3 leaves the version, the count or the descriptors out;
 * $EQ_HOSTILE=n spoils one thing when the library is opened, which leaves the file $EQ_OSDI_MARK. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/osdi/abi.h"

#ifndef LACKS
#define LACKS 0
#endif
#define EXPORTED __attribute__((visibility("default")))

static int hostile; /* $EQ_HOSTILE */

enum { NODES = 6, ENTRIES = 36, PARAMS = 14, STATES = 2 };

/* Of every module: parameters by number, whether they were given, and what eval leaves. */
typedef struct model {
    double p[PARAMS];
    bool given[PARAMS];
    char *text;
} model;

typedef struct instance {
    double p[PARAMS];
    bool given[PARAMS];
    uint32_t map[NODES], state[STATES];
    double *resist[ENTRIES], *react[ENTRIES];
    bool collapsed[2];
    double kelvin;
    uint32_t connected;
    double f[NODES], q[NODES], g[NODES][NODES], c[NODES][NODES];
    uint32_t nodes, returned;
} instance;

EXPORTED void (*osdi_log)(void *handle, char *text, uint32_t level);
EXPORTED eq_osdi_limit OSDI_LIM_TABLE[] = {
    {"pnjlim", 2, NULL}, {"fetlim", 1, NULL}, {"nolim", 7, (void *)1}};
EXPORTED uint32_t OSDI_LIM_TABLE_LEN = 3;

static void say(void *handle, const char *text, uint32_t level) {
    osdi_log(handle, strdup(text), level);
}

static double simparam(const eq_osdi_simparams *s, const char *name) {
    for (int k = 0; s->name[k] != NULL; k++)
        if (strcmp(s->name[k], name) == 0) return s->value[k];
    return NAN;
}

static void fault(eq_osdi_report *r, uint32_t param) {
    r->fault = realloc(r->fault, (r->faults + 1) * sizeof *r->fault);
    r->fault[r->faults++] = (eq_osdi_fault){EQ_OSDI_OUT_OF_BOUNDS, param};
}

/* Parameter k of an instance: its own, else the model's, else the default. */
static void inherit(instance *i, const model *m, int k, double otherwise) {
    if (!i->given[k]) i->p[k] = m->given[k] ? m->p[k] : otherwise;
}

static void default_to(model *m, int k, double value) {
    if (!m->given[k]) m->p[k] = value;
}

static void *access_any(void *inst, void *mod, uint32_t id, uint32_t flags) {
    instance *i = inst;
    model *m = mod;
    if (id >= PARAMS || hostile == 24) return NULL;
    if ((flags & EQ_OSDI_INSTANCE) != 0) {
        if ((flags & EQ_OSDI_SET) != 0) i->given[id] = true;
        return &i->p[id];
    }
    if ((flags & EQ_OSDI_SET) != 0) m->given[id] = true;
    return &m->p[id];
}

/* A current from node a to b with its slope. */
static void add(double (*g)[NODES], double *f, int a, int b, double current, double slope) {
    f[a] += current;
    f[b] -= current;
    g[a][a] += slope;
    g[b][b] += slope;
    g[a][b] -= slope;
    g[b][a] -= slope;
}

static double drop(const instance *i, const eq_osdi_siminfo *s, int a, int b) {
    return s->solution[i->map[a]] - s->solution[i->map[b]];
}

static void clear(instance *i, uint32_t nodes) {
    i->nodes = nodes;
    memset(i->f, 0, sizeof i->f);
    memset(i->q, 0, sizeof i->q);
    memset(i->g, 0, sizeof i->g);
    memset(i->c, 0, sizeof i->c);
    i->returned = 0;
}

static void load(const instance *i, const double *f, double *to) {
    for (uint32_t k = 0; k < i->nodes; k++) to[i->map[k]] += f[k];
}

static void load_residual_resist(void *inst, void *m, double *to) {
    (void)m;
    load(inst, ((instance *)inst)->f, to);
}

static void load_residual_react(void *inst, void *m, double *to) {
    (void)m;
    load(inst, ((instance *)inst)->q, to);
}

/* The entries of every module are all pairs of its nodes, row by row. */
static void load_jacobian_resist(void *inst, void *m) {
    instance *i = inst;
    uint32_t n = i->nodes;
    (void)m;
    for (uint32_t e = 0; e < n * n; e++) *i->resist[e] += i->g[e / n][e % n];
}

static void load_jacobian_react(void *inst, void *m, double factor) {
    instance *i = inst;
    uint32_t n = i->nodes;
    (void)m;
    for (uint32_t e = 0; e < n * n; e++) *i->react[e] += factor * i->c[e / n][e % n];
}

static void load_jacobian_tran(void *inst, void *m, double factor) {
    load_jacobian_resist(inst, m);
    load_jacobian_react(inst, m, factor);
}

/* ---- resistor: i = m v (1 + tc1 (T - 300.15 K)) / r, q = cap v; r may stand on both cards ---- */

enum { M, R, TC1, CAP, KIND };

/* KIND is a text: "half" is half the conductance. */
static void *resistor_access(void *inst, void *mod, uint32_t id, uint32_t flags) {
    return id == KIND ? (void *)&((model *)mod)->text : access_any(inst, mod, id, flags);
}

static void resistor_model(void *handle, void *mod, const eq_osdi_simparams *s, eq_osdi_report *r) {
    model *m = mod;
    (void)handle, (void)s;
    default_to(m, TC1, 0.0);
    default_to(m, CAP, 1e-12);
    if (m->given[R] && !(m->p[R] > 0.0)) fault(r, R);
}

static void resistor_instance(void *handle, void *inst, void *mod, double kelvin, uint32_t n,
                              const eq_osdi_simparams *s, eq_osdi_report *r) {
    instance *i = inst;
    (void)handle, (void)s;
    inherit(i, mod, M, 1.0);
    inherit(i, mod, R, 1e3);
    if (!(i->p[R] > 0.0)) fault(r, R);
    i->kelvin = kelvin;
    i->connected = n;
}

static uint32_t resistor_eval(void *handle, void *inst, void *mod, const eq_osdi_siminfo *s) {
    instance *i = inst;
    const model *m = mod;
    double g = i->p[M] / i->p[R] / (1.0 + m->p[TC1] * (i->kelvin - 300.15)), u = drop(i, s, 0, 1);
    (void)handle;
    clear(i, 2);
    if (m->text != NULL && strcmp(m->text, "half") == 0) g *= 0.5;
    if (hostile == 20) g = NAN;
    add(i->g, i->f, 0, 1, g * u, g);
    add(i->c, i->q, 0, 1, i->p[M] * m->p[CAP] * u, i->p[M] * m->p[CAP]);
    return 0;
}

/* ---- diode: is (exp(v/(n kq T)) - 1) + gmin v behind rs, which is left out where it is 0 ---- */

enum { AREA = 1, IS, N, RS, KQ, CJ };

static void diode_model(void *handle, void *mod, const eq_osdi_simparams *s, eq_osdi_report *r) {
    model *m = mod;
    (void)handle, (void)s;
    default_to(m, IS, 1e-14);
    default_to(m, N, 1.0);
    default_to(m, RS, 0.0);
    default_to(m, KQ, 8.617333262e-5);
    default_to(m, CJ, 1e-12);
    if (!(m->p[IS] > 0.0)) fault(r, IS);
    if (m->p[RS] < 0.0) fault(r, RS);
}

static void diode_instance(void *handle, void *inst, void *mod, double kelvin, uint32_t n,
                           const eq_osdi_simparams *s, eq_osdi_report *r) {
    instance *i = inst;
    const model *m = mod;
    (void)handle, (void)s, (void)r, (void)n;
    inherit(i, mod, M, 1.0);
    inherit(i, mod, AREA, 1.0);
    i->kelvin = kelvin;
    i->collapsed[0] = m->p[RS] == 0.0;
}

typedef double (*pnjlim)(bool init, bool *limited, double now, double old, double vt, double vcrit);

/* The drop at which a junction is taken; *over: how far the potentials are beyond it. */
static double junction_drop(instance *i, const eq_osdi_siminfo *s, int a, int b, int k, double sign,
                            double vt, double is) {
    double u = sign * drop(i, s, a, b), at = u;
    bool limited = false;
    if ((s->flags & EQ_OSDI_LIMIT) != 0 && OSDI_LIM_TABLE[0].function != NULL) {
        pnjlim limit;
        memcpy(&limit, &OSDI_LIM_TABLE[0].function, sizeof limit);
        at = limit((s->flags & EQ_OSDI_LIMIT_FIRST) != 0, &limited, u, s->state[i->state[k]], vt,
                   vt * log(vt / (sqrt(2.0) * is)));
        s->next_state[i->state[k]] = at;
        if (limited) i->returned |= EQ_OSDI_LIMITED;
    }
    return at;
}

static uint32_t diode_eval(void *handle, void *inst, void *mod, const eq_osdi_siminfo *s) {
    instance *i = inst;
    const model *m = mod;
    double vt = m->p[N] * m->p[KQ] * i->kelvin, area = i->p[M] * i->p[AREA];
    (void)handle;
    clear(i, 3);
    double u = junction_drop(i, s, 2, 1, 0, 1.0, vt, area * m->p[IS]);
    double e = exp(u / vt), is = area * m->p[IS], gmin = simparam(&s->params, "gmin");
    add(i->g, i->f, 2, 1, is * (e - 1.0) + gmin * u, is / vt * e + gmin);
    add(i->c, i->q, 2, 1, area * m->p[CJ] * u, area * m->p[CJ]);
    if (!i->collapsed[0])
        add(i->g, i->f, 0, 2, drop(i, s, 0, 2) * area / m->p[RS], area / m->p[RS]);
    return i->returned;
}

/* ---- mos: level 1 (Shichman and Hodges 1968) with body effect and bulk junctions; terminals d g s b,
 * internal di and si behind rd and rs ---- */

enum { W = 1, L, TYPE, VTO, KP, GAMMA, PHI, LAMBDA, MIS, RD, RSS, MKQ };
enum { D, G, S, B, DI, SI };

static void mos_model(void *handle, void *mod, const eq_osdi_simparams *s, eq_osdi_report *r) {
    static const double usual[PARAMS] = {
        [VTO] = 0.0, [KP] = 2e-5, [PHI] = 0.6, [MIS] = 1e-14, [TYPE] = 1.0, [MKQ] = 8.617333262e-5};
    (void)handle, (void)s;
    for (int k = TYPE; k < PARAMS; k++) default_to(mod, k, usual[k]);
    if (!(((model *)mod)->p[KP] > 0.0)) fault(r, KP);
}

static void mos_instance(void *handle, void *inst, void *mod, double kelvin, uint32_t n,
                         const eq_osdi_simparams *s, eq_osdi_report *r) {
    instance *i = inst;
    const model *m = mod;
    (void)handle, (void)s, (void)r, (void)n;
    inherit(i, mod, M, 1.0);
    inherit(i, mod, W, 1e-4);
    inherit(i, mod, L, 1e-4);
    i->kelvin = kelvin;
    i->collapsed[0] = m->p[RD] == 0.0;
    i->collapsed[1] = m->p[RSS] == 0.0;
}

/* Adds the current of the channel from its upper end to its lower one. */
static void channel(instance *i, const model *m, int upper, int lower, double vgs, double vds,
                    double vbs) {
    double beta = i->p[M] * m->p[KP] * i->p[W] / i->p[L], type = m->p[TYPE], phi = m->p[PHI];
    double root = vbs <= 0.0 ? sqrt(phi - vbs) : fmax(0.0, sqrt(phi) - vbs / (2.0 * sqrt(phi)));
    double by = vbs <= 0.0 ? -0.5 / root : root > 0.0 ? -0.5 / sqrt(phi) : 0.0;
    double vth = m->p[VTO] * type + m->p[GAMMA] * (root - sqrt(phi));
    double over = vgs - vth, more = 1.0 + m->p[LAMBDA] * vds, id = 0.0, gm = 0.0, gds = 0.0;
    if (over > 0.0 && vds >= over) {
        id = 0.5 * beta * over * over * more;
        gm = beta * over * more;
        gds = 0.5 * beta * over * over * m->p[LAMBDA];
    } else if (over > 0.0) {
        id = beta * vds * (over - 0.5 * vds) * more;
        gm = beta * vds * more;
        gds = beta * (over - vds) * more + beta * vds * (over - 0.5 * vds) * m->p[LAMBDA];
    }
    double gmb = -gm * m->p[GAMMA] * by;
    double slope[NODES] = {0};
    slope[upper] = gds;
    slope[G] += gm;
    slope[B] += gmb;
    slope[lower] -= gds + gm + gmb;
    i->f[upper] += type * id;
    i->f[lower] -= type * id;
    for (int b = 0; b < NODES; b++) {
        i->g[upper][b] += slope[b];
        i->g[lower][b] -= slope[b];
    }
}

static uint32_t mos_eval(void *handle, void *inst, void *mod, const eq_osdi_siminfo *s) {
    instance *i = inst;
    const model *m = mod;
    double type = m->p[TYPE], vt = m->p[MKQ] * i->kelvin, is = i->p[M] * m->p[MIS];
    double gmin = i->p[M] * simparam(&s->params, "gmin");
    (void)handle;
    clear(i, 6);
    int low = type * drop(i, s, DI, SI) >= 0.0 ? SI : DI, high = low == SI ? DI : SI;
    channel(i, m, high, low, type * drop(i, s, G, low), type * drop(i, s, high, low),
            type * drop(i, s, B, low));
    for (int end = 0; end < 2; end++) {
        double u = junction_drop(i, s, B, DI + end, end, type, vt, is);
        double e = u > -3.0 * vt ? exp(u / vt) - 1.0 : -1.0;
        double slope = u > -3.0 * vt ? is / vt * exp(u / vt) : 0.0;
        add(i->g, i->f, B, DI + end, type * (is * e + gmin * u), slope + gmin);
    }
    if (!i->collapsed[0])
        add(i->g, i->f, D, DI, drop(i, s, D, DI) * i->p[M] / m->p[RD], i->p[M] / m->p[RD]);
    if (!i->collapsed[1])
        add(i->g, i->f, SI, S, drop(i, s, SI, S) * i->p[M] / m->p[RSS], i->p[M] / m->p[RSS]);
    return i->returned;
}

/* ---- wire: V(p,n) <+ r I(p,n), whose current is an unknown, and a third terminal that may be left
 * open: a conductance g to it from p ---- */

enum { WIRE_R = 1, WIRE_G };

static void wire_model(void *handle, void *mod, const eq_osdi_simparams *s, eq_osdi_report *r) {
    (void)handle, (void)s, (void)r;
    default_to(mod, WIRE_R, 1.0);
    default_to(mod, WIRE_G, 1e-3);
}

static void wire_instance(void *handle, void *inst, void *mod, double kelvin, uint32_t n,
                          const eq_osdi_simparams *s, eq_osdi_report *r) {
    instance *i = inst;
    (void)handle, (void)s, (void)r, (void)kelvin;
    inherit(i, mod, M, 1.0);
    i->connected = n;
}

static uint32_t wire_eval(void *handle, void *inst, void *mod, const eq_osdi_siminfo *s) {
    enum { P, Q, T, FLOW };
    instance *i = inst;
    const model *m = mod;
    double current = s->solution[i->map[FLOW]];
    (void)handle;
    clear(i, 4);
    i->f[P] = i->p[M] * current;
    i->f[Q] = -i->p[M] * current;
    i->g[P][FLOW] = i->p[M];
    i->g[Q][FLOW] = -i->p[M];
    i->f[FLOW] = drop(i, s, P, Q) - m->p[WIRE_R] * current;
    i->g[FLOW][P] = 1.0;
    i->g[FLOW][Q] = -1.0;
    i->g[FLOW][FLOW] = -m->p[WIRE_R];
    add(i->g, i->f, P, T, m->p[WIRE_G] * drop(i, s, P, T), m->p[WIRE_G]);
    return 0;
}

/* ---- faulty: a resistor of 1 kohm that reports what its mode says ---- */

enum { MODE = 1 };
enum { WARNS = 1, MODEL_FATAL, INSTANCE_FATAL, EVAL_FATAL, NAN_ABOVE, SHORTS, NOISY, ASKS };

/* From mode ASKS on the resistor adds a current in A: the answer of the simulator to this question. */
static const char *const question[] = {
    "gmin",   "tnom", "minr", "scale", "shrink", "gdev", "sourceScaleFactor", "simulatorVersion",
    "no such"};

static void faulty_model(void *handle, void *mod, const eq_osdi_simparams *s, eq_osdi_report *r) {
    model *m = mod;
    (void)s;
    default_to(m, MODE, 0.0);
    if (m->p[MODE] == WARNS) say(handle, "this model is old", EQ_OSDI_WARNING);
    if (m->p[MODE] == MODEL_FATAL) {
        say(handle, "no such process corner", EQ_OSDI_ERROR);
        r->flags |= EQ_OSDI_FATAL;
    }
}

static void faulty_instance(void *handle, void *inst, void *mod, double kelvin, uint32_t n,
                            const eq_osdi_simparams *s, eq_osdi_report *r) {
    instance *i = inst;
    const model *m = mod;
    (void)s, (void)kelvin, (void)n;
    inherit(i, mod, M, 1.0);
    i->collapsed[0] = m->p[MODE] == SHORTS;
    if (m->p[MODE] == INSTANCE_FATAL) {
        say(handle, "the fins do not fit", EQ_OSDI_ERROR);
        r->flags |= EQ_OSDI_FATAL;
    }
}

static uint32_t faulty_eval(void *handle, void *inst, void *mod, const eq_osdi_siminfo *s) {
    instance *i = inst;
    const model *m = mod;
    double u = drop(i, s, 0, 1), g = 1e-3;
    clear(i, 2);
    if (m->p[MODE] == NOISY) osdi_log(handle, (char *)"%g", EQ_OSDI_WARNING | EQ_OSDI_UNFORMATTED);
    if (m->p[MODE] == NAN_ABOVE && u > 0.5) g = NAN;
    double answer =
        m->p[MODE] >= ASKS ? simparam(&s->params, question[(int)m->p[MODE] - ASKS]) : 0.0;
    add(i->g, i->f, 0, 1, g * u + answer, g);
    if (m->p[MODE] == EVAL_FATAL && u > 0.5) {
        say(handle, "the junction has burnt", EQ_OSDI_ERROR);
        return EQ_OSDI_FATAL;
    }
    return 0;
}

/* ---- What the library says of itself ---- */

#define NODE(name)                                                                                 \
    { name, "V", "A", EQ_OSDI_NOWHERE, EQ_OSDI_NOWHERE, EQ_OSDI_NOWHERE, EQ_OSDI_NOWHERE, false }
#define PARAM(name, kind, type)                                                                    \
    { (const char *const[]){name, "alias_" name}, 1, "", "1", (uint32_t)(kind) << 30 | (type), 0 }
#define ROW(n, a)                                                                                  \
    ENTRY(n, a, 0), ENTRY(n, a, 1), ENTRY(n, a, 2), ENTRY(n, a, 3), ENTRY(n, a, 4), ENTRY(n, a, 5)
#define ENTRY(n, a, b)                                                                             \
    {                                                                                              \
        {a, b}, (uint32_t)(offsetof(instance, react) + ((a) * (n) + (b)) * sizeof(double *)),      \
            EQ_OSDI_RESISTIVE | EQ_OSDI_REACTIVE                                                   \
    }

/* All pairs of n nodes. */
static eq_osdi_entry entry2[] = {ENTRY(2, 0, 0), ENTRY(2, 0, 1), ENTRY(2, 1, 0), ENTRY(2, 1, 1)};
static eq_osdi_entry entry3[] = {ENTRY(3, 0, 0), ENTRY(3, 0, 1), ENTRY(3, 0, 2),
                                 ENTRY(3, 1, 0), ENTRY(3, 1, 1), ENTRY(3, 1, 2),
                                 ENTRY(3, 2, 0), ENTRY(3, 2, 1), ENTRY(3, 2, 2)};
static eq_osdi_entry entry4[] = {ENTRY(4, 0, 0), ENTRY(4, 0, 1), ENTRY(4, 0, 2), ENTRY(4, 0, 3),
                                 ENTRY(4, 1, 0), ENTRY(4, 1, 1), ENTRY(4, 1, 2), ENTRY(4, 1, 3),
                                 ENTRY(4, 2, 0), ENTRY(4, 2, 1), ENTRY(4, 2, 2), ENTRY(4, 2, 3),
                                 ENTRY(4, 3, 0), ENTRY(4, 3, 1), ENTRY(4, 3, 2), ENTRY(4, 3, 3)};
static eq_osdi_entry entry6[] = {ROW(6, 0), ROW(6, 1), ROW(6, 2), ROW(6, 3), ROW(6, 4), ROW(6, 5)};

static eq_osdi_node resistor_node[] = {NODE("p"), NODE("n")};
static eq_osdi_node diode_node[] = {NODE("a"), NODE("c"), NODE("ai")};
static eq_osdi_node mos_node[] = {NODE("d"), NODE("g"),  NODE("s"),
                                  NODE("b"), NODE("di"), NODE("si")};
static eq_osdi_node wire_node[] = {NODE("p"),
                                   NODE("n"),
                                   NODE("t"),
                                   {"flow(p,n)", "A", "V", EQ_OSDI_NOWHERE, EQ_OSDI_NOWHERE,
                                    EQ_OSDI_NOWHERE, EQ_OSDI_NOWHERE, true}};

static eq_osdi_pair diode_pair[] = {{2, 0}};
static eq_osdi_pair mos_pair[] = {{DI, D}, {SI, S}};
static eq_osdi_pair faulty_pair[] = {{1, 0}};
static eq_osdi_pair entry_pair_outside[] = {{1, 77}};

static eq_osdi_param resistor_param[] = {PARAM("$mfactor", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                         PARAM("R", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                         PARAM("tc1", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                         PARAM("cap", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                         PARAM("kind", EQ_OSDI_OF_MODEL, EQ_OSDI_STRING),
                                         PARAM("power", EQ_OSDI_OF_OPERATION, EQ_OSDI_REAL)};
static eq_osdi_param diode_param[] = {PARAM("$mfactor", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                      PARAM("area", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                      PARAM("is", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                      PARAM("n", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                      PARAM("rs", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                      PARAM("kq", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                      PARAM("cj", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL)};
static eq_osdi_param mos_param[] = {PARAM("$mfactor", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                    PARAM("w", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                    PARAM("l", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                    PARAM("type", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("vto", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("kp", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("gamma", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("phi", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("lambda", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("is", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("rd", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("rs", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                    PARAM("kq", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL)};
static eq_osdi_param wire_param[] = {PARAM("$mfactor", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                     PARAM("r", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL),
                                     PARAM("g", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL)};
static eq_osdi_param faulty_param[] = {PARAM("$mfactor", EQ_OSDI_OF_INSTANCE, EQ_OSDI_REAL),
                                       PARAM("mode", EQ_OSDI_OF_MODEL, EQ_OSDI_REAL)};

#define TEXT(x) #x
#define NAMED(called, minor) #called TEXT(minor)
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))
#define MODULE(called, n, entries_, pairs, count, parameters, opvars, limits)                      \
    .name = NAMED(called, MINOR), .nodes = COUNT(called##_node), .terminals = (n),                 \
    .node = called##_node, .entries = COUNT(entries_), .entry = entries_, .collapsibles = (count), \
    .collapsible = pairs, .collapsed = offsetof(instance, collapsed),                              \
    .params = COUNT(parameters) - (opvars), .operation_params = (opvars), .param = parameters,     \
    .mapping = offsetof(instance, map), .resist_pointers = offsetof(instance, resist),             \
    .states = (limits), .state_index = offsetof(instance, state), .bound_step = EQ_OSDI_NOWHERE,   \
    .instance_size = sizeof(instance), .model_size = sizeof(model), .access = called##_access,     \
    .setup_model = called##_model, .setup_instance = called##_instance, .eval = called##_eval,     \
    .load_residual_resist = load_residual_resist, .load_residual_react = load_residual_react,      \
    .load_jacobian_resist = load_jacobian_resist, .load_jacobian_react = load_jacobian_react,      \
    .load_jacobian_tran = load_jacobian_tran

#define faulty_node resistor_node
#define diode_access access_any
#define mos_access access_any
#define wire_access access_any
#define faulty_access access_any

/* Version 0.4 has 88 bytes more behind each. */
typedef struct described {
    eq_osdi_descriptor d;
#if MINOR > 3
    void *more[11];
#endif
} described;

#if LACKS == 1
#define OSDI_VERSION_MAJOR hidden_major
#elif LACKS == 2
#define OSDI_NUM_DESCRIPTORS hidden_count
#elif LACKS == 3
#define OSDI_DESCRIPTORS hidden_descriptors
#endif
EXPORTED uint32_t OSDI_VERSION_MAJOR = 0;
EXPORTED uint32_t OSDI_VERSION_MINOR = MINOR;
EXPORTED uint32_t OSDI_NUM_DESCRIPTORS = 5;
#if MINOR > 3
EXPORTED uint32_t OSDI_DESCRIPTOR_SIZE = sizeof(described);
#endif

EXPORTED described OSDI_DESCRIPTORS[] = {
    {.d = {MODULE(resistor, 2, entry2, NULL, 0, resistor_param, 1, 0)}},
    {.d = {MODULE(diode, 2, entry3, diode_pair, 1, diode_param, 0, 1)}},
    {.d = {MODULE(mos, 4, entry6, mos_pair, 2, mos_param, 0, 2)}},
    {.d = {MODULE(wire, 3, entry4, NULL, 0, wire_param, 0, 0)}},
    {.d = {MODULE(faulty, 2, entry2, faulty_pair, 1, faulty_param, 0, 0)}},
};

/* What $EQ_HOSTILE overwrites of the library, or of its first module; 20 and 24 are in what its functions return. */
#define FIRST OSDI_DESCRIPTORS[0].d
#define NUMBER(n, where, value)                                                                    \
    {                                                                                              \
        n, &(where), sizeof(uint32_t), {                                                           \
            .number = value                                                                        \
        }                                                                                          \
    }
#define POINTER(n, where, value)                                                                   \
    {                                                                                              \
        n, &(where), sizeof(void *), {                                                             \
            .pointer = value                                                                       \
        }                                                                                          \
    }
#define MANY 4000000000u

static const char *const nameless[] = {NULL, NULL};
static const struct {
    int hostile;
    void *at;
    size_t size;
    union {
        uint32_t number;
        const void *pointer;
    } with;
} spoilt[] = {
    NUMBER(1, OSDI_VERSION_MAJOR, 1),
    NUMBER(2, OSDI_VERSION_MINOR, 9),
    NUMBER(3, OSDI_NUM_DESCRIPTORS, MANY),
    NUMBER(4, OSDI_NUM_DESCRIPTORS, 0),
#if MINOR > 3
    NUMBER(5, OSDI_DESCRIPTOR_SIZE, 3),
    NUMBER(6, OSDI_DESCRIPTOR_SIZE, MANY),
#endif
    POINTER(7, FIRST.name, NULL),
    NUMBER(8, FIRST.nodes, MANY),
    NUMBER(9, FIRST.terminals, 0),
    NUMBER(10, FIRST.terminals, 9),
    POINTER(11, FIRST.node, NULL),
    NUMBER(12, FIRST.entries, MANY),
    POINTER(13, FIRST.entry, NULL),
    NUMBER(14, entry2[1].nodes.node_2, 99),
    NUMBER(15, FIRST.params, MANY),
    POINTER(16, FIRST.param, NULL),
    POINTER(17, resistor_param[1].name, nameless),
    POINTER(18, FIRST.eval, NULL),
    NUMBER(19, FIRST.mapping, sizeof(instance) - 4),
    NUMBER(21, FIRST.instance_size, 0),
    NUMBER(22, FIRST.states, 100000),
    NUMBER(23, FIRST.collapsibles, MANY),
    NUMBER(25, FIRST.resist_pointers, offsetof(instance, resist) + 4),
    NUMBER(26, entry2[0].react_pointer, 1u << 30),
    NUMBER(27, FIRST.instance_size, 1u << 31),
    NUMBER(28, FIRST.model_size, UINT32_MAX),
    POINTER(29, FIRST.name, NAMED(diode, MINOR)),
    POINTER(30, resistor_node[1].name, NULL),
    NUMBER(31, FIRST.collapsibles, 1),
    POINTER(31, FIRST.collapsible, entry_pair_outside),
    NUMBER(32, FIRST.collapsed, MANY),
    NUMBER(32, FIRST.collapsibles, 1),
    POINTER(32, FIRST.collapsible, faulty_pair),
};

__attribute__((constructor)) static void spoil(void) {
    if (getenv("EQ_OSDI_MARK") != NULL) fclose(fopen(getenv("EQ_OSDI_MARK"), "w"));
    hostile = getenv("EQ_HOSTILE") == NULL ? 0 : atoi(getenv("EQ_HOSTILE"));
    for (size_t k = 0; k < sizeof spoilt / sizeof *spoilt; k++)
        if (spoilt[k].hostile == hostile) memcpy(spoilt[k].at, &spoilt[k].with, spoilt[k].size);
}
