#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/carry.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/folder.h"

static void print_message(const eq_message *m) {
    eq_carry_to(EQ_CARRY_TEXT, m->file == NULL ? "eqspice" : m->file, stderr);
    if (m->file != NULL && m->line > 0) fprintf(stderr, ":%d", m->line);
    if (m->file != NULL && m->column > 0) fprintf(stderr, ":%d", m->column);
    fprintf(stderr, ": %s: ", eq_severity_name(m->severity));
    eq_carry_to(EQ_CARRY_TEXT, m->text, stderr);
    fputc('\n', stderr);
}

void eq_print_diag(eq_diag *diag) {
    fflush(stdout);
    for (size_t k = 0; eq_comm_prints() && k < eq_diag_count(diag); k++)
        print_message(eq_diag_get(diag, k));
    eq_diag_clear(diag);
}

int eq_finish(eq_diag *diag, eq_status status) {
    eq_print_diag(diag);
    if (diag == NULL && status != EQ_OK) print_message(eq_diag_get(NULL, 0));
    eq_diag_free(diag);
    if (status == EQ_OK) return 0;
    return status == EQ_ERR_USAGE || status == EQ_ERR_INPUT ? 2 : 1;
}

static void print_option(const eq_option *o) {
    char label[64], letter[8] = "   ";
    if (o->letter != 0) snprintf(letter, sizeof letter, "-%c,", o->letter);
    snprintf(label, sizeof label, "%s --%s %s", letter, o->name,
             o->argument == NULL ? "" : o->argument);
    printf("  %-28s %s\n", label, o->help);
}

/* Of every command. */
static const eq_option common_option[] = {
    {"osdi", 0, EQ_OPTION_TEXT, NULL, "FILE", "load the compiled models of this library"},
    {"help", 'h', EQ_OPTION_FLAG, NULL, NULL, "show this help"}};
enum { COMMON = sizeof common_option / sizeof *common_option, OSDI = 1 };

static void print_help(const eq_command *command, const eq_option *option, size_t options) {
    printf("usage: eqspice %s %s [options]\n%s\n\noptions:\n", command->name, command->arguments,
           command->summary);
    for (size_t k = 0; k < options; k++) print_option(&option[k]);
    for (size_t k = 0; k < COMMON; k++) print_option(&common_option[k]);
}

/* Stores the argument of an option; false when it is no number of its kind. */
static bool store(const eq_option *o, const char *text) {
    char *end;
    errno = 0;
    switch (o->kind) {
    case EQ_OPTION_FLAG:
        *(bool *)o->value = true;
        return true;
    case EQ_OPTION_TEXT:
        *(const char **)o->value = text;
        return true;
    case EQ_OPTION_INT: {
        long n = strtol(text, &end, 10);
        if (end == text || *end != '\0' || errno != 0 || n < 0 || n > INT_MAX) return false;
        *(int *)o->value = (int)n;
        return true;
    }
    case EQ_OPTION_LIST: {
        eq_list *list = o->value;
        if (list->count == EQ_MAX_LIST) return false;
        list->item[list->count++] = text;
        return true;
    }
    case EQ_OPTION_NUMBER:
        break;
    }
    return text[0] != '\0' && eq_parse_double(text, strlen(text), o->value) == strlen(text);
}

static bool usage_error(const eq_command *command, const char *what, const char *which) {
    if (!eq_comm_prints()) return false;
    fprintf(stderr, "eqspice %s: error: %s%s; see `eqspice %s --help`\n", command->name, what,
            which, command->name);
    return false;
}

/* The tables that getopt_long wants, from ours: long options have the codes 256, 257, ... */
static void getopt_tables(const eq_option *option, size_t options, struct option *longs,
                          char *shorts) {
    *shorts++ = ':';
    for (size_t k = 0; k < options; k++) {
        int has = option[k].kind == EQ_OPTION_FLAG ? no_argument : required_argument;
        longs[k] = (struct option){option[k].name, has, NULL, 256 + (int)k};
        if (option[k].letter == 0) continue;
        *shorts++ = option[k].letter;
        if (has == required_argument) *shorts++ = ':';
    }
    longs[options] = (struct option){"osdi", required_argument, NULL, OSDI};
    longs[options + 1] = (struct option){"help", no_argument, NULL, 'h'};
    *shorts++ = 'h';
    *shorts = '\0';
}

static const eq_option *option_of(const eq_option *option, size_t options, int code) {
    if (code >= 256) return &option[code - 256];
    for (size_t k = 0; k < options; k++)
        if (option[k].letter == code) return &option[k];
    return NULL;
}

/* Loads a library of compiled models, which is what --osdi asks for; false: it said why not. */
static bool allow(const char *file) {
    eq_diag *diag = eq_diag_new();
    eq_status status = diag == NULL ? EQ_ERR_MEMORY : eq_osdi_allow(file, diag);
    return eq_finish(diag, status) == 0;
}

/* The files of a list parted by colons. */
static bool allow_listed(const char *list) {
    bool good = true;
    for (const char *p = list; good && p != NULL && *p != '\0';) {
        size_t n = strcspn(p, ":");
        char *file = n == 0 ? NULL : eq_strndup(p, n);
        good = n == 0 || (file != NULL && allow(file));
        eq_free(file);
        p += n + (p[n] == ':');
    }
    return good;
}

/* The options; false when the command is to end. The other arguments are then argv[optind..]. */
static bool parse_options(const eq_command *command, const eq_option *option, size_t options,
                          int argc, char **argv, int *exit_status) {
    struct option longs[EQ_MAX_OPTIONS + COMMON + 1] = {{0}};
    char shorts[2 * EQ_MAX_OPTIONS + 4];
    getopt_tables(option, options, longs, shorts);
    optind = 0; /* start anew: glibc */
    opterr = 0;
    *exit_status = 2;
    for (int code; (code = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (code == 'h') {
            print_help(command, option, options);
            *exit_status = 0;
            return false;
        }
        if (code == OSDI && allow(optarg)) continue;
        if (code == OSDI) return false;
        const eq_option *o = option_of(option, options, code);
        if (code == ':')
            return usage_error(command, "an argument is missing after ", argv[optind - 1]);
        if (o == NULL) return usage_error(command, "there is no option ", argv[optind - 1]);
        if (!store(o, optarg))
            return usage_error(
                command,
                o->kind == EQ_OPTION_INT    ? "this is not a number from 0 to 2147483647: "
                : o->kind == EQ_OPTION_LIST ? "this option is given more than 256 times: "
                                            : "this is not a number: ",
                optarg);
    }
    return allow_listed(getenv("EQSPICE_OSDI"));
}

const char *eq_parse_arguments(const eq_command *command, const eq_option *option, size_t options,
                               int argc, char **argv, int *exit_status) {
    if (!parse_options(command, option, options, argc, argv, exit_status)) return NULL;
    if (argc - optind == 1) return argv[optind];
    usage_error(command, "this takes exactly one argument: ", command->arguments);
    return NULL;
}

char **eq_parse_list(const eq_command *command, const eq_option *option, size_t options, int argc,
                     char **argv, size_t *count, int *exit_status) {
    if (!parse_options(command, option, options, argc, argv, exit_status)) return NULL;
    *count = (size_t)(argc - optind);
    if (*count > 0) return argv + optind;
    usage_error(command, "this takes at least one argument: ", command->arguments);
    return NULL;
}

eq_status eq_check_output(const char *path, const char *input, eq_diag *diag) {
    if (eq_same_file(path, input))
        return eq_fail(diag, EQ_ERR_USAGE, "'%s' is what is read here; write to another file",
                       path);
    if (eq_folder_has(path))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "'%s' is a file of the run in that folder; write to another file", path);
    return EQ_OK;
}

eq_status eq_sink_open(const char *path, const char *input, eq_sink *sink, eq_diag *diag) {
    *sink = (eq_sink){NULL, stdout};
    if (eq_comm_rank() > 0 || path == NULL || strcmp(path, "-") == 0) return EQ_OK;
    eq_status allowed = eq_check_output(path, input, diag);
    if (allowed != EQ_OK) return allowed;
    char *folder = eq_path_folder(path);
    eq_status status = folder == NULL ? eq_out_of_memory(diag) : eq_folder_make(folder, diag);
    eq_free(folder);
    if (status == EQ_OK) status = eq_out_open(path, &sink->out, diag);
    if (status == EQ_OK) sink->stream = eq_out_stream(sink->out);
    return status;
}

eq_status eq_sink_close(eq_sink *sink, eq_status status, eq_diag *diag) {
    if (sink->out == NULL) {
        bool written = fflush(sink->stream) == 0 && !ferror(sink->stream);
        if (status == EQ_OK && !written)
            status = eq_fail(diag, EQ_ERR_IO, "cannot write the result: %s; check the free space",
                             strerror(errno));
        return status;
    }
    if (status == EQ_OK) return eq_out_commit(sink->out, diag);
    eq_out_abort(sink->out);
    return status;
}

eq_status eq_write_text(const char *path, const char *input, const eq_text *text, eq_diag *diag) {
    if (text->failed) return eq_out_of_memory(diag);
    eq_sink sink;
    eq_status status = eq_sink_open(path, input, &sink, diag);
    if (status != EQ_OK) return status;
    fwrite(text->text, 1, text->length, sink.stream);
    return eq_sink_close(&sink, status, diag);
}

eq_status eq_write_table(const char *path, const char *input, const eq_result *r, eq_diag *diag) {
    size_t n = strlen(path);
    bool npz = n >= 4 && eq_same(path + n - 4, ".npz");
    eq_sink sink;
    eq_status status = eq_sink_open(path, input, &sink, diag);
    if (status != EQ_OK) return status;
    status = eq_result_write(&r, 1, npz ? EQ_NPZ : EQ_CSV, sink.stream, diag);
    return eq_sink_close(&sink, status, diag);
}

void eq_json_number(const char *key, double value, const char *end) {
    char text[EQ_NUMBER_LENGTH];
    printf("\"%s\": %s%s", key, isfinite(value) ? eq_number(value, text) : "null", end);
}

void eq_json_text(const char *text) {
    putchar('"');
    eq_carry_to(EQ_CARRY_JSON, text, stdout);
    putchar('"');
}

eq_printed eq_show(char format, int digits, double y) {
    eq_printed f = {"-"};
    if (isnan(y)) return f;
    if (format == 'g') snprintf(f.text, sizeof f.text, "%.*g", digits, y);
    if (format == 'e') snprintf(f.text, sizeof f.text, "%.*e", digits, y);
    if (format == 'f') snprintf(f.text, sizeof f.text, "%.*f", digits, y);
    return f;
}

void eq_json_likeness(size_t k, const char *group, double cosine, double size) {
    printf("%s{\"group\": ", k == 0 ? "" : ", ");
    eq_json_text(group);
    fputs(", ", stdout);
    eq_json_number("cosine", cosine, ", ");
    eq_json_number("size", size, "}");
}
