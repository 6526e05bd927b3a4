#include "fuzz/read.h"
#include "netlist/netlist.h"
#include "netlist/xml/circuit.h"

void fuzz_circuit(const uint8_t *data, size_t n) {
    eq_deck *d = NULL;
    eq_diag *diag = eq_diag_new();
    if (eq_xml_circuit_parse("fuzz.xml", (const char *)data, n, &d, diag) == EQ_OK) {
        eq_text text = {0};
        eq_deck_write(d, EQ_NGSPICE, NULL, &text, diag);
        eq_text_free(&text);
        eq_deck_free(d);
    }
    eq_diag_free(diag);
}
