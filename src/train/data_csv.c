/* CSV files: numbers separated by commas and one column with the class. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/data_read.h"

enum { CHARACTERS = 32 }; /* of a field, its comma among them */

typedef struct field {
    const char *text;
    size_t length;
    int column; /* of the file, from 1 */
} field;

typedef struct csv {
    const char *path, *text, *end, *next; /* next: start of the row to come */
    int line;
    field *f;
    size_t fields, cap;
    size_t columns, label; /* of the whole file */
    eq_names *words;       /* labels in order of appearance */
    double *value;
    size_t values, value_cap;
    int32_t *word; /* label of each example */
    size_t examples, word_cap;
    eq_diag *diag;
} csv;

static eq_place place(const csv *c, const field *f) {
    return (eq_place){c->path, c->line, f == NULL ? 0 : f->column};
}

/* Cuts blanks and one pair of quotes off. */
static field trimmed(const char *row, const char *from, const char *to) {
    while (from < to && (*from == ' ' || *from == '\t')) from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r')) to--;
    if (to - from >= 2 && *from == '"' && to[-1] == '"') {
        from++;
        to--;
    }
    return (field){from, (size_t)(to - from), (int)(from - row) + 1};
}

/* Splits the next row that is not blank; false at the end of the file or of memory (diag has it).
 */
static bool next_row(csv *c, eq_status *status) {
    for (; c->next < c->end;) {
        const char *row = c->next, *stop = memchr(row, '\n', (size_t)(c->end - row));
        if (stop == NULL) stop = c->end;
        c->next = stop < c->end ? stop + 1 : stop;
        c->line++;
        if (strspn(row, " \t\r") >= (size_t)(stop - row)) continue;
        c->fields = 0;
        for (const char *from = row; from <= stop;) {
            const char *comma = memchr(from, ',', (size_t)(stop - from));
            if (comma == NULL) comma = stop;
            if (!eq_grow((void **)&c->f, &c->cap, c->fields + 1, sizeof *c->f)) {
                *status = eq_out_of_memory(c->diag);
                return false;
            }
            c->f[c->fields++] = trimmed(row, from, comma);
            from = comma + 1;
        }
        return true;
    }
    return false;
}

static bool is_number(const field *f, double *value) {
    return f->length > 0 && eq_parse_double(f->text, f->length, value) == f->length;
}

/* The column called `label`, or the last; whether the first row is a header. */
static eq_status find_label(csv *c, const char *label, bool *header) {
    double value;
    *header = false;
    c->columns = c->fields;
    c->label = c->fields - 1;
    if (c->fields < 2)
        return eq_fail_at(
            c->diag, EQ_ERR_INPUT, place(c, NULL),
            "the row has %zu column; a data file needs values and a label, separated by "
            "commas",
            c->fields);
    for (size_t k = 0; k + 1 < c->fields; k++) *header = *header || !is_number(&c->f[k], &value);
    if (label == NULL) return EQ_OK;
    for (size_t k = 0; k < c->fields; k++)
        if (c->f[k].length == strlen(label) && memcmp(c->f[k].text, label, c->f[k].length) == 0) {
            c->label = k;
            *header = true;
            return EQ_OK;
        }
    return eq_fail_at(
        c->diag, EQ_ERR_INPUT, place(c, NULL),
        "no column is called '%s'; the first row must name the columns, one of them the "
        "label",
        label);
}

static eq_status take_field(csv *c, const field *f, bool is_label) {
    if (is_label) {
        if (f->length == 0)
            return eq_fail_at(c->diag, EQ_ERR_INPUT, place(c, f),
                              "the label is empty; every row needs its class");
        int32_t word = eq_names_add(c->words, f->text, f->length);
        if (word == EQ_NO_NAME ||
            !eq_grow((void **)&c->word, &c->word_cap, c->examples + 1, sizeof *c->word))
            return eq_out_of_memory(c->diag);
        c->word[c->examples++] = word;
        return EQ_OK;
    }
    double value;
    if (c->values >= EQ_MOST_ITEMS)
        return eq_fail_at(c->diag, EQ_ERR_INPUT, place(c, f),
                          "the file has more than %d values; split it", EQ_MOST_ITEMS);
    if (!is_number(f, &value))
        return eq_fail_at(c->diag, EQ_ERR_INPUT, place(c, f),
                          "'%.*s' is not a number; write a plain number such as -1.5 or 2e-3",
                          (int)(f->length < 40 ? f->length : 40), f->text);
    if (!eq_grow((void **)&c->value, &c->value_cap, c->values + 1, sizeof *c->value))
        return eq_out_of_memory(c->diag);
    c->value[c->values++] = value;
    return EQ_OK;
}

static eq_status take_row(csv *c) {
    if (c->fields != c->columns)
        return eq_fail_at(
            c->diag, EQ_ERR_INPUT, place(c, NULL),
            "the row has %zu columns, the first had %zu; every row needs the same number",
            c->fields, c->columns);
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < c->fields; k++)
        status = take_field(c, &c->f[k], k == c->label);
    return status;
}

static eq_status read_rows(csv *c, const char *label) {
    eq_status status = EQ_OK;
    bool header = false, first = true;
    while (status == EQ_OK && next_row(c, &status)) {
        if (first) status = find_label(c, label, &header);
        if (status == EQ_OK && !(first && header)) status = take_row(c);
        first = false;
    }
    if (status == EQ_OK && c->examples == 0)
        status = eq_fail_at(c->diag, EQ_ERR_INPUT, (eq_place){c->path, 0, 0},
                            "the file has no examples; give rows of values and a label");
    return status;
}

/* A label has at least one character. */
static bool whole_number(const char *text, long *value) {
    char *end;
    *value = strtol(text, &end, 10);
    return *end == '\0';
}

static int by_number(const void *a, const void *b) {
    long x = strtol(*(const char *const *)a, NULL, 10),
         y = strtol(*(const char *const *)b, NULL, 10);
    return (x > y) - (x < y);
}

/* Class names: words in order of appearance, whole numbers in ascending order. */
static eq_status name_classes(const csv *c, eq_data *d) {
    size_t n = eq_names_count(c->words);
    bool numbers = true;
    long value;
    if (n > EQ_MAX_CLASSES)
        return eq_fail(c->diag, EQ_ERR_INPUT,
                       "'%s' has more than %d different labels; is the label column right?",
                       c->path, EQ_MAX_CLASSES);
    d->class_name = eq_calloc(n, sizeof *d->class_name);
    if (d->class_name == NULL) return eq_out_of_memory(c->diag);
    d->classes = n;
    for (size_t k = 0; k < n; k++) {
        const char *word = eq_names_get(c->words, (int32_t)k);
        d->class_name[k] = eq_strdup(word);
        if (d->class_name[k] == NULL) return eq_out_of_memory(c->diag);
        numbers = numbers && whole_number(word, &value);
    }
    if (numbers) qsort(d->class_name, n, sizeof *d->class_name, by_number);
    return EQ_OK;
}

static eq_status copy_names(const csv *c, const eq_data *known, eq_data *d) {
    d->class_name = eq_calloc(known->classes, sizeof *d->class_name);
    if (d->class_name == NULL) return eq_out_of_memory(c->diag);
    d->classes = known->classes;
    for (size_t k = 0; k < d->classes; k++) {
        d->class_name[k] = eq_strdup(known->class_name[k]);
        if (d->class_name[k] == NULL) return eq_out_of_memory(c->diag);
    }
    return EQ_OK;
}

/* label[k] = the class whose name the word has. */
static eq_status set_labels(const csv *c, eq_data *d) {
    size_t n = eq_names_count(c->words);
    uint16_t *of_word = eq_calloc(n, sizeof *of_word);
    if (of_word == NULL) return eq_out_of_memory(c->diag);
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < n; k++) {
        const char *word = eq_names_get(c->words, (int32_t)k);
        size_t cls = 0;
        while (cls < d->classes && strcmp(d->class_name[cls], word) != 0) cls++;
        of_word[k] = (uint16_t)cls;
        if (cls == d->classes)
            status =
                eq_fail(c->diag, EQ_ERR_INPUT,
                        "'%s' has the label '%s', which the training data do not have; give files "
                        "of one data set",
                        c->path, word);
    }
    for (size_t k = 0; status == EQ_OK && k < d->examples; k++) d->label[k] = of_word[c->word[k]];
    eq_free(of_word);
    return status;
}

static eq_status build(csv *c, const eq_data *known, eq_data **out) {
    eq_data *d = eq_data_new(c->examples, c->columns - 1);
    if (d == NULL) return eq_out_of_memory(c->diag);
    d->value = c->value;
    c->value = NULL;
    eq_status status = known == NULL ? name_classes(c, d) : copy_names(c, known, d);
    if (status == EQ_OK) status = set_labels(c, d);
    if (status == EQ_OK)
        *out = d;
    else
        eq_data_free(d);
    return status;
}

eq_status eq_data_read_csv(const char *path, const char *label, const eq_data *known, eq_data **out,
                           eq_diag *diag) {
    char *text;
    size_t length;
    eq_status status = eq_file_read_gz(path, EQ_DATA_LIMIT(CHARACTERS), &text, &length, diag);
    if (status != EQ_OK) return status;
    csv c = {.path = path, .text = text, .end = text + length, .next = text, .diag = diag};
    c.words = eq_names_new();
    status = c.words == NULL ? eq_out_of_memory(diag) : read_rows(&c, label);
    if (status == EQ_OK) status = build(&c, known, out);
    eq_names_free(c.words);
    eq_free(c.f);
    eq_free(c.value);
    eq_free(c.word);
    eq_free(text);
    return status;
}
