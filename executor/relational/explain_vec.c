#include "config.h"

#include "executor/relational/explain_int.h"

#include <string.h>

#include "executor/session_int.h"
#include "planner/aggregate.h"

/* EXPLAIN (VEC): the operators of v20.1's vectorized engine that the plan would be made of. Ours are others;
 * the names are those that people know.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/colexec, by the types' names: pkg/sql/colexec/execplan.go says which;
 * what has no vectorized form is one of pkg/sql/rowexec. */

struct vec {
    struct arena *a;
    struct row_store *out;
};

/* Lines of one plan node, the last operator first. */
struct lines {
    struct arena *a;
    const char **v;
    int n, cap;
};

static void
add(struct lines *l, const char *name)
{
    if (l->n == l->cap) {
        int cap = l->cap == 0 ? 8 : 2 * l->cap;
        l->v = arena_realloc(l->a, l->v, (size_t)l->cap * sizeof(l->v[0]),
                             (size_t)cap * sizeof(l->v[0]));
        l->cap = cap;
    }
    l->v[l->n++] = name;
}

/* ---- expressions ------------------------------------------------------------------------------ */

static const char *
type_of(const struct type *t)
{
    switch (t->family) {
    case FAMILY_BOOL:
        return "Bool";
    case FAMILY_INT:
        return t->width == 16 ? "Int16" : t->width == 32 ? "Int32" : "Int64";
    case FAMILY_DATE:
        return "Int64";
    case FAMILY_FLOAT:
        return "Float64";
    case FAMILY_DECIMAL:
        return "Decimal";
    case FAMILY_STRING:
    case FAMILY_BYTES:
    case FAMILY_UUID:
        return "Bytes";
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        return "Timestamp";
    case FAMILY_INTERVAL:
        return "Interval";
    default:
        return "Datum";
    }
}

static const char *const compare_names[] = {[CMP_EQ] = "EQ", [CMP_NE] = "NE", [CMP_LT] = "LT",
                                            [CMP_LE] = "LE", [CMP_GT] = "GT", [CMP_GE] = "GE"};

/* "projPlusInt64Int64ConstOp": of two operands, one of which may be a constant. */
static const char *
two_operands(struct arena *a, const char *kind, const char *name, const struct expr *e)
{
    const struct expr *l = e->args[0], *r = e->args[1];
    return arena_printf(a, "*colexec.%s%s%s%s%s%sOp", kind, name, type_of(l->type),
                        l->kind == EXPR_CONST ? "Const" : "", type_of(r->type),
                        r->kind == EXPR_CONST ? "Const" : "");
}

static const char *
arithmetic_name(const struct expr *e)
{
    static const char *const names[][2] = {{"+", "Plus"}, {"-", "Minus"}, {"*", "Mult"}, {"/", "Div"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && e->n_args == 2; i++)
        if (strcmp(e->overload->name, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

static void add_projection(struct lines *l, const struct expr *e);

static void
add_arguments(struct lines *l, const struct expr *e)
{
    for (int i = e->n_args - 1; i >= 0; i--)
        if (e->args[i] != NULL && e->args[i]->kind != EXPR_CONST)
            add_projection(l, e->args[i]);
}

/* What computes e, then what computes its parts. */
static void
add_projection(struct lines *l, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_COLUMN:
        return;
    case EXPR_CONST:
        add(l, e->value.null ? "*colexec.constNullOp"
                             : arena_printf(l->a, "*colexec.const%sOp", type_of(e->type)));
        return;
    case EXPR_COMPARE:
        add(l, two_operands(l->a, "proj", compare_names[e->cmp], e));
        break;
    case EXPR_CALL:
        add(l, arithmetic_name(e) != NULL ? two_operands(l->a, "proj", arithmetic_name(e), e)
                                          : "*colexec.defaultBuiltinFuncOperator");
        break;
    case EXPR_AND:
        add(l, "*colexec.andProjOp");
        break;
    case EXPR_OR:
        add(l, "*colexec.orProjOp");
        break;
    case EXPR_IS_NULL:
        add(l, "*colexec.isNullProjOp");
        break;
    case EXPR_CASE:
        add(l, "*colexec.caseOp");
        break;
    case EXPR_CAST:
        add(l, arena_printf(l->a, "*colexec.castOp%s%s", type_of(e->args[0]->type), type_of(e->type)));
        break;
    default:
        add(l, "*colexec.defaultBuiltinFuncOperator");
        break;
    }
    add_arguments(l, e);
}

/* What lets through the rows for which e is true. */
static void
add_selection(struct lines *l, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_AND:
        for (int i = e->n_args - 1; i >= 0; i--)
            add_selection(l, e->args[i]);
        return;
    case EXPR_COMPARE:
        if (e->args[0]->kind == EXPR_CONST)
            break;
        add(l, two_operands(l->a, "sel", compare_names[e->cmp], e));
        add_arguments(l, e);
        return;
    case EXPR_IS_NULL:
        add(l, "*colexec.isNullSelOp");
        add_arguments(l, e);
        return;
    case EXPR_IN:
        add(l, arena_printf(l->a, "*colexec.selectInOp%s", type_of(e->args[0]->type)));
        add_projection(l, e->args[0]);
        return;
    default:
        break;
    }
    add(l, "*colexec.boolVecToSelOp");
    add_projection(l, e);
}

/* ---- nodes ------------------------------------------------------------------------------------- */

static const char *
merge_name(enum plan_join_type t)
{
    static const char *const names[] = {
        [PLAN_JOIN_INNER] = "*colexec.mergeJoinInnerOp",
        [PLAN_JOIN_LEFT] = "*colexec.mergeJoinLeftOuterOp",
        [PLAN_JOIN_RIGHT] = "*colexec.mergeJoinRightOuterOp",
        [PLAN_JOIN_FULL] = "*colexec.mergeJoinFullOuterOp",
        [PLAN_JOIN_SEMI] = "*colexec.mergeJoinLeftSemiOp",
        [PLAN_JOIN_ANTI] = "*colexec.mergeJoinLeftAntiOp"};
    return names[t];
}

/* An inner join's other conditions select from its rows; of others v20.1 has no vectorized form. */
static void
add_join(struct lines *l, enum plan_join_type t, const struct expr *on, const char *name,
         const char *by_rows)
{
    if (on != NULL && t != PLAN_JOIN_INNER) {
        add(l, by_rows);
        return;
    }
    if (on != NULL)
        add_selection(l, on);
    add(l, name);
}

static void
add_group(struct lines *l, const struct plan_group *g)
{
    for (int i = 0; i < g->n_aggs; i++)
        if (g->aggs[i]->distinct || g->aggs[i]->filter != NULL) {
            add(l, "*rowexec.hashAggregator");
            return;
        }
    if (g->n_aggs == 0) {
        add(l, "*colexec.unorderedDistinct");
    } else if (g->scalar || g->streaming) {
        add(l, "*colexec.orderedAggregator");
        if (g->scalar)
            add(l, "*colexec.oneShotOp");
        add(l, "*colexec.distinctChainOps");
    } else {
        add(l, "*colexec.hashAggregator");
    }
    for (int i = g->n_aggs - 1; i >= 0; i--)
        for (int k = 0; k < g->aggs[i]->n_args; k++)
            if (g->aggs[i]->args[k]->kind != EXPR_CONST)
                add_projection(l, g->aggs[i]->args[k]);
}

static void
add_window(struct lines *l, const struct plan_window *w)
{
    static const char *const names[][2] = {
        {"row_number", "rowNumber"}, {"rank", "rank"}, {"dense_rank", "denseRank"}};
    for (int i = w->n - 1; i >= 0; i--) {
        const struct window_call *c = w->calls[i];
        const char *name = NULL;
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]) && c->def != NULL; k++)
            if (strcmp(c->def->name, names[k][0]) == 0)
                name = names[k][1];
        if (name == NULL) {
            add(l, "*rowexec.windower");
            continue;
        }
        add(l, arena_printf(l->a, "*colexec.%s%sPartitionOp", name, c->n_partition > 0 ? "With" : "No"));
        if (c->n_partition > 0)
            add(l, "*colexec.windowSortingPartitioner");
        else if (c->n_order > 0)
            add(l, "*colexec.sortOp");
    }
}

static void
add_limit(struct lines *l, const struct plan_limit *p)
{
    if (p->count != NULL)
        add(l, "*colexec.limitOp");
    if (p->offset != NULL)
        add(l, "*colexec.offsetOp");
}

static void
add_scan(struct lines *l, const struct expr *filter, int64_t hard_limit)
{
    if (hard_limit > 0 && filter == NULL)
        add(l, "*colexec.limitOp");
    if (filter != NULL)
        add_selection(l, filter);
    add(l, "*colexec.colBatchScan");
}

static void
add_node(struct lines *l, const struct plan_node *n)
{
    switch (n->kind) {
    case PLAN_SCAN: {
        const struct plan_scan *s = (const struct plan_scan *)n;
        add_scan(l, s->filter, s->hard_limit);
        return;
    }
    case PLAN_INDEX_JOIN: {
        const struct expr *filter = ((const struct plan_index_join *)n)->filter;
        if (filter != NULL)
            add_selection(l, filter);
        add(l, "*rowexec.indexJoiner");
        return;
    }
    case PLAN_LOOKUP_JOIN:
        add(l, "*rowexec.joinReader");
        return;
    case PLAN_HASH_JOIN: {
        const struct plan_hash_join *h = (const struct plan_hash_join *)n;
        add_join(l, h->type, h->on, "*colexec.hashJoiner", "*rowexec.hashJoiner");
        return;
    }
    case PLAN_MERGE_JOIN: {
        const struct plan_merge_join *m = (const struct plan_merge_join *)n;
        add_join(l, m->type, m->on, merge_name(m->type), "*rowexec.mergeJoiner");
        return;
    }
    case PLAN_NESTED_LOOP:
        add(l, ((const struct plan_nested_loop *)n)->apply ? "*sql.planNodeToRowSource"
                                                           : "*rowexec.hashJoiner");
        return;
    case PLAN_FILTER:
        add_selection(l, ((const struct plan_filter *)n)->cond);
        return;
    case PLAN_RENDER:
        for (int i = n->n_cols - 1; i >= 0; i--)
            add_projection(l, ((const struct plan_render *)n)->exprs[i]);
        return;
    case PLAN_GROUP:
        add_group(l, (const struct plan_group *)n);
        return;
    case PLAN_DISTINCT:
        add(l, ((const struct plan_distinct *)n)->streaming ? "*colexec.distinctChainOps"
                                                            : "*colexec.unorderedDistinct");
        return;
    case PLAN_SORT:
        add(l, ((const struct plan_sort *)n)->top_k != NULL ? "*colexec.topKSorter" : "*colexec.sortOp");
        return;
    case PLAN_LIMIT:
        add_limit(l, (const struct plan_limit *)n);
        return;
    case PLAN_WINDOW:
        add_window(l, (const struct plan_window *)n);
        return;
    case PLAN_VALUES:
        add(l, "*rowexec.valuesProcessor");
        return;
    case PLAN_PROJECT_SET:
        add(l, "*rowexec.projectSetProcessor");
        return;
    case PLAN_ORDINALITY:
        add(l, "*colexec.ordinalityOp");
        return;
    case PLAN_SETOP:
        if (((const struct plan_setop *)n)->op != PLAN_SETOP_UNION) {
            add(l, "*rowexec.hashJoiner");
            return;
        }
        add(l, "*colexec.SerialUnorderedSynchronizer");
        return;
    default:
        add(l, "*sql.planNodeToRowSource");
    }
}

/* before: what stands in front of the lines below. */
static struct error *
put_operators(struct vec *v, const struct plan_node *n, const char *before, bool last)
{
    struct lines l = {.a = v->a};

    add_node(&l, n);
    for (int i = 0; i < l.n; i++) {
        const char *sign = last ? "\xe2\x94\x94 " : "\xe2\x94\x9c ";
        struct datum row = datum_cstr(arena_printf(v->a, "%s%s%s", before, sign, l.v[i]));
        ERR_TRY(row_store_add(v->out, &row));
        before = arena_printf(v->a, "%s%s", before, last ? "  " : "\xe2\x94\x82 ");
        last = true;
    }
    for (int i = 0; i < n->n_children; i++)
        ERR_TRY(put_operators(v, n->children[i], before,
                              n->n_children == 1 && l.n == 0 ? last : i == n->n_children - 1));
    return NULL;
}

struct error *
explain_operators(struct op *explain, struct arena *a, const struct plan_root *p, struct row_store *out)
{
    struct exec_ctx *x = explain->x;
    struct vec v = {a, out};
    const char *mode;
    struct datum row = datum_cstr("\xe2\x94\x82");

    ERR_TRY(exec_eval_hooks.current_setting(&x->env, "vectorize", false, &mode));
    if (strcmp(mode, "off") == 0)
        return err_new(ERR_UNCATEGORIZED, "vectorize is set to 'off'");
    ERR_TRY(row_store_add(out, &row));
    row = datum_cstr(arena_printf(a, "\xe2\x94\x94 Node %u", exec_eval_hooks.node_id(&x->env)));
    ERR_TRY(row_store_add(out, &row));
    return put_operators(&v, p->node, "  ", true);
}
