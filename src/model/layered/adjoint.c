/* The adjoint in the layered engine. Its rows of KCL are weighted so that the Jacobian is symmetric,
 * so the adjoint is the response: a nudge -b dC/dy moves the free state by b d, where
 *
 *     S d_K = -B^T dC/dy,    d_E = diag(1/D_E) M d_K
 *
 * (B has +1 at the plus and -1 at the minus node of an output), and the gradient is the derivative
 * along d of what a phase contributes. Conjugate gradients in every lane, with products by M alone;
 * preconditioned by the factor of S, or where S is too large to form by its diagonal part D_K. */
#include <math.h>
#include <string.h>

#include "model/layered/layered.h"

/* sum over the kept nodes of a [kept][lda] b [kept][ldb], in every lane. */
static void dot(const eq_layered *e, const eq_work *w, const double *a, const double *b, size_t ldb,
                double *sum) {
    for (size_t n = 0; n < w->ld; n++) sum[n] = 0.0;
    for (size_t k = 0; k < e->net.kept; k++)
        for (size_t n = 0; n < w->ld; n++) sum[n] += a[k * w->ld + n] * b[k * ldb + n];
}

/* D_K and 1/D_E at the free state. */
static void slopes(const eq_layered *e, eq_work *w) {
    size_t ld = w->ld, ne = e->net.eliminated;
    double *f = w->check, *slope = f + ne * ld + 8, *size = slope + ne * ld + 8;
    eq_node_rows rows = eq_layered_rows(e, w, false, w->in);
    e->kernels->nodes_evaluate(&e->net.law[0], &rows, w->v[0], f, slope, size);
    for (size_t k = 0; k < ne * ld; k++) w->inverse[k] = 1.0 / slope[k];
    rows = eq_layered_rows(e, w, true, w->in + ne * ld);
    e->kernels->nodes_evaluate(&e->net.law[1], &rows, w->v[0] + ne * ld, w->f, w->slope, w->size);
}

/* r = -B^T dC/dy, the currents into the kept nodes. */
static void right_side(const eq_layered *e, const eq_work *w, const double *dcdy, double *r) {
    size_t ld = w->ld, outputs = e->net.c->outputs, first = e->net.eliminated;
    memset(r, 0, e->net.kept * ld * sizeof *r);
    for (size_t n = 0; n < w->n; n++)
        for (size_t k = 0; k < outputs; k++) {
            double slope = dcdy[(w->first + n) * outputs + k];
            r[((size_t)e->net.plus[k] - first) * ld + n] -= slope;
            if (e->net.minus[k] != EQ_NONE) r[((size_t)e->net.minus[k] - first) * ld + n] += slope;
        }
}

/* d_E = diag(1/D_E) M d_K. */
static void follow(const eq_layered *e, eq_work *w, const double *kept, size_t ldb,
                   double *eliminated) {
    eq_layered_to_eliminated(e, w, kept, ldb, eliminated);
    for (size_t k = 0; k < e->net.eliminated * w->ld; k++) eliminated[k] *= w->inverse[k];
}

/* q = S p. */
static void apply(const eq_layered *e, eq_work *w, const double *p, double *q) {
    size_t ld = w->ld;
    follow(e, w, p, w->wide, w->push);
    eq_layered_to_kept(e, w, w->push, q);
    for (size_t k = 0; k < e->net.kept; k++)
        for (size_t n = 0; n < ld; n++)
            q[k * ld + n] = w->slope[k * ld + n] * p[k * w->wide + n] - q[k * ld + n];
}

/* z = S^-1 r by the factor, or D_K^-1 r. */
static void precondition(const eq_layered *e, eq_work *w, const double *r, double *z) {
    size_t ld = w->ld, wide = w->wide;
    memset(z, 0, e->net.kept * wide * sizeof *z);
    for (size_t k = 0; k < e->net.kept; k++)
        for (size_t n = 0; n < ld; n++)
            z[k * wide + n] = e->sweeps ? r[k * ld + n] / w->slope[k * ld + n] : r[k * ld + n];
    if (!e->sweeps) e->kernels->cholesky_solve(e->net.kept, wide, w->factor, z);
}

/* d += alpha p, r -= alpha S p with alpha = r.z / p.Sp; 0 in a lane that is done. */
static void descend(const eq_layered *e, eq_work *w, const double *rz, double *d, double *r) {
    size_t ld = w->ld, wide = w->wide;
    double curvature[EQ_MOST_LANES], *q = w->f;
    apply(e, w, w->step, q);
    dot(e, w, q, w->step, wide, curvature);
    for (size_t n = 0; n < ld; n++) curvature[n] = curvature[n] > 0.0 ? rz[n] / curvature[n] : 0.0;
    for (size_t k = 0; k < e->net.kept; k++)
        for (size_t n = 0; n < ld; n++) {
            d[k * ld + n] += curvature[n] * w->step[k * wide + n];
            r[k * ld + n] -= curvature[n] * q[k * ld + n];
        }
}

/* How far the slowest lane still is: sqrt(r.z) over what it was. */
static double left(const eq_work *w, const double *rz, const double *start) {
    double worst = 0.0;
    for (size_t n = 0; n < w->n; n++) {
        double ratio = start[n] > 0.0 ? sqrt(fabs(rz[n]) / start[n]) : 0.0;
        if (!(ratio <= worst)) worst = ratio;
    }
    return worst;
}

void eq_layered_adjoint(const eq_layered *e, eq_work *w, const double *dcdy) {
    enum { TIMES = 20 }; /* the iterations that Newton's method may take */
    static const double enough = 1e-14;
    size_t ld = w->ld, wide = w->wide, nk = e->net.kept, first = e->net.eliminated * ld;
    double start[EQ_MOST_LANES], rz[EQ_MOST_LANES], before[EQ_MOST_LANES];
    double *d = w->v[EQ_ADJOINT] + first, *r = w->nudged, *z = w->descent + wide, *p = w->step;
    slopes(e, w);
    if (!e->sweeps) eq_layered_factor(e, w, NULL);
    right_side(e, w, dcdy, r);
    memset(d, 0, nk * ld * sizeof *d);
    precondition(e, w, r, z);
    memcpy(p, z, nk * wide * sizeof *p);
    dot(e, w, r, z, wide, rz);
    memcpy(start, rz, sizeof start);
    double ratio = left(w, rz, start);
    for (int count = 0; ratio > enough && count < TIMES * e->most_iterations; count++) {
        descend(e, w, rz, d, r);
        precondition(e, w, r, z);
        memcpy(before, rz, sizeof before);
        dot(e, w, r, z, wide, rz);
        for (size_t k = 0; k < nk; k++)
            for (size_t n = 0; n < ld; n++) {
                double turn = before[n] > 0.0 ? rz[n] / before[n] : 0.0;
                p[k * wide + n] = z[k * wide + n] + turn * p[k * wide + n];
            }
        ratio = left(w, rz, start);
    }
    w->failed = ratio <= enough ? 0.0 : ratio;
    follow(e, w, d, ld, w->v[EQ_ADJOINT]);
}
