/* grammar/print_expr.c - expressions back to text.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/expr.go: operators as operands get parentheses, all
 * else does not; JSON fetch operators have no blanks around them. */
#include "config.h"

#include "grammar/print_int.h"

#include <string.h>

#include "grammar/lexer.h"

const struct print_opts print_opts_none = {0};

void
pr_int(struct printer *p, int64_t v)
{
    str_printf(p->out, "%lld", (long long)v);
}

static bool
is_operator(const struct ast_expr *e)
{
    switch (e->kind) {
    case AST_EXPR_UNARY:
    case AST_EXPR_BINARY:
    case AST_EXPR_COMPARISON:
    case AST_EXPR_AND:
    case AST_EXPR_OR:
    case AST_EXPR_NOT:
    case AST_EXPR_BETWEEN:
    case AST_EXPR_IS_OF:
        return true;
    default:
        return false;
    }
}

static void
pr_parenthesised(struct printer *p, const struct ast_expr *e)
{
    P("(");
    pr_expr(p, e);
    P(")");
}

void
pr_operand(struct printer *p, const struct ast_expr *e)
{
    if (is_operator(e))
        pr_parenthesised(p, e);
    else
        pr_expr(p, e);
}

/* Where a sign would bind less than what follows: (-1)::INT8, 'x'::T[] ... */
static void
pr_tight(struct printer *p, const struct ast_expr *e)
{
    bool signed_number = (e->kind == AST_EXPR_INT || e->kind == AST_EXPR_DECIMAL) && e->number.negative;
    if (is_operator(e) || signed_number || e->kind == AST_EXPR_COLLATE)
        pr_parenthesised(p, e);
    else
        pr_expr(p, e);
}

void
pr_exprs(struct printer *p, const struct ast_exprs *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        pr_expr(p, l->items[i]);
    }
}

static bool
is_constant(const struct ast_expr *e)
{
    return e->kind == AST_EXPR_INT || e->kind == AST_EXPR_DECIMAL || e->kind == AST_EXPR_STRING ||
           e->kind == AST_EXPR_BYTES || e->kind == AST_EXPR_BIT || e->kind == AST_EXPR_BOOL ||
           e->kind == AST_EXPR_NULL;
}

/* Elements of a tuple, an array, a row of VALUES: of many constants, without their texts, two stand
 * for all. SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/hide_constants.go */
void
pr_elements(struct printer *p, const struct ast_exprs *l)
{
    bool plain = p->opts->hide_constants && l->count > 2;
    for (int i = 0; i < l->count && plain; i++)
        plain = is_constant(l->items[i]) || l->items[i]->kind == AST_EXPR_PLACEHOLDER;
    if (!plain) {
        pr_exprs(p, l);
        return;
    }
    const struct ast_exprs first = {.items = l->items, .count = 2};
    pr_exprs(p, &first);
    P(", ");
    pr_more(p, l->count - 2);
}

/* So many more of the same. */
void
pr_more(struct printer *p, int n)
{
    str_printf(p->out, "__more%d__", n < 10 ? n : n < 100 ? 10 : n < 1000 ? 100 : 1000);
}

void
pr_names(struct printer *p, const struct ast_names *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        PN(l->items[i].text);
    }
}

void
pr_object_name(struct printer *p, const struct ast_object_name *n)
{
    if (p->opts->object_name != NULL && p->opts->object_name(p->out, n, p->opts->arg))
        return;
    if (n->count > 2) {
        PN(n->catalog);
        P(".");
    }
    if (n->count > 1) {
        PN(n->schema);
        P(".");
    }
    PN(n->object);
}

void
pr_object_names(struct printer *p, const struct ast_object_names *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        pr_object_name(p, &l->items[i]);
    }
}

void
pr_index_name(struct printer *p, const struct ast_index_name *n)
{
    if (n->has_table) {
        pr_object_name(p, &n->table);
        P("@");
        if (n->all)
            P("*");
        else
            print_unrestricted_name(p->out, n->index);
        return;
    }
    if (n->table.count > 1) {
        PN(n->table.catalog);
        P(".");
    }
    if (n->table.count > 0) {
        PN(n->table.schema);
        P(".");
    }
    PN(n->index);
}

void
pr_dotted(struct printer *p, struct slice name)
{
    for (;;) {
        const uint8_t *dot = name.len == 0 ? NULL : memchr(name.ptr, '.', name.len);
        size_t n = dot == NULL ? name.len : (size_t)(dot - name.ptr);
        PN(slice_make(name.ptr, n));
        if (dot == NULL)
            return;
        P(".");
        name = slice_make(dot + 1, name.len - n - 1);
    }
}

void
pr_order_by(struct printer *p, const struct ast_order_by *o)
{
    P("ORDER BY ");
    for (int i = 0; i < o->count; i++) {
        const struct ast_order_item *item = &o->items[i];
        if (i > 0)
            P(", ");
        switch (item->kind) {
        case AST_ORDER_EXPR:
            pr_expr(p, item->expr);
            break;
        case AST_ORDER_PRIMARY_KEY:
            P("PRIMARY KEY ");
            pr_object_name(p, &item->table);
            break;
        case AST_ORDER_INDEX:
            P("INDEX ");
            pr_object_name(p, &item->table);
            P("@");
            print_unrestricted_name(p->out, item->index);
            break;
        }
        if (item->direction == AST_DIR_ASC)
            P(" ASC");
        else if (item->direction == AST_DIR_DESC)
            P(" DESC");
    }
}

static void
pr_frame_bound(struct printer *p, const struct ast_frame_bound *b)
{
    switch (b->kind) {
    case AST_BOUND_UNBOUNDED_PRECEDING:
        P("UNBOUNDED PRECEDING");
        break;
    case AST_BOUND_PRECEDING:
        pr_expr(p, b->expr);
        P(" PRECEDING");
        break;
    case AST_BOUND_CURRENT_ROW:
        P("CURRENT ROW");
        break;
    case AST_BOUND_FOLLOWING:
        pr_expr(p, b->expr);
        P(" FOLLOWING");
        break;
    case AST_BOUND_UNBOUNDED_FOLLOWING:
        P("UNBOUNDED FOLLOWING");
        break;
    }
}

static void
pr_frame(struct printer *p, const struct ast_window_frame *f)
{
    static const char *const modes[] = {
        [AST_FRAME_RANGE] = "RANGE ", [AST_FRAME_ROWS] = "ROWS ", [AST_FRAME_GROUPS] = "GROUPS "};
    static const char *const exclusions[] = {
        [AST_EXCLUDE_NONE] = "",
        [AST_EXCLUDE_CURRENT_ROW] = " EXCLUDE CURRENT ROW",
        [AST_EXCLUDE_GROUP] = " EXCLUDE GROUP",
        [AST_EXCLUDE_TIES] = " EXCLUDE TIES",
    };
    str_append_cstr(p->out, modes[f->mode]);
    if (f->has_end) {
        P("BETWEEN ");
        pr_frame_bound(p, &f->start);
        P(" AND ");
        pr_frame_bound(p, &f->end);
    } else {
        pr_frame_bound(p, &f->start);
    }
    str_append_cstr(p->out, exclusions[f->exclusion]);
}

void
pr_window_spec(struct printer *p, const struct ast_window *w)
{
    bool blank = false;
    P("(");
    if (w->base_name.len > 0) {
        PN(w->base_name);
        blank = true;
    }
    if (w->partitions.count > 0) {
        if (blank)
            P(" ");
        P("PARTITION BY ");
        pr_exprs(p, &w->partitions);
        blank = true;
    }
    if (w->order_by.count > 0) {
        if (blank)
            P(" ");
        pr_order_by(p, &w->order_by);
        blank = true;
    }
    if (w->frame != NULL) {
        if (blank)
            P(" ");
        pr_frame(p, w->frame);
    }
    P(")");
}

/* Keywords that are called with an ordinary argument list. */
static bool
is_callable_keyword(struct slice name)
{
    static const char *const words[] = {
        "current_date", "current_schema", "current_time",     "current_timestamp", "current_user",
        "extract",      "greatest",       "least",            "localtime",         "localtimestamp",
        "overlay",      "substring",      "extract_duration",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_eq(name, slice_cstr(words[i])))
            return true;
    }
    return false;
}

static void
pr_func_name(struct printer *p, const struct ast_func *f)
{
    struct slice last = f->parts[f->part_count - 1];
    char category = 0;
    for (int i = 0; i < f->part_count - 1; i++) {
        PN(f->parts[i]);
        P(".");
    }
    if (keyword_lookup(last, &category) != 0) {
        bool bare = f->part_count > 1 || category == 'T' || category == 'U' || is_callable_keyword(last);
        if (bare) {
            PS(last);
        } else {
            P("\"");
            PS(last);
            P("\"");
        }
        return;
    }
    PN(last);
}

static void
pr_func(struct printer *p, const struct ast_func *f)
{
    pr_func_name(p, f);
    P("(");
    if (f->quantifier == AST_FUNC_DISTINCT)
        P("DISTINCT ");
    else if (f->quantifier == AST_FUNC_ALL)
        P("ALL ");
    pr_exprs(p, &f->args);
    if (f->order_by.count > 0) {
        P(" ");
        pr_order_by(p, &f->order_by);
    }
    P(")");
    if (f->filter != NULL) {
        P(" FILTER (WHERE ");
        pr_expr(p, f->filter);
        P(")");
    }
    if (f->over != NULL) {
        P(" OVER ");
        if (f->over->is_reference)
            PN(f->over->name);
        else
            pr_window_spec(p, f->over);
    }
}

static void
pr_comparison(struct printer *p, const struct ast_expr *e)
{
    enum ast_comparison_op op = e->comparison.op;
    const struct ast_expr *right = e->comparison.right;
    bool constant = right->kind == AST_EXPR_NULL || right->kind == AST_EXPR_BOOL;

    pr_operand(p, e->comparison.left);
    P(" ");
    if (op == AST_CMP_IS_DISTINCT && constant)
        P("IS NOT");
    else if (op == AST_CMP_IS_NOT_DISTINCT && constant)
        P("IS");
    else
        str_append_cstr(p->out, ast_comparison_op_name(op));
    static const char *const quantifiers[] = {
        [AST_QUANT_NONE] = " ", [AST_QUANT_ANY] = " ANY ", [AST_QUANT_SOME] = " SOME ",
        [AST_QUANT_ALL] = " ALL "};
    str_append_cstr(p->out, quantifiers[e->comparison.quantifier]);
    pr_operand(p, right);
}

static void
pr_binary(struct printer *p, const struct ast_expr *e)
{
    enum ast_binary_op op = e->binary.op;
    bool padded = op != AST_BINARY_JSON_FETCH && op != AST_BINARY_JSON_FETCH_TEXT &&
                  op != AST_BINARY_JSON_FETCH_PATH && op != AST_BINARY_JSON_FETCH_TEXT_PATH;
    pr_operand(p, e->binary.left);
    if (padded)
        P(" ");
    str_append_cstr(p->out, ast_binary_op_name(op));
    if (padded)
        P(" ");
    pr_operand(p, e->binary.right);
}

static void
pr_case(struct printer *p, const struct ast_case *c)
{
    P("CASE ");
    if (c->operand != NULL) {
        pr_expr(p, c->operand);
        P(" ");
    }
    for (int i = 0; i < c->count; i++) {
        P("WHEN ");
        pr_expr(p, c->items[i].cond);
        P(" THEN ");
        pr_expr(p, c->items[i].value);
        P(" ");
    }
    if (c->otherwise != NULL) {
        P("ELSE ");
        pr_expr(p, c->otherwise);
        P(" ");
    }
    P("END");
}

static void
pr_cast(struct printer *p, const struct ast_expr *e)
{
    bool annotate = e->kind == AST_EXPR_ANNOTATE;
    if (e->cast.syntax == AST_CAST_PREPEND && e->cast.expr->kind == AST_EXPR_STRING) {
        const struct ast_type *t = e->cast.type;
        if (t->kind == AST_TYPE_INTERVAL) {
            /* the fields stand behind the literal, a precision without fields in front */
            P("INTERVAL");
            if (t->interval_fields == AST_INTERVAL_ALL)
                print_interval_fields(p->out, t);
            P(" ");
            pr_expr(p, e->cast.expr);
            if (t->interval_fields != AST_INTERVAL_ALL)
                print_interval_fields(p->out, t);
            return;
        }
        print_type(p->out, t);
        P(" ");
        pr_expr(p, e->cast.expr);
        return;
    }
    if (e->cast.syntax == AST_CAST_EXPLICIT) {
        str_append_cstr(p->out, annotate ? "ANNOTATE_TYPE(" : "CAST(");
        pr_expr(p, e->cast.expr);
        str_append_cstr(p->out, annotate ? ", " : " AS ");
        print_type(p->out, e->cast.type);
        P(")");
        return;
    }
    /* ::: binds less than ::, and a::T::U reads from the left */
    if (!annotate && e->cast.expr->kind == AST_EXPR_ANNOTATE && e->cast.expr->cast.syntax == AST_CAST_SHORT)
        pr_parenthesised(p, e->cast.expr);
    else
        pr_tight(p, e->cast.expr);
    str_append_cstr(p->out, annotate ? ":::" : "::");
    print_type(p->out, e->cast.type);
}

static void
pr_subscript(struct printer *p, const struct ast_subscript *s)
{
    bool bare = s->base->kind != AST_EXPR_CAST && s->base->kind != AST_EXPR_ANNOTATE &&
                s->base->kind != AST_EXPR_CASE && s->base->kind != AST_EXPR_SUBSCRIPT;
    if (s->base->kind == AST_EXPR_PAREN) /* they stay, whatever a hook does with those of expressions */
        pr_parenthesised(p, s->base->inner);
    else if (bare)
        pr_tight(p, s->base);
    else
        pr_parenthesised(p, s->base);
    for (int i = 0; i < s->count; i++) {
        const struct ast_subscript_item *item = &s->items[i];
        P("[");
        if (item->begin != NULL)
            pr_expr(p, item->begin);
        if (item->slice) {
            P(":");
            if (item->end != NULL)
                pr_expr(p, item->end);
        }
        P("]");
    }
}

static void
pr_field(struct printer *p, const struct ast_expr *e)
{
    /* The parentheses belong to the field, whatever a hook does with those of expressions. */
    pr_parenthesised(p, e->field.expr->kind == AST_EXPR_PAREN ? e->field.expr->inner : e->field.expr);
    P(".");
    if (e->field.star)
        P("*");
    else if (e->field.index > 0)
        str_printf(p->out, "@%d", e->field.index);
    else
        PN(e->field.name);
}

static void
pr_tuple(struct printer *p, const struct ast_expr *e)
{
    const struct ast_names *labels = e->tuple.labels;
    if (labels != NULL)
        P("(");
    if (e->tuple.row)
        P("ROW");
    P("(");
    pr_elements(p, &e->tuple.exprs);
    if (e->tuple.exprs.count == 1 && !e->tuple.row)
        P(",");
    P(")");
    if (labels != NULL) {
        P(" AS ");
        pr_names(p, labels);
        P(")");
    }
}

static void
pr_column(struct printer *p, const struct ast_expr *e)
{
    for (int i = 0; i < e->column.count; i++) {
        if (i > 0)
            P(".");
        PN(e->column.parts[i]);
    }
    if (e->column.star) {
        if (e->column.count > 0)
            P(".");
        P("*");
    }
}

static void
pr_call(struct printer *p, const char *word, const struct ast_exprs *args)
{
    str_append_cstr(p->out, word);
    P("(");
    pr_exprs(p, args);
    P(")");
}

void
pr_expr(struct printer *p, const struct ast_expr *e)
{
    if (p->opts->expr != NULL && p->opts->expr(p->out, e, p->opts->arg))
        return;
    if (p->opts->hide_constants && is_constant(e)) {
        P("_");
        return;
    }
    switch (e->kind) {
    case AST_EXPR_NULL: P("NULL"); break;
    case AST_EXPR_DEFAULT: P("DEFAULT"); break;
    case AST_EXPR_BOOL: str_append_cstr(p->out, e->boolean ? "true" : "false"); break;
    case AST_EXPR_INT:
    case AST_EXPR_DECIMAL:
        if (e->number.negative)
            P("-");
        PS(e->number.text);
        break;
    case AST_EXPR_STRING: print_string_literal(p->out, e->string.text); break;
    case AST_EXPR_BYTES: print_bytes_literal(p->out, e->string.text); break;
    case AST_EXPR_BIT:
        P("B'");
        PS(e->string.text);
        P("'");
        break;
    case AST_EXPR_PLACEHOLDER: str_printf(p->out, "$%d", e->placeholder); break;
    case AST_EXPR_MINVALUE: P("MINVALUE"); break;
    case AST_EXPR_MAXVALUE: P("MAXVALUE"); break;
    case AST_EXPR_COLUMN: pr_column(p, e); break;
    case AST_EXPR_ORDINAL: str_printf(p->out, "@%d", e->ordinal); break;
    case AST_EXPR_UNARY:
        str_append_cstr(p->out, ast_unary_op_name(e->unary.op));
        pr_tight(p, e->unary.expr);
        break;
    case AST_EXPR_BINARY: pr_binary(p, e); break;
    case AST_EXPR_COMPARISON: pr_comparison(p, e); break;
    case AST_EXPR_AND:
    case AST_EXPR_OR:
        pr_operand(p, e->binary.left);
        str_append_cstr(p->out, e->kind == AST_EXPR_AND ? " AND " : " OR ");
        pr_operand(p, e->binary.right);
        break;
    case AST_EXPR_NOT:
        P("NOT ");
        pr_operand(p, e->unary.expr);
        break;
    case AST_EXPR_BETWEEN:
        pr_operand(p, e->between.expr);
        str_append_cstr(p->out, e->between.negated ? " NOT BETWEEN " : " BETWEEN ");
        if (e->between.symmetric)
            P("SYMMETRIC ");
        pr_operand(p, e->between.low);
        P(" AND ");
        pr_operand(p, e->between.high);
        break;
    case AST_EXPR_IS_OF:
        pr_operand(p, e->is_of.expr);
        str_append_cstr(p->out, e->is_of.negated ? " IS NOT OF (" : " IS OF (");
        for (int i = 0; i < e->is_of.types.count; i++) {
            if (i > 0)
                P(", ");
            print_type(p->out, e->is_of.types.items[i]);
        }
        P(")");
        break;
    case AST_EXPR_PAREN: pr_parenthesised(p, e->inner); break;
    case AST_EXPR_CASE: pr_case(p, e->case_); break;
    case AST_EXPR_COALESCE: pr_call(p, e->call.ifnull ? "IFNULL" : "COALESCE", &e->call.args); break;
    case AST_EXPR_NULLIF: pr_call(p, "NULLIF", &e->call.args); break;
    case AST_EXPR_IF: pr_call(p, "IF", &e->call.args); break;
    case AST_EXPR_IFERROR: pr_call(p, "IFERROR", &e->call.args); break;
    case AST_EXPR_ISERROR: pr_call(p, "ISERROR", &e->call.args); break;
    case AST_EXPR_FUNC: pr_func(p, e->func); break;
    case AST_EXPR_CAST:
    case AST_EXPR_ANNOTATE: pr_cast(p, e); break;
    case AST_EXPR_COLLATE:
        pr_operand(p, e->collate.expr);
        print_collation(p->out, e->collate.locale);
        break;
    case AST_EXPR_SUBSCRIPT: pr_subscript(p, e->subscript); break;
    case AST_EXPR_FIELD: pr_field(p, e); break;
    case AST_EXPR_TUPLE: pr_tuple(p, e); break;
    case AST_EXPR_ARRAY:
        P("ARRAY[");
        pr_elements(p, &e->list);
        P("]");
        break;
    case AST_EXPR_ARRAY_SUBQUERY:
        P("ARRAY ");
        pr_select(p, e->subquery.select);
        break;
    case AST_EXPR_SUBQUERY: pr_select(p, e->subquery.select); break;
    case AST_EXPR_EXISTS:
        P("EXISTS ");
        pr_select(p, e->subquery.select);
        break;
    case AST_EXPR_STMT_SOURCE:
    case AST_EXPR_KIND_COUNT: break;
    }
}

void
print_expr(struct str *out, const struct ast_expr *expr, const struct print_opts *opts)
{
    struct printer p = {out, opts != NULL ? opts : &print_opts_none};
    pr_expr(&p, expr);
}

void
print_operand(struct str *out, const struct ast_expr *expr, const struct print_opts *opts)
{
    struct printer p = {out, opts != NULL ? opts : &print_opts_none};
    pr_operand(&p, expr);
}

void
print_object_name(struct str *out, const struct ast_object_name *name, const struct print_opts *opts)
{
    struct printer p = {out, opts != NULL ? opts : &print_opts_none};
    pr_object_name(&p, name);
}
