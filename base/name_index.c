#include "config.h"

#include "base/name_index.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"

/* FNV-1a of the lower case. */
static uint32_t
slot_of(const char *name, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
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
        uint32_t s = slot_of(name(i), strlen(name(i)));
        while (x->slots[s] != 0)
            s = (s + 1) % NAME_INDEX_SLOTS;
        x->slots[s] = (int16_t)(i + 1);
    }
}

int
name_index_find_bytes(const struct name_index *x, const char *name, size_t len)
{
    for (uint32_t s = slot_of(name, len); x->slots[s] != 0; s = (s + 1) % NAME_INDEX_SLOTS) {
        const char *there = x->name(x->slots[s] - 1);
        if (strncasecmp(there, name, len) == 0 && there[len] == '\0')
            return x->slots[s] - 1;
    }
    return -1;
}

int
name_index_find(const struct name_index *x, const char *name)
{
    return name_index_find_bytes(x, name, strlen(name));
}
