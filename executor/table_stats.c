/* executor/table_stats.c - see table_stats.h. */
#include "config.h"

#include "executor/table_stats.h"

#include "base/log.h"
#include "catalog/sysrow.h"

#define SLOTS 256
#define FRESH_NS INT64_C(10000000000)

/* One table; another one that falls into the slot takes its place. */
struct slot {
    uint32_t table_id; /* 0: free */
    int64_t read_ns;   /* 0: to be read again */
    struct arena *arena;
    struct table_stats *stats; /* NULL: none */
};

struct stats_cache {
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

void
stats_cache_destroy(struct stats_cache *c)
{
    if (c == NULL)
        return;
    for (int i = 0; i < SLOTS; i++)
        arena_destroy(c->slots[i].arena);
    mutex_destroy(&c->lock);
    xfree(c);
}

static struct table_stats *
copy(struct arena *a, const struct table_stats *s)
{
    if (s == NULL)
        return NULL;
    struct table_stats *t = arena_memdup(a, s, sizeof(*s));
    t->columns = arena_memdup(a, s->columns, (size_t)s->n * sizeof(s->columns[0]));
    return t;
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
        struct table_stats *found = copy(x->arena, s->stats);
        mutex_unlock(&c->lock);
        return found;
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
    struct table_stats *read = copy(x->arena, r.stats);
    mutex_lock(&c->lock);
    struct arena *old = s->arena;
    *s = (struct slot){t->id, now, r.arena, r.stats};
    mutex_unlock(&c->lock);
    arena_destroy(old);
    return read;
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
    return NULL;
}

void
table_stats_changed(struct exec_ctx *x, uint32_t table_id)
{
    exec_on_txn_end(x, forget, (void *)(uintptr_t)table_id);
}
