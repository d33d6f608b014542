/* grammar/print_ddl.c - schema statements back to text.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/sem/tree: create.go, alter_table.go, drop.go, rename.go, zone.go:
 * column constraints print in a fixed order, whatever order they were written in. */
#include "config.h"

#include "grammar/print_int.h"

void
pr_drop_behavior(struct printer *p, enum ast_drop_behavior b)
{
    if (b == AST_DROP_CASCADE)
        P(" CASCADE");
    else if (b == AST_DROP_RESTRICT)
        P(" RESTRICT");
}

static void
pr_constraint_name(struct printer *p, struct slice name)
{
    if (name.len == 0)
        return;
    P("CONSTRAINT ");
    PN(name);
    P(" ");
}

static void
pr_sharded(struct printer *p, const struct ast_sharded *s)
{
    if (s == NULL)
        return;
    P(" USING HASH WITH BUCKET_COUNT = ");
    pr_expr(p, s->buckets);
}

static void
pr_fk_target(struct printer *p, const struct ast_foreign_key *fk)
{
    static const char *const actions[] = {
        [AST_FK_NO_ACTION] = "NO ACTION",     [AST_FK_RESTRICT] = "RESTRICT",
        [AST_FK_SET_NULL] = "SET NULL",       [AST_FK_SET_DEFAULT] = "SET DEFAULT",
        [AST_FK_CASCADE] = "CASCADE",
    };
    P("REFERENCES ");
    pr_object_name(p, &fk->table);
    if (fk->ref_columns.count > 0) {
        P(" (");
        pr_names(p, &fk->ref_columns);
        P(")");
    }
    if (fk->match == AST_MATCH_FULL)
        P(" MATCH FULL");
    if (fk->on_delete != AST_FK_NO_ACTION)
        str_printf(p->out, " ON DELETE %s", actions[fk->on_delete]);
    if (fk->on_update != AST_FK_NO_ACTION)
        str_printf(p->out, " ON UPDATE %s", actions[fk->on_update]);
}

static void
pr_col_qual(struct printer *p, const struct ast_col_qual *q)
{
    P(" ");
    pr_constraint_name(p, q->constraint_name);
    switch (q->kind) {
    case AST_COL_NOT_NULL: P("NOT NULL"); break;
    case AST_COL_NULL: P("NULL"); break;
    case AST_COL_DEFAULT:
        P("DEFAULT ");
        pr_expr(p, q->expr);
        break;
    case AST_COL_PRIMARY_KEY:
        P("PRIMARY KEY");
        pr_sharded(p, q->sharded);
        break;
    case AST_COL_UNIQUE: P("UNIQUE"); break;
    case AST_COL_CHECK:
        P("CHECK (");
        pr_expr(p, q->expr);
        P(")");
        break;
    case AST_COL_REFERENCES: pr_fk_target(p, q->fk); break;
    case AST_COL_COMPUTED:
        P("AS (");
        pr_expr(p, q->expr);
        P(") STORED");
        break;
    case AST_COL_FAMILY:
        if (q->family_create)
            P("CREATE ");
        if (q->family_if_not_exists)
            P("IF NOT EXISTS ");
        P("FAMILY");
        if (q->family.len > 0) {
            P(" ");
            PN(q->family);
        }
        break;
    case AST_COL_COLLATE: break; /* in the type */
    }
}

static void
pr_column_def(struct printer *p, const struct ast_column_def *c)
{
    static const enum ast_col_qual_kind order[] = {
        AST_COL_NULL,    AST_COL_NOT_NULL, AST_COL_PRIMARY_KEY, AST_COL_UNIQUE, AST_COL_DEFAULT,
        AST_COL_CHECK,   AST_COL_REFERENCES, AST_COL_COMPUTED,  AST_COL_FAMILY,
    };
    PN(c->name);
    if (c->type != NULL) {
        P(" ");
        print_type(p->out, c->type);
    }
    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
        for (int i = 0; i < c->count; i++) {
            if (c->items[i].kind == order[k])
                pr_col_qual(p, &c->items[i]);
        }
    }
}

static void
pr_index_elems(struct printer *p, const struct ast_index_elems *l)
{
    P("(");
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        PN(l->items[i].column);
        if (l->items[i].direction == AST_DIR_ASC)
            P(" ASC");
        else if (l->items[i].direction == AST_DIR_DESC)
            P(" DESC");
    }
    P(")");
}

static void
pr_interleave(struct printer *p, const struct ast_interleave *i)
{
    if (i == NULL)
        return;
    P(" INTERLEAVE IN PARENT ");
    pr_object_name(p, &i->parent);
    P(" (");
    pr_names(p, &i->columns);
    P(")");
    pr_drop_behavior(p, i->behavior);
}

static void
pr_partition_by(struct printer *p, const struct ast_partition_by *b)
{
    if (b == NULL)
        return;
    if (b->kind == AST_PARTITION_NOTHING) {
        P(" PARTITION BY NOTHING");
        return;
    }
    str_append_cstr(p->out, b->kind == AST_PARTITION_LIST ? " PARTITION BY LIST (" : " PARTITION BY RANGE (");
    pr_names(p, &b->columns);
    P(") (");
    for (int i = 0; i < b->count; i++) {
        const struct ast_partition *part = &b->items[i];
        if (i > 0)
            P(", ");
        P("PARTITION ");
        PN(part->name);
        if (b->kind == AST_PARTITION_LIST) {
            P(" VALUES IN (");
            pr_exprs(p, &part->values);
        } else {
            P(" VALUES FROM (");
            pr_exprs(p, &part->from);
            P(") TO (");
            pr_exprs(p, &part->to);
        }
        P(")");
        pr_partition_by(p, part->sub);
    }
    P(")");
}

/* After the name: columns and what follows them. */
static void
pr_index_tail(struct printer *p, const struct ast_index_def *d)
{
    pr_index_elems(p, &d->columns);
    pr_sharded(p, d->sharded);
    if (d->storing.count > 0) {
        P(" STORING (");
        pr_names(p, &d->storing);
        P(")");
    }
    pr_interleave(p, d->interleave);
    pr_partition_by(p, d->partition_by);
}

static void
pr_table_def(struct printer *p, const struct ast_table_def *d)
{
    switch (d->kind) {
    case AST_DEF_COLUMN: pr_column_def(p, d->column); break;
    case AST_DEF_INDEX:
        if (d->index->inverted)
            P("INVERTED ");
        P("INDEX ");
        if (d->index->name.len > 0) {
            PN(d->index->name);
            P(" ");
        }
        pr_index_tail(p, d->index);
        break;
    case AST_DEF_UNIQUE:
    case AST_DEF_PRIMARY_KEY:
        pr_constraint_name(p, d->index->name);
        str_append_cstr(p->out, d->kind == AST_DEF_UNIQUE ? "UNIQUE " : "PRIMARY KEY ");
        pr_index_tail(p, d->index);
        break;
    case AST_DEF_FAMILY:
        P("FAMILY ");
        if (d->name.len > 0) {
            PN(d->name);
            P(" ");
        }
        P("(");
        pr_names(p, &d->columns);
        P(")");
        break;
    case AST_DEF_CHECK:
        pr_constraint_name(p, d->name);
        P("CHECK (");
        pr_expr(p, d->check);
        P(")");
        break;
    case AST_DEF_FOREIGN_KEY:
        pr_constraint_name(p, d->name);
        P("FOREIGN KEY (");
        pr_names(p, &d->fk->columns);
        P(") ");
        pr_fk_target(p, d->fk);
        break;
    }
}

void
pr_table_defs(struct printer *p, const struct ast_table_defs *l)
{
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        pr_table_def(p, &l->items[i]);
    }
}

static void
pr_storage_params(struct printer *p, const struct ast_kv_options *l)
{
    if (l == NULL)
        return;
    P(" WITH (");
    for (int i = 0; i < l->count; i++) {
        if (i > 0)
            P(", ");
        PN(l->items[i].key);
        P(" = ");
        pr_expr(p, l->items[i].value);
    }
    P(")");
}

static void
pr_create_table(struct printer *p, const struct ast_create_table *c)
{
    P("CREATE ");
    if (c->temporary)
        P("TEMPORARY ");
    P("TABLE ");
    if (c->if_not_exists)
        P("IF NOT EXISTS ");
    pr_object_name(p, &c->name);
    if (c->as_select == NULL || c->defs.count > 0) {
        P(" (");
        pr_table_defs(p, &c->defs);
        P(")");
    }
    if (c->as_select != NULL) {
        pr_storage_params(p, c->storage_params);
        P(" AS ");
        pr_select(p, c->as_select);
        return;
    }
    pr_interleave(p, c->interleave);
    pr_partition_by(p, c->partition_by);
    pr_storage_params(p, c->storage_params);
}

static void
pr_create_index(struct printer *p, const struct ast_create_index *c)
{
    P("CREATE ");
    if (c->unique)
        P("UNIQUE ");
    if (c->def.inverted)
        P("INVERTED ");
    P("INDEX ");
    if (c->concurrently)
        P("CONCURRENTLY ");
    if (c->def.if_not_exists)
        P("IF NOT EXISTS ");
    if (c->def.name.len > 0) {
        PN(c->def.name);
        P(" ");
    }
    P("ON ");
    pr_object_name(p, &c->table);
    P(" ");
    pr_index_tail(p, &c->def);
}

static void
pr_create_view(struct printer *p, const struct ast_create_view *c)
{
    P("CREATE ");
    if (c->temporary)
        P("TEMPORARY ");
    P("VIEW ");
    if (c->if_not_exists)
        P("IF NOT EXISTS ");
    pr_object_name(p, &c->name);
    if (c->columns.count > 0) {
        P(" (");
        pr_names(p, &c->columns);
        P(")");
    }
    P(" AS ");
    pr_select(p, c->select);
}

static void
pr_seq_number(struct printer *p, const char *word, const char *optional, const struct ast_seq_option *o)
{
    if (o->none) {
        str_printf(p->out, "NO %s", word);
        return;
    }
    str_append_cstr(p->out, word);
    if (o->word)
        str_append_cstr(p->out, optional);
    P(" ");
    pr_int(p, o->value);
}

static void
pr_seq_option(struct printer *p, const struct ast_seq_option *o)
{
    P(" ");
    switch (o->kind) {
    case AST_SEQ_AS:
        P("AS ");
        print_type(p->out, o->type);
        break;
    case AST_SEQ_CYCLE: P("CYCLE"); break;
    case AST_SEQ_NO_CYCLE: P("NO CYCLE"); break;
    case AST_SEQ_OWNED_BY:
        P("OWNED BY ");
        if (o->none)
            P("NONE");
        else
            pr_expr(p, o->owner);
        break;
    case AST_SEQ_CACHE: pr_seq_number(p, "CACHE", "", o); break;
    case AST_SEQ_INCREMENT: pr_seq_number(p, "INCREMENT", " BY", o); break;
    case AST_SEQ_MINVALUE: pr_seq_number(p, "MINVALUE", "", o); break;
    case AST_SEQ_MAXVALUE: pr_seq_number(p, "MAXVALUE", "", o); break;
    case AST_SEQ_START: pr_seq_number(p, "START", " WITH", o); break;
    case AST_SEQ_RESTART:
        P("RESTART");
        if (!o->none) {
            P(" ");
            pr_int(p, o->value);
        }
        break;
    case AST_SEQ_VIRTUAL: P("VIRTUAL"); break;
    }
}

static void
pr_sequence(struct printer *p, const struct ast_sequence_stmt *s, bool create)
{
    str_append_cstr(p->out, create ? "CREATE " : "ALTER ");
    if (s->temporary)
        P("TEMPORARY ");
    P("SEQUENCE ");
    if (s->if_exists)
        str_append_cstr(p->out, create ? "IF NOT EXISTS " : "IF EXISTS ");
    pr_object_name(p, &s->name);
    for (int i = 0; i < s->count; i++)
        pr_seq_option(p, &s->items[i]);
}

static void
pr_create_database(struct printer *p, const struct ast_create_database *c)
{
    const struct {
        const char *word;
        struct slice value;
    } options[] = {{" TEMPLATE = ", c->template_},
                   {" ENCODING = ", c->encoding},
                   {" LC_COLLATE = ", c->collate},
                   {" LC_CTYPE = ", c->ctype}};
    P("CREATE DATABASE ");
    if (c->if_not_exists)
        P("IF NOT EXISTS ");
    PN(c->name);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (options[i].value.ptr != NULL) {
            str_append_cstr(p->out, options[i].word);
            print_string_literal(p->out, options[i].value);
        }
    }
}

static void
pr_alter_column(struct printer *p, const struct ast_alter_cmd *c)
{
    P("ALTER COLUMN ");
    PN(c->name);
    switch (c->kind) {
    case AST_ALTER_SET_DEFAULT:
        if (c->expr == NULL) {
            P(" DROP DEFAULT");
        } else {
            P(" SET DEFAULT ");
            pr_expr(p, c->expr);
        }
        break;
    case AST_ALTER_SET_NOT_NULL: P(" SET NOT NULL"); break;
    case AST_ALTER_DROP_NOT_NULL: P(" DROP NOT NULL"); break;
    case AST_ALTER_DROP_STORED: P(" DROP STORED"); break;
    default:
        P(" SET DATA TYPE ");
        print_type(p->out, c->type);
        if (c->collation.len > 0)
            print_collation(p->out, c->collation);
        if (c->using_expr != NULL) {
            P(" USING ");
            pr_expr(p, c->using_expr);
        }
        break;
    }
}

static void
pr_alter_primary_key(struct printer *p, const struct ast_index_def *d)
{
    P("ALTER PRIMARY KEY USING COLUMNS ");
    pr_index_elems(p, &d->columns);
    pr_sharded(p, d->sharded);
    pr_interleave(p, d->interleave);
}

static void
pr_alter_cmd(struct printer *p, const struct ast_alter_cmd *c)
{
    switch (c->kind) {
    case AST_ALTER_ADD_COLUMN:
        P("ADD COLUMN ");
        if (c->if_exists)
            P("IF NOT EXISTS ");
        pr_column_def(p, c->column);
        break;
    case AST_ALTER_DROP_COLUMN:
    case AST_ALTER_DROP_CONSTRAINT:
        str_append_cstr(p->out, c->kind == AST_ALTER_DROP_COLUMN ? "DROP COLUMN " : "DROP CONSTRAINT ");
        if (c->if_exists)
            P("IF EXISTS ");
        PN(c->name);
        pr_drop_behavior(p, c->behavior);
        break;
    case AST_ALTER_SET_DEFAULT:
    case AST_ALTER_SET_NOT_NULL:
    case AST_ALTER_DROP_NOT_NULL:
    case AST_ALTER_DROP_STORED:
    case AST_ALTER_TYPE: pr_alter_column(p, c); break;
    case AST_ALTER_ADD_CONSTRAINT:
        P("ADD ");
        pr_table_def(p, c->def);
        if (c->not_valid)
            P(" NOT VALID");
        break;
    case AST_ALTER_PRIMARY_KEY: pr_alter_primary_key(p, c->def->index); break;
    case AST_ALTER_VALIDATE_CONSTRAINT:
        P("VALIDATE CONSTRAINT ");
        PN(c->name);
        break;
    case AST_ALTER_RENAME_TABLE:
        P("RENAME TO ");
        pr_object_name(p, &c->new_table);
        break;
    case AST_ALTER_RENAME_COLUMN:
    case AST_ALTER_RENAME_CONSTRAINT:
        str_append_cstr(p->out, c->kind == AST_ALTER_RENAME_COLUMN ? "RENAME COLUMN " : "RENAME CONSTRAINT ");
        PN(c->name);
        P(" TO ");
        PN(c->new_name);
        break;
    case AST_ALTER_INJECT_STATS:
        P("INJECT STATISTICS ");
        pr_expr(p, c->expr);
        break;
    case AST_ALTER_PARTITION_BY: pr_partition_by(p, c->partition_by); break;
    case AST_ALTER_AUDIT:
        P("EXPERIMENTAL_AUDIT SET ");
        str_append_cstr(p->out, c->audit_read_write ? "READ WRITE" : "OFF");
        break;
    }
}

static void
pr_alter_cmds(struct printer *p, const struct ast_alter_cmd *items, int count)
{
    for (int i = 0; i < count; i++) {
        if (i > 0)
            P(",");
        /* PARTITION BY brings its own blank */
        if (items[i].kind != AST_ALTER_PARTITION_BY)
            P(" ");
        pr_alter_cmd(p, &items[i]);
    }
}

static void
pr_rename_table(struct printer *p, const struct ast_rename_table *r)
{
    static const char *const words[] = {[AST_RELATION_TABLE] = "ALTER TABLE ",
                                        [AST_RELATION_VIEW] = "ALTER VIEW ",
                                        [AST_RELATION_SEQUENCE] = "ALTER SEQUENCE "};
    str_append_cstr(p->out, words[r->relation]);
    if (r->if_exists)
        P("IF EXISTS ");
    pr_object_name(p, &r->name);
    P(" RENAME TO ");
    pr_object_name(p, &r->new_name);
}

static void
pr_drop(struct printer *p, const char *word, const struct ast_drop *d)
{
    str_append_cstr(p->out, word);
    if (d->if_exists)
        P("IF EXISTS ");
    pr_object_names(p, &d->names);
    pr_drop_behavior(p, d->behavior);
}

static void
pr_drop_index(struct printer *p, const struct ast_drop_index *d)
{
    P("DROP INDEX ");
    if (d->concurrently)
        P("CONCURRENTLY ");
    if (d->if_exists)
        P("IF EXISTS ");
    for (int i = 0; i < d->indexes.count; i++) {
        if (i > 0)
            P(", ");
        pr_index_name(p, &d->indexes.items[i]);
    }
    pr_drop_behavior(p, d->behavior);
}

static void
pr_range_target(struct printer *p, const struct ast_range_target *t)
{
    if (t->is_index) {
        P("ALTER INDEX ");
        pr_index_name(p, &t->index);
    } else {
        P("ALTER TABLE ");
        pr_object_name(p, &t->table);
    }
}

void
pr_zone_target(struct printer *p, const struct ast_zone_target *z)
{
    switch (z->kind) {
    case AST_ZONE_NONE:
    case AST_ZONE_ALL: break;
    case AST_ZONE_RANGE:
        P("RANGE ");
        print_unrestricted_name(p->out, z->name);
        break;
    case AST_ZONE_DATABASE:
        P("DATABASE ");
        PN(z->name);
        break;
    case AST_ZONE_TABLE:
        P("TABLE ");
        pr_object_name(p, &z->table);
        break;
    case AST_ZONE_INDEX:
        P("INDEX ");
        pr_index_name(p, &z->index);
        break;
    case AST_ZONE_PARTITION_OF_TABLE:
        P("PARTITION ");
        PN(z->partition);
        P(" OF TABLE ");
        pr_object_name(p, &z->table);
        break;
    case AST_ZONE_PARTITION_OF_INDEX:
        P("PARTITION ");
        PN(z->partition);
        P(" OF INDEX ");
        pr_index_name(p, &z->index);
        break;
    }
}

static void
pr_set_zone_config(struct printer *p, const struct ast_set_zone_config *z)
{
    P("ALTER ");
    pr_zone_target(p, &z->target);
    P(" CONFIGURE ZONE ");
    switch (z->action) {
    case AST_ZONE_SET:
        P("USING ");
        for (int i = 0; i < z->count; i++) {
            if (i > 0)
                P(", ");
            pr_dotted(p, z->items[i].key);
            P(" = ");
            if (z->items[i].value == NULL)
                P("COPY FROM PARENT");
            else
                pr_expr(p, z->items[i].value);
        }
        break;
    case AST_ZONE_USING_DEFAULT: P("USING DEFAULT"); break;
    case AST_ZONE_DISCARD: P("DISCARD"); break;
    case AST_ZONE_YAML:
        P("= ");
        pr_expr(p, z->yaml);
        break;
    }
}

static void
pr_comment(struct printer *p, const struct ast_comment *c)
{
    P("COMMENT ON ");
    switch (c->kind) {
    case AST_COMMENT_DATABASE:
        P("DATABASE ");
        PN(c->database);
        break;
    case AST_COMMENT_TABLE:
        P("TABLE ");
        pr_object_name(p, &c->table);
        break;
    case AST_COMMENT_COLUMN:
        P("COLUMN ");
        pr_expr(p, c->column);
        break;
    case AST_COMMENT_INDEX:
        P("INDEX ");
        pr_index_name(p, &c->index);
        break;
    }
    P(" IS ");
    if (c->null)
        P("NULL");
    else
        print_string_literal(p->out, c->text);
}

static bool
pr_ranges_stmt(struct printer *p, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_SPLIT:
        pr_range_target(p, &s->split->target);
        P(" SPLIT AT ");
        pr_select(p, s->split->rows);
        if (s->split->expiration != NULL) {
            P(" WITH EXPIRATION ");
            pr_expr(p, s->split->expiration);
        }
        return true;
    case AST_STMT_UNSPLIT:
        pr_range_target(p, &s->unsplit->target);
        P(" UNSPLIT ");
        if (s->unsplit->all) {
            P("ALL");
        } else {
            P("AT ");
            pr_select(p, s->unsplit->rows);
        }
        return true;
    case AST_STMT_SCATTER:
        pr_range_target(p, &s->scatter->target);
        P(" SCATTER");
        if (s->scatter->from_to) {
            P(" FROM (");
            pr_exprs(p, &s->scatter->from);
            P(") TO (");
            pr_exprs(p, &s->scatter->to);
            P(")");
        }
        return true;
    case AST_STMT_RELOCATE:
        pr_range_target(p, &s->relocate->target);
        P(" EXPERIMENTAL_RELOCATE ");
        if (s->relocate->lease)
            P("LEASE ");
        pr_select(p, s->relocate->rows);
        return true;
    default:
        return false;
    }
}

static bool
pr_rename_stmt(struct printer *p, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_RENAME_DATABASE:
        P("ALTER DATABASE ");
        PN(s->rename_database->name);
        P(" RENAME TO ");
        PN(s->rename_database->new_name);
        return true;
    case AST_STMT_RENAME_TABLE: pr_rename_table(p, s->rename_table); return true;
    case AST_STMT_RENAME_COLUMN:
        P("ALTER TABLE ");
        if (s->rename_column->if_exists)
            P("IF EXISTS ");
        pr_object_name(p, &s->rename_column->table);
        P(" RENAME COLUMN ");
        PN(s->rename_column->name);
        P(" TO ");
        PN(s->rename_column->new_name);
        return true;
    case AST_STMT_RENAME_INDEX:
        P("ALTER INDEX ");
        if (s->rename_index->if_exists)
            P("IF EXISTS ");
        pr_index_name(p, &s->rename_index->index);
        P(" RENAME TO ");
        PN(s->rename_index->new_name);
        return true;
    default:
        return false;
    }
}

bool
pr_ddl_stmt(struct printer *p, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_CREATE_DATABASE: pr_create_database(p, s->create_database); return true;
    case AST_STMT_CREATE_SCHEMA:
        P("CREATE SCHEMA ");
        if (s->create_schema->if_not_exists)
            P("IF NOT EXISTS ");
        PN(s->create_schema->name);
        return true;
    case AST_STMT_CREATE_TABLE: pr_create_table(p, s->create_table); return true;
    case AST_STMT_CREATE_INDEX: pr_create_index(p, s->create_index); return true;
    case AST_STMT_CREATE_VIEW: pr_create_view(p, s->create_view); return true;
    case AST_STMT_CREATE_SEQUENCE: pr_sequence(p, s->create_sequence, true); return true;
    case AST_STMT_ALTER_SEQUENCE: pr_sequence(p, s->alter_sequence, false); return true;
    case AST_STMT_ALTER_TABLE:
        P("ALTER TABLE ");
        if (s->alter_table->if_exists)
            P("IF EXISTS ");
        pr_object_name(p, &s->alter_table->table);
        pr_alter_cmds(p, s->alter_table->items, s->alter_table->count);
        return true;
    case AST_STMT_ALTER_INDEX:
        P("ALTER INDEX ");
        if (s->alter_index->if_exists)
            P("IF EXISTS ");
        pr_index_name(p, &s->alter_index->index);
        pr_alter_cmds(p, s->alter_index->items, s->alter_index->count);
        return true;
    case AST_STMT_DROP_DATABASE:
        P("DROP DATABASE ");
        if (s->drop_database->if_exists)
            P("IF EXISTS ");
        PN(s->drop_database->name);
        pr_drop_behavior(p, s->drop_database->behavior);
        return true;
    case AST_STMT_DROP_TABLE: pr_drop(p, "DROP TABLE ", s->drop_table); return true;
    case AST_STMT_DROP_VIEW: pr_drop(p, "DROP VIEW ", s->drop_view); return true;
    case AST_STMT_DROP_SEQUENCE: pr_drop(p, "DROP SEQUENCE ", s->drop_sequence); return true;
    case AST_STMT_DROP_INDEX: pr_drop_index(p, s->drop_index); return true;
    case AST_STMT_TRUNCATE:
        P("TRUNCATE TABLE ");
        pr_object_names(p, &s->truncate->tables);
        pr_drop_behavior(p, s->truncate->behavior);
        return true;
    case AST_STMT_SET_ZONE_CONFIG: pr_set_zone_config(p, s->set_zone_config); return true;
    case AST_STMT_COMMENT: pr_comment(p, s->comment); return true;
    default: return pr_ranges_stmt(p, s) || pr_rename_stmt(p, s);
    }
}
