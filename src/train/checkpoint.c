#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static const char magic[8] = "eqspckpt";
enum { OLDEST = 1, VERSION = 7, HEADER = 24 };

/* One pass over the fields serves both directions: `write` appends to out, otherwise bytes are
 * taken from [at, end) and arrays are allocated. The file is in the byte order of the machine; the
 * version, a 32-bit number, tells when it came from one of the other order. */
typedef struct pass {
    bool write, failed, no_memory;
    eq_text out;
    const char *at, *end;
    uint32_t version;
} pass;

static void bytes(pass *p, void *data, size_t length) {
    if (length == 0) return; /* an empty array has no address */
    if (p->write) {
        eq_text_add(&p->out, data, length);
    } else if ((size_t)(p->end - p->at) >= length && !p->failed) {
        memcpy(data, p->at, length);
        p->at += length;
    } else {
        p->failed = true;
        memset(data, 0, length);
    }
}

/* An array whose length stands before it; a length beyond the end of the file is damage. */
static void array(pass *p, void **data, uint64_t n, size_t size) {
    if (!p->write) {
        if (p->failed || n > (uint64_t)(p->end - p->at) / size) {
            p->failed = true;
            return;
        }
        *data = eq_malloc((size_t)n, size);
        if (*data == NULL) {
            p->failed = p->no_memory = true;
            return;
        }
    }
    bytes(p, *data, (size_t)n * size);
}

static void name(pass *p, char **text) {
    uint64_t n = strlen(p->write ? *text : "") + 1;
    bytes(p, &n, sizeof n);
    array(p, (void **)text, n, 1);
    if (!p->write && !p->failed && (n == 0 || (*text)[n - 1] != '\0')) p->failed = true;
}

static void affine(pass *p, eq_affine *a, uint64_t n) {
    array(p, (void **)&a->gain, n, sizeof *a->gain);
    array(p, (void **)&a->offset, n, sizeof *a->offset);
}

static void encoder(pass *p, eq_encoder *e, uint64_t targets) {
    uint64_t features = e->features, invert = e->invert;
    bytes(p, &features, sizeof features);
    bytes(p, &invert, sizeof invert);
    affine(p, &e->input, features);
    if (p->version > 2) affine(p, &e->target, targets);
    e->features = (size_t)features;
    e->targets = (size_t)targets;
    e->invert = invert != 0;
    e->inputs = e->invert ? 2 * e->features : e->features;
}

/* Squared errors of targets. */
static void squares(pass *p, eq_checkpoint *k) {
    if (p->version < 3) return;
    bytes(p, &k->targets, sizeof k->targets);
    array(p, (void **)&k->square, k->targets, sizeof *k->square);
}

static void best(pass *p, eq_checkpoint *k) {
    if (p->version < 3) return;
    bytes(p, &k->best_epoch, sizeof k->best_epoch);
    bytes(p, &k->best_steps, sizeof k->best_steps);
    if (k->best_epoch > 0 && eq_checkpoint_best(k) == NULL) p->failed = true;
    if (k->best_epoch > 0) array(p, (void **)&k->best, k->conductances, sizeof *k->best);
}

/* What devices keep: which arrays there are, bit k is array k, and the arrays. */
static void devices(pass *p, eq_checkpoint *k) {
    uint64_t there = 0;
    if (p->version < 4) return;
    for (int j = 0; j < EQ_DEVICE_ARRAYS; j++)
        if (k->device[j] != NULL) there |= UINT64_C(1) << j;
    bytes(p, &there, sizeof there);
    if (there >> EQ_DEVICE_ARRAYS != 0) p->failed = true;
    for (int j = 0; !p->failed && j < EQ_DEVICE_ARRAYS; j++)
        if (there >> j & 1) array(p, (void **)&k->device[j], k->conductances, sizeof *k->g);
}

/* At most `most`, each with its length before it. */
static void names(pass *p, uint64_t *n, char ***text, uint64_t most) {
    bytes(p, n, sizeof *n);
    if (!p->write) {
        if (*n > most || *n > (uint64_t)(p->end - p->at) / sizeof(uint64_t)) p->failed = true;
        if (p->failed) *n = 0;
        *text = eq_calloc((size_t)*n, sizeof **text);
        if (*text == NULL) p->failed = p->no_memory = true;
    }
    for (uint64_t k = 0; *text != NULL && k < *n; k++) name(p, &(*text)[k]);
}

static void features(pass *p, eq_checkpoint *k) {
    if (p->version > 6) names(p, &k->features, &k->feature_name, k->encoder.features);
    if (k->features != 0 && k->features != k->encoder.features) p->failed = true;
}

/* Which run, and what it was begun with. */
static void identity(pass *p, eq_checkpoint *k) {
    uint32_t before = 0; /* format 1: a CRC-32 of the experiment */
    if (p->version == 1) {
        bytes(p, &before, sizeof before);
        return;
    }
    bytes(p, &k->run, sizeof k->run);
    bytes(p, &k->began.seed, sizeof k->began.seed);
    bytes(p, &k->began.experiment, sizeof k->began.experiment);
    bytes(p, &k->began.circuit, sizeof k->began.circuit);
    bytes(p, &k->began.data, sizeof k->began.data);
}

/* The size of a row stands before them: those of an older file are shorter, and what they lack is
 * NAN. */
static void metrics(pass *p, eq_checkpoint *k) {
    enum { FORMAT_2 = 7 * sizeof(double) };
    uint64_t size = p->write || p->version > 2 ? sizeof *k->row : FORMAT_2;
    bytes(p, &k->rows, sizeof k->rows);
    if (p->version > 2) bytes(p, &size, sizeof size);
    if (p->write) {
        bytes(p, k->row, (size_t)k->rows * sizeof *k->row);
        return;
    }
    if (size == 0 || size > sizeof *k->row || k->rows > (uint64_t)(p->end - p->at) / size)
        p->failed = true;
    if (p->failed) return;
    k->row = eq_malloc((size_t)k->rows, sizeof *k->row);
    if (k->row == NULL) {
        p->failed = p->no_memory = true;
        return;
    }
    for (uint64_t j = 0; j < k->rows; j++) {
        eq_metrics *m = &k->row[j];
        m->train_rmse = m->train_r2 = m->test_rmse = m->test_r2 = NAN;
        m->validation_loss = m->validation_error = m->validation_rmse = m->validation_r2 = NAN;
        m->gradient_cosine = m->mode_hops = NAN;
        m->train_before = m->test_before = m->inner_steps = NAN;
        bytes(p, &k->row[j], (size_t)size);
    }
}

static void extras(pass *p, eq_checkpoint *k) {
    if (p->version < 6) return;
    bytes(p, &k->extras, sizeof k->extras);
    array(p, (void **)&k->extra, k->extras, sizeof *k->extra);
}

static void body(pass *p, eq_checkpoint *k) {
    identity(p, k);
    bytes(p, &k->epoch, sizeof k->epoch);
    bytes(p, &k->position, sizeof k->position);
    bytes(p, &k->steps, sizeof k->steps);
    bytes(p, &k->shuffle, sizeof k->shuffle);
    bytes(p, &k->sign, sizeof k->sign);
    bytes(p, &k->loss, sizeof k->loss);
    bytes(p, &k->wrong, sizeof k->wrong);
    if (p->version > 4) bytes(p, &k->hops, sizeof k->hops);
    squares(p, k);
    bytes(p, &k->seconds, sizeof k->seconds);
    bytes(p, &k->epoch_seconds, sizeof k->epoch_seconds);
    bytes(p, &k->conductances, sizeof k->conductances);
    bytes(p, &k->states, sizeof k->states);
    if (k->states > EQ_MAX_STATES) p->failed = true;
    array(p, (void **)&k->g, k->conductances, sizeof *k->g);
    for (uint64_t s = 0; !p->failed && s < k->states; s++)
        array(p, (void **)&k->state[s], k->conductances, sizeof *k->g);
    devices(p, k);
    metrics(p, k);
    best(p, k);
    extras(p, k);
    encoder(p, &k->encoder, k->targets);
    names(p, &k->classes, &k->class_name, EQ_MAX_CLASSES);
    features(p, k);
}

eq_status eq_checkpoint_write(const eq_checkpoint *k, const char *path, eq_diag *diag) {
    eq_checkpoint copy = *k; /* `body` writes back what it wrote */
    pass p = {.write = true, .version = VERSION};
    char header[HEADER] = {0};
    eq_text_add(&p.out, header, HEADER);
    body(&p, &copy);
    eq_status status = p.out.failed ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) {
        uint32_t version = VERSION;
        uint64_t length = p.out.length - HEADER;
        uint32_t crc = eq_crc32(p.out.text + HEADER, p.out.length - HEADER);
        memcpy(p.out.text, magic, 8);
        memcpy(p.out.text + 8, &version, 4);
        memcpy(p.out.text + 12, &crc, 4);
        memcpy(p.out.text + 16, &length, 8);
        status = eq_file_write(path, p.out.text, p.out.length, diag);
    }
    eq_text_free(&p.out);
    return status;
}

static eq_status check_header(const char *path, const char *data, size_t length, eq_diag *diag) {
    uint32_t version, crc;
    uint64_t size;
    if (length < HEADER || memcmp(data, magic, 8) != 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s' is no checkpoint of eqspice; start again with --force", path);
    memcpy(&version, data + 8, 4);
    memcpy(&crc, data + 12, 4);
    memcpy(&size, data + 16, 8);
    if (version < OLDEST || version > VERSION)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "'%s' has checkpoint format %u, this program reads formats %d to %d; resume with the "
            "version (and on the kind of machine) that wrote it, or start again with "
            "--force",
            path, version, OLDEST, VERSION);
    if (size != length - HEADER || crc != eq_crc32(data + HEADER, length - HEADER))
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "the checkpoint '%s' is damaged (its length or checksum is wrong); start again "
            "with --force",
            path);
    return EQ_OK;
}

eq_status eq_checkpoint_read(const char *path, eq_checkpoint *k, eq_diag *diag) {
    char *data;
    size_t length;
    eq_status status = eq_file_read(path, (eq_place){0}, &data, &length, diag);
    if (status != EQ_OK) return status;
    *k = (eq_checkpoint){0};
    status = check_header(path, data, length, diag);
    if (status == EQ_OK) {
        pass p = {.at = data + HEADER, .end = data + length};
        memcpy(&p.version, data + sizeof magic, sizeof p.version);
        body(&p, k);
        if (p.no_memory)
            status = eq_out_of_memory(diag);
        else if (p.failed || p.at != p.end)
            status = eq_fail(diag, EQ_ERR_INPUT,
                             "the checkpoint '%s' does not hold what its format says; start again "
                             "with --force",
                             path);
    }
    eq_free(data);
    if (status != EQ_OK) eq_checkpoint_free(k);
    return status;
}

void eq_checkpoint_free(eq_checkpoint *k) {
    for (int s = 0; s < EQ_MAX_STATES; s++) eq_free(k->state[s]);
    for (int s = 0; s < EQ_DEVICE_ARRAYS; s++) eq_free(k->device[s]);
    eq_strings_free(k->class_name, (size_t)k->classes);
    eq_strings_free(k->feature_name, (size_t)k->features);
    eq_free(k->g);
    eq_free(k->row);
    eq_free(k->square);
    eq_free(k->best);
    eq_free(k->extra);
    eq_encoder_free(&k->encoder);
    *k = (eq_checkpoint){0};
}

const double *eq_checkpoint_network(const eq_checkpoint *p, uint64_t *steps) {
    *steps = p->best_epoch > 0 ? p->best_steps : p->steps;
    return p->best_epoch > 0 ? p->best : p->g;
}

/* Rows are epochs 1, 2, ..., with epoch 0 before them where the run was looked at first. */
const eq_metrics *eq_checkpoint_best(const eq_checkpoint *p) {
    uint64_t k = p->best_epoch - (p->rows > 0 && p->row[0].epoch == 0 ? 0 : 1);
    return p->best_epoch > 0 && k < p->rows ? &p->row[k] : NULL;
}
