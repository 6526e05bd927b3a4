/* What a trained network sees in its inputs, as pictures: adversarial examples, and the input that each output
 * likes most. */
#include <stdio.h>

#include "base/mem.h"
#include "report/heat.h"
#include "report/kind.h"
#include "train/attack.h"

enum { EXAMPLES = 5, KINDS = 3, STEPS = 30, ATTACK_STEPS = 10 };
static const double eps = 0.1;

static void add_panel(eq_heat *h, const eq_trained *m, const double *image, const char *title) {
    eq_heat_panel *p = &h->panel[h->panels++];
    size_t row = eq_trained_row(m);
    *p = (eq_heat_panel){.value = image, .rows = eq_trained_feature_count(m) / row, .columns = row};
    snprintf(p->title, sizeof p->title, "%.40s", title);
}

static eq_status draw_adversaries(eq_trained *m, eq_canvas *to, eq_diag *diag) {
    static const char *const what[KINDS] = {"example", "dC/dx", "moved by 0.1"};
    eq_heat h = {.colours = EQ_HEAT_DIVERGING, .columns = KINDS, .bare = true};
    size_t features = eq_trained_feature_count(m), count = EXAMPLES;
    double *image = eq_calloc(count * KINDS, features * sizeof *image);
    eq_status status = image == NULL
                           ? eq_out_of_memory(diag)
                           : eq_trained_adversaries(m, &count, eps, ATTACK_STEPS, image, diag);
    if (status == EQ_OK && count == 0)
        status = eq_fail(
            diag, EQ_ERR_CHECK,
            "no example that the network knows is taken for another class when its features "
            "move by %g of their ranges",
            eps);
    for (size_t k = 0; status == EQ_OK && k < count * KINDS; k++) {
        char title[64];
        snprintf(title, sizeof title, "%s %zu", what[k % KINDS], k / KINDS + 1);
        add_panel(&h, m, image + k * features, k % KINDS == 0 ? title : what[k % KINDS]);
    }
    if (status == EQ_OK) eq_heat_lay_out(&h, to);
    eq_free(image);
    return status;
}

static eq_status draw_liked(eq_trained *m, eq_canvas *to, eq_diag *diag) {
    eq_heat h = {.colours = EQ_HEAT_VIRIDIS, .columns = 3, .bare = true};
    size_t features = eq_trained_feature_count(m), outputs = eq_trained_outputs(m);
    double *image = eq_calloc(outputs, features * sizeof *image);
    eq_status status =
        image == NULL ? eq_out_of_memory(diag) : eq_trained_liked(m, STEPS, image, diag);
    for (size_t k = 0; status == EQ_OK && k < outputs && k < EQ_HEAT_PANELS; k++) {
        char title[64];
        snprintf(title, sizeof title, "output %zu", k + 1);
        add_panel(&h, m, image + k * features, title);
    }
    if (status == EQ_OK) eq_heat_lay_out(&h, to);
    eq_free(image);
    return status;
}

enum { SHOWN = 4, EPOCHS = 3 };

static eq_status draw_distorted(eq_trained *m, eq_canvas *to, eq_diag *diag) {
    eq_heat h = {.colours = EQ_HEAT_VIRIDIS, .columns = 1 + EPOCHS, .bare = true};
    size_t features = eq_trained_feature_count(m);
    double *image = eq_calloc(SHOWN * (1 + EPOCHS), features * sizeof *image);
    eq_status status = image == NULL ? eq_out_of_memory(diag)
                                     : eq_trained_distorted(m, SHOWN, EPOCHS, image, diag);
    for (size_t k = 0; status == EQ_OK && k < (size_t)SHOWN * (1 + EPOCHS); k++) {
        size_t epoch = k % (1 + EPOCHS);
        char title[64];
        snprintf(title, sizeof title, epoch == 0 ? "example %zu" : "epoch %zu",
                 epoch == 0 ? k / (1 + EPOCHS) + 1 : epoch);
        add_panel(&h, m, image + k * features, title);
    }
    if (status == EQ_OK) eq_heat_lay_out(&h, to);
    eq_free(image);
    return status;
}

typedef eq_status draw_trained(eq_trained *m, eq_canvas *to, eq_diag *diag);

static eq_status draw_run(const eq_picture *p, draw_trained *draw, eq_canvas *to, eq_diag *diag) {
    eq_trained *m = NULL;
    eq_status status = eq_picture_trained(p, &m, diag);
    if (status == EQ_OK) status = draw(m, to, diag);
    eq_trained_free(m);
    return status;
}

eq_status eq_gather_adversarial(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    return draw_run(p, draw_adversaries, to, diag);
}

eq_status eq_gather_liked(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    return draw_run(p, draw_liked, to, diag);
}

eq_status eq_gather_distorted(const eq_picture *p, eq_canvas *to, eq_diag *diag) {
    return draw_run(p, draw_distorted, to, diag);
}
