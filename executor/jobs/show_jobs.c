/* SHOW JOBS and crdb_internal.jobs. */
#include "config.h"

#include "executor/jobs/registry_int.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "catalog/pb.h"
#include "executor/statement.h"
#include "executor/virtual.h"
#include "types/decimal.h"

#define AGE_SHOWN_US (INT64_C(12) * 3600 * 1000000)
#define COMPLETE_POLL_NS 200000000                        /* 0.2 s */
#define COMPLETE_WAIT_NS (INT64_C(24) * 3600 * 1000000000)

enum { /* columns of crdb_internal.jobs */
    C_JOB_ID,
    C_JOB_TYPE,
    C_DESCRIPTION,
    C_STATEMENT,
    C_USER_NAME,
    C_DESCRIPTOR_IDS,
    C_STATUS,
    C_RUNNING_STATUS,
    C_CREATED,
    C_STARTED,
    C_FINISHED,
    C_MODIFIED,
    C_FRACTION,
    C_HIGH_WATER,
    C_ERROR,
    C_COORDINATOR,
    C_COUNT,
};

struct job_row {
    struct datum v[C_COUNT];
    int64_t finished_us, started_us; /* since 1970; 0 = not yet */
    bool automatic;
};

struct job_rows {
    struct arena *a;
    const char *user; /* NULL: all jobs; else only this user's */
    struct job_row *v;
    size_t n, cap;
};

static struct datum
text(struct arena *a, const char *s)
{
    return datum_cstr(arena_strdup(a, pb_str(s)));
}

static struct datum
micros(int64_t us)
{
    return us == 0 ? DATUM_NULL : datum_int(us - PG_EPOCH_US);
}

static struct datum
id_array(struct arena *a, const uint32_t *ids, size_t n)
{
    struct datum *v = ARENA_ARRAY(a, struct datum, n + 1);
    struct array *arr = ARENA_NEW(a, struct array);
    for (size_t i = 0; i < n; i++)
        v[i] = datum_int(ids[i]);
    arr->n = (int)n;
    arr->elem = &TYPE_INT8;
    arr->v = v;
    return (struct datum){.arr = arr};
}

static void
payload_columns(struct arena *a, const struct job_record *r, struct job_row *row)
{
    const Amberdb__Payload *p = r->payload;
    if (p == NULL) {
        for (int i = C_JOB_TYPE; i <= C_DESCRIPTOR_IDS; i++)
            row->v[i] = DATUM_NULL;
        row->v[C_ERROR] = datum_cstr(arena_printf(a, "error decoding payload: %s",
                                                  r->payload_error));
        return;
    }
    row->v[C_JOB_TYPE] = text(a, job_type_name(p));
    row->automatic = strcmp(job_type_name(p), "AUTO CREATE STATS") == 0;
    row->v[C_DESCRIPTION] = text(a, p->description);
    row->v[C_STATEMENT] = text(a, p->statement);
    row->v[C_USER_NAME] = text(a, p->username);
    row->v[C_DESCRIPTOR_IDS] = id_array(a, p->descriptor_ids, p->n_descriptor_ids);
    row->started_us = PB_GET(p, started_micros);
    row->finished_us = PB_GET(p, finished_micros);
    row->v[C_STARTED] = micros(row->started_us);
    row->v[C_FINISHED] = micros(row->finished_us);
    row->v[C_ERROR] = text(a, p->error);
    if (p->lease != NULL)
        row->v[C_COORDINATOR] = datum_int(PB_GET(p->lease, node_id));
}

static void
progress_columns(struct arena *a, const struct job_record *r, struct job_row *row)
{
    const Amberdb__Progress *p = r->progress;
    if (p == NULL) {
        if (r->progress_error != NULL && r->payload != NULL)
            row->v[C_ERROR] = datum_cstr(arena_printf(
                a, "%s%serror decoding progress: %s", pb_str(r->payload->error),
                *pb_str(r->payload->error) != '\0' ? "\n" : "", r->progress_error));
        return;
    }
    if (strcmp(r->status, "running") == 0 && *pb_str(p->running_status) != '\0')
        row->v[C_RUNNING_STATUS] = text(a, p->running_status);
    row->v[C_MODIFIED] = micros(PB_GET(p, modified_micros));
    if (p->progress_case == AMBERDB__PROGRESS__PROGRESS_HIGH_WATER) {
        char buf[HLC_STR_MAX];
        struct eval_env env = {.arena = a};
        hlc_format_decimal(pb_hlc(p->high_water), buf);
        struct error *e = datum_parse(&env, &TYPE_DECIMAL, slice_cstr(arena_strdup(a, buf)),
                                      &row->v[C_HIGH_WATER]);
        if (e != NULL)
            row->v[C_HIGH_WATER] = DATUM_NULL;
        err_free(e);
    } else {
        double f = p->progress_case == AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED
                       ? (double)p->fraction_completed
                       : 0;
        row->v[C_FRACTION] = datum_float(f);
    }
}

static struct error *
add_record(void *arg, const struct job_record *r)
{
    struct job_rows *l = arg;
    if (l->user != NULL &&
        (r->payload == NULL || strcmp(pb_str(r->payload->username), l->user) != 0))
        return NULL;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 32 : 2 * l->cap;
        l->v = arena_realloc(l->a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    struct job_row *row = &l->v[l->n++];
    *row = (struct job_row){0};
    for (int i = 0; i < C_COUNT; i++)
        row->v[i] = DATUM_NULL;
    row->v[C_JOB_ID] = datum_int(r->id);
    row->v[C_STATUS] = text(l->a, r->status);
    row->v[C_CREATED] = datum_int(r->created_us - PG_EPOCH_US);
    row->v[C_ERROR] = datum_cstr("");
    payload_columns(l->a, r, row);
    progress_columns(l->a, r, row);
    return NULL;
}

static struct error *
collect_jobs(struct exec_ctx *x, struct job_rows *l)
{
    bool admin;
    ERR_TRY(catalog_is_admin(x->catalog, x->user, &admin));
    *l = (struct job_rows){.a = x->arena, .user = admin ? NULL : x->user};
    return job_record_scan(x, add_record, l);
}

/* ---- crdb_internal.jobs ---- */

static struct error *
jobs_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct job_rows l;
    (void)v;
    ERR_TRY(collect_jobs(x, &l));
    for (size_t i = 0; i < l.n; i++)
        ERR_TRY(row_put(rows, l.v[i].v));
    return NULL;
}

static const struct virtual_table jobs_tables[] = {
    {"crdb_internal", "jobs",
     "job_id INT8, job_type STRING, description STRING, statement STRING, user_name STRING, "
     "descriptor_ids INT8[], status STRING, running_status STRING, created TIMESTAMP, "
     "started TIMESTAMP, finished TIMESTAMP, modified TIMESTAMP, fraction_completed FLOAT8, "
     "high_water_timestamp DECIMAL, error STRING, coordinator_id INT8",
     jobs_rows, "decoded job metadata from system.jobs (KV scan)"},
};
const struct virtual_group virtual_group_jobs = {jobs_tables,
                                                 sizeof(jobs_tables) / sizeof(jobs_tables[0])};

/* ---- SHOW JOBS ---- */

static const struct result_column show_columns[] = {
    {.name = "job_id", .type = &TYPE_INT8},
    {.name = "job_type", .type = &TYPE_STRING},
    {.name = "description", .type = &TYPE_STRING},
    {.name = "statement", .type = &TYPE_STRING},
    {.name = "user_name", .type = &TYPE_STRING},
    {.name = "status", .type = &TYPE_STRING},
    {.name = "running_status", .type = &TYPE_STRING},
    {.name = "created", .type = &TYPE_TIMESTAMP},
    {.name = "started", .type = &TYPE_TIMESTAMP},
    {.name = "finished", .type = &TYPE_TIMESTAMP},
    {.name = "modified", .type = &TYPE_TIMESTAMP},
    {.name = "fraction_completed", .type = &TYPE_FLOAT8},
    {.name = "error", .type = &TYPE_STRING},
    {.name = "coordinator_id", .type = &TYPE_INT8},
};
static const uint8_t show_from[] = {
    C_JOB_ID,  C_JOB_TYPE, C_DESCRIPTION, C_STATEMENT, C_USER_NAME, C_STATUS, C_RUNNING_STATUS,
    C_CREATED, C_STARTED,  C_FINISHED,    C_MODIFIED,  C_FRACTION,  C_ERROR,  C_COORDINATOR,
};
_Static_assert(sizeof(show_from) == sizeof(show_columns) / sizeof(show_columns[0]),
               "one source a column");

static struct error *
show_jobs_placeholders(struct exec_ctx *x, const struct ast_stmt *st)
{
    job_ids_placeholders(x, st->show->jobs);
    return NULL;
}

static struct error *
show_jobs_columns(struct exec_ctx *x, const struct ast_stmt *st, int *n,
                  const struct result_column **cols)
{
    if (st->show->jobs != NULL) { /* its placeholders get their types */
        const struct plan_column *of_query;
        ERR_TRY(exec_select_columns(x, st->show->jobs, n, &of_query));
    }
    *n = (int)(sizeof(show_columns) / sizeof(show_columns[0]));
    *cols = show_columns;
    return NULL;
}

static int
newest_first(const void *pa, const void *pb)
{
    const struct job_row *a = *(struct job_row *const *)pa, *b = *(struct job_row *const *)pb;
    int64_t fa = a->finished_us == 0 ? INT64_MAX : a->finished_us;
    int64_t fb = b->finished_us == 0 ? INT64_MAX : b->finished_us;
    if (fa != fb)
        return fa > fb ? -1 : 1;
    return (a->started_us < b->started_us) - (a->started_us > b->started_us);
}

static bool
shown(const struct job_row *r, bool automatic, const int64_t *ids, size_t n_ids, bool by_id)
{
    if (!by_id)
        return r->automatic == automatic &&
               (r->finished_us == 0 || r->finished_us > wall_now_ns() / 1000 - AGE_SHOWN_US);
    for (size_t i = 0; i < n_ids; i++)
        if (ids[i] == r->v[C_JOB_ID].i)
            return true;
    return false;
}

static struct error *
any_unfinished(struct exec_ctx *x, void *arg)
{
    struct id_list {
        const int64_t *v;
        size_t n;
        bool unfinished;
    } *l = arg;
    l->unfinished = false;
    for (size_t i = 0; i < l->n; i++) {
        struct job_record r;
        bool found;
        ERR_TRY(job_record_get(x, x->arena, l->v[i], &r, &found));
        l->unfinished |= found && !job_status_is_terminal(r.status);
    }
    return NULL;
}

/* WHEN COMPLETE: until each of them has ended. */
static struct error *
wait_complete(struct exec_ctx *x, const int64_t *ids, size_t n)
{
    struct {
        const int64_t *v;
        size_t n;
        bool unfinished;
    } l = {ids, n, false};
    int64_t end = monotonic_now_ns() + COMPLETE_WAIT_NS;
    while (monotonic_now_ns() < end) {
        ERR_TRY(cancel_check(x->cancel));
        ERR_TRY(exec_txn(x->node, NULL, "system", HLC_MIN, x->cancel, any_unfinished, &l));
        if (!l.unfinished)
            return NULL;
        struct timespec ts = {.tv_nsec = COMPLETE_POLL_NS};
        nanosleep(&ts, NULL);
    }
    return err_new(ERR_UNCATEGORIZED, "jobs did not complete within 24 hours");
}

struct show_arg {
    const struct ast_show *show;
    const int64_t *ids;
    size_t n_ids;
    const char *user;
    struct row_sink *rows;
};

static struct error *
show_txn(struct exec_ctx *x, void *arg)
{
    struct show_arg *s = arg;
    struct job_rows l;
    ERR_TRY(collect_jobs(x, &l));
    struct job_row **order = ARENA_ARRAY(x->arena, struct job_row *, l.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < l.n; i++)
        if (shown(&l.v[i], s->show->automatic, s->ids, s->n_ids, s->show->jobs != NULL))
            order[n++] = &l.v[i];
    if (s->show->jobs == NULL && n > 1)
        qsort(order, n, sizeof(order[0]), newest_first);
    for (size_t i = 0; i < n; i++) {
        struct datum row[sizeof(show_from)];
        for (size_t c = 0; c < sizeof(show_from); c++)
            row[c] = order[i]->v[show_from[c]];
        ERR_TRY(row_put(s->rows, row));
    }
    return NULL;
}

static struct error *
show_jobs_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    struct show_arg s = {.show = st->show, .rows = rows};
    int64_t *ids = NULL;
    (void)tag;
    if (s.show->jobs != NULL)
        ERR_TRY(job_ids_of_select(x, s.show->jobs, "SHOW JOBS", &ids, &s.n_ids));
    s.ids = ids;
    if (!s.show->block)
        return show_txn(x, &s);
    ERR_TRY(wait_complete(x, s.ids, s.n_ids));
    /* what this transaction reads is from before the wait */
    return exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, show_txn, &s);
}

static const struct statement_ops show_jobs_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_JOBS, .tag = "SHOW JOBS ",
     .placeholders = show_jobs_placeholders, .columns = show_jobs_columns, .run = show_jobs_run},
};
const struct statement_family statement_family_show_jobs = {
    show_jobs_ops, sizeof(show_jobs_ops) / sizeof(show_jobs_ops[0])};
