/* sinks/gs_int.h - who we are at Google's storage: keys and access tokens. */
#ifndef AMBERDB_SINKS_GS_INT_H
#define AMBERDB_SINKS_GS_INT_H

#include "sinks/remote_int.h"

enum gs_identity {
    GS_SERVICE_ACCOUNT, /* a private key signs a JWT */
    GS_AUTHORIZED_USER, /* a refresh token */
    GS_METADATA,        /* the instance that we run on */
};

struct gs_keys {
    enum gs_identity identity;
    const char *json;      /* the key file; "" for the instance */
    const char *cache_key; /* under which its tokens are kept */
};

/* A service account's key file. */
struct error *gs_parse_key(struct arena *a, const char *json, struct gs_keys *out) ERR_MUST_USE;
/* AUTH=implicit: the file of GOOGLE_APPLICATION_CREDENTIALS, gcloud's own, or the instance. */
struct error *gs_environment(struct arena *a, struct gs_keys *out) ERR_MUST_USE;
/* A token, kept or new. */
struct error *gs_token(struct remote *r, struct arena *a, const struct gs_keys *k, char **out)
    ERR_MUST_USE;
/* header.claims.signature for the token server. */
struct error *gs_jwt(struct arena *a, const char *json, int64_t now_s, char **out) ERR_MUST_USE;

#endif
