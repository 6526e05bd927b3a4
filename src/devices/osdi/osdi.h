/* Compiled Verilog-A modules (OSDI 0.3 and 0.4) as port classes. Each module of a library that the
 * user has allowed gets a class number behind those of registry.def. Its internal nodes are solved
 * for inside an element, so that the circuit sees the terminals alone; column 0 of its table is the
 * place of the element's instance in memory, which is a whole number below 2^53. */
#ifndef EQ_DEVICES_OSDI_H
#define EQ_DEVICES_OSDI_H

#include "base/status.h"
#include "devices/osdi/abi.h"
#include "devices/registry.h"

/* Terminals and internal nodes of a module together; states of $limit; bytes of an instance. */
enum { EQ_OSDI_NODES = EQ_MAX_CHARGES, EQ_OSDI_STATES = 64, EQ_OSDI_BYTES = 1 << 18 };

typedef struct eq_osdi_module {
    const char *file; /* of its library, absolute */
    eq_osdi_descriptor d;
    eq_device_class cls;
    int id[EQ_MAX_COLUMNS]; /* parameter of the module that a column is; -1: temp and dtemp */
    int temp, dtemp;        /* columns of these, -1: the module has its own */
    const char *node[EQ_OSDI_NODES]; /* names of those that have a potential */
} eq_osdi_module;

/* ---- Libraries (library.c) ---- */

/* Whether the user has allowed the file that a deck names: the same file, or, where the deck's is
 * not there, one of that name. */
bool eq_osdi_is_allowed(const char *file);
/* The class of the module, case-blind; -1: no allowed library has one of the name. */
int eq_osdi_class(const char *name, size_t length);
const eq_osdi_module *eq_osdi_module_of(int cls);

/* ---- Models (model.c) and elements (element.c) ---- */

typedef struct eq_osdi_model eq_osdi_model;
typedef struct eq_osdi_instance eq_osdi_instance;

/* NULL: memory runs out. */
eq_osdi_model *eq_osdi_model_new(const eq_osdi_module *m);
void eq_osdi_model_free(eq_osdi_model *m);
const eq_osdi_module *eq_osdi_model_module(const eq_osdi_model *m);
/* The parameter of that name or alias that a .model may give, case-blind; -1: none. */
int eq_osdi_find_param(const eq_osdi_module *m, const char *name, size_t length);
/* Its k-th name; NULL behind the last. */
const char *eq_osdi_param_name(const eq_osdi_module *m, size_t k);
bool eq_osdi_is_text(const eq_osdi_module *m, int param);
/* Gives the model a number, or a text that it copies; false: memory runs out. */
bool eq_osdi_model_set(eq_osdi_model *m, int param, double value, const char *text, size_t length);
/* What was set last; NAN: nothing. The k-th of all in the order in which they were given; false:
 * there are no more. */
double eq_osdi_model_get(const eq_osdi_model *m, int param);
bool eq_osdi_model_given(const eq_osdi_model *m, size_t k, const char **name, double *value,
                         const char **text);
bool eq_osdi_model_same(const eq_osdi_model *a, const eq_osdi_model *b);

/* An element of the model with so many of its terminals connected; NULL: memory runs out. */
eq_osdi_instance *eq_osdi_new(eq_osdi_model *m, int connected);
void eq_osdi_free(eq_osdi_instance *i);
/* The number of column 0, and back. */
static inline double eq_osdi_place(const eq_osdi_instance *i) {
    return (double)(uintptr_t)i;
}

static inline eq_osdi_instance *eq_osdi_at(double place) {
    return place > 0.0 ? (eq_osdi_instance *)(uintptr_t)place : NULL; /* not a number: none */
}

/* How many of its terminals are connected, and its model. */
int eq_osdi_connected(const eq_osdi_instance *i);
const eq_osdi_model *eq_osdi_model_of(const eq_osdi_instance *i);

/* Of a class: sets the rows up, and tells what is wrong with row j. */
void eq_osdi_derive(size_t n, double *const *w, const eq_environment *env);
const char *eq_osdi_wrong(double *const *w, size_t j);
const char *eq_osdi_lost(double *const *w, size_t j);
const char *eq_osdi_said(double *const *w, size_t j);
void eq_osdi_release(double *const *w, size_t j);

/* ---- The law (law.c) ---- */

void eq_osdi_port(size_t n, double *const *w, const double *const *z, const eq_port_search *search,
                  double *const *i, double *const *g);
size_t eq_osdi_limit_port(size_t n, double *const *w, const double *const *z_old,
                          double *const *z_new);
/* The charges q [C] of all nodes of the module where the internal ones have settled, and their slopes
 * c[a * nodes + b] = dq_a/dz_b [F] by the potentials of all; false: they have not. */
bool eq_osdi_charges(double *const *w, size_t j, const double *z, double *q, double *c);
/* Whether what it gives at 0 V is finite. */
bool eq_osdi_is_finite_at_rest(eq_osdi_instance *i);

#endif
