/* Zone configurations as they are stored, inherited and printed. */
#include "config.h"

#include <stdlib.h>

#include "executor/schema/zone.h"

#include "catalog/pb.h"
#include "catalog/sysrow.h"
#include "executor/schema/schema_int.h"
#include "grammar/print.h"

/* ---- stored ---------------------------------------------------------------------------------- */

bool
zone_is_placeholder(const Amberdb__ZoneConfig *z)
{
    return z->has_num_replicas && z->num_replicas == 0;
}

Amberdb__ZoneConfig *
zone_new(struct arena *a)
{
    Amberdb__ZoneConfig *z = PB_NEW(a, ZoneConfig, zone_config);
    PB_SET(z, inherited_constraints, 1);
    PB_SET(z, inherited_lease_preferences, 1);
    return z;
}

const Amberdb__ZoneConfig *
zone_subzone(const Amberdb__ZoneConfig *z, uint32_t index_id, const char *partition)
{
    for (size_t i = 0; z != NULL && i < z->n_subzones; i++)
        if (PB_GET(z->subzones[i], index_id) == index_id &&
            strcmp(pb_str(z->subzones[i]->partition_name), pb_str(partition)) == 0)
            return z->subzones[i]->config;
    return NULL;
}

struct error *
zone_put(struct exec_ctx *x, uint32_t id, Amberdb__ZoneConfig *z)
{
    struct slice bytes = pb_pack(x->arena, PB_BASE(z));
    struct datum row[2] = {datum_int(id), datum_bytes(bytes.ptr, bytes.len)};
    return sys_put(x->catalog, ID_ZONES, row);
}

struct error *
zone_delete(struct exec_ctx *x, uint32_t id)
{
    struct datum key = datum_int(id);
    return sys_delete(x->catalog, ID_ZONES, &key, 1, NULL);
}

/* ---- inherited ------------------------------------------------------------------------------- */

void
zone_inherit(Amberdb__ZoneConfig *z, const Amberdb__ZoneConfig *base)
{
    if (!z->has_range_min_bytes && base->has_range_min_bytes)
        PB_SET(z, range_min_bytes, base->range_min_bytes);
    if (!z->has_range_max_bytes && base->has_range_max_bytes)
        PB_SET(z, range_max_bytes, base->range_max_bytes);
    if (z->gc == NULL)
        z->gc = base->gc;
    if (!z->has_num_replicas && base->has_num_replicas)
        PB_SET(z, num_replicas, base->num_replicas);
    if (PB_GET(z, inherited_constraints) && !PB_GET(base, inherited_constraints)) {
        z->constraints = base->constraints;
        z->n_constraints = base->n_constraints;
        PB_SET(z, inherited_constraints, 0);
    }
    if (PB_GET(z, inherited_lease_preferences) && !PB_GET(base, inherited_lease_preferences)) {
        z->lease_preferences = base->lease_preferences;
        z->n_lease_preferences = base->n_lease_preferences;
        PB_SET(z, inherited_lease_preferences, 0);
    }
}

struct error *
zone_effective(struct exec_ctx *x, uint32_t id, uint32_t index_id, const char *partition,
               Amberdb__ZoneConfig **out, struct zone_source *source)
{
    Amberdb__ZoneConfig *z = zone_new(x->arena), *stored;
    struct zone_source from = {.kind = ZONE_FROM_DEFAULT};
    const Amberdb__ZoneConfig *sub;
    const pb_descriptor *d = NULL;
    bool found = false;
    if (id >= ID_DEFAULTDB || id == ID_SYSTEM_DB || (id != 0 && id < 16) || id > 22)
        ERR_TRY(catalog_descriptor(x->catalog, id, &d));
    ERR_TRY(catalog_zone(x->catalog, x->arena, id, &stored));
    if (partition != NULL && (sub = zone_subzone(stored, index_id, partition)) != NULL) {
        zone_inherit(z, sub);
        from.kind = ZONE_FROM_PARTITION;
        found = true;
    }
    if (index_id != 0 && (sub = zone_subzone(stored, index_id, NULL)) != NULL) {
        zone_inherit(z, sub);
        if (!found)
            from.kind = ZONE_FROM_INDEX;
        found = true;
    }
    if (stored != NULL && !zone_is_placeholder(stored)) {
        zone_inherit(z, stored);
        if (!found)
            from.kind = id == 0 ? ZONE_FROM_DEFAULT : ZONE_FROM_SELF;
        found = true;
    }
    if (d != NULL && pb_descriptor_table(d) != NULL) {
        from.database_id = pb_descriptor_table(d)->parent_id;
        ERR_TRY(catalog_zone(x->catalog, x->arena, from.database_id, &stored));
        if (stored != NULL) {
            zone_inherit(z, stored);
            if (!found)
                from.kind = ZONE_FROM_DATABASE;
            found = true;
        }
    }
    if (id != 0)
        ERR_TRY(catalog_zone(x->catalog, x->arena, 0, &stored));
    if (stored != NULL)
        zone_inherit(z, stored);
    *out = z;
    if (source != NULL)
        *source = from;
    return NULL;
}

/* ---- printed --------------------------------------------------------------------------------- */

static void
constraint_text(struct str *s, const Amberdb__Constraint *c)
{
    if (c->type == AMBERDB__CONSTRAINT_KIND__REQUIRED)
        str_append_char(s, '+');
    else if (c->type == AMBERDB__CONSTRAINT_KIND__PROHIBITED)
        str_append_char(s, '-');
    if (pb_str(c->key)[0] != '\0')
        str_printf(s, "%s=", c->key);
    str_append_cstr(s, pb_str(c->value));
}

static void
constraint_list(struct str *s, Amberdb__Constraint *const *v, size_t n, const char *sep)
{
    for (size_t i = 0; i < n; i++) {
        str_append_cstr(s, i > 0 ? sep : "");
        constraint_text(s, v[i]);
    }
}

void
zone_constraints_text(struct str *s, const Amberdb__ZoneConfig *z)
{
    if (z->n_constraints == 0) {
        str_append_cstr(s, "[]");
        return;
    }
    if (z->n_constraints == 1 && PB_GET(z->constraints[0], num_replicas) == 0) {
        str_append_char(s, '[');
        constraint_list(s, z->constraints[0]->constraints, z->constraints[0]->n_constraints, ", ");
        str_append_char(s, ']');
        return;
    }
    str_append_char(s, '{');
    for (size_t i = 0; i < z->n_constraints; i++) {
        const Amberdb__Constraints *c = z->constraints[i];
        const char *quote = c->n_constraints > 1 ? "'" : "";
        str_printf(s, "%s%s", i > 0 ? ", " : "", quote);
        constraint_list(s, c->constraints, c->n_constraints, ",");
        str_printf(s, "%s: %d", quote, (int)PB_GET(c, num_replicas));
    }
    str_append_char(s, '}');
}

void
zone_preferences_text(struct str *s, const Amberdb__ZoneConfig *z)
{
    str_append_char(s, '[');
    for (size_t i = 0; i < z->n_lease_preferences; i++) {
        str_append_cstr(s, i > 0 ? ", [" : "[");
        constraint_list(s, z->lease_preferences[i]->constraints,
                        z->lease_preferences[i]->n_constraints, ", ");
        str_append_char(s, ']');
    }
    str_append_char(s, ']');
}

static void
next_var(struct str *s, bool *any, const char *indent)
{
    str_append_cstr(s, *any ? ",\n" : "");
    str_append_cstr(s, indent);
    *any = true;
}

void
zone_vars(struct arena *a, struct str *s, const Amberdb__ZoneConfig *z, const char *indent)
{
    struct str text;
    bool any = false;
    if (z->has_range_min_bytes) {
        next_var(s, &any, indent);
        str_printf(s, "range_min_bytes = %lld", (long long)z->range_min_bytes);
    }
    if (z->has_range_max_bytes) {
        next_var(s, &any, indent);
        str_printf(s, "range_max_bytes = %lld", (long long)z->range_max_bytes);
    }
    if (z->gc != NULL) {
        next_var(s, &any, indent);
        str_printf(s, "gc.ttlseconds = %d", (int)PB_GET(z->gc, ttl_seconds));
    }
    if (z->has_num_replicas) {
        next_var(s, &any, indent);
        str_printf(s, "num_replicas = %d", (int)z->num_replicas);
    }
    if (!PB_GET(z, inherited_constraints)) {
        next_var(s, &any, indent);
        str_append_cstr(s, "constraints = ");
        str_init_arena(&text, a, STR_MAX_DEFAULT);
        zone_constraints_text(&text, z);
        print_string_literal(s, str_slice(&text));
    }
    if (!PB_GET(z, inherited_lease_preferences)) {
        next_var(s, &any, indent);
        str_append_cstr(s, "lease_preferences = ");
        str_init_arena(&text, a, STR_MAX_DEFAULT);
        zone_preferences_text(&text, z);
        print_string_literal(s, str_slice(&text));
    }
}

char *
zone_sql(struct arena *a, const char *target, const Amberdb__ZoneConfig *z)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    str_printf(&s, "ALTER %s CONFIGURE ZONE USING\n", target);
    zone_vars(a, &s, z, "\t");
    return arena_strdup(a, str_cstr(&s));
}

/* INDEX d.public.t@i, PARTITION p OF INDEX d.public.t@i; NULL when the index is gone. */
char *
zone_subzone_target(struct exec_ctx *x, const struct table *t, const Amberdb__Subzone *sub)
{
    const struct index *ix = table_index_by_id(t, PB_GET(sub, index_id));
    struct str s;
    if (ix == NULL)
        return NULL;
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    if (pb_str(sub->partition_name)[0] != '\0') {
        str_append_cstr(&s, "PARTITION ");
        print_name(&s, slice_cstr(sub->partition_name));
        str_append_cstr(&s, " OF ");
    }
    str_printf(&s, "INDEX %s@", ddl_qualified(x, t));
    if (ix->primary && strcmp(ix->name, "primary") == 0)
        str_append_cstr(&s, "primary");
    else
        print_name(&s, slice_cstr(ix->name));
    return arena_strdup(x->arena, str_cstr(&s));
}

struct named_subzone {
    const Amberdb__Subzone *sub;
    const char *index;
};

static int
by_index_and_partition(const void *a, const void *b)
{
    const struct named_subzone *l = a, *r = b;
    int c = strcmp(l->index, r->index);
    return c != 0 ? c : strcmp(pb_str(l->sub->partition_name), pb_str(r->sub->partition_name));
}

/* In order of index and partition, those of indexes that are gone left out. */
static struct named_subzone *
sorted_subzones(struct exec_ctx *x, const struct table *t, const Amberdb__ZoneConfig *z, size_t *n)
{
    struct named_subzone *v =
        ARENA_ARRAY(x->arena, struct named_subzone, (z != NULL ? z->n_subzones : 0) + 1);
    *n = 0;
    for (size_t i = 0; z != NULL && i < z->n_subzones; i++) {
        const struct index *ix = table_index_by_id(t, PB_GET(z->subzones[i], index_id));
        if (ix != NULL && z->subzones[i]->config != NULL)
            v[(*n)++] = (struct named_subzone){z->subzones[i], ix->name};
    }
    qsort(v, *n, sizeof(*v), by_index_and_partition);
    return v;
}

struct error *
zone_table_sql(struct exec_ctx *x, const struct table *t, const char **out)
{
    Amberdb__ZoneConfig *z;
    struct str s;
    *out = NULL;
    if (t->pb == NULL || t->is_view || t->is_sequence)
        return NULL;
    ERR_TRY(catalog_zone(x->catalog, x->arena, t->id, &z));
    str_init_arena(&s, x->arena, STR_MAX_DEFAULT);
    if (z != NULL && !zone_is_placeholder(z))
        str_append_cstr(&s, zone_sql(x->arena,
                                     arena_printf(x->arena, "TABLE %s", ddl_qualified(x, t)), z));
    size_t n;
    const struct named_subzone *subs = sorted_subzones(x, t, z, &n);
    for (size_t i = 0; i < n; i++) {
        str_append_cstr(&s, s.len > 0 ? ";\n" : "");
        str_append_cstr(&s, zone_sql(x->arena, zone_subzone_target(x, t, subs[i].sub),
                                     subs[i].sub->config));
    }
    if (s.len > 0)
        *out = arena_strdup(x->arena, str_cstr(&s));
    return NULL;
}

/* ---- partitions that are no more ------------------------------------------------------------- */

bool
zone_has_partition(const Amberdb__PartitioningDescriptor *p, const char *name)
{
    for (size_t i = 0; p != NULL && i < p->n_list; i++)
        if (strcmp(pb_str(p->list[i]->name), name) == 0 ||
            zone_has_partition(p->list[i]->subpartitioning, name))
            return true;
    for (size_t i = 0; p != NULL && i < p->n_range; i++)
        if (strcmp(pb_str(p->range[i]->name), name) == 0)
            return true;
    return false;
}

struct error *
zone_forget_partitions(struct exec_ctx *x, const struct table *t)
{
    Amberdb__ZoneConfig *z;
    bool changed = false;
    ERR_TRY(catalog_zone(x->catalog, x->arena, t->id, &z));
    for (size_t i = 0; z != NULL && i < z->n_subzones; i++) {
        const struct index *ix = table_index_by_id(t, PB_GET(z->subzones[i], index_id));
        const char *name = pb_str(z->subzones[i]->partition_name);
        if (ix != NULL && (*name == '\0' || zone_has_partition(ix->pb->partitioning, name)))
            continue;
        PB_REMOVE(z->subzones, z->n_subzones, i);
        i--;
        changed = true;
    }
    return changed ? zone_store_table(x, t, z) : NULL;
}

struct error *
zone_store_table(struct exec_ctx *x, const struct table *t, Amberdb__ZoneConfig *z)
{
    if (zone_is_placeholder(z) && z->n_subzones == 0)
        return zone_delete(x, t->id);
    ERR_TRY(zone_spans(x, t, z));
    return zone_put(x, t->id, z);
}
