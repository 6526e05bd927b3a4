/* Where the files lie that an experiment names: a run folder may be moved, alone or with what lies
 * around it, and mailed with its data in it. */
#ifndef EQ_TRAIN_PLACE_H
#define EQ_TRAIN_PLACE_H

#include "base/status.h"

/* The path by which to open `name`, written in a file of `folder`: folder/name. Where nothing is
 * there and `home` (may be NULL) says where the folder once stood: the file of that name in the
 * folder itself, else home/name. Owned by the caller; NULL when memory runs out. */
char *eq_place_find(const char *folder, const char *home, const char *name);

/* The way from a folder to a file, both of which are there: ../../data/iris.csv; the absolute path
 * where one of them is not. Owned by the caller; NULL when memory runs out. */
char *eq_place_relative(const char *folder, const char *path);

/* The absolute path of a folder, without links; NULL when memory runs out or it is not there. */
char *eq_place_real(const char *folder);

#endif
