#include "config.h"

#include "executor/relational/rel_int.h"
#include "planner/aggregate.h"

/* GROUP BY by hashing. When the groups pass the memory limit, rows of groups that are not there yet go
 * to one of N_PARTS files by hash; after the groups at hand are given out, each file is grouped in its
 * turn, with other bits of the hash. */

#define N_PARTS 16
#define MAX_LEVEL 6

struct agg_slot {
    void *state;
    struct row_hash *seen;      /* DISTINCT */
    struct row_sorter *ordered; /* ORDER BY inside the call: rows of order values, then arguments */
};

struct group_entry {
    struct hash_entry h;
    struct group_entry *next_in_order;
    struct datum *keys;
    struct agg_slot *slots;
};

struct seen_entry {
    struct hash_entry h;
    struct datum v[];
};

/* What one aggregate reads of a batch. */
struct agg_input {
    struct datum **args;
    struct datum **order;
    struct datum *filter;
    const struct type **sort_types; /* order, then arguments */
    struct plan_order *sort_keys;
    const struct type **arg_types;
    bool sorts;
    uint64_t *hashes;             /* by live row; NULL: not DISTINCT */
};

struct part {
    struct part *next;
    struct row_store *store;
    int level;
};

struct group_op {
    struct op op;
    const struct plan_group *plan;
    const struct type **key_types;
    struct datum **key_vecs;
    struct agg_input *inputs;
    struct datum *key_row, *arg_row;
    uint64_t *hashes;             /* of a batch's live rows */
    struct datum *in_row;
    const struct type *const *in_types;
    struct arena *groups_arena;
    struct arena *eval_arena;     /* for a batch's arguments */
    struct row_hash table;
    struct group_entry *first, *last;
    struct group_entry *give;     /* next group to give out */
    struct part *parts;           /* waiting */
    struct row_store *spill[N_PARTS];
    bool spilled;
    int level;
    struct row_reader *reader;    /* input is a spilled part */
    struct row_store *reading;
    struct batch part_batch;
    size_t limit;
    bool any_row, finished;
};

static struct error *
group_open(struct op *o)
{
    struct group_op *g = (struct group_op *)o;
    const struct plan_group *p = g->plan;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    g->key_types = ARENA_ARRAY(o->arena, const struct type *, (size_t)p->n_keys + 1);
    g->key_vecs = ARENA_ARRAY(o->arena, struct datum *, (size_t)p->n_keys + 1);
    g->hashes = ARENA_ARRAY(o->arena, uint64_t, BATCH_ROWS);
    g->key_row = ARENA_ARRAY(o->arena, struct datum, (size_t)p->n_keys + 1);
    for (int i = 0; i < p->n_keys; i++) {
        g->key_types[i] = p->keys[i]->type;
        g->key_vecs[i] = ARENA_ARRAY(o->arena, struct datum, BATCH_ROWS);
    }
    int most = 1;
    g->inputs = ARENA_ARRAY(o->arena, struct agg_input, (size_t)p->n_aggs + 1);
    for (int a = 0; a < p->n_aggs; a++) {
        const struct agg_call *c = p->aggs[a];
        struct agg_input *in = &g->inputs[a];
        int n = c->n_args + c->n_order;
        most = n > most ? n : most;
        in->args = ARENA_ARRAY(o->arena, struct datum *, (size_t)n + 1);
        in->order = in->args + c->n_args;
        in->arg_types = ARENA_ARRAY(o->arena, const struct type *, (size_t)n + 1);
        in->sort_types = ARENA_ARRAY(o->arena, const struct type *, (size_t)n + 1);
        in->sort_keys = ARENA_ARRAY(o->arena, struct plan_order, (size_t)n + 1);
        for (int i = 0; i < n; i++)
            in->args[i] = ARENA_ARRAY(o->arena, struct datum, BATCH_ROWS);
        for (int i = 0; i < c->n_args; i++) {
            in->arg_types[i] = c->args[i]->type;
            in->sort_types[c->n_order + i] = c->args[i]->type;
        }
        for (int i = 0; i < c->n_order; i++) {
            in->sort_types[i] = c->order[i].expr->type;
            in->sort_keys[i] = (struct plan_order){.column = i, .desc = c->order[i].desc};
        }
        in->sorts = c->n_order > 0 && c->def->ordered;
        if (c->filter != NULL)
            in->filter = ARENA_ARRAY(o->arena, struct datum, BATCH_ROWS);
        if (c->distinct && !c->def->distinct_free)
            in->hashes = ARENA_ARRAY(o->arena, uint64_t, BATCH_ROWS);
    }
    g->arg_row = ARENA_ARRAY(o->arena, struct datum, (size_t)most + 1);
    g->in_types = plan_types(o->arena, o->node->children[0]);
    g->in_row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->children[0]->n_cols + 1);
    batch_init(o->arena, &g->part_batch, o->node->children[0]->n_cols, false);
    g->eval_arena = arena_create(o->arena, "arguments");
    g->groups_arena = arena_create(o->arena, "groups");
    g->limit = rel_memory_limit(o->x);
    row_hash_init(&g->table, g->groups_arena);
    g->first = g->last = g->give = NULL;
    g->parts = NULL;
    g->spilled = false;
    g->level = 0;
    g->reader = NULL;
    g->reading = NULL;
    g->any_row = g->finished = false;
    memset(g->spill, 0, sizeof(g->spill));
    return op_open(o->children[0]);
}

static struct group_entry *
new_group(struct group_op *g, uint64_t hash)
{
    const struct plan_group *p = g->plan;
    struct group_entry *e = ARENA_NEW(g->groups_arena, struct group_entry);

    e->h.hash = hash;
    e->keys = ARENA_ARRAY(g->groups_arena, struct datum, (size_t)p->n_keys + 1);
    for (int i = 0; i < p->n_keys; i++)
        e->keys[i] = datum_copy(g->groups_arena, g->key_types[i], &g->key_row[i]);
    e->slots = ARENA_ARRAY(g->groups_arena, struct agg_slot, (size_t)p->n_aggs + 1);
    for (int a = 0; a < p->n_aggs; a++)
        e->slots[a].state = arena_zalloc(g->groups_arena, p->aggs[a]->def->state_size + 8);
    row_hash_add(&g->table, &e->h);
    if (g->last == NULL)
        g->first = e;
    else
        g->last->next_in_order = e;
    g->last = e;
    return e;
}

static struct group_entry *
find_group(struct group_op *g, uint64_t hash)
{
    for (struct hash_entry *h = row_hash_bucket(&g->table, hash); h != NULL; h = h->next) {
        struct group_entry *e = (struct group_entry *)h;
        if (h->hash == hash && row_key_equal(e->keys, g->key_row, g->plan->n_keys, g->key_types))
            return e;
    }
    return NULL;
}

/* DISTINCT: is this the first time that the group sees these arguments? */
static bool
first_time(struct group_op *g, struct agg_slot *s, uint64_t hash, int n,
           const struct type *const *types)
{
    if (s->seen == NULL) {
        s->seen = ARENA_NEW(g->groups_arena, struct row_hash);
        row_hash_init(s->seen, g->groups_arena);
    }
    for (struct hash_entry *h = row_hash_bucket(s->seen, hash); h != NULL; h = h->next)
        if (h->hash == hash && row_key_equal(((struct seen_entry *)h)->v, g->arg_row, n, types))
            return false;
    struct seen_entry *e =
        arena_alloc(g->groups_arena, sizeof(*e) + (size_t)n * sizeof(struct datum));
    e->h.hash = hash;
    for (int i = 0; i < n; i++)
        e->v[i] = datum_copy(g->groups_arena, types[i], &g->arg_row[i]);
    row_hash_add(s->seen, &e->h);
    return true;
}

/* The i-th live row, r. */
static struct error *
accumulate(struct group_op *g, const struct agg_ctx *ctx, struct group_entry *e, int i_live, int r)
{
    const struct plan_group *p = g->plan;

    for (int a = 0; a < p->n_aggs; a++) {
        const struct agg_call *c = p->aggs[a];
        struct agg_input *in = &g->inputs[a];
        struct agg_slot *s = &e->slots[a];
        if (in->filter != NULL && (in->filter[r].null || !in->filter[r].i))
            continue;
        for (int i = 0; i < c->n_args; i++)
            g->arg_row[i] = in->args[i][r];
        if (in->hashes != NULL &&
            !first_time(g, s, in->hashes[i_live], c->n_args, in->arg_types))
            continue;
        if (in->sorts) {
            int n = c->n_order + c->n_args;
            if (s->ordered == NULL)
                s->ordered = row_sorter_create(g->op.x, g->groups_arena, n, in->sort_types,
                                               c->n_order, in->sort_keys, -1);
            for (int i = 0; i < c->n_order; i++)
                g->arg_row[i] = in->order[i][r];
            for (int i = 0; i < c->n_args; i++)
                g->arg_row[c->n_order + i] = in->args[i][r];
            ERR_TRY(row_sorter_add(s->ordered, g->arg_row));
            continue;
        }
        ERR_TRY(agg_add(ctx, c, s->state, g->arg_row));
    }
    return NULL;
}

static struct error *
spill_row(struct group_op *g, const struct batch *b, int r, uint64_t hash)
{
    int part = (int)((hash >> (4 * g->level + 32)) & (N_PARTS - 1));

    if (g->spill[part] == NULL)
        g->spill[part] = row_store_create(g->op.x, g->op.arena, g->op.node->children[0]->n_cols,
                                          g->in_types, g->limit / N_PARTS);
    g->spilled = true;
    batch_get_row(b, r, g->in_row);
    return row_store_add(g->spill[part], g->in_row);
}

static struct error *
eval_inputs(struct group_op *g, const struct batch *b)
{
    const struct plan_group *p = g->plan;
    struct eval_env env = g->op.x->env;

    arena_reset(g->eval_arena);
    env.arena = g->eval_arena;
    for (int i = 0; i < p->n_keys; i++)
        ERR_TRY(expr_eval_batch(p->keys[i], &env, g->op.st, b, g->key_vecs[i]));
    for (int a = 0; a < p->n_aggs; a++) {
        const struct agg_call *c = p->aggs[a];
        struct agg_input *in = &g->inputs[a];
        for (int i = 0; i < c->n_args; i++)
            ERR_TRY(expr_eval_batch(c->args[i], &env, g->op.st, b, in->args[i]));
        for (int i = 0; i < c->n_order; i++)
            ERR_TRY(expr_eval_batch(c->order[i].expr, &env, g->op.st, b, in->order[i]));
        if (in->filter != NULL)
            ERR_TRY(expr_eval_batch(c->filter, &env, g->op.st, b, in->filter));
    }
    return NULL;
}

/* Of what DISTINCT looks up. */
static void
hash_arguments(struct group_op *g, const struct batch *b)
{
    int live = batch_live(b);

    for (int a = 0; a < g->plan->n_aggs; a++) {
        const struct agg_input *in = &g->inputs[a];
        int n = g->plan->aggs[a]->n_args;
        for (int i = 0; in->hashes != NULL && i < live; i++) {
            for (int k = 0; k < n; k++)
                g->arg_row[k] = in->args[k][batch_row(b, i)];
            in->hashes[i] = row_key_hash(g->arg_row, n, in->arg_types, 7);
        }
    }
}

static void
take_key(struct group_op *g, int r)
{
    for (int k = 0; k < g->plan->n_keys; k++)
        g->key_row[k] = g->key_vecs[k][r];
}

/* All rows are of one group. */
static struct error *
consume_ungrouped(struct group_op *g, const struct agg_ctx *ctx, const struct batch *b)
{
    int live = batch_live(b);

    if (live > 0 && g->first == NULL)
        new_group(g, 0);
    for (int i = 0; i < live; i++) {
        for (int a = 0; a < g->plan->n_aggs; a++)
            if (g->inputs[a].hashes != NULL && g->first->slots[a].seen != NULL)
                row_hash_ahead(g->first->slots[a].seen, g->inputs[a].hashes, i, live);
        ERR_TRY(accumulate(g, ctx, g->first, i, batch_row(b, i)));
    }
    return NULL;
}

static struct error *
consume(struct group_op *g, const struct batch *b)
{
    const struct plan_group *p = g->plan;
    struct eval_env env = g->op.x->env;
    struct agg_ctx ctx = {.arena = g->groups_arena, .env = &env};
    int live = batch_live(b);

    env.arena = g->eval_arena;
    ERR_TRY(eval_inputs(g, b));
    hash_arguments(g, b);
    g->any_row = g->any_row || live > 0;
    if (p->n_keys == 0)
        return consume_ungrouped(g, &ctx, b);
    bool full = g->level < MAX_LEVEL && arena_size(g->groups_arena) > g->limit;
    for (int i = 0; i < live; i++) {
        take_key(g, batch_row(b, i));
        g->hashes[i] = row_key_hash(g->key_row, p->n_keys, g->key_types, 1);
    }
    for (int i = 0; i < live; i++) {
        int r = batch_row(b, i);
        uint64_t hash = g->hashes[i];
        row_hash_ahead(&g->table, g->hashes, i, live);
        take_key(g, r);
        struct group_entry *e = find_group(g, hash);
        if (e == NULL) {
            if (full) {
                ERR_TRY(spill_row(g, b, r, hash));
                continue;
            }
            e = new_group(g, hash);
        }
        ERR_TRY(accumulate(g, &ctx, e, i, r));
    }
    return NULL;
}

/* Group everything of the current input. */
static struct error *
fill(struct group_op *g)
{
    struct op *o = &g->op;

    for (;;) {
        struct batch *in = &g->part_batch;
        if (g->reader != NULL)
            ERR_TRY(row_reader_batch(g->reader, in));
        else
            ERR_TRY(op_next(o->children[0], &in));
        if (in->n == 0)
            break;
        ERR_TRY(consume(g, in));
        ERR_TRY(cancel_check(o->x->cancel));
    }
    if (g->reading != NULL)
        row_store_close(g->reading);
    g->reading = NULL;
    g->reader = NULL;
    if (g->plan->scalar && g->first == NULL && g->level == 0)
        new_group(g, 0);
    if (g->spilled)
        for (int i = 0; i < N_PARTS; i++) {
            if (g->spill[i] == NULL)
                continue;
            struct part *p = ARENA_NEW(o->arena, struct part);
            *p = (struct part){.next = g->parts, .store = g->spill[i], .level = g->level + 1};
            g->parts = p;
            g->spill[i] = NULL;
        }
    g->spilled = false;
    g->give = g->first;
    return NULL;
}

static struct error *
add_ordered(struct group_op *g, const struct agg_call *c, struct agg_slot *s)
{
    struct eval_env env = op_env(&g->op);
    struct agg_ctx ctx = {.arena = g->groups_arena, .env = &env};
    const struct datum *row;

    ERR_TRY(row_sorter_finish(s->ordered));
    for (;;) {
        ERR_TRY(row_sorter_next(s->ordered, &row));
        if (row == NULL)
            break;
        ERR_TRY(agg_add(&ctx, c, s->state, row + c->n_order));
    }
    row_sorter_close(s->ordered);
    return NULL;
}

static struct error *
give_group(struct group_op *g, struct group_entry *e)
{
    const struct plan_group *p = g->plan;
    struct batch *b = &g->op.batch;
    struct eval_env env = op_env(&g->op);
    struct agg_ctx ctx = {.arena = g->groups_arena, .env = &env};

    for (int i = 0; i < p->n_keys; i++)
        b->cols[i][b->n] = e->keys[i];
    for (int a = 0; a < p->n_aggs; a++) {
        const struct agg_call *c = p->aggs[a];
        if (e->slots[a].ordered != NULL)
            ERR_TRY(add_ordered(g, c, &e->slots[a]));
        ERR_TRY(agg_result(&ctx, c, e->slots[a].state, &b->cols[p->n_keys + a][b->n]));
    }
    b->n++;
    return NULL;
}

/* Start on the next spilled part: the groups before are all given out. */
static void
next_part(struct group_op *g)
{
    struct part *p = g->parts;

    g->parts = p->next;
    arena_reset(g->groups_arena);
    row_hash_init(&g->table, g->groups_arena);
    g->first = g->last = g->give = NULL;
    g->level = p->level;
    g->reading = p->store;
    g->reader = row_reader_open(p->store, g->op.arena);
    batch_init(g->op.arena, &g->part_batch, g->op.node->children[0]->n_cols, true);
}

static struct error *
group_next(struct op *o, struct batch **out)
{
    struct group_op *g = (struct group_op *)o;

    *out = &o->batch;
    op_begin_batch(o);
    if (!g->finished) {
        ERR_TRY(fill(g));
        g->finished = true;
    }
    while (g->give == NULL) {
        if (g->parts == NULL)
            return NULL;
        next_part(g);
        ERR_TRY(fill(g));
    }
    while (o->batch.n < BATCH_ROWS && g->give != NULL) {
        ERR_TRY(give_group(g, g->give));
        g->give = g->give->next_in_order;
    }
    return NULL;
}

static const struct op_vt group_vt = {.name = "group", .open = group_open, .next = group_next};

struct error *
make_group(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    ERR_TRY(op_new(x, st, n, &group_vt, sizeof(struct group_op), out));
    ((struct group_op *)*out)->plan = (const struct plan_group *)n;
    return NULL;
}
