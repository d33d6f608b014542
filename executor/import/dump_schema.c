/* The definitions of a dump. pg_dump makes a table bare and adds keys, indexes, constraints and defaults when
 * its rows are in; here they become parts of CREATE TABLE, so that rows come into the whole table. */
#include "config.h"

#include "executor/import/dump.h"

#include <string.h>

#include "grammar/parse.h"
#include "grammar/print.h"

struct found_table {
    struct ast_create_table c;
    bool wanted;
};

struct finder {
    struct arena *a;
    const struct dump_opts *o;
    struct found_table **tables;
    size_t n_tables;
    const struct ast_stmt **sequences;
    size_t n_sequences;
    const struct ast_stmt **of_sequences; /* their owners, setval */
    size_t n_of_sequences;
    struct ast_stmt **later;   /* foreign keys, comments */
    size_t n_later;
};

/* ---- names ---- */

static struct error *
check_schema(const struct ast_object_name *n)
{
    if (n->count > 1 && !slice_eq(n->schema, SLICE_LIT("public")))
        return err_unimplemented(0, "non-public schemas unsupported: %.*s", (int)n->schema.len,
                                 (const char *)n->schema.ptr);
    return NULL;
}

/* As the current database's own. */
static struct ast_object_name
bare_name(const struct ast_object_name *n)
{
    struct ast_object_name out = *n;
    out.count = 1;
    out.catalog = out.schema = SLICE_NULL;
    return out;
}

static struct found_table *
find(const struct finder *f, struct slice name)
{
    for (size_t i = 0; i < f->n_tables; i++)
        if (slice_eq(f->tables[i]->c.name.object, name))
            return f->tables[i];
    return NULL;
}

static struct error *
need(const struct finder *f, const struct ast_object_name *n, struct found_table **out)
{
    ERR_TRY(check_schema(n));
    *out = find(f, n->object);
    return *out != NULL ? NULL
                        : err_new(ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist", (int)n->object.len,
                                  (const char *)n->object.ptr);
}

/* ---- statements ---- */

static struct error *
unsupported(const struct ast_stmt *s)
{
    struct slice t = s->source;
    return err_unimplemented(0, "unsupported statement: %.*s", t.len > 200 ? 200 : (int)t.len,
                             (const char *)t.ptr);
}

static void
add_def(struct finder *f, struct found_table *t, struct ast_table_def def)
{
    struct ast_table_defs *d = &t->c.defs;
    struct ast_table_def *v = ARENA_ARRAY(f->a, struct ast_table_def, (size_t)d->count + 1);
    for (int i = 0; i < d->count; i++)
        v[i] = d->items[i];
    v[d->count] = def;
    d->items = v;
    d->count = d->cap = d->count + 1;
}

static void
add_later(struct finder *f, struct ast_stmt *s)
{
    PB_GROW(f->a, f->later, f->n_later, s);
}

static struct error *
set_default(struct finder *f, struct found_table *t, const struct ast_alter_cmd *c)
{
    for (int i = 0; i < t->c.defs.count; i++) {
        struct ast_column_def *col = t->c.defs.items[i].column;
        if (t->c.defs.items[i].kind != AST_DEF_COLUMN || !slice_eq(col->name, c->name))
            continue;
        struct ast_col_qual *v = ARENA_ARRAY(f->a, struct ast_col_qual, (size_t)col->count + 1);
        int n = 0;
        for (int k = 0; k < col->count; k++)
            if (col->items[k].kind != AST_COL_DEFAULT)
                v[n++] = col->items[k];
        if (c->expr != NULL)
            v[n++] = (struct ast_col_qual){.kind = AST_COL_DEFAULT, .expr = c->expr};
        col->items = v;
        col->count = n;
        col->cap = n + 1;
        return NULL;
    }
    return err_new(ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", (int)c->name.len,
                   (const char *)c->name.ptr);
}

static struct error *
take_alter(struct finder *f, struct ast_stmt *s)
{
    struct found_table *t;
    const struct ast_alter_table *a = s->alter_table;
    ERR_TRY(need(f, &a->table, &t));
    for (int i = 0; i < a->count; i++) {
        struct ast_alter_cmd *c = &a->items[i];
        bool key = c->kind == AST_ALTER_ADD_CONSTRAINT && c->def->kind == AST_DEF_FOREIGN_KEY;
        if (key && (!t->wanted || f->o->skip_foreign_keys))
            continue;
        if (key) {
            struct ast_alter_table *one = ARENA_NEW(f->a, struct ast_alter_table);
            struct ast_stmt *st = ARENA_NEW(f->a, struct ast_stmt);
            ERR_TRY(check_schema(&c->def->fk->table));
            c->def->fk->table = bare_name(&c->def->fk->table);
            one->table = bare_name(&a->table);
            one->items = c;
            one->count = one->cap = 1;
            *st = *s;
            st->alter_table = one;
            add_later(f, st);
        } else if (c->kind == AST_ALTER_ADD_CONSTRAINT) {
            add_def(f, t, *c->def);
        } else if (c->kind == AST_ALTER_SET_DEFAULT) {
            ERR_TRY(set_default(f, t, c));
        } else if (c->kind == AST_ALTER_ADD_COLUMN) {
            add_def(f, t, (struct ast_table_def){.kind = AST_DEF_COLUMN, .column = c->column});
        } else if (c->kind != AST_ALTER_VALIDATE_CONSTRAINT) {
            return unsupported(s);
        }
    }
    return NULL;
}

static struct error *
take_index(struct finder *f, const struct ast_create_index *c)
{
    struct found_table *t;
    ERR_TRY(need(f, &c->table, &t));
    struct ast_index_def *def = ARENA_NEW(f->a, struct ast_index_def);
    *def = c->def;
    add_def(f, t, (struct ast_table_def){.kind = c->unique ? AST_DEF_UNIQUE : AST_DEF_INDEX, .index = def});
    return NULL;
}

static void
add_reference(struct finder *f, struct found_table *t, struct slice column, const struct ast_col_qual *q)
{
    struct ast_table_def *def = ARENA_NEW(f->a, struct ast_table_def);
    struct ast_alter_cmd *c = ARENA_NEW(f->a, struct ast_alter_cmd);
    struct ast_alter_table *one = ARENA_NEW(f->a, struct ast_alter_table);
    struct ast_stmt *st = ARENA_NEW(f->a, struct ast_stmt);
    struct ast_name *name = ARENA_NEW(f->a, struct ast_name);
    name->text = column;
    q->fk->columns = (struct ast_names){.items = name, .count = 1, .cap = 1};
    q->fk->table = bare_name(&q->fk->table);
    *def = (struct ast_table_def){.kind = AST_DEF_FOREIGN_KEY, .name = q->constraint_name, .fk = q->fk};
    *c = (struct ast_alter_cmd){.kind = AST_ALTER_ADD_CONSTRAINT, .def = def};
    *one = (struct ast_alter_table){.table = t->c.name, .items = c, .count = 1, .cap = 1};
    *st = (struct ast_stmt){.kind = AST_STMT_ALTER_TABLE, .alter_table = one};
    add_later(f, st);
}

/* A column's REFERENCES would need an order of tables; as ALTER TABLE they need none. */
static void
move_references(struct finder *f, struct found_table *t)
{
    for (int i = 0; i < t->c.defs.count; i++) {
        struct ast_table_def *d = &t->c.defs.items[i];
        int left = 0;
        for (int k = 0; d->kind == AST_DEF_COLUMN && k < d->column->count; k++) {
            const struct ast_col_qual *q = &d->column->items[k];
            if (q->kind != AST_COL_REFERENCES)
                d->column->items[left++] = *q;
            else if (t->wanted && !f->o->skip_foreign_keys)
                add_reference(f, t, d->column->name, q);
        }
        if (d->kind == AST_DEF_COLUMN)
            d->column->count = left;
    }
}

static struct error *
take_table(struct finder *f, const struct ast_stmt *s)
{
    const struct ast_create_table *c = s->create_table;
    struct found_table *t = ARENA_NEW(f->a, struct found_table);
    if (c->as_select != NULL || c->interleave != NULL || c->partition_by != NULL || c->temporary)
        return unsupported(s);
    ERR_TRY(check_schema(&c->name));
    t->c = *c;
    t->c.name = bare_name(&c->name);
    t->c.if_not_exists = false;
    t->wanted = f->o->table == NULL || slice_eq(t->c.name.object, slice_cstr(f->o->table));
    PB_GROW(f->a, f->tables, f->n_tables, t);
    move_references(f, t);
    return NULL;
}

/* A call of pg_catalog's setval sets a sequence; those of set_config are of no interest. */
static struct error *
take_select(struct finder *f, struct ast_stmt *s)
{
    if (dump_begins(s->source, "SELECT PG_CATALOG.SETVAL") || dump_begins(s->source, "SELECT SETVAL")) {
        PB_GROW(f->a, f->of_sequences, f->n_of_sequences, s);
        return NULL;
    }
    bool config = dump_begins(s->source, "SELECT PG_CATALOG.SET_CONFIG") ||
                  dump_begins(s->source, "SELECT SET_CONFIG");
    return config ? NULL : unsupported(s);
}

static struct error *
take_sequence(struct finder *f, struct ast_stmt *s)
{
    ERR_TRY(check_schema(&s->create_sequence->name));
    s->create_sequence->name = bare_name(&s->create_sequence->name);
    if (s->kind == AST_STMT_CREATE_SEQUENCE)
        PB_GROW(f->a, f->sequences, f->n_sequences, s);
    else
        PB_GROW(f->a, f->of_sequences, f->n_of_sequences, s);
    return NULL;
}

static struct error *
take(struct finder *f, struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_CREATE_TABLE:
        return take_table(f, s);
    case AST_STMT_ALTER_TABLE:
        return take_alter(f, s);
    case AST_STMT_CREATE_INDEX:
        return take_index(f, s->create_index);
    case AST_STMT_CREATE_SEQUENCE:
    case AST_STMT_ALTER_SEQUENCE:
        return take_sequence(f, s);
    case AST_STMT_COMMENT:
        if (f->o->table == NULL)
            add_later(f, s);
        return NULL;
    case AST_STMT_SELECT:
        return take_select(f, s);
    case AST_STMT_BEGIN:
    case AST_STMT_COMMIT:
        return NULL;
    default:
        return unsupported(s);
    }
}

/* What has no meaning here, or no syntax. */
static bool
is_passed_over(struct slice text)
{
    static const char *const words[] = {
        "SET", "ALTER DEFAULT PRIVILEGES", "CREATE EXTENSION", "COMMENT ON EXTENSION",
        "COMMENT ON SCHEMA", "COMMENT ON CONSTRAINT", "COMMENT ON FUNCTION", "CREATE SCHEMA PUBLIC",
        "ALTER SCHEMA", "CREATE FUNCTION", "ALTER FUNCTION", "CREATE TRIGGER", "GRANT", "REVOKE",
        "INSERT", "ANALYZE"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (dump_begins(text, words[i]))
            return true;
    bool alters = dump_begins(text, "ALTER TABLE") || dump_begins(text, "ALTER SEQUENCE");
    return alters && (memmem(text.ptr, text.len, " OWNER TO ", 10) != NULL ||
                      memmem(text.ptr, text.len, " REPLICA IDENTITY ", 18) != NULL);
}

/* ---- what comes of it ---- */

static struct error *
put(struct finder *f, struct dump_schema *out, const struct ast_stmt *s)
{
    struct str text;
    str_init_arena(&text, f->a, STR_MAX_DEFAULT);
    print_stmt(&text, s, NULL);
    ERR_TRY(str_error(&text));
    PB_GROW(f->a, out->statements, out->n_statements, arena_strdup(f->a, str_cstr(&text)));
    return NULL;
}

static struct error *
none_found(const struct finder *f)
{
    struct str names;
    if (f->o->table == NULL)
        return err_new(ERR_UNCATEGORIZED, "no table definitions found");
    str_init_arena(&names, f->a, STR_MAX_DEFAULT);
    for (size_t i = 0; i < f->n_tables; i++) {
        if (i > 0)
            str_append_cstr(&names, ", ");
        str_append_slice(&names, f->tables[i]->c.name.object);
    }
    return err_new(ERR_UNCATEGORIZED, "table \"%s\" not found in file (found tables: %s)", f->o->table,
                   str_cstr(&names));
}

/* The table that a foreign key refers to comes with the dump, too. */
static struct error *
check_reference(const struct finder *f, const struct ast_stmt *s)
{
    if (s->kind != AST_STMT_ALTER_TABLE)
        return NULL;
    struct slice to = s->alter_table->items[0].def->fk->table.object;
    const struct found_table *t = find(f, to);
    if (t != NULL && t->wanted)
        return NULL;
    return err_new(ERR_UNCATEGORIZED, "referenced table \"%.*s\" not found in tables being imported",
                   (int)to.len, (const char *)to.ptr);
}

/* Is the sequence named in any of the texts? One table alone brings those of its defaults. */
static bool
is_named(const char *name, char *const *texts, size_t n)
{
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found = found || strstr(texts[i], name) != NULL;
    return found;
}

static struct error *
give_tables(struct finder *f, struct dump_schema *out)
{
    for (size_t i = 0; i < f->n_tables; i++) {
        struct ast_stmt s = {.kind = AST_STMT_CREATE_TABLE, .create_table = &f->tables[i]->c};
        if (!f->tables[i]->wanted)
            continue;
        ERR_TRY(put(f, out, &s));
        PB_GROW(f->a, out->names, out->n_names, slice_to_cstr(f->a, f->tables[i]->c.name.object));
    }
    return out->n_names > 0 ? NULL : none_found(f);
}

static struct error *
give_sequences(struct finder *f, const struct dump_schema *tables, struct dump_schema *out)
{
    for (size_t i = 0; i < f->n_sequences; i++) {
        char *name = slice_to_cstr(f->a, f->sequences[i]->create_sequence->name.object);
        if (f->o->table != NULL && !is_named(name, tables->statements, tables->n_statements))
            continue;
        ERR_TRY(put(f, out, f->sequences[i]));
        PB_GROW(f->a, out->names, out->n_names, name);
    }
    return NULL;
}

/* setval and ALTER SEQUENCE of the sequences that come. */
static struct error *
give_of_sequences(struct finder *f, const struct dump_schema *sequences, struct dump_schema *out)
{
    for (size_t i = 0; i < f->n_of_sequences; i++) {
        char *text = slice_to_cstr(f->a, f->of_sequences[i]->source);
        bool wanted = false;
        for (size_t k = 0; k < sequences->n_names; k++)
            wanted = wanted || is_named(sequences->names[k], &text, 1);
        if (wanted)
            ERR_TRY(put(f, out, f->of_sequences[i]));
    }
    return NULL;
}

static struct error *
give(struct finder *f, struct dump_schema *out)
{
    struct dump_schema tables = {0}, sequences = {0}, rest = {0};
    const struct dump_schema *parts[] = {&sequences, &tables, &rest};
    ERR_TRY(give_tables(f, &tables));
    ERR_TRY(give_sequences(f, &tables, &sequences));
    ERR_TRY(give_of_sequences(f, &sequences, &rest));
    for (size_t i = 0; i < f->n_later; i++) {
        ERR_TRY(check_reference(f, f->later[i]));
        ERR_TRY(put(f, &rest, f->later[i]));
    }
    *out = (struct dump_schema){0};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        for (size_t k = 0; k < parts[i]->n_statements; k++)
            PB_GROW(f->a, out->statements, out->n_statements, parts[i]->statements[k]);
        for (size_t k = 0; k < parts[i]->n_names; k++)
            PB_GROW(f->a, out->names, out->n_names, parts[i]->names[k]);
    }
    return NULL;
}

static struct error *
take_text(struct finder *f, struct import_file *file, struct slice text)
{
    struct ast_stmt *s;
    if (dump_begins(text, "COPY"))
        return dump_skip_copy(file);
    if (text.len == 0 || is_passed_over(text))
        return NULL;
    ERR_TRY(parse_one(f->a, slice_dup(f->a, text), &s));
    return take(f, s);
}

struct error *
dump_schema(struct arena *a, struct import_file *file, const struct dump_opts *o, struct dump_schema *out)
{
    struct finder f = {.a = a, .o = o};
    struct str text;
    struct error *e = NULL;
    str_init(&text, STR_MAX_DEFAULT);
    for (bool more = true; more && e == NULL;) {
        e = dump_statement(file, &text, &more);
        if (e == NULL)
            e = take_text(&f, file, str_slice(&text));
    }
    str_release(&text);
    return e != NULL ? e : give(&f, out);
}
