/* regress/unit/test_txn_buffer.c - a transaction's buffered writes: order, search, the list and its
 * tree; the table of the locks on them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rand.h"
#include "storage/txn_int.h"

#define OK(expr)                                       \
    do {                                               \
        struct error *ok_e_ = (expr);                  \
        if (ok_e_ != NULL)                             \
            fail_msg("%s: %s", #expr, ok_e_->message); \
    } while (0)

#define KEYS 30000
#define KEY_ROOM 16

static char keys[KEYS][KEY_ROOM];

static int
by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Sorted, each once; how many there are. */
static int
sort_keys(void)
{
    int n = 0;
    qsort(keys, KEYS, KEY_ROOM, by_text);
    for (int i = 0; i < KEYS; i++)
        if (n == 0 || strcmp(keys[n - 1], keys[i]) != 0)
            memmove(keys[n++], keys[i], KEY_ROOM);
    return n;
}

static void
expect_order(struct wbuf *b, int n)
{
    struct wnode *before = &b->head;
    assert_int_equal(b->nodes, n);
    for (int i = 0; i < n; i++) {
        struct slice key = slice_cstr(keys[i]);
        struct wnode *x = wbuf_find(b, key);
        assert_non_null(x);
        assert_true(slice_eq(x->key, key));
        assert_ptr_equal(x->prev, before);
        assert_ptr_equal(before->next, x);
        assert_ptr_equal(wbuf_before(b, key), before);
        before = x;
    }
    assert_ptr_equal(before, b->last);
    assert_null(before->next);
}

static void
expect_absent(struct wbuf *b, const char *key, const char *before)
{
    assert_null(wbuf_find(b, slice_cstr(key)));
    struct wnode *x = wbuf_before(b, slice_cstr(key));
    if (before == NULL)
        assert_ptr_equal(x, &b->head);
    else
        assert_true(slice_eq(x->key, slice_cstr(before)));
}

/* fill: the keys, in the order in which they are added. */
static void
check(void (*fill)(void))
{
    struct arena *a = arena_create(NULL, "test");
    struct wbuf b;
    wbuf_init(&b, a);
    assert_null(wbuf_find(&b, slice_cstr("a")));
    assert_ptr_equal(wbuf_before(&b, slice_cstr("a")), &b.head);
    fill();
    for (int i = 0; i < KEYS; i++) {
        struct wnode *x = wbuf_find_or_add(&b, NULL, slice_cstr(keys[i]));
        assert_true(slice_eq(x->key, slice_cstr(keys[i])));
        assert_ptr_equal(wbuf_find_or_add(&b, NULL, slice_cstr(keys[i])), x);
    }
    int n = sort_keys();
    expect_order(&b, n);
    expect_absent(&b, "", NULL);
    expect_absent(&b, "~", keys[n - 1]);
    char between[KEY_ROOM + 1];
    for (int i = 0; i < n; i += 97) {
        /* '!' is less than all that the keys are made of. */
        snprintf(between, sizeof(between), "%.*s!", KEY_ROOM - 1, keys[i]);
        expect_absent(&b, between, keys[i]);
    }
    arena_destroy(a);
}

static void
ascending(void)
{
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], KEY_ROOM, "k%08d", i);
}

static void
descending(void)
{
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], KEY_ROOM, "k%08d", KEYS - i);
}

/* Many with the same first bytes, some the beginning of others, some twice; runs among them. */
static void
mixed(void)
{
    srand(7);
    for (int i = 0; i < KEYS; i++) {
        int bits = rand();
        if (i % 100 < 40)
            snprintf(keys[i], KEY_ROOM, "same1234%06d", i);
        else if (i % 100 < 50)
            snprintf(keys[i], KEY_ROOM, "%.*s", 1 + bits % 9, "ababababa");
        else
            snprintf(keys[i], KEY_ROOM, "%.*s%d", bits % 9, "abababab", bits / 16 % 100000);
    }
}

static void
test_ascending(void **state)
{
    (void)state;
    check(ascending);
}

static void
test_descending(void **state)
{
    (void)state;
    check(descending);
}

static void
test_mixed(void **state)
{
    (void)state;
    check(mixed);
}

#define LOCKERS 40

/* Every lock of t is in the table, once. */
static void
check_locked(struct kv_db *db, struct kv_txn *t, size_t all)
{
    bool beaten;
    for (struct wnode *n = t->buf.head.next; n != NULL; n = n->next) {
        assert_true(n->locked);
        OK(locks_acquire(t, n, &beaten));
        assert_int_equal(db->locked_count, all);
    }
}

/* Tens of thousands of locks come and go in any order; their room goes with them. */
static void
test_many_locks(void **state)
{
    (void)state;
    struct engine *e;
    struct clock *clock = clock_create();
    struct kv_db *db;
    struct kv_txn_opts o = {0};
    struct rand r;
    OK(engine_memory_open(&e));
    OK(kv_db_open(e, clock, &db));
    rand_init(&r, 7);
    for (int round = 0; round < 3; round++) {
        struct kv_txn *t[LOCKERS] = {NULL};
        size_t held[LOCKERS] = {0}, all = 0;
        for (int step = 0; step < 6 * LOCKERS; step++) {
            int i = (int)rand_below(&r, LOCKERS);
            if (t[i] != NULL && rand_below(&r, 3) == 0) {
                kv_txn_rollback(t[i]);
                all -= held[i];
                held[i] = 0;
                t[i] = NULL;
                assert_int_equal(db->locked_count, all);
                continue;
            }
            if (t[i] == NULL)
                OK(kv_txn_begin(db, &o, &t[i]));
            for (uint64_t k = rand_below(&r, 1500); k > 0; k--) {
                char key[32];
                snprintf(key, sizeof(key), "k%d/%d/%llu", i, step, (unsigned long long)k);
                OK(kv_lock(t[i], slice_cstr(key)));
                held[i]++;
                all++;
            }
            assert_int_equal(db->locked_count, all);
            check_locked(db, t[i], all);
        }
        for (int i = 0; i < LOCKERS; i++) {
            if (t[i] == NULL)
                continue;
            check_locked(db, t[i], all);
            kv_txn_rollback(t[i]);
            all -= held[i];
        }
        assert_int_equal(all, 0);
        assert_int_equal(db->locked_count, 0);
        assert_true(db->slot_count <= 1024);
    }
    kv_db_close(db);
    engine_close(e);
    clock_destroy(clock);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ascending),
        cmocka_unit_test(test_descending),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_many_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
