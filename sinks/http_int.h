/* sinks/http_int.h - one HTTP exchange over libcurl, for the sinks of this room.
 *
 * An exchange is a request that is complete in memory (or in an open file) and an answer whose body
 * goes to a function or into a bounded text. Nothing is repeated here; remote_int.h does that.
 * Connections are kept in a struct sink_net and used again.
 *
 * Errors:  none but 57014 (cancelled): what went wrong on the way is part of the answer.
 * Threads: a sink_net is shared; the rest belongs to one thread.
 */
#ifndef AMBERDB_SINKS_HTTP_INT_H
#define AMBERDB_SINKS_HTTP_INT_H

#include <sys/types.h>

#include "sinks/sink.h"

#define HTTP_ERROR_BODY_MAX ((size_t)64 << 10) /* of an answer that is not a success */
#define HTTP_HEADERS_MAX 32                    /* of a request */

/* How the exchange ended, when no complete answer came. */
enum http_failure {
    HTTP_COMPLETE,
    HTTP_NOT_CONNECTED, /* refused, no route, no such host */
    HTTP_BROKEN,        /* reset, closed early, shorter than promised */
    HTTP_STALLED,       /* too slow for too long */
    HTTP_TIMED_OUT,     /* the deadline of the request */
    HTTP_REFUSED,       /* certificate, protocol: nothing that trying again would mend */
};

struct http_header {
    const char *name, *value;
};

struct http_response;
/* Some of a successful answer's body. False: enough, hang up. */
typedef bool (*http_receive_fn)(void *arg, const struct http_response *resp, const uint8_t *p,
                                size_t n);

/* Bytes of a body that is still coming into being, from offset on, at most n: how many; 0 it is complete,
 * negative: give up. May wait. */
typedef ssize_t (*http_send_fn)(void *arg, uint64_t offset, uint8_t *to, size_t n);

struct http_request {
    const char *method;
    const char *url;
    int n_headers;
    struct http_header headers[HTTP_HEADERS_MAX];
    bool has_body;
    struct slice body; /* or, with body_fd >= 0, body_size bytes of that file from its beginning */
    int body_fd;
    uint64_t body_size;
    http_send_fn send; /* instead of body: of a length that nobody knows yet */
    void *send_arg;
    http_receive_fn receive; /* NULL: into resp->body */
    void *receive_arg;
    size_t body_max; /* of resp->body after a success; 0 = HTTP_ERROR_BODY_MAX */
    const char *ca_pem;    /* added to the system's roots; NULL = these alone */
    bool follow;           /* redirects, at most ten, never from https to http */
    bool fresh;            /* by a new connection: over a kept one libcurl may send it twice */
    bool direct;           /* past any proxy, with a short time to connect */
    int64_t deadline_ns;   /* monotonic; 0 = none */
    const struct cancel *cancel;
};

struct http_response {
    enum http_failure failure;
    const char *failure_text; /* with HTTP_COMPLETE: "" */
    int status;               /* 0: none came */
    const char *status_text;  /* "Not Found"; may be "" */
    int n_headers;
    struct http_header *headers; /* names in lower case */
    struct str body;
    bool hung_up; /* receive had enough */
};

/* q->url and all that it names outlive the call. The answer lives in a. */
struct error *http_perform(struct sink_net *net, struct arena *a, const struct http_request *q,
                           struct http_response *resp) ERR_MUST_USE;
void http_add_header(struct http_request *q, const char *name, const char *value);
/* The value of the answer's header, name in lower case; NULL when absent. */
const char *http_header(const struct http_response *resp, const char *name);
const char *http_status_text(int status); /* "Not Found"; "" when unknown */

/* RFC 3986: all but letters, digits, "-._~" (and '/' when slash is set) as %XX. */
void http_encode(struct str *s, const char *text, bool slash);
/* NULL, or v20.1's words on a text that holds no certificate. */
struct error *http_check_ca(const char *pem) ERR_MUST_USE;

/* Standard base64, padded; the error has Go's words. */
struct error *base64_decode(struct arena *a, const char *text, struct slice *out) ERR_MUST_USE;
char *base64_encode(struct arena *a, struct slice s);

/* Access tokens of this process, by what they were asked for with; shared by all sinks. */
char *sink_net_token(struct sink_net *net, struct arena *a, const char *key); /* NULL: none valid */
void sink_net_put_token(struct sink_net *net, const char *key, const char *token,
                        int64_t lifetime_ns);
void sink_net_drop_token(struct sink_net *net, const char *key, const char *token);

#endif
