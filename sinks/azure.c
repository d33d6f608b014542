/* azure://container/prefix: block blobs of an Azure storage account (sinks.md 6). */
#include "config.h"

#include "sinks/azure_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/hash.h"
#include "sinks/xml_int.h"

#define API_VERSION "2019-12-12"
#define PART_BYTES ((size_t)16 << 20)
#define BLOCKS_MAX 50000

struct azure {
    struct remote r;
    const char *account;
    struct slice key;
};

static const struct sink_vt azure_vt;
static const struct remote_service azure_service;

/* ---- signatures. SOURCE: sinks.md 6.1 ---- */

static int
by_header(const void *a, const void *b)
{
    const struct http_header *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static const char *
header_of(const struct azure_request *q, const char *name)
{
    for (int i = 0; i < q->n_headers; i++)
        if (strcmp(q->headers[i].name, name) == 0)
            return q->headers[i].value;
    return "";
}

static void
put_sorted(struct str *s, struct arena *a, const struct http_header *v, int n, const char *prefix,
           const char *fmt)
{
    struct http_header *sorted = ARENA_ARRAY(a, struct http_header, (size_t)n + 1);
    int m = 0;
    for (int i = 0; i < n; i++)
        if (strncmp(v[i].name, prefix, strlen(prefix)) == 0)
            sorted[m++] = v[i];
    if (m > 1)
        qsort(sorted, (size_t)m, sizeof(sorted[0]), by_header);
    for (int i = 0; i < m; i++) {
        if (*fmt == '\n')
            str_printf(s, "\n%s:%s", sorted[i].name, sorted[i].value);
        else
            str_printf(s, "%s:%s\n", sorted[i].name, sorted[i].value);
    }
}

char *
azure_signature(struct arena *a, const struct azure_request *q, const char *account,
                struct slice key)
{
    static const char *const plain[] = {"content-md5", "content-type", "date", "if-modified-since",
                                        "if-match", "if-none-match", "if-unmodified-since",
                                        "range"};
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_printf(&s, "%s\n\n\n", q->method);
    if (q->body_size > 0)
        str_printf(&s, "%" PRIu64, q->body_size);
    str_append_char(&s, '\n');
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        str_printf(&s, "%s\n", header_of(q, plain[i]));
    put_sorted(&s, a, q->headers, q->n_headers, "x-ms-", "");
    str_printf(&s, "/%s%s", account, q->path);
    put_sorted(&s, a, q->params, q->n_params, "", "\n");
    uint8_t mac[32];
    unsigned n = sizeof(mac);
    VERIFY(HMAC(EVP_sha256(), key.len > 0 ? key.ptr : (const uint8_t *)"", (int)key.len,
                (const uint8_t *)str_cstr(&s), s.len, mac, &n) != NULL);
    return base64_encode(a, slice_make(mac, n));
}

/* ---- opening ---- */

struct error *
azure_open(const struct io_config *io, const struct uri *u, struct sink **out)
{
    struct remote *r;
    struct arena *work = arena_create(NULL, "azure open");
    const char *account = uri_param(u, "AZURE_ACCOUNT_NAME");
    const char *text = uri_param(u, "AZURE_ACCOUNT_KEY");
    struct slice key = SLICE_NULL;
    struct error *err = NULL;
    if (strcmp(remote_setting(io, work, "cloudstorage.azure.default_auth"), "implicit") == 0 &&
        !io->disable_implicit_credentials) {
        account = account != NULL && *account != '\0' ? account : getenv("AZURE_STORAGE_ACCOUNT");
        text = text != NULL && *text != '\0' ? text : getenv("AZURE_STORAGE_KEY");
    }
    if (account == NULL || *account == '\0')
        err = err_new(ERR_UNCATEGORIZED, "azure uri missing \"AZURE_ACCOUNT_NAME\" parameter");
    else if (text == NULL || *text == '\0')
        err = err_new(ERR_UNCATEGORIZED, "azure uri missing \"AZURE_ACCOUNT_KEY\" parameter");
    if (err != NULL)
        goto out;
    char *plus = arena_strdup(work, text);
    for (char *p = plus; *p != '\0'; p++)
        if (*p == ' ') /* a plus sign that was not encoded */
            *p = '+';
    err = base64_decode(work, plus, &key);
    if (err != NULL) {
        err = err_wrap(err, "azure credential");
        goto out;
    }
    ERR_GOTO(remote_new(io, u, &azure_service, sizeof(struct azure), &r), out);
    struct azure *s = (struct azure *)r;
    s->account = arena_strdup(r->arena, account);
    s->key = slice_dup(r->arena, key);
    *out = &r->sink;
out:
    arena_destroy(work);
    return err;
}

/* ---- requests and answers ---- */

static struct error *
azure_prepare(struct remote *r, struct arena *a, const struct remote_call *c,
              struct http_request *q)
{
    struct azure *s = (struct azure *)r;
    struct str path;
    time_t now = (time_t)(wall_now_ns() / 1000000000);
    struct tm tm;
    char *date = arena_alloc(a, 64);
    gmtime_r(&now, &tm);
    strftime(date, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    http_add_header(q, "x-ms-date", date);
    http_add_header(q, "x-ms-version", API_VERSION);
    for (int i = 0; i < q->n_headers; i++)
        if (strcmp(q->headers[i].name, "range") == 0)
            q->headers[i].name = "x-ms-range";
    str_init_arena(&path, a, STR_MAX_DEFAULT);
    str_append_char(&path, '/');
    http_encode(&path, r->bucket, false);
    if (c->key != NULL) {
        str_append_char(&path, '/');
        http_encode(&path, c->key, true);
    }
    struct azure_request sign = {.method = c->method, .path = str_cstr(&path),
                                 .n_params = c->n_params, .params = c->params,
                                 .n_headers = q->n_headers, .headers = q->headers,
                                 .body_size = !c->has_body      ? 0
                                              : c->body_fd >= 0 ? c->body_size
                                                                : c->body.len};
    http_add_header(q, "authorization",
                    arena_printf(a, "SharedKey %s:%s", s->account,
                                 azure_signature(a, &sign, s->account, s->key)));
    char *query = remote_query(a, c, false);
    q->url = arena_printf(a, "https://%s.blob.core.windows.net%s%s%s", s->account, str_cstr(&path),
                          *query != '\0' ? "?" : "", query);
    return NULL;
}

static enum remote_kind
azure_explain(struct remote *r, struct arena *a, const struct remote_call *c,
              const struct http_response *resp, int mended, const char **text)
{
    struct slice body = str_slice(&resp->body);
    const char *code = http_header(resp, "x-ms-error-code");
    char *message = xml_get(a, body, "Message");
    (void)r;
    (void)c;
    (void)mended;
    if (code == NULL)
        code = xml_get(a, body, "Code");
    if (*code == '\0')
        code = http_status_text(resp->status);
    message[strcspn(message, "\r\n")] = '\0'; /* what follows are ids and times */
    const char *id = http_header(resp, "x-ms-request-id");
    *text = arena_printf(a, "===== RESPONSE ERROR (ServiceCode=%s) =====\nDescription=%d %s%s%s\n"
                            "RequestId:%s", code, resp->status, resp->status_text,
                         *message != '\0' ? ": " : "", message, id != NULL ? id : "");
    if (strcmp(code, "BlobNotFound") == 0)
        return REMOTE_NOT_FOUND;
    if (strcmp(code, "ServerBusy") == 0)
        return REMOTE_THROTTLED;
    return remote_kind_of_status(resp->status);
}

static const char *
azure_no_answer(struct arena *a, const struct remote_call *c, const char *failure)
{
    (void)c;
    return arena_printf(a, "-> azblob: %s", failure);
}

/* ---- the sink ---- */

static void
azure_get(struct remote *r, const char *key, struct remote_call *c)
{
    (void)r;
    c->what = "failed to create azure reader";
    c->key = key;
}

static struct error *
azure_read(struct sink *s, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    return remote_read(s, azure_get, name, offset, len, out);
}

static struct error *
azure_read_all(struct sink *s, struct arena *a, const char *name, size_t max, struct slice *out)
{
    return remote_read_all(s, azure_get, a, name, max, out);
}

static struct error *
azure_map(struct sink *s, struct arena *a, const char *name, struct slice *out)
{
    return remote_map(s, azure_get, a, name, out);
}

static struct error *
azure_size(struct sink *s, const char *name, uint64_t *size)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "azure size");
    struct http_response resp;
    struct remote_call c = {.what = "get file properties", .op = "size azure file",
                            .method = "HEAD", .key = remote_key(r, a, name), .body_fd = -1};
    struct error *e = remote_call(r, a, &c, &resp);
    const char *v = e == NULL ? http_header(&resp, "content-length") : NULL;
    *size = v != NULL ? strtoull(v, NULL, 10) : 0;
    arena_destroy(a);
    return e;
}

static struct error *
azure_remove(struct sink *s, const char *name)
{
    struct remote *r = (struct remote *)s;
    struct arena *a = arena_create(NULL, "azure delete");
    struct http_response resp;
    struct remote_call c = {.what = "delete file", .op = "delete azure file", .method = "DELETE",
                            .key = remote_key(r, a, name), .body_fd = -1};
    struct error *e = remote_call(r, a, &c, &resp);
    arena_destroy(a);
    return e;
}

static struct error *
azure_list(struct sink *sink, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    struct remote *r = (struct remote *)sink;
    struct remote_names l = {.a = a};
    struct arena *work = arena_create(NULL, "azure list"), *page = arena_create(work, "page");
    const char *want = remote_list_prefix(r, work, prefix);
    char *marker = NULL;
    struct error *e;
    do {
        struct http_response resp;
        struct slice one;
        size_t pos = 0;
        arena_reset(page);
        struct remote_call c = {.what = "unable to list files for specified blob", .method = "GET",
                                .body_fd = -1, .body_max = REMOTE_LIST_MAX, .n_params = 3,
                                .params = {{"restype", "container"}, {"comp", "list"},
                                           {"prefix", want}}};
        if (marker != NULL)
            c.params[c.n_params++] = (struct http_header){"marker", marker};
        e = remote_call(r, page, &c, &resp);
        if (e != NULL)
            break;
        while (xml_next(str_slice(&resp.body), &pos, "Blob", &one))
            remote_names_add(&l, r, xml_get(page, one, "Name"));
        marker = xml_get(work, str_slice(&resp.body), "NextMarker");
    } while (*marker != '\0');
    arena_destroy(work);
    remote_names_sort(&l);
    *names = l.v;
    *n = l.n;
    return e;
}

/* ---- writing ---- */

static const char *
what_write(struct remote *r, struct arena *a, const char *key)
{
    const char *name = key + strlen(r->base);
    return arena_printf(a, "write file: %s", name + (*name == '/'));
}

static struct error *
azure_put(struct remote *r, struct arena *a, const char *key, struct slice body, int fd,
          uint64_t size)
{
    struct http_response resp;
    struct remote_call c = {.what = what_write(r, a, key), .op = "write azure file",
                            .method = "PUT", .key = key, .has_body = true, .body = body,
                            .body_fd = fd, .body_size = size, .n_headers = 1,
                            .headers = {{"x-ms-blob-type", "BlockBlob"}}};
    return remote_call(r, a, &c, &resp);
}

/* Ids of blocks: all of one length, and of one upload. */
struct upload {
    uint64_t id;
    int n;
};

static char *
block_id(struct arena *a, const struct upload *u, int number)
{
    return base64_encode(a, slice_cstr(arena_printf(a, "%016" PRIx64 "-%06d", u->id, number)));
}

static struct error *
azure_begin(struct remote *r, struct arena *a, const char *key, void **state)
{
    struct upload *u = ARENA_NEW(a, struct upload);
    (void)r;
    (void)key;
    u->id = random_u64();
    *state = u;
    return NULL;
}

static struct error *
azure_part(struct remote *r, struct arena *a, const char *key, void *state, int number,
           uint64_t offset, struct slice bytes, bool last)
{
    struct upload *u = state;
    struct http_response resp;
    (void)offset;
    (void)last;
    if (number > BLOCKS_MAX)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "%s: file is too large", what_write(r, a, key));
    struct remote_call c = {.what = what_write(r, a, key), .op = "write azure file",
                            .method = "PUT", .key = key, .has_body = true, .body = bytes,
                            .body_fd = -1, .n_params = 2,
                            .params = {{"comp", "block"}, {"blockid", block_id(a, u, number)}}};
    u->n = number;
    return remote_call(r, a, &c, &resp);
}

static struct error *
azure_finish(struct remote *r, struct arena *a, const char *key, void *state)
{
    struct upload *u = state;
    struct http_response resp;
    struct str xml;
    str_init_arena(&xml, a, STR_MAX_DEFAULT);
    str_append_cstr(&xml, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
    for (int i = 1; i <= u->n; i++)
        str_printf(&xml, "<Latest>%s</Latest>", block_id(a, u, i));
    str_append_cstr(&xml, "</BlockList>");
    struct remote_call c = {.what = what_write(r, a, key), .op = "write azure file",
                            .method = "PUT", .key = key, .has_body = true,
                            .body = str_slice(&xml), .body_fd = -1, .n_params = 1,
                            .params = {{"comp", "blocklist"}}};
    return remote_call(r, a, &c, &resp);
}

/* Blocks that no list names are no blob, and the service drops them after a week. */
static void
azure_cancel(struct remote *r, const char *key, void *state)
{
    (void)r;
    (void)key;
    (void)state;
}

static const struct remote_service azure_service = {
    .name = "azure",
    .part_bytes = PART_BYTES,
    .sink = &azure_vt,
    .prepare = azure_prepare,
    .explain = azure_explain,
    .no_answer = azure_no_answer,
    .put = azure_put,
    .begin = azure_begin,
    .part = azure_part,
    .finish = azure_finish,
    .cancel = azure_cancel,
};

static const struct sink_vt azure_vt = {
    .name = "azure",
    .can_list = true,
    .size = azure_size,
    .read = azure_read,
    .read_all = azure_read_all,
    .map = azure_map,
    .create = remote_create,
    .write = remote_write,
    .commit = remote_commit,
    .abort = remote_abort,
    .list = azure_list,
    .remove = azure_remove,
    .close = remote_close,
};
