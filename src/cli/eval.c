#include <math.h>

#include "base/carry.h"
#include "cli/commands.h"
#include "train/train.h"

static void print_confusion(const eq_evaluation *e) {
    printf("\nrows: true class, columns: prediction\n%-16s", "");
    for (size_t k = 0; k < e->classes; k++) {
        putchar(' ');
        eq_carry_field(e->class_name[k], 8, 8, false, stdout);
    }
    for (size_t i = 0; i < e->classes; i++) {
        putchar('\n');
        eq_carry_field(e->class_name[i], 16, 16, true, stdout);
        for (size_t k = 0; k < e->classes; k++) printf(" %8zu", e->confusion[i * e->classes + k]);
    }
    putchar('\n');
}

static void print_targets(const eq_evaluation *e) {
    printf("\n%-16s %12s %12s %12s\n", "target", "RMSE", "mean |error|", "R^2");
    for (size_t k = 0; k < e->classes; k++) {
        const eq_target_figures *f = &e->target[k];
        eq_carry_field(e->class_name[k], 16, 16, true, stdout);
        printf(" %12.5g %12.5g", f->rmse, f->mae);
        if (isnan(f->r2))
            printf(" %12s\n", "-");
        else
            printf(" %12.5f\n", f->r2);
    }
}

/* Which network it is that was evaluated, where there were several to choose from. */
static void print_choice(const eq_trained *m) {
    eq_metrics row;
    size_t epochs;
    if (!eq_trained_chosen(m, &row, &epochs)) return;
    printf("the network of epoch %zu, the best of %zu on the validation set (", row.epoch, epochs);
    if (isnan(row.validation_error))
        printf("RMSE %.5g)\n", row.validation_rmse);
    else
        printf("error %.2f %%)\n", 100.0 * row.validation_error);
}

static void print_evaluation(const eq_evaluation *e) {
    printf("examples %zu  loss %.6g  ", e->examples, e->loss);
    if (e->target != NULL) {
        printf("RMSE %.6g  R^2 %.5f\n", e->rmse, e->r2);
        print_targets(e);
        return;
    }
    printf("wrong %zu  error %.4f  accuracy %.2f %%\n", e->wrong, e->error,
           100.0 * (1.0 - e->error));
    print_confusion(e);
}

static int run(const eq_command *command, int argc, char **argv) {
    const char *data = NULL;
    int threads = 1;
    const eq_option table[] = {
        {"data", 0, EQ_OPTION_TEXT, &data, "PATH", "evaluate on this file instead of the test set"},
        {"threads", 0, EQ_OPTION_INT, &threads, "N", "use N threads"},
    };
    int exit_status;
    const char *folder =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (folder == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_trained *m = NULL;
    eq_evaluation e = {0};
    eq_status status = eq_comm_agree(eq_trained_open(folder, data, threads, &m, diag));
    if (status == EQ_OK) status = eq_trained_evaluate(m, &e, diag);
    if (status == EQ_OK) {
        print_choice(m);
        print_evaluation(&e);
    }
    eq_evaluation_free(&e);
    eq_trained_free(m);
    return eq_finish(diag, status);
}

const eq_command eq_command_eval = {"eval", "DIR", "evaluate what train wrote on its test set",
                                    true, run};
