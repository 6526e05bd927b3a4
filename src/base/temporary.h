/* What must not outlive the program when a signal ends it: unfinished files, folders made for other
 * programs, and these programs. It is noted down here while it exists. Signals belong to the
 * program: its handler calls eq_temporary_end. */
#ifndef EQ_BASE_TEMPORARY_H
#define EQ_BASE_TEMPORARY_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct eq_temporary eq_temporary;

/* A new file, open for writing, of a name that nobody can foresee in the folder with the descriptor
 * `folder`, which must stay open. It follows no link and takes no file that is there (O_EXCL,
 * O_NOFOLLOW). NULL: errno says why. */
eq_temporary *eq_temporary_file(int folder, int *fd);
/* The same for a folder that only the user may enter; *fd is open for reading, as long as the
 * folder is there. */
eq_temporary *eq_temporary_folder(int folder, int *fd);
/* A program that runs, as kill takes it: below 0 with all that it has started. */
eq_temporary *eq_temporary_program(pid_t program);

/* Whether it is such a name as eq_temporary_file gives. */
bool eq_temporary_is_name(const char *name);
const char *eq_temporary_name(const eq_temporary *t);
/* It stays: the file has its final name, the program has ended. */
void eq_temporary_keep(eq_temporary *t);
/* Removes the file, or the folder with the files in it. NULL is legal in both. */
void eq_temporary_remove(eq_temporary *t);

/* Ends the programs and removes all that is noted down. Only for the end of the program, and safe
 * in a handler of signals. */
void eq_temporary_end(void);

#endif
