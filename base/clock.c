/* base/clock.c - the hybrid logical clock, and unique ids. See clock.h. */
#include "config.h"

#include "base/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/thread.h"

#define NS_PER_S INT64_C(1000000000)

struct hlc
hlc_next(struct hlc t)
{
    if (t.logical == INT32_MAX)
        return (struct hlc){t.wall + 1, 0};
    return (struct hlc){t.wall, t.logical + 1};
}

struct hlc
hlc_prev(struct hlc t)
{
    if (t.logical > 0)
        return (struct hlc){t.wall, t.logical - 1};
    VERIFY(t.wall > 0);
    return (struct hlc){t.wall - 1, INT32_MAX};
}

void
hlc_format_decimal(struct hlc t, char out[HLC_STR_MAX])
{
    snprintf(out, HLC_STR_MAX, "%" PRId64 ".%010" PRId32, t.wall, t.logical);
}

void
hlc_format_error(struct hlc t, char out[HLC_STR_MAX])
{
    int64_t ns = t.wall % NS_PER_S;
    snprintf(out, HLC_STR_MAX, "%" PRId64 ".%09" PRId64 ",%" PRId32, t.wall / NS_PER_S,
             ns < 0 ? -ns : ns, t.logical);
}

static int64_t
read_clock(clockid_t id)
{
    struct timespec ts;
    VERIFY(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t
wall_now_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t
monotonic_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

struct clock {
    struct mutex lock;
    struct hlc last;     /* guarded by lock: the newest time given or seen */
    bool manual;
    int64_t manual_wall; /* guarded by lock */
};

struct clock *
clock_create(void)
{
    struct clock *c = xcalloc(1, sizeof(*c));
    mutex_init(&c->lock, RANK_LEAF);
    return c;
}

struct clock *
clock_create_manual(struct hlc start)
{
    struct clock *c = clock_create();
    c->manual = true;
    c->manual_wall = start.wall;
    c->last = start;
    return c;
}

void
clock_manual_set(struct clock *c, int64_t wall_ns)
{
    mutex_lock(&c->lock);
    c->manual_wall = wall_ns;
    mutex_unlock(&c->lock);
}

void
clock_destroy(struct clock *c)
{
    if (c == NULL)
        return;
    mutex_destroy(&c->lock);
    xfree(c);
}

struct hlc
clock_now(struct clock *c)
{
    mutex_lock(&c->lock);
    int64_t wall = c->manual ? c->manual_wall : wall_now_ns();
    if (wall > c->last.wall)
        c->last = (struct hlc){wall, 0};
    else
        c->last = hlc_next(c->last);
    struct hlc now = c->last;
    mutex_unlock(&c->lock);
    return now;
}

void
clock_update(struct clock *c, struct hlc seen)
{
    mutex_lock(&c->lock);
    if (hlc_cmp(seen, c->last) > 0)
        c->last = seen;
    mutex_unlock(&c->lock);
}

/* 2015-01-01 UTC in ns. */
#define UNIQUE_INT_EPOCH_NS INT64_C(1420070400000000000)
#define UNIQUE_INT_TICK_NS INT64_C(10000)
#define UNIQUE_INT_NODE_BITS 15

int64_t
unique_int(uint32_t node_id)
{
    static _Atomic int64_t last; /* one stream of ids for the process, whoever asks */
    int64_t now = (wall_now_ns() - UNIQUE_INT_EPOCH_NS) / UNIQUE_INT_TICK_NS;
    int64_t was = atomic_load(&last);
    int64_t tick;
    do
        tick = now > was ? now : was + 1;
    while (!atomic_compare_exchange_weak(&last, &was, tick));
    return (int64_t)((uint64_t)tick << UNIQUE_INT_NODE_BITS) ^ (int64_t)node_id;
}
