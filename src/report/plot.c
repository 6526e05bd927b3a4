#include "report/plot.h"

#include "base/file.h"
#include "base/mem.h"
#include "report/picture.h"
#include "train/train.h"

static eq_status plot(const char *folder, eq_diag *diag) {
    eq_picture p = eq_picture_defaults();
    eq_text bytes = {0};
    char *path = eq_path_join(folder, "curves.svg"),
         *metrics = eq_path_join(folder, EQ_TRAIN_METRICS);
    p.input = (const char *const *)&metrics;
    p.inputs = 1;
    p.kind = "curves";
    p.width = EQ_PICTURE_PAPER;
    eq_status status = path == NULL || metrics == NULL ? eq_out_of_memory(diag)
                                                       : eq_picture_draw(&p, &bytes, diag);
    if (status == EQ_OK) status = eq_file_write(path, bytes.text, bytes.length, diag);
    eq_text_free(&bytes);
    eq_free(path);
    eq_free(metrics);
    return status;
}

eq_status eq_plot_curves(const char *folder, eq_diag *diag) {
    eq_diag *own = eq_diag_new();
    if (plot(folder, own) != EQ_OK)
        eq_warn_at(diag, (eq_place){0}, "no curves.svg was drawn: %s", eq_diag_get(own, 0)->text);
    eq_diag_free(own);
    return EQ_OK;
}
