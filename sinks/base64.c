#include "config.h"

#include "sinks/remote_int.h"

#include <openssl/evp.h>

/* Standard, padded; as Go's base64.StdEncoding, whose words the error has. */
struct error *
base64_decode(struct arena *a, const char *text, struct slice *out)
{
    size_t n = strlen(text), pad = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '+' || c == '/';
        if (c == '=' && i + 2 >= n)
            pad++;
        else if (!digit || pad > 0)
            return err_new(ERR_UNCATEGORIZED, "illegal base64 data at input byte %zu", i);
    }
    if (n % 4 != 0)
        return err_new(ERR_UNCATEGORIZED, "illegal base64 data at input byte %zu", n / 4 * 4);
    uint8_t *b = arena_alloc(a, n / 4 * 3 + 1);
    int got = EVP_DecodeBlock(b, (const uint8_t *)text, (int)n);
    *out = slice_make(b, got > 0 ? (size_t)got - pad : 0);
    return NULL;
}

char *
base64_encode(struct arena *a, struct slice s)
{
    char *out = arena_alloc(a, 4 * (s.len / 3 + 1) + 1);
    int n = EVP_EncodeBlock((uint8_t *)out, s.len > 0 ? s.ptr : (const uint8_t *)"", (int)s.len);
    out[n] = '\0';
    return out;
}
