/* grammar/build_expr.c - constructors of expression nodes, called by the actions of sql.y. */
#include "config.h"

#include "grammar/gram_int.h"

#include <stdarg.h>
#include <string.h>

struct ast_expr *
gram_expr(struct gram *g, enum ast_expr_kind kind, int pos)
{
    struct ast_expr *e = ARENA_NEW(g->arena, struct ast_expr);
    e->kind = kind;
    e->pos = pos;
    e->depth = 1;
    return e;
}

static struct ast_expr *
node(struct gram *g, enum ast_expr_kind kind, int pos, int below)
{
    struct ast_expr *e = gram_expr(g, kind, pos);
    e->depth = gram_deep(g, below);
    return e;
}

struct ast_expr *
gram_bool(struct gram *g, int pos, bool v)
{
    struct ast_expr *e = gram_expr(g, AST_EXPR_BOOL, pos);
    e->boolean = v;
    return e;
}

struct ast_expr *
gram_text(struct gram *g, enum ast_expr_kind kind, struct ast_name text)
{
    struct ast_expr *e = gram_expr(g, kind, text.pos);
    e->string.text = text.text;
    return e;
}

struct ast_expr *
gram_number(struct gram *g, struct ast_name digits, enum ast_expr_kind kind)
{
    struct ast_expr *e = gram_expr(g, kind, digits.pos);
    e->number.text = digits.text;
    return e;
}

struct ast_expr *
gram_placeholder(struct gram *g, int pos, int n)
{
    struct ast_expr *e = gram_expr(g, AST_EXPR_PLACEHOLDER, pos);
    e->placeholder = n;
    if (n > g->max_placeholder)
        g->max_placeholder = n;
    return e;
}

struct ast_expr *
gram_column(struct gram *g, const struct ast_names *parts, bool star, int pos)
{
    struct ast_expr *e = gram_expr(g, AST_EXPR_COLUMN, pos);
    e->column.count = parts->count;
    e->column.star = star;
    if (parts->count > 0)
        e->column.parts = arena_alloc_array(g->arena, (size_t)parts->count, sizeof(struct slice));
    for (int i = 0; i < parts->count; i++)
        e->column.parts[i] = parts->items[i].text;
    return e;
}

struct ast_expr *
gram_column1(struct gram *g, struct ast_name name)
{
    struct ast_names one = {.items = &name, .count = 1};
    return gram_column(g, &one, false, name.pos);
}

/* -1 is a constant, so that -9223372036854775808 is one too. */
struct ast_expr *
gram_negate(struct gram *g, int pos, struct ast_expr *e)
{
    if (e->kind == AST_EXPR_INT || e->kind == AST_EXPR_DECIMAL) {
        e->number.negative = !e->number.negative;
        e->pos = pos;
        return e;
    }
    return gram_unary(g, pos, AST_UNARY_MINUS, e);
}

struct ast_expr *
gram_unary(struct gram *g, int pos, enum ast_unary_op op, struct ast_expr *e)
{
    struct ast_expr *n = node(g, AST_EXPR_UNARY, pos, e->depth);
    n->unary.op = op;
    n->unary.expr = e;
    return n;
}

struct ast_expr *
gram_not(struct gram *g, int pos, struct ast_expr *e)
{
    struct ast_expr *n = node(g, AST_EXPR_NOT, pos, e->depth);
    n->unary.expr = e;
    return n;
}

struct ast_expr *
gram_binary(struct gram *g, int pos, enum ast_binary_op op, struct ast_expr *l, struct ast_expr *r)
{
    struct ast_expr *n = node(g, AST_EXPR_BINARY, pos, gram_max(l->depth, r->depth));
    n->binary.op = op;
    n->binary.left = l;
    n->binary.right = r;
    return n;
}

struct ast_expr *
gram_logic(struct gram *g, int pos, enum ast_expr_kind kind, struct ast_expr *l, struct ast_expr *r)
{
    struct ast_expr *n = node(g, kind, pos, gram_max(l->depth, r->depth));
    n->binary.left = l;
    n->binary.right = r;
    return n;
}

struct ast_expr *
gram_paren(struct gram *g, int pos, struct ast_expr *e)
{
    struct ast_expr *n = node(g, AST_EXPR_PAREN, pos, e->depth);
    n->inner = e;
    return n;
}

struct ast_expr *
gram_cmp(struct gram *g, int pos, enum ast_comparison_op op, struct ast_expr *l, struct ast_expr *r)
{
    struct ast_expr *n = node(g, AST_EXPR_COMPARISON, pos, gram_max(l->depth, r->depth));
    n->comparison.op = op;
    n->comparison.left = l;
    n->comparison.right = r;
    return n;
}

struct ast_expr *
gram_cmp_quantified(struct gram *g, int pos, int op, int quantifier, struct ast_expr *l,
                    struct ast_expr *r)
{
    if (op < 0) {
        static const char *const names[] = {[AST_QUANT_NONE] = "", [AST_QUANT_ANY] = "ANY",
                                            [AST_QUANT_SOME] = "SOME", [AST_QUANT_ALL] = "ALL"};
        const char *word = ast_binary_op_name((enum ast_binary_op)(-1 - op));
        gram_syntax_error(
            g, arena_printf(g->arena, "%s %s is invalid because \"%s\" is not a boolean operator", word,
                            names[quantifier], word));
        return NULL;
    }
    struct ast_expr *n = gram_cmp(g, pos, (enum ast_comparison_op)op, l, r);
    n->comparison.quantifier = (enum ast_quantifier)quantifier;
    return n;
}

struct ast_expr *
gram_between(struct gram *g, int pos, struct ast_expr *e, struct ast_expr *low,
             struct ast_expr *high, bool negated, bool symmetric)
{
    int below = gram_max(e->depth, gram_max(low->depth, high->depth));
    struct ast_expr *n = node(g, AST_EXPR_BETWEEN, pos, below);
    n->between.expr = e;
    n->between.low = low;
    n->between.high = high;
    n->between.negated = negated;
    n->between.symmetric = symmetric;
    return n;
}

struct ast_expr *
gram_is_of(struct gram *g, int pos, struct ast_expr *e, struct ast_types *types, bool negated)
{
    struct ast_expr *n = node(g, AST_EXPR_IS_OF, pos, e->depth);
    n->is_of.expr = e;
    n->is_of.types = *types;
    n->is_of.negated = negated;
    return n;
}

struct ast_expr *
gram_cast(struct gram *g, int pos, struct ast_expr *e, struct ast_type *t,
          enum ast_cast_syntax syntax)
{
    struct ast_expr *n = node(g, AST_EXPR_CAST, pos, e->depth);
    n->cast.expr = e;
    n->cast.type = t;
    n->cast.syntax = syntax;
    return n;
}

struct ast_expr *
gram_annotate(struct gram *g, int pos, struct ast_expr *e, struct ast_type *t,
              enum ast_cast_syntax syntax)
{
    struct ast_expr *n = gram_cast(g, pos, e, t, syntax);
    n->kind = AST_EXPR_ANNOTATE;
    return n;
}

struct ast_expr *
gram_collate(struct gram *g, int pos, struct ast_expr *e, struct slice locale)
{
    struct ast_expr *n = node(g, AST_EXPR_COLLATE, pos, e->depth);
    n->collate.expr = e;
    n->collate.locale = locale;
    return n;
}

struct ast_expr *
gram_call_list(struct gram *g, int pos, enum ast_expr_kind kind, struct ast_exprs *args)
{
    struct ast_expr *n = node(g, kind, pos, gram_depth_of_list(args));
    n->call.args = *args;
    return n;
}

static void
push_all(struct gram *g, struct ast_exprs *l, int n, va_list ap)
{
    for (int i = 0; i < n; i++)
        GRAM_PUSH(g, l, va_arg(ap, struct ast_expr *));
}

struct ast_expr *
gram_call(struct gram *g, int pos, enum ast_expr_kind kind, int n, ...)
{
    struct ast_exprs args = {0};
    va_list ap;
    va_start(ap, n);
    push_all(g, &args, n, ap);
    va_end(ap);
    return gram_call_list(g, pos, kind, &args);
}

struct ast_expr *
gram_func_list(struct gram *g, int pos, const char *name, struct ast_exprs *args)
{
    struct ast_func *f = ARENA_NEW(g->arena, struct ast_func);
    f->parts = ARENA_NEW(g->arena, struct slice);
    f->parts[0] = slice_cstr(name);
    f->part_count = 1;
    f->args = *args;
    return gram_func_expr(g, pos, f);
}

struct ast_expr *
gram_func(struct gram *g, int pos, const char *name, int n, ...)
{
    struct ast_exprs args = {0};
    va_list ap;
    va_start(ap, n);
    push_all(g, &args, n, ap);
    va_end(ap);
    return gram_func_list(g, pos, name, &args);
}

struct ast_expr *
gram_func_expr(struct gram *g, int pos, struct ast_func *f)
{
    int below = gram_max(gram_depth_of_list(&f->args), gram_depth_of_order(&f->order_by));
    below = gram_max(below, gram_depth_of(f->filter));
    if (f->over != NULL) {
        below = gram_max(below, gram_depth_of_list(&f->over->partitions));
        below = gram_max(below, gram_depth_of_order(&f->over->order_by));
        if (f->over->frame != NULL) {
            below = gram_max(below, gram_depth_of(f->over->frame->start.expr));
            below = gram_max(below, gram_depth_of(f->over->frame->end.expr));
        }
    }
    struct ast_expr *n = node(g, AST_EXPR_FUNC, pos, below);
    n->func = f;
    return n;
}

struct ast_expr *
gram_tuple(struct gram *g, int pos, struct ast_exprs *l, bool row)
{
    struct ast_expr *n = node(g, AST_EXPR_TUPLE, pos, gram_depth_of_list(l));
    n->tuple.exprs = *l;
    n->tuple.row = row;
    return n;
}

struct ast_expr *
gram_list(struct gram *g, enum ast_expr_kind kind, int pos, struct ast_exprs *l)
{
    struct ast_expr *n = node(g, kind, pos, gram_depth_of_list(l));
    n->list = *l;
    return n;
}

struct ast_expr *
gram_case(struct gram *g, int pos, struct ast_case *c)
{
    int below = gram_max(gram_depth_of(c->operand), gram_depth_of(c->otherwise));
    for (int i = 0; i < c->count; i++)
        below = gram_max(below, gram_max(c->items[i].cond->depth, c->items[i].value->depth));
    struct ast_expr *n = node(g, AST_EXPR_CASE, pos, below);
    n->case_ = c;
    return n;
}

struct ast_expr *
gram_subquery(struct gram *g, enum ast_expr_kind kind, int pos, struct ast_select *s)
{
    struct ast_expr *n = node(g, kind, pos, s->depth);
    n->subquery.select = s;
    return n;
}

struct ast_expr *
gram_subscript(struct gram *g, int pos, struct ast_expr *e, struct ast_subscript *s)
{
    int below = e->depth;
    for (int i = 0; i < s->count; i++)
        below = gram_max(below, gram_max(gram_depth_of(s->items[i].begin), gram_depth_of(s->items[i].end)));
    struct ast_expr *n = node(g, AST_EXPR_SUBSCRIPT, pos, below);
    s->base = e;
    n->subscript = s;
    return n;
}

struct ast_expr *
gram_field(struct gram *g, int pos, struct ast_expr *e, struct slice name, int index, bool star)
{
    struct ast_expr *n = node(g, AST_EXPR_FIELD, pos, e->depth);
    n->field.expr = e;
    n->field.name = name;
    n->field.index = index;
    n->field.star = star;
    return n;
}

const char *
ast_unary_op_name(enum ast_unary_op op)
{
    static const char *const names[] = {
        [AST_UNARY_MINUS] = "-", [AST_UNARY_PLUS] = "+", [AST_UNARY_COMPLEMENT] = "~"};
    return names[op];
}

const char *
ast_binary_op_name(enum ast_binary_op op)
{
    static const char *const names[] = {
        [AST_BINARY_PLUS] = "+",
        [AST_BINARY_MINUS] = "-",
        [AST_BINARY_MULT] = "*",
        [AST_BINARY_DIV] = "/",
        [AST_BINARY_FLOORDIV] = "//",
        [AST_BINARY_MOD] = "%",
        [AST_BINARY_POW] = "^",
        [AST_BINARY_BITAND] = "&",
        [AST_BINARY_BITOR] = "|",
        [AST_BINARY_BITXOR] = "#",
        [AST_BINARY_LSHIFT] = "<<",
        [AST_BINARY_RSHIFT] = ">>",
        [AST_BINARY_CONCAT] = "||",
        [AST_BINARY_JSON_FETCH] = "->",
        [AST_BINARY_JSON_FETCH_TEXT] = "->>",
        [AST_BINARY_JSON_FETCH_PATH] = "#>",
        [AST_BINARY_JSON_FETCH_TEXT_PATH] = "#>>",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == AST_BINARY_OP_COUNT, "one name each");
    return names[op];
}

const char *
ast_comparison_op_name(enum ast_comparison_op op)
{
    static const char *const names[] = {
        [AST_CMP_EQ] = "=",
        [AST_CMP_LT] = "<",
        [AST_CMP_GT] = ">",
        [AST_CMP_LE] = "<=",
        [AST_CMP_GE] = ">=",
        [AST_CMP_NE] = "!=",
        [AST_CMP_IN] = "IN",
        [AST_CMP_NOT_IN] = "NOT IN",
        [AST_CMP_LIKE] = "LIKE",
        [AST_CMP_NOT_LIKE] = "NOT LIKE",
        [AST_CMP_ILIKE] = "ILIKE",
        [AST_CMP_NOT_ILIKE] = "NOT ILIKE",
        [AST_CMP_SIMILAR] = "SIMILAR TO",
        [AST_CMP_NOT_SIMILAR] = "NOT SIMILAR TO",
        [AST_CMP_REG] = "~",
        [AST_CMP_NOT_REG] = "!~",
        [AST_CMP_REGI] = "~*",
        [AST_CMP_NOT_REGI] = "!~*",
        [AST_CMP_IS_DISTINCT] = "IS DISTINCT FROM",
        [AST_CMP_IS_NOT_DISTINCT] = "IS NOT DISTINCT FROM",
        [AST_CMP_CONTAINS] = "@>",
        [AST_CMP_CONTAINED_BY] = "<@",
        [AST_CMP_OVERLAPS] = "&&",
        [AST_CMP_JSON_EXISTS] = "?",
        [AST_CMP_JSON_SOME_EXISTS] = "?|",
        [AST_CMP_JSON_ALL_EXISTS] = "?&",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == AST_CMP_OP_COUNT, "one name each");
    return names[op];
}
