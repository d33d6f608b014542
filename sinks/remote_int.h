/* sinks/remote_int.h - what the sinks behind HTTP share: calls that are tried again, reading that goes
 * on where it broke off, files that are gathered and sent in parts.
 *
 *     struct remote s3 = {service = &s3_service, ...}
 *     remote_call(r, a, &call, &resp)       sign, send, look at the answer; again after a pause
 *     remote_fetch(r, a, &call, &fetch)     a body, whole or a range, into memory or a file
 *     remote_create/write/commit            parts of part_bytes; below that one request
 *
 * A service says how a call becomes a request (prepare), what a failure means (explain), and how files
 * are sent (put, begin, part, finish, cancel).
 *
 * Errors:  58P01 not there; 57014 cancelled; XXUUU all else, with the provider's words.
 */
#ifndef AMBERDB_SINKS_REMOTE_INT_H
#define AMBERDB_SINKS_REMOTE_INT_H

#include "sinks/http_int.h"
#include "sinks/uri_int.h"

#define REMOTE_PARAMS_MAX 8
#define REMOTE_LIST_MAX ((size_t)1 << 24) /* bytes of one page of a listing */

struct remote;

struct remote_call {
    const char *what;   /* "failed to get s3 object"; goes before errors */
    const char *op;     /* the name under which cloudstorage.timeout applies; NULL: no limit */
    const char *method;
    const char *key;    /* of the object; NULL: the bucket */
    const char *url;    /* instead of what the service makes of key and params; NULL */
    int kind;           /* the service's own: which API */
    int n_params;
    struct http_header params[REMOTE_PARAMS_MAX]; /* of the query, decoded */
    int n_headers;
    struct http_header headers[REMOTE_PARAMS_MAX];
    bool has_body;
    struct slice body;
    int body_fd; /* with has_body and >= 0: body_size bytes of the file */
    uint64_t body_size;
    http_send_fn send; /* instead of body */
    void *send_arg;
    bool once; /* what fails is not tried again */
    const struct remote_service *service; /* instead of the sink's; NULL */
    /* Before the call is sent once more: change it to what is still to do, or set *status to that of a
     * success, when nothing is; then resumed is true. Optional. */
    struct error *(*resume)(struct remote *r, struct arena *a, struct remote_call *c, int *status);
    void *resume_arg;
    bool resumed;
    bool asked; /* a HEAD was refused; GET asks why */
    bool cleanup;    /* goes on though the work is cancelled, but does not insist */
    int also_fine;   /* a status beside 2xx that is a success; 0 none */
    size_t body_max;
    struct remote_fetch *fetch;
};

/* What a failed answer means. */
enum remote_kind {
    REMOTE_FINAL,     /* nothing will change it */
    REMOTE_NOT_FOUND, /* final; 58P01 */
    REMOTE_AGAIN,     /* try again soon */
    REMOTE_THROTTLED, /* try again, but later */
    REMOTE_FIXED,     /* the service mended something (clock, region, token): once more, at once */
};

struct remote_service {
    const char *name;
    size_t part_bytes;
    bool mute_heads; /* why a HEAD fails is only in the body that it has not */
    const struct sink_vt *sink;
    struct error *(*prepare)(struct remote *r, struct arena *a, const struct remote_call *c,
                             struct http_request *q);
    /* Status and body of a complete answer -> text, kind. mended counts REMOTE_FIXED so far. */
    enum remote_kind (*explain)(struct remote *r, struct arena *a, const struct remote_call *c,
                                const struct http_response *resp, int mended, const char **text);
    /* Words for when no answer came. */
    const char *(*no_answer)(struct arena *a, const struct remote_call *c, const char *failure);
    struct error *(*put)(struct remote *r, struct arena *a, const char *key, struct slice body,
                         int fd, uint64_t size);
    /* Optional: the same while the body comes into being. The server has it whole when the size is right
     * afterwards. Not tried again. */
    struct error *(*stream)(struct remote *r, struct arena *a, const char *key, http_send_fn send,
                            void *arg);
    /* Optional, all or none; without, large files gather in a file and are put, or sent from there while
     * they grow. state is the service's, in the arena a of the file. */
    struct error *(*begin)(struct remote *r, struct arena *a, const char *key, void **state);
    struct error *(*part)(struct remote *r, struct arena *a, const char *key, void *state, int number,
                          uint64_t offset, struct slice bytes, bool last);
    struct error *(*finish)(struct remote *r, struct arena *a, const char *key, void *state);
    void (*cancel)(struct remote *r, const char *key, void *state);
};

struct remote {
    struct sink sink;
    const struct remote_service *service;
    const struct io_config *io;
    struct sink_net *net;
    bool own_net;
    struct arena *arena; /* of the sink: what the service keeps */
    char *bucket, *base; /* base: prefix of keys, clean, "" or without slashes at its ends */
    char *ca_pem;
    int64_t timeout_ns;
    const char *timeout_text;
    struct mutex lock; /* for what services change while they work */
    _Atomic bool no_streams; /* the server takes only bodies whose length it is told */
};

/* A new remote of size bytes, struct remote first. */
struct error *remote_new(const struct io_config *io, const struct uri *u,
                         const struct remote_service *service, size_t size, struct remote **out)
    ERR_MUST_USE;
void remote_close(struct sink *s);
const char *remote_setting(const struct io_config *io, struct arena *a, const char *name); /* or "" */
/* Lexically clean relative path: no "", ".", ".."; above the top stays at the top. */
char *remote_clean(struct arena *a, const char *path);
char *remote_key(const struct remote *r, struct arena *a, const char *name);
/* "name=value&..." encoded; sorted when sort is set. */
char *remote_query(struct arena *a, const struct remote_call *c, bool sort);

struct error *remote_call(struct remote *r, struct arena *a, struct remote_call *c,
                          struct http_response *resp) ERR_MUST_USE;
uint64_t remote_size(const struct http_response *resp); /* of the object, after a HEAD */

struct remote_fetch {
    /* where to: exactly one of out (len bytes), fd, text */
    uint8_t *out;
    uint64_t offset, len; /* with out: this range; else all from offset 0 */
    int fd;
    struct str *text;
    bool sized; /* all of it: asked for as a range, whose answer says how long the whole is */
    /* so far */
    uint64_t got;
    uint64_t skip; /* bytes of this answer still to pass over, as the server knows no ranges */
    bool known;    /* total is known */
    uint64_t total;
    char *etag;
    bool begun; /* the first bytes of this answer came */
    bool total_is_told; /* total is the file's, not only this answer's length */
    const char *bad; /* why the answer cannot be used */
    char bad_text[256]; /* behind bad, when it is made here */
    int os_errno;
};
struct error *remote_fetch(struct remote *r, struct arena *a, struct remote_call *c,
                           struct remote_fetch *f) ERR_MUST_USE;
/* For remote_call: the headers of the next attempt. */
void fetch_headers(struct remote_fetch *f, struct arena *a, struct http_request *q);
bool fetch_receive(void *arg, const struct http_response *resp, const uint8_t *p, size_t n);
/* After a success: is some of it missing? Then *why. */
bool fetch_unfinished(struct remote_fetch *f, const struct http_response *resp, const char **why);
struct error *fetch_broken(const struct remote_fetch *f) ERR_MUST_USE;

/* The reading slots of a sink_vt, with `get` filling a call for a name. */
typedef void (*remote_get_fn)(struct remote *r, const char *key, struct remote_call *c);
struct error *remote_read(struct sink *s, remote_get_fn get, const char *name, uint64_t offset,
                          size_t len, uint8_t *out) ERR_MUST_USE;
struct error *remote_read_all(struct sink *s, remote_get_fn get, struct arena *a, const char *name,
                              size_t max, struct slice *out) ERR_MUST_USE;
struct error *remote_map(struct sink *s, remote_get_fn get, struct arena *a, const char *name,
                         struct slice *out) ERR_MUST_USE;
/* The writing slots. */
struct error *remote_create(struct sink *s, const char *name, struct sink_file **out);
struct error *remote_write(struct sink_file *f, const void *p, size_t len);
struct error *remote_commit(struct sink_file *f);
void remote_abort(struct sink_file *f);

/* Names gathered by listings. */
struct remote_names {
    struct arena *a;
    char **v;
    size_t n, cap;
};
/* key must begin with the base; the rest becomes a name. Folders ("x/") are passed over. */
void remote_names_add(struct remote_names *l, const struct remote *r, const char *key);
void remote_names_sort(struct remote_names *l);
/* What to ask the server for: the base's folder, then prefix. */
char *remote_list_prefix(const struct remote *r, struct arena *a, const char *prefix);

/* By the status alone: 408 and 5xx but 501 again, 429 and 503 later, all else final. */
enum remote_kind remote_kind_of_status(int status);

#endif
