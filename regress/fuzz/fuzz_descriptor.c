/* regress/fuzz/fuzz_descriptor.c - a descriptor as a backup carries it: read, upgraded, validated,
 * turned into what planner and executor use, and written again. */
#include "config.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "catalog/desc.h"
#include "catalog/show_create.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const pb_descriptor *
nothing(void *arg, uint32_t id)
{
    (void)arg;
    (void)id;
    return NULL;
}

static void
use_table(struct arena *a, const pb_descriptor *d)
{
    const pb_table *found = pb_descriptor_table(d);
    if (found == NULL)
        return;
    pb_table *t = pb_table_copy(a, found);
    err_free(desc_upgrade_table(a, t, (struct hlc){1, 0}));
    err_free(desc_upgrade_foreign_keys(a, &t, 1, true));
    err_free(desc_validate_table(t, nothing, NULL));
    const struct table *table;
    struct error *err = table_from_pb(a, t, &table);
    if (err == NULL) {
        for (int i = 0; i < table->n_all_columns; i++)
            VERIFY(table_column_ordinal(table, table->columns[i].id) >= 0);
        struct str s;
        str_init_arena(&s, a, STR_MAX_DEFAULT);
        err = show_create(&s, table, NULL);
    }
    err_free(err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_create(NULL, "fuzz");
    pb_descriptor *d;
    struct error *err = pb_descriptor_parse(a, slice_make(data, size), &d);
    if (err == NULL) {
        (void)pb_descriptor_id(d);
        (void)pb_descriptor_name(d);
        use_table(a, d);
        struct slice packed = pb_descriptor_pack(a, d);
        pb_descriptor *again;
        err = pb_descriptor_parse(a, packed, &again);
        VERIFY(err == NULL);
    }
    err_free(err);
    arena_destroy(a);
    return 0;
}
