/* base/unpack.h - gzip and bzip2 streams, a piece at a time.
 *
 * A file may be several streams, one behind the other.
 * Errors: XXUUU for bytes that are no such stream. Threads: one at a time.
 */
#ifndef AMBERDB_BASE_UNPACK_H
#define AMBERDB_BASE_UNPACK_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum unpack_kind { UNPACK_GZIP, UNPACK_BZIP };
struct unpack;

/* Lives in a, and is closed with it. */
struct unpack *unpack_create(struct arena *a, enum unpack_kind kind);
/* Takes bytes off the front of in and writes *n <= room bytes; *n may be 0 as long as in has some. */
struct error *unpack_some(struct unpack *u, struct slice *in, uint8_t *to, size_t room, size_t *n)
    ERR_MUST_USE;
/* Has a stream begun that has not ended? */
bool unpack_within(const struct unpack *u);

#endif
