#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "executor/asks.h"
#include "executor/session_int.h"
#include "executor/session_registry.h"
#include "executor/settings.h"
#include "executor/trace.h"
#include "grammar/parse.h"
#include "grammar/print.h"

/* SET, SHOW and RESET of variables; SHOW TRANSACTION STATUS and the like; queries and sessions. */

static struct error *
need_session(struct exec_ctx *x)
{
    return x->session != NULL ? NULL
                              : err_new(ERR_FEATURE_NOT_SUPPORTED, "this statement needs a session");
}

/* ---- SET ------------------------------------------------------------------------------------ */

/* A value as the text that the variable gets: names stand for themselves. */
static struct error *
value_text(struct exec_ctx *x, const struct ast_expr *e, bool timezone, struct str *out)
{
    while (e->kind == AST_EXPR_PAREN)
        e = e->inner;
    switch ((int)e->kind) {
    case AST_EXPR_COLUMN:
        for (int i = 0; i < e->column.count; i++) {
            if (i > 0)
                str_append_char(out, '.');
            str_append_slice(out, e->column.parts[i]);
        }
        return NULL;
    case AST_EXPR_STRING:
        str_append_slice(out, e->string.text);
        return NULL;
    case AST_EXPR_INT:
    case AST_EXPR_DECIMAL:
        if (e->number.negative)
            str_append_char(out, '-');
        str_append_slice(out, e->number.text);
        return NULL;
    case AST_EXPR_BOOL:
        str_append_cstr(out, e->boolean ? "on" : "off");
        return NULL;
    default:
        break;
    }
    struct type_ctx c;
    struct expr *t;
    struct datum d;
    type_ctx_init(&c, exec_planner(x), NULL, "SET SESSION",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_SUBQUERIES |
                      REJECT_COLUMNS);
    ERR_TRY(type_expr(&c, e, NULL, &t));
    ERR_TRY(expr_eval(t, &x->env, &x->state, NULL, &d));
    if (d.null)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "the value of a variable cannot be NULL");
    if (timezone && t->type->family == FAMILY_INTERVAL) {
        /* As v20.1 names a zone by its offset; SHOW says it the way an interval is written. */
        str_printf(out, "fixed offset:%" PRId64 " ('",
                   d.iv->nanos / 1000000000 + d.iv->days * 86400);
        datum_format(out, t->type, &d, TEXT_CAST, &x->env);
        str_append_cstr(out, "')");
        return NULL;
    }
    datum_format(out, t->type, &d, TEXT_CAST, &x->env);
    return NULL;
}

/* 'a' where a number is wanted: v20.1 says what it is. */
static struct error *
check_set_number(struct exec_ctx *x, const struct ast_expr *e, const char *name)
{
    const char *type = e->kind == AST_EXPR_DECIMAL  ? "decimal"
                       : e->kind == AST_EXPR_BOOL   ? "bool"
                       : e->kind == AST_EXPR_STRING ? "string"
                                                    : NULL;
    struct str s;

    if (type == NULL || !var_wants_number(name))
        return NULL;
    if (e->kind == AST_EXPR_STRING && e->string.text.len > 0 &&
        strspn(slice_to_cstr(x->arena, e->string.text), "-0123456789") == e->string.text.len)
        return NULL;
    str_init_arena(&s, x->arena, 65536);
    print_expr(&s, e, NULL);
    return err_detail(err_new(ERR_INVALID_PARAMETER_VALUE,
                              "parameter \"%s\" requires an integer value", name),
                      "%s is a %s", str_cstr(&s), type);
}

/* One value, but for lists; text where text is wanted. */
static struct error *
check_set_values(struct exec_ctx *x, const struct ast_set_var *v, const char *name)
{
    const struct ast_expr *e = v->values.items[0];
    struct str s;

    if (v->values.count != 1)
        return var_takes_list(name) ? NULL
                                    : err_new(ERR_INVALID_PARAMETER_VALUE,
                                              "SET %s takes only one argument", name);
    ERR_TRY(check_set_number(x, e, name));
    if (!var_wants_text(name) || (e->kind != AST_EXPR_INT && e->kind != AST_EXPR_DECIMAL &&
                                  e->kind != AST_EXPR_BOOL && e->kind != AST_EXPR_NULL))
        return NULL;
    str_init_arena(&s, x->arena, 65536);
    print_expr(&s, e, NULL);
    return err_detail(err_new(ERR_INVALID_PARAMETER_VALUE,
                              "parameter \"%s\" requires a string value", name),
                      "%s is a %s", str_cstr(&s),
                      e->kind == AST_EXPR_INT    ? "int"
                      : e->kind == AST_EXPR_BOOL ? "bool"
                      : e->kind == AST_EXPR_NULL ? "unknown"
                                                 : "decimal");
}

static struct error *
set_var_run(struct exec_ctx *x, const struct ast_stmt *stmt, struct row_sink *rows, char **tag)
{
    const struct ast_set_var *v = stmt->set_var;
    char *name = slice_to_cstr(x->arena, v->name);
    bool zone = strcmp(name, "timezone") == 0 || strcmp(name, "time zone") == 0;
    struct str text;

    (void)rows;
    (void)tag;
    ERR_TRY(need_session(x));
    if (v->reset || (v->values.count == 1 && v->values.items[0]->kind == AST_EXPR_DEFAULT))
        return var_set(x->session, x, x->client, name, NULL, true);
    ERR_TRY(check_set_values(x, v, name));
    str_init_arena(&text, x->arena, 65536);
    for (int i = 0; i < v->values.count; i++) {
        if (i > 0)
            str_append_cstr(&text, ", ");
        ERR_TRY(value_text(x, v->values.items[i], zone, &text));
    }
    ERR_TRY(str_error(&text));
    return var_set(x->session, x, x->client, name, str_cstr(&text), false);
}

static struct error *
set_characteristics_run(struct exec_ctx *x, const struct ast_stmt *stmt, struct row_sink *rows,
                        char **tag)
{
    const struct ast_txn_modes *m = stmt->set_session_characteristics;

    (void)rows;
    (void)tag;
    ERR_TRY(need_session(x));
    if (m->priority != AST_PRIO_UNSPECIFIED)
        return err_unimplemented(0, "unsupported default priority");
    if (m->rw != AST_RW_UNSPECIFIED)
        ERR_TRY(var_set(x->session, x, NULL, "default_transaction_read_only",
                        m->rw == AST_RW_READ_ONLY ? "on" : "off", false));
    return NULL;
}

static struct error *
set_tracing_run(struct exec_ctx *x, const struct ast_stmt *stmt, struct row_sink *rows, char **tag)
{
    static const char *const modes[] = {"on", "off", "results", "kv", "local", "cluster"};
    const struct ast_exprs *values = &stmt->set_tracing->values;
    bool on = true, kv = false, results = false;
    (void)rows;
    (void)tag;
    ERR_TRY(need_session(x));
    for (int i = 0; i < values->count; i++) {
        const struct ast_expr *e = values->items[i];
        const char *text;
        bool known = false;
        if (e->kind == AST_EXPR_COLUMN && e->column.count == 1 && !e->column.star) {
            text = slice_to_cstr(x->arena, e->column.parts[0]);
        } else if (e->kind == AST_EXPR_BOOL) {
            on = e->boolean;
            continue;
        } else {
            struct datum d;
            ERR_TRY(exec_eval_const(x, e, &TYPE_STRING, "SET TRACING", &d));
            text = d.null ? "" : slice_to_cstr(x->arena, datum_slice(&d));
        }
        for (size_t k = 0; k < sizeof(modes) / sizeof(modes[0]); k++)
            known = known || strcasecmp(text, modes[k]) == 0;
        if (!known)
            return err_new(ERR_UNCATEGORIZED, "set tracing: unknown mode \"%s\"", text);
        on = strcasecmp(text, "off") == 0 ? false : strcasecmp(text, "on") == 0 ? true : on;
        kv = kv || strcasecmp(text, "kv") == 0;
        results = results || strcasecmp(text, "results") == 0;
    }
    if (on)
        return trace_start(x->session, kv, results);
    trace_stop(x->session);
    return NULL;
}

/* ---- SHOW ----------------------------------------------------------------------------------- */

static const char *
show_name(struct exec_ctx *x, const struct ast_show *s)
{
    if (s->kind == AST_SHOW_LOCALITY)
        return "locality";
    char *n = slice_to_cstr(x->arena, s->name);
    for (char *p = n; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    return strcmp(n, "time zone") == 0 ? "timezone" : n;
}

static struct error *
show_var_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n,
                 const struct result_column **cols)
{
    struct result_column *c = ARENA_NEW(x->arena, struct result_column);
    const char *v;

    ERR_TRY(need_session(x));
    c->name = show_name(x, s->show);
    c->type = &TYPE_STRING;
    ERR_TRY(var_show(x->session, x->arena, c->name, &v));
    *n = 1;
    *cols = c;
    return NULL;
}

static struct error *
show_var_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const char *v;

    (void)tag;
    ERR_TRY(var_show(x->session, x->arena, show_name(x, s->show), &v));
    struct datum d = datum_cstr(v);
    return row_put(rows, &d);
}

static const struct result_column all_cols[] = {{.name = "variable", .type = &TYPE_STRING},
                                                {.name = "value", .type = &TYPE_STRING}};
STATEMENT_COLUMNS(show_all_columns, all_cols)

static struct error *
show_all_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    (void)s;
    (void)tag;
    ERR_TRY(need_session(x));
    for (int i = 0; i < var_count(); i++) {
        bool hidden;
        const char *name = var_name_at(i, &hidden), *v;
        if (hidden)
            continue;
        ERR_TRY(var_show(x->session, x->arena, name, &v));
        struct datum d[2] = {datum_cstr(name), datum_cstr(v)};
        ERR_TRY(row_put(rows, d));
    }
    return NULL;
}

static const struct result_column txn_cols[] = {{.name = "TRANSACTION STATUS", .type = &TYPE_STRING}};
STATEMENT_COLUMNS(txn_status_columns, txn_cols)

static struct error *
txn_status_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const char *v;

    (void)s;
    (void)tag;
    ERR_TRY(need_session(x));
    ERR_TRY(var_show(x->session, x->arena, "transaction_status", &v));
    struct datum d = datum_cstr(v);
    return row_put(rows, &d);
}

static const struct result_column savepoint_cols[] = {
    {.name = "savepoint_name", .type = &TYPE_STRING},
    {.name = "is_initial_savepoint", .type = &TYPE_BOOL}};
STATEMENT_COLUMNS(savepoint_columns, savepoint_cols)

static struct error *
put_savepoints(const struct savepoint *p, struct row_sink *rows)
{
    if (p == NULL)
        return NULL;
    ERR_TRY(put_savepoints(p->next, rows));
    struct datum d[2] = {datum_cstr(p->name), datum_bool(p->initial || p->first)};
    return row_put(rows, d);
}

static struct error *
savepoint_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    (void)s;
    (void)tag;
    ERR_TRY(need_session(x));
    return x->session->txn == NULL ? NULL : put_savepoints(x->session->txn->savepoints, rows);
}

static const struct result_column syntax_cols[] = {{.name = "field", .type = &TYPE_STRING},
                                                   {.name = "message", .type = &TYPE_STRING}};
STATEMENT_COLUMNS(syntax_columns, syntax_cols)

static struct error *
put_field(struct row_sink *rows, const char *field, const char *text)
{
    struct datum d[2] = {datum_cstr(field), datum_cstr(text)};

    return row_put(rows, d);
}

/* Where it was found, as the wire tells it, too. */
static struct error *
put_source(struct exec_ctx *x, const struct error *e, struct row_sink *rows)
{
    const char *base;

    if (e->file == NULL)
        return NULL;
    base = strrchr(e->file, '/');
    ERR_TRY(put_field(rows, "file", base != NULL ? base + 1 : e->file));
    ERR_TRY(put_field(rows, "line", arena_printf(x->arena, "%d", e->line)));
    return put_field(rows, "function", "amberdb");
}

/* SOURCE: CockroachDB v20.1 pkg/sql/show_syntax.go */
static struct error *
syntax_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    struct ast_stmt_list list;
    struct error *e = parse_sql(x->arena, s->show->name, &list);

    (void)tag;
    if (e == NULL) {
        for (int i = 0; i < list.count; i++) {
            struct str sql;
            str_init_arena(&sql, x->arena, STR_MAX_DEFAULT);
            print_stmt(&sql, list.items[i], NULL);
            ERR_TRY(str_error(&sql));
            ERR_TRY(put_field(rows, "sql", str_cstr(&sql)));
        }
        return NULL;
    }
    struct error *r = put_field(rows, "error", arena_strdup(x->arena, e->message));
    if (r == NULL)
        r = put_field(rows, "code", arena_strdup(x->arena, e->sqlstate));
    if (r == NULL)
        r = put_source(x, e, rows);
    if (r == NULL && e->detail != NULL)
        r = put_field(rows, "detail", arena_strdup(x->arena, e->detail));
    if (r == NULL && e->hint != NULL)
        r = put_field(rows, "hint", arena_strdup(x->arena, e->hint));
    err_free(e);
    return r;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/delegate/show_trace.go. */
static struct error *
trace_rewrite(struct exec_ctx *x, const struct ast_stmt *s, char **sql)
{
    static const char kv_lines[] =
        " WHERE message LIKE 'fetched: %' OR message LIKE 'CPut %' OR message LIKE 'Put %'"
        " OR message LIKE 'InitPut %' OR message LIKE 'Del %' OR message LIKE 'DelRange %'"
        " OR message LIKE 'ClearRange %' OR message LIKE 'Get %' OR message LIKE 'Scan %'"
        " OR message LIKE 'FKScan %' OR message LIKE 'CascadeScan %'"
        " OR message = 'consuming rows' OR message = 'fast path completed'"
        " OR message LIKE 'fast path - %' OR message LIKE 'querying next range at %'"
        " OR message LIKE 'output row: %' OR message LIKE 'rows affected: %'"
        " OR message LIKE 'execution failed after % rows: %'"
        " OR message LIKE 'r%: sending batch %' OR message LIKE 'cascading %'";
    /* Where requests went. SOURCE: pkg/sql/show_trace_replica.go; its replica_id is the range's, too. */
    if (s->show->replica) {
        *sql = arena_strdup(x->arena,
                            "SELECT timestamp, regexp_extract(message, 'to .n([0-9]+),s')::INT8 AS node_id, "
                            "regexp_extract(message, 'to .n[0-9]+,s([0-9]+).:')::INT8 AS store_id, "
                            "regexp_extract(message, '^r([0-9]+):')::INT8 AS replica_id "
                            "FROM crdb_internal.session_trace WHERE message LIKE 'r%: sending batch %'");
        return NULL;
    }
    *sql = arena_printf(x->arena, "SELECT %s FROM crdb_internal.session_trace%s",
                        s->show->compact ? "age, message, tag, operation"
                                         : "timestamp, age, message, tag, loc AS location, "
                                           "operation, span_idx AS span",
                        s->show->kv ? kv_lines : "");
    return NULL;
}

/* ---- queries and sessions ------------------------------------------------------------------- */

static const struct result_column query_cols[] = {
    {.name = "query_id", .type = &TYPE_STRING},       {.name = "node_id", .type = &TYPE_INT8},
    {.name = "session_id", .type = &TYPE_STRING},     {.name = "user_name", .type = &TYPE_STRING},
    {.name = "start", .type = &TYPE_TIMESTAMP},       {.name = "query", .type = &TYPE_STRING},
    {.name = "client_address", .type = &TYPE_STRING}, {.name = "application_name", .type = &TYPE_STRING},
    {.name = "distributed", .type = &TYPE_BOOL},      {.name = "phase", .type = &TYPE_STRING}};
STATEMENT_COLUMNS(query_columns, query_cols)

static int64_t
pg_us(int64_t wall_ns)
{
    return wall_ns / 1000 - PG_EPOCH_US;
}

/* Others' queries are for admins. */
static struct error *
sees(struct exec_ctx *x, bool *admin)
{
    *admin = strcmp(x->user, "root") == 0;
    if (!*admin && x->catalog != NULL)
        return catalog_is_admin(x->catalog, x->user, admin);
    return NULL;
}

static struct error *
queries_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    int n;
    bool admin;
    struct session_info *v;

    (void)tag;
    ERR_TRY(sees(x, &admin));
    ERR_TRY(ask_sessions(x, s->show->cluster, &v, &n));
    for (int i = 0; i < n; i++) {
        if (v[i].active_query == NULL || (!admin && strcmp(v[i].user, x->user) != 0))
            continue;
        struct datum d[10] = {datum_cstr(v[i].query_id),
                              datum_int(v[i].node_id),
                              datum_cstr(v[i].id),
                              datum_cstr(v[i].user),
                              datum_int(pg_us(v[i].query_start_ns)),
                              datum_cstr(v[i].active_query),
                              datum_cstr(v[i].client_address),
                              datum_cstr(v[i].application_name),
                              datum_bool(false),
                              datum_cstr("executing")};
        ERR_TRY(row_put(rows, d));
    }
    return NULL;
}

static const struct result_column session_cols[] = {
    {.name = "node_id", .type = &TYPE_INT8},
    {.name = "session_id", .type = &TYPE_STRING},
    {.name = "user_name", .type = &TYPE_STRING},
    {.name = "client_address", .type = &TYPE_STRING},
    {.name = "application_name", .type = &TYPE_STRING},
    {.name = "active_queries", .type = &TYPE_STRING},
    {.name = "last_active_query", .type = &TYPE_STRING},
    {.name = "session_start", .type = &TYPE_TIMESTAMP},
    {.name = "oldest_query_start", .type = &TYPE_TIMESTAMP}};
STATEMENT_COLUMNS(session_columns, session_cols)

static struct error *
sessions_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    int n;
    bool admin;
    struct session_info *v;

    (void)tag;
    ERR_TRY(sees(x, &admin));
    ERR_TRY(ask_sessions(x, s->show->cluster, &v, &n));
    for (int i = 0; i < n; i++) {
        if (!admin && strcmp(v[i].user, x->user) != 0)
            continue;
        struct datum d[9] = {datum_int(v[i].node_id),
                             datum_cstr(v[i].id),
                             datum_cstr(v[i].user),
                             datum_cstr(v[i].client_address),
                             datum_cstr(v[i].application_name),
                             datum_cstr(v[i].active_query == NULL ? "" : v[i].active_query),
                             datum_cstr(v[i].last_query == NULL ? "" : v[i].last_query),
                             datum_int(pg_us(v[i].start_ns)),
                             v[i].active_query == NULL ? DATUM_NULL
                                                       : datum_int(pg_us(v[i].query_start_ns))};
        ERR_TRY(row_put(rows, d));
    }
    return NULL;
}

struct cancel_sink {
    struct row_sink sink;
    struct exec_ctx *x;
    bool sessions, if_exists, admin;
    int64_t n; /* cancelled */
};

/* Ids are numbers of 128 bits in hex digits; the zeros in front may be missing. */
static struct error *
read_id(struct exec_ctx *x, struct slice text, bool sessions, const char **id)
{
    const char *given = slice_to_cstr(x->arena, text), *what = sessions ? "session" : "query";
    if (text.len > 32)
        return err_new(ERR_SYNTAX, "invalid %s ID '%s': input string %s too large for uint128", what,
                       given, given);
    size_t valid = strspn(given, "0123456789abcdefABCDEF");
    if (valid < text.len) {
        unsigned char c = (unsigned char)given[valid];
        return err_new(ERR_SYNTAX,
                       "invalid %s ID '%s': could not decode %s as hex: encoding/hex: invalid "
                       "byte: U+%04X '%c'",
                       what, given, given, c, c);
    }
    if (text.len % 2 != 0)
        return err_new(ERR_SYNTAX,
                       "invalid %s ID '%s': could not decode %s as hex: encoding/hex: odd length "
                       "hex string",
                       what, given, given);
    char *full = arena_strdup(x->arena, "00000000000000000000000000000000");
    for (size_t i = 0; i < text.len; i++)
        full[32 - text.len + i] = (char)(given[i] | (given[i] >= 'A' ? 0x20 : 0));
    *id = full;
    return NULL;
}

static struct error *
cancel_columns(void *arg, int n, const struct plan_column *cols)
{
    const struct cancel_sink *c = arg;
    const char *what = c->sessions ? "SESSIONS" : "QUERIES";
    if (n != 1)
        return err_new(ERR_SYNTAX, n == 0 ? "no columns in CANCEL %s data"
                                          : "too many columns in CANCEL %s data", what);
    if (cols[0].type->family == FAMILY_STRING || cols[0].type->family == FAMILY_UNKNOWN)
        return NULL;
    return err_new(ERR_SYNTAX,
                   "CANCEL %s data column 1 (%s) must be of type string, not type %s", what,
                   c->sessions ? "session_id" : "query_id",
                   type_name_str(c->x->arena, cols[0].type));
}

static struct error *
cancel_put(struct row_sink *s, const struct datum *row)
{
    struct cancel_sink *c = (struct cancel_sink *)s;
    const char *user = c->admin ? NULL : c->x->user;
    bool found, denied;

    if (row[0].null)
        return NULL;
    const char *id = NULL;
    ERR_TRY(read_id(c->x, datum_slice(&row[0]), c->sessions, &id));
    ERR_TRY(ask_cancel(c->x, id, user, c->sessions, &found, &denied));
    if (denied)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "user %s does not have permission to cancel %s",
                       c->x->user, c->sessions ? "this session" : "this query");
    c->n += found;
    if (!found && !c->if_exists)
        return err_new(ERR_UNCATEGORIZED, "could not cancel %s %s: %s ID %s not found",
                       c->sessions ? "session" : "query", id, c->sessions ? "session" : "query",
                       id);
    return NULL;
}

static struct error *
cancel_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    bool sessions = s->kind == AST_STMT_CANCEL_SESSIONS;
    const struct ast_cancel *a = sessions ? s->cancel_sessions : s->cancel_queries;
    struct cancel_sink c = {
        .sink = {cancel_put}, .x = x, .sessions = sessions, .if_exists = a->if_exists};
    static const struct type *const types[] = {&TYPE_STRING};

    (void)rows;
    ERR_TRY(sees(x, &c.admin));
    ERR_TRY(exec_select_as(x, a->ids, &(struct exec_wanted){types, 1, cancel_columns, &c}, &c.sink));
    *tag = arena_printf(x->arena, "CANCEL %s %lld", sessions ? "SESSIONS" : "QUERIES",
                        (long long)c.n);
    return NULL;
}

static const struct statement_ops session_ops[] = {
    {.kind = AST_STMT_SET_VAR, .tag = "SET", .run = set_var_run},
    {.kind = AST_STMT_SET_SESSION_CHARACTERISTICS, .tag = "SET", .run = set_characteristics_run},
    {.kind = AST_STMT_SET_TRACING, .tag = "SET TRACING", .run = set_tracing_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_VAR, .tag = "SHOW ", .columns = show_var_columns,
     .run = show_var_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_LOCALITY, .tag = "SHOW ",
     .columns = show_var_columns, .run = show_var_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_ALL_VARS, .tag = "SHOW ",
     .columns = show_all_columns, .run = show_all_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_TRANSACTION_STATUS,
     .tag = "SHOW TRANSACTION STATUS ", .flags = STMT_IN_FAILED | STMT_NO_TXN,
     .columns = txn_status_columns, .run = txn_status_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_SAVEPOINT_STATUS,
     .tag = "SHOW SAVEPOINT STATUS ", .flags = STMT_IN_FAILED | STMT_NO_TXN,
     .columns = savepoint_columns, .run = savepoint_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_SYNTAX, .tag = "SHOW SYNTAX ",
     .columns = syntax_columns, .run = syntax_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_TRACE, .tag = "SHOW TRACE FOR SESSION ",
     .rewrite = trace_rewrite},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_QUERIES, .tag = "SHOW QUERIES ",
     .columns = query_columns, .run = queries_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_SESSIONS, .tag = "SHOW SESSIONS ",
     .columns = session_columns, .run = sessions_run},
    {.kind = AST_STMT_CANCEL_QUERIES, .tag = "CANCEL QUERIES", .run = cancel_run},
    {.kind = AST_STMT_CANCEL_SESSIONS, .tag = "CANCEL SESSIONS", .run = cancel_run},
};

const struct statement_family statement_family_session = {
    session_ops, sizeof(session_ops) / sizeof(session_ops[0])};
