/* Data files that lie elsewhere, or are encrypted, brought ahead of their use: FETCH_THREADS at once, in the
 * order in which RESTORE will ask for them.
 *
 * What was brought is mapped from nameless files of the temporary folder. There is never much more of it
 * than AHEAD_BYTES and what is in use, as a file goes when its last use has ended. Here nothing is held
 * against checksums: that is for who asks, who can hash several files at once. */
#include "config.h"

#include "executor/backup/restore_int.h"

#include "base/thread.h"

#define FETCH_THREADS 4
#define AHEAD_BYTES ((uint64_t)256 << 20) /* brought, and not released */

enum fetch_state { FETCH_NONE, FETCH_BUSY, FETCH_THERE, FETCH_FAILED };

struct fetched {
    const struct cover_file *cf;
    enum fetch_state state;
    size_t uses;     /* to come, or under way */
    size_t waiting;  /* who cannot go on without it */
    struct arena *a; /* its mapping */
    struct slice map;
};

struct fetcher {
    struct arena *a;
    const struct cancel *cancel;
    struct fetched *files; /* by cover_file.index */
    uint32_t *order;       /* of their first uses */
    size_t n_order, first; /* before `first` none is FETCH_NONE */
    pthread_t threads[FETCH_THREADS];
    int n_threads;
    struct mutex lock;     /* guards all but order */
    struct cond changed;
    uint64_t ahead;
    size_t waiting;        /* of all files */
    bool stop;
};

struct fetcher *
fetcher_create(struct arena *a, size_t n_files, const struct cancel *cancel)
{
    struct fetcher *f = ARENA_NEW(a, struct fetcher);
    *f = (struct fetcher){.a = a, .cancel = cancel};
    f->files = arena_zalloc(a, (n_files + 1) * sizeof(*f->files));
    f->order = ARENA_ARRAY(a, uint32_t, n_files + 1);
    mutex_init(&f->lock, RANK_JOB);
    cond_init(&f->changed);
    return f;
}

void
fetcher_add(struct fetcher *f, const struct cover_file *cf)
{
    struct fetched *x = &f->files[cf->index];
    const struct sink *s = layer_file_sink(cf->layer, cf->file);
    bool local = s->inner == NULL && strcmp(s->vt->name, "nodelocal") == 0;
    if (local || s->vt->map == NULL) /* costs nothing; or would be in memory */
        return;
    if (x->uses++ > 0)
        return;
    x->cf = cf;
    f->order[f->n_order++] = cf->index;
}

/* The file to bring next; NULL: none, for now. Lock held. */
static struct fetched *
choose(struct fetcher *f)
{
    struct fetched *next = NULL;
    while (f->first < f->n_order && f->files[f->order[f->first]].state != FETCH_NONE)
        f->first++;
    for (size_t i = f->first; i < f->n_order; i++) {
        struct fetched *x = &f->files[f->order[i]];
        if (x->state != FETCH_NONE || x->uses == 0)
            continue;
        if (x->waiting > 0)
            return x;
        if (next == NULL && f->ahead < AHEAD_BYTES)
            next = x;
        if (f->waiting == 0)
            break;
    }
    return next;
}

/* Lock held. */
static void
drop(struct fetcher *f, struct fetched *x)
{
    f->ahead -= x->map.len;
    arena_destroy(x->a);
    x->a = NULL;
    x->map = SLICE_NULL;
    cond_broadcast(&f->changed);
}

static void
bring(struct fetcher *f, struct fetched *x)
{
    struct arena *a = arena_create(NULL, "restore file");
    struct slice map;
    x->state = FETCH_BUSY;
    mutex_unlock(&f->lock);
    struct error *e = sink_map(layer_file_sink(x->cf->layer, x->cf->file), a, x->cf->file->path, &map);
    mutex_lock(&f->lock);
    x->state = e == NULL ? FETCH_THERE : FETCH_FAILED;
    if (e == NULL) {
        x->a = a;
        x->map = map;
        f->ahead += map.len;
        if (x->uses == 0)
            drop(f, x);
    } else {
        arena_destroy(a);
    }
    err_free(e); /* who needs the file tries again, and says why */
    cond_broadcast(&f->changed);
}

static void *
fetch_main(void *arg)
{
    struct fetcher *f = arg;
    mutex_lock(&f->lock);
    while (!f->stop && !cancel_requested(f->cancel)) {
        struct fetched *x = choose(f);
        if (x != NULL)
            bring(f, x);
        else if (f->first == f->n_order)
            break;
        else
            cond_wait(&f->changed, &f->lock);
    }
    f->stop = true;
    cond_broadcast(&f->changed);
    mutex_unlock(&f->lock);
    return NULL;
}

struct error *
fetcher_start(struct fetcher *f)
{
    struct error *e = NULL;
    while (f->n_threads < FETCH_THREADS && (size_t)f->n_threads < f->n_order && e == NULL) {
        e = thread_start(&f->threads[f->n_threads], "fetch", fetch_main, f);
        f->n_threads += e == NULL;
    }
    return e;
}

bool
fetcher_has(const struct fetcher *f, const struct cover_file *cf)
{
    return f->files[cf->index].cf != NULL;
}

bool
fetch_hold(struct fetcher *f, const struct cover_file *cf, struct slice *map)
{
    struct fetched *x = &f->files[cf->index];
    if (x->cf == NULL)
        return false;
    mutex_lock(&f->lock);
    x->waiting++;
    f->waiting++;
    cond_broadcast(&f->changed);
    while (x->state == FETCH_BUSY || (x->state == FETCH_NONE && !f->stop))
        cond_wait(&f->changed, &f->lock);
    x->waiting--;
    f->waiting--;
    bool there = x->state == FETCH_THERE && x->a != NULL;
    if (there) {
        x->uses++;
        *map = x->map;
    }
    mutex_unlock(&f->lock);
    return there;
}

void
fetch_release(struct fetcher *f, const struct cover_file *cf)
{
    struct fetched *x = &f->files[cf->index];
    if (x->cf == NULL)
        return;
    mutex_lock(&f->lock);
    VERIFY(x->uses > 0);
    x->uses--;
    if (x->uses == 0 && x->state == FETCH_THERE)
        drop(f, x);
    mutex_unlock(&f->lock);
}

void
fetcher_destroy(struct fetcher *f)
{
    mutex_lock(&f->lock);
    f->stop = true;
    cond_broadcast(&f->changed);
    mutex_unlock(&f->lock);
    for (int i = 0; i < f->n_threads; i++)
        pthread_join(f->threads[i], NULL);
    for (size_t i = 0; i < f->n_order; i++)
        arena_destroy(f->files[f->order[i]].a);
    cond_destroy(&f->changed);
    mutex_destroy(&f->lock);
}
