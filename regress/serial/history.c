/* regress/serial/history.c - see history.h. */
#include "config.h"

#include "regress/serial/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define SHOWN_MAX 10 /* violations printed */

/* ---- recording ------------------------------------------------------------------------------- */

struct txn *
history_begin(struct history *h, int id, int client, int64_t now_ns)
{
    struct txn *t = xcalloc(1, sizeof(*t));
    t->id = id;
    t->client = client;
    t->began_ns = now_ns;
    if (h->n == h->cap) {
        h->cap = h->cap == 0 ? 64 : 2 * h->cap;
        h->txns = xrealloc(h->txns, (size_t)h->cap * sizeof(*h->txns));
    }
    h->txns[h->n++] = t;
    return t;
}

static struct op *
add_op(struct txn *t)
{
    if (t->n == t->cap) {
        t->cap = t->cap == 0 ? 8 : 2 * t->cap;
        t->ops = xrealloc(t->ops, (size_t)t->cap * sizeof(*t->ops));
    }
    t->ops[t->n] = (struct op){0};
    return &t->ops[t->n++];
}

void
history_read(struct txn *t, int key, const int32_t *v, int n)
{
    struct op *o = add_op(t);
    o->key = key;
    o->seen.n = n;
    o->seen.v = xmalloc(((size_t)n + 1) * sizeof(*v));
    if (n > 0)
        memcpy(o->seen.v, v, (size_t)n * sizeof(*v));
}

void
history_append(struct txn *t, int key, int32_t number)
{
    struct op *o = add_op(t);
    o->key = key;
    o->appended = number;
}

void
history_join(struct history *all, struct history *of_client)
{
    for (int i = 0; i < of_client->n; i++) {
        if (all->n == all->cap) {
            all->cap = all->cap == 0 ? 64 : 2 * all->cap;
            all->txns = xrealloc(all->txns, (size_t)all->cap * sizeof(*all->txns));
        }
        all->txns[all->n++] = of_client->txns[i];
    }
    xfree(of_client->txns);
    *of_client = (struct history){0};
}

void
history_free(struct history *h)
{
    for (int i = 0; i < h->n; i++) {
        for (int k = 0; k < h->txns[i]->n; k++)
            xfree(h->txns[i]->ops[k].seen.v);
        xfree(h->txns[i]->ops);
        xfree(h->txns[i]);
    }
    xfree(h->txns);
    *h = (struct history){0};
}

/* ---- the graph ------------------------------------------------------------------------------- */

enum why { WRITE_WRITE, WRITE_READ, READ_WRITE, IN_TIME };
static const char *const why_names[] = {"overwritten by", "read by", "not yet seen is", "ended before"};

struct edge {
    int to, next;
    enum why why;
    int key;
};

/* Nodes 0 .. n-1 are transactions; n .. 2n-1 moments, in order, so that time costs a few edges a node. */
struct graph {
    int n;
    int *first; /* of a node: its edges, linked */
    struct edge *edges;
    int n_edges, cap;
};

static void
link_nodes(struct graph *g, int from, int to, enum why why, int key)
{
    if (from == to)
        return;
    if (g->n_edges == g->cap) {
        g->cap = g->cap == 0 ? 1024 : 2 * g->cap;
        g->edges = xrealloc(g->edges, (size_t)g->cap * sizeof(*g->edges));
    }
    g->edges[g->n_edges] = (struct edge){to, g->first[from], why, key};
    g->first[from] = g->n_edges++;
}

struct checker {
    const struct history *h;
    const struct list *final;
    int keys;
    struct graph g;
    int *writer;     /* of a number: the index of its committed transaction, -1 without */
    int *written_at; /* of a number: its key */
    int max_number;
    int violations;
};

static void
violated(struct checker *c, const char *what, const struct txn *t, int key, int32_t number)
{
    if (c->violations++ < SHOWN_MAX)
        printf("# %s: transaction %d of client %d, key %d, number %d\n", what, t != NULL ? t->id : -1,
               t != NULL ? t->client : -1, key, number);
}

/* Who wrote which number; each committed one is in the final list once, no other is. */
static void
check_final(struct checker *c)
{
    const struct history *h = c->h;
    for (int i = 0; i < h->n; i++)
        for (int k = 0; k < h->txns[i]->n; k++)
            if (h->txns[i]->ops[k].appended > c->max_number)
                c->max_number = h->txns[i]->ops[k].appended;
    size_t size = (size_t)c->max_number + 1;
    int *times = xcalloc(size, sizeof(int));
    c->writer = xmalloc(size * sizeof(int));
    c->written_at = xcalloc(size, sizeof(int));
    for (size_t i = 0; i < size; i++)
        c->writer[i] = -1;
    for (int i = 0; i < h->n; i++)
        for (int k = 0; h->txns[i]->committed && k < h->txns[i]->n; k++) {
            const struct op *o = &h->txns[i]->ops[k];
            if (o->appended != 0) {
                c->writer[o->appended] = i;
                c->written_at[o->appended] = o->key;
            }
        }
    for (int key = 0; key < c->keys; key++)
        for (int i = 0; i < c->final[key].n; i++) {
            int32_t x = c->final[key].v[i];
            if (x <= 0 || x > c->max_number || c->writer[x] < 0 || c->written_at[x] != key) {
                violated(c, "a write that was rolled back is there", NULL, key, x);
                continue;
            }
            if (times[x]++ > 0)
                violated(c, "a write is there twice", h->txns[c->writer[x]], key, x);
            if (i > 0 && c->final[key].v[i - 1] <= c->max_number && c->final[key].v[i - 1] > 0 &&
                c->writer[c->final[key].v[i - 1]] >= 0)
                link_nodes(&c->g, c->writer[c->final[key].v[i - 1]], c->writer[x], WRITE_WRITE, key);
        }
    for (int x = 1; x <= c->max_number; x++)
        if (c->writer[x] >= 0 && times[x] == 0)
            violated(c, "an acknowledged write is lost", h->txns[c->writer[x]], c->written_at[x], x);
    xfree(times);
}

/* One list that was read: a beginning of the final one, no transaction by half, and its edges. */
static void
check_read(struct checker *c, int reader, const struct op *o)
{
    const struct list *f = &c->final[o->key];
    const struct txn *t = c->h->txns[reader];
    int n = o->seen.n;
    for (int i = 0; i < n; i++)
        if (i >= f->n || f->v[i] != o->seen.v[i]) {
            violated(c, "what was read never was there", t, o->key, o->seen.v[i]);
            return;
        }
    int before = n > 0 ? c->writer[f->v[n - 1]] : -1, after = n < f->n ? c->writer[f->v[n]] : -1;
    if (before >= 0 && before == after && before != reader) {
        violated(c, "half of a transaction was read", t, o->key, f->v[n - 1]);
        return;
    }
    if (!t->committed)
        return; /* may have seen what no order explains: it was told to restart */
    if (before >= 0)
        link_nodes(&c->g, before, reader, WRITE_READ, o->key);
    if (after >= 0)
        link_nodes(&c->g, reader, after, READ_WRITE, o->key);
}

struct moment {
    int64_t ended_ns;
    int txn;
};

static int
by_end(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    return (x->ended_ns > y->ended_ns) - (x->ended_ns < y->ended_ns);
}

/* A transaction that was acknowledged before another began comes before it. */
static void
link_time(struct checker *c)
{
    const struct history *h = c->h;
    struct moment *m = xmalloc(((size_t)h->n + 1) * sizeof(*m));
    int n = 0;
    for (int i = 0; i < h->n; i++)
        if (h->txns[i]->committed)
            m[n++] = (struct moment){h->txns[i]->ended_ns, i};
    qsort(m, (size_t)n, sizeof(*m), by_end);
    for (int i = 0; i < n; i++) {
        link_nodes(&c->g, m[i].txn, h->n + i, IN_TIME, -1);
        if (i + 1 < n)
            link_nodes(&c->g, h->n + i, h->n + i + 1, IN_TIME, -1);
    }
    for (int i = 0; i < h->n; i++) {
        const struct txn *t = h->txns[i];
        int lo = 0, hi = n; /* the moments before it began */
        while (lo < hi) {
            int mid = lo + (hi - lo) / 2;
            if (m[mid].ended_ns < t->began_ns)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (t->committed && !t->past && lo > 0)
            link_nodes(&c->g, h->n + lo - 1, i, IN_TIME, -1);
    }
    xfree(m);
}

/* ---- cycles ---------------------------------------------------------------------------------- */

/* The shortest way from a node back to itself, printed; false without one. */
static bool
print_cycle(const struct checker *c, int start)
{
    const struct graph *g = &c->g;
    int *from = xmalloc((size_t)g->n * sizeof(int)), *queue = xmalloc((size_t)g->n * sizeof(int));
    int head = 0, tail = 0, last = -1;
    for (int i = 0; i < g->n; i++)
        from[i] = -1;
    queue[tail++] = start;
    while (head < tail && last < 0) {
        int node = queue[head++];
        for (int e = g->first[node]; e >= 0; e = g->edges[e].next) {
            int to = g->edges[e].to;
            if (to == start) {
                last = e;
                queue[0] = node; /* where the last edge comes from */
                break;
            }
            if (from[to] < 0) {
                from[to] = e;
                queue[tail++] = to;
            }
        }
    }
    if (last >= 0) {
        printf("# a cycle, from its end to its start:\n");
        for (int e = last, node = queue[0];;) {
            const struct edge *x = &g->edges[e];
            const char *kind = node < c->h->n ? "transaction" : "moment";
            printf("#   %s %d %s %d (key %d)\n", kind, node < c->h->n ? c->h->txns[node]->id : node,
                   why_names[x->why], x->to < c->h->n ? c->h->txns[x->to]->id : x->to, x->key);
            if (node == start)
                break;
            e = from[node];
            for (node = 0; node < g->n; node++) { /* whose edge it is */
                int k = g->first[node];
                while (k >= 0 && k != e)
                    k = g->edges[k].next;
                if (k == e)
                    break;
            }
        }
    }
    xfree(from);
    xfree(queue);
    return last >= 0;
}

/* Takes away nodes that nothing points to, again and again; what is left lies on or behind cycles. */
static int
node_on_cycle(const struct graph *g)
{
    int *in = xcalloc((size_t)g->n, sizeof(int)), *queue = xmalloc((size_t)g->n * sizeof(int));
    int tail = 0, found = -1;
    for (int e = 0; e < g->n_edges; e++)
        in[g->edges[e].to]++;
    for (int i = 0; i < g->n; i++)
        if (in[i] == 0)
            queue[tail++] = i;
    for (int head = 0; head < tail; head++)
        for (int e = g->first[queue[head]]; e >= 0; e = g->edges[e].next)
            if (--in[g->edges[e].to] == 0)
                queue[tail++] = g->edges[e].to;
    if (tail < g->n) {
        /* Against the edges one must run in circles: each node left has one left that points to it. */
        int *before = xmalloc((size_t)g->n * sizeof(int));
        for (int i = 0; i < g->n; i++)
            for (int e = g->first[i]; e >= 0 && in[i] > 0; e = g->edges[e].next)
                if (in[g->edges[e].to] > 0)
                    before[g->edges[e].to] = i;
        for (found = 0; in[found] == 0; found++) {
        }
        for (int i = 0; i < g->n; i++)
            found = before[found];
        xfree(before);
    }
    xfree(in);
    xfree(queue);
    return found;
}

int
history_check(const struct history *h, const struct list *final, int keys)
{
    struct checker c = {.h = h, .final = final, .keys = keys};
    c.g.n = 2 * h->n;
    c.g.first = xmalloc(((size_t)c.g.n + 1) * sizeof(int));
    for (int i = 0; i < c.g.n; i++)
        c.g.first[i] = -1;
    check_final(&c);
    for (int i = 0; i < h->n && c.violations == 0; i++)
        for (int k = 0; k < h->txns[i]->n; k++)
            if (h->txns[i]->ops[k].appended == 0)
                check_read(&c, i, &h->txns[i]->ops[k]);
    link_time(&c);
    int node = c.violations == 0 ? node_on_cycle(&c.g) : -1;
    if (node >= 0) {
        c.violations++;
        print_cycle(&c, node);
    }
    xfree(c.g.first);
    xfree(c.g.edges);
    xfree(c.writer);
    xfree(c.written_at);
    return c.violations;
}
