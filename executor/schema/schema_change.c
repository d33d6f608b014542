/* The job SCHEMA CHANGE: what the mutations of one statement ask of the rows that were there before it.
 *
 *     resume      for each step, pieces of one transaction each: rows written anew with their new columns,
 *                 then the entries of each new index; a new primary key is one more index until the end;
 *                 entries among another table's rows, of an index that goes, are taken out
 *                 constraints are validated at one time, which conflicts with nobody: writers have kept
 *                 them since the statement committed
 *                 the mutations become public, in one transaction
 *     revert      the mutations go, and what was written for an index is collected later
 *
 * A piece reads its rows as any transaction does, so a writer that comes between fails it; it is done
 * again, with fewer rows, and rows that come into it do not matter then: their writer has done for them what
 * the piece would. So not even a place where rows come and go all the time holds it up, nor do rows behind
 * the last one that was there when it began; rows added amid the table are passed, too. Doing a piece twice
 * changes nothing. The payload's resume spans (one list for each step, as in v20.1) say where to go on. */
#include "config.h"

#include <time.h>

#include "base/log.h"
#include "catalog/row.h"
#include "executor/jobs/jobs.h"
#include "executor/node.h"
#include "executor/schema/mutations.h"
#include "executor/schema/schema_int.h"
#include "executor/settings.h"

#define PIECE_ROWS 400000 /* the fewer transactions, the faster; writers make them smaller */
#define PIECE_ROWS_MIN 1
#define PIECE_BYTES ((size_t)16 << 20)
#define LOCKED_ROWS 128 /* a piece that writers made so small locks its rows, so that they stay */
#define SAVE_NS INT64_C(1000000000)
#define RETRY_NS INT64_C(100000000) /* looks at the cancel token */
#define RETRY_STEPS 10
#define RATE_SETTING "kv.bulk_io_write.max_rate"

struct change {
    struct job *j;
    Amberdb__SchemaChangeDetails *d;
    uint32_t table_id, mutation_id;
    bool gone;                 /* the table, or the mutations: done, or of no interest any more */
    bool rows;                 /* the first step writes rows anew; the others make index entries */
    uint32_t *indexes;
    struct slice *starts;      /* the keys that the steps begin with */
    size_t n_steps;
    const char *database;      /* defaults may name sequences without theirs */
    struct slice first, last;  /* keys of rows, as the change began: what comes behind the last has all */
    uint64_t max_rows;
    int64_t saved_ns;
    int64_t began_ns;          /* of the writing, for its rate */
    int64_t rate;              /* bytes a second */
    uint64_t written;
};

/* ---- the table, before and after ------------------------------------------------------------- */

struct forms {
    const struct table *before, *after; /* NULL: gone */
    const struct table *seen;           /* by writers */
    pb_mutation **v;
    size_t n;
};

static bool
has_mutation(const pb_table *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_mutations; i++)
        if (PB_GET(t->mutations[i], mutation_id) == id)
            return true;
    return false;
}

/* The mutations of ours out of t. A constraint is in its table from the start: one that is not any more
 * went with a column, or with the table that it refers to. */
static pb_mutation **
take_mutations(struct arena *a, const struct change *c, pb_table *t, size_t *n)
{
    size_t all;
    pb_mutation **v = mutations_take(a, t, c->mutation_id, &all);
    *n = 0;
    for (size_t i = 0; i < all; i++)
        if (!MUTATION_IS(v[i], CONSTRAINT) || ddl_has_constraint(t, pb_str(v[i]->constraint->name)))
            v[(*n)++] = v[i];
    return v;
}

static struct error *
read_forms(struct exec_ctx *x, const struct change *c, struct forms *f)
{
    const pb_descriptor *d;
    bool rewrite;
    *f = (struct forms){0};
    ERR_TRY(catalog_descriptor(x->catalog, c->table_id, &d));
    const pb_table *now = d != NULL ? pb_descriptor_table(d) : NULL;
    if (now == NULL || PB_GET(now, state) != AMBERDB__STATE__PUBLIC)
        return NULL;
    pb_table *after = pb_table_copy(x->arena, now);
    if (!has_mutation(after, c->mutation_id))
        return NULL;
    f->v = take_mutations(x->arena, c, after, &f->n);
    for (size_t i = f->n; i-- > 0;) /* rows are where they were until the end */
        if (MUTATION_IS(f->v[i], PRIMARY_KEY_SWAP))
            PB_REMOVE(f->v, f->n, i);
    pb_table *before = pb_table_copy(x->arena, after);
    for (size_t i = 0; i < f->n; i++) {
        if (!MUTATION_IS(f->v[i], COLUMN))
            continue;
        if (mutation_adds(f->v[i])) /* rows have no values of them: each gets one */
            mutation_forget_column(before, PB_GET(f->v[i]->column, id));
        else
            PB_PUSH(x->arena, before->columns, before->n_columns, f->v[i]->column);
    }
    ERR_TRY(mutations_apply(x, after, f->v, f->n, &rewrite));
    ERR_TRY(table_from_pb(x->arena, now, &f->seen));
    ERR_TRY(table_from_pb(x->arena, before, &f->before));
    return table_from_pb(x->arena, after, &f->after);
}

static bool
needs_rows(const pb_mutation *m)
{
    return MUTATION_IS(m, COLUMN) &&
           (!mutation_adds(m) || m->column->default_expr != NULL ||
            m->column->compute_expr != NULL || !PB_GET(m->column, nullable));
}

/* ---- how far it is --------------------------------------------------------------------------- */

static struct error *
edge_key(struct exec_ctx *x, struct change *c, const struct table *t, bool reverse,
         struct slice *out)
{
    struct kv_scan_opts o = {.span = row_index_span(x->arena, t, &t->indexes[0]),
                             .reverse = reverse, .no_track = true};
    struct kv_scan *scan;
    struct kv_entry e;
    bool more;
    ERR_TRY(kv_scan_open(x->txn, &o, &scan));
    struct error *err = kv_scan_next(scan, &e, &more);
    if (err == NULL && more)
        *out = (struct slice){arena_memdup(c->j->arena, e.key.ptr, e.key.len), e.key.len};
    kv_scan_close(scan);
    return err;
}

/* The eight bytes of a key from `at` on, as a number. */
static double
number_at(struct slice key, size_t at)
{
    double n = 0;
    for (size_t i = at; i < at + 8; i++)
        n = n * 256 + (i < key.len ? key.ptr[i] : 0);
    return n;
}

/* Where key lies between first and last, by their bytes: 0..1. */
static double
key_fraction(struct slice first, struct slice last, struct slice key)
{
    size_t same = 0;
    while (same < first.len && same < last.len && first.ptr[same] == last.ptr[same])
        same++;
    double low = number_at(first, same), high = number_at(last, same);
    double f = high > low ? (number_at(key, same) - low) / (high - low) : 0;
    return f < 0 ? 0 : f > 1 ? 1 : f;
}

static struct error *
prepare_txn(struct exec_ctx *x, void *arg)
{
    struct change *c = arg;
    struct arena *a = c->j->arena;
    struct forms f;
    ERR_TRY(read_forms(x, c, &f));
    c->gone = f.after == NULL;
    c->rows = false;
    c->n_steps = 0;
    c->indexes = NULL;
    c->starts = NULL;
    if (c->gone)
        return NULL;
    for (size_t i = 0; i < f.n; i++)
        c->rows = c->rows || needs_rows(f.v[i]);
    if (c->rows)
        PB_PUSH(a, c->indexes, c->n_steps, 0);
    for (size_t i = 0; i < f.n; i++)
        if (MUTATION_IS(f.v[i], INDEX) &&
            (mutation_adds(f.v[i]) || ddl_is_interleaved(f.v[i]->index)))
            PB_PUSH(a, c->indexes, c->n_steps, PB_GET(f.v[i]->index, id));
    const struct database *db;
    ERR_TRY(catalog_database_by_id(x->catalog, f.before->parent_id, &db));
    if (db != NULL)
        c->database = arena_strdup(a, db->name);
    ERR_TRY(edge_key(x, c, f.before, false, &c->first));
    ERR_TRY(edge_key(x, c, f.before, true, &c->last));
    c->starts = ARENA_ARRAY(a, struct slice, c->n_steps + 1);
    for (size_t i = 0; i < c->n_steps; i++) {
        const struct index *ix = table_index_by_id(f.seen, c->indexes[i]);
        c->starts[i] = ix != NULL && !ix->adding ? row_index_span(a, f.seen, ix).start : c->first;
    }
    return NULL;
}

/* Where an earlier run ends, this one does: else rows that come at the end all the time are never passed. */
static void
keep_last(struct change *c)
{
    for (size_t i = 0; i < c->n_steps; i++) {
        const Amberdb__ResumeSpanList *l = c->d->resume_span_list[i];
        if (l->n_resume_spans > 0 && l->resume_spans[0]->end_key.len > 0)
            c->last = pb_bytes(l->resume_spans[0]->end_key);
    }
}

/* A list for each step: what is left of the primary index. Begun when an earlier run left none. */
static struct error *
prepare_spans(struct change *c)
{
    struct arena *a = c->j->arena;
    if (c->d->n_resume_span_list == c->n_steps) {
        keep_last(c);
        return NULL;
    }
    c->d->n_resume_span_list = 0;
    for (size_t i = 0; i < c->n_steps; i++) {
        Amberdb__ResumeSpanList *l = PB_NEW(a, ResumeSpanList, resume_span_list);
        Amberdb__Span *s = PB_NEW(a, Span, span);
        pb_set_bytes(a, &s->key, &s->has_key, c->starts[i]);
        pb_set_bytes(a, &s->end_key, &s->has_end_key, c->last);
        PB_PUSH(a, l->resume_spans, l->n_resume_spans, s);
        PB_PUSH(a, c->d->resume_span_list, c->d->n_resume_span_list, l);
    }
    return job_save(c->j);
}

static struct error *
save_position(struct change *c, size_t step, struct slice next)
{
    Amberdb__ResumeSpanList *l = c->d->resume_span_list[step];
    int64_t now = monotonic_now_ns();
    double done = next.len > 0 ? key_fraction(c->first, c->last, next) : 1;
    double fraction = ((double)step + done) / (double)(c->n_steps + 1);
    if (next.len > 0 && now - c->saved_ns < SAVE_NS)
        return cancel_check(&c->j->cancel);
    c->saved_ns = now;
    if (next.len == 0)
        l->n_resume_spans = 0;
    else
        pb_set_bytes(c->j->arena, &l->resume_spans[0]->key, &l->resume_spans[0]->has_key, next);
    c->j->progress->progress_case = AMBERDB__PROGRESS__PROGRESS_FRACTION_COMPLETED;
    c->j->progress->fraction_completed = (float)fraction;
    c->j->progress->running_status = arena_strdup(c->j->arena, "populating schema");
    return job_save(c->j);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

struct piece {
    struct change *c;
    size_t step;
    struct slice from;
    struct arena *kept;        /* of next */
    struct slice next;
    size_t bytes;              /* written */
    int attempts;
};

static struct error *
piece_txn(struct exec_ctx *x, void *arg)
{
    struct piece *p = arg;
    struct change *c = p->c;
    struct forms f;
    struct error *err;
    if (p->attempts++ > 0 && c->max_rows > PIECE_ROWS_MIN)
        c->max_rows = c->max_rows / 4 > PIECE_ROWS_MIN ? c->max_rows / 4 : PIECE_ROWS_MIN;
    struct ddl_piece piece = {.from = p->from, .to = c->last, .max_rows = c->max_rows,
                              .rows_alone = p->attempts > 1,
                              .lock = p->attempts > 1 && c->max_rows <= LOCKED_ROWS,
                              .max_bytes = (size_t)c->rate < PIECE_BYTES ? (size_t)c->rate
                                                                       : PIECE_BYTES};
    ERR_TRY(read_forms(x, c, &f));
    p->next = (struct slice){0};
    if (f.after == NULL) {
        c->gone = true;
        return NULL;
    }
    if (c->rows && p->step == 0) {
        piece.seen = f.seen;
        err = ddl_rewrite_rows(x, f.before, f.after, &piece);
    } else {
        const struct index *ix = table_index_by_id(f.after, c->indexes[p->step]);
        const struct index *old = table_index_by_id(f.seen, c->indexes[p->step]);
        err = ix != NULL    ? ddl_backfill_index(x, f.after, ix, &piece)
              : old != NULL ? ddl_clear_index(x, f.seen, old, &piece)
                            : NULL;
    }
    p->bytes = piece.bytes;
    /* What comes before the first row comes with all that it needs: another attempt need not step over what
     * went there meanwhile, which would take it longer than the row may live. */
    if (piece.rows_alone && piece.first.len > 0)
        p->from = (struct slice){arena_memdup(p->kept, piece.first.ptr, piece.first.len), piece.first.len};
    if (err == NULL && piece.next.len > 0)
        p->next = (struct slice){arena_memdup(p->kept, piece.next.ptr, piece.next.len),
                                 piece.next.len};
    return err;
}

/* The setting may change while the job runs. */
static void
read_rate(struct change *c)
{
    int64_t rate = settings_int(c->j->node, RATE_SETTING);
    if (rate < 1)
        rate = 1;
    if (rate == c->rate)
        return;
    c->rate = rate;
    c->written = 0;
    c->began_ns = monotonic_now_ns();
}

/* Not faster than the setting allows. */
static struct error *
keep_rate(struct change *c, size_t bytes)
{
    c->written += bytes;
    for (;;) {
        read_rate(c);
        double due = (double)c->written / (double)c->rate;
        double left = due - (double)(monotonic_now_ns() - c->began_ns) / 1e9;
        if (left <= 0)
            return NULL;
        ERR_TRY(cancel_check(&c->j->cancel));
        int64_t ns = left < 0.1 ? (int64_t)(left * 1e9) : RETRY_NS;
        nanosleep(&(struct timespec){0, ns}, NULL);
    }
}

static struct error *
run_step(struct change *c, size_t step)
{
    struct arena *keys[2] = {arena_create(NULL, "schema change"), arena_create(NULL,
                                                                               "schema change")};
    struct piece p = {.c = c, .step = step};
    struct error *err = NULL;
    p.next = pb_bytes(c->d->resume_span_list[step]->resume_spans[0]->key);
    for (int turn = 0; err == NULL && p.next.len > 0 && !c->gone; turn = 1 - turn) {
        p.from = p.next;
        p.attempts = 0;
        p.kept = keys[turn];
        arena_reset(p.kept);
        err = exec_txn(c->j->node, NULL, c->database, HLC_MIN, &c->j->cancel, piece_txn, &p);
        if (err == NULL && p.attempts == 1 && c->max_rows < PIECE_ROWS)
            c->max_rows *= 2;
        if (err == NULL && !c->gone)
            err = save_position(c, step, p.next);
        if (err == NULL)
            err = keep_rate(c, p.bytes);
    }
    arena_destroy(keys[0]);
    arena_destroy(keys[1]);
    return err;
}

/* ---- constraints, and the end ---------------------------------------------------------------- */

static struct error *
validate_txn(struct exec_ctx *x, void *arg)
{
    struct forms f;
    ERR_TRY(read_forms(x, arg, &f));
    for (size_t i = 0; f.after != NULL && i < f.n; i++)
        if (MUTATION_IS(f.v[i], CONSTRAINT) && mutation_adds(f.v[i]))
            ERR_TRY(mutation_validate(x, f.after, f.v[i]->constraint));
    return NULL;
}

/* Another job, which nobody can cancel, takes columns out of the rows that mutations of this id drop. */
static struct error *
start_dropping(struct exec_ctx *x, const struct job *j, pb_table *t, uint32_t id)
{
    struct arena *a = x->arena;
    int64_t job_id;
    Amberdb__Payload *p = PB_NEW(a, Payload, payload);
    p->username = arena_strdup(a, pb_str(j->payload->username));
    p->schema_change = PB_NEW(a, SchemaChangeDetails, schema_change_details);
    p->details_case = AMBERDB__PAYLOAD__DETAILS_SCHEMA_CHANGE;
    PB_SET(p->schema_change, table_id, PB_GET(t, id));
    PB_SET(p->schema_change, mutation_id, id);
    PB_SET(p->schema_change, format_version, 1);
    PB_SET(p, noncancelable, 1);
    PB_PUSH(a, p->descriptor_ids, p->n_descriptor_ids, PB_GET(t, id));
    ERR_TRY(job_create(x, p, NULL, pb_str(j->payload->description), &job_id));
    Amberdb__MutationJob *m = PB_NEW(a, MutationJob, mutation_job);
    PB_SET(m, mutation_id, id);
    PB_SET(m, job_id, job_id);
    PB_PUSH(a, t->mutation_jobs, t->n_mutation_jobs, m);
    PB_SET(t, next_mutation_id, id + 1);
    return NULL;
}

/* The rows are in the new primary index: the indexes that it replaced are collected later, and the shard
 * column of the old key goes when no index has it. */
static struct error *
old_key_gone(struct exec_ctx *x, const struct job *j, const pb_table *before)
{
    const Amberdb__ShardedDescriptor *shard = before->primary_index->sharded;
    uint32_t id = PB_GET(before, id), *gone = NULL, mutation_id;
    size_t n = 0;
    pb_table *t;
    bool any;
    ERR_TRY(ddl_mutable(x, id, &t));
    for (size_t i = before->n_gc_mutations; i < t->n_gc_mutations; i++)
        PB_PUSH(x->arena, gone, n, (uint32_t)t->gc_mutations[i]->index_id);
    ERR_TRY(ddl_gc_job(x, pb_str(j->payload->description), id, gone, n, NULL, 0));
    if (shard == NULL || !PB_GET(shard, is_sharded))
        return NULL;
    const pb_table *with = pb_table_copy(x->arena, t);
    mutation_id = PB_GET(t, next_mutation_id);
    ERR_TRY(ddl_shard_gone(x, id, pb_str(shard->name), true));
    ERR_TRY(ddl_defer_losses(x, id, with, mutation_id, &any));
    if (!any)
        return NULL;
    ERR_TRY(ddl_mutable(x, id, &t));
    ERR_TRY(start_dropping(x, j, t, mutation_id));
    return catalog_write_table(x->catalog, t);
}

static struct error *
finish_txn(struct exec_ctx *x, void *arg)
{
    const struct change *c = arg;
    const pb_descriptor *d;
    pb_table *t;
    size_t n;
    bool rewrite;
    ERR_TRY(catalog_descriptor(x->catalog, c->table_id, &d));
    if (d == NULL || pb_descriptor_table(d) == NULL ||
        PB_GET(pb_descriptor_table(d), state) != AMBERDB__STATE__PUBLIC)
        return NULL;
    if (!has_mutation(pb_descriptor_table(d), c->mutation_id))
        return NULL;
    ERR_TRY(ddl_mutable(x, c->table_id, &t));
    const pb_table *before = pb_table_copy(x->arena, t);
    pb_mutation **v = take_mutations(x->arena, c, t, &n);
    ERR_TRY(mutations_apply(x, t, v, n, &rewrite));
    ERR_TRY(catalog_write_table(x->catalog, t));
    for (size_t i = 0; i < n; i++)
        if (MUTATION_IS(v[i], PRIMARY_KEY_SWAP))
            ERR_TRY(old_key_gone(x, c->j, before));
        else if (MUTATION_IS(v[i], INDEX) && !mutation_adds(v[i]))
            ERR_TRY(mutation_unlink_index(x, before, v[i]->index));
    for (size_t i = 0; i < n; i++)
        if (MUTATION_IS(v[i], CONSTRAINT) && v[i]->constraint->foreign_key != NULL)
            ERR_TRY(ddl_foreign_key_validity(x, c->table_id, pb_str(v[i]->constraint->name),
                                             AMBERDB__CONSTRAINT_VALIDITY__VALIDATED));
    return ddl_event_mutation(x, "finish_schema_change", c->table_id, c->mutation_id);
}

static struct error *
run(struct change *c)
{
    struct job *j = c->j;
    ERR_TRY(exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, prepare_txn, c));
    if (c->gone)
        return NULL;
    if (c->first.len > 0) {
        ERR_TRY(prepare_spans(c));
        for (size_t i = 0; i < c->n_steps && !c->gone; i++)
            if (c->d->resume_span_list[i]->n_resume_spans > 0)
                ERR_TRY(run_step(c, i));
    }
    ERR_TRY(job_progress(j, (double)c->n_steps / (double)(c->n_steps + 1), "validating schema"));
    ERR_TRY(exec_txn(j->node, NULL, c->database, clock_now(j->node->clock), &j->cancel,
                     validate_txn, c));
    return exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, finish_txn, c);
}

/* Trying again may help; and what cannot be taken back goes on. */
static bool
is_transient(const struct change *c, const struct error *e)
{
    if (cancel_requested(&c->j->cancel))
        return false;
    return PB_GET(c->j->payload, noncancelable) || err_is(e, ERR_SERIALIZATION_FAILURE) ||
           err_is(e, ERR_CONNECTION_FAILURE) || err_is(e, ERR_STATEMENT_COMPLETION_UNKNOWN);
}

static struct error *
schema_change_resume(struct job *j, struct row_sink *rows)
{
    struct change c = {.j = j, .d = j->payload->schema_change, .database = "system",
                       .max_rows = PIECE_ROWS};
    struct error *err;
    (void)rows;
    read_rate(&c);
    c.table_id = PB_GET(c.d, table_id);
    c.mutation_id = PB_GET(c.d, mutation_id);
    for (;;) {
        err = run(&c);
        if (err == NULL || !is_transient(&c, err))
            break;
        log_warning("job %lld: %s", (long long)j->id, err->message);
        err_free(err);
        for (int i = 0; i < RETRY_STEPS; i++) {
            ERR_TRY(cancel_check(&j->cancel));
            nanosleep(&(struct timespec){0, RETRY_NS}, NULL);
        }
    }
    if (err != NULL)
        j->state = arena_strdup(j->arena, err->message);
    return err;
}

/* ---- taking it back -------------------------------------------------------------------------- */

/* The entries that were written so far are a dropped index's. */
static struct error *
collect_indexes(struct exec_ctx *x, const struct job *j, uint32_t table_id, pb_mutation *const *v,
                size_t n)
{
    uint32_t *ids = ARENA_ARRAY(x->arena, uint32_t, n + 1);
    size_t n_ids = 0;
    for (size_t i = 0; i < n; i++)
        if (MUTATION_IS(v[i], INDEX) && mutation_adds(v[i]) && !ddl_is_interleaved(v[i]->index))
            ids[n_ids++] = PB_GET(v[i]->index, id);
    if (n_ids == 0)
        return NULL;
    const char *text = arena_printf(x->arena, "ROLLBACK of %s", pb_str(j->payload->description));
    return ddl_gc_job(x, text, table_id, ids, n_ids, NULL, 0);
}

/* Of columns that are dropped together with what is taken back now rows have lost values, and of indexes
 * entries: another job, which nobody can cancel, drops them. They are taken out of v. */
static struct error *
go_on_dropping(struct exec_ctx *x, const struct job *j, pb_table *t, pb_mutation **v, size_t *n)
{
    struct arena *a = x->arena;
    size_t kept = 0, was = t->n_mutations;
    uint32_t id = PB_GET(t, next_mutation_id);
    for (size_t i = 0; i < *n; i++) {
        if (mutation_adds(v[i]) || !(MUTATION_IS(v[i], COLUMN) || MUTATION_IS(v[i], INDEX))) {
            v[kept++] = v[i];
            continue;
        }
        PB_SET(v[i], mutation_id, id);
        PB_PUSH(a, t->mutations, t->n_mutations, v[i]);
    }
    *n = kept;
    return t->n_mutations == was ? NULL : start_dropping(x, j, t, id);
}

static struct error *
undo_txn(struct exec_ctx *x, void *arg)
{
    struct job *j = arg;
    const Amberdb__SchemaChangeDetails *sc = j->payload->schema_change;
    uint32_t table_id = PB_GET(sc, table_id), mutation_id = PB_GET(sc, mutation_id);
    const char *why = j->state != NULL ? j->state : pb_str(j->payload->error);
    const pb_descriptor *d;
    pb_table *t;
    size_t n;
    ERR_TRY(catalog_descriptor(x->catalog, table_id, &d));
    if (d == NULL || pb_descriptor_table(d) == NULL ||
        PB_GET(pb_descriptor_table(d), state) != AMBERDB__STATE__PUBLIC)
        return NULL;
    ERR_TRY(ddl_mutable(x, table_id, &t));
    pb_mutation **v = mutations_take(x->arena, t, mutation_id, &n);
    if (n == 0)
        return NULL;
    ERR_TRY(go_on_dropping(x, j, t, v, &n));
    ERR_TRY(mutations_undo(x, t, v, n));
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(ddl_event_reversed(x, table_id, mutation_id, why));
    ERR_TRY(collect_indexes(x, j, table_id, v, n));
    return ddl_event_mutation(x, "finish_schema_change_rollback", table_id, mutation_id);
}

/* Entries among another table's rows have to go before the index does. */
struct clearing {
    const struct job *j;
    uint32_t *indexes;
    size_t n, at;
    struct slice from, next;   /* next: once the piece is committed */
    struct arena *kept;        /* of both */
};

/* From now on nobody writes them. */
static struct error *
stop_writing_txn(struct exec_ctx *x, void *arg)
{
    struct clearing *c = arg;
    const Amberdb__SchemaChangeDetails *sc = c->j->payload->schema_change;
    const pb_descriptor *d;
    pb_table *t;
    c->n = 0;
    ERR_TRY(catalog_descriptor(x->catalog, PB_GET(sc, table_id), &d));
    if (d == NULL || pb_descriptor_table(d) == NULL ||
        PB_GET(pb_descriptor_table(d), state) != AMBERDB__STATE__PUBLIC)
        return NULL;
    ERR_TRY(ddl_mutable(x, PB_GET(sc, table_id), &t));
    for (size_t i = 0; i < t->n_mutations; i++) {
        pb_mutation *m = t->mutations[i];
        if (PB_GET(m, mutation_id) != PB_GET(sc, mutation_id) || !MUTATION_IS(m, INDEX) ||
            !mutation_adds(m) || !ddl_is_interleaved(m->index))
            continue;
        PB_SET(m, state, AMBERDB__MUTATION_STATE__DELETE_ONLY);
        PB_PUSH(c->j->arena, c->indexes, c->n, PB_GET(m->index, id));
    }
    return c->n > 0 ? catalog_write_table(x->catalog, t) : NULL;
}

static struct error *
clear_txn(struct exec_ctx *x, void *arg)
{
    struct clearing *c = arg;
    struct ddl_piece piece = {.from = c->from, .max_rows = PIECE_ROWS, .max_bytes = PIECE_BYTES};
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, PB_GET(c->j->payload->schema_change, table_id), &t));
    const struct index *ix = t != NULL ? table_index_by_id(t, c->indexes[c->at]) : NULL;
    c->next = (struct slice){0};
    if (ix == NULL)
        return NULL;
    ERR_TRY(ddl_clear_index(x, t, ix, &piece));
    if (piece.next.len > 0)
        c->next = slice_dup(c->kept, piece.next);
    return NULL;
}

static struct error *
clear_indexes(struct job *j)
{
    struct clearing c = {.j = j, .kept = arena_create(NULL, "keys of entries")};
    struct error *err = exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, stop_writing_txn, &c);
    while (err == NULL && c.at < c.n) {
        err = exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, clear_txn, &c);
        c.from = c.next;
        if (c.from.len == 0)
            c.at++;
    }
    arena_destroy(c.kept);
    return err;
}

static struct error *
schema_change_revert(struct job *j)
{
    ERR_TRY(clear_indexes(j));
    return exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, undo_txn, j);
}

const struct job_ops job_ops_schema_change = {
    .type = JOB_SCHEMA_CHANGE,
    .name = "SCHEMA CHANGE",
    .resume = schema_change_resume,
    .revert = schema_change_revert,
};
