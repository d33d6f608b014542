#include "config.h"

#include "executor/gc.h"

#include <stdlib.h>

#include "base/log.h"
#include "catalog/pb.h"
#include "catalog/row.h"
#include "catalog/sysrow.h"
#include "executor/exec.h"
#include "executor/jobs/jobs.h"
#include "executor/members.h"
#include "executor/schema/schema_int.h"
#include "types/keyenc.h"

#define SWEEP_EVERY_NS (INT64_C(10) * 1000000000)
#define NS_PER_SECOND INT64_C(1000000000)
#define VERSIONS_LEAST_NS (INT64_C(60) * NS_PER_SECOND) /* between two GCs of one table */
#define PIECE_KEYS 100000                               /* looked at in one transaction */

struct table_gc {
    uint32_t id;
    int64_t last_ns; /* when its old versions were last removed */
};

struct gc {
    struct node *node;
    pthread_t thread;
    struct mutex lock;
    struct cond wake;
    bool stop;
    struct cancel cancel;
    struct table_gc *tables;
    size_t n, cap;
    int64_t every_ns, versions_least_ns;
};

/* ---- one table --------------------------------------------------------------------------------- */

/* SOURCE: CockroachDB v20.1 pkg/keys, config/zonepb: the range of liveness has the zone 22, 600 seconds. */
#define OWN_ROWS_ID  22
#define OWN_ROWS_TTL 600

struct work {
    struct gc *gc;
    struct arena *arena;
    uint32_t table_id;
    bool expired;          /* the whole table goes */
    uint32_t index_id;     /* or this index of it */
    struct span span;
    bool interleaved;      /* its rows lie among another table's */
    int32_t ttl;
};

static bool
has_interleaved_index(const pb_table *t)
{
    bool yes = ddl_is_interleaved(t->primary_index);
    for (size_t i = 0; i < t->n_indexes; i++)
        yes = yes || ddl_is_interleaved(t->indexes[i]);
    return yes;
}

/* Entries of a table that was dropped by an older version lie among the rows of one that stays. */
struct clearing {
    uint32_t table_id;
    int index, next_index;     /* next: once the piece is committed */
    struct str from, next;
};

static struct error *
clear_piece(struct exec_ctx *x, void *arg)
{
    struct clearing *c = arg;
    struct ddl_piece piece = {.from = str_slice(&c->from), .max_rows = PIECE_KEYS,
                              .max_bytes = SIZE_MAX};
    const pb_descriptor *d;
    const struct table *t;
    bool among = false;
    c->next_index = -1;
    str_clear(&c->next);
    ERR_TRY(catalog_descriptor(x->catalog, c->table_id, &d));
    if (d == NULL || d->table == NULL)
        return NULL;
    ERR_TRY(table_from_pb(x->arena, d->table, &t));
    if (c->index >= t->n_all_indexes)
        return NULL;
    ERR_TRY(ddl_lies_among(x, t, &t->indexes[c->index], 0, &among));
    if (among)
        ERR_TRY(ddl_clear_index(x, t, &t->indexes[c->index], &piece));
    c->next_index = piece.next.len > 0 ? c->index : c->index + 1;
    str_append_slice(&c->next, piece.next);
    return NULL;
}

static struct error *
clear_interleaved(struct work *w)
{
    struct clearing c = {.table_id = w->table_id};
    struct error *err = NULL;
    str_init(&c.from, STR_MAX_DEFAULT);
    str_init(&c.next, STR_MAX_DEFAULT);
    while (err == NULL && c.index >= 0) {
        ERR_GOTO(cancel_check(&w->gc->cancel), out);
        err = exec_txn(w->gc->node, NULL, "system", HLC_MIN, &w->gc->cancel, clear_piece, &c);
        str_clear(&c.from);
        str_append_slice(&c.from, str_slice(&c.next));
        c.index = c.next_index;
    }
out:
    str_release(&c.from);
    str_release(&c.next);
    return err;
}

/* ---- their jobs ------------------------------------------------------------------------------- */

/* The running GC jobs that wait for a table or an index of it. */
struct waiting {
    struct arena *arena;
    const struct work *w;
    struct job_record *v;
    size_t n, cap;
};

static bool
waits_for(const Amberdb__SchemaChangeGCDetails *d, const struct work *w)
{
    for (size_t i = 0; w->index_id == 0 && i < d->n_tables; i++)
        if (d->tables[i]->id == w->table_id)
            return true;
    for (size_t i = 0; w->index_id != 0 && i < d->n_indexes; i++)
        if (d->indexes[i]->index_id == w->index_id && d->parent_id == w->table_id)
            return true;
    return false;
}

static struct error *
note_waiting(void *arg, const struct job_record *r)
{
    struct waiting *g = arg;
    if (strcmp(r->status, "running") != 0 || r->payload == NULL || r->progress == NULL ||
        r->payload->details_case != AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE_GC ||
        !waits_for(r->payload->schema_change_gc, g->w))
        return NULL;
    if (g->n == g->cap) {
        size_t cap = g->cap == 0 ? 8 : 2 * g->cap;
        g->v = arena_realloc(g->arena, g->v, g->cap * sizeof(*g->v), cap * sizeof(*g->v));
        g->cap = cap;
    }
    g->v[g->n] = *r;
    g->v[g->n].payload = (Amberdb__Payload *)(void *)pb_copy(g->arena, PB_BASE(r->payload));
    g->v[g->n].progress = (Amberdb__Progress *)(void *)pb_copy(g->arena, PB_BASE(r->progress));
    g->n++;
    return NULL;
}

/* What is gone needs no waiting for; a job that waits for nothing else is done. */
static void
strike_out(Amberdb__SchemaChangeGCDetails *d, const struct work *w)
{
    for (size_t i = d->n_tables; w->index_id == 0 && i-- > 0;)
        if (d->tables[i]->id == w->table_id)
            PB_REMOVE(d->tables, d->n_tables, i);
    for (size_t i = d->n_indexes; w->index_id != 0 && i-- > 0;)
        if (d->indexes[i]->index_id == w->index_id)
            PB_REMOVE(d->indexes, d->n_indexes, i);
}

static struct error *
finish_jobs(struct exec_ctx *x, const struct work *w)
{
    struct waiting g = {.arena = x->arena, .w = w};
    ERR_TRY(job_record_scan(x, note_waiting, &g));
    for (size_t i = 0; i < g.n; i++) {
        struct job_record *r = &g.v[i];
        int64_t now_us = wall_now_ns() / 1000;
        strike_out(r->payload->schema_change_gc, w);
        PB_SET(r->progress, modified_micros, now_us);
        if (r->payload->schema_change_gc->n_tables == 0 &&
            r->payload->schema_change_gc->n_indexes == 0) {
            r->status = "succeeded";
            PB_SET(r->payload, finished_micros, now_us);
            r->progress->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
            r->progress->fraction_completed = 1;
            r->progress->running_status = NULL;
        } else {
            r->status = "running";
        }
        ERR_TRY(job_record_put(x, r));
    }
    return NULL;
}

static struct error *
forget_table(struct exec_ctx *x, void *arg)
{
    struct work *w = arg;
    static const struct type *const types[] = {&TYPE_INT8};
    struct datum params[] = {datum_int(w->table_id)};
    ERR_TRY(catalog_delete_descriptor(x->catalog, w->table_id));
    ERR_TRY(finish_jobs(x, w));
    ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 1, types, params,
                     "DELETE FROM system.public.zones WHERE id = $1"));
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 1, types, params,
                    "DELETE FROM system.public.table_statistics WHERE \"tableID\" = $1");
}

static struct error *
forget_index(struct exec_ctx *x, void *arg)
{
    struct work *w = arg;
    pb_table *t;
    ERR_TRY(finish_jobs(x, w));
    ERR_TRY(catalog_mutable_table(x->catalog, x->arena, w->table_id, &t));
    for (size_t i = 0; i < t->n_gc_mutations; i++)
        if ((uint32_t)t->gc_mutations[i]->index_id == w->index_id) {
            PB_REMOVE(t->gc_mutations, t->n_gc_mutations, i);
            i--;
        }
    return catalog_write_table(x->catalog, t);
}

static struct error *
remove_expired(struct work *w)
{
    struct node *n = w->gc->node;
    if (w->interleaved)
        ERR_TRY(clear_interleaved(w));
    if (w->span.end.len > 0)
        ERR_TRY(engine_drop_span(n->engine, w->span));
    return exec_txn(n, NULL, "system", HLC_MIN, &w->gc->cancel,
                    w->index_id != 0 ? forget_index : forget_table, w);
}

/* ---- one sweep --------------------------------------------------------------------------------- */

struct sweep {
    struct gc *gc;
    struct arena *arena;
    struct catalog_ttls *ttls;
    struct work *work; /* what is to be removed */
    size_t n_work, cap_work;
    struct work *live; /* every table, for its old versions */
    size_t n_live, cap_live;
};

static void
add_work(struct arena *a, struct work **v, size_t *n, size_t *cap, struct work w)
{
    if (*n == *cap) {
        size_t more = *cap == 0 ? 64 : 2 * *cap;
        *v = arena_realloc(a, *v, *cap * sizeof(**v), more * sizeof(**v));
        *cap = more;
    }
    (*v)[(*n)++] = w;
}

static void
look_at_table(struct sweep *s, const pb_table *t)
{
    int64_t now = wall_now_ns();
    struct work w = {.gc = s->gc, .arena = s->arena, .table_id = t->id};
    w.ttl = catalog_gc_ttl(s->ttls, t);
    int64_t ttl = w.ttl * NS_PER_SECOND;
    bool is_view = t->view_query != NULL && *t->view_query != '\0';
    w.span = row_table_span(s->arena, t->id);
    if (t->state == AMBERDB__STATE__DROP) {
        w.interleaved = has_interleaved_index(t);
        w.expired = is_view || t->drop_time + ttl < now;
        if (w.expired)
            add_work(s->arena, &s->work, &s->n_work, &s->cap_work, w);
        return;
    }
    for (size_t i = 0; i < t->n_gc_mutations; i++) {
        if (t->gc_mutations[i]->drop_time + ttl >= now)
            continue;
        struct str start;
        struct work one = w;
        str_init_arena(&start, s->arena, 64);
        key_put_uvarint(&start, t->id);
        key_put_uvarint(&start, (uint64_t)t->gc_mutations[i]->index_id);
        one.index_id = (uint32_t)t->gc_mutations[i]->index_id;
        one.span.start = slice_dup(s->arena, str_slice(&start));
        key_prefix_end(&start);
        one.span.end = slice_dup(s->arena, str_slice(&start));
        add_work(s->arena, &s->work, &s->n_work, &s->cap_work, one);
    }
    if (!is_view)
        add_work(s->arena, &s->live, &s->n_live, &s->cap_live, w);
}

/* Who is alive, what work there is, what nodes ask each other: rows that are written again and again. */
static void
add_own_rows(struct sweep *s)
{
    struct work w = {.gc = s->gc, .arena = s->arena, .table_id = OWN_ROWS_ID, .ttl = OWN_ROWS_TTL,
                     .span = {SLICE_LIT("\x04\0"), SLICE_LIT("\x04\1")}};
    if (s->gc->node->members != NULL)
        add_work(s->arena, &s->live, &s->n_live, &s->cap_live, w);
}

struct paused {
    struct arena *a;
    int64_t *ids;
    size_t n;
};

static struct error *
add_paused(void *arg, const struct datum *row, bool *stop)
{
    struct paused *p = arg;
    (void)stop;
    PB_GROW(p->a, p->ids, p->n, row[0].i);
    return NULL;
}

/* What a paused job waits for stays. */
static struct error *
leave_paused(struct exec_ctx *x, struct sweep *s)
{
    struct paused p = {.a = x->arena};
    struct datum status = datum_cstr("paused");
    if (s->n_work == 0)
        return NULL;
    ERR_TRY(sys_scan(x->catalog, ID_JOBS, "jobs_status_created_idx", &status, 1, add_paused, &p));
    for (size_t i = 0; i < p.n; i++) {
        struct job_record r;
        bool found;
        ERR_TRY(job_record_get(x, x->arena, p.ids[i], &r, &found));
        if (!found || r.payload == NULL ||
            r.payload->details_case != AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE_GC)
            continue;
        size_t kept = 0;
        for (size_t k = 0; k < s->n_work; k++)
            if (!waits_for(r.payload->schema_change_gc, &s->work[k]))
                s->work[kept++] = s->work[k];
        s->n_work = kept;
    }
    return NULL;
}

static struct error *
collect(struct exec_ctx *x, void *arg)
{
    struct sweep *s = arg;
    const pb_descriptor **all;
    size_t n;
    s->n_work = s->n_live = 0;
    add_own_rows(s);
    ERR_TRY(catalog_ttls_read(x->catalog, x->arena, &s->ttls));
    ERR_TRY(catalog_list(x->catalog, x->arena, 0, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (pb_descriptor_table(all[i]) != NULL && pb_descriptor_id(all[i]) < KV_FOREIGN_TABLE_MIN)
            look_at_table(s, pb_descriptor_table(all[i]));
    return leave_paused(x, s);
}

/* Is the table's turn for the removal of old versions? A table that is met for the first time waits. */
static bool
is_due(struct gc *g, const struct work *w)
{
    int64_t now = wall_now_ns(), every = w->ttl * NS_PER_SECOND / 4;
    if (every < g->versions_least_ns)
        every = g->versions_least_ns;
    for (size_t i = 0; i < g->n; i++) {
        if (g->tables[i].id != w->table_id)
            continue;
        if (now - g->tables[i].last_ns < every)
            return false;
        g->tables[i].last_ns = now;
        return true;
    }
    if (g->n == g->cap) {
        g->cap = g->cap == 0 ? 64 : 2 * g->cap;
        g->tables = xrealloc(g->tables, g->cap * sizeof(*g->tables));
    }
    g->tables[g->n++] = (struct table_gc){w->table_id, now};
    return false;
}

static struct error *
sweep_once(struct gc *g, struct arena *a)
{
    struct sweep s = {.gc = g, .arena = a};
    struct node *n = g->node;
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, &g->cancel, collect, &s));
    for (size_t i = 0; i < s.n_work; i++)
        ERR_TRY(remove_expired(&s.work[i]));
    for (size_t i = 0; i < s.n_live; i++) {
        if (!is_due(g, &s.live[i]))
            continue;
        uint64_t removed;
        struct hlc threshold = {.wall = wall_now_ns() - s.live[i].ttl * NS_PER_SECOND};
        ERR_TRY(kv_gc(n->db, s.live[i].span, threshold, &g->cancel, &removed));
        if (removed > 0)
            log_info("gc: removed %llu old versions of table %u", (unsigned long long)removed,
                     s.live[i].table_id);
    }
    return NULL;
}

/* BACKUP protects what it reads in the process that runs it; here are the others'. */
struct foreign {
    struct node *node;
    struct arena *a;
    uint64_t *ids;
    size_t n;
};

static struct error *
protect_backup(void *arg, const struct job_record *r)
{
    struct foreign *f = arg;
    if (r->payload == NULL || job_status_is_terminal(r->status) ||
        job_type_of(r->payload) != JOB_BACKUP)
        return NULL;
    const Amberdb__BackupDetails *d = r->payload->backup;
    struct hlc end = pb_hlc(d->end_time);
    if (end.wall <= 0)
        return NULL;
    uint64_t id = ~PB_GET(d, protection_id); /* not the one of our own */
    ERR_TRY(kv_protect(f->node->db, id, end));
    PB_PUSH(f->a, f->ids, f->n, id);
    return NULL;
}

static struct error *
protect_backups(struct exec_ctx *x, void *arg)
{
    struct foreign *f = arg;
    for (size_t i = 0; i < f->n; i++) /* the transaction is tried again */
        kv_unprotect(f->node->db, f->ids[i]);
    f->n = 0;
    return job_record_scan(x, protect_backup, f);
}

static struct error *
sweep_shared(struct gc *g, struct arena *a)
{
    struct foreign f = {.node = g->node, .a = a};
    if (members_alone(g->node))
        return sweep_once(g, a);
    if (!members_first(g->node))
        return NULL;
    struct error *e = exec_txn(g->node, NULL, "system", HLC_MIN, &g->cancel, protect_backups, &f);
    if (e == NULL)
        e = sweep_once(g, a);
    for (size_t i = 0; i < f.n; i++)
        kv_unprotect(g->node->db, f.ids[i]);
    return e;
}

static void *
gc_thread(void *arg)
{
    struct gc *g = arg;
    mutex_lock(&g->lock);
    while (!g->stop) {
        cond_wait_ns(&g->wake, &g->lock, g->every_ns);
        if (g->stop)
            break;
        mutex_unlock(&g->lock);
        struct arena *a = arena_create(NULL, "gc");
        struct error *e = sweep_shared(g, a);
        if (e != NULL && !cancel_requested(&g->cancel))
            log_warning("gc: %s", e->message);
        err_free(e);
        arena_destroy(a);
        mutex_lock(&g->lock);
    }
    mutex_unlock(&g->lock);
    return NULL;
}

struct error *
gc_start(struct node *n, struct gc **out)
{
    struct gc *g = xcalloc(1, sizeof(*g));
    g->node = n;
    g->every_ns = SWEEP_EVERY_NS;
    g->versions_least_ns = VERSIONS_LEAST_NS;
    const char *test = getenv("AMBERDB_TEST_GC_MS");
    if (test != NULL)
        g->every_ns = g->versions_least_ns = (int64_t)strtoul(test, NULL, 10) * 1000000;
    mutex_init(&g->lock, RANK_SERVER);
    cond_init(&g->wake);
    struct error *e = thread_start(&g->thread, "gc", gc_thread, g);
    if (e != NULL) {
        cond_destroy(&g->wake);
        mutex_destroy(&g->lock);
        xfree(g);
        return e;
    }
    *out = g;
    return NULL;
}

void
gc_stop(struct gc *g)
{
    if (g == NULL)
        return;
    cancel_request(&g->cancel, CANCEL_SHUTDOWN);
    mutex_lock(&g->lock);
    g->stop = true;
    cond_signal(&g->wake);
    mutex_unlock(&g->lock);
    pthread_join(g->thread, NULL);
    cond_destroy(&g->wake);
    mutex_destroy(&g->lock);
    xfree(g->tables);
    xfree(g);
}
