#include "config.h"

#include "executor/relational/rel_int.h"
#include "planner/aggregate.h"

#include <stdlib.h>

/* Window functions. The calls are run one after the other; for each the rows are sorted by partition and
 * order (external sort), then a partition at a time is held in memory and evaluated. The rows of the
 * output: input columns, then one column per call; the order of the last call's sort. */

struct win_row {
    struct datum *v;             /* the row, with results so far */
    struct datum *args;          /* of the call at hand */
    struct datum *order;         /* its order values */
};

struct window_op {
    struct op op;
    const struct plan_window *plan;
    int n_in, n_all;             /* columns: input; with results */
    const struct type *const *types;
    struct row_store *rows;      /* what the next call reads; finally the output */
    struct row_reader *reader;
    bool ran;
    struct arena *part_arena;
    struct win_row *part;
    int64_t n_part, cap_part;
};

static struct error *
window_open(struct op *o)
{
    struct window_op *w = (struct window_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    w->n_in = o->node->children[0]->n_cols;
    w->n_all = o->node->n_cols;
    w->types = plan_types(o->arena, o->node);
    w->part_arena = arena_create(o->arena, "partition");
    w->part = NULL;
    w->n_part = w->cap_part = 0;
    w->ran = false;
    w->reader = NULL;
    return op_open(o->children[0]);
}

/* ---- frames --------------------------------------------------------------------------------- */

struct frame_ctx {
    struct window_op *w;
    const struct window_call *c;
    struct eval_env env;
    int64_t n;
    int64_t start_off, end_off;       /* ROWS, GROUPS */
    struct datum start_val, end_val;  /* RANGE */
    int64_t *peer_start, *peer_end, *group; /* by row */
    int64_t *group_first;             /* first row of each group; n_groups + 1 entries */
    int64_t n_groups;
    int n_args;
};

static int
compare_order(const struct window_call *c, const struct win_row *a, const struct win_row *b)
{
    for (int i = 0; i < c->n_order; i++) {
        int r = datum_compare(c->order[i].expr->type, &a->order[i], &b->order[i]);
        if (r != 0)
            return c->order[i].desc ? -r : r;
    }
    return 0;
}

static void
find_peers(struct frame_ctx *f)
{
    struct arena *a = f->w->part_arena;

    f->peer_start = ARENA_ARRAY(a, int64_t, (size_t)f->n + 1);
    f->peer_end = ARENA_ARRAY(a, int64_t, (size_t)f->n + 1);
    f->group = ARENA_ARRAY(a, int64_t, (size_t)f->n + 1);
    f->group_first = ARENA_ARRAY(a, int64_t, (size_t)f->n + 2);
    for (int64_t i = 0; i < f->n;) {
        int64_t e = i + 1;
        while (e < f->n && compare_order(f->c, &f->w->part[i], &f->w->part[e]) == 0)
            e++;
        for (int64_t k = i; k < e; k++) {
            f->peer_start[k] = i;
            f->peer_end[k] = e;
            f->group[k] = f->n_groups;
        }
        f->group_first[f->n_groups++] = i;
        i = e;
    }
    f->group_first[f->n_groups] = f->n;
}

static struct error *
offset_error(bool start, bool null)
{
    return null ? err_new(ERR_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null",
                          start ? "starting" : "ending")
                : err_new(ERR_INVALID_WINDOW_FRAME_OFFSET, "frame %s offset must not be negative",
                          start ? "starting" : "ending");
}

static bool
is_negative(const struct type *t, const struct datum *d, struct arena *a)
{
    struct datum zero = {0};

    switch ((int)t->family) {
    case FAMILY_INT:
        return d->i < 0;
    case FAMILY_FLOAT:
        return d->f < 0;
    case FAMILY_INTERVAL: {
        struct interval *iv = ARENA_NEW(a, struct interval);
        zero.iv = iv;
        return datum_compare(t, d, &zero) < 0;
    }
    case FAMILY_DECIMAL: {
        struct datum i = datum_int(0);
        return datum_compare_mixed(t, d, &TYPE_INT8, &i, NULL) < 0;
    }
    default:
        return false;
    }
}

static struct error *
eval_offset(struct frame_ctx *f, const struct window_bound *b, bool start, int64_t *n,
            struct datum *v)
{
    if (b->offset == NULL)
        return NULL;
    ERR_TRY(expr_eval(b->offset, &f->env, f->w->op.st, NULL, v));
    if (v->null)
        return offset_error(start, true);
    if (is_negative(b->offset->type, v, f->w->part_arena))
        return offset_error(start, false);
    *v = datum_copy(f->w->op.arena, b->offset->type, v);
    *n = b->offset->type->family == FAMILY_INT ? v->i : 0;
    return NULL;
}

static int64_t
clamp(int64_t v, int64_t n)
{
    return v < 0 ? 0 : v > n ? n : v;
}

static int64_t
add_clamped(int64_t a, int64_t b, int64_t n)
{
    int64_t r;

    if (__builtin_add_overflow(a, b, &r))
        return b > 0 ? n : 0;
    return clamp(r, n);
}

/* RANGE with an offset: the first row whose order value is not before (for a start) or is after (for an
 * end) the bound. */
static struct error *
range_bound(struct frame_ctx *f, int64_t row, const struct window_bound *b, const struct datum *off,
            bool is_end, int64_t *out)
{
    const struct window_call *c = f->c;
    const struct win_row *at = &f->w->part[row];
    const struct type *t = c->order[0].expr->type;
    bool preceding = b->kind == AST_BOUND_PRECEDING, desc = c->order[0].desc;

    if (at->order[0].null) {
        *out = is_end ? f->peer_end[row] : f->peer_start[row];
        return NULL;
    }
    /* Preceding in a descending order means larger values. */
    struct expr *e = preceding != desc ? c->frame.range_sub : c->frame.range_add;
    struct datum in[2] = {at->order[0], *off}, bound;
    if (e == NULL)
        return err_new(ERR_INTERNAL, "a RANGE frame has no arithmetic");
    ERR_TRY(expr_eval(e, &f->env, f->w->op.st, in, &bound));
    const struct type *bt = e->type;
    int64_t lo = 0, hi = f->n;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        const struct datum *v = &f->w->part[mid].order[0];
        int cmp;
        if (v->null)
            cmp = desc ? 1 : -1;
        else
            cmp = type_equivalent(t, bt) ? datum_compare(t, v, &bound)
                                         : datum_compare_mixed(t, v, bt, &bound, &f->env);
        if (desc && !v->null)
            cmp = -cmp;
        /* start: rows with cmp < 0 are outside; end: rows with cmp <= 0 are inside */
        if (is_end ? cmp <= 0 : cmp < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *out = lo;
    return NULL;
}

static struct error *
one_bound(struct frame_ctx *f, int64_t row, const struct window_bound *b, bool is_end,
          int64_t *out)
{
    const struct window_frame *fr = &f->c->frame;
    int64_t off = is_end ? f->end_off : f->start_off;

    switch (b->kind) {
    case AST_BOUND_UNBOUNDED_PRECEDING:
        *out = 0;
        return NULL;
    case AST_BOUND_UNBOUNDED_FOLLOWING:
        *out = f->n;
        return NULL;
    case AST_BOUND_CURRENT_ROW:
        if (fr->mode == AST_FRAME_ROWS)
            *out = is_end ? row + 1 : row;
        else
            *out = is_end ? f->peer_end[row] : f->peer_start[row];
        return NULL;
    case AST_BOUND_PRECEDING:
    case AST_BOUND_FOLLOWING:
        break;
    }
    if (b->kind == AST_BOUND_PRECEDING)
        off = -off;
    if (fr->mode == AST_FRAME_ROWS) {
        *out = add_clamped(is_end ? row + 1 : row, off, f->n);
        return NULL;
    }
    if (fr->mode == AST_FRAME_RANGE)
        return range_bound(f, row, b, is_end ? &f->end_val : &f->start_val, is_end, out);
    int64_t g = f->group[row];
    int64_t want;
    if (__builtin_add_overflow(g, off, &want))
        want = off > 0 ? f->n_groups : -1;
    if (is_end)
        *out = want < 0 ? 0 : want >= f->n_groups ? f->n : f->group_first[want + 1];
    else
        *out = want < 0 ? 0 : want >= f->n_groups ? f->n : f->group_first[want];
    return NULL;
}

static struct error *
arg_value(void *p, int64_t row, int arg, struct datum *out)
{
    struct window_op *w = p;

    *out = w->part[row].args[arg];
    return NULL;
}

static struct error *
frame_of(struct frame_ctx *f, int64_t row, struct window_row *w)
{
    const struct window_frame *fr = &f->c->frame;

    memset(w, 0, sizeof(*w));
    w->n_rows = f->n;
    w->row = row;
    w->peer_start = f->peer_start[row];
    w->peer_end = f->peer_end[row];
    w->peer_group = f->group[row];
    w->keep = -1;
    w->value = arg_value;
    w->p = f->w;
    ERR_TRY(one_bound(f, row, &fr->start, false, &w->frame_start));
    ERR_TRY(one_bound(f, row, &fr->end, true, &w->frame_end));
    switch (fr->exclusion) {
    case AST_EXCLUDE_NONE:
        break;
    case AST_EXCLUDE_CURRENT_ROW:
        w->exclude_start = row;
        w->exclude_end = row + 1;
        break;
    case AST_EXCLUDE_TIES:
        w->keep = row;
        /* fall through */
    case AST_EXCLUDE_GROUP:
        w->exclude_start = w->peer_start;
        w->exclude_end = w->peer_end;
        break;
    }
    return NULL;
}

/* ---- aggregates over frames ----------------------------------------------------------------- */

struct agg_run {
    void *state;
    struct arena *arena;
    int64_t from, to;         /* rows that are in the state */
};

static struct error *
add_row(struct frame_ctx *f, struct agg_run *r, int64_t row)
{
    const struct agg_call *a = f->c->agg;
    struct agg_ctx ctx = {.arena = r->arena, .env = &f->env};
    const struct datum *args = f->w->part[row].args;

    /* Behind the arguments: the filter. */
    if (a->filter != NULL && (args[f->n_args].null || !args[f->n_args].i))
        return NULL;
    return agg_add(&ctx, a, r->state, args);
}

static struct error *
aggregate_row(struct frame_ctx *f, struct agg_run *r, const struct window_row *w,
              struct datum *out)
{
    const struct agg_call *a = f->c->agg;
    bool excludes = w->exclude_start < w->exclude_end;

    /* A frame that only grows at its end goes on from the state before. */
    if (r->state == NULL || excludes || w->frame_start != r->from || w->frame_end < r->to) {
        arena_reset(r->arena);
        r->state = arena_zalloc(r->arena, a->def->state_size + 8);
        r->from = r->to = w->frame_start;
    }
    for (int64_t i = r->to; i < w->frame_end; i++) {
        if (excludes && i >= w->exclude_start && i < w->exclude_end && i != w->keep)
            continue;
        ERR_TRY(add_row(f, r, i));
    }
    if (w->frame_end > r->to)
        r->to = w->frame_end;
    struct agg_ctx ctx = {.arena = r->arena, .env = &f->env};
    ERR_TRY(agg_result(&ctx, a, r->state, out));
    if (excludes)
        r->state = NULL;
    return NULL;
}

/* ---- one partition -------------------------------------------------------------------------- */

static struct error *
eval_partition(struct window_op *w, const struct window_call *c, int result_col,
               struct row_store *to)
{
    struct frame_ctx f = {.w = w, .c = c, .env = w->op.x->env, .n = w->n_part};
    struct agg_run run = {.arena = arena_create(w->part_arena, "aggregate")};
    void *state = c->def != NULL ? arena_zalloc(w->part_arena, c->def->state_size + 8) : NULL;

    f.env.arena = w->part_arena;
    f.n_args = c->agg != NULL ? c->agg->n_args : c->n_args;
    find_peers(&f);
    ERR_TRY(eval_offset(&f, &c->frame.start, true, &f.start_off, &f.start_val));
    ERR_TRY(eval_offset(&f, &c->frame.end, false, &f.end_off, &f.end_val));
    for (int64_t i = 0; i < f.n; i++) {
        struct window_row row;
        struct datum *out = &w->part[i].v[result_col];
        if ((i & 1023) == 1023)
            ERR_TRY(cancel_check(w->op.x->cancel));
        ERR_TRY(frame_of(&f, i, &row));
        if (c->agg != NULL) {
            ERR_TRY(aggregate_row(&f, &run, &row, out));
            *out = datum_copy(w->part_arena, c->type, out);
        } else {
            ERR_TRY(window_eval(&f.env, c, &row, state, w->part[i].args, out));
        }
        ERR_TRY(row_store_add(to, w->part[i].v));
    }
    return NULL;
}

static void
partition_add(struct window_op *w, const struct datum *row, int n_row, const struct datum *extra,
              const struct type *const *extra_types, int n_extra, int n_order)
{
    if (w->n_part == w->cap_part) {
        int64_t cap = w->cap_part == 0 ? 256 : w->cap_part * 2;
        w->part = arena_realloc(w->part_arena, w->part, (size_t)w->cap_part * sizeof(w->part[0]),
                                (size_t)cap * sizeof(w->part[0]));
        w->cap_part = cap;
    }
    struct win_row *r = &w->part[w->n_part++];
    r->v = ARENA_ARRAY(w->part_arena, struct datum, (size_t)w->n_all + 1);
    for (int i = 0; i < w->n_all; i++)
        r->v[i] = i < n_row ? datum_copy(w->part_arena, w->types[i], &row[i]) : DATUM_NULL;
    struct datum *e = ARENA_ARRAY(w->part_arena, struct datum, (size_t)n_extra + 1);
    for (int i = 0; i < n_extra; i++)
        e[i] = datum_copy(w->part_arena, extra_types[i], &extra[i]);
    r->order = e;
    r->args = e + n_order;
}

static void
partition_clear(struct window_op *w)
{
    arena_reset(w->part_arena);
    w->part = NULL;
    w->n_part = w->cap_part = 0;
}

/* One call over all rows: sorted rows are row, partition values, order values, arguments, filter. */
static struct error *
run_call(struct window_op *w, const struct window_call *c, int done, struct row_store *from,
         struct row_store **out)
{
    struct op *o = &w->op;
    int n_row = w->n_in + done;
    int n_args = c->agg != NULL ? c->agg->n_args : c->n_args;
    struct expr *const *args = c->agg != NULL ? c->agg->args : c->args;
    bool filter = c->agg != NULL && c->agg->filter != NULL;
    int n = n_row + c->n_partition + c->n_order + n_args + filter, at = n_row;
    const struct type **types = ARENA_ARRAY(o->arena, const struct type *, (size_t)n + 1);
    struct plan_order *keys = ARENA_ARRAY(o->arena, struct plan_order, (size_t)n + 1);
    struct expr **exprs = ARENA_ARRAY(o->arena, struct expr *, (size_t)n + 1);
    int n_keys = 0;

    for (int i = 0; i < n_row; i++)
        types[i] = w->types[i];
    for (int i = 0; i < c->n_partition; i++, at++) {
        exprs[at] = c->partition[i];
        keys[n_keys++] = (struct plan_order){.column = at};
    }
    for (int i = 0; i < c->n_order; i++, at++) {
        exprs[at] = c->order[i].expr;
        keys[n_keys++] = (struct plan_order){.column = at, .desc = c->order[i].desc};
    }
    for (int i = 0; i < n_args; i++, at++)
        exprs[at] = args[i];
    if (filter)
        exprs[at] = c->agg->filter;
    for (int i = n_row; i < n; i++)
        types[i] = exprs[i]->type;
    struct row_sorter *s = row_sorter_create(o->x, o->arena, n, types, n_keys, keys, -1);
    struct row_reader *r = row_reader_open(from, o->arena);
    struct datum *row = ARENA_ARRAY(o->arena, struct datum, (size_t)n + 1);
    for (;;) {
        bool more;
        arena_reset(o->batch_arena);
        struct eval_env env = op_env(o);
        ERR_TRY(row_reader_next(r, row, &more));
        if (!more)
            break;
        for (int i = n_row; i < n; i++)
            ERR_TRY(expr_eval(exprs[i], &env, o->st, row, &row[i]));
        ERR_TRY(row_sorter_add(s, row));
    }
    row_store_close(from);
    ERR_TRY(row_sorter_finish(s));
    *out = row_store_create(o->x, o->arena, n_row + 1, w->types, 0);
    partition_clear(w);
    int order_at = n_row + c->n_partition;
    struct datum *last = ARENA_ARRAY(o->arena, struct datum, (size_t)c->n_partition + 1);
    for (;;) {
        const struct datum *v;
        ERR_TRY(row_sorter_next(s, &v));
        bool same = v != NULL && w->n_part > 0 &&
                    row_key_equal(last, v + n_row, c->n_partition, types + n_row);
        if (w->n_part > 0 && !same) {
            ERR_TRY(eval_partition(w, c, n_row, *out));
            partition_clear(w);
        }
        if (v == NULL)
            break;
        if (!same)
            for (int i = 0; i < c->n_partition; i++)
                last[i] = datum_copy(w->part_arena, types[n_row + i], &v[n_row + i]);
        partition_add(w, v, n_row, v + order_at, types + order_at, n - order_at, c->n_order);
    }
    row_sorter_close(s);
    return NULL;
}

static struct error *
run_all(struct window_op *w)
{
    struct op *o = &w->op;
    struct row_store *rows = row_store_create(o->x, o->arena, w->n_in, w->types, 0);

    for (;;) {
        struct batch *in;
        ERR_TRY(op_next(o->children[0], &in));
        if (in->n == 0)
            break;
        ERR_TRY(row_store_add_batch(rows, in));
    }
    op_close(o->children[0]);
    for (int i = 0; i < w->plan->n; i++)
        ERR_TRY(run_call(w, w->plan->calls[i], i, rows, &rows));
    w->rows = rows;
    w->reader = row_reader_open(rows, o->arena);
    return NULL;
}

static struct error *
window_next(struct op *o, struct batch **out)
{
    struct window_op *w = (struct window_op *)o;

    *out = &o->batch;
    if (!w->ran) {
        w->ran = true;
        ERR_TRY(run_all(w));
    }
    return row_reader_batch(w->reader, &o->batch);
}

static const struct op_vt window_vt = {
    .name = "window", .open = window_open, .next = window_next};

struct error *
make_window(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    ERR_TRY(op_new(x, st, n, &window_vt, sizeof(struct window_op), out));
    ((struct window_op *)*out)->plan = (const struct plan_window *)n;
    return NULL;
}
