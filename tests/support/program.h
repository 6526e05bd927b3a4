/* Running the eqspice program itself in a test. */
#ifndef TESTS_SUPPORT_PROGRAM_H
#define TESTS_SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* What a run of `eqspice ARGUMENTS` left: its exit status, and what it wrote to standard output and
 * standard error together. */
typedef struct outcome {
    int exit_status;
    char *text;
} outcome;

/* Runs the program ($EQSPICE, default build/eqspice) with arguments parted by single blanks. */
outcome run_program(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The file of that name beside the program. */
const char *beside_program(const char *name);
void outcome_free(outcome *o);

/* Runs it and fails the test when the exit status is another. The text may be NULL when not wanted;
 * free() it. */
void expect_exit(int exit_status, char **text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A fresh folder, in memory where that exists; scratch_free removes it with all that is in it, and
 * frees the name. */
char *scratch_folder(void);
void scratch_free(char *name);

/* A checked fixture: one scratch folder for a test, and FOLDER/NAME in one of a few buffers. */
void scratch_make(void);
void scratch_drop(void);
const char *in(const char *name);
char *scratch_current(void); /* the folder itself */
/* Writes a text, or bytes, as FOLDER/NAME, which it returns. */
const char *put(const char *name, const char *text);
const char *put_bytes(const char *name, const void *bytes, size_t length);
/* net.cir, data.csv and the experiment net.xml, read. */
struct eq_experiment *experiment_of_files(const char *deck, const char *data,
                                          const char *experiment);

/* The text of a file; fails the test when it cannot be read. eq_free() it. */
char *file_text(const char *path);

/* Calls visit(name, data) for the files of a folder whose names end in one of the suffixes (NULL at
 * the end; names of one character are never taken), in alphabetical order; how many. */
int for_each_file(const char *folder, const char *const *suffix,
                  void (*visit)(const char *name, void *data), void *data);

/* Whether the machine has /proc, or terminals (/dev/pts); where it has not, a line says that `what`
 * is skipped. */
bool has_proc(const char *what);
bool has_terminals(const char *what);

#endif
