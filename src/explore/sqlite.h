/* A table as a database, for those who ask it in SQL. */
#ifndef EQ_EXPLORE_SQLITE_H
#define EQ_EXPLORE_SQLITE_H

#include "base/status.h"

/* FOLDER/NAME with the table `points` of FOLDER/TABLE, a CSV file: columns by their names, cells as
 * whole numbers, numbers or text, NULL where they are empty. Written as a whole or not at all. */
eq_status eq_sqlite_write(const char *folder, const char *table, const char *name, eq_diag *diag);

#endif
