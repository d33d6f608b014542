/* grammar/parse.c - the parser's door: splits a text into statements and runs the grammar on each. */
#include "config.h"

#include "grammar/parse.h"

#include <string.h>

#include "grammar/gram_int.h"
#include "grammar/parser.h"

/* The scanner wants a NUL behind the text. Copies it: strings without escapes stay slices of this
 * copy, so nothing is copied twice. */
static struct error *
begin(struct gram *g, struct arena *a, struct slice sql)
{
    void *copy;
    ERR_TRY(arena_try_alloc(a, sql.len + 1, &copy));
    if (sql.len > 0)
        memcpy(copy, sql.ptr, sql.len);
    ((uint8_t *)copy)[sql.len] = 0;
    *g = (struct gram){.arena = a};
    lex_init(&g->lexer, a, copy, sql.len);
    return NULL;
}

/* Skip `;`. false at the end of the text; else the first token is ahead. */
static bool
next_statement(struct gram *g)
{
    do
        lex_next(&g->lexer, &g->ahead);
    while (g->ahead.id == ';');
    g->has_ahead = true;
    g->stmt_start = g->ahead.start;
    g->stmt_end = g->ahead.start;
    return g->ahead.id != 0;
}

static struct error *
run(struct gram *g, int start_token)
{
    g->start_token = start_token;
    g->stmt = NULL;
    g->max_placeholder = 0;
    g->high_depth = 0;
    int rc = gram_parse(g);
    if (g->too_deep && g->error == NULL)
        gram_syntax_error(g, NULL);
    if (g->error != NULL)
        return g->error;
    if (rc != 0)
        return err_new(rc == 2 ? ERR_STATEMENT_TOO_COMPLEX : ERR_SYNTAX, "syntax error");
    return NULL;
}

struct error *
parse_sql(struct arena *a, struct slice sql, struct ast_stmt_list *out)
{
    struct gram g;
    *out = (struct ast_stmt_list){0};
    ERR_TRY(begin(&g, a, sql));
    while (next_statement(&g)) {
        ERR_TRY(run(&g, START_STMT));
        g.stmt->source = slice_make(sql.ptr + g.stmt_start, g.stmt_end - g.stmt_start);
        g.stmt->placeholder_count = g.max_placeholder;
        GRAM_PUSH(&g, out, g.stmt);
        if (g.token.id == 0)
            break;
    }
    return NULL;
}

struct error *
parse_one(struct arena *a, struct slice sql, struct ast_stmt **out)
{
    struct ast_stmt_list list;
    ERR_TRY(parse_sql(a, sql, &list));
    if (list.count != 1)
        return err_new(ERR_SYNTAX, "expected 1 statement, but found %d", list.count);
    *out = list.items[0];
    return NULL;
}

static struct error *
parse_part(struct arena *a, struct slice sql, int start_token, struct gram *g)
{
    ERR_TRY(begin(g, a, sql));
    g->stmt_start = 0;
    ERR_TRY(run(g, start_token));
    if (g->token.id == ';') {
        gram_syntax_error(g, NULL);
        return g->error;
    }
    return NULL;
}

struct error *
parse_expr(struct arena *a, struct slice sql, struct ast_expr **out)
{
    struct gram g;
    ERR_TRY(parse_part(a, sql, START_EXPR, &g));
    *out = g.expr;
    return NULL;
}

struct error *
parse_type(struct arena *a, struct slice sql, struct ast_type **out)
{
    struct gram g;
    ERR_TRY(parse_part(a, sql, START_TYPE, &g));
    *out = g.type;
    return NULL;
}

struct error *
parse_table_name(struct arena *a, struct slice sql, struct ast_object_name *out)
{
    struct gram g;
    ERR_TRY(parse_part(a, sql, START_NAME, &g));
    *out = *g.object_name;
    return NULL;
}
