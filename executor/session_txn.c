#include "config.h"

#include "executor/session_int.h"

#include <string.h>

#include "executor/trace.h"

/* Transactions of sessions: begin, end, savepoints, the failed state. Texts: sql.md 17. */

#define US_2000 ((int64_t)946684800 * 1000000)

struct error *
txn_state_begin(struct node *n, struct arena *parent, struct hlc read_ts, bool read_only,
                int priority, const struct cancel *cancel, struct exec_txn_state **out)
{
    struct arena *a = arena_create(parent, "transaction");
    struct exec_txn_state *t = ARENA_NEW(a, struct exec_txn_state);
    struct kv_txn_opts o = {.read_ts = read_ts,
                            .read_only = !hlc_is_empty(read_ts),
                            .priority = priority,
                            .cancel = cancel};

    t->node = n;
    t->arena = a;
    t->read_only = read_only || o.read_only;
    t->fixed_time = !hlc_is_empty(read_ts);
    t->priority = priority;
    t->hooks_end = &t->hooks;
    struct error *e = kv_txn_begin(n->db, &o, &t->kv);
    if (e != NULL) {
        arena_destroy(a);
        return e;
    }
    t->read_ts = kv_txn_read_ts(t->kv);
    /* Up: who reads AS OF now() sees what this transaction sees. */
    t->time_us = (t->read_ts.wall + 999) / 1000 - US_2000;
    t->catalog = catalog_txn_begin(n->catalog, t->kv, a);
    *out = t;
    return NULL;
}

static struct error *
run_hooks(struct exec_txn_state *t, bool committed)
{
    struct error *first = NULL;

    for (struct txn_end_hook *h = t->hooks; h != NULL; h = h->next) {
        struct error *e = h->fn(t->node, h->arg, committed);
        if (first == NULL)
            first = e;
        else
            err_free(e);
    }
    return first;
}

static struct error *
before_commit(struct exec_txn_state *t)
{
    const struct txn_before_commit *b = t->before_commit;
    struct exec_ctx *x;

    if (b == NULL)
        return NULL;
    ERR_TRY(exec_ctx_create(t->node, b->session, t->arena, t, b->user, b->database, b->cancel, &x));
    kv_txn_step(t->kv);
    catalog_see_additions(t->catalog, true);
    return b->fn(x);
}

struct error *
txn_state_commit(struct exec_txn_state *t)
{
    struct hlc ts = HLC_MIN;
    struct error *e = before_commit(t);

    if (e == NULL)
        e = catalog_txn_check(t->catalog);
    if (e == NULL)
        e = kv_txn_commit(t->kv, &ts);
    else
        kv_txn_rollback(t->kv);
    catalog_txn_end(t->catalog, e == NULL, ts);
    struct error *h = run_hooks(t, e == NULL);
    if (e == NULL)
        e = h;
    else
        err_free(h);
    arena_destroy(t->arena);
    return e;
}

void
txn_state_rollback(struct exec_txn_state *t)
{
    kv_txn_rollback(t->kv);
    catalog_txn_end(t->catalog, false, HLC_MIN);
    err_free(run_hooks(t, false));
    arena_destroy(t->arena);
}

/* ---- the session's -------------------------------------------------------------------------- */

struct error *
session_txn_end(struct session *s, bool commit)
{
    struct exec_txn_state *t = s->txn;
    struct error *e = NULL;

    s->txn = NULL;
    s->txn_state = TXN_NONE;
    s->implicit_open = false;
    if (t == NULL)
        return NULL;
    int64_t start_us = t->time_us;
    bool implicit = t->implicit;
    trace_end_txn(s);
    if (commit)
        e = txn_state_commit(t);
    else
        txn_state_rollback(t);
    if (!s->restarting)
        session_stats_add_txn(s, start_us, commit && e == NULL, implicit);
    return e;
}

void
session_txn_failed(struct session *s)
{
    if (s->txn_state == TXN_OPEN)
        s->txn_state = TXN_ABORTED;
}

struct error *
session_txn_check(struct session *s, const struct ast_stmt *stmt)
{
    const struct statement_ops *o = statement_find(stmt);

    if (o != NULL && (o->flags & STMT_IN_FAILED))
        return NULL;
    if (s->txn_state == TXN_ABORTED)
        return err_new(ERR_IN_FAILED_SQL_TRANSACTION,
                       "current transaction is aborted, commands ignored until end of transaction "
                       "block");
    if (s->txn_state == TXN_COMMIT_WAIT)
        return err_new(ERR_INVALID_TRANSACTION_STATE,
                       "current transaction is committed, commands ignored until end of transaction "
                       "block");
    return NULL;
}

static struct error *
no_txn(void)
{
    return err_new(ERR_UNCATEGORIZED, "there is no transaction in progress");
}

static int
priority_of(enum ast_priority p)
{
    return p == AST_PRIO_LOW ? -1 : p == AST_PRIO_HIGH ? 1 : 0;
}

static struct error *
eval_time(struct session *s, struct arena *a, const struct ast_expr *e, struct hlc *ts)
{
    struct exec_ctx *x;

    ERR_TRY(exec_ctx_create(s->node, s, a, NULL, s->user, var_get(s, "database"), &s->cancel, &x));
    return exec_as_of(x, e, ts);
}

static struct error *
begin(struct session *s, const struct ast_txn_modes *m, struct arena *a)
{
    struct hlc ts = HLC_MIN;
    bool read_only = var_bool(s, "default_transaction_read_only");

    if (s->txn != NULL) {
        session_txn_failed(s);
        return err_new(ERR_UNCATEGORIZED, "there is already a transaction in progress");
    }
    if (m->rw != AST_RW_UNSPECIFIED)
        read_only = m->rw == AST_RW_READ_ONLY;
    if (m->as_of != NULL) {
        if (m->rw == AST_RW_READ_WRITE)
            return err_new(ERR_SYNTAX, "AS OF SYSTEM TIME specified with READ WRITE mode");
        ERR_TRY(eval_time(s, a, m->as_of, &ts));
    }
    ERR_TRY(txn_state_begin(s->node, s->arena, ts, read_only, priority_of(m->priority), &s->cancel,
                            &s->txn));
    s->txn_state = TXN_OPEN;
    return NULL;
}

static struct error *
set_transaction(struct session *s, const struct ast_txn_modes *m, struct arena *a)
{
    struct exec_txn_state *t = s->txn;

    if (t == NULL)
        return no_txn();
    if (m->rw == AST_RW_READ_ONLY)
        t->read_only = true;
    if (m->rw == AST_RW_READ_WRITE) {
        if (t->fixed_time || m->as_of != NULL)
            return err_new(ERR_SYNTAX, "AS OF SYSTEM TIME specified with READ WRITE mode");
        t->read_only = false;
    }
    if (m->priority != AST_PRIO_UNSPECIFIED && t->used)
        return err_new(ERR_UNCATEGORIZED, "cannot change the user priority of a running transaction");
    if (m->as_of == NULL && m->priority == AST_PRIO_UNSPECIFIED)
        return NULL;
    /* A new time or priority: the transaction, in which nothing ran yet, starts again. */
    if (t->used)
        return err_new(ERR_UNCATEGORIZED, "cannot set fixed timestamp, txn has already performed reads");
    struct hlc ts = HLC_MIN;
    bool read_only = t->read_only;
    int priority = m->priority == AST_PRIO_UNSPECIFIED ? t->priority : priority_of(m->priority);
    if (m->as_of != NULL)
        ERR_TRY(eval_time(s, a, m->as_of, &ts));
    ERR_TRY(session_txn_end(s, false));
    ERR_TRY(txn_state_begin(s->node, s->arena, ts, read_only, priority, &s->cancel, &s->txn));
    s->txn_state = TXN_OPEN;
    return NULL;
}

static struct error *
commit(struct session *s, struct result_sink *out)
{
    if (s->txn_state == TXN_COMMIT_WAIT) {
        s->txn_state = TXN_NONE;
        return out->complete(out, "COMMIT");
    }
    if (s->txn == NULL)
        return no_txn();
    bool failed = s->txn_state == TXN_ABORTED;
    ERR_TRY(session_txn_end(s, !failed));
    return out->complete(out, failed ? "ROLLBACK" : "COMMIT");
}

static struct error *
rollback(struct session *s, struct result_sink *out)
{
    if (s->txn_state == TXN_COMMIT_WAIT) {
        s->txn_state = TXN_NONE;
        return out->complete(out, "COMMIT");
    }
    if (s->txn == NULL)
        return no_txn();
    ERR_TRY(session_txn_end(s, false));
    return out->complete(out, "ROLLBACK");
}

/* ---- savepoints ----------------------------------------------------------------------------- */

static bool
is_restart(struct session *s, struct slice name, bool outermost)
{
    if (slice_eq(name, SLICE_LIT("cockroach_restart")))
        return true;
    return outermost && var_bool(s, "force_savepoint_restart");
}

static struct savepoint *
find_savepoint(struct session *s, struct slice name)
{
    for (struct savepoint *p = s->txn->savepoints; p != NULL; p = p->next)
        if (slice_eq(name, slice_cstr(p->name)))
            return p;
    return NULL;
}

static struct error *
no_savepoint(struct slice name)
{
    return err_new(ERR_INVALID_SAVEPOINT, "savepoint \"%.*s\" does not exist", (int)name.len,
                   (const char *)name.ptr);
}

static struct error *
savepoint(struct session *s, struct slice name, struct result_sink *out)
{
    if (s->txn == NULL)
        return no_txn();
    struct exec_txn_state *t = s->txn;
    if (is_restart(s, name, t->savepoints == NULL)) {
        if (t->savepoints != NULL)
            return err_new(ERR_SYNTAX, "SAVEPOINT \"%.*s\" cannot be nested", (int)name.len,
                           (const char *)name.ptr);
        if (t->used)
            return err_new(ERR_SYNTAX,
                           "SAVEPOINT \"%.*s\" needs to be the first statement in a transaction",
                           (int)name.len, (const char *)name.ptr);
    }
    struct savepoint *p = ARENA_NEW(t->arena, struct savepoint);
    p->name = slice_to_cstr(t->arena, name);
    p->initial = is_restart(s, name, t->savepoints == NULL);
    p->first = !t->used;
    p->token = kv_txn_savepoint(t->kv);
    p->ddl_before = t->ddl;
    p->next = t->savepoints;
    t->savepoints = p;
    return out->complete(out, "SAVEPOINT");
}

void
session_txn_note(struct session *s, struct arena *a, const struct savepoint *to,
                 struct txn_restart *r)
{
    const struct exec_txn_state *t = s->txn;
    struct savepoint *kept = NULL, **end = &kept;
    for (; to != NULL; to = to->next, end = &(*end)->next) {
        *end = ARENA_NEW(a, struct savepoint);
        **end = (struct savepoint){.name = arena_strdup(a, to->name),
                                   .initial = to->initial,
                                   .first = true};
    }
    *r = (struct txn_restart){.savepoints = kept,
                              .read_only = t->read_only,
                              .priority = t->priority,
                              .ts = t->fixed_time ? t->read_ts : HLC_MIN,
                              .time_us = t->time_us};
}

struct error *
session_txn_restart(struct session *s, const struct txn_restart *r)
{
    s->restarting = true;
    struct error *err = session_txn_end(s, false);
    s->restarting = false;
    ERR_TRY(err);
    ERR_TRY(txn_state_begin(s->node, s->arena, r->ts, r->read_only, r->priority, &s->cancel, &s->txn));
    struct exec_txn_state *t = s->txn;
    t->time_us = r->time_us;
    struct savepoint **end = &t->savepoints;
    for (const struct savepoint *p = r->savepoints; p != NULL; p = p->next, end = &(*end)->next) {
        *end = ARENA_NEW(t->arena, struct savepoint);
        **end = *p;
        (*end)->name = arena_strdup(t->arena, p->name);
        (*end)->token = kv_txn_savepoint(t->kv);
    }
    s->txn_state = TXN_OPEN;
    return NULL;
}

static struct error *
release(struct session *s, struct slice name, struct arena *a, struct result_sink *out)
{
    if (s->txn == NULL)
        return no_txn();
    struct savepoint *p = find_savepoint(s, name);
    if (p == NULL) {
        session_txn_failed(s);
        return no_savepoint(name);
    }
    s->txn->savepoints = p->next;
    if (!p->initial)
        return out->complete(out, "RELEASE");
    struct txn_restart r;
    session_txn_note(s, a, p, &r);
    struct error *e = session_txn_end(s, true);
    if (e == NULL) {
        s->txn_state = TXN_COMMIT_WAIT;
        return out->complete(out, "COMMIT");
    }
    if (strcmp(e->sqlstate, "40001") == 0) { /* failed, but the client may roll back to it and try again */
        struct error *again = session_txn_restart(s, &r);
        if (again == NULL)
            s->txn_state = TXN_ABORTED;
        err_free(again);
    }
    return e;
}

static struct error *
rollback_to(struct session *s, struct slice name, struct arena *a, struct result_sink *out)
{
    if (s->txn == NULL)
        return no_txn();
    struct exec_txn_state *t = s->txn;
    struct savepoint *p = find_savepoint(s, name);
    if (p == NULL) {
        session_txn_failed(s);
        return no_savepoint(name);
    }
    /* Before the first statement there is nothing but the schema to be set back, and that goes with the
     * transaction. */
    if (p->initial || (p->first && t->ddl > 0)) {
        struct txn_restart r;
        session_txn_note(s, a, p, &r);
        ERR_TRY(session_txn_end(s, false));
        ERR_TRY(session_txn_restart(s, &r));
        return out->complete(out, "ROLLBACK");
    }
    if (t->ddl > p->ddl_before) {
        session_txn_failed(s);
        return err_unimplemented(10735, "ROLLBACK TO SAVEPOINT not yet supported after DDL statements");
    }
    t->savepoints = p;
    kv_txn_rollback_to(t->kv, p->token);
    s->txn_state = TXN_OPEN;
    return out->complete(out, "ROLLBACK");
}

struct error *
session_txn_statement(struct session *s, const struct ast_stmt *stmt, struct arena *a,
                      struct result_sink *out, bool *done)
{
    *done = true;
    switch ((int)stmt->kind) {
    case AST_STMT_COMMIT:
        return commit(s, out);
    case AST_STMT_ROLLBACK:
        return rollback(s, out);
    case AST_STMT_ROLLBACK_TO:
        if (s->txn_state == TXN_COMMIT_WAIT)
            return session_txn_check(s, stmt);
        return rollback_to(s, stmt->rollback_to->name, a, out);
    default:
        break;
    }
    switch ((int)stmt->kind) {
    case AST_STMT_BEGIN:
        ERR_TRY(session_txn_check(s, stmt));
        ERR_TRY(begin(s, stmt->begin, a));
        return out->complete(out, "BEGIN");
    case AST_STMT_SAVEPOINT: {
        /* After an error the outermost savepoint's own statement goes back to it. */
        struct slice name = stmt->savepoint->name;
        if (s->txn_state == TXN_ABORTED && is_restart(s, name, s->txn->savepoints == NULL))
            return rollback_to(s, name, a, out);
        ERR_TRY(session_txn_check(s, stmt));
        struct error *err = savepoint(s, name, out);
        if (err != NULL)
            session_txn_failed(s);
        return err;
    }
    case AST_STMT_RELEASE:
        ERR_TRY(session_txn_check(s, stmt));
        return release(s, stmt->release->name, a, out);
    case AST_STMT_SET_TRANSACTION:
        ERR_TRY(session_txn_check(s, stmt));
        ERR_TRY(set_transaction(s, stmt->set_transaction, a));
        return out->complete(out, "SET TRANSACTION");
    default:
        *done = false;
        return NULL;
    }
}
