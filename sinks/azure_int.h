/* sinks/azure_int.h - the SharedKey signature of azure, apart so that tests can reach it. */
#ifndef AMBERDB_SINKS_AZURE_INT_H
#define AMBERDB_SINKS_AZURE_INT_H

#include "sinks/remote_int.h"

struct azure_request {
    const char *method, *path; /* path as in the URL, encoded */
    int n_params;
    const struct http_header *params; /* decoded */
    int n_headers;
    const struct http_header *headers; /* names in lower case */
    uint64_t body_size;
};
/* The base64 of the signature with the key. */
char *azure_signature(struct arena *a, const struct azure_request *q, const char *account,
                      struct slice key);

#endif
