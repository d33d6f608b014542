/* Zone configurations as YAML. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>

#include "executor/schema/zone.h"

#include "catalog/pb.h"
#include "executor/schema/yaml_read.h"

/* ---- constraints ----------------------------------------------------------------------------- */

static struct error *
one_constraint(struct arena *a, const char *text, Amberdb__Constraint **out)
{
    Amberdb__Constraint *c = PB_NEW(a, Constraint, constraint);
    const char *rest = text, *equals;
    if (*text == '\0')
        return err_new(ERR_UNCATEGORIZED, "the empty string is not a valid constraint");
    PB_SET(c, type, AMBERDB__CONSTRAINT_KIND__DEPRECATED_POSITIVE);
    if (*rest == '+' || *rest == '-')
        PB_SET(c, type, *rest++ == '+' ? AMBERDB__CONSTRAINT_KIND__REQUIRED
                                       : AMBERDB__CONSTRAINT_KIND__PROHIBITED);
    equals = strchr(rest, '=');
    if (equals != NULL && strchr(equals + 1, '=') != NULL)
        return err_new(ERR_UNCATEGORIZED,
                       "constraint needs to be in the form \"(key=)value\", not \"%s\"", text);
    c->key = equals != NULL ? arena_strndup(a, rest, (size_t)(equals - rest))
                            : arena_strdup(a, "");
    c->value = arena_strdup(a, equals != NULL ? equals + 1 : rest);
    *out = c;
    return NULL;
}

static struct error *
bad_format(void)
{
    return err_new(ERR_UNCATEGORIZED, "invalid constraints format. expected an array of strings or a "
                                      "map of strings to ints");
}

static const char *
constraint_shown(struct arena *a, const Amberdb__Constraint *c)
{
    return arena_printf(a, "%s%s%s%s",
                        c->type == AMBERDB__CONSTRAINT_KIND__REQUIRED     ? "+"
                        : c->type == AMBERDB__CONSTRAINT_KIND__PROHIBITED ? "-"
                                                                          : "",
                        c->key, *c->key != '\0' ? "=" : "", c->value);
}

/* Same required key twice, +k=v with -k=v, the same attribute twice. */
static struct error *
compatible(struct arena *a, Amberdb__Constraint *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            bool same_value = strcmp(v[i]->value, v[k]->value) == 0;
            bool required = v[i]->type == AMBERDB__CONSTRAINT_KIND__REQUIRED &&
                            v[k]->type == AMBERDB__CONSTRAINT_KIND__REQUIRED;
            if (strcmp(v[i]->key, v[k]->key) != 0)
                continue;
            if (*v[i]->key == '\0' ? same_value
                                   : required || (same_value && v[i]->type != v[k]->type))
                return err_new(ERR_CHECK_VIOLATION,
                               "incompatible zone constraints: \"%s\" and \"%s\"",
                               constraint_shown(a, v[k]), constraint_shown(a, v[i]));
        }
    return NULL;
}

static struct error *
list_of(struct arena *a, const struct yaml *y, Amberdb__Constraint ***v, size_t *n)
{
    if (y->kind != YAML_LIST)
        return bad_format();
    for (size_t i = 0; i < y->n; i++) {
        Amberdb__Constraint *c;
        if (y->items[i]->kind != YAML_WORD)
            return bad_format();
        ERR_TRY(one_constraint(a, y->items[i]->word, &c));
        PB_PUSH(a, *v, *n, c);
    }
    return compatible(a, *v, *n);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct error *
per_replica(struct arena *a, const struct yaml *y, Amberdb__ZoneConfig *z)
{
    const char **sorted = ARENA_ARRAY(a, const char *, y->n + 1);
    for (size_t i = 0; i < y->n; i++) {
        if (y->keys[i]->kind != YAML_WORD)
            return bad_format();
        sorted[i] = y->keys[i]->word;
    }
    qsort(sorted, y->n, sizeof(*sorted), by_text);
    for (size_t i = 0; i < y->n; i++) {
        Amberdb__Constraints *c = PB_NEW(a, Constraints, constraints);
        char *save = NULL;
        int64_t count;
        const struct yaml *value = NULL;
        for (size_t k = 0; k < y->n; k++)
            if (strcmp(y->keys[k]->word, sorted[i]) == 0)
                value = y->items[k];
        if (value == NULL || !yaml_int_value(value, 32, &count))
            return bad_format();
        PB_SET(c, num_replicas, (int32_t)count);
        if (count <= 0)
            return err_new(ERR_CHECK_VIOLATION, "could not validate zone config: constraints must "
                                                "apply to at least one replica");
        char *copy = arena_strdup(a, sorted[i]);
        for (char *one = strtok_r(copy, ",", &save); one != NULL; one = strtok_r(NULL, ",", &save)) {
            Amberdb__Constraint *k;
            while (isspace((unsigned char)*one))
                one++;
            ERR_TRY(one_constraint(a, one, &k));
            PB_PUSH(a, c->constraints, c->n_constraints, k);
        }
        ERR_TRY(compatible(a, c->constraints, c->n_constraints));
        PB_PUSH(a, z->constraints, z->n_constraints, c);
    }
    return NULL;
}

static struct error *
set_constraints(struct arena *a, const struct yaml *y, Amberdb__ZoneConfig *z)
{
    z->n_constraints = 0;
    PB_SET(z, inherited_constraints, 0);
    if (y->kind == YAML_MAP)
        return per_replica(a, y, z);
    Amberdb__Constraints *c = PB_NEW(a, Constraints, constraints);
    ERR_TRY(list_of(a, y, &c->constraints, &c->n_constraints));
    PB_SET(c, num_replicas, 0);
    if (c->n_constraints > 0)
        PB_PUSH(a, z->constraints, z->n_constraints, c);
    return NULL;
}

/* ---- what does not fit ----------------------------------------------------------------------- */

/* Values of other types than their fields', fields that there are not: all of them are told, each on a line.
 * SOURCE: go-yaml v2 decode.go, terror(), and decodeStruct of the strict decoder. */
static void
misfit(struct str *s, int line, const char *text)
{
    str_printf(s, "%s  line %d: %s", s->len == 0 ? "yaml: unmarshal errors:\n" : "\n", line, text);
}

static void
wrong_type(struct arena *a, struct str *s, const struct yaml *y, const char *type)
{
    const char *value = "";
    if (y->kind == YAML_WORD)
        value = strlen(y->word) > 10 ? arena_printf(a, " `%.7s...`", y->word)
                                     : arena_printf(a, " `%s`", y->word);
    misfit(s, y->line, arena_printf(a, "cannot unmarshal %s%s into %s", yaml_tag(y), value, type));
}

static struct error *
misfits(struct str *s)
{
    return s->len == 0 ? NULL : err_new(ERR_UNCATEGORIZED, "%s", str_cstr(s));
}

static bool
is_null(const struct yaml *y)
{
    return strcmp(yaml_tag(y), "!!null") == 0;
}

static struct error *
set_preferences(struct arena *a, const struct yaml *y, Amberdb__ZoneConfig *z, struct str *wrong)
{
    if (y->kind != YAML_LIST && !is_null(y))
        wrong_type(a, wrong, y, "[]zonepb.LeasePreference");
    if (y->kind != YAML_LIST)
        return NULL;
    z->n_lease_preferences = 0;
    PB_SET(z, inherited_lease_preferences, 0);
    for (size_t i = 0; i < y->n; i++) {
        Amberdb__LeasePreference *l = PB_NEW(a, LeasePreference, lease_preference);
        if (y->items[i]->kind != YAML_LIST) {
            wrong_type(a, wrong, y->items[i], "[]string");
            continue;
        }
        ERR_TRY(list_of(a, y->items[i], &l->constraints, &l->n_constraints));
        PB_PUSH(a, z->lease_preferences, z->n_lease_preferences, l);
    }
    return NULL;
}

struct error *
zone_parse_constraints(struct arena *a, struct slice text, Amberdb__ZoneConfig *z)
{
    struct yaml *y;
    ERR_TRY(yaml_read(a, text, &y));
    return y == NULL || is_null(y) ? NULL : set_constraints(a, y, z);
}

struct error *
zone_parse_preferences(struct arena *a, struct slice text, Amberdb__ZoneConfig *z)
{
    struct yaml *y;
    struct str wrong;
    str_init_arena(&wrong, a, STR_MAX_DEFAULT);
    ERR_TRY(yaml_read(a, text, &y));
    if (y != NULL)
        ERR_TRY(set_preferences(a, y, z, &wrong));
    return misfits(&wrong);
}

/* ---- whole configurations -------------------------------------------------------------------- */

/* false: it is no such number, or null, which says nothing. */
static bool
number(struct arena *a, const struct yaml *y, int bits, int64_t *out, struct str *wrong)
{
    if (is_null(y))
        return false;
    if (yaml_int_value(y, bits, out))
        return true;
    wrong_type(a, wrong, y, bits == 64 ? "int64" : "int32");
    return false;
}

static void
set_gc(struct arena *a, const struct yaml *y, Amberdb__ZoneConfig *z, struct str *wrong)
{
    int64_t n;
    if (y->kind != YAML_MAP && !is_null(y))
        wrong_type(a, wrong, y, "zonepb.GCPolicy");
    for (size_t i = 0; y->kind == YAML_MAP && i < y->n; i++) {
        const char *key = y->keys[i]->kind == YAML_WORD ? y->keys[i]->word : "";
        if (strcmp(key, "ttlseconds") != 0) {
            misfit(wrong, y->keys[i]->line,
                   arena_printf(a, "field %s not found in type zonepb.GCPolicy", key));
        } else if (number(a, y->items[i], 32, &n, wrong)) {
            z->gc = PB_NEW(a, GCPolicy, gcpolicy);
            PB_SET(z->gc, ttl_seconds, (int32_t)n);
        }
    }
}

static struct error *
set_key(struct arena *a, const struct yaml *k, const struct yaml *y, Amberdb__ZoneConfig *z,
        struct str *wrong)
{
    const char *key = k->kind == YAML_WORD ? k->word : "";
    int64_t n;
    if (strcmp(key, "constraints") == 0)
        return is_null(y) ? NULL : set_constraints(a, y, z);
    if (strcmp(key, "lease_preferences") == 0 ||
        strcmp(key, "experimental_lease_preferences") == 0)
        return set_preferences(a, y, z, wrong);
    if (strcmp(key, "gc") == 0) {
        set_gc(a, y, z, wrong);
    } else if (strcmp(key, "range_min_bytes") == 0) {
        if (number(a, y, 64, &n, wrong))
            PB_SET(z, range_min_bytes, n);
    } else if (strcmp(key, "range_max_bytes") == 0) {
        if (number(a, y, 64, &n, wrong))
            PB_SET(z, range_max_bytes, n);
    } else if (strcmp(key, "num_replicas") == 0) {
        if (number(a, y, 32, &n, wrong))
            PB_SET(z, num_replicas, (int32_t)n);
    } else {
        misfit(wrong, k->line,
               arena_printf(a, "field %s not found in type zonepb.marshalableZoneConfig", key));
    }
    return NULL;
}

static struct error *
read_config(struct arena *a, struct slice text, Amberdb__ZoneConfig *z)
{
    struct yaml *y;
    struct str wrong;
    str_init_arena(&wrong, a, STR_MAX_DEFAULT);
    ERR_TRY(yaml_read(a, text, &y));
    if (y == NULL || is_null(y))
        return NULL;
    if (y->kind != YAML_MAP)
        wrong_type(a, &wrong, y, "zonepb.marshalableZoneConfig");
    for (size_t i = 0; y->kind == YAML_MAP && i < y->n; i++) {
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = y->keys[i]->kind == YAML_WORD && y->keys[k]->kind == YAML_WORD &&
                    strcmp(y->keys[i]->word, y->keys[k]->word) == 0;
        if (again)
            misfit(&wrong, y->keys[i]->line,
                   arena_printf(a, "field %s already set in type zonepb.marshalableZoneConfig",
                                y->keys[i]->word));
        else
            ERR_TRY(set_key(a, y->keys[i], y->items[i], z, &wrong));
    }
    return misfits(&wrong);
}

struct error *
zone_parse_config(struct arena *a, struct slice text, Amberdb__ZoneConfig *z)
{
    struct error *err = read_config(a, text, z);
    if (err == NULL || !err_is(err, ERR_UNCATEGORIZED))
        return err;
    struct error *whole =
        err_new(ERR_CHECK_VIOLATION, "could not parse zone config: %s", err->message);
    err_free(err);
    return whole;
}

/* ---- printed whole ---- */

static void
yaml_int(struct str *s, const char *name, bool has, int64_t v)
{
    if (has)
        str_printf(s, "%s: %lld\n", name, (long long)v);
    else
        str_printf(s, "%s: null\n", name);
}

const char *
zone_yaml_text(struct arena *a, const Amberdb__ZoneConfig *z)
{
    struct str s;
    str_init_arena(&s, a, STR_MAX_DEFAULT);
    yaml_int(&s, "range_min_bytes", z->has_range_min_bytes, z->range_min_bytes);
    yaml_int(&s, "range_max_bytes", z->has_range_max_bytes, z->range_max_bytes);
    if (z->gc != NULL)
        str_printf(&s, "gc:\n  ttlseconds: %d\n", (int)PB_GET(z->gc, ttl_seconds));
    else
        str_append_cstr(&s, "gc: null\n");
    yaml_int(&s, "num_replicas", z->has_num_replicas, z->num_replicas);
    str_append_cstr(&s, "constraints: ");
    zone_constraints_text(&s, z);
    str_append_cstr(&s, "\nlease_preferences: ");
    zone_preferences_text(&s, z);
    str_append_char(&s, '\n');
    return str_cstr(&s);
}
