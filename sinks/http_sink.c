/* http://, https://: files on any server that knows GET, PUT, DELETE and HEAD (sinks.md 7).
 *
 * The query of the URI is kept and sent with every request. With several hosts a file lies on the one
 * that the hash of its name chooses. Redirects are followed by GET and HEAD alone. */
#include "config.h"

#include "sinks/remote_int.h"

#include <stdlib.h>

#define HOSTS_MAX 64

struct http_sink {
    struct remote r;
    const char *scheme, *query;
    const char *authorization; /* NULL: none */
    int n_hosts;
    const char *hosts[HOSTS_MAX];
};

static const struct sink_vt http_vt;
static const struct remote_service http_service;

/* FNV-1a, 32 bits. SOURCE: CockroachDB v20.1 storageccl: the host is hash(name) mod hosts. */
static uint32_t
fnv1a(const char *p)
{
    uint32_t h = 2166136261u;
    for (; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    return h;
}

struct error *
http_open(const struct io_config *io, const struct uri *u, struct sink **out)
{
    struct remote *r;
    if (io->disable_http)
        return err_new(ERR_UNCATEGORIZED, "external http access disabled");
    if (*u->host == '\0')
        return err_new(ERR_UNCATEGORIZED, "HTTP storage requested but base path not provided");
    struct arena *work = arena_create(NULL, "http open");
    const char *ca = remote_setting(io, work, "cloudstorage.http.custom_ca");
    struct error *e = *ca != '\0' ? http_check_ca(ca) : NULL;
    if (e == NULL)
        e = remote_new(io, u, &http_service, sizeof(struct http_sink), &r);
    if (e != NULL) {
        arena_destroy(work);
        return e;
    }
    struct http_sink *s = (struct http_sink *)r;
    struct arena *a = r->arena;
    r->ca_pem = *ca != '\0' ? arena_strdup(a, ca) : NULL;
    s->scheme = arena_strdup(a, u->scheme);
    s->query = arena_strdup(a, u->query);
    if (u->userinfo != NULL)
        s->authorization = arena_printf(
            a, "Basic %s", base64_encode(work, slice_cstr(uri_decode(work, u->userinfo))));
    char *hosts = arena_strdup(a, u->host), *save = NULL;
    for (char *h = strtok_r(hosts, ",", &save); h != NULL && s->n_hosts < HOSTS_MAX;
         h = strtok_r(NULL, ",", &save))
        s->hosts[s->n_hosts++] = h;
    arena_destroy(work);
    *out = &r->sink;
    return NULL;
}

static struct error *
http_prepare(struct remote *r, struct arena *a, const struct remote_call *c, struct http_request *q)
{
    struct http_sink *s = (struct http_sink *)r;
    struct str url;
    const char *name = c->key + strlen(r->base);
    name += *name == '/';
    if (s->n_hosts > 1 && *name == '\0')
        return err_new(ERR_UNCATEGORIZED,
                       "cannot use a multi-host HTTP basepath for single file");
    str_init_arena(&url, a, STR_MAX_DEFAULT);
    str_printf(&url, "%s://%s/", s->scheme, s->hosts[fnv1a(name) % (uint32_t)s->n_hosts]);
    http_encode(&url, c->key, true);
    if (*s->query != '\0')
        str_printf(&url, "?%s", s->query);
    q->url = str_cstr(&url);
    q->follow = strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0;
    if (s->authorization != NULL)
        http_add_header(q, "authorization", s->authorization);
    return NULL;
}

static enum remote_kind
http_explain(struct remote *r, struct arena *a, const struct remote_call *c,
             const struct http_response *resp, int mended, const char **text)
{
    struct slice body = str_slice(&resp->body);
    (void)r;
    (void)c;
    (void)mended;
    *text = arena_printf(a, "error response from server: %d %s \"%.*s\"", resp->status,
                         resp->status_text, (int)body.len, body.len > 0 ? (const char *)body.ptr : "");
    if (resp->status == 404)
        return REMOTE_NOT_FOUND;
    return remote_kind_of_status(resp->status);
}

static const char *
http_no_answer(struct arena *a, const struct remote_call *c, const char *failure)
{
    return strcmp(c->method, "GET") == 0 ? arena_printf(a, "retryable http error: %s", failure)
                                         : failure;
}

static void
http_get(struct remote *r, const char *key, struct remote_call *c)
{
    (void)r;
    c->what = "";
    c->key = key;
}

static struct error *
http_read(struct sink *s, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    return remote_read(s, http_get, name, offset, len, out);
}

static struct error *
http_read_all(struct sink *s, struct arena *a, const char *name, size_t max, struct slice *out)
{
    return remote_read_all(s, http_get, a, name, max, out);
}

static struct error *
http_map(struct sink *s, struct arena *a, const char *name, struct slice *out)
{
    return remote_map(s, http_get, a, name, out);
}

static struct error *
http_size(struct sink *s, const char *name, uint64_t *size)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "http size");
    struct http_response resp;
    struct remote_call c = {.what = "", .op = arena_printf(a, "HEAD %s", name), .method = "HEAD",
                            .key = remote_key(r, a, name), .body_fd = -1};
    struct error *e = remote_call(r, a, &c, &resp);
    if (e == NULL) {
        const char *v = http_header(&resp, "content-length");
        if (v == NULL)
            e = err_new(ERR_UNCATEGORIZED, "bad ContentLength: -1");
        else
            *size = strtoull(v, NULL, 10);
    }
    arena_destroy(a);
    return e;
}

static struct error *
http_remove(struct sink *s, const char *name)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "http delete");
    struct http_response resp;
    struct remote_call c = {.what = "", .op = arena_printf(a, "DELETE %s", name),
                            .method = "DELETE", .key = remote_key(r, a, name), .body_fd = -1};
    struct error *e = remote_call(r, a, &c, &resp);
    arena_destroy(a);
    return e;
}

static struct error *
http_put(struct remote *r, struct arena *a, const char *key, struct slice body, int fd,
         uint64_t size)
{
    struct http_response resp;
    const char *name = key + strlen(r->base);
    struct remote_call c = {.what = "", .op = arena_printf(a, "PUT %s", name + (*name == '/')),
                            .method = "PUT", .key = key, .has_body = true, .body = body,
                            .body_fd = fd, .body_size = size};
    return remote_call(r, a, &c, &resp);
}

/* Chunked: of a length that is not known yet. */
static struct error *
http_stream(struct remote *r, struct arena *a, const char *key, http_send_fn send, void *arg)
{
    struct http_response resp;
    struct remote_call c = {.what = "", .method = "PUT", .key = key, .has_body = true, .body_fd = -1,
                            .send = send, .send_arg = arg, .once = true};
    return remote_call(r, a, &c, &resp);
}

static const struct remote_service http_service = {
    .name = "http",
    .part_bytes = (size_t)1 << 20,
    .sink = &http_vt,
    .prepare = http_prepare,
    .explain = http_explain,
    .no_answer = http_no_answer,
    .put = http_put,
    .stream = http_stream,
};

static const struct sink_vt http_vt = {
    .name = "http",
    .can_list = false,
    .size = http_size,
    .read = http_read,
    .read_all = http_read_all,
    .map = http_map,
    .create = remote_create,
    .write = remote_write,
    .commit = remote_commit,
    .abort = remote_abort,
    .remove = http_remove,
    .close = remote_close,
};
