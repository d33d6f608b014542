#include "config.h"

#include "executor/relational/rel_int.h"

/* Hash join, all types. The right side is the table; when it passes the memory limit both sides are cut
 * into N_PARTS pairs of files by hash, and the pairs are joined one after the other. */

#define N_PARTS 32
#define NARROW_ROWS 1000

struct build_row {
    struct hash_entry h;
    struct build_row *next_all; /* for RIGHT and FULL */
    struct datum *v;            /* keys, then the row */
    bool matched;
};

struct hash_join_op {
    struct op op;
    const struct plan_hash_join *plan;
    int n_left, n_right;
    const struct type *const *left_types, *const *right_types;
    const struct type **key_types;
    struct arena *table_arena, *scratch;
    struct row_hash table;
    struct build_row *all, *all_last;
    struct datum **key_vecs;
    uint64_t *hashes;           /* of a batch's live rows */
    bool *nulls;                /* a NULL key, which matches nothing */
    struct datum *key, *row, *right_row;
    /* probing */
    struct batch *in;
    int in_pos;
    bool probing, left_matched;
    struct hash_entry *at;
    uint64_t hash;
    struct build_row *unmatched; /* giving out RIGHT's rest */
    bool rest, ended;
    /* the left side was opened first, and its first rows wait here */
    bool left_open;
    struct row_store *ahead;
    struct row_reader *ahead_reader;
    struct batch ahead_batch;
    /* spilled */
    bool spilled;
    struct row_store *left_parts[N_PARTS], *right_parts[N_PARTS];
    int part;
    struct row_reader *reader;
    struct batch part_batch;
};

static bool
keeps_left(const struct plan_hash_join *p)
{
    return p->type == PLAN_JOIN_LEFT || p->type == PLAN_JOIN_FULL || p->type == PLAN_JOIN_ANTI;
}

static bool
keeps_right(const struct plan_hash_join *p)
{
    return p->type == PLAN_JOIN_RIGHT || p->type == PLAN_JOIN_FULL;
}

static void
take_key(struct hash_join_op *j, int r)
{
    for (int i = 0; i < j->plan->n_keys; i++)
        j->key[i] = j->key_vecs[i][r];
}

/* Key vectors and hashes of a batch. */
static struct error *
eval_keys(struct hash_join_op *j, struct expr *const *keys, const struct batch *b)
{
    struct eval_env env = j->op.x->env;

    arena_reset(j->scratch);
    env.arena = j->scratch;
    for (int i = 0; i < j->plan->n_keys; i++)
        ERR_TRY(expr_eval_batch(keys[i], &env, j->op.st, b, j->key_vecs[i]));
    int live = batch_live(b);
    for (int i = 0; i < live; i++) {
        take_key(j, batch_row(b, i));
        j->nulls[i] = false;
        for (int k = 0; k < j->plan->n_keys; k++)
            j->nulls[i] = j->nulls[i] || j->key[k].null;
        j->hashes[i] = row_key_hash(j->key, j->plan->n_keys, j->key_types, 11);
    }
    return NULL;
}

static void
insert_build(struct hash_join_op *j, const struct batch *b, int r, uint64_t hash, bool null)
{
    int nk = j->plan->n_keys;
    struct build_row *e = ARENA_NEW(j->table_arena, struct build_row);

    e->h.hash = hash;
    e->v = ARENA_ARRAY(j->table_arena, struct datum, (size_t)(nk + j->n_right) + 1);
    for (int i = 0; i < nk; i++)
        e->v[i] = datum_copy(j->table_arena, j->key_types[i], &j->key[i]);
    for (int c = 0; c < j->n_right; c++)
        e->v[nk + c] = b->cols[c] == NULL
                           ? DATUM_NULL
                           : datum_copy(j->table_arena, j->right_types[c], &b->cols[c][r]);
    if (!null)
        row_hash_add(&j->table, &e->h);
    if (j->all == NULL)
        j->all = e;
    else
        j->all_last->next_all = e;
    j->all_last = e;
}

static struct error *
spill_side(struct hash_join_op *j, struct row_store **parts, int n_cols,
           const struct type *const *types, const struct batch *b, int r, uint64_t hash)
{
    int i = (int)((hash >> 40) & (N_PARTS - 1));

    if (parts[i] == NULL)
        parts[i] = row_store_create(j->op.x, j->op.arena, n_cols, types,
                                    rel_memory_limit(j->op.x) / (N_PARTS * 2));
    batch_get_row(b, r, j->row);
    return row_store_add(parts[i], j->row);
}

/* Move the table built so far to the right side's files. */
static struct error *
spill_table(struct hash_join_op *j)
{
    int nk = j->plan->n_keys;

    j->spilled = true;
    for (struct build_row *e = j->all; e != NULL; e = e->next_all) {
        int i = (int)((e->h.hash >> 40) & (N_PARTS - 1));
        if (j->right_parts[i] == NULL)
            j->right_parts[i] = row_store_create(j->op.x, j->op.arena, j->n_right, j->right_types,
                                                 rel_memory_limit(j->op.x) / (N_PARTS * 2));
        ERR_TRY(row_store_add(j->right_parts[i], e->v + nk));
    }
    arena_reset(j->table_arena);
    row_hash_init(&j->table, j->table_arena);
    j->all = j->all_last = NULL;
    return NULL;
}

static struct error *
build(struct hash_join_op *j)
{
    const struct plan_hash_join *p = j->plan;
    size_t limit = rel_memory_limit(j->op.x);

    for (;;) {
        struct batch *b;
        ERR_TRY(op_next(j->op.children[1], &b));
        if (b->n == 0)
            break;
        ERR_TRY(eval_keys(j, p->right_keys, b));
        int live = batch_live(b);
        for (int i = 0; i < live; i++) {
            int r = batch_row(b, i);
            bool null = j->nulls[i];
            uint64_t hash = j->hashes[i];
            if (null && !keeps_right(p))
                continue;
            take_key(j, r);
            if (j->spilled)
                ERR_TRY(spill_side(j, j->right_parts, j->n_right, j->right_types, b, r, hash));
            else
                insert_build(j, b, r, hash, null);
        }
        if (!j->spilled && arena_size(j->table_arena) > limit)
            ERR_TRY(spill_table(j));
    }
    op_close(j->op.children[1]);
    row_hash_oldest_first(&j->table); /* partners come in the order of their side */
    return NULL;
}

/* The next batch of the left side. */
static struct error *
read_left(struct hash_join_op *j, struct batch **b)
{
    if (j->ahead_reader != NULL) {
        *b = &j->ahead_batch;
        ERR_TRY(row_reader_batch(j->ahead_reader, *b));
        if ((*b)->n > 0)
            return NULL;
        j->ahead_reader = NULL;
        row_store_close(j->ahead);
    }
    return op_next(j->op.children[0], b);
}

static struct error *
spill_left(struct hash_join_op *j)
{
    for (;;) {
        struct batch *b;
        ERR_TRY(read_left(j, &b));
        if (b->n == 0)
            return NULL;
        ERR_TRY(eval_keys(j, j->plan->left_keys, b));
        int live = batch_live(b);
        for (int i = 0; i < live; i++) {
            int r = batch_row(b, i);
            bool null = j->nulls[i];
            uint64_t hash = j->hashes[i];
            if (null && !keeps_left(j->plan))
                continue;
            ERR_TRY(spill_side(j, j->left_parts, j->n_left, j->left_types, b, r, hash));
        }
    }
}

/* Load the next pair of files: table from the right one, probing from the left one. */
static struct error *
load_part(struct hash_join_op *j, bool *more)
{
    int i = ++j->part;

    *more = i < N_PARTS;
    if (!*more)
        return NULL;
    arena_reset(j->table_arena);
    row_hash_init(&j->table, j->table_arena);
    j->all = j->all_last = NULL;
    j->rest = false;
    j->in = NULL;
    batch_init(j->table_arena, &j->part_batch,
               j->n_left > j->n_right ? j->n_left : j->n_right, true);
    if (j->right_parts[i] != NULL) {
        struct row_reader *r = row_reader_open(j->right_parts[i], j->table_arena);
        for (;;) {
            j->part_batch.n_cols = j->n_right;
            ERR_TRY(row_reader_batch(r, &j->part_batch));
            if (j->part_batch.n == 0)
                break;
            ERR_TRY(eval_keys(j, j->plan->right_keys, &j->part_batch));
            for (int k = 0; k < j->part_batch.n; k++) {
                take_key(j, k);
                insert_build(j, &j->part_batch, k, j->hashes[k], j->nulls[k]);
            }
        }
        row_hash_oldest_first(&j->table);
    }
    j->part_batch.n_cols = j->n_left;
    j->reader = j->left_parts[i] == NULL ? NULL : row_reader_open(j->left_parts[i], j->table_arena);
    return NULL;
}

/* The join key whose side (0 left, 1 right) is output column col of that child; -1. Only types whose equal
 * values have equal keys in an index. */
static int
join_key_of(const struct plan_hash_join *p, int side, int col)
{
    for (int i = 0; i < p->n_keys && col >= 0; i++) {
        const struct expr *e = side == 0 ? p->left_keys[i] : p->right_keys[i];
        enum type_family f = e->type->family;
        if (e->kind == EXPR_COLUMN && e->index == col && p->left_keys[i]->type->family == f &&
            p->right_keys[i]->type->family == f &&
            (f == FAMILY_INT || f == FAMILY_STRING || f == FAMILY_BYTES || f == FAMILY_UUID))
            return i;
    }
    return -1;
}

/* Is a side a scan of a whole index that begins with join keys? Which ones: *n_keys of them. */
static int *
index_keys(const struct hash_join_op *j, int side, int *n_keys)
{
    int *which = ARENA_ARRAY(j->op.arena, int, (size_t)j->plan->n_keys + 1);

    for (*n_keys = 0; *n_keys < j->plan->n_keys; ++*n_keys) {
        which[*n_keys] =
            join_key_of(j->plan, side, scan_output_of_key(j->op.children[side], *n_keys));
        if (which[*n_keys] < 0)
            break;
    }
    return which;
}

/* Few rows on the right: a left side that is a scan by join keys need not read what cannot match. */
static struct error *
narrow_left(struct hash_join_op *j)
{
    int n_keys, n = 0;
    const int *which = index_keys(j, 0, &n_keys);

    if (n_keys == 0)
        return NULL;
    struct datum *keys = ARENA_ARRAY(j->op.arena, struct datum, j->table.n * (size_t)n_keys + 1);
    for (const struct build_row *e = j->all; e != NULL; e = e->next_all) {
        bool null = false;
        for (int k = 0; k < j->plan->n_keys; k++)
            null = null || e->v[k].null;
        for (int k = 0; k < n_keys && !null; k++)
            keys[n * n_keys + k] = e->v[which[k]];
        n += !null;
    }
    return scan_narrow(j->op.children[0], j->op.arena, keys, n_keys, n);
}

/* The same the other way round: the first rows of the left side are read ahead. */
static struct error *
narrow_right(struct hash_join_op *j)
{
    struct op *o = &j->op;
    int n_keys, n_left_keys, n = 0, rows = 0;
    const int *which = index_keys(j, 1, &n_keys);

    /* Where the left side might be narrowed, the guesses of the planner decide. */
    index_keys(j, 0, &n_left_keys);
    bool fewer_left = o->node->children[0]->rows * 2 < o->node->children[1]->rows;
    if (n_keys == 0 || keeps_right(j->plan) ||
        (n_left_keys > 0 && !keeps_left(j->plan) && !fewer_left))
        return NULL;
    size_t most = NARROW_ROWS + BATCH_ROWS;
    struct datum *keys = ARENA_ARRAY(o->arena, struct datum, most * (size_t)n_keys + 1);
    j->ahead = row_store_create(o->x, o->arena, j->n_left, j->left_types, 0);
    batch_init(o->arena, &j->ahead_batch, j->n_left, true);
    j->left_open = true;
    ERR_TRY(op_open(o->children[0]));
    while (rows <= NARROW_ROWS) {
        struct batch *b;
        ERR_TRY(op_next(o->children[0], &b));
        if (b->n == 0)
            break;
        ERR_TRY(row_store_add_batch(j->ahead, b));
        ERR_TRY(eval_keys(j, j->plan->left_keys, b));
        int live = batch_live(b);
        for (int i = 0; i < live; i++) {
            if (j->nulls[i])
                continue;
            take_key(j, batch_row(b, i));
            for (int k = 0; k < n_keys; k++)
                keys[n * n_keys + k] =
                    datum_copy(o->arena, j->key_types[which[k]], &j->key[which[k]]);
            n++;
        }
        rows += live;
    }
    j->ahead_reader = row_reader_open(j->ahead, o->arena);
    return rows > NARROW_ROWS ? NULL : scan_narrow(o->children[1], o->arena, keys, n_keys, n);
}

static struct error *
hash_join_open(struct op *o)
{
    struct hash_join_op *j = (struct hash_join_op *)o;
    const struct plan_hash_join *p = j->plan;

    batch_init(o->arena, &o->batch, o->node->n_cols, true);
    j->n_left = o->node->children[0]->n_cols;
    j->n_right = o->node->children[1]->n_cols;
    j->left_types = plan_types(o->arena, o->node->children[0]);
    j->right_types = plan_types(o->arena, o->node->children[1]);
    j->key_types = ARENA_ARRAY(o->arena, const struct type *, (size_t)p->n_keys + 1);
    j->key_vecs = ARENA_ARRAY(o->arena, struct datum *, (size_t)p->n_keys + 1);
    for (int i = 0; i < p->n_keys; i++) {
        j->key_types[i] = p->left_keys[i]->type;
        j->key_vecs[i] = ARENA_ARRAY(o->arena, struct datum, BATCH_ROWS);
    }
    j->hashes = ARENA_ARRAY(o->arena, uint64_t, BATCH_ROWS);
    j->nulls = ARENA_ARRAY(o->arena, bool, BATCH_ROWS);
    j->key = ARENA_ARRAY(o->arena, struct datum, (size_t)p->n_keys + 1);
    j->row = ARENA_ARRAY(o->arena, struct datum, (size_t)(j->n_left + j->n_right) + 1);
    j->table_arena = arena_create(o->arena, "join table");
    j->scratch = arena_create(o->arena, "join keys");
    row_hash_init(&j->table, j->table_arena);
    j->all = j->all_last = NULL;
    j->in = NULL;
    j->in_pos = 0;
    j->probing = j->rest = j->ended = j->spilled = false;
    memset(j->left_parts, 0, sizeof(j->left_parts));
    memset(j->right_parts, 0, sizeof(j->right_parts));
    j->part = -1;
    j->reader = NULL;
    j->left_open = false;
    j->ahead_reader = NULL;
    ERR_TRY(narrow_right(j));
    ERR_TRY(op_open(o->children[1]));
    ERR_TRY(build(j));
    /* Nothing to join with: the left side need not be read. */
    if (!j->spilled && j->all == NULL && !keeps_left(p)) {
        j->ended = true;
        return NULL;
    }
    if (!j->left_open) {
        if (!j->spilled && !keeps_left(p) && j->table.n <= NARROW_ROWS)
            ERR_TRY(narrow_left(j));
        ERR_TRY(op_open(o->children[0]));
    }
    if (j->spilled) {
        ERR_TRY(spill_left(j));
        bool more;
        ERR_TRY(load_part(j, &more));
    }
    return NULL;
}

static struct error *
next_left_batch(struct hash_join_op *j)
{
    j->in_pos = 0;
    if (!j->spilled) {
        ERR_TRY(read_left(j, &j->in));
    } else {
        j->in = &j->part_batch;
        if (j->reader == NULL)
            j->in->n = 0;
        else
            ERR_TRY(row_reader_batch(j->reader, j->in));
    }
    if (j->in->n > 0)
        ERR_TRY(eval_keys(j, j->plan->left_keys, j->in));
    return NULL;
}

/* The next build row that matches the current left row; NULL when there is none. */
static struct error *
next_match(struct hash_join_op *j, struct build_row **out)
{
    const struct plan_hash_join *p = j->plan;

    *out = NULL;
    while (j->at != NULL) {
        struct build_row *e = (struct build_row *)j->at;
        j->at = j->at->next;
        if (e->h.hash != j->hash || !row_key_equal(e->v, j->key, p->n_keys, j->key_types))
            continue;
        memcpy(j->row + j->n_left, e->v + p->n_keys, (size_t)j->n_right * sizeof(j->row[0]));
        if (p->on != NULL) {
            struct eval_env env = op_env(&j->op);
            struct datum ok;
            ERR_TRY(expr_eval(p->on, &env, j->op.st, j->row, &ok));
            if (ok.null || !ok.i)
                continue;
        }
        *out = e;
        return NULL;
    }
    return NULL;
}

static void
null_side(struct hash_join_op *j, int from, int n)
{
    for (int i = 0; i < n; i++)
        j->row[from + i] = DATUM_NULL;
}

/* One step: at most one output row. *idle: input of this part is exhausted. */
static struct error *
step(struct hash_join_op *j, bool *idle)
{
    const struct plan_hash_join *p = j->plan;

    if (!j->probing) {
        while (j->in == NULL || j->in_pos == batch_live(j->in)) {
            ERR_TRY(next_left_batch(j));
            if (j->in->n == 0) {
                *idle = true;
                return NULL;
            }
        }
        int r = batch_row(j->in, j->in_pos);
        batch_get_row(j->in, r, j->row);
        row_hash_ahead(&j->table, j->hashes, j->in_pos, batch_live(j->in));
        take_key(j, r);
        j->hash = j->hashes[j->in_pos];
        j->at = j->nulls[j->in_pos] ? NULL : row_hash_bucket(&j->table, j->hash);
        j->probing = true;
        j->left_matched = false;
    }
    struct build_row *e;
    ERR_TRY(next_match(j, &e));
    if (e != NULL) {
        e->matched = true;
        j->left_matched = true;
        if (p->type != PLAN_JOIN_ANTI)
            op_put_row(&j->op, j->row);
        if (p->type != PLAN_JOIN_ANTI && p->type != PLAN_JOIN_SEMI)
            return NULL;
    } else if (!j->left_matched && keeps_left(p)) {
        null_side(j, j->n_left, j->n_right);
        op_put_row(&j->op, j->row);
    }
    j->probing = false;
    j->in_pos++;
    return NULL;
}

static struct error *
hash_join_next(struct op *o, struct batch **out)
{
    struct hash_join_op *j = (struct hash_join_op *)o;

    *out = &o->batch;
    op_begin_batch(o);
    while (o->batch.n < BATCH_ROWS && !j->ended) {
        if (j->rest) {
            while (j->unmatched != NULL && o->batch.n < BATCH_ROWS) {
                struct build_row *e = j->unmatched;
                j->unmatched = e->next_all;
                if (e->matched)
                    continue;
                null_side(j, 0, j->n_left);
                memcpy(j->row + j->n_left, e->v + j->plan->n_keys,
                       (size_t)j->n_right * sizeof(j->row[0]));
                op_put_row(o, j->row);
            }
            if (j->unmatched != NULL)
                return NULL;
            bool more = false;
            if (j->spilled)
                ERR_TRY(load_part(j, &more));
            j->ended = !more;
            continue;
        }
        bool idle = false;
        ERR_TRY(step(j, &idle));
        if (idle) {
            j->rest = true;
            j->unmatched = keeps_right(j->plan) ? j->all : NULL;
        }
    }
    return NULL;
}

static const struct op_vt hash_join_vt = {
    .name = "hash-join", .open = hash_join_open, .next = hash_join_next};

struct error *
make_hash_join(struct exec_ctx *x, struct exec_state *st, const struct plan_node *n,
               struct op **out)
{
    ERR_TRY(op_new(x, st, n, &hash_join_vt, sizeof(struct hash_join_op), out));
    ((struct hash_join_op *)*out)->plan = (const struct plan_hash_join *)n;
    return NULL;
}
