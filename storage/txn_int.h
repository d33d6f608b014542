/* storage/txn_int.h - the inside of the transaction layer.
 *
 *   txn.c         begin, end, get, put, savepoints
 *   txn_buffer.c  the ordered buffer of a transaction's writes
 *   txn_lock.c    the lock table, queues, deadlocks
 *   txn_reads.c   what a transaction has read
 *   txn_commit.c  commit times, validation, who waits for whom
 *   txn_scan.c    scans that merge engine and buffer
 *   txn_gc.c      thresholds, protection, exports
 *   txn_shared.c  the same over a store that other processes use too
 *   txn_shared_lock.c  locks that those see, too
 *   txn_spill.c   writes of bulk transactions in files
 *
 * Locks: kv_db.lock (RANK_TXN_MANAGER) guards the lock table and the queues; kv_db.commit_lock
 * (RANK_COMMIT) guards commit times, the log of recent commits and the GC thresholds. No engine is
 * called with either held.
 */
#ifndef AMBERDB_STORAGE_TXN_INT_H
#define AMBERDB_STORAGE_TXN_INT_H

#include <string.h>

#include "storage/txn.h"

/* ---- buffered writes ---- */

/* One buffered value of a key. */
struct wver {
    struct wver *prev;   /* the one it hides */
    struct slice value;  /* empty: deletion */
    uint32_t step;       /* of the transaction when it was written */
    uint32_t undo;       /* its index in the undo log */
};

/* One key that the transaction has written or locked. Nodes never go before the transaction does. */
struct wnode {
    struct slice key;
    uint64_t hash;
    struct wver *top;    /* newest value; NULL: none (only locked, or rolled back) */
    struct wnode *prev, *next; /* by key; before the first: the buffer's head */
    struct kv_txn *txn;
    /* Guarded by kv_db.lock. */
    struct waiter *first, *last; /* who waits for this lock, in order of arrival */
    bool locked;         /* in the lock table, or was so until all of the transaction's locks went; set
                          * and cleared by the owner's thread or for it */
    bool told;           /* other processes see the lock */
    bool waited;         /* it was waited for there: kv_txn.waited has it */
};

/* Of the lock table; node NULL: free. */
struct lock_slot {
    uint64_t hash;
    struct wnode *node;
};

struct wbuf {
    struct arena *arena;
    struct wnode head;   /* of the list of all nodes; has no key */
    struct wnode *last;  /* NULL: there are none */
    struct wpage *root;  /* of the tree over them */
    struct wnode **undo; /* nodes in order of their writes */
    size_t undo_len, undo_cap;
    size_t nodes;        /* all */
    size_t writes;       /* those with a value */
    size_t bytes;
};

void wbuf_init(struct wbuf *b, struct arena *a);
struct wnode *wbuf_find(const struct wbuf *b, struct slice key);
struct wnode *wbuf_find_or_add(struct wbuf *b, struct kv_txn *t, struct slice key);
/* The last node whose key is < key (the head when none). */
struct wnode *wbuf_before(struct wbuf *b, struct slice key);
/* may_replace: the newest value, when it was written in the same step and its undo index is not
 * below this, is replaced instead of hidden. */
void wbuf_put(struct wbuf *b, struct wnode *n, struct slice value, uint32_t step,
              size_t may_replace);
void wbuf_undo_to(struct wbuf *b, size_t undo_len);

/* ---- what was read ---- */

struct rspan {
    struct slice start, end; /* end exclusive; empty: to the last key */
    bool point;              /* start alone; end is not used */
};

struct rset {
    struct arena *arena;
    struct rspan *v;
    size_t n, cap;
    size_t bytes;
    bool sorted;
};

void rset_init(struct rset *r);
void rset_release(struct rset *r);
void rset_add(struct rset *r, struct slice start, struct slice end, bool point);
void rset_sort(struct rset *r); /* ascending, disjoint */

/* ---- recent commits ---- */

/* Keys that share these bytes belong together (a table's index and the first byte of its key). A large
 * commit is remembered as runs of neighbouring keys, and a run never leaves its group, nor takes in one of
 * its first KEY_GROUP_EXACT: else what is written of a few descriptors and of a table would pass for a
 * change of all that lies between. */
#ifndef TXN_TINY /* defined by a test, so that small histories have runs */
#define KEY_GROUP_BYTES 3
#define KEY_GROUP_EXACT 64
#else
#define KEY_GROUP_BYTES 0
#define KEY_GROUP_EXACT 1
#endif

static inline bool
keys_share(struct slice a, struct slice b, size_t bytes)
{
    return a.len >= bytes && b.len >= bytes && memcmp(a.ptr, b.ptr, bytes) == 0;
}

struct commit {
    struct hlc ts;
    struct commit *next_in_flight;
    size_t n;
    struct slice *keys; /* ascending; when coarse: pairs, first and last of a run of keys */
    size_t bytes;
    uint64_t written; /* not 0: the engine has it, as the so many-th; it may not be durable yet */
    bool coarse, in_flight, in_log;
};

struct gc_span {
    struct slice start, end;
    struct hlc threshold;
};

#define RECENT_SLOTS 65536

struct protection {
    uint64_t id;
    struct hlc ts;
    struct protection *next;
};

struct kv_db {
    struct engine *e;
    struct clock *clock;
    struct kv_foreign foreign; /* immutable once in use */

    struct mutex lock; /* guards the lock table: */
    struct lock_slot *slots;
    size_t slot_count, locked_count;
    size_t lock_waiters;
    uint64_t mark; /* of the last walk through the waiters */

    struct mutex commit_lock; /* guards: */
    struct cond commit_done;
    struct commit *in_flight;
    struct commit **log; /* ring, ascending time */
    size_t log_first, log_len;
    size_t log_bytes;
    struct hlc log_floor; /* commits up to this time may be missing from the log */
    int waiting;          /* threads in commit_done */
    uint64_t written, durable; /* commits that the engine has; so many of these survive a crash */
    bool syncing;         /* one thread makes them durable at a time */
    struct arena *gc_arena;
    struct gc_span *gc; /* in gc_arena; disjoint, ascending */
    size_t gc_len;
    struct protection *protections;
    bool gc_saving; /* one thread writes the thresholds to the engine at a time */
    struct shared *shared; /* NULL: the store is this process's own */
    _Atomic size_t told, waited; /* locks that other processes see; waits for such, and what they brought */

    /* Without a lock, because each read or lock looks: the newest threshold's wall time; per hash of
     * a key a wall time that is not before its newest commit's since start, and the same for the
     * keys of large commits. All only grow. */
    _Atomic int64_t gc_wall_max;
    _Atomic int64_t recent_large;
    _Atomic int64_t recent[RECENT_SLOTS];
};

enum txn_doom {
    TXN_FINE,
    TXN_STALE,  /* something that it read has changed */
    TXN_BEATEN, /* picked to break a deadlock */
};

/* Keys between lo and hi, both exclusive, have no version that is visible at the read time. Found when
 * key after key was absent, so that a bulk load into a hole asks the engine once. */
struct gap {
    struct str lo, hi;
    bool valid, unbounded; /* unbounded: to the last key */
    uint32_t epoch;
    int absent;            /* keys found absent one after the other; below 0: not worth it for now */
    uint32_t hits;
};

struct kv_txn {
    struct kv_db *db;
    struct arena *arena;
    struct kv_txn_opts o;
    struct hlc read_ts;
    bool fixed;      /* read_ts was given: it never moves */
    bool settled;    /* no commit in flight has a time <= read_ts */
    uint64_t seen;   /* as kv_db.written: what it read is durable when so many commits are */
    enum txn_doom doomed;
    bool read_own;
    uint32_t step;
    uint32_t epoch;  /* counts moves of read_ts; open scans follow */
    size_t replace_floor; /* undo length at the newest savepoint */
    struct wbuf buf;
    struct spill *spill;   /* not NULL: the buffer goes to files when it is full */
    struct rset reads;
    struct gap gap;
    struct prefetch *prefetch; /* NULL: nothing was */
    struct kv_scan *scans; /* open ones */
    struct wnode **untold; /* locked since other processes were told of locks last */
    size_t untold_len, untold_cap;
    size_t told;           /* locks that they see, but for those that were waited for */
    struct waited *waited; /* those that were waited for */
    size_t n_waited;
    /* Guarded by kv_db.lock. */
    struct waiter *waiter; /* not NULL while waiting for a lock */
    size_t locks;          /* in the lock table */
    uint64_t mark;
};

struct kv_scan {
    struct kv_txn *t;
    struct kv_scan *next, **prev_link; /* in kv_txn.scans */
    struct kv_scan_opts o;             /* span bytes are in `bounds` */
    struct str bounds;
    struct engine_iter *it;
    struct engine_version *versions; /* taken from the engine at once */
    struct engine_version base;        /* the engine's next, when have_base */
    bool have_base, base_done;
    struct wnode *own;                 /* last node passed (forward) or to be passed below (reverse) */
    struct str last;                   /* key shown last */
    bool shown, finished;
    uint32_t epoch;
    uint8_t *block;                    /* kv_scan_batch: bytes of the entries in hand */
    size_t block_cap;
    size_t read;                       /* bytes of engine's rows, by kv_scan_batch */
};

/* The value that reads of t see in n, or NULL for none. */
static inline const struct wver *
node_visible(const struct kv_txn *t, const struct wnode *n)
{
    const struct wver *v = n->top;
    if (!t->read_own)
        while (v != NULL && v->step >= t->step)
            v = v->prev;
    return v;
}

/* txn.c */
/* Lock a key; where a newer value than t may see was committed, t's read time moves to now. */
struct error *txn_may_lock(const struct kv_txn *t) ERR_MUST_USE;
struct error *txn_lock_node(struct kv_txn *t, struct wnode *n) ERR_MUST_USE;
struct error *txn_catch_up(struct kv_txn *t, const struct wnode *n) ERR_MUST_USE; /* it is locked */
/* The transaction must restart: its locks go at once, and every later call fails as this one. */
struct error *txn_doom(struct kv_txn *t, enum txn_doom why) ERR_MUST_USE;

bool txn_in_gap(const struct kv_txn *t, struct slice key);

/* txn_prefetch.c: what was fetched for t's read time; the value's bytes in a. */
bool prefetched_get(struct kv_txn *t, struct slice key, struct arena *a, struct engine_answer *out);

/* By the engine, or by who reads what is not in the store. */
struct error *txn_iter_open(struct kv_txn *t, const struct engine_scan_opts *o,
                            struct engine_iter **out) ERR_MUST_USE;

/* 54000 when that many more bytes pass the transaction's bound. */
struct error *txn_room(const struct kv_txn *t, size_t more) ERR_MUST_USE;

/* txn_lock.c */
void locks_init(struct kv_db *db);
void locks_destroy(struct kv_db *db);
/* May wait; *beaten: t was picked to break a deadlock and has not got the lock. */
struct error *locks_acquire(struct kv_txn *t, struct wnode *n, bool *beaten) ERR_MUST_USE;
void locks_release_all(struct kv_txn *t);
/* The hashes of keys told to other processes that are locked by t, or by who waits for t, and for those; at
 * most max of them. */
size_t locks_behind(struct kv_txn *t, uint64_t *out, size_t max);

/* txn_commit.c */
void commits_init(struct kv_db *db);
void commits_destroy(struct kv_db *db);
/* Wait until the engine has the commits in flight with a time <= t's read time that wrote into the span;
 * t->seen tells when they are durable. */
struct error *commits_wait(struct kv_txn *t, struct slice start, struct slice end, bool point)
    ERR_MUST_USE;
/* Move t's read time to now if nothing that it read has changed since; *fresh says. */
struct error *commits_refresh(struct kv_txn *t, bool *fresh) ERR_MUST_USE;
struct error *commits_commit(struct kv_txn *t, struct hlc *commit_ts) ERR_MUST_USE;
/* Until the first so many commits are durable. */
struct error *commits_durable(struct kv_db *db, uint64_t written) ERR_MUST_USE;

/* What t wrote, in order of the keys; *n of them, in t's arena. */
struct engine_write *commits_collect(struct kv_txn *t, size_t *n);
struct commit *commits_new(const struct engine_write *w, size_t n);
bool commits_touch(const struct commit *c, const struct rspan *s);
bool commits_touch_any(const struct commit *c, const struct rset *r); /* sorted */
/* The rest with commit_lock held. */
void commits_log_add(struct kv_db *db, struct commit *c); /* wherever its time belongs; owned by the log */
bool commits_log_fresh(struct kv_db *db, struct hlc since, const struct rset *r);
/* By the engine: whether anything in the span changed in (since, ts]. Without the lock. */
struct error *commits_span_changed(struct kv_db *db, const struct rspan *s, struct hlc since,
                                   struct hlc ts, bool *changed) ERR_MUST_USE;

/* txn_shared.c */
struct error *shared_open(struct kv_db *db) ERR_MUST_USE;
void shared_close(struct kv_db *db);
/* Learn what others have committed; *now: all commits up to it can be read, later ones come after it. */
struct error *shared_follow(struct kv_db *db, struct hlc *now) ERR_MUST_USE;
/* Later commits come after ts. */
struct error *shared_close_time(struct kv_db *db, struct hlc ts) ERR_MUST_USE;
struct error *shared_refresh(struct kv_txn *t, bool *fresh) ERR_MUST_USE;
struct error *shared_commit(struct kv_txn *t, struct hlc *commit_ts) ERR_MUST_USE;
/* txn_shared_lock.c */
/* Other processes are to see the lock; they do so from the next settling on. */
void shared_lock_later(struct kv_txn *t, struct wnode *n);
/* Wait until other processes see all locks. What was committed of those keys since t's read time moves that
 * to now, or is 40001, as for locks of this process. */
struct error *shared_settle(struct kv_txn *t) ERR_MUST_USE;
/* The same before a commit, which checks what was read anyway. */
struct error *shared_settle_commit(struct kv_txn *t) ERR_MUST_USE;
void shared_unlock(struct kv_txn *t);
/* What a view of the order shows is learnt. */
struct error *shared_absorb(struct kv_db *db, const struct engine_order_view *v,
                            struct arena *a) ERR_MUST_USE;
struct hlc shared_followed(struct kv_db *db);
uint64_t shared_writer(const struct kv_db *db);

/* No other process changes the thresholds meanwhile. fn is called once they are as the store has them,
 * and they are announced after it. */
struct error *shared_thresholds(struct kv_db *db, struct error *(*fn)(struct kv_db *db, void *arg),
                                void *arg) ERR_MUST_USE;
/* Until every process has learnt of them: so long after they were announced. */
extern int64_t shared_known_ns;
struct error *shared_thresholds_known(const struct cancel *cancel) ERR_MUST_USE;

static inline bool
key_maybe_newer(const struct kv_txn *t, const struct wnode *n)
{
    const struct kv_db *db = t->db;
    return atomic_load_explicit(&db->recent[n->hash % RECENT_SLOTS], memory_order_acquire) >=
               t->read_ts.wall ||
           atomic_load_explicit(&db->recent_large, memory_order_acquire) >= t->read_ts.wall;
}

/* txn_scan.c: what open scans have shown belongs to the reads. */
void scans_add_reads(struct kv_txn *t);
void scans_detach(struct kv_txn *t); /* the transaction ends */

/* txn_spill.c */
struct error *spill_when_full(struct kv_txn *t) ERR_MUST_USE;
bool spill_has_runs(const struct kv_txn *t);
void spill_release(struct kv_txn *t);
/* All of t's writes as ranges of keys; what is in the buffer joins the runs. */
struct error *spill_commit_new(struct kv_txn *t, struct commit **out) ERR_MUST_USE;
struct error *spill_write(struct kv_txn *t, struct hlc ts) ERR_MUST_USE;

/* txn_gc.c */
/* The thresholds as the store has them, in place of those in memory. */
struct error *gc_load(struct kv_db *db) ERR_MUST_USE;
void gc_destroy(struct kv_db *db);
struct error *gc_check_slow(struct kv_db *db, struct slice start, struct slice end, bool point,
                            struct hlc ts, const char *what) ERR_MUST_USE;

/* After the read, so that a collection that began in between is seen. */
static inline struct error *
gc_check(struct kv_txn *t, struct slice start, struct slice end, bool point)
{
    if (__builtin_expect(atomic_load_explicit(&t->db->gc_wall_max, memory_order_acquire) <
                             t->read_ts.wall, 1))
        return NULL;
    return gc_check_slow(t->db, start, end, point, t->read_ts, "batch");
}

#endif
