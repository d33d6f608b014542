/* executor/temporary.h - temporary objects at the end of their session. */
#ifndef AMBERDB_EXECUTOR_TEMPORARY_H
#define AMBERDB_EXECUTOR_TEMPORARY_H

struct node;

/* Drop all that is in this session's schemas, and the schemas. NULL: those that sessions of this
 * node left behind when it was killed; none is open yet. */
void temporary_drop(struct node *n, const char *schema);

#endif
