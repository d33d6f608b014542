/* sinks/uri_int.h - URIs taken apart, for the sinks of this room. */
#ifndef AMBERDB_SINKS_URI_INT_H
#define AMBERDB_SINKS_URI_INT_H

#include "sinks/sink.h"

struct uri_param {
    const char *name, *value; /* decoded */
};

struct uri {
    const char *scheme;   /* lower case; "" when absent */
    const char *userinfo; /* NULL when absent; as written */
    const char *host;     /* with port; "" when absent */
    const char *path;     /* decoded; with its leading '/' */
    const char *query;    /* as written, without '?'; "" */
    int n_params;
    const struct uri_param *params;
};

struct error *uri_parse(struct arena *a, const char *text, struct uri *out) ERR_MUST_USE;
/* The first value of a parameter; NULL when absent. */
const char *uri_param(const struct uri *u, const char *name);
/* Percent-decoded; as it is when an escape is broken. */
char *uri_decode(struct arena *a, const char *text);
/* Back to text: parameters sorted by name and encoded; skip (may be NULL) is left out, values of
 * secret parameters become "redacted" when redact is set. */
char *uri_print(struct arena *a, const struct uri *u, const char *skip, bool redact);

struct error *nodelocal_open(const struct io_config *io, const struct uri *u, const char *text,
                             struct sink **out) ERR_MUST_USE;
/* path: clean, relative to the node's external I/O directory. */
struct error *nodelocal_peer_open(const struct io_peer *p, uint32_t node, const char *path,
                                  struct sink **out) ERR_MUST_USE;
struct error *http_open(const struct io_config *io, const struct uri *u, struct sink **out)
    ERR_MUST_USE;
struct error *s3_open(const struct io_config *io, const struct uri *u, struct sink **out)
    ERR_MUST_USE;
struct error *azure_open(const struct io_config *io, const struct uri *u, struct sink **out)
    ERR_MUST_USE;
struct error *gs_open(const struct io_config *io, const struct uri *u, struct sink **out)
    ERR_MUST_USE;
struct error *workload_open(const struct uri *u, struct sink **out) ERR_MUST_USE;

#endif
