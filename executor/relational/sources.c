#include "config.h"

#include "catalog/pb.h"
#include "catalog/row.h"
#include "executor/relational/rel_int.h"
#include "executor/statement.h"
#include "executor/virtual.h"

/* ---- VALUES --------------------------------------------------------------------------------- */

struct values_op {
    struct op op;
    int at;
};

static struct error *
values_open(struct op *o)
{
    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    ((struct values_op *)o)->at = 0;
    return NULL;
}

static struct error *
values_next(struct op *o, struct batch **out)
{
    const struct plan_values *p = (const struct plan_values *)o->node;
    struct values_op *v = (struct values_op *)o;

    *out = &o->batch;
    op_begin_batch(o);
    struct eval_env env = op_env(o);
    while (v->at < p->n_rows && o->batch.n < BATCH_ROWS) {
        for (int c = 0; c < o->node->n_cols; c++)
            ERR_TRY(expr_eval(p->rows[v->at][c], &env, o->st, NULL, &o->batch.cols[c][o->batch.n]));
        o->batch.n++;
        v->at++;
    }
    return NULL;
}

static const struct op_vt values_vt = {
    .name = "values", .open = values_open, .next = values_next};

struct error *
make_values(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n, struct op **out)
{
    return op_new(x, st, n, &values_vt, sizeof(struct values_op), out);
}

/* ---- rows that a function makes: virtual tables, [SHOW ..], sequences ----------------------- */

struct made_op {
    struct op op;
    struct row_store *store;
    struct row_reader *reader;
    const int *ordinals;      /* virtual tables: which of the made columns; NULL all */
};

struct store_sink {
    struct row_sink sink;
    struct row_store *store;
};

static struct error *
store_put(struct row_sink *s, const struct datum *row)
{
    return row_store_add(((struct store_sink *)s)->store, row);
}

struct pick_sink {
    struct row_sink sink;
    struct row_store *store;
    int n;
    const int *ordinals;
    struct datum *row;
};

static struct error *
pick_put(struct row_sink *s, const struct datum *row)
{
    struct pick_sink *p = (struct pick_sink *)s;

    for (int i = 0; i < p->n; i++)
        p->row[i] = row[p->ordinals[i]];
    return row_store_add(p->store, p->row);
}

static void
made_begin(struct op *o)
{
    struct made_op *m = (struct made_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    m->store = row_store_create(o->x, o->arena, o->node->n_cols, plan_types(o->arena, o->node), 0);
}

static struct error *
made_next(struct op *o, struct batch **out)
{
    struct made_op *m = (struct made_op *)o;

    *out = &o->batch;
    if (m->reader == NULL)
        m->reader = row_reader_open(m->store, o->arena);
    return row_reader_batch(m->reader, &o->batch);
}

static void
made_close(struct op *o)
{
    struct made_op *m = (struct made_op *)o;

    row_store_close(m->store);
    m->store = NULL;
    m->reader = NULL;
}

static struct error *
virtual_open(struct op *o)
{
    const struct plan_virtual_scan *p = (const struct plan_virtual_scan *)o->node;
    struct made_op *m = (struct made_op *)o;
    const struct virtual_table *vt = p->table->opaque;
    bool *needed = ARENA_ARRAY(o->arena, bool, (size_t)p->table->n_columns + 1);

    made_begin(o);
    for (int i = 0; i < p->n_out; i++)
        needed[p->ordinals[i]] = true;
    struct virtual_scan v = {.table = p->table,
                             .database = p->database,
                             .key_ordinal = p->key_ordinal,
                             .needed = needed};
    if (p->key_ordinal >= 0) {
        struct eval_env env = op_env(o);
        env.arena = o->arena;
        ERR_TRY(expr_eval(p->key_value, &env, o->st, NULL, &v.key));
        if (v.key.null)
            return NULL;
    }
    struct pick_sink sink = {.sink = {pick_put},
                             .store = m->store,
                             .n = p->n_out,
                             .ordinals = p->ordinals,
                             .row = ARENA_ARRAY(o->arena, struct datum, (size_t)p->n_out + 1)};
    return vt->rows == NULL ? NULL : vt->rows(o->x, &v, &sink.sink);
}

static const struct op_vt virtual_vt = {
    .name = "virtual table", .open = virtual_open, .next = made_next, .close = made_close};

struct error *
make_virtual_scan(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                  struct op **out)
{
    return op_new(x, st, n, &virtual_vt, sizeof(struct made_op), out);
}

static struct error *
statement_open(struct op *o)
{
    const struct plan_statement *p = (const struct plan_statement *)o->node;
    struct made_op *m = (struct made_op *)o;
    const struct statement_ops *ops = statement_find(p->stmt);
    char *tag = NULL;

    made_begin(o);
    if (ops == NULL || ops->run == NULL)
        return err_new(ERR_INTERNAL, "statement is no source of rows");
    struct store_sink sink = {.sink = {store_put}, .store = m->store};
    return ops->run(o->x, p->stmt, &sink.sink, &tag);
}

static const struct op_vt statement_vt = {
    .name = "statement", .open = statement_open, .next = made_next, .close = made_close};

struct error *
make_statement(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
               struct op **out)
{
    return op_new(x, st, n, &statement_vt, sizeof(struct made_op), out);
}

/* SELECT from a sequence: last_value, log_cnt, is_called.
 * SOURCE: kv-encoding 11: before the first nextval the stored value is start - increment. */
static struct error *
sequence_open(struct op *o)
{
    const struct plan_sequence_scan *p = (const struct plan_sequence_scan *)o->node;
    struct made_op *m = (struct made_op *)o;
    struct str key;
    struct slice value;
    bool found;
    int64_t v = 0;

    made_begin(o);
    str_init_arena(&key, o->arena, 64);
    row_sequence_key(&key, p->table->id);
    ERR_TRY(kv_get(o->x->txn, str_slice(&key), o->arena, &found, &value, NULL));
    if (found)
        ERR_TRY(row_sequence_decode(value, &v));
    const Amberdb__SequenceOpts *opts = p->table->pb->sequence_opts;
    struct datum row[SEQUENCE_SCAN_COLUMNS] = {
        datum_int(v), datum_int(0), datum_bool(true), datum_int(PB_GET(opts, start)),
        datum_int(PB_GET(opts, min_value)), datum_int(PB_GET(opts, max_value)),
        datum_int(PB_GET(opts, increment)), datum_bool(false), datum_int(1)};
    return row_store_add(m->store, row);
}

static const struct op_vt sequence_vt = {
    .name = "sequence select", .open = sequence_open, .next = made_next, .close = made_close};

struct error *
make_sequence_scan(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                   struct op **out)
{
    return op_new(x, st, n, &sequence_vt, sizeof(struct made_op), out);
}
