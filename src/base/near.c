#include "base/near.h"

#include <stdbool.h>
#include <string.h>

static int least(int a, int b, int c) {
    int m = a < b ? a : b;
    return m < c ? m : c;
}

static int lower(char c) {
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Damerau's distance of neighbours (1964): rows i - 2, i - 1 and i of the table; two letters that
 * change places are one mistake. */
int eq_distance(const char *a, size_t n, const char *b) {
    size_t m = strlen(b);
    int row[3][EQ_FAR + 1];
    if (n > EQ_FAR || m > EQ_FAR) return EQ_FAR;
    for (size_t j = 0; j <= m; j++) row[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *now = row[i % 3];
        const int *up = row[(i + 2) % 3], *above = row[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            bool differ = lower(a[i - 1]) != b[j - 1];
            bool swapped = i > 1 && j > 1 && differ && lower(a[i - 1]) == b[j - 2] &&
                           lower(a[i - 2]) == b[j - 1];
            now[j] = least(up[j] + 1, now[j - 1] + 1, up[j - 1] + differ);
            if (swapped && above[j - 2] + 1 < now[j]) now[j] = above[j - 2] + 1;
        }
    }
    return row[n % 3][m];
}

int eq_near(size_t n) {
    return n <= 1 ? 0 : n <= 3 ? 1 : 2;
}

const char *eq_nearest(const char *word, size_t n, size_t count,
                       const char *(*name)(const void *of, size_t k), const void *of) {
    enum { MOST = 10000 };
    const char *best = NULL;
    int apart = eq_near(n) + 1;
    for (size_t k = 0; k < count && k < MOST; k++) {
        const char *candidate = name(of, k);
        int d = eq_distance(word, n, candidate);
        if (d >= apart) continue;
        apart = d;
        best = candidate;
    }
    return best;
}

bool eq_swapped(const char *a, size_t n, const char *b) {
    size_t k = 0;
    while (k < n && lower(a[k]) == b[k]) k++; /* stops at the end of b, too */
    return strlen(b) == n && k + 1 < n && lower(a[k]) == b[k + 1] && lower(a[k + 1]) == b[k] &&
           eq_distance(a + k + 2, n - k - 2, b + k + 2) == 0;
}
