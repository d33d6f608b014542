/* CREATE DATABASE, DROP DATABASE, CREATE SCHEMA's refusals. */
#include "config.h"

#include <strings.h>

#include "executor/schema/schema_int.h"

static struct error *
check_options(struct exec_ctx *x, const struct ast_create_database *n)
{
    static const char *const encodings[] = {"UTF8", "UTF-8", "UNICODE"};
    const char *encoding = ddl_text(x, n->encoding);
    const char *template_ = ddl_text(x, n->template_);
    const struct slice collations[] = {n->collate, n->ctype};
    bool known = n->encoding.len == 0;
    /* SOURCE: CockroachDB v20.1 pkg/sql/create_database.go */
    if (n->template_.len > 0 && strcasecmp(template_, "template0") != 0)
        return err_unimplemented(10151, "unsupported template: %s", template_);
    for (size_t i = 0; i < 3; i++)
        known = known || strcasecmp(encoding, encodings[i]) == 0;
    if (!known)
        return err_unimplemented(35882, "unsupported encoding: %s", encoding);
    for (size_t i = 0; i < 2; i++) {
        const char *c = ddl_text(x, collations[i]);
        if (collations[i].len > 0 && strcmp(c, "C") != 0 && strcmp(c, "C.UTF-8") != 0)
            return err_unimplemented(16618, "unsupported %s: %s",
                                     i == 0 ? "collation" : "character classification", c);
    }
    return NULL;
}

static struct error *
create_database_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                    char **tag)
{
    const struct ast_create_database *n = s->create_database;
    uint32_t id;
    (void)rows;
    (void)tag;
    if (n->name.len == 0)
        return err_new(ERR_SYNTAX, "empty database name");
    ERR_TRY(check_options(x, n));
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "CREATE DATABASE"));
    const char *name = ddl_text(x, n->name);
    ERR_TRY(catalog_namespace_get(x->catalog, ID_ROOT, ID_ROOT, name, &id));
    if (id != 0) {
        if (n->if_not_exists)
            return NULL;
        return err_new(ERR_DUPLICATE_DATABASE, "database \"%s\" already exists", name);
    }
    ERR_TRY(catalog_new_id(x->catalog, &id));
    pb_database *db = PB_NEW(x->arena, DatabaseDescriptor, database_descriptor);
    db->name = arena_strdup(x->arena, name);
    PB_SET(db, id, id);
    db->privileges = privileges_default(x->arena);
    pb_descriptor *d = PB_NEW(x->arena, Descriptor, descriptor);
    d->database = db;
    d->union_case = AMBERDB__DESCRIPTOR__UNION_DATABASE;
    ERR_TRY(catalog_put_descriptor(x->catalog, id, d));
    ERR_TRY(catalog_namespace_put(x->catalog, ID_ROOT, ID_ROOT, name, id));
    ERR_TRY(catalog_namespace_put(x->catalog, id, ID_ROOT, "public", ID_PUBLIC_SCHEMA));
    return ddl_event_named(x, "create_database", id, "DatabaseName", name);
}

static struct error *
drop_all_tables(struct exec_ctx *x, const struct database *db)
{
    const struct table **tables;
    size_t n;
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n));
    for (size_t i = 0; i < n; i++)
        ERR_TRY(ddl_check_table(x, tables[i], PRIV_DROP));
    ERR_TRY(ddl_drop_tables(x, tables, n));
    return NULL;
}

static struct error *
drop_database_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_drop_database *n = s->drop_database;
    const struct database *db;
    const struct table **tables;
    size_t n_tables;
    bool safe = exec_planner(x)->safe_updates;
    (void)rows;
    (void)tag;
    ERR_TRY(ddl_database(x, n->name, n->if_exists, &db));
    if (db == NULL)
        return NULL;
    if (safe && strcmp(db->name, x->database) == 0)
        return err_new(ERR_WARNING,
                       "rejected: DROP DATABASE on current database (sql_safe_updates = true)");
    ERR_TRY(ddl_check_database(x, db, PRIV_DROP));
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n_tables));
    if (n_tables > 0 && n->behavior == AST_DROP_RESTRICT)
        return err_new(ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "database \"%s\" is not empty and RESTRICT was specified", db->name);
    if (n_tables > 0 && n->behavior == AST_DROP_DEFAULT && safe)
        return err_new(ERR_WARNING,
                       "rejected: DROP DATABASE on non-empty database without explicit CASCADE "
                       "(sql_safe_updates = true)");
    const char *name = arena_strdup(x->arena, db->name);
    uint32_t id = db->id;
    const char **dropped = ARENA_ARRAY(x->arena, const char *, n_tables + 1);
    uint32_t *ids = ARENA_ARRAY(x->arena, uint32_t, n_tables + 1);
    for (size_t i = 0; i < n_tables; i++) {
        dropped[i] = ddl_qualified(x, tables[i]);
        ids[i] = tables[i]->id;
    }
    ERR_TRY(drop_all_tables(x, db));
    ERR_TRY(ddl_temporary_schemas_gone(x, id));
    ERR_TRY(catalog_namespace_delete(x->catalog, id, ID_ROOT, "public"));
    ERR_TRY(catalog_namespace_delete(x->catalog, ID_ROOT, ID_ROOT, name));
    ERR_TRY(catalog_delete_descriptor(x->catalog, id));
    static const struct type *const types[] = {&TYPE_INT8};
    struct datum params[] = {datum_int(id)};
    ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 1, types, params,
                     "DELETE FROM system.public.zones WHERE id = $1"));
    ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 1, types, params,
                     "DELETE FROM system.public.comments WHERE type = 0 AND object_id = $1"));
    struct ddl_field fields[] = {{"DatabaseName", name, false},
                                 {"DroppedSchemaObjects", ddl_json_list(x, dropped, n_tables), true}};
    ERR_TRY(ddl_event(x, "drop_database", id, 1, 2, fields));
    if (n_tables == 0)
        return NULL;
    ERR_TRY(ddl_job(x, ddl_job_text(x), 0, 0));
    return ddl_gc_job(x, ddl_job_text(x), id, NULL, 0, ids, n_tables);
}

static struct error *
create_schema_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_create_schema *n = s->create_schema;
    const char *name = ddl_text(x, n->name);
    static const char *const known[] = {"public", "pg_catalog", "information_schema",
                                        "crdb_internal"};
    (void)rows;
    (void)tag;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(name, known[i]) == 0) {
            if (n->if_not_exists)
                return NULL;
            return err_new(ERR_DUPLICATE_SCHEMA, "schema \"%s\" already exists", name);
        }
    return err_unimplemented(26443, "new schemas are unsupported");
}

static const struct statement_ops database_ops[] = {
    {.kind = AST_STMT_CREATE_DATABASE, .tag = "CREATE DATABASE",
     .flags = STMT_WRITES | STMT_DDL, .run = create_database_run},
    {.kind = AST_STMT_DROP_DATABASE, .tag = "DROP DATABASE", .flags = STMT_WRITES | STMT_DDL,
     .run = drop_database_run},
    {.kind = AST_STMT_CREATE_SCHEMA, .tag = "CREATE SCHEMA", .flags = STMT_WRITES,
     .run = create_schema_run},
};

const struct statement_family statement_family_database = {
    database_ops, sizeof(database_ops) / sizeof(database_ops[0])};
