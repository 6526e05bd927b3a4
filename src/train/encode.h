/* From features to input voltages: x = scale * (normalised - center), with "invert" each followed
 * by its negative (Scellier 2020, section 4.4.3): sources in the order x1 -x1 x2 -x2 ... Bias
 * sources are the deck's own and no inputs. Targets become potentials in the same way. */
#ifndef EQ_TRAIN_ENCODE_H
#define EQ_TRAIN_ENCODE_H

#include "train/data/data.h"

typedef enum eq_normalize {
    EQ_NORMALIZE_NONE,
    EQ_NORMALIZE_RANGE, /* to [-1, 1] by the smallest and largest training value of each feature */
    EQ_NORMALIZE_STANDARD, /* zero mean, unit deviation over the training examples, each feature */
} eq_normalize;

/* scale * (normalised value - center). */
typedef struct eq_scaling {
    eq_normalize normalize;
    double scale;  /* V */
    double center; /* subtracted after normalisation */
} eq_scaling;

typedef struct eq_encoding {
    eq_scaling input, target;
    bool invert;
} eq_encoding;

/* V_k = gain[k] * raw_k + offset[k]; raw is as eq_data_feature and eq_data_target give it. */
typedef struct eq_affine {
    double *gain, *offset;
} eq_affine;

typedef struct eq_encoder {
    size_t features, inputs; /* inputs = features or 2 * features */
    size_t targets;          /* 0 where the examples have classes */
    bool invert;
    eq_affine input;  /* [features] */
    eq_affine target; /* [targets] */
} eq_encoder;

bool eq_normalize_find(const char *name, eq_normalize *normalize);
const char *eq_normalize_name(eq_normalize normalize);

/* Fits the encoder to the training rows of the set (not those held out of them). */
eq_status eq_encoder_fit(const eq_encoding *o, const eq_data_set *set, eq_encoder *out,
                         eq_diag *diag);
void eq_encoder_free(eq_encoder *e);
/* x[n][inputs] [V] of the rows index[0..n). */
void eq_encode(const eq_encoder *e, const eq_data *d, const uint32_t *index, size_t n, double *x);
/* x[inputs] [V] of one example with the values raw[features], as eq_data_feature gives them. */
void eq_encode_values(const eq_encoder *e, const double *raw, double *x);
/* t[targets] [V] of one example. */
void eq_encode_targets(const eq_encoder *e, const eq_data *d, size_t example, double *t);

#endif
