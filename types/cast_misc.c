/* Casts of UUID, BIT and arrays. See type_ops_int.h. */
#include "config.h"

#include "types/array_int.h"
#include "types/bit_int.h"
#include "types/type_ops_int.h"

#define CAST(name)                                                                                \
    static struct error *name(const struct eval_env *env, const struct type *from,               \
                              const struct datum *d, const struct type *to, struct datum *out)
#define UNUSED_CAST (void)env, (void)from, (void)to

CAST(uuid_to_bytes)
{
    UNUSED_CAST;
    *out = *d;
    return NULL;
}

CAST(bytes_to_uuid)
{
    UNUSED_CAST;
    if (d->len != 16)
        return err_new(ERR_INVALID_TEXT_REPRESENTATION,
                       "uuid: UUID must be exactly 16 bytes long, got %u bytes", d->len);
    *out = *d;
    return NULL;
}

CAST(int_to_bit)
{
    UNUSED_CAST;
    return bit_from_int(env, d->i, (uint32_t)to->width, out);
}

CAST(bit_to_int_cast)
{
    UNUSED_CAST;
    *out = datum_int(bit_to_int(d));
    return NULL;
}

static bool
elements_cast(const struct type *from, const struct type *to)
{
    return cast_exists(from->elem, to->elem);
}

CAST(array_to_array)
{
    const struct array *arr = d->arr;
    struct datum *v = ARENA_ARRAY(env->arena, struct datum, (size_t)arr->n);
    (void)from;
    for (int i = 0; i < arr->n; i++)
        ERR_TRY(datum_cast(env, arr->elem, &arr->v[i], to->elem, &v[i]));
    *out = array_make(env->arena, to->elem, arr->n, v);
    return NULL;
}

static const struct cast_entry rows[] = {
    {FAMILY_UUID, FAMILY_BYTES, uuid_to_bytes, NULL},
    {FAMILY_BYTES, FAMILY_UUID, bytes_to_uuid, NULL},
    {FAMILY_INT, FAMILY_BIT, int_to_bit, NULL},
    {FAMILY_BIT, FAMILY_INT, bit_to_int_cast, NULL},
    {FAMILY_ARRAY, FAMILY_ARRAY, array_to_array, elements_cast},
};

const struct cast_table casts_misc = {rows, ARRAY_COUNT(rows)};
