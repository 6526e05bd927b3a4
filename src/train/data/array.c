/* Arrays of numbers of any type, byte order and order of indices. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/data/read.h"

eq_status eq_array_check(eq_array *a, eq_diag *diag) {
    eq_status status = EQ_OK;
    a->items = 1;
    for (int k = 0; status == EQ_OK && k < a->rank; k++)
        status = eq_data_product(a->path, a->items, a->shape[k], &a->items, diag);
    size_t bytes = a->items * a->size; /* EQ_MOST_ITEMS times 8 at the most */
    if (status == EQ_OK && a->length - a->start != bytes)
        status =
            eq_fail(diag, EQ_ERR_INPUT,
                    "'%s' byte %zu: %zu bytes follow the header, which announces %zu; the file is "
                    "damaged, fetch it again",
                    a->path, a->start, a->length - a->start, bytes);
    if (status == EQ_OK && a->items == 0)
        status = eq_fail(diag, EQ_ERR_INPUT, "'%s' is empty; give a file with examples", a->path);
    return status;
}

/* Where item k, counted with the last index fastest, lies in the file. */
static size_t offset(const eq_array *a, size_t k) {
    size_t at = k, stride = a->items;
    if (a->fortran) {
        at = 0;
        for (int j = a->rank - 1; j >= 0; k /= a->shape[j--]) {
            stride /= a->shape[j];
            at += k % a->shape[j] * stride;
        }
    }
    return a->start + at * a->size;
}

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of mantissa. */
static double half(uint64_t bits) {
    int exponent = (int)(bits >> 10 & 31), mantissa = (int)(bits & 1023);
    double size = exponent == 0    ? ldexp(mantissa, -24)
                  : exponent == 31 ? (double)(mantissa == 0 ? INFINITY : NAN)
                                   : ldexp(mantissa + 1024, exponent - 25);
    return bits >> 15 != 0 ? -size : size;
}

static double item(const eq_array *a, size_t k) {
    const unsigned char *p = (const unsigned char *)a->bytes + offset(a, k);
    uint64_t bits = 0;
    for (size_t j = 0; j < a->size; j++) bits = bits << 8 | p[a->big ? j : a->size - 1 - j];
    float f4;
    double f8;
    uint32_t low = (uint32_t)bits;
    switch (a->kind) {
    case 'b':
        return bits != 0;
    case 'u':
        return (double)bits;
    case 'i': /* the sign stands in the highest bit that is there */
        return (double)((int64_t)(bits << (64 - 8 * a->size)) >> (64 - 8 * a->size));
    default:
        break;
    }
    memcpy(&f4, &low, sizeof f4);
    memcpy(&f8, &bits, sizeof f8);
    return a->size == 2 ? half(bits) : a->size == 4 ? (double)f4 : f8;
}

static eq_status not_finite(const eq_array *a, size_t k, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_INPUT,
                   "'%s' byte %zu: the value is not finite; clean the data before training",
                   a->path, offset(a, k));
}

/* Unsigned bytes in order are pixels as they stand. */
static eq_status take_values(const eq_array *a, eq_data *d, eq_diag *diag) {
    bool pixels = a->kind == 'u' && a->size == 1;
    if (pixels)
        d->pixel = eq_malloc(a->items, 1);
    else
        d->value = eq_malloc(a->items, sizeof *d->value);
    if (pixels ? d->pixel == NULL : d->value == NULL) return eq_out_of_memory(diag);
    if (pixels && !a->fortran) memcpy(d->pixel, a->bytes + a->start, a->items);
    for (size_t k = 0; pixels && a->fortran && k < a->items; k++)
        d->pixel[k] = (uint8_t)a->bytes[offset(a, k)];
    for (size_t k = 0; !pixels && k < a->items; k++) {
        d->value[k] = item(a, k);
        if (!isfinite(d->value[k])) return not_finite(a, k, diag);
    }
    return EQ_OK;
}

static eq_status take_labels(const eq_array *a, eq_data *d, eq_diag *diag) {
    double top = 0.0;
    for (size_t k = 0; k < a->items; k++) {
        double v = item(a, k);
        if (!(v >= 0.0 && v < EQ_MAX_CLASSES && v == floor(v)))
            return eq_fail(diag, EQ_ERR_INPUT,
                           "'%s' byte %zu: the label is no class number; labels are whole numbers "
                           "0, 1, 2, ...",
                           a->path, offset(a, k));
        d->label[k] = (uint16_t)v;
        top = fmax(top, v);
    }
    return eq_data_number_classes(d, (size_t)top + 1, diag);
}

/* As many numbers as stand behind the first index for each example. */
static eq_status take_targets(const eq_array *a, eq_data *d, eq_diag *diag) {
    d->target = eq_malloc(a->items, sizeof *d->target);
    if (d->target == NULL) return eq_out_of_memory(diag);
    for (size_t k = 0; k < a->items; k++) {
        d->target[k] = item(a, k);
        if (!isfinite(d->target[k])) return not_finite(a, k, diag);
    }
    return eq_data_number_classes(d, a->items / d->examples, diag);
}

static eq_status take_outputs(const eq_array *a, eq_data *d, eq_diag *diag) {
    if (d->goal == EQ_GOAL_CLASS) return take_labels(a, d, diag);
    if (d->goal == EQ_GOAL_TARGETS) return take_targets(a, d, diag);
    return eq_data_number_classes(d, d->features, diag);
}

/* Rows of pixels behind the first index, in channels where there are two more. */
static eq_raster image_of(const eq_array *a) {
    if (a->rank == 3) return (eq_raster){1, a->shape[1], a->shape[2], false};
    if (a->rank == 4) return (eq_raster){a->shape[1], a->shape[2], a->shape[3], false};
    return (eq_raster){0};
}

eq_status eq_array_table(const eq_array *values, const eq_array *labels, eq_data_goal goal,
                         const char *what, eq_data **out, eq_diag *diag) {
    size_t n = values->shape[0];
    size_t has = goal == EQ_GOAL_CLASS ? labels->items : labels != NULL ? labels->shape[0] : n;
    if (has != n)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "'%s' has %zu %s, '%s' %zu %s; give files of one data set", values->path, n,
                       what, labels->path, has,
                       goal == EQ_GOAL_CLASS ? "labels" : "rows of targets");
    if (n > UINT32_MAX)
        return eq_fail(diag, EQ_ERR_INPUT, "'%s' has more than 2^32 examples; split it",
                       values->path);
    eq_data *d = eq_data_new(n, values->items / n);
    if (d == NULL) return eq_out_of_memory(diag);
    d->goal = goal;
    d->image = image_of(values);
    eq_status status = take_values(values, d, diag);
    if (status == EQ_OK) status = take_outputs(labels, d, diag);
    if (status == EQ_OK)
        *out = d;
    else
        eq_data_free(d);
    return status;
}
