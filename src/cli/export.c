#include <string.h>

#include "cli/deck.h"
#include "cli/subject.h"
#include "netlist/netlist.h"
#include "solver/switches.h"

typedef struct export_options {
    const char *to, *phase, *file, *dialect, *sample;
    bool training;
} export_options;

/* Puts what is asked for on a trained network, and says it in the note. */
static eq_status present(eq_subject *s, const export_options *o, bool nudged, char *note,
                         size_t length, eq_diag *diag) {
    bool training = o->training;
    size_t first, last;
    eq_status status = eq_subject_samples(s, o->sample, &training, &first, &last, diag);
    if (status == EQ_OK && first != last)
        status = eq_fail(diag, EQ_ERR_USAGE, "a deck holds one sample; give one, as in --sample 3");
    if (status == EQ_OK && (s->trained != NULL || nudged))
        status = eq_subject_sample(s, first, nudged, diag);
    snprintf(note, length, "%s phase, %s sample %zu", o->phase, training ? "training" : "test",
             first);
    return status;
}

/* Decks of other programs have the operating point alone. */
static void note_left_out(const eq_deck *d, const char *path, eq_diag *diag) {
    bool more = d->steps > 0 || d->measures > 0 || d->plan_lines > 0;
    for (size_t k = 0; k < d->analyses; k++)
        more |= !d->analysis[k].stands_in && d->analysis[k].type != EQ_ANALYSIS_OP;
    if (more)
        eq_note_at(diag, (eq_place){path, 0, 0},
                   "the operating point alone is written: sweeps, steps, .tf, .sens, measures and "
                   "commands are left out; add them there (--to xml has sweeps and steps)");
}

static eq_status export(const char *path, const export_options *o, eq_diag *diag) {
    eq_dialect dialect;
    bool nudged = strcmp(o->phase, "nudged") == 0;
    if (!nudged && strcmp(o->phase, "free") != 0)
        return eq_fail(diag, EQ_ERR_USAGE, "there is no phase '%s'; use free or nudged", o->phase);
    if (o->to == NULL || !eq_dialect_find(o->to, &dialect))
        return eq_fail(diag, EQ_ERR_USAGE, "--to must be ngspice, xyce, ltspice, spectre or xml");
    eq_subject s;
    eq_text text = {0};
    char note[80];
    eq_status status = eq_subject_open(path, o->dialect, &s, diag);
    if (status == EQ_OK) status = present(&s, o, nudged, note, sizeof note, diag);
    if (status == EQ_OK)
        status = s.deck != NULL ? eq_deck_write(s.deck, dialect, NULL, &text, diag)
                                : eq_circuit_write(s.circuit, dialect, note, &text, diag);
    if (status == EQ_OK && dialect != EQ_XML && s.deck != NULL) note_left_out(s.deck, path, diag);
    if (status == EQ_OK && dialect != EQ_XML && eq_switches_any(s.circuit))
        eq_note_at(
            diag, (eq_place){path, 0, 0},
            "switches with hysteresis are written with the threshold of the state that their "
            "line gives them: the other deck has no memory of its points");
    if (status == EQ_OK) status = eq_write_text(o->file, path, &text, diag);
    eq_text_free(&text);
    eq_subject_close(&s);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    export_options o = {.phase = "free"};
    const eq_option table[] = {
        {"to", 0, EQ_OPTION_TEXT, &o.to, "DIALECT", "ngspice, xyce, ltspice, spectre or xml"},
        {"phase", 0, EQ_OPTION_TEXT, &o.phase, "PHASE", "free or nudged"},
        {"sample", 0, EQ_OPTION_TEXT, &o.sample, "K", "test sample on the inputs, from 0"},
        {"train", 0, EQ_OPTION_FLAG, &o.training, NULL, "take the sample from the training set"},
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
