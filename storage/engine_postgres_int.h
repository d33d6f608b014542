/* storage/engine_postgres_int.h - shared by the files of the PostgreSQL engine. */
#ifndef AMBERDB_STORAGE_ENGINE_POSTGRES_INT_H
#define AMBERDB_STORAGE_ENGINE_POSTGRES_INT_H

#include <libpq-fe.h>

#include "storage/engine.h"

/* Statements that come again and again: from its second use on a connection the server keeps the plan. */
#define PG_GET                                                                                     \
    "SELECT w, l, v FROM amberdb_versions WHERE k = $1::bytea AND "                                \
    "(w, l) <= ($2::int8, $3::int4) ORDER BY w DESC, l DESC LIMIT 1"
#define PG_GET_MANY                                                                                \
    "SELECT u.i, x.w, x.l, x.v FROM unnest($1::bytea[]) WITH ORDINALITY AS u (k, i) "              \
    "CROSS JOIN LATERAL (SELECT a.w, a.l, a.v FROM amberdb_versions AS a WHERE a.k = u.k AND "     \
    "(a.w, a.l) <= ($2::int8, $3::int4) ORDER BY a.w DESC, a.l DESC LIMIT 1) AS x"
#define PG_INSERT_VERSIONS                                                                         \
    "INSERT INTO amberdb_versions (k, w, l, v) "                                                   \
    "SELECT * FROM unnest($1::bytea[], $2::int8[], $3::int4[], $4::bytea[]) "                      \
    "ON CONFLICT (k, w, l) DO NOTHING"
#define PG_INSERT_NOTES                                                                            \
    "INSERT INTO amberdb_notes (w, l, writer, what) "                                              \
    "SELECT * FROM unnest($1::int8[], $2::int4[], $3::int8[], $4::bytea[])"
#define PG_MOVE_CLOCK "UPDATE amberdb_clock SET w = $1::int8, l = $2::int4 WHERE id = 1"
/* What order_view asks. */
#define PG_VIEW                                                                                    \
    "SELECT c.w, c.l, c.fw, n.w, n.l, n.writer, n.what FROM amberdb_clock AS c "                   \
    "LEFT JOIN amberdb_notes AS n ON (n.w, n.l) > ($1::int8, $2::int4) "                           \
    "WHERE c.id = 1 ORDER BY n.w, n.l"
#define PG_TRY_LOCKS "SELECT pg_try_advisory_lock(k) FROM unnest($1::int8[]) AS u (k)"
#define PG_UNLOCK    "SELECT pg_advisory_unlock(k) FROM unnest($1::int8[]) AS u (k)"
#define PG_PLANS     8

/* One connection; used by one thread at a time. */
struct pg_conn {
    PGconn *c;
    bool seen[PG_PLANS], planned[PG_PLANS];
    struct pg_conn *next; /* in the pool */
    bool kept;            /* not given back yet: pg_give leaves it alone */
    bool failed;          /* libpq gave up on it, whatever its status says */
    bool silent;          /* so did we, as nothing comes */
    char name[32];        /* of its session at the server */
};

/* A session that has advisory locks of the process. */
struct pg_lock_session {
    struct mutex lock;  /* guards: */
    struct pg_conn *c;  /* NULL: none yet, or lost */
    bool pending;       /* an answer that nobody waits for is under way */
};
#define PG_LOCK_SESSIONS 2

struct pg_engine {
    struct engine base;
    struct arena *arena;
    char *url;
    char *shown;       /* host, port and database, for messages: no password */
    int64_t silence_ns; /* how long to hear nothing before asking why */
    uint64_t writer;   /* random: whose commits the notes of the order are */
    _Atomic bool no_plans; /* something before the server loses what is prepared */
    _Atomic unsigned commits; /* for pruning the notes now and then */
    struct mutex lock; /* guards the pool: */
    struct pg_conn *idle;
    int n_idle;
    _Atomic int open_iters;
    struct pg_lock_session sessions[PG_LOCK_SESSIONS]; /* a lock's number says which */
    _Atomic int sharers; /* processes that have such sessions, as last seen */
    _Atomic bool no_locks; /* the server knows no such locks */
    struct mutex waited_lock; /* guards: */
    struct pg_lock *waited;   /* locks that were waited for; each has a connection */
};

/* A value for a parameter in binary. */
struct pg_arg {
    const void *ptr;
    int len;
};

/* engine_postgres_conn.c */
void pg_pool_init(struct pg_engine *e);
void pg_pool_destroy(struct pg_engine *e);
struct error *pg_conn_open(struct pg_engine *e, struct pg_conn **out) ERR_MUST_USE;
void pg_conn_close(struct pg_conn *c);
/* From the pool or new. */
struct error *pg_take(struct pg_engine *e, struct pg_conn **out) ERR_MUST_USE;
/* Back to the pool; one that is broken or in a transaction is closed. */
void pg_give(struct pg_engine *e, struct pg_conn *c);
/* The failure of a call: 08006 when the connection is lost, else the server's own. Frees res. */
struct error *pg_error(struct pg_engine *e, struct pg_conn *c, PGresult *res,
                       const char *what) ERR_MUST_USE;
bool pg_is_broken(const struct pg_conn *c);
/* One statement with parameters and results in binary; *out is the caller's to PQclear. */
struct error *pg_exec(struct pg_engine *e, struct pg_conn *c, const char *what, const char *sql,
                      int n, const struct pg_arg *args, PGresult **out) ERR_MUST_USE;
/* The same for one whose rows nobody wants. */
struct error *pg_run(struct pg_engine *e, struct pg_conn *c, const char *what, const char *sql,
                     int n, const struct pg_arg *args) ERR_MUST_USE;

/* Statements sent together, results (steps[i].res) the caller's to PQclear; after an error there are
 * none. */
struct pg_step {
    const char *sql;
    int n;
    const struct pg_arg *args;
    PGresult *res;
};
struct error *pg_pipeline(struct pg_engine *e, struct pg_conn *c, const char *what,
                          struct pg_step *steps, int n) ERR_MUST_USE;

/* A statement sent, with nobody waiting for the answer. */
bool pg_send(struct pg_engine *e, struct pg_conn *c, const char *sql, int n,
             const struct pg_arg *args) ERR_MUST_USE;

/* engine_postgres_wait.c, in place of libpq's calls that wait: the next result, as PQgetResult; the last one,
 * as PQexec, of what was sent; a statement whose answer nobody wants. */
void pg_wait_init(struct pg_engine *e);
PGresult *pg_result(struct pg_engine *e, struct pg_conn *c);
PGresult *pg_last_result(struct pg_engine *e, struct pg_conn *c);
void pg_command(struct pg_engine *e, struct pg_conn *c, const char *sql);

/* Do fn on a connection; when it is lost on the way, again on another, with pauses, for RETRY_NS in
 * all. fn must bear to be done twice. */
struct error *pg_retry(struct pg_engine *e,
                       struct error *(*fn)(struct pg_engine *e, struct pg_conn *c, void *arg),
                       void *arg) ERR_MUST_USE;

/* engine_postgres.c: the parameters of PG_INSERT_VERSIONS. */
struct pg_rows {
    struct str s[4];
    struct pg_arg args[4];
};
/* As many as one INSERT takes, from w on; *len says how many. */
struct error *pg_rows_fill(struct pg_rows *r, const struct engine_write *w, size_t n,
                           size_t *len) ERR_MUST_USE;
void pg_rows_release(struct pg_rows *r);
void pg_array_begin(struct str *s, uint32_t oid, size_t n);
void pg_array_add(struct str *s, const void *p, size_t len);

#define PG_OID_INT4  23
#define PG_OID_INT8  20
#define PG_OID_BYTEA 17

/* engine_postgres_order.c */
#define PG_ORDER_SCHEMA                                                                            \
    "CREATE TABLE IF NOT EXISTS amberdb_clock "                                                    \
    "(id int4 PRIMARY KEY, w int8 NOT NULL, l int4 NOT NULL, fw int8 NOT NULL)",                   \
    "CREATE TABLE IF NOT EXISTS amberdb_notes (w int8 NOT NULL, l int4 NOT NULL, "                 \
    "writer int8 NOT NULL, what bytea NOT NULL, PRIMARY KEY (w, l))",                              \
    "INSERT INTO amberdb_clock VALUES (1, 0, 0, 0) ON CONFLICT (id) DO NOTHING"
uint64_t pg_writer(struct engine *base);
struct error *pg_order_view(struct engine *base, struct hlc since, struct arena *a,
                            struct engine_order_view *v) ERR_MUST_USE;
struct error *pg_order_begin(struct engine *base, struct hlc since, struct arena *a,
                             struct engine_order_view *v, struct engine_order **out) ERR_MUST_USE;
struct error *pg_order_commit(struct engine_order *o, const struct engine_write *w, size_t n,
                              const struct engine_note *notes, size_t n_notes,
                              bool *again) ERR_MUST_USE;
struct error *pg_order_raise(struct engine *base, struct hlc ts) ERR_MUST_USE;

/* As pg_retry, and when the server breaks one of its transactions, once more. */
struct error *pg_insist(struct pg_engine *e,
                        struct error *(*fn)(struct pg_engine *e, struct pg_conn *c, void *arg),
                        void *arg) ERR_MUST_USE;

struct pg_time_args {
    uint8_t bytes[12];
    struct pg_arg args[2];
};
void pg_time_args_set(struct pg_time_args *t, struct hlc ts);
struct error *pg_view_read(const struct pg_engine *e, const PGresult *r, struct arena *a,
                           struct engine_order_view *v) ERR_MUST_USE;

/* engine_postgres_lock.c */
#define PG_LOCK_SCHEMA                                                                             \
    "CREATE TABLE IF NOT EXISTS amberdb_waits (writer int8 NOT NULL, txn int8 NOT NULL, "          \
    "id int8 NOT NULL, began int8 NOT NULL, priority int4 NOT NULL, wants int8 NOT NULL, "         \
    "holds bytea NOT NULL, seen timestamptz NOT NULL, PRIMARY KEY (writer, txn))"
void pg_locks_init(struct pg_engine *e);
void pg_locks_destroy(struct pg_engine *e);
bool pg_locks_wanted(struct engine *base);
struct error *pg_locks_try(struct engine *base, const uint64_t *want, size_t n, struct hlc since,
                           struct arena *a, struct engine_order_view *v,
                           enum engine_lock_answer *answers) ERR_MUST_USE;
void pg_locks_drop(struct engine *base, const uint64_t *locks, size_t n);
void pg_locks_keep(struct engine *base);
struct error *pg_lock_wait(struct engine *base, uint64_t want,
                           struct error *(*go_on)(void *arg, bool *stop), void *arg,
                           struct engine_lock **out) ERR_MUST_USE;
void pg_lock_release(struct engine_lock *l);
struct error *pg_waits(struct engine *base, const struct engine_wait *own, struct arena *a,
                       struct engine_wait **all, size_t *n) ERR_MUST_USE;
void pg_wait_over(struct engine *base, const struct engine_wait *own);

/* engine_postgres_fence.c */
#define PG_FENCE_SCHEMA                                                                            \
    "CREATE TABLE IF NOT EXISTS amberdb_fences "                                                   \
    "(id int8 PRIMARY KEY, turn int8 NOT NULL, raised timestamptz NOT NULL)"
struct error *pg_fence_raise(struct engine *base, struct engine_fence f) ERR_MUST_USE;
struct error *pg_fence_commit(struct engine *base, struct engine_fence f,
                              const struct engine_write *w, size_t n) ERR_MUST_USE;

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
