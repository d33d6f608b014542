/* storage/engine_memory.c - the smallest honest engine: a skip list of versions in memory.
 *
 * Every version carries the number of the commit that made it and of the removal (gc, drop_span)
 * that ended it. An iterator remembers the number that was current when it was opened and shows
 * what existed then; nodes that are removed are freed once no iterator is open. One mutex guards
 * everything; nothing survives close.
 */
#include "config.h"

#include "storage/engine.h"

#include "base/arena.h"
#include "base/hash.h"

#define HEIGHT_MAX 16

struct version {
    struct slice key, value; /* behind the struct, in the same allocation */
    struct hlc ts;
    uint64_t born, died; /* commit numbers; died 0 = lives */
    struct version *prev;
    int height;
    struct version *next[]; /* [height] */
};

struct fact {
    struct fact *next;
    char *name;
    struct str value;
};

struct memory_engine {
    struct engine base;
    struct mutex lock; /* guards all below */
    struct version *head; /* height HEIGHT_MAX, sorts before all */
    struct version *last; /* last of level 0, or head */
    uint64_t seq;
    uint64_t dead;     /* nodes with died != 0 still in the list */
    int open_iters;
    uint64_t rng;
    struct fact *facts;
};

struct memory_iter {
    struct engine_iter base;
    struct memory_engine *e;
    struct engine_scan_opts o; /* the span's bytes are in `arena` */
    struct arena *arena;
    uint64_t seq;
    struct version *at; /* next one to look at; NULL = end */
};

static int
version_cmp(struct slice ak, struct hlc at, struct slice bk, struct hlc bt)
{
    int c = slice_cmp(ak, bk);
    return c != 0 ? c : -hlc_cmp(at, bt);
}

static struct version *
version_new(int height, struct slice key, struct hlc ts, struct slice value)
{
    size_t head = sizeof(struct version) + (size_t)height * sizeof(struct version *);
    struct version *v = xcalloc(1, head + key.len + value.len);
    uint8_t *bytes = (uint8_t *)v + head;
    if (key.len > 0)
        memcpy(bytes, key.ptr, key.len);
    if (value.len > 0)
        memcpy(bytes + key.len, value.ptr, value.len);
    v->key = slice_make(bytes, key.len);
    v->value = slice_make(bytes + key.len, value.len);
    v->ts = ts;
    v->height = height;
    return v;
}

/* The first version >= (key, ts), with the towers before it in `before` when not NULL. */
static struct version *
list_seek(struct memory_engine *e, struct slice key, struct hlc ts, struct version **before)
{
    struct version *v = e->head;
    for (int i = HEIGHT_MAX - 1; i >= 0; i--) {
        while (v->next[i] != NULL && version_cmp(v->next[i]->key, v->next[i]->ts, key, ts) < 0)
            v = v->next[i];
        if (before != NULL)
            before[i] = v;
    }
    return v->next[0];
}

static void
list_insert(struct memory_engine *e, const struct engine_write *w)
{
    struct version *before[HEIGHT_MAX];
    struct version *v = list_seek(e, w->key, w->ts, before);
    for (; v != NULL && version_cmp(v->key, v->ts, w->key, w->ts) == 0; v = v->next[0])
        if (v->died == 0)
            v->died = e->seq, e->dead++; /* written again, with the same bytes */
    int height = 1;
    e->rng = hash_u64(e->rng, 1);
    for (uint64_t r = e->rng; height < HEIGHT_MAX && (r & 3) == 0; r >>= 2)
        height++;
    v = version_new(height, w->key, w->ts, w->value);
    v->born = e->seq;
    for (int i = 0; i < height; i++) {
        v->next[i] = before[i]->next[i];
        before[i]->next[i] = v;
    }
    v->prev = before[0];
    if (v->next[0] != NULL)
        v->next[0]->prev = v;
    else
        e->last = v;
}

/* Free what has died, when nobody can look at it. */
static void
list_sweep(struct memory_engine *e)
{
    if (e->open_iters > 0 || e->dead == 0)
        return;
    struct version *tail[HEIGHT_MAX];
    for (int i = 0; i < HEIGHT_MAX; i++)
        tail[i] = e->head;
    for (struct version *v = e->head->next[0], *next; v != NULL; v = next) {
        next = v->next[0];
        if (v->died != 0) {
            xfree(v);
            continue;
        }
        v->prev = tail[0];
        for (int i = 0; i < v->height; i++) {
            tail[i]->next[i] = v;
            tail[i] = v;
        }
    }
    for (int i = 0; i < HEIGHT_MAX; i++)
        tail[i]->next[i] = NULL;
    e->last = tail[0];
    e->dead = 0;
}

static bool
version_visible(const struct version *v, uint64_t seq)
{
    return v->born <= seq && (v->died == 0 || v->died > seq);
}

static bool
in_span(const struct version *v, const struct span *s)
{
    return slice_cmp(v->key, s->start) >= 0 && (s->end.len == 0 || slice_cmp(v->key, s->end) < 0);
}

static void
memory_close(struct engine *base)
{
    struct memory_engine *e = (struct memory_engine *)base;
    VERIFY(e->open_iters == 0);
    for (struct version *v = e->head, *next; v != NULL; v = next) {
        next = v->next[0];
        xfree(v);
    }
    for (struct fact *f = e->facts, *next; f != NULL; f = next) {
        next = f->next;
        str_release(&f->value);
        xfree(f->name);
        xfree(f);
    }
    mutex_destroy(&e->lock);
    xfree(e);
}

static struct error *
memory_get(struct engine *base, struct slice key, struct hlc at, struct arena *a, bool *found,
           struct hlc *ts, struct slice *value)
{
    struct memory_engine *e = (struct memory_engine *)base;
    mutex_lock(&e->lock);
    struct version *v = list_seek(e, key, at, NULL);
    while (v != NULL && v->died != 0)
        v = v->next[0];
    *found = v != NULL && slice_eq(v->key, key);
    if (*found) {
        *ts = v->ts;
        *value = slice_dup(a, v->value);
    }
    mutex_unlock(&e->lock);
    return NULL;
}

static struct error *
memory_iter_open(struct engine *base, const struct engine_scan_opts *o, struct engine_iter **out)
{
    struct memory_engine *e = (struct memory_engine *)base;
    struct arena *arena = arena_create(NULL, "memory iterator");
    struct memory_iter *it = ARENA_NEW(arena, struct memory_iter);
    it->base.vt = base->vt;
    it->e = e;
    it->arena = arena;
    it->o = *o;
    it->o.span.start = slice_dup(arena, o->span.start);
    it->o.span.end = slice_dup(arena, o->span.end);
    mutex_lock(&e->lock);
    it->seq = e->seq;
    e->open_iters++;
    if (!o->reverse) {
        it->at = list_seek(e, o->span.start, HLC_MAX, NULL);
    } else if (o->span.end.len == 0) {
        it->at = e->last;
    } else {
        struct version *v = list_seek(e, o->span.end, HLC_MAX, NULL);
        it->at = v != NULL ? v->prev : e->last;
    }
    mutex_unlock(&e->lock);
    *out = &it->base;
    return NULL;
}

static void
version_show(const struct version *v, struct engine_version *out)
{
    out->key = v->key; /* nodes stay while an iterator is open */
    out->ts = v->ts;
    out->value = v->value;
}

static bool
next_version(struct memory_iter *it, struct engine_version *out)
{
    for (; it->at != NULL && in_span(it->at, &it->o.span); it->at = it->at->next[0]) {
        struct version *v = it->at;
        if (!version_visible(v, it->seq) || hlc_cmp(v->ts, it->o.ts) > 0 ||
            hlc_cmp(v->ts, it->o.since) <= 0)
            continue;
        version_show(v, out);
        it->at = v->next[0];
        return true;
    }
    return false;
}

static bool
next_at(struct memory_iter *it, struct engine_version *out)
{
    while (it->at != NULL && in_span(it->at, &it->o.span)) {
        struct slice key = it->at->key;
        struct version *best = NULL;
        for (; it->at != NULL && slice_eq(it->at->key, key); it->at = it->at->next[0])
            if (best == NULL && version_visible(it->at, it->seq) &&
                hlc_cmp(it->at->ts, it->o.ts) <= 0)
                best = it->at;
        if (best != NULL && (best->value.len > 0 || it->o.show_deletions)) {
            version_show(best, out);
            return true;
        }
    }
    return false;
}

static bool
next_at_reverse(struct memory_iter *it, struct engine_version *out)
{
    while (it->at != NULL && it->at != it->e->head && in_span(it->at, &it->o.span)) {
        struct slice key = it->at->key;
        struct version *best = NULL;
        for (; it->at != it->e->head && slice_eq(it->at->key, key); it->at = it->at->prev)
            if (version_visible(it->at, it->seq) && hlc_cmp(it->at->ts, it->o.ts) <= 0)
                best = it->at;
        if (best != NULL && (best->value.len > 0 || it->o.show_deletions)) {
            version_show(best, out);
            return true;
        }
    }
    return false;
}

static struct error *
memory_iter_next(struct engine_iter *base, struct engine_version *v, bool *more)
{
    struct memory_iter *it = (struct memory_iter *)base;
    mutex_lock(&it->e->lock);
    if (it->o.mode == ENGINE_SCAN_VERSIONS)
        *more = next_version(it, v);
    else if (it->o.reverse)
        *more = next_at_reverse(it, v);
    else
        *more = next_at(it, v);
    mutex_unlock(&it->e->lock);
    return NULL;
}

static struct error *
memory_iter_seek(struct engine_iter *base, struct slice key)
{
    struct memory_iter *it = (struct memory_iter *)base;
    struct memory_engine *e = it->e;
    mutex_lock(&e->lock);
    if (!it->o.reverse) {
        if (slice_cmp(key, it->o.span.start) < 0)
            key = it->o.span.start;
        it->at = list_seek(e, key, HLC_MAX, NULL);
    } else if (it->o.span.end.len > 0 && slice_cmp(key, it->o.span.end) >= 0) {
        struct version *v = list_seek(e, it->o.span.end, HLC_MAX, NULL);
        it->at = v != NULL ? v->prev : e->last;
    } else {
        struct version *v = list_seek(e, key, HLC_MIN, NULL); /* past its oldest version */
        while (v != NULL && slice_eq(v->key, key))
            v = v->next[0];
        it->at = v != NULL ? v->prev : e->last;
    }
    mutex_unlock(&e->lock);
    return NULL;
}

static void
memory_iter_close(struct engine_iter *base)
{
    struct memory_iter *it = (struct memory_iter *)base;
    mutex_lock(&it->e->lock);
    it->e->open_iters--;
    list_sweep(it->e);
    mutex_unlock(&it->e->lock);
    arena_destroy(it->arena);
}

static struct error *
memory_commit(struct engine *base, const struct engine_write *w, size_t n, bool sync)
{
    struct memory_engine *e = (struct memory_engine *)base;
    (void)sync; /* nothing is stable here */
    mutex_lock(&e->lock);
    e->seq++;
    for (size_t i = 0; i < n; i++)
        list_insert(e, &w[i]);
    list_sweep(e);
    mutex_unlock(&e->lock);
    return NULL;
}

static void
version_remove(struct memory_engine *e, struct version *v)
{
    v->died = e->seq;
    e->dead++;
}

static struct error *
memory_drop_span(struct engine *base, struct span s)
{
    struct memory_engine *e = (struct memory_engine *)base;
    mutex_lock(&e->lock);
    e->seq++;
    for (struct version *v = list_seek(e, s.start, HLC_MAX, NULL); v != NULL && in_span(v, &s);
         v = v->next[0])
        if (v->died == 0)
            version_remove(e, v);
    list_sweep(e);
    mutex_unlock(&e->lock);
    return NULL;
}

static struct error *
memory_gc(struct engine *base, struct span s, struct hlc threshold, const struct cancel *cancel,
          uint64_t *removed)
{
    struct memory_engine *e = (struct memory_engine *)base;
    ERR_TRY(cancel_check(cancel));
    mutex_lock(&e->lock);
    e->seq++;
    struct slice key = SLICE_NULL;
    bool have_newest = false; /* of `key`, at or below the threshold */
    for (struct version *v = list_seek(e, s.start, HLC_MAX, NULL); v != NULL && in_span(v, &s);
         v = v->next[0]) {
        if (v->died != 0)
            continue;
        if (key.ptr == NULL || !slice_eq(key, v->key)) {
            key = v->key;
            have_newest = false;
        }
        if (hlc_cmp(v->ts, threshold) > 0)
            continue;
        if (have_newest || v->value.len == 0) {
            version_remove(e, v);
            (*removed)++;
        }
        have_newest = true;
    }
    list_sweep(e);
    mutex_unlock(&e->lock);
    return NULL;
}

static struct fact *
fact_find(struct memory_engine *e, const char *name)
{
    struct fact *f = e->facts;
    while (f != NULL && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

static struct error *
memory_meta_get(struct engine *base, const char *name, struct arena *a, bool *found,
                struct slice *value)
{
    struct memory_engine *e = (struct memory_engine *)base;
    mutex_lock(&e->lock);
    struct fact *f = fact_find(e, name);
    *found = f != NULL;
    if (*found)
        *value = slice_dup(a, str_slice(&f->value));
    mutex_unlock(&e->lock);
    return NULL;
}

static struct error *
memory_meta_put(struct engine *base, const char *name, struct slice value)
{
    struct memory_engine *e = (struct memory_engine *)base;
    mutex_lock(&e->lock);
    struct fact *f = fact_find(e, name);
    if (f == NULL) {
        f = xcalloc(1, sizeof(*f));
        f->name = xstrdup(name);
        str_init(&f->value, STR_MAX_DEFAULT);
        f->next = e->facts;
        e->facts = f;
    }
    str_clear(&f->value);
    str_append_slice(&f->value, value);
    mutex_unlock(&e->lock);
    return NULL;
}

static struct error *
memory_span_stats(struct engine *base, struct span s, uint64_t *bytes)
{
    struct memory_engine *e = (struct memory_engine *)base;
    mutex_lock(&e->lock);
    for (struct version *v = list_seek(e, s.start, HLC_MAX, NULL); v != NULL && in_span(v, &s);
         v = v->next[0])
        if (v->died == 0)
            *bytes += v->key.len + v->value.len + sizeof(struct hlc);
    mutex_unlock(&e->lock);
    return NULL;
}

static const struct engine_vt memory_vt = {
    .name = "memory",
    .features = 0,
    .close = memory_close,
    .get = memory_get,
    .iter_open = memory_iter_open,
    .iter_next = memory_iter_next,
    .iter_seek = memory_iter_seek,
    .iter_close = memory_iter_close,
    .commit = memory_commit,
    .drop_span = memory_drop_span,
    .gc = memory_gc,
    .meta_get = memory_meta_get,
    .meta_put = memory_meta_put,
    .span_stats = memory_span_stats,
};

struct error *
engine_memory_open(struct engine **out)
{
    struct memory_engine *e = xcalloc(1, sizeof(*e));
    e->base.vt = &memory_vt;
    mutex_init(&e->lock, RANK_ENGINE);
    e->head = version_new(HEIGHT_MAX, SLICE_NULL, HLC_MAX, SLICE_NULL);
    e->last = e->head;
    e->rng = 1;
    *out = &e->base;
    return NULL;
}
