/* planner/as_of.c - AS OF SYSTEM TIME: strings, numbers, intervals, timestamps to an HLC time. */
#include "config.h"

#include "planner/as_of.h"
#include "planner/plan_int.h"
#include "planner/type_int.h"

#define CLAUSE "AS OF SYSTEM TIME"
#define FOLLOWER_READ "experimental_follower_read_timestamp"
/* Closed timestamp target of 3 s, times 1 + 0.2 * 3 close fractions. */
#define FOLLOWER_READ_LAG_NS INT64_C(4800000000)
#define LOGICAL_DIGITS 10

static struct error *
invalid(const char *text)
{
    return err_new(ERR_UNCATEGORIZED, CLAUSE ": %s", text);
}

static struct error *
not_constant(void)
{
    return invalid("only constant expressions or " FOLLOWER_READ " are allowed");
}

/* us since 2000 to ns since 1970 */
static struct error *
from_us(int64_t us, int64_t *ns)
{
    int64_t unix_us;
    if (__builtin_add_overflow(us, PG_EPOCH_US, &unix_us) ||
        __builtin_mul_overflow(unix_us, 1000, ns))
        return invalid("timestamp out of range");
    return NULL;
}

/* ---- decimals: nanoseconds.logical ---- */

static struct error *
parse_part(struct slice s, int64_t max, const char *bits, int64_t *out)
{
    uint64_t v = 0;
    bool neg = s.len > 0 && s.ptr[0] == '-', over = false;
    for (size_t i = neg; i < s.len; i++) {
        over |= __builtin_mul_overflow(v, 10u, &v);
        over |= __builtin_add_overflow(v, (uint64_t)(s.ptr[i] - '0'), &v);
    }
    if (over || v > (uint64_t)max)
        return err_new(ERR_SYNTAX, CLAUSE ": parsing argument: strconv.ParseInt: parsing \"%.*s\": "
                       "value out of range%s", (int)(s.len > 200 ? 200 : s.len),
                       (const char *)s.ptr, bits);
    *out = neg ? -(int64_t)v : (int64_t)v;
    return NULL;
}

static struct error *
from_decimal(struct arena *a, const struct decimal *d, struct hlc *out)
{
    struct str s;
    int64_t logical = 0;
    if (d->form != DECIMAL_FINITE || d->exponent > 100 || d->exponent < -2000)
        return err_new(ERR_SYNTAX, CLAUSE ": parsing argument: value out of range");
    str_init_arena(&s, a, 1 << 20);
    decimal_format(&s, decimal_round(a, d, d->exponent < 0 ? -d->exponent : 0));
    struct slice text = str_slice(&s), whole = text, fraction = SLICE_NULL;
    const uint8_t *dot = memchr(text.ptr, '.', text.len);
    if (dot != NULL) {
        whole.len = (size_t)(dot - text.ptr);
        fraction = slice_make(dot + 1, text.len - whole.len - 1);
    }
    ERR_TRY(parse_part(whole, INT64_MAX, "", &out->wall));
    if (fraction.len > LOGICAL_DIGITS)
        return err_new(ERR_SYNTAX, CLAUSE ": logical part has too many digits");
    if (fraction.len > 0) {
        char padded[LOGICAL_DIGITS];
        memset(padded, '0', sizeof(padded));
        memcpy(padded, fraction.ptr, fraction.len);
        ERR_TRY(parse_part(slice_make(padded, sizeof(padded)), INT32_MAX, "", &logical));
    }
    out->logical = (int32_t)logical;
    return NULL;
}

/* ---- intervals: added to the statement's time ---- */

static struct error *
from_interval(const struct eval_env *env, const struct datum *iv, struct hlc *out)
{
    static const struct type *const types[] = {&TYPE_TIMESTAMPTZ, &TYPE_INTERVAL};
    const struct overload *o = operator_find("+", types[0], types[1]);
    struct datum args[2] = {datum_int(env->stmt_time_us), *iv}, sum;
    if (o == NULL)
        return err_new(ERR_INTERNAL, "no sum of a timestamp and an interval");
    struct eval_env utc = *env;
    utc.timezone = NULL;
    struct fn_call call = {.overload = o, .n_args = 2, .arg_types = types, .type = o->ret};
    struct error *e = o->fn(&utc, &call, args, &sum);
    if (e != NULL)
        return err_wrap(e, CLAUSE);
    return from_us(sum.i, &out->wall);
}

/* ---- strings: timestamp, decimal, interval, in this order ---- */

/* Nanoseconds below the microsecond of a written fraction; the text without them. */
static struct slice
cut_nanos(struct arena *a, struct slice s, int64_t *ns)
{
    *ns = 0;
    for (size_t i = 0; i < s.len; i++) {
        size_t n = 0;
        if (s.ptr[i] != '.')
            continue;
        while (i + 1 + n < s.len && s.ptr[i + 1 + n] >= '0' && s.ptr[i + 1 + n] <= '9')
            n++;
        if (n <= 6)
            return s;
        for (size_t k = 6; k < 9; k++)
            *ns = *ns * 10 + (k < n ? s.ptr[i + 1 + k] - '0' : 0);
        char *copy = arena_alloc(a, s.len);
        memcpy(copy, s.ptr, i + 7);
        memcpy(copy + i + 7, s.ptr + i + 1 + n, s.len - i - 1 - n);
        return slice_make(copy, s.len - n + 6);
    }
    return s;
}

static bool
quietly(struct error *e)
{
    err_free(e);
    return e == NULL;
}

static struct error *
from_string(const struct eval_env *env, struct slice s, struct hlc *out)
{
    struct eval_env utc = *env;
    struct datum d;
    const struct decimal *dec;
    int64_t ns;
    utc.timezone = NULL; /* digits are UTC unless an offset is written */
    struct slice cut = cut_nanos(env->arena, s, &ns);
    if (quietly(datum_parse(&utc, &TYPE_TIMESTAMPTZ, cut, &d))) {
        ERR_TRY(from_us(d.i, &out->wall));
        out->wall += ns;
        return NULL;
    }
    if (decimal_parse(env->arena, s, &dec))
        return from_decimal(env->arena, dec, out);
    if (quietly(datum_parse(&utc, &TYPE_INTERVAL, s, &d))) {
        if (d.iv->months == 0 && d.iv->days == 0 && d.iv->nanos / 1000 == 0)
            return err_new(ERR_UNCATEGORIZED, CLAUSE ": interval value '%.*s' too small, absolute "
                           "value must be >= 1\302\265s", (int)s.len, (const char *)s.ptr);
        return from_interval(env, &d, out);
    }
    return invalid("value is neither timestamp, decimal, nor interval");
}

static const char *
go_type(const struct type *t)
{
    switch (t->family) {
    case FAMILY_BOOL: return "*tree.DBool";
    case FAMILY_FLOAT: return "*tree.DFloat";
    case FAMILY_DATE: return "*tree.DDate";
    case FAMILY_TIME: return "*tree.DTime";
    case FAMILY_TIMETZ: return "*tree.DTimeTZ";
    case FAMILY_BYTES: return "*tree.DBytes";
    case FAMILY_UUID: return "*tree.DUuid";
    case FAMILY_INET: return "*tree.DIPAddr";
    case FAMILY_JSON: return "*tree.DJSON";
    case FAMILY_ARRAY: return "*tree.DArray";
    case FAMILY_TUPLE: return "*tree.DTuple";
    case FAMILY_BIT: return "*tree.DBitArray";
    case FAMILY_OID: return "*tree.DOid";
    case FAMILY_COLLATED_STRING: return "*tree.DCollatedString";
    default: return "tree.dNull";
    }
}

static struct error *
from_datum(const struct eval_env *env, const struct type *t, const struct datum *d, struct hlc *out)
{
    *out = HLC_MIN;
    if (!d->null)
        switch (t->family) {
        case FAMILY_STRING: return from_string(env, datum_slice(d), out);
        case FAMILY_TIMESTAMP:
        case FAMILY_TIMESTAMPTZ: return from_us(d->i, &out->wall);
        case FAMILY_INT: out->wall = d->i; return NULL;
        case FAMILY_DECIMAL: return from_decimal(env->arena, d->dec, out);
        case FAMILY_INTERVAL: return from_interval(env, d, out);
        default: break;
        }
    return err_new(ERR_UNCATEGORIZED,
                   CLAUSE ": expected timestamp, decimal, or interval, got %s (%s)",
                   d->null ? "unknown" : type_name_str(env->arena, t),
                   d->null ? "tree.dNull" : go_type(t));
}

/* ---- what may stand there ---- */

static bool
is_follower_read(const struct ast_expr *e)
{
    return e->kind == AST_EXPR_FUNC && e->func->part_count == 1 &&
           slice_eq(e->func->parts[0], SLICE_LIT(FOLLOWER_READ));
}

static struct error *
follower_read(struct type_ctx *c, const struct ast_expr *e, struct hlc now, struct hlc *out)
{
    const struct ast_func *f = e->func;
    if (f->args.count > 0) {
        struct str s;
        str_init_arena(&s, c->arena, 64 << 10);
        for (int i = 0; i < f->args.count; i++) {
            struct expr *x;
            ERR_TRY(type_expr(c, f->args.items[i], NULL, &x));
            str_printf(&s, "%s%s", i > 0 ? ", " : "", tc_name(c, x->type));
        }
        return err_new(ERR_UNDEFINED_FUNCTION,
                       "unknown signature: " FOLLOWER_READ "(%s) (desired <timestamptz>)",
                       str_cstr(&s));
    }
    *out = now;
    if (c->env != NULL && c->env->stmt_time_us != 0)
        ERR_TRY(from_us(c->env->stmt_time_us, &out->wall));
    out->wall -= FOLLOWER_READ_LAG_NS;
    out->logical = 0;
    return NULL;
}

static void
check_constant(void *arg, const struct expr *e)
{
    bool *constant = arg;
    switch (e->kind) {
    case EXPR_COLUMN: case EXPR_OUTER: case EXPR_SUBQUERY: case EXPR_AGGREGATE: case EXPR_WINDOW:
    case EXPR_GENERATOR: case EXPR_DEFAULT:
        *constant = false;
        break;
    case EXPR_CALL:
        /* operators on timestamps lean on the session's zone only */
        if (e->overload->volatility == VOLATILE ||
            (e->overload->volatility == STABLE && e->n_args == 0))
            *constant = false;
        break;
    default:
        break;
    }
}

static struct error *
check_time(struct hlc t, struct hlc now)
{
    char a[HLC_STR_MAX], b[HLC_STR_MAX];
    if (hlc_is_empty(t))
        return invalid("zero timestamp is invalid");
    if (t.wall < 0 || (t.wall == 0 && t.logical < 0))
        return invalid("timestamp before 1970-01-01T00:00:00Z is invalid");
    if (!hlc_is_empty(now) && hlc_cmp(t, now) > 0) {
        hlc_format_error(t, a);
        hlc_format_error(now, b);
        return err_new(ERR_UNCATEGORIZED, CLAUSE ": cannot specify timestamp in the future (%s > %s)",
                       a, b);
    }
    return NULL;
}

struct error *
eval_as_of(struct type_ctx *c, const struct ast_expr *e, struct hlc now, struct hlc *out)
{
    struct type_ctx inner = *c;
    inner.clause = CLAUSE;
    inner.reject |= REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_SUBQUERIES;
    inner.scope = NULL;
    inner.aggregates = NULL;
    inner.windows = NULL;
    inner.generators = NULL;
    if (e->kind == AST_EXPR_FUNC) {
        if (!is_follower_read(e))
            return not_constant();
        ERR_TRY(follower_read(&inner, e, now, out));
        return check_time(*out, now);
    }
    struct expr *x;
    struct error *err = type_expr(&inner, e, &TYPE_STRING, &x);
    if (err != NULL) {
        if (err->code != ERR_UNDEFINED_COLUMN)
            return err;
        err_free(err);
        return not_constant();
    }
    bool constant = true;
    expr_walk(x, check_constant, &constant);
    if (!constant)
        return not_constant();
    struct eval_env env = tc_env(c);
    struct datum d;
    ERR_TRY(expr_eval(x, &env, NULL, NULL, &d));
    ERR_TRY(from_datum(&env, x->type, &d, out));
    return check_time(*out, now);
}

struct error *
plan_as_of(struct planner *p, const struct ast_expr *e, bool top)
{
    struct type_ctx c;
    struct hlc ts;

    if (e == NULL)
        return NULL;
    type_ctx_init(&c, p, NULL, "AS OF SYSTEM TIME", 0);
    ERR_TRY(eval_as_of(&c, e, clock_now(p->clock), &ts));
    if (!top && !p->read_only_as_of)
        return err_new(ERR_SYNTAX, "AS OF SYSTEM TIME must be provided on a top-level statement");
    if (p->has_as_of && hlc_cmp(ts, p->as_of) != 0)
        return err_unimplemented(35712, "cannot specify AS OF SYSTEM TIME with different timestamps");
    p->has_as_of = true;
    p->as_of = ts;
    return NULL;
}
