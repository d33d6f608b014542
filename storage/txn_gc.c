/* storage/txn_gc.c - GC thresholds by span, protected times, exports.
 *
 * The thresholds are one fact of the store, "gc_thresholds": for each span
 *   uvarint length of start | start | uvarint length of end | end | wall BE 8 | logical BE 4
 * A threshold is saved before the first version goes, so that no read finds a hole.
 */
#include "config.h"

#include "storage/txn_int.h"

#include "base/enc.h"

#define FACT "gc_thresholds"
#define WAIT_SLICE_NS INT64_C(50000000)

static struct error *
damaged(void)
{
    return err_new(ERR_DATA_CORRUPTED, "store holds damaged GC thresholds");
}

static void
note_max(struct kv_db *db, struct hlc ts)
{
    if (ts.wall > atomic_load(&db->gc_wall_max))
        atomic_store_explicit(&db->gc_wall_max, ts.wall, memory_order_release);
}

static struct error *
thresholds_decode(struct slice bytes, struct arena *a, struct gc_span **out, size_t *n)
{
    struct reader r = reader_make(bytes);
    size_t cap = bytes.len / 14 + 1; /* the shortest entry */
    *out = ARENA_ARRAY(a, struct gc_span, cap);
    *n = 0;
    while (reader_left(&r) > 0) {
        struct gc_span g;
        g.start = reader_bytes(&r, (size_t)reader_uvarint(&r));
        g.end = reader_bytes(&r, (size_t)reader_uvarint(&r));
        g.threshold.wall = (int64_t)reader_be64(&r);
        g.threshold.logical = (int32_t)reader_be32(&r);
        if (r.failed || *n == cap)
            return damaged();
        (*out)[(*n)++] = g;
    }
    return NULL;
}

struct error *
gc_load(struct kv_db *db)
{
    struct arena *a = arena_create(NULL, "gc thresholds");
    struct slice bytes = SLICE_NULL;
    struct gc_span *v = NULL;
    size_t n = 0;
    bool found;
    struct error *err = engine_meta_get(db->e, FACT, a, &found, &bytes);
    if (err == NULL && found)
        err = thresholds_decode(bytes, a, &v, &n);
    if (err != NULL) {
        arena_destroy(a);
        return err;
    }
    mutex_lock(&db->commit_lock);
    arena_destroy(db->gc_arena);
    db->gc_arena = a;
    db->gc = v;
    db->gc_len = n;
    for (size_t i = 0; i < n; i++)
        note_max(db, v[i].threshold);
    mutex_unlock(&db->commit_lock);
    return NULL;
}

void
gc_destroy(struct kv_db *db)
{
    arena_destroy(db->gc_arena);
    for (struct protection *p = db->protections, *next; p != NULL; p = next) {
        next = p->next;
        xfree(p);
    }
}

/* ---- thresholds ---- */

/* Order of span ends: an empty one is the last. */
static int
end_cmp(struct slice a, struct slice b)
{
    if (a.len == 0 || b.len == 0)
        return (a.len == 0) - (b.len == 0);
    return slice_cmp(a, b);
}

static bool
overlaps(const struct gc_span *g, struct slice start, struct slice end, bool point)
{
    if (g->end.len > 0 && slice_cmp(start, g->end) >= 0)
        return false;
    if (point)
        return slice_cmp(g->start, start) <= 0;
    return end.len == 0 || slice_cmp(g->start, end) < 0;
}

static struct hlc
threshold_of(const struct kv_db *db, struct slice start, struct slice end, bool point)
{
    struct hlc max = HLC_MIN;
    for (size_t i = 0; i < db->gc_len; i++)
        if (overlaps(&db->gc[i], start, end, point) && hlc_cmp(db->gc[i].threshold, max) > 0)
            max = db->gc[i].threshold;
    return max;
}

struct error *
gc_check_slow(struct kv_db *db, struct slice start, struct slice end, bool point, struct hlc ts,
              const char *what)
{
    mutex_lock(&db->commit_lock);
    struct hlc threshold = threshold_of(db, start, end, point);
    mutex_unlock(&db->commit_lock);
    if (hlc_cmp(ts, threshold) > 0)
        return NULL;
    char a[HLC_STR_MAX], b[HLC_STR_MAX];
    hlc_format_error(ts, a);
    hlc_format_error(threshold, b);
    return err_new(ERR_UNCATEGORIZED, "%s timestamp %s must be after replica GC threshold %s", what,
                   a, b);
}

struct error *
kv_gc_threshold(struct kv_db *db, struct span s, struct hlc *out)
{
    mutex_lock(&db->commit_lock);
    *out = threshold_of(db, s.start, s.end, false);
    mutex_unlock(&db->commit_lock);
    return NULL;
}

/* A list under construction, in ascending order; a piece that continues the last one joins it. */
struct pieces {
    struct arena *arena;
    struct gc_span *v;
    size_t n;
};

static void
add_piece(struct pieces *p, struct slice start, struct slice end, struct hlc threshold)
{
    if (hlc_is_empty(threshold) || (end.len > 0 && slice_cmp(start, end) >= 0))
        return;
    struct gc_span *last = p->n > 0 ? &p->v[p->n - 1] : NULL;
    if (last != NULL && hlc_cmp(last->threshold, threshold) == 0 && slice_eq(last->end, start)) {
        last->end = slice_dup(p->arena, end);
        return;
    }
    p->v[p->n++] = (struct gc_span){slice_dup(p->arena, start), slice_dup(p->arena, end), threshold};
}

/* Raise the threshold of s to at least ts; commit_lock is held. */
static void
raise_threshold(struct kv_db *db, struct span s, struct hlc ts)
{
    struct pieces p = {.arena = arena_create(NULL, "gc thresholds")};
    p.v = ARENA_ARRAY(p.arena, struct gc_span, db->gc_len * 3 + 2);
    struct slice at = s.start; /* of s, up to here it is covered */
    bool done = false;         /* all of s is */
    for (size_t i = 0; i < db->gc_len; i++) {
        const struct gc_span *g = &db->gc[i];
        bool before = g->end.len > 0 && slice_cmp(g->end, s.start) <= 0;
        bool behind = s.end.len > 0 && slice_cmp(g->start, s.end) >= 0;
        if (behind && !done) {
            add_piece(&p, at, s.end, ts);
            done = true;
        }
        if (before || behind) {
            add_piece(&p, g->start, g->end, g->threshold);
            continue;
        }
        if (slice_cmp(g->start, s.start) < 0)
            add_piece(&p, g->start, s.start, g->threshold);
        else
            add_piece(&p, at, g->start, ts);
        struct slice from = slice_cmp(g->start, s.start) > 0 ? g->start : s.start;
        struct slice to = end_cmp(g->end, s.end) < 0 ? g->end : s.end;
        add_piece(&p, from, to, hlc_cmp(g->threshold, ts) > 0 ? g->threshold : ts);
        at = to;
        done = end_cmp(g->end, s.end) >= 0;
        if (end_cmp(g->end, s.end) > 0)
            add_piece(&p, s.end, g->end, g->threshold);
    }
    if (!done)
        add_piece(&p, at, s.end, ts);
    arena_destroy(db->gc_arena);
    db->gc_arena = p.arena;
    db->gc = p.v;
    db->gc_len = p.n;
    note_max(db, ts);
}

static void
thresholds_encode(const struct kv_db *db, struct str *out)
{
    for (size_t i = 0; i < db->gc_len; i++) {
        const struct gc_span *g = &db->gc[i];
        uint8_t n[ENC_UVARINT_MAX], t[12];
        str_append(out, n, enc_put_uvarint(n, g->start.len));
        str_append_slice(out, g->start);
        str_append(out, n, enc_put_uvarint(n, g->end.len));
        str_append_slice(out, g->end);
        enc_put_be64(t, (uint64_t)g->threshold.wall);
        enc_put_be32(t + 8, (uint32_t)g->threshold.logical);
        str_append(out, t, sizeof(t));
    }
}

struct raising {
    struct span s;
    struct hlc *ts;
};

/* Raise and save; *ts is lowered to what protections allow. */
static struct error *
raise_and_save(struct kv_db *db, void *arg)
{
    struct span s = ((struct raising *)arg)->s;
    struct hlc *ts = ((struct raising *)arg)->ts;
    struct str bytes;
    str_init(&bytes, STR_MAX_DEFAULT);
    mutex_lock(&db->commit_lock);
    while (db->gc_saving)
        cond_wait_ns(&db->commit_done, &db->commit_lock, WAIT_SLICE_NS);
    for (const struct protection *p = db->protections; p != NULL; p = p->next)
        if (hlc_cmp(*ts, p->ts) >= 0)
            *ts = hlc_prev(p->ts);
    db->gc_saving = true;
    raise_threshold(db, s, *ts);
    thresholds_encode(db, &bytes);
    mutex_unlock(&db->commit_lock);
    struct error *err = engine_meta_put(db->e, FACT, str_slice(&bytes));
    mutex_lock(&db->commit_lock);
    db->gc_saving = false;
    cond_broadcast(&db->commit_done);
    mutex_unlock(&db->commit_lock);
    str_release(&bytes);
    return err;
}

static struct error *
set_threshold(struct kv_db *db, struct span s, struct hlc *ts, const struct cancel *cancel)
{
    struct raising r = {s, ts};
    if (db->shared == NULL)
        return raise_and_save(db, &r);
    ERR_TRY(shared_thresholds(db, raise_and_save, &r));
    return shared_thresholds_known(cancel);
}

struct error *
kv_gc(struct kv_db *db, struct span s, struct hlc threshold, const struct cancel *cancel,
      uint64_t *removed)
{
    *removed = 0;
    if (threshold.wall <= 0)
        return NULL;
    ERR_TRY(set_threshold(db, s, &threshold, cancel));
    return engine_gc(db->e, s, threshold, cancel, removed);
}

/* ---- protection ---- */

struct error *
kv_protect(struct kv_db *db, uint64_t id, struct hlc ts)
{
    if (ts.wall <= 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "cannot protect the empty time");
    struct protection *p = xcalloc(1, sizeof(*p));
    p->id = id;
    p->ts = ts;
    mutex_lock(&db->commit_lock);
    p->next = db->protections;
    db->protections = p;
    mutex_unlock(&db->commit_lock);
    return NULL;
}

void
kv_unprotect(struct kv_db *db, uint64_t id)
{
    mutex_lock(&db->commit_lock);
    for (struct protection **at = &db->protections; *at != NULL;) {
        struct protection *p = *at;
        if (p->id == id) {
            *at = p->next;
            xfree(p);
        } else {
            at = &p->next;
        }
    }
    mutex_unlock(&db->commit_lock);
}

/* ---- export ---- */

struct error *
kv_export_open(struct kv_db *db, const struct engine_scan_opts *o, struct engine_iter **out)
{
    struct engine_iter *it;
    ERR_TRY(engine_iter_open(db->e, o, &it));
    struct error *err =
        gc_check_slow(db, o->span.start, o->span.end, false, o->ts, "batch");
    if (err == NULL && !hlc_is_empty(o->since))
        err = gc_check_slow(db, o->span.start, o->span.end, false, o->since, "start");
    if (err != NULL) {
        engine_iter_close(it);
        return err;
    }
    *out = it;
    return NULL;
}
