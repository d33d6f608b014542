/* storage/engine_postgres_int.h - shared by the two files of the PostgreSQL engine. */
#ifndef AMBERDB_STORAGE_ENGINE_POSTGRES_INT_H
#define AMBERDB_STORAGE_ENGINE_POSTGRES_INT_H

#include <libpq-fe.h>

#include "storage/engine.h"

/* One connection; used by one thread at a time. */
struct pg_conn {
    PGconn *c;
    struct pg_conn *next; /* in the pool */
};

struct pg_engine {
    struct engine base;
    struct arena *arena;
    char *url;
    char *shown;       /* host, port and database, for messages: no password */
    uint64_t owner;    /* the number under which this process owns the store; commits check it */
    struct mutex lock; /* guards the pool: */
    struct pg_conn *idle;
    int n_idle;
    /* The thread that says that we are alive. */
    pthread_t beat;
    bool beating;
    struct mutex beat_lock; /* guards: */
    struct cond beat_wake;
    bool stopping;
    _Atomic int open_iters;
};

/* A value for a parameter in binary. */
struct pg_arg {
    const void *ptr;
    int len;
};

/* engine_postgres_conn.c */
void pg_pool_init(struct pg_engine *e);
void pg_pool_destroy(struct pg_engine *e);
/* From the pool or new. */
struct error *pg_take(struct pg_engine *e, struct pg_conn **out) ERR_MUST_USE;
/* Back to the pool; one that is broken or in a transaction is closed. */
void pg_give(struct pg_engine *e, struct pg_conn *c);
/* The failure of a call: 08006 when the connection is lost, else the server's own. Frees res. */
struct error *pg_error(struct pg_engine *e, const struct pg_conn *c, PGresult *res,
                       const char *what) ERR_MUST_USE;
bool pg_is_broken(const struct pg_conn *c);
/* One statement with parameters and results in binary; *out is the caller's to PQclear. */
struct error *pg_exec(struct pg_engine *e, struct pg_conn *c, const char *what, const char *sql,
                      int n, const struct pg_arg *args, PGresult **out) ERR_MUST_USE;
/* The same for one whose rows nobody wants. */
struct error *pg_run(struct pg_engine *e, struct pg_conn *c, const char *what, const char *sql,
                     int n, const struct pg_arg *args) ERR_MUST_USE;

/* Do fn on a connection; when it is lost on the way, again on another, with pauses, for RETRY_NS in
 * all. fn must bear to be done twice. */
struct error *pg_retry(struct pg_engine *e,
                       struct error *(*fn)(struct pg_engine *e, struct pg_conn *c, void *arg),
                       void *arg) ERR_MUST_USE;

/* engine_postgres_scan.c */
struct error *pg_iter_open(struct engine *base, const struct engine_scan_opts *o,
                           struct engine_iter **out) ERR_MUST_USE;
struct error *pg_iter_next(struct engine_iter *base, struct engine_version *v,
                           bool *more) ERR_MUST_USE;
struct error *pg_iter_seek(struct engine_iter *base, struct slice key) ERR_MUST_USE;
void pg_iter_close(struct engine_iter *base);

static inline struct slice
pg_bytes(const PGresult *r, int row, int col)
{
    return slice_make(PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col));
}

#endif
