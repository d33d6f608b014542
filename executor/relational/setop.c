#include "config.h"

#include "executor/relational/rel_int.h"

/* UNION ALL gives left, then right. (UNION is a DISTINCT over it, and so is EXCEPT.) INTERSECT and
 * EXCEPT count the right side's rows by value, then look at the left side's in order. Past the memory
 * limit both sides go to files by hash, and the parts are treated one after the other. */

#define N_PARTS 32

struct count_entry {
    struct hash_entry h;
    struct datum *v;
    int64_t n;       /* right rows not yet used up (ALL), or whether there is one */
    bool given;      /* INTERSECT without ALL: a value is given once */
};

struct setop_op {
    struct op op;
    const struct plan_setop *plan;
    const struct type *const *types;
    int side;
    size_t limit;
    struct arena *table_arena;
    struct row_hash table;
    struct datum *row;
    uint16_t *sel;
    /* spilled */
    struct row_store *right[N_PARTS], *left[N_PARTS];
    bool spilled;
    int part;                  /* being read; -1 before the first */
    struct row_reader *reader; /* of its left rows */
    struct arena *part_arena;
    struct batch part_batch;
};

static uint64_t
hash_of(const struct setop_op *s, const struct datum *row)
{
    return row_key_hash(row, s->op.node->n_cols, s->types, 5);
}

static struct count_entry *
find(struct setop_op *s, const struct datum *row, bool add)
{
    int n = s->op.node->n_cols;
    uint64_t hash = hash_of(s, row);

    for (struct hash_entry *h = row_hash_bucket(&s->table, hash); h != NULL; h = h->next)
        if (h->hash == hash && row_key_equal(((struct count_entry *)h)->v, row, n, s->types))
            return (struct count_entry *)h;
    if (!add)
        return NULL;
    struct count_entry *e = ARENA_NEW(s->table_arena, struct count_entry);
    e->h.hash = hash;
    e->v = ARENA_ARRAY(s->table_arena, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        e->v[i] = datum_copy(s->table_arena, s->types[i], &row[i]);
    row_hash_add(&s->table, &e->h);
    return e;
}

static struct error *
add_to_part(struct setop_op *s, struct row_store **parts, uint64_t hash, const struct datum *row)
{
    int k = (int)((hash >> 40) % N_PARTS);

    if (parts[k] == NULL)
        parts[k] = row_store_create(s->op.x, s->op.arena, s->op.node->n_cols, s->types,
                                    s->limit / N_PARTS);
    return row_store_add(parts[k], row);
}

/* The table has become too big: what it holds goes to the parts. */
static struct error *
spill_table(struct setop_op *s)
{
    for (size_t b = 0; b < s->table.n_buckets; b++)
        for (struct hash_entry *h = s->table.buckets[b]; h != NULL; h = h->next) {
            const struct count_entry *e = (const struct count_entry *)h;
            for (int64_t k = 0; k < (s->plan->all ? e->n : 1); k++)
                ERR_TRY(add_to_part(s, s->right, h->hash, e->v));
        }
    arena_reset(s->table_arena);
    row_hash_init(&s->table, s->table_arena);
    s->spilled = true;
    return NULL;
}

static struct error *
read_right(struct setop_op *s)
{
    struct op *in = s->op.children[1];

    ERR_TRY(op_open(in));
    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(in, &b));
        if (b->n == 0)
            break;
        int live = batch_live(b);
        for (int i = 0; i < live; i++) {
            batch_get_row(b, batch_row(b, i), s->row);
            if (s->spilled)
                ERR_TRY(add_to_part(s, s->right, hash_of(s, s->row), s->row));
            else
                find(s, s->row, true)->n++;
        }
        if (!s->spilled && arena_size(s->table_arena) > s->limit)
            ERR_TRY(spill_table(s));
    }
    op_close(in);
    return NULL;
}

static struct error *
spill_left(struct setop_op *s)
{
    struct op *in = s->op.children[0];

    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(in, &b));
        if (b->n == 0)
            break;
        int live = batch_live(b);
        for (int i = 0; i < live; i++) {
            batch_get_row(b, batch_row(b, i), s->row);
            ERR_TRY(add_to_part(s, s->left, hash_of(s, s->row), s->row));
        }
    }
    op_close(in);
    return NULL;
}

static struct error *
setop_open(struct op *o)
{
    struct setop_op *s = (struct setop_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    s->types = plan_types(o->arena, o->node);
    s->side = 0;
    s->row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->n_cols + 1);
    s->sel = ARENA_ARRAY(o->arena, uint16_t, BATCH_ROWS);
    if (s->plan->op == PLAN_SETOP_UNION) {
        ERR_TRY(op_open(o->children[0]));
        return op_open(o->children[1]);
    }
    s->limit = rel_memory_limit(o->x);
    s->spilled = false;
    s->part = -1;
    s->reader = NULL;
    memset(s->right, 0, sizeof(s->right));
    memset(s->left, 0, sizeof(s->left));
    s->table_arena = arena_create(o->arena, "set");
    s->part_arena = arena_create(o->arena, "part");
    row_hash_init(&s->table, s->table_arena);
    ERR_TRY(read_right(s));
    ERR_TRY(op_open(o->children[0]));
    if (!s->spilled)
        return NULL;
    batch_init(o->arena, &s->part_batch, o->node->n_cols, true);
    return spill_left(s);
}

static bool
takes(struct setop_op *s, const struct datum *row)
{
    const struct plan_setop *p = s->plan;
    struct count_entry *e = find(s, row, false);
    bool there = e != NULL && e->n > 0;

    if (there && p->all)
        e->n--;
    if (there && !p->all && p->op == PLAN_SETOP_INTERSECT) {
        there = !e->given;
        e->given = true;
    }
    return there == (p->op == PLAN_SETOP_INTERSECT);
}

/* The right rows of the next part in the table, its left rows to be read. */
static struct error *
next_part(struct setop_op *s, bool *more)
{
    size_t most = s->op.x->budget == NULL ? 0 : mem_budget_limit(s->op.x->budget);
    struct row_store **left = &s->left[s->part + 1], **right = &s->right[s->part + 1];

    if (s->part >= 0) {
        if (s->left[s->part] != NULL)
            row_store_close(s->left[s->part]);
        if (s->right[s->part] != NULL)
            row_store_close(s->right[s->part]);
    }
    s->reader = NULL;
    *more = ++s->part < N_PARTS;
    if (!*more || *left == NULL)
        return NULL;
    arena_reset(s->part_arena);
    arena_reset(s->table_arena);
    row_hash_init(&s->table, s->table_arena);
    if (*right != NULL) {
        struct row_reader *r = row_reader_open(*right, s->part_arena);
        for (;;) {
            bool any;
            ERR_TRY(row_reader_next(r, s->row, &any));
            if (!any)
                break;
            find(s, s->row, true)->n++;
            if (most > 0 && arena_size(s->table_arena) > most)
                return err_new(ERR_OUT_OF_MEMORY,
                               "memory budget exceeded: %zu bytes held by a set operation",
                               arena_size(s->table_arena));
        }
    }
    s->reader = row_reader_open(*left, s->part_arena);
    return NULL;
}

/* The left side's next rows; n = 0 at the end. */
static struct error *
next_left(struct setop_op *s, struct batch **in)
{
    bool more = true;

    if (!s->spilled)
        return op_next(s->op.children[0], in);
    *in = &s->part_batch;
    for (;;) {
        if (s->reader != NULL) {
            ERR_TRY(row_reader_batch(s->reader, &s->part_batch));
            if (s->part_batch.n > 0)
                return NULL;
        }
        if (s->part < N_PARTS)
            ERR_TRY(next_part(s, &more));
        if (!more || s->part >= N_PARTS) {
            s->part_batch.n = 0;
            return NULL;
        }
    }
}

static struct error *
setop_next(struct op *o, struct batch **out)
{
    struct setop_op *s = (struct setop_op *)o;
    struct batch *in;

    *out = &o->batch;
    if (s->plan->op == PLAN_SETOP_UNION) {
        while (s->side < 2) {
            ERR_TRY(op_next(o->children[s->side], &in));
            if (in->n > 0) {
                *out = in;
                return NULL;
            }
            op_close(o->children[s->side]);
            s->side++;
        }
        op_begin_batch(o);
        return NULL;
    }
    for (;;) {
        op_begin_batch(o);
        ERR_TRY(next_left(s, &in));
        if (in->n == 0)
            return NULL;
        memcpy(o->batch.cols, in->cols, (size_t)o->batch.n_cols * sizeof(in->cols[0]));
        int live = batch_live(in), n = 0;
        for (int i = 0; i < live; i++) {
            int r = batch_row(in, i);
            batch_get_row(in, r, s->row);
            if (takes(s, s->row))
                s->sel[n++] = (uint16_t)r;
        }
        o->batch.n = in->n;
        o->batch.sel = s->sel;
        o->batch.n_sel = n;
        if (n > 0)
            return NULL;
    }
}

static const struct op_vt setop_vt = {.name = "union", .open = setop_open, .next = setop_next};

struct error *
make_setop(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    ERR_TRY(op_new(x, st, n, &setop_vt, sizeof(struct setop_op), out));
    ((struct setop_op *)*out)->plan = (const struct plan_setop *)n;
    return NULL;
}
