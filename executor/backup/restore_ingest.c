/* The data of a RESTORE: files of all layers merged, keys rewritten, new files handed to the engine.
 *
 *     intervals of the coverage check, large ones cut  ->  in key order, units of at most UNIT_BYTES_MAX
 *     two threads take units: merge -> rewrite -> SST in the temporary folder -> engine_ingest
 *
 * Of each key the newest version at or before the wanted time stays, unless it is a deletion. Every
 * file's SHA-512 is verified before its first entry is used. Files are mapped, and given back to the
 * system as they are walked, so that memory stays small whatever their size. */
#include "config.h"

#include "executor/backup/restore_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/thread.h"
#include "executor/backup/merge.h"
#include "executor/node.h"
#include "executor/settings.h"
#include "types/valueenc.h"

#define INGEST_THREADS 2
/* Of data in files: intervals are gathered up to that, so that several files can be hashed at once. */
#define UNIT_BYTES_MIN ((int64_t)32 << 20)
#define UNIT_BYTES_MAX ((int64_t)128 << 20)
/* A larger file is cut into such pieces; smaller ones where threads have to share a node's unit. */
#define PIECE_BYTES ((int64_t)16 << 20)
#define PIECE_BYTES_SHARED ((int64_t)4 << 20)
#define OUT_FILE_BYTES ((uint64_t)64 << 20)  /* keys and values in one new SST */
#define FETCH_TRIES 3
#define BATCH_BYTES ((size_t)1 << 20)        /* engines that take no files */
#define BATCH_MAX 4096
#define CANCEL_ROWS 4096
#define PAY_BYTES ((uint64_t)64 << 10)
#define POLL_NS INT64_C(200000000)
#define SAVE_NS POLL_NS /* job_progress writes less often */
#define RATE_SETTING "kv.bulk_io_write.max_rate"

struct unit {
    size_t first, n;  /* of the intervals */
    int64_t weight;
    bool done;
};

struct ingester {
    const struct ingest_opts *o;
    struct arena *a;
    struct cover_interval *iv;
    size_t n_iv, cap_iv, n_files;
    struct unit *units;
    size_t n_units, next, n_done_prefix;
    int64_t weight_total, weight_done; /* guarded by lock, as are: */
    int64_t weight_begun; /* of the units in hand, what has been read */
    _Atomic bool *verified;  /* by cover_file.index */
    struct fetcher *fetch;
    struct mutex lock;
    struct cond changed;
    struct cancel stop;
    struct error *error;
    int running;
    struct row_counter *total;
    struct hlc newest;
    int64_t rate, start_ns;
    uint64_t paid;
};

/* ---- open files ---- */

struct open_file {
    struct merge_file m;
    struct arena *a;          /* the mapping, unless it is one of the fetcher's: */
    struct fetcher *fetch;
    const struct cover_file *cf;
    struct sst_source src;
};

struct worker {
    struct ingester *g;
    struct arena *a;          /* of one unit */
    struct merge_files files;
    struct key_rewrite_state keys;
    struct row_counter count;
    struct hlc newest;
    /* output */
    int fd;
    char *path;
    struct sst_writer *sst;
    char **paths;
    size_t n_paths;
    struct engine_write *batch;
    size_t n_batch, batch_bytes;
    struct arena *batch_arena;
    uint64_t unpaid;
    int64_t weight, begun;   /* of the unit in hand; what of it is in weight_begun */
};

static void
close_file(struct merge_file *m)
{
    struct open_file *f = (struct open_file *)m;
    merge_input_release(&m->in);
    if (f->fetch != NULL)
        fetch_release(f->fetch, f->cf);
    arena_destroy(f->a);
    xfree(f);
}

/* The file as it was brought, if it is right. */
static bool
take_fetched(struct ingester *g, const struct cover_file *cf, struct open_file *f)
{
    if (!fetch_hold(g->fetch, cf, &f->m.in.map))
        return false;
    struct error *e =
        g->verified[cf->index] ? NULL : merge_verify(cf->file, f->m.in.map, true);
    if (e != NULL) { /* it is read once more */
        err_free(e);
        fetch_release(g->fetch, cf);
        return false;
    }
    g->verified[cf->index] = true;
    f->fetch = g->fetch;
    f->cf = cf;
    return true;
}

static struct error *
open_file(void *arg, const struct cover_file *cf, struct merge_file **out)
{
    struct ingester *g = arg;
    struct open_file *f = xcalloc(1, sizeof(*f));
    struct merge_input *in = &f->m.in;
    f->a = arena_create(NULL, "restore file");
    in->name = cf->file->path;
    in->keep = true;
    struct sink *s = layer_file_sink(cf->layer, cf->file);
    in->mapped = s->vt->map != NULL;
    struct error *e = NULL;
    bool have = take_fetched(g, cf, f);
    /* SOURCE: v20.1 reads a file up to three times until its checksum is right. */
    for (int i = 0; i < FETCH_TRIES && !have; i++) {
        err_free(e);
        e = sink_map(s, f->a, cf->file->path, &in->map);
        if (e != NULL) {
            e = err_wrap(store_error(e), "fetching \"%s\"", cf->file->path);
            break;
        }
        if (!g->verified[cf->index])
            e = merge_verify(cf->file, in->map, in->mapped);
        g->verified[cf->index] = e == NULL;
        if (e == NULL)
            break;
        arena_reset(f->a);
    }
    f->src = (struct sst_source){.size = in->map.len, .mem = in->map.ptr};
    if (e == NULL)
        e = sst_reader_open(cf->file->path, &f->src, &in->reader);
    if (e != NULL) {
        close_file(&f->m);
        return e;
    }
    *out = &f->m;
    return NULL;
}

/* ---- output ---- */

static struct error *
write_out(void *arg, const void *p, size_t len)
{
    struct worker *w = arg;
    return fd_write_early(w->fd, w->path, p, len);
}

static struct error *
out_begin(struct worker *w)
{
    w->path = arena_printf(w->a, "%s/restore-%016llx.sst", w->g->o->node->opts.temp_dir,
                           (unsigned long long)random_u64());
    w->fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (w->fd < 0)
        return err_errno(errno, "open %s", w->path);
    /* The compaction that follows every RESTORE packs the rows. */
    struct sst_writer_opts so = {.for_ingest = true, .no_compression = true};
    return sst_writer_open(&so, write_out, w, &w->sst);
}

static struct error *
out_end(struct worker *w)
{
    if (w->sst == NULL)
        return NULL;
    struct error *e = sst_writer_finish(w->sst);
    sst_writer_close(w->sst);
    w->sst = NULL;
    if (e == NULL)
        e = fd_sync(w->fd, w->path);
    close(w->fd);
    w->fd = -1;
    PB_PUSH(w->a, w->paths, w->n_paths, w->path);
    return e;
}

static struct error *
flush_batch(struct worker *w, bool sync)
{
    if (w->n_batch == 0 && !sync)
        return NULL;
    struct engine *e = kv_db_engine(w->g->o->node->db);
    struct error *err = e->vt->features & ENGINE_SHARED
                            ? engine_fence_commit(e, w->g->o->fence, w->batch, w->n_batch)
                            : engine_commit(e, w->batch, w->n_batch, sync);
    w->n_batch = 0;
    w->batch_bytes = 0;
    arena_reset(w->batch_arena);
    return err;
}

static struct error *
out_batch(struct worker *w, struct slice key, struct hlc ts, struct slice value)
{
    uint8_t *copy = arena_memdup(w->batch_arena, value.ptr, value.len);
    ERR_TRY(key_rewrite_seal(&w->keys, copy, value.len, key));
    w->batch[w->n_batch++] = (struct engine_write){slice_dup(w->batch_arena, key), ts,
                                                   slice_make(copy, value.len)};
    w->batch_bytes += key.len + value.len;
    return w->n_batch == BATCH_MAX || w->batch_bytes >= BATCH_BYTES ? flush_batch(w, false) : NULL;
}

static struct error *
out_add(struct worker *w, struct slice key, struct hlc ts, struct slice value)
{
    row_counter_add(&w->count, key, value.len);
    if (hlc_cmp(ts, w->newest) > 0)
        w->newest = ts;
    if (w->g->o->check_only)
        return NULL;
    if (w->batch != NULL)
        return out_batch(w, key, ts, value);
    /* New ids may come in another order than old ones: then another file begins. */
    bool behind = w->sst != NULL && !w->keys.same_index && !sst_writer_takes(w->sst, key, ts);
    if (behind || (w->sst != NULL && sst_writer_bytes(w->sst) >= OUT_FILE_BYTES))
        ERR_TRY(out_end(w));
    if (w->sst == NULL)
        ERR_TRY(out_begin(w));
    ERR_TRY(sst_writer_add(w->sst, key, ts, value));
    return key_rewrite_seal(&w->keys, sst_writer_value(w->sst), value.len, key);
}

/* ---- merging ---- */

/* Count bytes that were read of the unit in hand. Lock held. */
static void
begin_weight(struct worker *w, uint64_t bytes)
{
    int64_t left = w->weight - w->begun, n = bytes > (uint64_t)left ? left : (int64_t)bytes;
    w->begun += n;
    w->g->weight_begun += n;
}

/* Sleep as long as the bytes are ahead of the rate; look at the cancel token. */
static struct error *
pause_or_stop(struct worker *w)
{
    struct ingester *g = w->g;
    ERR_TRY(cancel_check(&g->stop));
    mutex_lock(&g->lock);
    begin_weight(w, w->unpaid);
    g->paid += w->unpaid;
    w->unpaid = 0;
    if (g->rate <= 0) {
        mutex_unlock(&g->lock);
        return NULL;
    }
    int64_t due = g->start_ns + (int64_t)((double)g->paid / (double)g->rate * 1e9), left;
    while ((left = due - monotonic_now_ns()) > 0 && !cancel_requested(&g->stop))
        cond_wait_ns(&g->changed, &g->lock, left < POLL_NS ? left : POLL_NS);
    mutex_unlock(&g->lock);
    return cancel_check(&g->stop);
}

static struct error *
emit(struct worker *w, const struct engine_version *v)
{
    struct slice key;
    bool keep;
    w->unpaid += v->key.len + v->value.len;
    if (v->value.len == 0)
        return NULL; /* deleted */
    if (w->g->o->check_only && !value_checksum_ok(v->value, v->key))
        return err_new(ERR_DATA_CORRUPTED, "checksum mismatch in the value of %s",
                       key_text(w->a, v->key));
    ERR_TRY(key_rewrite_key(&w->keys, v->key, &key, &keep));
    return keep ? out_add(w, key, v->ts, v->value) : NULL;
}

static struct error *
emit_all(struct worker *w, struct merge *m)
{
    struct engine_version v;
    bool more;
    for (uint64_t rows = 1;; rows++) {
        if (rows % CANCEL_ROWS == 0 || w->unpaid >= PAY_BYTES)
            ERR_TRY(pause_or_stop(w));
        ERR_TRY(merge_next(m, &v, &more));
        if (!more)
            return NULL;
        ERR_TRY(emit(w, &v));
    }
}

static struct error *
do_interval(struct worker *w, const struct cover_interval *iv)
{
    struct merge_input **in;
    struct merge m;
    ERR_TRY(merge_files_open(&w->files, w->a, iv, &in));
    struct error *err = merge_open(&m, w->a, in, iv->n_files, iv->span, w->g->o->as_of);
    if (err == NULL)
        err = emit_all(w, &m);
    merge_close(&m);
    return err;
}

/* ---- units ---- */

static void
discard_output(struct worker *w)
{
    if (w->sst != NULL)
        sst_writer_close(w->sst);
    w->sst = NULL;
    if (w->fd >= 0) {
        close(w->fd);
        w->fd = -1;
        unlink(w->path);
    }
    for (size_t i = 0; i < w->n_paths; i++)
        unlink(w->paths[i]);
    w->n_paths = 0;
}

static struct error *
hand_over(struct worker *w)
{
    struct engine *e = kv_db_engine(w->g->o->node->db);
    if (w->g->o->check_only)
        return NULL;
    if (w->batch != NULL)
        return flush_batch(w, true);
    ERR_TRY(out_end(w));
    if (w->n_paths == 0)
        return NULL;
    ERR_TRY(cancel_check(&w->g->stop));
    ERR_TRY(engine_ingest(e, (const char *const *)w->paths, w->n_paths, true));
    for (size_t i = 0; i < w->n_paths; i++)
        unlink(w->paths[i]); /* moved already, or copied */
    w->n_paths = 0;
    return NULL;
}

/* Verify files, several at once: those that were brought, else mapped ones. What cannot be read or is wrong
 * is met again by open_file, which tries once more and says so. */
static void
verify_some(struct worker *w, const struct cover_file *const *files, size_t n)
{
    struct arena *a = arena_create(NULL, "restore verify");
    const pb_file *f[SHA512_LANES];
    struct slice map[SHA512_LANES];
    const struct cover_file *of[SHA512_LANES];
    size_t k = 0;
    bool good[SHA512_LANES];
    for (size_t i = 0; i < n; i++) {
        struct sink *s = layer_file_sink(files[i]->layer, files[i]->file);
        struct error *e = NULL;
        if (fetcher_has(w->g->fetch, files[i])) {
            if (!fetch_hold(w->g->fetch, files[i], &map[k]))
                continue;
        } else {
            e = sink_map(s, a, files[i]->file->path, &map[k]);
        }
        if (e == NULL) {
            f[k] = files[i]->file;
            of[k++] = files[i];
        }
        err_free(e);
    }
    merge_verify_mapped(f, map, k, good);
    for (size_t i = 0; i < k; i++) {
        if (good[i])
            w->g->verified[of[i]->index] = true;
        if (fetcher_has(w->g->fetch, of[i]))
            fetch_release(w->g->fetch, of[i]);
    }
    arena_destroy(a);
}

/* The larger first: streams of like lengths are hashed together. Uses of one file are neighbours. */
static int
larger_first(const void *pa, const void *pb)
{
    const struct cover_file *a = *(const struct cover_file *const *)pa;
    const struct cover_file *b = *(const struct cover_file *const *)pb;
    int64_t x = a->file->entry_counts != NULL ? PB_GET(a->file->entry_counts, data_size) : 0;
    int64_t y = b->file->entry_counts != NULL ? PB_GET(b->file->entry_counts, data_size) : 0;
    return x != y ? (x < y) - (x > y) : (a->index > b->index) - (a->index < b->index);
}

static struct error *
verify_unit(struct worker *w, const struct unit *u)
{
    struct ingester *g = w->g;
    const struct cover_file **all, *last = NULL;
    size_t n_all = 0, n = 0;
    for (size_t i = u->first; i < u->first + u->n; i++)
        n_all += g->iv[i].n_files;
    all = ARENA_ARRAY(w->a, const struct cover_file *, n_all + 1);
    for (size_t i = u->first; i < u->first + u->n; i++)
        for (size_t k = 0; k < g->iv[i].n_files; k++) {
            const struct cover_file *cf = &g->iv[i].files[k];
            if (!g->verified[cf->index] && cf->file->has_sha512 &&
                pb_bytes(cf->file->sha512).len > 0 &&
                layer_file_sink(cf->layer, cf->file)->vt->map != NULL)
                all[n++] = cf;
        }
    qsort(all, n, sizeof(all[0]), larger_first);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) {
        if (last == NULL || last->index != all[i]->index)
            all[distinct++] = all[i];
        last = all[i];
    }
    for (size_t i = 0; i < distinct && distinct > 1; i += SHA512_LANES) {
        ERR_TRY(cancel_check(&g->stop));
        verify_some(w, all + i, distinct - i < SHA512_LANES ? distinct - i : SHA512_LANES);
    }
    return NULL;
}

static struct error *
do_unit(struct worker *w, const struct unit *u)
{
    struct ingester *g = w->g;
    struct error *e = verify_unit(w, u);
    row_counter_init(&w->count, w->a, g->o->primary, g->o->n_primary);
    key_rewrite_init(&w->keys, g->o->keys, w->a);
    w->paths = NULL;
    w->newest = HLC_MIN;
    for (size_t i = u->first; i < u->first + u->n && e == NULL; i++) {
        const struct cover_interval *iv = &g->iv[i];
        e = do_interval(w, iv);
        if (e != NULL)
            e = err_wrap(e, "importing span %s", span_text(w->a, iv->span));
        for (size_t k = 0; k < iv->n_files; k++)
            fetch_release(g->fetch, &iv->files[k]);
    }
    if (e == NULL)
        e = hand_over(w);
    if (e != NULL)
        discard_output(w);
    return e;
}

static void
unit_done(struct ingester *g, struct unit *u, const struct worker *w)
{
    u->done = true;
    g->weight_done += u->weight;
    g->total->rows += w->count.rows;
    g->total->index_entries += w->count.index_entries;
    g->total->data_size += w->count.data_size;
    if (hlc_cmp(w->newest, g->newest) > 0)
        g->newest = w->newest;
    while (g->n_done_prefix < g->n_units && g->units[g->n_done_prefix].done)
        g->n_done_prefix++;
}

static void *
ingest_main(void *arg)
{
    struct ingester *g = arg;
    struct worker w = {.g = g, .a = arena_create(NULL, "restore unit"), .fd = -1,
                       .files = {.open = open_file, .close = close_file, .arg = g}};
    struct arena *batch = arena_create(NULL, "restore batch");
    if (!(kv_db_engine(g->o->node->db)->vt->features & ENGINE_INGEST)) {
        w.batch = ARENA_ARRAY(batch, struct engine_write, BATCH_MAX);
        w.batch_arena = arena_create(NULL, "restore batch data");
    }
    mutex_lock(&g->lock);
    while (g->next < g->n_units && g->error == NULL && !cancel_requested(&g->stop)) {
        struct unit *u = &g->units[g->next++];
        w.weight = u->weight;
        w.begun = 0;
        mutex_unlock(&g->lock);
        struct error *e = do_unit(&w, u);
        mutex_lock(&g->lock);
        g->weight_begun -= w.begun;
        if (e == NULL) {
            unit_done(g, u, &w);
        } else if (g->error == NULL) {
            g->error = e;
            cancel_request(&g->stop, CANCEL_USER);
        } else {
            err_free(e);
        }
        arena_reset(w.a);
        cond_broadcast(&g->changed);
    }
    g->running--;
    cond_broadcast(&g->changed);
    mutex_unlock(&g->lock);
    merge_files_close(&w.files);
    arena_destroy(w.batch_arena);
    arena_destroy(batch);
    arena_destroy(w.a);
    return NULL;
}

/* ---- planning ---- */

static bool
is_done(const struct ingest_opts *o, struct span s)
{
    bool done = slice_cmp(s.end, o->high_water) <= 0;
    for (size_t i = 0; i < o->done.n && !done; i++)
        done = slice_cmp(s.start, o->done.v[i].start) >= 0 &&
               slice_cmp(s.end, o->done.v[i].end) <= 0;
    return done;
}

static struct error *
add_interval(void *arg, const struct cover_interval *iv)
{
    struct ingester *g = arg;
    if (slice_cmp(iv->span.start, iv->span.end) >= 0 || iv->n_files == 0 || is_done(g->o, iv->span))
        return NULL;
    if (g->n_iv == g->cap_iv) {
        size_t cap = g->cap_iv == 0 ? 64 : 2 * g->cap_iv;
        g->iv = arena_realloc(g->a, g->iv, g->cap_iv * sizeof(*g->iv), cap * sizeof(*g->iv));
        g->cap_iv = cap;
    }
    g->iv[g->n_iv++] = *iv;
    return NULL;
}

/* Share of the interval's files; a file that is cut into many intervals counts for each a part. */
static int64_t
weight_of(const struct cover_interval *iv, const uint32_t *uses)
{
    int64_t w = 1;
    for (size_t i = 0; i < iv->n_files; i++) {
        const pb_file *f = iv->files[i].file;
        int64_t size = f->entry_counts != NULL ? PB_GET(f->entry_counts, data_size) : UNIT_BYTES_MIN;
        if (size > (int64_t)1 << 40)
            size = (int64_t)1 << 40;
        w += size / uses[iv->files[i].index];
    }
    return w;
}

static int64_t *
weigh(struct ingester *g)
{
    uint32_t *uses = ARENA_ARRAY(g->a, uint32_t, g->n_files + 1);
    int64_t *weights = ARENA_ARRAY(g->a, int64_t, g->n_iv + 1);
    g->weight_total = 0;
    for (size_t i = 0; i < g->n_iv; i++)
        for (size_t k = 0; k < g->iv[i].n_files; k++)
            uses[g->iv[i].files[k].index]++;
    for (size_t i = 0; i < g->n_iv; i++) {
        weights[i] = weight_of(&g->iv[i], uses);
        g->weight_total += weights[i];
    }
    return weights;
}

static void
make_units(struct ingester *g)
{
    const int64_t *weights = weigh(g);
    bool files = kv_db_engine(g->o->node->db)->vt->features & ENGINE_INGEST;
    int64_t most = g->weight_total / INGEST_THREADS + 1; /* every thread shall get some */
    int64_t least = files ? UNIT_BYTES_MIN : 1;
    most = most < least ? least : most > UNIT_BYTES_MAX ? UNIT_BYTES_MAX : most;
    g->units = ARENA_ARRAY(g->a, struct unit, g->n_iv + 1);
    for (size_t i = 0; i < g->n_iv; i++) {
        struct unit *last = g->n_units > 0 ? &g->units[g->n_units - 1] : NULL;
        if (last == NULL || last->weight + weights[i] / 2 > most) { /* nearer to it without */
            g->units[g->n_units++] = (struct unit){.first = i, .n = 1, .weight = weights[i]};
        } else {
            last->n++;
            last->weight += weights[i];
        }
    }
}

/* Everything below this old key is in the store. */
static struct slice
mark_of(const struct ingester *g)
{
    if (g->n_done_prefix == 0)
        return g->o->high_water;
    const struct unit *u = &g->units[g->n_done_prefix - 1];
    return g->iv[u->first + u->n - 1].span.end;
}

/* What the job's thread does meanwhile. Lock held. */
static void
supervise(struct ingester *g)
{
    int64_t saved = monotonic_now_ns();
    while (g->running > 0) {
        cond_wait_ns(&g->changed, &g->lock, POLL_NS);
        if (cancel_requested(g->o->cancel))
            cancel_request(&g->stop, CANCEL_USER);
        if (g->running == 0 || g->error != NULL || monotonic_now_ns() - saved < SAVE_NS)
            continue;
        struct slice mark = mark_of(g);
        double fraction =
            (double)(g->weight_done + g->weight_begun) / (double)(g->weight_total + 1);
        mutex_unlock(&g->lock);
        struct error *e = g->o->save(g->o->arg, mark, fraction);
        saved = monotonic_now_ns();
        mutex_lock(&g->lock);
        if (e != NULL && g->error == NULL) {
            g->error = e;
            cancel_request(&g->stop, CANCEL_USER);
        } else {
            err_free(e);
        }
    }
}

/* ---- cutting ---- */

static int
by_key(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static bool
is_inside(struct slice key, struct span s)
{
    return slice_cmp(key, s.start) > 0 && slice_cmp(key, s.end) < 0;
}

/* Where an interval is cut: so that pieces are small, and where an earlier run, which may have cut it
 * elsewhere, has brought a part of it. */
static void
cut_interval(struct ingester *g, const struct cover_interval *iv, int64_t weight)
{
    const struct ingest_opts *o = g->o;
    bool files = kv_db_engine(o->node->db)->vt->features & ENGINE_INGEST;
    int64_t piece = files ? PIECE_BYTES : PIECE_BYTES_SHARED;
    struct slice *cuts = NULL;
    size_t n_cuts = 0, n = 0;
    if (weight >= 2 * piece)
        restore_cuts(g->a, iv, piece, &cuts, &n_cuts);
    struct slice *at = NULL;
    for (size_t i = 0; i < n_cuts; i++)
        PB_GROW(g->a, at, n, cuts[i]);
    for (size_t i = 0; i < o->done.n; i++) {
        if (is_inside(o->done.v[i].start, iv->span))
            PB_GROW(g->a, at, n, o->done.v[i].start);
        if (is_inside(o->done.v[i].end, iv->span))
            PB_GROW(g->a, at, n, o->done.v[i].end);
    }
    if (is_inside(o->high_water, iv->span))
        PB_GROW(g->a, at, n, o->high_water);
    if (n == 0) {
        err_free(add_interval(g, iv)); /* there is none */
        return;
    }
    PB_GROW(g->a, at, n, iv->span.start);
    PB_GROW(g->a, at, n, iv->span.end);
    qsort(at, n, sizeof(*at), by_key);
    for (size_t i = 0; i + 1 < n; i++) {
        struct cover_interval part = *iv;
        part.span = (struct span){at[i], at[i + 1]};
        err_free(add_interval(g, &part));
    }
}

static void
cut_intervals(struct ingester *g)
{
    const struct cover_interval *old = g->iv;
    size_t n = g->n_iv;
    const int64_t *weights = weigh(g);
    g->iv = NULL;
    g->n_iv = g->cap_iv = 0;
    for (size_t i = 0; i < n; i++)
        cut_interval(g, &old[i], weights[i]);
}

static struct error *
find_intervals(struct ingester *g)
{
    const struct ingest_opts *o = g->o;
    struct arena *scratch = arena_create(g->a, "restore coverage");
    for (size_t i = 0; i < o->chain->n; i++)
        g->n_files += o->chain->v[i].m->n_files;
    struct coverage c = {.layers = o->chain->v, .n_layers = o->chain->n, .wanted = o->wanted,
                         .end = chain_end(o->chain), .each = add_interval, .arg = g};
    struct error *err = coverage_check(scratch, &c);
    if (err == NULL)
        cut_intervals(g);
    return err != NULL ? err_wrap(err, "making import requests for %zu backups", o->chain->n) : NULL;
}

struct error *
ingest_spans(struct arena *a, const struct ingest_opts *o, struct ingest_span **out, size_t *n)
{
    struct ingester g = {.o = o, .a = a};
    ERR_TRY(find_intervals(&g));
    const int64_t *weights = weigh(&g);
    *out = ARENA_ARRAY(a, struct ingest_span, g.n_iv + 1);
    *n = g.n_iv;
    for (size_t i = 0; i < g.n_iv; i++)
        (*out)[i] = (struct ingest_span){g.iv[i].span, weights[i]};
    return NULL;
}

/* Say what will be read, in the order of the units. */
static struct error *
start_fetching(struct ingester *g)
{
    g->fetch = fetcher_create(g->a, g->n_files, g->o->cancel);
    for (size_t i = 0; i < g->n_iv; i++)
        for (size_t k = 0; k < g->iv[i].n_files; k++)
            fetcher_add(g->fetch, &g->iv[i].files[k]);
    return fetcher_start(g->fetch);
}

struct error *
ingest_run(struct arena *a, const struct ingest_opts *o, struct row_counter *total)
{
    struct ingester g = {.o = o, .a = a, .total = total, .start_ns = monotonic_now_ns()};
    pthread_t threads[INGEST_THREADS];
    int n_threads = 0;
    ERR_TRY(find_intervals(&g));
    make_units(&g);
    g.verified = arena_zalloc(a, (g.n_files + 1) * sizeof(*g.verified));
    if (setting_find(RATE_SETTING) != NULL)
        g.rate = settings_int(o->node, RATE_SETTING);
    mutex_init(&g.lock, RANK_JOB);
    cond_init(&g.changed);
    struct error *err = start_fetching(&g);
    mutex_lock(&g.lock);
    for (int i = 0; i < INGEST_THREADS && (size_t)i < g.n_units && err == NULL; i++) {
        g.running++;
        err = thread_start(&threads[n_threads], "restore", ingest_main, &g);
        if (err == NULL)
            n_threads++;
        else
            g.running--;
    }
    if (err != NULL)
        cancel_request(&g.stop, CANCEL_USER);
    supervise(&g);
    mutex_unlock(&g.lock);
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    fetcher_destroy(g.fetch);
    if (err == NULL)
        err = g.error;
    else
        err_free(g.error);
    if (err == NULL)
        err = cancel_check(o->cancel);
    if (err == NULL && !hlc_is_empty(g.newest) && !o->check_only)
        clock_update(o->node->clock, g.newest);
    if (err == NULL && g.n_units > 0)
        err = o->save(o->arg, mark_of(&g), 1);
    cond_destroy(&g.changed);
    mutex_destroy(&g.lock);
    if (err != NULL && !cancel_requested(o->cancel))
        err = err_wrap(err, "importing %zu ranges", g.n_iv);
    return err;
}
