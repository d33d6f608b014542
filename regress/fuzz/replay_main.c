/* regress/fuzz/replay_main.c - runs a fuzzer's entry point over its seeds, where libFuzzer is not
 * linked; TAP. The seeds are $AMBERDB_SRCDIR/regress/fuzz/seeds/<x> for a program fuzz_<x>, or the
 * files named. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

#define SEED_MAX_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
run_file(struct arena *a, const char *path)
{
    struct slice bytes;
    struct error *err = file_read(a, path, SEED_MAX_BYTES, &bytes);
    if (err != NULL) {
        printf("# %s\n", err->message);
        err_free(err);
        return false;
    }
    /* A copy of its exact size, so that a sanitizer sees the first byte past it. */
    uint8_t *copy = xmalloc(bytes.len);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    LLVMFuzzerTestOneInput(copy, bytes.len);
    xfree(copy);
    return true;
}

int
main(int argc, char **argv)
{
    struct arena *a = arena_create(NULL, "replay");
    const char *top = getenv("AMBERDB_SRCDIR");
    const char *name = strrchr(argv[0], '/');
    name = name == NULL ? argv[0] : name + 1;
    if (strncmp(name, "fuzz_", 5) == 0)
        name += 5;
    char **files = argv + 1;
    size_t count = (size_t)argc - 1;
    bool all = argc == 1;
    char *dir = arena_printf(a, "%s/regress/fuzz/seeds/%s", top == NULL ? "." : top, name);
    if (all) {
        struct error *err = dir_list(a, dir, &files, &count);
        if (err != NULL) {
            printf("1..1\n# %s\nnot ok 1 - seeds of %s\n", err->message, name);
            err_free(err);
            arena_destroy(a);
            return 1;
        }
    }
    printf("1..1\n");
    fflush(stdout);
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        struct arena *one = arena_create(a, "seed");
        ok = run_file(one, all ? path_join(one, dir, files[i]) : files[i]) && ok;
        arena_destroy(one);
    }
    printf("%s 1 - %zu seeds of %s\n", ok ? "ok" : "not ok", count, name);
    arena_destroy(a);
    return ok ? 0 : 1;
}
