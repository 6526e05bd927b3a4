#include "explore/sqlite.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

/* A name in an SQL statement. */
static void quoted(eq_text *t, const eq_cell *name) {
    eq_text_puts(t, "\"");
    for (size_t k = 0; k < name->length; k++) {
        eq_text_add(t, name->text + k, 1);
        if (name->text[k] == '"') eq_text_puts(t, "\"");
    }
    eq_text_puts(t, "\"");
}

/* CREATE TABLE points(...), or INSERT INTO points VALUES(?, ...), for the columns of the header. */
static void statements(const eq_csv *c, eq_text *create, eq_text *insert) {
    eq_text_puts(create, "CREATE TABLE points(");
    eq_text_puts(insert, "INSERT INTO points VALUES(");
    for (size_t k = 0; k < c->cells; k++) {
        eq_text_puts(create, k == 0 ? "" : ", ");
        quoted(create, &c->cell[k]);
        eq_text_puts(insert, k == 0 ? "?" : ", ?");
    }
    eq_text_puts(create, ")");
    eq_text_puts(insert, ")");
}

/* A cell as a whole number, a number, NULL or text. */
static int bind(sqlite3_stmt *insert, int k, const eq_cell *c) {
    double x;
    if (c->length == 0) return sqlite3_bind_null(insert, k);
    if (eq_parse_double(c->text, c->length, &x) != c->length)
        return sqlite3_bind_text(insert, k, c->text, (int)c->length, SQLITE_STATIC);
    if (x == floor(x) && fabs(x) < 9e15) return sqlite3_bind_int64(insert, k, (sqlite3_int64)x);
    return sqlite3_bind_double(insert, k, x);
}

static bool add_rows(sqlite3 *db, eq_csv *c, const char *text, eq_status *status) {
    sqlite3_stmt *insert = NULL;
    size_t columns = c->cells;
    bool good = sqlite3_prepare_v2(db, text, -1, &insert, NULL) == SQLITE_OK, more = true;
    while (good && *status == EQ_OK) {
        *status = eq_csv_row(c, &more);
        if (*status != EQ_OK || !more) break;
        for (size_t k = 0; good && k < columns && k < c->cells; k++)
            good = bind(insert, (int)k + 1, &c->cell[k]) == SQLITE_OK;
        good = good && sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK;
    }
    sqlite3_finalize(insert);
    return good;
}

/* The rows of the table, in memory. */
static eq_status fill(sqlite3 *db, eq_csv *c, eq_diag *diag) {
    eq_text create = {0}, insert = {0};
    bool more, good = false;
    eq_status status = eq_csv_row(c, &more);
    if (status == EQ_OK) statements(c, &create, &insert);
    if (status == EQ_OK && !create.failed && !insert.failed)
        good = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
               sqlite3_exec(db, create.text, NULL, NULL, NULL) == SQLITE_OK &&
               add_rows(db, c, insert.text, &status) &&
               sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    int code = sqlite3_errcode(db);
    if (status == EQ_OK && !good && (code == SQLITE_OK || code == SQLITE_NOMEM))
        status = eq_out_of_memory(diag); /* of the statements, or of SQLite */
    else if (status == EQ_OK && !good)
        status =
            eq_fail(diag, EQ_ERR_MEMORY, "no database can be made of '%s': %s; free some memory",
                    c->path, sqlite3_errmsg(db));
    eq_text_free(&create);
    eq_text_free(&insert);
    return status;
}

/* The file is made in memory and written at once: no journal, no half of it. */
static eq_status write_all(sqlite3 *db, const char *path, eq_diag *diag) {
    sqlite3_int64 bytes = 0;
    unsigned char *image = sqlite3_serialize(db, "main", &bytes, 0);
    if (image == NULL) return eq_out_of_memory(diag);
    eq_status status = eq_file_write(path, (const char *)image, (size_t)bytes, diag);
    sqlite3_free(image);
    return status;
}

eq_status eq_sqlite_write(const char *folder, const char *table, const char *name, eq_diag *diag) {
    char *from = eq_path_join(folder, table), *to = eq_path_join(folder, name), *text = NULL;
    size_t length = 0;
    sqlite3 *db = NULL;
    eq_csv c = {0};
    eq_status status = from == NULL || to == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_file_read(from, (eq_place){0}, &text, &length, diag);
    if (status == EQ_OK) status = eq_csv_open(from, text, length, &c, diag);
    if (status == EQ_OK && sqlite3_open(":memory:", &db) != SQLITE_OK)
        status = eq_out_of_memory(diag);
    if (status == EQ_OK) status = fill(db, &c, diag);
    if (status == EQ_OK) status = write_all(db, to, diag);
    sqlite3_close(db);
    eq_csv_close(&c);
    eq_free(text);
    eq_free(from);
    eq_free(to);
    return status;
}
