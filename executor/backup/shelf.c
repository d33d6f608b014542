#include "config.h"

#include "executor/backup/shelf.h"

#include "base/clock.h"
#include "base/thread.h"
#include "executor/backup/backup_int.h"

#define PLACES 8
#define PLACE_BYTES ((size_t)8 << 20)        /* of all manifests of a backup; larger ones are read again */
#define FRESH_NS (INT64_C(60) * 1000000000)  /* later somebody may have put another backup there */

struct place {
    struct arena *a; /* NULL: free */
    int64_t id, since_ns;
    struct slice *v;
    size_t n;
};

struct shelf {
    struct mutex lock;
    size_t next; /* place to be used, whatever is there */
    struct place places[PLACES];
};

struct shelf *
shelf_create(void)
{
    struct shelf *s = xcalloc(1, sizeof(*s));
    mutex_init(&s->lock, RANK_LEAF);
    return s;
}

void
shelf_destroy(struct shelf *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < PLACES; i++)
        arena_destroy(s->places[i].a);
    mutex_destroy(&s->lock);
    xfree(s);
}

void
shelf_put(struct shelf *s, int64_t id, const struct backup_chain *c)
{
    struct place p = {.a = arena_create(NULL, "manifests"), .id = id, .n = c->n,
                      .since_ns = monotonic_now_ns()};
    size_t bytes = 0;
    p.v = ARENA_ARRAY(p.a, struct slice, c->n + 1);
    for (size_t i = 0; i < c->n && bytes <= PLACE_BYTES; i++) {
        p.v[i] = pb_pack_as_is(p.a, PB_BASE(c->v[i].m));
        bytes += p.v[i].len;
    }
    struct arena *gone = p.a;
    if (bytes <= PLACE_BYTES) {
        mutex_lock(&s->lock);
        gone = s->places[s->next].a;
        s->places[s->next] = p;
        s->next = (s->next + 1) % PLACES;
        mutex_unlock(&s->lock);
    }
    arena_destroy(gone);
}

const struct slice *
shelf_take(struct shelf *s, struct arena *a, int64_t id, size_t n_layers)
{
    struct place p = {0};
    mutex_lock(&s->lock);
    for (int i = 0; i < PLACES; i++)
        if (s->places[i].a != NULL && s->places[i].id == id) {
            arena_destroy(p.a);
            p = s->places[i];
            s->places[i] = (struct place){0};
        }
    mutex_unlock(&s->lock);
    struct slice *v = NULL;
    if (p.a != NULL && p.n == n_layers && monotonic_now_ns() - p.since_ns < FRESH_NS) {
        v = ARENA_ARRAY(a, struct slice, n_layers + 1);
        for (size_t i = 0; i < n_layers; i++)
            v[i] = slice_dup(a, p.v[i]);
    }
    arena_destroy(p.a);
    return v;
}
