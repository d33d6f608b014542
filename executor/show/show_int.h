/* executor/show/show_int.h - what the SHOW statements share. */
#ifndef AMBERDB_EXECUTOR_SHOW_INT_H
#define AMBERDB_EXECUTOR_SHOW_INT_H

#include "executor/statement.h"

/* A slice of the syntax tree as a C string. */
const char *show_text(struct exec_ctx *x, struct slice s);
/* The relation a statement names; 42P01 when there is none, 42501 when the user has no rights on it.
 * db and schema may be NULL. */
struct error *show_table(struct exec_ctx *x, const struct ast_object_name *n,
                         const struct table **out, const struct database **db,
                         const char **schema) ERR_MUST_USE;
/* The same whatever the user may do with it. */
struct error *show_find_table(struct exec_ctx *x, const struct ast_object_name *n,
                              const struct table **out, const struct database **db,
                              const char **schema) ERR_MUST_USE;
/* What stands before a table's name: nothing, d, s or d.s; 3F000 when there is no such place. */
struct error *show_prefix(struct exec_ctx *x, const struct ast_object_name *n,
                          const struct database **db, const char **schema) ERR_MUST_USE;
struct error *show_no_target(void) ERR_MUST_USE;
/* The database a statement names, else the current one. "" when nothing names one: *out NULL. */
struct error *show_database(struct exec_ctx *x, struct slice name, bool given,
                            const struct database **out) ERR_MUST_USE;
/* May the user see the object: any privilege, or admin. */
struct error *show_is_visible(struct exec_ctx *x, const Amberdb__PrivilegeDescriptor *p,
                              bool *yes) ERR_MUST_USE;
/* The comment on an object; NULL when there is none. type: 0 database, 1 table, 2 column, 3 index. */
struct error *show_comment(struct exec_ctx *x, int type, uint32_t object, uint32_t sub,
                           const char **out) ERR_MUST_USE;
/* SHOW CREATE's text of a table, with look-ups in x's catalog. */
struct error *show_create_text(struct exec_ctx *x, const struct table *t, bool with_comments,
                               char **out) ERR_MUST_USE;

static inline struct datum
text_datum(const char *s)
{
    return s != NULL ? datum_cstr(s) : DATUM_NULL;
}

/* The names of the schemas that every database has, sorted. */
extern const char *const builtin_schemas[4];

#endif
