/* ALTER TABLE, ALTER INDEX .. SPLIT AT, UNSPLIT, SCATTER, EXPERIMENTAL_RELOCATE: where ranges end and
 * which nodes have them.
 * SOURCE: CockroachDB v20.1 pkg/sql/opt/optbuilder/alter_table.go, pkg/sql/{split,unsplit,relocate}.go */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "base/hash.h"
#include "catalog/row.h"
#include "executor/cluster.h"
#include "executor/node.h"
#include "executor/ranges.h"
#include "executor/splits.h"
#include "planner/as_of.h"
#include "types/keyenc.h"

static const struct result_column split_columns[] = {
    {"key", &TYPE_BYTES, 0, 0},
    {"pretty", &TYPE_STRING, 0, 0},
    {"split_enforced_until", &TYPE_TIMESTAMP, 0, 0}};
static const struct result_column key_columns[] = {{"key", &TYPE_BYTES, 0, 0},
                                                   {"pretty", &TYPE_STRING, 0, 0}};
STATEMENT_COLUMNS(split_result, split_columns)
STATEMENT_COLUMNS(key_result, key_columns)

/* ---- the rows of the statement --------------------------------------------------------------- */

/* One statement: the index that it names, and what its rows begin with besides key columns. */
struct splitter {
    struct row_sink base;
    struct exec_ctx *x;
    struct row_sink *rows;
    const char *op;               /* "SPLIT AT" */
    const struct table *t;
    const struct index *ix;
    int n_before;                 /* columns in front of the key's */
    const struct type *before;
    const char *before_name;
    int n_cols;                   /* of the rows given */
    struct hlc until;
    bool lease;
    struct error *(*each)(struct splitter *s, const struct datum *row, struct slice key);
};

static struct error *
find_target(struct splitter *s, const struct ast_range_target *n)
{
    struct exec_ctx *x = s->x;
    if (n->is_index) {
        struct found_index f;
        ERR_TRY(ddl_find_index(x, &n->index, false, &f));
        s->t = f.t;
        s->ix = f.ix;
    } else {
        ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, false, PRIV_INSERT, &s->t, NULL));
        s->ix = &s->t->indexes[0];
    }
    return ddl_check_table(x, s->t, PRIV_INSERT);
}

static const struct type *
column_type(const struct splitter *s, int i)
{
    return i < s->n_before ? s->before : s->t->columns[s->ix->keys[i - s->n_before]].type;
}

static struct error *
check_columns(void *arg, int n, const struct plan_column *cols)
{
    struct splitter *s = arg;
    struct arena *a = s->x->arena;
    if (n < s->n_before + 1)
        return err_new(ERR_UNCATEGORIZED, "less than %d columns in %s data",
                       s->n_before + 1, s->op);
    if (n > s->n_before + s->ix->n_keys)
        return err_new(ERR_UNCATEGORIZED, "too many columns in %s data", s->op);
    for (int i = 0; i < n; i++) {
        const struct type *want = column_type(s, i);
        if (cols[i].type->family == FAMILY_UNKNOWN || type_equivalent(cols[i].type, want))
            continue;
        const char *name =
            i < s->n_before ? s->before_name : s->t->columns[s->ix->keys[i - s->n_before]].name;
        return err_new(ERR_UNCATEGORIZED,
                       "%s data column %d (%s) must be of type %s, not type %s", s->op, i + 1, name,
                       type_name_str(a, want), type_name_str(a, cols[i].type));
    }
    s->n_cols = n;
    return NULL;
}

static struct error *
take_row(struct row_sink *sink, const struct datum *row)
{
    struct splitter *s = (struct splitter *)sink;
    struct exec_ctx *x = s->x;
    struct str key;
    int n = s->n_cols - s->n_before;
    struct datum *vals = ARENA_ARRAY(x->arena, struct datum, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        const struct column *c = &s->t->columns[s->ix->keys[i]];
        vals[i] = row[s->n_before + i];
        if (!vals[i].null)
            ERR_TRY(datum_adjust(&x->env, c->type, c->name, &vals[i], &vals[i]));
    }
    str_init_arena(&key, x->arena, STR_MAX_DEFAULT);
    ERR_TRY(row_key_prefix(&key, s->t, s->ix, vals, n));
    ERR_TRY(str_error(&key));
    return s->each(s, row, str_slice(&key));
}

static struct exec_wanted
wanted(struct splitter *s)
{
    int n = s->n_before + s->ix->n_keys;
    const struct type **types = ARENA_ARRAY(s->x->arena, const struct type *, (size_t)n);
    for (int i = 0; i < n; i++)
        types[i] = column_type(s, i);
    return (struct exec_wanted){types, n, check_columns, s};
}

static struct error *
run_rows(struct splitter *s, const struct ast_select *select)
{
    struct exec_wanted w = wanted(s);
    s->base.put = take_row;
    return exec_select_as(s->x, select, &w, &s->base);
}

/* Placeholders of the rows are of the columns' types. */
static struct error *
type_rows(struct splitter *s, const struct ast_range_target *target, const struct ast_select *select)
{
    ERR_TRY(find_target(s, target));
    struct exec_wanted w = wanted(s);
    return select == NULL ? NULL : exec_type_select(s->x, select, &w);
}

static struct error *
put_key(struct splitter *s, struct slice key)
{
    struct str text;
    str_init_arena(&text, s->x->arena, STR_MAX_DEFAULT);
    key_pretty_bound(&text, key);
    struct datum row[] = {datum_bytes(key.ptr, key.len), datum_cstr(str_cstr(&text))};
    return row_put(s->rows, row);
}

/* What is written of the key so far. */
static struct error *
read_split(struct exec_ctx *x, struct slice key, struct split *out)
{
    struct str end;
    struct split *v;
    size_t n;
    str_init_arena(&end, x->arena, STR_MAX_DEFAULT);
    str_append_slice(&end, key);
    str_append_char(&end, '\0');
    kv_txn_step(x->txn);
    ERR_TRY(splits_in(x, (struct span){key, str_slice(&end)}, &v, &n));
    *out = n > 0 ? v[0] : (struct split){.key = key};
    return NULL;
}

/* ---- SPLIT AT -------------------------------------------------------------------------------- */

/* The texts of AS OF SYSTEM TIME, which takes the same, under this statement's name. */
static struct error *
expiration(struct exec_ctx *x, const struct ast_expr *e, struct hlc *out)
{
    static const char clause[] = "AS OF SYSTEM TIME: ";
    struct type_ctx c;
    *out = HLC_MAX;
    if (e == NULL || e->kind == AST_EXPR_NULL)
        return NULL;
    type_ctx_init(&c, exec_planner(x), NULL, "SPLIT AT", 0);
    struct error *err = eval_as_of(&c, e, HLC_MIN, out);
    if (err != NULL && strncmp(err->message, clause, sizeof(clause) - 1) == 0) {
        const char *text = strstr(err->message, "constant") != NULL
                               ? "only constant expressions are allowed for expiration"
                               : err->message + sizeof(clause) - 1;
        struct error *named = err_new(ERR_UNCATEGORIZED, "SPLIT AT: %s", text);
        err_free(err);
        return named;
    }
    ERR_TRY(err);
    if (out->wall < clock_now(x->node->clock).wall)
        return err_new(ERR_UNCATEGORIZED, "SPLIT AT: expiration time should be greater than or equal "
                                          "to current time");
    return NULL;
}

static struct error *
split_one(struct splitter *s, const struct datum *row, struct slice key)
{
    struct split at;
    struct str text;
    (void)row;
    ERR_TRY(read_split(s->x, key, &at));
    at.until = s->until;
    ERR_TRY(split_write(s->x, &at));
    str_init_arena(&text, s->x->arena, STR_MAX_DEFAULT);
    key_pretty_bound(&text, key);
    struct datum out[] = {datum_bytes(key.ptr, key.len), datum_cstr(str_cstr(&text)),
                          datum_int(s->until.wall / 1000 + (s->until.wall % 1000 >= 500) -
                                    PG_EPOCH_US)};
    return row_put(s->rows, out);
}

static struct error *
split_placeholders(struct exec_ctx *x, const struct ast_stmt *st)
{
    struct splitter s = {.x = x, .op = "SPLIT AT"};
    exec_type_placeholder(x, st->split->expiration, &TYPE_STRING);
    return type_rows(&s, &st->split->target, st->split->rows);
}

static struct error *
split_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_split *n = st->split;
    struct splitter s = {.x = x, .rows = rows, .op = "SPLIT AT", .each = split_one};
    (void)tag;
    ERR_TRY(find_target(&s, &n->target));
    ERR_TRY(expiration(x, n->expiration, &s.until));
    return run_rows(&s, n->rows);
}

/* ---- UNSPLIT --------------------------------------------------------------------------------- */

static struct error *
unsplit_one(struct splitter *s, const struct datum *row, struct slice key)
{
    struct split at;
    ERR_TRY(read_split(s->x, key, &at));
    if (hlc_is_empty(at.until)) {
        struct table_range r;
        struct str values, text;
        ERR_TRY(range_of_key(s->x, key, &r));
        if (slice_eq(r.r.start, key))
            return put_key(s, key);
        str_init_arena(&values, s->x->arena, STR_MAX_DEFAULT);
        str_init_arena(&text, s->x->arena, STR_MAX_DEFAULT);
        for (int i = 0; i < s->n_cols; i++) {
            str_append_cstr(&values, i > 0 ? ", " : "(");
            datum_format_sql(&values, column_type(s, i), &row[i], false, &s->x->env);
        }
        key_pretty_bound(&text, key);
        return err_new(ERR_UNCATEGORIZED,
                       "could not UNSPLIT AT %s): key %s is not the start of a range",
                       str_cstr(&values), str_cstr(&text));
    }
    at.until = HLC_MIN;
    ERR_TRY(split_write(s->x, &at));
    return put_key(s, key);
}

/* Those of the index. */
static struct error *
unsplit_all(struct splitter *s)
{
    struct split *v;
    size_t n;
    ERR_TRY(splits_in(s->x, row_index_span(s->x->arena, s->t, s->ix), &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (hlc_is_empty(v[i].until))
            continue;
        v[i].until = HLC_MIN;
        ERR_TRY(split_write(s->x, &v[i]));
        ERR_TRY(put_key(s, v[i].key));
    }
    return NULL;
}

static struct error *
unsplit_placeholders(struct exec_ctx *x, const struct ast_stmt *st)
{
    struct splitter s = {.x = x, .op = "UNSPLIT AT"};
    return type_rows(&s, &st->unsplit->target, st->unsplit->rows);
}

static struct error *
unsplit_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_unsplit *n = st->unsplit;
    struct splitter s = {.x = x, .rows = rows, .op = "UNSPLIT AT", .each = unsplit_one};
    (void)tag;
    ERR_TRY(find_target(&s, &n->target));
    return n->all ? unsplit_all(&s) : run_rows(&s, n->rows);
}

/* ---- EXPERIMENTAL_RELOCATE ------------------------------------------------------------------- */

static struct error *
find_store(struct exec_ctx *x, int64_t id)
{
    if (id < 1 || id > UINT32_MAX || cluster_node(x->node->cluster, x->arena, (uint32_t)id) == NULL)
        return err_new(ERR_UNCATEGORIZED, "error looking up store %lld", (long long)id);
    return NULL;
}

/* For as long as no zone says otherwise. */
static struct error *
move_lease(struct splitter *s, struct slice start, uint32_t node)
{
    struct split at;
    ERR_TRY(read_split(s->x, start, &at));
    at.holder = node;
    ERR_TRY(split_write(s->x, &at));
    return put_key(s, start);
}

static struct error *
relocate_lease(struct splitter *s, const struct datum *target, struct slice start)
{
    int64_t id = target->null ? 0 : target->i;
    if (id <= 0)
        return err_new(ERR_UNCATEGORIZED, "invalid target leaseholder store ID %lld for "
                                          "EXPERIMENTAL_RELOCATE LEASE", (long long)id);
    ERR_TRY(find_store(s->x, id));
    return move_lease(s, start, (uint32_t)id);
}

static struct error *
relocate_one(struct splitter *s, const struct datum *row, struct slice key)
{
    struct exec_ctx *x = s->x;
    struct table_range r;
    struct split at;
    kv_txn_step(x->txn);
    ERR_TRY(range_of_key(x, key, &r));
    if (s->lease)
        return relocate_lease(s, &row[0], r.r.start);
    int n = row[0].null ? 0 : row[0].arr->n;
    const struct datum *stores = n > 0 ? row[0].arr->v : NULL;
    if (n == 0)
        return err_new(ERR_UNCATEGORIZED, "empty relocation array for EXPERIMENTAL_RELOCATE");
    uint32_t *nodes = ARENA_ARRAY(x->arena, uint32_t, (size_t)n);
    for (int i = 0; i < n; i++) {
        ERR_TRY(find_store(x, stores[i].null ? 0 : stores[i].i));
        nodes[i] = (uint32_t)stores[i].i;
    }
    ERR_TRY(read_split(x, r.r.start, &at));
    at.replicas = nodes;
    at.n_replicas = (size_t)n;
    at.holder = nodes[0];
    ERR_TRY(split_write(x, &at));
    return put_key(s, r.r.start);
}

static struct splitter
relocating(struct exec_ctx *x, const struct ast_relocate *n, struct row_sink *rows)
{
    return (struct splitter){.x = x,
                             .rows = rows,
                             .op = "EXPERIMENTAL_RELOCATE",
                             .n_before = 1,
                             .each = relocate_one,
                             .lease = n->lease,
                             .before = n->lease ? &TYPE_INT8 : &TYPE_INT8_ARRAY,
                             .before_name = n->lease ? "target leaseholder" : "relocation array"};
}

static struct error *
relocate_placeholders(struct exec_ctx *x, const struct ast_stmt *st)
{
    struct splitter s = relocating(x, st->relocate, NULL);
    return type_rows(&s, &st->relocate->target, st->relocate->rows);
}

static struct error *
relocate_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_relocate *n = st->relocate;
    struct splitter s = relocating(x, n, rows);
    (void)tag;
    ERR_TRY(find_target(&s, &n->target));
    return run_rows(&s, n->rows);
}

/* ---- SCATTER --------------------------------------------------------------------------------- */

static struct error *
bound(struct splitter *s, const char *name, const struct ast_exprs *e, struct slice *out)
{
    struct exec_ctx *x = s->x;
    struct str key;
    struct datum *vals = ARENA_ARRAY(x->arena, struct datum, (size_t)e->count + 1);
    if (e->count > s->ix->n_keys)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "too many columns in SCATTER %s expressions",
                       name);
    for (int i = 0; i < e->count; i++)
        ERR_TRY(exec_eval_const(x, e->items[i], s->t->columns[s->ix->keys[i]].type, "SCATTER",
                                &vals[i]));
    str_init_arena(&key, x->arena, STR_MAX_DEFAULT);
    ERR_TRY(row_key_prefix(&key, s->t, s->ix, vals, e->count));
    *out = str_slice(&key);
    return str_error(&key);
}

static struct error *
scatter_placeholders(struct exec_ctx *x, const struct ast_stmt *st)
{
    const struct ast_scatter *n = st->scatter;
    struct splitter s = {.x = x, .op = "SCATTER"};
    ERR_TRY(find_target(&s, &n->target));
    for (int i = 0; n->from_to && i < s.ix->n_keys; i++) {
        const struct type *t = s.t->columns[s.ix->keys[i]].type;
        exec_type_placeholder(x, i < n->from.count ? n->from.items[i] : NULL, t);
        exec_type_placeholder(x, i < n->to.count ? n->to.items[i] : NULL, t);
    }
    return NULL;
}

/* The lease of each range goes to one of its replicas. */
static struct error *
scatter_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    const struct ast_scatter *n = st->scatter;
    struct splitter s = {.x = x, .rows = rows, .op = "SCATTER"};
    struct table_range *v;
    size_t n_ranges;
    (void)tag;
    ERR_TRY(find_target(&s, &n->target));
    struct span span = row_index_span(x->arena, s.t, s.ix);
    if (n->from_to) {
        ERR_TRY(bound(&s, "FROM", &n->from, &span.start));
        ERR_TRY(bound(&s, "TO", &n->to, &span.end));
        if (slice_cmp(span.start, span.end) > 0)
            span = (struct span){span.end, span.start};
    }
    ERR_TRY(ranges_of_all(x, &v, &n_ranges));
    for (size_t i = 0; i < n_ranges; i++) {
        const struct range *r = &v[i].r;
        if (slice_cmp(r->end, span.start) <= 0 || slice_cmp(r->start, span.end) >= 0)
            continue;
        kv_txn_step(x->txn);
        ERR_TRY(move_lease(&s, r->start, r->replicas[random_u64() % r->n_replicas]));
    }
    return NULL;
}

static const struct statement_ops split_ops[] = {
    {.kind = AST_STMT_SPLIT, .tag = "SPLIT ", .flags = STMT_WRITES, .columns = split_result,
     .placeholders = split_placeholders, .run = split_run},
    {.kind = AST_STMT_UNSPLIT, .tag = "UNSPLIT ", .flags = STMT_WRITES, .columns = key_result,
     .placeholders = unsplit_placeholders, .run = unsplit_run},
    {.kind = AST_STMT_RELOCATE, .tag = "EXPERIMENTAL_RELOCATE ", .flags = STMT_WRITES,
     .columns = key_result, .placeholders = relocate_placeholders, .run = relocate_run},
    {.kind = AST_STMT_SCATTER, .tag = "SCATTER ", .flags = STMT_WRITES, .columns = key_result,
     .placeholders = scatter_placeholders, .run = scatter_run},
};

const struct statement_family statement_family_split = {split_ops,
                                                        sizeof(split_ops) / sizeof(split_ops[0])};
