#include "fuzz/read.h"
#include "netlist/netlist.h"
#include "netlist/xml/circuit.h"

void fuzz_circuit(const uint8_t *data, size_t n) {
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    if (eq_xml_circuit_parse("fuzz.xml", (const char *)data, n, &c, diag) == EQ_OK) {
        eq_text text = {0};
        eq_deck_write(c, EQ_NGSPICE, NULL, &text, diag);
        eq_text_free(&text);
        eq_circuit_free(c);
    }
    eq_diag_free(diag);
}
