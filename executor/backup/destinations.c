/* executor/backup/destinations.c - where the data of a locality-aware BACKUP go. See
 * destinations.h. */
#include "config.h"

#include "executor/backup/destinations.h"
#include "executor/backup/work.h"

#include <stdlib.h>

#include "base/log.h"
#include "executor/cluster.h"
#include "executor/members.h"
#include "executor/ranges.h"

struct route {
    struct slice start, end;
    const struct export_dest *to;
    uint32_t node; /* that has it */
};

struct destinations {
    struct arena *arena;
    struct export_dest *v; /* [0] is the default */
    size_t n;
    struct route *routes; /* by start; what lies in none goes to the default */
    size_t n_routes;
};

static const struct export_dest *
destination_of(const struct destinations *d, struct arena *a, const char *locality)
{
    char *tiers = arena_strdup(a, locality); /* the most specific stands last */
    for (char *comma; *tiers != '\0'; *comma = '\0') {
        comma = strrchr(tiers, ',');
        const char *tier = comma != NULL ? comma + 1 : tiers;
        for (size_t i = 1; i < d->n; i++)
            if (strcmp(d->v[i].locality_kv, tier) == 0)
                return &d->v[i];
        if (comma == NULL)
            break;
    }
    return &d->v[0];
}

struct finding {
    struct destinations *d;
    const pb_manifest *m;
};

static struct error *
table_routes(struct exec_ctx *x, struct destinations *d, uint32_t id)
{
    const struct table *t;
    struct range *r;
    size_t n;
    ERR_TRY(catalog_table_by_id(x->catalog, id, &t));
    if (t == NULL || t->n_indexes == 0) /* dropped meanwhile; a view */
        return NULL;
    ERR_TRY(ranges_of_table(x, t, &r, &n));
    for (size_t i = 0; i < n; i++) {
        const struct cluster_node *holder = cluster_node(x->node->cluster, x->arena, r[i].holder);
        if (holder == NULL)
            continue;
        const struct export_dest *to = destination_of(d, x->arena, holder->locality);
        struct route route = {slice_dup(d->arena, r[i].start), slice_dup(d->arena, r[i].end), to,
                              holder->id};
        PB_PUSH(d->arena, d->routes, d->n_routes, route);
    }
    return NULL;
}

static struct error *
find_routes(struct exec_ctx *x, void *arg)
{
    struct finding *f = arg;
    f->d->n_routes = 0;
    for (size_t i = 0; i < f->m->n_descriptors; i++) {
        const pb_table *t = pb_descriptor_table(f->m->descriptors[i]);
        if (t != NULL)
            ERR_TRY(table_routes(x, f->d, PB_GET(t, id)));
    }
    return NULL;
}

static int
by_start(const void *a, const void *b)
{
    return slice_cmp(((const struct route *)a)->start, ((const struct route *)b)->start);
}

uint32_t
node_of_uri(const char *uri)
{
    static const char scheme[] = "nodelocal://";
    if (strncmp(uri, scheme, strlen(scheme)) != 0)
        return 0;
    return (uint32_t)strtoul(uri + strlen(scheme), NULL, 10);
}

bool
node_reaches(struct node *n, const char *uri)
{
    struct arena *a = arena_create(NULL, "nodes");
    uint32_t id = node_of_uri(uri);
    size_t all;
    const struct cluster_node *v = cluster_all_nodes(n->cluster, a, &all);
    int64_t now = members_judged_at(n);
    bool away = false; /* one that there never was is an error to be told */
    for (size_t i = 0; i < all; i++) {
        bool gone = !v[i].live || (v[i].expiration_ns != 0 && v[i].expiration_ns <= now);
        away = away || (v[i].id == id && id != n->node_id && gone);
    }
    arena_destroy(a);
    return !away;
}

struct error *
destinations_open(struct arena *a, struct node *n, const struct cancel *cancel,
                  const Amberdb__BackupDetails *bd, struct sink *main,
                  const struct crypt_key *key, struct destinations **out)
{
    struct destinations *d = ARENA_NEW(a, struct destinations);
    d->arena = a;
    d->v = ARENA_ARRAY(a, struct export_dest, bd->n_uris_by_locality_kv + 1);
    d->v[d->n++] = (struct export_dest){main, "", node_of_uri(pb_str(bd->uri))};
    for (size_t i = 0; i < bd->n_uris_by_locality_kv; i++) {
        struct export_dest *to = &d->v[d->n++];
        to->locality_kv = pb_str(bd->uris_by_locality_kv[i]->key);
        to->node = node_of_uri(pb_str(bd->uris_by_locality_kv[i]->value));
        ERR_TRY(open_sink(n, a, pb_str(bd->uris_by_locality_kv[i]->value), key, &to->sink));
        sink_set_cancel(to->sink, cancel);
    }
    *out = d;
    return NULL;
}

struct error *
destinations_route(struct destinations *d, struct node *n, const struct cancel *cancel,
                   const pb_manifest *m)
{
    if (d->n == 1 && !work_is_shared(n))
        return NULL;
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, cancel, find_routes, &(struct finding){d, m}));
    if (d->n_routes > 0)
        qsort(d->routes, d->n_routes, sizeof(*d->routes), by_start);
    return NULL;
}

static void
add(struct destinations *d, struct export_item item, struct slice start, struct slice end,
    const struct export_dest *to, uint32_t node, struct export_item **v, size_t *n)
{
    if (slice_cmp(start, end) >= 0)
        return;
    item.span = (struct span){start, end};
    item.dest = to;
    item.node = to->node != 0 ? to->node : node;
    PB_GROW(d->arena, *v, *n, item);
}

void
destinations_cut(struct destinations *d, struct export_item item, struct export_item **v, size_t *n)
{
    struct slice at = item.span.start, end = item.span.end;
    for (size_t i = 0; i < d->n_routes && slice_cmp(at, end) < 0; i++) {
        const struct route *r = &d->routes[i];
        if (slice_cmp(r->end, at) <= 0)
            continue;
        if (slice_cmp(r->start, end) >= 0)
            break;
        add(d, item, at, r->start, &d->v[0], 0, v, n);
        struct slice from = slice_cmp(r->start, at) > 0 ? r->start : at;
        struct slice to = slice_cmp(r->end, end) < 0 ? r->end : end;
        add(d, item, from, to, r->to, r->node, v, n);
        at = to;
    }
    add(d, item, at, end, &d->v[0], 0, v, n);
}

const struct export_dest *
destinations_find(const struct destinations *d, const char *locality_kv)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->v[i].locality_kv, locality_kv) == 0)
            return &d->v[i];
    return &d->v[0];
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct error *
must_be_there(const char *name, char *const *names, size_t n)
{
    if (n > 0 && bsearch(&name, names, n, sizeof(*names), by_name) != NULL)
        return NULL;
    return err_new(ERR_UNCATEGORIZED, "file %s of this backup has been removed from its destination",
                   name);
}

struct error *
destinations_check_files(struct destinations *d, pb_file *const *files, size_t n, bool sealed)
{
    struct arena *a = arena_create(NULL, "files of a backup");
    struct error *err = NULL;
    for (size_t i = 0; i < d->n && err == NULL; i++) {
        const struct export_dest *to = &d->v[i];
        char **names;
        size_t n_names;
        err = sink_list(to->sink, a, "", &names, &n_names);
        if (err != NULL && !err_is(err, ERR_QUERY_CANCELED) && !err_is(err, ERR_ADMIN_SHUTDOWN)) {
            /* It cannot list, or does not let us. */
            log_info("files of this backup are not looked for: %s", err->message);
            err_free(err);
            err = NULL;
            continue;
        }
        if (err == NULL && sealed && i == 0)
            err = must_be_there(ENCRYPTION_FILE, names, n_names);
        for (size_t k = 0; k < n && err == NULL; k++)
            if (strcmp(pb_str(files[k]->locality_kv), to->locality_kv) == 0)
                err = must_be_there(pb_str(files[k]->path), names, n_names);
        arena_reset(a);
    }
    arena_destroy(a);
    return err;
}
