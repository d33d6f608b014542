/* Operators, functions and generators of arrays. */
#include "config.h"

#include <string.h>

#include "types/array_int.h"
#include "types/fn_int.h"

/* ---- types of results ---------------------------------------------------------------------------- */

/* The first argument that is a real array; the array of the first real scalar otherwise. */
static const struct type *
ret_array(struct arena *a, int n, const struct type *const *args)
{
    for (int i = 0; i < n; i++)
        if (args[i]->family == FAMILY_ARRAY && args[i]->elem->family != FAMILY_ANY
            && args[i]->elem->family != FAMILY_UNKNOWN)
            return args[i];
    for (int i = 0; i < n; i++)
        if (args[i]->family != FAMILY_ARRAY && args[i]->family != FAMILY_UNKNOWN)
            return type_array_of(a, args[i]);
    for (int i = 0; i < n; i++)
        if (args[i]->family == FAMILY_ARRAY)
            return args[i];
    return &TYPE_UNKNOWN;
}

static const struct type *
ret_element(struct arena *a, int n, const struct type *const *args)
{
    (void)a, (void)n;
    return args[0]->family == FAMILY_ARRAY ? args[0]->elem : &TYPE_UNKNOWN;
}

static const struct type *
elem_of(const struct fn_call *call)
{
    return call->type->family == FAMILY_ARRAY ? call->type->elem : &TYPE_UNKNOWN;
}

/* ---- concatenation ------------------------------------------------------------------------------ */

static const struct array empty = {0, &TYPE_UNKNOWN, NULL};

static const struct array *
array_or_empty(const struct datum *d)
{
    return d->null ? &empty : d->arr;
}

static struct error *
concat(const struct eval_env *env, const struct type *elem, const struct datum *x, int nx,
       const struct datum *y, int ny, struct datum *out)
{
    void *mem;
    int n;
    if (__builtin_add_overflow(nx, ny, &n))
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "array has too many elements");
    ERR_TRY(arena_try_alloc(env->arena, (size_t)n * sizeof(struct datum), &mem));
    struct datum *v = mem;
    if (nx > 0)
        memcpy(v, x, (size_t)nx * sizeof(*v));
    if (ny > 0)
        memcpy(v + nx, y, (size_t)ny * sizeof(*v));
    *out = array_make(env->arena, elem, n, v);
    return NULL;
}

/* NULL || NULL is NULL, else a NULL array counts as empty. */
SCALAR(fn_cat)
{
    if (args[0].null && args[1].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    const struct array *x = array_or_empty(&args[0]), *y = array_or_empty(&args[1]);
    return concat(env, elem_of(call), x->v, x->n, y->v, y->n, out);
}

SCALAR(fn_append)
{
    const struct array *x = array_or_empty(&args[0]);
    return concat(env, elem_of(call), x->v, x->n, &args[1], 1, out);
}

SCALAR(fn_prepend)
{
    const struct array *x = array_or_empty(&args[1]);
    return concat(env, elem_of(call), &args[0], 1, x->v, x->n, out);
}

/* ---- containment --------------------------------------------------------------------------------- */

/* Elements by hash where comparing each with each would take long; slots NULL: one by one. */
struct elements {
    const struct array *arr;
    const struct datum **slots;
    size_t mask;
};

#define FEW_COMPARISONS 4096

static struct elements
elements_of(const struct eval_env *env, const struct array *arr, int n_sought)
{
    struct elements e = {arr, NULL, 15};
    if ((int64_t)arr->n * n_sought <= FEW_COMPARISONS)
        return e;
    while (e.mask < (size_t)arr->n * 2)
        e.mask = e.mask * 2 + 1;
    e.slots = arena_alloc_array(env->arena, e.mask + 1, sizeof(*e.slots));
    for (int i = 0; i < arr->n; i++) {
        size_t at = datum_hash(arr->elem, &arr->v[i], 0) & e.mask;
        while (e.slots[at] != NULL && !datum_equal(arr->elem, e.slots[at], &arr->v[i]))
            at = (at + 1) & e.mask;
        e.slots[at] = &arr->v[i];
    }
    return e;
}

/* NULL is in nothing. */
static bool
has(const struct elements *e, const struct datum *d)
{
    const struct array *arr = e->arr;
    if (d->null)
        return false;
    if (e->slots != NULL) {
        size_t at = datum_hash(arr->elem, d, 0) & e->mask;
        while (e->slots[at] != NULL && !datum_equal(arr->elem, e->slots[at], d))
            at = (at + 1) & e->mask;
        return e->slots[at] != NULL;
    }
    for (int i = 0; i < arr->n; i++)
        if (!arr->v[i].null && datum_equal(arr->elem, &arr->v[i], d))
            return true;
    return false;
}

static bool
contains(const struct eval_env *env, const struct array *a, const struct array *b)
{
    struct elements e = elements_of(env, a, b->n);
    for (int i = 0; i < b->n; i++)
        if (!has(&e, &b->v[i]))
            return false;
    return true;
}

SCALAR(op_contains)
{
    UNUSED(call);
    *out = datum_bool(contains(env, args[0].arr, args[1].arr));
    return NULL;
}

SCALAR(op_contained)
{
    UNUSED(call);
    *out = datum_bool(contains(env, args[1].arr, args[0].arr));
    return NULL;
}

SCALAR(op_overlaps)
{
    const struct array *b = args[1].arr;
    struct elements e = elements_of(env, args[0].arr, b->n);
    bool found = false;
    UNUSED(call);
    for (int i = 0; i < b->n && !found; i++)
        found = has(&e, &b->v[i]);
    *out = datum_bool(found);
    return NULL;
}

#define AA &TYPE_ANY_ARRAY
#define ANY &TYPE_ANY
#define BOOL_OP(op, f) {.name = op, .args = {AA, AA}, .ret = &TYPE_BOOL, .fn = f}
static const struct overload op_rows[] = {
    {.name = "||", .args = {AA, AA}, .ret_fn = ret_array, .fn = fn_cat, .null_args = true,
     .preferred = true},
    {.name = "||", .args = {AA, ANY}, .ret_fn = ret_array, .fn = fn_append, .null_args = true},
    {.name = "||", .args = {ANY, AA}, .ret_fn = ret_array, .fn = fn_prepend, .null_args = true},
    BOOL_OP("@>", op_contains),
    BOOL_OP("<@", op_contained),
    BOOL_OP("&&", op_overlaps),
};

const struct overload_table overloads_array_ops = {op_rows, ARRAY_COUNT(op_rows), true};

/* ---- shape --------------------------------------------------------------------------------------- */

/* NULL for empty arrays and for dimensions that there are not. */
SCALAR(fn_length)
{
    UNUSED(env), UNUSED(call);
    *out = args[1].i == 1 && args[0].arr->n > 0 ? datum_int(args[0].arr->n) : DATUM_NULL;
    return NULL;
}

/* Vectors count from 0, as in PostgreSQL: indkey[0] is a key's first column. */
static int
first_index(const struct type *t)
{
    return t->oid == TYPE_INT2VECTOR.oid || t->oid == TYPE_OIDVECTOR.oid ? 0 : 1;
}

SCALAR(fn_lower)
{
    UNUSED(env);
    *out = args[1].i == 1 && args[0].arr->n > 0 ? datum_int(first_index(call->arg_types[0]))
                                                : DATUM_NULL;
    return NULL;
}

SCALAR(fn_upper)
{
    UNUSED(env);
    int first = first_index(call->arg_types[0]), n = args[0].arr->n;
    *out = args[1].i == 1 && n > 0 ? datum_int(first + n - 1) : DATUM_NULL;
    return NULL;
}

/* ---- search and change --------------------------------------------------------------------------- */

/* NULL equals NULL here. */
static bool
same(const struct array *arr, int i, const struct datum *d)
{
    if (arr->v[i].null || d->null)
        return arr->v[i].null && d->null;
    return datum_equal(arr->elem, &arr->v[i], d);
}

SCALAR(fn_remove)
{
    if (args[0].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    const struct array *arr = args[0].arr;
    struct datum *v = ARENA_ARRAY(env->arena, struct datum, (size_t)arr->n);
    int n = 0;
    for (int i = 0; i < arr->n; i++)
        if (!same(arr, i, &args[1]))
            v[n++] = arr->v[i];
    *out = array_make(env->arena, elem_of(call), n, v);
    return NULL;
}

SCALAR(fn_replace)
{
    if (args[0].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    const struct array *arr = args[0].arr;
    struct datum *v = ARENA_ARRAY(env->arena, struct datum, (size_t)arr->n);
    for (int i = 0; i < arr->n; i++)
        v[i] = same(arr, i, &args[1]) ? args[2] : arr->v[i];
    *out = array_make(env->arena, elem_of(call), arr->n, v);
    return NULL;
}

SCALAR(fn_position)
{
    UNUSED(env), UNUSED(call);
    *out = DATUM_NULL;
    for (int i = 0; !args[0].null && i < args[0].arr->n; i++) {
        if (same(args[0].arr, i, &args[1])) {
            *out = datum_int(i + 1);
            return NULL;
        }
    }
    return NULL;
}

SCALAR(fn_positions)
{
    UNUSED(call);
    if (args[0].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    struct datum *v = ARENA_ARRAY(env->arena, struct datum, (size_t)args[0].arr->n);
    int n = 0;
    for (int i = 0; i < args[0].arr->n; i++)
        if (same(args[0].arr, i, &args[1]))
            v[n++] = datum_int(i + 1);
    *out = array_make(env->arena, &TYPE_INT8, n, v);
    return NULL;
}

/* ---- text ---------------------------------------------------------------------------------------- */

SCALAR(fn_to_string)
{
    bool shows_null = call->n_args > 2 && !args[2].null;
    struct str s;
    if (args[0].null || args[1].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    const struct array *arr = args[0].arr;
    fn_str_init(&s, env);
    for (int i = 0, written = 0; i < arr->n; i++) {
        if (arr->v[i].null && !shows_null)
            continue;
        if (written++ > 0)
            str_append_slice(&s, datum_slice(&args[1]));
        if (arr->v[i].null)
            str_append_slice(&s, datum_slice(&args[2]));
        else
            datum_format(&s, arr->elem, &arr->v[i], TEXT_CAST, env);
    }
    return fn_str_done(&s, out);
}

struct pieces {
    struct arena *a;
    const struct datum *null_text;
    struct datum *v;
    int n, cap;
};

static void
add_piece(struct pieces *p, const uint8_t *from, size_t len)
{
    struct datum d = datum_bytes(from, len);
    if (p->null_text != NULL && slice_eq(datum_slice(&d), datum_slice(p->null_text)))
        d = DATUM_NULL;
    if (p->n == p->cap) {
        int cap = p->cap == 0 ? 8 : p->cap * 2;
        p->v = arena_realloc(p->a, p->v, (size_t)p->cap * sizeof(*p->v),
                             (size_t)cap * sizeof(*p->v));
        p->cap = cap;
    }
    p->v[p->n++] = d;
}

/* Without a separator (NULL) every character is a piece; an empty one leaves the text whole. */
SCALAR(fn_string_to_array)
{
    if (args[0].null) {
        *out = DATUM_NULL;
        return NULL;
    }
    struct pieces p = {.a = env->arena};
    struct slice text = slice_dup(env->arena, datum_slice(&args[0])), sep = datum_slice(&args[1]);
    const uint8_t *at = text.ptr, *end = text.ptr + text.len;
    if (call->n_args > 2 && !args[2].null)
        p.null_text = &args[2];
    if (args[1].null) {
        while (at < end) {
            uint32_t cp;
            size_t n = utf8_decode(at, end, &cp);
            add_piece(&p, at, n);
            at += n;
        }
    } else if (text.len > 0) {
        const uint8_t *hit;
        while (sep.len > 0 && (hit = memmem(at, (size_t)(end - at), sep.ptr, sep.len)) != NULL) {
            add_piece(&p, at, (size_t)(hit - at));
            at = hit + sep.len;
        }
        add_piece(&p, at, (size_t)(end - at));
    }
    *out = array_make(env->arena, &TYPE_STRING, p.n, p.v);
    return NULL;
}

#define CAT "Array"
#define FN(n, r, f, ...)                                                                         \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .category = CAT}
#define FN_NULLS(n, r, f, ...)                                                                   \
    {.name = n, .args = {__VA_ARGS__}, .ret = &TYPE_##r, .fn = f, .null_args = true,             \
     .category = CAT}
#define FN_ARRAY(n, f, ...)                                                                      \
    {.name = n, .args = {__VA_ARGS__}, .ret_fn = ret_array, .fn = f, .null_args = true,          \
     .category = CAT}
#define S &TYPE_STRING
static const struct overload fn_rows[] = {
    FN("array_length", INT8, fn_length, AA, &TYPE_INT8),
    FN("array_lower", INT8, fn_lower, AA, &TYPE_INT8),
    FN("array_upper", INT8, fn_upper, AA, &TYPE_INT8),
    FN_ARRAY("array_append", fn_append, AA, ANY),
    FN_ARRAY("array_prepend", fn_prepend, ANY, AA),
    FN_ARRAY("array_cat", fn_cat, AA, AA),
    FN_ARRAY("array_remove", fn_remove, AA, ANY),
    FN_ARRAY("array_replace", fn_replace, AA, ANY, ANY),
    FN_NULLS("array_position", INT8, fn_position, AA, ANY),
    FN_NULLS("array_positions", INT8_ARRAY, fn_positions, AA, ANY),
    FN_NULLS("array_to_string", STRING, fn_to_string, AA, S),
    FN_NULLS("array_to_string", STRING, fn_to_string, AA, S, S),
    FN_NULLS("string_to_array", STRING_ARRAY, fn_string_to_array, S, S),
    FN_NULLS("string_to_array", STRING_ARRAY, fn_string_to_array, S, S, S),
};

const struct overload_table overloads_array_fns = {fn_rows, ARRAY_COUNT(fn_rows), false};

/* ---- generators ---------------------------------------------------------------------------------- */

struct walk {
    struct datum arr;
    int i, n, step, first;
};

static struct error *
unnest_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
            struct arena *a, void **state)
{
    struct walk *w = ARENA_NEW(a, struct walk);
    UNUSED(env);
    w->arr = datum_copy(a, call->arg_types[0], &args[0]);
    w->n = w->arr.arr->n;
    *state = w;
    return NULL;
}

static struct error *
unnest_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct walk *w = state;
    UNUSED(env);
    *more = w->i < w->n;
    if (*more)
        cols[0] = w->arr.arr->v[w->i++];
    return NULL;
}

static struct error *
expand_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct walk *w = state;
    ERR_TRY(unnest_next(env, state, cols, more));
    if (*more)
        cols[1] = datum_int(w->i);
    return NULL;
}

/* unnest(a, b, ...): side by side, short ones filled with NULL. */
struct zip {
    int n, i, longest;
    const struct datum *arrays;
};

static struct error *
zip_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
         struct arena *a, void **state)
{
    struct zip *z = ARENA_NEW(a, struct zip);
    struct datum *v = ARENA_ARRAY(a, struct datum, (size_t)call->n_args);
    UNUSED(env);
    z->n = call->n_args;
    for (int i = 0; i < z->n; i++) {
        v[i] = args[i].null ? DATUM_NULL : datum_copy(a, call->arg_types[i], &args[i]);
        if (!v[i].null && v[i].arr->n > z->longest)
            z->longest = v[i].arr->n;
    }
    z->arrays = v;
    *state = z;
    return NULL;
}

static struct error *
zip_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct zip *z = state;
    UNUSED(env);
    *more = z->i < z->longest;
    for (int k = 0; *more && k < z->n; k++) {
        const struct datum *d = &z->arrays[k];
        cols[k] = d->null || z->i >= d->arr->n ? DATUM_NULL : d->arr->v[z->i];
    }
    z->i++;
    return NULL;
}

static struct error *
subscripts_open(const struct eval_env *env, const struct fn_call *call, const struct datum *args,
                struct arena *a, void **state)
{
    struct walk *w = ARENA_NEW(a, struct walk);
    bool reverse = call->n_args > 2 && args[2].i != 0;
    UNUSED(env);
    w->n = call->n_args > 1 && args[1].i != 1 ? 0 : args[0].arr->n;
    w->first = first_index(call->arg_types[0]);
    w->i = reverse ? w->first + w->n - 1 : w->first;
    w->step = reverse ? -1 : 1;
    *state = w;
    return NULL;
}

static struct error *
subscripts_next(const struct eval_env *env, void *state, struct datum *cols, bool *more)
{
    struct walk *w = state;
    UNUSED(env);
    *more = w->i >= w->first && w->i < w->first + w->n;
    cols[0] = datum_int(w->i);
    w->i += w->step;
    return NULL;
}

static const struct type *
ret_expand(struct arena *a, int n, const struct type *const *args)
{
    static const char *const labels[] = {"x", "n"};
    const struct type **contents = ARENA_ARRAY(a, const struct type *, 2);
    contents[0] = ret_element(a, n, args);
    contents[1] = &TYPE_INT8;
    return type_tuple(a, 2, contents, labels);
}

#define ZIP_MAX 8 /* as many columns as a generator's table names */
static const char *const zip_cols[ZIP_MAX] = {"unnest", "unnest", "unnest", "unnest",
                                              "unnest", "unnest", "unnest", "unnest"};

static const struct type *
ret_zip(struct arena *a, int n, const struct type *const *args)
{
    const struct type **contents = ARENA_ARRAY(a, const struct type *, (size_t)n);
    for (int i = 0; i < n; i++)
        contents[i] = ret_element(a, 1, &args[i]);
    return type_tuple(a, n, contents, n <= ZIP_MAX ? zip_cols : NULL);
}

static const char *const unnest_cols[] = {"unnest"}, *const expand_cols[] = {"x", "n"},
                  *const subscript_cols[] = {"generate_subscripts"};
static const struct generator_vt unnest_vt = {unnest_open, unnest_next, 1, unnest_cols},
                                 expand_vt = {unnest_open, expand_next, 2, expand_cols},
                                 subscripts_vt = {subscripts_open, subscripts_next, 1,
                                                  subscript_cols};
#define ZIP_VT(k) static const struct generator_vt zip##k##_vt = {zip_open, zip_next, k, zip_cols}
ZIP_VT(2);
ZIP_VT(3);
ZIP_VT(4);
ZIP_VT(5);
ZIP_VT(6);
ZIP_VT(7);
ZIP_VT(8);

#define ZIP(k, ...)                                                                              \
    {.name = "unnest", .args = {__VA_ARGS__}, .ret_fn = ret_zip, .is_generator = true,           \
     .null_args = true, .gen = &zip##k##_vt, .category = CAT}
#define SUBSCRIPTS(...)                                                                          \
    {.name = "generate_subscripts", .args = {__VA_ARGS__}, .ret = &TYPE_INT8,                    \
     .is_generator = true, .gen = &subscripts_vt, .category = CAT}
static const struct overload gen_rows[] = {
    {.name = "unnest", .args = {AA}, .ret_fn = ret_element, .is_generator = true,
     .gen = &unnest_vt, .category = CAT},
    ZIP(2, AA, AA),
    ZIP(3, AA, AA, AA),
    ZIP(4, AA, AA, AA, AA),
    ZIP(5, AA, AA, AA, AA, AA),
    ZIP(6, AA, AA, AA, AA, AA, AA),
    ZIP(7, AA, AA, AA, AA, AA, AA, AA),
    ZIP(8, AA, AA, AA, AA, AA, AA, AA, AA),
    {.name = "information_schema._pg_expandarray", .args = {AA}, .ret_fn = ret_expand,
     .is_generator = true, .gen = &expand_vt, .category = CAT},
    SUBSCRIPTS(AA),
    SUBSCRIPTS(AA, &TYPE_INT8),
    SUBSCRIPTS(AA, &TYPE_INT8, &TYPE_BOOL),
};

const struct overload_table overloads_array_gens = {gen_rows, ARRAY_COUNT(gen_rows), false};
