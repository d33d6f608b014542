/* catalog/show_create.h - descriptors as the SQL that would make them, exactly as v20.1 prints it
 * (sql.md 15.1). */
#ifndef AMBERDB_CATALOG_SHOW_CREATE_H
#define AMBERDB_CATALOG_SHOW_CREATE_H

#include "catalog/desc.h"

/* Other objects by id; NULL when not there (then foreign keys to them are left out when
 * omit_missing_fks is set, else printed as [id]). */
struct show_create_opts {
    const pb_descriptor *(*lookup)(void *arg, uint32_t id);
    void *arg;
    const char *(*comment)(void *arg, int type, uint32_t object, uint32_t sub); /* or NULL */
    const char *(*zone_sql)(void *arg, const struct table *t); /* trailing CONFIGURE ZONE text or NULL */
    bool omit_missing_fks;
    bool qualify_other_databases; /* db.public.t for objects of other databases */
};

struct error *show_create(struct str *s, const struct table *t, const struct show_create_opts *o)
    ERR_MUST_USE;

#endif
