/* CREATE INDEX, DROP INDEX; index definitions inside CREATE TABLE. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "grammar/print.h"

/* ---- definitions ----------------------------------------------------------------------------- */

/* Its values are there in all rows: no job adds it, or drops it, just now. */
static struct error *
check_public(const pb_table *t, const pb_column *c)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i] == c)
            return NULL;
    return err_new(ERR_INVALID_COLUMN_REFERENCE, "column \"%s\" is being backfilled", c->name);
}

static struct error *
check_indexable(struct exec_ctx *x, const pb_table *t, const char *column, bool inverted)
{
    const pb_column *c = build_find_column(t, column);
    if (c == NULL || mutation_drops_column(t, column))
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", column);
    ERR_TRY(check_public(t, c));
    const struct type *type = type_from_pb(x->arena, c->type);
    if (inverted) {
        if (type->family == FAMILY_JSON || type->family == FAMILY_ARRAY)
            return NULL;
        return err_new(ERR_FEATURE_NOT_SUPPORTED,
                       "column %s of type %s is not indexable with an inverted index", column,
                       type_name_str(x->arena, type));
    }
    if (!type_is_indexable(type))
        return err_unimplemented(35730, "column %s is of type %s and thus is not indexable",
                                 column, type_name_str(x->arena, type));
    return NULL;
}

static struct error *
add_columns(struct exec_ctx *x, const pb_table *t, const struct ast_index_def *def, pb_index *ix)
{
    for (int i = 0; i < def->columns.count; i++) {
        const struct ast_index_elem *e = &def->columns.items[i];
        const char *column = ddl_text(x, e->column);
        ERR_TRY(check_indexable(x, t, column, def->inverted));
        build_index_column(x->arena, ix, column, e->direction == AST_DIR_DESC);
    }
    for (int i = 0; i < def->storing.count; i++) {
        const char *column = ddl_text(x, def->storing.items[i].text);
        const pb_column *c = build_find_column(t, column);
        if (c != NULL && mutation_drops_column(t, column))
            return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", column);
        if (c != NULL)
            ERR_TRY(check_public(t, c));
        build_index_store(x->arena, ix, column);
    }
    return NULL;
}

struct error *
ddl_index(struct exec_ctx *x, pb_table *t, const struct ast_index_def *def, bool unique,
          pb_index **out)
{
    if (def->inverted && unique)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME, "inverted indexes can't be unique");
    if (def->inverted && def->interleave != NULL)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME,
                       "inverted indexes don't support interleaved tables");
    if (def->inverted && def->partition_by != NULL)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME,
                       "inverted indexes don't support partitioning");
    if (def->inverted && def->sharded != NULL)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME,
                       "inverted indexes don't support hash sharding");
    if (def->inverted && def->storing.count > 0)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME,
                       "inverted indexes don't support stored columns");
    if (def->inverted && def->columns.count != 1)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "indexing more than one column with an inverted "
                                                  "index is not supported");
    const char *name = def->name.len > 0 ? ddl_text(x, def->name) : NULL;
    pb_index *ix = build_index(x->arena, name, unique);
    if (def->inverted)
        PB_SET(ix, type, AMBERDB__INDEX_TYPE__INVERTED);
    ERR_TRY(add_columns(x, t, def, ix));
    if (def->sharded != NULL)
        ERR_TRY(ddl_shard_index(x, t, ix, def->sharded, def->interleave != NULL,
                                def->partition_by != NULL));
    *out = ix;
    return NULL;
}

/* ---- interleaving ---------------------------------------------------------------------------- */

/* a, b: as they were written. */
static const char *
name_list(struct exec_ctx *x, const struct ast_names *names)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    for (int i = 0; i < names->count; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "");
        print_name(&s, names->items[i].text);
    }
    return str_cstr(&s);
}

struct error *
ddl_interleave(struct exec_ctx *x, pb_table *t, pb_index *ix, const struct ast_interleave *n)
{
    const struct table *parent;
    if (n->behavior != AST_DROP_DEFAULT)
        return err_unimplemented(7854, "unsupported shorthand %s",
                                 n->behavior == AST_DROP_CASCADE ? "CASCADE" : "RESTRICT");
    ERR_TRY(ddl_relation(x, &n->parent, DDL_TABLE, false, PRIV_CREATE, &parent, NULL));
    ERR_TRY(ddl_check_table(x, parent, PRIV_CREATE));
    /* v20.1 makes such a key, and the table's rows are lost. */
    if (parent->id == t->id && ix == t->primary_index)
        return err_new(ERR_INVALID_SCHEMA_DEFINITION,
                       "primary key of table \"%s\" cannot be interleaved in the table itself", t->name);
    const struct index *pk = &parent->indexes[0];
    const char *declared = name_list(x, &n->columns), *type = ix == t->primary_index ? "primary key"
                                                                                     : "index";
    struct str own, parents;
    str_init_arena(&own, x->arena, STR_MAX_DEFAULT);
    str_init_arena(&parents, x->arena, STR_MAX_DEFAULT);
    for (size_t i = 0; i < ix->n_column_names; i++)
        str_printf(&own, "%s%s", i > 0 ? ", " : "", ix->column_names[i]);
    for (int i = 0; i < pk->n_keys; i++)
        str_printf(&parents, "%s%s", i > 0 ? ", " : "", parent->columns[pk->keys[i]].name);
    if (n->columns.count != pk->n_keys)
        return err_new(ERR_INVALID_SCHEMA_DEFINITION,
                       "declared interleaved columns (%s) must match the parent's primary index (%s)",
                       declared, str_cstr(&parents));
    if ((size_t)n->columns.count > ix->n_column_ids)
        return err_new(ERR_INVALID_SCHEMA_DEFINITION,
                       "declared interleaved columns (%s) must be a prefix of the %s columns being "
                       "interleaved (%s)", declared, type, str_cstr(&own));
    for (int i = 0; i < n->columns.count; i++) {
        const char *column = ddl_text(x, n->columns.items[i].text);
        const struct column *pc = &parent->columns[pk->keys[i]];
        if (strcmp(ix->column_names[i], column) != 0)
            return err_new(ERR_INVALID_SCHEMA_DEFINITION,
                           "declared interleaved columns (%s) must refer to a prefix of the %s column "
                           "names being interleaved (%s)", declared, type, str_cstr(&own));
        const pb_column *c = build_find_column(t, column);
        bool same_direction =
            (ix->column_directions[i] == AMBERDB__DIRECTION__DESC) == (pk->desc[i] != 0);
        if (!type_equal(type_from_pb(x->arena, c->type), pc->type) || !same_direction)
            return err_new(ERR_INVALID_SCHEMA_DEFINITION,
                           "declared interleaved columns (%s) must match type and sort direction of "
                           "the parent's primary index (%s)", declared, str_cstr(&parents));
    }
    /* The parent's own ancestors, then the parent with what it does not share with them. */
    Amberdb__InterleaveDescriptor *il = PB_NEW(x->arena, InterleaveDescriptor,
                                               interleave_descriptor);
    uint32_t shared = 0;
    const Amberdb__InterleaveDescriptor *up = pk->pb->interleave;
    for (size_t i = 0; up != NULL && i < up->n_ancestors; i++) {
        Amberdb__Ancestor *a = (Amberdb__Ancestor *)(void *)pb_copy(x->arena,
                                                                    PB_BASE(up->ancestors[i]));
        shared += a->shared_prefix_len;
        PB_PUSH(x->arena, il->ancestors, il->n_ancestors, a);
    }
    Amberdb__Ancestor *a = PB_NEW(x->arena, Ancestor, ancestor);
    PB_SET(a, table_id, parent->id);
    PB_SET(a, index_id, pk->id);
    PB_SET(a, shared_prefix_len, (uint32_t)pk->n_keys - shared);
    PB_PUSH(x->arena, il->ancestors, il->n_ancestors, a);
    ix->interleave = il;
    return NULL;
}

struct error *
ddl_link_interleaves(struct exec_ctx *x, const pb_table *t, const pb_index *ix)
{
    if (ix->interleave == NULL || ix->interleave->n_ancestors == 0)
        return NULL;
    const Amberdb__Ancestor *up = ix->interleave->ancestors[ix->interleave->n_ancestors - 1];
    pb_table *parent;
    ERR_TRY(ddl_mutable(x, up->table_id, &parent));
    pb_index *pix = build_find_index_by_id(parent, up->index_id);
    Amberdb__ForeignKeyReference *ref = PB_NEW(x->arena, ForeignKeyReference,
                                               foreign_key_reference);
    PB_SET(ref, table, t->id);
    PB_SET(ref, index, ix->id);
    PB_PUSH(x->arena, pix->interleaved_by, pix->n_interleaved_by, ref);
    return catalog_write_table(x->catalog, parent);
}

static void
unlink_from(pb_index *parent, uint32_t table_id, uint32_t index_id)
{
    for (size_t i = 0; i < parent->n_interleaved_by; i++) {
        const Amberdb__ForeignKeyReference *r = parent->interleaved_by[i];
        if (r->table == table_id && r->index == index_id) {
            PB_REMOVE(parent->interleaved_by, parent->n_interleaved_by, i);
            i--;
        }
    }
}

void
ddl_unlink_own(pb_table *t, uint32_t index_id)
{
    unlink_from(t->primary_index, t->id, index_id);
}

struct error *
ddl_unlink_interleave(struct exec_ctx *x, uint32_t parent_id, uint32_t table_id, uint32_t index_id)
{
    const pb_descriptor *d;
    pb_table *p;
    ERR_TRY(catalog_descriptor(x->catalog, parent_id, &d));
    if (d == NULL || d->table == NULL)
        return NULL;
    ERR_TRY(ddl_mutable(x, parent_id, &p));
    unlink_from(p->primary_index, table_id, index_id);
    return catalog_write_table(x->catalog, p);
}

/* ---- CREATE INDEX ---------------------------------------------------------------------------- */

bool
ddl_has_index(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i]->id == id)
            return true;
    return t->primary_index != NULL && t->primary_index->id == id;
}

bool
ddl_drops_index(struct exec_ctx *x, const pb_table *t, const char *name)
{
    const pb_table *before = catalog_table_before(x->catalog, t->id);
    if (mutation_drops_index(t, name))
        return true;
    for (size_t i = 0; before != NULL && i < before->n_indexes; i++)
        if (strcmp(pb_str(before->indexes[i]->name), name) == 0 && !ddl_has_index(t, before->indexes[i]->id))
            return true;
    return false;
}

static struct error *
refuse_dropped_name(struct exec_ctx *x, const pb_table *t, const char *name)
{
    if (!ddl_drops_index(x, t, name))
        return NULL;
    return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   "index \"%s\" being dropped, try again later", name);
}

static struct error *
create_index_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_create_index *n = s->create_index;
    const struct table *t;
    uint32_t mutation;
    pb_table *pb;
    pb_index *ix;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, false, PRIV_CREATE, &t, NULL));
    ERR_TRY(ddl_check_table(x, t, PRIV_CREATE));
    if (n->def.name.len > 0 && table_index(t, ddl_text(x, n->def.name)) != NULL) {
        if (n->def.if_not_exists)
            return NULL;
        return err_new(ERR_UNCATEGORIZED, "duplicate index name: \"%s\"",
                       ddl_text(x, n->def.name));
    }
    if (n->def.name.len > 0)
        ERR_TRY(refuse_dropped_name(x, t->pb, ddl_text(x, n->def.name)));
    if (n->concurrently)
        exec_notice(x, err_new(ERR_SUCCESSFUL_COMPLETION, "CONCURRENTLY is not required as all "
                                                          "indexes are created concurrently"));
    struct ddl_undo undo;
    bool for_job = false;
    ddl_undo_point(x, t->id, &undo);
    ERR_TRY(ddl_is_for_job(x, t, &for_job));
    struct error *err = for_job ? NULL : ddl_bring_rows(x, t->id);
    if (err != NULL)
        return ddl_put_off(x, &undo, t->id, err);
    ERR_TRY(ddl_note_change(x, t, CHANGE_MUTATION));
    ERR_TRY(ddl_mutable(x, t->id, &pb));
    ERR_TRY(ddl_index(x, pb, &n->def, n->unique, &ix));
    PB_SET(ix, created_explicitly, 1);
    PB_PUSH(x->arena, pb->indexes, pb->n_indexes, ix);
    ERR_TRY(build_finish_table(x->arena, pb));
    ddl_shard_checks(x, pb);
    if (n->def.interleave != NULL)
        ERR_TRY(ddl_interleave(x, pb, ix, n->def.interleave));
    if (n->def.partition_by != NULL)
        ERR_TRY(ddl_partitioning(x, pb, ix, n->def.partition_by));
    else if (t->indexes[0].pb->partitioning != NULL &&
             PB_GET(t->indexes[0].pb->partitioning, num_columns) > 0)
        exec_notice(x, err_hint(err_new(ERR_SUCCESSFUL_COMPLETION,
                                        "creating non-partitioned index on partitioned table may "
                                        "not be performant"),
                                "Consider modifying the index such that it is also partitioned."));
    ERR_TRY(catalog_write_table(x->catalog, pb));
    ERR_TRY(ddl_link_interleaves(x, pb, ix)); /* pb is old then, when it is its own parent */
    err = for_job ? NULL : ddl_fill_index(x, t, ix->id);
    if (err != NULL && undo.taken)
        return ddl_put_off(x, &undo, t->id, err);
    ERR_TRY(ddl_job_failed(x, t->id, err));
    ERR_TRY(ddl_take_mutation_id(x, pb->id, &mutation));
    struct ddl_field fields[] = {
        {"TableName", ddl_qualified(x, t), false},
        {"IndexName", ix->name, false},
        {"MutationID", arena_printf(x->arena, "%u", mutation), true},
    };
    ERR_TRY(ddl_event(x, "create_index", pb->id, 2, 3, fields));
    if (for_job)
        return ddl_leave_rows(x, ddl_job_text(x), pb->id, t->pb, mutation);
    return ddl_job(x, ddl_job_text(x), pb->id, mutation);
}

/* ---- DROP INDEX ------------------------------------------------------------------------------ */

/* An index named without its table: the one in the current database. */
static struct error *
search_database(struct exec_ctx *x, const struct ast_index_name *n, struct found_index *out)
{
    const struct table **tables;
    const struct database *db;
    const char *db_name = n->table.count >= 2   ? ddl_text(x, n->table.catalog)
                          : n->table.count == 1 ? ddl_text(x, n->table.schema)
                                                : x->database;
    const char *index = ddl_text(x, n->index);
    size_t n_tables;
    ERR_TRY(catalog_database_by_name(x->catalog, db_name, &db));
    if (db == NULL && n->table.count > 0)
        ERR_TRY(catalog_database_by_name(x->catalog, x->database, &db));
    if (db == NULL)
        return NULL;
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n_tables));
    for (size_t i = 0; i < n_tables; i++) {
        const struct index *ix = tables[i]->is_view ? NULL : table_index(tables[i], index);
        if (ix == NULL)
            continue;
        if (out->ix != NULL)
            return err_new(ERR_AMBIGUOUS_ALIAS, "index name \"%s\" is ambiguous (found in %s and "
                                                "%s)", index, ddl_qualified(x, tables[i]),
                           ddl_qualified(x, out->t));
        *out = (struct found_index){tables[i], ix};
    }
    return NULL;
}

struct error *
ddl_refuse_added_index(const char *name)
{
    return err_new(ERR_UNCATEGORIZED,
                   "index \"%s\" in the middle of being added, try again later", name);
}

/* A job makes its entries just now. */
static bool
is_index_in_mutation(const struct table *t, const char *name)
{
    for (int i = t->n_indexes; i < t->n_all_indexes; i++)
        if (t->indexes[i].adding && strcmp(t->indexes[i].name, name) == 0)
            return true;
    return false;
}

struct error *
ddl_find_index(struct exec_ctx *x, const struct ast_index_name *n, bool if_exists,
           struct found_index *out)
{
    *out = (struct found_index){0};
    if (n->has_table) {
        const char *name = ddl_text(x, n->index);
        ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, if_exists, PRIV_CREATE, &out->t, NULL));
        if (out->t != NULL)
            out->ix = table_index(out->t, name);
        if (out->ix == NULL && out->t != NULL && is_index_in_mutation(out->t, name))
            return ddl_refuse_added_index(name);
    } else {
        ERR_TRY(search_database(x, n, out));
    }
    if (out->ix == NULL && !if_exists)
        return err_new(ERR_UNDEFINED_OBJECT, "index \"%s\" does not exist", ddl_text(x, n->index));
    return NULL;
}

static bool
has_prefix(const pb_index *ix, const uint32_t *ids, size_t n)
{
    return ix->n_column_ids >= n && memcmp(ix->column_ids, ids, n * sizeof(*ids)) == 0;
}

/* Has t another index that begins with these columns? */
static bool
other_index(const pb_table *t, const pb_index *ix, const uint32_t *ids, size_t n)
{
    if (has_prefix(t->primary_index, ids, n))
        return true;
    for (size_t k = 0; k < t->n_indexes; k++)
        if (t->indexes[k] != ix && has_prefix(t->indexes[k], ids, n))
            return true;
    return false;
}

static bool
other_unique(const pb_table *t, const pb_index *ix, const uint32_t *ids, size_t n)
{
    for (size_t k = 0; k <= t->n_indexes; k++) {
        const pb_index *o = k == 0 ? t->primary_index : t->indexes[k - 1];
        if (o != ix && (o->unique || k == 0) && o->n_column_ids == n && has_prefix(o, ids, n))
            return true;
    }
    return false;
}

/* A foreign key of t, in either direction, that would be left without an index to stand on; *origin is
 * the table that has it. NULL when there is none. */
static const Amberdb__ForeignKeyConstraint *
needs_index(const pb_table *t, const pb_index *ix)
{
    for (size_t i = 0; i < t->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *fk = t->outbound_fks[i];
        if (has_prefix(ix, fk->origin_column_ids, fk->n_origin_column_ids) &&
            !other_index(t, ix, fk->origin_column_ids, fk->n_origin_column_ids))
            return fk;
    }
    for (size_t i = 0; i < t->n_inbound_fks && ix->unique; i++) {
        const Amberdb__ForeignKeyConstraint *fk = t->inbound_fks[i];
        if (ix->n_column_ids == fk->n_referenced_column_ids &&
            has_prefix(ix, fk->referenced_column_ids, fk->n_referenced_column_ids) &&
            !other_unique(t, ix, fk->referenced_column_ids, fk->n_referenced_column_ids))
            return fk;
    }
    return NULL;
}

/* Keys that need the index: refused, or gone with cascade. */
static struct error *
free_foreign_keys(struct exec_ctx *x, uint32_t table_id, uint32_t index_id, bool cascade)
{
    for (;;) {
        const struct table *t;
        ERR_TRY(catalog_table_by_id(x->catalog, table_id, &t));
        const pb_index *ix = build_find_index_by_id(t->pb, index_id);
        const Amberdb__ForeignKeyConstraint *fk = needs_index(t->pb, ix);
        if (fk == NULL)
            return NULL;
        const pb_table *before = catalog_table_before(x->catalog, fk->origin_table_id);
        if (before != NULL && !ddl_has_constraint(before, pb_str(fk->name)))
            return err_new(ERR_UNCATEGORIZED, "referencing constraint \"%s\" in the middle of being "
                                              "added, try again later", pb_str(fk->name));
        if (!cascade && fk->origin_table_id == table_id)
            return err_new(ERR_UNCATEGORIZED,
                           "index \"%s\" is in use as a foreign key constraint", ix->name);
        const struct table *o;
        ERR_TRY(catalog_table_by_id(x->catalog, fk->origin_table_id, &o));
        if (!cascade)
            return err_new(ERR_UNCATEGORIZED,
                           "\"%s\" is referenced by foreign key from table \"%s\"", ix->name,
                           o != NULL ? o->name : "");
        if (o != NULL)
            ERR_TRY(ddl_check_table(x, o, PRIV_CREATE));
        ERR_TRY(ddl_remove_foreign_key(x, fk->origin_table_id, arena_strdup(x->arena, fk->name)));
    }
}

struct error *
ddl_refuse_index_of(const struct table *t, uint32_t column_id)
{
    int ordinal = table_column_ordinal(t, column_id);
    for (int i = t->n_indexes; i < t->n_all_indexes; i++) {
        const struct index *ix = &t->indexes[i];
        bool uses = false;
        for (int k = 0; k < ix->n_keys; k++)
            uses = uses || ix->keys[k] == ordinal;
        for (int k = 0; k < ix->n_stored; k++)
            uses = uses || ix->stored[k] == ordinal;
        if (ix->adding && uses)
            return ddl_refuse_added_index(ix->name);
    }
    return NULL;
}

struct error *
ddl_remove_index(struct exec_ctx *x, uint32_t table_id, uint32_t index_id, bool cascade,
                 bool for_job)
{
    pb_table *t;
    ERR_TRY(free_foreign_keys(x, table_id, index_id, cascade));
    ERR_TRY(ddl_mutable(x, table_id, &t));
    const char *name = arena_strdup(x->arena, build_find_index_by_id(t, index_id)->name);
    ERR_TRY(ddl_views_gone(x, table_id, 0, index_id, cascade, "drop", "index", name));
    ERR_TRY(ddl_mutable(x, table_id, &t));
    const pb_index *ix = build_find_index_by_id(t, index_id);
    const char *shard = ix->sharded != NULL && PB_GET(ix->sharded, is_sharded)
                            ? arena_strdup(x->arena, pb_str(ix->sharded->name))
                            : NULL;
    bool among = ddl_is_interleaved(ix);
    if (among && !for_job) {
        const struct table *now;
        ERR_TRY(catalog_table_by_id(x->catalog, table_id, &now));
        ERR_TRY(ddl_clear_index(x, now, table_index_by_id(now, index_id), NULL));
        ERR_TRY(mutation_unlink_index(x, t, ix));
        ddl_unlink_own(t, index_id);
    }
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i]->id == index_id) {
            PB_REMOVE(t->indexes, t->n_indexes, i);
            break;
        }
    if (!among)
        mutation_collect_index(x->arena, t, index_id);
    ERR_TRY(catalog_write_table(x->catalog, t));
    if (shard != NULL)
        ERR_TRY(ddl_shard_gone(x, table_id, shard, for_job));
    static const struct type *const types[] = {&TYPE_INT8, &TYPE_INT8};
    struct datum params[] = {datum_int(table_id), datum_int(index_id)};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 2, types, params,
                    "DELETE FROM system.public.comments WHERE type = 3 AND object_id = $1 AND "
                    "sub_id = $2");
}

static const char *
quoted(struct exec_ctx *x, const char *name)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_unrestricted_name(&s, slice_cstr(name));
    return str_cstr(&s);
}

static struct error *
drop_one_index(struct exec_ctx *x, const struct found_index *f, enum ast_drop_behavior behavior)
{
    bool cascade = behavior == AST_DROP_CASCADE;
    const char *name = arena_strdup(x->arena, f->ix->name);
    uint32_t table_id = f->t->id;
    const pb_table *before = catalog_table_before(x->catalog, table_id);
    if (f->ix->primary)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "cannot drop the primary index of a table using "
                                                  "DROP INDEX");
    ERR_TRY(ddl_check_table(x, f->t, PRIV_CREATE));
    if (before != NULL && !ddl_has_index(before, f->ix->id))
        return ddl_refuse_added_index(name);
    if (!cascade)
        ERR_TRY(free_foreign_keys(x, table_id, f->ix->id, false));
    if (f->ix->unique && !f->ix->pb->created_explicitly && !cascade)
        return err_new(ERR_UNCATEGORIZED,
                       "index \"%s\" is in use as unique constraint (use CASCADE if you really "
                       "want to drop it)", name);
    ERR_TRY(ddl_note_change(x, f->t, CHANGE_MUTATION));
    const char *text = arena_printf(x->arena, "DROP INDEX %s@%s%s", ddl_qualified(x, f->t),
                                    quoted(x, name), cascade ? " CASCADE" : "");
    uint32_t mutation, index_id = f->ix->id;
    const pb_table *was = f->t->pb;
    bool for_job = false;
    bool among = ddl_is_interleaved(f->ix->pb);
    if (f->ix->pb->sharded != NULL || among)
        ERR_TRY(ddl_is_for_job(x, f->t, &for_job));
    struct ddl_field fields[] = {
        {"TableName", ddl_qualified(x, f->t), false},
        {"IndexName", name, false},
        {"MutationID", NULL, true},
        {"CascadeDroppedViews", "null", true},
    };
    ERR_TRY(ddl_remove_index(x, table_id, index_id, cascade, for_job));
    ERR_TRY(ddl_take_mutation_id(x, table_id, &mutation));
    fields[2].value = arena_printf(x->arena, "%u", mutation);
    ERR_TRY(ddl_event(x, "drop_index", table_id, 2, 4, fields));
    if (for_job)
        ERR_TRY(ddl_leave_rows(x, text, table_id, was, mutation));
    else
        ERR_TRY(ddl_job(x, text, table_id, mutation));
    return among ? NULL : ddl_gc_job(x, text, table_id, &index_id, 1, NULL, 0);
}

/* Named with its table, an index that the transaction has dropped may be dropped again. */
static struct error *
is_dropped_already(struct exec_ctx *x, const struct ast_index_name *n, bool *dropped)
{
    const struct table *t = NULL;
    const char *name = ddl_text(x, n->index);
    if (n->has_table)
        ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, true, PRIV_CREATE, &t, NULL));
    *dropped = t != NULL && table_index(t, name) == NULL && ddl_drops_index(x, t->pb, name);
    return NULL;
}

static struct error *
drop_index_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_drop_index *n = s->drop_index;
    bool any = false;
    (void)rows;
    (void)tag;
    if (n->concurrently)
        exec_notice(x, err_new(ERR_SUCCESSFUL_COMPLETION, "CONCURRENTLY is not required as all "
                                                          "indexes are dropped concurrently"));
    for (int i = 0; i < n->indexes.count; i++) {
        struct found_index f;
        bool dropped;
        ERR_TRY(is_dropped_already(x, &n->indexes.items[i], &dropped));
        if (dropped)
            continue;
        ERR_TRY(ddl_find_index(x, &n->indexes.items[i], n->if_exists, &f));
        if (f.ix == NULL)
            continue;
        ERR_TRY(drop_one_index(x, &f, n->behavior));
        any = true;
    }
    if (any)
        exec_notice(x, err_hint(err_new(ERR_SUCCESSFUL_COMPLETION,
                                        "the data for dropped indexes is reclaimed asynchronously"),
                                "The reclamation delay can be customized in the zone "
                                "configuration for the table."));
    return NULL;
}

static const struct statement_ops index_ops[] = {
    {.kind = AST_STMT_CREATE_INDEX, .tag = "CREATE INDEX", .flags = STMT_WRITES | STMT_DDL,
     .run = create_index_run},
    {.kind = AST_STMT_DROP_INDEX, .tag = "DROP INDEX", .flags = STMT_WRITES | STMT_DDL,
     .run = drop_index_run},
};

const struct statement_family statement_family_index = {index_ops,
                                                        sizeof(index_ops) / sizeof(index_ops[0])};
