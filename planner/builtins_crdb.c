/* planner/builtins_crdb.c - crdb_internal functions. */
#include "config.h"

#include "planner/builtins_int.h"
#include "types/decimal.h"

BUILTIN(cluster_id)
{
    (void)args;
    NEED_HOOK(h, cluster_id);
    uint8_t *id = arena_alloc(env->arena, 16);
    ERR_TRY(h->cluster_id(env, id));
    *out = datum_bytes(id, 16);
    return NULL;
}

BUILTIN(cluster_name)
{
    (void)args;
    NEED_HOOK(h, cluster_name);
    const char *name = NULL;
    ERR_TRY(h->cluster_name(env, &name));
    *out = datum_cstr(name != NULL ? name : "");
    return NULL;
}

BUILTIN(node_executable_version)
{
    NOTHING_USED;
    *out = datum_cstr("20.1");
    return NULL;
}

BUILTIN(is_admin)
{
    (void)args;
    NEED_HOOK(h, is_admin);
    bool b = false;
    ERR_TRY(h->is_admin(env, &b));
    *out = datum_bool(b);
    return NULL;
}

BUILTIN(force_error)
{
    (void)out, (void)call;
    const char *code = arg_cstr(env, &args[0]);
    struct error *e = err_new(ERR_UNCATEGORIZED, "%s", arg_cstr(env, &args[1]));
    return *code != '\0' ? err_sqlstate(e, code) : e;
}

/* Never the user's mistake: to see how such an error looks. */
BUILTIN(force_assertion_error)
{
    (void)out, (void)call;
    return err_new(ERR_INTERNAL, "%s", arg_cstr(env, &args[0]));
}

/* force_panic, force_log_fatal: nobody may end the server by a query. */
BUILTIN(force_end)
{
    (void)out, (void)args;
    NEED_HOOK(h, is_admin);
    bool admin = false;
    ERR_TRY(h->is_admin(env, &admin));
    if (!admin)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "insufficient privilege");
    return err_unimplemented(0, "the server cannot be ended by a query");
}

/* 40001 until the transaction is older than the interval: what a client's retry loop is tested with. */
BUILTIN(force_retry)
{
    (void)call;
    const struct interval *iv = args[0].iv;
    int64_t want_us = ((iv->months * 30 + iv->days) * 86400) * 1000000 + iv->nanos / 1000;
    int64_t now_us = wall_now_ns() / 1000 - PG_EPOCH_US;
    if (now_us - env->txn_time_us < want_us)
        return err_new(ERR_SERIALIZATION_FAILURE,
                       "restart transaction: TransactionRetryWithProtoRefreshError: forced by "
                       "crdb_internal.force_retry()");
    *out = datum_int(0);
    return NULL;
}

BUILTIN(get_namespace_id)
{
    NEED_HOOK(h, namespace_id);
    bool found = false;
    uint32_t id = 0;
    ERR_TRY(h->namespace_id(env, (uint32_t)args[0].i, arg_cstr(env, &args[1]), &found, &id));
    *out = found ? datum_int(id) : DATUM_NULL;
    return NULL;
}

BUILTIN(get_zone_config)
{
    NEED_HOOK(h, zone_config);
    bool found = false;
    struct slice bytes = SLICE_NULL;
    ERR_TRY(h->zone_config(env, (uint32_t)args[0].i, &found, &bytes));
    *out = found ? datum_bytes(bytes.ptr, bytes.len) : DATUM_NULL;
    return NULL;
}

BUILTIN(encode_key)
{
    NEED_HOOK(h, encode_key);
    struct slice key = SLICE_NULL;
    if (call->arg_types[2]->family != FAMILY_TUPLE)
        return err_new(ERR_DATATYPE_MISMATCH, "expected tuple argument for row_tuple, found %s",
                       type_name_str(env->arena, call->arg_types[2]));
    ERR_TRY(h->encode_key(env, (uint32_t)args[0].i, (uint32_t)args[1].i, call->arg_types[2],
                          &args[2], &key));
    *out = datum_bytes(key.ptr, key.len);
    return NULL;
}

BUILTIN(pretty_key)
{
    NEED_HOOK(h, pretty_key);
    const char *text = NULL;
    ERR_TRY(h->pretty_key(env, datum_slice(&args[0]), (int)args[1].i, &text));
    *out = text_or_null(text);
    return NULL;
}

BUILTIN(range_stats)
{
    NEED_HOOK(h, range_stats);
    const char *json = NULL;
    ERR_TRY(h->range_stats(env, datum_slice(&args[0]), &json));
    if (json == NULL) {
        *out = DATUM_NULL;
        return NULL;
    }
    return datum_parse(env, &TYPE_JSONB, slice_cstr(json), out);
}

BUILTIN(lease_holder)
{
    NEED_HOOK(h, lease_holder);
    *out = datum_int(0);
    return h->lease_holder(env, datum_slice(&args[0]), &out->i);
}

BUILTIN(locality_value)
{
    NEED_HOOK(h, locality_value);
    const char *v = NULL;
    ERR_TRY(h->locality_value(env, arg_cstr(env, &args[0]), &v));
    *out = text_or_null(v);
    return NULL;
}

/* Ours: what `amberdb node` and the like ask a node to do. */
BUILTIN(node_control)
{
    NEED_HOOK(h, node_control);
    *out = datum_int(0);
    return h->node_control(env, arg_cstr(env, &args[0]), args[1].i, &out->i);
}

/* Ours: what nodes ask each other of their files. */
BUILTIN(node_file)
{
    struct slice s;
    NEED_HOOK(h, node_file);
    ERR_TRY(h->node_file(env, arg_cstr(env, &args[0]), arg_cstr(env, &args[1]), args[2].i, args[3].i,
                         &s));
    *out = datum_bytes(s.ptr, s.len);
    return NULL;
}

BUILTIN(notice)
{
    NEED_HOOK(h, notice);
    ERR_TRY(h->notice(env, arg_cstr(env, &args[0])));
    *out = datum_int(1);
    return NULL;
}

BUILTIN(round_decimal)
{
    (void)call;
    *out = (struct datum){.dec = decimal_round(env->arena, args[0].dec, (int32_t)args[1].i)};
    return NULL;
}

BUILTIN(round_decimals)
{
    (void)call;
    const struct array *a = args[0].arr;
    struct array *r = ARENA_NEW(env->arena, struct array);
    struct datum *v = ARENA_ARRAY(env->arena, struct datum, (size_t)a->n + 1);
    for (int i = 0; i < a->n; i++)
        v[i] = a->v[i].null ? DATUM_NULL
                            : (struct datum){.dec = decimal_round(env->arena, a->v[i].dec,
                                                                  (int32_t)args[1].i)};
    *r = (struct array){.n = a->n, .elem = a->elem, .v = v};
    *out = (struct datum){.arr = r};
    return NULL;
}

BUILTIN(completed_migrations)
{
    (void)call, (void)args;
    struct array *a = ARENA_NEW(env->arena, struct array);
    *a = (struct array){.n = 0, .elem = &TYPE_STRING, .v = NULL};
    *out = (struct datum){.arr = a};
    return NULL;
}

BUILTIN(no_constant_folding)
{
    NOTHING_USED;
    *out = args[0];
    return NULL;
}

static const struct type *
same_type(struct arena *a, int n, const struct type *const *args)
{
    (void)a, (void)n;
    return args[0];
}

/* Takes a list of pattern=level and does nothing with it. */
BUILTIN(set_vmodule)
{
    const char *p = arg_cstr(env, &args[0]);
    (void)call;
    if (env->user == NULL || strcmp(env->user, "root") != 0)
        return err_new(ERR_INSUFFICIENT_PRIVILEGE, "insufficient privilege");
    for (bool more = true; more;) {
        size_t n = strcspn(p, ","), name = strcspn(p, "=,");
        size_t level = name < n ? strspn(p + name + 1, "0123456789") : 0;
        if (n > 0 && (name == 0 || level == 0 || name + 1 + level != n))
            return err_new(ERR_UNCATEGORIZED,
                           "syntax error: expect comma-separated list of filename=N");
        more = p[n] == ',';
        p += n + more;
    }
    *out = datum_int(0);
    return NULL;
}

#define X "crdb_internal."
#define SYS .category = "System info"
static const struct overload rows[] = {
    {.name = X "cluster_id", .ret = &TYPE_UUID, .fn = cluster_id, .volatility = STABLE, SYS},
    {.name = X "cluster_name", .ret = &TYPE_STRING, .fn = cluster_name, .volatility = STABLE, SYS},
    {.name = X "node_executable_version", .ret = &TYPE_STRING, .fn = node_executable_version,
     .volatility = STABLE, SYS},
    {.name = X "is_admin", .ret = &TYPE_BOOL, .fn = is_admin, .volatility = STABLE, SYS},
    {.name = X "force_error", .args = {&TYPE_STRING, &TYPE_STRING}, .ret = &TYPE_INT8,
     .fn = force_error, .volatility = VOLATILE, SYS},
    {.name = X "force_assertion_error", .args = {&TYPE_STRING}, .ret = &TYPE_INT8,
     .fn = force_assertion_error, .volatility = VOLATILE, SYS},
    {.name = X "force_panic", .args = {&TYPE_STRING}, .ret = &TYPE_INT8, .fn = force_end,
     .volatility = VOLATILE, SYS},
    {.name = X "force_log_fatal", .args = {&TYPE_STRING}, .ret = &TYPE_INT8, .fn = force_end,
     .volatility = VOLATILE, SYS},
    {.name = X "force_retry", .args = {&TYPE_INTERVAL}, .ret = &TYPE_INT8, .fn = force_retry,
     .volatility = VOLATILE, SYS},
    {.name = X "get_namespace_id", .args = {&TYPE_INT8, &TYPE_STRING}, .ret = &TYPE_INT8,
     .fn = get_namespace_id, .volatility = STABLE, SYS},
    {.name = X "get_zone_config", .args = {&TYPE_INT8}, .ret = &TYPE_BYTES, .fn = get_zone_config,
     .volatility = STABLE, SYS},
    {.name = X "encode_key", .args = {&TYPE_INT8, &TYPE_INT8, &TYPE_ANY}, .ret = &TYPE_BYTES,
     .fn = encode_key, .volatility = STABLE, SYS},
    {.name = X "pretty_key", .args = {&TYPE_BYTES, &TYPE_INT8}, .ret = &TYPE_STRING,
     .fn = pretty_key, .volatility = STABLE, SYS},
    {.name = X "range_stats", .args = {&TYPE_BYTES}, .ret = &TYPE_JSONB, .fn = range_stats,
     .volatility = VOLATILE, SYS},
    {.name = X "lease_holder", .args = {&TYPE_BYTES}, .ret = &TYPE_INT8, .fn = lease_holder,
     .volatility = VOLATILE, SYS},
    {.name = X "locality_value", .args = {&TYPE_STRING}, .ret = &TYPE_STRING, .fn = locality_value,
     .volatility = STABLE, SYS},
    {.name = X "node_control", .args = {&TYPE_STRING, &TYPE_INT8}, .ret = &TYPE_INT8,
     .fn = node_control, .volatility = VOLATILE, SYS},
    {.name = X "node_file", .args = {&TYPE_STRING, &TYPE_STRING, &TYPE_INT8, &TYPE_INT8},
     .ret = &TYPE_BYTES, .fn = node_file, .volatility = VOLATILE, SYS},
    {.name = X "notice", .args = {&TYPE_STRING}, .ret = &TYPE_INT8, .fn = notice,
     .volatility = VOLATILE, SYS},
    {.name = X "round_decimal_values", .args = {&TYPE_DECIMAL, &TYPE_INT8}, .ret = &TYPE_DECIMAL,
     .fn = round_decimal, SYS},
    {.name = X "round_decimal_values", .args = {&TYPE_DECIMAL_ARRAY, &TYPE_INT8},
     .ret = &TYPE_DECIMAL_ARRAY, .fn = round_decimals, SYS},
    {.name = X "completed_migrations", .ret = &TYPE_STRING_ARRAY, .fn = completed_migrations,
     .volatility = VOLATILE, SYS},
    {.name = X "no_constant_folding", .args = {&TYPE_ANY}, .ret_fn = same_type,
     .fn = no_constant_folding, .volatility = VOLATILE, .null_args = true, SYS},
    {.name = X "set_vmodule", .args = {&TYPE_STRING}, .ret = &TYPE_INT8, .fn = set_vmodule,
     .volatility = VOLATILE, SYS},
};
TABLE(builtins_crdb, rows);
