/* CSV files: numbers, and a column with the class or columns with the targets. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/data/read.h"

enum { CHARACTERS = 32 }; /* of a cell, its comma among them: what a file may hold */

typedef struct table {
    eq_csv in;
    const char *path;
    size_t columns, label; /* of the whole file; label = columns: there is none */
    eq_cell head;          /* the label's cell of the first row */
    bool header;           /* the first row names the columns */
    bool comment;          /* it begins with # */
    eq_data_goal goal;
    bool tasks;      /* labels are read beside targets */
    eq_names *words; /* labels in order of appearance */
    uint32_t *slot;  /* [columns] 1 + the number of the target there; 0: none is; or SKIPPED */
    eq_cell *title;  /* [outputs] the targets' names: of the first row, or as they are asked for */
    size_t outputs;  /* targets of an example */
    size_t features; /* columns that are neither label nor target */
    char **feature;  /* [features] what the first row calls them; NULL: it does not */
    double *value, *target;
    size_t values, value_cap, target_cap;
    int32_t *word; /* label of each example */
    size_t examples, word_cap;
    eq_diag *diag;
} table;

/* The slot of a column that the training data do not have. */
#define SKIPPED UINT32_MAX

/* Blanks inside quotes belong to a text and not to a number. */
static bool is_number(const eq_cell *f, double *value) {
    const char *from = f->text, *to = from + f->length;
    while (from < to && (*from == ' ' || *from == '\t')) from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
    return from < to && eq_parse_double(from, (size_t)(to - from), value) == (size_t)(to - from);
}

/* What the first row says about itself: a number is a value, a name is none, and the rest - empty,
 * a word for a missing value, a number with a fault in it - may be either. */
typedef enum kind { NUMBER, NAME, UNCLEAR, KINDS } kind;

static kind kind_of(const eq_cell *f) {
    static const char *const missing[] = {"na",  "n/a",      "nan",  "null", "nil",
                                          "inf", "infinity", "none", "?"};
    double value;
    if (is_number(f, &value)) return NUMBER;
    char word[16] = "";
    if (f->length < sizeof word) memcpy(word, f->text, f->length);
    for (size_t k = 0; k < sizeof missing / sizeof *missing; k++)
        if (eq_same(word, missing[k])) return UNCLEAR;
    return f->length == 0 || strchr("+-.0123456789", *f->text) != NULL ? UNCLEAR : NAME;
}

static bool same(const eq_cell *f, const char *text) {
    return f->length == strlen(text) && memcmp(f->text, text, f->length) == 0;
}

#define WHICH "say which by header=\"yes\" or header=\"no\" in <data>"

/* The column of that name in the first row; *found stays when there is none. */
static eq_status find_name(const table *t, const char *what, const char *name, size_t *found) {
    const eq_cell *first = NULL;
    for (size_t k = 0; k < t->columns; k++) {
        if (!same(&t->in.cell[k], name)) continue;
        if (first != NULL)
            return eq_fail_at(t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, &t->in.cell[k]),
                              "two columns are called '%s'; give the %s's number, counted from 1",
                              name, what);
        first = &t->in.cell[k];
        *found = k;
    }
    return EQ_OK;
}

/* The column of that name (where the first row may have names), or of that number, counted from 1.
 * `what` it holds. */
static eq_status find_column(const table *t, const char *what, const char *name, eq_header header,
                             size_t *found) {
    *found = t->columns;
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    bool counts = *name >= '0' && *name <= '9' && *end == '\0';
    eq_status status = EQ_OK;
    if (header == EQ_HEADER_YES || (header == EQ_HEADER_FOUND && !counts))
        status = find_name(t, what, name, found);
    if (status != EQ_OK || *found < t->columns) return status;
    if (counts && number >= 1 && number <= t->columns) {
        *found = number - 1;
        return EQ_OK;
    }
    return eq_fail_at(t->diag, EQ_ERR_INPUT, (eq_place){t->path, t->in.cell->line, 0},
                      "no column is called '%s'; the first row must name the columns, one of them "
                      "the %s (or give the %s's number, counted from 1)",
                      name, what, what);
}

/* One more target, whose name is the word. */
static eq_status add_target(table *t, const char *word, eq_header header, bool *named) {
    size_t found = 0, cap = t->outputs;
    eq_status status = find_column(t, "target", word, header, &found);
    if (status != EQ_OK) return status;
    const eq_cell *cell = &t->in.cell[found];
    if (found == t->label || t->slot[found] != 0)
        return eq_fail_at(t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, cell),
                          "the column '%s' is given twice as label or target; give each one once",
                          word);
    if (t->outputs == EQ_MAX_CLASSES)
        return eq_fail(t->diag, EQ_ERR_INPUT, "'%s' has more than %d targets; give fewer", t->path,
                       EQ_MAX_CLASSES);
    if (!eq_grow((void **)&t->title, &cap, t->outputs + 1, sizeof *t->title))
        return eq_out_of_memory(t->diag);
    *named = *named || (same(cell, word) && kind_of(cell) != NUMBER);
    t->title[t->outputs++] = *cell;
    t->slot[found] = (uint32_t)t->outputs;
    return EQ_OK;
}

/* The targets' columns, by names or numbers with blanks between them. *named: one by its name. */
static eq_status find_targets(table *t, const char *targets, eq_header header, bool *named) {
    static const char blanks[] = " \t\r\n";
    eq_status status = EQ_OK;
    size_t length;
    for (const char *p = eq_next_word(targets, blanks, &length); status == EQ_OK && length > 0;
         p = eq_next_word(p + length, blanks, &length)) {
        char *word = eq_strndup(p, length);
        status = word == NULL ? eq_out_of_memory(t->diag) : add_target(t, word, header, named);
        eq_free(word);
    }
    return status;
}

/* A first row whose values are names without a number among them is a header; one of names and
 * numbers is for the user to tell. Where the label is known by its name the row is a header. */
static eq_status find_header(table *t, bool named) {
    const eq_cell *first[KINDS] = {NULL};
    for (size_t k = 0; k < t->columns; k++) {
        kind of = kind_of(&t->in.cell[k]);
        if (k != t->label && first[of] == NULL) first[of] = &t->in.cell[k];
    }
    t->header = named || first[NAME] != NULL;
    if (named || first[NAME] == NULL || first[NUMBER] == NULL) return EQ_OK;
    return eq_fail_at(
        t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, first[NAME]),
        "the first row may be a header or an example, '%.*s' is a word and '%.*s' a number; " WHICH
        " (and the label's column if it is not the last)",
        eq_cell_shown(first[NAME]), first[NAME]->text, eq_cell_shown(first[NUMBER]),
        first[NUMBER]->text);
}

/* Which columns hold what: the label (without targets the last, if it is not named) and the
 * targets. *named: the first row has the name of one. */
static eq_status find_columns(table *t, const eq_columns *o, bool *named) {
    eq_status status = EQ_OK;
    t->label = t->goal == EQ_GOAL_CLASS ? t->columns - 1 : t->columns;
    t->slot = eq_calloc(t->columns, sizeof *t->slot);
    if (t->slot == NULL) return eq_out_of_memory(t->diag);
    if (o->label != NULL) status = find_column(t, "label", o->label, o->header, &t->label);
    if (status != EQ_OK) return status;
    if (t->label < t->columns) t->head = t->in.cell[t->label];
    *named = o->label != NULL && same(&t->head, o->label) && kind_of(&t->head) != NUMBER;
    if (t->goal == EQ_GOAL_TARGETS) status = find_targets(t, o->targets, o->header, named);
    t->features = t->columns - t->outputs - (t->label < t->columns);
    return status;
}

static eq_status take_first(table *t, const eq_columns *o) {
    t->columns = t->in.cells;
    t->comment = t->in.cell->length > 0 && *t->in.cell->text == '#';
    bool named = false, all = t->columns < 2 && t->goal != EQ_GOAL_INPUTS;
    eq_status status = all ? EQ_OK : find_columns(t, o, &named);
    if (status != EQ_OK) return status;
    bool none = t->goal == EQ_GOAL_TARGETS && t->outputs == 0;
    if (all || none || t->features == 0)
        return eq_fail_at(
            t->diag, EQ_ERR_INPUT, (eq_place){t->path, t->in.cell->line, 0},
            "the row has %zu column%s; a data file needs values and %s, separated by commas, "
            "semicolons or tabs%s",
            t->columns, t->columns == 1 ? "" : "s",
            t->goal == EQ_GOAL_CLASS ? "a label" : "targets",
            t->comment ? ", and # starts no comment in CSV: remove the line" : "");
    t->header = o->header == EQ_HEADER_YES;
    return o->header == EQ_HEADER_FOUND ? find_header(t, named) : EQ_OK;
}

/* All rows read, what was found in the first one is held against them: the name of the label's
 * column is no class; and where all classes but that of the first row are numbers, that row is a
 * header of numbers, or its class is a mistake. */
static eq_status check_header(const table *t) {
    double value;
    size_t classes = eq_names_count(t->words), numbers = 0, again = 0;
    for (size_t k = 0; k < classes; k++) {
        const char *word = eq_names_get(t->words, (int32_t)k);
        numbers += is_number(&(eq_cell){.text = word, .length = strlen(word)}, &value);
    }
    int32_t id = eq_names_find(t->words, t->head.text, t->head.length);
    for (size_t k = t->header ? 0 : 1; k < t->examples; k++) again += t->word[k] == id;
    bool number = is_number(&t->head, &value);
    bool strange = t->header ? again > 0 || (number && numbers == classes)
                             : again == 0 && !number && classes > 1 && numbers + 1 == classes;
    if (!strange) return EQ_OK;
    return eq_fail_at(t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, &t->head),
                      "the first row may be a header or an example: it reads as %s, but '%.*s' is "
                      "%s; " WHICH,
                      t->header ? "a header" : "an example", eq_cell_shown(&t->head), t->head.text,
                      t->header ? "like the labels of the rows below"
                                : "a word and all other labels are numbers");
}

static eq_status take_label(table *t, const eq_cell *f) {
    if (f->length == 0)
        return eq_fail_at(t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, f),
                          "the label is empty; every row needs its class");
    for (size_t k = 0; k < f->length; k++)
        if ((unsigned char)f->text[k] < ' ')
            return eq_fail_at(t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, f),
                              "the label has a control character (code %d); classes are words or "
                              "numbers on one line",
                              f->text[k]);
    int32_t word = eq_names_add(t->words, f->text, f->length);
    if (word == EQ_NO_NAME ||
        !eq_grow((void **)&t->word, &t->word_cap, t->examples + 1, sizeof *t->word))
        return eq_out_of_memory(t->diag);
    t->word[t->examples] = word;
    return EQ_OK;
}

/* A number of the example at hand: a feature, or one of its targets. */
static eq_status take_value(table *t, const eq_cell *f, uint32_t slot) {
    double value;
    bool number = is_number(f, &value);
    if (t->values >= EQ_MOST_ITEMS)
        return eq_fail_at(t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, f),
                          "the file has more than %d values; split it", EQ_MOST_ITEMS);
    if (!number || isinf(value))
        return eq_fail_at(t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, f),
                          number
                              ? "'%.*s' is beyond what a double holds; write a number below 1.8e308"
                              : "'%.*s' is not a number; write a plain number such as -1.5 or 2e-3",
                          eq_cell_shown(f), f->text);
    if (slot > 0) {
        t->target[t->examples * t->outputs + slot - 1] = value;
        return EQ_OK;
    }
    if (!eq_grow((void **)&t->value, &t->value_cap, t->values + 1, sizeof *t->value))
        return eq_out_of_memory(t->diag);
    t->value[t->values++] = value;
    return EQ_OK;
}

static eq_status take_cell(table *t, size_t k) {
    const eq_cell *f = &t->in.cell[k];
    if (t->slot[k] == SKIPPED) return EQ_OK;
    if (k != t->label) return take_value(t, f, t->slot[k]);
    return t->goal == EQ_GOAL_CLASS || t->tasks ? take_label(t, f) : EQ_OK;
}

/* A row of another length; what others take for a comment is one. */
static eq_status refuse_row(const table *t) {
    const eq_cell *cell = t->in.cell;
    size_t n = t->in.cells;
    bool own = cell->length > 0 && *cell->text == '#';
    const char *which =
        own          ? "; it begins with #, which starts no comment in CSV: remove the line"
        : t->comment ? "; that begins with #, which starts no comment in CSV: remove the line"
                     : "; every row needs the same number";
    return eq_fail_at(
        t->diag, EQ_ERR_INPUT, eq_cell_place(&t->in, &cell[n > t->columns ? t->columns : n - 1]),
        "the row has %zu column%s, the first had %zu%s", n, n == 1 ? "" : "s", t->columns, which);
}

static eq_status take_row(table *t) {
    if (t->in.cells != t->columns) return refuse_row(t);
    size_t targets = (t->examples + 1) * t->outputs;
    if (targets > 0 && !eq_grow((void **)&t->target, &t->target_cap, targets, sizeof *t->target))
        return eq_out_of_memory(t->diag);
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < t->columns; k++) status = take_cell(t, k);
    if (status == EQ_OK) t->examples++;
    return status;
}

/* What the first row calls the features. */
static eq_status keep_names(table *t) {
    t->feature = eq_calloc(t->features, sizeof *t->feature);
    if (t->feature == NULL) return eq_out_of_memory(t->diag);
    for (size_t k = 0, f = 0; k < t->columns; k++) {
        const eq_cell *cell = &t->in.cell[k];
        if (k == t->label || t->slot[k] != 0) continue;
        if ((t->feature[f++] = eq_strndup(cell->text, cell->length)) == NULL)
            return eq_out_of_memory(t->diag);
    }
    return EQ_OK;
}

/* The names of the features in the first row; *once: none is there twice. NULL: memory ran out. */
static eq_names *feature_names(const table *t, bool *once) {
    eq_names *names = eq_names_new();
    bool whole = names != NULL;
    size_t n = 0;
    for (size_t k = 0; whole && k < t->columns; k++) {
        if (k == t->label || t->slot[k] != 0) continue;
        whole = eq_names_add(names, t->in.cell[k].text, t->in.cell[k].length) != EQ_NO_NAME;
        n++;
    }
    *once = whole && eq_names_count(names) == n;
    if (whole) return names;
    eq_names_free(names);
    return NULL;
}

static bool has_all(const eq_names *names, char *const *wanted, size_t n) {
    for (size_t f = 0; f < n; f++)
        if (eq_names_find(names, wanted[f], strlen(wanted[f])) == EQ_NO_NAME) return false;
    return true;
}

static bool is_one_of(const eq_cell *cell, char *const *name, size_t n) {
    for (size_t f = 0; f < n; f++)
        if (same(cell, name[f])) return true;
    return false;
}

/* Columns beside all those of the training data, whatever stands in them, are no features. */
static eq_status skip_others(table *t, const eq_data *known) {
    bool once;
    size_t skipped = 0;
    if (known == NULL || known->feature_name == NULL || t->features <= known->features)
        return EQ_OK;
    eq_names *names = feature_names(t, &once);
    if (names == NULL) return eq_out_of_memory(t->diag);
    bool all = once && has_all(names, known->feature_name, known->features);
    eq_names_free(names);
    for (size_t k = 0; all && k < t->columns; k++) {
        if (k == t->label || t->slot[k] != 0) continue;
        if (is_one_of(&t->in.cell[k], known->feature_name, known->features)) continue;
        t->slot[k] = SKIPPED;
        skipped++;
    }
    t->features -= skipped;
    if (skipped > 0)
        eq_note_at(t->diag, (eq_place){t->path, t->in.cell->line, 0},
                   "%zu column%s that the training data do not have %s left out", skipped,
                   eq_plural(skipped), skipped == 1 ? "is" : "are");
    return EQ_OK;
}

static eq_status read_rows(table *t, const eq_columns *o, const eq_data *known) {
    bool first = true, more = false;
    eq_status status = eq_csv_row(&t->in, &more);
    for (; status == EQ_OK && more; first = false) {
        if (first) status = take_first(t, o);
        if (first && status == EQ_OK && t->header) status = skip_others(t, known);
        if (first && status == EQ_OK && t->header) status = keep_names(t);
        if (status == EQ_OK && !(first && t->header)) status = take_row(t);
        if (status == EQ_OK) status = eq_csv_row(&t->in, &more);
    }
    if (status == EQ_OK && t->examples == 0)
        status = eq_fail_at(t->diag, EQ_ERR_INPUT, (eq_place){t->path, 0, 0},
                            "the file has no examples; give rows of values and a label");
    if (status == EQ_OK && o->header == EQ_HEADER_FOUND && t->goal == EQ_GOAL_CLASS)
        status = check_header(t);
    return status;
}

/* A label has at least one character. */
static bool whole_number(const char *text, long *value) {
    char *end;
    *value = strtol(text, &end, 10);
    return *end == '\0';
}

static int by_number(const void *a, const void *b) {
    const char *s = *(const char *const *)a, *t = *(const char *const *)b;
    long x = strtol(s, NULL, 10), y = strtol(t, NULL, 10);
    return x == y ? strcmp(s, t) : (x > y) - (x < y);
}

static eq_status too_many_labels(const table *t) {
    return eq_fail(t->diag, EQ_ERR_INPUT,
                   "'%s' has more than %d different labels; is the label column right?", t->path,
                   EQ_MAX_CLASSES);
}

/* Class names: words in order of appearance, whole numbers in ascending order. */
static eq_status name_classes(const table *t, eq_data *d) {
    size_t n = eq_names_count(t->words);
    bool numbers = true;
    long value;
    if (n > EQ_MAX_CLASSES) return too_many_labels(t);
    d->class_name = eq_calloc(n, sizeof *d->class_name);
    if (d->class_name == NULL) return eq_out_of_memory(t->diag);
    d->classes = n;
    for (size_t k = 0; k < n; k++) {
        const char *word = eq_names_get(t->words, (int32_t)k);
        d->class_name[k] = eq_strdup(word);
        if (d->class_name[k] == NULL) return eq_out_of_memory(t->diag);
        numbers = numbers && whole_number(word, &value);
    }
    if (numbers) qsort(d->class_name, n, sizeof *d->class_name, by_number);
    return EQ_OK;
}

static eq_status copy_names(const table *t, const eq_data *known, eq_data *d) {
    d->class_name = eq_strings_copy(known->class_name, known->classes);
    if (d->class_name == NULL) return eq_out_of_memory(t->diag);
    d->classes = known->classes;
    return EQ_OK;
}

/* label[k] = the class whose name the word has; `names` has those of the classes in order. */
static eq_status look_up_labels(const table *t, const eq_names *names, uint16_t *of_word) {
    for (size_t k = 0; k < eq_names_count(t->words); k++) {
        const char *word = eq_names_get(t->words, (int32_t)k);
        int32_t cls = eq_names_find(names, word, strlen(word));
        if (cls == EQ_NO_NAME)
            return eq_fail(t->diag, EQ_ERR_INPUT,
                           "'%s' has the label '%s', which the training data do not have; give "
                           "files of one data set",
                           t->path, word);
        of_word[k] = (uint16_t)cls;
    }
    return EQ_OK;
}

static eq_status set_labels(const table *t, eq_data *d) {
    uint16_t *of_word = eq_calloc(eq_names_count(t->words), sizeof *of_word);
    eq_names *names = eq_names_new();
    bool whole = of_word != NULL && names != NULL;
    for (size_t k = 0; whole && k < d->classes; k++)
        whole = eq_names_add(names, d->class_name[k], strlen(d->class_name[k])) != EQ_NO_NAME;
    eq_status status = whole ? look_up_labels(t, names, of_word) : eq_out_of_memory(t->diag);
    for (size_t k = 0; status == EQ_OK && k < d->examples; k++) d->label[k] = of_word[t->word[k]];
    eq_names_free(names);
    eq_free(of_word);
    return status;
}

/* Beside targets: the labels in order of appearance, which say what tasks the rows are of. */
static eq_status number_labels(const table *t, eq_data *d) {
    if (eq_names_count(t->words) > EQ_MAX_CLASSES) return too_many_labels(t);
    for (size_t k = 0; k < d->examples; k++) d->label[k] = (uint16_t)t->word[k];
    return EQ_OK;
}

/* The targets are called as in the first row, or by the numbers of their columns. */
static eq_status name_targets(const table *t, eq_data *d) {
    size_t n = t->outputs;
    d->class_name = eq_calloc(n, sizeof *d->class_name);
    if (d->class_name == NULL) return eq_out_of_memory(t->diag);
    d->classes = n;
    for (size_t k = 0; k < t->columns; k++) {
        if (t->slot[k] == 0 || t->slot[k] == SKIPPED) continue;
        char number[32];
        snprintf(number, sizeof number, "%zu", k + 1);
        const eq_cell *cell = &t->title[t->slot[k] - 1];
        char *name = t->header ? eq_strndup(cell->text, cell->length) : eq_strdup(number);
        if (name == NULL) return eq_out_of_memory(t->diag);
        d->class_name[t->slot[k] - 1] = name;
    }
    return EQ_OK;
}

static eq_status name_outputs(const table *t, eq_data *d) {
    if (t->goal == EQ_GOAL_INPUTS) return eq_data_number_classes(d, d->features, t->diag);
    return t->goal == EQ_GOAL_CLASS ? name_classes(t, d) : name_targets(t, d);
}

/* from[f]: the feature that is called as feature f of the known data. */
static eq_status match_features(const table *t, const eq_data *known, const eq_names *names,
                                size_t *from) {
    for (size_t f = 0; f < known->features; f++) {
        const char *name = known->feature_name[f];
        int32_t at = eq_names_find(names, name, strlen(name));
        if (at == EQ_NO_NAME)
            return eq_fail_at(t->diag, EQ_ERR_INPUT, (eq_place){t->path, 1, 0},
                              "no column is called '%.60s', as one of the training data is; name "
                              "the columns as there, or none",
                              name);
        from[f] = (size_t)at;
    }
    return EQ_OK;
}

static void permute(const size_t *from, size_t n, double *row, double *spare) {
    memcpy(spare, row, n * sizeof *row);
    for (size_t f = 0; f < n; f++) row[f] = spare[from[f]];
}

/* Features that both files name stand in the order of the known ones; where a name is there twice, in their own. */
static eq_status order_features(const table *t, const eq_data *known, eq_data *d) {
    size_t n = d->features;
    if (known->feature_name == NULL || d->feature_name == NULL) return EQ_OK;
    size_t *from = eq_calloc(known->features, sizeof *from);
    double *spare = eq_malloc(n, sizeof *spare);
    eq_names *names = eq_names_new();
    bool whole = from != NULL && spare != NULL && names != NULL;
    for (size_t f = 0; whole && f < n; f++)
        whole = eq_names_add(names, d->feature_name[f], strlen(d->feature_name[f])) != EQ_NO_NAME;
    eq_status status = whole ? EQ_OK : eq_out_of_memory(t->diag);
    if (whole && eq_names_count(names) == n) {
        status = match_features(t, known, names, from);
        for (size_t k = 0; status == EQ_OK && n == known->features && k < d->examples; k++)
            permute(from, n, d->value + k * n, spare);
    }
    eq_names_free(names);
    eq_free(from);
    eq_free(spare);
    return status;
}

static eq_status build(table *t, const eq_data *known, eq_data **out) {
    eq_data *d = eq_data_new(t->examples, t->features);
    if (d == NULL) return eq_out_of_memory(t->diag);
    d->goal = t->goal;
    d->value = t->value;
    t->value = NULL;
    d->target = t->target;
    t->target = NULL;
    d->feature_name = t->feature;
    t->feature = NULL;
    eq_status status = known == NULL ? name_outputs(t, d) : copy_names(t, known, d);
    if (status == EQ_OK && t->goal == EQ_GOAL_CLASS) status = set_labels(t, d);
    if (status == EQ_OK && t->goal != EQ_GOAL_CLASS && t->word != NULL)
        status = number_labels(t, d);
    if (status == EQ_OK && known != NULL) status = order_features(t, known, d);
    if (status == EQ_OK)
        *out = d;
    else
        eq_data_free(d);
    return status;
}

eq_status eq_data_read_csv(const char *path, const eq_columns *o, const eq_data *known,
                           eq_data **out, eq_diag *diag) {
    char *text;
    size_t length;
    eq_status status = eq_file_read_gz(path, EQ_DATA_LIMIT(CHARACTERS), &text, &length, diag);
    if (status != EQ_OK) return status;
    table t = {.path = path,
               .goal = eq_data_goal_of(o->targets),
               .tasks = o->tasks,
               .words = eq_names_new(),
               .diag = diag};
    status =
        t.words == NULL ? eq_out_of_memory(diag) : eq_csv_open(path, text, length, &t.in, diag);
    if (status == EQ_OK) status = read_rows(&t, o, known);
    if (status == EQ_OK) status = build(&t, known, out);
    eq_names_free(t.words);
    eq_csv_close(&t.in);
    eq_free(t.slot);
    eq_free(t.title);
    eq_strings_free(t.feature, t.features);
    eq_free(t.value);
    eq_free(t.target);
    eq_free(t.word);
    eq_free(text);
    return status;
}
