#include "report/kind.h"

#include "base/file.h"

eq_status eq_picture_circuit(const eq_picture *p, eq_experiment **x, eq_circuit **c,
                             eq_diag *diag) {
    return eq_is_folder(p->input[0]) ? eq_trained_read(p->input[0], NULL, x, c, diag)
                                     : eq_circuit_read(p->input[0], c, diag);
}

eq_status eq_picture_trained(const eq_picture *p, eq_trained **m, eq_diag *diag) {
    if (p->inputs > 1)
        return eq_fail(diag, EQ_ERR_USAGE, "this is drawn of one run; give one folder");
    eq_trained_options o = eq_trained_defaults();
    o.threads = p->threads > 0 ? p->threads : 1;
    return eq_trained_open(p->input[0], &o, m, diag);
}
