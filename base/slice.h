/* base/slice.h - bytes that we look at, and text that we build.
 *
 * A slice borrows: whoever made the bytes says how long they live. NUL may be inside; never use
 * strlen on data. A str grows up to a named maximum and is freed with str_release, or lives in an
 * arena (str_init_arena) and is never released.
 */
#ifndef AMBERDB_BASE_SLICE_H
#define AMBERDB_BASE_SLICE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"

struct slice {
    const uint8_t *ptr;
    size_t len;
};

#define SLICE_NULL ((struct slice){NULL, 0})
#define SLICE_LIT(s) ((struct slice){(const uint8_t *)(s), sizeof(s) - 1})

static inline struct slice
slice_make(const void *ptr, size_t len)
{
    return (struct slice){ptr, len};
}

static inline struct slice
slice_cstr(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Bytewise order, shorter first on a tie; <0, 0, >0. */
static inline int
slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    if (c != 0)
        return c;
    return (a.len > b.len) - (a.len < b.len);
}

static inline bool
slice_has_prefix(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

struct slice slice_dup(struct arena *a, struct slice s); /* copy into the arena */
char *slice_to_cstr(struct arena *a, struct slice s);    /* copy with a NUL after it */

#define STR_MAX_DEFAULT ((size_t)1 << 30) /* 1 GiB: PostgreSQL's limit for one message */

struct str {
    char *ptr;          /* always NUL-terminated after the first append; may be NULL when len 0 */
    size_t len;
    size_t cap;
    size_t max;         /* appends past it set `failed` and drop the bytes */
    struct arena *arena; /* NULL: heap */
    bool failed;
};

void str_init(struct str *s, size_t max);                       /* on the heap */
void str_init_arena(struct str *s, struct arena *a, size_t max); /* in an arena */
void str_release(struct str *s);                                 /* heap only; harmless else */
void str_clear(struct str *s);                                   /* keep the room */
void str_reserve(struct str *s, size_t more);
void str_append_grow(struct str *s, const void *ptr, size_t len); /* str_append without room */
void str_append_cstr(struct str *s, const char *x);
void str_append_char(struct str *s, char c);
void str_append_fill(struct str *s, char c, size_t n);
void str_printf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
const char *str_cstr(struct str *s);                             /* never NULL */
struct error *str_error(const struct str *s) ERR_MUST_USE; /* 54000 when the maximum was passed */

static inline struct slice
str_slice(const struct str *s)
{
    return (struct slice){(const uint8_t *)s->ptr, s->len};
}

static inline void
str_append(struct str *s, const void *ptr, size_t len)
{
    if (__builtin_expect(len >= s->cap - s->len || len > s->max - s->len, 0)) {
        str_append_grow(s, ptr, len);
        return;
    }
    if (len > 0)
        memcpy(s->ptr + s->len, ptr, len);
    s->len += len;
    s->ptr[s->len] = '\0';
}

static inline void
str_append_slice(struct str *s, struct slice x)
{
    str_append(s, x.ptr, x.len);
}

#endif
