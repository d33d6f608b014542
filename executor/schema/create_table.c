/* CREATE TABLE, CREATE TABLE AS. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "catalog/row.h"
#include "executor/mutation/mutation.h"

struct definition {
    struct exec_ctx *x;
    const struct ast_create_table *n;
    const struct database *db;
    pb_table *t;
    struct ddl_column_extra *extras; /* parallel to t->columns as long as it is being filled */
};

/* ---- columns --------------------------------------------------------------------------------- */

static Amberdb__ColumnFamilyDescriptor *
find_family(const pb_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_families; i++)
        if (t->families[i]->name != NULL && strcmp(t->families[i]->name, name) == 0)
            return t->families[i];
    return NULL;
}

/* While a table is made, the family that a column names comes into being when it is not there: with or
 * without CREATE, as in v20.1. */
static void
put_in_family(struct definition *d, const pb_column *c, const struct ast_col_qual *q)
{
    struct exec_ctx *x = d->x;
    const char *name = q->family.len > 0 ? ddl_text(x, q->family) : NULL;
    Amberdb__ColumnFamilyDescriptor *f = name != NULL ? find_family(d->t, name) : NULL;
    if (f == NULL) {
        f = build_family(x->arena, name);
        PB_PUSH(x->arena, d->t->families, d->t->n_families, f);
    }
    PB_PUSH(x->arena, f->column_names, f->n_column_names, c->name);
}

/* A definition makes a column, or an index with a hidden one; then there is rowid. */
static size_t
extras_room(const struct definition *d)
{
    return 2 * (size_t)d->n->defs.count + 2;
}

static struct error *
define_columns(struct definition *d)
{
    struct exec_ctx *x = d->x;
    d->extras = arena_zalloc(x->arena, extras_room(d) * sizeof(*d->extras));
    ERR_TRY(build_not_too_large(d->t, (size_t)d->n->defs.count));
    for (int i = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        pb_column *c;
        if (def->kind != AST_DEF_COLUMN)
            continue;
        ERR_TRY(ddl_column(x, def->column, d->t, &c, &d->extras[d->t->n_columns]));
        if (build_find_column(d->t, c->name) != NULL)
            return err_new(ERR_UNCATEGORIZED, "duplicate column name: \"%s\"", c->name);
        PB_PUSH(x->arena, d->t->columns, d->t->n_columns, c);
    }
    return NULL;
}

static void
define_families(struct definition *d)
{
    struct exec_ctx *x = d->x;
    for (size_t i = 0; i < d->t->n_columns; i++)
        if (d->extras != NULL && d->extras[i].family != NULL)
            put_in_family(d, d->t->columns[i], d->extras[i].family);
    for (int i = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        if (def->kind != AST_DEF_FAMILY)
            continue;
        Amberdb__ColumnFamilyDescriptor *f =
            build_family(x->arena, def->name.len > 0 ? ddl_text(x, def->name) : NULL);
        for (int k = 0; k < def->columns.count; k++) {
            /* Whether it is there is seen when ids are given: it may be rowid, made then. */
            const char *name = ddl_text(x, def->columns.items[k].text);
            PB_PUSH(x->arena, f->column_names, f->n_column_names, arena_strdup(x->arena, name));
        }
        PB_PUSH(x->arena, d->t->families, d->t->n_families, f);
    }
}

/* Once families have their ids. */
static struct error *
check_families(const pb_table *t)
{
    for (size_t i = 0; i < t->n_families; i++) {
        const Amberdb__ColumnFamilyDescriptor *b = t->families[i];
        for (size_t c = 0; c < b->n_column_ids; c++)
            if (pb_u32_contains(b->column_ids, c, b->column_ids[c]))
                return err_new(ERR_UNCATEGORIZED, "column %u is in both family %u and %u",
                               b->column_ids[c], PB_GET(b, id), PB_GET(b, id));
        for (size_t k = 0; k < i; k++) {
            const Amberdb__ColumnFamilyDescriptor *a = t->families[k];
            if (strcmp(a->name, b->name) == 0)
                return err_new(ERR_UNCATEGORIZED, "duplicate family name: \"%s\"", a->name);
            for (size_t c = 0; c < b->n_column_ids; c++)
                if (pb_u32_contains(a->column_ids, a->n_column_ids, b->column_ids[c]))
                    return err_new(ERR_UNCATEGORIZED, "column %u is in both family %u and %u",
                                   b->column_ids[c], PB_GET(a, id), PB_GET(b, id));
        }
    }
    return NULL;
}

/* ---- keys and indexes ------------------------------------------------------------------------ */

static struct error *
set_primary_key(struct definition *d, pb_index *ix, bool by_constraint)
{
    if (d->t->primary_index != NULL && d->t->primary_index->n_column_names > 0)
        return err_new(by_constraint ? ERR_INVALID_TABLE_DEFINITION : ERR_UNCATEGORIZED,
                       "multiple primary keys for table \"%s\" are not allowed", d->t->name);
    if (ix->name == NULL)
        ix->name = arena_strdup(d->x->arena, "primary");
    PB_SET(ix, unique, 1);
    PB_SET(ix, version, 0);
    d->t->primary_index = ix;
    for (size_t i = 0; i < ix->n_column_names; i++)
        PB_SET(build_find_column(d->t, ix->column_names[i]), nullable, 0);
    return NULL;
}

/* The last column, the bucket of a column that is a sharded primary key, goes in front of it. */
static void
shard_first(struct definition *d, size_t at)
{
    size_t last = d->t->n_columns - 1;
    pb_column *shard = d->t->columns[last];
    memmove(&d->t->columns[at + 1], &d->t->columns[at], (last - at) * sizeof(*d->t->columns));
    memmove(&d->extras[at + 1], &d->extras[at], (last - at) * sizeof(*d->extras));
    d->t->columns[at] = shard;
    d->extras[at] = (struct ddl_column_extra){0};
}

/* A primary key is not besides a unique index, whatever it says.
 * SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/table.go, MakeColumnDefDescs. */
static struct error *
column_keys(struct definition *d)
{
    struct exec_ctx *x = d->x;
    size_t n = d->t->n_columns; /* without those that sharded indexes add */
    for (size_t i = 0; i < n; i++) {
        const struct ddl_column_extra e = d->extras[i];
        const char *name = d->t->columns[i]->name;
        const struct type *type = type_from_pb(x->arena, d->t->columns[i]->type);
        if ((e.primary_key != NULL || e.unique != NULL) && !type_is_indexable(type))
            return err_unimplemented(35730,
                                     "column %s is of type %s and thus is not indexable", name,
                                     type_name_str(x->arena, type));
        if (e.primary_key == NULL && e.unique == NULL)
            continue;
        const char *given = e.key_name.len > 0 ? ddl_text(x, e.key_name) : NULL;
        pb_index *ix = build_index(x->arena, given, true);
        build_index_column(x->arena, ix, name, false);
        if (e.primary_key == NULL) {
            PB_PUSH(x->arena, d->t->indexes, d->t->n_indexes, ix);
            continue;
        }
        if (e.primary_key->sharded != NULL) {
            ERR_TRY(ddl_shard_index(x, d->t, ix, e.primary_key->sharded, d->n->interleave != NULL,
                                    d->n->partition_by != NULL));
            shard_first(d, i++);
            n++;
        }
        ERR_TRY(set_primary_key(d, ix, false));
    }
    return NULL;
}

static struct error *
table_keys(struct definition *d)
{
    struct exec_ctx *x = d->x;
    for (int i = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        struct ast_index_def index;
        pb_index *ix;
        if (def->kind != AST_DEF_INDEX && def->kind != AST_DEF_UNIQUE &&
            def->kind != AST_DEF_PRIMARY_KEY)
            continue;
        index = *def->index;
        if (def->kind == AST_DEF_PRIMARY_KEY) { /* the table's are the key's */
            index.interleave = d->n->interleave;
            index.partition_by = d->n->partition_by;
        }
        ERR_TRY(ddl_index(x, d->t, &index, def->kind != AST_DEF_INDEX, &ix));
        if (def->kind == AST_DEF_PRIMARY_KEY)
            ERR_TRY(set_primary_key(d, ix, true));
        else
            PB_PUSH(x->arena, d->t->indexes, d->t->n_indexes, ix);
    }
    return NULL;
}

static struct error *
check_explicit_key(const struct definition *d)
{
    const struct exec_ctx *x = d->x;
    const char *wanted = x->session != NULL
                             ? session_setting(x->session, "require_explicit_primary_keys")
                             : NULL;
    if (wanted == NULL || (strcmp(wanted, "on") != 0 && strcmp(wanted, "true") != 0) ||
        (d->t->primary_index != NULL && d->t->primary_index->n_column_names > 0))
        return NULL;
    return err_new(ERR_INVALID_TABLE_DEFINITION,
                   "no primary key specified for table %s (require_explicit_primary_keys = true)",
                   d->t->name);
}

/* INTERLEAVE, once columns and indexes have their ids. The def's index is found by its columns: names
 * may have been made up. */
static struct error *
interleave(struct definition *d)
{
    struct exec_ctx *x = d->x;
    size_t k = 0;
    if (d->n->interleave != NULL)
        ERR_TRY(ddl_interleave(x, d->t, d->t->primary_index, d->n->interleave));
    if (d->n->partition_by != NULL)
        ERR_TRY(ddl_partitioning(x, d->t, d->t->primary_index, d->n->partition_by));
    for (size_t i = 0; i < d->t->n_columns && d->extras != NULL; i++)
        k += d->extras[i].unique != NULL && d->extras[i].primary_key == NULL;
    for (int i = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        if (def->kind != AST_DEF_INDEX && def->kind != AST_DEF_UNIQUE)
            continue;
        if (def->index->interleave != NULL)
            ERR_TRY(ddl_interleave(x, d->t, d->t->indexes[k], def->index->interleave));
        if (def->index->partition_by != NULL)
            ERR_TRY(ddl_partitioning(x, d->t, d->t->indexes[k], def->index->partition_by));
        k++;
    }
    return NULL;
}

/* ---- constraints ----------------------------------------------------------------------------- */

/* Checks and references that stand with a column come after those of the table, as v20.1 hoists them. */
static struct error *
computed_and_checks(struct definition *d)
{
    struct exec_ctx *x = d->x;
    const struct table *view;
    ERR_TRY(table_from_pb(x->arena, d->t, &view));
    for (size_t i = 0; i < d->t->n_columns; i++)
        if (d->extras[i].computed != NULL)
            d->t->columns[i]->compute_expr = arena_strdup(x->arena, "NULL"); /* to be seen as such */
    ERR_TRY(table_from_pb(x->arena, d->t, &view));
    for (size_t i = 0; i < d->t->n_columns; i++)
        if (d->extras[i].computed != NULL)
            ERR_TRY(ddl_set_computed(x, view, d->extras[i].computed->expr, d->t->columns[i]));
    for (int i = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        if (def->kind == AST_DEF_CHECK)
            ERR_TRY(ddl_add_check(x, d->t, view, def->name, def->check));
    }
    for (size_t i = 0; i < d->t->n_columns; i++)
        for (int k = 0; k < d->extras[i].n_checks; k++)
            ERR_TRY(ddl_add_check(x, d->t, view, d->extras[i].checks[k]->constraint_name,
                                  d->extras[i].checks[k]->expr));
    return NULL;
}

static bool
changes_rows(const Amberdb__ForeignKeyConstraint *fk)
{
    const Amberdb__Action a[2] = {PB_GET(fk, on_delete), PB_GET(fk, on_update)};
    for (int i = 0; i < 2; i++)
        if (a[i] != AMBERDB__ACTION__NO_ACTION && a[i] != AMBERDB__ACTION__RESTRICT)
            return true;
    return false;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/create_table.go, validateComputedColumn. */
static struct error *
computed_of_references(struct definition *d)
{
    struct exec_ctx *x = d->x;
    const struct table *view;
    ERR_TRY(table_from_pb(x->arena, d->t, &view));
    for (size_t i = 0; i < d->t->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *fk = d->t->outbound_fks[i];
        for (size_t k = 0; k < fk->n_origin_column_ids && changes_rows(fk); k++)
            for (int c = 0; c < view->n_columns; c++) {
                const char *sql = view->columns[c].compute_expr;
                bool uses = false;
                if (sql != NULL)
                    ERR_TRY(ddl_expression_uses(x, view, sql, fk->origin_column_ids[k], &uses));
                if (uses)
                    return err_new(ERR_INVALID_TABLE_DEFINITION,
                                   "computed columns cannot reference non-restricted FK columns");
            }
    }
    return NULL;
}

static struct error *
foreign_keys(struct definition *d)
{
    struct exec_ctx *x = d->x;
    for (int i = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        if (def->kind == AST_DEF_FOREIGN_KEY)
            ERR_TRY(ddl_add_foreign_key(x, d->t, def->name, &def->fk->columns, def->fk, true));
    }
    for (int i = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        if (def->kind != AST_DEF_COLUMN)
            continue;
        for (int k = 0; k < def->column->count; k++) {
            const struct ast_col_qual *q = &def->column->items[k];
            struct ast_name name = {.text = def->column->name};
            struct ast_names one = {.items = &name, .count = 1, .cap = 1};
            if (q->kind == AST_COL_REFERENCES)
                ERR_TRY(ddl_add_foreign_key(x, d->t, q->constraint_name, &one, q->fk, true));
        }
    }
    return computed_of_references(d);
}

/* ---- CREATE TABLE AS ------------------------------------------------------------------------- */

static struct error *
columns_from_query(struct definition *d)
{
    struct exec_ctx *x = d->x;
    const struct plan_column *cols;
    int n, n_names = 0;
    ERR_TRY(exec_select_columns(x, d->n->as_select, &n, &cols));
    for (int i = 0; i < d->n->defs.count; i++)
        n_names += d->n->defs.items[i].kind == AST_DEF_COLUMN;
    if (n_names > 0 && n_names != n)
        return err_new(ERR_SYNTAX, "CREATE TABLE specifies %d column name%s, but data source has "
                                   "%d column%s", n_names, n_names == 1 ? "" : "s", n,
                       n == 1 ? "" : "s");
    for (int i = 0, k = 0; i < n; i++) {
        const char *name = cols[i].name;
        while (n_names > 0 && d->n->defs.items[k].kind != AST_DEF_COLUMN)
            k++;
        if (n_names > 0)
            name = ddl_text(x, d->n->defs.items[k++].column->name);
        ERR_TRY(ddl_check_value_type(x, cols[i].type));
        if (build_find_column(d->t, name) != NULL)
            return err_new(ERR_UNCATEGORIZED, "duplicate column name: \"%s\"", name);
        PB_PUSH(x->arena, d->t->columns, d->t->n_columns,
                build_column(x->arena, name, cols[i].type, true));
    }
    d->extras = arena_zalloc(x->arena, (d->t->n_columns + extras_room(d)) * sizeof(*d->extras));
    for (int i = 0, k = 0; i < d->n->defs.count; i++) {
        const struct ast_table_def *def = &d->n->defs.items[i];
        if (def->kind != AST_DEF_COLUMN)
            continue;
        for (int q = 0; q < def->column->count; q++)
            if (def->column->items[q].kind == AST_COL_PRIMARY_KEY)
                d->extras[k] = (struct ddl_column_extra){
                    .primary_key = &def->column->items[q], .family = d->extras[k].family,
                    .key_name = def->column->items[q].constraint_name};
            else if (def->column->items[q].kind == AST_COL_FAMILY)
                d->extras[k].family = &def->column->items[q];
        k++;
    }
    return NULL;
}

struct fill_sink {
    struct row_sink base;
    struct exec_ctx *x;
    const struct table *t;
    struct mut_table *mt;
    struct arena *arena; /* one row */
    struct datum *row;
};

/* The query's columns are the visible ones; a hidden one that is not computed is rowid. */
static struct error *
fill_row(struct row_sink *sink, const struct datum *row)
{
    struct fill_sink *f = (struct fill_sink *)sink;
    for (int i = 0, k = 0; i < f->t->n_columns; i++) {
        const struct column *c = &f->t->columns[i];
        if (!c->hidden)
            f->row[i] = row[k++];
        else if (c->compute_expr == NULL)
            f->row[i] = datum_int(unique_int(f->x->node->node_id));
    }
    struct error *e = mut_prepare_row(f->mt, f->arena, f->row, NULL);
    if (e == NULL)
        e = mut_check_row(f->mt, f->arena, f->row);
    if (e == NULL)
        e = mut_insert(f->mt, f->arena, f->row, MUT_INSERT);
    arena_reset(f->arena);
    return e;
}

/* Is the primary key, and no other index, the rowid that fill_row makes? */
static bool
has_rowid_alone(const struct table *t)
{
    const struct index *pk = &t->indexes[0];
    const struct column *c = pk->n_keys == 1 ? &t->columns[pk->keys[0]] : NULL;
    return t->n_all_indexes == 1 && c != NULL && c->hidden && c->compute_expr == NULL;
}

static struct error *
fill_from_query(struct definition *d, const struct table *t)
{
    struct exec_ctx *x = d->x;
    struct fill_sink f = {.base = {fill_row}, .x = x, .t = t};
    struct mutator *m;
    ERR_TRY(mutator_create(x, x->arena, &m));
    ERR_TRY(mutator_table(m, t, NULL, &f.mt));
    if (has_rowid_alone(t)) /* and the table is our own until we commit */
        mut_keys_are_new(f.mt);
    f.arena = arena_create(x->arena, "fill");
    f.row = ARENA_ARRAY(x->arena, struct datum, (size_t)t->n_all_columns + 1);
    struct error *e = exec_select(x, d->n->as_select, &f.base);
    arena_destroy(f.arena);
    return e != NULL ? e : mutator_finish(m);
}

/* ---- the statement --------------------------------------------------------------------------- */

static struct error *
write_new_table(struct definition *d, const struct table **out)
{
    struct exec_ctx *x = d->x;
    pb_descriptor *desc = PB_NEW(x->arena, Descriptor, descriptor);
    desc->table = d->t;
    desc->union_case = AMBERDB__DESCRIPTOR__UNION_TABLE;
    ERR_TRY(catalog_put_descriptor(x->catalog, d->t->id, desc));
    ERR_TRY(ddl_put_name(x, d->t));
    ERR_TRY(ddl_link_sequences(x, d->t));
    ERR_TRY(ddl_link_interleaves(x, d->t, d->t->primary_index));
    for (size_t i = 0; i < d->t->n_indexes; i++)
        ERR_TRY(ddl_link_interleaves(x, d->t, d->t->indexes[i]));
    return catalog_table_by_id(x->catalog, d->t->id, out);
}

static struct error *
refuse_unsupported(const struct ast_create_table *n)
{
    if (n->on_commit != AST_ON_COMMIT_UNSET && !n->temporary)
        return err_new(ERR_INVALID_TABLE_DEFINITION,
                       "ON COMMIT can only be used on temporary tables");
    return NULL;
}

/* WITH (fillfactor = 100): one parameter is known, and does nothing; the rest of PostgreSQL's are
 * known by name. */
static struct error *
check_storage_params(struct exec_ctx *x, const struct ast_kv_options *l)
{
    static const char *const others[] = {
        "toast_tuple_target", "parallel_workers", "autovacuum_enabled", "toast.autovacuum_enabled",
        "autovacuum_vacuum_threshold", "autovacuum_vacuum_scale_factor",
        "autovacuum_analyze_threshold", "autovacuum_analyze_scale_factor",
        "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit", "autovacuum_freeze_min_age",
        "autovacuum_freeze_max_age", "autovacuum_freeze_table_age",
        "autovacuum_multixact_freeze_min_age", "autovacuum_multixact_freeze_max_age",
        "autovacuum_multixact_freeze_table_age", "log_autovacuum_min_duration",
        "user_catalog_table"};
    for (int i = 0; l != NULL && i < l->count; i++) {
        const struct ast_kv_option *o = &l->items[i];
        const char *key = slice_to_cstr(x->arena, o->key);
        struct type_ctx c;
        struct expr *value;
        for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
            if (strcmp(key, others[k]) == 0)
                return err_unimplemented(43299, "storage parameter \"%s\"", key);
        if (strcmp(key, "fillfactor") != 0)
            return err_new(ERR_UNCATEGORIZED, "invalid storage parameter \"%s\"", key);
        type_ctx_init(&c, exec_planner(x), NULL, "storage parameter",
                      REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_COLUMNS);
        ERR_TRY(type_expr(&c, o->value, &TYPE_INT8, &value));
        if (!type_equivalent(value->type, &TYPE_INT8))
            return err_new(ERR_DATATYPE_MISMATCH, "argument of %s must be type int, not type %s", key,
                           type_name_str(x->arena, value->type));
    }
    return NULL;
}

static struct error *
create_table_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    struct definition d = {.x = x, .n = s->create_table};
    const struct table *t;
    struct ddl_target to;
    uint32_t id;
    (void)rows;
    ERR_TRY(refuse_unsupported(d.n));
    ERR_TRY(check_storage_params(x, d.n->storage_params));
    ERR_TRY(ddl_new_relation(x, &d.n->name, d.n->temporary, d.n->if_not_exists, &to));
    if (to.exists)
        return NULL;
    d.db = to.db;
    ERR_TRY(catalog_new_id(x->catalog, &id));
    d.t = build_table(x->arena, d.db->id, ddl_text(x, d.n->name.object));
    PB_SET(d.t, id, id);
    if (to.temporary) {
        PB_SET(d.t, temporary, true);
        PB_SET(d.t, unexposed_parent_schema_id, to.schema_id);
    }
    d.t->privileges = (Amberdb__PrivilegeDescriptor *)(void *)pb_copy(
        x->arena, PB_BASE(d.db->pb->privileges));
    ERR_TRY(d.n->as_select != NULL ? columns_from_query(&d) : define_columns(&d));
    ERR_TRY(column_keys(&d));
    ERR_TRY(table_keys(&d));
    define_families(&d);
    ERR_TRY(check_explicit_key(&d));
    ERR_TRY(build_finish_table(x->arena, d.t));
    ERR_TRY(check_families(d.t));
    ddl_shard_checks(x, d.t);
    ERR_TRY(interleave(&d));
    ERR_TRY(computed_and_checks(&d));
    ERR_TRY(foreign_keys(&d));
    ERR_TRY(write_new_table(&d, &t));
    if (d.n->as_select != NULL) {
        ERR_TRY(fill_from_query(&d, t));
        *tag = arena_strdup(x->arena, "CREATE TABLE AS");
    }
    return ddl_event_named(x, "create_table", id, "TableName", ddl_qualified(x, t));
}

/* Those in the query of CREATE TABLE AS. */
static struct error *
create_table_placeholders(struct exec_ctx *x, const struct ast_stmt *stmt)
{
    const struct ast_select *query = stmt->create_table->as_select;
    const struct plan_column *cols;
    int n;
    return query != NULL && stmt->placeholder_count > 0 ? exec_select_columns(x, query, &n, &cols) : NULL;
}

static const struct statement_ops create_table_ops[] = {
    {.kind = AST_STMT_CREATE_TABLE, .tag = "CREATE TABLE", .flags = STMT_WRITES | STMT_DDL,
     .placeholders = create_table_placeholders, .run = create_table_run},
};

const struct statement_family statement_family_create_table = {
    create_table_ops, sizeof(create_table_ops) / sizeof(create_table_ops[0])};
