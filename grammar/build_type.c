/* grammar/build_type.c - type references: names, widths, precisions, and numbers in syntax. */
#include "config.h"

#include "grammar/gram_int.h"

#include <string.h>

bool
gram_int64(struct gram *g, struct slice digits, bool negative, int64_t *out)
{
    uint64_t v = 0, limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    bool hex = digits.len > 2 && digits.ptr[0] == '0' && (digits.ptr[1] | 0x20) == 'x';
    for (size_t i = hex ? 2 : 0; i < digits.len; i++) {
        uint8_t c = digits.ptr[i];
        unsigned d = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
        unsigned base = hex ? 16 : 10;
        if (v > (UINT64_MAX - d) / base || v * base + d > limit) {
            gram_syntax_error(g, "numeric constant out of int64 range");
            return false;
        }
        v = v * base + d;
    }
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool
gram_int32(struct gram *g, struct slice digits, int32_t *out)
{
    int64_t v;
    if (!gram_int64(g, digits, false, &v))
        return false;
    if (v > INT32_MAX) {
        gram_syntax_error(g, "numeric constant out of int32 range");
        return false;
    }
    *out = (int32_t)v;
    return true;
}

struct ast_type *
gram_type(struct gram *g, enum ast_type_kind kind, int pos)
{
    struct ast_type *t = ARENA_NEW(g->arena, struct ast_type);
    t->kind = kind;
    t->pos = pos;
    t->array_bound = -1;
    return t;
}

static const char *
kind_word(enum ast_type_kind kind)
{
    return kind == AST_TYPE_BIT || kind == AST_TYPE_VARBIT ? "bit"
           : kind == AST_TYPE_CHAR                         ? "CHAR"
           : kind == AST_TYPE_VARCHAR                      ? "VARCHAR"
                                                           : "STRING";
}

struct ast_type *
gram_type_width(struct gram *g, enum ast_type_kind kind, int pos, int64_t width)
{
    if (width < 1) {
        gram_syntax_error(
            g, arena_printf(g->arena, "length for type %s must be at least 1", kind_word(kind)));
        return NULL;
    }
    if (width > INT32_MAX) {
        gram_syntax_error(g, "numeric constant out of int32 range");
        return NULL;
    }
    struct ast_type *t = gram_type(g, kind, pos);
    t->width = (int32_t)width;
    return t;
}

struct ast_type *
gram_type_float(struct gram *g, int pos, int64_t precision)
{
    if (precision == 0) {
        gram_syntax_error(g, "precision for type float must be at least 1 bit");
        return NULL;
    }
    if (precision > 53) {
        gram_syntax_error(g, "precision for type float must be less than 54 bits");
        return NULL;
    }
    return gram_type(g, precision > 0 && precision <= 24 ? AST_TYPE_FLOAT4 : AST_TYPE_FLOAT8, pos);
}

struct ast_type *
gram_type_decimal(struct gram *g, int pos, int64_t precision, int64_t scale)
{
    if (precision > INT32_MAX) {
        gram_syntax_error(g, "numeric constant out of int32 range");
        return NULL;
    }
    if (scale > precision) {
        gram_syntax_error(g, arena_printf(g->arena, "scale (%lld) must be between 0 and precision (%lld)",
                                          (long long)scale, (long long)precision));
        return NULL;
    }
    struct ast_type *t = gram_type(g, AST_TYPE_DECIMAL, pos);
    t->precision = (int32_t)precision;
    t->scale = (int32_t)scale;
    t->precision_given = true;
    return t;
}

static bool
precision_fits(struct gram *g, int64_t precision)
{
    if (precision <= 6)
        return true;
    gram_syntax_error(g, arena_printf(g->arena, "precision %lld out of range", (long long)precision));
    return false;
}

struct ast_type *
gram_type_time(struct gram *g, enum ast_type_kind kind, int pos, int64_t precision)
{
    if (!precision_fits(g, precision))
        return NULL;
    struct ast_type *t = gram_type(g, kind, pos);
    t->precision = (int32_t)precision;
    t->precision_given = true;
    return t;
}

/* precision -1: none */
struct ast_type *
gram_type_interval(struct gram *g, int pos, int fields, int64_t precision)
{
    if (!precision_fits(g, precision))
        return NULL;
    struct ast_type *t = gram_type(g, AST_TYPE_INTERVAL, pos);
    t->interval_fields = (enum ast_interval_fields)fields;
    if (precision >= 0) {
        t->precision = (int32_t)precision;
        t->precision_given = true;
    }
    return t;
}

struct ast_type *
gram_type_array(struct gram *g, struct ast_type *elem, int64_t bound)
{
    struct ast_type *t = gram_type(g, AST_TYPE_ARRAY, elem->pos);
    t->elem = elem;
    t->array_bound = bound > INT32_MAX ? -1 : (int32_t)bound;
    return t;
}

/* Names that are no keywords of ours; SOURCE: CockroachDB v20.1 types.TypeForNonKeywordTypeName and
 * the list of PostgreSQL's types with their public issue numbers (-1: refused without one). */
static const struct {
    const char *name;
    enum ast_type_kind kind;
    int width;
    bool keyword; /* a keyword: only behind pg_catalog. */
} type_names[] = {
    {"bigserial", AST_TYPE_SERIAL8, 0, false},
    {"blob", AST_TYPE_BYTES, 0, false},
    {"bool", AST_TYPE_BOOL, 0, false},
    {"bytea", AST_TYPE_BYTES, 0, false},
    {"bytes", AST_TYPE_BYTES, 0, false},
    {"date", AST_TYPE_DATE, 0, false},
    {"float4", AST_TYPE_FLOAT4, 0, false},
    {"float8", AST_TYPE_FLOAT8, 0, false},
    {"inet", AST_TYPE_INET, 0, false},
    {"int2", AST_TYPE_INT2, 0, false},
    {"int4", AST_TYPE_INT4, 0, false},
    {"int8", AST_TYPE_INT8, 0, false},
    {"int64", AST_TYPE_INT8, 0, false},
    {"int2vector", AST_TYPE_INT2VECTOR, 0, false},
    {"jsonb", AST_TYPE_JSONB, 0, false},
    {"name", AST_TYPE_NAME, 0, false},
    {"oid", AST_TYPE_OID, 0, false},
    {"oidvector", AST_TYPE_OIDVECTOR, 0, false},
    {"regclass", AST_TYPE_REGCLASS, 0, false},
    {"regproc", AST_TYPE_REGPROC, 0, false},
    {"regprocedure", AST_TYPE_REGPROCEDURE, 0, false},
    {"regoperator", AST_TYPE_REGOPERATOR, 0, false},
    {"regnamespace", AST_TYPE_REGNAMESPACE, 0, false},
    {"regtype", AST_TYPE_REGTYPE, 0, false},
    {"serial", AST_TYPE_SERIAL, 0, false},
    {"serial2", AST_TYPE_SERIAL2, 0, false},
    {"serial4", AST_TYPE_SERIAL4, 0, false},
    {"serial8", AST_TYPE_SERIAL8, 0, false},
    {"smallserial", AST_TYPE_SERIAL2, 0, false},
    {"text", AST_TYPE_STRING, 0, false},
    {"uuid", AST_TYPE_UUID, 0, false},
    {"bit", AST_TYPE_BIT, 1, true},
    {"boolean", AST_TYPE_BOOL, 0, true},
    {"bpchar", AST_TYPE_CHAR, 0, true},
    {"char", AST_TYPE_QCHAR, 0, true},
    {"decimal", AST_TYPE_DECIMAL, 0, true},
    {"int", AST_TYPE_INT, 0, true},
    {"integer", AST_TYPE_INT, 0, true},
    {"bigint", AST_TYPE_INT8, 0, true},
    {"smallint", AST_TYPE_INT2, 0, true},
    {"interval", AST_TYPE_INTERVAL, 0, true},
    {"json", AST_TYPE_JSONB, 0, true},
    {"numeric", AST_TYPE_DECIMAL, 0, true},
    {"real", AST_TYPE_FLOAT4, 0, true},
    {"string", AST_TYPE_STRING, 0, true},
    {"time", AST_TYPE_TIME, 0, true},
    {"timetz", AST_TYPE_TIMETZ, 0, true},
    {"timestamp", AST_TYPE_TIMESTAMP, 0, true},
    {"timestamptz", AST_TYPE_TIMESTAMPTZ, 0, true},
    {"varbit", AST_TYPE_VARBIT, 0, true},
    {"varchar", AST_TYPE_VARCHAR, 0, true},
};

static const struct {
    const char *name;
    int issue;
} missing_types[] = {
    {"box", 21286},     {"cidr", 18846},   {"circle", 21286},   {"line", 21286},
    {"lseg", 21286},    {"macaddr", 0},    {"macaddr8", 0},     {"money", 0},
    {"path", 21286},    {"pg_lsn", 0},     {"point", 21286},    {"polygon", 21286},
    {"tsquery", 7821},  {"tsvector", 7821}, {"txid_snapshot", 0}, {"xml", 0},
};

struct ast_type *
gram_type_by_name(struct gram *g, struct ast_name name, const struct gram_loc *loc, bool qualified)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
        if ((!type_names[i].keyword || qualified) && slice_eq(name.text, slice_cstr(type_names[i].name))) {
            struct ast_type *t = gram_type(g, type_names[i].kind, name.pos);
            t->width = type_names[i].width;
            return t;
        }
    }
    /* the keyword char never comes here: this one was written "char" */
    if (slice_eq(name.text, SLICE_LIT("char")))
        return gram_type(g, AST_TYPE_QCHAR, name.pos);
    if (slice_eq(name.text, SLICE_LIT("bpchar")))
        return gram_type(g, AST_TYPE_CHAR, name.pos);
    for (size_t i = 0; i < sizeof(missing_types) / sizeof(missing_types[0]); i++) {
        if (slice_eq(name.text, slice_cstr(missing_types[i].name))) {
            gram_name_error(g, name, loc, err_unimplemented(missing_types[i].issue, "this syntax"));
            return NULL;
        }
    }
    gram_name_error(g, name, loc, err_new(ERR_SYNTAX, "type does not exist"));
    return NULL;
}
