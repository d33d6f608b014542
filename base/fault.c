/* base/fault.c - arming and deciding. See fault.h. */
#include "config.h"

#include "base/fault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

static const struct {
    const char *name;
    enum errcode code;
    const char *text;
} points[] = {
#define FAULT(name, errcode, text) {#name, ERR_##errcode, text},
#include "base/faults.def"
#undef FAULT
};

_Static_assert(sizeof(points) / sizeof(points[0]) == FAULT_COUNT, "one entry a point");

/* The fault table: one of the few globals. Written by fault_arm before the threads start or while
 * a test holds them still; the counters are atomic. */
static struct {
    bool armed;
    bool always;
    bool kill;
    uint64_t nth;          /* fail at this count; 0 no */
    uint64_t one_in, seed; /* one_in 0 no */
    _Atomic uint64_t passed;
} table[FAULT_COUNT + 1]; /* the last is "any" */

_Atomic bool fault_armed;

const char *
fault_name(enum fault_point p)
{
    return points[p].name;
}

uint64_t
fault_passed(void)
{
    return atomic_load(&table[FAULT_COUNT].passed);
}

void
fault_disarm_all(void)
{
    atomic_store(&fault_armed, false);
    memset(table, 0, sizeof(table));
}

static int
find_point(const char *name, size_t len)
{
    if (len == 3 && memcmp(name, "any", 3) == 0)
        return FAULT_COUNT;
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strlen(points[i].name) == len && memcmp(points[i].name, name, len) == 0)
            return i;
    return -1;
}

/* One "name=how" of `len` characters. */
static struct error *
arm_one(const char *text, size_t len)
{
    const char *eq = memchr(text, '=', len);
    size_t name_len = eq == NULL ? len : (size_t)(eq - text);
    int at = find_point(text, name_len);
    if (at < 0)
        return err_new(ERR_INVALID_PARAMETER_VALUE, "unknown fault point \"%.*s\"", (int)name_len,
                       text);
    char how[64] = {0};
    size_t how_len = eq == NULL ? 0 : len - name_len - 1;
    if (how_len == 0 || how_len >= sizeof(how))
        goto bad;
    memcpy(how, eq + 1, how_len);
    bool die = how[how_len - 1] == '!';
    if (die)
        how[--how_len] = '\0';
    char *end = how;
    uint64_t nth = 0, one_in = 0, seed = 0;
    bool always = strcmp(how, "*") == 0;
    if (always) {
        end = how + 1;
    } else if (how[0] == '%') {
        one_in = strtoull(how + 1, &end, 10);
        if (one_in == 0 || *end != ':')
            goto bad;
        seed = strtoull(end + 1, &end, 10);
    } else {
        nth = strtoull(how, &end, 10);
        if (nth == 0)
            goto bad;
    }
    if (*end != '\0')
        goto bad;
    table[at].always = always;
    table[at].nth = nth;
    table[at].one_in = one_in;
    table[at].seed = seed;
    table[at].kill = die;
    table[at].armed = true;
    return NULL;
bad:
    return err_new(ERR_INVALID_PARAMETER_VALUE, "cannot read fault \"%.*s\"", (int)len, text);
}

struct error *
fault_arm(const char *spec)
{
    while (*spec != '\0') {
        size_t len = strcspn(spec, ",");
        if (len > 0)
            ERR_TRY(arm_one(spec, len));
        spec += len;
        if (*spec == ',')
            spec++;
        atomic_store(&fault_armed, true);
    }
    return NULL;
}

struct error *
fault_init(void)
{
    const char *spec = getenv("AMBERDB_FAULTS");
    if (spec == NULL || spec[0] == '\0')
        return NULL;
    return fault_arm(spec);
}

static bool
decide_at(int at)
{
    uint64_t count = atomic_fetch_add(&table[at].passed, 1) + 1;
    if (!table[at].armed)
        return false;
    bool hit = table[at].always || (table[at].nth != 0 && count == table[at].nth) ||
               (table[at].one_in != 0 && hash_u64(count, table[at].seed) % table[at].one_in == 0);
    if (hit && table[at].kill)
        kill(getpid(), SIGKILL);
    return hit;
}

bool
fault_decide(enum fault_point p)
{
    bool any = decide_at(FAULT_COUNT);
    return decide_at((int)p) || any;
}

struct error *
fault_error(enum fault_point p)
{
    if (p == FAULT_alloc)
        return err_out_of_memory();
    return err_new(points[p].code, "%s", points[p].text);
}
