/* sinks/json_int.h - the few values that answers and key files in JSON are asked for. */
#ifndef AMBERDB_SINKS_JSON_INT_H
#define AMBERDB_SINKS_JSON_INT_H

#include "base/arena.h"
#include "base/slice.h"

/* The string (or number, as text) at a path of object members, "error.message"; NULL when the text is
 * no JSON or holds no such. */
char *json_string(struct arena *a, struct slice doc, const char *path);
/* The objects of the array called list, one after the other: fn with the string of each one's member. */
bool json_each(struct arena *a, struct slice doc, const char *list, const char *member,
               void (*fn)(void *arg, const char *value), void *arg);
bool json_is_object(struct slice doc);
void json_put_string(struct str *s, const char *text); /* quoted */

#endif
