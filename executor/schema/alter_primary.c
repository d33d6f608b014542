/* ALTER PRIMARY KEY, ADD PRIMARY KEY: the rows move to a new primary index, and every secondary index,
 * whose entries hold the primary key, is made anew. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"

static struct error *
refuse(const pb_table *t)
{
    const pb_index *pk = t->primary_index;
    if (t->n_mutations > 0)
        return err_new(ERR_UNCATEGORIZED,
                       "unimplemented: cannot perform a primary key change on %s with other schema "
                       "changes on %s in the same transaction", t->name, t->name);
    if (pk->interleave != NULL && pk->interleave->n_ancestors > 0)
        return err_unimplemented(45535, "cannot change the primary key of an interleaved table");
    if (pk->n_interleaved_by > 0)
        return err_unimplemented(45535, "cannot change the primary key of an interleaved parent");
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i]->interleave != NULL && t->indexes[i]->interleave->n_ancestors > 0)
            return err_unimplemented(45535, "cannot change the primary key of a table with "
                                            "interleaved indexes");
    return NULL;
}

static struct error *
check_columns(struct exec_ctx *x, const pb_table *t, const pb_index *ix)
{
    (void)x;
    for (size_t i = 0; i < ix->n_column_names; i++) {
        const pb_column *c = build_find_column(t, ix->column_names[i]);
        if (c == NULL)
            return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist",
                           ix->column_names[i]);
        if (c->nullable)
            return err_new(ERR_INVALID_SCHEMA_DEFINITION,
                           "cannot use nullable column \"%s\" in primary key", c->name);
    }
    return NULL;
}

static bool
is_rowid_key(const pb_table *t, const pb_index *pk)
{
    const pb_column *c = pk->n_column_ids == 1 ? build_find_column_by_id(t, pk->column_ids[0])
                                               : NULL;
    return c != NULL && c->hidden && strcmp(pb_str(c->default_expr), "unique_rowid()") == 0;
}

/* An index as one that build_finish_table has to complete: the same definition, a new id. */
static pb_index *
renewed(struct exec_ctx *x, const pb_index *ix)
{
    pb_index *n = (pb_index *)(void *)pb_copy(x->arena, PB_BASE(ix));
    PB_SET(n, id, 0);
    n->n_column_ids = n->n_extra_column_ids = n->n_store_column_ids = 0;
    n->n_composite_column_ids = 0;
    return n;
}

static void
to_be_collected(struct exec_ctx *x, pb_table *t, uint32_t index_id)
{
    Amberdb__GCDescriptorMutation *gc = PB_NEW(x->arena, GCDescriptorMutation,
                                               gcdescriptor_mutation);
    PB_SET(gc, index_id, index_id);
    PB_SET(gc, drop_time, wall_now_ns());
    PB_PUSH(x->arena, t->gc_mutations, t->n_gc_mutations, gc);
}

/* Stored columns that the new primary key makes part of every index. */
static void
drop_stored_keys(pb_index *ix, const pb_index *pk)
{
    for (size_t i = 0; i < ix->n_store_column_names; i++)
        for (size_t k = 0; k < pk->n_column_names; k++)
            if (strcmp(ix->store_column_names[i], pk->column_names[k]) == 0) {
                PB_REMOVE(ix->store_column_names, ix->n_store_column_names, i);
                i--;
                break;
            }
}

/* The old key as a unique index, and the others renewed. */
static void
secondary_indexes(struct exec_ctx *x, pb_table *t, const pb_index *old, bool keep_old)
{
    for (size_t i = 0; i < t->n_indexes; i++) {
        to_be_collected(x, t, t->indexes[i]->id);
        t->indexes[i] = renewed(x, t->indexes[i]);
        drop_stored_keys(t->indexes[i], t->primary_index);
    }
    if (!keep_old || is_rowid_key(t, old))
        return;
    pb_index *ix = build_index(x->arena, NULL, true);
    for (size_t i = 0; i < old->n_column_names; i++)
        build_index_column(x->arena, ix, old->column_names[i],
                           old->column_directions[i] == AMBERDB__DIRECTION__DESC);
    if (old->sharded != NULL && old->sharded->is_sharded)
        ix->sharded = old->sharded;
    PB_PUSH(x->arena, t->indexes, t->n_indexes, ix);
}

struct error *
alter_primary_key(struct alter *a, const struct ast_index_def *def, bool keep_old)
{
    struct exec_ctx *x = a->x;
    const struct table *before, *after;
    pb_table *t;
    pb_index *ix;
    ERR_TRY(alter_table_now(a, &before));
    ERR_TRY(ddl_mutable(x, a->id, &t));
    ERR_TRY(refuse(t));
    if (def->interleave != NULL)
        return err_unimplemented(45710, "interleaved primary keys in ALTER PRIMARY KEY");
    ERR_TRY(ddl_index(x, t, def, true, &ix));
    ERR_TRY(check_columns(x, t, ix));
    pb_index *old = t->primary_index;
    ix->name = arena_strdup(x->arena, def->name.len > 0 ? ddl_text(x, def->name)
                                                        : pb_str(old->name));
    PB_SET(ix, created_explicitly, 1);
    PB_SET(ix, encoding_type, 1);
    ix->n_store_column_names = 0;
    t->primary_index = ix;
    ERR_TRY(build_finish_table(x->arena, t)); /* the new key's columns have ids now */
    secondary_indexes(x, t, old, keep_old);
    ERR_TRY(build_finish_table(x->arena, t));
    ddl_shard_checks(x, t);
    if (def->partition_by != NULL)
        ERR_TRY(ddl_partitioning(x, t, ix, def->partition_by));
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(alter_table_now(a, &after));
    ERR_TRY(ddl_rewrite_rows(x, before, after));
    for (int i = 1; i < after->n_indexes; i++) {
        kv_txn_step(x->txn);
        ERR_TRY(ddl_backfill_index(x, after, &after->indexes[i]));
    }
    exec_notice(x, err_new(ERR_SUCCESSFUL_COMPLETION,
                           "primary key changes are finalized asynchronously; further schema "
                           "changes on this table may be restricted until the job completes"));
    return NULL;
}
