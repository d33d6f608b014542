#include "config.h"

#include "planner/aggregate.h"
#include "planner/plan_int.h"

/* Which columns of a node make its rows differ: nothing is left to be done by a DISTINCT of them. */

static bool
has_col(const int *cols, int n, int c)
{
    for (int i = 0; i < n; i++)
        if (cols[i] == c)
            return true;
    return false;
}

/* Columns that hold a key of an index whole, none of which may be NULL. */
static bool
covers_index(const struct table *t, int n_out, const int *ordinals, const int *cols, int n)
{
    for (int x = 0; x < t->n_indexes; x++) {
        const struct index *ix = &t->indexes[x];
        bool all = ix->unique || ix->primary;
        for (int k = 0; k < ix->n_keys && all; k++) {
            bool found = false;
            for (int i = 0; i < n_out; i++)
                found = found || (ordinals[i] == ix->keys[k] && has_col(cols, n, i));
            all = found && !t->columns[ix->keys[k]].nullable;
        }
        if (all)
            return true;
    }
    return false;
}

bool
plan_are_key(const struct plan_node *n, const int *cols, int n_cols)
{
    int below[256], m = 0;

    if (n->at_most_one)
        return true;
    switch (n->kind) {
    case PLAN_SCAN: {
        const struct plan_scan *p = (const struct plan_scan *)n;
        return covers_index(p->table, p->n_out, p->ordinals, cols, n_cols);
    }
    case PLAN_INDEX_JOIN: {
        const struct plan_index_join *j = (const struct plan_index_join *)n;
        return covers_index(j->table, j->n_out, j->ordinals, cols, n_cols);
    }
    case PLAN_FILTER:
    case PLAN_SORT:
    case PLAN_LIMIT:
        return plan_are_key(n->children[0], cols, n_cols);
    case PLAN_RENDER:
        for (int i = 0; i < n_cols && m < 256; i++) {
            const struct expr *e = ((const struct plan_render *)n)->exprs[cols[i]];
            if (e->kind == EXPR_COLUMN)
                below[m++] = e->index;
        }
        return plan_are_key(n->children[0], below, m);
    case PLAN_GROUP: {
        const struct plan_group *g = (const struct plan_group *)n;
        for (int i = 0; i < g->n_keys; i++)
            if (!has_col(cols, n_cols, i))
                return false;
        return true;
    }
    case PLAN_DISTINCT: {
        const struct plan_distinct *d = (const struct plan_distinct *)n;
        for (int i = 0; i < d->n_keys; i++)
            if (!has_col(cols, n_cols, d->keys[i]))
                return plan_are_key(n->children[0], cols, n_cols);
        return true;
    }
    default:
        return false;
    }
}
