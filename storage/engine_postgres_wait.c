/* storage/engine_postgres_wait.c - waiting for the server's answers, but not for ever.
 *
 * TCP finds out when packets get lost. Something between us and the server (a proxy, a balancer) may take
 * all that we send and pass nothing on; then TCP is content. So who has heard nothing for SILENCE_NS asks
 * the server on a new connection what it does for the old one. As long as it is at work there we wait,
 * however long that takes. If it waits for us, or knows of no such session, the connection is as good as
 * lost; a session that is left is told to end, so that nothing that is still under way is done there later.
 * What became of the statement is then found out as after any lost connection. Nobody answers at all: lost.
 *
 * A session is known by its process and a name that no other has. A server that does not tell what its
 * sessions do is waited for.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Tests wait less: AMBERDB_TEST_STORE_SILENCE_MS. */
#define SILENCE_NS      INT64_C(10000000000)
#define SLICE_MS        1000
#define ASK_MS          5000
#define CONNECT_SECONDS 5

/* Of our session there: no row, or whether it works; one that waits for us is ended. */
#define ASK                                                                                        \
    "SELECT CASE WHEN state IS NULL OR state = 'active' THEN 'works' "                             \
    "ELSE pg_terminate_backend(pid)::text END FROM pg_stat_activity "                              \
    "WHERE pid = $1::int4 AND application_name = $2"

enum verdict { WORKS, LOST };

/* The answer to what was sent, or NULL after so long. */
static PGresult *
result_within(PGconn *c, int64_t end)
{
    for (;;) {
        int left = PQflush(c), wait_ms = (int)((end - monotonic_now_ns()) / 1000000);
        if (left < 0 || wait_ms <= 0)
            return NULL;
        if (PQisBusy(c) == 0)
            return PQgetResult(c);
        struct pollfd p = {.fd = PQsocket(c), .events = (short)(POLLIN | (left > 0 ? POLLOUT : 0))};
        if (poll(&p, 1, wait_ms) < 0 && errno != EINTR)
            return NULL;
        if (PQconsumeInput(c) != 1)
            return NULL;
    }
}

static enum verdict
ask(struct pg_engine *e, struct pg_conn *old)
{
    static const char *const names[] = {"dbname", "connect_timeout", NULL};
    char pid[16], seconds[16];
    const char *values[] = {e->url, seconds, NULL};
    const char *args[] = {pid, old->name};
    enum verdict v = LOST;
    int64_t began = monotonic_now_ns();
    snprintf(pid, sizeof(pid), "%d", PQbackendPID(old->c));
    snprintf(seconds, sizeof(seconds), "%d", CONNECT_SECONDS);
    PGconn *c = PQconnectdbParams(names, values, 1);
    if (PQstatus(c) == CONNECTION_OK && PQsetnonblocking(c, 1) == 0 &&
        PQsendQueryParams(c, ASK, 2, NULL, args, NULL, NULL, 0) == 1) {
        PGresult *r = result_within(c, monotonic_now_ns() + ASK_MS * INT64_C(1000000));
        bool told = PQresultStatus(r) == PGRES_TUPLES_OK;
        if (r != NULL && (!told || (PQntuples(r) > 0 && strcmp(PQgetvalue(r, 0, 0), "works") == 0)))
            v = WORKS;
        PQclear(r);
    } else if (monotonic_now_ns() - began < CONNECT_SECONDS * INT64_C(1000000000)) {
        v = WORKS; /* there is somebody who says no: too many connections, say */
    }
    PQfinish(c);
    return v;
}

/* Until all is sent and the next result can be had at once; false: it never will. */
static bool
await(struct pg_engine *e, struct pg_conn *c)
{
    int64_t heard = monotonic_now_ns();
    for (;;) {
        int left = PQflush(c->c);
        if (left < 0)
            return false;
        if (PQisBusy(c->c) == 0)
            return true;
        struct pollfd p = {.fd = PQsocket(c->c),
                           .events = (short)(POLLIN | (left > 0 ? POLLOUT : 0))};
        if (poll(&p, 1, SLICE_MS) > 0) {
            if ((p.revents & ~POLLOUT) != 0 && PQconsumeInput(c->c) != 1)
                return true; /* the result tells how it was lost */
            heard = monotonic_now_ns();
        } else if (monotonic_now_ns() - heard >= e->silence_ns) {
            if (ask(e, c) == LOST) {
                log_warning("store %s: a connection is silent; it is given up", e->shown);
                c->failed = c->silent = true;
                return false;
            }
            heard = monotonic_now_ns();
        }
    }
}

void
pg_wait_init(struct pg_engine *e)
{
    const char *ms = getenv("AMBERDB_TEST_STORE_SILENCE_MS");
    e->silence_ns = ms == NULL ? SILENCE_NS : strtoll(ms, NULL, 10) * 1000000;
}

PGresult *
pg_result(struct pg_engine *e, struct pg_conn *c)
{
    return !c->failed && await(e, c) ? PQgetResult(c->c) : NULL;
}

PGresult *
pg_last_result(struct pg_engine *e, struct pg_conn *c)
{
    PGresult *last = NULL;
    for (PGresult *r; (r = pg_result(e, c)) != NULL && !c->failed; last = r)
        PQclear(last);
    if (!c->failed)
        return last;
    PQclear(last);
    return NULL;
}

void
pg_command(struct pg_engine *e, struct pg_conn *c, const char *sql)
{
    PQclear(pg_last_result(e, c)); /* what is left of something that failed */
    if (!pg_is_broken(c) && PQsendQuery(c->c, sql) == 1)
        PQclear(pg_last_result(e, c));
}
