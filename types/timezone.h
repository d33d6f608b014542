/* types/timezone.h - time zones by name or fixed offset (ICU underneath).
 *
 * A timezone_info is immutable and lives in an arena or, for UTC, for ever. Look-ups are thread
 * safe. */
#ifndef AMBERDB_TYPES_TIMEZONE_H
#define AMBERDB_TYPES_TIMEZONE_H

#include "types/datum.h"

struct timezone_info;
extern const struct timezone_info *const TIMEZONE_UTC;

/* SET TIME ZONE's forms: names (case-insensitive IANA), "GMT+3" (POSIX sign), "-5", "5.5", "UTC",
 * "+05:30". 22023 with v20.1's text when unknown. */
struct error *timezone_lookup(struct arena *a, struct slice name, const struct timezone_info **out)
    ERR_MUST_USE;
/* AT TIME ZONE's: the same, but "-5" counts westwards, as POSIX does: it is UTC+5. */
struct error *timezone_lookup_posix(struct arena *a, struct slice name,
                                    const struct timezone_info **out) ERR_MUST_USE;
const struct timezone_info *timezone_fixed(struct arena *a, int32_t seconds_east, const char *shown);
const char *timezone_name(const struct timezone_info *tz); /* as SHOW prints it */
/* Seconds EAST of UTC in force at an instant (us since 2000-01-01 UTC)... */
int32_t timezone_offset_utc(const struct timezone_info *tz, int64_t us_utc);
/* ...and at a local wall time; of two, the one before the transition, as v20.1's Go does. */
int32_t timezone_offset_local(const struct timezone_info *tz, int64_t us_local);

#endif
