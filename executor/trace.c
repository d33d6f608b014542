#include "config.h"

#include "executor/trace.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/row.h"
#include "executor/ranges.h"
#include "executor/session_int.h"
#include "grammar/print.h"
#include "types/keyenc.h"

#define MAX_LINES 100000
#define MAX_MESSAGE 65536

struct trace {
    struct arena *arena;
    bool on, kv, results;
    struct trace_line *lines;
    int n, cap;
    int spans;                    /* how many there were */
    int txn_span, flow_span;      /* of the transaction, of the statement; 0: none */
    int in_span[3];               /* lines in the session's, the transaction's, the flow's span */
    int mark;                     /* lines when the statement began */
    int64_t rows;                 /* given out by the statement */
    int counts[TRACE_REQUESTS];
    uint64_t range_id;            /* where the transaction wrote last */
    bool wrote;                   /* and it has not ended yet */
};

/* ---- lines ----------------------------------------------------------------------------------- */

struct error *
trace_start(struct session *s, bool kv, bool results)
{
    struct trace *t = s->trace;

    if (t != NULL && t->on) {
        if (t->kv == kv && t->results == results)
            return NULL;
        return err_new(ERR_UNCATEGORIZED, "tracing is already started with different options");
    }
    if (t != NULL)
        arena_destroy(t->arena);
    struct arena *a = arena_create(s->arena, "trace");
    t = ARENA_NEW(a, struct trace);
    t->arena = a;
    t->on = true;
    t->kv = kv;
    t->results = results;
    s->trace = t;
    s->trace_kv = kv;
    TRACE(s, "session recording", "=== SPAN START: session recording ===");
    return NULL;
}

void
trace_stop(struct session *s)
{
    if (s->trace != NULL)
        s->trace->on = false;
    s->trace_kv = false;
}

struct trace *
trace_put_aside(struct session *s)
{
    struct trace *t = s->trace;

    s->trace = NULL;
    s->trace_kv = false;
    return t;
}

void
trace_put_back(struct session *s, struct trace *t)
{
    if (s->trace != NULL)
        arena_destroy(s->trace->arena);
    s->trace = t;
    s->trace_kv = t != NULL && t->on && t->kv;
}

bool
trace_is_on(const struct session *s)
{
    return s != NULL && s->trace != NULL && s->trace->on;
}

bool
trace_has_results(const struct session *s)
{
    return trace_is_on(s) && s->trace->results;
}

const char *
trace_mode(const struct session *s)
{
    if (!trace_is_on(s))
        return "off";
    return s->trace->kv ? "on, kv" : "on";
}

const struct trace_line *
trace_lines(const struct session *s, int *n)
{
    *n = s->trace == NULL ? 0 : s->trace->n;
    return s->trace == NULL ? NULL : s->trace->lines;
}

/* 0 the session's span, 1 the transaction's, 2 the flow's and those below it. */
static int
level_of(const struct trace *t, const char *operation)
{
    if (strcmp(operation, "session recording") == 0)
        return 0;
    return strcmp(operation, "sql txn") == 0 || t->flow_span == 0 ? 1 : 2;
}

void
trace_add(struct session *s, const char *operation, const char *location, const char *fmt, ...)
{
    if (!trace_is_on(s) || s->trace->n >= MAX_LINES)
        return;
    struct trace *t = s->trace;
    struct str text;
    va_list ap;
    if (t->n == t->cap) {
        int cap = t->cap == 0 ? 64 : t->cap * 2;
        t->lines = arena_realloc(t->arena, t->lines, (size_t)t->cap * sizeof(t->lines[0]),
                                 (size_t)cap * sizeof(t->lines[0]));
        t->cap = cap;
    }
    str_init_arena(&text, t->arena, MAX_MESSAGE);
    va_start(ap, fmt);
    str_vprintf(&text, fmt, ap);
    va_end(ap);
    int level = level_of(t, operation);
    t->lines[t->n++] = (struct trace_line){
        .time_us = wall_now_ns() / 1000 - INT64_C(946684800) * 1000000,
        .span = level == 0 ? 0 : level == 1 ? t->txn_span : t->flow_span,
        .at = t->in_span[level]++,
        .operation = operation,
        .location = location,
        .message = str_cstr(&text),
    };
}

/* ---- statements ------------------------------------------------------------------------------ */

void
trace_statement(struct session *s, const struct ast_stmt *stmt, bool new_txn)
{
    struct trace *t = s->trace;
    struct str sql;

    if (!trace_is_on(s))
        return;
    t->rows = 0;
    str_init_arena(&sql, t->arena, MAX_MESSAGE);
    print_stmt(&sql, stmt, NULL);
    if (new_txn)
        TRACE(s, "session recording", "[NoTxn pos:0] executing ExecStmt: %s", str_cstr(&sql));
    bool begins = stmt->kind == AST_STMT_BEGIN;
    if (new_txn || t->txn_span == 0) {
        t->txn_span = ++t->spans;
        t->flow_span = t->in_span[1] = 0;
        TRACE(s, "sql txn", "=== SPAN START: sql txn ===");
    }
    if (!begins)
        TRACE(s, "sql txn", "[Open pos:0] executing ExecStmt: %s", str_cstr(&sql));
    t->mark = t->n;
}

void
trace_statement_again(struct session *s)
{
    if (!trace_is_on(s))
        return;
    s->trace->n = s->trace->mark;
    s->trace->rows = 0;
    if (s->trace->flow_span > 0)
        s->trace->spans--;
    s->trace->flow_span = 0;
    memset(s->trace->counts, 0, sizeof(s->trace->counts));
}

void
trace_flow(struct exec_ctx *x)
{
    struct session *s = x->session;

    if (!trace_is_on(s))
        return;
    s->trace->flow_span = ++s->trace->spans;
    s->trace->in_span[2] = 0;
    TRACE(s, "flow", "=== SPAN START: flow ===");
}

void
trace_statement_end(struct session *s, const struct error *e)
{
    if (!trace_is_on(s))
        return;
    s->trace->flow_span = 0;
    TRACE(s, "sql txn", "execution ends");
    if (e != NULL)
        TRACE(s, "sql txn", "execution failed after %lld rows: %s", (long long)s->trace->rows,
              e->message);
    else
        TRACE(s, "sql txn", "rows affected: %lld", (long long)s->rows);
    memset(s->trace->counts, 0, sizeof(s->trace->counts));
}

void
trace_output(struct exec_ctx *x, const struct batch *b, int n, const struct result_column *cols)
{
    for (int i = 0; i < batch_live(b) && x->session->trace->n < MAX_LINES; i++) {
        struct str row;
        str_init_arena(&row, x->session->trace->arena, MAX_MESSAGE);
        for (int c = 0; c < n; c++) {
            const struct datum *d = &b->cols[c][batch_row(b, i)];
            if (c > 0)
                str_append_char(&row, ' ');
            datum_format_sql(&row, cols[c].type, d, false, &x->env);
        }
        x->session->trace->rows++;
        TRACE(x->session, "flow", "output row: [%s]", str_cstr(&row));
    }
}

/* ---- keys and values ------------------------------------------------------------------------- */

static const char *const request_names[TRACE_REQUESTS] = {
    "Put", "CPut", "Del", "DelRng", "Scan", "EndTxn", "RevScan", "InitPut"};

void
trace_count(struct exec_ctx *x, const struct table *t, enum trace_request r)
{
    (void)t;
    x->session->trace->counts[r]++;
}

static void
send(struct session *s)
{
    struct trace *t = s->trace;
    struct str what;

    str_init_arena(&what, t->arena, MAX_MESSAGE);
    for (int i = 0; i < TRACE_REQUESTS; i++)
        if (t->counts[i] > 0)
            str_printf(&what, "%s%d %s", what.len > 0 ? ", " : "", t->counts[i], request_names[i]);
    memset(t->counts, 0, sizeof(t->counts));
    TRACE(s, "dist sender send", "r%llu: sending batch %s to (n1,s1):1",
          (unsigned long long)t->range_id, str_cstr(&what));
}

struct range_query {
    struct slice key;
    struct table_range range;
};

static struct error *
ask_range(struct exec_ctx *x, void *arg)
{
    struct range_query *q = arg;
    return range_of_key(x, q->key, &q->range);
}

struct error *
trace_send(struct exec_ctx *x, const struct table *t, bool end_txn)
{
    struct trace *tr = x->session->trace;
    struct range_query q;
    bool any = false, writes = false;

    for (int i = 0; i < TRACE_REQUESTS; i++) {
        any = any || tr->counts[i] > 0;
        writes = writes || (tr->counts[i] > 0 && i != TRACE_SCAN && i != TRACE_REVERSE_SCAN);
    }
    if (!any)
        return NULL;
    /* That takes all descriptors, whose changes are of no matter to the traced transaction. */
    q.key = row_index_span(x->arena, t, &t->indexes[0]).start;
    ERR_TRY(exec_txn(x->node, NULL, "system", kv_txn_read_ts(x->txn), x->cancel, ask_range, &q));
    tr->range_id = q.range.r.id;
    if (writes)
        tr->wrote = !end_txn;
    if (writes && end_txn)
        tr->counts[TRACE_END_TXN]++;
    send(x->session);
    return NULL;
}

void
trace_end_txn(struct session *s)
{
    if (!trace_is_on(s) || !s->trace->wrote)
        return;
    s->trace->wrote = false;
    if (!s->trace->kv)
        return;
    s->trace->counts[TRACE_END_TXN] = 1;
    send(s);
}

void
trace_span(struct str *out, const char *start, const char *end)
{
    size_t n = 0;

    while (start[n] != '\0' && start[n] == end[n])
        n++;
    str_printf(out, "%.*s{%s-%s}", (int)n, start, start + n, end + n);
}

struct error *
trace_scan(struct exec_ctx *x, const char *operation, const struct table *t, const char *spans,
           int n, bool reverse)
{
    TRACE(x->session, operation, "Scan %s", spans);
    x->session->trace->counts[reverse ? TRACE_REVERSE_SCAN : TRACE_SCAN] += n;
    return trace_send(x, t, false);
}

/* ---- rows that were read --------------------------------------------------------------------- */

static void
put_datum(struct str *s, struct exec_ctx *x, const struct table *t, int c, const struct datum *row)
{
    str_append_char(s, '/');
    datum_format_sql(s, t->columns[c].type, &row[c], false, &x->env);
}

/* One pair of the row: its key, then the columns that were wanted of it, with their values. */
static void
fetched_family(struct exec_ctx *x, const char *operation, const char *key, const struct table *t,
               const Amberdb__ColumnFamilyDescriptor *f, const bool *wanted,
               const char *behind, const struct datum *row)
{
    struct str names, values;
    int n = 0;
    /* What a family of one column, or the entry of an index, holds has no names of its own. */
    bool single = f != NULL && f->default_column_id != 0 && f->id != 0;

    str_init_arena(&names, x->arena, MAX_MESSAGE);
    str_init_arena(&values, x->arena, MAX_MESSAGE);
    str_append_cstr(&values, behind);
    for (int c = 0; c < t->n_all_columns; c++) {
        bool mine = f == NULL || t->columns[c].family == f->id;
        if (!wanted[c] || row[c].null || !mine)
            continue;
        str_printf(&names, "/%s", t->columns[c].name);
        if (single)
            datum_format_sql(&values, t->columns[c].type, &row[c], false, &x->env);
        else
            put_datum(&values, x, t, c, row);
        n++;
    }
    if (f != NULL && f->id != 0 && n == 0)
        return;
    TRACE(x->session, operation, "fetched: %s%s -> %s", key, str_cstr(&names),
          values.len > 0 ? str_cstr(&values) : "NULL");
}

void
trace_fetched(struct exec_ctx *x, const char *operation, const struct table *t,
              const struct index *ix, const int *needed, int n_needed, const struct datum *row)
{
    struct str key;
    bool *wanted = ARENA_ARRAY(x->arena, bool, (size_t)t->n_all_columns + 1);
    int n_keys = ix->n_keys + (ix->unique || ix->primary ? 0 : ix->n_extra);

    if (x->session->trace->n >= MAX_LINES)
        return;
    str_init_arena(&key, x->arena, MAX_MESSAGE);
    for (int i = 0; i < n_needed; i++)
        wanted[needed[i]] = true;
    str_printf(&key, "/%s/%s", t->name, ix->name);
    for (int i = 0; i < n_keys; i++) {
        int c = i < ix->n_keys ? ix->keys[i] : ix->extra[i - ix->n_keys];
        if (wanted[c])
            put_datum(&key, x, t, c, row);
        else
            str_append_cstr(&key, "/?");
        wanted[c] = false;
    }
    if (!ix->primary || t->pb->n_families == 0) {
        struct str behind;
        str_init_arena(&behind, x->arena, MAX_MESSAGE);
        for (int i = 0; ix->unique && i < ix->n_extra; i++)
            if (wanted[ix->extra[i]]) {
                put_datum(&behind, x, t, ix->extra[i], row);
                wanted[ix->extra[i]] = false;
            }
        fetched_family(x, operation, str_cstr(&key), t, NULL, wanted, str_cstr(&behind), row);
        return;
    }
    for (size_t i = 0; i < t->pb->n_families; i++)
        fetched_family(x, operation, str_cstr(&key), t, t->pb->families[i], wanted, "", row);
}
