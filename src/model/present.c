/* A minibatch of one on the sources of the circuit, for those who solve it otherwise. */
#include "circuit/topology.h"
#include "model/model.h"

/* Lets the source drive the current J into the node, whichever of its ends is there. */
static void drive(eq_circuit *c, eq_element source, eq_node node, double current) {
    if (source == EQ_NONE) return;
    eq_row r = c->row[source];
    bool from = c->table[r.cls].term[0][r.row] == node;
    *eq_circuit_source(c, source) = from ? -current : current;
}

static double scaled(const eq_circuit *c, const eq_topology *t, eq_node node, double nudge) {
    return t == NULL ? nudge : eq_topology_nudge_scale(t, c, node) * nudge;
}

eq_status eq_network_present(eq_network *n, const double *x, const double *current, eq_diag *diag) {
    eq_circuit *c = eq_network_circuit(n);
    eq_topology *t = NULL;
    eq_status status = current == NULL ? EQ_OK : eq_topology_check(c, &t, NULL);
    if (status == EQ_ERR_MEMORY) eq_out_of_memory(diag);
    if (status != EQ_OK) return status;
    for (size_t i = 0; i < c->inputs; i++) *eq_circuit_source(c, c->input[i]) = x[i];
    for (size_t k = 0; k < c->outputs; k++) {
        const eq_output *o = &c->output[k];
        double nudge = current == NULL ? 0.0 : current[k];
        drive(c, o->nudge_plus, o->plus, scaled(c, t, o->plus, nudge));
        drive(c, o->nudge_minus, o->minus, -scaled(c, t, o->minus, nudge));
    }
    eq_topology_free(t);
    return EQ_OK;
}
