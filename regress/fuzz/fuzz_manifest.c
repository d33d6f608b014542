/* regress/fuzz/fuzz_manifest.c - the manifest of a backup: read, packed, read again to the same. */
#include "config.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "catalog/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_create(NULL, "fuzz");
    ProtobufCMessage *m;
    struct error *err = pb_parse(a, &amberdb__backup_manifest__descriptor, "BACKUP",
                                 slice_make(data, size), &m);
    if (err == NULL) {
        struct slice first = pb_pack(a, m);
        err = pb_parse(a, &amberdb__backup_manifest__descriptor, "BACKUP", first, &m);
        VERIFY(err == NULL);
        struct slice second = pb_pack(a, m);
        VERIFY(slice_eq(first, second));
    }
    err_free(err);
    arena_destroy(a);
    return 0;
}
