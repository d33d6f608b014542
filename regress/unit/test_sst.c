/* regress/unit/test_sst.c - the reader and writer of data files, against RocksDB and against files
 * that CockroachDB wrote. */
#include "config.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <snappy-c.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/rand.h"
#include "storage/mvcc.h"
#include "storage/sst_int.h"

#define OK(expr)                                       \
    do {                                               \
        struct error *ok_e_ = (expr);                  \
        if (ok_e_ != NULL)                             \
            fail_msg("%s: %s", #expr, ok_e_->message); \
    } while (0)

/* ---- helpers ---- */

static struct error *
to_str(void *arg, const void *p, size_t n)
{
    str_append(arg, p, n);
    return NULL;
}

static struct sst_source
source_of(struct slice file)
{
    return (struct sst_source){.size = file.len, .mem = file.ptr};
}

static struct error *
read_slice(void *arg, uint64_t offset, size_t len, uint8_t *out)
{
    const struct slice *s = arg;
    if (offset > s->len || len > s->len - offset)
        return err_new(ERR_INTERNAL, "read outside the file");
    memcpy(out, s->ptr + offset, len);
    return NULL;
}

/* Read everything; *rows and *digest when not NULL. */
static struct error *
read_all(const struct sst_source *src, uint64_t *rows, uint64_t *digest)
{
    struct sst_reader *r;
    struct sst_iter *it;
    ERR_TRY(sst_reader_open("test", src, &r));
    struct error *err = sst_iter_open(r, &it);
    uint64_t n = 0, h = 0;
    for (bool more = true; err == NULL;) {
        struct engine_version v;
        err = sst_iter_next(it, &v, &more);
        if (err != NULL || !more)
            break;
        n++;
        h = hash_bytes(v.key.ptr, v.key.len, h);
        h = hash_u64((uint64_t)v.ts.wall, h ^ (uint64_t)v.ts.logical);
        h = hash_bytes(v.value.ptr, v.value.len, h);
    }
    sst_iter_close(it);
    sst_reader_close(r);
    if (rows != NULL)
        *rows = n;
    if (digest != NULL)
        *digest = h;
    return err;
}

static void
engine_digest(struct engine *e, struct span s, uint64_t *rows, uint64_t *digest)
{
    struct engine_scan_opts o = {.span = s, .mode = ENGINE_SCAN_VERSIONS, .ts = HLC_MAX};
    struct engine_iter *it;
    OK(engine_iter_open(e, &o, &it));
    *rows = *digest = 0;
    for (;;) {
        struct engine_version v;
        bool more;
        OK(engine_iter_next(it, &v, &more));
        if (!more)
            break;
        ++*rows;
        *digest = hash_bytes(v.key.ptr, v.key.len, *digest);
        *digest = hash_u64((uint64_t)v.ts.wall, *digest ^ (uint64_t)v.ts.logical);
        *digest = hash_bytes(v.value.ptr, v.value.len, *digest);
    }
    engine_iter_close(it);
}

static void
write_file(const char *path, struct slice bytes)
{
    OK(file_write_atomic(path, bytes, 0644));
}

/* ---- genuine files ---- */

#define FILES_MAX 4000
static struct {
    char *path[FILES_MAX];
    int n;
} genuine;

static int
note_file(const char *path, const struct stat *st, int type, struct FTW *f)
{
    size_t len = strlen(path);
    (void)st;
    (void)f;
    if (type == FTW_F && len > 4 && strcmp(path + len - 4, ".sst") == 0 && genuine.n < FILES_MAX)
        genuine.path[genuine.n++] = xstrdup(path);
    return 0;
}

static bool
find_genuine(void)
{
    if (genuine.n > 0)
        return true;
    const char *shared = getenv("AMBERDB_SHARED");
    char dir[4096];
    snprintf(dir, sizeof(dir), "%s/fixtures", shared != NULL ? shared : "../shared");
    nftw(dir, note_file, 16, FTW_PHYS);
    if (genuine.n == 0)
        print_message("# SKIP: no files of CockroachDB in %s\n", dir);
    return genuine.n > 0;
}

static bool
is_encrypted(struct slice f)
{
    return slice_has_prefix(f, SLICE_LIT("encrypt"));
}

static struct slice
load(struct arena *a, int i)
{
    struct slice f;
    OK(file_read(a, genuine.path[i], 1 << 30, &f));
    return f;
}

static void
check_value_crc(const struct engine_version *v)
{
    if (v->value.len == 0)
        return;
    assert_true(v->value.len >= 5);
    uint32_t stored = enc_get_be32(v->value.ptr);
    uint32_t crc = crc32_ieee(0, v->key.ptr, v->key.len);
    crc = crc32_ieee(crc, v->value.ptr + 4, v->value.len - 4);
    assert_true(stored == 0 || stored == (crc == 0 ? 1 : crc));
}

/* Every one: by memory, by ranged reads, and through RocksDB: same rows; checksums of values hold. */
static void
test_genuine_read(void **state)
{
    (void)state;
    if (!find_genuine())
        return;
    struct arena *top = arena_create(NULL, "genuine");
    char *dir;
    OK(dir_create_temp(top, NULL, "amberdb-sst-", &dir));
    struct engine *e;
    OK(engine_rocksdb_open(&(struct rocksdb_engine_opts){.path = dir, .create = true}, &e));
    int files = 0, through = 0;
    uint64_t total = 0;
    for (int i = 0; i < genuine.n; i++) {
        struct arena *a = arena_create(NULL, "file");
        struct slice f = load(a, i);
        if (!is_encrypted(f)) {
            struct sst_source mem = source_of(f);
            struct sst_source ranged = {.arg = &f, .size = f.len, .read = read_slice};
            uint64_t rows, rows2, digest, digest2;
            OK(read_all(&mem, &rows, &digest));
            OK(read_all(&ranged, &rows2, &digest2));
            assert_true(rows == rows2 && digest == digest2);
            struct sst_reader *r;
            struct sst_iter *it;
            OK(sst_reader_open(genuine.path[i], &mem, &r));
            assert_int_equal(sst_reader_props(r)->num_entries, rows);
            OK(sst_iter_open(r, &it));
            struct engine_version v;
            bool more;
            uint64_t value_bytes = 0;
            struct span all = {SLICE_NULL, SLICE_NULL};
            for (;;) {
                OK(sst_iter_next(it, &v, &more));
                if (!more)
                    break;
                check_value_crc(&v);
                value_bytes += v.value.len;
                if (sst_reader_props(r)->has_bounds)
                    assert_true(hlc_cmp(v.ts, sst_reader_props(r)->ts_min) >= 0 &&
                                hlc_cmp(v.ts, sst_reader_props(r)->ts_max) <= 0);
            }
            assert_int_equal(sst_reader_props(r)->raw_value_size, value_bytes);
            sst_iter_close(it);
            sst_reader_close(r);
            if (i % 8 == 0 && rows > 0) {
                const char *paths[1] = {genuine.path[i]};
                OK(engine_ingest(e, paths, 1, false));
                engine_digest(e, all, &rows2, &digest2);
                assert_true(rows == rows2 && digest == digest2);
                OK(engine_drop_span(e, (struct span){SLICE_NULL, SLICE_NULL}));
                through++;
            }
            files++;
            total += rows;
        }
        arena_destroy(a);
    }
    print_message("# %d files, %llu versions; %d also through RocksDB\n", files,
                  (unsigned long long)total, through);
    engine_close(e);
    OK(dir_remove_tree(dir));
    arena_destroy(top);
}

/* The unpacked bytes of a block. */
static struct slice
block_of(struct arena *a, struct slice f, struct slice handle)
{
    uint64_t offset, size;
    size_t n = enc_get_uvarint(handle.ptr, handle.len, &offset);
    assert_true(enc_get_uvarint(handle.ptr + n, handle.len - n, &size) > 0);
    const char *p = (const char *)f.ptr + offset;
    if (p[size] == 0)
        return slice_make(p, size);
    size_t raw;
    assert_int_equal(snappy_uncompressed_length(p, size, &raw), SNAPPY_OK);
    char *out = arena_alloc(a, raw);
    assert_int_equal(snappy_uncompress(p, size, out, &raw), SNAPPY_OK);
    return slice_make(out, raw);
}

struct pair {
    struct slice key, value;
};

static size_t
block_pairs(struct arena *a, struct slice block, struct pair *out, size_t max)
{
    size_t n = 0, end = block.len - 4 - 4 * (size_t)enc_get_le32(block.ptr + block.len - 4);
    struct reader r = reader_make(slice_make(block.ptr, end));
    struct slice last = SLICE_NULL;
    while (reader_left(&r) > 0 && n < max) {
        size_t shared = reader_uvarint(&r), rest = reader_uvarint(&r), len = reader_uvarint(&r);
        uint8_t *k = arena_alloc(a, shared + rest);
        if (shared > 0)
            memcpy(k, last.ptr, shared);
        memcpy(k + shared, reader_bytes(&r, rest).ptr, rest);
        last = out[n].key = slice_make(k, shared + rest);
        out[n++].value = reader_bytes(&r, len);
    }
    assert_false(r.failed);
    return n;
}

#define PAIRS_MAX 20000

/* Same blocks and properties but for what follows from another version of snappy. */
static void
expect_same_file(struct arena *a, struct slice x, struct slice y)
{
    struct pair *px = ARENA_ARRAY(a, struct pair, PAIRS_MAX);
    struct pair *py = ARENA_ARRAY(a, struct pair, PAIRS_MAX);
    size_t n[2];
    struct slice index[2], props[2], f[2] = {x, y};
    for (int i = 0; i < 2; i++) {
        const uint8_t *footer = f[i].ptr + f[i].len - 48;
        uint64_t skip;
        size_t at = enc_get_uvarint(footer, 40, &skip);
        at += enc_get_uvarint(footer + at, 40 - at, &skip);
        index[i] = block_of(a, f[i], slice_make(footer + at, 40 - at));
        struct pair meta[4];
        assert_int_equal(block_pairs(a, block_of(a, f[i], slice_make(footer, 40)), meta, 4), 1);
        props[i] = block_of(a, f[i], meta[0].value);
    }
    n[0] = block_pairs(a, index[0], px, PAIRS_MAX);
    n[1] = block_pairs(a, index[1], py, PAIRS_MAX);
    assert_int_equal(n[0], n[1]);
    for (size_t i = 0; i < n[0]; i++) {
        assert_true(slice_eq(px[i].key, py[i].key));
        assert_true(slice_eq(block_of(a, x, px[i].value), block_of(a, y, py[i].value)));
    }
    n[0] = block_pairs(a, props[0], px, PAIRS_MAX);
    n[1] = block_pairs(a, props[1], py, PAIRS_MAX);
    assert_int_equal(n[0], n[1]);
    for (size_t i = 0; i < n[0]; i++) {
        assert_true(slice_eq(px[i].key, py[i].key));
        if (!slice_eq(px[i].key, SLICE_LIT("rocksdb.data.size")) &&
            !slice_eq(px[i].key, SLICE_LIT("rocksdb.index.size")))
            assert_true(slice_eq(px[i].value, py[i].value));
    }
}

static void
copy_file(struct slice f, const struct sst_writer_opts *o, struct str *out)
{
    struct sst_source src = source_of(f);
    struct sst_reader *r;
    struct sst_iter *it;
    struct sst_writer *w;
    OK(sst_reader_open("copy", &src, &r));
    OK(sst_iter_open(r, &it));
    OK(sst_writer_open(o, to_str, out, &w));
    for (;;) {
        struct engine_version v;
        bool more;
        OK(sst_iter_next(it, &v, &more));
        if (!more)
            break;
        OK(sst_writer_add(w, v.key, v.ts, v.value));
    }
    OK(sst_writer_finish(w));
    sst_writer_close(w);
    sst_iter_close(it);
    sst_reader_close(r);
}

/* The rows of v20.1's files, written by us: the same file. */
static void
test_genuine_rewrite(void **state)
{
    (void)state;
    if (!find_genuine())
        return;
    int same = 0, unpacked = 0;
    for (int i = 0; i < genuine.n; i++) {
        struct arena *a = arena_create(NULL, "file");
        struct slice f = load(a, i);
        bool other_release = strstr(genuine.path[i], "/v1") != NULL ||
                             strstr(genuine.path[i], "/v2.") != NULL;
        if (!is_encrypted(f) && !other_release) {
            struct str out;
            str_init(&out, 1 << 30);
            copy_file(f, NULL, &out);
            if (slice_eq(str_slice(&out), f)) {
                same++;
            } else {
                expect_same_file(a, f, str_slice(&out));
                unpacked++;
            }
            str_release(&out);
        }
        arena_destroy(a);
    }
    print_message("# %d files identical, %d more when unpacked\n", same, unpacked);
}

/* ---- our own ---- */

/* Rows that hurt: runs of 0xff, prefixes of each other, many versions, long and empty values. */
static size_t
make_rows(struct rand *r, struct arena *a, struct engine_version *v, size_t want)
{
    struct str key;
    size_t n = 0;
    str_init_arena(&key, a, 1 << 20);
    str_append_char(&key, (char)0x88);
    while (n < want) {
        if (rand_chance(r, 3)) { /* grow: the old key is a prefix */
            for (uint64_t i = rand_below(r, 6); i > 0; i--)
                str_append_char(&key, (char)(rand_chance(r, 3) ? 0xff : rand_below(r, 256)));
            str_append_char(&key, (char)rand_below(r, 3));
        } else { /* the next key after some prefix */
            size_t len = 1 + rand_below(r, key.len);
            while (len > 0 && (uint8_t)key.ptr[len - 1] == 0xff)
                len--;
            if (len == 0)
                break;
            key.len = len;
            key.ptr[len - 1]++;
        }
        if (key.len > 60) {
            key.len = 2;
            key.ptr[0] = (char)((uint8_t)key.ptr[0] == 0xff ? 0xff : key.ptr[0] + 1);
        }
        struct hlc ts = {1 + (int64_t)(rand_u64(r) >> 2), (int32_t)rand_below(r, 3)};
        struct slice k = slice_dup(a, str_slice(&key));
        if (n > 0 && slice_cmp(v[n - 1].key, k) >= 0)
            continue;
        for (uint64_t versions = rand_chance(r, 4) ? rand_below(r, 20) : 0;; versions--) {
            size_t len = rand_chance(r, 20) ? rand_below(r, 60000)
                         : rand_chance(r, 5) ? 0 : rand_below(r, 200);
            uint8_t *p = arena_alloc(a, len);
            if (rand_chance(r, 2))
                rand_fill(r, p, len);
            else
                memset(p, 'x', len);
            v[n++] = (struct engine_version){k, ts, slice_make(p, len)};
            if (versions == 0 || n == want)
                break;
            ts = rand_chance(r, 2) ? hlc_prev(ts) : (struct hlc){ts.wall / 2 + 1, 1};
            if (hlc_cmp(ts, v[n - 1].ts) >= 0)
                break;
        }
    }
    return n;
}

static void
write_rows(const struct engine_version *v, size_t n, const struct sst_writer_opts *o,
           struct str *out)
{
    struct sst_writer *w;
    OK(sst_writer_open(o, to_str, out, &w));
    for (size_t i = 0; i < n; i++)
        OK(sst_writer_add(w, v[i].key, v[i].ts, v[i].value));
    assert_int_equal(sst_writer_entries(w), n);
    OK(sst_writer_finish(w));
    sst_writer_close(w);
}

/* Rising, none more than there are pieces, each piece with about its share of the rows. */
static void
cuts_fit(struct sst_reader *rd, const struct engine_version *v, size_t n)
{
    struct arena *a = arena_create(NULL, "cuts");
    for (size_t pieces = 0; pieces < 9; pieces++) {
        struct slice *cuts;
        size_t n_cuts, at = 0, most = 0;
        OK(sst_reader_cuts(rd, a, pieces, &cuts, &n_cuts));
        assert_true(n_cuts == 0 || n_cuts < pieces);
        for (size_t i = 0; i <= n_cuts; i++) {
            size_t from = at;
            assert_true(i == 0 || i == n_cuts || slice_cmp(cuts[i - 1], cuts[i]) < 0);
            while (at < n && (i == n_cuts || slice_cmp(v[at].key, cuts[i]) < 0))
                at++;
            most = at - from > most ? at - from : most;
        }
        assert_int_equal(at, n);
        if (n_cuts + 1 == pieces && n / pieces > 2000) /* many blocks each */
            assert_true(most < 2 * (n / pieces));
    }
    arena_destroy(a);
}

static void
test_random_rows(void **state)
{
    (void)state;
    struct arena *top = arena_create(NULL, "rows");
    char *dir;
    OK(dir_create_temp(top, NULL, "amberdb-sst-", &dir));
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct arena *a = arena_create(top, "seed");
        struct rand r;
        rand_init(&r, seed);
        struct engine_version *v = ARENA_ARRAY(a, struct engine_version, 5001);
        size_t n = make_rows(&r, a, v, 5000);
        struct str file;
        str_init(&file, 1 << 30);
        struct sst_writer_opts o = {.no_compression = seed % 3 == 0, .for_ingest = seed % 2};
        write_rows(v, n, &o, &file);
        struct slice bytes = str_slice(&file);
        struct sst_source src = {.arg = &bytes, .size = bytes.len, .read = read_slice};
        struct sst_reader *rd;
        struct sst_iter *it;
        OK(sst_reader_open("random", &src, &rd));
        OK(sst_iter_open(rd, &it));
        struct engine_version got;
        bool more;
        for (size_t i = 0; i < n; i++) {
            OK(sst_iter_next(it, &got, &more));
            assert_true(more && slice_eq(got.key, v[i].key) && hlc_cmp(got.ts, v[i].ts) == 0 &&
                        slice_eq(got.value, v[i].value));
        }
        OK(sst_iter_next(it, &got, &more));
        assert_false(more);
        struct str before;
        str_init(&before, 1 << 20);
        cuts_fit(rd, v, n);
        for (size_t i = 0; i < n; i += 37) { /* seeks: to a key, and to just behind it */
            if (i > n / 2)
                OK(rd->n_starts > 0 ? NULL : sst_reader_index(rd)); /* now by halving */
            str_clear(&before);
            OK(sst_reader_before(rd, v[i].key, &before));
            assert_true(before.len == 0 || slice_cmp(str_slice(&before), v[i].key) < 0);
            assert_true(before.len > 0 || i < n / 2);
            for (int behind = 0; behind < 2; behind++) {
                uint8_t k[128];
                memcpy(k, v[i].key.ptr, v[i].key.len);
                k[v[i].key.len] = 0;
                struct slice to = slice_make(k, v[i].key.len + (size_t)behind);
                size_t want = 0;
                while (want < n && slice_cmp(v[want].key, to) < 0)
                    want++;
                OK(sst_iter_seek(it, to));
                for (int j = 0; j < 3; j++, want++) {
                    OK(sst_iter_next(it, &got, &more));
                    assert_int_equal(more, want < n);
                    if (!more)
                        break;
                    assert_true(slice_eq(got.key, v[want].key) &&
                                hlc_cmp(got.ts, v[want].ts) == 0);
                }
            }
        }
        str_release(&before);
        sst_iter_close(it);
        sst_reader_close(rd);
        /* And RocksDB sees the same, sought and scanned. */
        char *path = path_join(a, dir, "one.sst");
        write_file(path, bytes);
        struct engine *e;
        char *store = path_join(a, dir, arena_printf(a, "store%d", (int)seed));
        OK(engine_rocksdb_open(&(struct rocksdb_engine_opts){.path = store, .create = true}, &e));
        OK(engine_ingest(e, (const char *const[]){path}, 1, true));
        assert_false(file_exists(path));
        uint64_t rows, rows2, digest, digest2;
        engine_digest(e, (struct span){SLICE_NULL, SLICE_NULL}, &rows, &digest);
        struct sst_source mem = source_of(bytes);
        OK(read_all(&mem, &rows2, &digest2));
        assert_true(rows == n && rows == rows2 && digest == digest2);
        for (size_t i = 0; i < n; i += 11) {
            bool found;
            struct hlc ts;
            struct slice value;
            OK(engine_get(e, v[i].key, v[i].ts, a, &found, &ts, &value));
            assert_true(found && hlc_cmp(ts, v[i].ts) == 0 && slice_eq(value, v[i].value));
        }
        engine_close(e);
        str_release(&file);
        arena_destroy(a);
    }
    OK(dir_remove_tree(dir));
    arena_destroy(top);
}

static void
test_order_is_checked(void **state)
{
    (void)state;
    struct str out;
    struct sst_writer *w;
    str_init(&out, 1 << 20);
    OK(sst_writer_open(NULL, to_str, &out, &w));
    struct hlc t = {5, 0};
    OK(sst_writer_add(w, SLICE_LIT("b"), t, SLICE_LIT("v")));
    const struct { const char *key; struct hlc ts; } bad[] = {
        {"a", {5, 0}}, {"b", {5, 0}}, {"b", {6, 0}}, {"b", {5, 1}}};
    for (size_t i = 0; i < 4; i++) {
        struct error *err = sst_writer_add(w, slice_cstr(bad[i].key), bad[i].ts, SLICE_LIT("v"));
        assert_true(err_is(err, ERR_INTERNAL));
        err_free(err);
    }
    OK(sst_writer_add(w, SLICE_LIT("b"), (struct hlc){4, 9}, SLICE_LIT("v")));
    OK(sst_writer_finish(w));
    sst_writer_close(w);
    str_release(&out);
}

/* ---- damage ---- */

static struct slice
small_file(struct arena *a, struct str *out)
{
    struct rand r;
    rand_init(&r, 99);
    struct engine_version *v = ARENA_ARRAY(a, struct engine_version, 301);
    struct str key;
    for (int i = 0; i < 300; i++) {
        str_init_arena(&key, a, 100);
        str_printf(&key, "\xbd\x89key%04d", i);
        uint8_t *p = arena_alloc(a, 300);
        rand_fill(&r, p, 150);
        memset(p + 150, 'y', 150);
        v[i] = (struct engine_version){str_slice(&key), {1000 + i, i % 2}, slice_make(p, 300)};
    }
    write_rows(v, 300, NULL, out);
    return str_slice(out);
}

/* Each byte of a small file changed: an error, or the same rows (padding, unused properties). */
static void
test_flips(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "flips");
    struct str out;
    str_init(&out, 1 << 24);
    struct slice f = small_file(a, &out);
    uint8_t *bytes = arena_memdup(a, f.ptr, f.len);
    struct sst_source src = {.size = f.len, .mem = bytes};
    uint64_t rows, digest, rows2, digest2;
    OK(read_all(&src, &rows, &digest));
    size_t harmless = 0;
    for (size_t i = 0; i < f.len; i++)
        for (int bit = 0; bit < 8; bit += f.len - i < 2000 ? 1 : 7) {
            bytes[i] ^= (uint8_t)(1 << bit);
            struct error *err = read_all(&src, &rows2, &digest2);
            if (err == NULL) {
                assert_true(rows == rows2 && digest == digest2);
                harmless++;
            } else {
                assert_true(strcmp(err->sqlstate, "XX001") == 0 ||
                            strcmp(err->sqlstate, "0A000") == 0);
            }
            err_free(err);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    assert_true(harmless < 8 * 48); /* the footer's padding */
    for (size_t len = 0; len < f.len; len += len < f.len - 400 ? 97 : 1) {
        src.size = len;
        struct error *err = read_all(&src, &rows2, &digest2);
        assert_true(err_is(err, ERR_DATA_CORRUPTED));
        err_free(err);
    }
    str_release(&out);
    arena_destroy(a);
}

/* As above with block checksums made right again, so that the inside of the reader is reached. */
static void
test_hostile(void **state)
{
    (void)state;
    struct arena *a = arena_create(NULL, "hostile");
    struct str out;
    str_init(&out, 1 << 24);
    struct sst_writer_opts o = {.no_compression = true};
    struct rand r;
    rand_init(&r, 3);
    struct engine_version *v = ARENA_ARRAY(a, struct engine_version, 60);
    size_t n = make_rows(&r, a, v, 50);
    for (size_t i = 0; i < n; i++)
        if (v[i].value.len > 20)
            v[i].value.len = 20;
    write_rows(v, n, &o, &out);
    struct slice f = str_slice(&out);
    uint8_t *bytes = arena_memdup(a, f.ptr, f.len);
    struct sst_source src = {.size = f.len, .mem = bytes};
    /* The blocks: data and index by their handles, then properties and metaindex. */
    uint64_t starts[8], sizes[8];
    size_t blocks = 0, at = 0;
    const uint8_t *footer = f.ptr + f.len - 48;
    at = enc_get_uvarint(footer, 40, &starts[0]);
    at += enc_get_uvarint(footer + at, 40 - at, &sizes[0]);
    at += enc_get_uvarint(footer + at, 40 - at, &starts[1]);
    enc_get_uvarint(footer + at, 40 - at, &sizes[1]);
    blocks = 2;
    starts[2] = 0, sizes[2] = starts[1] - 5; /* one data block */
    starts[3] = starts[1] + sizes[1] + 5, sizes[3] = starts[0] - starts[3] - 5;
    blocks = 4;
    for (int i = 0; i < 60000; i++) {
        size_t b = rand_below(&r, blocks);
        memcpy(bytes, f.ptr, f.len);
        for (uint64_t k = 1 + rand_below(&r, 3); k > 0; k--) {
            uint8_t *p = bytes + starts[b] + rand_below(&r, sizes[b] + 1);
            *p = (uint8_t)(rand_chance(&r, 2) ? rand_u64(&r) : *p ^ (1u << rand_below(&r, 8)));
        }
        uint32_t crc = crc32c(0, bytes + starts[b], sizes[b] + 1);
        enc_put_le32(bytes + starts[b] + sizes[b] + 1, ((crc >> 15) | (crc << 17)) + 0xa282ead8u);
        err_free(read_all(&src, NULL, NULL));
    }
    str_release(&out);
    arena_destroy(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_rows),  cmocka_unit_test(test_order_is_checked),
        cmocka_unit_test(test_flips),        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_genuine_read), cmocka_unit_test(test_genuine_rewrite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
