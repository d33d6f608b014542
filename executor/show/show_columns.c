/* SHOW COLUMNS and SHOW INDEXES. */
#include "config.h"

#include "executor/show/show_int.h"

#include <stdlib.h>

/* ---- SHOW COLUMNS --------------------------------------------------------------------------- */

static const struct result_column column_columns[] = {
    {"column_name", &TYPE_STRING, 0, 0},           {"data_type", &TYPE_STRING, 0, 0},
    {"is_nullable", &TYPE_BOOL, 0, 0},             {"column_default", &TYPE_STRING, 0, 0},
    {"generation_expression", &TYPE_STRING, 0, 0}, {"indices", &TYPE_STRING_ARRAY, 0, 0},
    {"is_hidden", &TYPE_BOOL, 0, 0},               {"comment", &TYPE_STRING, 0, 0}};

static struct error *
show_columns_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n,
                     const struct result_column **cols)
{
    (void)x;
    *n = s->show->with_comment ? 8 : 7;
    *cols = column_columns;
    return NULL;
}

static bool
contains(const int *v, int n, int ordinal)
{
    for (int i = 0; i < n; i++)
        if (v[i] == ordinal)
            return true;
    return false;
}

/* Names of the public indexes that a column is in: as key, stored or implicit column. */
static struct datum
indexes_of(struct arena *a, const struct table *t, int ordinal)
{
    struct datum *names = ARENA_ARRAY(a, struct datum, (size_t)t->n_indexes + 1);
    struct array *arr = ARENA_NEW(a, struct array);
    arr->elem = &TYPE_STRING;
    arr->v = names;
    for (int i = 0; i < t->n_indexes && !t->is_view; i++) {
        const struct index *ix = &t->indexes[i];
        if (contains(ix->keys, ix->n_keys, ordinal) ||
            (!ix->primary && (contains(ix->extra, ix->n_extra, ordinal) ||
                              contains(ix->stored, ix->n_stored, ordinal))))
            names[arr->n++] = datum_cstr(ix->name);
    }
    return (struct datum){.arr = arr};
}

static struct error *
show_columns_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct table *t;
    (void)tag;
    ERR_TRY(show_table(x, &s->show->table, &t, NULL, NULL));
    for (int i = 0; i < t->n_columns; i++) {
        const struct column *c = &t->columns[i];
        const char *comment = NULL;
        if (s->show->with_comment && !t->is_virtual)
            ERR_TRY(show_comment(x, 2, t->id, c->id, &comment));
        struct datum row[8] = {
            datum_cstr(c->name),
            datum_cstr(type_sql_str(x->arena, c->type)),
            datum_bool(c->nullable),
            text_datum(c->default_expr),
            datum_cstr(c->compute_expr != NULL ? c->compute_expr : ""),
            indexes_of(x->arena, t, i),
            datum_bool(c->hidden),
            text_datum(comment),
        };
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

/* ---- SHOW INDEXES --------------------------------------------------------------------------- */

static const struct result_column index_columns[] = {
    {"table_name", &TYPE_STRING, 0, 0},  {"index_name", &TYPE_STRING, 0, 0},
    {"non_unique", &TYPE_BOOL, 0, 0},    {"seq_in_index", &TYPE_INT8, 0, 0},
    {"column_name", &TYPE_STRING, 0, 0}, {"direction", &TYPE_STRING, 0, 0},
    {"storing", &TYPE_BOOL, 0, 0},       {"implicit", &TYPE_BOOL, 0, 0},
    {"comment", &TYPE_STRING, 0, 0}};

static struct error *
show_indexes_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n,
                     const struct result_column **cols)
{
    (void)x;
    *n = s->show->with_comment ? 9 : 8;
    *cols = index_columns;
    return NULL;
}

struct index_rows {
    struct row_sink *rows;
    const struct table *t;
    const struct index *ix;
    const char *comment;
    int64_t seq;
};

static struct error *
put_index_column(struct index_rows *r, int ordinal, const char *direction, bool storing,
                 bool implicit)
{
    struct datum row[9] = {
        datum_cstr(r->t->name),
        datum_cstr(r->ix->name),
        datum_bool(!r->ix->unique),
        datum_int(++r->seq),
        datum_cstr(r->t->columns[ordinal].name),
        datum_cstr(direction),
        datum_bool(storing),
        datum_bool(implicit),
        text_datum(r->comment),
    };
    return row_put(r->rows, row);
}

static struct error *
put_index(struct index_rows *r)
{
    const struct index *ix = r->ix;
    for (int i = 0; i < ix->n_keys; i++)
        ERR_TRY(put_index_column(r, ix->keys[i], ix->desc[i] ? "DESC" : "ASC", false, false));
    if (ix->primary)
        return NULL;
    for (int i = 0; i < ix->n_stored; i++)
        ERR_TRY(put_index_column(r, ix->stored[i], "N/A", true, false));
    for (int i = 0; i < ix->n_extra; i++)
        ERR_TRY(put_index_column(r, ix->extra[i], "ASC", false, true));
    return NULL;
}

static struct error *
put_table_indexes(struct exec_ctx *x, const struct table *t, bool with_comment,
                  struct row_sink *rows)
{
    for (int i = 0; i < t->n_indexes && !t->is_view && !t->is_sequence; i++) {
        struct index_rows r = {.rows = rows, .t = t, .ix = &t->indexes[i]};
        if (with_comment && !t->is_virtual)
            ERR_TRY(show_comment(x, 3, t->id, r.ix->id, &r.comment));
        ERR_TRY(put_index(&r));
    }
    return NULL;
}

static struct error *
show_indexes_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct table *t;
    (void)tag;
    ERR_TRY(show_table(x, &s->show->table, &t, NULL, NULL));
    return put_table_indexes(x, t, s->show->with_comment, rows);
}

static int
table_by_name(const void *a, const void *b)
{
    return strcmp((*(const struct table *const *)a)->name, (*(const struct table *const *)b)->name);
}

static struct error *
show_database_indexes_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                          char **tag)
{
    const struct database *db;
    const struct table **tables;
    size_t n;
    (void)tag;
    ERR_TRY(show_database(x, s->show->database, true, &db));
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n));
    qsort(tables, n, sizeof(*tables), table_by_name);
    for (size_t i = 0; i < n; i++) {
        bool visible;
        ERR_TRY(show_is_visible(x, tables[i]->pb->privileges, &visible));
        if (visible)
            ERR_TRY(put_table_indexes(x, tables[i], s->show->with_comment, rows));
    }
    return NULL;
}

static const struct statement_ops show_columns_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_COLUMNS, .tag = "SHOW COLUMNS ",
     .columns = show_columns_columns, .run = show_columns_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_INDEXES, .tag = "SHOW INDEXES FROM TABLE ",
     .columns = show_indexes_columns, .run = show_indexes_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_DATABASE_INDEXES,
     .tag = "SHOW INDEXES FROM DATABASE ", .columns = show_indexes_columns,
     .run = show_database_indexes_run},
};

const struct statement_family statement_family_show_columns = {
    show_columns_ops, sizeof(show_columns_ops) / sizeof(show_columns_ops[0])};
