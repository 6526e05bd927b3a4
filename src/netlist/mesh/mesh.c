#include "netlist/mesh.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "netlist/mesh/parts.h"
#include "netlist/netlist.h"

/* The elements that are made of sizes, three an edge at the most. */
static double elements(const eq_architecture *a) {
    double count = 0.0;
    if (a->kind == EQ_NET_GRID) return 3.0 * 2.0 * (double)a->rows * (double)a->columns;
    for (size_t l = 1; l < a->layers; l++)
        count += 3.0 * a->density * (double)(a->width[l - 1] + a->biases) * (double)a->width[l];
    return count;
}

static eq_status missing(const eq_architecture *a, const char *what, eq_diag *diag) {
    return eq_fail(diag, EQ_ERR_USAGE, "kind=\"%s\" needs %s", eq_architecture_kind_name(a->kind),
                   what);
}

static eq_status check_ranges(const eq_architecture *a, eq_diag *diag) {
    if (!(a->gmin >= 0.0 && a->gmax > a->gmin && a->gmax > 0.0 && isfinite(a->gmax)))
        return eq_fail(
            diag, EQ_ERR_USAGE,
            "gmin=%g and gmax=%g S are no bounds of a conductance; give 0 <= gmin < gmax", a->gmin,
            a->gmax);
    if (!(a->vmax > a->vmin && isfinite(a->vmax) && isfinite(a->vmin)))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "gate-min=%g and gate-max=%g V are no bounds of a gate; give gate-min < "
                       "gate-max",
                       a->vmin, a->vmax);
    if (!(a->density > 0.0 && a->density <= 1.0))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "density=%g is no part of the edges; give one above 0 and up to 1",
                       a->density);
    return EQ_OK;
}

static eq_status check_sizes(const eq_architecture *a, eq_diag *diag) {
    if (a->kind == EQ_NET_GRAPH) return EQ_OK;
    if (elements(a) > eq_max_elements)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "this network has %.3g elements, more than %g; use a smaller one",
                       elements(a), eq_max_elements);
    if (a->kind == EQ_NET_NMOS && a->differential && a->width[a->layers - 1] % 2 != 0)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "%zu output nodes cannot be paired; use an even number or single outputs",
                       a->width[a->layers - 1]);
    return EQ_OK;
}

static eq_status check(const eq_architecture *a, eq_diag *diag) {
    bool ends = a->text[EQ_NET_INPUTS] != NULL && a->text[EQ_NET_OUTPUTS] != NULL;
    const char *element = a->text[EQ_NET_ELEMENT];
    eq_mesh_kind kind;
    if (a->kind == EQ_NET_GRAPH && a->text[EQ_NET_EDGES] == NULL)
        return missing(a, "edges=\"FILE.csv\", a list with columns from and to", diag);
    if (a->kind == EQ_NET_GRID && (a->rows == 0 || a->columns == 0 || a->rows * a->columns < 2))
        return missing(a, "rows and columns, with two nodes at the least", diag);
    if (a->kind == EQ_NET_NMOS && a->layers < 2)
        return missing(a, "layers=\"INPUTS,RAILS\", as in layers=\"64,20\"", diag);
    if (a->kind != EQ_NET_NMOS && !ends)
        return missing(a,
                       "inputs and outputs, which name nodes: inputs=\"a b\" outputs=\"y1p,y1m "
                       "y2\"",
                       diag);
    if (element != NULL && !eq_mesh_kind_find(a, element, &kind))
        return eq_fail(diag, EQ_ERR_USAGE,
                       "element=\"%.40s\" is none that an edge can be; use resistor, "
                       "resistor-diode, nmos or pmos",
                       element);
    eq_status status = check_sizes(a, diag);
    return status == EQ_OK ? check_ranges(a, diag) : status;
}

eq_status eq_architecture_can_be(const eq_architecture *a, eq_diag *diag) {
    return eq_architecture_has_edges(a) ? check(a, diag) : eq_architecture_check(a, diag);
}

static eq_status build(eq_mesh *m) {
    const eq_architecture *a = m->a;
    eq_status status = eq_mesh_parameters(m);
    if (status == EQ_OK) status = eq_mesh_held_rails(m);
    if (status == EQ_OK && a->kind == EQ_NET_NMOS) status = eq_mesh_rails(m);
    if (status == EQ_OK && a->kind == EQ_NET_GRID) status = eq_mesh_grid(m);
    if (status == EQ_OK && a->kind == EQ_NET_GRAPH) status = eq_mesh_read(m, NULL);
    if (a->kind != EQ_NET_NMOS) {
        if (status == EQ_OK) status = eq_mesh_train(m, "");
        if (status == EQ_OK) status = eq_mesh_inputs(m);
        if (status == EQ_OK) status = eq_mesh_outputs(m);
    }
    if (status == EQ_OK) status = eq_mesh_loads(m);
    return status == EQ_OK ? eq_circuit_freeze(m->c, m->diag) : status;
}

/* "grid network 4 x 4", "nmos network 64-20", "graph of ring.csv" */
static eq_status set_title(eq_circuit *c, const eq_architecture *a, eq_diag *diag) {
    eq_text t = {0};
    const char *path = a->text[EQ_NET_EDGES], *slash = path == NULL ? NULL : strrchr(path, '/');
    if (a->kind == EQ_NET_GRAPH)
        eq_text_printf(&t, "graph of %s", slash == NULL ? path : slash + 1);
    if (a->kind == EQ_NET_GRID)
        eq_text_printf(&t, "%sgrid network %zu x %zu", a->periodic ? "periodic " : "", a->rows,
                       a->columns);
    if (a->kind == EQ_NET_NMOS) eq_text_puts(&t, "nmos network");
    for (size_t l = 0; a->kind == EQ_NET_NMOS && l < a->layers; l++)
        eq_text_printf(&t, "%c%zu", l == 0 ? ' ' : '-', a->width[l]);
    return eq_circuit_entitle(c, &t, diag);
}

static eq_status mesh(const eq_architecture *a, eq_circuit **out, eq_diag *diag) {
    static const char *const made_of[EQ_NETS] = {
        [EQ_NET_GRAPH] = "resistor", [EQ_NET_GRID] = "resistor", [EQ_NET_NMOS] = "nmos"};
    const char *element = a->text[EQ_NET_ELEMENT], *models = a->text[EQ_NET_MODELS];
    eq_status status = check(a, diag);
    if (status != EQ_OK) return status;
    eq_mesh m = {.a = a, .c = eq_circuit_new(), .random = eq_random_seed(a->seed), .diag = diag};
    eq_mesh_kind_find(a, element == NULL ? made_of[a->kind] : element, &m.kind);
    if (m.c == NULL) return eq_out_of_memory(diag);
    if (models != NULL) status = eq_models_read(models, EQ_NGSPICE, &m.models, diag);
    if (status == EQ_OK) status = set_title(m.c, a, diag);
    if (status == EQ_OK) status = build(&m);
    eq_circuit_free(m.models);
    eq_free(m.set);
    eq_free(m.node);
    if (status == EQ_OK)
        *out = m.c;
    else
        eq_circuit_free(m.c);
    return status;
}

eq_status eq_architecture_circuit(const eq_architecture *a, eq_circuit **out, eq_diag *diag) {
    return eq_architecture_has_edges(a) ? mesh(a, out, diag) : eq_architecture_build(a, out, diag);
}
