/* executor/ranges.c - ranges of a table and their holders. See ranges.h. */
#include "config.h"

#include "executor/ranges.h"

#include <stdlib.h>

#include "catalog/pb.h"
#include "catalog/row.h"
#include "executor/cluster.h"
#include "executor/schema/zone.h"
#include "executor/splits.h"
#include "types/keyenc.h"
#include "base/hash.h"

/* ---- who may hold ---- */

static bool
node_fits(struct arena *a, const struct cluster_node *node, Amberdb__Constraint *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* Nodes have no attributes: a constraint without key matches none. */
        bool has = *pb_str(v[i]->key) != '\0' &&
                   locality_has(node->locality, arena_printf(a, "%s=%s", v[i]->key, v[i]->value));
        if (has != (v[i]->type == AMBERDB__CONSTRAINT_KIND__REQUIRED))
            return false;
    }
    return true;
}

/* Constraints for all replicas: each must hold. For some: one list of them, or none at all when
 * they leave replicas free. */
static bool
node_allowed(struct arena *a, const Amberdb__ZoneConfig *z, const struct cluster_node *node)
{
    int placed = 0;
    if (z->n_constraints == 0)
        return true;
    for (size_t i = 0; i < z->n_constraints; i++) {
        const Amberdb__Constraints *c = z->constraints[i];
        bool fits = node_fits(a, node, c->constraints, c->n_constraints);
        if (c->num_replicas == 0)
            return fits;
        if (fits)
            return true;
        placed += c->num_replicas;
    }
    return placed < z->num_replicas;
}

struct candidates {
    uint32_t *v;
    size_t n;
};

static struct candidates
candidates_of(struct arena *a, const Amberdb__ZoneConfig *z, const struct cluster_node *nodes,
              size_t n_nodes)
{
    struct candidates c = {ARENA_ARRAY(a, uint32_t, n_nodes + 1), 0};
    for (size_t i = 0; i < n_nodes; i++)
        if (node_allowed(a, z, &nodes[i]))
            c.v[c.n++] = nodes[i].id;
    for (size_t i = 0; c.n == 0 && i < n_nodes; i++)
        c.v[i] = nodes[i].id;
    if (c.n == 0)
        c.n = n_nodes;
    return c;
}

static const struct cluster_node *
node_of(const struct cluster_node *nodes, uint32_t id)
{
    while (nodes->id != id)
        nodes++;
    return nodes;
}

/* The first preference that somebody fits decides. */
static struct candidates
preferred(struct arena *a, const Amberdb__ZoneConfig *z, const struct cluster_node *nodes,
          struct candidates all)
{
    struct candidates c = {ARENA_ARRAY(a, uint32_t, all.n + 1), 0};
    for (size_t i = 0; i < z->n_lease_preferences && c.n == 0; i++) {
        const Amberdb__LeasePreference *p = z->lease_preferences[i];
        for (size_t k = 0; k < all.n; k++)
            if (node_fits(a, node_of(nodes, all.v[k]), p->constraints, p->n_constraints))
                c.v[c.n++] = all.v[k];
    }
    return c.n > 0 ? c : all;
}

static int
by_node_id(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The holder, then others that may hold, then any, as many as the zone wants; ascending. */
static void
set_replicas(struct arena *a, struct range *r, const Amberdb__ZoneConfig *z,
             struct candidates allowed, const struct cluster_node *nodes, size_t n_nodes)
{
    size_t want = z->num_replicas < 1 ? 1 : (size_t)z->num_replicas;
    uint32_t *v = ARENA_ARRAY(a, uint32_t, n_nodes + allowed.n + 2);
    size_t n = 0;
    v[n++] = r->holder;
    for (size_t i = 0; i < allowed.n && n < want; i++)
        if (!pb_u32_contains(v, n, allowed.v[i]))
            v[n++] = allowed.v[i];
    for (size_t i = 0; i < n_nodes && n < want; i++)
        if (!pb_u32_contains(v, n, nodes[i].id))
            v[n++] = nodes[i].id;
    qsort(v, n, sizeof(*v), by_node_id);
    r->replicas = v;
    r->n_replicas = n;
}

/* Of the candidates those that EXPERIMENTAL_RELOCATE named; all when it named none of them. */
static struct candidates
relocated(struct arena *a, const struct split *s, struct candidates all)
{
    struct candidates c = {ARENA_ARRAY(a, uint32_t, all.n + 1), 0};
    for (size_t i = 0; i < all.n; i++)
        if (s != NULL && pb_u32_contains(s->replicas, s->n_replicas, all.v[i]))
            c.v[c.n++] = all.v[i];
    return c.n > 0 ? c : all;
}

static struct error *
place(struct exec_ctx *x, uint32_t object_id, struct range *r, const struct split *s)
{
    Amberdb__ZoneConfig *z;
    size_t n_nodes;
    const struct cluster_node *nodes = cluster_nodes(x->node->cluster, x->arena, &n_nodes);
    ERR_TRY(zone_effective(x, object_id, r->index_id, *r->partition != '\0' ? r->partition : NULL,
                           &z, NULL));
    struct candidates allowed = candidates_of(x->arena, z, nodes, n_nodes);
    struct candidates named = relocated(x->arena, s, allowed);
    struct candidates best = preferred(x->arena, z, nodes, named);
    if (s != NULL && pb_u32_contains(best.v, best.n, s->holder)) {
        r->holder = s->holder;
        cluster_lease_move(x->node->cluster, r->start, s->holder);
    } else {
        r->holder = cluster_lease(x->node->cluster, r->start, best.v, best.n);
    }
    if (named.n < allowed.n) { /* just those, and the holder is one of them */
        r->replicas = named.v;
        r->n_replicas = named.n;
    } else {
        set_replicas(x->arena, r, z, allowed, nodes, n_nodes);
    }
    return NULL;
}

/* ---- where ranges end ---- */

struct cuts {
    struct range *v;
    size_t n;
};

static void
cut_add(struct cuts *c, struct slice start, struct slice end, uint32_t index_id,
        const char *partition)
{
    if (slice_cmp(start, end) >= 0)
        return;
    c->v[c->n++] =
        (struct range){.start = start, .end = end, .index_id = index_id, .partition = partition};
}

static struct slice
whole_key(struct arena *a, struct slice prefix, struct slice rest)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append_slice(&s, prefix);
    str_append_slice(&s, rest);
    return str_slice(&s);
}

static struct slice
subzone_end(struct arena *a, struct slice prefix, struct slice start, const Amberdb__SubzoneSpan *s)
{
    if (s->has_end_key)
        return whole_key(a, prefix, pb_bytes(s->end_key));
    struct str end; /* left out when it is the end of the start's prefix */
    str_init_arena(&end, a, STR_MAX_DEFAULT);
    str_append_slice(&end, start);
    (void)key_prefix_end(&end);
    return str_slice(&end);
}

/* A table's first range has its id; others one made of their key. */
static uint64_t
range_id(struct slice start, struct slice table_start, uint32_t object_id)
{
    if (slice_eq(start, table_start))
        return object_id;
    return (UINT64_C(1) << 32) + (hash_bytes(start.ptr, start.len, 0) & (((uint64_t)1 << 47) - 1));
}

/* Cut at splits: both are in key order. */
static struct error *
cut_and_place(struct exec_ctx *x, uint32_t object_id, const struct cuts *zones,
              const struct split *splits, size_t n_splits, struct cuts *out)
{
    size_t k = 0;
    for (size_t i = 0; i < zones->n; i++) {
        struct range r = zones->v[i];
        const struct split *s = NULL;
        struct slice end = r.end;
        for (;;) {
            while (k < n_splits && slice_cmp(splits[k].key, r.start) <= 0) {
                if (slice_eq(splits[k].key, r.start))
                    s = &splits[k];
                k++;
            }
            size_t next = k;
            while (next < n_splits && hlc_is_empty(splits[next].until))
                next++;
            bool cut = next < n_splits && slice_cmp(splits[next].key, end) < 0;
            r.end = cut ? splits[next].key : end;
            r.until = s != NULL ? s->until : HLC_MIN;
            r.id = range_id(r.start, zones->v[0].start, object_id);
            r.n_replicas = 0;
            ERR_TRY(cancel_check(x->cancel));
            ERR_TRY(place(x, object_id, &r, s));
            out->v[out->n++] = r;
            if (!cut)
                break;
            r.start = r.end;
            s = NULL;
        }
    }
    return NULL;
}

static struct error *
ranges_of_object(struct exec_ctx *x, uint32_t id, struct range **out, size_t *n)
{
    struct arena *a = x->arena;
    struct span whole = row_table_span(a, id);
    Amberdb__ZoneConfig *z;
    struct split *splits;
    size_t n_splits;
    ERR_TRY(catalog_zone(x->catalog, a, id, &z));
    size_t spans = z != NULL ? z->n_subzone_spans : 0;
    struct cuts c = {ARENA_ARRAY(a, struct range, 2 * spans + 1), 0};
    struct slice at = whole.start;
    for (size_t i = 0; i < spans; i++) {
        const Amberdb__SubzoneSpan *s = z->subzone_spans[i];
        int32_t k = PB_GET(s, subzone_index);
        if (k < 0 || (size_t)k >= z->n_subzones)
            continue;
        const Amberdb__Subzone *sub = z->subzones[k];
        struct slice start = whole_key(a, whole.start, pb_bytes(s->key));
        struct slice end = subzone_end(a, whole.start, start, s);
        cut_add(&c, at, start, 0, "");
        cut_add(&c, start, end, PB_GET(sub, index_id), pb_str(sub->partition_name));
        at = end;
    }
    cut_add(&c, at, whole.end, 0, "");
    ERR_TRY(splits_in(x, whole, &splits, &n_splits));
    struct cuts placed = {ARENA_ARRAY(a, struct range, c.n + n_splits + 1), 0};
    ERR_TRY(cut_and_place(x, id, &c, splits, n_splits, &placed));
    *out = placed.v;
    *n = placed.n;
    return NULL;
}

struct error *
ranges_of_table(struct exec_ctx *x, const struct table *t, struct range **out, size_t *n)
{
    return ranges_of_object(x, t->id, out, n);
}

/* ---- all of them ---- */

struct all_ranges {
    struct table_range *v;
    size_t n, cap;
};

static struct table_range *
all_push(struct exec_ctx *x, struct all_ranges *all)
{
    if (all->n == all->cap) {
        size_t cap = all->cap == 0 ? 64 : 2 * all->cap;
        struct table_range *v = ARENA_ARRAY(x->arena, struct table_range, cap);
        if (all->n > 0)
            memcpy(v, all->v, all->n * sizeof(*v));
        all->v = v;
        all->cap = cap;
    }
    return &all->v[all->n++];
}

/* The zones of ranges that have names. */
enum { ZONE_ID_META = 16, ZONE_ID_SYSTEM = 17, ZONE_ID_TIMESERIES = 18, ZONE_ID_LIVENESS = 22 };

/* Below the tables: as CockroachDB cuts its own keys. */
static struct error *
below_tables(struct exec_ctx *x, struct all_ranges *all)
{
    static const struct slice starts[] = {
        {NULL, 0},
        {(const uint8_t *)"\x04\0liveness-", 11},
        {(const uint8_t *)"\x04\0liveness.", 11},
        {(const uint8_t *)"\x04tsd", 4},
        {(const uint8_t *)"\x04tse", 4},
        {(const uint8_t *)"\x88", 1},
    };
    static const uint32_t zones[] = {ZONE_ID_META, ZONE_ID_LIVENESS, ZONE_ID_SYSTEM,
                                     ZONE_ID_TIMESERIES, ZONE_ID_SYSTEM, ID_SYSTEM_DB};
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        struct table_range *t = all_push(x, all);
        *t = (struct table_range){.r = {.id = i + 1, .start = starts[i], .partition = ""}};
        ERR_TRY(place(x, zones[i], &t->r, NULL));
    }
    return NULL;
}

/* Ids below are not cut: tables of the system that gossip spread. */
#define FIRST_SPLIT_ID 11

static int
by_id(const void *a, const void *b)
{
    uint32_t x = ((const struct table_range *)a)->object_id;
    uint32_t y = ((const struct table_range *)b)->object_id;
    return (x > y) - (x < y);
}

/* Databases and tables that have keys, by id. */
static struct error *
objects(struct exec_ctx *x, struct all_ranges *o)
{
    const struct database **db;
    size_t n_db;
    ERR_TRY(catalog_list_databases(x->catalog, x->arena, &db, &n_db));
    for (size_t i = 0; i < n_db; i++) {
        const struct table **t;
        size_t n;
        if (db[i]->id >= FIRST_SPLIT_ID)
            *all_push(x, o) = (struct table_range){.object_id = db[i]->id};
        ERR_TRY(catalog_list_tables(x->catalog, x->arena, db[i]->id, &t, &n));
        for (size_t k = 0; k < n; k++)
            if (t[k]->id >= FIRST_SPLIT_ID && t[k]->n_indexes > 0)
                *all_push(x, o) = (struct table_range){.object_id = t[k]->id, .table = t[k]};
    }
    if (o->n > 0)
        qsort(o->v, o->n, sizeof(*o->v), by_id);
    return NULL;
}

struct error *
ranges_of_all(struct exec_ctx *x, struct table_range **out, size_t *n)
{
    struct all_ranges all = {0}, o = {0};
    static const uint8_t last[] = {0xff, 0xff};
    ERR_TRY(below_tables(x, &all));
    ERR_TRY(objects(x, &o));
    for (size_t i = 0; i < o.n; i++) {
        struct range *r;
        size_t n_ranges;
        ERR_TRY(ranges_of_object(x, o.v[i].object_id, &r, &n_ranges));
        for (size_t k = 0; k < n_ranges; k++) {
            struct table_range *t = all_push(x, &all);
            *t = o.v[i];
            t->r = r[k];
        }
    }
    /* A range goes on over keys that nobody has. */
    for (size_t i = 0; i < all.n; i++)
        all.v[i].r.end = i + 1 < all.n ? all.v[i + 1].r.start : slice_make(last, sizeof(last));
    *out = all.v;
    *n = all.n;
    return NULL;
}

struct error *
range_of_key(struct exec_ctx *x, struct slice key, struct table_range *out)
{
    struct table_range *v;
    size_t n;
    ERR_TRY(ranges_of_all(x, &v, &n));
    *out = v[0];
    for (size_t i = 0; i < n && slice_cmp(v[i].r.start, key) <= 0; i++)
        *out = v[i];
    return NULL;
}
