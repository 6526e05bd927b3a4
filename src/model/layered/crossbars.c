/* The crossbars of a layered network: every resistor gets its place,
 * row and column in one of them. */
#include <string.h>

#include "model/layered/find.h"

/* Places for each resistor that a crossbar has at the most. A locally connected layer of digits has seven, and trains
 * twenty times as fast here as by the sparse engine. */
enum { SPARSEST = 16 };

/* A resistor's place: its crossbar's key, and its row (input, fixed node or free node)
 * and column. */
typedef struct place {
    eq_crossbar key;
    int32_t row, col;
} place;

static place place_of(const eq_finder *f, int k, size_t j) {
    const eq_table *t = &f->c->table[eq_resistor_class[k]];
    eq_node a = t->term[0][j], b = t->term[1][j], ha = eq_behind(f, a), hb = eq_behind(f, b);
    /* the column is the free end, the K node when both are free */
    bool swap = hb == EQ_NONE || (ha != EQ_NONE && f->colour[ha] == CLASS_K);
    eq_node row = swap ? b : a, col = swap ? a : b, hr = swap ? hb : ha, hc = swap ? ha : hb;
    place p = {.key = {.cls = eq_resistor_class[k]}};
    p.key.group = k == 0 ? EQ_NONE : f->group_of[j];
    p.key.col_driven = f->kind[col] == DRIVEN;
    p.key.row_driven = hr != EQ_NONE && f->kind[row] == DRIVEN;
    p.key.col_kept = f->colour[hc] == CLASS_K;
    p.col = f->net->index[hc];
    if (hr != EQ_NONE) {
        p.key.kind = EQ_ROWS_NODE;
        p.row = f->net->index[hr];
    } else {
        p.key.kind = f->input[row] != EQ_NONE ? EQ_ROWS_INPUT : EQ_ROWS_CONSTANT;
        p.row = f->input[row] != EQ_NONE ? f->input[row] : row;
    }
    return p;
}

static bool same_key(const eq_crossbar *a, const eq_crossbar *b) {
    return a->group == b->group && a->cls == b->cls && a->kind == b->kind &&
           a->row_driven == b->row_driven && a->col_driven == b->col_driven &&
           a->col_kept == b->col_kept;
}

/* Assigns every resistor that touches a free node to its crossbar. */
static eq_status assign_crossbars(eq_finder *f) {
    eq_layers *net = f->net;
    for (int k = 0; k < 2; k++) {
        const eq_table *t = &f->c->table[eq_resistor_class[k]];
        for (size_t j = 0; j < t->count; j++) {
            if (eq_behind(f, t->term[0][j]) == EQ_NONE && eq_behind(f, t->term[1][j]) == EQ_NONE)
                continue;
            place p = place_of(f, k, j);
            size_t x = net->bars;
            while (x > 0 && !same_key(&net->bar[x - 1], &p.key)) x--;
            if (x == 0) {
                if (!eq_grow((void **)&net->bar, &net->bar_cap, net->bars + 1, sizeof *net->bar))
                    return eq_out_of_memory(f->diag);
                net->bar[net->bars++] = p.key;
                x = net->bars;
            }
            f->bar_of[k][j] = (int32_t)x - 1;
            net->bar[x - 1].count++;
        }
    }
    return EQ_OK;
}

/* Turns the marks (0 or 1) of `map` into consecutive numbers and lists what is marked. */
static int32_t *number_marks(int32_t *map, size_t n, size_t *count) {
    *count = 0;
    for (size_t k = 0; k < n; k++) *count += map[k] == 1;
    int32_t *list = eq_malloc(*count, sizeof *list), next = 0;
    for (size_t k = 0; list != NULL && k < n; k++) {
        if (map[k] == 1) list[next] = (int32_t)k;
        map[k] = map[k] == 1 ? next++ : EQ_NONE;
    }
    return list;
}

static eq_status allocate_crossbar(eq_finder *f, eq_crossbar *x) {
    size_t places = x->rows * x->cols;
    if (places > SPARSEST * x->count + 4096)
        return eq_fail(f->diag, EQ_ERR_CHECK,
                       "its resistors do not form crossbars (%zu resistors in %zu x %zu places)",
                       x->count, x->rows, x->cols);
    x->element = eq_filled(places, sizeof *x->element, 0xff);
    x->g = eq_calloc_aligned(places + 8, sizeof *x->g);
    x->row_scale = eq_calloc(x->rows, sizeof(double));
    x->volts = eq_calloc(x->rows, sizeof(double));
    x->col_scale = eq_calloc(x->cols, sizeof(double));
    x->weight = eq_calloc(x->cols, sizeof(double));
    x->total = eq_calloc_aligned(x->cols + 8, sizeof(double));
    if (!x->element || !x->g || !x->row_scale || !x->volts || !x->col_scale || !x->weight ||
        !x->total)
        return eq_out_of_memory(f->diag);
    for (size_t r = 0; r < x->rows; r++)
        x->row_scale[r] = x->row_driven ? f->net->gain[x->row[r]] : 1.0;
    for (size_t c = 0; c < x->cols; c++) {
        int32_t h = x->col[c];
        x->col_scale[c] = x->col_driven ? f->net->gain[h] : 1.0;
        x->weight[c] = f->net->weight[h];
        if (x->col_driven) x->weight[c] *= f->net->feedback[h] / f->net->gain[h];
    }
    return EQ_OK;
}

/* Enters the elements of crossbar b at their places. */
static eq_status place_elements(eq_finder *f, size_t b, const int32_t *row_map,
                                const int32_t *col_map) {
    eq_crossbar *x = &f->net->bar[b];
    for (int k = 0; k < 2; k++) {
        for (size_t j = 0; j < f->c->table[eq_resistor_class[k]].count; j++) {
            if (f->bar_of[k][j] != (int32_t)b) continue;
            place p = place_of(f, k, j);
            int32_t *at = &x->element[(size_t)row_map[p.row] * x->cols + (size_t)col_map[p.col]];
            if (*at != EQ_NONE)
                return eq_fail(f->diag, EQ_ERR_CHECK, "%s and %s are in parallel",
                               eq_finder_element(f, x->cls, (size_t)*at),
                               eq_finder_element(f, x->cls, j));
            *at = (int32_t)j;
        }
    }
    return EQ_OK;
}

/* Lists the runs of consecutive resistors in each row. */
static eq_status find_runs(eq_finder *f, eq_crossbar *x) {
    size_t cap = 0;
    for (size_t r = 0; r < x->rows; r++) {
        for (size_t c = 0; c < x->cols; c++) {
            if (x->element[r * x->cols + c] == EQ_NONE) continue;
            if (c > 0 && x->element[r * x->cols + c - 1] != EQ_NONE) {
                x->run[x->runs - 1].count++;
                continue;
            }
            if (!eq_grow((void **)&x->run, &cap, x->runs + 1, sizeof *x->run))
                return eq_out_of_memory(f->diag);
            x->run[x->runs++] = (eq_crossbar_run){(uint32_t)r, (uint32_t)c, 1};
        }
    }
    x->full = x->count == x->rows * x->cols;
    return EQ_OK;
}

static eq_status build_crossbar(eq_finder *f, size_t b) {
    eq_crossbar *x = &f->net->bar[b];
    size_t marks = f->n > f->c->inputs ? f->n : f->c->inputs;
    int32_t *row_map = eq_calloc(marks, sizeof *row_map),
            *col_map = eq_calloc(marks, sizeof *col_map);
    eq_status status = row_map == NULL || col_map == NULL ? eq_out_of_memory(f->diag) : EQ_OK;
    for (int k = 0; status == EQ_OK && k < 2; k++) {
        for (size_t j = 0; j < f->c->table[eq_resistor_class[k]].count; j++) {
            if (f->bar_of[k][j] != (int32_t)b) continue;
            place p = place_of(f, k, j);
            row_map[p.row] = 1;
            col_map[p.col] = 1;
        }
    }
    if (status == EQ_OK) {
        x->row = number_marks(row_map, marks, &x->rows);
        x->col = number_marks(col_map, marks, &x->cols);
        status =
            x->row == NULL || x->col == NULL ? eq_out_of_memory(f->diag) : allocate_crossbar(f, x);
    }
    if (status == EQ_OK) status = place_elements(f, b, row_map, col_map);
    if (status == EQ_OK) status = find_runs(f, x);
    eq_free(row_map);
    eq_free(col_map);
    return status;
}

/* Two rows a pair: only where the crossbar has every input, so that x and -x lie side by side or in
 * halves. */
static eq_status prepare_fold(eq_finder *f, eq_crossbar *x) {
    if (x->kind != EQ_ROWS_INPUT || x->rows != f->c->inputs || x->rows % 2 != 0 || !x->full)
        return EQ_OK;
    x->fold = eq_calloc_aligned(x->rows / 2 * x->cols + 8, sizeof *x->fold);
    return x->fold == NULL ? eq_out_of_memory(f->diag) : EQ_OK;
}

eq_status eq_crossbars_build(eq_finder *f) {
    eq_status status = assign_crossbars(f);
    for (size_t b = 0; status == EQ_OK && b < f->net->bars; b++) {
        status = build_crossbar(f, b);
        if (status == EQ_OK) status = prepare_fold(f, &f->net->bar[b]);
    }
    size_t places = f->net->eliminated * f->net->kept, edges = 0;
    for (size_t b = 0; b < f->net->bars; b++) {
        eq_crossbar *x = &f->net->bar[b];
        if (x->kind == EQ_ROWS_NODE) edges += x->count;
        for (size_t before = 0; before < b; before++)
            if (x->group != EQ_NONE && f->net->bar[before].group == x->group)
                x->offset += f->net->bar[before].count;
    }
    if (status == EQ_OK && places > 8 * edges + 4096)
        status = eq_fail(f->diag, EQ_ERR_CHECK,
                         "its layers are joined by %zu resistors in %zu x %zu "
                         "places, too few for crossbars",
                         edges, f->net->eliminated, f->net->kept);
    return status;
}
