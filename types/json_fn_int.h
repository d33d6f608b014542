/* types/json_fn_int.h - what JSON's operators and functions share. Inside types/ only. */
#ifndef AMBERDB_TYPES_JSON_FN_INT_H
#define AMBERDB_TYPES_JSON_FN_INT_H

#include "types/json.h"

struct json json_arg(const struct datum *d);
bool json_is_scalar(struct json j);
bool json_step(struct json j, struct slice key, struct json *out); /* one step of a path */
struct error *json_result(const struct eval_env *env, struct json_node *n, struct datum *out)
    ERR_MUST_USE;
struct error *json_result_view(const struct eval_env *env, struct json j, struct datum *out)
    ERR_MUST_USE;
struct error *json_result_text(const struct eval_env *env, struct json j, struct datum *out)
    ERR_MUST_USE;

enum json_edit_kind { JSON_EDIT_SET, JSON_EDIT_INSERT, JSON_EDIT_DELETE };

struct json_edit {
    enum json_edit_kind kind;
    const struct array *path; /* of strings */
    struct json value;
    bool flag; /* SET: create what is missing; INSERT: behind the element */
};

struct error *json_edit_at(const struct eval_env *env, struct json j, const struct json_edit *e,
                           int depth, struct json_node **out) ERR_MUST_USE;
/* #- and json_remove_path: JSON, path. */
struct error *json_delete_path(const struct eval_env *env, const struct datum *args,
                               struct datum *out) ERR_MUST_USE;

#endif
