/* executor/show/cat_object.c - constraints, indexes and functions: lists, and what they look like. */
#include "config.h"

#include "executor/show/cat_int.h"

#include <pthread.h>
#include <stdlib.h>

#include "catalog/pb.h"
#include "grammar/print.h"
#include "planner/aggregate.h"
#include "planner/builtins.h"

const char *
cat_column_name(const struct table *t, uint32_t id)
{
    int ordinal = table_column_ordinal(t, id);
    return ordinal >= 0 ? t->columns[ordinal].name : "";
}

/* SOURCE: CockroachDB v20.1 pkg/sql/types/types.go, TypeModifier. */
int32_t
cat_typmod(const struct type *t)
{
    if (t->family == FAMILY_ARRAY)
        return cat_typmod(t->elem);
    switch ((int)t->family) {
    case FAMILY_STRING: case FAMILY_COLLATED_STRING:
        return t->width > 0 ? t->width + 4 : -1;
    case FAMILY_BIT:
        return t->width > 0 ? t->width : -1;
    case FAMILY_DECIMAL:
        return t->precision > 0 ? ((t->precision << 16) | t->width) + 4 : -1;
    default:
        return -1;
    }
}

/* ---- constraints ----------------------------------------------------------------------------- */

static int
constraint_by_name(const void *a, const void *b)
{
    const struct cat_constraint *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c != 0 ? c : (x->oid > y->oid) - (x->oid < y->oid);
}

static uint32_t *
key_columns(struct arena *a, const struct table *t, const struct index *ix)
{
    uint32_t *v = ARENA_ARRAY(a, uint32_t, (size_t)ix->n_keys + 1);
    for (int i = 0; i < ix->n_keys; i++)
        v[i] = t->columns[ix->keys[i]].id;
    return v;
}

static void
index_constraint(struct exec_ctx *x, const struct cat_rel *r, const struct index *ix,
                 struct cat_constraint *c)
{
    *c = (struct cat_constraint){
        .kind = ix->primary ? CAT_PRIMARY : CAT_UNIQUE,
        .oid = ix->primary ? cat_oid_primary(r->db->id, r->schema, r->t->id, ix->id)
                           : cat_oid_unique(r->db->id, r->schema, r->t->id, ix->id),
        .name = ix->name,
        .index = ix,
        .validated = true,
        .n_columns = ix->n_keys,
        .columns = key_columns(x->arena, r->t, ix),
    };
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sqlbase/table.go, collectConstraintInfo: a primary key of hidden
 * columns alone, as rowid, is no constraint to show. */
static bool
is_hidden_key(const struct table *t, const struct index *ix)
{
    for (int i = 0; i < ix->n_keys; i++)
        if (!t->columns[ix->keys[i]].hidden)
            return false;
    return ix->primary;
}

static struct error *
fk_constraint(struct exec_ctx *x, const struct cat_rel *r, Amberdb__ForeignKeyConstraint *fk,
              struct cat_constraint *c)
{
    *c = (struct cat_constraint){
        .kind = CAT_FK,
        .oid = cat_oid_fk(r->db->id, r->schema, r->t->id, fk),
        .name = pb_str(fk->name),
        .fk = fk,
        .validated = PB_GET(fk, validity) == AMBERDB__CONSTRAINT_VALIDITY__VALIDATED,
        .n_columns = (int)fk->n_origin_column_ids,
        .columns = fk->origin_column_ids,
    };
    return catalog_table_by_id(x->catalog, fk->referenced_table_id, &c->other);
}

struct error *
cat_constraints(struct exec_ctx *x, const struct cat_rel *r, struct cat_constraint **v, int *n)
{
    const struct table *t = r->t;
    *n = 0;
    *v = NULL;
    if (t->is_virtual || t->is_view || t->is_sequence)
        return NULL;
    size_t max = (size_t)t->n_indexes + t->pb->n_checks + t->pb->n_outbound_fks + 1;
    struct cat_constraint *c = ARENA_ARRAY(x->arena, struct cat_constraint, max);
    *v = c;
    for (int i = 0; i < t->n_indexes; i++)
        if ((t->indexes[i].unique || t->indexes[i].primary) && !is_hidden_key(t, &t->indexes[i]))
            index_constraint(x, r, &t->indexes[i], &c[(*n)++]);
    for (size_t i = 0; i < t->pb->n_checks; i++) {
        Amberdb__CheckConstraint *k = t->pb->checks[i];
        c[(*n)++] = (struct cat_constraint){
            .kind = CAT_CHECK,
            .oid = cat_oid_check(r->db->id, r->schema, t->id, k),
            .name = pb_str(k->name),
            .check = k,
            .validated = PB_GET(k, validity) == AMBERDB__CONSTRAINT_VALIDITY__VALIDATED,
            .n_columns = (int)k->n_column_ids,
            .columns = k->column_ids,
        };
    }
    for (size_t i = 0; i < t->pb->n_outbound_fks; i++)
        ERR_TRY(fk_constraint(x, r, t->pb->outbound_fks[i], &c[(*n)++]));
    qsort(c, (size_t)*n, sizeof(*c), constraint_by_name);
    return NULL;
}

static void
put_keys(struct str *s, const struct table *t, const struct index *ix)
{
    str_append_char(s, '(');
    for (int i = 0; i < ix->n_keys; i++) {
        str_append_cstr(s, i > 0 ? ", " : "");
        print_name(s, slice_cstr(t->columns[ix->keys[i]].name));
        str_append_cstr(s, ix->desc[i] ? " DESC" : " ASC");
    }
    str_append_char(s, ')');
}

static void
put_columns(struct str *s, const struct table *t, const uint32_t *ids, size_t n)
{
    str_append_char(s, '(');
    for (size_t i = 0; i < n; i++) {
        str_append_cstr(s, i > 0 ? ", " : "");
        print_name(s, slice_cstr(cat_column_name(t, ids[i])));
    }
    str_append_char(s, ')');
}

static struct error *
put_fk(struct exec_ctx *x, struct str *s, const struct table *t, const struct cat_constraint *c)
{
    static const char *const actions[] = {NULL, "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE"};
    const Amberdb__ForeignKeyConstraint *fk = c->fk;
    str_append_cstr(s, "FOREIGN KEY ");
    put_columns(s, t, fk->origin_column_ids, fk->n_origin_column_ids);
    str_append_cstr(s, " REFERENCES ");
    if (c->other == NULL) {
        str_printf(s, "[%u]", fk->referenced_table_id);
    } else {
        if (c->other->parent_id != t->parent_id) {
            const struct database *db;
            ERR_TRY(catalog_database_by_id(x->catalog, c->other->parent_id, &db));
            if (db != NULL) {
                print_name(s, slice_cstr(db->name));
                str_append_cstr(s, ".public.");
            }
        }
        print_name(s, slice_cstr(c->other->name));
        put_columns(s, c->other, fk->referenced_column_ids, fk->n_referenced_column_ids);
    }
    if (PB_GET(fk, match) == AMBERDB__MATCH__FULL)
        str_append_cstr(s, " MATCH FULL");
    int on_delete = (int)PB_GET(fk, on_delete), on_update = (int)PB_GET(fk, on_update);
    if (on_delete > 0 && on_delete <= 4)
        str_printf(s, " ON DELETE %s", actions[on_delete]);
    if (on_update > 0 && on_update <= 4)
        str_printf(s, " ON UPDATE %s", actions[on_update]);
    return NULL;
}

struct error *
cat_constraint_def(struct exec_ctx *x, const struct cat_rel *r, const struct cat_constraint *c,
                   const char **text)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    switch (c->kind) {
    case CAT_PRIMARY:
    case CAT_UNIQUE:
        str_append_cstr(&s, c->kind == CAT_PRIMARY ? "PRIMARY KEY " : "UNIQUE ");
        put_keys(&s, r->t, c->index);
        break;
    case CAT_CHECK:
        str_printf(&s, "CHECK ((%s))", pb_str(c->check->expr));
        break;
    case CAT_FK:
        ERR_TRY(put_fk(x, &s, r->t, c));
        break;
    }
    *text = str_cstr(&s);
    return str_error(&s);
}

/* ---- indexes --------------------------------------------------------------------------------- */

static struct error *
put_interleave(struct exec_ctx *x, struct str *s, const struct table *t, const struct index *ix)
{
    const Amberdb__InterleaveDescriptor *il = ix->pb != NULL ? ix->pb->interleave : NULL;
    const struct table *parent;
    const struct database *db = NULL;
    uint32_t shared = 0;
    if (il == NULL || il->n_ancestors == 0)
        return NULL;
    ERR_TRY(catalog_table_by_id(x->catalog, il->ancestors[il->n_ancestors - 1]->table_id, &parent));
    if (parent == NULL)
        return NULL;
    ERR_TRY(catalog_database_by_id(x->catalog, parent->parent_id, &db));
    for (size_t i = 0; i < il->n_ancestors; i++)
        shared += PB_GET(il->ancestors[i], shared_prefix_len);
    str_append_cstr(s, " INTERLEAVE IN PARENT ");
    print_name(s, slice_cstr(db != NULL ? db->name : ""));
    str_append_cstr(s, ".public.");
    print_name(s, slice_cstr(parent->name));
    str_append_cstr(s, " (");
    for (uint32_t i = 0; i < shared && (int)i < ix->n_keys; i++) {
        str_append_cstr(s, i > 0 ? ", " : "");
        print_name(s, slice_cstr(t->columns[ix->keys[i]].name));
    }
    str_append_char(s, ')');
    return NULL;
}

struct error *
cat_index_def(struct exec_ctx *x, const struct cat_rel *r, const struct index *ix,
              const char **text)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    str_append_cstr(&s, ix->unique || ix->primary ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    print_name(&s, slice_cstr(ix->name));
    str_append_cstr(&s, " ON ");
    print_name(&s, slice_cstr(r->db->name));
    str_append_char(&s, '.');
    print_name(&s, slice_cstr(r->schema));
    str_append_char(&s, '.');
    print_name(&s, slice_cstr(r->t->name));
    str_append_cstr(&s, ix->inverted ? " USING gin " : " USING btree ");
    put_keys(&s, r->t, ix);
    if (ix->n_stored > 0 && !ix->primary) {
        str_append_cstr(&s, " STORING (");
        for (int i = 0; i < ix->n_stored; i++) {
            str_append_cstr(&s, i > 0 ? ", " : "");
            print_name(&s, slice_cstr(r->t->columns[ix->stored[i]].name));
        }
        str_append_char(&s, ')');
    }
    ERR_TRY(put_interleave(x, &s, r->t, ix));
    *text = str_cstr(&s);
    return str_error(&s);
}

static bool
same_columns(const struct table *t, const struct index *ix, const uint32_t *columns, size_t n)
{
    if ((size_t)ix->n_keys != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (int k = 0; k < ix->n_keys; k++)
            found |= t->columns[ix->keys[k]].id == columns[i];
        if (!found)
            return false;
    }
    return true;
}

const struct index *
cat_fk_index(const struct table *other, const uint32_t *columns, size_t n)
{
    for (int i = 0; i < other->n_indexes; i++)
        if ((other->indexes[i].unique || other->indexes[i].primary) &&
            same_columns(other, &other->indexes[i], columns, n))
            return &other->indexes[i];
    return NULL;
}

/* ---- functions ------------------------------------------------------------------------------- */

struct function_list {
    struct arena *arena;
    struct cat_function *v;
    size_t n, cap;
};

static const char *
arguments_text(struct arena *a, const struct cat_function *f, bool pg)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    for (int i = 0; i < f->n_args; i++) {
        str_append_cstr(&s, i > 0 ? ", " : "");
        (pg ? type_pg_name : type_name)(&s, f->args[i]);
    }
    if (f->variadic != NULL) {
        str_append_cstr(&s, f->n_args > 0 ? ", " : "");
        if (pg)
            str_append_cstr(&s, "VARIADIC ");
        (pg ? type_pg_name : type_name)(&s, f->variadic);
        str_append_cstr(&s, pg ? "[]" : "...");
    }
    return str_cstr(&s);
}

static void
add_function(struct function_list *l, const struct cat_function *def,
             const struct type *const *args, int max)
{
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 1024 : 2 * l->cap;
        l->v = arena_realloc(l->arena, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v));
        l->cap = cap;
    }
    struct cat_function *f = &l->v[l->n++];
    *f = *def;
    while (f->n_args < max && args[f->n_args] != NULL) {
        f->args[f->n_args] = args[f->n_args];
        f->n_args++;
    }
    f->arguments = arguments_text(l->arena, f, false);
    f->pg_arguments = arguments_text(l->arena, f, true);
    f->oid = cat_oid_function(f->name, f->arguments);
}

static void
add_tables(struct function_list *l, const struct overload_table *const *tables, size_t n)
{
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; !tables[t]->is_operator && i < tables[t]->n; i++) {
            const struct overload *o = &tables[t]->v[i];
            struct cat_function f = {
                .name = o->name,
                .category = o->category,
                .kind = 'f',
                .returns_set = o->is_generator,
                .volatility = o->volatility,
                .variadic = o->variadic,
                .ret = o->ret,
            };
            add_function(l, &f, o->args, OVERLOAD_MAX_ARGS);
        }
}

static void
add_aggregates(struct function_list *l)
{
    for (size_t i = 0; i < n_agg_defs; i++) {
        struct cat_function f = {.name = agg_defs[i].name, .category = "Aggregate", .kind = 'a',
                                 .volatility = IMMUTABLE, .ret = agg_defs[i].ret};
        add_function(l, &f, agg_defs[i].args, 4);
    }
    for (size_t i = 0; i < n_window_defs; i++) {
        struct cat_function f = {.name = window_defs[i].name, .category = "Window", .kind = 'w',
                                 .volatility = IMMUTABLE, .ret = window_defs[i].ret};
        add_function(l, &f, window_defs[i].args, 4);
    }
}

static const char *
io_name(struct arena *a, const struct type *t, const char *what)
{
    const char *name = type_typname(t);
    if (t->family == FAMILY_ANY || t->oid == TYPE_ANY_ARRAY.oid)
        name = arena_printf(a, "%s_", name);
    else if (t->family == FAMILY_ARRAY && t->oid != TYPE_INT2VECTOR.oid && t->oid != TYPE_OIDVECTOR.oid)
        name = "array_";
    else if (t->family == FAMILY_TUPLE)
        name = "record_";
    else if (t->family == FAMILY_BIT || t->family == FAMILY_DATE ||
             t->family == FAMILY_INTERVAL || t->family == FAMILY_DECIMAL ||
             t->family == FAMILY_TIMESTAMP || t->family == FAMILY_TIMESTAMPTZ ||
             t->family == FAMILY_TIME || t->family == FAMILY_TIMETZ ||
             t->family == FAMILY_UUID || t->family == FAMILY_JSON)
        name = arena_printf(a, "%s_", name);
    return arena_printf(a, "%s%s", name, what);
}

static const struct cat_function *
find_function(const struct function_list *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i].name, name) == 0)
            return &l->v[i];
    return NULL;
}

static pthread_once_t functions_once = PTHREAD_ONCE_INIT;
static struct function_list functions;

static void
functions_create(void)
{
    functions.arena = arena_create(NULL, "functions");
    add_tables(&functions, type_overload_tables, n_type_overload_tables);
    add_tables(&functions, planner_overload_tables, n_planner_overload_tables);
    add_aggregates(&functions);
}

const struct cat_function *
cat_functions(size_t *n)
{
    pthread_once(&functions_once, functions_create);
    *n = functions.n;
    return functions.v;
}

uint32_t
cat_type_function(const struct type *t, const char *what)
{
    struct arena *a = arena_create(NULL, "name");
    pthread_once(&functions_once, functions_create);
    const struct cat_function *f = find_function(&functions, io_name(a, t, what));
    arena_destroy(a);
    return f != NULL ? f->oid : 0;
}
