/* server/demo.h - the sample that amberdb demo loads. */
#ifndef AMBERDB_SERVER_DEMO_H
#define AMBERDB_SERVER_DEMO_H

/* Statements, one after the other; NULL ends them. */
extern const char *const demo_movr[];

#endif
