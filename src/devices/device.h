/* Device classes. A class is one constant table of functions that act on a whole range of elements.
 *
 * An element is a two-terminal branch from node a to node b with drop u = v_a - v_b and current i
 * that flows from a through the element to b. Each class gives one of the two as a function of the
 * other:
 *
 *   current-defined (R, D, I, G, F):  own variable x = u, value y = i = gamma(u; c, w)
 *   voltage-defined (V, E, H):        own variable x = i, value y = u = e(i; c, w)
 *
 * c is the control: nothing, the drop between two other nodes, or the current of a voltage-defined
 * branch; behavioural sources have a formula of many instead (behavioural.c). The energy is
 * p(x; c, w) = integral of y from 0 to x: the pseudo-power (co-content) of Scellier 2020, Eq. 4.4,
 * for a current-defined branch, its Legendre dual (content) for a voltage-defined one. So dp/dx = y
 * for every class; tests/devices holds every registered class to it.
 *
 * A port class (transistors, compiled models) has k terminals and m internal nodes. With z their
 * k + m potentials it gives the currents i(z) that flow from the circuit into each of these nodes
 * of the element, and G = di/dz. Only drops count, so that sum_a i_a = 0 and sum_b G_ab = 0. */
#ifndef EQ_DEVICES_DEVICE_H
#define EQ_DEVICES_DEVICE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/dialect.h"

/* Declared parameters plus derived columns of a class; terminals and internal nodes of an element;
 * numbers that it keeps from one evaluation to the next. */
enum { EQ_MAX_COLUMNS = 96, EQ_MAX_TERMINALS = 8, EQ_MAX_MEMORY = 48, EQ_MAX_STORAGES = 6 };
enum { EQ_MAX_SHOWN = 32 };   /* what an operating point shows of an element beside */
enum { EQ_MAX_CHARGES = 48 }; /* nodes of an element whose charges are shown */

typedef enum eq_defined { EQ_CURRENT_DEFINED, EQ_VOLTAGE_DEFINED } eq_defined;
typedef enum eq_control {
    EQ_CONTROL_NONE,
    EQ_CONTROL_VOLTAGE,
    EQ_CONTROL_CURRENT,
    EQ_CONTROL_FORMULA, /* any of these in a formula of the element's own; the functions below are
                           NULL */
    EQ_CONTROL_PORT,    /* the potentials of all its nodes: a port class */
} eq_control;

enum {
    EQ_LINEAR = 1,      /* y is affine in x and c: its conductance never changes during a solve */
    EQ_RECIPROCAL = 2,  /* two-terminal with an energy of its own: adds a symmetric stamp */
    EQ_CONDUCTS = 4,    /* y depends on x: the element joins its terminals for dc */
    EQ_INDEPENDENT = 8, /* y is the number that `value` gives: an independent source */
    EQ_RISES =
        16, /* above a value of 0 y rises with x everywhere and without bound, however flat */
};

/* S: the conductance that stands for 0 ohm. A current of 1 kA drops 1e-97 V at it, far below the
 * last bit of any potential, and every other resistance carries nothing beside it. */
#define EQ_WIRE 1e100

/* One parameter. default_value NAN: the value of the class must be given; of the others `derive`
 * makes something where they are not (temp, the kp of a transistor with an oxide). Values
 * outside [min, max] are refused when the deck is read. */
typedef struct eq_param {
    const char *name; /* lower case, as in .model and in XML attributes */
    const char *unit;
    double default_value, min, max;
    bool trainable; /* dp/dw means something: may stand in *% train */
} eq_param;

/* One of the places where an element keeps charge: between two of its nodes. The names are those under
 * which operating points show its capacitance and its charge, as in ngspice: @m1[cbd]. Places of the same
 * names are those of which an element has one, and add up. */
typedef struct eq_storage {
    const char *capacitance, *charge; /* charge NULL: the capacitance is the derivative of none */
    int plus, minus;                  /* nodes, counted from 0 */
} eq_storage;

/* What the parameters of a class depend on beside the deck's numbers. */
typedef struct eq_environment {
    double k_over_q; /* V/K, Boltzmann over charge: differs between dialects (docs/theory.md, 7) */
    double temp;     /* degrees C, .temp / .options temp; 27 */
    double tnom;     /* degrees C, .options tnom; 27 */
    double gmin;     /* S, across every junction; 1e-12 */
} eq_environment;

/* A number that is given (not NAN), or another. */
static inline double eq_or_else(double value, double other) {
    return isnan(value) ? other : value;
}

/* degrees C, of an element by its parameters temp and dtemp. */
static inline double eq_own_temp(double temp, double dtemp, const eq_environment *env) {
    return isnan(temp) ? env->temp + dtemp : temp;
}

/* Of a set of parameters (thermal, instance, ..): parameter k. */
#define EQ_BIT(k) ((uint64_t)1 << (k))

/* What an element that searches for inner potentials of its own knows and is asked for. */
typedef struct eq_port_search {
    /* memory[0..][j]: where the search of row j ended, for its next call at a z nearby; memory[0][j] is NAN: no call
     * yet; NULL: none is kept. It changes no more than the rounding of what is found. */
    double *const *memory;
    double near; /* V, a last step of the search whose square does not count; 0: to round-off */
} eq_port_search;

/* w[k] is column k (parameters in the order of `param`, then derived columns); all arrays have n
 * items. Element j uses w[k][j] and nothing of the other elements: a table of 1 and of 1000 give
 * the same bits. */
typedef struct eq_device_class {
    const char *name; /* "resistor": also the element name in XML */
    char letter; /* first letter of the element's name in SPICE; 0: no line of a deck has any */
    const char *model_type; /* .model type ("d"), or NULL when the class needs no model */
    int level;              /* by which classes of one type differ on a .model card; 0: none */
    eq_defined defined;
    eq_control control;
    unsigned flags;
    int params, columns; /* columns >= params: the rest is derived */
    int hidden;          /* so many of the first columns are no parameters of a deck (osdi.h) */
    const eq_param *param;
    int value; /* the parameter written after the nodes (R1 a b VALUE); -1: none */
    /* Its line in each dialect, with $-letters that the writer fills in (netlist/write/write.h).
     * NULL in a dialect: `formula` is written, or the deck refused. */
    const char *line[EQ_DIALECT_COUNT];
    /* The current from a to b by the own drop u and the parameters: "g*u + k*u*u*u"; NULL: a class
     * that every dialect has a line for, or none. */
    const char *formula;
    /* Of the parameters of a model, bit k for parameter k: those that count as a product with k/q,
     * and those that ngspice alone has the law for (written where they are not
     * at their defaults). */
    uint64_t thermal, ngspice_only;
    /* Those that say nothing at dc: written for ngspice alone, where they are not at their defaults. */
    uint64_t reactive;
    int charged; /* so many of the last columns charges alone depend on */
    /* Those that stand on the line of an element, where the others stand on its .model card. */
    uint64_t instance;
    /* Those that say nothing where parameter `unless` is 0. */
    struct {
        uint64_t idle;
        int unless;
    } quiet[2];
    /* What an element becomes that is trained by its value: a class with the same terminals whose
     * value is this one's first derived column, with columns `gmin` and `gmax` for the bounds;
     * NULL: it stays. */
    const struct eq_device_class *programmable;
    /* 1/value under a name of its own (the resistance of a conductance), number `params` for a
     * handle; NULL: none. */
    const eq_param *inverse;

    /* What is wrong with row j although every parameter is in its range, and what to do; NULL:
     * nothing. May be NULL. */
    const char *(*wrong)(double *const *w, size_t j);
    /* Why the last evaluation of row j gave no number, and what to do; NULL: it gave some. May be
     * NULL. */
    const char *(*lost)(double *const *w, size_t j);
    /* What there is to say of row j that is no mistake; NULL: nothing. May be NULL. */
    const char *(*said)(double *const *w, size_t j);
    /* What counts for parameter k of row j, which is not given (NAN): what others of its model make of
     * it; NAN: nothing. May be NULL. */
    double (*made)(double *const *w, size_t j, int k, const eq_environment *env);
    /* Frees what row j holds beside numbers. May be NULL. */
    void (*release)(double *const *w, size_t j);
    /* Fills the derived columns from the parameters; called whenever either changes.
     * May be NULL. */
    void (*derive)(size_t n, double *const *w, const eq_environment *env);
    /* p(x; c, w) [W]. c is NULL for EQ_CONTROL_NONE here and below. */
    void (*energy)(size_t n, double *const *w, const double *x, const double *c, double *p);
    /* y, dy/dx and dy/dc; dydc may be NULL. y and dydx are always written. */
    void (*value_and_slope)(size_t n, double *const *w, const double *x, const double *c, double *y,
                            double *dydx, double *dydc);
    /* The lower bound of dy/dx over all x (of dy/dc for EQ_CONTROL_VOLTAGE) that the derived
     * columns of each row give; -INFINITY: y jumps down, or may fall without bound. The energy of a
     * row is convex where it is >= 0. NULL: not known (voltage-defined classes and
     * EQ_CONTROL_CURRENT have none). */
    void (*least_slope)(size_t n, double *const *w, double *least);
    /* dp/dw_k at fixed x and c, for a parameter k that is trainable. */
    void (*param_energy)(size_t n, double *const *w, int k, const double *x, const double *c,
                         double *dpdw);
    /* dy/dw_k at fixed x and c, for such a k (the adjoint needs it). */
    void (*param_value)(size_t n, double *const *w, int k, const double *x, const double *c,
                        double *dydw);
    /* The places of storage, `storages` of them. stored() gives for place k the drop v[k] [V] that it
     * sees, behind series resistances, and its charge q[k] [C] on `plus`, the opposite on `minus`
     * (NAN: none); c[k * storages + l] [F] is dq_k/dv_l, c[k * storages + k] the capacitance. z: the
     * potentials of all nodes of a port class, else z[0] is the drop. */
    const eq_storage *storage;
    int storages;
    void (*stored)(size_t n, double *const *w, const double *const *z, double *const *v,
                   double *const *q, double *const *c);
    /* Of classes whose charges hang on the potentials of all nodes together: the names of these nodes,
     * internal ones, too (NULL: not shown). Operating points show @m1[qg], and @m1[cgd] = -dq_g/dv_d,
     * @m1[cgg] = dq_g/dv_g. charges() gives those of row j at the potentials z of eq_class_nodes:
     * q[a] [C] into node a, c[a * charge_nodes + b] = dq_a/dv_b [F], series resistances outside;
     * false: there are no numbers. */
    const char *const *charge_node;
    int charge_nodes;
    bool (*charges)(double *const *w, size_t j, const double *z, double *q, double *c);
    /* What operating points show of an element beside, under ngspice's names: @m1[gm]. show() gives these
     * values of row 0, z as in stored(). */
    const char *const *shown;
    int shows;
    void (*show)(double *const *w, const double *const *z, double *value);
    /* dx/dt [1/s] of the state, which is the parameter `value`, at the drops x; NULL: the class has no
     * state. At dc the state stays where the deck has it. */
    void (*rate)(size_t n, double *const *w, const double *x, double *dxdt);
    /* The functions of a port class, NULL elsewhere; its currents of defined = EQ_CURRENT_DEFINED.
     * z[a][j] [V], i[a][j] [A], g[a * nodes + b][j] = di_a/dz_b [S] for nodes = terminals +
     * internal. */
    int terminals, internal;
    unsigned carries; /* bit a: a dc current may flow into terminal a (a gate: none) */
    /* The terminals between which the current of a transistor flows (both 0: of none), the one whose
     * potential opens it, and whether it opens as that rises (1) or falls (-1). */
    int channel[2], gate, opens;
    void (*port)(size_t n, double *const *w, const double *const *z, const eq_port_search *search,
                 double *const *i, double *const *g);
    int memory; /* numbers of a row that its search keeps */
    /* di_a/dw_k for a parameter k that is trainable. */
    void (*param_port)(size_t n, double *const *w, int k, const double *const *z,
                       double *const *didw);
    /* The same as `limit` below of the potentials of a port class. */
    size_t (*limit_port)(size_t n, double *const *w, const double *const *z_old,
                         double *const *z_new);
    /* Moves x_new towards x_old where a step across a junction is too long (Nagel 1975, pnjlim);
     * NULL when any step is fine. Returns the number of elements it moved. */
    size_t (*limit)(size_t n, double *const *w, const double *x_old, double *x_new);
    /* Where limiting begins: z, zeros on entry, of a port class as above, else z[0] the drops. NULL: there. SPICE lets
     * junctions conduct at first (MODEINITJCT; Quarles 1989, section 3.2). */
    void (*begin)(size_t n, double *const *w, double *const *z);
} eq_device_class;

/* Whether the search for an operating point limits it: it may begin `off`. */
static inline bool eq_class_limits(const eq_device_class *cls) {
    return cls->hidden == 0 && (cls->limit != NULL || cls->limit_port != NULL);
}

/* How many nodes the rows of the class name: two, two more for a voltage that controls, or those of
 * a port. */
static inline int eq_class_nodes(const eq_device_class *cls) {
    if (cls->control == EQ_CONTROL_PORT) return cls->terminals + cls->internal;
    return cls->control == EQ_CONTROL_VOLTAGE ? 4 : 2;
}

/* Those of them that the deck names. */
static inline int eq_class_terminals(const eq_device_class *cls) {
    return cls->control == EQ_CONTROL_PORT ? cls->terminals : eq_class_nodes(cls);
}

#endif
