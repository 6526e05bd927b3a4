#include "train/augment.h"

#include <math.h>

#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"

static const double degree = 3.14159265358979323846 / 180.0;

bool eq_augmentation_is_of_images(const eq_augmentation *o) {
    return o->shift > 0 || o->turn > 0.0 || o->zoom > 0.0 || o->mirror;
}

bool eq_augmentation_is(const eq_augmentation *o) {
    return eq_augmentation_is_of_images(o) || o->noise > 0.0;
}

bool eq_raster_fits(const eq_raster *r, size_t features) {
    double values = (double)r->channels * (double)r->height * (double)r->width;
    return values == (double)features && r->width > 0;
}

eq_status eq_raster_check(const eq_raster *network, const eq_raster *file, eq_diag *diag) {
    if (network->width == 0 || file->width == 0) return EQ_OK;
    if (network->height == file->height && network->width == file->width) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "the images of the data have %zu rows of %zu, the network takes them for %zu rows "
        "of %zu; give inputs=\"%zux%zux%zu\"",
        file->height, file->width, network->height, network->width, file->channels, file->height,
        file->width);
}

static bool same_sizes(const eq_raster *a, const eq_raster *b) {
    return a->channels == b->channels && a->height == b->height && a->width == b->width;
}

/* What the axes of a file say holds where the network says the same of their sizes. */
eq_raster eq_augmentation_image(const eq_augmentation *o, const eq_data *d,
                                const eq_raster *network) {
    size_t channels = o->channels > 0 ? o->channels : 1;
    double row = (double)o->width * (double)channels;
    if (o->width > 0 && row > (double)d->features) return (eq_raster){channels, 0, o->width, false};
    if (o->width > 0)
        return (eq_raster){channels, d->features / (o->width * channels), o->width, false};
    bool said = eq_raster_fits(network, d->features) && !same_sizes(network, &d->image);
    return said ? *network : d->image;
}

eq_status eq_augmentation_check(const eq_augmentation *o, const eq_raster *image, size_t features,
                                eq_diag *diag) {
    if (!eq_augmentation_is_of_images(o)) return EQ_OK;
    if (image->width == 0)
        return eq_fail_at(
            diag, EQ_ERR_INPUT, o->at,
            "<augmentation>: neither the file nor the network says how the %zu values "
            "of an example are an image; give width=\"...\", the pixels of a row",
            features);
    if (!eq_raster_fits(image, features))
        return eq_fail_at(diag, EQ_ERR_INPUT, o->at,
                          "<augmentation>: the %zu values of an example are no whole rows of %zu "
                          "pixels in %zu channel%s; give the width and channels that they have",
                          features, image->width, image->channels, eq_plural(image->channels));
    if (o->shift >= image->width || o->shift >= image->height)
        return eq_fail_at(diag, EQ_ERR_INPUT, o->at,
                          "<augmentation>: shift=\"%zu\" moves images of %zu x %zu pixels out of "
                          "sight; give fewer",
                          o->shift, image->height, image->width);
    return EQ_OK;
}

uint64_t eq_distortion_key(uint64_t seed, uint64_t epoch) {
    uint64_t h = EQ_HASH_START;
    eq_hash_text(&h, "augment");
    eq_hash_number(&h, seed);
    eq_hash_number(&h, epoch);
    return h;
}

/* Which point of an image (x to the right, y down, pixels from the middle) is seen at (x, y): a rotation and a scale
 * of what lies off the shift. */
typedef struct view {
    double along, across; /* (x, y) -> (along x + across y, along y - across x) */
    double right, down;   /* the shift */
    double side;          /* -1: mirrored */
} view;

/* In [-most, most]. */
static double either(eq_draw *draw, double most) {
    return most * (2.0 * eq_draw_uniform(draw) - 1.0);
}

static double pixels(eq_draw *draw, size_t most) {
    return floor(eq_draw_uniform(draw) * (double)(2 * most + 1)) - (double)most;
}

static view draw_view(const eq_augmentation *o, eq_draw *draw) {
    double right = pixels(draw, o->shift), down = pixels(draw, o->shift);
    double angle = either(draw, o->turn) * degree, size = 1.0 + either(draw, o->zoom);
    bool mirrored = o->mirror && eq_draw_uniform(draw) < 0.5;
    return (view){cos(angle) / size, sin(angle) / size, right, down, mirrored ? -1.0 : 1.0};
}

/* From one pixel of a channel to the next. */
static size_t step_of(const eq_raster *im) {
    return im->together ? im->channels : 1;
}

/* A pixel of a channel, nothing beyond the edges. */
static double pixel(const eq_raster *im, const double *from, double row, double column) {
    bool inside =
        row >= 0.0 && row < (double)im->height && column >= 0.0 && column < (double)im->width;
    return inside ? from[((size_t)row * im->width + (size_t)column) * step_of(im)] : 0.0;
}

/* Between the four pixels around the place, linearly in both directions. */
static double between(const eq_raster *im, const double *from, double row, double column) {
    double r = floor(row), c = floor(column), down = row - r, right = column - c;
    double above = (1.0 - right) * pixel(im, from, r, c) + right * pixel(im, from, r, c + 1.0);
    double below =
        (1.0 - right) * pixel(im, from, r + 1.0, c) + right * pixel(im, from, r + 1.0, c + 1.0);
    return (1.0 - down) * above + down * below;
}

/* One channel. */
static void look_through(const eq_raster *im, const view *v, const double *from, double *to) {
    double half_width = 0.5 * (double)(im->width - 1), half_height = 0.5 * (double)(im->height - 1);
    for (size_t r = 0; r < im->height; r++)
        for (size_t c = 0; c < im->width; c++, to += step_of(im)) {
            double x = (double)c - half_width - v->right, y = (double)r - half_height - v->down;
            double seen_x = v->side * (v->along * x + v->across * y);
            double seen_y = v->along * y - v->across * x;
            *to = between(im, from, seen_y + half_height, seen_x + half_width);
        }
}

const double *eq_distorted(const eq_distortion *q, const eq_encoder *e, const eq_data *d,
                           size_t row) {
    double *raw = q->room, *seen = q->room + e->features;
    eq_draw draw = eq_draw_of(q->key, row);
    for (size_t f = 0; f < e->features; f++) raw[f] = eq_data_feature(d, row, f);
    if (eq_augmentation_is_of_images(q->o)) {
        view v = draw_view(q->o, &draw);
        size_t channel = q->image.together ? 1 : q->image.height * q->image.width;
        for (size_t k = 0; k < q->image.channels; k++)
            look_through(&q->image, &v, raw + k * channel, seen + k * channel);
        raw = seen;
    }
    for (size_t f = 0; q->o->noise > 0.0 && f < e->features; f++)
        if (e->input.gain[f] != 0.0)
            raw[f] += q->o->noise * q->scale / e->input.gain[f] * eq_draw_normal(&draw);
    return raw;
}

void eq_encode_distorted(const eq_distortion *q, const eq_encoder *e, const eq_data *d,
                         const uint32_t *index, size_t n, double *x) {
    for (size_t j = 0; j < n; j++)
        eq_encode_values(e, eq_distorted(q, e, d, index[j]), x + j * e->inputs);
}
