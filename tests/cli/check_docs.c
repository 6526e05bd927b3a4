/* Every command in the documentation is run: a line `$ eqspice ARGUMENTS` in README.md or docs/
 * must end with exit status 0, or with N when it ends in `# exit status N`. runs/ stands for a
 * scratch folder; MNIST commands are cut to one epoch, and skipped, with a line that says so, where
 * the data is not. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/process.h"
#include "support/program.h"

Suite *docs_suite(void);

static bool has_mnist(void) {
    const char *data = getenv("EQSPICE_DATA");
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/mnist/train-images-idx3-ubyte.gz",
             data == NULL ? "data" : data);
    return stat(path, &st) == 0;
}

/* The arguments with runs/ replaced by the scratch folder; *exit_status as the comment says. */
static char *arguments_of(const char *line, size_t length, const char *scratch, int *exit_status) {
    eq_text out = {0};
    char *copy = eq_strndup(line, length), *comment = strchr(copy, '#');
    *exit_status = 0;
    if (comment != NULL) {
        if (sscanf(comment, "# exit status %d", exit_status) != 1) *exit_status = 0;
        *comment = '\0';
    }
    for (const char *p = copy; *p != '\0';) {
        bool runs = strncmp(p, "runs/", 5) == 0 && (p == copy || p[-1] == ' ');
        if (runs)
            eq_text_printf(&out, "%s/", scratch);
        else
            eq_text_add(&out, p, 1);
        p += runs ? 5 : 1;
    }
    eq_free(copy);
    if (strncmp(out.text, "train", 5) == 0 && strstr(out.text, "mnist") != NULL)
        eq_text_puts(&out, " --epochs 1");
    return out.text;
}

/* Runs the commands of one page and counts them. */
static int run_page(const char *path, const char *scratch) {
    static const char prompt[] = "\n$ eqspice ";
    char *page;
    size_t length;
    int count = 0;
    ck_assert_int_eq(eq_file_read(path, (eq_place){0}, &page, &length, NULL), EQ_OK);
    for (const char *p = page; (p = strstr(p, prompt)) != NULL;) {
        p += strlen(prompt);
        int exit_status;
        char *arguments = arguments_of(p, strcspn(p, "\n"), scratch, &exit_status);
        bool mnist = strstr(arguments, "mnist") != NULL || strstr(arguments, "kendall") != NULL ||
                     strstr(arguments, "/drn") != NULL;
        bool build = strncmp(arguments, "build", 5) == 0;
        if (mnist && !build && !has_mnist())
            printf("skipped: eqspice %s (no MNIST; tools/get-mnist fetches it)\n", arguments);
        else
            expect_exit(exit_status, NULL, "%s", arguments);
        eq_free(arguments);
        count++;
    }
    eq_free(page);
    return count;
}

START_TEST(every_command_in_the_documentation_runs) {
    glob_t found;
    char *scratch = scratch_folder();
    int count = run_page("README.md", scratch);
    ck_assert_int_eq(glob("docs/*.md", 0, NULL, &found), 0);
    for (size_t k = 0; k < found.gl_pathc; k++) count += run_page(found.gl_pathv[k], scratch);
    globfree(&found);
    ck_assert_int_ge(count, 25);
    free(scratch);
}
END_TEST

/* What the tutorial shows of the divider and of the amplifier is what the program prints. */
START_TEST(shown_outputs_are_real) {
    static const char *const command[] = {"op netlists/divider.cir --format csv",
                                          "check netlists/amplifier.cir"};
    char *page;
    size_t length;
    ck_assert_int_eq(eq_file_read("docs/tutorial.md", (eq_place){0}, &page, &length, NULL), EQ_OK);
    for (int k = 0; k < 2; k++) {
        eq_text shown = {0};
        char *text;
        expect_exit(0, &text, "%s", command[k]);
        eq_text_printf(&shown, "$ eqspice %s\n%s", command[k], text);
        ck_assert_msg(strstr(page, shown.text) != NULL, "docs/tutorial.md does not show:\n%s",
                      shown.text);
        eq_text_free(&shown);
        eq_free(text);
    }
    eq_free(page);
}
END_TEST

START_TEST(the_device_recipe_works) {
    const char *const argv[] = {"tools/try-recipe", NULL};
    eq_process p = {argv, NULL, NULL, "eqspice", 120};
    eq_text text = {0};
    int exit_status;
    ck_assert_int_eq(eq_process_run(&p, &exit_status, &text, NULL), EQ_OK);
    ck_assert_msg(exit_status == 0, "%s", text.text);
    eq_text_free(&text);
}
END_TEST

Suite *docs_suite(void) {
    Suite *s = suite_create("docs");
    TCase *t = tcase_create("docs");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, every_command_in_the_documentation_runs);
    tcase_add_test(t, shown_outputs_are_real);
    tcase_add_test(t, the_device_recipe_works);
    suite_add_tcase(s, t);
    return s;
}
