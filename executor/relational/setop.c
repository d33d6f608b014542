#include "config.h"

#include "executor/relational/rel_int.h"

/* UNION ALL gives left, then right. (UNION is a DISTINCT over it.) INTERSECT and EXCEPT count the right
 * side's rows by value, then look at the left side's in order. */

struct count_entry {
    struct hash_entry h;
    struct datum *v;
    int64_t n;       /* right rows not yet used up (ALL), or whether there is one */
    bool given;      /* without ALL: a value is given once */
};

struct setop_op {
    struct op op;
    const struct plan_setop *plan;
    const struct type *const *types;
    int side;
    struct arena *table_arena;
    struct row_hash table;
    struct datum *row;
    uint16_t *sel;
};

static struct count_entry *
find(struct setop_op *s, const struct datum *row, bool add)
{
    int n = s->op.node->n_cols;
    uint64_t hash = row_key_hash(row, n, s->types, 5);

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
setop_open(struct op *o)
{
    struct setop_op *s = (struct setop_op *)o;
    size_t limit = o->x->budget == NULL ? 0 : mem_budget_limit(o->x->budget);

    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    s->types = plan_types(o->arena, o->node);
    s->side = 0;
    s->row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->n_cols + 1);
    s->sel = ARENA_ARRAY(o->arena, uint16_t, BATCH_ROWS);
    if (s->plan->op == PLAN_SETOP_UNION) {
        ERR_TRY(op_open(o->children[0]));
        return op_open(o->children[1]);
    }
    s->table_arena = arena_create(o->arena, "set");
    row_hash_init(&s->table, s->table_arena);
    ERR_TRY(op_open(o->children[1]));
    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(o->children[1], &b));
        if (b->n == 0)
            break;
        int live = batch_live(b);
        for (int i = 0; i < live; i++) {
            batch_get_row(b, batch_row(b, i), s->row);
            find(s, s->row, true)->n++;
        }
        if (limit > 0 && arena_size(s->table_arena) > limit)
            return err_new(ERR_OUT_OF_MEMORY,
                           "memory budget exceeded: %zu bytes held by a set operation",
                           arena_size(s->table_arena));
    }
    op_close(o->children[1]);
    return op_open(o->children[0]);
}

static bool
takes(struct setop_op *s, const struct datum *row)
{
    const struct plan_setop *p = s->plan;
    struct count_entry *e = find(s, row, !p->all);

    if (p->all) {
        bool there = e != NULL && e->n > 0;
        if (there)
            e->n--;
        return there == (p->op == PLAN_SETOP_INTERSECT);
    }
    if ((e->n > 0) != (p->op == PLAN_SETOP_INTERSECT) || e->given)
        return false;
    e->given = true;
    return true;
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
        ERR_TRY(op_next(o->children[0], &in));
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
