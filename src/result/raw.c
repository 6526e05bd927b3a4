#define _POSIX_C_SOURCE 200809L /* putc_unlocked */
#include "result/raw.h"

#include <string.h>

#include "base/carry.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

static void write_line(const char *label, const char *text, FILE *stream) {
    fprintf(stream, "%s: ", label);
    eq_carry_to(EQ_CARRY_LINE, text, stream);
    fputc('\n', stream);
}

/* "Values:" with the point's number before its first value, as ngspice writes them. */
static void write_ascii(const eq_result *r, FILE *stream) {
    fputs("Values:\n", stream);
    for (size_t j = 0; j < r->points; j++) {
        fprintf(stream, " %zu", j);
        for (size_t k = 0; k < r->variables; k++)
            fprintf(stream, "\t%.17g\n", r->value[j * r->variables + k]);
        fputc('\n', stream);
    }
}

static bool is_ascii(const char *name) {
    while (*name > ' ' && *name < 127) name++;
    return *name == '\0';
}

/* Its number, name and type. Not by printf: libquadmath, which CHOLMOD's LAPACK brings, registers
 * conversions of its own, and glibc then formats every call the slow way (2,000 instructions). */
static void write_variable(size_t number, const eq_variable *v, FILE *stream) {
    char digits[24], *first = digits + sizeof digits - 1;
    *first = '\0';
    do *--first = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    const char *const word[] = {"\t", first, "\t", v->name, "\t", v->type, "\n"};
    if (!is_ascii(v->name)) {
        fprintf(stream, "\t%s\t", first);
        eq_carry_to(EQ_CARRY_RAW, v->name, stream);
        fprintf(stream, "\t%s\n", v->type);
        return;
    }
    for (size_t k = 0; k < sizeof word / sizeof *word; k++)
        for (const char *c = word[k]; *c != '\0'; c++) putc_unlocked(*c, stream);
}

void eq_raw_write(const eq_result *r, bool ascii, FILE *stream) {
    write_line("Title", r->title, stream);
    write_line("Date", "", stream);
    write_line("Plotname", r->plot, stream);
    fprintf(stream, "Flags: real\nNo. Variables: %zu\nNo. Points: %zu\nVariables:\n", r->variables,
            r->points);
    for (size_t k = 0; k < r->variables; k++) write_variable(k, &r->variable[k], stream);
    if (ascii) {
        write_ascii(r, stream);
        return;
    }
    fputs("Binary:\n", stream);
    fwrite(r->value, sizeof *r->value, r->points * r->variables, stream);
}

/* The reader's place in the file. */
typedef struct cursor {
    const char *name, *at, *end;
    int line;
    eq_diag *diag;
} cursor;

static eq_status damaged(const cursor *s, const char *what) {
    return eq_fail_at(s->diag, EQ_ERR_INPUT, (eq_place){s->name, s->line, 0},
                      "this is no raw file that can be read: %s; write it again", what);
}

/* The next line without its end, NULL at the end of the file. */
static const char *next_line(cursor *s, size_t *length) {
    if (s->at >= s->end) return NULL;
    const char *start = s->at, *newline = memchr(start, '\n', (size_t)(s->end - start));
    s->at = newline == NULL ? s->end : newline + 1;
    s->line++;
    *length = (size_t)((newline == NULL ? s->end : newline) - start);
    if (*length > 0 && start[*length - 1] == '\r') (*length)--;
    return start;
}

/* What stands after "Label:" and blanks, NULL when the line has another label. */
static const char *field(const char *line, size_t length, const char *label, size_t *rest) {
    size_t n = strlen(label);
    if (length <= n || strncmp(line, label, n) != 0 || line[n] != ':') return NULL;
    for (n++; n < length && (line[n] == ' ' || line[n] == '\t');) n++;
    *rest = length - n;
    return line + n;
}

/* A number of variables or points; 0 when there is none. */
static size_t count_of(const char *text, size_t length) {
    size_t n = 0;
    for (size_t k = 0; k < length && text[k] >= '0' && text[k] <= '9'; k++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text[k] - '0', &n))
            return 0;
    return n;
}

/* The n-th word of a line, words parted by blanks. */
static const char *word(const char *line, size_t length, int n, size_t *size) {
    size_t i = 0;
    for (;; n--) {
        while (i < length && (line[i] == ' ' || line[i] == '\t')) i++;
        size_t start = i;
        while (i < length && line[i] != ' ' && line[i] != '\t') i++;
        if (i == start) return NULL;
        *size = i - start;
        if (n == 0) return line + start;
    }
}

static eq_status read_variables(cursor *s, eq_result *r, size_t variables) {
    for (size_t k = 0; k < variables; k++) {
        size_t length, n, t;
        const char *line = next_line(s, &length);
        const char *name = line == NULL ? NULL : word(line, length, 1, &n);
        const char *type = name == NULL ? NULL : word(line, length, 2, &t);
        if (type == NULL) return damaged(s, "the list of variables is too short");
        char *copy = eq_strndup(name, n);
        if (copy == NULL) return eq_out_of_memory(s->diag);
        bool current = t == 7 && memcmp(type, "current", 7) == 0;
        bool voltage = t == 7 && memcmp(type, "voltage", 7) == 0;
        eq_status status = eq_result_variable(r, copy,
                                              current   ? "current"
                                              : voltage ? "voltage"
                                                        : "notype",
                                              s->diag);
        eq_free(copy);
        if (status != EQ_OK) return status;
    }
    return EQ_OK;
}

/* True when more than blank lines is left. */
static bool more(cursor *s) {
    while (s->at < s->end && strchr(" \t\r\n", *s->at) != NULL) s->line += *s->at++ == '\n';
    return s->at < s->end;
}

/* Numbers parted by blanks; each point starts with its index. */
static eq_status read_ascii(cursor *s, eq_result *r, size_t points) {
    if (r->variables == 0) return damaged(s, "it lists no variables");
    double *value = eq_malloc(r->variables, sizeof *value);
    if (value == NULL) return eq_out_of_memory(s->diag);
    eq_status status = EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < points; j++) {
        for (size_t k = 0; status == EQ_OK && k <= r->variables; k++) {
            double x = 0.0;
            size_t n = !more(s) ? 0 : eq_parse_double(s->at, (size_t)(s->end - s->at), &x);
            if (n == 0) {
                s->line++; /* the line after those that were read whole */
                status = damaged(s, "a value is missing or is no real number");
            }
            s->at += n;
            if (k > 0) value[k - 1] = x;
        }
        if (status == EQ_OK) status = eq_result_point(r, value, s->diag);
    }
    eq_free(value);
    size_t length;
    if (status == EQ_OK) next_line(s, &length);
    return status;
}

static eq_status read_binary(cursor *s, eq_result *r, size_t points) {
    size_t row = r->variables * sizeof(double);
    if (row == 0 || points > (size_t)(s->end - s->at) / row)
        return damaged(s, "it ends before its last value");
    double *value = eq_malloc(r->variables, sizeof *value);
    eq_status status = value == NULL ? eq_out_of_memory(s->diag) : EQ_OK;
    for (size_t j = 0; status == EQ_OK && j < points; j++) {
        memcpy(value, s->at, row); /* not aligned in the file */
        s->at += row;
        status = eq_result_point(r, value, s->diag);
    }
    eq_free(value);
    return status;
}

static eq_status set_text(char **text, const char *from, size_t length, eq_diag *diag) {
    char *copy = eq_strndup(from, length);
    if (copy == NULL) return eq_out_of_memory(diag);
    eq_free(*text);
    *text = copy;
    return EQ_OK;
}

/* One plot: head lines in any order, then Variables, then Values or Binary. */
static eq_status read_plot(cursor *s, eq_result *r) {
    size_t length, n, variables = 0, points = 0;
    const char *line, *text;
    eq_status status = EQ_OK;
    while (status == EQ_OK && (line = next_line(s, &length)) != NULL) {
        if ((text = field(line, length, "Title", &n)))
            status = set_text(&r->title, text, n, s->diag);
        else if ((text = field(line, length, "Plotname", &n)))
            status = set_text(&r->plot, text, n, s->diag);
        else if ((text = field(line, length, "No. Variables", &n)))
            variables = count_of(text, n);
        else if ((text = field(line, length, "No. Points", &n)))
            points = count_of(text, n);
        else if ((text = field(line, length, "Flags", &n)) && n >= 7 &&
                 memcmp(text, "complex", 7) == 0)
            status = damaged(s, "its values are complex");
        else if (field(line, length, "Variables", &n))
            status = read_variables(s, r, variables);
        else if (field(line, length, "Values", &n))
            return read_ascii(s, r, points);
        else if (field(line, length, "Binary", &n))
            return read_binary(s, r, points);
    }
    return status == EQ_OK ? damaged(s, "it ends before its values") : status;
}

void eq_raw_free(eq_result **plots, size_t count) {
    for (size_t k = 0; k < count; k++) eq_result_free(plots[k]);
    eq_free(plots);
}

eq_status eq_raw_parse(const char *name, const char *data, size_t length, eq_result ***plots,
                       size_t *count, eq_diag *diag) {
    cursor s = {name, data, data + length, 0, diag};
    eq_result **list = NULL;
    size_t n = 0, cap = 0;
    eq_status status = length == 0 ? damaged(&s, "it is empty") : EQ_OK;
    while (status == EQ_OK && more(&s)) {
        eq_result *r = eq_result_new("", "");
        if (r == NULL || !eq_grow((void **)&list, &cap, n + 1, sizeof(eq_result *))) {
            eq_result_free(r);
            status = eq_out_of_memory(diag);
        } else {
            list[n++] = r;
            status = read_plot(&s, r);
        }
    }
    if (status != EQ_OK) {
        eq_raw_free(list, n);
        return status;
    }
    *plots = list;
    *count = n;
    return EQ_OK;
}

eq_status eq_raw_read(const char *path, eq_result ***plots, size_t *count, eq_diag *diag) {
    char *data;
    size_t length;
    eq_status status = eq_file_read(path, (eq_place){0}, &data, &length, diag);
    if (status != EQ_OK) return status;
    status = eq_raw_parse(path, data, length, plots, count, diag);
    eq_free(data);
    return status;
}
