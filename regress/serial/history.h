/* regress/serial/history.h - what concurrent transactions read and wrote, and whether some order of them
 * explains it.
 *
 * The table is a map from keys to lists of numbers, and every write appends a number that no other write
 * has; so the final list of a key is the order of its writers, and a list that was read says which writes
 * came before the read and which after. A key that is absent has an empty list: a range that does not
 * show it comes before its first writer, which is how phantoms are found. Those orders, and "ended before
 * the other began", are edges; a cycle among committed transactions is a violation of serializability.
 */
#ifndef AMBERDB_REGRESS_SERIAL_HISTORY_H
#define AMBERDB_REGRESS_SERIAL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of a key, oldest first. */
struct list {
    int32_t *v;
    int n;
};

struct op {
    int key;
    int32_t appended; /* 0: a read */
    struct list seen; /* a read: what others had written; own numbers are not in it */
};

struct txn {
    int id, client;
    bool committed;
    bool past;                   /* AS OF SYSTEM TIME: may see an old state */
    int64_t began_ns, ended_ns;  /* before BEGIN was sent; after COMMIT was acknowledged */
    struct op *ops;
    int n, cap;
};

/* Belongs to one thread until it is joined. */
struct history {
    struct txn **txns;
    int n, cap;
};

struct txn *history_begin(struct history *h, int id, int client, int64_t now_ns);
void history_read(struct txn *t, int key, const int32_t *v, int n);
void history_append(struct txn *t, int key, int32_t number);
void history_join(struct history *all, struct history *of_client); /* empties the latter */
void history_free(struct history *h);

/* Checks against the final lists; prints what is wrong as TAP comments. The number of violations. */
int history_check(const struct history *h, const struct list *final, int keys);

#endif
