/* executor/ranges.c - ranges of a table and their holders. See ranges.h. */
#include "config.h"

#include "executor/ranges.h"

#include "catalog/pb.h"
#include "catalog/row.h"
#include "executor/cluster.h"
#include "executor/schema/zone.h"
#include "types/keyenc.h"

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

/* The first preference that somebody fits decides. */
static struct candidates
preferred(struct arena *a, const Amberdb__ZoneConfig *z, const struct cluster_node *nodes,
          struct candidates all)
{
    struct candidates c = {ARENA_ARRAY(a, uint32_t, all.n + 1), 0};
    for (size_t i = 0; i < z->n_lease_preferences && c.n == 0; i++) {
        const Amberdb__LeasePreference *p = z->lease_preferences[i];
        for (size_t k = 0; k < all.n; k++)
            if (node_fits(a, &nodes[all.v[k] - 1], p->constraints, p->n_constraints))
                c.v[c.n++] = all.v[k];
    }
    return c.n > 0 ? c : all;
}

/* The holder, then others that may hold, then any, as many as the zone wants; ascending. */
static void
set_replicas(struct arena *a, struct range *r, const Amberdb__ZoneConfig *z,
             struct candidates allowed, size_t n_nodes)
{
    size_t want = z->num_replicas < 1 ? 1 : (size_t)z->num_replicas;
    bool *in = ARENA_ARRAY(a, bool, n_nodes + 2);
    uint32_t *v = ARENA_ARRAY(a, uint32_t, n_nodes + 1);
    size_t have = 1;
    in[r->holder] = true;
    for (size_t i = 0; i < allowed.n && have < want; i++) {
        have += !in[allowed.v[i]];
        in[allowed.v[i]] = true;
    }
    for (size_t id = 1; id <= n_nodes && have < want; id++) {
        have += !in[id];
        in[id] = true;
    }
    for (uint32_t id = 1; id <= n_nodes; id++)
        if (in[id])
            v[r->n_replicas++] = id;
    r->replicas = v;
}

static struct error *
place(struct exec_ctx *x, const struct table *t, struct range *r)
{
    Amberdb__ZoneConfig *z;
    size_t n_nodes;
    const struct cluster_node *nodes = cluster_nodes(x->node->cluster, x->arena, &n_nodes);
    ERR_TRY(zone_effective(x, t->id, r->index_id, *r->partition != '\0' ? r->partition : NULL, &z,
                           NULL));
    struct candidates allowed = candidates_of(x->arena, z, nodes, n_nodes);
    struct candidates best = preferred(x->arena, z, nodes, allowed);
    r->holder = cluster_lease(x->node->cluster, r->start, best.v, best.n);
    set_replicas(x->arena, r, z, allowed, n_nodes);
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

struct error *
ranges_of_table(struct exec_ctx *x, const struct table *t, struct range **out, size_t *n)
{
    struct arena *a = x->arena;
    struct span whole = row_table_span(a, t->id);
    Amberdb__ZoneConfig *z;
    ERR_TRY(catalog_zone(x->catalog, a, t->id, &z));
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
    for (size_t i = 0; i < c.n; i++)
        ERR_TRY(place(x, t, &c.v[i]));
    *out = c.v;
    *n = c.n;
    return NULL;
}
