/* regress/fuzz/fuzz_json.c - JSON text. What is read is a valid body; printed, plain or pretty, it
 * reads back to the same bytes; and the tree builder makes these bytes of its parts.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/slice.h"
#include "types/json.h"

#define JSON_BUDGET_BYTES ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_node *
rebuild(struct arena *a, struct json j)
{
    struct json_node *n;
    switch (j.kind) {
    case JSON_ARRAY:
        n = json_new_array(a);
        for (uint32_t i = 0; i < j.count; i++)
            json_push(n, rebuild(a, json_at(j, i)));
        return n;
    case JSON_OBJECT:
        n = json_new_object(a);
        for (uint32_t i = 0; i < j.count; i++) {
            struct slice key;
            struct json v, found;
            json_pair(j, i, &key, &v);
            VERIFY(json_get(j, key, &found) && json_compare(v, found) == 0);
            json_set(n, key, rebuild(a, v));
        }
        return n;
    case JSON_NUMBER:
        return json_new_number(a, json_number(a, j));
    case JSON_STRING:
        return json_new_string(a, j.data);
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    }
    return json_from(a, j);
}

static void
reads_back(struct arena *a, const struct str *text, struct slice body)
{
    struct slice again;
    struct error *err = json_parse(a, str_slice(text), &again);
    if (err != NULL)
        fprintf(stderr, "%s\n", err->message);
    VERIFY(err == NULL);
    VERIFY(slice_eq(body, again));
}

static void
check(struct arena *a, struct slice body)
{
    struct str plain, pretty;
    struct slice built;
    struct json root = json_root(body);
    VERIFY(json_validate(body) == NULL);
    VERIFY(json_compare(root, root) == 0);
    str_init_arena(&plain, a, STR_MAX_DEFAULT);
    json_format(&plain, root);
    reads_back(a, &plain, body);
    /* Pretty text grows with depth times breadth. */
    if (body.len < 4096) {
        str_init_arena(&pretty, a, STR_MAX_DEFAULT);
        json_pretty(&pretty, root);
        reads_back(a, &pretty, body);
    }
    VERIFY(json_encode(a, rebuild(a, root), &built) == NULL);
    VERIFY(slice_eq(body, built));
    VERIFY(json_hash(root, 1) == json_hash(json_root(built), 1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem_budget *budget = mem_budget_create(JSON_BUDGET_BYTES, NULL);
    struct arena *a = arena_create_budget(NULL, "fuzz", budget);
    struct slice body;
    struct error *err = json_parse(a, slice_make(data, size), &body);
    if (err == NULL)
        check(a, body);
    err_free(err);
    arena_destroy(a);
    mem_budget_destroy(budget);
    return 0;
}
