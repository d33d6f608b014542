/* executor/relational/window_int.h - one call of a window function over the rows of its partitions.
 *
 * The operator (window.c) gives the rows of a partition in the order of the window, each with the values of
 * the call's ORDER BY and arguments; what belongs to the frame of a row and what the call gives for it is
 * window_frame.c's. How many rows have to be at hand for that is the call's manner:
 *
 *   RUNNING  row_number() and the like, aggregates from the partition's begin to the row at work, its last
 *            peer or the partition's end: a state; rows that share a result wait in `held`, which spills
 *   NEAR     ROWS frames and lag() or lead() whose reach is known and short: the rows within it
 *   WHOLE    all else: of all rows of the partition what ORDER BY and arguments need; the rows wait in `held`
 */
#ifndef AMBERDB_EXECUTOR_RELATIONAL_WINDOW_INT_H
#define AMBERDB_EXECUTOR_RELATIONAL_WINDOW_INT_H

#include "executor/relational/rel_int.h"
#include "planner/aggregate.h"

enum win_manner { WIN_RUNNING, WIN_NEAR, WIN_WHOLE };

struct win_row {
    struct datum *row;           /* NEAR: its columns; else NULL */
    struct datum *order;         /* values of the call's ORDER BY */
    struct datum *args;          /* of its arguments; behind them that of FILTER */
};

/* The rows of an aggregate's frame that are in its state. */
struct win_state {
    void *state;                 /* NULL: none yet */
    struct arena *arena;
    int64_t from, to;
    int64_t *best;               /* min, max of a frame that moves: rows that can still be it, best first */
    int64_t best_at, n_best, cap_best;
};

struct win_frames {
    const struct window_call *call;
    struct exec_state *st;
    struct eval_env env;         /* arena: values of one row, and what lives no longer */
    enum win_manner manner;
    int64_t before, after;       /* NEAR: rows that a row looks back and ahead at most */
    int64_t start_off, end_off;  /* of the frame, in ROWS and GROUPS */
    struct datum start_val, end_val; /* in RANGE */
    int n_args;

    /* the partition: rows [first, n) are at hand, as rows[i - first] */
    struct win_row *rows;
    int64_t first, n;
    int64_t *peer_start, *peer_end, *group; /* WHOLE: by row */
    int64_t *group_first;        /* first row of each group; n_groups + 1 entries */
    int64_t n_groups;

    struct win_state agg;
    void *fn_state;              /* of call->def */
};

/* Evaluates the frame's offsets and finds the manner. arena: lives as long as f. */
struct error *win_frames_init(struct win_frames *f, const struct window_call *c, struct exec_state *st,
                              struct eval_env env, struct arena *arena) ERR_MUST_USE;
/* A partition begins; no rows are at hand. */
void win_frames_begin(struct win_frames *f);
/* WHOLE: all rows are there. The arrays that it needs are allocated in a. */
void win_frames_peers(struct win_frames *f, struct arena *a);
/* What the call gives for the row; valid until the next one. */
struct error *win_frames_eval(struct win_frames *f, int64_t row, struct datum *out) ERR_MUST_USE;

/* RUNNING, aggregates: a row more; the result for all so far. */
struct error *win_running_add(struct win_frames *f, const struct datum *args) ERR_MUST_USE;
struct error *win_running_result(struct win_frames *f, struct datum *out) ERR_MUST_USE;
/* RUNNING, functions: of the row that follows `at` others; peer_start and group are its peers'. */
struct error *win_running_eval(struct win_frames *f, int64_t at, int64_t peer_start, int64_t group,
                               const struct datum *args, struct datum *out) ERR_MUST_USE;

int win_compare_order(const struct window_call *c, const struct datum *a, const struct datum *b);

#endif
