/* Names as a picture shows them. Inside src/report only. */
#ifndef EQ_REPORT_LABEL_H
#define EQ_REPORT_LABEL_H

#include "base/text.h"

/* out[n]: the names with bytes that a picture cannot hold spelled; of those longer than `most` characters a part is left
 * out ("..." stands there), so that different names stay different: the middle; where that is not enough what is behind
 * their common beginning is kept; else they are numbered. Each text is the caller's; one that failed has no memory. */
void eq_labels_cut(const char *const *name, size_t n, size_t most, eq_text *out);

#endif
