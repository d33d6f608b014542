/* base/thread.h - locks with ranks, atomics, cancel tokens, the bounded pool.
 *
 * A thread takes locks in rising rank only (base/lock_rank.h); debug builds check. Never call a
 * sink or an engine with a lock held, but for the engine's own.
 */
#ifndef AMBERDB_BASE_THREAD_H
#define AMBERDB_BASE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lock_rank.h"

struct mutex {
    pthread_mutex_t m;
    enum lock_rank rank;
};

void mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_destroy(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

struct cond {
    pthread_cond_t c; /* waits on CLOCK_MONOTONIC */
};

void cond_init(struct cond *c);
void cond_destroy(struct cond *c);
void cond_wait(struct cond *c, struct mutex *m);
bool cond_wait_ns(struct cond *c, struct mutex *m, int64_t timeout_ns); /* false = timed out */
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

/* Says "stop" to work in another thread. Long loops look at it about every thousand rows. */
struct cancel {
    _Atomic int reason; /* enum cancel_reason */
};
enum cancel_reason { CANCEL_NONE, CANCEL_USER, CANCEL_TIMEOUT, CANCEL_SHUTDOWN };
static inline void
cancel_request(struct cancel *c, enum cancel_reason r)
{
    atomic_store_explicit(&c->reason, (int)r, memory_order_release);
}
static inline bool
cancel_requested(const struct cancel *c)
{
    return c != NULL && atomic_load_explicit(&((struct cancel *)(uintptr_t)c)->reason,
                                             memory_order_relaxed) != CANCEL_NONE;
}
/* NULL, or 57014 "query execution canceled[ due to statement timeout]", or 57P01. c may be NULL. */
struct error *cancel_check(const struct cancel *c) ERR_MUST_USE;

/* A pool of worker threads with a bounded queue; submit blocks when the queue is full. */
struct pool;
struct pool *pool_create(const char *name, int threads, int queue_max);
void pool_submit(struct pool *p, void (*fn)(void *arg), void *arg);
void pool_destroy(struct pool *p); /* runs what is queued, joins the threads */

/* A thread with a name and a stack of 64 MiB of addresses, of which memory is what was used: joinable, or
 * detached when out is NULL. */
struct error *thread_start(pthread_t *out, const char *name, void *(*fn)(void *), void *arg)
    ERR_MUST_USE;
/* The calling thread works in the background: those that somebody waits for go first. */
void thread_give_way(void);

#endif
