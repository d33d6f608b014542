/* What a session tells of its statements: executor/statement_stats.h. */
#include "config.h"

#include "executor/session_int.h"
#include "executor/settings.h"
#include "executor/statement.h"
#include "executor/statement_stats.h"
#include "grammar/print.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define KEPT_TEXT 65536

void
session_stats_begin(struct session *s)
{
    s->plan_ns = s->rows = 0;
    s->retries = 0;
}

struct error *
session_stats_complete(struct session *s, struct result_sink *out, const char *tag)
{
    size_t n = tag == NULL ? 0 : strlen(tag);

    /* "SELECT 3", "INSERT 0 1": the last number says how many rows. */
    while (n > 0 && isdigit((unsigned char)tag[n - 1]))
        n--;
    s->rows = tag == NULL || tag[n] == '\0' ? 0 : strtoll(tag + n, NULL, 10);
    return out->complete(out, tag);
}

static bool
hide_object(struct str *out, const struct ast_object_name *name, void *arg)
{
    (void)name, (void)arg;
    str_append_char(out, '_');
    return true;
}

static bool
hide_column(struct str *out, const struct ast_expr *e, void *arg)
{
    (void)arg;
    if (e->kind != AST_EXPR_COLUMN || e->column.star)
        return false;
    str_append_char(out, '_');
    return true;
}

static enum statement_counter
counter_of(const struct ast_stmt *stmt)
{
    const struct statement_ops *o = statement_find(stmt);

    switch ((int)stmt->kind) {
    case AST_STMT_SELECT: return COUNT_SELECT;
    case AST_STMT_INSERT: return COUNT_INSERT;
    case AST_STMT_UPDATE: return COUNT_UPDATE;
    case AST_STMT_DELETE: return COUNT_DELETE;
    default: return o != NULL && (o->flags & STMT_DDL) ? COUNT_DDL : COUNT_MISC;
    }
}

void
session_stats_add_txn(struct session *s, int64_t start_us, bool committed, bool implicit)
{
    double seconds = (double)(wall_now_ns() / 1000 - start_us) / 1e6;

    statement_stats_add_txn(s->node->stats, s->shown_application,
                            seconds > 0 ? seconds : 0, committed, implicit);
    if (!implicit)
        statement_stats_count(s->node->stats, committed ? COUNT_COMMIT : COUNT_ROLLBACK);
}

void
session_stats_add(struct session *s, const struct ast_stmt *stmt, const struct error *err,
                  bool implicit_txn, int64_t start_ns)
{
    static const struct print_opts keyed = {.hide_constants = true};
    static const struct print_opts anonymous = {
        .hide_constants = true, .object_name = hide_object, .expr = hide_column};
    double service = (double)(monotonic_now_ns() - start_ns) / 1e9;
    struct str *key = &s->stats_text;

    statement_stats_count(s->node->stats, COUNT_QUERY);
    statement_stats_count(s->node->stats, err == NULL ? counter_of(stmt) : COUNT_FAILURE);
    if (!settings_bool(s->node, "sql.metrics.statement_details.enabled"))
        return;
    /* Grown once, for all statements of the session. */
    if (key->ptr == NULL)
        str_init(key, STR_MAX_DEFAULT);
    str_clear(key);
    print_stmt(key, stmt, &keyed);
    if (!key->failed) {
        struct statement_sample x = {
            .application = s->shown_application,
            .key = str_cstr(key),
            .error = err == NULL ? NULL : err->message,
            .implicit_txn = implicit_txn,
            .retries = s->retries,
            .rows = s->rows,
            .plan_s = (double)s->plan_ns / 1e9,
            .service_s = service,
        };
        x.run_s = service - x.plan_s;
        if (!statement_stats_add(s->node->stats, &x)) {
            struct str hidden;
            str_init(&hidden, STR_MAX_DEFAULT);
            print_stmt(&hidden, stmt, &anonymous);
            x.anonymized = hidden.failed ? "" : str_cstr(&hidden);
            statement_stats_add(s->node->stats, &x);
            str_release(&hidden);
        }
    }
    if (key->failed || key->len > KEPT_TEXT)
        str_release(key);
}
