/* What the subcommands share: options, diagnostics on standard error, exit statuses, output files.
 * Only this room prints or exits. Exit status: 0 done, 1 the computation failed or a check did not
 * hold, 2 bad usage or bad input (docs/eqspice.1). */
#ifndef EQ_CLI_CLI_H
#define EQ_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/comm.h"
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "result/result.h"

typedef enum eq_option_kind {
    EQ_OPTION_FLAG,   /* bool *: set to true */
    EQ_OPTION_TEXT,   /* const char ** */
    EQ_OPTION_INT,    /* int *, from 0 on */
    EQ_OPTION_NUMBER, /* double * */
    EQ_OPTION_LIST,   /* eq_list *: each use of the option adds one */
} eq_option_kind;

/* One option: --name [ARGUMENT] or -letter [ARGUMENT]; value keeps its start when the option is
 * absent. */
typedef struct eq_option {
    const char *name;
    char letter; /* 0: none */
    eq_option_kind kind;
    void *value;
    const char *argument; /* shown in the help: "FILE"; NULL for a flag */
    const char *help;
} eq_option;

enum { EQ_MAX_OPTIONS = 32, EQ_MAX_LIST = 256 };

/* The arguments of an option that may be given again and again. */
typedef struct eq_list {
    const char *item[EQ_MAX_LIST];
    size_t count;
} eq_list;

/* --set NAME=VALUE, of an experiment; eq_settings_of makes what the library takes. */
#define EQ_SET_OPTION(list)                                                                        \
    {                                                                                              \
        "set", 0, EQ_OPTION_LIST, list, "NAME=VALUE",                                              \
            "change an attribute (estimator.beta=1e-7) or a parameter (r1(r)=3k)"                  \
    }
static inline eq_settings eq_settings_of(const eq_list *list) {
    return (eq_settings){list->item, list->count};
}

/* One subcommand. run gets its own arguments, argv[0] is its name. */
typedef struct eq_command {
    const char *name;
    const char *arguments; /* "DECK": its positional argument */
    const char *summary;   /* one sentence */
    bool parallel;         /* the ranks of mpirun share its work; else rank 0 does it alone */
    int (*run)(const struct eq_command *command, int argc, char **argv);
} eq_command;

/* Parses by the table of at most EQ_MAX_OPTIONS options. Returns the positional argument, or NULL
 * when the command is to end with *exit_status (help was printed, or the usage was wrong and said
 * so). */
const char *eq_parse_arguments(const eq_command *command, const eq_option *option, size_t options,
                               int argc, char **argv, int *exit_status);

/* The same for a command that takes one argument or more: argv of the first, *count of them. */
char **eq_parse_list(const eq_command *command, const eq_option *option, size_t options, int argc,
                     char **argv, size_t *count, int *exit_status);

/* A number in so many digits of %e, %f or %g; "-" for one that is not there. */
typedef struct eq_printed {
    char text[64];
} eq_printed;
eq_printed eq_show(char format, int digits, double y);

/* Prints all messages as file:line:column: severity:
 * text on standard error and empties the list. */
void eq_print_diag(eq_diag *diag);
/* Prints and frees the messages and returns the exit status that goes with the status. */
int eq_finish(eq_diag *diag, eq_status status);

/* Where a result goes: the file of -o, written atomically into a folder that is made if it is not
 * there, or standard output (path NULL or "-"),
 * which is nowhere but on rank 0. */
typedef struct eq_sink {
    eq_out *out;
    FILE *stream;
} eq_sink;
/* Refuses a file that is `input` (what the command reads, may be NULL) or belongs to a run. */
eq_status eq_check_output(const char *path, const char *input, eq_diag *diag);
eq_status eq_sink_open(const char *path, const char *input, eq_sink *sink, eq_diag *diag);
/* Closes the sink: makes the file visible when status is EQ_OK, keeps the old file otherwise. */
eq_status eq_sink_close(eq_sink *sink, eq_status status, eq_diag *diag);

/* Writes a table to a sink: npz where the name ends so, else CSV. */
eq_status eq_write_table(const char *path, const char *input, const eq_result *r, eq_diag *diag);
/* Prints "key": value and what stands behind it; JSON has no infinity and no NaN, which are null. */
void eq_json_number(const char *key, double value, const char *end);
/* Prints the text between quotes. */
void eq_json_text(const char *text);
/* Prints {"group": .., "cosine": .., "size": ..}, number k of a list: how like the gradient an estimate is. */
void eq_json_likeness(size_t k, const char *group, double cosine, double size);

/* Writes a whole text to a sink; a text that failed to grow is out of memory. */
eq_status eq_write_text(const char *path, const char *input, const eq_text *text, eq_diag *diag);

#endif
