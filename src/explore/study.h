/* A study: an experiment, what varies in it, how the points are drawn, with which seeds each is
 * trained and which figures are kept of it. Read from XML (schemas/study.xsd). */
#ifndef EQ_EXPLORE_STUDY_H
#define EQ_EXPLORE_STUDY_H

#include "base/status.h"
#include "base/text.h"
#include "explore/figure.h"

/* What varies: an attribute of the experiment or a parameter of its circuit. A list of words, or a
 * range of numbers. */
typedef struct eq_factor {
    char *name;      /* as --set takes it */
    eq_place values; /* of values= or from=, for messages; the file is the study's path */
    eq_place place;  /* of name= */
    char **word;     /* [words]; NULL: a range */
    size_t words;
    double from, to;
    bool log, whole; /* a range is even in the logarithm; has whole numbers alone */
    bool scaled;     /* and says so itself */
    size_t levels;   /* of a grid and of one-at-a-time; words of a list */
    char *center;    /* of one-at-a-time; NULL: the first word, or the middle of the range */
} eq_factor;

typedef enum eq_design {
    EQ_DESIGN_GRID,
    EQ_DESIGN_RANDOM,
    EQ_DESIGN_LATIN,
    EQ_DESIGN_SOBOL,
    EQ_DESIGN_ONE,
    EQ_DESIGN_HALVING,
    EQ_DESIGN_CMA,
} eq_design;

enum { EQ_MOST_FACTORS = 21, EQ_MOST_RUNS = 1000000, EQ_MOST_FIGURES = 24, EQ_MOST_RUNGS = 20 };

typedef struct eq_study {
    char *path;       /* the file, for messages */
    char *folder;     /* its folder: relative paths start here */
    char *name;       /* of runs/NAME */
    char *experiment; /* its path as it is opened */
    char **set;       /* [sets] "NAME=VALUE" of every point */
    size_t sets, set_cap;
    eq_factor *factor;
    size_t factors, factor_cap;
    eq_design design;
    size_t points;
    uint64_t design_seed; /* 0 of sobol: the sequence itself, else shifted */
    size_t population;    /* of a generation of CMA-ES */
    double sigma;         /* its first width, as a part of every range */
    size_t rungs; /* of successive halving, whose last factor is the budget: a word a rung */
    size_t rung[EQ_MOST_RUNGS]; /* points of each */
    uint64_t *seed;             /* [repeats] of the trainings of a point; NULL: the experiment's */
    size_t repeats;             /* >= 1 */
    eq_place figures_at, epoch_at; /* of <record>, for messages */
    const eq_figure *figure[EQ_MOST_FIGURES];
    size_t figures;
    bool best, keep_runs;
    size_t goal;      /* number of a figure */
    size_t pareto[2]; /* two of them, the same: none asked for */
} eq_study;

/* What the file alone can be refused for is refused, each fault at its place. experiment: its path
 * where it is known and need not be there (of a copy, copy.h); NULL: as the study has it. */
eq_status eq_study_read(const char *path, const char *experiment, eq_study **out, eq_diag *diag);
void eq_study_free(eq_study *s);
const char *eq_design_name(eq_design design);
/* Whether the design looks at what came before. */
static inline bool eq_design_searches(eq_design design) {
    return design == EQ_DESIGN_HALVING || design == EQ_DESIGN_CMA;
}

/* Trainings: run k is point k / repeats with seed k % repeats. */
static inline size_t eq_study_runs(const eq_study *s) {
    return s->points * s->repeats;
}

#endif
