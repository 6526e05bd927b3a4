#include "train/seed_folders.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/folder.h"

char *eq_seed_folder(const char *folder, uint64_t seed) {
    char name[32];
    snprintf(name, sizeof name, "seed-%" PRIu64, seed);
    return eq_path_join(folder, name);
}

/* seed-K, K all digits. */
static bool is_seed(const char *name) {
    static const char front[] = "seed-";
    size_t n = sizeof front - 1;
    return strncmp(name, front, n) == 0 && name[n] != '\0' &&
           name[n + strspn(name + n, "0123456789")] == '\0';
}

typedef eq_status (*visitor)(void *data, const char *folder, eq_diag *diag);

/* Calls visit for every seed-K of the folder, which need not be there. */
static eq_status each_seed(const char *folder, visitor visit, void *data, eq_diag *diag) {
    eq_status status = EQ_OK;
    DIR *d = opendir(folder);
    const struct dirent *e;
    while (d != NULL && status == EQ_OK && (e = readdir(d)) != NULL) {
        if (!is_seed(e->d_name)) continue;
        char *path = eq_path_join(folder, e->d_name);
        status = path == NULL ? eq_out_of_memory(diag) : visit(data, path, diag);
        eq_free(path);
    }
    if (d != NULL) closedir(d);
    return status;
}

static eq_status refuse_one(void *data, const char *folder, eq_diag *diag) {
    const char *held = NULL, *whole = data;
    eq_status status = eq_folder_holds(folder, &held, diag);
    if (status != EQ_OK || held == NULL) return status;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "the folder '%s' holds the runs of several seeds ('%s'), so a single run has no "
                   "place in it; give that folder of one seed, or another folder with -o",
                   whole, folder);
}

eq_status eq_seed_folders_refuse(const char *folder, eq_diag *diag) {
    return each_seed(folder, refuse_one, (void *)(uintptr_t)folder, diag);
}

static eq_status choose_one(void *data, const char *folder, eq_diag *diag) {
    const char *held = NULL, *whole = data;
    eq_status status = eq_folder_holds(folder, &held, diag);
    if (status != EQ_OK || held == NULL) return status;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the folder '%s' holds the runs of several seeds; give one of them, as in '%s'",
                   whole, folder);
}

eq_status eq_seed_folders_choose(const char *folder, eq_diag *diag) {
    const char *held = NULL;
    eq_status status = eq_folder_holds(folder, &held, diag);
    if (status != EQ_OK || held != NULL) return status;
    return each_seed(folder, choose_one, (void *)(uintptr_t)folder, diag);
}

eq_status eq_seed_folders_single(const char *folder, eq_diag *diag) {
    const char *held = NULL;
    eq_status status = eq_folder_holds(folder, &held, diag);
    if (status != EQ_OK || held == NULL) return status;
    return eq_fail(
        diag, EQ_ERR_USAGE,
        "the folder '%s' holds a single run (%s), so runs of several seeds have no place "
        "in it; give another folder with -o",
        folder, held);
}

/* The run of one seed, and its folder where nothing else is in it. */
static eq_status clear_one(void *data, const char *folder, eq_diag *diag) {
    const eq_experiment *x = data;
    const char *read[EQ_EXPERIMENT_FILES];
    size_t files = eq_experiment_files(x, read);
    eq_claim *claim = NULL;
    eq_status status = eq_folder_claim(folder, &claim, diag);
    if (status == EQ_OK) status = eq_folder_spares(folder, x->path, diag);
    for (size_t k = 0; status == EQ_OK && k < files; k++)
        status = eq_folder_spares(folder, read[k], diag);
    if (status == EQ_OK) status = eq_folder_clear(folder, diag);
    eq_folder_release(claim);
    if (status == EQ_OK) rmdir(folder);
    return status;
}

eq_status eq_seed_folders_clear(const char *folder, const eq_experiment *x, eq_diag *diag) {
    eq_status status = each_seed(folder, clear_one, (void *)(uintptr_t)x, diag);
    char *table = status == EQ_OK ? eq_path_join(folder, EQ_SEEDS_TABLE) : NULL;
    if (status == EQ_OK && table == NULL) return eq_out_of_memory(diag);
    if (table != NULL && unlink(table) != 0 && errno != ENOENT)
        status = eq_fail(diag, EQ_ERR_IO, "cannot remove '%s': %s; check the permissions", table,
                         strerror(errno));
    eq_free(table);
    return status;
}
