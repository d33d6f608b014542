#include "config.h"

#include "executor/statement_stats.h"

#include <string.h>

#include "base/hash.h"
#include "base/thread.h"

#define SLOTS 1024
#define MAX_TEXTS 5000
#define MAX_APPLICATIONS 200

struct entry {
    struct statement_stat stat;
    uint64_t hash;
    struct entry *next;
};

struct application {
    struct application_stat stat;
    struct application *next;
};

struct statement_stats {
    struct mutex lock;
    int64_t counters[N_STATEMENT_COUNTERS]; /* never set back */
    struct application *applications;
    size_t n_applications;
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
    s->applications = NULL;
    s->n_applications = 0;
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

/* NULL: not there, and no anonymized text to make it with. */
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
    if (x->anonymized == NULL)
        return NULL;
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

bool
statement_stats_add(struct statement_stats *s, const struct statement_sample *x)
{
    mutex_lock(&s->lock);
    struct entry *e = find(s, x);
    if (e == NULL) {
        mutex_unlock(&s->lock);
        return false;
    }
    struct statement_stat *t = &e->stat;
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
    return true;
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

static struct application *
find_application(struct statement_stats *s, const char *name)
{
    for (struct application *a = s->applications; a != NULL; a = a->next)
        if (strcmp(a->stat.application, name) == 0)
            return a;
    if (s->n_applications >= MAX_APPLICATIONS)
        begin(s);
    struct application *a = ARENA_NEW(s->arena, struct application);
    a->stat.application = arena_strdup(s->arena, name);
    a->next = s->applications;
    s->applications = a;
    s->n_applications++;
    return a;
}

void
statement_stats_add_txn(struct statement_stats *s, const char *application, double seconds,
                        bool committed, bool implicit)
{
    mutex_lock(&s->lock);
    struct application_stat *t = &find_application(s, application)->stat;
    t->count++;
    t->committed += committed;
    t->implicit += implicit;
    add_value(&t->seconds, t->count, seconds);
    mutex_unlock(&s->lock);
}

struct application_stat *
statement_stats_list_txns(struct statement_stats *s, struct arena *a, size_t *n)
{
    mutex_lock(&s->lock);
    struct application_stat *v = ARENA_ARRAY(a, struct application_stat, s->n_applications + 1);
    *n = 0;
    for (const struct application *x = s->applications; x != NULL; x = x->next) {
        v[*n] = x->stat;
        v[(*n)++].application = arena_strdup(a, x->stat.application);
    }
    mutex_unlock(&s->lock);
    return v;
}

void
statement_stats_count(struct statement_stats *s, enum statement_counter c)
{
    __atomic_fetch_add(&s->counters[c], 1, __ATOMIC_RELAXED);
}

int64_t
statement_stats_counted(struct statement_stats *s, enum statement_counter c)
{
    return __atomic_load_n(&s->counters[c], __ATOMIC_RELAXED);
}
