/* Arrays as a type: text, binary, order, casts. */
#include "config.h"

#include "base/enc.h"
#include "base/hash.h"
#include "types/array_int.h"
#include "types/fn_int.h"

#define OID_INT2VECTOR 22
#define OID_OIDVECTOR 30
#define ARRAY_MAX_ELEMENTS (1 << 27)

struct datum
array_make(struct arena *a, const struct type *elem, int n, const struct datum *v)
{
    struct array *arr = ARENA_NEW(a, struct array);
    *arr = (struct array){.n = n, .elem = elem, .v = v};
    return (struct datum){.arr = arr};
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool
is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
needs_quotes(struct slice s)
{
    if (s.len == 0)
        return true;
    if (s.len == 4 && (s.ptr[0] | 0x20) == 'n' && (s.ptr[1] | 0x20) == 'u'
        && (s.ptr[2] | 0x20) == 'l' && (s.ptr[3] | 0x20) == 'l')
        return true;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '{' || c == '}' || c == ',' || c == '"' || c == '\\' || is_space(c))
            return true;
        /* U+0085 and U+00A0 are white space as well. */
        if (c == 0xc2 && i + 1 < s.len && (s.ptr[i + 1] == 0x85 || s.ptr[i + 1] == 0xa0))
            return true;
    }
    return false;
}

static void
put_element(struct str *s, struct slice text)
{
    if (!needs_quotes(text)) {
        str_append_slice(s, text);
        return;
    }
    str_append_char(s, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            str_append_char(s, '\\');
        str_append_char(s, (char)text.ptr[i]);
    }
    str_append_char(s, '"');
}

static void
format_vector(struct str *s, const struct array *arr, const struct eval_env *env)
{
    for (int i = 0; i < arr->n; i++) {
        if (i > 0)
            str_append_char(s, ' ');
        if (!arr->v[i].null)
            datum_format(s, arr->elem, &arr->v[i], TEXT_WIRE, env);
    }
}

static void
array_format_sql(struct str *s, const struct type *t, const struct datum *d,
                 const struct eval_env *env)
{
    (void)t;
    str_append_cstr(s, "ARRAY[");
    for (int i = 0; i < d->arr->n; i++) {
        if (i > 0)
            str_append_char(s, ',');
        datum_format_sql(s, d->arr->elem, &d->arr->v[i], true, env);
    }
    str_append_char(s, ']');
}

/* Elements as v20.1 writes them inside braces: t and f, everything else as a cast gives it. */
static void
array_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
             const struct eval_env *env)
{
    const struct array *arr = d->arr;
    struct str text;
    if (mode == TEXT_EXPORT) {
        array_format_sql(s, t, d, env);
        return;
    }
    if (t->oid == OID_INT2VECTOR || t->oid == OID_OIDVECTOR) {
        format_vector(s, arr, env);
        return;
    }
    bool wire = arr->elem->family == FAMILY_BOOL;
    str_init(&text, STR_MAX_DEFAULT);
    str_append_char(s, '{');
    for (int i = 0; i < arr->n; i++) {
        if (i > 0)
            str_append_char(s, ',');
        if (arr->v[i].null) {
            str_append_cstr(s, "NULL");
            continue;
        }
        str_clear(&text);
        datum_format(&text, arr->elem, &arr->v[i], wire ? TEXT_WIRE : TEXT_CAST, env);
        put_element(s, str_slice(&text));
    }
    str_append_char(s, '}');
    str_release(&text);
}

struct array_parser {
    const struct eval_env *env;
    const struct type *t;
    struct slice text;
    const uint8_t *p, *end;
    int n, cap;
    struct datum *v;
};

static struct error *
array_error(const struct array_parser *p, const char *reason)
{
    return type_parse_error(p->env, p->t, p->text, reason);
}

static void
skip_spaces(struct array_parser *p)
{
    while (p->p < p->end && is_space(*p->p))
        p->p++;
}

static struct error *
push(struct array_parser *p, struct datum d)
{
    if (p->n == ARRAY_MAX_ELEMENTS)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "array has too many elements");
    if (p->n == p->cap) {
        int cap = p->cap == 0 ? 8 : p->cap * 2;
        p->v = arena_realloc(p->env->arena, p->v, (size_t)p->cap * sizeof(*p->v),
                             (size_t)cap * sizeof(*p->v));
        p->cap = cap;
    }
    p->v[p->n++] = d;
    return NULL;
}

/* The element's text, quotes and escapes gone. */
static struct error *
scan_element(struct array_parser *p, struct str *s, bool *quoted)
{
    *quoted = p->p < p->end && *p->p == '"';
    if (*quoted) {
        for (p->p++; p->p < p->end && *p->p != '"'; p->p++) {
            if (*p->p == '\\' && ++p->p == p->end)
                break;
            str_append_char(s, (char)*p->p);
        }
        if (p->p == p->end)
            return array_error(p, "malformed array");
        p->p++;
        return NULL;
    }
    while (p->p < p->end && *p->p != ',' && *p->p != '}') {
        if (*p->p == '{')
            return err_wrap(err_unimplemented(0, "nested arrays not supported"),
                            "could not parse %s as type %s", go_quoted(p->env->arena, p->text),
                            type_name_str(p->env->arena, p->t));
        if (*p->p == '"')
            return array_error(p, "malformed array");
        if (*p->p == '\\' && p->p + 1 < p->end)
            p->p++;
        str_append_char(s, (char)*p->p++);
    }
    while (s->len > 0 && is_space((uint8_t)s->ptr[s->len - 1]))
        s->len--;
    return s->len == 0 ? array_error(p, "malformed array") : NULL;
}

static struct error *
parse_element(struct array_parser *p)
{
    struct str s;
    bool quoted;
    struct datum d;
    str_init_arena(&s, p->env->arena, STR_MAX_DEFAULT);
    ERR_TRY(scan_element(p, &s, &quoted));
    struct slice text = slice_make(s.len == 0 ? (const void *)"" : s.ptr, s.len);
    if (!quoted && text.len == 4 && (text.ptr[0] | 0x20) == 'n' && (text.ptr[1] | 0x20) == 'u'
        && (text.ptr[2] | 0x20) == 'l' && (text.ptr[3] | 0x20) == 'l')
        return push(p, DATUM_NULL);
    struct error *err = datum_parse(p->env, p->t->elem, text, &d);
    if (err != NULL)
        return err_wrap(err, "could not parse %s as type %s", go_quoted(p->env->arena, p->text),
                        type_name_str(p->env->arena, p->t));
    return push(p, d);
}

static struct error *
parse_vector(struct array_parser *p)
{
    for (skip_spaces(p); p->p < p->end; skip_spaces(p)) {
        struct datum d;
        const uint8_t *start = p->p;
        while (p->p < p->end && !is_space(*p->p))
            p->p++;
        ERR_TRY(datum_parse(p->env, p->t->elem, slice_make(start, (size_t)(p->p - start)), &d));
        ERR_TRY(push(p, d));
    }
    return NULL;
}

static struct error *
array_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    struct array_parser p = {.env = env, .t = t, .text = text, .p = text.ptr,
                             .end = text.ptr + text.len};
    skip_spaces(&p);
    if ((t->oid == OID_INT2VECTOR || t->oid == OID_OIDVECTOR) && (p.p == p.end || *p.p != '{')) {
        ERR_TRY(parse_vector(&p));
        *out = array_make(env->arena, t->elem, p.n, p.v);
        return NULL;
    }
    if (p.p == p.end || *p.p != '{')
        return array_error(&p, "array must be enclosed in { and }");
    p.p++;
    skip_spaces(&p);
    if (p.p < p.end && *p.p == '}') {
        p.p++;
    } else {
        for (;;) {
            skip_spaces(&p);
            ERR_TRY(parse_element(&p));
            skip_spaces(&p);
            if (p.p == p.end)
                return array_error(&p, "array must be enclosed in { and }");
            uint8_t c = *p.p++;
            if (c == '}')
                break;
            if (c != ',')
                return array_error(&p, "malformed array");
        }
    }
    skip_spaces(&p);
    if (p.p != p.end)
        return array_error(&p, "extra text after closing right brace");
    *out = array_make(env->arena, t->elem, p.n, p.v);
    return NULL;
}

/* ---- binary ---------------------------------------------------------------------------------- */

static void
put_be32(struct str *s, uint32_t v)
{
    uint8_t buf[4];
    enc_put_be32(buf, v);
    str_append(s, buf, 4);
}

static struct error *
array_to_binary(struct str *s, const struct type *t, const struct datum *d,
                const struct eval_env *env)
{
    const struct array *arr = d->arr;
    bool nulls = false;
    (void)t;
    for (int i = 0; i < arr->n; i++)
        nulls |= arr->v[i].null;
    put_be32(s, arr->n > 0);
    put_be32(s, nulls);
    put_be32(s, arr->elem->oid);
    if (arr->n == 0)
        return NULL;
    put_be32(s, (uint32_t)arr->n);
    put_be32(s, 1);
    for (int i = 0; i < arr->n; i++) {
        size_t at = s->len;
        put_be32(s, UINT32_MAX);
        if (arr->v[i].null)
            continue;
        ERR_TRY(datum_to_binary(s, arr->elem, &arr->v[i], env));
        if (!s->failed)
            enc_put_be32((uint8_t *)s->ptr + at, (uint32_t)(s->len - at - 4));
    }
    return NULL;
}

static struct error *
array_from_binary(const struct eval_env *env, const struct type *t, struct slice bytes,
                  struct datum *out)
{
    struct reader r = reader_make(bytes);
    uint32_t dims = reader_be32(&r);
    (void)reader_be32(&r); /* has nulls: the lengths tell */
    uint32_t oid = reader_be32(&r);
    if (r.failed || dims > 1)
        return r.failed ? type_binary_error(t, "array is truncated")
                        : err_unimplemented(32552, "multidimensional arrays unsupported");
    if (dims == 0) {
        *out = array_make(env->arena, t->elem, 0, NULL);
        return NULL;
    }
    uint32_t n = reader_be32(&r);
    (void)reader_be32(&r); /* lower bound */
    if (r.failed || n > reader_left(&r) / 4)
        return type_binary_error(t, "array is truncated");
    const struct type *sent = type_from_oid(oid);
    if (sent == NULL || sent->family != t->elem->family)
        sent = t->elem;
    void *mem;
    ERR_TRY(arena_try_alloc(env->arena, n * sizeof(struct datum), &mem));
    struct datum *v = mem;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = reader_be32(&r);
        if (len == UINT32_MAX && !r.failed) {
            v[i] = DATUM_NULL;
            continue;
        }
        if (r.failed || len > reader_left(&r))
            return type_binary_error(t, "array is truncated");
        ERR_TRY(datum_from_binary(env, sent, reader_bytes(&r, len), &v[i]));
    }
    *out = array_make(env->arena, t->elem, (int)n, v);
    return NULL;
}

/* ---- order, copies --------------------------------------------------------------------------- */

static int
array_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    const struct array *x = a->arr, *y = b->arr;
    (void)t;
    for (int i = 0; i < x->n && i < y->n; i++) {
        int c = datum_compare(x->elem, &x->v[i], &y->v[i]);
        if (c != 0)
            return c;
    }
    return (x->n > y->n) - (x->n < y->n);
}

static uint64_t
array_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    seed = hash_u64((uint64_t)d->arr->n, seed);
    for (int i = 0; i < d->arr->n; i++)
        seed = datum_hash(d->arr->elem, &d->arr->v[i], seed);
    return seed;
}

static struct datum
array_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    const struct array *arr = d->arr;
    struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)arr->n);
    (void)t;
    for (int i = 0; i < arr->n; i++)
        v[i] = datum_copy(a, arr->elem, &arr->v[i]);
    return array_make(a, t->elem != NULL ? t->elem : arr->elem, arr->n, v);
}

static size_t
array_size(const struct type *t, const struct datum *d)
{
    size_t n = sizeof(struct array);
    (void)t;
    for (int i = 0; i < d->arr->n; i++)
        n += sizeof(struct datum) + datum_size(d->arr->elem, &d->arr->v[i]);
    return n;
}

typedef struct error *(*fit_fn)(const struct eval_env *env, const struct type *t,
                                const char *column, struct datum *d);

static struct error *
fit_element(const struct eval_env *env, const struct type *t, const char *column, struct datum *d)
{
    const struct type_ops *ops = type_ops_of(t);
    (void)column;
    return ops->fit != NULL ? ops->fit(env, t, d) : NULL;
}

static struct error *
adjust_element(const struct eval_env *env, const struct type *t, const char *column,
               struct datum *d)
{
    return datum_adjust(env, t, column, d, d);
}

static struct error *
each_element(const struct eval_env *env, const struct type *t, const char *column,
             struct datum *d, fit_fn fn)
{
    const struct array *arr = d->arr;
    if (t->elem == NULL || t->elem->family == FAMILY_ANY)
        return NULL;
    struct datum *v = ARENA_ARRAY(env->arena, struct datum, (size_t)arr->n);
    for (int i = 0; i < arr->n; i++) {
        v[i] = arr->v[i];
        if (!v[i].null)
            ERR_TRY(fn(env, t->elem, column, &v[i]));
    }
    *d = array_make(env->arena, t->elem, arr->n, v);
    return NULL;
}

static struct error *
array_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    return each_element(env, t, NULL, d, fit_element);
}

static struct error *
array_adjust(const struct eval_env *env, const struct type *t, const char *column,
             struct datum *d)
{
    return each_element(env, t, column, d, adjust_element);
}

const struct type_ops type_ops_array = {
    .name = "array",
    .format = array_format,
    .format_sql = array_format_sql,
    .parse = array_parse,
    .to_binary = array_to_binary,
    .from_binary = array_from_binary,
    .compare = array_compare,
    .hash = array_hash,
    .copy = array_copy,
    .size = array_size,
    .fit = array_fit,
    .adjust = array_adjust,
};
