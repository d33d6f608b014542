/* planner/type_overload.c - which overload a call means, by v20.1's rules.
 *
 * Arguments are constants (not typed yet), placeholders without a type, and the rest. Candidates are
 * thrown out by what constants can become and by the types of the rest; what is left is thinned by
 * the wished result, one type for all, the constants' natural types, what they really parse as, and
 * preference. SOURCE: behaviour of CockroachDB v20.1 (sql.md 6).
 */
#include "config.h"

#include "planner/builtins.h"
#include "planner/type_int.h"

struct resolution {
    struct type_ctx *c;
    const struct type *desired;
    struct cand *cands;
    int n;              /* candidates left: cands[idx[0 .. n)] */
    int *idx;
    bool binary;
    struct tc_arg *args;
    int n_args;
    int n_const, n_placeholder, n_resolvable;
    const struct type *elem; /* of polymorphic candidates, once known */
    bool done;
};

/* ---- candidates ---- */

void
cand_from_overload(struct cand *k, const struct overload *o)
{
    *k = (struct cand){.variadic = o->variadic, .ret = o->ret_fn != NULL ? NULL : o->ret,
                       .preferred = o->preferred, .null_args = o->null_args, .impl = o};
    int arrays = 0, anys = 0;
    while (k->n_params < OVERLOAD_MAX_ARGS && o->args[k->n_params] != NULL) {
        const struct type *p = o->args[k->n_params];
        k->params[k->n_params++] = p;
        arrays += p->family == FAMILY_ARRAY && p->elem != NULL && p->elem->family == FAMILY_ANY;
        anys += p->family == FAMILY_ANY;
    }
    k->poly = !o->is_generator && !o->any_apart && (arrays > 1 || (arrays == 1 && anys > 0));
}

static bool
arity_fits(const struct overload *o, int n)
{
    int m = 0;
    while (m < OVERLOAD_MAX_ARGS && o->args[m] != NULL)
        m++;
    return m == n;
}

static void
collect(struct type_ctx *c, const struct overload_table *t, const char *name, int n_args,
        struct cand **v, int *n, int *cap)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct overload *o = &t->v[i];
        if (o->name[0] != name[0] || strcmp(o->name, name) != 0)
            continue;
        if (n_args > 0 && !arity_fits(o, n_args))
            continue;
        if (*n == *cap) {
            int bigger = *cap == 0 ? 16 : *cap * 2;
            *v = arena_realloc(c->arena, *v, (size_t)*cap * sizeof(**v),
                               (size_t)bigger * sizeof(**v));
            *cap = bigger;
        }
        cand_from_overload(&(*v)[(*n)++], o);
    }
}

int
overload_candidates(struct type_ctx *c, const char *name, bool is_operator, int n_args,
                    struct cand **out)
{
    int n = 0, cap = 0;
    *out = NULL;
    for (size_t i = 0; i < n_type_overload_tables; i++)
        if (type_overload_tables[i]->is_operator == is_operator)
            collect(c, type_overload_tables[i], name, n_args, out, &n, &cap);
    for (size_t i = 0; i < n_planner_overload_tables; i++)
        if (planner_overload_tables[i]->is_operator == is_operator)
            collect(c, planner_overload_tables[i], name, n_args, out, &n, &cap);
    return n;
}

static const struct overload *
first_in(const struct overload_table *t, const char *name)
{
    if (!t->is_operator)
        for (size_t i = 0; i < t->n; i++)
            if (t->v[i].name[0] == name[0] && strcmp(t->v[i].name, name) == 0)
                return &t->v[i];
    return NULL;
}

const struct overload *
overload_first(const char *name)
{
    const struct overload *o = NULL;
    for (size_t i = 0; o == NULL && i < n_type_overload_tables; i++)
        o = first_in(type_overload_tables[i], name);
    for (size_t i = 0; o == NULL && i < n_planner_overload_tables; i++)
        o = first_in(planner_overload_tables[i], name);
    return o;
}

const char *
tc_candidates_hint(struct type_ctx *c, const char *prefix, const struct cand *cands, int n)
{
    struct str s;
    str_init_arena(&s, c->arena, 64 << 10);
    str_append_cstr(&s, "candidates are:\n");
    for (int i = 0; i < n; i++) {
        str_printf(&s, "%s(", prefix);
        for (int j = 0; j < cands[i].n_params; j++)
            str_printf(&s, "%s%s", j > 0 ? ", " : "", tc_name(c, cands[i].params[j]));
        if (cands[i].variadic != NULL)
            str_printf(&s, "%s%s...", cands[i].n_params > 0 ? ", " : "",
                       tc_name(c, cands[i].variadic));
        str_printf(&s, ") -> %s%s\n", cands[i].ret != NULL ? tc_name(c, cands[i].ret) : "anyelement",
                   cands[i].preferred ? " [preferred]" : "");
    }
    return str_cstr(&s);
}

void
tc_split(struct type_ctx *c, struct tc_arg *args, int n)
{
    for (int i = 0; i < n; i++) {
        if (args[i].typed != NULL || args[i].ast == NULL)
            args[i].kind = ARG_RESOLVABLE;
        else if (uconst_fold(c, args[i].ast, &args[i].k))
            args[i].kind = ARG_CONST;
        else if (tc_is_open_placeholder(c, args[i].ast))
            args[i].kind = ARG_PLACEHOLDER;
        else
            args[i].kind = ARG_RESOLVABLE;
    }
}

/* ---- filters ---- */

static const struct type *
param_at(struct resolution *r, const struct cand *k, int i)
{
    const struct type *p = i < k->n_params ? k->params[i] : k->variadic;
    if (k->poly && r->elem != NULL && p != NULL) {
        if (p->family == FAMILY_ANY)
            return r->elem;
        if (p->family == FAMILY_ARRAY && p->elem != NULL && p->elem->family == FAMILY_ANY)
            return type_array_of(r->c->arena, r->elem);
    }
    return p;
}

typedef bool (*filter_fn)(struct resolution *r, const struct cand *k, int i, const void *arg);

static void
filter(struct resolution *r, filter_fn keep, int i, const void *arg)
{
    int n = 0;
    for (int j = 0; j < r->n; j++)
        if (keep(r, &r->cands[r->idx[j]], i, arg))
            r->idx[n++] = r->idx[j];
    r->n = n;
}

static bool
keep_length(struct resolution *r, const struct cand *k, int i, const void *arg)
{
    (void)i, (void)arg;
    return r->n_args == k->n_params || (k->variadic != NULL && r->n_args > k->n_params);
}

static bool
keep_const(struct resolution *r, const struct cand *k, int i, const void *arg)
{
    (void)arg;
    return uconst_can_become(&r->args[i].k, param_at(r, k, i));
}

static bool
matches(const struct type *param, const struct type *t)
{
    if (t->family == FAMILY_UNKNOWN)
        return true;
    if (t->family == FAMILY_TUPLE)
        return param->family == FAMILY_ANY || param->family == FAMILY_TUPLE;
    return tc_equiv(param, t);
}

static bool
keep_type(struct resolution *r, const struct cand *k, int i, const void *arg)
{
    return matches(param_at(r, k, i), arg);
}

static bool
keep_equiv(struct resolution *r, const struct cand *k, int i, const void *arg)
{
    return tc_equiv(param_at(r, k, i), arg);
}

static bool
keep_parse(struct resolution *r, const struct cand *k, int i, const void *arg)
{
    (void)arg;
    struct expr *e;
    struct error *err = uconst_resolve(r->c, &r->args[i].k, param_at(r, k, i), &e);
    err_free(err);
    return err == NULL;
}

static bool
keep_ret(struct resolution *r, const struct cand *k, int i, const void *arg)
{
    (void)r, (void)i;
    return k->ret == NULL || tc_equiv(k->ret, arg);
}

static bool
keep_preferred(struct resolution *r, const struct cand *k, int i, const void *arg)
{
    (void)r, (void)i, (void)arg;
    return k->preferred;
}

/* ---- endings ---- */

static struct error *
placeholder_node(struct resolution *r, int i)
{
    const struct ast_expr *e = tc_strip(r->args[i].ast);
    struct expr *p = expr_new(r->c->arena, EXPR_PLACEHOLDER, &TYPE_ANY, e->pos, 0);
    p->index = e->placeholder - 1;
    r->args[i].typed = p;
    return NULL;
}

static struct error *
default_types(struct resolution *r, bool fail_on_placeholders)
{
    for (int i = 0; i < r->n_args; i++) {
        struct tc_arg *a = &r->args[i];
        if (a->kind == ARG_CONST)
            ERR_TRY(uconst_type(r->c, &a->k, NULL, &a->typed));
    }
    for (int i = 0; i < r->n_args; i++) {
        struct tc_arg *a = &r->args[i];
        if (a->kind != ARG_PLACEHOLDER)
            continue;
        if (fail_on_placeholders)
            return type_expr(r->c, a->ast, NULL, &a->typed);
        if (a->typed == NULL) /* not tried as the others' type, which the error names then */
            ERR_TRY(placeholder_node(r, i));
    }
    return NULL;
}

/* Whether a typed argument is what the parameter asks for; constants may have come out otherwise
 * (array_append(ARRAY[1], 1.5)), and polymorphic parameters depend on each other. */
static bool
fits(const struct type *want, const struct expr *e)
{
    if (want == NULL || e == NULL || tc_unknown(e) || want->family == FAMILY_ANY)
        return true;
    if (want->family == FAMILY_ARRAY && (want->elem == NULL || want->elem->family == FAMILY_ANY))
        return e->type->family == FAMILY_ARRAY;
    if (want->family == FAMILY_ARRAY && e->type->family == FAMILY_ARRAY && e->type->elem != NULL &&
        e->type->elem->family == FAMILY_UNKNOWN)
        return true;
    return matches(want, e->type);
}

/* None left: done, with an error for the caller to word. One left: done when constants and
 * placeholders take its types. */
static struct error *
check(struct resolution *r)
{
    if (r->n == 0) {
        r->done = true;
        return default_types(r, false);
    }
    if (r->n > 1)
        return NULL;
    const struct cand *k = &r->cands[r->idx[0]];
    for (int i = 0; k->poly && r->elem == NULL && i < r->n_args; i++)
        if (r->args[i].kind == ARG_CONST && i < k->n_params &&
            k->params[i]->family == FAMILY_ANY) /* array_append('{1}', 2) */
            r->elem = uconst_natural(&r->args[i].k);
    for (int i = 0; i < r->n_args; i++) {
        struct tc_arg *a = &r->args[i];
        const struct type *want = param_at(r, k, i);
        struct error *e = NULL;
        if (a->kind == ARG_CONST)
            e = uconst_type(r->c, &a->k, want, &a->typed);
        else if (a->kind == ARG_PLACEHOLDER)
            e = type_expr(r->c, a->ast, want, &a->typed);
        if (e != NULL) {
            err_free(e);
            return NULL;
        }
    }
    r->done = true;
    for (int i = 0; i < r->n_args; i++)
        if ((k->poly || r->args[i].kind == ARG_CONST) &&
            !fits(param_at(r, k, i), r->args[i].typed)) {
            r->n = 0;
            return default_types(r, false);
        }
    return NULL;
}

/* The types of the rest, if they are one. */
static const struct type *
homogeneous(const struct resolution *r)
{
    const struct type *t = NULL;
    for (int i = 0; i < r->n_args; i++) {
        if (r->args[i].kind != ARG_RESOLVABLE)
            continue;
        const struct type *x = r->args[i].typed->type;
        if (t == NULL)
            t = x;
        else if (!tc_equiv(t, x))
            return NULL;
    }
    return t;
}

/* ---- heuristics ---- */

struct saved { int n; int *idx; };

static struct saved
save(struct resolution *r)
{
    return (struct saved){r->n, arena_memdup(r->c->arena, r->idx, (size_t)r->n * sizeof(int))};
}

/* After an attempt: one left that fits ends it; otherwise all come back. */
static struct error *
attempt_end(struct resolution *r, struct saved s)
{
    if (r->n == 1)
        ERR_TRY(check(r));
    if (!r->done) {
        r->n = s.n;
        memcpy(r->idx, s.idx, (size_t)s.n * sizeof(int));
    }
    return NULL;
}

static const struct type *
common_const(const struct resolution *r)
{
    const struct type *best = NULL;
    const struct tc_arg *head = NULL;
    for (int i = 0; i < r->n_args && head == NULL; i++)
        if (r->args[i].kind == ARG_CONST)
            head = &r->args[i];
    int n;
    const struct type *const *v = uconst_types(&head->k, true, &n);
    for (int j = 0; j < n && best == NULL; j++) {
        bool all = true;
        for (int i = 0; i < r->n_args && all; i++) {
            if (r->args[i].kind != ARG_CONST)
                continue;
            int m;
            const struct type *const *w = uconst_types(&r->args[i].k, true, &m);
            bool has = false;
            for (int k = 0; k < m; k++)
                has |= tc_equiv(v[j], w[k]);
            all = has;
        }
        if (all)
            best = v[j];
    }
    return best;
}

static struct error *
try_consts(struct resolution *r, const struct type **homo)
{
    struct saved s = save(r);
    if (*homo != NULL) {
        bool all = true;
        for (int i = 0; i < r->n_args; i++)
            if (r->args[i].kind == ARG_CONST)
                all &= uconst_can_become(&r->args[i].k, *homo);
        if (all)
            for (int i = 0; i < r->n_args; i++)
                if (r->args[i].kind == ARG_CONST)
                    filter(r, keep_equiv, i, *homo);
    }
    ERR_TRY(attempt_end(r, s));
    if (r->done)
        return NULL;

    s = save(r);
    for (int i = 0; i < r->n_args; i++)
        if (r->args[i].kind == ARG_CONST)
            filter(r, keep_equiv, i, uconst_natural(&r->args[i].k));
    ERR_TRY(attempt_end(r, s));
    if (r->done)
        return NULL;

    for (int i = 0; i < r->n_args; i++)
        if (r->args[i].kind == ARG_CONST)
            filter(r, keep_parse, i, NULL);
    ERR_TRY(check(r));
    if (r->done)
        return NULL;

    const struct type *best = common_const(r);
    if (best == NULL)
        return NULL;
    for (int i = 0; i < r->n_args; i++)
        if (r->args[i].kind == ARG_CONST)
            filter(r, keep_equiv, i, best);
    ERR_TRY(check(r));
    if (*homo == NULL)
        *homo = best;
    else if (!tc_equiv(*homo, best))
        *homo = NULL;
    return NULL;
}

static struct error *
try_placeholders(struct resolution *r, const struct type *homo)
{
    for (int i = 0; i < r->n_args; i++) {
        if (r->args[i].kind != ARG_PLACEHOLDER)
            continue;
        ERR_TRY(type_expr(r->c, r->args[i].ast, homo, &r->args[i].typed));
        filter(r, keep_equiv, i, homo);
    }
    return check(r);
}

/* NULL op x: take the candidate where both sides are x's type. */
static struct error *
try_null(struct resolution *r)
{
    struct expr *side[2];
    for (int i = 0; i < 2; i++) {
        side[i] = r->args[i].typed;
        if (side[i] == NULL) {
            struct error *e = type_expr(r->c, r->args[i].ast, NULL, &side[i]);
            if (e != NULL) {
                err_free(e);
                return NULL;
            }
        }
    }
    bool l = tc_unknown(side[0]), m = tc_unknown(side[1]);
    if (l == m)
        return NULL;
    const struct type *t = l ? side[1]->type : side[0]->type;
    struct saved s = save(r);
    filter(r, keep_equiv, 0, t);
    filter(r, keep_equiv, 1, t);
    return attempt_end(r, s);
}

static struct error *
type_resolvables(struct resolution *r)
{
    for (int i = 0; i < r->n_args; i++) {
        struct tc_arg *a = &r->args[i];
        if (a->kind != ARG_RESOLVABLE)
            continue;
        const struct type *same = NULL;
        for (int j = 0; j < r->n; j++) {
            const struct type *p = param_at(r, &r->cands[r->idx[j]], i);
            if (j == 0)
                same = p;
            else if (same != NULL && !type_equal(p, same))
                same = NULL;
        }
        if (a->typed == NULL)
            ERR_TRY(type_expr(r->c, a->ast, same, &a->typed));
        const struct type *t = a->typed->type;
        filter(r, keep_type, i, t);
        if (r->elem == NULL && t->family != FAMILY_UNKNOWN && t->family != FAMILY_ANY) {
            bool poly = false;
            const struct type *p = NULL;
            for (int j = 0; j < r->n && !poly; j++) {
                poly = r->cands[r->idx[j]].poly;
                p = param_at(r, &r->cands[r->idx[j]], i);
            }
            if (poly && p != NULL && (p->family == FAMILY_ARRAY || p->family == FAMILY_ANY))
                r->elem = t->family == FAMILY_ARRAY ? t->elem : t;
            if (r->elem != NULL && r->elem->family == FAMILY_UNKNOWN)
                r->elem = NULL;
            if (r->elem != NULL)
                filter(r, keep_type, i, t); /* an array is no element of its own kind */
        }
    }
    return NULL;
}

static struct error *
resolve(struct resolution *r)
{
    filter(r, keep_length, 0, NULL);
    for (int i = 0; i < r->n_args; i++)
        if (r->args[i].kind == ARG_CONST)
            filter(r, keep_const, i, NULL);
    ERR_TRY(type_resolvables(r));
    ERR_TRY(check(r));
    if (r->done)
        return NULL;
    if (r->desired != NULL && r->desired->family != FAMILY_ANY) {
        filter(r, keep_ret, 0, r->desired);
        ERR_TRY(check(r));
        if (r->done)
            return NULL;
    }
    const struct type *homo = homogeneous(r);
    if (homo != NULL && homo->family == FAMILY_UNKNOWN)
        homo = NULL;
    if (r->n_const > 0) {
        ERR_TRY(try_consts(r, &homo));
        if (r->done)
            return NULL;
    }
    struct saved s = save(r);
    filter(r, keep_preferred, 0, NULL);
    ERR_TRY(attempt_end(r, s));
    if (r->done)
        return NULL;
    if (homo != NULL && r->n_placeholder > 0) {
        ERR_TRY(try_placeholders(r, homo));
        if (r->done)
            return NULL;
    }
    if (r->binary && r->n_args == 2) {
        ERR_TRY(try_null(r));
        if (r->done)
            return NULL;
    }
    return default_types(r, true);
}

struct error *
tc_resolve(struct type_ctx *c, const struct type *desired, struct cand *cands, int n, bool binary,
           struct tc_arg *args, int n_args, int *n_left)
{
    struct resolution r = {.c = c, .desired = desired, .cands = cands, .n = n, .binary = binary,
                           .args = args, .n_args = n_args,
                           .idx = ARENA_ARRAY(c->arena, int, (size_t)n + 1)};
    tc_split(c, args, n_args);
    for (int i = 0; i < n_args; i++) {
        r.n_const += args[i].kind == ARG_CONST;
        r.n_placeholder += args[i].kind == ARG_PLACEHOLDER;
        r.n_resolvable += args[i].kind == ARG_RESOLVABLE;
    }
    for (int i = 0; i < n; i++)
        r.idx[i] = i;
    ERR_TRY(resolve(&r));
    struct cand *left = ARENA_ARRAY(c->arena, struct cand, (size_t)r.n + 1);
    for (int i = 0; i < r.n; i++)
        left[i] = cands[r.idx[i]];
    memcpy(cands, left, (size_t)r.n * sizeof(*left));
    *n_left = r.n;
    tc_note_args(c, args, n_args);
    return NULL;
}

void
tc_note_args(struct type_ctx *c, const struct tc_arg *args, int n)
{
    if (c->notes == NULL)
        return;
    for (int i = 0; i < n; i++)
        if (args[i].ast != NULL && args[i].typed != NULL)
            type_notes_put(c->notes, args[i].ast, args[i].typed);
}

const struct overload *
operator_find(const char *name, const struct type *l, const struct type *r)
{
    for (size_t i = 0; i < n_type_overload_tables; i++) {
        const struct overload_table *t = type_overload_tables[i];
        for (size_t j = 0; t->is_operator && j < t->n; j++) {
            const struct overload *o = &t->v[j];
            if (strcmp(o->name, name) == 0 && arity_fits(o, 2) && tc_equiv(o->args[0], l) &&
                tc_equiv(o->args[1], r))
                return o;
        }
    }
    return NULL;
}
