/* grammar/lexer_names.c - keywords, folding and normalising of names, UTF-8. */
#include "config.h"

#include "grammar/lexer.h"

#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "grammar/gram_int.h"
#include "grammar/parse.h"
#include "grammar/parser.h"

struct keyword {
    const char *word;
    uint16_t token;
    uint8_t len;
    char category;
};

enum { CLASS_U = 'U', CLASS_C = 'C', CLASS_T = 'T', CLASS_R = 'R' };

static const struct keyword keywords[] = {
#define KEYWORD(word, token, category) {word, token, sizeof(word) - 1, CLASS_##category},
#include "grammar/keywords.def"
#undef KEYWORD
};

#define KEYWORD_COUNT ((int)(sizeof(keywords) / sizeof(keywords[0])))

static const struct keyword *
find(struct slice word)
{
    int low = 0, high = KEYWORD_COUNT - 1;
    if (word.len == 0 || word.len > 32)
        return NULL;
    while (low <= high) {
        int mid = (low + high) / 2;
        const struct keyword *k = &keywords[mid];
        int c = slice_cmp(word, slice_make(k->word, k->len));
        if (c == 0)
            return k;
        if (c < 0)
            high = mid - 1;
        else
            low = mid + 1;
    }
    return NULL;
}

int
keyword_lookup(struct slice word, char *category)
{
    const struct keyword *k = find(word);
    if (k == NULL)
        return 0;
    if (category != NULL)
        *category = k->category;
    return k->token;
}

bool
keyword_is_reserved(struct slice word)
{
    const struct keyword *k = find(word);
    return k != NULL && k->category == 'R';
}

bool
keyword_at(int i, const char **word, char *category)
{
    if (i < 0 || i >= KEYWORD_COUNT)
        return false;
    *word = keywords[i].word;
    *category = keywords[i].category;
    return true;
}

bool
lex_is_utf8(const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    while (p < end) {
        uint8_t c = *p;
        if (c < 0x80) {
            p++;
            continue;
        }
        int more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
        if (more == 0 || end - p <= more)
            return false;
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return false;
        }
        if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] >= 0xa0) || (c == 0xf0 && p[1] < 0x90) ||
            (c == 0xf4 && p[1] >= 0x90))
            return false;
        p += more + 1;
    }
    return true;
}

static bool
is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

/* Valid UTF-8 in; folds when asked, then NFC. On any failure of the library the name stays. */
static struct slice
normalize(struct arena *a, struct slice name, bool fold)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    if (U_FAILURE(status) || name.len > 1 << 20)
        return name;

    int32_t cap = (int32_t)name.len + 1, len = 0;
    UChar *wide = arena_alloc_array(a, (size_t)cap * 2, sizeof(UChar));
    u_strFromUTF8(wide, cap * 2, &len, (const char *)name.ptr, (int32_t)name.len, &status);
    if (U_FAILURE(status))
        return name;
    if (fold) {
        /* one character at a time, as Go's unicode.ToLower: no context rules */
        UChar *lower = arena_alloc_array(a, (size_t)len * 2 + 2, sizeof(UChar));
        int32_t n = 0;
        for (int32_t i = 0; i < len;) {
            UChar32 c;
            U16_NEXT(wide, i, len, c);
            c = u_tolower(c);
            U16_APPEND_UNSAFE(lower, n, c);
        }
        wide = lower;
        len = n;
    }
    int32_t room = len * 3 + 8;
    UChar *normal = arena_alloc_array(a, (size_t)room, sizeof(UChar));
    int32_t n = unorm2_normalize(nfc, wide, len, normal, room, &status);
    if (U_FAILURE(status))
        return name;
    char *out = arena_alloc(a, (size_t)n * 3 + 1);
    int32_t out_len = 0;
    u_strToUTF8(out, n * 3 + 1, &out_len, normal, n, &status);
    return U_FAILURE(status) ? name : slice_make(out, (size_t)out_len);
}

struct slice
lex_normalize(struct arena *a, struct slice name)
{
    return is_ascii(name) ? name : normalize(a, name, false);
}

struct slice
lex_fold_name(struct arena *a, struct slice name)
{
    size_t i = 0;
    while (i < name.len && name.ptr[i] < 0x80 && !(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'))
        i++;
    if (i == name.len)
        return name;
    if (!is_ascii(name))
        return normalize(a, name, true);
    uint8_t *out = arena_memdup(a, name.ptr, name.len);
    for (; i < name.len; i++) {
        if (out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (uint8_t)(out[i] | 0x20);
    }
    return slice_make(out, name.len);
}

bool
lex_name_is_folded(struct slice name)
{
    int32_t i = 0, len = (int32_t)name.len;
    if (is_ascii(name)) {
        for (; i < len; i++) {
            if (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z')
                return false;
        }
        return true;
    }
    while (i < len) {
        UChar32 c;
        U8_NEXT(name.ptr, i, len, c);
        if (c < 0 || u_tolower(c) != c)
            return false;
    }
    return true;
}
