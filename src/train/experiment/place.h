/* Where the files lie that an experiment names: a run folder may be moved, alone or with what lies
 * around it, and mailed with its data in it. */
#ifndef EQ_TRAIN_PLACE_H
#define EQ_TRAIN_PLACE_H

#include "base/status.h"

/* Where `name`, written in a file of `folder`, may lie: folder/name, and where `home` (may be NULL)
 * says where the folder once stood, the file of that name in the folder itself, and home/name. */
enum { EQ_PLACES = 3 };
/* The first of these places from number `first` on where something is, the first of all where
 * nothing is. Owned by the caller; NULL when memory runs out. */
char *eq_place_find(const char *folder, const char *home, const char *name, int first);

/* The way from a folder to a file, both of which are there: ../../data/iris.csv; the absolute path
 * where one of them is not. Owned by the caller; NULL when memory runs out. */
char *eq_place_relative(const char *folder, const char *path);

/* The absolute path of a folder, without links; NULL when memory runs out or it is not there. */
char *eq_place_real(const char *folder);

#endif
