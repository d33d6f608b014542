#include "config.h"

#include "executor/relational/rel_int.h"

/* Merge join: both sides come in the order of the keys. The right rows of one key are a group, kept
 * while left rows have that key; what of a group passes the memory limit goes to a row store. A
 * NULL key matches nothing. One step gives at most one row. */

struct side {
    struct op *child;
    struct batch *in;
    int at; /* of the live rows of in */
    int n_cols;
    const int *keys;
    struct datum *row; /* borrowed from the child's batch */
    bool ended;
};

enum merge_state { NEXT_LEFT, MATCH, PAIRS, FLUSH, ADVANCE, ENDED };

struct group {
    bool valid;
    struct arena *arena;
    struct datum *key;
    struct datum **rows; /* the first n_rows of count */
    int64_t n_rows, cap, count;
    bool *matched; /* RIGHT, FULL: of all */
    int64_t cap_matched;
    struct row_store *rest;
    struct row_reader *reader;
    int64_t pos;
};

struct merge_join_op {
    struct op op;
    const struct plan_merge_join *plan;
    struct side left, right;
    const struct type *const *right_types;
    struct group group;
    enum merge_state state;
    bool left_matched;
    struct datum *row;
};

static bool
keeps_left(const struct merge_join_op *m)
{
    return m->plan->type == PLAN_JOIN_LEFT || m->plan->type == PLAN_JOIN_FULL ||
           m->plan->type == PLAN_JOIN_ANTI;
}

static bool
keeps_right(const struct merge_join_op *m)
{
    return m->plan->type == PLAN_JOIN_RIGHT || m->plan->type == PLAN_JOIN_FULL;
}

/* ---- the sides ------------------------------------------------------------------------------ */

static void
side_open(struct side *s, struct op *o, int i, const int *keys)
{
    *s = (struct side){
        .child = o->children[i], .n_cols = o->node->children[i]->n_cols, .keys = keys};
    s->row = ARENA_ARRAY(o->arena, struct datum, (size_t)s->n_cols + 1);
}

/* The row at hand, in s->row; s->ended when there is none. */
static struct error *
side_peek(struct side *s)
{
    while (!s->ended && (s->in == NULL || s->at == batch_live(s->in))) {
        ERR_TRY(op_next(s->child, &s->in));
        s->at = 0;
        s->ended = s->in->n == 0;
    }
    if (!s->ended)
        batch_get_row(s->in, batch_row(s->in, s->at), s->row);
    return NULL;
}

static bool
has_null_key(const struct merge_join_op *m, const struct side *s)
{
    for (int i = 0; i < m->plan->n_keys; i++)
        if (s->row[s->keys[i]].null)
            return true;
    return false;
}

/* The left row's key against a key of the right side. */
static int
compare(const struct merge_join_op *m, const struct datum *key)
{
    for (int i = 0; i < m->plan->n_keys; i++) {
        int c = datum_compare(m->plan->key_types[i], &m->left.row[m->left.keys[i]], &key[i]);
        if (c != 0)
            return m->plan->desc[i] ? -c : c;
    }
    return 0;
}

/* ---- groups --------------------------------------------------------------------------------- */

static struct error *
group_add(struct merge_join_op *m)
{
    struct group *g = &m->group;
    const struct side *r = &m->right;

    if (keeps_right(m) && g->count == g->cap_matched) {
        int64_t cap = g->cap_matched == 0 ? 16 : g->cap_matched * 2;
        g->matched = arena_realloc(g->arena, g->matched, (size_t)g->cap_matched, (size_t)cap);
        g->cap_matched = cap;
    }
    if (keeps_right(m))
        g->matched[g->count] = false;
    g->count++;
    if (g->rest != NULL)
        return row_store_add(g->rest, r->row);
    if (arena_size(g->arena) > rel_memory_limit(m->op.x)) {
        g->rest = row_store_create(m->op.x, g->arena, r->n_cols, m->right_types, 0);
        return row_store_add(g->rest, r->row);
    }
    if (g->n_rows == g->cap) {
        int64_t cap = g->cap == 0 ? 4 : g->cap * 2;
        g->rows = arena_realloc(g->arena, g->rows, (size_t)g->cap * sizeof(g->rows[0]),
                                (size_t)cap * sizeof(g->rows[0]));
        g->cap = cap;
    }
    struct datum *row = ARENA_ARRAY(g->arena, struct datum, (size_t)r->n_cols + 1);
    for (int i = 0; i < r->n_cols; i++)
        row[i] = datum_copy(g->arena, m->right_types[i], &r->row[i]);
    g->rows[g->n_rows++] = row;
    return NULL;
}

/* The row at hand and those after it with the same key. */
static struct error *
group_load(struct merge_join_op *m)
{
    struct group *g = &m->group;
    struct arena *a = g->arena;
    int n = m->plan->n_keys;

    arena_reset(a);
    *g = (struct group){.valid = true, .arena = a};
    g->key = ARENA_ARRAY(a, struct datum, (size_t)n);
    for (int i = 0; i < n; i++)
        g->key[i] = datum_copy(a, m->plan->key_types[i], &m->right.row[m->right.keys[i]]);
    for (;;) {
        ERR_TRY(group_add(m));
        m->right.at++;
        ERR_TRY(side_peek(&m->right));
        if (m->right.ended)
            return NULL;
        for (int i = 0; i < n; i++)
            if (m->right.row[m->right.keys[i]].null ||
                datum_compare(m->plan->key_types[i], &m->right.row[m->right.keys[i]], &g->key[i]) !=
                    0)
                return NULL;
    }
}

static void
group_rewind(struct group *g)
{
    g->pos = 0;
    g->reader = g->rest == NULL ? NULL : row_reader_open(g->rest, g->arena);
}

/* The next row of the group, into the right half of m->row. */
static struct error *
group_next(struct merge_join_op *m, bool *more)
{
    struct group *g = &m->group;
    struct datum *to = m->row + m->left.n_cols;

    *more = g->pos < g->count;
    if (!*more)
        return NULL;
    if (g->pos++ >= g->n_rows)
        return row_reader_next(g->reader, to, more);
    memcpy(to, g->rows[g->pos - 1], (size_t)m->right.n_cols * sizeof(to[0]));
    return NULL;
}

/* ---- output --------------------------------------------------------------------------------- */

static void
put_left_alone(struct merge_join_op *m)
{
    memcpy(m->row, m->left.row, (size_t)m->left.n_cols * sizeof(m->row[0]));
    for (int i = 0; i < m->right.n_cols; i++)
        m->row[m->left.n_cols + i] = DATUM_NULL;
    op_put_row(&m->op, m->row);
}

static void
put_right_alone(struct merge_join_op *m, const struct datum *right)
{
    struct datum *to = m->row + m->left.n_cols;

    for (int i = 0; i < m->left.n_cols; i++)
        m->row[i] = DATUM_NULL;
    if (right != to)
        memcpy(to, right, (size_t)m->right.n_cols * sizeof(to[0]));
    op_put_row(&m->op, m->row);
}

static void
left_done(struct merge_join_op *m)
{
    if (!m->left_matched && keeps_left(m))
        put_left_alone(m);
    m->left.at++;
    m->state = NEXT_LEFT;
}

static struct error *
match(struct merge_join_op *m)
{
    if (!m->group.valid && m->right.ended) {
        if (!keeps_left(m))
            m->state = ENDED;
        else
            left_done(m);
        return NULL;
    }
    if (!m->group.valid) {
        m->state = ADVANCE;
        return NULL;
    }
    int c = compare(m, m->group.key);
    if (c < 0) {
        left_done(m);
    } else {
        group_rewind(&m->group);
        m->state = c == 0 ? PAIRS : FLUSH;
    }
    return NULL;
}

static struct error *
pair(struct merge_join_op *m)
{
    const struct plan_merge_join *p = m->plan;
    bool more;

    ERR_TRY(group_next(m, &more));
    if (!more) {
        left_done(m);
        return NULL;
    }
    memcpy(m->row, m->left.row, (size_t)m->left.n_cols * sizeof(m->row[0]));
    if (p->on != NULL) {
        struct eval_env env = op_env(&m->op);
        struct datum ok;
        ERR_TRY(expr_eval(p->on, &env, m->op.st, m->row, &ok));
        if (ok.null || !ok.i)
            return NULL;
    }
    m->left_matched = true;
    if (keeps_right(m))
        m->group.matched[m->group.pos - 1] = true;
    if (p->type != PLAN_JOIN_ANTI)
        op_put_row(&m->op, m->row);
    if (p->type == PLAN_JOIN_ANTI || p->type == PLAN_JOIN_SEMI)
        left_done(m);
    return NULL;
}

/* The group is behind: those of its rows that nothing matched. */
static struct error *
flush(struct merge_join_op *m)
{
    bool more = false;

    if (keeps_right(m))
        ERR_TRY(group_next(m, &more));
    if (!more) {
        m->group.valid = false;
        m->state = ADVANCE;
    } else if (!m->group.matched[m->group.pos - 1]) {
        put_right_alone(m, m->row + m->left.n_cols);
    }
    return NULL;
}

static struct error *
advance(struct merge_join_op *m)
{
    struct side *r = &m->right;

    ERR_TRY(side_peek(r));
    if (r->ended || (m->left.ended && !keeps_right(m))) {
        m->state = m->left.ended ? ENDED : MATCH;
        return NULL;
    }
    bool behind = m->left.ended || has_null_key(m, r);
    for (int i = 0; i < m->plan->n_keys && !behind; i++) {
        int c = datum_compare(m->plan->key_types[i], &m->left.row[m->left.keys[i]],
                              &r->row[r->keys[i]]);
        if (c == 0)
            continue;
        behind = (m->plan->desc[i] ? -c : c) > 0;
        break;
    }
    if (behind) {
        if (keeps_right(m))
            put_right_alone(m, r->row);
        r->at++;
        return NULL;
    }
    m->state = MATCH;
    return group_load(m);
}

static struct error *
next_left(struct merge_join_op *m)
{
    ERR_TRY(side_peek(&m->left));
    m->left_matched = false;
    if (m->left.ended) {
        if (m->group.valid)
            group_rewind(&m->group);
        m->state = m->group.valid ? FLUSH : ADVANCE;
    } else if (has_null_key(m, &m->left)) {
        left_done(m);
    } else {
        m->state = MATCH;
    }
    return NULL;
}

static struct error *
merge_join_open(struct op *o)
{
    struct merge_join_op *m = (struct merge_join_op *)o;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    side_open(&m->left, o, 0, m->plan->left_keys);
    side_open(&m->right, o, 1, m->plan->right_keys);
    m->right_types = plan_types(o->arena, o->node->children[1]);
    m->row = ARENA_ARRAY(o->arena, struct datum, (size_t)(m->left.n_cols + m->right.n_cols) + 1);
    m->group = (struct group){.arena = arena_create(o->arena, "join group")};
    m->state = NEXT_LEFT;
    ERR_TRY(op_open(o->children[0]));
    return op_open(o->children[1]);
}

static struct error *
merge_join_next(struct op *o, struct batch **out)
{
    struct merge_join_op *m = (struct merge_join_op *)o;

    *out = &o->batch;
    op_begin_batch(o);
    while (o->batch.n < BATCH_ROWS && m->state != ENDED) {
        switch (m->state) {
        case NEXT_LEFT:
            ERR_TRY(next_left(m));
            break;
        case MATCH:
            ERR_TRY(match(m));
            break;
        case PAIRS:
            ERR_TRY(pair(m));
            break;
        case FLUSH:
            ERR_TRY(flush(m));
            break;
        case ADVANCE:
            ERR_TRY(advance(m));
            break;
        case ENDED:
            break;
        }
    }
    return NULL;
}

static const struct op_vt merge_join_vt = {
    .name = "merge-join", .open = merge_join_open, .next = merge_join_next};

struct error *
make_merge_join(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
                struct op **out)
{
    ERR_TRY(op_new(x, st, n, &merge_join_vt, sizeof(struct merge_join_op), out));
    ((struct merge_join_op *)*out)->plan = (const struct plan_merge_join *)n;
    return NULL;
}
