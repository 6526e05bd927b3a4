#include "report/plot.h"

#include "base/file.h"
#include "base/mem.h"
#include "report/process.h"
#include "report/workplace.h"

static const char picture[] = "curves.svg";

/* gnuplot runs in a folder of its own, with a copy of metrics.csv, so that no path needs quoting
 * and no file that stands beside the real one is touched. Columns: docs/experiment.md. */
static const char curves[] =
    "set terminal svg size 900,380 dynamic enhanced font 'sans,13' background '#ffffff'\n"
    "set output 'curves.svg'\n"
    "set datafile separator ','\n"
    "set datafile columnheaders\n"
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
    "set style line 3 lc rgb '#2ca02c' lw 2 pt 7 ps 0.4\n"
    "header = ','.system('head -n 1 metrics.csv').','\n"
    "has(name) = strstrt(header, ','.name.',') > 0\n"
    "stats 'metrics.csv' using (column('test_loss')) nooutput\n"
    "tested = exists('STATS_records') && STATS_records > 0\n"
    "sets = 'train'.(has('validation_loss') ? ' validation' : '').(tested ? ' test' : '')\n"
    "style(s) = s eq 'train' ? 1 : s eq 'test' ? 2 : 3\n"
    "set ylabel 'loss'\n"
    "plot for [s in sets] 'metrics.csv' using (column('epoch')):(column(s.'_loss')) "
    "with linespoints ls style(s) title s\n"
    "rmse = has('train_rmse')\n"
    "set ylabel (rmse ? 'root mean square error' : 'error [%]')\n"
    "plot for [s in sets] 'metrics.csv' using (column('epoch')):"
    "((rmse ? 1 : 100)*column(s.(rmse ? '_rmse' : '_error'))) "
    "with linespoints ls style(s) title s\n"
    "unset multiplot\n"
    "set output\n";

/* Draws metrics.csv of the workplace there. What went wrong is in *said. */
static eq_status draw(const eq_workplace *w, eq_text *said, eq_diag *diag) {
    static const char *const argv[] = {"gnuplot", "-d", NULL}; /* no ~/.gnuplot */
    eq_process p = {argv, w->folder, curves, "gnuplot-nox", 60};
    int exit_status = 0;
    eq_status status = eq_process_run_bound(&p, &exit_status, said, diag);
    if (status != EQ_OK || exit_status == 0) return status;
    return eq_fail(diag, EQ_ERR_IO, "%s", said->length > 0 ? said->text : "gnuplot failed");
}

/* The picture goes from one folder to the other. */
static eq_status move(const char *from, const char *to, eq_diag *diag) {
    char *text = NULL, *source = eq_path_join(from, picture), *target = eq_path_join(to, picture);
    size_t length = 0;
    eq_status status = source == NULL || target == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK)
        status = eq_file_read(source, (eq_place){NULL, 0, 0}, &text, &length, diag);
    if (status == EQ_OK) status = eq_file_write(target, text, length, diag);
    eq_free(text);
    eq_free(source);
    eq_free(target);
    return status;
}

static eq_status plot(const char *folder, const char *text, size_t length, eq_diag *diag) {
    eq_text said = {0};
    eq_workplace w;
    eq_status status = eq_workplace_open(&w, "metrics.csv", text, length, diag);
    if (status != EQ_OK) return status;
    status = draw(&w, &said, diag);
    if (status == EQ_OK) status = move(w.folder, folder, diag);
    eq_workplace_close(&w);
    eq_text_free(&said);
    return status;
}

eq_status eq_plot_curves(const char *folder, eq_diag *diag) {
    eq_diag *own = eq_diag_new();
    char *text = NULL, *path = eq_path_join(folder, "metrics.csv");
    size_t length = 0;
    eq_status status = path == NULL ? eq_out_of_memory(own) : EQ_OK;
    if (status == EQ_OK) status = eq_file_read(path, (eq_place){NULL, 0, 0}, &text, &length, own);
    if (status == EQ_OK) status = plot(folder, text, length, own);
    if (status != EQ_OK)
        eq_warn_at(diag, (eq_place){NULL, 0, 0}, "no curves.svg was drawn: %s",
                   eq_diag_get(own, 0)->text);
    eq_diag_free(own);
    eq_free(text);
    eq_free(path);
    return EQ_OK;
}
