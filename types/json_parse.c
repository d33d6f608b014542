/* Reading JSON text: a strict tokenizer with the words of Go's encoding/json, which is what v20.1's
 * clients see. It writes the encoded body as it goes; what it holds beside the body is a word for each
 * element of the arrays, and a few for each pair of the objects, that are open.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "types/enc_int.h"
#include "types/json.h"
#include "types/json_int.h"
#include "types/type_ops_int.h"


struct pair {
    const uint8_t *key;
    uint32_t key_len;
    uint32_t seq;   /* of equal keys the last one stays */
    uint32_t word;  /* of the value: JSON_E_* and length */
    uint32_t start; /* of the value's data, in body */
};

/* Bytes that grow in an arena of their own, and so in place. */
struct stack {
    struct arena *arena;
    void *ptr;
    size_t n, room; /* bytes */
};

struct parser {
    const uint8_t *p, *end;
    struct arena *texts;   /* strings with escapes */
    struct arena *numbers; /* one at a time */
    struct str body;       /* data of what is read; a container's words go in front when it ends */
    struct str spare;      /* an object being put in order */
    struct str number;
    struct stack words; /* of the arrays that are open: type and length of each element */
    struct stack pairs; /* of the objects that are open */
    bool small;
};

/* Shorter texts do without arenas of their own. */
#define SMALL_TEXT ((size_t)4096)

static struct error *
json_error(const char *fmt, ...) ERR_PRINTF(1, 2);

static struct error *
json_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct error *e = err_newv_at(__FILE__, __LINE__, ERR_INVALID_TEXT_REPRESENTATION, fmt, ap);
    va_end(ap);
    return err_wrap(e, "could not parse JSON");
}

/* c as Go quotes it: the byte is taken for a code point. */
static struct error *
bad_char(struct parser *p, const char *context)
{
    char shown[16];
    if (p->p == p->end)
        return json_error("unable to decode JSON: unexpected EOF");
    uint8_t c = *p->p;
    const char *named = c == '\'' ? "\\'" : c == '\\' ? "\\\\" : c == '\a' ? "\\a"
                        : c == '\b' ? "\\b" : c == '\f' ? "\\f" : c == '\n' ? "\\n"
                        : c == '\r' ? "\\r" : c == '\t' ? "\\t" : c == '\v' ? "\\v" : NULL;
    if (named != NULL)
        snprintf(shown, sizeof(shown), "%s", named);
    else if (c < 0x20 || c == 0x7f)
        snprintf(shown, sizeof(shown), "\\x%02x", c);
    else if (c < 0x80)
        snprintf(shown, sizeof(shown), "%c", c);
    else if (c < 0xa1 || c == 0xad)
        snprintf(shown, sizeof(shown), "\\u%04x", c);
    else
        snprintf(shown, sizeof(shown), "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    return json_error("unable to decode JSON: invalid character '%s' %s", shown, context);
}

static void
skip_space(struct parser *p)
{
    while (p->p < p->end && (*p->p == ' ' || *p->p == '\t' || *p->p == '\r' || *p->p == '\n'))
        p->p++;
}

static struct error *
parse_hex4(struct parser *p, uint32_t *out)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++, p->p++) {
        uint8_t c = p->p < p->end ? *p->p : 0;
        if (c >= '0' && c <= '9')
            v = v * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v * 16 + ((c | 0x20) - 'a' + 10);
        else
            return bad_char(p, "in \\u hexadecimal character escape");
    }
    *out = v;
    return NULL;
}

static void
append_rune(struct str *s, uint32_t cp)
{
    uint8_t buf[4];
    str_append(s, buf, utf8_encode(buf, cp));
}

/* Behind the \u; half a surrogate pair becomes U+FFFD, as in Go. */
static struct error *
parse_unicode(struct parser *p, struct str *s)
{
    uint32_t hi, lo;
    ERR_TRY(parse_hex4(p, &hi));
    while (hi >= 0xd800 && hi < 0xdc00 && p->end - p->p >= 2 && p->p[0] == '\\'
           && p->p[1] == 'u') {
        p->p += 2;
        ERR_TRY(parse_hex4(p, &lo));
        if (lo >= 0xdc00 && lo < 0xe000) {
            append_rune(s, 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00));
            return NULL;
        }
        append_rune(s, 0xfffd);
        hi = lo;
    }
    append_rune(s, hi >= 0xd800 && hi < 0xe000 ? 0xfffd : hi);
    return NULL;
}

static struct error *
parse_escape(struct parser *p, struct str *s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p->p < p->end && *p->p == 'u') {
        p->p++;
        return parse_unicode(p, s);
    }
    const char *f = p->p < p->end && *p->p != 0 ? strchr(from, *p->p) : NULL;
    if (f == NULL)
        return bad_char(p, "in string escape code");
    str_append_char(s, to[f - from]);
    p->p++;
    return NULL;
}

/* At the opening quote. Plain strings borrow the text. */
static struct error *
parse_string(struct parser *p, struct slice *out)
{
    const uint8_t *start = ++p->p;
    bool plain = true;
    struct str s;
    while (p->p < p->end && *p->p != '"' && *p->p != '\\' && *p->p >= 0x20) {
        plain = plain && *p->p < 0x80;
        p->p++;
    }
    if (p->p < p->end && *p->p == '"'
        && (plain || utf8_is_valid(slice_make(start, (size_t)(p->p - start))))) {
        *out = slice_make(start, (size_t)(p->p - start));
        p->p++;
        return NULL;
    }
    p->p = start;
    str_init_arena(&s, p->texts, STR_MAX_DEFAULT);
    while (p->p < p->end && *p->p != '"') {
        if (*p->p == '\\') {
            p->p++;
            ERR_TRY(parse_escape(p, &s));
        } else if (*p->p < 0x20) {
            return bad_char(p, "in string literal");
        } else if (*p->p < 0x80) {
            str_append_char(&s, (char)*p->p++);
        } else {
            uint32_t cp;
            p->p += utf8_decode(p->p, p->end, &cp);
            append_rune(&s, cp);
        }
    }
    if (p->p == p->end)
        return bad_char(p, "");
    p->p++;
    ERR_TRY(str_error(&s));
    *out = slice_make(s.len == 0 ? (const void *)"" : s.ptr, s.len);
    return NULL;
}

static bool
is_digit(const struct parser *p)
{
    return p->p < p->end && *p->p >= '0' && *p->p <= '9';
}

static void
skip_digits(struct parser *p)
{
    while (is_digit(p))
        p->p++;
}

static struct error *
parse_number(struct parser *p)
{
    const struct decimal *d;
    const uint8_t *start = p->p;
    if (*p->p == '-')
        p->p++;
    if (!is_digit(p))
        return bad_char(p, "in numeric literal");
    if (*p->p == '0')
        p->p++;
    else
        skip_digits(p);
    if (p->p < p->end && *p->p == '.') {
        p->p++;
        if (!is_digit(p))
            return bad_char(p, "after decimal point in numeric literal");
        skip_digits(p);
    }
    if (p->p < p->end && (*p->p | 0x20) == 'e') {
        p->p++;
        if (p->p < p->end && (*p->p == '+' || *p->p == '-'))
            p->p++;
        if (!is_digit(p))
            return bad_char(p, "in exponent of numeric literal");
        skip_digits(p);
    }
    if (!p->small)
        arena_reset(p->numbers);
    if (!decimal_parse(p->numbers, slice_make(start, (size_t)(p->p - start)), &d))
        return json_error("parse exponent: %.*s: value out of range", (int)(p->p - start), start);
    struct decimal signed_zero = *d; /* -0 stays what it is, other than a DECIMAL's */
    signed_zero.neg = *start == '-';
    str_clear(&p->number);
    decimal_value_put(&p->number, decimal_is_zero(d) ? &signed_zero : d);
    suv_put(&p->body, p->number.len);
    str_append_slice(&p->body, str_slice(&p->number));
    return str_error(&p->number);
}

static struct error *
parse_literal(struct parser *p, const char *word)
{
    char context[64];
    for (const char *w = word; *w != '\0'; w++, p->p++) {
        if (p->p == p->end || *p->p != (uint8_t)*w) {
            snprintf(context, sizeof(context), "in literal %s (expecting '%c')", word, *w);
            return bad_char(p, context);
        }
    }
    return NULL;
}

/* ---- containers ------------------------------------------------------------------------------ */

static void
stack_push(struct stack *s, const void *x, size_t size)
{
    if (s->n + size > s->room) {
        size_t room = s->room == 0 ? 256 : s->room * 2;
        s->ptr = arena_realloc(s->arena, s->ptr, s->n, room);
        s->room = room;
    }
    memcpy((uint8_t *)s->ptr + s->n, x, size);
    s->n += size;
}

static struct error *
too_large(void)
{
    return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "JSON value exceeds the maximum size");
}

/* Entry i of its group, whose data ends at `end` of the data area. */
static void
put_entry(uint8_t *at, size_t i, uint32_t type, uint32_t len, uint32_t end)
{
    bool offset = i % JSON_OFFSET_STRIDE == 0;
    enc_put_be32(at, (offset ? JSON_OFFSET_FLAG : 0) | type | (offset ? end : len));
}

/* The data of n elements lies behind `start`; their words are the last on the stack. */
static struct error *
close_array(struct parser *p, size_t start, size_t base)
{
    size_t n = (p->words.n - base) / 4, head = 4 + 4 * n, len = p->body.len - start;
    if (n > JSON_COUNT_MASK)
        return too_large();
    str_append_fill(&p->body, 0, head);
    ERR_TRY(str_error(&p->body));
    uint8_t *at = (uint8_t *)p->body.ptr + start;
    memmove(at + head, at, len);
    enc_put_be32(at, JSON_C_ARRAY | (uint32_t)n);
    uint32_t end = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, (uint8_t *)p->words.ptr + base + 4 * i, 4);
        end += word & JSON_LEN_MASK;
        put_entry(at + 4 + 4 * i, i, word & JSON_TYPE_MASK, word & JSON_LEN_MASK, end);
    }
    p->words.n = base;
    return NULL;
}

static int
pair_cmp(const void *pa, const void *pb)
{
    const struct pair *a = pa, *b = pb;
    int c = slice_cmp(slice_make(a->key, a->key_len), slice_make(b->key, b->key_len));
    return c != 0 ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

/* Returns how many stay. */
static size_t
sort_pairs(struct pair *v, size_t n)
{
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = slice_cmp(slice_make(v[i - 1].key, v[i - 1].key_len),
                           slice_make(v[i].key, v[i].key_len)) < 0;
    if (sorted)
        return n;
    qsort(v, n, sizeof(*v), pair_cmp);
    size_t to = 0;
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || !slice_eq(slice_make(v[i].key, v[i].key_len),
                                    slice_make(v[i + 1].key, v[i + 1].key_len)))
            v[to++] = v[i];
    return to;
}

static struct error *
close_object(struct parser *p, size_t start, size_t base)
{
    struct pair *v = NULL;
    size_t n = (p->pairs.n - base) / sizeof(*v);
    struct str *s = &p->spare;
    if (n > 0) {
        v = (struct pair *)((uint8_t *)p->pairs.ptr + base);
        n = sort_pairs(v, n);
    }
    if (n > JSON_COUNT_MASK)
        return too_large();
    str_clear(s);
    str_append_fill(s, 0, 4 + 8 * n);
    for (size_t i = 0; i < n; i++)
        str_append(s, v[i].key, v[i].key_len);
    for (size_t i = 0; i < n; i++)
        str_append_slice(s, slice_make(p->body.ptr == NULL ? "" : p->body.ptr + v[i].start,
                                       v[i].word & JSON_LEN_MASK));
    ERR_TRY(str_error(s));
    if (s->len > JSON_LEN_MASK)
        return too_large();
    uint8_t *at = (uint8_t *)s->ptr;
    enc_put_be32(at, JSON_C_OBJECT | (uint32_t)n);
    uint32_t end = 0;
    for (size_t i = 0; i < n; i++) {
        end += v[i].key_len;
        put_entry(at + 4 + 4 * i, i, JSON_E_STRING, v[i].key_len, end);
    }
    for (size_t i = 0; i < n; i++) {
        end += v[i].word & JSON_LEN_MASK;
        put_entry(at + 4 + 4 * (n + i), i, v[i].word & JSON_TYPE_MASK, v[i].word & JSON_LEN_MASK,
                  end);
    }
    p->pairs.n = base;
    p->body.len = start;
    str_append_slice(&p->body, str_slice(s));
    return str_error(&p->body);
}

/* ---- values ---------------------------------------------------------------------------------- */

static struct error *parse_value(struct parser *p, int depth, uint32_t *word);

static struct error *
parse_array(struct parser *p, int depth)
{
    size_t start = p->body.len, base = p->words.n;
    p->p++;
    skip_space(p);
    if (p->p < p->end && *p->p == ']') {
        p->p++;
        return close_array(p, start, base);
    }
    for (;;) {
        uint32_t word;
        ERR_TRY(parse_value(p, depth, &word));
        stack_push(&p->words, &word, sizeof(word));
        skip_space(p);
        if (p->p < p->end && *p->p == ']')
            break;
        if (p->p == p->end || *p->p != ',')
            return bad_char(p, "after array element");
        p->p++;
    }
    p->p++;
    return close_array(p, start, base);
}

static struct error *
parse_object(struct parser *p, int depth)
{
    size_t start = p->body.len, base = p->pairs.n;
    uint32_t seq = 0;
    p->p++;
    skip_space(p);
    if (p->p < p->end && *p->p == '}') {
        p->p++;
        return close_object(p, start, base);
    }
    for (;;) {
        struct slice key;
        struct pair pair = {.seq = seq++};
        skip_space(p);
        if (p->p == p->end || *p->p != '"')
            return bad_char(p, "looking for beginning of object key string");
        ERR_TRY(parse_string(p, &key));
        skip_space(p);
        if (p->p == p->end || *p->p != ':')
            return bad_char(p, "after object key");
        p->p++;
        pair.start = (uint32_t)p->body.len;
        ERR_TRY(parse_value(p, depth, &pair.word));
        if (key.len > JSON_LEN_MASK)
            return too_large();
        pair.key = key.ptr;
        pair.key_len = (uint32_t)key.len;
        stack_push(&p->pairs, &pair, sizeof(pair));
        skip_space(p);
        if (p->p < p->end && *p->p == '}')
            break;
        if (p->p == p->end || *p->p != ',')
            return bad_char(p, "after object key:value pair");
        p->p++;
    }
    p->p++;
    return close_object(p, start, base);
}

static struct error *
parse_data(struct parser *p, int depth, uint32_t *type)
{
    struct slice text;
    switch (*p->p) {
    case '{':
    case '[':
        if (depth >= JSON_MAX_DEPTH)
            return json_error("unable to decode JSON: exceeded max depth");
        *type = JSON_E_CONTAINER;
        return *p->p == '{' ? parse_object(p, depth + 1) : parse_array(p, depth + 1);
    case '"':
        *type = JSON_E_STRING;
        ERR_TRY(parse_string(p, &text));
        str_append_slice(&p->body, text);
        return NULL;
    case 't':
        *type = JSON_E_TRUE;
        return parse_literal(p, "true");
    case 'f':
        *type = JSON_E_FALSE;
        return parse_literal(p, "false");
    case 'n':
        *type = JSON_E_NULL;
        return parse_literal(p, "null");
    default:
        *type = JSON_E_NUMBER;
        if (*p->p == '-' || is_digit(p))
            return parse_number(p);
        return bad_char(p, "looking for beginning of value");
    }
}

/* Appends the data of a value to the body; *word says what it is. */
static struct error *
parse_value(struct parser *p, int depth, uint32_t *word)
{
    size_t start = p->body.len;
    uint32_t type = JSON_E_NULL;
    skip_space(p);
    if (p->p == p->end)
        return bad_char(p, "");
    ERR_TRY(parse_data(p, depth, &type));
    ERR_TRY(str_error(&p->body));
    if (p->body.len - start > JSON_LEN_MASK)
        return too_large();
    *word = type | (uint32_t)(p->body.len - start);
    return NULL;
}

/* A scalar at the root has two words in front, a container none. */
static struct error *
parse_root(struct parser *p)
{
    uint32_t word;
    skip_space(p);
    if (p->p == p->end)
        return json_error("unable to decode JSON: EOF");
    bool scalar = *p->p != '{' && *p->p != '[';
    if (scalar)
        str_append_fill(&p->body, 0, 8);
    ERR_TRY(parse_value(p, 0, &word));
    skip_space(p);
    if (p->p != p->end)
        return json_error("trailing characters after JSON document");
    if (scalar) {
        enc_put_be32((uint8_t *)p->body.ptr, JSON_C_SCALAR);
        enc_put_be32((uint8_t *)p->body.ptr + 4, word);
    }
    return NULL;
}

struct error *
json_parse(struct arena *a, struct slice text, struct slice *body)
{
    struct parser p = {.p = text.ptr, .end = text.ptr + text.len};
    struct arena *side = NULL;
    p.texts = p.numbers = p.words.arena = p.pairs.arena = a;
    struct arena *spare = a, *number = a;
    p.small = text.len <= SMALL_TEXT;
    if (!p.small) {
        side = arena_create(a, "json text");
        p.texts = arena_create(side, "json strings");
        p.numbers = arena_create(side, "json number");
        p.words.arena = arena_create(side, "json arrays");
        p.pairs.arena = arena_create(side, "json objects");
        spare = arena_create(side, "json object");
        number = side;
    }
    str_init_arena(&p.body, a, STR_MAX_DEFAULT);
    str_init_arena(&p.spare, spare, STR_MAX_DEFAULT);
    str_init_arena(&p.number, number, STR_MAX_DEFAULT);
    struct error *err = parse_root(&p);
    *body = str_slice(&p.body);
    arena_destroy(side);
    return err;
}
