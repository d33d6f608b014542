/* planner/type_rules.c - equivalence of types, requirements, error texts that all forms share. */
#include "config.h"

#include "grammar/print.h"
#include "planner/type_int.h"

#define PLACEHOLDER_TEXT "could not determine data type of placeholder $"

bool
tc_equiv(const struct type *a, const struct type *b)
{
    if (a == b || a->family == FAMILY_ANY || b->family == FAMILY_ANY)
        return true;
    if (a->family != b->family)
        return false;
    switch (a->family) {
    case FAMILY_COLLATED_STRING:
        if (a->locale == NULL || b->locale == NULL || a->locale[0] == 0 || b->locale[0] == 0)
            return true;
        for (const char *x = a->locale, *y = b->locale;; x++, y++) {
            char cx = *x == '-' ? '_' : *x, cy = *y == '-' ? '_' : *y;
            cx = cx >= 'A' && cx <= 'Z' ? (char)(cx + 32) : cx;
            cy = cy >= 'A' && cy <= 'Z' ? (char)(cy + 32) : cy;
            if (cx != cy)
                return false;
            if (cx == 0)
                return true;
        }
    case FAMILY_ARRAY:
        return a->elem == NULL || b->elem == NULL || tc_equiv(a->elem, b->elem);
    case FAMILY_TUPLE:
        if (a == &TYPE_ANY_TUPLE || b == &TYPE_ANY_TUPLE)
            return true;
        if (a->n != b->n)
            return false;
        for (int i = 0; i < a->n; i++)
            if (!tc_equiv(a->contents[i], b->contents[i]))
                return false;
        return true;
    default:
        return true;
    }
}

bool
tc_is_wild(const struct type *t)
{
    if (t == NULL || t->family == FAMILY_ANY || t->family == FAMILY_UNKNOWN)
        return true;
    if (t->family == FAMILY_ARRAY)
        return t->elem == NULL || tc_is_wild(t->elem);
    if (t == &TYPE_ANY_TUPLE)
        return true;
    if (t->family == FAMILY_TUPLE)
        for (int i = 0; i < t->n; i++)
            if (tc_is_wild(t->contents[i]))
                return true;
    if (t->family == FAMILY_COLLATED_STRING)
        return t->locale == NULL || t->locale[0] == 0;
    return false;
}

const char *
tc_name(struct type_ctx *c, const struct type *t)
{
    return type_name_str(c->arena, t);
}

const char *
tc_text(struct type_ctx *c, const struct ast_expr *e)
{
    struct str s;
    str_init_arena(&s, c->arena, 64 << 10);
    print_expr(&s, e, NULL);
    return str_cstr(&s);
}

const struct ast_expr *
tc_strip(const struct ast_expr *e)
{
    while (e->kind == AST_EXPR_PAREN)
        e = e->inner;
    return e;
}

bool
tc_is_open_placeholder(struct type_ctx *c, const struct ast_expr *e)
{
    e = tc_strip(e);
    if (e->kind != AST_EXPR_PLACEHOLDER)
        return false;
    const struct placeholder_types *p = c->placeholders;
    int i = e->placeholder - 1;
    return p != NULL && i >= 0 && i < p->n && p->v[i] == NULL;
}

struct error *
tc_placeholder_error(int index)
{
    return err_new(ERR_INVALID_PARAMETER_VALUE, PLACEHOLDER_TEXT "%d", index);
}

bool
tc_undecorated(const struct error *e)
{
    if (e == NULL)
        return false;
    switch (e->code) {
    case ERR_UNDEFINED_COLUMN: case ERR_AMBIGUOUS_COLUMN: case ERR_UNDEFINED_TABLE:
    case ERR_GROUPING: case ERR_CARDINALITY_VIOLATION: case ERR_SYNTAX:
    case ERR_STATEMENT_TOO_COMPLEX: case ERR_OUT_OF_MEMORY:
        return true;
    case ERR_UNDEFINED_FUNCTION:
        return strncmp(e->message, "unknown function", 16) == 0;
    default:
        return strncmp(e->message, PLACEHOLDER_TEXT, sizeof(PLACEHOLDER_TEXT) - 1) == 0;
    }
}

struct error *
tc_decorate(struct error *e, const char *prefix)
{
    if (e == NULL || tc_undecorated(e))
        return e;
    if (e->code == ERR_UNCATEGORIZED)
        e->code = ERR_INVALID_PARAMETER_VALUE;
    return err_wrap(e, "%s", prefix);
}

struct error *
tc_require(struct type_ctx *c, const struct ast_expr *e, const struct type *t, const char *op,
           struct expr **out)
{
    ERR_TRY(type_expr(c, e, t, out));
    if (!tc_unknown(*out) && !tc_equiv((*out)->type, t))
        return err_at(err_new(ERR_DATATYPE_MISMATCH, "incompatible %s type: %s", op,
                              tc_name(c, (*out)->type)), e->pos);
    return NULL;
}

struct error *
tc_require_bool(struct type_ctx *c, const struct ast_expr *e, const char *op, struct expr **out)
{
    ERR_TRY(tc_require(c, e, &TYPE_BOOL, op, out));
    if (tc_unknown(*out))
        *out = expr_null(c->arena, &TYPE_BOOL);
    return NULL;
}

struct error *
tc_require_arg(struct type_ctx *c, const struct ast_expr *e, const struct type *t, const char *op,
               struct expr **out)
{
    ERR_TRY(type_expr(c, e, t, out));
    if (!tc_unknown(*out) && !tc_equiv((*out)->type, t))
        return err_at(err_new(ERR_DATATYPE_MISMATCH, "argument of %s must be type %s, not type %s",
                              op, tc_name(c, t), tc_name(c, (*out)->type)), e->pos);
    if (tc_unknown(*out) && t->family != FAMILY_ANY)
        *out = expr_null(c->arena, t);
    return NULL;
}

struct error *
type_expr_as(struct type_ctx *c, const struct ast_expr *e, const struct type *type,
             const char *context, struct expr **out)
{
    return tc_require_arg(c, e, type, context, out);
}

/* May a value of type `from` be stored into a column of type `to`? Same family, contents alike. */
static bool
assignable(const struct type *from, const struct type *to)
{
    if (from->family == FAMILY_UNKNOWN)
        return true;
    return tc_equiv(from, to);
}

struct error *
type_expr_for_column(struct type_ctx *c, const struct ast_expr *e, const struct type *type,
                     const char *column, struct expr **out)
{
    if (tc_strip(e)->kind == AST_EXPR_DEFAULT) {
        *out = expr_new(c->arena, EXPR_DEFAULT, type, e->pos, 0);
        return NULL;
    }
    struct uconst k;
    if (uconst_fold(c, e, &k) && uconst_can_become(&k, type)) {
        ERR_TRY(uconst_resolve(c, &k, type, out));
        if (c->notes != NULL)
            type_notes_put(c->notes, e, *out);
    } else {
        ERR_TRY(type_expr(c, e, type, out));
    }
    if (!assignable((*out)->type, type))
        return err_at(err_new(ERR_DATATYPE_MISMATCH,
                              "value type %s doesn't match type %s of column \"%s\"",
                              tc_name(c, (*out)->type), tc_name(c, type), column), e->pos);
    if (tc_unknown(*out))
        *out = expr_null(c->arena, type);
    return NULL;
}

/* ---- written types ---- */

static const struct type *
interval_type(struct type_ctx *c, const struct ast_type *t)
{
    struct type *n = arena_memdup(c->arena, &TYPE_INTERVAL, sizeof(struct type));
    static const struct { enum interval_unit unit, from; } fields[] = {
        [AST_INTERVAL_YEAR] = {INTERVAL_YEAR, INTERVAL_UNSET},
        [AST_INTERVAL_MONTH] = {INTERVAL_MONTH, INTERVAL_UNSET},
        [AST_INTERVAL_DAY] = {INTERVAL_DAY, INTERVAL_UNSET},
        [AST_INTERVAL_HOUR] = {INTERVAL_HOUR, INTERVAL_UNSET},
        [AST_INTERVAL_MINUTE] = {INTERVAL_MINUTE, INTERVAL_UNSET},
        [AST_INTERVAL_SECOND] = {INTERVAL_SECOND, INTERVAL_UNSET},
        [AST_INTERVAL_YEAR_TO_MONTH] = {INTERVAL_MONTH, INTERVAL_YEAR},
        [AST_INTERVAL_DAY_TO_HOUR] = {INTERVAL_HOUR, INTERVAL_DAY},
        [AST_INTERVAL_DAY_TO_MINUTE] = {INTERVAL_MINUTE, INTERVAL_DAY},
        [AST_INTERVAL_DAY_TO_SECOND] = {INTERVAL_SECOND, INTERVAL_DAY},
        [AST_INTERVAL_HOUR_TO_MINUTE] = {INTERVAL_MINUTE, INTERVAL_HOUR},
        [AST_INTERVAL_HOUR_TO_SECOND] = {INTERVAL_SECOND, INTERVAL_HOUR},
        [AST_INTERVAL_MINUTE_TO_SECOND] = {INTERVAL_SECOND, INTERVAL_MINUTE},
    };
    if (t->interval_fields == AST_INTERVAL_ALL && !t->precision_given)
        return &TYPE_INTERVAL;
    if (t->interval_fields != AST_INTERVAL_ALL) {
        n->has_interval_field = true;
        n->interval_unit = fields[t->interval_fields].unit;
        n->interval_from = fields[t->interval_fields].from;
    }
    if (t->precision_given) {
        n->precision = t->precision;
        n->time_precision_is_set = true;
    }
    return n;
}

static const struct type *
timed(struct type_ctx *c, const struct type *t, const struct ast_type *a)
{
    return a->precision_given ? type_with_precision(c->arena, t, a->precision) : t;
}

static struct error *
string_type(struct type_ctx *c, const struct ast_type *t, uint32_t oid, const struct type **out)
{
    const struct type *s = type_string(c->arena, oid, t->width);
    if (t->collation.len != 0)
        s = type_collated(c->arena, s, slice_to_cstr(c->arena, t->collation));
    *out = s;
    return NULL;
}

static struct error *
array_type(struct type_ctx *c, const struct ast_type *t, const struct type **out)
{
    const struct type *elem;
    ERR_TRY(resolve_ast_type(c, t->elem, &elem));
    if (elem->family == FAMILY_ARRAY)
        return err_at(err_unimplemented(32552, "arrays cannot have arrays as element type"), t->pos);
    if (elem->family == FAMILY_JSON)
        return err_at(err_unimplemented(23468, "arrays of %s not allowed", "jsonb"), t->pos);
    *out = type_array_of(c->arena, elem);
    return NULL;
}

struct error *
resolve_ast_type(struct type_ctx *c, const struct ast_type *t, const struct type **out)
{
    int int_size = c->env != NULL && c->env->default_int_size == 4 ? 4 : 8;
    switch (t->kind) {
    case AST_TYPE_BOOL: *out = &TYPE_BOOL; return NULL;
    case AST_TYPE_SERIAL:
    case AST_TYPE_INT: *out = int_size == 4 ? &TYPE_INT4 : &TYPE_INT8; return NULL;
    case AST_TYPE_SERIAL2:
    case AST_TYPE_INT2: *out = &TYPE_INT2; return NULL;
    case AST_TYPE_SERIAL4:
    case AST_TYPE_INT4: *out = &TYPE_INT4; return NULL;
    case AST_TYPE_SERIAL8:
    case AST_TYPE_INT8: *out = &TYPE_INT8; return NULL;
    case AST_TYPE_FLOAT4: *out = &TYPE_FLOAT4; return NULL;
    case AST_TYPE_FLOAT8: *out = &TYPE_FLOAT8; return NULL;
    case AST_TYPE_DECIMAL: *out = type_decimal(c->arena, t->precision, t->scale); return NULL;
    case AST_TYPE_STRING: return string_type(c, t, TYPE_STRING.oid, out);
    case AST_TYPE_VARCHAR: return string_type(c, t, TYPE_VARCHAR.oid, out);
    case AST_TYPE_CHAR: return string_type(c, t, TYPE_BPCHAR1.oid, out);
    case AST_TYPE_QCHAR:
        if (t->collation.len != 0)
            return string_type(c, t, TYPE_QCHAR.oid, out);
        *out = &TYPE_QCHAR;
        return NULL;
    case AST_TYPE_NAME: *out = &TYPE_NAME; return NULL;
    case AST_TYPE_BYTES: *out = &TYPE_BYTES; return NULL;
    case AST_TYPE_BIT: *out = type_bit(c->arena, false, t->width); return NULL;
    case AST_TYPE_VARBIT: *out = type_bit(c->arena, true, t->width); return NULL;
    case AST_TYPE_DATE: *out = &TYPE_DATE; return NULL;
    case AST_TYPE_TIME: *out = timed(c, &TYPE_TIME, t); return NULL;
    case AST_TYPE_TIMETZ: *out = timed(c, &TYPE_TIMETZ, t); return NULL;
    case AST_TYPE_TIMESTAMP: *out = timed(c, &TYPE_TIMESTAMP, t); return NULL;
    case AST_TYPE_TIMESTAMPTZ: *out = timed(c, &TYPE_TIMESTAMPTZ, t); return NULL;
    case AST_TYPE_INTERVAL: *out = interval_type(c, t); return NULL;
    case AST_TYPE_UUID: *out = &TYPE_UUID; return NULL;
    case AST_TYPE_INET: *out = &TYPE_INET; return NULL;
    case AST_TYPE_JSONB: *out = &TYPE_JSONB; return NULL;
    case AST_TYPE_OID: *out = &TYPE_OID; return NULL;
    case AST_TYPE_REGCLASS: *out = &TYPE_REGCLASS; return NULL;
    case AST_TYPE_REGTYPE: *out = &TYPE_REGTYPE; return NULL;
    case AST_TYPE_REGPROC: *out = &TYPE_REGPROC; return NULL;
    case AST_TYPE_REGPROCEDURE: *out = &TYPE_REGPROCEDURE; return NULL;
    case AST_TYPE_REGOPERATOR: *out = &TYPE_REGOPERATOR; return NULL;
    case AST_TYPE_REGNAMESPACE: *out = &TYPE_REGNAMESPACE; return NULL;
    case AST_TYPE_INT2VECTOR: *out = &TYPE_INT2VECTOR; return NULL;
    case AST_TYPE_OIDVECTOR: *out = &TYPE_OIDVECTOR; return NULL;
    case AST_TYPE_ARRAY: return array_type(c, t, out);
    case AST_TYPE_NAMED:
        return err_at(err_new(ERR_UNDEFINED_OBJECT, "type '%.*s' does not exist", (int)t->name.len,
                              (const char *)t->name.ptr), t->pos);
    case AST_TYPE_KIND_COUNT: break;
    }
    return err_new(ERR_INTERNAL, "unknown kind of type %d", (int)t->kind);
}
