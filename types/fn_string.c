/* Functions of STRING, and of BYTES where both have them: lengths, pieces, padding, case,
 * quoting. */
#include "config.h"

#include <stdio.h>
#include <unicode/uchar.h>

#include "types/fn_int.h"

/* ---- lengths -------------------------------------------------------------------------------- */

SCALAR(string_length)
{
    UNUSED(env), UNUSED(call);
    *out = datum_int((int64_t)utf8_count(datum_slice(&args[0])));
    return NULL;
}

SCALAR(byte_length)
{
    UNUSED(env), UNUSED(call);
    *out = datum_int(args[0].len);
    return NULL;
}

SCALAR(bit_length)
{
    UNUSED(env), UNUSED(call);
    *out = datum_int((int64_t)args[0].len * 8);
    return NULL;
}

/* ---- case ----------------------------------------------------------------------------------- */

typedef uint32_t (*map_fn)(uint32_t cp, void *arg);

static struct error *
map_characters(const struct eval_env *env, const struct datum *d, map_fn fn, void *arg,
               struct datum *out)
{
    struct str s;
    const uint8_t *p = d->ptr, *end = p + d->len;
    fn_str_init(&s, env);
    str_reserve(&s, d->len + 1);
    while (p < end) {
        uint32_t cp;
        uint8_t buf[4];
        size_t n = utf8_decode(p, end, &cp);
        uint32_t to = fn(cp, arg);
        if (to == cp)
            str_append(&s, p, n);
        else
            str_append(&s, buf, utf8_encode(buf, to));
        p += n;
    }
    return fn_str_done(&s, out);
}

static uint32_t
to_lower(uint32_t cp, void *arg)
{
    (void)arg;
    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    return (uint32_t)u_tolower((UChar32)cp);
}

static uint32_t
to_upper(uint32_t cp, void *arg)
{
    (void)arg;
    if (cp < 0x80)
        return cp >= 'a' && cp <= 'z' ? cp - 32 : cp;
    return (uint32_t)u_toupper((UChar32)cp);
}

/* *arg: is the next character inside a word? */
static uint32_t
to_title(uint32_t cp, void *arg)
{
    bool *in_word = arg;
    bool was = *in_word;
    if (cp < 0x80)
        *in_word = (cp >= '0' && cp <= '9') || cp == '_' ||
                   ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z');
    else
        *in_word = u_isalpha((UChar32)cp) || u_isdigit((UChar32)cp) ||
                   !u_isUWhiteSpace((UChar32)cp);
    return was ? to_lower(cp, NULL) : (uint32_t)u_totitle((UChar32)to_lower(cp, NULL));
}

SCALAR(lower)
{
    UNUSED(call);
    return map_characters(env, &args[0], to_lower, NULL, out);
}

SCALAR(upper)
{
    UNUSED(call);
    return map_characters(env, &args[0], to_upper, NULL, out);
}

SCALAR(initcap)
{
    UNUSED(call);
    bool in_word = false;
    return map_characters(env, &args[0], to_title, &in_word, out);
}

/* ---- joining -------------------------------------------------------------------------------- */

SCALAR(concat)
{
    struct str s;
    fn_str_init(&s, env);
    for (int i = 0; i < call->n_args; i++)
        if (!args[i].null)
            str_append(&s, args[i].ptr, args[i].len);
    return fn_str_done(&s, out);
}

SCALAR(concat_ws)
{
    struct str s;
    bool first = true;
    if (call->n_args == 0)
        return err_new(ERR_UNDEFINED_FUNCTION, "unknown signature: concat_ws()");
    if (args[0].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    fn_str_init(&s, env);
    for (int i = 1; i < call->n_args; i++) {
        if (args[i].null)
            continue;
        if (!first)
            str_append(&s, args[0].ptr, args[0].len);
        first = false;
        str_append(&s, args[i].ptr, args[i].len);
    }
    return fn_str_done(&s, out);
}

SCALAR(repeat)
{
    UNUSED(call);
    struct str s;
    int64_t n = args[1].i;
    if (n > 0 && args[0].len > 0 && n > (int64_t)(FN_STRING_MAX / args[0].len))
        return string_too_large();
    fn_str_init(&s, env);
    if (args[0].len > 0)
        for (int64_t i = 0; i < n; i++)
            str_append(&s, args[0].ptr, args[0].len);
    return fn_str_done(&s, out);
}

/* ---- pieces --------------------------------------------------------------------------------- */

/* Characters (bytes: bytes) from 0-based `from` up to `to`, both clamped; a part of d. */
static struct datum
piece(const struct datum *d, bool bytes, int64_t from, int64_t to)
{
    struct slice s = datum_slice(d);
    if (from < 0)
        from = 0;
    if (to <= from)
        return datum_bytes(s.ptr, 0);
    if ((uint64_t)from > s.len)
        from = (int64_t)s.len;
    if ((uint64_t)to > s.len)
        to = (int64_t)s.len;
    size_t start = bytes ? (size_t)from : utf8_offset(s, (size_t)from);
    struct slice rest = slice_make(s.ptr + start, s.len - start);
    size_t len = bytes ? (size_t)(to - from) : utf8_offset(rest, (size_t)(to - from));
    return datum_bytes(rest.ptr, len);
}

static bool
is_bytes(const struct fn_call *call)
{
    return call->overload->args[0]->family == FAMILY_BYTES;
}

static struct error *
substring(const struct datum *args, bool bytes, bool has_length, struct datum *out)
{
    int64_t from, to = INT64_MAX;
    if (__builtin_sub_overflow(args[1].i, 1, &from))
        from = INT64_MIN;
    if (has_length) {
        if (args[2].i < 0)
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           bytes ? "negative byte subarray length %lld not allowed"
                                 : "negative substring length %lld not allowed",
                           (long long)args[2].i);
        if (__builtin_add_overflow(from, args[2].i, &to))
            to = INT64_MAX;
    }
    *out = piece(&args[0], bytes, from, to);
    return NULL;
}

SCALAR(substr_from)
{
    UNUSED(env);
    return substring(args, is_bytes(call), false, out);
}

SCALAR(substr_from_for)
{
    UNUSED(env);
    return substring(args, is_bytes(call), true, out);
}

static int64_t
length_of(const struct datum *d, bool bytes)
{
    return bytes ? (int64_t)d->len : (int64_t)utf8_count(datum_slice(d));
}

SCALAR(left)
{
    UNUSED(env);
    bool bytes = is_bytes(call);
    int64_t n = args[1].i;
    if (n < 0)
        n = -n > 0 ? length_of(&args[0], bytes) + n : 0;
    *out = piece(&args[0], bytes, 0, n);
    return NULL;
}

SCALAR(right)
{
    UNUSED(env);
    bool bytes = is_bytes(call);
    int64_t n = args[1].i, len = length_of(&args[0], bytes);
    int64_t from = n >= 0 ? (n > len ? 0 : len - n) : (n == INT64_MIN ? len : -n);
    *out = piece(&args[0], bytes, from, INT64_MAX);
    return NULL;
}

/* Byte position of sub in s at or after `from`; s.len + 1 when it is not there. */
static size_t
find(struct slice s, struct slice sub, size_t from)
{
    if (sub.len == 0)
        return from;
    const uint8_t *p = from < s.len ? memmem(s.ptr + from, s.len - from, sub.ptr, sub.len) : NULL;
    return p == NULL ? s.len + 1 : (size_t)(p - s.ptr);
}

SCALAR(strpos)
{
    UNUSED(env);
    struct slice s = datum_slice(&args[0]);
    size_t at = find(s, datum_slice(&args[1]), 0);
    if (at > s.len)
        *out = datum_int(0);
    else
        *out = datum_int((int64_t)(is_bytes(call) ? at : utf8_count(slice_make(s.ptr, at))) + 1);
    return NULL;
}

SCALAR(split_part)
{
    UNUSED(env), UNUSED(call);
    struct slice s = datum_slice(&args[0]), sep = datum_slice(&args[1]);
    int64_t field = args[2].i;
    if (field <= 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "field position %lld must be greater than zero",
                       (long long)field);
    if (sep.len == 0) { /* every character is a field */
        *out = piece(&args[0], false, field - 1, field);
        return NULL;
    }
    size_t start = 0;
    for (;;) {
        size_t at = find(s, sep, start);
        size_t end = at > s.len ? s.len : at;
        if (--field == 0) {
            *out = datum_bytes(s.ptr + start, end - start);
            return NULL;
        }
        if (at > s.len)
            break;
        start = at + sep.len;
    }
    *out = datum_bytes(s.ptr, 0);
    return NULL;
}

static struct error *
overlay_range(const struct eval_env *env, const struct datum *args, int64_t size,
              struct datum *out)
{
    struct slice s = datum_slice(&args[0]);
    int64_t pos = args[2].i, after;
    if (pos < 1)
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "non-positive substring length not allowed: %lld", (long long)pos);
    int64_t n = (int64_t)utf8_count(s);
    pos = pos - 1 > n ? n : pos - 1;
    if (__builtin_add_overflow(pos, size, &after))
        after = size > 0 ? n : 0;
    after = after < 0 ? 0 : after > n ? n : after;
    struct str b;
    fn_str_init(&b, env);
    str_append(&b, s.ptr, utf8_offset(s, (size_t)pos));
    str_append(&b, args[1].ptr, args[1].len);
    size_t rest = utf8_offset(s, (size_t)after);
    str_append(&b, s.ptr + rest, s.len - rest);
    return fn_str_done(&b, out);
}

SCALAR(overlay)
{
    UNUSED(call);
    return overlay_range(env, args, (int64_t)utf8_count(datum_slice(&args[1])), out);
}

SCALAR(overlay_size)
{
    UNUSED(call);
    return overlay_range(env, args, args[3].i, out);
}

/* ---- padding and trimming ------------------------------------------------------------------- */

static struct error *
pad(const struct eval_env *env, const struct datum *args, struct slice fill, bool on_left,
    struct datum *out)
{
    int64_t want = args[1].i < 0 ? 0 : args[1].i;
    struct slice s = datum_slice(&args[0]);
    if (want > (int64_t)FN_STRING_MAX)
        return string_too_large();
    int64_t have = (int64_t)utf8_count(s);
    if (want <= have) {
        *out = piece(&args[0], false, 0, want);
        return NULL;
    }
    if (fill.len == 0) {
        *out = args[0];
        return NULL;
    }
    struct str b;
    fn_str_init(&b, env);
    if (!on_left)
        str_append_slice(&b, s);
    size_t fill_count = utf8_count(fill);
    size_t missing = (size_t)(want - have);
    for (; missing >= fill_count; missing -= fill_count)
        str_append_slice(&b, fill);
    str_append(&b, fill.ptr, utf8_offset(fill, missing));
    if (on_left)
        str_append_slice(&b, s);
    return fn_str_done(&b, out);
}

SCALAR(lpad)
{
    return pad(env, args, call->n_args > 2 ? datum_slice(&args[2]) : SLICE_LIT(" "), true, out);
}

SCALAR(rpad)
{
    return pad(env, args, call->n_args > 2 ? datum_slice(&args[2]) : SLICE_LIT(" "), false, out);
}

/* What each character of a set stands for, by hash; the last one counts when it is there twice. */
struct char_map {
    struct char_slot {
        uint32_t key; /* code point + 1; 0: empty */
        uint32_t at, len; /* in the text that it becomes */
    } *slots;
    size_t mask;
};

static struct char_slot *
char_slot(const struct char_map *m, uint32_t cp)
{
    size_t i = cp * 0x9e3779b1u & m->mask;
    while (m->slots[i].key != 0 && m->slots[i].key != cp + 1)
        i = (i + 1) & m->mask;
    return &m->slots[i];
}

static struct char_map
char_map_make(const struct eval_env *env, struct slice from, struct slice to)
{
    struct char_map m = {NULL, 15};
    size_t n = utf8_count(from);
    while (m.mask < 2 * n)
        m.mask = m.mask * 2 + 1;
    m.slots = arena_alloc_array(env->arena, m.mask + 1, sizeof(*m.slots));
    const uint8_t *f = from.ptr, *f_end = f + from.len, *t = to.ptr, *t_end = t + to.len;
    while (f < f_end) {
        uint32_t cp, ignored;
        f += utf8_decode(f, f_end, &cp);
        size_t tn = t < t_end ? utf8_decode(t, t_end, &ignored) : 0;
        *char_slot(&m, cp) = (struct char_slot){cp + 1, (uint32_t)(t - to.ptr), (uint32_t)tn};
        t += tn;
    }
    return m;
}

static bool
is_in(uint32_t cp, const struct char_map *set)
{
    if (set == NULL)
        return cp < 0x80 ? cp == ' ' || (cp >= '\t' && cp <= '\r') : u_isUWhiteSpace((UChar32)cp);
    return char_slot(set, cp)->key != 0;
}

static void
trim(struct datum *d, const struct char_map *set, bool left, bool right)
{
    const uint8_t *p = d->ptr, *end = p + d->len;
    uint32_t cp;
    while (left && p < end) {
        size_t n = utf8_decode(p, end, &cp);
        if (!is_in(cp, set))
            break;
        p += n;
    }
    while (right && p < end) {
        const uint8_t *q = end - 1;
        while (q > p && (*q & 0xC0) == 0x80 && end - q < 4)
            q--;
        utf8_decode(q, end, &cp);
        if (!is_in(cp, set))
            break;
        end = q;
    }
    *d = datum_bytes(p, (size_t)(end - p));
}

#define TRIM(name, left, right)                            \
    SCALAR(name)                                           \
    {                                                      \
        struct char_map set = {NULL, 0};                   \
        if (call->n_args > 1)                              \
            set = char_map_make(env, datum_slice(&args[1]), SLICE_LIT("")); \
        *out = args[0];                                    \
        trim(out, call->n_args > 1 ? &set : NULL, left, right); \
        return NULL;                                       \
    }

TRIM(btrim, true, true)
TRIM(ltrim, true, false)
TRIM(rtrim, false, true)

/* ---- exchanging ----------------------------------------------------------------------------- */

SCALAR(replace)
{
    UNUSED(call);
    struct slice s = datum_slice(&args[0]), from = datum_slice(&args[1]),
                 to = datum_slice(&args[2]);
    struct str b;
    fn_str_init(&b, env);
    size_t at = 0;
    if (from.len == 0) { /* in front of every character and at the end */
        while (at < s.len) {
            uint32_t cp;
            size_t n = utf8_decode(s.ptr + at, s.ptr + s.len, &cp);
            str_append_slice(&b, to);
            str_append(&b, s.ptr + at, n);
            at += n;
        }
        str_append_slice(&b, to);
        return fn_str_done(&b, out);
    }
    for (;;) {
        size_t next = find(s, from, at);
        if (next > s.len)
            break;
        str_append(&b, s.ptr + at, next - at);
        str_append_slice(&b, to);
        at = next + from.len;
    }
    str_append(&b, s.ptr + at, s.len - at);
    return fn_str_done(&b, out);
}

/* Character i of `from` becomes character i of `to`, or goes when there is none. */
SCALAR(translate)
{
    UNUSED(call);
    struct slice to = datum_slice(&args[2]);
    const uint8_t *p = args[0].ptr, *end = p + args[0].len;
    struct char_map map = char_map_make(env, datum_slice(&args[1]), to);
    struct str b;
    fn_str_init(&b, env);
    while (p < end) {
        uint32_t cp;
        size_t n = utf8_decode(p, end, &cp);
        const struct char_slot *x = char_slot(&map, cp);
        if (x->key == 0)
            str_append(&b, p, n);
        else if (x->len > 0)
            str_append(&b, to.ptr + x->at, x->len);
        p += n;
    }
    return fn_str_done(&b, out);
}

SCALAR(reverse)
{
    UNUSED(call);
    uint8_t *b = arena_alloc(env->arena, args[0].len + 1);
    const uint8_t *p = args[0].ptr, *end = p + args[0].len;
    uint8_t *q = b + args[0].len;
    while (p < end) {
        uint32_t cp;
        size_t n = utf8_decode(p, end, &cp);
        q -= n;
        memcpy(q, p, n);
        p += n;
    }
    *out = datum_bytes(b, args[0].len);
    return NULL;
}

SCALAR(ascii)
{
    UNUSED(env), UNUSED(call);
    uint32_t cp;
    if (args[0].len == 0)
        return invalid_parameter("the input string must not be empty");
    utf8_decode(args[0].ptr, args[0].ptr + args[0].len, &cp);
    *out = datum_int(cp);
    return NULL;
}

SCALAR(chr)
{
    UNUSED(call);
    int64_t v = args[0].i;
    if (v < 0)
        return invalid_parameter("input value must be >= 0");
    if (v > 0x10FFFF)
        return invalid_parameter("input value must be <= 1114111 (maximum Unicode code point)");
    uint8_t *b = arena_alloc(env->arena, 4);
    bool surrogate = v >= 0xD800 && v <= 0xDFFF;
    *out = datum_bytes(b, utf8_encode(b, surrogate ? 0xFFFD : (uint32_t)v));
    return NULL;
}

/* ---- numbers as text ------------------------------------------------------------------------ */

SCALAR(to_hex)
{
    UNUSED(call);
    *out = datum_cstr(arena_printf(env->arena, "%llx", (unsigned long long)args[0].i));
    return NULL;
}

SCALAR(bytes_to_hex)
{
    UNUSED(call);
    struct str s;
    fn_str_init(&s, env);
    for (uint32_t i = 0; i < args[0].len; i++)
        str_printf(&s, "%02x", args[0].ptr[i]);
    return fn_str_done(&s, out);
}

/* Digit by digit: minus-four-two. */
SCALAR(to_english)
{
    UNUSED(call);
    static const char *const digits[] = {"zero", "one", "two",   "three", "four",
                                         "five", "six", "seven", "eight", "nine"};
    struct str s;
    fn_str_init(&s, env);
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)args[0].i);
    for (int i = 0; i < n; i++) {
        if (i > 0)
            str_append_char(&s, '-');
        str_append_cstr(&s, text[i] == '-' ? "minus" : digits[text[i] - '0']);
    }
    return fn_str_done(&s, out);
}

/* ---- quoting -------------------------------------------------------------------------------- */

SCALAR(quote_ident)
{
    UNUSED(call);
    struct str s;
    fn_str_init(&s, env);
    sql_quote_ident(&s, datum_slice(&args[0]));
    return fn_str_done(&s, out);
}

static struct error *
quote(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
      struct datum *out)
{
    struct str text, s;
    str_init_arena(&text, env->arena, FN_STRING_MAX);
    datum_format(&text, call->arg_types[0], &args[0], TEXT_CAST, env);
    ERR_TRY(str_error(&text));
    fn_str_init(&s, env);
    sql_quote_string(&s, str_slice(&text));
    return fn_str_done(&s, out);
}

SCALAR(quote_literal)
{
    return quote(env, call, args, out);
}

SCALAR(quote_nullable)
{
    if (!args[0].null)
        return quote(env, call, args, out);
    *out = datum_cstr("NULL");
    return NULL;
}

SCALAR(pg_collation_for)
{
    const struct type *t = call->arg_types[0];
    if (t->family == FAMILY_STRING)
        *out = datum_cstr("\"default\"");
    else if (t->family == FAMILY_COLLATED_STRING)
        *out = datum_cstr(arena_printf(env->arena, "\"%s\"", t->locale));
    else
        return err_new(ERR_DATATYPE_MISMATCH, "collations are not supported by type: %s",
                       type_name_str(env->arena, t));
    if (args[0].null)
        *out = DATUM_NULL;
    return NULL;
}

/* ---- table ---------------------------------------------------------------------------------- */

#define F1(n, a, r, f) \
    {.name = n, .args = {&TYPE_##a}, .ret = &TYPE_##r, .fn = f, .category = "String"}
#define F2(n, a, b, r, f) \
    {.name = n, .args = {&TYPE_##a, &TYPE_##b}, .ret = &TYPE_##r, .fn = f, .category = "String"}
#define F3(n, a, b, c, r, f)                                                       \
    {.name = n, .args = {&TYPE_##a, &TYPE_##b, &TYPE_##c}, .ret = &TYPE_##r, .fn = f, \
     .category = "String"}

static const struct overload rows[] = {
    F1("length", STRING, INT8, string_length),
    F1("length", BYTES, INT8, byte_length),
    F1("char_length", STRING, INT8, string_length),
    F1("char_length", BYTES, INT8, byte_length),
    F1("character_length", STRING, INT8, string_length),
    F1("character_length", BYTES, INT8, byte_length),
    F1("octet_length", STRING, INT8, byte_length),
    F1("octet_length", BYTES, INT8, byte_length),
    F1("bit_length", STRING, INT8, bit_length),
    F1("bit_length", BYTES, INT8, bit_length),
    F1("lower", STRING, STRING, lower),
    F1("upper", STRING, STRING, upper),
    F1("initcap", STRING, STRING, initcap),
    {.name = "concat", .variadic = &TYPE_STRING, .ret = &TYPE_STRING, .fn = concat,
     .null_args = true, .category = "String"},
    {.name = "concat_ws", .variadic = &TYPE_STRING, .ret = &TYPE_STRING, .fn = concat_ws,
     .null_args = true, .category = "String"},
    F2("repeat", STRING, INT8, STRING, repeat),
    F2("substr", STRING, INT8, STRING, substr_from),
    F3("substr", STRING, INT8, INT8, STRING, substr_from_for),
    F2("substr", BYTES, INT8, BYTES, substr_from),
    F3("substr", BYTES, INT8, INT8, BYTES, substr_from_for),
    F2("substring", STRING, INT8, STRING, substr_from),
    F3("substring", STRING, INT8, INT8, STRING, substr_from_for),
    F2("substring", BYTES, INT8, BYTES, substr_from),
    F3("substring", BYTES, INT8, INT8, BYTES, substr_from_for),
    F2("left", STRING, INT8, STRING, left),
    F2("left", BYTES, INT8, BYTES, left),
    F2("right", STRING, INT8, STRING, right),
    F2("right", BYTES, INT8, BYTES, right),
    F2("strpos", STRING, STRING, INT8, strpos),
    F2("strpos", BYTES, BYTES, INT8, strpos),
    F3("split_part", STRING, STRING, INT8, STRING, split_part),
    F3("overlay", STRING, STRING, INT8, STRING, overlay),
    {.name = "overlay", .args = {&TYPE_STRING, &TYPE_STRING, &TYPE_INT8, &TYPE_INT8},
     .ret = &TYPE_STRING, .fn = overlay_size, .category = "String"},
    F2("lpad", STRING, INT8, STRING, lpad),
    F3("lpad", STRING, INT8, STRING, STRING, lpad),
    F2("rpad", STRING, INT8, STRING, rpad),
    F3("rpad", STRING, INT8, STRING, STRING, rpad),
    F2("btrim", STRING, STRING, STRING, btrim),
    F1("btrim", STRING, STRING, btrim),
    F2("ltrim", STRING, STRING, STRING, ltrim),
    F1("ltrim", STRING, STRING, ltrim),
    F2("rtrim", STRING, STRING, STRING, rtrim),
    F1("rtrim", STRING, STRING, rtrim),
    F3("replace", STRING, STRING, STRING, STRING, replace),
    F3("translate", STRING, STRING, STRING, STRING, translate),
    F1("reverse", STRING, STRING, reverse),
    F1("ascii", STRING, INT8, ascii),
    F1("chr", INT8, STRING, chr),
    F1("to_hex", INT8, STRING, to_hex),
    F1("to_hex", BYTES, STRING, bytes_to_hex),
    F1("to_hex", STRING, STRING, bytes_to_hex),
    F1("to_english", INT8, STRING, to_english),
    F1("quote_ident", STRING, STRING, quote_ident),
    {.name = "quote_literal", .args = {&TYPE_STRING}, .ret = &TYPE_STRING, .fn = quote_literal,
     .preferred = true, .category = "String"},
    {.name = "quote_literal", .args = {&TYPE_ANY}, .ret = &TYPE_STRING, .fn = quote_literal,
     .volatility = STABLE, .category = "String"},
    {.name = "quote_nullable", .args = {&TYPE_STRING}, .ret = &TYPE_STRING, .fn = quote_nullable,
     .null_args = true, .preferred = true, .category = "String"},
    {.name = "quote_nullable", .args = {&TYPE_ANY}, .ret = &TYPE_STRING, .fn = quote_nullable,
     .volatility = STABLE, .null_args = true, .category = "String"},
    {.name = "pg_collation_for", .args = {&TYPE_ANY}, .ret = &TYPE_STRING, .fn = pg_collation_for,
     .category = "String"},
};

const struct overload_table overloads_string_fns = {rows, ARRAY_COUNT(rows), false};
