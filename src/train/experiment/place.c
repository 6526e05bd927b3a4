#define _XOPEN_SOURCE 700 /* realpath */
#include "train/experiment/place.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* home/name, each ../ of the name taken off home (which has no links, and may be gone). */
static char *from_home(const char *home, const char *name) {
    size_t n = strlen(home);
    for (; n > 0 && strncmp(name, "../", 3) == 0; name += 3)
        while (n > 0 && home[--n] != '/') continue;
    char *folder = n == 0 ? eq_strdup("/") : eq_strndup(home, n);
    char *path = folder == NULL ? NULL : eq_path_join(folder, name);
    eq_free(folder);
    return path;
}

static char *place(const char *folder, const char *home, const char *name, int k) {
    return k == 0   ? eq_path_join(folder, name)
           : k == 1 ? eq_path_join(folder, last_part(name))
                    : from_home(home, name);
}

char *eq_place_find(const char *folder, const char *home, const char *name, int first) {
    bool one = home == NULL || name[0] == '/';
    for (int k = first; !one && k < EQ_PLACES; k++) {
        char *path = place(folder, home, name, k);
        if (path == NULL || access(path, F_OK) == 0) return path;
        eq_free(path);
    }
    return place(folder, home, name, 0);
}

char *eq_place_real(const char *folder) {
    char real[PATH_MAX];
    return realpath(folder, real) == NULL ? NULL : eq_strdup(real);
}

/* A file by its own name in the real folder that it lies in: real/name; *there: the folder is, or memory ran
 * out. */
static char *real_file(const char *path, bool *there) {
    char real[PATH_MAX], *folder = eq_path_folder(path);
    *there = folder != NULL && realpath(folder, real) != NULL;
    char *file = *there ? eq_path_join(real, last_part(path)) : NULL;
    *there = *there || folder == NULL;
    eq_free(folder);
    return file;
}

/* Both absolute and without links: a step up for each part of `from` that `to` does not share. */
static char *way(const char *from, const char *to) {
    eq_text t = {0};
    size_t shared = 0, k = 0;
    for (; from[k] != '\0' && from[k] == to[k]; k++)
        if (from[k] == '/') shared = k;
    if (from[k] == '\0' && to[k] == '/') shared = k;
    const char *rest = to + shared + 1, *more = from + shared;
    for (; *more != '\0'; more++)
        if (*more == '/' && more[1] != '\0') eq_text_puts(&t, "../");
    eq_text_puts(&t, rest);
    if (t.failed) eq_text_free(&t);
    return t.text;
}

char *eq_place_relative(const char *folder, const char *path) {
    char from[PATH_MAX], *result;
    bool there = true;
    if (realpath(folder, from) == NULL) return eq_path_absolute(path);
    char *to = real_file(path, &there);
    if (!there) return eq_path_absolute(path);
    result = to == NULL ? NULL : way(from, to);
    eq_free(to);
    return result;
}
