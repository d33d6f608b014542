/* executor/asks.c - see asks.h. */
#include "config.h"

#include "executor/asks.h"

#include <stdlib.h>
#include <time.h>

#include "base/enc.h"
#include "base/hash.h"
#include "executor/cluster.h"
#include "executor/looker.h"
#include "executor/node.h"
#include "executor/system_rows.h"

#define PREFIX "\x04\0amberdb-ask-"
#define NODE_AT (sizeof(PREFIX) - 1)
#define KEY_LEN (NODE_AT + 12)
#define WHAT "question to a node"
#define POLL_NS INT64_C(100000000)
#define OLD_NS (10 * ASK_NS)

typedef Amberdb__NodeAsk pb_ask;

static struct slice
ask_key(struct arena *a, uint32_t node, uint64_t number)
{
    uint8_t *k = arena_memdup(a, PREFIX "123456789012", KEY_LEN);
    enc_put_be32(k + NODE_AT, node);
    enc_put_be64(k + NODE_AT + 4, number);
    return slice_make(k, KEY_LEN);
}

struct span
asks_span(void)
{
    return (struct span){slice_make(PREFIX, NODE_AT), SLICE_LIT("\x04\0amberdb-ask.")};
}

/* ---- asking ---- */

struct question {
    struct arena *a;
    const struct cluster_node *nodes; /* those asked */
    size_t n;
    uint64_t number;
    pb_ask *ask;
    pb_ask **answers; /* by node; NULL: none yet */
    size_t n_answers;
};

static struct error *
write_txn(struct exec_ctx *x, void *arg)
{
    struct question *q = arg;
    for (size_t i = 0; i < q->n; i++)
        ERR_TRY(system_row_put(x, ask_key(x->arena, q->nodes[i].id, q->number), PB_BASE(q->ask)));
    return NULL;
}

static struct error *
read_txn(struct exec_ctx *x, void *arg)
{
    struct question *q = arg;
    q->n_answers = 0;
    for (size_t i = 0; i < q->n; i++) {
        ProtobufCMessage *m;
        ERR_TRY(system_row_get(x, ask_key(x->arena, q->nodes[i].id, q->number),
                               &amberdb__node_ask__descriptor, WHAT, &m));
        if (m == NULL || !PB_GET((pb_ask *)(void *)m, answered))
            continue;
        if (q->answers[i] == NULL)
            q->answers[i] = (pb_ask *)(void *)pb_copy(q->a, m);
        q->n_answers++;
    }
    return NULL;
}

static struct error *
remove_txn(struct exec_ctx *x, void *arg)
{
    struct question *q = arg;
    for (size_t i = 0; i < q->n; i++)
        ERR_TRY(kv_del(x->txn, ask_key(x->arena, q->nodes[i].id, q->number)));
    return NULL;
}

static struct error *
wait_for_answers(struct exec_ctx *x, struct question *q)
{
    int64_t end = monotonic_now_ns() + ASK_NS;
    while (q->n_answers < q->n && monotonic_now_ns() < end) {
        ERR_TRY(cancel_check(x->cancel));
        nanosleep(&(struct timespec){0, POLL_NS}, NULL);
        ERR_TRY(exec_txn(x->node, NULL, "system", HLC_MIN, x->cancel, read_txn, q));
    }
    return NULL;
}

static struct error *
question(struct exec_ctx *x, struct question *q)
{
    q->a = x->arena;
    q->number = random_u64();
    q->answers = ARENA_ARRAY(x->arena, pb_ask *, q->n + 1);
    for (size_t i = 0; i < q->n; i++)
        q->answers[i] = NULL;
    PB_SET(q->ask, asked_at, wall_now_ns());
    if (q->n == 0)
        return NULL;
    ERR_TRY(exec_txn(x->node, NULL, "system", HLC_MIN, x->cancel, write_txn, q));
    struct error *err = wait_for_answers(x, q);
    struct error *end = exec_txn(x->node, NULL, "system", HLC_MIN, NULL, remove_txn, q);
    if (err != NULL) {
        err_free(end);
        return err;
    }
    return end;
}

/* ---- sessions ---- */

static void
put_session(struct arena *a, pb_ask *ask, const struct session_info *i)
{
    Amberdb__NodeSession *s = PB_NEW(a, NodeSession, node_session);
    s->id = arena_strdup(a, i->id);
    s->query_id = arena_strdup(a, i->query_id);
    s->user = i->user;
    s->client_address = i->client_address;
    s->application_name = i->application_name;
    s->active_query = i->active_query;
    s->last_query = i->last_query;
    PB_SET(s, start, i->start_ns);
    PB_SET(s, query_start, i->query_start_ns);
    PB_SET(s, txn_start, i->txn_start_ns);
    PB_PUSH(a, ask->sessions, ask->n_sessions, s);
}

static struct session_info
session_of(struct arena *a, uint32_t node, const Amberdb__NodeSession *s)
{
    struct session_info i = {
        .node_id = node,
        .user = arena_strdup(a, pb_str(s->user)),
        .client_address = arena_strdup(a, pb_str(s->client_address)),
        .application_name = arena_strdup(a, pb_str(s->application_name)),
        .active_query = s->active_query,
        .last_query = s->last_query,
        .start_ns = PB_GET(s, start),
        .query_start_ns = PB_GET(s, query_start),
        .txn_start_ns = PB_GET(s, txn_start),
    };
    memcpy(i.id, pb_str(s->id), strnlen(pb_str(s->id), sizeof(i.id) - 1));
    memcpy(i.query_id, pb_str(s->query_id), strnlen(pb_str(s->query_id), sizeof(i.query_id) - 1));
    return i;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/crdb_internal.go: a node that cannot be asked has a row that says so. */
static struct session_info
silent(struct arena *a, uint32_t node)
{
    char *none = arena_strdup(a, "");
    return (struct session_info){
        .node_id = node, .user = none, .client_address = none, .application_name = none,
        .active_query = arena_printf(a, "-- failed to dial into node %u (no answer)", node)};
}

/* Those that live, without this one. */
static const struct cluster_node *
others(struct exec_ctx *x, uint32_t only, size_t *n)
{
    size_t all, k = 0;
    const struct cluster_node *v = cluster_all_nodes(x->node->cluster, x->arena, &all);
    struct cluster_node *out = ARENA_ARRAY(x->arena, struct cluster_node, all + 1);
    for (size_t i = 0; i < all; i++)
        if (x->node->members != NULL && v[i].live && v[i].id != x->node->node_id &&
            (only == 0 || v[i].id == only))
            out[k++] = v[i];
    *n = k;
    return out;
}

/* Nodes of a demo have one list. */
static struct session_info *
own_sessions(struct exec_ctx *x, bool all, int *n)
{
    int kept = 0;
    struct session_info *v = session_registry_list(x->node->sessions, x->arena, n);
    for (int i = 0; i < *n; i++)
        if (all || v[i].node_id == x->node->node_id)
            v[kept++] = v[i];
    *n = kept;
    return v;
}

struct error *
ask_sessions(struct exec_ctx *x, bool all, struct session_info **out, int *n)
{
    struct question q = {.ask = PB_NEW(x->arena, NodeAsk, node_ask)};
    struct session_info *own = *out = own_sessions(x, all, n);
    if (!all)
        return NULL;
    q.nodes = others(x, 0, &q.n);
    q.ask->what = arena_strdup(x->arena, "sessions");
    ERR_TRY(question(x, &q));
    size_t total = (size_t)*n;
    for (size_t i = 0; i < q.n; i++)
        total += q.answers[i] != NULL ? q.answers[i]->n_sessions : 1;
    struct session_info *v = ARENA_ARRAY(x->arena, struct session_info, total + 1);
    if (*n > 0)
        memcpy(v, own, (size_t)*n * sizeof(*v));
    for (size_t i = 0; i < q.n; i++) {
        if (q.answers[i] == NULL)
            v[(*n)++] = silent(x->arena, q.nodes[i].id);
        for (size_t k = 0; q.answers[i] != NULL && k < q.answers[i]->n_sessions; k++)
            v[(*n)++] = session_of(x->arena, q.nodes[i].id, q.answers[i]->sessions[k]);
    }
    *out = v;
    return NULL;
}

/* ---- cancelling ---- */

static bool
cancel_here(struct node *n, const char *id, const char *user, bool whole, bool *denied)
{
    return whole ? session_registry_cancel_session(n->sessions, id, user, denied)
                 : session_registry_cancel_query(n->sessions, id, user, denied);
}

struct error *
ask_cancel(struct exec_ctx *x, const char *id, const char *user, bool whole, bool *found, bool *denied)
{
    struct question q = {.ask = PB_NEW(x->arena, NodeAsk, node_ask)};
    size_t len = strlen(id);
    *found = cancel_here(x->node, id, user, whole, denied);
    uint32_t node = len == 32 ? (uint32_t)strtoul(id + 24, NULL, 16) : 0; /* its last four bytes */
    if (*found || node == 0)
        return NULL;
    q.nodes = others(x, node, &q.n);
    q.ask->what = arena_strdup(x->arena, whole ? "cancel session" : "cancel query");
    q.ask->id = arena_strdup(x->arena, id);
    q.ask->user = user != NULL ? arena_strdup(x->arena, user) : NULL;
    ERR_TRY(question(x, &q));
    if (q.n == 0)
        return NULL;
    if (q.answers[0] == NULL)
        return err_new(ERR_UNCATEGORIZED, "failed to dial into node %u (no answer)", node);
    *found = PB_GET(q.answers[0], found);
    *denied = PB_GET(q.answers[0], denied);
    return NULL;
}

/* ---- answering ---- */

struct answering {
    struct node *node;
    struct slice *keys; /* of what is to be answered */
    size_t n;
    struct slice key;
    bool found, denied; /* when it is answered again after a conflict, too */
    struct arena *a;
};

static struct error *
look_txn(struct exec_ctx *x, void *arg)
{
    struct answering *w = arg;
    struct system_row *v;
    size_t n;
    w->n = 0;
    uint8_t prefix[NODE_AT + 4];
    memcpy(prefix, PREFIX, NODE_AT);
    enc_put_be32(prefix + NODE_AT, w->node->node_id);
    ERR_TRY(system_rows_read(x, slice_make(prefix, sizeof(prefix)), &amberdb__node_ask__descriptor, WHAT,
                             &v, &n));
    w->keys = ARENA_ARRAY(w->a, struct slice, n + 1);
    for (size_t i = 0; i < n; i++) {
        const pb_ask *ask = (const pb_ask *)(const void *)v[i].m;
        if (wall_now_ns() - PB_GET(ask, asked_at) > OLD_NS)
            ERR_TRY(kv_del(x->txn, v[i].key)); /* nobody waits */
        else if (!PB_GET(ask, answered))
            w->keys[w->n++] = slice_dup(w->a, v[i].key);
    }
    return NULL;
}

static struct error *
answer_txn(struct exec_ctx *x, void *arg)
{
    struct answering *w = arg;
    struct node *n = w->node;
    ProtobufCMessage *m;
    ERR_TRY(system_row_get(x, w->key, &amberdb__node_ask__descriptor, WHAT, &m));
    pb_ask *ask = (pb_ask *)(void *)m;
    if (ask == NULL || PB_GET(ask, answered))
        return NULL;
    if (strcmp(pb_str(ask->what), "sessions") == 0) {
        int k;
        struct session_info *v = session_registry_list(n->sessions, x->arena, &k);
        for (int i = 0; i < k; i++)
            put_session(x->arena, ask, &v[i]);
    } else {
        bool whole = strcmp(pb_str(ask->what), "cancel session") == 0;
        w->found = w->found || cancel_here(n, pb_str(ask->id), ask->user, whole, &w->denied);
        PB_SET(ask, found, w->found);
        PB_SET(ask, denied, w->denied);
    }
    PB_SET(ask, answered, true);
    return system_row_put(x, w->key, PB_BASE(ask));
}

static struct error *
answer_all(struct node *n, struct arena *a, bool *again)
{
    struct answering w = {.node = n, .a = a};
    (void)again;
    ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, &n->shutdown, look_txn, &w));
    for (size_t i = 0; i < w.n; i++) {
        w.key = w.keys[i];
        w.found = w.denied = false;
        ERR_TRY(exec_txn(n, NULL, "system", HLC_MIN, &n->shutdown, answer_txn, &w));
    }
    return NULL;
}

struct error *
asks_start(struct node *n)
{
    return n->members != NULL ? looker_start(n, "asks", answer_all, &n->asks) : NULL;
}
