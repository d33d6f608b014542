/* grammar/print.h - syntax trees back to SQL text, in v20.1's normal format.
 *
 * Upper-case keywords, names quoted only where needed, the user's parentheses kept, operands that
 * are operators put in parentheses. parse(print(t)) prints the same again.
 *
 * Errors:    none; a text past the str's maximum sets its `failed`.
 * Threads:   reentrant.
 */
#ifndef AMBERDB_GRAMMAR_PRINT_H
#define AMBERDB_GRAMMAR_PRINT_H

#include "base/slice.h"
#include "grammar/ast.h"

/* What the caller may change. All optional; NULL opts = all NULL and false. */
struct print_opts {
    /* Print a column or table name instead of the default; return false to print the default. */
    bool (*object_name)(struct str *out, const struct ast_object_name *name, void *arg);
    /* An expression instead of the default (a view's qualified columns, redacted URIs, annotated
     * constants); return false to print the default. */
    bool (*expr)(struct str *out, const struct ast_expr *e, void *arg);
    /* A URI of a BACKUP-like statement, already without quotes; called instead of `expr`. */
    bool (*uri)(struct str *out, const struct ast_expr *uri, void *arg);
    /* An option's value; key as stored. E.g. encryption_passphrase -> 'redacted'. */
    bool (*option)(struct str *out, struct slice key, const struct ast_expr *value, void *arg);
    void *arg;
    bool show_passwords;    /* else CREATE/ALTER USER .. PASSWORD prints '*****' */
    bool hide_constants;    /* statement statistics: constants print as _ */
};

void print_stmt(struct str *out, const struct ast_stmt *stmt, const struct print_opts *opts);
void print_select(struct str *out, const struct ast_select *select, const struct print_opts *opts);
void print_expr(struct str *out, const struct ast_expr *expr, const struct print_opts *opts);
/* As an operand: operators get parentheses around them. */
void print_operand(struct str *out, const struct ast_expr *expr, const struct print_opts *opts);
void print_type(struct str *out, const struct ast_type *type); /* SHOW CREATE spelling */
void print_object_name(struct str *out, const struct ast_object_name *name,
                       const struct print_opts *opts);

/* A name, in double quotes where it needs them: not folded, not [a-z_][a-z0-9_$]*, or a keyword
 * that cannot name a column (classes R and T of keywords.def). */
void print_name(struct str *out, struct slice name);
bool print_name_needs_quotes(struct slice name);
/* Where any keyword may stand: an index after `@`, a label after AS, RANGE default. */
void print_unrestricted_name(struct str *out, struct slice name);

/* 'plain', or e'..' with \', \\, \n, \t, \xNN, \uXXXX. */
void print_string_literal(struct str *out, struct slice text);
/* b'..' as v20.1 prints untyped byte literals. */
void print_bytes_literal(struct str *out, struct slice bytes);

#endif
