/* base/slice.c - copies of slices, growing strings. See slice.h. */
#include "config.h"

#include "base/slice.h"

#include <stdio.h>

#define STR_FIRST 64

struct slice
slice_dup(struct arena *a, struct slice s)
{
    return slice_make(arena_memdup(a, s.ptr, s.len), s.len);
}

char *
slice_to_cstr(struct arena *a, struct slice s)
{
    return arena_strndup(a, (const char *)s.ptr, s.len);
}

void
str_init(struct str *s, size_t max)
{
    *s = (struct str){.max = max};
}

void
str_init_arena(struct str *s, struct arena *a, size_t max)
{
    *s = (struct str){.max = max, .arena = a};
}

void
str_release(struct str *s)
{
    if (s->arena == NULL)
        xfree(s->ptr);
    s->ptr = NULL;
    s->len = s->cap = 0;
    s->failed = false;
}

void
str_clear(struct str *s)
{
    s->len = 0;
    s->failed = false;
    if (s->ptr != NULL)
        s->ptr[0] = '\0';
}

/* Room for `more` bytes and the NUL; false, and failed set, past the maximum. */
static bool
make_room(struct str *s, size_t more)
{
    if (more > s->max || s->len > s->max - more) {
        s->failed = true;
        return false;
    }
    size_t need = s->len + more + 1;
    if (need <= s->cap)
        return true;
    size_t cap = s->cap == 0 ? STR_FIRST : s->cap * 2;
    if (cap < need)
        cap = need;
    if (s->arena != NULL)
        s->ptr = arena_realloc(s->arena, s->ptr, s->cap, cap);
    else
        s->ptr = xrealloc(s->ptr, cap);
    s->cap = cap;
    return true;
}

void
str_reserve(struct str *s, size_t more)
{
    if (make_room(s, more))
        s->ptr[s->len] = '\0';
}

void
str_append_grow(struct str *s, const void *ptr, size_t len)
{
    if (!make_room(s, len))
        return;
    if (len > 0)
        memcpy(s->ptr + s->len, ptr, len);
    s->len += len;
    s->ptr[s->len] = '\0';
}

void
str_append_cstr(struct str *s, const char *x)
{
    str_append(s, x, strlen(x));
}

void
str_append_char(struct str *s, char c)
{
    if (s->len + 1 < s->cap && s->len < s->max) {
        s->ptr[s->len++] = c;
        s->ptr[s->len] = '\0';
        return;
    }
    str_append(s, &c, 1);
}

void
str_append_fill(struct str *s, char c, size_t n)
{
    if (!make_room(s, n))
        return;
    memset(s->ptr + s->len, c, n);
    s->len += n;
    s->ptr[s->len] = '\0';
}

void
str_vprintf(struct str *s, const char *fmt, va_list ap)
{
    char buf[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(buf, sizeof(buf), fmt, ap);
    VERIFY(n >= 0);
    if ((size_t)n < sizeof(buf)) {
        str_append(s, buf, (size_t)n);
    } else if (make_room(s, (size_t)n)) {
        vsnprintf(s->ptr + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }
    va_end(again);
}

void
str_printf(struct str *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str_vprintf(s, fmt, ap);
    va_end(ap);
}

const char *
str_cstr(struct str *s)
{
    return s->ptr == NULL ? "" : s->ptr;
}

struct error *
str_error(const struct str *s)
{
    if (!s->failed)
        return NULL;
    return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "text exceeds the maximum of %zu bytes", s->max);
}
