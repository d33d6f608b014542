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
    if (from->family == FAMILY_INT) {
        char text[INT_TEXT_MAX];
        size_t n = int_put_text(text, d->i);
        *out = datum_bytes(arena_memdup(env->arena, text, n), n);
        return NULL;
    }
    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    datum_format(&s, from, d, TEXT_CAST, env);
    ERR_TRY(str_error(&s));
    *out = datum_from_str(&s);
    return NULL;
}

static struct error *
by_entry(const struct cast *c, const struct eval_env *env, const struct datum *d, struct datum *out)
{
    return c->entry->fn(env, c->from, d, c->to, out);
}

static struct error *
as_it_is(const struct cast *c, const struct eval_env *env, const struct datum *d, struct datum *out)
{
    (void)c;
    (void)env;
    *out = *d;
    return NULL;
}

static struct error *
into_text(const struct cast *c, const struct eval_env *env, const struct datum *d, struct datum *out)
{
    return to_text(env, c->from, d, out);
}

static struct error *
out_of_text(const struct cast *c, const struct eval_env *env, const struct datum *d, struct datum *out)
{
    return datum_parse(env, c->to, datum_slice(d), out);
}

static struct error *
is_none(const struct cast *c, const struct eval_env *env, const struct datum *d, struct datum *out)
{
    (void)d;
    (void)out;
    return err_new(ERR_CANNOT_COERCE, "invalid cast: %s -> %s", type_name_str(env->arena, c->from),
                   type_name_str(env->arena, c->to));
}

struct cast
cast_find(const struct type *from, const struct type *to)
{
    struct cast c = {.from = from, .to = to, .entry = find_entry(from, to), .run = is_none,
                     .fit = type_ops_of(to)->fit};
    if (c.entry != NULL) {
        c.run = by_entry;
    } else if (same_family_cast(from, to)) {
        c.run = as_it_is;
    } else if (is_text(to)) {
        c.run = into_text;
    } else if (is_text(from) && cast_exists(from, to)) {
        c.run = out_of_text;
        c.fit = NULL;
    }
    return c;
}

struct error *
cast_value(const struct cast *c, const struct eval_env *env, const struct datum *d,
           struct datum *out)
{
    if (d->null) {
        *out = DATUM_NULL;
        return NULL;
    }
    struct datum v = {0};
    ERR_TRY(c->run(c, env, d, &v));
    *out = v;
    return c->fit != NULL && !v.null ? c->fit(env, c->to, out) : NULL;
}

struct error *
datum_cast(const struct eval_env *env, const struct type *from, const struct datum *d,
           const struct type *to, struct datum *out)
{
    struct cast c = cast_find(from, to);
    return cast_value(&c, env, d, out);
}
