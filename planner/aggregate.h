/* planner/aggregate.h - aggregate and window functions: what exists, typed calls, accumulators.
 *
 * Typing (type_agg.c) turns `sum(x) FILTER (WHERE c)` into a struct agg_call in the type_ctx's
 * agg_list and leaves EXPR_AGGREGATE (index into the list) in its place; `f(x) OVER (...)` becomes a
 * struct window_call and EXPR_WINDOW. Equal calls share one entry. The operators run them:
 *
 *     agg_state_init(call, state)                      state: call->def->state_size zeroed bytes
 *     agg_add(&ctx, call, state, args)                 for each row that FILTER lets through
 *     agg_result(&ctx, call, state, &datum)
 *
 * DISTINCT, FILTER and ORDER BY are the operator's: it calls add for the rows that count, in order.
 * NULL arguments: add knows which calls skip them (agg_add does it).
 *
 * Frames that move: agg_remove takes a row back that was added first of those that are in the state, where
 * that is exact; FLOAT sums are not, they are added up anew.
 *
 * Spilling: agg_export writes a state as n_partial datums of the types agg_partial_types gives, and
 * agg_merge adds such a row to a state. Merging keeps order: other's rows come after state's.
 *
 * Ownership: what a state grows lives in ctx->arena (the group's); results in ctx->env->arena or the
 * group's arena. Errors: those of the arithmetic; "sum(): " style prefixes are put here.
 */
#ifndef AMBERDB_PLANNER_AGGREGATE_H
#define AMBERDB_PLANNER_AGGREGATE_H

#include "planner/expr.h"

/* ---- aggregates ------------------------------------------------------------------------------- */

struct agg_ctx {
    struct arena *arena;        /* state memory */
    const struct eval_env *env;
};

struct agg_call;

#define AGG_MAX_PARTIAL 6

struct agg_def {
    const char *name;
    const struct type *args[4];  /* NULL ends; TYPE_ANY takes anything; none: count(*), count_rows */
    const struct type *ret;      /* NULL: type of the first argument, or its array (array_agg) */
    bool ret_array;
    bool takes_null;             /* add is called for NULL in the first argument too */
    bool ordered;                /* result depends on the order of rows */
    bool distinct_free;          /* DISTINCT changes nothing: min, max, bool_and, ... */
    size_t state_size;           /* zeroed bytes are the empty state */
    int n_partial;
    struct error *(*add)(const struct agg_ctx *x, const struct agg_call *c, void *state,
                         const struct datum *args);
    struct error *(*result)(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                            struct datum *out);
    /* n_partial datums; merge gets what export gave. */
    struct error *(*export)(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                            struct datum *out);
    struct error *(*merge)(const struct agg_ctx *x, const struct agg_call *c, void *state,
                           const struct datum *partial);
    void (*partial_types)(struct arena *a, const struct agg_call *c, const struct type **out);
    /* NULL: never. False: not this one, and the state is of no more use. */
    bool (*remove)(const struct agg_ctx *x, const struct agg_call *c, void *state, const struct datum *args);
};

struct agg_order {
    struct expr *expr;
    bool desc;
};

/* One aggregate call: expressions over the input of the GROUP. The planner may rewrite args,
 * filter and order to columns. */
struct agg_call {
    const struct agg_def *def;
    int n_args;
    struct expr **args;
    const struct type *const *arg_types;
    const struct type *type;
    bool distinct;
    struct expr *filter;         /* BOOL; NULL */
    int n_order;
    struct agg_order *order;
};

struct agg_list {
    int n, cap;
    struct agg_call **v;
};

extern const struct agg_def agg_defs[];
extern const size_t n_agg_defs;
bool agg_exists(const char *name); /* an aggregate of that name */

/* One-row evaluation; every one of them below may fail with arithmetic errors, prefixed by name. */
struct error *agg_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                      const struct datum *args) ERR_MUST_USE;
struct error *agg_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                         struct datum *out) ERR_MUST_USE;
/* Takes back what agg_add added; false: that cannot be, and the state is of no more use. */
bool agg_remove(const struct agg_ctx *x, const struct agg_call *c, void *state, const struct datum *args);
/* The n_partial types of exported states. */
void agg_partial_types(struct arena *a, const struct agg_call *c, const struct type **out);
struct error *agg_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                         struct datum *out) ERR_MUST_USE;
struct error *agg_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                        const struct datum *partial) ERR_MUST_USE;

/* For planners: a call over typed arguments without modifiers (fingerprints, count_rows). */
struct error *agg_call_make(struct arena *a, const char *name, int n, struct expr *const *args,
                            struct agg_call **out) ERR_MUST_USE;
bool agg_call_equal(const struct agg_call *a, const struct agg_call *b);

/* ---- windows ---------------------------------------------------------------------------------- */

struct window_bound {
    enum ast_bound_kind kind;
    struct expr *offset;          /* without columns; INT, or for RANGE a value to add to the order
                                   * column (INTERVAL for date and time) */
};

struct window_frame {
    enum ast_frame_mode mode;
    struct window_bound start, end;
    enum ast_frame_exclusion exclusion;
    bool is_default;              /* RANGE UNBOUNDED PRECEDING .. CURRENT ROW, nothing excluded */
    /* RANGE with offsets: order column + offset, order column - offset (kind EXPR_CALL over two
     * parameters: column 0 = the order value, column 1 = the offset); NULL otherwise. */
    struct expr *range_add, *range_sub;
};

struct window_call {
    const struct window_def *def; /* or */
    struct agg_call *agg;         /* an aggregate used as a window function (its filter applies) */
    int n_args;
    struct expr **args;           /* of def; for agg see agg->args */
    const struct type *const *arg_types;
    const struct type *type;
    int n_partition;
    struct expr **partition;
    int n_order;
    struct agg_order *order;
    struct window_frame frame;
};

struct window_list {
    int n, cap;
    struct window_call **v;
    const struct ast_windows *named; /* the WINDOW clause of the query; NULL none */
};

/* What a window function sees of its partition: set by the operator for each row. Positions are 0-based
 * in the order of the window. */
struct window_row {
    int64_t n_rows;               /* of the partition */
    int64_t row;
    int64_t peer_start, peer_end; /* rows [start, end) that tie with this one */
    int64_t peer_group;           /* 0-based number of this peer group */
    int64_t frame_start, frame_end;  /* [start, end) before exclusion; start may be >= end: empty */
    int64_t exclude_start, exclude_end; /* [start, end) left out, but for `keep`; empty: 0, 0 */
    int64_t keep;                 /* EXCLUDE TIES: this row stays; -1 none */
    /* Argument `arg` of the call evaluated in another row of the partition; valid for this row. */
    struct error *(*value)(void *p, int64_t row, int arg, struct datum *out);
    void *p;
};

struct window_def {
    const char *name;
    const struct type *args[4];   /* TYPE_ANY: anything */
    const struct type *ret;       /* NULL: type of the first argument */
    bool uses_frame;
    bool running;                 /* row, peer_start and peer_group are all that it looks at */
    bool shifts;                  /* row, n_rows and the row that is its second argument (1) away */
    /* args: this row's. state: state_size bytes, zeroed at the start of each partition. */
    size_t state_size;
    struct error *(*eval)(const struct eval_env *env, const struct window_call *c,
                          const struct window_row *w, void *state, const struct datum *args,
                          struct datum *out);
};

extern const struct window_def window_defs[];
extern const size_t n_window_defs;
bool window_exists(const char *name);

/* Name-prefixed. */
struct error *window_eval(const struct eval_env *env, const struct window_call *c,
                          const struct window_row *w, void *state, const struct datum *args,
                          struct datum *out) ERR_MUST_USE;

/* ---- typing of calls (type_agg.c), called by type_expr ------------------------------------------ */

struct error *type_aggregate(struct type_ctx *c, const struct ast_expr *e, const char *name,
                             const struct type *desired, struct expr **out) ERR_MUST_USE;
struct error *type_window(struct type_ctx *c, const struct ast_expr *e, const char *name,
                          const struct type *desired, struct expr **out) ERR_MUST_USE;

#endif
