/* executor/password.h - passwords as CockroachDB v20.1 stores them.
 *
 * bcrypt, cost 10, over the password followed by the SHA-256 of the empty string (32 bytes).
 * SOURCE: sql.md 2.2 (CockroachDB v20.1 pkg/security/password.go, whose hasher was never fed).
 */
#ifndef AMBERDB_EXECUTOR_PASSWORD_H
#define AMBERDB_EXECUTOR_PASSWORD_H

#include "base/error.h"
#include "base/slice.h"

/* "$2a$10$..." in the arena. Takes some 50 ms, on purpose. */
struct error *password_hash(struct arena *a, struct slice password, char **out) ERR_MUST_USE;
/* false for an empty or damaged hash as well. */
bool password_matches(struct slice password, struct slice bcrypt);

#endif
