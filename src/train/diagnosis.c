#include "train/diagnosis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/carry.h"
#include "base/file.h"
#include "base/mem.h"
#include "circuit/depth.h"
#include "solver/chunk.h"
#include "train/train.h"

/* Gradients are looked at in at most LOOKS minibatches of an epoch, states in every STRIDE-th of
 * these. */
enum { LOOKS = 32, STRIDE = 8 };

static const char head[] = "epoch,part,name,at_min,at_max,gradient,snr,moved,v,v_ratio,saturated";
static const char devices_head[] = ",stuck,pulses"; /* of an experiment with devices */
enum { COLUMNS = 8, DEVICE_COLUMNS = 2 };

/* What a layer of nodes was seen with. */
typedef struct layer_sum {
    char name[24];
    double v, nodes; /* sum of |v| over nodes and examples, how many */
    double saturated, neurons;
} layer_sum;

struct eq_doctor {
    eq_session *s;
    eq_depths *depths;
    int8_t *of_free;      /* [nodes] held by no source and driven by none */
    layer_sum *layer;     /* [layers]; 0: the inputs */
    size_t layers, looks; /* looks: minibatches seen in this epoch */
    bool begun;           /* this epoch */
    double *sum, *square; /* [parameters] of the gradients seen */
    double *before, *now; /* [parameters] at the start of the epoch and at its end */
    double *linear;       /* [nodes] S of the linear elements */
    double *bent;         /* [nodes] S of the others; < 0: there are none */
    double *v;            /* [batch][nodes] V */
    bool *warned;         /* [blocks] */
    double *most;         /* [blocks] the largest gradient of an epoch */
    eq_diagnosis *row;    /* [blocks + layers - 1] */
    size_t rows;
    eq_text csv;
};

void eq_doctor_free(eq_doctor *d) {
    if (d == NULL) return;
    void *all[] = {d->of_free, d->layer, d->sum, d->square, d->before, d->now,
                   d->linear,  d->bent,  d->v,   d->warned, d->most,   d->row};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) eq_free(all[k]);
    eq_depths_free(d->depths);
    eq_text_free(&d->csv);
    eq_free(d);
}

/* The layers of the circuit, and which nodes are unknowns of their own. */
static eq_status find_layers(eq_doctor *d, eq_diag *diag) {
    const eq_circuit *c = d->s->c;
    d->layers = 1; /* without a circuit, the groups alone are looked at */
    if (c == NULL) return EQ_OK;
    eq_reduction *r = NULL;
    eq_topology *t = NULL;
    eq_status status = eq_reduction_new(c, &r, diag);
    if (status == EQ_OK) status = eq_topology_new(c, r, &t, diag);
    if (status == EQ_OK) status = eq_depths_new(c, t, &d->depths, diag);
    if (status == EQ_OK) {
        d->layers = (size_t)d->depths->deepest + 1;
        d->of_free = eq_calloc(eq_circuit_nodes(c), sizeof *d->of_free);
        if (d->of_free == NULL) status = eq_out_of_memory(diag);
    }
    for (size_t k = 0; status == EQ_OK && k < r->node_unknowns; k++) d->of_free[r->root[k]] = 1;
    eq_topology_free(t);
    eq_reduction_free(r);
    return status;
}

static eq_status make_room(eq_doctor *d, eq_diag *diag) {
    size_t n = eq_network_parameters(d->s->model), blocks = eq_network_blocks(d->s->model);
    size_t nodes = d->s->c == NULL ? 0 : eq_circuit_nodes(d->s->c);
    struct {
        void *array;
        size_t items, size;
    } want[] = {
        {&d->layer, d->layers, sizeof *d->layer},
        {&d->sum, n, sizeof *d->sum},
        {&d->square, n, sizeof *d->square},
        {&d->before, n, sizeof *d->before},
        {&d->now, n, sizeof *d->now},
        {&d->linear, nodes, sizeof *d->linear},
        {&d->bent, nodes, sizeof *d->bent},
        {&d->v, d->s->batch * nodes, sizeof *d->v},
        {&d->warned, blocks, sizeof *d->warned},
        {&d->most, blocks, sizeof *d->most},
        {&d->row, blocks + d->layers, sizeof *d->row},
    };
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        void *p = eq_calloc(want[k].items, want[k].size);
        if (p == NULL) return eq_out_of_memory(diag);
        memcpy(want[k].array, &p, sizeof p);
    }
    for (size_t l = 0; l < d->layers; l++)
        snprintf(d->layer[l].name, sizeof d->layer[l].name, "%zu", l);
    return EQ_OK;
}

eq_status eq_doctor_new(eq_session *s, eq_doctor **out, eq_diag *diag) {
    eq_doctor *d = eq_calloc(1, sizeof *d);
    if (d == NULL) return eq_out_of_memory(diag);
    d->s = s;
    eq_text_printf(&d->csv, "%s%s\n", head, s->x->devices > 0 ? devices_head : "");
    eq_status status = d->csv.failed ? eq_out_of_memory(diag) : find_layers(d, diag);
    if (status == EQ_OK) status = make_room(d, diag);
    if (status == EQ_OK)
        *out = d;
    else
        eq_doctor_free(d);
    return status;
}

/* Adds the conductances dy/dx of the laws between two nodes at the potentials v to their nodes:
 * of the linear ones, or of the others, which begin as none (-1). */
static void add_slopes(const eq_circuit *c, bool linear, const double *v, double *at) {
    eq_chunk e;
    for (int k = 0; k < EQ_CLASS_COUNT; k++) {
        const eq_table *t = &c->table[k];
        if (!eq_stands_between_nodes(t) || eq_by_voltage(t) || eq_is_independent(t)) continue;
        if (eq_is_linear(t) != linear) continue;
        for (size_t start = 0; start < t->count; start += EQ_CHUNK) {
            eq_chunk_take(&e, t, start, v);
            eq_chunk_evaluate(&e);
            for (size_t j = 0; j < 2 * e.n; j++) {
                double *to = &at[t->term[j % 2][start + j / 2]];
                *to = fmax(*to, 0.0) + e.slope[j / 2];
            }
        }
    }
}

/* An epoch begins: what the parameters are, and the linear conductance at each node. */
static void begin(eq_doctor *d) {
    size_t n = eq_network_parameters(d->s->model);
    eq_network_store(d->s->model);
    eq_session_get(d->s, d->before);
    memset(d->sum, 0, n * sizeof *d->sum);
    memset(d->square, 0, n * sizeof *d->square);
    if (d->s->c != NULL) {
        size_t nodes = eq_circuit_nodes(d->s->c);
        memset(d->linear, 0, nodes * sizeof *d->linear);
        memset(d->v, 0, nodes * sizeof *d->v);
        add_slopes(d->s->c, true, d->v, d->linear);
    }
    for (size_t l = 0; l < d->layers; l++)
        d->layer[l].v = d->layer[l].nodes = d->layer[l].saturated = d->layer[l].neurons = 0.0;
    d->looks = 0;
    d->begun = true;
}

void eq_doctor_begin(eq_doctor *d) {
    if (!d->begun) begin(d);
}

/* One example with the potentials v. */
static void look_at(eq_doctor *d, const double *v) {
    size_t nodes = eq_circuit_nodes(d->s->c);
    for (size_t k = 0; k < nodes; k++) d->bent[k] = -1.0;
    add_slopes(d->s->c, false, v, d->bent);
    for (size_t k = 1; k < nodes; k++) {
        int32_t depth = d->depths->node[k];
        if (depth == EQ_NONE || (depth > 0 && !d->of_free[k])) continue;
        layer_sum *l = &d->layer[depth];
        l->v += fabs(v[k]);
        l->nodes += 1.0;
        if (!d->of_free[k] || d->bent[k] < 0.0) continue;
        l->neurons += 1.0;
        l->saturated += d->bent[k] > d->linear[k];
    }
}

eq_status eq_doctor_look(eq_doctor *d, size_t number, size_t minibatches, size_t n, eq_diag *diag) {
    eq_session *s = d->s;
    size_t every = (minibatches + LOOKS - 1) / LOOKS;
    eq_doctor_begin(d);
    bool skip = every > 0 && number % every != 0;
    eq_network_watch(s->model, skip ? NULL : d->sum, skip ? NULL : d->square);
    if (skip || d->looks++ % STRIDE != 0 || s->c == NULL) return EQ_OK;
    eq_status status = eq_network_potentials(s->model, n, s->input, d->v, diag);
    for (size_t k = 0; status == EQ_OK && k < n; k++) look_at(d, d->v + k * eq_circuit_nodes(s->c));
    return status;
}

/* Of K gradients with the mean m and the summed variance s^2 of their entries, |m|^2 is on average
 * the signal's |E m|^2 and s^2/K: the ratio of the signal to s, and the rms of the norms. */
static void gradient_of(const eq_doctor *d, const eq_block *b, eq_diagnosis *row) {
    double looks = (double)d->looks, mean = 0.0, square = 0.0;
    row->gradient = row->snr = NAN;
    if (d->looks == 0) return;
    for (size_t j = b->first; j < b->first + b->count; j++) {
        mean += d->sum[j] / looks * (d->sum[j] / looks);
        square += d->square[j] / looks;
    }
    row->gradient = sqrt(square);
    if (d->looks < 2) return;
    double variance = fmax(square - mean, 0.0) * looks / (looks - 1.0);
    double signal = fmax(mean - variance / looks, 0.0);
    row->snr = square > 0.0 ? sqrt(signal / variance) : NAN;
}

static void devices_of(eq_devices *devices, size_t count, eq_diagnosis *row) {
    if (devices == NULL) return;
    const double *pulses = eq_devices_kept(devices, EQ_PULSES);
    double sum = 0.0;
    for (size_t j = 0; j < count; j++) sum += pulses[j];
    row->stuck = (double)eq_devices_stuck(devices) / (double)count;
    row->pulses = sum / (double)count;
}

static void group_row(const eq_doctor *d, size_t block, eq_diagnosis *row) {
    const eq_block *b = eq_network_block(d->s->model, block);
    double low = 0.0, high = 0.0, change = 0.0, size = 0.0;
    for (size_t j = b->first; j < b->first + b->count; j++) {
        double step = d->now[j] - d->before[j];
        low += d->now[j] <= b->min;
        high += d->now[j] >= b->max;
        change += step * step;
        size += d->now[j] * d->now[j];
    }
    *row = (eq_diagnosis){.part = "group",
                          .name = b->name,
                          .at_min = low / (double)b->count,
                          .at_max = high / (double)b->count,
                          .moved = size > 0.0 ? sqrt(change / size) : NAN,
                          .v = NAN,
                          .ratio = NAN,
                          .saturated = NAN,
                          .stuck = NAN,
                          .pulses = NAN};
    devices_of(eq_network_devices_of(d->s->model, block), b->count, row);
    gradient_of(d, b, row);
}

static double share(double part, double all) {
    return all > 0.0 ? part / all : NAN;
}

static void layer_row(const eq_doctor *d, size_t l, eq_diagnosis *row) {
    const layer_sum *is = &d->layer[l], *last = &d->layer[l - 1];
    *row = (eq_diagnosis){"layer", is->name, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    row->v = share(is->v, is->nodes);
    row->ratio = share(row->v, share(last->v, last->nodes));
    row->saturated = share(is->saturated, is->neurons);
}

/* A column; empty where there is no value. */
static void column(eq_text *t, double value) {
    if (isnan(value))
        eq_text_puts(t, ",");
    else
        eq_text_printf(t, ",%.6g", value);
}

static void add_line(eq_text *t, size_t epoch, const eq_diagnosis *r, bool devices) {
    const double value[COLUMNS + DEVICE_COLUMNS] = {r->at_min, r->at_max, r->gradient, r->snr,
                                                    r->moved,  r->v,      r->ratio,    r->saturated,
                                                    r->stuck,  r->pulses};
    size_t columns = devices ? COLUMNS + DEVICE_COLUMNS : COLUMNS;
    eq_text_printf(t, "%zu,%s,", epoch, r->part);
    bool quoted = strpbrk(r->name, ",\" ") != NULL; /* RFC 4180 */
    eq_text_puts(t, quoted ? "\"" : "");
    eq_carry(EQ_CARRY_CSV, r->name, t);
    eq_text_puts(t, quoted ? "\"" : "");
    for (size_t k = 0; k < columns; k++) column(t, value[k]);
    eq_text_puts(t, "\n");
}

/* Why a group does not learn whose gradient was `most` in an epoch before; NULL: it does. A
 * thousandth of a thousandth of its size in an epoch is nothing, whatever the schedule. */
static const char *why_still(const eq_diagnosis *r, double most, double factor) {
    if (r->gradient < 1e-9 * most)
        return "its gradient was there and is gone; see whether the outputs rest at their bounds: "
               "lower the rates, or begin with narrower weights";
    if (r->gradient == 0.0) return "its gradient is zero; see whether it acts on the outputs";
    if (r->stuck >= 1.0) return "all its devices are stuck or worn out; see stuck and endurance";
    if (r->pulses == 0.0 && r->moved == 0.0)
        return "its devices were given no pulse; raise its rate, or lower dw_min or threshold";
    if (r->moved == 0.0 && r->at_min + r->at_max >= 1.0)
        return "all its parameters stand at their bounds; widen those or lower its rate";
    if (r->moved < 1e-6 * fmin(factor, 1.0))
        return "it moves by less than a millionth of its size in an epoch; unless it has arrived, "
               "raise its rate";
    return NULL;
}

static void warn(eq_doctor *d, size_t block, const eq_diagnosis *r, double factor, eq_diag *diag) {
    char layer[32] = "";
    const char *why = why_still(r, d->most[block], factor);
    if (d->warned[block] || why == NULL || factor == 0.0 || eq_session_rate(d->s, block) == 0.0)
        return;
    d->warned[block] = true;
    if (d->s->c != NULL) {
        const eq_group *g = &d->s->c->group[block];
        int32_t depth = eq_depth_of(d->depths, &d->s->c->table[g->cls], (size_t)g->row[0]);
        snprintf(layer, sizeof layer, " of layer %d", (int)depth);
    }
    eq_warn_at(diag, (eq_place){0}, "the group '%s'%s does not learn: %s", r->name, layer, why);
}

eq_status eq_doctor_end(eq_doctor *d, size_t epoch, double factor, bool learned, eq_diag *diag) {
    size_t blocks = eq_network_blocks(d->s->model);
    eq_doctor_begin(d); /* resumed behind the last minibatch */
    eq_network_watch(d->s->model, NULL, NULL);
    eq_network_store(d->s->model);
    eq_session_get(d->s, d->now);
    d->rows = 0;
    for (size_t b = 0; b < blocks; b++) {
        eq_diagnosis *row = &d->row[d->rows++];
        group_row(d, b, row);
        if (d->looks > 0 && !learned) warn(d, b, row, factor, diag);
        d->most[b] = fmax(d->most[b], row->gradient);
    }
    for (size_t l = 1; l < d->layers; l++) layer_row(d, l, &d->row[d->rows++]);
    for (size_t k = 0; k < d->rows; k++) add_line(&d->csv, epoch, &d->row[k], d->s->x->devices > 0);
    d->begun = false;
    return d->csv.failed ? eq_out_of_memory(diag) : EQ_OK;
}

bool *eq_doctor_warned(eq_doctor *d) {
    return d->warned;
}

const eq_diagnosis *eq_doctor_rows(const eq_doctor *d, size_t *rows) {
    *rows = d->rows;
    return d->row;
}

eq_status eq_doctor_resume(eq_doctor *d, const char *folder, size_t epoch, eq_diag *diag) {
    char *path = eq_path_join(folder, EQ_TRAIN_DIAGNOSIS), *text = NULL;
    size_t length = 0;
    eq_status found = path == NULL ? EQ_ERR_MEMORY /* no file: the run has written none */
                                   : eq_file_read(path, (eq_place){0}, &text, &length, NULL);
    eq_status status = found == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : EQ_OK;
    if (found == EQ_OK && strncmp(text, d->csv.text, d->csv.length) == 0) {
        const char *end = text + d->csv.length, *line = end;
        while (*line != '\0' && strtoull(line, NULL, 10) <= epoch) {
            line += strcspn(line, "\n");
            if (*line == '\n') end = ++line;
        }
        eq_text_clear(&d->csv);
        eq_text_add(&d->csv, text, (size_t)(end - text));
        if (d->csv.failed) status = eq_out_of_memory(diag);
    }
    eq_free(text);
    eq_free(path);
    return status;
}

eq_status eq_doctor_write(const eq_doctor *d, const char *folder, eq_diag *diag) {
    char *path = eq_path_join(folder, EQ_TRAIN_DIAGNOSIS);
    if (path == NULL) return eq_out_of_memory(diag);
    eq_status status = eq_file_write(path, d->csv.text, d->csv.length, diag);
    eq_free(path);
    return status;
}
