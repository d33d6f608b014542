/* storage/txn_lock.c - the lock table.
 *
 * A locked key is the holder's own wnode in a hash table, with its hash beside it, so that a search
 * looks at a node only where the hashes are equal. A slot that is taken twice gives way to the next one. The
 * others queue behind it, first come first served; the lock passes to the first of them by putting
 * that one's node in the place of the holder's.
 *
 * A transaction waits for the holder and for all who queue before it. Before it goes to sleep the
 * graph of waiters is searched for a way back to itself; of such a cycle the transaction with the
 * lowest priority, the one that came last when equal, is sent away with 40001.
 */
#include "config.h"

#include "storage/txn_int.h"

/* Slots of an empty table; a power of two, as every size of it. */
#define SLOTS_FIRST 1024
/* Nodes that are looked at together when locks go: their slots lie anywhere in memory. */
#define RELEASE_TOGETHER 32
/* Sleep in pieces, to look at the cancel token. */
#define WAIT_SLICE_NS INT64_C(50000000)
/* Locks released in one hold of the mutex. */
#ifndef TXN_TINY /* defined by a test, so that its transactions have many */
#define RELEASE_CHUNK 1024
#else
#define RELEASE_CHUNK 2
#endif
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

static struct lock_slot *
slots_new(size_t count)
{
    return xcalloc(count, sizeof(struct lock_slot));
}

void
locks_init(struct kv_db *db)
{
    mutex_init(&db->lock, RANK_TXN_MANAGER);
    db->slot_count = SLOTS_FIRST;
    db->slots = slots_new(db->slot_count);
}

void
locks_destroy(struct kv_db *db)
{
    VERIFY(db->locked_count == 0);
    xfree(db->slots);
    mutex_destroy(&db->lock);
}

static inline size_t
home_of(const struct kv_db *db, uint64_t hash)
{
    return (size_t)hash & (db->slot_count - 1);
}

static inline size_t
slot_after(const struct kv_db *db, size_t i)
{
    return (i + 1) & (db->slot_count - 1);
}

static void
slot_fill(struct kv_db *db, struct lock_slot s)
{
    size_t i = home_of(db, s.hash);
    while (db->slots[i].node != NULL)
        i = slot_after(db, i);
    db->slots[i] = s;
}

static void
table_resize(struct kv_db *db, size_t count)
{
    struct lock_slot *old = db->slots;
    size_t old_count = db->slot_count;
    db->slots = slots_new(count);
    db->slot_count = count;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].node != NULL)
            slot_fill(db, old[i]);
    xfree(old);
}

static struct wnode *
table_find(const struct kv_db *db, const struct wnode *like)
{
    size_t i = home_of(db, like->hash);
    for (; db->slots[i].node != NULL; i = slot_after(db, i))
        if (db->slots[i].hash == like->hash && slice_eq(db->slots[i].node->key, like->key))
            return db->slots[i].node;
    return NULL;
}

/* At most two of three slots are taken. */
static void
table_add(struct kv_db *db, struct wnode *n)
{
    if (++db->locked_count > db->slot_count / 3 * 2)
        table_resize(db, db->slot_count * 2);
    slot_fill(db, (struct lock_slot){n->hash, n});
    n->locked = true;
    n->txn->locks++;
}

/* What stands behind it moves up, as far as its own home allows, so that no search ends too early. */
static void
table_remove(struct kv_db *db, struct wnode *n)
{
    size_t hole = home_of(db, n->hash), mask = db->slot_count - 1;
    while (db->slots[hole].node != n)
        hole = slot_after(db, hole);
    for (size_t i = slot_after(db, hole); db->slots[i].node != NULL; i = slot_after(db, i)) {
        size_t home = home_of(db, db->slots[i].hash);
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* its home is behind the hole */
        db->slots[hole] = db->slots[i];
        hole = i;
    }
    db->slots[hole].node = NULL;
    db->locked_count--;
    n->locked = false;
    n->txn->locks--;
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
    db->lock_waiters++;
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
    db->lock_waiters--;
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

/* The next locks from n on; returns the node behind them. */
static struct wnode *
release_some(struct kv_db *db, struct wnode *n)
{
    struct wnode *v[RELEASE_TOGETHER];
    int some = 0;
    for (; some < RELEASE_TOGETHER && n != NULL; n = n->next)
        if (n->locked) {
            __builtin_prefetch(&db->slots[home_of(db, n->hash)], 1);
            v[some++] = n;
        }
    for (int i = 0; i < some; i++)
        lock_release(db, v[i]);
    return n;
}

/* Many locks, and nobody else has or wants one: the table goes as a whole. */
static bool
release_table(struct kv_txn *t)
{
    struct kv_db *db = t->db;
    struct lock_slot *old = NULL;
    mutex_lock(&db->lock);
    if (t->locks > RELEASE_CHUNK && t->locks == db->locked_count && db->lock_waiters == 0) {
        old = db->slots;
        db->slot_count = SLOTS_FIRST;
        db->slots = slots_new(db->slot_count);
        db->locked_count = t->locks = 0;
    }
    bool none = t->locks == 0;
    mutex_unlock(&db->lock);
    xfree(old);
    return none;
}

void
locks_release_all(struct kv_txn *t)
{
    struct kv_db *db = t->db;
    struct wnode *n = t->buf.head.next;
    if (release_table(t))
        return;
    while (n != NULL) {
        mutex_lock(&db->lock);
        for (int i = 0; i < RELEASE_CHUNK && n != NULL; i += RELEASE_TOGETHER)
            n = release_some(db, n);
        size_t count = db->slot_count;
        while (count > SLOTS_FIRST && db->locked_count < count / 16)
            count /= 2;
        if (n == NULL && count < db->slot_count)
            table_resize(db, count);
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
