/* planner/eval_hooks.h - what functions ask of the session and the catalog above them.
 *
 * env->hooks points at the `base` of a struct eval_hooks whenever env->session is not NULL; the
 * executor fills it. Every slot may be NULL: then the function that needs it answers 0A000, or what
 * its comment says. Text comes back NUL-terminated, in env->arena or living longer.
 *
 * Errors:  those of the objects; builtins put "name(): " in front.
 * Threads: the session's.
 */
#ifndef AMBERDB_PLANNER_EVAL_HOOKS_H
#define AMBERDB_PLANNER_EVAL_HOOKS_H

#include "types/datum.h"
#include "types/session_hooks.h"

enum eval_object { /* kinds for names, comments and definitions */
    EVAL_TABLE, EVAL_COLUMN, EVAL_DATABASE, EVAL_SCHEMA, EVAL_SEQUENCE, EVAL_INDEX, EVAL_CONSTRAINT,
    EVAL_VIEW, EVAL_TYPE, EVAL_FUNCTION, EVAL_ROLE, EVAL_TABLESPACE, EVAL_LANGUAGE, EVAL_SERVER,
    EVAL_FOREIGN_DATA_WRAPPER,
};

enum eval_privilege_answer { EVAL_NO, EVAL_YES, EVAL_NULL };

/* has_x_privilege: who on what. Privilege names are checked and given in upper case, one per call. */
struct eval_privilege_query {
    const char *user;           /* a name; NULL: the current one */
    uint32_t user_oid;          /* when user_by_oid */
    bool user_by_oid;
    enum eval_object kind;      /* any but EVAL_INDEX, EVAL_CONSTRAINT, EVAL_VIEW, EVAL_ROLE */
    bool by_oid;
    uint32_t oid;
    struct slice name;          /* as the user wrote it, when not by_oid */
    bool any_column;            /* has_any_column_privilege */
    bool column_by_number;
    int64_t column_number;
    struct slice column;
    const char *privilege;      /* SELECT, INSERT, UPDATE, DELETE, CREATE; NULL: everybody has it, only
                                 * user and object are looked up */
    bool grant_option;
};

struct eval_sequence_parameters {
    int64_t start, min, max, increment, cache;
    bool cycle;
};

struct eval_hooks {
    struct session_hooks base;

    /* sequences; names as written ("s", "d.public.s", "\"S\"") */
    struct error *(*nextval)(const struct eval_env *env, struct slice name, int64_t *out);
    struct error *(*currval)(const struct eval_env *env, struct slice name, int64_t *out);
    struct error *(*lastval)(const struct eval_env *env, int64_t *out);
    struct error *(*setval)(const struct eval_env *env, struct slice name, int64_t value,
                            bool is_called);
    struct error *(*sequence_parameters)(const struct eval_env *env, uint32_t oid,
                                         struct eval_sequence_parameters *out);

    /* settings. value NULL: unknown and missing_ok. */
    struct error *(*current_setting)(const struct eval_env *env, const char *name, bool missing_ok,
                                     const char **value);
    struct error *(*set_config)(const struct eval_env *env, const char *name, const char *value,
                                bool is_local, const char **now);
    /* Schemas of the search path that exist in the current database, in order; with implicit,
     * pg_catalog first unless it is listed. */
    struct error *(*current_schemas)(const struct eval_env *env, bool implicit, int *n,
                                     const char *const **names);

    /* catalog. *text NULL: no such object (the function gives NULL). */
    struct error *(*object_definition)(const struct eval_env *env, enum eval_object kind,
                                       uint32_t oid, int column, bool pretty, const char **text);
    struct error *(*object_comment)(const struct eval_env *env, enum eval_object kind, uint32_t oid,
                                    int column, const char **text);
    struct error *(*role_name)(const struct eval_env *env, uint32_t oid, const char **name);
    struct error *(*table_is_visible)(const struct eval_env *env, uint32_t oid, bool *found,
                                      bool *visible);
    struct error *(*has_privilege)(const struct eval_env *env, const struct eval_privilege_query *q,
                                   enum eval_privilege_answer *out);
    struct error *(*is_admin)(const struct eval_env *env, bool *out);
    struct error *(*table_size)(const struct eval_env *env, uint32_t oid, int64_t *bytes);
    /* By name, or by oid where the name is NULL; -1: there is none. */
    struct error *(*database_size)(const struct eval_env *env, uint32_t oid, const char *name,
                                   int64_t *bytes);
    struct error *(*all_size)(const struct eval_env *env, int64_t *bytes); /* of all databases */

    /* cluster */
    struct error *(*cluster_id)(const struct eval_env *env, uint8_t uuid[16]);
    struct error *(*cluster_name)(const struct eval_env *env, const char **name);
    uint32_t (*node_id)(const struct eval_env *env);
    const char *(*version)(const struct eval_env *env);      /* of version() */
    struct error *(*notice)(const struct eval_env *env, const char *text);
    struct error *(*namespace_id)(const struct eval_env *env, uint32_t parent, const char *name,
                                  bool *found, uint32_t *id);
    struct error *(*zone_config)(const struct eval_env *env, uint32_t id, bool *found,
                                 struct slice *bytes);
    struct error *(*encode_key)(const struct eval_env *env, uint32_t table, uint32_t index,
                                const struct type *tuple, const struct datum *d, struct slice *key);
    struct error *(*pretty_key)(const struct eval_env *env, struct slice key, int skip,
                                const char **text);
    struct error *(*range_stats)(const struct eval_env *env, struct slice key, const char **json);
    struct error *(*lease_holder)(const struct eval_env *env, struct slice key, int64_t *node);
    struct error *(*locality_value)(const struct eval_env *env, const char *key,
                                    const char **value);
    struct error *(*inet_client)(const struct eval_env *env, const char **address, int *port);
    /* executor/node_control.h */
    struct error *(*node_control)(const struct eval_env *env, const char *action, int64_t node,
                                  int64_t *left);
    /* executor/peers.h */
    struct error *(*node_file)(const struct eval_env *env, const char *what, const char *path,
                               int64_t offset, int64_t len, struct slice *out);
};

/* The table behind env, or NULL. */
static inline const struct eval_hooks *
eval_hooks_of(const struct eval_env *env)
{
    return env->session != NULL ? (const struct eval_hooks *)(const void *)env->hooks : NULL;
}

#endif
