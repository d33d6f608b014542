/* server/wire.h - bytes to and from one client: buffered messages of PostgreSQL's protocol 3.0.
 *
 * A wire belongs to its connection's thread. Reading grows its buffer only as bytes arrive, up to
 * WIRE_MESSAGE_MAX, whatever length a client claims. Writing collects messages and sends them when
 * asked or when enough bytes are waiting: WIRE_FLUSH_AT, the first results of a statement sooner
 * (results_buffer_size).
 */
#ifndef AMBERDB_SERVER_WIRE_H
#define AMBERDB_SERVER_WIRE_H

#include "base/enc.h"
#include "base/error.h"
#include "base/slice.h"
#include "server/tls.h"

#define WIRE_SKIP_MAX ((size_t)1 << 30) /* larger ones end the connection at once */
#define WIRE_MESSAGE_MAX ((size_t)16 << 20) /* SOURCE: CockroachDB v20.1 pgwirebase maxMessageSize */
#define WIRE_STARTUP_MAX 10000              /* PostgreSQL's MAX_STARTUP_PACKET_LENGTH */
#define WIRE_FLUSH_AT ((size_t)64 << 10)

struct wire {
    int fd;
    struct tls_stream *tls; /* NULL: in the clear */
    struct str in;      /* bytes read and not consumed start at in_pos */
    size_t in_pos;
    struct str out;     /* messages not sent yet */
    size_t message;     /* offset of the open message's length field in out */
    uint64_t sent;      /* bytes ever sent */
    bool broken;        /* the client is gone: nothing further is sent */
};

void wire_init(struct wire *w, int fd);
void wire_release(struct wire *w); /* closes the descriptor */

/* A typed message: its payload is borrowed until the next read. *eof true: the client closed between
 * messages. 08P01 for bad lengths, 08006 when it went away in the middle. */
struct error *wire_read_message(struct wire *w, char *type, struct slice *payload, bool *eof)
    ERR_MUST_USE;
/* The untyped first message. */
struct error *wire_read_startup(struct wire *w, struct slice *payload, bool *eof) ERR_MUST_USE;
/* A read would not block for its first byte. Without look: only what was read already counts. */
bool wire_has_input(const struct wire *w, bool look);

void wire_begin(struct wire *w, char type); /* type 0: no type byte */
void wire_u8(struct wire *w, uint8_t v);
void wire_u16(struct wire *w, uint16_t v);
void wire_u32(struct wire *w, uint32_t v);
void wire_bytes(struct wire *w, const void *p, size_t len);
void wire_cstr(struct wire *w, const char *s); /* with its NUL */
void wire_end(struct wire *w);                 /* fills in the length */
struct error *wire_flush(struct wire *w) ERR_MUST_USE;

/* Walks a payload; failed is set when it would pass the end. */
const char *payload_cstr(struct reader *r); /* NUL-terminated inside the payload; "" on failure */

#endif
