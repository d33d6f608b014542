/* base/thread.c - ranked locks, monotonic waits, cancel, the pool. See thread.h. */
#include "config.h"

#include "base/thread.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

#define THREAD_STACK_BYTES ((size_t)64 << 20)

#ifdef AMBERDB_DEBUG
#define HELD_MAX 16
/* The ranks that this thread holds, in the order in which it took them. */
static _Thread_local struct {
    const struct mutex *lock[HELD_MAX];
    int count;
} held;

static void
rank_push(const struct mutex *m)
{
    for (int i = 0; i < held.count; i++)
        VERIFY(held.lock[i]->rank < m->rank);
    VERIFY(held.count < HELD_MAX);
    held.lock[held.count++] = m;
}

static void
rank_pop(const struct mutex *m)
{
    for (int i = held.count - 1; i >= 0; i--) {
        if (held.lock[i] != m)
            continue;
        memmove(&held.lock[i], &held.lock[i + 1],
                (size_t)(held.count - 1 - i) * sizeof(held.lock[0]));
        held.count--;
        return;
    }
    VERIFY(!"unlocked a mutex that this thread does not hold");
}
#else
static inline void
rank_push(const struct mutex *m)
{
    (void)m;
}

static inline void
rank_pop(const struct mutex *m)
{
    (void)m;
}
#endif

void
mutex_init(struct mutex *m, enum lock_rank rank)
{
    VERIFY(pthread_mutex_init(&m->m, NULL) == 0);
    m->rank = rank;
}

void
mutex_destroy(struct mutex *m)
{
    VERIFY(pthread_mutex_destroy(&m->m) == 0);
}

void
mutex_lock(struct mutex *m)
{
    rank_push(m); /* before the wait, so that a deadlock is reported and not entered */
    VERIFY(pthread_mutex_lock(&m->m) == 0);
}

void
mutex_unlock(struct mutex *m)
{
    rank_pop(m);
    VERIFY(pthread_mutex_unlock(&m->m) == 0);
}

void
cond_init(struct cond *c)
{
    pthread_condattr_t attr;
    VERIFY(pthread_condattr_init(&attr) == 0);
    VERIFY(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    VERIFY(pthread_cond_init(&c->c, &attr) == 0);
    pthread_condattr_destroy(&attr);
}

void
cond_destroy(struct cond *c)
{
    VERIFY(pthread_cond_destroy(&c->c) == 0);
}

void
cond_wait(struct cond *c, struct mutex *m)
{
    VERIFY(pthread_cond_wait(&c->c, &m->m) == 0);
}

bool
cond_wait_ns(struct cond *c, struct mutex *m, int64_t timeout_ns)
{
    int64_t until = monotonic_now_ns();
    if (timeout_ns < 0)
        timeout_ns = 0;
    if (__builtin_add_overflow(until, timeout_ns, &until))
        until = INT64_MAX;
    struct timespec ts = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    int rc = pthread_cond_timedwait(&c->c, &m->m, &ts);
    VERIFY(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

void
cond_signal(struct cond *c)
{
    VERIFY(pthread_cond_signal(&c->c) == 0);
}

void
cond_broadcast(struct cond *c)
{
    VERIFY(pthread_cond_broadcast(&c->c) == 0);
}

struct error *
cancel_check(const struct cancel *c)
{
    if (!cancel_requested(c))
        return NULL;
    struct cancel *live = (struct cancel *)(uintptr_t)c; /* an atomic load wants no const */
    switch ((enum cancel_reason)atomic_load_explicit(&live->reason, memory_order_acquire)) {
    case CANCEL_NONE:
        return NULL;
    case CANCEL_USER:
        return err_new(ERR_QUERY_CANCELED, "query execution canceled");
    case CANCEL_TIMEOUT:
        return err_new(ERR_QUERY_CANCELED, "query execution canceled due to statement timeout");
    case CANCEL_SHUTDOWN:
        return err_new(ERR_ADMIN_SHUTDOWN, "server is shutting down");
    }
    return err_new(ERR_QUERY_CANCELED, "query execution canceled");
}

/* ---- threads ---- */

struct error *
thread_start(pthread_t *out, const char *name, void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    VERIFY(pthread_attr_init(&attr) == 0);
    VERIFY(pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES) == 0);
    if (out == NULL)
        VERIFY(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
    pthread_t t;
    int rc = pthread_create(&t, &attr, fn, arg);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return err_errno(rc, "could not start thread %s", name);
    if (out != NULL) { /* a detached one may be gone already */
        char shorter[16] = {0}; /* the kernel's limit */
        memcpy(shorter, name, strnlen(name, sizeof(shorter) - 1));
        pthread_setname_np(t, shorter);
        *out = t;
    }
    return NULL;
}

void
thread_give_way(void)
{
    /* Linux: of this thread alone. Beside one that wants all of a processor it gets a seventh (172 of 172 +
     * 1024); by 5 it would be a quarter. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 8);
}

/* ---- pool ---- */

struct work {
    void (*fn)(void *arg);
    void *arg;
};

struct pool {
    struct mutex lock;
    struct cond not_empty, not_full;
    struct work *queue;      /* ring, guarded by lock */
    int queue_max, first, count;
    bool closing;            /* guarded by lock */
    pthread_t *threads;
    int thread_count;
};

static void *
pool_main(void *arg)
{
    struct pool *p = arg;
    mutex_lock(&p->lock);
    for (;;) {
        while (p->count == 0 && !p->closing)
            cond_wait(&p->not_empty, &p->lock);
        if (p->count == 0)
            break;
        struct work w = p->queue[p->first];
        p->first = (p->first + 1) % p->queue_max;
        p->count--;
        cond_signal(&p->not_full);
        mutex_unlock(&p->lock);
        w.fn(w.arg);
        mutex_lock(&p->lock);
    }
    mutex_unlock(&p->lock);
    return NULL;
}

struct pool *
pool_create(const char *name, int threads, int queue_max)
{
    VERIFY(threads > 0 && queue_max > 0);
    struct pool *p = xcalloc(1, sizeof(*p));
    mutex_init(&p->lock, RANK_POOL);
    cond_init(&p->not_empty);
    cond_init(&p->not_full);
    p->queue = xcalloc((size_t)queue_max, sizeof(*p->queue));
    p->queue_max = queue_max;
    p->threads = xcalloc((size_t)threads, sizeof(*p->threads));
    for (int i = 0; i < threads; i++) {
        struct error *err = thread_start(&p->threads[p->thread_count], name, pool_main, p);
        if (err == NULL)
            p->thread_count++;
        else
            err_free(err); /* fewer threads will do, so long as there is one */
    }
    VERIFY(p->thread_count > 0);
    return p;
}

void
pool_submit(struct pool *p, void (*fn)(void *arg), void *arg)
{
    mutex_lock(&p->lock);
    VERIFY(!p->closing);
    while (p->count == p->queue_max)
        cond_wait(&p->not_full, &p->lock);
    p->queue[(p->first + p->count) % p->queue_max] = (struct work){fn, arg};
    p->count++;
    cond_signal(&p->not_empty);
    mutex_unlock(&p->lock);
}

void
pool_destroy(struct pool *p)
{
    if (p == NULL)
        return;
    mutex_lock(&p->lock);
    p->closing = true;
    cond_broadcast(&p->not_empty);
    mutex_unlock(&p->lock);
    for (int i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    cond_destroy(&p->not_full);
    cond_destroy(&p->not_empty);
    mutex_destroy(&p->lock);
    xfree(p->threads);
    xfree(p->queue);
    xfree(p);
}
