/* tests/bad: every deck NAME.cir is refused with exactly the messages of NAME.expect. Run from the
 * root of the repository. */
#define _DEFAULT_SOURCE /* scandir */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"

Suite *bad_suite(void);

enum { FEWEST_DECKS = 100 };

/* The errors as the command line prints them: file:line:column: error: text. */
static void print_errors(const eq_diag *d, eq_text *out) {
    for (size_t k = 0; k < eq_diag_count(d); k++) {
        const eq_message *m = eq_diag_get(d, k);
        if (m->severity != EQ_ERROR) continue;
        eq_text_printf(out, "%s:%d:%d: error: %s\n", m->file == NULL ? "-" : m->file, m->line,
                       m->column, m->text);
    }
}

static void check_deck(const char *name) {
    char deck[512], expect[512], *want = NULL;
    size_t length = 0;
    snprintf(deck, sizeof deck, "tests/bad/%s", name);
    snprintf(expect, sizeof expect, "tests/bad/%.*s.expect", (int)(strlen(name) - 4), name);
    ck_assert_msg(eq_file_read(expect, (eq_place){NULL, 0, 0}, &want, &length, NULL) == EQ_OK,
                  "no %s", expect);
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_text got = {0};
    eq_status status = eq_deck_read(deck, &c, d);
    print_errors(d, &got);
    ck_assert_msg(status == EQ_ERR_INPUT, "%s: status %d", deck, status);
    ck_assert_ptr_null(c);
    ck_assert_msg(strcmp(got.text, want) == 0, "%s says\n%sand not\n%s", deck, got.text, want);
    eq_text_free(&got);
    eq_free(want);
    eq_diag_free(d);
}

static int by_name(const struct dirent *e) {
    size_t n = strlen(e->d_name);
    return n > 4 && strcmp(e->d_name + n - 4, ".cir") == 0;
}

START_TEST(bad_decks_are_refused_word_for_word) {
    struct dirent **list;
    int n = scandir("tests/bad", &list, by_name, alphasort);
    ck_assert_int_ge(n, FEWEST_DECKS);
    for (int k = 0; k < n; k++) {
        check_deck(list[k]->d_name);
        free(list[k]);
    }
    free(list);
}
END_TEST

Suite *bad_suite(void) {
    Suite *s = suite_create("bad");
    TCase *t = tcase_create("bad");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, bad_decks_are_refused_word_for_word);
    suite_add_tcase(s, t);
    return s;
}
