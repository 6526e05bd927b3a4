/* The charges of a transistor of EKV 2.6: those of the channel at dc (the report's quasi-static model,
 * eqs. 69 to 78), of constant overlaps and of the depletion layers of the bulk junctions. */
#include "devices/transistors/ekv_charge.h"

enum { D = EQ_MOS_D, G = EQ_MOS_G, S = EQ_MOS_S, B = EQ_MOS_B, NODES = EQ_MOS_NODES };

/* What goes onto node `to` comes from node `from`: charge and slopes by all nodes. */
static void move(double *q, double *c, int to, int from, double charge, const double *slope) {
    q[to] += charge;
    q[from] -= charge;
    for (int k = 0; k < NODES; k++) {
        c[to * NODES + k] += slope[k];
        c[from * NODES + k] -= slope[k];
    }
}

/* Of a capacitance between two nodes. */
static void fill(double *q, double *c, int to, int from, double charge, double capacitance) {
    double slope[NODES] = {0};
    slope[to] = capacitance;
    slope[from] = -capacitance;
    move(q, c, to, from, charge, slope);
}

/* A charge of the channel comes from the gate; its slopes are by gate and lower end from the bulk and by
 * the drop to the higher end. */
static void channel_charge(const eq_ekv_store_of *s, int to, int high, int low, eq_dual x,
                           double *q, double *c) {
    double slope[NODES] = {0};
    slope[G] = s->oxide * x.d[EQ_EKV_G];
    slope[low] = s->oxide * (x.d[EQ_EKV_S] - x.d[EQ_EKV_DS]);
    slope[high] = s->oxide * x.d[EQ_EKV_DS];
    slope[B] = -s->oxide * (x.d[EQ_EKV_G] + x.d[EQ_EKV_S]);
    move(q, c, to, G, s->oxide * x.v, slope);
}

void eq_ekv_sum_charges(const eq_ekv_store_of *s, double *q, double *c) {
    const double *y = s->y;
    int high = y[D] >= y[S] ? D : S, low = high == D ? S : D, end_of[EQ_MOS_ENDS] = {D, S};
    for (int k = 0; k < NODES; k++) q[k] = 0.0;
    for (int k = 0; k < NODES * NODES; k++) c[k] = 0.0;
    eq_ekv_charges x = eq_ekv_store(&s->law, y[G] - y[B], y[low] - y[B], y[high] - y[low]);
    channel_charge(s, high, high, low, x.drain, q, c);
    channel_charge(s, low, high, low, x.source, q, c);
    channel_charge(s, B, high, low, x.bulk, q, c);
    for (int k = 0; k < NODES; k++) fill(q, c, G, k, s->overlap[k] * (y[G] - y[k]), s->overlap[k]);
    for (int e = 0; e < EQ_MOS_ENDS; e++) {
        double charge = 0.0, capacitance = 0.0, u = y[B] - y[end_of[e]];
        for (int k = 0; k < 2; k++) eq_depletion_add(&s->layer[e][k], u, &charge, &capacitance);
        fill(q, c, B, end_of[e], charge, capacitance);
    }
}
