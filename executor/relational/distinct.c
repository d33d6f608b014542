#include "config.h"

#include "executor/relational/rel_int.h"

/* DISTINCT and DISTINCT ON. Rows whose key was not met before pass. Past the memory limit, rows with
 * unknown keys go to files by hash, which are treated in their turn. Ordered input needs only the last
 * key. */

#define N_PARTS 16
#define MAX_LEVEL 6

struct key_entry {
    struct hash_entry h;
    struct datum v[];
};

struct part {
    struct part *next;
    struct row_store *store;
    int level;
};

struct distinct_op {
    struct op op;
    const struct plan_distinct *plan;
    const struct type **key_types;
    const struct type *const *row_types;
    struct datum *key, *last_key, *in_row;
    struct arena *keys_arena;
    struct arena *last_arena[2];
    int last_at;
    bool have_last;
    struct row_hash table;
    uint16_t *sel;
    uint64_t *hashes; /* of the batch's live rows */
    struct part *parts;
    struct row_store *spill[N_PARTS];
    int level;
    struct row_reader *reader;
    struct row_store *reading;
    struct batch part_batch;
    size_t limit;
};

static struct error *
distinct_open(struct op *o)
{
    struct distinct_op *d = (struct distinct_op *)o;
    const struct plan_distinct *p = d->plan;

    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    d->key_types = ARENA_ARRAY(o->arena, const struct type *, (size_t)p->n_keys + 1);
    for (int i = 0; i < p->n_keys; i++)
        d->key_types[i] = o->node->cols[p->keys[i]].type;
    d->row_types = plan_types(o->arena, o->node);
    d->key = ARENA_ARRAY(o->arena, struct datum, (size_t)p->n_keys + 1);
    d->last_key = ARENA_ARRAY(o->arena, struct datum, (size_t)p->n_keys + 1);
    d->in_row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->n_cols + 1);
    d->sel = ARENA_ARRAY(o->arena, uint16_t, BATCH_ROWS);
    d->hashes = ARENA_ARRAY(o->arena, uint64_t, BATCH_ROWS);
    d->keys_arena = arena_create(o->arena, "distinct keys");
    d->last_arena[0] = arena_create(o->arena, "last key");
    d->last_arena[1] = arena_create(o->arena, "last key");
    d->have_last = false;
    d->limit = rel_memory_limit(o->x);
    d->parts = NULL;
    d->level = 0;
    d->reader = NULL;
    d->reading = NULL;
    memset(d->spill, 0, sizeof(d->spill));
    row_hash_init(&d->table, d->keys_arena);
    batch_init(o->arena, &d->part_batch, o->node->n_cols, false);
    return op_open(o->children[0]);
}

static bool
streaming_is_new(struct distinct_op *d)
{
    const struct plan_distinct *p = d->plan;

    if (d->have_last && row_key_equal(d->last_key, d->key, p->n_keys, d->key_types))
        return false;
    d->last_at = 1 - d->last_at;
    arena_reset(d->last_arena[d->last_at]);
    for (int i = 0; i < p->n_keys; i++)
        d->last_key[i] = datum_copy(d->last_arena[d->last_at], d->key_types[i], &d->key[i]);
    d->have_last = true;
    return true;
}

static struct error *
hash_is_new(struct distinct_op *d, uint64_t hash, const struct batch *in, int r, bool full,
            bool *is_new)
{
    const struct plan_distinct *p = d->plan;

    *is_new = false;
    for (struct hash_entry *h = row_hash_bucket(&d->table, hash); h != NULL; h = h->next)
        if (h->hash == hash &&
            row_key_equal(((struct key_entry *)h)->v, d->key, p->n_keys, d->key_types))
            return NULL;
    if (full) {
        int part = (int)((hash >> (4 * d->level + 32)) & (N_PARTS - 1));
        if (d->spill[part] == NULL)
            d->spill[part] = row_store_create(d->op.x, d->op.arena, d->op.node->n_cols,
                                              d->row_types, d->limit / N_PARTS);
        batch_get_row(in, r, d->in_row);
        return row_store_add(d->spill[part], d->in_row);
    }
    struct key_entry *e =
        arena_alloc(d->keys_arena, sizeof(*e) + (size_t)p->n_keys * sizeof(struct datum));
    e->h.hash = hash;
    for (int i = 0; i < p->n_keys; i++)
        e->v[i] = datum_copy(d->keys_arena, d->key_types[i], &d->key[i]);
    row_hash_add(&d->table, &e->h);
    *is_new = true;
    return NULL;
}

/* The input at hand ended: is there a spilled part to go on with? */
static bool
next_part(struct distinct_op *d)
{
    for (int i = 0; i < N_PARTS; i++) {
        if (d->spill[i] == NULL)
            continue;
        struct part *p = ARENA_NEW(d->op.arena, struct part);
        *p = (struct part){.next = d->parts, .store = d->spill[i], .level = d->level + 1};
        d->parts = p;
        d->spill[i] = NULL;
    }
    if (d->reading != NULL)
        row_store_close(d->reading);
    d->reading = NULL;
    if (d->parts == NULL)
        return false;
    struct part *p = d->parts;
    d->parts = p->next;
    d->level = p->level;
    d->reading = p->store;
    d->reader = row_reader_open(p->store, d->op.arena);
    batch_init(d->op.arena, &d->part_batch, d->op.node->n_cols, true);
    arena_reset(d->keys_arena);
    row_hash_init(&d->table, d->keys_arena);
    return true;
}

static void
take_key(struct distinct_op *d, const struct batch *in, int r)
{
    for (int k = 0; k < d->plan->n_keys; k++)
        d->key[k] = in->cols[d->plan->keys[k]][r];
}

/* Rows of the batch that pass; *n of them in d->sel. */
static struct error *
pass_new(struct distinct_op *d, const struct batch *in, int *n)
{
    const struct plan_distinct *p = d->plan;
    int live = batch_live(in);
    bool full = d->level < MAX_LEVEL && arena_size(d->keys_arena) > d->limit;

    for (int i = 0; !p->streaming && i < live; i++) {
        take_key(d, in, batch_row(in, i));
        d->hashes[i] = row_key_hash(d->key, p->n_keys, d->key_types, 3);
    }
    for (int i = 0; i < live; i++) {
        int r = batch_row(in, i);
        bool is_new;
        take_key(d, in, r);
        if (p->streaming) {
            is_new = streaming_is_new(d);
        } else {
            row_hash_ahead(&d->table, d->hashes, i, live);
            ERR_TRY(hash_is_new(d, d->hashes[i], in, r, full, &is_new));
        }
        if (is_new)
            d->sel[(*n)++] = (uint16_t)r;
    }
    return NULL;
}

static struct error *
distinct_next(struct op *o, struct batch **out)
{
    struct distinct_op *d = (struct distinct_op *)o;

    *out = &o->batch;
    for (;;) {
        struct batch *in = &d->part_batch;
        op_begin_batch(o);
        if (d->reader != NULL)
            ERR_TRY(row_reader_batch(d->reader, in));
        else
            ERR_TRY(op_next(o->children[0], &in));
        if (in->n == 0) {
            if (!next_part(d))
                return NULL;
            continue;
        }
        memcpy(o->batch.cols, in->cols, (size_t)o->batch.n_cols * sizeof(in->cols[0]));
        int n = 0;
        ERR_TRY(pass_new(d, in, &n));
        o->batch.n = in->n;
        o->batch.sel = d->sel;
        o->batch.n_sel = n;
        if (n > 0)
            return NULL;
    }
}

static const struct op_vt distinct_vt = {
    .name = "distinct", .open = distinct_open, .next = distinct_next};

struct error *
make_distinct(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
              struct op **out)
{
    ERR_TRY(op_new(x, st, n, &distinct_vt, sizeof(struct distinct_op), out));
    ((struct distinct_op *)*out)->plan = (const struct plan_distinct *)n;
    return NULL;
}
