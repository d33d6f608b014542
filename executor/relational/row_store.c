#include "config.h"

#include "executor/relational/rel_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "types/decimal.h"

#define CHUNK ((size_t)256 * 1024)
#define READ_MIN ((size_t)64 * 1024)

/* ---- datums as bytes ------------------------------------------------------------------------ */

static void
pack_u32(struct str *s, uint32_t v)
{
    str_append(s, &v, sizeof(v));
}

/* Format: 1 byte (0 NULL, 1 value), then by family. Machine byte order: the file never leaves this
 * process. */
void
datum_pack(struct str *s, const struct type *t, const struct datum *d)
{
    if (d->null) {
        str_append_char(s, 0);
        return;
    }
    str_append_char(s, 1);
    switch (t->family) {
    case FAMILY_BOOL:
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
    case FAMILY_FLOAT:
        str_append(s, &d->i, sizeof(d->i));
        break;
    case FAMILY_TIMETZ:
        str_append(s, &d->i, sizeof(d->i));
        str_append(s, &d->aux, sizeof(d->aux));
        break;
    case FAMILY_DECIMAL: {
        size_t len = sizeof(*d->dec) + d->dec->n * sizeof(d->dec->limbs[0]);
        pack_u32(s, (uint32_t)len);
        str_append(s, d->dec, len);
        break;
    }
    case FAMILY_INTERVAL:
        str_append(s, d->iv, sizeof(*d->iv));
        break;
    case FAMILY_STRING:
    case FAMILY_COLLATED_STRING:
    case FAMILY_BYTES:
    case FAMILY_UUID:
    case FAMILY_INET:
    case FAMILY_JSON:
        pack_u32(s, d->len);
        str_append(s, d->ptr, d->len);
        break;
    case FAMILY_BIT:
        pack_u32(s, d->len);
        str_append(s, d->ptr, ((size_t)d->len + 7) / 8);
        break;
    case FAMILY_ARRAY:
        pack_u32(s, (uint32_t)d->arr->n);
        for (int i = 0; i < d->arr->n; i++)
            datum_pack(s, t->elem, &d->arr->v[i]);
        break;
    case FAMILY_TUPLE:
        pack_u32(s, d->len);
        for (uint32_t i = 0; i < d->len; i++)
            datum_pack(s, t->contents[i], &d->tup[i]);
        break;
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
}

static struct error *
bad_spill(void)
{
    return err_new(ERR_INTERNAL, "a spilled row cannot be read back");
}

static bool
take(const uint8_t **p, const uint8_t *end, void *to, size_t n)
{
    if ((size_t)(end - *p) < n)
        return false;
    memcpy(to, *p, n);
    *p += n;
    return true;
}

struct error *
datum_unpack(const uint8_t **p, const uint8_t *end, const struct type *t, struct arena *a,
             struct datum *out)
{
    uint32_t len;

    if (*p == end)
        return bad_spill();
    bool null = *(*p)++ == 0;
    *out = (struct datum){.null = null};
    if (null)
        return NULL;
    switch (t->family) {
    case FAMILY_BOOL:
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
    case FAMILY_FLOAT:
        return take(p, end, &out->i, sizeof(out->i)) ? NULL : bad_spill();
    case FAMILY_TIMETZ:
        if (!take(p, end, &out->i, sizeof(out->i)) || !take(p, end, &out->aux, sizeof(out->aux)))
            return bad_spill();
        return NULL;
    case FAMILY_DECIMAL: {
        if (!take(p, end, &len, sizeof(len)) || (size_t)(end - *p) < len)
            return bad_spill();
        struct decimal *dec = arena_alloc(a, len);
        memcpy(dec, *p, len);
        *p += len;
        out->dec = dec;
        return NULL;
    }
    case FAMILY_INTERVAL: {
        struct interval *iv = arena_alloc(a, sizeof(*iv));
        if (!take(p, end, iv, sizeof(*iv)))
            return bad_spill();
        out->iv = iv;
        return NULL;
    }
    case FAMILY_STRING:
    case FAMILY_COLLATED_STRING:
    case FAMILY_BYTES:
    case FAMILY_UUID:
    case FAMILY_INET:
    case FAMILY_JSON:
    case FAMILY_BIT: {
        if (!take(p, end, &len, sizeof(len)))
            return bad_spill();
        size_t bytes = t->family == FAMILY_BIT ? ((size_t)len + 7) / 8 : len;
        if ((size_t)(end - *p) < bytes)
            return bad_spill();
        out->ptr = *p;
        out->len = len;
        *p += bytes;
        return NULL;
    }
    case FAMILY_ARRAY: {
        if (!take(p, end, &len, sizeof(len)) || (size_t)(end - *p) < len)
            return bad_spill();
        struct array *arr = ARENA_NEW(a, struct array);
        struct datum *v = ARENA_ARRAY(a, struct datum, len);
        for (uint32_t i = 0; i < len; i++)
            ERR_TRY(datum_unpack(p, end, t->elem, a, &v[i]));
        arr->n = (int)len;
        arr->elem = t->elem;
        arr->v = v;
        out->arr = arr;
        return NULL;
    }
    case FAMILY_TUPLE: {
        if (!take(p, end, &len, sizeof(len)) || (size_t)(end - *p) < len)
            return bad_spill();
        struct datum *v = ARENA_ARRAY(a, struct datum, len);
        for (uint32_t i = 0; i < len; i++)
            ERR_TRY(datum_unpack(p, end, t->contents[i], a, &v[i]));
        out->tup = v;
        out->len = len;
        return NULL;
    }
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        return NULL;
    }
    return bad_spill();
}

/* ---- the store ------------------------------------------------------------------------------ */

struct chunk {
    struct chunk *next;
    size_t len, cap;
    uint8_t bytes[];
};

struct row_store {
    struct exec_ctx *x;
    int n_cols;
    const struct type *const *types;
    size_t limit, mem_bytes;
    int64_t n_rows;
    struct chunk *first, *last; /* in memory, in order; in front of the file's rows */
    struct str scratch;         /* one row: u32 length, columns */
    int fd;                     /* -1: nothing spilled */
    uint64_t file_bytes;        /* flushed */
    struct str out;             /* not yet flushed */
    bool closed;
};

size_t
rel_memory_limit(const struct exec_ctx *x)
{
    size_t limit = x->budget == NULL ? 0 : mem_budget_limit(x->budget);

    if (limit == 0)
        limit = (size_t)128 << 20;
    limit /= 4;
    return limit < ((size_t)1 << 20) ? (size_t)1 << 20 : limit;
}

void
row_store_close(struct row_store *s)
{
    if (s == NULL || s->closed)
        return;
    s->closed = true;
    for (struct chunk *c = s->first, *next; c != NULL; c = next) {
        next = c->next;
        if (s->x->budget != NULL)
            mem_budget_give(s->x->budget, sizeof(*c) + c->cap);
        xfree(c);
    }
    s->first = s->last = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    str_release(&s->scratch);
    str_release(&s->out);
}

static void
store_on_free(void *arg)
{
    row_store_close(arg);
}

struct row_store *
row_store_create(struct exec_ctx *x, struct arena *a, int n_cols, const struct type *const *types,
                 size_t limit)
{
    struct row_store *s = ARENA_NEW(a, struct row_store);

    s->x = x;
    s->n_cols = n_cols;
    s->types = types;
    s->limit = limit == 0 ? rel_memory_limit(x) : limit;
    s->fd = -1;
    str_init(&s->scratch, STR_MAX_DEFAULT);
    str_init(&s->out, STR_MAX_DEFAULT);
    arena_on_free(a, store_on_free, s);
    return s;
}

/* A file without a name, so that a crash leaves nothing behind. */
static struct error *
open_spill(struct row_store *s)
{
    const char *dir = s->x->node->opts.temp_dir;
    char path[4096];

    int n = snprintf(path, sizeof(path), "%s/spill-XXXXXX", dir == NULL ? "/tmp" : dir);
    if (n < 0 || (size_t)n >= sizeof(path))
        return err_new(ERR_IO, "the name of the temporary folder is too long");
    s->fd = mkostemp(path, O_CLOEXEC);
    if (s->fd < 0)
        return err_errno(errno, "cannot create a temporary file in %s", dir);
    unlink(path);
    return NULL;
}

static struct error *
flush_spill(struct row_store *s)
{
    if (s->fd < 0 || s->out.len == 0)
        return NULL;
    ERR_TRY(str_error(&s->out));
    ERR_TRY(fd_write_all(s->fd, "temporary file", s->out.ptr, s->out.len));
    s->file_bytes += s->out.len;
    str_clear(&s->out);
    return NULL;
}

static struct error *
spill_bytes(struct row_store *s, const void *p, size_t len)
{
    if (s->fd < 0)
        ERR_TRY(open_spill(s));
    str_append(&s->out, p, len);
    return s->out.len >= CHUNK ? flush_spill(s) : NULL;
}

static struct error *
append_bytes(struct row_store *s, const char *p, size_t len)
{
    if (s->last != NULL && s->last->cap - s->last->len >= len) {
        memcpy(s->last->bytes + s->last->len, p, len);
        s->last->len += len;
        return NULL;
    }
    if (s->mem_bytes + len > s->limit)
        return spill_bytes(s, p, len);
    size_t cap = len > CHUNK ? len : CHUNK;
    struct chunk *c = xmalloc(sizeof(*c) + cap);
    if (s->x->budget != NULL && !mem_budget_take(s->x->budget, sizeof(*c) + cap)) {
        xfree(c);
        return spill_bytes(s, p, len);
    }
    c->next = NULL;
    c->len = len;
    c->cap = cap;
    memcpy(c->bytes, p, len);
    if (s->last == NULL)
        s->first = c;
    else
        s->last->next = c;
    s->last = c;
    s->mem_bytes += cap;
    return NULL;
}

static struct error *
add_packed(struct row_store *s)
{
    ERR_TRY(str_error(&s->scratch));
    uint32_t len = (uint32_t)(s->scratch.len - sizeof(len));
    memcpy(s->scratch.ptr, &len, sizeof(len));
    s->n_rows++;
    /* Rows in memory come first: once a row went to the file, all later ones do. */
    if (s->fd >= 0)
        return spill_bytes(s, s->scratch.ptr, s->scratch.len);
    return append_bytes(s, s->scratch.ptr, s->scratch.len);
}

struct error *
row_store_add(struct row_store *s, const struct datum *row)
{
    str_clear(&s->scratch);
    pack_u32(&s->scratch, 0);
    for (int c = 0; c < s->n_cols; c++)
        datum_pack(&s->scratch, s->types[c], &row[c]);
    return add_packed(s);
}

struct error *
row_store_add_batch(struct row_store *s, const struct batch *b)
{
    const struct datum null = DATUM_NULL;
    int live = batch_live(b);

    for (int i = 0; i < live; i++) {
        int r = batch_row(b, i);
        str_clear(&s->scratch);
        pack_u32(&s->scratch, 0);
        for (int c = 0; c < s->n_cols; c++)
            datum_pack(&s->scratch, s->types[c], b->cols[c] == NULL ? &null : &b->cols[c][r]);
        ERR_TRY(add_packed(s));
    }
    return NULL;
}

int64_t
row_store_count(const struct row_store *s)
{
    return s->n_rows;
}

size_t
row_store_bytes(const struct row_store *s)
{
    return s->mem_bytes + s->file_bytes + s->out.len;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct row_reader {
    struct row_store *s;
    const struct chunk *chunk;
    size_t pos;           /* in the chunk, or in buf */
    uint8_t *buf;         /* file bytes */
    size_t buf_len, buf_cap;
    uint64_t file_pos;    /* of what follows buf */
    struct arena *arena;  /* decoded pieces */
    bool in_file;
};

static void
reader_on_free(void *arg)
{
    struct row_reader *r = arg;

    xfree(r->buf);
    r->buf = NULL;
}

struct row_reader *
row_reader_open(struct row_store *s, struct arena *a)
{
    struct row_reader *r = ARENA_NEW(a, struct row_reader);

    r->s = s;
    r->chunk = s->first;
    r->in_file = s->first == NULL;
    r->arena = arena_create(a, "row reader");
    arena_on_free(a, reader_on_free, r);
    return r;
}

/* Makes want bytes available at r->pos of the buffer; *have says how many there are. */
static struct error *
fill(struct row_reader *r, size_t want, size_t *have)
{
    size_t left = r->buf_len - r->pos;

    if (left < want) {
        size_t cap = want > READ_MIN ? want : READ_MIN;
        if (r->pos > 0 && left > 0)
            memmove(r->buf, r->buf + r->pos, left);
        if (cap > r->buf_cap) {
            r->buf = xrealloc(r->buf, cap);
            r->buf_cap = cap;
        }
        r->pos = 0;
        r->buf_len = left;
        while (r->buf_len < want && r->file_pos < r->s->file_bytes) {
            ssize_t n = pread(r->s->fd, r->buf + r->buf_len, r->buf_cap - r->buf_len,
                              (off_t)r->file_pos);
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return err_errno(errno, "cannot read a temporary file");
            if (n == 0)
                return bad_spill();
            r->buf_len += (size_t)n;
            r->file_pos += (uint64_t)n;
        }
    }
    *have = r->buf_len - r->pos;
    return NULL;
}

/* The bytes of the next row; NULL at the end. Memory rows stay; file rows until the next call. */
static struct error *
next_bytes(struct row_reader *r, struct slice *row, bool *more)
{
    uint32_t len;

    while (!r->in_file) {
        if (r->pos < r->chunk->len) {
            memcpy(&len, r->chunk->bytes + r->pos, sizeof(len));
            *row = slice_make(r->chunk->bytes + r->pos + sizeof(len), len);
            r->pos += sizeof(len) + len;
            *more = true;
            return NULL;
        }
        r->chunk = r->chunk->next;
        r->pos = 0;
        r->in_file = r->chunk == NULL;
    }
    size_t have;
    if (r->s->fd < 0) {
        *more = false;
        return NULL;
    }
    ERR_TRY(flush_spill(r->s));
    ERR_TRY(fill(r, sizeof(len), &have));
    if (have < sizeof(len)) {
        *more = false;
        return have == 0 ? NULL : bad_spill();
    }
    memcpy(&len, r->buf + r->pos, sizeof(len));
    ERR_TRY(fill(r, sizeof(len) + len, &have));
    if (have < sizeof(len) + len)
        return bad_spill();
    *row = slice_make(r->buf + r->pos + sizeof(len), len);
    r->pos += sizeof(len) + len;
    *more = true;
    return NULL;
}

struct error *
row_reader_next(struct row_reader *r, struct datum *row, bool *more)
{
    struct slice bytes;

    arena_reset(r->arena);
#ifdef AMBERDB_SANITIZED /* so that it is seen who still looks at the row before */
    if (r->buf != NULL) {
        uint8_t *fresh = memcpy(xmalloc(r->buf_cap), r->buf, r->buf_len);
        xfree(r->buf);
        r->buf = fresh;
    }
#endif
    ERR_TRY(next_bytes(r, &bytes, more));
    if (!*more)
        return NULL;
    const uint8_t *p = bytes.ptr, *end = bytes.ptr + bytes.len;
    for (int c = 0; c < r->s->n_cols; c++)
        ERR_TRY(datum_unpack(&p, end, r->s->types[c], r->arena, &row[c]));
    return NULL;
}

struct error *
row_reader_batch(struct row_reader *r, struct batch *b)
{
    arena_reset(r->arena);
    b->n = 0;
    b->sel = NULL;
    while (b->n < BATCH_ROWS) {
        struct slice bytes;
        bool more, file = r->in_file;
        ERR_TRY(next_bytes(r, &bytes, &more));
        if (!more)
            break;
        if (file || r->in_file)
            bytes = slice_dup(r->arena, bytes);
        const uint8_t *p = bytes.ptr, *end = bytes.ptr + bytes.len;
        for (int c = 0; c < r->s->n_cols; c++)
            ERR_TRY(datum_unpack(&p, end, r->s->types[c], r->arena, &b->cols[c][b->n]));
        b->n++;
    }
    return NULL;
}
