/* base/rand.h - a seeded generator: the same seed gives the same numbers on every machine.
 *
 * For tests, sampling and jitter. Never for secrets: those take random_bytes (base/hash.h).
 * One generator belongs to one thread. Algorithm: SplitMix64 to seed, xoshiro256** to draw.
 */
#ifndef AMBERDB_BASE_RAND_H
#define AMBERDB_BASE_RAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rand {
    uint64_t s[4];
};

void rand_init(struct rand *r, uint64_t seed);
uint64_t rand_u64(struct rand *r);
uint64_t rand_below(struct rand *r, uint64_t n);           /* 0 .. n-1, unbiased; n > 0 */
int64_t rand_range(struct rand *r, int64_t lo, int64_t hi); /* both ends included; lo <= hi */
double rand_double(struct rand *r);                        /* [0, 1) */
bool rand_chance(struct rand *r, uint32_t one_in);
void rand_fill(struct rand *r, void *p, size_t len);
/* Integers as bugs like them: small, near powers of two, extremes, and any. */
int64_t rand_edgy_i64(struct rand *r);

#endif
