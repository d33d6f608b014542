/* regress/fuzz/fuzz_key.c - key bytes: byte 0 picks type (low 5 bits) and direction (bit 5); the rest
 * is a key. What decodes is encoded and decoded again to the same value. */
#include "config.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/slice.h"
#include "regress/fuzz/fuzz_types.h"
#include "types/datum.h"
#include "types/keyenc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
there_and_back(struct arena *a, const struct type *t, enum key_direction dir, struct datum *d)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    struct error *err = key_encode(&s, t, d, dir);
    if (err != NULL) {
        err_free(err);
        return;
    }
    struct reader r = reader_make(str_slice(&s));
    struct datum again;
    err = key_decode(&r, a, t, dir, &again);
    VERIFY(err == NULL);
    VERIFY(reader_left(&r) == 0);
    VERIFY(datum_equal(t, d, &again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct arena *a = arena_create(NULL, "fuzz");
    struct slice key = slice_make(data + 1, size - 1);
    const struct type *t = fuzz_type(data[0]);
    enum key_direction dir = data[0] & 32 ? KEY_DESC : KEY_ASC;
    struct reader r = reader_make(key);
    struct datum d;
    struct error *err = key_decode(&r, a, t, dir, &d);
    if (err == NULL)
        there_and_back(a, t, dir, &d);
    err_free(err);
    r = reader_make(key);
    for (err = NULL; err == NULL && reader_left(&r) > 0;)
        err = key_skip(&r);
    err_free(err);
    r = reader_make(key);
    err_free(inverted_key_skip(&r, t));
    struct str pretty;
    str_init_arena(&pretty, a, STR_MAX_DEFAULT);
    key_pretty(&pretty, key);
    arena_destroy(a);
    return 0;
}
