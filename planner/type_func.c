/* planner/type_func.c - calls of functions, operators that are overloads. */
#include "config.h"

#include "planner/aggregate.h"
#include "planner/type_int.h"

/* "lower", "crdb_internal.cluster_id"; pg_catalog. in front says nothing. */
static const char *
function_name(struct type_ctx *c, const struct ast_func *f)
{
    struct str s;
    str_init_arena(&s, c->arena, 64 << 10);
    int from = 0;
    if (f->part_count >= 2 && slice_eq(f->parts[f->part_count - 2], SLICE_LIT("pg_catalog")))
        from = f->part_count - 1;
    else if (f->part_count == 3) /* a database in front of a virtual schema */
        from = 1;
    for (int i = from; i < f->part_count; i++) {
        if (i > from)
            str_append_char(&s, '.');
        str_append_slice(&s, f->parts[i]);
    }
    return str_cstr(&s);
}

struct error *
tc_signature_error(struct type_ctx *c, const char *name, const struct type *desired,
                   const struct tc_arg *args, int n_args, const struct cand *cands, int n, int pos)
{
    struct str s;
    str_init_arena(&s, c->arena, 1 << 20);
    str_printf(&s, "%s(", name);
    for (int i = 0; i < n_args; i++)
        str_printf(&s, "%s%s", i > 0 ? ", " : "",
                   args[i].typed != NULL ? tc_name(c, args[i].typed->type) : "unknown");
    str_append_char(&s, ')');
    if (desired != NULL && desired->family != FAMILY_ANY)
        str_printf(&s, " (desired <%s>)", tc_name(c, desired));
    if (n == 0)
        return err_at(err_new(ERR_UNDEFINED_FUNCTION, "unknown signature: %s", str_cstr(&s)), pos);
    return err_at(err_hint(err_new(ERR_AMBIGUOUS_FUNCTION, "ambiguous call: %s", str_cstr(&s)),
                           "%s", tc_candidates_hint(c, name, cands, n)), pos);
}

/* "name(): " in front of what typing the arguments found. */
static struct error *
in_call(struct error *e, const char *name)
{
    if (e == NULL || tc_undecorated(e))
        return e;
    return err_wrap(e, "%s()", name);
}

static struct error *
push_generator(struct type_ctx *c, struct expr *call, const char *name, struct expr **out)
{
    struct generator_list *g = c->generators;
    if (g == NULL || (c->reject & REJECT_GENERATORS) != 0)
        return err_at(err_new(ERR_FEATURE_NOT_SUPPORTED,
                              "%s(): generator functions are not allowed in %s", name,
                              c->clause != NULL ? c->clause : "this context"), call->position);
    if (c->in_func)
        return err_at(err_new(ERR_FEATURE_NOT_SUPPORTED,
                              "%s(): set-returning functions must appear at the top level of %s",
                              name, c->clause != NULL ? c->clause : "SELECT"), call->position);
    if (g->n == g->cap) {
        int cap = g->cap == 0 ? 4 : g->cap * 2;
        g->v = arena_realloc(c->arena, g->v, (size_t)g->cap * sizeof(*g->v),
                             (size_t)cap * sizeof(*g->v));
        g->cap = cap;
    }
    g->v[g->n] = call;
    struct expr *e = expr_new(c->arena, EXPR_GENERATOR, call->type, call->position, 0);
    e->index = g->n++;
    e->volatility = VOLATILE;
    *out = e;
    return NULL;
}

static struct error *
modifiers(const struct ast_func *f, const char *name, int pos)
{
    if (f->filter != NULL)
        return err_at(err_new(ERR_WRONG_OBJECT_TYPE,
                              "FILTER specified but %s() is not an aggregate function", name), pos);
    if (f->quantifier == AST_FUNC_DISTINCT)
        return err_at(err_new(ERR_WRONG_OBJECT_TYPE,
                              "DISTINCT specified, but %s() is not an aggregate function", name),
                      pos);
    if (f->order_by.count > 0)
        return err_at(err_new(ERR_WRONG_OBJECT_TYPE,
                              "ORDER BY specified, but %s() is not an aggregate function", name),
                      pos);
    return NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sem/builtins/builtins.go marks whole functions as impure: those that
 * change, and those that tell the time or the session, not those that a setting has a say in. */
static bool
is_impure(const struct overload *o)
{
    static const char *const clocks[] = {"current_timestamp", "localtimestamp", "current_time",
                                         "localtime", "age"};

    if (o->volatility != STABLE)
        return o->volatility == VOLATILE;
    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
        if (strcmp(o->name, clocks[i]) == 0)
            return true;
    return o->args[0] == NULL && o->variadic == NULL;
}

static struct error *
impure(struct type_ctx *c, const struct overload *o, const char *name, int pos)
{
    if ((c->reject & REJECT_VOLATILE) != 0 && is_impure(o))
        return err_at(err_new(ERR_FEATURE_NOT_SUPPORTED,
                              "%s(): impure functions are not allowed in %s", name,
                              c->clause != NULL ? c->clause : "this context"), pos);
    return NULL;
}

static bool
is_homogeneous(const char *name)
{
    return strcmp(name, "greatest") == 0 || strcmp(name, "least") == 0;
}

/* greatest, least: one type for all. */
static struct error *
type_homogeneous(struct type_ctx *c, const struct ast_expr *e, const char *name,
                 const struct overload *o, const struct type *desired, struct expr **out)
{
    const struct ast_func *f = e->func;
    struct expr **typed = ARENA_ARRAY(c->arena, struct expr *, (size_t)f->args.count + 1);
    const struct type *t;
    if (f->args.count == 0)
        return tc_signature_error(c, name, desired, NULL, 0, NULL, 0, e->pos);
    struct error *err = tc_same(c, desired, f->args.count,
                                (const struct ast_expr *const *)f->args.items, typed, &t);
    ERR_TRY(in_call(err, name));
    if (t->family == FAMILY_UNKNOWN) {
        *out = expr_null(c->arena, &TYPE_UNKNOWN);
        return NULL;
    }
    for (int i = 0; i < f->args.count; i++)
        if (tc_unknown(typed[i]))
            typed[i] = expr_null(c->arena, t);
    *out = expr_make_call(c, o, e->pos, f->args.count, typed);
    (*out)->type = t;
    if ((*out)->kind == EXPR_CALL)
        (*out)->call.type = t;
    return NULL;
}

static struct error *
type_scalar(struct type_ctx *c, const struct ast_expr *e, const char *name,
            const struct type *desired, struct expr **out)
{
    const struct ast_func *f = e->func;
    int n_args = f->args.count, n;
    struct cand *cands;
    n = overload_candidates(c, name, false, 0, &cands);
    const struct overload *first = cands[0].impl;
    struct tc_arg *args = ARENA_ARRAY(c->arena, struct tc_arg, (size_t)n_args + 1);
    for (int i = 0; i < n_args; i++)
        args[i].ast = f->args.items[i];
    bool was = c->in_func;
    c->in_func = true;
    struct error *err = tc_resolve(c, desired, cands, n, false, args, n_args, &n);
    c->in_func = was;
    ERR_TRY(in_call(err, name));
    if (n > 0 && !first->is_generator) {
        bool takes_null = false, has_null = false;
        for (int i = 0; i < n; i++)
            takes_null |= cands[i].null_args;
        for (int i = 0; i < n_args; i++)
            has_null |= tc_unknown(args[i].typed);
        if (has_null && !takes_null) {
            *out = expr_null(c->arena, &TYPE_UNKNOWN);
            return NULL;
        }
    }
    if (n != 1)
        return tc_signature_error(c, name, desired, args, n_args, cands, n, e->pos);
    const struct overload *o = cands[0].impl;
    ERR_TRY(impure(c, o, name, e->pos));
    struct expr **typed = ARENA_ARRAY(c->arena, struct expr *, (size_t)n_args + 1);
    for (int i = 0; i < n_args; i++) {
        typed[i] = args[i].typed;
        const struct type *p = i < cands[0].n_params ? cands[0].params[i] : cands[0].variadic;
        if (tc_unknown(typed[i]) && p != NULL && !tc_is_wild(p))
            typed[i] = expr_null(c->arena, p);
    }
    *out = expr_make_call(c, o, e->pos, n_args, typed);
    (*out)->position = e->pos;
    if (o->is_generator)
        return push_generator(c, *out, name, out);
    return NULL;
}

/* The name as it was written, and whether one of that name in lower case exists. */
static struct error *
unknown_function(struct type_ctx *c, const struct ast_func *f)
{
    struct slice last = f->parts[f->part_count - 1];
    char *folded = slice_to_cstr(c->arena, last);
    struct str s;

    str_init_arena(&s, c->arena, 64 << 10);
    for (int i = 0; i < f->part_count; i++) {
        str_append_cstr(&s, i > 0 ? "." : "");
        str_append_slice(&s, f->parts[i]);
    }
    for (char *p = folded; *p != '\0'; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    bool exists = overload_first(folded) != NULL || agg_exists(folded) || window_exists(folded);
    return err_new(ERR_UNDEFINED_FUNCTION, exists ? "unknown function: %s(), but %s() exists"
                                                  : "unknown function: %s()",
                   str_cstr(&s), folded);
}

/* Functions that are known by name only. */
static struct error *
known_by_name(struct type_ctx *c, const struct ast_func *f, const char *name)
{
    static const struct {
        const char *name;
        int issue;
    } v[] = {
        {"final_stddev", 0}, {"final_variance", 0},
        {"json_object_agg", 33285}, {"jsonb_object_agg", 33285},
        {"json_populate_record", 33285}, {"jsonb_populate_record", 33285},
        {"json_populate_recordset", 33285}, {"jsonb_populate_recordset", 33285},
        {"json_to_record", 33285}, {"jsonb_to_record", 33285},
        {"json_to_recordset", 33285}, {"jsonb_to_recordset", 33285},
        {"jsonb_path_exists", 22513}, {"jsonb_path_exists_opr", 22513},
        {"jsonb_path_match", 22513}, {"jsonb_path_match_opr", 22513},
        {"jsonb_path_query", 22513}, {"jsonb_path_query_array", 22513},
        {"jsonb_path_query_first", 22513},
    };
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        if (strcmp(v[i].name, name) != 0)
            continue;
        if (v[i].issue == 0)
            return err_new(ERR_RESERVED_NAME, "%s(): function reserved for internal use", name);
        return err_wrap(err_unimplemented(v[i].issue, "this function is not supported"), "%s()",
                        name);
    }
    return unknown_function(c, f);
}

struct error *
type_func(struct type_ctx *c, const struct ast_expr *e, const struct type *desired,
          struct expr **out)
{
    const struct ast_func *f = e->func;
    const char *name = function_name(c, f);
    bool agg = agg_exists(name), window = window_exists(name);
    if (f->over != NULL) {
        if (agg || window)
            return type_window(c, e, name, desired, out);
        if (overload_first(name) != NULL)
            return err_at(err_new(ERR_WRONG_OBJECT_TYPE, "OVER specified, but %s() is neither a "
                                  "window function nor an aggregate function", name), e->pos);
    }
    if (agg)
        return type_aggregate(c, e, name, desired, out);
    if (window)
        return err_at(err_new(ERR_WRONG_OBJECT_TYPE,
                              "window function %s() requires an OVER clause", name), e->pos);
    const struct overload *o = overload_first(name);
    if (o == NULL)
        return err_at(known_by_name(c, f, name), e->pos);
    ERR_TRY(modifiers(f, name, e->pos));
    if (is_homogeneous(name))
        return type_homogeneous(c, e, name, o, desired, out);
    return type_scalar(c, e, name, desired, out);
}

struct error *
expr_call(struct type_ctx *c, const char *name, int n, struct expr *const *args, struct expr **out)
{
    struct cand *cands;
    int n_left = overload_candidates(c, name, false, 0, &cands);
    if (n_left == 0)
        return err_new(ERR_UNDEFINED_FUNCTION, "unknown function: %s()", name);
    struct tc_arg *a = ARENA_ARRAY(c->arena, struct tc_arg, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        a[i].typed = args[i];
    ERR_TRY(tc_resolve(c, NULL, cands, n_left, false, a, n, &n_left));
    if (n_left != 1)
        return tc_signature_error(c, name, NULL, a, n, cands, n_left, 0);
    *out = expr_make_call(c, cands[0].impl, 0, n, args);
    return NULL;
}
