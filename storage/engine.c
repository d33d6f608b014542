/* storage/engine.c - the wrappers that callers of an engine use. See engine.h. */
#include "config.h"

#include "storage/engine.h"

void
engine_close(struct engine *e)
{
    if (e != NULL)
        e->vt->close(e);
}

struct error *
engine_get(struct engine *e, struct slice key, struct hlc at, struct arena *a, bool *found,
           struct hlc *ts, struct slice *value)
{
    ASSERT(key.len > 0 && key.ptr[0] >= ENGINE_KEY_MIN);
    return e->vt->get(e, key, at, a, found, ts, value);
}

bool
engine_gets_many(const struct engine *e)
{
    return e->vt->get_many != NULL;
}

struct error *
engine_get_many(struct engine *e, const struct slice *keys, size_t n, struct hlc at, struct arena *a,
                struct engine_answer *answers)
{
    if (e->vt->get_many != NULL && n > 0)
        return e->vt->get_many(e, keys, n, at, a, answers);
    for (size_t i = 0; i < n; i++)
        ERR_TRY(engine_get(e, keys[i], at, a, &answers[i].found, &answers[i].ts, &answers[i].value));
    return NULL;
}

struct error *
engine_iter_open(struct engine *e, const struct engine_scan_opts *o, struct engine_iter **out)
{
    VERIFY(o->mode == ENGINE_SCAN_AT || !o->reverse);
    return e->vt->iter_open(e, o, out);
}

struct error *
engine_iter_next(struct engine_iter *it, struct engine_version *v, bool *more)
{
    return it->vt->iter_next(it, v, more);
}

struct error *
engine_iter_batch(struct engine_iter *it, struct engine_version *v, size_t max, size_t *n)
{
    VERIFY(max > 0);
    *n = 0;
    if (it->vt->iter_batch != NULL)
        return it->vt->iter_batch(it, v, max, n);
    bool more;
    ERR_TRY(it->vt->iter_next(it, v, &more));
    *n = more;
    return NULL;
}

struct slice
engine_iter_block(struct engine_iter *it)
{
    return it->vt->iter_block != NULL ? it->vt->iter_block(it) : SLICE_NULL;
}

struct error *
engine_iter_seek(struct engine_iter *it, struct slice key)
{
    return it->vt->iter_seek(it, key);
}

void
engine_iter_close(struct engine_iter *it)
{
    if (it != NULL)
        it->vt->iter_close(it);
}

struct error *
engine_commit(struct engine *e, const struct engine_write *w, size_t n, bool sync)
{
    for (size_t i = 0; i < n; i++)
        VERIFY(w[i].key.len > 0 && w[i].key.ptr[0] >= ENGINE_KEY_MIN && !hlc_is_empty(w[i].ts));
    return n == 0 ? NULL : e->vt->commit(e, w, n, sync);
}

bool
engine_syncs(const struct engine *e)
{
    return e->vt->sync != NULL;
}

struct error *
engine_sync(struct engine *e)
{
    return e->vt->sync(e);
}

struct error *
engine_ingest(struct engine *e, const char *const *paths, size_t n, bool move)
{
    VERIFY(e->vt->features & ENGINE_INGEST);
    return n == 0 ? NULL : e->vt->ingest(e, paths, n, move);
}

struct error *
engine_drop_span(struct engine *e, struct span s)
{
    return e->vt->drop_span(e, s);
}

struct error *
engine_gc(struct engine *e, struct span s, struct hlc threshold, const struct cancel *cancel,
          uint64_t *removed)
{
    *removed = 0;
    return e->vt->gc(e, s, threshold, cancel, removed);
}

struct error *
engine_meta_get(struct engine *e, const char *name, struct arena *a, bool *found,
                struct slice *value)
{
    return e->vt->meta_get(e, name, a, found, value);
}

struct error *
engine_meta_put(struct engine *e, const char *name, struct slice value)
{
    return e->vt->meta_put(e, name, value);
}

struct error *
engine_meta_add(struct engine *e, const char *name, struct arena *a, struct slice *value)
{
    bool found;
    if (e->vt->meta_add == NULL)
        return engine_meta_put(e, name, *value);
    ERR_TRY(e->vt->meta_add(e, name, *value));
    ERR_TRY(engine_meta_get(e, name, a, &found, value));
    return found ? NULL : err_new(ERR_DATA_CORRUPTED, "store has lost its %s", name);
}

struct error *
engine_span_stats(struct engine *e, struct span s, uint64_t *bytes)
{
    *bytes = 0;
    return e->vt->span_stats(e, s, bytes);
}

uint64_t
engine_writer(struct engine *e)
{
    VERIFY(e->vt->features & ENGINE_SHARED);
    return e->vt->writer(e);
}

struct error *
engine_order_view(struct engine *e, struct hlc since, struct arena *a, struct engine_order_view *v)
{
    *v = (struct engine_order_view){0};
    return e->vt->order_view(e, since, a, v);
}

struct error *
engine_order_begin(struct engine *e, struct hlc since, struct arena *a,
                   struct engine_order_view *v, struct engine_order **out)
{
    *v = (struct engine_order_view){0};
    return e->vt->order_begin(e, since, a, v, out);
}

struct error *
engine_order_commit(struct engine_order *o, const struct engine_write *w, size_t n,
                    const struct engine_note *notes, size_t n_notes, bool *again)
{
    for (size_t i = 0; i < n; i++)
        VERIFY(w[i].key.len > 0 && w[i].key.ptr[0] >= ENGINE_KEY_MIN && !hlc_is_empty(w[i].ts));
    *again = false;
    return o->vt->order_commit(o, w, n, notes, n_notes, again);
}

struct error *
engine_order_raise(struct engine *e, struct hlc ts)
{
    return e->vt->order_raise(e, ts);
}

struct error *
engine_fence_raise(struct engine *e, struct engine_fence f)
{
    VERIFY(e->vt->features & ENGINE_SHARED);
    return e->vt->fence_raise(e, f);
}

struct error *
engine_fence_commit(struct engine *e, struct engine_fence f, const struct engine_write *w, size_t n)
{
    VERIFY(e->vt->features & ENGINE_SHARED);
    for (size_t i = 0; i < n; i++)
        VERIFY(w[i].key.len > 0 && w[i].key.ptr[0] >= ENGINE_KEY_MIN && !hlc_is_empty(w[i].ts));
    return n == 0 ? NULL : e->vt->fence_commit(e, f, w, n);
}

bool
engine_locks_wanted(struct engine *e)
{
    return e->vt->locks_wanted != NULL && e->vt->locks_wanted(e);
}

struct error *
engine_locks_try(struct engine *e, const uint64_t *want, size_t n, struct hlc since, struct arena *a,
                 struct engine_order_view *v, enum engine_lock_answer *answers)
{
    *v = (struct engine_order_view){0};
    return e->vt->locks_try(e, want, n, since, a, v, answers);
}

void
engine_locks_drop(struct engine *e, const uint64_t *locks, size_t n)
{
    if (n > 0)
        e->vt->locks_drop(e, locks, n);
}

void
engine_locks_keep(struct engine *e)
{
    if (e->vt->locks_keep != NULL)
        e->vt->locks_keep(e);
}

struct error *
engine_lock_wait(struct engine *e, uint64_t want, struct error *(*go_on)(void *arg, bool *stop),
                 void *arg, struct engine_lock **out)
{
    *out = NULL;
    return e->vt->lock_wait(e, want, go_on, arg, out);
}

void
engine_lock_release(struct engine_lock *l)
{
    l->vt->lock_release(l);
}

struct error *
engine_waits(struct engine *e, const struct engine_wait *own, struct arena *a,
             struct engine_wait **all, size_t *n)
{
    *n = 0;
    return e->vt->waits(e, own, a, all, n);
}

void
engine_wait_over(struct engine *e, const struct engine_wait *own)
{
    e->vt->wait_over(e, own);
}

struct error *
engine_flush(struct engine *e)
{
    return e->vt->flush == NULL ? NULL : e->vt->flush(e);
}

struct error *
engine_compact(struct engine *e, struct span s)
{
    return e->vt->compact == NULL ? NULL : e->vt->compact(e, s);
}
