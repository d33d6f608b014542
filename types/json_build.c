#include "config.h"

#include <stdlib.h>

#include "types/enc_int.h"
#include "types/json.h"
#include "types/json_int.h"
#include "types/type_ops_int.h"

struct json_pair_node {
    struct slice key;
    struct json_node *value;
    uint32_t seq; /* of equal keys the last one stays */
};

struct json_node {
    struct arena *arena;
    enum json_kind kind;
    bool is_view; /* bytes of an encoded value */
    struct json view;
    struct slice text;
    const struct decimal *number;
    uint32_t n, cap;
    struct json_node **items;
    struct json_pair_node *pairs;
};

static struct json_node *
node_new(struct arena *a, enum json_kind kind)
{
    struct json_node *n = ARENA_NEW(a, struct json_node);
    n->arena = a;
    n->kind = kind;
    return n;
}

struct json_node *
json_new_null(struct arena *a)
{
    return node_new(a, JSON_NULL);
}

struct json_node *
json_new_bool(struct arena *a, bool b)
{
    return node_new(a, b ? JSON_TRUE : JSON_FALSE);
}

struct json_node *
json_new_string(struct arena *a, struct slice s)
{
    struct json_node *n = node_new(a, JSON_STRING);
    n->text = s;
    return n;
}

struct json_node *
json_new_number(struct arena *a, const struct decimal *d)
{
    struct json_node *n = node_new(a, JSON_NUMBER);
    n->number = d;
    return n;
}

struct json_node *
json_new_array(struct arena *a)
{
    return node_new(a, JSON_ARRAY);
}

struct json_node *
json_new_object(struct arena *a)
{
    return node_new(a, JSON_OBJECT);
}

struct json_node *
json_from(struct arena *a, struct json j)
{
    struct json_node *n = node_new(a, j.kind);
    n->is_view = true;
    n->view = j;
    return n;
}

/* A view that is to be changed becomes a node whose children are views. */
static void
open_view(struct json_node *n)
{
    if (!n->is_view)
        return;
    struct json v = n->view;
    n->is_view = false;
    for (uint32_t i = 0; i < v.count; i++) {
        if (n->kind == JSON_ARRAY) {
            json_push(n, json_from(n->arena, json_at(v, i)));
        } else if (n->kind == JSON_OBJECT) {
            struct slice key;
            struct json value;
            json_pair(v, i, &key, &value);
            json_set(n, key, json_from(n->arena, value));
        }
    }
}

void
json_push(struct json_node *array, struct json_node *v)
{
    VERIFY(array->kind == JSON_ARRAY);
    open_view(array);
    if (array->n == array->cap) {
        uint32_t cap = array->cap == 0 ? 8 : array->cap * 2;
        array->items = arena_realloc(array->arena, array->items,
                                     array->cap * sizeof(*array->items),
                                     cap * sizeof(*array->items));
        array->cap = cap;
    }
    array->items[array->n++] = v;
}

void
json_set(struct json_node *object, struct slice key, struct json_node *v)
{
    VERIFY(object->kind == JSON_OBJECT);
    open_view(object);
    if (object->n == object->cap) {
        uint32_t cap = object->cap == 0 ? 8 : object->cap * 2;
        object->pairs = arena_realloc(object->arena, object->pairs,
                                      object->cap * sizeof(*object->pairs),
                                      cap * sizeof(*object->pairs));
        object->cap = cap;
    }
    object->pairs[object->n] = (struct json_pair_node){key, v, object->n};
    object->n++;
}

/* ---- encoding ------------------------------------------------------------------------------ */

static struct error *
too_large(void)
{
    return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "JSON value exceeds the maximum size");
}

static int
pair_cmp(const void *pa, const void *pb)
{
    const struct json_pair_node *a = pa, *b = pb;
    int c = slice_cmp(a->key, b->key);
    return c != 0 ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

static void
sort_pairs(struct json_node *o)
{
    if (o->n < 2)
        return;
    qsort(o->pairs, o->n, sizeof(*o->pairs), pair_cmp);
    uint32_t to = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        if (i + 1 < o->n && slice_eq(o->pairs[i].key, o->pairs[i + 1].key))
            continue;
        o->pairs[to++] = o->pairs[i];
    }
    o->n = to;
}

static struct error *encode_container(struct str *s, struct json_node *n, int depth);

static struct error *
encode_data(struct str *s, struct json_node *n, int depth)
{
    if (n->is_view) {
        str_append_slice(s, n->view.data);
        return NULL;
    }
    switch (n->kind) {
    case JSON_NULL:
    case JSON_TRUE:
    case JSON_FALSE:
        return NULL;
    case JSON_STRING:
        str_append_slice(s, n->text);
        return NULL;
    case JSON_NUMBER: {
        struct str num;
        str_init(&num, STR_MAX_DEFAULT);
        decimal_value_put(&num, n->number);
        suv_put(s, num.len);
        str_append_slice(s, str_slice(&num));
        str_release(&num);
        return NULL;
    }
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return encode_container(s, n, depth + 1);
}

static uint32_t
entry_type(enum json_kind kind)
{
    switch (kind) {
    case JSON_NULL:
        return JSON_E_NULL;
    case JSON_STRING:
        return JSON_E_STRING;
    case JSON_NUMBER:
        return JSON_E_NUMBER;
    case JSON_FALSE:
        return JSON_E_FALSE;
    case JSON_TRUE:
        return JSON_E_TRUE;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return JSON_E_CONTAINER;
}

/* Fills the entry for data that ran from `start` to the end of s. i counts within its group. */
static struct error *
patch_entry(struct str *s, size_t at, uint32_t i, enum json_kind kind, size_t area, size_t start)
{
    if (s->failed)
        return str_error(s);
    bool offset = i % JSON_OFFSET_STRIDE == 0;
    size_t field = offset ? s->len - area : s->len - start;
    if (field > JSON_LEN_MASK)
        return too_large();
    enc_put_be32((uint8_t *)s->ptr + at,
                 (offset ? JSON_OFFSET_FLAG : 0) | entry_type(kind) | (uint32_t)field);
    return NULL;
}

static struct error *
encode_container(struct str *s, struct json_node *n, int depth)
{
    uint8_t head[4];
    bool object = n->kind == JSON_OBJECT;
    if (depth > JSON_MAX_DEPTH)
        return err_new(ERR_STATEMENT_TOO_COMPLEX, "JSON nested too deeply");
    if (object)
        sort_pairs(n);
    if (n->n > JSON_COUNT_MASK)
        return too_large();
    enc_put_be32(head, (object ? JSON_C_OBJECT : JSON_C_ARRAY) | n->n);
    str_append(s, head, 4);
    size_t entries = s->len;
    str_append_fill(s, 0, (size_t)n->n * (object ? 8 : 4));
    size_t area = s->len;
    for (uint32_t i = 0; object && i < n->n; i++) {
        size_t start = s->len;
        str_append_slice(s, n->pairs[i].key);
        ERR_TRY(patch_entry(s, entries + 4 * (size_t)i, i, JSON_STRING, area, start));
    }
    if (object)
        entries += 4 * (size_t)n->n;
    for (uint32_t i = 0; i < n->n; i++) {
        struct json_node *v = object ? n->pairs[i].value : n->items[i];
        size_t start = s->len;
        ERR_TRY(encode_data(s, v, depth));
        ERR_TRY(patch_entry(s, entries + 4 * (size_t)i, i, v->kind, area, start));
    }
    return NULL;
}

struct error *
json_encode(struct arena *a, struct json_node *n, struct slice *body)
{
    struct str s;
    uint8_t head[8];
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    if (n->kind == JSON_ARRAY || n->kind == JSON_OBJECT) {
        ERR_TRY(n->is_view ? encode_data(&s, n, 0) : encode_container(&s, n, 1));
    } else {
        enc_put_be32(head, JSON_C_SCALAR);
        str_append(&s, head, 8);
        ERR_TRY(encode_data(&s, n, 0));
        if (s.len - 8 > JSON_LEN_MASK)
            return too_large();
        if (!s.failed)
            enc_put_be32((uint8_t *)s.ptr + 4, entry_type(n->kind) | (uint32_t)(s.len - 8));
    }
    ERR_TRY(str_error(&s));
    *body = str_slice(&s);
    return NULL;
}

/* ---- from SQL values ------------------------------------------------------------------------- */

static struct error *
from_tuple(const struct eval_env *env, const struct type *t, const struct datum *d,
           struct json_node **out)
{
    struct json_node *o = json_new_object(env->arena);
    for (uint32_t i = 0; i < d->len; i++) {
        struct json_node *v;
        const char *label = t->labels != NULL && t->labels[i] != NULL && *t->labels[i] != '\0'
                                ? t->labels[i]
                                : arena_printf(env->arena, "f%u", i + 1);
        ERR_TRY(json_from_datum(env, t->contents[i], &d->tup[i], &v));
        json_set(o, slice_cstr(label), v);
    }
    *out = o;
    return NULL;
}

static struct slice
cast_text(const struct eval_env *env, const struct type *t, const struct datum *d)
{
    struct str s;
    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    datum_format(&s, t, d, TEXT_CAST, env);
    /* Times are RFC 3339 in JSON: a T between date and time. */
    if (t->family == FAMILY_TIMESTAMP || t->family == FAMILY_TIMESTAMPTZ) {
        char *sp = s.len > 0 ? memchr(s.ptr, ' ', s.len) : NULL;
        if (sp != NULL)
            *sp = 'T';
        if (t->family == FAMILY_TIMESTAMPTZ && s.len > 6
            && memcmp(s.ptr + s.len - 6, "+00:00", 6) == 0) {
            s.len -= 6;
            str_append_char(&s, 'Z');
        }
    }
    return str_slice(&s);
}

struct error *
json_from_datum(const struct eval_env *env, const struct type *t, const struct datum *d,
                struct json_node **out)
{
    const struct decimal *dec;
    struct arena *a = env->arena;
    if (d->null) {
        *out = json_new_null(a);
        return NULL;
    }
    switch (t->family) {
    case FAMILY_BOOL:
        *out = json_new_bool(a, d->i != 0);
        return NULL;
    case FAMILY_INT:
        *out = json_new_number(a, decimal_from_i64(a, d->i));
        return NULL;
    case FAMILY_FLOAT:
        ERR_TRY(decimal_from_double(a, d->f, &dec));
        *out = json_new_number(a, dec);
        return NULL;
    case FAMILY_DECIMAL:
        *out = json_new_number(a, d->dec);
        return NULL;
    case FAMILY_STRING:
    case FAMILY_COLLATED_STRING:
        *out = json_new_string(a, datum_slice(d));
        return NULL;
    case FAMILY_JSON:
        *out = json_from(a, json_root(datum_slice(d)));
        return NULL;
    case FAMILY_ARRAY:
        *out = json_new_array(a);
        for (int i = 0; i < d->arr->n; i++) {
            struct json_node *v;
            ERR_TRY(json_from_datum(env, d->arr->elem, &d->arr->v[i], &v));
            json_push(*out, v);
        }
        return NULL;
    case FAMILY_TUPLE:
        return from_tuple(env, t, d, out);
    case FAMILY_DATE:
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
    case FAMILY_TIME:
    case FAMILY_TIMETZ:
    case FAMILY_INTERVAL:
    case FAMILY_BYTES:
    case FAMILY_OID:
    case FAMILY_UUID:
    case FAMILY_INET:
    case FAMILY_BIT:
    case FAMILY_UNKNOWN:
    case FAMILY_ANY:
        break;
    }
    *out = json_new_string(a, cast_text(env, t, d));
    return NULL;
}
