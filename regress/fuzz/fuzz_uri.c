/* regress/fuzz/fuzz_uri.c - destinations as users write them: taken apart, joined, redacted. */
#include "config.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "sinks/sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_create(NULL, "fuzz");
    char *uri = arena_strndup(a, (const char *)data, size);
    char *redacted = uri_redact(a, uri);
    (void)uri_redact(a, redacted);
    (void)uri_join(a, uri, "20201123/010203.04");
    char *rest, *locality;
    err_free(uri_split_locality(a, uri, &rest, &locality));
    arena_destroy(a);
    return 0;
}
