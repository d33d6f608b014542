/* storage/mvcc.h - keys with timestamps as bytes.
 *
 *   roachpb key | 00 | wall, BE 8 | [logical, BE 4, only if not 0] | length of what follows the key,
 *                                                                    1 byte: 9 or 13
 *   roachpb key | 00                                                 a key without a time
 * SOURCE: backup-format 6.3 (CockroachDB v20.1 pkg/storage/engine). */
#ifndef AMBERDB_STORAGE_MVCC_H
#define AMBERDB_STORAGE_MVCC_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

#define MVCC_SUFFIX_MAX 14

size_t mvcc_put_suffix(uint8_t out[MVCC_SUFFIX_MAX], struct hlc ts); /* bytes written */
void mvcc_put_key(struct str *s, struct slice key, struct hlc ts);
/* false: the bytes are no MVCC key. */
bool mvcc_split(struct slice mvcc, struct slice *key, struct hlc *ts);
int mvcc_compare(struct slice a, struct slice b); /* cockroach_comparator */

/* For index blocks: a short key x, without a time, with a < x < b (a < x). Writes at most a.len
 * bytes to out and returns how many; 0 when there is none: then a itself serves. */
size_t mvcc_separator(struct slice a, struct slice b, uint8_t *out);
size_t mvcc_successor(struct slice a, uint8_t *out);

#endif
