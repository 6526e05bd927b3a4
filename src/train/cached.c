#include "train/cached.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/train.h"

typedef float kept; /* where a phase begins needs no more digits, and there are many */

static const char magic[8] = "eqspstat";
static const char *const name[] = {EQ_TRAIN_STATES_A, EQ_TRAIN_STATES_B};
enum { VERSION = 1, SUMMED = 16, HEADER = 64 };

struct eq_cached {
    size_t examples, units;
    uint32_t *place; /* [rows of the data] number of a training example */
    char *file;      /* as on disk: the header, and kept[examples][units] */
    size_t length;
    double *v; /* [batch][units] */
    int next;  /* name of the next file */
};

eq_status eq_cached_new(const eq_session *s, eq_cached **out, eq_diag *diag) {
    eq_cached *c = eq_calloc(1, sizeof *c);
    if (c == NULL) return eq_out_of_memory(diag);
    c->examples = s->set.train_count;
    c->units = eq_network_nodes(s->model);
    c->length = HEADER + c->examples * c->units * sizeof(kept);
    c->place = eq_calloc(s->set.train->examples, sizeof *c->place);
    c->file = eq_calloc(c->length, 1);
    c->v = eq_calloc(s->batch, c->units * sizeof *c->v);
    if (c->place == NULL || c->file == NULL || c->v == NULL) {
        eq_cached_free(c);
        return eq_out_of_memory(diag);
    }
    for (size_t k = 0; k < c->examples; k++) c->place[s->set.train_index[k]] = (uint32_t)k;
    *out = c;
    return EQ_OK;
}

void eq_cached_free(eq_cached *c) {
    if (c == NULL) return;
    eq_free(c->place);
    eq_free(c->file);
    eq_free(c->v);
    eq_free(c);
}

static kept *state_of(const eq_cached *c, uint32_t row) {
    return (kept *)(void *)(c->file + HEADER) + c->place[row] * c->units;
}

const double *eq_cached_states(eq_cached *c, const uint32_t *row, size_t n) {
    for (size_t j = 0; j < n; j++) {
        const kept *from = state_of(c, row[j]);
        for (size_t k = 0; k < c->units; k++) c->v[j * c->units + k] = from[k];
    }
    return c->v;
}

eq_status eq_cached_keep(eq_cached *c, eq_network *model, const double *x, const uint32_t *row,
                         size_t n, eq_diag *diag) {
    eq_status status = eq_network_potentials(model, n, x, c->v, diag);
    for (size_t j = 0; status == EQ_OK && j < n; j++) {
        kept *to = state_of(c, row[j]);
        for (size_t k = 0; k < c->units; k++) to[k] = (kept)c->v[j * c->units + k];
    }
    return status;
}

/* A file is: magic, version, CRC-32 of all that follows, run, optimizer step, examples, units, states. */
static void sign(const eq_cached *c, char *file, uint64_t run, uint64_t steps) {
    const uint32_t version = VERSION;
    const uint64_t is[] = {run, steps, c->examples, c->units};
    memset(file, 0, HEADER);
    memcpy(file, magic, sizeof magic);
    memcpy(file + sizeof magic, &version, sizeof version);
    memcpy(file + SUMMED, is, sizeof is);
    uint32_t sum = eq_crc32(file + SUMMED, c->length - SUMMED);
    memcpy(file + sizeof magic + sizeof version, &sum, sizeof sum);
}

eq_status eq_cached_write(eq_cached *c, const char *folder, uint64_t run, uint64_t steps,
                          eq_diag *diag) {
    char *path = eq_path_join(folder, name[c->next]);
    if (path == NULL) return eq_out_of_memory(diag);
    sign(c, c->file, run, steps);
    eq_status status = eq_file_write(path, c->file, c->length, diag);
    eq_free(path);
    return status;
}

eq_status eq_cached_tidy(eq_cached *c, const char *folder, eq_diag *diag) {
    c->next = !c->next;
    char *path = eq_path_join(folder, name[c->next]);
    if (path == NULL) return eq_out_of_memory(diag);
    unlink(path); /* one that stays is overwritten */
    eq_free(path);
    return EQ_OK;
}

/* Whether the header is the one that its states would get. */
static bool fits(const eq_cached *c, char *file, size_t length, uint64_t run, uint64_t steps) {
    char header[HEADER];
    if (length != c->length) return false;
    memcpy(header, file, HEADER);
    sign(c, file, run, steps);
    return memcmp(header, file, HEADER) == 0;
}

/* Takes the states of the file, if they are those; it may not be there. */
static eq_status take(eq_cached *c, const char *path, uint64_t run, uint64_t steps, bool *taken,
                      eq_diag *diag) {
    char *file = NULL;
    size_t length = 0;
    eq_status status = eq_file_read(path, (eq_place){0}, &file, &length, NULL);
    if (status == EQ_ERR_MEMORY) return eq_out_of_memory(diag);
    *taken = status == EQ_OK && fits(c, file, length, run, steps);
    if (*taken) {
        eq_free(c->file);
        c->file = file;
    } else {
        eq_free(file);
    }
    return EQ_OK;
}

eq_status eq_cached_read(eq_cached *c, const char *folder, uint64_t run, uint64_t steps,
                         eq_diag *diag) {
    bool taken = false;
    for (int k = 0; k < 2 && !taken; k++) {
        char *path = eq_path_join(folder, name[k]);
        eq_status status =
            path == NULL ? eq_out_of_memory(diag) : take(c, path, run, steps, &taken, diag);
        eq_free(path);
        if (status != EQ_OK) return status;
        c->next = !k;
    }
    if (taken) return EQ_OK;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the free states of the run in '%s', at which its free phases go on "
                   "(cache=\"yes\" of <network>), are not there or are damaged; bring its "
                   "file " EQ_TRAIN_STATES_A " or " EQ_TRAIN_STATES_B
                   " back, or train anew with --force",
                   folder);
}
