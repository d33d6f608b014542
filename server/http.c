/* The console: health for load balancers and metrics in Prometheus' text form (libmicrohttpd). */
#include "config.h"

#include "server/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "executor/diagnostics.h"
#include "executor/metrics.h"

#define BUNDLES "/_admin/v1/stmtbundle/"

struct http_server {
    struct MHD_Daemon *daemon;
    struct node *node;
    struct server *sql;
    char address[128];
};

static enum MHD_Result
answer(struct MHD_Connection *c, unsigned status, const char *type, const char *body, size_t len)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(r, "Content-Type", type);
    enum MHD_Result rc = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result
metrics(struct http_server *h, struct MHD_Connection *c)
{
    struct str s;
    struct metric m[MAX_METRICS];
    int n = metrics_list(h->node, m);
    str_init(&s, STR_MAX_DEFAULT);
    str_printf(&s, "# TYPE sql_conns gauge\nsql_conns %d\n", server_connections(h->sql));
    for (int i = 0; i < n; i++) {
        char name[64];
        size_t k = 0;
        for (; m[i].name[k] != '\0' && k < sizeof(name) - 1; k++)
            name[k] = m[i].name[k] == '.' ? '_' : m[i].name[k];
        name[k] = '\0';
        str_printf(&s, "# TYPE %s %s\n%s %.0f\n", name, m[i].gauge ? "gauge" : "counter", name,
                   m[i].value);
    }
    enum MHD_Result rc = answer(c, 200, "text/plain; version=0.0.4", s.ptr, s.len);
    str_release(&s);
    return rc;
}

/* In a secure cluster v20.1 wants a log-in, of which there is none here. */
static enum MHD_Result
bundle(struct http_server *h, struct MHD_Connection *c, const char *id)
{
    struct slice bytes;
    bool found = false;
    char *end;
    if (!h->node->opts.insecure)
        return answer(c, 401, "text/plain", "amberdb statement-diag download gets it\n", 40);
    long long n = strtoll(id, &end, 10);
    if (*id == '\0' || *end != '\0')
        return answer(c, 400, "text/plain", "invalid id\n", 11);
    struct arena *a = arena_create(NULL, "bundle");
    struct error *err = diagnostics_get(h->node, a, n, &bytes, &found);
    enum MHD_Result rc;
    if (err != NULL) {
        log_warning("bundle %lld: %s", n, err->message);
        rc = answer(c, 500, "text/plain", "the bundle cannot be read\n", 26);
    } else if (!found) {
        rc = answer(c, 404, "text/plain", "not found\n", 10);
    } else {
        rc = answer(c, 200, "application/zip", (const char *)bytes.ptr, bytes.len);
    }
    err_free(err);
    arena_destroy(a);
    return rc;
}

static enum MHD_Result
handle(void *arg, struct MHD_Connection *c, const char *url, const char *method,
       const char *version, const char *data, size_t *data_len, void **state)
{
    struct http_server *h = arg;
    (void)version;
    (void)data;
    (void)state;
    if (*data_len != 0) {
        *data_len = 0; /* a body is read and dropped */
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return answer(c, 405, "text/plain", "method not allowed\n", 19);
    if (strcmp(url, "/health") == 0 || strcmp(url, "/_admin/v1/health") == 0)
        return answer(c, 200, "application/json", "{}\n", 3);
    if (strcmp(url, "/_status/vars") == 0)
        return metrics(h, c);
    if (strncmp(url, BUNDLES, sizeof(BUNDLES) - 1) == 0)
        return bundle(h, c, url + sizeof(BUNDLES) - 1);
    if (strcmp(url, "/") == 0) {
        static const char page[] =
            "<!doctype html><title>amberdb</title><h1>amberdb</h1>"
            "<p><a href=\"/health\">health</a> <a href=\"/_status/vars\">metrics</a></p>\n";
        return answer(c, 200, "text/html", page, sizeof(page) - 1);
    }
    return answer(c, 404, "text/plain", "not found\n", 10);
}

struct error *
http_server_start(struct node *n, struct server *sql, const char *addr, struct http_server **out)
{
    struct http_server *h = xcalloc(1, sizeof(*h));
    struct arena *a = arena_create(NULL, "http");
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list = NULL;
    const char *colon = strrchr(addr, ':');
    const char *host = colon != NULL ? arena_strndup(a, addr, (size_t)(colon - addr)) : addr;
    const char *port = colon != NULL && colon[1] != '\0' ? colon + 1 : "8080";
    struct error *err = NULL;
    h->node = n;
    h->sql = sql;
    int rc = getaddrinfo(*host != '\0' ? host : NULL, port, &hints, &list);
    if (rc != 0) {
        err = err_new(ERR_CONFIG_FILE, "cannot resolve %s: %s", addr, gai_strerror(rc));
        goto out;
    }
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
    if (list->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, h, MHD_OPTION_SOCK_ADDR,
                                 list->ai_addr, MHD_OPTION_CONNECTION_LIMIT, 64u,
                                 MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_END);
    if (h->daemon == NULL) {
        err = err_new(ERR_CONFIG_FILE, "cannot listen on %s for HTTP", addr);
        goto out;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    const char *shown = arena_printf(a, "%s:%u", *host != '\0' ? host : "localhost",
                                     info != NULL ? info->port : 0);
    memcpy(h->address, shown, strnlen(shown, sizeof(h->address) - 1));
out:
    if (list != NULL)
        freeaddrinfo(list);
    arena_destroy(a);
    if (err != NULL) {
        xfree(h);
        return err;
    }
    *out = h;
    return NULL;
}

const char *
http_server_address(const struct http_server *h)
{
    return h->address;
}

void
http_server_stop(struct http_server *h)
{
    MHD_stop_daemon(h->daemon);
    xfree(h);
}
