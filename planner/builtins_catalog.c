/* planner/builtins_catalog.c - what drivers and psql ask of pg_catalog. */
#include "config.h"

#include "planner/builtins_int.h"
#include "types/decimal.h"

/* ---- types and expressions ---- */

BUILTIN(format_type)
{
    (void)call;
    if (args[0].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    uint32_t oid = (uint32_t)args[0].i;
    const struct type *t = type_from_oid(oid);
    if (t == NULL) {
        *out = datum_cstr(arena_printf(env->arena, "unknown (OID=%u)", oid));
        return NULL;
    }
    const char *name = type_pg_name_str(env->arena, t);
    int64_t mod = args[1].null ? -1 : args[1].i;
    if (t->family == FAMILY_STRING && mod > 4 &&
        (oid == TYPE_VARCHAR.oid || oid == TYPE_BPCHAR1.oid))
        name = arena_printf(env->arena, "%s(%d)", name, (int)(mod - 4));
    else if (t->family == FAMILY_DECIMAL && mod >= 4)
        name = arena_printf(env->arena, "%s(%d,%d)", name, (int)((mod - 4) >> 16 & 0xffff),
                            (int)((mod - 4) & 0xffff));
    else if (t->family == FAMILY_BIT && mod > 0)
        name = arena_printf(env->arena, "%s(%d)", name, (int)mod);
    *out = datum_cstr(name);
    return NULL;
}

BUILTIN(pg_get_expr)
{
    NOTHING_USED;
    *out = args[0];
    return NULL;
}

BUILTIN(oid_of_int)
{
    NOTHING_USED;
    *out = datum_int((int64_t)(uint32_t)args[0].i);
    return NULL;
}

/* ---- definitions ---- */

static struct error *
definition(const struct eval_env *env, const struct fn_call *call, enum eval_object kind,
           const struct datum *args, int column, bool pretty, struct datum *out)
{
    NEED_HOOK(h, object_definition);
    const char *text = NULL;
    ERR_TRY(h->object_definition(env, kind, (uint32_t)args[0].i, column, pretty, &text));
    *out = text_or_null(text);
    return NULL;
}

BUILTIN(pg_get_indexdef)
{
    return definition(env, call, EVAL_INDEX, args, call->n_args > 1 ? (int)args[1].i : 0,
                      call->n_args > 2 && args[2].i, out);
}

BUILTIN(pg_get_constraintdef)
{
    return definition(env, call, EVAL_CONSTRAINT, args, 0, call->n_args > 1 && args[1].i, out);
}

BUILTIN(pg_get_viewdef)
{
    return definition(env, call, EVAL_VIEW, args, 0, call->n_args > 1 && args[1].i, out);
}

/* column: which part of the function */
enum { PART_RESULT, PART_IDENTITY_ARGUMENTS, PART_ARGUMENTS };

BUILTIN(pg_get_function_result)
{
    return definition(env, call, EVAL_FUNCTION, args, PART_RESULT, false, out);
}

BUILTIN(pg_get_function_identity_arguments)
{
    return definition(env, call, EVAL_FUNCTION, args, PART_IDENTITY_ARGUMENTS, false, out);
}

BUILTIN(pg_get_function_arguments)
{
    return definition(env, call, EVAL_FUNCTION, args, PART_ARGUMENTS, false, out);
}

BUILTIN(pg_get_userbyid)
{
    NEED_HOOK(h, role_name);
    const char *name = NULL;
    ERR_TRY(h->role_name(env, (uint32_t)args[0].i, &name));
    *out = datum_cstr(name != NULL ? name : arena_printf(env->arena, "unknown (OID=%u)",
                                                         (uint32_t)args[0].i));
    return NULL;
}

BUILTIN(pg_sequence_parameters)
{
    NEED_HOOK(h, sequence_parameters);
    struct eval_sequence_parameters p;
    ERR_TRY(h->sequence_parameters(env, (uint32_t)args[0].i, &p));
    *out = datum_cstr(arena_printf(env->arena, "(%lld,%lld,%lld,%lld,%s,%lld,20)",
                                   (long long)p.start, (long long)p.min, (long long)p.max,
                                   (long long)p.increment, p.cycle ? "t" : "f",
                                   (long long)p.cache));
    return NULL;
}

/* ---- visibility ---- */

BUILTIN(pg_table_is_visible)
{
    NEED_HOOK(h, table_is_visible);
    bool found = false, visible = false;
    ERR_TRY(h->table_is_visible(env, (uint32_t)args[0].i, &found, &visible));
    *out = found ? datum_bool(visible) : DATUM_NULL;
    return NULL;
}

BUILTIN(pg_type_is_visible)
{
    NOTHING_USED;
    *out = type_from_oid((uint32_t)args[0].i) != NULL ? datum_bool(true) : DATUM_NULL;
    return NULL;
}

BUILTIN(visible)
{
    NOTHING_USED;
    *out = datum_bool(true);
    return NULL;
}

/* ---- comments ---- */

static struct error *
comment(const struct eval_env *env, const struct fn_call *call, enum eval_object kind,
        const struct datum *oid, int column, struct datum *out)
{
    NEED_HOOK(h, object_comment);
    const char *text = NULL;
    ERR_TRY(h->object_comment(env, kind, (uint32_t)oid->i, column, &text));
    *out = text_or_null(text);
    return NULL;
}

BUILTIN(obj_description)
{
    if (call->n_args > 1 && !slice_eq(datum_slice(&args[1]), SLICE_LIT("pg_class"))) {
        *out = DATUM_NULL;
        return NULL;
    }
    return comment(env, call, EVAL_TABLE, &args[0], 0, out);
}

BUILTIN(col_description)
{
    if (args[1].i <= 0) {
        *out = DATUM_NULL;
        return NULL;
    }
    return comment(env, call, EVAL_COLUMN, &args[0], (int)args[1].i, out);
}

BUILTIN(shobj_description)
{
    if (!slice_eq(datum_slice(&args[1]), SLICE_LIT("pg_database"))) {
        *out = DATUM_NULL;
        return NULL;
    }
    return comment(env, call, EVAL_DATABASE, &args[0], 0, out);
}

/* ---- sizes ---- */

BUILTIN(table_size)
{
    NEED_HOOK(h, table_size);
    *out = datum_int(0);
    return h->table_size(env, (uint32_t)args[0].i, &out->i);
}

BUILTIN(database_size)
{
    NEED_HOOK(h, database_size);
    int64_t bytes;
    ERR_TRY(h->database_size(env, (uint32_t)args[0].i, NULL, &bytes));
    *out = bytes < 0 ? DATUM_NULL : datum_int(bytes);
    return NULL;
}

BUILTIN(database_size_by_name)
{
    NEED_HOOK(h, database_size);
    const char *name = slice_to_cstr(env->arena, datum_slice(&args[0]));
    int64_t bytes;
    ERR_TRY(h->database_size(env, 0, name, &bytes));
    if (bytes < 0)
        return err_new(ERR_INVALID_CATALOG_NAME, "database \"%s\" does not exist", name);
    *out = datum_int(bytes);
    return NULL;
}

/* There is one tablespace, of OID 0 and named pg_default: all is in it. */
BUILTIN(tablespace_size)
{
    NEED_HOOK(h, all_size);
    int64_t bytes;
    *out = DATUM_NULL;
    if (args[0].i != 0)
        return NULL;
    ERR_TRY(h->all_size(env, &bytes));
    *out = datum_int(bytes);
    return NULL;
}

static struct datum
pretty_size(struct arena *a, int64_t size)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    int u = 0;
    bool neg = size < 0;
    uint64_t v = neg ? 0 - (uint64_t)size : (uint64_t)size, half = 0;
    for (; v >= 10240 && u < 4; u++) {
        half = u == 3 || v / 1024 < 10240 ? v & 512 : 0;
        v >>= 10;
    }
    if (u > 0 && half)
        v++;
    return datum_cstr(arena_printf(a, "%s%llu %s", neg ? "-" : "", (unsigned long long)v, units[u]));
}

BUILTIN(pg_size_pretty)
{
    (void)call;
    *out = pretty_size(env->arena, args[0].i);
    return NULL;
}

BUILTIN(pg_size_pretty_decimal)
{
    (void)call;
    int64_t v;
    if (!decimal_to_i64(args[0].dec, &v))
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    *out = pretty_size(env->arena, v);
    return NULL;
}

/* ---- things that do not exist here: no rules, triggers, partitions by key, publications ---- */

BUILTIN(null)
{
    NOTHING_USED;
    *out = DATUM_NULL;
    return NULL;
}

BUILTIN(no)
{
    NOTHING_USED;
    *out = datum_bool(false);
    return NULL;
}

BUILTIN(empty_text)
{
    NOTHING_USED;
    *out = datum_cstr("");
    return NULL;
}

#define C "Compatibility"
#define F1(n, A, T, f, vol) {.name = n, .args = {&TYPE_##A}, .ret = &TYPE_##T, .fn = f, \
                             .volatility = vol, .category = C}
#define F2(n, A, B, T, f, vol) {.name = n, .args = {&TYPE_##A, &TYPE_##B}, .ret = &TYPE_##T, \
                                .fn = f, .volatility = vol, .category = C}
#define F3(n, A, B, D, T, f, vol) {.name = n, .args = {&TYPE_##A, &TYPE_##B, &TYPE_##D}, \
                                   .ret = &TYPE_##T, .fn = f, .volatility = vol, .category = C}

static const struct overload rows[] = {
    {.name = "format_type", .args = {&TYPE_OID, &TYPE_INT8}, .ret = &TYPE_STRING, .fn = format_type,
     .volatility = STABLE, .null_args = true, .category = C},
    F2("pg_get_expr", STRING, OID, STRING, pg_get_expr, STABLE),
    F3("pg_get_expr", STRING, OID, BOOL, STRING, pg_get_expr, STABLE),
    F1("oid", INT8, OID, oid_of_int, IMMUTABLE),
    F1("pg_get_indexdef", OID, STRING, pg_get_indexdef, STABLE),
    F3("pg_get_indexdef", OID, INT8, BOOL, STRING, pg_get_indexdef, STABLE),
    F1("pg_get_constraintdef", OID, STRING, pg_get_constraintdef, STABLE),
    F2("pg_get_constraintdef", OID, BOOL, STRING, pg_get_constraintdef, STABLE),
    F1("pg_get_viewdef", OID, STRING, pg_get_viewdef, STABLE),
    F2("pg_get_viewdef", OID, BOOL, STRING, pg_get_viewdef, STABLE),
    F1("pg_get_userbyid", OID, NAME, pg_get_userbyid, STABLE),
    F1("pg_get_function_result", OID, STRING, pg_get_function_result, STABLE),
    F1("pg_get_function_arguments", OID, STRING, pg_get_function_arguments, STABLE),
    F1("pg_get_function_identity_arguments", OID, STRING, pg_get_function_identity_arguments,
       STABLE),
    F1("pg_sequence_parameters", OID, STRING, pg_sequence_parameters, STABLE),
    F1("pg_table_is_visible", OID, BOOL, pg_table_is_visible, STABLE),
    F1("pg_type_is_visible", OID, BOOL, pg_type_is_visible, STABLE),
    F1("pg_function_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_operator_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_opclass_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_opfamily_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_collation_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_conversion_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_ts_config_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_ts_dict_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_ts_parser_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_ts_template_is_visible", OID, BOOL, visible, STABLE),
    F1("pg_statistics_obj_is_visible", OID, BOOL, visible, STABLE),
    F1("obj_description", OID, STRING, obj_description, STABLE),
    F2("obj_description", OID, STRING, STRING, obj_description, STABLE),
    F2("col_description", OID, INT8, STRING, col_description, STABLE),
    F2("shobj_description", OID, STRING, STRING, shobj_description, STABLE),
    F1("pg_table_size", OID, INT8, table_size, STABLE),
    F1("pg_relation_size", OID, INT8, table_size, STABLE),
    F1("pg_total_relation_size", OID, INT8, table_size, STABLE),
    F1("pg_database_size", OID, INT8, database_size, STABLE),
    F1("pg_database_size", STRING, INT8, database_size_by_name, STABLE),
    F1("pg_tablespace_size", OID, INT8, tablespace_size, STABLE),
    F1("pg_size_pretty", INT8, STRING, pg_size_pretty, IMMUTABLE),
    F1("pg_size_pretty", DECIMAL, STRING, pg_size_pretty_decimal, IMMUTABLE),
    F1("pg_get_ruledef", OID, STRING, null, STABLE),
    F2("pg_get_ruledef", OID, BOOL, STRING, null, STABLE),
    F1("pg_get_triggerdef", OID, STRING, null, STABLE),
    F2("pg_get_triggerdef", OID, BOOL, STRING, null, STABLE),
    F1("pg_get_partkeydef", OID, STRING, null, STABLE),
    F1("pg_get_statisticsobjdef_columns", OID, STRING, null, STABLE),
    F1("pg_relation_is_publishable", OID, BOOL, no, STABLE),
    F1("pg_tablespace_location", OID, STRING, empty_text, STABLE),
};
TABLE(builtins_catalog, rows);
