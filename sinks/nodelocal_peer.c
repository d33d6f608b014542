/* nodelocal://N/<path> of another node: it is asked over a connection to its SQL port (sinks.md 8).
 *
 *   size, read, list, remove   SELECT crdb_internal.node_file(what, path, offset, length)
 *   write                      COPY crdb_internal.file_upload FROM STDIN WITH destination = 'node-file:path'
 *
 * The path is relative to the other node's external I/O directory, and it is that node which sees to it that
 * it stays below. Who may connect, and as whom, says conninfo (executor/peers.h).
 *
 * Waits end when they are cancelled, or when nothing has moved for STALL_NS. */
#include "config.h"

#include "sinks/uri_int.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/enc.h"

#define STALL_NS INT64_C(60000000000)
#define LOOK_MS 200
#define READ_BYTES ((size_t)4 << 20) /* one question */
#define SEND_BYTES ((size_t)128 << 10)
#define IDLE_MAX 4

struct peer {
    struct sink sink;
    uint32_t node;
    char *conninfo, *address, *path;
    struct mutex lock; /* guards: */
    PGconn *idle[IDLE_MAX];
    int n_idle;
};

struct peer_file {
    struct sink_file file;
    struct peer *s;
    PGconn *c;
};

static const struct sink_vt peer_vt;

/* ---- connections ---- */

static int
first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

static struct error *
connect_error(const struct peer *s, const char *why)
{
    /* SOURCE: CockroachDB v20.1 pkg/blobs/client.go, pkg/rpc/nodedialer. */
    return err_new(ERR_CONNECTION_FAILURE,
                   "failed to create blob client: connecting to node %u: failed to connect to n%u at "
                   "%s: %.*s", s->node, s->node, s->address, first_line(why), why);
}

static struct error *
lost(const struct peer *s, PGconn *c)
{
    const char *why = PQerrorMessage(c);
    return err_new(ERR_CONNECTION_FAILURE, "node %u at %s: %.*s", s->node, s->address,
                   first_line(why), why);
}

static void
quiet(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static struct error *
take(struct peer *s, bool fresh, PGconn **out)
{
    PGconn *c = NULL;
    mutex_lock(&s->lock);
    if (!fresh && s->n_idle > 0)
        c = s->idle[--s->n_idle];
    mutex_unlock(&s->lock);
    if (c == NULL) {
        c = PQconnectdb(s->conninfo);
        if (PQstatus(c) != CONNECTION_OK || PQsetnonblocking(c, 1) != 0) {
            struct error *e = connect_error(s, PQerrorMessage(c));
            PQfinish(c);
            return e;
        }
        PQsetNoticeReceiver(c, quiet, NULL);
    }
    *out = c;
    return NULL;
}

static void
give(struct peer *s, PGconn *c)
{
    if (PQstatus(c) == CONNECTION_OK && PQtransactionStatus(c) == PQTRANS_IDLE) {
        mutex_lock(&s->lock);
        if (s->n_idle < IDLE_MAX) {
            s->idle[s->n_idle++] = c;
            c = NULL;
        }
        mutex_unlock(&s->lock);
    }
    if (c != NULL)
        PQfinish(c);
}

/* Until the socket can be read (or written, too). */
static struct error *
wait_socket(const struct peer *s, PGconn *c, short events, int64_t since)
{
    struct pollfd p = {.fd = PQsocket(c), .events = events};
    ERR_TRY(cancel_check(s->sink.cancel));
    if (monotonic_now_ns() - since > STALL_NS)
        return err_new(ERR_CONNECTION_FAILURE, "node %u at %s does not answer", s->node,
                       s->address);
    if (poll(&p, 1, LOOK_MS) < 0 && errno != EINTR)
        return lost(s, c);
    return NULL;
}

static struct error *
flush_out(const struct peer *s, PGconn *c)
{
    int64_t since = monotonic_now_ns();
    int left;
    while ((left = PQflush(c)) > 0) {
        ERR_TRY(wait_socket(s, c, POLLIN | POLLOUT, since));
        if (PQconsumeInput(c) != 1)
            return lost(s, c);
    }
    return left < 0 ? lost(s, c) : NULL;
}

static struct error *
next_result(const struct peer *s, PGconn *c, PGresult **out)
{
    int64_t since = monotonic_now_ns();
    ERR_TRY(flush_out(s, c));
    while (PQisBusy(c)) {
        ERR_TRY(wait_socket(s, c, POLLIN, since));
        if (PQconsumeInput(c) != 1)
            return lost(s, c);
    }
    *out = PQgetResult(c);
    return NULL;
}

/* The other node's own error, or that it is gone. Frees res. */
static struct error *
result_error(const struct peer *s, PGconn *c, PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    static const char function[] = "crdb_internal.node_file(): ";
    struct error *e;
    if (text != NULL && strncmp(text, function, strlen(function)) == 0)
        text += strlen(function);
    if (state == NULL || strlen(state) != 5 || text == NULL)
        e = lost(s, c);
    else
        e = err_sqlstate(err_new(ERR_UNCATEGORIZED, "%s", text), state);
    PQclear(res);
    return e;
}

/* The only result of what was sent; the connection is ready for the next. */
static struct error *
only_result(const struct peer *s, PGconn *c, ExecStatusType want, PGresult **out)
{
    PGresult *res, *end = NULL;
    ERR_TRY(next_result(s, c, &res));
    if (PQresultStatus(res) == PGRES_COPY_IN && want == PGRES_COPY_IN) {
        *out = res;
        return NULL;
    }
    struct error *e = PQresultStatus(res) == want ? NULL : result_error(s, c, res);
    if (e == NULL)
        *out = res;
    do {
        PQclear(end);
        end = NULL;
        struct error *more = next_result(s, c, &end);
        if (more != NULL) { /* it is of no use any more */
            err_free(more);
            break;
        }
    } while (end != NULL);
    return e;
}

/* ---- questions ---- */

struct question {
    const char *what, *path;
    uint64_t offset, len;
};

static struct error *
ask_once(struct peer *s, const struct question *q, bool fresh, PGresult **out)
{
    PGconn *c;
    char offset[24], len[24];
    const char *values[] = {q->what, q->path, offset, len};
    snprintf(offset, sizeof(offset), "%llu", (unsigned long long)q->offset);
    snprintf(len, sizeof(len), "%llu", (unsigned long long)q->len);
    ERR_TRY(take(s, fresh, &c));
    struct error *e = NULL;
    if (PQsendQueryParams(c, "SELECT crdb_internal.node_file($1, $2, $3, $4)", 4, NULL, values, NULL,
                          NULL, 1) != 1)
        e = lost(s, c);
    else
        e = only_result(s, c, PGRES_TUPLES_OK, out);
    if (e == NULL && (PQntuples(*out) != 1 || PQgetisnull(*out, 0, 0))) {
        PQclear(*out);
        e = err_new(ERR_PROTOCOL_VIOLATION, "node %u at %s answers something else", s->node,
                    s->address);
    }
    give(s, c);
    return e;
}

/* A connection that lay idle may have been lost meanwhile. */
static struct error *
ask(struct peer *s, const struct question *q, PGresult **out)
{
    struct error *e = ask_once(s, q, false, out);
    if (e == NULL || !err_is(e, ERR_CONNECTION_FAILURE))
        return e;
    err_free(e);
    return ask_once(s, q, true, out);
}

static char *
full_name(const struct peer *s, struct arena *a, const char *name)
{
    return *s->path == '\0' ? arena_strdup(a, name) : arena_printf(a, "%s/%s", s->path, name);
}

static struct error *
peer_size(struct sink *sink, const char *name, uint64_t *size)
{
    struct peer *s = (struct peer *)sink;
    struct arena *a = arena_create(NULL, "peer size");
    PGresult *res;
    struct error *e = ask(s, &(struct question){.what = "size", .path = full_name(s, a, name)}, &res);
    if (e == NULL) {
        bool good = PQgetlength(res, 0, 0) == 8;
        *size = good ? enc_get_be64((const uint8_t *)PQgetvalue(res, 0, 0)) : 0;
        if (!good)
            e = err_new(ERR_PROTOCOL_VIOLATION, "node %u: bad answer", s->node);
        PQclear(res);
    }
    arena_destroy(a);
    return e;
}

static struct error *
peer_read(struct sink *sink, const char *name, uint64_t offset, size_t len, uint8_t *out)
{
    struct peer *s = (struct peer *)sink;
    struct arena *a = arena_create(NULL, "peer read");
    struct error *e = NULL;
    struct question q = {.what = "read", .path = full_name(s, a, name), .offset = offset};
    while (e == NULL && len > 0) {
        PGresult *res;
        q.len = len < READ_BYTES ? len : READ_BYTES;
        e = ask(s, &q, &res);
        if (e != NULL)
            break;
        if ((uint64_t)PQgetlength(res, 0, 0) == q.len)
            memcpy(out, PQgetvalue(res, 0, 0), q.len);
        else
            e = err_new(ERR_DATA_CORRUPTED, "read %s: unexpected EOF", name);
        PQclear(res);
        out += q.len;
        q.offset += q.len;
        len -= q.len;
    }
    arena_destroy(a);
    return e;
}

static struct error *
peer_list(struct sink *sink, struct arena *a, const char *prefix, char ***names, size_t *n)
{
    struct peer *s = (struct peer *)sink;
    PGresult *res;
    *n = 0;
    ERR_TRY(ask(s, &(struct question){.what = "list", .path = full_name(s, a, prefix),
                                      .len = *s->path == '\0' ? 0 : strlen(s->path) + 1}, &res));
    size_t len = (size_t)PQgetlength(res, 0, 0), most = 0;
    const char *text = arena_memdup(a, PQgetvalue(res, 0, 0), len);
    PQclear(res);
    for (size_t i = 0; i < len; i++)
        most += text[i] == '\0';
    *names = ARENA_ARRAY(a, char *, most + 1);
    for (size_t i = 0; *n < most; i += strlen(text + i) + 1)
        (*names)[(*n)++] = (char *)(uintptr_t)(text + i);
    return NULL;
}

static struct error *
peer_remove(struct sink *sink, const char *name)
{
    struct peer *s = (struct peer *)sink;
    struct arena *a = arena_create(NULL, "peer remove");
    PGresult *res;
    struct error *e =
        ask(s, &(struct question){.what = "remove", .path = full_name(s, a, name)}, &res);
    if (e == NULL)
        PQclear(res);
    arena_destroy(a);
    return e;
}

/* ---- writing ---- */

static void
file_free(struct peer_file *f, bool keep)
{
    if (keep)
        give(f->s, f->c);
    else
        PQfinish(f->c); /* in the midst of a COPY: the other side leaves nothing */
    xfree(f);
}

static struct error *
peer_create(struct sink *sink, const char *name, struct sink_file **out)
{
    struct peer *s = (struct peer *)sink;
    struct arena *a = arena_create(NULL, "peer create");
    PGconn *c = NULL;
    PGresult *res;
    struct error *e = take(s, true, &c);
    if (e != NULL)
        goto out;
    char *path = arena_printf(a, "node-file:%s", full_name(s, a, name));
    char *quoted = PQescapeLiteral(c, path, strlen(path));
    char *sql = quoted == NULL ? NULL
                               : arena_printf(a, "COPY crdb_internal.file_upload FROM STDIN WITH "
                                                 "destination = %s", quoted);
    PQfreemem(quoted);
    if (sql == NULL || PQsendQuery(c, sql) != 1)
        e = lost(s, c);
    else
        e = only_result(s, c, PGRES_COPY_IN, &res);
    if (e != NULL) {
        give(s, c);
        goto out;
    }
    PQclear(res);
    struct peer_file *f = xcalloc(1, sizeof(*f));
    f->file.vt = &peer_vt;
    f->s = s;
    f->c = c;
    *out = &f->file;
out:
    arena_destroy(a);
    return e;
}

static struct error *
peer_write(struct sink_file *file, const void *p, size_t len)
{
    struct peer_file *f = (struct peer_file *)file;
    for (const char *at = p; len > 0;) {
        size_t n = len < SEND_BYTES ? len : SEND_BYTES;
        int64_t since = monotonic_now_ns();
        int sent;
        while ((sent = PQputCopyData(f->c, at, (int)n)) == 0) {
            ERR_TRY(wait_socket(f->s, f->c, POLLIN | POLLOUT, since));
            if (PQconsumeInput(f->c) != 1)
                return lost(f->s, f->c);
        }
        if (sent < 0)
            return lost(f->s, f->c);
        ERR_TRY(flush_out(f->s, f->c)); /* no more than that waits in memory */
        at += n;
        len -= n;
    }
    return NULL;
}

static void
peer_abort(struct sink_file *file)
{
    file_free((struct peer_file *)file, false);
}

static struct error *
peer_commit(struct sink_file *file)
{
    struct peer_file *f = (struct peer_file *)file;
    struct error *e = NULL;
    PGresult *res;
    int64_t since = monotonic_now_ns();
    int sent;
    while (e == NULL && (sent = PQputCopyEnd(f->c, NULL)) != 1)
        e = sent < 0 ? lost(f->s, f->c) : wait_socket(f->s, f->c, POLLIN | POLLOUT, since);
    if (e == NULL)
        e = only_result(f->s, f->c, PGRES_COMMAND_OK, &res);
    if (e == NULL)
        PQclear(res);
    file_free(f, e == NULL);
    return e;
}

/* ---- open and close ---- */

static void
peer_close(struct sink *sink)
{
    struct peer *s = (struct peer *)sink;
    for (int i = 0; i < s->n_idle; i++)
        PQfinish(s->idle[i]);
    mutex_destroy(&s->lock);
    xfree(s->conninfo);
    xfree(s->address);
    xfree(s->path);
    xfree(s);
}

struct error *
nodelocal_peer_open(const struct io_peer *p, uint32_t node, const char *path, struct sink **out)
{
    struct peer *s = xcalloc(1, sizeof(*s));
    PGconn *c;
    s->sink.vt = &peer_vt;
    s->node = node;
    s->conninfo = xstrdup(p->conninfo);
    s->address = xstrdup(p->address);
    s->path = xstrdup(path);
    mutex_init(&s->lock, RANK_LEAF);
    struct error *e = take(s, true, &c);
    if (e != NULL) {
        peer_close(&s->sink);
        return e;
    }
    give(s, c);
    *out = &s->sink;
    return NULL;
}

static const struct sink_vt peer_vt = {
    .name = "peer",
    .can_list = true,
    .size = peer_size,
    .read = peer_read,
    .create = peer_create,
    .write = peer_write,
    .commit = peer_commit,
    .abort = peer_abort,
    .list = peer_list,
    .remove = peer_remove,
    .close = peer_close,
};
