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
        printf("examples %zu  loss %.6g  wrong %zu  error %.4f  accuracy %.2f %%\n", e.examples,
               e.loss, e.wrong, e.error, 100.0 * (1.0 - e.error));
        print_confusion(&e);
    }
    eq_evaluation_free(&e);
    eq_trained_free(m);
    return eq_finish(diag, status);
}

const eq_command eq_command_eval = {"eval", "DIR", "evaluate what train wrote on its test set",
                                    true, run};
