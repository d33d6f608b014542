/* base/hash.h - hashes and checksums: which one is for what.
 *
 * hash_bytes: hash tables in memory; never stored. crc32_ieee: value envelopes. crc32c: SST blocks.
 * sha512: data files of a backup. fnv64: fingerprints.
 */
#ifndef AMBERDB_BASE_HASH_H
#define AMBERDB_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

uint64_t hash_bytes(const void *p, size_t len, uint64_t seed);

static inline uint64_t
hash_u64(uint64_t x, uint64_t seed)
{
    x ^= seed + 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

/* Start with 0; chainable. Hidden, as a library that we link exports the same name. */
uint32_t crc32_ieee(uint32_t crc, const void *p, size_t len)
    __attribute__((visibility("hidden")));
uint32_t crc32c(uint32_t crc, const void *p, size_t len);     /* Castagnoli; start with 0 */

#define SHA512_LEN 64
struct sha512; /* streaming */
struct sha512 *sha512_create(void);
void sha512_update(struct sha512 *s, const void *p, size_t len);
void sha512_final(struct sha512 *s, uint8_t out[SHA512_LEN]); /* and frees s */
void sha512_discard(struct sha512 *s);
/* Of up to four streams at once, which costs about half as much; NULL: none in this lane. The more alike
 * the lengths, the better. */
#define SHA512_LANES 4
void sha512_update_lanes(struct sha512 *const s[SHA512_LANES],
                         const struct slice data[SHA512_LANES]);

/* Other digests, in one go over the parts; returns the length of *out. */
enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512 };
size_t digest_parts(enum digest kind, const struct slice *parts, size_t n,
                    uint8_t out[SHA512_LEN]);

void random_bytes(void *p, size_t len); /* cryptographic; from OpenSSL */
uint64_t random_u64(void);
void uuid_v4(uint8_t out[16]);

#endif
