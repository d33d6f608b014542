/* base/arena.c - arenas, budgets and the checked heap. See arena.h. */
#include "config.h"

#include "base/arena.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define MEM_HIDE(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define MEM_SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#define RED_ZONE 16
#elif defined(HAVE_VALGRIND_MEMCHECK_H) && defined(AMBERDB_DEBUG)
#include <valgrind/memcheck.h>
#define MEM_HIDE(p, n) VALGRIND_MAKE_MEM_NOACCESS((p), (n))
#define MEM_SHOW(p, n) VALGRIND_MAKE_MEM_UNDEFINED((p), (n))
#define RED_ZONE 16
#else
#define MEM_HIDE(p, n) ((void)(p), (void)(n))
#define MEM_SHOW(p, n) ((void)(p), (void)(n))
#define RED_ZONE 0
#endif

#define ARENA_ALIGN ((size_t)16)
#define BLOCK_FIRST ((size_t)1024)
#define BLOCK_MAX ((size_t)64 * 1024)
/* An allocation larger than this gets a block of its own, which realloc can grow. */
#define LARGE_MIN (BLOCK_MAX / 4)

/* ---- heap ---- */

static void
out_of_memory(size_t size)
{
    fprintf(stderr, "amberdb: out of memory (%zu bytes)\n", size);
    abort();
}

void *
xmalloc(size_t size)
{
    void *p = malloc(size == 0 ? 1 : size);
    if (p == NULL)
        out_of_memory(size);
    return p;
}

void *
xcalloc(size_t n, size_t size)
{
    void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);
    if (p == NULL)
        out_of_memory(size);
    return p;
}

void *
xrealloc(void *p, size_t size)
{
    void *q = realloc(p, size == 0 ? 1 : size);
    if (q == NULL)
        out_of_memory(size);
    return q;
}

char *
xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}

void
xfree(void *p)
{
    free(p);
}

/* ---- budget ---- */

struct mem_budget {
    _Atomic size_t used;
    size_t limit; /* 0: none of its own */
    struct mem_budget *parent;
};

struct mem_budget *
mem_budget_create(size_t limit_bytes, struct mem_budget *parent)
{
    struct mem_budget *b = xcalloc(1, sizeof(*b));
    b->limit = limit_bytes;
    b->parent = parent;
    return b;
}

void
mem_budget_destroy(struct mem_budget *b)
{
    xfree(b);
}

size_t
mem_budget_used(const struct mem_budget *b)
{
    return atomic_load_explicit(&b->used, memory_order_relaxed);
}

size_t
mem_budget_limit(const struct mem_budget *b)
{
    return b->limit;
}

static void
budget_give(struct mem_budget *b, size_t n)
{
    for (; b != NULL; b = b->parent)
        atomic_fetch_sub_explicit(&b->used, n, memory_order_relaxed);
}

/* Take n unless that would pass a limit here or above; with force, take it in any case. */
static bool
budget_take(struct mem_budget *b, size_t n, bool force)
{
    for (struct mem_budget *at = b; at != NULL; at = at->parent) {
        size_t was = atomic_fetch_add_explicit(&at->used, n, memory_order_relaxed);
        if (!force && at->limit != 0 && (n > at->limit || was > at->limit - n)) {
            for (struct mem_budget *undo = b;; undo = undo->parent) {
                atomic_fetch_sub_explicit(&undo->used, n, memory_order_relaxed);
                if (undo == at)
                    return false;
            }
        }
    }
    return true;
}

bool
mem_budget_take(struct mem_budget *b, size_t bytes)
{
    return budget_take(b, bytes, false);
}

void
mem_budget_give(struct mem_budget *b, size_t bytes)
{
    budget_give(b, bytes);
}

static struct error *
budget_error(const struct mem_budget *b, size_t size)
{
    const struct mem_budget *full = b;
    while (full != NULL && (full->limit == 0 || mem_budget_used(full) + size <= full->limit))
        full = full->parent;
    if (full == NULL)
        full = b;
    return err_new(ERR_OUT_OF_MEMORY,
                   "sql: memory budget exceeded: %zu bytes requested, %zu currently allocated, "
                   "%zu bytes in budget",
                   size, mem_budget_used(full), full->limit);
}

/* ---- arena ---- */

struct block {
    struct block *next;
    size_t size; /* of the whole, header included */
    size_t pad[2];
};

_Static_assert(sizeof(struct block) % 16 == 0, "allocations after the header stay aligned");

/* What must be undone when an arena goes, newest first: a child arena or a callback. */
struct undo {
    struct undo *next, *prev; /* ring through the arena's `undo` */
    struct arena *child;      /* NULL: a callback */
    void (*fn)(void *arg);
    void *arg;
};

struct arena {
    const char *name;
    struct arena *parent;
    struct mem_budget *budget;
    struct undo undo;       /* ring head */
    struct undo in_parent;  /* our entry in the parent's ring */
    struct block *blocks;   /* newest first; the first is the one that we cut from */
    struct block *large;    /* one allocation each, newest first */
    uint8_t *cut, *cut_end; /* what is left of blocks */
    uint8_t *last;          /* the newest allocation, when it was cut from blocks */
    size_t held;            /* bytes of blocks and large */
    size_t next_block;      /* size of the next block */
    atomic_flag lock;       /* guards the ring: children may come and go in other threads */
};

static void
ring_lock(struct arena *a)
{
    while (atomic_flag_test_and_set_explicit(&a->lock, memory_order_acquire))
        ;
}

static void
ring_unlock(struct arena *a)
{
    atomic_flag_clear_explicit(&a->lock, memory_order_release);
}

static void
ring_push(struct arena *a, struct undo *u)
{
    ring_lock(a);
    u->prev = &a->undo;
    u->next = a->undo.next;
    u->next->prev = u;
    a->undo.next = u;
    ring_unlock(a);
}

static void
ring_remove(struct arena *a, struct undo *u)
{
    ring_lock(a);
    u->next->prev = u->prev;
    u->prev->next = u->next;
    u->next = u->prev = u;
    ring_unlock(a);
}

static struct undo *
ring_pop(struct arena *a)
{
    ring_lock(a);
    struct undo *u = a->undo.next;
    if (u == &a->undo) {
        u = NULL;
    } else {
        a->undo.next = u->next;
        u->next->prev = &a->undo;
        u->next = u->prev = u;
    }
    ring_unlock(a);
    return u;
}

struct arena *
arena_create_budget(struct arena *parent, const char *name, struct mem_budget *b)
{
    struct arena *a = xcalloc(1, sizeof(*a));
    a->name = name;
    a->parent = parent;
    a->budget = b;
    a->next_block = BLOCK_FIRST;
    a->undo.next = a->undo.prev = &a->undo;
    atomic_flag_clear(&a->lock);
    a->in_parent.child = a;
    if (parent != NULL)
        ring_push(parent, &a->in_parent);
    return a;
}

struct arena *
arena_create(struct arena *parent, const char *name)
{
    return arena_create_budget(parent, name, parent == NULL ? NULL : parent->budget);
}

static void
free_blocks(struct arena *a, struct block *list)
{
    while (list != NULL) {
        struct block *next = list->next;
        MEM_SHOW(list, list->size);
        a->held -= list->size;
        budget_give(a->budget, list->size);
        xfree(list);
        list = next;
    }
}

static void arena_free(struct arena *a);

static void
run_undo(struct arena *a)
{
    struct undo *u;
    while ((u = ring_pop(a)) != NULL) {
        if (u->child != NULL)
            arena_free(u->child);
        else
            u->fn(u->arg);
    }
}

void
arena_reset(struct arena *a)
{
    run_undo(a);
    free_blocks(a, a->large);
    a->large = NULL;
    a->last = NULL;
    if (a->blocks == NULL)
        return;
    free_blocks(a, a->blocks->next);
    a->blocks->next = NULL;
    a->cut = (uint8_t *)(a->blocks + 1);
#if defined(AMBERDB_DEBUG)
    MEM_SHOW(a->cut, (size_t)(a->cut_end - a->cut));
    memset(a->cut, 0xdd, (size_t)(a->cut_end - a->cut));
#endif
    MEM_HIDE(a->cut, (size_t)(a->cut_end - a->cut));
}

/* Frees an arena that its parent's ring no longer holds. */
static void
arena_free(struct arena *a)
{
    run_undo(a);
    free_blocks(a, a->large);
    free_blocks(a, a->blocks);
    xfree(a);
}

void
arena_destroy(struct arena *a)
{
    if (a == NULL)
        return;
    if (a->parent != NULL)
        ring_remove(a->parent, &a->in_parent);
    arena_free(a);
}

static void
block_add(struct arena *a, struct block *b, size_t size)
{
    b->size = size;
    a->held += size;
    MEM_HIDE(b + 1, size - sizeof(*b));
}

static size_t
round_up(size_t size)
{
    size_t n = size == 0 ? 1 : size;
    return (n + RED_ZONE + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
}

/* NULL: the budget (unless forced) or the system refused. */
static void *
alloc_slow(struct arena *a, size_t size, size_t need, bool force)
{
    bool large = need > LARGE_MIN;
    size_t block_size = a->next_block;
    if (large)
        block_size = need + sizeof(struct block);
    else
        while (block_size < need + sizeof(struct block))
            block_size *= 2;
    if (!budget_take(a->budget, block_size, force))
        return NULL;
    struct block *b = malloc(block_size);
    if (b == NULL) {
        budget_give(a->budget, block_size);
        return NULL;
    }
    block_add(a, b, block_size);
    uint8_t *p = (uint8_t *)(b + 1);
    if (large) {
        b->next = a->large;
        a->large = b;
        a->last = NULL;
    } else {
        b->next = a->blocks;
        a->blocks = b;
        a->cut = p + need;
        a->cut_end = (uint8_t *)b + block_size;
        a->last = p;
        a->next_block = block_size >= BLOCK_MAX ? BLOCK_MAX : block_size * 2;
    }
    MEM_SHOW(p, size);
    return p;
}

static void *
alloc_any(struct arena *a, size_t size, bool force)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t need = round_up(size);
    if (need > (size_t)(a->cut_end - a->cut))
        return alloc_slow(a, size, need, force);
    uint8_t *p = a->cut;
    a->cut += need;
    a->last = p;
    MEM_SHOW(p, size);
    return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
    void *p = alloc_any(a, size, true);
    if (p == NULL)
        out_of_memory(size);
    return p;
}

void *
arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

void *
arena_alloc_array(struct arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        out_of_memory(SIZE_MAX);
    return arena_zalloc(a, bytes);
}

struct error *
arena_try_alloc(struct arena *a, size_t size, void **out)
{
    *out = alloc_any(a, size, false);
    if (*out != NULL)
        return NULL;
    if (a->budget != NULL)
        return budget_error(a->budget, size);
    return err_out_of_memory();
}

/* Grow the newest large block, which holds nothing but `old`. */
static void *
realloc_large(struct arena *a, size_t old_size, size_t new_size)
{
    struct block *b = a->large;
    struct block *next = b->next;
    size_t was = b->size;
    size_t block_size = sizeof(*b) + round_up(new_size);
    MEM_SHOW(b, was);
    b = xrealloc(b, block_size);
    a->large = b;
    b->next = next;
    b->size = block_size;
    a->held += block_size - was;
    if (block_size > was)
        budget_take(a->budget, block_size - was, true);
    else
        budget_give(a->budget, was - block_size);
    MEM_HIDE(b + 1, block_size - sizeof(*b));
    MEM_SHOW(b + 1, new_size);
    (void)old_size;
    return b + 1;
}

void *
arena_realloc(struct arena *a, void *old, size_t old_size, size_t new_size)
{
    if (old == NULL)
        return arena_alloc(a, new_size);
    if (new_size > SIZE_MAX / 2)
        out_of_memory(new_size);
    if (a->large != NULL && old == (void *)(a->large + 1) && new_size > LARGE_MIN)
        return realloc_large(a, old_size, new_size);
    uint8_t *p = old;
    if (p == a->last && p + round_up(new_size) <= a->cut_end) {
        uint8_t *was = a->cut;
        a->cut = p + round_up(new_size);
        if (a->cut < was)
            MEM_HIDE(a->cut, (size_t)(was - a->cut));
        MEM_HIDE(p, (size_t)(a->cut - p));
        MEM_SHOW(p, new_size);
        return p;
    }
    if (new_size <= old_size)
        return old;
    void *q = arena_alloc(a, new_size);
    return memcpy(q, old, old_size);
}

void *
arena_memdup(struct arena *a, const void *p, size_t len)
{
    void *q = arena_alloc(a, len);
    if (len > 0)
        memcpy(q, p, len);
    return q;
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *q = arena_alloc(a, len + 1);
    if (len > 0)
        memcpy(q, s, len);
    q[len] = '\0';
    return q;
}

char *
arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    char buf[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(buf, sizeof(buf), fmt, ap);
    VERIFY(n >= 0);
    char *out = arena_alloc(a, (size_t)n + 1);
    if ((size_t)n < sizeof(buf))
        memcpy(out, buf, (size_t)n + 1);
    else
        vsnprintf(out, (size_t)n + 1, fmt, again);
    va_end(again);
    return out;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *out = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return out;
}

void
arena_on_free(struct arena *a, void (*fn)(void *arg), void *arg)
{
    struct undo *u = ARENA_NEW(a, struct undo);
    u->fn = fn;
    u->arg = arg;
    ring_push(a, u);
}

void
mem_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

size_t
arena_size(const struct arena *ca)
{
    struct arena *a = (struct arena *)(uintptr_t)ca;
    size_t total = a->held;
    ring_lock(a);
    for (struct undo *u = a->undo.next; u != &a->undo; u = u->next)
        if (u->child != NULL)
            total += arena_size(u->child);
    ring_unlock(a);
    return total;
}
