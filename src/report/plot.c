#include "report/plot.h"

#include "report/process.h"

/* gnuplot runs in the folder, so that no path needs quoting; columns as in DESIGN section 4. */
static const char curves[] =
    "set terminal svg size 900,380 dynamic enhanced font 'sans,13' background '#ffffff'\n"
    "set output '.curves.svg.tmp'\n"
    "set datafile separator ','\n"
    "set multiplot layout 1,2\n"
    "set key top right samplen 2 opaque\n"
    "set grid lc rgb '#dddddd'\n"
    "set border 3 lc rgb '#666666'\n"
    "set tics nomirror\n"
    "set xlabel 'epoch'\n"
    "set xrange [0:*]\n"
    "set yrange [0:*]\n"
    "set style line 1 lc rgb '#1f77b4' lw 2 pt 7 ps 0.4\n"
    "set style line 2 lc rgb '#d62728' lw 2 pt 7 ps 0.4\n"
    "stats 'metrics.csv' using 4 every ::1 nooutput\n"
    "tested = exists('STATS_records') && STATS_records > 0\n"
    "set ylabel 'loss'\n"
    "if (tested) { plot 'metrics.csv' every ::1 using 1:2 with linespoints ls 1 title 'train', "
    "'' every ::1 using 1:4 with linespoints ls 2 title 'test' } else { "
    "plot 'metrics.csv' every ::1 using 1:2 with linespoints ls 1 title 'train' }\n"
    "set ylabel 'error [%]'\n"
    "if (tested) { plot 'metrics.csv' every ::1 using 1:(100*$3) with linespoints ls 1 title "
    "'train', "
    "'' every ::1 using 1:(100*$5) with linespoints ls 2 title 'test' } else { "
    "plot 'metrics.csv' every ::1 using 1:(100*$3) with linespoints ls 1 title 'train' }\n"
    "unset multiplot\n"
    "set output\n"
    "system('mv .curves.svg.tmp curves.svg')\n";

eq_status eq_plot_curves(const char *folder, eq_diag *diag) {
    const char *const argv[] = {"gnuplot", "-d", NULL}; /* no ~/.gnuplot */
    eq_process p = {argv, folder, curves, "gnuplot-nox", 60};
    eq_text said = {0};
    eq_diag *own = eq_diag_new();
    int exit_status = 0;
    eq_status status = eq_process_run(&p, &exit_status, &said, own);
    if (status != EQ_OK || exit_status != 0)
        eq_warn_at(diag, (eq_place){NULL, 0, 0}, "no curves.svg was drawn: %s",
                   status != EQ_OK && eq_diag_count(own) > 0 ? eq_diag_get(own, 0)->text
                   : said.text != NULL                       ? said.text
                                                             : "gnuplot failed");
    eq_diag_free(own);
    eq_text_free(&said);
    return EQ_OK;
}
