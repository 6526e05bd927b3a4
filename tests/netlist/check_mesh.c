/* Networks of edges: against decks written by hand, counted, and told apart by their seeds. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "netlist/mesh.h"
#include "netlist/netlist.h"
#include "support/program.h"

Suite *mesh_suite(void);

static void write_file(const char *name, const char *text) {
    FILE *f = fopen(in(name), "wb");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static eq_architecture kind(const char *name) {
    eq_architecture a;
    ck_assert_int_eq(eq_architecture_kind(name, &a, NULL), EQ_OK);
    return a;
}

static void say(eq_architecture *a, eq_net_text which, const char *text) {
    a->text[which] = eq_strdup(text);
}

static eq_circuit *made(eq_architecture *a) {
    eq_circuit *c = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_architecture_circuit(a, &c, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(diag) ? eq_diag_get(diag, 0)->text : "?");
    eq_diag_free(diag);
    return c;
}

static double *potentials(eq_circuit *c) {
    eq_solver *solver = NULL;
    double *v = eq_calloc(eq_circuit_nodes(c), sizeof *v);
    ck_assert_int_eq(eq_solver_new(c, &solver, NULL), EQ_OK);
    ck_assert_int_eq(eq_solver_solve(solver, NULL, v, NULL, NULL, NULL), EQ_OK);
    eq_solver_free(solver);
    return v;
}

/* Every node of `c` has the potential of that name in the deck. */
static void same_state(eq_circuit *c, const char *deck) {
    eq_circuit *by_hand = NULL;
    eq_diag *diag = eq_diag_new();
    eq_status status = eq_circuit_parse("hand.cir", deck, strlen(deck), &by_hand, diag);
    ck_assert_msg(status == EQ_OK, "%s", eq_diag_count(diag) ? eq_diag_get(diag, 0)->text : "?");
    eq_diag_free(diag);
    ck_assert_uint_eq(eq_circuit_nodes(c), eq_circuit_nodes(by_hand));
    double *v = potentials(c), *hand = potentials(by_hand);
    for (size_t n = 0; n < eq_circuit_nodes(c); n++) {
        const char *name = eq_circuit_node_name(c, (eq_node)n);
        eq_node same = eq_circuit_find_node(by_hand, name);
        ck_assert_msg(same != EQ_NONE, "the deck has no node %s", name);
        ck_assert_msg(fabs(v[n] - hand[same]) <= 1e-12, "%s: %.15g, by hand %.15g", name, v[n],
                      hand[same]);
    }
    eq_free(v);
    eq_free(hand);
    eq_circuit_free(by_hand);
}

/* A resistor takes its parameters from columns, too. */
START_TEST(resistors_take_their_columns) {
    write_file("r.csv", "from,to,r,tc1,train\na,y,1k,1m,no\na,b,3k,,\nb,y,,2m,no\nb,0,,,no\n");
    eq_architecture a = kind("graph");
    say(&a, EQ_NET_EDGES, in("r.csv"));
    say(&a, EQ_NET_INPUTS, "a");
    say(&a, EQ_NET_OUTPUTS, "y");
    eq_circuit *c = made(&a);
    const eq_table *r = &c->table[EQ_CLASS_resistor], *g = &c->table[EQ_CLASS_memristor];
    int tc1 = eq_param_find(r->cls, "tc1");
    ck_assert_uint_eq(r->count, 3);
    ck_assert_double_eq_tol(r->w[r->cls->value][0], 1e3, 1e-9);
    ck_assert_double_eq(r->w[tc1][0], 1e-3);
    ck_assert_double_eq_tol(g->w[0][0], 1.0 / 3e3, 1e-15);
    ck_assert_double_gt(r->w[r->cls->value][1], 999.0); /* drawn between the bounds */
    ck_assert_double_eq(r->w[tc1][1], 2e-3);
    ck_assert_double_eq(r->w[tc1][2], 0.0);
    eq_circuit_free(c);
    eq_architecture_free(&a);
}
END_TEST

/* Every kind of element and every column. */
START_TEST(a_list_is_the_deck_written_by_hand) {
    static const char list[] = "\xEF\xBB\xBF# a comment, with \"quotes\"\r\n"
                               "from,to,name,element,value,model,bulk,train,w,n\r\n"
                               "A,b,,,2m,,,,,\r\n"
                               "# between\r\n"
                               "a,c,cell,resistor-diode,1e-3,,,,,2\r\n"
                               "c,0,,resistor,1u,,,no,,\r\n"
                               "b,low,,diode,,dx,,,,\r\n"
                               "b,c,,nmos,2.5,nx,,,20u,\r\n"
                               "b,c,,nmos,1.5,,drain,no,,\r\n"
                               "c,0,,pmos,-2,,sub,,,\r\n"
                               "c,y,,,1e-4,,,,,\r\n";
    static const char models[] = "models\n.model dx d(is=1e-12 n=1.5)\n"
                                 ".model nx nmos(vto=0.4 kp=1e-4)\n.end\n";
    static const char deck[] =
        "by hand\nva a 0 0\nvlow low 0 -0.5\nvsub sub 0 2\n"
        "r1 a b 500\nr2 a m_cell 1k\nd2 m_cell c cell\n.model cell d(is=1e-9 n=2)\nr3 c 0 1meg\n"
        "d4 b low dx\n.model dx d(is=1e-12 n=1.5)\n"
        "vg5 g_5 0 2.5\nm5 b g_5 c 0 nx w=20u l=2u\n.model nx nmos(vto=0.4 kp=1e-4)\n"
        "vg6 gf_6 0 1.5\nm6 b gf_6 c b nch w=9u l=2u\n.model nch nmos()\n"
        "vg7 g_7 0 -2\nm7 c g_7 0 sub pch w=9u l=2u\n.model pch pmos()\n"
        "r8 c y 10k\nrl1 b 0 1meg\nrl2 c 0 1meg\nrl3 y 0 1meg\n.end\n";
    write_file("list.csv", list);
    write_file("models.cir", models);
    eq_architecture a = kind("graph");
    say(&a, EQ_NET_EDGES, in("list.csv"));
    say(&a, EQ_NET_MODELS, in("models.cir"));
    say(&a, EQ_NET_INPUTS, "a");
    say(&a, EQ_NET_OUTPUTS, "y,b c");
    say(&a, EQ_NET_RAILS, "low=-500m, sub=2");
    say(&a, EQ_NET_PARAMETERS, "w=9u l=2u");
    a.is = 1e-9;
    a.gmax = 1e-2;
    a.vmin = -3.0;
    a.load = 1e6;
    eq_circuit *c = made(&a);
    same_state(c, deck);
    ck_assert_uint_eq(c->inputs, 1);
    ck_assert_uint_eq(c->outputs, 2);
    ck_assert_int_eq(c->output[1].minus, EQ_NONE);
    ck_assert_uint_eq(c->groups, 2);
    ck_assert_str_eq(c->group[0].name, "r_*");
    ck_assert_uint_eq(c->group[0].count, 3);
    ck_assert_str_eq(c->group[1].name, "vg_*");
    ck_assert_uint_eq(c->group[1].count, 2);
    ck_assert_int_eq(eq_circuit_place_of(c, eq_circuit_find_element(c, "rf_3")).line, 6);
    eq_circuit_free(c);
    eq_architecture_free(&a);
}
END_TEST

/* 2 N^2 edges on a torus, 2 N (N - 1) on a square; a ring of two has no second edge. */
START_TEST(grids_have_the_edges_of_their_kind) {
    static const struct {
        size_t rows, columns;
        bool periodic;
        size_t edges;
    } grid[] = {{4, 4, false, 24}, {4, 4, true, 32}, {1, 5, false, 4},
                {1, 5, true, 5},   {2, 3, true, 9},  {10, 10, true, 200}};
    for (size_t k = 0; k < sizeof grid / sizeof *grid; k++) {
        eq_architecture a = kind("grid");
        say(&a, EQ_NET_INPUTS, "n1_1");
        say(&a, EQ_NET_OUTPUTS, "n1_2");
        say(&a, EQ_NET_RAILS, "n1_3=0.1");
        a.rows = grid[k].rows;
        a.columns = grid[k].columns;
        a.periodic = grid[k].periodic;
        eq_circuit *c = made(&a);
        ck_assert_uint_eq(c->group[0].count, grid[k].edges);
        ck_assert_uint_eq(eq_circuit_nodes(c), 1 + a.rows * a.columns);
        eq_circuit_free(c);
        eq_architecture_free(&a);
    }
}
END_TEST

/* Which of the 4 x 6 edges there are. */
static void topology(double density, size_t seed, size_t own, size_t wanted, bool *there) {
    eq_architecture a = kind("nmos");
    ck_assert_int_eq(eq_architecture_layers("4,6", &a, NULL), EQ_OK);
    a.density = density;
    a.seed = seed;
    a.topology = own;
    eq_circuit *c = made(&a);
    ck_assert_uint_eq(c->group[0].count, wanted);
    ck_assert_uint_eq(c->outputs, 3);
    ck_assert_uint_eq(c->table[EQ_CLASS_resistor].count, 6);
    for (int k = 0; k < 24; k++) {
        char name[32];
        snprintf(name, sizeof name, "m1_%d_%d", k / 6 + 1, k % 6 + 1);
        there[k] = eq_circuit_find_element(c, name) != EQ_NONE;
    }
    eq_circuit_free(c);
}

START_TEST(a_density_is_kept_to_the_edge_and_drawn_by_the_seed) {
    bool all[24], one[24], same[24], other[24];
    topology(1.0, 1, 0, 24, all);
    topology(0.5, 1, 0, 12, one);
    topology(0.5, 7, 1, 12, same);
    topology(0.5, 2, 0, 12, other);
    topology(1e-9, 2, 0, 1, all);
    ck_assert_mem_eq(one, same, sizeof one);
    ck_assert_mem_ne(one, other, sizeof one);
}
END_TEST

/* The 1,247 of the 64 x 20 possible transistors of the digits network. */
START_TEST(nmos_networks_have_the_published_size) {
    eq_architecture a = kind("nmos");
    ck_assert_int_eq(eq_architecture_layers("64,20", &a, NULL), EQ_OK);
    a.density = 1247.0 / 1280.0;
    eq_circuit *c = made(&a);
    ck_assert_uint_eq(c->table[EQ_CLASS_nmos].count, 1247);
    ck_assert_uint_eq(c->inputs, 64);
    ck_assert_uint_eq(c->outputs, 10);
    eq_circuit_free(c);
}
END_TEST

/* Two layers and one past a hidden rail, in the order of the file. */
START_TEST(a_list_may_say_which_edges_of_the_layers_there_are) {
    write_file("list.csv",
               "to;from;value\nh1_2;x1;1.5\ny1;h1_2;2\nh1_1;x2;\ny1;h1_1;\ny1;bias1;3\n");
    eq_architecture a = kind("nmos");
    ck_assert_int_eq(eq_architecture_layers("2,2,1", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_biases("0.25", &a, NULL), EQ_OK);
    a.differential = false;
    say(&a, EQ_NET_EDGES, in("list.csv"));
    say(&a, EQ_NET_BULK, "source");
    eq_circuit *c = made(&a);
    ck_assert_uint_eq(c->groups, 3);
    ck_assert_str_eq(c->group[2].name, "vgb2_*");
    ck_assert_double_eq(*eq_circuit_source(c, eq_circuit_find_element(c, "vgb2_1_1")), 3.0);
    ck_assert_double_eq(*eq_circuit_source(c, eq_circuit_find_element(c, "vbias1")), 0.25);
    ck_assert_str_eq(c->group[1].name, "vg2_*");
    ck_assert_uint_eq(c->group[1].count, 2);
    eq_element m = eq_circuit_find_element(c, "m2_2_1");
    ck_assert_int_ne(m, EQ_NONE);
    const eq_table *t = &c->table[EQ_CLASS_nmos];
    ck_assert_int_eq(t->term[3][c->row[m].row], eq_circuit_find_node(c, "y1"));
    ck_assert_double_eq(*eq_circuit_source(c, eq_circuit_find_element(c, "vg1_1_2")), 1.5);
    eq_circuit_free(c);
    eq_architecture_free(&a);
}
END_TEST

/* Rails of the biases lead into a layer, and nothing leads into them. */
START_TEST(no_edge_of_the_layers_leads_into_a_bias) {
    write_file("list.csv", "from;to\nx1;y1\ny1;bias1\n");
    eq_architecture a = kind("nmos");
    eq_diag *diag = eq_diag_new();
    eq_circuit *c = NULL;
    ck_assert_int_eq(eq_architecture_layers("2,1", &a, NULL), EQ_OK);
    ck_assert_int_eq(eq_architecture_biases("0.25", &a, NULL), EQ_OK);
    a.differential = false;
    say(&a, EQ_NET_EDGES, in("list.csv"));
    ck_assert_int_eq(eq_architecture_circuit(&a, &c, diag), EQ_ERR_INPUT);
    ck_assert_int_eq(eq_diag_get(diag, 0)->line, 3);
    eq_diag_free(diag);
    eq_architecture_free(&a);
}
END_TEST

Suite *mesh_suite(void) {
    Suite *s = suite_create("mesh");
    TCase *t = tcase_create("mesh");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_test(t, a_list_is_the_deck_written_by_hand);
    tcase_add_test(t, resistors_take_their_columns);
    tcase_add_test(t, grids_have_the_edges_of_their_kind);
    tcase_add_test(t, a_density_is_kept_to_the_edge_and_drawn_by_the_seed);
    tcase_add_test(t, nmos_networks_have_the_published_size);
    tcase_add_test(t, no_edge_of_the_layers_leads_into_a_bias);
    tcase_add_test(t, a_list_may_say_which_edges_of_the_layers_there_are);
    suite_add_tcase(s, t);
    return s;
}
