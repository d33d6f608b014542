/* regress/unit/types_util.h - values for the tests of codecs and types: from text, from hex, made
 * up. */
#ifndef AMBERDB_REGRESS_UNIT_TYPES_UTIL_H
#define AMBERDB_REGRESS_UNIT_TYPES_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/enc.h"
#include "types/datum.h"
#include "types/decimal.h"
#include "types/json.h"

#define OK(expr)                                                                                 \
    do {                                                                                         \
        struct error *ok_e_ = (expr);                                                            \
        if (ok_e_ != NULL)                                                                       \
            fail_msg("%s: %s", #expr, ok_e_->message);                                           \
    } while (0)

struct fixture {
    struct arena *a;
    struct eval_env env;
};

static inline int
fixture_setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->a = arena_create(NULL, "test");
    f->env = (struct eval_env){.arena = f->a, .default_int_size = 8, .extra_float_digits = 3};
    *state = f;
    return 0;
}

static inline int
fixture_teardown(void **state)
{
    struct fixture *f = *state;
    arena_destroy(f->a);
    xfree(f);
    return 0;
}

static inline const struct type *
type_named(const char *name)
{
    static const struct {
        const char *name;
        const struct type *t;
    } all[] = {
        {"BOOL", &TYPE_BOOL}, {"INT", &TYPE_INT8}, {"FLOAT", &TYPE_FLOAT8},
        {"DECIMAL", &TYPE_DECIMAL}, {"STRING", &TYPE_STRING}, {"BYTES", &TYPE_BYTES},
        {"DATE", &TYPE_DATE}, {"TIME", &TYPE_TIME}, {"TIMETZ", &TYPE_TIMETZ},
        {"TIMESTAMP", &TYPE_TIMESTAMP}, {"TIMESTAMPTZ", &TYPE_TIMESTAMPTZ},
        {"INTERVAL", &TYPE_INTERVAL}, {"UUID", &TYPE_UUID}, {"INET", &TYPE_INET},
        {"VARBIT", &TYPE_VARBIT}, {"OID", &TYPE_OID}, {"JSONB", &TYPE_JSONB},
        {"INT[]", &TYPE_INT8_ARRAY}, {"STRING[]", &TYPE_STRING_ARRAY},
        {"BOOL[]", &TYPE_BOOL_ARRAY}, {"DECIMAL[]", &TYPE_DECIMAL_ARRAY},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].t;
    fail_msg("no type %s", name);
    return NULL;
}

static inline struct datum
datum_of(struct fixture *f, const struct type *t, const char *text)
{
    struct datum d;
    OK(datum_parse(&f->env, t, slice_cstr(text), &d));
    return d;
}

static inline struct slice
from_hex(struct arena *a, const char *hex)
{
    uint8_t *out = arena_alloc(a, strlen(hex) / 2 + 1);
    size_t n = 0;
    while (*hex != '\0') {
        if (*hex == ' ' || *hex == '\n') {
            hex++;
            continue;
        }
        char two[3] = {hex[0], hex[1], '\0'};
        out[n++] = (uint8_t)strtoul(two, NULL, 16);
        hex += 2;
    }
    return slice_make(out, n);
}

static inline void
assert_bytes(const char *what, struct slice got, struct slice want)
{
    if (slice_eq(got, want))
        return;
    fprintf(stderr, "# %s\n#  got ", what);
    for (size_t i = 0; i < got.len; i++)
        fprintf(stderr, "%02x ", got.ptr[i]);
    fprintf(stderr, "\n#  want ");
    for (size_t i = 0; i < want.len; i++)
        fprintf(stderr, "%02x ", want.ptr[i]);
    fprintf(stderr, "\n");
    fail_msg("%s: bytes differ", what);
}

static inline const char *
text_of(struct fixture *f, const struct type *t, const struct datum *d)
{
    struct str s;
    str_init_arena(&s, f->a, STR_MAX_DEFAULT);
    if (d->null)
        str_append_cstr(&s, "NULL");
    else
        datum_format(&s, t, d, TEXT_CAST, &f->env);
    return str_cstr(&s);
}

/* ---- golden/datum_codec.txt ---- */

struct golden {
    char type[32], text[256], asc[512], desc[512], value[512];
};

typedef void (*golden_fn)(struct fixture *f, const struct golden *g, const struct type *t,
                          const struct datum *d);

static inline void
each_golden(struct fixture *f, golden_fn fn)
{
    const char *src = getenv("AMBERDB_SRCDIR");
    char path[4096], line[2048];
    int n = 0;
    snprintf(path, sizeof(path), "%s/regress/golden/datum_codec.txt", src == NULL ? "." : src);
    FILE *in = fopen(path, "r");
    if (in == NULL) {
        fail_msg("cannot open %s", path);
        return;
    }
    while (fgets(line, sizeof(line), in) != NULL) {
        struct golden g;
        char *field[5], *p = line;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < 5; i++) {
            field[i] = p;
            p = strchr(p, '|');
            if (p != NULL)
                *p++ = '\0';
            else if (i < 4)
                fail_msg("bad line: %s", line);
        }
        snprintf(g.type, sizeof(g.type), "%s", field[0]);
        snprintf(g.text, sizeof(g.text), "%s", field[1]);
        snprintf(g.asc, sizeof(g.asc), "%s", field[2]);
        snprintf(g.desc, sizeof(g.desc), "%s", field[3]);
        snprintf(g.value, sizeof(g.value), "%s", field[4]);
        const struct type *t = type_named(g.type);
        static const struct decimal minus_zero = {.neg = true}; /* no text gives it */
        struct datum d = datum_of(f, t, g.text);
        if (t == &TYPE_DECIMAL && strcmp(g.text, "-0") == 0)
            d.dec = &minus_zero;
        fn(f, &g, t, &d);
        n++;
    }
    fclose(in);
    assert_true(n > 50);
}

/* ---- made-up values; the seed says which ---- */

struct rng {
    uint64_t s;
};

static inline uint64_t
rnd(struct rng *r)
{
    r->s ^= r->s << 13;
    r->s ^= r->s >> 7;
    r->s ^= r->s << 17;
    return r->s;
}

/* Of any magnitude. */
static inline int64_t
rnd_int(struct rng *r)
{
    static const int64_t edges[] = {0, 1, -1, 109, 110, 255, 256, -255, -256, 65535, 65536,
                                    INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    if (rnd(r) % 8 == 0)
        return edges[rnd(r) % (sizeof(edges) / sizeof(edges[0]))];
    return (int64_t)rnd(r) >> (rnd(r) % 64);
}

static inline struct datum
rnd_bytes(struct rng *r, struct arena *a, size_t max, bool text)
{
    size_t n = rnd(r) % (max + 1);
    uint8_t *b = arena_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++)
        b[i] = text ? (uint8_t)('a' + rnd(r) % 4)
                    : (uint8_t)(rnd(r) % 3 == 0 ? (rnd(r) % 2 ? 0x00 : 0xff) : rnd(r));
    return datum_bytes(b, n);
}

static inline struct datum
rnd_decimal(struct rng *r, struct arena *a)
{
    struct str s;
    str_init_arena(&s, a, 1024);
    if (rnd(r) % 20 == 0)
        str_append_cstr(&s, rnd(r) % 3 == 0 ? "NaN" : rnd(r) % 2 ? "Infinity" : "-Infinity");
    else {
        if (rnd(r) % 2)
            str_append_char(&s, '-');
        for (int n = (int)(rnd(r) % 50); n >= 0; n--)
            str_append_char(&s, rnd(r) % 4 == 0 ? '0' : (char)('0' + rnd(r) % 10));
        str_printf(&s, "e%d", (int)(rnd(r) % 200) - 100);
    }
    const struct decimal *d;
    if (!decimal_parse(a, str_slice(&s), &d))
        fail_msg("decimal %s", str_cstr(&s));
    return (struct datum){.dec = d};
}

static inline struct datum
rnd_datum(struct rng *r, struct fixture *f, const struct type *t)
{
    struct arena *a = f->a;
    switch (t->family) {
    case FAMILY_BOOL:
        return datum_bool(rnd(r) % 2);
    case FAMILY_OID:
        return datum_int((int64_t)(uint32_t)rnd(r));
    case FAMILY_DATE:
        if (rnd(r) % 10 == 0)
            return datum_int(rnd(r) % 2 ? DATE_POS_INF : DATE_NEG_INF);
        return datum_int((int64_t)(rnd(r) % 2147483493) - 2440588);
    case FAMILY_TIME:
        return datum_int((int64_t)(rnd(r) % 86400000001));
    case FAMILY_TIMETZ:
        return (struct datum){.i = (int64_t)(rnd(r) % 86400000001),
                              .aux = (int32_t)(rnd(r) % 115199) - 57599};
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        if (rnd(r) % 10 == 0)
            return datum_int(rnd(r) % 2 ? TIMESTAMP_MAX_US : TIMESTAMP_MIN_US);
        return datum_int((int64_t)(rnd(r) % 9000000000000000000u) >> (rnd(r) % 60));
    case FAMILY_FLOAT: {
        uint64_t bits = rnd(r);
        double d;
        memcpy(&d, &bits, 8);
        return datum_float(rnd(r) % 10 == 0 ? (double)rnd_int(r) : d);
    }
    case FAMILY_DECIMAL:
        return rnd_decimal(r, a);
    case FAMILY_INTERVAL: { /* within 290 years, where keys keep the order */
        struct interval *iv = ARENA_NEW(a, struct interval);
        iv->months = (int64_t)(rnd(r) % 2000) - 1000;
        iv->days = (int64_t)(rnd(r) % 20000) - 10000;
        iv->nanos = ((int64_t)rnd(r) >> (2 + rnd(r) % 60)) / 1000 * 1000;
        return (struct datum){.iv = iv};
    }
    case FAMILY_STRING:
        return rnd_bytes(r, a, 12, true);
    case FAMILY_BYTES:
        return rnd_bytes(r, a, 12, false);
    case FAMILY_UUID: {
        struct datum d = rnd_bytes(r, a, 0, false);
        uint8_t *b = arena_alloc(a, 16);
        for (int i = 0; i < 16; i++)
            b[i] = rnd(r) % 4 == 0 ? 0 : (uint8_t)rnd(r);
        d = datum_bytes(b, 16);
        return d;
    }
    case FAMILY_INET: {
        bool v6 = rnd(r) % 2;
        uint8_t *b = arena_alloc(a, 18);
        b[0] = v6;
        b[1] = (uint8_t)(rnd(r) % (v6 ? 129 : 33));
        for (int i = 2; i < 18; i++)
            b[i] = rnd(r) % 2 ? 0 : (uint8_t)rnd(r);
        return datum_bytes(b, v6 ? 18 : 6);
    }
    case FAMILY_BIT: {
        struct datum d = rnd_bytes(r, a, 20, false);
        uint32_t bits = d.len * 8;
        if (bits > 0 && rnd(r) % 2) {
            bits -= rnd(r) % 8;
            ((uint8_t *)(uintptr_t)d.ptr)[d.len - 1] &= (uint8_t)(0xff << (d.len * 8 - bits));
        }
        d.len = bits;
        return d;
    }
    case FAMILY_ARRAY: {
        int n = (int)(rnd(r) % 20);
        struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)n);
        for (int i = 0; i < n; i++)
            v[i] = rnd(r) % 4 == 0 ? DATUM_NULL : rnd_datum(r, f, t->elem);
        struct array *arr = ARENA_NEW(a, struct array);
        *arr = (struct array){.n = n, .elem = t->elem, .v = v};
        return (struct datum){.arr = arr};
    }
    default:
        return datum_int(rnd_int(r));
    }
}

#endif
