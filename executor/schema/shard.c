/* Hash-sharded indexes: a hidden computed column with the bucket, in front of the index.
 * SOURCE: CockroachDB v20.1 pkg/sql/create_table.go: setupShardedIndex, makeShardColumnDesc. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "grammar/print.h"

#define MAX_BUCKETS 2048
#define MIN_BUCKETS 2

char *
build_shard_name(struct arena *a, const char *const *columns, size_t n, int buckets)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_cstr(&s, "crdb_internal");
    for (size_t i = 0; i < n; i++)
        str_printf(&s, "_%s", columns[i]);
    str_printf(&s, "_shard_%d", buckets);
    return arena_strdup(a, str_cstr(&s));
}

static struct error *
bucket_count(struct exec_ctx *x, const struct ast_sharded *n, int *out)
{
    static const char what[] = "BUCKET_COUNT";
    struct type_ctx tc;
    struct expr *e;
    struct datum d = DATUM_NULL;
    type_ctx_init(&tc, exec_planner(x), NULL, what,
                  REJECT_COLUMNS | REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS |
                      REJECT_VARIABLES);
    ERR_TRY(type_expr(&tc, n->buckets, &TYPE_INT8, &e));
    if (!type_equivalent(e->type, &TYPE_INT8))
        return ddl_wrong_type(x, what, n->buckets, e->type, &TYPE_INT8);
    ERR_TRY(expr_eval(e, &x->env, &x->state, NULL, &d));
    if (d.null || d.i < MIN_BUCKETS || d.i > MAX_BUCKETS)
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "BUCKET_COUNT must be an integer greater than 1");
    *out = (int)d.i;
    return NULL;
}

/* mod(fnv32(COALESCE(CAST(a AS STRING), '':::STRING), ...), n) */
static const char *
shard_expr(struct exec_ctx *x, const pb_index *ix, int buckets)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    str_append_cstr(&s, "mod(fnv32(");
    for (size_t i = 0; i < ix->n_column_names; i++) {
        str_append_cstr(&s, i > 0 ? ", COALESCE(CAST(" : "COALESCE(CAST(");
        print_name(&s, slice_cstr(ix->column_names[i]));
        str_append_cstr(&s, " AS STRING), '':::STRING)");
    }
    str_printf(&s, "), %d)", buckets);
    return str_cstr(&s);
}

/* The hidden check that the bucket is one of them. */
static void
add_check(struct exec_ctx *x, pb_table *t, const char *column, int buckets)
{
    Amberdb__CheckConstraint *c = PB_NEW(x->arena, CheckConstraint, check_constraint);
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_name(&s, slice_cstr(column));
    str_append_cstr(&s, " IN (");
    for (int i = 0; i < buckets; i++)
        str_printf(&s, "%s%d:::INT8", i > 0 ? ", " : "", i);
    str_append_cstr(&s, ")");
    c->expr = arena_strdup(x->arena, str_cstr(&s));
    c->name = build_check_name(x->arena, t, &column, 1);
    PB_SET(c, hidden, 1);
    PB_SET(c, validity, AMBERDB__CONSTRAINT_VALIDITY__VALIDATED);
    PB_PUSH(x->arena, t->checks, t->n_checks, c);
}

struct error *
ddl_shard_index(struct exec_ctx *x, pb_table *t, pb_index *ix, const struct ast_sharded *n,
                bool interleaved, bool partitioned)
{
    int buckets = 0;
    const char *gate = x->session != NULL
                           ? session_setting(x->session,
                                             "experimental_enable_hash_sharded_indexes")
                           : NULL;
    if (gate == NULL || (strcmp(gate, "on") != 0 && strcmp(gate, "true") != 0))
        return err_new(ERR_FEATURE_NOT_SUPPORTED,
                       "hash sharded indexes require the experimental_enable_hash_sharded_indexes "
                       "cluster setting");
    if (interleaved)
        return err_new(ERR_FEATURE_NOT_SUPPORTED,
                       "interleaved indexes cannot also be hash sharded");
    if (partitioned)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "sharded indexes don't support partitioning");
    ERR_TRY(bucket_count(x, n, &buckets));
    Amberdb__ShardedDescriptor *d = PB_NEW(x->arena, ShardedDescriptor, sharded_descriptor);
    PB_SET(d, is_sharded, 1);
    PB_SET(d, shard_buckets, buckets);
    for (size_t i = 0; i < ix->n_column_names; i++)
        PB_PUSH(x->arena, d->column_names, d->n_column_names, ix->column_names[i]);
    d->name = build_shard_name(x->arena, (const char *const *)ix->column_names,
                               ix->n_column_names, buckets);
    if (build_find_column(t, d->name) == NULL) {
        pb_column *c = build_column(x->arena, d->name, &TYPE_INT4, false);
        PB_SET(c, hidden, 1);
        c->compute_expr = arena_strdup(x->arena, shard_expr(x, ix, buckets));
        PB_PUSH(x->arena, t->columns, t->n_columns, c);
        add_check(x, t, d->name, buckets);
    }
    pb_index whole = *ix;
    ix->column_names = NULL;
    ix->column_directions = NULL;
    ix->n_column_names = ix->n_column_directions = 0;
    build_index_column(x->arena, ix, d->name, false);
    for (size_t i = 0; i < whole.n_column_names; i++)
        build_index_column(x->arena, ix, whole.column_names[i],
                           whole.column_directions[i] == AMBERDB__DIRECTION__DESC);
    ix->sharded = d;
    return NULL;
}

struct error *
ddl_shard_gone(struct exec_ctx *x, uint32_t table_id, const char *shard, bool for_job)
{
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, table_id, &t));
    const struct column *c = table_column(t, shard);
    if (c == NULL)
        return NULL;
    for (int i = 0; i < t->n_all_indexes; i++) {
        const struct index *ix = &t->indexes[i];
        for (int k = 0; k < ix->n_keys; k++)
            if (t->columns[ix->keys[k]].id == c->id)
                return NULL;
        for (int k = 0; k < ix->n_extra; k++) /* a unique one that a new primary key left as it was */
            if (t->columns[ix->extra[k]].id == c->id)
                return NULL;
        for (int k = 0; k < ix->n_stored; k++)
            if (t->columns[ix->stored[k]].id == c->id)
                return NULL;
    }
    return ddl_take_column(x, table_id, c->id, for_job);
}

void
ddl_shard_checks(struct exec_ctx *x, pb_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const pb_column *c = t->columns[i];
        char *prefix = arena_printf(x->arena, "check_%s", c->name);
        for (size_t k = 0; k < t->n_checks && c->hidden; k++)
            if (t->checks[k]->hidden && t->checks[k]->n_column_ids == 0 &&
                strncmp(t->checks[k]->name, prefix, strlen(prefix)) == 0)
                PB_PUSH(x->arena, t->checks[k]->column_ids, t->checks[k]->n_column_ids, c->id);
    }
}
