/* catalog/row_decode.c - key-value pairs to rows: the innermost loop of scans and restores.
 *
 * What a scan needs is worked out once per scan: which fields of the key to decode (none behind the
 * last needed one), and the needed columns of the values, ascending by id, so that a value is
 * merged with them in one pass and left when the last one was met. Integers and strings are decoded
 * in line and borrow.
 *
 * SOURCE: kv-encoding 6 to 10.
 */
#include "config.h"

#include "catalog/row.h"

#include <stdlib.h>

#include "catalog/pb.h"
#include "catalog/row_int.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

/* Element types that are handled in line. SOURCE: kv-encoding 4. */
enum { ELEMENT_INT = 3, ELEMENT_BYTES = 6, ELEMENT_TWO_PART = 15 };

#define KEY_INT_ZERO 0x88
#define KEY_INT_SMALL_MAX 0xf5
#define KEY_BYTES_ASC 0x12
#define SUFFIX_MAX 9 /* bytes of an encoded family id */

enum kind { KIND_INT, KIND_BYTES, KIND_OTHER };

struct key_field {
    const struct type *type;
    int ordinal; /* -1: skip it */
    enum key_direction dir;
    enum kind kind;
    bool exact_zero;
};

struct value_field {
    uint32_t id;
    int ordinal;
    enum kind kind;
    const struct type *type;
};

struct row_decoder {
    const struct table *t;
    const struct index *ix;
    const struct row_plan *plan;
    bool single;
    bool *needed;

    int n_keys, n_extra;       /* all fields */
    struct key_field *keys, *extra;
    int keys_wanted;           /* fields to look at: none behind the last needed one */
    int extra_wanted;
    int n_values;
    struct value_field *values; /* ascending ids */
    int n_needed;
    int *needed_ordinals;

    bool in_row;
    struct str last;           /* the row's key without family suffix */
};

static enum kind
kind_of(const struct type *t)
{
    switch (t->family) {
    case FAMILY_INT:
        return KIND_INT;
    case FAMILY_STRING:
    case FAMILY_BYTES:
        return KIND_BYTES;
    default:
        return KIND_OTHER;
    }
}

/* ---- making one ---- */

static int
compare_values(const void *x, const void *y)
{
    const struct value_field *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

static int
make_key_fields(struct row_decoder *d, struct arena *a, bool exact_zero, const int *cols,
                const uint8_t *desc, int n, struct key_field **out)
{
    int wanted = 0;
    *out = ARENA_ARRAY(a, struct key_field, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        const struct type *t = d->t->columns[cols[i]].type;
        (*out)[i] = (struct key_field){t, d->needed[cols[i]] ? cols[i] : -1,
                                       desc != NULL && desc[i] ? KEY_DESC : KEY_ASC, kind_of(t),
                                       exact_zero && t->family == FAMILY_FLOAT};
        if (d->needed[cols[i]])
            wanted = i + 1;
    }
    return wanted;
}

static void
make_value_fields(struct row_decoder *d, struct arena *a)
{
    d->values = ARENA_ARRAY(a, struct value_field, (size_t)d->t->n_all_columns + 1);
    bool *have = ARENA_ARRAY(a, bool, (size_t)d->t->n_all_columns + 1);
    for (int i = 0; i < d->plan->n_families; i++) {
        const struct row_family *f = &d->plan->families[i];
        for (int j = 0; j < f->n; j++) {
            int o = f->columns[j].ordinal;
            if (have[o] || !d->needed[o])
                continue;
            have[o] = true;
            d->values[d->n_values++] = (struct value_field){
                f->columns[j].id, o, kind_of(d->t->columns[o].type), d->t->columns[o].type};
        }
    }
    qsort(d->values, (size_t)d->n_values, sizeof(d->values[0]), compare_values);
}

struct error *
row_decoder_create(struct arena *a, const struct row_decoder_opts *o, struct row_decoder **out)
{
    struct row_decoder *d = ARENA_NEW(a, struct row_decoder);
    const struct table *t = o->table;
    const struct index *ix = o->index;
    size_t n_cols = (size_t)t->n_all_columns;

    d->t = t;
    d->ix = ix;
    d->plan = row_plan_of(a, t, ix);
    d->single = !d->plan->interleaved && (d->plan->n_families == 1 || ix->inverted);
    d->needed = ARENA_ARRAY(a, bool, n_cols + 1);
    d->needed_ordinals = ARENA_ARRAY(a, int, n_cols + 1);
    for (size_t i = 0; i < n_cols; i++) {
        d->needed[i] = o->needed == NULL || o->needed[i];
        if (d->needed[i])
            d->needed_ordinals[d->n_needed++] = (int)i;
    }
    d->n_keys = ix->n_keys;
    d->n_extra = ix->primary_encoding ? 0 : ix->n_extra;
    d->keys_wanted = make_key_fields(d, a, o->exact_zero, ix->keys, ix->desc, d->n_keys, &d->keys);
    d->extra_wanted = make_key_fields(d, a, o->exact_zero, ix->extra, NULL, d->n_extra,
                                      &d->extra);
    if (d->plan->extra_in_key && d->extra_wanted > 0)
        d->keys_wanted = d->n_keys;
    if (d->plan->interleaved)
        d->keys_wanted = d->n_keys;
    make_value_fields(d, a);
    str_init_arena(&d->last, a, STR_MAX_DEFAULT);
    *out = d;
    return NULL;
}

bool
row_decoder_single_pair(const struct row_decoder *d)
{
    return d->single;
}

void
row_decoder_reset(struct row_decoder *d)
{
    d->in_row = false;
}

/* ---- keys ---- */

static struct error *
bad_key(const struct row_decoder *d, const char *what)
{
    return err_new(ERR_DATA_CORRUPTED, "key of %s@%s: %s", d->t->name, d->ix->name, what);
}

struct error *
row_key_length(const struct row_decoder *d, struct slice key, size_t *len)
{
    size_t n = key.len == 0 ? 0 : (size_t)key.ptr[key.len - 1] - KEY_INT_ZERO;
    if (key.len == 0 || n > SUFFIX_MAX || n + 1 >= key.len)
        return bad_key(d, "no column family at its end");
    *len = key.len - 1 - n;
    return NULL;
}

static inline struct error *
decode_field(struct reader *r, struct arena *data, const struct key_field *f, struct datum *row)
{
    if (f->ordinal < 0)
        return key_skip(r);
    struct datum *out = &row[f->ordinal];
    size_t left = reader_left(r);
    if (f->dir == KEY_ASC && f->kind == KIND_INT && left > 0) {
        unsigned m = r->ptr[0];
        if (m >= KEY_INT_ZERO && m <= KEY_INT_SMALL_MAX) {
            *out = datum_int((int64_t)m - KEY_INT_ZERO);
            r->ptr++;
            return NULL;
        }
        unsigned n = m - KEY_INT_SMALL_MAX;
        if (m > KEY_INT_SMALL_MAX && n <= 7 && left > n) {
            uint64_t v = 0;
            for (unsigned i = 1; i <= n; i++)
                v = v << 8 | r->ptr[i];
            *out = datum_int((int64_t)v);
            r->ptr += 1 + n;
            return NULL;
        }
    } else if (f->dir == KEY_ASC && f->kind == KIND_BYTES && left > 2 &&
               r->ptr[0] == KEY_BYTES_ASC) {
        const uint8_t *z = memchr(r->ptr + 1, 0, left - 2);
        if (z != NULL && z[1] == 0x01 && (size_t)(z - r->ptr) <= UINT32_MAX) {
            *out = datum_bytes(r->ptr + 1, (size_t)(z - r->ptr) - 1);
            r->ptr = z + 2;
            return NULL;
        }
    }
    ERR_TRY(key_decode(r, data, f->type, f->dir, out));
    if (f->exact_zero && !out->null && out->f == 0)
        out->f = 0; /* -0 too */
    return NULL;
}

static inline struct error *
decode_fields(struct reader *r, struct arena *data, const struct key_field *f, int n,
              struct datum *row)
{
    for (int i = 0; i < n; i++)
        ERR_TRY(decode_field(r, data, &f[i], row));
    return NULL;
}

static bool
take_ids(struct reader *r, struct slice ids)
{
    if (reader_left(r) < ids.len || memcmp(r->ptr, ids.ptr, ids.len) != 0)
        return false;
    r->ptr += ids.len;
    return true;
}

bool
row_decoder_only_key(const struct row_decoder *d, struct span s, struct str *key)
{
    if (!d->single || d->ix->inverted || !d->ix->primary_encoding)
        return false;
    struct reader r = reader_make(s.start);
    if (!take_ids(&r, d->plan->segments[0].ids))
        return false;
    for (int i = 0; i < d->n_keys; i++) {
        if (reader_left(&r) == 0)
            return false;
        struct error *e = key_skip(&r);
        if (e != NULL) {
            err_free(e);
            return false;
        }
    }
    if (reader_left(&r) > 0)
        return false;
    str_clear(key);
    str_append_slice(key, s.start);
    if (!key_prefix_end(key) || !slice_eq(str_slice(key), s.end))
        return false;
    str_clear(key);
    str_append_slice(key, s.start);
    str_append_char(key, (char)KEY_INT_ZERO); /* family 0 */
    return true;
}

/* Walks an interleaved key. With row NULL fields are only skipped. *own is false for another
 * table's (or another index's) key. */
static struct error *
walk_key(const struct row_decoder *d, struct reader *r, struct arena *data, struct datum *row,
         bool *own)
{
    const struct row_plan *p = d->plan;
    *own = false;
    for (int s = 0; s < p->n_segments; s++) {
        const struct row_segment *seg = &p->segments[s];
        if (!take_ids(r, seg->ids))
            return NULL;
        for (int k = seg->first; k < seg->first + seg->n; k++) {
            if (reader_left(r) == 0)
                return bad_key(d, "too short");
            if (row != NULL)
                ERR_TRY(decode_field(r, data, &d->keys[k], row));
            else
                ERR_TRY(key_skip(r));
        }
        bool sentinel = reader_left(r) > 0 && *r->ptr == KEY_INTERLEAVED;
        if (s + 1 < p->n_segments) {
            if (!sentinel)
                return NULL; /* an ancestor's own row */
            r->ptr++;
        } else if (sentinel) {
            return NULL; /* a descendant's row */
        }
    }
    *own = true;
    return NULL;
}

/* Is this key, of an interleaved index, one of the index's own? Broken keys are: decoding says. */
static bool
is_own(const struct row_decoder *d, struct slice key)
{
    struct reader r = reader_make(key);
    bool own;
    struct error *e = walk_key(d, &r, NULL, NULL, &own);
    if (e != NULL) {
        err_free(e);
        return true;
    }
    return own;
}

bool
row_continues(const struct row_decoder *d, struct slice key)
{
    size_t len;
    if (d->single || !d->in_row)
        return false;
    struct error *e = row_key_length(d, key, &len);
    if (e != NULL) {
        err_free(e);
        return false;
    }
    if (len == d->last.len && memcmp(key.ptr, d->last.ptr, len) == 0)
        return true;
    return d->plan->interleaved && !is_own(d, key);
}

/* The key columns of a new row. */
static struct error *
decode_key(struct row_decoder *d, struct slice key, struct arena *data, struct datum *row,
           bool *own)
{
    struct reader r = reader_make(key);
    if (d->plan->interleaved) {
        ERR_TRY(walk_key(d, &r, data, row, own));
        if (!*own)
            return NULL;
    } else {
        *own = take_ids(&r, d->plan->segments[0].ids);
        if (!*own)
            return NULL;
        if (d->ix->inverted) {
            if (d->extra_wanted == 0)
                return NULL;
            ERR_TRY(inverted_key_skip(&r, d->keys[0].type));
            return decode_fields(&r, data, d->extra, d->extra_wanted, row);
        }
        ERR_TRY(decode_fields(&r, data, d->keys, d->keys_wanted, row));
    }
    if (d->plan->extra_in_key && d->extra_wanted > 0)
        ERR_TRY(decode_fields(&r, data, d->extra, d->extra_wanted, row));
    return NULL;
}

/* ---- values ---- */

static struct error *
bad_value(const struct row_decoder *d, const char *what)
{
    return err_new(ERR_DATA_CORRUPTED, "value of %s@%s: %s", d->t->name, d->ix->name, what);
}

/* Tag of the next element. */
static inline struct error *
get_tag(struct reader *r, uint32_t *delta, uint32_t *type)
{
    unsigned b = *r->ptr;
    if (b < 0x80 && (b & 0x0f) != ELEMENT_TWO_PART) {
        *delta = b >> 4;
        *type = b & 0x0f;
        r->ptr++;
        return NULL;
    }
    return value_get_tag(r, delta, type);
}

static inline struct error *
get_body(struct reader *r, struct arena *data, uint32_t type, const struct value_field *f,
         struct datum *out)
{
    size_t left = reader_left(r);
    if (type == ELEMENT_INT && f->kind == KIND_INT) {
        uint64_t u;
        size_t n = enc_get_uvarint(r->ptr, left, &u);
        if (n == 0)
            return err_new(ERR_DATA_CORRUPTED, "value ends within a number");
        r->ptr += n;
        *out = datum_int(enc_unzigzag(u));
        return NULL;
    }
    if (type == ELEMENT_BYTES && f->kind == KIND_BYTES && left > 0) {
        unsigned len = *r->ptr;
        if (len < 0x80 && left > len) {
            *out = datum_bytes(r->ptr + 1, len);
            r->ptr += 1 + len;
            return NULL;
        }
    }
    return value_get_body(r, data, type, f->type, out);
}

/* Elements, merged with the needed columns. */
static struct error *
decode_elements(const struct row_decoder *d, struct reader *r, struct arena *data,
                struct datum *row)
{
    const struct value_field *f = d->values, *end = f + d->n_values;
    uint32_t id = 0, delta, type;

    while (f < end && r->ptr < r->end) {
        ERR_TRY(get_tag(r, &delta, &type));
        if (__builtin_add_overflow(id, delta, &id))
            return bad_value(d, "column id overflows");
        while (f < end && f->id < id)
            f++;
        if (f < end && f->id == id)
            ERR_TRY(get_body(r, data, type, f, &row[f->ordinal]));
        else if (f < end)
            ERR_TRY(value_skip_body(r, type));
    }
    return NULL;
}

static struct error *
decode_untagged(const struct row_decoder *d, struct slice key, size_t key_len,
                struct slice value, struct arena *data, struct datum *row)
{
    struct reader r = {key.ptr + key_len, key.ptr + key.len, false};
    uint64_t family;
    ERR_TRY(key_get_uvarint(&r, &family));
    for (int i = 1; i < d->plan->n_families; i++) {
        const struct row_family *f = &d->plan->families[i];
        if (f->id != family)
            continue;
        int o = f->default_ordinal;
        if (o < 0 || !d->needed[o])
            return NULL;
        return value_get_untagged(value, data, d->t->columns[o].type, &row[o]);
    }
    return NULL; /* family 0, or one that the table does not know */
}

static struct error *
decode_value(const struct row_decoder *d, struct slice key, struct slice value,
             struct arena *data, struct datum *row)
{
    struct reader r = reader_make(value);
    if (value.len < VALUE_HEADER)
        return bad_value(d, "too short");
    unsigned tag = value.ptr[VALUE_HEADER - 1];
    r.ptr += VALUE_HEADER;
    if (tag == VALUE_TUPLE)
        return decode_elements(d, &r, data, row);
    if (d->ix->primary_encoding) {
        size_t len;
        if (d->plan->n_families == 1)
            return NULL; /* only family 0: what is not a tuple carries nothing */
        ERR_TRY(row_key_length(d, key, &len));
        return decode_untagged(d, key, len, value, data, row);
    }
    if (tag != VALUE_BYTES)
        return bad_value(d, "not an index entry");
    if (d->ix->unique && !d->ix->inverted && (d->extra_wanted > 0 || d->n_values > 0))
        ERR_TRY(decode_fields(&r, data, d->extra, d->n_values > 0 ? d->n_extra : d->extra_wanted,
                              row));
    return decode_elements(d, &r, data, row);
}

/* ---- one pair ---- */

static struct error *
begin_row(struct row_decoder *d, struct slice key, size_t key_len, struct arena *data,
          struct datum *row, bool *own)
{
    if (d->plan->interleaved) {
        *own = is_own(d, key);
        if (!*own)
            return NULL;
    }
    for (int i = 0; i < d->n_needed; i++)
        row[d->needed_ordinals[i]] = DATUM_NULL;
    ERR_TRY(decode_key(d, key, data, row, own));
    if (!*own || d->single)
        return NULL;
    str_clear(&d->last);
    str_append(&d->last, key.ptr, key_len);
    d->in_row = true;
    return str_error(&d->last);
}

struct error *
row_decode(struct row_decoder *d, struct slice key, struct slice value, struct arena *data,
           struct datum *row, bool *starts_new, bool *skip)
{
    size_t len = 0;
    bool own = true;

    *starts_new = true;
    *skip = false;
    if (!d->single) {
        ERR_TRY(row_key_length(d, key, &len));
        if (d->in_row && len == d->last.len && memcmp(key.ptr, d->last.ptr, len) == 0)
            *starts_new = false;
    }
    if (*starts_new) {
        ERR_TRY(begin_row(d, key, len, data, row, &own));
        if (!own) {
            *starts_new = false;
            *skip = true;
            return NULL;
        }
    }
    return decode_value(d, key, value, data, row);
}
