/* server/tls.h - TLS for SQL connections, with CockroachDB's file names in the certificates folder.
 *
 * node.crt, node.key and ca.crt are read at start. Client certificates are asked for and checked
 * against ca.crt; a client without one goes on and gives a password.
 *
 * Threads: a tls_context is shared; a tls_stream belongs to its connection's thread.
 */
#ifndef AMBERDB_SERVER_TLS_H
#define AMBERDB_SERVER_TLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

struct tls_context;
struct tls_stream;

/* F0000 when a file is missing, damaged, or a key readable by others. */
struct error *tls_context_open(const char *certs_dir, struct tls_context **out) ERR_MUST_USE;
void tls_context_close(struct tls_context *t); /* NULL is fine */

/* The handshake on an accepted descriptor, which stays the caller's. */
struct error *tls_accept(struct tls_context *t, int fd, struct tls_stream **out) ERR_MUST_USE;
/* Like recv and send: bytes, 0 at the end, -1 on failure. */
ssize_t tls_read(struct tls_stream *s, void *buf, size_t len);
ssize_t tls_write(struct tls_stream *s, const void *buf, size_t len);
bool tls_has_input(const struct tls_stream *s); /* decrypted bytes are waiting */
/* CN of the client's certificate, in the arena; NULL when it gave none. */
char *tls_client_name(const struct tls_stream *s, struct arena *a);
void tls_stream_close(struct tls_stream *s); /* NULL is fine */

#endif
