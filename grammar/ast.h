/* grammar/ast.h - the syntax tree: what the parser makes, the planner reads, the printer prints.
 *
 * ast_expr.h: names, types, expressions. ast_ddl.h: schema statements. ast_stmt.h: queries, DML,
 * utility statements, and struct ast_stmt itself. Made by grammar/parse.h, printed by
 * grammar/print.h.
 */
#ifndef AMBERDB_GRAMMAR_AST_H
#define AMBERDB_GRAMMAR_AST_H

#include "grammar/ast_ddl.h"
#include "grammar/ast_expr.h"
#include "grammar/ast_stmt.h"

#endif
