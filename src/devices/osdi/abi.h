/* The binary interface of compiled Verilog-A modules: the parts of the Open Source Device Interface
 * (SemiMod, "Open Source Device Interface (OSDI)", versions 0.3 and 0.4, sections 5 and 6) that an
 * operating point needs. Order and types are the interface's, names are ours. */
#ifndef EQ_DEVICES_OSDI_ABI_H
#define EQ_DEVICES_OSDI_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EQ_OSDI_NOWHERE UINT32_MAX /* an offset or a node that is not there */

enum { EQ_OSDI_REAL, EQ_OSDI_INTEGER, EQ_OSDI_STRING, EQ_OSDI_TYPE = 3 };
enum { EQ_OSDI_OF_MODEL, EQ_OSDI_OF_INSTANCE, EQ_OSDI_OF_OPERATION }; /* flags >> 30 */
enum { EQ_OSDI_SET = 1, EQ_OSDI_INSTANCE = 4 };                       /* of access */
enum { EQ_OSDI_RESISTIVE = 4, EQ_OSDI_REACTIVE = 8 };                 /* entries of a Jacobian */
enum {                                                                /* what eval computes */
       EQ_OSDI_RESIDUAL = 1,
       EQ_OSDI_CHARGE = 2,
       EQ_OSDI_JACOBIAN = 4,
       EQ_OSDI_CAPACITANCE = 8,
       EQ_OSDI_LIMIT = 256,
       EQ_OSDI_LIMIT_FIRST = 512,
       EQ_OSDI_DC = 2048,
       EQ_OSDI_STATIC = 32768
};
enum { EQ_OSDI_LIMITED = 1, EQ_OSDI_FATAL = 2 }; /* what it returns */
enum { EQ_OSDI_LEVEL = 7, EQ_OSDI_WARNING = 3, EQ_OSDI_ERROR = 4, EQ_OSDI_UNFORMATTED = 16 };
enum { EQ_OSDI_OUT_OF_BOUNDS = 1 };

typedef struct eq_osdi_pair {
    uint32_t node_1, node_2; /* row and column of a Jacobian; node_2 NOWHERE: ground */
} eq_osdi_pair;

typedef struct eq_osdi_node {
    const char *name, *units, *residual_units;
    uint32_t resist_residual, react_residual, resist_limit, react_limit; /* offsets */
    bool is_flow; /* the unknown is the current of a branch */
} eq_osdi_node;

typedef struct eq_osdi_entry {
    eq_osdi_pair nodes;
    uint32_t react_pointer; /* offset of a double * in the instance */
    uint32_t flags;
} eq_osdi_entry;

typedef struct eq_osdi_param {
    const char *const *name; /* 1 + aliases of them */
    uint32_t aliases;
    const char *description, *units;
    uint32_t flags, length; /* 0: no array */
} eq_osdi_param;

typedef struct eq_osdi_simparams {
    const char *const *name; /* ends with NULL, as does name_of_text */
    const double *value;
    const char *const *name_of_text, *const *text;
} eq_osdi_simparams;

typedef struct eq_osdi_siminfo {
    eq_osdi_simparams params;
    double time;
    const double *solution; /* V, by the numbers in the instance's node mapping */
    double *state, *next_state;
    uint32_t flags;
} eq_osdi_siminfo;

typedef struct eq_osdi_fault {
    uint32_t code, param;
} eq_osdi_fault;

typedef struct eq_osdi_report {
    uint32_t flags, faults;
    eq_osdi_fault *fault; /* from malloc, ours to free */
} eq_osdi_report;

typedef struct eq_osdi_limit {
    const char *name;
    uint32_t args; /* numbers behind the new and the old drop */
    void *function;
} eq_osdi_limit;

typedef struct eq_osdi_descriptor {
    const char *name;
    uint32_t nodes, terminals;
    const eq_osdi_node *node;
    uint32_t entries;
    const eq_osdi_entry *entry;
    uint32_t collapsibles;
    const eq_osdi_pair *collapsible;
    uint32_t collapsed; /* offset of a bool for each */
    const void *noise;
    uint32_t noises;
    uint32_t params, instance_params, operation_params;
    const eq_osdi_param *param; /* of all three kinds, told apart by their flags */
    uint32_t mapping;           /* offset of a uint32_t for each node */
    uint32_t resist_pointers;   /* offset of a double * for each entry */
    uint32_t states, state_index;
    uint32_t bound_step;
    uint32_t instance_size, model_size; /* bytes */
    void *(*access)(void *instance, void *model, uint32_t param, uint32_t flags);
    void (*setup_model)(void *handle, void *model, const eq_osdi_simparams *params,
                        eq_osdi_report *report);
    void (*setup_instance)(void *handle, void *instance, void *model, double kelvin,
                           uint32_t terminals, const eq_osdi_simparams *params,
                           eq_osdi_report *report);
    uint32_t (*eval)(void *handle, void *instance, void *model, const eq_osdi_siminfo *info);
    void (*load_noise)(void);
    void (*load_residual_resist)(void *instance, void *model, double *to);
    void (*load_residual_react)(void *instance, void *model, double *to);
    void (*load_limit_rhs_resist)(void *instance, void *model, double *to);
    void (*load_limit_rhs_react)(void *instance, void *model, double *to);
    void (*load_spice_rhs_dc)(void);
    void (*load_spice_rhs_tran)(void);
    void (*load_jacobian_resist)(void *instance, void *model);
    void (*load_jacobian_react)(void *instance, void *model, double factor);
    void (*load_jacobian_tran)(void *instance, void *model, double factor);
} eq_osdi_descriptor; /* version 0.3; 0.4 has more behind it, which has no other numbers */

#endif
