/* NumPy .npy files, format 1 to 3 (NumPy Enhancement Proposal 1): magic, version, length of a
 * header that is a Python dictionary with descr, fortran_order and shape, then the items. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/data/read.h"

static eq_status wrong(const eq_array *f, const char *at, const char *what, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_INPUT, "'%s' byte %zu: %s", f->path, (size_t)(at - f->bytes), what);
}

/* Moves over blanks and then, if it is there, over the sign. */
static bool take(const char **p, char sign) {
    *p += strspn(*p, " \t\r\n");
    bool there = **p == sign && sign != '\0';
    *p += there;
    return there;
}

/* A text between quotes of one kind; NULL when there is none. */
static const char *quoted(const char **p, size_t *length) {
    char quote = take(p, '"') ? '"' : take(p, '\'') ? '\'' : '\0';
    if (quote == '\0') return NULL;
    const char *text = *p;
    *length = strcspn(text, quote == '"' ? "\"" : "'");
    *p = text + *length + (text[*length] != '\0');
    return text;
}

/* A byte order, a letter and the size in bytes. */
static eq_status read_type(eq_array *f, const char **p, eq_diag *diag) {
    static const char *const types[] = {"b1", "u1", "u2", "u4", "u8", "i1",
                                        "i2", "i4", "i8", "f2", "f4", "f8"};
    const char *start = *p + 1; /* where the text is, if it is one */
    size_t length = 0;
    const char *text = quoted(p, &length);
    if (text != NULL) start = text;
    bool order = text != NULL && length == 3 && strchr("<>|=", *text) != NULL;
    f->big = order && *text == '>';
    for (size_t k = 0;
         text != NULL && length == (order ? 3 : 2) && k < sizeof types / sizeof *types; k++)
        if (strncmp(text + order, types[k], 2) == 0) {
            f->kind = types[k][0];
            f->size = (size_t)(types[k][1] - '0');
            return EQ_OK;
        }
    return wrong(f, start,
                 "the type of the items is none of b1, u1 to u8, i1 to i8, f2 to f8; convert the "
                 "array with astype before numpy.save",
                 diag);
}

static eq_status read_order(eq_array *f, const char **p, eq_diag *diag) {
    take(p, '\0');
    f->fortran = strncmp(*p, "True", 4) == 0;
    if (!f->fortran && strncmp(*p, "False", 5) != 0)
        return wrong(f, *p, "fortran_order is neither True nor False; save it with numpy.save",
                     diag);
    *p += f->fortran ? 4 : 5;
    return EQ_OK;
}

/* Numbers, which Python 2 wrote with an L behind them. */
static eq_status read_shape(eq_array *f, const char **p, eq_diag *diag) {
    bool good = take(p, '(');
    for (f->rank = 0; good && !take(p, ')');) {
        char *end;
        good = **p >= '0' && **p <= '9' && f->rank < EQ_ARRAY_AXES;
        if (!good) break;
        f->shape[f->rank++] = (size_t)strtoull(*p, &end, 10);
        *p = end + (*end == 'L');
        good = take(p, ',') || **p == ')';
    }
    if (!good)
        return wrong(f, *p, "the shape is no list of numbers; save it with numpy.save", diag);
    if (f->rank == 0)
        return wrong(f, *p, "the shape has no examples (the first axis counts them)", diag);
    return EQ_OK;
}

static eq_status read_dictionary(eq_array *f, const char *text, eq_diag *diag) {
    static const struct {
        const char *key;
        eq_status (*read)(eq_array *f, const char **p, eq_diag *diag);
    } entry[] = {{"descr", read_type}, {"fortran_order", read_order}, {"shape", read_shape}};
    enum { ENTRIES = sizeof entry / sizeof *entry };
    const char *p = text;
    bool seen[ENTRIES] = {false}, good = take(&p, '{');
    while (good && !take(&p, '}')) {
        size_t length = 0, k = 0;
        const char *key = quoted(&p, &length);
        while (k < ENTRIES && (key == NULL || strlen(entry[k].key) != length ||
                               strncmp(key, entry[k].key, length) != 0))
            k++;
        good = k < ENTRIES && !seen[k] && take(&p, ':');
        if (!good) break;
        take(&p, '\0');
        eq_status status = entry[k].read(f, &p, diag);
        if (status != EQ_OK) return status;
        seen[k] = true;
        good = take(&p, ',') || *p == '}';
    }
    for (size_t k = 0; k < ENTRIES; k++) good = good && seen[k];
    take(&p, '\0');
    if (good && p == f->bytes + f->start) return EQ_OK;
    return wrong(f, p,
                 "the header is no dictionary of descr, fortran_order and shape; save it with "
                 "numpy.save",
                 diag);
}

/* Reads the header; for the time being a NUL stands where the first item is. */
static eq_status read_header(eq_array *f, eq_diag *diag) {
    const unsigned char *b = (const unsigned char *)f->bytes;
    if (f->length < 12 || memcmp(b, "\x93NUMPY", 6) != 0)
        return wrong(f, f->bytes,
                     "this is no .npy file (it must begin with \\x93NUMPY); save it with "
                     "numpy.save",
                     diag);
    if (b[6] < 1 || b[6] > 3)
        return wrong(f, f->bytes + 6,
                     "the .npy format is none of the versions 1, 2 and 3; save it with numpy.save",
                     diag);
    size_t head = b[6] == 1 ? 10 : 12, size = (size_t)b[8] | (size_t)b[9] << 8;
    if (b[6] > 1) size |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    f->start = head + size;
    if (f->start > f->length)
        return wrong(f, f->bytes + 8,
                     "the file ends inside its header; it is damaged, fetch it again", diag);
    char kept = f->bytes[f->start];
    f->bytes[f->start] = '\0';
    eq_status status = read_dictionary(f, f->bytes + head, diag);
    f->bytes[f->start] = kept;
    return status;
}

eq_status eq_npy_open(const char *path, eq_array *f, eq_diag *diag) {
    *f = (eq_array){.path = path};
    eq_status status =
        eq_file_read_gz(path, EQ_DATA_LIMIT(sizeof(double)), &f->bytes, &f->length, diag);
    if (status == EQ_OK) status = read_header(f, diag);
    return status == EQ_OK ? eq_array_check(f, diag) : status;
}

eq_status eq_data_read_npy(const char *values, const char *labels, eq_data **out, eq_diag *diag) {
    eq_array a = {0}, b = {0};
    eq_status status = eq_npy_open(values, &a, diag);
    if (status == EQ_OK) status = eq_npy_open(labels, &b, diag);
    if (status == EQ_OK) status = eq_array_table(&a, &b, EQ_GOAL_CLASS, "examples", out, diag);
    eq_free(a.bytes);
    eq_free(b.bytes);
    return status;
}
