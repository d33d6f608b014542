/* base/name_index.h */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/name_index.h"

static char names[NAME_INDEX_MAX][16];

static const char *
name_of(int i)
{
    return names[i];
}

static struct name_index name_index;

static void
test_each_is_found(void **state)
{
    char upper[16], other[32];
    (void)state;
    for (int i = 0; i < NAME_INDEX_MAX; i++)
        snprintf(names[i], sizeof(names[i]), "name_%d", i * 7);
    assert_int_equal(name_index_find(&name_index, "name_0"), -1); /* empty */
    name_index_build(&name_index, NAME_INDEX_MAX, name_of);
    for (int i = 0; i < NAME_INDEX_MAX; i++) {
        snprintf(upper, sizeof(upper), "NAME_%d", i * 7);
        snprintf(other, sizeof(other), "name_%dx", i * 7);
        assert_int_equal(name_index_find(&name_index, names[i]), i);
        assert_int_equal(name_index_find(&name_index, upper), i);
        assert_int_equal(name_index_find(&name_index, other), -1);
    }
    assert_int_equal(name_index_find(&name_index, ""), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
