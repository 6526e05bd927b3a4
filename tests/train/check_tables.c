/* Tables in every legal spelling of CSV, .npy and IDX come back to the bit, and no row of a CSV
 * file is dropped in silence. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/effort.h"
#include "../support/program.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "train/experiment/experiment.h"

Suite *tables_suite(void);

enum { TABLES = 2000, MANY_TABLES = 100000 };

static uint32_t below(eq_random *r, uint32_t n) {
    return (uint32_t)eq_random_below(r, n);
}

/* What is written, and must be read. */
typedef struct truth {
    size_t examples, features, label; /* label: its column in the file */
    double value[400];
    char word[40][24]; /* the label of each example */
} truth;

/* A finite double of any exponent, or one with few digits. */
static double any_double(eq_random *r) {
    double x;
    do {
        uint64_t bits = eq_random_next(r);
        memcpy(&x, &bits, sizeof x);
    } while (!isfinite(x));
    return below(r, 3) == 0 ? x : (double)((int)below(r, 20001) - 10000) / 100;
}

static void fill(truth *t, eq_random *r) {
    static const char *const word[] = {"a",    "two words",    "a, b", "he said \"no\"",
                                       "\"",   "na\xC3\xAFve", "x;y",  "#1",
                                       "0x1F", "nan"};
    bool numbers = below(r, 2) == 0;
    t->examples = 1 + below(r, 20);
    t->features = 1 + below(r, 8);
    t->label = below(r, 2) == 0 ? t->features : below(r, (uint32_t)t->features + 1);
    for (size_t k = 0; k < t->examples * t->features; k++) t->value[k] = any_double(r);
    for (size_t k = 0; k < t->examples; k++)
        if (numbers)
            snprintf(t->word[k], sizeof *t->word, "%u", below(r, 12));
        else
            snprintf(t->word[k], sizeof *t->word, "%s", word[below(r, 10)]);
}

static void blanks(eq_random *r, eq_text *t) {
    for (uint32_t n = below(r, 4); n > 2; n--) eq_text_puts(t, below(r, 2) ? " " : "\t");
}

/* A cell as it may be spelt: in quotes where it must be, and sometimes where not. */
static void put_cell(eq_random *r, eq_text *t, const char *text) {
    bool quotes = strpbrk(text, ",\"\r\n") != NULL || text[0] == '\0' || below(r, 5) == 0;
    blanks(r, t);
    if (quotes) eq_text_puts(t, "\"");
    for (const char *p = text; *p != '\0'; p++)
        eq_text_printf(t, quotes && *p == '"' ? "%c\"" : "%c", *p);
    if (quotes) eq_text_puts(t, "\"");
    blanks(r, t);
}

static void put_number(eq_random *r, eq_text *t, double x) {
    static const char *const spelling[] = {"%.17g", "%.17e", "%+.17g", "%.20E", "%025.17g"};
    char text[64];
    snprintf(text, sizeof text, spelling[below(r, 5)], x);
    put_cell(r, t, text);
}

static void end_row(eq_random *r, eq_text *t, const char *newline, bool last) {
    if (!last || below(r, 4) > 0) eq_text_puts(t, newline);
    while (below(r, 6) == 0) {
        if (last && t->text[t->length - 1] != newline[strlen(newline) - 1]) break;
        blanks(r, t);
        eq_text_puts(t, newline);
    }
}

/* The column names; "class" is the label's. */
static void put_header(const truth *w, eq_random *r, eq_text *t, bool numbers) {
    static const char *const name[] = {"x",       "Sepal Length", "x",   "y,z",
                                       "a \"b\"", "two\nlines",   "1x1", ""};
    for (size_t k = 0; k <= w->features; k++) {
        char number[16];
        snprintf(number, sizeof number, "%zu", k);
        if (k > 0) eq_text_puts(t, ",");
        put_cell(r, t, k == w->label ? "class" : numbers ? number : name[below(r, 8)]);
    }
}

static void put_row(const truth *w, size_t example, eq_random *r, eq_text *t) {
    const double *x = &w->value[example * w->features];
    for (size_t k = 0; k <= w->features; k++) {
        if (k > 0) eq_text_puts(t, ",");
        if (k == w->label)
            put_cell(r, t, w->word[example]);
        else
            put_number(r, t, *x++);
    }
}

static void same_table(const truth *w, const eq_data *d, const char *text) {
    ck_assert_msg(d->examples == w->examples, "%zu examples for %zu:\n%s", d->examples, w->examples,
                  text);
    ck_assert_msg(d->features == w->features, "%zu features:\n%s", d->features, text);
    for (size_t k = 0; k < w->examples; k++)
        ck_assert_msg(strcmp(d->class_name[d->label[k]], w->word[k]) == 0, "row %zu is '%s':\n%s",
                      k, d->class_name[d->label[k]], text);
    ck_assert_msg(memcmp(d->value, w->value, w->examples * w->features * sizeof(double)) == 0,
                  "values differ:\n%s", text);
}

/* One random table, spelt by chance, read back. */
static void round_trip(uint64_t seed) {
    static const char *const newline[] = {"\n", "\r\n", "\r"};
    eq_random r = eq_random_seed(seed);
    truth w;
    eq_text t = {0};
    fill(&w, &r);
    const char *end = newline[below(&r, 3)];
    bool header = below(&r, 2) == 0, by_name = header && below(&r, 2) == 0;
    char number[16];
    snprintf(number, sizeof number, "%zu", w.label + 1);
    const char *label = by_name ? "class" : w.label == w.features && below(&r, 2) ? NULL : number;
    if (below(&r, 3) == 0) eq_text_puts(&t, "\xEF\xBB\xBF");
    while (below(&r, 6) == 0) eq_text_puts(&t, end);
    if (header) put_header(&w, &r, &t, by_name && below(&r, 2) == 0);
    if (header) end_row(&r, &t, end, false);
    for (size_t k = 0; k < w.examples; k++) {
        put_row(&w, k, &r, &t);
        end_row(&r, &t, end, k + 1 == w.examples);
    }
    const char *path = put_bytes("a.csv", t.text, t.length);
    eq_header way[] = {by_name ? EQ_HEADER_FOUND : EQ_HEADER_YES, EQ_HEADER_NO};
    eq_data *d = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status =
        eq_data_read_csv(path, &(eq_columns){label, NULL, way[!header], false}, NULL, &d, diag);
    ck_assert_msg(status == EQ_OK, "seed %u: %d:%d: %s\n%s", (unsigned)seed,
                  eq_diag_get(diag, 0)->line, eq_diag_get(diag, 0)->column,
                  eq_diag_get(diag, 0)->text, t.text);
    same_table(&w, d, t.text);
    eq_data_free(d);
    d = NULL;
    /* Not told about the header, the reader finds it, or says that it cannot. */
    status =
        eq_data_read_csv(path, &(eq_columns){label, NULL, EQ_HEADER_FOUND, false}, NULL, &d, diag);
    ck_assert(status == EQ_OK || status == EQ_ERR_INPUT);
    if (status == EQ_OK) same_table(&w, d, t.text);
    eq_data_free(d);
    eq_diag_free(diag);
    eq_text_free(&t);
}

START_TEST(csv_in_every_spelling) {
    size_t n = effort(TABLES, MANY_TABLES);
    for (uint64_t seed = 1; seed <= n; seed++) round_trip(seed);
}
END_TEST

/* The first row: what it is taken for (rows > 0: so many are read), or the error at its place. */
static const struct first_row {
    const char *text, *label;
    eq_header header;
    size_t rows;
    int line, column;
    const char *message;
} first_rows[] = {
    {"\xEF\xBB\xBF"
     "1,2,a\n2,1,b\n0,1,a\n1,0,b\n",
     NULL, EQ_HEADER_FOUND, 4, 0, 0, NULL},
    {"1,,a\n2,1,b\n0,1,a\n", NULL, EQ_HEADER_FOUND, 0, 1, 3, "'' is not a number"},
    {",,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'' is not a number"},
    {"NaN,2,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'NaN' is not a number"},
    {"?,N/A,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'?' is not a number"},
    {"1e400,2,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'1e400' is beyond what a double"},
    {"-1e999,2,a\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'-1e999' is beyond"},
    {"1,0x10,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 3, "'0x10' is not a number"},
    {"0x10,0x11,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'0x10' is not a number"},
    {"inf,-Infinity,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'inf' is not a number"},
    {"\"1,5\",2,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 2, "'1,5' is not a number"},
    {"x,2,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'x' is a word and '2' a number"},
    {"x,2,a\n2,1,b\n", NULL, EQ_HEADER_YES, 1, 0, 0, NULL},
    {"x,2,a\n2,1,b\n", NULL, EQ_HEADER_NO, 0, 1, 1, "'x' is not a number"},
    {"x,y,a\n2,1,b\n", NULL, EQ_HEADER_FOUND, 1, 0, 0, NULL},
    {"x,y,a\n2,1,b\n3,4,a\n", NULL, EQ_HEADER_FOUND, 0, 1, 5, "like the labels of the rows"},
    {"x,y,a\n2,1,b\n3,4,a\n", "a", EQ_HEADER_FOUND, 0, 1, 5, "like the labels of the rows"},
    {"x,y,a\n2,1,b\n3,4,a\n", "a", EQ_HEADER_YES, 2, 0, 0, NULL},
    {"1,2,a\n2,1,b\n3,4,a\n", "a", EQ_HEADER_FOUND, 0, 1, 5, "like the labels of the rows"},
    {"x,y,7\n2,1,5\n3,4,6\n", NULL, EQ_HEADER_FOUND, 0, 1, 5, "like the labels of the rows"},
    {",x,kind\n2,1,b\n", NULL, EQ_HEADER_FOUND, 1, 0, 0, NULL},
    {"0,1,kind\n2,1,b\n", "kind", EQ_HEADER_FOUND, 1, 0, 0, NULL},
    {"0,1,kind\n2,1,5\n2,1,6\n", NULL, EQ_HEADER_FOUND, 0, 1, 5, "all other labels are numbers"},
    {"0,1,kind\n2,1,5\n2,1,6\n", NULL, EQ_HEADER_YES, 2, 0, 0, NULL},
    {"0,1,kind\n2,1,5\n2,1,6\n", NULL, EQ_HEADER_NO, 3, 0, 0, NULL},
    {"0,1,2\n2,1,5\n2,1,6\n", "2", EQ_HEADER_YES, 2, 0, 0, NULL},
    {"x,y,x,kind\n1,2,3,b\n", "kind", EQ_HEADER_FOUND, 1, 0, 0, NULL},
    {"x,kind,kind\n1,2,b\n", "kind", EQ_HEADER_FOUND, 0, 1, 8, "two columns are called 'kind'"},
    {"x,kind,kind\n1,2,b\n", "3", EQ_HEADER_FOUND, 1, 0, 0, NULL},
    {"x,y,kind\n1,2,b\n", "4", EQ_HEADER_FOUND, 0, 1, 0, "no column is called '4'"},
    {"x,y,kind\n1,2,b\n", "0", EQ_HEADER_FOUND, 0, 1, 0, "no column is called '0'"},
    {"x,y,kind\n1,2,b\n", "kind", EQ_HEADER_NO, 0, 1, 0, "no column is called 'kind'"},
    {"b,1,2\na,3,4\n", "1", EQ_HEADER_FOUND, 2, 0, 0, NULL},
    {"b,1,2\na,3,4\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "(and the label's column"},
    {"\xEF\xBB\xBF\"kind\",x\nb,1\n", "kind", EQ_HEADER_FOUND, 1, 0, 0, NULL},
    {"\xEF\xBB\xBF", NULL, EQ_HEADER_FOUND, 0, 0, 0, "no examples"},
    {"1,2,\"a\"b\n", NULL, EQ_HEADER_FOUND, 0, 1, 8, "behind the closing quote"},
    {"1,2,a\n3,4,\"b\n5,6,c\n", NULL, EQ_HEADER_FOUND, 0, 2, 5, "the quote is not closed"},
    {"1,2,\"a\nb\"\n", NULL, EQ_HEADER_FOUND, 0, 1, 6, "a control character (code 10)"},
    {"1,2,a\r3,4,b\r5,hm,a\r", NULL, EQ_HEADER_FOUND, 0, 3, 3, "'hm' is not a number"},
    {"1,2,a\r\n3,4,b,\r\n", NULL, EQ_HEADER_FOUND, 0, 2, 7, "4 columns, the first had 3"},
    {"\"two\nlines\",y,kind\n1,z,b\n", NULL, EQ_HEADER_FOUND, 0, 3, 3, "'z' is not a number"},
    {"1 2 a\n3 4 b\n", NULL, EQ_HEADER_FOUND, 0, 1, 0, "the row has 1 column;"},
    {"1;2;a\n3;4;b\n", NULL, EQ_HEADER_FOUND, 2, 0, 0, NULL},
    {"x;y;kind\r\n1 ; 2;\"a;b\"\r\n3;4;b\r\n", "kind", EQ_HEADER_FOUND, 2, 0, 0, NULL},
    {"1\t2\ta b\n3\t 4\tb\n", NULL, EQ_HEADER_FOUND, 2, 0, 0, NULL},
    {"1\t\ta\n", NULL, EQ_HEADER_FOUND, 0, 1, 3, "'' is not a number"},
    {"1,2,a;b\n3,4,c\n", NULL, EQ_HEADER_FOUND, 2, 0, 0, NULL},
    {"1,5;2,5;a\n", NULL, EQ_HEADER_FOUND, 0, 1, 3, "'5;2' is not a number"},
    {"x;y;kind\n1,5;2;a\n", NULL, EQ_HEADER_FOUND, 0, 2, 1, "'1,5' is not a number"},
    {"1;2;\"a\"b\n", NULL, EQ_HEADER_FOUND, 0, 1, 8, "a semicolon or the end of the row"},
    {"# one, two\nx,y,kind\n1,2,a\n", NULL, EQ_HEADER_FOUND, 0, 2, 5, "begins with #, which"},
    {"1,2,a\n# a note\n3,4,b\n", NULL, EQ_HEADER_FOUND, 0, 2, 1, "begins with #, which"},
    {"# x,y,kind\n1,2,a\n3,4,b\n", NULL, EQ_HEADER_FOUND, 2, 0, 0, NULL},
    {"1,2,#a\n3,4,b\n", NULL, EQ_HEADER_FOUND, 2, 0, 0, NULL},
    {"#1,2,a\n", NULL, EQ_HEADER_FOUND, 0, 1, 1, "'#1' is a word"},
};

static void first_row_is_taken(const struct first_row *f) {
    eq_data *d = NULL;
    eq_diag *diag = eq_diag_new();
    const char *path = put("a.csv", f->text);
    const eq_columns columns = {f->label, NULL, f->header, false};
    eq_status status = eq_data_read_csv(path, &columns, NULL, &d, diag);
    const eq_message *m = eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0) : NULL;
    if (f->message == NULL) {
        ck_assert_msg(status == EQ_OK, "%s: %s", f->text, m == NULL ? "" : m->text);
        ck_assert_msg(d->examples == f->rows, "%s: %zu rows", f->text, d->examples);
        eq_data_free(d);
    } else {
        ck_assert_msg(status == EQ_ERR_INPUT, "read: %s", f->text);
        ck_assert_msg(strstr(m->text, f->message) != NULL, "%s: %s", f->text, m->text);
        ck_assert_msg(m->line == f->line && m->column == f->column, "%s: %d:%d", f->text, m->line,
                      m->column);
    }
    eq_diag_free(diag);
}

START_TEST(the_first_row_is_a_header_or_data) {
    for (size_t k = 0; k < sizeof first_rows / sizeof *first_rows; k++)
        first_row_is_taken(&first_rows[k]);
}
END_TEST

START_TEST(nul_bytes_have_a_place) {
    static const char text[] = "1,2,a\r\n3,\0"
                               "4,b\n";
    eq_data *d = NULL;
    eq_diag *diag = eq_diag_new();
    ck_assert_int_eq(eq_data_read_csv(put_bytes("a.csv", text, sizeof text - 1),
                                      &(eq_columns){NULL, NULL, EQ_HEADER_FOUND, false}, NULL, &d,
                                      diag),
                     EQ_ERR_INPUT);
    ck_assert_int_eq(eq_diag_get(diag, 0)->line, 2);
    ck_assert_int_eq(eq_diag_get(diag, 0)->column, 3);
    eq_diag_free(diag);
}
END_TEST

START_TEST(a_row_of_100000_columns) {
    enum { COLUMNS = 100000 };
    eq_text t = {0};
    for (int row = 0; row < 3; row++)
        for (int k = 0; k <= COLUMNS; k++)
            eq_text_printf(&t, k < COLUMNS ? "%d.5," : "%d\n", k < COLUMNS ? k : row);
    eq_data *d = NULL;
    ck_assert_int_eq(eq_data_read_csv(put_bytes("a.csv", t.text, t.length),
                                      &(eq_columns){NULL, NULL, EQ_HEADER_FOUND, false}, NULL, &d,
                                      NULL),
                     EQ_OK);
    ck_assert_uint_eq(d->features, COLUMNS);
    ck_assert_uint_eq(d->examples, 3);
    ck_assert(d->value[3 * COLUMNS - 1] == COLUMNS - 0.5);
    eq_data_free(d);
    eq_text_free(&t);
}
END_TEST

/* Types of items, as NumPy and IDX (code 0: has none) name them. */
static const struct {
    char kind;
    size_t size;
    unsigned char idx;
} types[] = {{'b', 1, 0},  {'u', 1, 8},  {'u', 2, 0}, {'u', 4, 0}, {'u', 8, 0},  {'i', 1, 9},
             {'i', 2, 11}, {'i', 4, 12}, {'i', 8, 0}, {'f', 2, 0}, {'f', 4, 13}, {'f', 8, 14}};
enum { TYPES = sizeof types / sizeof *types };

/* A number that the type holds exactly. */
static double fitting(eq_random *r, size_t type) {
    int top = types[type].size == 1 ? 127 : types[type].size == 2 ? 2047 : 99999;
    double x = below(r, (uint32_t)top + 1);
    if (types[type].kind == 'b') return below(r, 2);
    if (types[type].kind != 'u' && below(r, 2) == 0) x = -x;
    return types[type].kind == 'f' ? x / 64 : x;
}

/* IEEE 754 binary16 of n/64, |n| < 2048: exact, by scaling to a mantissa in [1024, 2048). */
static uint64_t half(double x) {
    int exponent;
    double m = frexp(fabs(x), &exponent);
    uint64_t sign = signbit(x) ? 1U << 15 : 0;
    if (x == 0.0) return sign;
    return sign | (uint64_t)(exponent + 14) << 10 | ((uint64_t)(m * 2048) - 1024);
}

/* The bytes of x in the type, least first or last. */
static void encode(double x, size_t type, bool big, unsigned char *to) {
    uint64_t bits = (uint64_t)(int64_t)x;
    size_t size = types[type].size;
    float f4 = (float)x;
    uint32_t word;
    memcpy(&word, &f4, sizeof word);
    if (types[type].kind == 'f' && size == 8) memcpy(&bits, &x, sizeof bits);
    if (types[type].kind == 'f' && size == 4) bits = word;
    if (types[type].kind == 'f' && size == 2) bits = half(x);
    for (size_t k = 0; k < size; k++) to[big ? size - 1 - k : k] = (unsigned char)(bits >> 8 * k);
}

/* Items [rows][columns] in C or Fortran order; how many bytes. */
static size_t encode_all(const double *x, size_t rows, size_t columns, size_t type, bool big,
                         bool fortran, unsigned char *to) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            encode(x[i * columns + j], type, big,
                   to + types[type].size * (fortran ? j * rows + i : i * columns + j));
    return types[type].size * rows * columns;
}

/* A header as NumPy, or another program, may write it. */
static size_t npy_head(eq_random *r, size_t type, bool big, bool fortran, const char *shape,
                       unsigned char *to) {
    eq_text t = {0};
    char quote = below(r, 2) ? '\'' : '"', entry[3][96];
    char order = types[type].size == 1 ? '|' : big ? '>' : below(r, 2) ? '<' : '=';
    snprintf(entry[0], 96, "%cdescr%c: %c%c%c%zu%c", quote, quote, quote, order, types[type].kind,
             types[type].size, quote);
    snprintf(entry[1], 96, "%cfortran_order%c:%s%s", quote, quote, below(r, 2) ? " " : "",
             fortran ? "True" : "False");
    snprintf(entry[2], 96, "%cshape%c: %s", quote, quote, shape);
    uint32_t first = below(r, 3);
    for (uint32_t k = 0; k < 3; k++)
        eq_text_printf(&t, "%s%s", k == 0 ? "{" : ", ", entry[(first + k) % 3]);
    eq_text_puts(&t, below(r, 2) ? ", }" : "}");
    for (uint32_t n = below(r, 80); n > 0; n--) eq_text_puts(&t, " ");
    if (below(r, 2)) eq_text_puts(&t, "\n");
    unsigned char version = (unsigned char)(1 + below(r, 3));
    size_t head = version == 1 ? 10 : 12;
    memcpy(to, "\x93NUMPY\0\0\0\0\0\0", 12);
    to[6] = version;
    to[8] = (unsigned char)t.length;
    to[9] = (unsigned char)(t.length >> 8);
    memcpy(to + head, t.text, t.length);
    head += t.length;
    eq_text_free(&t);
    return head;
}

static size_t idx_head(size_t type, int rank, const size_t *shape, unsigned char *to) {
    memcpy(to, "\0\0\0\0", 4);
    to[2] = types[type].idx;
    to[3] = (unsigned char)rank;
    for (int k = 0; k < rank; k++)
        for (int j = 0; j < 4; j++) to[4 + 4 * k + j] = (unsigned char)(shape[k] >> (24 - 8 * j));
    return 4 + 4 * (size_t)rank;
}

/* A matrix of 3 to 6 examples with 2 x 3 features, as an array of rank 2 or 3, in the type. In
 * Fortran order only rank 2, where the two orders are rows and columns. */
static void arrays_round_trip(uint64_t seed, size_t type, bool idx) {
    eq_random r = eq_random_seed(seed);
    unsigned char bytes[2048];
    char shape[64], file[2][160];
    size_t n = 3 + below(&r, 4), at, y_type = TYPES;
    bool big = idx || below(&r, 2), fortran = !idx && below(&r, 2) == 0,
         deep = !fortran && below(&r, 2);
    double x[6 * 6], y[6];
    for (size_t k = 0; k < 6 * n; k++) x[k] = fitting(&r, type);
    for (size_t k = 0; k < n; k++) y[k] = below(&r, 2);
    if (deep)
        snprintf(shape, sizeof shape, "(%zu, 2, 3)", n);
    else
        snprintf(shape, sizeof shape, "(%zu%s, 6)", n, below(&r, 4) == 0 ? "L" : "");
    at = idx ? idx_head(type, deep ? 3 : 2, deep ? (size_t[]){n, 2, 3} : (size_t[]){n, 6}, bytes)
             : npy_head(&r, type, big, fortran, shape, bytes);
    at += encode_all(x, n, 6, type, big, fortran, bytes + at);
    strcpy(file[0], put_bytes("x", bytes, at));
    while (y_type == TYPES || (idx && types[y_type].idx == 0)) y_type = below(&r, TYPES);
    snprintf(shape, sizeof shape, "(%zu,)", n);
    at = idx ? idx_head(y_type, 1, &n, bytes) : npy_head(&r, y_type, big, false, shape, bytes);
    at += encode_all(y, n, 1, y_type, big, false, bytes + at);
    strcpy(file[1], put_bytes("y", bytes, at));
    eq_data *d = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = idx ? eq_data_read_idx(file[0], file[1], &d, diag)
                           : eq_data_read_npy(file[0], file[1], &d, diag);
    ck_assert_msg(status == EQ_OK, "seed %u: %s", (unsigned)seed,
                  status == EQ_OK ? "" : eq_diag_get(diag, 0)->text);
    ck_assert_uint_eq(d->examples, n);
    ck_assert_uint_eq(d->features, 6);
    for (size_t k = 0; k < 6 * n; k++)
        ck_assert_msg((d->pixel != NULL ? d->pixel[k] : d->value[k]) == x[k], "seed %u: item %zu",
                      (unsigned)seed, k);
    for (size_t k = 0; k < n; k++) ck_assert(d->label[k] == y[k]);
    eq_data_free(d);
    eq_diag_free(diag);
}

START_TEST(arrays_in_every_spelling) {
    size_t n = effort(TABLES, MANY_TABLES);
    for (uint64_t seed = 1; seed <= n; seed++) {
        size_t type = seed % TYPES;
        arrays_round_trip(seed, type, false);
        if (types[type].idx != 0) arrays_round_trip(seed, type, true);
    }
}
END_TEST

/* NumPy's own words for what no table is. */
START_TEST(arrays_that_are_no_table) {
    static const struct {
        const char *head, *message;
    } file[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "has no examples"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }", "which announces 0"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'x': 1}", "is no dictionary of"},
        {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
         "is no dictionary"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", "is no dictionary of"},
        {"{'descr': [('shape', '<f8')], 'fortran_order': False, 'shape': (1,)}",
         "the type of the items"},
        {"{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", "the type of the items"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "the type of the items"},
        {"{'descr': '<f8", "is no dictionary of"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,", "the shape is no list"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1 2)}", "the shape is no list"},
        {"{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}", "neither True nor False"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551617,)}", "damaged"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
         "8 bytes follow the header, which announces 4"},
    };
    for (size_t k = 0; k < sizeof file / sizeof *file; k++) {
        char bytes[256] = "\x93NUMPY\1";
        size_t n = strlen(file[k].head);
        bytes[8] = (char)n;
        memcpy(bytes + 10, file[k].head, n);
        const char *path = put_bytes("x.npy", bytes, 10 + n + 8);
        eq_data *d = NULL;
        eq_diag *diag = eq_diag_new();
        ck_assert_int_eq(eq_data_read_npy(path, path, &d, diag), EQ_ERR_INPUT);
        ck_assert_msg(strstr(eq_diag_get(diag, 0)->text, file[k].message) != NULL, "%s: %s",
                      file[k].head, eq_diag_get(diag, 0)->text);
        eq_diag_free(diag);
    }
}
END_TEST

/* What <data header="..."> says reaches the reader, and the copy of the experiment in a run. */
START_TEST(an_experiment_says_which) {
    static const char form[] =
        "<experiment><circuit deck=\"a.cir\"/><data format=\"csv\" path=\"a.csv\" label=\"3\"%s/>"
        "<optimizer type=\"sgd\" rate=\"1\"/></experiment>\n";
    static const struct {
        const char *attribute;
        eq_header header;
    } way[] = {{"", EQ_HEADER_FOUND},
               {" header=\"yes\"", EQ_HEADER_YES},
               {" header=\"no\"", EQ_HEADER_NO}};
    for (size_t k = 0; k < 3; k++) {
        char text[512];
        int n = snprintf(text, sizeof text, form, way[k].attribute);
        eq_experiment *x = NULL;
        ck_assert_int_eq(eq_experiment_read(put_bytes("x.xml", text, (size_t)n), &x, NULL), EQ_OK);
        ck_assert_int_eq(x->data.header, way[k].header);
        eq_text copy = {0};
        ck_assert_int_eq(eq_experiment_write(x, &copy, NULL), EQ_OK);
        ck_assert(strstr(copy.text, way[k].attribute) != NULL);
        ck_assert((strstr(copy.text, "header=") == NULL) == (k == 0));
        put_bytes("a.csv", "x,2,a\n3,4,b\n", 12);
        eq_data_set s = {0};
        eq_status status = eq_data_set_read(&x->data, ".", 1, &s, NULL);
        ck_assert_int_eq(status, k == 1 ? EQ_OK : EQ_ERR_INPUT);
        eq_data_set_free(&s);
        eq_text_free(&copy);
        eq_experiment_free(x);
    }
}
END_TEST

Suite *tables_suite(void) {
    Suite *s = suite_create("tables");
    TCase *t = tcase_create("tables");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, csv_in_every_spelling);
    tcase_add_test(t, the_first_row_is_a_header_or_data);
    tcase_add_test(t, an_experiment_says_which);
    tcase_add_test(t, nul_bytes_have_a_place);
    tcase_add_test(t, a_row_of_100000_columns);
    tcase_add_test(t, arrays_in_every_spelling);
    tcase_add_test(t, arrays_that_are_no_table);
    suite_add_tcase(s, t);
    return s;
}
