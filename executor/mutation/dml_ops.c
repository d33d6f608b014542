#include "config.h"

#include "executor/mutation/mutation.h"
#include "executor/relational/rel_int.h"
#include "executor/trace.h"

/* INSERT, UPDATE, DELETE as operators. All rows are written, and all foreign keys checked, before the
 * first result row goes out. Without RETURNING the batches have rows but no columns: they count. */

struct dml_op {
    struct op op;
    struct mutator *m;
    struct mut_table *mt;
    struct arena *row_arena;
    struct row_store *result;    /* RETURNING */
    struct row_reader *reader;
    int64_t count, counted;
    bool ran;
    bool range;                  /* DELETE of whole spans: traced as such */
    struct datum *row, *old, *wide, *out;
    /* rows that ON CONFLICT wrote, by primary key; UPDATE .. FROM: rows done */
    struct row_hash touched;
    const struct type **pk_types;
    struct datum *pk_vals;
};

struct touched_row {
    struct hash_entry h;
    struct datum *v;
};

static struct error *
dml_open(struct op *o, const struct plan_target *target, bool returning)
{
    struct dml_op *d = (struct dml_op *)o;
    const struct table *t = target->table;
    size_t n = (size_t)t->n_all_columns;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    d->row_arena = arena_create(o->arena, "row");
    d->row = ARENA_ARRAY(o->arena, struct datum, n + 1);
    d->old = ARENA_ARRAY(o->arena, struct datum, n + 1);
    d->wide = ARENA_ARRAY(o->arena, struct datum, 2 * n + 1);
    d->out = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->n_cols + 1);
    d->count = d->counted = 0;
    d->ran = false;
    d->reader = NULL;
    if (returning)
        d->result =
            row_store_create(o->x, o->arena, o->node->n_cols, plan_types(o->arena, o->node), 0);
    const struct index *pk = &t->indexes[0];
    d->pk_types = ARENA_ARRAY(o->arena, const struct type *, (size_t)pk->n_keys + 1);
    d->pk_vals = ARENA_ARRAY(o->arena, struct datum, (size_t)pk->n_keys + 1);
    for (int i = 0; i < pk->n_keys; i++)
        d->pk_types[i] = t->columns[pk->keys[i]].type;
    row_hash_init(&d->touched, o->arena);
    ERR_TRY(mutator_create(o->x, o->arena, &d->m));
    ERR_TRY(mutator_table(d->m, t, target, &d->mt));
    return op_open(o->children[0]);
}

/* Was this primary key met before? Remembers it. */
static bool
touch(struct dml_op *d, const struct datum *row, bool remember)
{
    const struct table *t = mut_table_of(d->mt);
    const struct index *pk = &t->indexes[0];

    for (int i = 0; i < pk->n_keys; i++)
        d->pk_vals[i] = row[pk->keys[i]];
    uint64_t hash = row_key_hash(d->pk_vals, pk->n_keys, d->pk_types, 19);
    for (struct hash_entry *h = row_hash_bucket(&d->touched, hash); h != NULL; h = h->next)
        if (h->hash == hash && row_key_equal(((struct touched_row *)h)->v, d->pk_vals, pk->n_keys,
                                             d->pk_types))
            return true;
    if (!remember)
        return false;
    struct touched_row *e = ARENA_NEW(d->op.arena, struct touched_row);
    e->h.hash = hash;
    e->v = ARENA_ARRAY(d->op.arena, struct datum, (size_t)pk->n_keys + 1);
    for (int i = 0; i < pk->n_keys; i++)
        e->v[i] = datum_copy(d->op.arena, d->pk_types[i], &d->pk_vals[i]);
    row_hash_add(&d->touched, &e->h);
    return false;
}

static struct error *
give_row(struct dml_op *d, const struct datum *row, int n_table, const struct batch *in, int r,
         const int *pass, int n_pass)
{
    d->count++;
    if (d->result == NULL)
        return NULL;
    memcpy(d->out, row, (size_t)n_table * sizeof(row[0]));
    for (int i = 0; i < n_pass; i++)
        d->out[n_table + i] = in->cols[pass[i]][r];
    return row_store_add(d->result, d->out);
}

typedef struct error *(*each_fn)(struct dml_op *d, const struct batch *b, int r);
typedef struct error *(*expect_fn)(struct dml_op *d, const struct batch *b, int i, int *next);

static struct error *
write_batch(struct dml_op *d, const struct batch *in, each_fn each, expect_fn expect)
{
    int expected = 0;

    for (int i = 0; i < batch_live(in); i++) {
        arena_reset(d->row_arena);
        if (expect != NULL && i == expected)
            ERR_TRY(expect(d, in, i, &expected));
        ERR_TRY(each(d, in, batch_row(in, i)));
    }
    return NULL;
}

/* expect: may be NULL; asked before the rows from the i-th to *next are written. */
static struct error *
dml_next(struct op *o, struct batch **out, each_fn each, expect_fn expect)
{
    struct dml_op *d = (struct dml_op *)o;

    *out = &o->batch;
    if (!d->ran) {
        d->ran = true;
        for (;;) {
            struct batch *in;
            ERR_TRY(op_next(o->children[0], &in));
            if (in->n == 0)
                break;
            ERR_TRY(write_batch(d, in, each, expect));
        }
        op_close(o->children[0]);
        ERR_TRY(mut_trace_done(d->mt, !mut_has_foreign_keys(d->mt)));
        ERR_TRY(mutator_finish(d->m));
        ERR_TRY(mut_trace_done(d->mt, false));
        if (o->x->trace_kv && d->result == NULL)
            TRACE(o->x->session, "flow", "fast path completed");
    }
    if (d->result != NULL) {
        if (d->reader == NULL)
            d->reader = row_reader_open(d->result, o->arena);
        return row_reader_batch(d->reader, &o->batch);
    }
    op_begin_batch(o);
    int64_t left = d->count - d->counted;
    o->batch.n = (int)(left > BATCH_ROWS ? BATCH_ROWS : left);
    d->counted += o->batch.n;
    return NULL;
}

/* ---- INSERT --------------------------------------------------------------------------------- */

static struct error *
insert_open(struct op *o)
{
    const struct plan_insert *p = (const struct plan_insert *)o->node;

    return dml_open(o, &p->target, p->returning);
}

static struct error *
second_time(void)
{
    return err_new(ERR_CARDINALITY_VIOLATION,
                   "UPSERT or INSERT...ON CONFLICT command cannot affect row a second time");
}

/* The row is there already: DO UPDATE, or UPSERT's replacement. */
static struct error *
update_existing(struct dml_op *d, const struct plan_insert *p, const struct datum *old)
{
    const struct table *t = p->target.table;
    size_t n = (size_t)t->n_all_columns;
    struct eval_env env = d->op.x->env;
    bool *set = ARENA_ARRAY(d->row_arena, bool, n + 1);

    if (touch(d, old, true))
        return second_time();
    env.arena = d->row_arena;
    memcpy(d->wide, old, n * sizeof(old[0]));
    memcpy(d->wide + n, d->row, n * sizeof(d->row[0]));
    if (p->conflict_where != NULL) {
        struct datum ok;
        ERR_TRY(expr_eval(p->conflict_where, &env, d->op.st, d->wide, &ok));
        if (ok.null || !ok.i)
            return NULL;
    }
    memcpy(d->old, old, n * sizeof(old[0]));
    memcpy(d->row, old, n * sizeof(old[0]));
    for (int i = 0; i < p->n_sets; i++) {
        set[p->sets[i].ordinal] = true;
        ERR_TRY(expr_eval(p->sets[i].expr, &env, d->op.st, d->wide, &d->row[p->sets[i].ordinal]));
    }
    ERR_TRY(mut_prepare_row(d->mt, d->row_arena, d->row, set));
    ERR_TRY(mut_check_updated_row(d->mt, d->row_arena, d->old, d->row));
    ERR_TRY(mut_update(d->mt, d->row_arena, d->old, d->row,
                       p->upsert_word ? MUT_UPSERT : MUT_INSERT));
    touch(d, d->row, true);
    return give_row(d, d->row, t->n_columns, NULL, 0, NULL, 0);
}

/* The row as it is given. */
static void
take_values(struct dml_op *d, const struct plan_insert *p, const struct batch *b, int r)
{
    for (int i = 0; i < p->target.table->n_all_columns; i++)
        d->row[i] = DATUM_NULL;
    for (int i = 0; i < p->n_values; i++)
        d->row[p->ordinals[i]] = b->cols[i] == NULL ? DATUM_NULL : b->cols[i][r];
}

/* What the store has of the batch's rows from the i-th on, as many as are asked for together; *next: the row
 * behind them. */
static struct error *
insert_expect(struct dml_op *d, const struct batch *b, int i, int *next)
{
    const struct plan_insert *p = (const struct plan_insert *)d->op.node;
    size_t n_columns = (size_t)p->target.table->n_all_columns;
    struct slice keys[MUT_EXPECT_MAX];
    int n = 0;

    *next = batch_live(b);
    if (!kv_prefetches(d->op.x->txn) || (p->conflict == CONFLICT_UPSERT && p->blind_upsert))
        return NULL;
    bool *known = ARENA_ARRAY(d->row_arena, bool, n_columns + 1);
    for (int c = 0; c < p->n_values; c++)
        known[p->ordinals[c]] = true;
    for (; i < *next && n < MUT_EXPECT_MAX; i++) {
        take_values(d, p, b, batch_row(b, i));
        err_free(mut_expect_row(d->mt, d->row_arena, d->row, known, keys, &n)); /* it shows at the row */
    }
    *next = i;
    return kv_prefetch(d->op.x->txn, keys, (size_t)n);
}

static struct error *
insert_each(struct dml_op *d, const struct batch *b, int r)
{
    const struct plan_insert *p = (const struct plan_insert *)d->op.node;
    const struct table *t = p->target.table;
    struct eval_env env = d->op.x->env;

    env.arena = d->row_arena;
    take_values(d, p, b, r);
    for (int i = 0; i < p->n_defaults; i++)
        ERR_TRY(expr_eval(p->defaults[i].expr, &env, d->op.st, NULL, &d->row[p->defaults[i].ordinal]));
    ERR_TRY(mut_prepare_row(d->mt, d->row_arena, d->row, NULL));
    if (p->conflict == CONFLICT_NOTHING) {
        bool found = false;
        if (p->arbiter == NULL) {
            ERR_TRY(mut_find_any(d->mt, d->row_arena, d->row, &found));
        } else {
            struct datum *old;
            ERR_TRY(mut_find(d->mt, d->row_arena, p->arbiter, d->row, &old));
            found = old != NULL;
        }
        if (found)
            return NULL;
    } else if (p->conflict == CONFLICT_UPSERT && p->blind_upsert) {
        ERR_TRY(mut_check_row(d->mt, d->row_arena, d->row));
        ERR_TRY(mut_put_blind(d->mt, d->row_arena, d->row));
        return give_row(d, d->row, t->n_columns, NULL, 0, NULL, 0);
    } else if (p->conflict != CONFLICT_ERROR) {
        struct datum *old;
        ERR_TRY(mut_find(d->mt, d->row_arena, p->arbiter, d->row, &old));
        if (old != NULL)
            return update_existing(d, p, old);
    }
    ERR_TRY(mut_check_row(d->mt, d->row_arena, d->row));
    ERR_TRY(mut_insert(d->mt, d->row_arena, d->row, p->upsert_word ? MUT_UPSERT : MUT_INSERT));
    if (p->conflict == CONFLICT_UPDATE || p->conflict == CONFLICT_UPSERT)
        touch(d, d->row, true);
    return give_row(d, d->row, t->n_columns, NULL, 0, NULL, 0);
}

static struct error *
insert_next(struct op *o, struct batch **out)
{
    return dml_next(o, out, insert_each, insert_expect);
}

static const struct op_vt insert_vt = {
    .name = "insert", .open = insert_open, .next = insert_next};

struct error *
make_insert(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &insert_vt, sizeof(struct dml_op), out);
}

/* ---- UPDATE --------------------------------------------------------------------------------- */

static struct error *
update_open(struct op *o)
{
    const struct plan_update *p = (const struct plan_update *)o->node;

    return dml_open(o, &p->target, p->returning);
}

static struct error *
update_each(struct dml_op *d, const struct batch *b, int r)
{
    const struct plan_update *p = (const struct plan_update *)d->op.node;
    const struct table *t = p->target.table;
    struct eval_env env = d->op.x->env;
    bool *set = ARENA_ARRAY(d->row_arena, bool, (size_t)t->n_all_columns + 1);
    struct datum *in = ARENA_ARRAY(d->row_arena, struct datum, (size_t)b->n_cols + 1);

    env.arena = d->row_arena;
    batch_get_row(b, r, in);
    for (int i = 0; i < t->n_all_columns; i++)
        d->old[i] = DATUM_NULL;
    for (int i = 0; i < p->n_fetch; i++)
        d->old[p->fetch[i]] = in[i];
    if (p->dedupe && touch(d, d->old, true))
        return NULL;
    memcpy(d->row, d->old, (size_t)t->n_all_columns * sizeof(d->row[0]));
    for (int i = 0; i < p->n_sets; i++) {
        set[p->sets[i].ordinal] = true;
        ERR_TRY(expr_eval(p->sets[i].expr, &env, d->op.st, in, &d->row[p->sets[i].ordinal]));
    }
    ERR_TRY(mut_prepare_row(d->mt, d->row_arena, d->row, set));
    ERR_TRY(mut_check_updated_row(d->mt, d->row_arena, d->old, d->row));
    ERR_TRY(mut_update(d->mt, d->row_arena, d->old, d->row, MUT_UPDATE));
    return give_row(d, d->row, t->n_columns, b, r, p->pass, p->n_pass);
}

static struct error *
update_next(struct op *o, struct batch **out)
{
    return dml_next(o, out, update_each, NULL);
}

static const struct op_vt update_vt = {
    .name = "update", .open = update_open, .next = update_next};

struct error *
make_update(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &update_vt, sizeof(struct dml_op), out);
}

/* ---- DELETE --------------------------------------------------------------------------------- */

static struct error *
delete_open(struct op *o)
{
    const struct plan_delete *p = (const struct plan_delete *)o->node;

    ((struct dml_op *)o)->range = plan_delete_range(o->node) != NULL;
    if (((struct dml_op *)o)->range)
        scan_trace_deletes(o->children[0]);
    return dml_open(o, &p->target, p->returning);
}

static struct error *
delete_each(struct dml_op *d, const struct batch *b, int r)
{
    const struct plan_delete *p = (const struct plan_delete *)d->op.node;
    const struct table *t = p->target.table;

    for (int i = 0; i < t->n_all_columns; i++)
        d->old[i] = DATUM_NULL;
    for (int i = 0; i < p->n_fetch; i++)
        d->old[p->fetch[i]] = b->cols[i][r];
    if (!d->range)
        ERR_TRY(mut_trace_delete(d->mt, d->row_arena, d->old));
    ERR_TRY(mut_delete(d->mt, d->row_arena, d->old));
    return give_row(d, d->old, t->n_columns, NULL, 0, NULL, 0);
}

static struct error *
delete_next(struct op *o, struct batch **out)
{
    return dml_next(o, out, delete_each, NULL);
}

static const struct op_vt delete_vt = {
    .name = "delete", .open = delete_open, .next = delete_next};

struct error *
make_delete(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &delete_vt, sizeof(struct dml_op), out);
}
