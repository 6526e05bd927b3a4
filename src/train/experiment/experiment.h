/* An experiment: which circuit, which data, how it is trained. Read from XML
 * (schemas/experiment.xsd). */
#ifndef EQ_TRAIN_EXPERIMENT_H
#define EQ_TRAIN_EXPERIMENT_H

#include "circuit/architecture.h"
#include "circuit/circuit.h"
#include "model/device/device.h"
#include "model/discrete/discrete.h"
#include "model/elastic/elastic.h"
#include "model/hopfield/hopfield.h"
#include "model/mismatch.h"
#include "model/optimizer.h"
#include "train/augment.h"
#include "train/cost.h"
#include "train/data/data.h"
#include "train/encode.h"
#include "train/estimator.h"
#include "train/experiment/hardware.h"
#include "train/experiment/init.h"
#include "train/experiment/place.h"
#include "train/experiment/schedule.h"
#include "train/meta/options.h"

/* How the circuit groups whose name matches are trained; the first match in the file counts. */
typedef struct eq_group_options {
    char *match;  /* pattern with * and ?, matched with the name of the circuit's group */
    eq_place at;  /* where it was written */
    double rate;  /* learning rate */
    eq_pull pull; /* NAN: as of all (eq_regularizer) */
    eq_init init;
} eq_group_options;

/* The devices that store the groups whose name matches; the first match in the list counts. */
typedef struct eq_device_options {
    char *match;
    eq_place at;    /* where it was written */
    eq_device kind; /* what the experiment leaves open is NAN: eq_device_complete */
} eq_device_options;

/* A parameter that is not as the deck has it: <set name="d*(is)" value="1e-7"/>. */
typedef struct eq_preset {
    char *name, *value;
    eq_place at; /* where it was written */
} eq_preset;

/* A file that an attribute names. */
typedef struct eq_named {
    char *path;
    eq_place at;
} eq_named;

/* eqspice.h reads and frees it. Command-line overrides (seed, epochs) are plain assignments to the
 * fields. */
struct eq_experiment {
    char *path;   /* the file, for messages */
    char *folder; /* its folder: relative paths start here */
    char *name;
    uint64_t seed;
    uint64_t run; /* identity of the run that wrote the file, 0: it is nobody's copy */
    char *home;   /* of a copy: where its folder stood; its paths are written from there */
    uint64_t data_checksum; /* of a copy: eq_data_checksum of what was read, 0: not known */
    eq_named *named;        /* all files that it names */
    size_t nameds, named_cap;
    eq_place data_at; /* of <data> */
    char *deck;       /* path of the deck as it is opened, NULL without one */
    eq_architecture architecture;
    eq_hopfield_options network;  /* instead of a circuit, */
    eq_discrete_options discrete; /* or this, */
    eq_elastic_options elastic;   /* or this; none of them said: it has one */
    bool cache; /* free phases of a training begin where that of the example ended before */
    eq_engine_kind engine; /* of a circuit, where none is asked for */
    eq_preset *preset;     /* of the circuit, applied one after the other */
    size_t presets, preset_cap;
    eq_data_kept
        *kept; /* tables that trainings of the same master share; not its own, NULL: none */
    eq_data_options data;
    eq_data_options elsewhere[EQ_PLACES - 1]; /* of a copy: with the files at other places, which
                                                 count where the checksum fits theirs */
    eq_encoding encoding;
    eq_augmentation augmentation;
    eq_cost cost;
    eq_estimator estimator;
    eq_mismatch mismatch;
    eq_hardware hardware;
    eq_optimizer optimizer;
    eq_group_options *group;
    size_t groups, group_cap;
    eq_device_options *device; /* the last is that of <device> itself */
    size_t devices, device_cap;
    eq_schedule schedule;
    eq_regularizer regularizer;
    eq_meta_options meta;
    size_t batch, epochs;
    size_t patience; /* epochs without a better validation figure after which it ends; 0: none do */
};

/* The files that it names, those of its data included; returns how many. */
enum { EQ_EXPERIMENT_FILES = EQ_DATA_FILES + 6 };
size_t eq_experiment_files(const eq_experiment *x, const char *file[EQ_EXPERIMENT_FILES]);
/* EQ_ERR_INPUT, at the attribute that names it: one of the files of its circuit or network, or of these data, is not
 * there. */
eq_status eq_experiment_has_network(const eq_experiment *x, eq_diag *diag);
eq_status eq_experiment_has_data(const eq_experiment *x, const eq_data_options *o, eq_diag *diag);

/* write.c. Appends the experiment as XML: with paths that start at x->home, or at the root. */
eq_status eq_experiment_write(const eq_experiment *x, eq_text *out, eq_diag *diag);
/* Over encoding, cost, estimator, optimizer, devices, schedule and minibatch. */
eq_status eq_experiment_fingerprint(const eq_experiment *x, uint64_t *hash, eq_diag *diag);
/* A network of units: what rests at its bounds answers to a large beta alone, so that beta is a setting of the
 * training as much as one of the gradient (docs/thesis.md). */
static inline bool eq_experiment_has_units(const eq_experiment *x) {
    return eq_hopfield_is(&x->network) || x->discrete.layers > 0;
}
/* Whether it trains a circuit; EQ_ERR_USAGE: it does not, and `what` is done with one alone. */
static inline bool eq_experiment_has_circuit(const eq_experiment *x) {
    return !eq_experiment_has_units(x) && x->elastic.nodes == NULL;
}
/* Whether free states of a training are kept: of a circuit or of units in layers, one network, phases that settle. */
static inline bool eq_experiment_caches(const eq_experiment *x) {
    bool elastic = x->elastic.nodes != NULL;
    return x->cache && !elastic && x->meta.shots == 0 && !eq_estimator_samples(&x->estimator);
}
/* Steps that backpropagation through time goes back; 0: none are said, or it is not the estimator. */
static inline size_t eq_estimator_unrolled(const eq_experiment *x) {
    if (!x->estimator.kind->unrolled) return 0;
    return x->estimator.steps > 0 ? x->estimator.steps : x->discrete.nudged;
}
eq_status eq_experiment_needs_circuit(const eq_experiment *x, const char *what, eq_diag *diag);
/* Appends the element that says what network it is, without its presets. */
void eq_experiment_write_network(const eq_experiment *x, eq_text *out);
/* Reads the deck or builds the architecture (with the experiment's seed) of the experiment, with
 * its presets. */
eq_status eq_experiment_circuit(const eq_experiment *x, eq_circuit **out, eq_diag *diag);
/* *other: the two have different decks or architectures (presets left aside). */
eq_status eq_experiment_same_circuit(const eq_experiment *a, const eq_experiment *b, bool *other,
                                     eq_diag *diag);
/* preset.c. Applies the presets from number `first` on. */
eq_status eq_presets_apply(const eq_experiment *x, size_t first, eq_circuit *c, eq_diag *diag);

/* The file of an experiment, read once for many that differ in their settings. */
typedef struct eq_experiment_master eq_experiment_master;
eq_status eq_experiment_master_read(const char *path, eq_experiment_master **out, eq_diag *diag);
eq_status eq_experiment_master_copy(const eq_experiment_master *m, const eq_settings *settings,
                                    eq_experiment **out, eq_diag *diag);
void eq_experiment_master_free(eq_experiment_master *m);

/* unused.c. *owner: what a change of what --set calls `name` (an attribute by its path, or a parameter of
 * the circuit c) belongs to, where it changes nothing in a training of this experiment: "type=\"adam\"";
 * NULL: it may change something. */
eq_status eq_experiment_unused(const eq_experiment *x, const eq_circuit *c, const char *name,
                               const char **owner, eq_diag *diag);

#endif
