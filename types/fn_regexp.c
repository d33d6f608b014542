/* Functions on patterns: regexp_replace, regexp_extract, substring, like_escape and its kin. */
#include "config.h"

#include "base/thread.h"
#include "types/fn_int.h"

/* c i s m n p w; g is told apart. */
static struct error *
read_flags(struct slice s, unsigned *flags, bool *global)
{
    *flags = REGEXP_DOT_NEWLINE;
    *global = false;
    for (size_t i = 0; i < s.len; i++)
        switch (s.ptr[i]) {
        case 'g':
            *global = true;
            break;
        case 'i':
            *flags |= REGEXP_FOLD_CASE;
            break;
        case 'c':
            *flags &= ~(unsigned)REGEXP_FOLD_CASE;
            break;
        case 's':
            *flags &= ~(unsigned)REGEXP_DOT_NEWLINE;
            break;
        case 'm':
        case 'n':
            *flags &= ~(unsigned)REGEXP_DOT_NEWLINE;
            *flags |= REGEXP_MULTI_LINE;
            break;
        case 'p':
            *flags &= ~(unsigned)(REGEXP_DOT_NEWLINE | REGEXP_MULTI_LINE);
            break;
        case 'w':
            *flags |= REGEXP_DOT_NEWLINE | REGEXP_MULTI_LINE;
            break;
        default: {
            uint32_t cp;
            size_t n = utf8_decode(s.ptr + i, s.ptr + s.len, &cp);
            return err_new(ERR_INVALID_REGULAR_EXPRESSION, "invalid regexp flag: '%.*s'", (int)n,
                           (const char *)s.ptr + i);
        }
        }
    return NULL;
}

/* The replacement with \1 .. \9 and \& filled in. */
static void
put_replacement(struct str *b, struct slice to, struct slice text, const struct regexp_match *m)
{
    for (size_t i = 0; i < to.len; i++) {
        uint8_t c = to.ptr[i];
        if (c != '\\' || i + 1 == to.len) {
            str_append_char(b, (char)c);
            continue;
        }
        c = to.ptr[++i];
        int group = c == '&' ? 0 : c >= '1' && c <= '9' ? c - '0' : -1;
        if (c == '\\')
            str_append_char(b, '\\');
        else if (group < 0) {
            str_append_char(b, '\\');
            str_append_char(b, (char)c);
        } else if (m->group[group].set)
            str_append(b, text.ptr + m->group[group].start,
                       m->group[group].end - m->group[group].start);
    }
}

#define CANCEL_EVERY 1024 /* matches */

SCALAR(regexp_replace)
{
    struct slice text = datum_slice(&args[0]), to = datum_slice(&args[2]);
    struct regexp *re;
    unsigned flags;
    bool global;
    ERR_TRY(read_flags(call->n_args > 3 ? datum_slice(&args[3]) : SLICE_NULL, &flags, &global));
    ERR_TRY(regexp_get(datum_slice(&args[1]), flags, &re));
    struct str b;
    fn_str_init(&b, env);
    size_t copied = 0, from = 0;
    bool found, matched = false, valid = utf8_is_valid(text);
    for (unsigned n = 1; from <= text.len; n++) {
        struct regexp_match m;
        if (n % CANCEL_EVERY == 0)
            ERR_TRY(cancel_check(env->cancel));
        ERR_TRY(regexp_find_from(re, text, valid, from, &m, &found));
        if (!found || b.failed)
            break;
        size_t start = m.group[0].start, end = m.group[0].end;
        /* No empty match right behind the last one. */
        if (end > start || !matched || start > copied) {
            str_append(&b, text.ptr + copied, start - copied);
            put_replacement(&b, to, text, &m);
            copied = end;
            matched = true;
            if (!global)
                break;
        }
        from = end;
        if (end == start) {
            uint32_t cp;
            from += end < text.len ? utf8_decode(text.ptr + end, text.ptr + text.len, &cp) : 1;
        }
    }
    str_append(&b, text.ptr + copied, text.len - copied);
    return fn_str_done(&b, out);
}

/* The first group, or without groups the match; NULL when there is no match. */
static struct error *
extract(struct slice text, struct slice pattern, struct datum *out)
{
    struct regexp *re;
    struct regexp_match m;
    bool found;
    ERR_TRY(regexp_get(pattern, 0, &re));
    ERR_TRY(regexp_find(re, text, &m, &found));
    *out = DATUM_NULL;
    if (found) {
        int g = m.n_groups > 0 ? 1 : 0;
        *out = datum_bytes(text.ptr + m.group[g].start, m.group[g].end - m.group[g].start);
    }
    return NULL;
}

SCALAR(regexp_extract)
{
    UNUSED(env), UNUSED(call);
    return extract(datum_slice(&args[0]), datum_slice(&args[1]), out);
}

static struct error *
read_escape(const struct datum *d, uint32_t *cp)
{
    *cp = 0;
    if (d->len > 0 && utf8_decode(d->ptr, d->ptr + d->len, cp) < d->len)
        return err_hint(err_new(ERR_INVALID_ESCAPE_SEQUENCE, "invalid escape string"),
                        "Escape string must be empty or one character.");
    return NULL;
}

/* substring(s, regex, escape): the escape character does what a backslash does otherwise. */
SCALAR(substring_escape)
{
    UNUSED(call);
    uint32_t escape;
    ERR_TRY(read_escape(&args[2], &escape));
    struct str s;
    fn_str_init(&s, env);
    for (const uint8_t *p = args[1].ptr, *end = p + args[1].len; p < end;) {
        uint32_t cp;
        size_t n = utf8_decode(p, end, &cp);
        if (cp == '\\' && escape != '\\')
            str_append(&s, "\\\\", 2);
        else if (cp == escape && escape != 0)
            str_append_char(&s, '\\');
        else
            str_append(&s, p, n);
        p += n;
    }
    ERR_TRY(str_error(&s));
    return extract(datum_slice(&args[0]), str_slice(&s), out);
}

static struct error *
like_with_escape(const struct datum *args, bool fold_case, bool negate, struct datum *out)
{
    uint32_t escape;
    bool b;
    ERR_TRY(read_escape(&args[2], &escape));
    ERR_TRY(like_match(datum_slice(&args[0]), datum_slice(&args[1]), escape, fold_case, "LIKE",
                       &b));
    *out = datum_bool(b != negate);
    return NULL;
}

static struct error *
similar_with_escape(const struct eval_env *env, const struct datum *args, bool negate,
                    struct datum *out)
{
    uint32_t escape;
    ERR_TRY(read_escape(&args[2], &escape));
    struct str s;
    fn_str_init(&s, env);
    ERR_TRY(similar_to_regexp(&s, datum_slice(&args[1]), escape));
    struct regexp *re;
    struct regexp_match m;
    bool found;
    ERR_TRY(regexp_get(str_slice(&s), REGEXP_DOT_NEWLINE, &re));
    ERR_TRY(regexp_find(re, datum_slice(&args[0]), &m, &found));
    *out = datum_bool(found != negate);
    return NULL;
}

SCALAR(like_escape)
{
    UNUSED(env), UNUSED(call);
    return like_with_escape(args, false, false, out);
}

SCALAR(not_like_escape)
{
    UNUSED(env), UNUSED(call);
    return like_with_escape(args, false, true, out);
}

SCALAR(ilike_escape)
{
    UNUSED(env), UNUSED(call);
    return like_with_escape(args, true, false, out);
}

SCALAR(not_ilike_escape)
{
    UNUSED(env), UNUSED(call);
    return like_with_escape(args, true, true, out);
}

SCALAR(similar_to_escape)
{
    UNUSED(call);
    return similar_with_escape(env, args, false, out);
}

SCALAR(not_similar_to_escape)
{
    UNUSED(call);
    return similar_with_escape(env, args, true, out);
}

#define S (&TYPE_STRING)
#define THREE(n, f) {.name = n, .args = {S, S, S}, .ret = &TYPE_BOOL, .fn = f, .category = "String"}

static const struct overload rows[] = {
    {.name = "regexp_replace", .args = {S, S, S}, .ret = S, .fn = regexp_replace,
     .category = "String"},
    {.name = "regexp_replace", .args = {S, S, S, S}, .ret = S, .fn = regexp_replace,
     .category = "String"},
    {.name = "regexp_extract", .args = {S, S}, .ret = S, .fn = regexp_extract,
     .category = "String"},
    {.name = "substring", .args = {S, S}, .ret = S, .fn = regexp_extract, .category = "String"},
    {.name = "substr", .args = {S, S}, .ret = S, .fn = regexp_extract, .category = "String"},
    {.name = "substring", .args = {S, S, S}, .ret = S, .fn = substring_escape,
     .category = "String"},
    {.name = "substr", .args = {S, S, S}, .ret = S, .fn = substring_escape, .category = "String"},
    THREE("like_escape", like_escape),
    THREE("not_like_escape", not_like_escape),
    THREE("ilike_escape", ilike_escape),
    THREE("not_ilike_escape", not_ilike_escape),
    THREE("similar_to_escape", similar_to_escape),
    THREE("not_similar_to_escape", not_similar_to_escape),
};

const struct overload_table overloads_regexp_fns = {rows, ARRAY_COUNT(rows), false};
