#include "config.h"

#include "server/wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_AT_ONCE ((size_t)16 << 10)

void
wire_init(struct wire *w, int fd)
{
    memset(w, 0, sizeof(*w));
    w->fd = fd;
    str_init(&w->in, WIRE_MESSAGE_MAX + 2 * READ_AT_ONCE);
    str_init(&w->out, STR_MAX_DEFAULT);
}

void
wire_release(struct wire *w)
{
    str_release(&w->in);
    str_release(&w->out);
    tls_stream_close(w->tls);
    w->tls = NULL;
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

static size_t
buffered(const struct wire *w)
{
    return w->in.len - w->in_pos;
}

bool
wire_has_input(const struct wire *w, bool look)
{
    if (buffered(w) > 0 || (w->tls != NULL && tls_has_input(w->tls)))
        return true;
    if (!look)
        return false;
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

/* Make at least n bytes available at in_pos. */
static struct error *
fill(struct wire *w, size_t n, bool *eof)
{
    *eof = false;
    if (buffered(w) >= n)
        return NULL;
    if (w->in_pos > 0) {
        memmove(w->in.ptr, w->in.ptr + w->in_pos, buffered(w));
        w->in.len -= w->in_pos;
        w->in_pos = 0;
    }
    /* A large message's buffer is not kept once it is empty. */
    if (w->in.len == 0 && w->in.cap > 16 * READ_AT_ONCE) {
        str_release(&w->in);
        str_init(&w->in, WIRE_MESSAGE_MAX + 2 * READ_AT_ONCE);
    }
    while (w->in.len < n) {
        str_reserve(&w->in, READ_AT_ONCE);
        if (w->in.failed)
            return err_out_of_memory();
        ssize_t got = w->tls != NULL ? tls_read(w->tls, w->in.ptr + w->in.len, READ_AT_ONCE)
                                     : recv(w->fd, w->in.ptr + w->in.len, READ_AT_ONCE, 0);
        if (got < 0 && w->tls == NULL && errno == EINTR)
            continue;
        if (got < 0 && w->tls != NULL) {
            w->broken = true;
            return err_new(ERR_CONNECTION_FAILURE, "reading from client: TLS failure");
        }
        if (got < 0) {
            w->broken = true;
            return err_errno(errno, "reading from client");
        }
        if (got == 0) {
            *eof = true;
            return NULL;
        }
        w->in.len += (size_t)got;
    }
    return NULL;
}

static struct error *
went_away(void)
{
    return err_new(ERR_CONNECTION_FAILURE, "client closed the connection inside a message");
}

static struct error *
read_body(struct wire *w, size_t header, size_t len, struct slice *payload)
{
    bool eof;
    ERR_TRY(fill(w, header + len, &eof));
    if (eof)
        return went_away();
    *payload = slice_make(w->in.ptr + w->in_pos + header, len);
    w->in_pos += header + len;
    return NULL;
}

static struct error *
skip_body(struct wire *w, size_t header, size_t len)
{
    size_t left = header + len;
    while (left > 0) {
        bool eof;
        size_t n = left < READ_AT_ONCE ? left : READ_AT_ONCE;
        ERR_TRY(fill(w, n, &eof));
        if (eof)
            return went_away();
        w->in_pos += n;
        left -= n;
    }
    return NULL;
}

struct error *
wire_read_message(struct wire *w, char *type, struct slice *payload, bool *eof)
{
    ERR_TRY(fill(w, 5, eof));
    if (*eof)
        return buffered(w) > 0 ? went_away() : NULL;
    const uint8_t *p = (const uint8_t *)w->in.ptr + w->in_pos;
    *type = (char)p[0];
    uint32_t len = enc_get_be32(p + 1);
    if (len < 4)
        return err_new(ERR_PROTOCOL_VIOLATION, "invalid message length %u", len);
    if (len - 4 > WIRE_MESSAGE_MAX && len - 4 > WIRE_SKIP_MAX)
        return err_new(ERR_PROTOCOL_VIOLATION, "invalid message length %u", len);
    if (len - 4 > WIRE_MESSAGE_MAX) {
        /* Read what is on its way, so that the client comes to read the answer. */
        ERR_TRY(skip_body(w, 5, len - 4));
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED,
                       "message size %u bytes bigger than maximum allowed message size %zu bytes",
                       len - 4, WIRE_MESSAGE_MAX);
    }
    return read_body(w, 5, len - 4, payload);
}

struct error *
wire_read_startup(struct wire *w, struct slice *payload, bool *eof)
{
    ERR_TRY(fill(w, 4, eof));
    if (*eof)
        return NULL;
    uint32_t len = enc_get_be32((const uint8_t *)w->in.ptr + w->in_pos);
    if (len < 8 || len > WIRE_STARTUP_MAX)
        return err_new(ERR_PROTOCOL_VIOLATION, "invalid length of startup packet");
    return read_body(w, 4, len - 4, payload);
}

void
wire_begin(struct wire *w, char type)
{
    if (type != 0)
        str_append_char(&w->out, type);
    w->message = w->out.len;
    wire_u32(w, 0);
}

void
wire_u8(struct wire *w, uint8_t v)
{
    str_append_char(&w->out, (char)v);
}

void
wire_u16(struct wire *w, uint16_t v)
{
    uint8_t b[2];
    enc_put_be16(b, v);
    str_append(&w->out, b, 2);
}

void
wire_u32(struct wire *w, uint32_t v)
{
    uint8_t b[4];
    enc_put_be32(b, v);
    str_append(&w->out, b, 4);
}

void
wire_bytes(struct wire *w, const void *p, size_t len)
{
    str_append(&w->out, p, len);
}

void
wire_cstr(struct wire *w, const char *s)
{
    str_append(&w->out, s, strlen(s) + 1);
}

void
wire_end(struct wire *w)
{
    if (!w->out.failed)
        enc_put_be32((uint8_t *)w->out.ptr + w->message, (uint32_t)(w->out.len - w->message));
}

struct error *
wire_flush(struct wire *w)
{
    ERR_TRY(str_error(&w->out));
    size_t pos = 0;
    while (pos < w->out.len && !w->broken) {
        ssize_t n = w->tls != NULL
                        ? tls_write(w->tls, w->out.ptr + pos, w->out.len - pos)
                        : send(w->fd, w->out.ptr + pos, w->out.len - pos, MSG_NOSIGNAL);
        if (n < 0 && w->tls == NULL && errno == EINTR)
            continue;
        if (n < 0) {
            w->broken = true;
            break;
        }
        pos += (size_t)n;
    }
    w->sent += pos;
    str_clear(&w->out);
    if (w->out.cap > 32 * WIRE_FLUSH_AT) {
        str_release(&w->out);
        str_init(&w->out, STR_MAX_DEFAULT);
    }
    return w->broken ? err_new(ERR_CONNECTION_FAILURE, "client went away") : NULL;
}

const char *
payload_cstr(struct reader *r)
{
    const uint8_t *nul = r->failed ? NULL : memchr(r->ptr, 0, reader_left(r));
    if (nul == NULL) {
        r->failed = true;
        return "";
    }
    const char *s = (const char *)r->ptr;
    r->ptr = nul + 1;
    return s;
}
