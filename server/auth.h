/* server/auth.h - who may come in.
 *
 * Insecure: everybody who exists and may log in. Secure: a client certificate whose CN is the user, or
 * a password inside TLS. Texts of sql.md 2.2.
 */
#ifndef AMBERDB_SERVER_AUTH_H
#define AMBERDB_SERVER_AUTH_H

#include "server/connection.h"

struct error *authenticate(struct connection *c, const char *user) ERR_MUST_USE;

#endif
