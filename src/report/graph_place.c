/* Where the nodes of a graph stand in a plane: least stress, sum over pairs of (|x_i - x_j| - d_ij)^2 / d_ij^2
 * with d_ij the number of edges between them (Kamada and Kawai 1989), by majorization one node at a
 * time (Gansner, Koren and North 2004). */
#include <math.h>

#include "base/limits.h"
#include "base/mem.h"
#include "report/graph.h"

enum { MOST_NODES = 1500, SWEEPS = 300 };

/* d[nodes][nodes] by breadth-first search; nodes that no path joins are one further than the farthest
 * that one does. */
static bool measure(size_t n, const eq_graph_edge *edge, size_t edges, double *d) {
    int32_t *next = eq_malloc(n, sizeof *next);
    double far = 0.0;
    for (size_t s = 0; next != NULL && s < n; s++) {
        double *to = d + s * n;
        for (size_t k = 0; k < n; k++) to[k] = k == s ? 0.0 : INFINITY;
        for (double step = 1.0, more = 1.0; more > 0.0; step++) {
            more = 0.0;
            for (size_t e = 0; e < edges; e++)
                for (int side = 0; side < 2; side++) {
                    int32_t a = side == 0 ? edge[e].from : edge[e].to,
                            b = side == 0 ? edge[e].to : edge[e].from;
                    if (to[a] != step - 1.0 || to[b] <= step) continue;
                    to[b] = step;
                    more = 1.0;
                    far = fmax(far, step);
                }
        }
    }
    for (size_t k = 0; k < n * n; k++)
        if (isinf(d[k])) d[k] = far + 1.0;
    eq_free(next);
    return next != NULL;
}

static size_t farthest(size_t n, const double *d, size_t from) {
    size_t best = from;
    for (size_t k = 0; k < n; k++)
        if (d[from * n + k] > d[from * n + best]) best = k;
    return best;
}

/* Along the longest way, and by the distance from the node that is farthest from both its ends. */
static void begin(size_t n, const double *d, double (*at)[2]) {
    size_t p = farthest(n, d, 0), q = farthest(n, d, p), r = 0;
    for (size_t k = 0; k < n; k++)
        if (fmin(d[p * n + k], d[q * n + k]) > fmin(d[p * n + r], d[q * n + r])) r = k;
    for (size_t k = 0; k < n; k++) {
        at[k][0] = 0.5 * (d[p * n + k] - d[q * n + k]) + 0.01 * sin((double)(7 * k));
        at[k][1] = d[r * n + k] + 0.01 * cos((double)(11 * k));
    }
}

static void move(size_t n, const double *d, size_t i, double (*at)[2]) {
    double sum[2] = {0.0, 0.0}, weights = 0.0;
    for (size_t j = 0; j < n; j++) {
        if (j == i) continue;
        double dx = at[i][0] - at[j][0], dy = at[i][1] - at[j][1];
        double long_ = fmax(hypot(dx, dy), 1e-9), w = 1.0 / (d[i * n + j] * d[i * n + j]);
        sum[0] += w * (at[j][0] + d[i * n + j] * dx / long_);
        sum[1] += w * (at[j][1] + d[i * n + j] * dy / long_);
        weights += w;
    }
    for (int k = 0; k < 2 && weights > 0.0; k++) at[i][k] = sum[k] / weights;
}

/* Turned so that what the edges carry flows to the right. */
static void turn(size_t n, const eq_graph_edge *edge, size_t edges, double (*at)[2]) {
    double flow[2] = {0.0, 0.0};
    for (size_t e = 0; e < edges; e++)
        for (int i = 0; i < 2; i++)
            flow[i] += edge[e].value * (at[edge[e].to][i] - at[edge[e].from][i]);
    double size = hypot(flow[0], flow[1]);
    if (!(size > 0.0)) return;
    for (size_t k = 0; k < n; k++) {
        double x = at[k][0], y = at[k][1];
        at[k][0] = (flow[0] * x + flow[1] * y) / size;
        at[k][1] = (flow[0] * y - flow[1] * x) / size;
    }
}

eq_status eq_graph_place(size_t nodes, const eq_graph_edge *edge, size_t edges, double (*at)[2],
                         eq_diag *diag) {
    if (nodes > MOST_NODES)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "a network of %zu nodes is too large to be drawn, which goes to %d; draw a "
                       "part of it",
                       nodes, MOST_NODES);
    double *d = eq_malloc(nodes * nodes + 1, sizeof *d);
    if (d == NULL || !measure(nodes, edge, edges, d)) {
        eq_free(d);
        return eq_out_of_memory(diag);
    }
    begin(nodes, d, at);
    for (int k = 0; k < SWEEPS; k++)
        for (size_t i = 0; i < nodes; i++) move(nodes, d, i, at);
    turn(nodes, edge, edges, at);
    eq_free(d);
    return EQ_OK;
}
