/* types/session_hooks.h - what values need to know of the session and the catalog above them.
 *
 * The OID family prints and reads names. The planner fills this table; in its absence (NULL, or a
 * NULL slot) numbers are printed and only what types/ knows itself (type names) is read. Each slot
 * gets env->session through env.
 */
#ifndef AMBERDB_TYPES_SESSION_HOOKS_H
#define AMBERDB_TYPES_SESSION_HOOKS_H

#include "types/datum.h"

struct session_hooks {
    /* The bare name of an object, in env->arena; *name = NULL when there is none with that OID.
     * kind is TYPE_REGCLASS.oid, TYPE_REGPROC.oid, ... and may be a REGTYPE that types/ does not
     * know (row types of tables). */
    struct error *(*oid_to_name)(const struct eval_env *env, uint32_t kind, uint32_t oid,
                                 const char **name);
    /* A name as written ("d.t", "\"T\"", "int") to the OID of the object; the errors of sql.md 5.1,
     * OID family. */
    struct error *(*name_to_oid)(const struct eval_env *env, uint32_t kind, struct slice name,
                                 uint32_t *oid);
};

#endif
