/* PAUSE, RESUME and CANCEL of jobs: requests written into the record; the registry acts on them. */
#include "config.h"

#include "executor/jobs/registry_int.h"

#include <string.h>
#include <unistd.h>

#include "catalog/pb.h"
#include "executor/statement.h"

#define STOP_WAIT_NS INT64_C(5000000000) /* RESUME and CANCEL of a job that is just pausing */
#define STOP_POLL_NS 20000000            /* 20 ms */
#define IDS_MAX 100000

struct request_arg {
    int64_t id;
    enum job_request request;
};

static struct error *
request_after_commit(struct node *n, void *arg, bool committed)
{
    struct request_arg *r = arg;
    if (!committed)
        return NULL;
    if (r->request == JOB_REQUEST_NONE)
        err_free(job_run_now(n, r->id)); /* the sweep tries again */
    else
        job_request(n->jobs, r->id, r->request);
    return NULL;
}

static void
on_commit(struct exec_ctx *x, int64_t id, enum job_request q)
{
    struct request_arg *r = ARENA_NEW(exec_txn_arena(x), struct request_arg);
    *r = (struct request_arg){id, q};
    exec_on_txn_end(x, request_after_commit, r);
}

/* Those that wait for garbage have no thread: executor/gc.c looks whether they are paused. */
static bool
waits_for_gc(const struct job_record *r)
{
    return r->payload->details_case == AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE_GC;
}

static struct error *
load(struct exec_ctx *x, int64_t id, bool to_cancel, struct job_record *r)
{
    bool found;
    ERR_TRY(job_record_get(x, x->arena, id, r, &found));
    if (!found)
        return err_new(ERR_UNCATEGORIZED, "job with ID %lld does not exist", (long long)id);
    if (r->payload == NULL)
        return err_new(ERR_DATA_CORRUPTED, "job %lld: error decoding payload: %s", (long long)id,
                       r->payload_error);
    if (to_cancel && PB_GET(r->payload, noncancelable))
        return err_new(ERR_UNCATEGORIZED, "job %lld: not cancelable", (long long)id);
    if (job_ops_find(job_type_of(r->payload)) == NULL && !waits_for_gc(r) &&
        !job_status_is_terminal(r->status))
        return err_new(ERR_UNCATEGORIZED, "job %lld is not controllable", (long long)id);
    return NULL;
}

static bool
is(const struct job_record *r, const char *status)
{
    return strcmp(r->status, status) == 0;
}

/* A pause that was asked for takes a moment. What this transaction has read is then out of date, so
 * that its commit makes the statement run again and see the job paused. */
static void
wait_until_paused(struct exec_ctx *x, struct job_record *r)
{
    int64_t end = monotonic_now_ns() + STOP_WAIT_NS;
    while (monotonic_now_ns() < end && !cancel_requested(x->cancel)) {
        struct job_record now;
        struct error *e = job_status(x->node, x->arena, r->id, &now);
        if (e != NULL) {
            err_free(e);
            return;
        }
        if (!is(&now, "pause-requested")) {
            r->status = now.status;
            return;
        }
        struct timespec ts = {.tv_nsec = STOP_POLL_NS};
        nanosleep(&ts, NULL);
    }
}

struct error *
job_pause(struct exec_ctx *x, int64_t id)
{
    struct job_record r;
    ERR_TRY(load(x, id, false, &r));
    if (is(&r, "pause-requested") || is(&r, "paused"))
        return NULL;
    if (!is(&r, "pending") && !is(&r, "running") && !is(&r, "reverting"))
        return err_new(ERR_UNCATEGORIZED,
                       "job with status %s cannot be requested to be paused", r.status);
    r.status = waits_for_gc(&r) ? "paused" : "pause-requested";
    ERR_TRY(job_record_put(x, &r));
    if (!waits_for_gc(&r))
        on_commit(x, id, JOB_REQUEST_PAUSE);
    return NULL;
}

struct error *
job_resume(struct exec_ctx *x, int64_t id)
{
    struct job_record r;
    ERR_TRY(load(x, id, false, &r));
    if (is(&r, "pause-requested"))
        wait_until_paused(x, &r);
    if (is(&r, "running") || is(&r, "reverting"))
        return NULL;
    if (!is(&r, "paused"))
        return err_new(ERR_UNCATEGORIZED, "job with status %s cannot be resumed", r.status);
    r.status = r.payload->has_final_resume_error ? "reverting" : "running";
    r.payload->lease = NULL;
    ERR_TRY(job_record_put(x, &r));
    if (!waits_for_gc(&r))
        on_commit(x, id, JOB_REQUEST_NONE);
    return NULL;
}

struct error *
job_cancel(struct exec_ctx *x, int64_t id)
{
    struct job_record r;
    ERR_TRY(load(x, id, true, &r));
    if (is(&r, "pause-requested"))
        wait_until_paused(x, &r);
    if (is(&r, "cancel-requested") || is(&r, "canceled"))
        return NULL;
    if (!is(&r, "pending") && !is(&r, "running") && !is(&r, "paused"))
        return err_new(ERR_UNCATEGORIZED,
                       "job with status %s cannot be requested to be canceled", r.status);
    if (is(&r, "paused") && r.payload->has_final_resume_error)
        return err_new(ERR_UNCATEGORIZED,
                       "job %lld is paused and has non-nil FinalResumeError %s hence cannot be "
                       "canceled and should be reverted", (long long)id, pb_str(r.payload->error));
    r.status = "cancel-requested";
    ERR_TRY(job_record_put(x, &r));
    on_commit(x, id, JOB_REQUEST_CANCEL);
    return NULL;
}

/* ---- the statement ---- */

struct id_sink {
    struct row_sink base;
    struct arena *a;
    int64_t *v;
    size_t n, cap;
    const char *what; /* PAUSE JOBS */
};

static struct error *
put_id(struct row_sink *base, const struct datum *row)
{
    struct id_sink *s = (struct id_sink *)base;
    if (row[0].null)
        return NULL;
    if (s->n == IDS_MAX)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "more than %d jobs", IDS_MAX);
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 16 : 2 * s->cap;
        s->v = arena_realloc(s->a, s->v, s->cap * sizeof(int64_t), cap * sizeof(int64_t));
        s->cap = cap;
    }
    s->v[s->n++] = row[0].i;
    return NULL;
}

static struct error *
check_ids(void *arg, int n, const struct plan_column *cols)
{
    struct id_sink *s = arg;
    if (n == 0)
        return err_new(ERR_SYNTAX, "no columns in %s data", s->what);
    if (n > 1)
        return err_new(ERR_SYNTAX, "too many columns in %s data", s->what);
    if (cols[0].type->family == FAMILY_INT || cols[0].type->family == FAMILY_UNKNOWN)
        return NULL;
    return err_new(ERR_SYNTAX, "%s data column 1 (job_id) must be of type int, not type %s",
                   s->what, type_name_str(s->a, cols[0].type));
}

struct error *
job_ids_of_select(struct exec_ctx *x, const struct ast_select *select, const char *what,
                  int64_t **ids, size_t *n)
{
    static const struct type *const types[] = {&TYPE_INT8};
    struct id_sink s = {.base = {put_id}, .a = x->arena, .what = what};
    ERR_TRY(exec_select_as(x, select, &(struct exec_wanted){types, 1, check_ids, &s}, &s.base));
    *ids = s.v;
    *n = s.n;
    return NULL;
}

void
job_ids_placeholders(struct exec_ctx *x, const struct ast_select *select)
{
    if (select == NULL || select->kind != AST_SELECT_VALUES)
        return;
    for (int i = 0; i < select->values->count; i++)
        for (int k = 0; k < select->values->items[i].count; k++)
            exec_type_placeholder(x, select->values->items[i].items[k], &TYPE_INT8);
}

static struct error *
job_control_placeholders(struct exec_ctx *x, const struct ast_stmt *st)
{
    job_ids_placeholders(x, st->job_control->jobs);
    return NULL;
}

/* No rows; the placeholders of the query get their types. */
static struct error *
job_control_columns(struct exec_ctx *x, const struct ast_stmt *st, int *n,
                    const struct result_column **cols)
{
    const struct plan_column *of_query;
    ERR_TRY(exec_select_columns(x, st->job_control->jobs, n, &of_query));
    *n = -1;
    *cols = NULL;
    return NULL;
}

static struct error *
job_control_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    static const char *const names[] = {
        [AST_JOB_PAUSE] = "PAUSE JOBS",
        [AST_JOB_RESUME] = "RESUME JOBS",
        [AST_JOB_CANCEL] = "CANCEL JOBS",
    };
    const struct ast_job_control *c = st->job_control;
    int64_t *ids;
    size_t n;
    (void)rows;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, names[c->command]));
    ERR_TRY(job_ids_of_select(x, c->jobs, names[c->command], &ids, &n));
    for (size_t i = 0; i < n; i++) {
        switch (c->command) {
        case AST_JOB_PAUSE:
            ERR_TRY(job_pause(x, ids[i]));
            break;
        case AST_JOB_RESUME:
            ERR_TRY(job_resume(x, ids[i]));
            break;
        case AST_JOB_CANCEL:
            ERR_TRY(job_cancel(x, ids[i]));
            break;
        }
    }
    *tag = arena_printf(x->arena, "%s %zu", names[c->command], n);
    return NULL;
}

static const struct statement_ops job_control_ops[] = {
    {.kind = AST_STMT_JOB_CONTROL, .tag = "PAUSE JOBS", .flags = STMT_WRITES,
     .placeholders = job_control_placeholders, .columns = job_control_columns, .run = job_control_run},
};
const struct statement_family statement_family_job_control = {
    job_control_ops, sizeof(job_control_ops) / sizeof(job_control_ops[0])};
