/* storage/read_ahead.h - a thread that fills buffers before they are asked for.
 *
 * A ring of READ_AHEAD_SLOTS buffers, which are the caller's and known here by number. The thread fills
 * one after the other; the consumer takes them in the same order. What it took is its own until it takes
 * the next. So both are at work at once, and neither copies. */
#ifndef AMBERDB_STORAGE_READ_AHEAD_H
#define AMBERDB_STORAGE_READ_AHEAD_H

#include <stdbool.h>

#define READ_AHEAD_SLOTS 4

struct read_ahead;

/* In the thread: fill the slot. False: it is the last one (the end, or an error that the slot holds). */
typedef bool (*read_ahead_fn)(void *arg, int slot);

/* NULL when all processors but one read ahead already, when there is one only, and for work in the
 * background (thread_give_way): work without. */
struct read_ahead *read_ahead_start(read_ahead_fn fill, void *arg);
/* The next slot; waits for it. After the last one: -1. */
int read_ahead_take(struct read_ahead *r);
/* Waits until fill is left, and never calls it again. What is filled and was not taken is the caller's to
 * drop. r may be NULL. */
void read_ahead_stop(struct read_ahead *r);

#endif
