#include "report/report.h"

#include "base/mem.h"
#include "cli/commands.h"

static eq_status report(const char *folder, const char *file, const eq_report_options *o,
                        eq_diag *diag) {
    eq_text page = {0};
    char *own = file == NULL ? eq_path_join(folder, "report.html") : eq_strdup(file);
    eq_status status = own == NULL ? eq_out_of_memory(diag) : eq_check_output(own, o->data, diag);
    if (status == EQ_OK) status = eq_report_write(folder, o, &page, diag);
    if (status == EQ_OK) status = eq_write_text(own, o->data, &page, diag);
    if (status == EQ_OK && file == NULL) printf("wrote %s\n", own);
    eq_text_free(&page);
    eq_free(own);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    const char *file = NULL;
    eq_report_options o = {.data = NULL, .threads = 1};
    const eq_option table[] = {
        {"output", 'o', EQ_OPTION_TEXT, &file, "FILE", "write here instead of DIR/report.html"},
        {"data", 0, EQ_OPTION_TEXT, &o.data, "PATH", "take these examples instead of the test set"},
        {"labels", 0, EQ_OPTION_TEXT, &o.labels, "FILE",
         "their labels, or targets, where PATH is a .npy or IDX file"},
        {"threads", 0, EQ_OPTION_INT, &o.threads, "N", "use N threads"},
    };
    int exit_status;
    const char *folder =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (folder == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    return eq_finish(diag, report(folder, file, &o, diag));
}

const eq_command eq_command_report = {"report", "DIR",
                                      "write a page of HTML about a run or a study", false, run};
