#include "config.h"

#include "base/unpack.h"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <string.h>

struct unpack {
    enum unpack_kind kind;
    bool within;
    struct inflate_state *gzip;
    bz_stream bzip;
    bool bzip_open;
};

static void
close_bzip(void *arg)
{
    struct unpack *u = arg;
    if (u->bzip_open)
        BZ2_bzDecompressEnd(&u->bzip);
}

struct unpack *
unpack_create(struct arena *a, enum unpack_kind kind)
{
    struct unpack *u = ARENA_NEW(a, struct unpack);
    u->kind = kind;
    if (kind == UNPACK_GZIP)
        u->gzip = ARENA_NEW(a, struct inflate_state);
    arena_on_free(a, close_bzip, u);
    return u;
}

static struct error *
inflate_some(struct unpack *u, struct slice *in, uint8_t *to, size_t room, size_t *n)
{
    struct inflate_state *s = u->gzip;
    if (!u->within) {
        isal_inflate_init(s);
        s->crc_flag = ISAL_GZIP;
        u->within = true;
    }
    s->next_in = (uint8_t *)(uintptr_t)in->ptr;
    s->avail_in = (uint32_t)in->len;
    s->next_out = to;
    s->avail_out = (uint32_t)room;
    int rc = isal_inflate(s);
    *in = (struct slice){s->next_in, s->avail_in};
    *n = room - s->avail_out;
    if (rc != ISAL_DECOMP_OK && rc != ISAL_END_INPUT)
        return err_new(ERR_UNCATEGORIZED, "gzip: invalid data");
    u->within = s->block_state != ISAL_BLOCK_FINISH;
    return NULL;
}

static struct error *
bunzip_some(struct unpack *u, struct slice *in, uint8_t *to, size_t room, size_t *n)
{
    if (!u->within) {
        memset(&u->bzip, 0, sizeof(u->bzip));
        if (BZ2_bzDecompressInit(&u->bzip, 0, 0) != BZ_OK)
            return err_out_of_memory();
        u->within = u->bzip_open = true;
    }
    u->bzip.next_in = (char *)(uintptr_t)in->ptr;
    u->bzip.avail_in = (unsigned)in->len;
    u->bzip.next_out = (char *)to;
    u->bzip.avail_out = (unsigned)room;
    int rc = BZ2_bzDecompress(&u->bzip);
    *in = slice_make(in->ptr + (in->len - u->bzip.avail_in), u->bzip.avail_in);
    *n = room - u->bzip.avail_out;
    if (rc != BZ_OK && rc != BZ_STREAM_END)
        return err_new(ERR_UNCATEGORIZED, "bzip2: invalid data");
    if (rc == BZ_STREAM_END) {
        BZ2_bzDecompressEnd(&u->bzip);
        u->within = u->bzip_open = false;
    }
    return NULL;
}

struct error *
unpack_some(struct unpack *u, struct slice *in, uint8_t *to, size_t room, size_t *n)
{
    struct slice now = in->len > INT_MAX ? slice_make(in->ptr, INT_MAX) : *in;
    size_t most = room > INT_MAX ? INT_MAX : room, given = now.len;
    struct error *e = u->kind == UNPACK_GZIP ? inflate_some(u, &now, to, most, n)
                                             : bunzip_some(u, &now, to, most, n);
    size_t taken = given - now.len;
    *in = slice_make(in->ptr + taken, in->len - taken);
    return e;
}

bool
unpack_within(const struct unpack *u)
{
    return u->within;
}
