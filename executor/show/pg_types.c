/* executor/show/pg_types.c - pg_catalog's tables of types, functions, operators, access methods.
 *
 * SOURCE of columns and values: CockroachDB v20.1 pkg/sql/pg_catalog.go.
 */
#include "config.h"

#include "executor/show/cat_int.h"

/* ---- the types ------------------------------------------------------------------------------- */

static const uint32_t type_oids[] = {
    16,   17,   18,   19,   20,   21,   22,   23,   24,   25,   26,   30,   700,  701,  705,
    869,  1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1014, 1015, 1016, 1021, 1022, 1028,
    1041, 1042, 1043, 1082, 1083, 1114, 1115, 1182, 1183, 1184, 1185, 1186, 1187, 1231, 1266,
    1270, 1560, 1561, 1562, 1563, 1700, 2202, 2205, 2206, 2207, 2210, 2211, 2249, 2277, 2283,
    2287, 2950, 2951, 3802, 3807, 4089, 4090,
};

const struct type *
cat_type_at(int i)
{
    return (size_t)i < sizeof(type_oids) / sizeof(type_oids[0]) ? type_from_oid(type_oids[i])
                                                                : NULL;
}

const struct type *
cat_array_of(const struct type *t)
{
    uint32_t oid = t->family == FAMILY_ARRAY ? 0 : type_array_oid(t);
    return oid != 0 ? type_from_oid(oid) : NULL;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/sem/tree/datum.go, DatumTypeSize: the sizes of its own values. */
int
cat_typlen(const struct type *t)
{
    switch ((int)t->family) {
    case FAMILY_BOOL:
        return 1;
    case FAMILY_INT: case FAMILY_FLOAT:
        return t->width / 8;
    case FAMILY_DATE:
        return 4;
    case FAMILY_TIME: case FAMILY_OID:
        return 8;
    case FAMILY_TIMETZ: case FAMILY_UUID:
        return 16;
    case FAMILY_TIMESTAMP: case FAMILY_TIMESTAMPTZ: case FAMILY_INTERVAL: case FAMILY_INET:
        return 24;
    case FAMILY_UNKNOWN: case FAMILY_TUPLE:
        return 0;
    case FAMILY_STRING:
        return t->oid == TYPE_QCHAR.oid ? 1 : -1;
    default:
        return -1;
    }
}

uint32_t
cat_typcollation(const struct type *t)
{
    if (t->family == FAMILY_COLLATED_STRING && t->locale != NULL)
        return cat_oid_collation(t->locale);
    if (t->family == FAMILY_ARRAY) /* of anything: equivalent to an array of strings */
        return t->elem->family == FAMILY_STRING || t->elem->family == FAMILY_ANY
                   ? cat_oid_collation("en-US")
                   : 0;
    return t->family == FAMILY_STRING ? cat_oid_collation("en-US") : 0;
}

static const char *
category_of(const struct type *t)
{
    switch ((int)t->family) {
    case FAMILY_BOOL:
        return "B";
    case FAMILY_INT: case FAMILY_FLOAT: case FAMILY_DECIMAL: case FAMILY_OID:
        return "N";
    case FAMILY_DATE: case FAMILY_TIME: case FAMILY_TIMETZ: case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        return "D";
    case FAMILY_INTERVAL:
        return "T";
    case FAMILY_STRING: case FAMILY_COLLATED_STRING:
        return "S";
    case FAMILY_ARRAY:
        return t->oid == TYPE_ANY_ARRAY.oid ? "P" : "A";
    case FAMILY_INET:
        return "I";
    case FAMILY_BIT:
        return "V";
    case FAMILY_UNKNOWN:
        return "X";
    case FAMILY_ANY: case FAMILY_TUPLE:
        return "P";
    default:
        return "U";
    }
}

/* The OID of pg_catalog in the database that a scan is for. */
static uint32_t
catalog_oid(const struct virtual_scan *v)
{
    return cat_oid_schema(v->database != NULL ? v->database->id : 0, "pg_catalog");
}

static bool
wanted(const struct virtual_scan *v, uint32_t oid)
{
    return v->key_ordinal != 0 || v->key.i == (int64_t)oid;
}

#define PG_TYPE                                                                                \
    "oid OID NOT NULL, typname NAME NOT NULL, typnamespace OID, typowner OID, typlen INT2, "   \
    "typbyval BOOL, typtype CHAR, typcategory CHAR, typispreferred BOOL, typisdefined BOOL, "  \
    "typdelim CHAR, typrelid OID, typelem OID, typarray OID, typinput REGPROC, "               \
    "typoutput REGPROC, typreceive REGPROC, typsend REGPROC, typmodin REGPROC, "               \
    "typmodout REGPROC, typanalyze REGPROC, typalign CHAR, typstorage CHAR, typnotnull BOOL, " \
    "typbasetype OID, typtypmod INT4, typndims INT4, typcollation OID, typdefaultbin STRING, " \
    "typdefault STRING, typacl STRING[], tableoid OID HIDDEN"

static struct error *
pg_type_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    const struct type *t;
    uint32_t table = cat_oid_virtual("pg_catalog", "pg_type");
    (void)x;
    for (int i = 0; (t = cat_type_at(i)) != NULL; i++) {
        const struct type *array = cat_array_of(t);
        int len = cat_typlen(t);
        const char *category = category_of(t);
        bool is_array = t->family == FAMILY_ARRAY && t->oid != TYPE_ANY_ARRAY.oid;
        if (!wanted(v, t->oid))
            continue;
        const struct datum row[] = {
            I(t->oid), T(type_typname(t)), I(catalog_oid(v)), NUL, I(len),
            B(len >= 0), T(category[0] == 'P' ? "p" : "b"), T(category), B(false),
            B(true), T(","), I(0), I(is_array ? t->elem->oid : 0),
            I(array != NULL ? array->oid : 0), I(cat_type_function(t, "in")),
            I(cat_type_function(t, "out")), I(cat_type_function(t, "recv")),
            I(cat_type_function(t, "send")), I(0), I(0), I(0), NUL, NUL, B(false), I(0), I(-1),
            I(0), I(cat_typcollation(t)), NUL, NUL, NUL, I(table),
        };
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

/* ---- pg_proc --------------------------------------------------------------------------------- */

#define PG_PROC                                                                               \
    "oid OID, proname NAME, pronamespace OID, proowner OID, prolang OID, procost FLOAT, "     \
    "prorows FLOAT, provariadic OID, protransform STRING, proisagg BOOL, proiswindow BOOL, "  \
    "prosecdef BOOL, proleakproof BOOL, proisstrict BOOL, proretset BOOL, provolatile CHAR, " \
    "proparallel CHAR, pronargs INT2, pronargdefaults INT2, prorettype OID, "                 \
    "proargtypes OIDVECTOR, proallargtypes OID[], proargmodes STRING[], "                     \
    "proargnames STRING[], proargdefaults STRING, protrftypes OID[], prosrc STRING, "         \
    "probin STRING, proconfig STRING[], proacl STRING[], prokind CHAR HIDDEN, "               \
    "prosupport REGPROC HIDDEN"

/* "i" for each fixed argument, "v" for the ones that repeat; NULL where none does. */
static struct datum
argument_modes(struct exec_ctx *x, const struct cat_function *f)
{
    const char *modes[OVERLOAD_MAX_ARGS + 1];
    int n = 0;
    if (f->variadic == NULL)
        return DATUM_NULL;
    while (n < f->n_args)
        modes[n++] = "i";
    modes[n++] = "v";
    return cat_text_array(x->arena, &TYPE_STRING, modes, n);
}

/* SOURCE: CockroachDB v20.1 knows of no volatility but "impure", which decides proleakproof. */
static struct error *
pg_proc_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    size_t n;
    const struct cat_function *f = cat_functions(&n);
    for (size_t i = 0; i < n; i++, f++) {
        int64_t args[OVERLOAD_MAX_ARGS + 1];
        char kind[2] = {f->kind, '\0'};
        int n_args = 0;
        if (!wanted(v, f->oid))
            continue;
        for (; n_args < f->n_args; n_args++)
            args[n_args] = f->args[n_args]->oid;
        if (f->variadic != NULL)
            args[n_args++] = f->variadic->oid;
        const struct datum row[] = {
            I(f->oid), T(f->name), I(catalog_oid(v)), NUL, I(0), NUL, NUL,
            I(f->variadic != NULL ? f->variadic->oid : 0), NUL, B(f->kind == 'a'),
            B(f->kind == 'w'), B(false), B(f->volatility == IMMUTABLE), B(false),
            B(f->returns_set), NUL, NUL, I(n_args), I(0),
            I(f->ret != NULL ? f->ret->oid : TYPE_ANY.oid),
            cat_array(x->arena, &TYPE_OID, args, n_args), NUL, argument_modes(x, f), NUL, NUL, NUL,
            T(f->name),
            NUL, NUL, NUL, T(arena_strdup(x->arena, kind)), I(0),
        };
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

/* ---- pg_operator ----------------------------------------------------------------------------- */

#define PG_OPERATOR                                                                           \
    "oid OID, oprname NAME, oprnamespace OID, oprowner OID, oprkind STRING, "                 \
    "oprcanmerge BOOL, oprcanhash BOOL, oprleft OID, oprright OID, oprresult OID, oprcom OID, " \
    "oprnegate OID, oprcode OID, oprrest OID, oprjoin OID"

typedef struct error *(*operator_fn)(const struct cat_operator *o, void *arg);

static struct error *
one_operator(operator_fn fn, void *arg, const char *name, const struct type *left,
             const struct type *right, const struct type *result)
{
    struct cat_operator o = {name, left, right, result,
                             cat_oid_operator(name, left, right, result)};
    return fn(&o, arg);
}

struct error *
cat_operators(operator_fn fn, void *arg)
{
    static const char *const comparisons[] = {"=", "!=", "<", "<=", ">", ">="};
    const struct type *t;
    for (int i = 0; (t = cat_type_at(i)) != NULL; i++)
        for (size_t k = 0; k < sizeof(comparisons) / sizeof(comparisons[0]); k++)
            if (t->family != FAMILY_ANY && t->family != FAMILY_UNKNOWN)
                ERR_TRY(one_operator(fn, arg, comparisons[k], t, t, &TYPE_BOOL));
    for (size_t k = 0; k < n_type_overload_tables; k++) {
        const struct overload_table *ot = type_overload_tables[k];
        for (size_t i = 0; ot->is_operator && i < ot->n; i++) {
            const struct overload *o = &ot->v[i];
            bool binary = o->args[1] != NULL;
            if (o->args[0] != NULL)
                ERR_TRY(one_operator(fn, arg, o->name, binary ? o->args[0] : NULL,
                                     binary ? o->args[1] : o->args[0], o->ret));
        }
    }
    return NULL;
}

struct operator_rows {
    const struct virtual_scan *v;
    struct row_sink *rows;
};

static struct error *
put_operator(const struct cat_operator *o, void *arg)
{
    const struct operator_rows *to = arg;
    if (!wanted(to->v, o->oid))
        return NULL;
    const struct datum row[] = {
        I(o->oid), T(o->name), I(catalog_oid(to->v)), NUL, T(o->left != NULL ? "b" : "l"),
        B(false), B(false), I(o->left != NULL ? o->left->oid : 0), I(o->right->oid),
        I(o->ret != NULL ? o->ret->oid : 0), NUL, NUL, NUL, NUL, NUL,
    };
    return row_put(to->rows, row);
}

static struct error *
pg_operator_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct operator_rows to = {v, rows};
    (void)x;
    return cat_operators(put_operator, &to);
}

/* ---- access methods, collations -------------------------------------------------------------- */

#define PG_AM                                                                            \
    "oid OID, amname NAME, amstrategies INT2, amsupport INT2, amcanorder BOOL, "         \
    "amcanorderbyop BOOL, amcanbackward BOOL, amcanunique BOOL, amcanmulticol BOOL, "    \
    "amoptionalkey BOOL, amsearcharray BOOL, amsearchnulls BOOL, amstorage BOOL, "       \
    "amclusterable BOOL, ampredlocks BOOL, amkeytype OID, aminsert OID, ambeginscan OID, " \
    "amgettuple OID, amgetbitmap OID, amrescan OID, amendscan OID, ammarkpos OID, "      \
    "amrestrpos OID, ambuild OID, ambuildempty OID, ambulkdelete OID, "                  \
    "amvacuumcleanup OID, amcanreturn OID, amcostestimate OID, amoptions OID, "          \
    "amhandler OID, amtype CHAR"

static struct error *
pg_am_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    static const char *const names[] = {"prefix", "inverted"};
    (void)x;
    (void)v;
    for (int i = 0; i < 2; i++) {
        bool ordered = i == 0;
        const struct datum row[] = {
            I(cat_oid_text(names[i])), T(names[i]), I(0), I(0), B(ordered), B(false), B(ordered),
            B(ordered), B(ordered), B(ordered), B(ordered), B(ordered), B(false), B(false),
            B(false), I(0), NUL, NUL, I(0), I(0), NUL, NUL, NUL, NUL, NUL, NUL, NUL, NUL, NUL,
            NUL, NUL, NUL, T("i"),
        };
        ERR_TRY(row_put(rows, row));
    }
    return NULL;
}

struct collations {
    const struct virtual_scan *v;
    struct row_sink *rows;
    struct arena *arena;
    const char **seen;
    size_t n, cap;
};

static struct error *
put_collation(struct collations *c, const char *name)
{
    const struct datum row[] = {I(cat_oid_collation(name)), T(name), I(catalog_oid(c->v)), NUL,
                                I(6), NUL, NUL, T("i"), NUL, B(true), NUL};
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->seen[i], name) == 0)
            return NULL;
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 8 : 2 * c->cap;
        c->seen = arena_realloc(c->arena, c->seen, c->cap * sizeof(*c->seen),
                                cap * sizeof(*c->seen));
        c->cap = cap;
    }
    c->seen[c->n++] = name;
    return row_put(c->rows, row);
}

static struct error *
collations_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    (void)x;
    for (int i = 0; i < r->t->n_columns; i++) {
        const struct type *t = r->t->columns[i].type;
        const struct type *e = t->family == FAMILY_ARRAY ? t->elem : t;
        if (e->family == FAMILY_COLLATED_STRING && e->locale != NULL)
            ERR_TRY(put_collation(arg, e->locale));
    }
    return NULL;
}

/* The default, and those that columns of the database have. */
static struct error *
pg_collation_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct collations c = {.v = v, .rows = rows, .arena = x->arena};
    ERR_TRY(put_collation(&c, "en-US"));
    return cat_relations(x, v, CAT_HIDE_VIRTUAL, collations_of, &c);
}

static const struct virtual_table tables[] = {
    {"pg_catalog", "pg_am", PG_AM, pg_am_rows, "index access methods (incomplete)"},
    {"pg_catalog", "pg_collation",
     "oid OID, collname STRING, collnamespace OID, collowner OID, collencoding INT4, "
     "collcollate STRING, collctype STRING, collprovider CHAR HIDDEN, collversion STRING HIDDEN, "
     "collisdeterministic BOOL HIDDEN, colliculocale STRING HIDDEN",
     pg_collation_rows, "available collations (incomplete)"},
    {"pg_catalog", "pg_operator", PG_OPERATOR, pg_operator_rows, "operators (incomplete)"},
    {"pg_catalog", "pg_proc", PG_PROC, pg_proc_rows, "built-in functions (incomplete)"},
    {"pg_catalog", "pg_type", PG_TYPE, pg_type_rows, "scalar types (incomplete)"},
};
VIRTUAL_GROUP(pg_types, tables);
