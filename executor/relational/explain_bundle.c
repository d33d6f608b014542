#include "config.h"

#include "executor/relational/explain_int.h"

#include "executor/diagnostics.h"
#include "executor/session_int.h"
#include "executor/show/show_int.h"
#include "executor/trace.h"
#include "executor/zip.h"
#include "grammar/print.h"

/* EXPLAIN ANALYZE (DEBUG): the statement has run; what is to be known about it goes into a bundle.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/explain_bundle.go: the files' names, the rows. */

#define BUNDLE_MAX ((size_t)256 << 20)

struct bundle {
    struct exec_ctx *x;
    struct arena *a;
    const struct plan_explain *plan;
    struct zip zip;
};

/* ---- texts of rows --------------------------------------------------------------------------- */

static const struct type *const texts[] = {&TYPE_STRING, &TYPE_STRING, &TYPE_STRING,
                                           &TYPE_STRING, &TYPE_STRING, &TYPE_STRING};

static size_t
width_of(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += (s.ptr[i] & 0xc0) != 0x80;
    return n;
}

/* The rows of a store of n columns of texts, in columns. */
static struct error *
in_columns(struct bundle *b, struct row_store *rows, int n, struct str *out)
{
    struct row_reader *r = row_reader_open(rows, b->a);
    size_t widths[8] = {0};
    struct datum row[8];
    bool more;

    for (;;) {
        ERR_TRY(row_reader_next(r, row, &more));
        if (!more)
            break;
        for (int i = 0; i < n; i++) {
            size_t w = width_of(datum_slice(&row[i]));
            widths[i] = w > widths[i] ? w : widths[i];
        }
    }
    r = row_reader_open(rows, b->a);
    for (;;) {
        ERR_TRY(row_reader_next(r, row, &more));
        if (!more)
            return str_error(out);
        for (int i = 0; i < n; i++) {
            struct slice s = datum_slice(&row[i]);
            str_append_slice(out, s);
            for (size_t k = width_of(s); k < widths[i] + 2 && i < n - 1; k++)
                str_append_char(out, ' ');
        }
        while (out->len > 0 && out->ptr[out->len - 1] == ' ')
            out->len--;
        str_append_char(out, '\n');
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static void
add_statement(struct bundle *b)
{
    const struct eval_env *env = &b->x->env;
    struct str s;

    str_init_arena(&s, b->a, STR_MAX_DEFAULT);
    print_stmt(&s, b->plan->ast->stmt, NULL);
    str_append_char(&s, '\n');
    if (env->n_placeholders > 0)
        str_append_cstr(&s, "\nArguments:\n");
    for (int i = 0; i < env->n_placeholders; i++) {
        str_printf(&s, "  $%d: ", i + 1);
        datum_format_sql(&s, b->x->placeholders->v[i], &env->placeholders[i], false, env);
        str_append_char(&s, '\n');
    }
    zip_add(&b->zip, "statement.txt", str_slice(&s));
}

static struct error *
add_opt(struct bundle *b, const char *name, bool verbose, bool types)
{
    struct ast_explain ast = *b->plan->ast;
    struct plan_explain plan = *b->plan;
    struct row_store *rows = row_store_create(b->x, b->a, 1, texts, 0);
    struct str s;

    ast.mode = AST_EXPLAIN_OPT;
    ast.verbose = verbose;
    ast.types = types;
    plan.ast = &ast;
    str_init_arena(&s, b->a, STR_MAX_DEFAULT);
    ERR_TRY(explain_opt(b->x, b->a, &plan, rows));
    ERR_TRY(in_columns(b, rows, 1, &s));
    zip_add(&b->zip, name, str_slice(&s));
    return NULL;
}

static struct error *
add_plan(struct bundle *b, struct op *explain)
{
    struct row_store *rows = row_store_create(b->x, b->a, 5, texts, 0);
    struct str s;

    str_init_arena(&s, b->a, STR_MAX_DEFAULT);
    ERR_TRY(explain_tree(explain, rows));
    ERR_TRY(in_columns(b, rows, 5, &s));
    zip_add(&b->zip, "plan.txt", str_slice(&s));
    return NULL;
}

static struct error *
add_diagram(struct bundle *b, struct op *explain, const struct op *ran, const char *sql)
{
    static const struct type *const types[] = {&TYPE_BOOL, &TYPE_STRING, &TYPE_STRING};
    struct row_store *rows = row_store_create(b->x, b->a, 3, types, 0);
    struct datum row[3];
    bool more;

    ERR_TRY(explain_flow(explain, b->a, b->plan->plan, ran, sql, rows));
    struct row_reader *r = row_reader_open(rows, b->a);
    ERR_TRY(row_reader_next(r, row, &more));
    VERIFY(more);
    const char *page = arena_printf(b->a, "<meta http-equiv=\"Refresh\" content=\"0; url=%s\">\n",
                                    slice_to_cstr(b->a, datum_slice(&row[1])));
    zip_add(&b->zip, "distsql.html", slice_cstr(page));
    return NULL;
}

/* A line as SHOW TRACE has it, and the same in JSON. *json: for the table, too. */
static struct error *
add_trace(struct bundle *b, const char **json)
{
    struct str text, s;
    int n;
    const struct trace_line *v = trace_lines(b->x->session, &n);
    int64_t began = n > 0 ? v[0].time_us : 0;

    str_init_arena(&text, b->a, BUNDLE_MAX);
    str_init_arena(&s, b->a, BUNDLE_MAX);
    str_append_char(&s, '[');
    for (int i = 0; i < n; i++) {
        const char *operation = arena_printf(b->a, "[%s]", v[i].operation);
        str_printf(&text, "%10.3fms  %3d  %-24s %s\n", (double)(v[i].time_us - began) / 1000, v[i].span,
                   operation, v[i].message);
        str_printf(&s, "%s{\"age\": \"%.3fms\", \"span\": %d, \"operation\": ", i > 0 ? ",\n" : "",
                   (double)(v[i].time_us - began) / 1000, v[i].span);
        explain_put_json(&s, v[i].operation);
        str_append_cstr(&s, ", \"location\": ");
        explain_put_json(&s, v[i].location);
        str_append_cstr(&s, ", \"message\": ");
        explain_put_json(&s, v[i].message);
        str_append_char(&s, '}');
    }
    str_append_cstr(&s, "]\n");
    ERR_TRY(str_error(&text));
    ERR_TRY(str_error(&s));
    zip_add(&b->zip, "trace.txt", str_slice(&text));
    zip_add(&b->zip, "trace.json", str_slice(&s));
    *json = str_cstr(&s);
    return NULL;
}

#define UNIX_2000_US INT64_C(946684800000000)

/* Of the transaction for what is below it, else of the session: 0. */
static int
parent_span(const struct trace_line *v, int i)
{
    if (strcmp(v[i].operation, "sql txn") == 0)
        return 0;
    while (--i >= 0)
        if (strcmp(v[i].operation, "sql txn") == 0)
            return v[i].span;
    return 0;
}

static void
put_jaeger_span(struct str *s, const struct trace_line *v, int n, int first, const char *trace_id,
                const char *node)
{
    int last = first;
    bool some = false;

    for (int i = first; i < n; i++)
        if (v[i].span == v[first].span)
            last = i;
    str_printf(s, "\t\t\t\t{\n\t\t\t\t\t\"traceID\": \"%s\",\n\t\t\t\t\t\"spanID\": \"%d\",\n"
               "\t\t\t\t\t\"operationName\": ", trace_id, v[first].span + 1);
    explain_put_json(s, v[first].operation);
    str_append_cstr(s, ",\n\t\t\t\t\t\"references\": ");
    if (v[first].span == 0)
        str_append_cstr(s, "null");
    else
        str_printf(s, "[{\"refType\": \"CHILD_OF\", \"traceID\": \"%s\", \"spanID\": \"%d\"}]", trace_id,
                   parent_span(v, first) + 1);
    str_printf(s, ",\n\t\t\t\t\t\"startTime\": %lld,\n\t\t\t\t\t\"duration\": %lld,\n"
               "\t\t\t\t\t\"tags\": null,\n\t\t\t\t\t\"logs\": [",
               (long long)(v[first].time_us + UNIX_2000_US),
               (long long)(v[last].time_us - v[first].time_us));
    for (int i = first; i <= last; i++) {
        if (v[i].span != v[first].span)
            continue;
        str_printf(s, "%s\n\t\t\t\t\t\t{\"timestamp\": %lld, \"fields\": [{\"key\": \"event\", "
                   "\"type\": \"STRING\", \"value\": ", some ? "," : "",
                   (long long)(v[i].time_us + UNIX_2000_US));
        explain_put_json(s, v[i].message);
        str_append_cstr(s, "}]}");
        some = true;
    }
    str_printf(s, "\n\t\t\t\t\t],\n\t\t\t\t\t\"processID\": \"%s\",\n"
               "\t\t\t\t\t\"warnings\": null\n\t\t\t\t}", node);
}

/* SOURCE: v20.1 util/tracing/recording.go, ToJaegerJSON: what Jaeger's search page can load. */
static struct error *
add_jaeger_trace(struct bundle *b, const char *sql)
{
    struct str s;
    int n;
    const struct trace_line *v = trace_lines(b->x->session, &n);
    const char *trace_id = arena_printf(b->a, "%lld", n > 0 ? (long long)v[0].time_us : 0);
    const char *node = arena_printf(b->a, "node %u", exec_eval_hooks.node_id(&b->x->env));

    str_init_arena(&s, b->a, BUNDLE_MAX);
    str_append_cstr(&s, "{\n\t\"_comment\": ");
    explain_put_json(&s, arena_printf(b->a, "This is a trace for SQL statement: %s\nThis trace can be "
                                      "imported into Jaeger for visualization. From the Jaeger Search "
                                      "screen, select JSON File.", sql));
    str_printf(&s, ",\n\t\"data\": [\n\t\t{\n\t\t\t\"traceID\": \"%s\",\n\t\t\t\"spans\": [",
               trace_id);
    for (int i = 0, spans = 0; i < n; i++) {
        int k = 0;
        while (v[k].span != v[i].span)
            k++;
        if (k < i)
            continue;
        str_append_cstr(&s, spans++ > 0 ? ",\n" : "\n");
        put_jaeger_span(&s, v, n, i, trace_id, node);
    }
    str_printf(&s, "\n\t\t\t],\n\t\t\t\"processes\": {\n\t\t\t\t\"%s\": {\n"
               "\t\t\t\t\t\"serviceName\": \"%s\",\n\t\t\t\t\t\"tags\": null\n\t\t\t\t}\n"
               "\t\t\t}\n\t\t}\n\t]\n}\n", node, node);
    ERR_TRY(str_error(&s));
    zip_add(&b->zip, "trace-jaeger.json", str_slice(&s));
    return NULL;
}

/* The version, and the variables that plans depend on. */
static struct error *
add_env(struct bundle *b)
{
    struct str s;
    struct datum **rows;
    size_t n;

    str_init_arena(&s, b->a, STR_MAX_DEFAULT);
    str_printf(&s, "-- Version: %s\n\n", exec_eval_hooks.version(&b->x->env));
    ERR_TRY(exec_query(b->x, 0, b->a, 0, NULL, NULL,
                       "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN "
                       "('database', 'default_int_size', 'enable_zigzag_join', "
                       "'experimental_enable_temp_tables', 'foreign_key_cascades_limit', "
                       "'optimizer_foreign_keys', 'reorder_joins_limit', 'search_path', "
                       "'sql_safe_updates', 'timezone', 'vectorize') ORDER BY name", 100, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        str_printf(&s, "SET %s = ", slice_to_cstr(b->a, datum_slice(&rows[i][0])));
        print_string_literal(&s, datum_slice(&rows[i][1]));
        str_append_cstr(&s, ";\n");
    }
    ERR_TRY(str_error(&s));
    zip_add(&b->zip, "env.sql", str_slice(&s));
    return NULL;
}

static struct error *
add_statistics(struct bundle *b, const struct table *t)
{
    const struct database *db = NULL;
    struct datum **rows;
    struct str s, name;
    size_t n;

    ERR_TRY(catalog_database_by_id(b->x->catalog, t->parent_id, &db));
    str_init_arena(&name, b->a, STR_MAX_DEFAULT);
    print_name(&name, slice_cstr(db == NULL ? "" : db->name));
    str_append_cstr(&name, ".public.");
    print_name(&name, slice_cstr(t->name));
    if (t->is_view || t->is_sequence || t->is_temporary)
        return NULL;
    ERR_TRY(exec_query(b->x, EXEC_ROOT, b->a, 0, NULL, NULL,
                       arena_printf(b->a, "SELECT jsonb_pretty(statistics) FROM [SHOW STATISTICS USING "
                                          "JSON FOR TABLE %s]", str_cstr(&name)), 1, &rows, &n));
    str_init_arena(&s, b->a, STR_MAX_DEFAULT);
    str_printf(&s, "ALTER TABLE %s INJECT STATISTICS ", str_cstr(&name));
    print_string_literal(&s, n > 0 ? datum_slice(&rows[0][0]) : SLICE_LIT("[]"));
    str_append_cstr(&s, ";\n");
    ERR_TRY(str_error(&s));
    zip_add(&b->zip, arena_printf(b->a, "stats-%s.sql", str_cstr(&name)), str_slice(&s));
    return NULL;
}

static struct error *
add_tables(struct bundle *b)
{
    const struct table *const *tables;
    struct str s;
    int n;

    str_init_arena(&s, b->a, STR_MAX_DEFAULT);
    explain_tables(b->a, b->plan->plan->node, &tables, &n);
    for (int i = 0; i < n; i++) {
        char *text;
        ERR_TRY(show_create_text(b->x, tables[i], true, &text));
        str_printf(&s, "%s%s;\n", i > 0 ? "\n" : "", text);
    }
    ERR_TRY(str_error(&s));
    zip_add(&b->zip, "schema.sql", str_slice(&s));
    for (int i = 0; i < n; i++)
        ERR_TRY(add_statistics(b, tables[i]));
    return NULL;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static struct error *
tell(struct bundle *b, int64_t id, struct row_store *out)
{
    const char *http = b->x->node->opts.http_address;
    const char *lines[] = {
        "Statement diagnostics bundle generated. Download from the Admin UI (Advanced",
        "Debug -> Statement Diagnostics History), via the direct link below, or using",
        "the command line.", NULL, NULL,
        "Command line: amberdb statement-diag list / download"};

    if (http != NULL && *http != '\0' && strcmp(http, "disabled") != 0) {
        const char *host = *http == ':' ? "localhost" : "";
        lines[3] = arena_printf(b->a, "Admin UI: http://%s%s", host, http);
        lines[4] = arena_printf(b->a, "Direct link: http://%s%s/_admin/v1/stmtbundle/%lld", host, http,
                                (long long)id);
    }
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct datum row = datum_cstr(lines[i] != NULL ? lines[i] : "");
        if (lines[i] != NULL)
            ERR_TRY(row_store_add(out, &row));
    }
    return NULL;
}

struct error *
explain_bundle(struct op *explain, struct arena *a, const struct plan_explain *plan, const struct op *ran,
               struct row_store *out)
{
    static const struct print_opts no_constants = {.hide_constants = true};
    struct bundle b = {.x = explain->x, .a = a, .plan = plan};
    struct str sql, fingerprint;
    struct slice archive;
    const char *trace;
    int64_t id;

    str_init_arena(&sql, a, STR_MAX_DEFAULT);
    str_init_arena(&fingerprint, a, STR_MAX_DEFAULT);
    print_stmt(&sql, plan->ast->stmt, NULL);
    print_stmt(&fingerprint, plan->ast->stmt, &no_constants);
    ERR_TRY(str_error(&sql));
    zip_init(&b.zip, a, BUNDLE_MAX);
    add_statement(&b);
    ERR_TRY(add_opt(&b, "opt.txt", false, false));
    ERR_TRY(add_opt(&b, "opt-v.txt", true, false));
    ERR_TRY(add_opt(&b, "opt-vv.txt", true, true));
    ERR_TRY(add_plan(&b, explain));
    ERR_TRY(add_diagram(&b, explain, ran, str_cstr(&sql)));
    ERR_TRY(add_trace(&b, &trace));
    ERR_TRY(add_jaeger_trace(&b, str_cstr(&sql)));
    ERR_TRY(add_env(&b));
    ERR_TRY(add_tables(&b));
    ERR_TRY(zip_finish(&b.zip, &archive));
    ERR_TRY(diagnostics_keep(b.x, str_cstr(&fingerprint), str_cstr(&sql), trace, archive, &id));
    return tell(&b, id, out);
}
