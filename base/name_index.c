#include "config.h"

#include "base/name_index.h"

#include <strings.h>

#include "base/error.h"

/* FNV-1a of the lower case. */
static uint32_t
slot_of(const char *name)
{
    uint32_t h = 2166136261u;
    for (const char *p = name; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        h = (h ^ (c >= 'A' && c <= 'Z' ? c | 0x20u : c)) * 16777619u;
    }
    return (h ^ h >> 15) % NAME_INDEX_SLOTS;
}

void
name_index_build(struct name_index *x, int n, const char *(*name)(int i))
{
    VERIFY(n <= NAME_INDEX_MAX);
    x->name = name;
    for (int i = 0; i < n; i++) {
        uint32_t s = slot_of(name(i));
        while (x->slots[s] != 0)
            s = (s + 1) % NAME_INDEX_SLOTS;
        x->slots[s] = (int16_t)(i + 1);
    }
}

int
name_index_find(const struct name_index *x, const char *name)
{
    for (uint32_t s = slot_of(name); x->slots[s] != 0; s = (s + 1) % NAME_INDEX_SLOTS)
        if (strcasecmp(x->name(x->slots[s] - 1), name) == 0)
            return x->slots[s] - 1;
    return -1;
}
