/* FLOAT8 and FLOAT4. A FLOAT4 datum is a double that was rounded to 32 bits. */
#include "config.h"

#include "types/type_ops_int.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/enc.h"
#include "base/hash.h"

#define FLOAT_DIGITS 15 /* DBL_DIG */

static bool
put_special(struct str *s, double f)
{
    if (isnan(f))
        str_append_cstr(s, "NaN");
    else if (isinf(f))
        str_append_cstr(s, f > 0 ? "+Inf" : "-Inf");
    else
        return false;
    return true;
}

static void
float_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
             const struct eval_env *env)
{
    (void)t;
    (void)mode;
    if (put_special(s, d->f))
        return;
    int extra = env != NULL ? env->extra_float_digits : 0;
    if (extra >= 3) {
        float_put_shortest(s, d->f);
        return;
    }
    int digits = FLOAT_DIGITS + extra;
    float_put_digits(s, d->f, digits < 1 ? 1 : digits);
}

static void
float_format_sql(struct str *s, const struct type *t, const struct datum *d,
                 const struct eval_env *env)
{
    (void)t;
    (void)env;
    if (isnan(d->f) || isinf(d->f)) {
        str_append_char(s, '\'');
        put_special(s, d->f);
        str_append_char(s, '\'');
    } else if (d->f == trunc(d->f) && fabs(d->f) < 1000000) {
        str_printf(s, "%.1f", d->f);
    } else {
        float_put_shortest(s, d->f);
    }
}

static bool
word_is(const char *p, const char *word)
{
    for (; *word != '\0'; p++, word++)
        if ((*p | 0x20) != *word)
            return false;
    return *p == '\0';
}

/* Go's ParseFloat: decimal or hexadecimal numbers, inf, infinity, nan; nothing else around it. */
static bool
is_float_text(const char *p)
{
    if (*p == '+' || *p == '-')
        p++;
    if (word_is(p, "inf") || word_is(p, "infinity") || word_is(p, "nan"))
        return true;
    bool hex = p[0] == '0' && (p[1] | 0x20) == 'x', digits = false, dot = false;
    if (hex)
        p += 2;
    for (;; p++) {
        bool digit = (*p >= '0' && *p <= '9') ||
                     (hex && (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f' && *p != '\0');
        if (digit)
            digits = true;
        else if (*p == '.' && !dot)
            dot = true;
        else
            break;
    }
    if (!digits)
        return false;
    if (*p != '\0' && (*p | 0x20) == (hex ? 'p' : 'e')) {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        if (*p < '0' || *p > '9')
            return false;
        while (*p >= '0' && *p <= '9')
            p++;
    }
    return *p == '\0';
}

static struct error *
float_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    char *copy = arena_strndup(env->arena, (const char *)text.ptr, text.len);
    const char *why = "invalid syntax";
    (void)t;
    if (strlen(copy) == text.len && is_float_text(copy)) {
        double f = strtod(copy, NULL);
        const char *p = *copy == '-' || *copy == '+' ? copy + 1 : copy;
        bool named_inf = (*p | 0x20) == 'i';
        if (!isinf(f) || named_inf) {
            out->f = f;
            return NULL;
        }
        why = "value out of range";
    }
    return type_parse_error(env, &TYPE_FLOAT8, text,
                            arena_printf(env->arena, "strconv.ParseFloat: parsing %s: %s",
                                         go_quoted(env->arena, text), why));
}

static struct error *
float_fit(const struct eval_env *env, const struct type *t, struct datum *d)
{
    (void)env;
    if (t->width == 32)
        d->f = (double)(float)d->f;
    return NULL;
}

static struct error *
float_to_binary(struct str *s, const struct type *t, const struct datum *d,
                const struct eval_env *env)
{
    (void)env;
    uint8_t b[8];
    if (t->width == 32) {
        float f = (float)d->f;
        uint32_t u;
        memcpy(&u, &f, 4);
        enc_put_be32(b, u);
        str_append(s, b, 4);
    } else {
        enc_put_be64(b, (uint64_t)d->i);
        str_append(s, b, 8);
    }
    return NULL;
}

static struct error *
float_from_binary(const struct eval_env *env, const struct type *t, struct slice b,
                  struct datum *out)
{
    (void)env;
    ERR_TRY(type_binary_size(t, b, t->width == 32 ? 4 : 8));
    if (t->width == 32) {
        uint32_t u = enc_get_be32(b.ptr);
        float f;
        memcpy(&f, &u, 4);
        out->f = (double)f;
    } else {
        out->i = (int64_t)enc_get_be64(b.ptr);
    }
    return NULL;
}

static int
float_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    (void)t;
    if (a->f < b->f)
        return -1;
    if (a->f > b->f)
        return 1;
    if (a->f == b->f)
        return 0;
    return (isnan(a->f) ? 0 : 1) - (isnan(b->f) ? 0 : 1); /* NaN = NaN, and first */
}

static uint64_t
float_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    (void)t;
    struct datum x = *d;
    if (x.f == 0)
        x.f = 0; /* -0 too */
    else if (isnan(x.f))
        x.i = INT64_C(0x7ff8000000000001);
    return hash_u64((uint64_t)x.i, seed);
}

const struct type_ops type_ops_float = {
    .name = "float",
    .format = float_format,
    .format_sql = float_format_sql,
    .parse = float_parse,
    .to_binary = float_to_binary,
    .from_binary = float_from_binary,
    .compare = float_compare,
    .hash = float_hash,
    .fit = float_fit,
};
