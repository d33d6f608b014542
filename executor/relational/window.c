/* executor/relational/window.c - window functions.
 *
 * The calls are run one after the other; for each the rows are sorted by partition and order, unless they
 * come in that order from the call before, and get its result as a column more. Output: input columns, then
 * one column per call; the order of the last call's sort. Rows are kept in row_stores, which spill; what
 * else is held of a partition is told in window_int.h.
 */
#include "config.h"

#include "executor/relational/window_int.h"

struct window_op {
    struct op op;
    const struct plan_window *plan;
    int n_in;                    /* columns of the input */
    const struct type *const *types; /* with the results */
    struct call_run *last;       /* gives the output; NULL: not begun */
};

/* ---- rows that wait for their result: some in memory, then a file ---- */

struct held {
    struct arena *arena;         /* of the rows; reset when they are gone */
    struct datum **rows;
    int64_t n, cap;
    int64_t at;                  /* that have gone out */
    struct row_store *more;      /* NULL: none */
    struct row_reader *reader;
};

/* ---- one call ---- */

/* The rows that a call gets: of the operator below or the call before. */
struct input {
    struct op *child;
    struct batch *batch;
    int at;
    struct row_reader *reader;   /* NULL: the child */
    struct row_store *store;     /* the reader's */
};

struct call_run {
    struct window_op *w;
    const struct window_call *c;
    struct input in;
    struct win_frames f;
    int n_row;                   /* columns before this call's result */
    int n_args;                  /* with the filter */
    int n_all;                   /* of a sorted row: row, partition, order, arguments */
    const struct type **types;   /* of a sorted row */
    struct expr **exprs;         /* of its columns from n_row on */
    struct arena *expr_arena;    /* their values */
    struct datum *in_row;
    struct row_sorter *sorter;   /* NULL: the rows come in order */
    const struct datum *row;     /* in order, not yet dealt with; NULL: the next one is to be fetched */
    int64_t n_steps;
    bool ended;

    struct row_store *out;       /* NULL: the operator's batch */
    struct datum *out_row;
    struct arena *value_arena;   /* of one result */
    size_t limit;

    struct arena *part_arena[2]; /* rows at hand; NEAR changes between them to let go of old ones */
    int part_at;
    int64_t cap;                 /* of f.rows */
    int64_t next, next_end;      /* rows to be evaluated now */
    struct held held;
    bool flushing;               /* RUNNING: the held rows go out with `result` */
    struct datum result;

    struct arena *key_arena;
    struct datum *partition;     /* the partition at hand; in key_arena */
    bool in_partition;
    struct arena *peer_arena;
    struct datum *peer;          /* RUNNING: order values of the row before; in peer_arena */
    int64_t peer_start, group;
};

static struct error *
window_open(struct op *o)
{
    struct window_op *w = (struct window_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    w->n_in = o->node->children[0]->n_cols;
    w->types = plan_types(o->arena, o->node);
    w->last = NULL;
    return op_open(o->children[0]);
}

static struct datum *
copy_datums(struct arena *a, const struct datum *v, const struct type *const *types, int n)
{
    struct datum *copy = ARENA_ARRAY(a, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        copy[i] = datum_copy(a, types[i], &v[i]);
    return copy;
}

static struct error *
put(struct call_run *r, const struct datum *row, const struct datum *result)
{
    if (row != r->out_row)
        memcpy(r->out_row, row, (size_t)r->n_row * sizeof(*row));
    r->out_row[r->n_row] = *result;
    if (r->out != NULL)
        return row_store_add(r->out, r->out_row);
    op_put_row(&r->w->op, r->out_row);
    return NULL;
}

/* ---- held ---- */

static struct error *
held_add(struct call_run *r, const struct datum *row)
{
    struct held *h = &r->held;
    if (h->more != NULL)
        return row_store_add(h->more, row);
    if (arena_size(h->arena) > r->limit) {
        h->more = row_store_create(r->w->op.x, h->arena, r->n_row, r->w->types, r->limit);
        return row_store_add(h->more, row);
    }
    if (h->n == h->cap) {
        int64_t cap = h->cap == 0 ? 64 : h->cap * 2;
        h->rows = arena_realloc(h->arena, h->rows, (size_t)h->cap * sizeof(*h->rows),
                                (size_t)cap * sizeof(*h->rows));
        h->cap = cap;
    }
    h->rows[h->n++] = copy_datums(h->arena, row, r->w->types, r->n_row);
    return NULL;
}

/* The next one goes out. */
static struct error *
held_put(struct call_run *r, const struct datum *result)
{
    struct held *h = &r->held;
    if (h->at < h->n)
        return put(r, h->rows[h->at++], result);
    if (h->reader == NULL)
        h->reader = row_reader_open(h->more, h->arena);
    bool more;
    h->at++;
    ERR_TRY(row_reader_next(h->reader, r->out_row, &more));
    return more ? put(r, r->out_row, result) : err_new(ERR_INTERNAL, "a row of a partition is gone");
}

static int64_t
held_count(const struct held *h)
{
    return h->n + (h->more != NULL ? row_store_count(h->more) : 0);
}

static void
held_clear(struct held *h)
{
    arena_reset(h->arena);
    *h = (struct held){.arena = h->arena};
}

/* ---- RUNNING ---- */

/* The rows that share the result with those so far are complete, and go out. */
static struct error *
flush_begin(struct call_run *r)
{
    r->flushing = held_count(&r->held) > 0;
    if (!r->flushing)
        return NULL;
    arena_reset(r->value_arena);
    return win_running_result(&r->f, &r->result);
}

static struct error *
flush_step(struct call_run *r)
{
    ERR_TRY(held_put(r, &r->result));
    if (r->held.at == held_count(&r->held)) {
        held_clear(&r->held);
        r->flushing = false;
    }
    return NULL;
}

/* The row's peers are others than those of the row before; false: those before have to go out first. */
static struct error *
peers_change(struct call_run *r, const struct datum *order, bool *done)
{
    *done = true;
    if (r->f.n > 0 && win_compare_order(r->c, r->peer, order) == 0)
        return NULL;
    ERR_TRY(flush_begin(r));
    *done = !r->flushing;
    if (r->flushing)
        return NULL;
    r->group += r->f.n > 0;
    r->peer_start = r->f.n;
    arena_reset(r->peer_arena);
    r->peer = copy_datums(r->peer_arena, order, r->types + r->n_row + r->c->n_partition, r->c->n_order);
    return NULL;
}

static struct error *
running_row(struct call_run *r, const struct datum *row, const struct datum *order, const struct datum *args,
            bool *done)
{
    const struct window_frame *fr = &r->c->frame;
    bool aggregate = r->c->agg != NULL;
    bool all = aggregate && fr->end.kind == AST_BOUND_UNBOUNDED_FOLLOWING;
    bool each = !aggregate || (!all && fr->mode == AST_FRAME_ROWS);
    struct datum result;

    if (!all && !(aggregate && each))
        ERR_TRY(peers_change(r, order, done));
    if (!*done)
        return NULL;
    arena_reset(r->value_arena);
    int64_t at = r->f.n++;
    if (aggregate)
        ERR_TRY(win_running_add(&r->f, args));
    if (!each)
        return held_add(r, row);
    ERR_TRY(aggregate ? win_running_result(&r->f, &result)
                      : win_running_eval(&r->f, at, r->peer_start, r->group, args, &result));
    return put(r, row, &result);
}

/* ---- NEAR, WHOLE ---- */

static void
part_row_copy(struct call_run *r, struct arena *a, struct win_row *to, const struct datum *row,
              const struct datum *order, const struct datum *args)
{
    const struct type *const *types = r->types + r->n_row + r->c->n_partition;
    to->row = row == NULL ? NULL : copy_datums(a, row, r->w->types, r->n_row);
    to->order = copy_datums(a, order, types, r->c->n_order);
    to->args = copy_datums(a, args, types + r->c->n_order, r->n_args);
}

/* Forget the rows that no row to come looks at. */
static void
part_let_go(struct call_run *r)
{
    struct win_frames *f = &r->f;
    int64_t keep = r->next - f->before;
    if (keep - f->first < 1024 || keep - f->first < f->n - keep)
        return;
    struct arena *a = r->part_arena[r->part_at = 1 - r->part_at];
    int64_t n = f->n - keep;
    struct win_row *rows = ARENA_ARRAY(a, struct win_row, (size_t)n + 1);
    for (int64_t i = 0; i < n; i++) {
        const struct win_row *from = &f->rows[keep - f->first + i];
        part_row_copy(r, a, &rows[i], from->row, from->order, from->args);
    }
    arena_reset(r->part_arena[1 - r->part_at]);
    f->rows = rows;
    f->first = keep;
    r->cap = n;
}

/* The result for the next row. */
static struct error *
part_step(struct call_run *r)
{
    struct datum result;
    arena_reset(r->value_arena);
    ERR_TRY(win_frames_eval(&r->f, r->next, &result));
    if (r->f.manner == WIN_NEAR)
        ERR_TRY(put(r, r->f.rows[r->next - r->f.first].row, &result));
    else
        ERR_TRY(held_put(r, &result));
    if (++r->next < r->next_end)
        return NULL;
    if (r->f.manner == WIN_NEAR)
        part_let_go(r);
    else
        held_clear(&r->held);
    return NULL;
}

static struct error *
part_row(struct call_run *r, const struct datum *row, const struct datum *order, const struct datum *args)
{
    struct win_frames *f = &r->f;
    struct arena *a = r->part_arena[r->part_at];
    bool near = f->manner == WIN_NEAR;
    int64_t n = f->n - f->first;
    if (n == r->cap) {
        int64_t cap = r->cap == 0 ? 256 : r->cap * 2;
        f->rows = arena_realloc(a, f->rows, (size_t)r->cap * sizeof(*f->rows),
                                (size_t)cap * sizeof(*f->rows));
        r->cap = cap;
    }
    part_row_copy(r, a, &f->rows[n], near ? row : NULL, order, args);
    f->n++;
    if (!near)
        return held_add(r, row);
    if (f->n - f->after - r->next >= 256)
        r->next_end = f->n - f->after;
    return NULL;
}

/* ---- partitions ---- */

static void
partition_begin(struct call_run *r, const struct datum *values)
{
    arena_reset(r->key_arena);
    r->partition = copy_datums(r->key_arena, values, r->types + r->n_row, r->c->n_partition);
    arena_reset(r->part_arena[0]);
    arena_reset(r->part_arena[1]);
    r->cap = r->next = r->next_end = 0;
    r->peer_start = r->group = 0;
    r->in_partition = true;
    win_frames_begin(&r->f);
}

static struct error *
partition_end(struct call_run *r)
{
    r->in_partition = false;
    if (r->f.manner == WIN_RUNNING)
        return flush_begin(r);
    if (r->f.manner == WIN_WHOLE)
        win_frames_peers(&r->f, r->part_arena[r->part_at]);
    r->next_end = r->f.n;
    return NULL;
}

/* Deal with the row at hand; what has to go out before it goes out first. */
static struct error *
take_row(struct call_run *r)
{
    const struct datum *v = r->row;
    const struct datum *values = v + r->n_row, *order = values + r->c->n_partition;
    const struct datum *args = order + r->c->n_order;
    bool done = true;
    if (r->in_partition && !row_key_equal(r->partition, values, r->c->n_partition, r->types + r->n_row))
        return partition_end(r);
    if (!r->in_partition)
        partition_begin(r, values);
    if (r->f.manner == WIN_RUNNING)
        ERR_TRY(running_row(r, v, order, args, &done));
    else
        ERR_TRY(part_row(r, v, order, args));
    if (done)
        r->row = NULL;
    return NULL;
}

/* ---- the rows of a call ---- */

static struct error *
input_next(struct input *in, struct datum *row, bool *more)
{
    if (in->reader != NULL)
        return row_reader_next(in->reader, row, more);
    if (in->batch == NULL || in->at == batch_live(in->batch)) {
        do {
            ERR_TRY(op_next(in->child, &in->batch));
        } while (in->batch->n > 0 && batch_live(in->batch) == 0);
        in->at = 0;
    }
    *more = in->batch->n > 0;
    if (*more)
        batch_get_row(in->batch, batch_row(in->batch, in->at++), row);
    return NULL;
}

static void
input_close(struct input *in)
{
    if (in->store != NULL)
        row_store_close(in->store);
    else
        op_close(in->child);
}

/* A row of the input, with the values that the call needs; NULL at the end. */
static struct error *
fetch_unsorted(struct call_run *r, const struct datum **row)
{
    bool more;
    struct eval_env env = op_env(&r->w->op);
    *row = NULL;
    if ((++r->n_steps & 1023) == 0)
        ERR_TRY(cancel_check(r->w->op.x->cancel));
    ERR_TRY(input_next(&r->in, r->in_row, &more));
    if (!more) {
        input_close(&r->in);
        return NULL;
    }
    arena_reset(r->expr_arena);
    env.arena = r->expr_arena;
    for (int i = r->n_row; i < r->n_all; i++)
        ERR_TRY(expr_eval(r->exprs[i], &env, r->w->op.st, r->in_row, &r->in_row[i]));
    *row = r->in_row;
    return NULL;
}

/* At most one row goes out. */
static struct error *
step(struct call_run *r)
{
    if ((++r->n_steps & 1023) == 0)
        ERR_TRY(cancel_check(r->w->op.x->cancel));
    if (r->flushing)
        return flush_step(r);
    if (r->next < r->next_end)
        return part_step(r);
    if (r->row == NULL)
        ERR_TRY(r->sorter != NULL ? row_sorter_next(r->sorter, &r->row) : fetch_unsorted(r, &r->row));
    if (r->row != NULL)
        return take_row(r);
    if (r->in_partition)
        return partition_end(r);
    if (r->sorter != NULL)
        row_sorter_close(r->sorter);
    r->ended = true;
    return NULL;
}

/* ---- the calls ---- */

static struct call_run *
call_run_create(struct window_op *w, const struct window_call *c, int done)
{
    struct arena *a = w->op.arena;
    struct call_run *r = ARENA_NEW(a, struct call_run);
    bool filter = c->agg != NULL && c->agg->filter != NULL;
    int n_args = c->agg != NULL ? c->agg->n_args : c->n_args, at = w->n_in + done;
    struct expr *const *args = c->agg != NULL ? c->agg->args : c->args;

    r->w = w;
    r->c = c;
    r->n_row = at;
    r->n_args = n_args + filter;
    r->n_all = at + c->n_partition + c->n_order + r->n_args;
    r->types = ARENA_ARRAY(a, const struct type *, (size_t)r->n_all + 1);
    r->exprs = ARENA_ARRAY(a, struct expr *, (size_t)r->n_all + 1);
    for (int i = 0; i < c->n_partition; i++)
        r->exprs[at++] = c->partition[i];
    for (int i = 0; i < c->n_order; i++)
        r->exprs[at++] = c->order[i].expr;
    for (int i = 0; i < n_args; i++)
        r->exprs[at++] = args[i];
    if (filter)
        r->exprs[at] = c->agg->filter;
    for (int i = 0; i < r->n_all; i++)
        r->types[i] = i < r->n_row ? w->types[i] : r->exprs[i]->type;
    r->in_row = ARENA_ARRAY(a, struct datum, (size_t)r->n_all + 1);
    r->out_row = ARENA_ARRAY(a, struct datum, (size_t)r->n_row + 2);
    r->expr_arena = arena_create(a, "window arguments");
    r->value_arena = arena_create(a, "window value");
    r->part_arena[0] = arena_create(a, "partition");
    r->part_arena[1] = arena_create(a, "partition");
    r->key_arena = arena_create(a, "partition key");
    r->peer_arena = arena_create(a, "peers");
    r->held.arena = arena_create(a, "rows of a partition");
    r->limit = rel_memory_limit(w->op.x) / 4;
    return r;
}

static struct row_sorter *
sorter_of(struct call_run *r)
{
    const struct window_call *c = r->c;
    int n = c->n_partition + c->n_order;
    struct plan_order *keys = ARENA_ARRAY(r->w->op.arena, struct plan_order, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        keys[i] = (struct plan_order){
            .column = r->n_row + i, .desc = i >= c->n_partition && c->order[i - c->n_partition].desc};
    return row_sorter_create(r->w->op.x, r->w->op.arena, r->n_all, r->types, n, keys, -1);
}

static bool
same_value(const struct expr *a, const struct expr *b)
{
    return a->volatility != VOLATILE && expr_equal(a, b);
}

/* The rows of b come in the order that a needs. */
static bool
same_order(const struct window_call *a, const struct window_call *b)
{
    if (a->n_partition != b->n_partition || a->n_order > b->n_order)
        return false;
    for (int i = 0; i < a->n_partition; i++)
        if (!same_value(a->partition[i], b->partition[i]))
            return false;
    for (int i = 0; i < a->n_order; i++)
        if (a->order[i].desc != b->order[i].desc || !same_value(a->order[i].expr, b->order[i].expr))
            return false;
    return true;
}

/* before: the call whose result was the last column of the rows; NULL: none. */
static struct error *
call_begin(struct call_run *r, const struct window_call *before)
{
    struct op *o = &r->w->op;
    struct eval_env env = o->x->env;
    env.arena = r->value_arena;
    ERR_TRY(win_frames_init(&r->f, r->c, o->st, env, o->arena));
    if ((before != NULL && same_order(r->c, before)) || r->c->n_partition + r->c->n_order == 0)
        return NULL;
    r->sorter = sorter_of(r);
    for (;;) {
        const struct datum *row;
        ERR_TRY(fetch_unsorted(r, &row));
        if (row == NULL)
            return row_sorter_finish(r->sorter);
        ERR_TRY(row_sorter_add(r->sorter, row));
    }
}

/* All calls but the last are run to their end. */
static struct error *
run_calls(struct window_op *w)
{
    struct op *o = &w->op;
    const struct window_call *before = NULL;
    struct input in = {.child = o->children[0]};
    for (int i = 0;; i++) {
        struct call_run *r = call_run_create(w, w->plan->calls[i], i);
        r->in = in;
        ERR_TRY(call_begin(r, before));
        if (i == w->plan->n - 1) {
            w->last = r;
            return NULL;
        }
        r->out = row_store_create(o->x, o->arena, r->n_row + 1, w->types, 0);
        while (!r->ended)
            ERR_TRY(step(r));
        in = (struct input){.reader = row_reader_open(r->out, o->arena), .store = r->out};
        before = r->c;
    }
}

static struct error *
window_next(struct op *o, struct batch **out)
{
    struct window_op *w = (struct window_op *)o;

    *out = &o->batch;
    if (w->last == NULL)
        ERR_TRY(run_calls(w));
    op_begin_batch(o);
    while (!w->last->ended && o->batch.n < BATCH_ROWS)
        ERR_TRY(step(w->last));
    return NULL;
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
