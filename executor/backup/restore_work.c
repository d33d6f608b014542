/* executor/backup/restore_work.c - a RESTORE by the processes over one store. See work.h.
 *
 * Units are for anybody: whoever is ready takes the next. Rows of units that are done stay until the job's
 * end, so that whoever goes on with it leaves out what is there. */
#include "config.h"

#include "executor/backup/restore_int.h"
#include "executor/backup/work_int.h"

#include "executor/cluster.h"
#include "executor/node.h"

/* What a node claims at a time: smaller where there is little, so that each has some. */
#define UNIT_BYTES_MIN ((int64_t)256 << 10)
#define UNIT_BYTES_MAX ((int64_t)32 << 20)
#define UNIT_SPANS 256
#define UNITS_PER_NODE 4

/* ---- turns ---- */

struct engine_fence
restore_fence(const struct job *j)
{
    const Amberdb__Progress *p = j->progress;
    uint64_t turn = p->details_case == AMBERDB__PROGRESS__DETAILS_RESTORE && p->restore != NULL
                        ? PB_GET(p->restore, turn)
                        : 0;
    return (struct engine_fence){(uint64_t)j->id, turn};
}

Amberdb__RestoreProgress *
restore_progress(struct job *j)
{
    if (j->progress->details_case != AMBERDB__PROGRESS__DETAILS_RESTORE ||
        j->progress->restore == NULL) {
        j->progress->details_case = AMBERDB__PROGRESS__DETAILS_RESTORE;
        j->progress->restore = PB_NEW(j->arena, RestoreProgress, restore_progress);
    }
    return j->progress->restore;
}

struct error *
restore_next_turn(struct job *j)
{
    struct engine *e = kv_db_engine(j->node->db);
    if (!(e->vt->features & ENGINE_SHARED))
        return NULL;
    Amberdb__RestoreProgress *p = restore_progress(j);
    PB_SET(p, turn, PB_GET(p, turn) + 1);
    ERR_TRY(job_save(j)); /* if it is ours: no two give out the same turn */
    return engine_fence_raise(e, restore_fence(j));
}

/* ---- the coordinator ---- */

struct importing {
    struct coordinator c;
    const struct ingest_opts *o;
    struct row_counter *total;
    struct span_list done;
};

static struct span
piece_span(const Amberdb__BackupPiece *p)
{
    return (struct span){pb_bytes(p->span->key), pb_bytes(p->span->end_key)};
}

static void
take_unit(void *arg, const pb_work *w)
{
    struct importing *x = arg;
    x->total->rows += PB_GET(w, rows);
    x->total->index_entries += PB_GET(w, index_entries);
    x->total->data_size += PB_GET(w, data_size);
}

static struct error *
tell_fraction(void *arg, double done)
{
    const struct importing *x = arg;
    return x->o->save(x->o->arg, x->o->high_water, done < 1 ? done : 0.999);
}

/* What was done for earlier coordinators. */
static struct error *
take_done_txn(struct exec_ctx *x, void *arg)
{
    struct importing *im = arg;
    struct system_row *v;
    size_t n;
    *im->total = (struct row_counter){0};
    im->done.n = 0;
    im->c.first = 0;
    im->c.weight_before = 0;
    ERR_TRY(work_rows(x, im->c.j->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const pb_work *w = work_of(v[i].m);
        if (!PB_GET(w, done) || PB_GET(w, check_only) != im->o->check_only)
            continue;
        im->c.first = work_number(&v[i]) + 1;
        im->c.weight_before += (uint64_t)PB_GET(w, weight);
        take_unit(im, w);
        for (size_t k = 0; k < w->n_pieces; k++) {
            struct span s = piece_span(w->pieces[k]);
            span_list_add(im->c.a, &im->done,
                          (struct span){slice_dup(im->c.a, s.start), slice_dup(im->c.a, s.end)});
        }
    }
    return NULL;
}

static void
add_span(struct arena *a, pb_work *w, struct span s, int64_t weight)
{
    Amberdb__BackupPiece *p = w->n_pieces > 0 ? w->pieces[w->n_pieces - 1] : NULL;
    PB_SET(w, weight, PB_GET(w, weight) + weight);
    if (p != NULL && slice_eq(pb_bytes(p->span->end_key), s.start)) {
        pb_set_bytes(a, &p->span->end_key, &p->span->has_end_key, s.end);
        return;
    }
    p = PB_NEW(a, BackupPiece, backup_piece);
    p->span = PB_NEW(a, Span, span);
    pb_set_bytes(a, &p->span->key, &p->span->has_key, s.start);
    pb_set_bytes(a, &p->span->end_key, &p->span->has_end_key, s.end);
    PB_PUSH(a, w->pieces, w->n_pieces, p);
}

static void
make_units(struct importing *x, const struct restore_job *r, const struct ingest_span *v, size_t n)
{
    int64_t total = 0, most;
    size_t nodes = 1;
    (void)cluster_nodes(r->node->cluster, x->c.a, &nodes);
    for (size_t i = 0; i < n; i++)
        total += v[i].weight;
    most = total / (int64_t)((nodes + 1) * UNITS_PER_NODE);
    most = most < UNIT_BYTES_MIN ? UNIT_BYTES_MIN : most > UNIT_BYTES_MAX ? UNIT_BYTES_MAX : most;
    for (size_t i = 0; i < n; i++) {
        pb_work *w = x->c.n > 0 ? x->c.units[x->c.n - 1] : NULL;
        if (w == NULL || PB_GET(w, weight) + v[i].weight / 2 > most || w->n_pieces >= UNIT_SPANS) {
            w = work_unit(&x->c, 0, false);
            PB_SET(w, turn, x->o->fence.turn);
            PB_SET(w, check_only, x->o->check_only);
        }
        add_span(x->c.a, w, v[i].span, v[i].weight);
    }
}

struct error *
restore_work_run(struct restore_job *r, struct ingest_opts *o, struct row_counter *total)
{
    struct importing x = {
        .c = {.a = r->a, .j = r->j, .cancel = r->cancel, .take = take_unit,
              .progress = tell_fraction},
        .o = o, .total = total};
    struct ingest_span *v;
    size_t n;
    x.c.arg = &x;
    if (r->node->members == NULL)
        return ingest_run(r->a, o, total);
    struct row_counter before = {0};
    x.total = &before;
    ERR_TRY(exec_txn(r->node, NULL, "system", HLC_MIN, r->cancel, take_done_txn, &x));
    total->rows += before.rows;
    total->index_entries += before.index_entries;
    total->data_size += before.data_size;
    x.total = total;
    o->done = x.done;
    if (!work_is_shared(r->node))
        return ingest_run(r->a, o, total);
    work_begin(&x.c);
    ERR_TRY(ingest_spans(r->a, o, &v, &n));
    make_units(&x, r, v, n);
    return n > 0 ? work_do(&x.c) : NULL;
}

/* ---- a node ---- */

struct error *
restore_work_unit(struct node *n, struct arena *a, const struct cancel *cancel, int64_t job,
                  Amberdb__RestoreDetails *d, pb_work *w,
                  struct error *(*beat)(void *arg, struct slice mark, double done), void *arg)
{
    struct restore_job r;
    struct ingest_opts o;
    struct span_list wanted = {0};
    struct row_counter total = {0};
    ERR_TRY(restore_job_open(n, cancel, d, 0, a, &r));
    ERR_TRY(restore_ingest_opts(&r, PB_GET(w, check_only), &o));
    for (size_t i = 0; i < w->n_pieces; i++)
        span_list_add(a, &wanted, piece_span(w->pieces[i]));
    span_list_sort(&wanted);
    o.wanted = &wanted;
    o.fence = (struct engine_fence){(uint64_t)job, PB_GET(w, turn)};
    o.save = beat;
    o.arg = arg;
    ERR_TRY(ingest_run(a, &o, &total));
    PB_SET(w, rows, total.rows);
    PB_SET(w, index_entries, total.index_entries);
    PB_SET(w, data_size, total.data_size);
    return NULL;
}
