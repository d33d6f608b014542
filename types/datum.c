/* Dispatch by family. NULL is dealt with here; no family's operation sees one. See datum.h. */
#include "config.h"

#include "types/datum.h"

#include <math.h>

#include "base/hash.h"
#include "types/decimal.h"
#include "types/type_ops_int.h"

const struct type_ops *
type_ops_of(const struct type *t)
{
    switch (t->family) {
    case FAMILY_BOOL:
        return &type_ops_bool;
    case FAMILY_INT:
        return &type_ops_int;
    case FAMILY_FLOAT:
        return &type_ops_float;
    case FAMILY_DECIMAL:
        return &type_ops_decimal;
    case FAMILY_DATE:
        return &type_ops_date;
    case FAMILY_TIMESTAMP:
        return &type_ops_timestamp;
    case FAMILY_INTERVAL:
        return &type_ops_interval;
    case FAMILY_STRING:
        return &type_ops_string;
    case FAMILY_BYTES:
        return &type_ops_bytes;
    case FAMILY_TIMESTAMPTZ:
        return &type_ops_timestamptz;
    case FAMILY_COLLATED_STRING:
        return &type_ops_collated;
    case FAMILY_OID:
        return &type_ops_oid;
    case FAMILY_UUID:
        return &type_ops_uuid;
    case FAMILY_ARRAY:
        return &type_ops_array;
    case FAMILY_INET:
        return &type_ops_inet;
    case FAMILY_TIME:
        return &type_ops_time;
    case FAMILY_JSON:
        return &type_ops_json;
    case FAMILY_TIMETZ:
        return &type_ops_timetz;
    case FAMILY_TUPLE:
        return &type_ops_tuple;
    case FAMILY_BIT:
        return &type_ops_bit;
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
    return &type_ops_unknown;
}

void
datum_format(struct str *s, const struct type *t, const struct datum *d, enum text_mode mode,
             const struct eval_env *env)
{
    type_ops_of(t)->format(s, t, d, mode, env);
}

void
datum_format_sql(struct str *s, const struct type *t, const struct datum *d, bool annotate,
                 const struct eval_env *env)
{
    if (d->null) {
        str_append_cstr(s, "NULL");
        return;
    }
    const struct type_ops *ops = type_ops_of(t);
    /* A minus sign would bind less tightly than the annotation. */
    size_t start = s->len;
    if (ops->format_sql != NULL) {
        ops->format_sql(s, t, d, env);
    } else {
        struct str text;
        str_init(&text, STR_MAX_DEFAULT);
        ops->format(&text, t, d, TEXT_CAST, env);
        sql_quote_string(s, str_slice(&text));
        str_release(&text);
    }
    if (!annotate || ops->sql_without_type)
        return;
    if (s->len > start && s->ptr[start] == '-') {
        str_append_char(s, ')');
        str_append_char(s, ' ');
        memmove(s->ptr + start + 1, s->ptr + start, s->len - start - 1);
        s->ptr[start] = '(';
    }
    str_append_cstr(s, ":::");
    type_sql(s, t);
}

struct error *
datum_parse(const struct eval_env *env, const struct type *t, struct slice text, struct datum *out)
{
    const struct type_ops *ops = type_ops_of(t);
    *out = (struct datum){0};
    ERR_TRY(ops->parse(env, t, text, out));
    return ops->fit != NULL && !out->null ? ops->fit(env, t, out) : NULL;
}

struct error *
datum_to_binary(struct str *s, const struct type *t, const struct datum *d,
                const struct eval_env *env)
{
    return type_ops_of(t)->to_binary(s, t, d, env);
}

struct error *
datum_from_binary(const struct eval_env *env, const struct type *t, struct slice bytes,
                  struct datum *out)
{
    const struct type_ops *ops = type_ops_of(t);
    *out = (struct datum){0};
    ERR_TRY(ops->from_binary(env, t, bytes, out));
    return ops->fit != NULL && !out->null ? ops->fit(env, t, out) : NULL;
}

int
datum_compare(const struct type *t, const struct datum *a, const struct datum *b)
{
    if (a->null || b->null)
        return (int)b->null - (int)a->null;
    return type_ops_of(t)->compare(t, a, b);
}

bool
datum_equal(const struct type *t, const struct datum *a, const struct datum *b)
{
    return datum_compare(t, a, b) == 0;
}

uint64_t
datum_hash(const struct type *t, const struct datum *d, uint64_t seed)
{
    if (d->null)
        return hash_u64(0x6e756c6c, seed);
    return type_ops_of(t)->hash(t, d, seed);
}

struct datum
datum_copy(struct arena *a, const struct type *t, const struct datum *d)
{
    if (d->null)
        return DATUM_NULL;
    const struct type_ops *ops = type_ops_of(t);
    return ops->copy != NULL ? ops->copy(a, t, d) : *d;
}

size_t
datum_size(const struct type *t, const struct datum *d)
{
    const struct type_ops *ops = type_ops_of(t);
    return d->null || ops->size == NULL ? 0 : ops->size(t, d);
}

static bool
is_number(const struct type *t)
{
    return t->family == FAMILY_INT || t->family == FAMILY_FLOAT || t->family == FAMILY_DECIMAL;
}

static int
compare_floats(double x, double y)
{
    if (isnan(x) || isnan(y)) /* NaN equals itself and sorts first */
        return (isnan(x) ? 0 : 1) - (isnan(y) ? 0 : 1);
    return (x > y) - (x < y);
}

/* INT with FLOAT compares exactly: not every 64-bit integer is a double. */
static int
compare_int_float(int64_t i, double f)
{
    if (isnan(f))
        return 1;
    if (f >= 9223372036854775808.0)
        return -1;
    if (f < -9223372036854775808.0)
        return 1;
    int64_t whole = (int64_t)f;
    if (i != whole)
        return i < whole ? -1 : 1;
    double rest = f - (double)whole;
    return (rest < 0) - (rest > 0);
}

static int
compare_numbers(const struct type *ta, const struct datum *a, const struct type *tb,
                const struct datum *b)
{
    if (ta->family == FAMILY_INT && tb->family == FAMILY_INT)
        return (a->i > b->i) - (a->i < b->i);
    if (ta->family == FAMILY_INT && tb->family == FAMILY_FLOAT)
        return compare_int_float(a->i, b->f);
    if (ta->family == FAMILY_FLOAT && tb->family == FAMILY_INT)
        return -compare_int_float(b->i, a->f);
    if (ta->family == FAMILY_FLOAT && tb->family == FAMILY_FLOAT)
        return compare_floats(a->f, b->f);
    if (ta->family == FAMILY_DECIMAL && tb->family == FAMILY_DECIMAL)
        return decimal_cmp(a->dec, b->dec);
    bool left_dec = ta->family == FAMILY_DECIMAL, right_dec = tb->family == FAMILY_DECIMAL;
    if ((left_dec && tb->family == FAMILY_INT) || (right_dec && ta->family == FAMILY_INT)) {
        union {
            struct decimal d;
            uint64_t room[(sizeof(struct decimal) + sizeof(uint64_t) * 2 - 1) / sizeof(uint64_t)];
        } whole = {.room = {0}};
        int64_t v = left_dec ? b->i : a->i;
        whole.d.form = DECIMAL_FINITE;
        whole.d.neg = v < 0;
        whole.d.n = v != 0;
        if (v != 0)
            whole.d.limbs[0] = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
        return left_dec ? decimal_cmp(a->dec, &whole.d) : decimal_cmp(&whole.d, b->dec);
    }
    struct arena *scratch = arena_create(NULL, "compare");
    const struct decimal *v[2] = {NULL, NULL};
    const struct type *t[2] = {ta, tb};
    const struct datum *d[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (t[i]->family == FAMILY_DECIMAL)
            v[i] = d[i]->dec;
        else if (t[i]->family == FAMILY_INT)
            v[i] = decimal_from_i64(scratch, d[i]->i);
        else
            err_free(decimal_from_double(scratch, d[i]->f, &v[i]));
    }
    int c = v[0] != NULL && v[1] != NULL ? decimal_cmp(v[0], v[1]) : 0;
    arena_destroy(scratch);
    return c;
}

int
datum_compare_mixed(const struct type *ta, const struct datum *a, const struct type *tb,
                    const struct datum *b, const struct eval_env *env)
{
    if (is_number(ta) && is_number(tb))
        return compare_numbers(ta, a, tb, b);
    if (ta->family == tb->family)
        return datum_compare(ta, a, b);
    if ((ta->family == FAMILY_OID && tb->family == FAMILY_INT) ||
        (ta->family == FAMILY_INT && tb->family == FAMILY_OID))
        return (a->i > b->i) - (a->i < b->i);
    if ((ta->family == FAMILY_STRING || ta->family == FAMILY_COLLATED_STRING) &&
        (tb->family == FAMILY_STRING || tb->family == FAMILY_COLLATED_STRING))
        return slice_cmp(datum_slice(a), datum_slice(b));
    return datetime_compare_mixed(ta, a, tb, b, env);
}

struct error *
datum_adjust(const struct eval_env *env, const struct type *t, const char *column,
             const struct datum *d, struct datum *out)
{
    *out = *d;
    if (d->null)
        return NULL;
    const struct type_ops *ops = type_ops_of(t);
    if (ops->adjust != NULL)
        return ops->adjust(env, t, column, out);
    return ops->fit != NULL ? ops->fit(env, t, out) : NULL;
}
