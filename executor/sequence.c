#include "config.h"

#include "executor/sequence.h"

#include <string.h>
#include <time.h>

#include "catalog/row.h"
#include "executor/session_int.h"
#include "grammar/parse.h"

#define MAX_RETRIES 200

static struct error *
resolve(struct exec_ctx *x, struct slice text, const struct table **out)
{
    struct ast_object_name n;
    const struct database *db;
    const char *schema;

    ERR_TRY(parse_table_name(x->arena, slice_dup(x->arena, text), &n));
    ERR_TRY(plan_resolve_table(exec_planner(x), &n, out, &db, &schema));
    if (!(*out)->is_sequence)
        return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", (*out)->name);
    return NULL;
}

static struct error *
check(struct exec_ctx *x, const struct table *t, enum privilege p)
{
    const pb_descriptor *d;

    ERR_TRY(catalog_descriptor(x->catalog, t->id, &d));
    return d == NULL ? NULL : catalog_check_privilege(x->catalog, x->user, d, p);
}

static void
remember(struct exec_ctx *x, uint32_t id, int64_t value)
{
    struct session *s = x->session;

    if (s == NULL)
        return;
    s->lastval_set = true;
    s->lastval_id = id;
    for (struct session_seq *q = s->seqs; q != NULL; q = q->next)
        if (q->id == id) {
            q->value = value;
            return;
        }
    struct session_seq *q = ARENA_NEW(s->arena, struct session_seq);
    *q = (struct session_seq){.next = s->seqs, .id = id, .value = value};
    s->seqs = q;
}

struct change {
    const struct table *t;
    const Amberdb__SequenceOpts *o;
    bool set;                /* setval: store `value`, else step and give it back */
    int64_t value;
};

static struct error *
change_in(struct kv_txn *txn, struct arena *a, struct change *c)
{
    struct str key, value;
    struct slice old;
    bool found;
    int64_t v = c->o->start - c->o->increment;

    str_init_arena(&key, a, 64);
    str_init_arena(&value, a, 64);
    row_sequence_key(&key, c->t->id);
    if (!c->set) {
        ERR_TRY(kv_lock(txn, str_slice(&key)));
        ERR_TRY(kv_get(txn, str_slice(&key), a, &found, &old, NULL));
        if (found)
            ERR_TRY(row_sequence_decode(old, &v));
        bool over = __builtin_add_overflow(v, c->o->increment, &v);
        if (c->o->increment > 0 ? over || v > c->o->max_value : over || v < c->o->min_value)
            return err_new(ERR_SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
                           "reached %s value of sequence \"%s\" (%lld)",
                           c->o->increment > 0 ? "maximum" : "minimum", c->t->name,
                           (long long)(c->o->increment > 0 ? c->o->max_value : c->o->min_value));
        c->value = v;
    }
    row_sequence_value(&value, str_slice(&key), c->value);
    return kv_put(txn, str_slice(&key), str_slice(&value));
}

static struct error *
change(struct exec_ctx *x, struct change *c)
{
    if (catalog_txn_has_changes(x->catalog)) {
        kv_txn_set_read_own(x->txn, true);
        struct error *e = change_in(x->txn, x->arena, c);
        kv_txn_set_read_own(x->txn, false);
        return e;
    }
    for (int attempt = 0;; attempt++) {
        struct arena *a = arena_create(NULL, "sequence");
        struct kv_txn_opts o = {.cancel = x->cancel};
        struct kv_txn *txn;
        struct error *e = kv_txn_begin(x->node->db, &o, &txn);
        if (e == NULL) {
            e = change_in(txn, a, c);
            if (e == NULL)
                e = kv_txn_commit(txn, NULL);
            else
                kv_txn_rollback(txn);
        }
        arena_destroy(a);
        if (e == NULL || !err_is(e, ERR_SERIALIZATION_FAILURE) || attempt >= MAX_RETRIES)
            return e;
        err_free(e);
        struct timespec ts = {.tv_nsec = 200000L << (attempt < 6 ? attempt : 6)};
        nanosleep(&ts, NULL);
    }
}

static struct error *
writable(struct exec_ctx *x, const char *what)
{
    if (x->txn_state != NULL && x->txn_state->read_only)
        return err_new(ERR_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute %s() in a read-only transaction", what);
    return NULL;
}

struct error *
sequence_nextval(const struct eval_env *env, struct slice name, int64_t *out)
{
    struct exec_ctx *x = env->session;
    struct change c = {0};

    ERR_TRY(writable(x, "nextval"));
    ERR_TRY(resolve(x, name, &c.t));
    ERR_TRY(check(x, c.t, PRIV_UPDATE));
    c.o = c.t->pb->sequence_opts;
    if (c.o->virtual_) {
        *out = unique_int(x->node->node_id);
        remember(x, c.t->id, *out);
        return NULL;
    }
    ERR_TRY(change(x, &c));
    *out = c.value;
    remember(x, c.t->id, c.value);
    return NULL;
}

struct error *
sequence_currval(const struct eval_env *env, struct slice name, int64_t *out)
{
    struct exec_ctx *x = env->session;
    const struct table *t;

    ERR_TRY(resolve(x, name, &t));
    ERR_TRY(check(x, t, PRIV_SELECT));
    for (struct session_seq *q = x->session == NULL ? NULL : x->session->seqs; q != NULL; q = q->next)
        if (q->id == t->id) {
            *out = q->value;
            return NULL;
        }
    return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   "currval of sequence \"%s\" is not yet defined in this session", t->name);
}

struct error *
sequence_lastval(const struct eval_env *env, int64_t *out)
{
    struct exec_ctx *x = env->session;

    for (struct session_seq *q = x->session == NULL || !x->session->lastval_set ? NULL
                                                                                 : x->session->seqs;
         q != NULL; q = q->next)
        if (q->id == x->session->lastval_id) {
            *out = q->value;
            return NULL;
        }
    return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   "lastval is not yet defined in this session");
}

struct error *
sequence_setval(const struct eval_env *env, struct slice name, int64_t value, bool is_called)
{
    struct exec_ctx *x = env->session;
    struct change c = {.set = true};

    ERR_TRY(writable(x, "setval"));
    ERR_TRY(resolve(x, name, &c.t));
    ERR_TRY(check(x, c.t, PRIV_UPDATE));
    c.o = c.t->pb->sequence_opts;
    if (c.o->virtual_)
        return err_new(ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "cannot set the value of virtual sequence \"%s\"", c.t->name);
    if (value < c.o->min_value || value > c.o->max_value)
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "value %lld is out of bounds for sequence \"%s\" (%lld..%lld)",
                       (long long)value, c.t->name, (long long)c.o->min_value,
                       (long long)c.o->max_value);
    c.value = is_called ? value : value - c.o->increment;
    ERR_TRY(change(x, &c));
    if (is_called)
        remember(x, c.t->id, value);
    return NULL;
}

struct error *
sequence_parameters(const struct eval_env *env, uint32_t oid, struct eval_sequence_parameters *out)
{
    struct exec_ctx *x = env->session;
    const struct table *t = NULL;

    ERR_TRY(catalog_table_by_id(x->catalog, oid, &t));
    if (t == NULL || !t->is_sequence)
        return err_new(ERR_UNDEFINED_TABLE, "unknown sequence (OID=%u)", oid);
    const Amberdb__SequenceOpts *o = t->pb->sequence_opts;
    *out = (struct eval_sequence_parameters){.start = o->start,
                                             .min = o->min_value,
                                             .max = o->max_value,
                                             .increment = o->increment,
                                             .cache = 1};
    return NULL;
}
