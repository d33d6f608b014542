/* planner/builtins_privileges.c - has_table_privilege and its kin.
 *
 * Forms: ([user name or oid,] object name or oid [, column name or number], privilege list).
 */
#include "config.h"

#include "planner/builtins_int.h"

/* What a privilege's name asks for; NULL privilege: everybody has it, "": nobody. */
struct name {
    const char *name, *asks;
};

static const struct name table_names[] = {
    {"SELECT", "SELECT"}, {"INSERT", "INSERT"}, {"UPDATE", "UPDATE"}, {"DELETE", "DELETE"},
    {"TRUNCATE", "DELETE"}, {"REFERENCES", "SELECT"}, {"TRIGGER", "CREATE"}, {"RULE", ""},
    {NULL, NULL}};
static const struct name column_names[] = {
    {"SELECT", "SELECT"}, {"INSERT", "INSERT"}, {"UPDATE", "UPDATE"}, {"REFERENCES", "SELECT"},
    {NULL, NULL}};
static const struct name database_names[] = {
    {"CREATE", "CREATE"}, {"CONNECT", NULL}, {"TEMPORARY", "CREATE"}, {"TEMP", "CREATE"},
    {NULL, NULL}};
static const struct name schema_names[] = {{"CREATE", "CREATE"}, {"USAGE", NULL}, {NULL, NULL}};
static const struct name sequence_names[] = {
    {"USAGE", "SELECT"}, {"SELECT", "SELECT"}, {"UPDATE", "UPDATE"}, {NULL, NULL}};
static const struct name function_names[] = {{"EXECUTE", NULL}, {NULL, NULL}};
static const struct name usage_names[] = {{"USAGE", NULL}, {NULL, NULL}};
static const struct name create_names[] = {{"CREATE", NULL}, {NULL, NULL}};

/* Upper case, trimmed; the WITH GRANT OPTION cut off. */
static const struct name *
find(const struct eval_env *env, const struct name *names, struct slice p, bool *grant,
     const char **shown)
{
    while (p.len > 0 && (p.ptr[0] == ' ' || p.ptr[0] == '\t')) {
        p.ptr++;
        p.len--;
    }
    while (p.len > 0 && (p.ptr[p.len - 1] == ' ' || p.ptr[p.len - 1] == '\t'))
        p.len--;
    char *s = arena_strndup(env->arena, (const char *)p.ptr, p.len);
    for (char *q = s; *q != 0; q++)
        if (*q >= 'a' && *q <= 'z')
            *q = (char)(*q - 32);
    *shown = s;
    static const char option[] = " WITH GRANT OPTION";
    size_t n = strlen(s), m = sizeof(option) - 1;
    *grant = n > m && strcmp(s + n - m, option) == 0;
    if (*grant)
        s = arena_strndup(env->arena, s, n - m);
    for (const struct name *k = names; k->name != NULL; k++)
        if (strcmp(k->name, s) == 0)
            return k;
    return NULL;
}

static struct error *
check_list(const struct eval_env *env, const struct fn_call *call, const struct name *names,
           struct eval_privilege_query *q, struct slice list, struct datum *out)
{
    NEED_HOOK(h, has_privilege);
    const char *shown;
    bool grant;
    for (int pass = 0; pass < 2; pass++) { /* all names first, then the answers */
        size_t from = 0;
        for (size_t i = 0; i <= list.len; i++) {
            if (i < list.len && list.ptr[i] != ',')
                continue;
            const struct name *k =
                find(env, names, slice_make(list.ptr + from, i - from), &grant, &shown);
            from = i + 1;
            if (k == NULL)
                return err_new(ERR_INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"%s\"",
                               shown);
            if (pass == 0)
                continue;
            enum eval_privilege_answer a = EVAL_NO;
            q->privilege = k->asks;
            q->grant_option = grant;
            if (k->asks == NULL || k->asks[0] != 0)
                ERR_TRY(h->has_privilege(env, q, &a));
            if (a != EVAL_NO) {
                *out = a == EVAL_YES ? datum_bool(true) : DATUM_NULL;
                return NULL;
            }
        }
    }
    *out = datum_bool(false);
    return NULL;
}

/* n_object: arguments behind the user: object [column] privilege */
static struct error *
inquire(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
        enum eval_object kind, const struct name *names, int n_object, bool any_column,
        struct datum *out)
{
    struct eval_privilege_query q = {.kind = kind, .any_column = any_column};
    int i = 0;
    if (call->n_args > n_object) {
        q.user_by_oid = call->arg_types[0]->family == FAMILY_OID;
        if (q.user_by_oid)
            q.user_oid = (uint32_t)args[0].i;
        else
            q.user = arg_cstr(env, &args[0]);
        i = 1;
    }
    q.by_oid = call->arg_types[i]->family == FAMILY_OID;
    if (q.by_oid)
        q.oid = (uint32_t)args[i].i;
    else
        q.name = datum_slice(&args[i]);
    i++;
    if (n_object == 3) {
        q.column_by_number = call->arg_types[i]->family == FAMILY_INT;
        if (q.column_by_number)
            q.column_number = args[i].i;
        else
            q.column = datum_slice(&args[i]);
        i++;
    }
    return check_list(env, call, names, &q, datum_slice(&args[i]), out);
}

#define INQUIRY(fn, kind, names, n, any)                              \
    BUILTIN(fn)                                                       \
    {                                                                 \
        return inquire(env, call, args, kind, names, n, any, out);    \
    }
INQUIRY(has_table, EVAL_TABLE, table_names, 2, false)
INQUIRY(has_any_column, EVAL_TABLE, column_names, 2, true)
INQUIRY(has_column, EVAL_COLUMN, column_names, 3, false)
INQUIRY(has_database, EVAL_DATABASE, database_names, 2, false)
INQUIRY(has_schema, EVAL_SCHEMA, schema_names, 2, false)
INQUIRY(has_sequence, EVAL_SEQUENCE, sequence_names, 2, false)
INQUIRY(has_function, EVAL_FUNCTION, function_names, 2, false)
INQUIRY(has_type, EVAL_TYPE, usage_names, 2, false)

INQUIRY(has_tablespace, EVAL_TABLESPACE, create_names, 2, false)
INQUIRY(has_language, EVAL_LANGUAGE, usage_names, 2, false)
INQUIRY(has_server, EVAL_SERVER, usage_names, 2, false)
INQUIRY(has_wrapper, EVAL_FOREIGN_DATA_WRAPPER, usage_names, 2, false)

#define ROW(n, f, ...) {.name = n, .args = {__VA_ARGS__, &TYPE_STRING}, .ret = &TYPE_BOOL, .fn = f, \
                        .volatility = STABLE, .category = "Compatibility"}
/* object by name or OID; user absent, by name, by OID */
#define OBJECT(n, f)                                                                            \
    ROW(n, f, &TYPE_STRING), ROW(n, f, &TYPE_OID), ROW(n, f, &TYPE_STRING, &TYPE_STRING),       \
    ROW(n, f, &TYPE_STRING, &TYPE_OID), ROW(n, f, &TYPE_OID, &TYPE_STRING),                     \
    ROW(n, f, &TYPE_OID, &TYPE_OID)
#define COLUMN_OF(n, f, C)                                                                      \
    ROW(n, f, &TYPE_STRING, C), ROW(n, f, &TYPE_OID, C),                                        \
    ROW(n, f, &TYPE_STRING, &TYPE_STRING, C), ROW(n, f, &TYPE_STRING, &TYPE_OID, C),            \
    ROW(n, f, &TYPE_OID, &TYPE_STRING, C), ROW(n, f, &TYPE_OID, &TYPE_OID, C)

static const struct overload rows[] = {
    OBJECT("has_table_privilege", has_table),
    OBJECT("has_any_column_privilege", has_any_column),
    COLUMN_OF("has_column_privilege", has_column, &TYPE_STRING),
    COLUMN_OF("has_column_privilege", has_column, &TYPE_INT8),
    OBJECT("has_database_privilege", has_database),
    OBJECT("has_schema_privilege", has_schema),
    OBJECT("has_sequence_privilege", has_sequence),
    OBJECT("has_function_privilege", has_function),
    OBJECT("has_type_privilege", has_type),
    OBJECT("has_tablespace_privilege", has_tablespace),
    OBJECT("has_language_privilege", has_language),
    OBJECT("has_server_privilege", has_server),
    OBJECT("has_foreign_data_wrapper_privilege", has_wrapper),
};
TABLE(builtins_privileges, rows);
