/* EXPERIMENTAL SCRUB: is what the store holds of a table consistent? Every pair can be decoded, indexes
 * and rows agree, constraints hold.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/scrub.go, scrub_{index,constraint,fk}.go; the kinds of errors are
 * those of pkg/sql/scrub/errors.go. */
#include "config.h"

#include "executor/schema/schema_int.h"

#include "catalog/row.h"
#include "executor/node.h"
#include "executor/relational/table_reader.h"
#include "grammar/print.h"
#include "types/json.h"

#define CHECK_CANCEL_EVERY 1024 /* rows */

static const struct result_column scrub_columns[] = {
    {"job_uuid", &TYPE_UUID, 0, 0},         {"error_type", &TYPE_STRING, 0, 0},
    {"database", &TYPE_STRING, 0, 0},       {"table", &TYPE_STRING, 0, 0},
    {"primary_key", &TYPE_STRING, 0, 0},    {"timestamp", &TYPE_TIMESTAMP, 0, 0},
    {"repaired", &TYPE_BOOL, 0, 0},         {"details", &TYPE_JSONB, 0, 0}};
STATEMENT_COLUMNS(scrub_result, scrub_columns)

struct scrub {
    struct exec_ctx *x;
    const struct ast_scrub *n;
    struct row_sink *rows;
    const struct database *db;
    const struct table *t;
    bool has_ts;
    struct hlc ts;
    struct arena *arena; /* of one row */
};

/* ---- what is found --------------------------------------------------------------------------- */

static const char *
value_text(struct scrub *s, const struct column *c, const struct datum *d)
{
    struct str text;
    str_init_arena(&text, s->arena, STR_MAX_DEFAULT);
    datum_format_sql(&text, c->type, d, false, &s->x->env);
    return str_cstr(&text);
}

/* One finding: about a row (its values by ordinal; NULL: there is none), in an index or constraint. */
static struct error *
found(struct scrub *s, const char *kind, const char *what, const char *name,
      const struct datum *row)
{
    struct arena *a = s->arena;
    const struct index *pk = &s->t->indexes[0];
    struct json_node *details = json_new_object(a), *data = json_new_object(a);
    struct str key;
    struct slice json;
    str_init_arena(&key, a, STR_MAX_DEFAULT);
    for (int i = 0; row != NULL && i < pk->n_keys; i++)
        str_printf(&key, "%s%s", i > 0 ? ", " : "(",
                   value_text(s, &s->t->columns[pk->keys[i]], &row[pk->keys[i]]));
    if (row != NULL)
        str_append_char(&key, ')');
    for (int i = 0; row != NULL && i < s->t->n_columns; i++)
        json_set(data, slice_cstr(s->t->columns[i].name),
                 json_new_string(a, slice_cstr(value_text(s, &s->t->columns[i], &row[i]))));
    json_set(details, slice_cstr(what), json_new_string(a, slice_cstr(name)));
    json_set(details, SLICE_LIT("row_data"), data);
    ERR_TRY(json_encode(a, details, &json));
    struct datum out[] = {DATUM_NULL,
                          datum_cstr(kind),
                          datum_cstr(s->db->name),
                          datum_cstr(s->t->name),
                          datum_cstr(str_cstr(&key)),
                          datum_int(clock_now(s->x->node->clock).wall / 1000 - PG_EPOCH_US),
                          datum_bool(false),
                          datum_bytes(json.ptr, json.len)};
    return row_put(s->rows, out);
}

/* ---- rows against an index ------------------------------------------------------------------- */

struct index_check {
    struct scrub *s;
    const struct index *ix;
    const struct datum *row;
    struct slice wanted;         /* a key that is looked for among the row's; empty: none */
    bool missing, met;
};

/* An entry that the row should have. */
static struct error *
entry_is_there(void *arg, struct slice key, struct slice value)
{
    struct index_check *c = arg;
    struct slice stored;
    bool is_there;
    (void)value;
    ERR_TRY(kv_get(c->s->x->txn, key, c->s->arena, &is_there, &stored, NULL));
    c->missing = c->missing || !is_there;
    return NULL;
}

static struct error *
entry_is_wanted(void *arg, struct slice key, struct slice value)
{
    struct index_check *c = arg;
    (void)value;
    c->met = c->met || slice_eq(key, c->wanted);
    return NULL;
}

static struct error *
row_has_entries(void *arg, const struct datum *row, bool *stop)
{
    struct index_check *c = arg;
    (void)stop;
    arena_reset(c->s->arena);
    c->missing = false;
    ERR_TRY(row_encode_keys(c->s->arena, c->s->t, c->ix, row, entry_is_there, c));
    return c->missing ? found(c->s, "missing_index_entry", "index_name", c->ix->name, row) : NULL;
}

/* The row that an entry's primary key leads to; *row NULL when there is none. */
static struct error *
row_of_entry(struct scrub *s, struct table_reader *r, const struct datum *entry,
             const struct datum **row)
{
    const struct index *pk = &s->t->indexes[0];
    struct datum *vals = ARENA_ARRAY(s->arena, struct datum, (size_t)pk->n_keys + 1);
    struct span span;
    for (int i = 0; i < pk->n_keys; i++)
        vals[i] = entry[pk->keys[i]];
    ERR_TRY(index_prefix_span(s->arena, s->t, pk, vals, pk->n_keys, &span));
    table_reader_start(r, &span, 1, false);
    return table_reader_next(r, row);
}

static struct error *
entry_has_row(struct index_check *c, struct table_reader *r, struct row_decoder *d,
              const struct kv_entry *e, struct datum *entry)
{
    struct scrub *s = c->s;
    const struct datum *row;
    bool starts, skip = false;
    if (row_continues(d, e->key)) /* another family of the entry looked at last */
        return NULL;
    arena_reset(s->arena);
    row_decoder_reset(d);
    ERR_TRY(row_decode(d, e->key, e->value, s->arena, entry, &starts, &skip));
    if (skip)
        return NULL;
    struct error *err = row_of_entry(s, r, entry, &row);
    c->met = false;
    c->wanted = e->key;
    if (err == NULL && row != NULL)
        err = row_encode_keys(s->arena, s->t, c->ix, row, entry_is_wanted, c);
    table_reader_close(r);
    ERR_TRY(err);
    return c->met ? NULL
                  : found(s, "dangling_index_reference", "index_name", c->ix->name, entry);
}

static struct error *
entries_have_rows(struct index_check *c)
{
    struct scrub *s = c->s;
    struct exec_ctx *x = s->x;
    size_t n = (size_t)s->t->n_all_columns + 1;
    bool *needed = ARENA_ARRAY(x->arena, bool, n), *all = ARENA_ARRAY(x->arena, bool, n);
    struct datum *entry = ARENA_ARRAY(x->arena, struct datum, n);
    struct table_reader *r;
    struct row_decoder *d;
    struct kv_scan *scan;
    struct error *err = NULL;
    for (size_t i = 0; i < n; i++) {
        entry[i] = DATUM_NULL;
        all[i] = true;
    }
    for (int i = 0; i < c->ix->n_keys; i++)
        needed[c->ix->keys[i]] = !c->ix->inverted;
    for (int i = 0; i < c->ix->n_extra; i++)
        needed[c->ix->extra[i]] = true;
    for (int i = 0; i < s->t->indexes[0].n_keys; i++)
        needed[s->t->indexes[0].keys[i]] = true;
    struct row_decoder_opts o = {.table = s->t, .index = c->ix, .needed = needed};
    ERR_TRY(row_decoder_create(x->arena, &o, &d));
    ERR_TRY(table_reader_create(x, x->arena, s->t, &s->t->indexes[0], all, false, &r));
    struct kv_scan_opts so = {.span = row_index_span(x->arena, s->t, c->ix), .no_track = true};
    ERR_TRY(kv_scan_open(x->txn, &so, &scan));
    for (uint64_t k = 0;; k++) {
        struct kv_entry e;
        bool more;
        if (k % CHECK_CANCEL_EVERY == 0)
            ERR_GOTO(cancel_check(x->cancel), out);
        ERR_GOTO(kv_scan_next(scan, &e, &more), out);
        if (!more)
            break;
        ERR_GOTO(entry_has_row(c, r, d, &e, entry), out);
    }
out:
    kv_scan_close(scan);
    table_reader_close(r);
    return err;
}

static struct error *
check_index(struct scrub *s, const struct index *ix)
{
    struct index_check c = {.s = s, .ix = ix};
    ERR_TRY(ddl_each_row(s->x, s->t, NULL, NULL, row_has_entries, &c));
    return entries_have_rows(&c);
}

static bool
is_named(struct scrub *s, const struct ast_names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(ddl_text(s->x, names->items[i].text), name) == 0)
            return true;
    return false;
}

static struct error *
check_indexes(struct scrub *s, const struct ast_names *names)
{
    struct str missing;
    str_init_arena(&missing, s->x->arena, STR_MAX_DEFAULT);
    for (int i = 0; names != NULL && i < names->count; i++) {
        const char *name = ddl_text(s->x, names->items[i].text);
        const struct index *ix = table_index(s->t, name);
        if (ix == NULL || ix->primary)
            str_printf(&missing, "%s%s", missing.len > 0 ? ", " : "", name);
    }
    if (missing.len > 0)
        return err_new(ERR_UNDEFINED_OBJECT,
                       "specified indexes to check that do not exist on table \"%s\": %s",
                       s->t->name, str_cstr(&missing));
    for (int i = 1; i < s->t->n_indexes; i++)
        if (names == NULL || names->count == 0 || is_named(s, names, s->t->indexes[i].name))
            ERR_TRY(check_index(s, &s->t->indexes[i]));
    return NULL;
}

/* ---- constraints: by queries that give the rows that break them ------------------------------- */

struct finder {
    struct row_sink base;
    struct scrub *s;
    const char *kind, *name;
};

static struct error *
put_broken(struct row_sink *sink, const struct datum *row)
{
    struct finder *f = (struct finder *)sink;
    arena_reset(f->s->arena);
    return found(f->s, f->kind, "constraint_name", f->name, row);
}

static void
put_name(struct str *s, const char *prefix, const char *name)
{
    str_append_cstr(s, prefix);
    print_name(s, slice_cstr(name));
}

/* SELECT s.a, s.b, .. FROM [52 AS s]: every column, hidden ones too. */
static void
put_select(struct str *sql, const struct table *t)
{
    str_append_cstr(sql, "SELECT ");
    for (int i = 0; i < t->n_columns; i++)
        put_name(sql, i > 0 ? ", s." : "s.", t->columns[i].name);
    str_printf(sql, " FROM [%u AS s]@{FORCE_INDEX=[%u]}", t->id, t->indexes[0].id);
}

static struct error *
run_finder(struct scrub *s, const char *kind, const char *name, struct str *sql)
{
    struct finder f = {.base = {put_broken}, .s = s, .kind = kind, .name = name};
    ERR_TRY(str_error(sql));
    return exec_sql(s->x, EXEC_ROOT, &f.base, NULL, 0, NULL, NULL, str_cstr(sql));
}

static struct error *
check_check(struct scrub *s, const Amberdb__CheckConstraint *c)
{
    struct str sql;
    str_init_arena(&sql, s->x->arena, STR_MAX_DEFAULT);
    put_select(&sql, s->t);
    str_printf(&sql, " WHERE NOT (%s)", c->expr);
    return run_finder(s, "check_constraint_violation", c->name, &sql);
}

static const char *
column_of(const struct table *t, uint32_t id)
{
    int i = table_column_ordinal(t, id);
    return i >= 0 ? t->columns[i].name : "";
}

static struct error *
check_foreign_key(struct scrub *s, const Amberdb__ForeignKeyConstraint *fk)
{
    const struct table *other;
    struct str sql;
    size_t n = fk->n_origin_column_ids;
    ERR_TRY(catalog_table_by_id(s->x->catalog, fk->referenced_table_id, &other));
    if (other == NULL || n == 0)
        return NULL;
    str_init_arena(&sql, s->x->arena, STR_MAX_DEFAULT);
    put_select(&sql, s->t);
    str_append_cstr(&sql, " WHERE (");
    for (size_t i = 0; i < n; i++) {
        put_name(&sql, i > 0 ? " AND s." : "s.", column_of(s->t, fk->origin_column_ids[i]));
        str_append_cstr(&sql, " IS NOT NULL");
    }
    str_printf(&sql, " AND NOT EXISTS (SELECT 1 FROM [%u AS o] WHERE ", other->id);
    for (size_t i = 0; i < n; i++) {
        put_name(&sql, i > 0 ? " AND o." : "o.", column_of(other, fk->referenced_column_ids[i]));
        put_name(&sql, " = s.", column_of(s->t, fk->origin_column_ids[i]));
    }
    str_append_cstr(&sql, "))");
    if (fk->match == AMBERDB__MATCH__FULL && n > 1) {
        str_append_cstr(&sql, " OR (NOT (");
        for (size_t i = 0; i < n; i++) {
            put_name(&sql, i > 0 ? " AND s." : "s.", column_of(s->t, fk->origin_column_ids[i]));
            str_append_cstr(&sql, " IS NULL");
        }
        str_append_cstr(&sql, ") AND (");
        for (size_t i = 0; i < n; i++) {
            put_name(&sql, i > 0 ? " OR s." : "s.", column_of(s->t, fk->origin_column_ids[i]));
            str_append_cstr(&sql, " IS NULL");
        }
        str_append_cstr(&sql, "))");
    }
    return run_finder(s, "foreign_key_violation", fk->name, &sql);
}

static struct error *
check_constraint_names(struct scrub *s, const struct ast_names *names)
{
    for (int i = 0; names != NULL && i < names->count; i++) {
        const char *name = ddl_text(s->x, names->items[i].text);
        bool there = table_index(s->t, name) != NULL && table_index(s->t, name)->unique;
        for (size_t k = 0; k < s->t->pb->n_checks; k++)
            there = there || strcmp(pb_str(s->t->pb->checks[k]->name), name) == 0;
        for (size_t k = 0; k < s->t->pb->n_outbound_fks; k++)
            there = there || strcmp(pb_str(s->t->pb->outbound_fks[k]->name), name) == 0;
        if (!there)
            return err_new(ERR_UNDEFINED_OBJECT,
                           "constraint \"%s\" of relation \"%s\" does not exist", name, s->t->name);
    }
    return NULL;
}

static struct error *
check_constraints(struct scrub *s, const struct ast_names *names)
{
    bool all = names == NULL || names->count == 0;
    ERR_TRY(check_constraint_names(s, names));
    for (size_t i = 0; i < s->t->pb->n_checks; i++)
        if (all || is_named(s, names, s->t->pb->checks[i]->name))
            ERR_TRY(check_check(s, s->t->pb->checks[i]));
    for (size_t i = 0; i < s->t->pb->n_outbound_fks; i++)
        if (all || is_named(s, names, s->t->pb->outbound_fks[i]->name))
            ERR_TRY(check_foreign_key(s, s->t->pb->outbound_fks[i]));
    return NULL;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static struct error *
has_no_null(void *arg, const struct datum *row, bool *stop)
{
    struct scrub *s = arg;
    (void)stop;
    arena_reset(s->arena);
    for (int i = 0; i < s->t->n_columns; i++)
        if (!s->t->columns[i].nullable && row[i].null)
            ERR_TRY(found(s, "unexpected_null_value", "index_name", s->t->indexes[0].name, row));
    return NULL;
}

/* Every pair of the primary index is decoded; the first that cannot be ends the check. */
static struct error *
check_physical(struct scrub *s)
{
    struct error *err = ddl_each_row(s->x, s->t, NULL, NULL, has_no_null, s);
    if (err == NULL || err->code != ERR_DATA_CORRUPTED)
        return err;
    err_free(err);
    arena_reset(s->arena);
    return found(s, "invalid_encoding", "index_name", s->t->indexes[0].name, NULL);
}

/* ---- the statement --------------------------------------------------------------------------- */

static struct error *
check_options(const struct scrub *s)
{
    static const char *const names[] = {
        [AST_SCRUB_PHYSICAL] = "PHYSICAL", [AST_SCRUB_INDEX] = "INDEX",
        [AST_SCRUB_CONSTRAINT] = "CONSTRAINT"};
    for (int i = 0; i < s->n->count; i++) {
        for (int k = 0; k < i; k++)
            if (s->n->items[k].kind == s->n->items[i].kind)
                return err_new(ERR_SYNTAX, "cannot specify %s option more than once",
                               names[s->n->items[i].kind]);
        if (s->n->items[i].kind == AST_SCRUB_PHYSICAL && s->has_ts)
            return err_new(ERR_SYNTAX, "cannot use AS OF SYSTEM TIME with PHYSICAL option");
    }
    return NULL;
}

static struct error *
scrub_table(struct scrub *s)
{
    ERR_TRY(check_options(s));
    for (int i = 0; i < s->n->count; i++) {
        const struct ast_scrub_option *o = &s->n->items[i];
        switch (o->kind) {
        case AST_SCRUB_PHYSICAL:
            ERR_TRY(check_physical(s));
            break;
        case AST_SCRUB_INDEX:
            ERR_TRY(check_indexes(s, &o->names));
            break;
        case AST_SCRUB_CONSTRAINT:
            ERR_TRY(check_constraints(s, &o->names));
            break;
        }
    }
    if (s->n->count > 0)
        return NULL;
    if (!s->has_ts)
        ERR_TRY(check_physical(s));
    ERR_TRY(check_indexes(s, NULL));
    return check_constraints(s, NULL);
}

static struct error *
scrub_database(struct scrub *s)
{
    struct exec_ctx *x = s->x;
    const struct table **tables;
    size_t n;
    ERR_TRY(ddl_database(x, s->n->name.object, false, &s->db));
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, s->db->id, &tables, &n));
    for (size_t i = 0; i < n; i++) {
        s->t = tables[i];
        if (s->t->n_indexes > 0 && !s->t->is_view && !s->t->is_sequence)
            ERR_TRY(scrub_table(s));
    }
    return NULL;
}

static struct error *
scrub_in(struct exec_ctx *x, void *arg)
{
    struct scrub *s = arg;
    s->x = x;
    ERR_TRY(catalog_check_admin(x->catalog, x->user, "SCRUB"));
    s->arena = arena_create(x->arena, "scrub");
    struct error *err = NULL;
    if (s->n->database) {
        err = scrub_database(s);
    } else {
        ERR_GOTO(ddl_relation(x, &s->n->name, DDL_TABLE, false, PRIV_SELECT, &s->t, &s->db), out);
        err = scrub_table(s);
    }
out:
    arena_destroy(s->arena);
    return err;
}

static struct error *
scrub_run(struct exec_ctx *x, const struct ast_stmt *st, struct row_sink *rows, char **tag)
{
    struct scrub s = {.x = x, .n = st->scrub, .rows = rows, .has_ts = st->scrub->as_of != NULL};
    (void)tag;
    if (s.has_ts)
        ERR_TRY(exec_as_of(x, s.n->as_of, &s.ts));
    else if (exec_in_explicit_txn(x))
        return scrub_in(x, &s); /* with what it has written */
    else
        s.ts = clock_now(x->node->clock);
    /* At a fixed time: nothing of the many look-ups has to be remembered. */
    return exec_txn(x->node, x->user, x->database, s.ts, x->cancel, scrub_in, &s);
}

static const struct statement_ops scrub_ops[] = {
    {.kind = AST_STMT_SCRUB, .tag = "SCRUB ", .columns = scrub_result, .run = scrub_run},
};

const struct statement_family statement_family_scrub = {scrub_ops,
                                                        sizeof(scrub_ops) / sizeof(scrub_ops[0])};
