/* types/json.h - JSONB values as their encoded bodies, and ways to read and build them.
 *
 * A JSON datum is the body of kv-encoding 5: container header, entries, data. Nothing is decoded
 * before it is asked for. Bodies from disk are checked once (json_validate) when they come in;
 * readers below then trust offsets only within bounds.
 */
#ifndef AMBERDB_TYPES_JSON_H
#define AMBERDB_TYPES_JSON_H

#include "types/datum.h"
#include "types/decimal.h"

enum json_kind { JSON_NULL, JSON_STRING, JSON_NUMBER, JSON_FALSE, JSON_TRUE, JSON_ARRAY, JSON_OBJECT };

/* A view of one JSON value: the root or something inside it. */
struct json {
    enum json_kind kind;
    uint32_t count;     /* elements or pairs */
    struct slice data;  /* string text; number bytes (suv length, decimal); container body */
};

#define JSON_MAX_DEPTH 1000

struct error *json_validate(struct slice body) ERR_MUST_USE; /* XX001; depth, order, offsets */
struct json json_root(struct slice body);
struct json json_at(struct json array, uint32_t i);
void json_pair(struct json object, uint32_t i, struct slice *key, struct json *value);
bool json_get(struct json object, struct slice key, struct json *value); /* binary search */
const struct decimal *json_number(struct arena *a, struct json number);
int json_compare(struct json a, struct json b); /* total order of v20.1; equality is 1 = 1.0 */
uint64_t json_hash(struct json j, uint64_t seed);

struct error *json_parse(struct arena *a, struct slice text, struct slice *body) ERR_MUST_USE;
void json_format(struct str *s, struct json j);               /* {"a": 1} */
void json_pretty(struct str *s, struct json j);               /* jsonb_pretty: 4 spaces */

/* Building: a small tree in an arena, then encoded once. */
struct json_node;
struct json_node *json_new_null(struct arena *a);
struct json_node *json_new_bool(struct arena *a, bool b);
struct json_node *json_new_string(struct arena *a, struct slice s);
struct json_node *json_new_number(struct arena *a, const struct decimal *d);
struct json_node *json_new_array(struct arena *a);
struct json_node *json_new_object(struct arena *a);
struct json_node *json_from(struct arena *a, struct json j); /* shares the bytes of j */
void json_push(struct json_node *array, struct json_node *v);
void json_set(struct json_node *object, struct slice key, struct json_node *v); /* last one wins */
struct error *json_encode(struct arena *a, struct json_node *n, struct slice *body) ERR_MUST_USE;
/* Any SQL value as JSON, as to_json does. */
struct error *json_from_datum(const struct eval_env *env, const struct type *t,
                              const struct datum *d, struct json_node **out) ERR_MUST_USE;

#endif
