/* Training examples that are distorted anew in each epoch: images are moved, turned, zoomed and mirrored, values get noise.
 * What an example looks like is a function of the seed, the epoch and its row, so that a training that is resumed, or shared
 * by processes, sees the same. Inside src/train only. */
#ifndef EQ_TRAIN_AUGMENT_H
#define EQ_TRAIN_AUGMENT_H

#include "base/status.h"
#include "train/encode.h"

typedef struct eq_augmentation {
    size_t shift; /* pixels: up to so many, whole ones, down or up and to either side */
    double turn;  /* degrees: up to so many to either side, about the middle */
    double zoom;  /* larger or smaller by up to this fraction, below 1 */
    bool mirror;  /* left and right change places in half of the examples */
    double noise; /* deviation of a normal error of each value, in the unit of normalised values */
    size_t width, channels; /* of images whose file does not say it; 0: it does */
    eq_place at;            /* where it was written */
} eq_augmentation;

/* Whether there is anything of this; whether any of it is of images. */
bool eq_augmentation_is(const eq_augmentation *o);
bool eq_augmentation_is_of_images(const eq_augmentation *o);

/* The image that the examples of d are: as o says, or the network, or the file; whether that has as many values. */
eq_raster eq_augmentation_image(const eq_augmentation *o, const eq_data *d,
                                const eq_raster *network);
bool eq_raster_fits(const eq_raster *r, size_t features);
/* EQ_ERR_INPUT where a network of convolutions takes the rows of the file's images apart. */
eq_status eq_raster_check(const eq_raster *network, const eq_raster *file, eq_diag *diag);
/* EQ_ERR_INPUT: the image is none, or does not fit, where one is moved. */
eq_status eq_augmentation_check(const eq_augmentation *o, const eq_raster *image, size_t features,
                                eq_diag *diag);

/* What all examples of one epoch share. */
typedef struct eq_distortion {
    const eq_augmentation *o;
    eq_raster image; /* width 0: none */
    double scale;    /* V: what a normalised 1 becomes */
    uint64_t key;    /* of seed and epoch */
    double *room;    /* [2][features] */
} eq_distortion;

uint64_t eq_distortion_key(uint64_t seed, uint64_t epoch);
/* Row `row` of the table, distorted: [features], in the room, as eq_data_feature gives them. */
const double *eq_distorted(const eq_distortion *q, const eq_encoder *e, const eq_data *d,
                           size_t row);
/* eq_encode of distorted examples: x[n][inputs] of the rows index[0..n). */
void eq_encode_distorted(const eq_distortion *q, const eq_encoder *e, const eq_data *d,
                         const uint32_t *index, size_t n, double *x);

#endif
