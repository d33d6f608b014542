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
    struct row_reader *reader;   /* of the output */
    bool ran;
};

/* ---- rows that wait for their result: some in memory, then a file ---- */

struct held {
    struct arena *arena;         /* of the rows; reset when they are gone */
    struct datum **rows;
    int64_t n, cap, at;
    struct row_store *more;      /* NULL: none */
    struct row_reader *reader;
};

/* ---- one call ---- */

struct call_run {
    struct window_op *w;
    const struct window_call *c;
    struct win_frames f;
    int n_row;                   /* columns before this call's result */
    int n_args;                  /* with the filter */
    int n_all;                   /* of a sorted row: row, partition, order, arguments */
    const struct type **types;   /* of a sorted row */
    struct expr **exprs;         /* of its columns from n_row on */
    struct row_store *out;
    struct arena *value_arena;   /* of one result */
    struct datum *result_row;
    size_t limit;

    struct arena *part_arena[2]; /* rows at hand; NEAR changes between them to let go of old ones */
    int part_at;
    int64_t cap;                 /* of f.rows */
    int64_t next;                /* the first row without a result */
    struct held held;

    struct arena *key_arena;     /* of the two below */
    struct datum *partition;     /* the partition at hand */
    bool in_partition;
    struct arena *peer_arena;
    struct datum *peer;          /* RUNNING: order values of the row before */
    int64_t peer_start, group;
};

static struct error *
window_open(struct op *o)
{
    struct window_op *w = (struct window_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    w->n_in = o->node->children[0]->n_cols;
    w->types = plan_types(o->arena, o->node);
    w->ran = false;
    w->reader = NULL;
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
    if (row != r->result_row)
        memcpy(r->result_row, row, (size_t)r->n_row * sizeof(*row));
    r->result_row[r->n_row] = *result;
    return row_store_add(r->out, r->result_row);
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

/* They go out, in order. */
static struct error *
held_put(struct call_run *r, const struct datum *result)
{
    struct held *h = &r->held;
    if (h->at < h->n)
        return put(r, h->rows[h->at++], result);
    if (h->reader == NULL)
        h->reader = row_reader_open(h->more, h->arena);
    bool more;
    ERR_TRY(row_reader_next(h->reader, r->result_row, &more));
    return more ? put(r, r->result_row, result) : err_new(ERR_INTERNAL, "a row of a partition is gone");
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

/* The rows that share the result with those so far are complete. */
static struct error *
running_flush(struct call_run *r)
{
    struct datum result;
    int64_t n = held_count(&r->held);
    if (n == 0)
        return NULL;
    arena_reset(r->value_arena);
    ERR_TRY(win_running_result(&r->f, &result));
    for (int64_t i = 0; i < n; i++) {
        if ((i & 1023) == 1023)
            ERR_TRY(cancel_check(r->w->op.x->cancel));
        ERR_TRY(held_put(r, &result));
    }
    held_clear(&r->held);
    return NULL;
}

static struct error *
running_row(struct call_run *r, const struct datum *row, const struct datum *order, const struct datum *args)
{
    const struct window_frame *fr = &r->c->frame;
    const struct type *const *order_types = r->types + r->n_row + r->c->n_partition;
    bool aggregate = r->c->agg != NULL;
    bool all = aggregate && fr->end.kind == AST_BOUND_UNBOUNDED_FOLLOWING;
    bool each = !aggregate || (!all && fr->mode == AST_FRAME_ROWS);
    struct datum result;

    if (!all && !(aggregate && each) &&
        (r->f.n == 0 || win_compare_order(r->c, r->peer, order) != 0)) {
        ERR_TRY(running_flush(r));
        r->group += r->f.n > 0;
        r->peer_start = r->f.n;
        arena_reset(r->peer_arena);
        r->peer = copy_datums(r->peer_arena, order, order_types, r->c->n_order);
    }
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
    if (f->manner != WIN_NEAR || keep - f->first < 1024 || keep - f->first < f->n - keep)
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

/* Results for the rows up to `end`. */
static struct error *
part_eval(struct call_run *r, int64_t end)
{
    struct datum result;
    for (; r->next < end; r->next++) {
        if ((r->next & 1023) == 1023)
            ERR_TRY(cancel_check(r->w->op.x->cancel));
        arena_reset(r->value_arena);
        ERR_TRY(win_frames_eval(&r->f, r->next, &result));
        if (r->f.manner == WIN_NEAR)
            ERR_TRY(put(r, r->f.rows[r->next - r->f.first].row, &result));
        else
            ERR_TRY(held_put(r, &result));
    }
    part_let_go(r);
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
    return f->n - f->after - r->next >= 256 ? part_eval(r, f->n - f->after) : NULL;
}

/* ---- partitions ---- */

static void
partition_begin(struct call_run *r, const struct datum *values)
{
    arena_reset(r->key_arena);
    r->partition = copy_datums(r->key_arena, values, r->types + r->n_row, r->c->n_partition);
    arena_reset(r->part_arena[0]);
    arena_reset(r->part_arena[1]);
    r->cap = r->next = 0;
    r->peer_start = r->group = 0;
    r->in_partition = true;
    win_frames_begin(&r->f);
}

static struct error *
partition_end(struct call_run *r)
{
    if (!r->in_partition)
        return NULL;
    r->in_partition = false;
    if (r->f.manner == WIN_RUNNING)
        return running_flush(r);
    if (r->f.manner == WIN_WHOLE)
        win_frames_peers(&r->f, r->part_arena[r->part_at]);
    ERR_TRY(part_eval(r, r->f.n));
    held_clear(&r->held);
    return NULL;
}

static struct error *
sorted_row(struct call_run *r, const struct datum *v)
{
    const struct datum *values = v + r->n_row, *order = values + r->c->n_partition;
    const struct datum *args = order + r->c->n_order;
    if (!r->in_partition || !row_key_equal(r->partition, values, r->c->n_partition, r->types + r->n_row)) {
        ERR_TRY(partition_end(r));
        partition_begin(r, values);
    }
    return r->f.manner == WIN_RUNNING ? running_row(r, v, order, args) : part_row(r, v, order, args);
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
    r->result_row = ARENA_ARRAY(a, struct datum, (size_t)r->n_row + 2);
    r->out = row_store_create(w->op.x, a, r->n_row + 1, w->types, 0);
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

/* The next row of the input, or of the call before. */
struct input {
    struct window_op *w;
    struct row_reader *reader; /* NULL: the operator below */
    struct batch *batch;
    int at;
};

static struct error *
input_next(struct input *in, struct datum *row, bool *more)
{
    if (in->reader != NULL)
        return row_reader_next(in->reader, row, more);
    if (in->batch == NULL || in->at == batch_live(in->batch)) {
        do {
            ERR_TRY(op_next(in->w->op.children[0], &in->batch));
        } while (in->batch->n > 0 && batch_live(in->batch) == 0);
        in->at = 0;
    }
    *more = in->batch->n > 0;
    if (*more)
        batch_get_row(in->batch, batch_row(in->batch, in->at++), row);
    return NULL;
}

/* before: the call whose result was the last column of the rows; NULL: none. */
static struct error *
run_call(struct call_run *r, struct input *in, const struct window_call *before)
{
    struct op *o = &r->w->op;
    struct eval_env frame_env = o->x->env;
    frame_env.arena = r->value_arena;
    ERR_TRY(win_frames_init(&r->f, r->c, o->st, frame_env, o->arena));

    bool sorts = (before == NULL || !same_order(r->c, before)) && r->c->n_partition + r->c->n_order > 0;
    struct row_sorter *s = sorts ? sorter_of(r) : NULL;
    struct datum *row = ARENA_ARRAY(o->arena, struct datum, (size_t)r->n_all + 1);
    for (int64_t n = 1;; n++) {
        bool more;
        if ((n & 1023) == 0)
            ERR_TRY(cancel_check(o->x->cancel));
        ERR_TRY(input_next(in, row, &more));
        if (!more)
            break;
        arena_reset(o->batch_arena);
        struct eval_env env = op_env(o);
        for (int i = r->n_row; i < r->n_all; i++)
            ERR_TRY(expr_eval(r->exprs[i], &env, o->st, row, &row[i]));
        ERR_TRY(sorts ? row_sorter_add(s, row) : sorted_row(r, row));
    }
    if (!sorts)
        return partition_end(r);
    ERR_TRY(row_sorter_finish(s));
    for (;;) {
        const struct datum *v;
        ERR_TRY(row_sorter_next(s, &v));
        if (v == NULL)
            break;
        ERR_TRY(sorted_row(r, v));
    }
    row_sorter_close(s);
    return partition_end(r);
}

static struct error *
run_all(struct window_op *w)
{
    struct row_store *rows = NULL;
    for (int i = 0; i < w->plan->n; i++) {
        struct call_run *r = call_run_create(w, w->plan->calls[i], i);
        struct input in = {.w = w, .reader = rows != NULL ? row_reader_open(rows, w->op.arena) : NULL};
        ERR_TRY(run_call(r, &in, i > 0 ? w->plan->calls[i - 1] : NULL));
        if (rows != NULL)
            row_store_close(rows);
        rows = r->out;
    }
    op_close(w->op.children[0]);
    w->reader = row_reader_open(rows, w->op.arena);
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
