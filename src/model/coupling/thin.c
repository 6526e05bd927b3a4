#include "model/coupling/thin.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "netlist/lexer.h"

/* One word of the density, "0.1" or "w1=0.1", of the couplings that it is of. */
static eq_status read_density(const char *word, size_t length, eq_place at, size_t couplings,
                              const char (*name)[8], double *density, eq_diag *diag) {
    const char *equal = memchr(word, '=', length);
    char pattern[16] = "*";
    size_t n = equal == NULL ? 0 : (size_t)(equal - word), rest = length - n - (n > 0);
    double value = 0.0;
    bool used = false, is = n < sizeof pattern && (equal == NULL || n > 0) && rest > 0 &&
                            eq_spice_number(word + length - rest, rest, EQ_NGSPICE, &value) == rest;
    if (is && n > 0) snprintf(pattern, sizeof pattern, "%.*s", (int)n, word);
    for (size_t k = 0; is && value > 0.0 && value <= 1.0 && k < couplings; k++) {
        if (name[k][0] == '\0' || !eq_match(pattern, name[k])) continue;
        density[k] = value;
        used = true;
    }
    if (used) return EQ_OK;
    return eq_fail_at(
        diag, EQ_ERR_INPUT, at,
        "density: '%.*s' is no part of the weights of the network, above 0 and at most "
        "1; write \"0.1\", or \"w1=0.1 w*=0.5\" by their groups",
        (int)(length < 40 ? length : 40), word);
}

eq_status eq_densities_read(const char *text, eq_place at, size_t couplings, const char (*name)[8],
                            double *density, eq_diag *diag) {
    static const char blanks[] = " \t\r\n,";
    size_t n;
    const char *p = eq_next_word(text == NULL ? "" : text, blanks, &n);
    eq_status status = EQ_OK;
    for (size_t k = 0; k < couplings; k++) density[k] = 1.0;
    for (; status == EQ_OK && n > 0; p = eq_next_word(p + n, blanks, &n))
        status = read_density(p, n, at, couplings, name, density, diag);
    return status;
}

size_t eq_thin_count(double density, size_t all) {
    return (size_t)fmax(1.0, round(density * (double)all));
}

eq_random eq_thin_random(uint64_t topology, uint64_t seed) {
    static const uint64_t other = 0x746f706f6c6f6779; /* than the stream of the weights */
    return eq_random_seed((topology > 0 ? topology : seed) ^ other);
}

/* Each choice of them is as likely (selection sampling, Knuth, The Art of Computer Programming 2, 3.4.2, algorithm
 * S). */
bool eq_thin_choose(size_t rows, size_t columns, bool inside, size_t count, eq_random *random,
                    int32_t **row, int32_t **column) {
    double left = (double)(inside ? rows * (rows - 1) / 2 : rows * columns), wanted = (double)count;
    *row = eq_malloc(count, sizeof **row);
    *column = eq_malloc(count, sizeof **column);
    if (*row == NULL || *column == NULL) return false;
    for (size_t i = 0, k = 0; i < rows; i++)
        for (size_t j = inside ? i + 1 : 0; j < columns; j++, left--) {
            if (wanted < left && !(left * eq_random_uniform(random) < wanted)) continue;
            (*row)[k] = (int32_t)i;
            (*column)[k++] = (int32_t)j;
            wanted--;
        }
    return true;
}

/* Products of matrices are so many times faster for each weight. */
bool eq_thin_is_few(size_t count, size_t all) {
    enum { FASTER = 12 };
    return count <= all / FASTER;
}

void eq_thin_product(size_t count, const int32_t *before, const int32_t *behind, const double *w,
                     size_t n, const double *s, size_t width, double *field, size_t m) {
    for (size_t j = 0; j < n; j++, s += width, field += m)
        for (size_t k = 0; k < count; k++) field[behind[k]] += s[before[k]] * w[k];
}

void eq_thin_slope(size_t count, const int32_t *row, const int32_t *column, size_t n, double factor,
                   const double *s, size_t rows, const double *u, size_t columns, double *slope) {
    for (size_t j = 0; j < n; j++, s += rows, u += columns)
        for (size_t k = 0; k < count; k++) slope[k] += factor * s[row[k]] * u[column[k]];
}
