#include "config.h"

#include "planner/plan_int.h"

/* A condition that no row without a partner can meet makes an outer join an inner one:
 * SELECT .. FROM a LEFT JOIN b ON .. WHERE b.x > 5. */

/* NULL whenever the columns [lo, hi) are all NULL. */
static bool
null_with(const struct expr *e, int lo, int hi)
{
    switch ((int)e->kind) {
    case EXPR_COLUMN:
        return e->index >= lo && e->index < hi;
    case EXPR_NOT:
        return null_with(e->args[0], lo, hi);
    case EXPR_COMPARE:
        for (int i = 0; i < e->n_args; i++)
            if (e->args[i]->type->family == FAMILY_TUPLE)
                return false;
        return e->n_args == 2 && (null_with(e->args[0], lo, hi) || null_with(e->args[1], lo, hi));
    default:
        return false;
    }
}

/* Not true whenever they are. */
static bool
rejects(const struct expr *e, int lo, int hi)
{
    switch ((int)e->kind) {
    case EXPR_AND:
        for (int i = 0; i < e->n_args; i++)
            if (rejects(e->args[i], lo, hi))
                return true;
        return false;
    case EXPR_OR:
        for (int i = 0; i < e->n_args; i++)
            if (!rejects(e->args[i], lo, hi))
                return false;
        return e->n_args > 0;
    case EXPR_IS_NULL:
        return e->negated && e->args[0]->type->family != FAMILY_TUPLE &&
               null_with(e->args[0], lo, hi);
    default:
        return null_with(e, lo, hi);
    }
}

void
rel_narrow(struct planner *p, struct rel *j, const struct expr *cond)
{
    int nl = j->left->n_cols, nr = j->right->n_cols, n = j->n_on;
    struct expr **on = j->on;
    bool left_full = j->type == PLAN_JOIN_RIGHT || j->type == PLAN_JOIN_FULL;
    bool right_full = j->type == PLAN_JOIN_LEFT || j->type == PLAN_JOIN_FULL;
    bool no_left = left_full && rejects(cond, 0, nl), no_right = right_full &&
                                                                rejects(cond, nl, nl + nr);

    if (!no_left && !no_right)
        return;
    if (j->type == PLAN_JOIN_FULL && !(no_left && no_right))
        j->type = no_left ? PLAN_JOIN_LEFT : PLAN_JOIN_RIGHT;
    else
        j->type = PLAN_JOIN_INNER;
    j->on = NULL;
    j->n_on = j->cap_on = 0;
    for (int i = 0; i < n; i++) /* they may sink deeper now */
        rel_push_on(p, j, on[i]);
}
