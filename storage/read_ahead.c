/* storage/read_ahead.c - a thread that fills buffers before they are asked for. */
#include "config.h"

#include "storage/read_ahead.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/thread.h"

struct read_ahead {
    read_ahead_fn fill;
    void *arg;
    pthread_t thread;
    struct mutex lock; /* guards: */
    struct cond changed;
    unsigned filled, taken; /* slots so far; the newest of those taken is in use */
    bool ended, stopping;
};

static _Atomic int at_work;

static int
most(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 1 ? (int)n - 1 : 0;
}

static void *
read_ahead_main(void *arg)
{
    struct read_ahead *r = arg;
    bool more = true;
    for (unsigned i = 0; more; i++) {
        mutex_lock(&r->lock);
        while (!r->stopping && r->taken + READ_AHEAD_SLOTS <= i + (r->taken > 0))
            cond_wait(&r->changed, &r->lock);
        bool stop = r->stopping;
        mutex_unlock(&r->lock);
        if (stop)
            break;
        more = r->fill(r->arg, (int)(i % READ_AHEAD_SLOTS));
        mutex_lock(&r->lock);
        r->filled = i + 1;
        r->ended = !more;
        if (r->filled == r->taken + 1 || r->ended)
            cond_signal(&r->changed);
        mutex_unlock(&r->lock);
    }
    return NULL;
}

/* Work in the background (thread_give_way) leaves the processors to others. */
static bool
is_background(void)
{
    return getpriority(PRIO_PROCESS, (id_t)gettid()) > 0;
}

struct read_ahead *
read_ahead_start(read_ahead_fn fill, void *arg)
{
    if (is_background())
        return NULL;
    if (at_work++ >= most()) {
        at_work--;
        return NULL;
    }
    struct read_ahead *r = xcalloc(1, sizeof(*r));
    r->fill = fill;
    r->arg = arg;
    mutex_init(&r->lock, RANK_POOL);
    cond_init(&r->changed);
    struct error *err = thread_start(&r->thread, "read ahead", read_ahead_main, r);
    if (err == NULL)
        return r;
    err_free(err); /* no more threads: the caller reads by itself */
    cond_destroy(&r->changed);
    mutex_destroy(&r->lock);
    xfree(r);
    at_work--;
    return NULL;
}

int
read_ahead_take(struct read_ahead *r)
{
    int slot = -1;
    mutex_lock(&r->lock);
    while (r->filled == r->taken && !r->ended)
        cond_wait(&r->changed, &r->lock);
    if (r->filled > r->taken) {
        slot = (int)(r->taken % READ_AHEAD_SLOTS);
        r->taken++;
        cond_signal(&r->changed);
    }
    mutex_unlock(&r->lock);
    return slot;
}

void
read_ahead_stop(struct read_ahead *r)
{
    if (r == NULL)
        return;
    mutex_lock(&r->lock);
    r->stopping = true;
    cond_signal(&r->changed);
    mutex_unlock(&r->lock);
    VERIFY(pthread_join(r->thread, NULL) == 0);
    cond_destroy(&r->changed);
    mutex_destroy(&r->lock);
    xfree(r);
    at_work--;
}
