#include "config.h"

#include "executor/relational/cte.h"

#include "executor/relational/rel_int.h"

/* A CTE's rows are made when they are first wanted, kept in a row store, and read by every reference.
 * Inside WITH RECURSIVE, references read the working table: the rows of the step before. */

struct cte_state {
    struct row_store *store;
    struct op *source; /* more rows are to come from it; NULL: not begun or at its end */
    bool begun;
    struct row_store *working;
};

static struct cte_state *
state_of(struct exec_ctx *x, const struct plan_cte *c)
{
    if (x->ctes[c->slot] == NULL)
        x->ctes[c->slot] = ARENA_NEW(x->arena, struct cte_state);
    return x->ctes[c->slot];
}

static const struct type *const *
cte_types(struct arena *a, const struct plan_cte *c)
{
    const struct type **t = ARENA_ARRAY(a, const struct type *, (size_t)c->n_cols + 1);

    for (int i = 0; i < c->n_cols; i++)
        t[i] = c->cols[i].type;
    return t;
}

static struct error *
cte_begin(struct exec_ctx *x, const struct plan_cte *c)
{
    struct cte_state *s = state_of(x, c);
    struct op *o;

    s->begun = true;
    s->store = row_store_create(x, x->arena, c->n_cols, cte_types(x->arena, c), 0);
    ERR_TRY(exec_build(x, &x->state, c->plan, &o));
    ERR_TRY(op_open(o));
    s->source = o;
    return NULL;
}

/* The next rows, kept; *b has none at the end. */
static struct error *
cte_pull(struct cte_state *s, struct batch **b)
{
    ERR_TRY(op_next(s->source, b));
    if ((*b)->n > 0)
        return row_store_add_batch(s->store, *b);
    op_close(s->source);
    s->source = NULL;
    return NULL;
}

struct error *
cte_run(struct exec_ctx *x, const struct plan_cte *c)
{
    struct cte_state *s = state_of(x, c);
    struct batch *b;

    if (!s->begun)
        ERR_TRY(cte_begin(x, c));
    while (s->source != NULL)
        ERR_TRY(cte_pull(s, &b));
    return NULL;
}

/* ---- references ----------------------------------------------------------------------------- */

/* The first reference gets the rows as they are made, so that LIMIT can end an endless recursion. One
 * that comes meanwhile has all of them made, and the first goes on in the store. */
struct cte_scan_op {
    struct op op;
    struct row_reader *reader;
    struct cte_state *streams;
    uint64_t passed;
    struct datum *row;
};

static struct error *
cte_scan_open(struct op *o)
{
    const struct plan_cte *c = ((const struct plan_cte_scan *)o->node)->cte;
    struct cte_scan_op *s = (struct cte_scan_op *)o;
    struct cte_state *state = state_of(o->x, c);
    struct row_store *rows;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    s->reader = NULL;
    s->streams = NULL;
    s->row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->n_cols + 1);
    if (((const struct plan_cte_scan *)o->node)->working_table) {
        rows = state->working;
    } else if (!state->begun) {
        s->streams = state;
        s->passed = 0;
        return cte_begin(o->x, c);
    } else {
        ERR_TRY(cte_run(o->x, c));
        rows = state->store;
    }
    if (rows == NULL)
        return err_new(ERR_INTERNAL, "a common table expression has no rows to read");
    s->reader = row_reader_open(rows, o->arena);
    return NULL;
}

/* Others made the rest of the rows: go on in the store. */
static struct error *
catch_up(struct cte_scan_op *s)
{
    bool more = true;

    s->reader = row_reader_open(s->streams->store, s->op.arena);
    for (uint64_t i = 0; i < s->passed && more; i++)
        ERR_TRY(row_reader_next(s->reader, s->row, &more));
    return NULL;
}

static struct error *
cte_scan_next(struct op *o, struct batch **out)
{
    struct cte_scan_op *s = (struct cte_scan_op *)o;

    *out = &o->batch;
    if (s->reader == NULL && s->streams->source != NULL) {
        struct batch *b;
        ERR_TRY(cte_pull(s->streams, &b));
        /* Copied, for another reference may go on with the source before these are used. */
        op_begin_batch(o);
        for (int i = 0; i < batch_live(b); i++) {
            batch_get_row(b, batch_row(b, i), s->row);
            op_put_row(o, s->row);
        }
        s->passed += (uint64_t)o->batch.n;
        return NULL;
    }
    if (s->reader == NULL)
        ERR_TRY(catch_up(s));
    return row_reader_batch(s->reader, &o->batch);
}

static const struct op_vt cte_scan_vt = {
    .name = "scan buffer node", .open = cte_scan_open, .next = cte_scan_next};

struct error *
make_cte_scan(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
              struct op **out)
{
    return op_new(x, st, n, &cte_scan_vt, sizeof(struct cte_scan_op), out);
}

/* ---- WITH RECURSIVE ------------------------------------------------------------------------- */

struct seen_row {
    struct hash_entry h;
    struct datum *v;
};

struct recursive_op {
    struct op op;
    const struct plan_recursive_cte *plan;
    const struct type *const *types;
    struct row_hash seen;
    struct row_store *next;   /* rows that the next step will read */
    struct arena *spare, *of_next, *of_working; /* of the two tables, in turns */
    struct op *child;         /* being read */
    bool first, built;
    uint16_t *sel;
    struct datum *row;
};

static struct error *
recursive_open(struct op *o)
{
    struct recursive_op *r = (struct recursive_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, false);
    r->types = plan_types(o->arena, o->node);
    r->sel = ARENA_ARRAY(o->arena, uint16_t, BATCH_ROWS);
    r->row = ARENA_ARRAY(o->arena, struct datum, (size_t)o->node->n_cols + 1);
    row_hash_init(&r->seen, o->arena);
    r->spare = arena_create(o->arena, "working table");
    r->of_next = arena_create(o->arena, "working table");
    r->of_working = NULL;
    r->next = row_store_create(o->x, r->of_next, o->node->n_cols, r->types, 0);
    r->first = true;
    r->built = false;
    r->child = o->children[0];
    return op_open(r->child);
}

static bool
unseen(struct recursive_op *r, const struct datum *row)
{
    int n = r->op.node->n_cols;
    uint64_t hash = row_key_hash(row, n, r->types, 9);

    for (struct hash_entry *h = row_hash_bucket(&r->seen, hash); h != NULL; h = h->next)
        if (h->hash == hash && row_key_equal(((struct seen_row *)h)->v, row, n, r->types))
            return false;
    struct seen_row *e = ARENA_NEW(r->op.arena, struct seen_row);
    e->h.hash = hash;
    e->v = ARENA_ARRAY(r->op.arena, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        e->v[i] = datum_copy(r->op.arena, r->types[i], &row[i]);
    row_hash_add(&r->seen, &e->h);
    return true;
}

/* The step ended: its rows become the working table; *more false when there were none. */
static struct error *
next_step(struct recursive_op *r, bool *more)
{
    struct op *o = &r->op;
    struct cte_state *s = state_of(o->x, r->plan->cte);

    op_close(r->child);
    *more = row_store_count(r->next) > 0;
    if (!*more)
        return NULL;
    if (r->of_working != NULL) {
        row_store_close(s->working);
        arena_reset(r->of_working);
        r->spare = r->of_working;
    }
    s->working = r->next;
    r->of_working = r->of_next;
    r->of_next = r->spare;
    r->next = row_store_create(o->x, r->of_next, o->node->n_cols, r->types, 0);
    r->child = o->children[1];
    if (r->built)
        return op_rewind(r->child);
    r->built = true;
    return op_open(r->child);
}

static struct error *
recursive_next(struct op *o, struct batch **out)
{
    struct recursive_op *r = (struct recursive_op *)o;

    *out = &o->batch;
    for (;;) {
        struct batch *in;
        op_begin_batch(o);
        ERR_TRY(op_next(r->child, &in));
        if (in->n == 0) {
            bool more;
            ERR_TRY(next_step(r, &more));
            if (!more)
                return NULL;
            continue;
        }
        int live = batch_live(in), n = 0;
        memcpy(o->batch.cols, in->cols, (size_t)o->batch.n_cols * sizeof(in->cols[0]));
        for (int i = 0; i < live; i++) {
            int at = batch_row(in, i);
            batch_get_row(in, at, r->row);
            if (!r->plan->all && !unseen(r, r->row))
                continue;
            ERR_TRY(row_store_add(r->next, r->row));
            r->sel[n++] = (uint16_t)at;
        }
        o->batch.n = in->n;
        o->batch.sel = r->sel;
        o->batch.n_sel = n;
        if (n > 0)
            return NULL;
    }
}

static const struct op_vt recursive_vt = {
    .name = "recursive cte node", .open = recursive_open, .next = recursive_next};

struct error *
make_recursive_cte(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                   struct op **out)
{
    ERR_TRY(op_new(x, st, n, &recursive_vt, sizeof(struct recursive_op), out));
    ((struct recursive_op *)*out)->plan = (const struct plan_recursive_cte *)n;
    return NULL;
}
