/* executor/settings.h - cluster settings: names, values in system.settings, what readers see.
 *
 * The list of names, types and defaults is executor/settings.def (v20.1's public ones and ours). Set
 * values are rows of system.settings; a struct cluster_settings caches them: refreshed by this node's
 * SET CLUSTER SETTING at once and otherwise every few seconds.
 *
 * Threads: all.
 */
#ifndef AMBERDB_EXECUTOR_SETTINGS_H
#define AMBERDB_EXECUTOR_SETTINGS_H

#include "base/arena.h"
#include "base/error.h"
#include "catalog/catalog.h"

struct node;
struct cluster_settings;

struct setting_def {
    const char *name;
    char type;               /* b bool, i int, f float, s string, d duration, z byte size, e enum,
                              * m state machine */
    const char *def;         /* as stored: "true", "5", "10s", "64 MiB" shown for 67108864 */
    bool is_public;
    const char *values;      /* enums: "off=0,auto=1,on=2" */
    const char *description;
};

int setting_count(void);
const struct setting_def *setting_at(int i);       /* by name ascending */
const struct setting_def *setting_find(const char *name); /* NULL unknown */

struct cluster_settings *settings_create(void);     /* all defaults */
void settings_destroy(struct cluster_settings *s);
/* Read system.settings; node_open calls it, and setting readers when the cache is old. */
struct error *settings_reload(struct node *n) ERR_MUST_USE;

/* As SHOW CLUSTER SETTING prints it ("true", "1m0s", "64 MiB"), in the arena. */
char *settings_show(const struct cluster_settings *s, struct arena *a, const struct setting_def *d);
/* As stored in system.settings. */
char *settings_raw(const struct cluster_settings *s, struct arena *a, const struct setting_def *d);
bool settings_bool(struct node *n, const char *name);
int64_t settings_int(struct node *n, const char *name);      /* also bytes and enum numbers */
double settings_float(struct node *n, const char *name);
int64_t settings_duration_ns(struct node *n, const char *name);
char *settings_string(struct node *n, struct arena *a, const char *name);
/* Check and turn a value into its stored form; errors of v20.1. */
struct error *setting_encode(struct arena *a, const struct setting_def *d, const char *text,
                             char **stored) ERR_MUST_USE;

#endif
