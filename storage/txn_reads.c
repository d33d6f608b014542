/* storage/txn_reads.c - the spans that a transaction has read, in bounded memory.
 *
 * Past the bound neighbours are joined: then a change between them looks like a change of what was
 * read, and the transaction restarts although it need not.
 */
#include "config.h"

#include <stdlib.h>

#include "storage/txn_int.h"

#ifndef TXN_TINY /* defined by a test, so that small histories reach every bound */
#define SPANS_MAX 32768
#else
#define SPANS_MAX 4
#endif
#define BYTES_MAX ((size_t)4 << 20)
/* How many neighbours become one when the bound is passed; and the bytes that they share then, as long
 * as that helps: keys of one table, so that a change of another is not taken for one. Fewer than JOIN
 * in a table (a few names looked up) stay as they are. */
#define JOIN 8
#define SHARED 3

void
rset_init(struct rset *r)
{
    *r = (struct rset){.sorted = true};
}

void
rset_release(struct rset *r)
{
    arena_destroy(r->arena);
    xfree(r->v);
}

static int
by_start(const void *a, const void *b)
{
    const struct rspan *x = a, *y = b;
    return slice_cmp(x->start, y->start);
}

/* `b` starts inside `a` (a->start <= b->start). */
static bool
starts_inside(const struct rspan *a, const struct rspan *b)
{
    if (a->point)
        return slice_eq(a->start, b->start);
    return a->end.len == 0 || slice_cmp(b->start, a->end) < 0;
}

void
rset_sort(struct rset *r)
{
    if (r->sorted || r->n == 0)
        return;
    qsort(r->v, r->n, sizeof(*r->v), by_start);
    size_t n = 0;
    for (size_t i = 1; i < r->n; i++) {
        struct rspan *cur = &r->v[n];
        const struct rspan *x = &r->v[i];
        if (!starts_inside(cur, x))
            r->v[++n] = *x;
        else if (!x->point && (cur->point || x->end.len == 0))
            *cur = (struct rspan){cur->start, x->end, false};
        else if (!x->point && cur->end.len > 0 && slice_cmp(x->end, cur->end) > 0)
            cur->end = x->end;
    }
    r->n = n + 1;
    r->sorted = true;
}

static struct slice
key_after(struct arena *a, struct slice key)
{
    uint8_t *p = arena_alloc(a, key.len + 1);
    memcpy(p, key.ptr, key.len);
    p[key.len] = 0;
    return slice_make(p, key.len + 1);
}

static bool
is_full(const struct rset *r)
{
    return r->n > SPANS_MAX / 2 || r->bytes > BYTES_MAX;
}

/* Fewer, wider spans in a new arena. */
static void
join_neighbours(struct rset *r, size_t join, size_t shared)
{
    struct arena *fresh = arena_create(NULL, "reads");
    size_t n = 0, last;
    r->bytes = 0;
    for (size_t i = 0; i < r->n; i = last + 1) {
        struct rspan x = r->v[i];
        for (last = i; last + 1 < r->n && last + 1 < i + join; last++)
            if (!keys_share(x.start, r->v[last + 1].start, shared))
                break;
        if (last - i + 1 < join && shared > 0)
            last = i;
        if (last != i) {
            const struct rspan *l = &r->v[last];
            x.point = false;
            x.end = l->point ? key_after(fresh, l->start) : l->end;
        }
        x.start = slice_dup(fresh, x.start);
        x.end = x.point ? SLICE_NULL : slice_dup(fresh, x.end);
        r->bytes += x.start.len + x.end.len;
        r->v[n++] = x;
    }
    r->n = n;
    arena_destroy(r->arena);
    r->arena = fresh;
}

static void
rset_shrink(struct rset *r)
{
    rset_sort(r);
    join_neighbours(r, is_full(r) ? JOIN : 1, SHARED);
    if (is_full(r))
        join_neighbours(r, JOIN, 0);
}

void
rset_add(struct rset *r, struct slice start, struct slice end, bool point)
{
    if (!point && end.len > 0 && slice_cmp(start, end) >= 0)
        return; /* empty: it would hide a span that starts where it does */
    if (r->n > 0) {
        const struct rspan *l = &r->v[r->n - 1];
        if (point ? slice_cmp(l->start, start) <= 0 && starts_inside(l, &(struct rspan){.start = start})
                  : !l->point && slice_eq(l->start, start) && slice_eq(l->end, end))
            return; /* read again what was read last */
    }
    if (r->arena == NULL)
        r->arena = arena_create(NULL, "reads");
    if (r->n >= SPANS_MAX || r->bytes > BYTES_MAX)
        rset_shrink(r);
    if (r->n > 0 && r->sorted) {
        const struct rspan *l = &r->v[r->n - 1];
        r->sorted = slice_cmp(l->start, start) < 0 &&
                    !starts_inside(l, &(struct rspan){.start = start});
    }
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 16 : r->cap * 2;
        r->v = xrealloc(r->v, r->cap * sizeof(*r->v));
    }
    struct rspan x = {slice_dup(r->arena, start), SLICE_NULL, point};
    if (!point)
        x.end = slice_dup(r->arena, end);
    r->bytes += start.len + x.end.len;
    r->v[r->n++] = x;
}
