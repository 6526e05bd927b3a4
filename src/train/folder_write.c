/* The files that a training writes into its folder, each replaced as a whole. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "train/experiment/place.h"
#include "train/folder.h"

static eq_status write_text(const char *folder, const char *name, eq_text *text, eq_diag *diag) {
    char *path = eq_path_join(folder, name);
    eq_status status = path == NULL || text->failed
                           ? eq_out_of_memory(diag)
                           : eq_file_write(path, text->text, text->length, diag);
    eq_free(path);
    return status;
}

/* The columns of metrics.csv behind the epoch. Those of classes, of targets and of the validation
 * set are there where the run has them. */
typedef enum when {
    ALWAYS = 0,
    CLASSES = 1,
    TARGETS = 2,
    VALIDATION = 4,
    WATCHED = 8,
    CLAMPED = 16,
    META = 32
} when;

static const struct {
    const char *name;
    size_t offset; /* of the number in eq_metrics */
    int when;
} columns[] = {
    {"train_loss", offsetof(eq_metrics, train_loss), ALWAYS},
    {"train_error", offsetof(eq_metrics, train_error), CLASSES},
    {"train_rmse", offsetof(eq_metrics, train_rmse), TARGETS},
    {"train_r2", offsetof(eq_metrics, train_r2), TARGETS},
    {"validation_loss", offsetof(eq_metrics, validation_loss), VALIDATION},
    {"validation_error", offsetof(eq_metrics, validation_error), VALIDATION | CLASSES},
    {"validation_rmse", offsetof(eq_metrics, validation_rmse), VALIDATION | TARGETS},
    {"validation_r2", offsetof(eq_metrics, validation_r2), VALIDATION | TARGETS},
    {"test_loss", offsetof(eq_metrics, test_loss), ALWAYS},
    {"test_error", offsetof(eq_metrics, test_error), CLASSES},
    {"test_rmse", offsetof(eq_metrics, test_rmse), TARGETS},
    {"test_r2", offsetof(eq_metrics, test_r2), TARGETS},
    {"examples_per_s", offsetof(eq_metrics, examples_per_s), ALWAYS},
    {"seconds", offsetof(eq_metrics, seconds), ALWAYS},
    {"gradient_cosine", offsetof(eq_metrics, gradient_cosine), WATCHED},
    {"mode_hops", offsetof(eq_metrics, mode_hops), CLAMPED},
    {"train_before", offsetof(eq_metrics, train_before), META},
    {"test_before", offsetof(eq_metrics, test_before), META},
    {"inner_steps", offsetof(eq_metrics, inner_steps), META},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* What is not there is empty. */
static void field(eq_text *t, const eq_metrics *m, size_t offset) {
    double value;
    memcpy(&value, (const char *)m + offset, sizeof value);
    eq_text_puts(t, ",");
    if (!isnan(value)) eq_text_number(t, value);
}

eq_status eq_folder_write_metrics(const char *folder, const eq_checkpoint *p, bool watched,
                                  eq_diag *diag) {
    eq_text text = {0};
    int has = p->targets > 0 ? TARGETS : CLASSES;
    if (p->best_epoch > 0) has |= VALIDATION;
    for (uint64_t k = 0; k < p->rows; k++) watched = watched || !isnan(p->row[k].gradient_cosine);
    if (watched) has |= WATCHED;
    if (p->extras > 0) has |= META;
    for (uint64_t k = 0; k < p->rows; k++)
        if (!isnan(p->row[k].mode_hops)) has |= CLAMPED;
    eq_text_puts(&text, "epoch");
    for (size_t c = 0; c < COLUMNS; c++)
        if ((columns[c].when & ~has) == 0) eq_text_printf(&text, ",%s", columns[c].name);
    for (uint64_t k = 0; k < p->rows; k++) {
        eq_text_printf(&text, "\n%zu", p->row[k].epoch);
        for (size_t c = 0; c < COLUMNS; c++)
            if ((columns[c].when & ~has) == 0) field(&text, &p->row[k], columns[c].offset);
    }
    eq_text_puts(&text, "\n");
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
                                     uint64_t data_checksum, eq_diag *diag) {
    eq_text text = {0};
    eq_experiment copy = *x;
    copy.run = run;
    copy.data_checksum = data_checksum;
    copy.home = eq_place_real(folder);
    eq_status status =
        copy.home == NULL ? eq_out_of_memory(diag) : eq_experiment_write(&copy, &text, diag);
    eq_free(copy.home);
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
