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

/* ---- histograms ------------------------------------------------------------------------------ */

/* That of a column, when value is a constant that its bounds can be compared with; else NULL. */
static const struct column_stats *
histogram_for(const struct rel *r, int col, const struct expr *value)
{
    const struct column_stats *s = stats_of(r, col);

    if (s == NULL || s->n_buckets == 0 || value->kind != EXPR_CONST || value->value.null ||
        value->type->family != s->type->family ||
        value->type->family != r->table->columns[col].type->family)
        return NULL;
    return s;
}

/* The first bucket whose bound is not below v; n_buckets: none. */
static int
bucket_of(const struct column_stats *s, const struct datum *v)
{
    int lo = 0, hi = s->n_buckets;

    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (datum_compare(s->type, &s->buckets[mid].upper, v) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Eight bytes of a text from `at` on. */
static double
text_number(const struct datum *d, size_t at)
{
    struct slice s = datum_slice(d);
    double n = 0;

    for (size_t i = at; i < at + 8; i++)
        n = n * 256 + (i < s.len ? s.ptr[i] : 0);
    return n;
}

static double
part_between(double low, double high, double v)
{
    double part = high > low ? (v - low) / (high - low) : 0.5;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

/* Where v lies between two bounds: 0 to 1. */
static double
part_of(const struct type *t, const struct datum *low, const struct datum *high, const struct datum *v)
{
    size_t same = 0;

    switch (t->family) {
    case FAMILY_INT:
    case FAMILY_DATE:
    case FAMILY_TIME:
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        return part_between((double)low->i, (double)high->i, (double)v->i);
    case FAMILY_FLOAT:
        return part_between(low->f, high->f, v->f);
    case FAMILY_STRING:
    case FAMILY_BYTES: {
        struct slice l = datum_slice(low), h = datum_slice(high);
        while (same < l.len && same < h.len && l.ptr[same] == h.ptr[same])
            same++;
        return part_between(text_number(low, same), text_number(high, same), text_number(v, same));
    }
    default:
        return 0.5;
    }
}

/* Rows of the histogram below v, or not above it. */
static double
rows_below(const struct column_stats *s, const struct datum *v, bool inclusive)
{
    int n = bucket_of(s, v);
    double rows = 0;

    for (int i = 0; i < n; i++)
        rows += s->buckets[i].range + s->buckets[i].equal;
    if (n == s->n_buckets)
        return rows;
    const struct stats_bucket *b = &s->buckets[n];
    if (datum_compare(s->type, &b->upper, v) == 0)
        return rows + b->range + (inclusive ? b->equal : 0);
    return rows + (n > 0 ? b->range * part_of(s->type, &s->buckets[n - 1].upper, &b->upper, v) : 0);
}

/* Rows of the histogram as a part of the table's; what it does not know may have come since. */
static double
as_share(const struct rel *r, int col, const struct column_stats *s, double rows)
{
    double share = rows / s->in_buckets * (1 - rel_null_share(r, col)), least = 1 / rel_table_rows(r);

    return share < least ? least : share;
}

double
rel_equal_share(const struct rel *r, int col, const struct expr *value)
{
    const struct column_stats *s = histogram_for(r, col, value);
    double rows = 0;

    if (s == NULL)
        return rel_value_share(r, col);
    int i = bucket_of(s, &value->value);
    if (i < s->n_buckets && datum_compare(s->type, &s->buckets[i].upper, &value->value) == 0)
        rows = s->buckets[i].equal;
    else if (i < s->n_buckets && s->buckets[i].distinct > 0)
        rows = s->buckets[i].range / (s->buckets[i].distinct < 1 ? 1 : s->buckets[i].distinct);
    return as_share(r, col, s, rows);
}

bool
rel_range_share(const struct rel *r, int col, const struct col_range *range, double *share)
{
    const struct column_stats *lo = NULL, *hi = NULL;

    if (range->lo == NULL && range->hi == NULL) {
        *share = 1 - rel_null_share(r, col);
        return stats_of(r, col) != NULL;
    }
    if (range->lo != NULL && (lo = histogram_for(r, col, range->lo)) == NULL)
        return false;
    if (range->hi != NULL && (hi = histogram_for(r, col, range->hi)) == NULL)
        return false;
    const struct column_stats *s = lo != NULL ? lo : hi;
    double from = lo == NULL ? 0 : rows_below(s, &range->lo->value, !range->lo_incl);
    double to = hi == NULL ? s->in_buckets : rows_below(s, &range->hi->value, range->hi_incl);
    *share = as_share(r, col, s, to > from ? to - from : 0);
    return true;
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* col op value, whichever side the column is on. */
static bool
column_compared(const struct expr *e, int *col, enum compare_op *op, const struct expr **value)
{
    if (e->kind != EXPR_COMPARE || e->n_args != 2)
        return false;
    bool turned = e->args[0]->kind != EXPR_COLUMN;
    const struct expr *c = e->args[turned], *v = e->args[!turned];
    if (c->kind != EXPR_COLUMN || expr_has_columns(v))
        return false;
    *col = c->index;
    *value = v;
    *op = e->cmp;
    if (turned && e->cmp != CMP_EQ && e->cmp != CMP_NE)
        *op = e->cmp == CMP_LT   ? CMP_GT
              : e->cmp == CMP_LE ? CMP_GE
              : e->cmp == CMP_GT ? CMP_LT
                                 : CMP_LE;
    return true;
}

static bool
compare_share(const struct rel *r, int col, enum compare_op op, const struct expr *v, double *share)
{
    struct col_range range = {0};

    switch (op) {
    case CMP_EQ:
    case CMP_NE:
        *share = rel_equal_share(r, col, v);
        if (op == CMP_NE)
            *share = 1 - rel_null_share(r, col) - *share;
        return true;
    case CMP_LT:
    case CMP_LE:
        range.hi = v;
        range.hi_incl = op == CMP_LE;
        break;
    case CMP_GT:
    case CMP_GE:
        range.lo = v;
        range.lo_incl = op == CMP_GE;
        break;
    }
    return rel_range_share(r, col, &range, share);
}

static bool
in_share(const struct rel *r, const struct expr *e, double *share)
{
    int col = e->args[0]->index;
    double all = 0;

    for (int i = 1; i < e->n_args; i++)
        all += rel_equal_share(r, col, e->args[i]);
    *share = e->negated ? 1 - rel_null_share(r, col) - all : all;
    return true;
}

static bool cond_share(const struct rel *r, const struct expr *e, double *share);

/* Alternatives (any true) or conditions that hold together, as if they did not depend on each other. */
static bool
several_share(const struct rel *r, const struct expr *e, bool any, double *share)
{
    double all = 1, one;

    for (int i = 0; i < e->n_args; i++) {
        if (!cond_share(r, e->args[i], &one))
            return false;
        all *= any ? 1 - one : one;
    }
    *share = any ? 1 - all : all;
    return true;
}

static bool
plain_share(const struct rel *r, const struct expr *e, double *share)
{
    const struct expr *value;
    enum compare_op op;
    int col;

    if (e->kind == EXPR_OR || e->kind == EXPR_AND)
        return several_share(r, e, e->kind == EXPR_OR, share);
    if (column_compared(e, &col, &op, &value))
        return stats_of(r, col) != NULL && compare_share(r, col, op, value, share);
    if (e->kind == EXPR_COLUMN && e->type->family == FAMILY_BOOL && stats_of(r, e->index) != NULL) {
        struct expr yes = {.kind = EXPR_CONST, .type = &TYPE_BOOL, .value = datum_bool(true)};
        *share = rel_equal_share(r, e->index, &yes);
        return true;
    }
    if (e->args == NULL || e->n_args < 1)
        return false;
    if (e->kind == EXPR_NOT && e->args[0]->kind == EXPR_COLUMN) {
        if (!plain_share(r, e->args[0], share))
            return false;
        *share = 1 - rel_null_share(r, e->args[0]->index) - *share;
        return true;
    }
    if (e->args[0]->kind != EXPR_COLUMN || stats_of(r, e->args[0]->index) == NULL)
        return false;
    if (e->kind == EXPR_IN)
        return in_share(r, e, share);
    if (e->kind != EXPR_IS_NULL)
        return false;
    *share = rel_null_share(r, e->args[0]->index);
    if (e->negated)
        *share = 1 - *share;
    return true;
}

/* Of what a condition leaves over: known only for columns with statistics. */
static bool
cond_share(const struct rel *r, const struct expr *e, double *share)
{
    if (!plain_share(r, e, share))
        return false;
    *share = *share < 0 ? 0 : *share > 1 ? 1 : *share;
    return true;
}

/* Two ends of one range say more together than each alone. *other: the condition of the other end; 0: it
 * has none. */
static bool
both_ends_share(const struct rel *r, const bool *used, int i, int *other, double *share)
{
    const struct expr *v[2];
    enum compare_op op[2];
    int col[2];

    *other = 0;
    if (!column_compared(r->conj[i], &col[0], &op[0], &v[0]) || op[0] == CMP_EQ || op[0] == CMP_NE)
        return false;
    bool upper = op[0] == CMP_LT || op[0] == CMP_LE;
    for (int k = i + 1; k < r->n_conj; k++) {
        if ((used != NULL && used[k]) || !column_compared(r->conj[k], &col[1], &op[1], &v[1]) ||
            col[1] != col[0] || op[1] == CMP_EQ || op[1] == CMP_NE ||
            (op[1] == CMP_LT || op[1] == CMP_LE) == upper)
            continue;
        struct col_range range = {.lo = v[upper], .hi = v[!upper],
                                  .lo_incl = op[upper] == CMP_GE, .hi_incl = op[!upper] == CMP_LE};
        *other = k;
        return rel_range_share(r, col[0], &range, share);
    }
    return false;
}

double
rel_filter_share(const struct rel *r, const bool *used)
{
    double all = 1, share;
    bool others = false;
    int done[8], n_done = 0, other;

    for (int i = 0; i < r->n_conj; i++) {
        bool skip = used != NULL && used[i];
        for (int k = 0; k < n_done; k++)
            skip = skip || done[k] == i;
        if (skip)
            continue;
        if (n_done < 8 && both_ends_share(r, used, i, &other, &share)) {
            done[n_done++] = other;
            all *= share;
        } else if (cond_share(r, r->conj[i], &share)) {
            all *= share;
        } else {
            others = true;
        }
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
