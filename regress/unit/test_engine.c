/* regress/unit/test_engine.c - the conformance test: every engine passes it.
 *
 * Random operations against a model that is a plain sorted array; then each promise of
 * storage/engine.h on its own. A new engine adds one row to `kinds`.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/rand.h"
#include "base/thread.h"
#include "storage/engine.h"
#include "storage/mvcc.h"
#include "storage/sst.h"

#define OK(expr)                                                          \
    do {                                                                  \
        struct error *ok_e_ = (expr);                                     \
        if (ok_e_ != NULL)                                                \
            fail_msg("%s: %s", #expr, ok_e_->message);                    \
    } while (0)

/* ---- the engines under test ---- */

struct store {
    const struct kind *kind;
    struct arena *arena;
    char *path;
    struct engine *e;
};

struct kind {
    const char *name;
    bool durable;
    struct error *(*open)(struct store *s);
};

static struct error *
open_memory(struct store *s)
{
    return engine_memory_open(&s->e);
}

static struct error *
open_rocksdb(struct store *s)
{
    struct rocksdb_engine_opts o = {.path = s->path, .cache_bytes = 8 << 20, .create = true};
    return engine_rocksdb_open(&o, &s->e);
}

/* AMBERDB_TEST_POSTGRES: a database of which the test may empty the store's tables. */
static struct error *
open_postgres(struct store *s)
{
    return engine_postgres_open(getenv("AMBERDB_TEST_POSTGRES"), &s->e);
}

static const struct kind local_kinds[] = {
    {"memory", false, open_memory},
    {"rocksdb", true, open_rocksdb},
};
static const struct kind postgres_kinds[] = {{"postgres", true, open_postgres}};
static const struct kind *kinds = local_kinds; /* main may choose the other */
static size_t kind_count = sizeof(local_kinds) / sizeof(local_kinds[0]);
#define KIND_COUNT kind_count

static void
store_begin(struct store *s, const struct kind *k)
{
    s->kind = k;
    s->arena = arena_create(NULL, "test");
    OK(dir_create_temp(s->arena, NULL, "amberdb-engine-", &s->path));
    OK(k->open(s));
    if (strcmp(k->name, "postgres") == 0) /* what an earlier test left there */
        OK(engine_drop_span(s->e, (struct span){SLICE_NULL, SLICE_NULL}));
}

static void
store_end(struct store *s)
{
    engine_close(s->e);
    OK(dir_remove_tree(s->path));
    arena_destroy(s->arena);
}

static void
store_reopen(struct store *s)
{
    if (!s->kind->durable)
        return;
    engine_close(s->e);
    OK(s->kind->open(s));
}

/* ---- the model ---- */

struct mver {
    struct slice key, value;
    struct hlc ts;
};

struct model {
    struct arena *arena;
    struct mver *v;
    size_t n, cap;
};

static int
mver_cmp(const struct mver *a, const struct mver *b)
{
    int c = slice_cmp(a->key, b->key);
    return c != 0 ? c : -hlc_cmp(a->ts, b->ts);
}

static void
model_put(struct model *m, struct slice key, struct hlc ts, struct slice value)
{
    struct mver x = {slice_dup(m->arena, key), slice_dup(m->arena, value), ts};
    size_t i = 0;
    while (i < m->n && mver_cmp(&m->v[i], &x) < 0)
        i++;
    if (i < m->n && mver_cmp(&m->v[i], &x) == 0) {
        m->v[i] = x;
        return;
    }
    if (m->n == m->cap) {
        size_t cap = m->cap == 0 ? 64 : m->cap * 2;
        m->v = arena_realloc(m->arena, m->v, m->cap * sizeof(*m->v), cap * sizeof(*m->v));
        m->cap = cap;
    }
    memmove(&m->v[i + 1], &m->v[i], (m->n - i) * sizeof(*m->v));
    m->v[i] = x;
    m->n++;
}

static bool
span_has(const struct span *s, struct slice key)
{
    return slice_cmp(key, s->start) >= 0 && (s->end.len == 0 || slice_cmp(key, s->end) < 0);
}

/* What a scan must show, as indexes into the model. */
static size_t
model_scan(const struct model *m, const struct engine_scan_opts *o, size_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct mver *x = &m->v[i];
        if (!span_has(&o->span, x->key) || hlc_cmp(x->ts, o->ts) > 0)
            continue;
        if (o->mode == ENGINE_SCAN_VERSIONS) {
            if (hlc_cmp(x->ts, o->since) > 0)
                out[n++] = i;
            continue;
        }
        bool newer = i > 0 && slice_eq(m->v[i - 1].key, x->key) &&
                     hlc_cmp(m->v[i - 1].ts, o->ts) <= 0;
        if (!newer && (x->value.len > 0 || o->show_deletions))
            out[n++] = i;
    }
    if (o->reverse)
        for (size_t i = 0; i < n / 2; i++) {
            size_t t = out[i];
            out[i] = out[n - 1 - i];
            out[n - 1 - i] = t;
        }
    return n;
}

static void
model_remove(struct model *m, size_t i)
{
    memmove(&m->v[i], &m->v[i + 1], (m->n - i - 1) * sizeof(*m->v));
    m->n--;
}

static size_t
model_gc(struct model *m, const struct span *s, struct hlc threshold)
{
    size_t removed = 0;
    struct slice key = SLICE_NULL;
    bool have = false;
    for (size_t i = 0; i < m->n;) {
        struct mver x = m->v[i];
        if (key.ptr == NULL || !slice_eq(key, x.key)) {
            key = x.key;
            have = false;
        }
        bool old = span_has(s, x.key) && hlc_cmp(x.ts, threshold) <= 0;
        if (old && (have || x.value.len == 0)) {
            model_remove(m, i);
            removed++;
        } else {
            i++;
        }
        have = have || old;
    }
    return removed;
}

/* ---- random operations ---- */

/* Few distinct bytes, so that keys collide and are prefixes of each other. */
static struct slice
random_key(struct rand *r, struct arena *a)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x02, 0x61, 0x62, 0xfe, 0xff};
    size_t len = 1 + rand_below(r, 4);
    uint8_t *p = arena_alloc(a, len);
    p[0] = rand_chance(r, 2) ? 0x88 : (uint8_t)(0x02 + rand_below(r, 250));
    for (size_t i = 1; i < len; i++)
        p[i] = bytes[rand_below(r, sizeof(bytes))];
    return slice_make(p, len);
}

static struct hlc
random_ts(struct rand *r)
{
    return (struct hlc){1 + (int64_t)rand_below(r, 40), (int32_t)(rand_chance(r, 3) ? rand_below(r, 3) : 0)};
}

static struct span
random_span(struct rand *r, struct arena *a)
{
    struct span s = {SLICE_NULL, SLICE_NULL};
    if (!rand_chance(r, 4))
        s.start = random_key(r, a);
    if (!rand_chance(r, 4))
        s.end = random_key(r, a);
    if (s.start.len > 0 && s.end.len > 0 && slice_cmp(s.start, s.end) > 0) {
        struct slice t = s.start;
        s.start = s.end;
        s.end = t;
    }
    return s;
}

static struct engine_scan_opts
random_scan(struct rand *r, struct arena *a)
{
    struct engine_scan_opts o = {.span = random_span(r, a), .ts = random_ts(r)};
    if (rand_chance(r, 3))
        o.ts = HLC_MAX;
    if (rand_chance(r, 3)) {
        o.mode = ENGINE_SCAN_VERSIONS;
        if (rand_chance(r, 2))
            o.since = random_ts(r);
    } else {
        o.reverse = rand_chance(r, 2);
        o.show_deletions = rand_chance(r, 3);
    }
    o.fill_cache = rand_chance(r, 2);
    return o;
}

static void
expect_version(const struct engine_version *v, const struct mver *x)
{
    assert_true(slice_eq(v->key, x->key));
    assert_int_equal(hlc_cmp(v->ts, x->ts), 0);
    assert_true(slice_eq(v->value, x->value));
}

static void
check_scan(struct engine *e, const struct model *m, const struct engine_scan_opts *o,
           struct rand *r, struct arena *a)
{
    size_t *want = ARENA_ARRAY(a, size_t, m->n + 1);
    size_t n = model_scan(m, o, want), i = 0;
    struct engine_iter *it;
    OK(engine_iter_open(e, o, &it));
    for (;;) {
        if (rand_chance(r, 16)) { /* jump ahead */
            struct slice to = random_key(r, a);
            bool ahead = i == 0 || (o->reverse ? slice_cmp(to, m->v[want[i - 1]].key) < 0
                                               : slice_cmp(to, m->v[want[i - 1]].key) > 0);
            if (ahead) {
                OK(engine_iter_seek(it, to));
                while (i < n && (o->reverse ? slice_cmp(m->v[want[i]].key, to) > 0
                                            : slice_cmp(m->v[want[i]].key, to) < 0))
                    i++;
                while (i > 0 && (o->reverse ? slice_cmp(m->v[want[i - 1]].key, to) <= 0
                                            : slice_cmp(m->v[want[i - 1]].key, to) >= 0))
                    i--;
            }
        }
        struct engine_version v[5];
        size_t got = 1;
        bool more;
        if (rand_chance(r, 2)) {
            OK(engine_iter_next(it, v, &more));
        } else {
            OK(engine_iter_batch(it, v, 1 + rand_below(r, 5), &got));
            more = got > 0;
        }
        if (!more) {
            assert_int_equal(i, n);
            break;
        }
        for (size_t j = 0; j < got; j++) {
            assert_true(i < n);
            expect_version(&v[j], &m->v[want[i++]]);
        }
    }
    engine_iter_close(it);
}

static void
check_get(struct engine *e, const struct model *m, struct slice key, struct hlc at,
          struct arena *a)
{
    const struct mver *want = NULL;
    for (size_t i = 0; i < m->n && want == NULL; i++)
        if (slice_eq(m->v[i].key, key) && hlc_cmp(m->v[i].ts, at) <= 0)
            want = &m->v[i];
    bool found;
    struct hlc ts;
    struct slice value;
    OK(engine_get(e, key, at, a, &found, &ts, &value));
    assert_int_equal(found, want != NULL);
    if (found) {
        assert_int_equal(hlc_cmp(ts, want->ts), 0);
        assert_true(slice_eq(value, want->value));
    }
}

/* Many at once are as many one by one. */
static void
check_get_many(struct engine *e, struct hlc at, struct rand *r, struct arena *a)
{
    struct slice keys[20];
    struct engine_answer answers[20];
    size_t n = rand_below(r, 21);
    for (size_t i = 0; i < n; i++)
        keys[i] = i > 0 && rand_chance(r, 5) ? keys[0] : random_key(r, a);
    OK(engine_get_many(e, keys, n, at, a, answers));
    for (size_t i = 0; i < n; i++) {
        struct engine_answer one;
        OK(engine_get(e, keys[i], at, a, &one.found, &one.ts, &one.value));
        assert_int_equal(one.found, answers[i].found);
        if (!one.found)
            continue;
        assert_int_equal(hlc_cmp(one.ts, answers[i].ts), 0);
        assert_true(slice_eq(one.value, answers[i].value));
    }
}

static void
random_commit(struct store *s, struct model *m, struct rand *r, struct arena *a)
{
    size_t n = 1 + rand_below(r, 12);
    struct engine_write *w = ARENA_ARRAY(a, struct engine_write, n);
    struct hlc ts = random_ts(r);
    size_t kept = 0;
    struct slice same = random_key(r, a);
    for (size_t i = 0; i < n; i++) {
        struct engine_write x = {.key = rand_chance(r, 8) ? same : random_key(r, a), .ts = ts};
        bool twice = false;
        for (size_t j = 0; j < m->n; j++) /* never two values for one version */
            twice = twice || (slice_eq(m->v[j].key, x.key) && hlc_cmp(m->v[j].ts, ts) == 0);
        if (twice)
            continue;
        size_t len = rand_chance(r, 4) ? 0 : 1 + rand_below(r, 40);
        uint8_t *p = arena_alloc(a, len);
        rand_fill(r, p, len);
        x.value = slice_make(p, len);
        model_put(m, x.key, ts, x.value);
        w[kept++] = x;
    }
    OK(engine_commit(s->e, w, kept, rand_chance(r, 10)));
}

static void
random_run(const struct kind *k, uint64_t seed)
{
    struct store s;
    store_begin(&s, k);
    struct arena *ma = arena_create(NULL, "model");
    struct model m = {.arena = ma};
    struct rand r;
    rand_init(&r, seed);
    for (int step = 0; step < 1500; step++) {
        struct arena *a = arena_create(NULL, "step");
        uint64_t op = rand_below(&r, 100);
        if (op < 40) {
            random_commit(&s, &m, &r, a);
        } else if (op < 70) {
            struct engine_scan_opts o = random_scan(&r, a);
            check_scan(s.e, &m, &o, &r, a);
        } else if (op < 93) {
            struct slice key = m.n > 0 && rand_chance(&r, 2) ? m.v[rand_below(&r, m.n)].key
                                                             : random_key(&r, a);
            check_get(s.e, &m, key, rand_chance(&r, 4) ? HLC_MAX : random_ts(&r), a);
            if (rand_chance(&r, 8))
                check_get_many(s.e, random_ts(&r), &r, a);
        } else if (op < 96) {
            struct span sp = random_span(&r, a);
            struct hlc t = random_ts(&r);
            uint64_t removed;
            size_t want = model_gc(&m, &sp, t);
            OK(engine_gc(s.e, sp, t, NULL, &removed));
            assert_int_equal(removed, want);
        } else if (op < 97) {
            struct span sp = {random_key(&r, a), SLICE_NULL};
            uint8_t end[8];
            memcpy(end, sp.start.ptr, sp.start.len);
            end[sp.start.len] = 0xff;
            sp.end = slice_make(end, sp.start.len + 1);
            OK(engine_drop_span(s.e, sp));
            for (size_t i = 0; i < m.n;)
                if (span_has(&sp, m.v[i].key))
                    model_remove(&m, i);
                else
                    i++;
        } else if (op < 98) {
            OK(engine_flush(s.e));
        } else if (op < 99) {
            OK(engine_compact(s.e, random_span(&r, a)));
        } else {
            store_reopen(&s);
        }
        arena_destroy(a);
    }
    arena_destroy(ma);
    store_end(&s);
}

static void
test_random(void **state)
{
    (void)state;
    const char *given = getenv("AMBERDB_SEED");
    uint64_t first = given != NULL ? strtoull(given, NULL, 10) : 1;
    for (size_t k = 0; k < KIND_COUNT; k++)
        for (uint64_t seed = first; seed < first + (given != NULL ? 1 : 4); seed++) {
            print_message("# engine %s, AMBERDB_SEED=%llu\n", kinds[k].name,
                          (unsigned long long)seed);
            random_run(&kinds[k], seed);
        }
}

/* ---- promises one by one ---- */

static struct hlc
at(int64_t wall)
{
    return (struct hlc){wall, 0};
}

static void
put1(struct engine *e, const char *key, int64_t wall, const char *value)
{
    struct engine_write w = {slice_cstr(key), at(wall), slice_cstr(value)};
    OK(engine_commit(e, &w, 1, false));
}

static size_t
count(struct engine *e, const struct engine_scan_opts *o)
{
    struct engine_iter *it;
    OK(engine_iter_open(e, o, &it));
    size_t n = 0;
    for (bool more = true; more; n++) {
        struct engine_version v;
        OK(engine_iter_next(it, &v, &more));
    }
    engine_iter_close(it);
    return n - 1;
}

static void
test_iterator_is_a_view(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct store s;
        store_begin(&s, &kinds[k]);
        for (int i = 0; i < 100; i++) {
            char key[16];
            snprintf(key, sizeof(key), "k%03d", i);
            put1(s.e, key, 5, "old");
        }
        struct engine_scan_opts o = {.ts = HLC_MAX};
        struct engine_iter *it;
        OK(engine_iter_open(s.e, &o, &it));
        put1(s.e, "k050", 6, "new");
        put1(s.e, "k0505", 6, "new");
        OK(engine_drop_span(s.e, (struct span){slice_cstr("k06"), slice_cstr("k07")}));
        size_t n = 0;
        for (;; n++) {
            struct engine_version v;
            bool more;
            OK(engine_iter_next(it, &v, &more));
            if (!more)
                break;
            assert_true(slice_eq(v.value, SLICE_LIT("old")));
        }
        assert_int_equal(n, 100);
        engine_iter_close(it);
        assert_int_equal(count(s.e, &o), 91);
        store_end(&s);
    }
}

/* ---- long scans beside everything that moves files ---- */

enum { BUSY_KEYS = 3000, BUSY_TS = 1000 };

struct busy {
    struct store s;
    uint64_t seed;
    _Atomic bool stop;
};

/* Writes after BUSY_TS, and upkeep that no read at BUSY_TS can see. */
static void *
busy_main(void *arg)
{
    struct busy *b = arg;
    struct engine *e = b->s.e;
    struct rand r;
    rand_init(&r, b->seed);
    for (int64_t t = BUSY_TS + 1; !b->stop; t++) {
        struct arena *a = arena_create(NULL, "busy");
        uint64_t op = rand_below(&r, 100), removed;
        size_t n = op < 2 ? 20000 : 1 + rand_below(&r, 50); /* many: through a file */
        size_t from = rand_below(&r, BUSY_KEYS);
        if (op < 80) {
            struct engine_write *w = ARENA_ARRAY(a, struct engine_write, n);
            size_t len = op < 2 ? 450 : rand_below(&r, 100);
            for (size_t i = 0; i < n; i++)
                w[i] = (struct engine_write){
                    slice_cstr(arena_printf(a, op < 2 ? "k%04zu.%zu" : "k%04zu", from + i, i)),
                    at(t), slice_make(arena_zalloc(a, len), len)};
            OK(engine_commit(e, w, op < 2 ? n : n < BUSY_KEYS - from ? n : BUSY_KEYS - from, false));
        } else if (op < 88) {
            OK(engine_flush(e));
        } else if (op < 92) {
            OK(engine_compact(e, random_span(&r, a)));
        } else if (op < 97) {
            struct span sp = {slice_cstr(arena_printf(a, "k%04zu", from)), slice_cstr("l")};
            OK(engine_gc(e, sp, at((int64_t)rand_below(&r, BUSY_TS)), NULL, &removed));
        } else {
            OK(engine_drop_span(e, (struct span){slice_cstr("x"), SLICE_NULL}));
            put1(e, "x", t, "dropped");
        }
        arena_destroy(a);
    }
    return NULL;
}

/* A few batches, however long the scan would be. */
static void
read_a_little(struct engine_iter *it, struct rand *r)
{
    struct engine_version v[64];
    size_t n = 1;
    for (uint64_t i = rand_below(r, 20); i > 0 && n > 0; i--)
        OK(engine_iter_batch(it, v, 1 + rand_below(r, 64), &n));
}

/* What a scan at BUSY_TS shows, as one number. */
static uint64_t
busy_digest(struct engine *e, bool fill_cache, struct rand *r, size_t *rows)
{
    struct engine_scan_opts o = {
        .span = {slice_cstr("k"), slice_cstr("l")}, .ts = at(BUSY_TS), .fill_cache = fill_cache,
        .reverse = rand_chance(r, 2)};
    struct engine_iter *it;
    struct engine_version v[64];
    uint64_t h = 0;
    size_t n;
    *rows = 0;
    if (rand_chance(r, 4)) { /* one that is left early */
        OK(engine_iter_open(e, &o, &it));
        read_a_little(it, r);
        engine_iter_close(it);
    }
    OK(engine_iter_open(e, &o, &it));
    if (rand_chance(r, 2)) { /* one that begins again */
        read_a_little(it, r);
        OK(engine_iter_seek(it, slice_cstr(o.reverse ? "l" : "k")));
    }
    do {
        if (rand_chance(r, 4)) {
            bool more;
            OK(engine_iter_next(it, &v[0], &more));
            n = more;
        } else {
            OK(engine_iter_batch(it, v, 1 + rand_below(r, 64), &n));
        }
        for (size_t i = 0; i < n; i++) {
            uint64_t key = hash_bytes(v[i].key.ptr, v[i].key.len, 1); /* in any order */
            h += hash_bytes(v[i].value.ptr, v[i].value.len, key) + (uint64_t)v[i].ts.wall * key;
        }
        *rows += n;
    } while (n > 0);
    engine_iter_close(it);
    return h;
}

static void
test_long_scans_of_a_busy_store(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct busy b = {.seed = 3};
        if (kinds[k].open != open_rocksdb) /* of the others nothing moves */
            continue;
        store_begin(&b.s, &kinds[k]);
        struct rand r;
        rand_init(&r, 5);
        size_t live = 0, rows;
        for (int64_t t = 1; t <= BUSY_TS; t += 333) {
            live = 0;
            for (int i = 0; i < BUSY_KEYS; i++) {
                char key[16], value[80];
                snprintf(key, sizeof(key), "k%04d", i);
                snprintf(value, sizeof(value), "%d at %d, and some more to fill the block", i, (int)t);
                put1(b.s.e, key, t, (i + t) % 7 == 0 ? "" : value);
                live += (i + t) % 7 != 0;
            }
            OK(engine_flush(b.s.e));
        }
        uint64_t want = busy_digest(b.s.e, true, &r, &rows);
        assert_int_equal(rows, live);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, busy_main, &b), 0);
        for (int i = 0; i < 60; i++) {
            uint64_t got = busy_digest(b.s.e, i % 10 == 0, &r, &rows);
            assert_int_equal(rows, live);
            assert_true(got == want);
        }
        b.stop = true;
        pthread_join(thread, NULL);
        store_end(&b.s);
    }
}

/* While a batch is looked at, the thread passes megabytes that are not shown, and needs buffers for them.
 * The last row and a deleted one share a block of nearly 8 KiB, the store's size: that block is left after
 * the batch with the row is full, and is as good a buffer for what follows as any. */
static void
test_read_ahead_keeps_what_it_shows(void **state)
{
    enum { BY_CALLS = 40, AHEAD = 1024, ROWS = BY_CALLS + AHEAD, PASSED = 20000, LEN = 450 };
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct store s;
        store_begin(&s, &kinds[k]);
        for (int i = 0; i < ROWS; i++) {
            char key[16], value[10000];
            snprintf(key, sizeof(key), "k%04d", i);
            int blanks = i == ROWS - 2 ? 9000 : i == ROWS - 1 ? 7200 : 0;
            snprintf(value, sizeof(value), "%s%*s", key, blanks, "");
            put1(s.e, key, 1, value);
        }
        put1(s.e, "kz", 1, "");
        OK(engine_flush(s.e));
        static const char passed[LEN];
        for (int i = 0; i < PASSED; i++) {
            char key[16];
            snprintf(key, sizeof(key), "kz%05d", i);
            struct engine_write w = {slice_cstr(key), at(20), slice_make(passed, LEN)};
            OK(engine_commit(s.e, &w, 1, false));
        }
        OK(engine_flush(s.e));
        struct engine_scan_opts o = {.span = {slice_cstr("k"), slice_cstr("l")}, .ts = at(10)};
        struct engine_iter *it;
        struct engine_version v[AHEAD];
        size_t n, rows = 0;
        OK(engine_iter_open(s.e, &o, &it));
        do {
            OK(engine_iter_batch(it, v, rows < BY_CALLS ? 10 : AHEAD, &n));
            if (rows == BY_CALLS)
                nanosleep(&(struct timespec){.tv_nsec = 300 * 1000 * 1000}, NULL);
            for (size_t i = 0; i < n; i++)
                assert_memory_equal(v[i].value.ptr, v[i].key.ptr, v[i].key.len);
            rows += n;
        } while (n > 0);
        assert_int_equal(rows, ROWS);
        engine_iter_close(it);
        store_end(&s);
    }
}

/* ---- long scans beside the memory engine, both ways ---- */

enum { BOTH_KEYS = 30000, BOTH_TIMES = 50 };

static void
both_put(struct engine *const *e, const char *key, int64_t t, struct slice value)
{
    struct engine_write w = {slice_cstr(key), at(t), value};
    for (int i = 0; i < 2; i++)
        OK(engine_commit(e[i], &w, 1, false));
}

/* Some rows of a stretch, at times of their own; now and then a long one. */
static void
both_write(struct engine *const *e, struct rand *r, int64_t t)
{
    static char bytes[200000];
    int from = (int)rand_below(r, BOTH_KEYS), step = 1 + (int)rand_below(r, 12);
    int len = (int)rand_below(r, 3) == 0 ? 9000 : 2500;
    for (int i = from; i < BOTH_KEYS && i < from + len; i += step) {
        char key[16];
        size_t n = rand_chance(r, 6) ? 0 : 1 + rand_below(r, rand_chance(r, 900) ? sizeof(bytes) - 1 : 90);
        snprintf(key, sizeof(key), "k%05d", i);
        memset(bytes, 'a' + (int)((i + t) % 26), n);
        both_put(e, key, t, slice_make(bytes, n));
    }
}

/* A key with so many versions that no batch could hold them. */
static void
both_heap(struct engine *const *e, struct rand *r)
{
    static const char bytes[700];
    char key[16];
    snprintf(key, sizeof(key), "k%05d", (int)rand_below(r, BOTH_KEYS));
    for (int64_t t = 1; t < 1200; t++)
        both_put(e, key, 100000 + t, slice_make(bytes, t % 7 == 0 ? 0 : sizeof(bytes)));
}

static void
both_read(struct engine *const *e, struct rand *r)
{
    char lo[16], hi[16];
    snprintf(lo, sizeof(lo), "k%05d", (int)rand_below(r, BOTH_KEYS));
    snprintf(hi, sizeof(hi), "k%05d", (int)rand_below(r, BOTH_KEYS));
    bool whole = rand_chance(r, 3);
    struct engine_scan_opts o = {.reverse = !rand_chance(r, 4), .show_deletions = rand_chance(r, 4)};
    o.ts = rand_chance(r, 3) ? HLC_MAX : at(1 + (int64_t)rand_below(r, BOTH_TIMES));
    o.span = (struct span){slice_cstr(whole ? "k" : lo), slice_cstr(whole ? "l" : hi)};
    if (slice_cmp(o.span.start, o.span.end) >= 0)
        return;
    struct engine_iter *it[2];
    struct engine_version v[700], w;
    size_t n;
    uint64_t pause = rand_below(r, 200);
    for (int i = 0; i < 2; i++)
        OK(engine_iter_open(e[i], &o, &it[i]));
    do {
        bool more;
        OK(engine_iter_batch(it[1], v, 1 + rand_below(r, 700), &n));
        for (size_t i = 0; i < n; i++) {
            OK(engine_iter_next(it[0], &w, &more));
            assert_true(more && slice_eq(v[i].key, w.key) && slice_eq(v[i].value, w.value) &&
                        hlc_cmp(v[i].ts, w.ts) == 0);
        }
        if (n == 0) {
            OK(engine_iter_next(it[0], &w, &more));
            assert_false(more);
        } else if (pause-- == 0) { /* both go elsewhere */
            for (int i = 0; i < 2; i++)
                OK(engine_iter_seek(it[i], slice_cstr(o.reverse ? lo : hi)));
        }
    } while (n > 0);
    for (int i = 0; i < 2; i++)
        engine_iter_close(it[i]);
}

static void
test_long_scans_both_ways(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct store s[2];
        struct engine *e[2];
        struct rand r;
        rand_init(&r, seed);
        for (int i = 0; i < 2; i++) {
            store_begin(&s[i], &local_kinds[i]);
            e[i] = s[i].e;
        }
        for (int64_t t = 1; t <= BOTH_TIMES; t++) {
            both_write(e, &r, t);
            if (rand_chance(&r, 15))
                both_heap(e, &r);
            if (rand_chance(&r, 4))
                OK(engine_flush(e[1]));
            if (t % 5 == 0 || t == BOTH_TIMES)
                for (int i = 0; i < 4; i++)
                    both_read(e, &r);
        }
        OK(engine_flush(e[1]));
        for (int i = 0; i < 6; i++)
            both_read(e, &r);
        for (int i = 0; i < 2; i++)
            store_end(&s[i]);
    }
}

/* ---- blocks of the store in files of a backup ---- */

static struct error *
append_bytes(void *arg, const void *p, size_t len)
{
    str_append(arg, p, len);
    return NULL;
}

/* The scan as a data file; returns how many blocks of the store went into it as they were. */
static size_t
scan_to_file(struct engine *e, const struct engine_scan_opts *o, struct rand *r, struct str *file)
{
    struct engine_iter *it;
    struct engine_version v[200];
    struct sst_writer *w;
    size_t n, blocks = 0;
    OK(sst_writer_open(NULL, append_bytes, file, &w));
    OK(engine_iter_open(e, o, &it));
    for (;;) {
        OK(engine_iter_batch(it, v, rand_chance(r, 5) ? 1 + rand_below(r, 200) : 200, &n));
        if (n == 0)
            break;
        struct slice block = engine_iter_block(it);
        if (block.len > 0)
            OK(sst_writer_add_block(w, v, n, block));
        for (size_t i = 0; i < n && block.len == 0; i++)
            OK(sst_writer_add(w, v[i].key, v[i].ts, v[i].value));
        blocks += block.len > 0;
    }
    engine_iter_close(it);
    if (sst_writer_entries(w) > 0) /* a backup has no empty files */
        OK(sst_writer_finish(w));
    sst_writer_close(w);
    return blocks;
}

static void
expect_same_rows(struct engine *e, const struct engine_scan_opts *o, const struct str *file)
{
    struct sst_source src = {.mem = (const uint8_t *)file->ptr, .size = file->len};
    struct sst_reader *reader;
    struct sst_iter *got;
    struct engine_iter *want;
    struct engine_version a, b;
    bool more_a, more_b;
    OK(sst_reader_open("file", &src, &reader));
    OK(sst_iter_open(reader, &got));
    OK(engine_iter_open(e, o, &want));
    do {
        OK(sst_iter_next(got, &a, &more_a));
        OK(engine_iter_next(want, &b, &more_b));
        assert_int_equal(more_a, more_b);
        if (more_a)
            expect_version(&a, &(struct mver){b.key, b.value, b.ts});
    } while (more_a);
    engine_iter_close(want);
    sst_iter_close(got);
    sst_reader_close(reader);
}

static void
test_blocks(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct store s;
        store_begin(&s, &kinds[k]);
        struct rand r;
        rand_init(&r, 11);
        size_t blocks = 0;
        for (int64_t t = 1; t <= 8; t++) {
            for (int i = 0; i < 1500; i++) { /* by turns all keys, and a few of one part */
                char key[16], value[120];
                if (t % 2 == 0 && (i / 300 != t / 2 || i % 11 != 0))
                    continue;
                snprintf(key, sizeof(key), "k%04d", i);
                snprintf(value, sizeof(value), "%d, %d, %099d", i, (int)t, i);
                put1(s.e, key, t * 10, t == 5 && i % 700 == 0 ? "" : value);
            }
            if (t == 2 || t == 5)
                OK(engine_flush(s.e));
            if (t == 3 || t == 7)
                OK(engine_compact(s.e, (struct span){SLICE_NULL, SLICE_NULL}));
            for (int mode = 0; mode < 6; mode++) {
                struct engine_scan_opts o = {.mode = mode < 2 ? ENGINE_SCAN_AT : ENGINE_SCAN_VERSIONS,
                                             .ts = mode % 2 ? at(t * 10 - 1) : HLC_MAX,
                                             .since = at(mode > 3 ? t * 10 - 11 : 0),
                                             .blocks = true};
                if (rand_chance(&r, 2))
                    o.span.start = slice_cstr("k0123");
                if (rand_chance(&r, 2))
                    o.span.end = slice_cstr("k0979");
                struct str file;
                str_init(&file, STR_MAX_DEFAULT);
                blocks += scan_to_file(s.e, &o, &r, &file);
                o.blocks = false;
                o.fill_cache = true;
                if (file.len > 0)
                    expect_same_rows(s.e, &o, &file);
                str_release(&file);
            }
        }
        if (kinds[k].open == open_rocksdb)
            assert_true(blocks > 50);
        store_end(&s);
    }
}

static void
test_many_versions(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct store s;
        store_begin(&s, &kinds[k]);
        struct arena *a = s.arena;
        for (int i = 1; i <= 200; i++) {
            char text[16];
            snprintf(text, sizeof(text), "v%d", i);
            put1(s.e, "a", i, text);
            put1(s.e, "b", i, i % 2 ? text : "");
        }
        for (int i = 0; i <= 201; i += 3) {
            for (int reverse = 0; reverse < 2; reverse++) {
                struct engine_scan_opts o = {.ts = at(i), .reverse = reverse};
                size_t want = i == 0 ? 0 : (i > 200 ? 200 : i) % 2 ? 2 : 1;
                assert_int_equal(count(s.e, &o), want);
            }
            struct engine_scan_opts o = {
                .mode = ENGINE_SCAN_VERSIONS, .ts = at(i), .since = at(i / 2)};
            int hi = i > 200 ? 200 : i;
            assert_int_equal(count(s.e, &o), 2 * (hi - i / 2));
            bool found;
            struct hlc ts;
            struct slice v;
            OK(engine_get(s.e, slice_cstr("a"), at(i), a, &found, &ts, &v));
            assert_int_equal(found, i > 0);
            if (found)
                assert_int_equal(ts.wall, hi);
        }
        store_end(&s);
    }
}

static void
test_meta(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct store s;
        store_begin(&s, &kinds[k]);
        bool found;
        struct slice v;
        OK(engine_meta_get(s.e, "cluster_id", s.arena, &found, &v));
        assert_false(found);
        OK(engine_meta_put(s.e, "cluster_id", slice_make("a\0b", 3)));
        OK(engine_meta_put(s.e, "cluster", slice_cstr("")));
        OK(engine_meta_put(s.e, "cluster_id", slice_make("a\0c", 3)));
        store_reopen(&s);
        OK(engine_meta_get(s.e, "cluster_id", s.arena, &found, &v));
        assert_true(found && slice_eq(v, slice_make("a\0c", 3)));
        OK(engine_meta_get(s.e, "cluster", s.arena, &found, &v));
        assert_true(found && v.len == 0);
        struct engine_scan_opts o = {.mode = ENGINE_SCAN_VERSIONS, .ts = HLC_MAX};
        assert_int_equal(count(s.e, &o), 0); /* facts are in no scan */
        OK(engine_drop_span(s.e, (struct span){SLICE_NULL, SLICE_NULL}));
        OK(engine_meta_get(s.e, "cluster_id", s.arena, &found, &v));
        assert_true(found);
        store_end(&s);
    }
}

/* Windows over files of different times, with deletes by gc and compactions in between. */
static void
test_time_windows(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct store s;
        store_begin(&s, &kinds[k]);
        for (int round = 1; round <= 10; round++) {
            for (int i = 0; i < 50; i++) {
                char key[16];
                snprintf(key, sizeof(key), "k%03d", i);
                if (i % round == 0)
                    put1(s.e, key, round * 10, round == 5 ? "" : "v");
            }
            OK(engine_flush(s.e));
        }
        for (int pass = 0; pass < 3; pass++) {
            for (int64_t since = 0; since < 100; since += 10) {
                struct engine_scan_opts o = {
                    .mode = ENGINE_SCAN_VERSIONS, .ts = at(since + 10), .since = at(since)};
                size_t want = 0;
                int round = (int)since / 10 + 1;
                for (int i = 0; i < 50; i++)
                    want += i % round == 0;
                if (pass >= 1 && since + 10 <= 50) { /* collected: the newest <= 55, not deleted */
                    want = 0;
                    for (int i = 0; i < 50; i++) {
                        int newest = 0;
                        for (int q = 1; q <= 5; q++)
                            if (i % q == 0)
                                newest = q;
                        want += newest == round && newest != 5;
                    }
                }
                assert_int_equal(count(s.e, &o), want);
            }
            uint64_t removed;
            if (pass == 0)
                OK(engine_gc(s.e, (struct span){SLICE_NULL, SLICE_NULL}, at(55), NULL, &removed));
            if (pass == 1)
                OK(engine_compact(s.e, (struct span){SLICE_NULL, SLICE_NULL}));
        }
        store_end(&s);
    }
}

/* A commit large enough to go through a file, over and under versions that are there. */
static void
test_bulk_commit(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct store s;
        store_begin(&s, &kinds[k]);
        enum { N = 30000 };
        struct engine_write *w = ARENA_ARRAY(s.arena, struct engine_write, N);
        uint8_t *value = arena_zalloc(s.arena, 500);
        for (int i = 0; i < N; i++) {
            char *key = arena_printf(s.arena, "key%06d", i);
            w[i] = (struct engine_write){slice_cstr(key), at(50), slice_make(value, 500)};
        }
        put1(s.e, "key000007", 40, "older");
        put1(s.e, "key000008", 60, "newer");
        OK(engine_commit(s.e, w, N, true));
        store_reopen(&s);
        struct engine_scan_opts o = {.ts = at(55)};
        assert_int_equal(count(s.e, &o), N);
        o = (struct engine_scan_opts){.mode = ENGINE_SCAN_VERSIONS, .ts = HLC_MAX, .since = at(49)};
        assert_int_equal(count(s.e, &o), N + 1);
        o.ts = at(49), o.since = HLC_MIN;
        assert_int_equal(count(s.e, &o), 1);
        bool found;
        struct hlc ts;
        struct slice v;
        OK(engine_get(s.e, slice_cstr("key000008"), HLC_MAX, s.arena, &found, &ts, &v));
        assert_true(found && slice_eq(v, SLICE_LIT("newer")));
        OK(engine_drop_span(s.e, (struct span){slice_cstr("key01"), slice_cstr("key02")}));
        o = (struct engine_scan_opts){.ts = HLC_MAX};
        assert_int_equal(count(s.e, &o), N - 10000);
        store_end(&s);
    }
}

static void
test_open_errors(void **state)
{
    (void)state;
    struct store s;
    store_begin(&s, &kinds[1]);
    struct engine *other;
    struct rocksdb_engine_opts o = {.path = s.path};
    struct error *err = engine_rocksdb_open(&o, &other);
    assert_true(err_is(err, ERR_OBJECT_IN_USE));
    err_free(err);
    o.path = path_join(s.arena, s.path, "nothing-here");
    err = engine_rocksdb_open(&o, &other);
    assert_true(err_is(err, ERR_UNDEFINED_FILE));
    err_free(err);
    store_end(&s);
}

/* Through a connection of its own. */
static void
server_does(const char *sql)
{
    PGconn *c = PQconnectdb(getenv("AMBERDB_TEST_POSTGRES"));
    PGresult *res = PQexec(c, sql);
    if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(c));
    PQclear(res);
    PQfinish(c);
}

static void
cut_connections(void)
{
    server_does("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

/* Every connection is cut before each step: nothing fails, nothing is lost or doubled. */
static void
test_postgres_lost_connections(void **state)
{
    (void)state;
    struct store s;
    store_begin(&s, &kinds[0]);
    char key[16];
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "k%03d", i);
        put1(s.e, key, 5, "value");
        put1(s.e, key, 6, "later");
    }
    cut_connections();
    put1(s.e, "k300", 5, "value");
    cut_connections();
    bool found;
    struct hlc ts;
    struct slice value;
    OK(engine_get(s.e, SLICE_LIT("k300"), at(5), s.arena, &found, &ts, &value));
    assert_true(found);
    for (int mode = ENGINE_SCAN_AT; mode <= ENGINE_SCAN_VERSIONS; mode++) {
        for (int reverse = 0; reverse < (mode == ENGINE_SCAN_AT ? 2 : 1); reverse++) {
            struct engine_scan_opts o = {.ts = at(9), .mode = mode, .reverse = reverse};
            struct engine_iter *it;
            struct engine_version v;
            bool more = true;
            size_t n = 0;
            OK(engine_iter_open(s.e, &o, &it));
            for (; more; n++) {
                if (n % 100 == 50)
                    cut_connections();
                OK(engine_iter_next(it, &v, &more));
            }
            engine_iter_close(it);
            assert_int_equal(n - 1, mode == ENGINE_SCAN_AT ? 301 : 601);
        }
    }
    /* Without a time of its own a scan would show what came later. */
    struct engine_scan_opts o = {.ts = HLC_MAX};
    struct engine_iter *it;
    OK(engine_iter_open(s.e, &o, &it));
    cut_connections();
    struct error *err = NULL;
    for (bool more = true; more && err == NULL;) {
        struct engine_version v;
        err = engine_iter_next(it, &v, &more);
    }
    assert_true(err_is(err, ERR_CONNECTION_FAILURE));
    err_free(err);
    engine_iter_close(it);
    store_end(&s);
}

static struct error *
order_once(struct engine *e, struct hlc since, uint64_t writer, struct hlc ts, const char *key)
{
    struct arena *a = arena_create(NULL, "order");
    struct engine_order_view v;
    struct engine_order *o;
    bool again;
    struct error *err = engine_order_begin(e, since, a, &v, &o);
    if (err == NULL) {
        struct engine_write w = {slice_cstr(key), ts, slice_cstr("v")};
        struct engine_note n = {.ts = ts, .writer = writer, .what = slice_cstr(key)};
        assert_true(hlc_cmp(v.newest, ts) < 0);
        err = engine_order_commit(o, &w, 1, &n, 1, &again);
        assert_false(again);
    }
    arena_destroy(a);
    return err;
}

/* Two processes over one store: each finds the other's notes, in order. */
static void
test_postgres_order(void **state)
{
    (void)state;
    struct store s;
    store_begin(&s, &kinds[0]);
    struct engine *other;
    OK(engine_postgres_open(getenv("AMBERDB_TEST_POSTGRES"), &other));
    assert_true(engine_writer(other) != engine_writer(s.e));
    struct engine_order_view v;
    OK(engine_order_view(s.e, HLC_MAX, s.arena, &v));
    assert_int_equal(v.n, 0);
    struct hlc start = {v.newest.wall + 10, 0}, at1 = {start.wall + 1, 0}, at2 = {start.wall + 1, 1};
    OK(engine_order_raise(s.e, start));
    OK(engine_order_raise(other, (struct hlc){1, 0})); /* never back */
    OK(order_once(s.e, start, 0, at1, "a"));
    OK(order_once(other, start, 0, at2, "b"));
    OK(engine_order_view(s.e, start, s.arena, &v));
    assert_int_equal(hlc_cmp(v.newest, at2), 0);
    assert_int_equal(v.n, 2);
    assert_true(slice_eq(v.notes[0].what, slice_cstr("a")) && v.notes[0].writer == engine_writer(s.e));
    assert_true(slice_eq(v.notes[1].what, slice_cstr("b")) && v.notes[1].writer == engine_writer(other));
    OK(engine_order_view(s.e, at1, s.arena, &v));
    assert_int_equal(v.n, 1);
    /* Cut off while it holds the order: the other goes on, and nothing of it is there. */
    struct engine_order *o;
    bool again;
    OK(engine_order_begin(s.e, at2, s.arena, &v, &o));
    cut_connections();
    struct hlc at3 = {start.wall + 3, 0}, at4 = {start.wall + 4, 0};
    OK(order_once(other, at2, 0, at3, "c"));
    struct engine_write w = {SLICE_LIT("d"), at4, SLICE_LIT("lost")};
    struct engine_note n = {.ts = at4, .what = SLICE_LIT("d")};
    OK(engine_order_commit(o, &w, 1, &n, 1, &again));
    assert_true(again);
    struct engine_scan_opts so = {.ts = HLC_MAX, .mode = ENGINE_SCAN_VERSIONS};
    assert_int_equal(count(s.e, &so), 3);
    OK(engine_order_begin(s.e, at2, s.arena, &v, &o)); /* given up: nothing happens */
    OK(engine_order_commit(o, NULL, 0, NULL, 0, &again));
    engine_close(other);
    store_end(&s);
    struct error *err = engine_postgres_open("host=127.0.0.1 port=1", &other);
    assert_true(err_is(err, ERR_CONNECTION_FAILURE));
    err_free(err);
}

struct raising {
    struct engine *e;
    struct engine_fence f;
    _Atomic bool done;
};

static void *
raise_main(void *arg)
{
    struct raising *r = arg;
    OK(engine_fence_raise(r->e, r->f));
    atomic_store(&r->done, true);
    return NULL;
}

static struct error *
fence_put(struct engine *e, struct engine_fence f, const char *key, size_t len)
{
    struct arena *a = arena_create(NULL, "fence");
    struct engine_write w[] = {
        {slice_cstr(key), at(5), slice_cstr("v")},
        {slice_make(arena_printf(a, "%s+", key), strlen(key) + 1), at(5),
         slice_make(arena_zalloc(a, len), len)}};
    struct error *err = engine_fence_commit(e, f, w, 2);
    arena_destroy(a);
    return err;
}

static void
refused(struct error *err)
{
    assert_true(err != NULL && err_is(err, ERR_OBJECT_IN_USE));
    err_free(err);
}

/* Bulk writes of two processes: those whose turn is over are refused, also while connections are cut, and a
 * turn begins when the writes of the one before have ended. */
static void
test_postgres_fence(void **state)
{
    (void)state;
    struct store s;
    struct engine *other;
    struct engine_scan_opts all = {.ts = HLC_MAX, .mode = ENGINE_SCAN_VERSIONS};
    uint64_t id = random_u64();
    struct engine_fence one = {id, 1}, two = {id, 2}, three = {id, 3};
    store_begin(&s, &kinds[0]);
    OK(engine_postgres_open(getenv("AMBERDB_TEST_POSTGRES"), &other));
    refused(fence_put(s.e, one, "never raised", 1));
    OK(engine_fence_raise(s.e, one));
    OK(engine_fence_raise(s.e, one));
    OK(fence_put(s.e, one, "a", 9 << 20)); /* more than one statement takes */
    OK(fence_put(s.e, one, "a", 9 << 20)); /* the same again is no harm */
    refused(fence_put(other, two, "not yet", 1));
    cut_connections();
    OK(engine_fence_raise(other, two));
    refused(fence_put(s.e, one, "late", 1));
    cut_connections();
    refused(fence_put(s.e, one, "late", 1));
    refused(engine_fence_raise(s.e, one));
    OK(fence_put(other, two, "b", 1));
    OK(fence_put(s.e, (struct engine_fence){id, 2}, "c", 1)); /* by whom does not matter */
    refused(fence_put(s.e, (struct engine_fence){id + 1, 2}, "other work", 1));
    assert_int_equal(count(s.e, &all), 6);

    PGconn *c = PQconnectdb(getenv("AMBERDB_TEST_POSTGRES")); /* a write that is under way */
    PQclear(PQexec(c, "BEGIN"));
    PQclear(PQexec(c, "SELECT 1 FROM amberdb_fences FOR SHARE"));
    struct raising r = {.e = other, .f = three};
    pthread_t thread;
    OK(thread_start(&thread, "raise", raise_main, &r));
    usleep(200000);
    assert_false(atomic_load(&r.done));
    PQfinish(c);
    pthread_join(thread, NULL);
    refused(fence_put(other, two, "late", 1));
    OK(fence_put(other, three, "d", 1));
    assert_int_equal(count(s.e, &all), 8);
    engine_close(other);
    store_end(&s);
}

static void
test_mvcc_keys(void **state)
{
    (void)state;
    struct rand r;
    rand_init(&r, 7);
    struct arena *a = arena_create(NULL, "mvcc");
    for (int i = 0; i < 20000; i++) {
        struct slice ka = random_key(&r, a), kb = random_key(&r, a);
        if (rand_chance(&r, 3))
            kb = ka;
        struct hlc ta = rand_chance(&r, 5) ? HLC_MIN : random_ts(&r);
        struct hlc tb = rand_chance(&r, 5) ? HLC_MIN : random_ts(&r);
        struct str sa, sb;
        str_init_arena(&sa, a, 100);
        str_init_arena(&sb, a, 100);
        mvcc_put_key(&sa, ka, ta);
        mvcc_put_key(&sb, kb, tb);
        struct slice key;
        struct hlc ts;
        assert_true(mvcc_split(str_slice(&sa), &key, &ts));
        assert_true(slice_eq(key, ka));
        assert_int_equal(hlc_cmp(ts, ta), 0);
        int want = slice_cmp(ka, kb);
        if (want == 0) /* no time first, else newest first */
            want = hlc_is_empty(ta) ? (hlc_is_empty(tb) ? 0 : -1)
                                    : (hlc_is_empty(tb) ? 1 : -hlc_cmp(ta, tb));
        int got = mvcc_compare(str_slice(&sa), str_slice(&sb));
        assert_int_equal((got > 0) - (got < 0), (want > 0) - (want < 0));
        uint8_t sep[100];
        size_t n = want < 0 ? mvcc_separator(str_slice(&sa), str_slice(&sb), sep) : 0;
        if (n > 0) {
            assert_true(mvcc_compare(str_slice(&sa), slice_make(sep, n)) < 0);
            assert_true(mvcc_compare(slice_make(sep, n), str_slice(&sb)) < 0);
        }
        assert_true(n <= sa.len);
        n = mvcc_successor(str_slice(&sa), sep);
        assert_true(n == 0 || mvcc_compare(str_slice(&sa), slice_make(sep, n)) < 0);
    }
    static const uint8_t golden[] = {0xbd, 0x89, 0x89, 0x88, 0x00, 0x15, 0xc4, 0xcc,
                                     0x12, 0x8e, 0xe7, 0x8d, 0xa1, 0x09};
    struct str s;
    str_init_arena(&s, a, 100);
    mvcc_put_key(&s, slice_make(golden, 4), (struct hlc){1568602950310792609, 0});
    assert_true(slice_eq(str_slice(&s), slice_make(golden, sizeof(golden))));
    arena_destroy(a);
}

/* ---- locks between processes ---- */

struct waiter {
    struct engine *e;
    struct engine_lock *got;
    int asked, stop_after;
};

static struct error *
waiter_go_on(void *arg, bool *stop)
{
    struct waiter *w = arg;
    *stop = ++w->asked >= w->stop_after;
    return NULL;
}

static void *
waiter_main(void *arg)
{
    struct waiter *w = arg;
    OK(engine_lock_wait(w->e, 7, waiter_go_on, w, &w->got));
    return NULL;
}

static enum engine_lock_answer
lock_try(struct store *s, struct engine *e, uint64_t lock)
{
    struct engine_order_view v;
    enum engine_lock_answer answer;
    OK(engine_locks_try(e, &lock, 1, HLC_MAX, s->arena, &v, &answer));
    assert_false(hlc_is_empty(v.newest));
    return answer;
}

/* Another process finds it busy until it is let go, has waited for it in turn, or its owner is cut off. */
static void
test_postgres_locks(void **state)
{
    (void)state;
    struct store s;
    store_begin(&s, &kinds[0]);
    struct engine *other;
    OK(engine_order_raise(s.e, (struct hlc){1000, 0}));
    OK(engine_postgres_open(getenv("AMBERDB_TEST_POSTGRES"), &other));
    engine_locks_keep(s.e);
    assert_false(engine_locks_wanted(s.e)); /* nobody else is there */
    engine_locks_keep(other);
    engine_locks_keep(s.e);
    assert_true(engine_locks_wanted(s.e) && engine_locks_wanted(other));

    const uint64_t seven = 7, many[] = {7, 8, 9, UINT64_MAX, 8};
    assert_int_equal(lock_try(&s, s.e, 7), ENGINE_LOCK_TAKEN);
    assert_int_equal(lock_try(&s, other, 7), ENGINE_LOCK_BUSY);
    struct engine_order_view v;
    enum engine_lock_answer answers[5];
    OK(engine_locks_try(other, many, 5, HLC_MAX, s.arena, &v, answers));
    for (int i = 0; i < 5; i++)
        assert_int_equal(answers[i], i == 0 ? ENGINE_LOCK_BUSY : ENGINE_LOCK_TAKEN);
    engine_locks_drop(other, many + 1, 4);
    assert_int_equal(lock_try(&s, other, 8), ENGINE_LOCK_TAKEN); /* (so its answer is here) */
    engine_locks_drop(other, many + 1, 1);

    struct waiter w = {.e = other, .stop_after = 2};
    waiter_main(&w);
    assert_null(w.got);
    w = (struct waiter){.e = other, .stop_after = 1000000};
    pthread_t thread;
    OK(thread_start(&thread, "waiter", waiter_main, &w));
    usleep(200000);
    engine_locks_drop(s.e, &seven, 1);
    pthread_join(thread, NULL);
    assert_non_null(w.got);
    assert_int_equal(lock_try(&s, s.e, 7), ENGINE_LOCK_BUSY);
    engine_locks_keep(other);
    engine_lock_release(w.got);
    assert_int_equal(lock_try(&s, s.e, 7), ENGINE_LOCK_TAKEN);
    cut_connections();
    assert_int_equal(lock_try(&s, other, 7), ENGINE_LOCK_NONE); /* it was cut off as well */
    assert_int_equal(lock_try(&s, other, 7), ENGINE_LOCK_TAKEN);

    OK(engine_order_view(s.e, HLC_MAX, s.arena, &v));
    OK(engine_order_view(other, HLC_MAX, s.arena, &v));
    struct engine_wait one = {engine_writer(s.e), 1, 11, 100, -1, 7, many, 2}, *all;
    struct engine_wait two = {engine_writer(other), 2, 12, 200, 1, 8, NULL, 0};
    size_t n;
    OK(engine_waits(s.e, &one, s.arena, &all, &n));
    assert_int_equal(n, 1);
    OK(engine_waits(other, &two, s.arena, &all, &n));
    assert_int_equal(n, 2);
    const struct engine_wait *first = all[0].id == 11 ? &all[0] : &all[1];
    assert_true(first->writer == one.writer && first->txn == 1 && first->began == 100 &&
                first->priority == -1 && first->wants == 7 && first->n_holds == 2 && first->holds[1] == 8);
    engine_wait_over(s.e, &one);
    OK(engine_waits(other, &two, s.arena, &all, &n));
    assert_true(n == 1 && all[0].id == 12);
    engine_wait_over(other, &two);
    engine_close(other);
    store_end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mvcc_keys),          cmocka_unit_test(test_random),
        cmocka_unit_test(test_iterator_is_a_view), cmocka_unit_test(test_many_versions),
        cmocka_unit_test(test_meta),               cmocka_unit_test(test_time_windows),
        cmocka_unit_test(test_open_errors),        cmocka_unit_test(test_bulk_commit),
        cmocka_unit_test(test_long_scans_of_a_busy_store),
        cmocka_unit_test(test_read_ahead_keeps_what_it_shows),
        cmocka_unit_test(test_long_scans_both_ways),
        cmocka_unit_test(test_blocks),
    };
    const struct CMUnitTest postgres_tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_iterator_is_a_view),
        cmocka_unit_test(test_many_versions),
        cmocka_unit_test(test_meta),
        cmocka_unit_test(test_time_windows),
        cmocka_unit_test(test_bulk_commit),
        cmocka_unit_test(test_postgres_lost_connections),
        cmocka_unit_test(test_postgres_order),
        cmocka_unit_test(test_postgres_fence),
        cmocka_unit_test(test_postgres_locks),
    };
    if (getenv("AMBERDB_TEST_POSTGRES") == NULL)
        return cmocka_run_group_tests(tests, NULL, NULL);
    kinds = postgres_kinds;
    kind_count = sizeof(postgres_kinds) / sizeof(postgres_kinds[0]);
    return cmocka_run_group_tests(postgres_tests, NULL, NULL);
}
