/* storage/txn_shared.c - transactions over a store that other processes use too (ENGINE_SHARED).
 *
 * The store keeps the order of all commits. Each leaves a note there with the keys that it wrote; a
 * process that has read the notes up to a time T has in its log of recent commits all that was
 * committed up to T, by whomever.
 *
 *     begin     look at the order: the read time is that of the newest commit, so no wait is ever needed
 *     commit    one thread at a time leads: it takes the right to commit next, reads the notes that are
 *               new, checks the reads of all transactions that wait to commit against the log and against
 *               each other, and writes those that are fresh in one go
 *
 * What is committed is decided here alone. Locks that other processes see (txn_shared_lock.c) make conflicts
 * rare; where there are none a conflict shows at commit, as 40001.
 *
 * A note's bytes: one of the NOTE_ kinds, then for keys each as uvarint length | bytes. When nobody
 * commits the order's time is raised to now once a second, so that read times do not stand still.
 */
#include "config.h"

#include "storage/txn_int.h"

#include "base/enc.h"
#include "base/hash.h"
#include "base/log.h"

#define NOTE_KEYS   1 /* ascending */
#define NOTE_RUNS   2 /* pairs of keys: what lies between the two may have changed, ends included */
#define NOTE_GC     3 /* the thresholds in the store are new */

#define WAIT_SLICE_NS INT64_C(50000000)
#define FOLLOW_NS     INT64_C(1000000000)
#define AGAIN_MAX     20
/* Transactions that are committed together, and the bytes of their writes, about. */
#define GROUP_MAX   256
#define GROUP_BYTES ((size_t)16 << 20)

/* By then each process has followed, or it cannot read the store either. Tests wait less. */
int64_t shared_known_ns = INT64_C(5000000000);

struct waiting {
    struct waiting *next;
    struct kv_txn *t;
    struct commit *c;
    struct engine_write *w;
    size_t n;
    bool done, stale;
    struct error *err;
};

struct shared {
    uint64_t writer;
    struct mutex follow_lock; /* held while what was learnt goes to the log and to the caches */
    void (*on_change)(void *arg, const struct kv_change *c);
    void *on_change_arg;
    /* Guarded by kv_db.commit_lock. */
    struct hlc followed;      /* commits up to this time are in the log, or below its floor */
    struct waiting *first, *last;
    bool leading;
    /* The thread that follows when nothing else does. */
    pthread_t thread;
    bool running, stopping;
    struct mutex lock;        /* guards stopping */
    struct cond wake;
};

/* ---- notes ---- */

struct learnt {
    struct hlc ts;
    int kind;
    bool own; /* this process's, which knows of it, or will once the thread that committed it runs */
    struct slice *keys;
    size_t n;
};

struct kv_change {
    struct hlc time;
    bool all; /* some notes were gone already */
    struct learnt *v;
    size_t n;
};

static struct slice
note_of(struct arena *a, const struct commit *c)
{
    struct str s;
    uint8_t len[ENC_UVARINT_MAX];
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_char(&s, c->coarse ? NOTE_RUNS : NOTE_KEYS);
    for (size_t i = 0; i < c->n; i++) {
        str_append(&s, len, enc_put_uvarint(len, c->keys[i].len));
        str_append_slice(&s, c->keys[i]);
    }
    return str_slice(&s);
}

static struct error *
note_read(struct arena *a, const struct engine_note *note, struct learnt *out)
{
    struct reader r = reader_make(note->what);
    size_t cap = note->what.len; /* each has a byte of length at least */
    out->ts = note->ts;
    out->kind = reader_u8(&r);
    out->keys = ARENA_ARRAY(a, struct slice, cap + 1);
    while (reader_left(&r) > 0 && !r.failed)
        out->keys[out->n++] = reader_bytes(&r, (size_t)reader_uvarint(&r));
    if (r.failed || out->kind < NOTE_KEYS || out->kind > NOTE_GC ||
        (out->kind == NOTE_RUNS && out->n % 2 != 0))
        return err_new(ERR_DATA_CORRUPTED, "store holds a damaged note of a commit");
    return NULL;
}

static struct commit *
commit_of(const struct learnt *l)
{
    size_t bytes = sizeof(struct commit) + l->n * sizeof(struct slice), at = bytes;
    for (size_t i = 0; i < l->n; i++)
        bytes += l->keys[i].len;
    struct commit *c = xmalloc(bytes);
    *c = (struct commit){.ts = l->ts, .n = l->n, .keys = (struct slice *)(c + 1), .bytes = bytes,
                         .coarse = l->kind == NOTE_RUNS};
    for (size_t i = 0; i < l->n; i++) {
        c->keys[i] = slice_make((uint8_t *)c + at, l->keys[i].len);
        memcpy((uint8_t *)c + at, l->keys[i].ptr, l->keys[i].len);
        at += l->keys[i].len;
    }
    return c;
}

bool
kv_change_touches(const struct kv_change *c, struct span s)
{
    struct rspan r = {s.start, s.end, false};
    for (size_t i = 0; !c->all && i < c->n; i++) {
        const struct learnt *l = &c->v[i];
        struct commit view = {.n = l->n, .keys = l->keys, .coarse = l->kind == NOTE_RUNS};
        if (l->kind != NOTE_GC && !l->own && commits_touch(&view, &r))
            return true;
    }
    return c->all;
}

struct hlc
kv_change_time(const struct kv_change *c)
{
    return c->time;
}

void
kv_on_change(struct kv_db *db, void (*fn)(void *arg, const struct kv_change *c), void *arg)
{
    if (db->shared == NULL)
        return;
    mutex_lock(&db->shared->follow_lock);
    db->shared->on_change = fn;
    db->shared->on_change_arg = arg;
    mutex_unlock(&db->shared->follow_lock);
}

/* ---- following ---- */

/* With commit_lock held: a key is locked only after a look whether it is newer than what was read. */
static void
mark_recent(struct kv_db *db, const struct commit *c)
{
    if (c->coarse) {
        if (c->ts.wall > atomic_load(&db->recent_large))
            atomic_store_explicit(&db->recent_large, c->ts.wall, memory_order_release);
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        _Atomic int64_t *slot =
            &db->recent[hash_bytes(c->keys[i].ptr, c->keys[i].len, 0) % RECENT_SLOTS];
        if (c->ts.wall > atomic_load(slot))
            atomic_store_explicit(slot, c->ts.wall, memory_order_release);
    }
}

static struct error *
learn(struct kv_db *db, const struct engine_order_view *v, struct arena *a, struct kv_change *out,
      bool *gc)
{
    struct shared *s = db->shared;
    out->v = ARENA_ARRAY(a, struct learnt, v->n + 1);
    out->time = v->newest;
    *gc = false;
    mutex_lock(&db->commit_lock);
    struct hlc followed = s->followed;
    mutex_unlock(&db->commit_lock);
    for (size_t i = 0; i < v->n; i++) {
        if (hlc_cmp(v->notes[i].ts, followed) <= 0)
            continue;
        struct learnt *l = &out->v[out->n++];
        ERR_TRY(note_read(a, &v->notes[i], l));
        l->own = v->notes[i].writer == s->writer;
        *gc = *gc || (l->kind == NOTE_GC && !l->own);
    }
    mutex_lock(&db->commit_lock);
    if (hlc_cmp(s->followed, v->floor) < 0) {
        out->all = true;
        *gc = true;
        if (hlc_cmp(db->log_floor, v->floor) < 0)
            db->log_floor = v->floor;
        atomic_store_explicit(&db->recent_large, v->newest.wall, memory_order_release);
    }
    for (size_t i = 0; i < out->n; i++) {
        if (out->v[i].kind == NOTE_GC)
            continue;
        struct commit *c = commit_of(&out->v[i]);
        mark_recent(db, c);
        commits_log_add(db, c);
    }
    if (hlc_cmp(v->newest, s->followed) > 0)
        s->followed = v->newest;
    mutex_unlock(&db->commit_lock);
    return NULL;
}

/* What a view of the order shows, our own commits too, goes to the log and to who asked for changes. */
struct error *
shared_absorb(struct kv_db *db, const struct engine_order_view *v, struct arena *a)
{
    struct shared *s = db->shared;
    struct kv_change change = {0};
    bool gc;
    clock_update(db->clock, v->newest);
    mutex_lock(&s->follow_lock);
    struct error *err = learn(db, v, a, &change, &gc);
    if (err == NULL && s->on_change != NULL && (change.n > 0 || change.all))
        s->on_change(s->on_change_arg, &change);
    mutex_unlock(&s->follow_lock);
    if (err == NULL && gc)
        err = gc_load(db);
    return err;
}

struct hlc
shared_followed(struct kv_db *db)
{
    mutex_lock(&db->commit_lock);
    struct hlc t = db->shared->followed;
    mutex_unlock(&db->commit_lock);
    return t;
}

uint64_t
shared_writer(const struct kv_db *db)
{
    return db->shared->writer;
}

struct error *
shared_follow(struct kv_db *db, struct hlc *now)
{
    struct arena *a = arena_create(NULL, "order of commits");
    struct engine_order_view v;
    struct error *err = engine_order_view(db->e, shared_followed(db), a, &v);
    if (err == NULL)
        err = shared_absorb(db, &v, a);
    if (err == NULL)
        *now = v.newest;
    arena_destroy(a);
    return err;
}

struct error *
shared_close_time(struct kv_db *db, struct hlc ts)
{
    struct hlc now;
    if (hlc_cmp(ts, shared_followed(db)) <= 0)
        return NULL;
    ERR_TRY(engine_order_raise(db->e, ts));
    return shared_follow(db, &now);
}

static void *
follow_main(void *arg)
{
    struct kv_db *db = arg;
    struct shared *s = db->shared;
    mutex_lock(&s->lock);
    while (!s->stopping) {
        cond_wait_ns(&s->wake, &s->lock, FOLLOW_NS);
        if (s->stopping)
            break;
        mutex_unlock(&s->lock);
        engine_locks_keep(db->e);
        struct hlc now = clock_now(db->clock), seen = HLC_MIN;
        struct error *err = shared_follow(db, &seen);
        if (err == NULL && now.wall - seen.wall >= FOLLOW_NS)
            err = engine_order_raise(db->e, now);
        if (err != NULL)
            log_warning("%s", err->message);
        err_free(err);
        mutex_lock(&s->lock);
    }
    mutex_unlock(&s->lock);
    return NULL;
}

struct error *
shared_open(struct kv_db *db)
{
    struct shared *s = xcalloc(1, sizeof(*s));
    struct arena *a = arena_create(NULL, "order of commits");
    struct engine_order_view v;
    db->shared = s;
    s->writer = engine_writer(db->e);
    mutex_init(&s->follow_lock, RANK_JOB);
    mutex_init(&s->lock, RANK_LEAF);
    cond_init(&s->wake);
    struct error *err = engine_order_raise(db->e, clock_now(db->clock));
    if (err == NULL)
        err = engine_order_view(db->e, HLC_MAX, a, &v);
    if (err == NULL) {
        s->followed = v.newest;
        db->log_floor = v.newest;
        clock_update(db->clock, v.newest);
        err = thread_start(&s->thread, "follow", follow_main, db);
        s->running = err == NULL;
    }
    engine_locks_keep(db->e);
    arena_destroy(a);
    return err;
}

void
shared_close(struct kv_db *db)
{
    struct shared *s = db->shared;
    if (s == NULL)
        return;
    mutex_lock(&s->lock);
    s->stopping = true;
    cond_broadcast(&s->wake);
    mutex_unlock(&s->lock);
    if (s->running)
        pthread_join(s->thread, NULL);
    cond_destroy(&s->wake);
    mutex_destroy(&s->lock);
    mutex_destroy(&s->follow_lock);
    xfree(s);
    db->shared = NULL;
}

/* ---- checking reads ---- */

/* Whether nothing that t has read was committed since, up to `upto`, which must be followed. */
static struct error *
check(struct kv_txn *t, struct hlc upto, bool *fresh)
{
    struct kv_db *db = t->db;
    mutex_lock(&db->commit_lock);
    bool by_engine = hlc_cmp(t->read_ts, db->log_floor) < 0;
    *fresh = t->reads.n == 0 || by_engine || commits_log_fresh(db, t->read_ts, &t->reads);
    mutex_unlock(&db->commit_lock);
    for (size_t i = 0; by_engine && i < t->reads.n && *fresh; i++) {
        const struct rspan *s = &t->reads.v[i];
        bool changed;
        ERR_TRY(commits_span_changed(db, s, t->read_ts, upto, &changed));
        ERR_TRY(gc_check(t, s->start, s->end, s->point)); /* else a change might be gone again */
        *fresh = !changed;
    }
    return NULL;
}

struct error *
shared_refresh(struct kv_txn *t, bool *fresh)
{
    struct hlc now;
    ERR_TRY(shared_follow(t->db, &now));
    scans_add_reads(t);
    rset_sort(&t->reads);
    ERR_TRY(check(t, now, fresh));
    if (!*fresh)
        return NULL;
    t->read_ts = now;
    t->epoch++;
    return NULL;
}

/* ---- committing ---- */

static struct waiting *
take_group(struct shared *s)
{
    struct waiting *first = s->first, *last = first;
    size_t n = 1, bytes = first->t->buf.bytes;
    while (last->next != NULL && n < GROUP_MAX && bytes + last->next->t->buf.bytes < GROUP_BYTES) {
        last = last->next;
        bytes += last->t->buf.bytes;
        n++;
    }
    s->first = last->next;
    if (s->first == NULL)
        s->last = NULL;
    last->next = NULL;
    return first;
}

/* Those that are fresh get their times; the others are marked. */
static struct error *
judge(struct kv_db *db, struct waiting *group, const struct engine_order_view *v, size_t *n,
      size_t *writes)
{
    *n = *writes = 0;
    for (struct waiting *x = group; x != NULL; x = x->next) {
        bool fresh;
        ERR_TRY(check(x->t, v->newest, &fresh));
        for (const struct waiting *y = group; y != x && fresh; y = y->next)
            fresh = y->stale || !commits_touch_any(y->c, &x->t->reads);
        x->stale = !fresh;
        if (!fresh)
            continue;
        x->c->ts = clock_now(db->clock);
        for (size_t i = 0; i < x->n; i++)
            x->w[i].ts = x->c->ts;
        *writes += x->n;
        (*n)++;
    }
    return NULL;
}

static struct error *
write_group(struct engine_order *o, const struct waiting *group, size_t n, size_t writes,
            struct arena *a, bool *again)
{
    struct engine_note *notes = ARENA_ARRAY(a, struct engine_note, n + 1);
    struct engine_write *w = ARENA_ARRAY(a, struct engine_write, writes + 1);
    size_t at = 0, k = 0;
    for (const struct waiting *x = group; x != NULL; x = x->next) {
        if (x->stale)
            continue;
        memcpy(w + at, x->w, x->n * sizeof(*w));
        at += x->n;
        notes[k++] = (struct engine_note){.ts = x->c->ts, .what = note_of(a, x->c)};
    }
    return engine_order_commit(o, w, writes, notes, n, again);
}

static struct error *
lead_once(struct kv_db *db, struct waiting *group, bool *again)
{
    struct arena *a = arena_create(NULL, "group of commits");
    struct engine_order_view v;
    struct engine_order *o = NULL;
    size_t n = 0, writes = 0;
    *again = false;
    struct error *err = engine_order_begin(db->e, shared_followed(db), a, &v, &o);
    if (err == NULL) {
        err = shared_absorb(db, &v, a);
        if (err == NULL)
            err = judge(db, group, &v, &n, &writes);
        if (err == NULL) {
            err = write_group(o, group, n, writes, a, again);
        } else {
            bool unused;
            err_free(engine_order_commit(o, NULL, 0, NULL, 0, &unused));
        }
    }
    arena_destroy(a);
    return err;
}

static void
lead(struct kv_db *db, struct waiting *group)
{
    bool again = true;
    struct error *err = NULL;
    for (int i = 0; again && err == NULL; i++) {
        if (i == AGAIN_MAX)
            err = err_new(ERR_SERIALIZATION_FAILURE,
                          "restart transaction: the store refused the commit %d times", i);
        else
            err = lead_once(db, group, &again);
    }
    mutex_lock(&db->commit_lock);
    for (struct waiting *x = group; x != NULL; x = x->next) {
        if (err != NULL && !x->stale)
            x->err = err_new(err->code, "%s", err->message);
        /* One of which nobody knows whether it was written counts as if it was. */
        bool written = !x->stale && (err == NULL || err_is(err, ERR_STATEMENT_COMPLETION_UNKNOWN));
        if (written) {
            mark_recent(db, x->c);
            commits_log_add(db, x->c);
        } else {
            xfree(x->c);
        }
        x->c = NULL;
    }
    mutex_unlock(&db->commit_lock);
    err_free(err);
}

struct error *
shared_commit(struct kv_txn *t, struct hlc *commit_ts)
{
    struct kv_db *db = t->db;
    struct shared *s = db->shared;
    ERR_TRY(shared_settle_commit(t));
    struct waiting x = {.t = t};
    x.w = commits_collect(t, &x.n);
    x.c = commits_new(x.w, x.n);
    x.c->in_flight = false;
    scans_add_reads(t);
    rset_sort(&t->reads);
    mutex_lock(&db->commit_lock);
    if (s->last == NULL)
        s->first = &x;
    else
        s->last->next = &x;
    s->last = &x;
    while (!x.done) {
        if (s->leading) {
            cond_wait_ns(&db->commit_done, &db->commit_lock, WAIT_SLICE_NS);
            continue;
        }
        s->leading = true;
        struct waiting *group = take_group(s);
        mutex_unlock(&db->commit_lock);
        lead(db, group);
        mutex_lock(&db->commit_lock);
        for (struct waiting *y = group, *next; y != NULL; y = next) {
            next = y->next; /* y may be gone once it is done and the lock is given up */
            y->done = true;
        }
        s->leading = false;
        cond_broadcast(&db->commit_done);
    }
    mutex_unlock(&db->commit_lock);
    if (x.err == NULL && x.stale)
        return txn_doom(t, TXN_STALE);
    if (x.err == NULL && x.n > 0)
        *commit_ts = x.w[0].ts;
    return x.err;
}

/* ---- thresholds ---- */

static struct error *
thresholds_once(struct kv_db *db, struct error *(*fn)(struct kv_db *db, void *arg), void *arg,
                bool *again)
{
    static const uint8_t kind = NOTE_GC;
    struct arena *a = arena_create(NULL, "gc thresholds");
    struct engine_order_view v;
    struct engine_order *o;
    struct error *err = engine_order_begin(db->e, shared_followed(db), a, &v, &o);
    if (err == NULL) {
        err = shared_absorb(db, &v, a);
        if (err == NULL)
            err = gc_load(db);
        if (err == NULL)
            err = fn(db, arg);
        struct engine_note note = {.ts = clock_now(db->clock), .what = slice_make(&kind, 1)};
        struct error *end = engine_order_commit(o, NULL, 0, &note, err == NULL ? 1 : 0, again);
        if (err == NULL)
            err = end;
        else
            err_free(end);
    }
    arena_destroy(a);
    return err;
}

struct error *
shared_thresholds(struct kv_db *db, struct error *(*fn)(struct kv_db *db, void *arg), void *arg)
{
    bool again = true;
    for (int i = 0; again; i++) {
        if (i == AGAIN_MAX)
            return err_new(ERR_IO, "could not announce GC thresholds");
        again = false;
        ERR_TRY(thresholds_once(db, fn, arg, &again));
    }
    return NULL;
}

struct error *
shared_thresholds_known(const struct cancel *cancel)
{
    int64_t end = monotonic_now_ns() + shared_known_ns;
    struct mutex m;
    struct cond never;
    struct error *err = NULL;
    mutex_init(&m, RANK_LEAF);
    cond_init(&never);
    mutex_lock(&m);
    while (err == NULL && monotonic_now_ns() < end) {
        cond_wait_ns(&never, &m, WAIT_SLICE_NS);
        err = cancel_check(cancel);
    }
    mutex_unlock(&m);
    cond_destroy(&never);
    mutex_destroy(&m);
    return err;
}
