/* Tuples: expressions only, never columns. */
#include "config.h"

#include "types/type_ops_int.h"

#include "base/enc.h"

/* Text of one field, in bytes: each level of nesting doubles the quotes of those in it. */
#define FIELD_TEXT_MAX ((size_t)64 << 20)

static bool
needs_quotes(struct slice s)
{
    if (s.len == 0)
        return true;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] == '"' || s.ptr[i] == '\\' || s.ptr[i] == ',' ||
            s.ptr[i] == '(' || s.ptr[i] == ')')
            return true;
    return false;
}

static void
put_field(struct str *s, struct slice text)
{
    if (!needs_quotes(text)) {
        str_append_slice(s, text);
        return;
    }
    str_append_char(s, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            str_append_char(s, (char)text.ptr[i]); /* doubled */
        str_append_char(s, (char)text.ptr[i]);
    }
    str_append_char(s, '"');
}

/* Fields as v20.1 writes them, cast or sent: t and f, everything else as a cast gives it. */
static void
tuple_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
             const struct eval_env *env)
{
    struct str text;
    str_init(&text, FIELD_TEXT_MAX);
    str_append_char(s, '(');
    for (uint32_t i = 0; i < d->len && !s->failed; i++) {
        if (i > 0)
            str_append_char(s, ',');
        if (d->tup[i].null)
            continue;
        str_clear(&text);
        enum text_mode how = t->contents[i]->family == FAMILY_BOOL ? TEXT_WIRE : TEXT_CAST;
        datum_format(&text, t->contents[i], &d->tup[i], mode == TEXT_EXPORT ? mode : how, env);
        s->failed = s->failed || text.failed;
        if (!s->failed)
            put_field(s, str_slice(&text));
    }
    str_append_char(s, ')');
    str_release(&text);
}

static void
tuple_format_sql(struct str *s, const struct type *t, const struct datum *d,
                 const struct eval_env *env)
{
    str_append_char(s, '(');
    for (uint32_t i = 0; i < d->len; i++) {
        if (i > 0)
            str_append_cstr(s, ", ");
        datum_format_sql(s, t->contents[i], &d->tup[i], true, env);
    }
    str_append_cstr(s, d->len == 1 ? ",)" : ")");
}

static struct error *
tuple_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    (void)text;
    (void)out;
    return err_new(ERR_CANNOT_COERCE, "invalid cast: string -> %s", type_name_str(env->arena, t));
}

static struct error *
tuple_to_binary(struct str *s, const struct type *t, const struct datum *d,
                const struct eval_env *env)
{
    uint8_t b[8];
    enc_put_be32(b, d->len);
    str_append(s, b, 4);
    for (uint32_t i = 0; i < d->len; i++) {
        enc_put_be32(b, t->contents[i]->oid);
        enc_put_be32(b + 4, UINT32_MAX);
        size_t at = s->len + 4;
        str_append(s, b, 8);
        if (d->tup[i].null)
            continue;
        ERR_TRY(datum_to_binary(s, t->contents[i], &d->tup[i], env));
        ERR_TRY(str_error(s));
        enc_put_be32((uint8_t *)s->ptr + at, (uint32_t)(s->len - at - 4));
    }
    return NULL;
}

static struct error *
tuple_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                  struct datum *out)
{
    (void)env;
    (void)b;
    (void)out;
    return type_binary_error(t, "records are not taken as parameters");
}

static int
tuple_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    uint32_t n = a->len < b->len ? a->len : b->len;
    for (uint32_t i = 0; i < n; i++) {
        int c = datum_compare(t->contents[i], &a->tup[i], &b->tup[i]);
        if (c != 0)
            return c;
    }
    return (a->len > b->len) - (a->len < b->len);
}

static uint64_t
tuple_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    for (uint32_t i = 0; i < d->len; i++)
        seed = datum_hash(t->contents[i], &d->tup[i], seed);
    return seed;
}

static struct datum
tuple_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    struct datum *v = ARENA_ARRAY(a, struct datum, d->len + 1);
    for (uint32_t i = 0; i < d->len; i++)
        v[i] = datum_copy(a, t->contents[i], &d->tup[i]);
    return (struct datum){.tup = v, .len = d->len};
}

static size_t
tuple_size(const struct type *t, const struct datum *d)
{
    size_t n = d->len * sizeof(struct datum);
    for (uint32_t i = 0; i < d->len; i++)
        n += datum_size(t->contents[i], &d->tup[i]);
    return n;
}

const struct type_ops type_ops_tuple = {
    .name = "tuple",
    .sql_without_type = true,
    .format = tuple_format,
    .format_sql = tuple_format_sql,
    .parse = tuple_parse,
    .to_binary = tuple_to_binary,
    .from_binary = tuple_from_binary,
    .compare = tuple_compare,
    .hash = tuple_hash,
    .copy = tuple_copy,
    .size = tuple_size,
};
