#include "train/same.h"

#include <string.h>

#include "train/fingerprint.h"
#include "train/session.h"

eq_status eq_same_lists(const eq_experiment *x, uint64_t began, eq_diag *diag) {
    uint64_t now = 0;
    if (x->network.edges == NULL && x->elastic.nodes == NULL) return EQ_OK;
    eq_status status = eq_network_fingerprint(x, &now, diag);
    if (status != EQ_OK || now == began) return status;
    return eq_fail(
        diag, EQ_ERR_INPUT,
        "what '%s' names as its <network> changed since the run began: %s; give back the "
        "lists that it was trained with",
        x->path, x->network.edges != NULL ? x->network.edges : x->elastic.springs);
}

eq_status eq_same_parameters(const eq_experiment *x, const eq_network *n, eq_diag *diag) {
    eq_session run = {.x = x};
    eq_status status = eq_session_model(&run, diag);
    size_t blocks = status != EQ_OK ? 0 : eq_network_blocks(run.model);
    bool same = eq_network_blocks(n) == blocks;
    for (size_t b = 0; status == EQ_OK && same && b < blocks; b++) {
        size_t count = eq_network_block(run.model, b)->count;
        same = eq_network_block(n, b)->count == count;
        for (size_t j = 0; same && j < count; j++)
            same = strcmp(eq_network_name(n, b, j), eq_network_name(run.model, b, j)) == 0;
    }
    eq_network_free(run.model);
    if (status != EQ_OK || same) return status;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "the parameters of the changed <network> are not those of the run; only a "
                   "network whose units are coupled as there can take them over");
}
