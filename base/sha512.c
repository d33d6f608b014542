/* SHA-512 of data files: OpenSSL's for one stream, four streams at once in vectors of four words.
 *
 * SOURCE: FIPS 180-4. One stream has no work for a vector: each round needs the one before. Four that are
 * independent take little more than two of OpenSSL's.
 */
#include "config.h"

#define OPENSSL_SUPPRESS_DEPRECATED /* only this interface shows a hash's state between blocks */
#include <openssl/sha.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"

#define BLOCK 128

struct sha512 {
    SHA512_CTX c;
};

struct sha512 *
sha512_create(void)
{
    struct sha512 *s = xmalloc(sizeof(*s));
    VERIFY(SHA512_Init(&s->c) == 1);
    return s;
}

void
sha512_update(struct sha512 *s, const void *p, size_t len)
{
    VERIFY(SHA512_Update(&s->c, p, len) == 1);
}

void
sha512_final(struct sha512 *s, uint8_t out[SHA512_LEN])
{
    VERIFY(SHA512_Final(out, &s->c) == 1);
    sha512_discard(s);
}

void
sha512_discard(struct sha512 *s)
{
    xfree(s);
}

#if defined(__x86_64__)
#include <immintrin.h>

typedef uint64_t v4 __attribute__((vector_size(32)));

static const uint64_t round_words[80] = {
    UINT64_C(0x428a2f98d728ae22), UINT64_C(0x7137449123ef65cd), UINT64_C(0xb5c0fbcfec4d3b2f),
    UINT64_C(0xe9b5dba58189dbbc), UINT64_C(0x3956c25bf348b538), UINT64_C(0x59f111f1b605d019),
    UINT64_C(0x923f82a4af194f9b), UINT64_C(0xab1c5ed5da6d8118), UINT64_C(0xd807aa98a3030242),
    UINT64_C(0x12835b0145706fbe), UINT64_C(0x243185be4ee4b28c), UINT64_C(0x550c7dc3d5ffb4e2),
    UINT64_C(0x72be5d74f27b896f), UINT64_C(0x80deb1fe3b1696b1), UINT64_C(0x9bdc06a725c71235),
    UINT64_C(0xc19bf174cf692694), UINT64_C(0xe49b69c19ef14ad2), UINT64_C(0xefbe4786384f25e3),
    UINT64_C(0x0fc19dc68b8cd5b5), UINT64_C(0x240ca1cc77ac9c65), UINT64_C(0x2de92c6f592b0275),
    UINT64_C(0x4a7484aa6ea6e483), UINT64_C(0x5cb0a9dcbd41fbd4), UINT64_C(0x76f988da831153b5),
    UINT64_C(0x983e5152ee66dfab), UINT64_C(0xa831c66d2db43210), UINT64_C(0xb00327c898fb213f),
    UINT64_C(0xbf597fc7beef0ee4), UINT64_C(0xc6e00bf33da88fc2), UINT64_C(0xd5a79147930aa725),
    UINT64_C(0x06ca6351e003826f), UINT64_C(0x142929670a0e6e70), UINT64_C(0x27b70a8546d22ffc),
    UINT64_C(0x2e1b21385c26c926), UINT64_C(0x4d2c6dfc5ac42aed), UINT64_C(0x53380d139d95b3df),
    UINT64_C(0x650a73548baf63de), UINT64_C(0x766a0abb3c77b2a8), UINT64_C(0x81c2c92e47edaee6),
    UINT64_C(0x92722c851482353b), UINT64_C(0xa2bfe8a14cf10364), UINT64_C(0xa81a664bbc423001),
    UINT64_C(0xc24b8b70d0f89791), UINT64_C(0xc76c51a30654be30), UINT64_C(0xd192e819d6ef5218),
    UINT64_C(0xd69906245565a910), UINT64_C(0xf40e35855771202a), UINT64_C(0x106aa07032bbd1b8),
    UINT64_C(0x19a4c116b8d2d0c8), UINT64_C(0x1e376c085141ab53), UINT64_C(0x2748774cdf8eeb99),
    UINT64_C(0x34b0bcb5e19b48a8), UINT64_C(0x391c0cb3c5c95a63), UINT64_C(0x4ed8aa4ae3418acb),
    UINT64_C(0x5b9cca4f7763e373), UINT64_C(0x682e6ff3d6b2b8a3), UINT64_C(0x748f82ee5defb2fc),
    UINT64_C(0x78a5636f43172f60), UINT64_C(0x84c87814a1f0ab72), UINT64_C(0x8cc702081a6439ec),
    UINT64_C(0x90befffa23631e28), UINT64_C(0xa4506cebde82bde9), UINT64_C(0xbef9a3f7b2c67915),
    UINT64_C(0xc67178f2e372532b), UINT64_C(0xca273eceea26619c), UINT64_C(0xd186b8c721c0c207),
    UINT64_C(0xeada7dd6cde0eb1e), UINT64_C(0xf57d4f7fee6ed178), UINT64_C(0x06f067aa72176fba),
    UINT64_C(0x0a637dc5a2c898a6), UINT64_C(0x113f9804bef90dae), UINT64_C(0x1b710b35131c471b),
    UINT64_C(0x28db77f523047d84), UINT64_C(0x32caab7b40c72493), UINT64_C(0x3c9ebe0a15c9bebc),
    UINT64_C(0x431d67c49c100d4c), UINT64_C(0x4cc5d4becb3e42b6), UINT64_C(0x597f299cfc657e2a),
    UINT64_C(0x5fcb6fab3ad6faec), UINT64_C(0x6c44198c4a475817),
};

#define ROR(x, n) (((x) >> (n)) | ((x) << (64 - (n))))

/* Word i of a block of each stream; they are big-endian. */
__attribute__((target("avx2"))) static inline v4
load_words(const uint8_t *const p[SHA512_LANES], size_t at)
{
    uint64_t w[SHA512_LANES];
    for (int i = 0; i < SHA512_LANES; i++)
        memcpy(&w[i], p[i] + at, sizeof(w[i]));
    const __m256i order = _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
                                           5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    return (v4)_mm256_shuffle_epi8((__m256i)(v4){w[0], w[1], w[2], w[3]}, order);
}

__attribute__((target("avx2"))) static inline v4
schedule(const v4 w[16], int i)
{
    v4 x = w[(i + 1) & 15], y = w[(i + 14) & 15];
    return w[i] + (ROR(x, 1) ^ ROR(x, 8) ^ (x >> 7)) + w[(i + 9) & 15] +
           (ROR(y, 19) ^ ROR(y, 61) ^ (y >> 6));
}

/* One round; s[0] to s[7] are a to h. The caller turns the names. */
#define ROUND(a, b, c, d, e, f, g, h, k, x)                                                       \
    do {                                                                                           \
        v4 t = h + (ROR(e, 14) ^ ROR(e, 18) ^ ROR(e, 41)) + ((e & f) ^ (~e & g)) + (k) + (x);       \
        d += t;                                                                                    \
        h = t + (ROR(a, 28) ^ ROR(a, 34) ^ ROR(a, 39)) + ((a & b) | (c & (a | b)));                 \
    } while (0)

#define EIGHT(i, word)                                                                              \
    do {                                                                                           \
        ROUND(a, b, c, d, e, f, g, h, round_words[r + (i) + 0], word((i) + 0));                     \
        ROUND(h, a, b, c, d, e, f, g, round_words[r + (i) + 1], word((i) + 1));                     \
        ROUND(g, h, a, b, c, d, e, f, round_words[r + (i) + 2], word((i) + 2));                     \
        ROUND(f, g, h, a, b, c, d, e, round_words[r + (i) + 3], word((i) + 3));                     \
        ROUND(e, f, g, h, a, b, c, d, round_words[r + (i) + 4], word((i) + 4));                     \
        ROUND(d, e, f, g, h, a, b, c, round_words[r + (i) + 5], word((i) + 5));                     \
        ROUND(c, d, e, f, g, h, a, b, round_words[r + (i) + 6], word((i) + 6));                     \
        ROUND(b, c, d, e, f, g, h, a, round_words[r + (i) + 7], word((i) + 7));                     \
    } while (0)
#define FIRST_WORD(i) (w[i] = load_words(p, at + 8 * (i)))
#define LATER_WORD(i) (w[i] = schedule(w, i))

__attribute__((target("avx2"))) static void
hash_lanes(SHA512_CTX *const ctx[SHA512_LANES], const uint8_t *const p[SHA512_LANES], size_t blocks)
{
    v4 s[8], w[16];
    for (int i = 0; i < 8; i++)
        s[i] = (v4){ctx[0]->h[i], ctx[1]->h[i], ctx[2]->h[i], ctx[3]->h[i]};
    for (size_t at = 0; at < blocks * BLOCK; at += BLOCK) {
        v4 a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        int r = 0;
        EIGHT(0, FIRST_WORD);
        EIGHT(8, FIRST_WORD);
        for (r = 16; r < 80; r += 16) {
            EIGHT(0, LATER_WORD);
            EIGHT(8, LATER_WORD);
        }
        s[0] += a;
        s[1] += b;
        s[2] += c;
        s[3] += d;
        s[4] += e;
        s[5] += f;
        s[6] += g;
        s[7] += h;
    }
    for (int i = 0; i < 8; i++)
        for (int l = 0; l < SHA512_LANES; l++)
            ctx[l]->h[i] = s[i][l];
}

static bool
have_lanes(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
static bool
have_lanes(void)
{
    return false;
}
static void
hash_lanes(SHA512_CTX *const ctx[SHA512_LANES], const uint8_t *const p[SHA512_LANES], size_t blocks)
{
    (void)ctx, (void)p, (void)blocks;
}
#endif

/* To a whole number of blocks, so that its state is all there is of a stream. */
static struct slice
align(struct sha512 *s, struct slice x)
{
    if (s->c.num == 0)
        return x;
    size_t n = BLOCK - s->c.num;
    if (n > x.len)
        n = x.len;
    sha512_update(s, x.ptr, n);
    return slice_make(x.ptr + n, x.len - n);
}

static void
count_blocks(SHA512_CTX *c, size_t blocks)
{
    SHA_LONG64 bits = (SHA_LONG64)blocks * BLOCK * 8, before = c->Nl;
    c->Nl += bits;
    c->Nh += c->Nl < before;
}

/* As many blocks as all of them have. */
static void
update_lanes(struct sha512 *const s[SHA512_LANES], struct slice x[SHA512_LANES])
{
    SHA512_CTX *ctx[SHA512_LANES];
    const uint8_t *p[SHA512_LANES];
    size_t blocks = SIZE_MAX;
    for (int i = 0; i < SHA512_LANES; i++) {
        x[i] = align(s[i], x[i]);
        ctx[i] = &s[i]->c;
        p[i] = x[i].ptr;
        if (x[i].len / BLOCK < blocks)
            blocks = x[i].len / BLOCK;
    }
    if (blocks == 0)
        return;
    hash_lanes(ctx, p, blocks);
    for (int i = 0; i < SHA512_LANES; i++) {
        count_blocks(ctx[i], blocks);
        x[i] = slice_make(x[i].ptr + blocks * BLOCK, x[i].len - blocks * BLOCK);
    }
}

void
sha512_update_lanes(struct sha512 *const s[SHA512_LANES], const struct slice data[SHA512_LANES])
{
    struct slice x[SHA512_LANES];
    struct sha512 *to[SHA512_LANES], spare;
    int n = 0;
    for (int i = 0; i < SHA512_LANES; i++)
        if (s[i] != NULL && data[i].len > 0) {
            to[n] = s[i];
            x[n++] = data[i];
        }
    if (n == SHA512_LANES - 1) { /* a lane that does the work of another one, for nobody */
        spare = *to[0];
        to[n] = &spare;
        x[n] = x[0];
        if (have_lanes())
            update_lanes(to, x);
    } else if (n == SHA512_LANES && have_lanes()) {
        update_lanes(to, x);
    }
    for (int i = 0; i < n; i++)
        sha512_update(to[i], x[i].ptr, x[i].len);
}
