/* storage/txn_lock.c - the lock table.
 *
 * A locked key is the holder's own wnode in a hash table: no memory but the node's is needed. The
 * others queue behind it, first come first served; the lock passes to the first of them by putting
 * that one's node in the place of the holder's.
 *
 * A transaction waits for the holder and for all who queue before it. Before it goes to sleep the
 * graph of waiters is searched for a way back to itself; of such a cycle the transaction with the
 * lowest priority, the one that came last when equal, is sent away with 40001.
 */
#include "config.h"

#include "storage/txn_int.h"

#define BUCKETS_FIRST 1024
/* Sleep in pieces, to look at the cancel token. */
#define WAIT_SLICE_NS INT64_C(50000000)
/* Locks released in one hold of the mutex. */
#define RELEASE_CHUNK 1024
/* Keys of one transaction that locks_behind looks at. */
#define BEHIND_MAX 10000

struct waiter {
    struct kv_txn *txn;
    struct wnode *node;   /* its own, to be put in the table */
    struct wnode *behind; /* the holder's */
    struct waiter *next;
    struct cond wake;
    bool granted, beaten;
};

void
locks_init(struct kv_db *db)
{
    mutex_init(&db->lock, RANK_TXN_MANAGER);
    db->bucket_count = BUCKETS_FIRST;
    db->buckets = xcalloc(db->bucket_count, sizeof(*db->buckets));
}

void
locks_destroy(struct kv_db *db)
{
    VERIFY(db->locked_count == 0);
    xfree(db->buckets);
    mutex_destroy(&db->lock);
}

static void
table_grow(struct kv_db *db)
{
    size_t count = db->bucket_count * 2;
    struct wnode **buckets = xcalloc(count, sizeof(*buckets));
    for (size_t i = 0; i < db->bucket_count; i++)
        for (struct wnode *n = db->buckets[i], *next; n != NULL; n = next) {
            next = n->chain;
            struct wnode **b = &buckets[n->hash & (count - 1)];
            n->chain = *b;
            *b = n;
        }
    xfree(db->buckets);
    db->buckets = buckets;
    db->bucket_count = count;
}

static struct wnode *
table_find(struct kv_db *db, const struct wnode *like)
{
    struct wnode *n = db->buckets[like->hash & (db->bucket_count - 1)];
    while (n != NULL && (n->hash != like->hash || !slice_eq(n->key, like->key)))
        n = n->chain;
    return n;
}

static void
table_add(struct kv_db *db, struct wnode *n)
{
    if (db->locked_count++ >= db->bucket_count)
        table_grow(db);
    struct wnode **b = &db->buckets[n->hash & (db->bucket_count - 1)];
    n->chain = *b;
    *b = n;
    n->locked = true;
}

static void
table_remove(struct kv_db *db, struct wnode *n)
{
    struct wnode **at = &db->buckets[n->hash & (db->bucket_count - 1)];
    while (*at != n)
        at = &(*at)->chain;
    *at = n->chain;
    db->locked_count--;
    n->locked = false;
}

static void
queue_remove(struct waiter *w)
{
    struct wnode *n = w->behind;
    struct waiter *before = NULL, *at = n->first;
    for (; at != w; at = at->next)
        before = at;
    if (before == NULL)
        n->first = w->next;
    else
        before->next = w->next;
    if (n->last == w)
        n->last = before;
    w->txn->waiter = NULL;
}

static void
lock_release(struct kv_db *db, struct wnode *n)
{
    table_remove(db, n);
    struct waiter *w = n->first;
    if (w == NULL)
        return;
    struct wnode *heir = w->node;
    heir->first = w->next;
    heir->last = w->next == NULL ? NULL : n->last;
    n->first = n->last = NULL;
    for (struct waiter *x = heir->first; x != NULL; x = x->next)
        x->behind = heir;
    table_add(db, heir);
    w->txn->waiter = NULL;
    w->granted = true;
    cond_signal(&w->wake);
}

static bool find_cycle(struct kv_db *db, struct kv_txn *t, const struct kv_txn *goal,
                       struct kv_txn **victim);

static bool
leads_to(struct kv_db *db, struct kv_txn *t, const struct kv_txn *goal, struct kv_txn **victim)
{
    if (t == goal)
        return true;
    if (!find_cycle(db, t, goal, victim))
        return false;
    if (t->o.priority < (*victim)->o.priority)
        *victim = t;
    return true;
}

/* Whether what t waits for waits for `goal`; *victim becomes the one of lowest priority on the way.
 * Each transaction is entered once. */
static bool
find_cycle(struct kv_db *db, struct kv_txn *t, const struct kv_txn *goal, struct kv_txn **victim)
{
    const struct waiter *w = t->waiter;
    if (w == NULL || t->mark == db->mark)
        return false;
    t->mark = db->mark;
    if (leads_to(db, w->behind->txn, goal, victim))
        return true;
    for (const struct waiter *ahead = w->behind->first; ahead != w; ahead = ahead->next)
        if (leads_to(db, ahead->txn, goal, victim))
            return true;
    return false;
}

/* Send away transactions until `t` waits in no cycle; false when it is t that must go. */
static bool
break_cycles(struct kv_db *db, struct kv_txn *t)
{
    for (;;) {
        struct kv_txn *victim = t;
        db->mark++;
        if (!find_cycle(db, t, t, &victim))
            return true;
        if (victim == t)
            return false;
        struct waiter *w = victim->waiter;
        queue_remove(w);
        w->beaten = true;
        cond_signal(&w->wake);
    }
}

static struct error *
wait_turn(struct kv_txn *t, struct wnode *n, struct wnode *holder, bool *beaten)
{
    struct kv_db *db = t->db;
    struct waiter w = {.txn = t, .node = n, .behind = holder};
    struct error *err = NULL;
    cond_init(&w.wake);
    if (holder->last == NULL)
        holder->first = &w;
    else
        holder->last->next = &w;
    holder->last = &w;
    t->waiter = &w;
    if (!break_cycles(db, t)) {
        queue_remove(&w);
        w.beaten = true;
    }
    while (!w.granted && !w.beaten && err == NULL) {
        cond_wait_ns(&w.wake, &db->lock, WAIT_SLICE_NS);
        if (!w.granted && !w.beaten && cancel_requested(t->o.cancel)) {
            queue_remove(&w);
            err = cancel_check(t->o.cancel);
        }
    }
    cond_destroy(&w.wake);
    *beaten = w.beaten;
    return err;
}

struct error *
locks_acquire(struct kv_txn *t, struct wnode *n, bool *beaten)
{
    struct kv_db *db = t->db;
    struct error *err = NULL;
    *beaten = false;
    mutex_lock(&db->lock);
    struct wnode *holder = table_find(db, n);
    if (holder == NULL)
        table_add(db, n);
    else if (holder != n)
        err = wait_turn(t, n, holder, beaten);
    mutex_unlock(&db->lock);
    return err;
}

void
locks_release_all(struct kv_txn *t)
{
    struct kv_db *db = t->db;
    struct wnode *n = t->buf.head.next;
    while (n != NULL) {
        mutex_lock(&db->lock);
        for (int i = 0; i < RELEASE_CHUNK && n != NULL; i++, n = n->next)
            if (n->locked)
                lock_release(db, n);
        mutex_unlock(&db->lock);
    }
}

struct behind {
    uint64_t *out;
    size_t n, max;
};

static void
gather(struct kv_db *db, struct kv_txn *t, struct behind *b)
{
    if (t->mark == db->mark)
        return;
    t->mark = db->mark;
    const struct wnode *n = t->buf.head.next;
    for (int i = 0; i < BEHIND_MAX && n != NULL; i++, n = n->next) {
        if (n->told && b->n < b->max)
            b->out[b->n++] = n->hash;
        for (const struct waiter *w = n->first; w != NULL; w = w->next)
            gather(db, w->txn, b);
    }
}

size_t
locks_behind(struct kv_txn *t, uint64_t *out, size_t max)
{
    struct kv_db *db = t->db;
    struct behind b = {out, 0, max};
    mutex_lock(&db->lock);
    db->mark++;
    gather(db, t, &b);
    mutex_unlock(&db->lock);
    return b.n;
}
