/* types/strtime_int.h - strftime and strptime, C locale, without the C library's. */
#ifndef AMBERDB_TYPES_STRTIME_INT_H
#define AMBERDB_TYPES_STRTIME_INT_H

#include "base/slice.h"

struct error *strtime_format(struct str *s, int64_t local_us, int32_t east, const char *zone,
                             struct slice format) ERR_MUST_USE;
/* Fields that are not said are those of 1970-01-01 00:00 UTC. */
struct error *strtime_parse(struct slice text, struct slice format, int64_t *us) ERR_MUST_USE;

#endif
