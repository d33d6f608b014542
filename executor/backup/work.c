/* executor/backup/work.c - the coordinator's side. See work.h. */
#include "config.h"

#include "executor/backup/work_int.h"

#include <time.h>

#include "base/enc.h"
#include "base/hash.h"
#include "base/log.h"
#include "executor/looker.h"
#include "executor/members.h"
#include "executor/node.h"

/* What a node claims at a time: it is done again when the node dies. */
#define UNIT_BYTES ((uint64_t)64 << 20)
#define UNIT_PIECES 64
#define LOOK_NS INT64_C(200000000)
#define CHECKPOINT_NS (INT64_C(10) * 1000000000)

/* ---- rows ---- */

static struct slice
job_prefix(struct arena *a, int64_t job)
{
    uint8_t *k = arena_memdup(a, WORK_PREFIX "12345678", WORK_JOB_AT + 8);
    enc_put_be64(k + WORK_JOB_AT, (uint64_t)job);
    return slice_make(k, WORK_JOB_AT + 8);
}

static struct slice
unit_key(struct arena *a, int64_t job, size_t unit)
{
    struct slice p = job_prefix(a, job);
    uint8_t *k = arena_alloc(a, p.len + 4);
    memcpy(k, p.ptr, p.len);
    enc_put_be32(k + p.len, (uint32_t)unit);
    return slice_make(k, p.len + 4);
}

struct span
work_span(void)
{
    return (struct span){slice_make(WORK_PREFIX, WORK_JOB_AT),
                         SLICE_LIT("\x04\0amberdb-work.")};
}

struct error *
work_rows(struct exec_ctx *x, int64_t job, struct system_row **v, size_t *n)
{
    return system_rows_read(x, job_prefix(x->arena, job), &amberdb__backup_work__descriptor,
                            WORK_WHAT, v, n);
}

bool
work_is_shared(struct node *n)
{
    return n->members != NULL && !members_alone(n);
}

/* ---- files ---- */

static bool
has_file(const struct file_list *l, const pb_file *f)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(pb_str(l->v[i]->path), pb_str(f->path)) == 0)
            return true;
    return false;
}

static void
take_files(struct arena *a, const pb_work *w, struct file_list *files)
{
    for (size_t i = 0; i < w->n_files; i++)
        if (!has_file(files, w->files[i]))
            file_list_add(a, files, (pb_file *)(void *)pb_copy(a, PB_BASE(w->files[i])));
}

struct collecting {
    struct arena *a;
    int64_t job;
    struct file_list *files;
};

static struct error *
collect_txn(struct exec_ctx *x, void *arg)
{
    struct collecting *c = arg;
    struct system_row *v;
    size_t n;
    ERR_TRY(work_rows(x, c->job, &v, &n));
    for (size_t i = 0; i < n; i++)
        if (PB_GET(work_of(v[i].m), done))
            take_files(c->a, work_of(v[i].m), c->files);
    return NULL;
}

struct error *
work_collect(struct arena *a, struct job *j, struct file_list *files)
{
    struct collecting c = {a, j->id, files};
    if (j->node->members == NULL)
        return NULL;
    return exec_txn(j->node, NULL, "system", HLC_MIN, NULL, collect_txn, &c);
}

struct clearing {
    struct job *j;
    bool done_too, of_all; /* whoever wrote them: the job is ours */
};

static struct error *
clear_txn(struct exec_ctx *x, void *arg)
{
    const struct clearing *c = arg;
    struct job *j = c->j;
    struct system_row *v;
    size_t n;
    if (c->of_all)
        ERR_TRY(job_save_txn(j, x));
    ERR_TRY(work_rows(x, j->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_work *w = work_of(v[i].m);
        uint32_t owner = (uint32_t)PB_GET(w, owner_node);
        int64_t epoch = PB_GET(w, owner_epoch);
        bool own = owner == j->node->node_id && epoch == j->node->epoch;
        bool may = c->of_all || own || !members_alive(j->node, owner, epoch);
        if (may && (c->done_too || !PB_GET(w, done)))
            ERR_TRY(kv_del(x->txn, v[i].key));
    }
    return NULL;
}

struct error *
work_clear(struct job *j, bool done_too)
{
    struct clearing c = {j, done_too, false};
    if (j->node->members == NULL)
        return NULL;
    return exec_txn(j->node, NULL, "system", HLC_MIN, NULL, clear_txn, &c);
}

struct error *
work_forget(struct job *j)
{
    struct clearing c = {j, true, true};
    if (j->node->members == NULL)
        return NULL;
    return exec_txn(j->node, NULL, "system", HLC_MIN, NULL, clear_txn, &c);
}

/* ---- units ---- */

void
work_begin(struct coordinator *c)
{
    c->run = (int64_t)(random_u64() >> 1);
}

pb_work *
work_unit(struct coordinator *c, uint32_t node, bool only)
{
    pb_work *w = PB_NEW(c->a, BackupWork, backup_work);
    PB_SET(w, run, c->run);
    PB_SET(w, owner_node, (int32_t)c->j->node->node_id);
    PB_SET(w, owner_epoch, c->j->node->epoch);
    PB_SET(w, node, (int32_t)node);
    PB_SET(w, only, only);
    PB_PUSH(c->a, c->units, c->n, w);
    return w;
}

/* Rows of an earlier coordinator go, but for those that are done and were taken: they are ours now. */
static struct error *
inherit(struct exec_ctx *x, struct coordinator *c, const struct system_row *r)
{
    pb_work *w = work_of(r->m);
    if (work_number(r) >= c->first || !PB_GET(w, done))
        return kv_del(x->txn, r->key);
    PB_SET(w, owner_node, (int32_t)c->j->node->node_id);
    PB_SET(w, owner_epoch, c->j->node->epoch);
    return system_row_put(x, r->key, r->m);
}

static struct error *
plan_txn(struct exec_ctx *x, void *arg)
{
    struct coordinator *c = arg;
    struct system_row *old;
    size_t n;
    ERR_TRY(job_save_txn(c->j, x)); /* the job is ours */
    ERR_TRY(work_rows(x, c->j->id, &old, &n));
    for (size_t i = 0; i < n; i++)
        ERR_TRY(inherit(x, c, &old[i]));
    for (size_t i = 0; i < c->n; i++)
        ERR_TRY(system_row_put(x, unit_key(x->arena, c->j->id, c->first + i),
                               PB_BASE(c->units[i])));
    return NULL;
}

/* ---- watching ---- */

static struct error *
error_of(const pb_work *w)
{
    struct error *e = err_new(ERR_UNCATEGORIZED, "%s", w->error);
    return strlen(pb_str(w->sqlstate)) == 5 ? err_sqlstate(e, w->sqlstate) : e;
}

static struct error *
look_txn(struct exec_ctx *x, void *arg)
{
    struct coordinator *c = arg;
    struct system_row *v;
    size_t n;
    uint64_t begun = 0;
    c->unit_failed = false;
    ERR_TRY(work_rows(x, c->j->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_work *w = work_of(v[i].m);
        uint32_t unit = work_number(&v[i]) - c->first;
        if (work_number(&v[i]) < c->first && PB_GET(w, done))
            continue;
        if (PB_GET(w, run) != c->run || unit >= c->n)
            return err_new(ERR_OBJECT_IN_USE, "job %lld: another node runs it now",
                           (long long)c->j->id);
        if (w->error != NULL) {
            c->unit_failed = true;
            return error_of(w);
        }
        if (!PB_GET(w, done)) {
            begun += (uint64_t)PB_GET(w, begun);
        } else if (!c->collected[unit]) {
            c->collected[unit] = true;
            c->n_collected++;
            c->take(c->arg, w);
        }
    }
    c->weight_done = begun;
    for (size_t i = 0; i < c->n; i++)
        c->weight_done += c->collected[i] ? (uint64_t)PB_GET(c->units[i], weight) : 0;
    return NULL;
}

/* What a checkpoint has need not be in rows. */
static struct error *
prune_txn(struct exec_ctx *x, void *arg)
{
    const struct coordinator *c = arg;
    ERR_TRY(job_save_txn(c->j, x));
    for (size_t i = 0; i < c->n; i++)
        if (c->collected[i])
            ERR_TRY(kv_del(x->txn, unit_key(x->arena, c->j->id, c->first + i)));
    return NULL;
}

static struct error *
checkpoint(struct coordinator *c)
{
    ERR_TRY(c->checkpoint(c->arg));
    return exec_txn(c->j->node, NULL, "system", HLC_MIN, c->cancel, prune_txn, c);
}

static struct error *
watch(struct coordinator *c)
{
    int64_t saved = monotonic_now_ns();
    while (c->n_collected < c->n) {
        ERR_TRY(cancel_check(c->cancel));
        nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
        struct error *err =
            exec_txn(c->j->node, NULL, "system", HLC_MIN, c->cancel, look_txn, c);
        if (err != NULL && err_is(err, ERR_CONNECTION_FAILURE) && !c->unit_failed) {
            /* nodes go on meanwhile */
            log_warning("job %lld: %s", (long long)c->j->id, err->message);
            err_free(err);
            continue;
        }
        ERR_TRY(err);
        ERR_TRY(c->progress(c->arg, (double)(c->weight_before + c->weight_done) /
                                        (double)(c->weight_before + c->weight + 1)));
        if (c->checkpoint != NULL && c->n_collected < c->n && c->n_collected > 0 &&
            monotonic_now_ns() - saved >= CHECKPOINT_NS) {
            ERR_TRY(checkpoint(c));
            saved = monotonic_now_ns();
        }
    }
    return NULL;
}

struct error *
work_do(struct coordinator *c)
{
    for (size_t i = 0; i < c->n; i++)
        c->weight += (uint64_t)PB_GET(c->units[i], weight);
    c->collected = ARENA_ARRAY(c->a, bool, c->n + 1);
    memset(c->collected, 0, c->n);
    ERR_TRY(exec_txn(c->j->node, NULL, "system", HLC_MIN, c->cancel, plan_txn, c));
    looker_nudge(c->j->node->work);
    return watch(c);
}

/* ---- a BACKUP ---- */

struct exporting {
    struct coordinator c;
    const struct export_opts *o;
    struct file_list *files;
    bool *retaken;
};

static void
unit_add(struct coordinator *c, pb_work *w, const struct export_piece *p)
{
    Amberdb__BackupPiece *b = PB_NEW(c->a, BackupPiece, backup_piece);
    b->span = PB_NEW(c->a, Span, span);
    pb_set_bytes(c->a, &b->span->key, &b->span->has_key, p->item.span.start);
    pb_set_bytes(c->a, &b->span->end_key, &b->span->has_end_key, p->item.span.end);
    PB_SET(b, weight, (int64_t)p->weight);
    PB_SET(b, introduced, p->item.explicit_times);
    b->locality_kv = arena_strdup(c->a, p->item.dest->locality_kv);
    PB_PUSH(c->a, w->pieces, w->n_pieces, b);
    PB_SET(w, weight, PB_GET(w, weight) + (int64_t)p->weight);
}

/* The unit of that node which has room. */
static pb_work *
unit_for(struct coordinator *c, uint32_t node, bool only)
{
    for (size_t i = c->n; i > 0; i--) {
        pb_work *w = c->units[i - 1];
        if ((uint32_t)PB_GET(w, node) != node || PB_GET(w, only) != only)
            continue;
        if (w->n_pieces < UNIT_PIECES && (uint64_t)PB_GET(w, weight) < UNIT_BYTES)
            return w;
        break;
    }
    return work_unit(c, node, only);
}

static void
take_unit(void *arg, const pb_work *w)
{
    struct exporting *x = arg;
    take_files(x->c.a, w, x->files);
    if (PB_GET(w, claims) > 1)
        *x->retaken = true;
}

static struct error *
save_files(void *arg)
{
    const struct exporting *x = arg;
    return x->o->save(x->o->arg, x->files->v, x->files->n);
}

static struct error *
tell_fraction(void *arg, double done)
{
    const struct exporting *x = arg;
    return x->o->progress(x->o->arg, done);
}

struct error *
work_run(struct arena *a, struct job *j, const struct export_opts *o, struct file_list *files,
         bool *retaken)
{
    struct exporting x = {
        .c = {.a = a, .j = j, .cancel = o->cancel, .take = take_unit, .checkpoint = save_files,
              .progress = tell_fraction},
        .o = o, .files = files, .retaken = retaken};
    x.c.arg = &x;
    work_begin(&x.c);
    for (size_t i = 0; i < o->n_pieces; i++) {
        const struct export_item *item = &o->pieces[i].item;
        unit_add(&x.c, unit_for(&x.c, item->node, item->dest->node != 0), &o->pieces[i]);
    }
    return work_do(&x.c);
}
