/* Pictures that a paper can print: 3.4 or 7 inch wide, letters of 8 pt, colours that colour-blind
 * readers tell apart (Okabe and Ito 2008; viridis), units on the axes. gnuplot draws them. */
#ifndef EQ_REPORT_PICTURE_H
#define EQ_REPORT_PICTURE_H

#include "base/status.h"
#include "base/text.h"

typedef enum eq_picture_format { EQ_PICTURE_SVG, EQ_PICTURE_PDF, EQ_PICTURE_PNG } eq_picture_format;

typedef enum eq_picture_theme {
    EQ_PICTURE_LIGHT, /* on white */
    EQ_PICTURE_DARK,  /* on dark grey */
    EQ_PICTURE_PAGE,  /* SVG: no background; letters and axes have the currentColor of the page
                         around them, so that one picture stands on light and dark; else as LIGHT */
} eq_picture_theme;

#define EQ_PICTURE_COLUMN 3.4 /* in: width of a column of a paper, and of its page */
#define EQ_PICTURE_PAPER 7.0

/* What is drawn, and how. eq_picture_defaults gives all but kind and input. */
typedef struct eq_picture {
    const char *kind;         /* of eq_picture_kind_at; NULL: the one that suits the first input */
    const char *const *input; /* run folders or files, as the kind reads them */
    size_t inputs;
    const struct eq_result *table; /* what is drawn instead of a file, as `sweep` draws it; NULL */
    eq_picture_format format;
    eq_picture_theme theme;
    bool transparent;      /* no background */
    double width, height;  /* in; height 0: as suits the kind */
    const char *name;      /* SVG: begins every id in it, for pages with several pictures; NULL */
    const char *log;       /* "x", "y", "xy" or "none"; NULL: where it helps */
    const char *columns;   /* of the table, parted by commas; NULL: as suits the kind */
    const char *x;         /* column of the x axis; NULL: as suits the kind */
    const char *reference; /* "2.0%", "0.02" or "NAME=2.0%": a line across; NULL */
    const char *band;      /* of several runs: "deviation", "range", or "runs", each run by itself;
                              NULL: deviation for a folder of seeds, else runs */
    const char *element;   /* iv: what is measured; NULL: the first that suits */
    double from, to;       /* iv: of the drop, V; NAN: as suits */
    bool percent;          /* confusion: shares of the true class instead of counts */
    int threads;           /* where examples are solved */
} eq_picture;

eq_picture eq_picture_defaults(void);

/* A kind of picture. */
typedef struct eq_picture_kind {
    const char *name, *title, *reads, *summary; /* title: what an SVG says that it is */
} eq_picture_kind;
/* Number k from 0 on; NULL: there are no more. */
const eq_picture_kind *eq_picture_kind_at(size_t k);

/* "svg", "pdf" or "png", or a path that ends in .svg, .pdf or .png. */
bool eq_picture_format_find(const char *text, eq_picture_format *format);

/* *kind receives the name of the kind that is drawn: p->kind, or the one that suits the first input. */
eq_status eq_picture_choose(const eq_picture *p, const char **kind, eq_diag *diag);

/* Draws it; `out` receives the bytes of the file (of SVG a whole document: a page takes what begins
 * at "<svg"). EQ_ERR_USAGE: the kind or an option is not one; EQ_ERR_INPUT: the input has not what
 * the kind draws; EQ_ERR_IO: gnuplot is missing or failed. */
eq_status eq_picture_draw(const eq_picture *p, eq_text *out, eq_diag *diag);

#endif
