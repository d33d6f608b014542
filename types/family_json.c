/* JSONB as a type. */
#include "config.h"

#include "types/fn_int.h"
#include "types/json.h"

static struct json
root(const struct datum *d)
{
    return json_root(datum_slice(d));
}

static void
json_type_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
                 const struct eval_env *env)
{
    (void)t, (void)mode, (void)env;
    json_format(s, root(d));
}

static struct error *
json_type_parse(const struct eval_env *env, const struct type *t, struct slice text,
                struct datum *out)
{
    struct slice body;
    (void)t;
    /* Keys and strings of the text may be borrowed by nodes, never by the body. */
    ERR_TRY(json_parse(env->arena, text, &body));
    *out = datum_bytes(body.ptr, body.len);
    return NULL;
}

static struct error *
json_to_binary(struct str *s, const struct type *t, const struct datum *d,
               const struct eval_env *env)
{
    (void)t, (void)env;
    str_append_char(s, 1);
    json_format(s, root(d));
    return NULL;
}

static struct error *
json_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                 struct datum *out)
{
    if (b.len < 1 || b.ptr[0] != 1)
        return type_binary_error(t, "expected JSONB version 1");
    return json_type_parse(env, t, slice_make(b.ptr + 1, b.len - 1), out);
}

static int
json_type_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    return json_compare(root(a), root(b));
}

static uint64_t
json_type_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    return json_hash(root(d), seed);
}

static struct datum
json_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    (void)t;
    return datum_bytes(arena_memdup(a, d->ptr, d->len), d->len);
}

static size_t
json_size(const struct type *t, const struct datum *d)
{
    (void)t;
    return d->len;
}

const struct type_ops type_ops_json = {
    .name = "jsonb",
    .format = json_type_format,
    .parse = json_type_parse,
    .to_binary = json_to_binary,
    .from_binary = json_from_binary,
    .compare = json_type_compare,
    .hash = json_type_hash,
    .copy = json_copy,
    .size = json_size,
};
