/* Signature Version 4. SOURCE: sinks.md 4.4; its vectors are in regress/unit/test_sinks.c. */
#include "config.h"

#include "sinks/s3_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hash.h"

#define SHA256_LEN 32

static char *
hex(struct arena *a, const uint8_t *p, size_t n)
{
    char *out = arena_alloc(a, 2 * n + 1);
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", p[i]);
    return out;
}

char *
hex_sha256(struct arena *a, struct slice s)
{
    uint8_t sum[SHA512_LEN];
    digest_parts(DIGEST_SHA256, &s, 1, sum);
    return hex(a, sum, SHA256_LEN);
}

char *
aws_date(struct arena *a, int64_t wall_ns)
{
    time_t t = (time_t)(wall_ns / 1000000000);
    struct tm tm;
    char *out = arena_alloc(a, 32);
    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y%m%dT%H%M%SZ", &tm);
    return out;
}

static int
by_header(const void *a, const void *b)
{
    const struct http_header *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Blanks at the ends go, runs of them become one. */
static void
put_trimmed(struct str *s, const char *v)
{
    while (*v == ' ')
        v++;
    for (; *v != '\0'; v++)
        if (*v != ' ' || (v[1] != ' ' && v[1] != '\0'))
            str_append_char(s, *v);
}

char *
aws_canonical(struct arena *a, const struct aws_request *q, char **signed_names)
{
    struct http_header h[HTTP_HEADERS_MAX];
    struct str s, names;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_init_arena(&names, a, STR_MAX_DEFAULT);
    memcpy(h, q->headers, sizeof(h));
    qsort(h, (size_t)q->n_headers, sizeof(h[0]), by_header);
    str_printf(&s, "%s\n%s\n%s\n", q->method, q->path, q->query);
    for (int i = 0; i < q->n_headers; i++) {
        str_printf(&s, "%s:", h[i].name);
        put_trimmed(&s, h[i].value);
        str_append_char(&s, '\n');
        str_printf(&names, "%s%s", i > 0 ? ";" : "", h[i].name);
    }
    *signed_names = arena_strdup(a, str_cstr(&names));
    str_printf(&s, "\n%s\n%s", *signed_names, q->sha);
    return arena_strdup(a, str_cstr(&s));
}

static void
hmac(const void *key, size_t key_len, const char *text, uint8_t out[SHA256_LEN])
{
    unsigned n = SHA256_LEN;
    VERIFY(HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, strlen(text), out, &n) !=
           NULL);
}

char *
aws_authorization(struct arena *a, const struct aws_request *q, const struct aws_keys *k)
{
    char *names;
    char *canonical = aws_canonical(a, q, &names);
    char *day = arena_strndup(a, q->date, 8);
    char *scope = arena_printf(a, "%s/%s/s3/aws4_request", day, q->region);
    char *to_sign = arena_printf(a, "AWS4-HMAC-SHA256\n%s\n%s\n%s", q->date, scope,
                                 hex_sha256(a, slice_cstr(canonical)));
    char *secret = arena_printf(a, "AWS4%s", k->secret);
    uint8_t key[SHA256_LEN];
    hmac(secret, strlen(secret), day, key);
    hmac(key, SHA256_LEN, q->region, key);
    hmac(key, SHA256_LEN, "s3", key);
    hmac(key, SHA256_LEN, "aws4_request", key);
    hmac(key, SHA256_LEN, to_sign, key);
    return arena_printf(a, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                        k->id, scope, names, hex(a, key, SHA256_LEN));
}
