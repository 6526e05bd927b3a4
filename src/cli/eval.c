#include <stdint.h>

#include "base/carry.h"
#include "cli/commands.h"
#include "train/train.h"

enum { WIDTH = 6 }; /* of a column of counts, and more where the name of its class is longer */

static void print_confusion(const eq_evaluation *e) {
    size_t longest = 0, n = e->classes;
    for (size_t k = 0; k < n; k++) {
        size_t width = eq_carry_width(e->class_name[k]);
        longest = width > longest ? width : longest;
    }
    printf("\nrows: true class, columns: prediction\n%-*s", (int)longest, "");
    for (size_t k = 0; k < n; k++) {
        putchar(' ');
        eq_carry_field(e->class_name[k], WIDTH, SIZE_MAX, false, stdout);
    }
    for (size_t i = 0; i < n; i++) {
        putchar('\n');
        eq_carry_field(e->class_name[i], longest, SIZE_MAX, true, stdout);
        for (size_t k = 0; k < n; k++) {
            size_t width = eq_carry_width(e->class_name[k]);
            printf(" %*zu", (int)(width > WIDTH ? width : WIDTH), e->confusion[i * n + k]);
        }
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
