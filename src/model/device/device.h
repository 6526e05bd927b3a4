/* Programmable resistors as they are. A device stores a trained parameter g between the bounds of
 * its block as a weight
 *
 *     w = w_min + (w_max - w_min) (g - gmin)/(gmax - gmin),
 *
 * in which its steps and bounds are given. An optimizer asks for a change; the update rule turns it
 * into pulses, the response (response.h) says what each does, and what is stored is kept on levels
 * and read with noise and drift. Every random number is a function of (chip, device) or of (seed,
 * draw, chip, step, device): engines, threads and a resumed training give the same devices. */
#ifndef EQ_MODEL_DEVICE_H
#define EQ_MODEL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct eq_response eq_response;

/* How a requested change dw becomes pulses. */
typedef enum eq_device_rule {
    EQ_RULE_EXACT,      /* programmed to what was asked for (write and verify) */
    EQ_RULE_SIGN,       /* one pulse in its direction */
    EQ_RULE_THRESHOLD,  /* one pulse where |dw| > threshold dw_min */
    EQ_RULE_ROUNDED,    /* |dw|/dw_min pulses, to the nearest number */
    EQ_RULE_STOCHASTIC, /* a train of bl slots, each a pulse with the probability |dw|/(bl dw_min) */
    EQ_RULE_MIXED       /* dw is added up digitally; whole steps of dw_min are given as pulses */
} eq_device_rule;

enum { EQ_MOST_PIECES = 64 };
typedef struct eq_pieces {
    double value[EQ_MOST_PIECES];
    size_t count;
} eq_pieces;

/* One kind of device. _dtod: deviation from device to device, relative to the mean unless said. */
typedef struct eq_device {
    const eq_response *response; /* NULL: any change at all is possible, up to the bounds */
    eq_device_rule rule;
    bool additive; /* the cycle-to-cycle variation is not multiplied with the response */
    bool log_levels, stochastic_rounding;
    bool pair; /* w = p - m of two devices that are only ever stepped up */
    uint64_t chip, draw;
    size_t levels; /* 0: any value */
    size_t bl;     /* pulses of one update at most */
    eq_pieces piecewise_up, piecewise_down;
    double dw_min, dw_min_dtod, dw_min_std; /* _std: from cycle to cycle, relative to dw_min */
    double up_down, up_down_dtod;           /* _dtod: absolute */
    double w_min, w_max, w_min_dtod, w_max_dtod;
    double gamma_up, gamma_down;           /* of the linear and the exponential step */
    double gamma_up_dtod, gamma_down_dtod; /* of the linear step, absolute */
    double a_up, a_down, a, b;             /* of the exponential step */
    double pow_gamma, pow_gamma_dtod, pow_up_down, pow_up_down_dtod;
    double threshold; /* of dw_min */
    double refresh;   /* part of its range at which a device of a pair is reset with its partner */
    double write_noise, write_noise_std;                  /* of gmax - gmin; of dw_min */
    double read_noise, read_noise_rel;                    /* of gmax - gmin; of the conductance */
    double stuck_min, stuck_max, stuck_init, corrupt;     /* fractions of the devices */
    double drift_nu, drift_nu_dtod, drift_t0, drift_time; /* s */
    double lifetime, lifetime_dtod;   /* of what is stored, in updates; 0: it keeps */
    double endurance, endurance_dtod; /* pulses after which it is stuck; 0: endless */
} eq_device;

/* One device as it was made. */
typedef struct eq_device_cell {
    double low, high; /* bounds of w; equal: it is stuck there */
    double step[2];   /* dw up and down, > 0 */
    double shape[2];  /* of the response, up and down */
    double endurance; /* pulses; INFINITY: endless */
} eq_device_cell;

/* options.c. A number of eq_device by the name it has in an experiment. */
typedef struct eq_device_number {
    const char *name;
    size_t offset; /* of the double */
    double ideal;  /* where nothing is said */
} eq_device_number;
const eq_device_number *eq_device_numbers(size_t *count);
double *eq_device_value(eq_device *o, const eq_device_number *n);
/* A device without imperfections. */
eq_device eq_device_ideal(void);
/* Gives what was left open (NAN) the value it has in the device's response. */
void eq_device_complete(eq_device *o);
/* Makes *o the published device of that name; false: there is none. */
bool eq_device_preset(const char *name, eq_device *o);
const char *eq_device_rule_name(eq_device_rule rule);
bool eq_device_rule_find(const char *name, eq_device_rule *rule);
/* The programming differs: a network trained on the one is transferred to the other. */
bool eq_device_programs_alike(const eq_device *a, const eq_device *b);
/* Why no device of the kind can do what it is for; NULL: it can. */
const char *eq_device_fault(const eq_device *o);
/* Why no update moves one of the kind, so that it cannot be trained with; NULL: it moves. */
const char *eq_device_still(const eq_device *o);

/* response.c. NULL: there is none of that name. */
const eq_response *eq_response_find(const char *name);
const char *eq_response_name(const eq_response *r); /* NULL: "ideal" */
double eq_response_factor(const eq_device *o, const eq_device_cell *c, double w, int d);

/* The devices of one block. */
typedef struct eq_devices eq_devices;

/* What is kept of each device beside what it shows: the stored parameter, the pulses it has had, the
 * digital accumulator of w, the second device of a pair. */
enum { EQ_STORED, EQ_PULSES, EQ_PENDING, EQ_MINUS, EQ_DEVICE_ARRAYS };

typedef struct eq_devices_of {
    double min, max;      /* bounds of the block */
    size_t first, count;  /* its parameters are numbers first.. of the model */
    const int32_t *place; /* [count] where the engine's j-th is in the block; NULL: in order */
    uint64_t seed;
    const double *start; /* [count] in the order of the engine: what the parameters begin as */
} eq_devices_of;

/* Draws the chip. What it stores and shows is `start` as it is. */
eq_status eq_devices_new(const eq_device *o, const eq_devices_of *of, eq_devices **out,
                         eq_diag *diag);
void eq_devices_free(eq_devices *d);
/* Programs each device once to what it stores: bounds, levels, stuck devices, write noise. */
void eq_devices_program(eq_devices *d);
/* What the devices show (with write noise, without read noise), and what is kept. [count] in the
 * order of the engine. */
double *eq_devices_shown(eq_devices *d);
double *eq_devices_kept(eq_devices *d, int array);
const eq_device_cell *eq_devices_cell(const eq_devices *d, size_t j);
/* Devices that cannot change: stuck from the start or worn out. */
size_t eq_devices_stuck(const eq_devices *d);

/* Update number `step`: devices offset.. are asked for the values want[n]; shown[n] is what they show
 * then. May be called for several runs at once. */
void eq_devices_update(eq_devices *d, uint64_t step, size_t offset, size_t n, const double *want,
                       double *shown);

/* Reading changes with each read, or with the time since programming. */
bool eq_devices_vary(const eq_devices *d, bool evaluation);
/* Read number `read`: g[count]; drift is that of an evaluation. */
void eq_devices_read(const eq_devices *d, bool evaluation, uint64_t read, double *g);

#endif
