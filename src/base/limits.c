#include "base/limits.h"

eq_status eq_name_fits(const char *name, size_t length, eq_place at, eq_diag *diag) {
    enum { SHOWN = 40 };
    if (length <= EQ_MAX_NAME) return EQ_OK;
    return eq_fail_at(diag, EQ_ERR_INPUT, at, EQ_NAME_TOO_LONG, SHOWN, name, length, EQ_MAX_NAME);
}
