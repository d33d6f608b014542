/* server/server.h - listening, connections, shutdown.
 *
 * One thread a connection, blocking calls. The server owns no SQL: it speaks the wire protocol and
 * hands texts and parameters to a session (executor/session.h).
 */
#ifndef AMBERDB_SERVER_SERVER_H
#define AMBERDB_SERVER_SERVER_H

#include <stdio.h>

#include "base/error.h"
#include "executor/node.h"

struct server;

struct server_opts {
    struct node *node;        /* not owned; NULL: it comes by server_serve */
    const char *listen_addr;  /* "host:port"; empty host: all addresses; port 0: any free one */
    const char *certs_dir;    /* NULL: insecure, no TLS */
    int max_connections;      /* 0: 1024; one more is refused with 53300 */
    bool may_quit;            /* when told so by a client: the process ends as by SIGTERM */
};

/* Binds and starts accepting in a thread of its own. */
struct error *server_start(const struct server_opts *o, struct server **out) ERR_MUST_USE;
/* Until there is a node, clients are refused (57P03), but for `amberdb init`, which waits for it. */
void server_serve(struct server *s, struct node *n);
bool server_told_to_init(struct server *s);
/* "127.0.0.1:26257": what it listens on, with the real port. */
const char *server_address(const struct server *s);
int server_connections(const struct server *s);
/* From now on only clients that control the node are served (executor/node_control.h): idle connections end
 * with 57P01, statements that run have grace_ms. Returns at once. */
void server_drain(struct server *s, int grace_ms);
/* Stops accepting, ends idle connections with 57P01, gives statements that run grace_ms to finish,
 * cancels the rest, and waits for every connection's thread. Frees s. */
void server_stop(struct server *s, int grace_ms);

/* The console: /health, /_status/vars (metrics), /_admin/v1/... on their own port. */
struct http_server;
struct error *http_server_start(struct node *n, struct server *sql, const char *listen_addr,
                                struct http_server **out) ERR_MUST_USE;
const char *http_server_address(const struct http_server *h);
void http_server_stop(struct http_server *h);

/* Subcommands: argv[0] is the subcommand's name. The result is the exit code. */
int cmd_start(int argc, char **argv);
int cmd_start_single_node(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_cert(int argc, char **argv);
/* The same line for `amberdb version` and the version() builtin's tail. */
void version_print(FILE *f);

#endif
