/* storage/txn_spill.c - writes of a bulk transaction that have left memory.
 *
 * When the buffer is full its pairs go, in key order, to a nameless file, as a run. At commit the runs
 * are merged into data files with the commit's time, which the engine takes in all at once; so a
 * COPY of any size is one transaction, in bounded memory.
 *
 * The locks on what a run holds are given up. That a key was absent has been read, and reads are
 * checked at commit: another writer of the same key makes this transaction restart.
 *
 * A run is a sequence of: length of key, length of value (4 bytes each), key, value.
 */
#include "config.h"

#include "storage/txn_int.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/file.h"
#include "base/hash.h"
#include "storage/sst.h"

#define OUT_BYTES ((size_t)256 << 10)
/* Windows of all open runs together, and the least of one. */
#define WINDOWS_BYTES ((size_t)16 << 20)
#define WINDOW_MIN ((size_t)16 << 10)
#define FILE_BYTES ((uint64_t)64 << 20)
#define HEAD 8
/* After so many runs the next ones are twice as long, up to 8 times: there shall not be too many. */
#define RUNS_MANY 64
/* Pairs of a run that the log of commits knows by first and last key only. */
#define SAMPLE 8192
#define SAMPLES_MAX ((size_t)4096)

struct run {
    uint64_t start, end; /* in the file */
};

struct key_range {
    struct slice first, last;
};

struct spill {
    const char *dir;
    size_t bytes;            /* of the buffer, from where on it is written */
    int fd;                  /* of all runs; -1: none yet */
    struct run *runs;
    size_t n, cap;
    struct key_range *ranges; /* of all runs, run by run */
    size_t n_ranges, cap_ranges;
    size_t in_range, in_group; /* keys, of the range and the group that are being written */
};

/* ---- writing a run ---- */

static struct error *
open_nameless(const char *dir, int *fd)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/spill-%016" PRIx64, dir, random_u64());
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_errno(errno, "could not create %s", path);
    unlink(path);
    return NULL;
}

static void
seal_range(struct kv_txn *t)
{
    struct spill *s = t->spill;
    if (s->in_range > 0)
        s->ranges[s->n_ranges - 1].last = slice_dup(t->arena, s->ranges[s->n_ranges - 1].last);
    s->in_range = 0;
}

static void
add_to_range(struct kv_txn *t, struct slice key)
{
    struct spill *s = t->spill;
    struct key_range *last = s->n_ranges > 0 ? &s->ranges[s->n_ranges - 1] : NULL;
    bool same = s->in_group > 0 && keys_share(last->first, key, KEY_GROUP_BYTES);
    s->in_group = same ? s->in_group + 1 : 1;
    if (!same || s->in_group <= KEY_GROUP_EXACT || s->in_range == SAMPLE)
        seal_range(t);
    if (s->in_range++ == 0) {
        if (s->n_ranges == s->cap_ranges) {
            size_t cap = s->cap_ranges == 0 ? 64 : 2 * s->cap_ranges;
            s->ranges = xrealloc(s->ranges, cap * sizeof(*s->ranges));
            s->cap_ranges = cap;
        }
        s->ranges[s->n_ranges++].first = slice_dup(t->arena, key);
    }
    s->ranges[s->n_ranges - 1].last = key; /* copied once the range is full */
}

static struct error *
run_write(struct kv_txn *t, struct run *r)
{
    struct str out;
    struct error *err = NULL;
    t->spill->in_group = 0;
    str_init(&out, STR_MAX_DEFAULT);
    for (const struct wnode *n = t->buf.head.next; n != NULL; n = n->next) {
        if (n->top == NULL)
            continue;
        uint8_t head[HEAD];
        enc_put_le32(head, (uint32_t)n->key.len);
        enc_put_le32(head + 4, (uint32_t)n->top->value.len);
        str_append(&out, head, HEAD);
        str_append_slice(&out, n->key);
        str_append_slice(&out, n->top->value);
        add_to_range(t, n->key);
        if (out.len >= OUT_BYTES) {
            ERR_GOTO(fd_write_all(t->spill->fd, "spilled writes", out.ptr, out.len), out);
            r->end += out.len;
            str_clear(&out);
        }
    }
    seal_range(t);
    ERR_GOTO(str_error(&out), out);
    err = fd_write_all(t->spill->fd, "spilled writes", out.ptr, out.len);
    r->end += out.len;
out:
    str_release(&out);
    return err;
}

/* The buffer becomes a run; its locks go. */
static struct error *
spill_buffer(struct kv_txn *t)
{
    struct spill *s = t->spill;
    if (t->buf.writes == 0)
        return NULL;
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 16 : 2 * s->cap;
        s->runs = xrealloc(s->runs, s->cap * sizeof(*s->runs));
    }
    if (s->fd < 0)
        ERR_TRY(open_nameless(s->dir, &s->fd));
    struct run *r = &s->runs[s->n];
    r->start = r->end = s->n > 0 ? r[-1].end : 0;
    s->n++;
    struct error *err = run_write(t, r);
    if (err != NULL) { /* half a run: nothing of this may commit */
        err_free(txn_doom(t, TXN_STALE));
        return err;
    }
    locks_release_all(t);
    struct arena *a = t->buf.arena;
    arena_reset(a);
    wbuf_init(&t->buf, a);
    t->replace_floor = 0;
    return NULL;
}

struct error *
spill_when_full(struct kv_txn *t)
{
    size_t doublings = t->spill->n / RUNS_MANY < 3 ? t->spill->n / RUNS_MANY : 3;
    if (t->buf.bytes < t->spill->bytes << doublings || t->scans != NULL)
        return NULL;
    return spill_buffer(t);
}

bool
spill_has_runs(const struct kv_txn *t)
{
    return t->spill != NULL && t->spill->n > 0;
}

void
kv_txn_spill(struct kv_txn *t, const char *dir, size_t bytes)
{
    if (t->spill != NULL || t->buf.nodes > 0 || t->o.read_only || t->fixed ||
        !(t->db->e->vt->features & ENGINE_INGEST))
        return;
    struct spill *s = ARENA_NEW(t->arena, struct spill);
    s->dir = arena_strdup(t->arena, dir);
    s->bytes = bytes;
    s->fd = -1;
    t->spill = s;
    wbuf_init(&t->buf, arena_create(t->arena, "buffered writes"));
}

void
spill_release(struct kv_txn *t)
{
    struct spill *s = t->spill;
    if (s == NULL)
        return;
    if (s->fd >= 0)
        close(s->fd);
    xfree(s->runs);
    xfree(s->ranges);
    t->spill = NULL;
}

/* ---- merging runs ---- */

struct source {
    int fd;
    uint64_t end;        /* of the run */
    size_t index;        /* of two equal keys the later run's counts */
    uint8_t *window;
    size_t cap, len, at;
    uint64_t offset;     /* of the file, behind the window */
    struct slice key, value;
};

struct merge {
    struct kv_txn *t;
    struct source *v;
    struct source **heap; /* least key first, then latest run */
    size_t n;             /* in the heap */
};

static struct error *
source_fill(struct source *s, size_t need)
{
    size_t left = s->len - s->at;
    memmove(s->window, s->window + s->at, left);
    s->at = 0;
    s->len = left;
    if (need > s->cap) {
        s->cap = need;
        s->window = xrealloc(s->window, s->cap);
    }
    while (s->len < need) {
        size_t want = s->cap - s->len;
        if (want > s->end - s->offset)
            want = (size_t)(s->end - s->offset);
        ssize_t n = pread(s->fd, s->window + s->len, want, (off_t)s->offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? err_errno(errno, "could not read spilled writes")
                         : err_new(ERR_IO, "spilled writes end early");
        s->len += (size_t)n;
        s->offset += (uint64_t)n;
    }
    return NULL;
}

static struct error *
source_next(struct source *s, bool *more)
{
    *more = s->at < s->len || s->offset < s->end;
    if (!*more)
        return NULL;
    if (s->len - s->at < HEAD)
        ERR_TRY(source_fill(s, HEAD));
    size_t k = enc_get_le32(s->window + s->at), v = enc_get_le32(s->window + s->at + 4);
    if (s->len - s->at < HEAD + k + v)
        ERR_TRY(source_fill(s, HEAD + k + v));
    s->key = slice_make(s->window + s->at + HEAD, k);
    s->value = slice_make(s->window + s->at + HEAD + k, v);
    s->at += HEAD + k + v;
    return NULL;
}

static inline bool
comes_before(const struct source *a, const struct source *b)
{
    int c = slice_cmp(a->key, b->key);
    return c < 0 || (c == 0 && a->index > b->index);
}

static void
sift_down(struct merge *m, size_t i)
{
    struct source *s = m->heap[i];
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= m->n)
            break;
        if (c + 1 < m->n && comes_before(m->heap[c + 1], m->heap[c]))
            c++;
        if (!comes_before(m->heap[c], s))
            break;
        m->heap[i] = m->heap[c];
        i = c;
    }
    m->heap[i] = s;
}

static void
merge_release(struct merge *m)
{
    for (size_t i = 0; i < m->t->spill->n && m->v != NULL; i++)
        xfree(m->v[i].window);
    xfree(m->v);
    xfree(m->heap);
}

static struct error *
merge_open(struct kv_txn *t, struct merge *m)
{
    const struct spill *sp = t->spill;
    size_t window = WINDOWS_BYTES / (sp->n + 1);
    *m = (struct merge){.t = t};
    m->v = xcalloc(sp->n + 1, sizeof(*m->v));
    m->heap = xcalloc(sp->n + 1, sizeof(*m->heap));
    if (window < WINDOW_MIN)
        window = WINDOW_MIN;
    if (window > (size_t)1 << 20)
        window = (size_t)1 << 20;
    for (size_t i = 0; i < sp->n; i++) {
        struct source *s = &m->v[i];
        bool more;
        *s = (struct source){.fd = sp->fd, .index = i, .cap = window,
                             .offset = sp->runs[i].start, .end = sp->runs[i].end};
        s->window = xmalloc(window);
        ERR_TRY(source_next(s, &more));
        if (more)
            m->heap[m->n++] = s;
    }
    for (size_t i = m->n; i-- > 0;)
        sift_down(m, i);
    return NULL;
}

/* The least key of all, or NULL; good until the next step. */
static struct source *
merge_top(const struct merge *m)
{
    return m->n > 0 ? m->heap[0] : NULL;
}

static struct error *
merge_step(struct merge *m)
{
    bool more;
    ERR_TRY(source_next(m->heap[0], &more));
    if (!more)
        m->heap[0] = m->heap[--m->n];
    if (m->n > 0)
        sift_down(m, 0);
    return NULL;
}

static int
by_first(const void *a, const void *b)
{
    const struct key_range *x = a, *y = b;
    return slice_cmp(x->first, y->first);
}

/* Ranges ascending and disjoint. *apart: they were. */
static void
join_ranges(struct key_range *v, size_t *n, bool *apart)
{
    size_t kept = 0;
    *apart = true;
    qsort(v, *n, sizeof(*v), by_first);
    for (size_t i = 1; i < *n; i++) {
        if (slice_cmp(v[i].first, v[kept].last) > 0) {
            v[++kept] = v[i];
            continue;
        }
        *apart = false;
        if (slice_cmp(v[i].last, v[kept].last) > 0)
            v[kept].last = v[i].last;
    }
    *n = *n == 0 ? 0 : kept + 1;
}

struct error *
kv_spill_duplicate(struct kv_txn *t, struct arena *a, bool *found, struct slice *key,
                   struct slice *value)
{
    struct merge m;
    struct str last;
    bool apart;
    *found = false;
    if (!spill_has_runs(t))
        return NULL;
    ERR_TRY(spill_buffer(t));
    join_ranges(t->spill->ranges, &t->spill->n_ranges, &apart);
    if (apart)
        return NULL;
    str_init(&last, STR_MAX_DEFAULT);
    struct error *err = merge_open(t, &m);
    bool any = false;
    for (uint64_t i = 0; err == NULL; i++) {
        struct source *s = merge_top(&m);
        if (s == NULL)
            break;
        if (i % 4096 == 0)
            ERR_GOTO(cancel_check(t->o.cancel), out);
        if (any && slice_eq(s->key, str_slice(&last))) {
            *found = true;
            *key = slice_dup(a, s->key);
            *value = slice_dup(a, s->value);
            break;
        }
        str_clear(&last);
        str_append_slice(&last, s->key);
        any = true;
        err = merge_step(&m);
    }
out:
    merge_release(&m);
    str_release(&last);
    return err;
}

/* ---- commit ---- */

/* The first of the ranges that do not become one with the i-th. */
static size_t
range_after(const struct spill *s, size_t i)
{
    size_t step = (s->n_ranges + SAMPLES_MAX - 1) / SAMPLES_MAX, group = i, last = i;
    while (group > 0 && i - group < KEY_GROUP_EXACT &&
           keys_share(s->ranges[i].first, s->ranges[group - 1].first, KEY_GROUP_BYTES))
        group--;
    if (i - group < KEY_GROUP_EXACT)
        return i + 1;
    while (last < s->n_ranges && last < i + step &&
           keys_share(s->ranges[i].first, s->ranges[last].first, KEY_GROUP_BYTES))
        last++;
    return last > i ? last : i + 1;
}

struct error *
spill_commit_new(struct kv_txn *t, struct commit **out)
{
    struct spill *s = t->spill;
    size_t pairs = 0, bytes = 0, slot = 0;
    bool apart;
    ERR_TRY(spill_buffer(t));
    join_ranges(s->ranges, &s->n_ranges, &apart);
    for (size_t i = 0, next; i < s->n_ranges; i = next) {
        next = range_after(s, i);
        bytes += s->ranges[i].first.len + s->ranges[next - 1].last.len;
        pairs++;
    }
    size_t head = sizeof(struct commit) + 2 * pairs * sizeof(struct slice);
    struct commit *c = xmalloc(head + bytes);
    *c = (struct commit){.n = 2 * pairs, .keys = (struct slice *)(c + 1), .bytes = head + bytes,
                         .coarse = true, .in_flight = true};
    uint8_t *p = (uint8_t *)c + head;
    for (size_t i = 0, next; i < s->n_ranges; i = next) {
        next = range_after(s, i);
        const struct slice ends[2] = {s->ranges[i].first, s->ranges[next - 1].last};
        for (int k = 0; k < 2; k++) {
            memcpy(p, ends[k].ptr, ends[k].len);
            c->keys[slot++] = slice_make(p, ends[k].len);
            p += ends[k].len;
        }
    }
    *out = c;
    return NULL;
}

struct out_file {
    int fd;
    char *path;
    struct sst_writer *sst;
};

static struct error *
out_write(void *arg, const void *p, size_t n)
{
    const struct out_file *f = arg;
    return fd_write_early(f->fd, f->path, p, n);
}

static struct error *
out_end(struct out_file *f)
{
    if (f->sst == NULL)
        return NULL;
    struct error *err = sst_writer_finish(f->sst);
    sst_writer_close(f->sst);
    f->sst = NULL;
    if (err == NULL)
        err = fd_sync(f->fd, f->path);
    close(f->fd);
    f->fd = -1;
    return err;
}

static struct error *
write_files(struct kv_txn *t, struct merge *m, struct hlc ts, char ***paths, size_t *n)
{
    struct out_file f = {.fd = -1};
    struct sst_writer_opts so = {.for_ingest = true};
    struct error *err = NULL;
    struct str last;
    size_t cap = 0;
    bool any = false;
    str_init(&last, STR_MAX_DEFAULT);
    for (;;) {
        struct source *s = merge_top(m);
        if (s == NULL)
            break;
        if (!any || !slice_eq(s->key, str_slice(&last))) {
            if (f.sst != NULL && sst_writer_bytes(f.sst) >= FILE_BYTES)
                ERR_GOTO(out_end(&f), out);
            if (f.sst == NULL) {
                if (*n == cap) {
                    cap = cap == 0 ? 16 : 2 * cap;
                    *paths = xrealloc(*paths, cap * sizeof(**paths));
                }
                f.path = arena_printf(t->arena, "%s/bulk-%016" PRIx64 ".sst", t->spill->dir,
                                      random_u64());
                f.fd = open(f.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
                if (f.fd < 0) {
                    err = err_errno(errno, "could not create %s", f.path);
                    goto out;
                }
                (*paths)[(*n)++] = f.path;
                ERR_GOTO(sst_writer_open(&so, out_write, &f, &f.sst), out);
            }
            ERR_GOTO(sst_writer_add(f.sst, s->key, ts, s->value), out);
            str_clear(&last);
            str_append_slice(&last, s->key);
            any = true;
        }
        ERR_GOTO(merge_step(m), out);
    }
    err = out_end(&f);
out:
    if (f.sst != NULL)
        sst_writer_close(f.sst);
    if (f.fd >= 0)
        close(f.fd);
    str_release(&last);
    return err;
}

struct error *
spill_write(struct kv_txn *t, struct hlc ts)
{
    struct merge m;
    char **paths = NULL;
    size_t n = 0;
    struct error *err = merge_open(t, &m);
    if (err == NULL)
        err = write_files(t, &m, ts, &paths, &n);
    merge_release(&m);
    if (err == NULL) {
        err = engine_ingest(t->db->e, (const char *const *)paths, n, true);
        if (err_is(err, ERR_IO)) { /* it may or may not have got there */
            err = err_sqlstate(err_wrap(err, "result is ambiguous"),
                               errcode_sqlstate(ERR_STATEMENT_COMPLETION_UNKNOWN));
            err->code = ERR_STATEMENT_COMPLETION_UNKNOWN;
        }
    }
    for (size_t i = 0; i < n; i++)
        unlink(paths[i]); /* moved already, unless it failed */
    xfree(paths);
    return err;
}
