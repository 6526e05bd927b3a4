/* Untrusted input (issue 5, point 8): names, titles and files that try to run commands, in eqspice
 * or in ngspice, which runs .control blocks, lines that start with *#, files that start with
 * *ng_script, and the .spiceinit beside a deck. A command that came through would make the file
 * `pwned`. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/ngspice.h"
#include "report/raw.h"
#include "support/compare.h"
#include "support/program.h"

Suite *untrusted_suite(void);

enum { LONGEST = 512 };

/* Writes the text with each ! replaced by `shell touch FOLDER/pwned`. */
static const char *put(const char *name, const char *text) {
    eq_text t = {0};
    for (; *text != '\0'; text++)
        if (*text == '!')
            eq_text_printf(&t, "shell touch %s", in("pwned"));
        else
            eq_text_add(&t, text, 1);
    ck_assert_int_eq(eq_file_write(in(name), t.text, t.length, NULL), EQ_OK);
    eq_text_free(&t);
    return in(name);
}

static void assert_not_run(const char *what) {
    ck_assert_msg(access(in("pwned"), F_OK) != 0, "a command was run by: %s", what);
}

static const char *const deck[] = {
    "t\nv1 a 0 1\nr1 a 0 1k\n.control\n!\n.endc\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n*#!\n*# !\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n  .CONTROL\n!\n.endc\n.op\n.end\n",
    "*ng_script\n* ! \nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.include inner.cir\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.if (0)\n.include inner.cir\n.endif\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
};
enum { DECKS = sizeof deck / sizeof *deck };

/* `verify` gives decks to ngspice: what they and the folder want to run is not run. */
START_TEST(verify_runs_no_commands) {
    put("inner.cir", "* part\nr2 a 0 1k\n.control\n!\n.endc\n");
    put(".spiceinit", "!\n");
    const char *path = put("deck.cir", deck[_i]);
    expect_exit(0, NULL, "verify %s", path);
    assert_not_run(deck[_i]);
}
END_TEST

/* The same in our exports, run as they are. */
START_TEST(exports_hold_no_commands) {
    eq_text text = {0};
    eq_result **plots;
    size_t count;
    put("inner.cir", "* part\nr2 a 0 1k\n.control\n!\n.endc\n");
    put("deck.cir", deck[_i]);
    eq_circuit *c = read_deck(in("deck.cir"));
    ck_assert_int_eq(eq_deck_write(c, EQ_NGSPICE, "\n.control\nquit 7\n.endc", &text, NULL), EQ_OK);
    ck_assert_int_eq(eq_ngspice_run(text.text, text.length, NULL, &plots, &count, NULL), EQ_OK);
    eq_raw_free(plots, count);
    eq_text_free(&text);
    eq_circuit_free(c);
    assert_not_run(deck[_i]);
}
END_TEST

/* Names in XML may hold any character: for each dialect they are escaped or refused, and no
 * exported line starts with a card or a command. */
static const char *const evil[] = {
    "a&#10;.control",
    "a&#13;.control",
    "$(touch pwned)",
    "`touch pwned`",
    "a;touch pwned",
    "a|touch pwned",
    "&quot;x&quot;",
    "'x'",
    "a b",
    ".control",
    "*#shell",
    "+",
    "{x}",
    "a=b",
    "a,b",
    "a(b)",
    "a$b",
    "a//b",
    "&lt;x&gt;",
    "a\\",
    "&#228;",
    "a%n%n%s",
    "../../x",
    "a&#9;b",
    "*ng_script",
};
enum { EVIL = sizeof evil / sizeof *evil };

/* What the lines of a SPICE deck of ours may start with; in Spectre a name is escaped, and no card
 * starts with a point. */
static bool is_ours(const char *line, bool spectre) {
    static const char *const start[] = {".op\n",
                                        ".end\n",
                                        ".options ",
                                        ".model ",
                                        ".backanno",
                                        ".temp ",
                                        ".print dc format=raw ",
                                        ".preprocess",
                                        "* ",
                                        "*% "};
    if (spectre) return *line != '.' && *line != '*';
    for (size_t k = 0; k < sizeof start / sizeof *start; k++)
        if (strncmp(line, start[k], strlen(start[k])) == 0) return true;
    return *line == '\n' || *line == '\0' || strchr("rdviefghbx", *line) != NULL;
}

static void check_lines(const char *text, bool spectre) {
    ck_assert_msg(strncmp(text, "*ng_script", 10) != 0 && strncmp(text, "*#", 2) != 0, "%s", text);
    for (const char *p = strchr(text, '\n'); p != NULL; p = strchr(p + 1, '\n'))
        ck_assert_msg(is_ours(p + 1, spectre), "%.60s in\n%s", p + 1, text);
}

START_TEST(evil_names_stay_names) {
    char xml[1024];
    for (int as = 0; as < 4; as++) {
        const char *name = evil[_i];
        snprintf(xml, sizeof xml,
                 "<circuit title=\"%s\"><elements><vsource name=\"v1\" a=\"%s\" b=\"0\" dc=\"1\"/>"
                 "<resistor name=\"%s\" a=\"%s\" b=\"0\" r=\"5\"/></elements></circuit>",
                 as == 0 ? name : "t", as == 1 ? name : "a", as == 2 ? name : "r1",
                 as == 1 ? name : "a");
        eq_circuit *c = NULL;
        eq_diag *diag = eq_diag_new();
        eq_status status = eq_deck_parse("evil.xml", xml, strlen(xml), &c, diag);
        for (int d = 0; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
            eq_text text = {0};
            eq_diag_clear(diag);
            eq_status written = eq_deck_write(c, (eq_dialect)d, NULL, &text, diag);
            if (written != EQ_OK) ck_assert_uint_ge(eq_diag_errors(diag), 1);
            if (written == EQ_OK && d != EQ_XML) check_lines(text.text, d == EQ_SPECTRE);
            eq_text_free(&text);
        }
        if (status == EQ_OK)
            eq_circuit_free(c);
        else
            ck_assert_uint_ge(eq_diag_errors(diag), 1);
        eq_diag_free(diag);
    }
}
END_TEST

/* Paths are given to the system as they are: no shell sees them. */
START_TEST(paths_reach_no_shell) {
    static const char *const name[] = {
        "$(touch_pwned).cir", "a;touch_pwned.cir", "`id`.cir", "-v.cir", "a'b\".cir", "%s%n.cir"};
    char *text = file_text("netlists/divider.cir");
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        char *path = eq_strdup(in(name[k])), raw[LONGEST];
        ck_assert_int_eq(eq_file_write(path, text, strlen(text), NULL), EQ_OK);
        expect_exit(0, NULL, "verify %s", path);
        expect_exit(0, NULL, "op %s --format raw -o %s.raw", path, path);
        ck_assert_int_eq(unlink(path), 0);
        snprintf(raw, sizeof raw, "%s.raw", path);
        ck_assert_int_eq(unlink(raw), 0);
        eq_free(path);
    }
    eq_free(text);
    assert_not_run("a path");
}
END_TEST

/* XML: no entities, no DOCTYPE, nothing from the network or other files. */
START_TEST(xml_stays_in_its_file) {
    static const char *const text[] = {
        "<!DOCTYPE circuit [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><circuit title=\"&x;\"/>",
        "<!DOCTYPE circuit SYSTEM \"http://127.0.0.1:9/x.dtd\"><circuit/>",
        "<!DOCTYPE c [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><c>&b;</c>",
        ("<circuit xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"/etc/passwd\" "
         "parse=\"text\"/></circuit>"),
    };
    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        char *said;
        expect_exit(2, &said, "check %s", put("evil.xml", text[k]));
        ck_assert_msg(strstr(said, "root:") == NULL && strstr(said, "error: ") != NULL, "%s", said);
        eq_free(said);
    }
}
END_TEST

Suite *untrusted_suite(void) {
    Suite *s = suite_create("untrusted");
    TCase *t = tcase_create("untrusted");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, verify_runs_no_commands, 0, DECKS);
    tcase_add_loop_test(t, exports_hold_no_commands, 0, DECKS);
    tcase_add_loop_test(t, evil_names_stay_names, 0, EVIL);
    tcase_add_test(t, paths_reach_no_shell);
    tcase_add_test(t, xml_stays_in_its_file);
    suite_add_tcase(s, t);
    return s;
}
