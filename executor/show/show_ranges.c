/* SHOW RANGES, SHOW RANGE FOR ROW: crdb_internal.ranges with the keys of one table.
 *
 * SOURCE: CockroachDB v20.1 pkg/sql/delegate/show_ranges.go, show_range_for_row.go. */
#include "config.h"

#include "executor/show/show_int.h"

#include "catalog/row.h"
#include "executor/schema/schema_int.h"
#include "grammar/print.h"

static const char *
hex(struct arena *a, struct slice s)
{
    char *out = arena_alloc(a, 2 * s.len + 1);
    for (size_t i = 0; i < s.len; i++) {
        out[2 * i] = "0123456789abcdef"[s.ptr[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[s.ptr[i] & 15];
    }
    out[2 * s.len] = '\0';
    return out;
}

static const char *
quoted_name(struct arena *a, const char *name)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    print_name(&s, slice_cstr(name));
    return str_cstr(&s);
}

#define NODES "LEFT JOIN %s.crdb_internal.gossip_nodes ON lease_holder = node_id "

static struct error *
ranges_of_database(struct exec_ctx *x, const struct ast_show *n, char **sql)
{
    struct arena *a = x->arena;
    const struct database *db;
    struct str s, literal;
    ERR_TRY(show_database(x, n->database, true, &db));
    const char *name = quoted_name(a, db->name);
    str_init_arena(&literal, a, STR_MAX_DEFAULT);
    print_string_literal(&literal, slice_cstr(db->name));
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_printf(&s,
               "SELECT table_name, "
               "CASE WHEN crdb_internal.pretty_key(r.start_key, 2) = '' THEN NULL "
               "ELSE crdb_internal.pretty_key(r.start_key, 2) END AS start_key, "
               "CASE WHEN crdb_internal.pretty_key(r.end_key, 2) = '' THEN NULL "
               "ELSE crdb_internal.pretty_key(r.end_key, 2) END AS end_key, "
               "range_id, range_size / 1000000 AS range_size_mb, lease_holder, "
               "gossip_nodes.locality AS lease_holder_locality, replicas, replica_localities "
               "FROM %s.crdb_internal.ranges AS r " NODES
               "WHERE database_name = %s ORDER BY table_name, r.start_key",
               name, name, str_cstr(&literal));
    *sql = arena_strdup(a, str_cstr(&s));
    return str_error(&s);
}

/* The index that FROM names, with the right to read it. */
static struct error *
named_index(struct exec_ctx *x, const struct ast_show *n, const struct table **t,
            const struct index **ix, const char **database)
{
    const struct database *db;
    const pb_descriptor *d;
    if (n->index != NULL) {
        struct found_index f;
        ERR_TRY(ddl_find_index(x, n->index, false, &f));
        *t = f.t;
        *ix = f.ix;
    } else {
        ERR_TRY(show_find_table(x, &n->table, t, NULL, NULL));
        if ((*t)->is_view || (*t)->is_virtual || (*t)->n_indexes == 0)
            return err_new(ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a table", (*t)->name);
        *ix = &(*t)->indexes[0];
    }
    ERR_TRY(catalog_descriptor(x->catalog, (*t)->id, &d));
    ERR_TRY(catalog_check_privilege(x->catalog, x->user, d, PRIV_SELECT));
    ERR_TRY(catalog_database_by_id(x->catalog, (*t)->parent_id, &db));
    *database = quoted_name(x->arena, db->name);
    return NULL;
}

static struct error *
show_ranges_rewrite(struct exec_ctx *x, const struct ast_stmt *st, char **sql)
{
    const struct table *t;
    const struct index *ix;
    const char *db;
    if (st->show->has_database)
        return ranges_of_database(x, st->show, sql);
    ERR_TRY(named_index(x, st->show, &t, &ix, &db));
    struct span span = row_index_span(x->arena, t, ix);
    const char *start = hex(x->arena, span.start), *end = hex(x->arena, span.end);
    *sql = arena_printf(
        x->arena,
        "SELECT CASE WHEN r.start_key <= x'%s' THEN NULL "
        "ELSE crdb_internal.pretty_key(r.start_key, 2) END AS start_key, "
        "CASE WHEN r.end_key >= x'%s' THEN NULL "
        "ELSE crdb_internal.pretty_key(r.end_key, 2) END AS end_key, "
        "range_id, range_size / 1000000 AS range_size_mb, lease_holder, "
        "gossip_nodes.locality AS lease_holder_locality, replicas, replica_localities "
        "FROM %s.crdb_internal.ranges AS r " NODES
        "WHERE r.start_key < x'%s' AND r.end_key > x'%s' ORDER BY r.start_key",
        start, end, db, db, end, start);
    return NULL;
}

static struct error *
show_range_for_row_rewrite(struct exec_ctx *x, const struct ast_stmt *st, char **sql)
{
    const struct table *t;
    const struct index *ix;
    const char *db;
    struct str row;
    ERR_TRY(named_index(x, st->show, &t, &ix, &db));
    struct span span = row_index_span(x->arena, t, ix);
    if (st->show->exprs.count != t->n_columns)
        return err_new(ERR_SYNTAX, "number of values in row must equal number of columns in the "
                                   "requested table");
    str_init_arena(&row, x->arena, STR_MAX_DEFAULT);
    for (int i = 0; i < ix->n_keys; i++) {
        str_append_cstr(&row, i > 0 ? ", " : "");
        print_expr(&row, st->show->exprs.items[ix->keys[i]], NULL);
    }
    ERR_TRY(str_error(&row));
    const char *key = arena_printf(x->arena, "crdb_internal.encode_key(%u, %u, ROW(%s))", t->id,
                                   ix->id, str_cstr(&row));
    *sql = arena_printf(
        x->arena,
        "SELECT CASE WHEN r.start_key < x'%s' THEN NULL "
        "ELSE crdb_internal.pretty_key(r.start_key, 2) END AS start_key, "
        "CASE WHEN r.end_key >= x'%s' THEN NULL "
        "ELSE crdb_internal.pretty_key(r.end_key, 2) END AS end_key, "
        "range_id, lease_holder, gossip_nodes.locality AS lease_holder_locality, replicas, "
        "replica_localities FROM %s.crdb_internal.ranges AS r " NODES
        "WHERE r.start_key <= %s AND r.end_key > %s ORDER BY r.start_key",
        hex(x->arena, span.start), hex(x->arena, span.end), db, db, key, key);
    return NULL;
}

static const struct statement_ops show_ranges_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_RANGES, .tag = "SHOW RANGES ",
     .rewrite = show_ranges_rewrite},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_RANGE_FOR_ROW, .tag = "SHOW RANGE FOR ROW ",
     .rewrite = show_range_for_row_rewrite},
};

const struct statement_family statement_family_show_ranges = {
    show_ranges_ops, sizeof(show_ranges_ops) / sizeof(show_ranges_ops[0])};
