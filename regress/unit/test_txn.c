/* regress/unit/test_txn.c - the transaction layer over every engine: what is seen, what conflicts,
 * what survives. */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/rand.h"
#include "storage/txn_int.h"

#include "regress/unit/txn_store.h"

/* ---- one transaction ---- */

static void
test_own_writes(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        put_now(&s, "a", "1");
        put_now(&s, "c", "3");
        struct kv_txn *t = begin(&s);
        OK(put(t, "b", "2"));
        OK(put(t, "a", "x"));
        OK(kv_del(t, slice_cstr("c")));
        assert_string_equal(scan(&s, t, "a", "z", false), "a=1 c=3"); /* same step */
        assert_string_equal(get(&s, t, "b"), "-");
        kv_txn_set_read_own(t, true);
        assert_string_equal(scan(&s, t, "a", "z", false), "a=x b=2");
        kv_txn_set_read_own(t, false);
        kv_txn_step(t);
        assert_string_equal(scan(&s, t, "a", "z", false), "a=x b=2");
        assert_string_equal(scan(&s, t, "a", "z", true), "b=2 a=x");
        OK(put(t, "a", "y"));
        assert_string_equal(get(&s, t, "a"), "x");
        assert_string_equal(get_now(&s, "a"), "1");
        struct hlc ts, before = kv_txn_read_ts(t);
        OK(kv_txn_commit(t, &ts));
        assert_string_equal(get_now(&s, "a"), "y");
        assert_string_equal(get_now(&s, "c"), "-");
        /* And as of before. */
        struct kv_txn_opts o = {.read_ts = hlc_prev(ts)};
        OK(kv_txn_begin(s.db, &o, &t));
        assert_string_equal(scan(&s, t, "", "", false), "a=1 c=3");
        expect_error(put(t, "q", "q"), ERR_READ_ONLY_SQL_TRANSACTION, "read-only");
        kv_txn_rollback(t);
        o.read_ts = before;
        OK(kv_txn_begin(s.db, &o, &t));
        assert_string_equal(get(&s, t, "c"), "3");
        OK(kv_txn_commit(t, NULL));
    }
}

static void
test_savepoints(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        put_now(&s, "a", "0");
        struct kv_txn *t = begin(&s);
        kv_txn_set_read_own(t, true);
        OK(put(t, "a", "1"));
        uint64_t one = kv_txn_savepoint(t);
        OK(put(t, "a", "2"));
        OK(put(t, "b", "2"));
        uint64_t two = kv_txn_savepoint(t);
        OK(put(t, "a", "3"));
        OK(kv_del(t, slice_cstr("b")));
        assert_string_equal(scan(&s, t, "", "", false), "a=3");
        kv_txn_rollback_to(t, two);
        assert_string_equal(scan(&s, t, "", "", false), "a=2 b=2");
        OK(put(t, "b", "4"));
        kv_txn_rollback_to(t, two);
        assert_string_equal(scan(&s, t, "", "", false), "a=2 b=2");
        kv_txn_rollback_to(t, one);
        assert_string_equal(scan(&s, t, "", "", false), "a=1");
        assert_true(kv_txn_has_writes(t));
        kv_txn_rollback_to(t, 0);
        assert_false(kv_txn_has_writes(t));
        assert_string_equal(get(&s, t, "a"), "0");
        OK(put(t, "c", "5"));
        OK(kv_txn_commit(t, NULL));
        t = begin(&s);
        assert_string_equal(scan(&s, t, "", "", false), "a=0 c=5");
        kv_txn_rollback(t);
    }
}

/* A transaction against a plain array: puts, deletes, steps, savepoints, scans of every kind. */
#define MODEL_KEYS 40
struct image {
    int v[MODEL_KEYS]; /* 0: none */
};

static void
model_check(struct store *s, struct kv_txn *t, const struct image *im, struct rand *r)
{
    int lo = (int)rand_below(r, MODEL_KEYS), hi = (int)rand_below(r, MODEL_KEYS + 1);
    char start[8], end[8];
    snprintf(start, sizeof(start), "k%02d", lo);
    snprintf(end, sizeof(end), "k%02d", hi);
    bool open_end = rand_chance(r, 4), reverse = rand_chance(r, 2), batch = rand_chance(r, 2);
    struct kv_scan_opts o = {.span = {slice_cstr(start), open_end ? SLICE_NULL : slice_cstr(end)},
                             .reverse = reverse,
                             .lock = rand_chance(r, 5)};
    if (open_end)
        hi = MODEL_KEYS;
    struct kv_scan *sc;
    OK(kv_scan_open(t, &o, &sc));
    int at = reverse ? hi - 1 : lo;
    size_t have = 0, used = 0;
    struct kv_entry e[7];
    for (;;) {
        while (at >= lo && at < hi && im->v[at] == 0)
            at += reverse ? -1 : 1;
        bool more = true;
        if (!batch) {
            OK(kv_scan_next(sc, &e[0], &more));
            used = 0;
        } else if (used == have) {
            OK(kv_scan_batch(sc, e, 7, &have));
            used = 0;
            more = have > 0;
        }
        assert_int_equal(more, at >= lo && at < hi);
        if (!more)
            break;
        char want[32];
        snprintf(want, sizeof(want), "k%02d", at);
        assert_true(slice_eq(e[used].key, slice_cstr(want)));
        snprintf(want, sizeof(want), "%d", im->v[at]);
        assert_true(slice_eq(e[used].value, slice_cstr(want)));
        used++;
        at += reverse ? -1 : 1;
    }
    kv_scan_close(sc);
    snprintf(start, sizeof(start), "k%02d", lo);
    const char *v = get(s, t, start);
    assert_int_equal(im->v[lo], v[0] == '-' ? 0 : (int)strtoll(v, NULL, 10));
}

/* Any keys, so that later gets find some of what they ask for there. */
static void
prefetch_some(struct kv_txn *t, char prefix, int count, struct rand *r)
{
    char names[6][8];
    struct slice keys[6];
    size_t n = rand_below(r, 7);
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof(names[i]), "%c%02d", prefix, (int)rand_below(r, (uint64_t)count));
        keys[i] = slice_cstr(names[i]);
    }
    OK(kv_prefetch(t, keys, n));
}

static void
model_run(struct store *s, uint64_t seed)
{
    struct rand r;
    rand_init(&r, seed);
    struct image db = {{0}};
    int next = 1;
    for (int n = 0; n < 40; n++) {
        struct kv_txn *t = begin(s);
        struct image seen = db, now = db; /* as of the step; with all writes */
        struct { uint64_t token; struct image now; } save[8];
        int saves = 0;
        bool own = false;
        for (int i = 0; i < 40; i++) {
            int k = (int)rand_below(&r, MODEL_KEYS);
            char key[8], value[16];
            snprintf(key, sizeof(key), "k%02d", k);
            switch (rand_below(&r, 8)) {
            case 0: case 1: case 2:
                now.v[k] = next++;
                snprintf(value, sizeof(value), "%d", now.v[k]);
                OK(put(t, key, value));
                break;
            case 3:
                now.v[k] = 0;
                OK(kv_del(t, slice_cstr(key)));
                break;
            case 4:
                kv_txn_step(t);
                seen = now;
                break;
            case 5:
                if (saves < 8) {
                    kv_txn_step(t);
                    seen = now;
                    save[saves].token = kv_txn_savepoint(t);
                    save[saves++].now = now;
                }
                break;
            case 6:
                if (saves > 0 && rand_chance(&r, 2)) {
                    saves = 1 + (int)rand_below(&r, (uint64_t)saves);
                    kv_txn_rollback_to(t, save[saves - 1].token);
                    kv_txn_step(t);
                    now = seen = save[saves - 1].now;
                } else {
                    own = !own;
                    kv_txn_set_read_own(t, own);
                }
                break;
            case 7:
                if (rand_chance(&r, 2))
                    prefetch_some(t, 'k', MODEL_KEYS, &r);
                model_check(s, t, own ? &now : &seen, &r);
                break;
            }
        }
        if (rand_chance(&r, 3)) {
            kv_txn_rollback(t);
        } else {
            OK(kv_txn_commit(t, NULL));
            db = now;
        }
    }
}

static void
test_model(void **state)
{
    (void)state;
    struct store s;
    const char *given = getenv("AMBERDB_SEED");
    uint64_t first = given != NULL ? strtoull(given, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + 5; seed++)
        EACH_ENGINE(&s)
        {
            print_message("# AMBERDB_SEED=%llu\n", (unsigned long long)seed);
            model_run(&s, seed);
        }
}

static void
test_bounds(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        struct kv_txn_opts o = {.max_bytes = 100000};
        struct kv_txn *t;
        OK(kv_txn_begin(s.db, &o, &t));
        struct error *err = NULL;
        for (int i = 0; i < 10000 && err == NULL; i++) {
            char key[16];
            snprintf(key, sizeof(key), "k%d", i);
            err = put(t, key, "value");
        }
        expect_error(err, ERR_PROGRAM_LIMIT_EXCEEDED, "transaction is too large");
        kv_txn_rollback(t);
        /* One of the size that bulk loads have. */
        t = begin(&s);
        for (uint32_t i = 0; i < 60000; i++) {
            uint8_t key[5] = {0x88};
            enc_put_be32(key + 1, i * 2654435761u);
            bool found;
            struct slice v;
            OK(kv_get(t, slice_make(key, 5), s.arena, &found, &v, NULL));
            OK(kv_put(t, slice_make(key, 5), SLICE_LIT("some value of some length")));
        }
        OK(kv_txn_commit(t, NULL));
        t = begin(&s);
        struct kv_scan_opts so = {.span = {SLICE_NULL, SLICE_NULL}};
        struct kv_scan *sc;
        OK(kv_scan_open(t, &so, &sc));
        size_t total = 0;
        for (size_t n = 1; n > 0; total += n) {
            struct kv_entry e[500];
            OK(kv_scan_batch(sc, e, 500, &n));
        }
        assert_int_equal(total, 60000);
        kv_scan_close(sc);
        kv_txn_rollback(t);
    }
}

/* ---- conflicts ---- */

static void
test_conflicts(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        put_now(&s, "a", "1");
        put_now(&s, "b", "1");
        /* Write skew. */
        struct kv_txn *t = begin(&s), *u = begin(&s);
        get(&s, t, "a");
        get(&s, u, "b");
        OK(put(t, "b", "2"));
        OK(put(u, "a", "2"));
        OK(kv_txn_commit(t, NULL));
        expect_error(kv_txn_commit(u, NULL), SERIAL,
                     RESTART "TransactionRetryError: retry txn (RETRY_SERIALIZABLE)");
        assert_string_equal(get_now(&s, "a"), "1");
        /* Phantom, through a scan; also one that was not read to its end. */
        t = begin(&s), u = begin(&s);
        scan(&s, t, "a", "m", false);
        OK(put(t, "z", "1"));
        OK(put(u, "c", "1"));
        OK(kv_txn_commit(u, NULL));
        expect_error(kv_txn_commit(t, NULL), SERIAL, RESTART);
        for (int reverse = 0; reverse < 2; reverse++) {
            t = begin(&s), u = begin(&s);
            struct kv_scan_opts o = {.span = {slice_cstr("a"), slice_cstr("m")},
                                     .reverse = reverse};
            struct kv_scan *sc;
            struct kv_entry e;
            bool more;
            OK(kv_scan_open(t, &o, &sc));
            OK(kv_scan_next(sc, &e, &more));
            assert_true(slice_eq(e.key, slice_cstr(reverse ? "c" : "a")));
            kv_scan_close(sc);
            OK(put(t, "z", "1"));
            OK(put(u, reverse ? "bb" : "b", "9")); /* not reached by the scan */
            OK(kv_txn_commit(u, NULL));
            OK(kv_txn_commit(t, NULL));
        }
        /* Only reading, or blind writes: no conflict. */
        t = begin(&s), u = begin(&s);
        get(&s, t, "a");
        OK(put(u, "a", "7"));
        OK(kv_txn_commit(u, NULL));
        assert_string_equal(get(&s, t, "a"), "1");
        OK(kv_txn_commit(t, NULL));
        t = begin(&s), u = begin(&s);
        OK(put(u, "a", "8"));
        OK(kv_txn_commit(u, NULL));
        OK(put(t, "a", "9"));
        OK(kv_txn_commit(t, NULL));
        assert_string_equal(get_now(&s, "a"), "9");
        /* Stale when the lock is taken: found at once. */
        t = begin(&s), u = begin(&s);
        get(&s, t, "a");
        OK(put(u, "a", "10"));
        OK(kv_txn_commit(u, NULL));
        expect_error(put(t, "a", "11"), SERIAL, RESTART);
        expect_error(put(t, "q", "11"), SERIAL, RESTART);
        expect_error(kv_txn_commit(t, NULL), SERIAL, RESTART);
        /* A lock on what was not read yet moves the read time instead. */
        t = begin(&s), u = begin(&s);
        get(&s, t, "b");
        OK(put(u, "a", "12"));
        OK(kv_txn_commit(u, NULL));
        OK(kv_lock(t, slice_cstr("a")));
        assert_string_equal(get(&s, t, "a"), "12");
        OK(put(t, "a", "13"));
        OK(kv_txn_commit(t, NULL));
        assert_string_equal(get_now(&s, "a"), "13");
    }
}

/* A locking scan that meets a row changed since: it shows the new row, and goes on in the new time. */
static void
test_locking_scan(void **state)
{
    (void)state;
    struct store s;
    for (int reverse = 0; reverse < 2; reverse++)
        EACH_ENGINE(&s)
        {
            for (char c = 'a'; c <= 'f'; c++)
                put_now(&s, (char[]){c, 0}, "old");
            struct kv_txn *t = begin(&s);
            struct kv_scan_opts o = {.span = {slice_cstr("a"), slice_cstr("z")},
                                     .lock = true, .reverse = reverse};
            struct kv_scan *sc;
            struct kv_entry e;
            bool more;
            OK(kv_scan_open(t, &o, &sc));
            OK(kv_scan_next(sc, &e, &more));
            put_now(&s, "c", "new");
            struct kv_txn *u = begin(&s);
            OK(kv_del(u, slice_cstr("d")));
            OK(put(u, "dd", "new"));
            OK(kv_txn_commit(u, NULL));
            char seen[64];
            size_t n = 0;
            for (;;) {
                seen[n++] = (char)e.key.ptr[0];
                seen[n++] = (char)e.value.ptr[0];
                OK(kv_scan_next(sc, &e, &more));
                if (!more)
                    break;
            }
            seen[n] = 0;
            assert_string_equal(seen, reverse ? "foeodncnboao" : "aobocndneofo");
            kv_scan_close(sc);
            OK(put(t, "a", "mine"));
            OK(kv_txn_commit(t, NULL));
        }
}

/* A scan that locks its first rows only: the others may be written meanwhile, and it goes on as it began. */
static void
test_stop_locking(void **state)
{
    (void)state;
    struct store s;
    for (int own = 0; own < 2; own++)
        EACH_ENGINE(&s)
        {
            for (char c = 'a'; c <= 'f'; c++)
                put_now(&s, (char[]){c, 0}, "old");
            struct kv_txn *t = begin(&s);
            struct kv_scan_opts o = {.span = {slice_cstr("a"), slice_cstr("z")}, .lock = true};
            struct kv_scan *sc;
            struct kv_entry e[8];
            bool more;
            size_t n;
            OK(kv_scan_open(t, &o, &sc));
            OK(kv_scan_batch(sc, e, 2, &n));
            assert_int_equal(n, 2);
            kv_scan_stop_locking(sc);
            if (own)
                OK(put(t, "a", "mine"));
            put_now(&s, "d", "new"); /* would wait for ever */
            char seen[16] = "";
            OK(kv_scan_next(sc, e, &more));
            for (size_t i = 0; more; i += 2) {
                seen[i] = (char)e->key.ptr[0];
                seen[i + 1] = (char)e->value.ptr[0];
                OK(kv_scan_next(sc, e, &more));
            }
            assert_string_equal(seen, "codoeofo");
            kv_scan_close(sc);
            expect_error(put(t, "d", "mine"), SERIAL, RESTART); /* it has seen the older d */
            kv_txn_rollback(t);
            t = begin(&s);
            OK(kv_scan_open(t, &o, &sc));
            OK(kv_scan_batch(sc, e, 2, &n));
            kv_scan_stop_locking(sc);
            OK(kv_scan_batch(sc, e, 8, &n));
            assert_int_equal(n, 4);
            assert_true(slice_eq(e[1].value, SLICE_LIT("new")));
            kv_scan_close(sc);
            OK(put(t, "e", "mine"));
            OK(kv_txn_commit(t, NULL));
            assert_string_equal(get_now(&s, "e"), "mine");
        }
}

/* A locking get of a row changed since shows the new row, and its transaction commits. */
static void
test_locking_get(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        put_now(&s, "a", "old");
        put_now(&s, "b", "old");
        struct kv_txn *t = begin(&s);
        struct arena *a = arena_create(NULL, "got");
        struct slice value;
        bool found;
        put_now(&s, "a", "new");
        struct kv_txn *u = begin(&s);
        OK(kv_del(u, slice_cstr("b")));
        OK(kv_txn_commit(u, NULL));
        OK(kv_get_lock(t, slice_cstr("a"), a, &found, &value, NULL));
        assert_true(found && slice_eq(value, SLICE_LIT("new")));
        OK(kv_get_lock(t, slice_cstr("b"), a, &found, &value, NULL));
        assert_false(found);
        OK(put(t, "a", "mine"));
        kv_txn_step(t);
        OK(kv_get_lock(t, slice_cstr("a"), a, &found, &value, NULL));
        assert_true(found && slice_eq(value, SLICE_LIT("mine")));
        OK(kv_txn_commit(t, NULL));
        assert_string_equal(get_now(&s, "a"), "mine");
        arena_destroy(a);
    }
}

static void
test_scan_outlives(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        put_now(&s, "a", "1");
        struct kv_txn *t = begin(&s);
        struct kv_scan_opts o = {.span = {SLICE_NULL, SLICE_NULL}};
        struct kv_scan *sc, *sc2;
        struct kv_entry e;
        bool more;
        OK(kv_scan_open(t, &o, &sc));
        OK(kv_scan_open(t, &o, &sc2));
        OK(kv_scan_next(sc, &e, &more));
        kv_scan_close(sc2);
        kv_txn_rollback(t);
        expect_error(kv_scan_next(sc, &e, &more), ERR_INTERNAL, "has ended");
        kv_scan_close(sc);
    }
}

/* More commits than the log remembers: the engine's versions decide. */
static void
test_long_reader(void **state)
{
    (void)state;
    struct store s;
    store_begin(&s, false);
    for (int conflict = 0; conflict < 2; conflict++) {
        struct kv_txn *t = begin(&s);
        scan(&s, t, "m", "n", false);
        if (conflict)
            put_now(&s, "mm", "x");
        for (int i = 0; i < 20000; i++)
            put_now(&s, i % 2 ? "a" : "b", "x");
        OK(put(t, "z", "1"));
        if (conflict)
            expect_error(kv_txn_commit(t, NULL), SERIAL, RESTART);
        else
            OK(kv_txn_commit(t, NULL));
    }
    store_end(&s);
}

/* ---- threads ---- */

struct actor {
    struct store *s;
    struct kv_txn *t;
    const char *key, *value;
    struct error *err;
    _Atomic bool done;
    pthread_t thread;
};

static void *
actor_put(void *arg)
{
    struct actor *a = arg;
    a->err = put(a->t, a->key, a->value);
    a->done = true;
    return NULL;
}

static void
actor_start(struct actor *a)
{
    a->done = false;
    OK(thread_start(&a->thread, "actor", actor_put, a));
}

/* Until it waits for its lock, whatever else the machine does meanwhile. */
static void
actor_waits(const struct actor *a)
{
    struct kv_db *db = a->s->db;
    for (bool waits = false; !waits; usleep(1000)) {
        mutex_lock(&db->lock);
        waits = a->t->waiter != NULL;
        mutex_unlock(&db->lock);
        if (a->done)
            fail_msg("has the lock of another");
    }
}

static void
test_queue(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        struct kv_txn *t = begin(&s);
        OK(put(t, "a", "0"));
        struct actor a[4];
        for (int i = 0; i < 4; i++) {
            a[i] = (struct actor){.s = &s, .t = begin(&s), .key = "a",
                                  .value = (const char *[]){"1", "2", "3", "4"}[i]};
            actor_start(&a[i]);
            actor_waits(&a[i]);
        }
        for (int i = 0; i < 4; i++)
            assert_false(a[i].done);
        OK(kv_txn_commit(t, NULL));
        for (int i = 0; i < 4; i++) {
            pthread_join(a[i].thread, NULL);
            OK(a[i].err);
            usleep(10000);
            for (int j = i + 1; j < 4; j++)
                assert_false(a[j].done);
            if (i % 2)
                OK(kv_txn_commit(a[i].t, NULL));
            else
                kv_txn_rollback(a[i].t);
        }
        assert_string_equal(get_now(&s, "a"), "4");
    }
}

static void
test_deadlock(void **state)
{
    (void)state;
    struct store s;
    for (int priority = -1; priority <= 1; priority++)
        EACH_ENGINE(&s)
        {
            struct kv_txn_opts first = {.priority = priority};
            struct kv_txn *t, *u = begin(&s);
            OK(kv_txn_begin(s.db, &first, &t));
            OK(put(t, "a", "t"));
            OK(put(u, "b", "u"));
            struct actor a = {.s = &s, .t = t, .key = "b", .value = "t"};
            actor_start(&a);
            actor_waits(&a);
            struct error *err = put(u, "a", "u"); /* closes the cycle */
            if (priority < 0) { /* t goes */
                OK(err);
                pthread_join(a.thread, NULL);
                expect_error(a.err, SERIAL, RESTART "TransactionAbortedError");
                expect_error(kv_txn_commit(t, NULL), SERIAL, RESTART "TransactionAbortedError");
                OK(kv_txn_commit(u, NULL));
                assert_string_equal(get_now(&s, "a"), "u");
            } else {
                expect_error(err, SERIAL, RESTART "TransactionAbortedError");
                pthread_join(a.thread, NULL); /* its locks are gone already */
                OK(a.err);
                kv_txn_rollback(u);
                OK(kv_txn_commit(t, NULL));
                assert_string_equal(get_now(&s, "b"), "t");
            }
        }
}

static void
test_cancel_wait(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        struct cancel c = {0};
        struct kv_txn_opts o = {.cancel = &c};
        struct kv_txn *t = begin(&s), *u;
        OK(kv_txn_begin(s.db, &o, &u));
        OK(put(t, "a", "t"));
        struct actor a = {.s = &s, .t = u, .key = "a", .value = "u"};
        actor_start(&a);
        actor_waits(&a);
        cancel_request(&c, CANCEL_TIMEOUT);
        pthread_join(a.thread, NULL);
        expect_error(a.err, ERR_QUERY_CANCELED, "query execution canceled due to statement timeout");
        kv_txn_rollback(u);
        OK(kv_txn_commit(t, NULL));
    }
}

/* Accounts: money moves between them, the sum stays, at every moment and at every past one. */
#define ACCOUNTS 12
#define START_BALANCE 100
struct bank {
    struct store *s;
    int threads_left;
    _Atomic uint64_t commits, restarts;
    _Atomic bool stop;
    struct error *_Atomic failed;
    struct mutex lock;
    struct hlc times[4096];
    size_t times_n;
};

struct teller {
    struct bank *b;
    uint64_t seed;
    pthread_t thread;
};

static struct error *
account_get(struct kv_txn *t, int i, struct arena *a, int64_t *balance)
{
    char key[16];
    snprintf(key, sizeof(key), "acct%02d", i);
    bool found;
    struct slice v;
    ERR_TRY(kv_get(t, slice_cstr(key), a, &found, &v, NULL));
    *balance = found ? (int64_t)enc_get_be64(v.ptr) : 0;
    return NULL;
}

static struct error *
account_put(struct kv_txn *t, int i, int64_t balance)
{
    char key[16];
    snprintf(key, sizeof(key), "acct%02d", i);
    uint8_t v[8];
    enc_put_be64(v, (uint64_t)balance);
    return kv_put(t, slice_cstr(key), slice_make(v, 8));
}

static struct error *
bank_sum(struct kv_txn *t, bool locked, int64_t *sum)
{
    struct kv_scan_opts o = {.span = {slice_cstr("acct"), slice_cstr("accu")}, .lock = locked};
    struct kv_scan *sc;
    ERR_TRY(kv_scan_open(t, &o, &sc));
    struct error *err;
    bool more = true;
    for (*sum = 0;;) {
        struct kv_entry e;
        err = kv_scan_next(sc, &e, &more);
        if (err != NULL || !more)
            break;
        *sum += (int64_t)enc_get_be64(e.value.ptr);
    }
    kv_scan_close(sc);
    return err;
}

static struct error *
teller_once(struct bank *b, struct rand *r, struct kv_txn *t, struct arena *a)
{
    uint64_t kind = rand_below(r, 10);
    int from = (int)rand_below(r, ACCOUNTS), to = (int)rand_below(r, ACCOUNTS);
    int64_t x, y, sum, amount = (int64_t)rand_below(r, 10);
    if (kind < 2) {
        ERR_TRY(bank_sum(t, kind == 0, &sum));
        if (sum != ACCOUNTS * START_BALANCE)
            return err_new(ERR_INTERNAL, "a sum of %lld", (long long)sum);
        return NULL;
    }
    if (from == to)
        return NULL;
    if (kind < 6) { /* lock first */
        char key[16];
        snprintf(key, sizeof(key), "acct%02d", from);
        ERR_TRY(kv_lock(t, slice_cstr(key)));
    }
    ERR_TRY(account_get(t, from, a, &x));
    ERR_TRY(account_get(t, to, a, &y));
    ERR_TRY(account_put(t, from, x - amount));
    ERR_TRY(account_put(t, to, y + amount));
    (void)b;
    return NULL;
}

static void *
teller_main(void *arg)
{
    struct teller *me = arg;
    struct bank *b = me->b;
    struct rand r;
    rand_init(&r, me->seed);
    while (!b->stop) {
        struct arena *a = arena_create(NULL, "teller");
        struct kv_txn *t;
        struct hlc ts;
        bool other = b->s->db2 != NULL && rand_chance(&r, 2);
        struct error *err = kv_txn_begin(other ? b->s->db2 : b->s->db, NULL, &t);
        if (err == NULL) {
            err = teller_once(b, &r, t, a);
            if (err == NULL)
                err = kv_txn_commit(t, &ts);
            else
                kv_txn_rollback(t);
        }
        arena_destroy(a);
        if (err == NULL) {
            b->commits++;
            mutex_lock(&b->lock);
            if (b->times_n < 4096)
                b->times[b->times_n++] = ts;
            mutex_unlock(&b->lock);
        } else if (err_is(err, SERIAL)) {
            b->restarts++;
            err_free(err);
        } else {
            b->failed = err;
            break;
        }
    }
    return NULL;
}

/* With a PostgreSQL: its connections are cut, again and again. Else it only waits. */
static void
disturb(const struct store *s, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        usleep(100000);
        if (s->kind != STORE_POSTGRES)
            continue;
        PGconn *c = PQconnectdb(getenv("AMBERDB_TEST_POSTGRES"));
        PQclear(PQexec(c, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          "WHERE datname = current_database() AND pid <> pg_backend_pid()"));
        PQfinish(c);
    }
}

static void
test_bank(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        struct bank b = {.s = &s};
        mutex_init(&b.lock, RANK_SESSION);
        struct kv_txn *t = begin(&s);
        for (int i = 0; i < ACCOUNTS; i++)
            OK(account_put(t, i, START_BALANCE));
        struct hlc start;
        OK(kv_txn_commit(t, &start));
        struct teller teller[8];
        for (int i = 0; i < 8; i++) {
            teller[i] = (struct teller){.b = &b, .seed = (uint64_t)i};
            OK(thread_start(&teller[i].thread, "teller", teller_main, &teller[i]));
        }
        disturb(&s, 12);
        b.stop = true;
        for (int i = 0; i < 8; i++)
            pthread_join(teller[i].thread, NULL);
        OK((struct error *)b.failed);
        print_message("# %s: %llu commits, %llu restarts\n", s.e->vt->name,
                      (unsigned long long)b.commits, (unsigned long long)b.restarts);
        assert_true(b.commits > 20);
        for (size_t i = 0; i < b.times_n; i += 7) {
            struct kv_txn_opts o = {.read_ts = b.times[i]};
            int64_t sum;
            OK(kv_txn_begin(s.db, &o, &t));
            OK(bank_sum(t, false, &sum));
            assert_int_equal(sum, ACCOUNTS * START_BALANCE);
            kv_txn_rollback(t);
        }
        mutex_destroy(&b.lock);
    }
}

/* ---- histories ---- */

/* Threads run random transactions over a few keys and write down what they saw. Afterwards all that
 * committed are done again one by one, in the order of their commit times (read times for those that
 * wrote nothing), on a plain array: each must have seen exactly what it sees there. So every lost
 * update, skew, phantom, dirty or stale read is found. */
#define HKEYS 10
#define HOPS 6
#define HTXNS 30000

enum hop_kind { HOP_GET, HOP_SCAN, HOP_PUT, HOP_DEL, HOP_LOCKED_SCAN, HOP_LOCK };

struct hop {
    enum hop_kind kind;
    int lo, hi;      /* key, or span */
    uint64_t value;  /* read or written; 0: none */
};

struct htxn {
    struct hlc ts;
    int n;
    struct hop op[HOPS];
};

struct history {
    struct store *s;
    uint64_t seed;
    _Atomic uint64_t next_value, next_thread, restarts;
    _Atomic bool stop;
    _Atomic size_t n;
    struct htxn *txn;
};

static struct slice
hkey(char buf[8], int k)
{
    snprintf(buf, 8, "h%02d", k);
    return slice_cstr(buf);
}

static struct error *
hop_run(struct kv_txn *t, struct hop *op, struct arena *a)
{
    char b1[8], b2[8];
    struct slice v = SLICE_NULL;
    bool found, more;
    uint8_t bytes[8];
    switch (op->kind) {
    case HOP_LOCK:
        ERR_TRY(kv_lock(t, hkey(b1, op->lo)));
        /* fallthrough */
    case HOP_GET:
        if (op->lo % 2 == 0) { /* with its neighbour */
            struct slice keys[2] = {hkey(b1, op->lo), hkey(b2, op->lo ^ 2)};
            ERR_TRY(kv_prefetch(t, keys, 2));
        }
        ERR_TRY(kv_get(t, hkey(b1, op->lo), a, &found, &v, NULL));
        op->value = found ? enc_get_be64(v.ptr) : 0;
        return NULL;
    case HOP_PUT:
        enc_put_be64(bytes, op->value);
        return kv_put(t, hkey(b1, op->lo), slice_make(bytes, 8));
    case HOP_DEL:
        return kv_del(t, hkey(b1, op->lo));
    case HOP_SCAN:
    case HOP_LOCKED_SCAN:
        break;
    }
    struct kv_scan_opts o = {.span = {hkey(b1, op->lo), hkey(b2, op->hi)},
                             .lock = op->kind == HOP_LOCKED_SCAN};
    struct kv_scan *sc;
    ERR_TRY(kv_scan_open(t, &o, &sc));
    struct error *err;
    op->value = 1;
    for (;;) {
        struct kv_entry e;
        err = kv_scan_next(sc, &e, &more);
        if (err != NULL || !more)
            break;
        op->value = hash_u64(op->value ^ enc_get_be64(e.value.ptr),
                             hash_bytes(e.key.ptr, e.key.len, 0));
    }
    kv_scan_close(sc);
    return err;
}

static void
hop_choose(struct history *h, struct rand *r, struct hop *op)
{
    op->kind = (enum hop_kind)rand_below(r, 6);
    op->lo = (int)rand_below(r, HKEYS);
    op->hi = op->lo + (int)rand_below(r, (uint64_t)(HKEYS - op->lo) + 1);
    op->value = op->kind == HOP_PUT ? 2 + h->next_value++ : 0;
}

static void *
history_thread(void *arg)
{
    struct history *h = arg;
    struct rand r;
    rand_init(&r, h->seed * 100 + h->next_thread++);
    while (!h->stop) {
        struct arena *a = arena_create(NULL, "history");
        struct htxn x = {.n = 1 + (int)rand_below(&r, HOPS)};
        struct kv_txn *t;
        bool other = h->s->db2 != NULL && rand_chance(&r, 2);
        struct error *err = kv_txn_begin(other ? h->s->db2 : h->s->db, NULL, &t);
        for (int i = 0; i < x.n && err == NULL; i++) {
            hop_choose(h, &r, &x.op[i]);
            err = hop_run(t, &x.op[i], a);
            kv_txn_step(t);
        }
        if (err == NULL)
            err = kv_txn_commit(t, &x.ts);
        else
            kv_txn_rollback(t);
        arena_destroy(a);
        if (err == NULL) {
            size_t i = h->n++;
            if (i >= HTXNS)
                break;
            h->txn[i] = x;
        } else {
            VERIFY(err_is(err, SERIAL));
            h->restarts++;
            err_free(err);
        }
    }
    return NULL;
}

static bool
htxn_writes(const struct htxn *x)
{
    bool writes = false;
    for (int i = 0; i < x->n; i++)
        writes = writes || x->op[i].kind == HOP_PUT || x->op[i].kind == HOP_DEL;
    return writes;
}

/* Who only read has the time of the newest commit that it saw. */
static int
by_time(const void *a, const void *b)
{
    int c = hlc_cmp(((const struct htxn *)a)->ts, ((const struct htxn *)b)->ts);
    return c != 0 ? c : htxn_writes(b) - htxn_writes(a);
}

static uint64_t
hop_model(const struct hop *op, uint64_t *now)
{
    uint64_t v = 1;
    char b[8];
    switch (op->kind) {
    case HOP_GET:
    case HOP_LOCK:
        return now[op->lo];
    case HOP_PUT:
        return now[op->lo] = op->value;
    case HOP_DEL:
        return now[op->lo] = 0;
    case HOP_SCAN:
    case HOP_LOCKED_SCAN:
        break;
    }
    for (int k = op->lo; k < op->hi; k++)
        if (now[k] != 0) {
            struct slice key = hkey(b, k);
            v = hash_u64(v ^ now[k], hash_bytes(key.ptr, key.len, 0));
        }
    return v;
}

static void
test_history(void **state)
{
    (void)state;
    struct store s;
    const char *given = getenv("AMBERDB_SEED");
    EACH_ENGINE(&s)
    {
        struct history h = {.s = &s, .seed = random_u64() % 100000};
        if (given != NULL)
            h.seed = strtoull(given, NULL, 10);
        h.txn = xcalloc(HTXNS, sizeof(*h.txn));
        pthread_t threads[6];
        for (int i = 0; i < 6; i++)
            OK(thread_start(&threads[i], "history", history_thread, &h));
        disturb(&s, s.kind == STORE_POSTGRES ? 40 : 10);
        h.stop = true;
        for (int i = 0; i < 6; i++)
            pthread_join(threads[i], NULL);
        size_t n = h.n < HTXNS ? h.n : HTXNS;
        print_message("# AMBERDB_SEED=%llu, %s: %zu transactions, %llu restarts\n",
                      (unsigned long long)h.seed, s.e->vt->name, n, (unsigned long long)h.restarts);
        assert_true(n > 20);
        qsort(h.txn, n, sizeof(*h.txn), by_time);
        uint64_t now[HKEYS + 1] = {0};
        for (size_t i = 0; i < n; i++)
            for (int j = 0; j < h.txn[i].n; j++)
                if (hop_model(&h.txn[i].op[j], now) != h.txn[i].op[j].value)
                    fail_msg("transaction %zu of %zu, operation %d of kind %d: saw what no order gives",
                             i, n, j, (int)h.txn[i].op[j].kind);
        xfree(h.txn);
    }
}

/* ---- time ---- */

/* Bulk writes go to sorted runs in a file; engines that take no files keep them. */
static void
test_spill(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        char key[16];
        struct kv_txn *t = begin(&s);
        bool found;
        struct slice k, v;
        kv_txn_spill(t, "/tmp", 4096);
        for (int i = 0; i < 2000; i++) {
            snprintf(key, sizeof(key), "k%04d", i * 7 % 2000);
            assert_string_equal(get(&s, t, key), "-");
            OK(put(t, key, key));
        }
        OK(kv_spill_duplicate(t, s.arena, &found, &k, &v));
        assert_false(found);
        OK(kv_txn_commit(t, NULL));
        t = begin(&s);
        for (int i = 0; i < 2000; i++) {
            snprintf(key, sizeof(key), "k%04d", i);
            assert_string_equal(get(&s, t, key), key);
        }
        kv_txn_rollback(t);

        t = begin(&s); /* the later value counts */
        kv_txn_spill(t, "/tmp", 4096);
        for (int i = 0; i < 2000; i++) {
            snprintf(key, sizeof(key), "k%04d", i % 1500);
            OK(put(t, key, i < 1500 ? "old" : "new"));
        }
        OK(kv_spill_duplicate(t, s.arena, &found, &k, &v));
        assert_true(found == s.rocksdb);
        OK(kv_txn_commit(t, NULL));
        t = begin(&s);
        assert_string_equal(get(&s, t, "k0000"), "new");
        assert_string_equal(get(&s, t, "k0600"), "old");
        kv_txn_rollback(t);

        struct kv_txn *reader = begin(&s); /* a concurrent writer of what was read as absent */
        kv_txn_spill(reader, "/tmp", 64);
        assert_string_equal(get(&s, reader, "z1"), "-");
        OK(put(reader, "z1", "mine"));
        OK(put(reader, "z2", "mine"));
        OK(put(reader, "z3", "mine"));
        if (s.rocksdb) { /* its lock on z1 went with the run */
            t = begin(&s);
            OK(put(t, "z1", "other"));
            OK(kv_txn_commit(t, NULL));
            struct error *e = kv_txn_commit(reader, NULL);
            assert_true(err_is(e, ERR_SERIALIZATION_FAILURE));
            err_free(e);
        } else {
            OK(kv_txn_commit(reader, NULL));
        }
    }
}

#ifndef TXN_TINY /* there, all that lies between counts as changed */
/* A large commit changes what it wrote: not the tables in between, nor the few rows beside its own. */
static void
test_large_commit(void **state)
{
    (void)state;
    struct store s;
    for (int spill = 0; spill < 2; spill++)
        EACH_ENGINE(&s)
        {
            char key[32];
            struct kv_txn *t = begin(&s), *beside = begin(&s), *inside = begin(&s);
            if (spill)
                kv_txn_spill(t, "/tmp", 1 << 20);
            for (int i = 0; i < 100; i += 10) { /* a few rows of a table of all tables */
                snprintf(key, sizeof(key), "c1-%04d", i);
                OK(put(t, key, "1"));
            }
            for (int i = 0; i < 120000; i++) {
                snprintf(key, sizeof(key), "m1-%06d", 2 * i);
                OK(put(t, key, "1"));
            }
            OK(put(t, "x1-0", "1"));
            get(&s, beside, "c1-0055");
            get(&s, beside, "d1-0000");
            scan(&s, beside, "c1-0051", "c1-0060", false);
            scan(&s, beside, "c1-0095", "m1-", false);
            scan(&s, beside, "m2-", "x1-", false);
            OK(put(beside, "y1", "1"));
            scan(&s, inside, "m1-200000", "m1-200010", false);
            OK(put(inside, "y2", "1"));
            OK(kv_txn_commit(t, NULL));
            OK(kv_txn_commit(beside, NULL));
            expect_error(kv_txn_commit(inside, NULL), SERIAL, RESTART);
        }
}
#endif

static void
test_gc(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        struct hlc at[5];
        for (int i = 0; i < 5; i++) {
            struct kv_txn *t = begin(&s);
            OK(put(t, "a", (char[]){(char)('0' + i), 0}));
            OK(put(t, "p", "x"));
            OK(kv_txn_commit(t, &at[i]));
        }
        struct span low = {slice_cstr("a"), slice_cstr("m")};
        struct kv_txn_opts o = {.read_ts = at[1]};
        struct kv_txn *t;
        OK(kv_txn_begin(s.db, &o, &t)); /* open before the collection */
        assert_string_equal(get(&s, t, "a"), "1");
        uint64_t removed;
        OK(kv_protect(s.db, 7, at[1]));
        OK(kv_gc(s.db, low, at[3], NULL, &removed));
        assert_int_equal(removed, 0); /* the newest before the protected time stays */
        assert_string_equal(get(&s, t, "a"), "1");
        kv_unprotect(s.db, 7);
        OK(kv_gc(s.db, low, at[2], NULL, &removed));
        assert_int_equal(removed, 2);
        bool found;
        struct slice v;
        char want[200], x[HLC_STR_MAX], y[HLC_STR_MAX];
        hlc_format_error(at[1], x);
        hlc_format_error(at[2], y);
        snprintf(want, sizeof(want), "batch timestamp %s must be after replica GC threshold %s", x, y);
        expect_error(kv_get(t, slice_cstr("a"), s.arena, &found, &v, NULL), ERR_UNCATEGORIZED, want);
        assert_string_equal(get(&s, t, "p"), "x"); /* another span */
        kv_txn_rollback(t);
        if (s.rocksdb) {
            store_close(&s);
            store_open(&s);
        }
        struct hlc threshold;
        OK(kv_gc_threshold(s.db, low, &threshold));
        assert_int_equal(hlc_cmp(threshold, at[2]), 0);
        OK(kv_gc_threshold(s.db, (struct span){slice_cstr("m"), SLICE_NULL}, &threshold));
        assert_true(hlc_is_empty(threshold));
        struct engine_scan_opts so = {.span = low, .mode = ENGINE_SCAN_VERSIONS, .since = at[2],
                                      .ts = at[4]};
        struct engine_iter *it;
        snprintf(want, sizeof(want), "start timestamp %s must be after replica GC threshold %s", y, y);
        expect_error(kv_export_open(s.db, &so, &it), ERR_UNCATEGORIZED, want);
        so.since = at[3];
        OK(kv_close_time(s.db, at[4], NULL));
        OK(kv_export_open(s.db, &so, &it));
        struct engine_version ver;
        bool more;
        OK(engine_iter_next(it, &ver, &more));
        assert_true(more && hlc_cmp(ver.ts, at[4]) == 0);
        OK(engine_iter_next(it, &ver, &more));
        assert_false(more);
        engine_iter_close(it);
        /* Spans in every relation to what is there. */
        struct rand r;
        rand_init(&r, 5);
        struct hlc model[27] = {{0, 0}};
        for (char c = 'a'; c < 'm'; c++)
            model[c - 'a'] = at[2];
        for (int i = 0; i < (s.db2 != NULL ? 20 : 300); i++) {
            char from[2] = {(char)('a' + rand_below(&r, 25)), 0}, to[2] = {0};
            to[0] = (char)(from[0] + 1 + (char)rand_below(&r, (uint64_t)('z' - from[0])));
            struct hlc ts = {1 + (int64_t)rand_below(&r, 20), 0};
            if (rand_chance(&r, 3))
                ts = at[rand_below(&r, 5)];
            bool open_end = rand_chance(&r, 10);
            OK(kv_gc(s.db, (struct span){slice_cstr(from), open_end ? SLICE_NULL : slice_cstr(to)},
                     ts, NULL, &removed));
            for (int c = from[0] - 'a'; c < (open_end ? 27 : to[0] - 'a'); c++)
                if (hlc_cmp(ts, model[c]) > 0)
                    model[c] = ts;
            for (int c = 0; c < 26; c++) {
                char k[2] = {(char)('a' + c), 0}, k2[3] = {(char)('a' + c), 'x', 0};
                OK(kv_gc_threshold(s.db, (struct span){slice_cstr(k), slice_cstr(k2)}, &threshold));
                assert_int_equal(hlc_cmp(threshold, model[c]), 0);
            }
        }
    }
}

/* ---- crash ---- */

/* The child commits and tells each acknowledged commit; then it dies without warning. */
static void
crash_child(struct store *s, int out)
{
    store_open(s);
    for (uint64_t i = 0;; i++) {
        struct kv_txn *t;
        char key[32], value[32];
        if (kv_txn_begin(s->db, NULL, &t) != NULL)
            _exit(1);
        snprintf(value, sizeof(value), "%llu", (unsigned long long)i);
        for (int j = 0; j < 3; j++) { /* three keys, all or none */
            snprintf(key, sizeof(key), "%c%08llu", 'a' + j, (unsigned long long)i);
            if (put(t, key, value) != NULL)
                _exit(1);
        }
        if (kv_txn_commit(t, NULL) != NULL || write(out, &i, sizeof(i)) != sizeof(i))
            _exit(1);
    }
}

static void
test_crash(void **state)
{
    (void)state;
    struct store s = {.kind = STORE_ROCKSDB, .rocksdb = true, .arena = arena_create(NULL, "crash")};
    for (int round = 0; round < 3; round++) {
        OK(dir_create_temp(s.arena, NULL, "amberdb-crash-", &s.path));
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(fd[0]);
            crash_child(&s, fd[1]);
        }
        close(fd[1]);
        usleep((useconds_t)(150000 + 70000 * round));
        kill(pid, SIGKILL);
        uint64_t i, acknowledged = 0;
        while (read(fd[0], &i, sizeof(i)) == (ssize_t)sizeof(i))
            acknowledged = i + 1;
        close(fd[0]);
        waitpid(pid, NULL, 0);
        store_open(&s);
        struct kv_txn *t = begin(&s);
        for (i = 0; i <= acknowledged + 1; i++) {
            int have = 0;
            for (int j = 0; j < 3; j++) {
                char key[32];
                snprintf(key, sizeof(key), "%c%08llu", 'a' + j, (unsigned long long)i);
                have += get(&s, t, key)[0] != '-';
            }
            assert_true(have == 0 || have == 3);
            if (i < acknowledged)
                assert_int_equal(have, 3);
        }
        print_message("# %llu commits before the kill\n", (unsigned long long)acknowledged);
        kv_txn_rollback(t);
        store_close(&s);
        OK(dir_remove_tree(s.path));
    }
    arena_destroy(s.arena);
}

int
main(void)
{
    shared_known_ns = 1000000;
    const struct CMUnitTest shared[] = {
        cmocka_unit_test(test_own_writes),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_conflicts),     cmocka_unit_test(test_locking_scan),
        cmocka_unit_test(test_locking_get),   cmocka_unit_test(test_stop_locking),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_deadlock),      cmocka_unit_test(test_bank),
        cmocka_unit_test(test_history),       cmocka_unit_test(test_gc),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash),      cmocka_unit_test(test_own_writes),
        cmocka_unit_test(test_savepoints), cmocka_unit_test(test_model),
        cmocka_unit_test(test_bounds),     cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_locking_scan),
        cmocka_unit_test(test_locking_get),   cmocka_unit_test(test_stop_locking),
        cmocka_unit_test(test_scan_outlives),
        cmocka_unit_test(test_long_reader),
        cmocka_unit_test(test_queue),      cmocka_unit_test(test_deadlock),
        cmocka_unit_test(test_cancel_wait), cmocka_unit_test(test_bank),
        cmocka_unit_test(test_history),    cmocka_unit_test(test_gc),
        cmocka_unit_test(test_spill),
#ifndef TXN_TINY
        cmocka_unit_test(test_large_commit),
#endif
    };
    if (getenv("AMBERDB_TEST_POSTGRES") == NULL)
        return cmocka_run_group_tests(tests, NULL, NULL);
    first_kind = last_kind = STORE_POSTGRES;
    return cmocka_run_group_tests(shared, NULL, NULL);
}
