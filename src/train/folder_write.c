/* The files that a training writes into its folder, each replaced as a whole. */
#include <math.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "train/folder.h"

static eq_status write_text(const char *folder, const char *name, eq_text *text, eq_diag *diag) {
    char *path = eq_path_join(folder, name);
    eq_status status = path == NULL || text->failed
                           ? eq_out_of_memory(diag)
                           : eq_file_write(path, text->text, text->length, diag);
    eq_free(path);
    return status;
}

/* A column of metrics.csv; empty where there is no value. */
static void column(eq_text *t, double value, char end) {
    if (isnan(value))
        eq_text_printf(t, "%c", end);
    else
        eq_text_printf(t, "%.10g%c", value, end);
}

eq_status eq_folder_write_metrics(const char *folder, const eq_metrics *row, size_t rows,
                                  bool watched, eq_diag *diag) {
    eq_text text = {0};
    for (size_t k = 0; k < rows; k++) watched = watched || !isnan(row[k].gradient_cosine);
    eq_text_printf(&text,
                   "epoch,train_loss,train_error,test_loss,test_error,examples_per_s,seconds%s\n",
                   watched ? ",gradient_cosine" : "");
    for (size_t k = 0; k < rows; k++) {
        const eq_metrics *m = &row[k];
        eq_text_printf(&text, "%zu,", m->epoch);
        column(&text, m->train_loss, ',');
        column(&text, m->train_error, ',');
        column(&text, m->test_loss, ',');
        column(&text, m->test_error, ',');
        column(&text, m->examples_per_s, ',');
        column(&text, m->seconds, watched ? ',' : '\n');
        if (watched) column(&text, m->gradient_cosine, '\n');
    }
    eq_status status = write_text(folder, EQ_TRAIN_METRICS, &text, diag);
    eq_text_free(&text);
    return status;
}

eq_status eq_folder_write_model(const char *folder, const eq_circuit *c, const eq_model_note *note,
                                uint64_t epochs, uint64_t seed, eq_diag *diag) {
    eq_text text = {0};
    char comment[160];
    eq_model_note_write(comment, sizeof comment, note, epochs, seed);
    eq_status status = eq_circuit_write_own(c, comment, &text, diag);
    if (status == EQ_OK) status = write_text(folder, EQ_TRAIN_MODEL, &text, diag);
    eq_text_free(&text);
    return status;
}

eq_status eq_folder_write_experiment(const char *folder, const eq_experiment *x, uint64_t run,
                                     eq_diag *diag) {
    eq_text text = {0};
    eq_experiment copy = *x;
    copy.run = run;
    eq_status status = eq_experiment_write(&copy, &text, diag);
    if (status == EQ_OK) status = write_text(folder, EQ_TRAIN_EXPERIMENT, &text, diag);
    eq_text_free(&text);
    return status;
}

eq_status eq_folder_write_checkpoint(const char *folder, const eq_checkpoint *p, eq_diag *diag) {
    char *path = eq_path_join(folder, EQ_TRAIN_CHECKPOINT);
    if (path == NULL) return eq_out_of_memory(diag);
    eq_status status = eq_checkpoint_write(p, path, diag);
    eq_free(path);
    return status;
}
