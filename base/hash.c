/* base/hash.c - wraps xxHash, libdeflate, ISA-L and OpenSSL. See hash.h. */
#include "config.h"

#include "base/hash.h"

#include <limits.h>
#include <string.h>

/* ISA-L has a function of that name too, with the arguments the other way round. */
#define crc32_ieee isal_crc32_ieee
#include <isa-l/crc.h>
#undef crc32_ieee
#include <libdeflate.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/error.h"

uint64_t
hash_bytes(const void *p, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, len, seed);
}

uint32_t
crc32_ieee(uint32_t crc, const void *p, size_t len)
{
    return libdeflate_crc32(crc, p, len);
}

/* ISA-L's code leaves the upper halves of the vector registers in use; all SSE code after it would
 * run several times slower. */
#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx"))) static void
clear_upper_halves(void)
{
    _mm256_zeroupper();
}
#endif

/* ISA-L neither inverts the start nor the result, and counts in int. */
uint32_t
crc32c(uint32_t crc, const void *p, size_t len)
{
    uint8_t *at = (uint8_t *)(uintptr_t)p; /* the library's prototype lacks const; it only reads */
    crc = ~crc;
    while (len > 0) {
        int n = len > INT_MAX ? INT_MAX : (int)len;
        crc = crc32_iscsi(at, n, crc);
        at += n;
        len -= (size_t)n;
    }
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx"))
        clear_upper_halves();
#endif
    return ~crc;
}

size_t
digest_parts(enum digest kind, const struct slice *parts, size_t n, uint8_t out[SHA512_LEN])
{
    const EVP_MD *const md[] = {EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha512()};
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    VERIFY(ctx != NULL);
    VERIFY(EVP_DigestInit_ex(ctx, md[kind], NULL) == 1);
    for (size_t i = 0; i < n; i++)
        VERIFY(EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) == 1);
    VERIFY(EVP_DigestFinal_ex(ctx, out, &len) == 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

void
random_bytes(void *p, size_t len)
{
    uint8_t *at = p;
    while (len > 0) {
        int n = len > INT_MAX ? INT_MAX : (int)len;
        VERIFY(RAND_bytes(at, n) == 1);
        at += n;
        len -= (size_t)n;
    }
}

uint64_t
random_u64(void)
{
    uint64_t v;
    random_bytes(&v, sizeof(v));
    return v;
}

void
uuid_v4(uint8_t out[16])
{
    random_bytes(out, 16);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x40);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}
