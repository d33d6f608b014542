/* SHOW ZONE CONFIGURATION(S), SHOW PARTITIONS. */
#include "config.h"

#include "executor/show/show_int.h"

#include <stdlib.h>

#include "catalog/partition.h"
#include "catalog/pb.h"
#include "catalog/sysrow.h"
#include "executor/schema/schema_int.h"
#include "executor/schema/zone.h"
#include "grammar/print.h"

static const struct result_column zone_columns[] = {{"target", &TYPE_STRING, 0, 0},
                                                    {"raw_config_sql", &TYPE_STRING, 0, 0}};

/* Of one target there is more to be named. */
static const struct result_column one_zone_columns[] = {
    {"target", &TYPE_STRING, 0, 0},
    {"raw_config_sql", &TYPE_STRING, 0, 0},
    {"zone_id", &TYPE_INT8, 0, COLUMN_HIDDEN},
    {"subzone_id", &TYPE_INT8, 0, COLUMN_HIDDEN},
    {"range_name", &TYPE_STRING, 0, COLUMN_HIDDEN},
    {"database_name", &TYPE_STRING, 0, COLUMN_HIDDEN},
    {"table_name", &TYPE_STRING, 0, COLUMN_HIDDEN},
    {"index_name", &TYPE_STRING, 0, COLUMN_HIDDEN},
    {"partition_name", &TYPE_STRING, 0, COLUMN_HIDDEN},
    {"raw_config_yaml", &TYPE_STRING, 0, COLUMN_HIDDEN},
    {"raw_config_protobuf", &TYPE_BYTES, 0, COLUMN_HIDDEN},
    {"full_config_yaml", &TYPE_STRING, 0, COLUMN_HIDDEN},
    {"full_config_sql", &TYPE_STRING, 0, COLUMN_HIDDEN},
};

static bool
is_one_zone(const struct ast_show *n)
{
    return n->zone.kind != AST_ZONE_ALL && n->zone.kind != AST_ZONE_NONE;
}

static struct error *
show_zone_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n,
                  const struct result_column **cols)
{
    bool one = is_one_zone(s->show);
    (void)x;
    *n = (int)(one ? sizeof(one_zone_columns) : sizeof(zone_columns)) / (int)sizeof(zone_columns[0]);
    *cols = one ? one_zone_columns : zone_columns;
    return NULL;
}

/* ---- one zone -------------------------------------------------------------------------------- */

/* The text of the zone that applies: the target's own as typed, an ancestor's by its full name. */
static struct error *
source_text(struct exec_ctx *x, const struct zone_target *t, const struct zone_source *from,
            const char **out)
{
    const struct database *db;
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    switch (from->kind) {
    case ZONE_FROM_PARTITION:
        *out = t->text;
        return NULL;
    case ZONE_FROM_INDEX:
        *out = t->partition == NULL ? t->text : strstr(t->text, " OF ") + 4;
        if (t->partition != NULL && strncmp(*out, "TABLE ", 6) == 0) {
            str_printf(&s, "INDEX %s@", *out + 6);
            print_name(&s, slice_cstr(t->ix->name));
            *out = str_cstr(&s);
        }
        return NULL;
    case ZONE_FROM_SELF:
        if (t->ix == NULL) {
            *out = t->text;
            return NULL;
        }
        *out = arena_printf(x->arena, "TABLE %s", ddl_qualified(x, t->t));
        return NULL;
    case ZONE_FROM_DATABASE:
        ERR_TRY(catalog_database_by_id(x->catalog, from->database_id, &db));
        str_append_cstr(&s, "DATABASE ");
        print_name(&s, slice_cstr(db != NULL ? db->name : ""));
        *out = str_cstr(&s);
        return NULL;
    default:
        *out = "RANGE default";
        return NULL;
    }
}

static struct error *
check_visible(struct exec_ctx *x, const struct zone_target *t)
{
    const pb_descriptor *d;
    if (t->t == NULL && t->db == NULL)
        return NULL;
    ERR_TRY(catalog_descriptor(x->catalog, t->id, &d));
    return d != NULL ? catalog_check_any_privilege(x->catalog, x->user, d) : NULL;
}

/* Which of its table's subzones; 0: none. */
static struct error *
subzone_number(struct exec_ctx *x, const struct zone_target *t, const struct zone_source *from,
               int64_t *out)
{
    Amberdb__ZoneConfig *z;
    *out = 0;
    if (from->kind != ZONE_FROM_INDEX && from->kind != ZONE_FROM_PARTITION)
        return NULL;
    ERR_TRY(catalog_zone(x->catalog, x->arena, t->id, &z));
    const Amberdb__Subzone *const *v = z != NULL ? (void *)z->subzones : NULL;
    const char *partition = from->kind == ZONE_FROM_PARTITION ? t->partition : "";
    for (size_t i = 0; z != NULL && i < z->n_subzones; i++)
        if (PB_GET(v[i], index_id) == t->ix->id &&
            strcmp(pb_str(v[i]->partition_name), partition) == 0)
            *out = (int64_t)i + 1;
    return NULL;
}

static struct error *
put_one(struct exec_ctx *x, const struct zone_target *t, const struct zone_source *from,
        const char *text, Amberdb__ZoneConfig *z, struct row_sink *rows)
{
    const struct database *db = t->db;
    const struct table *table = from->kind >= ZONE_FROM_SELF ? t->t : NULL;
    bool is_range = t->t == NULL && t->db == NULL;
    uint32_t id = from->kind >= ZONE_FROM_SELF ? t->id : 0;
    int64_t subzone;
    ERR_TRY(subzone_number(x, t, from, &subzone));
    if (from->kind == ZONE_FROM_DATABASE)
        id = from->database_id;
    if (from->kind == ZONE_FROM_DEFAULT)
        db = NULL;
    else if (db == NULL && !is_range)
        ERR_TRY(catalog_database_by_id(x->catalog, table != NULL ? table->parent_id : id, &db));
    z->n_subzones = z->n_subzone_spans = 0;
    const char *sql = zone_sql(x->arena, text, z), *yaml = zone_yaml_text(x->arena, z);
    struct slice bytes = pb_pack_as_is(x->arena, PB_BASE(z));
    bool of_index = from->kind == ZONE_FROM_INDEX || from->kind == ZONE_FROM_PARTITION;
    struct datum row[] = {
        datum_cstr(text),
        datum_cstr(sql),
        datum_int(id),
        datum_int(subzone),
        text_datum(zone_range_name(id)),
        text_datum(db != NULL ? db->name : NULL),
        text_datum(table != NULL ? table->name : NULL),
        text_datum(of_index ? t->ix->name : NULL),
        text_datum(from->kind == ZONE_FROM_PARTITION ? t->partition : NULL),
        datum_cstr(yaml),
        datum_bytes(bytes.ptr, bytes.len),
        datum_cstr(yaml),
        datum_cstr(sql),
    };
    return row_put(rows, row);
}

static struct error *
show_one(struct exec_ctx *x, const struct ast_zone_target *n, struct row_sink *rows)
{
    struct zone_target *targets;
    size_t count;
    ERR_TRY(zone_resolve(x, n, &targets, &count));
    for (size_t i = 0; i < count; i++) {
        const struct zone_target *t = &targets[i];
        Amberdb__ZoneConfig *z;
        struct zone_source from;
        const char *text;
        ERR_TRY(check_visible(x, t));
        ERR_TRY(zone_effective(x, t->id, t->ix != NULL ? t->ix->id : 0, t->partition, &z, &from));
        ERR_TRY(source_text(x, t, &from, &text));
        ERR_TRY(put_one(x, t, &from, text, z, rows));
    }
    return NULL;
}

/* ---- all zones ------------------------------------------------------------------------------- */

struct all_zones {
    struct exec_ctx *x;
    struct row_sink *rows;
    size_t n, cap;
    struct stored_zone { uint32_t id; Amberdb__ZoneConfig *z; } *v;
};

static struct error *
note_zone(void *arg, const struct datum *row, bool *stop)
{
    struct all_zones *all = arg;
    struct arena *a = all->x->arena;
    (void)stop;
    if (row[1].null)
        return NULL;
    if (all->n == all->cap) {
        size_t cap = all->cap == 0 ? 16 : 2 * all->cap;
        all->v = arena_realloc(a, all->v, all->n * sizeof(*all->v), cap * sizeof(*all->v));
        all->cap = cap;
    }
    struct slice bytes = datum_slice(&row[1]);
    struct slice own = {arena_memdup(a, bytes.ptr, bytes.len), bytes.len};
    all->v[all->n].id = (uint32_t)row[0].i;
    return PB_PARSE(a, zone_config, "zone configuration", own, &all->v[all->n++].z);
}

static struct error *
put_zone_row(struct all_zones *all, const char *target, const Amberdb__ZoneConfig *z)
{
    struct datum row[2] = {datum_cstr(target), datum_cstr(zone_sql(all->x->arena, target, z))};
    return row_put(all->rows, row);
}

static struct error *
stored_zone(struct all_zones *all, uint32_t id, const Amberdb__ZoneConfig *z)
{
    struct exec_ctx *x = all->x;
    const char *range = zone_range_name(id);
    const struct database *db;
    const struct table *t;
    bool visible;
    if (range != NULL)
        return put_zone_row(all, arena_printf(x->arena, "RANGE %s", range), z);
    ERR_TRY(catalog_database_by_id(x->catalog, id, &db));
    if (db != NULL) {
        struct str s;
        ERR_TRY(show_is_visible(x, db->pb->privileges, &visible));
        str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
        str_append_cstr(&s, "DATABASE ");
        print_name(&s, slice_cstr(db->name));
        return visible ? put_zone_row(all, str_cstr(&s), z) : NULL;
    }
    ERR_TRY(catalog_table_by_id(x->catalog, id, &t));
    if (t == NULL)
        return NULL;
    ERR_TRY(show_is_visible(x, t->pb->privileges, &visible));
    if (!visible)
        return NULL;
    if (!zone_is_placeholder(z))
        ERR_TRY(put_zone_row(all, arena_printf(x->arena, "TABLE %s", ddl_qualified(x, t)), z));
    for (size_t i = 0; i < z->n_subzones; i++) {
        const char *target = zone_subzone_target(x, t, z->subzones[i]);
        if (target != NULL && z->subzones[i]->config != NULL)
            ERR_TRY(put_zone_row(all, target, z->subzones[i]->config));
    }
    return NULL;
}

static struct error *
show_all(struct exec_ctx *x, struct row_sink *rows)
{
    struct all_zones all = {.x = x, .rows = rows};
    ERR_TRY(sys_scan(x->catalog, ID_ZONES, NULL, NULL, 0, note_zone, &all));
    for (size_t i = 0; i < all.n; i++)
        ERR_TRY(stored_zone(&all, all.v[i].id, all.v[i].z));
    return NULL;
}

static struct error *
show_zone_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    bool was = catalog_see_offline(x->catalog, true);
    (void)tag;
    struct error *err = is_one_zone(s->show) ? show_one(x, &s->show->zone, rows)
                                             : show_all(x, rows);
    catalog_see_offline(x->catalog, was);
    return err;
}

/* ---- SHOW PARTITIONS ------------------------------------------------------------------------- */

static const struct result_column partition_columns[] = {
    {"database_name", &TYPE_STRING, 0, 0},   {"table_name", &TYPE_STRING, 0, 0},
    {"partition_name", &TYPE_STRING, 0, 0},  {"parent_partition", &TYPE_STRING, 0, 0},
    {"column_names", &TYPE_STRING, 0, 0},    {"index_name", &TYPE_STRING, 0, 0},
    {"partition_value", &TYPE_STRING, 0, 0}, {"zone_config", &TYPE_STRING, 0, 0},
    {"full_zone_config", &TYPE_STRING, 0, 0},
};
STATEMENT_COLUMNS(show_partitions_columns, partition_columns)

struct partition_rows {
    struct exec_ctx *x;
    struct row_sink *rows;
    const char *database;
    const struct table *t;
    const struct index *ix;
    const Amberdb__ZoneConfig *stored;
};

static struct error *
tuple(struct partition_rows *p, struct str *s, int first, int n, ProtobufCBinaryData bytes)
{
    struct partition_tuple tup;
    ERR_TRY(partition_tuple_decode(p->x->arena, p->t, p->ix, first, n, pb_bytes(bytes), &tup));
    partition_tuple_format(s, p->t, p->ix, first, &tup);
    return NULL;
}

static struct error *
partition_row(struct partition_rows *p, const char *name, const char *parent, int first, int n,
              const char *value)
{
    struct arena *a = p->x->arena;
    struct str columns, vars, full;
    Amberdb__ZoneConfig *z;
    const Amberdb__ZoneConfig *own = zone_subzone(p->stored, p->ix->id, name);
    str_init_arena(&columns, a, STR_MAX_DEFAULT);
    str_init_arena(&vars, a, STR_MAX_DEFAULT);
    str_init_arena(&full, a, STR_MAX_DEFAULT);
    for (int i = 0; i < n; i++)
        str_printf(&columns, "%s%s", i > 0 ? ", " : "",
                   p->t->columns[p->ix->keys[first + i]].name);
    if (own != NULL)
        zone_vars(a, &vars, own, "");
    ERR_TRY(zone_effective(p->x, p->t->id, p->ix->id, name, &z, NULL));
    zone_vars(a, &full, z, "");
    struct datum row[] = {
        datum_cstr(p->database),
        datum_cstr(p->t->name),
        datum_cstr(name),
        text_datum(parent),
        datum_cstr(str_cstr(&columns)),
        datum_cstr(arena_printf(a, "%s@%s", p->t->name, p->ix->name)),
        datum_cstr(value),
        own != NULL ? datum_cstr(str_cstr(&vars)) : DATUM_NULL,
        datum_cstr(str_cstr(&full)),
    };
    return row_put(p->rows, row);
}

static struct error *
partitions_of(struct partition_rows *p, const Amberdb__PartitioningDescriptor *d,
              const char *parent, int first)
{
    int n = d != NULL ? (int)PB_GET(d, num_columns) : 0;
    if (n == 0 || n > p->ix->n_keys - first)
        return NULL;
    for (size_t i = 0; i < d->n_list; i++) {
        const Amberdb__PartitionList *l = d->list[i];
        struct str value;
        str_init_arena(&value, p->x->arena, STR_MAX_DEFAULT);
        for (size_t k = 0; k < l->n_values; k++) {
            str_append_cstr(&value, k > 0 ? ", " : "");
            ERR_TRY(tuple(p, &value, first, n, l->values[k]));
        }
        ERR_TRY(partition_row(p, pb_str(l->name), parent, first, n, str_cstr(&value)));
        ERR_TRY(partitions_of(p, l->subpartitioning, pb_str(l->name), first + n));
    }
    for (size_t i = 0; i < d->n_range; i++) {
        const Amberdb__PartitionRange *r = d->range[i];
        struct str value;
        str_init_arena(&value, p->x->arena, STR_MAX_DEFAULT);
        ERR_TRY(tuple(p, &value, first, n, r->from_inclusive));
        str_append_cstr(&value, " TO ");
        ERR_TRY(tuple(p, &value, first, n, r->to_exclusive));
        ERR_TRY(partition_row(p, pb_str(r->name), parent, first, n, str_cstr(&value)));
    }
    return NULL;
}

static struct error *
table_partitions(struct exec_ctx *x, struct row_sink *rows, const struct table *t,
                 const struct index *only)
{
    struct partition_rows p = {.x = x, .rows = rows, .t = t};
    const struct database *db;
    Amberdb__ZoneConfig *stored;
    if (t->is_view || t->is_sequence || t->is_virtual)
        return NULL;
    ERR_TRY(catalog_database_by_id(x->catalog, t->parent_id, &db));
    p.database = db != NULL ? db->name : "";
    ERR_TRY(catalog_zone(x->catalog, x->arena, t->id, &stored));
    p.stored = stored;
    for (int i = 0; i < t->n_indexes; i++) {
        if (only != NULL && only->id != t->indexes[i].id)
            continue;
        p.ix = &t->indexes[i];
        ERR_TRY(partitions_of(&p, p.ix->pb->partitioning, NULL, 0));
    }
    return NULL;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp((*(const struct table *const *)a)->name, (*(const struct table *const *)b)->name);
}

static struct error *
show_partitions_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                    char **tag)
{
    const struct ast_show *n = s->show;
    const struct table *t;
    (void)tag;
    if (n->index != NULL) {
        struct found_index f;
        if (!n->index->has_table)
            return err_hint(err_new(ERR_UNCATEGORIZED, "no table specified"),
                            "Specify a table using the hint syntax of table@index");
        ERR_TRY(show_table(x, &n->index->table, &t, NULL, NULL));
        if (n->index->all)
            return table_partitions(x, rows, t, NULL);
        ERR_TRY(ddl_find_index(x, n->index, false, &f));
        return table_partitions(x, rows, f.t, f.ix);
    }
    if (n->table.count > 0) {
        ERR_TRY(show_table(x, &n->table, &t, NULL, NULL));
        return table_partitions(x, rows, t, NULL);
    }
    const struct database *db;
    const struct table **tables;
    size_t n_tables;
    ERR_TRY(show_database(x, n->database, n->has_database || n->database.len > 0, &db));
    if (db == NULL)
        return err_new(ERR_UNDEFINED_OBJECT, "no database specified");
    ERR_TRY(catalog_list_tables(x->catalog, x->arena, db->id, &tables, &n_tables));
    qsort(tables, n_tables, sizeof(*tables), by_name);
    for (size_t i = 0; i < n_tables; i++) {
        bool visible;
        ERR_TRY(show_is_visible(x, tables[i]->pb->privileges, &visible));
        if (visible)
            ERR_TRY(table_partitions(x, rows, tables[i], NULL));
    }
    return NULL;
}

static const struct statement_ops show_zones_ops[] = {
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_ZONE_CONFIG, .tag = "SHOW ZONE CONFIGURATION ",
     .columns = show_zone_columns, .run = show_zone_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_PARTITIONS, .tag = "SHOW PARTITIONS ",
     .columns = show_partitions_columns, .run = show_partitions_run},
};

const struct statement_family statement_family_show_zones = {
    show_zones_ops, sizeof(show_zones_ops) / sizeof(show_zones_ops[0])};
