/* planner/aggregates_value.c - min, max, bool_and, bit_or, xor_agg, array_agg, json_agg, string_agg. */
#include "config.h"

#include "planner/aggregates_int.h"
#include "types/json.h"

/* ---- kept values ---- */

static bool
is_flat(const struct type *t)
{
    switch (t->family) {
    case FAMILY_STRING: case FAMILY_BYTES: case FAMILY_UUID: case FAMILY_INET:
    case FAMILY_COLLATED_STRING: case FAMILY_JSON:
        return true;
    default:
        return false;
    }
}

void
agg_value_set(const struct agg_ctx *x, struct agg_value *s, const struct type *t,
              const struct datum *d)
{
    s->seen = true;
    if (t->family == FAMILY_DECIMAL) {
        struct agg_decimal k = {s->buf, (uint32_t)s->cap};
        agg_decimal_set(x, &k, d->dec);
        s->buf = k.d;
        s->cap = k.cap;
        s->d = (struct datum){.dec = k.d};
    } else if (is_flat(t)) {
        if (s->cap < d->len) {
            s->cap = (size_t)d->len * 2;
            s->buf = arena_alloc(x->arena, s->cap);
        }
        if (d->len > 0)
            memcpy(s->buf, d->ptr, d->len);
        s->d = *d;
        s->d.ptr = s->buf;
    } else {
        s->d = datum_copy(x->arena, t, d);
    }
}

void
agg_list_push(const struct agg_ctx *x, struct agg_list_state *s, const struct type *t,
              const struct datum *d)
{
    if (s->n == s->cap) {
        int cap = s->cap == 0 ? 4 : s->cap * 2;
        s->v = arena_realloc(x->arena, s->v, (size_t)s->cap * sizeof(*s->v),
                             (size_t)cap * sizeof(*s->v));
        s->cap = cap;
    }
    s->v[s->n++] = d->null ? DATUM_NULL : datum_copy(x->arena, t, d);
}

/* ---- min, max ---- */

struct error *
agg_minmax_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
               const struct datum *args)
{
    struct agg_value *s = state;
    const struct type *t = c->type;
    bool max = c->def->name[1] == 'a';
    if (s->seen) {
        int k = datum_compare(t, &args[0], &s->d);
        if (max ? k <= 0 : k >= 0)
            return NULL;
    }
    agg_value_set(x, s, t, &args[0]);
    return NULL;
}

struct error *
agg_minmax_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                  struct datum *out)
{
    const struct agg_value *s = state;
    *out = s->seen ? datum_copy(x->env->arena, c->type, &s->d) : DATUM_NULL;
    return NULL;
}

struct error *
agg_minmax_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                  struct datum *out)
{
    return agg_minmax_result(x, c, state, out);
}

struct error *
agg_minmax_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                 const struct datum *in)
{
    return in[0].null ? NULL : agg_minmax_add(x, c, state, in);
}

void
agg_minmax_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a;
    out[0] = c->type;
}

/* ---- bool_and, bool_or, every; bit_and, bit_or, xor_agg of INT ---- */

struct folded {
    int64_t v;
    bool seen;
};

struct error *
agg_bool_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
             const struct datum *args)
{
    (void)x;
    struct folded *s = state;
    bool is_or = strcmp(c->def->name, "bool_or") == 0, b = args[0].i != 0;
    s->v = !s->seen ? b : is_or ? (s->v || b) : (s->v && b);
    s->seen = true;
    return NULL;
}

struct error *
agg_bool_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    (void)x, (void)c;
    const struct folded *s = state;
    *out = s->seen ? datum_int(s->v) : DATUM_NULL;
    return NULL;
}

struct error *
agg_bool_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    return agg_bool_result(x, c, state, out);
}

struct error *
agg_bool_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
               const struct datum *in)
{
    return in[0].null ? NULL : agg_bool_add(x, c, state, in);
}

void
agg_bool_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a;
    out[0] = c->type;
}

enum bits_op { BITS_AND, BITS_OR, BITS_XOR };

static enum bits_op
bits_op(const struct agg_call *c)
{
    const char *n = c->def->name;
    return n[0] == 'x' ? BITS_XOR : strcmp(n, "bit_and") == 0 ? BITS_AND : BITS_OR;
}

struct error *
agg_bits_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
             const struct datum *args)
{
    (void)x;
    struct folded *s = state;
    int64_t v = args[0].i;
    if (s->seen)
        switch (bits_op(c)) {
        case BITS_AND: v &= s->v; break;
        case BITS_OR: v |= s->v; break;
        case BITS_XOR: v ^= s->v; break;
        }
    s->v = v;
    s->seen = true;
    return NULL;
}

struct error *
agg_bits_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    return agg_bool_result(x, c, state, out);
}

struct error *
agg_bits_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    return agg_bool_result(x, c, state, out);
}

struct error *
agg_bits_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
               const struct datum *in)
{
    return in[0].null ? NULL : agg_bits_add(x, c, state, in);
}

void
agg_bits_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a;
    out[0] = c->type;
}

/* ---- the same for VARBIT (len counts bits) and BYTES ---- */

struct bit_state {
    uint8_t *v;
    uint32_t len;
    bool seen;
};

static void
fold_bytes(const struct agg_ctx *x, struct bit_state *s, enum bits_op op, const struct datum *d,
           size_t bytes)
{
    if (!s->seen) {
        s->v = arena_alloc(x->arena, bytes + 1); /* of an empty value there is nothing to read */
        if (bytes > 0)
            memcpy(s->v, d->ptr, bytes);
        s->len = d->len;
        s->seen = true;
        return;
    }
    for (size_t i = 0; i < bytes; i++)
        s->v[i] = (uint8_t)(op == BITS_AND ? s->v[i] & d->ptr[i]
                            : op == BITS_OR ? s->v[i] | d->ptr[i] : s->v[i] ^ d->ptr[i]);
}

struct error *
agg_bitstring_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                  const struct datum *args)
{
    struct bit_state *s = state;
    enum bits_op op = bits_op(c);
    if (s->seen && s->len != args[0].len)
        return err_new(ERR_STRING_DATA_LENGTH_MISMATCH,
                       "cannot %s bit strings of different sizes", op == BITS_AND ? "AND" : "OR");
    fold_bytes(x, s, op, &args[0], ((size_t)args[0].len + 7) / 8);
    return NULL;
}

struct error *
agg_bitstring_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    const struct bit_state *s = state;
    *out = DATUM_NULL;
    if (s->seen) {
        struct datum d = datum_bytes(s->v, s->len);
        *out = datum_copy(x->env->arena, c->type, &d);
    }
    return NULL;
}

struct error *
agg_bitstring_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    return agg_bitstring_result(x, c, state, out);
}

struct error *
agg_bitstring_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                    const struct datum *in)
{
    return in[0].null ? NULL : agg_bitstring_add(x, c, state, in);
}

void
agg_bitstring_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a;
    out[0] = c->type;
}

struct error *
agg_xor_bytes_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
                  const struct datum *args)
{
    (void)c;
    struct bit_state *s = state;
    if (s->seen && s->len != args[0].len)
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "arguments to xor must all be the same length %u vs %u", s->len,
                       args[0].len);
    fold_bytes(x, s, BITS_XOR, &args[0], args[0].len);
    return NULL;
}

struct error *
agg_xor_bytes_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    return agg_bitstring_result(x, c, state, out);
}

struct error *
agg_xor_bytes_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                     struct datum *out)
{
    return agg_bitstring_result(x, c, state, out);
}

struct error *
agg_xor_bytes_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                    const struct datum *in)
{
    return in[0].null ? NULL : agg_xor_bytes_add(x, c, state, in);
}

void
agg_xor_bytes_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a;
    out[0] = c->type;
}

/* ---- array_agg ---- */

struct error *
agg_array_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
              const struct datum *args)
{
    agg_list_push(x, state, c->arg_types[0], &args[0]);
    return NULL;
}

static struct datum
list_array(struct arena *a, const struct type *elem, const struct agg_list_state *s)
{
    struct array *arr = ARENA_NEW(a, struct array);
    struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)s->n + 1);
    for (int i = 0; i < s->n; i++)
        v[i] = s->v[i].null ? DATUM_NULL : datum_copy(a, elem, &s->v[i]);
    arr->n = s->n;
    arr->elem = elem;
    arr->v = v;
    return (struct datum){.arr = arr};
}

struct error *
agg_array_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                 struct datum *out)
{
    const struct agg_list_state *s = state;
    *out = s->n == 0 ? DATUM_NULL : list_array(x->env->arena, c->arg_types[0], s);
    return NULL;
}

struct error *
agg_array_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                 struct datum *out)
{
    return agg_array_result(x, c, state, out);
}

struct error *
agg_array_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                const struct datum *in)
{
    if (!in[0].null)
        for (int i = 0; i < in[0].arr->n; i++)
            agg_list_push(x, state, c->arg_types[0], &in[0].arr->v[i]);
    return NULL;
}

void
agg_array_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    out[0] = type_array_of(a, c->arg_types[0]);
}

/* ---- json_agg: the values are kept as they are, JSON is made at the end ---- */

struct error *
agg_json_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
             const struct datum *args)
{
    return agg_array_add(x, c, state, args);
}

struct error *
agg_json_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    const struct agg_list_state *s = state;
    struct arena *a = x->env->arena;
    *out = DATUM_NULL;
    if (s->n == 0)
        return NULL;
    struct json_node *list = json_new_array(a);
    for (int i = 0; i < s->n; i++) {
        struct json_node *n;
        if (s->v[i].null)
            n = json_new_null(a);
        else
            ERR_TRY(json_from_datum(x->env, c->arg_types[0], &s->v[i], &n));
        json_push(list, n);
    }
    struct slice body;
    ERR_TRY(json_encode(a, list, &body));
    *out = datum_bytes(body.ptr, body.len);
    return NULL;
}

struct error *
agg_json_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                struct datum *out)
{
    return agg_array_result(x, c, state, out);
}

struct error *
agg_json_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
               const struct datum *in)
{
    return agg_array_merge(x, c, state, in);
}

void
agg_json_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    agg_array_types(a, c, out);
}

/* ---- string_agg, concat_agg: text so far; exported with the first separator ---- */

struct concat {
    uint8_t *v;
    size_t len, cap;
    uint8_t *sep;       /* before the first value: needed when states are merged */
    uint32_t sep_len;
    bool seen;
};

static struct error *
concat_append(const struct agg_ctx *x, struct concat *s, const struct datum *d)
{
    if (d->null)
        return NULL;
    if (s->len + d->len > (64u << 20))
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "result is too long: more than 64 MiB");
    if (s->len + d->len > s->cap) {
        size_t cap = s->cap == 0 ? 64 : s->cap * 2;
        while (cap < s->len + d->len)
            cap *= 2;
        s->v = arena_realloc(x->arena, s->v, s->cap, cap);
        s->cap = cap;
    }
    if (d->len > 0)
        memcpy(s->v + s->len, d->ptr, d->len);
    s->len += d->len;
    return NULL;
}

struct error *
agg_concat_add(const struct agg_ctx *x, const struct agg_call *c, void *state,
               const struct datum *args)
{
    struct concat *s = state;
    struct datum sep = c->n_args > 1 ? args[1] : DATUM_NULL;
    if (s->seen) {
        ERR_TRY(concat_append(x, s, &sep));
    } else if (!sep.null && sep.len > 0) {
        s->sep = arena_memdup(x->arena, sep.ptr, sep.len);
        s->sep_len = sep.len;
    }
    s->seen = true;
    return concat_append(x, s, &args[0]);
}

struct error *
agg_concat_result(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                  struct datum *out)
{
    const struct concat *s = state;
    *out = DATUM_NULL;
    if (s->seen) {
        struct datum d = datum_bytes(s->v, s->len);
        *out = datum_copy(x->env->arena, c->type, &d);
    }
    return NULL;
}

struct error *
agg_concat_export(const struct agg_ctx *x, const struct agg_call *c, const void *state,
                  struct datum *out)
{
    const struct concat *s = state;
    struct datum sep = datum_bytes(s->sep, s->sep_len);
    out[1] = datum_copy(x->env->arena, c->type, &sep);
    return agg_concat_result(x, c, state, &out[0]);
}

struct error *
agg_concat_merge(const struct agg_ctx *x, const struct agg_call *c, void *state,
                 const struct datum *in)
{
    struct concat *s = state;
    if (in[0].null)
        return NULL;
    (void)c;
    if (s->seen) {
        ERR_TRY(concat_append(x, s, &in[1]));
    } else if (in[1].len > 0) {
        s->sep = arena_memdup(x->arena, in[1].ptr, in[1].len);
        s->sep_len = in[1].len;
    }
    s->seen = true;
    return concat_append(x, s, &in[0]);
}

void
agg_concat_types(struct arena *a, const struct agg_call *c, const struct type **out)
{
    (void)a;
    out[0] = out[1] = c->type;
}

_Static_assert(sizeof(struct agg_value) <= AGG_STATE_MAX, "state");
_Static_assert(sizeof(struct concat) <= AGG_STATE_MAX, "state");
