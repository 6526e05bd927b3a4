/* A list of edges: CSV with a header row, a row an edge. Columns from and to are nodes; name, element, model,
 * bulk, value and train say of what it is made, and a column of any other name is a parameter of that element.
 * What a row leaves empty is as the architecture has it. */
#include <math.h>
#include <string.h>

#include "base/carry.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "netlist/lexer.h"
#include "netlist/mesh/parts.h"

enum { FROM, TO, NAME, ELEMENT, MODEL, BULK, VALUE, TRAIN, COLUMNS };
static const char *const known[COLUMNS] = {"from",  "to",   "name",  "element",
                                           "model", "bulk", "value", "train"};

typedef struct list {
    eq_mesh *m;
    eq_csv csv;
    int column[COLUMNS]; /* where it stands, -1: nowhere */
    char **other;        /* [columns] the name of a parameter, NULL: none */
    size_t columns, row;
    int32_t file;
    eq_mesh_set *set; /* [columns] those of the row */
    eq_text word[COLUMNS], tag;
    eq_mesh_namer named;
    eq_diag *diag;
} list;

#define HEAD                                                                                       \
    "from and to, and where there are any name, element, model, bulk, value, train and "           \
    "parameters "                                                                                  \
    "of the elements"

static eq_place row_place(const list *l) {
    return l->csv.cells == 0 ? (eq_place){l->csv.path, l->csv.line, 0}
                             : eq_cell_place(&l->csv, &l->csv.cell[0]);
}

static int find_column(const eq_cell *cell) {
    eq_token t = {EQ_TOKEN_WORD, cell->text, cell->length, eq_mesh_nowhere};
    for (int k = 0; k < COLUMNS; k++)
        if (eq_token_is(t, known[k])) return k;
    return -1;
}

/* Whether a class that an edge may have has a parameter of the name. */
static bool is_parameter(const eq_cell *cell) {
    char name[16];
    if (cell->length == 0 || cell->length >= sizeof name) return false;
    memcpy(name, cell->text, cell->length);
    name[cell->length] = '\0';
    for (int cls = 0; cls < EQ_CLASS_COUNT; cls++)
        if (eq_param_find(eq_class(cls), name) >= 0) return true;
    return false;
}

static eq_status head_cell(list *l, size_t k) {
    const eq_cell *cell = &l->csv.cell[k];
    int which = find_column(cell);
    if (which >= 0) {
        if (l->column[which] >= 0)
            return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, cell),
                              "a second column %s; give each column once", known[which]);
        l->column[which] = (int)k;
        return EQ_OK;
    }
    if (!is_parameter(cell))
        return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, cell),
                          "there is no column '%.*s' of an edge list; its first row names its "
                          "columns: " HEAD,
                          eq_cell_shown(cell), cell->text);
    l->other[k] = eq_strndup(cell->text, cell->length);
    return l->other[k] == NULL ? eq_out_of_memory(l->diag) : EQ_OK;
}

static eq_status head(list *l) {
    bool more;
    eq_status status = eq_csv_row(&l->csv, &more);
    if (status != EQ_OK) return status;
    l->columns = l->csv.cells;
    l->other = eq_calloc(l->columns + 1, sizeof *l->other);
    l->set = eq_calloc(l->columns + 1, sizeof *l->set);
    if (l->other == NULL || l->set == NULL) return eq_out_of_memory(l->diag);
    for (int k = 0; k < COLUMNS; k++) l->column[k] = -1;
    for (size_t k = 0; status == EQ_OK && k < l->columns; k++) status = head_cell(l, k);
    if (status == EQ_OK && (l->column[FROM] < 0 || l->column[TO] < 0))
        status =
            eq_fail_at(l->diag, EQ_ERR_INPUT, row_place(l),
                       "the edge list has no column %s; its first row names its columns: " HEAD,
                       l->column[FROM] < 0 ? known[FROM] : known[TO]);
    return status;
}

/* The cell of a column in this row, NULL where it is empty. */
static const eq_cell *cell_of(const list *l, int which) {
    const eq_cell *cell = l->column[which] < 0 ? NULL : &l->csv.cell[l->column[which]];
    return cell == NULL || cell->length == 0 ? NULL : cell;
}

/* What stands in it as a word of its own, NULL where it is empty. */
static eq_status word_of(list *l, int which, const char **word) {
    const eq_cell *cell = cell_of(l, which);
    eq_text_clear(&l->word[which]);
    if (cell != NULL) eq_text_add(&l->word[which], cell->text, cell->length);
    *word = cell == NULL ? NULL : l->word[which].text;
    return l->word[which].failed ? eq_out_of_memory(l->diag) : EQ_OK;
}

static eq_status node_of(list *l, int which, eq_node *node) {
    const char *name;
    char sign[EQ_SIGN];
    eq_status status = word_of(l, which, &name);
    if (status != EQ_OK) return status;
    eq_place at = name == NULL ? row_place(l) : eq_cell_place(&l->csv, cell_of(l, which));
    if (name == NULL)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, at,
                          "the edge has no node '%s'; give both its nodes", known[which]);
    if (!eq_carries(EQ_CARRY_NGSPICE, name, sign))
        return eq_fail_at(l->diag, EQ_ERR_INPUT, at,
                          "the node '%.*s' cannot be written in a deck, where '%s' cannot stand in "
                          "its name; use letters, digits and _",
                          eq_cell_shown(cell_of(l, which)), name, sign);
    status = eq_name_fits(name, strlen(name), at, l->diag);
    if (status != EQ_OK) return status;
    if (eq_mesh_own_name(name, strlen(name)))
        return eq_fail_at(l->diag, EQ_ERR_INPUT, at,
                          "the node '%.40s' is called as the network calls nodes of its own "
                          "(g_..., gf_..., m_...); give it another name",
                          name);
    return eq_mesh_node(l->m, name, strlen(name), node);
}

static eq_status number_of(const list *l, const eq_cell *cell, double *value) {
    size_t n = eq_spice_number(cell->text, cell->length, EQ_NGSPICE, value);
    if (n == cell->length && isfinite(*value)) return EQ_OK;
    return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, cell),
                      "'%.*s' is no number; write one like 0.25, 1e-6 or 138u", eq_cell_shown(cell),
                      cell->text);
}

static eq_status kind_of(list *l, eq_mesh_kind *kind) {
    const char *word;
    eq_status status = word_of(l, ELEMENT, &word);
    *kind = l->m->kind;
    if (status != EQ_OK || word == NULL || eq_mesh_kind_find(l->m->a, word, kind)) return status;
    return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, cell_of(l, ELEMENT)),
                      "an edge cannot be a '%.40s'; use resistor, resistor-diode, nmos, pmos or a "
                      "class of two terminals, such as diode",
                      word);
}

static eq_status stillness_of(list *l, bool *still) {
    const char *word;
    eq_status status = word_of(l, TRAIN, &word);
    *still = word != NULL && eq_same(word, "no");
    if (status != EQ_OK || word == NULL || *still || eq_same(word, "yes")) return status;
    return eq_fail_at(l->diag, EQ_ERR_INPUT, eq_cell_place(&l->csv, cell_of(l, TRAIN)),
                      "train is '%.40s'; write yes or no", word);
}

/* The parameters of the row. */
static eq_status sets_of(list *l, eq_mesh_edge *e) {
    eq_status status = EQ_OK;
    e->set = l->set;
    for (size_t k = 0; status == EQ_OK && k < l->columns; k++) {
        const eq_cell *cell = &l->csv.cell[k];
        if (l->other[k] == NULL || cell->length == 0) continue;
        eq_mesh_set *s = &l->set[e->sets++];
        *s = (eq_mesh_set){
            .name = l->other[k], .length = strlen(l->other[k]), .at = eq_cell_place(&l->csv, cell)};
        status = number_of(l, cell, &s->value);
    }
    return status;
}

/* "_NAME" or "_17". */
static eq_status tag_of(list *l, eq_mesh_edge *e) {
    const char *name;
    eq_status status = word_of(l, NAME, &name);
    eq_text_clear(&l->tag);
    if (status == EQ_OK && l->named != NULL)
        status = l->named(l->m, e, &l->tag);
    else if (name != NULL)
        eq_text_printf(&l->tag, "_%s", name);
    else
        eq_text_printf(&l->tag, "_%zu", l->row);
    e->tag = l->tag.text;
    return l->tag.failed ? eq_out_of_memory(l->diag) : status;
}

static eq_status check_edge(const list *l, const eq_mesh_edge *e) {
    if (e->from == e->to)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, row_place(l),
                          "the edge joins the node '%.40s' with itself; give two nodes, or take "
                          "the row out",
                          eq_circuit_node_name(l->m->c, e->from));
    return EQ_OK;
}

static eq_status edge(list *l) {
    eq_mesh_edge e = {.value = NAN};
    eq_place at = row_place(l);
    e.at = (eq_location){l->file, at.line, at.column};
    if (l->csv.cells != l->columns)
        return eq_fail_at(l->diag, EQ_ERR_INPUT, at,
                          "the row has %zu cell%s, the first row names %zu columns; give as many",
                          l->csv.cells, eq_plural(l->csv.cells), l->columns);
    l->row++;
    eq_status status = node_of(l, FROM, &e.from);
    if (status == EQ_OK) status = node_of(l, TO, &e.to);
    if (status == EQ_OK) status = check_edge(l, &e);
    if (status == EQ_OK) status = kind_of(l, &e.kind);
    if (status == EQ_OK) status = word_of(l, MODEL, &e.model);
    if (status == EQ_OK) status = word_of(l, BULK, &e.bulk);
    if (status == EQ_OK) status = stillness_of(l, &e.still);
    if (status == EQ_OK) status = sets_of(l, &e);
    if (status == EQ_OK && cell_of(l, VALUE) != NULL)
        status = number_of(l, cell_of(l, VALUE), &e.value);
    if (status == EQ_OK) status = tag_of(l, &e);
    return status == EQ_OK ? eq_mesh_add(l->m, &e) : status;
}

static eq_status edges(list *l) {
    eq_status status = head(l);
    bool more = status == EQ_OK;
    while (status == EQ_OK) {
        status = eq_csv_row(&l->csv, &more);
        if (status != EQ_OK || !more) break;
        status = edge(l);
    }
    if (status == EQ_OK && l->row == 0)
        status = eq_fail_at(l->diag, EQ_ERR_INPUT, (eq_place){l->csv.path, 0, 0},
                            "the edge list has no edges; give a first row from,to and a row for "
                            "each edge");
    return status;
}

static void end(list *l) {
    for (size_t k = 0; l->other != NULL && k < l->columns; k++) eq_free(l->other[k]);
    eq_free(l->other);
    eq_free(l->set);
    for (int k = 0; k < COLUMNS; k++) eq_text_free(&l->word[k]);
    eq_text_free(&l->tag);
    eq_csv_close(&l->csv);
}

eq_status eq_mesh_read(eq_mesh *m, eq_mesh_namer named) {
    const char *path = m->a->text[EQ_NET_EDGES];
    list l = {.m = m, .named = named, .diag = m->diag};
    char *text = NULL;
    size_t length;
    eq_status status = eq_file_read_gz(path, EQ_MOST_ITEMS, &text, &length, m->diag);
    if (status != EQ_OK) return status;
    l.file = eq_circuit_file(m->c, path);
    if (l.file == EQ_NONE) status = eq_out_of_memory(m->diag);
    if (status == EQ_OK) status = eq_csv_open_commented(path, text, length, '#', &l.csv, m->diag);
    if (status == EQ_OK) status = edges(&l);
    end(&l);
    eq_free(text);
    return status;
}
