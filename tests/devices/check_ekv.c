/* EKV 2.6 against its published equations (Bucher, Lallement, Enz, Theodoloz, Krummenacher, "The
 * EPFL-EKV MOSFET Model Equations for Simulation", version 2.6, revision II, 1998), written out here
 * a second time in the order of the report, in long double and with the interpolation function
 * inverted by halving; its limits in closed form. Debian's ngspice has no EKV. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/compare.h"
#include "../support/program.h"
#include "../support/transistor.h"
#include "base/file.h"
#include "base/random.h"
#include "netlist/netlist.h"
#include "solver/solver_internal.h"

Suite *ekv_suite(void);

typedef long double real;

enum { D, G, S, B };
static const real per_kelvin = 0.025864917007157L / 300.15L; /* V/K, of ngspice's Vt(27 C) */

/* The parameters of the report by its names, and its default of each. */
typedef struct card {
    int type;
    real w, l, m, temp;
    real cox, xj, dw, dl, vto, gamma, phi, kp, e0, ucrit, lambda, weta, leta, q0, lk, iba, ibb, ibn;
    real tnom, tcv, bex, ucex, ibbt, theta, avto, akp, agamma;
} card;

static card default_card(int type) {
    return (card){.type = type,
                  .w = 1e-4,
                  .l = 1e-4,
                  .m = 1.0,
                  .temp = 27.0,
                  .cox = 0.7e-3L,
                  .xj = 0.1e-6L,
                  .vto = type * 0.5,
                  .gamma = 1.0,
                  .phi = 0.7L,
                  .kp = 50e-6L,
                  .e0 = 1e12,
                  .ucrit = 2e6,
                  .lambda = 0.5,
                  .weta = 0.25,
                  .leta = 0.1L,
                  .lk = 0.29e-6L,
                  .ibb = 3e8,
                  .ibn = 1.0,
                  .tnom = 27.0,
                  .tcv = type * 1e-3L,
                  .bex = -1.5,
                  .ucex = 0.8L,
                  .ibbt = 9e-4L};
}

/* The same by name, and by how much a random card may move it. */
static const struct {
    const char *name;
    size_t at;
    double low, high;
} words[] = {
    {"cox", offsetof(card, cox), 1e-3, 5e-3},     {"xj", offsetof(card, xj), 5e-8, 3e-7},
    {"dw", offsetof(card, dw), -5e-8, 1e-8},      {"dl", offsetof(card, dl), -5e-8, 1e-8},
    {"vto", offsetof(card, vto), 0.3, 0.9},       {"gamma", offsetof(card, gamma), 0.3, 1.1},
    {"phi", offsetof(card, phi), 0.5, 1.1},       {"kp", offsetof(card, kp), 2e-5, 2e-4},
    {"e0", offsetof(card, e0), 3e7, 3e8},         {"ucrit", offsetof(card, ucrit), 1e6, 2e7},
    {"lambda", offsetof(card, lambda), 0.1, 1.2}, {"weta", offsetof(card, weta), 0.0, 0.4},
    {"leta", offsetof(card, leta), 0.0, 0.5},     {"q0", offsetof(card, q0), 0.0, 4e-4},
    {"lk", offsetof(card, lk), 2e-7, 7e-7},       {"iba", offsetof(card, iba), 1e7, 5e8},
    {"ibb", offsetof(card, ibb), 1e8, 4e8},       {"ibn", offsetof(card, ibn), 0.6, 1.1},
    {"tnom", offsetof(card, tnom), 15, 40},       {"tcv", offsetof(card, tcv), 5e-4, 2e-3},
    {"bex", offsetof(card, bex), -2.0, -1.0},     {"ucex", offsetof(card, ucex), 0.5, 2.0},
    {"ibbt", offsetof(card, ibbt), 0.0, 1e-3},    {"avto", offsetof(card, avto), -1e-8, 1e-8},
    {"akp", offsetof(card, akp), -3e-8, 3e-8},    {"agamma", offsetof(card, agamma), -1e-8, 1e-8},
};
enum { WORDS = sizeof words / sizeof *words };

/* i of v = 2 (root - 1/2) + ln(root - 1/2), root^2 = 1/4 + i (eq. 43). */
static real F(real v) {
    real low = fminl(v - 2.0L, 0.0L) - 1.0L, high = fmaxl(v, 1.0L); /* of ln(root - 1/2) */
    if (v < -11000.0L) return 0.0L;
    for (int k = 0; k < 200; k++) {
        real middle = 0.5L * (low + high);
        if (2.0L * expl(middle) + middle < v)
            low = middle;
        else
            high = middle;
    }
    real y = expl(low);
    return y * y + y;
}

static real gap(real t) {
    return 1.16L - 0.000702L * t * t / (t + 1108.0L);
}

typedef struct currents {
    real ids, idb;
    bool on;         /* the gate is above flat band */
    real qd, qs, qb; /* C, of the ends and the bulk */
} currents;

/* Eqs. 18 to 78 of an n channel at vd >= vs, all from the bulk. */
static currents report(const card *c, real vg, real vd, real vs) {
    const real eps = 104.5e-12L;
    real t = c->temp + 273.15L, tnom = c->tnom + 273.15L, ut = per_kelvin * t, type = c->type;
    real weff = c->w + c->dw, leff = c->l + c->dl, area = sqrtl(c->m * weff * leff);
    real vto = type * (c->vto - c->tcv * (t - tnom) + c->avto / area);
    real kp = c->kp * powl(t / tnom, c->bex) * (1.0L + c->akp / area);
    real ucrit = c->ucrit * powl(t / tnom, c->ucex), gamma = c->gamma + c->agamma / area;
    real phi = c->phi * t / tnom - 3.0L * ut * logl(t / tnom) - gap(tnom) * t / tnom + gap(t);
    real ibb = c->ibb * (1.0L + c->ibbt * (t - tnom));
    real xi = 0.028L * (10.0L * leff / c->lk - 1.0L), ce = 4.0L * 22e-3L * 22e-3L;
    real rsce = 1.0L + 0.5L * (xi + sqrtl(xi * xi + ce));
    real vrsce = 2.0L * c->q0 / c->cox / (rsce * rsce);
    real vgp = vg - vto - vrsce + phi + gamma * sqrtl(phi);
    bool on = vgp > 0.0L;
    real vp0 = on ? vgp - phi - gamma * (sqrtl(vgp + gamma * gamma / 4.0L) - gamma / 2.0L) : -phi;
    real vsp = 0.5L * (vs + phi + sqrtl((vs + phi) * (vs + phi) + 16.0L * ut * ut));
    real vdp = 0.5L * (vd + phi + sqrtl((vd + phi) * (vd + phi) + 16.0L * ut * ut));
    real go = gamma - eps / c->cox *
                          (c->leta / leff * (sqrtl(vsp) + sqrtl(vdp)) -
                           3.0L * c->weta / weff * sqrtl(fmaxl(vp0 + phi, 0.0L)));
    real gp = 0.5L * (go + sqrtl(go * go + 0.1L * ut));
    real vp = on ? vgp - phi - gp * (sqrtl(vgp + gp * gp / 4.0L) - gp / 2.0L) : -phi;
    real n = 1.0L + gamma / (2.0L * sqrtl(vp + phi + 4.0L * ut));
    real i_f = F((vp - vs) / ut), root = sqrtl(i_f), vc = ucrit * leff;
    real vdss = vc * (sqrtl(0.25L + ut / vc * root) - 0.5L);
    real vdssp = vc * (sqrtl(0.25L + ut / vc * (root - 0.75L * logl(i_f))) - 0.5L) +
                 ut * (logl(vc / (2.0L * ut)) - 0.6L);
    real dv = 4.0L * ut * sqrtl(c->lambda * (root - vdss / ut) + 1.0L / 64.0L);
    real vds = 0.5L * (vd - vs);
    real vip = sqrtl(vdss * vdss + dv * dv) - sqrtl((vds - vdss) * (vds - vdss) + dv * dv);
    real lc = sqrtl(eps / c->cox * c->xj);
    real dl = c->lambda * lc * logl(1.0L + (vds - vip) / (lc * ucrit));
    real lp = leff - dl + (vds + vip) / ucrit, lmin = leff / 10.0L;
    real leq = 0.5L * (lp + sqrtl(lp * lp + lmin * lmin));
    real irp = F((vp - vds - vs - sqrtl(vdssp * vdssp + dv * dv) +
                  sqrtl((vds - vdssp) * (vds - vdssp) + dv * dv)) /
                 ut);
    real ir = F((vp - vd) / ut), beta = kp * c->m * weff / leq;
    real xf = sqrtl(0.25L + i_f), xr = sqrtl(0.25L + ir), both = (xf + xr) * (xf + xr);
    real nq = 1.0L + gamma / (2.0L * sqrtl(vp + phi + 1e-6L));
    real qi = -nq * (4.0L / 3.0L * (xf * xf + xf * xr + xr * xr) / (xf + xr) - 1.0L);
    real qb =
        (on ? -gamma * sqrtl(vp + phi + 1e-6L) : -vgp) / ut - (on ? (nq - 1.0L) / nq * qi : 0.0L);
    if (c->e0 == 0.0L) {
        beta /= 1.0L + c->theta * 0.5L * (vp + sqrtl(vp * vp + 2.0L * ut * ut));
    } else {
        real eta = c->type > 0 ? 0.5L : 1.0L / 3.0L;
        beta *= 1.0L + c->cox / (c->e0 * eps) * gamma * sqrtl(phi);
        beta /= 1.0L + c->cox / (c->e0 * eps) * ut * fabsl(qb + eta * qi);
    }
    currents i = {.ids = 2.0L * n * beta * ut * ut * (i_f - irp), .on = on};
    real oxide = c->cox * c->m * weff * leff * ut;
    real cubic_d = 3 * xr * xr * xr + 6 * xr * xr * xf + 4 * xr * xf * xf + 2 * xf * xf * xf;
    real cubic_s = 3 * xf * xf * xf + 6 * xf * xf * xr + 4 * xf * xr * xr + 2 * xr * xr * xr;
    i.qd = -oxide * nq * (4.0L / 15.0L * cubic_d / both - 0.5L);
    i.qs = -oxide * nq * (4.0L / 15.0L * cubic_s / both - 0.5L);
    i.qb = oxide * qb;
    real vib = vd - vs - c->ibn * 2.0L * vdss;
    if (vib > 0.0L) i.idb = i.ids * c->iba / ibb * vib * expl(-ibb * lc / vib);
    return i;
}

/* Of either kind and direction: into the terminals, without junctions. */
static bool report_terminals(const card *c, const double *z, real *i) {
    real t = c->type, vb = z[B], vg = t * (z[G] - vb), vd = t * (z[D] - vb), vs = t * (z[S] - vb);
    bool forward = vd >= vs;
    currents x = report(c, vg, fmaxl(vd, vs), fminl(vd, vs));
    i[forward ? D : S] = t * (x.ids + x.idb);
    i[forward ? S : D] = -t * x.ids;
    i[B] = -t * x.idb;
    return x.on;
}

/* A transistor as the reader makes it; and what flows there. */
static eq_circuit *read_card(const char *model, const char *line) {
    eq_text t = {0};
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    eq_text_printf(&t,
                   "t\nVd d 0 1\nVg g 0 1\nVs s 0 0\nVb b 0 0\nM1 d g s b mm %s\n.model mm %s\n"
                   ".options gmin=0\n.op\n.end\n",
                   line, model);
    eq_status status = eq_circuit_parse("t", t.text, t.length, &c, diag);
    ck_assert_msg(status == EQ_OK, "%s\n%s", eq_diag_count(diag) ? eq_diag_get(diag, 0)->text : "",
                  t.text);
    eq_diag_free(diag);
    eq_text_free(&t);
    return c;
}

typedef struct answer {
    double i[4], g[16];
} answer;

static answer flows(eq_circuit *c, const double *z) {
    answer a;
    eq_row r = c->row[eq_circuit_find_element(c, "m1")];
    eq_table *t = &c->table[r.cls];
    double *w[EQ_MAX_COLUMNS], *i[4], *g[16];
    const double *at[4];
    for (int k = 0; k < t->cls->columns; k++) w[k] = &t->w[k][r.row];
    for (int k = 0; k < 4; k++) at[k] = &z[k], i[k] = &a.i[k];
    for (int k = 0; k < 16; k++) g[k] = &a.g[k];
    t->cls->port(1, w, at, NULL, i, g);
    return a;
}

/* A card of random parameters, as text, too; which of them stand there changes. */
static card random_card(eq_random *r, int type, eq_text *model, eq_text *line) {
    card c = default_card(type);
    eq_text_printf(model, "%cmos(level=44 is=0", type > 0 ? 'n' : 'p');
    for (size_t k = 0; k < WORDS; k++) {
        bool sign = strcmp(words[k].name, "vto") == 0 || strcmp(words[k].name, "tcv") == 0;
        if (eq_random_below(r, 3) == 0) continue;
        double x = words[k].low + (words[k].high - words[k].low) * eq_random_uniform(r);
        if (sign) x *= type;
        *(real *)(void *)((char *)&c + words[k].at) = x;
        eq_text_printf(model, " %s=%.17g", words[k].name, x);
    }
    if (eq_random_below(r, 3) == 0) { /* the simple mobility */
        double theta = 0.3 * eq_random_uniform(r);
        bool off = c.e0 != 1e12L;
        c.theta = theta;
        eq_text_printf(model, " theta=%.17g", theta);
        if (!off) c.e0 = 0.0;
    }
    double w = 1e-6 * (0.8 + 20.0 * eq_random_uniform(r)), l = 1e-6 * (0.3 + eq_random_uniform(r));
    double temp = -40.0 + 140.0 * eq_random_uniform(r);
    unsigned m = 1 + (unsigned)eq_random_below(r, 3);
    c.w = w, c.l = l, c.temp = temp, c.m = m;
    eq_text_puts(model, ")");
    eq_text_printf(line, "w=%.17g l=%.17g m=%u temp=%.17g", w, l, m, temp);
    return c;
}

/* 300 random cards at 40 biases each, n and p channel, both directions, from deep below threshold to
 * strong inversion, in accumulation, too. */
START_TEST(currents_are_those_of_the_report) {
    eq_random r = eq_random_seed(41);
    double worst = 0.0;
    for (int k = 0; k < 300; k++) {
        eq_text model = {0}, line = {0};
        int type = k % 2 == 0 ? 1 : -1;
        card c = random_card(&r, type, &model, &line);
        eq_circuit *circuit = read_card(model.text, line.text);
        for (int p = 0; p < 40; p++) {
            double z[4], u = type;
            z[B] = 2.0 * eq_random_uniform(&r) - 1.0;
            z[D] = z[B] + u * 3.3 * eq_random_uniform(&r);
            z[S] = z[B] + u * 2.0 * eq_random_uniform(&r);
            z[G] = z[B] + u * (4.0 * eq_random_uniform(&r) - 0.6);
            if (p % 8 == 0) z[S] = z[D] + 1e-6; /* nearly no drop */
            real want[4] = {0};
            bool on = report_terminals(&c, z, want);
            answer a = flows(circuit, z);
            for (int n = 0; n < 4; n++) {
                double off = fabs((double)(a.i[n] - want[n]));
                /* at flat band the report's mobility jumps by what 1e-6 V beside phi makes, ours not */
                double bound = (on ? 1e-10 : 1e-3) * fabs((double)want[n]) + 1e-26;
                if (on) worst = fmax(worst, off / bound);
                ck_assert_msg(off <= bound,
                              "terminal %d: %.17g, report %.17Lg\nd %g g %g s %g b %g\n%s %s", n,
                              a.i[n], want[n], z[D], z[G], z[S], z[B], model.text, line.text);
            }
        }
        eq_circuit_free(circuit);
        eq_text_free(&model);
        eq_text_free(&line);
    }
    printf("  EKV 2.6: 12,000 biases within %.1e of the report\n", 1e-10 * worst);
}
END_TEST

static double drain(eq_circuit *c, double d, double g, double s, double b) {
    return flows(c, (double[]){d, g, s, b}).i[D];
}

/* Of phi + VP of a channel with gamma 0.7, phi 0.8 and vto 0.6, whose body effect the report takes as
 * (gamma + root(gamma^2 + ut/10))/2. */
static double pinch_root(double vg, double ut) {
    double gamma = 0.5 * (0.7 + sqrt(0.49 + 0.1 * ut));
    return sqrt(vg - 0.6 + 0.8 + 0.7 * sqrt(0.8) + 0.25 * gamma * gamma) - 0.5 * gamma;
}

/* kp, and w/l as the report has it of a long channel: its length is at least a tenth, smoothly. */
static double long_beta(void) {
    return 1e-4 * 2.0 / (1.0 + sqrt(1.01));
}

/* Charges and their slopes. */
typedef struct stores {
    double q[4], c[16];
} stores;

static stores stored(eq_circuit *c, const double *z) {
    stores s;
    eq_row r = c->row[eq_circuit_find_element(c, "m1")];
    eq_table *t = &c->table[r.cls];
    ck_assert(t->cls->charges(t->w, (size_t)r.row, z, s.q, s.c));
    return s;
}

/* 200 random cards at 40 biases each, both kinds and directions; below flat band the report drops what
 * 1e-6 V beside phi makes. */
START_TEST(charges_are_those_of_the_report) {
    eq_random r = eq_random_seed(53);
    for (int k = 0; k < 200; k++) {
        eq_text model = {0}, line = {0};
        int type = k % 2 == 0 ? 1 : -1;
        card c = random_card(&r, type, &model, &line);
        eq_circuit *circuit = read_card(model.text, line.text);
        real whole = c.cox * c.m * (c.w + c.dw) * (c.l + c.dl);
        for (int p = 0; p < 40; p++) {
            double z[4], u = type;
            z[B] = 2.0 * eq_random_uniform(&r) - 1.0;
            for (int a = 0; a < 3; a++)
                z[a] = z[B] + u * ((a == G ? 5.0 : 2.5) * eq_random_uniform(&r) - (a == G));
            bool forward = u * z[D] >= u * z[S];
            int high = forward ? D : S, low = forward ? S : D;
            currents x = report(&c, u * (z[G] - z[B]), u * (z[high] - z[B]), u * (z[low] - z[B]));
            real want[4] = {[B] = x.qb, [G] = -x.qb - x.qd - x.qs};
            want[high] = x.qd, want[low] = x.qs;
            stores s = stored(circuit, z);
            for (int n = 0; n < 4; n++)
                ck_assert_msg(
                    fabs((double)(s.q[n] - u * want[n])) <=
                        (double)(1e-10L * fabsl(want[n]) + (x.on ? 1e-18L : 2e-3L) * whole),
                    "terminal %d: %.17g, report %.17Lg\n%s %s", n, s.q[n], u * want[n], model.text,
                    line.text);
        }
        eq_circuit_free(circuit);
        eq_text_free(&model);
        eq_text_free(&line);
    }
}
END_TEST

static const char layered[] =
    "cgso=1n cgdo=2n cgbo=3n cj=1m cjsw=2n mj=0.4 mjsw=0.2 pb=0.7 fc=0.4)";

/* C = dq/dv in every direction; what one terminal takes up the others give, and only drops count. */
START_TEST(capacitances_are_slopes_of_charges) {
    eq_random r = eq_random_seed(59);
    for (int k = 0; k < 100; k++) {
        eq_text model = {0}, line = {0};
        int type = k % 2 == 0 ? 1 : -1;
        random_card(&r, type, &model, &line);
        model.text[model.length - 1] = ' ', eq_text_puts(&model, layered);
        eq_text_puts(&line, " ad=5p as=8p pd=4u ps=6u");
        eq_circuit *c = read_card(model.text, line.text);
        double z[4], h = 2e-4, scale = 0.0;
        for (int a = 0; a < 4; a++) z[a] = type * (a == B ? 0.5 : 2.0 * eq_random_uniform(&r));
        z[G] += type * (k % 5 == 0 ? -1.5 : 0.5);
        stores here = stored(c, z);
        for (int n = 0; n < 16; n++) scale = fmax(scale, fabs(here.c[n]));
        for (int b = 0; b < 4; b++) {
            stores at[4];
            double row = 0.0, column = 0.0;
            for (int s = 0; s < 4; s++) {
                double moved[4];
                memcpy(moved, z, sizeof z);
                moved[b] += h * (s < 2 ? s - 2 : s - 1);
                at[s] = stored(c, moved);
                row += here.c[b * 4 + s];
                column += here.c[s * 4 + b];
            }
            ck_assert_double_le(fmax(fabs(row), fabs(column)), 1e-14 * scale);
            for (int a = 0; a < 4; a++) {
                double d = (at[0].q[a] - 8 * at[1].q[a] + 8 * at[2].q[a] - at[3].q[a]) / (12 * h);
                ck_assert_msg(fabs(d - here.c[a * 4 + b]) <= 1e-7 * scale, "%d by %d: %g %g\n%s %s",
                              a, b, d, here.c[a * 4 + b], model.text, line.text);
            }
        }
        ck_assert_double_le(fabs(here.q[0] + here.q[1] + here.q[2] + here.q[3]), 1e-14 * scale);
        eq_circuit_free(c);
        eq_text_free(&model);
        eq_text_free(&line);
    }
}
END_TEST

static const char plain[] = /* a long, wide channel without short-channel effects */
    "nmos(level=44 is=0 vto=0.6 gamma=0.7 phi=0.8 kp=100u lambda=0 leta=0 weta=0 ucrit=1e30 "
    "e0=1e30)";

/* Below threshold ID grows by e in n Ut of the gate, n = 1 + gamma/(2 root(phi + VP)), and by e in Ut
 * of the source; saturated there within a few Ut, ID falls to 1 - exp(-VDS/Ut) of it. */
START_TEST(weak_inversion_is_exponential) {
    eq_circuit *c = read_card(plain, "w=10u l=10u");
    double ut = (double)per_kelvin * 300.15, h = 1e-4;
    for (double vg = 0.0; vg < 0.25; vg += 0.05) {
        double rise = log(drain(c, 1, vg + h, 0, 0) / drain(c, 1, vg - h, 0, 0)) / (2 * h);
        double root = pinch_root(vg, ut); /* of phi + VP */
        double gamma = 0.5 * (0.7 + sqrt(0.49 + 0.1 * ut));
        double nv = 1.0 + gamma / (2.0 * root), vp = root * root - 0.8;
        /* beside it the slope factor of the specific current changes a little */
        double n = 1.0 + 0.7 / (2.0 * sqrt(root * root + 4 * ut));
        double factor = -0.7 / 4.0 * pow(root * root + 4 * ut, -1.5) / n / nv;
        double y = exp(vp / ut); /* i_f = y + y^2 of 2 y + ln y = vp/ut */
        for (int k = 0; k < 50; k++) y = exp(vp / ut - 2 * y);
        double expected = 1.0 / ((1.0 + y) * nv * ut) + factor;
        ck_assert_double_eq_tol(rise, expected, 1e-6 * expected);
    }
    double all = drain(c, 1, 0.2, 0, 0);
    for (double vds = 0.25 * ut; vds < 4 * ut; vds += 0.5 * ut)
        ck_assert_double_eq_tol(drain(c, vds, 0.2, 0, 0) / all, -expm1(-vds / ut), 2e-4);
    double by_source = log(drain(c, 1, 0.2, 0.1, 0) / all);
    ck_assert_double_eq_tol(by_source, -0.1 / ut, 1e-3);
    eq_circuit_free(c);
}
END_TEST

/* Far above: n beta/2 ((VP - VS)^2 - (VP - VD)^2), saturated n beta/2 (VP - VS)^2; near 0 K the
 * interpolation is no more than that. */
START_TEST(strong_inversion_is_the_square_law) {
    static const char cold[] =
        "nmos(level=44 is=0 vto=0.6 gamma=0.7 phi=0.8 kp=100u lambda=0 leta=0 "
        "weta=0 ucrit=1e30 e0=1e30 tnom=-272.15)";
    eq_circuit *c = read_card(cold, "w=10u l=10u temp=-272.15");
    double ut = (double)per_kelvin;
    for (double vg = 1.5; vg < 4.0; vg += 0.5)
        for (double vd = 0.1; vd < 3.0; vd += 0.3) {
            double root = pinch_root(vg, ut);
            double vp = root * root - 0.8, n = 1.0 + 0.7 / (2.0 * root);
            double left = fmax(vp - 0.1, 0.0), right = fmax(vp - 0.1 - vd, 0.0);
            double square = 0.5 * n * long_beta() * (left * left - right * right);
            ck_assert_double_eq_tol(drain(c, 0.1 + vd, vg, 0.1, 0), square, 5e-3 * square);
        }
    eq_circuit_free(c);
}
END_TEST

static double near(double want, double share) {
    return share * fabs(want);
}

/* Of the oxide C = cox W L of m transistors: all of it is seen below flat band and, without a drop, far
 * above threshold; saturated 2/3 by the source, none by the drain, and of the third that is left
 * (n-1)/n by the bulk, n = 1 + gamma/(2 root(phi + VP)); of the carriers 2/5 are the drain's.
 * Below threshold the gate sees (n-1)/n, all of it at the bulk. */
START_TEST(capacitances_have_their_limits) {
    static const char cold[] =
        "nmos(level=44 is=0 vto=0.6 gamma=0.7 phi=0.8 cox=2m lambda=0 leta=0 "
        "weta=0 ucrit=1e30 tnom=-272.15 dw=1u dl=-1u)";
    eq_circuit *c = read_card(cold, "w=9u l=11u m=3 temp=-272.15");
    double all = 3 * 2e-3 * 10e-6 * 10e-6, ut = (double)per_kelvin;
    double off[] = {0.5, -2.0, 0.2, 0.0}, open[] = {0.1, 3.5, 0.1, 0.0},
           sat[] = {3.5, 2.5, 0.1, 0.0};
    stores s = stored(c, off);
    ck_assert_double_eq_tol(s.c[G * 4 + G], all, near(all, 1e-12));
    ck_assert_double_eq_tol(s.c[G * 4 + B], -all, near(all, 1e-12));
    s = stored(c, open);
    ck_assert_double_eq_tol(s.c[G * 4 + G], all, near(all, 1e-3));
    ck_assert_double_eq_tol(-s.c[G * 4 + S], 0.5 * all, near(all, 1e-3));
    ck_assert_double_eq_tol(s.c[G * 4 + S], s.c[G * 4 + D], near(all, 1e-12));
    s = stored(c, sat);
    double root = pinch_root(2.5, ut), n = 1.0 + 0.7 / (2.0 * root);
    ck_assert_double_eq_tol(-s.c[G * 4 + S], 2.0 / 3.0 * all, near(all, 1e-3));
    ck_assert_double_eq_tol(-s.c[G * 4 + D], 0.0, near(all, 1e-3));
    ck_assert_double_eq_tol(-s.c[G * 4 + B], (n - 1.0) / n / 3.0 * all, near(all, 2e-3));
    ck_assert_double_eq_tol(s.q[D] / (s.q[D] + s.q[S]), 0.4, 1e-3);
    double charge = -2.0 / 3.0 * n * (root * root - 0.8 - 0.1) * all;
    ck_assert_double_eq_tol(s.q[D] + s.q[S], charge, near(charge, 1e-3));
    eq_circuit_free(c);
    c = read_card(plain, "w=10u l=10u");
    double weak[] = {1.0, 0.0, 0.0, 0.0}, whole = 0.7e-3 * 1e-10;
    s = stored(c, weak);
    root = pinch_root(0.0, (double)per_kelvin * 300.15), n = 1.0 + 0.7 / (2.0 * root);
    ck_assert_double_eq_tol(s.c[G * 4 + G], (n - 1.0) / n * whole, near(whole, 1e-3));
    ck_assert_double_eq_tol(-s.c[G * 4 + B], (n - 1.0) / n * whole, near(whole, 1e-3));
    eq_circuit_free(c);
}
END_TEST

/* Currents and slopes of the terminals, by differences of two operating points; in reverse mode of the source. */
START_TEST(decks_show_slopes) {
    static const char form[] = "shown\nV1 d 0 %.9g\nV2 g 0 %.9g\nV3 b 0 %.9g\nM1 d g 0 b nn w=10u "
                               "l=1u\nM2 0 g d b nn w=10u l=1u\n"
                               ".model nn nmos(level=44 vto=0.5 rsh=100)\n.print op @m1[id] "
                               "@m1[gm] @m1[gds] @m1[gmbs] @m1[vgs] "
                               "@m1[vbs] @m2[is] @m2[gm]\n.op\n.end\n";
    double at[3] = {1.2, 1.0, -0.3}, x[4][8], h = 1e-5;
    for (int k = 0; k < 4; k++) {
        char deck[512], *text = NULL;
        snprintf(deck, sizeof deck, form, at[0] + (k == 2) * h, at[1] + (k == 1) * h,
                 at[2] + (k == 3) * h);
        put("s.cir", deck);
        expect_exit(0, &text, "run %s --format csv", in("s.cir"));
        const char *table = strchr(strstr(text, "@m1[id],"), '\n');
        double *y = x[k];
        ck_assert_int_eq(sscanf(table, "%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &y[0], &y[1], &y[2],
                                &y[3], &y[4], &y[5], &y[6], &y[7]),
                         8);
        free(text);
    }
    for (int k = 1; k < 4; k++)
        ck_assert_double_eq_tol((x[k][0] - x[0][0]) / h, x[0][k], 1e-3 * fabs(x[0][k]));
    ck_assert_double_eq_tol(x[0][4], 1.0, 1e-12);
    ck_assert_double_eq_tol(x[0][5], -0.3, 1e-12);
    ck_assert_double_eq_tol(x[0][6], x[0][0], 1e-9 * x[0][0]);
    ck_assert_double_eq_tol(x[0][7], x[0][1], 1e-9 * x[0][1]);
}
END_TEST

/* In a deck: charges of the terminals, what each takes up by the others, in reverse, too, with the inner
 * ends where resistances are, overlaps and layers in them. */
START_TEST(decks_show_charges) {
    static const char deck[] =
        "shown\nV1 d 0 1.5\nV2 g 0 0.2\nV3 b 0 -1\nM1 d g 0 b nn w=10u l=1u ad=10p ps=20u m=2\n"
        "M2 0 g d b nn w=10u l=1u as=10p pd=20u m=2\nM3 d g 0 b nr w=10u l=1u\n"
        ".model nn nmos(level=44 cgdo=1n cj=1m cjsw=2n vto=4)\n"
        ".model nr nmos(level=44 rsh=100k gamma=0 cgso=3n vto=-1)\n"
        ".print op @m1[cgd] @m1[cbd] @m1[cbs] @M1[CDD] @m2[cbs] {m1:qg+m1:qd+m1:qs+m1:qb} m3:cgs "
        "@m3[cgd]\n.op\n.end\n";
    char *text = NULL;
    double x[8];
    put("s.cir", deck);
    expect_exit(0, &text, "run %s --format csv", in("s.cir"));
    const char *table = strchr(strstr(text, "@m1[cgd],"), '\n');
    ck_assert_int_eq(sscanf(table, "%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &x[0], &x[1], &x[2], &x[3],
                            &x[4], &x[5], &x[6], &x[7]),
                     8);
    double bottom = 2e-14 / sqrt(1.0 + 2.5 / 0.8), side = 8e-14 / pow(1.0 + 1.0 / 0.8, 0.33);
    ck_assert_double_eq_tol(x[0], 2e-14, 5e-17); /* the channel is empty */
    ck_assert_double_eq_tol(x[1], bottom, 5e-17);
    ck_assert_double_eq_tol(x[2], side, 1e-16);
    ck_assert_double_eq_tol(x[3], x[0] + x[1], 1e-16);
    ck_assert_double_eq_tol(x[4], x[1], 1e-20);
    ck_assert_double_eq_tol(x[5], 0.0, 1e-27);
    ck_assert_double_gt(x[7], 1e-15); /* its own drain is hardly above the source */
    ck_assert_double_lt(fabs(x[6] - 3e-14 - x[7]), 2e-15);
    free(text);
    expect_exit(0, NULL, "export %s --to xml -o %s", in("s.cir"), in("s.xml"));
    eq_circuit *a = read_deck(in("s.cir")), *b = read_deck(in("s.xml"));
    assert_same_circuit(a, b);
    eq_circuit_free(a);
    eq_circuit_free(b);
}
END_TEST

/* gms Ut/ID = 1/(1/2 + root(1/4 + i_f)) of a saturated long channel, from weak to strong inversion. */
START_TEST(transconductance_over_current_is_the_published_curve) {
    eq_circuit *c = read_card(plain, "w=10u l=10u");
    double ut = (double)per_kelvin * 300.15;
    for (double vg = 0.0; vg < 1.6; vg += 0.1) {
        double z[] = {3.0, vg, 0.2, 0.0};
        answer a = flows(c, z);
        double root = pinch_root(vg, ut);
        double n = 1.0 + 0.7 / (2.0 * sqrt(root * root + 4 * ut));
        double i_f = a.i[D] / (2.0 * n * long_beta() * ut * ut), gms = -a.g[D * 4 + S];
        ck_assert_double_eq_tol(gms * ut / a.i[D], 1.0 / (0.5 + sqrt(0.25 + i_f)), 1e-6);
    }
    eq_circuit_free(c);
}
END_TEST

/* The channel does not know which end is the drain: exchanged, the currents are exchanged to the last
 * bit; slopes meet where the drop changes its sign, and where the gate comes to flat band. */
START_TEST(drain_and_source_are_the_same) {
    eq_random r = eq_random_seed(43);
    for (int k = 0; k < 60; k++) {
        eq_text model = {0}, line = {0};
        int type = k % 2 == 0 ? 1 : -1;
        random_card(&r, type, &model, &line);
        eq_circuit *c = read_card(model.text, line.text);
        double z[] = {type * 0.9, type * 1.7, type * 0.3, type * 0.1};
        double back[] = {z[S], z[G], z[D], z[B]};
        answer a = flows(c, z), b = flows(c, back);
        ck_assert_double_eq(a.i[D], b.i[S]);
        ck_assert_double_eq(a.i[S], b.i[D]);
        ck_assert_double_eq(a.i[B], b.i[B]);
        double up[] = {0.5 + 1e-9, type * 1.7, 0.5, 0.0},
               down[] = {0.5 - 1e-9, type * 1.7, 0.5, 0.0};
        answer u = flows(c, up), d = flows(c, down);
        for (int n = 0; n < 16; n++)
            ck_assert_double_eq_tol(u.g[n], d.g[n], 1e-6 * fabs(u.g[D * 4 + D]));
        eq_circuit_free(c);
        eq_text_free(&model);
        eq_text_free(&line);
    }
}
END_TEST

/* Slopes against differences of fourth order, every terminal, to 1e-7 of the largest. */
START_TEST(slopes_are_those_of_the_currents) {
    eq_random r = eq_random_seed(47);
    for (int k = 0; k < 100; k++) {
        eq_text model = {0}, line = {0};
        int type = k % 2 == 0 ? 1 : -1;
        random_card(&r, type, &model, &line);
        if (k % 3 == 0) eq_text_puts(&line, " nrd=2 nrs=3");
        if (k % 3 == 0) model.text[model.length - 1] = ' ', eq_text_puts(&model, "rsh=40)");
        eq_circuit *c = read_card(model.text, line.text);
        double z[4], h = 2e-4;
        for (int a = 0; a < 4; a++) z[a] = type * (a == B ? 0.0 : 2.0 * eq_random_uniform(&r));
        z[G] += type * 0.5;
        answer here = flows(c, z);
        double scale = 0.0;
        for (int n = 0; n < 16; n++) scale = fmax(scale, fabs(here.g[n]));
        for (int b = 0; b < 4; b++) {
            answer at[4];
            for (int s = 0; s < 4; s++) {
                double moved[4];
                memcpy(moved, z, sizeof z);
                moved[b] += h * (s < 2 ? s - 2 : s - 1);
                at[s] = flows(c, moved);
            }
            for (int a = 0; a < 4; a++) {
                double d = (at[0].i[a] - 8 * at[1].i[a] + 8 * at[2].i[a] - at[3].i[a]) / (12 * h);
                ck_assert_msg(fabs(d - here.g[a * 4 + b]) <= 1e-7 * scale, "%d by %d: %g %g\n%s %s",
                              a, b, d, here.g[a * 4 + b], model.text, line.text);
            }
        }
        eq_circuit_free(c);
        eq_text_free(&model);
        eq_text_free(&line);
    }
}
END_TEST

/* With 2 kohm and 3 kohm at the ends: the current by halving the equation in one unknown of the report;
 * hdif over the width makes the same of a sheet as nrd, nrs. */
START_TEST(resistances_inside_keep_their_equation) {
    static const char *const way[][2] = {
        {"nmos(level=44 is=0 vto=0.6 rd=2k rs=3k lambda=0.3)", "w=10u l=1u"},
        {"nmos(level=44 is=0 vto=0.6 rsh=1k lambda=0.3)", "w=10u l=1u nrd=2 nrs=3"},
        {"nmos(level=44 is=0 vto=0.6 rsh=1k hdif=10u rs=3k lambda=0.3)", "w=5u l=1u m=1"},
    };
    for (size_t k = 0; k < 3; k++) {
        card c = default_card(1);
        c.vto = 0.6L, c.lambda = 0.3L, c.l = 1e-6L, c.w = k == 2 ? 5e-6L : 10e-6L;
        eq_circuit *circuit = read_card(way[k][0], way[k][1]);
        double got = drain(circuit, 3.0, 2.5, 0.2, 0.0);
        real low = 0.0L, high = 3.0L / 5e3L;
        for (int n = 0; n < 100; n++) {
            real i = 0.5L * (low + high);
            if (3.0L - 2e3L * i < 0.2L + 3e3L * i ||
                report(&c, 2.5L, 3.0L - 2e3L * i, 0.2L + 3e3L * i).ids < i)
                high = i;
            else
                low = i;
        }
        ck_assert_double_eq_tol(got, (double)low, 1e-11 * got);
        eq_circuit_free(circuit);
    }
}
END_TEST

/* Bulk junctions: js by area and jsw by perimeter, else is; n; the silicon gap. */
START_TEST(bulk_junctions_are_diodes) {
    double ut = (double)per_kelvin * 300.15, hot = (double)per_kelvin * 350.15;
    eq_circuit *c =
        read_card("nmos(level=44 phi=2 js=1u jsw=2p n=1.2)", "ad=1n as=2n pd=10u ps=20u m=2");
    double z[] = {-0.3, -2.0, 1.0, 0.2}, is = 2 * (1e-15 + 2e-17), e = expm1(0.5 / (1.2 * ut));
    answer a = flows(c, z);
    ck_assert_double_eq_tol(a.i[D], -is * e, 1e-9 * is * e);
    ck_assert_double_eq_tol(a.i[S], 2 * is, 1e-9 * is);
    eq_circuit_free(c);
    c = read_card("pmos(level=44 phi=2 is=1f xti=3)", "temp=77");
    double grown = 1e-15 * exp((double)(gap(300.15L)) / ut - (double)(gap(350.15L)) / hot) *
                   pow(350.15 / 300.15, 3.0);
    double zp[] = {0.3, 2.0, -1.0, -0.2};
    a = flows(c, zp);
    ck_assert_double_eq_tol(a.i[D], grown * expm1(0.5 / hot), 1e-9 * grown * exp(0.5 / hot));
    eq_circuit_free(c);
}
END_TEST

/* tox, nsub, vfb, uo and vmax by the relations of the report, where what they make is not given. */
START_TEST(process_parameters_make_what_is_not_given) {
    double ut = (double)per_kelvin * 300.15, cox = 34.5e-12 / 10e-9;
    double phi = 2 * ut * log(1e17 * 1e6 / 1.45e16);
    double gamma = sqrt(2 * 1.602e-19 * 104.5e-12 * 1e23) / cox;
    char given[512];
    snprintf(given, sizeof given,
             "nmos(level=44 cox=%.17g phi=%.17g gamma=%.17g vto=%.17g kp=%.17g ucrit=%.17g)", cox,
             phi, gamma, -0.9 + phi + gamma * sqrt(phi), 500e-4 * cox, 1e5 / 500e-4);
    eq_circuit *a =
        read_card("nmos(level=44 tox=10n nsub=1e17 vfb=-0.9 u0=500 vmax=1e5)", "w=5u l=1u");
    eq_circuit *b = read_card(given, "w=5u l=1u");
    double x = drain(a, 1.5, 1.2, 0.1, 0), y = drain(b, 1.5, 1.2, 0.1, 0);
    ck_assert_double_eq_tol(x, y, 1e-12 * y);
    eq_circuit_free(a);
    eq_circuit_free(b);
}
END_TEST

/* What they make is shown, of a p channel with its sign. */
START_TEST(what_the_process_makes_is_shown) {
    static const char deck[] =
        "t\nV1 d 0 1\nM1 d d 0 0 n w=5u l=1u\nM2 0 0 d d p w=5u l=1u\n"
        ".model n nmos(level=44 tox=10n nsub=1e17 vfb=-0.9 u0=500 vmax=1e5)\n"
        ".model p pmos(level=44 cox=3m gamma=0.5 phi=0.8 vfb=0.9)\n.op\n"
        ".print op m1:cox m1:phi m1:gamma m1:vto m1:kp m1:ucrit m1:e0 m2:vto m2:kp\n.end\n";
    double ut = (double)per_kelvin * 300.15, cox = 34.5e-12 / 10e-9;
    double phi = 2 * ut * log(1e17 * 1e6 / 1.45e16);
    double gamma = sqrt(2 * 1.602e-19 * 104.5e-12 * 1e23) / cox;
    double want[] = {cox,          phi,          gamma, -0.9 + phi + gamma * sqrt(phi),
                     500e-4 * cox, 1e5 / 500e-4, 1e12,  0.9 - 0.8 - 0.5 * sqrt(0.8),
                     5e-5};
    char *text = NULL;
    ck_assert_int_eq(eq_file_write(in("s.cir"), deck, strlen(deck), NULL), EQ_OK);
    expect_exit(0, &text, "run %s --format csv", in("s.cir"));
    char *at = strstr(text, "m2:kp\n");
    ck_assert_msg(at != NULL, "%s", text);
    at += strlen("m2:kp");
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        double value = strtod(at + 1, &at);
        ck_assert_msg(fabs(value - want[k]) <= 1e-8 * fabs(want[k]), "%zu: %g, not %g", k, value,
                      want[k]);
    }
    free(text);
}
END_TEST

/* Each rung of the ladder alone comes to the operating point of an amplifier below threshold. */
START_TEST(each_rung_solves_them) {
    eq_circuit *c = read_deck("netlists/ekv.cir");
    rung_agrees(c, _i, 1e-7);
    eq_circuit_free(c);
}
END_TEST

/* Trained parameters, gates among them; the folder of the training holds a deck of level 44. */
START_TEST(they_learn) {
    static const char deck[] =
        "Every parameter of EKV learns\nVx1 x1 0 0\nVx2 x2 0 0\nVg1 g1 0 0.9\nVg2 g2 0 0.8\n"
        "M1 x1 g1 h x1 n1 l=0.6u w=10u\nM2 x2 g2 h 0 n1 l=0.8u w=10u nrd=2\nM3 y1 h 0 0 n1 w=2u "
        "l=1u\n"
        "M4 y1 y1 up up p1 w=5u l=1u\nM5 y2 y1 up up p1 w=5u l=1u\nVu up 0 1.8\nR2 y2 0 100k\n"
        "R3 h up 1meg\n"
        ".model n1 nmos(level=44 cox=3.45m xj=0.15u vto=0.45 gamma=0.6 phi=0.9 kp=150u e0=88meg "
        "ucrit=4.5meg lambda=0.4 leta=0.2 weta=0.05 q0=280u lk=0.4u iba=200meg ibb=100meg "
        "rsh=100)\n"
        ".model p1 pmos(level=44 cox=3.45m vto=-0.45 gamma=0.5 phi=0.8 kp=50u theta=0.1)\n"
        "*% input Vx1 Vx2\n*% output y1 y2\n*% train Vg* min=0.2 max=2\n*% train M1(w) min=1u "
        "max=50u\n"
        "*% train M2(l) min=0.3u max=50u\n*% train M3(vto) min=-2 max=2\n*% train M4(kp) min=1u "
        "max=1m\n"
        "*% train M3(gamma) min=0 max=2\n*% train M1(phi) min=0.3 max=2\n*% train M3(lambda) min=0 "
        "max=1\n*% train M3(e0) min=1e6 max=1e10\n*% train M3(ucrit) min=1e6 max=1e8\n"
        "*% train M5(theta) min=0 max=1\n*% train M2(leta) min=0 max=1\n*% train M3(is) min=1e-18 "
        "max=1e-10\n*% train M2(q0) min=0 max=1\n"
        ".temp 60\n.op\n.end\n";
    static const char data[] = "a,b,class\n1,0.2,p\n0.2,1,q\n0.9,0.1,p\n0.1,0.8,q\n";
    parameters_learn(deck, data, 0.8, 0.2, 1e-14);
    size_t count = 0;
    eq_circuit *trained = read_deck(in("trained/model.cir"));
    for (int k = 0; k < 2; k++)
        count += trained->table[eq_class_find(k == 0 ? "ekv_nmos" : "ekv_pmos")].count;
    ck_assert_uint_eq(count, 5);
    eq_circuit_free(trained);
}
END_TEST

/* What other simulators call EKV 2.6 is another revision; XML says the same again. */
START_TEST(written_as_xml_and_refused_elsewhere) {
    static const char *const dialect[] = {"ngspice", "xyce", "ltspice", "spectre"};
    char *text = NULL;
    for (int k = 0; k < 4; k++) {
        expect_exit(2, &text, "export netlists/ekv.cir --to %s", dialect[k]);
        ck_assert_ptr_nonnull(strstr(text, "m1 is a ekv_nmos"));
        free(text);
    }
    expect_exit(0, NULL, "export netlists/ekv.cir --to xml -o %s", in("e.xml"));
    eq_circuit *a = read_deck("netlists/ekv.cir"), *b = read_deck(in("e.xml"));
    assert_same_circuit(a, b);
    eq_circuit_free(a);
    eq_circuit_free(b);
}
END_TEST

/* The bulk drives 1e11 A into the held drain, microamperes flow at the free node. */
START_TEST(a_bulk_far_forward_hides_no_other_current) {
    char *text = NULL;
    expect_exit(0, &text, "op %s",
                put("f.cir", "t\nVa a 0 -1.5\nVg g 0 3\nVc c 0 0.5\nM1 a g b 0 nn w=138u l=7.8u\n"
                             "M2 b g c 0 nn w=138u l=7.8u\n.model nn nmos(level=44 cox=3.45m "
                             "vto=0.6 gamma=0.71 phi=0.97 kp=150u is=1e-14)\n.op\n.end\n"));
    ck_assert_msg(strstr(text, " -0.6") != NULL, "%s", text);
    free(text);
}
END_TEST

Suite *ekv_suite(void) {
    Suite *s = suite_create("ekv");
    TCase *t = tcase_create("ekv");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_bulk_far_forward_hides_no_other_current);
    tcase_add_test(t, currents_are_those_of_the_report);
    tcase_add_test(t, charges_are_those_of_the_report);
    tcase_add_test(t, capacitances_are_slopes_of_charges);
    tcase_add_test(t, capacitances_have_their_limits);
    tcase_add_test(t, decks_show_slopes);
    tcase_add_test(t, decks_show_charges);
    tcase_add_test(t, weak_inversion_is_exponential);
    tcase_add_test(t, strong_inversion_is_the_square_law);
    tcase_add_test(t, transconductance_over_current_is_the_published_curve);
    tcase_add_test(t, drain_and_source_are_the_same);
    tcase_add_test(t, slopes_are_those_of_the_currents);
    tcase_add_test(t, resistances_inside_keep_their_equation);
    tcase_add_test(t, bulk_junctions_are_diodes);
    tcase_add_test(t, process_parameters_make_what_is_not_given);
    tcase_add_test(t, what_the_process_makes_is_shown);
    tcase_add_loop_test(t, each_rung_solves_them, 0, EQ_RUNGS);
    tcase_add_test(t, they_learn);
    tcase_add_test(t, written_as_xml_and_refused_elsewhere);
    suite_add_tcase(s, t);
    return s;
}
