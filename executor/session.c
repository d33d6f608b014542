#include "config.h"

#include "executor/session_int.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "executor/session_registry.h"
#include "executor/temporary.h"
#include "executor/trace.h"
#include "grammar/parse.h"
#include "grammar/print.h"

#define MAX_RETRIES 50

/* ---- life ----------------------------------------------------------------------------------- */

struct error *
session_create(struct node *n, const struct session_args *a, struct session **out)
{
    struct arena *arena = arena_create(NULL, "session");
    struct session *s = ARENA_NEW(arena, struct session);

    s->node = n;
    s->arena = arena;
    s->user = arena_strdup(arena, a->user);
    s->client_address = arena_strdup(arena, a->client_address == NULL ? "" : a->client_address);
    s->start_ns = wall_now_ns();
    s->timezone = TIMEZONE_UTC;
    struct error *e = vars_init(s, a);
    if (e != NULL) {
        arena_destroy(arena);
        return e;
    }
    registry_add(n->sessions, s);
    *out = s;
    return NULL;
}

static void
drop_portal(struct session *s, struct portal *p)
{
    for (struct portal **at = &s->portals; *at != NULL; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    if (s->active == p)
        s->active = NULL;
    bool own = p->run != NULL && p->run->own_txn;
    if (p->run != NULL) {
        op_close(p->run->op);
        arena_destroy(p->run->arena);
        p->run = NULL;
    }
    p->closed = true;
    if (!p->running)
        arena_destroy(p->arena);
    if (own && s->implicit_open)
        err_free(session_txn_end(s, false));
}

/* Portals end with their transaction; `keep` is running. */
static void
drop_portals(struct session *s, const struct portal *keep)
{
    for (struct portal *p = s->portals, *next; p != NULL && s->txn == NULL; p = next) {
        next = p->next;
        if (p != keep)
            drop_portal(s, p);
    }
}

void
session_destroy(struct session *s)
{
    while (s->portals != NULL)
        drop_portal(s, s->portals);
    if (s->txn != NULL)
        err_free(session_txn_end(s, false));
    while (s->prepared != NULL) {
        struct prepared *p = s->prepared;
        s->prepared = p->next;
        arena_destroy(p->arena);
    }
    if (s->has_temporary)
        temporary_drop(s->node, s->temp_schema);
    registry_remove(s->node->sessions, s);
    str_release(&s->stats_text);
    arena_destroy(s->arena);
}

enum session_txn_status
session_txn_status(const struct session *s)
{
    switch (s->txn_state) {
    case TXN_NONE:
        return SESSION_IDLE;
    case TXN_OPEN:
        return s->implicit_open ? SESSION_IDLE : SESSION_IN_TXN;
    case TXN_ABORTED:
        return s->implicit_open ? SESSION_IDLE : SESSION_FAILED;
    case TXN_COMMIT_WAIT:
        return SESSION_IN_TXN;
    }
    return SESSION_IDLE;
}

void
session_env(struct session *s, struct arena *a, struct eval_env *env)
{
    struct exec_ctx *x;

    err_free(exec_ctx_create(s->node, s, a, s->txn, s->user, var_get(s, "database"), &s->cancel, &x));
    *env = x->env;
}

const char *
session_setting(struct session *s, const char *name)
{
    return var_get(s, name);
}

/* ---- a sink in front of the client's --------------------------------------------------------- */

/* What was described to the client still holds: lengths and scales may differ, and all may be NULL. */
static bool
same_columns(const struct prepared *p, int n, const struct result_column *cols)
{
    if (n != p->n_cols)
        return false;
    for (int i = 0; i < n; i++) {
        const struct type *was = p->cols[i].type, *is = cols[i].type;
        if (is->family != FAMILY_UNKNOWN && (is->oid != was->oid || !type_equivalent(was, is)))
            return false;
    }
    return true;
}

/* A sink before the client's. With p it checks that a query still gives the columns that were
 * described. */
struct guard_sink {
    struct result_sink base;
    struct result_sink *out;
    const struct prepared *p;
};

static struct error *
guard_columns(struct result_sink *s, int n, const struct result_column *cols)
{
    struct guard_sink *g = (struct guard_sink *)s;

    if (g->p != NULL && !same_columns(g->p, n, cols))
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "cached plan must not change result type");
    return g->out->columns(g->out, n, cols);
}

#define FORWARD(g) (((struct guard_sink *)(g))->out)
static struct error *
guard_rows(struct result_sink *s, const struct batch *b, const struct eval_env *env)
{
    return FORWARD(s)->rows(FORWARD(s), b, env);
}
static struct error *
guard_complete(struct result_sink *s, const char *tag)
{
    return FORWARD(s)->complete(FORWARD(s), tag);
}
static void
guard_notice(struct result_sink *s, const struct error *e, const char *severity)
{
    FORWARD(s)->notice(FORWARD(s), e, severity);
}
static void
guard_parameter(struct result_sink *s, const char *name, const char *value)
{
    FORWARD(s)->parameter(FORWARD(s), name, value);
}
static struct error *
guard_copy_in_start(struct result_sink *s, int n, bool binary)
{
    return FORWARD(s)->copy_in_start(FORWARD(s), n, binary);
}
static struct error *
guard_copy_in_data(struct result_sink *s, struct slice *data, bool *done)
{
    return FORWARD(s)->copy_in_data(FORWARD(s), data, done);
}
static struct error *
guard_copy_out_start(struct result_sink *s, int n, bool binary)
{
    return FORWARD(s)->copy_out_start(FORWARD(s), n, binary);
}
static struct error *
guard_copy_out_data(struct result_sink *s, struct slice data)
{
    return FORWARD(s)->copy_out_data(FORWARD(s), data);
}
static struct error *
guard_copy_out_end(struct result_sink *s)
{
    return FORWARD(s)->copy_out_end(FORWARD(s));
}
static struct error *
guard_flush(struct result_sink *s)
{
    return FORWARD(s)->flush(FORWARD(s));
}
static bool
guard_results_sent(struct result_sink *s)
{
    return FORWARD(s)->results_sent == NULL || FORWARD(s)->results_sent(FORWARD(s));
}
static void
guard_rewind(struct result_sink *s)
{
    if (FORWARD(s)->rewind != NULL)
        FORWARD(s)->rewind(FORWARD(s));
}

static struct error *
drop_rows(struct result_sink *s, const struct batch *b, const struct eval_env *env)
{
    (void)s, (void)b, (void)env;
    return NULL;
}

static void
guard_init(struct guard_sink *g, struct result_sink *out, const struct prepared *p)
{
    *g = (struct guard_sink){.base = {.columns = guard_columns,
                                      .rows = guard_rows,
                                      .complete = guard_complete,
                                      .notice = guard_notice,
                                      .parameter = guard_parameter,
                                      .copy_in_start = guard_copy_in_start,
                                      .copy_in_data = guard_copy_in_data,
                                      .copy_out_start = guard_copy_out_start,
                                      .copy_out_data = guard_copy_out_data,
                                      .copy_out_end = guard_copy_out_end,
                                      .flush = guard_flush,
                                      .results_sent = guard_results_sent,
                                      .rewind = guard_rewind},
                             .out = out,
                             .p = p};
}

/* ---- running one statement ------------------------------------------------------------------ */

static struct placeholder_types *
placeholders_of(struct arena *a, int n, const struct type *const *types)
{
    struct placeholder_types *ph = ARENA_NEW(a, struct placeholder_types);
    bool *from = ARENA_ARRAY(a, bool, (size_t)n + 1);

    ph->n = n;
    ph->v = ARENA_ARRAY(a, const struct type *, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        ph->v[i] = types[i];
        from[i] = types[i] != NULL;
    }
    ph->from_client = from;
    return ph;
}

/* AS OF SYSTEM TIME of a statement outside of a transaction. */
static const struct ast_expr *
as_of_expr(const struct ast_stmt *s)
{
    const struct ast_select *sel;

    if (s->kind == AST_STMT_EXPLAIN)
        return as_of_expr(s->explain->stmt);
    if (s->kind != AST_STMT_SELECT)
        return NULL;
    sel = s->select;
    for (;;) {
        while (sel->kind == AST_SELECT_PAREN)
            sel = sel->inner;
        if (sel->kind != AST_SELECT_SETOP)
            break;
        sel = sel->setop.left;
    }
    return sel->kind == AST_SELECT_CLAUSE ? sel->clause->as_of : NULL;
}

static struct error *
statement_time(struct session *s, const struct ast_stmt *stmt, struct arena *a, struct hlc *ts)
{
    const struct ast_expr *e = as_of_expr(stmt);
    struct exec_ctx *x;

    *ts = HLC_MIN;
    if (e == NULL)
        return NULL;
    ERR_TRY(exec_ctx_create(s->node, s, a, NULL, s->user, var_get(s, "database"), &s->cancel, &x));
    return exec_as_of(x, e, ts);
}

struct invocation { /* a statement with its parameters */
    struct prepared *prepared; /* NULL: none */
    const struct ast_stmt *stmt;
    int n_params;
    const struct type *const *types;
    const struct datum *params;
    struct result_sink *out;
    bool describe;
};

static struct error *
run_in(struct session *s, const struct invocation *v, struct exec_txn_state *t, struct arena *a,
       char **tag)
{
    struct exec_ctx *x;

    ERR_TRY(exec_ctx_create(s->node, s, a, t, s->user, var_get(s, "database"), &s->cancel, &x));
    x->client = v->out;
    x->prepared = v->prepared;
    x->sql = v->stmt->source;
    x->env.placeholders = v->params;
    x->env.n_placeholders = v->n_params;
    if (v->stmt->kind == AST_STMT_COPY)
        ERR_TRY(session_copy(s, v->stmt, x, v->out));
    else
        ERR_TRY(exec_run(x, v->stmt, placeholders_of(a, v->n_params, v->types), v->out, v->describe));
    *tag = x->tag;
    return NULL;
}

static void
back_off(int attempt)
{
    int64_t us = 500L << (attempt < 7 ? attempt : 7);
    struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    nanosleep(&ts, NULL);
}

/* Outside of BEGIN: a transaction of its own, again and again while it meets 40001 and nothing of its
 * results has left the server. */
static struct error *
run_implicit(struct session *s, const struct invocation *v, struct arena *a)
{
    int64_t time_us = 0; /* of the first attempt */

    for (int attempt = 0;; attempt++) {
        struct arena *work = arena_create_budget(a, "statement", s->node->sql_memory);
        struct exec_txn_state *t = NULL;
        struct hlc ts;
        char *tag = NULL;
        struct error *err = statement_time(s, v->stmt, work, &ts);
        if (err == NULL)
            err = txn_state_begin(s->node, s->arena, ts,
                                  var_bool(s, "default_transaction_read_only"), 0, &s->cancel, &t);
        if (err == NULL) {
            t->implicit = true;
            if (attempt == 0)
                time_us = t->time_us;
            t->time_us = time_us;
            s->txn = t;
            err = run_in(s, v, t, work, &tag);
            s->txn = NULL;
            char *kept = tag == NULL ? NULL : arena_strdup(a, tag);
            tag = kept;
            if (err != NULL) {
                arena_destroy(work);
                txn_state_rollback(t);
            } else {
                arena_destroy(work);
                err = txn_state_commit(t);
            }
        } else {
            arena_destroy(work);
        }
        if (err == NULL)
            return session_stats_complete(s, v->out, tag);
        bool sent = v->out->results_sent != NULL && v->out->results_sent(v->out);
        if (!err_is(err, ERR_SERIALIZATION_FAILURE) || sent || attempt >= MAX_RETRIES ||
            cancel_requested(&s->cancel) || v->stmt->kind == AST_STMT_COPY)
            return err;
        err_free(err);
        s->retries++;
        trace_statement_again(s);
        if (v->out->rewind != NULL)
            v->out->rewind(v->out);
        back_off(attempt);
    }
}

static bool
can_start_again(struct session *s, const struct invocation *v)
{
    const struct savepoint *sp = s->txn->savepoints;

    return !s->txn->fixed_time && !cancel_requested(&s->cancel) &&
           v->stmt->kind != AST_STMT_COPY && (sp == NULL || (sp->initial && sp->next == NULL)) &&
           !(v->out->results_sent != NULL && v->out->results_sent(v->out));
}

/* Does it leave a transaction as new as it was? v20.1 asks whether anything went to the store. */
static bool
only_variables(const struct ast_stmt *st)
{
    return st->kind == AST_STMT_SET_VAR ||
           (st->kind == AST_STMT_SHOW && (st->show->kind == AST_SHOW_VAR ||
                                          st->show->kind == AST_SHOW_ALL_VARS));
}

static struct error *
run_explicit(struct session *s, const struct invocation *v, struct arena *a)
{
    struct arena *work = arena_create_budget(a, "statement", s->node->sql_memory);
    const struct ast_expr *e = as_of_expr(v->stmt);
    char *tag = NULL;
    struct error *err = NULL;

    if (e != NULL) {
        struct hlc ts;
        char text[HLC_STR_MAX];
        err = statement_time(s, v->stmt, work, &ts);
        if (err == NULL && hlc_cmp(ts, s->txn->read_ts) != 0) {
            hlc_format_error(s->txn->read_ts, text);
            err = err_hint(err_new(ERR_SYNTAX,
                                   "inconsistent AS OF SYSTEM TIME timestamp; expected: %s", text),
                           "try SET TRANSACTION AS OF SYSTEM TIME");
        }
    }
    bool first = s->txn != NULL && !s->txn->used;
    for (int attempt = 0; err == NULL; attempt++) {
        s->txn->used = s->txn->used || !only_variables(v->stmt);
        kv_txn_step(s->txn->kv);
        err = run_in(s, v, s->txn, work, &tag);
        if (err == NULL && s->txn != NULL)
            err = kv_txn_settle(s->txn->kv);
        if (!first || !err_is(err, ERR_SERIALIZATION_FAILURE) || attempt >= MAX_RETRIES ||
            !can_start_again(s, v))
            break;
        /* Nothing ran before, nothing has been said: all of the transaction is tried again. */
        err_free(err);
        s->retries++;
        trace_statement_again(s);
        arena_destroy(work);
        work = arena_create_budget(a, "statement", s->node->sql_memory);
        if (v->out->rewind != NULL)
            v->out->rewind(v->out);
        back_off(attempt);
        struct txn_restart r;
        session_txn_note(s, a, s->txn->savepoints, &r);
        err = session_txn_restart(s, &r);
    }
    if (err == NULL)
        err = session_stats_complete(s, v->out, tag);
    arena_destroy(work);
    if (err != NULL)
        session_txn_failed(s);
    return err;
}

/* It is refused inside BEGIN; what is wrong with it or its user besides is told first. */
static struct error *
not_in_txn(struct session *s, const struct statement_ops *o, const struct invocation *v,
           struct arena *a)
{
    const char *name = o->name != NULL ? o->name : o->tag;
    size_t n = strlen(name);
    struct exec_ctx *x;

    ERR_TRY(exec_ctx_create(s->node, s, a, s->txn, s->user, var_get(s, "database"), &s->cancel, &x));
    if (o->placeholders != NULL)
        ERR_TRY(o->placeholders(x, v->stmt));
    if (o->flags & STMT_ADMIN)
        ERR_TRY(catalog_check_admin(x->catalog, x->user, name));
    return err_new(ERR_UNCATEGORIZED, "%.*s cannot be used inside a transaction",
                   (int)(n > 0 && name[n - 1] == ' ' ? n - 1 : n), name);
}

static struct error *
run_without_txn(struct session *s, const struct statement_ops *o, const struct invocation *v,
                struct arena *a)
{
    struct arena *work = arena_create_budget(a, "statement", s->node->sql_memory);
    char *tag = NULL;
    struct error *err;

    if (s->txn != NULL && !s->implicit_open && (o->flags & STMT_NOT_IN_TXN)) {
        err = not_in_txn(s, o, v, work);
    } else {
        err = run_in(s, v, NULL, work, &tag);
    }
    if (err == NULL)
        err = session_stats_complete(s, v->out, tag);
    arena_destroy(work);
    if (err != NULL)
        session_txn_failed(s);
    return err;
}

static struct error *
wrong_parameter(struct arena *a, const struct ast_expr *e, const struct type *want,
                const struct type *got)
{
    struct str s;

    str_init_arena(&s, a, STR_MAX_DEFAULT);
    print_expr(&s, e, NULL);
    return err_new(ERR_WRONG_OBJECT_TYPE,
                   "expected EXECUTE parameter expression to have type %s, but '%s' has type %s",
                   type_name_str(a, want), str_cstr(&s), type_name_str(a, got));
}

static struct error *
run_prepared(struct session *s, const struct ast_stmt *stmt, struct arena *a,
             struct result_sink *out, bool describe)
{
    const struct ast_execute *e = stmt->execute;
    char *name = slice_to_cstr(a, e->name);
    struct prepared *p = session_lookup_prepared(s, name);
    struct exec_ctx *x;

    if (p == NULL)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%s\" does not exist",
                       name);
    if (e->params.count != p->n_params)
        return err_new(ERR_SYNTAX,
                       "wrong number of parameters for prepared statement \"%s\": expected %d, got %d",
                       name, p->n_params, e->params.count);
    struct datum *params = ARENA_ARRAY(a, struct datum, (size_t)p->n_params + 1);
    struct exec_txn_state *t = s->txn, *own = NULL;
    if (t == NULL && p->n_params > 0) {
        ERR_TRY(txn_state_begin(s->node, s->arena, HLC_MIN, true, 0, &s->cancel, &own));
        t = own;
    }
    struct error *err = exec_ctx_create(s->node, s, a, t, s->user, var_get(s, "database"),
                                        &s->cancel, &x);
    for (int i = 0; i < p->n_params && err == NULL; i++) {
        struct type_ctx c;
        struct expr *ex;
        type_ctx_init(&c, exec_planner(x), NULL, "EXECUTE parameter",
                      REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_SUBQUERIES |
                          REJECT_COLUMNS | REJECT_VARIABLES);
        err = type_expr(&c, e->params.items[i], p->param_types[i], &ex);
        if (err == NULL && !type_equivalent(ex->type, p->param_types[i]))
            err = wrong_parameter(a, e->params.items[i], p->param_types[i], ex->type);
        if (err == NULL)
            err = expr_eval(ex, &x->env, &x->state, NULL, &params[i]);
        if (err == NULL)
            params[i] = datum_copy(a, p->param_types[i], &params[i]);
    }
    if (own != NULL)
        txn_state_rollback(own);
    if (err != NULL)
        return err;
    /* Its columns are still those that were described, or it fails. */
    struct guard_sink g;
    guard_init(&g, out, p);
    if (e->discard_rows)
        g.base.rows = drop_rows;
    return session_run(s, p, p->stmt, p->n_params, p->param_types, params, &g.base, describe);
}

/* SOURCE: CockroachDB v20.1 pkg/sql/plan_opt.go, buildReusableMemo. */
static struct error *
refuse_opt_plan(struct session *s)
{
    if (!var_bool(s, "allow_prepare_as_opt_plan"))
        return err_new(ERR_INSUFFICIENT_PRIVILEGE,
                       "PREPARE AS OPT PLAN is a testing facility that should not be used directly");
    if (strcmp(s->user, "root") != 0)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "PREPARE AS OPT PLAN may only be used by root");
    return err_unimplemented(0, "PREPARE AS OPT PLAN");
}

static struct error *
prepare_statement(struct session *s, const struct ast_stmt *stmt, struct arena *a,
                  struct result_sink *out)
{
    const struct ast_prepare *p = stmt->prepare;
    char *name = slice_to_cstr(a, p->name);
    struct str sql;
    struct exec_ctx *x;
    struct type_ctx c;
    const struct type **types = ARENA_ARRAY(a, const struct type *, (size_t)p->types.count + 1);

    if (session_lookup_prepared(s, name) != NULL)
        return err_new(ERR_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%s\" already exists",
                       name);
    ERR_TRY(exec_ctx_create(s->node, s, a, NULL, s->user, var_get(s, "database"), &s->cancel, &x));
    type_ctx_init(&c, exec_planner(x), NULL, "PREPARE", 0);
    for (int i = 0; i < p->types.count; i++)
        ERR_TRY(resolve_ast_type(&c, p->types.items[i], &types[i]));
    if (p->stmt->kind == AST_STMT_OPT_PLAN)
        return refuse_opt_plan(s);
    str_init_arena(&sql, a, STR_MAX_DEFAULT);
    print_stmt(&sql, p->stmt, NULL);
    ERR_TRY(str_error(&sql));
    ERR_TRY(session_prepare(s, name, str_slice(&sql), NULL, p->types.count, types, true));
    return out->complete(out, "PREPARE");
}

static struct error *
deallocate(struct session *s, const struct ast_deallocate *d, struct arena *a,
           struct result_sink *out)
{
    if (d->all) {
        while (s->prepared != NULL)
            session_close_prepared(s, s->prepared->name);
        return out->complete(out, "DEALLOCATE ALL");
    }
    char *name = slice_to_cstr(a, d->name);
    if (session_lookup_prepared(s, name) == NULL)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%s\" does not exist",
                       name);
    session_close_prepared(s, name);
    return out->complete(out, "DEALLOCATE");
}

static struct error *
discard(struct session *s, struct result_sink *out)
{
    if (s->txn != NULL)
        return err_new(ERR_ACTIVE_SQL_TRANSACTION, "DISCARD ALL cannot run inside a transaction block");
    vars_reset_all(s, out);
    while (s->prepared != NULL)
        session_close_prepared(s, s->prepared->name);
    return out->complete(out, "DISCARD");
}

static struct error *
run_other(struct session *s, const struct invocation *v, struct arena *a)
{
    const struct statement_ops *o = statement_find(v->stmt);

    if (o != NULL && (o->flags & STMT_NO_TXN))
        return run_without_txn(s, o, v, a);
    if (s->txn != NULL && !s->txn->implicit)
        return run_explicit(s, v, a);
    int64_t start_us = wall_now_ns() / 1000;
    struct error *err = run_implicit(s, v, a);
    session_stats_add_txn(s, start_us, err == NULL, true);
    return err;
}

static struct error *
run_any(struct session *s, const struct invocation *v, struct arena *a)
{
    const struct ast_stmt *stmt = v->stmt;
    bool done, implicit = s->txn == NULL || s->txn->implicit;
    trace_statement(s, stmt, implicit);
    struct error *err = session_txn_statement(s, stmt, a, v->out, &done);

    if (done)
        return err;
    ERR_TRY(session_txn_check(s, stmt));
    switch ((int)stmt->kind) {
    case AST_STMT_EXECUTE:
        err = run_prepared(s, stmt, a, v->out, v->describe);
        break;
    case AST_STMT_PREPARE:
        err = prepare_statement(s, stmt, a, v->out);
        break;
    case AST_STMT_DEALLOCATE:
        err = deallocate(s, stmt->deallocate, a, v->out);
        break;
    case AST_STMT_DISCARD:
        err = discard(s, v->out);
        break;
    default: {
        int64_t start = monotonic_now_ns();
        session_stats_begin(s);
        bool traced = trace_is_on(s);
        err = run_other(s, v, a);
        if (traced)
            trace_statement_end(s, err);
        session_stats_add(s, stmt, err, implicit, start);
        return err;
    }
    }
    if (err != NULL)
        session_txn_failed(s);
    return err;
}

static void
prepared_left(struct prepared *p)
{
    if (--p->running == 0 && p->closed)
        arena_destroy(p->arena);
}

struct error *
session_run(struct session *s, struct prepared *p, const struct ast_stmt *stmt, int n_params,
            const struct type *const *types, const struct datum *params, struct result_sink *out,
            bool describe)
{
    struct arena *a = arena_create(s->arena, "run");
    struct invocation v = {p, stmt, n_params, types, params, out, describe};
    bool outer = !s->query_running;

    if (s->active != NULL) {
        /* The portal that was left half read is lost either way. */
        drop_portal(s, s->active);
        if (stmt->kind != AST_STMT_COMMIT && stmt->kind != AST_STMT_ROLLBACK) {
            arena_destroy(a);
            session_txn_failed(s);
            return err_unimplemented(40195, "multiple active portals not supported");
        }
    }
    if (outer)
        registry_query_start(s, stmt->source.len > 0 ? stmt->source : SLICE_LIT(""),
                             var_int(s, "statement_timeout"));
    if (p != NULL)
        p->running++;
    struct error *err = run_any(s, &v, a);
    if (p != NULL)
        prepared_left(p);
    if (outer)
        registry_query_end(s);
    arena_destroy(a);
    return err;
}

/* ---- simple queries -------------------------------------------------------------------------- */

/* The transaction that is open, while all that ran in it since nothing had run in it is of this query, and
 * nothing of that has been sent: then it can run again, without the client noticing. */
struct batch_txn {
    bool open;
    int from;             /* the statement that is its first */
    int attempts;
    struct txn_restart as_it_was;
};

static void
hold_results(struct result_sink *out, bool held)
{
    if (out->hold != NULL)
        out->hold(out, held);
}

/* What a second run would not find as the first did. */
static bool
runs_once(const struct ast_stmt *stmt)
{
    switch ((int)stmt->kind) {
    case AST_STMT_PREPARE:
    case AST_STMT_DEALLOCATE:
    case AST_STMT_DISCARD:
    case AST_STMT_COPY:
        return true;
    default:
        return false;
    }
}

/* Before statement `next`. */
static void
batch_note(struct session *s, struct batch_txn *b, struct arena *a, const struct ast_stmt *next, int i,
           struct result_sink *out)
{
    bool open = s->txn != NULL && !s->txn->implicit && s->txn_state == TXN_OPEN;

    if (open && !s->txn->used && !s->txn->fixed_time) {
        *b = (struct batch_txn){.open = true, .from = i};
        session_txn_note(s, a, s->txn->savepoints, &b->as_it_was);
        hold_results(out, true);
    }
    if (b->open && (!open || runs_once(next))) {
        b->open = false;
        hold_results(out, false);
    }
}

/* Statement i has failed. Sets it to the one in front of the first, and *err to NULL, when all of the
 * transaction shall run again. The first alone has been tried often enough. */
static void
batch_again(struct session *s, struct batch_txn *b, int *i, struct result_sink *out,
            struct error **err)
{
    if (!b->open || *i == b->from || !err_is(*err, ERR_SERIALIZATION_FAILURE) ||
        b->attempts >= MAX_RETRIES || cancel_requested(&s->cancel) ||
        (out->results_sent != NULL && out->results_sent(out)))
        return;
    err_free(*err);
    s->retries++;
    trace_statement_again(s);
    if (out->rewind != NULL)
        out->rewind(out);
    back_off(b->attempts++);
    *err = session_txn_restart(s, &b->as_it_was);
    *i = b->from - 1;
}

struct error *
session_simple(struct session *s, struct slice sql, struct result_sink *out)
{
    struct batch_txn b = {0};
    struct arena *a = arena_create(s->arena, "simple query");
    struct ast_stmt_list list;
    struct error *err = parse_sql(a, sql, &list);

    if (err != NULL)
        session_txn_failed(s);
    if (err == NULL && list.count == 0)
        err = out->complete(out, NULL);
    for (int i = 0; i < list.count && err == NULL; i++) {
        const struct ast_stmt *stmt = list.items[i];
        if (stmt->placeholder_count > 0 && stmt->kind != AST_STMT_PREPARE) {
            err = err_new(ERR_UNDEFINED_PARAMETER, "no value provided for placeholder: $1");
            session_txn_failed(s);
            break;
        }
        /* A second run keeps what was noted, and how often it was tried. */
        if (!b.open || i != b.from)
            batch_note(s, &b, a, stmt, i, out);
        err = session_run(s, NULL, stmt, 0, NULL, NULL, out, true);
        drop_portals(s, NULL);
        if (err != NULL)
            batch_again(s, &b, &i, out, &err);
    }
    if (b.open)
        hold_results(out, false);
    drop_portals(s, NULL);
    arena_destroy(a);
    return err;
}

/* ---- prepared statements -------------------------------------------------------------------- */

struct prepared *
session_lookup_prepared(struct session *s, const char *name)
{
    for (struct prepared *p = s->prepared; p != NULL; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

/* Infer parameter types and result columns in a transaction that ends with it. */
static struct error *
analyze(struct session *s, struct prepared *p, int n_types, const struct type *const *types)
{
    struct arena *work = arena_create(s->arena, "prepare");
    struct exec_txn_state *t = s->txn, *own = NULL;
    struct placeholder_types ph = {0};
    struct exec_ctx *x;
    struct error *err = NULL;
    struct result_column *cols = NULL;
    struct hlc ts;
    int n = p->stmt->placeholder_count > n_types ? p->stmt->placeholder_count : n_types;

    ph.n = n;
    ph.v = ARENA_ARRAY(p->arena, const struct type *, (size_t)n + 1);
    bool *from = ARENA_ARRAY(work, bool, (size_t)n + 1);
    for (int i = 0; i < n_types; i++)
        if (types[i] != NULL) {
            /* The plan that is made here refers to them, and may be kept. */
            ph.v[i] = type_copy(p->arena, types[i]);
            from[i] = true;
        }
    ph.from_client = from;
    p->n_cols = -1;
    if (t == NULL) {
        ERR_GOTO(statement_time(s, p->stmt, work, &ts), out);
        ERR_GOTO(txn_state_begin(s->node, s->arena, ts, true, 0, &s->cancel, &own), out);
        t = own;
    }
    ERR_GOTO(exec_ctx_create(s->node, s, work, t, s->user, var_get(s, "database"), &s->cancel, &x),
             out);
    x->sql = p->sql;
    x->prepared = p;
    int n_cols = -1;
    const struct ast_stmt *stmt = p->stmt;
    if (stmt->kind == AST_STMT_EXECUTE) {
        char *name = slice_to_cstr(work, stmt->execute->name);
        struct prepared *inner = session_lookup_prepared(s, name);
        if (inner != NULL) {
            n_cols = inner->n_cols;
            cols = inner->cols;
        }
    } else {
        ERR_GOTO(exec_describe(x, stmt, &ph, &n_cols, &cols), out);
    }
    p->n_cols = n_cols;
    if (n_cols >= 0) {
        p->cols = ARENA_ARRAY(p->arena, struct result_column, (size_t)n_cols + 1);
        for (int i = 0; i < n_cols; i++) {
            p->cols[i] = cols[i];
            p->cols[i].name = arena_strdup(p->arena, cols[i].name);
            p->cols[i].type = type_copy(p->arena, cols[i].type);
        }
    }
    for (int i = 0; i < n; i++) {
        if (ph.v[i] == NULL) {
            err = err_new(ERR_INVALID_PARAMETER_VALUE,
                          "could not determine data type of placeholder $%d", i + 1);
            goto out;
        }
        ph.v[i] = type_copy(p->arena, ph.v[i]);
    }
    p->n_params = n;
    p->param_types = ph.v;
out:
    arena_destroy(work);
    if (own != NULL)
        txn_state_rollback(own);
    return err;
}

struct error *
session_prepare(struct session *s, const char *name, struct slice sql, struct ast_stmt *stmt,
                int n_types, const struct type *const *types, bool from_sql)
{
    struct arena *a = arena_create(s->arena, "prepared statement");
    struct prepared *p = ARENA_NEW(a, struct prepared);
    struct ast_stmt_list list;
    struct error *err;

    (void)stmt;
    p->arena = a;
    p->name = arena_strdup(a, name);
    p->sql = slice_dup(a, sql);
    p->n_cols = -1;
    p->from_sql = from_sql;
    ERR_GOTO(parse_sql(a, p->sql, &list), fail);
    if (list.count > 1) {
        err = err_new(ERR_SYNTAX, "prepared statement had %d statements, expected 1", list.count);
        goto fail;
    }
    p->stmt = list.count == 1 ? list.items[0] : NULL;
    if (p->stmt != NULL) {
        if (s->txn_state == TXN_ABORTED || s->txn_state == TXN_COMMIT_WAIT) {
            int k = (int)p->stmt->kind;
            if (k != AST_STMT_ROLLBACK && k != AST_STMT_COMMIT && k != AST_STMT_ROLLBACK_TO)
                ERR_GOTO(session_txn_check(s, p->stmt), fail);
        } else {
            ERR_GOTO(analyze(s, p, n_types, types), fail);
        }
    }
    p->next = s->prepared;
    s->prepared = p;
    return NULL;
fail:
    arena_destroy(a);
    session_txn_failed(s);
    return err;
}

struct error *
session_parse(struct session *s, const char *name, struct slice sql, int n_params,
              const uint32_t *param_oids)
{
    struct arena *a = arena_create(s->arena, "parse");
    const struct type **types = ARENA_ARRAY(a, const struct type *, (size_t)n_params + 1);
    struct error *err = NULL;

    for (int i = 0; i < n_params && err == NULL; i++) {
        types[i] = param_oids[i] == 0 ? NULL : type_from_oid(param_oids[i]);
        if (types[i] == NULL && param_oids[i] != 0 && param_oids[i] != 705)
            err = err_new(ERR_PROTOCOL_VIOLATION, "unknown oid type: %u", param_oids[i]);
    }
    if (*name != '\0' && session_lookup_prepared(s, name) != NULL && err == NULL)
        err = err_new(ERR_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%s\" already exists",
                      name);
    if (err == NULL && *name == '\0')
        session_close_prepared(s, name);
    if (err == NULL)
        err = session_prepare(s, name, sql, NULL, n_params, types, false);
    else
        session_txn_failed(s);
    arena_destroy(a);
    return err;
}

struct error *
session_find_prepared(struct session *s, const char *name, struct prepared **out)
{
    *out = session_lookup_prepared(s, name);
    if (*out == NULL)
        return err_new(ERR_INVALID_SQL_STATEMENT_NAME, "unknown prepared statement \"%s\"", name);
    return NULL;
}

int
prepared_n_params(const struct prepared *p)
{
    return p->n_params;
}

const struct type *
prepared_param_type(const struct prepared *p, int i)
{
    return p->param_types[i];
}

int
prepared_columns(struct prepared *p, const struct result_column **cols)
{
    *cols = p->cols;
    return p->n_cols;
}

void
session_close_prepared(struct session *s, const char *name)
{
    for (struct prepared **at = &s->prepared; *at != NULL; at = &(*at)->next) {
        struct prepared *p = *at;
        if (strcmp(p->name, name) != 0)
            continue;
        *at = p->next;
        /* Portals of it go as well. */
        for (struct portal *o = s->portals, *next; o != NULL; o = next) {
            next = o->next;
            if (o->p == p)
                drop_portal(s, o);
        }
        p->closed = true;
        if (p->running == 0)
            arena_destroy(p->arena);
        return;
    }
}

/* ---- portals -------------------------------------------------------------------------------- */

static struct portal *
lookup_portal(struct session *s, const char *name)
{
    for (struct portal *p = s->portals; p != NULL; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

struct error *
session_bind(struct session *s, const char *portal, const char *statement, int n_params,
             const struct datum *params, int n_formats, const int16_t *formats)
{
    struct prepared *p;

    ERR_TRY(session_find_prepared(s, statement, &p));
    if (n_params != p->n_params)
        return err_new(ERR_PROTOCOL_VIOLATION, "expected %d arguments, got %d", p->n_params,
                       n_params);
    struct portal *old = lookup_portal(s, portal);
    if (old != NULL && *portal != '\0')
        return err_new(ERR_DUPLICATE_CURSOR, "portal \"%s\" already exists", portal);
    if (old != NULL)
        drop_portal(s, old);
    struct arena *a = arena_create(s->arena, "portal");
    struct portal *o = ARENA_NEW(a, struct portal);
    o->arena = a;
    o->name = arena_strdup(a, portal);
    o->p = p;
    o->n_params = n_params;
    o->params = ARENA_ARRAY(a, struct datum, (size_t)n_params + 1);
    for (int i = 0; i < n_params; i++)
        o->params[i] = datum_copy(a, p->param_types[i], &params[i]);
    o->n_formats = n_formats;
    o->formats = arena_memdup(a, formats, (size_t)n_formats * sizeof(formats[0]));
    o->next = s->portals;
    s->portals = o;
    return NULL;
}

int
portal_formats(const struct portal *p, const int16_t **formats)
{
    *formats = p->formats;
    return p->n_formats;
}

struct error *
session_find_portal(struct session *s, const char *name, struct portal **out)
{
    *out = lookup_portal(s, name);
    if (*out == NULL)
        return err_new(ERR_INVALID_CURSOR_NAME, "unknown portal \"%s\"", name);
    return NULL;
}

int
portal_columns(struct portal *p, const struct result_column **cols)
{
    return prepared_columns(p->p, cols);
}

void
session_close_portal(struct session *s, const char *name)
{
    struct portal *p = lookup_portal(s, name);

    if (p != NULL)
        drop_portal(s, p);
}

/* A portal with a row limit: its operators stay between Executes. */
static struct error *
portal_start(struct session *s, struct portal *p)
{
    struct arena *a = arena_create_budget(s->arena, "portal run", s->node->sql_memory);
    struct portal_run *r = ARENA_NEW(a, struct portal_run);
    struct plan_root *root;
    struct hlc ts;
    struct error *err;

    r->arena = a;
    if (s->txn == NULL) {
        ERR_GOTO(statement_time(s, p->p->stmt, a, &ts), fail);
        ERR_GOTO(txn_state_begin(s->node, s->arena, ts,
                                 var_bool(s, "default_transaction_read_only"), 0, &s->cancel,
                                 &s->txn), fail);
        s->txn->implicit = true;
        s->txn_state = TXN_OPEN;
        s->implicit_open = true;
        r->own_txn = true;
    }
    s->txn->used = true;
    kv_txn_step(s->txn->kv);
    ERR_GOTO(exec_ctx_create(s->node, s, a, s->txn, s->user, var_get(s, "database"), &s->cancel, &r->x),
             fail);
    r->x->env.placeholders = p->params;
    r->x->env.n_placeholders = p->n_params;
    r->x->sql = p->p->sql;
    ERR_GOTO(exec_plan(r->x, p->p->stmt, placeholders_of(a, p->n_params, p->p->param_types), &root),
             fail);
    ERR_GOTO(exec_check_writes(r->x, root, p->p->stmt), fail);
    ERR_GOTO(exec_start(r->x, root, &r->op), fail);
    p->run = r;
    return NULL;
fail:
    arena_destroy(a);
    if (s->implicit_open)
        err_free(session_txn_end(s, false));
    return err;
}

static struct error *
portal_finish(struct session *s, struct portal *p, bool ok)
{
    struct portal_run *r = p->run;
    struct error *err = NULL;

    p->run = NULL;
    if (s->active == p)
        s->active = NULL;
    if (ok)
        p->finished = true;
    bool own = r->own_txn;
    op_close(r->op);
    arena_destroy(r->arena);
    if (own && s->implicit_open)
        err = session_txn_end(s, ok);
    return err;
}

static struct error *
portal_rows(struct portal *p, int64_t max_rows, struct result_sink *out, bool *suspended)
{
    struct portal_run *r = p->run;
    const struct plan_root *root = r->x->plan;
    int64_t left = max_rows;
    struct batch view;
    uint16_t *sel = ARENA_ARRAY(r->arena, uint16_t, BATCH_ROWS);

    batch_init(r->arena, &view, root->n_visible, false);
    for (;;) {
        if (r->batch == NULL || r->at == batch_live(r->batch)) {
            ERR_TRY(op_next(r->op, &r->batch));
            r->at = 0;
            if (r->batch->n == 0)
                return NULL;
            if (batch_live(r->batch) == 0)
                continue;
        }
        if (max_rows > 0 && left == 0) {
            *suspended = true;
            return NULL;
        }
        int n = batch_live(r->batch) - r->at;
        if (max_rows > 0 && n > left)
            n = (int)left;
        for (int i = 0; i < n; i++)
            sel[i] = (uint16_t)batch_row(r->batch, r->at + i);
        for (int i = 0; i < root->n_visible; i++)
            view.cols[i] = r->batch->cols[root->visible[i]];
        view.n = r->batch->n;
        view.sel = sel;
        view.n_sel = n;
        r->at += n;
        r->sent += n;
        left -= n;
        ERR_TRY(out->rows(out, &view, &r->x->env));
    }
}

static struct error *
execute(struct session *s, struct portal *p, int64_t max_rows, struct result_sink *out, bool *suspended)
{
    const struct ast_stmt *stmt = p->p->stmt;

    if (stmt == NULL)
        return out->complete(out, NULL);
    if (p->finished)
        return out->complete(out, p->p->n_cols >= 0 ? "SELECT 0" : "");
    bool limited = max_rows > 0 && p->p->n_cols >= 0 && stmt_is_planned(stmt);
    if (!limited && p->run == NULL) {
        struct guard_sink g;
        guard_init(&g, out, p->p);
        struct error *err = session_run(s, p->p, stmt, p->n_params, p->p->param_types,
                                        p->params, &g.base, true);
        if (err == NULL)
            p->finished = p->p->n_cols >= 0;
        if (stmt->kind == AST_STMT_COMMIT || stmt->kind == AST_STMT_ROLLBACK)
            drop_portals(s, p);
        return err;
    }
    if (s->active != NULL && s->active != p) {
        session_txn_failed(s);
        return err_unimplemented(40195, "multiple active portals not supported");
    }
    registry_query_start(s, p->p->sql, var_int(s, "statement_timeout"));
    struct error *err = session_txn_check(s, stmt);
    if (err == NULL && p->run == NULL)
        err = portal_start(s, p);
    /* Each Execute has a sink of its own. */
    if (err == NULL)
        err = out->columns(out, p->p->n_cols, p->p->cols);
    if (err == NULL)
        err = portal_rows(p, max_rows, out, suspended);
    char tag[64];
    if (err == NULL && !*suspended) {
        snprintf(tag, sizeof(tag), "%s%lld", p->run->x->plan->tag, (long long)p->run->sent);
        err = portal_finish(s, p, true);
        if (err == NULL)
            err = out->complete(out, tag);
    } else if (err == NULL) {
        s->active = p;
    } else if (p->run != NULL) {
        err_free(portal_finish(s, p, false));
    }
    registry_query_end(s);
    if (err != NULL)
        session_txn_failed(s);
    return err;
}

struct error *
session_execute(struct session *s, struct portal *p, int64_t max_rows, struct result_sink *out,
                bool *suspended)
{
    struct prepared *statement = p->p;

    *suspended = false;
    p->running = true;
    statement->running++;
    struct error *err = execute(s, p, max_rows, out, suspended);
    p->running = false;
    if (p->closed)
        arena_destroy(p->arena);
    prepared_left(statement);
    return err;
}

struct error *
session_sync(struct session *s)
{
    if (!s->implicit_open) {
        drop_portals(s, NULL);
        return NULL;
    }
    /* Portals that are suspended outside of BEGIN end here, and so does their transaction. */
    struct error *err = NULL;
    for (struct portal *p = s->portals; p != NULL; p = p->next)
        if (p->run != NULL && p->run->own_txn) {
            err = portal_finish(s, p, true);
            break;
        }
    if (s->implicit_open)
        err_free(session_txn_end(s, false));
    drop_portals(s, NULL);
    return err;
}

void
session_failed(struct session *s)
{
    session_txn_failed(s);
}
