/* base/fault.h - named places where a test makes the program fail.
 *
 * The points are listed in faults.def. Code passes one with FAULT_TRY (returns the point's error)
 * or asks with fault_hit. Nothing happens until points are armed, by fault_arm or by the
 * environment (read once, by fault_init):
 *
 *     AMBERDB_FAULTS="sst_write=3"            the third time it is passed (and only then)
 *     AMBERDB_FAULTS="commit=*"               every time
 *     AMBERDB_FAULTS="file_sync=%10:42"       one time in ten, by a generator seeded with 42
 *     AMBERDB_FAULTS="any=17"                 the 17th point passed, whichever it is
 *     AMBERDB_FAULTS="commit=3!"              as the first, but the process dies as by kill -9
 *
 * Several, separated by commas. Unarmed, a point costs one relaxed load.
 *
 * Threads: all; counts are exact over threads.
 */
#ifndef AMBERDB_BASE_FAULT_H
#define AMBERDB_BASE_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum fault_point {
#define FAULT(name, errcode, text) FAULT_##name,
#include "base/faults.def"
#undef FAULT
    FAULT_COUNT
};

/* Arm from AMBERDB_FAULTS. An unknown name or form is an error (22023). */
struct error *fault_init(void) ERR_MUST_USE;
/* Arm from a text of the form above; adds to what is armed. */
struct error *fault_arm(const char *spec) ERR_MUST_USE;
void fault_disarm_all(void); /* and forget the counts */
uint64_t fault_passed(void); /* points passed since something was armed; 0 when nothing is */
const char *fault_name(enum fault_point p);

extern _Atomic bool fault_armed;
bool fault_decide(enum fault_point p);              /* only through fault_hit */
struct error *fault_error(enum fault_point p) ERR_MUST_USE; /* the error that the point stands for */

static inline bool
fault_hit(enum fault_point p)
{
    if (__builtin_expect(!atomic_load_explicit(&fault_armed, memory_order_relaxed), 1))
        return false;
    return fault_decide(p);
}

#define FAULT_TRY(name)                                \
    do {                                               \
        if (__builtin_expect(fault_hit(FAULT_##name), 0)) \
            return fault_error(FAULT_##name);          \
    } while (0)

#endif
