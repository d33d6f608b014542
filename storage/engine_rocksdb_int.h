/* storage/engine_rocksdb_int.h - shared by the files of the RocksDB engine. */
#ifndef AMBERDB_STORAGE_ENGINE_ROCKSDB_INT_H
#define AMBERDB_STORAGE_ENGINE_ROCKSDB_INT_H

#include <rocksdb/c.h>

#include "storage/engine.h"

/* Facts of the store: this byte, the name, then 00 as a key without a time ends. */
#define META_PREFIX 0x01

#define ROCKS_POINTS 16

struct rocks_point; /* an iterator for single keys, kept from one get to the next */

struct rocks_engine {
    struct engine base;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_cache_t *cache;
    rocksdb_readoptions_t *get_options; /* never changed after open */
    rocksdb_writeoptions_t *write_sync, *write_lazy;
    char *path;
    _Atomic uint64_t next_temp; /* names of files written for bulk commits */
    _Atomic int open_iters;     /* an iterator that outlives the store would abort the process */
    bool files_readable;        /* by our own reader, all of them */
    /* Batches of deletes: being written now, written so far, and how many of those were written when
     * the memory was last flushed for their sake. */
    _Atomic int deletes_active;
    _Atomic uint64_t deletes_done, deletes_flushed;
    /* Iterators that nobody uses just now; what one was made before does not show in it. */
    struct rocks_point *_Atomic points[ROCKS_POINTS];
    _Atomic uint64_t files_epoch; /* raised when files came in, or went, without a sequence number */
    _Atomic int64_t points_swept_ns;
};

/* engine_rocksdb_get.c */
struct error *rocks_get(struct engine *base, struct slice key, struct hlc at, struct arena *a,
                        bool *found, struct hlc *ts, struct slice *value) ERR_MUST_USE;
/* Let go of the idle iterators last used before that time (monotonic; 0: all): each holds the memory and
 * the files that were the store's when it was last used. */
void rocks_points_drop(struct rocks_engine *e, int64_t used_before_ns);
/* After files were taken in or removed. */
void rocks_files_changed(struct rocks_engine *e);

/* Takes the message of the library (frees it). NULL message: NULL. */
struct error *rocks_error(char *msg, const char *what) ERR_MUST_USE;
struct error *rocks_iter_error(const rocksdb_iterator_t *it) ERR_MUST_USE;

/* The span's ends as keys without time. */
void rocks_span_bounds(struct span s, struct str *lower, struct str *upper);

struct error *rocks_iter_open(struct engine *base, const struct engine_scan_opts *o,
                              struct engine_iter **out) ERR_MUST_USE;
struct error *rocks_iter_next(struct engine_iter *base, struct engine_version *v, bool *more)
    ERR_MUST_USE;
struct error *rocks_iter_seek(struct engine_iter *base, struct slice key) ERR_MUST_USE;
void rocks_iter_close(struct engine_iter *base);

struct error *rocks_iter_batch(struct engine_iter *base, struct engine_version *v, size_t max,
                               size_t *n) ERR_MUST_USE;

struct slice rocks_iter_block(struct engine_iter *base);

/* Long scans past the library's iterator; *out NULL: not now, or not with this store. The bounds are
 * the caller's. */
struct live_iter;
struct error *rocks_live_open(struct rocks_engine *e, const struct engine_scan_opts *o,
                              struct slice lower, struct slice upper, struct live_iter **out)
    ERR_MUST_USE;
struct error *rocks_live_batch(struct live_iter *it, struct engine_version *v, size_t max,
                               size_t *n) ERR_MUST_USE;
struct slice rocks_live_block(struct live_iter *it);
struct error *rocks_live_next(struct live_iter *it, struct engine_version *v, bool *more)
    ERR_MUST_USE;
struct error *rocks_live_seek(struct live_iter *it, struct slice mvcc_key) ERR_MUST_USE;
void rocks_live_close(struct live_iter *it);
bool rocks_files_readable(struct rocks_engine *e);

#endif
