/* CREATE STATISTICS, INJECT STATISTICS, SHOW STATISTICS: rows of system.table_statistics. */
#include "config.h"

#include <stdlib.h>

#include "executor/schema/schema_int.h"

#include "executor/jobs/jobs.h"
#include "executor/schema/stats_job.h"
#include "executor/table_stats.h"
#include "grammar/print.h"

struct error *
ddl_put_statistic(struct exec_ctx *x, uint32_t table_id, struct datum name, const int64_t *ids, int n,
                  const int64_t counts[3], struct datum created, struct datum histogram, bool replace)
{
    static const struct type *const types[] = {&TYPE_INT8, &TYPE_STRING,    &TYPE_STRING,
                                               &TYPE_INT8, &TYPE_INT8,      &TYPE_INT8,
                                               &TYPE_TIMESTAMP, &TYPE_BYTES};
    struct str list;
    str_init_arena(&list, x->arena, STR_MAX_DEFAULT);
    str_append_char(&list, '{');
    for (int i = 0; i < n; i++)
        str_printf(&list, "%s%lld", i > 0 ? "," : "", (long long)ids[i]);
    str_append_char(&list, '}');
    table_stats_changed(x, table_id);
    struct datum params[] = {datum_int(table_id), name, datum_cstr(str_cstr(&list)),
                             datum_int(counts[0]), datum_int(counts[1]), datum_int(counts[2]),
                             created, histogram};
    /* Of one list of columns the newest stays, and four of those that were made by themselves.
     * SOURCE: CockroachDB v20.1 pkg/sql/stats/delete_stats.go */
    if (replace)
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 3, types, params,
                         "DELETE FROM system.public.table_statistics WHERE \"tableID\" = $1 AND "
                         "$2 IS NOT NULL AND \"columnIDs\" = $3::INT8[] AND \"statisticID\" NOT IN "
                         "(SELECT \"statisticID\" FROM system.public.table_statistics WHERE "
                         "\"tableID\" = $1 AND name = '__auto__' AND \"columnIDs\" = $3::INT8[] "
                         "ORDER BY \"createdAt\" DESC LIMIT 4)"));
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 8, types, params,
                    "INSERT INTO system.public.table_statistics (\"tableID\", \"statisticID\", name, "
                    "\"columnIDs\", \"createdAt\", \"rowCount\", \"distinctCount\", \"nullCount\", "
                    "histogram) VALUES ($1, unique_rowid(), $2, $3::INT8[], "
                    "COALESCE($7, now()::TIMESTAMP), $4, $5, $6, $8)");
}

/* ---- CREATE STATISTICS ------------------------------------------------------------------------ */

static int
by_id(const void *a, const void *b)
{
    uint32_t x = (*(const struct column *const *)a)->id, y = (*(const struct column *const *)b)->id;
    return (x > y) - (x < y);
}

static struct error *
find_table(struct exec_ctx *x, const struct ast_create_stats *n, const struct table **t)
{
    if (n->table_id != 0) {
        ERR_TRY(catalog_table_by_id(x->catalog, (uint32_t)n->table_id, t));
        if (*t == NULL)
            return err_new(ERR_UNDEFINED_TABLE, "relation \"[%lld]\" does not exist",
                           (long long)n->table_id);
        if ((*t)->is_view)
            return err_new(ERR_WRONG_OBJECT_TYPE, "cannot create statistics on views");
    } else {
        struct object_name given = ddl_object_name(x, &n->table);
        const struct database *db;
        const char *schema;
        ERR_TRY(catalog_resolve(x->catalog, &x->names, &given, t, &db, &schema));
        if (*t != NULL && (*t)->is_virtual)
            return err_new(ERR_WRONG_OBJECT_TYPE, "cannot create statistics on virtual tables");
        ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, false, PRIV_SELECT, t, NULL));
    }
    return ddl_check_table(x, *t, PRIV_SELECT);
}

static struct error *
find_columns(struct exec_ctx *x, const struct ast_create_stats *n, const struct table *t,
             const struct column **cols)
{
    for (int i = 0; i < n->columns.count; i++) {
        const char *column = ddl_text(x, n->columns.items[i].text);
        cols[i] = table_column(t, column);
        if (cols[i] == NULL)
            return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", column);
        if (cols[i]->type->family == FAMILY_JSON)
            return err_unimplemented(35844, "CREATE STATISTICS is not supported for JSON columns");
    }
    qsort(cols, (size_t)n->columns.count, sizeof(*cols), by_id);
    return NULL;
}

/* The statistics are no part of the statement's transaction: its job's row is not either. */
static struct error *
create_stats_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct ast_create_stats *n = s->create_stats;
    const struct column **cols =
        ARENA_ARRAY(x->arena, const struct column *, (size_t)n->columns.count + 1);
    struct stats_order o = {.name = ddl_text(x, n->name), .throttling = n->throttling,
                            .statement = ddl_statement_text(x), .text = ddl_job_text(x),
                            .columns = n->columns.count > 0 ? cols : NULL,
                            .n_columns = n->columns.count};
    int64_t id;
    (void)rows;
    (void)tag;
    ERR_TRY(find_table(x, n, &o.table));
    ERR_TRY(find_columns(x, n, o.table, cols));
    if (n->as_of != NULL)
        ERR_TRY(exec_as_of(x, n->as_of, &o.as_of));
    ERR_TRY(stats_job_start(x, &o, &id));
    return job_wait(x->node, id, x->cancel, NULL);
}

/* ---- INJECT STATISTICS ----------------------------------------------------------------------- */

/* The JSON is read by SQL itself: an array of objects as SHOW STATISTICS USING JSON gives them. */
struct error *
ddl_inject_statistics(struct exec_ctx *x, const struct table *t, const struct ast_expr *json)
{
    static const struct type *const one[] = {&TYPE_JSONB};
    struct datum doc, id = datum_int(t->id);
    struct datum **rows;
    size_t n_rows;
    static const struct type *const id_type[] = {&TYPE_INT8};
    ERR_TRY(exec_eval_const(x, json, &TYPE_JSONB, "INJECT STATISTICS", &doc));
    if (doc.null)
        return err_new(ERR_SYNTAX, "statistics cannot be NULL");
    table_stats_changed(x, t->id);
    ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 1, id_type, &id,
                     "DELETE FROM system.public.table_statistics WHERE \"tableID\" = $1"));
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 1, one, &doc,
                       "SELECT COALESCE(v->>'name', ''), (v->>'row_count')::INT8, "
                       "COALESCE((v->>'distinct_count')::INT8, 0), "
                       "COALESCE((v->>'null_count')::INT8, 0), (v->>'created_at')::TIMESTAMP, "
                       "(SELECT string_agg(c, chr(1)) FROM "
                       "jsonb_array_elements_text(v->'columns') AS e (c)), v->'histo_buckets' "
                       "FROM jsonb_array_elements($1) AS j (v)", 100000, &rows, &n_rows));
    for (size_t i = 0; i < n_rows; i++) {
        int64_t counts[3] = {rows[i][1].i, rows[i][2].i, rows[i][3].i}, *ids;
        char *names = rows[i][5].null ? NULL : slice_to_cstr(x->arena, datum_slice(&rows[i][5]));
        const struct column *col = NULL;
        struct datum histogram = DATUM_NULL;
        int n = 0;
        if (names == NULL || rows[i][1].null)
            return err_new(ERR_SYNTAX, "statistics need columns and row_count");
        ids = ARENA_ARRAY(x->arena, int64_t, strlen(names) + 1);
        for (char *save = NULL, *c = strtok_r(names, "\1", &save); c != NULL;
             c = strtok_r(NULL, "\1", &save)) {
            col = table_column(t, c);
            if (col == NULL)
                return err_new(ERR_UNDEFINED_COLUMN, "column \"%s\" does not exist", c);
            ids[n++] = col->id;
        }
        if (n == 1)
            ERR_TRY(ddl_histogram_inject(x, &rows[i][6], col->type, &histogram));
        ERR_TRY(ddl_put_statistic(x, t->id, rows[i][0], ids, n, counts, rows[i][4], histogram, false));
    }
    return NULL;
}

/* ---- SHOW STATISTICS ------------------------------------------------------------------------- */

/* (VALUES ...) of statistics' ids and what their histograms add to the JSON. */
static struct error *
histogram_values(struct exec_ctx *x, const struct table *t, struct str *out)
{
    static const struct type *const one[] = {&TYPE_INT8};
    struct datum id = datum_int(t->id), **rows;
    size_t n;
    ERR_TRY(exec_query(x, EXEC_ROOT, x->arena, 1, one, &id,
                       "SELECT \"statisticID\", histogram FROM system.public.table_statistics "
                       "WHERE \"tableID\" = $1", 100000, &rows, &n));
    str_append_cstr(out, "(VALUES (0, '{}'::JSONB)");
    for (size_t i = 0; i < n; i++) {
        struct str json;
        str_init_arena(&json, x->arena, STR_MAX_DEFAULT);
        ERR_TRY(ddl_histogram_json(x, &rows[i][1], &json));
        ERR_TRY(str_error(&json));
        str_printf(out, ", (%lld, ", (long long)rows[i][0].i);
        print_string_literal(out, str_slice(&json));
        str_append_cstr(out, "::JSONB)");
    }
    str_append_cstr(out, ") AS h (id, members)");
    return str_error(out);
}

static struct error *
show_statistics_rewrite(struct exec_ctx *x, const struct ast_stmt *s, char **sql)
{
    const struct ast_show *n = s->show;
    const struct table *t;
    struct str names;
    ERR_TRY(ddl_relation(x, &n->table, DDL_ANY, false, PRIV_SELECT, &t, NULL));
    ERR_TRY(ddl_check_table(x, t, PRIV_SELECT));
    str_init_arena(&names, x->arena, STR_MAX_DEFAULT);
    /* (VALUES ...) of the table's columns: ids to names */
    str_append_cstr(&names, "(VALUES ");
    for (int i = 0; i < t->n_columns; i++) {
        str_printf(&names, "%s(%u, ", i > 0 ? ", " : "", t->columns[i].id);
        print_string_literal(&names, slice_cstr(t->columns[i].name));
        str_append_char(&names, ')');
    }
    str_append_cstr(&names, ") AS c (id, name)");
    if (n->using_json) {
        struct str values;
        str_init_arena(&values, x->arena, STR_MAX_DEFAULT);
        ERR_TRY(histogram_values(x, t, &values));
        *sql = arena_printf(
            x->arena,
            "SELECT COALESCE(json_agg(json_build_object('name', s.name, 'created_at', "
            "s.\"createdAt\"::STRING, 'columns', (SELECT json_agg(c.name) FROM %s, "
            "unnest(s.\"columnIDs\") AS u (id) WHERE c.id = u.id), 'row_count', s.\"rowCount\", "
            "'distinct_count', s.\"distinctCount\", 'null_count', s.\"nullCount\") - "
            "CASE COALESCE(s.name, '') WHEN '' THEN 'name' ELSE '' END || "
            "COALESCE(h.members, '{}')), "
            "'[]'::JSONB) AS statistics FROM system.public.table_statistics AS s LEFT JOIN %s ON "
            "h.id = s.\"statisticID\" WHERE s.\"tableID\" = %u",
            str_cstr(&names), str_cstr(&values), t->id);
        return NULL;
    }
    *sql = arena_printf(
        x->arena,
        "SELECT NULLIF(s.name, '__none__') AS statistics_name, (SELECT array_agg(c.name) FROM "
        "unnest(s.\"columnIDs\") WITH ORDINALITY AS u (id, ord), %s WHERE c.id = u.id) AS "
        "column_names, s.\"createdAt\" AS created, s.\"rowCount\" AS row_count, s.\"distinctCount\" "
        "AS distinct_count, s.\"nullCount\" AS null_count, CASE WHEN s.histogram IS NULL THEN "
        "NULL::INT8 ELSE s.\"statisticID\" END AS histogram_id FROM "
        "system.public.table_statistics AS s WHERE s.\"tableID\" = %u ORDER BY s.\"createdAt\", "
        "s.\"statisticID\"", str_cstr(&names), t->id);
    return NULL;
}

static const struct statement_ops statistics_ops[] = {
    {.kind = AST_STMT_CREATE_STATS, .tag = "CREATE STATISTICS", .flags = STMT_WRITES,
     .run = create_stats_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_STATISTICS, .tag = "SHOW STATISTICS ",
     .rewrite = show_statistics_rewrite},
};

const struct statement_family statement_family_statistics = {
    statistics_ops, sizeof(statistics_ops) / sizeof(statistics_ops[0])};
