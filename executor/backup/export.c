#include "config.h"

#include "executor/backup/export.h"

#include <stdlib.h>

#include "base/enc.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/thread.h"
#include "executor/node.h"
#include "executor/settings.h"
#include "storage/sst.h"

#define EXPORT_THREADS 2
/* In the store; what one thread takes at a time: so much that the threads end together. */
#define PIECE_BYTES_MIN ((uint64_t)4 << 20)
#define PIECE_BYTES_MAX ((uint64_t)32 << 20)
#define PIECES_PER_THREAD SHA512_LANES
#define HASH_BYTES ((size_t)1 << 20) /* of each of its files a thread writes this much, and hashes all */
#define EXPORT_FILE_BYTES ((uint64_t)128 << 20)  /* keys and values; a file ends at the next row */
#define SPLIT_STEPS_MAX 64
#define CHECKPOINT_NS (INT64_C(10) * 1000000000)
#define POLL_NS INT64_C(200000000)
#define BATCH_VERSIONS 2048                      /* also how often the cancel token is looked at */
#define RATE_SETTING "kv.bulk_io_write.max_rate"

struct exporter {
    const struct export_opts *o;
    struct arena *a;         /* with lock */
    struct mutex lock;
    struct cond changed;
    struct export_piece *pieces; /* heaviest first */
    size_t next;
    size_t group;            /* pieces that a thread takes at once */
    uint64_t weight_total, weight_done;
    uint64_t weight_begun;   /* of the pieces in hand, what has been read */
    struct file_list *files;
    int running;
    struct error *error;     /* the first one */
    struct cancel stop;      /* the other thread failed, or the job was told to stop */
    int64_t rate;            /* bytes a second, all threads; 0 = unlimited */
    int64_t start_ns;
    uint64_t bytes_done;     /* for the rate */
};

void
file_list_add(struct arena *a, struct file_list *l, pb_file *f)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->v = arena_realloc(a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    l->v[l->n++] = f;
}

/* ---- cutting spans ---- */

struct cutter {
    struct arena *a;
    struct engine *engine;
    struct export_piece *v;
    size_t n, cap;
    uint64_t piece_bytes;
};

static void
add_piece(struct cutter *c, const struct export_item *item, struct span s, uint64_t weight)
{
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 64 : 2 * c->cap;
        c->v = arena_realloc(c->a, c->v, c->cap * sizeof(*c->v), cap * sizeof(*c->v));
        c->cap = cap;
    }
    struct export_piece *p = &c->v[c->n++];
    p->item = *item;
    p->item.span = s;
    p->weight = weight + 1;
}

/* First key of the span at or behind `from` (last key when reverse), its row's prefix; empty when
 * there is none. */
static struct error *
probe(struct cutter *c, struct span s, struct hlc ts, bool reverse, struct slice *row)
{
    struct engine_scan_opts so = {.span = s, .mode = ENGINE_SCAN_AT, .ts = ts, .reverse = reverse,
                                  .show_deletions = true, .fill_cache = true};
    struct engine_iter *it;
    struct engine_version v;
    bool more;
    *row = SLICE_NULL;
    ERR_TRY(engine_iter_open(c->engine, &so, &it));
    struct error *err = engine_iter_next(it, &v, &more);
    if (err == NULL && more)
        *row = slice_dup(c->a, slice_make(v.key.ptr, row_prefix_length(v.key)));
    engine_iter_close(it);
    return err;
}

/* A key about half way between two others: bytes as digits of a number. */
static struct slice
middle(struct arena *a, struct slice lo, struct slice hi)
{
    size_t same = 0, n = 8;
    while (same < lo.len && same < hi.len && lo.ptr[same] == hi.ptr[same])
        same++;
    uint8_t *k = arena_zalloc(a, same + n + 1);
    if (same > 0)
        memcpy(k, lo.ptr, same);
    uint64_t x = 0, y = 0;
    for (size_t i = 0; i < n; i++) {
        x = x << 8 | (same + i < lo.len ? lo.ptr[same + i] : 0);
        y = y << 8 | (same + i < hi.len ? hi.ptr[same + i] : 0);
    }
    enc_put_be64(k + same, x + (y - x) / 2);
    return slice_make(k, same + n);
}

/* A row that has about `want` bytes of the span before it; empty: there is none. `among`: two rows. */
static struct error *
split_row(struct cutter *c, struct span s, struct span among, struct hlc ts, uint64_t want,
          struct slice *row)
{
    struct arena *scratch = arena_create(NULL, "split");
    struct slice lo = among.start, hi = among.end, mid = lo;
    struct error *err = NULL;
    for (int i = 0; i < SPLIT_STEPS_MAX && err == NULL; i++) {
        uint64_t bytes = 0;
        mid = middle(scratch, lo, hi);
        err = engine_span_stats(c->engine, (struct span){s.start, mid}, &bytes);
        if (bytes < want)
            lo = mid;
        else
            hi = mid;
        if (bytes < want ? want - bytes < c->piece_bytes / 16 : bytes - want < c->piece_bytes / 16)
            break;
    }
    if (err == NULL)
        err = probe(c, (struct span){mid, s.end}, ts, false, row);
    arena_destroy(scratch);
    return err;
}

/* Into pieces of about the same size, at row boundaries. */
static struct error *
cut(struct cutter *c, const struct export_item *item, struct span s)
{
    uint64_t bytes, n;
    struct slice start = s.start, first = SLICE_NULL, last = SLICE_NULL, at;
    ERR_TRY(engine_span_stats(c->engine, s, &bytes));
    n = (bytes + c->piece_bytes / 2) / c->piece_bytes;
    if (n > 1)
        ERR_TRY(probe(c, s, item->ts, false, &first));
    if (n > 1 && first.len > 0)
        ERR_TRY(probe(c, s, item->ts, true, &last));
    for (uint64_t i = 1; i < n && slice_cmp(first, last) < 0; i++) {
        ERR_TRY(split_row(c, s, (struct span){first, last}, item->ts, bytes / n * i, &at));
        if (at.len == 0 || slice_cmp(at, s.end) >= 0)
            break;
        if (slice_cmp(at, start) <= 0 || slice_cmp(at, first) <= 0)
            continue; /* a row as large as a piece */
        add_piece(c, item, (struct span){start, at}, bytes / n);
        start = first = at;
    }
    add_piece(c, item, (struct span){start, s.end}, bytes / (n == 0 ? 1 : n));
    return NULL;
}

struct error *
export_cut(struct arena *a, struct node *n, const struct export_item *items, size_t n_items,
           struct export_piece **pieces, size_t *n_pieces)
{
    struct cutter c = {.a = a, .engine = kv_db_engine(n->db)};
    uint64_t bytes, total = 0;
    for (size_t i = 0; i < n_items; i++) {
        ERR_TRY(engine_span_stats(c.engine, items[i].span, &bytes));
        total += bytes;
    }
    c.piece_bytes = total / (EXPORT_THREADS * PIECES_PER_THREAD);
    if (c.piece_bytes < PIECE_BYTES_MIN)
        c.piece_bytes = PIECE_BYTES_MIN;
    if (c.piece_bytes > PIECE_BYTES_MAX)
        c.piece_bytes = PIECE_BYTES_MAX;
    for (size_t i = 0; i < n_items; i++)
        ERR_TRY(cut(&c, &items[i], items[i].span));
    *pieces = c.v;
    *n_pieces = c.n;
    return NULL;
}

/* ---- one file ---- */

struct writer {
    struct exporter *e;
    struct arena *a;             /* of the thread; reset when its pieces are done */
    const struct export_item *item;
    struct str pending;          /* of the file: not hashed yet, nor handed to the sink */
    struct sink_file *out;
    struct sst_writer *sst;
    struct sha512 *hash;
    struct row_counter count;
    char *name;
    struct slice start;          /* of this file's span */
    struct str last_row;
    uint64_t weight, begun;      /* of the piece; what of it is in weight_begun */
};

static struct error *
write_out(void *arg, const void *p, size_t len)
{
    struct writer *w = arg;
    str_append(&w->pending, p, len);
    return NULL;
}

static struct error *
write_pending(struct writer *w)
{
    struct error *err = sink_write(w->out, w->pending.ptr, w->pending.len);
    str_clear(&w->pending);
    return err;
}

static void
writer_discard(struct writer *w)
{
    if (w->sst != NULL)
        sst_writer_close(w->sst);
    sink_abort(w->out);
    if (w->hash != NULL)
        sha512_discard(w->hash);
    w->sst = NULL;
    w->out = NULL;
    w->hash = NULL;
    str_release(&w->pending);
}

static struct error *
writer_begin(struct writer *w)
{
    const struct export_opts *o = w->e->o;
    w->name = arena_printf(w->a, "%lld.sst", (long long)unique_int(o->node->node_id));
    row_counter_init(&w->count, w->a, o->primary, o->n_primary);
    ERR_TRY(sink_create(w->item->dest->sink, w->name, &w->out));
    w->hash = sha512_create();
    struct sst_writer_opts so = {0};
    return sst_writer_open(&so, write_out, w, &w->sst);
}

/* The list gets the finished file; `end` is where its span ends. */
static void
writer_publish(struct writer *w, struct slice end, const uint8_t sum[SHA512_LEN])
{
    struct exporter *e = w->e;
    mutex_lock(&e->lock);
    struct arena *a = e->a;
    pb_file *f = PB_NEW(a, File, file);
    f->span = PB_NEW(a, Span, span);
    pb_set_bytes(a, &f->span->key, &f->span->has_key, w->start);
    pb_set_bytes(a, &f->span->end_key, &f->span->has_end_key, end);
    f->path = arena_strdup(a, w->name);
    pb_set_bytes(a, &f->sha512, &f->has_sha512, slice_make(sum, SHA512_LEN));
    f->entry_counts = PB_NEW(a, RowCount, row_count);
    PB_SET(f->entry_counts, data_size, w->count.data_size);
    PB_SET(f->entry_counts, rows, w->count.rows);
    PB_SET(f->entry_counts, index_entries, w->count.index_entries);
    if (w->item->explicit_times) {
        f->start_time = pb_timestamp(a, w->item->since);
        f->end_time = pb_timestamp(a, w->item->ts);
    }
    if (*w->item->dest->locality_kv != '\0')
        f->locality_kv = arena_strdup(a, w->item->dest->locality_kv);
    file_list_add(a, e->files, f);
    mutex_unlock(&e->lock);
}

static struct error *
writer_end(struct writer *w, struct slice end)
{
    uint8_t sum[SHA512_LEN];
    if (w->sst == NULL)
        return NULL;
    struct error *err = sst_writer_finish(w->sst);
    sst_writer_close(w->sst);
    w->sst = NULL;
    if (err != NULL)
        return err;
    sha512_update(w->hash, w->pending.ptr, w->pending.len);
    ERR_TRY(write_pending(w));
    sha512_final(w->hash, sum);
    w->hash = NULL;
    struct sink_file *out = w->out;
    w->out = NULL;
    ERR_TRY(sink_commit(out));
    writer_publish(w, end, sum);
    return NULL;
}

/* A row may begin a new file; two versions or families of one row never lie in two. */
static struct error *
maybe_split(struct writer *w, struct slice key)
{
    if (sst_writer_bytes(w->sst) < EXPORT_FILE_BYTES)
        return NULL;
    size_t len = row_prefix_length(key);
    if (len == w->last_row.len && memcmp(key.ptr, w->last_row.ptr, len) == 0)
        return NULL;
    struct slice at = slice_dup(w->a, slice_make(key.ptr, len));
    ERR_TRY(writer_end(w, at));
    w->start = at;
    return writer_begin(w);
}

/* Before versions from `key` on are added: the file is open, and has room. */
static struct error *
writer_ready(struct writer *w, struct slice key)
{
    return w->sst == NULL ? writer_begin(w) : maybe_split(w, key);
}

/* After versions up to `key` were added. */
static void
writer_added(struct writer *w, struct slice key)
{
    if (sst_writer_bytes(w->sst) >= EXPORT_FILE_BYTES) {
        str_clear(&w->last_row);
        str_append(&w->last_row, key.ptr, row_prefix_length(key));
    }
}

static struct error *
writer_add(struct writer *w, const struct engine_version *v)
{
    ERR_TRY(writer_ready(w, v->key));
    ERR_TRY(sst_writer_add(w->sst, v->key, v->ts, v->value));
    row_counter_add(&w->count, v->key, v->value.len);
    writer_added(w, v->key);
    return NULL;
}

/* A block of the store goes into the file as it is. */
static struct error *
writer_add_block(struct writer *w, const struct engine_version *v, size_t n, struct slice block)
{
    ERR_TRY(writer_ready(w, v[0].key));
    ERR_TRY(sst_writer_add_block(w->sst, v, n, block));
    for (size_t i = 0; i < n; i++)
        row_counter_add(&w->count, v[i].key, v[i].value.len);
    writer_added(w, v[n - 1].key);
    return NULL;
}

/* ---- one piece ---- */

/* Count what was read, stored bytes for the progress; sleep as long as data are ahead of the rate. */
static void
account(struct writer *w, uint64_t stored, uint64_t bytes)
{
    struct exporter *e = w->e;
    mutex_lock(&e->lock);
    uint64_t left = w->weight - w->begun, n = stored < left ? stored : left;
    w->begun += n;
    e->weight_begun += n;
    if (e->rate <= 0) {
        mutex_unlock(&e->lock);
        return;
    }
    e->bytes_done += bytes;
    int64_t due = e->start_ns + (int64_t)((double)e->bytes_done / (double)e->rate * 1e9);
    while (due > monotonic_now_ns() && !cancel_requested(&e->stop))
        cond_wait_ns(&e->changed, &e->lock,
                     due - monotonic_now_ns() < POLL_NS ? due - monotonic_now_ns() : POLL_NS);
    mutex_unlock(&e->lock);
}

/* With newest_only, of each key only the first version is copied; `last` is the key before. */
static struct error *
copy_batch(struct writer *w, const struct engine_version *v, size_t n, bool newest_only,
           struct str *last, uint64_t *bytes)
{
    for (size_t i = 0; i < n; i++) {
        if (newest_only && slice_eq(v[i].key, i > 0 ? v[i - 1].key : str_slice(last)))
            continue;
        *bytes += v[i].key.len + v[i].value.len;
        ERR_TRY(writer_add(w, &v[i]));
    }
    if (newest_only && n > 0) {
        str_clear(last);
        str_append_slice(last, v[n - 1].key);
    }
    return NULL;
}

/* A piece on its way into its files. */
struct lane {
    struct writer w;
    struct engine_iter *it;
    struct str last;             /* the key before, for newest_only */
    bool newest_only, done;
};

/* Copy until there is enough to be hashed, or the piece ends. */
static struct error *
lane_fill(struct lane *l, struct engine_version *v)
{
    struct writer *w = &l->w;
    size_t n;
    while (w->pending.len < HASH_BYTES) {
        uint64_t bytes = 0;
        ERR_TRY(engine_iter_batch(l->it, v, BATCH_VERSIONS, &n));
        if (n == 0) {
            l->done = true;
            return writer_end(w, w->item->span.end);
        }
        struct slice block = engine_iter_block(l->it);
        if (block.len > 0 && !l->newest_only) {
            ERR_TRY(writer_add_block(w, v, n, block));
            for (size_t i = 0; i < n; i++) /* the rate is of data, however small the block is */
                bytes += v[i].key.len + v[i].value.len;
        } else {
            ERR_TRY(copy_batch(w, v, n, l->newest_only, &l->last, &bytes));
        }
        ERR_TRY(cancel_check(&w->e->stop));
        account(w, block.len > 0 && !l->newest_only ? block.len : bytes, bytes);
    }
    return NULL;
}

static struct error *
lane_open(struct lane *l, struct exporter *e, struct arena *a, const struct export_piece *p)
{
    const struct export_item *item = &p->item;
    bool at = hlc_is_empty(item->since) && !e->o->all_versions;
    struct engine_scan_opts so = {
        .span = item->span,
        .mode = at ? ENGINE_SCAN_AT : ENGINE_SCAN_VERSIONS,
        .ts = item->ts,
        .since = item->since,
        .blocks = true,
    };
    *l = (struct lane){.w = {.e = e, .a = a, .item = item, .start = item->span.start,
                             .weight = p->weight},
                       .newest_only = !at && !e->o->all_versions};
    str_init(&l->w.pending, STR_MAX_DEFAULT);
    str_init_arena(&l->w.last_row, a, STR_MAX_DEFAULT);
    str_init_arena(&l->last, a, STR_MAX_DEFAULT);
    return kv_export_open(e->o->node->db, &so, &l->it);
}

static void
lane_close(struct lane *l)
{
    struct exporter *e = l->w.e;
    engine_iter_close(l->it);
    writer_discard(&l->w);
    mutex_lock(&e->lock);
    e->weight_begun -= l->w.begun; /* the whole piece counts from here on */
    e->weight_done += l->w.weight;
    mutex_unlock(&e->lock);
}

/* Hash what all lanes have, and write it. */
static struct error *
hash_and_write(struct lane *l, size_t n)
{
    struct sha512 *hash[SHA512_LANES] = {NULL};
    struct slice bytes[SHA512_LANES];
    for (size_t i = 0; i < n; i++) {
        hash[i] = l[i].done ? NULL : l[i].w.hash;
        bytes[i] = str_slice(&l[i].w.pending);
    }
    sha512_update_lanes(hash, bytes);
    for (size_t i = 0; i < n; i++)
        if (hash[i] != NULL)
            ERR_TRY(write_pending(&l[i].w));
    return NULL;
}

/* Pieces side by side, because hashing four files at once costs half as much. */
static struct error *
export_pieces(struct exporter *e, struct arena *a, const struct export_piece *p, size_t n)
{
    struct lane l[SHA512_LANES];
    struct engine_version *v = ARENA_ARRAY(a, struct engine_version, BATCH_VERSIONS);
    struct error *err = NULL;
    size_t opened = 0, left = n, at = 0;
    while (opened < n && err == NULL) {
        err = lane_open(&l[opened], e, a, &p[opened]);
        opened++;
    }
    while (left > 0 && err == NULL) {
        for (left = at = 0; at < n && err == NULL; at++) {
            if (!l[at].done)
                err = lane_fill(&l[at], v);
            left += !l[at].done;
        }
        if (err == NULL)
            err = hash_and_write(l, n);
    }
    for (size_t i = 0; i < opened; i++)
        lane_close(&l[i]);
    if (err != NULL)
        err = err_wrap(err, "exporting %s", span_text(a, p[at > 0 ? at - 1 : 0].item.span));
    return err;
}

static void *
export_main(void *arg)
{
    struct exporter *e = arg;
    struct arena *a = arena_create(NULL, "export");
    thread_give_way();
    mutex_lock(&e->lock);
    while (e->next < e->o->n_pieces && e->error == NULL && !cancel_requested(&e->stop)) {
        const struct export_piece *p = &e->pieces[e->next];
        size_t n = e->o->n_pieces - e->next < e->group ? e->o->n_pieces - e->next : e->group;
        e->next += n;
        mutex_unlock(&e->lock);
        struct error *err = export_pieces(e, a, p, n);
        arena_reset(a);
        mutex_lock(&e->lock);
        if (err != NULL && e->error == NULL) {
            e->error = err;
            cancel_request(&e->stop, CANCEL_USER);
        } else {
            err_free(err);
        }
        cond_broadcast(&e->changed);
    }
    e->running--;
    cond_broadcast(&e->changed);
    mutex_unlock(&e->lock);
    arena_destroy(a);
    return NULL;
}

/* ---- all of them ---- */

/* What the caller's thread does meanwhile: checkpoints, progress, the cancel token. Lock held. */
static void
supervise(struct exporter *e)
{
    int64_t saved = monotonic_now_ns();
    size_t saved_files = e->files->n;
    while (e->running > 0) {
        cond_wait_ns(&e->changed, &e->lock, POLL_NS);
        if (cancel_requested(e->o->cancel))
            cancel_request(&e->stop, CANCEL_USER);
        if (e->running == 0 || e->error != NULL)
            continue;
        double done = (double)(e->weight_done + e->weight_begun) / (double)(e->weight_total + 1);
        bool save = e->o->save != NULL && monotonic_now_ns() - saved >= CHECKPOINT_NS &&
                    e->files->n > saved_files;
        size_t n = e->files->n;
        pb_file **v = save ? arena_memdup(e->a, e->files->v, n * sizeof(*v)) : NULL;
        mutex_unlock(&e->lock);
        struct error *err = save ? e->o->save(e->o->arg, v, n) : NULL;
        if (err == NULL && e->o->progress != NULL)
            err = e->o->progress(e->o->arg, done);
        mutex_lock(&e->lock);
        if (save) {
            saved = monotonic_now_ns();
            saved_files = n;
        }
        if (err != NULL && e->error == NULL) {
            e->error = err;
            cancel_request(&e->stop, CANCEL_USER);
        } else {
            err_free(err);
        }
    }
}

static int
heaviest_first(const void *pa, const void *pb)
{
    const struct export_piece *a = pa, *b = pb;
    return (a->weight < b->weight) - (a->weight > b->weight);
}

struct error *
export_run(struct arena *a, const struct export_opts *o, struct file_list *files)
{
    struct exporter e = {.o = o, .a = a, .files = files, .start_ns = monotonic_now_ns()};
    pthread_t threads[EXPORT_THREADS];
    int n_threads = 0;
    mutex_init(&e.lock, RANK_JOB);
    cond_init(&e.changed);
    if (setting_find(RATE_SETTING) != NULL)
        e.rate = settings_int(o->node, RATE_SETTING);
    struct error *err = NULL;
    bool local = true;
    e.pieces = ARENA_ARRAY(a, struct export_piece, o->n_pieces + 1);
    for (size_t i = 0; i < o->n_pieces; i++) {
        e.pieces[i] = o->pieces[i];
        e.weight_total += o->pieces[i].weight;
        local = local && o->pieces[i].item.dest->sink->vt->map != NULL;
    }
    size_t share = o->n_pieces / EXPORT_THREADS; /* every thread shall get some */
    if (!local) /* files on their way elsewhere hold parts of 16 MiB in memory */
        share = 1;
    e.group = share == 0 ? 1 : share > SHA512_LANES ? SHA512_LANES : share;
    if (o->n_pieces > 1)
        qsort(e.pieces, o->n_pieces, sizeof(*e.pieces), heaviest_first);
    mutex_lock(&e.lock);
    for (int i = 0; i < EXPORT_THREADS && (size_t)i < o->n_pieces && err == NULL; i++) {
        e.running++;
        err = thread_start(&threads[n_threads], "export", export_main, &e);
        if (err == NULL)
            n_threads++;
        else
            e.running--;
    }
    if (err != NULL)
        cancel_request(&e.stop, CANCEL_USER);
    supervise(&e);
    mutex_unlock(&e.lock);
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    if (err == NULL)
        err = e.error;
    else
        err_free(e.error);
    if (err == NULL)
        err = cancel_check(o->cancel);
    cond_destroy(&e.changed);
    mutex_destroy(&e.lock);
    if (err != NULL && !cancel_requested(o->cancel))
        err = err_wrap(err, "exporting %zu ranges", o->n_ranges);
    return err;
}
