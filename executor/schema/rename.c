/* Renames of databases, relations, columns and indexes, and what forbids them: views keep names in
 * their query, defaults keep names of sequences. */
#include "config.h"

#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "grammar/parse.h"
#include "grammar/print.h"

/* ---- views in the way ------------------------------------------------------------------------ */

/* SOURCE: CockroachDB v20.1 pkg/sql/dependencies: dependentViewError */
struct error *
ddl_view_error(struct exec_ctx *x, const pb_table *t, const pb_table *view, const char *verb,
           const char *kind, const char *name)
{
    const char *shown = view->name;
    if (view->parent_id != t->parent_id) {
        const struct table *v;
        ERR_TRY(catalog_table_by_id(x->catalog, view->id, &v));
        if (v != NULL)
            shown = ddl_qualified(x, v);
    }
    return err_hint(err_new(ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                            "cannot %s %s \"%s\" because view \"%s\" depends on it", verb, kind,
                            name, shown),
                    "you can drop %s instead.", shown);
}

struct error *
ddl_views_gone(struct exec_ctx *x, uint32_t table_id, uint32_t column_id, uint32_t index_id,
               bool cascade, const char *verb, const char *kind, const char *name)
{
    for (;;) {
        const struct table *t;
        const pb_table *view = NULL;
        ERR_TRY(catalog_table_by_id(x->catalog, table_id, &t));
        if (t == NULL)
            return NULL;
        for (size_t i = 0; i < t->pb->n_depended_on_by && view == NULL; i++) {
            const Amberdb__Reference *r = t->pb->depended_on_by[i];
            const pb_descriptor *d;
            bool matters = (column_id == 0 ||
                            pb_u32_contains(r->column_ids, r->n_column_ids, column_id)) &&
                           (index_id == 0 || r->index_id == index_id);
            ERR_TRY(catalog_descriptor(x->catalog, r->id, &d));
            if (matters && d != NULL && d->table != NULL &&
                d->table->state == AMBERDB__STATE__PUBLIC)
                view = d->table;
        }
        if (view == NULL)
            return NULL;
        if (!cascade)
            return ddl_view_error(x, t->pb, view, verb, kind, name);
        ERR_TRY(ddl_drop_view(x, view->id));
    }
}

/* ---- databases ------------------------------------------------------------------------------- */

static const char *
quoted_qualified(struct exec_ctx *x, uint32_t id)
{
    const struct table *t = NULL;
    err_free(catalog_table_by_id(x->catalog, id, &t));
    return t != NULL ? ddl_qualified(x, t) : "";
}

/* Does the default name the sequence together with its database? nextval('d.s') */
static bool
names_database(struct exec_ctx *x, const char *default_expr)
{
    static const char *const calls[] = {"nextval('", "currval('", "setval('"};
    for (size_t i = 0; default_expr != NULL && i < sizeof(calls) / sizeof(calls[0]); i++) {
        const char *p = strstr(default_expr, calls[i]);
        const char *end = p != NULL ? strchr(p + strlen(calls[i]), '\'') : NULL;
        struct ast_object_name n;
        if (end == NULL)
            continue;
        p += strlen(calls[i]);
        struct error *err = parse_table_name(x->arena, (struct slice){(const uint8_t *)p,
                                                                      (size_t)(end - p)}, &n);
        if (err != NULL) {
            err_free(err);
            continue;
        }
        if (n.count == 3 || (n.count == 2 && !slice_eq(n.schema, slice_cstr("public"))))
            return true;
    }
    return false;
}

static struct error *
sequence_in_the_way(struct exec_ctx *x, const struct database *db, const struct table *s,
                    const Amberdb__Reference *ref, const pb_table *user)
{
    for (size_t i = 0; i < ref->n_column_ids; i++) {
        const pb_column *c = build_find_column_by_id(user, ref->column_ids[i]);
        if (c == NULL || !names_database(x, c->default_expr))
            continue;
        return err_hint(err_new(ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                                "cannot rename database because relation \"%s\" depends on relation "
                                "\"%s\"", quoted_qualified(x, user->id), ddl_qualified(x, s)),
                        "you can drop the column default \"%s\" of \"%s\" referencing \"%s\" or "
                        "modify the default to not reference the database name \"%s\"", c->name,
                        user->name, ddl_qualified(x, s), db->name);
    }
    return NULL;
}

static struct error *
database_is_free(struct exec_ctx *x, const struct database *db)
{
    const struct table **tables;
    size_t n;
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < tables[i]->pb->n_depended_on_by; k++) {
            const Amberdb__Reference *ref = tables[i]->pb->depended_on_by[k];
            const pb_descriptor *d;
            ERR_TRY(catalog_descriptor(x->catalog, ref->id, &d));
            if (d == NULL || d->table == NULL || d->table->state != AMBERDB__STATE__PUBLIC)
                continue;
            if (tables[i]->is_sequence && pb_str(d->table->view_query)[0] == '\0') {
                ERR_TRY(sequence_in_the_way(x, db, tables[i], ref, d->table));
                continue;
            }
            return err_hint(err_new(ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                                    "cannot rename database because relation \"%s\" depends on "
                                    "relation \"%s\"", quoted_qualified(x, ref->id),
                                    ddl_qualified(x, tables[i])),
                            "you can drop \"%s\" instead", quoted_qualified(x, ref->id));
        }
    return NULL;
}

static struct error *
rename_database_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                    char **tag)
{
    const struct ast_rename_database *n = s->rename_database;
    const struct database *db;
    uint32_t taken;
    (void)rows;
    (void)tag;
    if (n->name.len == 0 || n->new_name.len == 0)
        return err_new(ERR_SYNTAX, "empty database name");
    const char *to = ddl_text(x, n->new_name);
    if (slice_eq(n->name, slice_cstr(x->database)) && exec_planner(x)->safe_updates)
        return err_new(ERR_WARNING,
                       "rejected: RENAME DATABASE on current database (sql_safe_updates = true)");
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "ALTER DATABASE ... RENAME"));
    ERR_TRY(ddl_database(x, n->name, false, &db));
    ERR_TRY(ddl_check_database(x, db, PRIV_DROP));
    if (strcmp(db->name, to) == 0)
        return NULL;
    ERR_TRY(database_is_free(x, db));
    ERR_TRY(catalog_namespace_get(x->catalog, ID_ROOT, ID_ROOT, to, &taken));
    if (taken != 0)
        return err_new(ERR_DUPLICATE_DATABASE, "the new database name \"%s\" already exists", to);
    const char *from = arena_strdup(x->arena, db->name);
    uint32_t id = db->id;
    pb_database *pb = pb_database_copy(x->arena, db->pb);
    pb->name = arena_strdup(x->arena, to);
    ERR_TRY(catalog_put_descriptor(x->catalog, id, pb_descriptor_of_database(x->arena, pb)));
    ERR_TRY(catalog_namespace_delete(x->catalog, ID_ROOT, ID_ROOT, from));
    ERR_TRY(catalog_namespace_put(x->catalog, ID_ROOT, ID_ROOT, to, id));
    struct ddl_field fields[] = {{"DatabaseName", from, false}, {"NewDatabaseName", to, false}};
    ERR_TRY(ddl_event(x, "rename_database", id, 1, 2, fields));
    return ddl_job(x, ddl_job_text(x), id, 0);
}

/* ---- relations ------------------------------------------------------------------------------- */

struct error *
ddl_rename_table(struct exec_ctx *x, const struct table *t, const struct ast_object_name *new_name)
{
    struct object_name to = ddl_object_name(x, new_name);
    const struct database *db;
    pb_table *pb;
    uint32_t taken, schema_id = PB_GET(t->pb, unexposed_parent_schema_id);
    bool temporary = t->is_temporary && to.schema == NULL;
    if (to.object[0] == '\0')
        return err_new(ERR_SYNTAX, "empty table name");
    ERR_TRY(ddl_check_table(x, t, PRIV_DROP));
    ERR_TRY(ddl_views_gone(x, t->id, 0, 0, false, "rename", "relation", t->name));
    if (to.schema != NULL)
        ERR_TRY(ddl_temporary_name(x, &to, &temporary));
    if (temporary != t->is_temporary)
        return err_new(ERR_INVALID_NAME, "cannot change schema of table with RENAME");
    if (new_name->count == 1)
        ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
    else
        ERR_TRY(catalog_resolve_target(x->catalog, &x->names, &to, &db));
    ERR_TRY(ddl_check_database(x, db, PRIV_CREATE));
    if (db->id == t->parent_id && strcmp(t->name, to.object) == 0)
        return NULL;
    ERR_TRY(catalog_namespace_get(x->catalog, db->id, schema_id, to.object, &taken));
    if (taken != 0 || catalog_name_is_draining(x->catalog, db->id, schema_id, to.object))
        return err_new(ERR_DUPLICATE_RELATION, "relation \"%s\" already exists", to.object);
    const char *from = arena_strdup(x->arena, t->name);
    uint32_t old_parent = t->parent_id;
    ERR_TRY(ddl_mutable(x, t->id, &pb));
    pb->name = arena_strdup(x->arena, to.object);
    PB_SET(pb, parent_id, db->id);
    ERR_TRY(catalog_write_table(x->catalog, pb));
    ERR_TRY(catalog_namespace_delete(x->catalog, old_parent, PB_GET(pb, unexposed_parent_schema_id),
                                     from));
    return catalog_namespace_put(x->catalog, db->id, PB_GET(pb, unexposed_parent_schema_id),
                                 to.object, pb->id);
}

static struct error *
rename_table_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_rename_table *n = s->rename_table;
    static const enum ddl_relation kinds[] = {DDL_TABLE, DDL_VIEW, DDL_SEQUENCE};
    static const char *const tags[] = {"RENAME TABLE", "RENAME VIEW", "RENAME SEQUENCE"};
    const struct table *t;
    (void)rows;
    *tag = arena_strdup(x->arena, tags[n->relation]);
    /* ALTER TABLE renames any relation. */
    ERR_TRY(ddl_relation(x, &n->name,
                         n->relation == AST_RELATION_TABLE ? DDL_ANY : kinds[n->relation],
                         n->if_exists, PRIV_DROP, &t, NULL));
    if (t == NULL)
        return NULL;
    uint32_t id = t->id;
    const char *text = ddl_job_text(x), *from = ddl_qualified(x, t);
    ERR_TRY(ddl_rename_table(x, t, &n->new_name));
    ERR_TRY(catalog_table_by_id(x->catalog, id, &t));
    struct ddl_field fields[] = {{"TableName", from, false},
                                 {"NewTableName", ddl_qualified(x, t), false}};
    ERR_TRY(ddl_event(x, "rename_table", id, 1, 2, fields));
    return ddl_job(x, text, id, 0);
}

/* ---- columns --------------------------------------------------------------------------------- */

struct new_column_name {
    const char *from, *to;
};

static bool
print_renamed(struct str *out, const struct ast_expr *e, void *arg)
{
    const struct new_column_name *r = arg;
    if (e->kind != AST_EXPR_COLUMN || e->column.star || e->column.count == 0 ||
        !slice_eq(e->column.parts[e->column.count - 1], slice_cstr(r->from)))
        return false;
    print_name(out, slice_cstr(r->to));
    return true;
}

static struct error *
rename_in_expr(struct exec_ctx *x, char **sql, struct new_column_name *r)
{
    struct print_opts opts = {.expr = print_renamed, .arg = r};
    struct ast_expr *e;
    struct str s;
    if (*sql == NULL)
        return NULL;
    ERR_TRY(parse_expr(x->arena, slice_cstr(*sql), &e));
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_expr(&s, e, &opts);
    ERR_TRY(str_error(&s));
    *sql = arena_strdup(x->arena, str_cstr(&s));
    return NULL;
}

static void
rename_in_list(struct exec_ctx *x, char **v, size_t n, const struct new_column_name *r)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], r->from) == 0)
            v[i] = arena_strdup(x->arena, r->to);
}

static void
rename_in_index(struct exec_ctx *x, pb_index *ix, const struct new_column_name *r)
{
    rename_in_list(x, ix->column_names, ix->n_column_names, r);
    rename_in_list(x, ix->store_column_names, ix->n_store_column_names, r);
    if (ix->sharded != NULL)
        rename_in_list(x, ix->sharded->column_names, ix->sharded->n_column_names, r);
}

static struct error *
rename_everywhere(struct exec_ctx *x, pb_table *t, struct new_column_name *r)
{
    for (size_t i = 0; i < t->n_families; i++)
        rename_in_list(x, t->families[i]->column_names, t->families[i]->n_column_names, r);
    rename_in_index(x, t->primary_index, r);
    for (size_t i = 0; i < t->n_indexes; i++)
        rename_in_index(x, t->indexes[i], r);
    for (size_t i = 0; i < t->n_mutations; i++) {
        if (MUTATION_IS(t->mutations[i], INDEX))
            rename_in_index(x, t->mutations[i]->index, r);
        else if (MUTATION_IS(t->mutations[i], COLUMN))
            ERR_TRY(rename_in_expr(x, &t->mutations[i]->column->compute_expr, r));
    }
    for (size_t i = 0; i < t->n_checks; i++)
        ERR_TRY(rename_in_expr(x, &t->checks[i]->expr, r));
    for (size_t i = 0; i < t->n_columns; i++) {
        ERR_TRY(rename_in_expr(x, &t->columns[i]->compute_expr, r));
        if (strcmp(t->columns[i]->name, r->from) == 0)
            t->columns[i]->name = arena_strdup(x->arena, r->to);
    }
    return NULL;
}

/* The hidden columns of hash-sharded indexes are named after the columns they hash. */
static struct error *
rename_shards(struct exec_ctx *x, pb_table *t)
{
    for (size_t i = 0; i <= t->n_indexes; i++) {
        pb_index *ix = i == 0 ? t->primary_index : t->indexes[i - 1];
        if (ix->sharded == NULL || !ix->sharded->is_sharded)
            continue;
        char *to = build_shard_name(x->arena, (const char *const *)ix->sharded->column_names,
                                    ix->sharded->n_column_names, ix->sharded->shard_buckets);
        struct new_column_name r = {.from = arena_strdup(x->arena, ix->sharded->name), .to = to};
        if (strcmp(r.from, to) == 0)
            continue;
        ERR_TRY(rename_everywhere(x, t, &r));
        ix->sharded->name = to;
    }
    return NULL;
}

struct error *
ddl_rename_column(struct exec_ctx *x, const struct table *t, const char *from, const char *to)
{
    struct new_column_name r = {.from = from, .to = to};
    const struct column *c = table_column(t, from);
    pb_table *pb;
    if (to[0] == '\0')
        return err_new(ERR_SYNTAX, "empty column name");
    if (c == NULL)
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", from);
    for (int i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].pb->sharded != NULL &&
            strcmp(pb_str(t->indexes[i].pb->sharded->name), from) == 0)
            return err_new(ERR_RESERVED_NAME, "cannot rename shard column");
    ERR_TRY(ddl_views_gone(x, t->id, c->id, 0, false, "rename", "column", from));
    if (strcmp(from, to) == 0)
        return NULL;
    ERR_TRY(ddl_mutable(x, t->id, &pb));
    if (build_find_column(pb, to) != NULL || ddl_column_dropped(x, pb, to))
        return err_new(ERR_UNCATEGORIZED, "column name \"%s\" already exists", to);
    ERR_TRY(rename_everywhere(x, pb, &r));
    ERR_TRY(rename_shards(x, pb));
    return catalog_write_table(x->catalog, pb);
}

static struct error *
rename_column_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_rename_column *n = s->rename_column;
    const struct table *t;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, n->if_exists, PRIV_CREATE, &t, NULL));
    if (t == NULL)
        return NULL;
    ERR_TRY(ddl_check_table(x, t, PRIV_CREATE));
    ERR_TRY(ddl_rename_column(x, t, ddl_text(x, n->name), ddl_text(x, n->new_name)));
    return ddl_job(x, ddl_job_text(x), t->id, 0);
}

/* ---- indexes --------------------------------------------------------------------------------- */

static struct error *
rename_index_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_rename_index *n = s->rename_index;
    const char *to = ddl_text(x, n->new_name);
    struct found_index f;
    pb_table *pb;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_find_index(x, &n->index, n->if_exists, &f));
    if (f.ix == NULL)
        return NULL;
    ERR_TRY(ddl_check_table(x, f.t, PRIV_CREATE));
    ERR_TRY(ddl_views_gone(x, f.t->id, 0, f.ix->id, false, "rename", "index", f.ix->name));
    if (to[0] == '\0')
        return err_new(ERR_SYNTAX, "empty index name");
    if (strcmp(f.ix->name, to) == 0)
        return NULL;
    ERR_TRY(ddl_mutable(x, f.t->id, &pb));
    if (build_find_index(pb, to) != NULL || ddl_drops_index(x, pb, to))
        return err_new(ERR_UNCATEGORIZED, "index name \"%s\" already exists", to);
    if ((f.ix->unique || f.ix->primary) && build_constraint_name_taken(pb, to))
        return err_new(ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%s\"", to);
    build_find_index_by_id(pb, f.ix->id)->name = arena_strdup(x->arena, to);
    ERR_TRY(catalog_write_table(x->catalog, pb));
    return ddl_job(x, ddl_job_text(x), f.t->id, 0);
}

static const struct statement_ops rename_ops[] = {
    {.kind = AST_STMT_RENAME_DATABASE, .tag = "RENAME DATABASE", .flags = STMT_WRITES | STMT_DDL,
     .run = rename_database_run},
    {.kind = AST_STMT_RENAME_TABLE, .tag = "RENAME TABLE", .flags = STMT_WRITES | STMT_DDL,
     .run = rename_table_run},
    {.kind = AST_STMT_RENAME_COLUMN, .tag = "RENAME COLUMN", .flags = STMT_WRITES | STMT_DDL,
     .run = rename_column_run},
    {.kind = AST_STMT_RENAME_INDEX, .tag = "RENAME INDEX", .flags = STMT_WRITES | STMT_DDL,
     .run = rename_index_run},
};

const struct statement_family statement_family_rename = {
    rename_ops, sizeof(rename_ops) / sizeof(rename_ops[0])};
