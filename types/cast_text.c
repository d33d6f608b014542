/* Casts from and to text that differ from the general rule (read what was written). */
#include "config.h"

#include "types/type_ops_int.h"

static struct error *
bytes_to_string(const struct eval_env *env, const struct type *from, const struct datum *d,
                const struct type *to, struct datum *out)
{
    (void)to;
    struct str s;
    str_init_arena(&s, env->arena, STR_MAX_DEFAULT);
    datum_format(&s, from, d, TEXT_CAST, env);
    ERR_TRY(str_error(&s));
    *out = datum_from_str(&s);
    return NULL;
}

/* The text of a value is not the value again: read \x.. and escapes, as bytea input does. */
static struct error *
string_to_bytes(const struct eval_env *env, const struct type *from, const struct datum *d,
                const struct type *to, struct datum *out)
{
    (void)from;
    return datum_parse(env, to, datum_slice(d), out);
}

static const struct cast_entry rows[] = {
    {.from = FAMILY_BYTES, .to = FAMILY_STRING, .fn = bytes_to_string},
    {.from = FAMILY_BYTES, .to = FAMILY_COLLATED_STRING, .fn = bytes_to_string},
    {.from = FAMILY_STRING, .to = FAMILY_BYTES, .fn = string_to_bytes},
    {.from = FAMILY_COLLATED_STRING, .to = FAMILY_BYTES, .fn = string_to_bytes},
};

const struct cast_table casts_text = {rows, ARRAY_COUNT(rows)};
