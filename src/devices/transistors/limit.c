#include "devices/transistors/limit.h"

#include "devices/device.h"

size_t eq_limit_rows(int nodes, const double *type, eq_limit_row *one, const void *self, size_t n,
                     double *const *w, const double *const *z_old, double *const *z_new) {
    size_t moved = 0;
    for (size_t j = 0; j < n; j++) {
        double old[EQ_MAX_TERMINALS], now[EQ_MAX_TERMINALS];
        for (int a = 0; a < nodes; a++) {
            old[a] = type[j] * z_old[a][j];
            now[a] = type[j] * z_new[a][j];
        }
        moved += one(self, j, w, old, now) ? 1 : 0;
        for (int a = 0; a < nodes; a++) z_new[a][j] = type[j] * now[a];
    }
    return moved;
}
