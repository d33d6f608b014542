/* executor/cluster.c - nodes and leases. See cluster.h. */
#include "config.h"

#include "executor/cluster.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/thread.h"

/* Ranges whose holder is remembered; the rest is decided anew each time, to the same end as long as
 * nothing changes. */
#define LEASES_MAX 16384

struct lease {
    struct slice key;
    uint32_t holder;
};

struct cluster {
    struct mutex lock; /* guards all below */
    struct arena *arena;
    struct cluster_node *nodes;
    size_t n_nodes;
    struct lease *leases; /* by key */
    size_t n_leases;
    bool shared; /* other processes decide, too: each alike */
};

struct cluster *
cluster_create(void)
{
    struct cluster *c = xcalloc(1, sizeof(*c));
    mutex_init(&c->lock, RANK_LEAF);
    c->arena = arena_create(NULL, "cluster");
    return c;
}

void
cluster_destroy(struct cluster *c)
{
    if (c == NULL)
        return;
    arena_destroy(c->arena);
    xfree(c->nodes);
    xfree(c->leases);
    mutex_destroy(&c->lock);
    xfree(c);
}

uint32_t
cluster_join(struct cluster *c, const struct cluster_node *n)
{
    mutex_lock(&c->lock);
    c->nodes = xrealloc(c->nodes, (c->n_nodes + 1) * sizeof(*c->nodes));
    struct cluster_node *to = &c->nodes[c->n_nodes++];
    *to = *n;
    uint32_t id = to->id = (uint32_t)c->n_nodes;
    to->locality = arena_strdup(c->arena, n->locality);
    to->sql_address = arena_strdup(c->arena, n->sql_address);
    to->epoch = 1;
    to->live = true;
    mutex_unlock(&c->lock);
    return id;
}

/* The text of before, when it is the same, so that nothing grows. */
static const char *
keep_text(struct cluster *c, const char *old, const char *text)
{
    return old != NULL && strcmp(old, text) == 0 ? old : arena_strdup(c->arena, text);
}

void
cluster_set(struct cluster *c, const struct cluster_node *v, size_t n)
{
    struct cluster_node *nodes = xcalloc(n + 1, sizeof(*nodes));
    mutex_lock(&c->lock);
    for (size_t i = 0, k = 0; i < n; i++) {
        while (k < c->n_nodes && c->nodes[k].id < v[i].id)
            k++;
        bool known = k < c->n_nodes && c->nodes[k].id == v[i].id;
        nodes[i] = v[i];
        nodes[i].locality = keep_text(c, known ? c->nodes[k].locality : NULL, v[i].locality);
        nodes[i].sql_address =
            keep_text(c, known ? c->nodes[k].sql_address : NULL, v[i].sql_address);
    }
    xfree(c->nodes);
    c->nodes = nodes;
    c->n_nodes = n;
    c->shared = true;
    mutex_unlock(&c->lock);
}

bool
cluster_mark(struct cluster *c, uint32_t id, enum cluster_mark what, bool value)
{
    bool found = false;
    mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n_nodes && !found; i++) {
        found = c->nodes[i].id == id;
        if (found && what == CLUSTER_DRAINING)
            c->nodes[i].draining = value;
        else if (found)
            c->nodes[i].decommissioning = value;
    }
    mutex_unlock(&c->lock);
    return found;
}

void
cluster_set_io(struct cluster *c, uint32_t id, const struct io_config *io)
{
    mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n_nodes; i++)
        if (c->nodes[i].id == id)
            c->nodes[i].io = io;
    mutex_unlock(&c->lock);
}

const struct cluster_node *
cluster_all_nodes(struct cluster *c, struct arena *a, size_t *n)
{
    mutex_lock(&c->lock);
    *n = c->n_nodes;
    const struct cluster_node *copy = arena_memdup(a, c->nodes, c->n_nodes * sizeof(*c->nodes));
    mutex_unlock(&c->lock);
    return copy;
}

const struct cluster_node *
cluster_nodes(struct cluster *c, struct arena *a, size_t *n)
{
    size_t all;
    const struct cluster_node *v = cluster_all_nodes(c, a, &all);
    struct cluster_node *live = ARENA_ARRAY(a, struct cluster_node, all + 1);
    *n = 0;
    for (size_t i = 0; i < all; i++)
        if (v[i].live && !v[i].draining && !v[i].decommissioning)
            live[(*n)++] = v[i];
    for (size_t i = 0; i < all && *n == 0; i++) /* all are on their way out: somebody must hold them */
        if (v[i].live)
            live[(*n)++] = v[i];
    if (*n > 0)
        return live;
    *n = all;
    return v;
}

const struct cluster_node *
cluster_node(struct cluster *c, struct arena *a, uint32_t id)
{
    size_t n;
    const struct cluster_node *v = cluster_all_nodes(c, a, &n);
    for (size_t i = 0; i < n; i++)
        if (v[i].id == id && v[i].live)
            return &v[i];
    return NULL;
}

bool
locality_has(const char *locality, const char *tier)
{
    size_t len = strlen(tier);
    for (const char *p = locality; *p != '\0';) {
        size_t part = strcspn(p, ",");
        if (part == len && strncmp(p, tier, len) == 0)
            return true;
        p += part + (p[part] == ',');
    }
    return false;
}

/* The place of the key, or where it would be. */
static size_t
lease_find(const struct cluster *c, struct slice key, bool *found)
{
    size_t lo = 0, hi = c->n_leases;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (slice_cmp(c->leases[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *found = lo < c->n_leases && slice_eq(c->leases[lo].key, key);
    return lo;
}

static void
lease_set(struct cluster *c, struct slice key, uint32_t holder)
{
    bool found;
    size_t i = lease_find(c, key, &found);
    if (!found) {
        if (c->n_leases == LEASES_MAX)
            return;
        c->leases = xrealloc(c->leases, (c->n_leases + 1) * sizeof(*c->leases));
        memmove(&c->leases[i + 1], &c->leases[i], (c->n_leases - i) * sizeof(*c->leases));
        c->leases[i].key = slice_dup(c->arena, key);
        c->n_leases++;
    }
    c->leases[i].holder = holder;
}

static size_t
leases_of(const struct cluster *c, uint32_t node)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_leases; i++)
        n += c->leases[i].holder == node;
    return n;
}

/* Whoever decides comes to the same; when a candidate goes, only its ranges move. */
static uint32_t
lease_by_hash(struct slice key, const uint32_t *candidates, size_t n)
{
    uint64_t most = 0;
    uint32_t holder = candidates[0];
    for (size_t i = 0; i < n; i++) {
        uint64_t h = hash_bytes(key.ptr, key.len, candidates[i]);
        if (h > most) {
            most = h;
            holder = candidates[i];
        }
    }
    return holder;
}

uint32_t
cluster_lease(struct cluster *c, struct slice key, const uint32_t *candidates, size_t n)
{
    mutex_lock(&c->lock);
    bool found, shared = c->shared;
    if (shared) {
        mutex_unlock(&c->lock);
        return lease_by_hash(key, candidates, n);
    }
    size_t at = lease_find(c, key, &found);
    uint32_t holder = found ? c->leases[at].holder : 0;
    bool stays = false;
    for (size_t i = 0; i < n; i++)
        stays = stays || candidates[i] == holder;
    if (!stays) {
        size_t fewest = SIZE_MAX;
        for (size_t i = 0; i < n; i++) {
            size_t has = leases_of(c, candidates[i]);
            if (has < fewest) {
                fewest = has;
                holder = candidates[i];
            }
        }
        lease_set(c, key, holder);
    }
    mutex_unlock(&c->lock);
    return holder;
}

void
cluster_lease_move(struct cluster *c, struct slice key, uint32_t node)
{
    mutex_lock(&c->lock);
    lease_set(c, key, node);
    mutex_unlock(&c->lock);
}
