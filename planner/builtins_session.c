/* planner/builtins_session.c - who and where: users, databases, settings, clocks of the cluster. */
#include "config.h"

#include "planner/builtins_int.h"

BUILTIN(version)
{
    NOTHING_USED;
    const struct eval_hooks *h = eval_hooks_of(env);
    *out = datum_cstr(h != NULL && h->version != NULL
                          ? h->version(env)
                          : "CockroachDB CCL v20.1.5 compatible (amberdb)");
    return NULL;
}

BUILTIN(current_user)
{
    NOTHING_USED;
    *out = text_or_null(env->user);
    return NULL;
}

BUILTIN(current_database)
{
    NOTHING_USED;
    *out = env->database == NULL || env->database[0] == 0 ? DATUM_NULL : datum_cstr(env->database);
    return NULL;
}

static struct error *
schemas(const struct eval_env *env, const struct fn_call *call, bool implicit, int *n,
        const char *const **names)
{
    NEED_HOOK(h, current_schemas);
    return h->current_schemas(env, implicit, n, names);
}

BUILTIN(current_schema)
{
    NOTHING_USED;
    int n;
    const char *const *names;
    ERR_TRY(schemas(env, call, false, &n, &names));
    *out = n > 0 ? datum_cstr(names[0]) : DATUM_NULL;
    return NULL;
}

BUILTIN(current_schemas)
{
    int n;
    const char *const *names;
    ERR_TRY(schemas(env, call, args[0].i != 0, &n, &names));
    struct array *a = ARENA_NEW(env->arena, struct array);
    struct datum *v = ARENA_ARRAY(env->arena, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        v[i] = datum_cstr(names[i]);
    *a = (struct array){.n = n, .elem = &TYPE_STRING, .v = v};
    *out = (struct datum){.arr = a};
    return NULL;
}

BUILTIN(current_setting)
{
    NEED_HOOK(h, current_setting);
    const char *v;
    ERR_TRY(h->current_setting(env, arg_cstr(env, &args[0]), call->n_args > 1 && args[1].i, &v));
    *out = text_or_null(v);
    return NULL;
}

BUILTIN(set_config)
{
    NEED_HOOK(h, set_config);
    const char *v;
    if (args[2].i)
        return err_unimplemented(32562, "transaction-scoped settings are not supported");
    ERR_TRY(h->set_config(env, arg_cstr(env, &args[0]), arg_cstr(env, &args[1]), false, &v));
    *out = text_or_null(v);
    return NULL;
}

BUILTIN(pg_typeof)
{
    *out = datum_cstr(args[0].null && call->arg_types[0]->family == FAMILY_ANY
                          ? "unknown" : type_name_str(env->arena, call->arg_types[0]));
    return NULL;
}

BUILTIN(minus_one)
{
    NOTHING_USED;
    *out = datum_int(-1);
    return NULL;
}

BUILTIN(zero)
{
    NOTHING_USED;
    *out = datum_int(0);
    return NULL;
}

BUILTIN(yes)
{
    NOTHING_USED;
    *out = datum_bool(true);
    return NULL;
}

BUILTIN(no)
{
    NOTHING_USED;
    *out = datum_bool(false);
    return NULL;
}

BUILTIN(utf8)
{
    NOTHING_USED;
    *out = datum_cstr("UTF8");
    return NULL;
}

BUILTIN(pg_encoding_to_char)
{
    NOTHING_USED;
    *out = args[0].i == 6 ? datum_cstr("UTF8") : DATUM_NULL;
    return NULL;
}

BUILTIN(pg_char_to_encoding)
{
    NOTHING_USED;
    *out = datum_int(slice_eq(datum_slice(&args[0]), SLICE_LIT("UTF8")) ? 6 : -1);
    return NULL;
}

BUILTIN(inet_zero)
{
    NOTHING_USED;
    return datum_parse(env, &TYPE_INET, SLICE_LIT("::/0"), out);
}

#define F0(n, T, f, vol) {.name = n, .ret = &TYPE_##T, .fn = f, .volatility = vol, \
                          .null_args = true, .category = "System info"}
#define F1(n, A, T, f, vol) {.name = n, .args = {&TYPE_##A}, .ret = &TYPE_##T, .fn = f, \
                             .volatility = vol, .category = "System info"}

static const struct overload rows[] = {
    F0("version", STRING, version, STABLE),
    F0("current_user", STRING, current_user, STABLE),
    F0("session_user", STRING, current_user, STABLE),
    F0("current_role", STRING, current_user, STABLE),
    F0("current_database", STRING, current_database, STABLE),
    F0("current_catalog", STRING, current_database, STABLE),
    F0("current_schema", STRING, current_schema, STABLE),
    F1("current_schemas", BOOL, STRING_ARRAY, current_schemas, STABLE),
    F1("current_setting", STRING, STRING, current_setting, STABLE),
    {.name = "current_setting", .args = {&TYPE_STRING, &TYPE_BOOL}, .ret = &TYPE_STRING,
     .fn = current_setting, .volatility = STABLE, .category = "System info"},
    {.name = "set_config", .args = {&TYPE_STRING, &TYPE_STRING, &TYPE_BOOL}, .ret = &TYPE_STRING,
     .fn = set_config, .volatility = VOLATILE, .changes = true, .category = "System info"},
    {.name = "pg_typeof", .args = {&TYPE_ANY}, .ret = &TYPE_STRING, .fn = pg_typeof,
     .volatility = STABLE, .null_args = true, .category = "System info"},
    F0("pg_backend_pid", INT8, minus_one, STABLE),
    F0("pg_client_encoding", STRING, utf8, STABLE),
    F0("getdatabaseencoding", STRING, utf8, STABLE),
    F1("pg_encoding_to_char", INT8, STRING, pg_encoding_to_char, IMMUTABLE),
    F1("pg_char_to_encoding", STRING, INT8, pg_char_to_encoding, IMMUTABLE),
    F0("pg_is_in_recovery", BOOL, no, STABLE),
    F0("pg_is_xlog_replay_paused", BOOL, no, STABLE),
    F0("pg_is_wal_replay_paused", BOOL, no, STABLE),
    F0("pg_my_temp_schema", OID, zero, STABLE),
    F0("inet_client_addr", INET, inet_zero, STABLE),
    F0("inet_client_port", INT8, zero, STABLE),
    F0("inet_server_addr", INET, inet_zero, STABLE),
    F0("inet_server_port", INT8, zero, STABLE),
    F1("pg_try_advisory_lock", INT8, BOOL, yes, VOLATILE),
    F1("pg_advisory_unlock", INT8, BOOL, yes, VOLATILE),
};
TABLE(builtins_session, rows);
