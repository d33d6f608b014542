/* catalog/row_encode.c - rows to key-value pairs; keys, prefixes, spans; sequences.
 *
 * SOURCE: kv-encoding 6 to 9 and 11. Golden: regress/unit/test_row.c (the examples of section 13).
 */
#include "config.h"

#include "catalog/row.h"

#include "catalog/pb.h"
#include "catalog/row_int.h"
#include "types/keyenc.h"
#include "types/valueenc.h"

#define KEY_MAX ((size_t)1 << 30)

/* ---- keys ---- */

void
row_family_suffix(struct str *s, uint32_t family_id)
{
    size_t before = s->len;
    key_put_uvarint(s, family_id);
    if (family_id != 0)
        key_put_uvarint(s, s->len - before);
}

void
row_index_prefix(struct str *s, const struct table *t, const struct index *ix)
{
    const Amberdb__InterleaveDescriptor *il = ix->pb != NULL ? ix->pb->interleave : NULL;
    if (il != NULL && il->n_ancestors > 0) {
        key_put_uvarint(s, PB_GET(il->ancestors[0], table_id));
        key_put_uvarint(s, PB_GET(il->ancestors[0], index_id));
        return;
    }
    key_put_uvarint(s, t->id);
    key_put_uvarint(s, ix->id);
}

static struct span
prefix_span(struct arena *a, struct str *s)
{
    struct span sp;
    sp.start = slice_dup(a, str_slice(s));
    bool end = key_prefix_end(s);
    sp.end = end ? slice_dup(a, str_slice(s)) : SLICE_NULL;
    return sp;
}

struct span
row_index_span(struct arena *a, const struct table *t, const struct index *ix)
{
    struct str s;
    str_init_arena(&s, a, 64);
    row_index_prefix(&s, t, ix);
    return prefix_span(a, &s);
}

struct span
row_table_span(struct arena *a, uint32_t table_id)
{
    struct str s;
    str_init_arena(&s, a, 64);
    key_put_uvarint(&s, table_id);
    return prefix_span(a, &s);
}

static struct error *
key_column(struct str *s, const struct table *t, const struct index *ix, int k,
           const struct datum *d)
{
    return key_encode(s, t->columns[ix->keys[k]].type, d, ix->desc[k] ? KEY_DESC : KEY_ASC);
}

struct error *
row_key_prefix(struct str *s, const struct table *t, const struct index *ix,
               const struct datum *vals, int n_vals)
{
    const Amberdb__InterleaveDescriptor *il = ix->pb != NULL ? ix->pb->interleave : NULL;
    size_t n_ancestors = il != NULL ? il->n_ancestors : 0;
    int k = 0;

    for (size_t i = 0; i < n_ancestors; i++) {
        const Amberdb__Ancestor *an = il->ancestors[i];
        int end = k + (int)PB_GET(an, shared_prefix_len);
        key_put_uvarint(s, PB_GET(an, table_id));
        key_put_uvarint(s, PB_GET(an, index_id));
        while (k < end && k < n_vals) {
            ERR_TRY(key_column(s, t, ix, k, &vals[k]));
            k++;
        }
        if (k < end || n_vals == 0)
            return NULL;
        str_append_char(s, (char)KEY_INTERLEAVED);
    }
    key_put_uvarint(s, t->id);
    key_put_uvarint(s, ix->id);
    for (; k < n_vals; k++)
        ERR_TRY(key_column(s, t, ix, k, &vals[k]));
    return NULL;
}

/* Everything up to the extra columns; *has_null: some key column is NULL. */
static struct error *
own_key(struct str *s, const struct table *t, const struct index *ix, const struct row_plan *p,
        const struct datum *row, bool *has_null)
{
    *has_null = false;
    for (int i = 0; i < p->n_segments; i++) {
        const struct row_segment *seg = &p->segments[i];
        str_append_slice(s, seg->ids);
        for (int k = seg->first; k < seg->first + seg->n; k++) {
            const struct datum *d = &row[ix->keys[k]];
            *has_null |= d->null;
            ERR_TRY(key_column(s, t, ix, k, d));
        }
        if (i + 1 < p->n_segments)
            str_append_char(s, (char)KEY_INTERLEAVED);
    }
    return NULL;
}

static struct error *
extra_columns(struct str *s, const struct table *t, const struct index *ix,
              const struct datum *row)
{
    for (int i = 0; i < ix->n_extra; i++)
        ERR_TRY(key_encode(s, t->columns[ix->extra[i]].type, &row[ix->extra[i]], KEY_ASC));
    return NULL;
}

static struct error *
whole_key(struct str *s, const struct table *t, const struct index *ix, const struct row_plan *p,
          const struct datum *row)
{
    bool has_null;
    ERR_TRY(own_key(s, t, ix, p, row, &has_null));
    if (!ix->primary_encoding && (p->extra_in_key || has_null))
        ERR_TRY(extra_columns(s, t, ix, row));
    return NULL;
}

struct error *
row_key(struct str *s, const struct table *t, const struct index *ix, const struct datum *row)
{
    VERIFY(ix->plan != NULL);
    return whole_key(s, t, ix, ix->plan, row);
}

/* ---- values ---- */

struct encoder {
    struct arena *scratch;
    const struct table *t;
    const struct index *ix;
    const struct row_plan *plan;
    const struct datum *row;
    bool keys_only;
    row_emit_fn emit;
    void *arg;
    struct str key;   /* with room for the suffix behind prefix_len */
    size_t prefix_len;
    struct str value;
};

static bool
column_written(const struct encoder *e, const struct row_value_column *c)
{
    const struct datum *d = &e->row[c->ordinal];
    if (d->null)
        return false;
    return !c->only_composite || datum_is_composite(e->t->columns[c->ordinal].type, d);
}

/* The family's elements behind what is in e->value. */
static struct error *
put_elements(struct encoder *e, const struct row_family *f)
{
    uint32_t last = 0;
    for (int i = 0; i < f->n; i++) {
        const struct row_value_column *c = &f->columns[i];
        if (!column_written(e, c))
            continue;
        ERR_TRY(value_put_element(&e->value, c->id - last, e->t->columns[c->ordinal].type,
                                  &e->row[c->ordinal]));
        last = c->id;
    }
    return NULL;
}

static bool
family_has_values(const struct encoder *e, const struct row_family *f)
{
    for (int i = 0; i < f->n; i++)
        if (column_written(e, &f->columns[i]))
            return true;
    return false;
}

/* e->key holds the prefix: add the family, seal the value, hand both over. */
static struct error *
emit_pair(struct encoder *e, const struct row_family *f)
{
    str_append(&e->key, f->suffix, f->suffix_len);
    ERR_TRY(str_error(&e->key));
    ERR_TRY(str_error(&e->value));
    if (!e->keys_only)
        value_seal(&e->value, 0, str_slice(&e->key));
    struct slice v = e->keys_only ? SLICE_NULL : str_slice(&e->value);
    ERR_TRY(e->emit(e->arg, str_slice(&e->key), v));
    e->key.len = e->prefix_len;
    str_clear(&e->value);
    return NULL;
}

static struct error *
encode_primary(struct encoder *e)
{
    for (int i = 0; i < e->plan->n_families; i++) {
        const struct row_family *f = &e->plan->families[i];
        if (f->id != 0 && !family_has_values(e, f))
            continue;
        if (e->keys_only) {
            ERR_TRY(emit_pair(e, f));
            continue;
        }
        if (f->untagged) {
            const struct type *type = e->t->columns[f->default_ordinal].type;
            value_open(&e->value, value_untagged_tag(type));
            ERR_TRY(value_put_untagged(&e->value, type, &e->row[f->default_ordinal]));
        } else {
            value_open(&e->value, VALUE_TUPLE);
            ERR_TRY(put_elements(e, f));
        }
        ERR_TRY(emit_pair(e, f));
    }
    return NULL;
}

/* Entry of family 0, whose prefix is in e->key. */
static struct error *
emit_secondary_first(struct encoder *e)
{
    const struct row_family *f = &e->plan->families[0];
    if (!e->keys_only) {
        value_open(&e->value, VALUE_BYTES);
        if (e->ix->unique && !e->ix->inverted)
            ERR_TRY(extra_columns(&e->value, e->t, e->ix, e->row));
        ERR_TRY(put_elements(e, f));
    }
    return emit_pair(e, f);
}

static struct error *
encode_secondary(struct encoder *e)
{
    ERR_TRY(emit_secondary_first(e));
    for (int i = 1; i < e->plan->n_families; i++) {
        const struct row_family *f = &e->plan->families[i];
        if (!family_has_values(e, f))
            continue;
        if (!e->keys_only) {
            value_open(&e->value, VALUE_TUPLE);
            ERR_TRY(put_elements(e, f));
        }
        ERR_TRY(emit_pair(e, f));
    }
    return NULL;
}

static struct error *
emit_inverted(void *arg, struct slice inverted)
{
    struct encoder *e = arg;
    e->key.len = 0;
    str_append_slice(&e->key, e->plan->segments[0].ids);
    str_append_slice(&e->key, inverted);
    ERR_TRY(extra_columns(&e->key, e->t, e->ix, e->row));
    e->prefix_len = e->key.len;
    return emit_secondary_first(e);
}

static struct error *
encode(struct encoder *e)
{
    str_init_arena(&e->key, e->scratch, KEY_MAX);
    str_init_arena(&e->value, e->scratch, STR_MAX_DEFAULT);
    str_reserve(&e->key, 128);
    if (!e->keys_only)
        str_reserve(&e->value, 512);
    e->plan = row_plan_of(e->scratch, e->t, e->ix);
    if (e->ix->inverted) {
        int o = e->ix->keys[0];
        if (e->row[o].null)
            return NULL;
        return inverted_keys(e->scratch, e->t->columns[o].type, &e->row[o], emit_inverted, e);
    }
    ERR_TRY(whole_key(&e->key, e->t, e->ix, e->plan, e->row));
    e->prefix_len = e->key.len;
    return e->ix->primary_encoding ? encode_primary(e) : encode_secondary(e);
}

struct error *
row_encode(struct arena *scratch, const struct table *t, const struct index *ix,
           const struct datum *row, row_emit_fn emit, void *arg)
{
    struct encoder e = {
        .scratch = scratch, .t = t, .ix = ix, .row = row, .emit = emit, .arg = arg};
    return encode(&e);
}

struct error *
row_encode_keys(struct arena *scratch, const struct table *t, const struct index *ix,
                const struct datum *row, row_emit_fn emit, void *arg)
{
    struct encoder e = {.scratch = scratch,
                        .t = t,
                        .ix = ix,
                        .row = row,
                        .keys_only = true,
                        .emit = emit,
                        .arg = arg};
    return encode(&e);
}

/* ---- sequences ---- */

void
row_sequence_key(struct str *s, uint32_t sequence_id)
{
    key_put_uvarint(s, sequence_id);
    key_put_uvarint(s, 1);
    key_put_varint(s, 0);
    row_family_suffix(s, 0);
}

void
row_sequence_value(struct str *s, struct slice key, int64_t stored)
{
    size_t start = s->len;
    struct datum d = datum_int(stored);
    value_open(s, VALUE_INT);
    struct error *e = value_put_untagged(s, &TYPE_INT8, &d);
    VERIFY(e == NULL); /* an INT always has a form */
    value_seal(s, start, key);
}

struct error *
row_sequence_decode(struct slice value, int64_t *stored)
{
    uint64_t u;
    if (value.len < VALUE_HEADER || value.ptr[4] != VALUE_INT)
        return err_new(ERR_DATA_CORRUPTED, "sequence value is not an integer");
    size_t n = enc_get_uvarint(value.ptr + VALUE_HEADER, value.len - VALUE_HEADER, &u);
    if (n == 0 || n != value.len - VALUE_HEADER)
        return err_new(ERR_DATA_CORRUPTED, "sequence value is malformed");
    *stored = enc_unzigzag(u);
    return NULL;
}
