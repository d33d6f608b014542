#include "config.h"

#include <stdlib.h>

#include "types/enc_int.h"
#include "types/json.h"
#include "types/keyenc.h"

/* SOURCE: kv-encoding 8 (CockroachDB v20.1 pkg/util/json EncodeInvertedIndexKeys). */
#define JSON_PREFIX 0x37
#define JSON_EMPTY_ARRAY 0x38
#define JSON_EMPTY_OBJECT 0x39
#define JSON_LEAF_NULL 0x00
#define JSON_LEAF_TRUE 0x0a
#define JSON_LEAF_FALSE 0x0b

struct keys {
    struct arena *a;
    size_t n, cap;
    struct slice *v;
    struct str path; /* prefix of the keys below; grows and shrinks */
};

static void
put_u8(struct str *s, unsigned b)
{
    str_append_char(s, (char)(uint8_t)b);
}

static void
keys_add(struct keys *k, struct slice key)
{
    if (k->n == k->cap) {
        size_t cap = k->cap == 0 ? 16 : k->cap * 2;
        k->v = arena_realloc(k->a, k->v, k->cap * sizeof(*k->v), cap * sizeof(*k->v));
        k->cap = cap;
    }
    k->v[k->n++] = key;
}

/* path, 00 01, leaf. */
static void
add_leaf(struct keys *k, struct json j)
{
    struct str s;
    str_init_arena(&s, k->a, STR_MAX_DEFAULT);
    str_append_slice(&s, str_slice(&k->path));
    put_u8(&s, 0);
    put_u8(&s, 1);
    switch (j.kind) {
    case JSON_NULL:
        put_u8(&s, JSON_LEAF_NULL);
        break;
    case JSON_TRUE:
        put_u8(&s, JSON_LEAF_TRUE);
        break;
    case JSON_FALSE:
        put_u8(&s, JSON_LEAF_FALSE);
        break;
    case JSON_STRING:
        key_put_bytes(&s, j.data);
        break;
    case JSON_NUMBER:
        decimal_key_put(&s, json_number(k->a, j), false);
        break;
    case JSON_ARRAY:
        put_u8(&s, JSON_EMPTY_ARRAY);
        break;
    case JSON_OBJECT:
        put_u8(&s, JSON_EMPTY_OBJECT);
        break;
    }
    keys_add(k, str_slice(&s));
}

/* Bodies are validated, so the depth is bounded. */
static void
walk(struct keys *k, struct json j)
{
    if (j.count == 0) {
        add_leaf(k, j);
        return;
    }
    size_t start = k->path.len;
    for (uint32_t i = 0; i < j.count; i++) {
        struct slice key;
        struct json v;
        if (j.kind == JSON_ARRAY) {
            v = json_at(j, i);
            put_u8(&k->path, 0);
            put_u8(&k->path, 3);
        } else {
            json_pair(j, i, &key, &v);
            for (size_t c = 0; c < key.len; c++) {
                put_u8(&k->path, key.ptr[c]);
                if (key.ptr[c] == 0)
                    put_u8(&k->path, 0xff);
            }
            if (v.count > 0) {
                put_u8(&k->path, 0);
                put_u8(&k->path, 2);
            }
        }
        walk(k, v);
        k->path.len = start;
    }
}

static int
key_cmp(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    return slice_cmp(*x, *y);
}

struct error *
inverted_keys(struct arena *scratch, const struct type *t, const struct datum *d,
              struct error *(*emit)(void *arg, struct slice key), void *arg)
{
    struct keys k = {.a = scratch};
    if (d->null)
        return NULL;
    if (t->family == FAMILY_JSON) {
        str_init_arena(&k.path, scratch, STR_MAX_DEFAULT);
        put_u8(&k.path, JSON_PREFIX);
        walk(&k, json_root(datum_slice(d)));
    } else if (t->family == FAMILY_ARRAY) {
        for (int i = 0; i < d->arr->n; i++) {
            struct str s;
            if (d->arr->v[i].null)
                continue;
            str_init_arena(&s, scratch, STR_MAX_DEFAULT);
            ERR_TRY(key_encode(&s, d->arr->elem, &d->arr->v[i], KEY_ASC));
            keys_add(&k, str_slice(&s));
        }
    } else {
        return err_new(ERR_INTERNAL, "trying to apply inverted index to non JSON type");
    }
    if (k.n > 1)
        qsort(k.v, k.n, sizeof(*k.v), key_cmp);
    for (size_t i = 0; i < k.n; i++) {
        if (i == 0 || !slice_eq(k.v[i - 1], k.v[i]))
            ERR_TRY(emit(arg, k.v[i]));
    }
    return NULL;
}
