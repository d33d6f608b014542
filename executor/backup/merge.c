/* One interval of the coverage check: the files that hold it, merged. Of each key the newest version at
 * or before a time comes out, deletions too. */
#include "config.h"

#include "executor/backup/merge.h"

#include <sys/mman.h>

#include "base/hash.h"

#define TRIM_BYTES ((size_t)8 << 20) /* walked between returning mapped pages */
#define HASH_PIECE ((size_t)4 << 20)

/* ---- files ---- */

static void
drop_pages(struct slice map)
{
    if (map.len > 0)
        madvise((void *)(uintptr_t)map.ptr, map.len, MADV_DONTNEED);
}

struct error *
merge_verify(const pb_file *f, struct slice bytes, bool mapped)
{
    uint8_t sum[SHA512_LEN];
    struct slice want = pb_bytes(f->sha512);
    if (!f->has_sha512 || want.len == 0)
        return NULL;
    struct sha512 *h = sha512_create();
    for (size_t at = 0; at < bytes.len; at += HASH_PIECE) {
        size_t n = bytes.len - at < HASH_PIECE ? bytes.len - at : HASH_PIECE;
        sha512_update(h, bytes.ptr + at, n);
        if (mapped)
            drop_pages(slice_make(bytes.ptr + at, n)); /* pieces are whole pages */
    }
    sha512_final(h, sum);
    if (memcmp(sum, want.ptr, SHA512_LEN) != 0)
        return err_new(ERR_UNCATEGORIZED, "checksum mismatch for %s", f->path);
    return NULL;
}

void
merge_verify_mapped(const pb_file *const *f, const struct slice *bytes, size_t n, bool *good)
{
    struct sha512 *h[SHA512_LANES] = {NULL};
    uint8_t sum[SHA512_LEN];
    size_t longest = 0;
    VERIFY(n <= SHA512_LANES);
    for (size_t i = 0; i < n; i++) {
        h[i] = sha512_create();
        if (bytes[i].len > longest)
            longest = bytes[i].len;
    }
    for (size_t at = 0; at < longest; at += HASH_PIECE) {
        struct slice x[SHA512_LANES] = {SLICE_NULL};
        for (size_t i = 0; i < n; i++)
            if (at < bytes[i].len)
                x[i] = slice_make(bytes[i].ptr + at, bytes[i].len - at < HASH_PIECE
                                                         ? bytes[i].len - at : HASH_PIECE);
        sha512_update_lanes(h, x);
        for (size_t i = 0; i < n; i++)
            drop_pages(x[i]); /* pieces are whole pages */
    }
    for (size_t i = 0; i < n; i++) {
        sha512_final(h[i], sum);
        good[i] = slice_eq(slice_make(sum, SHA512_LEN), pb_bytes(f[i]->sha512));
    }
}

static void
close_unwanted(struct merge_files *fs)
{
    for (struct merge_file **p = &fs->first; *p != NULL;) {
        struct merge_file *f = *p;
        if (f->wanted) {
            p = &f->next;
            continue;
        }
        *p = f->next;
        fs->close(f);
    }
}

struct error *
merge_files_open(struct merge_files *fs, struct arena *a, const struct cover_interval *iv,
                 struct merge_input ***in)
{
    struct merge_input **v = ARENA_ARRAY(a, struct merge_input *, iv->n_files + 1);
    for (struct merge_file *f = fs->first; f != NULL; f = f->next)
        f->wanted = false;
    for (size_t i = 0; i < iv->n_files; i++) {
        v[i] = NULL;
        for (struct merge_file *f = fs->first; f != NULL; f = f->next)
            if (f->index == iv->files[i].index) {
                f->wanted = true;
                v[i] = &f->in;
            }
    }
    close_unwanted(fs);
    for (size_t i = 0; i < iv->n_files; i++)
        if (v[i] == NULL) {
            struct merge_file *f;
            ERR_TRY(fs->open(fs->arg, &iv->files[i], &f));
            f->index = iv->files[i].index;
            f->wanted = true;
            f->next = fs->first;
            fs->first = f;
            v[i] = &f->in;
        }
    *in = v;
    return NULL;
}

void
merge_files_close(struct merge_files *fs)
{
    for (struct merge_file *f = fs->first; f != NULL; f = f->next)
        f->wanted = false;
    close_unwanted(fs);
}

/* ---- merging ---- */

void
merge_input_release(struct merge_input *in)
{
    if (in->it != NULL)
        sst_iter_close(in->it);
    if (in->reader != NULL)
        sst_reader_close(in->reader);
    in->it = NULL;
    in->reader = NULL;
}

/* There is an entry in hand: is it one of the span, and as it should be? */
static struct error *
source_check(struct merge_source *s, struct slice end)
{
    s->more = !s->over && slice_cmp(s->v.key, end) < 0;
    if (!s->more)
        return NULL;
    if (!hlc_is_empty(s->in->newest) && hlc_cmp(s->v.ts, s->in->newest) > 0)
        return err_new(ERR_DATA_CORRUPTED, "data file %s holds changes from after its backup",
                       s->in->name);
    s->in->walked += s->v.key.len + s->v.value.len;
    if (s->in->mapped && s->in->walked >= TRIM_BYTES) {
        s->in->walked = 0;
        drop_pages(s->in->map);
    }
    return NULL;
}

static struct error *
source_next(struct merge_source *s, struct slice end)
{
    bool more;
    ERR_TRY(sst_iter_next(s->it, &s->v, &more));
    s->over = !more;
    return source_check(s, end);
}

/* Go to the span's first entry. Spans of an interval follow on each other, and files of small changes have
 * few entries in each: to seek would unpack a block for every one. */
static struct error *
source_open(struct merge_source *s, struct span span)
{
    struct merge_input *in = s->in;
    if (in->it != NULL && slice_eq(in->it_at, span.start)) {
        s->it = in->it;
        s->v = in->it_v;
        s->over = in->it_over;
        in->it = NULL;
        return source_check(s, span.end);
    }
    if (in->it != NULL)
        sst_iter_close(in->it);
    in->it = NULL;
    ERR_TRY(sst_iter_open(in->reader, &s->it));
    ERR_TRY(sst_iter_seek(s->it, span.start));
    return source_next(s, span.end);
}

static void
source_close(struct merge_source *s, struct slice end, bool good)
{
    struct merge_input *in = s->in;
    if (!good || !in->keep || s->it == NULL) {
        sst_iter_close(s->it);
        return;
    }
    in->it = s->it;
    in->it_at = end;
    in->it_v = s->v;
    in->it_over = s->over;
}

/* Is x before y in (key, newest first)? Of equals the later layer comes first. *tied: keys are the same. */
static bool
before(const struct merge_source *x, const struct merge_source *y, bool *tied)
{
    int c = slice_cmp(x->v.key, y->v.key);
    *tied = c == 0;
    if (c == 0)
        c = -hlc_cmp(x->v.ts, y->v.ts);
    return c < 0 || (c == 0 && x > y);
}

/* Find the first source and the one after it. */
static struct merge_source *
find_first(struct merge *m)
{
    struct merge_source *best = NULL;
    bool tied;
    m->rival = NULL;
    for (struct merge_source *x = m->v; x < m->v + m->n; x++) {
        if (!x->more)
            continue;
        if (best == NULL || before(x, best, &tied)) {
            m->rival = best;
            best = x;
        } else if (m->rival == NULL || before(x, m->rival, &tied)) {
            m->rival = x;
        }
    }
    m->tied = false;
    if (m->rival != NULL)
        (void)before(best, m->rival, &m->tied);
    return best;
}

/* The source that is first now. Layers of a chain are of very different sizes: most often it is the one that
 * was first before, and one comparison shows it. */
static struct merge_source *
next_source(struct merge *m)
{
    if (m->due == NULL || !m->due->more)
        return find_first(m);
    if (m->rival == NULL || before(m->due, m->rival, &m->tied))
        return m->due;
    return find_first(m);
}

struct error *
merge_open(struct merge *m, struct arena *a, struct merge_input *const *in, size_t n,
           struct span span, struct hlc limit)
{
    *m = (struct merge){.end = span.end, .limit = hlc_is_empty(limit) ? HLC_MAX : limit};
    m->v = ARENA_ARRAY(a, struct merge_source, n + 1);
    for (size_t i = 0; i < n; i++) {
        m->v[i].in = in[i];
        m->n++;
        ERR_TRY(source_open(&m->v[i], span));
    }
    return NULL;
}

struct error *
merge_next(struct merge *m, struct engine_version *v, bool *more)
{
    for (;;) {
        struct merge_source *was = m->due;
        bool tied = m->tied;
        if (was != NULL)
            ERR_TRY(source_next(was, m->end));
        struct merge_source *s = next_source(m);
        m->due = s;
        *more = s != NULL;
        m->good = s == NULL;
        if (s == NULL)
            return NULL;
        /* The same key as before? Iterators look at the order of their own; all others were behind it. */
        bool same = was != NULL && (s == was ? sst_iter_same_key(s->it) : tied);
        m->taken = m->taken && same;
        if (m->taken || hlc_cmp(s->v.ts, m->limit) > 0)
            continue;
        m->taken = true;
        *v = s->v;
        return NULL;
    }
}

void
merge_close(struct merge *m)
{
    for (size_t i = 0; i < m->n; i++)
        source_close(&m->v[i], m->end, m->good);
    m->n = 0;
}
