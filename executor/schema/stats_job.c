/* The job CREATE STATS: one pass over a table's rows at one time, then rows of system.table_statistics.
 *
 *     stats_job_start     the job's row, with the table's descriptor and the lists of columns
 *     resume              pieces of rows, each a transaction that reads at a fixed time, so that nobody
 *                         waits for it and it conflicts with nobody; between them it idles, as far as
 *                         THROTTLING says, while the machine is busy
 *                         one transaction that replaces the older statistics
 *
 * What was sampled is kept nowhere: after PAUSE and RESUME the pass begins anew. */
#include "config.h"

#include "executor/schema/stats_job.h"

#include <time.h>
#include <unistd.h>

#include "catalog/sysrow.h"
#include "executor/jobs/jobs.h"
#include "executor/relational/table_reader.h"
#include "executor/schema/schema_int.h"
#include "executor/schema/stats_sample.h"
#include "executor/settings.h"
#include "executor/table_stats.h"

#define BUSY "another CREATE STATISTICS job is already running"
#define PIECE_ROWS 20000
#define PIECE_NS INT64_C(50000000)
#define MAX_OTHER_COLUMNS 100 /* SOURCE: CockroachDB v20.1 pkg/sql/create_stats.go, maxNonIndexCols */

/* ---- starting -------------------------------------------------------------------------------- */

static void
add_list(struct arena *a, Amberdb__CreateStatsDetails *d, const struct column *const *columns, int n,
         bool histogram)
{
    Amberdb__CreateStatsDetails__ColStat *c =
        PB_NEW(a, CreateStatsDetails__ColStat, create_stats_details__col_stat);
    for (int i = 0; i < n; i++)
        PB_PUSH(a, c->column_ids, c->n_column_ids, columns[i]->id);
    PB_SET(c, has_histogram, histogram);
    PB_PUSH(a, d->column_stats, d->n_column_stats, c);
}

/* Without ON: every column that begins an index, with a histogram, then others. */
static void
add_usual_lists(struct arena *a, Amberdb__CreateStatsDetails *d, const struct table *t)
{
    bool *done = arena_zalloc(a, (size_t)t->n_all_columns + 1);
    for (int i = 0; i < t->n_indexes; i++) {
        const struct column *c = &t->columns[t->indexes[i].keys[0]];
        if (done[t->indexes[i].keys[0]] || t->indexes[i].inverted)
            continue;
        done[t->indexes[i].keys[0]] = true;
        add_list(a, d, &c, 1, true);
    }
    for (int i = 0, others = 0; i < t->n_columns && others < MAX_OTHER_COLUMNS; i++) {
        const struct column *c = &t->columns[i];
        if (done[i] || c->type->family == FAMILY_JSON)
            continue;
        add_list(a, d, &c, 1, c->type->family == FAMILY_BOOL);
        others++;
    }
}

struct at_work {
    struct arena *a;
    int64_t *ids;
    size_t n;
};

static struct error *
note_id(void *arg, const struct datum *row, bool *stop)
{
    struct at_work *w = arg;
    (void)stop;
    PB_GROW(w->a, w->ids, w->n, row[0].i);
    return NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/create_stats.go, checkRunningJobs */
static struct error *
check_alone(struct exec_ctx *x)
{
    static const char *const live[] = {"pending", "running", "paused"};
    struct at_work w = {.a = x->arena};
    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
        struct datum status = datum_cstr(live[i]);
        ERR_TRY(sys_scan(x->catalog, ID_JOBS, "jobs_status_created_idx", &status, 1, note_id, &w));
    }
    for (size_t i = 0; i < w.n; i++) {
        struct job_record r;
        bool found;
        ERR_TRY(job_record_get(x, x->arena, w.ids[i], &r, &found));
        if (found && r.payload != NULL && job_type_of(r.payload) == JOB_CREATE_STATS)
            return err_new(ERR_UNCATEGORIZED, BUSY);
    }
    return NULL;
}

bool
stats_job_is_busy(const struct error *err)
{
    return err != NULL && strcmp(err->message, BUSY) == 0;
}

struct start {
    Amberdb__Payload *payload;
    const char *description;
    bool alone;
    int64_t id;
};

static struct error *
start_txn(struct exec_ctx *x, void *arg)
{
    struct start *s = arg;
    if (s->alone)
        ERR_TRY(check_alone(x));
    return job_create(x, s->payload, NULL, s->description, &s->id);
}

struct error *
stats_job_start(struct exec_ctx *x, const struct stats_order *o, int64_t *id)
{
    struct arena *a = x->arena;
    Amberdb__CreateStatsDetails *d = PB_NEW(a, CreateStatsDetails, create_stats_details);
    Amberdb__Payload *p = PB_NEW(a, Payload, payload);
    bool by_itself = strcmp(o->name, STATS_AUTO_NAME) == 0;
    const char *fq = ddl_full_name(x, o->table);
    d->name = arena_strdup(a, o->name);
    d->fq_table_name = arena_strdup(a, fq);
    d->statement = arena_strdup(a, o->statement);
    d->table = pb_table_copy(a, o->table->pb);
    if (o->columns != NULL)
        add_list(a, d, o->columns, o->n_columns, o->n_columns == 1);
    else
        add_usual_lists(a, d, o->table);
    if (!hlc_is_empty(o->as_of))
        d->as_of = pb_timestamp(a, o->as_of);
    if (o->throttling > 0)
        PB_SET(d, max_fraction_idle, o->throttling);
    struct slice bytes = pb_pack(a, PB_BASE(d));
    p->details_case = AMBERDB__PAYLOAD__DETAILS_CREATE_STATS;
    p->create_stats.data = arena_memdup(a, bytes.ptr, bytes.len);
    p->create_stats.len = bytes.len;
    p->username = arena_strdup(a, x->user);
    if (by_itself)
        p->statement = arena_strdup(a, o->text);
    struct start s = {
        .payload = p, .alone = by_itself,
        .description = by_itself ? arena_printf(a, "Table statistics refresh for %s", fq) : o->text};
    ERR_TRY(exec_txn(x->node, x->user, x->database, HLC_MIN, x->cancel, start_txn, &s));
    *id = s.id;
    return NULL;
}

/* ---- the pass -------------------------------------------------------------------------------- */

struct pass {
    struct job *j;
    Amberdb__CreateStatsDetails *d;
    const struct table *t;
    struct stats_sample *sample;
    bool *needed;              /* by ordinal */
    struct hlc ts;
    int64_t age_ns, began_ns;  /* AS OF: how old it was when the job began; when that was */
    struct span span;          /* what is left */
    struct str from;           /* where that begins, once some is done */
    bool done;
    double expected;           /* rows, by older statistics; 0: unknown */
    int64_t cpu_ns, wall_ns;   /* when the machine was last looked at */
    double usage;              /* then: the part of it that this process takes */
};

/* The rows after the last of a batch. */
static struct error *
move_on(struct pass *p, struct arena *a, struct datum *const *columns, int n)
{
    const struct index *pk = &p->t->indexes[0];
    struct datum *vals = ARENA_ARRAY(a, struct datum, (size_t)pk->n_keys + 1);
    struct span last;
    for (int i = 0; i < pk->n_keys; i++)
        vals[i] = columns[pk->keys[i]][n - 1];
    ERR_TRY(index_prefix_span(a, p->t, pk, vals, pk->n_keys, &last));
    str_clear(&p->from);
    str_append_slice(&p->from, last.end);
    ERR_TRY(str_error(&p->from));
    p->span.start = str_slice(&p->from);
    return NULL;
}

static struct error *
piece_txn(struct exec_ctx *x, void *arg)
{
    struct pass *p = arg;
    int n_all = p->t->n_all_columns, n_out = 0, n = 0, rows = 0;
    int *ordinals = ARENA_ARRAY(x->arena, int, (size_t)n_all + 1);
    struct datum **out = ARENA_ARRAY(x->arena, struct datum *, (size_t)n_all + 1);
    struct datum **columns = ARENA_ARRAY(x->arena, struct datum *, (size_t)n_all + 1);
    struct arena *a = arena_create(x->arena, "batch");
    struct table_reader *r;
    int64_t end_ns = monotonic_now_ns() + PIECE_NS;
    for (int i = 0; i < n_all; i++) {
        if (!p->needed[i])
            continue;
        columns[i] = out[n_out] = ARENA_ARRAY(x->arena, struct datum, BATCH_ROWS);
        ordinals[n_out++] = i;
    }
    ERR_TRY(table_reader_create(x, x->arena, p->t, &p->t->indexes[0], p->needed, false, &r));
    if (stats_sample_rows(p->sample) >= PIECE_ROWS) /* it costs more to begin */
        table_reader_scan_long(r);
    struct span span = {slice_dup(x->arena, p->span.start), p->span.end};
    table_reader_start(r, &span, 1, false);
    struct error *err = NULL;
    while (rows < PIECE_ROWS && monotonic_now_ns() < end_ns) {
        ERR_GOTO(cancel_check(&p->j->cancel), out);
        ERR_GOTO(table_reader_batch(r, BATCH_ROWS, n_out, ordinals, out, &n), out);
        if (n == 0) {
            p->done = true;
            break;
        }
        ERR_GOTO(stats_sample_add(p->sample, columns, n), out);
        ERR_GOTO(move_on(p, a, columns, n), out);
        arena_reset(a);
        rows += n;
    }
out:
    table_reader_close(r);
    return err;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/rowexec/sampler.go: from a quarter of the machine on it idles, from
 * three quarters on as much as it may; never for longer than ten seconds. */
static struct error *
idle(struct pass *p, int64_t worked_ns)
{
    double most = PB_GET(p->d, max_fraction_idle);
    struct timespec cpu;
    int64_t now = monotonic_now_ns();
    if (most <= 0)
        return NULL;
    if (now - p->wall_ns >= INT64_C(500000000)) {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
        int64_t used = cpu.tv_sec * INT64_C(1000000000) + cpu.tv_nsec;
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        if (p->wall_ns != 0)
            p->usage = (double)(used - p->cpu_ns) / (double)(now - p->wall_ns) /
                       (double)(cpus > 0 ? cpus : 1);
        p->cpu_ns = used;
        p->wall_ns = now;
    }
    double share = p->usage <= 0.25 ? 0 : p->usage >= 0.75 ? 1 : (p->usage - 0.25) / 0.5;
    double part = most * share > 0.99 ? 0.99 : most * share;
    double wait = (double)worked_ns * part / (1 - part);
    int64_t until = now + (wait > 1e10 ? INT64_C(10000000000) : (int64_t)wait);
    while (now < until) { /* in short sleeps, as it may be told to stop */
        int64_t ns = until - now < 20000000 ? until - now : 20000000;
        ERR_TRY(cancel_check(&p->j->cancel));
        nanosleep(&(struct timespec){0, ns}, NULL);
        now = monotonic_now_ns();
    }
    return NULL;
}

/* A long pass reads newer rows in the end, so that what it reads is there yet. */
static void
keep_young(struct pass *p)
{
    int64_t now = wall_now_ns();
    if (p->d->as_of == NULL ||
        now - p->ts.wall < settings_duration_ns(p->j->node, "sql.stats.max_timestamp_age"))
        return;
    p->ts = (struct hlc){now - p->age_ns, 0};
}

static struct error *
read_rows(struct pass *p)
{
    while (!p->done) {
        int64_t began = monotonic_now_ns();
        keep_young(p);
        ERR_TRY(exec_txn(p->j->node, NULL, NULL, p->ts, &p->j->cancel, piece_txn, p));
        double rows = (double)stats_sample_rows(p->sample);
        if (p->expected > 0)
            ERR_TRY(job_progress(p->j, rows < p->expected ? rows / p->expected : 0.99, NULL));
        if (!p->done)
            ERR_TRY(idle(p, monotonic_now_ns() - began));
    }
    return NULL;
}

/* ---- its end --------------------------------------------------------------------------------- */

/* Of one list of columns the newest stays, and four of those that were made by themselves.
 * SOURCE: CockroachDB v20.1 pkg/sql/stats/delete_stats.go */
static struct error *
put_list(struct exec_ctx *x, struct pass *p, int i)
{
    const Amberdb__CreateStatsDetails__ColStat *c = p->d->column_stats[i];
    int64_t *ids = ARENA_ARRAY(x->arena, int64_t, c->n_column_ids + 1), counts[3];
    struct datum histogram = DATUM_NULL;
    for (size_t k = 0; k < c->n_column_ids; k++)
        ids[k] = c->column_ids[k];
    stats_sample_counts(p->sample, i, counts);
    Amberdb__HistogramData *h = stats_sample_histogram(p->sample, x->arena, i);
    if (h != NULL) {
        struct slice bytes = pb_pack(x->arena, PB_BASE(h));
        histogram = datum_bytes(bytes.ptr, bytes.len);
    }
    struct datum name = *p->d->name == '\0' ? DATUM_NULL : datum_cstr(p->d->name);
    return ddl_put_statistic(x, p->t->id, name, ids, (int)c->n_column_ids, counts, DATUM_NULL, histogram,
                             true);
}

static struct error *
finish_txn(struct exec_ctx *x, void *arg)
{
    struct pass *p = arg;
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, p->t->id, &t));
    if (t == NULL)
        return err_new(ERR_UNDEFINED_TABLE, "relation \"[%u]\" does not exist", p->t->id);
    for (size_t i = 0; i < p->d->n_column_stats; i++)
        ERR_TRY(put_list(x, p, (int)i));
    return ddl_stats_event(x, t->id, p->d->fq_table_name, p->d->statement);
}

/* What the lists ask for, by ordinal, and which columns that are. */
static struct error *
take_lists(struct pass *p)
{
    struct arena *a = p->j->arena;
    bool histograms = settings_bool(p->j->node, "sql.stats.histogram_collection.enabled");
    size_t n = p->d->n_column_stats;
    struct stats_columns *lists = ARENA_ARRAY(a, struct stats_columns, n + 1);
    p->needed = ARENA_ARRAY(a, bool, (size_t)p->t->n_all_columns + 1);
    for (int i = 0; i < p->t->indexes[0].n_keys; i++)
        p->needed[p->t->indexes[0].keys[i]] = true;
    for (size_t i = 0; i < n; i++) {
        const Amberdb__CreateStatsDetails__ColStat *c = p->d->column_stats[i];
        int *ordinals = ARENA_ARRAY(a, int, c->n_column_ids + 1);
        for (size_t k = 0; k < c->n_column_ids; k++) {
            ordinals[k] = table_column_ordinal(p->t, c->column_ids[k]);
            if (ordinals[k] < 0)
                return err_new(ERR_DATA_CORRUPTED, "job %lld: column %u is unknown", (long long)p->j->id,
                               c->column_ids[k]);
            p->needed[ordinals[k]] = true;
        }
        bool histogram = PB_GET(c, has_histogram) && histograms && c->n_column_ids == 1 &&
                         ddl_histogram_of(p->t->columns[ordinals[0]].type);
        lists[i] = (struct stats_columns){ordinals, (int)c->n_column_ids, histogram};
    }
    p->sample = stats_sample_create(a, p->t, lists, (int)n);
    return NULL;
}

static struct error *
prepare_txn(struct exec_ctx *x, void *arg)
{
    struct pass *p = arg;
    const struct table_stats *old = table_stats_get(x, p->t);
    p->expected = old != NULL ? old->rows : 0;
    return NULL;
}

static struct error *
stats_resume(struct job *j, struct row_sink *rows)
{
    struct pass p = {.j = j, .usage = 1};
    struct slice bytes = slice_make(j->payload->create_stats.data, j->payload->create_stats.len);
    (void)rows;
    ERR_TRY(PB_PARSE(j->arena, create_stats_details, "details of a job", bytes, &p.d));
    if (p.d->name == NULL)
        p.d->name = arena_strdup(j->arena, "");
    if (p.d->table == NULL)
        return err_new(ERR_DATA_CORRUPTED, "job %lld: no table", (long long)j->id);
    ERR_TRY(table_from_pb(j->arena, p.d->table, &p.t));
    if (p.t->n_indexes == 0)
        return err_new(ERR_DATA_CORRUPTED, "job %lld: a table without rows", (long long)j->id);
    if (strcmp(p.d->name, STATS_AUTO_NAME) == 0) /* nobody waits for it */
        thread_give_way();
    p.span = row_index_span(j->arena, p.t, &p.t->indexes[0]);
    p.ts = p.d->as_of != NULL ? pb_hlc(p.d->as_of) : clock_now(j->node->clock);
    p.age_ns = wall_now_ns() - p.ts.wall;
    str_init(&p.from, STR_MAX_DEFAULT);
    struct error *err = take_lists(&p);
    if (err == NULL)
        err = exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, prepare_txn, &p);
    if (err == NULL)
        err = read_rows(&p);
    if (err == NULL)
        err = exec_txn(j->node, NULL, "system", HLC_MIN, &j->cancel, finish_txn, &p);
    stats_sample_destroy(p.sample);
    str_release(&p.from);
    return err;
}

const struct job_ops job_ops_create_stats = {
    .type = JOB_CREATE_STATS,
    .name = "CREATE STATS",
    .resume = stats_resume,
};
