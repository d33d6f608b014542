/* base/name_index.h - finding one of a fixed list of names, without going through the list.
 *
 *     static struct name_index index;                     zero
 *     name_index_build(&index, N, name_of);               once, before other threads look: pthread_once
 *     i = name_index_find(&index, "timezone");            -1: not there
 *
 * Case does not matter. Names are at most NAME_INDEX_MAX and stay where they are. Threads: once built, all.
 */
#ifndef AMBERDB_BASE_NAME_INDEX_H
#define AMBERDB_BASE_NAME_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define NAME_INDEX_MAX 1000
#define NAME_INDEX_SLOTS 2048 /* a power of two */

struct name_index {
    const char *(*name)(int i);
    int16_t slots[NAME_INDEX_SLOTS]; /* 1 + number of the name; 0: empty */
};

void name_index_build(struct name_index *x, int n, const char *(*name)(int i));
int name_index_find(const struct name_index *x, const char *name);
int name_index_find_bytes(const struct name_index *x, const char *name, size_t len);

#endif
