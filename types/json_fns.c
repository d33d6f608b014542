/* Functions and generators of JSONB. Every json_x has a twin jsonb_x. */
#include "config.h"

#include "types/fn_int.h"
#include "types/json_fn_int.h"
#include "types/keyenc.h"

SCALAR(fn_typeof)
{
    static const char *const names[] = {"null", "string", "number", "boolean", "boolean",
                                        "array", "object"};
    UNUSED(env), UNUSED(call);
    *out = datum_cstr(names[json_arg(&args[0]).kind]);
    return NULL;
}

SCALAR(fn_array_length)
{
    struct json j = json_arg(&args[0]);
    UNUSED(env), UNUSED(call);
    if (j.kind == JSON_OBJECT)
        return invalid_parameter("cannot get array length of a non-array");
    if (j.kind != JSON_ARRAY)
        return invalid_parameter("cannot get array length of a scalar");
    *out = datum_int(j.count);
    return NULL;
}

/* ---- building ---------------------------------------------------------------------------------- */

SCALAR(fn_build_array)
{
    struct json_node *v, *n = json_new_array(env->arena);
    for (int i = 0; i < call->n_args; i++) {
        ERR_TRY(json_from_datum(env, call->arg_types[i], &args[i], &v));
        json_push(n, v);
    }
    return json_result(env, n, out);
}

static struct error *
object_key(const struct eval_env *env, const struct type *t, const struct datum *d,
           struct slice *key)
{
    struct str s;
    if (t->family == FAMILY_JSON || t->family == FAMILY_ARRAY || t->family == FAMILY_TUPLE)
        return invalid_parameter("key value must be scalar, not array, tuple, or json");
    if (t->family == FAMILY_STRING || t->family == FAMILY_COLLATED_STRING) {
        *key = datum_slice(d);
        return NULL;
    }
    fn_str_init(&s, env);
    datum_format(&s, t, d, TEXT_CAST, env);
    ERR_TRY(str_error(&s));
    *key = str_slice(&s);
    return NULL;
}

SCALAR(fn_build_object)
{
    struct json_node *v, *n = json_new_object(env->arena);
    struct slice key;
    if (call->n_args % 2 != 0)
        return invalid_parameter("argument list must have even number of elements");
    for (int i = 0; i < call->n_args; i += 2) {
        if (args[i].null)
            return err_new(ERR_INVALID_PARAMETER_VALUE, "argument %d cannot be null", i + 1);
        ERR_TRY(object_key(env, call->arg_types[i], &args[i], &key));
        ERR_TRY(json_from_datum(env, call->arg_types[i + 1], &args[i + 1], &v));
        json_set(n, key, v);
    }
    return json_result(env, n, out);
}

static struct error *
put_text_pair(const struct eval_env *env, struct json_node *n, const struct datum *key,
              const struct datum *value)
{
    if (key->null)
        return invalid_parameter("null value not allowed for object key");
    json_set(n, datum_slice(key),
             value->null ? json_new_null(env->arena)
                         : json_new_string(env->arena, datum_slice(value)));
    return NULL;
}

SCALAR(fn_object)
{
    const struct array *arr = args[0].arr;
    struct json_node *n = json_new_object(env->arena);
    UNUSED(call);
    if (arr->n % 2 != 0)
        return invalid_parameter("array must have even number of elements");
    for (int i = 0; i < arr->n; i += 2)
        ERR_TRY(put_text_pair(env, n, &arr->v[i], &arr->v[i + 1]));
    return json_result(env, n, out);
}

SCALAR(fn_object2)
{
    const struct array *keys = args[0].arr, *values = args[1].arr;
    struct json_node *n = json_new_object(env->arena);
    UNUSED(call);
    if (keys->n != values->n)
        return invalid_parameter("mismatched array dimensions");
    for (int i = 0; i < keys->n; i++)
        ERR_TRY(put_text_pair(env, n, &keys->v[i], &values->v[i]));
    return json_result(env, n, out);
}

SCALAR(fn_to_json)
{
    struct json_node *n;
    ERR_TRY(json_from_datum(env, call->arg_types[0], &args[0], &n));
    return json_result(env, n, out);
}

SCALAR(fn_array_to_json_pretty)
{
    if (args[1].i != 0)
        return err_unimplemented(0, "pretty printing is not supported");
    return fn_to_json(env, call, args, out);
}

/* ---- reading and editing ------------------------------------------------------------------------- */

SCALAR(fn_extract_path)
{
    struct json j = json_arg(&args[0]);
    for (int i = 1; i < call->n_args; i++) {
        if (!json_step(j, datum_slice(&args[i]), &j)) {
            *out = DATUM_NULL;
            return NULL;
        }
    }
    return json_result_view(env, j, out);
}

static struct error *
edit(const struct eval_env *env, const struct datum *args, enum json_edit_kind kind, bool flag,
     struct datum *out)
{
    struct json_edit e = {kind, args[1].arr, json_arg(&args[2]), flag};
    struct json_node *n;
    for (int i = 0; i < e.path->n; i++)
        if (e.path->v[i].null)
            return err_new(ERR_NULL_VALUE_NOT_ALLOWED, "path element at position %d is null",
                           i + 1);
    ERR_TRY(json_edit_at(env, json_arg(&args[0]), &e, 0, &n));
    return json_result(env, n, out);
}

SCALAR(fn_set)
{
    return edit(env, args, JSON_EDIT_SET, call->n_args < 4 || args[3].i != 0, out);
}

SCALAR(fn_insert)
{
    return edit(env, args, JSON_EDIT_INSERT, call->n_args == 4 && args[3].i != 0, out);
}

SCALAR(fn_remove_path)
{
    UNUSED(call);
    return json_delete_path(env, args, out);
}

/* Pairs whose value is null go, at every depth; array elements stay. */
static struct json_node *
strip(struct arena *a, struct json j)
{
    if (json_is_scalar(j))
        return json_from(a, j);
    struct json_node *n = j.kind == JSON_ARRAY ? json_new_array(a) : json_new_object(a);
    for (uint32_t i = 0; i < j.count; i++) {
        struct slice key;
        struct json v;
        if (j.kind == JSON_ARRAY) {
            json_push(n, strip(a, json_at(j, i)));
            continue;
        }
        json_pair(j, i, &key, &v);
        if (v.kind != JSON_NULL)
            json_set(n, key, strip(a, v));
    }
    return n;
}

SCALAR(fn_strip_nulls)
{
    UNUSED(call);
    return json_result(env, strip(env->arena, json_arg(&args[0])), out);
}

SCALAR(fn_pretty)
{
    struct str s;
    UNUSED(call);
    fn_str_init(&s, env);
    json_pretty(&s, json_arg(&args[0]));
    return fn_str_done(&s, out);
}

static struct error *
count_key(void *arg, struct slice key)
{
    UNUSED(key);
    ++*(int64_t *)arg;
    return NULL;
}

SCALAR(fn_inverted_entries)
{
    const struct type *t = call->arg_types[0];
    *out = datum_int(0);
    if (args[0].null || t->family == FAMILY_UNKNOWN)
        return NULL;
    return inverted_keys(env->arena, t, &args[0], count_key, &out->i);
}

#define CAT "JSONB"
#define J &TYPE_JSONB
#define S &TYPE_STRING
#define SA &TYPE_STRING_ARRAY
#define FN1(n, r, f, ...)                                                                        \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .category = CAT}
/* json_x and jsonb_x */
#define FN(n, r, f, ...) FN1("json_" n, r, f, __VA_ARGS__), FN1("jsonb_" n, r, f, __VA_ARGS__)
#define BUILD1(n, f)                                                                             \
    {.name = n, .variadic = &TYPE_ANY, .ret = J, .fn = f, .null_args = true,                     \
     .volatility = STABLE, .category = CAT}
#define BUILD(n, f) BUILD1("json_" n, f), BUILD1("jsonb_" n, f)
#define EXTRACT(n)                                                                               \
    {.name = n, .args = {J}, .variadic = S, .ret = J, .fn = fn_extract_path, .category = CAT}
#define TO(n, arg, f)                                                                            \
    {.name = n, .args = {&TYPE_##arg}, .ret = J, .fn = f, .volatility = STABLE, .category = CAT}

static const struct overload rows[] = {
    FN("typeof", STRING, fn_typeof, J),
    FN("array_length", INT8, fn_array_length, J),
    BUILD("build_array", fn_build_array),
    BUILD("build_object", fn_build_object),
    FN("object", JSONB, fn_object, SA),
    FN("object", JSONB, fn_object2, SA, SA),
    EXTRACT("json_extract_path"),
    EXTRACT("jsonb_extract_path"),
    FN("set", JSONB, fn_set, J, SA, J),
    FN("set", JSONB, fn_set, J, SA, J, &TYPE_BOOL),
    FN1("jsonb_insert", JSONB, fn_insert, J, SA, J),
    FN1("jsonb_insert", JSONB, fn_insert, J, SA, J, &TYPE_BOOL),
    FN("strip_nulls", JSONB, fn_strip_nulls, J),
    FN1("jsonb_pretty", STRING, fn_pretty, J),
    FN1("json_remove_path", JSONB, fn_remove_path, J, SA),
    TO("to_json", ANY, fn_to_json),
    TO("to_jsonb", ANY, fn_to_json),
    TO("array_to_json", ANY_ARRAY, fn_to_json),
    {.name = "array_to_json", .args = {&TYPE_ANY_ARRAY, &TYPE_BOOL}, .ret = J,
     .fn = fn_array_to_json_pretty, .volatility = STABLE, .category = CAT},
    TO("row_to_json", ANY_TUPLE, fn_to_json),
    {.name = "crdb_internal.num_inverted_index_entries", .args = {J}, .ret = &TYPE_INT8,
     .fn = fn_inverted_entries, .null_args = true, .category = "System info"},
    {.name = "crdb_internal.num_inverted_index_entries", .args = {&TYPE_ANY_ARRAY},
     .ret = &TYPE_INT8, .fn = fn_inverted_entries, .null_args = true, .category = "System info"},
};

const struct overload_table overloads_json_fns = {rows, ARRAY_COUNT(rows), false};

/* ---- generators ---------------------------------------------------------------------------------- */

struct walk {
    struct json j;
    uint32_t i;
};

static struct error *
walk_start(const struct datum *args, struct arena *a, void **state)
{
    struct walk *w = ARENA_NEW(a, struct walk);
    w->j = json_root(slice_dup(a, datum_slice(&args[0])));
    *state = w;
    return NULL;
}

static struct error *
elements_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
              struct arena *a, void **state)
{
    UNUSED(env), UNUSED(call);
    if (json_arg(&args[0]).kind != JSON_ARRAY)
        return invalid_parameter("cannot be called on a non-array");
    return walk_start(args, a, state);
}

static struct error *
each_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
          struct arena *a, void **state)
{
    struct json j = json_arg(&args[0]);
    UNUSED(env), UNUSED(call);
    if (j.kind == JSON_ARRAY)
        return invalid_parameter("cannot deconstruct an array as an object");
    if (j.kind != JSON_OBJECT)
        return invalid_parameter("cannot deconstruct a scalar");
    return walk_start(args, a, state);
}

static struct error *
keys_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
          struct arena *a, void **state)
{
    struct json j = json_arg(&args[0]);
    UNUSED(env);
    if (j.kind != JSON_OBJECT)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "cannot call %s on %s", call->overload->name,
                       j.kind == JSON_ARRAY ? "an array" : "a scalar");
    return walk_start(args, a, state);
}

static struct error *
elements_step(const struct eval_env *env, struct walk *w, bool text, struct datum *cols,
              bool *more)
{
    *more = w->i < w->j.count;
    if (!*more)
        return NULL;
    struct json v = json_at(w->j, w->i++);
    return text ? json_result_text(env, v, &cols[0]) : json_result_view(env, v, &cols[0]);
}

static struct error *
elements_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    return elements_step(env, state, false, cols, more);
}

static struct error *
elements_text_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    return elements_step(env, state, true, cols, more);
}

static struct error *
each_step(const struct eval_env *env, struct walk *w, bool text, struct datum *cols, bool *more)
{
    struct slice key;
    struct json v;
    *more = w->i < w->j.count;
    if (!*more)
        return NULL;
    json_pair(w->j, w->i++, &key, &v);
    key = slice_dup(env->arena, key);
    cols[0] = datum_bytes(key.ptr, key.len);
    return text ? json_result_text(env, v, &cols[1]) : json_result_view(env, v, &cols[1]);
}

static struct error *
each_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    return each_step(env, state, false, cols, more);
}

static struct error *
each_text_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    return each_step(env, state, true, cols, more);
}

static struct error *
keys_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct walk *w = state;
    struct slice key;
    *more = w->i < w->j.count;
    if (!*more)
        return NULL;
    json_pair(w->j, w->i++, &key, NULL);
    key = slice_dup(env->arena, key);
    cols[0] = datum_bytes(key.ptr, key.len);
    return NULL;
}

static const char *const value_col[] = {"value"}, *const pair_cols[] = {"key", "value"},
                  *const json_keys_col[] = {"json_object_keys"},
                  *const jsonb_keys_col[] = {"jsonb_object_keys"};

static const struct type *const each_types[] = {&TYPE_STRING, &TYPE_JSONB},
                               *const each_text_types[] = {&TYPE_STRING, &TYPE_STRING};
static const struct type type_each = {.family = FAMILY_TUPLE, .oid = 2249, .n = 2,
                                      .contents = each_types, .labels = pair_cols},
                         type_each_text = {.family = FAMILY_TUPLE, .oid = 2249, .n = 2,
                                           .contents = each_text_types, .labels = pair_cols};

static const struct generator_vt elements_vt = {elements_open, elements_next, 1, value_col},
                                 elements_text_vt = {elements_open, elements_text_next, 1,
                                                     value_col},
                                 each_vt = {each_open, each_next, 2, pair_cols},
                                 each_text_vt = {each_open, each_text_next, 2, pair_cols},
                                 json_keys_vt = {keys_open, keys_next, 1, json_keys_col},
                                 jsonb_keys_vt = {keys_open, keys_next, 1, jsonb_keys_col};

#define GEN(n, r, vt)                                                                            \
    {.name = n, .args = {J}, .ret = r, .is_generator = true, .gen = &vt, .category = CAT}
static const struct overload gen_rows[] = {
    GEN("json_array_elements", J, elements_vt),
    GEN("jsonb_array_elements", J, elements_vt),
    GEN("json_array_elements_text", S, elements_text_vt),
    GEN("jsonb_array_elements_text", S, elements_text_vt),
    GEN("json_each", &type_each, each_vt),
    GEN("jsonb_each", &type_each, each_vt),
    GEN("json_each_text", &type_each_text, each_text_vt),
    GEN("jsonb_each_text", &type_each_text, each_text_vt),
    GEN("json_object_keys", S, json_keys_vt),
    GEN("jsonb_object_keys", S, jsonb_keys_vt),
};

const struct overload_table overloads_json_gens = {gen_rows, ARRAY_COUNT(gen_rows), false};
