/* executor/show/crdb_zones.c - crdb_internal.zones: what system.zones holds, with names and as text.
 *
 * SOURCE of columns: CockroachDB v20.1 pkg/sql/crdb_internal.go, crdbInternalZonesTable.
 */
#include "config.h"

#include "executor/show/cat_int.h"

#include "catalog/pb.h"
#include "catalog/sysrow.h"
#include "executor/schema/zone.h"
#include "grammar/print.h"

struct zones {
    struct exec_ctx *x;
    struct row_sink *rows;
};

/* What one row of system.zones is about. */
struct zone_object {
    uint32_t id;
    const char *range, *db, *table;
    const struct table *t;
};

static const struct {
    uint32_t id;
    const char *name;
} ranges[] = {{0, "default"}, {16, "meta"}, {17, "system"}, {18, "timeseries"}, {22, "liveness"}};

static const char *
quoted(struct arena *a, const char *name)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    print_name(&s, slice_cstr(name));
    return str_cstr(&s);
}

static const char *
object_target(struct arena *a, const struct zone_object *o)
{
    if (o->range != NULL)
        return arena_printf(a, "RANGE %s", o->range);
    if (o->table == NULL)
        return arena_printf(a, "DATABASE %s", quoted(a, o->db));
    return arena_printf(a, "TABLE %s.public.%s", quoted(a, o->db), quoted(a, o->table));
}

static struct error *
put_zone(const struct zones *w, const struct zone_object *o, const Amberdb__Subzone *sub,
         int subzone, const char *target, const Amberdb__ZoneConfig *z)
{
    struct arena *a = w->x->arena;
    const struct index *ix = sub != NULL ? table_index_by_id(o->t, PB_GET(sub, index_id)) : NULL;
    const char *partition = sub != NULL ? pb_str(sub->partition_name) : "";
    Amberdb__ZoneConfig *full;
    ERR_TRY(zone_effective(w->x, o->id, sub != NULL ? PB_GET(sub, index_id) : 0,
                           *partition != '\0' ? partition : NULL, &full, NULL));
    struct slice bytes = pb_pack_as_is(a, PB_BASE(z));
    const struct datum row[] = {
        I(o->id), I(subzone), T(target), T(o->range), T(o->db), T(o->table),
        T(ix != NULL ? ix->name : NULL), *partition != '\0' ? T(partition) : NUL,
        T(zone_yaml_text(a, z)), T(zone_sql(a, target, z)), datum_bytes(bytes.ptr, bytes.len),
        T(zone_yaml_text(a, full)), T(zone_sql(a, target, full)),
    };
    return row_put(w->rows, row);
}

/* *found false: the object is gone, or not for the user to see. */
static struct error *
find_object(struct exec_ctx *x, uint32_t id, struct zone_object *o, bool *found)
{
    const struct database *db;
    *o = (struct zone_object){.id = id};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (ranges[i].id == id)
            o->range = ranges[i].name;
    *found = o->range != NULL;
    if (*found)
        return NULL;
    ERR_TRY(catalog_database_by_id(x->catalog, id, &db));
    if (db != NULL) {
        o->db = db->name;
        return show_is_visible(x, db->pb->privileges, found);
    }
    ERR_TRY(catalog_table_by_id(x->catalog, id, &o->t));
    if (o->t == NULL)
        return NULL;
    o->table = o->t->name;
    ERR_TRY(catalog_database_by_id(x->catalog, o->t->parent_id, &db));
    o->db = db != NULL ? db->name : "";
    return show_is_visible(x, o->t->pb->privileges, found);
}

static struct error *
put_zones(void *arg, const struct datum *row, bool *stop)
{
    const struct zones *w = arg;
    struct exec_ctx *x = w->x;
    struct zone_object o;
    Amberdb__ZoneConfig *z;
    bool found;
    (void)stop;
    ERR_TRY(find_object(x, (uint32_t)row[0].i, &o, &found));
    if (!found || row[1].null)
        return NULL;
    ERR_TRY(PB_PARSE(x->arena, zone_config, "zone configuration", datum_slice(&row[1]), &z));
    if (!zone_is_placeholder(z)) {
        Amberdb__ZoneConfig own = *z;
        own.n_subzones = own.n_subzone_spans = 0;
        ERR_TRY(put_zone(w, &o, NULL, 0, object_target(x->arena, &o), &own));
    }
    for (size_t i = 0; o.t != NULL && i < z->n_subzones; i++) {
        const char *target = zone_subzone_target(x, o.t, z->subzones[i]);
        if (target != NULL && z->subzones[i]->config != NULL)
            ERR_TRY(put_zone(w, &o, z->subzones[i], (int)i + 1, target, z->subzones[i]->config));
    }
    return NULL;
}

static struct error *
zones_rows(struct exec_ctx *x, const struct virtual_scan *v, struct row_sink *rows)
{
    struct zones w = {x, rows};
    (void)v;
    bool was = catalog_see_offline(x->catalog, true);
    struct error *err = sys_scan(x->catalog, ID_ZONES, NULL, NULL, 0, put_zones, &w);
    catalog_see_offline(x->catalog, was);
    return err;
}

static const struct virtual_table tables[] = {
    {"crdb_internal", "zones",
     "zone_id INT NOT NULL, subzone_id INT NOT NULL, target STRING, range_name STRING, "
     "database_name STRING, table_name STRING, index_name STRING, partition_name STRING, "
     "raw_config_yaml STRING NOT NULL, raw_config_sql STRING, "
     "raw_config_protobuf BYTES NOT NULL, full_config_yaml STRING NOT NULL, "
     "full_config_sql STRING",
     zones_rows, "decoded zone configurations from system.zones (KV scan)"},
};
VIRTUAL_GROUP(crdb_zones, tables);
