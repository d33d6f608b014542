#include "config.h"

#include "types/json.h"

#include "base/hash.h"
#include "types/enc_int.h"
#include "types/json_int.h"

/* ---- views ----------------------------------------------------------------------------------- */

/* Entries and data area of a container. */
struct layout {
    const uint8_t *entries;
    uint32_t n; /* entries: twice the pairs for an object */
    struct slice data;
};

static struct layout
layout_of(struct json j)
{
    struct layout l = {NULL, 0, {NULL, 0}};
    if ((j.kind != JSON_ARRAY && j.kind != JSON_OBJECT) || j.data.len < 4)
        return l;
    uint64_t n = j.kind == JSON_OBJECT ? (uint64_t)j.count * 2 : j.count;
    if (n > (j.data.len - 4) / 4)
        return l;
    l.entries = j.data.ptr + 4;
    l.n = (uint32_t)n;
    l.data = slice_make(l.entries + 4 * n, j.data.len - 4 - 4 * n);
    return l;
}

/* End of entry i: back to the nearest one that says its offset. */
static uint64_t
entry_end(const struct layout *l, uint32_t i)
{
    uint64_t sum = 0;
    for (;; i--) {
        uint32_t e = enc_get_be32(l->entries + 4 * (size_t)i);
        sum += e & JSON_LEN_MASK;
        if ((e & JSON_OFFSET_FLAG) || i == 0)
            return sum;
    }
}

static struct slice
entry_data(const struct layout *l, uint32_t i)
{
    uint64_t start = i == 0 ? 0 : entry_end(l, i - 1);
    uint64_t end = entry_end(l, i);
    if (start > end || end > l->data.len)
        return slice_make(l->data.ptr, 0);
    return slice_make(l->data.ptr + start, end - start);
}

static struct json
view(uint32_t entry, struct slice data)
{
    struct json j = {JSON_NULL, 0, data};
    switch (entry & JSON_TYPE_MASK) {
    case JSON_E_STRING:
        j.kind = JSON_STRING;
        break;
    case JSON_E_NUMBER:
        j.kind = JSON_NUMBER;
        break;
    case JSON_E_FALSE:
        j.kind = JSON_FALSE;
        break;
    case JSON_E_TRUE:
        j.kind = JSON_TRUE;
        break;
    case JSON_E_CONTAINER:
        if (data.len >= 4) {
            uint32_t h = enc_get_be32(data.ptr);
            j.kind = (h & JSON_C_OBJECT) ? JSON_OBJECT : JSON_ARRAY;
            j.count = h & JSON_COUNT_MASK;
        }
        break;
    default:
        break;
    }
    return j;
}

struct json
json_root(struct slice body)
{
    if (body.len < 4)
        return (struct json){JSON_NULL, 0, {body.ptr, 0}};
    uint32_t h = enc_get_be32(body.ptr);
    if (h & JSON_C_SCALAR) {
        if (body.len < 8)
            return (struct json){JSON_NULL, 0, {body.ptr, 0}};
        return view(enc_get_be32(body.ptr + 4), slice_make(body.ptr + 8, body.len - 8));
    }
    return view(JSON_E_CONTAINER, body);
}

static struct json
value_at(const struct layout *l, uint32_t i)
{
    if (i >= l->n)
        return (struct json){JSON_NULL, 0, {NULL, 0}};
    return view(enc_get_be32(l->entries + 4 * (size_t)i), entry_data(l, i));
}

struct json
json_at(struct json array, uint32_t i)
{
    struct layout l = layout_of(array);
    return value_at(&l, i);
}

void
json_pair(struct json object, uint32_t i, struct slice *key, struct json *value)
{
    struct layout l = layout_of(object);
    uint32_t n = l.n / 2;
    if (key != NULL)
        *key = i < n ? entry_data(&l, i) : SLICE_NULL;
    if (value != NULL)
        *value = i < n ? value_at(&l, n + i) : (struct json){JSON_NULL, 0, {NULL, 0}};
}

bool
json_get(struct json object, struct slice key, struct json *value)
{
    struct layout l = layout_of(object);
    uint32_t n = l.n / 2, lo = 0, hi = n;
    if (object.kind != JSON_OBJECT)
        return false;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = slice_cmp(entry_data(&l, mid), key);
        if (c == 0) {
            if (value != NULL)
                *value = value_at(&l, n + mid);
            return true;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

/* The decimal behind its length. */
static struct slice
number_bytes(struct json j)
{
    struct reader r = reader_make(j.data);
    uint64_t len = reader_uvarint(&r);
    return slice_make(r.ptr, len < reader_left(&r) ? len : reader_left(&r));
}

const struct decimal *
json_number(struct arena *a, struct json number)
{
    const struct decimal *d;
    struct error *err = decimal_value_get(number_bytes(number), a, &d);
    if (err != NULL) {
        err_free(err);
        d = decimal_special(a, DECIMAL_NAN, false);
    }
    return d;
}

/* ---- check ----------------------------------------------------------------------------------- */

static struct error *validate_container(struct slice body, int depth);

static struct error *
validate_value(uint32_t type, struct slice data, int depth)
{
    struct reader r = reader_make(data);
    switch (type) {
    case JSON_E_NULL:
    case JSON_E_TRUE:
    case JSON_E_FALSE:
        if (data.len != 0)
            return CORRUPT("malformed JSON literal");
        return NULL;
    case JSON_E_STRING:
        return NULL;
    case JSON_E_NUMBER: {
        uint64_t len = reader_uvarint(&r);
        if (r.failed || len != reader_left(&r))
            return CORRUPT("malformed JSON number");
        return decimal_value_check(slice_make(r.ptr, len));
    }
    case JSON_E_CONTAINER:
        return validate_container(data, depth + 1);
    default:
        return CORRUPT("unknown JSON entry type %#x", type);
    }
}

static struct error *
validate_container(struct slice body, int depth)
{
    if (depth > JSON_MAX_DEPTH)
        return CORRUPT("JSON nested too deeply");
    if (body.len < 4)
        return CORRUPT("JSON container is truncated");
    uint32_t h = enc_get_be32(body.ptr);
    uint32_t kind = h & ~JSON_COUNT_MASK;
    uint64_t count = h & JSON_COUNT_MASK;
    if (kind != JSON_C_ARRAY && kind != JSON_C_OBJECT)
        return CORRUPT("unexpected JSON container header %#x", h);
    uint64_t n = kind == JSON_C_OBJECT ? count * 2 : count;
    if (n > (body.len - 4) / 4)
        return CORRUPT("JSON container is truncated");
    const uint8_t *entries = body.ptr + 4;
    struct slice data = {entries + 4 * n, body.len - 4 - 4 * n};
    struct slice last_key = SLICE_NULL;
    uint64_t at = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t e = enc_get_be32(entries + 4 * i);
        uint64_t end = (e & JSON_OFFSET_FLAG) ? (e & JSON_LEN_MASK) : at + (e & JSON_LEN_MASK);
        if (end < at || end > data.len)
            return CORRUPT("JSON offset out of range");
        struct slice d = {data.ptr + at, end - at};
        if (kind == JSON_C_OBJECT && i < count) {
            if ((e & JSON_TYPE_MASK) != JSON_E_STRING)
                return CORRUPT("JSON object key is no string");
            if (i > 0 && slice_cmp(last_key, d) >= 0)
                return CORRUPT("JSON object keys out of order");
            last_key = d;
        } else {
            ERR_TRY(validate_value(e & JSON_TYPE_MASK, d, depth));
        }
        at = end;
    }
    return at == data.len ? NULL : CORRUPT("%zu bytes behind a JSON container", data.len - at);
}

struct error *
json_validate(struct slice body)
{
    if (body.len < 4)
        return CORRUPT("JSON value is truncated");
    uint32_t h = enc_get_be32(body.ptr);
    if ((h & ~JSON_COUNT_MASK) != JSON_C_SCALAR)
        return validate_container(body, 1);
    if (body.len < 8)
        return CORRUPT("JSON value is truncated");
    uint32_t e = enc_get_be32(body.ptr + 4);
    if ((e & JSON_TYPE_MASK) == JSON_E_CONTAINER || (e & JSON_LEN_MASK) != body.len - 8)
        return CORRUPT("malformed JSON scalar");
    return validate_value(e & JSON_TYPE_MASK, slice_make(body.ptr + 8, body.len - 8), 0);
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Small numbers need no memory. */
struct number {
    union decimal_room room;
    struct arena *arena;
    const struct decimal *d;
};

static void
number_init(struct number *n, struct json j)
{
    n->arena = NULL;
    n->d = decimal_value_view(number_bytes(j), &n->room);
    if (n->d == NULL) {
        n->arena = arena_create(NULL, "json number");
        n->d = json_number(n->arena, j);
    }
}

static int
compare_numbers(struct json a, struct json b)
{
    struct number x, y;
    if (slice_eq(a.data, b.data))
        return 0;
    number_init(&x, a);
    number_init(&y, b);
    int c = decimal_cmp(x.d, y.d);
    arena_destroy(x.arena);
    arena_destroy(y.arena);
    return c;
}

/* SOURCE: CockroachDB v20.1 pkg/util/json: kinds in the order of enum json_kind; containers by
 * count first. */
int
json_compare(struct json a, struct json b)
{
    if (a.kind != b.kind)
        return a.kind < b.kind ? -1 : 1;
    switch (a.kind) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        return 0;
    case JSON_STRING: {
        int c = slice_cmp(a.data, b.data);
        return (c > 0) - (c < 0);
    }
    case JSON_NUMBER:
        return compare_numbers(a, b);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (a.count != b.count)
        return a.count < b.count ? -1 : 1;
    if (slice_eq(a.data, b.data))
        return 0;
    for (uint32_t i = 0; i < a.count; i++) {
        struct json x, y;
        struct slice kx = SLICE_NULL, ky = SLICE_NULL;
        if (a.kind == JSON_ARRAY) {
            x = json_at(a, i);
            y = json_at(b, i);
        } else {
            json_pair(a, i, &kx, &x);
            json_pair(b, i, &ky, &y);
        }
        int c = slice_cmp(kx, ky);
        if (c == 0)
            c = json_compare(x, y);
        if (c != 0)
            return c < 0 ? -1 : 1;
    }
    return 0;
}

uint64_t
json_hash(struct json j, uint64_t seed)
{
    struct number n;
    struct slice key;
    struct json v;
    seed = hash_u64((uint64_t)j.kind, seed);
    switch (j.kind) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    case JSON_STRING:
        return hash_bytes(j.data.ptr, j.data.len, seed);
    case JSON_NUMBER:
        number_init(&n, j);
        seed = decimal_hash(n.d, seed);
        arena_destroy(n.arena);
        break;
    case JSON_ARRAY:
        for (uint32_t i = 0; i < j.count; i++)
            seed = json_hash(json_at(j, i), seed);
        break;
    case JSON_OBJECT:
        for (uint32_t i = 0; i < j.count; i++) {
            json_pair(j, i, &key, &v);
            seed = json_hash(v, hash_bytes(key.ptr, key.len, seed));
        }
        break;
    }
    return seed;
}
