/* executor/members.c - who works on a shared store. See members.h.
 *
 * SOURCE: CockroachDB v20.1 pkg/keys: liveness records are at "\x04\0liveness-" | uvarint of the node's
 * id; fields 1 to 5 of the record are its storagepb.Liveness, later ones are ours.
 */
#include "config.h"

#include "executor/members.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "catalog/pb.h"
#include "catalog/row.h"
#include "executor/cluster.h"
#include "executor/exec.h"
#include "executor/asks.h"
#include "executor/backup/work.h"
#include "executor/looker.h"
#include "executor/settings.h"
#include "executor/system_rows.h"
#include "types/keyenc.h"

#define PREFIX "\x04\0liveness-"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
/* Often enough that ranges move within five seconds of a join or a death that was told. */
#define RENEW_NS INT64_C(2000000000)
#define ALIVE_NS INT64_C(9000000000)
/* When we could not renew for so long, neither could others, for all we know: a long commit holds
 * everybody up, or the store is away. Then nobody is dead who was not before, until all have had time to
 * come back. */
#define GAP_NS    INT64_C(5000000000)
#define SETTLE_NS INT64_C(4000000000)
#define HOST_MAX 256

struct members {
    struct node *node;
    char *identity; /* host and address: who comes back with it gets its number back */
    struct mutex lock; /* guards: */
    struct cond wake;
    bool stopping, draining;
    int percent;                        /* of RENEW_NS and so on; tests take less */
    int64_t renewed_ns, settled_ns;     /* monotonic: the last renewal; the end of the time after a gap */
    int64_t renewed_wall, settled_wall; /* the last renewal; the last one before that gap */
    struct cluster_node *seen; /* by id; texts are not kept */
    size_t n_seen;
    /* no lock */
    bool running;
    pthread_t thread;
    _Atomic bool settings_changed;
};

static int64_t
part_of(const struct members *m, int64_t ns)
{
    return ns / 100 * m->percent;
}

/* ---- rows ---- */

static struct slice
member_key(struct arena *a, uint32_t id)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_append(&s, PREFIX, PREFIX_LEN);
    key_put_uvarint(&s, id);
    return str_slice(&s);
}

static struct error *
row_write(struct exec_ctx *x, const Amberdb__Liveness *l)
{
    return system_row_put(x, member_key(x->arena, (uint32_t)PB_GET(l, node_id)), PB_BASE(l));
}

struct rows {
    Amberdb__Liveness **v;
    size_t n;
};

/* By id. */
static struct error *
rows_read(struct exec_ctx *x, struct rows *r)
{
    struct system_row *v;
    size_t n;
    *r = (struct rows){0};
    ERR_TRY(system_rows_read(x, slice_make(PREFIX, PREFIX_LEN), &amberdb__liveness__descriptor,
                             "liveness record", &v, &n));
    for (size_t i = 0; i < n; i++)
        PB_PUSH(x->arena, r->v, r->n, (Amberdb__Liveness *)(void *)v[i].m);
    return NULL;
}

static void
row_renew(struct exec_ctx *x, const struct members *m, Amberdb__Liveness *l, int64_t until)
{
    const struct node *n = m->node;
    PB_SET(l, node_id, (int32_t)n->node_id);
    PB_SET(l, epoch, n->epoch);
    PB_SET(l, draining, m->draining);
    l->expiration = pb_timestamp(x->arena, (struct hlc){until, 0});
    l->identity = arena_strdup(x->arena, m->identity);
    l->locality = arena_strdup(x->arena, n->opts.locality);
    l->sql_address = arena_strdup(x->arena, n->opts.sql_address);
    PB_SET(l, started_at, n->start_time_ns);
}

/* ---- what is known of all ---- */

/* The time at which nodes must have been alive not to be dead. Lock held. */
static int64_t
judged_at(const struct members *m)
{
    int64_t now = monotonic_now_ns();
    if (m->renewed_ns != 0 && now - m->renewed_ns > part_of(m, GAP_NS))
        return m->renewed_wall;
    return now < m->settled_ns ? m->settled_wall : wall_now_ns();
}

int64_t
members_judged_at(struct node *n)
{
    struct members *m = n->members;
    if (m == NULL)
        return wall_now_ns();
    mutex_lock(&m->lock);
    int64_t at = judged_at(m);
    mutex_unlock(&m->lock);
    return at;
}

static void
note_renewal(struct members *m)
{
    mutex_lock(&m->lock);
    int64_t now = monotonic_now_ns();
    if (m->renewed_ns != 0 && now - m->renewed_ns > part_of(m, GAP_NS)) {
        if (now >= m->settled_ns)
            m->settled_wall = m->renewed_wall;
        m->settled_ns = now + part_of(m, SETTLE_NS);
    }
    m->renewed_ns = now;
    m->renewed_wall = wall_now_ns();
    mutex_unlock(&m->lock);
}

static void
remember(struct members *m, const struct rows *r)
{
    struct cluster_node *v = xcalloc(r->n + 1, sizeof(*v));
    int64_t now = members_judged_at(m->node);
    for (size_t i = 0; i < r->n; i++) {
        const Amberdb__Liveness *l = r->v[i];
        v[i] = (struct cluster_node){
            .id = (uint32_t)PB_GET(l, node_id),
            .epoch = PB_GET(l, epoch),
            .locality = pb_str(l->locality),
            .sql_address = pb_str(l->sql_address),
            .start_time_ns = PB_GET(l, started_at),
            .expiration_ns = pb_hlc(l->expiration).wall,
            .draining = PB_GET(l, draining),
            .decommissioning = PB_GET(l, decommissioning),
        };
        v[i].live = v[i].id == m->node->node_id || v[i].expiration_ns > now;
    }
    cluster_set(m->node->cluster, v, r->n);
    mutex_lock(&m->lock);
    xfree(m->seen);
    m->seen = v;
    m->n_seen = r->n;
    mutex_unlock(&m->lock);
}

bool
members_alive(struct node *n, uint32_t id, int64_t epoch)
{
    struct members *m = n->members;
    if (m == NULL || id == n->node_id)
        return id == n->node_id && epoch == n->epoch;
    bool alive = true; /* one that nothing is known of has come just now */
    mutex_lock(&m->lock);
    int64_t now = judged_at(m);
    for (size_t i = 0; i < m->n_seen; i++)
        if (m->seen[i].id == id && m->seen[i].epoch >= epoch)
            alive = m->seen[i].epoch == epoch && m->seen[i].expiration_ns > now;
    mutex_unlock(&m->lock);
    return alive;
}

/* Whether another with a number below that one's is alive. */
static bool
other_alive(struct node *n, uint32_t below)
{
    struct members *m = n->members;
    bool found = false;
    if (m == NULL)
        return false;
    mutex_lock(&m->lock);
    int64_t now = judged_at(m);
    for (size_t i = 0; i < m->n_seen; i++)
        found = found || (m->seen[i].id < below && m->seen[i].id != n->node_id &&
                          m->seen[i].expiration_ns > now);
    mutex_unlock(&m->lock);
    return found;
}

bool
members_first(struct node *n)
{
    return !other_alive(n, n->node_id);
}

bool
members_alone(struct node *n)
{
    return !other_alive(n, UINT32_MAX);
}

/* ---- joining ---- */

static struct error *
join_txn(struct exec_ctx *x, void *arg)
{
    struct members *m = arg;
    struct node *n = m->node;
    struct rows r;
    Amberdb__Liveness *own = NULL;
    uint32_t last = 0;
    ERR_TRY(rows_read(x, &r));
    for (size_t i = 0; i < r.n; i++) {
        last = (uint32_t)PB_GET(r.v[i], node_id);
        if (strcmp(pb_str(r.v[i]->identity), m->identity) == 0)
            own = r.v[i];
    }
    if (own == NULL) {
        own = PB_NEW(x->arena, Liveness, liveness);
        PB_SET(own, node_id, (int32_t)last + 1);
        PB_PUSH(x->arena, r.v, r.n, own);
    }
    n->node_id = (uint32_t)PB_GET(own, node_id);
    n->epoch = PB_GET(own, epoch) + 1;
    row_renew(x, m, own, wall_now_ns() + part_of(m, ALIVE_NS));
    ERR_TRY(row_write(x, own));
    remember(m, &r);
    return NULL;
}

/* ---- renewing ---- */

struct renewal {
    struct members *m;
    int64_t alive_ns; /* 0: gone */
    bool lost;        /* somebody else has this number now */
};

static struct error *
renew_txn(struct exec_ctx *x, void *arg)
{
    struct renewal *w = arg;
    struct rows r;
    ERR_TRY(rows_read(x, &r));
    for (size_t i = 0; i < r.n; i++) {
        if ((uint32_t)PB_GET(r.v[i], node_id) != w->m->node->node_id)
            continue;
        w->lost = PB_GET(r.v[i], epoch) != w->m->node->epoch;
        if (w->lost)
            return NULL;
        row_renew(x, w->m, r.v[i], w->alive_ns == 0 ? 0 : wall_now_ns() + w->alive_ns);
        ERR_TRY(row_write(x, r.v[i]));
    }
    if (w->alive_ns != 0)
        remember(w->m, &r);
    return NULL;
}

static struct error *
renew(struct members *m, int64_t alive_ns)
{
    struct renewal w = {m, alive_ns, false};
    ERR_TRY(exec_txn(m->node, NULL, "system", HLC_MIN, NULL, renew_txn, &w));
    if (w.lost)
        return err_new(ERR_OBJECT_IN_USE, "node %u was taken over by another process at %s",
                       m->node->node_id, m->identity);
    note_renewal(m);
    return NULL;
}

static void *
renew_main(void *arg)
{
    struct members *m = arg;
    mutex_lock(&m->lock);
    while (!m->stopping) {
        cond_wait_ns(&m->wake, &m->lock, part_of(m, RENEW_NS));
        if (m->stopping)
            break;
        mutex_unlock(&m->lock);
        struct error *err = renew(m, part_of(m, ALIVE_NS));
        if (err == NULL && atomic_exchange(&m->settings_changed, false))
            err = settings_reload(m->node);
        if (err != NULL)
            log_warning("%s", err->message);
        if (err != NULL && err_is(err, ERR_OBJECT_IN_USE))
            raise(SIGTERM); /* what we began, the other goes on with */
        err_free(err);
        mutex_lock(&m->lock);
    }
    mutex_unlock(&m->lock);
    return NULL;
}

/* Other processes changed something. */
static void
on_change(void *arg, const struct kv_change *c)
{
    struct members *m = arg;
    struct arena *a = arena_create(NULL, "change");
    catalog_store_changed(m->node->catalog, c);
    if (kv_change_touches(c, row_table_span(a, ID_SETTINGS)))
        atomic_store(&m->settings_changed, true);
    if (kv_change_touches(c, work_span()))
        looker_nudge(m->node->work);
    if (kv_change_touches(c, asks_span()))
        looker_nudge(m->node->asks);
    arena_destroy(a);
}

struct error *
members_join(struct node *n)
{
    if (!(n->engine->vt->features & ENGINE_SHARED))
        return NULL;
    struct members *m = xcalloc(1, sizeof(*m));
    const char *test = getenv("AMBERDB_TEST_LIVENESS_PERCENT");
    m->percent = test == NULL ? 100 : (int)strtoul(test, NULL, 10);
    char host[HOST_MAX] = "";
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    m->node = n;
    struct str identity;
    str_init(&identity, STR_MAX_DEFAULT);
    str_printf(&identity, "%s/%s", host, n->opts.sql_address);
    m->identity = xstrdup(str_cstr(&identity));
    str_release(&identity);
    mutex_init(&m->lock, RANK_LEAF);
    cond_init(&m->wake);
    n->members = m;
    kv_on_change(n->db, on_change, m);
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, NULL, join_txn, m));
    note_renewal(m);
    ERR_TRY(thread_start(&m->thread, "members", renew_main, m));
    m->running = true;
    return NULL;
}

struct error *
members_drain(struct node *n)
{
    struct members *m = n->members;
    if (m == NULL) {
        (void)cluster_mark(n->cluster, n->node_id, CLUSTER_DRAINING, true);
        return NULL;
    }
    mutex_lock(&m->lock);
    bool was = m->draining;
    m->draining = true;
    mutex_unlock(&m->lock);
    return was ? NULL : renew(m, part_of(m, ALIVE_NS));
}

bool
members_draining(struct node *n)
{
    struct members *m = n->members;
    if (m == NULL)
        return false;
    mutex_lock(&m->lock);
    bool draining = m->draining;
    mutex_unlock(&m->lock);
    return draining;
}

struct decommission {
    struct members *m;
    int64_t id;
    bool to, found, changed;
};

static struct error *
decommission_txn(struct exec_ctx *x, void *arg)
{
    struct decommission *d = arg;
    struct rows r;
    d->found = false;
    ERR_TRY(rows_read(x, &r));
    for (size_t i = 0; i < r.n; i++) {
        if (PB_GET(r.v[i], node_id) != d->id)
            continue;
        d->found = true;
        d->changed = PB_GET(r.v[i], decommissioning) != d->to;
        PB_SET(r.v[i], decommissioning, d->to);
        ERR_TRY(row_write(x, r.v[i]));
    }
    remember(d->m, &r);
    return NULL;
}

struct error *
members_decommission(struct node *n, int64_t id, bool to, bool *changed)
{
    struct decommission d = {n->members, id, to, false, true};
    if (d.m != NULL)
        ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, NULL, decommission_txn, &d));
    else
        d.found = id > 0 && id <= UINT32_MAX &&
                  cluster_mark(n->cluster, (uint32_t)id, CLUSTER_DECOMMISSIONING, to);
    /* SOURCE: CockroachDB v20.1 pkg/server/node.go, storage/node_liveness.go. */
    if (!d.found)
        return err_new(ERR_UNCATEGORIZED, "during liveness update %lld -> %s: unable to get liveness: "
                       "node not in the liveness table", (long long)id, to ? "true" : "false");
    *changed = d.changed;
    return NULL;
}

void
members_leave(struct node *n)
{
    struct members *m = n->members;
    if (m == NULL)
        return;
    mutex_lock(&m->lock);
    m->stopping = true;
    cond_broadcast(&m->wake);
    mutex_unlock(&m->lock);
    if (m->running) {
        pthread_join(m->thread, NULL);
        struct error *err = renew(m, 0);
        if (err != NULL)
            log_warning("%s", err->message);
        err_free(err);
    }
    kv_on_change(n->db, NULL, NULL);
    n->members = NULL;
    cond_destroy(&m->wake);
    mutex_destroy(&m->lock);
    xfree(m->seen);
    xfree(m->identity);
    xfree(m);
}
