#include "config.h"

#include "planner/plan_int.h"

/* Rels to plan nodes: which join runs where, and with which columns. */

static struct expr *
all_of(struct planner *p, struct expr *const *v, int n)
{
    struct expr *e = NULL;

    for (int i = 0; i < n; i++)
        e = expr_and(p->arena, e, v[i]);
    return e;
}

static struct error *
lower_node(struct planner *p, struct rel *r, const bool *need, struct plan_node **out, int *map)
{
    bool *used = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);

    memcpy(used, need, (size_t)r->n_cols);
    for (int i = 0; i < r->n_conj; i++)
        expr_mark_columns(r->conj[i], used);
    for (int i = 0; i < r->n_cols; i++)
        map[i] = i;
    plan_note_cte_columns(r->node, used);
    *out = plan_prune(p, r->node, used);
    if (r->n_conj > 0)
        *out = plan_filter_node(p, *out, all_of(p, r->conj, r->n_conj));
    r->rows = (*out)->rows;
    return NULL;
}

/* left = right, each side's columns all from its side. */
struct equality {
    struct expr *l, *r; /* over left's and right's own wide rows */
    int conj;
};

static int
find_equalities(struct planner *p, const struct rel *j, struct equality *eq)
{
    int nl = j->left->n_cols, nr = j->right->n_cols, n = 0;

    for (int i = 0; i < j->n_on; i++) {
        struct expr *e = j->on[i];
        if (e->kind != EXPR_COMPARE || e->cmp != CMP_EQ || e->n_args != 2)
            continue;
        struct expr *a = e->args[0], *b = e->args[1];
        if (!type_equivalent(a->type, b->type) || a->type->family == FAMILY_UNKNOWN ||
            b->type->family == FAMILY_UNKNOWN || a->type->family == FAMILY_TUPLE)
            continue;
        if (expr_columns_within(b, 0, nl) && expr_columns_within(a, nl, nl + nr)) {
            struct expr *t = a;
            a = b;
            b = t;
        }
        if (!expr_columns_within(a, 0, nl) || !expr_columns_within(b, nl, nl + nr))
            continue;
        eq[n].l = a;
        eq[n].r = expr_shift(p->arena, b, -nl, nl + nr);
        eq[n].conj = i;
        n++;
    }
    return n;
}

/* An index of the right table whose leading columns are all equated: *n_keys of them. */
static const struct index *
lookup_index(const struct rel *r, const struct equality *eq, int n_eq, int *which, int *n_keys)
{
    const struct index *best = NULL;

    *n_keys = 0;
    if (r->kind != REL_TABLE || r->table->is_virtual)
        return NULL;
    for (int i = 0; i < r->table->n_indexes; i++) {
        const struct index *ix = &r->table->indexes[i];
        int w[64], k = 0;
        if (ix->inverted || (r->forced != NULL && r->forced != ix))
            continue;
        for (; k < ix->n_keys && k < 64; k++) {
            const struct type *t = r->table->columns[ix->keys[k]].type;
            w[k] = -1;
            for (int e = 0; e < n_eq; e++)
                if (eq[e].r->kind == EXPR_COLUMN && eq[e].r->index == ix->keys[k] &&
                    type_equivalent(eq[e].l->type, t))
                    w[k] = e;
            if (w[k] < 0)
                break;
        }
        bool whole = k == ix->n_keys && ix->unique;
        if (k > *n_keys || (k > 0 && k == *n_keys && whole && best != NULL && !best->unique)) {
            best = ix;
            *n_keys = k;
            memcpy(which, w, (size_t)k * sizeof(w[0]));
        }
    }
    return best;
}

static void
join_columns(struct plan_node *n, const struct plan_node *l, const struct plan_node *r, bool semi)
{
    memcpy(n->cols, l->cols, (size_t)l->n_cols * sizeof(l->cols[0]));
    if (!semi)
        memcpy(n->cols + l->n_cols, r->cols, (size_t)r->n_cols * sizeof(r->cols[0]));
}

/* Everything a join needs while it is lowered. */
struct lowering {
    struct planner *p;
    struct rel *j;
    const struct wish *w;
    bool *need;                /* over the wide row of left and right */
    struct plan_node *left, *right;
    int *lmap, *rmap;
    int *map;                  /* wide (left and right) -> output */
    struct equality *eq;
    int n_eq;
};

static bool
gives_left_only(const struct rel *j)
{
    return j->type == PLAN_JOIN_SEMI || j->type == PLAN_JOIN_ANTI;
}

static void
make_map(struct lowering *s, int left_width)
{
    int nl = s->j->left->n_cols, nr = s->j->right->n_cols;

    for (int i = 0; i < nl; i++)
        s->map[i] = s->lmap[i];
    for (int i = 0; i < nr; i++)
        s->map[nl + i] = s->rmap[i] < 0 ? -1 : s->rmap[i] + left_width;
}

static struct expr *
rest_of_on(struct lowering *s, const bool *used)
{
    struct expr *e = NULL;

    for (int i = 0; i < s->j->n_on; i++)
        if (!used[i])
            e = expr_and(s->p->arena, e, s->j->on[i]);
    return e == NULL ? NULL : expr_remap(s->p->arena, e, s->map);
}

#define FEW_ROWS 1000
/* With so few rows on the left, a hash join reads the right side by key when it can. */
#define NARROW_ROWS_MAX 1000

/* Is everything that the join needs of the right side in the index? needed: of the right side. */
static bool
covers_right(const struct lowering *s, const struct index *ix, const bool *needed)
{
    const struct rel *r = s->j->right;
    bool *cols = ARENA_ARRAY(s->p->arena, bool, (size_t)r->n_cols + 1);

    memcpy(cols, needed, (size_t)r->n_cols);
    for (int i = 0; i < r->n_conj; i++)
        expr_mark_columns(r->conj[i], cols);
    for (int i = 0; i < r->n_cols; i++)
        if (cols[i] && !index_has(r->table, ix, i))
            return false;
    return true;
}

/* Rows of the right side for one row of the left. */
static double
rows_per_lookup(const struct lowering *s, const struct index *ix, int n_keys, double guess)
{
    const struct rel *r = s->j->right;
    double rows = rel_table_rows(r);

    if (ix->unique && n_keys == ix->n_keys)
        return 1;
    if (r->stats == NULL)
        return guess;
    for (int i = 0; i < n_keys; i++)
        rows *= rel_value_share(r, ix->keys[i]);
    return rows;
}

/* Of looking up every row of the left side. A semi or anti join reads until a row meets the conditions. */
static double
cost_of_lookups(const struct lowering *s, const struct index *ix, int n_keys, bool covers)
{
    const struct rel *r = s->j->right;
    double per = rows_per_lookup(s, ix, n_keys, 50), share = rel_filter_share(r, NULL);

    if (gives_left_only(s->j) && per * share > 1)
        per = 1 / share;
    double first = ix->unique && n_keys == ix->n_keys ? POINT_COST : SEEK_COST;
    return s->left->rows * (first + per * (covers ? 1 : POINT_COST));
}

/* Of reading the right side once, and looking at it for every row of the left. */
static struct error *
cost_of_scan(const struct lowering *s, const bool *needed, double *cost)
{
    struct rel *r = s->j->right;
    int *map = ARENA_ARRAY(s->p->arena, int, (size_t)r->n_cols + 1);
    struct plan_node *scan;

    ERR_TRY(rel_lower(s->p, r, needed, NULL, &scan, map));
    *cost = r->cost + scan->rows + s->left->rows;
    return NULL;
}

static struct error *
worth_a_lookup(const struct lowering *s, const struct index *ix, int n_keys, const bool *needed,
               bool *yes)
{
    const struct rel *r = s->j->right;
    double scan;

    *yes = s->j->hint == AST_JOIN_HINT_LOOKUP;
    if (s->j->hint != AST_JOIN_HINT_NONE || s->j->type == PLAN_JOIN_RIGHT ||
        s->j->type == PLAN_JOIN_FULL)
        return NULL;
    for (int i = 0; i < r->n_conj; i++)
        if (expr_has_subquery(r->conj[i]))
            return NULL;
    /* A few rows are wanted: what is read of the left side stops with them. */
    *yes = gives_left_only(s->j) && s->w != NULL && s->w->limit > 0 && s->w->limit <= FEW_ROWS &&
           (s->w->n == 0 || s->left->n_ordering >= s->w->n);
    if (*yes)
        return NULL;
    bool covers = covers_right(s, ix, needed);
    if (r->stats != NULL && rel_rows_known(s->j->left)) {
        ERR_TRY(cost_of_scan(s, needed, &scan));
        *yes = cost_of_lookups(s, ix, n_keys, covers) < scan;
        return NULL;
    }
    /* A hash join reads an index by the keys of the left side when they turn out to be few, but it
     * would not choose this one. */
    *yes = gives_left_only(s->j) && s->left->rows * 2 < rel_table_rows(r) && !covers;
    if (*yes)
        return NULL;
    double per = gives_left_only(s->j) ? 1 : rows_per_lookup(s, ix, n_keys, 50);
    *yes = r->stats == NULL ? s->left->rows <= 2000 / per
                            : cost_of_lookups(s, ix, n_keys, covers) < rel_table_rows(r);
    return NULL;
}

static struct error *
lower_lookup(struct lowering *s, const struct index *ix, const int *which, int n_keys,
             struct plan_node **out)
{
    struct planner *p = s->p;
    struct rel *r = s->j->right;
    int nl = s->j->left->n_cols, n = 0;
    bool *cols = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    bool *used = ARENA_ARRAY(p->arena, bool, (size_t)s->j->n_on + 1);

    for (int i = 0; i < r->n_cols; i++)
        cols[i] = s->need[nl + i];
    for (int i = 0; i < r->n_conj; i++)
        expr_mark_columns(r->conj[i], cols);
    for (int i = 0; i < r->n_cols; i++)
        n += cols[i];
    struct plan_lookup_join *lj =
        plan_node_new(p, PLAN_LOOKUP_JOIN, sizeof(*lj),
                      s->left->n_cols + (gives_left_only(s->j) ? 0 : n), 1);
    int *ordinals = ARENA_ARRAY(p->arena, int, (size_t)n + 1);
    memcpy(lj->base.cols, s->left->cols, (size_t)s->left->n_cols * sizeof(s->left->cols[0]));
    n = 0;
    for (int i = 0; i < r->n_cols; i++) {
        const struct column *c = &r->table->columns[i];
        s->rmap[i] = -1;
        if (!cols[i])
            continue;
        s->rmap[i] = n;
        ordinals[n] = i;
        if (!gives_left_only(s->j))
            lj->base.cols[s->left->n_cols + n] = (struct plan_column){
                .name = c->name, .type = c->type, .table_id = r->table->id, .column_id = c->id};
        n++;
    }
    make_map(s, s->left->n_cols);
    lj->type = s->j->type;
    lj->table = r->table;
    lj->index = ix;
    lj->alias = r->alias;
    lj->n_keys = n_keys;
    lj->keys = ARENA_ARRAY(p->arena, struct expr *, (size_t)n_keys + 1);
    for (int i = 0; i < n_keys; i++) {
        lj->keys[i] = expr_remap(p->arena, s->eq[which[i]].l, s->lmap);
        used[s->eq[which[i]].conj] = true;
    }
    lj->n_out = n;
    lj->ordinals = ordinals;
    lj->lock = r->lock;
    struct expr *on = rest_of_on(s, used);
    for (int i = 0; i < r->n_conj; i++) {
        int *to = ARENA_ARRAY(p->arena, int, (size_t)r->n_cols + 1);
        for (int c = 0; c < r->n_cols; c++)
            to[c] = s->rmap[c] < 0 ? -1 : s->rmap[c] + s->left->n_cols;
        on = expr_and(p->arena, on, expr_remap(p->arena, r->conj[i], to));
    }
    lj->on = on;
    lj->base.children[0] = s->left;
    lj->base.n_ordering = s->left->n_ordering;
    lj->base.ordering = s->left->ordering;
    lj->base.rows = s->left->rows * rows_per_lookup(s, ix, n_keys, 20);
    *out = &lj->base;
    return NULL;
}

/* ---- merge joins ---------------------------------------------------------------------------- */

/* Columns of both sides for the equalities, in the sides' own order; false: they are not so ordered. */
static bool
in_step(const struct lowering *s, struct plan_merge_join *m, int *left, int *right, bool *desc,
        int *which)
{
    const struct plan_node *l = s->left, *r = s->right;

    if (l->n_ordering < s->n_eq || r->n_ordering < s->n_eq)
        return false;
    for (int i = 0; i < s->n_eq; i++) {
        which[i] = -1;
        for (int e = 0; e < s->n_eq && which[i] < 0; e++) {
            if (s->eq[e].l->kind != EXPR_COLUMN || s->eq[e].r->kind != EXPR_COLUMN)
                return false;
            if (s->lmap[s->eq[e].l->index] == l->ordering[i].column &&
                s->rmap[s->eq[e].r->index] == r->ordering[i].column)
                which[i] = e;
        }
        if (which[i] < 0 || l->ordering[i].desc != r->ordering[i].desc)
            return false;
        left[i] = l->ordering[i].column;
        right[i] = r->ordering[i].column;
        desc[i] = l->ordering[i].desc;
    }
    m->n_keys = s->n_eq;
    return true;
}

/* The order that a merge join would like a side to have; that of the other side, when it has one. */
static void
merge_wish(const struct lowering *s, bool right, struct wish *w)
{
    struct plan_order *o = ARENA_ARRAY(s->p->arena, struct plan_order, (size_t)s->n_eq + 1);

    *w = (struct wish){0};
    if (s->n_eq == 0 || s->j->apply || s->j->hint == AST_JOIN_HINT_HASH)
        return;
    for (int i = 0; i < s->n_eq; i++) {
        int at = i;
        if (s->eq[i].l->kind != EXPR_COLUMN || s->eq[i].r->kind != EXPR_COLUMN)
            return;
        for (int e = 0; right && e < s->n_eq && i < s->left->n_ordering; e++)
            if (s->eq[e].l->kind == EXPR_COLUMN &&
                s->lmap[s->eq[e].l->index] == s->left->ordering[i].column)
                at = e;
        o[i].column = right ? s->eq[at].r->index : s->eq[at].l->index;
        o[i].desc = right && i < s->left->n_ordering && s->left->ordering[i].desc;
    }
    *w = (struct wish){.n = s->n_eq, .order = o};
}

/* INNER MERGE JOIN: a side that is not in order is sorted. */
static struct plan_node *
sorted_by(struct lowering *s, struct plan_node *in, bool right)
{
    struct plan_order *keys = ARENA_ARRAY(s->p->arena, struct plan_order, (size_t)s->n_eq + 1);

    for (int i = 0; i < s->n_eq; i++) {
        const struct expr *e = right ? s->eq[i].r : s->eq[i].l;
        if (e->kind != EXPR_COLUMN)
            return in;
        keys[i].column = right ? s->rmap[e->index] : s->lmap[e->index];
    }
    if (orders_satisfied(in, s->n_eq, keys) && in->n_ordering >= s->n_eq)
        return in;
    struct plan_sort *sort = plan_node_new(s->p, PLAN_SORT, sizeof(*sort), in->n_cols, 1);
    memcpy(sort->base.cols, in->cols, (size_t)in->n_cols * sizeof(in->cols[0]));
    sort->base.children[0] = in;
    sort->base.rows = in->rows;
    sort->base.at_most_one = in->at_most_one;
    sort->n_keys = s->n_eq;
    sort->keys = keys;
    sort->base.n_ordering = s->n_eq;
    sort->base.ordering = keys;
    return &sort->base;
}

/* Rows of a join by equalities: each value of the side with more of them meets its like. */
static double
joined_rows(const struct lowering *s)
{
    double l = s->left->rows, r = s->right->rows, share = 1;

    if (!rel_rows_known(s->j->left) || !rel_rows_known(s->j->right))
        return l > r ? l : r;
    if (gives_left_only(s->j))
        return l;
    for (int i = 0; i < s->n_eq; i++) {
        double a = rel_column_share(s->j->left, s->eq[i].l), b = rel_column_share(s->j->right, s->eq[i].r);
        share *= a < b ? a : b;
    }
    double rows = l * r * share;
    if (s->j->type == PLAN_JOIN_LEFT || s->j->type == PLAN_JOIN_FULL)
        rows = rows < l ? l : rows;
    if (s->j->type == PLAN_JOIN_RIGHT || s->j->type == PLAN_JOIN_FULL)
        rows = rows < r ? r : rows;
    return rows < 1 ? 1 : rows;
}

/* *out NULL: the sides are not in order. */
static struct error *
lower_merge(struct lowering *s, struct plan_node **out)
{
    struct planner *p = s->p;
    bool semi = gives_left_only(s->j);
    bool *used = ARENA_ARRAY(p->arena, bool, (size_t)s->j->n_on + 1);

    *out = NULL;
    if (s->n_eq == 0 || s->j->apply || s->j->hint == AST_JOIN_HINT_HASH)
        return NULL;
    /* A hash join of few with many reads the many by key. */
    if (s->j->hint == AST_JOIN_HINT_NONE &&
        ((s->j->type == PLAN_JOIN_SEMI && s->right->rows * 2 < s->left->rows) ||
         (gives_left_only(s->j) && s->left->rows * 2 < s->right->rows) ||
         (s->j->type == PLAN_JOIN_INNER && s->right->rows * 10 < s->left->rows)))
        return NULL;
    if (s->j->hint == AST_JOIN_HINT_MERGE) {
        s->left = sorted_by(s, s->left, false);
        s->right = sorted_by(s, s->right, true);
    }
    int width = s->left->n_cols + (semi ? 0 : s->right->n_cols);
    struct plan_merge_join *m = plan_node_new(p, PLAN_MERGE_JOIN, sizeof(*m), width, 2);
    int *left = ARENA_ARRAY(p->arena, int, (size_t)s->n_eq + 1);
    int *right = ARENA_ARRAY(p->arena, int, (size_t)s->n_eq + 1);
    int *which = ARENA_ARRAY(p->arena, int, (size_t)s->n_eq + 1);
    bool *desc = ARENA_ARRAY(p->arena, bool, (size_t)s->n_eq + 1);
    if (!in_step(s, m, left, right, desc, which))
        return NULL;
    const struct type **types = ARENA_ARRAY(p->arena, const struct type *, (size_t)s->n_eq + 1);
    for (int i = 0; i < s->n_eq; i++) {
        types[i] = s->eq[which[i]].l->type;
        used[s->eq[which[i]].conj] = true;
    }
    make_map(s, s->left->n_cols);
    m->type = s->j->type;
    m->left_keys = left;
    m->right_keys = right;
    m->key_types = types;
    m->desc = desc;
    m->on = rest_of_on(s, used);
    m->base.children[0] = s->left;
    m->base.children[1] = s->right;
    join_columns(&m->base, s->left, s->right, semi);
    if (m->type != PLAN_JOIN_RIGHT && m->type != PLAN_JOIN_FULL) {
        m->base.n_ordering = s->left->n_ordering;
        m->base.ordering = s->left->ordering;
    }
    m->base.rows = joined_rows(s);
    *out = &m->base;
    return NULL;
}

/* The right side of a hash join is kept in memory: by statistics, the smaller one, where either may be. */
static bool
better_turned(const struct lowering *s)
{
    return s->j->type == PLAN_JOIN_INNER && s->j->hint == AST_JOIN_HINT_NONE &&
           rel_rows_known(s->j->left) && rel_rows_known(s->j->right) &&
           s->left->rows > NARROW_ROWS_MAX && s->left->rows * 2 < s->right->rows;
}

static struct plan_node *
lower_hash(struct lowering *s)
{
    struct planner *p = s->p;
    bool semi = gives_left_only(s->j), turned = better_turned(s);
    bool *used = ARENA_ARRAY(p->arena, bool, (size_t)s->j->n_on + 1);
    struct plan_node *l = turned ? s->right : s->left, *r = turned ? s->left : s->right;
    struct plan_hash_join *h = plan_node_new(p, PLAN_HASH_JOIN, sizeof(*h),
                                             l->n_cols + (semi ? 0 : r->n_cols), 2);
    struct expr **keys[2];

    h->type = s->j->type;
    h->n_keys = s->n_eq;
    keys[0] = h->left_keys = ARENA_ARRAY(p->arena, struct expr *, (size_t)s->n_eq);
    keys[1] = h->right_keys = ARENA_ARRAY(p->arena, struct expr *, (size_t)s->n_eq);
    for (int i = 0; i < s->n_eq; i++) {
        keys[turned][i] = expr_remap(p->arena, s->eq[i].l, s->lmap);
        keys[!turned][i] = expr_remap(p->arena, s->eq[i].r, s->rmap);
        used[s->eq[i].conj] = true;
    }
    make_map(s, turned ? 0 : s->left->n_cols);
    for (int i = 0; turned && i < s->j->left->n_cols; i++)
        s->map[i] = s->lmap[i] < 0 ? -1 : s->lmap[i] + s->right->n_cols;
    h->on = rest_of_on(s, used);
    h->base.children[0] = l;
    h->base.children[1] = r;
    join_columns(&h->base, l, r, semi);
    h->base.rows = joined_rows(s);
    return &h->base;
}

static struct error *
lower_pairs(struct lowering *s, struct plan_node **out)
{
    struct planner *p = s->p;
    bool semi = gives_left_only(s->j);
    bool *used = ARENA_ARRAY(p->arena, bool, (size_t)s->j->n_on + 1);
    int width = s->left->n_cols + (semi ? 0 : s->right->n_cols);

    if (s->n_eq > 0 && !s->j->apply) {
        *out = lower_hash(s);
        return NULL;
    }
    make_map(s, s->left->n_cols);
    struct plan_nested_loop *l = plan_node_new(p, PLAN_NESTED_LOOP, sizeof(*l), width, 2);
    l->type = s->j->type;
    l->on = rest_of_on(s, used);
    l->apply = s->j->apply;
    l->n_params = s->j->n_params;
    l->params = ARENA_ARRAY(p->arena, struct expr *, (size_t)s->j->n_params + 1);
    for (int i = 0; i < s->j->n_params; i++)
        l->params[i] = expr_remap(p->arena, s->j->params[i], s->lmap);
    l->base.children[0] = s->left;
    l->base.children[1] = s->right;
    join_columns(&l->base, s->left, s->right, semi);
    if (s->j->type != PLAN_JOIN_RIGHT && s->j->type != PLAN_JOIN_FULL) {
        l->base.n_ordering = s->left->n_ordering;
        l->base.ordering = s->left->ordering;
    }
    l->base.rows = s->left->rows * s->right->rows;
    l->base.at_most_one = s->left->at_most_one && s->right->at_most_one &&
                          s->j->type == PLAN_JOIN_INNER;
    *out = &l->base;
    return NULL;
}

/* The USING columns of a FULL JOIN, behind the join's own columns. */
static struct plan_node *
add_extra(struct lowering *s, struct plan_node *in, int *map)
{
    struct planner *p = s->p;
    int n = in->n_cols + s->j->n_extra;
    int wide = s->j->left->n_cols + s->j->right->n_cols;
    struct expr **exprs = ARENA_ARRAY(p->arena, struct expr *, (size_t)n + 1);
    struct plan_column *cols = ARENA_ARRAY(p->arena, struct plan_column, (size_t)n + 1);

    memcpy(cols, in->cols, (size_t)in->n_cols * sizeof(cols[0]));
    for (int i = 0; i < in->n_cols; i++)
        exprs[i] = expr_column(p->arena, in->cols[i].type, i);
    for (int i = 0; i < s->j->n_extra; i++) {
        exprs[in->n_cols + i] = expr_remap(p->arena, s->j->extra[i], s->map);
        cols[in->n_cols + i] = (struct plan_column){.type = s->j->extra[i]->type};
        map[wide + i] = in->n_cols + i;
    }
    return plan_render_node(p, in, n, exprs, cols);
}

static struct error *
lower_join(struct planner *p, struct rel *j, const bool *need, const struct wish *w,
           struct plan_node **out, int *map)
{
    int nl = j->left->n_cols, nr = j->right->n_cols, wide = nl + nr;
    struct lowering s = {.p = p, .j = j, .w = w};

    s.need = ARENA_ARRAY(p->arena, bool, (size_t)j->n_cols + 1);
    memcpy(s.need, need, (size_t)j->n_cols);
    for (int i = 0; i < j->n_conj; i++)
        expr_mark_columns(j->conj[i], s.need);
    for (int i = 0; i < j->n_extra; i++)
        expr_mark_columns(j->extra[i], s.need);
    s.lmap = ARENA_ARRAY(p->arena, int, (size_t)nl + 1);
    s.rmap = ARENA_ARRAY(p->arena, int, (size_t)nr + 1);
    s.map = ARENA_ARRAY(p->arena, int, (size_t)wide + 1);
    s.eq = ARENA_ARRAY(p->arena, struct equality, (size_t)j->n_on + 1);
    bool *needed = ARENA_ARRAY(p->arena, bool, (size_t)wide + 1);
    memcpy(needed, s.need, (size_t)wide);
    if (gives_left_only(j))
        memset(needed + nl, 0, (size_t)nr);
    for (int i = 0; i < j->n_on; i++)
        expr_mark_columns(j->on[i], needed);
    for (int i = 0; i < j->n_params; i++)
        expr_mark_columns(j->params[i], needed);
    s.n_eq = j->apply ? 0 : find_equalities(p, j, s.eq);
    struct wish left_wish = {0};
    bool left_only = w != NULL && w->n > 0;
    for (int i = 0; left_only && i < w->n; i++)
        left_only = w->order[i].column < nl;
    if (left_only)
        left_wish = (struct wish){.n = w->n, .order = w->order};
    else
        merge_wish(&s, false, &left_wish);
    ERR_TRY(rel_lower(p, j->left, needed, &left_wish, &s.left, s.lmap));
    int which[64], n_keys = 0;
    const struct index *ix = lookup_index(j->right, s.eq, s.n_eq, which, &n_keys);
    struct plan_node *n;
    bool lookup = false;
    if (ix != NULL)
        ERR_TRY(worth_a_lookup(&s, ix, n_keys, needed + nl, &lookup));
    if (lookup) {
        memcpy(s.need, needed, (size_t)wide);
        ERR_TRY(lower_lookup(&s, ix, which, n_keys, &n));
    } else {
        struct wish right_wish;
        merge_wish(&s, true, &right_wish);
        ERR_TRY(rel_lower(p, j->right, needed + nl, &right_wish, &s.right, s.rmap));
        ERR_TRY(lower_merge(&s, &n));
        if (n == NULL && j->hint == AST_JOIN_HINT_LOOKUP)
            return err_new(ERR_UNCATEGORIZED, "could not produce a query plan conforming to the "
                                              "LOOKUP JOIN hint");
        if (n == NULL && j->hint == AST_JOIN_HINT_MERGE && s.n_eq == 0)
            return err_new(ERR_UNCATEGORIZED, "could not produce a query plan conforming to the "
                                              "MERGE JOIN hint");
        if (n == NULL)
            ERR_TRY(lower_pairs(&s, &n));
    }
    memcpy(map, s.map, (size_t)wide * sizeof(map[0]));
    if (j->n_extra > 0)
        n = add_extra(&s, n, map);
    if (j->n_conj > 0)
        n = plan_filter_node(p, n, expr_remap(p->arena, all_of(p, j->conj, j->n_conj), map));
    j->rows = n->rows;
    *out = n;
    return NULL;
}

/* The same under other numbers of the columns: column i is to[i]. */
static struct error *
lower_reordered(struct planner *p, struct rel *r, const bool *need, const struct wish *w,
                struct plan_node **out, int *map, const int *to)
{
    bool *new_need = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    int *new_map = ARENA_ARRAY(p->arena, int, (size_t)r->n_cols + 1);
    struct wish new_wish = {0};

    for (int i = 0; i < r->n_cols; i++)
        new_need[to[i]] = need[i];
    if (w != NULL) {
        struct plan_order *o = ARENA_ARRAY(p->arena, struct plan_order, (size_t)w->n + 1);
        for (int i = 0; i < w->n; i++)
            o[i] = (struct plan_order){.column = to[w->order[i].column], .desc = w->order[i].desc};
        new_wish = (struct wish){.n = w->n, .order = o, .limit = w->limit};
    }
    ERR_TRY(rel_lower(p, r, new_need, &new_wish, out, new_map));
    for (int i = 0; i < r->n_cols; i++)
        map[i] = new_map[to[i]];
    return NULL;
}

struct error *
rel_lower(struct planner *p, struct rel *r, const bool *need, const struct wish *w,
          struct plan_node **out, int *map)
{
    switch (r->kind) {
    case REL_TABLE:
        return lower_table(p, r, need, w, out, map);
    case REL_NODE:
        return lower_node(p, r, need, out, map);
    case REL_JOIN: {
        int *to = ARENA_ARRAY(p->arena, int, (size_t)r->n_cols + 1);
        struct rel *better = rel_reorder(p, r, to);
        if (better == NULL)
            return lower_join(p, r, need, w, out, map);
        struct error *err = lower_reordered(p, better, need, w, out, map, to);
        r->rows = better->rows;
        return err;
    }
    }
    return NULL;
}
