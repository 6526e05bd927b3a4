#include "explore/copy.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "explore/search.h"

/* The last line: identity, seed of the experiment, its path. */
static const char mark[] = "<!-- eqspice study ";

/* A path as a comment of XML can hold it: what is no letter, digit, '.', '/' or '_' as %2D. */
static void escape(const char *path, eq_text *out) {
    for (const char *p = path; *p != '\0'; p++) {
        bool plain = isalnum((unsigned char)*p) || strchr("./_", *p) != NULL;
        eq_text_printf(out, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
}

static char *unescape(const char *text, size_t length) {
    char *path = eq_malloc(length + 1, 1), *to = path;
    for (size_t k = 0; path != NULL && k < length; k++) {
        unsigned byte = (unsigned char)text[k];
        if (byte == '%' && k + 2 < length && sscanf(text + k + 1, "%2x", &byte) == 1) k += 2;
        *to++ = (char)byte;
    }
    if (path != NULL) *to = '\0';
    return path;
}

eq_status eq_study_copy_write(const eq_study *s, uint64_t identity, uint64_t seed,
                              const char *folder, eq_diag *diag) {
    char *text = NULL, *path = eq_path_join(folder, EQ_STUDY_COPY);
    size_t length = 0;
    eq_text t = {0};
    eq_status status = path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_file_read(s->path, (eq_place){0}, &text, &length, diag);
    if (status == EQ_OK) {
        const char *old = strstr(text, mark); /* the study is itself a copy */
        eq_text_add(&t, text, old == NULL ? length : (size_t)(old - text));
        eq_text_printf(&t, "%s%016" PRIx64 " seed %" PRIu64 " experiment ", mark, identity, seed);
        escape(s->experiment, &t);
        eq_text_puts(&t, " -->\n");
        status = t.failed ? eq_out_of_memory(diag) : eq_file_write(path, t.text, t.length, diag);
    }
    eq_text_free(&t);
    eq_free(text);
    eq_free(path);
    return status;
}

/* What the last line of a copy says; *experiment to be freed, NULL: it says nothing. */
static eq_status read_mark(const char *path, uint64_t *identity, uint64_t *seed, char **experiment,
                           eq_diag *diag) {
    char *text;
    size_t length;
    int end = 0;
    *experiment = NULL;
    *identity = *seed = 0;
    eq_status status = eq_file_read(path, (eq_place){0}, &text, &length, diag);
    if (status != EQ_OK) return status;
    const char *at = strstr(text, mark);
    if (at != NULL) at += strlen(mark);
    if (at != NULL &&
        sscanf(at, "%" SCNx64 " seed %" SCNu64 " experiment %n", identity, seed, &end) == 2 &&
        end > 0) {
        *experiment = unescape(at + end, strcspn(at + end, " "));
        if (*experiment == NULL) status = eq_out_of_memory(diag);
    }
    eq_free(text);
    return status;
}

eq_status eq_study_copy_check(uint64_t identity, const char *folder, eq_diag *diag) {
    uint64_t was = 0, seed;
    char *experiment = NULL, *path = eq_path_join(folder, EQ_STUDY_COPY);
    eq_status status =
        path == NULL ? eq_out_of_memory(diag) : read_mark(path, &was, &seed, &experiment, diag);
    if (status == EQ_OK && was != identity)
        status = eq_fail(
            diag, EQ_ERR_INPUT,
            "study, experiment, circuit or data are not those that '%s' was begun with; give "
            "them back what they had, begin anew by --force, or give another folder "
            "with -o",
            path);
    eq_free(experiment);
    eq_free(path);
    return status;
}

void eq_explored_free(eq_explored *e) {
    eq_free(e->level);
    eq_outcomes_free(&e->all);
    *e = (eq_explored){0};
}

/* Draws as far as the table has got, and reads it. */
static eq_status follow(const eq_study *s, const char *folder, eq_explored *e, eq_diag *diag) {
    eq_search *q = NULL;
    size_t round;
    eq_status status = eq_search_new(s, e, &q, diag);
    if (status == EQ_OK) status = eq_search_follow(q, e, &round, diag);
    if (status == EQ_OK) status = eq_search_read(q, folder, false, e, &round, diag);
    eq_search_free(q);
    return status;
}

eq_status eq_explored_read(const char *folder, eq_study **s, eq_explored *e, eq_diag *diag) {
    uint64_t identity;
    char *experiment = NULL, *path = eq_path_join(folder, EQ_STUDY_COPY);
    *s = NULL;
    *e = (eq_explored){0};
    eq_status status = path == NULL ? eq_out_of_memory(diag)
                                    : read_mark(path, &identity, &e->seed, &experiment, diag);
    if (status == EQ_OK && experiment == NULL)
        status = eq_fail_at(diag, EQ_ERR_INPUT, (eq_place){path, 0, 0},
                            "it is no copy that `eqspice explore` has written: its last line does "
                            "not say of which experiment it is; run the study into another folder");
    if (status == EQ_OK) status = eq_study_read(path, experiment, s, diag);
    if (status == EQ_OK) status = follow(*s, folder, e, diag);
    if (status != EQ_OK) {
        eq_study_free(*s);
        eq_explored_free(e);
        *s = NULL;
    }
    eq_free(experiment);
    eq_free(path);
    return status;
}
