/* Which units hang together (disjoint sets, Tarjan 1975). */
#include "base/mem.h"
#include "model/hopfield/net.h"

bool eq_joined_new(eq_joined *j, size_t units) {
    j->above = eq_malloc(units, sizeof *j->above);
    j->odd = eq_calloc(units, sizeof *j->odd);
    for (size_t u = 0; j->above != NULL && u < units; u++) j->above[u] = (int32_t)u;
    return j->above != NULL && j->odd != NULL;
}

void eq_joined_free(eq_joined *j) {
    eq_free(j->above);
    eq_free(j->odd);
}

/* Units on the way are put two steps higher (path halving). */
int32_t eq_joined_find(eq_joined *j, int32_t unit, bool *odd) {
    *odd = false;
    while (j->above[unit] != unit) {
        int32_t next = j->above[unit];
        j->odd[unit] = j->odd[unit] != j->odd[next];
        j->above[unit] = j->above[next];
        *odd = *odd != j->odd[unit];
        unit = j->above[unit];
    }
    return unit;
}

void eq_joined_join(eq_joined *j, int32_t a, int32_t b) {
    bool odd_a, odd_b;
    int32_t of_a = eq_joined_find(j, a, &odd_a), of_b = eq_joined_find(j, b, &odd_b);
    if (of_a == of_b) return;
    j->above[of_a] = of_b;
    j->odd[of_a] = odd_a == odd_b;
}

/* For each part, by its root: whether an input acts on it, and whether an output is in it. */
static void look(const eq_hopfield *h, eq_joined *j, bool *fed, bool *read) {
    size_t place[EQ_HOPFIELD_LAYERS] = {0};
    bool odd;
    size_t a, b;
    for (size_t l = 2; l <= h->layers; l++) place[l] = place[l - 1] + h->o.width[l - 1];
    for (int inputs = 0; inputs < 2; inputs++)
        for (size_t q = 0; q < h->couplings; q++) {
            const eq_hopfield_coupling *c = &h->coupling[q];
            for (size_t k = 0; (c->from == 0) == (inputs == 1) && k < c->of.count; k++) {
                eq_hopfield_ends(c, k, &a, &b);
                b += place[c->to];
                if (inputs == 1)
                    fed[eq_joined_find(j, (int32_t)b, &odd)] = true;
                else
                    eq_joined_join(j, (int32_t)(a + place[c->from]), (int32_t)b);
            }
        }
    for (size_t k = h->units - h->o.width[h->layers]; k < h->units; k++)
        read[eq_joined_find(j, (int32_t)k, &odd)] = true;
}

static eq_status judge(const eq_hopfield *h, eq_joined *j, const bool *fed, const bool *read,
                       eq_diag *diag) {
    eq_text name = {0};
    eq_status status = EQ_OK;
    int32_t unit = 0;
    for (size_t l = 1; l <= h->layers; l++)
        for (size_t k = 0; status == EQ_OK && k < h->o.width[l]; k++) {
            bool odd, graph = h->unit != NULL;
            int32_t root = eq_joined_find(j, unit++, &odd);
            bool deaf = l == h->layers && !fed[root], mute = graph && !read[root];
            if (!deaf && !mute) continue;
            eq_hopfield_unit_name(h, l, k, &name);
            status = name.failed ? eq_out_of_memory(diag)
                                 : eq_fail_at(diag, EQ_ERR_INPUT, h->o.at, "%s '%.40s'; %s",
                                              deaf ? "no input acts on the output"
                                                   : "no output depends on the unit",
                                              name.text,
                                              graph ? "join it by edges, or take it out"
                                                    : "raise density, or take another topology");
        }
    eq_text_free(&name);
    return status;
}

eq_status eq_hopfield_joined(const eq_hopfield *h, eq_diag *diag) {
    eq_joined j = {0};
    bool whole = eq_joined_new(&j, h->units), *fed = eq_calloc(h->units, sizeof *fed),
         *read = eq_calloc(h->units, sizeof *read);
    eq_status status = EQ_OK;
    if (whole && fed != NULL && read != NULL) {
        look(h, &j, fed, read);
        status = judge(h, &j, fed, read, diag);
    } else {
        status = eq_out_of_memory(diag);
    }
    eq_joined_free(&j);
    eq_free(fed);
    eq_free(read);
    return status;
}
