/* types/inet_int.h - INET values for the functions on them. Inside types/ only. */
#ifndef AMBERDB_TYPES_INET_INT_H
#define AMBERDB_TYPES_INET_INT_H

#include "types/datum.h"

static inline bool
inet_is_v4(const struct datum *d)
{
    return d->ptr[0] == 0;
}

static inline int
inet_bits(const struct datum *d)
{
    return d->ptr[0] == 0 ? 32 : 128;
}

void inet_format_address(struct str *s, const struct datum *d); /* without mask */
struct error *inet_parse_text(const struct eval_env *env, struct slice text, struct datum *out)
    ERR_MUST_USE;

#endif
