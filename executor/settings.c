#include "config.h"

#include "executor/settings.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/name_index.h"
#include "executor/session_int.h"

/* Cluster settings: the list, the cache of what system.settings holds, the statements.
 * SOURCE: CockroachDB v20.1 pkg/settings: stored forms are strconv's: durations in nanoseconds, byte
 * sizes and enums as integers. */

#define RELOAD_NS ((int64_t)5 * 1000000000)

static const struct setting_def defs[] = {
#define SETTING(n, t, d, p, v, desc) {n, t, d, p, v, desc},
#include "executor/settings.def"
#undef SETTING
};
#define N_SETTINGS ((int)(sizeof(defs) / sizeof(defs[0])))

struct cluster_settings {
    struct mutex lock;
    char *stored[N_SETTINGS]; /* NULL: the default */
    int64_t loaded_ns;
};

int
setting_count(void)
{
    return N_SETTINGS;
}

const struct setting_def *
setting_at(int i)
{
    return &defs[i];
}

static struct name_index name_index;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static const char *
name_of(int i)
{
    return defs[i].name;
}

static void
build_index(void)
{
    name_index_build(&name_index, N_SETTINGS, name_of);
}

static int
find(const char *name)
{
    pthread_once(&index_once, build_index);
    int i = name_index_find(&name_index, name);
    return i >= 0 && strcmp(defs[i].name, name) == 0 ? i : -1;
}

const struct setting_def *
setting_find(const char *name)
{
    int i = find(name);

    return i < 0 ? NULL : &defs[i];
}

struct cluster_settings *
settings_create(void)
{
    struct cluster_settings *s = xcalloc(1, sizeof(*s));

    mutex_init(&s->lock, RANK_LEAF);
    return s;
}

void
settings_destroy(struct cluster_settings *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < N_SETTINGS; i++)
        xfree(s->stored[i]);
    mutex_destroy(&s->lock);
    xfree(s);
}

/* ---- durations and sizes as Go prints them -------------------------------------------------- */

static void
put_duration(struct str *s, int64_t ns)
{
    if (ns < 0) {
        str_append_char(s, '-');
        ns = -ns;
    }
    if (ns == 0) {
        str_append_cstr(s, "0s");
        return;
    }
    if (ns < 1000000000) {
        static const struct {
            int64_t unit;
            const char *name;
        } small[] = {{1000000, "ms"}, {1000, "\xc2\xb5s"}, {1, "ns"}};
        for (int i = 0; i < 3; i++)
            if (ns >= small[i].unit) {
                char num[64];
                snprintf(num, sizeof(num), "%.6f", (double)ns / (double)small[i].unit);
                size_t n = strlen(num);
                while (n > 0 && num[n - 1] == '0')
                    num[--n] = '\0';
                if (n > 0 && num[n - 1] == '.')
                    num[--n] = '\0';
                str_printf(s, "%s%s", num, small[i].name);
                return;
            }
    }
    int64_t sec = ns / 1000000000, frac = ns % 1000000000;
    if (sec >= 3600)
        str_printf(s, "%lldh", (long long)(sec / 3600));
    if (sec >= 60)
        str_printf(s, "%lldm", (long long)(sec / 60 % 60));
    str_printf(s, "%lld", (long long)(sec % 60));
    if (frac > 0) {
        char f[16];
        snprintf(f, sizeof(f), "%09lld", (long long)frac);
        size_t n = 9;
        while (n > 0 && f[n - 1] == '0')
            f[--n] = '\0';
        str_printf(s, ".%s", f);
    }
    str_append_char(s, 's');
}

/* "1h2m3.5s"; false when it is none. */
static bool
read_duration(const char *p, int64_t *out)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1},          {"us", 1e3},  {"\xc2\xb5s", 1e3}, {"ms", 1e6},
                 {"s", 1e9},         {"m", 60e9},  {"h", 3600e9}};
    bool neg = *p == '-';
    double total = 0;

    if (*p == '-' || *p == '+')
        p++;
    if (strcmp(p, "0") == 0) {
        *out = 0;
        return true;
    }
    if (*p == '\0')
        return false;
    while (*p != '\0') {
        char *end;
        double v = strtod(p, &end);
        if (end == p)
            return false;
        p = end;
        size_t best = 0;
        double unit = 0;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            size_t n = strlen(units[i].name);
            if (strncmp(p, units[i].name, n) == 0 && n > best) {
                best = n;
                unit = units[i].ns;
            }
        }
        if (best == 0)
            return false;
        p += best;
        total += v * unit;
    }
    *out = (int64_t)llround(neg ? -total : total);
    return true;
}

static void
put_bytes(struct str *s, int64_t n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)n;
    int u = 0;

    while (v >= 1024 && u < 6) {
        v /= 1024;
        u++;
    }
    if (u == 0 || floor(v * 10 + 0.5) / 10 >= 10)
        str_printf(s, "%.0f %s", v, units[u]);
    else
        str_printf(s, "%.1f %s", v, units[u]);
}

static bool
read_bytes(const char *p, int64_t *out)
{
    static const struct {
        const char *name;
        double unit;
    } units[] = {{"", 1},         {"b", 1},           {"k", 1e3},           {"kb", 1e3},
                 {"m", 1e6},      {"mb", 1e6},        {"g", 1e9},           {"gb", 1e9},
                 {"t", 1e12},     {"tb", 1e12},       {"kib", 1024},        {"ki", 1024},
                 {"mib", 1048576}, {"mi", 1048576},   {"gib", 1073741824},  {"gi", 1073741824},
                 {"tib", 1099511627776.0}, {"ti", 1099511627776.0}};
    char *end;
    double v = strtod(p, &end);

    if (end == p)
        return false;
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(end, units[i].name) == 0) {
            *out = (int64_t)(v * units[i].unit);
            return true;
        }
    return false;
}

/* The default in its stored form: durations are written as Go prints them in the list. */
static const char *
default_stored(const struct setting_def *d, char *buf, size_t cap)
{
    int64_t ns;

    if (d->type != 'd' || !read_duration(d->def, &ns))
        return d->def;
    snprintf(buf, cap, "%lld", (long long)ns);
    return buf;
}

/* ---- the cache ------------------------------------------------------------------------------ */

struct load_sink {
    struct row_sink sink;
    struct arena *a;
    char *stored[N_SETTINGS];
};

static struct error *
load_put(struct row_sink *sink, const struct datum *row)
{
    struct load_sink *l = (struct load_sink *)sink;

    if (row[0].null || row[1].null)
        return NULL;
    int i = find(slice_to_cstr(l->a, datum_slice(&row[0])));
    if (i >= 0)
        l->stored[i] = slice_to_cstr(l->a, datum_slice(&row[1]));
    return NULL;
}

struct load_arg {
    struct node *n;
};

static struct error *
load_txn(struct exec_ctx *x, void *arg)
{
    struct node *n = ((struct load_arg *)arg)->n;
    struct load_sink l = {.sink = {load_put}, .a = x->arena};
    struct cluster_settings *s = n->settings;

    ERR_TRY(exec_sql(x, EXEC_ROOT, &l.sink, NULL, 0, NULL, NULL,
                     "SELECT name, value FROM system.settings"));
    mutex_lock(&s->lock);
    for (int i = 0; i < N_SETTINGS; i++) {
        xfree(s->stored[i]);
        s->stored[i] = l.stored[i] == NULL || defs[i].type == 'm' ? NULL : xstrdup(l.stored[i]);
    }
    s->loaded_ns = monotonic_now_ns();
    mutex_unlock(&s->lock);
    return NULL;
}

struct error *
settings_reload(struct node *n)
{
    struct load_arg a = {n};

    return exec_txn(n, NULL, "system", HLC_MIN, NULL, load_txn, &a);
}

char *
settings_raw(const struct cluster_settings *cs, struct arena *a, const struct setting_def *d)
{
    struct cluster_settings *s = (struct cluster_settings *)(uintptr_t)cs;
    char buf[32];
    int i = (int)(d - defs);

    mutex_lock(&s->lock);
    char *v = arena_strdup(a, s->stored[i] != NULL ? s->stored[i]
                                                   : default_stored(d, buf, sizeof(buf)));
    mutex_unlock(&s->lock);
    return v;
}

static const char *
enum_name(const struct setting_def *d, const char *raw, struct arena *a)
{
    for (const char *p = d->values; *p != '\0';) {
        size_t n = strcspn(p, ",");
        char *item = arena_strndup(a, p, n), *eq = strchr(item, '=');
        if (eq != NULL && strcmp(eq + 1, raw) == 0) {
            *eq = '\0';
            return item;
        }
        p += n + (p[n] == ',');
    }
    return raw;
}

char *
settings_show(const struct cluster_settings *s, struct arena *a, const struct setting_def *d)
{
    char *raw = settings_raw(s, a, d);
    struct str out;

    str_init_arena(&out, a, 65536);
    switch (d->type) {
    case 'd':
        put_duration(&out, strtoll(raw, NULL, 10));
        break;
    case 'z':
        put_bytes(&out, strtoll(raw, NULL, 10));
        break;
    case 'e':
        str_append_cstr(&out, enum_name(d, raw, a));
        break;
    default:
        str_append_cstr(&out, raw);
        break;
    }
    return arena_strdup(a, str_cstr(&out));
}

static char *
raw_of(struct node *n, struct arena *a, const char *name)
{
    const struct setting_def *d = setting_find(name);

    return d == NULL ? arena_strdup(a, "") : settings_raw(n->settings, a, d);
}

bool
settings_bool(struct node *n, const char *name)
{
    const struct setting_def *d = setting_find(name);
    struct cluster_settings *s = n->settings;
    char buf[32];

    if (d == NULL)
        return false;
    /* Asked at each statement: nothing is copied. */
    mutex_lock(&s->lock);
    const char *stored = s->stored[d - defs];
    bool v = strcmp(stored != NULL ? stored : default_stored(d, buf, sizeof(buf)), "true") == 0;
    mutex_unlock(&s->lock);
    return v;
}

int64_t
settings_int(struct node *n, const char *name)
{
    struct arena *a = arena_create(NULL, "setting");
    int64_t v = strtoll(raw_of(n, a, name), NULL, 10);

    arena_destroy(a);
    return v;
}

double
settings_float(struct node *n, const char *name)
{
    struct arena *a = arena_create(NULL, "setting");
    double v = strtod(raw_of(n, a, name), NULL);

    arena_destroy(a);
    return v;
}

int64_t
settings_duration_ns(struct node *n, const char *name)
{
    return settings_int(n, name);
}

char *
settings_string(struct node *n, struct arena *a, const char *name)
{
    const struct setting_def *d = setting_find(name);

    if (d == NULL)
        return NULL;
    char *raw = settings_raw(n->settings, a, d);
    return d->type == 'e' ? arena_strdup(a, enum_name(d, raw, a)) : raw;
}

/* ---- writing -------------------------------------------------------------------------------- */

static struct error *
negative(const struct setting_def *d, const char *what, const char *text)
{
    return err_new(ERR_UNCATEGORIZED, "cannot set %s to a negative %s: %s", d->name, what, text);
}

static struct error *
encode_enum(struct arena *a, const struct setting_def *d, const char *text, char **stored)
{
    for (const char *p = d->values; *p != '\0';) {
        size_t n = strcspn(p, ",");
        char *item = arena_strndup(a, p, n), *eq = strchr(item, '=');
        if (eq != NULL) {
            *eq = '\0';
            if (strcasecmp(item, text) == 0 || strcmp(eq + 1, text) == 0) {
                *stored = arena_strdup(a, eq + 1);
                return NULL;
            }
        }
        p += n + (p[n] == ',');
    }
    char *end;
    (void)strtoll(text, &end, 10);
    return err_hint(err_new(ERR_INVALID_PARAMETER_VALUE, "invalid %s value '%s' for enum setting",
                            *text != '\0' && *end == '\0' ? "integer" : "string", text),
                    "Available values: %s", d->values);
}

/* SOURCE: v20.1 settings.RegisterPublicNonNegativeDurationSettingWithMaximum and storepool's own. */
static struct error *
check_duration(struct arena *a, const struct setting_def *d, int64_t ns)
{
    const int64_t second = INT64_C(1000000000);
    struct str s;

    str_init_arena(&s, a, 256);
    put_duration(&s, ns);
    if (ns < 0)
        return negative(d, "duration", str_cstr(&s));
    if ((strcmp(d->name, "diagnostics.sql_stat_reset.interval") == 0 ||
         strcmp(d->name, "diagnostics.forced_sql_stat_reset.interval") == 0) && ns > 86400 * second)
        return err_new(ERR_UNCATEGORIZED, "cannot set %s to a value larger than 24h0m0s", d->name);
    if (strcmp(d->name, "server.time_until_store_dead") == 0 && ns < 75 * second)
        return err_new(ERR_UNCATEGORIZED, "cannot set %s to less than 1m15s: %s", d->name,
                       str_cstr(&s));
    return NULL;
}

/* Why a text is no size, as the library of v20.1 says it. */
static struct error *
bad_bytes(struct arena *a, const char *text)
{
    const char *rest = text;

    if (*text == '\0')
        return err_new(ERR_UNCATEGORIZED, "parsing \"\": invalid syntax");
    rest += *rest == '-';
    const char *number = rest;
    rest += strspn(rest, "0123456789.,");
    if (rest == number)
        return err_new(ERR_UNCATEGORIZED, "strconv.ParseFloat: parsing \"\": invalid syntax");
    rest += strspn(rest, " ");
    char *unit = arena_strdup(a, rest);
    for (char *p = unit; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    return err_new(ERR_UNCATEGORIZED, "unhandled size name: %s", unit);
}

/* This is 20.1, and stays it. */
static struct error *
check_version(const char *text)
{
    int major, minor, end = 0;

    if (sscanf(text, "%9d.%9d%n", &major, &minor, &end) != 2 || text[end] != '\0')
        return err_new(ERR_UNCATEGORIZED, "invalid version %s", text);
    int v = major * 10 + minor;
    if (v > 201)
        return err_new(ERR_UNCATEGORIZED, "cannot upgrade to %s: node running 20.1", text);
    if (v < 192)
        return err_new(ERR_UNCATEGORIZED, "node at 20.1 cannot run %s (minimum version is 19.2)", text);
    if (v < 201)
        return err_new(ERR_UNCATEGORIZED,
                       "versions cannot be downgraded (attempting to downgrade from 20.1 to %s)", text);
    return NULL;
}

struct error *
setting_encode(struct arena *a, const struct setting_def *d, const char *text, char **stored)
{
    int64_t n;
    double f;
    char *end;

    *stored = arena_strdup(a, text);
    switch (d->type) {
    case 'b':
        if (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0 &&
            strcasecmp(text, "on") != 0 && strcasecmp(text, "off") != 0)
            return err_new(ERR_INVALID_PARAMETER_VALUE,
                           "could not parse \"%s\" as type bool: invalid bool value", text);
        *stored = arena_strdup(
            a, strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0 ? "true" : "false");
        return NULL;
    case 'i':
        n = strtoll(text, &end, 10);
        if (*text == '\0' || *end != '\0')
            return err_new(ERR_DATATYPE_MISMATCH, "could not parse \"%s\" as type int", text);
        if (strcmp(d->name, "sql.defaults.default_int_size") == 0 && n != 4 && n != 8)
            return err_new(ERR_UNCATEGORIZED, "only 4 or 8 are valid values");
        return n < 0 ? negative(d, "value", text) : NULL;
    case 'f':
        f = strtod(text, &end);
        if (*text == '\0' || *end != '\0')
            return err_new(ERR_DATATYPE_MISMATCH, "could not parse \"%s\" as type float", text);
        return f < 0 ? negative(d, "value", arena_printf(a, "%f", f)) : NULL;
    case 'd':
        if (!read_duration(text, &n)) {
            struct eval_env env = {.arena = a, .timezone = TIMEZONE_UTC};
            struct datum iv;
            ERR_TRY(datum_parse(&env, &TYPE_INTERVAL, slice_cstr(text), &iv));
            n = iv.iv->nanos + (iv.iv->days + iv.iv->months * 30) * 86400 * 1000000000;
        }
        ERR_TRY(check_duration(a, d, n));
        *stored = arena_printf(a, "%lld", (long long)n);
        return NULL;
    case 'z':
        if (!read_bytes(text, &n))
            return bad_bytes(a, text);
        *stored = arena_printf(a, "%lld", (long long)n);
        return NULL;
    case 'e':
        return encode_enum(a, d, text, stored);
    case 'm':
        return check_version(text);
    default:
        return NULL;
    }
}

/* The value of SET as text, by the setting's type. */
static struct error *
value_text(struct exec_ctx *x, const struct setting_def *d, const struct ast_expr *e, char **out)
{
    struct type_ctx c;
    struct expr *t;
    struct datum v;
    struct str s;
    const struct type *want = d->type == 'b'   ? &TYPE_BOOL
                              : d->type == 'i' ? &TYPE_INT8
                              : d->type == 'f' ? &TYPE_FLOAT8
                              : d->type == 'd' ? &TYPE_INTERVAL
                              : d->type == 'e' ? NULL
                                               : &TYPE_STRING;

    while (e->kind == AST_EXPR_PAREN)
        e = e->inner;
    str_init_arena(&s, x->arena, 65536);
    if (e->kind == AST_EXPR_COLUMN && e->column.count == 1 && !e->column.star) {
        *out = slice_to_cstr(x->arena, e->column.parts[0]);
        return NULL;
    }
    type_ctx_init(&c, exec_planner(x), NULL, "SET CLUSTER SETTING",
                  REJECT_AGGREGATES | REJECT_WINDOWS | REJECT_GENERATORS | REJECT_COLUMNS |
                      REJECT_SUBQUERIES);
    ERR_TRY(type_expr(&c, e, want, &t));
    if (want != NULL && !type_equivalent(t->type, want))
        return err_new(ERR_DATATYPE_MISMATCH, "argument of %s must be type %s, not type %s", d->name,
                       type_name_str(x->arena, want), type_name_str(x->arena, t->type));
    ERR_TRY(expr_eval(t, &x->env, &x->state, NULL, &v));
    if (v.null)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "the value of a cluster setting cannot be NULL");
    if (d->type == 'd' && (v.iv->months > 0 || v.iv->days > 0)) {
        datum_format(&s, t->type, &v, TEXT_CAST, &x->env);
        return err_new(ERR_UNCATEGORIZED, "cannot use day or month specifiers: '%s'", str_cstr(&s));
    }
    datum_format(&s, t->type, &v, TEXT_CAST, &x->env);
    *out = arena_strdup(x->arena, str_cstr(&s));
    return str_error(&s);
}

struct set_arg {
    struct exec_ctx *outer;
    const struct setting_def *d;
    const char *stored, *shown; /* NULL: back to the default */
};

static struct error *
set_txn(struct exec_ctx *x, void *arg)
{
    const struct set_arg *s = arg;
    const struct type *types[3] = {&TYPE_STRING, &TYPE_STRING, &TYPE_STRING};
    char kind[2] = {s->d->type, '\0'};
    struct datum v[3] = {datum_cstr(s->d->name),
                         s->stored == NULL ? DATUM_NULL : datum_cstr(s->stored), datum_cstr(kind)};

    ERR_TRY(catalog_check_admin(x->catalog, s->outer->user, "SET CLUSTER SETTING"));
    if (s->stored == NULL)
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 1, types, v,
                         "DELETE FROM system.settings WHERE name = $1"));
    else
        ERR_TRY(exec_sql(x, EXEC_ROOT, NULL, NULL, 3, types, v,
                         "UPSERT INTO system.settings (name, value, \"lastUpdated\", \"valueType\") "
                         "VALUES ($1, $2, now()::TIMESTAMP, $3)"));
    struct str info;
    str_init_arena(&info, x->arena, 65536);
    str_printf(&info, "{\"SettingName\":\"%s\",\"Value\":\"%s\",\"User\":\"%s\"}", s->d->name,
               s->shown == NULL ? "DEFAULT" : s->shown, s->outer->user);
    struct datum ev[2] = {datum_int(x->node->node_id),
                          datum_bytes(str_cstr(&info), info.len)};
    const struct type *et[2] = {&TYPE_INT8, &TYPE_STRING};
    return exec_sql(x, EXEC_ROOT, NULL, NULL, 2, et, ev,
                    "INSERT INTO system.eventlog (timestamp, \"eventType\", \"targetID\", "
                    "\"reportingID\", info, \"uniqueID\") VALUES (now()::TIMESTAMP, "
                    "'set_cluster_setting', 0, $1, $2, uuid_v4())");
}

static struct error *
check_admin_txn(struct exec_ctx *x, void *arg)
{
    return catalog_check_admin(x->catalog, arg, "SET CLUSTER SETTING");
}

static struct error *
set_run(struct exec_ctx *x, const struct ast_stmt *stmt, struct row_sink *rows, char **tag)
{
    const struct ast_cluster_setting *a = stmt->set_cluster_setting;
    char *name = slice_to_cstr(x->arena, a->name);
    struct set_arg arg = {.outer = x};
    char *text = NULL, *stored;

    (void)rows;
    (void)tag;
    ERR_TRY(exec_txn(x->node, NULL, "system", HLC_MIN, x->cancel, check_admin_txn,
                     (void *)(uintptr_t)x->user));
    for (char *p = name; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    arg.d = setting_find(name);
    if (arg.d == NULL)
        return err_new(ERR_UNCATEGORIZED, "unknown cluster setting '%s'", name);
    if (a->value != NULL && a->value->kind != AST_EXPR_DEFAULT) {
        ERR_TRY(value_text(x, arg.d, a->value, &text));
        ERR_TRY(setting_encode(x->arena, arg.d, text, &stored));
        arg.stored = stored;
        arg.shown = text;
    } else if (arg.d->type == 'm') {
        return err_new(ERR_UNCATEGORIZED, "cannot RESET this cluster setting");
    }
    if (arg.d->type != 'm')
        ERR_TRY(exec_txn(x->node, NULL, "system", HLC_MIN, x->cancel, set_txn, &arg));
    return settings_reload(x->node);
}

/* ---- SHOW ----------------------------------------------------------------------------------- */

static void
refresh(struct node *n)
{
    if (monotonic_now_ns() - n->settings->loaded_ns > RELOAD_NS)
        err_free(settings_reload(n));
}

static struct error *
show_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n, const struct result_column **cols)
{
    struct result_column *c = ARENA_NEW(x->arena, struct result_column);
    char *name = slice_to_cstr(x->arena, s->show->name);
    const struct setting_def *d = setting_find(name);

    if (d == NULL)
        return err_new(ERR_UNCATEGORIZED, "unknown setting: \"%s\"", name);
    c->name = name;
    c->type = d->type == 'b'   ? &TYPE_BOOL
              : d->type == 'i' ? &TYPE_INT8
              : d->type == 'f' ? &TYPE_FLOAT8
              : d->type == 'd' ? &TYPE_INTERVAL
                               : &TYPE_STRING;
    *n = 1;
    *cols = c;
    return NULL;
}

static struct error *
admin_only(struct exec_ctx *x, const char *what)
{
    return x->catalog == NULL ? NULL : catalog_check_admin(x->catalog, x->user, what);
}

static struct error *
show_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    const struct setting_def *d = setting_find(slice_to_cstr(x->arena, s->show->name));
    char *raw;
    struct datum v;

    (void)tag;
    ERR_TRY(admin_only(x, "SHOW CLUSTER SETTING"));
    refresh(x->node);
    raw = settings_raw(x->node->settings, x->arena, d);
    switch (d->type) {
    case 'b':
        v = datum_bool(strcmp(raw, "true") == 0);
        break;
    case 'i':
        v = datum_int(strtoll(raw, NULL, 10));
        break;
    case 'f':
        v = datum_float(strtod(raw, NULL));
        break;
    case 'd': {
        struct interval *iv = ARENA_NEW(x->arena, struct interval);
        iv->nanos = strtoll(raw, NULL, 10);
        v = (struct datum){.iv = iv};
        break;
    }
    default:
        v = datum_cstr(settings_show(x->node->settings, x->arena, d));
        break;
    }
    return row_put(rows, &v);
}

static const struct result_column public_cols[] = {{.name = "variable", .type = &TYPE_STRING},
                                                   {.name = "value", .type = &TYPE_STRING},
                                                   {.name = "setting_type", .type = &TYPE_STRING},
                                                   {.name = "description", .type = &TYPE_STRING}};
static const struct result_column every_cols[] = {{.name = "variable", .type = &TYPE_STRING},
                                                  {.name = "value", .type = &TYPE_STRING},
                                                  {.name = "setting_type", .type = &TYPE_STRING},
                                                  {.name = "public", .type = &TYPE_BOOL},
                                                  {.name = "description", .type = &TYPE_STRING}};

static struct error *
list_columns(struct exec_ctx *x, const struct ast_stmt *s, int *n, const struct result_column **cols)
{
    (void)x;
    *n = s->show->all ? 5 : 4;
    *cols = s->show->all ? every_cols : public_cols;
    return NULL;
}

static struct error *
list_run(struct exec_ctx *x, const struct ast_stmt *s, struct row_sink *rows, char **tag)
{
    (void)tag;
    ERR_TRY(admin_only(x, "SHOW CLUSTER SETTINGS"));
    refresh(x->node);
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct setting_def *d = &defs[i];
        char kind[2] = {d->type, '\0'};
        if (!s->show->all && !d->is_public)
            continue;
        struct datum v[5] = {datum_cstr(d->name),
                             datum_cstr(settings_show(x->node->settings, x->arena, d)),
                             datum_cstr(kind)};
        if (s->show->all)
            v[3] = datum_bool(d->is_public);
        v[s->show->all ? 4 : 3] = datum_cstr(d->description);
        ERR_TRY(row_put(rows, v));
    }
    return NULL;
}

static const struct statement_ops settings_ops[] = {
    {.kind = AST_STMT_SET_CLUSTER_SETTING, .tag = "SET CLUSTER SETTING",
     .flags = STMT_NO_TXN | STMT_NOT_IN_TXN | STMT_WRITES, .run = set_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_CLUSTER_SETTING, .tag = "SHOW CLUSTER SETTING ",
     .columns = show_columns, .run = show_run},
    {.kind = AST_STMT_SHOW, .show_kind = AST_SHOW_CLUSTER_SETTINGS, .tag = "SHOW CLUSTER SETTINGS ",
     .columns = list_columns, .run = list_run},
};

const struct statement_family statement_family_settings = {
    settings_ops, sizeof(settings_ops) / sizeof(settings_ops[0])};
