/* storage/engine_rocksdb.c - the embedded engine: RocksDB through its C API.
 *
 * One column family in CockroachDB's encoding: MVCC keys, whole values, comparator
 * "cockroach_comparator". Restored files are ingested as they are. Options follow measurements:
 * prefix bloom filters for absent keys and small blocks; Snappy and CRC-32C, which our own reader takes
 * (the shim gives the library a fast CRC-32C). Range tombstones are never used: a scan that leaves out
 * files by their time bounds would not see them, nor would our own reader.
 */
#include "config.h"

#include "storage/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rocksdb/c.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "storage/engine_rocksdb_int.h"
#include "storage/mvcc.h"
#include "storage/rocksdb_shim.h"
#include "storage/sst.h"

#define CACHE_BYTES_DEFAULT ((size_t)128 << 20)
#define WRITE_BUFFER_BYTES ((size_t)32 << 20)
#define WRITE_BUFFERS 4
#define BLOCK_BYTES ((size_t)8 << 10)
#define FILE_BYTES ((uint64_t)32 << 20)
#define BLOOM_BITS 10
#define CHECKSUM_CRC32C 1
#define OPEN_FILES_MAX 4096
/* A filter has up to 3 MB, and the cache does not keep what is larger than half of a shard: it would be
 * read again at each look. */
#define CACHE_SHARD_BYTES ((size_t)16 << 20)
#define CACHE_SHARD_BITS_MAX 6
/* A commit of more rows than this and at least so many bytes goes through a file. */
#define BULK_MIN 1000
#define BULK_BYTES ((size_t)4 << 20)
#define ENTRY_BYTES 24 /* its time, and what a table in memory adds */
#define DELETE_BATCH 4096 /* versions removed in one batch by gc and drop_span */

/* ---- errors ---- */

struct error *
rocks_error(char *msg, const char *what)
{
    if (msg == NULL)
        return NULL;
    enum errcode code = ERR_IO;
    if (strstr(msg, "No space left on device") != NULL || strstr(msg, "NoSpace") != NULL)
        code = ERR_DISK_FULL;
    else if (strncmp(msg, "Corruption", 10) == 0)
        code = ERR_DATA_CORRUPTED;
    struct error *err = err_new(code, "%s: %s", what, msg);
    rocksdb_free(msg);
    return err;
}

struct error *
rocks_iter_error(const rocksdb_iterator_t *it)
{
    char *msg = NULL;
    rocksdb_iter_get_error(it, &msg);
    return rocks_error(msg, "could not read store");
}

void
rocks_span_bounds(struct span s, struct str *lower, struct str *upper)
{
    static const uint8_t least = ENGINE_KEY_MIN;
    if (s.start.len == 0 || s.start.ptr[0] < least)
        s.start = slice_make(&least, 1);
    str_append_slice(lower, s.start);
    str_append_char(lower, 0);
    if (s.end.len == 0)
        str_append_fill(upper, (char)0xff, 64); /* no roachpb key sorts after */
    else
        str_append_slice(upper, s.end);
    str_append_char(upper, 0);
}

/* ---- open and close ---- */

/* A prefix is the key up to the suffix and one 00: itself a key without time. */
static char *
prefix_transform(void *arg, const char *key, size_t len, size_t *out_len)
{
    struct slice user;
    struct hlc ts;
    (void)arg;
    *out_len = mvcc_split(slice_make(key, len), &user, &ts) ? user.len + 1 : len;
    return (char *)(uintptr_t)key;
}

static unsigned char
prefix_in_domain(void *arg, const char *key, size_t len)
{
    struct slice user;
    struct hlc ts;
    (void)arg;
    return mvcc_split(slice_make(key, len), &user, &ts);
}

static unsigned char
prefix_in_range(void *arg, const char *key, size_t len)
{
    (void)arg;
    (void)key;
    (void)len;
    return 0;
}

static const char *
prefix_name(void *arg)
{
    (void)arg;
    return "cockroach_prefix_extractor";
}

static void
prefix_destroy(void *arg)
{
    (void)arg;
}

static int
open_files_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return 256;
    rlim_t half = r.rlim_cur / 2;
    return half > OPEN_FILES_MAX ? OPEN_FILES_MAX : half < 64 ? 64 : (int)half;
}

static rocksdb_options_t *
options_make(const struct rocksdb_engine_opts *ro, rocksdb_cache_t *cache, int compression)
{
    rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_size(t, BLOCK_BYTES);
    rocksdb_block_based_options_set_format_version(t, 5);
    rocksdb_block_based_options_set_checksum(t, CHECKSUM_CRC32C);
    rocksdb_block_based_options_set_filter_policy(
        t, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
    rocksdb_block_based_options_set_whole_key_filtering(t, 0);
    rocksdb_block_based_options_set_block_cache(t, cache);
    /* Indexes and filters live in the cache too, so that its size bounds them. */
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(t, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(t, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(t, 1);

    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_options_set_block_based_table_factory(o, t);
    rocksdb_block_based_options_destroy(t);
    rocksdb_shim_set_comparator(o);
    rocksdb_shim_add_time_bounds(o, ENGINE_KEY_MIN);
    rocksdb_options_set_prefix_extractor(
        o, rocksdb_slicetransform_create(NULL, prefix_destroy, prefix_transform, prefix_in_domain,
                                         prefix_in_range, prefix_name));
    rocksdb_options_set_create_if_missing(o, ro->create);
    rocksdb_options_set_compression(o, compression);
    rocksdb_options_set_write_buffer_size(o, WRITE_BUFFER_BYTES);
    rocksdb_options_set_max_write_buffer_number(o, WRITE_BUFFERS);
    rocksdb_options_set_level0_file_num_compaction_trigger(o, 4);
    rocksdb_options_set_target_file_size_base(o, FILE_BYTES);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(o, 1);
    rocksdb_options_set_max_background_jobs(o, 2);
    rocksdb_options_set_bytes_per_sync(o, 1 << 20);
    rocksdb_options_set_max_open_files(o, open_files_limit());
    rocksdb_options_set_info_log_level(o, 2 /* warnings */);
    rocksdb_options_set_keep_log_file_num(o, 4);
    rocksdb_options_set_max_log_file_size(o, 1 << 20);
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    rocksdb_options_set_stats_persist_period_sec(o, 0);
    return o;
}

static struct error *
open_error(char *msg, const char *path)
{
    struct error *err;
    if (strstr(msg, "LOCK") != NULL && strstr(msg, "lock") != NULL)
        err = err_new(ERR_OBJECT_IN_USE, "store %s is in use by another process", path);
    else if (strstr(msg, "create_if_missing is false") != NULL)
        err = err_new(ERR_UNDEFINED_FILE, "there is no store in %s", path);
    else
        return rocks_error(msg, path);
    rocksdb_free(msg);
    return err;
}

/* Files of bulk commits that a crash left behind: never ingested, so nobody's. */
static struct error *
remove_leftovers(const char *path)
{
    struct arena *a = arena_create(NULL, "store leftovers");
    struct error *err;
    char **names;
    size_t count;
    ERR_GOTO(dir_list(a, path, &names, &count), out);
    for (size_t i = 0; i < count; i++)
        if (strncmp(names[i], "bulk-", 5) == 0)
            ERR_GOTO(file_remove(path_join(a, path, names[i])), out);
out:
    arena_destroy(a);
    return err;
}

static rocksdb_cache_t *
cache_create(size_t bytes)
{
    rocksdb_lru_cache_options_t *o = rocksdb_lru_cache_options_create();
    int bits = 0;
    while (bits < CACHE_SHARD_BITS_MAX && bytes >> (bits + 1) >= CACHE_SHARD_BYTES)
        bits++;
    rocksdb_lru_cache_options_set_capacity(o, bytes);
    rocksdb_lru_cache_options_set_num_shard_bits(o, bits);
    rocksdb_cache_t *cache = rocksdb_cache_create_lru_opts(o);
    rocksdb_lru_cache_options_destroy(o);
    return cache;
}

static const struct engine_vt rocks_vt;

struct error *
engine_rocksdb_open(const struct rocksdb_engine_opts *o, struct engine **out)
{
    if (!rocksdb_shim_check())
        return err_new(ERR_INTERNAL, "this build does not fit the installed RocksDB library");
    if (o->create)
        ERR_TRY(dir_create_all(o->path, 0755));
    static const int compressions[] = {rocksdb_snappy_compression, rocksdb_no_compression};
    rocksdb_cache_t *cache =
        cache_create(o->cache_bytes != 0 ? o->cache_bytes : CACHE_BYTES_DEFAULT);
    rocksdb_options_t *options = NULL;
    rocksdb_t *db = NULL;
    char *msg = NULL;
    for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]) && db == NULL; i++) {
        if (options != NULL)
            rocksdb_options_destroy(options);
        rocksdb_free(msg);
        msg = NULL;
        options = options_make(o, cache, compressions[i]);
        db = rocksdb_open(options, o->path, &msg);
        if (db == NULL && strstr(msg, "not linked") == NULL)
            break; /* only a compression that this build lacks is tried otherwise */
    }
    if (db == NULL) {
        rocksdb_options_destroy(options);
        rocksdb_cache_destroy(cache);
        return open_error(msg, o->path);
    }
    struct rocks_engine *e = xcalloc(1, sizeof(*e));
    e->base.vt = &rocks_vt;
    e->db = db;
    e->options = options;
    e->cache = cache;
    e->path = xstrdup(o->path);
    e->get_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_prefix_same_as_start(e->get_options, 1);
    e->write_sync = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(e->write_sync, 1);
    e->write_lazy = rocksdb_writeoptions_create();
    struct error *err = remove_leftovers(o->path);
    if (err != NULL) {
        engine_close(&e->base);
        return err;
    }
    e->files_readable = rocks_files_readable(e);
    e->deletes_done = 1; /* the log may have brought some */
    *out = &e->base;
    return NULL;
}

static void
rocks_close(struct engine *base)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    VERIFY(e->open_iters == 0);
    rocks_points_drop(e, 0);
    rocksdb_close(e->db);
    rocksdb_writeoptions_destroy(e->write_sync);
    rocksdb_writeoptions_destroy(e->write_lazy);
    rocksdb_readoptions_destroy(e->get_options);
    rocksdb_options_destroy(e->options);
    rocksdb_cache_destroy(e->cache);
    xfree(e->path);
    xfree(e);
}

/* ---- writes ---- */

static struct error *
batch_write(struct rocks_engine *e, rocksdb_writebatch_t *b, bool sync)
{
    char *msg = NULL;
    rocksdb_write(e->db, sync ? e->write_sync : e->write_lazy, b, &msg);
    return rocks_error(msg, "could not write store");
}

/* An error of the disk amid a commit: it may or may not have got there. A full disk took nothing. */
static struct error *
ambiguous(struct error *err)
{
    if (!err_is(err, ERR_IO))
        return err;
    err = err_sqlstate(err_wrap(err, "result is ambiguous"),
                       errcode_sqlstate(ERR_STATEMENT_COMPLETION_UNKNOWN));
    err->code = ERR_STATEMENT_COMPLETION_UNKNOWN;
    return err;
}

static bool
is_bulk(const struct engine_write *w, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += w[i].key.len + w[i].value.len + ENTRY_BYTES;
        if (i > 0) { /* a file takes each version once, in order */
            int c = slice_cmp(w[i - 1].key, w[i].key);
            if (c > 0 || (c == 0 && hlc_cmp(w[i - 1].ts, w[i].ts) <= 0))
                return false;
        }
    }
    return bytes >= BULK_BYTES;
}

static struct error *
rocks_sync(struct engine *base)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    FAULT_TRY(engine_sync);
    char *msg = NULL;
    rocksdb_flush_wal(e->db, 1, &msg);
    return ambiguous(rocks_error(msg, "could not sync the store's log"));
}

struct bulk_file {
    int fd;
    const char *path;
};

static struct error *
bulk_sink(void *arg, const void *p, size_t n)
{
    const struct bulk_file *f = arg;
    return fd_write_early(f->fd, f->path, p, n);
}

static struct error *
bulk_write(const struct bulk_file *f, const struct engine_write *w, size_t n)
{
    struct sst_writer_opts o = {.for_ingest = true};
    struct sst_writer *sst;
    ERR_TRY(sst_writer_open(&o, bulk_sink, (void *)(uintptr_t)f, &sst));
    struct error *err = NULL;
    for (size_t i = 0; i < n && err == NULL; i++)
        err = sst_writer_add(sst, w[i].key, w[i].ts, w[i].value);
    if (err == NULL)
        err = sst_writer_finish(sst);
    sst_writer_close(sst);
    return err != NULL ? err : fd_sync(f->fd, f->path);
}

static struct error *rocks_ingest(struct engine *base, const char *const *paths, size_t n,
                                  bool move) ERR_MUST_USE;

/* Write the batch as a file and take that in: no second copy in memory, none in the log, and several
 * times faster. */
static struct error *
bulk_commit(struct rocks_engine *e, const struct engine_write *w, size_t n)
{
    struct arena *a = arena_create(NULL, "bulk commit");
    char name[64];
    snprintf(name, sizeof(name), "bulk-%" PRIu64, (uint64_t)e->next_temp++);
    struct bulk_file f = {-1, path_join(a, e->path, name)};
    struct error *err = NULL;
    f.fd = open(f.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (f.fd < 0)
        err = err_errno(errno, "could not create %s", f.path);
    else
        err = bulk_write(&f, w, n);
    if (f.fd >= 0)
        close(f.fd);
    if (err == NULL)
        err = ambiguous(rocks_ingest(&e->base, &f.path, 1, true));
    if (err != NULL)
        unlink(f.path);
    arena_destroy(a);
    return err;
}

static struct error *
rocks_commit(struct engine *base, const struct engine_write *w, size_t n, bool sync)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    FAULT_TRY(engine_commit);
    if (n > BULK_MIN && is_bulk(w, n))
        return bulk_commit(e, w, n);
    rocksdb_writebatch_t *b = rocksdb_writebatch_create();
    for (size_t i = 0; i < n; i++) {
        uint8_t suffix[MVCC_SUFFIX_MAX];
        size_t suffix_len = mvcc_put_suffix(suffix, w[i].ts);
        const char *keys[2] = {(const char *)w[i].key.ptr, (const char *)suffix};
        size_t key_lens[2] = {w[i].key.len, suffix_len};
        const char *values[1] = {(const char *)w[i].value.ptr};
        size_t value_lens[1] = {w[i].value.len};
        rocksdb_writebatch_putv(b, 2, keys, key_lens, 1, values, value_lens);
    }
    struct error *err = batch_write(e, b, sync);
    rocksdb_writebatch_destroy(b);
    return ambiguous(err);
}

static struct error *
rocks_ingest(struct engine *base, const char *const *paths, size_t n, bool move)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    FAULT_TRY(engine_ingest);
    ERR_TRY(rocks_sync(base));
    rocksdb_ingestexternalfileoptions_t *o = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(o, move);
    rocksdb_shim_leave_files_alone(o);
    char *msg = NULL;
    rocksdb_ingest_external_file(e->db, paths, n, o, &msg);
    rocksdb_ingestexternalfileoptions_destroy(o);
    rocks_files_changed(e);
    return rocks_error(msg, "could not ingest");
}

/* ---- removal ---- */

/* An iterator over the raw keys of a span, and a batch of deletes that is written when full. */
struct remover {
    struct rocks_engine *e;
    struct str lower, upper;
    rocksdb_readoptions_t *options;
    rocksdb_iterator_t *it;
    rocksdb_writebatch_t *batch;
    int in_batch;
};

static void
remover_init(struct remover *r, struct rocks_engine *e, struct span s)
{
    *r = (struct remover){.e = e};
    str_init(&r->lower, STR_MAX_DEFAULT);
    str_init(&r->upper, STR_MAX_DEFAULT);
    rocks_span_bounds(s, &r->lower, &r->upper);
    r->options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_total_order_seek(r->options, 1);
    rocksdb_readoptions_set_fill_cache(r->options, 0);
    rocksdb_readoptions_set_iterate_lower_bound(r->options, r->lower.ptr, r->lower.len);
    rocksdb_readoptions_set_iterate_upper_bound(r->options, r->upper.ptr, r->upper.len);
    r->batch = rocksdb_writebatch_create();
}

static void
remover_release(struct remover *r)
{
    if (r->it != NULL)
        rocksdb_iter_destroy(r->it);
    rocksdb_readoptions_destroy(r->options);
    rocksdb_writebatch_destroy(r->batch);
    str_release(&r->lower);
    str_release(&r->upper);
}

static struct error *
remover_flush(struct remover *r, bool sync)
{
    if (r->in_batch == 0)
        return NULL;
    r->e->deletes_active++;
    struct error *err = batch_write(r->e, r->batch, sync);
    r->e->deletes_done++;
    r->e->deletes_active--;
    ERR_TRY(err);
    rocksdb_writebatch_clear(r->batch);
    r->in_batch = 0;
    return NULL;
}

static struct error *
remover_delete(struct remover *r, struct slice mvcc_key)
{
    rocksdb_writebatch_delete(r->batch, (const char *)mvcc_key.ptr, mvcc_key.len);
    return ++r->in_batch >= DELETE_BATCH ? remover_flush(r, false) : NULL;
}

static struct slice
remover_key(const struct remover *r)
{
    struct slice m;
    m.ptr = (const uint8_t *)rocksdb_iter_key(r->it, &m.len);
    return m;
}

static struct error *
rocks_drop_span(struct engine *base, struct span s)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    struct remover r;
    remover_init(&r, e, s);
    /* Whole files first, then what is left in others; a version that shows again in between,
     * because the file with its delete went first, goes with the rest. */
    char *msg = NULL;
    rocksdb_delete_file_in_range(e->db, r.lower.ptr, r.lower.len, r.upper.ptr, r.upper.len, &msg);
    struct error *err = rocks_error(msg, "could not drop files of store");
    if (err != NULL)
        goto out;
    r.it = rocksdb_create_iterator(e->db, r.options);
    for (rocksdb_iter_seek_to_first(r.it); rocksdb_iter_valid(r.it); rocksdb_iter_next(r.it))
        ERR_GOTO(remover_delete(&r, remover_key(&r)), out);
    ERR_GOTO(rocks_iter_error(r.it), out);
    err = remover_flush(&r, true);
out:
    remover_release(&r);
    rocks_files_changed(e);
    return err;
}

/* One key's state while gc walks its versions, newest first. */
struct gc_key {
    struct str key;     /* roachpb key */
    bool have_newest;   /* the newest version at or below the threshold was met */
    struct str deletion; /* its MVCC key when it is a deletion: removed after the older ones, so that
                            these never show again */
};

static struct error *
gc_key_end(struct remover *r, struct gc_key *k, uint64_t *removed)
{
    if (k->deletion.len > 0) {
        ERR_TRY(remover_delete(r, str_slice(&k->deletion)));
        (*removed)++;
        str_clear(&k->deletion);
    }
    return NULL;
}

static struct error *
gc_version(struct remover *r, struct gc_key *k, struct hlc threshold, uint64_t *removed)
{
    struct slice m = remover_key(r), key;
    struct hlc ts;
    if (!mvcc_split(m, &key, &ts))
        return err_new(ERR_DATA_CORRUPTED, "store holds a key that is no MVCC key");
    if (!slice_eq(key, str_slice(&k->key))) {
        ERR_TRY(gc_key_end(r, k, removed));
        str_clear(&k->key);
        str_append_slice(&k->key, key);
        k->have_newest = false;
    }
    if (hlc_cmp(ts, threshold) > 0)
        return NULL;
    if (k->have_newest) {
        ERR_TRY(remover_delete(r, m));
        (*removed)++;
        return NULL;
    }
    k->have_newest = true;
    size_t len;
    rocksdb_iter_value(r->it, &len);
    if (len == 0)
        str_append_slice(&k->deletion, m);
    return NULL;
}

static struct error *
rocks_gc(struct engine *base, struct span s, struct hlc threshold, const struct cancel *cancel,
         uint64_t *removed)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    struct remover r;
    struct gc_key k = {.have_newest = false};
    struct error *err = NULL;
    uint64_t seen = 0;
    str_init(&k.key, STR_MAX_DEFAULT);
    str_init(&k.deletion, STR_MAX_DEFAULT);
    remover_init(&r, e, s);
    r.it = rocksdb_create_iterator(e->db, r.options);
    for (rocksdb_iter_seek_to_first(r.it); rocksdb_iter_valid(r.it); rocksdb_iter_next(r.it)) {
        if (seen++ % 1024 == 0)
            ERR_GOTO(cancel_check(cancel), out);
        ERR_GOTO(gc_version(&r, &k, threshold, removed), out);
    }
    ERR_GOTO(rocks_iter_error(r.it), out);
    ERR_GOTO(gc_key_end(&r, &k, removed), out);
    err = remover_flush(&r, true);
out:
    remover_release(&r);
    str_release(&k.key);
    str_release(&k.deletion);
    return err;
}

/* ---- facts, estimates, upkeep ---- */

static void
meta_key(struct str *out, const char *name)
{
    str_append_char(out, META_PREFIX);
    str_append(out, name, strlen(name) + 1); /* its NUL ends a key without time */
}

static struct error *
rocks_meta_get(struct engine *base, const char *name, struct arena *a, bool *found,
               struct slice *value)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    struct str key;
    str_init_arena(&key, a, STR_MAX_DEFAULT);
    meta_key(&key, name);
    char *msg = NULL;
    size_t len;
    char *v = rocksdb_get(e->db, e->get_options, key.ptr, key.len, &len, &msg);
    ERR_TRY(rocks_error(msg, "could not read store"));
    *found = v != NULL;
    if (*found)
        *value = slice_dup(a, slice_make(v, len));
    rocksdb_free(v);
    return NULL;
}

static struct error *
rocks_meta_put(struct engine *base, const char *name, struct slice value)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    FAULT_TRY(engine_commit);
    struct str key;
    str_init(&key, STR_MAX_DEFAULT);
    meta_key(&key, name);
    char *msg = NULL;
    rocksdb_put(e->db, e->write_sync, key.ptr, key.len, (const char *)value.ptr, value.len, &msg);
    str_release(&key);
    return rocks_error(msg, "could not write store");
}

static struct error *
rocks_span_stats(struct engine *base, struct span s, uint64_t *bytes)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    struct str lower, upper;
    str_init(&lower, STR_MAX_DEFAULT);
    str_init(&upper, STR_MAX_DEFAULT);
    rocks_span_bounds(s, &lower, &upper);
    *bytes = rocksdb_shim_span_bytes(e->db, (const uint8_t *)lower.ptr, lower.len,
                                     (const uint8_t *)upper.ptr, upper.len);
    str_release(&lower);
    str_release(&upper);
    return NULL;
}

static struct error *
rocks_flush(struct engine *base)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    rocksdb_flushoptions_t *o = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(o, 1);
    char *msg = NULL;
    rocksdb_flush(e->db, o, &msg);
    rocksdb_flushoptions_destroy(o);
    return rocks_error(msg, "could not flush store");
}

static struct error *
rocks_compact(struct engine *base, struct span s)
{
    struct rocks_engine *e = (struct rocks_engine *)base;
    struct str lower, upper;
    str_init(&lower, STR_MAX_DEFAULT);
    str_init(&upper, STR_MAX_DEFAULT);
    rocks_span_bounds(s, &lower, &upper);
    rocksdb_compactoptions_t *o = rocksdb_compactoptions_create();
    rocksdb_compactoptions_set_exclusive_manual_compaction(o, 0);
    rocksdb_compactoptions_set_bottommost_level_compaction(o, 2 /* force: gives filters */);
    rocksdb_compact_range_opt(e->db, o, lower.ptr, lower.len, upper.ptr, upper.len);
    rocksdb_compactoptions_destroy(o);
    str_release(&lower);
    str_release(&upper);
    return NULL;
}

static const struct engine_vt rocks_vt = {
    .name = "rocksdb",
    .features = ENGINE_INGEST | ENGINE_TIME_BOUNDS,
    .close = rocks_close,
    .get = rocks_get,
    .iter_open = rocks_iter_open,
    .iter_next = rocks_iter_next,
    .iter_batch = rocks_iter_batch,
    .iter_block = rocks_iter_block,
    .iter_seek = rocks_iter_seek,
    .iter_close = rocks_iter_close,
    .commit = rocks_commit,
    .sync = rocks_sync,
    .ingest = rocks_ingest,
    .drop_span = rocks_drop_span,
    .gc = rocks_gc,
    .meta_get = rocks_meta_get,
    .meta_put = rocks_meta_put,
    .span_stats = rocks_span_stats,
    .flush = rocks_flush,
    .compact = rocks_compact,
};
