#include "base/near.h"

#include <stdbool.h>
#include <string.h>

static int least(int a, int b, int c) {
    int m = a < b ? a : b;
    return m < c ? m : c;
}

int eq_distance(const char *a, size_t n, const char *b) {
    size_t m = strlen(b);
    int row[EQ_FAR + 1];
    if (n > EQ_FAR || m > EQ_FAR) return EQ_FAR;
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int corner = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            bool differ =
                (a[i - 1] >= 'A' && a[i - 1] <= 'Z' ? a[i - 1] + 32 : a[i - 1]) != b[j - 1];
            int next = least(row[j] + 1, row[j - 1] + 1, corner + differ);
            corner = row[j];
            row[j] = next;
        }
    }
    return row[m];
}

int eq_near(size_t n) {
    return n <= 1 ? 0 : n <= 3 ? 1 : 2;
}
