/* executor/show/cat_oid.c - OIDs of what has no descriptor of its own. */
#include "config.h"

#include "executor/show/cat_int.h"

/* SOURCE: CockroachDB v20.1 pkg/sql/pg_catalog.go: FNV-1, integers big-endian, this order of tags. */
enum oid_tag {
    TAG_NAMESPACE = 1,
    TAG_INDEX,
    TAG_COLUMN,
    TAG_CHECK,
    TAG_FK,
    TAG_PRIMARY,
    TAG_UNIQUE,
    TAG_FUNCTION,
    TAG_USER,
    TAG_COLLATION,
    TAG_OPERATOR,
};

#define FNV_START 2166136261u

static uint32_t
put_byte(uint32_t h, uint8_t b)
{
    return h * 16777619u ^ b;
}

static uint32_t
put_u32(uint32_t h, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        h = put_byte(h, (uint8_t)(v >> shift));
    return h;
}

/* The OID of a type: eight bytes. */
static uint32_t
put_type(uint32_t h, const struct type *t)
{
    return put_u32(put_u32(h, 0), t != NULL ? t->oid : 0);
}

static uint32_t
put_text(uint32_t h, const char *s)
{
    for (; s != NULL && *s != '\0'; s++)
        h = put_byte(h, (uint8_t)*s);
    return h;
}

static uint32_t
start(enum oid_tag tag)
{
    return put_byte(FNV_START, (uint8_t)tag);
}

/* Constraints begin alike. */
static uint32_t
start_constraint(enum oid_tag tag, uint32_t db, const char *schema, uint32_t table)
{
    return put_u32(put_text(put_u32(start(tag), db), schema), table);
}

uint32_t
cat_oid_schema(uint32_t db, const char *schema)
{
    return put_text(put_u32(start(TAG_NAMESPACE), db), schema);
}

uint32_t
cat_oid_index(uint32_t table, uint32_t index)
{
    return put_u32(put_u32(start(TAG_INDEX), table), index);
}

uint32_t
cat_oid_column(uint32_t table, uint32_t column)
{
    return put_u32(put_u32(start(TAG_COLUMN), table), column);
}

uint32_t
cat_oid_check(uint32_t db, const char *schema, uint32_t table, const Amberdb__CheckConstraint *c)
{
    return put_text(put_text(start_constraint(TAG_CHECK, db, schema, table), c->name), c->expr);
}

uint32_t
cat_oid_fk(uint32_t db, const char *schema, uint32_t table,
           const Amberdb__ForeignKeyConstraint *fk)
{
    return put_text(put_u32(start_constraint(TAG_FK, db, schema, table), fk->referenced_table_id),
                    fk->name);
}

uint32_t
cat_oid_primary(uint32_t db, const char *schema, uint32_t table, uint32_t index)
{
    return put_u32(start_constraint(TAG_PRIMARY, db, schema, table), index);
}

uint32_t
cat_oid_unique(uint32_t db, const char *schema, uint32_t table, uint32_t index)
{
    return put_u32(start_constraint(TAG_UNIQUE, db, schema, table), index);
}

uint32_t
cat_oid_function(const char *name, const char *arguments)
{
    return put_text(put_text(start(TAG_FUNCTION), name), arguments);
}

uint32_t
cat_oid_user(const char *name)
{
    return put_text(start(TAG_USER), name);
}

uint32_t
cat_oid_collation(const char *name)
{
    return put_text(start(TAG_COLLATION), name);
}

uint32_t
cat_oid_operator(const char *name, const struct type *left, const struct type *right,
                 const struct type *result)
{
    uint32_t h = put_text(start(TAG_OPERATOR), name);
    return put_type(put_type(put_type(h, left), right), result);
}

uint32_t
cat_oid_text(const char *name)
{
    return put_text(FNV_START, name);
}

uint32_t
cat_oid_virtual(const char *schema, const char *name)
{
    const struct table *t = virtual_find(virtual_tables(), schema, name);
    return t != NULL ? t->id : 0;
}
