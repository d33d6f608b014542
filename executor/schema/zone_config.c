/* ALTER ... CONFIGURE ZONE. */
#include "config.h"

#include "executor/schema/zone.h"

#include "catalog/pb.h"
#include "executor/cluster.h"
#include "executor/schema/schema_int.h"
#include "grammar/print.h"

#define MIN_RANGE_MAX_BYTES 65536
#define MAX_SYSTEM_CONFIG_ID 10

static const struct range_zone {
    const char *name;
    uint32_t id;
} range_zones[] = {
    {"default", 0}, {"meta", 16}, {"system", 17}, {"timeseries", 18}, {"liveness", 22},
};

const char *
zone_range_name(uint32_t id)
{
    for (size_t i = 0; i < sizeof(range_zones) / sizeof(range_zones[0]); i++)
        if (range_zones[i].id == id)
            return range_zones[i].name;
    return NULL;
}

/* ---- targets --------------------------------------------------------------------------------- */

static struct error *
range_target(struct exec_ctx *x, const struct ast_zone_target *n, struct zone_target *out)
{
    for (size_t i = 0; i < sizeof(range_zones) / sizeof(range_zones[0]); i++)
        if (slice_eq(n->name, slice_cstr(range_zones[i].name))) {
            out->id = range_zones[i].id;
            out->text = arena_printf(x->arena, "RANGE %s", range_zones[i].name);
            return NULL;
        }
    return err_new(ERR_UNCATEGORIZED, "\"%s\" is not a built-in zone", ddl_text(x, n->name));
}

/* As printed for one target: t, d.public.t, t@i, without needless quotes. */
static const char *
index_shown(struct exec_ctx *x, const struct ast_index_name *n, const struct table *t,
            const struct index *ix)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    if (n->has_table)
        print_object_name(&s, &n->table, NULL);
    else
        str_append_cstr(&s, ddl_qualified(x, t));
    str_append_char(&s, '@');
    if (strcmp(ix->name, "primary") == 0)
        str_append_cstr(&s, "primary");
    else
        print_name(&s, slice_cstr(ix->name));
    return str_cstr(&s);
}

static struct error *
index_target(struct exec_ctx *x, const struct ast_index_name *n, struct zone_target *out)
{
    struct found_index f;
    struct error *err = ddl_find_index(x, n, false, &f);
    if (err != NULL)
        return err_is(err, ERR_UNDEFINED_OBJECT)
                   ? err_hint(err, "try specifying the index as <tablename>@<indexname>")
                   : err;
    out->t = f.t;
    out->id = f.t->id;
    out->ix = f.ix;
    out->text = arena_printf(x->arena, "INDEX %s", index_shown(x, n, f.t, f.ix));
    return NULL;
}

static const char *
partition_shown(struct exec_ctx *x, const char *partition, const char *of)
{
    struct str s;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    str_append_cstr(&s, "PARTITION ");
    print_name(&s, slice_cstr(partition));
    str_printf(&s, " OF %s", of);
    return str_cstr(&s);
}

static struct error *
partition_of_table(struct exec_ctx *x, const struct ast_zone_target *n, struct zone_target *out)
{
    const char *name = ddl_text(x, n->partition);
    ERR_TRY(ddl_relation(x, &n->table, DDL_TABLE, false, PRIV_CREATE, &out->t, NULL));
    out->id = out->t->id;
    out->partition = name;
    for (int i = 0; i < out->t->n_indexes; i++) {
        if (!zone_has_partition(out->t->indexes[i].pb->partitioning, name))
            continue;
        if (out->ix != NULL)
            return err_hint(err_new(ERR_INVALID_PARAMETER_VALUE,
                                    "partition \"%s\" exists on multiple indexes of table \"%s\"",
                                    name, out->t->name),
                            "try ALTER PARTITION ... OF INDEX ...");
        out->ix = &out->t->indexes[i];
    }
    if (out->ix == NULL)
        return err_new(ERR_UNCATEGORIZED, "partition \"%s\" does not exist on table \"%s\"", name,
                       out->t->name);
    out->text = partition_shown(x, name, arena_printf(x->arena, "TABLE %s",
                                                      ddl_name_shown(x, &n->table)));
    return NULL;
}

static struct error *
partition_of_indexes(struct exec_ctx *x, const struct ast_zone_target *n,
                     struct zone_target **out, size_t *n_out)
{
    const char *name = ddl_text(x, n->partition);
    struct zone_target one = {.partition = name};
    *n_out = 0;
    if (!n->index.all) {
        ERR_TRY(index_target(x, &n->index, &one));
        if (!zone_has_partition(one.ix->pb->partitioning, name))
            return err_new(ERR_UNCATEGORIZED, "partition \"%s\" does not exist on index \"%s\"",
                           name, one.ix->name);
        one.text = partition_shown(x, name, one.text);
        PB_PUSH(x->arena, *out, *n_out, one);
        return NULL;
    }
    ERR_TRY(ddl_relation(x, &n->index.table, DDL_TABLE, false, PRIV_CREATE, &one.t, NULL));
    one.id = one.t->id;
    for (int i = 0; i < one.t->n_indexes; i++) {
        one.ix = &one.t->indexes[i];
        if (!zone_has_partition(one.ix->pb->partitioning, name))
            continue;
        struct ast_index_name shown = n->index;
        shown.has_table = true;
        one.text = partition_shown(x, name, arena_printf(x->arena, "INDEX %s",
                                                         index_shown(x, &shown, one.t, one.ix)));
        PB_PUSH(x->arena, *out, *n_out, one);
    }
    return NULL;
}

struct error *
zone_resolve(struct exec_ctx *x, const struct ast_zone_target *n, struct zone_target **out,
             size_t *n_out)
{
    struct zone_target t = {0};
    struct str s;
    *out = NULL;
    *n_out = 0;
    switch (n->kind) {
    case AST_ZONE_RANGE:
        ERR_TRY(range_target(x, n, &t));
        break;
    case AST_ZONE_DATABASE:
        ERR_TRY(ddl_database(x, n->name, false, &t.db));
        t.id = t.db->id;
        str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
        str_append_cstr(&s, "DATABASE ");
        print_name(&s, n->name);
        t.text = str_cstr(&s);
        break;
    case AST_ZONE_TABLE:
        ERR_TRY(ddl_relation(x, &n->table, DDL_ANY, false, PRIV_CREATE, &t.t, NULL));
        t.id = t.t->id;
        t.text = arena_printf(x->arena, "TABLE %s", ddl_name_shown(x, &n->table));
        break;
    case AST_ZONE_INDEX:
        ERR_TRY(index_target(x, &n->index, &t));
        break;
    case AST_ZONE_PARTITION_OF_TABLE:
        ERR_TRY(partition_of_table(x, n, &t));
        break;
    case AST_ZONE_PARTITION_OF_INDEX:
        return partition_of_indexes(x, n, out, n_out);
    default:
        return err_new(ERR_INTERNAL, "a zone without a target");
    }
    PB_PUSH(x->arena, *out, *n_out, t);
    return NULL;
}

/* ---- rights ---------------------------------------------------------------------------------- */

static struct error *
check_rights(struct exec_ctx *x, const struct zone_target *t)
{
    const pb_descriptor *d;
    if (t->t == NULL && t->db == NULL)
        return catalog_check_admin(x->catalog, x->user, "alter system ranges");
    if (t->db != NULL && t->db->id == ID_SYSTEM_DB)
        return catalog_check_admin(x->catalog, x->user, "alter the system database");
    if (t->t != NULL && t->t->parent_id == ID_SYSTEM_DB) {
        ERR_TRY(catalog_check_admin(x->catalog, x->user, "alter system tables"));
        if (t->t->id <= MAX_SYSTEM_CONFIG_ID || t->t->id == ID_NAMESPACE)
            return err_new(ERR_CHECK_VIOLATION,
                           "cannot set zone configs for system config tables; try setting your "
                           "config on the entire \"system\" database instead");
        return NULL;
    }
    ERR_TRY(catalog_descriptor(x->catalog, t->id, &d));
    struct error *err = catalog_check_privilege(x->catalog, x->user, d, PRIV_CREATE);
    if (err == NULL)
        return NULL;
    err_free(err);
    err = catalog_check_privilege(x->catalog, x->user, d, PRIV_ZONECONFIG);
    if (err == NULL)
        return NULL;
    err_free(err);
    return err_new(ERR_INSUFFICIENT_PRIVILEGE,
                   "user %s does not have ZONECONFIG or CREATE privilege on %s %s", x->user,
                   t->db != NULL ? "database" : "relation",
                   t->db != NULL ? t->db->name : t->t->name);
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *const variable_names[] = {"range_min_bytes", "range_max_bytes", "gc.ttlseconds",
                                             "num_replicas", "constraints", "lease_preferences"};
enum { VAR_MIN, VAR_MAX, VAR_TTL, VAR_REPLICAS, VAR_CONSTRAINTS, VAR_PREFERENCES, N_VARIABLES };

static struct error *
set_number(struct exec_ctx *x, Amberdb__ZoneConfig *z, int var, int64_t v)
{
    switch (var) {
    case VAR_MIN:
        PB_SET(z, range_min_bytes, v);
        break;
    case VAR_MAX:
        PB_SET(z, range_max_bytes, v);
        break;
    case VAR_TTL:
        z->gc = PB_NEW(x->arena, GCPolicy, gcpolicy);
        PB_SET(z->gc, ttl_seconds, (int32_t)v);
        break;
    default:
        PB_SET(z, num_replicas, (int32_t)v);
        break;
    }
    return NULL;
}

static void
copy_from(Amberdb__ZoneConfig *z, const Amberdb__ZoneConfig *parent, int var)
{
    switch (var) {
    case VAR_MIN:
        PB_SET(z, range_min_bytes, parent->range_min_bytes);
        break;
    case VAR_MAX:
        PB_SET(z, range_max_bytes, parent->range_max_bytes);
        break;
    case VAR_TTL:
        z->gc = parent->gc;
        break;
    case VAR_REPLICAS:
        PB_SET(z, num_replicas, parent->num_replicas);
        break;
    case VAR_CONSTRAINTS:
        z->constraints = parent->constraints;
        z->n_constraints = parent->n_constraints;
        PB_SET(z, inherited_constraints, 0);
        break;
    default:
        z->lease_preferences = parent->lease_preferences;
        z->n_lease_preferences = parent->n_lease_preferences;
        PB_SET(z, inherited_lease_preferences, 0);
        break;
    }
}

static struct error *
set_option(struct exec_ctx *x, Amberdb__ZoneConfig *z, const Amberdb__ZoneConfig *parent,
           const struct ast_zone_option *o, int var)
{
    const char *key = variable_names[var];
    struct datum d;
    if (o->value == NULL) {
        copy_from(z, parent, var);
        return NULL;
    }
    const struct type *type = var < VAR_CONSTRAINTS ? &TYPE_INT8 : &TYPE_STRING;
    ERR_TRY(exec_eval_const(x, o->value, type, key, &d));
    if (d.null)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "unsupported NULL value for \"%s\"", key);
    if (var == VAR_CONSTRAINTS)
        return zone_parse_constraints(x->arena, datum_slice(&d), z);
    if (var == VAR_PREFERENCES)
        return zone_parse_preferences(x->arena, datum_slice(&d), z);
    if ((var == VAR_TTL || var == VAR_REPLICAS) && (d.i > INT32_MAX || d.i < INT32_MIN))
        return err_new(ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return set_number(x, z, var, d.i);
}

/* Each name known and given once; *vars in the order written. */
static struct error *
check_options(struct exec_ctx *x, const struct ast_set_zone_config *n, int *vars)
{
    for (int i = 0; i < n->count; i++) {
        vars[i] = -1;
        for (int k = 0; k < N_VARIABLES; k++)
            if (slice_eq(n->items[i].key, slice_cstr(variable_names[k])))
                vars[i] = k;
        if (vars[i] < 0)
            return err_new(ERR_INVALID_PARAMETER_VALUE, "unsupported zone config parameter: \"%s\"",
                           ddl_text(x, n->items[i].key));
        for (int k = 0; k < i; k++)
            if (vars[k] == vars[i])
                return err_new(ERR_INVALID_PARAMETER_VALUE,
                               "duplicate zone config parameter: \"%s\"", variable_names[vars[i]]);
    }
    return NULL;
}

/* ---- validation ------------------------------------------------------------------------------ */

static struct error *
together(const char *what)
{
    return err_hint(err_new(ERR_INVALID_PARAMETER_VALUE, "could not validate zone config: %s", what),
                    "try ALTER ... CONFIGURE ZONE USING <field_name> = COPY FROM PARENT [, ...] to "
                    "populate the field");
}

static struct error *
validate_tandem(const Amberdb__ZoneConfig *z)
{
    bool per_replica = z->n_constraints > 0 && PB_GET(z->constraints[0], num_replicas) != 0;
    if (z->has_range_min_bytes != z->has_range_max_bytes)
        return together("range_min_bytes and range_max_bytes must be set together");
    if (per_replica && !PB_GET(z, inherited_constraints) && !z->has_num_replicas)
        return together("when per-replica constraints are set, num_replicas must be set as well");
    if (!PB_GET(z, inherited_lease_preferences) && PB_GET(z, inherited_constraints))
        return together("lease preferences can not be set unless the constraints are explicitly set "
                        "as well");
    return NULL;
}

#define INVALID(...) err_new(ERR_CHECK_VIOLATION, "could not validate zone config: " __VA_ARGS__)

static struct error *
validate_constraints(const Amberdb__ZoneConfig *z)
{
    int64_t constrained = 0;
    for (size_t i = 0; i < z->n_constraints; i++) {
        const Amberdb__Constraints *c = z->constraints[i];
        constrained += PB_GET(c, num_replicas);
        for (size_t k = 0; k < c->n_constraints; k++) {
            if (c->constraints[k]->type == AMBERDB__CONSTRAINT_KIND__DEPRECATED_POSITIVE)
                return INVALID("constraints must either be required (prefixed with a '+') or "
                               "prohibited (prefixed with a '-')");
            if (PB_GET(c, num_replicas) != 0 &&
                c->constraints[k]->type != AMBERDB__CONSTRAINT_KIND__REQUIRED)
                return INVALID("only required constraints (prefixed with a '+') can be applied to a "
                               "subset of replicas");
        }
    }
    if (constrained > z->num_replicas)
        return INVALID("the number of replicas specified in constraints (%lld) cannot be greater "
                       "than the number of replicas configured for the zone (%d)",
                       (long long)constrained, (int)z->num_replicas);
    for (size_t i = 0; i < z->n_lease_preferences; i++) {
        const Amberdb__LeasePreference *l = z->lease_preferences[i];
        if (l->n_constraints == 0)
            return INVALID("every lease preference must include at least one constraint");
        for (size_t k = 0; k < l->n_constraints; k++)
            if (l->constraints[k]->type == AMBERDB__CONSTRAINT_KIND__DEPRECATED_POSITIVE)
                return INVALID("lease preference constraints must either be required (prefixed with "
                               "a '+') or prohibited (prefixed with a '-')");
    }
    return NULL;
}

static struct error *
validate(const Amberdb__ZoneConfig *z)
{
    if (z->num_replicas <= 0)
        return INVALID("at least one replica is required");
    if (z->num_replicas == 2)
        return INVALID("at least 3 replicas are required for multi-replica configurations");
    if (z->range_max_bytes < MIN_RANGE_MAX_BYTES)
        return INVALID("RangeMaxBytes %lld less than minimum allowed %d",
                       (long long)z->range_max_bytes, MIN_RANGE_MAX_BYTES);
    if (z->range_min_bytes < 0)
        return INVALID("RangeMinBytes %lld less than minimum allowed 0",
                       (long long)z->range_min_bytes);
    if (z->range_min_bytes >= z->range_max_bytes)
        return INVALID("RangeMinBytes %lld is greater than or equal to RangeMaxBytes %lld",
                       (long long)z->range_min_bytes, (long long)z->range_max_bytes);
    if (z->gc != NULL && z->gc->ttl_seconds < 1)
        return INVALID("GC.TTLSeconds %d less than minimum allowed 1", (int)z->gc->ttl_seconds);
    return validate_constraints(z);
}

/* A required key=value that is a tier of no node. Nodes have no attributes. */
static struct error *
some_node_has(struct exec_ctx *x, Amberdb__Constraint *const *v, size_t n)
{
    size_t n_nodes;
    const struct cluster_node *nodes = cluster_nodes(x->node->cluster, x->arena, &n_nodes);
    for (size_t i = 0; i < n; i++) {
        if (v[i]->type != AMBERDB__CONSTRAINT_KIND__REQUIRED)
            continue;
        bool has_key = *v[i]->key != '\0', found = false;
        const char *tier = has_key ? arena_printf(x->arena, "%s=%s", v[i]->key, v[i]->value)
                                   : v[i]->value;
        for (size_t k = 0; k < n_nodes && has_key && !found; k++)
            found = locality_has(nodes[k].locality, tier);
        if (!found)
            return err_new(ERR_CHECK_VIOLATION,
                           "constraint \"+%s\" matches no existing nodes within the cluster - did "
                           "you enter it correctly?", tier);
    }
    return NULL;
}

static struct error *
validate_nodes(struct exec_ctx *x, const Amberdb__ZoneConfig *z)
{
    for (size_t i = 0; i < z->n_constraints; i++)
        ERR_TRY(some_node_has(x, z->constraints[i]->constraints, z->constraints[i]->n_constraints));
    for (size_t i = 0; i < z->n_lease_preferences; i++)
        ERR_TRY(some_node_has(x, z->lease_preferences[i]->constraints,
                              z->lease_preferences[i]->n_constraints));
    return NULL;
}

/* ---- the statement --------------------------------------------------------------------------- */

/* The factory's RANGE default. SOURCE: cluster.md 2 */
static Amberdb__ZoneConfig *
factory_default(struct exec_ctx *x)
{
    Amberdb__ZoneConfig *z = PB_NEW(x->arena, ZoneConfig, zone_config);
    PB_SET(z, range_min_bytes, 134217728);
    PB_SET(z, range_max_bytes, 536870912);
    z->gc = PB_NEW(x->arena, GCPolicy, gcpolicy);
    PB_SET(z->gc, ttl_seconds, 90000);
    PB_SET(z, num_replicas, 3);
    return z;
}

/* What the object inherits: its effective configuration without its own part. */
static struct error *
parent_of(struct exec_ctx *x, const struct zone_target *t, Amberdb__ZoneConfig **out)
{
    if (t->id == 0) {
        *out = factory_default(x);
        return NULL;
    }
    if (t->partition != NULL)
        return zone_effective(x, t->id, t->ix->id, NULL, out, NULL);
    if (t->ix != NULL)
        return zone_effective(x, t->id, 0, NULL, out, NULL);
    return zone_effective(x, t->t != NULL ? t->t->parent_id : 0, 0, NULL, out, NULL);
}

static struct error *
discard(struct exec_ctx *x, const struct zone_target *t, Amberdb__ZoneConfig *row, int *n)
{
    if (t->id == 0)
        return err_new(ERR_CHECK_VIOLATION, "cannot remove default zone");
    if (row == NULL)
        return NULL;
    if (t->ix == NULL) {
        if (zone_is_placeholder(row))
            return NULL;
        *n += 1;
        if (row->n_subzones == 0)
            return zone_delete(x, t->id);
        Amberdb__ZoneConfig *z = PB_NEW(x->arena, ZoneConfig, zone_config);
        PB_SET(z, num_replicas, 0);
        z->subzones = row->subzones;
        z->n_subzones = row->n_subzones;
        return zone_store_table(x, t->t, z);
    }
    for (size_t i = 0; i < row->n_subzones; i++)
        if (PB_GET(row->subzones[i], index_id) == t->ix->id &&
            strcmp(pb_str(row->subzones[i]->partition_name), pb_str(t->partition)) == 0) {
            PB_REMOVE(row->subzones, row->n_subzones, i);
            *n += 1;
            return zone_store_table(x, t->t, row);
        }
    return NULL;
}

static struct error *
store_subzone(struct exec_ctx *x, const struct zone_target *t, Amberdb__ZoneConfig *row,
              Amberdb__ZoneConfig *z)
{
    Amberdb__Subzone *s = NULL;
    if (row == NULL) {
        row = PB_NEW(x->arena, ZoneConfig, zone_config);
        PB_SET(row, num_replicas, 0);
    }
    for (size_t i = 0; i < row->n_subzones; i++)
        if (PB_GET(row->subzones[i], index_id) == t->ix->id &&
            strcmp(pb_str(row->subzones[i]->partition_name), pb_str(t->partition)) == 0)
            s = row->subzones[i];
    if (s == NULL) {
        s = PB_NEW(x->arena, Subzone, subzone);
        PB_SET(s, index_id, t->ix->id);
        s->partition_name = arena_strdup(x->arena, pb_str(t->partition));
        PB_PUSH(x->arena, row->subzones, row->n_subzones, s);
    }
    s->config = z;
    return zone_store_table(x, t->t, row);
}

/* The object's own configuration, new when it has none. */
static Amberdb__ZoneConfig *
own_config(struct exec_ctx *x, const struct zone_target *t, Amberdb__ZoneConfig *row)
{
    const Amberdb__ZoneConfig *sub;
    if (t->ix != NULL) {
        sub = zone_subzone(row, t->ix->id, t->partition);
        return sub != NULL ? (Amberdb__ZoneConfig *)(void *)pb_copy(x->arena, PB_BASE(sub))
                           : zone_new(x->arena);
    }
    if (row != NULL && !zone_is_placeholder(row))
        return row;
    return zone_new(x->arena);
}

static struct error *
yaml_of(struct exec_ctx *x, const struct ast_set_zone_config *n, struct slice *out)
{
    struct type_ctx tc;
    struct expr *e;
    struct datum d;
    type_ctx_init(&tc, exec_planner(x), NULL, "CONFIGURE ZONE",
                  REJECT_COLUMNS | REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS |
                      REJECT_SUBQUERIES);
    ERR_TRY(type_expr(&tc, n->yaml, &TYPE_STRING, &e));
    if (e->type->family != FAMILY_STRING && e->type->family != FAMILY_BYTES &&
        e->type->family != FAMILY_UNKNOWN)
        return err_new(ERR_INVALID_PARAMETER_VALUE,
                       "zone config must be of type string or bytes, not %s",
                       type_name_str(x->arena, e->type));
    ERR_TRY(expr_eval(e, &x->env, &x->state, NULL, &d));
    *out = d.null ? SLICE_NULL : datum_slice(&d);
    return NULL;
}

static struct error *
configure(struct exec_ctx *x, const struct ast_set_zone_config *n, const int *vars,
          const struct zone_target *t, int *n_rows)
{
    Amberdb__ZoneConfig *row, *parent, *whole;
    struct slice yaml = SLICE_NULL;
    ERR_TRY(check_rights(x, t));
    ERR_TRY(catalog_zone(x->catalog, x->arena, t->id, &row));
    if (n->action == AST_ZONE_YAML)
        ERR_TRY(yaml_of(x, n, &yaml));
    if (n->action == AST_ZONE_DISCARD || (n->action == AST_ZONE_YAML && yaml.ptr == NULL)) {
        ERR_TRY(discard(x, t, row, n_rows));
        return ddl_event_named(x, "remove_zone_config", t->id, "Target", t->text);
    }
    if (t->ix != NULL && t->ix->pb->interleave != NULL && t->ix->pb->interleave->n_ancestors > 0)
        return err_new(ERR_UNCATEGORIZED,
                       "cannot set a zone config for interleaved index %s; set it on the root of "
                       "the interleaved hierarchy instead", t->ix->name);
    ERR_TRY(parent_of(x, t, &parent));
    Amberdb__ZoneConfig *z = own_config(x, t, row);
    if (n->action == AST_ZONE_USING_DEFAULT)
        z = t->id == 0 ? factory_default(x) : zone_new(x->arena);
    for (int i = 0; i < n->count; i++)
        ERR_TRY(set_option(x, z, parent, &n->items[i], vars[i]));
    if (n->action == AST_ZONE_YAML)
        ERR_TRY(zone_parse_config(x->arena, yaml, z));
    if (t->id != 0)
        ERR_TRY(validate_tandem(z));
    whole = (Amberdb__ZoneConfig *)(void *)pb_copy(x->arena, PB_BASE(z));
    zone_inherit(whole, parent);
    ERR_TRY(validate(whole));
    ERR_TRY(validate_nodes(x, z));
    *n_rows += 1;
    if (t->ix != NULL) {
        ERR_TRY(store_subzone(x, t, row, z));
    } else if (t->t != NULL) {
        if (row != NULL && z != row) {
            z->subzones = row->subzones;
            z->n_subzones = row->n_subzones;
        }
        ERR_TRY(zone_store_table(x, t->t, z));
    } else {
        ERR_TRY(zone_put(x, t->id, z));
    }
    return ddl_event_named(x, "set_zone_config", t->id, "Target", t->text);
}

static struct error *
set_zone_config(struct exec_ctx *x, const struct ast_set_zone_config *n, char **tag)
{
    int *vars = ARENA_ARRAY(x->arena, int, (size_t)n->count + 1);
    struct zone_target *targets;
    size_t n_targets;
    int n_rows = 0;
    ERR_TRY(check_options(x, n, vars));
    ERR_TRY(zone_resolve(x, &n->target, &targets, &n_targets));
    for (size_t i = 0; i < n_targets; i++)
        ERR_TRY(configure(x, n, vars, &targets[i], &n_rows));
    *tag = arena_printf(x->arena, "CONFIGURE ZONE %d", n_targets > 1 ? 1 : n_rows);
    return NULL;
}

static struct error *
set_zone_config_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows,
                    char **tag)
{
    bool was = catalog_see_offline(x->catalog, true); /* a table being restored has its zones */
    (void)rows;
    struct error *err = set_zone_config(x, s->set_zone_config, tag);
    catalog_see_offline(x->catalog, was);
    return err;
}

static const struct statement_ops zone_ops[] = {
    {.kind = AST_STMT_SET_ZONE_CONFIG, .tag = "CONFIGURE ZONE 0", .name = "CONFIGURE ZONE",
     .flags = STMT_WRITES, .run = set_zone_config_run},
};

const struct statement_family statement_family_zone = {zone_ops,
                                                       sizeof(zone_ops) / sizeof(zone_ops[0])};
