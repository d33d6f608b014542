/* executor/table_stats.c - see table_stats.h. */
#include "config.h"

#include "executor/table_stats.h"

#include "base/log.h"
#include "catalog/pb.h"
#include "catalog/sysrow.h"
#include "types/keyenc.h"

#define SLOTS 256
#define FRESH_NS INT64_C(10000000000)

/* What was read once: the cache's and every plan's that uses it. */
struct shared {
    struct stats_cache *cache;
    int uses;                  /* guarded by its lock */
    struct arena *arena;
    struct table_stats *stats; /* NULL: none */
    int64_t newest;            /* when they were made */
};

/* One table; another one that falls into the slot takes its place. */
struct slot {
    uint32_t table_id; /* 0: free */
    int64_t read_ns;   /* 0: to be read again */
    struct shared *shared;
};

struct stats_cache {
    _Atomic uint64_t generation; /* changes with every statistic */
    struct mutex lock; /* guards: */
    struct slot slots[SLOTS];
};

struct stats_cache *
stats_cache_create(void)
{
    struct stats_cache *c = xcalloc(1, sizeof(*c));
    mutex_init(&c->lock, RANK_LEASE);
    return c;
}

static void
release(void *arg)
{
    struct shared *s = arg;
    if (s == NULL)
        return;
    mutex_lock(&s->cache->lock);
    bool last = --s->uses == 0;
    mutex_unlock(&s->cache->lock);
    if (last) {
        arena_destroy(s->arena);
        xfree(s);
    }
}

void
stats_cache_destroy(struct stats_cache *c)
{
    if (c == NULL)
        return;
    for (int i = 0; i < SLOTS; i++)
        release(c->slots[i].shared);
    mutex_destroy(&c->lock);
    xfree(c);
}

/* ---- reading ---- */

struct reading {
    uint32_t table_id;
    struct arena *arena;
    struct table_stats *stats;
    struct column_stats *columns;
    int64_t *created; /* of columns[i] */
    int64_t newest;
    int cap;
};

/* Without its histogram the column is as if it had none. */
static struct error *
read_histogram(struct arena *a, const struct datum *bytes, struct column_stats *c)
{
    Amberdb__HistogramData *h;
    if (bytes->null)
        return NULL;
    ERR_TRY(PB_PARSE(a, histogram_data, "histogram", datum_slice(bytes), &h));
    const struct type *t = h->column_type == NULL ? NULL : type_from_pb(a, h->column_type);
    struct stats_bucket *v = ARENA_ARRAY(a, struct stats_bucket, h->n_buckets + 1);
    double rows = 0;
    if (t == NULL)
        return err_new(ERR_DATA_CORRUPTED, "a histogram without a type");
    for (size_t i = 0; i < h->n_buckets; i++) {
        const Amberdb__Bucket *b = h->buckets[i];
        struct reader r = reader_make(slice_dup(a, pb_bytes(b->upper_bound)));
        ERR_TRY(key_decode(&r, a, t, KEY_ASC, &v[i].upper));
        v[i].equal = (double)PB_GET(b, num_eq);
        v[i].range = (double)PB_GET(b, num_range);
        v[i].distinct = PB_GET(b, distinct_range);
        rows += v[i].equal + v[i].range;
        if (i > 0 && datum_compare(t, &v[i - 1].upper, &v[i].upper) >= 0)
            return err_new(ERR_DATA_CORRUPTED, "bounds of a histogram are not in order");
    }
    if (rows <= 0)
        return NULL;
    c->n_buckets = (int)h->n_buckets;
    c->buckets = v;
    c->type = t;
    c->in_buckets = rows;
    return NULL;
}

static struct error *
note_row(void *arg, const struct datum *row, bool *stop)
{
    struct reading *r = arg;
    const struct datum *ids = &row[3];
    int64_t created = row[4].i;
    (void)stop;
    if (r->stats == NULL) {
        r->stats = ARENA_NEW(r->arena, struct table_stats);
        r->newest = INT64_MIN;
    }
    struct table_stats *s = r->stats;
    if (created >= r->newest) {
        r->newest = created;
        s->rows = row[5].i < 1 ? 1 : (double)row[5].i;
    }
    if (ids->null || ids->arr->n != 1 || ids->arr->v[0].null)
        return NULL;
    uint32_t column_id = (uint32_t)ids->arr->v[0].i;
    int i = 0;
    while (i < s->n && r->columns[i].column_id != column_id)
        i++;
    if (i < s->n && r->created[i] > created)
        return NULL;
    if (s->n == r->cap) {
        int cap = r->cap == 0 ? 16 : 2 * r->cap;
        r->columns = arena_realloc(r->arena, r->columns, (size_t)r->cap * sizeof(r->columns[0]),
                                   (size_t)cap * sizeof(r->columns[0]));
        r->created = arena_realloc(r->arena, r->created, (size_t)r->cap * sizeof(r->created[0]),
                                   (size_t)cap * sizeof(r->created[0]));
        r->cap = cap;
    }
    s->n += i == s->n;
    r->created[i] = created;
    r->columns[i] = (struct column_stats){.column_id = column_id,
                                          .distinct = row[6].i < 1 ? 1 : (double)row[6].i,
                                          .nulls = (double)row[7].i};
    struct error *err = read_histogram(r->arena, &row[8], &r->columns[i]);
    if (err != NULL)
        log_warning("statistics of table %u: %s", r->table_id, err->message);
    err_free(err);
    s->columns = r->columns;
    return NULL;
}

static struct error *
read_txn(struct exec_ctx *x, void *arg)
{
    struct reading *r = arg;
    struct datum id = datum_int(r->table_id);
    r->stats = NULL;
    r->columns = NULL;
    r->created = NULL;
    r->cap = 0;
    return sys_scan(x->catalog, ID_TABLE_STATISTICS, NULL, &id, 1, note_row, r);
}

/* For as long as x's statement lives. */
static const struct table_stats *
use(struct exec_ctx *x, struct shared *s)
{
    if (s->stats == NULL) {
        release(s);
        return NULL;
    }
    arena_on_free(x->arena, release, s);
    return s->stats;
}

const struct table_stats *
table_stats_get(struct exec_ctx *x, const struct table *t)
{
    struct stats_cache *c = x->node->table_stats;
    if (t->is_virtual || t->id < ID_DEFAULTDB)
        return NULL;
    struct slot *s = &c->slots[t->id % SLOTS];
    int64_t now = monotonic_now_ns();
    mutex_lock(&c->lock);
    if (s->table_id == t->id && s->read_ns != 0 && now - s->read_ns < FRESH_NS) {
        struct shared *found = s->shared;
        found->uses++;
        mutex_unlock(&c->lock);
        return use(x, found);
    }
    mutex_unlock(&c->lock);
    struct reading r = {.table_id = t->id, .arena = arena_create(NULL, "statistics")};
    struct error *err = exec_txn(x->node, NULL, "system", HLC_MIN, x->cancel, read_txn, &r);
    if (err != NULL) {
        log_warning("statistics of table %u: %s", t->id, err->message);
        err_free(err);
        arena_destroy(r.arena);
        return NULL;
    }
    struct shared *read = xcalloc(1, sizeof(*read));
    *read = (struct shared){.cache = c, .uses = 2, .arena = r.arena, .stats = r.stats,
                            .newest = r.stats != NULL ? r.newest : INT64_MIN};
    mutex_lock(&c->lock);
    struct shared *old = s->shared;
    bool others = s->table_id == t->id && old->newest != read->newest && s->read_ns != 0;
    *s = (struct slot){t->id, now, read};
    mutex_unlock(&c->lock);
    if (others) /* another process made them; plans that are kept are to go */
        atomic_fetch_add(&c->generation, 1);
    release(old);
    return use(x, read);
}

static struct error *
forget(struct node *n, void *arg, bool committed)
{
    struct stats_cache *c = n->table_stats;
    uint32_t id = (uint32_t)(uintptr_t)arg;
    (void)committed;
    mutex_lock(&c->lock);
    if (c->slots[id % SLOTS].table_id == id)
        c->slots[id % SLOTS].read_ns = 0;
    mutex_unlock(&c->lock);
    atomic_fetch_add(&c->generation, 1);
    return NULL;
}

uint64_t
table_stats_generation(struct node *n)
{
    return atomic_load(&n->table_stats->generation);
}

void
table_stats_changed(struct exec_ctx *x, uint32_t table_id)
{
    exec_on_txn_end(x, forget, (void *)(uintptr_t)table_id);
}
