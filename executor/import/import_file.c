/* A file of any destination as bytes: read in blocks, decompressed on the way. */
#include "config.h"

#include "executor/import/import_int.h"

#include <string.h>

#include "base/unpack.h"
#include "executor/node.h"
#include "sinks/sink.h"

#define BLOCK_BYTES ((size_t)1 << 20)
#define KEEP_BYTES 64 /* of what was read and not used, in front of the next block */

struct file {
    struct import_file base;
    struct sink *sink;
    const char *name, *shown;
    uint64_t size, at;
    uint8_t *out;              /* KEEP_BYTES and a block */
    struct unpack *unpack;     /* NULL: the file is not compressed */
    uint8_t *raw;              /* a block of a compressed file */
    struct slice packed;       /* what of it is not yet unpacked */
};

static void
close_file(void *arg)
{
    struct file *f = arg;
    err_free(f->base.failed);
    sink_close(f->sink);
}

static bool
ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n >= k && strcmp(name + n - k, suffix) == 0;
}

static struct unpack *
unpack_for(struct arena *a, const char *name, Amberdb__ImportFormat__Compression c)
{
    bool by_name = c == AMBERDB__IMPORT_FORMAT__COMPRESSION__AUTO;
    if (c == AMBERDB__IMPORT_FORMAT__COMPRESSION__GZIP || (by_name && ends_in(name, ".gz")))
        return unpack_create(a, UNPACK_GZIP);
    if (c == AMBERDB__IMPORT_FORMAT__COMPRESSION__BZIP ||
        (by_name && (ends_in(name, ".bz2") || ends_in(name, ".bz"))))
        return unpack_create(a, UNPACK_BZIP);
    return NULL;
}

struct error *
import_file_open(struct node *n, struct arena *a, const char *uri, Amberdb__ImportFormat__Compression c,
                 const struct cancel *cancel, struct import_file **out)
{
    struct file *f = ARENA_NEW(a, struct file);
    char *dir, *name;
    f->shown = uri_redact(a, uri);
    uri_split_file(a, uri, NULL, &dir, &name);
    if (*name == '\0')
        return err_new(ERR_UNDEFINED_FILE, "the URI names no file");
    f->name = name;
    ERR_TRY(sink_open(n->io, dir, &f->sink));
    arena_on_free(a, close_file, f);
    sink_set_cancel(f->sink, cancel);
    ERR_TRY(sink_size(f->sink, f->name, &f->size));
    f->unpack = unpack_for(a, name, c);
    f->out = arena_alloc(a, KEEP_BYTES + BLOCK_BYTES);
    f->base.p = f->base.end = f->out;
    if (f->unpack != NULL)
        f->raw = arena_alloc(a, BLOCK_BYTES);
    *out = &f->base;
    return NULL;
}

/* The file's next bytes. *n 0 at its end. */
static struct error *
read_raw(struct file *f, uint8_t *to, size_t *n)
{
    uint64_t left = f->size - f->at;
    *n = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
    if (*n > 0)
        ERR_TRY(sink_read(f->sink, f->name, f->at, *n, to));
    f->at += *n;
    return NULL;
}

/* At least one byte, but at the end. */
static struct error *
unpack_more(struct file *f, uint8_t *to, size_t *n)
{
    for (*n = 0; *n == 0;) {
        if (f->packed.len == 0) {
            size_t got;
            ERR_TRY(read_raw(f, f->raw, &got));
            f->packed = slice_make(f->raw, got);
            if (got == 0)
                return unpack_within(f->unpack) ? err_new(ERR_UNCATEGORIZED, "unexpected EOF") : NULL;
        }
        ERR_TRY(unpack_some(f->unpack, &f->packed, to, BLOCK_BYTES, n));
    }
    return NULL;
}

bool
import_file_need(struct import_file *base, size_t n)
{
    struct file *f = (struct file *)base;
    size_t have = (size_t)(base->end - base->p);
    while (have < n && base->failed == NULL) {
        size_t got;
        uint8_t *to = f->out + have;
        memmove(f->out, base->p, have);
        base->p = f->out;
        base->failed = f->unpack == NULL ? read_raw(f, to, &got) : unpack_more(f, to, &got);
        if (base->failed != NULL || got == 0) {
            base->end = to;
            return false;
        }
        have += got;
        base->end = f->out + have;
    }
    return have >= n;
}

uint64_t
import_file_read(const struct import_file *base)
{
    return ((const struct file *)base)->at;
}

uint64_t
import_file_size(const struct import_file *base)
{
    return ((const struct file *)base)->size;
}

const char *
import_file_name(const struct import_file *base)
{
    return ((const struct file *)base)->shown;
}
