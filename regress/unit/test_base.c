/* regress/unit/test_base.c - base/: each module by itself. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/slice.h"
#include "base/thread.h"

static char trail[64]; /* letters in the order in which callbacks ran */

static void
leave_letter(void *arg)
{
    size_t n = strlen(trail);
    trail[n] = *(const char *)arg;
    trail[n + 1] = '\0';
}

static void
arena_undoes_newest_first(void **state)
{
    (void)state;
    static char a = 'a', b = 'b', c = 'c', d = 'd';
    trail[0] = '\0';
    struct arena *top = arena_create(NULL, "top");
    arena_on_free(top, leave_letter, &a);
    struct arena *child = arena_create(top, "child");
    arena_on_free(child, leave_letter, &b);
    arena_on_free(child, leave_letter, &c);
    arena_on_free(top, leave_letter, &d);
    arena_reset(top);
    assert_string_equal(trail, "dcba");
    arena_on_free(top, leave_letter, &b);
    child = arena_create(top, "child");
    arena_on_free(child, leave_letter, &c);
    arena_destroy(child);
    arena_destroy(top);
    assert_string_equal(trail, "dcbacb");
    arena_destroy(NULL);
}

static void
arena_allocations_keep_apart(void **state)
{
    (void)state;
    struct rand r;
    rand_init(&r, 7);
    struct arena *a = arena_create(NULL, "test");
    struct {
        uint8_t *p;
        size_t len;
    } got[500];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 500; i++) {
            got[i].len = rand_chance(&r, 20) ? rand_below(&r, 100000) : rand_below(&r, 300);
            got[i].p = arena_alloc(a, got[i].len);
            assert_true((uintptr_t)got[i].p % 16 == 0);
            memset(got[i].p, i & 0xff, got[i].len);
            if (rand_chance(&r, 3)) {
                size_t more = got[i].len + rand_below(&r, 50000);
                got[i].p = arena_realloc(a, got[i].p, got[i].len, more);
                memset(got[i].p + got[i].len, i & 0xff, more - got[i].len);
                got[i].len = more;
            }
        }
        for (int i = 0; i < 500; i++)
            for (size_t k = 0; k < got[i].len; k++)
                if (got[i].p[k] != (uint8_t)i)
                    fail_msg("allocation %d changed at %zu", i, k);
        arena_reset(a);
        assert_true(arena_size(a) <= 64 * 1024);
    }
    assert_string_equal(arena_printf(a, "%s-%d", "x", 5), "x-5");
    char *longer = arena_printf(a, "%1000d", 1);
    assert_int_equal(strlen(longer), 1000);
    arena_destroy(a);
}

static void
budget_refuses_outside_sizes(void **state)
{
    (void)state;
    struct mem_budget *all = mem_budget_create(1 << 20, NULL);
    struct mem_budget *one = mem_budget_create(0, all);
    struct arena *a = arena_create_budget(NULL, "a", one);
    struct arena *below = arena_create(a, "below");
    void *p;
    assert_null(arena_try_alloc(below, 600 * 1024, &p));
    assert_non_null(p);
    assert_true(mem_budget_used(all) >= 600 * 1024);
    struct error *err = arena_try_alloc(a, 600 * 1024, &p);
    assert_true(err_is(err, ERR_OUT_OF_MEMORY));
    assert_string_equal(err->sqlstate, "53200");
    assert_null(p);
    err_free(err);
    err = arena_try_alloc(a, SIZE_MAX - 8, &p);
    assert_non_null(err);
    err_free(err);
    arena_reset(a);
    assert_null(arena_try_alloc(a, 600 * 1024, &p));
    assert_false(mem_budget_take(all, 600 * 1024));
    assert_true(mem_budget_take(all, 100 * 1024));
    mem_budget_give(all, 100 * 1024);
    arena_destroy(a);
    assert_int_equal(mem_budget_used(one), 0);
    assert_int_equal(mem_budget_used(all), 0);
    mem_budget_destroy(one);
    mem_budget_destroy(all);
}

static void
errors_carry_all_their_parts(void **state)
{
    (void)state;
    struct error *e = err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist", "t");
    e = err_hint(err_detail(err_at(err_at(e, 7), 9), "A %d.", 1), "B.");
    e = err_detail(e, "C.");
    e = err_table(err_schema(e, "public"), "t", NULL, "k");
    assert_int_equal(e->position, 7);
    e = err_wrap(e, "restoring %s", "x");
    assert_string_equal(e->message, "restoring x: relation \"t\" does not exist");
    assert_string_equal(e->sqlstate, "42P01");
    assert_string_equal(e->detail, "C.");
    assert_string_equal(e->hint, "B.");
    assert_string_equal(e->schema_name, "public");
    assert_string_equal(e->constraint_name, "k");
    assert_null(e->column_name);
    assert_non_null(e->cause);
    e = err_sqlstate(e, "23505");
    assert_true(err_is(e, ERR_UNIQUE_VIOLATION));
    err_free(e);
    e = err_unimplemented(123, "x");
    assert_string_equal(e->message, "unimplemented: x");
    assert_string_equal(e->sqlstate, "0A000");
    assert_non_null(strstr(e->hint, "issue/123"));
    err_free(e);
    e = err_errno(ENOSPC, "write %s", "f");
    assert_string_equal(e->message, "write f: No space left on device");
    assert_string_equal(e->sqlstate, "53100");
    err_free(e);
    e = err_out_of_memory();
    assert_ptr_equal(err_wrap(err_hint(e, "no"), "no"), e);
    assert_null(e->hint);
    err_free(e);
    err_free(NULL);
}

static void
strings_stop_at_their_maximum(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "test");
    for (int in_arena = 0; in_arena < 2; in_arena++) {
        struct str s;
        if (in_arena)
            str_init_arena(&s, a, 1000);
        else
            str_init(&s, 1000);
        assert_string_equal(str_cstr(&s), "");
        str_append_cstr(&s, "ab");
        str_append_char(&s, 'c');
        str_printf(&s, "%d", 42);
        str_append_fill(&s, '.', 3);
        assert_string_equal(str_cstr(&s), "abc42...");
        str_printf(&s, "%900d", 1);
        assert_int_equal(s.len, 908);
        assert_null(str_error(&s));
        str_append_fill(&s, 'x', 92);
        assert_null(str_error(&s));
        str_append_char(&s, 'y');
        assert_int_equal(s.len, 1000);
        struct error *e = str_error(&s);
        assert_true(err_is(e, ERR_PROGRAM_LIMIT_EXCEEDED));
        err_free(e);
        str_clear(&s);
        assert_null(str_error(&s));
        assert_string_equal(str_cstr(&s), "");
        str_release(&s);
    }
    assert_true(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")) < 0);
    assert_true(slice_cmp(SLICE_LIT("b"), SLICE_LIT("ab")) > 0);
    assert_int_equal(slice_cmp(SLICE_NULL, SLICE_LIT("")), 0);
    assert_true(slice_has_prefix(SLICE_LIT("abc"), SLICE_LIT("ab")));
    assert_string_equal(slice_to_cstr(a, SLICE_LIT("xyz")), "xyz");
    arena_destroy(a);
}

static void
numbers_survive_the_way_through_bytes(void **state)
{
    (void)state;
    struct rand r;
    rand_init(&r, 1);
    for (int i = 0; i < 10000; i++) {
        int64_t x = rand_edgy_i64(&r);
        uint8_t b[ENC_UVARINT_MAX + 1];
        uint64_t back = 0;
        size_t n = enc_put_uvarint(b, (uint64_t)x);
        assert_int_equal(enc_get_uvarint(b, n, &back), n);
        assert_true(back == (uint64_t)x);
        assert_int_equal(enc_get_uvarint(b, n - 1, &back), 0);
        assert_true(enc_unzigzag(enc_zigzag(x)) == x);
        enc_put_be64(b, (uint64_t)x);
        assert_true(enc_get_be64(b) == (uint64_t)x);
        enc_put_le64(b, (uint64_t)x);
        assert_true(enc_get_le64(b) == (uint64_t)x);
    }
    uint64_t v;
    static const uint8_t too_long[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    assert_int_equal(enc_get_uvarint(too_long, sizeof(too_long), &v), 0);
    struct reader none = reader_make(SLICE_NULL);
    assert_int_equal(reader_left(&none), 0);
    struct reader rd = reader_make(SLICE_LIT("\x01\x02\x03\x04\x05"));
    assert_int_equal(reader_u8(&rd), 1);
    assert_int_equal(reader_be16(&rd), 0x0203);
    assert_int_equal(reader_be32(&rd), 0);
    assert_true(rd.failed);
    assert_int_equal(reader_left(&rd), 2);
    assert_int_equal(reader_u8(&rd), 0);
    int64_t out = 5;
    assert_true(add_overflow_i64(INT64_MAX, 1, &out) && out == 5);
    assert_true(sub_overflow_i64(INT64_MIN, 1, &out) && out == 5);
    assert_true(mul_overflow_i64(INT64_MIN, -1, &out) && out == 5);
    assert_false(mul_overflow_i64(-3, 4, &out));
    assert_true(out == -12);
}

static void
clock_never_goes_back(void **state)
{
    (void)state;
    struct clock *c = clock_create_manual((struct hlc){100, 0});
    struct hlc t = clock_now(c);
    assert_true(t.wall == 100 && t.logical == 1);
    clock_update(c, (struct hlc){200, 5});
    t = clock_now(c);
    assert_true(t.wall == 200 && t.logical == 6);
    clock_manual_set(c, 300);
    t = clock_now(c);
    assert_true(t.wall == 300 && t.logical == 0);
    clock_destroy(c);
    c = clock_create();
    struct hlc was = clock_now(c);
    for (int i = 0; i < 10000; i++) {
        t = clock_now(c);
        assert_true(hlc_cmp(was, t) < 0);
        was = t;
    }
    clock_destroy(c);
    assert_true(hlc_cmp(hlc_prev(hlc_next(t)), t) == 0);
    assert_true(hlc_cmp(hlc_prev((struct hlc){5, 0}), (struct hlc){5, 0}) < 0);
    char buf[HLC_STR_MAX];
    hlc_format_decimal((struct hlc){1451635200000000000, 12}, buf);
    assert_string_equal(buf, "1451635200000000000.0000000012");
    hlc_format_error((struct hlc){1451635200000000001, 2}, buf);
    assert_string_equal(buf, "1451635200.000000001,2");
    int64_t id = unique_int(1);
    for (int i = 0; i < 1000; i++) {
        int64_t next = unique_int(1);
        assert_true(next > id && (next & 0x7fff) == 1);
        id = next;
    }
}

static void
hex(const uint8_t *p, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", p[i]);
}

/* Streams hashed together, in pieces of any length, as if each were alone. */
static void
lanes_hash_as_one_stream(void **state)
{
    (void)state;
    struct rand r;
    static uint8_t bytes[SHA512_LANES][6000];
    rand_init(&r, 1);
    rand_fill(&r, bytes, sizeof(bytes));
    for (int turn = 0; turn < 200; turn++) {
        struct sha512 *s[SHA512_LANES], *alone;
        size_t done[SHA512_LANES] = {0};
        uint8_t got[SHA512_LEN], want[SHA512_LEN];
        int unused = (int)rand_below(&r, 2 * SHA512_LANES);
        for (int i = 0; i < SHA512_LANES; i++)
            s[i] = i == unused ? NULL : sha512_create();
        for (int step = 0; step < 5; step++) {
            struct slice x[SHA512_LANES];
            for (int i = 0; i < SHA512_LANES; i++) {
                size_t n = rand_below(&r, rand_chance(&r, 4) ? 40 : 1100);
                x[i] = slice_make(bytes[i] + done[i], n);
                done[i] += n;
            }
            sha512_update_lanes(s, x);
        }
        for (int i = 0; i < SHA512_LANES; i++) {
            if (s[i] == NULL)
                continue;
            alone = sha512_create();
            sha512_update(alone, bytes[i], done[i]);
            sha512_final(alone, want);
            sha512_final(s[i], got);
            assert_memory_equal(got, want, SHA512_LEN);
        }
    }
}

static void
checksums_match_published_values(void **state)
{
    (void)state;
    /* The check values of the CRC catalogue, and of FIPS 180-4 for "abc". */
    assert_int_equal(crc32_ieee(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32_ieee(crc32_ieee(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    struct sha512 *s = sha512_create();
    sha512_update(s, "a", 1);
    sha512_update(s, "bc", 2);
    uint8_t out[SHA512_LEN];
    sha512_final(s, out);
    char text[2 * SHA512_LEN + 1];
    hex(out, 8, text);
    assert_string_equal(text, "ddaf35a193617aba");
    assert_true(hash_bytes("abc", 3, 0) == hash_bytes("abc", 3, 0));
    assert_true(hash_bytes("abc", 3, 0) != hash_bytes("abc", 3, 1));
    uint8_t u[16];
    uuid_v4(u);
    assert_int_equal(u[6] >> 4, 4);
    assert_int_equal(u[8] >> 6, 2);
}

static void
files_appear_whole(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "test");
    char *dir, *path;
    assert_null(dir_create_temp(a, NULL, "amberdb-test-", &dir));
    char *deep = path_join(a, dir, "x/y/z");
    assert_null(dir_create_all(deep, 0755));
    assert_null(dir_create_all(deep, 0755));
    path = path_join(a, deep, "f");
    assert_null(file_write_atomic(path, SLICE_LIT("one"), 0644));
    assert_null(file_write_atomic(path, SLICE_LIT("a\0two"), 0644));
    struct slice got;
    assert_null(file_read(a, path, 100, &got));
    assert_true(slice_eq(got, SLICE_LIT("a\0two")));
    struct error *err = file_read(a, path, 4, &got);
    assert_true(err_is(err, ERR_PROGRAM_LIMIT_EXCEEDED));
    err_free(err);
    err = file_read(a, path_join(a, deep, "absent"), 4, &got);
    assert_true(err_is(err, ERR_UNDEFINED_FILE));
    err_free(err);
    static const char *const points[] = {"file_open=1", "file_write=1", "file_sync=1",
                                         "file_rename=1"};
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        assert_null(fault_arm(points[i]));
        err = file_write_atomic(path, SLICE_LIT("three"), 0644);
        assert_non_null(err);
        err_free(err);
        fault_disarm_all();
        assert_null(file_read(a, path, 100, &got));
        assert_true(slice_eq(got, SLICE_LIT("a\0two")));
    }
    char **names;
    size_t count;
    assert_null(dir_list(a, deep, &names, &count));
    assert_int_equal(count, 1); /* no temporary file left */
    assert_string_equal(names[0], "f");
    assert_null(dir_remove_tree(dir));
    assert_null(dir_remove_tree(dir));
    assert_false(file_exists(dir));
    arena_destroy(a);
}

static void
faults_hit_where_armed(void **state)
{
    (void)state;
    assert_false(fault_hit(FAULT_sst_write));
    assert_null(fault_arm("sst_write=2,any=5"));
    int hits = 0, at = 0;
    for (int i = 1; i <= 10; i++) {
        if (fault_hit(FAULT_sst_write)) {
            hits++;
            at = at * 10 + i;
        }
    }
    assert_int_equal(hits, 2);
    assert_int_equal(at, 25);
    assert_int_equal(fault_passed(), 10);
    fault_disarm_all();
    assert_null(fault_arm("sink_read=%3:9"));
    hits = 0;
    for (int i = 0; i < 3000; i++)
        hits += fault_hit(FAULT_sink_read);
    assert_in_range(hits, 800, 1200);
    fault_disarm_all();
    static const char *const bad[] = {"nothing=1", "any", "any=", "any=0", "any=1x", "any=%3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error *err = fault_arm(bad[i]);
        assert_true(err_is(err, ERR_INVALID_PARAMETER_VALUE));
        err_free(err);
    }
    fault_disarm_all();
}

static void
add_one(void *arg)
{
    atomic_fetch_add((_Atomic int *)arg, 1);
}

static void
pool_runs_all_before_it_goes(void **state)
{
    (void)state;
    _Atomic int done = 0;
    struct pool *p = pool_create("test", 4, 3);
    for (int i = 0; i < 1000; i++)
        pool_submit(p, add_one, &done);
    pool_destroy(p);
    assert_int_equal(done, 1000);
}

static void
waits_end_and_cancels_arrive(void **state)
{
    (void)state;
    struct mutex m;
    struct cond c;
    mutex_init(&m, RANK_LEAF);
    cond_init(&c);
    mutex_lock(&m);
    int64_t before = monotonic_now_ns();
    assert_false(cond_wait_ns(&c, &m, 5000000));
    assert_true(monotonic_now_ns() - before >= 5000000);
    mutex_unlock(&m);
    cond_destroy(&c);
    mutex_destroy(&m);
    struct cancel cancel = {0};
    assert_null(cancel_check(NULL));
    assert_null(cancel_check(&cancel));
    cancel_request(&cancel, CANCEL_TIMEOUT);
    struct error *err = cancel_check(&cancel);
    assert_string_equal(err->message, "query execution canceled due to statement timeout");
    assert_string_equal(err->sqlstate, "57014");
    err_free(err);
}

static void
log_lines_have_their_form(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    log_open(f, LOG_WARNING);
    log_info("not this");
    log_warning("this %d", 1);
    log_open(NULL, LOG_INFO);
    fclose(f);
    assert_int_equal(text[0], 'W');
    assert_non_null(strstr(text, "unit/test_base.c:"));
    assert_non_null(strstr(text, "  this 1\n"));
    assert_null(strstr(text, "not this"));
    free(text);
}

static long
resident_mib(void)
{
    long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2)
        pages = 0;
    if (f != NULL)
        fclose(f);
    return pages * sysconf(_SC_PAGESIZE) >> 20;
}

/* What lies between pieces that stay is given back, too. */
static void
freed_memory_goes_back(void **state)
{
    enum { PIECES = 64000 };
    static char *pieces[PIECES];
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
    skip();
#endif
    if (resident_mib() == 0)
        skip();
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = xmalloc(1024);
        memset(pieces[i], i, 1024);
    }
    long full = resident_mib();
    for (int i = 0; i < PIECES; i++)
        if (i % 1000 != 999) {
            xfree(pieces[i]);
            pieces[i] = NULL;
        }
    assert_true(full - resident_mib() < 32); /* else there is nothing to be shown */
    mem_give_back();
    assert_true(full - resident_mib() > 32);
    for (int i = 0; i < PIECES; i++)
        xfree(pieces[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_undoes_newest_first),
        cmocka_unit_test(arena_allocations_keep_apart),
        cmocka_unit_test(budget_refuses_outside_sizes),
        cmocka_unit_test(errors_carry_all_their_parts),
        cmocka_unit_test(strings_stop_at_their_maximum),
        cmocka_unit_test(numbers_survive_the_way_through_bytes),
        cmocka_unit_test(clock_never_goes_back),
        cmocka_unit_test(checksums_match_published_values),
        cmocka_unit_test(lanes_hash_as_one_stream),
        cmocka_unit_test(files_appear_whole),
        cmocka_unit_test(faults_hit_where_armed),
        cmocka_unit_test(pool_runs_all_before_it_goes),
        cmocka_unit_test(waits_end_and_cancels_arrive),
        cmocka_unit_test(log_lines_have_their_form),
        cmocka_unit_test(freed_memory_goes_back),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
