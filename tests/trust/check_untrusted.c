/* Untrusted input (issue 5, point 8): names, titles and files that try to run commands, in eqspice
 * or in ngspice, which runs .control blocks, lines that start with *#, files that start with
 * *ng_script, and the .spiceinit beside a deck. A command that came through would make the file
 * `pwned`. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "report/process.h"
#include "support/program.h"

Suite *untrusted_suite(void);

enum { LONGEST = 512 };

/* Writes the text with each ! replaced by `shell touch FOLDER/pwned`. */
static const char *put_hostile(const char *name, const char *text) {
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

/* What each reads, or skips, as our reader and as ngspice: ngspice looks at the title, behind .end,
 * beside its own folder and into the user's. */
static const char *const deck[] = {
    "t\nv1 a 0 1\nr1 a 0 1k\n.control\n!\n.endc\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n*#!\n*# !\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n  .CONTROL\n!\n.endc\n.op\n.end\n",
    "*ng_script\n* ! \nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "*ng_script!\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "*#!\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.include inner.cir\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.if (0)\n.include inner.cir\n.endif\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    ".include inner.cir\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "  .INC 'inner.cir'\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    ".lib inner.cir tt\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    ".control\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n!\n.endc\n",
    ".title\n+ t\n.control\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.op\n .end\n.include inner.cir\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.END\t\n.include inner.cir\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.end; all\n.control\n!\n.endc\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n.end\n.control\n!\n.endc\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.include ends.cir\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.op\n.include ends.cir\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.include part.cir\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.include ~/part.cir\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.lib part.cir tt\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.con\n+trol\n!\n.endc\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n*\n+ x\n+.control\n!\n+.endc\n.op\n.end\n",
    "t \\\\\n.control\n!\n.endc\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "t\rv1 a 0 1\r.control\r!\r.endc\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "\xef\xbb\xbf.include inner.cir\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "\xef\xbb\xbf.control\n!\n.endc\nv1 a 0 1\nr1 a 0 1k\n.op\n.end\n",
    "t\nv1 a 0 1\n.subckt s p\n.control\n!\n.endc\nr1 p 0 1k\n.ends\nx1 a s\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.data d\n.control\n!\n.endc\n.enddata\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.tran 1 1 `!`\n.four 1 $(!)\n.save all\n.csparam x=`!`\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k\n.print dc v(a) ; .control\n.probe v(a)\n.op\n.end\n",
    "t\nv1 a 0 1\nr1 a 0 1k ; \\\\\n+ .control\n.width out=80 `!`\n.op\n.end\n",
};
enum { DECKS = sizeof deck / sizeof *deck };

/* Runs a program in a folder of the scratch folder, which is the user's home too. */
static int run_there(const char *folder, const char *const *argv) {
    eq_process p = {.argv = argv, .folder = folder, .package = argv[0], .seconds = 60};
    int exit_status = -1;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_process_run(&p, &exit_status, NULL, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(diag) > 0 ? eq_diag_get(diag, 0)->text : "");
    eq_diag_free(diag);
    return exit_status;
}

/* The deck in sub/, with harmless files where our reader looks, beside it, and files of the same
 * names with commands in them where ngspice may look first: where it runs,
 * and in the user's home. */
static void set_traps(const char *text) {
    static const char *const commands = "* part\nr2 a 0 1k\n.control\n!\n.endc\n",
                             *const harmless = "* part\n.lib tt\nr2 a 0 1k\n.endl\n";
    ck_assert_int_eq(mkdir(in("sub"), 0777), 0);
    ck_assert_int_eq(mkdir(in("sub/~"), 0777), 0);
    setenv("HOME", in("."), 1);
    put_hostile("sub/deck.cir", text);
    put_hostile("sub/inner.cir", commands);
    put_hostile("inner.cir", commands);
    put_hostile("part.cir", commands);
    put_hostile("sub/part.cir", harmless);
    put_hostile("sub/~/part.cir", harmless);
    put_hostile("sub/ends.cir", "* part\nr2 a 0 1k\n.end\n.control\n!\n.endc\n");
    static const char *const start_up[] = {".spiceinit", "sub/.spiceinit", "spinit", "sub/spinit"};
    for (size_t k = 0; k < sizeof start_up / sizeof *start_up; k++) put_hostile(start_up[k], "!\n");
}

static char *program_path(void) {
    const char *name = getenv("EQSPICE");
    char *path = eq_path_absolute(name == NULL ? "build/eqspice" : name);
    ck_assert_ptr_nonnull(path);
    return path;
}

/* `verify` lets ngspice solve decks: what they, their folder and the user's home want to run is not
 * run, from wherever it is called. */
START_TEST(verify_runs_no_commands) {
    static const char *const from[][2] = {{".", "sub/deck.cir"}, {"sub", "deck.cir"}};
    char *program = program_path();
    set_traps(deck[_i]);
    for (size_t k = 0; k < 2; k++) {
        const char *const argv[] = {program, "verify", from[k][1], NULL};
        int exit_status = run_there(in(from[k][0]), argv);
        assert_not_run(deck[_i]);
        ck_assert_msg(exit_status == 0 || exit_status == 2, "exit status %d: %s", exit_status,
                      deck[_i]); /* solved and the same, or not read at all */
    }
    eq_free(program);
}
END_TEST

/* The same in our exports, which a user gives to ngspice as they are. */
START_TEST(exports_hold_no_commands) {
    static const char *const argv[] = {"ngspice", "-n", "-b", "ours.cir", NULL};
    eq_text text = {0};
    eq_circuit *c = NULL;
    set_traps(deck[_i]);
    if (eq_circuit_read(in("sub/deck.cir"), &c, NULL) != EQ_OK) return;
    ck_assert_int_eq(eq_circuit_write(c, EQ_NGSPICE, "\n.control\nquit 7\n.endc", &text, NULL),
                     EQ_OK);
    ck_assert_int_eq(eq_file_write(in("sub/ours.cir"), text.text, text.length, NULL), EQ_OK);
    int exit_status = run_there(in("sub"), argv);
    assert_not_run(deck[_i]);
    ck_assert_msg(exit_status == 0, "exit status %d: %s", exit_status, text.text);
    eq_text_free(&text);
    eq_circuit_free(c);
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
    bool bare = isalnum((unsigned char)*text) || strncmp(text, "* ", 2) == 0;
    ck_assert_msg(spectre ? strncmp(text, "// ", 3) == 0 : bare, "%.60s", text);
    for (const char *p = strchr(text, '\n'); p != NULL; p = strchr(p + 1, '\n'))
        ck_assert_msg(is_ours(p + 1, spectre), "%.60s in\n%s", p + 1, text);
}

/* What `verify` gives to ngspice: line by line, only characters and names of ours. */
static void check_numbered(const eq_circuit *c) {
    static const char wanted[] =
        "eqspice\n* written by eqspice\n.options reltol=1e-09 abstol=1e-15 vntol=1e-12 gmin=1e-12 "
        "itl1=1000 itl2=1000 epsmin=1e-300 temp=27 tnom=27\nv0 n1 0 dc 1\nr1 n1 0 5\n.op\n.end\n";
    eq_text text = {0};
    ck_assert_int_eq(eq_deck_write_numbered(c, &text, NULL), EQ_OK);
    ck_assert_str_eq(text.text, wanted);
    eq_text_free(&text);
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
        eq_status status = eq_circuit_parse("evil.xml", xml, strlen(xml), &c, diag);
        for (int d = 0; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
            eq_text text = {0};
            eq_diag_clear(diag);
            eq_status written = eq_circuit_write(c, (eq_dialect)d, NULL, &text, diag);
            if (written != EQ_OK) ck_assert_uint_ge(eq_diag_errors(diag), 1);
            if (written == EQ_OK && d != EQ_XML) check_lines(text.text, d == EQ_SPECTRE);
            eq_text_free(&text);
        }
        if (status == EQ_OK) check_numbered(c);
        if (status == EQ_OK)
            eq_circuit_free(c);
        else
            ck_assert_uint_ge(eq_diag_errors(diag), 1);
        eq_diag_free(diag);
    }
}
END_TEST

/* Names that no export for ngspice carries do not keep a circuit from being verified:
 * it gets none. */
START_TEST(verify_needs_no_names) {
    static const char *const name[] = {"N$1", "a`b`c", "\xc3\xa4", "\xff\xfe", "x|y", "a?b"};
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        char text[LONGEST];
        snprintf(text, sizeof text,
                 "t\nv%s %s 0 1\nr1 %s 0 1k\nd%s %s 0 m%s\n.model m%s d\n.op\n.end\n", name[k],
                 name[k], name[k], name[k], name[k], name[k], name[k]);
        expect_exit(0, NULL, "verify %s", put_hostile("deck.cir", text));
    }
}
END_TEST

/* Paths are given to the system as they are: no shell sees them, nor does gnuplot. */
START_TEST(paths_reach_no_shell) {
    setenv("PWNED", in("pwned"), 1);
    static const char *const name[] = {"$(touch${IFS}$PWNED).cir",
                                       "a;touch${IFS}$PWNED.cir",
                                       "`id`.cir",
                                       "-v.cir",
                                       "a'b\".cir",
                                       "%s%n.cir"};
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
    static const char *const folder[] = {"`touch${IFS}$PWNED`",
                                         "$(touch${IFS}$PWNED)",
                                         "a'.system('touch${IFS}$PWNED').'b",
                                         "<touch${IFS}$PWNED",
                                         "|touch${IFS}$PWNED",
                                         "-",
                                         "%s%n"};
    for (size_t k = 0; k < sizeof folder / sizeof *folder; k++) {
        char *path = eq_strdup(in(folder[k])), *picture = eq_path_join(path, "curves.svg");
        expect_exit(0, NULL, "train netlists/iris.xml --epochs 1 -o %s", path);
        ck_assert_int_eq(access(picture, F_OK), 0);
        eq_free(picture);
        eq_free(path);
    }
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
        expect_exit(2, &said, "check %s", put_hostile("evil.xml", text[k]));
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
    tcase_add_test(t, verify_needs_no_names);
    tcase_add_test(t, paths_reach_no_shell);
    tcase_add_test(t, xml_stays_in_its_file);
    suite_add_tcase(s, t);
    return s;
}
