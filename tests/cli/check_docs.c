/* The documentation is held to the program: a line `$ eqspice ARGUMENTS` in README.md or docs/ is
 * run as it is written, by a shell, in a copy of the files under version control, page by page, as
 * by a reader of a fresh clone. It must end with exit status 0, or with N when it ends in `# exit
 * status N`, and print what the page shows below it. There `...` stands for any lines, or for the
 * rest of a line. Trainings of MNIST are cut to one epoch, and commands that need it skipped, with
 * a line that says so, where the data is not. The references name every word of the schemas and
 * every device parameter, the manual page every option. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <ctype.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "devices/registry.h"
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

/* The experiment, in the clone, gets fewer examples. */
static void shrink_experiment(const char *clone, const char *name) {
    static const char data[] = "<data ";
    char *path = eq_path_join(clone, name), *xml = file_text(path), *found = strstr(xml, data);
    eq_text out = {0};
    ck_assert_msg(found != NULL, "%s", path);
    found += strlen(data);
    eq_text_add(&out, xml, (size_t)(found - xml));
    if (strstr(xml, "-limit=") == NULL)
        eq_text_puts(&out, "train-limit=\"3000\" test-limit=\"500\" ");
    eq_text_puts(&out, found);
    ck_assert_int_eq(eq_file_write(path, out.text, out.length, NULL), EQ_OK);
    eq_text_free(&out);
    eq_free(path);
    eq_free(xml);
}

/* The command of a line as the shell gets it; *exit_status as the comment says. */
static char *command_of(const char *line, size_t length, const char *clone, int *exit_status) {
    char experiment[128], *copy = eq_strndup(line, length), *comment = strchr(copy, '#');
    if (comment == NULL || sscanf(comment, "# exit status %d", exit_status) != 1) *exit_status = 0;
    if (sscanf(copy, "eqspice train %127s", experiment) != 1 || strstr(experiment, "mnist") == NULL)
        return copy;
    shrink_experiment(clone, experiment);
    eq_text cut = {0};
    eq_text_printf(&cut, "%.*s --epochs 1", (int)strcspn(copy, "#"), copy);
    eq_free(copy);
    return cut.text;
}

/* Runs another program and fails the test, with its output, when it fails. */
static void expect_program(const char *const *argv) {
    eq_process p = {argv, NULL, NULL, argv[0], 600};
    eq_text text = {0};
    int exit_status;
    ck_assert_int_eq(eq_process_run(&p, &exit_status, &text, NULL), EQ_OK);
    ck_assert_msg(exit_status == 0, "%s %s: %s", argv[0], argv[1] == NULL ? "" : argv[1],
                  text.text);
    eq_text_free(&text);
}

/* A copy of what is under version control, or of everything but what was made here where there is
 * none; the folder of the program is first on the path. */
static char *clone_of_sources(void) {
    const char *own = getenv("EQSPICE") == NULL ? "build/eqspice" : getenv("EQSPICE");
    char *clone = scratch_folder(), *folder = eq_path_folder(own),
         *program = eq_path_absolute(folder), *data = NULL;
    eq_text path = {0};
    const char *const argv[] = {
        "sh", "-c",
        "if git rev-parse --git-dir >git-is-there 2>&1; then git ls-files -z | xargs -0 cp -P "
        "--parents -t \"$0\"; else cp -R README.md docs netlists data tests \"$0\"; fi; "
        "rm -f git-is-there",
        clone, NULL};
    if (getenv("EQSPICE_DATA") != NULL) {
        data = eq_path_absolute(getenv("EQSPICE_DATA"));
        setenv("EQSPICE_DATA", data, 1);
    } else if (has_mnist()) {
        data = eq_path_absolute("data");
        setenv("EQSPICE_DATA", data, 1);
    }
    eq_text_printf(&path, "%s:%s", program, getenv("PATH"));
    setenv("PATH", path.text, 1);
    expect_program(argv);
    eq_text_free(&path);
    eq_free(data);
    eq_free(program);
    eq_free(folder);
    return clone;
}

/* The output of the command in the clone. */
static char *run_in(const char *clone, const char *command, int exit_status) {
    const char *const argv[] = {"sh", "-c", command, NULL};
    eq_process p = {argv, clone, NULL, "dash", 600};
    eq_text text = {0};
    int ended = -1;
    eq_text_puts(&text, "");
    ck_assert_int_eq(eq_process_run(&p, &ended, &text, NULL), EQ_OK);
    ck_assert_msg(ended == exit_status, "%s: exit status %d, not %d:\n%.2000s", command, ended,
                  exit_status, text.text);
    return text.text;
}

/* The same word, or the same number to 1e-6; below 1e-6 a number may be round-off and any size. */
static bool same_word(const char *a, const char *b) {
    char *after_a, *after_b;
    if (strcmp(a, b) == 0) return true;
    double x = strtod(a, &after_a), y = strtod(b, &after_b);
    if (after_a == a || after_b == b || strcmp(after_a, after_b) != 0) return false;
    double larger = fmax(fabs(x), fabs(y));
    return larger < 1e-6 || fabs(x - y) <= 1e-6 * larger;
}

static bool same_line(const char *shown, size_t n, const char *printed, size_t m) {
    char *a = eq_strndup(shown, n), *b = eq_strndup(printed, m), *rest_a, *rest_b;
    char *u = strtok_r(a, " ", &rest_a), *v = strtok_r(b, " ", &rest_b);
    while (u != NULL && v != NULL && strcmp(u, "...") != 0 && same_word(u, v)) {
        u = strtok_r(NULL, " ", &rest_a);
        v = strtok_r(NULL, " ", &rest_b);
    }
    bool same = u == NULL ? v == NULL : strcmp(u, "...") == 0;
    eq_free(a);
    eq_free(b);
    return same;
}

/* Whether the lines shown, up to `end`, are those printed. */
static bool same_text(const char *shown, const char *end, const char *printed) {
    if (shown >= end) return *printed == '\0';
    size_t n = strcspn(shown, "\n"), m = strcspn(printed, "\n");
    const char *next = printed + m + (printed[m] == '\n');
    if (n == 3 && strncmp(shown, "...", 3) == 0)
        return same_text(shown + n + 1, end, printed) ||
               (*printed != '\0' && same_text(shown, end, next));
    return *printed != '\0' && same_line(shown, n, printed, m) &&
           same_text(shown + n + 1, end, next);
}

/* Where the output shown below a command ends: at the next command or at the end of the block. */
static const char *end_of_output(const char *p) {
    while (*p != '\0' && strncmp(p, "```", 3) != 0 && strncmp(p, "$ ", 2) != 0) {
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    return p;
}

/* Runs the commands of one page in a fresh clone, and counts them, and the outputs compared. */
static int run_page(const char *path, int *compared) {
    static const char prompt[] = "\n$ ";
    char *page = file_text(path), *clone = clone_of_sources();
    int count = 0;
    for (const char *p = page; (p = strstr(p, prompt)) != NULL; count++) {
        p += strlen(prompt);
        int exit_status;
        char *command = command_of(p, strcspn(p, "\n"), clone, &exit_status);
        const char *shown = p + strcspn(p, "\n") + 1, *end = end_of_output(shown);
        bool build = strncmp(command, "eqspice build", 13) == 0;
        bool mnist = !build && (strstr(command, "mnist") != NULL ||
                                strstr(command, "kendall") != NULL || strstr(command, "/drn"));
        if (mnist && !has_mnist()) {
            printf("skipped: %s (no MNIST; tools/get-data mnist fetches it)\n", command);
            eq_free(command);
            continue;
        }
        char *text = run_in(clone, command, exit_status);
        if (end > shown && !mnist) {
            (*compared)++;
            ck_assert_msg(same_text(shown, end, text), "%s: %s prints:\n%s\nnot:\n%.*s", path,
                          command, text, (int)(end - shown), shown);
        }
        eq_free(text);
        eq_free(command);
    }
    eq_free(page);
    scratch_free(clone);
    return count;
}

START_TEST(every_command_in_the_documentation_runs) {
    glob_t found;
    int compared = 0, count = run_page("README.md", &compared);
    ck_assert_int_eq(glob("docs/*.md", 0, NULL, &found), 0);
    for (size_t k = 0; k < found.gl_pathc; k++) count += run_page(found.gl_pathv[k], &compared);
    globfree(&found);
    ck_assert_int_ge(count, 25);
    ck_assert_int_ge(compared, 12);
}
END_TEST

/* The comparison itself can fail. */
START_TEST(outputs_are_compared) {
    static const struct {
        const char *shown, *printed;
        bool same;
    } pair[] = {{"v(a) 1 V\n", "v(a)   1 V\n", true},
                {"v(a) 1 V\n", "v(a) 1.1 V\n", false},
                {"a\n...\nd\n", "a\nb\nc\nd\n", true},
                {"a\n...\nd\n", "a\nb\nc\n", false},
                {"r 4e-19, x\n", "r 5e-18, x\n", true},
                {"r 4e-19, x\n", "r 5e-5, x\n", false},
                {"wrote ...\n", "wrote a, b\n", true},
                {"a\n", "a\nb\n", false},
                {"a\nb\n", "a\n", false},
                {"1 A\n", "1 V\n", false}};
    for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
        const char *shown = pair[k].shown;
        ck_assert_msg(same_text(shown, shown + strlen(shown), pair[k].printed) == pair[k].same,
                      "%s", shown);
    }
}
END_TEST

static bool in_word(char c) {
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Whether the page has the name as a whole word. */
static bool has_word(const char *page, const char *word, size_t length) {
    char *wanted = eq_strndup(word, length);
    bool found = false;
    for (const char *p = page; !found && (p = strstr(p, wanted)) != NULL; p++)
        found = (p == page || !in_word(p[-1])) && !in_word(p[length]);
    eq_free(wanted);
    return found;
}

/* Every element, attribute and keyword of the schema stands in the reference. */
static void page_covers_schema(const char *path, const char *schema) {
    static const char *const mark[] = {"<xs:attribute name=\"", "<xs:element name=\"",
                                       "<xs:enumeration value=\""};
    char *page = file_text(path), *xsd = file_text(schema);
    for (int k = 0; k < 3; k++)
        for (const char *p = xsd; (p = strstr(p, mark[k])) != NULL;) {
            p += strlen(mark[k]);
            int n = (int)strcspn(p, "\"");
            ck_assert_msg(has_word(page, p, (size_t)n), "%s does not say what '%.*s' of %s is",
                          path, n, p, schema);
        }
    eq_free(page);
    eq_free(xsd);
}

START_TEST(references_cover_the_schemas) {
    page_covers_schema("docs/experiment.md", "schemas/experiment.xsd");
    page_covers_schema("docs/deck.md", "schemas/circuit.xsd");
    page_covers_schema("docs/explore.md", "schemas/study.xsd");
}
END_TEST

START_TEST(the_deck_reference_names_every_device_parameter) {
    char *page = file_text("docs/deck.md");
    for (int c = 0; c < EQ_BUILT_IN_CLASSES; c++) {
        const eq_device_class *cls = eq_class(c);
        ck_assert_msg(has_word(page, cls->name, strlen(cls->name)), "%s", cls->name);
        for (int k = 0; k < cls->params; k++)
            ck_assert_msg(has_word(page, cls->param[k].name, strlen(cls->param[k].name)),
                          "%s of %s", cls->param[k].name, cls->name);
    }
    eq_free(page);
}
END_TEST

/* The manual page has every command, and every option that its help shows. */
START_TEST(the_manual_page_has_every_option) {
    char *page = file_text("docs/eqspice.1");
    int options = 0;
    char *commands, *help, command[32], name[64], escaped[128], bold[160];
    expect_exit(0, &commands, "--help");
    for (const char *c = commands; (c = strstr(c, "\n  ")) != NULL;) {
        c += strlen("\n  ");
        if (sscanf(c, "%31[a-z]", command) != 1) continue;
        expect_exit(0, &help, "%s --help", command);
        for (const char *p = help; (p = strstr(p, " --")) != NULL; options++) {
            size_t n = 0;
            p++;
            ck_assert_int_eq(sscanf(p, "%63[a-z-]", name), 1);
            for (const char *q = name; *q != '\0'; q++) {
                if (*q == '-') escaped[n++] = '\\';
                escaped[n++] = *q;
            }
            escaped[n] = '\0';
            if (strcmp(name, "--help") == 0) continue;
            snprintf(bold, sizeof bold, "\\fB%s\\fR", escaped);
            ck_assert_msg(strstr(page, bold) != NULL, "docs/eqspice.1 has no %s of %s", name,
                          command);
        }
        snprintf(escaped, sizeof escaped, "\n.B eqspice %s\n", command);
        ck_assert_msg(strstr(page, escaped) != NULL, "docs/eqspice.1 has no %s", command);
        eq_free(help);
    }
    eq_free(commands);
    ck_assert_int_ge(options, 45);
    eq_free(page);
}
END_TEST

START_TEST(make_has_the_targets_of_the_readme) {
    char *page = file_text("README.md");
    int count = 0;
    for (const char *p = page; (p = strstr(p, "\nmake ")) != NULL; count++) {
        p += strlen("\nmake ");
        char *target = eq_strndup(p, strcspn(p, " \n"));
        const char *const argv[] = {"make", "-n", target, NULL};
        expect_program(argv);
        eq_free(target);
    }
    ck_assert_int_ge(count, 2);
    eq_free(page);
}
END_TEST

START_TEST(the_device_recipe_works) {
    const char *const argv[] = {"tools/try-recipe", NULL};
    expect_program(argv);
}
END_TEST

/* From the plain build: with sanitizers a library needs their run-time library first. */
START_TEST(the_installed_library_works) {
    const char *const argv[] = {"tools/try-install", NULL};
    const char *program = getenv("EQSPICE");
    if (program == NULL || strcmp(program, "build/eqspice") == 0)
        expect_program(argv);
    else
        printf("skipped: tools/try-install (only with build/)\n");
}
END_TEST

Suite *docs_suite(void) {
    Suite *s = suite_create("docs");
    TCase *t = tcase_create("docs");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, every_command_in_the_documentation_runs);
    tcase_add_test(t, outputs_are_compared);
    tcase_add_test(t, references_cover_the_schemas);
    tcase_add_test(t, the_deck_reference_names_every_device_parameter);
    tcase_add_test(t, the_manual_page_has_every_option);
    tcase_add_test(t, make_has_the_targets_of_the_readme);
    tcase_add_test(t, the_device_recipe_works);
    tcase_add_test(t, the_installed_library_works);
    suite_add_tcase(s, t);
    return s;
}
