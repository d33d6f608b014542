#include "config.h"

#include "executor/schema/yaml_read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "catalog/pb.h"

#define MAX_DEPTH 100
#define MAX_ITEMS 1000

struct reading {
    struct arena *a;
    yaml_parser_t parser;
};

/* SOURCE: go-yaml v2 decode.go, fail(): line numbers from 0, and that of a scanner's error one too small;
 * none for the first line. */
static struct error *
failed(const struct reading *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem == NULL ? "unknown problem parsing YAML content" : p->problem;
    size_t line = p->problem_mark.line;

    if (line != 0)
        line += p->error == YAML_SCANNER_ERROR;
    else
        line = p->context_mark.line;
    if (line != 0)
        return err_new(ERR_UNCATEGORIZED, "yaml: line %zu: %s", line, problem);
    return err_new(ERR_UNCATEGORIZED, "yaml: %s", problem);
}

static struct error *
next(struct reading *r, yaml_event_t *e)
{
    return yaml_parser_parse(&r->parser, e) ? NULL : failed(r);
}

static struct error *read_node(struct reading *r, yaml_event_t *e, int depth, struct yaml **out);

/* The nodes up to the end of the list or map. */
static struct error *
read_items(struct reading *r, struct yaml *y, int depth)
{
    for (bool key = true;; key = !key) {
        yaml_event_t e;
        struct yaml *item;
        ERR_TRY(next(r, &e));
        if (e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&e);
            return NULL;
        }
        struct error *err = read_node(r, &e, depth + 1, &item);
        yaml_event_delete(&e);
        ERR_TRY(err);
        if (y->n >= MAX_ITEMS)
            return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "yaml: more than %d items", MAX_ITEMS);
        size_t n = y->n;
        if (y->kind == YAML_MAP && key)
            PB_PUSH(r->a, y->keys, n, item);
        else
            PB_PUSH(r->a, y->items, y->n, item);
    }
}

static struct error *
read_node(struct reading *r, yaml_event_t *e, int depth, struct yaml **out)
{
    struct yaml *y = ARENA_NEW(r->a, struct yaml);

    *out = y;
    y->line = (int)e->start_mark.line + 1;
    if (depth > MAX_DEPTH)
        return err_new(ERR_PROGRAM_LIMIT_EXCEEDED, "yaml: nested too deep");
    switch ((int)e->type) {
    case YAML_SCALAR_EVENT:
        y->kind = YAML_WORD;
        y->word = arena_strndup(r->a, (const char *)e->data.scalar.value, e->data.scalar.length);
        y->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return NULL;
    case YAML_SEQUENCE_START_EVENT:
        y->kind = YAML_LIST;
        return read_items(r, y, depth);
    case YAML_MAPPING_START_EVENT:
        y->kind = YAML_MAP;
        return read_items(r, y, depth);
    default:
        return err_unimplemented(0, "YAML aliases");
    }
}

struct error *
yaml_read(struct arena *a, struct slice text, struct yaml **out)
{
    struct reading r = {.a = a};
    struct error *err = NULL;
    yaml_event_t e;

    *out = NULL;
    if (!yaml_parser_initialize(&r.parser))
        return err_new(ERR_OUT_OF_MEMORY, "out of memory");
    yaml_parser_set_input_string(&r.parser, text.ptr, text.len);
    for (bool done = false; !done && err == NULL;) {
        err = next(&r, &e);
        if (err != NULL)
            break;
        if (e.type != YAML_STREAM_START_EVENT && e.type != YAML_DOCUMENT_START_EVENT) {
            done = true;
            if (e.type != YAML_STREAM_END_EVENT)
                err = read_node(&r, &e, 0, out);
        }
        yaml_event_delete(&e);
    }
    /* Whatever is wrong behind it is told as well. */
    if (err == NULL && *out != NULL) {
        err = next(&r, &e);
        if (err == NULL)
            yaml_event_delete(&e);
    }
    yaml_parser_delete(&r.parser);
    return err;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool
is_one_of(const char *word, const char *const *v)
{
    for (; *v != NULL; v++)
        if (strcmp(word, *v) == 0)
            return true;
    return false;
}

/* SOURCE: go-yaml v2 resolve.go */
const char *
yaml_tag(const struct yaml *y)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"y",    "Y",    "yes",  "Yes", "YES", "true",  "True",  "TRUE",
                                        "on",   "On",   "ON",   "n",   "N",   "no",    "No",    "NO",
                                        "off",  "Off",  "OFF",  "false", "False", "FALSE", NULL};
    char *end;

    if (y->kind != YAML_WORD)
        return y->kind == YAML_LIST ? "!!seq" : "!!map";
    if (y->quoted)
        return "!!str";
    if (is_one_of(y->word, nulls))
        return "!!null";
    if (is_one_of(y->word, bools))
        return "!!bool";
    if (strchr("+-.0123456789", *y->word) == NULL)
        return "!!str";
    strtoll(y->word, &end, 0);
    if (*end == '\0')
        return "!!int";
    strtod(y->word, &end);
    return *end == '\0' ? "!!float" : "!!str";
}

bool
yaml_int_value(const struct yaml *y, int bits, int64_t *out)
{
    const char *tag = yaml_tag(y);
    int64_t most = bits == 64 ? INT64_MAX : INT32_MAX;

    if (strcmp(tag, "!!int") == 0)
        *out = strtoll(y->word, NULL, 0);
    else if (strcmp(tag, "!!float") == 0 && strtod(y->word, NULL) > -9e18 &&
             strtod(y->word, NULL) < 9e18)
        *out = (int64_t)strtod(y->word, NULL);
    else
        return false;
    return *out <= most && *out >= -most - 1;
}
