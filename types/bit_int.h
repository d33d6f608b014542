/* types/bit_int.h - bit strings from and to integers. Inside types/ only. */
#ifndef AMBERDB_TYPES_BIT_INT_H
#define AMBERDB_TYPES_BIT_INT_H

#include "types/datum.h"

struct error *bit_parse_text(const struct eval_env *env, struct slice text, struct datum *out)
    ERR_MUST_USE;
/* The low `width` bits, sign extended. */
struct error *bit_from_int(const struct eval_env *env, int64_t v, uint32_t width,
                           struct datum *out) ERR_MUST_USE;
int64_t bit_to_int(const struct datum *d); /* of the last 64 bits */

#endif
