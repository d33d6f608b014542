#include "config.h"

#include "executor/relational/rel_int.h"

void
row_hash_init(struct row_hash *h, struct arena *a)
{
    h->arena = a;
    h->n = 0;
    h->n_buckets = 256;
    h->buckets = ARENA_ARRAY(a, struct hash_entry *, h->n_buckets);
}

static void
grow(struct row_hash *h)
{
    size_t n = h->n_buckets * 4;
    struct hash_entry **b = ARENA_ARRAY(h->arena, struct hash_entry *, n);

    for (size_t i = 0; i < h->n_buckets; i++) {
        struct hash_entry *rev = NULL, *next;
        /* Entries of one bucket keep their order: newest first. */
        for (struct hash_entry *e = h->buckets[i]; e != NULL; e = next) {
            next = e->next;
            e->next = rev;
            rev = e;
        }
        for (struct hash_entry *e = rev; e != NULL; e = next) {
            next = e->next;
            e->next = b[e->hash & (n - 1)];
            b[e->hash & (n - 1)] = e;
        }
    }
    h->buckets = b;
    h->n_buckets = n;
}

void
row_hash_add(struct row_hash *h, struct hash_entry *e)
{
    if (h->n >= h->n_buckets)
        grow(h);
    size_t i = e->hash & (h->n_buckets - 1);
    e->next = h->buckets[i];
    h->buckets[i] = e;
    h->n++;
}

void
row_hash_oldest_first(struct row_hash *h)
{
    for (size_t i = 0; i < h->n_buckets; i++) {
        struct hash_entry *rev = NULL, *next;
        for (struct hash_entry *e = h->buckets[i]; e != NULL; e = next) {
            next = e->next;
            e->next = rev;
            rev = e;
        }
        h->buckets[i] = rev;
    }
}

uint64_t
row_key_hash(const struct datum *key, int n, const struct type *const *types, uint64_t seed)
{
    uint64_t h = seed;

    for (int i = 0; i < n; i++)
        h = datum_hash(types[i], &key[i], h);
    return h;
}

bool
row_key_equal(const struct datum *a, const struct datum *b, int n, const struct type *const *types)
{
    for (int i = 0; i < n; i++)
        if (!datum_equal(types[i], &a[i], &b[i]))
            return false;
    return true;
}
