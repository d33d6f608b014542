/* s3://bucket/prefix: Amazon's S3 and what speaks its protocol (sinks.md 4). */
#include "config.h"

#include "sinks/s3_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "sinks/xml_int.h"

#define PART_BYTES ((size_t)16 << 20)
#define PARTS_MAX 10000
#define FINISH_TRIES 3
#define EMPTY_SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3 {
    struct remote r;
    bool implicit, path_style;
    struct aws_keys keys; /* unless implicit */
    const char *endpoint; /* "http://host:port", no '/' behind; NULL: Amazon's own */
    /* under r.lock */
    const char *region; /* NULL: not known yet */
    int64_t clock_offset_ns;
    bool expired; /* what the environment gave */
};

static const struct sink_vt s3_vt;
static const struct remote_service s3_service;

/* ---- opening ---- */

static const char *
param(const struct uri *u, const char *name)
{
    const char *v = uri_param(u, name);
    return v != NULL ? v : "";
}

static struct error *
not_set(const char *name)
{
    return err_new(ERR_UNCATEGORIZED, "AUTH is set to 'specified', but %s is not set", name);
}

static struct error *
check_params(const struct io_config *io, const struct uri *u, const char *auth, bool *implicit)
{
    *implicit = strcmp(auth, "implicit") == 0;
    if (io->disable_http && *param(u, "AWS_ENDPOINT") != '\0')
        return err_new(ERR_UNCATEGORIZED, "custom endpoints disallowed for s3 due to "
                                          "--external-io-disable-http flag");
    if (*implicit && io->disable_implicit_credentials)
        return err_new(ERR_UNCATEGORIZED, "implicit credentials disallowed for s3 due to "
                                          "--external-io-implicit-credentials flag");
    if (*implicit)
        return NULL;
    if (strcmp(auth, "specified") != 0)
        return err_new(ERR_UNCATEGORIZED, "unsupported value %s for AUTH", auth);
    if (*param(u, "AWS_ACCESS_KEY_ID") == '\0')
        return not_set("AWS_ACCESS_KEY_ID");
    if (*param(u, "AWS_SECRET_ACCESS_KEY") == '\0')
        return not_set("AWS_SECRET_ACCESS_KEY");
    return NULL;
}

/* Names that cannot be a label of a host under the certificate's wildcard. */
static bool
needs_path_style(const char *bucket)
{
    for (const char *p = bucket; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-'))
            return true;
    return false;
}

static void
set_endpoint(struct s3 *s, struct arena *a, const char *endpoint)
{
    if (strstr(endpoint, "://") == NULL)
        endpoint = arena_printf(a, "https://%s", endpoint);
    size_t n = strlen(endpoint);
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    s->endpoint = arena_strndup(a, endpoint, n);
    s->path_style = true;
    if (s->region == NULL)
        s->region = "default-region";
}

static void
set_up(struct s3 *s, const struct uri *u, const char *ca)
{
    struct arena *a = s->r.arena;
    const char *endpoint = param(u, "AWS_ENDPOINT"), *region = param(u, "AWS_REGION");
    char *secret = arena_strdup(a, param(u, "AWS_SECRET_ACCESS_KEY"));
    for (char *p = secret; *p != '\0'; p++)
        if (*p == ' ') /* a plus sign that was not encoded */
            *p = '+';
    const char *token = param(u, "AWS_SESSION_TOKEN");
    s->keys = (struct aws_keys){arena_strdup(a, param(u, "AWS_ACCESS_KEY_ID")), secret,
                                *token != '\0' ? arena_strdup(a, token) : NULL};
    if (*region == '\0' && s->implicit && aws_environment_region(a) != NULL)
        region = aws_environment_region(a);
    if (*endpoint == '\0' && s->implicit && !s->r.io->disable_http) {
        const char *v = getenv("AWS_ENDPOINT_URL");
        endpoint = v != NULL ? v : "";
    }
    s->region = *region != '\0' ? arena_strdup(a, region) : NULL;
    s->path_style = needs_path_style(s->r.bucket);
    if (*endpoint != '\0') {
        set_endpoint(s, a, endpoint);
        s->r.ca_pem = *ca != '\0' ? arena_strdup(a, ca) : NULL;
    }
}

struct error *
s3_open(const struct io_config *io, const struct uri *u, struct sink **out)
{
    struct arena *work = arena_create(NULL, "s3 open");
    struct remote *r;
    struct error *err;
    bool implicit;
    const char *auth = param(u, "AUTH");
    if (*auth == '\0')
        auth = remote_setting(io, work, "cloudstorage.s3.default_auth");
    ERR_GOTO(check_params(io, u, *auth != '\0' ? auth : "specified", &implicit), out);
    const char *ca = remote_setting(io, work, "cloudstorage.http.custom_ca");
    if (*ca != '\0' && *param(u, "AWS_ENDPOINT") != '\0')
        ERR_GOTO(http_check_ca(ca), out);
    ERR_GOTO(remote_new(io, u, &s3_service, sizeof(struct s3), &r), out);
    ((struct s3 *)r)->implicit = implicit;
    set_up((struct s3 *)r, u, ca);
    *out = &r->sink;
out:
    arena_destroy(work);
    return err;
}

/* ---- requests ---- */

/* SOURCE: AWS SDK s3manager.GetBucketRegion: anonymous, and any status will do. */
static struct error *
find_region(struct s3 *s, struct arena *a, const char **region)
{
    struct http_request q = {.method = "HEAD", .body_fd = -1, .cancel = s->r.sink.cancel};
    struct http_response resp;
    struct str url;
    mutex_lock(&s->r.lock);
    *region = s->region;
    mutex_unlock(&s->r.lock);
    if (*region != NULL)
        return NULL;
    str_init_arena(&url, a, STR_MAX_DEFAULT);
    str_append_cstr(&url, "https://s3.amazonaws.com/");
    http_encode(&url, s->r.bucket, false);
    q.url = str_cstr(&url);
    const char *why = "NotFound: Not Found";
    for (int i = 0; i < 3; i++) {
        ERR_TRY(http_perform(s->r.net, a, &q, &resp));
        const char *v = http_header(&resp, "x-amz-bucket-region");
        if (v != NULL) {
            mutex_lock(&s->r.lock);
            if (s->region == NULL)
                s->region = arena_strdup(s->r.arena, v);
            *region = s->region;
            mutex_unlock(&s->r.lock);
            return NULL;
        }
        if (resp.failure == HTTP_COMPLETE && resp.status < 500)
            break;
        if (resp.failure != HTTP_COMPLETE)
            why = arena_printf(a, "RequestError: send request failed\ncaused by: %s",
                               resp.failure_text);
    }
    return err_new(ERR_UNCATEGORIZED, "could not find s3 bucket's region: %s", why);
}

static struct error *
keys_for(struct s3 *s, struct arena *a, struct aws_keys *k)
{
    if (!s->implicit) {
        *k = s->keys;
        return NULL;
    }
    mutex_lock(&s->r.lock);
    bool expired = s->expired;
    s->expired = false;
    mutex_unlock(&s->r.lock);
    return aws_environment(&s->r, a, expired, k);
}

/* Base of the URL without '/' behind, path with what belongs to the bucket. */
static void
address(const struct s3 *s, struct arena *a, const char *region, const char *key, const char **base,
        const char **path)
{
    struct str p;
    const char *suffix = strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
    str_init_arena(&p, a, STR_MAX_DEFAULT);
    str_append_char(&p, '/');
    if (s->path_style) {
        http_encode(&p, s->r.bucket, true);
        if (key != NULL)
            str_append_char(&p, '/');
    }
    if (key != NULL)
        http_encode(&p, key, true);
    *path = arena_strdup(a, str_cstr(&p));
    if (s->endpoint != NULL)
        *base = s->endpoint;
    else if (s->path_style)
        *base = arena_printf(a, "https://s3.%s.amazonaws.com%s", region, suffix);
    else
        *base = arena_printf(a, "https://%s.s3.%s.amazonaws.com%s", s->r.bucket, region, suffix);
}

static struct error *
s3_prepare(struct remote *r, struct arena *a, const struct remote_call *c, struct http_request *q)
{
    struct s3 *s = (struct s3 *)r;
    struct aws_keys keys;
    const char *region, *base, *path;
    ERR_TRY(find_region(s, a, &region));
    ERR_TRY(keys_for(s, a, &keys));
    address(s, a, region, c->key, &base, &path);
    mutex_lock(&r->lock);
    int64_t now = wall_now_ns() + s->clock_offset_ns;
    mutex_unlock(&r->lock);
    const char *host = strstr(base, "://") + 3;
    host = arena_strndup(a, host, strcspn(host, "/"));
    /* An endpoint may have a path of its own in front. */
    const char *extra = strchr(strstr(base, "://") + 3, '/');
    char *query = remote_query(a, c, true);
    struct aws_request sign = {.method = c->method, .query = query, .region = region,
                               .path = arena_printf(a, "%s%s", extra != NULL ? extra : "", path),
                               .date = aws_date(a, now)};
    sign.sha = !c->has_body || c->body.len == 0       ? EMPTY_SHA
               : strncmp(base, "https://", 8) == 0 ? "UNSIGNED-PAYLOAD"
                                                      : hex_sha256(a, c->body);
    http_add_header(q, "x-amz-content-sha256", sign.sha);
    http_add_header(q, "x-amz-date", sign.date);
    if (keys.token != NULL)
        http_add_header(q, "x-amz-security-token", keys.token);
    sign.headers[sign.n_headers++] = (struct http_header){"host", host};
    for (int i = 0; i < q->n_headers; i++)
        if (strncmp(q->headers[i].name, "x-amz-", 6) == 0)
            sign.headers[sign.n_headers++] = q->headers[i];
    http_add_header(q, "authorization", aws_authorization(a, &sign, &keys));
    q->url = arena_printf(a, "%s%s%s%s", base, path, *query != '\0' ? "?" : "", query);
    return NULL;
}

/* ---- answers ---- */

static bool
is_one_of(const char *code, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

static bool
mend_clock(struct s3 *s, const struct http_response *resp)
{
    const char *date = http_header(resp, "date");
    struct tm tm = {0};
    if (date == NULL || strptime(date, "%a, %d %b %Y %H:%M:%S", &tm) == NULL)
        return false;
    mutex_lock(&s->r.lock);
    s->clock_offset_ns = (int64_t)timegm(&tm) * 1000000000 - wall_now_ns();
    mutex_unlock(&s->r.lock);
    return true;
}

/* The call's first try is worth another one also when meanwhile somebody else has mended the region. */
static bool
mend_region(struct s3 *s, struct arena *a, const struct http_response *resp, bool first)
{
    const char *region = http_header(resp, "x-amz-bucket-region");
    if (region == NULL)
        region = xml_get(a, str_slice(&resp->body), "Region");
    if (*region == '\0')
        return false;
    mutex_lock(&s->r.lock);
    bool changed = s->region == NULL || strcmp(s->region, region) != 0;
    if (changed)
        s->region = arena_strdup(s->r.arena, region);
    mutex_unlock(&s->r.lock);
    return changed || first;
}

/* What the SDK calls an answer that has no body. */
static const char *
code_of_status(struct arena *a, int status)
{
    char *out = arena_strdup(a, http_status_text(status)), *to = out;
    for (const char *p = out; *p != '\0'; p++)
        if (*p != ' ')
            *to++ = *p;
    *to = '\0';
    return out;
}

static enum remote_kind
s3_explain(struct remote *r, struct arena *a, const struct remote_call *c,
           const struct http_response *resp, int mended, const char **text)
{
    static const char *const again[] = {"RequestError", "RequestTimeout", "InternalError", NULL};
    static const char *const slower[] = {"Throttling", "ThrottlingException",
                                         "RequestLimitExceeded", "RequestThrottled", "SlowDown",
                                         NULL};
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException",
                                          "RequestExpired", NULL};
    struct s3 *s = (struct s3 *)r;
    struct slice body = str_slice(&resp->body);
    const char *code = xml_get(a, body, "Code"), *message = xml_get(a, body, "Message");
    const char *id = http_header(resp, "x-amz-request-id"), *host = http_header(resp, "x-amz-id-2");
    if (*code == '\0') {
        code = code_of_status(a, resp->status);
        message = http_status_text(resp->status);
    }
    *text = arena_printf(a, "%s: %s\n\tstatus code: %d, request id: %s, host id: %s", code, message,
                         resp->status, id != NULL ? id : "", host != NULL ? host : "");
    if (strcmp(code, "RequestTimeTooSkewed") == 0 && mend_clock(s, resp))
        return REMOTE_FIXED;
    if ((resp->status == 301 || resp->status == 307 || resp->status == 400) &&
        mend_region(s, a, resp, mended == 0))
        return REMOTE_FIXED;
    if (s->implicit && is_one_of(code, expired)) {
        mutex_lock(&r->lock);
        s->expired = true;
        mutex_unlock(&r->lock);
        return REMOTE_FIXED;
    }
    if (is_one_of(code, again))
        return REMOTE_AGAIN;
    if (is_one_of(code, slower))
        return REMOTE_THROTTLED;
    if (resp->status == 404 && c->key != NULL &&
        (strcmp(code, "NoSuchKey") == 0 || strcmp(code, "NotFound") == 0))
        return REMOTE_NOT_FOUND;
    return remote_kind_of_status(resp->status);
}

static const char *
s3_no_answer(struct arena *a, const struct remote_call *c, const char *failure)
{
    (void)c;
    return arena_printf(a, "RequestError: send request failed\ncaused by: %s", failure);
}

/* ---- the sink ---- */

static void
s3_get(struct remote *r, const char *key, struct remote_call *c)
{
    (void)r;
    c->what = "failed to get s3 object";
    c->key = key;
}

static struct error *
s3_read(struct sink *s, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    return remote_read(s, s3_get, name, offset, len, out);
}

static struct error *
s3_read_all(struct sink *s, struct arena *a, const char *name, size_t max, struct slice *out)
{
    return remote_read_all(s, s3_get, a, name, max, out);
}

static struct error *
s3_map(struct sink *s, struct arena *a, const char *name, struct slice *out)
{
    return remote_map(s, s3_get, a, name, out);
}

static struct error *
size_of(struct remote *r, struct arena *a, const char *key, uint64_t *size)
{
    struct http_response resp;
    struct remote_call c = {.what = "failed to get s3 object headers", .method = "HEAD",
                            .op = "get s3 object header", .key = key, .body_fd = -1};
    ERR_TRY(remote_call(r, a, &c, &resp));
    *size = remote_size(&resp);
    return NULL;
}

static struct error *
s3_size(struct sink *s, const char *name, uint64_t *size)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "s3 size");
    struct error *e = size_of(r, a, remote_key(r, a, name), size);
    arena_destroy(a);
    return e;
}

static struct error *
s3_remove(struct sink *s, const char *name)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "s3 delete");
    struct http_response resp;
    struct remote_call c = {.what = "failed to delete s3 object", .op = "delete s3 object",
                            .method = "DELETE", .key = remote_key(r, a, name), .body_fd = -1};
    struct error *e = remote_call(r, a, &c, &resp);
    arena_destroy(a);
    return e;
}

static struct error *
s3_list(struct sink *sink, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    struct remote *r = (struct remote *)sink;
    struct remote_names l = {.a = a};
    struct arena *work = arena_create(NULL, "s3 list"), *page = arena_create(work, "page");
    const char *want = remote_list_prefix(r, work, prefix);
    char *token = NULL;
    struct error *e;
    do {
        struct http_response resp;
        struct slice one;
        size_t pos = 0;
        arena_reset(page);
        struct remote_call c = {.what = "failed to list s3 bucket", .method = "GET", .body_fd = -1,
                                .body_max = REMOTE_LIST_MAX, .n_params = 3,
                                .params = {{"list-type", "2"}, {"prefix", want},
                                           {"encoding-type", "url"}}};
        if (token != NULL)
            c.params[c.n_params++] = (struct http_header){"continuation-token", token};
        e = remote_call(r, page, &c, &resp);
        if (e != NULL)
            break;
        struct slice doc = str_slice(&resp.body);
        bool encoded = *xml_get(page, doc, "EncodingType") != '\0';
        while (xml_next(doc, &pos, "Contents", &one)) {
            char *key = xml_get(page, one, "Key");
            if (encoded) {
                for (char *p = key; *p != '\0'; p++)
                    if (*p == '+')
                        *p = ' ';
                key = uri_decode(page, key);
            }
            remote_names_add(&l, r, key);
        }
        char *next = xml_get(page, doc, "NextContinuationToken");
        token = strcmp(xml_get(page, doc, "IsTruncated"), "true") == 0 && *next != '\0'
                    ? arena_strdup(work, next) : NULL;
    } while (token != NULL);
    arena_destroy(work);
    remote_names_sort(&l);
    *names = l.v;
    *n = l.n;
    return e;
}

/* ---- writing ---- */

static struct error *
s3_put(struct remote *r, struct arena *a, const char *key, struct slice body, int fd, uint64_t size)
{
    struct http_response resp;
    struct remote_call c = {.what = "failed to put s3 object", .op = "put s3 object",
                            .method = "PUT", .key = key, .has_body = true, .body = body,
                            .body_fd = fd, .body_size = size};
    return remote_call(r, a, &c, &resp);
}

struct upload {
    struct arena *a;
    char *id;
    int n;
    uint64_t bytes;
    struct str parts; /* XML */
};

static struct error *
s3_begin(struct remote *r, struct arena *a, const char *key, void **state)
{
    struct http_response resp;
    struct remote_call c = {.what = "failed to put s3 object", .op = "put s3 object",
                            .method = "POST", .key = key, .has_body = true, .body_fd = -1,
                            .n_params = 1, .params = {{"uploads", ""}}};
    ERR_TRY(remote_call(r, a, &c, &resp));
    struct upload *u = ARENA_NEW(a, struct upload);
    u->a = a;
    u->id = xml_get(a, str_slice(&resp.body), "UploadId");
    str_init_arena(&u->parts, a, STR_MAX_DEFAULT);
    *state = u;
    if (*u->id == '\0')
        return err_new(ERR_UNCATEGORIZED, "failed to put s3 object: no UploadId in the answer");
    return NULL;
}

static struct error *
s3_part(struct remote *r, struct arena *a, const char *key, void *state, int number,
        uint64_t offset, struct slice bytes, bool last)
{
    struct upload *u = state;
    struct http_response resp;
    (void)offset;
    (void)last;
    if (number > PARTS_MAX)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "failed to put s3 object: file is too large");
    struct remote_call c = {.what = "failed to put s3 object", .op = "put s3 object",
                            .method = "PUT", .key = key, .has_body = true, .body = bytes,
                            .body_fd = -1, .n_params = 2,
                            .params = {{"partNumber", arena_printf(a, "%d", number)},
                                       {"uploadId", u->id}}};
    ERR_TRY(remote_call(r, a, &c, &resp));
    const char *etag = http_header(&resp, "etag");
    str_printf(&u->parts, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", number,
               etag != NULL ? etag : "");
    u->bytes += bytes.len;
    return NULL;
}

/* The answer to a first try may have been lost: then the upload is gone, and the object there. */
static bool
is_whole(struct remote *r, struct arena *a, const char *key, const struct upload *u)
{
    uint64_t size = 0;
    struct error *e = size_of(r, a, key, &size);
    bool whole = e == NULL && size == u->bytes;
    err_free(e);
    return whole;
}

static struct error *
s3_finish(struct remote *r, struct arena *a, const char *key, void *state)
{
    struct upload *u = state;
    struct error *e = NULL;
    char *xml = arena_printf(a, "<CompleteMultipartUpload>%s</CompleteMultipartUpload>",
                             str_cstr(&u->parts));
    for (int i = 0; i < FINISH_TRIES; i++) {
        struct http_response resp;
        struct remote_call c = {.what = "failed to put s3 object", .op = "put s3 object",
                                .method = "POST", .key = key, .has_body = true,
                                .body = slice_cstr(xml), .body_fd = -1, .n_params = 1,
                                .params = {{"uploadId", u->id}}};
        err_free(e);
        e = remote_call(r, a, &c, &resp);
        if (e != NULL && strstr(e->message, "NoSuchUpload") != NULL && is_whole(r, a, key, u)) {
            err_free(e);
            return NULL;
        }
        if (e != NULL)
            return e;
        struct slice doc = str_slice(&resp.body), inside;
        size_t pos = 0;
        if (!xml_next(doc, &pos, "Error", &inside)) /* a 200 may still hold one */
            return NULL;
        e = err_new(ERR_UNCATEGORIZED, "failed to put s3 object: %s: %s",
                    xml_get(a, inside, "Code"), xml_get(a, inside, "Message"));
    }
    return e;
}

static void
s3_cancel(struct remote *r, const char *key, void *state)
{
    struct upload *u = state;
    struct http_response resp;
    struct arena *a = arena_create(NULL, "s3 cancel");
    struct remote_call c = {.what = "", .op = "put s3 object", .method = "DELETE", .key = key,
                            .body_fd = -1, .cleanup = true, .n_params = 1,
                            .params = {{"uploadId", u->id}}};
    err_free(remote_call(r, a, &c, &resp)); /* what it leaves is never listed as an object */
    arena_destroy(a);
}

static const struct remote_service s3_service = {
    .name = "s3",
    .part_bytes = PART_BYTES,
    .mute_heads = true,
    .sink = &s3_vt,
    .prepare = s3_prepare,
    .explain = s3_explain,
    .no_answer = s3_no_answer,
    .put = s3_put,
    .begin = s3_begin,
    .part = s3_part,
    .finish = s3_finish,
    .cancel = s3_cancel,
};

static const struct sink_vt s3_vt = {
    .name = "s3",
    .can_list = true,
    .size = s3_size,
    .read = s3_read,
    .read_all = s3_read_all,
    .map = s3_map,
    .create = remote_create,
    .write = remote_write,
    .commit = remote_commit,
    .abort = remote_abort,
    .list = s3_list,
    .remove = s3_remove,
    .close = remote_close,
};
