/* NumPy .npy files, format 1 and 2 (NumPy Enhancement Proposal 1): magic, version, length of a
 * header that is a Python dictionary with descr, fortran_order and shape, then the items. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/data_read.h"

typedef enum type { U1, I4, I8, F4, F8, TYPES } type;

static const struct {
    const char *name;
    size_t size;
} types[TYPES] = {
    [U1] = {"u1", 1}, [I4] = {"i4", 4}, [I8] = {"i8", 8}, [F4] = {"f4", 4}, [F8] = {"f8", 8},
};

typedef struct npy {
    const char *path;
    char *bytes;
    size_t length, start; /* start: offset of the first item */
    type type;
    size_t examples, items;
} npy;

static eq_status wrong(const npy *f, const char *at, const char *what, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_INPUT, "'%s' byte %zu: %s", f->path, (size_t)(at - f->bytes), what);
}

/* The text after 'key': in the header; NULL when it is not there. */
static const char *find_key(const char *header, const char *key) {
    const char *p = strstr(header, key);
    if (p == NULL) return NULL;
    p += strlen(key);
    p += strspn(p, "'\" \t");
    if (*p != ':') return NULL;
    return p + 1 + strspn(p + 1, " \t");
}

static eq_status read_type(npy *f, const char *header, eq_diag *diag) {
    const char *p = find_key(header, "descr");
    if (p == NULL)
        return wrong(f, header, "the header has no descr; save it with numpy.save", diag);
    p += *p == '\'' || *p == '"';
    const char *order = p;
    p += *p == '<' || *p == '|' || *p == '=';
    for (int k = 0; k < TYPES; k++)
        if (strncmp(p, types[k].name, 2) == 0 && (p[2] == '\'' || p[2] == '"')) {
            f->type = (type)k;
            return EQ_OK;
        }
    return wrong(f, order,
                 "the type of the items is none of u1, i4, i8, f4, f8 (little-endian); convert "
                 "the array with astype before numpy.save",
                 diag);
}

static eq_status read_shape(npy *f, const char *header, eq_diag *diag) {
    const char *p = find_key(header, "shape");
    if (p == NULL || *p != '(')
        return wrong(f, header, "the header has no shape; save it with numpy.save", diag);
    f->items = 1;
    bool first = true;
    for (p++; *p != ')';) {
        char *end;
        unsigned long long n = strtoull(p, &end, 10);
        if (end == p || *p == '-')
            return wrong(f, p, "the shape is no list of numbers; save it with numpy.save", diag);
        eq_status status = eq_data_product(f->path, f->items, (size_t)n, &f->items, diag);
        if (status != EQ_OK) return status;
        if (first) f->examples = (size_t)n;
        first = false;
        p = end + strspn(end, ", ");
    }
    if (first || f->items == 0 || f->examples > UINT32_MAX)
        return wrong(f, p, "the shape has no examples (the first axis counts them)", diag);
    return EQ_OK;
}

/* Reads the header; for the time being a NUL stands where the first item is. */
static eq_status read_header(npy *f, eq_diag *diag) {
    const unsigned char *b = (const unsigned char *)f->bytes;
    if (f->length < 12 || memcmp(b, "\x93NUMPY", 6) != 0)
        return wrong(f, f->bytes,
                     "this is no .npy file (it must begin with \\x93NUMPY); save it with "
                     "numpy.save",
                     diag);
    if (b[6] != 1 && b[6] != 2)
        return wrong(f, f->bytes + 6,
                     "the .npy format is neither version 1 nor 2; save it with "
                     "numpy.save",
                     diag);
    size_t head = b[6] == 1 ? 10 : 12, size = (size_t)b[8] | (size_t)b[9] << 8;
    if (b[6] == 2) size |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    f->start = head + size;
    if (f->start > f->length)
        return wrong(f, f->bytes + 8,
                     "the file ends inside its header; it is damaged, fetch it again", diag);
    char kept = f->bytes[f->start];
    f->bytes[f->start] = '\0';
    const char *text = f->bytes + head, *fortran = find_key(text, "fortran_order");
    eq_status status = read_type(f, text, diag);
    if (status == EQ_OK && (fortran == NULL || strncmp(fortran, "False", 5) != 0))
        status = wrong(f, text, "the array is in Fortran order; save numpy.ascontiguousarray of it",
                       diag);
    if (status == EQ_OK) status = read_shape(f, text, diag);
    f->bytes[f->start] = kept;
    return status;
}

static eq_status npy_read(const char *path, npy *f, eq_diag *diag) {
    *f = (npy){.path = path};
    eq_status status =
        eq_file_read_gz(path, EQ_DATA_LIMIT(sizeof(double)), &f->bytes, &f->length, diag);
    if (status == EQ_OK) status = read_header(f, diag);
    if (status == EQ_OK && f->length - f->start != f->items * types[f->type].size)
        status =
            eq_fail(diag, EQ_ERR_INPUT,
                    "'%s' byte %zu: %zu bytes follow the header, which announces %zu; the file is "
                    "damaged, fetch it again",
                    path, f->start, f->length - f->start, f->items * types[f->type].size);
    return status;
}

/* Item k as a double. */
static double item(const npy *f, size_t k) {
    const char *p = f->bytes + f->start + k * types[f->type].size;
    int32_t i4;
    int64_t i8;
    float f4;
    double f8;
    switch (f->type) {
    case U1:
        return (unsigned char)*p;
    case I4:
        memcpy(&i4, p, 4);
        return i4;
    case I8:
        memcpy(&i8, p, 8);
        return (double)i8;
    case F4:
        memcpy(&f4, p, 4);
        return (double)f4;
    case F8:
    case TYPES: /* none has it */
        break;
    }
    memcpy(&f8, p, 8);
    return f8;
}

static eq_status read_values(const npy *f, eq_data *d, eq_diag *diag) {
    if (f->type == U1)
        d->pixel = eq_malloc(f->items, 1);
    else
        d->value = eq_malloc(f->items, sizeof *d->value);
    if (d->pixel == NULL && d->value == NULL) return eq_out_of_memory(diag);
    if (d->pixel != NULL) memcpy(d->pixel, f->bytes + f->start, f->items);
    for (size_t k = 0; d->value != NULL && k < f->items; k++) {
        d->value[k] = item(f, k);
        if (!isfinite(d->value[k]))
            return wrong(f, f->bytes + f->start + k * types[f->type].size,
                         "the value is not finite; clean the data before training", diag);
    }
    return EQ_OK;
}

static eq_status read_labels(const npy *f, eq_data *d, eq_diag *diag) {
    double top = 0.0;
    for (size_t k = 0; k < f->items; k++) {
        double v = item(f, k);
        if (!(v >= 0.0 && v < EQ_MAX_CLASSES && v == floor(v)))
            return wrong(f, f->bytes + f->start + k * types[f->type].size,
                         "the label is no class number; labels are whole numbers 0, 1, 2, ...",
                         diag);
        d->label[k] = (uint16_t)v;
        top = fmax(top, v);
    }
    return eq_data_number_classes(d, (size_t)top + 1, diag);
}

static eq_status build(const npy *values, const npy *labels, eq_data **out, eq_diag *diag) {
    if (labels->items != values->examples)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s' has %zu examples, '%s' %zu labels; give files of one data set",
                       values->path, values->examples, labels->path, labels->items);
    eq_data *d = eq_data_new(values->examples, values->items / values->examples);
    if (d == NULL) return eq_out_of_memory(diag);
    eq_status status = read_values(values, d, diag);
    if (status == EQ_OK) status = read_labels(labels, d, diag);
    if (status == EQ_OK)
        *out = d;
    else
        eq_data_free(d);
    return status;
}

eq_status eq_data_read_npy(const char *values, const char *labels, eq_data **out, eq_diag *diag) {
    npy a = {0}, b = {0};
    eq_status status = npy_read(values, &a, diag);
    if (status == EQ_OK) status = npy_read(labels, &b, diag);
    if (status == EQ_OK) status = build(&a, &b, out, diag);
    eq_free(a.bytes);
    eq_free(b.bytes);
    return status;
}
