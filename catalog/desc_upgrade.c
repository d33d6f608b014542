/* catalog/desc_upgrade.c - what descriptors of older releases need before they can be used.
 *
 * SOURCE: backup-format 4.3 (CockroachDB v20.1 pkg/sql/sqlbase/structured.go,
 * MaybeUpgradeFormatVersion, maybeUpgradeForeignKeyRepresentation).
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "catalog/desc.h"
#include "catalog/pb.h"
#include "catalog/row_int.h"

enum { FORMAT_FAMILIES = 2, FORMAT_INTERLEAVED = 3 };

/* ---- one table ---- */

static struct error *
upgrade_column_type(struct arena *a, const pb_table *t, pb_column *c)
{
    const struct type *type = type_from_pb(a, c->type);
    if (type == NULL)
        return err_new(ERR_DATA_CORRUPTED,
                       "descriptor of table \"%s\" (%u): unreadable type of column %u",
                       pb_str(t->name), PB_GET(t, id), PB_GET(c, id));
    c->type = type_to_pb(a, type);
    return NULL;
}

static struct error *
upgrade_types(struct arena *a, pb_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        ERR_TRY(upgrade_column_type(a, t, t->columns[i]));
    for (size_t i = 0; i < t->n_mutations; i++)
        if (t->mutations[i]->descriptor_case ==
            AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN)
            ERR_TRY(upgrade_column_type(a, t, t->mutations[i]->column));
    return NULL;
}

static void
family_for_column(struct arena *a, pb_table *t, const pb_column *c)
{
    uint32_t id = PB_GET(c, id);
    Amberdb__ColumnFamilyDescriptor *f = t->families[0];
    const pb_index *pk = t->primary_index;
    if (pk == NULL || !pb_u32_contains(pk->column_ids, pk->n_column_ids, id)) {
        f = PB_NEW(a, ColumnFamilyDescriptor, column_family_descriptor);
        PB_SET(f, id, id);
        f->name = arena_printf(a, "fam_%u_%s", id, pb_str(c->name));
        PB_SET(f, default_column_id, id);
        PB_PUSH(a, t->families, t->n_families, f);
        if (id >= PB_GET(t, next_family_id))
            PB_SET(t, next_family_id, id + 1);
    }
    PB_PUSH(a, f->column_names, f->n_column_names, arena_strdup(a, pb_str(c->name)));
    PB_PUSH(a, f->column_ids, f->n_column_ids, id);
}

/* Tables from before families: each column outside the key gets its own. */
static void
upgrade_families(struct arena *a, pb_table *t)
{
    if (PB_GET(t, format_version) >= FORMAT_INTERLEAVED)
        return;
    if (PB_GET(t, format_version) < FORMAT_FAMILIES && t->n_families == 0 &&
        pb_str(t->view_query)[0] == '\0') {
        Amberdb__ColumnFamilyDescriptor *f =
            PB_NEW(a, ColumnFamilyDescriptor, column_family_descriptor);
        PB_SET(f, id, 0);
        f->name = arena_strdup(a, "primary");
        PB_PUSH(a, t->families, t->n_families, f);
        PB_SET(t, next_family_id, 1);
        for (size_t i = 0; i < t->n_columns; i++)
            family_for_column(a, t, t->columns[i]);
        for (size_t i = 0; i < t->n_mutations; i++)
            if (t->mutations[i]->descriptor_case ==
                AMBERDB__DESCRIPTOR_MUTATION__DESCRIPTOR_COLUMN)
                family_for_column(a, t, t->mutations[i]->column);
    }
    PB_SET(t, format_version, FORMAT_INTERLEAVED);
}

static void
superuser_has_all(struct arena *a, Amberdb__PrivilegeDescriptor *p, const char *user)
{
    size_t at = 0;
    for (; at < p->n_users; at++) {
        int c = strcmp(pb_str(p->users[at]->user), user);
        if (c == 0) {
            PB_SET(p->users[at], privileges, 1u << PRIV_ALL);
            return;
        }
        if (c > 0)
            break;
    }
    Amberdb__UserPrivileges *u = PB_NEW(a, UserPrivileges, user_privileges);
    u->user = arena_strdup(a, user);
    PB_SET(u, privileges, 1u << PRIV_ALL);
    PB_PUSH(a, p->users, p->n_users, u);
    for (size_t i = p->n_users - 1; i > at; i--)
        p->users[i] = p->users[i - 1];
    p->users[at] = u;
}

static void
upgrade_privileges(struct arena *a, pb_table *t)
{
    if (PB_GET(t, parent_id) == ID_SYSTEM_DB)
        return;
    if (t->privileges == NULL)
        t->privileges = PB_NEW(a, PrivilegeDescriptor, privilege_descriptor);
    superuser_has_all(a, t->privileges, "admin");
    superuser_has_all(a, t->privileges, "root");
}

/* ---- column ids of checks, from their text ---- */

static bool
is_ident(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

/* The next token of an SQL expression that could name a column, in out; false at the end. Strings
 * are passed over, types behind :: and functions before ( as well. */
static bool
next_name(struct arena *a, const char **at, const char **out)
{
    const char *p = *at;
    bool type = false;
    while (*p != '\0') {
        unsigned char c = (unsigned char)*p;
        if (c == '\'') {
            bool escapes = p > *at && (p[-1] == 'e' || p[-1] == 'E' || p[-1] == 'b');
            for (p++; *p != '\0' && *p != '\''; p++)
                if (escapes && *p == '\\' && p[1] != '\0')
                    p++;
            if (*p != '\0')
                p++;
            type = false;
        } else if (c == '"') {
            struct str s;
            str_init_arena(&s, a, STR_MAX_DEFAULT);
            for (p++; *p != '\0'; p++) {
                if (*p == '"' && *++p != '"')
                    break;
                str_append_char(&s, *p);
            }
            *at = p;
            *out = str_cstr(&s);
            return true;
        } else if (isdigit(c)) {
            while (is_ident((unsigned char)*p) || *p == '.')
                p++;
        } else if (is_ident(c)) {
            const char *start = p;
            while (is_ident((unsigned char)*p))
                p++;
            const char *behind = p;
            while (*behind == ' ')
                behind++;
            bool prefix = p - start == 1 && *p == '\'' && strchr("eEbBxX", *start) != NULL;
            if (!type && *behind != '(' && !prefix) {
                char *n = arena_strndup(a, start, (size_t)(p - start));
                for (char *q = n; *q != '\0'; q++)
                    *q = (char)tolower((unsigned char)*q);
                *at = p;
                *out = n;
                return true;
            }
            if (prefix)
                *at = p - 1;
            type = false;
        } else {
            type = c == ':';
            p++;
        }
    }
    return false;
}

static void
upgrade_check(struct arena *a, const pb_table *t, Amberdb__CheckConstraint *c)
{
    const char *at = pb_str(c->expr), *name;
    if (c->n_column_ids > 0)
        return;
    while (next_name(a, &at, &name))
        for (size_t i = 0; i < t->n_columns; i++) {
            uint32_t id = PB_GET(t->columns[i], id);
            if (strcmp(pb_str(t->columns[i]->name), name) == 0 &&
                !pb_u32_contains(c->column_ids, c->n_column_ids, id))
                PB_PUSH(a, c->column_ids, c->n_column_ids, id);
        }
}

struct error *
desc_upgrade_table(struct arena *a, pb_table *t, struct hlc mvcc_time)
{
    ERR_TRY(table_pb_check_size(t));
    if (hlc_is_empty(pb_hlc(t->modification_time))) {
        if (!hlc_is_empty(mvcc_time))
            t->modification_time = pb_timestamp(a, mvcc_time);
        else if (PB_GET(t, version) <= 1)
            t->modification_time = pb_timestamp(a, (struct hlc){1, 0});
    }
    ERR_TRY(upgrade_types(a, t));
    upgrade_families(a, t);
    upgrade_privileges(a, t);
    for (size_t i = 0; i < t->n_checks; i++)
        upgrade_check(a, t, t->checks[i]);
    pb_complete(a, PB_BASE(t));
    return NULL;
}

/* ---- foreign keys of 19.1 and before, which hang from indexes ---- */

struct fk_upgrade {
    struct arena *a;
    pb_table **by_id; /* sorted */
    size_t n;
    bool skip_missing;
};

static int
compare_tables(const void *x, const void *y)
{
    const pb_table *a = *(pb_table *const *)x, *b = *(pb_table *const *)y;
    return (PB_GET(a, id) > PB_GET(b, id)) - (PB_GET(a, id) < PB_GET(b, id));
}

static pb_table *
find_table(const struct fk_upgrade *u, uint32_t id)
{
    size_t lo = 0, hi = u->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        uint32_t at = PB_GET(u->by_id[mid], id);
        if (at == id)
            return u->by_id[mid];
        if (at < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static pb_index *
find_index(const pb_table *t, uint32_t id)
{
    if (t->primary_index != NULL && PB_GET(t->primary_index, id) == id)
        return t->primary_index;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (PB_GET(t->indexes[i], id) == id)
            return t->indexes[i];
    return NULL;
}

static struct error *
missing(const struct fk_upgrade *u, const pb_table *t, uint32_t id)
{
    if (u->skip_missing)
        return NULL;
    return err_new(ERR_UNCATEGORIZED,
                   "cannot restore table \"%s\" without referenced table %u"
                   " (or \"skip_missing_foreign_keys\" option)",
                   pb_str(t->name), id);
}

static bool
old_fk_set(const pb_index *ix)
{
    return ix->foreign_key != NULL && PB_GET(ix->foreign_key, table) != 0;
}

static struct error *
prefix_ids(struct arena *a, const pb_table *t, const pb_index *ix, int32_t n, uint32_t **out,
           size_t *n_out)
{
    /* Before 19.1 a length of 0 meant all columns of the index. */
    size_t want = n <= 0 ? ix->n_column_ids : (size_t)n;
    if (want > ix->n_column_ids)
        return err_new(ERR_DATA_CORRUPTED,
                       "descriptor of table \"%s\": foreign key longer than its index %u",
                       pb_str(t->name), PB_GET(ix, id));
    *out = arena_memdup(a, ix->column_ids, want * sizeof(uint32_t));
    *n_out = want;
    return NULL;
}

/* The constraint of fk, an old reference on index o of table origin, to index r of table ref. */
static struct error *
make_constraint(const struct fk_upgrade *u, const pb_table *origin, const pb_index *o,
                const Amberdb__ForeignKeyReference *fk, const pb_table *ref, const pb_index *r,
                Amberdb__ForeignKeyConstraint **out)
{
    Amberdb__ForeignKeyConstraint *c =
        PB_NEW(u->a, ForeignKeyConstraint, foreign_key_constraint);
    PB_SET(c, origin_table_id, PB_GET(origin, id));
    PB_SET(c, referenced_table_id, PB_GET(ref, id));
    c->name = arena_strdup(u->a, pb_str(fk->name));
    PB_SET(c, validity, PB_GET(fk, validity));
    PB_SET(c, on_delete, PB_GET(fk, on_delete));
    PB_SET(c, on_update, PB_GET(fk, on_update));
    PB_SET(c, match, PB_GET(fk, match));
    PB_SET(c, legacy_origin_index, PB_GET(o, id));
    PB_SET(c, legacy_referenced_index, PB_GET(r, id));
    ERR_TRY(prefix_ids(u->a, origin, o, PB_GET(fk, shared_prefix_len), &c->origin_column_ids,
                       &c->n_origin_column_ids));
    ERR_TRY(prefix_ids(u->a, ref, r, PB_GET(fk, shared_prefix_len), &c->referenced_column_ids,
                       &c->n_referenced_column_ids));
    *out = c;
    return NULL;
}

/* The origin was upgraded before: its constraint on this table over a prefix of o's columns. */
static const Amberdb__ForeignKeyConstraint *
upgraded_constraint(const pb_table *origin, const pb_index *o, uint32_t ref_id)
{
    for (size_t i = 0; i < origin->n_outbound_fks; i++) {
        const Amberdb__ForeignKeyConstraint *c = origin->outbound_fks[i];
        if (PB_GET(c, referenced_table_id) == ref_id &&
            c->n_origin_column_ids <= o->n_column_ids &&
            memcmp(c->origin_column_ids, o->column_ids,
                   c->n_origin_column_ids * sizeof(uint32_t)) == 0)
            return c;
    }
    return NULL;
}

static struct error *
upgrade_inbound(const struct fk_upgrade *u, pb_table *t, pb_index *ix)
{
    for (size_t i = 0; i < ix->n_referenced_by; i++) {
        uint32_t id = PB_GET(ix->referenced_by[i], table);
        pb_table *origin = find_table(u, id);
        Amberdb__ForeignKeyConstraint *c = NULL;
        if (origin == NULL) {
            ERR_TRY(missing(u, t, id));
            continue;
        }
        pb_index *o = find_index(origin, PB_GET(ix->referenced_by[i], index));
        if (o == NULL)
            continue;
        if (old_fk_set(o)) {
            ERR_TRY(make_constraint(u, origin, o, o->foreign_key, t, ix, &c));
        } else {
            const Amberdb__ForeignKeyConstraint *done =
                upgraded_constraint(origin, o, PB_GET(t, id));
            if (done != NULL)
                c = (Amberdb__ForeignKeyConstraint *)(void *)pb_copy(u->a, PB_BASE(done));
        }
        if (c != NULL)
            PB_PUSH(u->a, t->inbound_fks, t->n_inbound_fks, c);
    }
    ix->n_referenced_by = 0;
    return NULL;
}

static struct error *
upgrade_outbound(const struct fk_upgrade *u, pb_table *t, pb_index *ix)
{
    if (!old_fk_set(ix))
        return NULL;
    const Amberdb__ForeignKeyReference *fk = ix->foreign_key;
    const pb_table *ref = find_table(u, PB_GET(fk, table));
    const pb_index *r = ref != NULL ? find_index(ref, PB_GET(fk, index)) : NULL;
    if (r == NULL) {
        ERR_TRY(missing(u, t, PB_GET(fk, table)));
    } else {
        Amberdb__ForeignKeyConstraint *c;
        ERR_TRY(make_constraint(u, t, ix, fk, ref, r, &c));
        PB_PUSH(u->a, t->outbound_fks, t->n_outbound_fks, c);
    }
    ix->foreign_key = PB_NEW(u->a, ForeignKeyReference, foreign_key_reference);
    return NULL;
}

struct error *
desc_upgrade_foreign_keys(struct arena *a, pb_table **tables, size_t n, bool skip_missing)
{
    struct fk_upgrade u = {a, arena_alloc(a, (n + 1) * sizeof(pb_table *)), n, skip_missing};
    if (n > 0)
        memcpy(u.by_id, tables, n * sizeof(pb_table *));
    qsort(u.by_id, n, sizeof(pb_table *), compare_tables);
    /* Back references first: they read the forward ones, which the second round clears. */
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < n; i++) {
            pb_table *t = tables[i];
            if (PB_GET(t, state) == AMBERDB__STATE__DROP)
                continue;
            for (size_t j = 0; j <= t->n_indexes; j++) {
                pb_index *ix = j == 0 ? t->primary_index : t->indexes[j - 1];
                if (ix != NULL)
                    ERR_TRY(round == 0 ? upgrade_inbound(&u, t, ix)
                                       : upgrade_outbound(&u, t, ix));
            }
            pb_complete(a, PB_BASE(t));
        }
    return NULL;
}
