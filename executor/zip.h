/* executor/zip.h - a ZIP archive made in memory: a few files, deflated.
 *
 * Format: PKWARE's APPNOTE 6.3, without ZIP64: less than 4 GiB and 65,535 files. Threads: one.
 */
#ifndef AMBERDB_EXECUTOR_ZIP_H
#define AMBERDB_EXECUTOR_ZIP_H

#include "base/arena.h"
#include "base/slice.h"

struct zip {
    struct arena *arena;
    struct str files, directory; /* local headers and data; the central directory */
    int n;
};

void zip_init(struct zip *z, struct arena *a, size_t max_bytes);
void zip_add(struct zip *z, const char *name, struct slice text);
/* The archive; its memory is the arena's. 54000 when it is too large. */
struct error *zip_finish(struct zip *z, struct slice *out) ERR_MUST_USE;

#endif
