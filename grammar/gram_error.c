/* grammar/gram_error.c - syntax errors in v20.1's words, and how deep trees may grow. */
#include "config.h"

#include "grammar/gram_int.h"

#include <string.h>

#include "grammar/parser.h"
#include "grammar/print.h"

void
gram_fail(struct gram *g, struct error *e)
{
    if (g->error != NULL)
        err_free(e);
    else
        g->error = e;
}

/* End of the statement: of its last token before `;`; of the whole text when a bad token comes. */
static size_t
statement_end(const struct gram *g)
{
    struct lexer lx = g->lexer;
    struct lex_token t = g->token;
    size_t end = g->stmt_end;

    if (t.id == 0 || t.id == ';')
        return end;
    if (g->has_ahead) {
        t = g->ahead;
        if (t.id != 0 && t.id != ';' && t.id != LEX_ERROR)
            end = t.end;
    }
    while (t.id != 0 && t.id != ';' && t.id != LEX_ERROR) {
        lex_next(&lx, &t);
        if (t.id != 0 && t.id != ';' && t.id != LEX_ERROR)
            end = t.end;
    }
    return t.id == LEX_ERROR ? (size_t)(g->lexer.end - g->lexer.begin) : end;
}

/* source SQL: the statement up to the end of the token's line, and a caret under the token. */
static char *
source_detail(struct gram *g, size_t at)
{
    const char *text = (const char *)g->lexer.begin;
    size_t end = statement_end(g), line = at;
    struct str s;

    if (end < at)
        end = at;
    const char *newline = memchr(text + at, '\n', end - at);
    if (newline != NULL)
        end = (size_t)(newline - text);
    while (line > g->stmt_start && text[line - 1] != '\n')
        line--;

    str_init_arena(&s, g->arena, STR_MAX_DEFAULT);
    str_append_cstr(&s, "source SQL:\n");
    str_append(&s, text + g->stmt_start, end - g->stmt_start);
    str_append_char(&s, '\n');
    str_append_fill(&s, ' ', at - line);
    str_append_char(&s, '^');
    return s.ptr;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/parser/lexer.go, populateErrorDetails: the token last read. */
static void
raise_at(struct gram *g, struct error *e, const struct lex_token *t)
{
    bool at_end = t->id == 0 || t->id == ';';
    size_t at = at_end ? g->stmt_end : t->start;
    int pos = t->pos;

    if (g->error != NULL) {
        err_free(e);
        return;
    }
    if (t->id == LEX_ERROR) {
        err_free(e);
        e = err_new(ERR_SYNTAX, "lexical error: %.*s", (int)t->text.len, t->text.ptr);
    } else if (at_end) {
        e = err_wrap(e, "at or near \"EOF\"");
    } else {
        e = err_wrap(e, "at or near \"%.*s\"", (int)t->text.len, t->text.ptr);
    }
    e = err_detail(e, "%s", source_detail(g, at));
    g->error = err_at(e, pos);
}

static void
raise(struct gram *g, struct error *e)
{
    raise_at(g, e, &g->token);
}

/* About a name that was read before the last token. */
void
gram_name_error(struct gram *g, struct ast_name name, const struct gram_loc *loc, struct error *e)
{
    struct lex_token t = {
        .id = IDENT, .text = name.text, .start = loc->start, .end = loc->end, .pos = loc->pos};
    raise_at(g, err_wrap(e, "syntax error"), &t);
}

void
gram_syntax_error(struct gram *g, const char *reason)
{
    if (g->error != NULL)
        return;
    if (g->too_deep) {
        gram_fail(g, err_new(ERR_STATEMENT_TOO_COMPLEX,
                             "statement is nested too deeply (more than %d levels)", PARSE_MAX_DEPTH));
        return;
    }
    if (reason == NULL)
        raise(g, err_new(ERR_SYNTAX, "syntax error"));
    else
        raise(g, err_new(ERR_SYNTAX, "syntax error: %s", reason));
}

/* What the parser said before its error rule took over is replaced. */
static void
raise_instead(struct gram *g, struct error *e)
{
    err_free(g->error);
    g->error = NULL;
    raise(g, err_wrap(e, "syntax error"));
}

void
gram_unimplemented(struct gram *g, int issue)
{
    raise_instead(g, issue < 0 ? err_new(ERR_SYNTAX, "unimplemented: this syntax")
                               : err_unimplemented(issue, "this syntax"));
}

void
gram_syntax_instead(struct gram *g, const char *reason)
{
    raise_instead(g, err_new(ERR_SYNTAX, "%s", reason));
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/object_name.go, NewUnresolvedObjectName: the database may
 * be empty. */
bool
gram_name_is_empty(struct gram *g, const struct ast_object_name *n)
{
    struct str s;
    if (n->object.len > 0 && (n->count < 2 || n->schema.len > 0))
        return false;
    str_init_arena(&s, g->arena, STR_MAX_DEFAULT);
    print_object_name(&s, n, NULL);
    raise(g, err_new(ERR_INVALID_NAME, "syntax error: invalid table name: %s", str_cstr(&s)));
    return true;
}

void
gram_hint(struct gram *g, const char *hint)
{
    if (g->error != NULL && !g->too_deep)
        g->error = err_hint(g->error, "%s", hint);
}

void
gram_help(struct gram *g, const char *topic)
{
    if (g->error != NULL && g->error->hint == NULL && !g->too_deep)
        g->error = err_hint(g->error, "try \\h %s", topic);
}

/* Inside the parentheses of a call: the help is that of the function. */
void
gram_help_function(struct gram *g, const struct ast_func *f)
{
    struct str s;
    str_init_arena(&s, g->arena, STR_MAX_DEFAULT);
    for (int i = 0; i < f->part_count; i++) {
        if (i > 0)
            str_append_char(&s, '.');
        str_append_slice(&s, f->parts[i]);
    }
    if (g->error != NULL && g->error->hint == NULL && !g->too_deep)
        g->error = err_hint(g->error, "try \\hf %s", str_cstr(&s));
}

int
gram_max(int a, int b)
{
    return a > b ? a : b;
}

int
gram_deep(struct gram *g, int below)
{
    int depth = below + 1;
    if (depth > g->high_depth)
        g->high_depth = depth;
    if (depth > PARSE_MAX_DEPTH)
        g->too_deep = true;
    return depth;
}

int
gram_depth_of(const struct ast_expr *e)
{
    return e == NULL ? 0 : e->depth;
}

int
gram_depth_of_list(const struct ast_exprs *l)
{
    int depth = 0;
    for (int i = 0; i < l->count; i++)
        depth = gram_max(depth, gram_depth_of(l->items[i]));
    return depth;
}

int
gram_depth_of_order(const struct ast_order_by *o)
{
    int depth = 0;
    for (int i = 0; i < o->count; i++)
        depth = gram_max(depth, gram_depth_of(o->items[i].expr));
    return depth;
}

int
gram_depth_of_select(const struct ast_select *s)
{
    return s == NULL ? 0 : s->depth;
}

int
gram_depth_of_items(const struct ast_select_items *l)
{
    int depth = 0;
    for (int i = 0; i < l->count; i++)
        depth = gram_max(depth, gram_depth_of(l->items[i].expr));
    return depth;
}

int
gram_depth_of_refs(const struct ast_table_refs *l)
{
    int depth = 0;
    for (int i = 0; i < l->count; i++)
        depth = gram_max(depth, l->items[i]->depth);
    return depth;
}

int
gram_depth_of_sets(const struct ast_set_clauses *l)
{
    int depth = 0;
    for (int i = 0; i < l->count; i++)
        depth = gram_max(depth, gram_depth_of(l->items[i].value));
    return depth;
}
