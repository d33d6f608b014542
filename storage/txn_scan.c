/* storage/txn_scan.c - scans: the engine's rows and the transaction's own, merged in key order.
 *
 * What a scan has shown counts as read from its start to the last key shown; to its end once it has
 * ended. When the transaction's read time moves (a lock on a row that was changed meanwhile), what
 * was shown has been found unchanged, and the scan goes on behind it at the new time.
 */
#include "config.h"

#include "storage/txn_int.h"

/* Room for the bytes of one batch; a batch ends early when it is used up. */
#define BLOCK_BYTES ((size_t)256 << 10)
/* Versions that are taken from the engine at once. */
#define BATCH_VERSIONS 1024
/* A scan that has read so much is a long one: it leaves the engine's cache to others, and lets the
 * engine read in its fastest way. */
#define LONG_BYTES ((size_t)1 << 20)

static bool
tracked(const struct kv_scan *s)
{
    return !s->o.no_track && !s->t->fixed && !s->t->o.read_only;
}

/* ---- the read set ---- */

static struct slice
key_after(struct str *out, struct slice key)
{
    str_append_slice(out, key);
    str_append_char(out, 0);
    return str_slice(out);
}

static void
scan_add_reads(struct kv_scan *s)
{
    if (!tracked(s))
        return;
    struct rset *r = &s->t->reads;
    if (s->finished) {
        rset_add(r, s->o.span.start, s->o.span.end, false);
    } else if (s->shown && s->o.reverse) {
        rset_add(r, str_slice(&s->last), s->o.span.end, false);
    } else if (s->shown) {
        struct str end;
        str_init(&end, STR_MAX_DEFAULT);
        rset_add(r, s->o.span.start, key_after(&end, str_slice(&s->last)), false);
        str_release(&end);
    }
}

void
scans_add_reads(struct kv_txn *t)
{
    for (struct kv_scan *s = t->scans; s != NULL; s = s->next)
        scan_add_reads(s);
}

/* ---- open and close ---- */

/* The engine's iterator over what has not been shown yet, at t's read time. */
static struct error *
open_base(struct kv_scan *s)
{
    struct kv_txn *t = s->t;
    struct engine_scan_opts o = {.span = s->o.span,
                                 .mode = ENGINE_SCAN_AT,
                                 .ts = t->read_ts,
                                 .reverse = s->o.reverse,
                                 .fill_cache = s->o.fill_cache};
    struct str after;
    str_init(&after, STR_MAX_DEFAULT);
    if (s->shown && s->o.reverse)
        o.span.end = str_slice(&s->last);
    else if (s->shown)
        o.span.start = key_after(&after, str_slice(&s->last));
    engine_iter_close(s->it);
    s->it = NULL;
    s->have_base = s->base_done = false;
    s->epoch = t->epoch;
    struct error *err = commits_wait(t, o.span.start, o.span.end, false);
    if (err == NULL)
        err = txn_iter_open(t, &o, &s->it);
    str_release(&after);
    ERR_TRY(err);
    return gc_check(t, s->o.span.start, s->o.span.end, false);
}

struct error *
txn_may_lock(const struct kv_txn *t)
{
    return t->fixed || t->o.read_only
               ? err_new(ERR_READ_ONLY_SQL_TRANSACTION,
                         "cannot execute FOR UPDATE in a read-only transaction")
               : NULL;
}

struct error *
kv_scan_open(struct kv_txn *t, const struct kv_scan_opts *o, struct kv_scan **out)
{
    if (t->doomed != TXN_FINE)
        return txn_doom(t, t->doomed);
    if (o->lock)
        ERR_TRY(txn_may_lock(t));
    struct kv_scan *s = xcalloc(1, sizeof(*s));
    s->t = t;
    s->o = *o;
    if (kv_is_foreign(o->span.start))
        s->o.fill_cache = false;
    str_init(&s->bounds, STR_MAX_DEFAULT);
    str_init(&s->last, STR_MAX_DEFAULT);
    str_reserve(&s->bounds, o->span.start.len + o->span.end.len + 1);
    str_append_slice(&s->bounds, o->span.start);
    str_append_slice(&s->bounds, o->span.end);
    s->o.span.start = slice_make(s->bounds.ptr, o->span.start.len);
    s->o.span.end = slice_make(s->bounds.ptr + o->span.start.len, o->span.end.len);
    s->next = t->scans;
    s->prev_link = &t->scans;
    if (s->next != NULL)
        s->next->prev_link = &s->next;
    t->scans = s;
    struct error *err = open_base(s);
    if (err != NULL) {
        kv_scan_close(s);
        return err;
    }
    *out = s;
    return NULL;
}

/* Leave the transaction: nothing but close may follow. */
static void
scan_detach(struct kv_scan *s)
{
    *s->prev_link = s->next;
    if (s->next != NULL)
        s->next->prev_link = s->prev_link;
    engine_iter_close(s->it);
    s->it = NULL;
    s->t = NULL;
}

void
scans_detach(struct kv_txn *t)
{
    while (t->scans != NULL)
        scan_detach(t->scans);
}

void
kv_scan_close(struct kv_scan *s)
{
    if (s == NULL)
        return;
    if (s->t != NULL) {
        scan_add_reads(s);
        scan_detach(s);
    }
    str_release(&s->bounds);
    str_release(&s->last);
    xfree(s->block);
    xfree(s->versions);
    xfree(s);
}

/* ---- the transaction's own rows ---- */

static bool
own_in_span(const struct kv_scan *s, const struct wnode *n)
{
    return slice_cmp(n->key, s->o.span.start) >= 0 &&
           (s->o.span.end.len == 0 || slice_cmp(n->key, s->o.span.end) < 0);
}

/* The next own row after what was shown, or NULL. s->own is a node at or before (reverse: behind)
 * it, so that nodes that came into being since are met. */
static struct wnode *
next_own_forward(struct kv_scan *s, const struct wver **v)
{
    struct slice from = s->shown ? str_slice(&s->last) : s->o.span.start;
    if (s->own == NULL)
        s->own = wbuf_before(&s->t->buf, from);
    for (struct wnode *n = s->own->next; n != NULL; n = n->next) {
        int c = slice_cmp(n->key, from);
        if (c < 0 || (c == 0 && s->shown)) {
            s->own = n;
            continue;
        }
        if (!own_in_span(s, n) || (s->have_base && slice_cmp(n->key, s->base.key) > 0))
            return NULL; /* the engine's row comes first */
        *v = node_visible(s->t, n);
        if (*v != NULL)
            return n;
    }
    return NULL;
}

static struct wnode *
next_own_reverse(struct kv_scan *s, const struct wver **v)
{
    struct wbuf *b = &s->t->buf;
    if (b->nodes == 0)
        return NULL;
    struct slice below = s->shown ? str_slice(&s->last) : s->o.span.end; /* exclusive */
    struct wnode *n = below.len == 0 ? b->last : wbuf_before(b, below);
    for (; n != &b->head && own_in_span(s, n); n = n->prev) {
        if (s->have_base && slice_cmp(n->key, s->base.key) < 0)
            return NULL;
        *v = node_visible(s->t, n);
        if (*v != NULL)
            return n;
    }
    return NULL;
}

/* Is there an own row among those that were not shown yet? */
static bool
own_ahead(const struct kv_scan *s)
{
    struct wbuf *b = &s->t->buf;
    if (b->writes == 0)
        return false;
    if (s->o.reverse) {
        struct slice below = s->shown ? str_slice(&s->last) : s->o.span.end;
        const struct wnode *n = below.len == 0 ? b->last : wbuf_before(b, below);
        return n != &b->head && own_in_span(s, n);
    }
    struct slice from = s->shown ? str_slice(&s->last) : s->o.span.start;
    const struct wnode *n = wbuf_before(b, from)->next;
    if (n != NULL && s->shown && slice_eq(n->key, from))
        n = n->next;
    return n != NULL && own_in_span(s, n);
}

/* ---- next ---- */

static struct error *
load_base(struct kv_scan *s)
{
    if (s->have_base || s->base_done)
        return NULL;
    bool more;
    ERR_TRY(engine_iter_next(s->it, &s->base, &more));
    s->have_base = more;
    s->base_done = !more;
    return NULL;
}

static inline void
set_shown(struct kv_scan *s, struct slice key)
{
    s->last.len = 0;
    str_append_slice(&s->last, key);
    s->shown = true;
}

/* The next row of both, deletions of ours included (then *deleted). Does not mark it as shown. */
static struct error *
merge_next(struct kv_scan *s, struct kv_entry *e, bool *more, bool *deleted)
{
    if (s->epoch != s->t->epoch)
        ERR_TRY(open_base(s));
    ERR_TRY(load_base(s));
    const struct wver *v = NULL;
    struct wnode *own = NULL;
    if (s->t->buf.writes > 0)
        own = s->o.reverse ? next_own_reverse(s, &v) : next_own_forward(s, &v);
    *more = own != NULL || s->have_base;
    *deleted = false;
    if (!*more)
        return NULL;
    int c = own == NULL ? 1 : !s->have_base ? -1 : slice_cmp(own->key, s->base.key);
    if (own != NULL && s->have_base && s->o.reverse)
        c = -c;
    if (c <= 0) {
        *e = (struct kv_entry){own->key, v->value, HLC_MIN};
        *deleted = v->value.len == 0;
        if (c == 0)
            s->have_base = false;
    } else {
        *e = (struct kv_entry){s->base.key, s->base.value, s->base.ts};
        s->have_base = false;
    }
    return NULL;
}

static void
scan_place(struct kv_scan *s, bool shown, struct slice last, bool finished)
{
    s->last.len = 0;
    str_append_slice(&s->last, last);
    s->shown = shown;
    s->finished = finished;
}

/* Lock the row in hand; when that moved the read time, *again: look anew. */
static struct error *
lock_row(struct kv_scan *s, const struct kv_entry *e, bool *again)
{
    struct kv_txn *t = s->t;
    ERR_TRY(txn_room(t, e->key.len));
    struct wnode *n = wbuf_find_or_add(&t->buf, t, e->key);
    ERR_TRY(txn_lock_node(t, n));
    *again = s->epoch != t->epoch;
    return NULL;
}

static struct error *
scan_check(struct kv_scan *s)
{
    if (__builtin_expect(s->t == NULL, 0))
        return err_new(ERR_INTERNAL, "scan of a transaction that has ended");
    if (__builtin_expect(s->t->doomed != TXN_FINE, 0))
        return txn_doom(s->t, s->t->doomed);
    return NULL;
}

struct error *
kv_scan_next(struct kv_scan *s, struct kv_entry *e, bool *more)
{
    ERR_TRY(scan_check(s));
    for (;;) {
        bool deleted, again = false;
        if (s->finished) {
            *more = false;
            return NULL;
        }
        ERR_TRY(merge_next(s, e, more, &deleted));
        if (!*more) {
            s->finished = true;
            return NULL;
        }
        if (s->o.lock && !deleted)
            ERR_TRY(lock_row(s, e, &again));
        if (again)
            continue;
        set_shown(s, e->key);
        if (!deleted)
            return NULL;
    }
}

/* Append the bytes of a row to the block; false when it does not fit and the block is not empty. */
static bool
block_add(struct kv_scan *s, size_t *used, struct kv_entry *e)
{
    size_t need = e->key.len + e->value.len;
    if (need > s->block_cap - *used) {
        if (*used > 0)
            return false;
        s->block_cap = need > BLOCK_BYTES ? need : BLOCK_BYTES;
        xfree(s->block);
        s->block = xmalloc(s->block_cap);
    }
    uint8_t *p = s->block + *used;
    memcpy(p, e->key.ptr, e->key.len);
    if (e->value.len > 0)
        memcpy(p + e->key.len, e->value.ptr, e->value.len);
    e->key.ptr = p;
    e->value.ptr = p + e->key.len;
    *used += need;
    return true;
}

/* No own rows ahead and no locks: straight from the engine. Its versions are passed on as they are where it
 * gives many at a time; single ones are copied. */
static struct error *
batch_plain(struct kv_scan *s, struct kv_entry *e, size_t max, size_t *n)
{
    size_t used = 0, got = 1;
    struct engine_version one, *v = &one;
    if (!s->o.fill_cache && s->versions == NULL)
        s->versions = xmalloc(BATCH_VERSIONS * sizeof(*s->versions));
    if (s->versions != NULL)
        v = s->versions;
    while (*n < max && got == 1) {
        size_t room = v == &one ? 1 : max - *n < BATCH_VERSIONS ? max - *n : BATCH_VERSIONS;
        if (s->have_base)
            v[0] = s->base;
        else if (!s->base_done)
            ERR_TRY(engine_iter_batch(s->it, v, room, &got));
        if (s->base_done || got == 0) {
            s->base_done = s->finished = true;
            break;
        }
        s->have_base = false;
        for (size_t i = 0; i < got; i++)
            e[*n + i] = (struct kv_entry){v[i].key, v[i].value, v[i].ts};
        if (got == 1 && !block_add(s, &used, &e[*n])) {
            s->base = v[0];
            s->have_base = true;
            break;
        }
        *n += got;
    }
    if (*n > 0)
        set_shown(s, e[*n - 1].key);
    s->read += used;
    if (s->o.fill_cache && s->read > LONG_BYTES && !s->finished) {
        s->o.fill_cache = false;
        return open_base(s);
    }
    return NULL;
}

void
kv_scan_stop_locking(struct kv_scan *s)
{
    s->o.lock = false;
}

/* One by one, with own rows and locks. */
static struct error *
batch_merged(struct kv_scan *s, struct kv_entry *e, size_t max, size_t *n)
{
    size_t used = 0;
    while (*n < max && used < BLOCK_BYTES / 2) {
        bool more;
        ERR_TRY(kv_scan_next(s, &e[*n], &more));
        if (!more)
            break;
        size_t need = e[*n].key.len + e[*n].value.len;
        if (need > s->block_cap - used && used > 0) { /* one large row: the block grows, rows move */
            uint8_t *block = xmalloc(used + need);
            memcpy(block, s->block, used);
            for (size_t i = 0; i < *n; i++) {
                e[i].key.ptr = block + (e[i].key.ptr - s->block);
                e[i].value.ptr = block + (e[i].value.ptr - s->block);
            }
            xfree(s->block);
            s->block = block;
            s->block_cap = used + need;
        }
        block_add(s, &used, &e[*n]);
        (*n)++;
    }
    return NULL;
}

/* A batch of rows that are locked for other processes, too: all in one question. When that moved the read
 * time, what was read of them does not count, and they are read again. */
static struct error *
batch_locked(struct kv_scan *s, struct kv_entry *e, size_t max, size_t *n)
{
    struct kv_txn *t = s->t;
    struct str before, after;
    bool shown = s->shown, again = true;
    struct error *err = NULL;
    str_init(&before, STR_MAX_DEFAULT);
    str_init(&after, STR_MAX_DEFAULT);
    str_append_slice(&before, str_slice(&s->last));
    while (err == NULL && again) {
        *n = 0;
        err = batch_merged(s, e, max, n);
        again = false;
        if (err != NULL || t->untold_len == 0)
            break;
        bool finished = s->finished, has_shown = s->shown;
        str_clear(&after);
        str_append_slice(&after, str_slice(&s->last));
        scan_place(s, shown, str_slice(&before), false);
        err = kv_txn_settle(t);
        again = s->epoch != t->epoch;
        if (again)
            s->own = NULL;
        else
            scan_place(s, has_shown, str_slice(&after), finished);
    }
    str_release(&before);
    str_release(&after);
    return err;
}

struct error *
kv_scan_batch(struct kv_scan *s, struct kv_entry *e, size_t max, size_t *n)
{
    ERR_TRY(scan_check(s));
    ERR_TRY(cancel_check(s->t->o.cancel));
    *n = 0;
    if (s->finished)
        return NULL;
    if (s->epoch != s->t->epoch)
        ERR_TRY(open_base(s));
    if (!s->o.lock && !own_ahead(s))
        return batch_plain(s, e, max, n);
    if (s->o.lock && s->t->db->shared != NULL)
        return batch_locked(s, e, max, n);
    return batch_merged(s, e, max, n);
}
