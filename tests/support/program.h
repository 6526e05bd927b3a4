/* Running the eqspice program itself in a test. */
#ifndef TESTS_SUPPORT_PROGRAM_H
#define TESTS_SUPPORT_PROGRAM_H

/* What a run of `eqspice ARGUMENTS` left: its exit status, and what it wrote to standard output and
 * standard error together. */
typedef struct outcome {
    int exit_status;
    char *text;
} outcome;

/* Runs the program ($EQSPICE, default build/eqspice) with arguments parted by single blanks. */
outcome run_program(const char *format, ...) __attribute__((format(printf, 1, 2)));
void outcome_free(outcome *o);

/* Runs it and fails the test when the exit status is another. The text may be NULL when not wanted;
 * free() it. */
void expect_exit(int exit_status, char **text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A fresh folder under /tmp; scratch_free removes it with all that is in it, and frees the name. */
char *scratch_folder(void);
void scratch_free(char *name);

#endif
