/* planner/batch.h - what flows between operators: about a thousand rows, as columns of datums.
 *
 * A batch belongs to the operator that gave it and is valid until that operator's next call. Rows
 * that a filter dropped stay in place: sel lists the live ones in order (NULL: all n). A column
 * that nobody asked for has cols[i] == NULL.
 */
#ifndef AMBERDB_PLANNER_BATCH_H
#define AMBERDB_PLANNER_BATCH_H

#include "types/datum.h"

#define BATCH_ROWS 1024

struct batch {
    int n;                /* rows, 0 = end of the stream */
    int n_cols;
    struct datum **cols;  /* n_cols vectors of room BATCH_ROWS */
    uint16_t *sel;        /* NULL or n_sel ascending positions */
    int n_sel;
};

static inline int
batch_live(const struct batch *b)
{
    return b->sel != NULL ? b->n_sel : b->n;
}

static inline int
batch_row(const struct batch *b, int i)
{
    return b->sel != NULL ? b->sel[i] : i;
}

#endif
