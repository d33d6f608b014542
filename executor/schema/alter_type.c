/* ALTER COLUMN TYPE: changes that leave the stored values as they are.
 * SOURCE: CockroachDB v20.1 pkg/sql/schemachange/alter_column_type.go: ClassifyConversion. */
#include "config.h"

#include "executor/schema/schema_int.h"

#define UTF8_MAX 4 /* bytes of a character */

/* TRIVIAL: every stored value is one of the new type. VALIDATE: each would have to be looked at.
 * GENERAL: each would have to be written again. */
enum conversion { TRIVIAL, VALIDATE, GENERAL, IMPOSSIBLE };

static enum conversion
by_width(int from, int to)
{
    if (from == to)
        return TRIVIAL;
    if (from == 0)
        return VALIDATE;
    return to == 0 || to > from ? TRIVIAL : VALIDATE;
}

static int
time_digits(const struct type *t)
{
    return t->time_precision_is_set || t->precision > 0 ? t->precision : 6;
}

static enum conversion
by_time(const struct type *from, const struct type *to)
{
    return time_digits(to) >= time_digits(from) ? TRIVIAL : GENERAL;
}

static enum conversion
text_to_bytes(const struct type *from, const struct type *to)
{
    if (to->width == 0)
        return TRIVIAL;
    return from->width != 0 && to->width >= from->width * UTF8_MAX ? TRIVIAL : VALIDATE;
}

/* Those that a rule of their own decides; IMPOSSIBLE: no rule. */
static enum conversion
by_rule(const struct type *from, const struct type *to)
{
    switch (from->family) {
    case FAMILY_BYTES:
        if (to->family == FAMILY_BYTES)
            return by_width(from->width, to->width);
        return to->family == FAMILY_STRING || to->family == FAMILY_UUID ? VALIDATE : IMPOSSIBLE;
    case FAMILY_DECIMAL:
        if (to->family != FAMILY_DECIMAL)
            return IMPOSSIBLE;
        return by_width(from->precision, to->precision) == TRIVIAL &&
                       by_width(from->width, to->width) == TRIVIAL
                   ? TRIVIAL
                   : VALIDATE;
    case FAMILY_FLOAT:
        return to->family == FAMILY_FLOAT ? TRIVIAL : IMPOSSIBLE;
    case FAMILY_INT:
    case FAMILY_BIT:
        return to->family == from->family ? by_width(from->width, to->width) : IMPOSSIBLE;
    case FAMILY_STRING:
        if (to->family == FAMILY_BYTES)
            return text_to_bytes(from, to);
        return to->family == FAMILY_STRING ? by_width(from->width, to->width) : IMPOSSIBLE;
    case FAMILY_TIMESTAMP:
    case FAMILY_TIMESTAMPTZ:
        return to->family == FAMILY_TIMESTAMP || to->family == FAMILY_TIMESTAMPTZ
                   ? by_time(from, to)
                   : IMPOSSIBLE;
    case FAMILY_TIME:
    case FAMILY_TIMETZ:
        return to->family == from->family ? by_time(from, to) : IMPOSSIBLE;
    default:
        return IMPOSSIBLE;
    }
}

static enum conversion
classify(const struct type *from, const struct type *to)
{
    enum conversion c = by_rule(from, to);
    if (c != IMPOSSIBLE)
        return c;
    return cast_exists(from, to) ? GENERAL : IMPOSSIBLE;
}

static struct error *
wanted_type(struct exec_ctx *x, const struct ast_alter_cmd *cmd, const struct type **to)
{
    struct ast_type ast = *cmd->type;
    if (cmd->collation.len > 0) {
        ERR_TRY(ddl_column_type(x, &ast, to));
        if ((*to)->family != FAMILY_STRING)
            return err_new(ERR_SYNTAX, "COLLATE can only be used with string types");
        ast.collation = cmd->collation;
    }
    return ddl_column_type(x, &ast, to);
}

struct error *
alter_type(struct alter *a, pb_table *t, pb_column *c, const struct ast_alter_cmd *cmd)
{
    struct exec_ctx *x = a->x;
    const struct type *from = type_from_pb(x->arena, c->type), *to;
    ERR_TRY(wanted_type(x, cmd, &to));
    ERR_TRY(ddl_views_gone(x, a->id, PB_GET(c, id), 0, false, "alter type of", "column", c->name));
    if (cmd->using_expr != NULL)
        return err_unimplemented(9851, "ALTER COLUMN TYPE USING is not supported");
    if (type_equal(from, to))
        return NULL;
    switch (classify(from, to)) {
    case TRIVIAL:
        break;
    case VALIDATE:
        return err_unimplemented(9851, "type conversion not yet implemented");
    case GENERAL:
        return err_unimplemented(9851, "type conversion from %s to %s requires overwriting existing "
                                       "values which is not yet implemented",
                                 type_sql_str(x->arena, from), type_sql_str(x->arena, to));
    case IMPOSSIBLE:
        return err_new(ERR_CANNOT_COERCE, "cannot convert %s to %s", type_sql_str(x->arena, from),
                       type_sql_str(x->arena, to));
    }
    c->type = type_to_pb(x->arena, to);
    return catalog_write_table(x->catalog, t);
}
