/* ALTER PRIMARY KEY, ADD PRIMARY KEY: the rows move to a new primary index, and every secondary index,
 * whose entries hold the primary key, is made anew. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/build.h"

static struct error *
refuse(struct exec_ctx *x, const pb_table *t)
{
    const pb_index *pk = t->primary_index;
    struct str s;
    if (t->n_mutations > 0)
        return err_unimplemented(45510, "table %s is currently undergoing a schema change",
                                 t->name);
    if (pk->n_interleaved_by == 0)
        return NULL;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    for (size_t i = 0; i < pk->n_interleaved_by; i++) {
        const struct table *child;
        ERR_TRY(catalog_table_by_id(x->catalog, pk->interleaved_by[i]->table, &child));
        str_printf(&s, "%s%s", i > 0 ? ", " : "", child != NULL ? child->name : "");
    }
    return err_new(ERR_UNCATEGORIZED,
                   "cannot change primary key of table %s because table(s) [%s] are interleaved "
                   "into it", t->name, str_cstr(&s));
}

static struct error *
check_columns(const pb_table *t, const pb_index *ix)
{
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

bool
ddl_has_rowid_key(const pb_table *t)
{
    const pb_index *pk = t->primary_index;
    const pb_column *c = pk->n_column_ids == 1 ? build_find_column_by_id(t, pk->column_ids[0])
                                               : NULL;
    return c != NULL && c->hidden && strcmp(pb_str(c->default_expr), "unique_rowid()") == 0;
}

/* The n-th column and its direction, the shard column not counted. */
static size_t
first_key(const pb_index *ix)
{
    return ix->sharded != NULL && ix->sharded->is_sharded ? 1 : 0;
}

static bool
same_key(const pb_index *a, const pb_index *b)
{
    size_t i = first_key(a), k = first_key(b);
    if (a->n_column_ids - i != b->n_column_ids - k)
        return false;
    for (; i < a->n_column_ids; i++, k++)
        if (a->column_ids[i] != b->column_ids[k] ||
            a->column_directions[i] != b->column_directions[k])
            return false;
    return true;
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

static bool
has_column(const pb_index *ix, uint32_t id)
{
    return pb_u32_contains(ix->column_ids, ix->n_column_ids, id) ||
           pb_u32_contains(ix->extra_column_ids, ix->n_extra_column_ids, id) ||
           pb_u32_contains(ix->store_column_ids, ix->n_store_column_ids, id);
}

/* Does the index need the old key to tell its entries apart, or lack columns of the new one? */
static bool
is_to_be_renewed(const pb_table *t, const pb_index *ix)
{
    const pb_index *pk = t->primary_index;
    for (size_t i = 0; i < pk->n_column_ids; i++)
        if (!has_column(ix, pk->column_ids[i]))
            return true;
    for (size_t i = 0; i < ix->n_column_ids && ix->unique; i++)
        if (build_find_column_by_id(t, ix->column_ids[i])->nullable)
            return true;
    return !ix->unique || ix->type != AMBERDB__INDEX_TYPE__FORWARD;
}

static pb_index *
copy_of_old_key(struct exec_ctx *x, const pb_index *old)
{
    pb_index *ix = build_index(x->arena, NULL, true);
    for (size_t i = 0; i < old->n_column_names; i++)
        build_index_column(x->arena, ix, old->column_names[i],
                           old->column_directions[i] == AMBERDB__DIRECTION__DESC);
    ix->sharded = old->sharded;
    return ix;
}

/* What stays, the old key as a unique index, what is renewed: the order that v20.1's swap leaves. The
 * first *kept stay as they are. */
static void
secondary_indexes(struct exec_ctx *x, pb_table *t, const pb_index *old, bool copy_old, size_t *kept)
{
    pb_index **was = t->indexes;
    size_t n = t->n_indexes, k = 0;
    t->indexes = ARENA_ARRAY(x->arena, pb_index *, n + 2);
    for (size_t i = 0; i < n; i++)
        if (!is_to_be_renewed(t, was[i]))
            t->indexes[k++] = was[i];
    *kept = k;
    if (copy_old)
        t->indexes[k++] = copy_of_old_key(x, old);
    for (size_t i = 0; i < n; i++) {
        if (!is_to_be_renewed(t, was[i]))
            continue;
        if (!ddl_is_interleaved(was[i]))
            mutation_collect_index(x->arena, t, was[i]->id);
        t->indexes[k] = renewed(x, was[i]);
        drop_stored_keys(t->indexes[k++], t->primary_index);
    }
    t->n_indexes = k;
}

/* The parents' sides: those of indexes that are gone, then those of t's new ones. */
static struct error *
relink_parents(struct exec_ctx *x, const struct table *before, const pb_table *t, size_t kept)
{
    ERR_TRY(mutation_unlink_index(x, t, before->indexes[0].pb));
    for (int i = 1; i < before->n_indexes; i++) {
        const struct index *ix = &before->indexes[i];
        if (!ddl_is_interleaved(ix->pb) || build_find_index_by_id(t, ix->id) != NULL)
            continue;
        ERR_TRY(ddl_clear_index(x, before, ix, NULL));
        ERR_TRY(mutation_unlink_index(x, t, ix->pb));
    }
    ERR_TRY(ddl_link_interleaves(x, t, t->primary_index));
    for (size_t i = kept; i < t->n_indexes; i++)
        ERR_TRY(ddl_link_interleaves(x, t, t->indexes[i]));
    return NULL;
}

static struct error *
new_key(struct exec_ctx *x, pb_table *t, const struct ast_index_def *def)
{
    pb_index *ix;
    ERR_TRY(ddl_index(x, t, def, true, &ix));
    ERR_TRY(check_columns(t, ix));
    ix->name = arena_strdup(x->arena, "new_primary_key");
    PB_SET(ix, created_explicitly, 1);
    PB_SET(ix, encoding_type, 1);
    ix->n_store_column_names = 0;
    t->primary_index = ix;
    ERR_TRY(build_finish_table(x->arena, t)); /* the new key's columns have ids now */
    ix->name = arena_strdup(x->arena, def->name.len > 0 ? ddl_text(x, def->name) : "primary");
    return def->interleave != NULL ? ddl_interleave(x, t, ix, def->interleave) : NULL;
}

static struct error *
move_rows(struct alter *a, const struct table *before, const pb_index *old, size_t kept)
{
    struct exec_ctx *x = a->x;
    const struct table *after;
    ERR_TRY(alter_table_now(a, &after));
    ERR_TRY(relink_parents(x, before, after->pb, kept));
    ERR_TRY(alter_table_now(a, &after));
    ERR_TRY(ddl_rewrite_rows(x, before, after, NULL));
    for (int i = 1 + (int)kept; i < after->n_indexes; i++) {
        kv_txn_step(x->txn);
        ERR_TRY(ddl_backfill_index(x, after, &after->indexes[i], NULL));
    }
    if (first_key(old) == 0)
        return NULL;
    kv_txn_step(x->txn);
    return ddl_shard_gone(x, a->id, old->sharded->name, false);
}

struct error *
alter_primary_key(struct alter *a, const struct ast_index_def *def)
{
    struct exec_ctx *x = a->x;
    const struct table *before;
    pb_table *t;
    size_t kept;
    ERR_TRY(alter_table_now(a, &before));
    ERR_TRY(ddl_mutable(x, a->id, &t));
    ERR_TRY(refuse(x, t));
    pb_index *old = t->primary_index;
    bool has_key = !PB_GET(old, disabled) && !ddl_has_rowid_key(t);
    ERR_TRY(new_key(x, t, def));
    secondary_indexes(x, t, old, has_key && !same_key(old, t->primary_index), &kept);
    ERR_TRY(build_finish_table(x->arena, t));
    ddl_shard_checks(x, t);
    if (def->partition_by != NULL)
        ERR_TRY(ddl_partitioning(x, t, t->primary_index, def->partition_by));
    ERR_TRY(catalog_write_table(x->catalog, t));
    if (a->for_job)
        a->rows_left = true;
    else
        ERR_TRY(move_rows(a, before, old, kept));
    exec_notice(x, err_new(ERR_SUCCESSFUL_COMPLETION,
                           "primary key changes are finalized asynchronously; further schema "
                           "changes on this table may be restricted until the job completes"));
    return NULL;
}
