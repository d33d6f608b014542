/* base/error.h - the one way in which a failure travels to the client.
 *
 * A function that can fail returns `struct error *`: NULL is success. Results leave through
 * pointers. The error owns its memory (it outlives the arena that failed); whoever holds it passes
 * it up or frees it, exactly once.
 *
 *     struct error *
 *     table_open(struct arena *a, const char *name, struct table **out)
 *     {
 *         ERR_TRY(name_check(name));
 *         if (!exists)
 *             return err_new(ERR_UNDEFINED_TABLE, "relation \"%s\" does not exist", name);
 *         ...
 *         return NULL;
 *     }
 *
 * Wording follows PostgreSQL: primary message on one line, lower case, no full stop; detail and
 * hint are sentences. Where CockroachDB v20.1's text is known, it is used to the letter.
 */
#ifndef AMBERDB_BASE_ERROR_H
#define AMBERDB_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/* Codes: ERR_<NAME>, one list in errcodes.def as ERRCODE(NAME, "SQLSTATE"). */
enum errcode {
#define ERRCODE(name, sqlstate) ERR_##name,
#include "base/errcodes.def"
#undef ERRCODE
    ERRCODE_COUNT
};

struct error {
    enum errcode code;
    char sqlstate[16];      /* five characters; what force_error is given may be longer */
    int position;           /* 1-based character in the statement, 0 unknown */
    int line;               /* of the C source that raised it */
    const char *file;       /* static string */
    char *message;          /* never NULL */
    char *detail;           /* may be NULL, as all below */
    char *hint;
    char *schema_name, *table_name, *column_name, *constraint_name;
    struct error *cause;    /* what err_wrap wrapped; for the log only */
};

#define ERR_MUST_USE __attribute__((warn_unused_result))
#define ERR_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Make an error. Never fails: when memory is out, a preallocated error comes back. */
struct error *err_new_at(const char *file, int line, enum errcode code, const char *fmt, ...)
    ERR_PRINTF(4, 5) ERR_MUST_USE;
struct error *err_newv_at(const char *file, int line, enum errcode code, const char *fmt,
                          va_list ap) ERR_PRINTF(4, 0) ERR_MUST_USE;
#define err_new(code, ...) err_new_at(__FILE__, __LINE__, (code), __VA_ARGS__)

/* Each returns `e`, so that calls chain: return err_hint(err_new(...), "..."); a second call
 * replaces the text. err_at keeps the first position that was set. */
struct error *err_detail(struct error *e, const char *fmt, ...) ERR_PRINTF(2, 3) ERR_MUST_USE;
struct error *err_hint(struct error *e, const char *fmt, ...) ERR_PRINTF(2, 3) ERR_MUST_USE;
struct error *err_at(struct error *e, int position) ERR_MUST_USE;
struct error *err_sqlstate(struct error *e, const char *sqlstate) ERR_MUST_USE;
struct error *err_table(struct error *e, const char *table, const char *column,
                        const char *constraint) ERR_MUST_USE;
struct error *err_schema(struct error *e, const char *schema) ERR_MUST_USE;

/* "context: message" with code, detail and hint of `e` kept. Takes e. */
struct error *err_wrap(struct error *e, const char *fmt, ...) ERR_PRINTF(2, 3) ERR_MUST_USE;

/* unimplemented: <what>, SQLSTATE 0A000 and v20.1's hint; issue 0 = no public issue number. */
struct error *err_unimplemented_at(const char *file, int line, int issue, const char *fmt, ...)
    ERR_PRINTF(4, 5) ERR_MUST_USE;
#define err_unimplemented(issue, ...) \
    err_unimplemented_at(__FILE__, __LINE__, (issue), __VA_ARGS__)

struct error *err_errno_at(const char *file, int line, int errnum, const char *fmt, ...)
    ERR_PRINTF(4, 5) ERR_MUST_USE; /* "fmt: strerror", code from errno (53100 for ENOSPC, 58030) */
#define err_errno(errnum, ...) err_errno_at(__FILE__, __LINE__, (errnum), __VA_ARGS__)

struct error *err_out_of_memory(void) ERR_MUST_USE; /* the preallocated one; err_free ignores it */

void err_free(struct error *e); /* NULL is fine */
const char *errcode_sqlstate(enum errcode code);
bool err_is(const struct error *e, enum errcode code);

#define ERR_TRY(expr)                        \
    do {                                     \
        struct error *err_try_e_ = (expr);   \
        if (__builtin_expect(err_try_e_ != NULL, 0)) \
            return err_try_e_;               \
    } while (0)

/* Same for functions with an `out:` label and a local `struct error *err`. */
#define ERR_GOTO(expr, label)                \
    do {                                     \
        err = (expr);                        \
        if (__builtin_expect(err != NULL, 0)) \
            goto label;                      \
    } while (0)

/* ASSERT: our own mistakes, debug builds only. VERIFY: always, where going on would write wrong
 * bytes. Both print file, line and condition and abort. */
void assert_failed(const char *file, int line, const char *cond) __attribute__((noreturn, cold));
#define VERIFY(c) ((c) ? (void)0 : assert_failed(__FILE__, __LINE__, #c))
#ifdef AMBERDB_DEBUG
#define ASSERT(c) VERIFY(c)
#else
#define ASSERT(c) ((void)sizeof(c))
#endif

#endif
