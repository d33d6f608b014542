/* storage/rocksdb_shim.h - what RocksDB's C API lacks, from the one C++ file.
 *
 * SOURCE: casts of C handles to their C++ objects hold for RocksDB 6 and 7 (db/c.cc: the object is
 * the first member); rocksdb_shim_check proves it for the library that is running.
 */
#ifndef AMBERDB_STORAGE_ROCKSDB_SHIM_H
#define AMBERDB_STORAGE_ROCKSDB_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
/* base/slice.h is C; this is all that is needed of it here. */
struct slice {
    const uint8_t *ptr;
    size_t len;
};
extern "C" {
#else
#include "base/slice.h"
#endif

struct rocksdb_t;
struct rocksdb_options_t;
struct rocksdb_readoptions_t;

/* false: this library is laid out otherwise than we think; nothing below may be called. */
bool rocksdb_shim_check(void);

/* cockroach_comparator with index separators. It lives for ever. */
void rocksdb_shim_set_comparator(struct rocksdb_options_t *o);

/* Every file written gets crdb.ts.min and crdb.ts.max, over versions and deletes of versions; keys
 * below `least` (one byte) and keys without a time do not count: no time-bounded scan shows them. */
void rocksdb_shim_add_time_bounds(struct rocksdb_options_t *o, uint8_t least);

/* The iterator leaves out files whose bounds lie wholly outside (since, until]; files without
 * bounds are read. */
void rocksdb_shim_set_time_filter(struct rocksdb_readoptions_t *o, int64_t since_wall,
                                  int32_t since_logical, int64_t until_wall,
                                  int32_t until_logical);

/* The iterator shows what the store holds now; false: it cannot, make another. */
struct rocksdb_iterator_t;
bool rocksdb_shim_refresh(struct rocksdb_iterator_t *it);

/* Bytes of [start, end) in files and memory, an estimate. */
uint64_t rocksdb_shim_span_bytes(struct rocksdb_t *db, const uint8_t *start, size_t start_len,
                                 const uint8_t *end, size_t end_len);

/* Ingested files stay as they are; their sequence number is kept in the manifest alone. */
struct rocksdb_ingestexternalfileoptions_t;
void rocksdb_shim_leave_files_alone(struct rocksdb_ingestexternalfileoptions_t *o);

/* The files that may hold keys of [lower, upper): by level, newest first in level 0, by key in the
 * others. The list is of the version of the store that is current, and pins nothing. */
struct rocksdb_shim_file {
    int level;
    const char *name; /* in the store's folder */
    uint64_t size;
    uint64_t largest_sequence;
    struct slice smallest, largest; /* keys, both inclusive */
};
struct rocksdb_shim_files;
struct rocksdb_shim_files *rocksdb_shim_files_in(struct rocksdb_t *db, const uint8_t *lower,
                                                 size_t lower_len, const uint8_t *upper,
                                                 size_t upper_len);
const struct rocksdb_shim_file *rocksdb_shim_files_list(const struct rocksdb_shim_files *f,
                                                        size_t *n);
void rocksdb_shim_files_free(struct rocksdb_shim_files *f);

#ifdef __cplusplus
}
#endif

#endif
