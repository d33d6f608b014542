/* regress/unit/shared_double.h - a shared store for tests: several engines over one memory engine, each as
 * another process would have it. The order of commits is a list; the right to commit is a lock. */
#ifndef AMBERDB_REGRESS_UNIT_SHARED_DOUBLE_H
#define AMBERDB_REGRESS_UNIT_SHARED_DOUBLE_H

#include <unistd.h>

#include "base/arena.h"
#include "storage/engine.h"

#define NOTES_MAX 64 /* few, so that the floor is passed */

struct double_store {
    struct engine *inner;
    struct arena *arena;
    struct mutex lock; /* guards: */
    struct cond free;
    bool taken;
    int engines;
    struct engine_note notes[NOTES_MAX];
    size_t n;
    struct hlc newest, floor;
};

struct double_engine {
    struct engine base;
    struct double_store *s;
    uint64_t writer;
    uint64_t gets;    /* questions for single keys, and for many */
    uint64_t refused; /* commits that were sent back, now and then */
};

struct double_order {
    struct engine_order base;
    struct double_engine *e;
};

static struct engine *
double_inner(struct engine *e)
{
    return ((struct double_engine *)e)->s->inner;
}

static void
double_close(struct engine *base)
{
    struct double_engine *e = (struct double_engine *)base;
    struct double_store *s = e->s;
    xfree(e);
    if (--s->engines > 0)
        return;
    engine_close(s->inner);
    cond_destroy(&s->free);
    mutex_destroy(&s->lock);
    arena_destroy(s->arena);
    xfree(s);
}

static struct error *
double_get(struct engine *e, struct slice key, struct hlc at, struct arena *a, bool *found,
           struct hlc *ts, struct slice *value)
{
    ((struct double_engine *)e)->gets++;
    return engine_get(double_inner(e), key, at, a, found, ts, value);
}

static struct error *
double_get_many(struct engine *e, const struct slice *keys, size_t n, struct hlc at, struct arena *a,
                struct engine_answer *answers)
{
    ((struct double_engine *)e)->gets++;
    return engine_get_many(double_inner(e), keys, n, at, a, answers);
}

static struct error *
double_iter_open(struct engine *e, const struct engine_scan_opts *o, struct engine_iter **out)
{
    return engine_iter_open(double_inner(e), o, out);
}

static struct error *
double_commit(struct engine *e, const struct engine_write *w, size_t n, bool sync)
{
    return engine_commit(double_inner(e), w, n, sync);
}

static struct error *
double_drop_span(struct engine *e, struct span s)
{
    return engine_drop_span(double_inner(e), s);
}

static struct error *
double_gc(struct engine *e, struct span s, struct hlc threshold, const struct cancel *cancel,
          uint64_t *removed)
{
    return engine_gc(double_inner(e), s, threshold, cancel, removed);
}

static struct error *
double_meta_get(struct engine *e, const char *name, struct arena *a, bool *found,
                struct slice *value)
{
    return engine_meta_get(double_inner(e), name, a, found, value);
}

static struct error *
double_meta_put(struct engine *e, const char *name, struct slice value)
{
    return engine_meta_put(double_inner(e), name, value);
}

static struct error *
double_span_stats(struct engine *e, struct span s, uint64_t *bytes)
{
    return engine_span_stats(double_inner(e), s, bytes);
}

static uint64_t
double_writer(struct engine *e)
{
    return ((struct double_engine *)e)->writer;
}

static void
double_look(struct double_store *s, struct hlc since, struct arena *a, struct engine_order_view *v)
{
    v->newest = s->newest;
    v->floor = s->floor;
    v->notes = ARENA_ARRAY(a, struct engine_note, s->n + 1);
    for (size_t i = 0; i < s->n; i++)
        if (hlc_cmp(s->notes[i].ts, since) > 0) {
            v->notes[v->n] = s->notes[i];
            v->notes[v->n++].what = slice_dup(a, s->notes[i].what);
        }
}

static struct error *
double_view(struct engine *base, struct hlc since, struct arena *a, struct engine_order_view *v)
{
    struct double_store *s = ((struct double_engine *)base)->s;
    mutex_lock(&s->lock);
    double_look(s, since, a, v);
    mutex_unlock(&s->lock);
    return NULL;
}

static struct error *
double_begin(struct engine *base, struct hlc since, struct arena *a, struct engine_order_view *v,
             struct engine_order **out)
{
    struct double_engine *e = (struct double_engine *)base;
    struct double_order *o = xcalloc(1, sizeof(*o));
    o->base.vt = base->vt;
    o->e = e;
    mutex_lock(&e->s->lock);
    while (e->s->taken)
        cond_wait(&e->s->free, &e->s->lock);
    e->s->taken = true;
    double_look(e->s, since, a, v);
    mutex_unlock(&e->s->lock);
    *out = &o->base;
    return NULL;
}

static void
double_note(struct double_store *s, const struct engine_note *note, uint64_t writer)
{
    VERIFY(hlc_cmp(note->ts, s->newest) > 0);
    if (s->n == NOTES_MAX) {
        s->n /= 2;
        s->floor = s->notes[NOTES_MAX - s->n - 1].ts;
        memmove(s->notes, s->notes + NOTES_MAX - s->n, s->n * sizeof(s->notes[0]));
    }
    s->notes[s->n] = *note;
    s->notes[s->n].writer = writer;
    s->notes[s->n++].what = slice_dup(s->arena, note->what);
    s->newest = note->ts;
}

static struct error *
double_order_commit(struct engine_order *base, const struct engine_write *w, size_t n,
                    const struct engine_note *notes, size_t n_notes, bool *again)
{
    struct double_order *o = (struct double_order *)base;
    struct double_store *s = o->e->s;
    *again = n_notes > 0 && o->e->refused++ % 16 == 15;
    if (!*again && n > 0) /* all at once: who reads at the clock's time sees all of it */
        err_free(engine_commit(s->inner, w, n, true));
    mutex_lock(&s->lock);
    for (size_t i = 0; i < n_notes && !*again; i++)
        double_note(s, &notes[i], o->e->writer);
    s->taken = false;
    cond_broadcast(&s->free);
    mutex_unlock(&s->lock);
    if (n_notes > 0 && o->e->refused % 4 == 0)
        usleep(300); /* all can see it, but for who committed */
    xfree(o);
    return NULL;
}

static struct error *
double_raise(struct engine *base, struct hlc ts)
{
    struct double_store *s = ((struct double_engine *)base)->s;
    mutex_lock(&s->lock);
    while (s->taken)
        cond_wait(&s->free, &s->lock);
    if (hlc_cmp(ts, s->newest) > 0)
        s->newest = ts;
    mutex_unlock(&s->lock);
    return NULL;
}

static const struct engine_vt double_vt = {
    .name = "shared",
    .features = ENGINE_SHARED,
    .close = double_close,
    .get = double_get,
    .get_many = double_get_many,
    .iter_open = double_iter_open,
    .commit = double_commit,
    .drop_span = double_drop_span,
    .gc = double_gc,
    .meta_get = double_meta_get,
    .meta_put = double_meta_put,
    .span_stats = double_span_stats,
    .writer = double_writer,
    .order_view = double_view,
    .order_begin = double_begin,
    .order_commit = double_order_commit,
    .order_raise = double_raise,
};

/* like: NULL, or another engine of the same store. */
static struct error *
engine_double_open(struct engine *like, struct engine **out)
{
    struct double_engine *e = xcalloc(1, sizeof(*e));
    e->base.vt = &double_vt;
    if (like != NULL) {
        e->s = ((struct double_engine *)like)->s;
    } else {
        e->s = xcalloc(1, sizeof(*e->s));
        e->s->arena = arena_create(NULL, "shared double");
        mutex_init(&e->s->lock, RANK_ENGINE);
        cond_init(&e->s->free);
        ERR_TRY(engine_memory_open(&e->s->inner));
    }
    e->writer = (uint64_t)++e->s->engines;
    *out = &e->base;
    return NULL;
}

#endif
