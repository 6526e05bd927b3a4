#define _GNU_SOURCE /* flock */
#include "explore/table.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/mem.h"
#include "explore/draw.h"

struct eq_study_rows {
    const eq_study *s;
    char *path;
    int fd;
};

void eq_outcomes_free(eq_outcomes *o) {
    eq_free(o->done);
    eq_free(o->failed);
    eq_free(o->value);
    *o = (eq_outcomes){0};
}

/* --- a row --- */

char **eq_run_settings(const eq_study *s, const double *level, size_t k) {
    const double *u = level + k / s->repeats * s->factors;
    size_t n = s->sets + s->factors;
    char **all = eq_calloc(n, sizeof *all);
    bool whole = all != NULL;
    for (size_t j = 0; whole && j < n; j++) {
        eq_text t = {0};
        if (j < s->sets) {
            eq_text_puts(&t, s->set[j]);
        } else {
            const eq_factor *f = &s->factor[j - s->sets];
            eq_text_printf(&t, "%s=", f->name);
            eq_factor_value(f, u[j - s->sets], &t);
        }
        whole = !t.failed;
        all[j] = t.text;
    }
    if (whole) return all;
    eq_strings_free(all, all == NULL ? 0 : n);
    return NULL;
}

/* A word of a shell: in quotes where it holds more than letters and what names are made of. */
static void shell_word(const char *word, eq_text *out) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+.,:/=@%";
    if (word[strspn(word, plain)] == '\0') {
        eq_text_puts(out, word);
        return;
    }
    eq_text_puts(out, "'");
    for (const char *p = word; *p != '\0'; p++)
        if (*p == '\'')
            eq_text_puts(out, "'\\''");
        else
            eq_text_add(out, p, 1);
    eq_text_puts(out, "'");
}

static uint64_t seed_of(const eq_study *s, size_t k, uint64_t seed) {
    return s->seed == NULL ? seed : s->seed[k % s->repeats];
}

void eq_run_command(const eq_study *s, const double *level, size_t k, uint64_t seed, eq_text *out) {
    char **all = eq_run_settings(s, level, k);
    if (all == NULL) {
        out->failed = true;
        return;
    }
    eq_text_puts(out, "eqspice train ");
    shell_word(s->experiment, out);
    for (size_t j = 0; j < s->sets + s->factors; j++) {
        eq_text_puts(out, " --set ");
        shell_word(all[j], out);
    }
    eq_text_printf(out, " --seed %" PRIu64, seed_of(s, k, seed));
    eq_strings_free(all, s->sets + s->factors);
}

/* A cell of one line, in quotes where it needs them (RFC 4180). */
static void add_cell(eq_text *t, const char *text) {
    bool quotes = strpbrk(text, ",\" \t\r\n") != NULL;
    if (quotes) eq_text_puts(t, "\"");
    for (const char *p = text; *p != '\0'; p++) {
        char c = *p == '\n' || *p == '\r' ? ' ' : *p;
        eq_text_add(t, &c, 1);
        if (c == '"') eq_text_add(t, &c, 1);
    }
    if (quotes) eq_text_puts(t, "\"");
}

static void header(const eq_study *s, eq_text *t) {
    eq_text_puts(t, "point,seed");
    for (size_t k = 0; k < s->factors; k++) {
        eq_text_puts(t, ",");
        add_cell(t, s->factor[k].name);
    }
    for (size_t k = 0; k < s->figures; k++) eq_text_printf(t, ",%s", s->figure[k]->name);
    eq_text_puts(t, ",error,command\n");
}

/* point, seed and the factors, each behind a comma but the first: what a row has to begin with. */
static void add_key(const eq_study *s, const double *level, size_t k, uint64_t seed, eq_text *t) {
    const double *u = level + k / s->repeats * s->factors;
    eq_text_printf(t, "%zu,%" PRIu64, k / s->repeats + 1, seed_of(s, k, seed));
    for (size_t f = 0; f < s->factors; f++) {
        eq_text value = {0};
        eq_factor_value(&s->factor[f], u[f], &value);
        eq_text_puts(t, ",");
        add_cell(t, value.failed ? "" : value.text);
        t->failed = t->failed || value.failed;
        eq_text_free(&value);
    }
}

static void add_row(const eq_study *s, const double *level, size_t k, uint64_t seed,
                    const double *value, const char *why, eq_text *t) {
    eq_text command = {0};
    add_key(s, level, k, seed, t);
    for (size_t f = 0; f < s->figures; f++) {
        eq_text_puts(t, ",");
        if (why == NULL && !isnan(value[f])) eq_text_number(t, value[f]);
    }
    eq_text_puts(t, ",");
    add_cell(t, why == NULL ? "" : why);
    eq_run_command(s, level, k, seed, &command);
    eq_text_puts(t, ",");
    add_cell(t, command.failed ? "" : command.text);
    eq_text_puts(t, "\n");
    t->failed = t->failed || command.failed;
    eq_text_free(&command);
}

/* --- the file --- */

static eq_status cannot(const eq_study_rows *r, const char *what, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_IO, "cannot %s '%s': %s; check its permissions and the free space",
                   what, r->path, strerror(errno));
}

/* All of the text at the end of the file or none. */
static eq_status append(eq_study_rows *r, const char *text, size_t length, eq_diag *diag) {
    off_t before = lseek(r->fd, 0, SEEK_END);
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(r->fd, text + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += (size_t)n;
    }
    if (before >= 0 && done == length) return EQ_OK;
    eq_status status = cannot(r, "write", diag);
    if (before >= 0 && ftruncate(r->fd, before) != 0) return cannot(r, "shorten", diag);
    return status;
}

/* How much of the text ends with the end of a row. */
static size_t whole_rows(const char *text, size_t length) {
    while (length > 0 && text[length - 1] != '\n') length--;
    return length;
}

/* Drops what a machine that went down has left of a row, and writes the header of an empty table. */
static eq_status repair_end(eq_study_rows *r, eq_diag *diag) {
    char *text;
    size_t length;
    eq_text head = {0};
    eq_status status = eq_file_read(r->path, (eq_place){0}, &text, &length, diag);
    if (status != EQ_OK) return status;
    size_t whole = whole_rows(text, length);
    eq_free(text);
    if (whole < length && ftruncate(r->fd, (off_t)whole) != 0) return cannot(r, "shorten", diag);
    if (whole > 0) return EQ_OK;
    header(r->s, &head);
    status = head.failed ? eq_out_of_memory(diag) : append(r, head.text, head.length, diag);
    eq_text_free(&head);
    return status == EQ_OK ? eq_study_rows_sync(r, diag) : status;
}

eq_status eq_study_rows_open(const eq_study *s, const char *folder, bool repair,
                             eq_study_rows **out, eq_diag *diag) {
    eq_study_rows *r = eq_calloc(1, sizeof *r);
    if (r == NULL) return eq_out_of_memory(diag);
    *r = (eq_study_rows){s, eq_path_join(folder, EQ_STUDY_TABLE), -1};
    eq_status status = r->path == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) {
        r->fd = open(r->path, O_RDWR | O_APPEND | O_CLOEXEC | (repair ? O_CREAT : 0), 0666);
        if (r->fd < 0) status = cannot(r, "open", diag);
    }
    if (status == EQ_OK && repair) status = repair_end(r, diag);
    if (status == EQ_OK)
        *out = r;
    else
        eq_study_rows_close(r);
    return status;
}

void eq_study_rows_close(eq_study_rows *r) {
    if (r == NULL) return;
    if (r->fd >= 0) close(r->fd);
    eq_free(r->path);
    eq_free(r);
}

eq_status eq_study_rows_sync(eq_study_rows *r, eq_diag *diag) {
    /* A FIFO or a device, where nothing is to be kept, says EINVAL. */
    return fdatasync(r->fd) == 0 || errno == EINVAL ? EQ_OK : cannot(r, "write", diag);
}

eq_status eq_study_rows_add(eq_study_rows *r, const double *level, size_t k, uint64_t seed,
                            const double *value, const char *why, eq_diag *diag) {
    eq_text row = {0};
    add_row(r->s, level, k, seed, value, why, &row);
    eq_status status = row.failed ? eq_out_of_memory(diag) : EQ_OK;
    while (status == EQ_OK && flock(r->fd, LOCK_EX) != 0 && errno == EINTR) continue;
    if (status == EQ_OK) status = append(r, row.text, row.length, diag);
    flock(r->fd, LOCK_UN);
    eq_text_free(&row);
    return status;
}

/* --- reading --- */

/* One reading of the table. */
typedef struct reading {
    const eq_study *s;
    const double *level;
    uint64_t seed;
    eq_csv csv;
    eq_outcomes *out;
    const char **line; /* [runs] where the row of each stands in `text`; NULL: nowhere */
    char *text;        /* as it was read */
    eq_diag *diag;
} reading;

/* Which run a row is of, by its point and seed; false: of none. */
static bool run_of(const reading *r, const eq_cell *cell, size_t *k) {
    double point, seed;
    bool numbers = eq_parse_double(cell[0].text, cell[0].length, &point) == cell[0].length &&
                   eq_parse_double(cell[1].text, cell[1].length, &seed) == cell[1].length;
    if (!numbers || !(point >= 1.0 && point <= (double)r->s->points)) return false;
    for (size_t j = 0; j < r->s->repeats; j++) {
        *k = ((size_t)point - 1) * r->s->repeats + j;
        if ((double)seed_of(r->s, *k, r->seed) == seed) return true;
    }
    return false;
}

static eq_status other_study(reading *r, const eq_cell *cell) {
    return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_cell_place(&r->csv, cell),
                      "the table is of another study, or of this one as it was before; give the "
                      "study back what it had, begin anew by --force, or give another folder "
                      "with -o");
}

static bool same_text(const eq_cell *cell, const char *text) {
    return strlen(text) == cell->length && memcmp(cell->text, text, cell->length) == 0;
}

/* Whether the factors of a row are those of its point. */
static eq_status check_factors(reading *r, size_t k) {
    const eq_study *s = r->s;
    eq_status status = EQ_OK;
    const double *level = r->level + k / s->repeats * s->factors;
    for (size_t f = 0; status == EQ_OK && !isnan(level[0]) && f < s->factors; f++) {
        eq_text t = {0};
        eq_factor_value(&s->factor[f], level[f], &t);
        if (t.failed)
            status = eq_out_of_memory(r->diag);
        else if (!same_text(&r->csv.cell[2 + f], t.text))
            status = other_study(r, &r->csv.cell[2 + f]);
        eq_text_free(&t);
    }
    return status;
}

static eq_status take_row(reading *r, const char *line) {
    const eq_study *s = r->s;
    size_t k;
    if (r->csv.cells != s->factors + s->figures + 4 || !run_of(r, r->csv.cell, &k))
        return other_study(r, r->csv.cell);
    eq_status status = check_factors(r, k);
    if (status != EQ_OK || r->out->done[k]) return status;
    r->out->done[k] = true;
    r->line[k] = line;
    r->out->failed[k] = r->csv.cell[2 + s->factors + s->figures].length > 0;
    for (size_t f = 0; f < s->figures; f++) {
        const eq_cell *c = &r->csv.cell[2 + s->factors + f];
        double x;
        bool there = c->length > 0 && eq_parse_double(c->text, c->length, &x) == c->length;
        r->out->value[k * s->figures + f] = there ? x : (double)NAN;
    }
    return EQ_OK;
}

/* The header has to be that of the study. */
static eq_status check_header(reading *r) {
    eq_text head = {0};
    header(r->s, &head);
    eq_status status = head.failed ? eq_out_of_memory(r->diag) : EQ_OK;
    bool same = status == EQ_OK && strncmp(r->text, head.text, head.length) == 0;
    eq_text_free(&head);
    if (status != EQ_OK || same) return status;
    return other_study(r, &(eq_cell){.line = 1, .column = 1});
}

static eq_status read_rows(reading *r, size_t length) {
    size_t whole = whole_rows(r->text, length);
    char *work = eq_malloc(whole + 1, 1); /* quotes are taken out in place */
    if (work == NULL) return eq_out_of_memory(r->diag);
    memcpy(work, r->text, whole);
    work[whole] = '\0';
    bool more = true;
    eq_status status = eq_csv_open(r->csv.path, work, whole, &r->csv, r->diag);
    if (status == EQ_OK) status = check_header(r);
    if (status == EQ_OK) status = eq_csv_row(&r->csv, &more);
    while (status == EQ_OK) {
        const char *line = r->text + (r->csv.next - work);
        status = eq_csv_row(&r->csv, &more);
        if (status != EQ_OK || !more) break;
        status = take_row(r, line);
    }
    eq_csv_close(&r->csv);
    eq_free(work);
    return status;
}

static eq_status write_sorted(const reading *r, const char *path) {
    eq_text t = {0};
    header(r->s, &t);
    for (size_t k = 0; k < r->out->runs; k++)
        if (r->line[k] != NULL) eq_text_add(&t, r->line[k], strcspn(r->line[k], "\n") + 1);
    eq_status status =
        t.failed ? eq_out_of_memory(r->diag) : eq_file_write(path, t.text, t.length, r->diag);
    eq_text_free(&t);
    return status;
}

static eq_status make_room(const eq_study *s, eq_outcomes *o, eq_diag *diag) {
    size_t runs = eq_study_runs(s);
    *o = (eq_outcomes){runs, s->figures, eq_calloc(runs, sizeof(bool)),
                       eq_calloc(runs, sizeof(bool)), eq_malloc(runs, s->figures * sizeof(double))};
    bool whole = o->done != NULL && o->failed != NULL && o->value != NULL;
    for (size_t k = 0; whole && k < runs * s->figures; k++) o->value[k] = NAN;
    return whole ? EQ_OK : eq_out_of_memory(diag);
}

eq_status eq_study_rows_read(const eq_study *s, const double *level, uint64_t seed,
                             const char *folder, bool sort, eq_outcomes *out, eq_diag *diag) {
    char *path = eq_path_join(folder, EQ_STUDY_TABLE);
    reading r = {
        .s = s, .level = level, .seed = seed, .csv = {.path = path}, .out = out, .diag = diag};
    size_t length = 0;
    eq_status status = path == NULL ? eq_out_of_memory(diag) : make_room(s, out, diag);
    r.line = eq_calloc(eq_study_runs(s), sizeof *r.line);
    if (status == EQ_OK && r.line == NULL) status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = eq_file_read(path, (eq_place){0}, &r.text, &length, diag);
    if (status == EQ_OK) status = read_rows(&r, length);
    if (status == EQ_OK && sort) status = write_sorted(&r, path);
    if (status != EQ_OK) eq_outcomes_free(out);
    eq_free(r.line);
    eq_free(r.text);
    eq_free(path);
    return status;
}
