/* executor/show/cat_int.h - what the system catalogs share: walks over what a user may see, OIDs,
 * definitions as text.
 *
 * OIDs:     a relation's is its descriptor id, a database's too, a type's is PostgreSQL's. All
 *           others are FNV-1 (32 bits) over a tag byte and what names the object, so that they are
 *           the same in every catalog. SOURCE: CockroachDB v20.1 pkg/sql/pg_catalog.go, oidHasher.
 * Lifetime: texts live in the statement's arena or in descriptors of its transaction.
 */
#ifndef AMBERDB_EXECUTOR_CAT_INT_H
#define AMBERDB_EXECUTOR_CAT_INT_H

#include "executor/show/show_int.h"
#include "executor/virtual.h"
#include "planner/eval_hooks.h"

/* ---- rows ------------------------------------------------------------------------------------ */

#define T(s) text_datum(s)
#define I(n) datum_int((int64_t)(n))
#define B(b) datum_bool(b)
#define NUL DATUM_NULL
#define YES_NO(b) datum_cstr((b) ? "YES" : "NO")

#define VIRTUAL_GROUP(name, array)                     \
    const struct virtual_group virtual_group_##name = { \
        array, sizeof(array) / sizeof((array)[0])}

struct datum cat_array(struct arena *a, const struct type *elem, const int64_t *v, int n);
struct datum cat_text_array(struct arena *a, const struct type *elem, const char *const *v, int n);

/* ---- walks ----------------------------------------------------------------------------------- */

/* A relation that the user has any privilege on, or a virtual one. */
struct cat_rel {
    const struct table *t;
    const struct database *db;
    const char *schema;
    uint32_t schema_oid;
};
typedef struct error *(*cat_db_fn)(struct exec_ctx *x, const struct database *db, void *arg);
typedef struct error *(*cat_rel_fn)(struct exec_ctx *x, const struct cat_rel *r, void *arg);

enum {
    CAT_VIRTUAL = 1,     /* virtual tables too */
    CAT_HIDE_VIRTUAL = 0,
};

/* Databases by name that the user may see; `only` NULL: all. */
struct error *cat_databases(struct exec_ctx *x, const struct database *only, cat_db_fn fn,
                            void *arg) ERR_MUST_USE;
/* Relations of v's database (all when it has none): virtual ones by name, then the others by id. */
struct error *cat_relations(struct exec_ctx *x, const struct virtual_scan *v, unsigned flags,
                            cat_rel_fn fn, void *arg) ERR_MUST_USE;
/* The schema that a relation is in: public, or a temporary one. */
struct error *cat_schema_of(struct exec_ctx *x, const struct table *t, const char **name)
    ERR_MUST_USE;
/* Names of the schemas of a database, by name, temporary ones behind. */
struct error *cat_schemas(struct exec_ctx *x, const struct database *db, const char *const **names,
                          size_t *n) ERR_MUST_USE;

/* ---- OIDs ------------------------------------------------------------------------------------ */

uint32_t cat_oid_schema(uint32_t db, const char *schema);
uint32_t cat_oid_index(uint32_t table, uint32_t index);
uint32_t cat_oid_column(uint32_t table, uint32_t column);
uint32_t cat_oid_check(uint32_t db, const char *schema, uint32_t table,
                       const Amberdb__CheckConstraint *c);
uint32_t cat_oid_fk(uint32_t db, const char *schema, uint32_t table,
                    const Amberdb__ForeignKeyConstraint *fk);
uint32_t cat_oid_primary(uint32_t db, const char *schema, uint32_t table, uint32_t index);
uint32_t cat_oid_unique(uint32_t db, const char *schema, uint32_t table, uint32_t index);
uint32_t cat_oid_function(const char *name, const char *arguments);
uint32_t cat_oid_user(const char *name);
uint32_t cat_oid_collation(const char *name);
/* Each operator once, until fn says that it has what it looked for. */
struct cat_operator {
    const char *name;
    const struct type *left; /* NULL: a prefix operator */
    const struct type *right, *ret;
    uint32_t oid;
};
struct error *cat_operators(struct error *(*fn)(const struct cat_operator *o, void *arg), void *arg)
    ERR_MUST_USE;
uint32_t cat_oid_operator(const char *name, const struct type *left, const struct type *right,
                          const struct type *result);
uint32_t cat_oid_text(const char *name); /* access methods */

/* The OIDs of catalogs that have rows of others in them: pg_class, pg_namespace, ... */
uint32_t cat_oid_virtual(const char *schema, const char *name);

/* ---- relations ------------------------------------------------------------------------------- */

enum cat_constraint_kind { CAT_CHECK, CAT_FK, CAT_PRIMARY, CAT_UNIQUE };

struct cat_constraint {
    enum cat_constraint_kind kind;
    uint32_t oid;
    const char *name;
    const struct index *index;                /* PRIMARY, UNIQUE */
    const Amberdb__CheckConstraint *check;
    const Amberdb__ForeignKeyConstraint *fk;
    const struct table *other;                /* FK: what it references */
    bool validated;
    int n_columns;
    uint32_t *columns;                        /* ids */
};
/* By name. */
struct error *cat_constraints(struct exec_ctx *x, const struct cat_rel *r,
                              struct cat_constraint **v, int *n) ERR_MUST_USE;
/* PRIMARY KEY (a ASC), FOREIGN KEY .., CHECK ((a > 0)) */
struct error *cat_constraint_def(struct exec_ctx *x, const struct cat_rel *r,
                                 const struct cat_constraint *c, const char **text) ERR_MUST_USE;
/* CREATE UNIQUE INDEX i ON d.public.t USING btree (a ASC) STORING (b) */
struct error *cat_index_def(struct exec_ctx *x, const struct cat_rel *r, const struct index *ix,
                            const char **text) ERR_MUST_USE;
/* An index of a foreign key's other side that makes its columns unique; NULL: none is found. */
const struct index *cat_fk_index(const struct table *other, const uint32_t *columns, size_t n);
/* pg_attribute.atttypmod. SOURCE: CockroachDB v20.1 types.T.TypeModifier */
int32_t cat_typmod(const struct type *t);
/* The column's name; "" when there is none of that id. */
const char *cat_column_name(const struct table *t, uint32_t id);
/* All rows of system.comments, for look-ups in memory. */
struct cat_comments;
struct error *cat_comments_load(struct exec_ctx *x, struct cat_comments **out) ERR_MUST_USE;
const char *cat_comment(const struct cat_comments *c, int type, uint32_t object, uint32_t sub);

/* ---- roles ----------------------------------------------------------------------------------- */

struct cat_role {
    const char *name;
    bool is_role, create_role, no_login;
    struct datum valid_until; /* TIMESTAMPTZ or NULL */
};
/* By name. */
struct error *cat_roles(struct exec_ctx *x, struct cat_role **v, size_t *n) ERR_MUST_USE;

/* ---- functions ------------------------------------------------------------------------------- */

struct cat_function {
    const char *name, *category;
    const char *arguments;    /* int, string */
    const char *pg_arguments; /* bigint, text */
    uint32_t oid;
    char kind; /* f, a aggregate, w window */
    bool returns_set;
    enum volatility volatility;
    int n_args;
    const struct type *args[OVERLOAD_MAX_ARGS];
    const struct type *variadic, *ret; /* NULL: none; depends on the arguments */
};
/* Every overload of a function, operators left out, and the input and output functions of types.
 * Made once per process, immutable. */
const struct cat_function *cat_functions(size_t *n);

/* ---- types ----------------------------------------------------------------------------------- */

/* i-th type of pg_type; NULL at the end. */
const struct type *cat_type_at(int i);
const struct type *cat_array_of(const struct type *t); /* NULL: has none */
int cat_typlen(const struct type *t);
uint32_t cat_typcollation(const struct type *t);
/* OID of a type's in, out, recv, send function. */
uint32_t cat_type_function(const struct type *t, const char *what);

/* ---- hooks of the catalog builtins: slots of struct eval_hooks ------------------------------- */

struct error *cat_hook_definition(const struct eval_env *env, enum eval_object kind, uint32_t oid,
                                  int column, bool pretty, const char **text) ERR_MUST_USE;
struct error *cat_hook_comment(const struct eval_env *env, enum eval_object kind, uint32_t oid,
                               int column, const char **text) ERR_MUST_USE;
struct error *cat_hook_role_name(const struct eval_env *env, uint32_t oid, const char **name)
    ERR_MUST_USE;
struct error *cat_hook_table_is_visible(const struct eval_env *env, uint32_t oid, bool *found,
                                        bool *visible) ERR_MUST_USE;
struct error *cat_hook_oid_to_name(const struct eval_env *env, uint32_t kind, uint32_t oid,
                                   const char **name) ERR_MUST_USE;
struct error *cat_hook_name_to_oid(const struct eval_env *env, uint32_t kind, struct slice name,
                                   uint32_t *oid) ERR_MUST_USE;

#endif
