/* What the nodes of a layered network hang on. J is the matrix of a network of positive
 * conductances, so it is regular where a chain of them, none of which is lost in the sum at its
 * node, leads from every free node to a fixed one. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/layered/layered.h"

/* What the sum of conductances at a node no longer holds. */
static double lost(const eq_layered *e, size_t node) {
    return 32.0 * DBL_EPSILON * (e->derived.fixed[node] + e->derived.coupled[node]);
}

/* A node that another one ties ties its neighbours in turn. */
static void spread(const eq_layered *e, bool *tied) {
    size_t first = e->net.eliminated, kept = e->net.kept;
    bool grows = true;
    while (grows) {
        grows = false;
        for (size_t h = 0; h < first; h++)
            for (size_t k = 0; k < kept; k++) {
                size_t a = first + k;
                double m = e->derived.m[h * kept + k];
                if (tied[h] == tied[a] || !(m > lost(e, tied[h] ? a : h))) continue;
                tied[h] = tied[a] = grows = true;
            }
    }
}

static bool all(const eq_layered *e, const bool *tied) {
    return memchr(tied, 0, e->net.nodes * sizeof *tied) == NULL;
}

/* Whether a diode at node j of its class conducts at v (NAN: at any v). */
static bool conducts(const eq_node_law *law, size_t j, double v) {
    size_t n = law->nodes;
    for (size_t s = 0; s < law->shockley; s++)
        if (law->is[s * n + j] != 0.0) return true;
    for (size_t s = 0; s < law->ideal; s++)
        if (law->extra[s * n + j] != 0.0 &&
            law->knee_sign[s * n + j] * (v - law->knee[s * n + j]) > 0.0)
            return true;
    return false;
}

static bool conducts_at(const eq_layered *e, size_t node, double v) {
    size_t first = e->net.eliminated;
    return node < first ? conducts(&e->net.law[0], node, v)
                        : conducts(&e->net.law[1], node - first, v);
}

void eq_layered_find_ties(eq_layered *e) {
    for (size_t j = 0; j < e->net.nodes; j++)
        e->tied[j] = (e->derived.fixed[j] > 0.0 && e->derived.fixed[j] > lost(e, j)) ||
                     conducts_at(e, j, NAN);
    spread(e, e->tied);
    e->hangs = !all(e, e->tied);
}

/* The nodes that nothing ties, by name. */
static eq_status report(const eq_layered *e, const bool *tied, eq_diag *diag) {
    enum { SHOWN = 8 };
    eq_text names = {0};
    int shown = 0;
    for (size_t j = 0; j < e->net.nodes && shown <= SHOWN; j++) {
        if (tied[j]) continue;
        const char *name = eq_circuit_node_name(e->net.c, e->net.node[j]);
        eq_text_printf(&names, "%s%s", shown == 0 ? "" : ", ", shown < SHOWN ? name : "...");
        shown++;
    }
    eq_status status =
        names.failed ? eq_out_of_memory(diag)
                     : eq_fail(diag, EQ_ERR_SINGULAR,
                               "the network has no unique steady state: no conductance leads from "
                               "node %s to a source; keep the gmin of its *%% train line above 0",
                               names.text);
    eq_text_free(&names);
    return status;
}

eq_status eq_layered_check_ties(eq_layered *e, const eq_work *w, const double *v, eq_diag *diag) {
    size_t nodes = e->net.nodes;
    bool *now = e->tied + nodes;
    for (size_t n = 0; e->hangs && n < w->n; n++) {
        for (size_t j = 0; j < nodes; j++)
            now[j] = e->tied[j] || conducts_at(e, j, v[j * w->ld + n]);
        spread(e, now);
        if (!all(e, now)) return report(e, now, diag);
    }
    return EQ_OK;
}
