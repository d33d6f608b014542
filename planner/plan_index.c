#include "config.h"

#include "planner/plan_int.h"

/* Which index, which part of it. Conditions on key columns become spans: equality and IN on leading
 * columns, then one range. The cheapest index that gives the wished order wins. */

#define MAX_SPANS 1000

struct constraint {
    struct plan_span *spans;
    int n_spans;            /* 0: whole index */
    bool empty;
    bool *used;             /* conditions that the spans decide exactly */
    int n_eq;               /* leading columns with equality */
    bool *single;           /* of those, by position: one value (order may skip it) */
    struct inverted_cond inverted;
    double rows;
};

static bool
is_value(const struct expr *e)
{
    return !expr_has_columns(e) && e->volatility != VOLATILE && !expr_has_subquery(e);
}

/* Does cond say something about column col? *op: comparison with col on the left; values. */
enum cond_kind { COND_NONE, COND_COMPARE, COND_IN, COND_NULL, COND_NOT_NULL };

struct key_cond {
    enum cond_kind kind;
    enum compare_op op;
    int n;
    struct expr **values;
};

static enum compare_op
mirror(enum compare_op op)
{
    switch (op) {
    case CMP_LT:
        return CMP_GT;
    case CMP_LE:
        return CMP_GE;
    case CMP_GT:
        return CMP_LT;
    case CMP_GE:
        return CMP_LE;
    case CMP_EQ:
    case CMP_NE:
        return op;
    }
    return op;
}

static bool
fits(const struct type *col, const struct expr *e)
{
    if (!is_value(e) || e->type->family == FAMILY_UNKNOWN || col->family == FAMILY_JSON ||
        col->family == FAMILY_ARRAY || (e->kind == EXPR_CONST && e->value.null))
        return false;
    return type_equivalent(col, e->type);
}

static struct key_cond
cond_on(struct planner *p, const struct expr *e, int col, const struct type *t)
{
    struct key_cond c = {.kind = COND_NONE};

    if (e->kind == EXPR_COLUMN && e->index == col && t->family == FAMILY_BOOL) {
        c.kind = COND_COMPARE;
        c.op = CMP_EQ;
        c.n = 1;
        c.values = ARENA_ARRAY(p->arena, struct expr *, 1);
        c.values[0] = expr_const(p->arena, &TYPE_BOOL, datum_bool(true));
        return c;
    }
    if (e->n_args == 0 || e->args == NULL)
        return c;
    const struct expr *l = e->args[0];
    if (e->kind == EXPR_IS_NULL && l->kind == EXPR_COLUMN && l->index == col) {
        c.kind = e->negated ? COND_NOT_NULL : COND_NULL;
        return c;
    }
    if (e->kind == EXPR_IN && !e->negated && l->kind == EXPR_COLUMN && l->index == col) {
        for (int i = 1; i < e->n_args; i++)
            if (!fits(t, e->args[i]))
                return c;
        c.kind = COND_IN;
        c.n = e->n_args - 1;
        c.values = e->args + 1;
        return c;
    }
    if (e->kind != EXPR_COMPARE || e->cmp == CMP_NE || e->n_args != 2)
        return c;
    const struct expr *r = e->args[1];
    enum compare_op op = e->cmp;
    if (!(l->kind == EXPR_COLUMN && l->index == col)) {
        const struct expr *s = l;
        l = r;
        r = s;
        op = mirror(op);
    }
    if (l->kind != EXPR_COLUMN || l->index != col || !fits(t, r))
        return c;
    c.kind = COND_COMPARE;
    c.op = op;
    c.n = 1;
    c.values = ARENA_ARRAY(p->arena, struct expr *, 1);
    c.values[0] = (struct expr *)(uintptr_t)r;
    return c;
}

/* Column ordinal of position i of the index's key, implicit columns included. */
static int
key_at(const struct index *ix, int i)
{
    return i < ix->n_keys ? ix->keys[i] : ix->extra[i - ix->n_keys];
}

static bool
desc_at(const struct index *ix, int i)
{
    return i < ix->n_keys ? ix->desc[i] != 0 : false;
}

struct bounds {
    struct expr *lo, *hi;
    bool lo_incl, hi_incl, not_null;
    int n_used;
    int used[8];
};

/* Ranges on column col. */
static void
collect_range(struct planner *p, const struct rel *r, int col, const struct type *t,
              const bool *taken, struct bounds *b)
{
    memset(b, 0, sizeof(*b));
    for (int i = 0; i < r->n_conj && b->n_used < 8; i++) {
        if (taken[i])
            continue;
        struct key_cond c = cond_on(p, r->conj[i], col, t);
        if (c.kind == COND_NOT_NULL) {
            b->not_null = true;
            b->used[b->n_used++] = i;
        } else if (c.kind == COND_COMPARE && (c.op == CMP_GT || c.op == CMP_GE) && b->lo == NULL) {
            b->lo = c.values[0];
            b->lo_incl = c.op == CMP_GE;
            b->used[b->n_used++] = i;
        } else if (c.kind == COND_COMPARE && (c.op == CMP_LT || c.op == CMP_LE) && b->hi == NULL) {
            b->hi = c.values[0];
            b->hi_incl = c.op == CMP_LE;
            b->used[b->n_used++] = i;
        }
    }
}

struct prefix { /* values of the leading columns; one alternative */
    struct expr **v;
};

static struct plan_bound
bound_of(struct planner *p, const struct prefix *pre, int n, struct expr *last, bool incl)
{
    struct plan_bound b = {.n = n + (last != NULL), .inclusive = incl};

    b.values = ARENA_ARRAY(p->arena, struct expr *, (size_t)b.n + 1);
    for (int i = 0; i < n; i++)
        b.values[i] = pre->v[i];
    if (last != NULL)
        b.values[n] = last;
    return b;
}

/* The span of one prefix with a range on the next column (or none). */
static struct plan_span
span_of(struct planner *p, const struct prefix *pre, int n, const struct bounds *b,
        const struct type *t, bool desc)
{
    struct plan_span s = {0};

    if (b == NULL) {
        s.lo = s.hi = bound_of(p, pre, n, NULL, true);
        return s;
    }
    /* In value order: NULL, then values. A comparison or NOT NULL leaves NULL out. */
    struct expr *null = expr_const(p->arena, t, DATUM_NULL);
    struct plan_bound lo = b->lo != NULL ? bound_of(p, pre, n, b->lo, b->lo_incl)
                                         : bound_of(p, pre, n, null, false);
    struct plan_bound hi = b->hi != NULL ? bound_of(p, pre, n, b->hi, b->hi_incl)
                                         : bound_of(p, pre, n, NULL, true);
    s.lo = desc ? hi : lo;
    s.hi = desc ? lo : hi;
    return s;
}

/* Equality on one more column: every prefix times every value. false: no such condition. *rows: what is
 * left of them. */
static bool
extend(struct planner *p, const struct rel *r, int col, const struct type *t, struct prefix **pre,
       int *n_pre, int depth, bool *used, bool *single, double *rows)
{
    for (int i = 0; i < r->n_conj; i++) {
        if (used[i])
            continue;
        struct key_cond c = cond_on(p, r->conj[i], col, t);
        struct expr *null_value = NULL;
        if (c.kind == COND_NULL) {
            null_value = expr_const(p->arena, t, DATUM_NULL);
            c.n = 1;
            c.values = &null_value;
        } else if (!(c.kind == COND_IN || (c.kind == COND_COMPARE && c.op == CMP_EQ))) {
            continue;
        }
        int n_values = 0;
        struct expr **values = ARENA_ARRAY(p->arena, struct expr *, (size_t)c.n + 1);
        for (int k = 0; k < c.n; k++)
            if (c.kind == COND_NULL || c.values[k]->kind != EXPR_CONST || !c.values[k]->value.null)
                values[n_values++] = c.values[k];
        if ((int64_t)n_values * *n_pre > MAX_SPANS)
            continue;
        struct prefix *more =
            ARENA_ARRAY(p->arena, struct prefix, (size_t)n_values * (size_t)*n_pre + 1);
        int n = 0;
        for (int a = 0; a < *n_pre; a++)
            for (int k = 0; k < n_values; k++) {
                more[n].v = ARENA_ARRAY(p->arena, struct expr *, (size_t)depth + 2);
                memcpy(more[n].v, (*pre)[a].v, (size_t)depth * sizeof(struct expr *));
                more[n].v[depth] = values[k];
                n++;
            }
        *pre = more;
        *n_pre = n;
        used[i] = true;
        *single = n_values <= 1;
        double share = c.kind == COND_NULL ? rel_null_share(r, col) : 0;
        for (int k = 0; k < n_values && c.kind != COND_NULL; k++)
            share += rel_equal_share(r, col, values[k]);
        *rows *= share > 1 ? 1 : share;
        return true;
    }
    return false;
}

static double
range_share(const struct rel *r, int col, const struct bounds *b)
{
    const struct col_range range = {b->lo, b->hi, b->lo_incl, b->hi_incl};
    double share;

    if (rel_range_share(r, col, &range, &share))
        return share;
    return b->lo != NULL && b->hi != NULL ? 1.0 / 10 : b->lo != NULL || b->hi != NULL ? 1.0 / 3 : 1;
}

struct expr *
rel_equal_value(struct planner *p, const struct rel *r, int col)
{
    for (int i = 0; i < r->n_conj; i++) {
        struct key_cond c = cond_on(p, r->conj[i], col, r->table->columns[col].type);
        if (c.kind == COND_COMPARE && c.op == CMP_EQ)
            return c.values[0];
    }
    return NULL;
}

/* The range behind the leading columns with equality, into b; false: none. */
static bool
constrain_range(struct planner *p, const struct rel *r, const struct index *ix,
                struct constraint *out, struct bounds *b)
{
    if (out->n_eq == ix->n_keys)
        return false;
    int col = key_at(ix, out->n_eq);
    collect_range(p, r, col, r->table->columns[col].type, out->used, b);
    if (b->lo == NULL && b->hi == NULL && !b->not_null)
        return false;
    for (int i = 0; i < b->n_used; i++)
        out->used[b->used[i]] = true;
    out->rows *= range_share(r, col, b);
    return true;
}

static void
constrain(struct planner *p, const struct rel *own, const struct index *ix, struct constraint *out)
{
    struct prefix *pre = ARENA_ARRAY(p->arena, struct prefix, 1);
    int n_pre = 1, depth = 0;
    struct bounds b;
    struct rel more;
    const struct rel *r = &more;
    bool any;
    int bucket = rel_derive(p, own, ix, &more, &any);

    memset(out, 0, sizeof(*out));
    out->used = ARENA_ARRAY(p->arena, bool, (size_t)r->n_conj + 1);
    out->single = ARENA_ARRAY(p->arena, bool, (size_t)(ix->n_keys + ix->n_extra) + 1);
    out->rows = rel_table_rows(r);
    pre[0].v = ARENA_ARRAY(p->arena, struct expr *, 1);
    while (depth < ix->n_keys) { /* spans use the named columns only */
        int col = key_at(ix, depth);
        const struct type *t = r->table->columns[col].type;
        double rows = out->rows;
        if (!extend(p, r, col, t, &pre, &n_pre, depth, out->used, &out->single[depth], &rows))
            break;
        /* The bucket leaves as many rows as the conditions that it follows from. */
        if (depth > 0 || bucket < 0 || !out->used[bucket])
            out->rows = rows;
        depth++;
    }
    out->n_eq = depth;
    if (ix->unique && depth == ix->n_keys)
        out->rows = n_pre;
    if (n_pre == 0) {
        out->empty = true;
        out->rows = 0;
        return;
    }
    bool ranged = constrain_range(p, r, ix, out, &b);
    if (!ranged && (depth == 0 || (depth == 1 && bucket >= 0 && any && out->used[bucket]))) {
        out->n_eq = 0;
        return;
    }
    out->spans = ARENA_ARRAY(p->arena, struct plan_span, (size_t)n_pre + 1);
    for (int i = 0; i < n_pre; i++)
        out->spans[i] = span_of(p, &pre[i], depth, ranged ? &b : NULL,
                                ranged ? r->table->columns[key_at(ix, depth)].type : NULL,
                                ranged && desc_at(ix, depth));
    out->n_spans = n_pre;
}

/* ---- OR and tuples: one set of spans for each alternative ------------------------------------ */

static void
alternatives(struct planner *p, struct expr *e, struct expr ***v, int *n, int *cap)
{
    if (e->kind != EXPR_OR) {
        expr_list_add(p->arena, v, n, cap, e);
        return;
    }
    for (int i = 0; i < e->n_args && *n <= MAX_SPANS; i++)
        alternatives(p, e->args[i], v, n, cap);
}

static struct expr *
equal_field(struct planner *p, struct expr *col, struct expr *tuple, int i)
{
    struct expr *e = ARENA_NEW(p->arena, struct expr);
    struct expr *value;

    if (tuple->kind == EXPR_CONST)
        value = expr_const(p->arena, tuple->type->contents[i], tuple->value.tup[i]);
    else
        value = tuple->args[i];
    e->kind = EXPR_COMPARE;
    e->cmp = CMP_EQ;
    e->type = &TYPE_BOOL;
    e->n_args = 2;
    e->args = ARENA_ARRAY(p->arena, struct expr *, 2);
    e->args[0] = col;
    e->args[1] = value;
    return e;
}

/* The conditions of alternative k of e; *n 0: there are no more, -1: e has none that help. */
static void
alternative(struct planner *p, struct expr *e, struct expr **ors, int n_ors, int k, struct expr ***v,
            int *n, int *cap)
{
    *n = 0;
    if (e->kind == EXPR_OR) {
        if (k < n_ors)
            conjuncts(p, ors[k], v, n, cap);
        return;
    }
    const struct expr *cols = e->args[0];
    if (k + 1 >= e->n_args)
        return;
    struct expr *t = e->args[k + 1];
    if (!(t->kind == EXPR_TUPLE && t->n_args == cols->n_args) &&
        !(t->kind == EXPR_CONST && !t->value.null && (int)t->value.len == cols->n_args)) {
        *n = -1;
        return;
    }
    for (int i = 0; i < cols->n_args; i++)
        expr_list_add(p->arena, v, n, cap, equal_field(p, cols->args[i], t, i));
}

/* The spans of all alternatives of condition i of r; false: some alternative has none. */
static bool
constrain_by(struct planner *p, const struct rel *r, const struct index *ix, int i,
             struct constraint *out)
{
    struct expr *e = r->conj[i], **ors = NULL;
    int n_ors = 0, cap_ors = 0, cap_spans = 16;

    if (e->kind == EXPR_OR)
        alternatives(p, e, &ors, &n_ors, &cap_ors);
    memset(out, 0, sizeof(*out));
    out->used = ARENA_ARRAY(p->arena, bool, (size_t)r->n_conj + 1);
    out->single = ARENA_ARRAY(p->arena, bool, (size_t)ix->n_keys + (size_t)ix->n_extra + 1);
    out->spans = ARENA_ARRAY(p->arena, struct plan_span, (size_t)cap_spans);
    /* Conditions that the spans of every alternative decide. */
    for (int o = 0; o < r->n_conj; o++)
        out->used[o] = true;
    for (int k = 0;; k++) {
        struct rel sub = *r;
        struct expr **v = NULL;
        struct constraint c;
        int n, cap = 0;
        alternative(p, e, ors, n_ors, k, &v, &n, &cap);
        if (n < 0)
            return false;
        if (n == 0)
            break;
        int own = n;
        for (int o = 0; o < r->n_conj; o++)
            if (o != i)
                expr_list_add(p->arena, &v, &n, &cap, r->conj[o]);
        sub.conj = v;
        sub.n_conj = n;
        constrain(p, &sub, ix, &c);
        if (c.empty)
            continue;
        for (int o = 0; o < own; o++)
            out->used[i] = out->used[i] && c.used[o];
        for (int o = 0, at = own; o < r->n_conj; o++)
            if (o != i)
                out->used[o] = out->used[o] && c.used[at++];
        if (c.n_spans == 0 || out->n_spans + c.n_spans > MAX_SPANS)
            return false;
        while (out->n_spans + c.n_spans > cap_spans) {
            out->spans = arena_realloc(p->arena, out->spans,
                                       (size_t)cap_spans * sizeof(out->spans[0]),
                                       (size_t)cap_spans * 2 * sizeof(out->spans[0]));
            cap_spans *= 2;
        }
        memcpy(out->spans + out->n_spans, c.spans, (size_t)c.n_spans * sizeof(c.spans[0]));
        out->n_spans += c.n_spans;
        out->rows += c.rows;
    }
    out->empty = out->n_spans == 0;
    return true;
}

static void
constrain_or(struct planner *p, const struct rel *r, const struct index *ix, struct constraint *out)
{
    for (int i = 0; i < r->n_conj; i++) {
        const struct expr *e = r->conj[i];
        bool tuples = e->kind == EXPR_IN && !e->negated && e->n_args > 1 &&
                      e->args[0]->kind == EXPR_TUPLE && e->args[0]->n_args > 0 &&
                      e->n_args <= MAX_SPANS;
        struct constraint c;
        if (e->kind != EXPR_OR && !tuples)
            continue;
        if (constrain_by(p, r, ix, i, &c) && c.rows < out->rows)
            *out = c;
    }
}

/* The first condition that the inverted index can search. */
static struct error *
constrain_inverted(struct planner *p, const struct rel *r, const struct index *ix,
                   struct constraint *out)
{
    int col = ix->keys[0];

    memset(out, 0, sizeof(*out));
    out->used = ARENA_ARRAY(p->arena, bool, (size_t)r->n_conj + 1);
    out->single = ARENA_ARRAY(p->arena, bool, (size_t)ix->n_keys + (size_t)ix->n_extra + 1);
    for (int i = 0; i < r->n_conj && !out->inverted.usable; i++) {
        ERR_TRY(inverted_constraint(p, r->conj[i], col, r->table->columns[col].type,
                                    &out->inverted));
        out->used[i] = out->inverted.usable && out->inverted.exact;
    }
    out->rows = rel_table_rows(r) / 50;
    out->empty = out->inverted.usable && out->inverted.n == 0;
    if (out->inverted.n == 1) { /* entries of one element are in order of the primary key */
        out->n_eq = 1;
        out->single[0] = true;
    }
    return NULL;
}

bool
index_has(const struct table *t, const struct index *ix, int col)
{
    if (ix->primary || ix->primary_encoding)
        return true;
    (void)t;
    for (int i = 0; i < ix->n_keys && !ix->inverted; i++)
        if (ix->keys[i] == col)
            return true;
    for (int i = 0; i < ix->n_extra; i++)
        if (ix->extra[i] == col)
            return true;
    for (int i = 0; i < ix->n_stored; i++)
        if (ix->stored[i] == col)
            return true;
    return false;
}

/* Does a scan of ix give the wished order? *reverse: when read backwards. */
static bool
gives_order(const struct index *ix, const struct constraint *c, const struct wish *w,
            bool *reverse)
{
    int n_key = ix->n_keys + (ix->primary ? 0 : ix->n_extra), at = 0;
    bool decided = false;

    *reverse = false;
    for (int i = 0; i < w->n; i++) {
        bool skip = false;
        for (int k = 0; k < c->n_eq; k++)
            if (c->single[k] && key_at(ix, k) == w->order[i].column)
                skip = !ix->inverted;
        if (skip)
            continue;
        while (at < c->n_eq && at < n_key && c->single[at] &&
               key_at(ix, at) != w->order[i].column)
            at++;
        if (at >= n_key)
            return ix->unique || ix->primary; /* the whole key: no ties are left */
        if (key_at(ix, at) != w->order[i].column)
            return false;
        bool rev = desc_at(ix, at) != w->order[i].desc;
        if (decided && rev != *reverse)
            return false;
        *reverse = rev;
        decided = true;
        at++;
    }
    return true;
}

struct choice {
    const struct index *ix;
    struct constraint c;
    bool covers, ordered, reverse;
    double cost;
};

static struct error *
rate(struct planner *p, const struct rel *r, const struct index *ix, const bool *need,
     const struct wish *w, struct choice *out)
{
    out->ix = ix;
    if (ix->inverted)
        ERR_TRY(constrain_inverted(p, r, ix, &out->c));
    else {
        constrain(p, r, ix, &out->c);
        if (!out->c.empty)
            constrain_or(p, r, ix, &out->c);
    }
    out->covers = true;
    for (int i = 0; i < r->n_cols; i++)
        if (need[i] && !index_has(r->table, ix, i))
            out->covers = false;
    out->ordered = w == NULL || w->n == 0 || gives_order(ix, &out->c, w, &out->reverse);
    double rows = out->c.rows;
    bool filtered = false;
    for (int i = 0; i < r->n_conj; i++)
        filtered = filtered || !out->c.used[i];
    if (w != NULL && w->limit > 0 && out->ordered && !filtered && rows > (double)w->limit)
        rows = (double)w->limit;
    else if (w != NULL && w->limit > 0 && out->ordered && rows > (double)w->limit * 10)
        rows = (double)w->limit * 10 > rows / 10 ? (double)w->limit * 10 : rows / 10;
    /* A guess that may be wrong by far is not to make a scan of all rows; nor is one of rows that will be
     * written: what is read besides them may be another's. */
    double by_key = r->stats != NULL && !r->lock && !r->written ? POINT_COST : POINT_COST / 2;
    out->cost = rows * (out->covers ? 1.0 : by_key) + (double)out->c.n_spans;
    if (!out->ordered)
        out->cost += rows * 2 + 1;
    /* Entries with fewer columns than the row are cheaper to read. */
    if (!ix->primary && out->covers &&
        ix->n_keys + ix->n_extra + ix->n_stored < r->table->n_columns)
        out->cost *= 0.95;
    return NULL;
}

static void
set_ordering(struct planner *p, struct plan_node *n, const struct choice *ch, const struct wish *w,
             const int *map)
{
    const struct index *ix = ch->ix;
    int n_key = ix->n_keys + (ix->primary ? 0 : ix->n_extra), k = 0;
    struct plan_order *o;

    if (w != NULL && w->n > 0 && ch->ordered) {
        o = ARENA_ARRAY(p->arena, struct plan_order, (size_t)w->n);
        for (int i = 0; i < w->n; i++)
            o[i] = (struct plan_order){.column = map[w->order[i].column], .desc = w->order[i].desc};
        n->ordering = o;
        n->n_ordering = w->n;
        return;
    }
    o = ARENA_ARRAY(p->arena, struct plan_order, (size_t)n_key + 1);
    for (; k < n_key; k++) {
        int at = map[key_at(ix, k)];
        if (at < 0)
            break;
        o[k] = (struct plan_order){.column = at, .desc = desc_at(ix, k) != ch->reverse};
    }
    n->ordering = o;
    n->n_ordering = k;
}

static struct expr *
residual(struct planner *p, const struct rel *r, const struct choice *ch, const struct index *ix,
         bool inside, const bool *covered_by)
{
    struct expr *f = NULL;

    (void)ix;
    for (int i = 0; i < r->n_conj; i++) {
        if (ch->c.used[i])
            continue;
        bool *cols = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
        bool all = true;
        expr_mark_columns(r->conj[i], cols);
        for (int c = 0; c < r->n_cols; c++)
            all = all && (!cols[c] || covered_by[c]);
        if (all == inside)
            f = expr_and(p->arena, f, r->conj[i]);
    }
    return f;
}

static struct plan_scan *
make_scan_node(struct planner *p, const struct rel *r, const struct choice *ch, const bool *cols,
               int *map)
{
    int n = 0;

    for (int i = 0; i < r->n_cols; i++)
        n += cols[i];
    struct plan_scan *s = plan_node_new(p, PLAN_SCAN, sizeof(*s), n, 0);
    int *ordinals = ARENA_ARRAY(p->arena, int, (size_t)n + 1);
    n = 0;
    for (int i = 0; i < r->n_cols; i++) {
        map[i] = -1;
        if (!cols[i])
            continue;
        const struct column *c = &r->table->columns[i];
        map[i] = n;
        ordinals[n] = i;
        s->base.cols[n++] = (struct plan_column){.name = c->name,
                                                 .type = c->type,
                                                 .hidden = c->hidden,
                                                 .table_id = r->table->id,
                                                 .column_id = c->id};
    }
    s->table = r->table;
    s->database = r->database;
    s->index = ch->ix;
    s->alias = r->alias;
    s->n_out = n;
    s->ordinals = ordinals;
    s->n_spans = ch->c.n_spans;
    s->spans = ch->c.spans;
    s->n_elements = ch->c.inverted.n;
    s->elements = arena_memdup(p->arena, ch->c.inverted.keys, sizeof(ch->c.inverted.keys));
    s->element_texts = arena_memdup(p->arena, ch->c.inverted.texts, sizeof(ch->c.inverted.texts));
    s->empty = ch->c.empty;
    s->reverse = ch->reverse;
    s->lock = r->lock;
    s->written = r->written;
    s->base.rows = ch->c.rows;
    s->base.at_most_one = ch->c.rows <= 1 && ch->ix->unique && ch->c.n_eq == ch->ix->n_keys &&
                          ch->c.n_spans == 1;
    for (int i = 0; i < ch->ix->n_keys && ch->c.n_spans == 1; i++)
        for (int k = 0; k < ch->c.spans[0].lo.n; k++)
            if (ch->c.spans[0].lo.values[k]->kind == EXPR_CONST &&
                ch->c.spans[0].lo.values[k]->value.null)
                s->base.at_most_one = false; /* NULLs are not unique */
    return s;
}

static struct error *
lower_virtual(struct planner *p, struct rel *r, const bool *need, struct plan_node **out, int *map)
{
    bool *cols = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    int n = 0;

    memcpy(cols, need, (size_t)r->n_cols);
    for (int i = 0; i < r->n_conj; i++)
        expr_mark_columns(r->conj[i], cols);
    for (int i = 0; i < r->n_cols; i++)
        n += cols[i];
    struct plan_virtual_scan *s = plan_node_new(p, PLAN_VIRTUAL_SCAN, sizeof(*s), n, 0);
    int *ordinals = ARENA_ARRAY(p->arena, int, (size_t)n + 1);
    n = 0;
    for (int i = 0; i < r->n_cols; i++) {
        map[i] = -1;
        if (!cols[i])
            continue;
        map[i] = n;
        ordinals[n] = i;
        s->base.cols[n++] =
            (struct plan_column){.name = r->table->columns[i].name,
                                 .type = r->table->columns[i].type,
                                 .hidden = r->table->columns[i].hidden,
                                 .table_id = r->table->id,
                                 .column_id = r->table->columns[i].id};
    }
    s->table = r->table;
    s->database = r->database;
    s->schema = r->schema;
    s->n_out = n;
    s->ordinals = ordinals;
    s->key_ordinal = -1;
    struct expr *f = NULL;
    for (int i = 0; i < r->n_conj; i++) {
        for (int c = 0; c < r->n_cols && s->key_ordinal < 0; c++) {
            struct key_cond k = cond_on(p, r->conj[i], c, r->table->columns[c].type);
            if (k.kind == COND_COMPARE && k.op == CMP_EQ) {
                s->key_ordinal = c;
                s->key_value = k.values[0];
            }
        }
        f = expr_and(p->arena, f, expr_remap(p->arena, r->conj[i], map));
    }
    *out = f == NULL ? &s->base : plan_filter_node(p, &s->base, f);
    return NULL;
}

/* col = constant */
static const struct expr *
equal_const(const struct expr *e, int *col)
{
    if (e->kind != EXPR_COMPARE || e->cmp != CMP_EQ || e->args[0]->kind != EXPR_COLUMN ||
        e->args[1]->kind != EXPR_CONST || e->args[1]->value.null ||
        !type_equivalent(e->args[0]->type, e->args[1]->type))
        return NULL;
    *col = e->args[0]->index;
    return e->args[1];
}

/* A condition, or two of them, that no row can meet. */
static bool
contradiction(const struct rel *r)
{
    for (int i = 0; i < r->n_conj; i++) {
        const struct expr *e = r->conj[i];
        int a, b;
        if (e->kind == EXPR_CONST && (e->value.null || !e->value.i))
            return true;
        if (e->kind == EXPR_IS_NULL && !e->negated && e->args[0]->kind == EXPR_COLUMN &&
            !r->table->columns[e->args[0]->index].nullable)
            return true;
        const struct expr *v = equal_const(e, &a);
        for (int k = 0; k < i && k < 16 && v != NULL; k++) {
            const struct expr *w = equal_const(r->conj[k], &b);
            if (w != NULL && a == b && datum_compare(v->type, &v->value, &w->value) != 0)
                return true;
        }
    }
    return false;
}

static struct error *
choose(struct planner *p, struct rel *r, const bool *need, const struct wish *w, struct choice *best)
{
    bool any = false;

    if (contradiction(r)) {
        best->ix = &r->table->indexes[0];
        constrain(p, r, best->ix, &best->c);
        best->c.empty = best->covers = best->ordered = true;
        best->c.rows = 0;
        return NULL;
    }
    ERR_TRY(rel_type_computed(p, r));
    for (int i = 0; i < r->table->n_indexes; i++) {
        const struct index *ix = &r->table->indexes[i];
        struct choice c = {0};
        if (r->forced != NULL && r->forced != ix)
            continue;
        ERR_TRY(rate(p, r, ix, need, w, &c));
        if (ix->inverted && !c.c.inverted.usable)
            continue;
        if (r->no_index_join && !c.covers)
            continue;
        /* Without a reason a secondary index that must look up every row is never better. */
        if (r->forced == NULL && !ix->primary && !ix->inverted && !c.covers &&
            c.c.n_spans == 0 && !c.c.empty && !(w != NULL && w->limit > 0 && c.ordered && w->n > 0))
            continue;
        if (!any || c.cost < best->cost) {
            *best = c;
            any = true;
        }
    }
    if (!any)
        return err_new(ERR_UNCATEGORIZED, r->forced != NULL && r->forced->inverted
                                              ? "index \"%s\" is inverted and cannot be used for this query"
                                              : "index \"%s\" cannot be used for this query",
                       r->forced != NULL ? r->forced->name : "?");
    if (r->force_desc)
        best->reverse = true;
    if (r->force_asc)
        best->reverse = false;
    if ((r->force_desc || r->force_asc) && w != NULL && w->n > 0) {
        bool rev;
        best->ordered = gives_order(best->ix, &best->c, w, &rev) && rev == best->reverse;
    }
    return NULL;
}

struct error *
lower_table(struct planner *p, struct rel *r, const bool *need, const struct wish *w,
            struct plan_node **out, int *map)
{
    struct choice ch = {0};
    bool *cols = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);

    if (r->table->is_virtual)
        return lower_virtual(p, r, need, out, map);
    memcpy(cols, need, (size_t)r->n_cols);
    for (int i = 0; i < r->n_conj; i++)
        expr_mark_columns(r->conj[i], cols);
    if (w != NULL)
        for (int i = 0; i < w->n; i++)
            cols[w->order[i].column] = true;
    ERR_TRY(choose(p, r, cols, w, &ch));
    r->cost = ch.cost;
    /* Conditions that the spans decide no longer need their columns. */
    memcpy(cols, need, (size_t)r->n_cols);
    double share = rel_filter_share(r, ch.c.used);
    for (int i = 0; i < r->n_conj; i++)
        if (!ch.c.used[i])
            expr_mark_columns(r->conj[i], cols);
    if (w != NULL)
        for (int i = 0; i < w->n; i++)
            cols[w->order[i].column] = true;
    int64_t limit = w == NULL || !ch.ordered ? 0 : w->limit;
    bool *have = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    for (int i = 0; i < r->n_cols; i++)
        have[i] = index_has(r->table, ch.ix, i);
    bool join = false;
    for (int i = 0; i < r->n_cols; i++)
        join = join || (cols[i] && !have[i]);
    if (!join) {
        struct plan_scan *s = make_scan_node(p, r, &ch, cols, map);
        struct expr *f = residual(p, r, &ch, ch.ix, true, have);
        s->filter = f == NULL ? NULL : expr_remap(p->arena, f, map);
        s->hard_limit = limit;
        s->base.rows *= share;
        set_ordering(p, &s->base, &ch, w, map);
        r->rows = s->base.rows;
        *out = &s->base;
        return NULL;
    }
    /* Scan the index for keys (with what of the filter it can decide), then fetch the rows. */
    const struct index *pk = &r->table->indexes[0];
    bool *inner = ARENA_ARRAY(p->arena, bool, (size_t)r->n_cols + 1);
    int *inner_map = ARENA_ARRAY(p->arena, int, (size_t)r->n_cols + 1);
    struct expr *in_filter = residual(p, r, &ch, ch.ix, true, have);
    struct expr *out_filter = residual(p, r, &ch, ch.ix, false, have);
    for (int i = 0; i < pk->n_keys; i++)
        inner[pk->keys[i]] = true;
    if (in_filter != NULL)
        expr_mark_columns(in_filter, inner);
    for (int i = 0; i < ch.ix->n_keys && !ch.ix->inverted; i++)
        inner[ch.ix->keys[i]] = true;
    struct plan_scan *s = make_scan_node(p, r, &ch, inner, inner_map);
    s->lock = false;
    s->filter = in_filter == NULL ? NULL : expr_remap(p->arena, in_filter, inner_map);
    s->hard_limit = out_filter == NULL ? limit : 0;
    s->soft_limit = limit;
    set_ordering(p, &s->base, &ch, NULL, inner_map);
    int n = 0;
    for (int i = 0; i < r->n_cols; i++)
        n += cols[i];
    struct plan_index_join *ij = plan_node_new(p, PLAN_INDEX_JOIN, sizeof(*ij), n, 1);
    int *ordinals = ARENA_ARRAY(p->arena, int, (size_t)n + 1);
    int *keys = ARENA_ARRAY(p->arena, int, (size_t)pk->n_keys + 1);
    n = 0;
    for (int i = 0; i < r->n_cols; i++) {
        map[i] = -1;
        if (!cols[i])
            continue;
        const struct column *c = &r->table->columns[i];
        map[i] = n;
        ordinals[n] = i;
        ij->base.cols[n++] = (struct plan_column){.name = c->name,
                                                  .type = c->type,
                                                  .hidden = c->hidden,
                                                  .table_id = r->table->id,
                                                  .column_id = c->id};
    }
    for (int i = 0; i < pk->n_keys; i++)
        keys[i] = inner_map[pk->keys[i]];
    ij->table = r->table;
    ij->n_keys = pk->n_keys;
    ij->key_cols = keys;
    ij->n_out = n;
    ij->ordinals = ordinals;
    ij->filter = out_filter == NULL ? NULL : expr_remap(p->arena, out_filter, map);
    ij->lock = r->lock;
    ij->base.children[0] = &s->base;
    ij->base.rows = s->base.rows * (r->stats != NULL ? share : 1);
    ij->base.at_most_one = s->base.at_most_one;
    set_ordering(p, &ij->base, &ch, w, map);
    r->rows = ij->base.rows;
    *out = &ij->base;
    return NULL;
}
