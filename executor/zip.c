/* executor/zip.c - see zip.h. */
#include "config.h"

#include "executor/zip.h"

#include <libdeflate.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"

#define DEFLATED 8
#define ZIP_VERSION 20 /* of the format: what deflate needs */

void
zip_init(struct zip *z, struct arena *a, size_t max_bytes)
{
    *z = (struct zip){.arena = a};
    str_init_arena(&z->files, a, max_bytes);
    str_init_arena(&z->directory, a, max_bytes);
}

static void
put(struct str *s, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        str_append_char(s, (char)(v >> (8 * i) & 0xff));
}

/* MS-DOS: two seconds, minutes, hours; days, months, years since 1980. */
static uint32_t
dos_time(void)
{
    time_t now = (time_t)(wall_now_ns() / 1000000000);
    struct tm t;
    gmtime_r(&now, &t);
    return (uint32_t)(t.tm_sec / 2 | t.tm_min << 5 | t.tm_hour << 11) |
           (uint32_t)(t.tm_mday | (t.tm_mon + 1) << 5 | (t.tm_year - 80) << 9) << 16;
}

/* What the local header and the directory have alike: from the version to the length of the extra field. */
static void
put_entry(struct str *s, uint32_t dos, uint32_t crc, size_t packed, size_t plain, size_t name_len)
{
    put(s, ZIP_VERSION, 2);
    put(s, 0, 2); /* flags */
    put(s, DEFLATED, 2);
    put(s, dos, 4);
    put(s, crc, 4);
    put(s, (uint32_t)packed, 4);
    put(s, (uint32_t)plain, 4);
    put(s, (uint32_t)name_len, 2);
    put(s, 0, 2);
}

void
zip_add(struct zip *z, const char *name, struct slice text)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    VERIFY(c != NULL);
    size_t room = libdeflate_deflate_compress_bound(c, text.len), at = z->files.len;
    uint8_t *packed = arena_alloc(z->arena, room + 1);
    size_t n = libdeflate_deflate_compress(c, text.ptr, text.len, packed, room);
    libdeflate_free_compressor(c);
    uint32_t crc = crc32_ieee(0, text.ptr, text.len), dos = dos_time();
    size_t name_len = strlen(name);

    put(&z->files, 0x04034b50, 4);
    put_entry(&z->files, dos, crc, n, text.len, name_len);
    str_append(&z->files, name, name_len);
    str_append(&z->files, packed, n);

    put(&z->directory, 0x02014b50, 4);
    put(&z->directory, ZIP_VERSION, 2); /* made by */
    put_entry(&z->directory, dos, crc, n, text.len, name_len);
    put(&z->directory, 0, 2); /* comment */
    put(&z->directory, 0, 2); /* disk */
    put(&z->directory, 0, 2); /* attributes, inside and outside */
    put(&z->directory, 0, 4);
    put(&z->directory, (uint32_t)at, 4);
    str_append(&z->directory, name, name_len);
    z->n++;
}

struct error *
zip_finish(struct zip *z, struct slice *out)
{
    size_t at = z->files.len, len = z->directory.len;
    str_append_slice(&z->files, str_slice(&z->directory));
    put(&z->files, 0x06054b50, 4);
    put(&z->files, 0, 4); /* disks */
    put(&z->files, (uint32_t)z->n, 2);
    put(&z->files, (uint32_t)z->n, 2);
    put(&z->files, (uint32_t)len, 4);
    put(&z->files, (uint32_t)at, 4);
    put(&z->files, 0, 2); /* comment */
    ERR_TRY(str_error(&z->directory));
    ERR_TRY(str_error(&z->files));
    *out = str_slice(&z->files);
    return NULL;
}
