/* base/file.h - whole files and folders of the local file system.
 *
 * Errors: 58P01 no such file, 53100 disk full, 58030 the rest; the text names the path.
 * Threads: all. Fault points: file_open, file_read, file_write, file_sync, file_rename.
 */
#ifndef AMBERDB_BASE_FILE_H
#define AMBERDB_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* The whole file, in the arena, with a NUL after it (not counted). More than max bytes: 54000. */
struct error *file_read(struct arena *a, const char *path, size_t max, struct slice *out)
    ERR_MUST_USE;
/* The file appears whole or not at all, and is on disk when this returns: written beside its place
 * under a temporary name, synced, renamed, and its folder synced. */
struct error *file_write_atomic(const char *path, struct slice bytes, unsigned mode) ERR_MUST_USE;
bool file_exists(const char *path);
struct error *file_size(const char *path, uint64_t *out) ERR_MUST_USE;
struct error *file_remove(const char *path) ERR_MUST_USE; /* not there: 58P01 */

/* Write all of it to an open descriptor / sync a descriptor / sync the folder that holds path. */
struct error *fd_write_all(int fd, const char *path, const void *p, size_t len) ERR_MUST_USE;
/* The same at the end of a file that will be synced: the disk begins with it at once. */
struct error *fd_write_early(int fd, const char *path, const void *p, size_t len) ERR_MUST_USE;
struct error *fd_sync(int fd, const char *path) ERR_MUST_USE;
struct error *dir_sync_of(const char *path) ERR_MUST_USE;

struct error *dir_create_all(const char *path, unsigned mode) ERR_MUST_USE; /* mkdir -p */
struct error *dir_remove_tree(const char *path) ERR_MUST_USE;               /* not there: fine */
/* A new folder <base>/<prefix>XXXXXX; base NULL: $TMPDIR or /tmp. */
struct error *dir_create_temp(struct arena *a, const char *base, const char *prefix, char **out)
    ERR_MUST_USE;
/* Names in it, without . and .., sorted bytewise. */
struct error *dir_list(struct arena *a, const char *path, char ***names, size_t *count)
    ERR_MUST_USE;

char *path_join(struct arena *a, const char *dir, const char *name);

#endif
