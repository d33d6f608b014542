#include "config.h"

#include "planner/plan_int.h"

/* Guesses: how many rows, by statistics where there are some, else by rule of thumb. */

#define GUESS_DISTINCT 50.0 /* values of a column of which nothing is known */
/* A small table may have grown since: what is wrong for many rows matters more than what is for few. */
#define ROWS_MIN 1000.0

double
rel_table_rows(const struct rel *r)
{
    if (r->stats == NULL)
        return TABLE_ROWS;
    return r->stats->rows < ROWS_MIN ? ROWS_MIN : r->stats->rows;
}

static const struct column_stats *
stats_of(const struct rel *r, int col)
{
    uint32_t id = r->table->columns[col].id;

    for (int i = 0; r->stats != NULL && i < r->stats->n; i++)
        if (r->stats->columns[i].column_id == id)
            return &r->stats->columns[i];
    return NULL;
}

double
rel_null_share(const struct rel *r, int col)
{
    const struct column_stats *s = stats_of(r, col);

    if (s == NULL)
        return 1 / GUESS_DISTINCT;
    return s->nulls > r->stats->rows ? 1 : s->nulls / r->stats->rows;
}

double
rel_value_share(const struct rel *r, int col)
{
    const struct column_stats *s = stats_of(r, col);

    if (s == NULL)
        return 1 / GUESS_DISTINCT;
    double values = s->nulls > 0 && s->distinct > 1 ? s->distinct - 1 : s->distinct;
    return (1 - rel_null_share(r, col)) / values;
}

/* Of what a condition leaves over: known only for a column with statistics and = or IN of values. */
static bool
cond_share(const struct rel *r, const struct expr *e, double *share)
{
    if (e->args == NULL || e->n_args < 1 || e->args[0]->kind != EXPR_COLUMN)
        return false;
    int col = e->args[0]->index;
    if (stats_of(r, col) == NULL)
        return false;
    if (e->kind == EXPR_IS_NULL)
        *share = e->negated ? 1 - rel_null_share(r, col) : rel_null_share(r, col);
    else if (e->kind == EXPR_IN && !e->negated)
        *share = rel_value_share(r, col) * (e->n_args - 1);
    else if (e->kind == EXPR_COMPARE && e->cmp == CMP_EQ && !expr_has_columns(e->args[1]))
        *share = rel_value_share(r, col);
    else
        return false;
    if (*share > 1)
        *share = 1;
    return true;
}

double
rel_filter_share(const struct rel *r, const bool *used)
{
    double all = 1, share;
    bool others = false;

    for (int i = 0; i < r->n_conj; i++) {
        if (used != NULL && used[i])
            continue;
        if (cond_share(r, r->conj[i], &share))
            all *= share;
        else
            others = true;
    }
    return others ? all / 3 : all;
}

double
rel_column_share(const struct rel *r, const struct expr *e)
{
    if (e->kind != EXPR_COLUMN)
        return 1 / GUESS_DISTINCT;
    int col = e->index;
    while (r->kind == REL_JOIN) {
        int nl = r->left->n_cols;
        if (col >= nl + r->right->n_cols)
            return 1 / GUESS_DISTINCT;
        r = col < nl ? r->left : r->right;
        col -= col < nl ? 0 : nl;
    }
    if (r->kind != REL_TABLE)
        return 1 / GUESS_DISTINCT;
    const struct index *pk = &r->table->indexes[0];
    if (pk->n_keys == 1 && pk->keys[0] == col) /* unique, whatever else is known */
        return 1 / rel_table_rows(r);
    return rel_value_share(r, col);
}

bool
rel_rows_known(const struct rel *r)
{
    switch (r->kind) {
    case REL_TABLE:
        return r->stats != NULL;
    case REL_NODE:
        return r->node->at_most_one;
    case REL_JOIN:
        return rel_rows_known(r->left) && rel_rows_known(r->right);
    }
    return false;
}
