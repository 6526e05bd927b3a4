#define _POSIX_C_SOURCE 200809L /* access */
#include "report/page/rows.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

eq_status eq_rows_read(const char *folder, const char *name,
                       void (*visit)(void *data, const eq_csv *row, size_t number), void *data,
                       eq_diag *diag) {
    char *path = eq_path_join(folder, name), *text = NULL;
    size_t length = 0;
    eq_csv row;
    if (path == NULL) return eq_out_of_memory(diag);
    if (access(path, F_OK) != 0) {
        eq_free(path);
        return EQ_OK;
    }
    bool more = true;
    eq_status status = eq_file_read(path, (eq_place){0}, &text, &length, diag);
    if (status == EQ_OK) {
        status = eq_csv_open(path, text, length, &row, diag);
        for (size_t k = 0; status == EQ_OK; k++) {
            status = eq_csv_row(&row, &more);
            if (status != EQ_OK || !more) break;
            visit(data, &row, k);
        }
        eq_csv_close(&row);
    }
    eq_free(text);
    eq_free(path);
    return status;
}

const char *eq_rows_cell(const eq_csv *row, size_t k, char *out, size_t length) {
    size_t n = k < row->cells ? row->cell[k].length : 0;
    if (n >= length) n = length - 1;
    if (n > 0) memcpy(out, row->cell[k].text, n);
    out[n] = '\0';
    return out;
}

double eq_rows_number(const eq_csv *row, size_t k) {
    double value;
    if (k >= row->cells || row->cell[k].length == 0) return NAN;
    size_t n = eq_parse_double(row->cell[k].text, row->cell[k].length, &value);
    return n == row->cell[k].length ? value : (double)NAN;
}
