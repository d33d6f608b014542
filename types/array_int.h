/* types/array_int.h - making arrays. Inside types/ only. */
#ifndef AMBERDB_TYPES_ARRAY_INT_H
#define AMBERDB_TYPES_ARRAY_INT_H

#include "types/datum.h"

/* Borrows v. */
struct datum array_make(struct arena *a, const struct type *elem, int n, const struct datum *v);

#endif
