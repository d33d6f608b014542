#include "config.h"

#include "planner/plan_int.h"
#include "types/json.h"
#include "types/keyenc.h"

/* Conditions that an inverted index can search: one element (array) or one path with its leaf (JSON)
 * that every matching row must have an entry for. One is enough: where there are more, the condition
 * itself is checked again on the rows. It is the longest, which is likely the rarest.
 *
 *     col @> constant                    arrays, JSON
 *     col->'a'->'b' @> constant
 *     col->'a'->'b' = constant
 */

#define MAX_PATH 64

struct element {
    bool found;
    struct slice key;
    struct arena *a;
};

static struct error *
keep_longest(void *arg, struct slice key)
{
    struct element *e = arg;

    if (e->found && key.len <= e->key.len)
        return NULL;
    e->found = true;
    e->key = slice_dup(e->a, key);
    return NULL;
}

static bool
has_kind(const struct expr *e, enum expr_kind kind)
{
    if (e->kind == kind)
        return true;
    for (int i = 0; i < e->n_args; i++)
        if (has_kind(e->args[i], kind))
            return true;
    return false;
}

/* The value of a constant, or of a placeholder when the plan is made for one execution. *known false:
 * the statement is only described now. */
static struct error *
value_now(struct planner *p, const struct expr *e, struct datum *out, bool *known)
{
    *known = true;
    if (e->kind == EXPR_CONST) {
        *out = e->value;
        return NULL;
    }
    p->custom = true;
    if (has_kind(e, EXPR_PLACEHOLDER) && p->env->n_placeholders == 0) {
        *known = false;
        return NULL;
    }
    return expr_eval(e, p->env, NULL, NULL, out);
}

/* A JSON value that has only the path to one leaf of j; NULL: j has only empty containers, which say
 * nothing about what contains them. exact: j must be equal, so that empty containers count. */
static struct json_node *
one_leaf(struct arena *a, struct json j, bool exact, int *depth)
{
    struct json_node *best = NULL, *n;
    int best_depth = -1;
    struct slice key = {0}, best_key = {0};

    *depth = 0;
    if (j.kind != JSON_ARRAY && j.kind != JSON_OBJECT)
        return json_from(a, j);
    if (j.count == 0)
        return exact ? json_from(a, j) : NULL;
    for (uint32_t i = 0; i < j.count; i++) {
        struct json v;
        int d;
        if (j.kind == JSON_ARRAY)
            v = json_at(j, i);
        else
            json_pair(j, i, &key, &v);
        n = one_leaf(a, v, exact, &d);
        if (n != NULL && d > best_depth) {
            best = n;
            best_depth = d;
            best_key = key;
        }
    }
    if (best == NULL)
        return NULL;
    *depth = best_depth + 1;
    n = j.kind == JSON_ARRAY ? json_new_array(a) : json_new_object(a);
    if (j.kind == JSON_ARRAY)
        json_push(n, best);
    else
        json_set(n, best_key, best);
    return n;
}

/* Is the leaf all that j says? */
static bool
has_one_leaf(struct json j)
{
    while (j.kind == JSON_ARRAY || j.kind == JSON_OBJECT) {
        struct slice key;
        struct json v;
        if (j.count != 1)
            return false;
        if (j.kind == JSON_ARRAY)
            v = json_at(j, 0);
        else
            json_pair(j, 0, &key, &v);
        j = v;
    }
    return true;
}

/* The column below a chain of -> with constant keys; NULL: it is something else. */
static const struct expr *
json_path(const struct expr *e, struct slice *path, int *n)
{
    *n = 0;
    while (e->kind == EXPR_CALL && e->n_args == 2 && strcmp(e->overload->name, "->") == 0) {
        const struct expr *k = e->args[1];
        if (*n == MAX_PATH || k->kind != EXPR_CONST || k->value.null ||
            k->type->family != FAMILY_STRING)
            return NULL;
        path[(*n)++] = datum_slice(&k->value);
        e = e->args[0];
    }
    return e->kind == EXPR_COLUMN ? e : NULL;
}

static struct error *
add_element(struct planner *p, const struct type *t, const struct datum *d, const char *text,
            struct inverted_cond *out)
{
    struct element e = {.a = p->arena};

    ERR_TRY(inverted_keys(p->arena, t, d, keep_longest, &e));
    if (!e.found)
        return NULL;
    out->keys[out->n] = e.key;
    out->texts[out->n++] = text;
    return NULL;
}

static const char *
json_text(struct planner *p, struct json j)
{
    struct str s;

    str_init_arena(&s, p->arena, 65536);
    for (;;) {
        struct slice key;
        struct json v;
        if (j.kind == JSON_OBJECT && j.count > 0) {
            json_pair(j, 0, &key, &v);
            str_printf(&s, "/\"%.*s\"", (int)key.len, (const char *)key.ptr);
        } else if (j.kind == JSON_ARRAY && j.count > 0) {
            str_append_cstr(&s, "/Arr");
            v = json_at(j, 0);
        } else {
            str_append_char(&s, '/');
            json_format(&s, j);
            return str_cstr(&s);
        }
        j = v;
    }
}

/* leaf below the path (innermost key first), in an array when `wrapped`. */
static struct error *
add_json(struct planner *p, struct json_node *leaf, const struct slice *path, int n, bool wrapped,
         struct inverted_cond *out)
{
    struct slice body;
    struct json_node *j = leaf;

    if (wrapped) {
        j = json_new_array(p->arena);
        json_push(j, leaf);
    }
    for (int i = 0; i < n; i++) {
        struct json_node *o = json_new_object(p->arena);
        json_set(o, path[i], j);
        j = o;
    }
    ERR_TRY(json_encode(p->arena, j, &body));
    struct datum d = datum_bytes(body.ptr, body.len);
    return add_element(p, &TYPE_JSONB, &d, json_text(p, json_root(body)), out);
}

static struct error *
cond_json(struct planner *p, const struct expr *value, bool exact, const struct slice *path, int n,
          struct inverted_cond *out)
{
    struct datum d;
    bool known;
    int depth;

    ERR_TRY(value_now(p, value, &d, &known));
    out->usable = !known || d.null;
    if (out->usable)
        return NULL; /* NULL: no row at all */
    struct json j = json_root(datum_slice(&d));
    struct json_node *leaf = one_leaf(p->arena, j, exact, &depth);
    if (leaf == NULL)
        return NULL;
    out->usable = true;
    out->exact = has_one_leaf(j) && (!exact || depth == 0);
    ERR_TRY(add_json(p, leaf, path, n, false, out));
    /* An array contains its scalars. */
    if (!exact && j.kind != JSON_ARRAY && j.kind != JSON_OBJECT)
        ERR_TRY(add_json(p, json_from(p->arena, j), path, n, true, out));
    return NULL;
}

static struct error *
cond_array(struct planner *p, const struct type *t, const struct expr *value,
           struct inverted_cond *out)
{
    struct datum d;
    bool known;
    struct str s;

    if (!type_equivalent(t, value->type))
        return NULL;
    ERR_TRY(value_now(p, value, &d, &known));
    out->usable = !known || d.null;
    for (int i = 0; !out->usable && i < d.arr->n; i++) {
        const struct datum *v = &d.arr->v[i];
        if (v->null)
            continue;
        struct array one = {.n = 1, .elem = d.arr->elem, .v = v};
        struct datum od = {.arr = &one};
        str_init_arena(&s, p->arena, 65536);
        str_append_char(&s, '/');
        datum_format_sql(&s, d.arr->elem, v, false, p->env);
        out->usable = true;
        out->exact = d.arr->n == 1;
        ERR_TRY(add_element(p, t, &od, str_cstr(&s), out));
    }
    return NULL;
}

struct error *
inverted_constraint(struct planner *p, const struct expr *e, int col, const struct type *t,
                    struct inverted_cond *out)
{
    struct slice path[MAX_PATH];
    const struct expr *l, *r;
    int n = 0;

    memset(out, 0, sizeof(*out));
    if (e->n_args != 2)
        return NULL;
    l = e->args[0];
    r = e->args[1];
    bool contains = e->kind == EXPR_CALL && strcmp(e->overload->name, "@>") == 0;
    bool equal = e->kind == EXPR_COMPARE && e->cmp == CMP_EQ;
    if (!contains && !equal)
        return NULL;
    if (equal && l->kind != EXPR_CALL) {
        const struct expr *s = l;
        l = r;
        r = s;
    }
    if (expr_has_columns(r) || expr_has_subquery(r) || r->volatility == VOLATILE ||
        has_kind(r, EXPR_OUTER))
        return NULL;
    if (t->family == FAMILY_ARRAY) {
        if (!contains || l->kind != EXPR_COLUMN || l->index != col)
            return NULL;
        return cond_array(p, t, r, out);
    }
    if (t->family != FAMILY_JSON || r->type->family != FAMILY_JSON)
        return NULL;
    l = json_path(l, path, &n);
    if (l == NULL || l->index != col || (equal && n == 0))
        return NULL;
    return cond_json(p, r, equal, path, n, out);
}
