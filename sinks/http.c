/* libcurl. SOURCE: its documentation; measured behaviour of 7.88 in sinks.md 11. */
#include "config.h"

#include "sinks/http_int.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"

#define IDLE_MAX 16                /* connections kept between exchanges */
#define TOKENS_MAX 64              /* kept; more are forgotten, oldest first */
#define CONNECT_TIMEOUT_MS 30000L  /* as v20.1's dialer */
#define DIRECT_TIMEOUT_MS 2000L    /* services on the machine's own network answer at once or never */
#define POLL_MS 100
#define STALL_BYTES_PER_S 100L
#define STALL_S 60L
#define ANSWER_HEADERS_MAX 200
#define ROOTS "/etc/ssl/certs/ca-certificates.crt"
#define ROOTS_MAX ((size_t)8 << 20)

struct token {
    char *key, *text;
    int64_t expires_ns;
};

/* One exchange at a time; the connections that it keeps belong to the multi handle. */
struct handle {
    CURL *easy;
    CURLM *multi;
};

struct sink_net {
    struct mutex lock;
    int n_idle, n_tokens;
    struct handle idle[IDLE_MAX];
    struct token tokens[TOKENS_MAX];
    /* Of the tests: where to connect instead (as CURLOPT_CONNECT_TO has it), whom to trust. */
    struct curl_slist *connect_to;
    char *test_ca;
    long stall_s;
};

static void
free_handle(struct handle h)
{
    curl_easy_cleanup(h.easy);
    curl_multi_cleanup(h.multi);
}

struct sink_net *
sink_net_create(void)
{
    struct sink_net *net = xcalloc(1, sizeof(*net));
    /* Counted by libcurl, and safe from threads since 7.84. */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    mutex_init(&net->lock, RANK_LEAF);
    net->stall_s = STALL_S;
    struct arena *a = arena_create(NULL, "net");
    const char *to = getenv("AMBERDB_TEST_CONNECT_TO");
    while (to != NULL && *to != '\0') {
        size_t n = strcspn(to, ",");
        net->connect_to = curl_slist_append(net->connect_to, arena_strndup(a, to, n));
        to += n + (to[n] == ',');
    }
    const char *ca = getenv("AMBERDB_TEST_CA"), *stall = getenv("AMBERDB_TEST_STALL_S");
    if (stall != NULL)
        net->stall_s = (long)strtoul(stall, NULL, 10);
    struct slice pem;
    if (ca != NULL) {
        struct error *e = file_read(a, ca, ROOTS_MAX, &pem);
        if (e == NULL)
            net->test_ca = xstrdup((const char *)pem.ptr);
        err_free(e);
    }
    arena_destroy(a);
    return net;
}

void
sink_net_destroy(struct sink_net *net)
{
    if (net == NULL)
        return;
    for (int i = 0; i < net->n_idle; i++)
        free_handle(net->idle[i]);
    for (int i = 0; i < net->n_tokens; i++) {
        xfree(net->tokens[i].key);
        xfree(net->tokens[i].text);
    }
    curl_slist_free_all(net->connect_to);
    xfree(net->test_ca);
    mutex_destroy(&net->lock);
    curl_global_cleanup();
    xfree(net);
}

static struct handle
take_handle(struct sink_net *net)
{
    struct handle h = {NULL, NULL};
    mutex_lock(&net->lock);
    if (net->n_idle > 0)
        h = net->idle[--net->n_idle];
    mutex_unlock(&net->lock);
    return h.easy != NULL ? h : (struct handle){curl_easy_init(), curl_multi_init()};
}

static void
give_handle(struct sink_net *net, struct handle h)
{
    curl_easy_reset(h.easy);
    mutex_lock(&net->lock);
    if (net->n_idle < IDLE_MAX) {
        net->idle[net->n_idle++] = h;
        h.easy = NULL;
    }
    mutex_unlock(&net->lock);
    if (h.easy != NULL)
        free_handle(h);
}

/* ---- tokens ---- */

char *
sink_net_token(struct sink_net *net, struct arena *a, const char *key)
{
    char *found = NULL;
    mutex_lock(&net->lock);
    for (int i = 0; i < net->n_tokens; i++)
        if (strcmp(net->tokens[i].key, key) == 0 &&
            net->tokens[i].expires_ns > monotonic_now_ns())
            found = arena_strdup(a, net->tokens[i].text);
    mutex_unlock(&net->lock);
    return found;
}

static void
forget_token(struct sink_net *net, int i)
{
    xfree(net->tokens[i].key);
    xfree(net->tokens[i].text);
    net->n_tokens--;
    memmove(&net->tokens[i], &net->tokens[i + 1],
            (size_t)(net->n_tokens - i) * sizeof(net->tokens[0]));
}

void
sink_net_put_token(struct sink_net *net, const char *key, const char *token, int64_t lifetime_ns)
{
    mutex_lock(&net->lock);
    for (int i = net->n_tokens - 1; i >= 0; i--)
        if (strcmp(net->tokens[i].key, key) == 0)
            forget_token(net, i);
    if (net->n_tokens == TOKENS_MAX)
        forget_token(net, 0);
    net->tokens[net->n_tokens++] =
        (struct token){xstrdup(key), xstrdup(token), monotonic_now_ns() + lifetime_ns};
    mutex_unlock(&net->lock);
}

void
sink_net_drop_token(struct sink_net *net, const char *key, const char *token)
{
    mutex_lock(&net->lock);
    for (int i = net->n_tokens - 1; i >= 0; i--)
        if (strcmp(net->tokens[i].key, key) == 0 && strcmp(net->tokens[i].text, token) == 0)
            forget_token(net, i);
    mutex_unlock(&net->lock);
}

/* ---- requests ---- */

void
http_add_header(struct http_request *q, const char *name, const char *value)
{
    VERIFY(q->n_headers < HTTP_HEADERS_MAX);
    q->headers[q->n_headers++] = (struct http_header){name, value};
}

const char *
http_header(const struct http_response *resp, const char *name)
{
    for (int i = 0; i < resp->n_headers; i++)
        if (strcmp(resp->headers[i].name, name) == 0)
            return resp->headers[i].value;
    return NULL;
}

void
http_encode(struct str *s, const char *text, bool slash)
{
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c < 0x80 && isalnum(c)) || strchr("-._~", c) != NULL || (slash && c == '/'))
            str_append_char(s, *p);
        else
            str_printf(s, "%%%02X", c);
    }
}

const char *
http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
        {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
        {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
        {400, "Bad Request"}, {401, "Unauthorized"}, {402, "Payment Required"},
        {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
        {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
        {412, "Precondition Failed"}, {413, "Request Entity Too Large"},
        {416, "Requested Range Not Satisfiable"}, {429, "Too Many Requests"},
        {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "";
}

struct error *
http_check_ca(const char *pem)
{
    BIO *b = BIO_new_mem_buf(pem, -1);
    X509 *x = b != NULL ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
    BIO_free(b);
    ERR_clear_error();
    if (x == NULL)
        return err_new(ERR_UNCATEGORIZED, "failed to parse root CA certificate from \"%s\"", pem);
    X509_free(x);
    return NULL;
}

/* ---- one exchange ---- */

struct exchange {
    const struct http_request *q;
    struct http_response *resp;
    struct arena *a;
    uint64_t sent;
    bool cancelled;
};

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    struct http_response *resp = x->resp;
    size_t len = size * n, whole = len;
    while (len > 0 && (p[len - 1] == '\r' || p[len - 1] == '\n' || p[len - 1] == ' '))
        len--;
    if (len >= 5 && strncasecmp(p, "HTTP/", 5) == 0) { /* another answer: after 100, a redirect */
        char *line = arena_strndup(x->a, p, len);
        char *space = strchr(line, ' ');
        char *text = space != NULL ? strchr(space + 1, ' ') : NULL;
        resp->status = space != NULL ? (int)strtoul(space + 1, NULL, 10) : 0;
        resp->status_text = text != NULL ? text + 1 : http_status_text(resp->status);
        resp->n_headers = 0;
        return whole;
    }
    char *colon = memchr(p, ':', len);
    if (colon == NULL || resp->n_headers == ANSWER_HEADERS_MAX)
        return whole;
    char *name = arena_strndup(x->a, p, (size_t)(colon - p));
    for (char *c = name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    colon++;
    while (colon < p + len && *colon == ' ')
        colon++;
    resp->headers[resp->n_headers++] =
        (struct http_header){name, arena_strndup(x->a, colon, (size_t)(p + len - colon))};
    return whole;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    size_t len = size * n;
    bool good = x->resp->status >= 200 && x->resp->status < 300;
    if (good && x->q->receive != NULL) {
        if (x->q->receive(x->q->receive_arg, x->resp, (const uint8_t *)p, len))
            return len;
        x->resp->hung_up = true;
        return 0;
    }
    if (!good) {
        size_t room = HTTP_ERROR_BODY_MAX - x->resp->body.len;
        str_append(&x->resp->body, p, len < room ? len : room);
        return len;
    }
    str_append(&x->resp->body, p, len); /* past its maximum it says so itself */
    return len;
}

static size_t
on_upload(char *to, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    if (x->q->send != NULL) {
        ssize_t some = x->q->send(x->q->send_arg, x->sent, (uint8_t *)to, size * n);
        if (some < 0)
            return CURL_READFUNC_ABORT;
        x->sent += (uint64_t)some;
        return (size_t)some;
    }
    uint64_t left = (x->q->body_fd >= 0 ? x->q->body_size : x->q->body.len) - x->sent;
    size_t len = left < size * n ? (size_t)left : size * n;
    if (x->q->body_fd < 0) {
        if (len > 0)
            memcpy(to, x->q->body.ptr + x->sent, len);
    } else {
        ssize_t got;
        do
            got = pread(x->q->body_fd, to, len, (off_t)x->sent);
        while (got < 0 && errno == EINTR);
        if (got < 0 || (got == 0 && len > 0))
            return CURL_READFUNC_ABORT;
        len = (size_t)got;
    }
    x->sent += len;
    return len;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
    struct exchange *x = arg;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    x->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* Go never sends what is for this machine to a proxy. SOURCE: Go net/http ProxyFromEnvironment. */
static bool
is_loopback(const char *url)
{
    const char *host = strstr(url, "://");
    if (host == NULL)
        return false;
    host += 3;
    size_t n = strcspn(host, "/?");
    const char *at = memrchr(host, '@', n);
    if (at != NULL)
        host = at + 1;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           (strncasecmp(host, "localhost", 9) == 0 && strchr(":/?", host[9]) != NULL);
}

static void
set_proxy(CURL *h, const struct http_request *q)
{
    const char *upper = getenv("HTTP_PROXY");
    if (q->direct || is_loopback(q->url))
        curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    else if (strncmp(q->url, "http:", 5) == 0 && upper != NULL && getenv("http_proxy") == NULL)
        curl_easy_setopt(h, CURLOPT_PROXY, upper); /* libcurl reads all the others by itself */
}

/* The roots of the system and one more; libcurl would replace the ones by the other. */
static void
set_roots(CURL *h, struct arena *a, const struct sink_net *net, const struct http_request *q)
{
    const char *more = q->ca_pem != NULL     ? q->ca_pem
                       : !is_loopback(q->url) ? net->test_ca /* for hosts that are elsewhere */
                                              : NULL;
    if (more == NULL)
        return;
    struct slice roots = SLICE_NULL;
    struct str all;
    str_init_arena(&all, a, 4 * ROOTS_MAX);
    err_free(file_read(a, ROOTS, ROOTS_MAX, &roots)); /* absent: there are no others */
    str_append_slice(&all, roots);
    str_append_char(&all, '\n');
    str_append_cstr(&all, more);
    struct curl_blob blob = {.data = all.ptr, .len = all.len, .flags = CURL_BLOB_NOCOPY};
    curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &blob);
}

static struct curl_slist *
header_list(struct arena *a, const struct http_request *q)
{
    struct curl_slist *l = curl_slist_append(NULL, "Expect:"); /* costs a round trip, or a second */
    bool typed = false;
    for (int i = 0; i < q->n_headers; i++) {
        const struct http_header *hd = &q->headers[i];
        typed = typed || strcasecmp(hd->name, "content-type") == 0;
        l = curl_slist_append(l, *hd->value != '\0'
                                     ? arena_printf(a, "%s: %s", hd->name, hd->value)
                                     : arena_printf(a, "%s;", hd->name));
    }
    return typed ? l : curl_slist_append(l, "Content-Type:");
}

static void
set_options(CURL *h, struct sink_net *net, struct exchange *x, struct curl_slist *headers)
{
    const struct http_request *q = x->q;
    curl_easy_setopt(h, CURLOPT_URL, q->url);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(h, CURLOPT_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
                     q->direct ? DIRECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, net->stall_s);
    curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (net->connect_to != NULL)
        curl_easy_setopt(h, CURLOPT_CONNECT_TO, net->connect_to);
    if (q->follow) {
        curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(h, CURLOPT_MAXREDIRS, 10L);
        curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR,
                         strncmp(q->url, "https:", 6) == 0 ? "https" : "http,https");
    }
    if (q->fresh)
        curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L);
    if (strcmp(q->method, "HEAD") == 0)
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    if (q->has_body) {
        curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(h, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(h, CURLOPT_READDATA, x);
        curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(h, CURLOPT_SEEKDATA, x);
        curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE,
                         q->send != NULL ? (curl_off_t)-1
                                         : (curl_off_t)(q->body_fd >= 0 ? q->body_size : q->body.len));
    }
    if (strcmp(q->method, "HEAD") != 0)
        curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, q->method);
    set_proxy(h, q);
    set_roots(h, x->a, net, q);
}

static enum http_failure
failure_of(CURLcode rc)
{
    switch (rc) {
    case CURLE_OK:
        return HTTP_COMPLETE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_NOT_CONNECTED;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_STALLED;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
        return HTTP_REFUSED;
    default:
        return HTTP_BROKEN;
    }
}

/* Host and port of the URL as Go prints them; without user, path and query, as these hold secrets. */
static char *
host_port(struct arena *a, const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    size_t n = strcspn(host, "/?");
    const char *at = memrchr(host, '@', n);
    if (at != NULL) {
        n -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    bool port = memchr(host, ':', n) != NULL;
    return arena_printf(a, "%.*s%s", (int)n, host,
                        port ? "" : strncmp(url, "https", 5) == 0 ? ":443" : ":80");
}

static const char *
failure_words(struct arena *a, CURL *h, CURLcode rc, const char *url)
{
    char buf[128];
    long os_errno = 0;
    const char *text;
    curl_easy_getinfo(h, CURLINFO_OS_ERRNO, &os_errno);
    switch (rc) {
    case CURLE_COULDNT_CONNECT:
        text = os_errno != 0 ? strerror_r((int)os_errno, buf, sizeof(buf)) : "Cannot connect";
        return arena_printf(a, "dial tcp %s: connect: %c%s", host_port(a, url),
                            tolower((unsigned char)text[0]), text + 1);
    case CURLE_COULDNT_RESOLVE_HOST: {
        char *host = host_port(a, url);
        host[strcspn(host, ":")] = '\0';
        return arena_printf(a, "dial tcp: lookup %s: no such host", host);
    }
    case CURLE_PEER_FAILED_VERIFICATION:
        return "x509: certificate signed by unknown authority";
    case CURLE_PARTIAL_FILE:
        return "unexpected EOF";
    case CURLE_GOT_NOTHING:
        return "EOF";
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return os_errno == ECONNRESET ? "connection reset by peer" : "connection broken";
    case CURLE_OPERATION_TIMEDOUT:
        return "no progress, timed out";
    default:
        text = curl_easy_strerror(rc);
        return arena_printf(a, "%c%s", tolower((unsigned char)text[0]), text + 1);
    }
}

/* As curl_easy_perform, but it looks at the cancel token ten times a second, whatever the peer does. */
static CURLcode
run(struct handle h, struct exchange *x)
{
    CURLcode rc = CURLE_FAILED_INIT;
    int running = 1, left;
    CURLMsg *m;
    if (curl_multi_add_handle(h.multi, h.easy) != CURLM_OK)
        return rc;
    while (running > 0 && !x->cancelled) {
        if (curl_multi_perform(h.multi, &running) != CURLM_OK)
            break;
        if (running > 0 && curl_multi_poll(h.multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
            break;
        x->cancelled = running > 0 && cancel_requested(x->q->cancel);
    }
    while ((m = curl_multi_info_read(h.multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE)
            rc = m->data.result;
    curl_multi_remove_handle(h.multi, h.easy);
    return rc;
}

struct error *
http_perform(struct sink_net *net, struct arena *a, const struct http_request *q,
             struct http_response *resp)
{
    *resp = (struct http_response){.status_text = "", .failure_text = ""};
    resp->headers = ARENA_ARRAY(a, struct http_header, ANSWER_HEADERS_MAX);
    str_init_arena(&resp->body, a, q->body_max > 0 ? q->body_max : HTTP_ERROR_BODY_MAX);
    ERR_TRY(cancel_check(q->cancel));
    struct handle h = take_handle(net);
    if (h.easy == NULL || h.multi == NULL)
        return err_out_of_memory();
    struct exchange x = {.q = q, .resp = resp, .a = a};
    struct curl_slist *headers = header_list(a, q);
    set_options(h.easy, net, &x, headers);
    int64_t left_ns = q->deadline_ns - monotonic_now_ns();
    if (q->deadline_ns != 0)
        curl_easy_setopt(h.easy, CURLOPT_TIMEOUT_MS,
                         left_ns > 1000000 ? (long)(left_ns / 1000000) : 1L);
    CURLcode rc = run(h, &x);
    if (rc == CURLE_WRITE_ERROR && resp->hung_up)
        rc = CURLE_OK;
    resp->failure = failure_of(rc);
    if (resp->failure == HTTP_STALLED && q->deadline_ns != 0 &&
        monotonic_now_ns() >= q->deadline_ns - 2000000)
        resp->failure = HTTP_TIMED_OUT;
    if (rc != CURLE_OK)
        resp->failure_text = failure_words(a, h.easy, rc, q->url);
    if (resp->failure != HTTP_COMPLETE)
        resp->status = resp->failure == HTTP_BROKEN ? resp->status : 0;
    curl_slist_free_all(headers);
    give_handle(net, h);
    return x.cancelled ? cancel_check(q->cancel) : NULL;
}
