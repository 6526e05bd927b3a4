#include "report/axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool eq_axis_log(const char *asked, char axis, double least, double most) {
    if (asked != NULL) return !eq_same(asked, "none") && strchr(asked, axis) != NULL;
    return least > 0.0 && most > 300.0 * least;
}

double eq_axis_prefix(double size, const char *unit, char out[16]) {
    static const char *const prefix[] = {"f", "p", "n", "\xC2\xB5", "m", "", "k", "M", "G", "T"};
    enum { NONE = 5, LAST = sizeof prefix / sizeof *prefix - 1 };
    int k = NONE;
    bool plain = size >= 0.1 && size < 1000.0;
    if (unit[0] != '\0' && size > 0.0 && isfinite(size) && !plain) {
        k = NONE + (int)floor(log10(size * (1.0 + 1e-12)) / 3.0);
        k = k < 0 ? 0 : k > LAST ? LAST : k;
    }
    snprintf(out, 16, "%s%s", prefix[k], unit);
    return pow(10.0, -3.0 * (k - NONE));
}

double eq_axis_step(double length, int most) {
    double step = pow(10.0, floor(log10(length / most)));
    static const double nice[] = {1.0, 2.0, 5.0, 10.0};
    int k = 0;
    while (k < 3 && nice[k] * step * most < length * (1.0 - 1e-9)) k++;
    return nice[k] * step;
}
