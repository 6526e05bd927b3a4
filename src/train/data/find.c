/* Folders of IDX files: a training and a test pair, named as MNIST's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/data/read.h"

static bool exists(const char *path) {
    FILE *f = fopen(path, "rb");
    if (f != NULL) fclose(f);
    return f != NULL;
}

/* folder/stem, folder/stem.gz or with MNIST's other spelling of the name; *file is NULL when none
 * is there. False when memory runs out. */
static bool find_idx(const char *folder, const char *stem, char **file) {
    const char *kind = strstr(stem, "images") != NULL ? "idx3" : "idx1";
    *file = NULL;
    for (size_t k = 0; *file == NULL && k < 4; k++) {
        eq_text t = {0};
        eq_text_puts(&t, folder);
        eq_text_printf(&t, "/%s%c%s-ubyte%s", stem, k < 2 ? '-' : '.', kind, k % 2 ? ".gz" : "");
        bool failed = t.failed;
        if (!failed && exists(t.text))
            *file = t.text;
        else
            eq_text_free(&t);
        if (failed) return false;
    }
    return true;
}

eq_status eq_idx_part(const char *folder, const char *part, eq_data **out, eq_diag *diag) {
    char stem[2][32];
    snprintf(stem[0], sizeof stem[0], "%s-images", part);
    snprintf(stem[1], sizeof stem[1], "%s-labels", part);
    char *file[2];
    bool whole = find_idx(folder, stem[0], &file[0]);
    whole = find_idx(folder, stem[1], &file[1]) && whole;
    eq_status status = whole ? EQ_OK : eq_out_of_memory(diag);
    for (int k = 0; status == EQ_OK && k < 2; k++)
        if (file[k] == NULL)
            status = eq_fail(diag, EQ_ERR_INPUT,
                             "there is no %s-idx%d-ubyte(.gz) in '%s'; run tools/get-data, or give "
                             "the folder that has it",
                             stem[k], k == 0 ? 3 : 1, folder);
    if (status == EQ_OK) status = eq_data_read_idx(file[0], file[1], out, diag);
    eq_free(file[0]);
    eq_free(file[1]);
    return status;
}

/* Debian's packages of data sets put them there. */
static const char packaged[] = "/usr/share/datasets";

/* Where the files of a set lie: $EQSPICE_DATA/SET, data/SET here, data/SET beside the experiment or
 * one up, or where Debian puts it. */
static eq_status find_set(const char *set, const char *folder, char **out, eq_diag *diag) {
    const char *env = getenv("EQSPICE_DATA");
    const char *const place[][2] = {{env == NULL ? "" : env, ""},
                                    {".", "data/"},
                                    {folder, "data/"},
                                    {folder, "../data/"},
                                    {packaged, ""}};
    for (size_t k = 0; k < sizeof place / sizeof *place; k++) {
        if (place[k][0][0] == '\0') continue;
        char *file = NULL;
        eq_text name = {0};
        eq_text_printf(&name, "%s%s", place[k][1], set);
        *out = name.failed ? NULL : eq_path_join(place[k][0], name.text);
        eq_text_free(&name);
        bool whole = *out != NULL && find_idx(*out, "train-images", &file);
        eq_free(file);
        if (file != NULL) return EQ_OK;
        eq_free(*out);
        *out = NULL;
        if (!whole) return eq_out_of_memory(diag);
    }
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the files of %s (train-images-idx3-ubyte.gz and its three companions) are not "
                   "in $EQSPICE_DATA/%s%s nor in data/%s; run tools/get-data %s to get them, or "
                   "set EQSPICE_DATA to the folder that holds %s/",
                   set, set, env == NULL ? " (EQSPICE_DATA is not set)" : "", set, set, set);
}

eq_status eq_idx_set(const eq_data_options *o, const char *folder, eq_data_set *s, eq_diag *diag) {
    char *place = NULL;
    eq_status status = EQ_OK;
    if (o->path == NULL)
        status = find_set(o->set == NULL ? "mnist" : o->set, folder, &place, diag);
    else if ((place = eq_strdup(o->path)) == NULL)
        status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_idx_part(place, "train", &s->train, diag);
    if (status == EQ_OK) status = eq_idx_part(place, "t10k", &s->test, diag);
    eq_free(place);
    return status;
}
