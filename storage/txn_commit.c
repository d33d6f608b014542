/* storage/txn_commit.c - commit times, validation, and who waits for whom.
 *
 * A commit takes its time, is checked against the log and enters the log in one hold of commit_lock;
 * so the log is in order of time and holds every commit before it can be seen. Then the engine
 * writes, many threads at once, and at last the commit is made durable and leaves the list of those in
 * flight. A reader at T waits for those in flight with a time <= T that wrote what it reads, until they
 * are written; a time <= T cannot appear later, because T came from the same clock.
 *
 * Locks go once the engine has the writes, before they are durable: the next writer of a hot row need
 * not wait for the disk, and one sync makes many commits durable. Who has read such a row ends only
 * when it is durable: a commit with writes because its own come later in the engine's log, one without
 * because it waits for what it has seen.
 *
 * Reads are checked a piece of the log at a time, lock released between pieces. When the log no
 * longer reaches back to the read time, the engine's versions are looked at instead.
 */
#include "config.h"

#include "storage/txn_int.h"

#include "base/fault.h"

#ifndef TXN_TINY /* defined by a test, so that small histories reach every bound */
#define LOG_MAX ((size_t)16384)
/* A commit with more bytes of keys is remembered as about so many runs of neighbouring keys. */
#define EXACT_BYTES_MAX ((size_t)1 << 20)
#define RUNS_MAX ((size_t)4096)
/* Comparisons in one hold of commit_lock. */
#define CHECK_CHUNK ((size_t)20000)
/* A transaction with more nodes is not worth a walk through them with the lock held. */
#define LARGE_NODES ((size_t)4096)
#else
#define LOG_MAX ((size_t)8)
#define EXACT_BYTES_MAX ((size_t)4)
#define RUNS_MAX ((size_t)2)
#define CHECK_CHUNK ((size_t)3)
#define LARGE_NODES ((size_t)2)
#endif
#define LOG_BYTES_MAX ((size_t)32 << 20)
#define WAIT_SLICE_NS INT64_C(50000000)

void
commits_init(struct kv_db *db)
{
    mutex_init(&db->commit_lock, RANK_COMMIT);
    cond_init(&db->commit_done);
    db->log = xcalloc(LOG_MAX, sizeof(*db->log));
    db->log_floor = clock_now(db->clock); /* what was before, the engine knows */
}

static struct commit **
log_at(struct kv_db *db, size_t i)
{
    return &db->log[(db->log_first + i) % LOG_MAX];
}

void
commits_destroy(struct kv_db *db)
{
    for (struct commit *c = db->in_flight, *next; c != NULL; c = next) {
        next = c->next_in_flight;
        VERIFY(c->written > 0); /* it could not be synced, and its owner was told */
        if (!c->in_log)
            xfree(c);
    }
    for (size_t i = 0; i < db->log_len; i++)
        xfree(*log_at(db, i));
    xfree(db->log);
    cond_destroy(&db->commit_done);
    mutex_destroy(&db->commit_lock);
}

/* ---- one commit's keys ---- */

/* Writes as runs of neighbouring keys. */
struct runs {
    const struct engine_write *w, *end;
    struct slice group; /* the first key of the last run's group */
    size_t in_group;    /* keys of it so far */
    size_t max;         /* keys in a run */
};

static bool
next_run(struct runs *r, struct slice *first, struct slice *last)
{
    if (r->w == r->end)
        return false;
    *first = r->w->key;
    if (r->in_group == 0 || !keys_share(r->group, *first, KEY_GROUP_BYTES)) {
        r->group = *first;
        r->in_group = 0;
    }
    size_t max = r->in_group < KEY_GROUP_EXACT ? 1 : r->max, n = 0;
    do {
        *last = r->w->key;
        n++;
        r->w++;
    } while (n < max && r->w != r->end && keys_share(r->group, r->w->key, KEY_GROUP_BYTES));
    r->in_group += n;
    return true;
}

struct commit *
commits_new(const struct engine_write *w, size_t n)
{
    size_t slots = 0, bytes = 0, key_bytes = 0, slot = 0;
    struct slice ends[2];
    for (size_t i = 0; i < n; i++)
        key_bytes += w[i].key.len;
    size_t max = key_bytes <= EXACT_BYTES_MAX ? 1 : (n + RUNS_MAX - 1) / RUNS_MAX;
    bool coarse = max > 1;
    if (!coarse) {
        slots = n;
        bytes = key_bytes;
    }
    for (struct runs r = {.w = w, .end = w + n, .max = max};
         coarse && next_run(&r, &ends[0], &ends[1]); slots += 2)
        bytes += ends[0].len + ends[1].len;
    size_t head = sizeof(struct commit) + slots * sizeof(struct slice);
    struct commit *c = xmalloc(head + bytes);
    *c = (struct commit){.n = slots, .keys = (struct slice *)(c + 1), .bytes = head + bytes,
                         .coarse = coarse, .in_flight = true};
    uint8_t *p = (uint8_t *)c + head;
    for (struct runs r = {.w = w, .end = w + n, .max = max}; next_run(&r, &ends[0], &ends[1]);)
        for (int k = 0; k <= coarse; k++) {
            memcpy(p, ends[k].ptr, ends[k].len);
            c->keys[slot++] = slice_make(p, ends[k].len);
            p += ends[k].len;
        }
    VERIFY(slot == slots);
    return c;
}

static bool
span_holds(const struct rspan *s, struct slice key)
{
    if (s->point)
        return slice_eq(s->start, key);
    return slice_cmp(s->start, key) <= 0 && (s->end.len == 0 || slice_cmp(key, s->end) < 0);
}

bool
commits_touch(const struct commit *c, const struct rspan *s)
{
    /* The first key >= start; of runs: the first whose last key is. */
    size_t step = c->coarse ? 2 : 1, lo = 0, hi = c->n / step;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (slice_cmp(c->keys[mid * step + step - 1], s->start) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == c->n / step)
        return false;
    struct slice key = c->keys[lo * step];
    if (c->coarse && slice_cmp(key, s->start) <= 0)
        return true;
    return span_holds(s, key);
}

/* The spans are sorted and disjoint. */
bool
commits_touch_any(const struct commit *c, const struct rset *r)
{
    if (c->coarse || r->n <= c->n) {
        for (size_t i = 0; i < r->n; i++)
            if (commits_touch(c, &r->v[i]))
                return true;
        return false;
    }
    for (size_t i = 0; i < c->n; i++) {
        size_t lo = 0, hi = r->n; /* the last span that starts at or before the key */
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (slice_cmp(r->v[mid].start, c->keys[i]) <= 0)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo > 0 && span_holds(&r->v[lo - 1], c->keys[i]))
            return true;
    }
    return false;
}

/* ---- waiting ---- */

static struct error *
wait_done(struct kv_db *db, const struct cancel *cancel)
{
    db->waiting++;
    cond_wait_ns(&db->commit_done, &db->commit_lock, WAIT_SLICE_NS);
    db->waiting--;
    return cancel_check(cancel);
}

struct error *
commits_wait(struct kv_txn *t, struct slice start, struct slice end, bool point)
{
    if (t->settled)
        return NULL;
    struct kv_db *db = t->db;
    struct rspan s = {start, end, point};
    struct error *err = NULL;
    mutex_lock(&db->commit_lock);
    while (err == NULL) {
        bool wait = false;
        t->settled = true;
        for (const struct commit *c = db->in_flight; c != NULL && !wait; c = c->next_in_flight) {
            if (hlc_cmp(c->ts, t->read_ts) > 0)
                continue;
            t->settled = false;
            if (!commits_touch(c, &s))
                continue;
            wait = c->written == 0;
            if (c->written > t->seen)
                t->seen = c->written;
        }
        if (!wait)
            break;
        err = wait_done(db, t->o.cancel);
    }
    mutex_unlock(&db->commit_lock);
    return err;
}

/* Until commits with a time <= ts are durable. */
static struct error *
wait_until(struct kv_db *db, struct hlc ts, const struct cancel *cancel)
{
    struct error *err = NULL;
    uint64_t written = 0;
    mutex_lock(&db->commit_lock);
    for (bool wait = true; wait && err == NULL;) {
        wait = false;
        for (const struct commit *c = db->in_flight; c != NULL; c = c->next_in_flight) {
            if (hlc_cmp(c->ts, ts) > 0)
                continue;
            wait = wait || c->written == 0;
            written = c->written > written ? c->written : written;
        }
        if (wait)
            err = wait_done(db, cancel);
    }
    mutex_unlock(&db->commit_lock);
    return err == NULL && written > 0 ? commits_durable(db, written) : err;
}

struct error *
kv_close_time(struct kv_db *db, struct hlc ts, const struct cancel *cancel)
{
    clock_update(db->clock, ts);
    if (db->shared != NULL)
        return shared_close_time(db, ts);
    return wait_until(db, ts, cancel);
}

/* ---- validation ---- */

struct error *
commits_span_changed(struct kv_db *db, const struct rspan *s, struct hlc since, struct hlc ts,
                     bool *changed)
{
    struct engine_scan_opts o = {
        .mode = ENGINE_SCAN_VERSIONS, .since = since, .ts = ts, .fill_cache = true};
    struct str after;
    str_init(&after, STR_MAX_DEFAULT);
    o.span = (struct span){s->start, s->end};
    if (s->point) {
        str_append_slice(&after, s->start);
        str_append_char(&after, 0);
        o.span.end = str_slice(&after);
    }
    struct engine_iter *it = NULL;
    struct engine_version v;
    struct error *err = engine_iter_open(db->e, &o, &it);
    if (err == NULL)
        err = engine_iter_next(it, &v, changed);
    engine_iter_close(it);
    str_release(&after);
    return err;
}

/* By the engine: whether anything in t's reads changed in (*since, now]; then *since is now. */
static struct error *
check_engine(struct kv_txn *t, struct hlc *since, bool *fresh)
{
    struct kv_db *db = t->db;
    struct hlc now = clock_now(db->clock);
    ERR_TRY(wait_until(db, now, t->o.cancel));
    for (size_t i = 0; i < t->reads.n && *fresh; i++) {
        const struct rspan *s = &t->reads.v[i];
        bool changed;
        ERR_TRY(commits_span_changed(db, s, *since, now, &changed));
        ERR_TRY(gc_check(t, s->start, s->end, s->point)); /* else a change might be gone again */
        *fresh = !changed;
    }
    *since = now;
    return NULL;
}

static size_t
log_first_after(struct kv_db *db, struct hlc ts)
{
    size_t lo = 0, hi = db->log_len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (hlc_cmp((*log_at(db, mid))->ts, ts) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Check t's reads against all commits after its read time. When *fresh, commit_lock is held on
 * return and has been since the last commit was looked at. */
static struct error *
check_and_lock(struct kv_txn *t, bool *fresh)
{
    struct kv_db *db = t->db;
    struct hlc since = t->read_ts;
    *fresh = true;
    scans_add_reads(t);
    rset_sort(&t->reads);
    for (;;) {
        mutex_lock(&db->commit_lock);
        if (t->reads.n == 0)
            return NULL;
        if (hlc_cmp(since, db->log_floor) < 0) {
            mutex_unlock(&db->commit_lock);
            ERR_TRY(check_engine(t, &since, fresh));
            if (!*fresh)
                return NULL;
            continue;
        }
        size_t work = 0, i = log_first_after(db, since);
        for (; i < db->log_len && work < CHECK_CHUNK && *fresh; i++) {
            const struct commit *c = *log_at(db, i);
            work += 1 + (c->n < t->reads.n ? c->n : t->reads.n);
            *fresh = !commits_touch_any(c, &t->reads);
            since = c->ts;
        }
        if (*fresh && i == db->log_len)
            return NULL;
        mutex_unlock(&db->commit_lock);
        if (!*fresh)
            return NULL;
        ERR_TRY(cancel_check(t->o.cancel));
    }
}

struct error *
commits_refresh(struct kv_txn *t, bool *fresh)
{
    if (t->db->shared != NULL)
        return shared_refresh(t, fresh);
    ERR_TRY(check_and_lock(t, fresh));
    if (!*fresh)
        return NULL;
    t->read_ts = clock_now(t->db->clock);
    mutex_unlock(&t->db->commit_lock);
    t->settled = false;
    t->epoch++;
    return NULL;
}

/* ---- commit ---- */

/* Make room for one more. One that is still in flight leaves the log too; who looks for it finds the
 * floor above it, and then waits for it. */
static void
log_make_room(struct kv_db *db, size_t bytes)
{
    while (db->log_len > 0 && (db->log_len == LOG_MAX || db->log_bytes + bytes > LOG_BYTES_MAX)) {
        struct commit *c = *log_at(db, 0);
        db->log_floor = c->ts;
        db->log_bytes -= c->bytes;
        db->log_first = (db->log_first + 1) % LOG_MAX;
        db->log_len--;
        c->in_log = false;
        if (!c->in_flight)
            xfree(c);
    }
}

void
commits_log_add(struct kv_db *db, struct commit *c)
{
    log_make_room(db, c->bytes);
    if (hlc_cmp(c->ts, db->log_floor) <= 0) { /* older than what the log still knows */
        xfree(c);
        return;
    }
    size_t at = log_first_after(db, c->ts);
    if (at > 0 && hlc_cmp((*log_at(db, at - 1))->ts, c->ts) == 0) { /* known already */
        xfree(c);
        return;
    }
    for (size_t i = db->log_len; i > at; i--)
        *log_at(db, i) = *log_at(db, i - 1);
    c->in_log = true;
    *log_at(db, at) = c;
    db->log_len++;
    db->log_bytes += c->bytes;
}

bool
commits_log_fresh(struct kv_db *db, struct hlc since, const struct rset *r)
{
    for (size_t i = log_first_after(db, since); i < db->log_len; i++)
        if (commits_touch_any(*log_at(db, i), r))
            return false;
    return true;
}

static void
commit_register(struct kv_txn *t, struct commit *c)
{
    struct kv_db *db = t->db;
    c->ts = clock_now(db->clock);
    if (t->buf.nodes > LARGE_NODES || t->spill != NULL)
        atomic_store_explicit(&db->recent_large, c->ts.wall, memory_order_release);
    else
        for (const struct wnode *n = t->buf.head.next; n != NULL; n = n->next)
            atomic_store_explicit(&db->recent[n->hash % RECENT_SLOTS], c->ts.wall,
                                  memory_order_release);
    c->next_in_flight = db->in_flight;
    db->in_flight = c;
    c->in_log = true;
    *log_at(db, db->log_len) = c;
    db->log_len++;
    db->log_bytes += c->bytes;
}

/* It is no more in flight; commit_lock is held. */
static void
commit_leave(struct commit **at)
{
    struct commit *c = *at;
    *at = c->next_in_flight;
    c->in_flight = false;
    if (!c->in_log) /* else it stays there, after a failure too: that only costs restarts */
        xfree(c);
}

/* The engine has answered. Returns c's number among the commits that it has; 0: c is at its end. */
static uint64_t
commit_written(struct kv_db *db, struct commit *c, bool in_memory)
{
    uint64_t number = 0;
    mutex_lock(&db->commit_lock);
    if (in_memory) {
        number = c->written = ++db->written;
    } else {
        struct commit **at = &db->in_flight;
        while (*at != c)
            at = &(*at)->next_in_flight;
        commit_leave(at);
    }
    if (db->waiting > 0)
        cond_broadcast(&db->commit_done);
    mutex_unlock(&db->commit_lock);
    return number;
}

struct error *
commits_durable(struct kv_db *db, uint64_t written)
{
    struct error *err = NULL;
    mutex_lock(&db->commit_lock);
    while (db->durable < written && err == NULL) {
        if (db->syncing) {
            db->waiting++;
            cond_wait(&db->commit_done, &db->commit_lock);
            db->waiting--;
            continue;
        }
        db->syncing = true;
        uint64_t upto = db->written;
        mutex_unlock(&db->commit_lock);
        err = engine_sync(db->e);
        mutex_lock(&db->commit_lock);
        db->syncing = false;
        if (err == NULL) {
            db->durable = upto;
            for (struct commit **at = &db->in_flight; *at != NULL;)
                if ((*at)->written > 0 && (*at)->written <= upto)
                    commit_leave(at);
                else
                    at = &(*at)->next_in_flight;
        }
        if (db->waiting > 0)
            cond_broadcast(&db->commit_done);
    }
    mutex_unlock(&db->commit_lock);
    return err;
}

struct engine_write *
commits_collect(struct kv_txn *t, size_t *n)
{
    struct engine_write *w = ARENA_ARRAY(t->arena, struct engine_write, t->buf.writes);
    *n = 0;
    for (const struct wnode *x = t->buf.head.next; x != NULL; x = x->next)
        if (x->top != NULL)
            w[(*n)++] = (struct engine_write){.key = x->key, .value = x->top->value};
    return w;
}

struct error *
commits_commit(struct kv_txn *t, struct hlc *commit_ts)
{
    struct kv_db *db = t->db;
    FAULT_TRY(txn_commit);
    if (db->shared != NULL)
        return shared_commit(t, commit_ts);
    size_t n = 0;
    struct engine_write *w = NULL;
    struct commit *c = NULL;
    bool fresh, spilled = spill_has_runs(t);
    if (spilled) {
        ERR_TRY(spill_commit_new(t, &c));
    } else {
        w = commits_collect(t, &n);
        c = commits_new(w, n);
    }
    struct error *err = check_and_lock(t, &fresh);
    if (err == NULL && !fresh)
        err = txn_doom(t, TXN_STALE);
    if (err != NULL) {
        xfree(c);
        return err;
    }
    log_make_room(db, c->bytes);
    commit_register(t, c);
    mutex_unlock(&db->commit_lock);
    for (size_t i = 0; i < n; i++)
        w[i].ts = c->ts;
    *commit_ts = c->ts;
    bool sync_later = !spilled && engine_syncs(db->e);
    err = spilled ? spill_write(t, c->ts) : engine_commit(db->e, w, n, !sync_later);
    uint64_t number = commit_written(db, c, sync_later && err == NULL);
    if (number == 0)
        return err;
    locks_release_all(t);
    return commits_durable(db, number);
}
