/* storage/txn.c - transactions: begin, end, single keys, savepoints. See txn.h and txn_int.h. */
#include "config.h"

#include "storage/txn_int.h"

#define BYTES_MAX_DEFAULT ((size_t)1 << 30)
#define GIVE_BACK_BYTES ((size_t)32 << 20) /* that a transaction held at its end */
/* How far ahead of our clock a given read time may be (a client's clock). */
#define AHEAD_MAX_NS INT64_C(500000000)
/* Keys absent in a row before a gap is looked for; and how long not, after one that was too small. */
#define GAP_TRY 16
#define GAP_PAUSE 256

#define RETRY "restart transaction: TransactionRetryWithProtoRefreshError: "

/* ---- database ---- */

struct error *
kv_db_open(struct engine *e, struct clock *c, struct kv_db **out)
{
    struct kv_db *db = xcalloc(1, sizeof(*db));
    db->e = e;
    db->clock = c;
    locks_init(db);
    commits_init(db);
    struct error *err = gc_load(db);
    if (err == NULL && (e->vt->features & ENGINE_SHARED))
        err = shared_open(db);
    if (err != NULL) {
        kv_db_close(db);
        return err;
    }
    *out = db;
    return NULL;
}

void
kv_db_close(struct kv_db *db)
{
    if (db == NULL)
        return;
    shared_close(db);
    locks_destroy(db);
    gc_destroy(db);
    commits_destroy(db);
    xfree(db);
}

struct engine *
kv_db_engine(struct kv_db *db)
{
    return db->e;
}

struct clock *
kv_db_clock(struct kv_db *db)
{
    return db->clock;
}

void
kv_db_set_foreign(struct kv_db *db, const struct kv_foreign *f)
{
    db->foreign = *f;
}

/* ---- rows that are not in the store ---- */

struct error *
txn_iter_open(struct kv_txn *t, const struct engine_scan_opts *o, struct engine_iter **out)
{
    if (!kv_is_foreign(o->span.start))
        return engine_iter_open(t->db->e, o, out);
    if (t->db->foreign.iter_open == NULL)
        return err_new(ERR_INTERNAL, "nobody reads rows outside of the store");
    return t->db->foreign.iter_open(t->db->foreign.arg, o, t->o.cancel, out);
}

static struct error *
foreign_get(struct kv_txn *t, struct slice key, struct arena *a, bool *found, struct hlc *ts,
            struct slice *value)
{
    struct str end;
    struct engine_iter *it = NULL;
    struct engine_version v;
    str_init(&end, STR_MAX_DEFAULT);
    str_append_slice(&end, key);
    str_append_char(&end, 0);
    struct engine_scan_opts o = {.span = {key, str_slice(&end)}, .mode = ENGINE_SCAN_AT,
                                 .ts = t->read_ts};
    struct error *err = txn_iter_open(t, &o, &it);
    if (err == NULL)
        err = engine_iter_next(it, &v, found);
    if (err == NULL && *found) {
        *ts = v.ts;
        *value = slice_dup(a, v.value);
    }
    engine_iter_close(it);
    str_release(&end);
    return err;
}

/* ---- begin and end ---- */

struct error *
kv_txn_begin(struct kv_db *db, const struct kv_txn_opts *o, struct kv_txn **out)
{
    static const struct kv_txn_opts plain;
    if (o == NULL)
        o = &plain;
    struct hlc now = clock_now(db->clock);
    if (hlc_cmp(o->read_ts, now) > 0) {
        if (o->read_ts.wall - now.wall > AHEAD_MAX_NS)
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           "AS OF SYSTEM TIME: cannot specify timestamp in the future");
        clock_update(db->clock, o->read_ts); /* later commits come after it */
    }
    bool fixed = !hlc_is_empty(o->read_ts);
    if (db->shared != NULL)
        ERR_TRY(fixed ? shared_close_time(db, o->read_ts) : shared_follow(db, &now));
    struct arena *a = arena_create(NULL, "transaction");
    struct kv_txn *t = ARENA_NEW(a, struct kv_txn);
    t->db = db;
    t->arena = a;
    t->o = *o;
    if (t->o.max_bytes == 0)
        t->o.max_bytes = BYTES_MAX_DEFAULT;
    t->fixed = fixed;
    t->read_ts = fixed ? o->read_ts : now;
    t->settled = db->shared != NULL; /* what is not committed has a later time */
    t->step = 1;
    wbuf_init(&t->buf, a);
    rset_init(&t->reads);
    str_init(&t->gap.lo, STR_MAX_DEFAULT);
    str_init(&t->gap.hi, STR_MAX_DEFAULT);
    *out = t;
    return NULL;
}

struct hlc
kv_txn_read_ts(const struct kv_txn *t)
{
    return t->read_ts;
}

bool
kv_txn_has_writes(const struct kv_txn *t)
{
    return t->buf.writes > 0 || spill_has_runs(t);
}

static void
txn_free(struct kv_txn *t)
{
    bool large = t->buf.bytes + t->reads.bytes > GIVE_BACK_BYTES;
    scans_detach(t);
    shared_unlock(t);
    locks_release_all(t);
    rset_release(&t->reads);
    spill_release(t);
    str_release(&t->gap.lo);
    str_release(&t->gap.hi);
    arena_destroy(t->arena);
    if (large)
        mem_give_back();
}

static struct error *
doom_error(enum txn_doom why)
{
    if (why == TXN_BEATEN)
        return err_new(ERR_SERIALIZATION_FAILURE,
                       RETRY "TransactionAbortedError(ABORT_REASON_PUSHER_ABORTED)");
    return err_new(ERR_SERIALIZATION_FAILURE,
                   RETRY "TransactionRetryError: retry txn (RETRY_SERIALIZABLE)");
}

struct error *
txn_doom(struct kv_txn *t, enum txn_doom why)
{
    t->doomed = why;
    shared_unlock(t); /* first, so that who has waited here finds them free there */
    locks_release_all(t);
    return doom_error(why);
}

static inline struct error *
txn_check(const struct kv_txn *t)
{
    if (__builtin_expect(t->doomed != TXN_FINE, 0))
        return doom_error(t->doomed);
    return NULL;
}

struct error *
kv_txn_commit(struct kv_txn *t, struct hlc *commit_ts)
{
    struct hlc ts = t->read_ts;
    struct error *err = txn_check(t);
    if (err == NULL && kv_txn_has_writes(t))
        err = commits_commit(t, &ts);
    else if (err == NULL && t->seen > 0)
        err = commits_durable(t->db, t->seen);
    txn_free(t);
    if (err == NULL && commit_ts != NULL)
        *commit_ts = ts;
    return err;
}

void
kv_txn_rollback(struct kv_txn *t)
{
    if (t != NULL)
        txn_free(t);
}

/* ---- steps and savepoints ---- */

void
kv_txn_step(struct kv_txn *t)
{
    t->step++;
}

struct error *
kv_txn_settle(struct kv_txn *t)
{
    if (t->untold_len == 0)
        return NULL;
    ERR_TRY(txn_check(t));
    return shared_settle(t);
}

void
kv_txn_set_read_own(struct kv_txn *t, bool on)
{
    t->read_own = on;
}

bool
kv_txn_read_own(const struct kv_txn *t)
{
    return t->read_own;
}

uint64_t
kv_txn_savepoint(struct kv_txn *t)
{
    t->replace_floor = t->buf.undo_len;
    return t->buf.undo_len;
}

void
kv_txn_rollback_to(struct kv_txn *t, uint64_t token)
{
    if (spill_has_runs(t)) { /* what is in files cannot be undone: nothing of this may commit */
        err_free(txn_doom(t, TXN_STALE));
        return;
    }
    VERIFY(token <= t->buf.undo_len);
    wbuf_undo_to(&t->buf, (size_t)token);
    t->replace_floor = (size_t)token;
}

/* ---- single keys ---- */

bool
txn_in_gap(const struct kv_txn *t, struct slice key)
{
    const struct gap *g = &t->gap;
    return g->valid && g->epoch == t->epoch && slice_cmp(key, str_slice(&g->lo)) > 0 &&
           (g->unbounded || slice_cmp(key, str_slice(&g->hi)) < 0);
}

/* After an answer of the engine. When many keys were absent, find out how far that goes. */
static struct error *
look_for_gap(struct kv_txn *t, struct slice key, bool found)
{
    struct gap *g = &t->gap;
    if (g->valid) { /* left behind */
        g->valid = false;
        g->absent = g->hits < GAP_TRY ? -GAP_PAUSE : 0;
    }
    if (found) {
        g->absent = 0;
        return NULL;
    }
    if (++g->absent < GAP_TRY || !t->settled)
        return NULL;
    struct engine_scan_opts o = {.span = {key, SLICE_NULL}, .mode = ENGINE_SCAN_AT,
                                 .ts = t->read_ts, .show_deletions = true, .fill_cache = true};
    struct engine_iter *it;
    struct engine_version v;
    bool more;
    ERR_TRY(engine_iter_open(t->db->e, &o, &it));
    struct error *err = engine_iter_next(it, &v, &more);
    if (err == NULL) {
        str_clear(&g->lo);
        str_append_slice(&g->lo, key);
        str_clear(&g->hi);
        if (more)
            str_append_slice(&g->hi, v.key);
        g->unbounded = !more;
        g->epoch = t->epoch;
        g->hits = 0;
        g->valid = true;
    }
    engine_iter_close(it);
    return err;
}

static void
add_point_read(struct kv_txn *t, struct slice key)
{
    if (!t->fixed && !t->o.read_only)
        rset_add(&t->reads, key, SLICE_NULL, true);
}

/* Without `track` the caller counts the key as read. */
static struct error *
get(struct kv_txn *t, struct slice key, struct arena *a, bool track, bool *found,
    struct slice *value, struct hlc *ts)
{
    ERR_TRY(txn_check(t));
    const struct wnode *n = wbuf_find(&t->buf, key);
    const struct wver *own = n == NULL ? NULL : node_visible(t, n);
    if (own != NULL) {
        *found = own->value.len > 0;
        if (*found)
            *value = slice_dup(a, own->value);
        if (ts != NULL)
            *ts = HLC_MIN;
        return NULL;
    }
    ERR_TRY(commits_wait(t, key, SLICE_NULL, true));
    struct hlc at = HLC_MIN;
    struct engine_answer known;
    if (txn_in_gap(t, key)) {
        *found = false;
        t->gap.hits++;
    } else if (kv_is_foreign(key)) {
        ERR_TRY(foreign_get(t, key, a, found, &at, value));
    } else if (prefetched_get(t, key, a, &known)) {
        *found = known.found;
        if (*found) {
            *value = known.value;
            at = known.ts;
        }
        ERR_TRY(look_for_gap(t, key, *found));
    } else {
        ERR_TRY(engine_get(t->db->e, key, t->read_ts, a, found, &at, value));
        ERR_TRY(look_for_gap(t, key, *found));
    }
    ERR_TRY(gc_check(t, key, SLICE_NULL, true));
    if (track)
        add_point_read(t, key);
    if (*found && value->len == 0)
        *found = false;
    if (*found && ts != NULL)
        *ts = at;
    return NULL;
}

struct error *
kv_get(struct kv_txn *t, struct slice key, struct arena *a, bool *found, struct slice *value,
       struct hlc *ts)
{
    return get(t, key, a, true, found, value, ts);
}

struct error *
kv_get_lock(struct kv_txn *t, struct slice key, struct arena *a, bool *found, struct slice *value,
            struct hlc *ts)
{
    ERR_TRY(txn_may_lock(t));
    for (;;) {
        uint32_t epoch = t->epoch;
        ERR_TRY(get(t, key, a, false, found, value, ts));
        if (*found)
            ERR_TRY(kv_lock(t, key));
        /* Else it was changed before we had the lock, and our read time moved behind that: what was
         * read of it until here must not count, or it would make us restart. */
        if (t->epoch == epoch) {
            add_point_read(t, key);
            return NULL;
        }
    }
}

struct error *
kv_track_read(struct kv_txn *t, struct span s)
{
    ERR_TRY(txn_check(t));
    if (t->fixed || t->o.read_only)
        return NULL;
    bool point = s.end.len == s.start.len + 1 && s.end.ptr[s.start.len] == 0 &&
                 slice_has_prefix(s.end, s.start);
    rset_add(&t->reads, s.start, point ? SLICE_NULL : s.end, point);
    return NULL;
}

/* Whether the engine holds a version of the key that t may not see. */
static struct error *
key_is_newer(struct kv_txn *t, const struct wnode *n, struct hlc *ts, bool *newer)
{
    struct arena *a = arena_create(NULL, "newer version");
    struct slice value;
    bool found;
    struct error *err = engine_get(t->db->e, n->key, HLC_MAX, a, &found, ts, &value);
    *newer = err == NULL && found && hlc_cmp(*ts, t->read_ts) > 0;
    arena_destroy(a);
    return err;
}

struct error *
txn_lock_node(struct kv_txn *t, struct wnode *n)
{
    if (n->locked)
        return NULL;
    bool beaten;
    ERR_TRY(locks_acquire(t, n, &beaten));
    if (beaten)
        return txn_doom(t, TXN_BEATEN);
    if (t->db->shared != NULL)
        shared_lock_later(t, n);
    return txn_catch_up(t, n);
}

struct error *
txn_catch_up(struct kv_txn *t, const struct wnode *n)
{
    if (!key_maybe_newer(t, n))
        return NULL;
    bool newer, fresh = true;
    struct hlc ts;
    ERR_TRY(key_is_newer(t, n, &ts, &newer));
    if (newer)
        ERR_TRY(commits_refresh(t, &fresh));
    return fresh ? NULL : txn_doom(t, TXN_STALE);
}

struct error *
txn_room(const struct kv_txn *t, size_t more)
{
    if (t->buf.bytes + t->reads.bytes + more <= t->o.max_bytes && t->buf.undo_len < UINT32_MAX)
        return NULL;
    return err_detail(err_new(ERR_PROGRAM_LIMIT_EXCEEDED,
                              "transaction is too large to complete; try splitting into pieces"),
                      "Writes and locks of one transaction are kept in memory, up to %zu bytes.",
                      t->o.max_bytes);
}

static struct error *
txn_node(struct kv_txn *t, struct slice key, struct wnode **out)
{
    ERR_TRY(txn_check(t));
    if (t->fixed || t->o.read_only)
        return err_new(ERR_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute a write in a read-only transaction");
    VERIFY(key.len > 0);
    if (kv_is_foreign(key))
        return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "cannot write to a table that lies in a backup");
    if (t->spill != NULL)
        ERR_TRY(spill_when_full(t));
    ERR_TRY(txn_room(t, key.len));
    struct wnode *n = wbuf_find_or_add(&t->buf, t, key);
    if (!spill_has_runs(t)) /* else commit finds conflicts */
        ERR_TRY(txn_lock_node(t, n));
    *out = n;
    return NULL;
}

static struct error *
txn_write(struct kv_txn *t, struct slice key, struct slice value)
{
    struct wnode *n;
    ERR_TRY(txn_node(t, key, &n));
    ERR_TRY(txn_room(t, value.len));
    wbuf_put(&t->buf, n, value, t->step, t->replace_floor);
    return NULL;
}

struct error *
kv_put(struct kv_txn *t, struct slice key, struct slice value)
{
    VERIFY(value.len > 0);
    return txn_write(t, key, value);
}

struct error *
kv_del(struct kv_txn *t, struct slice key)
{
    return txn_write(t, key, SLICE_NULL);
}

struct error *
kv_lock(struct kv_txn *t, struct slice key)
{
    struct wnode *n;
    ERR_TRY(txn_node(t, key, &n));
    return kv_txn_settle(t);
}
