#include "config.h"

#include "executor/relational/rel_int.h"

/* Every pair. The right side is kept in a row store and read once per left row; with apply it is run
 * anew for each left row, with the left row's values as parameters. */

struct nested_loop_op {
    struct op op;
    const struct plan_nested_loop *plan;
    int n_left, n_right;
    struct row_store *store;
    bool *right_matched;          /* RIGHT, FULL */
    struct batch *in, *right;
    struct batch right_batch;
    struct row_reader *reader;
    struct arena *reader_arena;
    int in_pos, right_pos;
    int64_t right_row;
    bool reading, left_matched, opened_right;
    bool rest, ended;
    struct datum *row, *params;
    struct arena *param_arena;
    struct outer_row outer;
};

static struct error *
keep_right(struct nested_loop_op *s)
{
    struct op *right = s->op.children[1];

    s->store = row_store_create(s->op.x, s->op.arena, s->n_right,
                                plan_types(s->op.arena, right->node), 0);
    ERR_TRY(op_open(right));
    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(right, &b));
        if (b->n == 0)
            break;
        ERR_TRY(row_store_add_batch(s->store, b));
    }
    op_close(right);
    if (s->plan->type == PLAN_JOIN_RIGHT || s->plan->type == PLAN_JOIN_FULL)
        s->right_matched = ARENA_ARRAY(s->op.arena, bool, (size_t)row_store_count(s->store) + 1);
    return NULL;
}

static struct error *
nested_loop_open(struct op *o)
{
    struct nested_loop_op *s = (struct nested_loop_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    s->n_left = o->node->children[0]->n_cols;
    s->n_right = o->node->children[1]->n_cols;
    s->row = ARENA_ARRAY(o->arena, struct datum, (size_t)(s->n_left + s->n_right) + 1);
    s->params = ARENA_ARRAY(o->arena, struct datum, (size_t)s->plan->n_params + 1);
    s->param_arena = arena_create(o->arena, "parameters");
    s->reader_arena = arena_create(o->arena, "right rows");
    batch_init(o->arena, &s->right_batch, s->n_right, true);
    s->in = NULL;
    s->in_pos = 0;
    s->reading = s->rest = s->ended = s->opened_right = false;
    s->reader = NULL;
    if (!s->plan->apply)
        ERR_TRY(keep_right(s));
    return op_open(o->children[0]);
}

static struct error *
start_left(struct nested_loop_op *s)
{
    const struct plan_nested_loop *p = s->plan;

    batch_get_row(s->in, batch_row(s->in, s->in_pos), s->row);
    s->reading = true;
    s->left_matched = false;
    s->right = NULL;
    s->right_pos = 0;
    s->right_row = 0;
    if (!p->apply) {
        arena_reset(s->reader_arena);
        s->reader = row_reader_open(s->store, s->reader_arena);
        return NULL;
    }
    struct op *right = s->op.children[1];
    struct eval_env env = s->op.x->env;
    arena_reset(s->param_arena);
    env.arena = s->param_arena;
    for (int i = 0; i < p->n_params; i++)
        ERR_TRY(expr_eval(p->params[i], &env, s->op.st, s->row, &s->params[i]));
    s->outer = (struct outer_row){.row = s->params, .next = s->op.st->outer};
    right->st->outer = &s->outer;
    if (s->opened_right)
        return op_rewind(right);
    s->opened_right = true;
    return op_open(right);
}

/* The next right row into s->row; *more false at the end. */
static struct error *
next_right(struct nested_loop_op *s, bool *more)
{
    if (s->right == NULL || s->right_pos == batch_live(s->right)) {
        if (s->plan->apply) {
            ERR_TRY(op_next(s->op.children[1], &s->right));
        } else {
            s->right = &s->right_batch;
            ERR_TRY(row_reader_batch(s->reader, s->right));
        }
        s->right_pos = 0;
        if (s->right->n == 0) {
            *more = false;
            return NULL;
        }
        if (batch_live(s->right) == 0)
            return next_right(s, more);
    }
    int r = batch_row(s->right, s->right_pos++);
    for (int c = 0; c < s->n_right; c++)
        s->row[s->n_left + c] = s->right->cols[c] == NULL ? DATUM_NULL : s->right->cols[c][r];
    s->right_row++;
    *more = true;
    return NULL;
}

static void
finish_left(struct nested_loop_op *s)
{
    enum plan_join_type t = s->plan->type;

    s->reading = false;
    s->in_pos++;
    if (s->left_matched)
        return;
    if (t == PLAN_JOIN_LEFT || t == PLAN_JOIN_FULL) {
        for (int c = 0; c < s->n_right; c++)
            s->row[s->n_left + c] = DATUM_NULL;
        op_put_row(&s->op, s->row);
    } else if (t == PLAN_JOIN_ANTI) {
        op_put_row(&s->op, s->row);
    }
}

/* Right rows that no left row matched. */
static struct error *
give_rest(struct nested_loop_op *s)
{
    struct batch *b = &s->op.batch;

    while (b->n < BATCH_ROWS) {
        bool more;
        ERR_TRY(next_right(s, &more));
        if (!more) {
            s->ended = true;
            return NULL;
        }
        if (s->right_matched[s->right_row - 1])
            continue;
        for (int c = 0; c < s->n_left; c++)
            s->row[c] = DATUM_NULL;
        op_put_row(&s->op, s->row);
    }
    return NULL;
}

static struct error *
pair(struct nested_loop_op *s)
{
    const struct plan_nested_loop *p = s->plan;
    bool more;

    ERR_TRY(next_right(s, &more));
    if (!more) {
        finish_left(s);
        return NULL;
    }
    if (p->on != NULL) {
        struct eval_env env = op_env(&s->op);
        struct datum ok;
        ERR_TRY(expr_eval(p->on, &env, s->op.st, s->row, &ok));
        if (ok.null || !ok.i)
            return NULL;
    }
    s->left_matched = true;
    if (s->right_matched != NULL)
        s->right_matched[s->right_row - 1] = true;
    if (p->type != PLAN_JOIN_ANTI)
        op_put_row(&s->op, s->row);
    if (p->type == PLAN_JOIN_ANTI || p->type == PLAN_JOIN_SEMI)
        finish_left(s);
    return NULL;
}

static struct error *
nested_loop_next(struct op *o, struct batch **out)
{
    struct nested_loop_op *s = (struct nested_loop_op *)o;
    int64_t work = 0;

    *out = &o->batch;
    op_begin_batch(o);
    while (o->batch.n < BATCH_ROWS && !s->ended) {
        if ((++work & 4095) == 0)
            ERR_TRY(cancel_check(o->x->cancel));
        if (s->rest) {
            ERR_TRY(give_rest(s));
            continue;
        }
        if (s->reading) {
            ERR_TRY(pair(s));
            continue;
        }
        if (s->in == NULL || s->in_pos == batch_live(s->in)) {
            ERR_TRY(op_next(o->children[0], &s->in));
            s->in_pos = 0;
            if (s->in->n == 0) {
                s->rest = s->right_matched != NULL;
                s->ended = !s->rest;
                if (s->rest) {
                    arena_reset(s->reader_arena);
                    s->reader = row_reader_open(s->store, s->reader_arena);
                    s->right = NULL;
                    s->right_row = 0;
                }
                continue;
            }
            if (batch_live(s->in) == 0)
                continue;
        }
        ERR_TRY(start_left(s));
    }
    return NULL;
}

static const struct op_vt nested_loop_vt = {
    .name = "cross-join", .open = nested_loop_open, .next = nested_loop_next};

struct error *
make_nested_loop(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                 struct op **out)
{
    ERR_TRY(op_new(x, st, n, &nested_loop_vt, sizeof(struct nested_loop_op), out));
    ((struct nested_loop_op *)*out)->plan = (const struct plan_nested_loop *)n;
    return NULL;
}
