#include "fuzz/read.h"
#include "netlist/netlist.h"

void fuzz_expression(const uint8_t *data, size_t n) {
    static const char head[] = "t\n.param a=2 b={a*3} p={", middle[] = "}\n.func f(x,y) {",
                      tail[] = "}\nv1 n 0 {p}\nr1 n 0 {f(a,b)}\n.end\n";
    eq_circuit *c = NULL;
    eq_text text = {0};
    eq_diag *diag = eq_diag_new();
    eq_text_puts(&text, head);
    eq_text_add(&text, (const char *)data, n);
    eq_text_puts(&text, middle);
    eq_text_add(&text, (const char *)data, n);
    eq_text_puts(&text, tail);
    if (eq_circuit_parse("fuzz.cir", text.text, text.length, &c, diag) == EQ_OK) eq_circuit_free(c);
    eq_text_free(&text);
    eq_diag_free(diag);
}
