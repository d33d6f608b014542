/* server/auth.h - who may come in.
 *
 * Insecure: everybody who exists and may log in. Secure: a client certificate whose CN is the user, or
 * a password inside TLS. Texts of sql.md 2.2.
 */
#ifndef AMBERDB_SERVER_AUTH_H
#define AMBERDB_SERVER_AUTH_H

#include "server/connection.h"

/* The user that no node's SQL knows: another node of a secure cluster, by its certificate, is root here
 * (executor/peers.h). */
#define NODE_USER "node"
bool is_other_node(const struct connection *c, const char *user);

struct error *authenticate(struct connection *c, const char *user) ERR_MUST_USE;

#endif
