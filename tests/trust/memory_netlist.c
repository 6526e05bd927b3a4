/* Memory runs out while circuits are read, built and written. */
#include <string.h>

#include "base/file.h"
#include "circuit/architecture.h"
#include "circuit/crossbar.h"
#include "memory.h"
#include "netlist/netlist.h"
#include "support/program.h"

static eq_status circuit_of(const char *path, eq_diag *diag) {
    eq_circuit *c = NULL;
    eq_status status = eq_circuit_read(strchr(path, '/') == NULL ? in(path) : path, &c, diag);
    if (status == EQ_OK) eq_circuit_free(c);
    return status;
}

/* Messages about a bad deck need memory too. */
static eq_status read_bad(eq_diag *diag) {
    eq_status status = circuit_of("tests/bad/directive-nudge-count.cir", diag);
    return status == EQ_ERR_INPUT ? EQ_OK : status;
}

/* A deck for every dialect, each over an old file. */
static eq_status export(eq_diag *diag) {
    eq_deck *deck = NULL;
    eq_status status = eq_deck_read("netlists/series-resistance.cir", &deck, diag);
    for (int d = EQ_NGSPICE; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
        eq_text text = {0};
        status = eq_deck_write(deck, (eq_dialect)d, "a note", &text, diag);
        if (status == EQ_OK) status = eq_file_write(in("old"), text.text, text.length, diag);
        eq_text_free(&text);
    }
    eq_deck_free(deck);
    return status;
}

/* Names that the writers change, make up, mark and refuse. */
static eq_status write_names(eq_diag *diag) {
    static const char text[] =
        "<circuit title=\".include \303\251 \\\"><model name=\"1n\" class=\"diode\"/><model "
        "name=\"m_1n\" class=\"diode\"/><elements><vsource name=\"in\" a=\"a\" b=\"0\" dc=\"1\"/>"
        "<vcvs name=\"x\" a=\"b\" b=\"0\" c=\"a\" d=\"0\" gain=\"2\"/><cccs name=\"y\" a=\"0\" "
        "b=\"b_x\" control=\"x\" gain=\"2\"/><memristor name=\"w1\" a=\"b_x\" b=\"0\" g=\"1\" "
        "gmin=\"1e-3\" gmax=\"2\"/><resistor name=\"r\" a=\"b\" b=\"0\" r=\"1\"/><diode name=\"d\" "
        "a=\"b\" b=\"0\" model=\"1n\"/><diode name=\"q\" a=\"b\" b=\"0\" is=\"1e-9\"/></elements>"
        "<train match=\"w*\" gmin=\"1e-3\" gmax=\"2\"/></circuit>";
    eq_circuit *c = NULL;
    eq_status status = eq_circuit_parse("t.xml", text, sizeof text - 1, &c, diag);
    for (int d = EQ_NGSPICE; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
        eq_text out = {0};
        status = eq_deck_check_names(c, (eq_dialect)d, diag);
        if (status == EQ_OK) status = eq_circuit_write(c, (eq_dialect)d, NULL, &out, diag);
        eq_text_free(&out);
    }
    if (status == EQ_OK && eq_circuit_node(c, "q//z", 4) == EQ_NONE)
        status = eq_out_of_memory(diag);
    if (status == EQ_OK) {
        c->table[EQ_CLASS_resistor].term[0][0] = eq_circuit_find_node(c, "q//z");
        status = eq_deck_check_names(c, EQ_NGSPICE, diag);
        if (status == EQ_ERR_INPUT) status = EQ_OK;
    }
    eq_circuit_free(c);
    return status;
}

/* Read, written in every dialect that carries it, and read again from the XML. */
static eq_status there_and_back(const char *path, eq_diag *diag) {
    eq_deck *deck = NULL, *again = NULL;
    eq_text text = {0};
    eq_status status = eq_deck_read(path, &deck, diag);
    for (int d = EQ_NGSPICE; status == EQ_OK && d < EQ_DIALECT_COUNT; d++) {
        eq_text_clear(&text);
        status = eq_deck_write(deck, (eq_dialect)d, NULL, &text, diag);
        if (status == EQ_ERR_INPUT) status = EQ_OK; /* a dialect that cannot say it */
    }
    if (status == EQ_OK && text.length > 0)
        status = eq_deck_parse("again.xml", text.text, text.length, &again, diag);
    eq_text_free(&text);
    eq_deck_free(deck);
    eq_deck_free(again);
    return status;
}

static eq_status build(eq_diag *diag) {
    eq_architecture a;
    eq_circuit *c = NULL;
    eq_status status = eq_architecture_kind("kendall", &a, diag);
    if (status == EQ_OK) status = eq_architecture_layers("6,4,4", &a, diag);
    if (status == EQ_OK) status = eq_architecture_build(&a, &c, diag);
    if (status == EQ_OK) eq_circuit_free(c);
    return status;
}

static eq_status build_crossbar(eq_diag *diag) {
    eq_crossbar_options o = eq_crossbar_defaults();
    eq_circuit *c = NULL;
    o.rows = o.columns = 2;
    o.diodes = true;
    eq_status status = eq_crossbar_build(&o, &c, diag);
    if (status == EQ_OK) eq_circuit_free(c);
    return status;
}

const memory_scenario memory_of_netlists[] = {
    {"a deck with subcircuits", .of = circuit_of, .path = "netlists/subcircuit.cir"},
    {"a deck with controlled sources", .of = circuit_of, .path = "netlists/controlled.cir"},
    {"a deck with waveforms and warm formulas", .of = circuit_of, .path = "sources.cir"},
    {"a deck of LTspice in UTF-16", .of = circuit_of, .path = "legal.cir"},
    {"a network", .of = circuit_of, .path = "netlists/two-stage.cir"},
    {"a circuit in XML", .of = circuit_of, .path = "circuit.xml"},
    {"a bad deck", .run = read_bad},
    {"export", .run = export},
    {"names", .run = write_names},
    {"formulas", .of = there_and_back, .path = "tests/decks/formulas-in-subcircuits.cir"},
    {"polynomials", .of = there_and_back, .path = "tests/decks/polynomials.cir"},
    {"memristors there and back", .of = there_and_back, .path = "netlists/memristor-models.cir"},
    {"includes", .of = there_and_back, .path = "tests/decks/include.cir"},
    {"conditions", .of = there_and_back, .path = "tests/decks/conditional.cir"},
    {"multipliers", .of = there_and_back, .path = "tests/decks/multiplier.cir"},
    {"build", .run = build},
    {"a crossbar with wires", .run = build_crossbar},
    {.name = NULL},
};
