/* SHOW DATABASES, SCHEMAS, TABLES, SEQUENCES, CREATE. */
#include "config.h"

#include "executor/show/cat_int.h"

#include <stdlib.h>

#include "executor/virtual.h"
#include "grammar/print.h"

static const struct result_column database_columns[] = {{"database_name", &TYPE_STRING, 0, 0},
                                                        {"comment", &TYPE_STRING, 0, 0}};
static const struct result_column schema_columns[] = {{"schema_name", &TYPE_STRING, 0, 0}};
static const struct result_column table_columns[] = {{"table_name", &TYPE_STRING, 0, 0},
                                                     {"comment", &TYPE_STRING, 0, 0}};
static const struct result_column sequence_columns[] = {{"sequence_name", &TYPE_STRING, 0, 0}};
static const struct result_column create_columns[] = {{"table_name", &TYPE_STRING, 0, 0},
                                                      {"create_statement", &TYPE_STRING, 0, 0}};

/* The comment column is there only WITH COMMENT. */
static struct error *
list_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n,
             const struct result_column **cols)
{
    (void)x;
    *n = s->show->with_comment ? 2 : 1;
    *cols = s->show->kind == AST_SHOW_DATABASES ? database_columns : table_columns;
    return NULL;
}

STATEMENT_COLUMNS(show_schemas_columns, schema_columns)
STATEMENT_COLUMNS(show_sequences_columns, sequence_columns)
STATEMENT_COLUMNS(show_create_columns, create_columns)

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
database_by_name(const void *a, const void *b)
{
    return strcmp((*(const struct database *const *)a)->name,
                  (*(const struct database *const *)b)->name);
}

static int
table_by_name(const void *a, const void *b)
{
    return strcmp((*(const struct table *const *)a)->name, (*(const struct table *const *)b)->name);
}

static struct error *
show_databases_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct database **dbs;
    size_t n;
    (void)tag;
    ERR_TRY(catalog_list_databases(x->catalog, x->arena, &dbs, &n));
    qsort(dbs, n, sizeof(*dbs), database_by_name);
    for (size_t i = 0; i < n; i++) {
        bool visible;
        const char *comment = NULL;
        ERR_TRY(show_is_visible(x, dbs[i]->pb->privileges, &visible));
        if (!visible)
            continue;
        if (s->show->with_comment)
            ERR_TRY(show_comment(x, 0, dbs[i]->id, 0, &comment));
        struct datum row[2] = {datum_cstr(dbs[i]->name), text_datum(comment)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

/* SHOW SCHEMAS FROM d, SHOW SEQUENCES FROM d: d is read as a prefix, as if a table followed. */
static struct error *
show_prefix_database(struct exec_ctx *x, const struct ast_stmt *s, const struct database **db)
{
    struct ast_object_name n = {.count = s->show->has_database ? 1 : 0,
                                .object = s->show->database};
    const char *schema;
    return show_prefix(x, &n, db, &schema);
}

static struct error *
show_schemas_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct database *db;
    const char *const *names;
    size_t n;
    (void)tag;
    ERR_TRY(show_prefix_database(x, s, &db));
    ERR_TRY(cat_schemas(x, db, &names, &n));
    qsort((void *)(uintptr_t)names, n, sizeof(*names), by_text);
    for (size_t i = 0; i < n; i++) {
        struct datum row[1] = {datum_cstr(names[i])};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
put_virtual_tables(struct exec_ctx *x, const char *schema, struct row_sink *rows, bool comment)
{
    const struct virtual_registry *r = virtual_tables();
    const char **names = ARENA_ARRAY(x->arena, const char *, (size_t)virtual_count(r) + 1);
    size_t n = 0;
    (void)comment;
    for (int i = 0; i < virtual_count(r); i++) {
        const struct table *t = virtual_at(r, i);
        const struct virtual_table *v = t->opaque;
        if (strcmp(v->schema, schema) == 0 && v->comment != NULL)
            names[n++] = v->name;
    }
    qsort(names, n, sizeof(*names), by_text);
    for (size_t i = 0; i < n; i++) {
        struct datum row[2] = {datum_cstr(names[i]), datum_cstr("")};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
show_tables_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct database *db;
    const struct table **tables;
    const char *schema;
    size_t n;
    (void)tag;
    ERR_TRY(show_prefix(x, &s->show->table, &db, &schema));
    if (virtual_schema_exists(schema))
        return put_virtual_tables(x, schema, rows, s->show->with_comment);
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n));
    qsort(tables, n, sizeof(*tables), table_by_name);
    for (size_t i = 0; i < n; i++) {
        bool visible;
        const char *comment = NULL;
        ERR_TRY(show_is_visible(x, tables[i]->pb->privileges, &visible));
        const char *in;
        ERR_TRY(cat_schema_of(x, tables[i], &in));
        if (!visible || tables[i]->is_sequence || strcmp(in, schema) != 0)
            continue;
        if (s->show->with_comment)
            ERR_TRY(show_comment(x, 1, tables[i]->id, 0, &comment));
        struct datum row[2] = {datum_cstr(tables[i]->name),
                               datum_cstr(comment != NULL ? comment : "")};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
show_sequences_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct database *db;
    const struct table **tables;
    size_t n;
    (void)tag;
    ERR_TRY(show_prefix_database(x, s, &db));
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n));
    qsort(tables, n, sizeof(*tables), table_by_name);
    for (size_t i = 0; i < n; i++) {
        bool visible;
        ERR_TRY(show_is_visible(x, tables[i]->pb->privileges, &visible));
        if (!visible || !tables[i]->is_sequence || tables[i]->is_temporary)
            continue;
        struct datum row[1] = {datum_cstr(tables[i]->name)};
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

static struct error *
show_create_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct table *t;
    const struct database *db;
    const char *schema;
    char *text;
    (void)tag;
    ERR_TRY(show_table(x, &s->show->table, &t, &db, &schema));
    ERR_TRY(show_create_text(x, t, true, &text));
    /* A qualified name comes back whole, a bare one bare. */
    struct str name;
    str_init_arena(&name, x->arena, STR_MAX_DEFAULT);
    const struct ast_object_name *given = &s->show->table;
    if (given->count > 1) {
        /* x.t: a schema of the current database stays alone, a database gets its schema. */
        if (given->count > 2 || !slice_eq(given->schema, slice_cstr(schema))) {
            print_name(&name, slice_cstr(db != NULL ? db->name : ""));
            str_append_char(&name, '.');
        }
        print_name(&name, slice_cstr(schema));
        str_append_char(&name, '.');
    }
    print_name(&name, s->show->table.object);
    struct datum row[2] = {datum_cstr(str_cstr(&name)), datum_cstr(text)};
    return row_put(rows, row);
}

static const struct statement_ops show_lists_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_DATABASES, .tag = "SHOW DATABASES ",
     .columns = list_columns, .run = show_databases_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_SCHEMAS, .tag = "SHOW SCHEMAS ",
     .columns = show_schemas_columns, .run = show_schemas_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_TABLES, .tag = "SHOW TABLES ",
     .columns = list_columns, .run = show_tables_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_SEQUENCES, .tag = "SHOW SEQUENCES ",
     .columns = show_sequences_columns, .run = show_sequences_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_CREATE, .tag = "SHOW CREATE ",
     .columns = show_create_columns, .run = show_create_run},
};

const struct statement_family statement_family_show_lists = {
    show_lists_ops, sizeof(show_lists_ops) / sizeof(show_lists_ops[0])};
