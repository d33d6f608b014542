/* base/clock.h - wall clock and hybrid logical clock.
 *
 * Every version in the store carries a struct hlc: nanoseconds since 1970-01-01 UTC and a logical
 * tie breaker. The order is by wall, then logical. {0,0} is "no time".
 */
#ifndef AMBERDB_BASE_CLOCK_H
#define AMBERDB_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct hlc {
    int64_t wall;    /* ns since the Unix epoch */
    int32_t logical; /* >= 0 */
};

#define HLC_MIN ((struct hlc){0, 0})
#define HLC_MAX ((struct hlc){INT64_MAX, INT32_MAX})

static inline int
hlc_cmp(struct hlc a, struct hlc b)
{
    if (a.wall != b.wall)
        return a.wall < b.wall ? -1 : 1;
    return (a.logical > b.logical) - (a.logical < b.logical);
}

static inline bool
hlc_is_empty(struct hlc t)
{
    return t.wall == 0 && t.logical == 0;
}

struct hlc hlc_next(struct hlc t); /* the smallest time after t */
struct hlc hlc_prev(struct hlc t); /* the largest time before t; t is not empty */

/* Room for any printed time. */
#define HLC_STR_MAX 48
void hlc_format_decimal(struct hlc t, char out[HLC_STR_MAX]); /* wall.logical, logical 10 digits */
void hlc_format_error(struct hlc t, char out[HLC_STR_MAX]);   /* seconds.9digits,logical */

/* A clock: thread safe, strictly increasing. now never runs behind a time given to update. */
struct clock;
struct clock *clock_create(void);
struct clock *clock_create_manual(struct hlc start); /* for tests: stands still but for logical */
void clock_manual_set(struct clock *c, int64_t wall_ns);
void clock_destroy(struct clock *c);
struct hlc clock_now(struct clock *c);
void clock_update(struct clock *c, struct hlc seen);

int64_t wall_now_ns(void);      /* CLOCK_REALTIME */
int64_t monotonic_now_ns(void); /* CLOCK_MONOTONIC */

/* unique_rowid: (10 us ticks since 2015-01-01 UTC << 15) XOR node_id, strictly increasing in this
 * process. SOURCE: CockroachDB v20.1 pkg/sql/sem/builtins GenerateUniqueInt. */
int64_t unique_int(uint32_t node_id);

#endif
