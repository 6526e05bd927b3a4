/* The independent sources raised from zero to what they are, for whatever solves a point. */
#include <math.h>
#include <string.h>

#include "solver/newton.h"

eq_status eq_newton_raise_sources(eq_newton *w, double *x, const eq_source_path *path) {
    double done = 0.0, step = path->first;
    eq_status status = EQ_ERR_CONVERGE;
    memset(x, 0, w->s->n * sizeof *x);
    for (int k = 0; done < 1.0 && step >= 1e-6 && k < path->points; k++) {
        double to = fmin(done + step, 1.0);
        w->s->homotopy.scale = to;
        memcpy(path->kept, x, w->s->n * sizeof *x);
        status = path->solve(path->data, x);
        eq_newton_log(w, "  sources at %.4g: %s", to, status == EQ_OK ? "solved" : "not solved");
        if (status == EQ_OK)
            done = to;
        else
            memcpy(x, path->kept, w->s->n * sizeof *x);
        if (eq_gives_up(status)) break;
        step *= status == EQ_OK ? 2.0 : 0.25;
    }
    w->s->homotopy.scale = 1.0;
    return status == EQ_OK && done < 1.0 ? EQ_ERR_CONVERGE : status;
}
