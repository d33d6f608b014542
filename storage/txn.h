/* storage/txn.h - transactions over any engine: SERIALIZABLE, MVCC reads, buffered writes.
 *
 * A transaction reads at one time and buffers its writes; commit gives all of them one
 * timestamp and hands them to the engine in one durable batch. Writers of one key queue for its
 * lock in order of arrival; a cycle of waiters is found and one of them gets 40001. At commit the
 * spans that were read are checked for newer versions; if some exist: 40001
 * "restart transaction: TransactionRetryWithProtoRefreshError: ..." (sql.md 17, 20).
 *
 * A read at time T waits for transactions that are just now committing with a time <= T and that
 * wrote what it reads; so an acknowledged commit is seen by every later read.
 *
 * A lock (kv_lock, kv_put, a scan with lock) on a key that was changed after the read time moves the
 * read time to now, if nothing that was read has changed; else 40001 at once. Readers never wait for
 * writers that have not begun to commit. After a 40001 the transaction holds no locks any more and
 * every call on it fails with 40001 until it is rolled back.
 *
 * One kv_txn belongs to one thread at a time. A kv_db is shared by all threads.
 */
#ifndef AMBERDB_STORAGE_TXN_H
#define AMBERDB_STORAGE_TXN_H

#include "storage/engine.h"

struct kv_db;
struct kv_txn;
struct kv_scan;

/* Over an engine with ENGINE_SHARED other processes may work on the same store: see txn_shared.c. Where the
 * engine has locks for them, writers of one key in two processes wait for each other, too. */
struct error *kv_db_open(struct engine *e, struct clock *c, struct kv_db **out) ERR_MUST_USE;
void kv_db_close(struct kv_db *db); /* no transaction is open; does not close the engine */
struct engine *kv_db_engine(struct kv_db *db);
struct clock *kv_db_clock(struct kv_db *db);

/* Tables whose rows lie outside of the store, in a backup, have ids from here on, so that the first
 * bytes of a key tell. They are only read, by scans whose span begins in such a table. */
#define KV_FOREIGN_TABLE_MIN (UINT32_C(1) << 30)
static inline bool
kv_is_foreign(struct slice key)
{
    return key.len >= 2 && key.ptr[0] == 0xf9 && key.ptr[1] >= 0x40; /* an integer of four bytes */
}
struct kv_foreign {
    /* An iterator as engine_iter_open gives it, for ENGINE_SCAN_AT; times do not matter. cancel ends its
     * waits and may be NULL. */
    struct error *(*iter_open)(void *arg, const struct engine_scan_opts *o,
                               const struct cancel *cancel, struct engine_iter **out);
    void *arg;
};
/* Before db is used. */
void kv_db_set_foreign(struct kv_db *db, const struct kv_foreign *f);
/* What commits of other processes changed, as far as it is known: for caches. Called before any
 * transaction begins that can see it; by one thread at a time, which must not use the db. */
struct kv_change;
bool kv_change_touches(const struct kv_change *c, struct span s);
struct hlc kv_change_time(const struct kv_change *c); /* not before any of them */
void kv_on_change(struct kv_db *db, void (*fn)(void *arg, const struct kv_change *c), void *arg);

struct kv_txn_opts {
    struct hlc read_ts;          /* AS OF SYSTEM TIME: fixed and read only; empty = now */
    bool read_only;              /* what is read need not be remembered; writes are refused */
    int priority;                /* -1 low, 0 normal, 1 high: who survives a deadlock */
    const struct cancel *cancel; /* waits end early; may be NULL */
    size_t max_bytes;            /* of buffered writes and locks; 0 = 1 GiB; past it 54000 */
};

struct error *kv_txn_begin(struct kv_db *db, const struct kv_txn_opts *o, struct kv_txn **out)
    ERR_MUST_USE;
struct hlc kv_txn_read_ts(const struct kv_txn *t);
bool kv_txn_has_writes(const struct kv_txn *t);
/* Both free the transaction, whatever they return; scans of it that are
 * still open can only be closed then. After a failed commit nothing was written, but
 * for 40003 (the engine could not say). commit_ts may be NULL. */
struct error *kv_txn_commit(struct kv_txn *t, struct hlc *commit_ts) ERR_MUST_USE;
void kv_txn_rollback(struct kv_txn *t);

/* Statement boundary: later reads see the writes buffered so far; within a step, reads do not see
 * the step's own writes (an INSERT ... SELECT from the same table ends). */
void kv_txn_step(struct kv_txn *t);
/* At the end of a statement of a longer transaction: keys that it wrote without a look for a lock before are
 * locked for other processes, too. */
struct error *kv_txn_settle(struct kv_txn *t) ERR_MUST_USE;
/* Reads see every buffered write at once (constraint checks look at what the statement did). */
void kv_txn_set_read_own(struct kv_txn *t, bool on);
bool kv_txn_read_own(const struct kv_txn *t); /* what is set now, to be restored */

/* Savepoints nest: a token is valid until one before it is rolled back to. Locks stay; steps do not
 * go back. */
uint64_t kv_txn_savepoint(struct kv_txn *t);
void kv_txn_rollback_to(struct kv_txn *t, uint64_t token);

/* For bulk writers: from here on, more than so many bytes of buffered writes go to a nameless file in
 * dir, on the store's file system; max_bytes counts only what is in memory. Reads do not see what
 * went there, rolling back to a savepoint is not possible any more, and its locks are given up: a
 * conflict shows as 40001 at commit, if it was read that the key is absent. Does nothing once there
 * are writes, or where the engine takes no files. */
void kv_txn_spill(struct kv_txn *t, const char *dir, size_t bytes);
/* A key that was written twice to the files, with its later value; ends the buffering. */
struct error *kv_spill_duplicate(struct kv_txn *t, struct arena *a, bool *found, struct slice *key,
                                 struct slice *value) ERR_MUST_USE;

/* Value bytes in the arena; *found false for none and for a deletion. ts (may be NULL): when it was
 * written; empty for this transaction's own. */
struct error *kv_get(struct kv_txn *t, struct slice key, struct arena *a, bool *found,
                     struct slice *value, struct hlc *ts) ERR_MUST_USE;
/* Keys that kv_get will ask for soon: a shared store gives their values in one go. Nothing counts as read
 * yet, and nothing else changes. Does nothing where a get costs no way to another machine; kv_prefetches
 * says so, and false while the keys asked for last were all absent, which a load's are. */
struct error *kv_prefetch(struct kv_txn *t, const struct slice *keys, size_t n) ERR_MUST_USE;
bool kv_prefetches(const struct kv_txn *t);
/* As kv_get, and the key is locked when it is found (FOR UPDATE): what is read is then the newest. */
struct error *kv_get_lock(struct kv_txn *t, struct slice key, struct arena *a, bool *found,
                          struct slice *value, struct hlc *ts) ERR_MUST_USE;
/* Copies key and value. Takes the key's lock (may wait). Value: whole, sealed; deletion: kv_del. */
struct error *kv_put(struct kv_txn *t, struct slice key, struct slice value) ERR_MUST_USE;
struct error *kv_del(struct kv_txn *t, struct slice key) ERR_MUST_USE;
struct error *kv_lock(struct kv_txn *t, struct slice key) ERR_MUST_USE; /* FOR UPDATE */

/* Count the span as read without reading it: a statement that trusts a cached descriptor tracks the
 * descriptor's key, so that a concurrent schema change makes its commit fail with 40001. */
struct error *kv_track_read(struct kv_txn *t, struct span s) ERR_MUST_USE;

struct kv_scan_opts {
    struct span span;
    bool reverse;
    bool lock;            /* lock each key shown (implicit and explicit FOR UPDATE) */
    bool no_track;        /* do not add to the read set: backups, statistics */
    bool fill_cache;      /* true but for scans that would push everything else out */
};
struct kv_entry {
    struct slice key, value; /* borrowed until the next call */
    struct hlc ts;           /* empty for this transaction's own writes */
};
struct error *kv_scan_open(struct kv_txn *t, const struct kv_scan_opts *o, struct kv_scan **out)
    ERR_MUST_USE;
/* While a scan is open its transaction may read, write and lock. */
struct error *kv_scan_next(struct kv_scan *s, struct kv_entry *e, bool *more) ERR_MUST_USE;
/* Up to max entries; bytes borrowed until the next call of either. For tight scan loops. */
struct error *kv_scan_batch(struct kv_scan *s, struct kv_entry *e, size_t max, size_t *n)
    ERR_MUST_USE;
/* From here on keys are shown as if .lock had not been asked for. */
void kv_scan_stop_locking(struct kv_scan *s);
void kv_scan_close(struct kv_scan *s);

/* Outside transactions. */

/* GC threshold per span: reads below it fail with "batch timestamp <ts> must be after replica GC
 * threshold <ts>". Kept in the store. */
struct error *kv_gc(struct kv_db *db, struct span s, struct hlc threshold,
                    const struct cancel *cancel, uint64_t *removed) ERR_MUST_USE;
struct error *kv_gc_threshold(struct kv_db *db, struct span s, struct hlc *out) ERR_MUST_USE;
/* Protect versions at or above ts in the spans from GC until released (BACKUP); survives restarts
 * when id is recorded by the caller and protected again. */
struct error *kv_protect(struct kv_db *db, uint64_t id, struct hlc ts) ERR_MUST_USE;
void kv_unprotect(struct kv_db *db, uint64_t id);
/* Waits until every commit with a time <= ts is visible, and makes later commits come after it:
 * what an exact export at ts needs. */
struct error *kv_close_time(struct kv_db *db, struct hlc ts, const struct cancel *cancel)
    ERR_MUST_USE;
/* Versions in a window for BACKUP: checks the GC threshold of since (exclusive) and ts. */
struct error *kv_export_open(struct kv_db *db, const struct engine_scan_opts *o,
                             struct engine_iter **out) ERR_MUST_USE;

#endif
