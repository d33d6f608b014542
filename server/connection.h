/* server/connection.h - one client: start-up, authentication, the message loop, result sinks.
 *
 * A connection runs wholly in its own thread, but for connection_cancel and connection_interrupt.
 */
#ifndef AMBERDB_SERVER_CONNECTION_H
#define AMBERDB_SERVER_CONNECTION_H

#include "base/thread.h"
#include "executor/session.h"
#include "server/server.h"
#include "server/wire.h"

struct connection {
    struct server *server;
    struct node *node;          /* from the start-up packet on */
    struct wire wire;
    struct arena *arena;        /* the connection's */
    struct session *session;    /* guarded by the server's lock for other threads */
    char client_address[64];
    uint32_t backend_pid, cancel_secret;
    _Atomic bool draining;      /* end at the next message boundary with 57P01 */
    _Atomic bool busy;          /* a message is being handled */
    size_t results_buffer;      /* so many bytes of results wait before the first are sent */
    bool controls;              /* the node: served while it drains; guarded by the server's lock */
    struct connection *next;    /* the server's list */
};

/* Serve until the client leaves; then the descriptor is closed. */
void connection_run(struct connection *c);

/* server.c: NULL in insecure mode. */
struct tls_context *server_tls(struct server *s);
/* server.c: the node of c, as soon as there is one; an error if the client is not one to wait for it. */
struct error *server_find_node(struct server *s, struct connection *c, const char *application,
                               const char *user) ERR_MUST_USE;
/* server.c: may a client of that application be served? It counts as one that controls the node if so. */
bool server_admits(struct server *s, struct connection *c, const char *application);
/* server.c: find by pid and secret and cancel what it runs (CancelRequest). */
void server_cancel(struct server *s, uint32_t pid, uint32_t secret);
/* server.c: publish or withdraw the session of c under the server's lock. */
void server_set_session(struct server *s, struct connection *c, struct session *session);

/* sink.c: a result sink that writes messages. */
struct wire_sink {
    struct result_sink base;
    struct connection *c;
    bool describe;              /* send RowDescription when columns come (simple query) */
    int n_formats;              /* 0: all text; 1: for all; else one a column */
    const int16_t *formats;
    int n_cols;
    const struct result_column *cols;
    size_t mark;                /* where in wire.out the statement at hand begins */
    uint64_t mark_sent;
    bool held;                  /* there begin several statements, which belong together */
    bool copy_failed;
};
void wire_sink_init(struct wire_sink *s, struct connection *c, bool describe, int n_formats,
                    const int16_t *formats);
struct error *send_row_description(struct wire *w, int n, const struct result_column *cols, int n_formats,
                          const int16_t *formats) ERR_MUST_USE;
void send_error(struct wire *w, const struct error *e, const char *severity);
void send_notice(struct wire *w, const struct error *e, const char *severity);
void send_parameter(struct wire *w, const char *name, const char *value);

#endif
