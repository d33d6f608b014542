/* planner/type_const.c - constants before they have a type: exact, folded exactly, settled by context.
 *
 * SOURCE: v20.1 semantics (sql.md 4, 5.1): 1.50*2 is 3, 9223372036854775807+1 is a DECIMAL.
 */
#include "config.h"

#include "planner/type_int.h"

#define FOLD_MAX_DEPTH 200     /* deeper operands are typed and evaluated as usual */
#define FOLD_MAX_DIGITS 4000

static const struct type *const int_types[] = {&TYPE_INT8, &TYPE_OID, &TYPE_DECIMAL, &TYPE_FLOAT8};
static const struct type *const decimal_int_types[] = {&TYPE_DECIMAL, &TYPE_FLOAT8, &TYPE_INT8,
                                                       &TYPE_OID};
static const struct type *const decimal_types[] = {&TYPE_DECIMAL, &TYPE_FLOAT8};
static const struct type *const string_types[] = {
    &TYPE_STRING, &TYPE_BYTES, &TYPE_BOOL, &TYPE_INT8, &TYPE_FLOAT8, &TYPE_DECIMAL, &TYPE_DATE,
    &TYPE_STRING_ARRAY, &TYPE_INT8_ARRAY, &TYPE_DECIMAL_ARRAY, &TYPE_TIME, &TYPE_TIMETZ,
    &TYPE_TIMESTAMP, &TYPE_TIMESTAMPTZ, &TYPE_INTERVAL, &TYPE_UUID, &TYPE_INET, &TYPE_JSONB,
    &TYPE_VARBIT,
};
static const struct type *const bytes_types[] = {&TYPE_BYTES, &TYPE_UUID, &TYPE_STRING};

#define LIST(a) (*n = (int)(sizeof(a) / sizeof((a)[0])), (a))

const struct type *const *
uconst_types(const struct uconst *k, bool desirable, int *n)
{
    switch (k->kind) {
    case UCONST_STRING:
        return LIST(string_types);
    case UCONST_BYTES:
        return LIST(bytes_types);
    default:
        if (k->fits_i64 && k->is_int)
            return LIST(int_types);
        if (k->fits_i64 && !desirable)
            return LIST(decimal_int_types);
        return LIST(decimal_types);
    }
}

const struct type *
uconst_natural(const struct uconst *k)
{
    int n;
    return uconst_types(k, false, &n)[0];
}

bool
uconst_can_become(const struct uconst *k, const struct type *t)
{
    int n;
    const struct type *const *v = uconst_types(k, false, &n);
    for (int i = 0; i < n; i++)
        if (tc_equiv(v[i], t))
            return true;
    /* psql compares an OID[] with '{0}'. */
    return k->kind == UCONST_STRING && t->family == FAMILY_ARRAY && t->elem != NULL &&
           t->elem->family == FAMILY_OID;
}

/* ---- folding ---- */

static void
classify(struct type_ctx *c, struct uconst *k)
{
    k->integral = k->fits_i64 = false;
    if (k->den != NULL || k->num->form != DECIMAL_FINITE)
        return;
    k->integral = k->num->exponent >= 0 ||
                  decimal_cmp(decimal_trunc(c->arena, k->num, 0), k->num) == 0;
    if (k->integral)
        k->fits_i64 = decimal_to_i64(k->num, &k->i);
}

static const struct decimal *
parse_hex(struct type_ctx *c, struct slice s)
{
    const struct decimal *v = decimal_from_i64(c->arena, 0);
    const struct decimal *base = decimal_from_i64(c->arena, 16);
    for (size_t i = 2; i < s.len; i++) {
        uint8_t ch = s.ptr[i];
        int d = ch >= '0' && ch <= '9' ? ch - '0'
                : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
                                         : ch - 'A' + 10;
        struct error *e = decimal_mul(c->arena, v, base, &v);
        if (e == NULL)
            e = decimal_add(c->arena, v, decimal_from_i64(c->arena, d), &v);
        if (e != NULL) {
            err_free(e);
            return NULL;
        }
    }
    return v;
}

static bool
fold_number(struct type_ctx *c, const struct ast_expr *e, struct uconst *out)
{
    struct slice s = e->number.text;
    const struct decimal *d = NULL;
    if (s.len > 2 && s.ptr[0] == '0' && (s.ptr[1] == 'x' || s.ptr[1] == 'X')) {
        if (s.len > FOLD_MAX_DIGITS)
            return false;
        d = parse_hex(c, s);
        if (d == NULL)
            return false;
    } else if (!decimal_parse(c->arena, s, &d)) {
        return false;
    }
    if (e->number.negative)
        d = decimal_neg(c->arena, d);
    *out = (struct uconst){.kind = UCONST_NUMBER, .num = d, .is_int = e->kind == AST_EXPR_INT,
                           .pos = e->pos};
    classify(c, out);
    return true;
}

static bool
too_big(const struct decimal *d)
{
    return d != NULL && (decimal_digits(d) > FOLD_MAX_DIGITS || d->exponent > FOLD_MAX_DIGITS ||
                         d->exponent < -FOLD_MAX_DIGITS);
}

static struct error *
mul_opt(struct arena *a, const struct decimal *x, const struct decimal *y, const struct decimal **out)
{
    if (x == NULL || y == NULL) {
        *out = x != NULL ? x : y;
        return NULL;
    }
    return decimal_mul(a, x, y, out);
}

/* num/den of l op r; false when there is none. */
static struct error *
fold_rational(struct arena *a, enum ast_binary_op op, const struct uconst *l, const struct uconst *r,
              struct uconst *out)
{
    const struct decimal *x, *y;
    switch (op) {
    case AST_BINARY_PLUS:
    case AST_BINARY_MINUS:
        ERR_TRY(mul_opt(a, l->num, r->den, &x));
        ERR_TRY(mul_opt(a, r->num, l->den, &y));
        ERR_TRY(op == AST_BINARY_PLUS ? decimal_add(a, x, y, &out->num)
                                      : decimal_sub(a, x, y, &out->num));
        return mul_opt(a, l->den, r->den, &out->den);
    case AST_BINARY_MULT:
        ERR_TRY(decimal_mul(a, l->num, r->num, &out->num));
        return mul_opt(a, l->den, r->den, &out->den);
    default: /* DIV */
        ERR_TRY(mul_opt(a, l->num, r->den, &out->num));
        return mul_opt(a, r->num, l->den, &out->den);
    }
}

/* den = 1 when the quotient is an integer, so that 4/2 prints 2 and may be an INT where one is wanted. */
static void
reduce_integer(struct arena *a, struct uconst *k)
{
    if (k->den == NULL)
        return;
    const struct decimal *q, *back;
    struct error *e = decimal_floor_div(a, k->num, k->den, &q);
    if (e == NULL)
        e = decimal_mul(a, q, k->den, &back);
    if (e != NULL) {
        err_free(e);
        return;
    }
    if (decimal_cmp(back, k->num) == 0) {
        k->num = q;
        k->den = NULL;
    }
}

static bool
fold_int_op(struct type_ctx *c, enum ast_binary_op op, const struct uconst *l,
            const struct uconst *r, struct uconst *out)
{
    if (!l->integral || !r->integral)
        return false;
    struct error *e = NULL;
    switch (op) {
    case AST_BINARY_FLOORDIV:
    case AST_BINARY_MOD:
        if (decimal_is_zero(r->num))
            return false;
        e = op == AST_BINARY_MOD ? decimal_mod(c->arena, l->num, r->num, &out->num)
                                 : decimal_floor_div(c->arena, l->num, r->num, &out->num);
        if (e != NULL) {
            err_free(e);
            return false;
        }
        return true;
    case AST_BINARY_BITAND:
    case AST_BINARY_BITOR:
    case AST_BINARY_BITXOR:
        if (!l->fits_i64 || !r->fits_i64)
            return false;
        out->num = decimal_from_i64(c->arena, op == AST_BINARY_BITAND  ? (l->i & r->i)
                                              : op == AST_BINARY_BITOR ? (l->i | r->i)
                                                                       : (l->i ^ r->i));
        return true;
    default:
        return false;
    }
}

static bool
fold_numbers(struct type_ctx *c, enum ast_binary_op op, const struct uconst *l,
             const struct uconst *r, struct uconst *out)
{
    struct uconst k = {.kind = UCONST_NUMBER, .folded = true, .pos = l->pos};
    switch (op) {
    case AST_BINARY_DIV:
        if (decimal_is_zero(r->num))
            return false;
        /* fallthrough */
    case AST_BINARY_PLUS:
    case AST_BINARY_MINUS:
    case AST_BINARY_MULT: {
        struct error *e = fold_rational(c->arena, op, l, r, &k);
        if (e != NULL) {
            err_free(e);
            return false;
        }
        k.is_int = op != AST_BINARY_DIV && l->is_int && r->is_int;
        reduce_integer(c->arena, &k);
        break;
    }
    default:
        if (!fold_int_op(c, op, l, r, &k))
            return false;
        k.is_int = true;
    }
    if (too_big(k.num) || too_big(k.den))
        return false;
    classify(c, &k);
    *out = k;
    return true;
}

static bool
fold_strings(struct type_ctx *c, const struct uconst *l, const struct uconst *r, struct uconst *out)
{
    uint8_t *p = arena_alloc(c->arena, l->text.len + r->text.len + 1);
    if (l->text.len != 0)
        memcpy(p, l->text.ptr, l->text.len);
    if (r->text.len != 0)
        memcpy(p + l->text.len, r->text.ptr, r->text.len);
    *out = (struct uconst){
        .kind = l->kind == UCONST_BYTES || r->kind == UCONST_BYTES ? UCONST_BYTES : UCONST_STRING,
        .text = slice_make(p, l->text.len + r->text.len), .pos = l->pos};
    return true;
}

static bool
fold_at(struct type_ctx *c, const struct ast_expr *e, struct uconst *out, int depth)
{
    struct uconst l, r;
    if (depth > FOLD_MAX_DEPTH)
        return false;
    switch (e->kind) {
    case AST_EXPR_INT:
    case AST_EXPR_DECIMAL:
        return fold_number(c, e, out);
    case AST_EXPR_STRING:
    case AST_EXPR_BYTES:
        *out = (struct uconst){
            .kind = e->kind == AST_EXPR_BYTES ? UCONST_BYTES : UCONST_STRING,
            .text = e->string.text, .pos = e->pos};
        return true;
    case AST_EXPR_PAREN:
        return fold_at(c, e->inner, out, depth + 1);
    case AST_EXPR_UNARY:
        if (!fold_at(c, e->unary.expr, &l, depth + 1) || l.kind != UCONST_NUMBER)
            return false;
        if (e->unary.op == AST_UNARY_MINUS) {
            l.num = decimal_neg(c->arena, l.num);
            l.folded = true;
        } else if (e->unary.op == AST_UNARY_COMPLEMENT) {
            if (!l.fits_i64)
                return false;
            l.num = decimal_from_i64(c->arena, ~l.i);
            l.is_int = l.folded = true;
        }
        classify(c, &l);
        *out = l;
        return true;
    case AST_EXPR_BINARY:
        if (!fold_at(c, e->binary.left, &l, depth + 1))
            return false;
        if (!fold_at(c, e->binary.right, &r, depth + 1))
            return false;
        if (l.kind == UCONST_NUMBER && r.kind == UCONST_NUMBER)
            return fold_numbers(c, e->binary.op, &l, &r, out);
        if (l.kind != UCONST_NUMBER && r.kind != UCONST_NUMBER &&
            e->binary.op == AST_BINARY_CONCAT)
            return fold_strings(c, &l, &r, out);
        return false;
    default:
        return false;
    }
}

bool
uconst_fold(struct type_ctx *c, const struct ast_expr *e, struct uconst *out)
{
    switch (e->kind) { /* the common no's, quickly */
    case AST_EXPR_INT: case AST_EXPR_DECIMAL: case AST_EXPR_STRING: case AST_EXPR_BYTES:
    case AST_EXPR_PAREN: case AST_EXPR_UNARY: case AST_EXPR_BINARY:
        return fold_at(c, e, out, 0);
    default:
        return false;
    }
}

/* ---- a type for it ---- */

/* The exact value as a DECIMAL: scale kept as written, or the plain form of what was computed. */
static struct error *
as_decimal(struct type_ctx *c, const struct uconst *k, const struct decimal **out)
{
    if (!k->folded) {
        *out = k->num;
        return NULL;
    }
    if (k->integral) {
        *out = decimal_trunc(c->arena, k->num, 0);
        return NULL;
    }
    const struct decimal *den = k->den != NULL ? k->den : decimal_from_i64(c->arena, 1), *q, *back;
    ERR_TRY(decimal_div(c->arena, decimal_reduce(c->arena, k->num), den, &q));
    ERR_TRY(decimal_mul(c->arena, q, den, &back));
    /* One that was rounded has all its digits, the last ones zeros or not. */
    *out = decimal_cmp(back, k->num) == 0 ? decimal_reduce(c->arena, q) : q;
    return NULL;
}

static struct error *
resolve_number(struct type_ctx *c, const struct uconst *k, const struct type *t, struct expr **out)
{
    const struct decimal *d;
    switch (t->family) {
    case FAMILY_INT:
    case FAMILY_OID:
        if (!k->integral)
            return err_at(err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                                  "cannot represent numeric constant as an int"), k->pos);
        if (!k->fits_i64)
            return err_at(err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                                  "numeric constant out of int64 range"), k->pos);
        if (t->family == FAMILY_OID) {
            struct eval_env env = tc_env(c);
            struct datum v = datum_int(k->i), oid;
            ERR_TRY(datum_cast(&env, &TYPE_INT8, &v, t, &oid));
            *out = expr_const(c->arena, t, oid);
            return NULL;
        }
        *out = expr_const(c->arena, &TYPE_INT8, datum_int(k->i));
        return NULL;
    case FAMILY_FLOAT:
        ERR_TRY(as_decimal(c, k, &d));
        double f = decimal_to_double(d);
        if (f - f != 0)
            return err_at(err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                                  "float out of range"), k->pos);
        *out = expr_const(c->arena, &TYPE_FLOAT8, datum_float(f));
        return NULL;
    case FAMILY_DECIMAL:
        ERR_TRY(as_decimal(c, k, &d));
        *out = expr_const(c->arena, &TYPE_DECIMAL, (struct datum){.dec = d});
        return NULL;
    default:
        return err_new(ERR_INTERNAL, "could not resolve numeric constant as %s", tc_name(c, t));
    }
}

/* Types without width: what a constant of that family has. */
static const struct type *
bare_type(struct arena *a, const struct type *t)
{
    switch (t->family) {
    case FAMILY_STRING:
        return t->oid == TYPE_NAME.oid ? &TYPE_NAME : &TYPE_STRING;
    case FAMILY_INT: return &TYPE_INT8;
    case FAMILY_FLOAT: return &TYPE_FLOAT8;
    case FAMILY_DECIMAL: return &TYPE_DECIMAL;
    case FAMILY_DATE: return &TYPE_DATE;
    case FAMILY_TIME: return &TYPE_TIME;
    case FAMILY_TIMETZ: return &TYPE_TIMETZ;
    case FAMILY_TIMESTAMP: return &TYPE_TIMESTAMP;
    case FAMILY_TIMESTAMPTZ: return &TYPE_TIMESTAMPTZ;
    case FAMILY_INTERVAL: return &TYPE_INTERVAL;
    case FAMILY_BIT: return &TYPE_VARBIT;
    case FAMILY_ARRAY:
        if (t->elem->family == FAMILY_ANY)
            return &TYPE_STRING_ARRAY;
        return type_array_of(a, bare_type(a, t->elem));
    default:
        return t;
    }
}

static struct error *
resolve_text(struct type_ctx *c, const struct uconst *k, const struct type *t, struct expr **out)
{
    struct eval_env env = tc_env(c);
    struct datum d;
    const struct type *bare = bare_type(c->arena, t);
    if (k->kind == UCONST_BYTES) {
        if (t->family == FAMILY_UUID) {
            struct datum raw = datum_bytes(k->text.ptr, k->text.len);
            ERR_TRY(datum_cast(&env, &TYPE_BYTES, &raw, &TYPE_UUID, &d));
        } else {
            d = datum_bytes(k->text.ptr, k->text.len);
        }
        *out = expr_const(c->arena, bare, datum_copy(c->arena, bare, &d));
        return NULL;
    }
    if (bare->family == FAMILY_STRING) {
        d = datum_bytes(k->text.ptr, k->text.len);
        *out = expr_const(c->arena, bare, datum_copy(c->arena, bare, &d));
        return NULL;
    }
    /* Time types round to the precision that is wanted, intervals take its fields. */
    const struct type *parse_as = bare;
    if (t->family == FAMILY_TIME || t->family == FAMILY_TIMETZ || t->family == FAMILY_TIMESTAMP ||
        t->family == FAMILY_TIMESTAMPTZ || t->family == FAMILY_INTERVAL)
        parse_as = t;
    ERR_TRY(datum_parse(&env, parse_as, k->text, &d));
    *out = expr_const(c->arena, bare, d);
    return NULL;
}

struct error *
uconst_resolve(struct type_ctx *c, const struct uconst *k, const struct type *t, struct expr **out)
{
    if (t->family == FAMILY_ANY)
        t = uconst_natural(k);
    ERR_TRY(k->kind == UCONST_NUMBER ? resolve_number(c, k, t, out) : resolve_text(c, k, t, out));
    (*out)->position = k->pos;
    return NULL;
}

struct error *
uconst_type(struct type_ctx *c, const struct uconst *k, const struct type *desired,
            struct expr **out)
{
    if (desired != NULL && desired->family != FAMILY_ANY) {
        if (uconst_can_become(k, desired))
            return uconst_resolve(c, k, desired, out);
        if (desired->family == FAMILY_INT && k->kind == UCONST_NUMBER && k->integral)
            return err_at(err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                                  "numeric constant out of int64 range"), k->pos);
    }
    return uconst_resolve(c, k, uconst_natural(k), out);
}
