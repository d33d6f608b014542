/* || on STRING and BYTES; LIKE, ILIKE, SIMILAR TO and regular expression matches. */
#include "config.h"

#include "types/fn_int.h"

SCALAR(concat)
{
    UNUSED(call);
    size_t n = (size_t)args[0].len + args[1].len;
    if (n > FN_STRING_MAX)
        return string_too_large();
    void *p;
    ERR_TRY(arena_try_alloc(env->arena, n + 1, &p));
    uint8_t *b = p;
    if (args[0].len > 0)
        memcpy(b, args[0].ptr, args[0].len);
    if (args[1].len > 0)
        memcpy(b + args[0].len, args[1].ptr, args[1].len);
    *out = datum_bytes(b, n);
    return NULL;
}

SCALAR(like)
{
    UNUSED(env), UNUSED(call);
    bool b = false;
    ERR_TRY(like_match(datum_slice(&args[0]), datum_slice(&args[1]), '\\', false, "LIKE", &b));
    *out = datum_bool(b);
    return NULL;
}

SCALAR(ilike)
{
    UNUSED(env), UNUSED(call);
    bool b = false;
    ERR_TRY(like_match(datum_slice(&args[0]), datum_slice(&args[1]), '\\', true, "LIKE", &b));
    *out = datum_bool(b);
    return NULL;
}

static struct error *
matches(struct slice text, struct slice pattern, unsigned flags, struct datum *out)
{
    struct regexp *re;
    struct regexp_match m;
    bool found = false;
    ERR_TRY(regexp_get(pattern, flags, &re));
    ERR_TRY(regexp_find(re, text, &m, &found));
    *out = datum_bool(found);
    return NULL;
}

SCALAR(similar_to)
{
    UNUSED(env), UNUSED(call);
    struct str s;
    str_init(&s, FN_STRING_MAX);
    struct error *err = similar_to_regexp(&s, datum_slice(&args[1]), '\\');
    if (err == NULL)
        err = matches(datum_slice(&args[0]), str_slice(&s), REGEXP_DOT_NEWLINE, out);
    str_release(&s);
    return err;
}

SCALAR(regexp_match_cs)
{
    UNUSED(env), UNUSED(call);
    return matches(datum_slice(&args[0]), datum_slice(&args[1]), 0, out);
}

SCALAR(regexp_match_ci)
{
    UNUSED(env), UNUSED(call);
    return matches(datum_slice(&args[0]), datum_slice(&args[1]), REGEXP_FOLD_CASE, out);
}

#define MATCH(op, f) \
    {.name = (op), .args = {&TYPE_STRING, &TYPE_STRING}, .ret = &TYPE_BOOL, .fn = (f)}

static const struct overload rows[] = {
    {.name = "||", .args = {&TYPE_STRING, &TYPE_STRING}, .ret = &TYPE_STRING, .fn = concat},
    {.name = "||", .args = {&TYPE_BYTES, &TYPE_BYTES}, .ret = &TYPE_BYTES, .fn = concat},
    MATCH("LIKE", like),
    MATCH("ILIKE", ilike),
    MATCH("SIMILAR TO", similar_to),
    MATCH("~", regexp_match_cs),
    MATCH("~*", regexp_match_ci),
};

const struct overload_table overloads_string_ops = {rows, ARRAY_COUNT(rows), true};
