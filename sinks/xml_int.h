/* sinks/xml_int.h - as much of XML as the answers of stores need: elements by name, in order.
 *
 * No element of these answers has one of its own name inside. Comments, CDATA and processing
 * instructions are not looked for. Bad input finds nothing; it cannot fail. */
#ifndef AMBERDB_SINKS_XML_INT_H
#define AMBERDB_SINKS_XML_INT_H

#include "base/arena.h"
#include "base/slice.h"

/* The next element called name at or after *pos: its inside; *pos moves behind it. */
bool xml_next(struct slice doc, size_t *pos, const char *name, struct slice *inside);
/* Text of the first one, entities decoded; "" when there is none. */
char *xml_get(struct arena *a, struct slice doc, const char *name);
char *xml_text(struct arena *a, struct slice inside);

#endif
