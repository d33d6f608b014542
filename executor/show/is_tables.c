/* executor/show/is_tables.c - information_schema: schemata, tables, columns, views, sequences, indexes.
 *
 * SOURCE of columns and values: CockroachDB v20.1 pkg/sql/information_schema.go.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/pb.h"

struct out {
    struct row_sink *rows;
};

#define ROWS_OF_RELATIONS(fn, flags, each)                                          \
    static struct error *fn(struct exec_ctx *x, const struct virtual_scan *v,       \
                            struct row_sink *rows)                                  \
    {                                                                               \
        struct out o = {rows};                                                      \
        return cat_relations(x, v, flags, each, &o);                                \
    }

/* ---- schemata -------------------------------------------------------------------------------- */

static struct error *
put_schemata(struct exec_ctx *x, const struct database *db, void *arg)
{
    const char *const *v;
    size_t n;
    ERR_TRY(cat_schemas(x, db, &v, &n));
    for (size_t i = 0; i < n; i++) {
        const struct datum row[] = {T(db->name), T(v[i]), NUL, NUL};
        ERR_TRY(row_put(arg, row));
    }
    return NULL;
}

static struct error *
schemata_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    if (v->database != NULL)
        return put_schemata(x, v->database, rows);
    return cat_databases(x, NULL, put_schemata, rows);
}

/* ---- tables, views --------------------------------------------------------------------------- */

static struct error *
table_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    const struct table *t = r->t;
    (void)x;
    if (t->is_sequence)
        return NULL;
    bool base = !t->is_virtual && !t->is_view;
    const char *type = t->is_virtual     ? "SYSTEM VIEW"
                       : t->is_view      ? "VIEW"
                       : t->is_temporary ? "LOCAL TEMPORARY"
                                         : "BASE TABLE";
    const struct datum row[] = {T(r->db->name), T(r->schema), T(t->name), T(type), YES_NO(base),
                                I(t->version)};
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(tables_rows, CAT_VIRTUAL, table_of)

static struct error *
view_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    (void)x;
    if (!r->t->is_view)
        return NULL;
    const struct datum row[] = {T(r->db->name), T(r->schema), T(r->t->name),
                                T(pb_str(r->t->pb->view_query)), NUL, YES_NO(false),
                                YES_NO(false), YES_NO(false), YES_NO(false), YES_NO(false)};
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(views_rows, CAT_HIDE_VIRTUAL, view_of)

/* ---- columns --------------------------------------------------------------------------------- */

#define COLUMNS                                                                               \
    "table_catalog STRING NOT NULL, table_schema STRING NOT NULL, "                           \
    "table_name STRING NOT NULL, column_name STRING NOT NULL, "                               \
    "ordinal_position INT NOT NULL, column_default STRING, is_nullable STRING NOT NULL, "     \
    "data_type STRING NOT NULL, character_maximum_length INT, character_octet_length INT, "   \
    "numeric_precision INT, numeric_precision_radix INT, numeric_scale INT, "                 \
    "datetime_precision INT, interval_type STRING, interval_precision STRING, "               \
    "character_set_catalog STRING, character_set_schema STRING, character_set_name STRING, "  \
    "collation_catalog STRING, collation_schema STRING, collation_name STRING, "              \
    "domain_catalog STRING, domain_schema STRING, domain_name STRING, udt_catalog STRING, "   \
    "udt_schema STRING, udt_name STRING, scope_catalog STRING, scope_schema STRING, "         \
    "scope_name STRING, maximum_cardinality INT, dtd_identifier STRING, "                     \
    "is_self_referencing STRING, is_identity STRING, identity_generation STRING, "            \
    "identity_start STRING, identity_increment STRING, identity_maximum STRING, "             \
    "identity_minimum STRING, identity_cycle STRING, is_generated STRING, "                   \
    "generation_expression STRING, is_updatable STRING, is_hidden STRING NOT NULL, "          \
    "crdb_sql_type STRING NOT NULL"

struct lengths {
    struct datum chars, octets, precision, radix, scale, time;
};

static struct lengths
lengths_of(const struct type *t)
{
    struct lengths l = {NUL, NUL, NUL, NUL, NUL, NUL};
    switch ((int)t->family) {
    case FAMILY_STRING: case FAMILY_COLLATED_STRING:
        if (t->width > 0) {
            l.chars = I(t->width);
            l.octets = I((int64_t)t->width * 4);
        }
        break;
    case FAMILY_BIT:
        if (t->width > 0)
            l.chars = I(t->width);
        break;
    case FAMILY_INT:
        l.precision = I(t->width);
        l.radix = I(2);
        l.scale = I(0);
        break;
    case FAMILY_FLOAT:
        l.precision = I(t->width == 32 ? 24 : 53);
        l.radix = I(2);
        break;
    case FAMILY_DECIMAL:
        l.radix = I(10);
        if (t->precision > 0) {
            l.precision = I(t->precision);
            l.scale = I(t->width);
        }
        break;
    case FAMILY_TIME: case FAMILY_TIMETZ: case FAMILY_TIMESTAMP: case FAMILY_TIMESTAMPTZ:
    case FAMILY_INTERVAL:
        l.time = I(t->time_precision_is_set || t->precision > 0 ? t->precision : 6);
        break;
    default:
        break;
    }
    return l;
}

static struct error *
put_column(struct exec_ctx *x, struct out *o, const struct cat_rel *r, const struct column *c)
{
    const struct type *t = c->type;
    struct lengths l = lengths_of(t);
    bool collated = t->family == FAMILY_COLLATED_STRING && t->locale != NULL;
    bool computed = c->compute_expr != NULL;
    bool updatable = !r->t->is_virtual && !r->t->is_view && !computed;
    const char *data_type = t->family == FAMILY_ARRAY ? "ARRAY" : type_pg_name_str(x->arena, t);
    const struct datum row[] = {
        T(r->db->name), T(r->schema), T(r->t->name), T(c->name), I(c->id), T(c->default_expr),
        YES_NO(c->nullable), T(data_type), l.chars, l.octets, l.precision, l.radix, l.scale,
        l.time, NUL, NUL, NUL, NUL, NUL, collated ? T(r->db->name) : NUL,
        collated ? T("pg_catalog") : NUL, collated ? T(t->locale) : NUL, NUL, NUL, NUL,
        T(r->db->name), T("pg_catalog"), T(type_typname(t)), NUL, NUL, NUL, NUL, NUL, NUL, NUL,
        NUL, NUL, NUL, NUL, NUL, NUL, YES_NO(computed), T(computed ? c->compute_expr : ""),
        YES_NO(updatable), YES_NO(c->hidden), T(type_sql_str(x->arena, t)),
    };
    return row_put(o->rows, row);
}

static struct error *
columns_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    for (int i = 0; i < r->t->n_columns && !r->t->is_sequence; i++)
        ERR_TRY(put_column(x, arg, r, &r->t->columns[i]));
    return NULL;
}
ROWS_OF_RELATIONS(columns_rows, CAT_VIRTUAL, columns_of)

/* ---- sequences ------------------------------------------------------------------------------- */

static struct datum
number_text(struct arena *a, int64_t n)
{
    return T(arena_printf(a, "%lld", (long long)n));
}

static struct error *
sequence_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    struct out *o = arg;
    const Amberdb__SequenceOpts *s = r->t->is_sequence ? r->t->pb->sequence_opts : NULL;
    if (s == NULL)
        return NULL;
    const struct datum row[] = {
        T(r->db->name), T(r->schema), T(r->t->name), T("bigint"), I(64), I(2), I(0),
        number_text(x->arena, PB_GET(s, start)), number_text(x->arena, PB_GET(s, min_value)),
        number_text(x->arena, PB_GET(s, max_value)), number_text(x->arena, PB_GET(s, increment)),
        YES_NO(false),
    };
    return row_put(o->rows, row);
}
ROWS_OF_RELATIONS(sequences_rows, CAT_HIDE_VIRTUAL, sequence_of)

/* ---- statistics: indexes, in truth ----------------------------------------------------------- */

struct statistics {
    struct out *o;
    const struct cat_rel *r;
    const struct index *ix;
    int seq;
};

static struct error *
put_statistics(struct statistics *s, int ordinal, const char *direction, bool storing,
               bool implicit)
{
    const struct cat_rel *r = s->r;
    const struct datum row[] = {
        T(r->db->name), T(r->schema), T(r->t->name), YES_NO(!s->ix->unique && !s->ix->primary),
        T(r->schema), T(s->ix->name), I(++s->seq), T(r->t->columns[ordinal].name), NUL, NUL,
        T(direction), YES_NO(storing), YES_NO(implicit),
    };
    return row_put(s->o->rows, row);
}

static struct error *
statistics_of(struct exec_ctx *x, const struct cat_rel *r, void *arg)
{
    (void)x;
    if (r->t->is_view || r->t->is_sequence)
        return NULL;
    for (int i = 0; i < r->t->n_indexes; i++) {
        const struct index *ix = &r->t->indexes[i];
        struct statistics s = {arg, r, ix, 0};
        for (int k = 0; k < ix->n_keys; k++)
            ERR_TRY(put_statistics(&s, ix->keys[k], ix->desc[k] ? "DESC" : "ASC", false, false));
        for (int k = 0; k < ix->n_stored && !ix->primary; k++)
            ERR_TRY(put_statistics(&s, ix->stored[k], "N/A", true, false));
        for (int k = 0; k < ix->n_extra && !ix->primary; k++)
            ERR_TRY(put_statistics(&s, ix->extra[k], "ASC", false, true));
    }
    return NULL;
}
ROWS_OF_RELATIONS(statistics_rows, CAT_HIDE_VIRTUAL, statistics_of)

#define NN " STRING NOT NULL, "

#define PARAMETERS                                                                            \
    "specific_catalog STRING, specific_schema STRING, specific_name STRING, "                 \
    "ordinal_position INT, parameter_mode STRING, is_result STRING, as_locator STRING, "      \
    "parameter_name STRING, data_type STRING, character_maximum_length INT, "                 \
    "character_octet_length INT, character_set_catalog STRING, character_set_schema STRING, " \
    "character_set_name STRING, collation_catalog STRING, collation_schema STRING, "          \
    "collation_name STRING, numeric_precision INT, numeric_precision_radix INT, "             \
    "numeric_scale INT, datetime_precision INT, interval_type STRING, "                       \
    "interval_precision INT, udt_catalog STRING, udt_schema STRING, udt_name STRING, "        \
    "scope_catalog STRING, scope_schema STRING, scope_name STRING, maximum_cardinality INT, " \
    "dtd_identifier STRING, parameter_default STRING"

#define ROUTINES                                                                               \
    "specific_catalog STRING, specific_schema STRING, specific_name STRING, "                  \
    "routine_catalog STRING, routine_schema STRING, routine_name STRING, "                     \
    "routine_type STRING, module_catalog STRING, module_schema STRING, module_name STRING, "   \
    "udt_catalog STRING, udt_schema STRING, udt_name STRING, data_type STRING, "               \
    "character_maximum_length INT, character_octet_length INT, "                               \
    "character_set_catalog STRING, character_set_schema STRING, character_set_name STRING, "   \
    "collation_catalog STRING, collation_schema STRING, collation_name STRING, "               \
    "numeric_precision INT, numeric_precision_radix INT, numeric_scale INT, "                  \
    "datetime_precision INT, interval_type STRING, interval_precision STRING, "                \
    "type_udt_catalog STRING, type_udt_schema STRING, type_udt_name STRING, "                  \
    "scope_catalog STRING, scope_name STRING, maximum_cardinality INT, "                       \
    "dtd_identifier STRING, routine_body STRING, routine_definition STRING, "                  \
    "external_name STRING, external_language STRING, parameter_style STRING, "                 \
    "is_deterministic STRING, sql_data_access STRING, is_null_call STRING, sql_path STRING, "  \
    "schema_level_routine STRING, max_dynamic_result_sets INT, "                               \
    "is_user_defined_cast STRING, is_implicitly_invocable STRING, security_type STRING, "      \
    "to_sql_specific_catalog STRING, to_sql_specific_schema STRING, "                          \
    "to_sql_specific_name STRING, as_locator STRING, created TIMESTAMPTZ, "                    \
    "last_altered TIMESTAMPTZ, new_savepoint_level STRING, is_udt_dependent STRING, "          \
    "result_cast_from_data_type STRING, result_cast_as_locator STRING, "                       \
    "result_cast_char_max_length INT, result_cast_char_octet_length STRING, "                  \
    "result_cast_char_set_catalog STRING, result_cast_char_set_schema STRING, "                \
    "result_cast_char_set_name STRING, result_cast_collation_catalog STRING, "                 \
    "result_cast_collation_schema STRING, result_cast_collation_name STRING, "                 \
    "result_cast_numeric_precision INT, result_cast_numeric_precision_radix INT, "             \
    "result_cast_numeric_scale INT, result_cast_datetime_precision STRING, "                   \
    "result_cast_interval_type STRING, result_cast_interval_precision INT, "                   \
    "result_cast_type_udt_catalog STRING, result_cast_type_udt_schema STRING, "                \
    "result_cast_type_udt_name STRING, result_cast_scope_catalog STRING, "                     \
    "result_cast_scope_schema STRING, result_cast_scope_name STRING, "                         \
    "result_cast_maximum_cardinality INT, result_cast_dtd_identifier STRING"

static const struct virtual_table tables[] = {
    {"information_schema", "columns", COLUMNS, columns_rows,
     "table and view columns (incomplete)"},
    {"information_schema", "parameters", PARAMETERS, NULL,
     "built-in function parameters (empty - introspection not yet supported)"},
    {"information_schema", "routines", ROUTINES, NULL,
     "built-in functions (empty - introspection not yet supported)"},
    {"information_schema", "schemata",
     "catalog_name" NN "schema_name" NN "default_character_set_name STRING, sql_path STRING",
     schemata_rows, "database schemas (may contain schemata without permission)"},
    {"information_schema", "sequences",
     "sequence_catalog" NN "sequence_schema" NN "sequence_name" NN "data_type" NN
     "numeric_precision INT NOT NULL, numeric_precision_radix INT NOT NULL, "
     "numeric_scale INT NOT NULL, start_value" NN "minimum_value" NN "maximum_value" NN
     "increment" NN "cycle_option STRING NOT NULL",
     sequences_rows, "sequences"},
    {"information_schema", "statistics",
     "table_catalog" NN "table_schema" NN "table_name" NN "non_unique" NN "index_schema" NN
     "index_name" NN "seq_in_index INT NOT NULL, column_name" NN "collation STRING, "
     "cardinality INT, direction" NN "storing" NN "implicit STRING NOT NULL",
     statistics_rows, "index metadata and statistics (incomplete)"},
    {"information_schema", "tables",
     "table_catalog" NN "table_schema" NN "table_name" NN "table_type" NN
     "is_insertable_into" NN "version INT",
     tables_rows, "tables and views"},
    {"information_schema", "views",
     "table_catalog" NN "table_schema" NN "table_name" NN "view_definition" NN
     "check_option STRING, is_updatable" NN "is_insertable_into" NN "is_trigger_updatable" NN
     "is_trigger_deletable" NN "is_trigger_insertable_into STRING NOT NULL",
     views_rows, "views (incomplete)"},
};
VIRTUAL_GROUP(is_tables, tables);
