/* Tables and indexes that stay while the table that they are interleaved in goes: their entries move to
 * places of their own.
 * SOURCE: CockroachDB v20.1 pkg/sql/drop_table.go (removeInterleave): DROP TABLE of a parent with CASCADE
 * leaves its children as tables that are not interleaved. There, the rows go with the parent's; here,
 * they are kept. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"

/* The ancestors of an index that are below the table that goes, which was `gone` steps from the root. */
static void
cut_ancestors(pb_index *ix, size_t gone)
{
    Amberdb__InterleaveDescriptor *il = ix->interleave;
    uint32_t shared = 0;

    for (size_t i = 0; i <= gone + 1; i++)
        shared += i < il->n_ancestors ? il->ancestors[i]->shared_prefix_len : 0;
    for (size_t i = 0; i <= gone; i++)
        PB_REMOVE(il->ancestors, il->n_ancestors, 0);
    if (il->n_ancestors > 0)
        PB_SET(il->ancestors[0], shared_prefix_len, shared);
}

static struct error *
move_entries(struct exec_ctx *x, const struct table *before, const struct table *after, uint32_t index_id)
{
    kv_txn_step(x->txn);
    if (before->indexes[0].id == index_id)
        return ddl_rewrite_rows(x, before, after, NULL);
    for (int i = 1; i < before->n_all_indexes; i++)
        if (before->indexes[i].id == index_id)
            ERR_TRY(ddl_clear_index(x, before, &before->indexes[i], NULL));
    kv_txn_step(x->txn);
    for (int i = 1; i < after->n_all_indexes; i++)
        if (after->indexes[i].id == index_id)
            ERR_TRY(ddl_backfill_index(x, after, &after->indexes[i], NULL));
    return NULL;
}

struct error *
ddl_uninterleave(struct exec_ctx *x, uint32_t table_id, uint32_t index_id, uint32_t gone_id)
{
    const struct table *before, *after;
    pb_table *t;
    size_t gone = 0;

    ERR_TRY(catalog_table_by_id(x->catalog, table_id, &before));
    ERR_TRY(ddl_mutable(x, table_id, &t));
    pb_index *ix = build_find_index_by_id(t, index_id);
    if (!ddl_is_interleaved(ix))
        return NULL;
    while (gone < ix->interleave->n_ancestors && ix->interleave->ancestors[gone]->table_id != gone_id)
        gone++;
    if (gone == ix->interleave->n_ancestors)
        return NULL;
    cut_ancestors(ix, gone);
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(catalog_table_by_id(x->catalog, table_id, &after));
    ERR_TRY(move_entries(x, before, after, index_id));
    for (size_t i = 0; i < ix->n_interleaved_by; i++)
        ERR_TRY(ddl_uninterleave(x, ix->interleaved_by[i]->table, ix->interleaved_by[i]->index, gone_id));
    return NULL;
}
