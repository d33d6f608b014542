/* Which casts exist and how they run: rules for all families, then the entries of cast_*.c.
 * See type_ops_int.h, "casts". */
#include "config.h"

#include "types/type_ops_int.h"

static const struct cast_table *const tables[] = {&casts_number, &casts_text, &casts_datetime,
                                                  &casts_misc};

static const struct cast_entry *
find_entry(const struct type *from, const struct type *to)
{
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
        for (size_t j = 0; j < tables[i]->n; j++) {
            const struct cast_entry *e = &tables[i]->v[j];
            if (e->from == from->family && e->to == to->family &&
                (e->exists == NULL || e->exists(from, to)))
                return e;
        }
    return NULL;
}

static bool
is_text(const struct type *t)
{
    return t->family == FAMILY_STRING || t->family == FAMILY_COLLATED_STRING;
}

static bool
same_family_cast(const struct type *from, const struct type *to)
{
    if (from->family != to->family)
        return false;
    if (from->family == FAMILY_ARRAY || from->family == FAMILY_TUPLE)
        return type_equivalent(from, to);
    return true;
}

bool
cast_exists(const struct type *from, const struct type *to)
{
    if (from->family == FAMILY_UNKNOWN || same_family_cast(from, to))
        return true;
    if (find_entry(from, to) != NULL)
        return true;
    if (to->family == FAMILY_TUPLE || to->family == FAMILY_ANY || to->family == FAMILY_UNKNOWN)
        return false;
    return is_text(from) || is_text(to);
}

static struct error *
to_text(const struct eval_env *env, const struct type *from, const struct datum *d,
        struct datum *out)
{
    struct str s;
    if (is_text(from)) {
        *out = *d;
        return NULL;
    }
    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    datum_format(&s, from, d, TEXT_CAST, env);
    ERR_TRY(str_error(&s));
    *out = datum_from_str(&s);
    return NULL;
}

struct error *
datum_cast(const struct eval_env *env, const struct type *from, const struct datum *d,
           const struct type *to, struct datum *out)
{
    if (d->null) {
        *out = DATUM_NULL;
        return NULL;
    }
    const struct cast_entry *entry = find_entry(from, to);
    *out = (struct datum){0};
    if (entry != NULL) {
        ERR_TRY(entry->fn(env, from, d, to, out));
    } else if (same_family_cast(from, to)) {
        *out = *d;
    } else if (is_text(to)) {
        ERR_TRY(to_text(env, from, d, out));
    } else if (is_text(from) && cast_exists(from, to)) {
        return datum_parse(env, to, datum_slice(d), out);
    } else {
        return err_new(ERR_CANNOT_COERCE, "invalid cast: %s -> %s", type_name_str(env->arena, from),
                       type_name_str(env->arena, to));
    }
    const struct type_ops *ops = type_ops_of(to);
    return ops->fit != NULL && !out->null ? ops->fit(env, to, out) : NULL;
}
