#include "config.h"

#include "executor/statement_stats.h"

#include <string.h>

#include "base/hash.h"
#include "base/thread.h"

#define SLOTS 1024
#define MAX_TEXTS 5000

struct entry {
    struct statement_stat stat;
    uint64_t hash;
    struct entry *next;
};

struct statement_stats {
    struct mutex lock;
    struct arena *arena;     /* entries and their texts */
    struct entry **slots;
    size_t n;
};

static void
begin(struct statement_stats *s)
{
    arena_reset(s->arena);
    s->slots = ARENA_ARRAY(s->arena, struct entry *, SLOTS);
    s->n = 0;
}

struct statement_stats *
statement_stats_create(void)
{
    struct statement_stats *s = xcalloc(1, sizeof(*s));

    mutex_init(&s->lock, RANK_LEAF);
    s->arena = arena_create(NULL, "statement statistics");
    begin(s);
    return s;
}

void
statement_stats_destroy(struct statement_stats *s)
{
    mutex_destroy(&s->lock);
    arena_destroy(s->arena);
    xfree(s);
}

static void
add_value(struct statement_moment *m, int64_t n, double v)
{
    double before = v - m->mean;

    m->mean += before / (double)n;
    m->squares += before * (v - m->mean);
}

static struct entry *
find(struct statement_stats *s, const struct statement_sample *x)
{
    bool failed = x->error != NULL;
    uint64_t hash = hash_bytes(x->key, strlen(x->key),
                               hash_bytes(x->application, strlen(x->application),
                                          (uint64_t)failed << 1 | x->implicit_txn));
    struct entry **slot = &s->slots[hash % SLOTS];

    for (struct entry *e = *slot; e != NULL; e = e->next)
        if (e->hash == hash && e->stat.failed == failed &&
            e->stat.implicit_txn == x->implicit_txn && strcmp(e->stat.key, x->key) == 0 &&
            strcmp(e->stat.application, x->application) == 0)
            return e;
    if (s->n >= MAX_TEXTS) {
        begin(s);
        slot = &s->slots[hash % SLOTS];
    }
    struct entry *e = ARENA_NEW(s->arena, struct entry);
    e->hash = hash;
    e->stat.application = arena_strdup(s->arena, x->application);
    e->stat.key = arena_strdup(s->arena, x->key);
    e->stat.anonymized = arena_strdup(s->arena, x->anonymized);
    e->stat.failed = failed;
    e->stat.implicit_txn = x->implicit_txn;
    e->next = *slot;
    *slot = e;
    s->n++;
    return e;
}

void
statement_stats_add(struct statement_stats *s, const struct statement_sample *x)
{
    mutex_lock(&s->lock);
    struct statement_stat *t = &find(s, x)->stat;
    t->count++;
    t->first_attempts += x->retries == 0;
    if (x->retries > t->max_retries)
        t->max_retries = x->retries;
    /* The first error of its kind stays: memory is bounded. */
    if (x->error != NULL && t->last_error == NULL)
        t->last_error = arena_strdup(s->arena, x->error);
    add_value(&t->rows, t->count, (double)x->rows);
    add_value(&t->plan, t->count, x->plan_s);
    add_value(&t->run, t->count, x->run_s);
    add_value(&t->service, t->count, x->service_s);
    mutex_unlock(&s->lock);
}

struct statement_stat *
statement_stats_list(struct statement_stats *s, struct arena *a, size_t *n)
{
    mutex_lock(&s->lock);
    struct statement_stat *v = ARENA_ARRAY(a, struct statement_stat, s->n + 1);
    *n = 0;
    for (int i = 0; i < SLOTS; i++)
        for (const struct entry *e = s->slots[i]; e != NULL; e = e->next) {
            struct statement_stat *t = &v[(*n)++];
            *t = e->stat;
            t->application = arena_strdup(a, t->application);
            t->key = arena_strdup(a, t->key);
            t->anonymized = arena_strdup(a, t->anonymized);
            if (t->last_error != NULL)
                t->last_error = arena_strdup(a, t->last_error);
        }
    mutex_unlock(&s->lock);
    return v;
}
