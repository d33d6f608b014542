/* base/rand.c - the seeded generator. See rand.h. */
#include "config.h"

#include "base/rand.h"

#include <string.h>

#include "base/error.h"

static uint64_t
rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void
rand_init(struct rand *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

uint64_t
rand_u64(struct rand *r)
{
    uint64_t out = rotl(r->s[1] * 5, 7) * 9;
    uint64_t t = r->s[1] << 17;
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotl(r->s[3], 45);
    return out;
}

uint64_t
rand_below(struct rand *r, uint64_t n)
{
    VERIFY(n > 0);
    uint64_t skip = -n % n; /* 2^64 mod n: values below it would favour the low results */
    uint64_t x;
    do
        x = rand_u64(r);
    while (x < skip);
    return x % n;
}

int64_t
rand_range(struct rand *r, int64_t lo, int64_t hi)
{
    uint64_t span = (uint64_t)hi - (uint64_t)lo + 1;
    uint64_t off = span == 0 ? rand_u64(r) : rand_below(r, span);
    return (int64_t)((uint64_t)lo + off);
}

double
rand_double(struct rand *r)
{
    return (double)(rand_u64(r) >> 11) * 0x1p-53;
}

bool
rand_chance(struct rand *r, uint32_t one_in)
{
    return rand_below(r, one_in) == 0;
}

void
rand_fill(struct rand *r, void *p, size_t len)
{
    uint8_t *at = p;
    while (len > 0) {
        uint64_t x = rand_u64(r);
        size_t n = len < sizeof(x) ? len : sizeof(x);
        memcpy(at, &x, n);
        at += n;
        len -= n;
    }
}

int64_t
rand_edgy_i64(struct rand *r)
{
    uint64_t power = UINT64_C(1) << rand_below(r, 64);
    switch (rand_below(r, 5)) {
    case 0:
        return rand_range(r, -10, 10);
    case 1:
        return (int64_t)(power + (uint64_t)rand_range(r, -2, 2));
    case 2:
        return (int64_t)(0 - power + (uint64_t)rand_range(r, -2, 2));
    case 3:
        return rand_chance(r, 2) ? INT64_MIN + (int64_t)rand_below(r, 3)
                                 : INT64_MAX - (int64_t)rand_below(r, 3);
    default:
        return (int64_t)rand_u64(r);
    }
}
