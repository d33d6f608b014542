/* executor/looker.c - see looker.h. */
#include "config.h"

#include "executor/looker.h"

#include "base/arena.h"
#include "base/log.h"

#define LOOK_NS INT64_C(1000000000)

struct looker {
    struct node *node;
    const char *name;
    looker_fn *fn;
    struct mutex lock; /* guards: */
    struct cond wake;
    bool stopping, nudged;
    /* no lock */
    pthread_t thread;
    bool running;
};

static void *
looker_main(void *arg)
{
    struct looker *l = arg;
    struct arena *a = arena_create(NULL, l->name);
    bool again = false;
    mutex_lock(&l->lock);
    while (!l->stopping) {
        if (!again && !l->nudged)
            cond_wait_ns(&l->wake, &l->lock, LOOK_NS);
        if (l->stopping)
            break;
        l->nudged = false;
        mutex_unlock(&l->lock);
        again = false;
        struct error *err = l->fn(l->node, a, &again);
        if (err != NULL && !err_is(err, ERR_ADMIN_SHUTDOWN))
            log_warning("%s: %s", l->name, err->message);
        again = again && err == NULL;
        err_free(err);
        arena_reset(a);
        mutex_lock(&l->lock);
    }
    mutex_unlock(&l->lock);
    arena_destroy(a);
    return NULL;
}

struct error *
looker_start(struct node *n, const char *name, looker_fn *fn, struct looker **out)
{
    struct looker *l = xcalloc(1, sizeof(*l));
    l->node = n;
    l->name = name;
    l->fn = fn;
    mutex_init(&l->lock, RANK_LEAF);
    cond_init(&l->wake);
    *out = l;
    ERR_TRY(thread_start(&l->thread, name, looker_main, l));
    l->running = true;
    return NULL;
}

void
looker_nudge(struct looker *l)
{
    if (l == NULL)
        return;
    mutex_lock(&l->lock);
    l->nudged = true;
    cond_broadcast(&l->wake);
    mutex_unlock(&l->lock);
}

void
looker_stop(struct looker *l)
{
    if (l == NULL)
        return;
    mutex_lock(&l->lock);
    l->stopping = true;
    cond_broadcast(&l->wake);
    mutex_unlock(&l->lock);
    if (l->running)
        pthread_join(l->thread, NULL);
    l->running = false;
}

void
looker_free(struct looker *l)
{
    if (l == NULL)
        return;
    cond_destroy(&l->wake);
    mutex_destroy(&l->lock);
    xfree(l);
}
