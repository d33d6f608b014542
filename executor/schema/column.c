/* Column definitions: types, SERIAL, defaults, computed expressions, sequences in use. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/build.h"
#include "grammar/parse.h"
#include "grammar/print.h"
#include "types/collation.h"
#include "types/session_hooks.h"

static bool
is_serial(enum ast_type_kind k)
{
    return k == AST_TYPE_SERIAL || k == AST_TYPE_SERIAL2 || k == AST_TYPE_SERIAL4 ||
           k == AST_TYPE_SERIAL8;
}

struct error *
ddl_column_type(struct exec_ctx *x, const struct ast_type *n, const struct type **out)
{
    struct type_ctx c;
    type_ctx_init(&c, exec_planner(x), NULL, "column type", 0);
    ERR_TRY(resolve_ast_type(&c, n, out));
    if ((*out)->family == FAMILY_ARRAY && (*out)->elem->family == FAMILY_ARRAY)
        return err_unimplemented(32552, "arrays cannot have arrays as element type");
    if ((*out)->family == FAMILY_ARRAY && (*out)->elem->family == FAMILY_JSON)
        return err_unimplemented(23468, "arrays of jsonb not allowed");
    if ((*out)->oid == TYPE_INT2VECTOR.oid || (*out)->oid == TYPE_OIDVECTOR.oid)
        return err_new(ERR_FEATURE_NOT_SUPPORTED, "VECTOR column types are unsupported");
    const struct type *t = (*out)->family == FAMILY_ARRAY ? (*out)->elem : *out;
    ERR_TRY(ddl_check_value_type(x, t));
    if (t->family == FAMILY_COLLATED_STRING) {
        struct error *err = collation_check(t->locale);
        if (err != NULL) {
            err_free(err);
            return err_new(ERR_SYNTAX, "invalid locale %s", t->locale);
        }
    }
    return NULL;
}

struct error *
ddl_check_value_type(struct exec_ctx *x, const struct type *t)
{
    const struct type *e = t->family == FAMILY_ARRAY ? t->elem : t;
    if (e->family != FAMILY_UNKNOWN && e->family != FAMILY_TUPLE && e->oid != TYPE_REGOPERATOR.oid)
        return NULL;
    return err_new(ERR_INVALID_TABLE_DEFINITION, "value type %s cannot be used for table columns",
                   type_name_str(x->arena, e));
}

/* ---- sequences in expressions ---------------------------------------------------------------- */

struct sequence_finder {
    struct exec_ctx *x;
    pb_column *c;
    struct error *err;
};

static struct error *
check_is_sequence(struct exec_ctx *x, uint32_t id)
{
    const struct table *t;
    ERR_TRY(catalog_table_by_id(x->catalog, id, &t));
    if (t == NULL || t->is_sequence)
        return NULL;
    return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", t->name);
}

static void
note_sequence(void *arg, const struct expr *e)
{
    struct sequence_finder *f = arg;
    static const char *const fns[] = {"nextval", "currval", "setval"};
    bool is_sequence_fn = false;
    if (f->err != NULL || e->kind != EXPR_CALL || e->n_args == 0)
        return;
    for (size_t i = 0; i < 3; i++)
        is_sequence_fn = is_sequence_fn || strcmp(e->overload->name, fns[i]) == 0;
    const struct expr *name = e->args[0];
    if (!is_sequence_fn || name->kind != EXPR_CONST || name->value.null)
        return;
    uint32_t id = 0;
    if (name->type->family == FAMILY_STRING) {
        const struct eval_env *env = &f->x->env;
        f->err = env->hooks->name_to_oid(env, TYPE_REGCLASS.oid, datum_slice(&name->value), &id);
    } else {
        id = (uint32_t)name->value.i;
    }
    if (f->err == NULL)
        f->err = check_is_sequence(f->x, id);
    if (f->err == NULL &&
        !pb_u32_contains(f->c->uses_sequence_ids, f->c->n_uses_sequence_ids, id))
        PB_PUSH(f->x->arena, f->c->uses_sequence_ids, f->c->n_uses_sequence_ids, id);
}

struct error *
ddl_link_sequences(struct exec_ctx *x, const pb_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const pb_column *c = t->columns[i];
        for (size_t k = 0; k < c->n_uses_sequence_ids; k++) {
            pb_table *sequence;
            ERR_TRY(ddl_mutable(x, c->uses_sequence_ids[k], &sequence));
            Amberdb__Reference *ref = NULL;
            for (size_t r = 0; r < sequence->n_depended_on_by; r++)
                if (sequence->depended_on_by[r]->id == t->id)
                    ref = sequence->depended_on_by[r];
            if (ref == NULL) {
                ref = PB_NEW(x->arena, Reference, reference);
                PB_SET(ref, id, t->id);
                PB_PUSH(x->arena, sequence->depended_on_by, sequence->n_depended_on_by, ref);
            }
            if (pb_u32_contains(ref->column_ids, ref->n_column_ids, c->id))
                continue;
            PB_PUSH(x->arena, ref->column_ids, ref->n_column_ids, c->id);
            ERR_TRY(catalog_write_table(x->catalog, sequence));
        }
    }
    return NULL;
}

/* ---- expressions ----------------------------------------------------------------------------- */

struct error *
ddl_scope(struct exec_ctx *x, const struct table *t, struct scope **out)
{
    const struct database *db;
    ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
    *out = scope_of_table(x->arena, t, t->name);
    for (int i = 0; i < (*out)->n && db != NULL; i++) {
        (*out)->columns[i].schema = t->is_temporary ? "pg_temp" : "public";
        (*out)->columns[i].database = db->name;
    }
    return NULL;
}

struct error *
ddl_wrong_type(struct exec_ctx *x, const char *what, const struct ast_expr *ast,
               const struct type *has, const struct type *wanted)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    print_expr(&s, ast, NULL);
    return err_new(ERR_UNCATEGORIZED, "expected %s expression to have type %s, but '%s' has type %s",
                   what, type_name_str(x->arena, wanted), str_cstr(&s),
                   type_name_str(x->arena, has));
}

struct error *
ddl_set_default(struct exec_ctx *x, const struct ast_expr *ast, const struct type *type,
                pb_column *c)
{
    struct type_ctx tc;
    struct expr *e;
    type_ctx_init(&tc, exec_planner(x), NULL, "DEFAULT",
                  REJECT_COLUMNS | REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS |
                      REJECT_VARIABLES);
    c->default_expr = NULL;
    c->n_uses_sequence_ids = 0;
    ERR_TRY(type_expr(&tc, ast, type, &e));
    if (!type_equivalent(e->type, type))
        return ddl_wrong_type(x, "DEFAULT", ast, e->type, type);
    if (e->type->family == FAMILY_UNKNOWN)
        return NULL; /* DEFAULT NULL is no default */
    struct sequence_finder f = {.x = x, .c = c};
    expr_walk(e, note_sequence, &f);
    ERR_TRY(f.err);
    return expr_to_stored_sql(&tc, ast, e, true, &c->default_expr);
}

struct computed_check {
    const struct table *t;
    const struct column *bad;
};

static void
note_computed(void *arg, const struct expr *e)
{
    struct computed_check *c = arg;
    if (e->kind == EXPR_COLUMN && c->t->columns[e->index].compute_expr != NULL)
        c->bad = &c->t->columns[e->index];
}

struct error *
ddl_set_computed(struct exec_ctx *x, const struct table *t, const struct ast_expr *ast,
                 pb_column *c)
{
    struct type_ctx tc;
    struct expr *e;
    struct scope *scope;
    const struct type *type = type_from_pb(x->arena, c->type);
    ERR_TRY(ddl_scope(x, t, &scope));
    type_ctx_init(&tc, exec_planner(x), scope, "computed column",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_VARIABLES |
                      REJECT_VOLATILE);
    ERR_TRY(ddl_unknown_column(x, type_expr(&tc, ast, type, &e), ast));
    if (!type_equivalent(e->type, type))
        return ddl_wrong_type(x, "computed column", ast, e->type, type);
    struct computed_check check = {.t = t};
    expr_walk(e, note_computed, &check);
    if (check.bad != NULL)
        return err_new(ERR_INVALID_TABLE_DEFINITION,
                       "computed columns cannot reference other computed columns");
    return expr_to_stored_sql(&tc, ast, e, false, &c->compute_expr);
}

/* ---- the definition -------------------------------------------------------------------------- */

/* SOURCE: CockroachDB v20.1 pkg/sql/serial.go. *type is widened but for real sequences. */
static struct error *
serial_default(struct exec_ctx *x, const pb_table *t, enum ast_type_kind kind, pb_column *c)
{
    const char *mode = x->session != NULL
                           ? session_setting(x->session, "experimental_serial_normalization")
                           : NULL;
    const char *sequence;
    struct ast_expr *call;
    const struct database *db;
    if (mode == NULL || strcmp(mode, "rowid") == 0) {
        c->default_expr = arena_strdup(x->arena, "unique_rowid()");
        return NULL;
    }
    bool virtual_ = strcmp(mode, "virtual_sequence") == 0;
    ERR_TRY(ddl_serial_sequence(x, t, c->name, virtual_, &sequence));
    if (!virtual_ && (kind == AST_TYPE_SERIAL2 || kind == AST_TYPE_SERIAL4))
        c->type = type_to_pb(x->arena, kind == AST_TYPE_SERIAL2 ? &TYPE_INT2 : &TYPE_INT4);
    ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
    struct str name, sql;
    str_init_arena(&name, x->arena, STR_MAX_DEFAULT);
    str_init_arena(&sql, x->arena, STR_MAX_DEFAULT);
    if (strcmp(db->name, x->database) != 0) {
        print_name(&name, slice_cstr(db->name));
        str_append_cstr(&name, ".public.");
    }
    print_name(&name, slice_cstr(sequence));
    str_append_cstr(&sql, "nextval(");
    print_string_literal(&sql, slice_cstr(str_cstr(&name)));
    str_append_char(&sql, ')');
    ERR_TRY(parse_expr(x->arena, slice_cstr(str_cstr(&sql)), &call));
    return ddl_set_default(x, call, type_from_pb(x->arena, c->type), c);
}

static struct error *
conflicting(struct exec_ctx *x, const char *column, const char *table)
{
    (void)x;
    return err_new(ERR_SYNTAX, "conflicting NULL/NOT NULL declarations for column \"%s\" of table "
                               "\"%s\"", column, table);
}

struct quals {
    bool null_given, not_null;
    const struct ast_col_qual *deflt;
};

static struct error *
one_qual(struct exec_ctx *x, const struct ast_col_qual *q, const char *name, const char *table,
         struct quals *out, struct ddl_column_extra *extra)
{
    switch (q->kind) {
    case AST_COL_NOT_NULL:
        if (out->null_given)
            return conflicting(x, name, table);
        out->not_null = true;
        break;
    case AST_COL_NULL:
        if (out->not_null)
            return conflicting(x, name, table);
        out->null_given = true;
        break;
    case AST_COL_DEFAULT:
        if (out->deflt != NULL)
            return err_new(ERR_SYNTAX, "multiple default values specified for column \"%s\" of "
                                       "table \"%s\"", name, table);
        out->deflt = q;
        break;
    case AST_COL_PRIMARY_KEY:
        extra->primary_key = q;
        extra->key_name = q->constraint_name.len > 0 ? q->constraint_name : extra->key_name;
        break;
    case AST_COL_UNIQUE:
        extra->unique = q;
        extra->key_name = q->constraint_name.len > 0 ? q->constraint_name : extra->key_name;
        break;
    case AST_COL_CHECK:
        extra->checks[extra->n_checks++] = q;
        break;
    case AST_COL_REFERENCES:
        extra->references[extra->n_references++] = q;
        break;
    case AST_COL_COMPUTED:
        extra->computed = q;
        break;
    case AST_COL_FAMILY:
        if (extra->family != NULL)
            return err_new(ERR_INVALID_TABLE_DEFINITION,
                           "multiple column families specified for column \"%s\"", name);
        extra->family = q;
        break;
    case AST_COL_COLLATE:
        break;
    }
    return NULL;
}

struct error *
ddl_column(struct exec_ctx *x, const struct ast_column_def *def, const pb_table *t, pb_column **out,
           struct ddl_column_extra *extra)
{
    const char *name = ddl_text(x, def->name), *table = t->name;
    const struct type *type;
    struct quals quals = {0};
    if (name[0] == '\0')
        return err_new(ERR_SYNTAX, "empty column name");
    *extra = (struct ddl_column_extra){0};
    extra->checks = ARENA_ARRAY(x->arena, const struct ast_col_qual *, (size_t)def->count + 1);
    extra->references = ARENA_ARRAY(x->arena, const struct ast_col_qual *, (size_t)def->count + 1);
    for (int i = 0; i < def->count; i++)
        ERR_TRY(one_qual(x, &def->items[i], name, table, &quals, extra));
    bool serial = is_serial(def->type->kind);
    if (serial) {
        type = &TYPE_INT8;
        if (quals.null_given)
            return conflicting(x, name, table);
        if (quals.deflt != NULL)
            return err_new(ERR_SYNTAX, "multiple default values specified for column \"%s\" of "
                                       "table \"%s\"", name, table);
        if (extra->computed != NULL)
            return err_new(ERR_SYNTAX, "SERIAL column \"%s\" of table \"%s\" cannot be computed",
                           name, table);
    } else {
        ERR_TRY(ddl_column_type(x, def->type, &type));
    }
    if (extra->computed != NULL && quals.deflt != NULL)
        return err_new(ERR_INVALID_TABLE_DEFINITION,
                       "computed columns cannot have default values");
    bool nullable = !quals.not_null && !serial && extra->primary_key == NULL;
    pb_column *c = build_column(x->arena, name, type, nullable);
    if (serial)
        ERR_TRY(serial_default(x, t, def->type->kind, c));
    if (quals.deflt != NULL)
        ERR_TRY(ddl_set_default(x, quals.deflt->expr, type, c));
    *out = c;
    return NULL;
}
