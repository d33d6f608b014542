#include "config.h"

#include "executor/relational/subquery.h"

#include "base/clock.h"
#include "executor/relational/rel_int.h"

/* The value of a subquery expression. Without parameters it runs once and its result stays; with
 * parameters it runs when they differ from the last ones.
 *
 * Where the planner has a query for all parameters at once (planner/plan_groups.c), that one runs when the
 * single runs have taken a while, and its rows answer from then on. It is given up when it takes much
 * longer than they have, or more memory than is right, so it cannot make things much worse. */

#define GROUPS_RUNS 32                  /* single ones before that */
#define GROUPS_NS INT64_C(2000000)      /* that these have taken */
#define GROUPS_TIMES 4                  /* how much longer it may take */
#define GROUPS_BYTES ((size_t)32 << 20)

struct in_entry {
    struct hash_entry h;
    struct datum v;
};

/* Of the query for all parameters. */
struct group_entry {
    struct hash_entry h;
    bool many;                 /* rows */
    struct datum value;
    struct datum key[];
};

struct groups {
    enum { GROUPS_NONE, GROUPS_READY, GROUPS_NEVER } state;
    struct op *op;
    struct exec_state st;
    struct arena *arena;
    struct row_hash table;
    const struct type **types; /* of the keys */
    struct datum *key;         /* looked for */
    int runs;
    int64_t spent_ns, due_ns;  /* by single runs; when they may be replaced */
    bool have_default;
    struct datum value;        /* of a key without rows */
};

struct subquery_state {
    struct groups g;
    struct op *op;
    struct exec_state st;
    struct outer_row outer;
    struct arena *arena;       /* parameters and result of the last run */
    struct datum *params;
    bool valid;                /* the result below is of params */
    bool running;
    struct datum value;        /* SCALAR, EXISTS, ARRAY */
    int n;                     /* IN, ANY, ALL: the column */
    int cap;
    struct datum *v;
    bool has_null;
    bool hashed;
    struct row_hash table;
};

static const struct type *
column_type(const struct subquery *q)
{
    return q->plan->n_cols == 1 ? q->plan->cols[0].type : NULL;
}

/* A row of the subquery as one value: its column, or a tuple of its columns. */
static struct datum
row_value(struct arena *a, const struct subquery *q, const struct batch *b, int r)
{
    if (q->plan->n_cols == 1)
        return datum_copy(a, q->plan->cols[0].type, &b->cols[0][r]);
    struct datum *t = ARENA_ARRAY(a, struct datum, (size_t)q->plan->n_cols + 1);
    for (int c = 0; c < q->plan->n_cols; c++)
        t[c] = datum_copy(a, q->plan->cols[c].type, &b->cols[c][r]);
    return (struct datum){.tup = t, .len = (uint32_t)q->plan->n_cols};
}

static void
keep(struct subquery_state *s, struct datum d)
{
    if (s->n == s->cap) {
        int cap = s->cap == 0 ? 16 : s->cap * 2;
        s->v = arena_realloc(s->arena, s->v, (size_t)s->cap * sizeof(d), (size_t)cap * sizeof(d));
        s->cap = cap;
    }
    s->v[s->n++] = d;
    s->has_null = s->has_null || d.null;
}

static void
add_to_table(struct subquery_state *s, const struct type *t, const struct datum *d)
{
    if (d->null)
        return;
    struct in_entry *e = ARENA_NEW(s->arena, struct in_entry);
    e->h.hash = datum_hash(t, d, 13);
    e->v = *d;
    row_hash_add(&s->table, &e->h);
}

static struct error *
collect(struct subquery_state *s, const struct expr *e)
{
    const struct subquery *q = e->subquery;
    int64_t rows = 0;

    s->value = DATUM_NULL;
    s->n = s->cap = 0;
    s->v = NULL;
    s->has_null = false;
    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(s->op, &b));
        if (b->n == 0)
            break;
        int live = batch_live(b);
        for (int i = 0; i < live; i++) {
            rows++;
            if (q->kind == SUBQUERY_EXISTS)
                goto done;
            if (q->kind == SUBQUERY_SCALAR) {
                if (rows > 1)
                    return err_new(ERR_CARDINALITY_VIOLATION,
                                   "more than one row returned by a subquery used as an expression");
                s->value = row_value(s->arena, q, b, batch_row(b, i));
                continue;
            }
            keep(s, row_value(s->arena, q, b, batch_row(b, i)));
        }
    }
done:
    if (q->kind == SUBQUERY_EXISTS)
        s->value = datum_bool(rows > 0);
    if (q->kind == SUBQUERY_ARRAY) {
        struct array *arr = ARENA_NEW(s->arena, struct array);
        *arr = (struct array){.n = s->n, .elem = q->plan->cols[0].type, .v = s->v};
        s->value = (struct datum){.arr = arr};
    }
    return NULL;
}

static struct error *
run(struct exec_ctx *x, struct subquery_state *s, const struct expr *e, const struct exec_state *st)
{
    const struct subquery *q = e->subquery;

    if (s->op == NULL) {
        s->st = x->state;
        s->outer = (struct outer_row){.row = s->params, .next = st->outer};
        s->st.outer = &s->outer;
        ERR_TRY(exec_build(x, &s->st, q->plan, &s->op));
        ERR_TRY(op_open(s->op));
    } else {
        s->outer.next = st->outer;
        ERR_TRY(op_rewind(s->op));
    }
    struct error *err = collect(s, e);
    op_close(s->op);
    if (err != NULL)
        return err;
    const struct type *t = column_type(q);
    s->hashed = (q->kind == SUBQUERY_IN) && t != NULL && q->n_params == 0 && s->n > 8 &&
                t->family != FAMILY_TUPLE && e->n_args > 0 && type_equivalent(e->args[0]->type, t);
    if (s->hashed) {
        row_hash_init(&s->table, s->arena);
        for (int i = 0; i < s->n; i++)
            add_to_table(s, t, &s->v[i]);
    }
    return NULL;
}

static bool
in_table(const struct subquery_state *s, const struct type *t, const struct datum *d)
{
    uint64_t hash = datum_hash(t, d, 13);

    for (struct hash_entry *h = row_hash_bucket(&s->table, hash); h != NULL; h = h->next)
        if (h->hash == hash && datum_equal(t, &((struct in_entry *)h)->v, d))
            return true;
    return false;
}

static const struct type *
tuple_type(struct exec_ctx *x, const struct subquery *q)
{
    const struct type **t = ARENA_ARRAY(x->arena, const struct type *, (size_t)q->plan->n_cols + 1);

    for (int i = 0; i < q->plan->n_cols; i++)
        t[i] = q->plan->cols[i].type;
    return type_tuple(x->arena, q->plan->n_cols, t, NULL);
}

/* left op ANY/ALL (column): three-valued. */
static struct error *
quantify(struct exec_ctx *x, struct subquery_state *s, const struct expr *e,
         const struct eval_env *env, const struct datum *left, struct datum *out)
{
    const struct subquery *q = e->subquery;
    const struct type *t = column_type(q);
    bool all = q->kind == SUBQUERY_ALL, unknown = false;

    if (t == NULL)
        t = tuple_type(x, q);
    if (s->hashed && !left->null) {
        bool there = in_table(s, t, left);
        *out = there ? datum_bool(true) : s->has_null ? DATUM_NULL : datum_bool(false);
        return NULL;
    }
    for (int i = 0; i < s->n; i++) {
        struct datum r;
        ERR_TRY(expr_compare_pair(e, env, e->args[0]->type, left, t, &s->v[i], &r));
        if (r.null)
            unknown = true;
        else if ((r.i != 0) != all) {
            *out = datum_bool(!all);
            return NULL;
        }
    }
    *out = unknown ? DATUM_NULL : datum_bool(all);
    return NULL;
}

static bool
same_params(const struct expr *const *params, int n, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < n; i++)
        if (a[i].null != b[i].null || (!a[i].null && !datum_equal(params[i]->type, &a[i], &b[i])))
            return false;
    return true;
}

/* ---- all parameters at once ------------------------------------------------------------------ */

static struct group_entry *
group_find(const struct groups *g, int n, const struct datum *key)
{
    uint64_t hash = row_key_hash(key, n, g->types, 29);

    for (struct hash_entry *h = row_hash_bucket(&g->table, hash); h != NULL; h = h->next) {
        struct group_entry *e = (struct group_entry *)h;
        if (h->hash == hash && row_key_equal(e->key, key, n, g->types))
            return e;
    }
    return NULL;
}

static void
group_add(struct groups *g, const struct subquery *q, const struct batch *b, int r)
{
    int n = q->n_keys;
    for (int i = 0; i < n; i++) {
        g->key[i] = b->cols[i][r];
        if (g->key[i].null)
            return; /* equal to nothing */
    }
    struct group_entry *e = group_find(g, n, g->key);
    if (e != NULL) {
        e->many = true;
        return;
    }
    e = arena_zalloc(g->arena, sizeof(*e) + (size_t)n * sizeof(struct datum));
    for (int i = 0; i < n; i++)
        e->key[i] = datum_copy(g->arena, g->types[i], &g->key[i]);
    e->value = datum_copy(g->arena, q->all->cols[n].type, &b->cols[n][r]);
    e->h.hash = row_key_hash(e->key, n, g->types, 29);
    row_hash_add(&g->table, &e->h);
}

static struct error *
groups_collect(struct groups *g, const struct subquery *q)
{
    int64_t start = monotonic_now_ns();
    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(g->op, &b));
        if (b->n == 0)
            break;
        int live = batch_live(b);
        for (int i = 0; i < live; i++)
            group_add(g, q, b, batch_row(b, i));
        if (arena_size(g->arena) > GROUPS_BYTES) {
            g->state = GROUPS_NEVER;
            return NULL;
        }
        if (monotonic_now_ns() - start > GROUPS_TIMES * g->spent_ns) {
            g->due_ns = 2 * GROUPS_TIMES * g->spent_ns;
            return NULL;
        }
    }
    g->state = GROUPS_READY;
    return NULL;
}

static struct error *
groups_run(struct exec_ctx *x, struct groups *g, const struct subquery *q)
{
    if (g->op == NULL) {
        g->arena = arena_create_budget(x->arena, "subquery groups", x->budget);
        g->types = ARENA_ARRAY(x->arena, const struct type *, (size_t)q->n_keys + 1);
        g->key = ARENA_ARRAY(x->arena, struct datum, (size_t)q->n_keys + 1);
        for (int i = 0; i < q->n_keys; i++)
            g->types[i] = q->all->cols[i].type;
        g->st = x->state;
        g->st.outer = NULL;
        ERR_TRY(exec_build(x, &g->st, q->all, &g->op));
        ERR_TRY(op_open(g->op));
    } else {
        ERR_TRY(op_rewind(g->op));
    }
    row_hash_init(&g->table, g->arena);
    struct error *err = groups_collect(g, q);
    op_close(g->op);
    if (err != NULL || g->state != GROUPS_READY)
        arena_reset(g->arena);
    if (err == NULL || cancel_requested(x->cancel) || err_is(err, ERR_SERIALIZATION_FAILURE))
        return err;
    /* An error of a row that nobody has asked for. */
    err_free(err);
    g->state = GROUPS_NEVER;
    return NULL;
}

/* *done: the value is known without a run. */
static struct error *
groups_look(struct exec_ctx *x, struct groups *g, const struct subquery *q,
            const struct datum *params, struct datum *out, bool *done)
{
    bool null = false;

    *done = false;
    if (g->state == GROUPS_NONE && g->runs >= GROUPS_RUNS && g->spent_ns >= GROUPS_NS &&
        g->spent_ns >= g->due_ns)
        ERR_TRY(groups_run(x, g, q));
    if (g->state != GROUPS_READY)
        return NULL;
    for (int i = 0; i < q->n_keys; i++) {
        g->key[i] = params[q->key_params[i]];
        null = null || g->key[i].null;
    }
    struct group_entry *e = null ? NULL : group_find(g, q->n_keys, g->key);
    if (e != NULL && e->many)
        return err_new(ERR_CARDINALITY_VIOLATION,
                       "more than one row returned by a subquery used as an expression");
    if (e == NULL && q->one_a_key && !g->have_default)
        return NULL;
    *done = true;
    *out = e != NULL ? e->value : q->one_a_key ? g->value : DATUM_NULL;
    return NULL;
}

/* A single run while the others' values are known: this one has no rows. */
static void
groups_note_default(struct groups *g, const struct type *t, const struct datum *value)
{
    g->have_default = true;
    g->value = datum_copy(g->arena, t, value);
}

/* ---- the value ------------------------------------------------------------------------------- */

struct error *
subquery_eval(struct exec_state *st, const struct expr *e, const struct eval_env *env,
              const struct datum *row, struct datum *out)
{
    struct exec_ctx *x = st->exec;
    const struct subquery *q = e->subquery;
    struct subquery_state *s = x->subqueries[q->slot];
    bool takes_left = q->kind == SUBQUERY_IN || q->kind == SUBQUERY_ANY || q->kind == SUBQUERY_ALL;
    struct expr *const *params = e->args + (takes_left ? 1 : 0);
    struct datum left = DATUM_NULL;

    if (s == NULL) {
        s = ARENA_NEW(x->arena, struct subquery_state);
        s->arena = arena_create(x->arena, "subquery");
        s->params = ARENA_ARRAY(x->arena, struct datum, (size_t)q->n_params + 1);
        x->subqueries[q->slot] = s;
    }
    if (takes_left)
        ERR_TRY(expr_eval(e->args[0], env, st, row, &left));
    struct datum *vals = ARENA_ARRAY(env->arena, struct datum, (size_t)q->n_params + 1);
    for (int i = 0; i < q->n_params; i++)
        ERR_TRY(expr_eval(params[i], env, st, row, &vals[i]));
    if (q->all != NULL) {
        bool done;
        ERR_TRY(groups_look(x, &s->g, q, vals, out, &done));
        if (done)
            return NULL;
    }
    if (!s->valid ||
        !same_params((const struct expr *const *)params, q->n_params, vals, s->params)) {
        int64_t start = q->all != NULL ? monotonic_now_ns() : 0;
        s->valid = false;
        arena_reset(s->arena);
        for (int i = 0; i < q->n_params; i++)
            s->params[i] = datum_copy(s->arena, params[i]->type, &vals[i]);
        ERR_TRY(run(x, s, e, st));
        s->valid = true;
        s->g.runs++;
        s->g.spent_ns += q->all != NULL ? monotonic_now_ns() - start : 0;
        if (s->g.state == GROUPS_READY)
            groups_note_default(&s->g, e->type, &s->value);
    }
    if (takes_left) {
        ERR_TRY(quantify(x, s, e, env, &left, out));
    } else {
        /* The state's result may be replaced while the caller still holds this value. */
        *out = q->n_params == 0 || q->kind == SUBQUERY_EXISTS ? s->value
                                                             : datum_copy(env->arena, e->type, &s->value);
    }
    if (e->negated && !out->null)
        out->i = !out->i;
    return NULL;
}
