/* gs://bucket/prefix: Google Cloud Storage (sinks.md 5). Reading by its XML API, all else by JSON. */
#include "config.h"

#include "sinks/gs_int.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sinks/json_int.h"
#include "sinks/xml_int.h"

#define HOST "https://storage.googleapis.com"
#define PART_BYTES ((size_t)16 << 20) /* a multiple of 256 KiB, as chunks must be */
#define LIST_PAGES_MAX 1000000
_Static_assert(PART_BYTES % (256 << 10) == 0, "size of chunks");

enum api { API_XML, API_JSON, API_UPLOAD };

struct gs {
    struct remote r;
    struct gs_keys keys;
    const char *project; /* who pays; "" = the bucket's owner */
};

static const struct sink_vt gs_vt;
static const struct remote_service gs_service;

/* ---- opening ---- */

static struct error *
specified(struct arena *a, const struct uri *u, struct gs_keys *out)
{
    const char *text = uri_param(u, "CREDENTIALS");
    struct slice json;
    if (text == NULL || *text == '\0')
        return err_new(ERR_UNCATEGORIZED,
                       "AUTH is set to 'specified', but CREDENTIALS is not set");
    char *plus = arena_strdup(a, text);
    for (char *p = plus; *p != '\0'; p++)
        if (*p == ' ') /* a plus sign that was not encoded */
            *p = '+';
    struct error *e = base64_decode(a, plus, &json);
    if (e != NULL)
        return err_wrap(e, "decoding value of CREDENTIALS");
    e = gs_parse_key(a, slice_to_cstr(a, json), out);
    return e != NULL
               ? err_wrap(e, "creating GCS oauth token source from specified credentials") : NULL;
}

static struct error *
by_setting(struct arena *a, const char *key, struct gs_keys *out)
{
    if (*key == '\0')
        return err_new(ERR_UNCATEGORIZED,
                       "expected settings value for cloudstorage.gs.default.key");
    struct error *e = gs_parse_key(a, key, out);
    return e != NULL ? err_wrap(e, "creating GCS oauth token source") : NULL;
}

static struct error *
implicit(const struct io_config *io, struct arena *a, struct gs_keys *out)
{
    if (io->disable_implicit_credentials)
        return err_new(ERR_UNCATEGORIZED, "implicit credentials disallowed for gs due to "
                                          "--external-io-implicit-credentials flag");
    struct error *e = gs_environment(a, out);
    return e != NULL ? err_wrap(e, "failed to create google cloud client") : NULL;
}

static struct error *
choose_keys(const struct io_config *io, struct arena *a, const struct uri *u, struct gs_keys *out)
{
    const char *auth = uri_param(u, "AUTH");
    const char *key = remote_setting(io, a, "cloudstorage.gs.default.key");
    if (auth == NULL || *auth == '\0') {
        if (uri_param(u, "CREDENTIALS") == NULL && *key != '\0')
            return by_setting(a, key, out);
        auth = remote_setting(io, a, "cloudstorage.gs.default_auth");
    }
    if (*auth == '\0' || strcmp(auth, "specified") == 0)
        return specified(a, u, out);
    if (strcmp(auth, "default") == 0)
        return by_setting(a, key, out);
    if (strcmp(auth, "implicit") == 0)
        return implicit(io, a, out);
    return err_new(ERR_UNCATEGORIZED, "unsupported value %s for AUTH", auth);
}

struct error *
gs_open(const struct io_config *io, const struct uri *u, struct sink **out)
{
    struct remote *r;
    struct gs_keys k;
    struct arena *work = arena_create(NULL, "gs open");
    struct error *err;
    ERR_GOTO(choose_keys(io, work, u, &k), out);
    ERR_GOTO(remote_new(io, u, &gs_service, sizeof(struct gs), &r), out);
    struct gs *s = (struct gs *)r;
    const char *project = uri_param(u, "GOOGLE_BILLING_PROJECT");
    s->project = arena_strdup(r->arena, project != NULL ? project : "");
    s->keys = (struct gs_keys){k.identity, arena_strdup(r->arena, k.json),
                               arena_strdup(r->arena, k.cache_key)};
    *out = &r->sink;
out:
    arena_destroy(work);
    return err;
}

/* ---- requests and answers ---- */

/* Tokens go to Google alone, wherever a session may be said to be. */
static bool
is_google(struct arena *a, const char *url)
{
    static const char suffix[] = ".googleapis.com";
    if (strncmp(url, "https://", 8) != 0)
        return false;
    char *host = arena_strndup(a, url + 8, strcspn(url + 8, "/:?#@"));
    size_t n = strlen(host), m = sizeof(suffix) - 1;
    return n > m && strcmp(host + n - m, suffix) == 0 && url[8 + n] == '/';
}

static void
put_path(struct str *url, const struct remote *r, const struct remote_call *c)
{
    str_append_cstr(url, HOST);
    switch ((enum api)c->kind) {
    case API_XML:
        str_append_char(url, '/');
        http_encode(url, r->bucket, false);
        str_append_char(url, '/');
        http_encode(url, c->key, true);
        return;
    case API_JSON:
    case API_UPLOAD:
        str_append_cstr(url, c->kind == API_JSON ? "/storage/v1/b/" : "/upload/storage/v1/b/");
        http_encode(url, r->bucket, false);
        str_append_cstr(url, "/o");
        if (c->key != NULL) {
            str_append_char(url, '/');
            http_encode(url, c->key, false); /* one part of the path */
        }
        return;
    }
}

static struct error *
gs_prepare(struct remote *r, struct arena *a, const struct remote_call *c, struct http_request *q)
{
    struct gs *s = (struct gs *)r;
    struct str url;
    char *token;
    ERR_TRY(gs_token(r, a, &s->keys, &token));
    str_init_arena(&url, a, STR_MAX_DEFAULT);
    if (c->url != NULL) {
        str_append_cstr(&url, c->url);
    } else {
        struct remote_call with = *c;
        if (*s->project != '\0' && c->kind != API_XML)
            with.params[with.n_params++] = (struct http_header){"userProject", s->project};
        put_path(&url, r, c);
        char *query = remote_query(a, &with, false);
        if (*query != '\0')
            str_printf(&url, "?%s", query);
    }
    q->url = str_cstr(&url);
    if (*s->project != '\0' && c->kind == API_XML)
        http_add_header(q, "x-goog-user-project", s->project);
    if (is_google(a, q->url))
        http_add_header(q, "authorization", arena_printf(a, "Bearer %s", token));
    return NULL;
}

static const char *
json_text(struct arena *a, const struct http_response *resp)
{
    struct slice body = str_slice(&resp->body);
    char *message = json_string(a, body, "error.message");
    if (message == NULL)
        return arena_printf(a, "googleapi: got HTTP response code %d with body: %.*s", resp->status,
                            (int)body.len, body.len > 0 ? (const char *)body.ptr : "");
    struct str reasons;
    str_init_arena(&reasons, a, STR_MAX_DEFAULT);
    char *reason = json_string(a, body, "error.reason");
    return arena_printf(a, "googleapi: Error %d: %s%s%s", resp->status, message,
                        reason != NULL ? ", " : "", reason != NULL ? reason : "");
}

static enum remote_kind
gs_explain(struct remote *r, struct arena *a, const struct remote_call *c,
           const struct http_response *resp, int mended, const char **text)
{
    struct gs *s = (struct gs *)r;
    bool bucket = strcmp(xml_get(a, str_slice(&resp->body), "Code"), "NoSuchBucket") == 0;
    *text = json_text(a, resp);
    if (resp->status == 401 && mended == 0) { /* revoked, or expired before we thought */
        char *token = sink_net_token(r->net, a, s->keys.cache_key);
        if (token != NULL)
            sink_net_drop_token(r->net, s->keys.cache_key, token);
        return REMOTE_FIXED;
    }
    if (resp->status == 404 && bucket)
        *text = "storage: bucket doesn't exist";
    else if (resp->status == 404 && c->key != NULL && c->url == NULL) {
        *text = "storage: object doesn't exist";
        return REMOTE_NOT_FOUND;
    }
    return remote_kind_of_status(resp->status);
}

static const char *
gs_no_answer(struct arena *a, const struct remote_call *c, const char *failure)
{
    (void)a;
    (void)c;
    return failure;
}

/* ---- the sink ---- */

static void
gs_get(struct remote *r, const char *key, struct remote_call *c)
{
    (void)r;
    c->what = "";
    c->kind = API_XML;
    c->key = key;
}

static struct error *
gs_read(struct sink *s, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    return remote_read(s, gs_get, name, offset, len, out);
}

static struct error *
gs_read_all(struct sink *s, struct arena *a, const char *name, size_t max, struct slice *out)
{
    return remote_read_all(s, gs_get, a, name, max, out);
}

static struct error *
gs_map(struct sink *s, struct arena *a, const char *name, struct slice *out)
{
    return remote_map(s, gs_get, a, name, out);
}

static struct error *
gs_size(struct sink *s, const char *name, uint64_t *size)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "gs size");
    struct http_response resp;
    struct remote_call c = {.what = "", .op = "size gcs file", .method = "HEAD", .kind = API_XML,
                            .key = remote_key(r, a, name), .body_fd = -1};
    struct error *e = remote_call(r, a, &c, &resp);
    *size = e == NULL ? remote_size(&resp) : 0;
    arena_destroy(a);
    return e;
}

static struct error *
gs_remove(struct sink *s, const char *name)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "gs delete");
    struct http_response resp;
    struct remote_call c = {.what = "", .op = "delete gcs file", .method = "DELETE",
                            .kind = API_JSON, .key = remote_key(r, a, name), .body_fd = -1};
    struct error *e = remote_call(r, a, &c, &resp);
    arena_destroy(a);
    return e;
}

struct adding {
    struct remote_names *l;
    const struct remote *r;
};

static void
add_name(void *arg, const char *value)
{
    struct adding *x = arg;
    remote_names_add(x->l, x->r, value);
}

static struct error *
gs_list(struct sink *sink, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    struct remote *r = (struct remote *)sink;
    struct remote_names l = {.a = a};
    struct adding adding = {&l, r};
    struct arena *work = arena_create(NULL, "gs list"), *page = arena_create(work, "page");
    const char *want = remote_list_prefix(r, work, prefix);
    char *token = NULL;
    struct error *e;
    do {
        struct http_response resp;
        arena_reset(page);
        struct remote_call c = {.what = "unable to list files in gcs bucket", .method = "GET",
                                .kind = API_JSON, .body_fd = -1, .body_max = REMOTE_LIST_MAX,
                                .n_params = 1, .params = {{"prefix", want}}};
        if (token != NULL)
            c.params[c.n_params++] = (struct http_header){"pageToken", token};
        e = remote_call(r, page, &c, &resp);
        if (e == NULL && !json_each(page, str_slice(&resp.body), "items", "name", add_name, &adding))
            e = err_new(ERR_UNCATEGORIZED,
                        "unable to list files in gcs bucket: the answer is no JSON");
        if (e != NULL)
            break;
        token = json_string(work, str_slice(&resp.body), "nextPageToken");
    } while (token != NULL && *token != '\0');
    arena_destroy(work);
    remote_names_sort(&l);
    *names = l.v;
    *n = l.n;
    return e;
}

/* ---- writing ---- */

#define WRITE "write to google cloud"

static struct error *
gs_put(struct remote *r, struct arena *a, const char *key, struct slice body, int fd, uint64_t size)
{
    struct http_response resp;
    struct remote_call c = {.what = WRITE, .op = "put gcs file", .method = "POST",
                            .kind = API_UPLOAD, .has_body = true, .body = body, .body_fd = fd,
                            .body_size = size, .n_params = 2,
                            .params = {{"uploadType", "media"}, {"name", key}}, .n_headers = 1,
                            .headers = {{"content-type", "application/octet-stream"}}};
    return remote_call(r, a, &c, &resp);
}

/* A resumable upload: chunks in order, into a session. SOURCE: sinks.md 5.5. */
struct session {
    char *url;
    bool done;
};

static struct error *
gs_begin(struct remote *r, struct arena *a, const char *key, void **state)
{
    struct http_response resp;
    struct str body;
    str_init_arena(&body, a, STR_MAX_DEFAULT);
    str_append_cstr(&body, "{\"name\":");
    json_put_string(&body, key);
    str_append_char(&body, '}');
    struct remote_call c = {.what = WRITE, .op = "put gcs file", .method = "POST",
                            .kind = API_UPLOAD, .has_body = true, .body = str_slice(&body),
                            .body_fd = -1, .n_params = 1,
                            .params = {{"uploadType", "resumable"}}, .n_headers = 2,
                            .headers = {{"content-type", "application/json; charset=UTF-8"},
                                        {"x-upload-content-type", "application/octet-stream"}}};
    ERR_TRY(remote_call(r, a, &c, &resp));
    const char *url = http_header(&resp, "location");
    if (url == NULL)
        return err_new(ERR_UNCATEGORIZED, WRITE ": no Location in the answer");
    struct session *s = ARENA_NEW(a, struct session);
    s->url = arena_strdup(a, url);
    *state = s;
    return NULL;
}

/* The bytes that the server has: "bytes=0-123" says 124; none is no header. */
static uint64_t
stored(const struct http_response *resp)
{
    const char *v = http_header(resp, "range");
    return v != NULL && strncmp(v, "bytes=0-", 8) == 0 ? strtoull(v + 8, NULL, 10) + 1 : 0;
}

struct chunk {
    struct session *s;
    uint64_t first; /* of the file */
    struct slice bytes;
    bool last;
    char range[96];
};

static void
set_range(struct chunk *k, struct remote_call *c, uint64_t from)
{
    uint64_t end = k->first + k->bytes.len;
    struct str s;
    str_init(&s, sizeof(k->range));
    if (from < end)
        str_printf(&s, "bytes %" PRIu64 "-%" PRIu64 "/", from, end - 1);
    else
        str_append_cstr(&s, "bytes */"); /* nothing but the end is missing */
    if (k->last)
        str_printf(&s, "%" PRIu64, end);
    else
        str_append_char(&s, '*');
    memcpy(k->range, str_cstr(&s), s.len + 1);
    str_release(&s);
    c->body = slice_make(k->bytes.ptr + (from - k->first), (size_t)(end - from));
    c->headers[0] = (struct http_header){"content-range", k->range};
}

/* Where does the session stand? Go on from there. */
static struct error *
ask_session(struct remote *r, struct arena *a, struct remote_call *c, int *status)
{
    struct chunk *k = c->resume_arg;
    struct http_response resp;
    struct remote_call ask = {.what = WRITE, .op = "put gcs file", .method = "PUT",
                              .url = k->s->url, .key = "", .has_body = true, .body_fd = -1,
                              .also_fine = 308, .n_headers = 1,
                              .headers = {{"content-range", "bytes */*"}}};
    ERR_TRY(remote_call(r, a, &ask, &resp));
    uint64_t have = resp.status == 308 ? stored(&resp) : k->first + k->bytes.len;
    if (have < k->first || have > k->first + k->bytes.len)
        return err_new(ERR_UNCATEGORIZED, WRITE ": the upload stands at byte %" PRIu64, have);
    if (resp.status != 308 || (have == k->first + k->bytes.len && !k->last))
        *status = resp.status; /* all of it has arrived */
    else
        set_range(k, c, have);
    return NULL;
}

static struct error *
gs_part(struct remote *r, struct arena *a, const char *key, void *state, int number,
        uint64_t offset, struct slice bytes, bool last)
{
    struct chunk k = {.s = state, .first = offset, .bytes = bytes, .last = last};
    struct remote_call c = {.what = WRITE, .op = "put gcs file", .method = "PUT", .url = k.s->url,
                            .key = key, .has_body = true, .body_fd = -1, .also_fine = 308,
                            .n_headers = 1, .resume = ask_session, .resume_arg = &k};
    struct http_response resp;
    (void)number;
    uint64_t at = offset, end = offset + bytes.len;
    while (at < end) {
        set_range(&k, &c, at);
        ERR_TRY(remote_call(r, a, &c, &resp));
        if (resp.status != 308) {
            k.s->done = last;
            return last ? NULL : err_new(ERR_UNCATEGORIZED, WRITE ": the upload ended early");
        }
        uint64_t have = c.resumed ? end : stored(&resp);
        if (have <= at || have > end)
            return err_new(ERR_UNCATEGORIZED, WRITE ": the upload stands at byte %" PRIu64, have);
        at = have;
    }
    return NULL;
}

static struct error *
gs_finish(struct remote *r, struct arena *a, const char *key, void *state)
{
    struct session *s = state;
    (void)r;
    (void)a;
    (void)key;
    return s->done ? NULL : err_new(ERR_UNCATEGORIZED, WRITE ": the upload did not end");
}

static void
gs_cancel(struct remote *r, const char *key, void *state)
{
    struct session *s = state;
    struct http_response resp;
    struct arena *a = arena_create(NULL, "gs cancel");
    struct remote_call c = {.what = "", .op = "put gcs file", .method = "DELETE", .url = s->url,
                            .key = key, .body_fd = -1, .cleanup = true, .also_fine = 499};
    err_free(remote_call(r, a, &c, &resp));
    arena_destroy(a);
}

static const struct remote_service gs_service = {
    .name = "gs",
    .part_bytes = PART_BYTES,
    .mute_heads = true,
    .sink = &gs_vt,
    .prepare = gs_prepare,
    .explain = gs_explain,
    .no_answer = gs_no_answer,
    .put = gs_put,
    .begin = gs_begin,
    .part = gs_part,
    .finish = gs_finish,
    .cancel = gs_cancel,
};

static const struct sink_vt gs_vt = {
    .name = "gs",
    .can_list = true,
    .size = gs_size,
    .read = gs_read,
    .read_all = gs_read_all,
    .map = gs_map,
    .create = remote_create,
    .write = remote_write,
    .commit = remote_commit,
    .abort = remote_abort,
    .list = gs_list,
    .remove = gs_remove,
    .close = remote_close,
};
