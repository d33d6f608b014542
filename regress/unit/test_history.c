/* The checker of serializability finds each anomaly that it is there for. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "regress/serial/history.h"

static struct history h;

static struct txn *
txn(int id, int64_t began, int64_t ended, bool committed)
{
    struct txn *t = history_begin(&h, id, id, began);
    t->ended_ns = ended;
    t->committed = committed;
    return t;
}

#define READ(t, key, ...) \
    history_read(t, key, (int32_t[]){0, __VA_ARGS__} + 1, (int)(sizeof((int32_t[]){0, __VA_ARGS__}) / 4) - 1)

static int
check(struct list a, struct list b)
{
    int bad = history_check(&h, (struct list[]){a, b}, 2);
    history_free(&h);
    return bad;
}

#define LIST(...) \
    ((struct list){(int32_t[]){__VA_ARGS__}, (int)(sizeof((int32_t[]){__VA_ARGS__}) / 4)})
#define NONE ((struct list){0})

static void
test_fine(void **state)
{
    (void)state;
    struct txn *a = txn(1, 10, 100, true), *b = txn(2, 20, 90, true), *c = txn(3, 200, 210, true);
    READ(a, 0, );
    history_append(a, 0, 1);
    READ(b, 1, );
    READ(b, 0, );
    history_append(b, 1, 2);
    READ(c, 0, 1);
    READ(c, 1, 2);
    assert_int_equal(check(LIST(1), LIST(2)), 0);
    /* AS OF an older time: it need not see what was acknowledged. */
    history_append(txn(1, 10, 20, true), 0, 1);
    struct txn *past = txn(2, 30, 40, true);
    past->past = true;
    READ(past, 0, );
    assert_int_equal(check(LIST(1), NONE), 0);
    assert_int_equal(check(NONE, NONE), 0);
}

static void
test_lost(void **state)
{
    (void)state;
    history_append(txn(1, 10, 20, true), 0, 1);
    assert_int_equal(check(NONE, NONE), 1);
    /* Both read nothing and wrote: the later writer did not see the earlier. */
    struct txn *a = txn(1, 10, 100, true), *b = txn(2, 10, 100, true);
    READ(a, 0, );
    READ(b, 0, );
    history_append(a, 0, 1);
    history_append(b, 0, 2);
    assert_int_equal(check(LIST(1, 2), NONE), 1);
    /* There twice, and there though rolled back. */
    history_append(txn(1, 10, 20, true), 0, 1);
    assert_int_equal(check(LIST(1, 1), NONE), 1);
    history_append(txn(1, 10, 20, false), 0, 1);
    assert_int_equal(check(LIST(1), NONE), 1);
}

static void
test_skew(void **state)
{
    (void)state;
    struct txn *a = txn(1, 10, 100, true), *b = txn(2, 10, 100, true);
    READ(a, 0, );
    history_append(a, 1, 1);
    READ(b, 1, );
    history_append(b, 0, 2);
    assert_int_equal(check(LIST(2), LIST(1)), 1);
}

static void
test_reads(void **state)
{
    (void)state;
    /* Half of a transaction; what never was there; out of order with time. */
    struct txn *a = txn(1, 10, 20, true), *b = txn(2, 10, 20, true);
    history_append(a, 0, 1);
    history_append(a, 0, 2);
    READ(b, 0, 1);
    assert_int_equal(check(LIST(1, 2), NONE), 1);
    READ(txn(1, 10, 20, false), 0, 7);
    assert_int_equal(check(NONE, NONE), 1);
    history_append(txn(1, 10, 20, true), 0, 1);
    READ(txn(2, 30, 40, true), 0, );
    assert_int_equal(check(LIST(1), NONE), 1);
    /* Two keys at different times. */
    a = txn(1, 10, 100, true);
    history_append(a, 0, 1);
    history_append(a, 1, 2);
    b = txn(2, 10, 100, true);
    READ(b, 0, );
    READ(b, 1, 2);
    assert_int_equal(check(LIST(1), LIST(2)), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fine),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_skew),
        cmocka_unit_test(test_reads),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
