/* Who runs jobs: threads of this node, the sweep for requests, adoption after a crash.
 *
 *     run_main (one thread a job)
 *         load the record, then by its status:
 *             running                    ops->resume -> succeeded | paused | reverting
 *             reverting                  ops->revert -> failed | canceled
 *             pause-/cancel-requested    paused | reverting
 *     sweep_main (one thread a node)
 *         every second, or when nudged: requests of other sessions, records that nobody runs, retention
 *
 * The record in system.jobs is the truth; what is in memory only makes waiting cheap. A run stays in
 * the list for a while after its end, so that the statement that started it finds its result.
 */
#include "config.h"

#include "executor/jobs/registry_int.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/thread.h"
#include "catalog/pb.h"
#include "catalog/sysrow.h"
#include "executor/members.h"
#include "executor/settings.h"

#define SWEEP_INTERVAL_NS INT64_C(1000000000)
#define RETENTION_INTERVAL_NS (INT64_C(3600) * 1000000000)
#define RETENTION_BATCH 1000
#define KEEP_DONE_NS (INT64_C(60) * 1000000000)  /* results of finished runs */
#define RESULT_ROWS_MAX 64
/* A node that does not answer counts as dead after nine seconds: pauses that double, past that. */
#define NODE_PAUSE_NS INT64_C(1000000000)
#define NODE_TRIES 4
#define NODE_LOOK_NS INT64_C(200000000)

struct run {
    struct run *next;
    struct job job;
    const struct job_ops *ops;
    pthread_t thread;
    enum job_request request;
    bool done, joined;
    bool taken;                 /* somebody has had the outcome */
    int64_t done_ns;
    int waiters;
    enum { RAN_SUCCEEDED, RAN_FAILED, RAN_PAUSED, RAN_CANCELED, RAN_STOPPED } outcome;
    struct error *error;        /* RAN_FAILED */
    /* rows that resume gave */
    struct row_sink sink;
    struct arena *result_arena;
    struct datum *rows[RESULT_ROWS_MAX];
    int n_rows;
};

struct job_registry {
    struct node *node;
    struct mutex lock;
    struct cond changed;        /* a run ended, or the sweep has work */
    struct run *runs;
    pthread_t sweeper;
    bool started, stopping, nudged;
    bool draining;              /* others do it */
    bool forbidden;             /* opts.no_jobs_file was there when the last sweep looked */
    int64_t next_retention_ns;
    /* The sweeper's: live jobs of kinds that have no worker, ascending. What was dropped waits for garbage
     * collection as such for a day; a sweep need not read thousands of these records again. */
    int64_t *left;
    size_t n_left;
};

static void *run_main(void *arg);

/* ---- the record ---- */

struct modify_arg {
    int64_t id;
    struct error *(*fn)(void *arg, struct arena *a, struct job_record *r);
    void *arg;
};

static struct error *
modify_txn(struct exec_ctx *x, void *arg)
{
    struct modify_arg *m = arg;
    struct job_record r;
    bool found;
    ERR_TRY(job_record_get(x, x->arena, m->id, &r, &found));
    if (!found)
        return err_new(ERR_UNCATEGORIZED, "job with ID %lld does not exist", (long long)m->id);
    if (r.payload == NULL)
        return err_new(ERR_DATA_CORRUPTED, "job %lld: error decoding payload: %s",
                       (long long)m->id, r.payload_error);
    ERR_TRY(m->fn(m->arg, x->arena, &r));
    return job_record_put(x, &r);
}

struct error *
job_modify(struct node *n, int64_t id,
           struct error *(*fn)(void *arg, struct arena *a, struct job_record *r), void *arg)
{
    struct modify_arg m = {id, fn, arg};
    return exec_txn(n, NULL, "system", HLC_MIN, NULL, modify_txn, &m);
}

static Amberdb__Progress *
progress_touch(struct arena *a, struct job_record *r)
{
    if (r->progress == NULL)
        r->progress = PB_NEW(a, Progress, progress);
    PB_SET(r->progress, modified_micros, wall_now_ns() / 1000);
    return r->progress;
}

static void
progress_set_fraction(Amberdb__Progress *p, double fraction)
{
    p->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
    p->fraction_completed = (float)fraction;
}

/* SOURCE: CockroachDB v20.1 stores errors as errorspb.EncodedError { leaf = 1 { message = 1 } }. */
static struct slice
encode_error(struct arena *a, const char *text)
{
    struct str leaf, s;
    uint8_t b[ENC_UVARINT_MAX];
    size_t len = strlen(text);
    str_init_arena(&leaf, a, len + 32);
    str_append_char(&leaf, 0x0a);
    str_append(&leaf, b, enc_put_uvarint(b, len));
    str_append(&leaf, text, len);
    str_init_arena(&s, a, len + 64);
    str_append_char(&s, 0x0a);
    str_append(&s, b, enc_put_uvarint(b, leaf.len));
    str_append_slice(&s, str_slice(&leaf));
    return str_slice(&s);
}

static char *
decode_error(struct arena *a, ProtobufCBinaryData b)
{
    struct reader r = reader_make(pb_bytes(b));
    for (int i = 0; i < 2; i++) { /* leaf, message */
        uint64_t len;
        if (reader_left(&r) < 2 || reader_u8(&r) != 0x0a)
            return arena_strdup(a, "");
        size_t n = enc_get_uvarint(r.ptr, reader_left(&r), &len);
        if (n == 0 || len > reader_left(&r) - n)
            return arena_strdup(a, "");
        r.ptr += n;
        r.end = r.ptr + len;
    }
    return arena_strndup(a, (const char *)r.ptr, reader_left(&r));
}

/* ---- who runs it ---- */

static bool
lease_is_ours(const struct node *n, const Amberdb__Payload *p)
{
    return p->lease != NULL && PB_GET(p->lease, node_id) == n->node_id &&
           PB_GET(p->lease, epoch) == n->epoch;
}

/* Another process of the store, which lives. */
static bool
lease_is_others(struct node *n, const Amberdb__Payload *p)
{
    return p->lease != NULL && !lease_is_ours(n, p) &&
           members_alive(n, PB_GET(p->lease, node_id), PB_GET(p->lease, epoch));
}

static void
lease_take(const struct node *n, struct arena *a, Amberdb__Payload *p)
{
    p->lease = PB_NEW(a, JobLease, job_lease);
    PB_SET(p->lease, node_id, n->node_id);
    PB_SET(p->lease, epoch, n->epoch);
}

/* We were thought dead, and another process goes on with the job: nothing more is ours to write. */
static struct error *
lease_lost(int64_t id)
{
    return err_new(ERR_OBJECT_IN_USE, "job %lld: another node runs it now", (long long)id);
}

struct status_arg {
    struct node *node;
    const char *status;
    const char *error;      /* recorded as the error that reverting is for; NULL: leave it */
    bool clear_lease;
};

static struct error *
status_fn(void *arg, struct arena *a, struct job_record *r)
{
    struct status_arg *s = arg;
    Amberdb__Payload *p = r->payload;
    if (job_status_is_terminal(r->status))
        return err_new(ERR_UNCATEGORIZED, "job %lld: already %s", (long long)r->id, r->status);
    if (!lease_is_ours(s->node, p))
        return lease_lost(r->id);
    /* The request was an old one: since then it was resumed, or canceled. */
    if (strcmp(s->status, "paused") == 0 && strcmp(r->status, "pause-requested") != 0)
        return err_new(ERR_OBJECT_IN_USE, "job %lld: not to be paused any more", (long long)r->id);
    r->status = s->status;
    if (s->error != NULL) {
        p->error = arena_strdup(a, s->error);
        pb_set_bytes(a, &p->final_resume_error, &p->has_final_resume_error,
                     encode_error(a, s->error));
    }
    if (job_status_is_terminal(s->status)) {
        PB_SET(p, finished_micros, wall_now_ns() / 1000);
        Amberdb__Progress *pr = progress_touch(a, r);
        if (strcmp(s->status, "succeeded") == 0)
            progress_set_fraction(pr, 1.0);
        pr->running_status = NULL;
        s->clear_lease = true;
    }
    if (s->clear_lease)
        p->lease = NULL;
    return NULL;
}

static struct error *
set_status(struct run *r, const char *status, const char *error)
{
    struct status_arg s = {.node = r->job.node, .status = status, .error = error,
                           .clear_lease = strcmp(status, "paused") == 0};
    return job_modify(r->job.node, r->job.id, status_fn, &s);
}

/* ---- running ---- */

static struct error *
keep_row(struct row_sink *sink, const struct datum *row)
{
    struct run *r = (struct run *)(void *)((char *)sink - offsetof(struct run, sink));
    if (r->n_rows == RESULT_ROWS_MAX)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "a job gives at most %d rows", RESULT_ROWS_MAX);
    struct datum *copy = ARENA_ARRAY(r->result_arena, struct datum, r->ops->n_columns);
    for (int i = 0; i < r->ops->n_columns; i++)
        copy[i] = datum_copy(r->result_arena, r->ops->columns[i].type, &row[i]);
    r->rows[r->n_rows++] = copy;
    return NULL;
}

static struct error *
load_fn(void *arg, struct arena *a, struct job_record *rec)
{
    struct run *r = arg;
    if (lease_is_others(r->job.node, rec->payload))
        return lease_lost(rec->id);
    lease_take(r->job.node, a, rec->payload);
    r->job.payload = (Amberdb__Payload *)pb_copy(r->job.arena, PB_BASE(rec->payload));
    r->job.progress = rec->progress != NULL
                          ? (Amberdb__Progress *)pb_copy(r->job.arena, PB_BASE(rec->progress))
                          : PB_NEW(r->job.arena, Progress, progress);
    r->job.type = job_type_of(rec->payload);
    return NULL;
}

static enum job_request
request_of(struct run *r)
{
    struct job_registry *reg = r->job.registry;
    mutex_lock(&reg->lock);
    enum job_request q = r->request;
    mutex_unlock(&reg->lock);
    return q;
}

/* Nothing is to be written any more (shutdown, or the store fails): the record says how to go on. */
static void
stopped(struct run *r, struct error *e)
{
    if (e != NULL)
        log_warning("job %lld: %s", (long long)r->job.id, e->message);
    err_free(e);
    r->outcome = RAN_STOPPED;
}

/* The end of a failed or canceled job: undo, then its last status. */
static void
revert(struct run *r, const char *why)
{
    bool canceled = strcmp(why, "job canceled by user") == 0;
    struct error *e = r->ops->revert != NULL ? r->ops->revert(&r->job) : NULL;
    if (e != NULL && cancel_requested(&r->job.cancel) && request_of(r) == JOB_REQUEST_NONE) {
        stopped(r, e);
        return;
    }
    if (e != NULL && request_of(r) == JOB_REQUEST_PAUSE) {
        err_free(e);
        e = set_status(r, "paused", NULL);
        r->outcome = RAN_PAUSED;
        if (e != NULL)
            stopped(r, e);
        return;
    }
    if (e != NULL) {
        char *text = arena_printf(r->job.arena,
                                  "job %lld: cannot be reverted, manual cleanup may be required: %s",
                                  (long long)r->job.id, e->message);
        err_free(e);
        e = set_status(r, "failed", text);
        canceled = false;
        if (r->error != NULL) {
            err_free(r->error);
            r->error = err_new(ERR_UNCATEGORIZED, "%s", text);
        }
    } else {
        e = set_status(r, canceled ? "canceled" : "failed", why);
    }
    r->outcome = canceled ? RAN_CANCELED : RAN_FAILED;
    if (e != NULL)
        stopped(r, e);
}

/* ---- nodes that it needs ---- */

/* A request to stop is for anybody. */
static bool
is_for_us(struct node *n, const struct job_ops *ops, const struct job_record *rec)
{
    return n->members == NULL || ops->suits == NULL || strcmp(rec->status, "running") != 0 ||
           ops->suits(n, rec->payload);
}

/* It lost a node whose files it reads or writes, and which may be back. That it is gone is known a while
 * later only; *tries counts when it was there, and nothing came of it all the same. */
static bool
is_worth_waiting(struct run *r, const struct error *e, int *tries)
{
    struct job *j = &r->job;
    bool lost = err_is(e, ERR_CONNECTION_FAILURE) || strcmp(e->sqlstate, "08006") == 0;
    if (!lost || j->node->members == NULL || r->ops->leans == NULL || !r->ops->leans(j->payload))
        return false;
    int64_t until = monotonic_now_ns() + (NODE_PAUSE_NS << *tries);
    bool away = false, there;
    while (!cancel_requested(&j->cancel)) {
        there = r->ops->suits(j->node, j->payload);
        away = away || !there;
        if (there && (away || monotonic_now_ns() >= until))
            break;
        nanosleep(&(struct timespec){0, NODE_LOOK_NS}, NULL);
    }
    *tries = away ? 0 : *tries + 1;
    return !cancel_requested(&j->cancel) && *tries <= NODE_TRIES;
}

/* As a node that takes it up would. */
static struct error *
resume_again(struct run *r)
{
    ERR_TRY(job_modify(r->job.node, r->job.id, load_fn, r));
    r->job.fresh = false;
    r->job.state = NULL;
    r->n_rows = 0;
    return r->ops->resume(&r->job, &r->sink);
}

static void
resume(struct run *r)
{
    struct error *e = r->ops->resume(&r->job, &r->sink);
    for (int tries = 0; e != NULL && !cancel_requested(&r->job.cancel) && is_worth_waiting(r, e, &tries);) {
        log_warning("job %lld: %s; going on", (long long)r->job.id, e->message);
        err_free(e);
        e = resume_again(r);
    }
    if (e == NULL) {
        e = set_status(r, "succeeded", NULL);
        r->outcome = RAN_SUCCEEDED;
        if (e != NULL)
            stopped(r, e);
        return;
    }
    enum job_request q = request_of(r);
    if (q == JOB_REQUEST_PAUSE) {
        err_free(e);
        e = set_status(r, "paused", NULL);
        r->outcome = RAN_PAUSED;
        if (e != NULL)
            stopped(r, e);
        return;
    }
    if (q == JOB_REQUEST_NONE && cancel_requested(&r->job.cancel)) {
        stopped(r, e);
        return;
    }
    char *why = arena_strdup(r->job.arena,
                             q == JOB_REQUEST_CANCEL ? "job canceled by user" : e->message);
    if (q == JOB_REQUEST_CANCEL) {
        err_free(e);
        atomic_store(&r->job.cancel.reason, CANCEL_NONE); /* the revert is not to be canceled */
    } else {
        log_warning("job %lld (%s) failed: %s", (long long)r->job.id, r->ops->name, why);
        r->error = e;
    }
    e = set_status(r, "reverting", why);
    if (e != NULL) {
        stopped(r, e);
        return;
    }
    revert(r, why);
}

static void
run_once(struct run *r)
{
    struct job_record rec = {0};
    struct error *e = job_modify(r->job.node, r->job.id, load_fn, r);
    if (e == NULL)
        e = job_status(r->job.node, r->job.arena, r->job.id, &rec);
    if (e != NULL) {
        stopped(r, e);
        return;
    }
    if (strcmp(rec.status, "running") == 0 || strcmp(rec.status, "pending") == 0) {
        resume(r);
    } else if (strcmp(rec.status, "reverting") == 0) {
        char *why = rec.payload->has_final_resume_error
                        ? decode_error(r->job.arena, rec.payload->final_resume_error)
                        : arena_strdup(r->job.arena, pb_str(rec.payload->error));
        r->error = err_new(ERR_UNCATEGORIZED, "%s", why);
        revert(r, why);
    } else if (strcmp(rec.status, "pause-requested") == 0) {
        r->outcome = RAN_PAUSED;
        e = set_status(r, "paused", NULL);
        if (e != NULL)
            stopped(r, e);
    } else if (strcmp(rec.status, "cancel-requested") == 0) {
        e = set_status(r, "reverting", "job canceled by user");
        if (e != NULL)
            stopped(r, e);
        else
            revert(r, "job canceled by user");
    } else {
        stopped(r, NULL);
    }
}

static struct error *
release_fn(void *arg, struct arena *a, struct job_record *rec)
{
    const struct run *r = arg;
    (void)a;
    if (!job_status_is_terminal(rec->status) && lease_is_ours(r->job.node, rec->payload))
        rec->payload->lease = NULL;
    return NULL;
}

static bool
is_draining(struct job_registry *reg)
{
    mutex_lock(&reg->lock);
    bool draining = reg->draining || reg->forbidden;
    mutex_unlock(&reg->lock);
    return draining;
}

static void *
run_main(void *arg)
{
    struct run *r = arg;
    struct job_registry *reg = r->job.registry;
    run_once(r);
    if (r->outcome == RAN_STOPPED && is_draining(reg)) {
        struct error *e = job_modify(r->job.node, r->job.id, release_fn, r);
        if (e != NULL) /* it is taken over when we are dead */
            log_warning("job %lld: %s", (long long)r->job.id, e->message);
        err_free(e);
    }
    arena_destroy(r->job.arena); /* what is left is the outcome and its rows */
    mutex_lock(&reg->lock);
    r->job.arena = NULL;
    r->done = true;
    r->done_ns = monotonic_now_ns();
    cond_broadcast(&reg->changed);
    mutex_unlock(&reg->lock);
    return NULL;
}

static struct run *
find_run(struct job_registry *reg, int64_t id, bool alive)
{
    for (struct run *r = reg->runs; r != NULL; r = r->next)
        if (r->job.id == id && (!alive || !r->done))
            return r;
    return NULL;
}

static void
run_free(struct run *r)
{
    if (!r->joined)
        pthread_join(r->thread, NULL);
    err_free(r->error);
    arena_destroy(r->job.arena);
    arena_destroy(r->result_arena);
    xfree(r);
}

/* Start a thread for a job that nobody runs. */
static struct error *
start_run(struct job_registry *reg, int64_t id, const struct job_ops *ops, bool fresh)
{
    mutex_lock(&reg->lock);
    if (reg->stopping || reg->draining || find_run(reg, id, true) != NULL) {
        mutex_unlock(&reg->lock);
        return NULL;
    }
    struct run *r = xcalloc(1, sizeof(*r));
    r->ops = ops;
    r->job.id = id;
    r->job.type = ops->type;
    r->job.fresh = fresh;
    r->job.node = reg->node;
    r->job.registry = reg;
    r->job.arena = arena_create(NULL, "job");
    r->result_arena = arena_create(NULL, "job result");
    r->sink.put = keep_row;
    struct error *e = thread_start(&r->thread, "job", run_main, r);
    if (e != NULL) {
        r->joined = true;
        run_free(r);
    } else {
        r->next = reg->runs;
        reg->runs = r;
    }
    mutex_unlock(&reg->lock);
    return e;
}

/* ---- the sweep ---- */

struct sweep {
    struct job_registry *reg;
    struct arena *a;
    int64_t *start, *drop;
    size_t n_start, cap_start, n_drop;
    int64_t drop_before_us; /* finished before: drop; 0: no retention now */
    struct { int64_t id; enum job_request request; } *requests;
    size_t n_requests, cap_requests;
    int64_t *left; /* for the registry, once the sweep is done; see there */
    size_t n_left;
};

static enum job_request
request_in(const char *status)
{
    return strcmp(status, "pause-requested") == 0    ? JOB_REQUEST_PAUSE
           : strcmp(status, "cancel-requested") == 0 ? JOB_REQUEST_CANCEL
                                                     : JOB_REQUEST_NONE;
}

static struct error *
sweep_record(void *arg, const struct job_record *rec)
{
    struct sweep *s = arg;
    if (rec->payload == NULL)
        return NULL;
    if (job_status_is_terminal(rec->status)) {
        if (s->drop_before_us != 0 && PB_GET(rec->payload, finished_micros) != 0 &&
            PB_GET(rec->payload, finished_micros) < s->drop_before_us &&
            s->n_drop < RETENTION_BATCH)
            s->drop[s->n_drop++] = rec->id;
        return NULL;
    }
    if (strcmp(rec->status, "paused") == 0 || job_ops_find(job_type_of(rec->payload)) == NULL ||
        lease_is_others(s->reg->node, rec->payload))
        return NULL;
    mutex_lock(&s->reg->lock);
    bool here = find_run(s->reg, rec->id, true) != NULL;
    mutex_unlock(&s->reg->lock);
    enum job_request q = request_in(rec->status);
    if (here && q == JOB_REQUEST_NONE)
        return NULL;
    if (s->n_start == s->cap_start) {
        size_t cap = s->cap_start == 0 ? 16 : 2 * s->cap_start;
        s->start = arena_realloc(s->a, s->start, s->cap_start * sizeof(int64_t),
                                 cap * sizeof(int64_t));
        s->requests = arena_realloc(s->a, s->requests, s->cap_start * sizeof(*s->requests),
                                    cap * sizeof(*s->requests));
        s->cap_start = cap;
    }
    if (here) {
        s->requests[s->n_requests].id = rec->id;
        s->requests[s->n_requests++].request = q;
    } else {
        s->start[s->n_start++] = rec->id;
    }
    return NULL;
}

static int
id_cmp(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool
is_left(const struct job_registry *reg, int64_t id)
{
    return reg->n_left > 0 && bsearch(&id, reg->left, reg->n_left, sizeof(id), id_cmp) != NULL;
}

struct active {
    struct arena *a;
    int64_t *ids;
    size_t n, cap;
};

static struct error *
add_active(void *arg, const struct datum *row, bool *stop)
{
    struct active *l = arg;
    (void)stop;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
        l->ids = arena_realloc(l->a, l->ids, l->cap * sizeof(int64_t), cap * sizeof(int64_t));
        l->cap = cap;
    }
    l->ids[l->n++] = row[0].i;
    return NULL;
}

/* Most records have ended long ago: the index by status finds the others. */
static struct error *
sweep_active(struct exec_ctx *x, struct sweep *s)
{
    static const char *const live[] = {"running", "pending", "reverting", "pause-requested",
                                       "cancel-requested"};
    struct active l = {.a = x->arena};
    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
        struct datum status = datum_cstr(live[i]);
        ERR_TRY(sys_scan(x->catalog, ID_JOBS, "jobs_status_created_idx", &status, 1, add_active,
                         &l));
    }
    s->left = ARENA_ARRAY(s->a, int64_t, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        struct job_record r;
        bool found;
        if (is_left(s->reg, l.ids[i])) {
            s->left[s->n_left++] = l.ids[i];
            continue;
        }
        ERR_TRY(job_record_get(x, x->arena, l.ids[i], &r, &found));
        if (found && r.payload != NULL && job_ops_find(job_type_of(r.payload)) == NULL)
            s->left[s->n_left++] = l.ids[i];
        else if (found)
            ERR_TRY(sweep_record(s, &r));
    }
    return NULL;
}

static void
keep_left(struct job_registry *reg, const struct sweep *s)
{
    xfree(reg->left);
    reg->n_left = s->n_left;
    reg->left = xcalloc(s->n_left + 1, sizeof(*s->left));
    memcpy(reg->left, s->left, s->n_left * sizeof(*s->left));
    qsort(reg->left, reg->n_left, sizeof(*reg->left), id_cmp);
}

static struct error *
sweep_txn(struct exec_ctx *x, void *arg)
{
    struct sweep *s = arg;
    s->n_start = s->n_drop = s->n_requests = s->n_left = 0;
    if (s->drop_before_us == 0)
        return sweep_active(x, s);
    ERR_TRY(job_record_scan(x, sweep_record, s));
    for (size_t i = 0; i < s->n_drop; i++)
        ERR_TRY(job_record_delete(x, s->drop[i]));
    return NULL;
}

void
job_request(struct job_registry *reg, int64_t id, enum job_request q)
{
    mutex_lock(&reg->lock);
    struct run *r = find_run(reg, id, true);
    if (r != NULL && r->request == JOB_REQUEST_NONE) {
        r->request = q;
        cancel_request(&r->job.cancel, CANCEL_USER);
    }
    reg->nudged = true;
    cond_broadcast(&reg->changed);
    mutex_unlock(&reg->lock);
}

/* SOURCE: CockroachDB v20.1 pkg/jobs/registry.go, preventAdoptionFile: what runs stops, nothing starts. */
static bool
check_forbidden(struct job_registry *reg)
{
    const char *path = reg->node->opts.no_jobs_file;
    bool now = path != NULL && access(path, F_OK) == 0;
    mutex_lock(&reg->lock);
    if (now && !reg->forbidden)
        log_warning("jobs: none is started while %s exists", path);
    reg->forbidden = now;
    for (struct run *r = reg->runs; now && r != NULL; r = r->next)
        if (!r->done)
            cancel_request(&r->job.cancel, CANCEL_SHUTDOWN);
    mutex_unlock(&reg->lock);
    return now;
}

static struct error *
sweep_once(struct job_registry *reg)
{
    bool forbidden = check_forbidden(reg);
    struct sweep s = {.reg = reg, .a = arena_create(NULL, "job sweep")};
    int64_t now = monotonic_now_ns();
    if (now >= reg->next_retention_ns && setting_find("jobs.retention_time") != NULL) {
        reg->next_retention_ns = now + RETENTION_INTERVAL_NS;
        int64_t keep = settings_duration_ns(reg->node, "jobs.retention_time");
        s.drop_before_us = (wall_now_ns() - keep) / 1000;
    }
    s.drop = ARENA_ARRAY(s.a, int64_t, RETENTION_BATCH);
    struct error *e = exec_txn(reg->node, NULL, "system", HLC_MIN, &reg->node->shutdown, sweep_txn,
                               &s);
    if (e == NULL && s.left != NULL)
        keep_left(reg, &s);
    for (size_t i = 0; e == NULL && i < s.n_requests; i++)
        job_request(reg, s.requests[i].id, s.requests[i].request);
    for (size_t i = 0; e == NULL && i < s.n_start && !forbidden; i++)
        e = job_run_now(reg->node, s.start[i]);
    arena_destroy(s.a);
    return e;
}

/* Drop results that nobody came for. With the lock held. */
static struct run *
take_expired(struct job_registry *reg)
{
    int64_t now = monotonic_now_ns();
    struct run *out = NULL;
    for (struct run **p = &reg->runs; *p != NULL;) {
        struct run *r = *p;
        if (r->done && !r->joined) { /* its thread is past everything but returning */
            pthread_join(r->thread, NULL);
            r->joined = true;
        }
        if (r->done && r->waiters == 0 && (r->taken || now - r->done_ns > KEEP_DONE_NS)) {
            *p = r->next;
            r->next = out;
            out = r;
        } else {
            p = &r->next;
        }
    }
    return out;
}

static void *
sweep_main(void *arg)
{
    struct job_registry *reg = arg;
    int64_t last_scan = 0;
    mutex_lock(&reg->lock);
    while (!reg->stopping) {
        if (!reg->nudged)
            cond_wait_ns(&reg->changed, &reg->lock, SWEEP_INTERVAL_NS);
        bool due = !reg->stopping &&
                   (reg->nudged || monotonic_now_ns() - last_scan >= SWEEP_INTERVAL_NS);
        struct run *expired = take_expired(reg);
        if (!due && expired == NULL)
            continue;
        reg->nudged = false;
        mutex_unlock(&reg->lock);
        while (expired != NULL) {
            struct run *next = expired->next;
            run_free(expired);
            expired = next;
        }
        if (due) {
            last_scan = monotonic_now_ns();
            struct error *e = sweep_once(reg);
            if (e != NULL && !err_is(e, ERR_ADMIN_SHUTDOWN) && !err_is(e, ERR_QUERY_CANCELED))
                log_warning("jobs: %s", e->message);
            err_free(e);
        }
        mutex_lock(&reg->lock);
    }
    mutex_unlock(&reg->lock);
    return NULL;
}

/* ---- the registry ---- */

struct error *
job_registry_create(struct node *n, struct job_registry **out)
{
    struct job_registry *r = xcalloc(1, sizeof(*r));
    r->node = n;
    mutex_init(&r->lock, RANK_JOB_REGISTRY);
    cond_init(&r->changed);
    *out = r;
    return NULL;
}

struct error *
job_registry_start(struct job_registry *r)
{
    r->nudged = true; /* the first sweep adopts what an earlier process left */
    ERR_TRY(thread_start(&r->sweeper, "jobs", sweep_main, r));
    r->started = true;
    return NULL;
}

void
job_registry_stop(struct job_registry *reg)
{
    mutex_lock(&reg->lock);
    reg->stopping = true;
    for (struct run *r = reg->runs; r != NULL; r = r->next)
        if (!r->done)
            cancel_request(&r->job.cancel, CANCEL_SHUTDOWN);
    cond_broadcast(&reg->changed);
    mutex_unlock(&reg->lock);
    if (reg->started)
        pthread_join(reg->sweeper, NULL);
    reg->started = false;
    for (struct run *r = reg->runs; r != NULL; r = r->next) {
        if (!r->joined)
            pthread_join(r->thread, NULL);
        r->joined = true;
    }
}

void
job_registry_drain(struct job_registry *reg)
{
    mutex_lock(&reg->lock);
    reg->draining = true;
    for (struct run *r = reg->runs; r != NULL; r = r->next)
        if (!r->done)
            cancel_request(&r->job.cancel, CANCEL_SHUTDOWN);
    mutex_unlock(&reg->lock);
}

bool
job_registry_takes(struct job_registry *reg)
{
    mutex_lock(&reg->lock);
    bool takes = !reg->stopping && !reg->draining && !reg->forbidden;
    mutex_unlock(&reg->lock);
    return takes;
}

int
job_registry_running(struct job_registry *reg)
{
    int n = 0;
    mutex_lock(&reg->lock);
    for (struct run *r = reg->runs; r != NULL; r = r->next)
        n += !r->done;
    mutex_unlock(&reg->lock);
    return n;
}

void
job_registry_destroy(struct job_registry *reg)
{
    while (reg->runs != NULL) {
        struct run *r = reg->runs;
        reg->runs = r->next;
        run_free(r);
    }
    cond_destroy(&reg->changed);
    mutex_destroy(&reg->lock);
    xfree(reg->left);
    xfree(reg);
}

struct record_arg {
    struct arena *a;
    int64_t id;
    struct job_record *out;
};

static struct error *
record_txn(struct exec_ctx *x, void *arg)
{
    struct record_arg *ra = arg;
    bool found;
    ERR_TRY(job_record_get(x, ra->a, ra->id, ra->out, &found));
    if (!found)
        return err_new(ERR_UNCATEGORIZED, "job with ID %lld does not exist", (long long)ra->id);
    if (ra->out->payload == NULL)
        return err_new(ERR_DATA_CORRUPTED, "job %lld: error decoding payload: %s",
                       (long long)ra->id, ra->out->payload_error);
    return NULL;
}

struct error *
job_status(struct node *n, struct arena *a, int64_t id, struct job_record *out)
{
    struct record_arg ra = {a, id, out};
    return exec_txn(n, NULL, "system", HLC_MIN, NULL, record_txn, &ra);
}

static struct error *
run_now(struct node *n, int64_t id, bool fresh)
{
    struct arena *a = arena_create(NULL, "job start");
    struct job_record rec;
    struct error *e = job_status(n, a, id, &rec);
    if (e == NULL && !job_status_is_terminal(rec.status) && strcmp(rec.status, "paused") != 0) {
        const struct job_ops *ops = job_ops_find(job_type_of(rec.payload));
        if (ops != NULL && is_for_us(n, ops, &rec))
            e = start_run(n->jobs, id, ops, fresh);
    }
    arena_destroy(a);
    return e;
}

struct error *
job_run_now(struct node *n, int64_t id)
{
    return run_now(n, id, false);
}

/* ---- starting and waiting ---- */

static struct error *
start_after_commit(struct node *n, void *arg, bool committed)
{
    const int64_t *id = arg;
    if (!committed)
        return NULL;
    struct error *e = run_now(n, *id, true);
    if (e != NULL) /* the sweep will try again */
        log_warning("job %lld: %s", (long long)*id, e->message);
    err_free(e);
    return NULL;
}

struct error *
job_create(struct exec_ctx *x, Amberdb__Payload *payload, Amberdb__Progress *progress,
           const char *description, int64_t *id)
{
    int64_t now_us = wall_now_ns() / 1000;
    struct arena *a = exec_txn_arena(x);
    payload->description = arena_strdup(x->arena, description);
    if (payload->username == NULL)
        payload->username = arena_strdup(x->arena, x->user);
    PB_SET(payload, started_micros, now_us);
    if (!is_draining(x->node->jobs)) /* else it is for whoever finds it */
        lease_take(x->node, x->arena, payload);
    if (progress == NULL)
        progress = PB_NEW(x->arena, Progress, progress);
    progress_set_fraction(progress, 0);
    PB_SET(progress, modified_micros, now_us);
    *id = unique_int(x->node->node_id);
    struct job_record r = {.id = *id, .status = "running", .created_us = now_us,
                           .payload = payload, .progress = progress};
    ERR_TRY(job_record_put(x, &r));
    int64_t *kept = arena_alloc(a, sizeof(*kept));
    *kept = *id;
    exec_on_txn_end(x, start_after_commit, kept);
    return NULL;
}

static struct error *
give_rows(struct run *r, struct row_sink *rows)
{
    for (int i = 0; rows != NULL && i < r->n_rows; i++)
        ERR_TRY(row_put(rows, r->rows[i]));
    return NULL;
}

static struct error *
outcome(struct run *r, struct row_sink *rows)
{
    switch (r->outcome) {
    case RAN_SUCCEEDED:
        return give_rows(r, rows);
    case RAN_FAILED: {
        struct error *e = r->error;
        r->error = NULL;
        return e != NULL ? e : err_new(ERR_UNCATEGORIZED, "job %lld failed", (long long)r->job.id);
    }
    case RAN_PAUSED:
        return err_new(ERR_UNCATEGORIZED, "job paused");
    case RAN_CANCELED:
        return err_new(ERR_UNCATEGORIZED, "job canceled");
    case RAN_STOPPED:
        break;
    }
    return err_new(ERR_UNCATEGORIZED, "job %lld: node liveness error: restarting in background",
                   (long long)r->job.id);
}

/* The record of a job that ran elsewhere, or long ago. */
static struct error *
outcome_of_record(struct node *n, int64_t id, bool *ended)
{
    struct arena *a = arena_create(NULL, "job wait");
    struct job_record rec;
    struct error *e = job_status(n, a, id, &rec);
    *ended = e != NULL || job_status_is_terminal(rec.status) || strcmp(rec.status, "paused") == 0;
    if (e == NULL && strcmp(rec.status, "failed") == 0)
        e = err_new(ERR_UNCATEGORIZED, "%s", pb_str(rec.payload->error));
    else if (e == NULL && strcmp(rec.status, "canceled") == 0)
        e = err_new(ERR_UNCATEGORIZED, "job canceled");
    else if (e == NULL && strcmp(rec.status, "paused") == 0)
        e = err_new(ERR_UNCATEGORIZED, "job paused");
    arena_destroy(a);
    return e;
}

struct error *
job_wait(struct node *n, int64_t id, const struct cancel *cancel, struct row_sink *rows)
{
    struct job_registry *reg = n->jobs;
    mutex_lock(&reg->lock);
    for (;;) {
        struct run *r = find_run(reg, id, true);
        if (r == NULL)
            r = find_run(reg, id, false);
        if (r != NULL && r->done) {
            r->waiters++;
            mutex_unlock(&reg->lock);
            struct error *e = outcome(r, rows);
            mutex_lock(&reg->lock);
            r->waiters--;
            r->taken = true;
            mutex_unlock(&reg->lock);
            return e;
        }
        struct error *e = cancel_check(cancel);
        if (e != NULL) {
            mutex_unlock(&reg->lock);
            return e;
        }
        if (r == NULL) {
            bool ended;
            mutex_unlock(&reg->lock);
            e = outcome_of_record(n, id, &ended);
            if (ended)
                return e;
            mutex_lock(&reg->lock);
        }
        cond_wait_ns(&reg->changed, &reg->lock, INT64_C(100000000));
    }
}

/* ---- from inside a job ---- */

struct save_arg {
    struct job *j;
    bool progress_only;
};

static struct error *
save_fn(void *arg, struct arena *a, struct job_record *r)
{
    struct save_arg *s = arg;
    /* Asked to stop by another node: the sweep has not seen it yet. */
    enum job_request q = request_in(r->status);
    if (q != JOB_REQUEST_NONE) {
        job_request(s->j->registry, r->id, q);
        return err_new(ERR_QUERY_CANCELED, "job %lld: %s", (long long)r->id, r->status);
    }
    if (strcmp(r->status, "running") != 0 && strcmp(r->status, "reverting") != 0)
        return err_new(ERR_UNCATEGORIZED, "cannot update progress on %s job (id %lld)", r->status,
                       (long long)r->id);
    Amberdb__Payload *stored = r->payload;
    if (!lease_is_ours(s->j->node, stored))
        return lease_lost(r->id);
    if (!s->progress_only) {
        r->payload = (Amberdb__Payload *)pb_copy(a, PB_BASE(s->j->payload));
        r->payload->lease = stored->lease;
        r->payload->error = stored->error;
        r->payload->has_final_resume_error = stored->has_final_resume_error;
        r->payload->final_resume_error = stored->final_resume_error;
    }
    r->progress = s->j->progress;
    PB_SET(r->progress, modified_micros, wall_now_ns() / 1000);
    return NULL;
}

struct error *
job_save(struct job *j)
{
    struct save_arg s = {j, false};
    FAULT_TRY(job_step);
    j->saved_ns = monotonic_now_ns();
    return job_modify(j->node, j->id, save_fn, &s);
}

struct error *
job_save_txn(struct job *j, struct exec_ctx *x)
{
    struct save_arg s = {j, false};
    struct modify_arg m = {j->id, save_fn, &s};
    return modify_txn(x, &m);
}

struct error *
job_progress(struct job *j, double fraction, const char *running_status)
{
    double old = j->progress->progress_case == AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED
                     ? (double)j->progress->fraction_completed
                     : 0;
    int64_t now = monotonic_now_ns();
    if (fraction > 1.0)
        fraction = 1.0;
    bool due = now - j->saved_ns >= INT64_C(2000000000) ||
               (fraction - old >= 0.05 && now - j->saved_ns >= INT64_C(200000000));
    if (!due)
        return NULL;
    progress_set_fraction(j->progress, fraction > old ? fraction : old);
    j->progress->running_status =
        running_status != NULL ? arena_strdup(j->arena, running_status) : NULL;
    struct save_arg s = {j, true};
    j->saved_ns = now;
    return job_modify(j->node, j->id, save_fn, &s);
}
