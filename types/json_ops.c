/* Operators of JSONB, and the edits that functions share with them. */
#include "config.h"

#include <stdlib.h>

#include "types/json_fn_int.h"

#include "base/thread.h"
#include "types/fn_int.h"

struct json
json_arg(const struct datum *d)
{
    return json_root(datum_slice(d));
}

struct error *
json_result(const struct eval_env *env, struct json_node *n, struct datum *out)
{
    struct slice body;
    ERR_TRY(json_encode(env->arena, n, &body));
    *out = datum_bytes(body.ptr, body.len);
    return NULL;
}

struct error *
json_result_view(const struct eval_env *env, struct json j, struct datum *out)
{
    return json_result(env, json_from(env->arena, j), out);
}

/* ->> : strings bare, null is NULL, the rest as text. */
struct error *
json_result_text(const struct eval_env *env, struct json j, struct datum *out)
{
    struct str s;
    if (j.kind == JSON_NULL) {
        *out = DATUM_NULL;
        return NULL;
    }
    fn_str_init(&s, env);
    if (j.kind == JSON_STRING)
        str_append_slice(&s, j.data);
    else
        json_format(&s, j);
    return fn_str_done(&s, out);
}

bool
json_is_scalar(struct json j)
{
    return j.kind != JSON_ARRAY && j.kind != JSON_OBJECT;
}

/* Counted from the end when negative. */
static bool
element_at(struct json array, int64_t i, uint32_t *out)
{
    if (i < 0)
        i += array.count;
    if (i < 0 || i >= array.count)
        return false;
    *out = (uint32_t)i;
    return true;
}

static bool
parse_index(struct slice s, int64_t *out)
{
    int64_t v = 0;
    size_t i = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+');
    if (i == s.len)
        return false;
    int sign = s.ptr[0] == '-' ? -1 : 1;
    for (size_t k = i; k < s.len; k++) {
        if (s.ptr[k] < '0' || s.ptr[k] > '9' || __builtin_mul_overflow(v, 10, &v)
            || __builtin_add_overflow(v, sign * (s.ptr[k] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

bool
json_step(struct json j, struct slice key, struct json *out)
{
    int64_t i;
    uint32_t at;
    if (j.kind == JSON_OBJECT)
        return json_get(j, key, out);
    if (j.kind != JSON_ARRAY || !parse_index(key, &i) || !element_at(j, i, &at))
        return false;
    *out = json_at(j, at);
    return true;
}

/* ---- -> ->> #> #>> ---------------------------------------------------------------------------- */

static struct error *
fetch(const struct eval_env *env, bool found, struct json j, bool text, struct datum *out)
{
    if (!found) {
        *out = DATUM_NULL;
        return NULL;
    }
    return text ? json_result_text(env, j, out) : json_result_view(env, j, out);
}

static struct error *
fetch_key(const struct eval_env *env, const struct datum *args, bool text, struct datum *out)
{
    struct json v = {0};
    bool found = json_get(json_arg(&args[0]), datum_slice(&args[1]), &v);
    return fetch(env, found, v, text, out);
}

static struct error *
fetch_index(const struct eval_env *env, const struct datum *args, bool text, struct datum *out)
{
    struct json j = json_arg(&args[0]), v = {0};
    uint32_t at;
    bool found = j.kind == JSON_ARRAY && element_at(j, args[1].i, &at);
    if (found)
        v = json_at(j, at);
    return fetch(env, found, v, text, out);
}

static struct error *
fetch_path(const struct eval_env *env, const struct datum *args, bool text, struct datum *out)
{
    const struct array *path = args[1].arr;
    struct json j = json_arg(&args[0]);
    bool found = true;
    for (int i = 0; i < path->n && found; i++)
        found = !path->v[i].null && json_step(j, datum_slice(&path->v[i]), &j);
    return fetch(env, found, j, text, out);
}

#define FETCH(name, how, text)                                                                   \
    SCALAR(name)                                                                                 \
    {                                                                                            \
        UNUSED(call);                                                                            \
        return how(env, args, text, out);                                                        \
    }
FETCH(op_key, fetch_key, false)
FETCH(op_key_text, fetch_key, true)
FETCH(op_index, fetch_index, false)
FETCH(op_index_text, fetch_index, true)
FETCH(op_path, fetch_path, false)
FETCH(op_path_text, fetch_path, true)

/* ---- ? ?| ?& @> <@ ------------------------------------------------------------------------------- */

static bool
has_key(struct json j, struct slice key)
{
    if (j.kind == JSON_OBJECT)
        return json_get(j, key, NULL);
    if (j.kind == JSON_STRING)
        return slice_eq(j.data, key);
    for (uint32_t i = 0; j.kind == JSON_ARRAY && i < j.count; i++) {
        struct json v = json_at(j, i);
        if (v.kind == JSON_STRING && slice_eq(v.data, key))
            return true;
    }
    return false;
}

SCALAR(op_exists)
{
    UNUSED(env), UNUSED(call);
    *out = datum_bool(has_key(json_arg(&args[0]), datum_slice(&args[1])));
    return NULL;
}

static struct error *
exists_many(const struct eval_env *env, const struct datum *args, bool all, struct datum *out)
{
    const struct array *keys = args[1].arr;
    struct json j = json_arg(&args[0]);
    bool result = all;
    for (int i = 0; i < keys->n && result == all; i++) {
        ERR_TRY(cancel_check(env->cancel));
        if (!keys->v[i].null)
            result = has_key(j, datum_slice(&keys->v[i]));
    }
    *out = datum_bool(result);
    return NULL;
}

SCALAR(op_exists_any)
{
    UNUSED(call);
    return exists_many(env, args, false, out);
}

SCALAR(op_exists_all)
{
    UNUSED(call);
    return exists_many(env, args, true, out);
}

static struct error *contains(const struct eval_env *env, struct json a, struct json b, bool *r);

static struct error *
array_contains(const struct eval_env *env, struct json a, struct json b, bool *r)
{
    ERR_TRY(cancel_check(env->cancel));
    *r = false;
    for (uint32_t i = 0; i < a.count && !*r; i++)
        ERR_TRY(contains(env, json_at(a, i), b, r));
    return NULL;
}

/* Kinds must agree here; only at the top may an array contain a bare scalar. */
static struct error *
contains(const struct eval_env *env, struct json a, struct json b, bool *r)
{
    *r = a.kind == b.kind;
    if (*r && json_is_scalar(a))
        *r = json_compare(a, b) == 0;
    if (!*r || json_is_scalar(a))
        return NULL;
    for (uint32_t i = 0; i < b.count && *r; i++) {
        struct slice key;
        struct json v, mine;
        if (b.kind == JSON_ARRAY) {
            ERR_TRY(array_contains(env, a, json_at(b, i), r));
        } else {
            json_pair(b, i, &key, &v);
            *r = json_get(a, key, &mine);
            if (*r)
                ERR_TRY(contains(env, mine, v, r));
        }
    }
    return NULL;
}

static struct error *
contains_top(const struct eval_env *env, struct json a, struct json b, struct datum *out)
{
    bool r;
    if (a.kind == JSON_ARRAY && json_is_scalar(b))
        ERR_TRY(array_contains(env, a, b, &r));
    else
        ERR_TRY(contains(env, a, b, &r));
    *out = datum_bool(r);
    return NULL;
}

SCALAR(op_contains)
{
    UNUSED(call);
    return contains_top(env, json_arg(&args[0]), json_arg(&args[1]), out);
}

SCALAR(op_contained)
{
    UNUSED(call);
    return contains_top(env, json_arg(&args[1]), json_arg(&args[0]), out);
}

/* ---- || ------------------------------------------------------------------------------------------- */

static void
push_all(struct arena *a, struct json_node *to, struct json j)
{
    if (j.kind != JSON_ARRAY) {
        json_push(to, json_from(a, j));
        return;
    }
    for (uint32_t i = 0; i < j.count; i++)
        json_push(to, json_from(a, json_at(j, i)));
}

SCALAR(op_concat)
{
    struct json x = json_arg(&args[0]), y = json_arg(&args[1]);
    struct json_node *n;
    UNUSED(call);
    if (x.kind == JSON_OBJECT && y.kind == JSON_OBJECT) {
        n = json_from(env->arena, x);
        for (uint32_t i = 0; i < y.count; i++) {
            struct slice key;
            struct json v;
            json_pair(y, i, &key, &v);
            json_set(n, key, json_from(env->arena, v));
        }
        return json_result(env, n, out);
    }
    if ((x.kind == JSON_OBJECT && y.kind != JSON_ARRAY)
        || (y.kind == JSON_OBJECT && x.kind != JSON_ARRAY))
        return invalid_parameter("invalid concatenation of jsonb objects");
    n = json_new_array(env->arena);
    push_all(env->arena, n, x);
    push_all(env->arena, n, y);
    return json_result(env, n, out);
}

/* ---- deleting ---------------------------------------------------------------------------------- */

/* j without what is at index `skip` (array or object). */
static struct json_node *
without(struct arena *a, struct json j, uint32_t skip)
{
    struct json_node *n = j.kind == JSON_ARRAY ? json_new_array(a) : json_new_object(a);
    for (uint32_t i = 0; i < j.count; i++) {
        struct slice key;
        struct json v;
        if (i == skip)
            continue;
        if (j.kind == JSON_ARRAY) {
            json_push(n, json_from(a, json_at(j, i)));
        } else {
            json_pair(j, i, &key, &v);
            json_set(n, key, json_from(a, v));
        }
    }
    return n;
}

/* Where a key stands in an object. */
static bool
pair_index(struct json j, struct slice key, uint32_t *out)
{
    struct slice k;
    for (uint32_t i = 0; i < j.count; i++) {
        json_pair(j, i, &k, NULL);
        if (slice_eq(k, key)) {
            *out = i;
            return true;
        }
    }
    return false;
}

static int
text_cmp(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Objects lose the keys, arrays the strings, that are in the sorted texts. */
static struct error *
delete_keys(const struct eval_env *env, const struct datum *d, const struct slice *texts, size_t n,
            struct datum *out)
{
    struct json j = json_arg(d);
    if (json_is_scalar(j))
        return invalid_parameter("cannot delete from scalar");
    struct json_node *left = j.kind == JSON_ARRAY ? json_new_array(env->arena)
                                                  : json_new_object(env->arena);
    for (uint32_t i = 0; i < j.count; i++) {
        struct slice key = SLICE_NULL;
        struct json v;
        bool gone;
        if (j.kind == JSON_OBJECT) {
            json_pair(j, i, &key, &v);
            gone = bsearch(&key, texts, n, sizeof(*texts), text_cmp) != NULL;
        } else {
            v = json_at(j, i);
            gone = v.kind == JSON_STRING
                   && bsearch(&v.data, texts, n, sizeof(*texts), text_cmp) != NULL;
        }
        if (!gone && j.kind == JSON_OBJECT)
            json_set(left, key, json_from(env->arena, v));
        else if (!gone)
            json_push(left, json_from(env->arena, v));
    }
    return json_result(env, left, out);
}

SCALAR(op_minus_key)
{
    struct slice key = datum_slice(&args[1]);
    UNUSED(call);
    return delete_keys(env, &args[0], &key, 1, out);
}

SCALAR(op_minus_index)
{
    struct json j = json_arg(&args[0]);
    uint32_t at;
    UNUSED(call);
    if (json_is_scalar(j))
        return invalid_parameter("cannot delete from scalar");
    if (j.kind == JSON_OBJECT)
        return invalid_parameter("cannot delete from object using integer index");
    if (!element_at(j, args[1].i, &at))
        return json_result_view(env, j, out);
    return json_result(env, without(env->arena, j, at), out);
}

SCALAR(op_minus_keys)
{
    const struct array *keys = args[1].arr;
    struct slice *texts = ARENA_ARRAY(env->arena, struct slice, (size_t)keys->n + 1);
    size_t n = 0;
    UNUSED(call);
    for (int i = 0; i < keys->n; i++)
        if (!keys->v[i].null)
            texts[n++] = datum_slice(&keys->v[i]);
    qsort(texts, n, sizeof(*texts), text_cmp);
    return delete_keys(env, &args[0], texts, n, out);
}

/* ---- edits at a path ----------------------------------------------------------------------------- */

static struct error *
bad_index(const struct eval_env *env, int position, struct slice key)
{
    return err_new(ERR_INVALID_TEXT_REPRESENTATION,
                   "path element at position %d is not an integer: %s", position + 1,
                   go_quoted(env->arena, key));
}

static struct error *
edit_object(const struct eval_env *env, struct json j, const struct json_edit *e, int depth,
            struct json_node **out)
{
    struct slice key = datum_slice(&e->path->v[depth]);
    struct json old;
    struct json_node *v;
    uint32_t at;
    bool last = depth + 1 == e->path->n, found = json_get(j, key, &old);
    *out = json_from(env->arena, j);
    if (!last) {
        if (found) {
            ERR_TRY(json_edit_at(env, old, e, depth + 1, &v));
            json_set(*out, key, v);
        }
        return NULL;
    }
    switch (e->kind) {
    case JSON_EDIT_DELETE:
        if (found && pair_index(j, key, &at))
            *out = without(env->arena, j, at);
        return NULL;
    case JSON_EDIT_INSERT:
        if (found)
            return invalid_parameter("cannot replace existing key");
        json_set(*out, key, json_from(env->arena, e->value));
        return NULL;
    case JSON_EDIT_SET:
        if (found || e->flag)
            json_set(*out, key, json_from(env->arena, e->value));
        return NULL;
    }
    return NULL;
}

static struct error *
edit_array(const struct eval_env *env, struct json j, const struct json_edit *e, int depth,
           struct json_node **out)
{
    struct slice key = datum_slice(&e->path->v[depth]);
    struct arena *a = env->arena;
    int64_t i;
    uint32_t at = 0;
    bool last = depth + 1 == e->path->n;
    if (!parse_index(key, &i))
        return bad_index(env, depth, key);
    bool found = element_at(j, i, &at);
    *out = json_from(a, j);
    if (!found && (!last || e->kind == JSON_EDIT_DELETE
                   || (e->kind == JSON_EDIT_SET && !e->flag)))
        return NULL;
    if (last && e->kind == JSON_EDIT_DELETE) {
        *out = without(a, j, at);
        return NULL;
    }
    struct json_node *value, *n = json_new_array(a);
    if (last)
        value = json_from(a, e->value);
    else
        ERR_TRY(json_edit_at(env, json_at(j, at), e, depth + 1, &value));
    bool replace = found && (!last || e->kind == JSON_EDIT_SET);
    /* Before the first when far left, behind the last when far right. */
    uint32_t before = !found ? (i < 0 ? 0 : j.count) : at + (!replace && e->flag);
    for (uint32_t k = 0; k < j.count; k++) {
        if (k == before)
            json_push(n, value);
        if (k != before || !replace)
            json_push(n, json_from(a, json_at(j, k)));
    }
    if (before >= j.count)
        json_push(n, value);
    *out = n;
    return NULL;
}

struct error *
json_edit_at(const struct eval_env *env, struct json j, const struct json_edit *e, int depth,
             struct json_node **out)
{
    *out = json_from(env->arena, j);
    if (e->path->n == 0)
        return NULL;
    if (depth >= JSON_MAX_DEPTH)
        return err_new(ERR_STATEMENT_TOO_COMPLEX, "path is too long");
    if (e->path->v[depth].null)
        return NULL;
    if (json_is_scalar(j)) {
        if (depth > 0)
            return NULL;
        return invalid_parameter(e->kind == JSON_EDIT_DELETE ? "cannot delete path in scalar"
                                                             : "cannot set path in scalar");
    }
    if (j.kind == JSON_OBJECT)
        return edit_object(env, j, e, depth, out);
    return edit_array(env, j, e, depth, out);
}

SCALAR(op_delete_path)
{
    UNUSED(call);
    return json_delete_path(env, args, out);
}

struct error *
json_delete_path(const struct eval_env *env, const struct datum *args, struct datum *out)
{
    struct json_edit e = {.kind = JSON_EDIT_DELETE, .path = args[1].arr};
    struct json_node *n;
    for (int i = 0; i < e.path->n; i++) {
        if (e.path->v[i].null) {
            *out = DATUM_NULL;
            return NULL;
        }
    }
    ERR_TRY(json_edit_at(env, json_arg(&args[0]), &e, 0, &n));
    return json_result(env, n, out);
}

#define BIN(op, r, ret_, fn_)                                                                    \
    {.name = op, .args = {&TYPE_JSONB, &TYPE_##r}, .ret = &TYPE_##ret_, .fn = fn_}
static const struct overload rows[] = {
    BIN("->", STRING, JSONB, op_key),
    BIN("->", INT8, JSONB, op_index),
    BIN("->>", STRING, STRING, op_key_text),
    BIN("->>", INT8, STRING, op_index_text),
    BIN("#>", STRING_ARRAY, JSONB, op_path),
    BIN("#>>", STRING_ARRAY, STRING, op_path_text),
    BIN("#-", STRING_ARRAY, JSONB, op_delete_path),
    BIN("?", STRING, BOOL, op_exists),
    BIN("?|", STRING_ARRAY, BOOL, op_exists_any),
    BIN("?&", STRING_ARRAY, BOOL, op_exists_all),
    BIN("@>", JSONB, BOOL, op_contains),
    BIN("<@", JSONB, BOOL, op_contained),
    BIN("||", JSONB, JSONB, op_concat),
    BIN("-", STRING, JSONB, op_minus_key),
    BIN("-", INT8, JSONB, op_minus_index),
    BIN("-", STRING_ARRAY, JSONB, op_minus_keys),
};

const struct overload_table overloads_json_ops = {rows, ARRAY_COUNT(rows), true};
