#include "config.h"

#include "executor/mutation/mut_int.h"
#include "executor/trace.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

/* What mutations write, for the session's trace: SET tracing = kv. Pairs in the order in which v20.1
 * puts them into its batch: the primary index first, of a deleted row last. */

struct put {
    struct mut_table *mt;
    struct arena *scratch;
    const char *verb;        /* NULL: Del */
    const char *behind;
    enum trace_request request;
    int n;
    struct slice *keys, *values; /* gathered instead of told; NULL */
};

static struct error *
tell(struct put *p, struct slice key, struct slice value)
{
    struct exec_ctx *x = p->mt->m->x;
    struct str k, v;

    str_init_arena(&k, p->scratch, STR_MAX_DEFAULT);
    str_init_arena(&v, p->scratch, STR_MAX_DEFAULT);
    key_pretty(&k, key);
    trace_count(x, p->mt->t, p->request);
    if (p->request == TRACE_DEL) {
        TRACE(x->session, "flow", "Del %s", str_cstr(&k));
        return NULL;
    }
    ERR_TRY(value_pretty(&v, p->scratch, value));
    TRACE(x->session, "flow", "%s %s -> %s%s", p->verb, str_cstr(&k), str_cstr(&v), p->behind);
    return NULL;
}

static struct error *
each_pair(void *arg, struct slice key, struct slice value)
{
    struct put *p = arg;

    if (p->keys == NULL)
        return tell(p, key, value);
    p->keys = arena_realloc(p->scratch, p->keys, (size_t)(p->n + 1) * sizeof(key),
                            (size_t)(p->n + 2) * sizeof(key));
    p->values = arena_realloc(p->scratch, p->values, (size_t)(p->n + 1) * sizeof(key),
                              (size_t)(p->n + 2) * sizeof(key));
    p->keys[p->n] = slice_dup(p->scratch, key);
    p->values[p->n++] = slice_dup(p->scratch, value);
    return NULL;
}

struct error *
mut_trace_insert(struct mut_table *mt, struct arena *scratch, const struct datum *row, bool blind)
{
    if (!mt->m->x->trace_kv)
        return NULL;
    for (int i = 0; i < mt->t->n_all_indexes; i++) {
        const struct index *ix = &mt->t->indexes[i];
        struct put p = {.mt = mt, .scratch = scratch, .behind = ""};
        p.request = blind ? TRACE_PUT : ix->primary ? TRACE_CPUT : TRACE_INIT_PUT;
        p.verb = blind ? "Put" : ix->primary ? "CPut" : "InitPut";
        if (ix->state != DESC_DELETE_ONLY)
            ERR_TRY(row_encode(scratch, mt->t, ix, row, each_pair, &p));
    }
    return NULL;
}

static struct error *
trace_delete(struct mut_table *mt, struct arena *scratch, const struct datum *old)
{
    for (int i = 1; i <= mt->t->n_all_indexes; i++) {
        const struct index *ix = &mt->t->indexes[i % mt->t->n_all_indexes];
        struct put p = {.mt = mt, .scratch = scratch, .request = TRACE_DEL};
        ERR_TRY(row_encode_keys(scratch, mt->t, ix, old, each_pair, &p));
    }
    return NULL;
}

struct error *
mut_trace_delete(struct mut_table *mt, struct arena *scratch, const struct datum *old)
{
    return mt->m->x->trace_kv ? trace_delete(mt, scratch, old) : NULL;
}

static struct error *
trace_update_index(struct mut_table *mt, struct arena *scratch, const struct index *ix,
                   const struct datum *old, const struct datum *row)
{
    struct put was = {.mt = mt, .scratch = scratch}, is = was;
    struct put del = {.mt = mt, .scratch = scratch, .request = TRACE_DEL};

    was.keys = was.values = is.keys = is.values = ARENA_ARRAY(scratch, struct slice, 1);
    ERR_TRY(row_encode(scratch, mt->t, ix, old, each_pair, &was));
    if (ix->state != DESC_DELETE_ONLY)
        ERR_TRY(row_encode(scratch, mt->t, ix, row, each_pair, &is));
    for (int i = 0; i < was.n; i++) {
        bool stays = false;
        for (int k = 0; k < is.n; k++)
            stays = stays || slice_eq(was.keys[i], is.keys[k]);
        if (!stays)
            ERR_TRY(tell(&del, was.keys[i], slice_make(NULL, 0)));
    }
    for (int k = 0; k < is.n; k++) {
        bool same = false, there = false;
        for (int i = 0; i < was.n; i++) {
            bool equal = slice_eq(was.keys[i], is.keys[k]);
            there = there || equal;
            same = same || (equal && slice_eq(was.values[i], is.values[k]));
        }
        struct put p = {.mt = mt, .scratch = scratch};
        p.request = ix->primary ? TRACE_PUT : TRACE_CPUT;
        p.verb = ix->primary ? "Put" : "CPut";
        p.behind = ix->primary || there ? "" : " (expecting does not exist)";
        if (!same)
            ERR_TRY(tell(&p, is.keys[k], is.values[k]));
    }
    return NULL;
}

struct error *
mut_trace_update(struct mut_table *mt, struct arena *scratch, const struct datum *old,
                 const struct datum *row)
{
    const struct index *pk = &mt->t->indexes[0];
    struct put was = {.mt = mt, .scratch = scratch}, is = was;

    if (!mt->m->x->trace_kv)
        return NULL;
    was.keys = was.values = is.keys = is.values = ARENA_ARRAY(scratch, struct slice, 1);
    ERR_TRY(row_encode(scratch, mt->t, pk, old, each_pair, &was));
    ERR_TRY(row_encode(scratch, mt->t, pk, row, each_pair, &is));
    if (was.n > 0 && is.n > 0 && !slice_eq(was.keys[0], is.keys[0])) {
        ERR_TRY(trace_delete(mt, scratch, old));
        return mut_trace_insert(mt, scratch, row, false);
    }
    for (int i = 0; i < mt->t->n_all_indexes; i++)
        ERR_TRY(trace_update_index(mt, scratch, &mt->t->indexes[i], old, row));
    return NULL;
}

struct error *
mut_trace_done(struct mut_table *mt, bool end_txn)
{
    struct exec_ctx *x = mt->m->x;

    return x->trace_kv ? trace_send(x, mt->t, end_txn && x->implicit_txn) : NULL;
}
