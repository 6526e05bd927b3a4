/* The dialects as tables. Sources: ngspice manual ch. 2, 4, 5, 7, 15; Xyce reference guide ch. 2;
 * LTspice help
 * ("LTspice options", "D. Diode"); Spectre reference ("Component statements"). */
#include <string.h>

#include "netlist/write/write.h"

/* Boltzmann over charge, V/K, by the simulator's own Vt at 27 C (docs/theory.md, 7). LTspice's and
 * Spectre's values are not published; that of CODATA 2014 is used for them, as by ngspice. */
#define K_NGSPICE (0.025864917007157 / 300.15)
#define K_XYCE (0.025864186384551 / 300.15)

/* Names, models and the title, as all SPICE dialects have them. */
#define SPICE_TEXT                                                                                 \
    .comment = "* ", .head = "", .capacitor = "$n $a $b $v\n", .nodeset = {".nodeset v(", ")="},   \
    .typed_names = true, .title_is_bare = true, .model = ".model $n $t(", .model_end = ")\n"

static const eq_dialect_table tables[] = {
    [EQ_NGSPICE] =
        {
            .name = "ngspice",
            .k_over_q = K_NGSPICE,
            .off = true,
            .current = "$n $a $b i=$p\n",
            .options = ".options reltol=$r abstol=1e-15 vntol=1e-12 gmin=$g itl1=1000 itl2=1000 "
                       "epsmin=1e-300 temp=$T tnom=$N\n",
            .tail = ".op\n.end\n",
            SPICE_TEXT,
        },
    [EQ_XYCE] =
        {
            .name = "xyce",
            .k_over_q = K_XYCE,
            .current = "$n $a $b i={$p}\n",
            .options = ".options nonlin reltol=$r abstol=1e-15 rhstol=1e-12 maxstep=1000\n"
                       ".options device gmin=$g temp=$T tnom=$N\n",
            .tail = ".op\n.print dc format=raw v(*) i(*)\n.end\n",
            SPICE_TEXT,
        },
    [EQ_LTSPICE] =
        {
            .name = "ltspice",
            .k_over_q = K_NGSPICE,
            .off = true,
            .current = "$n $a $b i=$p\n",
            .options = ".options reltol=$r abstol=1e-15 vntol=1e-12 gmin=$g itl1=1000 tnom=$N "
                       "numdgt=15\n.temp $T\n",
            .tail = ".op\n.end\n",
            SPICE_TEXT,
        },
    [EQ_SPECTRE] =
        {
            .name = "spectre",
            .k_over_q = K_NGSPICE,
            .current = "$n ($a $b) bsource i=$p\n",
            .comment = "// ",
            .head = "simulator lang=spectre\n",
            .options = "eqspiceOptions options reltol=$r iabstol=1e-15 vabstol=1e-12 gmin=$g "
                       "temp=$T tnom=$N\n",
            .capacitor = "$n ($a $b) capacitor c=$v\n",
            .nodeset = {"nodeset ", "="},
            .tail = "eqspiceOp dc save=all\n",
            .model = "model $n $c",
            .model_end = "\n",
        },
};

static const char *const names[EQ_DIALECT_COUNT] = {
    [EQ_NGSPICE] = "ngspice", [EQ_XYCE] = "xyce", [EQ_LTSPICE] = "ltspice",
    [EQ_SPECTRE] = "spectre", [EQ_XML] = "xml",
};

const eq_dialect_table *eq_dialect_table_of(eq_dialect dialect) {
    return dialect == EQ_XML ? NULL : &tables[dialect];
}

bool eq_dialect_find(const char *name, eq_dialect *dialect) {
    for (int k = 0; k < EQ_DIALECT_COUNT; k++) {
        *dialect = (eq_dialect)k;
        if (strcmp(names[k], name) == 0) return true;
    }
    return false;
}

const char *eq_dialect_name(eq_dialect dialect) {
    return names[dialect];
}

double eq_dialect_k_over_q(eq_dialect dialect) {
    return dialect == EQ_XML ? K_NGSPICE : tables[dialect].k_over_q;
}

const char *eq_class_line(const eq_deck_writer *w, const eq_device_class *cls) {
    const char *line = cls->line[w->dialect];
    bool by_model = cls->model_type != NULL; /* as LTspice has it, which eqspice reads */
    if (line == NULL && w->own && by_model && cls->line[EQ_LTSPICE] == NULL)
        return eq_class_terminals(cls) == 4 ? "$n $a $b $c $d $m$i\n" : "$n $a $b $m$i\n";
    if (line == NULL && w->own) return by_model ? cls->line[EQ_LTSPICE] : "$n$z$i\n";
    return line == NULL && cls->formula != NULL ? w->d->current : line;
}
