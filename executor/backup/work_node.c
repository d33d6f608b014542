/* executor/backup/work_node.c - a node's side: look for units, do them. See work.h. */
#include "config.h"

#include "executor/backup/work_int.h"

#include "base/enc.h"
#include "base/log.h"
#include "executor/backup/backup_job.h"
#include "executor/cluster.h"
#include "executor/looker.h"
#include "executor/members.h"
#include "executor/node.h"

#define BEAT_NS INT64_C(2000000000)

/* A unit in hand. */
struct unit {
    struct node *node;
    struct arena *a;
    struct slice key;
    int64_t job;
    pb_work *w;               /* as it was claimed */
    Amberdb__Payload *payload;
    struct cancel cancel;
    int64_t told_ns;
    struct file_list files;
    bool lost;                /* it is another's now, or nobody's */
    double done;
};

/* ---- which ---- */

/* Whoever was to do it does not come to it. */
static bool
is_gone(struct node *n, struct arena *a, uint32_t id)
{
    const struct cluster_node *c = cluster_node(n->cluster, a, id);
    return c == NULL || c->draining;
}

static bool
is_for(struct node *n, struct arena *a, const pb_work *w)
{
    uint32_t node = (uint32_t)PB_GET(w, node), claim = (uint32_t)PB_GET(w, claim_node);
    if (PB_GET(w, done) || w->error != NULL)
        return false;
    /* This thread does one at a time: its own claims are of those that it could not bring to an end. */
    if (claim != 0 && claim != n->node_id &&
        members_alive(n, claim, PB_GET(w, claim_epoch)))
        return false;
    return node == 0 || node == n->node_id || (!PB_GET(w, only) && is_gone(n, a, node));
}

static struct error *
look_txn(struct exec_ctx *x, void *arg)
{
    struct unit *u = arg;
    struct system_row *v;
    size_t n;
    u->key = SLICE_NULL;
    ERR_TRY(system_rows_read(x, slice_make(WORK_PREFIX, WORK_JOB_AT),
                             &amberdb__backup_work__descriptor, WORK_WHAT, &v, &n));
    for (size_t i = 0; i < n; i++)
        if (is_for(u->node, x->arena, work_of(v[i].m))) {
            u->key = slice_dup(u->a, v[i].key);
            break;
        }
    return NULL;
}

static bool
is_backup(const Amberdb__Payload *p)
{
    return p->details_case == AMBERDB__PAYLOAD__DETAILS_BACKUP && p->backup != NULL;
}

static bool
is_restore(const Amberdb__Payload *p)
{
    return p->details_case == AMBERDB__PAYLOAD__DETAILS_RESTORE && p->restore != NULL;
}

static struct error *
claim_txn(struct exec_ctx *x, void *arg)
{
    struct unit *u = arg;
    struct job_record job;
    ProtobufCMessage *m;
    bool found;
    u->w = NULL;
    ERR_TRY(system_row_get(x, u->key, &amberdb__backup_work__descriptor, WORK_WHAT, &m));
    if (m == NULL || !is_for(u->node, x->arena, work_of(m)))
        return NULL;
    pb_work *w = work_of(m);
    u->job = (int64_t)enc_get_be64(u->key.ptr + WORK_JOB_AT);
    ERR_TRY(job_record_get(x, u->a, u->job, &job, &found));
    if (!found || job.payload == NULL || (!is_backup(job.payload) && !is_restore(job.payload)))
        return kv_del(x->txn, u->key); /* of a job that is no more */
    PB_SET(w, claim_node, (int32_t)u->node->node_id);
    PB_SET(w, claim_epoch, u->node->epoch);
    PB_SET(w, claims, PB_GET(w, claims) + 1);
    PB_SET(w, begun, 0);
    ERR_TRY(system_row_put(x, u->key, PB_BASE(w)));
    u->payload = job.payload;
    u->w = (pb_work *)(void *)pb_copy(u->a, PB_BASE(w));
    return NULL;
}

/* ---- telling ---- */

/* The row, if it is still as we claimed it. */
static struct error *
own_row(struct exec_ctx *x, struct unit *u, pb_work **w)
{
    ProtobufCMessage *m;
    ERR_TRY(system_row_get(x, u->key, &amberdb__backup_work__descriptor, WORK_WHAT, &m));
    *w = m != NULL ? work_of(m) : NULL;
    u->lost = m == NULL || PB_GET(*w, run) != PB_GET(u->w, run) || PB_GET(*w, done) ||
              (uint32_t)PB_GET(*w, claim_node) != u->node->node_id ||
              PB_GET(*w, claim_epoch) != u->node->epoch;
    return NULL;
}

static struct error *
beat_txn(struct exec_ctx *x, void *arg)
{
    struct unit *u = arg;
    pb_work *w;
    ERR_TRY(own_row(x, u, &w));
    if (u->lost)
        return NULL;
    PB_SET(w, begun, (int64_t)((double)PB_GET(w, weight) * u->done));
    return system_row_put(x, u->key, PB_BASE(w));
}

/* From the export, often. */
static struct error *
beat(void *arg, double done)
{
    struct unit *u = arg;
    ERR_TRY(cancel_check(&u->node->shutdown));
    if (monotonic_now_ns() - u->told_ns < BEAT_NS)
        return NULL;
    u->told_ns = monotonic_now_ns();
    u->done = done;
    ERR_TRY(exec_txn(u->node, NULL, "system", HLC_MIN, &u->node->shutdown, beat_txn, u));
    return u->lost ? err_new(ERR_QUERY_CANCELED, "unit of job %lld is not wanted any more",
                             (long long)u->job)
                   : NULL;
}

static struct error *
beat_import(void *arg, struct slice mark, double done)
{
    (void)mark;
    return beat(arg, done);
}

struct outcome {
    struct unit *u;
    const struct error *err;
};

static struct error *
tell_txn(struct exec_ctx *x, void *arg)
{
    struct outcome *o = arg;
    struct unit *u = o->u;
    pb_work *w;
    ERR_TRY(own_row(x, u, &w));
    if (u->lost)
        return NULL;
    if (o->err != NULL) {
        w->error = arena_strdup(x->arena, o->err->message);
        w->sqlstate = arena_strdup(x->arena, o->err->sqlstate);
    } else {
        PB_SET(w, done, true);
        PB_SET(w, begun, PB_GET(w, weight));
        w->files = u->files.v;
        w->n_files = u->files.n;
        PB_SET(w, rows, PB_GET(u->w, rows));
        PB_SET(w, index_entries, PB_GET(u->w, index_entries));
        PB_SET(w, data_size, PB_GET(u->w, data_size));
    }
    return system_row_put(x, u->key, PB_BASE(w));
}

/* ---- doing ---- */

static struct error *
export_unit(struct unit *u, struct backup_job *b)
{
    struct export_piece *v = ARENA_ARRAY(u->a, struct export_piece, u->w->n_pieces + 1);
    ERR_TRY(backup_job_open(u->node, &u->cancel, u->payload->backup, u->a, b));
    ERR_TRY(backup_job_destinations(b));
    for (size_t i = 0; i < u->w->n_pieces; i++) {
        const Amberdb__BackupPiece *p = u->w->pieces[i];
        v[i] = (struct export_piece){.item = backup_item(b, PB_GET(p, introduced)),
                                     .weight = (uint64_t)PB_GET(p, weight)};
        v[i].item.span = (struct span){pb_bytes(p->span->key), pb_bytes(p->span->end_key)};
        v[i].item.dest = destinations_find(b->dests, pb_str(p->locality_kv));
    }
    struct export_opts o = backup_export_opts(b);
    o.pieces = v;
    o.n_pieces = o.n_ranges = u->w->n_pieces;
    o.progress = beat;
    o.arg = u;
    return export_run(u->a, &o, &u->files);
}

/* They are in no row, and will be in no manifest. */
static void
remove_files(struct unit *u, const struct backup_job *b)
{
    if (b->sink != NULL)
        sink_set_cancel(b->sink, NULL);
    for (size_t i = 0; i < u->files.n && b->dests != NULL; i++) {
        const struct export_dest *to =
            destinations_find(b->dests, pb_str(u->files.v[i]->locality_kv));
        sink_set_cancel(to->sink, NULL);
        err_free(sink_remove(to->sink, pb_str(u->files.v[i]->path)));
    }
}

static void
do_unit(struct unit *u)
{
    struct backup_job *b = ARENA_NEW(u->a, struct backup_job);
    u->told_ns = monotonic_now_ns();
    struct error *err = is_backup(u->payload)
                            ? export_unit(u, b)
                            : restore_work_unit(u->node, u->a, &u->node->shutdown, u->job,
                                                u->payload->restore, u->w, beat_import, u);
    bool stopped = cancel_requested(&u->node->shutdown) || u->lost;
    struct outcome o = {u, err};
    struct error *told = NULL;
    if (!stopped)
        told = exec_txn(u->node, NULL, "system", HLC_MIN, NULL, tell_txn, &o);
    if (told != NULL) /* done or not: the row says it. If not, it is done again */
        log_warning("job %lld: %s", (long long)u->job, told->message);
    else if (u->lost || stopped || err != NULL)
        remove_files(u, b);
    if (err != NULL)
        log_info("job %lld: %s", (long long)u->job, err->message);
    else if (told == NULL && !stopped && !u->lost)
        log_info("job %lld: unit %u done", (long long)u->job,
                 enc_get_be32(u->key.ptr + u->key.len - 4));
    err_free(told);
    err_free(err);
}

/* One, and there may be more. */
static struct error *
look(struct node *n, struct arena *a, bool *again)
{
    struct unit u = {.node = n, .a = a};
    if (members_draining(n))
        return NULL;
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, &n->shutdown, look_txn, &u));
    if (u.key.len == 0)
        return NULL;
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, &n->shutdown, claim_txn, &u));
    *again = true;
    if (u.w != NULL)
        do_unit(&u);
    return NULL;
}

struct error *
work_start(struct node *n)
{
    return n->members != NULL ? looker_start(n, "work", look, &n->work) : NULL;
}
