#include "circuit/formula.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

eq_formula *eq_formula_new(void) {
    eq_formula *f = eq_calloc(1, sizeof *f);
    if (f != NULL) f->result = f->held.closed = EQ_NONE;
    return f;
}

void eq_formula_free(eq_formula *f) {
    if (f == NULL) return;
    eq_free(f->slot);
    eq_free(f->input);
    eq_free(f->point);
    eq_free(f);
}

static eq_operand add_slot(eq_formula *f, eq_slot slot) {
    eq_operand none = {NAN, EQ_NONE};
    if (f->slots >= INT32_MAX ||
        !eq_grow((void **)&f->slot, &f->slot_cap, f->slots + 1, sizeof *f->slot)) {
        f->failed = true;
        return none;
    }
    f->slot[f->slots] = slot;
    return (eq_operand){NAN, (int32_t)f->slots++};
}

eq_operand eq_formula_number(eq_formula *f, double value) {
    return add_slot(f, (eq_slot){EQ_SLOT_NUMBER, {EQ_NONE, EQ_NONE, EQ_NONE}, value});
}

static bool same_input(const eq_formula_input *a, const eq_formula_input *b) {
    return a->kind == b->kind && a->plus == b->plus && a->minus == b->minus &&
           a->branch == b->branch;
}

/* The slot of an input that the formula has already, else a new one. */
eq_operand eq_formula_input_of(eq_formula *f, eq_formula_input input) {
    eq_operand none = {NAN, EQ_NONE};
    for (size_t k = 0; k < f->slots; k++)
        if (f->slot[k].operation == EQ_SLOT_INPUT &&
            same_input(&f->input[f->slot[k].arg[0]], &input))
            return (eq_operand){NAN, (int32_t)k};
    if (!eq_grow((void **)&f->input, &f->input_cap, f->inputs + 1, sizeof *f->input)) {
        f->failed = true;
        return none;
    }
    f->input[f->inputs] = input;
    eq_operand slot =
        add_slot(f, (eq_slot){EQ_SLOT_INPUT, {(int32_t)f->inputs, EQ_NONE, EQ_NONE}, 0.0});
    f->inputs += slot.slot != EQ_NONE;
    return slot;
}

static int32_t slot_of(eq_formula *f, eq_operand x) {
    return x.slot != EQ_NONE ? x.slot : eq_formula_number(f, x.number).slot;
}

eq_operand eq_formula_apply(eq_formula *f, int operation, const eq_operand *x) {
    const eq_operation *o = eq_operation_at(operation);
    eq_slot slot = {operation, {EQ_NONE, EQ_NONE, EQ_NONE}, 0.0};
    double number[EQ_MOST_OPERANDS] = {0};
    bool all = true;
    for (int k = 0; k < o->operands; k++) {
        /* every operand is given */
        number[k] = x[k].number;
        all = all && x[k].slot == EQ_NONE;
    }
    if (all) return (eq_operand){o->value(number), EQ_NONE};
    for (int k = 0; k < o->operands; k++) {
        slot.arg[k] = slot_of(f, x[k]);
        if (slot.arg[k] == EQ_NONE) return (eq_operand){NAN, EQ_NONE};
    }
    return add_slot(f, slot);
}

eq_operand eq_formula_points(eq_formula *f, eq_operand x, const double *point, size_t count) {
    int32_t of = slot_of(f, x);
    if (of == EQ_NONE || f->points + 2 * count > INT32_MAX ||
        !eq_grow((void **)&f->point, &f->point_cap, f->points + 2 * count, sizeof *f->point)) {
        f->failed = true;
        return (eq_operand){NAN, EQ_NONE};
    }
    memcpy(f->point + f->points, point, 2 * count * sizeof *point);
    eq_slot slot = {EQ_SLOT_PIECEWISE, {of, (int32_t)f->points, (int32_t)count}, 0.0};
    f->points += 2 * count;
    return add_slot(f, slot);
}

eq_operand eq_formula_threshold(eq_formula *f, eq_operand input, double up, double down, bool on) {
    eq_operand closed = eq_formula_apply(f, eq_operation_find(on ? ">=" : ">", 2),
                                         (eq_operand[]){input, {on ? down : up, EQ_NONE}});
    if (down < up) f->held = (eq_hysteresis){closed.slot, up, down, on};
    return closed;
}

const eq_formula_input *eq_formula_held_input(const eq_formula *f) {
    const eq_slot *closed = &f->slot[f->held.closed];
    return &f->input[f->slot[closed->arg[0]].arg[0]];
}

bool eq_formula_is_on(const eq_formula *f) {
    return f->slot[f->held.closed].operation == eq_operation_find(">=", 2);
}

bool eq_formula_closes(const eq_formula *f, double input) {
    return eq_formula_is_on(f) ? input >= f->held.down : input > f->held.up;
}

void eq_formula_switch(eq_formula *f, bool on) {
    eq_slot *closed = &f->slot[f->held.closed];
    closed->operation = eq_operation_find(on ? ">=" : ">", 2);
    f->slot[closed->arg[1]].number = on ? f->held.down : f->held.up;
}

void eq_formula_freeze(eq_formula *f) {
    f->slot[f->slot[f->held.closed].arg[1]].number = eq_formula_is_on(f) ? -INFINITY : INFINITY;
}

/* The slope between points k-1 and k; `outside` before the first and behind the last. */
static double segment(const double *p, size_t count, size_t k, double outside) {
    if (k == 0 || k == count) return outside;
    return (p[2 * k + 1] - p[2 * k - 1]) / (p[2 * k] - p[2 * k - 2]);
}

static eq_operand combine(eq_formula *f, const char *name, eq_operand x, double y) {
    return eq_formula_apply(f, eq_operation_find(name, 2),
                            (eq_operand[]){x, (eq_operand){y, EQ_NONE}});
}

static eq_operand transform(eq_formula *f, const char *name, eq_operand x) {
    return eq_formula_apply(f, eq_operation_find(name, 1), &x);
}

/* k (max(0, h - |x - c|))^2: what rounds a corner at c between slopes that differ by 4 h k. */
static eq_operand rounding(eq_formula *f, eq_operand x, double c, double h, double k) {
    eq_operand far = transform(f, "abs", combine(f, "-", x, c));
    eq_operand inside =
        eq_formula_apply(f, eq_operation_find("-", 2), (eq_operand[]){{h, EQ_NONE}, far});
    return combine(f, "*", transform(f, "sqr", transform(f, "uramp", inside)), k);
}

eq_operand eq_formula_table(eq_formula *f, eq_operand x, const double *point, size_t count,
                            double share) {
    double *flat = eq_malloc(2 * count + 4, sizeof *flat);
    f->failed = f->failed || flat == NULL;
    if (flat == NULL) return (eq_operand){NAN, EQ_NONE};
    memcpy(flat + 2, point, 2 * count * sizeof *point);
    flat[0] = point[0] - fmax(1.0, fabs(point[0]));
    flat[1] = point[1];
    flat[2 * count + 2] = point[2 * count - 2] + fmax(1.0, fabs(point[2 * count - 2]));
    flat[2 * count + 3] = point[2 * count - 1];
    eq_operand y = eq_formula_points(f, x, flat, count + 2);
    for (size_t k = 0; share > 0.0 && k < count; k++) {
        double before = k == 0 ? INFINITY : point[2 * k] - point[2 * k - 2];
        double after = k + 1 == count ? INFINITY : point[2 * k + 2] - point[2 * k];
        double h = share * fmin(before, after);
        double bend = segment(point, count, k + 1, 0.0) - segment(point, count, k, 0.0);
        eq_operand corner = rounding(f, x, point[2 * k], h, bend / (4.0 * h));
        y = eq_formula_apply(f, eq_operation_find("+", 2), (eq_operand[]){y, corner});
    }
    eq_free(flat);
    return y;
}

/* Slot s of `from` with its operands where they went. */
static eq_operand copy_slot(eq_formula *f, const eq_formula *from, eq_slot s, const int32_t *to) {
    if (s.operation == EQ_SLOT_INPUT) return eq_formula_input_of(f, from->input[s.arg[0]]);
    if (s.operation == EQ_SLOT_PIECEWISE)
        return eq_formula_points(f, (eq_operand){NAN, to[s.arg[0]]}, from->point + s.arg[1],
                                 (size_t)s.arg[2]);
    int operands = s.operation < 0 ? 0 : eq_operation_at(s.operation)->operands;
    for (int k = 0; k < operands; k++) s.arg[k] = to[s.arg[k]];
    return add_slot(f, s);
}

eq_operand eq_formula_insert(eq_formula *f, const eq_formula *from, int32_t slot) {
    eq_operand copy = {NAN, EQ_NONE};
    int32_t *to = eq_malloc((size_t)slot + 1, sizeof *to);
    f->failed = f->failed || to == NULL;
    for (int32_t k = 0; !f->failed && k <= slot; k++) {
        copy = copy_slot(f, from, from->slot[k], to);
        to[k] = copy.slot;
    }
    eq_free(to);
    return copy;
}

size_t eq_formula_work(const eq_formula *f) {
    return 2 * f->slots;
}

static size_t segment_at(const double *p, size_t count, double x) {
    size_t k = 0;
    while (k < count && x >= p[2 * k]) k++;
    return k;
}

/* Linear interpolation, the first and last segments going on without end. */
static double extrapolated(const double *p, size_t count, double x, double *slope) {
    size_t k = segment_at(p, count, x);
    k = k == 0 ? 1 : k == count ? count - 1 : k;
    *slope = segment(p, count, k, 0.0);
    return p[2 * k - 1] + *slope * (x - p[2 * k - 2]);
}

static void gather(const eq_slot *s, int operands, const double *value, double *x) {
    for (int k = 0; k < operands; k++) x[k] = value[s->arg[k]];
}

static double forward(const eq_formula *f, const eq_slot *s, const double *in,
                      const double *value) {
    double x[EQ_MOST_OPERANDS], slope;
    switch (s->operation) {
    case EQ_SLOT_NUMBER:
        return s->number;
    case EQ_SLOT_INPUT:
        return in[s->arg[0]];
    case EQ_SLOT_PIECEWISE:
        return extrapolated(f->point + s->arg[1], (size_t)s->arg[2], value[s->arg[0]], &slope);
    default:
        gather(s, eq_operation_at(s->operation)->operands, value, x);
        return eq_operation_at(s->operation)->value(x);
    }
}

/* Hands the adjoint of slot s on to the slots it uses. An operand that the result does not depend
 * on gets nothing, whatever its own slope (0 times infinity). */
static void backward(const eq_formula *f, const eq_slot *s, double y, double adjoint,
                     const double *value, double *adjoints, double *slope) {
    double x[EQ_MOST_OPERANDS], d[EQ_MOST_OPERANDS];
    if (adjoint == 0.0 || s->operation == EQ_SLOT_NUMBER) return;
    if (s->operation == EQ_SLOT_INPUT) {
        slope[s->arg[0]] += adjoint;
    } else if (s->operation < 0) {
        extrapolated(f->point + s->arg[1], (size_t)s->arg[2], value[s->arg[0]], d);
        adjoints[s->arg[0]] += adjoint * d[0];
    } else {
        const eq_operation *o = eq_operation_at(s->operation);
        if (o->slopes == NULL) return;
        gather(s, o->operands, value, x);
        o->slopes(x, y, d);
        for (int k = 0; k < o->operands; k++)
            if (d[k] != 0.0) adjoints[s->arg[k]] += adjoint * d[k];
    }
}

double eq_formula_evaluate(const eq_formula *f, const double *in, double *slope, double *work) {
    double *value = work, *adjoint = work + f->slots;
    for (size_t k = 0; k < f->slots; k++) value[k] = forward(f, &f->slot[k], in, value);
    if (slope == NULL) return value[f->result];
    memset(adjoint, 0, f->slots * sizeof *adjoint);
    memset(slope, 0, f->inputs * sizeof *slope);
    adjoint[f->result] = 1.0;
    for (size_t k = (size_t)f->result + 1; k-- > 0;)
        backward(f, &f->slot[k], value[k], adjoint[k], value, adjoint, slope);
    return value[f->result];
}
