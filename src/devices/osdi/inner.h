/* Internal to model.c and law.c: one model, one element. */
#ifndef EQ_DEVICES_OSDI_INNER_H
#define EQ_DEVICES_OSDI_INNER_H

#include <stdatomic.h>

#include "devices/osdi/osdi.h"

enum { EQ_OSDI_TEXT = 256 };

/* What a library said first, as a sentence in one line. */
typedef struct eq_osdi_note {
    char text[EQ_OSDI_TEXT];
    bool error;
} eq_osdi_note;

/* A parameter of a .model card. */
typedef struct eq_osdi_given {
    int param;
    double number;
    char *text; /* NULL: a number */
} eq_osdi_given;

/* Numbers that the simulator tells the library. */
enum { EQ_OSDI_TOLD = 8 };

struct eq_osdi_model {
    const eq_osdi_module *module;
    void *data;
    eq_osdi_given *given;
    size_t givens, given_cap;
    bool ready;     /* set up in env */
    unsigned times; /* so often in all */
    eq_environment env;
    double told[EQ_OSDI_TOLD];
    eq_osdi_note note;
};

/* Of the unknowns of an element 0 is ground, 1 .. terminals are the terminals that are connected,
 * the others are solved for. data is read alone once the element is set up: what evaluates works on
 * a copy. */
struct eq_osdi_instance {
    eq_osdi_model *model;
    unsigned char *data;
    double row[EQ_MAX_COLUMNS]; /* the parameters by which it is set up, */
    double kelvin;              /* its temperature, */
    unsigned times;             /* and those of its model (eq_osdi_model); 0: not yet */
    int connected;
    int unknowns;
    int unknown[EQ_OSDI_NODES];                                 /* of a node of the module */
    bool flow[EQ_OSDI_NODES + 1], potential[EQ_OSDI_NODES + 1]; /* of an unknown */
    eq_osdi_note note;
    atomic_bool lost; /* the last evaluation gave no numbers */
};

/* Writes a number or a text where the library keeps it; false: it has no place for it. */
bool eq_osdi_put(const eq_osdi_module *m, void *instance, void *model, int param, double number,
                 char *text);
/* Keeps what a set-up reports, parameters outside of their bounds or that it gave up, and frees it. */
void eq_osdi_take_report(const eq_osdi_module *m, eq_osdi_report *r, eq_osdi_note *note);
/* Once for every environment, before the elements of the model. */
void eq_osdi_set_up_model(eq_osdi_model *m, const eq_environment *env);
eq_osdi_simparams eq_osdi_simparams_of(const eq_osdi_model *m);
/* What libraries call to say something; handle: an eq_osdi_note. */
void eq_osdi_log(void *handle, char *text, uint32_t level);
/* Keeps the first that was said at level error or above, else the first warning. */
void eq_osdi_keep(eq_osdi_note *note, bool error, const char *text);

#endif
