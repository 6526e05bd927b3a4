#include "base/mem.h"
#include "fuzz/read.h"
#include "model/elastic/elastic.h"
#include "model/hopfield/hopfield.h"

enum { FEW = 64 };

/* A free phase where the network is small. */
static void solve(eq_network *n, eq_diag *diag) {
    double x[FEW], y[FEW];
    bool few = eq_network_nodes(n) <= FEW && eq_network_inputs(n) <= FEW;
    for (size_t k = 0; k < FEW; k++) x[k] = 0.1 * (double)(k + 1);
    eq_engine_options o = {EQ_ENGINE_AUTO, 1, 1};
    if (few && eq_network_start(n, &o, diag) == EQ_OK) eq_network_free_phase(n, 1, x, y, diag);
    eq_network_free(n);
}

/* The first byte says which sigma. */
void fuzz_units(const uint8_t *data, size_t n) {
    eq_hopfield_options o = eq_hopfield_defaults();
    eq_network *net = NULL;
    if (n == 0) return;
    eq_diag *diag = eq_diag_new();
    o.steps = 100;
    o.sigma = eq_sigma_find(data[0] % 2 ? "tanh" : "hard-sigmoid");
    o.edges = eq_strdup(fuzz_file(0, data + 1, n - 1));
    o.inputs = eq_strdup("x1 x2");
    o.outputs = eq_strdup("y");
    if (eq_hopfield_new(&o, &net, diag) == EQ_OK) solve(net, diag);
    eq_hopfield_options_free(&o);
    eq_diag_free(diag);
}

/* The first byte is a fourth of the length of the list of nodes, odd: inputs are displacements. */
void fuzz_springs(const uint8_t *data, size_t n) {
    eq_elastic_options o = eq_elastic_defaults();
    eq_network *net = NULL;
    if (n == 0) return;
    size_t nodes = (size_t)data[0] * 4 < n - 1 ? (size_t)data[0] * 4 : n - 1;
    eq_diag *diag = eq_diag_new();
    o.steps = 20;
    o.displaced = data[0] % 2;
    o.nodes = eq_strdup(fuzz_file(0, data + 1, nodes));
    o.springs = eq_strdup(fuzz_file(1, data + 1 + nodes, n - 1 - nodes));
    o.inputs = eq_strdup("a.x");
    o.outputs = eq_strdup("b.x b.y");
    if (eq_elastic_new(&o, &net, diag) == EQ_OK) solve(net, diag);
    eq_elastic_options_free(&o);
    eq_diag_free(diag);
}
