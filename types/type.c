/* The common types, their OIDs and their three spellings. See type.h. */
#include "config.h"

#include "types/type.h"

#include "types/type_ops_int.h"

#define T(name, fam, o, ...) const struct type name = {.family = fam, .oid = o, ##__VA_ARGS__}
T(TYPE_BOOL, FAMILY_BOOL, 16);
T(TYPE_INT2, FAMILY_INT, 21, .width = 16);
T(TYPE_INT4, FAMILY_INT, 23, .width = 32);
T(TYPE_INT8, FAMILY_INT, 20, .width = 64);
T(TYPE_FLOAT4, FAMILY_FLOAT, 700, .width = 32);
T(TYPE_FLOAT8, FAMILY_FLOAT, 701, .width = 64);
T(TYPE_DECIMAL, FAMILY_DECIMAL, 1700);
T(TYPE_DATE, FAMILY_DATE, 1082);
T(TYPE_TIMESTAMP, FAMILY_TIMESTAMP, 1114);
T(TYPE_INTERVAL, FAMILY_INTERVAL, 1186);
T(TYPE_STRING, FAMILY_STRING, 25);
T(TYPE_VARCHAR, FAMILY_STRING, 1043);
T(TYPE_BPCHAR1, FAMILY_STRING, 1042, .width = 1);
T(TYPE_QCHAR, FAMILY_STRING, 18, .width = 1);
T(TYPE_NAME, FAMILY_STRING, 19);
T(TYPE_BYTES, FAMILY_BYTES, 17);
T(TYPE_TIMESTAMPTZ, FAMILY_TIMESTAMPTZ, 1184);
T(TYPE_OID, FAMILY_OID, 26);
T(TYPE_REGCLASS, FAMILY_OID, 2205);
T(TYPE_REGPROC, FAMILY_OID, 24);
T(TYPE_REGPROCEDURE, FAMILY_OID, 2202);
T(TYPE_REGOPERATOR, FAMILY_OID, 2204); /* values only: no column has it */
T(TYPE_REGTYPE, FAMILY_OID, 2206);
T(TYPE_REGNAMESPACE, FAMILY_OID, 4089);
T(TYPE_UNKNOWN, FAMILY_UNKNOWN, 705);
T(TYPE_UUID, FAMILY_UUID, 2950);
T(TYPE_INET, FAMILY_INET, 869);
T(TYPE_TIME, FAMILY_TIME, 1083);
T(TYPE_JSONB, FAMILY_JSON, 3802);
T(TYPE_TIMETZ, FAMILY_TIMETZ, 1266);
T(TYPE_BIT1, FAMILY_BIT, 1560, .width = 1);
T(TYPE_VARBIT, FAMILY_BIT, 1562);
T(TYPE_ANY, FAMILY_ANY, 2283);
T(TYPE_ANY_TUPLE, FAMILY_TUPLE, 2249, .n = -1);
T(TYPE_EMPTY_TUPLE, FAMILY_TUPLE, 2249, .n = 0);
T(TYPE_ANY_COLLATED, FAMILY_COLLATED_STRING, 25);

#define A(name, o, e) const struct type name = {.family = FAMILY_ARRAY, .oid = o, .elem = &e}
A(TYPE_INT2VECTOR, 22, TYPE_INT2);
A(TYPE_OIDVECTOR, 30, TYPE_OID);
A(TYPE_STRING_ARRAY, 1009, TYPE_STRING);
A(TYPE_INT8_ARRAY, 1016, TYPE_INT8);
A(TYPE_INT2_ARRAY, 1005, TYPE_INT2);
A(TYPE_OID_ARRAY, 1028, TYPE_OID);
A(TYPE_NAME_ARRAY, 1003, TYPE_NAME);
A(TYPE_BOOL_ARRAY, 1000, TYPE_BOOL);
A(TYPE_DECIMAL_ARRAY, 1231, TYPE_DECIMAL);
A(TYPE_FLOAT8_ARRAY, 1022, TYPE_FLOAT8);
A(TYPE_BYTES_ARRAY, 1001, TYPE_BYTES);
A(TYPE_TIMESTAMP_ARRAY, 1115, TYPE_TIMESTAMP);
A(TYPE_TIMESTAMPTZ_ARRAY, 1185, TYPE_TIMESTAMPTZ);
A(TYPE_DATE_ARRAY, 1182, TYPE_DATE);
A(TYPE_INTERVAL_ARRAY, 1187, TYPE_INTERVAL);
A(TYPE_UUID_ARRAY, 2951, TYPE_UUID);
A(TYPE_INET_ARRAY, 1041, TYPE_INET);
A(TYPE_ANY_ARRAY, 2277, TYPE_ANY);
static A(TYPE_INT4_ARRAY_, 1007, TYPE_INT4);
static A(TYPE_FLOAT4_ARRAY_, 1021, TYPE_FLOAT4);
static A(TYPE_VARCHAR_ARRAY_, 1015, TYPE_VARCHAR);
static A(TYPE_BPCHAR_ARRAY_, 1014, TYPE_BPCHAR1);
static A(TYPE_QCHAR_ARRAY_, 1002, TYPE_QCHAR);
static A(TYPE_TIME_ARRAY_, 1183, TYPE_TIME);
static A(TYPE_TIMETZ_ARRAY_, 1270, TYPE_TIMETZ);
static A(TYPE_BIT_ARRAY_, 1561, TYPE_BIT1);
static A(TYPE_VARBIT_ARRAY_, 1563, TYPE_VARBIT);
static A(TYPE_JSONB_ARRAY_, 3807, TYPE_JSONB);
static A(TYPE_REGCLASS_ARRAY_, 2210, TYPE_REGCLASS);
static A(TYPE_REGTYPE_ARRAY_, 2211, TYPE_REGTYPE);
static A(TYPE_REGPROC_ARRAY_, 1008, TYPE_REGPROC);
static A(TYPE_REGPROCEDURE_ARRAY_, 2207, TYPE_REGPROCEDURE);
static A(TYPE_REGNAMESPACE_ARRAY_, 4090, TYPE_REGNAMESPACE);
static A(TYPE_TUPLE_ARRAY_, 2287, TYPE_ANY_TUPLE);

/* The canonical type behind an OID, its names, and its array. SOURCE: backup-format 3.4, pg_type. */
struct oid_row {
    const struct type *type;
    const char *name;     /* messages */
    const char *sql;      /* SHOW CREATE, without width */
    const char *pg;       /* SQL standard name */
    const char *typname;  /* pg_type.typname */
    int wire_size;
    const struct type *array;
    const char *array_typname;
};

static const struct oid_row oids[] = {
    {&TYPE_BOOL, "bool", "BOOL", "boolean", "bool", 1, &TYPE_BOOL_ARRAY, "_bool"},
    {&TYPE_INT2, "int2", "INT2", "smallint", "int2", 2, &TYPE_INT2_ARRAY, "_int2"},
    {&TYPE_INT4, "int4", "INT4", "integer", "int4", 4, &TYPE_INT4_ARRAY_, "_int4"},
    {&TYPE_INT8, "int", "INT8", "bigint", "int8", 8, &TYPE_INT8_ARRAY, "_int8"},
    {&TYPE_FLOAT4, "float4", "FLOAT4", "real", "float4", 4, &TYPE_FLOAT4_ARRAY_, "_float4"},
    {&TYPE_FLOAT8, "float", "FLOAT8", "double precision", "float8", 8, &TYPE_FLOAT8_ARRAY,
     "_float8"},
    {&TYPE_DECIMAL, "decimal", "DECIMAL", "numeric", "numeric", -1, &TYPE_DECIMAL_ARRAY,
     "_numeric"},
    {&TYPE_DATE, "date", "DATE", "date", "date", 4, &TYPE_DATE_ARRAY, "_date"},
    {&TYPE_TIMESTAMP, "timestamp", "TIMESTAMP", "timestamp without time zone", "timestamp", 8,
     &TYPE_TIMESTAMP_ARRAY, "_timestamp"},
    {&TYPE_TIMESTAMPTZ, "timestamptz", "TIMESTAMPTZ", "timestamp with time zone", "timestamptz", 8,
     &TYPE_TIMESTAMPTZ_ARRAY, "_timestamptz"},
    {&TYPE_INTERVAL, "interval", "INTERVAL", "interval", "interval", 24, &TYPE_INTERVAL_ARRAY,
     "_interval"},
    {&TYPE_STRING, "string", "STRING", "text", "text", -1, &TYPE_STRING_ARRAY, "_text"},
    {&TYPE_VARCHAR, "varchar", "VARCHAR", "character varying", "varchar", -1,
     &TYPE_VARCHAR_ARRAY_, "_varchar"},
    {&TYPE_BPCHAR1, "char", "CHAR", "character", "bpchar", -1, &TYPE_BPCHAR_ARRAY_, "_bpchar"},
    {&TYPE_QCHAR, "\"char\"", "\"char\"", "\"char\"", "char", -1, &TYPE_QCHAR_ARRAY_, "_char"},
    {&TYPE_NAME, "name", "NAME", "name", "name", -1, &TYPE_NAME_ARRAY, "_name"},
    {&TYPE_BYTES, "bytes", "BYTES", "bytea", "bytea", -1, &TYPE_BYTES_ARRAY, "_bytea"},
    {&TYPE_OID, "oid", "OID", "oid", "oid", 4, &TYPE_OID_ARRAY, "_oid"},
    {&TYPE_REGCLASS, "regclass", "REGCLASS", "regclass", "regclass", 4, &TYPE_REGCLASS_ARRAY_,
     "_regclass"},
    {&TYPE_REGPROC, "regproc", "REGPROC", "regproc", "regproc", 4, &TYPE_REGPROC_ARRAY_,
     "_regproc"},
    {&TYPE_REGPROCEDURE, "regprocedure", "REGPROCEDURE", "regprocedure", "regprocedure", 4,
     &TYPE_REGPROCEDURE_ARRAY_, "_regprocedure"},
    {&TYPE_REGOPERATOR, "regoperator", "REGOPERATOR", "regoperator", "regoperator", 4, NULL, NULL},
    {&TYPE_REGTYPE, "regtype", "REGTYPE", "regtype", "regtype", 4, &TYPE_REGTYPE_ARRAY_,
     "_regtype"},
    {&TYPE_REGNAMESPACE, "regnamespace", "REGNAMESPACE", "regnamespace", "regnamespace", 4,
     &TYPE_REGNAMESPACE_ARRAY_, "_regnamespace"},
    {&TYPE_UNKNOWN, "unknown", "UNKNOWN", "unknown", "unknown", 0, NULL, NULL},
    {&TYPE_UUID, "uuid", "UUID", "uuid", "uuid", 16, &TYPE_UUID_ARRAY, "_uuid"},
    {&TYPE_INET, "inet", "INET", "inet", "inet", 24, &TYPE_INET_ARRAY, "_inet"},
    {&TYPE_TIME, "time", "TIME", "time without time zone", "time", 8, &TYPE_TIME_ARRAY_, "_time"},
    {&TYPE_TIMETZ, "timetz", "TIMETZ", "time with time zone", "timetz", 12, &TYPE_TIMETZ_ARRAY_,
     "_timetz"},
    {&TYPE_JSONB, "jsonb", "JSONB", "jsonb", "jsonb", -1, &TYPE_JSONB_ARRAY_, "_jsonb"},
    {&TYPE_BIT1, "bit", "BIT", "bit", "bit", -1, &TYPE_BIT_ARRAY_, "_bit"},
    {&TYPE_VARBIT, "varbit", "VARBIT", "bit varying", "varbit", -1, &TYPE_VARBIT_ARRAY_,
     "_varbit"},
    {&TYPE_ANY, "anyelement", "ANYELEMENT", "anyelement", "anyelement", 4, &TYPE_ANY_ARRAY,
     "anyarray"},
    {&TYPE_ANY_TUPLE, "tuple", "RECORD", "record", "record", 0, &TYPE_TUPLE_ARRAY_, "_record"},
};

static const struct oid_row *
row_of(const struct type *t)
{
    uint32_t oid = t->oid;
    for (size_t i = 0; i < ARRAY_COUNT(oids); i++)
        if (oids[i].type->oid == oid)
            return &oids[i];
    for (size_t i = 0; i < ARRAY_COUNT(oids); i++)
        if (oids[i].type->family == t->family)
            return &oids[i];
    return &oids[0];
}

const struct type *
type_from_oid(uint32_t oid)
{
    if (oid == TYPE_INT2VECTOR.oid)
        return &TYPE_INT2VECTOR;
    if (oid == TYPE_OIDVECTOR.oid)
        return &TYPE_OIDVECTOR;
    for (size_t i = 0; i < ARRAY_COUNT(oids); i++) {
        if (oids[i].type->oid == oid)
            return oids[i].type;
        if (oids[i].array != NULL && oids[i].array->oid == oid)
            return oids[i].array;
    }
    return NULL;
}

uint32_t
type_array_oid(const struct type *t)
{
    if (t->family == FAMILY_ARRAY)
        return 0;
    const struct oid_row *r = row_of(t);
    return r->array != NULL ? r->array->oid : 0;
}

const struct type *
type_array_of(struct arena *a, const struct type *elem)
{
    const struct oid_row *r = row_of(elem);
    if (elem->family != FAMILY_ARRAY && r->array != NULL && type_equal(r->array->elem, elem))
        return r->array;
    struct type *t = ARENA_NEW(a, struct type);
    t->family = FAMILY_ARRAY;
    t->oid = type_array_oid(elem);
    t->elem = elem;
    return t;
}

const struct type *
type_tuple(struct arena *a, int n, const struct type *const *contents, const char *const *labels)
{
    struct type *t = ARENA_NEW(a, struct type);
    t->family = FAMILY_TUPLE;
    t->oid = TYPE_ANY_TUPLE.oid;
    t->n = n;
    t->contents = arena_memdup(a, contents, (size_t)n * sizeof(*contents));
    if (labels != NULL)
        t->labels = arena_memdup(a, labels, (size_t)n * sizeof(*labels));
    return t;
}

static struct type *
copy_of(struct arena *a, const struct type *t)
{
    return arena_memdup(a, t, sizeof(*t));
}

const struct type *
type_decimal(struct arena *a, int32_t precision, int32_t scale)
{
    if (precision == 0 && scale == 0)
        return &TYPE_DECIMAL;
    struct type *t = copy_of(a, &TYPE_DECIMAL);
    t->precision = precision;
    t->width = scale;
    return t;
}

const struct type *
type_string(struct arena *a, uint32_t oid, int32_t width)
{
    const struct type *base = type_from_oid(oid);
    if (base->width == width)
        return base;
    struct type *t = copy_of(a, base);
    t->width = width;
    return t;
}

const struct type *
type_collated(struct arena *a, const struct type *string, const char *locale)
{
    struct type *t = copy_of(a, string);
    t->family = FAMILY_COLLATED_STRING;
    t->locale = arena_strdup(a, locale);
    return t;
}

const struct type *
type_bit(struct arena *a, bool varying, int32_t width)
{
    const struct type *base = varying ? &TYPE_VARBIT : &TYPE_BIT1;
    if (base->width == width)
        return base;
    struct type *t = copy_of(a, base);
    t->width = width;
    return t;
}

const struct type *
type_with_precision(struct arena *a, const struct type *base, int32_t precision)
{
    struct type *t = copy_of(a, base);
    t->precision = precision;
    t->time_precision_is_set = true;
    return t;
}

const struct type *
type_without_modifiers(struct arena *a, const struct type *t)
{
    if (t->family == FAMILY_INT || t->family == FAMILY_FLOAT || t->family == FAMILY_TUPLE ||
        t->oid == TYPE_QCHAR.oid)
        return t;
    struct type *plain = copy_of(a, t);
    plain->width = 0;
    plain->precision = 0;
    plain->time_precision_is_set = false;
    plain->interval_unit = plain->interval_from = INTERVAL_UNSET;
    if (t->elem != NULL)
        plain->elem = type_without_modifiers(a, t->elem);
    return plain;
}

const struct type *
type_copy(struct arena *a, const struct type *t)
{
    struct type *c = copy_of(a, t);
    if (t->locale != NULL)
        c->locale = arena_strdup(a, t->locale);
    if (t->elem != NULL)
        c->elem = type_copy(a, t->elem);
    if (t->n > 0) {
        const struct type **v = ARENA_ARRAY(a, const struct type *, t->n);
        for (int i = 0; i < t->n; i++)
            v[i] = type_copy(a, t->contents[i]);
        c->contents = v;
        if (t->labels != NULL) {
            const char **l = ARENA_ARRAY(a, const char *, t->n);
            for (int i = 0; i < t->n; i++)
                l[i] = t->labels[i] != NULL ? arena_strdup(a, t->labels[i]) : NULL;
            c->labels = l;
        }
    }
    return c;
}

static bool
same_locale(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char x = *a == '-' ? '_' : *a, y = *b == '-' ? '_' : *b;
        if (x >= 'A' && x <= 'Z')
            x = (char)(x + 32);
        if (y >= 'A' && y <= 'Z')
            y = (char)(y + 32);
        if (x != y)
            return false;
    }
    return *a == *b;
}

/* SOURCE: CockroachDB v20.1 pkg/sql/lex/encode.go, EncodeLocaleName: bare, with _ for every - */
void
type_put_locale(struct str *s, const char *locale)
{
    for (; *locale != '\0'; locale++)
        str_append_char(s, *locale == '-' ? '_' : *locale);
}

bool
type_equal(const struct type *a, const struct type *b)
{
    if (a == b)
        return true;
    if (a->family != b->family || a->oid != b->oid || a->width != b->width ||
        a->precision != b->precision || a->n != b->n ||
        a->time_precision_is_set != b->time_precision_is_set ||
        a->interval_unit != b->interval_unit || !same_locale(a->locale, b->locale))
        return false;
    if (a->family == FAMILY_ARRAY)
        return type_equal(a->elem, b->elem);
    for (int i = 0; i < a->n; i++)
        if (!type_equal(a->contents[i], b->contents[i]))
            return false;
    return true;
}

bool
type_equivalent(const struct type *a, const struct type *b)
{
    if (a->family == FAMILY_ANY || b->family == FAMILY_ANY || a->family == FAMILY_UNKNOWN ||
        b->family == FAMILY_UNKNOWN)
        return true;
    if (a->family != b->family)
        return false;
    switch (a->family) {
    case FAMILY_COLLATED_STRING:
        return a->locale == NULL || b->locale == NULL || same_locale(a->locale, b->locale);
    case FAMILY_ARRAY:
        return type_equivalent(a->elem, b->elem);
    case FAMILY_TUPLE:
        if (a->n < 0 || b->n < 0)
            return true;
        if (a->n != b->n)
            return false;
        for (int i = 0; i < a->n; i++)
            if (!type_equivalent(a->contents[i], b->contents[i]))
                return false;
        return true;
    default: /* the family says it all */
        return true;
    }
}

/* ---- spellings ---------------------------------------------------------------------------- */

static bool
is_time_family(const struct type *t)
{
    return t->family == FAMILY_TIME || t->family == FAMILY_TIMETZ ||
           t->family == FAMILY_TIMESTAMP || t->family == FAMILY_TIMESTAMPTZ ||
           t->family == FAMILY_INTERVAL;
}

void
type_name(struct str *s, const struct type *t)
{
    if (t->family == FAMILY_ARRAY) {
        if (t->elem->family == FAMILY_ANY) {
            str_append_cstr(s, "anyelement[]");
            return;
        }
        type_name(s, t->elem);
        str_append_cstr(s, "[]");
    } else if (t->family == FAMILY_COLLATED_STRING) {
        str_printf(s, "collatedstring{%s}", t->locale != NULL ? t->locale : "*");
    } else if (t->family == FAMILY_TUPLE) {
        str_append_cstr(s, "tuple");
        if (t->n <= 0)
            return;
        str_append_char(s, '{');
        for (int i = 0; i < t->n; i++) {
            if (i > 0)
                str_append_cstr(s, ", ");
            type_name(s, t->contents[i]);
            if (t->labels != NULL && t->labels[i] != NULL)
                str_printf(s, " AS %s", t->labels[i]);
        }
        str_append_char(s, '}');
    } else {
        str_append_cstr(s, row_of(t)->name);
        if (is_time_family(t) && (t->precision > 0 || t->time_precision_is_set))
            str_printf(s, "(%d)", t->precision);
    }
}

static const char *const interval_units[] = {"",     "YEAR",   "MONTH",  "DAY",
                                             "HOUR", "MINUTE", "SECOND", "MILLISECOND"};

void
type_sql(struct str *s, const struct type *t)
{
    if (t->family == FAMILY_ARRAY) {
        if (t->elem->family == FAMILY_COLLATED_STRING) {
            struct type plain = *t->elem;
            plain.family = FAMILY_STRING;
            type_sql(s, &plain);
            str_append_cstr(s, "[] COLLATE ");
            type_put_locale(s, t->elem->locale);
            return;
        }
        type_sql(s, t->elem);
        str_append_cstr(s, "[]");
        return;
    }
    if (t->family == FAMILY_TUPLE) {
        str_append_char(s, '(');
        for (int i = 0; i < t->n; i++) {
            str_append_cstr(s, i > 0 ? ", " : "");
            type_sql(s, t->contents[i]);
        }
        str_append_char(s, ')');
        return;
    }
    str_append_cstr(s, row_of(t)->sql);
    if (t->family == FAMILY_STRING || t->family == FAMILY_COLLATED_STRING) {
        bool one = t->oid == TYPE_BPCHAR1.oid || t->oid == TYPE_QCHAR.oid;
        if (t->width > 0 && !(one && t->width == 1))
            str_printf(s, "(%d)", t->width);
        if (t->family == FAMILY_COLLATED_STRING) {
            str_append_cstr(s, " COLLATE ");
            type_put_locale(s, t->locale != NULL ? t->locale : "*");
        }
    } else if (t->family == FAMILY_DECIMAL && t->precision > 0) {
        str_printf(s, t->width > 0 ? "(%d,%d)" : "(%d)", t->precision, t->width);
    } else if (t->family == FAMILY_BIT) {
        bool varying = t->oid == TYPE_VARBIT.oid;
        if (varying ? t->width > 0 : t->width > 1)
            str_printf(s, "(%d)", t->width);
    } else if (is_time_family(t)) {
        if (t->family == FAMILY_INTERVAL && t->interval_unit != INTERVAL_UNSET) {
            if (t->interval_from != INTERVAL_UNSET && t->interval_from != t->interval_unit)
                str_printf(s, " %s TO", interval_units[t->interval_from]);
            str_printf(s, " %s", interval_units[t->interval_unit]);
        }
        if (t->precision > 0 || t->time_precision_is_set)
            str_printf(s, "(%d)", t->precision);
    }
}

void
type_pg_name(struct str *s, const struct type *t)
{
    if (t->family == FAMILY_ARRAY) {
        if (t->oid == TYPE_INT2VECTOR.oid || t->oid == TYPE_OIDVECTOR.oid) {
            str_append_cstr(s, type_typname(t));
            return;
        }
        type_pg_name(s, t->elem);
        str_append_cstr(s, "[]");
        return;
    }
    str_append_cstr(s, row_of(t)->pg);
}

static const char *
spelled(struct arena *a, void (*fn)(struct str *, const struct type *), const struct type *t)
{
    struct str s;
    str_init(&s, STR_MAX_DEFAULT);
    fn(&s, t);
    char *out = arena_strdup(a, str_cstr(&s));
    str_release(&s);
    return out;
}

const char *
type_name_str(struct arena *a, const struct type *t)
{
    return spelled(a, type_name, t);
}

const char *
type_sql_str(struct arena *a, const struct type *t)
{
    return spelled(a, type_sql, t);
}

const char *
type_pg_name_str(struct arena *a, const struct type *t)
{
    return spelled(a, type_pg_name, t);
}

const char *
type_typname(const struct type *t)
{
    if (t->oid == TYPE_INT2VECTOR.oid)
        return "int2vector";
    if (t->oid == TYPE_OIDVECTOR.oid)
        return "oidvector";
    if (t->family == FAMILY_ARRAY) {
        const char *name = row_of(t->elem)->array_typname;
        return name != NULL ? name : "_unknown";
    }
    return row_of(t)->typname;
}

const char *
type_result_name(const struct type *t)
{
    return type_typname(t);
}

int
type_wire_size(const struct type *t)
{
    if (t->family == FAMILY_ARRAY)
        return -1;
    return row_of(t)->wire_size;
}

bool
type_is_indexable(const struct type *t)
{
    return t->family != FAMILY_ARRAY && t->family != FAMILY_JSON && t->family != FAMILY_TUPLE &&
           t->family != FAMILY_ANY;
}

bool
type_is_composite_key(const struct type *t)
{
    return t->family == FAMILY_FLOAT || t->family == FAMILY_DECIMAL ||
           t->family == FAMILY_COLLATED_STRING;
}
