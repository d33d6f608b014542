/* grammar/lexer.re - the scanner. re2c finds where a token begins and what kind it is; the bodies
 * of strings, comments and dollar quotes are scanned by hand, since they may be megabytes long. */
#include "config.h"

#include "grammar/lexer.h"

#include <string.h>

#include "grammar/gram_int.h"
#include "grammar/parser.h"

#define LEX_STR_MAX ((size_t)1 << 30)

void
lex_init(struct lexer *lx, struct arena *a, const uint8_t *text, size_t len)
{
    *lx = (struct lexer){.arena = a, .begin = text, .cur = text, .end = text + len, .counted = text};
}

static void
set(struct lex_token *t, int id, const uint8_t *ptr, size_t len)
{
    t->id = id;
    t->text = slice_make(ptr, len);
}

static void
fail(struct lexer *lx, struct lex_token *t, const char *reason)
{
    t->id = LEX_ERROR;
    t->text = slice_cstr(reason);
    lx->cur = lx->end;
}

/* Position of `at` in characters; moves forward only. */
static int
position_of(struct lexer *lx, const uint8_t *at)
{
    for (; lx->counted < at; lx->counted++)
        lx->char_count += (*lx->counted & 0xc0) != 0x80;
    return lx->char_count + 1;
}

/* After the opening of a nested comment. false: unterminated. */
static bool
skip_comment(struct lexer *lx)
{
    int depth = 1;
    const uint8_t *p = lx->cur;
    while (p < lx->end) {
        if (p[0] == '*' && p[1] == '/') {
            p += 2;
            if (--depth == 0) {
                lx->cur = p;
                return true;
            }
        } else if (p[0] == '/' && p[1] == '*') {
            p += 2;
            depth++;
        } else {
            p++;
        }
    }
    return false;
}

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
append_utf8(struct str *s, uint32_t c)
{
    if (c < 0x80) {
        str_append_char(s, (char)c);
    } else if (c < 0x800) {
        str_append_char(s, (char)(0xc0 | c >> 6));
        str_append_char(s, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        str_append_char(s, (char)(0xe0 | c >> 12));
        str_append_char(s, (char)(0x80 | (c >> 6 & 0x3f)));
        str_append_char(s, (char)(0x80 | (c & 0x3f)));
    } else {
        str_append_char(s, (char)(0xf0 | c >> 18));
        str_append_char(s, (char)(0x80 | (c >> 12 & 0x3f)));
        str_append_char(s, (char)(0x80 | (c >> 6 & 0x3f)));
        str_append_char(s, (char)(0x80 | (c & 0x3f)));
    }
}

/* \x41, \u0041, \U00000041: digits at p. */
static const uint8_t *
escape_hex(struct str *s, const uint8_t *p, const uint8_t *end, int digits, bool unicode)
{
    uint32_t v = 0;
    if (end - p < digits)
        return NULL;
    for (int i = 0; i < digits; i++) {
        int d = hex_digit(p[i]);
        if (d < 0)
            return NULL;
        v = v << 4 | (uint32_t)d;
    }
    if (unicode) {
        if (v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
            return NULL;
        append_utf8(s, v);
    } else {
        str_append_char(s, (char)v);
    }
    return p + digits;
}

/* One escape after the backslash. NULL: malformed. */
static const uint8_t *
escape_one(struct str *s, const uint8_t *p, const uint8_t *end)
{
    switch (*p) {
    case 'a': str_append_char(s, '\a'); return p + 1;
    case 'b': str_append_char(s, '\b'); return p + 1;
    case 'f': str_append_char(s, '\f'); return p + 1;
    case 'n': str_append_char(s, '\n'); return p + 1;
    case 'r': str_append_char(s, '\r'); return p + 1;
    case 't': str_append_char(s, '\t'); return p + 1;
    case 'v': str_append_char(s, '\v'); return p + 1;
    case 'x': case 'X': return escape_hex(s, p + 1, end, 2, false);
    case 'u': return escape_hex(s, p + 1, end, 4, true);
    case 'U': return escape_hex(s, p + 1, end, 8, true);
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': {
        unsigned v = 0;
        if (end - p < 3)
            return NULL;
        for (int i = 0; i < 3; i++) {
            if (p[i] < '0' || p[i] > '7')
                return NULL;
            v = v * 8 + (unsigned)(p[i] - '0');
        }
        if (v > 255)
            return NULL;
        str_append_char(s, (char)v);
        return p + 3;
    }
    default: /* a redundant backslash */
        str_append_char(s, (char)*p);
        return p + 1;
    }
}

/* A quoted part that ends with `quote`, from lx->cur. Its bytes are a slice of the text while
 * nothing needs rewriting, else they go to `out`, which then is in use (ptr != NULL). */
static bool
scan_part(struct lexer *lx, struct lex_token *t, uint8_t quote, bool escapes, struct str *out,
          struct slice *plain)
{
    const uint8_t *p = lx->cur, *start = lx->cur;
    for (;;) {
        if (!escapes) {
            p = memchr(p, quote, (size_t)(lx->end - p));
            if (p == NULL) {
                fail(lx, t, "unterminated string");
                return false;
            }
        } else {
            while (p < lx->end && *p != quote && *p != '\\')
                p++;
            if (p >= lx->end) {
                fail(lx, t, "unterminated string");
                return false;
            }
        }
        if (*p == '\\') {
            str_append(out, start, (size_t)(p - start));
            if (p + 1 >= lx->end) {
                fail(lx, t, "unterminated string");
                return false;
            }
            p = escape_one(out, p + 1, lx->end);
            if (p == NULL) {
                fail(lx, t, "invalid syntax");
                return false;
            }
            start = p;
        } else if (p + 1 < lx->end && p[1] == quote) {
            str_append(out, start, (size_t)(p + 1 - start));
            p += 2;
            start = p;
        } else {
            break;
        }
    }
    lx->cur = p + 1;
    if (out->len > 0) {
        str_append(out, start, (size_t)(p - start));
        *plain = str_slice(out);
    } else {
        *plain = slice_make(start, (size_t)(p - start));
    }
    return true;
}

/* White space with a newline in it, and then the same quote: the strings join. */
static bool
continues(struct lexer *lx, uint8_t quote)
{
    const uint8_t *p = lx->cur;
    bool newline = false;
    while (p < lx->end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\f' || *p == '\n'))
        newline |= *p++ == '\n';
    if (!newline || p >= lx->end || *p != quote)
        return false;
    lx->cur = p + 1;
    return true;
}

/* The opening quote is read. */
static void
scan_string(struct lexer *lx, struct lex_token *t, int id, bool escapes, bool utf8)
{
    struct str out;
    struct slice part, whole = SLICE_NULL;
    bool joined = false;

    str_init_arena(&out, lx->arena, LEX_STR_MAX);
    do {
        struct str piece;
        str_init_arena(&piece, lx->arena, LEX_STR_MAX);
        if (!scan_part(lx, t, '\'', escapes, &piece, &part))
            return;
        if (whole.ptr == NULL) {
            whole = part;
        } else {
            if (!joined)
                str_append_slice(&out, whole);
            joined = true;
            str_append_slice(&out, part);
            whole = str_slice(&out);
        }
    } while (continues(lx, '\''));
    if (utf8 && !lex_is_utf8(whole.ptr, whole.len)) {
        fail(lx, t, "invalid UTF-8 byte sequence");
        return;
    }
    t->id = id;
    t->text = whole;
}

static void
scan_quoted_name(struct lexer *lx, struct lex_token *t)
{
    struct str out;
    struct slice name;
    str_init_arena(&out, lx->arena, LEX_STR_MAX);
    if (!scan_part(lx, t, '"', false, &out, &name))
        return;
    if (!lex_is_utf8(name.ptr, name.len)) {
        fail(lx, t, "invalid UTF-8 byte sequence");
        return;
    }
    t->id = IDENT;
    t->text = lex_normalize(lx->arena, name);
}

/* x'00ff' */
static void
scan_hex_string(struct lexer *lx, struct lex_token *t)
{
    scan_string(lx, t, BCONST, false, false);
    if (t->id != BCONST)
        return;
    size_t n = t->text.len;
    uint8_t *bytes = arena_alloc(lx->arena, n / 2 + 1);
    for (size_t i = 0; i < n; i++) {
        int d = hex_digit(t->text.ptr[i]);
        if (d < 0 || n % 2 != 0) {
            fail(lx, t, "invalid hexadecimal bytes literal");
            return;
        }
        bytes[i / 2] = (uint8_t)(i % 2 == 0 ? d << 4 : bytes[i / 2] | d);
    }
    t->text = slice_make(bytes, n / 2);
}

/* B'1001' */
static void
scan_bit_string(struct lexer *lx, struct lex_token *t)
{
    scan_string(lx, t, BITCONST, false, false);
    if (t->id != BITCONST)
        return;
    for (size_t i = 0; i < t->text.len; i++) {
        if (t->text.ptr[i] != '0' && t->text.ptr[i] != '1') {
            uint8_t c = t->text.ptr[i];
            fail(lx, t, arena_printf(lx->arena, "\"%c\" is not a valid binary digit", c));
            return;
        }
    }
}

/* $tag$ .. $tag$: the opening tag (with its dollars) is given. */
static void
scan_dollar(struct lexer *lx, struct lex_token *t, const uint8_t *tag, size_t tag_len)
{
    const uint8_t *p = memmem(lx->cur, (size_t)(lx->end - lx->cur), tag, tag_len);
    if (p == NULL) {
        fail(lx, t, "unterminated string");
        return;
    }
    set(t, SCONST, lx->cur, (size_t)(p - lx->cur));
    lx->cur = p + tag_len;
    if (!lex_is_utf8(t->text.ptr, t->text.len))
        fail(lx, t, "invalid UTF-8 byte sequence");
}

static void
scan_placeholder(struct lexer *lx, struct lex_token *t, const uint8_t *p, size_t len)
{
    int64_t n = 0;
    for (size_t i = 0; i < len && n <= 65536; i++)
        n = n * 10 + (p[i] - '0');
    if (n < 1 || n > 65536) {
        fail(lx, t, "placeholder index must be between 1 and 65536");
        return;
    }
    set(t, PLACEHOLDER, p, len);
    t->number = (int)n;
}

static void
scan_name(struct lexer *lx, struct lex_token *t, const uint8_t *p, size_t len)
{
    struct slice name = slice_make(p, len);
    if (!lex_is_utf8(p, len)) {
        fail(lx, t, "invalid UTF-8 byte sequence");
        return;
    }
    t->text = lex_fold_name(lx->arena, name);
    t->id = keyword_lookup(t->text, NULL);
    if (t->id == 0)
        t->id = IDENT;
}

void
lex_next(struct lexer *lx, struct lex_token *t)
{
    const uint8_t *start, *YYMARKER;
    t->number = 0;

    /*!re2c
    re2c:yyfill:enable = 0;
    re2c:eof = 0;
    re2c:define:YYCTYPE = uint8_t;
    re2c:define:YYCURSOR = lx->cur;
    re2c:define:YYLIMIT = lx->end;

    digit = [0-9];
    letter = [A-Za-z_\x80-\xff];
    name = letter [A-Za-z0-9_$\x80-\xff]*;
    blank = [ \t\r\n\f\v];
    exponent = [eE] [+-]? digit+;
    */

again:
    start = lx->cur;

    /*!re2c
    blank+                      { goto again; }
    "\\" [ \t\r]* "\n"          { goto again; }
    "--" [^\n\x00]*             { goto again; }
    "/*"                        {
        if (skip_comment(lx))
            goto again;
        fail(lx, t, "unterminated comment");
        goto done;
    }
    $                           { set(t, 0, (const uint8_t *)"EOF", 3); goto done; }

    "'"                         { scan_string(lx, t, SCONST, false, true); goto done; }
    [eE] "'"                    { scan_string(lx, t, SCONST, true, true); goto done; }
    "b'"                        { scan_string(lx, t, BCONST, true, false); goto done; }
    "B'"                        { scan_bit_string(lx, t); goto done; }
    [xX] "'"                    { scan_hex_string(lx, t); goto done; }
    "\""                        { scan_quoted_name(lx, t); goto done; }
    "$" (letter [A-Za-z0-9_\x80-\xff]*)? "$" {
        scan_dollar(lx, t, start, (size_t)(lx->cur - start));
        goto done;
    }
    "$" digit+                  {
        scan_placeholder(lx, t, start + 1, (size_t)(lx->cur - start - 1));
        goto done;
    }
    name                        {
        scan_name(lx, t, start, (size_t)(lx->cur - start));
        goto done;
    }

    "0" [xX] [0-9a-fA-F]+       { set(t, ICONST, start, (size_t)(lx->cur - start)); goto done; }
    "0" [xX]                    { fail(lx, t, "invalid hexadecimal numeric literal"); goto done; }
    digit+                      { set(t, ICONST, start, (size_t)(lx->cur - start)); goto done; }
    digit+ / ".."               { set(t, ICONST, start, (size_t)(lx->cur - start)); goto done; }
    digit+ "." digit* exponent? | "." digit+ exponent? | digit+ exponent {
        set(t, FCONST, start, (size_t)(lx->cur - start));
        goto done;
    }
    (digit+ "." digit* | "." digit+ | digit+) [eE] [+-]? {
        fail(lx, t, "invalid floating point literal");
        goto done;
    }

    "!="  | "<>"                { t->id = NOT_EQUALS; goto op; }
    "!~"                        { t->id = NOT_REGMATCH; goto op; }
    "~*"                        { t->id = REGIMATCH; goto op; }
    "!~*"                       { t->id = NOT_REGIMATCH; goto op; }
    "<="                        { t->id = LESS_EQUALS; goto op; }
    ">="                        { t->id = GREATER_EQUALS; goto op; }
    "<<"                        { t->id = LSHIFT; goto op; }
    ">>"                        { t->id = RSHIFT; goto op; }
    "<<="                       { t->id = INET_CONTAINED_BY_OR_EQUALS; goto op; }
    ">>="                       { t->id = INET_CONTAINS_OR_EQUALS; goto op; }
    "<@"                        { t->id = CONTAINED_BY; goto op; }
    "@>"                        { t->id = CONTAINS; goto op; }
    "&&"                        { t->id = AND_AND; goto op; }
    "||"                        { t->id = CONCAT; goto op; }
    "|/"                        { t->id = SQRT; goto op; }
    "||/"                       { t->id = CBRT; goto op; }
    "//"                        { t->id = FLOORDIV; goto op; }
    "->"                        { t->id = FETCHVAL; goto op; }
    "->>"                       { t->id = FETCHTEXT; goto op; }
    "#>"                        { t->id = FETCHVAL_PATH; goto op; }
    "#>>"                       { t->id = FETCHTEXT_PATH; goto op; }
    "#-"                        { t->id = REMOVE_PATH; goto op; }
    "?|"                        { t->id = JSON_SOME_EXISTS; goto op; }
    "?&"                        { t->id = JSON_ALL_EXISTS; goto op; }
    "::"                        { t->id = TYPECAST; goto op; }
    ":::"                       { t->id = TYPEANNOTATE; goto op; }
    ".."                        { t->id = DOT_DOT; goto op; }
    [-+*/%^&|#~<>=?@()[\]{},;:.]  { t->id = *start; goto op; }
    *                           {
        /* no token of ours: one whole character, for the message */
        while (lx->cur < lx->end && (*lx->cur & 0xc0) == 0x80)
            lx->cur++;
        t->id = LEX_UNKNOWN;
        goto op;
    }
    */
op:
    t->text = slice_make(start, (size_t)(lx->cur - start));
done:
    t->start = (size_t)(start - lx->begin);
    t->end = (size_t)(lx->cur - lx->begin);
    t->pos = position_of(lx, start);
}
