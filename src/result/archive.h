/* Minizip's file (minizip/ioapi.h) in memory: an archive while it is written or read. Inside
 * src/result only. */
#ifndef EQ_RESULT_ARCHIVE_H
#define EQ_RESULT_ARCHIVE_H

#include <minizip/ioapi.h>

#include "base/text.h"

typedef struct eq_archive {
    const char *data;  /* what is read, the caller's; NULL: it is written */
    eq_text bytes;     /* what is written */
    size_t length, at; /* of the archive, which is in `bytes` unless they failed */
} eq_archive;

/* How minizip gets at it; the archive must outlive that. */
zlib_filefunc64_def eq_archive_access(eq_archive *file);

#endif
