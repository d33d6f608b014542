/* SHOW GRANTS ON DATABASE, ON TABLE and of all: queries over information_schema.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/delegate/show_grants.go.
 */
#include "config.h"

#include "executor/show/show_int.h"

#include "grammar/print.h"

static const char schema_grants[] =
    "SELECT table_catalog AS database_name, table_schema AS schema_name, grantee, privilege_type "
    "FROM \"\".information_schema.schema_privileges";
static const char table_grants[] =
    "SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, grantee, "
    "privilege_type FROM \"\".information_schema.table_privileges";
static const char all_grants[] =
    "SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, grantee, "
    "privilege_type FROM \"\".information_schema.table_privileges UNION ALL "
    "SELECT table_catalog, table_schema, NULL::STRING, grantee, privilege_type "
    "FROM \"\".information_schema.schema_privileges";

static void
put_literal(struct str *s, const char *before, const char *text)
{
    str_append_cstr(s, before);
    print_string_literal(s, slice_cstr(text));
}

static void
put_grantees(struct exec_ctx *x, struct str *q, const struct ast_names *grantees)
{
    for (int i = 0; i < grantees->count; i++)
        put_literal(q, i == 0 ? " AND grantee IN (" : ", ",
                    show_text(x, grantees->items[i].text));
    if (grantees->count > 0)
        str_append_char(q, ')');
}

/* WHERE ... of databases. */
static struct error *
put_databases(struct exec_ctx *x, struct str *q, const struct ast_names *names)
{
    for (int i = 0; i < names->count; i++) {
        const char *name = show_text(x, names->items[i].text);
        const struct database *db = NULL;
        ERR_TRY(catalog_database_by_name(x->catalog, name, &db));
        if (db == NULL)
            return show_no_target();
        put_literal(q, i == 0 ? " WHERE database_name IN (" : ", ", name);
    }
    str_append_char(q, ')');
    return NULL;
}

/* One pattern's condition: (database, schema[, table]) = (...) */
static struct error *
put_pattern(struct exec_ctx *x, struct str *q, const struct ast_table_pattern *p)
{
    const struct database *db;
    const struct table *t;
    const char *schema;
    if (p->star) {
        struct ast_object_name prefix = p->name;
        prefix.object = p->name.schema; /* a prefix is a name without its last part */
        prefix.schema = p->name.catalog;
        ERR_TRY(show_prefix(x, &prefix, &db, &schema));
    } else {
        ERR_TRY(show_find_table(x, &p->name, &t, &db, &schema));
    }
    put_literal(q, "(database_name = ", db != NULL ? db->name : "");
    put_literal(q, " AND schema_name = ", schema);
    if (!p->star)
        put_literal(q, " AND table_name = ", t->name);
    str_append_char(q, ')');
    return NULL;
}

static struct error *
show_grants_rewrite(struct exec_ctx *x, const struct ast_stmt *s, char **sql)
{
    const struct ast_targets *t = &s->show->targets;
    bool on_database = t->kind == AST_TARGET_DATABASES;
    struct str q;
    str_init_arena(&q, x->arena, STR_MAX_DEFAULT);
    str_printf(&q, "SELECT * FROM (%s)",
               on_database ? schema_grants
               : t->kind == AST_TARGET_TABLES ? table_grants : all_grants);
    if (on_database) {
        ERR_TRY(put_databases(x, &q, &t->names));
    } else if (t->kind == AST_TARGET_TABLES) {
        for (int i = 0; i < t->tables.count; i++) {
            str_append_cstr(&q, i == 0 ? " WHERE (" : " OR ");
            ERR_TRY(put_pattern(x, &q, &t->tables.items[i]));
        }
        str_append_char(&q, ')');
    } else if (*x->database != '\0') {
        put_literal(&q, " WHERE database_name = ", x->database);
    } else {
        str_append_cstr(&q, " WHERE true");
    }
    put_grantees(x, &q, &s->show->grantees);
    str_append_cstr(&q, on_database ? " ORDER BY 1, 2, 3, 4" : " ORDER BY 1, 2, 3, 4, 5");
    ERR_TRY(str_error(&q));
    *sql = arena_strdup(x->arena, str_cstr(&q));
    return NULL;
}

static const struct statement_ops show_grants_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_GRANTS, .tag = "SHOW GRANTS ",
     .rewrite = show_grants_rewrite},
};

const struct statement_family statement_family_show_grants = {
    show_grants_ops, sizeof(show_grants_ops) / sizeof(show_grants_ops[0])};
