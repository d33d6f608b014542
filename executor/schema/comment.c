/* COMMENT ON: rows of system.comments. */
#include "config.h"

#include "executor/schema/schema_int.h"

enum { COMMENT_ON_DATABASE, COMMENT_ON_TABLE, COMMENT_ON_COLUMN, COMMENT_ON_INDEX };

struct commented {
    int type;
    uint32_t id, sub;
    const char *name, *part; /* part: of a column or an index */
};

/* d.t.c: the table's name is what stands before the column's. */
static struct error *
comment_column(struct exec_ctx *x, const struct ast_expr *e, struct commented *c)
{
    int n = e->column.count;
    struct ast_object_name name = {.count = n - 1, .pos = e->pos};
    const struct table *t;
    if (n < 2)
        return err_new(ERR_SYNTAX, "column name must be qualified");
    name.object = e->column.parts[n - 2];
    if (n >= 3)
        name.schema = e->column.parts[n - 3];
    if (n >= 4)
        name.catalog = e->column.parts[n - 4];
    ERR_TRY(ddl_relation(x, &name, DDL_TABLE, false, PRIV_CREATE, &t, NULL));
    ERR_TRY(ddl_check_table(x, t, PRIV_CREATE));
    const struct column *col = table_column(t, ddl_text(x, e->column.parts[n - 1]));
    if (col == NULL)
        return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist",
                       ddl_text(x, e->column.parts[n - 1]));
    *c = (struct commented){COMMENT_ON_COLUMN, t->id, col->id, ddl_qualified(x, t), col->name};
    return NULL;
}

static struct error *
comment_target(struct exec_ctx *x, const struct ast_comment *n, struct commented *c)
{
    const struct database *db;
    const struct table *t;
    struct found_index f;
    switch (n->kind) {
    case AST_COMMENT_DATABASE:
        ERR_TRY(ddl_database(x, n->database, false, &db));
        ERR_TRY(ddl_check_database(x, db, PRIV_CREATE));
        *c = (struct commented){COMMENT_ON_DATABASE, db->id, 0, db->name, NULL};
        return NULL;
    case AST_COMMENT_TABLE:
        ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, false, PRIV_CREATE, &t, NULL));
        ERR_TRY(ddl_check_table(x, t, PRIV_CREATE));
        *c = (struct commented){COMMENT_ON_TABLE, t->id, 0, ddl_qualified(x, t), NULL};
        return NULL;
    case AST_COMMENT_COLUMN:
        return comment_column(x, n->column, c);
    case AST_COMMENT_INDEX:
        ERR_TRY(ddl_find_index(x, &n->index, false, &f));
        ERR_TRY(ddl_check_table(x, f.t, PRIV_CREATE));
        *c = (struct commented){COMMENT_ON_INDEX, f.t->id, f.ix->id, ddl_qualified(x, f.t),
                                f.ix->name};
        return NULL;
    }
    return NULL;
}

static struct error *
note_comment(struct exec_ctx *x, const struct ast_comment *n, const struct commented *c)
{
    static const char *const types[] = {
        [AST_COMMENT_DATABASE] = "comment_on_database",
        [AST_COMMENT_TABLE] = "comment_on_table",
        [AST_COMMENT_COLUMN] = "comment_on_column",
        [AST_COMMENT_INDEX] = "comment_on_index",
    };
    struct ddl_field fields[3];
    int k = 0;
    fields[k++] = (struct ddl_field){c->part == NULL && n->kind == AST_COMMENT_DATABASE
                                         ? "DatabaseName"
                                         : "TableName", c->name, false};
    if (c->part != NULL)
        fields[k++] = (struct ddl_field){
            n->kind == AST_COMMENT_COLUMN ? "ColumnName" : "IndexName", c->part, false};
    fields[k] = (struct ddl_field){"Comment", n->null ? "" : ddl_text(x, n->text), false};
    return ddl_event(x, types[n->kind], c->id, k, k + 1, fields);
}

static struct error *
comment_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    static const char *const tags[] = {
        [AST_COMMENT_DATABASE] = "COMMENT ON DATABASE",
        [AST_COMMENT_TABLE] = "COMMENT ON TABLE",
        [AST_COMMENT_COLUMN] = "COMMENT ON COLUMN",
        [AST_COMMENT_INDEX] = "COMMENT ON INDEX",
    };
    static const struct type *const types[] = {&TYPE_INT8, &TYPE_INT8, &TYPE_INT8, &TYPE_STRING};
    const struct ast_comment *n = s->comment;
    struct commented c = {0};
    (void)rows;
    *tag = arena_strdup(x->arena, tags[n->kind]);
    ERR_TRY(comment_target(x, n, &c));
    struct datum params[] = {datum_int(c.type), datum_int(c.id), datum_int(c.sub),
                             datum_bytes(n->text.ptr, n->text.len)};
    if (n->null)
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 3, types, params,
                         "DELETE FROM system.public.comments WHERE type = $1 AND object_id = $2 "
                         "AND sub_id = $3"));
    else
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 4, types, params,
                         "UPSERT INTO system.public.comments (type, object_id, sub_id, comment) "
                         "VALUES ($1, $2, $3, $4)"));
    return note_comment(x, n, &c);
}

static const struct statement_ops comment_ops[] = {
    {.kind = AST_STMT_COMMENT, .tag = "COMMENT ON TABLE", .name = "COMMENT ON",
     .flags = STMT_WRITES, .run = comment_run},
};

const struct statement_family statement_family_comment = {
    comment_ops, sizeof(comment_ops) / sizeof(comment_ops[0])};
