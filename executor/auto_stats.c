/* executor/auto_stats.c - see auto_stats.h.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/stats/automatic_stats.go: a minute between two looks, half of which
 * passes before the jobs begin, so that they can read at a time when what was counted had been committed;
 * the chance of a job is rows written / (min_stale_rows + fraction_stale_rows * rows), so that it does not
 * matter by how many processes they were written.
 */
#include "config.h"

#include "executor/auto_stats.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/rand.h"
#include "catalog/pb.h"
#include "catalog/sysrow.h"
#include "executor/exec.h"
#include "executor/jobs/jobs.h"
#include "executor/schema/stats_job.h"
#include "executor/settings.h"

#define SETTING(x) "sql.stats.automatic_collection." x
#define NS_PER_SECOND INT64_C(1000000000)
#define INTERVAL_NS (60 * NS_PER_SECOND)
#define FIRST_NS NS_PER_SECOND /* after the start: tables that have none */
#define USUAL_AGE_US (INT64_C(12) * 3600 * 1000000) /* of statistics, when there is one time only */
#define EXTRA_AGE_US (INT64_C(3600) * 1000000)      /* up to: processes should not meet */

struct counted {
    uint32_t table_id; /* 0: free */
    int64_t rows;
};

struct counts {
    struct counted *v; /* open addressing */
    uint32_t n, cap;
};

struct auto_stats {
    struct node *node;
    pthread_t thread;
    struct mutex lock;       /* guards: */
    struct cond wake;
    bool stop;
    struct counts counts;
    /* no lock: the thread's */
    struct rand rand;
    int64_t interval_ns, as_of_ns, extra_age_us;
};

/* ---- counting -------------------------------------------------------------------------------- */

static struct counted *
place(struct counts *c, uint32_t table_id)
{
    uint32_t i = (uint32_t)hash_u64(table_id, 0) & (c->cap - 1);
    while (c->v[i].table_id != 0 && c->v[i].table_id != table_id)
        i = (i + 1) & (c->cap - 1);
    return &c->v[i];
}

static void
add_count(struct counts *c, uint32_t table_id, int64_t rows)
{
    if (2 * c->n >= c->cap) {
        struct counts more = {.cap = c->cap == 0 ? 32 : 2 * c->cap};
        more.v = xcalloc(more.cap, sizeof(*more.v));
        for (uint32_t i = 0; i < c->cap; i++)
            if (c->v[i].table_id != 0)
                *place(&more, c->v[i].table_id) = c->v[i];
        more.n = c->n;
        xfree(c->v);
        *c = more;
    }
    struct counted *at = place(c, table_id);
    c->n += at->table_id == 0;
    at->table_id = table_id;
    at->rows = rows > INT64_MAX / 2 - at->rows ? INT64_MAX / 2 : at->rows + rows;
}

static void
note(struct auto_stats *s, uint32_t table_id, int64_t rows)
{
    mutex_lock(&s->lock);
    add_count(&s->counts, table_id, rows);
    mutex_unlock(&s->lock);
}

void
auto_stats_note(struct node *n, uint32_t table_id, int64_t rows)
{
    if (n->auto_stats != NULL && table_id >= ID_FIRST_USER && table_id < KV_FOREIGN_TABLE_MIN)
        note(n->auto_stats, table_id, rows);
}

/* ---- one table ------------------------------------------------------------------------------- */

struct look {
    struct auto_stats *s;
    uint32_t table_id;
    int64_t written;
    /* of its automatic statistics */
    int64_t newest_us, oldest_us; /* of the same columns as the newest */
    int n;
    double rows;
    struct datum columns;
    struct arena *arena;
    /* what comes of it */
    bool must, due;
    int64_t job;                  /* 0: none */
};

static struct error *
newest_fn(void *arg, const struct datum *row, bool *stop)
{
    struct look *l = arg;
    (void)stop;
    if (row[2].null || !slice_eq(datum_slice(&row[2]), SLICE_LIT(STATS_AUTO_NAME)) || row[4].null ||
        (l->n > 0 && row[4].i <= l->newest_us))
        return NULL;
    l->n = 1;
    l->newest_us = row[4].i;
    l->rows = (double)row[5].i;
    l->columns = datum_copy(l->arena, &TYPE_INT8_ARRAY, &row[3]);
    return NULL;
}

static struct error *
same_fn(void *arg, const struct datum *row, bool *stop)
{
    struct look *l = arg;
    (void)stop;
    if (row[2].null || !slice_eq(datum_slice(&row[2]), SLICE_LIT(STATS_AUTO_NAME)) || row[4].null ||
        !datum_equal(&TYPE_INT8_ARRAY, &row[3], &l->columns))
        return NULL;
    l->n++;
    if (row[4].i < l->oldest_us)
        l->oldest_us = row[4].i;
    return NULL;
}

/* Is it time for this table? */
static struct error *
decide(struct exec_ctx *x, struct look *l)
{
    struct auto_stats *s = l->s;
    struct node *n = s->node;
    struct datum id = datum_int(l->table_id);
    l->n = 0;
    l->arena = x->arena;
    ERR_TRY(sys_scan(x->catalog, ID_TABLE_STATISTICS, NULL, &id, 1, newest_fn, l));
    l->must = l->n == 0;
    l->due = true;
    if (l->must)
        return NULL;
    l->n = 0;
    l->oldest_us = l->newest_us;
    ERR_TRY(sys_scan(x->catalog, ID_TABLE_STATISTICS, NULL, &id, 1, same_fn, l));
    int64_t usual = l->n > 1 ? (l->newest_us - l->oldest_us) / (l->n - 1) : USUAL_AGE_US;
    l->must = wall_now_ns() / 1000 - PG_EPOCH_US > l->newest_us + 2 * usual + s->extra_age_us;
    double target = l->rows * settings_float(n, SETTING("fraction_stale_rows")) +
                    (double)settings_int(n, SETTING("min_stale_rows"));
    l->due = l->must || l->written >= AUTO_STATS_MANY ||
             rand_double(&s->rand) * target < (double)l->written;
    return NULL;
}

static struct error *
look_txn(struct exec_ctx *x, void *arg)
{
    struct look *l = arg;
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, l->table_id, &t));
    if (t == NULL || t->is_view || t->is_virtual || t->is_sequence || t->n_indexes == 0) {
        l->due = false;
        return NULL;
    }
    return decide(x, l);
}

static struct error *
start_txn(struct exec_ctx *x, void *arg)
{
    struct look *l = arg;
    struct auto_stats *s = l->s;
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, l->table_id, &t));
    if (t == NULL)
        return NULL;
    double idle = settings_float(s->node, SETTING("max_fraction_idle"));
    const char *text = arena_printf(
        x->arena, "CREATE STATISTICS " STATS_AUTO_NAME " FROM [%u] WITH OPTIONS THROTTLING %.15g AS OF "
        "SYSTEM TIME '-%gs'", l->table_id, idle, (double)s->as_of_ns / (double)NS_PER_SECOND);
    struct stats_order o = {.name = STATS_AUTO_NAME, .table = t, .throttling = idle,
                            .as_of = {wall_now_ns() - s->as_of_ns, 0}, .statement = text, .text = text};
    return stats_job_start(x, &o, &l->job);
}

static struct error *
refresh(struct look *l)
{
    struct auto_stats *s = l->s;
    ERR_TRY(exec_txn(s->node, NULL, "system", HLC_MIN, &s->node->shutdown, look_txn, l));
    if (!l->due)
        return NULL;
    ERR_TRY(exec_txn(s->node, NULL, "system", HLC_MIN, &s->node->shutdown, start_txn, l));
    return l->job != 0 ? job_wait(s->node, l->job, &s->node->shutdown, NULL) : NULL;
}

/* ---- all tables ------------------------------------------------------------------------------ */

static bool
is_stopping(struct auto_stats *s)
{
    mutex_lock(&s->lock);
    bool stop = s->stop || cancel_requested(&s->node->shutdown);
    mutex_unlock(&s->lock);
    return stop;
}

/* false: it is to stop. */
static bool
wait_ns(struct auto_stats *s, int64_t ns)
{
    int64_t until = monotonic_now_ns() + ns;
    mutex_lock(&s->lock);
    while (!s->stop && monotonic_now_ns() < until)
        cond_wait_ns(&s->wake, &s->lock, until - monotonic_now_ns());
    bool stop = s->stop;
    mutex_unlock(&s->lock);
    return !stop;
}

static bool
is_on(struct auto_stats *s)
{
    return settings_bool(s->node, SETTING("enabled")) && job_registry_takes(s->node->jobs);
}

static struct error *
list_txn(struct exec_ctx *x, void *arg)
{
    struct auto_stats *s = arg;
    const pb_descriptor **all;
    size_t n;
    ERR_TRY(catalog_list(x->catalog, x->arena, 0, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (pb_descriptor_table(all[i]) != NULL)
            auto_stats_note(s->node, pb_descriptor_id(all[i]), 0);
    return NULL;
}

static void
look_at_all(struct auto_stats *s, struct counts *c)
{
    for (uint32_t i = 0; i < c->cap; i++) {
        struct look l = {.s = s, .table_id = c->v[i].table_id, .written = c->v[i].rows};
        if (l.table_id == 0 || is_stopping(s) || !is_on(s))
            continue;
        struct error *err = refresh(&l);
        if (stats_job_is_busy(err))
            note(s, l.table_id, l.must ? 0 : AUTO_STATS_MANY);
        else if (err != NULL && !is_stopping(s))
            log_warning("failed to create statistics on table %u: %s", l.table_id, err->message);
        err_free(err);
    }
}

static void *
auto_stats_main(void *arg)
{
    struct auto_stats *s = arg;
    int64_t first = s->interval_ns < FIRST_NS ? s->interval_ns : FIRST_NS;
    thread_give_way();
    if (wait_ns(s, first) && is_on(s)) {
        struct error *err = exec_txn(s->node, NULL, "system", HLC_MIN, &s->node->shutdown, list_txn, s);
        if (err != NULL && !is_stopping(s))
            log_warning("statistics: %s", err->message);
        err_free(err);
    }
    while (wait_ns(s, s->interval_ns - s->as_of_ns)) {
        mutex_lock(&s->lock);
        struct counts now = s->counts;
        s->counts = (struct counts){0};
        mutex_unlock(&s->lock);
        if (now.n > 0 && is_on(s) && wait_ns(s, s->as_of_ns))
            look_at_all(s, &now);
        xfree(now.v);
    }
    return NULL;
}

struct error *
auto_stats_start(struct node *n, struct auto_stats **out)
{
    const char *test = getenv("AMBERDB_TEST_STATS_MS");
    int64_t interval = test != NULL ? (int64_t)strtoul(test, NULL, 10) * 1000000 : INTERVAL_NS;
    if (interval == 0)
        return NULL;
    struct auto_stats *s = xcalloc(1, sizeof(*s));
    s->node = n;
    s->interval_ns = interval;
    s->as_of_ns = interval / 2;
    rand_init(&s->rand, random_u64());
    s->extra_age_us = (int64_t)rand_below(&s->rand, EXTRA_AGE_US);
    mutex_init(&s->lock, RANK_LEAF);
    cond_init(&s->wake);
    struct error *err = thread_start(&s->thread, "auto stats", auto_stats_main, s);
    if (err != NULL) {
        cond_destroy(&s->wake);
        mutex_destroy(&s->lock);
        xfree(s);
        return err;
    }
    *out = s;
    return NULL;
}

void
auto_stats_stop(struct auto_stats *s)
{
    if (s == NULL)
        return;
    mutex_lock(&s->lock);
    s->stop = true;
    cond_signal(&s->wake);
    mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    cond_destroy(&s->wake);
    mutex_destroy(&s->lock);
    xfree(s->counts.v);
    xfree(s);
}
