/* base/arena.h - memory by lifetime.
 *
 * Arenas form a tree: process, connection, transaction, statement, row. Destroying or resetting one
 * first undoes, newest first, what was hung on it: callbacks run and arenas below are destroyed, in
 * one common order. One arena belongs to one thread at a time, but threads may make and destroy
 * arenas below a common one. Alignment of every allocation: 16 bytes.
 *
 *     struct arena *stmt = arena_create(conn, "statement");
 *     char *copy = arena_strdup(stmt, sql);
 *     ...
 *     arena_destroy(stmt);
 */
#ifndef AMBERDB_BASE_ARENA_H
#define AMBERDB_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct arena;

/* A budget that arenas draw on: a statement's --max-sql-memory. Shared by threads. */
struct mem_budget;
struct mem_budget *mem_budget_create(size_t limit_bytes, struct mem_budget *parent);
void mem_budget_destroy(struct mem_budget *b);
size_t mem_budget_used(const struct mem_budget *b);
size_t mem_budget_limit(const struct mem_budget *b);
/* Count memory that is not in an arena; take says false when that would pass a limit. Limit 0 is
 * no limit of its own, only the parent's. */
bool mem_budget_take(struct mem_budget *b, size_t bytes);
void mem_budget_give(struct mem_budget *b, size_t bytes);

struct arena *arena_create(struct arena *parent, const char *name); /* name: static string */
/* As above, its blocks counted against b (children inherit it). */
struct arena *arena_create_budget(struct arena *parent, const char *name, struct mem_budget *b);
void arena_reset(struct arena *a);   /* frees everything in it and below; the arena stays usable */
void arena_destroy(struct arena *a); /* NULL is fine */

/* For sizes that we chose. Abort if the system has nothing; a budget is charged but never refuses.
 * zalloc zeroes. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size)
    __attribute__((malloc, alloc_size(2), returns_nonnull));
void *arena_zalloc(struct arena *a, size_t size)
    __attribute__((malloc, alloc_size(2), returns_nonnull));
/* n * size zeroed bytes, checked for overflow (aborts: our own mistake). */
void *arena_alloc_array(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
/* For sizes that came from outside: 53200 against the budget or when the system has nothing. */
struct error *arena_try_alloc(struct arena *a, size_t size, void **out)
    __attribute__((warn_unused_result));

/* The newest allocation grows in place when it can; else copies. old may be NULL with old_size 0. */
void *arena_realloc(struct arena *a, void *old, size_t old_size, size_t new_size);

char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
void *arena_memdup(struct arena *a, const void *p, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Run fn(arg) when the arena is reset or destroyed. For resources that are not memory: register in
 * the same breath as the open. */
void arena_on_free(struct arena *a, void (*fn)(void *arg), void *arg);

/* After much was freed at once: the heap keeps it for the process unless it is told. A few milliseconds. */
void mem_give_back(void);

/* Bytes held by this arena and those below it. */
size_t arena_size(const struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc_array((a), (n), sizeof(type)))

/* Heap for what has no arena (process-wide tables, buffers handed between threads). Abort when out
 * of memory. Only base/ and these may be used; bare malloc and free are banned elsewhere. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
void xfree(void *p);

#endif
