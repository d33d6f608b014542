/* grammar/parse.h - SQL text to syntax trees.
 *
 *     struct ast_stmt_list list;
 *     ERR_TRY(parse_sql(stmt_arena, sql, &list));
 *     for (int i = 0; i < list.count; i++)
 *         run(list.items[i]);
 *
 * Ownership: trees live in the arena; `source` slices point into the text given, which must live as
 * long as the tree.
 * Errors:    42601 syntax errors with v20.1's message, detail and hint; 0A000 known but unsupported
 *            syntax; 54001 nesting too deep; 53200 memory budget; 22021 text that is not UTF-8.
 * Threads:   reentrant, no shared state.
 */
#ifndef AMBERDB_GRAMMAR_PARSE_H
#define AMBERDB_GRAMMAR_PARSE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "grammar/ast.h"

/* Deepest nesting of brackets and operators in one statement; every recursive walk over a tree can
 * rely on it (an expression tree is never deeper than PARSE_MAX_DEPTH nodes, statements likewise). */
#define PARSE_MAX_DEPTH 10000

/* Several statements separated by `;`; empty ones vanish. An empty text gives count 0. */
struct error *parse_sql(struct arena *a, struct slice sql, struct ast_stmt_list *out) ERR_MUST_USE;

/* Exactly one statement. */
struct error *parse_one(struct arena *a, struct slice sql, struct ast_stmt **out) ERR_MUST_USE;

/* A stored expression: DEFAULT, CHECK, computed column. */
struct error *parse_expr(struct arena *a, struct slice sql, struct ast_expr **out) ERR_MUST_USE;

/* `INT8`, `STRING(10)[]`, ... as in a CAST. */
struct error *parse_type(struct arena *a, struct slice sql, struct ast_type **out) ERR_MUST_USE;

/* `t`, `s.t`, `d.s.t`, quoted parts allowed: nextval('d.s'), 't'::REGCLASS. */
struct error *parse_table_name(struct arena *a, struct slice sql, struct ast_object_name *out)
    ERR_MUST_USE;

/* Is the word (lower case) one that must be quoted as a bare column name when printed? */
bool keyword_is_reserved(struct slice word);

/* pg_get_keywords(): i-th keyword in order; category 'U', 'C', 'T', 'R'. false at the end. */
bool keyword_at(int i, const char **word, char *category);

#endif
