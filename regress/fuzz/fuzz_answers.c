/* regress/fuzz/fuzz_answers.c - answers of stores: XML, JSON, base64, as anybody on the way may send them. */
#include "config.h"

#include <stdint.h>

#include "sinks/http_int.h"
#include "sinks/json_int.h"
#include "sinks/xml_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
seen(void *arg, const char *value)
{
    *(size_t *)arg += strlen(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_create(NULL, "fuzz");
    struct slice doc = slice_make(data, size), in;
    size_t pos = 0, n = 0;
    while (xml_next(doc, &pos, "Contents", &in)) {
        (void)xml_get(a, in, "Key");
        VERIFY(in.ptr == NULL || (in.ptr >= data && in.ptr + in.len <= data + size));
    }
    (void)xml_get(a, doc, "NextMarker");
    (void)json_string(a, doc, "error.message");
    (void)json_each(a, doc, "items", "name", seen, &n);
    struct slice bytes;
    err_free(base64_decode(a, arena_strndup(a, (const char *)data, size), &bytes));
    arena_destroy(a);
    return 0;
}
