#include "report/kind.h"

#include "base/file.h"

eq_status eq_picture_circuit(const eq_picture *p, eq_experiment **x, eq_circuit **c,
                             eq_diag *diag) {
    return eq_is_folder(p->input[0]) ? eq_trained_read(p->input[0], NULL, x, c, diag)
                                     : eq_circuit_read(p->input[0], c, diag);
}
