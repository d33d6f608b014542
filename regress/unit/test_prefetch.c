/* regress/unit/test_prefetch.c - keys fetched together, over every engine. */
#include "config.h"

#include "regress/unit/txn_store.h"

/* Answers of before the read time moved are not used; own writes come first; one question for all keys. */
static void
test_prefetch(void **state)
{
    (void)state;
    struct store s;
    EACH_ENGINE(&s)
    {
        static const char *const names[] = {"a", "b", "c", "gone"};
        struct slice keys[4];
        for (int i = 0; i < 4; i++)
            keys[i] = slice_cstr(names[i]);
        put_now(&s, "a", "old");
        put_now(&s, "b", "old");
        struct kv_txn *t = begin(&s);
        assert_int_equal(kv_prefetches(t), s.kind >= STORE_SHARED);
        struct double_engine *d = s.kind == STORE_SHARED ? (struct double_engine *)s.e : NULL;
        uint64_t before = d == NULL ? 0 : d->gets;
        OK(kv_prefetch(t, keys, 4));
        assert_string_equal(get(&s, t, "a"), "old");
        assert_string_equal(get(&s, t, "c"), "-");
        OK(put(t, "c", "mine"));
        kv_txn_step(t);
        assert_string_equal(get(&s, t, "c"), "mine");
        assert_string_equal(get(&s, t, "gone"), "-");
        if (d != NULL)
            assert_int_equal(d->gets, before + 1);
        kv_txn_rollback(t);

        t = begin(&s);
        OK(kv_prefetch(t, keys, 4));
        put_now(&s, "a", "new");
        put_now(&s, "c", "new");
        assert_string_equal(get(&s, t, "b"), "old");
        OK(kv_lock(t, slice_cstr("a"))); /* nothing that changed was read: it goes on at a later time */
        assert_string_equal(get(&s, t, "a"), "new");
        assert_string_equal(get(&s, t, "c"), "new");
        OK(kv_txn_commit(t, NULL));

        t = begin(&s); /* what was fetched counts once it is asked for */
        OK(kv_prefetch(t, keys, 4));
        assert_string_equal(get(&s, t, "b"), "old");
        put_now(&s, "b", "new");
        OK(put(t, "d", "mine"));
        expect_error(kv_txn_commit(t, NULL), SERIAL,
                     RESTART "TransactionRetryError: retry txn (RETRY_SERIALIZABLE)");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_prefetch)};
    if (getenv("AMBERDB_TEST_POSTGRES") != NULL)
        first_kind = last_kind = STORE_POSTGRES;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
