/* executor/mutation/mut_int.h - inside mutations. */
#ifndef AMBERDB_EXECUTOR_MUTATION_MUT_INT_H
#define AMBERDB_EXECUTOR_MUTATION_MUT_INT_H

#include "catalog/row.h"
#include "executor/mutation/mutation.h"
#include "executor/relational/rel_int.h"
#include "executor/relational/table_reader.h"

/* A foreign key of which this table is the referencing (out) or referenced (in) side. */
struct mut_fk {
    const Amberdb__ForeignKeyConstraint *pb;
    const struct table *other;
    int n;
    const int *own, *others;         /* ordinals, parallel */
    bool self;
    /* rows to look at when all is written: own values of the columns */
    struct row_store *rows;          /* out: values, verb; in: old values, new values, verb */
    struct row_store *checks;        /* in: those of `rows` with no action of their own */
    const struct type **types;
    struct row_hash seen;
    int n_rows;
};

struct mut_table {
    struct mutator *m;
    const struct table *t;
    const struct database *db;
    const struct plan_target *target;
    struct mut_table *next;
    int n_out, n_in;
    struct mut_fk *out, *in;
    bool cascades_in;                /* some inbound key acts */
    struct table_reader *reader;     /* by primary key, all columns */
    int64_t n_written;               /* rows */
    struct mut_written inserted;     /* by mut_insert */
    bool new_keys;                   /* mut_keys_are_new */
};

struct mutator {
    struct exec_ctx *x;
    struct arena *arena;
    struct mut_table *tables;
    bool legacy;                     /* the older foreign key messages */
    int own_depth;
};

/* Reads see what the statement wrote, between these two; they nest. */
static inline void
mut_own_on(struct mutator *m)
{
    if (m->own_depth++ == 0)
        kv_txn_set_read_own(m->x->txn, true);
}
static inline void
mut_own_off(struct mutator *m)
{
    if (--m->own_depth == 0)
        kv_txn_set_read_own(m->x->txn, false);
}

/* mut_trace.c: nothing unless keys and values are traced. */
struct error *mut_trace_insert(struct mut_table *mt, struct arena *scratch, const struct datum *row,
                               bool blind) ERR_MUST_USE;
struct error *mut_trace_update(struct mut_table *mt, struct arena *scratch,
                               const struct datum *old, const struct datum *row) ERR_MUST_USE;
struct error *mut_load_fks(struct mut_table *mt) ERR_MUST_USE;
struct error *mut_note_insert(struct mut_table *mt, const struct datum *row, enum mut_verb verb)
    ERR_MUST_USE;
struct error *mut_note_update(struct mut_table *mt, const struct datum *old,
                              const struct datum *row, enum mut_verb verb) ERR_MUST_USE;
struct error *mut_note_delete(struct mut_table *mt, const struct datum *old) ERR_MUST_USE;
/* The row under a primary key prefix. */
struct error *mut_read_primary(struct mut_table *mt, struct arena *scratch,
                               const struct datum *keys, struct datum **row) ERR_MUST_USE;

#endif
