/* executor/schema/yaml_read.h - YAML as a tree, by libyaml, of which v20.1's reader is a translation: its
 * errors are v20.1's.
 *
 * Ownership: all in the arena given.
 * Errors:    XXUUU, "yaml: line 2: did not find expected key".
 */
#ifndef AMBERDB_EXECUTOR_SCHEMA_YAML_READ_H
#define AMBERDB_EXECUTOR_SCHEMA_YAML_READ_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum yaml_kind { YAML_WORD, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    int line;                  /* where it begins, from 1 */
    const char *word;
    bool quoted;
    size_t n;
    struct yaml **items;       /* of a map: the values */
    struct yaml **keys;
};

/* *out NULL: the text has nothing in it. */
struct error *yaml_read(struct arena *a, struct slice text, struct yaml **out) ERR_MUST_USE;
/* The tag of a plain value, as resolved: "!!int", "!!str", "!!null" ..., "!!seq", "!!map". */
const char *yaml_tag(const struct yaml *y);
/* An integer of so many bits. */
bool yaml_int_value(const struct yaml *y, int bits, int64_t *out);

#endif
