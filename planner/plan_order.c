#include "config.h"

#include "planner/plan_int.h"

#include <math.h>

/* Which of several inner joins comes first. Without statistics: as written. With statistics on every
 * table, the order whose steps are guessed to cost the least, when it is clearly better: from each table
 * on, the next is the one that is connected by an equality and costs the least to read and to give. */

#define LEAVES_MAX 12
#define CLEARLY 2.0

struct leaves {
    struct planner *p;
    int n;
    struct rel *rel[LEAVES_MAX];
    int at[LEAVES_MAX];         /* first column in the wide row */
    double rows[LEAVES_MAX];
    double scan[LEAVES_MAX];    /* what reading it once costs */
    double look_up[LEAVES_MAX][LEAVES_MAX]; /* [i][k]: what finding k's rows for one of i costs; INFINITY */
    double share[LEAVES_MAX][LEAVES_MAX]; /* of the pairs of their rows that join; above 1: not connected */
    struct expr **conds;        /* over the wide row of all */
    int n_conds, cap_conds;
};

static double
rows_of(const struct rel *r)
{
    double rows = 1;

    if (r->kind == REL_TABLE) {
        rows = rel_table_rows(r) * rel_filter_share(r, NULL);
    } else if (r->kind == REL_JOIN) {
        double a = rows_of(r->left), b = rows_of(r->right);
        rows = r->type == PLAN_JOIN_SEMI || r->type == PLAN_JOIN_ANTI || a > b ? a : b;
    }
    return rows < 1 ? 1 : rows;
}

static bool
take_conds(struct leaves *o, struct expr *const *v, int n, int at, int n_cols)
{
    int *map = ARENA_ARRAY(o->p->arena, int, (size_t)n_cols + 1);

    for (int i = 0; i < n_cols; i++)
        map[i] = at + i;
    for (int i = 0; i < n; i++) {
        if (expr_is_volatile(v[i]))
            return false;
        expr_list_add(o->p->arena, &o->conds, &o->n_conds, &o->cap_conds,
                      expr_remap(o->p->arena, v[i], map));
    }
    return true;
}

/* false: the order is to stay. */
static bool
flatten(struct leaves *o, struct rel *r, int at)
{
    if (r->kind == REL_JOIN && r->type == PLAN_JOIN_INNER && !r->apply && r->n_extra == 0) {
        r->ordered = true;
        return r->hint == AST_JOIN_HINT_NONE && take_conds(o, r->on, r->n_on, at, r->n_cols) &&
               take_conds(o, r->conj, r->n_conj, at, r->n_cols) && flatten(o, r->left, at) &&
               flatten(o, r->right, at + r->left->n_cols);
    }
    if (o->n == LEAVES_MAX || !rel_rows_known(r))
        return false;
    o->rel[o->n] = r;
    o->at[o->n] = at;
    o->rows[o->n++] = rows_of(r);
    return true;
}

/* The leaf that all columns of e are of; -1: none. */
static int
leaf_of(const struct leaves *o, const struct expr *e)
{
    for (int i = 0; i < o->n; i++)
        if (expr_columns_within(e, o->at[i], o->at[i] + o->rel[i]->n_cols))
            return i;
    return -1;
}

static double
share_of(const struct leaves *o, int leaf, const struct expr *e)
{
    struct expr own = *e; /* only a column's index is looked at */

    if (own.kind == EXPR_COLUMN)
        own.index -= o->at[leaf];
    return rel_column_share(o->rel[leaf], &own);
}

/* Of reading a leaf's rows once, if it need give no columns. */
static double
cost_at_least(struct planner *p, struct rel *r)
{
    bool *need = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    int *map = ARENA_ARRAY(p->arena, int, (size_t)r->n_cols + 1);
    struct plan_node *n;

    if (r->kind != REL_TABLE || r->table->is_virtual)
        return rows_of(r);
    struct error *err = rel_lower(p, r, need, NULL, &n, map);
    if (err == NULL)
        return r->cost;
    err_free(err); /* it comes again */
    return rel_table_rows(r);
}

/* Of finding the rows of leaf k that have one value of e; INFINITY: there is no index for that. */
static double
cost_by_index(const struct leaves *o, int k, const struct expr *e)
{
    const struct rel *r = o->rel[k];

    if (r->kind != REL_TABLE || r->table->is_virtual || e->kind != EXPR_COLUMN)
        return INFINITY;
    for (int i = 0; i < r->table->n_indexes; i++) {
        const struct index *ix = &r->table->indexes[i];
        if (ix->inverted || ix->keys[0] != e->index - o->at[k] || (r->forced != NULL && r->forced != ix))
            continue;
        if (ix->unique && ix->n_keys == 1)
            return ix->primary ? POINT_COST : 2 * POINT_COST;
        double per = rel_table_rows(r) * rel_value_share(r, ix->keys[0]);
        return SEEK_COST + per * (ix->primary ? 1 : POINT_COST);
    }
    return INFINITY;
}

static void
connect(struct leaves *o)
{
    for (int i = 0; i < o->n; i++) {
        o->scan[i] = cost_at_least(o->p, o->rel[i]);
        for (int k = 0; k < o->n; k++) {
            o->share[i][k] = 2;
            o->look_up[i][k] = INFINITY;
        }
    }
    for (int c = 0; c < o->n_conds; c++) {
        const struct expr *e = o->conds[c];
        if (e->kind != EXPR_COMPARE || e->cmp != CMP_EQ || e->n_args != 2)
            continue;
        int a = leaf_of(o, e->args[0]), b = leaf_of(o, e->args[1]);
        if (a < 0 || b < 0 || a == b)
            continue;
        double share = fmin(share_of(o, a, e->args[0]), share_of(o, b, e->args[1]));
        o->share[a][b] = o->share[b][a] = o->share[a][b] > 1 ? share : o->share[a][b] * share;
        o->look_up[a][b] = fmin(o->look_up[a][b], cost_by_index(o, b, e->args[1]));
        o->look_up[b][a] = fmin(o->look_up[b][a], cost_by_index(o, a, e->args[0]));
    }
}

/* Rows after leaf k has joined those in `in`; negative: nothing connects it. *cost: of reading its rows, once
 * or by an index for each row there is, and of what comes out. */
static double
after(const struct leaves *o, const bool *in, double rows, int k, double *cost)
{
    double share = 1, look_up = INFINITY;
    bool connected = false;

    for (int i = 0; i < o->n; i++)
        if (in[i] && o->share[i][k] <= 1) {
            connected = true;
            share *= o->share[i][k];
            look_up = fmin(look_up, rows * o->look_up[i][k]);
        }
    if (!connected)
        return -1;
    double out = fmax(1, rows * o->rows[k] * share);
    *cost = fmin(o->scan[k] + rows, look_up) + out;
    return out;
}

/* The order that begins with `first` (-1: as written); its cost, infinite when a step connects nothing. */
static double
walk(const struct leaves *o, int first, int *order)
{
    bool in[LEAVES_MAX] = {false};
    double rows = o->rows[first < 0 ? 0 : first], cost = o->scan[first < 0 ? 0 : first];

    order[0] = first < 0 ? 0 : first;
    in[order[0]] = true;
    for (int n = 1; n < o->n; n++) {
        int next = -1;
        double least = INFINITY, least_rows = 0, step = 0;
        for (int k = first < 0 ? n : 0; k < (first < 0 ? n + 1 : o->n); k++) {
            double r = in[k] ? -1 : after(o, in, rows, k, &step);
            if (r >= 0 && step < least) {
                least = step;
                least_rows = r;
                next = k;
            }
        }
        if (next < 0)
            return INFINITY;
        in[next] = true;
        order[n] = next;
        rows = least_rows;
        cost += least;
    }
    return cost;
}

/* Two: turned, when the few rows of the second find theirs in the first by an index. */
static bool
better_turned(const struct leaves *o)
{
    return o->rows[1] * o->look_up[1][0] < o->scan[0];
}

struct rel *
rel_reorder(struct planner *p, struct rel *j, int *to)
{
    struct leaves o = {.p = p};
    int best[LEAVES_MAX] = {0}, order[LEAVES_MAX];

    if (j->ordered || !flatten(&o, j, 0) || o.n < 2)
        return NULL;
    connect(&o);
    if (o.n == 2 && !better_turned(&o))
        return NULL;
    double written = walk(&o, -1, order), least = INFINITY;
    for (int i = 0; i < o.n; i++) {
        double cost = walk(&o, i, order);
        if (cost < least) {
            least = cost;
            memcpy(best, order, sizeof(best));
        }
    }
    if (!(least * CLEARLY < written))
        return NULL;
    struct rel *r = o.rel[best[0]];
    for (int i = 0, at = 0; i < o.n; i++) {
        const struct rel *leaf = o.rel[best[i]];
        for (int c = 0; c < leaf->n_cols; c++)
            to[o.at[best[i]] + c] = at++;
        if (i > 0) {
            r = rel_join(p, PLAN_JOIN_INNER, r, o.rel[best[i]]);
            r->ordered = true;
        }
    }
    for (int i = 0; i < o.n_conds; i++)
        rel_push(p, r, expr_remap(p->arena, o.conds[i], to));
    return r;
}
