/* storage/txn_prefetch.c - keys that will be read soon, fetched together.
 *
 * For engines where each get is a way to another machine and back. What is at the read time does not
 * change, so an answer holds until that moves; the transaction's own writes are looked at first, as ever.
 */
#include "config.h"

#include "base/hash.h"
#include "storage/txn_int.h"

#define SLOTS     4096 /* a power of two; half of them are used at most */
#define BYTES_MAX ((size_t)4 << 20)
#define ASK_MAX   128  /* keys in one request: what it brings is bounded by their values alone */

struct prefetched {
    struct slice key; /* empty: free */
    struct engine_answer answer;
};

struct prefetch {
    struct arena *arena;
    struct prefetched *slots;
    size_t used;
    uint32_t epoch;
};

static struct prefetched *
slot_of(struct prefetch *p, struct slice key)
{
    size_t i = hash_bytes(key.ptr, key.len, 7) & (SLOTS - 1);
    while (p->slots[i].key.len > 0 && !slice_eq(p->slots[i].key, key))
        i = (i + 1) & (SLOTS - 1);
    return &p->slots[i];
}

/* The answers of before go where they hold no more, or there are many. */
static struct prefetch *
make_room(struct kv_txn *t, size_t n)
{
    struct prefetch *p = t->prefetch;
    if (p == NULL) {
        p = t->prefetch = ARENA_NEW(t->arena, struct prefetch);
        p->arena = arena_create(t->arena, "prefetched");
    } else if (p->epoch == t->epoch && p->used + n <= SLOTS / 2 && arena_size(p->arena) < BYTES_MAX) {
        return p;
    }
    arena_reset(p->arena);
    p->slots = ARENA_ARRAY(p->arena, struct prefetched, SLOTS);
    p->used = 0;
    p->epoch = t->epoch;
    return p;
}

static struct error *
ask(struct kv_txn *t, const struct slice *keys, size_t n)
{
    struct prefetch *p = make_room(t, n);
    struct slice wanted[ASK_MAX];
    struct engine_answer answers[ASK_MAX];
    size_t n_wanted = 0;
    for (size_t i = 0; i < n; i++) {
        if (kv_is_foreign(keys[i]) || txn_in_gap(t, keys[i]) || wbuf_find(&t->buf, keys[i]) != NULL)
            continue;
        struct prefetched *s = slot_of(p, keys[i]);
        if (s->key.len > 0)
            continue;
        ERR_TRY(commits_wait(t, keys[i], SLICE_NULL, true));
        wanted[n_wanted++] = keys[i];
    }
    if (n_wanted < 2) /* a get does */
        return NULL;
    ERR_TRY(engine_get_many(t->db->e, wanted, n_wanted, t->read_ts, p->arena, answers));
    for (size_t i = 0; i < n_wanted; i++) {
        struct prefetched *s = slot_of(p, wanted[i]);
        p->used += s->key.len == 0;
        *s = (struct prefetched){slice_dup(p->arena, wanted[i]), answers[i]};
    }
    return NULL;
}

bool
kv_prefetches(const struct kv_txn *t)
{
    return engine_gets_many(t->db->e) && !(t->gap.valid && t->gap.epoch == t->epoch);
}

struct error *
kv_prefetch(struct kv_txn *t, const struct slice *keys, size_t n)
{
    if (!kv_prefetches(t))
        return NULL;
    for (size_t i = 0; i < n; i += ASK_MAX)
        ERR_TRY(ask(t, keys + i, n - i < ASK_MAX ? n - i : ASK_MAX));
    return NULL;
}

bool
prefetched_get(struct kv_txn *t, struct slice key, struct arena *a, struct engine_answer *out)
{
    struct prefetch *p = t->prefetch;
    if (p == NULL || p->epoch != t->epoch)
        return false;
    const struct prefetched *s = slot_of(p, key);
    if (s->key.len == 0)
        return false;
    *out = s->answer;
    if (out->found)
        out->value = slice_dup(a, out->value);
    return true;
}
