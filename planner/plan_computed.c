#include "config.h"

#include "catalog/pb.h"
#include "planner/plan_int.h"

/* Conditions on computed columns that follow from those on other columns: rows of an index in shards are
 * found by their bucket, which is computed of the columns behind it.
 * SOURCE: CockroachDB v20.1 pkg/sql/opt/xform/custom_funcs.go: computedColFilters, checkConstraintFilters. */

/* Equal values of such a type have the same text and the same bytes, whatever the session's settings. */
static bool
equal_is_same(const struct type *t)
{
    switch (t->family) {
    case FAMILY_BOOL:
    case FAMILY_INT:
    case FAMILY_STRING:
    case FAMILY_UUID:
    case FAMILY_DATE:
    case FAMILY_TIMESTAMP:
        return true;
    default:
        return false;
    }
}

/* The number of buckets when column col is the one that ix is sharded by, else 0. */
static int
buckets_of(const struct rel *r, const struct index *ix, int col)
{
    const Amberdb__ShardedDescriptor *s = ix->pb == NULL ? NULL : ix->pb->sharded;

    return s != NULL && PB_GET(s, is_sharded) && s->name != NULL &&
                   strcmp(s->name, r->table->columns[col].name) == 0
               ? PB_GET(s, shard_buckets)
               : 0;
}

struct error *
rel_type_computed(struct planner *p, struct rel *r)
{
    const struct table *t = r->table;
    struct scope *scope = NULL;

    for (int x = 0; x < t->n_indexes; x++)
        for (int k = 0; k < t->indexes[x].n_keys; k++) {
            int col = t->indexes[x].keys[k];
            const struct column *c = &t->columns[col];
            if (c->compute_expr == NULL || r->n_conj == 0)
                continue;
            if (scope == NULL) {
                scope = scope_of_table(p->arena, t, NULL);
                r->computed = ARENA_ARRAY(p->arena, struct expr *, (size_t)t->n_columns + 1);
            }
            if (r->computed[col] == NULL)
                ERR_TRY(plan_stored_expr(p, scope, c->compute_expr, c->type, &r->computed[col]));
        }
    return NULL;
}

struct known {
    struct planner *p;
    const struct rel *r;
    bool all, constant;
};

/* The value that a condition gives the column. */
static struct error *
put_value(void *arg, struct expr *e, struct expr **out)
{
    struct known *k = arg;

    *out = NULL;
    if (e->kind != EXPR_COLUMN)
        return NULL;
    *out = equal_is_same(e->type) ? rel_equal_value(k->p, k->r, e->index) : NULL;
    k->all = k->all && *out != NULL;
    if (*out == NULL)
        *out = e;
    else if ((*out)->kind != EXPR_CONST)
        k->constant = false;
    return NULL;
}

static struct expr *
compare(struct planner *p, enum expr_kind kind, const struct rel *r, int col, int n,
        struct expr *const *values)
{
    struct expr *e = ARENA_NEW(p->arena, struct expr), *c = ARENA_NEW(p->arena, struct expr);

    *c = (struct expr){.kind = EXPR_COLUMN, .index = col, .type = r->table->columns[col].type};
    *e = (struct expr){.kind = kind, .cmp = CMP_EQ, .type = &TYPE_BOOL, .n_args = n + 1};
    e->args = ARENA_ARRAY(p->arena, struct expr *, (size_t)n + 1);
    e->args[0] = c;
    memcpy(e->args + 1, values, (size_t)n * sizeof(values[0]));
    return e;
}

/* col = value, where all that it is computed of is known; else NULL. What is not known before the statement
 * runs may only be a bucket: computing that cannot fail. */
static struct expr *
known_value(struct planner *p, const struct rel *r, int col, bool bucket)
{
    struct known k = {.p = p, .r = r, .all = true, .constant = true};
    struct expr *e = r->computed[col];
    struct datum d;

    if (e->volatility != IMMUTABLE || !expr_has_columns(e))
        return NULL;
    struct error *err = expr_rewrite(p->arena, e, put_value, &k, &e);
    if (err == NULL && k.all && k.constant) {
        struct eval_env env = {.default_int_size = 8};
        if (p->env != NULL)
            env = *p->env;
        env.arena = p->arena;
        err = expr_eval(e, &env, NULL, NULL, &d);
        if (err == NULL)
            e = expr_const(p->arena, e->type, d);
    }
    if (err != NULL) { /* then no row is so */
        err_free(err);
        return NULL;
    }
    return k.all && (k.constant || bucket) ? compare(p, EXPR_COMPARE, r, col, 1, &e) : NULL;
}

/* col IN (0, 1, ...) */
static struct expr *
any_bucket(struct planner *p, const struct rel *r, int col, int n)
{
    struct expr **v = ARENA_ARRAY(p->arena, struct expr *, (size_t)n + 1);

    for (int i = 0; i < n; i++)
        v[i] = expr_const(p->arena, r->table->columns[col].type, datum_int(i));
    return compare(p, EXPR_IN, r, col, n, v);
}

int
rel_derive(struct planner *p, const struct rel *r, const struct index *ix, struct rel *out,
           bool *any)
{
    int bucket = -1;

    *any = false;
    *out = *r;
    if (r->computed == NULL)
        return bucket;
    out->conj = ARENA_ARRAY(p->arena, struct expr *, (size_t)(r->n_conj + ix->n_keys) + 1);
    for (int i = 0; i < r->n_conj; i++)
        out->conj[i] = r->conj[i];
    for (int k = 0; k < ix->n_keys; k++) {
        int col = ix->keys[k], buckets = k == 0 ? buckets_of(r, ix, col) : 0;
        if (r->computed[col] == NULL || rel_equal_value(p, r, col) != NULL)
            continue;
        struct expr *e = known_value(p, r, col, buckets > 0);
        if (buckets > 0) {
            bucket = out->n_conj;
            *any = e == NULL;
            e = *any ? any_bucket(p, r, col, buckets) : e;
        }
        if (e != NULL)
            out->conj[out->n_conj++] = e;
    }
    return bucket;
}
