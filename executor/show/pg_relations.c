/* executor/show/pg_relations.c - pg_catalog's tables of relations, columns, indexes, constraints.
 *
 * SOURCE of columns and values: CockroachDB v20.1 pkg/sql/pg_catalog.go; HIDDEN columns are those
 * that PostgreSQL 10 and later have and clients ask for by name.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/pb.h"

struct out {
    struct row_sink *rows;
    const struct virtual_scan *v;
};

#define ROWS_OF_RELATIONS(fn, flags, each)                                                  \
    static struct error *fn(struct exec_ctx *x, const struct virtual_scan *v,               \
                            struct row_sink *rows)                                          \
    {                                                                                       \
        struct out o = {rows, v};                                                           \
        return cat_relations(x, v, flags, each, &o);                                        \
    }

static bool
is_physical(const struct table *t)
{
    return !t->is_virtual && !t->is_view && !t->is_sequence;
}

static bool
has_indexes(const struct table *t)
{
    return is_physical(t) && t->n_indexes > 0;
}

static uint32_t
access_method(const struct index *ix)
{
    return cat_oid_text(ix != NULL && ix->inverted ? "inverted" : "prefix");
}

/* ---- pg_class -------------------------------------------------------------------------------- */

#define PG_CLASS                                                                             \
    "oid OID NOT NULL, relname NAME NOT NULL, relnamespace OID, reltype OID, reloftype OID, " \
    "relowner OID, relam OID, relfilenode OID, reltablespace OID, relpages INT4, "           \
    "reltuples FLOAT4, relallvisible INT4, reltoastrelid OID, relhasindex BOOL, "            \
    "relisshared BOOL, relpersistence CHAR, relistemp BOOL, relkind CHAR, relnatts INT2, "   \
    "relchecks INT2, relhasoids BOOL, relhaspkey BOOL, relhasrules BOOL, "                   \
    "relhastriggers BOOL, relhassubclass BOOL, relfrozenxid INT, relacl STRING[], "          \
    "reloptions STRING[], relrowsecurity BOOL HIDDEN, relforcerowsecurity BOOL HIDDEN, "     \
    "relispopulated BOOL HIDDEN, relreplident CHAR HIDDEN, relispartition BOOL HIDDEN, "     \
    "relpartbound STRING HIDDEN, relminmxid INT HIDDEN, relrewrite OID HIDDEN, tableoid OID HIDDEN"

struct class_row {
    uint32_t oid, schema, access;
    const char *name, *kind;
    bool indexed, temporary, references;
    int n_columns, n_checks;
};

static struct error *
put_class(struct out *o, const struct class_row *c)
{
    const struct datum row[] = {
        I(c->oid), T(c->name), I(c->schema), I(0), I(0), NUL, I(c->access), I(0), I(0), NUL,
        NUL, I(0), I(0), B(c->indexed), B(false), T(c->temporary ? "t" : "p"), B(c->temporary),
        T(c->kind), I(c->n_columns), I(c->n_checks), B(false), B(c->indexed), B(false),
        B(c->references), B(false), I(0), NUL, NUL,
        B(false), B(false), B(true), T("d"), B(false), NUL, I(0), I(0),
        I(cat_oid_virtual("pg_catalog", "pg_class")),
    };
    return row_put(o->rows, row);
}

static struct error *
class_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    const struct table *t = r->t;
    struct class_row c = {
        .oid = t->id,
        .schema = r->schema_oid,
        .access = t->is_view || t->is_sequence ? 0 : access_method(NULL),
        .name = t->name,
        .kind = t->is_view ? "v" : t->is_sequence ? "S" : "r",
        .indexed = has_indexes(t),
        .temporary = t->is_temporary,
        .n_columns = t->n_columns,
        .n_checks = t->is_virtual ? 0 : (int)t->pb->n_checks,
        /* PostgreSQL's foreign keys are triggers: psql asks for them only where there are some. */
        .references = !t->is_virtual && t->pb->n_outbound_fks + t->pb->n_inbound_fks > 0,
    };
    (void)x;
    ERR_TRY(put_class(o, &c));
    for (int i = 0; i < t->n_indexes && has_indexes(t); i++) {
        const struct index *ix = &t->indexes[i];
        struct class_row k = {
            .oid = cat_oid_index(t->id, ix->id),
            .schema = r->schema_oid,
            .access = access_method(ix),
            .name = ix->name,
            .kind = "i",
            .temporary = t->is_temporary,
            .n_columns = ix->n_keys,
        };
        ERR_TRY(put_class(o, &k));
    }
    return NULL;
}
ROWS_OF_RELATIONS(pg_class_rows, CAT_VIRTUAL, class_of)

/* ---- pg_attribute, pg_attrdef ---------------------------------------------------------------- */

#define PG_ATTRIBUTE                                                                          \
    "attrelid OID NOT NULL, attname NAME, atttypid OID, attstattarget INT4, attlen INT2, "    \
    "attnum INT2, attndims INT4, attcacheoff INT4, atttypmod INT4, attbyval BOOL, "           \
    "attstorage CHAR, attalign CHAR, attnotnull BOOL, atthasdef BOOL, attidentity CHAR, "     \
    "attisdropped BOOL, attislocal BOOL, attinhcount INT4, attcollation OID, "                \
    "attacl STRING[], attoptions STRING[], attfdwoptions STRING[], attgenerated CHAR HIDDEN, " \
    "attcompression CHAR HIDDEN, atthasmissing BOOL HIDDEN, attmissingval STRING HIDDEN"

static struct error *
put_attribute(struct out *o, uint32_t relation, uint32_t attnum, const struct column *c)
{
    const struct datum row[] = {
        I(relation), T(c->name), I(c->type->oid), I(0), I(cat_typlen(c->type)), I(attnum), I(0),
        I(-1), I(cat_typmod(c->type)), NUL, NUL, NUL, B(!c->nullable), B(c->default_expr != NULL),
        T(""), B(false), B(true), I(0), I(cat_typcollation(c->type)), NUL, NUL, NUL,
        T(c->compute_expr != NULL ? "s" : ""), T(""), B(false), NUL,
    };
    return row_put(o->rows, row);
}

static struct error *
attributes_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    const struct table *t = r->t;
    (void)x;
    for (int i = 0; i < t->n_columns; i++)
        ERR_TRY(put_attribute(o, t->id, t->columns[i].id, &t->columns[i]));
    for (int i = 0; i < t->n_indexes && has_indexes(t); i++)
        for (int k = 0; k < t->indexes[i].n_keys; k++)
            ERR_TRY(put_attribute(o, cat_oid_index(t->id, t->indexes[i].id), (uint32_t)k + 1,
                                  &t->columns[t->indexes[i].keys[k]]));
    return NULL;
}
ROWS_OF_RELATIONS(pg_attribute_rows, CAT_VIRTUAL, attributes_of)

static struct error *
defaults_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    (void)x;
    for (int i = 0; i < r->t->n_columns; i++) {
        const struct column *c = &r->t->columns[i];
        const char *e = c->default_expr;
        if (e == NULL)
            continue;
        const struct datum row[] = {I(cat_oid_column(r->t->id, c->id)), I(r->t->id), I(c->id),
                                    T(e), T(e)};
        ERR_TRY(row_put(o->rows, row));
    }
    return NULL;
}
ROWS_OF_RELATIONS(pg_attrdef_rows, CAT_HIDE_VIRTUAL, defaults_of)

/* ---- pg_index, pg_indexes -------------------------------------------------------------------- */

#define PG_INDEX                                                                          \
    "indexrelid OID, indrelid OID, indnatts INT2, indisunique BOOL, indisprimary BOOL, "  \
    "indisexclusion BOOL, indimmediate BOOL, indisclustered BOOL, indisvalid BOOL, "      \
    "indcheckxmin BOOL, indisready BOOL, indislive BOOL, indisreplident BOOL, "           \
    "indkey INT2VECTOR, indcollation OIDVECTOR, indclass OIDVECTOR, "                     \
    "indoption INT2VECTOR, indexprs STRING, indpred STRING, indnkeyatts INT2 HIDDEN, "    \
    "indnullsnotdistinct BOOL HIDDEN"

#define INDOPTION_DESC 1        /* and NULLs last */
#define INDOPTION_NULLS_FIRST 2 /* ascending: NULL sorts before all */

static struct error *
index_rows_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    const struct table *t = r->t;
    for (int i = 0; i < t->n_indexes && has_indexes(t); i++) {
        const struct index *ix = &t->indexes[i];
        size_t n = (size_t)ix->n_keys + 1;
        int64_t *keys = ARENA_ARRAY(x->arena, int64_t, n);
        int64_t *collations = ARENA_ARRAY(x->arena, int64_t, n);
        int64_t *classes = ARENA_ARRAY(x->arena, int64_t, n);
        int64_t *options = ARENA_ARRAY(x->arena, int64_t, n);
        for (int k = 0; k < ix->n_keys; k++) {
            const struct column *c = &t->columns[ix->keys[k]];
            keys[k] = c->id;
            collations[k] = cat_typcollation(c->type);
            options[k] = ix->desc[k] ? INDOPTION_DESC : INDOPTION_NULLS_FIRST;
        }
        const struct datum row[] = {
            I(cat_oid_index(t->id, ix->id)), I(t->id), I(ix->n_keys),
            B(ix->unique || ix->primary), B(ix->primary), B(false), B(ix->unique || ix->primary),
            B(false), B(true), B(false), B(false), B(true), B(false),
            cat_array(x->arena, &TYPE_INT2, keys, ix->n_keys),
            cat_array(x->arena, &TYPE_OID, collations, ix->n_keys),
            cat_array(x->arena, &TYPE_OID, classes, ix->n_keys),
            cat_array(x->arena, &TYPE_INT2, options, ix->n_keys), NUL, NUL, I(ix->n_keys),
            B(false),
        };
        ERR_TRY(row_put(o->rows, row));
    }
    return NULL;
}
ROWS_OF_RELATIONS(pg_index_rows, CAT_HIDE_VIRTUAL, index_rows_of)

static struct error *
index_defs_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    const struct table *t = r->t;
    for (int i = 0; i < t->n_indexes && has_indexes(t); i++) {
        const char *def;
        ERR_TRY(cat_index_def(x, r, &t->indexes[i], &def));
        const struct datum row[] = {I(cat_oid_index(t->id, t->indexes[i].id)), T(r->schema),
                                    T(t->name), T(t->indexes[i].name), NUL, T(def)};
        ERR_TRY(row_put(o->rows, row));
    }
    return NULL;
}
ROWS_OF_RELATIONS(pg_indexes_rows, CAT_HIDE_VIRTUAL, index_defs_of)

/* ---- pg_constraint --------------------------------------------------------------------------- */

#define PG_CONSTRAINT                                                                        \
    "oid OID, conname NAME NOT NULL, connamespace OID, contype STRING, condeferrable BOOL, " \
    "condeferred BOOL, convalidated BOOL, conrelid OID NOT NULL, contypid OID, "             \
    "conindid OID, confrelid OID, confupdtype STRING, confdeltype STRING, "                  \
    "confmatchtype STRING, conislocal BOOL, coninhcount INT, connoinherit BOOL, "            \
    "conkey INT2[], confkey INT2[], conpfeqop OID[], conppeqop OID[], conffeqop OID[], "     \
    "conexclop OID[], conbin STRING, consrc STRING, condef STRING, conparentid OID HIDDEN, "       \
    "tableoid OID HIDDEN"

static struct datum
id_array(struct arena *a, const uint32_t *ids, size_t n)
{
    int64_t *v = ARENA_ARRAY(a, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        v[i] = ids[i];
    return cat_array(a, &TYPE_INT2, v, (int)n);
}

static struct datum
action_letter(int action)
{
    static const char *const letters[] = {"a", "r", "n", "d", "c"};
    return T(action >= 0 && action < 5 ? letters[action] : "a");
}

static uint32_t
constraint_index(const struct cat_rel *r, const struct cat_constraint *c)
{
    if (c->index != NULL)
        return cat_oid_index(r->t->id, c->index->id);
    if (c->kind != CAT_FK || c->other == NULL)
        return 0;
    const struct index *ix =
        cat_fk_index(c->other, c->fk->referenced_column_ids, c->fk->n_referenced_column_ids);
    return ix != NULL ? cat_oid_index(c->other->id, ix->id) : 0;
}

static struct error *
put_constraint(struct exec_ctx *x, struct out *o, const struct cat_rel *r,
               const struct cat_constraint *c)
{
    static const char *const kinds[] = {"c", "f", "p", "u"};
    static const char *const matches[] = {"s", "f", "p"};
    const Amberdb__ForeignKeyConstraint *fk = c->fk;
    struct datum expr = NUL;
    const char *def;
    ERR_TRY(cat_constraint_def(x, r, c, &def));
    if (c->kind == CAT_CHECK)
        expr = T(arena_printf(x->arena, "(%s)", pb_str(c->check->expr)));
    const struct datum row[] = {
        I(c->oid), T(c->name), I(r->schema_oid), T(kinds[c->kind]), B(false), B(false),
        B(c->validated), I(r->t->id), I(0), I(constraint_index(r, c)),
        I(fk != NULL ? fk->referenced_table_id : 0),
        fk != NULL ? action_letter((int)PB_GET(fk, on_update)) : NUL,
        fk != NULL ? action_letter((int)PB_GET(fk, on_delete)) : NUL,
        fk != NULL ? T(matches[(unsigned)PB_GET(fk, match) % 3]) : NUL,
        B(true), I(0), B(true),
        c->n_columns > 0 || c->kind != CAT_CHECK
            ? id_array(x->arena, c->columns, (size_t)c->n_columns)
            : NUL,
        fk != NULL ? id_array(x->arena, fk->referenced_column_ids, fk->n_referenced_column_ids)
                   : NUL,
        NUL, NUL, NUL, NUL, expr, expr, T(def), I(0),
        I(cat_oid_virtual("pg_catalog", "pg_constraint")),
    };
    return row_put(o->rows, row);
}

static struct error *
constraints_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct cat_constraint *v;
    int n;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++)
        ERR_TRY(put_constraint(x, arg, r, &v[i]));
    return NULL;
}
ROWS_OF_RELATIONS(pg_constraint_rows, CAT_HIDE_VIRTUAL, constraints_of)

/* ---- pg_depend, pg_rewrite ------------------------------------------------------------------- */

/* The rule that a view is, in PostgreSQL's eyes. */
static uint32_t
rule_oid(const struct table *view)
{
    return cat_oid_column(view->id, 0);
}

static struct error *
put_depend(struct out *o, uint32_t class, uint32_t object, uint32_t referenced, uint32_t column)
{
    const struct datum row[] = {I(class), I(object), I(0),
                                I(cat_oid_virtual("pg_catalog", "pg_class")), I(referenced),
                                I(column), T("n")};
    return row_put(o->rows, row);
}

static struct error *
depends_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    struct cat_constraint *v;
    int n;
    ERR_TRY(cat_constraints(x, r, &v, &n));
    for (int i = 0; i < n; i++)
        if (v[i].kind == CAT_FK)
            ERR_TRY(put_depend(o, cat_oid_virtual("pg_catalog", "pg_constraint"), v[i].oid,
                               constraint_index(r, &v[i]), 0));
    for (size_t i = 0; i < r->t->pb->n_depended_on_by; i++) {
        const Amberdb__Reference *ref = r->t->pb->depended_on_by[i];
        const struct table *view;
        ERR_TRY(catalog_table_by_id(x->catalog, ref->id, &view));
        for (size_t k = 0; view != NULL && view->is_view && k < ref->n_column_ids; k++)
            ERR_TRY(put_depend(o, cat_oid_virtual("pg_catalog", "pg_rewrite"), rule_oid(view),
                               r->t->id, ref->column_ids[k]));
    }
    return NULL;
}
ROWS_OF_RELATIONS(pg_depend_rows, CAT_HIDE_VIRTUAL, depends_of)

static struct error *
rule_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    (void)x;
    if (!r->t->is_view)
        return NULL;
    const struct datum row[] = {I(rule_oid(r->t)), T("_RETURN"), I(r->t->id), T("1"), T("O"),
                                B(true), NUL, NUL,
                                I(cat_oid_virtual("pg_catalog", "pg_rewrite"))};
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(pg_rewrite_rows, CAT_HIDE_VIRTUAL, rule_of)

/* ---- pg_tables, pg_views, pg_sequence -------------------------------------------------------- */

static struct error *
table_row_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    (void)x;
    if (r->t->is_view || r->t->is_sequence)
        return NULL;
    const struct datum row[] = {T(r->schema), T(r->t->name), NUL, NUL, B(has_indexes(r->t)),
                                B(false), B(false), B(false)};
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(pg_tables_rows, CAT_VIRTUAL, table_row_of)

static struct error *
view_row_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    (void)x;
    if (!r->t->is_view)
        return NULL;
    const struct datum row[] = {T(r->schema), T(r->t->name), NUL, T(pb_str(r->t->pb->view_query))};
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(pg_views_rows, CAT_HIDE_VIRTUAL, view_row_of)

static struct error *
sequence_row_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    const Amberdb__SequenceOpts *s = r->t->is_sequence ? r->t->pb->sequence_opts : NULL;
    (void)x;
    if (s == NULL)
        return NULL;
    const struct datum row[] = {I(r->t->id), I(TYPE_INT8.oid), I(PB_GET(s, start)),
                                I(PB_GET(s, increment)), I(PB_GET(s, max_value)),
                                I(PB_GET(s, min_value)), I(1), B(false)};
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(pg_sequence_rows, CAT_HIDE_VIRTUAL, sequence_row_of)

static const struct virtual_table tables[] = {
    {"pg_catalog", "pg_attrdef",
     "oid OID, adrelid OID NOT NULL, adnum INT2, adbin STRING, adsrc STRING", pg_attrdef_rows,
     "column default values"},
    {"pg_catalog", "pg_attribute", PG_ATTRIBUTE, pg_attribute_rows,
     "table columns (incomplete - see also information_schema.columns)"},
    {"pg_catalog", "pg_class", PG_CLASS, pg_class_rows,
     "tables and relation-like objects (incomplete - see also "
     "information_schema.tables/sequences/views)"},
    {"pg_catalog", "pg_constraint", PG_CONSTRAINT, pg_constraint_rows,
     "table constraints (incomplete - see also information_schema.table_constraints)"},
    {"pg_catalog", "pg_depend",
     "classid OID, objid OID, objsubid INT4, refclassid OID, refobjid OID, refobjsubid INT4, "
     "deptype CHAR",
     pg_depend_rows, "dependency relationships (incomplete)"},
    {"pg_catalog", "pg_index", PG_INDEX, pg_index_rows, "indexes (incomplete)"},
    {"pg_catalog", "pg_indexes",
     "crdb_oid OID, schemaname NAME, tablename NAME, indexname NAME, tablespace NAME, "
     "indexdef STRING",
     pg_indexes_rows, "index creation statements"},
    {"pg_catalog", "pg_matviews",
     "schemaname NAME, matviewname NAME, matviewowner NAME, tablespace NAME, hasindexes BOOL, "
     "ispopulated BOOL, definition STRING",
     NULL, "available materialized views (empty - feature does not exist)"},
    {"pg_catalog", "pg_rewrite",
     "oid OID, rulename NAME, ev_class OID, ev_type CHAR, ev_enabled CHAR, is_instead BOOL, "
     "ev_qual STRING, ev_action STRING, tableoid OID HIDDEN",
     pg_rewrite_rows, "rewrite rules: one for each view"},
    {"pg_catalog", "pg_sequence",
     "seqrelid OID, seqtypid OID, seqstart INT8, seqincrement INT8, seqmax INT8, seqmin INT8, "
     "seqcache INT8, seqcycle BOOL",
     pg_sequence_rows, "sequences (see also information_schema.sequences)"},
    {"pg_catalog", "pg_tables",
     "schemaname NAME, tablename NAME, tableowner NAME, tablespace NAME, hasindexes BOOL, "
     "hasrules BOOL, hastriggers BOOL, rowsecurity BOOL",
     pg_tables_rows, "tables summary (see also information_schema.tables, pg_catalog.pg_class)"},
    {"pg_catalog", "pg_views",
     "schemaname NAME, viewname NAME, viewowner NAME, definition STRING", pg_views_rows,
     "view definitions (incomplete - see also information_schema.views)"},
};
VIRTUAL_GROUP(pg_relations, tables);
