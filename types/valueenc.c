#include "config.h"

#include "types/valueenc.h"

#include "base/hash.h"
#include "types/enc_int.h"
#include "types/json.h"
#include "types/keyenc.h"

#define SENTINEL 15
#define TUPLE_MAX_DEPTH 100
#define ARRAY_HAS_NULLS 0x10

static void
put_u8(struct str *s, unsigned b)
{
    str_append_char(s, (char)(uint8_t)b);
}

/* ---- integers ------------------------------------------------------------------------------ */

void
nuv_put(struct str *s, uint64_t v)
{
    uint8_t buf[10];
    size_t at = sizeof(buf);
    buf[--at] = v & 0x7f;
    while (v >>= 7)
        buf[--at] = 0x80 | (v & 0x7f);
    str_append(s, buf + at, sizeof(buf) - at);
}

uint64_t
nuv_get(struct reader *r)
{
    uint64_t v = 0;
    for (const uint8_t *p = r->ptr; !r->failed && p < r->end; p++) {
        if (v >> 57 != 0)
            break;
        v = v << 7 | (*p & 0x7f);
        if (*p < 0x80) {
            r->ptr = p + 1;
            return v;
        }
    }
    r->failed = true;
    return 0;
}

void
suv_put(struct str *s, uint64_t v)
{
    uint8_t buf[ENC_UVARINT_MAX];
    str_append(s, buf, enc_put_uvarint(buf, v));
}

/* ---- the envelope -------------------------------------------------------------------------- */

void
value_open(struct str *s, enum value_tag tag)
{
    uint8_t header[VALUE_HEADER] = {0, 0, 0, 0, (uint8_t)tag};
    str_append(s, header, sizeof(header));
}

static uint32_t
value_checksum(const uint8_t *value, size_t len, struct slice key)
{
    uint32_t crc = crc32_ieee(0, key.ptr, key.len);
    crc = crc32_ieee(crc, value + 4, len - 4);
    return crc == 0 ? 1 : crc; /* 0 means none */
}

void
value_seal_bytes(uint8_t *value, size_t len, struct slice key)
{
    VERIFY(len >= VALUE_HEADER);
    enc_put_be32(value, value_checksum(value, len, key));
}

void
value_seal(struct str *s, size_t start, struct slice key)
{
    if (!s->failed)
        value_seal_bytes((uint8_t *)s->ptr + start, s->len - start, key);
}

bool
value_checksum_ok(struct slice value, struct slice key)
{
    if (value.len == 0)
        return true; /* a deletion */
    if (value.len < VALUE_HEADER)
        return false;
    uint32_t stored = enc_get_be32(value.ptr);
    return stored == 0 || stored == value_checksum(value.ptr, value.len, key);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static enum element_type
element_type_of(const struct type *t, const struct datum *d)
{
    switch (t->family) {
    case FAMILY_BOOL:
        return d == NULL || d->i != 0 ? E_TRUE : E_FALSE;
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
        return E_INT;
    case FAMILY_FLOAT:
        return E_FLOAT;
    case FAMILY_DECIMAL:
        return E_DECIMAL;
    case FAMILY_STRING:
    case FAMILY_BYTES:
    case FAMILY_COLLATED_STRING:
        return E_BYTES;
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        return E_TIME;
    case FAMILY_INTERVAL:
        return E_DURATION;
    case FAMILY_UUID:
        return E_UUID;
    case FAMILY_ARRAY:
        return E_ARRAY;
    case FAMILY_INET:
        return E_IPADDR;
    case FAMILY_JSON:
        return E_JSON;
    case FAMILY_TUPLE:
        return E_TUPLE;
    case FAMILY_BIT:
        return E_BITARRAY;
    case FAMILY_TIMETZ:
        return E_TIMETZ;
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
    return E_NULL;
}

static void
put_bits(struct str *s, const struct datum *d)
{
    uint8_t buf[8];
    nuv_put(s, d->len);
    for (uint64_t i = 0; i < bits_words(d->len); i++) {
        enc_put_be64(buf, bits_word(d, i));
        str_append(s, buf, 8);
    }
}

static void
put_float(struct str *s, double f)
{
    uint8_t buf[8];
    uint64_t bits;
    memcpy(&bits, &f, 8);
    if (f != f)
        bits = UINT64_C(0x7ff8000000000001); /* Go's NaN, whichever we hold */
    enc_put_be64(buf, bits);
    str_append(s, buf, 8);
}

/* Bytes that are made first and then counted; `leb`: their length as LEB128. */
static void
put_counted(struct str *s, size_t start, bool leb)
{
    if (s->failed)
        return;
    size_t len = s->len - start;
    struct str head;
    char room[16];
    str_init(&head, sizeof(room));
    if (leb)
        suv_put(&head, len);
    else
        nuv_put(&head, len);
    size_t n = head.len;
    memcpy(room, head.ptr, n);
    str_release(&head);
    str_append(s, room, n);
    if (s->failed)
        return;
    memmove(s->ptr + start + n, s->ptr + start, len);
    memcpy(s->ptr + start, room, n);
}

static struct error *
put_body(struct str *s, const struct type *t, const struct datum *d)
{
    int64_t seconds, nanos;
    size_t start;
    switch (t->family) {
    case FAMILY_BOOL: /* all in the tag */
        return NULL;
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
        siv_put(s, d->i);
        return NULL;
    case FAMILY_FLOAT:
        put_float(s, d->f);
        return NULL;
    case FAMILY_DECIMAL:
        start = s->len;
        decimal_value_put(s, d->dec);
        put_counted(s, start, true);
        return NULL;
    case FAMILY_STRING:
    case FAMILY_BYTES:
    case FAMILY_COLLATED_STRING:
    case FAMILY_JSON:
        nuv_put(s, d->len);
        str_append_slice(s, datum_slice(d));
        return NULL;
    case FAMILY_UUID:
    case FAMILY_INET:
        str_append_slice(s, datum_slice(d));
        return NULL;
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        timestamp_split(d->i, &seconds, &nanos);
        siv_put(s, seconds);
        siv_put(s, nanos);
        return NULL;
    case FAMILY_INTERVAL:
        siv_put(s, d->iv->months);
        siv_put(s, d->iv->days);
        siv_put(s, d->iv->nanos);
        return NULL;
    case FAMILY_TIMETZ:
        siv_put(s, d->i);
        siv_put(s, d->aux);
        return NULL;
    case FAMILY_BIT:
        put_bits(s, d);
        return NULL;
    case FAMILY_ARRAY:
        start = s->len;
        ERR_TRY(array_body_encode(s, d->arr));
        put_counted(s, start, false);
        return NULL;
    case FAMILY_TUPLE:
        nuv_put(s, d->len);
        for (uint32_t i = 0; i < d->len; i++)
            ERR_TRY(value_put_element(s, 0, t->contents[i], &d->tup[i]));
        return NULL;
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
    return err_new(ERR_INTERNAL, "unable to encode table value of type family %d", (int)t->family);
}

static void
put_tag(struct str *s, uint32_t col_delta, enum element_type e)
{
    if (e < SENTINEL) {
        nuv_put(s, (uint64_t)col_delta * 16 + e);
    } else {
        nuv_put(s, (uint64_t)col_delta * 16 + SENTINEL);
        nuv_put(s, e);
    }
}

struct error *
value_put_element(struct str *s, uint32_t col_delta, const struct type *t, const struct datum *d)
{
    if (d->null) {
        put_tag(s, col_delta, E_NULL);
        return NULL;
    }
    put_tag(s, col_delta, element_type_of(t, d));
    return put_body(s, t, d);
}

struct error *
value_get_tag(struct reader *r, uint32_t *col_delta, uint32_t *element_type)
{
    uint64_t v = nuv_get(r);
    uint64_t e = v % 16;
    if (e == SENTINEL)
        e = nuv_get(r);
    if (r->failed || v / 16 > UINT32_MAX || e > UINT32_MAX)
        return CORRUPT("malformed value tag");
    *col_delta = (uint32_t)(v / 16);
    *element_type = (uint32_t)e;
    return NULL;
}

static struct error *
truncated(void)
{
    return CORRUPT("value ends within a column");
}

/* A length and that many bytes, copied. */
static struct error *
get_bytes(struct reader *r, struct arena *a, struct datum *out)
{
    uint64_t len = nuv_get(r);
    if (r->failed || len > reader_left(r) || len > UINT32_MAX)
        return truncated();
    void *mem;
    ERR_TRY(arena_try_alloc(a, len, &mem));
    if (len > 0)
        memcpy(mem, r->ptr, len);
    r->ptr += len;
    *out = datum_bytes(mem, len);
    return NULL;
}

static struct error *
get_fixed(struct slice b, struct arena *a, struct datum *out)
{
    void *mem;
    ERR_TRY(arena_try_alloc(a, b.len, &mem));
    if (b.len > 0)
        memcpy(mem, b.ptr, b.len);
    *out = datum_bytes(mem, b.len);
    return NULL;
}

static struct error *
get_bits(struct reader *r, struct arena *a, struct datum *out)
{
    uint64_t bits = nuv_get(r);
    if (r->failed || bits > UINT32_MAX || bits_words(bits) * 8 > reader_left(r))
        return truncated();
    struct slice words = reader_bytes(r, bits_words(bits) * 8);
    ERR_TRY(get_fixed(slice_make(words.ptr, (bits + 7) / 8), a, out));
    if (bits % 8 != 0) {
        uint8_t *last = (uint8_t *)(uintptr_t)out->ptr + bits / 8;
        *last &= (uint8_t)(0xff00 >> (bits % 8));
    }
    out->len = (uint32_t)bits;
    return NULL;
}

static struct error *
get_tuple(struct reader *r, struct arena *a, const struct type *t, struct datum *out)
{
    uint64_t n = nuv_get(r);
    if (r->failed || n != (uint64_t)t->n)
        return CORRUPT("tuple of %llu fields where %d are expected", (unsigned long long)n, t->n);
    struct datum *v = ARENA_ARRAY(a, struct datum, n);
    for (uint64_t i = 0; i < n; i++) {
        uint32_t delta, e;
        ERR_TRY(value_get_tag(r, &delta, &e));
        ERR_TRY(value_get_body(r, a, e, t->contents[i], &v[i]));
    }
    *out = (struct datum){.tup = v, .len = (uint32_t)n};
    return NULL;
}

static struct error *
get_number(struct reader *r, struct arena *a, const struct type *t, struct datum *out)
{
    switch (t->family) {
    case FAMILY_FLOAT: {
        uint64_t bits = reader_be64(r);
        memcpy(&out->f, &bits, 8);
        break;
    }
    case FAMILY_DECIMAL: {
        uint64_t len = reader_uvarint(r);
        if (r->failed || len > reader_left(r))
            return truncated();
        return decimal_value_get(reader_bytes(r, len), a, &out->dec);
    }
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ: {
        int64_t seconds = siv_get(r), nanos = siv_get(r);
        if (!r->failed)
            return timestamp_join(seconds, nanos, &out->i);
        break;
    }
    case FAMILY_INTERVAL: {
        struct interval *iv = ARENA_NEW(a, struct interval);
        iv->months = siv_get(r);
        iv->days = siv_get(r);
        iv->nanos = siv_get(r);
        out->iv = iv;
        break;
    }
    case FAMILY_TIMETZ: {
        int64_t us = siv_get(r), west = siv_get(r);
        if (us < 0 || us > US_PER_DAY || west < -86400 || west > 86400)
            return CORRUPT("timetz out of range");
        *out = (struct datum){.i = us, .aux = (int32_t)west};
        break;
    }
    default:
        out->i = siv_get(r);
        break;
    }
    return r->failed ? truncated() : NULL;
}

/* The body of a non-NULL element, BOOL apart. */
static struct error *
get_body(struct reader *r, struct arena *a, const struct type *t, struct datum *out)
{
    struct slice inet;
    uint64_t len;
    *out = (struct datum){.i = 0};
    switch (t->family) {
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
    case FAMILY_FLOAT:
    case FAMILY_DECIMAL:
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
    case FAMILY_INTERVAL:
    case FAMILY_TIMETZ:
        return get_number(r, a, t, out);
    case FAMILY_STRING:
    case FAMILY_BYTES:
    case FAMILY_COLLATED_STRING:
        return get_bytes(r, a, out);
    case FAMILY_JSON:
        ERR_TRY(get_bytes(r, a, out));
        return json_validate(datum_slice(out));
    case FAMILY_UUID:
        if (reader_left(r) < 16)
            return truncated();
        return get_fixed(reader_bytes(r, 16), a, out);
    case FAMILY_INET:
        ERR_TRY(inet_bytes_get(r, &inet));
        return get_fixed(inet, a, out);
    case FAMILY_BIT:
        return get_bits(r, a, out);
    case FAMILY_ARRAY:
        len = nuv_get(r);
        if (r->failed || len > reader_left(r))
            return truncated();
        return array_body_decode(reader_bytes(r, len), a, t->elem, out);
    case FAMILY_TUPLE:
        return get_tuple(r, a, t, out);
    case FAMILY_BOOL:
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
    return err_new(ERR_INTERNAL, "unable to decode table value of type family %d", (int)t->family);
}

struct error *
value_get_body(struct reader *r, struct arena *a, uint32_t element_type, const struct type *t,
               struct datum *out)
{
    if (element_type == E_NULL) {
        *out = DATUM_NULL;
        return NULL;
    }
    if (t->family == FAMILY_BOOL) {
        if (element_type != E_TRUE && element_type != E_FALSE)
            return CORRUPT("value of type %u in a BOOL column", element_type);
        *out = datum_bool(element_type == E_TRUE);
        return NULL;
    }
    if (element_type != element_type_of(t, NULL))
        return CORRUPT("value of type %u where %d is expected", element_type,
                       (int)element_type_of(t, NULL));
    return get_body(r, a, t, out);
}

static struct error *
skip_bytes(struct reader *r, uint64_t len)
{
    if (r->failed || len > reader_left(r))
        return truncated();
    r->ptr += len;
    return NULL;
}

static struct error *skip_body(struct reader *r, uint32_t element_type, int depth);

static struct error *
skip_tuple(struct reader *r, int depth)
{
    uint64_t n = nuv_get(r);
    if (r->failed || n > reader_left(r))
        return truncated();
    if (depth >= TUPLE_MAX_DEPTH)
        return CORRUPT("tuples nested too deeply");
    for (uint64_t i = 0; i < n; i++) {
        uint32_t delta, e;
        ERR_TRY(value_get_tag(r, &delta, &e));
        ERR_TRY(skip_body(r, e, depth + 1));
    }
    return NULL;
}

static struct error *
skip_body(struct reader *r, uint32_t element_type, int depth)
{
    struct slice inet;
    uint64_t n;
    switch (element_type) {
    case E_NULL:
    case E_NOT_NULL:
    case E_TRUE:
    case E_FALSE:
        return NULL;
    case E_INT:
        (void)siv_get(r);
        break;
    case E_FLOAT:
        return skip_bytes(r, 8);
    case E_DECIMAL:
        n = reader_uvarint(r);
        return skip_bytes(r, n);
    case E_BYTES:
    case E_ARRAY:
    case E_JSON:
        n = nuv_get(r);
        return skip_bytes(r, n);
    case E_TIME:
    case E_TIMETZ:
        (void)siv_get(r);
        (void)siv_get(r);
        break;
    case E_DURATION:
        for (int i = 0; i < 3; i++)
            (void)siv_get(r);
        break;
    case E_UUID:
        return skip_bytes(r, 16);
    case E_IPADDR:
        return inet_bytes_get(r, &inet);
    case E_TUPLE:
        return skip_tuple(r, depth);
    case E_BITARRAY:
        n = nuv_get(r);
        return skip_bytes(r, n / 8 >= UINT32_MAX ? UINT64_MAX : bits_words(n) * 8);
    default:
        return CORRUPT("unknown value type %u", element_type);
    }
    return r->failed ? truncated() : NULL;
}

struct error *
value_skip_body(struct reader *r, uint32_t element_type)
{
    return skip_body(r, element_type, 0);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

struct error *
array_body_encode(struct str *s, const struct array *arr)
{
    bool nulls = false;
    for (int i = 0; i < arr->n; i++)
        nulls |= arr->v[i].null;
    put_u8(s, 1 | (nulls ? ARRAY_HAS_NULLS : 0));
    put_tag(s, 0, element_type_of(arr->elem, NULL));
    nuv_put(s, (uint64_t)arr->n);
    if (nulls) {
        for (int i = 0; i < arr->n; i += 8) {
            unsigned byte = 0;
            for (int k = 0; k < 8 && i + k < arr->n; k++)
                byte |= (unsigned)arr->v[i + k].null << k;
            put_u8(s, byte);
        }
    }
    for (int i = 0; i < arr->n; i++) {
        if (arr->v[i].null)
            continue;
        if (arr->elem->family == FAMILY_BOOL)
            put_u8(s, element_type_of(arr->elem, &arr->v[i]));
        else
            ERR_TRY(put_body(s, arr->elem, &arr->v[i]));
    }
    return NULL;
}

static struct error *
get_array_bool(struct reader *r, struct datum *out)
{
    unsigned b = reader_u8(r);
    if (r->failed || (b != E_TRUE && b != E_FALSE))
        return CORRUPT("malformed BOOL in an array");
    *out = datum_bool(b == E_TRUE);
    return NULL;
}

struct error *
array_body_decode(struct slice body, struct arena *a, const struct type *elem, struct datum *out)
{
    struct reader r = reader_make(body);
    unsigned header = reader_u8(&r);
    uint32_t delta, e;
    if (r.failed || (header & 0x0f) != 1)
        return CORRUPT("malformed array header");
    ERR_TRY(value_get_tag(&r, &delta, &e));
    uint64_t n = nuv_get(&r);
    bool nulls = (header & ARRAY_HAS_NULLS) != 0;
    /* An element takes a bit at least when there is a bitmap, else a byte. */
    if (r.failed || n > INT32_MAX || (nulls ? n / 8 : n) > reader_left(&r))
        return CORRUPT("array count out of range");
    struct slice bitmap = {NULL, 0};
    if (nulls) {
        if ((n + 7) / 8 > reader_left(&r))
            return truncated();
        bitmap = reader_bytes(&r, (n + 7) / 8);
    }
    void *mem;
    ERR_TRY(arena_try_alloc(a, n * sizeof(struct datum), &mem));
    struct datum *v = mem;
    for (uint64_t i = 0; i < n; i++) {
        if (nulls && (bitmap.ptr[i / 8] >> (i % 8) & 1))
            v[i] = DATUM_NULL;
        else if (elem->family == FAMILY_BOOL)
            ERR_TRY(get_array_bool(&r, &v[i]));
        else
            ERR_TRY(get_body(&r, a, elem, &v[i]));
    }
    if (reader_left(&r) != 0)
        return CORRUPT("%zu bytes behind the elements of an array", reader_left(&r));
    struct array *arr = ARENA_NEW(a, struct array);
    *arr = (struct array){.n = (int)n, .elem = elem, .v = v};
    *out = (struct datum){.arr = arr};
    return NULL;
}

/* ---- untagged values of single-column families ----------------------------------------------- */

enum value_tag
value_untagged_tag(const struct type *t)
{
    switch (t->family) {
    case FAMILY_BOOL:
    case FAMILY_INT:
    case FAMILY_OID:
    case FAMILY_DATE:
    case FAMILY_TIME:
        return VALUE_INT;
    case FAMILY_FLOAT:
        return VALUE_FLOAT;
    case FAMILY_DECIMAL:
        return VALUE_DECIMAL;
    case FAMILY_STRING:
    case FAMILY_BYTES:
    case FAMILY_COLLATED_STRING:
    case FAMILY_UUID:
    case FAMILY_INET:
    case FAMILY_JSON:
    case FAMILY_ARRAY:
        return VALUE_BYTES;
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        return VALUE_TIME;
    case FAMILY_INTERVAL:
        return VALUE_DURATION;
    case FAMILY_BIT:
        return VALUE_BITARRAY;
    case FAMILY_TIMETZ:
        return VALUE_TIMETZ;
    case FAMILY_TUPLE:
        return VALUE_TUPLE;
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
    return VALUE_UNKNOWN;
}

struct error *
value_put_untagged(struct str *s, const struct type *t, const struct datum *d)
{
    switch (value_untagged_tag(t)) {
    case VALUE_INT:
        siv_put(s, d->i);
        return NULL;
    case VALUE_FLOAT:
    case VALUE_BITARRAY:
        return put_body(s, t, d);
    case VALUE_DECIMAL:
        decimal_value_put(s, d->dec);
        return NULL;
    case VALUE_BYTES:
        if (t->family == FAMILY_ARRAY)
            return array_body_encode(s, d->arr);
        str_append_slice(s, datum_slice(d));
        return NULL;
    case VALUE_TIME:
    case VALUE_DURATION:
    case VALUE_TIMETZ:
        return key_encode(s, t, d, KEY_ASC);
    case VALUE_UNKNOWN:
    case VALUE_TUPLE:
        break;
    }
    return err_new(ERR_INTERNAL, "unable to encode value of type family %d", (int)t->family);
}

static struct error *
get_untagged_bytes(struct slice b, struct arena *a, const struct type *t, struct datum *out)
{
    struct slice inet;
    struct reader r = reader_make(b);
    if (b.len > UINT32_MAX)
        return CORRUPT("value too long");
    if (t->family == FAMILY_ARRAY)
        return array_body_decode(b, a, t->elem, out);
    if (t->family == FAMILY_JSON)
        ERR_TRY(json_validate(b));
    else if (t->family == FAMILY_UUID && b.len != 16)
        return CORRUPT("UUID of %zu bytes", b.len);
    else if (t->family == FAMILY_INET) {
        ERR_TRY(inet_bytes_get(&r, &inet));
        b = inet;
    }
    return get_fixed(b, a, out);
}

struct error *
value_get_untagged(struct slice value, struct arena *a, const struct type *t, struct datum *out)
{
    if (value.len < VALUE_HEADER)
        return CORRUPT("value of %zu bytes is too short", value.len);
    enum value_tag want = value_untagged_tag(t);
    unsigned tag = value.ptr[VALUE_HEADER - 1];
    if (tag != want || want == VALUE_UNKNOWN || want == VALUE_TUPLE)
        return CORRUPT("value of tag %u where %d is expected", tag, (int)want);
    struct slice data = {value.ptr + VALUE_HEADER, value.len - VALUE_HEADER};
    struct reader r = reader_make(data);
    *out = (struct datum){.i = 0};
    if (want == VALUE_BYTES)
        return get_untagged_bytes(data, a, t, out);
    if (want == VALUE_DECIMAL)
        return decimal_value_get(data, a, &out->dec);
    if (want == VALUE_TIME || want == VALUE_DURATION || want == VALUE_TIMETZ) {
        ERR_TRY(key_decode(&r, a, t, KEY_ASC, out));
        if (out->null)
            return CORRUPT("malformed value");
    } else if (want == VALUE_INT) {
        out->i = siv_get(&r);
        if (r.failed)
            return truncated();
        if (t->family == FAMILY_BOOL)
            out->i = out->i != 0;
    } else {
        ERR_TRY(get_body(&r, a, t, out));
    }
    if (reader_left(&r) != 0)
        return CORRUPT("%zu bytes behind a value", reader_left(&r));
    return NULL;
}
