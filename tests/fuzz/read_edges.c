#include "base/mem.h"
#include "fuzz/read.h"
#include "netlist/mesh.h"

/* The first byte says whether the list is one of any nodes, or of the rails of layers. */
void fuzz_edges(const uint8_t *data, size_t n) {
    eq_architecture a;
    eq_circuit *c = NULL;
    if (n == 0) return;
    eq_diag *diag = eq_diag_new();
    eq_architecture_kind(data[0] % 2 ? "nmos" : "graph", &a, diag);
    eq_architecture_layers("2,2,2", &a, diag);
    a.text[EQ_NET_EDGES] = eq_strdup(fuzz_file(0, data + 1, n - 1));
    a.text[EQ_NET_INPUTS] = eq_strdup("x1 x2");
    a.text[EQ_NET_OUTPUTS] = eq_strdup("y1p,y1m y");
    a.text[EQ_NET_RAILS] = eq_strdup("one=1");
    if (eq_architecture_circuit(&a, &c, diag) == EQ_OK) eq_circuit_free(c);
    eq_architecture_free(&a);
    eq_diag_free(diag);
}
