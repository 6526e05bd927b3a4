/* .op: one point. */
#include "analysis/pass.h"

static void prepare(eq_pass *w, const eq_analysis *a) {
    (void)a;
    w->sweeps = 0;
}

const eq_analysis_kind eq_analysis_op = {"Operating Point", prepare, eq_pass_vectors,
                                         eq_pass_vector_values, eq_pass_point};
