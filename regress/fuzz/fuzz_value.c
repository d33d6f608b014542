/* regress/fuzz/fuzz_value.c - value bytes: byte 0 picks the type (low 5 bits) and the form (bit 5:
 * one untagged value with its header, else a tuple's elements); the rest is the value. */
#include "config.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/enc.h"
#include "base/slice.h"
#include "regress/fuzz/fuzz_types.h"
#include "types/datum.h"
#include "types/valueenc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
use(struct arena *a, const struct type *t, const struct datum *d)
{
    if (d->null)
        return;
    struct eval_env env = {.arena = a};
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    datum_format(&s, t, d, TEXT_WIRE, &env);
    VERIFY(datum_equal(t, d, d));
    (void)datum_hash(t, d, 0);
    struct str v;
    str_init_arena(&v, a, STR_MAX_DEFAULT);
    err_free(value_put_element(&v, 1, t, d));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct arena *a = arena_create(NULL, "fuzz");
    struct slice bytes = slice_make(data + 1, size - 1);
    const struct type *t = fuzz_type(data[0]);
    struct datum d;
    struct error *err = NULL;
    if (data[0] & 32) {
        err = value_get_untagged(bytes, a, t, &d);
        if (err == NULL)
            use(a, t, &d);
    } else {
        struct reader r = reader_make(bytes);
        while (err == NULL && reader_left(&r) > 0) {
            uint32_t delta, kind;
            err = value_get_tag(&r, &delta, &kind);
            if (err != NULL)
                break;
            struct reader skipped = r;
            err_free(value_skip_body(&skipped, kind));
            err = value_get_body(&r, a, kind, t, &d);
            if (err == NULL)
                use(a, t, &d);
        }
    }
    err_free(err);
    arena_destroy(a);
    return 0;
}
