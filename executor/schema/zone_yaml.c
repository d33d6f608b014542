/* The little YAML of zone configurations: flow lists and maps, plain and quoted words, and a block
 * mapping on top. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>

#include "executor/schema/zone.h"

#include "catalog/pb.h"

#define MAX_DEPTH 8
#define MAX_ITEMS 1000

enum yaml_kind { YAML_WORD, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    const char *word;
    size_t n;
    struct yaml **items;       /* of a map: the values */
    const char **keys;
};

struct yaml_reader {
    struct arena *a;
    const char *p, *end;
    bool failed;
};

static void
skip_blanks(struct yaml_reader *r)
{
    while (r->p < r->end && isspace((unsigned char)*r->p))
        r->p++;
}

static const char *
read_quoted(struct yaml_reader *r)
{
    char q = *r->p++;
    struct str s;
    str_init_arena(&s, r->a, STR_MAX_DEFAULT);
    while (r->p < r->end && *r->p != q) {
        if (q == '"' && *r->p == '\\' && r->p + 1 < r->end)
            r->p++;
        str_append_char(&s, *r->p++);
    }
    if (r->p == r->end)
        r->failed = true;
    else
        r->p++;
    return arena_strdup(r->a, str_cstr(&s));
}

/* Up to a character that ends it; ": " ends a key. */
static const char *
read_word(struct yaml_reader *r)
{
    skip_blanks(r);
    if (r->p < r->end && (*r->p == '"' || *r->p == '\''))
        return read_quoted(r);
    const char *start = r->p;
    while (r->p < r->end && strchr(",[]{}\n", *r->p) == NULL) {
        if (*r->p == ':' && (r->p + 1 == r->end || isspace((unsigned char)r->p[1])))
            break;
        r->p++;
    }
    const char *stop = r->p;
    while (stop > start && isspace((unsigned char)stop[-1]))
        stop--;
    return arena_strndup(r->a, start, (size_t)(stop - start));
}

static struct yaml *
new_node(struct yaml_reader *r, enum yaml_kind kind)
{
    struct yaml *y = ARENA_NEW(r->a, struct yaml);
    *y = (struct yaml){.kind = kind};
    return y;
}

static void
add(struct yaml_reader *r, struct yaml *y, const char *key, struct yaml *item)
{
    if (y->n >= MAX_ITEMS) {
        r->failed = true;
        return;
    }
    size_t keys = y->n;
    PB_PUSH(r->a, y->keys, keys, key);
    PB_PUSH(r->a, y->items, y->n, item);
}

static struct yaml *
read_value(struct yaml_reader *r, int depth)
{
    skip_blanks(r);
    if (depth > MAX_DEPTH)
        r->failed = true;
    if (r->failed || r->p == r->end || (*r->p != '[' && *r->p != '{')) {
        struct yaml *w = new_node(r, YAML_WORD);
        w->word = r->failed ? "" : read_word(r);
        return w;
    }
    bool map = *r->p++ == '{';
    char close = map ? '}' : ']';
    struct yaml *y = new_node(r, map ? YAML_MAP : YAML_LIST);
    for (skip_blanks(r); !r->failed && r->p < r->end && *r->p != close; skip_blanks(r)) {
        const char *key = map ? read_word(r) : NULL;
        if (map) {
            skip_blanks(r);
            if (r->p == r->end || *r->p != ':') {
                r->failed = true;
                break;
            }
            r->p++;
        }
        add(r, y, key, read_value(r, depth + 1));
        skip_blanks(r);
        if (r->p < r->end && *r->p == ',')
            r->p++;
        else if (r->p < r->end && *r->p != close)
            r->failed = true;
    }
    if (r->p == r->end)
        r->failed = true;
    else
        r->p++;
    return y;
}

static struct error *
parse_error(void)
{
    return err_new(ERR_CHECK_VIOLATION, "could not parse zone config: did not find expected node "
                                        "content");
}

static struct error *
parse_flow(struct arena *a, struct slice text, struct yaml **out)
{
    struct yaml_reader r = {a, (const char *)text.ptr, (const char *)text.ptr + text.len, false};
    *out = read_value(&r, 0);
    skip_blanks(&r);
    return r.failed || r.p < r.end ? parse_error() : NULL;
}

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
    memcpy(sorted, y->keys, y->n * sizeof(*sorted));
    qsort(sorted, y->n, sizeof(*sorted), by_text);
    for (size_t i = 0; i < y->n; i++) {
        Amberdb__Constraints *c = PB_NEW(a, Constraints, constraints);
        char *save = NULL, *end;
        const struct yaml *value = NULL;
        for (size_t k = 0; k < y->n; k++)
            if (strcmp(y->keys[k], sorted[i]) == 0)
                value = y->items[k];
        if (value == NULL)
            return bad_format();
        long long count = value->kind == YAML_WORD ? strtoll(value->word, &end, 10) : 0;
        if (value->kind != YAML_WORD || *value->word == '\0' || *end != '\0')
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

static struct error *
set_preferences(struct arena *a, const struct yaml *y, Amberdb__ZoneConfig *z)
{
    if (y->kind != YAML_LIST)
        return err_new(ERR_CHECK_VIOLATION, "could not parse zone config: lease_preferences must be a "
                                            "list of lists");
    z->n_lease_preferences = 0;
    PB_SET(z, inherited_lease_preferences, 0);
    for (size_t i = 0; i < y->n; i++) {
        Amberdb__LeasePreference *l = PB_NEW(a, LeasePreference, lease_preference);
        ERR_TRY(list_of(a, y->items[i], &l->constraints, &l->n_constraints));
        PB_PUSH(a, z->lease_preferences, z->n_lease_preferences, l);
    }
    return NULL;
}

struct error *
zone_parse_constraints(struct arena *a, struct slice yaml, Amberdb__ZoneConfig *z)
{
    struct yaml *y;
    ERR_TRY(parse_flow(a, yaml, &y));
    return set_constraints(a, y, z);
}

struct error *
zone_parse_preferences(struct arena *a, struct slice yaml, Amberdb__ZoneConfig *z)
{
    struct yaml *y;
    ERR_TRY(parse_flow(a, yaml, &y));
    return set_preferences(a, y, z);
}

/* ---- whole configurations -------------------------------------------------------------------- */

static struct error *
number(const struct yaml *y, int64_t *out)
{
    char *end;
    if (y->kind != YAML_WORD || *y->word == '\0')
        return parse_error();
    *out = strtoll(y->word, &end, 10);
    return *end != '\0' ? parse_error() : NULL;
}

static struct error *
set_key(struct arena *a, const char *key, const struct yaml *y, Amberdb__ZoneConfig *z)
{
    int64_t n = 0;
    if (strcmp(key, "constraints") == 0)
        return set_constraints(a, y, z);
    if (strcmp(key, "lease_preferences") == 0 ||
        strcmp(key, "experimental_lease_preferences") == 0)
        return set_preferences(a, y, z);
    if (strcmp(key, "gc") == 0 && y->kind == YAML_MAP) {
        for (size_t i = 0; i < y->n; i++) {
            if (strcmp(y->keys[i], "ttlseconds") != 0)
                return parse_error();
            ERR_TRY(set_key(a, "ttlseconds", y->items[i], z));
        }
        return NULL;
    }
    ERR_TRY(number(y, &n));
    if (strcmp(key, "range_min_bytes") == 0) {
        PB_SET(z, range_min_bytes, n);
    } else if (strcmp(key, "range_max_bytes") == 0) {
        PB_SET(z, range_max_bytes, n);
    } else if (strcmp(key, "num_replicas") == 0) {
        PB_SET(z, num_replicas, (int32_t)n);
    } else if (strcmp(key, "ttlseconds") == 0) {
        z->gc = PB_NEW(a, GCPolicy, gcpolicy);
        PB_SET(z->gc, ttl_seconds, (int32_t)n);
    } else {
        return err_new(ERR_CHECK_VIOLATION, "could not parse zone config: yaml: unmarshal errors: "
                                            "field %s not found in type zonepb.marshalableZoneConfig",
                       key);
    }
    return NULL;
}

struct error *
zone_parse_config(struct arena *a, struct slice yaml, Amberdb__ZoneConfig *z)
{
    struct yaml_reader r = {a, (const char *)yaml.ptr, (const char *)yaml.ptr + yaml.len, false};
    skip_blanks(&r);
    if (r.p < r.end && *r.p == '{') {
        struct yaml *y;
        ERR_TRY(parse_flow(a, yaml, &y));
        for (size_t i = 0; i < y->n; i++)
            ERR_TRY(set_key(a, y->keys[i], y->items[i], z));
        return NULL;
    }
    /* key: value lines; `gc:` is followed by its own, indented. */
    while (r.p < r.end) {
        const char *key = read_word(&r);
        if (r.failed || r.p == r.end || *r.p != ':')
            return parse_error();
        r.p++;
        while (r.p < r.end && (*r.p == ' ' || *r.p == '\t'))
            r.p++;
        if (strcmp(key, "gc") == 0 && (r.p == r.end || *r.p != '{')) {
            skip_blanks(&r);
            continue;
        }
        ERR_TRY(set_key(a, key, read_value(&r, 0), z));
        if (r.failed)
            return parse_error();
        skip_blanks(&r);
    }
    return NULL;
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
