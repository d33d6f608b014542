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

static struct error *
source_next(struct merge_source *s, struct slice end)
{
    ERR_TRY(sst_iter_next(s->it, &s->v, &s->more));
    if (s->more && slice_cmp(s->v.key, end) >= 0)
        s->more = false;
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

/* The source that is first in (key, newest first); of equals the latest layer. */
static struct merge_source *
first_source(struct merge *m)
{
    struct merge_source *best = NULL, *v = m->v;
    for (size_t i = 0; i < m->n; i++) {
        if (!v[i].more)
            continue;
        if (best != NULL) {
            int c = slice_cmp(v[i].v.key, best->v.key);
            if (c > 0 || (c == 0 && hlc_cmp(v[i].v.ts, best->v.ts) < 0))
                continue;
        }
        best = &v[i];
    }
    return best;
}

struct error *
merge_open(struct merge *m, struct arena *a, struct merge_input *const *in, size_t n,
           struct span span, struct hlc limit)
{
    *m = (struct merge){.end = span.end, .limit = hlc_is_empty(limit) ? HLC_MAX : limit};
    str_init(&m->taken, STR_MAX_DEFAULT);
    m->v = ARENA_ARRAY(a, struct merge_source, n + 1);
    for (size_t i = 0; i < n; i++) {
        m->v[i].in = in[i];
        ERR_TRY(sst_iter_open(in[i]->reader, &m->v[i].it));
        m->n++;
        ERR_TRY(sst_iter_seek(m->v[i].it, span.start));
        ERR_TRY(source_next(&m->v[i], m->end));
    }
    return NULL;
}

/* Whether the newest version of the key in hand has come out already. */
static struct error *
was_taken(struct merge *m, const struct merge_source *s, bool *same)
{
    if (m->n == 1) /* its iterator looks at the order */
        m->any = m->any && sst_iter_same_key(s->it);
    *same = m->any;
    if (m->n == 1 || !m->any)
        return NULL;
    int c = slice_cmp(s->v.key, str_slice(&m->taken));
    *same = c == 0;
    return c < 0 ? err_new(ERR_DATA_CORRUPTED, "keys are out of order") : NULL;
}

struct error *
merge_next(struct merge *m, struct engine_version *v, bool *more)
{
    bool same;
    for (;;) {
        if (m->due != NULL)
            ERR_TRY(source_next(m->due, m->end));
        struct merge_source *s = first_source(m);
        m->due = s;
        *more = s != NULL;
        if (s == NULL)
            return NULL;
        ERR_TRY(was_taken(m, s, &same));
        if (same || hlc_cmp(s->v.ts, m->limit) > 0)
            continue;
        if (m->n > 1) {
            m->taken.len = 0;
            str_append_slice(&m->taken, s->v.key);
        }
        m->any = true;
        *v = s->v;
        return NULL;
    }
}

void
merge_close(struct merge *m)
{
    for (size_t i = 0; i < m->n; i++)
        sst_iter_close(m->v[i].it);
    m->n = 0;
    str_release(&m->taken);
}
