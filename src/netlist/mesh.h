/* Networks of elements that learn between named nodes: from a list of edges in a file, on a grid, or
 * between the rails of neighbouring layers. What an edge is made of, TAG standing for its name:
 *
 *   resistor        rTAG, trained by its conductance
 *   resistor-diode  rTAG from the first node to mTAG, dTAG from there to the second
 *   nmos, pmos      mTAG with its drain at the first node and its source at the second; its gate gTAG is held
 *                   by vgTAG, which is trained
 *   diode, ...      any other class of two terminals, which is not trained
 *
 * Tags are _17 for the edge in row 17 of a list (_NAME where it has a name), _h_2_3 and _v_2_3 for the edges
 * of node 2_3 of a grid to the right and down, and L_ROW_COLUMN between layers L - 1 and L, bL_BIAS_COLUMN
 * from a bias. What is not
 * trained has an f more (rf_17, vgf_17). A node that is held has a source vNODE, one with a load rl_NODE. */
#ifndef EQ_NETLIST_MESH_H
#define EQ_NETLIST_MESH_H

#include "circuit/architecture.h"

/* Builds and freezes the circuit of any architecture. */
eq_status eq_architecture_circuit(const eq_architecture *a, eq_circuit **out, eq_diag *diag);
/* What eq_architecture_check does, for any kind; files are not yet read. */
eq_status eq_architecture_can_be(const eq_architecture *a, eq_diag *diag);

#endif
