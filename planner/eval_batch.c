/* planner/eval_batch.c - a batch at a time: loops over columns, rows left out by AND, OR, CASE.
 *
 * What changes something that calls beside it may tell (nextval and currval) goes row by row, left to right.
 * Operands are columns (no copy), constants (one datum), or vectors computed into the batch's arena.
 * Every vector is as long as the batch; only live positions are written. An error in a row that
 * short-circuiting never reaches is not raised: sub-expressions run over the rows that need them.
 */
#include "config.h"

#include "planner/batch.h"
#include "planner/eval_int.h"

struct vec_ctx {
    const struct eval_env *env;
    struct exec_state *st;
    const struct batch *b;
};

/* Live rows: sel[0 .. n), or 0 .. n-1 when sel is NULL. */
struct rows {
    const uint16_t *sel;
    int n;
};

struct operand {
    const struct datum *v;
    int stride; /* 0: one value for all */
};

#define ROW(r, k) ((r).sel != NULL ? (r).sel[k] : (uint16_t)(k))
#define AT(o, i) (&(o).v[(size_t)(i) * (size_t)(o).stride])

static struct error *eval_vec(struct vec_ctx *x, const struct expr *e, struct rows r,
                              struct datum *out);

static struct datum *
new_vec(struct vec_ctx *x)
{
    return arena_alloc(x->env->arena, (size_t)(x->b->n > 0 ? x->b->n : 1) * sizeof(struct datum));
}

static struct error *
get(struct vec_ctx *x, const struct expr *e, struct rows r, struct operand *o)
{
    if (e->kind == EXPR_CONST) {
        *o = (struct operand){&e->value, 0};
        return NULL;
    }
    if (e->kind == EXPR_COLUMN && x->b->cols[e->index] != NULL) {
        *o = (struct operand){x->b->cols[e->index], 1};
        return NULL;
    }
    struct datum *v = new_vec(x);
    *o = (struct operand){v, 1};
    return eval_vec(x, e, r, v);
}

/* ---- rows one by one, for the kinds that are rare or branch much ---- */

struct used {
    const struct batch *b;
    uint8_t *mark;
    int *list;
    int n;
};

static void
note_column(void *arg, const struct expr *e)
{
    struct used *u = arg;
    if (e->kind == EXPR_COLUMN && e->index < u->b->n_cols && !u->mark[e->index]) {
        u->mark[e->index] = 1;
        u->list[u->n++] = e->index;
    }
}

static struct error *
row_by_row(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    size_t n_cols = (size_t)x->b->n_cols;
    struct used u = {.b = x->b, .mark = arena_zalloc(x->env->arena, n_cols + 1),
                     .list = ARENA_ARRAY(x->env->arena, int, n_cols + 1)};
    struct datum *row = ARENA_ARRAY(x->env->arena, struct datum, n_cols + 1);
    expr_walk(e, note_column, &u);
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        for (int j = 0; j < u.n; j++)
            if (x->b->cols[u.list[j]] != NULL)
                row[u.list[j]] = x->b->cols[u.list[j]][i];
        ERR_TRY(expr_eval(e, x->env, x->st, row, &out[i]));
    }
    return NULL;
}

/* ---- comparisons ---- */

#define COMPARE_LOOP(FIELD, OP)                                                     \
    for (int k = 0; k < r.n; k++) {                                                  \
        int i = ROW(r, k);                                                           \
        const struct datum *p = AT(a, i), *q = AT(b, i);                             \
        out[i] = p->null || q->null ? DATUM_NULL : datum_bool(p->FIELD OP q->FIELD); \
    }                                                                                \
    return NULL;

static struct error *
compare_ints(enum compare_op op, struct operand a, struct operand b, struct rows r,
             struct datum *out)
{
    switch (op) {
    case CMP_EQ: COMPARE_LOOP(i, ==)
    case CMP_NE: COMPARE_LOOP(i, !=)
    case CMP_LT: COMPARE_LOOP(i, <)
    case CMP_LE: COMPARE_LOOP(i, <=)
    case CMP_GT: COMPARE_LOOP(i, >)
    default: COMPARE_LOOP(i, >=)
    }
}

static struct error *
compare_texts(enum compare_op op, struct operand a, struct operand b, struct rows r,
              struct datum *out)
{
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        const struct datum *p = AT(a, i), *q = AT(b, i);
        if (p->null || q->null)
            out[i] = DATUM_NULL;
        else if (op == CMP_EQ || op == CMP_NE)
            out[i] = datum_bool(slice_eq(datum_slice(p), datum_slice(q)) == (op == CMP_EQ));
        else
            out[i] = datum_bool(eval_cmp_holds(op, slice_cmp(datum_slice(p), datum_slice(q))));
    }
    return NULL;
}

static struct error *
compare_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    struct operand a, b;
    const struct type *lt = e->args[0]->type, *rt = e->args[1]->type;
    ERR_TRY(get(x, e->args[0], r, &a));
    ERR_TRY(get(x, e->args[1], r, &b));
    if (lt->family == rt->family && eval_is_i64(lt))
        return compare_ints(e->cmp, a, b, r, out);
    if (lt->family == rt->family && eval_is_text(lt))
        return compare_texts(e->cmp, a, b, r, out);
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        eval_compare(e->cmp, lt, AT(a, i), rt, AT(b, i), x->env, &out[i]);
    }
    return NULL;
}

/* ---- calls ---- */

/* +, -, * of two INTs or FLOATs in place; overflow goes to the overload, which words the error. */
enum fast { FAST_NONE, FAST_ADD_I, FAST_SUB_I, FAST_MUL_I, FAST_ADD_F, FAST_SUB_F, FAST_MUL_F };

static enum fast
fast_of(const struct expr *e)
{
    const char *n = e->overload->name;
    if (e->n_args != 2 || n[1] != 0)
        return FAST_NONE;
    enum type_family l = e->args[0]->type->family, m = e->args[1]->type->family;
    if (l != m || (l != FAMILY_INT && l != FAMILY_FLOAT) || e->type->family != l)
        return FAST_NONE;
    bool f = l == FAMILY_FLOAT;
    switch (n[0]) {
    case '+': return f ? FAST_ADD_F : FAST_ADD_I;
    case '-': return f ? FAST_SUB_F : FAST_SUB_I;
    case '*': return f ? FAST_MUL_F : FAST_MUL_I;
    default: return FAST_NONE;
    }
}

static bool
fast_row(enum fast f, const struct datum *p, const struct datum *q, struct datum *out)
{
    struct datum d = {.null = false};
    bool over = false;
    switch (f) {
    case FAST_ADD_I: over = __builtin_add_overflow(p->i, q->i, &d.i); break;
    case FAST_SUB_I: over = __builtin_sub_overflow(p->i, q->i, &d.i); break;
    case FAST_MUL_I: over = __builtin_mul_overflow(p->i, q->i, &d.i); break;
    case FAST_ADD_F: d.f = p->f + q->f; break;
    case FAST_SUB_F: d.f = p->f - q->f; break;
    default: d.f = p->f * q->f; break;
    }
    *out = d;
    return !over;
}

static struct error *
call_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    if (e->overload->fn == NULL)
        return err_new(ERR_INTERNAL, "%s() cannot be evaluated here", e->overload->name);
    if (e->n_args > OVERLOAD_MAX_ARGS || e->n_args == 0)
        return row_by_row(x, e, r, out);
    struct operand o[OVERLOAD_MAX_ARGS];
    for (int j = 0; j < e->n_args; j++)
        ERR_TRY(get(x, e->args[j], r, &o[j]));
    enum fast f = fast_of(e);
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        struct datum args[OVERLOAD_MAX_ARGS];
        if (f != FAST_NONE) {
            const struct datum *p = AT(o[0], i), *q = AT(o[1], i);
            if (p->null || q->null) {
                out[i] = DATUM_NULL;
                continue;
            }
            if (fast_row(f, p, q, &out[i]))
                continue;
        }
        for (int j = 0; j < e->n_args; j++)
            args[j] = *AT(o[j], i);
        ERR_TRY(eval_call(&e->call, x->env, args, &out[i]));
    }
    return NULL;
}

/* ---- logic ---- */

/* The rows of r whose value in v is not `decided` (NULL counts as undecided). */
static struct rows
undecided(struct vec_ctx *x, struct rows r, const struct datum *v, bool decided)
{
    uint16_t *sel = arena_alloc(x->env->arena, (size_t)(r.n + 1) * sizeof(*sel));
    int n = 0;
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        if (v[i].null || (v[i].i != 0) != decided)
            sel[n++] = (uint16_t)i;
    }
    return (struct rows){sel, n};
}

static struct error *
logic_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    bool is_or = e->kind == EXPR_OR;
    ERR_TRY(eval_vec(x, e->args[0], r, out));
    struct rows rest = undecided(x, r, out, is_or);
    if (rest.n == 0)
        return NULL;
    struct operand o;
    ERR_TRY(get(x, e->args[1], rest, &o));
    for (int k = 0; k < rest.n; k++) {
        int i = ROW(rest, k);
        const struct datum *q = AT(o, i);
        if (!q->null && (q->i != 0) == is_or)
            out[i] = datum_bool(is_or);
        else if (q->null)
            out[i] = DATUM_NULL;
        /* else the left one stays: NULL, or the neutral value */
    }
    return NULL;
}

/* Rows where v is true, the others into *no. */
static struct rows
split_true(struct vec_ctx *x, struct rows r, const struct datum *v, struct rows *no)
{
    uint16_t *yes = arena_alloc(x->env->arena, (size_t)(r.n + 1) * sizeof(*yes));
    uint16_t *rest = arena_alloc(x->env->arena, (size_t)(r.n + 1) * sizeof(*rest));
    int n = 0, m = 0;
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        if (!v[i].null && v[i].i)
            yes[n++] = (uint16_t)i;
        else
            rest[m++] = (uint16_t)i;
    }
    *no = (struct rows){rest, m};
    return (struct rows){yes, n};
}

static struct error *
case_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    if (e->has_operand)
        return row_by_row(x, e, r, out);
    struct datum *cond = new_vec(x);
    int j = 0;
    for (; j + 1 < e->n_args && r.n > 0; j += 2) {
        struct rows no;
        ERR_TRY(eval_vec(x, e->args[j], r, cond));
        struct rows yes = split_true(x, r, cond, &no);
        if (yes.n > 0)
            ERR_TRY(eval_vec(x, e->args[j + 1], yes, out));
        r = no;
    }
    if (r.n == 0)
        return NULL;
    if (j < e->n_args)
        return eval_vec(x, e->args[j], r, out);
    for (int k = 0; k < r.n; k++)
        out[ROW(r, k)] = DATUM_NULL;
    return NULL;
}

static struct error *
if_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    struct datum *cond = new_vec(x);
    struct rows no;
    ERR_TRY(eval_vec(x, e->args[0], r, cond));
    struct rows yes = split_true(x, r, cond, &no);
    if (yes.n > 0)
        ERR_TRY(eval_vec(x, e->args[1], yes, out));
    return no.n > 0 ? eval_vec(x, e->args[2], no, out) : NULL;
}

static struct error *
coalesce_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    for (int j = 0; j < e->n_args && r.n > 0; j++) {
        ERR_TRY(eval_vec(x, e->args[j], r, out));
        uint16_t *sel = arena_alloc(x->env->arena, (size_t)(r.n + 1) * sizeof(*sel));
        int n = 0;
        for (int k = 0; k < r.n; k++)
            if (out[ROW(r, k)].null)
                sel[n++] = (uint16_t)ROW(r, k);
        r = (struct rows){sel, n};
    }
    return NULL;
}

/* ---- the rest ---- */

static struct error *
in_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    struct operand o;
    for (int j = 1; j < e->n_args; j++)
        if (e->args[j]->kind != EXPR_CONST)
            return row_by_row(x, e, r, out);
    ERR_TRY(get(x, e->args[0], r, &o));
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        ERR_TRY(eval_in(e, x->env, AT(o, i), NULL, &out[i]));
    }
    return NULL;
}

static struct error *
unary_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    struct operand o;
    ERR_TRY(get(x, e->args[0], r, &o));
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        const struct datum *p = AT(o, i);
        if (e->kind == EXPR_IS_NULL)
            out[i] = datum_bool(p->null != e->negated);
        else if (p->null)
            out[i] = DATUM_NULL;
        else if (e->kind == EXPR_NOT)
            out[i] = datum_bool(!p->i);
        else if (e->kind == EXPR_FIELD)
            out[i] = p->tup[e->index];
        else
            out[i] = *p;
    }
    return NULL;
}

static struct error *
cast_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    struct operand o;
    struct cast c = cast_find(e->args[0]->type, e->type);
    ERR_TRY(get(x, e->args[0], r, &o));
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        ERR_TRY(cast_value(&c, x->env, AT(o, i), &out[i]));
    }
    return NULL;
}

static struct error *
fill(const struct expr *e, struct rows r, struct datum *out)
{
    for (int k = 0; k < r.n; k++)
        out[ROW(r, k)] = e->value;
    return NULL;
}

static struct error *
column_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    const struct datum *v = x->b->cols[e->index];
    if (v == NULL)
        return err_new(ERR_INTERNAL, "column %d is not in the batch", e->index);
    for (int k = 0; k < r.n; k++)
        out[ROW(r, k)] = v[ROW(r, k)];
    return NULL;
}

static struct error *
eval_vec(struct vec_ctx *x, const struct expr *e, struct rows r, struct datum *out)
{
    switch (e->kind) {
    case EXPR_CONST: return fill(e, r, out);
    case EXPR_COLUMN: return column_vec(x, e, r, out);
    case EXPR_COMPARE: return compare_vec(x, e, r, out);
    case EXPR_CALL: return call_vec(x, e, r, out);
    case EXPR_AND:
    case EXPR_OR: return logic_vec(x, e, r, out);
    case EXPR_CASE: return case_vec(x, e, r, out);
    case EXPR_IF: return if_vec(x, e, r, out);
    case EXPR_COALESCE: return coalesce_vec(x, e, r, out);
    case EXPR_IN: return in_vec(x, e, r, out);
    case EXPR_CAST: return cast_vec(x, e, r, out);
    case EXPR_NOT:
    case EXPR_IS_NULL:
    case EXPR_FIELD:
    case EXPR_COLLATE: return unary_vec(x, e, r, out);
    default: return row_by_row(x, e, r, out);
    }
}

static void
note_change(void *arg, const struct expr *e)
{
    bool *changes = arg;
    *changes |= (e->kind == EXPR_CALL && e->overload->changes) ||
                (e->kind == EXPR_SUBQUERY && e->subquery->changes);
}

bool
expr_changes(const struct expr *e)
{
    bool changes = false;
    if (e->volatility != IMMUTABLE)
        expr_walk(e, note_change, &changes);
    return changes;
}

struct error *
expr_eval_batch(const struct expr *e, const struct eval_env *env, struct exec_state *st,
                const struct batch *b, struct datum *out)
{
    struct vec_ctx x = {env, st, b};
    struct rows r = {b->sel, batch_live(b)};
    if (expr_changes(e))
        return row_by_row(&x, e, r, out);
    struct error *err = eval_vec(&x, e, r, out);
    if (err == NULL || !expr_error_is_of_row(e, err))
        return err;
    /* Column by column, one failed. Users expect the error of the first row that has one; no row may have it,
     * as rows do not look at what stands behind a NULL. */
    err_free(err);
    return row_by_row(&x, e, r, out);
}

struct error *
expr_filter_batch(const struct expr *e, const struct eval_env *env, struct exec_state *st,
                  struct batch *b)
{
    if (e->kind == EXPR_AND && !expr_changes(e)) {
        ERR_TRY(expr_filter_batch(e->args[0], env, st, b));
        return batch_live(b) == 0 ? NULL : expr_filter_batch(e->args[1], env, st, b);
    }
    struct vec_ctx x = {env, st, b};
    struct rows r = {b->sel, batch_live(b)};
    struct operand o;
    if (expr_changes(e)) {
        struct datum *v = new_vec(&x);
        o = (struct operand){v, 1};
        ERR_TRY(row_by_row(&x, e, r, v));
    } else {
        ERR_TRY(get(&x, e, r, &o));
    }
    uint16_t *sel = arena_alloc(env->arena, (size_t)(r.n + 1) * sizeof(*sel));
    int n = 0;
    for (int k = 0; k < r.n; k++) {
        int i = ROW(r, k);
        const struct datum *p = AT(o, i);
        if (!p->null && p->i)
            sel[n++] = (uint16_t)i;
    }
    b->sel = sel;
    b->n_sel = n;
    return NULL;
}

bool
expr_error_is_of_row(const struct expr *e, const struct error *err)
{
    return e->volatility != VOLATILE && err->code != ERR_QUERY_CANCELED &&
           err->code != ERR_SERIALIZATION_FAILURE && err->code != ERR_OUT_OF_MEMORY;
}

struct error *
expr_filter_rows(const struct expr *e, const struct eval_env *env, struct exec_state *st,
                 struct batch *b, struct error **later)
{
    struct rows r = {b->sel, batch_live(b)};
    struct error *err = expr_filter_batch(e, env, st, b);
    if (err == NULL || !expr_error_is_of_row(e, err))
        return err;
    struct datum *row = ARENA_ARRAY(env->arena, struct datum, (size_t)b->n_cols + 1);
    uint16_t *sel = arena_alloc(env->arena, (size_t)(r.n + 1) * sizeof(*sel));
    int n = 0;
    for (int k = 0; k < r.n; k++) {
        struct datum holds;
        int i = ROW(r, k);
        for (int c = 0; c < b->n_cols; c++)
            row[c] = b->cols[c] != NULL ? b->cols[c][i] : DATUM_NULL;
        struct error *own = expr_eval(e, env, st, row, &holds);
        if (own != NULL) {
            err_free(err);
            b->sel = sel;
            b->n_sel = n;
            *later = n > 0 ? own : NULL;
            return n > 0 ? NULL : own;
        }
        if (!holds.null && holds.i)
            sel[n++] = (uint16_t)i;
    }
    err_free(err); /* of something behind a NULL */
    b->sel = sel;
    b->n_sel = n;
    return NULL;
}
