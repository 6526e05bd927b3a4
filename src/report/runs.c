#define _GNU_SOURCE /* scandir, versionsort */
#include "report/runs.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "explore/table.h"
#include "train/train.h"

void eq_runs_free(eq_runs *r) {
    for (size_t k = 0; k < r->count; k++) {
        eq_free(r->group[k].name);
        eq_table_list_free(&r->group[k].run);
    }
    eq_free(r->group);
    *r = (eq_runs){NULL, 0, 0};
}

static bool has(const char *folder, const char *name) {
    struct stat st;
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n < (int)sizeof path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool eq_runs_is_study(const char *path) {
    return has(path, EQ_STUDY_TABLE);
}

static int is_seed(const struct dirent *d) {
    return strncmp(d->d_name, "seed-", 5) == 0;
}

/* The folders of seeds in a folder, in the order of their numbers; 0 where there are none. The
 * entries are malloc's. */
static size_t seeds_of(const char *folder, struct dirent ***entry) {
    int n = scandir(folder, entry, is_seed, versionsort);
    if (n < 0) *entry = NULL;
    return n < 0 ? 0 : (size_t)n;
}

static void free_entries(struct dirent **entry, size_t n) {
    for (size_t k = 0; k < n; k++) free(entry[k]);
    free(entry);
}

bool eq_runs_is_table(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(slash == NULL ? path : slash + 1, EQ_TRAIN_METRICS) == 0;
}

/* The last part of a path; of a metrics.csv that of its folder. */
static char *name_of(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    size_t from = length;
    while (from > 0 && path[from - 1] != '/') from--;
    if (from > 1 && strncmp(path + from, EQ_TRAIN_METRICS, length - from) == 0) {
        char *folder = eq_strndup(path, from - 1), *name = folder == NULL ? NULL : name_of(folder);
        eq_free(folder);
        return name;
    }
    return eq_strndup(path + from, length - from);
}

static eq_run_group *add_group(eq_runs *r, const char *path) {
    void *p = r->group;
    bool room = eq_grow(&p, &r->cap, r->count + 1, sizeof(eq_run_group));
    r->group = p;
    char *name = room ? name_of(path) : NULL;
    if (name == NULL) return NULL;
    r->group[r->count] = (eq_run_group){.name = name};
    return &r->group[r->count++];
}

static eq_status read_run(const char *folder, const char *name, eq_run_group *g, eq_diag *diag) {
    char *path = eq_path_join(folder, name);
    eq_status status = path == NULL ? eq_out_of_memory(diag) : eq_table_read(path, &g->run, diag);
    eq_free(path);
    return status;
}

/* The run of a seed: into the group, or one of its own where there is none. */
static eq_status read_seed(const char *folder, const char *name, eq_run_group *g, eq_runs *r,
                           eq_diag *diag) {
    char *seed = eq_path_join(folder, name);
    eq_status status = seed == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (seed != NULL && has(seed, EQ_TRAIN_METRICS)) {
        if (g == NULL) g = add_group(r, seed);
        status = g == NULL ? eq_out_of_memory(diag) : read_run(seed, EQ_TRAIN_METRICS, g, diag);
    }
    eq_free(seed);
    return status;
}

static eq_status read_seeds(const char *folder, bool apart, eq_runs *r, eq_diag *diag) {
    struct dirent **entry;
    size_t n = seeds_of(folder, &entry), before = r->count;
    eq_run_group *g = apart ? NULL : add_group(r, folder);
    eq_status status = apart || g != NULL ? EQ_OK : eq_out_of_memory(diag);
    for (size_t k = 0; status == EQ_OK && k < n; k++)
        status = read_seed(folder, entry[k]->d_name, g, r, diag);
    free_entries(entry, n);
    if (status == EQ_OK && (apart ? r->count == before : g->run.count == 0))
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "%s holds no run; give a folder that `eqspice train` wrote", folder);
    return status;
}

/* One run: the first of `pool` begins a group for all of them. */
static eq_status read_one(const char *path, bool pool, eq_runs *r, eq_diag *diag) {
    eq_run_group *g = pool && r->count > 0 ? r->group : add_group(r, path);
    if (g == NULL) return eq_out_of_memory(diag);
    return eq_is_folder(path) ? read_run(path, EQ_TRAIN_METRICS, g, diag)
                              : eq_table_read(path, &g->run, diag);
}

static bool is_of_seeds(const char *path) {
    return eq_is_folder(path) && !has(path, EQ_TRAIN_METRICS);
}

/* Runs given one by one are pooled where a band over them is asked for. */
static eq_status read_all(const eq_picture *p, eq_runs *r, eq_diag *diag) {
    bool apart = p->band != NULL && eq_same(p->band, "runs"), pool = p->band != NULL && !apart;
    eq_status status = EQ_OK;
    for (size_t k = 0; k < p->inputs; k++) pool = pool && !is_of_seeds(p->input[k]);
    for (size_t k = 0; status == EQ_OK && k < p->inputs; k++)
        status = is_of_seeds(p->input[k]) ? read_seeds(p->input[k], apart, r, diag)
                                          : read_one(p->input[k], pool, r, diag);
    return status;
}

eq_status eq_runs_read(const eq_picture *p, eq_runs *r, eq_diag *diag) {
    eq_status status = read_all(p, r, diag);
    if (status != EQ_OK) eq_runs_free(r);
    return status;
}
