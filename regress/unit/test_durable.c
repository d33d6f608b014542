/* regress/unit/test_durable.c - commits whose locks go before they are durable: nothing is acknowledged
 * that a crash could take back, neither what was written nor what was read. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rand.h"
#include "storage/txn.h"

#define OK(expr)                                       \
    do {                                               \
        struct error *ok_e_ = (expr);                  \
        if (ok_e_ != NULL)                             \
            fail_msg("%s: %s", #expr, ok_e_->message); \
    } while (0)

/* ---- an engine in memory that knows what it has not synced ---- */

#define UNSYNCED_MAX 4096
struct version {
    char key[16];
    struct hlc ts;
};

struct late_engine {
    struct engine base;
    struct engine *inner;
    struct mutex lock; /* guards: */
    struct cond moved;
    struct version unsynced[UNSYNCED_MAX];
    size_t n;
    int syncs, in_sync;
    bool held, broken; /* syncs wait; syncs fail */
};

static struct engine *
inner(struct engine *e)
{
    return ((struct late_engine *)e)->inner;
}

static void
late_close(struct engine *base)
{
    struct late_engine *e = (struct late_engine *)base;
    engine_close(e->inner);
    cond_destroy(&e->moved);
    mutex_destroy(&e->lock);
    xfree(e);
}

static struct error *
late_get(struct engine *e, struct slice key, struct hlc at, struct arena *a, bool *found,
         struct hlc *ts, struct slice *value)
{
    return engine_get(inner(e), key, at, a, found, ts, value);
}

static struct error *
late_iter_open(struct engine *e, const struct engine_scan_opts *o, struct engine_iter **out)
{
    return engine_iter_open(inner(e), o, out);
}

static struct error *
late_commit(struct engine *base, const struct engine_write *w, size_t n, bool sync)
{
    struct late_engine *e = (struct late_engine *)base;
    assert_false(sync);
    OK(engine_commit(e->inner, w, n, true));
    mutex_lock(&e->lock);
    for (size_t i = 0; i < n; i++) {
        VERIFY(e->n < UNSYNCED_MAX && w[i].key.len < sizeof(e->unsynced[0].key));
        struct version *v = &e->unsynced[e->n++];
        *v = (struct version){.ts = w[i].ts};
        memcpy(v->key, w[i].key.ptr, w[i].key.len);
    }
    mutex_unlock(&e->lock);
    return NULL;
}

static struct error *
late_sync(struct engine *base)
{
    struct late_engine *e = (struct late_engine *)base;
    mutex_lock(&e->lock);
    size_t n = e->n; /* what is committed from here on is not in it */
    e->in_sync++;
    cond_broadcast(&e->moved);
    while (e->held)
        cond_wait(&e->moved, &e->lock);
    mutex_unlock(&e->lock);
    usleep(200);
    mutex_lock(&e->lock);
    e->in_sync--;
    e->syncs++;
    bool broken = e->broken;
    if (!broken) {
        memmove(e->unsynced, e->unsynced + n, (e->n - n) * sizeof(e->unsynced[0]));
        e->n -= n;
    }
    mutex_unlock(&e->lock);
    return broken ? err_new(ERR_IO, "the disk is gone") : NULL;
}

static struct error *
late_gc(struct engine *e, struct span s, struct hlc threshold, const struct cancel *cancel,
        uint64_t *removed)
{
    return engine_gc(inner(e), s, threshold, cancel, removed);
}

static struct error *
late_meta_get(struct engine *e, const char *name, struct arena *a, bool *found, struct slice *value)
{
    return engine_meta_get(inner(e), name, a, found, value);
}

static const struct engine_vt late_vt = {
    .name = "late",
    .close = late_close,
    .get = late_get,
    .iter_open = late_iter_open,
    .commit = late_commit,
    .sync = late_sync,
    .gc = late_gc,
    .meta_get = late_meta_get,
};

static bool
is_durable(struct late_engine *e, const char *key, struct hlc ts)
{
    bool durable = true;
    mutex_lock(&e->lock);
    for (size_t i = 0; i < e->n && durable; i++)
        durable = strcmp(e->unsynced[i].key, key) != 0 || hlc_cmp(e->unsynced[i].ts, ts) != 0;
    mutex_unlock(&e->lock);
    return durable;
}

static void
late_set(struct late_engine *e, bool held, bool broken)
{
    mutex_lock(&e->lock);
    e->held = held;
    e->broken = broken;
    cond_broadcast(&e->moved);
    mutex_unlock(&e->lock);
}

/* ---- the store, and transactions in threads ---- */

static struct late_engine *engine;
static struct clock *the_clock;
static struct kv_db *db;

static int
set_up(void **state)
{
    (void)state;
    engine = xcalloc(1, sizeof(*engine));
    engine->base.vt = &late_vt;
    mutex_init(&engine->lock, RANK_ENGINE);
    cond_init(&engine->moved);
    OK(engine_memory_open(&engine->inner));
    the_clock = clock_create();
    OK(kv_db_open(&engine->base, the_clock, &db));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    kv_db_close(db);
    engine_close(&engine->base);
    clock_destroy(the_clock);
    return 0;
}

struct job {
    pthread_t thread;
    bool reads, writes;
    const char *key;
    char seen[32]; /* what was read; "-" for nothing */
    bool broken;   /* the commit failed, by the disk */
    _Atomic bool done;
};

static void *
run(void *arg)
{
    struct job *j = arg;
    struct arena *a = arena_create(NULL, "test");
    struct kv_txn *t;
    struct kv_txn_opts o = {.read_only = !j->writes};
    struct slice value = SLICE_NULL;
    bool found = false;
    OK(kv_txn_begin(db, &o, &t));
    if (j->writes)
        OK(kv_lock(t, slice_cstr(j->key)));
    if (j->reads)
        OK(kv_get(t, slice_cstr(j->key), a, &found, &value, NULL));
    snprintf(j->seen, sizeof(j->seen), "%.*s", found ? (int)value.len : 1,
             found ? (const char *)value.ptr : "-");
    if (j->writes) {
        char next[64];
        snprintf(next, sizeof(next), "%s+", j->seen);
        OK(kv_put(t, slice_cstr(j->key), slice_cstr(next)));
    }
    struct error *err = kv_txn_commit(t, NULL);
    if (err != NULL && !err_is(err, ERR_IO))
        fail_msg("%s", err->message);
    j->broken = err != NULL;
    err_free(err);
    arena_destroy(a);
    atomic_store(&j->done, true);
    return NULL;
}

static void
start(struct job *j)
{
    VERIFY(pthread_create(&j->thread, NULL, run, j) == 0);
}

static void
join(struct job *j)
{
    VERIFY(pthread_join(j->thread, NULL) == 0);
}

/* Until one is in the sync, and a moment for the others to get as far as they can. */
static void
settle(void)
{
    mutex_lock(&engine->lock);
    while (engine->in_sync == 0)
        cond_wait(&engine->moved, &engine->lock);
    mutex_unlock(&engine->lock);
    usleep(50000);
}

/* ---- tests ---- */

static void
test_hot_row(void **state)
{
    (void)state;
    struct job w[4], reader = {.key = "\xbd""a", .reads = true}, other = {.key = "\xbd""b", .reads = true};
    late_set(engine, true, false);
    for (int i = 0; i < 4; i++) { /* each sees the one before, though the disk stands still */
        w[i] = (struct job){.key = "\xbd""a", .reads = true, .writes = true};
        start(&w[i]);
        settle();
    }
    start(&reader);
    start(&other);
    join(&other); /* what it read is durable */
    usleep(50000);
    assert_false(reader.done);
    for (int i = 0; i < 4; i++)
        assert_false(w[i].done);
    late_set(engine, false, false);
    join(&reader);
    assert_string_equal(reader.seen, "-++++");
    for (int i = 0; i < 4; i++) {
        join(&w[i]);
        assert_int_equal(strlen(w[i].seen), i + 1);
    }
    assert_in_range(engine->syncs, 1, 3); /* one for the first, one for the others */
    assert_int_equal(engine->n, 0);
}

static void
test_broken(void **state)
{
    (void)state;
    struct job w = {.key = "\xbd""a", .reads = true, .writes = true};
    struct job reader = {.key = "\xbd""a", .reads = true}, other = {.key = "\xbd""b", .reads = true};
    late_set(engine, false, true);
    start(&w);
    join(&w);
    assert_true(w.broken);
    start(&reader); /* it sees what may be lost, and is told so */
    join(&reader);
    assert_true(reader.broken);
    start(&other);
    join(&other);
    assert_false(other.broken);
    struct error *err = kv_close_time(db, clock_now(the_clock), NULL); /* before a BACKUP */
    assert_true(err_is(err, ERR_IO));
    err_free(err);
    late_set(engine, false, false);
    reader = (struct job){.key = "\xbd""a", .reads = true};
    start(&reader);
    join(&reader);
    assert_false(reader.broken);
    late_set(engine, false, true); /* and it can be closed like this */
    w = (struct job){.key = "\xbd""c", .reads = true, .writes = true};
    start(&w);
    join(&w);
    assert_true(w.broken);
}

#define KEYS 6
static _Atomic int bad, ended;

static void *
client(void *arg)
{
    struct rand r;
    rand_init(&r, (uint64_t)(uintptr_t)arg);
    for (int i = 0; i < 400; i++) {
        struct arena *a = arena_create(NULL, "test");
        struct version seen[KEYS];
        size_t n = 0;
        struct kv_txn *t;
        struct hlc ts;
        bool writes = rand_chance(&r, 2);
        struct error *err = kv_txn_begin(db, NULL, &t);
        for (int k = 0; k < 3 && err == NULL; k++) {
            struct slice value;
            bool found;
            struct version *v = &seen[n];
            snprintf(v->key, sizeof(v->key), "\xbd%c", 'a' + (int)rand_below(&r, KEYS));
            err = kv_get(t, slice_cstr(v->key), a, &found, &value, &v->ts);
            n += err == NULL && found;
        }
        char key[8];
        snprintf(key, sizeof(key), "\xbd%c", 'a' + (int)rand_below(&r, KEYS));
        if (err == NULL && writes)
            err = kv_put(t, slice_cstr(key), slice_cstr("x"));
        if (err != NULL) {
            kv_txn_rollback(t);
        } else {
            err = kv_txn_commit(t, &ts);
            for (size_t k = 0; k < n && err == NULL; k++)
                bad += !is_durable(engine, seen[k].key, seen[k].ts);
            if (err == NULL && writes)
                bad += !is_durable(engine, key, ts);
            ended += err == NULL;
        }
        if (err != NULL && !err_is(err, ERR_SERIALIZATION_FAILURE))
            fail_msg("%s", err->message);
        err_free(err);
        arena_destroy(a);
    }
    return NULL;
}

static void
test_random(void **state)
{
    (void)state;
    pthread_t threads[8];
    bad = ended = 0;
    for (uintptr_t i = 0; i < 8; i++)
        VERIFY(pthread_create(&threads[i], NULL, client, (void *)(i + 1)) == 0);
    for (int i = 0; i < 8; i++)
        VERIFY(pthread_join(threads[i], NULL) == 0);
    assert_int_equal(bad, 0);
    assert_true(ended > 400);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hot_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
