#include "support/effort.h"

#include <stdlib.h>

size_t effort(size_t brief, size_t full) {
    return getenv("EQSPICE_LONG") == NULL ? brief : full;
}
