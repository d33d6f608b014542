/* executor/copy.h - the text format of COPY, for others who read it. */
#ifndef AMBERDB_EXECUTOR_COPY_H
#define AMBERDB_EXECUTOR_COPY_H

#include "base/slice.h"

/* A field without its backslash escapes, behind what out holds. */
void copy_unescape(struct str *out, struct slice s);

#endif
