/* sinks/s3_int.h - keys and signatures of s3, apart from the sink so that tests can reach them. */
#ifndef AMBERDB_SINKS_S3_INT_H
#define AMBERDB_SINKS_S3_INT_H

#include "sinks/remote_int.h"

struct aws_keys {
    const char *id, *secret;
    const char *token; /* NULL: none */
};

/* What goes into Signature Version 4. Headers: names in lower case, in any order, host among them. */
struct aws_request {
    const char *method, *path, *query; /* encoded; query sorted */
    int n_headers;
    struct http_header headers[HTTP_HEADERS_MAX];
    const char *sha;  /* of the body, hex, or UNSIGNED-PAYLOAD */
    const char *date; /* 20200601T120000Z */
    const char *region;
};
char *aws_canonical(struct arena *a, const struct aws_request *q, char **signed_names);
/* The value of Authorization. */
char *aws_authorization(struct arena *a, const struct aws_request *q, const struct aws_keys *k);
char *hex_sha256(struct arena *a, struct slice s);
char *aws_date(struct arena *a, int64_t wall_ns);

/* Credentials of the environment: variables, the shared files, the container's, the instance's.
 * region: what goes with them, or NULL. Cached in net until shortly before they expire. */
struct error *aws_environment(struct remote *r, struct arena *a, bool fresh, struct aws_keys *out)
    ERR_MUST_USE;
const char *aws_environment_region(struct arena *a); /* NULL: none */

#endif
