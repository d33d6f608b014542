#include "config.h"

#include "sinks/json_int.h"

#include <yajl/yajl_tree.h>

static yajl_val
parse(struct slice doc)
{
    char *text = xmalloc(doc.len + 1);
    if (doc.len > 0)
        memcpy(text, doc.ptr, doc.len);
    text[doc.len] = '\0';
    yajl_val v = yajl_tree_parse(text, NULL, 0);
    xfree(text);
    return v;
}

char *
json_string(struct arena *a, struct slice doc, const char *path)
{
    const char *parts[8];
    int n = 0;
    char *out = NULL, *copy = arena_strdup(a, path), *save = NULL;
    for (char *p = strtok_r(copy, ".", &save); p != NULL && n < 7; p = strtok_r(NULL, ".", &save))
        parts[n++] = p;
    parts[n] = NULL;
    yajl_val top = parse(doc);
    if (top == NULL)
        return NULL;
    yajl_val v = yajl_tree_get(top, parts, yajl_t_any);
    if (YAJL_IS_STRING(v))
        out = arena_strdup(a, YAJL_GET_STRING(v));
    else if (YAJL_IS_NUMBER(v))
        out = arena_strdup(a, YAJL_GET_NUMBER(v));
    yajl_tree_free(top);
    return out;
}

bool
json_each(struct arena *a, struct slice doc, const char *list, const char *member,
          void (*fn)(void *arg, const char *value), void *arg)
{
    const char *at[] = {list, NULL}, *in[] = {member, NULL};
    yajl_val top = parse(doc);
    (void)a;
    if (top == NULL)
        return false;
    yajl_val v = yajl_tree_get(top, at, yajl_t_array);
    size_t n = YAJL_IS_ARRAY(v) ? v->u.array.len : 0;
    for (size_t i = 0; i < n; i++) {
        yajl_val s = yajl_tree_get(v->u.array.values[i], in, yajl_t_string);
        if (YAJL_IS_STRING(s))
            fn(arg, s->u.string);
    }
    yajl_tree_free(top);
    return true;
}

bool
json_is_object(struct slice doc)
{
    yajl_val top = parse(doc);
    bool is = YAJL_IS_OBJECT(top);
    yajl_tree_free(top);
    return is;
}

void
json_put_string(struct str *s, const char *text)
{
    str_append_char(s, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            str_append_char(s, '\\');
        if ((unsigned char)*p < 0x20)
            str_printf(s, "\\u%04x", (unsigned char)*p);
        else
            str_append_char(s, *p);
    }
    str_append_char(s, '"');
}
