/* storage/engine.h - the ordered map below everything: (key, timestamp) -> value.
 *
 * An engine keeps versions. Keys are roachpb keys (no timestamp suffix), values are whole roachpb
 * values with their checksum; an empty value is a deletion at that time. The order is key
 * ascending, then timestamp DESCENDING. The transaction layer (storage/txn.h) is above, the same
 * for all engines, and never writes two values to one (key, timestamp) but with the same bytes.
 *
 * All functions are safe to call from many threads; one iterator belongs to one thread. An engine
 * takes no lock of rank below RANK_ENGINE. storage/engine_memory.c is the smallest honest engine
 * and the template for another; regress/unit/test_engine.c is the conformance test.
 */
#ifndef AMBERDB_STORAGE_ENGINE_H
#define AMBERDB_STORAGE_ENGINE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/thread.h"

struct engine;
struct engine_iter;

struct span {
    struct slice start; /* inclusive; empty: from the first key */
    struct slice end;   /* exclusive; empty: to the last key */
};

/* Keys begin with this byte or a higher one; below, engines keep facts of their own. */
#define ENGINE_KEY_MIN 0x02

enum engine_feature {
    ENGINE_INGEST = 1,       /* engine_ingest takes files; else the caller writes batches */
    ENGINE_SHARED = 2,       /* several processes may open the store, and their commits have one order */
    ENGINE_TIME_BOUNDS = 4,  /* version scans skip what is wholly outside the window */
};

struct engine_version {
    struct slice key;   /* borrowed from the iterator until its next call */
    struct hlc ts;
    struct slice value; /* empty = deletion */
};

enum engine_scan_mode {
    /* The newest version with ts <= opts.ts of each key; deletions are not shown. */
    ENGINE_SCAN_AT,
    /* Every version with opts.since < ts <= opts.ts, deletions included, newest first per key. */
    ENGINE_SCAN_VERSIONS,
};

struct engine_scan_opts {
    struct span span;
    enum engine_scan_mode mode;
    struct hlc ts, since;
    bool reverse;          /* keys descending; ENGINE_SCAN_AT only */
    bool show_deletions;   /* ENGINE_SCAN_AT: a deleted key comes with its empty value */
    bool fill_cache;       /* false for backups and other long scans, which cost more to begin */
    bool blocks;           /* batches end where blocks of files do, for engine_iter_block */
};

/* What a get answers. */
struct engine_answer {
    bool found;
    struct hlc ts;
    struct slice value;
};

struct engine_write {
    struct slice key;
    struct hlc ts;
    struct slice value;
};

/* The order of the commits of all processes, kept in a shared store. A process learns from the notes of
 * the others what they wrote; what a note says is the transaction layer's own. */
struct engine_note {
    struct hlc ts;     /* of the commit */
    uint64_t writer;   /* which process; by engine_writer of it */
    struct slice what;
};

struct engine_order_view {
    struct hlc newest; /* time of the newest commit: later ones get later times */
    struct hlc floor;  /* notes up to this time may be gone */
    struct engine_note *notes; /* those after `since`, ascending */
    size_t n;
};

/* The right to commit next; belongs to one thread. */
struct engine_order;

/* Who may write versions outside of the order (RESTORE does, in bulk). Work has a fence, whose turn rises
 * when it changes hands, and once more when it is done: nobody of an earlier turn writes after that, however
 * late what he had in hand arrives. */
struct engine_fence {
    uint64_t id;   /* of the work: no other has it */
    uint64_t turn; /* whoever gives turns out (a row that a transaction changes) gives each once */
};

/* Locks that the processes of a shared store see of each other. They are hints, so that writers of one key
 * wait for each other: what may commit is decided by the order alone. A lock is a number; a process takes
 * each for one transaction at a time. All locks of a process go within seconds when it dies, is cut off or
 * stands still. */
enum engine_lock_answer {
    ENGINE_LOCK_TAKEN,
    ENGINE_LOCK_BUSY, /* another process has it */
    ENGINE_LOCK_NONE, /* cannot be had at all now: go on without */
};

/* A lock that was waited for. */
struct engine_lock;

/* A transaction that waits for another process, as all of them see it. */
struct engine_wait {
    uint64_t writer, txn;  /* who: engine_writer of the process, and a number of its own */
    uint64_t id;           /* of this wait: no other has it */
    int64_t began;         /* in ns; of a cycle the last one gives way */
    int priority;
    uint64_t wants;
    const uint64_t *holds; /* locks that do not go before this transaction goes on */
    size_t n_holds;
};

struct engine_vt {
    const char *name;
    unsigned features;
    /* Required. May block. Not with iterators still open. Frees the engine. */
    void (*close)(struct engine *e);
    /* Required. The newest version of key with ts <= at; *found false when none, and for a deletion
     * *found is true with an empty value. Bytes in the arena. */
    struct error *(*get)(struct engine *e, struct slice key, struct hlc at, struct arena *a,
                         bool *found, struct hlc *ts, struct slice *value);
    /* Optional: where each get is a way to another machine and back. An answer for each key. */
    struct error *(*get_many)(struct engine *e, const struct slice *keys, size_t n, struct hlc at,
                              struct arena *a, struct engine_answer *answers);
    /* Required. A consistent view as of the call: later commits are not seen. */
    struct error *(*iter_open)(struct engine *e, const struct engine_scan_opts *o,
                               struct engine_iter **out);
    /* Required. *more false at the end; errors (a damaged block) are errors, never an early end. */
    struct error *(*iter_next)(struct engine_iter *it, struct engine_version *v, bool *more);
    /* Optional; else one by one. Between 1 and max versions, none at the end; all their bytes are
     * borrowed until the next call of any of these. */
    struct error *(*iter_batch)(struct engine_iter *it, struct engine_version *v, size_t max,
                                size_t *n);
    /* Optional. The last batch as a finished block of a data file (sst_writer_add_block), borrowed until
     * the next call of any of these; empty when it is not exactly one. */
    struct slice (*iter_block)(struct engine_iter *it);
    /* Required. Jump ahead (behind when reverse) to the first key >= (<=) key. */
    struct error *(*iter_seek)(struct engine_iter *it, struct slice key);
    void (*iter_close)(struct engine_iter *it);
    /* Required. All or nothing; when sync, on stable storage when it returns, as all that was committed
     * before it began. What a crash loses of commits without sync are the last ones. */
    struct error *(*commit)(struct engine *e, const struct engine_write *w, size_t n, bool sync);
    /* Optional. All that was committed before the call is on stable storage when it returns; commits may
     * go on meanwhile. Without it callers commit with sync. */
    struct error *(*sync)(struct engine *e);
    /* With ENGINE_INGEST. The file is a sorted SST of ours (storage/sst.h); move: the engine may take
     * the file itself. Atomic over the list; on stable storage when it returns, as all that was
     * committed before. */
    struct error *(*ingest)(struct engine *e, const char *const *paths, size_t n, bool move);
    /* Required. Physically remove every version in the span (a dropped table past its TTL). */
    struct error *(*drop_span)(struct engine *e, struct span s);
    /* Required. Remove versions that no read at or above threshold can see: of each key all but the
     * newest one <= threshold, and that one too when it is a deletion. */
    struct error *(*gc)(struct engine *e, struct span s, struct hlc threshold,
                        const struct cancel *cancel, uint64_t *removed);
    /* Required. Small unversioned facts of the store (cluster id, version); found=false when absent.
     * Synced. Names are short ASCII. */
    struct error *(*meta_get)(struct engine *e, const char *name, struct arena *a, bool *found,
                              struct slice *value);
    struct error *(*meta_put)(struct engine *e, const char *name, struct slice value);
    /* With ENGINE_SHARED. The first value that any process gives stays. */
    struct error *(*meta_add)(struct engine *e, const char *name, struct slice value);
    /* Required. Estimates in bytes and keys. */
    struct error *(*span_stats)(struct engine *e, struct span s, uint64_t *bytes);
    /* With ENGINE_SHARED, all seven. */
    uint64_t (*writer)(struct engine *e);
    struct error *(*order_view)(struct engine *e, struct hlc since, struct arena *a,
                                struct engine_order_view *v);
    struct error *(*order_begin)(struct engine *e, struct hlc since, struct arena *a,
                                 struct engine_order_view *v, struct engine_order **out);
    struct error *(*order_commit)(struct engine_order *o, const struct engine_write *w, size_t n,
                                  const struct engine_note *notes, size_t n_notes, bool *again);
    struct error *(*order_raise)(struct engine *e, struct hlc ts);
    struct error *(*fence_raise)(struct engine *e, struct engine_fence f);
    struct error *(*fence_commit)(struct engine *e, struct engine_fence f,
                                  const struct engine_write *w, size_t n);
    /* Optional, with ENGINE_SHARED; all or none. */
    bool (*locks_wanted)(struct engine *e);
    struct error *(*locks_try)(struct engine *e, const uint64_t *want, size_t n, struct hlc since,
                               struct arena *a, struct engine_order_view *v,
                               enum engine_lock_answer *answers);
    void (*locks_drop)(struct engine *e, const uint64_t *locks, size_t n);
    void (*locks_keep)(struct engine *e);
    struct error *(*lock_wait)(struct engine *e, uint64_t want,
                               struct error *(*go_on)(void *arg, bool *stop), void *arg,
                               struct engine_lock **out);
    void (*lock_release)(struct engine_lock *l);
    struct error *(*waits)(struct engine *e, const struct engine_wait *own, struct arena *a,
                           struct engine_wait **all, size_t *n);
    void (*wait_over)(struct engine *e, const struct engine_wait *own);
    /* Optional. Write memory to disk; compact what was ingested. */
    struct error *(*flush)(struct engine *e);
    struct error *(*compact)(struct engine *e, struct span s);
};

struct engine {
    const struct engine_vt *vt;
};
struct engine_iter {
    const struct engine_vt *vt;
};
struct engine_order {
    const struct engine_vt *vt;
};
struct engine_lock {
    const struct engine_vt *vt;
};

/* Callers use these wrappers; they assert the contract once for all. */
void engine_close(struct engine *e);
struct error *engine_get(struct engine *e, struct slice key, struct hlc at, struct arena *a,
                         bool *found, struct hlc *ts, struct slice *value) ERR_MUST_USE;
bool engine_gets_many(const struct engine *e); /* whether engine_get_many gains anything */
struct error *engine_get_many(struct engine *e, const struct slice *keys, size_t n, struct hlc at,
                              struct arena *a, struct engine_answer *answers) ERR_MUST_USE;
struct error *engine_iter_open(struct engine *e, const struct engine_scan_opts *o,
                               struct engine_iter **out) ERR_MUST_USE;
struct error *engine_iter_next(struct engine_iter *it, struct engine_version *v, bool *more)
    ERR_MUST_USE;
struct error *engine_iter_batch(struct engine_iter *it, struct engine_version *v, size_t max,
                                size_t *n) ERR_MUST_USE;
struct slice engine_iter_block(struct engine_iter *it);
struct error *engine_iter_seek(struct engine_iter *it, struct slice key) ERR_MUST_USE;
void engine_iter_close(struct engine_iter *it); /* NULL is fine */
struct error *engine_commit(struct engine *e, const struct engine_write *w, size_t n, bool sync)
    ERR_MUST_USE;
bool engine_syncs(const struct engine *e); /* whether engine_sync may be called */
struct error *engine_sync(struct engine *e) ERR_MUST_USE;
struct error *engine_ingest(struct engine *e, const char *const *paths, size_t n, bool move)
    ERR_MUST_USE;
struct error *engine_drop_span(struct engine *e, struct span s) ERR_MUST_USE;
struct error *engine_gc(struct engine *e, struct span s, struct hlc threshold,
                        const struct cancel *cancel, uint64_t *removed) ERR_MUST_USE;
struct error *engine_meta_get(struct engine *e, const char *name, struct arena *a, bool *found,
                              struct slice *value) ERR_MUST_USE;
struct error *engine_meta_put(struct engine *e, const char *name, struct slice value) ERR_MUST_USE;
/* Unless somebody else was first: what is kept is read back into value, in a. */
struct error *engine_meta_add(struct engine *e, const char *name, struct arena *a,
                              struct slice *value) ERR_MUST_USE;
struct error *engine_span_stats(struct engine *e, struct span s, uint64_t *bytes) ERR_MUST_USE;
struct error *engine_flush(struct engine *e) ERR_MUST_USE;
struct error *engine_compact(struct engine *e, struct span s) ERR_MUST_USE;

/* ---- shared stores (ENGINE_SHARED) ---- */

/* A number that no other opening of the store has. */
uint64_t engine_writer(struct engine *e);
/* The order as it is now; all commits up to `newest` can be read, and no later one gets such a time. */
struct error *engine_order_view(struct engine *e, struct hlc since, struct arena *a,
                                struct engine_order_view *v) ERR_MUST_USE;
/* The same, and until the end of *out no other process commits. Waits for those who do. */
struct error *engine_order_begin(struct engine *e, struct hlc since, struct arena *a,
                                 struct engine_order_view *v, struct engine_order **out) ERR_MUST_USE;
/* Writes and notes, ascending in time and after the view's newest, all or nothing and durable; the last
 * note's time is the newest then. Without notes nothing is done. Ends o. *again: nothing was written, and
 * others may have committed meanwhile: begin once more. 40003: the store could not say whether it was. */
struct error *engine_order_commit(struct engine_order *o, const struct engine_write *w, size_t n,
                                  const struct engine_note *notes, size_t n_notes,
                                  bool *again) ERR_MUST_USE;
/* Newest becomes at least ts, so that what is read at ts is fixed. */
struct error *engine_order_raise(struct engine *e, struct hlc ts) ERR_MUST_USE;
/* From its return on nothing of an earlier turn is written: what was under way is there or never will be.
 * 55006 when a later turn has begun already. */
struct error *engine_fence_raise(struct engine *e, struct engine_fence f) ERR_MUST_USE;
/* As engine_commit with sync, in f's turn: 55006 when it is over, or was never raised. Of many writes a part
 * may be there after an error: they are to be such as can be written again. */
struct error *engine_fence_commit(struct engine *e, struct engine_fence f,
                                  const struct engine_write *w, size_t n) ERR_MUST_USE;

/* Whether there are locks and another process to see them. */
bool engine_locks_wanted(struct engine *e);
/* An answer for each, without waiting; then a view of the order, so that what former holders committed
 * shows. */
struct error *engine_locks_try(struct engine *e, const uint64_t *want, size_t n, struct hlc since,
                               struct arena *a, struct engine_order_view *v,
                               enum engine_lock_answer *answers) ERR_MUST_USE;
/* Give up some that engine_locks_try gave. Does not wait for the store. */
void engine_locks_drop(struct engine *e, const uint64_t *locks, size_t n);
/* Once a second at least: else the store takes the process for one that stands still. */
void engine_locks_keep(struct engine *e);
/* Wait, first come first served. go_on is asked now and then, and says when to end; then *out is NULL, as
 * it is where the lock cannot be had at all. */
struct error *engine_lock_wait(struct engine *e, uint64_t want,
                               struct error *(*go_on)(void *arg, bool *stop), void *arg,
                               struct engine_lock **out) ERR_MUST_USE;
void engine_lock_release(struct engine_lock *l);
/* Tell the others of a wait, and hear of theirs, one's own among them: what the store had at one moment. */
struct error *engine_waits(struct engine *e, const struct engine_wait *own, struct arena *a,
                           struct engine_wait **all, size_t *n) ERR_MUST_USE;
void engine_wait_over(struct engine *e, const struct engine_wait *own);

/* Opening. */
struct error *engine_memory_open(struct engine **out) ERR_MUST_USE;
struct rocksdb_engine_opts {
    const char *path;
    size_t cache_bytes;  /* --cache; 0: 128 MiB */
    bool create;         /* make the store when absent */
};
struct error *engine_rocksdb_open(const struct rocksdb_engine_opts *o, struct engine **out)
    ERR_MUST_USE;
/* Versions in a table of a database that speaks PostgreSQL's protocol; url as libpq takes it. The
 * tables are made when absent. Any number of processes. */
struct error *engine_postgres_open(const char *url, struct engine **out) ERR_MUST_USE;
/* postgresql://host:port/database of such a url, without user and password. */
char *engine_postgres_name(struct arena *a, const char *url);

#endif
