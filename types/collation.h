/* types/collation.h - order of collated strings (ICU underneath).
 *
 * Locale names are BCP 47 with `_` or `-`, as written in COLLATE. Collators are opened once per
 * locale and kept for the process; look-ups are thread safe.
 *
 * The keys here are ICU sort keys. CockroachDB writes those of Go's x/text/collate, whose tables
 * differ: rows that it wrote under a collated key are read (the value carries the text), but
 * found by scanning only, not by computing their key.
 */
#ifndef AMBERDB_TYPES_COLLATION_H
#define AMBERDB_TYPES_COLLATION_H

#include "base/slice.h"

/* 22023 `invalid locale en_x: ...` when the name is no language tag. */
struct error *collation_check(const char *locale) ERR_MUST_USE;
/* Appends the sort key of text; keys compare bytewise as the strings do. */
struct error *collation_key(struct str *out, const char *locale, struct slice text) ERR_MUST_USE;
/* Keys made under the same revision are the same: our rules and the library's version. */
#define COLLATION_REVISION_MAX 64
void collation_revision(char out[COLLATION_REVISION_MAX]);
/* -1, 0, 1; strings that the locale takes for equal are equal. */
int collation_compare(const char *locale, struct slice a, struct slice b);

#endif
