#define _GNU_SOURCE /* flock */
#include "train/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/temporary.h"
#include "train/train.h"

struct eq_claim {
    char *path; /* of the lock */
    int fd;
};

static const char lock_name[] = ".eqspice.lock";

void eq_folder_release(eq_claim *claim) {
    if (claim == NULL) return;
    if (claim->fd >= 0) {
        unlink(claim->path);
        close(claim->fd);
    }
    eq_free(claim->path);
    eq_free(claim);
}

static eq_status cannot_lock(const char *folder, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_IO,
                   "cannot lock the folder '%s': %s; check its permissions and the free space",
                   folder, strerror(errno));
}

/* What the owner wrote: "process 17 on HOST". */
static eq_status taken(const char *folder, int fd, eq_diag *diag) {
    char owner[128];
    ssize_t n = pread(fd, owner, sizeof owner - 1, 0);
    owner[n > 0 ? n : 0] = '\0';
    owner[strcspn(owner, "\n")] = '\0';
    return eq_fail(diag, EQ_ERR_INPUT,
                   "another training (%s) writes to the folder '%s'; wait for its end, stop it, or "
                   "give another folder with -o",
                   owner[0] == '\0' ? "just begun" : owner, folder);
}

static bool sign(int fd) {
    char host[64] = "", text[128];
    gethostname(host, sizeof host - 1);
    int n = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

static bool same(const struct stat *a, const struct stat *b) {
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Whether the name still leads to the open file: its last owner may have removed it meanwhile. */
static bool still_there(int fd, const char *path) {
    struct stat open_file, named;
    return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 && same(&open_file, &named);
}

/* Removes the unfinished files that a training killed by kill -9 has left: nobody writes them any
 * more, but for another command of ours that writes beside the run, to which a minute is given. */
static void sweep(const char *folder, int lock_fd) {
    enum { SECONDS = 60 };
    struct stat now, st;
    DIR *d = fstat(lock_fd, &now) == 0 ? opendir(folder) : NULL;
    if (d == NULL) return;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (!eq_temporary_is_name(e->d_name)) continue;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_mtime + SECONDS < now.st_mtime)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
}

/* Opens the lock and holds it. A file system without locks is told and trusted. */
static eq_status lock(const char *folder, const char *path, int *out, bool *alone, eq_diag *diag) {
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0) return cannot_lock(folder, diag);
        bool held = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (!held && errno == EWOULDBLOCK) {
            eq_status status = taken(folder, fd, diag);
            close(fd);
            return status;
        }
        if (!held)
            eq_warn_at(diag, (eq_place){0},
                       "the folder '%s' cannot be locked: %s; see to it that no other training "
                       "writes there",
                       folder, strerror(errno));
        if (!held || still_there(fd, path)) {
            *out = fd;
            *alone = held;
            return EQ_OK;
        }
        close(fd);
    }
}

eq_status eq_folder_claim(const char *folder, eq_claim **out, eq_diag *diag) {
    eq_claim *claim = eq_calloc(1, sizeof *claim);
    if (claim == NULL) return eq_out_of_memory(diag);
    bool alone = false;
    claim->fd = -1;
    claim->path = eq_path_join(folder, lock_name);
    eq_status status = claim->path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = lock(folder, claim->path, &claim->fd, &alone, diag);
    if (status == EQ_OK && !sign(claim->fd)) status = cannot_lock(folder, diag);
    if (status == EQ_OK && alone) sweep(folder, claim->fd);
    if (status == EQ_OK)
        *out = claim;
    else
        eq_folder_release(claim);
    return status;
}

/* In the order in which they go: without its model a run is no network any more, with its
 * checkpoint it can still go on. */
static const char *const run_file[] = {EQ_TRAIN_MODEL,     EQ_TRAIN_CURVES,     EQ_TRAIN_METRICS,
                                       EQ_TRAIN_DIAGNOSIS, EQ_TRAIN_CHECKPOINT, EQ_TRAIN_STATES_A,
                                       EQ_TRAIN_STATES_B,  EQ_TRAIN_EXPERIMENT};
enum { RUN_FILES = sizeof run_file / sizeof *run_file };

/* A device, a FIFO or a folder of such a name is no run's. */
static bool is_file(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

eq_status eq_folder_holds(const char *folder, const char **name, eq_diag *diag) {
    *name = NULL;
    for (size_t k = 0; *name == NULL && k < RUN_FILES; k++) {
        char *path = eq_path_join(folder, run_file[k]);
        if (path == NULL) return eq_out_of_memory(diag);
        if (is_file(path)) *name = run_file[k];
        eq_free(path);
    }
    return EQ_OK;
}

eq_status eq_folder_refuse(const char *folder, const char *held, eq_diag *diag) {
    return eq_fail(
        diag, EQ_ERR_USAGE,
        "the folder '%s' holds a run already (%s); go on with it by --resume, replace it "
        "by --force, or give another folder with -o",
        folder, held);
}

eq_status eq_folder_spares(const char *folder, const char *input, eq_diag *diag) {
    struct stat read, removed;
    eq_status status = EQ_OK;
    bool there = input != NULL && stat(input, &read) == 0;
    for (size_t k = 0; there && status == EQ_OK && k < RUN_FILES; k++) {
        char *path = eq_path_join(folder, run_file[k]);
        if (path == NULL) return eq_out_of_memory(diag);
        if (stat(path, &removed) == 0 && same(&read, &removed))
            status = eq_fail(diag, EQ_ERR_USAGE,
                             "--force would remove '%s', which this training reads (as '%s'); copy "
                             "it out of the folder and read it there, or give another folder "
                             "with -o",
                             path, input);
        eq_free(path);
    }
    return status;
}

eq_status eq_folder_clear(const char *folder, eq_diag *diag) {
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < RUN_FILES; k++) {
        char *path = eq_path_join(folder, run_file[k]);
        if (path == NULL) return eq_out_of_memory(diag);
        if (is_file(path) && unlink(path) != 0)
            status = eq_fail(diag, EQ_ERR_IO, "cannot remove '%s': %s; check the permissions", path,
                             strerror(errno));
        eq_free(path);
    }
    return status;
}

/* Whether FOLDER/name is there, whatever it is. */
static eq_status has(const char *folder, const char *name, bool *there, eq_diag *diag) {
    char *path = eq_path_join(folder, name);
    if (path == NULL) return eq_out_of_memory(diag);
    *there = access(path, F_OK) == 0 || errno != ENOENT;
    eq_free(path);
    return EQ_OK;
}

bool eq_folder_has(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    char *folder = eq_path_folder(path),
         *checkpoint = folder == NULL ? NULL : eq_path_join(folder, EQ_TRAIN_CHECKPOINT);
    bool run = checkpoint != NULL && is_file(checkpoint), has = false;
    for (size_t k = 0; run && k < RUN_FILES; k++) has |= strcmp(name, run_file[k]) == 0;
    eq_free(folder);
    eq_free(checkpoint);
    return has;
}

eq_status eq_folder_begun(const char *folder, eq_diag *diag) {
    bool experiment = false;
    if (is_file(folder))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s' is a file; give the folder of a run, which `eqspice train` wrote",
                       folder);
    eq_status status = has(folder, EQ_TRAIN_EXPERIMENT, &experiment, diag);
    if (status != EQ_OK || experiment) return status;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "cannot read '%s/" EQ_TRAIN_EXPERIMENT "': there is no run in this folder; "
                   "give the one that `eqspice train` wrote",
                   folder);
}

eq_status eq_folder_resumes(const char *folder, eq_diag *diag) {
    bool checkpoint = false;
    eq_status status = has(folder, EQ_TRAIN_CHECKPOINT, &checkpoint, diag);
    if (status != EQ_OK || checkpoint) return status;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "there is nothing to go on with: '%s/" EQ_TRAIN_CHECKPOINT
                   "' is not there; train without --resume, or with --force where half a run is",
                   folder);
}

eq_status eq_folder_complete(const char *folder, bool circuit, eq_diag *diag) {
    bool model = false, checkpoint = false;
    eq_status status = has(folder, EQ_TRAIN_MODEL, &model, diag);
    if (status == EQ_OK) status = has(folder, EQ_TRAIN_CHECKPOINT, &checkpoint, diag);
    model = model || !circuit;
    if (status != EQ_OK || (model && checkpoint)) return status;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "this run has no %s yet: there is no '%s/%s'; let the training end, or train with "
        "%s",
        model ? "checkpoint" : "model", folder, model ? EQ_TRAIN_CHECKPOINT : EQ_TRAIN_MODEL,
        checkpoint ? "--resume" : "--force");
}

static const char note_start[] = "trained by eqspice, ";

void eq_model_note_write(char *out, size_t length, const eq_model_note *note, uint64_t epochs,
                         uint64_t seed) {
    snprintf(out, length,
             "%s%" PRIu64 " epochs, seed %" PRIu64 ", run %016" PRIx64 ", step %" PRIu64,
             note_start, epochs, seed, note->run, note->steps);
}

eq_model_note eq_model_note_read(const char *deck) {
    eq_model_note note = {0};
    /* a comment of its own: the title, which is the user's, may say anything */
    for (const char *p = strchr(deck, '\n'); p != NULL && p[1] == '*'; p = strchr(p + 1, '\n')) {
        const char *text = p + 2 + (p[2] == ' ');
        if (strncmp(text, note_start, sizeof note_start - 1) != 0) continue;
        if (sscanf(text + sizeof note_start - 1,
                   "%*u epochs, seed %*u, run %" SCNx64 ", step %" SCNu64, &note.run,
                   &note.steps) != 2)
            note = (eq_model_note){0};
        break;
    }
    return note;
}

eq_status eq_folder_same_run(const char *folder, const char *name, uint64_t run, uint64_t expected,
                             eq_diag *diag) {
    if (run == expected) return EQ_OK;
    char of[32] = "says of none";
    if (run != 0) snprintf(of, sizeof of, "is of run %016" PRIx64, run);
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the files of '%s' belong to different runs: %s %s, " EQ_TRAIN_CHECKPOINT
                   " of run %016" PRIx64 "; bring the files of one run together, or train again "
                   "with --force",
                   folder, name, of, expected);
}

/* model.cir, where it is there; *steps: those it has had. */
static eq_status check_model(const char *folder, uint64_t expected, uint64_t *steps,
                             eq_diag *diag) {
    char *path = eq_path_join(folder, EQ_TRAIN_MODEL), *text = NULL;
    size_t length;
    eq_status status = path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    bool there = status == EQ_OK && is_file(path);
    if (there) status = eq_file_read(path, (eq_place){0}, &text, &length, diag);
    if (there && status == EQ_OK) {
        eq_model_note note = eq_model_note_read(text);
        *steps = note.steps;
        status = eq_folder_same_run(folder, EQ_TRAIN_MODEL, note.run, expected, diag);
    }
    eq_free(text);
    eq_free(path);
    return status;
}

eq_status eq_folder_check(const char *folder, uint64_t expected, uint64_t *steps, eq_diag *diag) {
    *steps = 0;
    eq_experiment *x = NULL;
    char *path = eq_path_join(folder, EQ_TRAIN_EXPERIMENT);
    eq_status status = path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    bool there = status == EQ_OK && is_file(path);
    if (there) status = eq_experiment_read(path, &x, diag);
    if (there && status == EQ_OK)
        status = eq_folder_same_run(folder, EQ_TRAIN_EXPERIMENT, x->run, expected, diag);
    eq_experiment_free(x);
    eq_free(path);
    return status == EQ_OK ? check_model(folder, expected, steps, diag) : status;
}
