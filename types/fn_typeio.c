/* types/fn_typeio.c - the functions that read and write each type, by name only.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/sem/builtins/pg_builtins.go, makeTypeIOBuiltins: clients look for them in
 * pg_proc and pg_type; a call has a type, and fails once it is evaluated.
 */
#include "config.h"

#include "types/type_ops_int.h"

static struct error *
not_usable(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
           struct datum *out)
{
    (void)env;
    (void)call;
    (void)args;
    (void)out;
    return err_new(ERR_FEATURE_NOT_SUPPORTED, "unimplemented");
}

#define FN(n, arg, r) \
    {.name = n, .args = {&TYPE_##arg}, .ret = &TYPE_##r, .fn = not_usable, \
     .category = "Compatibility"}
/* The name of some types has a _ behind it, as PostgreSQL has it. */
#define TYPE_IO(prefix, t) \
    FN(prefix "in", ANY, t), FN(prefix "out", t, BYTES), FN(prefix "recv", ANY, t), \
        FN(prefix "send", t, BYTES)

static const struct overload rows[] = {
    TYPE_IO("anyarray_", ANY_ARRAY),
    TYPE_IO("anyelement_", ANY),
    TYPE_IO("array_", ANY_ARRAY),
    TYPE_IO("bit_", BIT1),
    TYPE_IO("bool", BOOL),
    TYPE_IO("bpchar", BPCHAR1),
    TYPE_IO("bytea", BYTES),
    TYPE_IO("char", QCHAR),
    TYPE_IO("date_", DATE),
    TYPE_IO("float4", FLOAT4),
    TYPE_IO("float8", FLOAT8),
    TYPE_IO("inet", INET),
    TYPE_IO("int2", INT2),
    TYPE_IO("int2vector", INT2VECTOR),
    TYPE_IO("int4", INT4),
    TYPE_IO("int8", INT8),
    TYPE_IO("interval_", INTERVAL),
    TYPE_IO("jsonb_", JSONB),
    TYPE_IO("name", NAME),
    TYPE_IO("numeric_", DECIMAL),
    TYPE_IO("oid", OID),
    TYPE_IO("oidvector", OIDVECTOR),
    TYPE_IO("record_", ANY_TUPLE),
    TYPE_IO("regclass", REGCLASS),
    TYPE_IO("regnamespace", REGNAMESPACE),
    TYPE_IO("regproc", REGPROC),
    TYPE_IO("regprocedure", REGPROCEDURE),
    TYPE_IO("regtype", REGTYPE),
    TYPE_IO("text", STRING),
    TYPE_IO("time_", TIME),
    TYPE_IO("timestamp_", TIMESTAMP),
    TYPE_IO("timestamptz_", TIMESTAMPTZ),
    TYPE_IO("timetz_", TIMETZ),
    TYPE_IO("unknown", UNKNOWN),
    TYPE_IO("uuid_", UUID),
    TYPE_IO("varbit_", VARBIT),
    TYPE_IO("varchar", VARCHAR),
};

const struct overload_table overloads_typeio_fns = {rows, ARRAY_COUNT(rows), false};
