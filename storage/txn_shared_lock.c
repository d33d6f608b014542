/* storage/txn_shared_lock.c - locks that other processes over a shared store see, too.
 *
 * A key is locked in this process first, and then by its hash in the store, so that of each process one
 * transaction at most waits there for a key. What a statement reads to change it is locked in the store as it
 * is read; what it only writes is at its end, all in one question. Nothing is locked there while no other
 * process is at the store.
 *
 * These locks are hints: what may commit is decided by the order of commits. So a transaction goes on without
 * where the store gives none, past LOCKS_MAX of them, and when it has waited for WAIT_MAX_NS.
 *
 * Deadlocks. Who has waited for LOOK_NS tells the others in the store what it wants, and what it keeps from
 * them: its own locks, and those of all who wait for it in this process. There is a deadlock when what one
 * wants is kept by one whose wish is kept by .. itself. Each of those in it finds that out. They are not seen
 * at one moment, so it must be the same waits twice. The one of lowest priority, the one that has waited
 * shortest when equal, gives way; in any knot of cycles there is one that does so in all of its own.
 */
#include "config.h"

#include "storage/txn_int.h"

#include <stdlib.h>

#include "base/hash.h"

#define LOCKS_MAX     256 /* of one transaction */
#define LOCKS_DB_MAX  1024 /* about, of all of the process: the store has room for some thousand */
#define WAITED_MAX    8  /* locks that one transaction has waited for */
#define WAITED_DB_MAX 24 /* waits, and locks that were waited for, of all of the process */
#define LOOK_NS       INT64_C(100000000)
#define WAIT_MAX_NS   INT64_C(60000000000)

struct waited {
    struct engine_lock *lock;
    struct waited *next;
};

/* A wait, and what is known of it. */
struct watch {
    struct kv_txn *t;
    struct engine_wait own;
    uint64_t holds[LOCKS_DB_MAX];
    int64_t look_at, end;
    uint64_t suspected; /* the cycle of the last look; 0: none */
    bool told, beaten;
};

void
shared_lock_later(struct kv_txn *t, struct wnode *n)
{
    struct kv_db *db = t->db;
    if (!engine_locks_wanted(db->e) || t->told + t->untold_len >= LOCKS_MAX ||
        atomic_load_explicit(&db->told, memory_order_relaxed) >= LOCKS_DB_MAX)
        return;
    if (t->untold_len == t->untold_cap) {
        size_t cap = t->untold_cap == 0 ? 8 : t->untold_cap * 2;
        struct wnode **v = ARENA_ARRAY(t->arena, struct wnode *, cap);
        if (t->untold_len > 0)
            memcpy(v, t->untold, t->untold_len * sizeof(*v));
        t->untold = v;
        t->untold_cap = cap;
    }
    t->untold[t->untold_len++] = n;
}

/* ---- deadlocks ---- */

static bool
keeps(const struct engine_wait *w, uint64_t lock)
{
    for (size_t i = 0; i < w->n_holds; i++)
        if (w->holds[i] == lock)
            return true;
    return false;
}

static bool
gives_way(const struct engine_wait *a, const struct engine_wait *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->began != b->began ? a->began > b->began : a->id > b->id;
}

struct search {
    struct engine_wait *all;
    bool *passed;
    size_t n;
    uint64_t goal; /* id of the wait that a cycle is looked for of */
    uint64_t sum;  /* of the ids of the cycle */
    const struct engine_wait *victim;
};

/* Whether w waits for the goal. */
static bool
waits_for_goal(struct search *s, const struct engine_wait *w)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct engine_wait *next = &s->all[i];
        if (next == w || !keeps(next, w->wants))
            continue;
        if (next->id != s->goal) {
            if (s->passed[i])
                continue;
            s->passed[i] = true;
            if (!waits_for_goal(s, next))
                continue;
        }
        s->sum += w->id;
        if (s->victim == NULL || gives_way(w, s->victim))
            s->victim = w;
        return true;
    }
    return false;
}

static void
judge(struct watch *x, struct engine_wait *all, size_t n, struct arena *a)
{
    struct search s = {.all = all, .n = n, .goal = x->own.id, .passed = ARENA_ARRAY(a, bool, n + 1)};
    const struct engine_wait *own = NULL;
    for (size_t i = 0; i < n; i++)
        if (all[i].id == x->own.id)
            own = &all[i];
    if (own == NULL || !waits_for_goal(&s, own)) {
        x->suspected = 0;
        return;
    }
    x->beaten = x->suspected == s.sum && s.victim == own;
    x->suspected = s.sum;
}

static void
look(struct watch *x)
{
    struct kv_db *db = x->t->db;
    struct arena *a = arena_create(NULL, "waits");
    struct engine_wait *all;
    size_t n;
    x->own.holds = x->holds;
    x->own.n_holds = locks_behind(x->t, x->holds, LOCKS_DB_MAX);
    x->told = true;
    struct error *err = engine_waits(db->e, &x->own, a, &all, &n);
    if (err == NULL)
        judge(x, all, n, a);
    err_free(err); /* the next look may do better */
    arena_destroy(a);
}

static struct error *
go_on(void *arg, bool *stop)
{
    struct watch *x = arg;
    ERR_TRY(cancel_check(x->t->o.cancel));
    int64_t now = monotonic_now_ns();
    if (now >= x->look_at) {
        look(x);
        x->look_at = now + LOOK_NS;
    }
    *stop = x->beaten || now >= x->end;
    return NULL;
}

/* ---- settling ---- */

static struct error *
wait_for(struct kv_txn *t, struct wnode *n)
{
    struct kv_db *db = t->db;
    struct engine_lock *lock;
    if (t->n_waited >= WAITED_MAX || atomic_load(&db->waited) >= WAITED_DB_MAX)
        return NULL; /* each is a connection: without, then */
    atomic_fetch_add(&db->waited, 1);
    struct watch *x = xcalloc(1, sizeof(*x));
    int64_t now = monotonic_now_ns();
    x->t = t;
    x->look_at = now + LOOK_NS;
    x->end = now + WAIT_MAX_NS;
    x->own = (struct engine_wait){.writer = shared_writer(db),
                                  .txn = (uint64_t)(uintptr_t)t,
                                  .id = random_u64() | 1,
                                  .began = clock_now(db->clock).wall,
                                  .priority = t->o.priority,
                                  .wants = n->hash};
    struct error *err = engine_lock_wait(db->e, n->hash, go_on, x, &lock);
    if (x->told)
        engine_wait_over(db->e, &x->own);
    if (lock != NULL) {
        struct waited *w = ARENA_NEW(t->arena, struct waited);
        *w = (struct waited){lock, t->waited};
        t->waited = w;
        t->n_waited++;
        n->told = n->waited = true;
    } else {
        atomic_fetch_sub(&db->waited, 1);
    }
    bool beaten = x->beaten && lock == NULL;
    xfree(x);
    if (err == NULL && beaten)
        err = txn_doom(t, TXN_BEATEN);
    return err;
}

/* One try of those that are left. *busy: the first that another process has; what was taken behind it is
 * given up again, so that nobody waits for us there meanwhile. */
static struct error *
take_free(struct kv_txn *t, struct wnode **nodes, size_t n, size_t *busy)
{
    struct kv_db *db = t->db;
    struct arena *a = arena_create(NULL, "locks");
    uint64_t *want = ARENA_ARRAY(a, uint64_t, n);
    enum engine_lock_answer *answers = ARENA_ARRAY(a, enum engine_lock_answer, n);
    struct engine_order_view v;
    size_t back = 0;
    for (size_t i = 0; i < n; i++)
        want[i] = nodes[i]->hash;
    struct error *err = engine_locks_try(db->e, want, n, shared_followed(db), a, &v, answers);
    *busy = n;
    for (size_t i = 0; err == NULL && i < n; i++) {
        if (answers[i] == ENGINE_LOCK_BUSY && *busy == n)
            *busy = i;
        if (answers[i] != ENGINE_LOCK_TAKEN)
            continue;
        if (*busy < n) {
            want[back++] = want[i];
            continue;
        }
        nodes[i]->told = true;
        t->told++;
        atomic_fetch_add(&db->told, 1);
    }
    engine_locks_drop(db->e, want, back);
    if (err == NULL)
        err = shared_absorb(db, &v, a);
    arena_destroy(a);
    return err;
}

static int
by_hash(const void *a, const void *b)
{
    uint64_t x = (*(struct wnode *const *)a)->hash, y = (*(struct wnode *const *)b)->hash;
    return x < y ? -1 : x > y;
}

/* In the order of their numbers, so that two who want many of the same do not keep them from each other. */
static struct error *
take_all(struct kv_txn *t, struct wnode **nodes, size_t n, bool *waited)
{
    size_t at = 0, busy;
    qsort(nodes, n, sizeof(*nodes), by_hash);
    while (at < n) {
        ERR_TRY(take_free(t, nodes + at, n - at, &busy));
        at += busy;
        if (at == n)
            break;
        ERR_TRY(wait_for(t, nodes[at++]));
        *waited = true;
    }
    return NULL;
}

static struct error *
settle(struct kv_txn *t, bool *waited)
{
    size_t n = t->untold_len;
    struct wnode **nodes = t->untold;
    t->untold_len = 0;
    *waited = false;
    if (n == 0 || spill_has_runs(t))
        return NULL;
    t->untold = NULL;
    t->untold_cap = 0;
    return take_all(t, nodes, n, waited);
}

struct error *
shared_settle(struct kv_txn *t)
{
    struct wnode **nodes = t->untold;
    size_t n = t->untold_len;
    struct hlc now;
    bool waited;
    ERR_TRY(settle(t, &waited));
    if (waited) /* for somebody who has committed, most likely */
        ERR_TRY(shared_follow(t->db, &now));
    for (size_t i = 0; i < n; i++)
        ERR_TRY(txn_catch_up(t, nodes[i]));
    return NULL;
}

struct error *
shared_settle_commit(struct kv_txn *t)
{
    bool waited;
    return settle(t, &waited);
}

void
shared_unlock(struct kv_txn *t)
{
    if (t->told > 0) {
        uint64_t *locks = ARENA_ARRAY(t->arena, uint64_t, t->told);
        size_t n = 0;
        for (const struct wnode *x = t->buf.head.next; x != NULL && n < t->told; x = x->next)
            if (x->told && !x->waited)
                locks[n++] = x->hash;
        engine_locks_drop(t->db->e, locks, n);
        atomic_fetch_sub(&t->db->told, t->told);
    }
    for (struct waited *w = t->waited; w != NULL; w = w->next)
        engine_lock_release(w->lock);
    if (t->n_waited > 0)
        atomic_fetch_sub(&t->db->waited, t->n_waited);
    t->waited = NULL;
    t->n_waited = 0;
    t->told = 0;
    t->untold_len = 0;
}
