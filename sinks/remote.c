/* Calls that are tried again: what all sinks behind HTTP share. SOURCE: sinks.md 10. */
#include "config.h"

#include "sinks/remote_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"

/* Failures in a row after which a call gives up; with these pauses that is about ten seconds of a
 * server that cannot be reached, and forty of one that asks for patience. */
#define RETRIES_MAX 8
#define CLEANUP_RETRIES_MAX 2
#define PAUSE_NS ((int64_t)40 * 1000000)
#define THROTTLE_NS ((int64_t)500 * 1000000)
#define PAUSE_MAX_NS ((int64_t)8 * 1000000000)
#define RETRY_AFTER_MAX_NS ((int64_t)60 * 1000000000)
#define MENDED_MAX 3 /* clock, region and token may each be wrong once */
#define POLL_NS ((int64_t)20 * 1000000)
#define TIMEOUT_DEFAULT "10m0s"

const char *
remote_setting(const struct io_config *io, struct arena *a, const char *name)
{
    const char *v = io->setting != NULL ? io->setting(io->setting_arg, a, name) : NULL;
    return v != NULL ? v : "";
}

/* "10m0s", "1.5h", "200ms". 0 when it is none. SOURCE: Go time.ParseDuration. */
static int64_t
parse_duration(const char *p)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
    double total = 0;
    while (*p != '\0') {
        char *end;
        double v = strtod(p, &end);
        size_t n = strcspn(end, "0123456789."), k = 0;
        while (k < 6 && (strlen(units[k].unit) != n || strncmp(units[k].unit, end, n) != 0))
            k++;
        if (end == p || k == 6)
            return 0;
        total += v * units[k].ns;
        p = end + n;
    }
    return total < 9e18 ? (int64_t)total : 0;
}

char *
remote_clean(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) + 1);
    size_t n = 0;
    for (const char *p = path; *p != '\0';) {
        while (*p == '/')
            p++;
        size_t len = strcspn(p, "/");
        if (len == 2 && p[0] == '.' && p[1] == '.') {
            while (n > 0 && out[--n] != '/')
                ;
        } else if (len > 0 && !(len == 1 && p[0] == '.')) {
            if (n > 0)
                out[n++] = '/';
            memcpy(out + n, p, len);
            n += len;
        }
        p += len;
    }
    out[n] = '\0';
    return out;
}

char *
remote_key(const struct remote *r, struct arena *a, const char *name)
{
    return remote_clean(a, arena_printf(a, "%s/%s", r->base, name));
}

struct error *
remote_new(const struct io_config *io, const struct uri *u, const struct remote_service *service,
           size_t size, struct remote **out)
{
    struct remote *r = xcalloc(1, size);
    r->arena = arena_create(NULL, "remote sink");
    r->sink.vt = service->sink;
    r->service = service;
    r->io = io;
    r->own_net = io->net == NULL;
    r->net = r->own_net ? sink_net_create() : io->net;
    mutex_init(&r->lock, RANK_LEAF);
    r->bucket = arena_strdup(r->arena, u->host);
    r->base = remote_clean(r->arena, u->path);
    const char *limit = remote_setting(io, r->arena, "cloudstorage.timeout");
    r->timeout_text = *limit != '\0' ? limit : TIMEOUT_DEFAULT;
    r->timeout_ns = parse_duration(r->timeout_text);
    *out = r;
    return NULL;
}

void
remote_close(struct sink *s)
{
    struct remote *r = (struct remote *)s;
    if (r->own_net)
        sink_net_destroy(r->net);
    mutex_destroy(&r->lock);
    arena_destroy(r->arena);
    xfree(r);
}

static int
by_name_value(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *
remote_query(struct arena *a, const struct remote_call *c, bool sort)
{
    char *pairs[REMOTE_PARAMS_MAX];
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    for (int i = 0; i < c->n_params; i++) {
        struct str one;
        str_init_arena(&one, a, STR_MAX_DEFAULT);
        http_encode(&one, c->params[i].name, false);
        str_append_char(&one, '=');
        http_encode(&one, c->params[i].value, false);
        pairs[i] = arena_strdup(a, str_cstr(&one));
    }
    if (sort && c->n_params > 1)
        qsort(pairs, (size_t)c->n_params, sizeof(pairs[0]), by_name_value);
    for (int i = 0; i < c->n_params; i++) {
        if (i > 0)
            str_append_char(&s, '&');
        str_append_cstr(&s, pairs[i]);
    }
    return arena_strdup(a, str_cstr(&s));
}

/* ---- pauses ---- */

enum remote_kind
remote_kind_of_status(int status)
{
    if (status == 429 || status == 503)
        return REMOTE_THROTTLED;
    return status == 408 || (status >= 500 && status != 501) ? REMOTE_AGAIN : REMOTE_FINAL;
}

/* What Retry-After says; -1 when it says nothing. */
static int64_t
retry_after_ns(const struct http_response *resp)
{
    const char *v = http_header(resp, "retry-after");
    if (v == NULL || *v < '0' || *v > '9' || strlen(v) > 9)
        return -1;
    return (int64_t)strtoul(v, NULL, 10) * 1000000000;
}

/* What the tests make of a pause: AMBERDB_TEST_RETRY_PERCENT of it. */
static int64_t
test_scale(int64_t ns)
{
    const char *v = getenv("AMBERDB_TEST_RETRY_PERCENT");
    return v != NULL ? ns / 100 * (int64_t)strtoul(v, NULL, 10) : ns;
}

static int64_t
pause_for(int failures, bool throttled, const struct http_response *resp)
{
    int64_t told = retry_after_ns(resp);
    if (told >= 0)
        return told < RETRY_AFTER_MAX_NS ? told : RETRY_AFTER_MAX_NS;
    int64_t ns = (throttled ? THROTTLE_NS : PAUSE_NS) << (failures - 1);
    if (ns > PAUSE_MAX_NS)
        ns = PAUSE_MAX_NS;
    /* jitter: 0.75 to 1.25 of it, so that many clients do not come back at once */
    return test_scale(ns / 4 * 3 + (int64_t)(random_u64() % (uint64_t)(ns / 2 + 1)));
}

static struct error *
sleep_ns(int64_t ns, const struct cancel *cancel)
{
    int64_t until = monotonic_now_ns() + ns, left;
    while ((left = until - monotonic_now_ns()) > 0) {
        ERR_TRY(cancel_check(cancel));
        if (left > POLL_NS)
            left = POLL_NS;
        nanosleep(&(struct timespec){.tv_sec = 0, .tv_nsec = (long)left}, NULL);
    }
    return cancel_check(cancel);
}

/* ---- calls ---- */

struct attempts {
    int failures, mended;
    uint64_t got; /* of the fetch, at the last failure */
    enum remote_kind kind;
    const char *text;
};

static struct error *
call_failed(const struct remote_call *c, const struct attempts *t)
{
    return err_new(t->kind == REMOTE_NOT_FOUND ? ERR_UNDEFINED_FILE : ERR_UNCATEGORIZED,
                   "%s%s%s", c->what, *c->what != '\0' ? ": " : "", t->text);
}

static struct error *
call_timed_out(struct remote *r, const struct remote_call *c)
{
    return err_new(ERR_UNCATEGORIZED, "%s%soperation \"%s\" timed out after %s", c->what,
                   *c->what != '\0' ? ": " : "", c->op, r->timeout_text);
}

static const struct remote_service *
service_of(const struct remote *r, const struct remote_call *c)
{
    return c->service != NULL ? c->service : r->service;
}

static bool
is_success(const struct remote_call *c, const struct http_response *resp)
{
    return resp->failure == HTTP_COMPLETE &&
           ((resp->status >= 200 && resp->status < 300) ||
            (c->also_fine != 0 && resp->status == c->also_fine));
}

/* Look at what came back. Sets t->kind and t->text of a failure. */
static void
judge(struct remote *r, struct arena *a, const struct remote_call *c,
      const struct http_response *resp, struct attempts *t)
{
    t->kind = REMOTE_AGAIN;
    if (resp->failure == HTTP_COMPLETE) {
        t->kind = service_of(r, c)->explain(r, a, c, resp, t->mended, &t->text);
        if (t->kind == REMOTE_FIXED && t->mended++ >= MENDED_MAX)
            t->kind = REMOTE_FINAL;
        return;
    }
    t->text = service_of(r, c)->no_answer(a, c, resp->failure_text);
    if (resp->failure == HTTP_REFUSED)
        t->kind = REMOTE_FINAL;
}

static struct error *
attempt(struct remote *r, struct arena *a, struct remote_call *c, int64_t deadline_ns,
        struct http_response *resp)
{
    struct http_request q = {.method = c->method, .body_fd = -1, .ca_pem = r->ca_pem,
                             .body_max = c->body_max, .deadline_ns = deadline_ns,
                             .cancel = c->cleanup ? NULL : r->sink.cancel,
                             .has_body = c->has_body, .body = c->body, .send = c->send,
                             .send_arg = c->send_arg};
    /* What is not the same when it comes twice. */
    q.fresh = c->resume != NULL || c->send != NULL || strcmp(c->method, "DELETE") == 0;
    if (c->has_body && c->body_fd >= 0) {
        q.body_fd = c->body_fd;
        q.body_size = c->body_size;
    }
    for (int i = 0; i < c->n_headers; i++)
        http_add_header(&q, c->headers[i].name, c->headers[i].value);
    if (c->fetch != NULL) {
        fetch_headers(c->fetch, a, &q);
        q.receive = fetch_receive;
        q.receive_arg = c->fetch;
    }
    ERR_TRY(service_of(r, c)->prepare(r, a, c, &q));
    return http_perform(r->net, a, &q, resp);
}

uint64_t
remote_size(const struct http_response *resp)
{
    const char *range = http_header(resp, "content-range"); /* where a GET stood in */
    const char *v = range != NULL ? strchr(range, '/') : NULL;
    v = v != NULL ? v + 1 : http_header(resp, "content-length");
    return v != NULL ? strtoull(v, NULL, 10) : 0;
}

/* A refused HEAD says not why, nor what would mend it: ask with a GET. True: once more. */
static bool
ask_why(const struct remote *r, struct remote_call *c, struct attempts *t)
{
    if (c->asked && t->kind == REMOTE_FIXED) {
        c->method = "HEAD";
        c->n_headers--;
    }
    if (c->asked || t->kind != REMOTE_FINAL || strcmp(c->method, "HEAD") != 0 ||
        !service_of(r, c)->mute_heads)
        return false;
    c->asked = true;
    c->method = "GET";
    c->headers[c->n_headers++] = (struct http_header){"range", "bytes=0-0"};
    return true;
}

struct error *
remote_call(struct remote *r, struct arena *a, struct remote_call *c, struct http_response *resp)
{
    struct attempts t = {0};
    int64_t deadline_ns = c->op != NULL && r->timeout_ns > 0
                              ? monotonic_now_ns() + r->timeout_ns : 0;
    for (;;) {
        ERR_TRY(attempt(r, a, c, deadline_ns, resp));
        if (resp->failure == HTTP_TIMED_OUT)
            return call_timed_out(r, c);
        if (is_success(c, resp)) {
            if (c->fetch == NULL || !fetch_unfinished(c->fetch, resp, &t.text))
                return str_error(&resp->body);
            t.kind = REMOTE_AGAIN;
            t.text = service_of(r, c)->no_answer(a, c, t.text);
        } else {
            judge(r, a, c, resp, &t);
        }
        if (c->fetch != NULL && (c->fetch->bad != NULL || c->fetch->os_errno != 0))
            return fetch_broken(c->fetch);
        if (ask_why(r, c, &t) || t.kind == REMOTE_FIXED)
            continue;
        if (t.kind == REMOTE_NOT_FOUND && t.failures > 0 && strcmp(c->method, "DELETE") == 0)
            return NULL; /* it went with a try whose answer was lost */
        if (t.kind == REMOTE_FINAL || t.kind == REMOTE_NOT_FOUND || c->once)
            return call_failed(c, &t);
        if (c->fetch != NULL && c->fetch->got > t.got) {
            t.got = c->fetch->got;
            t.failures = 0; /* it gets on */
        }
        if (++t.failures > (c->cleanup ? CLEANUP_RETRIES_MAX : RETRIES_MAX))
            return call_failed(c, &t);
        int64_t ns = pause_for(t.failures, t.kind == REMOTE_THROTTLED, resp);
        if (deadline_ns != 0 && monotonic_now_ns() + ns >= deadline_ns)
            return call_timed_out(r, c);
        ERR_TRY(sleep_ns(ns, c->cleanup ? NULL : r->sink.cancel));
        if (c->resume != NULL) {
            int status = 0;
            ERR_TRY(c->resume(r, a, c, &status));
            c->resumed = status != 0;
            if (c->resumed) {
                resp->status = status;
                return NULL;
            }
        }
    }
}

/* ---- names of listings ---- */

char *
remote_list_prefix(const struct remote *r, struct arena *a, const char *prefix)
{
    return *r->base != '\0' ? arena_printf(a, "%s/%s", r->base, prefix) : arena_strdup(a, prefix);
}

void
remote_names_add(struct remote_names *l, const struct remote *r, const char *key)
{
    size_t base = strlen(r->base), len = strlen(key);
    if (base > 0 && (strncmp(key, r->base, base) != 0 || key[base] != '/'))
        return;
    if (len == 0 || key[len - 1] == '/')
        return;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->v = arena_realloc(l->a, l->v, l->cap * sizeof(char *), cap * sizeof(char *));
        l->cap = cap;
    }
    l->v[l->n++] = arena_strdup(l->a, base > 0 ? key + base + 1 : key);
}

void
remote_names_sort(struct remote_names *l)
{
    if (l->n > 1)
        qsort(l->v, l->n, sizeof(char *), by_name_value);
}
