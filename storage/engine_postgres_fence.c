/* storage/engine_postgres_fence.c - writes outside of the order, refused when their turn is over.
 *
 *   amberdb_fences  id, turn, raised: the turn in which the work of that id may write
 *
 * An INSERT of versions reads the fence's row FOR SHARE in the same statement, and writes nothing when that
 * is of another turn; the end of a turn is an UPDATE of the row, which waits for statements that read it.
 * One statement and no transaction around it: a process that is cut off or frozen leaves nothing locked.
 *
 * A row stays for a while after its work is done, for those who come late; without one nothing is written.
 */
#include "config.h"

#include "storage/engine_postgres_int.h"

#include "base/enc.h"
#include "base/fault.h"

struct fence_work {
    struct engine_fence f;
    const struct engine_write *w;
    size_t n;
};

struct fence_args {
    uint8_t bytes[16];
    struct pg_arg args[2];
};

static void
fence_args_set(struct fence_args *a, struct engine_fence f)
{
    enc_put_be64(a->bytes, f.id);
    enc_put_be64(a->bytes + 8, f.turn);
    a->args[0] = (struct pg_arg){a->bytes, 8};
    a->args[1] = (struct pg_arg){a->bytes + 8, 8};
}

static struct error *
over(void)
{
    return err_new(ERR_OBJECT_IN_USE, "this work is another's now, or done");
}

static struct error *
raise_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    const struct fence_work *x = arg;
    struct fence_args a;
    PGresult *res;
    fence_args_set(&a, x->f);
    ERR_TRY(pg_run(e, c, "could not write store",
                   "DELETE FROM amberdb_fences WHERE raised < now() - interval '30 days'", 0,
                   NULL));
    /* The same turn again: what was sent before a connection was lost. */
    ERR_TRY(pg_exec(e, c, "could not write store",
                    "INSERT INTO amberdb_fences AS f VALUES ($1::int8, $2::int8, now()) "
                    "ON CONFLICT (id) DO UPDATE SET turn = excluded.turn, raised = excluded.raised "
                    "WHERE f.turn <= excluded.turn RETURNING 1",
                    2, a.args, &res));
    bool raised = PQntuples(res) == 1;
    PQclear(res);
    return raised ? NULL : over();
}

struct error *
pg_fence_raise(struct engine *base, struct engine_fence f)
{
    struct fence_work x = {.f = f};
    return pg_insist((struct pg_engine *)base, raise_once, &x);
}

static struct error *
insert_some(struct pg_engine *e, struct pg_conn *c, const struct fence_work *x, size_t at,
            size_t *len)
{
    struct pg_rows rows = {0};
    struct fence_args f;
    PGresult *res = NULL;
    struct error *err = pg_rows_fill(&rows, x->w + at, x->n - at, len);
    fence_args_set(&f, x->f);
    struct pg_arg args[] = {rows.args[0], rows.args[1], rows.args[2],
                            rows.args[3], f.args[0],    f.args[1]};
    if (err == NULL)
        err = pg_exec(e, c, "could not write store",
                      "WITH f AS (SELECT 1 FROM amberdb_fences "
                      "WHERE id = $5::int8 AND turn = $6::int8 FOR SHARE), "
                      "i AS (INSERT INTO amberdb_versions (k, w, l, v) SELECT u.k, u.w, u.l, u.v "
                      "FROM f, unnest($1::bytea[], $2::int8[], $3::int4[], $4::bytea[]) "
                      "AS u (k, w, l, v) ON CONFLICT (k, w, l) DO NOTHING) SELECT 1 FROM f",
                      6, args, &res);
    if (err == NULL && PQntuples(res) == 0)
        err = over();
    PQclear(res);
    pg_rows_release(&rows);
    return err;
}

static struct error *
commit_once(struct pg_engine *e, struct pg_conn *c, void *arg)
{
    const struct fence_work *x = arg;
    for (size_t at = 0, len; at < x->n; at += len)
        ERR_TRY(insert_some(e, c, x, at, &len));
    return NULL;
}

struct error *
pg_fence_commit(struct engine *base, struct engine_fence f, const struct engine_write *w, size_t n)
{
    FAULT_TRY(engine_commit);
    struct fence_work x = {f, w, n};
    return pg_insist((struct pg_engine *)base, commit_once, &x);
}
