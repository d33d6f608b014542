/* PARTITION BY: the bounds of partitions as an index's descriptor keeps them.
 * SOURCE: CockroachDB v20.1 pkg/ccl/partitionccl/partition.go, sqlbase ValidatePartitioning. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "catalog/partition.h"
#include "executor/schema/zone.h"
#include "grammar/print.h"

struct partitioner {
    struct exec_ctx *x;
    const struct table *view;  /* the table as it will be */
    const struct index *ix;
    size_t n_names;
    const char **names;
    bool unnamed;              /* the error at hand does not name its partition */
};

/* ---- tuples ---------------------------------------------------------------------------------- */

static const char *
special_name(enum ast_expr_kind k)
{
    return k == AST_EXPR_DEFAULT ? "DEFAULT" : k == AST_EXPR_MINVALUE ? "MINVALUE" : "MAXVALUE";
}

static bool
is_special(const struct ast_expr *e)
{
    return e->kind == AST_EXPR_DEFAULT || e->kind == AST_EXPR_MINVALUE ||
           e->kind == AST_EXPR_MAXVALUE;
}

static const struct ast_expr *
strip(const struct ast_expr *e)
{
    while (e->kind == AST_EXPR_PAREN)
        e = e->inner;
    return e;
}

/* Without "PARTITION p: " in front. */
static struct error *
as_it_is(struct partitioner *p, struct error *err)
{
    p->unnamed = true;
    return err;
}

static struct error *
one_value(struct partitioner *p, const struct ast_expr *ast, const struct column *c,
          struct datum *out)
{
    struct exec_ctx *x = p->x;
    struct type_ctx tc;
    struct expr *e;
    struct str s;
    type_ctx_init(&tc, exec_planner(x), NULL, "partition",
                  REJECT_COLUMNS | REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS |
                      REJECT_VARIABLES | REJECT_VOLATILE);
    ERR_TRY(type_expr(&tc, ast, c->type, &e));
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_expr(&s, ast, NULL);
    if (e->type->family != FAMILY_UNKNOWN && !type_equivalent(e->type, c->type))
        return as_it_is(p, ddl_wrong_type(x, "partition", ast, e->type, c->type));
    if (!expr_is_const(e))
        return as_it_is(p, err_new(ERR_SYNTAX, "%s: partition values must be constant",
                                   str_cstr(&s)));
    ERR_TRY(expr_eval(e, &x->env, &x->state, NULL, out));
    return out->null ? NULL : datum_adjust(&x->env, c->type, c->name, out, out);
}

/* A tuple of n values, of the index columns from `first` on. */
static struct error *
encode_tuple(struct partitioner *p, const struct ast_exprs *values, int first, int n, bool range,
             struct slice *out)
{
    struct exec_ctx *x = p->x;
    struct partition_tuple t = {0};
    struct datum *datums = ARENA_ARRAY(x->arena, struct datum, (size_t)n + 1);
    const struct ast_expr *special = NULL;
    struct str s;
    if (values->count != n)
        return err_new(ERR_UNCATEGORIZED, "partition has %d columns but %d values were supplied",
                       n, values->count);
    for (int i = 0; i < n; i++) {
        const struct ast_expr *e = values->items[i];
        if (is_special(e)) {
            if ((e->kind == AST_EXPR_DEFAULT) == range)
                return err_new(ERR_UNCATEGORIZED, "%s cannot be used with PARTITION BY %s",
                               special_name(e->kind), range ? "RANGE" : "LIST");
            t.special = e->kind == AST_EXPR_DEFAULT    ? PARTITION_DEFAULT
                        : e->kind == AST_EXPR_MINVALUE ? PARTITION_MINVALUE
                                                       : PARTITION_MAXVALUE;
        }
        if (special != NULL && e->kind != special->kind) {
            str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
            print_expr(&s, e, NULL);
            return err_new(ERR_UNCATEGORIZED, "non-%s value (%s) not allowed after %s",
                           special_name(special->kind), str_cstr(&s), special_name(special->kind));
        }
        if (is_special(e)) {
            special = e;
            t.n_special++;
            continue;
        }
        ERR_TRY(one_value(p, e, &p->view->columns[p->ix->keys[first + i]], &datums[i]));
        t.n_datums++;
    }
    t.datums = datums;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    ERR_TRY(partition_tuple_encode(&s, p->view, p->ix, first, &t));
    ERR_TRY(str_error(&s));
    *out = str_slice(&s);
    return NULL;
}

static const char *
tuple_text(struct partitioner *p, int first, int n, struct slice bytes)
{
    struct partition_tuple t;
    struct str s;
    str_init_arena(&s, p->x->arena, STR_MAX_DEFAULT);
    struct error *err = partition_tuple_decode(p->x->arena, p->view, p->ix, first, n, bytes, &t);
    if (err == NULL)
        partition_tuple_format(&s, p->view, p->ix, first, &t);
    err_free(err);
    return str_cstr(&s);
}

/* Order of two bounds: MINVALUE, values in the order of the index, MAXVALUE. */
static struct error *
compare_bounds(struct partitioner *p, int first, int n, struct slice a, struct slice b, int *out)
{
    struct partition_tuple t[2];
    ERR_TRY(partition_tuple_decode(p->x->arena, p->view, p->ix, first, n, a, &t[0]));
    ERR_TRY(partition_tuple_decode(p->x->arena, p->view, p->ix, first, n, b, &t[1]));
    *out = 0;
    for (int i = 0; i < n && *out == 0; i++) {
        int rank[2];
        for (int k = 0; k < 2; k++)
            rank[k] = i < t[k].n_datums ? 0 : t[k].special == PARTITION_MINVALUE ? -1 : 1;
        if (rank[0] != 0 || rank[1] != 0) {
            *out = rank[0] - rank[1];
            if (rank[0] == rank[1])
                return NULL;
            continue;
        }
        const struct datum *l = &t[0].datums[i], *r = &t[1].datums[i];
        *out = l->null || r->null
                   ? (int)r->null - (int)l->null
                   : datum_compare(p->view->columns[p->ix->keys[first + i]].type, l, r);
        if (p->ix->desc[first + i])
            *out = -*out;
    }
    return NULL;
}

/* ---- partitions ------------------------------------------------------------------------------ */

static struct error *
take_name(struct partitioner *p, const char *name)
{
    if (name[0] == '\0')
        return err_new(ERR_UNCATEGORIZED, "PARTITION name must be non-empty");
    for (size_t i = 0; i < p->n_names; i++)
        if (strcmp(p->names[i], name) == 0)
            return err_new(ERR_UNCATEGORIZED,
                           "PARTITION %s: name must be unique (used twice in index \"%s\")", name,
                           p->ix->name);
    PB_PUSH(p->x->arena, p->names, p->n_names, name);
    return NULL;
}

static struct error *
check_columns(struct partitioner *p, const struct ast_partition_by *n, int first)
{
    struct exec_ctx *x = p->x;
    struct str declared, there;
    str_init_arena(&declared, x->arena, STR_MAX_DEFAULT);
    for (int i = 0; i < first; i++)
        str_printf(&declared, "%s%s", i > 0 ? ", " : "",
                   p->view->columns[p->ix->keys[i]].name);
    for (int i = 0; i < n->columns.count; i++)
        str_printf(&declared, "%s%s", first + i > 0 ? ", " : "",
                   ddl_text(x, n->columns.items[i].text));
    for (int i = 0; i < n->columns.count; i++) {
        int upto = first + i + 1;
        str_init_arena(&there, x->arena, STR_MAX_DEFAULT);
        for (int k = 0; k < p->ix->n_keys && (k < upto || upto > p->ix->n_keys); k++)
            str_printf(&there, "%s%s", k > 0 ? ", " : "",
                       p->view->columns[p->ix->keys[k]].name);
        if (upto > p->ix->n_keys)
            return err_new(ERR_SYNTAX,
                           "declared partition columns (%s) exceed the number of columns in index "
                           "being partitioned (%s)", str_cstr(&declared), str_cstr(&there));
        const char *column = p->view->columns[p->ix->keys[upto - 1]].name;
        if (!slice_eq(n->columns.items[i].text, slice_cstr(column)))
            return err_new(ERR_SYNTAX,
                           "declared partition columns (%s) do not match first %d columns in index "
                           "being partitioned (%s)", str_cstr(&declared), upto, str_cstr(&there));
    }
    return NULL;
}

static struct error *partition_by(struct partitioner *p, const struct ast_partition_by *n,
                                  int first, Amberdb__PartitioningDescriptor **out);

static struct error *
in_partition(const struct partitioner *p, struct error *err, const char *name)
{
    return err != NULL && !p->unnamed ? err_wrap(err, "PARTITION %s", name) : err;
}

static struct error *
list_partition(struct partitioner *p, const struct ast_partition_by *n,
               const struct ast_partition *a, int first, Amberdb__PartitioningDescriptor *d)
{
    struct exec_ctx *x = p->x;
    Amberdb__PartitionList *l = PB_NEW(x->arena, PartitionList, partition_list);
    l->name = slice_to_cstr(x->arena, a->name);
    ERR_TRY(take_name(p, l->name));
    for (int i = 0; i < a->values.count; i++) {
        const struct ast_expr *e = strip(a->values.items[i]);
        struct ast_exprs one = {.items = (struct ast_expr **)&a->values.items[i], .count = 1,
                                .cap = 1};
        const struct ast_exprs *values = e->kind == AST_EXPR_TUPLE ? &e->tuple.exprs : &one;
        struct ast_expr *stripped = a->values.items[i];
        ProtobufCBinaryData bytes;
        struct slice encoded;
        while (stripped->kind == AST_EXPR_PAREN)
            stripped = stripped->inner;
        if (e->kind != AST_EXPR_TUPLE)
            one.items = &stripped;
        ERR_TRY(in_partition(p, encode_tuple(p, values, first, n->columns.count, false, &encoded),
                             l->name));
        bytes.data = arena_memdup(x->arena, encoded.ptr, encoded.len);
        bytes.len = encoded.len;
        for (size_t k = 0; k <= d->n_list; k++) {
            const Amberdb__PartitionList *o = k < d->n_list ? d->list[k] : l;
            for (size_t v = 0; v < o->n_values; v++)
                if (slice_eq(pb_bytes(o->values[v]), encoded))
                    return err_new(ERR_UNCATEGORIZED,
                                   "%s cannot be present in more than one partition",
                                   tuple_text(p, first, n->columns.count, encoded));
        }
        PB_PUSH(x->arena, l->values, l->n_values, bytes);
    }
    if (l->n_values == 0)
        return err_new(ERR_UNCATEGORIZED, "PARTITION %s: must contain values", l->name);
    if (a->sub != NULL)
        ERR_TRY(partition_by(p, a->sub, first + n->columns.count, &l->subpartitioning));
    PB_PUSH(x->arena, d->list, d->n_list, l);
    return NULL;
}

static struct error *
range_partition(struct partitioner *p, const struct ast_partition_by *n,
                const struct ast_partition *a, int first, Amberdb__PartitioningDescriptor *d)
{
    struct exec_ctx *x = p->x;
    Amberdb__PartitionRange *r = PB_NEW(x->arena, PartitionRange, partition_range);
    struct slice from, to;
    int cols = n->columns.count, order;
    r->name = slice_to_cstr(x->arena, a->name);
    ERR_TRY(take_name(p, r->name));
    if (a->sub != NULL)
        return err_new(ERR_UNCATEGORIZED, "PARTITION %s: cannot subpartition a range partition",
                       r->name);
    ERR_TRY(in_partition(p, encode_tuple(p, &a->from, first, cols, true, &from), r->name));
    ERR_TRY(in_partition(p, encode_tuple(p, &a->to, first, cols, true, &to), r->name));
    ERR_TRY(compare_bounds(p, first, cols, from, to, &order));
    if (order >= 0)
        return err_new(ERR_UNCATEGORIZED,
                       "PARTITION %s: empty range: lower bound %s is %s upper bound %s", r->name,
                       tuple_text(p, first, cols, from),
                       order == 0 ? "equal to" : "greater than", tuple_text(p, first, cols, to));
    for (size_t i = 0; i < d->n_range; i++) {
        int before, after;
        ERR_TRY(compare_bounds(p, first, cols, to, pb_bytes(d->range[i]->from_inclusive),
                               &before));
        ERR_TRY(compare_bounds(p, first, cols, pb_bytes(d->range[i]->to_exclusive), from, &after));
        if (before > 0 && after > 0)
            return err_new(ERR_UNCATEGORIZED, "partitions %s and %s overlap", d->range[i]->name,
                           r->name);
    }
    pb_set_bytes(x->arena, &r->from_inclusive, &r->has_from_inclusive, from);
    pb_set_bytes(x->arena, &r->to_exclusive, &r->has_to_exclusive, to);
    PB_PUSH(x->arena, d->range, d->n_range, r);
    return NULL;
}

static struct error *
partition_by(struct partitioner *p, const struct ast_partition_by *n, int first,
             Amberdb__PartitioningDescriptor **out)
{
    Amberdb__PartitioningDescriptor *d = PB_NEW(p->x->arena, PartitioningDescriptor,
                                                partitioning_descriptor);
    ERR_TRY(check_columns(p, n, first));
    PB_SET(d, num_columns, (uint32_t)n->columns.count);
    for (int i = 0; i < n->count; i++)
        ERR_TRY(n->kind == AST_PARTITION_LIST
                    ? list_partition(p, n, &n->items[i], first, d)
                    : range_partition(p, n, &n->items[i], first, d));
    *out = d;
    return NULL;
}

struct error *
ddl_partitioning(struct exec_ctx *x, pb_table *t, pb_index *ix, const struct ast_partition_by *n)
{
    struct partitioner p = {.x = x};
    Amberdb__PartitioningDescriptor *d;
    if (n->kind == AST_PARTITION_NOTHING) {
        ix->partitioning = PB_NEW(x->arena, PartitioningDescriptor, partitioning_descriptor);
        return NULL;
    }
    if (ix->interleave != NULL && ix->interleave->n_ancestors > 0)
        return err_unimplemented(0, "cannot set PARTITION BY on interleaved indexes");
    ix->partitioning = NULL;
    ERR_TRY(table_from_pb(x->arena, t, &p.view));
    p.ix = table_index_by_id(p.view, ix->id);
    ERR_TRY(partition_by(&p, n, 0, &d));
    ix->partitioning = d;
    return NULL;
}

struct error *
ddl_partition_index(struct exec_ctx *x, uint32_t table_id, uint32_t index_id,
                    const struct ast_partition_by *n)
{
    const struct table *after;
    pb_table *t;
    ERR_TRY(ddl_mutable(x, table_id, &t));
    ERR_TRY(ddl_partitioning(x, t, build_find_index_by_id(t, index_id), n));
    ERR_TRY(catalog_write_table(x->catalog, t));
    ERR_TRY(catalog_table_by_id(x->catalog, table_id, &after));
    return zone_forget_partitions(x, after);
}
