#include "explore/figure.h"

#include <string.h>

#define METRIC(name, unit, more, differs)                                                          \
    { #name, EQ_FIGURE_METRIC, offsetof(eq_metrics, name), unit, more, differs }
#define COUNT(name)                                                                                \
    { #name, EQ_FIGURE_SUMMARY, offsetof(eq_train_summary, name), "", false, false }
const eq_figure eq_figure_table[] = {
    METRIC(train_loss, "", false, false),
    METRIC(train_error, "%", false, false),
    METRIC(train_rmse, "", false, false),
    METRIC(train_r2, "", true, false),
    METRIC(validation_loss, "", false, false),
    METRIC(validation_error, "%", false, false),
    METRIC(validation_rmse, "", false, false),
    METRIC(validation_r2, "", true, false),
    METRIC(test_loss, "", false, false),
    METRIC(test_error, "%", false, false),
    METRIC(test_rmse, "", false, false),
    METRIC(test_r2, "", true, false),
    METRIC(examples_per_s, "", true, true),
    METRIC(seconds, "s", false, true),
    {"epoch", EQ_FIGURE_METRIC, offsetof(eq_metrics, epoch), "", false, false},
    {"gradient_cosine", EQ_FIGURE_WATCHED, offsetof(eq_metrics, gradient_cosine), "", true, false},
    COUNT(parameters),
    COUNT(elements),
    COUNT(nodes),
    {"watts", EQ_FIGURE_POWER, 0, "W", false, false},
    {"gradcheck_error", EQ_FIGURE_GRADCHECK, 0, "", false, false},
    {"gradcheck_cosine", EQ_FIGURE_GRADCHECK, 1, "", true, false},
};
const size_t eq_figure_count = sizeof eq_figure_table / sizeof *eq_figure_table;

const eq_figure *eq_figure_find(const char *name, size_t length) {
    for (size_t k = 0; k < eq_figure_count; k++)
        if (strlen(eq_figure_table[k].name) == length &&
            memcmp(eq_figure_table[k].name, name, length) == 0)
            return &eq_figure_table[k];
    return NULL;
}
