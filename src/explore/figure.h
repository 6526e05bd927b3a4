/* What is recorded of a training. */
#ifndef EQ_EXPLORE_FIGURE_H
#define EQ_EXPLORE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include "eqspice.h"

typedef enum eq_figure_of {
    EQ_FIGURE_METRIC,    /* a number of eq_metrics, at `offset` */
    EQ_FIGURE_WATCHED,   /* one that train --watch-gradient gives */
    EQ_FIGURE_SUMMARY,   /* a count (size_t) of eq_train_summary */
    EQ_FIGURE_POWER,     /* W, mean of the held-out examples */
    EQ_FIGURE_GRADCHECK, /* of the experiment's own estimator at its beta, before training */
} eq_figure_of;

typedef struct eq_figure {
    const char *name;
    eq_figure_of of;
    size_t offset;
    const char *unit; /* "W", "s"; "%" of a fraction; "" */
    bool more;        /* is better */
    bool differs;     /* from run to run of the same training: times */
} eq_figure;

extern const eq_figure eq_figure_table[];
extern const size_t eq_figure_count;
const eq_figure *eq_figure_find(const char *name, size_t length);

#endif
