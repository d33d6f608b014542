/* Listening, the list of connections, shutdown. */
#include "config.h"

#include "server/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "executor/node_control.h"

/* What statements have when a node drains. SOURCE: CockroachDB v20.1 server.shutdown.query_wait */
#define DRAIN_GRACE_MS 10000
#define DRAIN_STEP_MS  50
#define INIT_WAIT_NS   INT64_C(200000000)
#define MAX_LISTENERS 4 /* addresses that one host name may stand for: IPv4 and IPv6, twice */

struct server {
    struct node *node;           /* guarded by lock while it is NULL */
    struct tls_context *tls;     /* NULL: insecure */
    struct node_control control;
    int max_connections;
    int n_listeners;
    int listeners[MAX_LISTENERS];
    int wake[2];                 /* pipe: a byte ends the accept loop */
    char address[128];
    pthread_t thread;
    struct mutex lock;           /* guards the fields below */
    struct cond changed;
    struct connection *connections;
    int n_connections;
    uint32_t next_pid;
    bool stopping;
    bool init_wanted;            /* a client waits for there to be a node */
    int64_t drain_until_ns;      /* 0: not draining; then statements are cancelled */
};

void
server_cancel(struct server *s, uint32_t pid, uint32_t secret)
{
    mutex_lock(&s->lock);
    for (struct connection *c = s->connections; c != NULL; c = c->next)
        if (c->backend_pid == pid && c->cancel_secret == secret && c->session != NULL)
            session_cancel(c->session, CANCEL_USER);
    mutex_unlock(&s->lock);
}

struct tls_context *
server_tls(struct server *s)
{
    return s->tls;
}

void
server_set_session(struct server *s, struct connection *c, struct session *session)
{
    mutex_lock(&s->lock);
    c->session = session;
    mutex_unlock(&s->lock);
}

/* Before there is a node there are no accounts: a certificate, or nothing. */
static struct error *
may_init(struct server *s, const struct connection *c, const char *user)
{
    if (s->tls == NULL)
        return NULL;
    const char *name = c->wire.tls != NULL ? tls_client_name(c->wire.tls, c->arena) : NULL;
    bool yes = name != NULL && strcmp(name, user) == 0 &&
               (strcmp(name, "root") == 0 || strcmp(name, "node") == 0);
    return yes ? NULL
               : err_new(ERR_INSUFFICIENT_PRIVILEGE,
                         "the cluster is initialized by root, with a client certificate");
}

struct error *
server_find_node(struct server *s, struct connection *c, const char *application, const char *user)
{
    bool init = application != NULL && strcmp(application, NODE_INIT_APPLICATION) == 0;
    struct error *e = NULL;
    mutex_lock(&s->lock);
    if (s->node == NULL && init)
        e = may_init(s, c, user);
    while (e == NULL && init && s->node == NULL && !s->stopping) {
        s->init_wanted = true;
        cond_wait_ns(&s->changed, &s->lock, INIT_WAIT_NS);
    }
    c->node = s->node;
    mutex_unlock(&s->lock);
    if (e == NULL && c->node == NULL) {
        e = err_new(ERR_CANNOT_CONNECT_NOW, "the cluster has not been initialized");
        e = err_hint(e, "Run \"amberdb init\" once, against any of its nodes.");
    }
    return e;
}

void
server_serve(struct server *s, struct node *n)
{
    mutex_lock(&s->lock);
    s->node = n;
    n->control = &s->control;
    cond_broadcast(&s->changed);
    mutex_unlock(&s->lock);
}

bool
server_told_to_init(struct server *s)
{
    mutex_lock(&s->lock);
    bool yes = s->init_wanted;
    mutex_unlock(&s->lock);
    return yes;
}

bool
server_admits(struct server *s, struct connection *c, const char *application)
{
    mutex_lock(&s->lock);
    c->controls = application != NULL && (strcmp(application, NODE_CONTROL_APPLICATION) == 0 ||
                                          strcmp(application, NODE_INIT_APPLICATION) == 0);
    bool yes = s->drain_until_ns == 0 || c->controls;
    mutex_unlock(&s->lock);
    return yes;
}

int
server_connections(const struct server *s)
{
    struct server *m = (struct server *)(uintptr_t)s;
    mutex_lock(&m->lock);
    int n = m->n_connections;
    mutex_unlock(&m->lock);
    return n;
}

const char *
server_address(const struct server *s)
{
    return s->address;
}

static void *
connection_thread(void *arg)
{
    struct connection *c = arg;
    struct server *s = c->server;
    connection_run(c);
    mutex_lock(&s->lock);
    struct connection **p = &s->connections;
    while (*p != c)
        p = &(*p)->next;
    *p = c->next;
    s->n_connections--;
    cond_broadcast(&s->changed);
    mutex_unlock(&s->lock);
    xfree(c);
    return NULL;
}

static void
refuse(int fd, enum errcode code, const char *text)
{
    struct wire w;
    wire_init(&w, fd);
    struct error *e = err_new(code, "%s", text);
    send_error(&w, e, "FATAL");
    err_free(e);
    err_free(wire_flush(&w));
    wire_release(&w);
}

static void
format_peer(const struct sockaddr_storage *ss, char *out, size_t cap)
{
    char host[INET6_ADDRSTRLEN] = "?";
    unsigned port = 0;
    struct str s;
    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        port = ntohs(in->sin_port);
    } else if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        port = ntohs(in6->sin6_port);
    }
    str_init(&s, cap);
    str_printf(&s, ss->ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host, port);
    size_t n = s.len < cap - 1 ? s.len : cap - 1;
    memcpy(out, str_cstr(&s), n);
    out[n] = '\0';
    str_release(&s);
}

static void
accept_one(struct server *s, int listener)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    if (fd < 0)
        return; /* the client is gone again, or we are out of descriptors: it may try once more */
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    mutex_lock(&s->lock);
    bool full = s->n_connections >= s->max_connections;
    bool stopping = s->stopping;
    if (!full && !stopping) {
        struct connection *c = xcalloc(1, sizeof(*c));
        c->server = s;
        c->backend_pid = ++s->next_pid;
        c->cancel_secret = (uint32_t)random_u64();
        wire_init(&c->wire, fd);
        format_peer(&peer, c->client_address, sizeof(c->client_address));
        c->next = s->connections;
        s->connections = c;
        s->n_connections++;
        pthread_t t;
        struct error *e = thread_start(&t, "sql", connection_thread, c);
        if (e == NULL) {
            pthread_detach(t);
            mutex_unlock(&s->lock);
            return;
        }
        log_warning("cannot start a thread for a connection: %s", e->message);
        err_free(e);
        s->connections = c->next;
        s->n_connections--;
        str_release(&c->wire.in);
        str_release(&c->wire.out);
        xfree(c);
        full = true;
    }
    mutex_unlock(&s->lock);
    if (stopping)
        refuse(fd, ERR_ADMIN_SHUTDOWN, "server is shutting down");
    else
        refuse(fd, ERR_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
}

/* Ends connections: idle ones see the end of input, others at the next message's end. */
static void
interrupt_all(struct server *s, bool cancel, bool all)
{
    for (struct connection *c = s->connections; c != NULL; c = c->next) {
        if (!all && (c->controls || c->session == NULL)) /* who is still to say what for is told then */
            continue;
        atomic_store(&c->draining, true);
        if (!atomic_load(&c->busy))
            shutdown(c->wire.fd, SHUT_RD);
        else if (cancel && c->session != NULL)
            session_cancel(c->session, CANCEL_SHUTDOWN);
    }
}

/* While draining: connections that became idle, or had time enough, end. How long to wait till next. */
static int
drain_step(struct server *s)
{
    mutex_lock(&s->lock);
    bool draining = s->drain_until_ns != 0;
    if (draining)
        interrupt_all(s, monotonic_now_ns() >= s->drain_until_ns, false);
    mutex_unlock(&s->lock);
    return draining ? DRAIN_STEP_MS : -1;
}

static void
wake(struct server *s)
{
    while (write(s->wake[1], "x", 1) < 0 && errno == EINTR)
        ;
}

static bool
woken_to_drain(struct server *s)
{
    char byte;
    mutex_lock(&s->lock);
    bool go_on = !s->stopping;
    mutex_unlock(&s->lock);
    return go_on && read(s->wake[0], &byte, 1) == 1;
}

static void *
accept_thread(void *arg)
{
    struct server *s = arg;
    struct pollfd p[MAX_LISTENERS + 1];
    for (int i = 0; i < s->n_listeners; i++)
        p[i] = (struct pollfd){.fd = s->listeners[i], .events = POLLIN};
    p[s->n_listeners] = (struct pollfd){.fd = s->wake[0], .events = POLLIN};
    for (;;) {
        if (poll(p, (nfds_t)s->n_listeners + 1, drain_step(s)) < 0 && errno != EINTR)
            break;
        if (p[s->n_listeners].revents != 0 && !woken_to_drain(s))
            break;
        for (int i = 0; i < s->n_listeners; i++)
            if (p[i].revents & POLLIN)
                accept_one(s, s->listeners[i]);
    }
    return NULL;
}

static struct error *
split_address(struct arena *a, const char *addr, const char **host, const char **port)
{
    const char *colon = strrchr(addr, ':');
    if (colon == NULL || (colon > addr && addr[0] == '[' && colon[-1] != ']')) {
        *host = addr;
        *port = "26257";
    } else {
        *host = arena_strndup(a, addr, (size_t)(colon - addr));
        *port = colon[1] != '\0' ? colon + 1 : "26257";
    }
    size_t n = strlen(*host);
    if (n >= 2 && (*host)[0] == '[' && (*host)[n - 1] == ']')
        *host = arena_strndup(a, *host + 1, n - 2);
    return NULL;
}

static struct error *
listen_one(struct server *s, const struct addrinfo *ai, const char *addr)
{
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
    if (fd < 0)
        return err_errno(errno, "socket for %s", addr);
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, 1024) != 0) {
        struct error *e = err_errno(errno, "listen on %s", addr);
        close(fd);
        return e;
    }
    s->listeners[s->n_listeners++] = fd;
    return NULL;
}

static struct error *
open_listeners(struct server *s, const char *addr)
{
    struct arena *a = arena_create(NULL, "listen");
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list = NULL;
    const char *host, *port;
    struct error *err = split_address(a, addr, &host, &port);
    if (err != NULL)
        goto out;
    int rc = getaddrinfo(*host != '\0' ? host : NULL, port, &hints, &list);
    if (rc != 0) {
        err = err_new(ERR_CONFIG_FILE, "cannot resolve %s: %s", addr, gai_strerror(rc));
        goto out;
    }
    struct error *last = NULL;
    for (struct addrinfo *ai = list; ai != NULL && s->n_listeners < MAX_LISTENERS;
         ai = ai->ai_next) {
        err_free(last);
        last = listen_one(s, ai, addr);
        /* Port 0 is another port for each address: one is enough. */
        if (last == NULL && strcmp(port, "0") == 0)
            break;
    }
    if (s->n_listeners == 0)
        err = last != NULL ? last : err_new(ERR_CONFIG_FILE, "no address for %s", addr);
    else
        err_free(last);
    if (err == NULL) {
        struct sockaddr_storage ss;
        socklen_t len = sizeof(ss);
        getsockname(s->listeners[0], (struct sockaddr *)&ss, &len);
        unsigned real = ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                                       : ((struct sockaddr_in *)&ss)->sin_port);
        const char *shown = arena_printf(a, "%s:%u", *host != '\0' ? host : "localhost", real);
        memcpy(s->address, shown, strnlen(shown, sizeof(s->address) - 1));
    }
out:
    if (list != NULL)
        freeaddrinfo(list);
    arena_destroy(a);
    return err;
}

static void
server_free(struct server *s)
{
    if (s->node != NULL)
        s->node->control = NULL;
    for (int i = 0; i < s->n_listeners; i++)
        close(s->listeners[i]);
    if (s->wake[0] >= 0) {
        close(s->wake[0]);
        close(s->wake[1]);
    }
    tls_context_close(s->tls);
    cond_destroy(&s->changed);
    mutex_destroy(&s->lock);
    xfree(s);
}

static void
begin_drain(void *arg)
{
    server_drain(arg, DRAIN_GRACE_MS);
}

static int
count_clients(void *arg)
{
    struct server *s = arg;
    int n = 0;
    mutex_lock(&s->lock);
    for (const struct connection *c = s->connections; c != NULL; c = c->next)
        n += !c->controls && c->session != NULL;
    mutex_unlock(&s->lock);
    return n;
}

static void
quit(void *arg)
{
    (void)arg;
    raise(SIGTERM);
}

struct error *
server_start(const struct server_opts *o, struct server **out)
{
    struct server *s = xcalloc(1, sizeof(*s));
    s->node = o->node;
    s->max_connections = o->max_connections > 0 ? o->max_connections : 1024;
    s->wake[0] = s->wake[1] = -1;
    s->control = (struct node_control){begin_drain, count_clients, o->may_quit ? quit : NULL, s};
    if (s->node != NULL)
        s->node->control = &s->control;
    mutex_init(&s->lock, RANK_SERVER);
    cond_init(&s->changed);
    struct error *e = o->certs_dir != NULL ? tls_context_open(o->certs_dir, &s->tls) : NULL;
    if (e == NULL)
        e = open_listeners(s, o->listen_addr);
    if (e == NULL && pipe2(s->wake, O_CLOEXEC) != 0)
        e = err_errno(errno, "pipe");
    if (e == NULL)
        e = thread_start(&s->thread, "accept", accept_thread, s);
    if (e != NULL) {
        server_free(s);
        return e;
    }
    *out = s;
    return NULL;
}

void
server_drain(struct server *s, int grace_ms)
{
    mutex_lock(&s->lock);
    if (s->drain_until_ns == 0)
        s->drain_until_ns = monotonic_now_ns() + (int64_t)grace_ms * 1000000;
    mutex_unlock(&s->lock);
    wake(s);
}

void
server_stop(struct server *s, int grace_ms)
{
    mutex_lock(&s->lock);
    s->stopping = true;
    mutex_unlock(&s->lock);
    wake(s);
    pthread_join(s->thread, NULL);
    int64_t until = monotonic_now_ns() + (int64_t)grace_ms * 1000000;
    mutex_lock(&s->lock);
    while (s->connections != NULL) {
        bool late = monotonic_now_ns() >= until;
        interrupt_all(s, late, true);
        cond_wait_ns(&s->changed, &s->lock, 50 * INT64_C(1000000));
    }
    mutex_unlock(&s->lock);
    server_free(s);
}
