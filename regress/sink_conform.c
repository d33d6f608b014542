/* regress/sink_conform - one test that every sink passes; TAP.
 *
 *     sink_conform [--set name=value] [--dir DIR] [--label TEXT] [--big MiB] [--pages N] URI
 *
 *     sink_conform [...] --sums yes URI     the SHA-256 and the name of every file, one a line
 *     sink_conform [...] --do WHAT [--name NAME] URI
 *         read (to stdout), write (of stdin), size, remove, list, redact; errors: "SQLSTATE message"
 *
 * URI is an empty place. --pages N also lists N small files, more than a server gives in one answer.
 * --dir is the external I/O directory of nodelocal. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/rand.h"
#include "sinks/encrypt.h"
#include "sinks/sink.h"

static const char *names[8], *values[8], *label = "sink";
static int n_settings, n_tests, n_failed;

static const char *
setting(void *arg, struct arena *a, const char *name)
{
    (void)arg;
    (void)a;
    for (int i = 0; i < n_settings; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

static void
ok(bool good, const char *what)
{
    printf("%sok %d - %s: %s\n", good ? "" : "not ", ++n_tests, label, what);
    n_failed += !good;
    fflush(stdout);
}

/* No error; what it says otherwise. */
static bool
fine(struct error *e)
{
    if (e != NULL)
        printf("# %s: %s\n", e->sqlstate, e->message);
    bool good = e == NULL;
    err_free(e);
    return good;
}

static bool
missing(struct error *e)
{
    bool good = e != NULL && err_is(e, ERR_UNDEFINED_FILE);
    if (!good)
        printf("# %s\n", e != NULL ? e->message : "no error");
    err_free(e);
    return good;
}

static bool
holds(struct sink *s, const char *name, struct slice want)
{
    struct arena *a = arena_create(NULL, "holds");
    struct slice got = SLICE_NULL;
    uint64_t size = 0;
    bool good = fine(sink_read_all(s, a, name, want.len + 1, &got)) && slice_eq(got, want) &&
                fine(sink_size(s, name, &size)) && size == want.len &&
                fine(sink_map(s, a, name, &got)) && slice_eq(got, want);
    arena_destroy(a);
    return good;
}

static void
small_files(struct sink *s)
{
    uint8_t all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    struct slice bytes = slice_make(all, sizeof(all));
    static const char *const odd[] = {"plain", "deep/er/file", "with space+plus=equal",
                                      "\xCF\x80\xE2\x82\xAC", "20201123/010203.04/BACKUP",
                                      "a%20b&c;d,e"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        ok(fine(sink_write_all(s, odd[i], bytes)) && holds(s, odd[i], bytes), odd[i]);
    ok(fine(sink_write_all(s, "plain", SLICE_LIT("second"))) &&
           holds(s, "plain", SLICE_LIT("second")), "a file is replaced");
    ok(fine(sink_write_all(s, "empty", SLICE_NULL)) && holds(s, "empty", SLICE_NULL),
       "an empty file");
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        if (i > 0)
            ok(fine(sink_remove(s, odd[i])), "removed");
    ok(fine(sink_remove(s, "empty")), "an empty file is removed");
}

static void
absent_files(struct sink *s)
{
    struct arena *a = arena_create(NULL, "absent");
    struct slice got;
    uint8_t b[4];
    uint64_t size;
    struct error *e = sink_remove(s, "absent");
    ok(e == NULL || err_is(e, ERR_UNDEFINED_FILE), "removing what is not there");
    err_free(e);
    ok(missing(sink_size(s, "absent", &size)), "no size of what is not there");
    ok(missing(sink_read(s, "absent", 0, 4, b)), "no bytes of what is not there");
    ok(missing(sink_read_all(s, a, "absent", 9, &got)), "nothing of what is not there");
    ok(missing(sink_map(s, a, "absent", &got)), "no map of what is not there");
    e = sink_read_all(s, a, "plain", 3, &got);
    ok(e != NULL && err_is(e, ERR_PROGRAM_LIMIT_EXCEEDED), "a file larger than allowed");
    err_free(e);
    e = sink_read(s, "plain", 4, 10, (uint8_t[10]){0});
    ok(e != NULL && !err_is(e, ERR_UNDEFINED_FILE), "bytes past the end");
    err_free(e);
    arena_destroy(a);
}

static void
fill(uint8_t *p, size_t n, uint64_t seed)
{
    struct rand r;
    rand_init(&r, seed);
    rand_fill(&r, p, n);
}

/* Written in pieces of odd sizes; read whole and at places. */
static void
big_file(struct sink *s, size_t size)
{
    uint8_t *b = xmalloc(size);
    uint8_t part[5000];
    struct sink_file *f = NULL;
    uint64_t there;
    fill(b, size, 7);
    bool good = fine(sink_create(s, "big", &f));
    for (size_t at = 0, n; good && at < size; at += n) {
        n = size - at < 700001 ? size - at : 700001;
        good = fine(sink_write(f, b + at, n));
    }
    good = good && missing(sink_size(s, "big", &there)); /* not before it is whole */
    good = good && fine(sink_commit(f));
    ok(good, "a large file, in pieces; not there before it is whole");
    ok(good && holds(s, "big", slice_make(b, size)), "read back, whole");
    static const size_t at[] = {0, 1, 4095, 1000000, 5242879};
    for (size_t i = 0; i < 5 && good; i++)
        good = at[i] + sizeof(part) > size || (fine(sink_read(s, "big", at[i], sizeof(part), part)) &&
                                               memcmp(part, b + at[i], sizeof(part)) == 0);
    good = good && fine(sink_read(s, "big", size - 100, 100, part)) &&
           memcmp(part, b + size - 100, 100) == 0;
    ok(good, "read at places");
    good = fine(sink_create(s, "undone", &f)) && fine(sink_write(f, b, size));
    sink_abort(f);
    ok(good && missing(sink_size(s, "undone", &there)), "an aborted file leaves nothing");
    ok(fine(sink_remove(s, "big")), "removed");
    xfree(b);
}

static void
sealed(struct sink *plain, const char *temp)
{
    struct crypt_key key = {{1, 2, 3}};
    struct sink *s = sink_encrypted(plain, &key, temp);
    uint8_t *b = xmalloc(3000000);
    fill(b, 3000000, 9);
    ok(fine(sink_write_all(s, "sealed", slice_make(b, 3000000))) &&
           holds(s, "sealed", slice_make(b, 3000000)), "an encrypted file");
    ok(fine(sink_remove(s, "sealed")), "removed");
    xfree(b);
    sink_close(s);
}

static void
listing(struct sink *s, int pages)
{
    struct arena *a = arena_create(NULL, "list");
    char **v;
    size_t n;
    if (!s->vt->can_list) {
        struct error *e = sink_list(s, a, "", &v, &n);
        ok(e != NULL && strcmp(e->message, "http storage does not support listing") == 0,
           "it cannot list");
        err_free(e);
        arena_destroy(a);
        return;
    }
    static const char *const put[] = {"b", "a/2", "a/1", "a-x", "a/b/c", "\xCF\x80 +&<>"};
    bool good = true;
    for (int i = 0; i < 6; i++)
        good = good && fine(sink_write_all(s, put[i], SLICE_LIT("x")));
    good = good && fine(sink_list(s, a, "", &v, &n)) && n == 7 && strcmp(v[0], "a-x") == 0 &&
           strcmp(v[1], "a/1") == 0 && strcmp(v[2], "a/2") == 0 && strcmp(v[3], "a/b/c") == 0 &&
           strcmp(v[4], "b") == 0 && strcmp(v[5], "plain") == 0 && strcmp(v[6], put[5]) == 0;
    ok(good, "all names, in order");
    good = fine(sink_list(s, a, "a/", &v, &n)) && n == 3 && strcmp(v[2], "a/b/c") == 0;
    ok(good, "names below a prefix");
    ok(fine(sink_list(s, a, "nothing/", &v, &n)) && n == 0, "an empty list");
    for (int i = 0; i < 6; i++)
        good = fine(sink_remove(s, put[i])) && good;
    ok(good, "removed");
    good = true;
    for (int i = 0; i < pages && good; i++)
        good = fine(sink_write_all(s, arena_printf(a, "p/%05d", i), SLICE_NULL));
    if (pages > 0)
        ok(good && fine(sink_list(s, a, "p/", &v, &n)) && n == (size_t)pages &&
               strcmp(v[n - 1], arena_printf(a, "p/%05d", pages - 1)) == 0, "a list of many pages");
    arena_destroy(a);
}

static int
sums(struct sink *s)
{
    struct arena *a = arena_create(NULL, "sums");
    char **v;
    size_t n;
    bool good = fine(sink_list(s, a, "", &v, &n));
    for (size_t i = 0; good && i < n; i++) {
        struct arena *one = arena_create(a, "one");
        struct slice bytes;
        uint8_t sum[SHA512_LEN];
        good = fine(sink_map(s, one, v[i], &bytes));
        size_t len = good ? digest_parts(DIGEST_SHA256, &bytes, 1, sum) : 0;
        for (size_t k = 0; k < len; k++)
            printf("%02x", sum[k]);
        printf(" %s\n", v[i]);
        arena_destroy(one);
    }
    arena_destroy(a);
    return !good;
}

/* One operation, for tests of what goes over the wire. */
static int
one(const struct io_config *io, const char *what, const char *name, const char *uri)
{
    struct arena *a = arena_create(NULL, "one");
    struct sink *s = NULL;
    struct slice bytes = SLICE_NULL;
    struct str in;
    uint64_t size = 0;
    char **v, buf[4096];
    size_t n = 0;
    str_init_arena(&in, a, (size_t)64 << 20);
    struct error *e = NULL;
    if (strcmp(what, "redact") == 0)
        printf("%s\n", uri_redact(a, uri));
    else
        e = sink_open(io, uri, &s);
    if (e == NULL && strcmp(what, "read") == 0) {
        e = sink_read_all(s, a, name, (size_t)64 << 20, &bytes);
        if (e == NULL)
            fwrite(bytes.ptr, 1, bytes.len, stdout);
    } else if (e == NULL && strcmp(what, "write") == 0) {
        while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
            str_append(&in, buf, n);
        e = sink_write_all(s, name, str_slice(&in));
    } else if (e == NULL && strcmp(what, "size") == 0) {
        e = sink_size(s, name, &size);
        if (e == NULL)
            printf("%llu\n", (unsigned long long)size);
    } else if (e == NULL && strcmp(what, "remove") == 0) {
        e = sink_remove(s, name);
    } else if (e == NULL && strcmp(what, "list") == 0) {
        e = sink_list(s, a, name, &v, &n);
        for (size_t i = 0; e == NULL && i < n; i++)
            printf("%s\n", v[i]);
    }
    if (e != NULL)
        printf("%s %s\n", e->sqlstate, e->message);
    sink_close(s);
    bool good = e == NULL;
    err_free(e);
    arena_destroy(a);
    return !good;
}

int
main(int argc, char **argv)
{
    const char *what = NULL, *name = "";
    struct io_config io = {.external_io_dir = "", .node_id = 1, .setting = setting,
                           .temp_dir = getenv("TMPDIR")};
    size_t big = 6;
    int pages = 0, i = 1;
    bool only_sums = false;
    for (; i + 2 < argc; i += 2) {
        char *eq = strchr(argv[i + 1], '=');
        if (strcmp(argv[i], "--set") == 0 && eq != NULL && n_settings < 8) {
            *eq = '\0';
            names[n_settings] = argv[i + 1];
            values[n_settings++] = eq + 1;
        } else if (strcmp(argv[i], "--dir") == 0) {
            io.external_io_dir = argv[i + 1];
        } else if (strcmp(argv[i], "--label") == 0) {
            label = argv[i + 1];
        } else if (strcmp(argv[i], "--big") == 0) {
            big = (size_t)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--sums") == 0) {
            only_sums = true;
        } else if (strcmp(argv[i], "--do") == 0) {
            what = argv[i + 1];
        } else if (strcmp(argv[i], "--name") == 0) {
            name = argv[i + 1];
        } else if (strcmp(argv[i], "--pages") == 0) {
            pages = (int)strtoul(argv[i + 1], NULL, 10);
        }
    }
    struct sink *s;
    if (what != NULL && i < argc)
        return one(&io, what, name, argv[i]);
    if (i >= argc || !fine(sink_open(&io, argv[i], &s))) {
        printf("Bail out! %s: no sink\n", label);
        return 1;
    }
    if (only_sums) {
        i = sums(s);
        sink_close(s);
        return i;
    }
    small_files(s);
    absent_files(s);
    listing(s, pages);
    big_file(s, big << 20);
    sealed(s, io.temp_dir != NULL ? io.temp_dir : "/tmp"); /* closes s, too */
    return n_failed > 0;
}
