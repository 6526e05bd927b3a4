#include <string.h>

#include "cli/deck.h"
#include "cli/subject.h"
#include "netlist/netlist.h"

typedef struct export_options {
    const char *to, *phase, *file, *dialect;
    int sample;
} export_options;

static eq_status export(const char *path, const export_options *o, eq_diag *diag) {
    eq_dialect dialect;
    bool nudged = strcmp(o->phase, "nudged") == 0;
    if (!nudged && strcmp(o->phase, "free") != 0)
        return eq_fail(diag, EQ_ERR_USAGE, "there is no phase '%s'; use free or nudged", o->phase);
    if (o->to == NULL || !eq_dialect_find(o->to, &dialect))
        return eq_fail(diag, EQ_ERR_USAGE, "--to must be ngspice, xyce, ltspice, spectre or xml");
    eq_subject s;
    eq_text text = {0};
    char note[64];
    eq_status status = eq_subject_open(path, o->dialect, &s, diag);
    if (status == EQ_OK) status = eq_subject_sample(&s, o->sample, nudged, diag);
    snprintf(note, sizeof note, "%s phase, test sample %d", o->phase,
             o->sample < 0 ? 0 : o->sample);
    if (status == EQ_OK)
        status = s.deck != NULL ? eq_deck_write(s.deck, dialect, NULL, &text, diag)
                                : eq_circuit_write(s.circuit, dialect, note, &text, diag);
    if (status == EQ_OK) status = eq_write_text(o->file, &text, diag);
    eq_text_free(&text);
    eq_subject_close(&s);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    export_options o = {NULL, "free", NULL, NULL, -1};
    const eq_option table[] = {
        {"to", 0, EQ_OPTION_TEXT, &o.to, "DIALECT", "ngspice, xyce, ltspice, spectre or xml"},
        {"phase", 0, EQ_OPTION_TEXT, &o.phase, "PHASE", "free or nudged"},
        {"sample", 0, EQ_OPTION_INT, &o.sample, "K", "test sample on the inputs, from 0"},
        EQ_DIALECT_OPTION(&o.dialect),
        {"output", 'o', EQ_OPTION_TEXT, &o.file, "FILE", "write here instead of standard output"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_status status = export(path, &o, diag);
    return eq_finish(diag, status);
}

const eq_command eq_command_export = {"export", "DECK|DIR", "write a deck for another simulator",
                                      false, run};
