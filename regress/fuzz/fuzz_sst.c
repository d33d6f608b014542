/* regress/fuzz/fuzz_sst.c - the data files of backups, read from end to end and by seeking. */
#include "config.h"

#include <stdint.h>

#include "base/slice.h"
#include "storage/sst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_all(struct sst_reader *r)
{
    struct sst_iter *it;
    struct error *err = sst_iter_open(r, &it);
    if (err != NULL) {
        err_free(err);
        return;
    }
    struct engine_version v;
    bool more = true;
    uint8_t middle[64];
    size_t middle_len = 0;
    uint64_t n = 0;
    err = sst_iter_seek(it, SLICE_NULL);
    while (err == NULL && more) {
        err = sst_iter_next(it, &v, &more);
        if (err != NULL || !more)
            break;
        if (++n == 3 && v.key.len <= sizeof(middle)) {
            middle_len = v.key.len;
            memcpy(middle, v.key.ptr, v.key.len);
        }
        uint8_t sum = 0; /* touch every byte that we are given */
        for (size_t i = 0; i < v.value.len; i++)
            sum ^= v.value.ptr[i];
        __asm__ volatile("" : : "r"(sum));
    }
    err_free(err);
    err = sst_iter_seek(it, slice_make(middle, middle_len));
    if (err == NULL)
        err = sst_iter_next(it, &v, &more);
    err_free(err);
    sst_iter_close(it);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sst_source src = {.size = size, .mem = data};
    struct sst_reader *r;
    struct error *err = sst_reader_open("fuzz.sst", &src, &r);
    if (err != NULL) {
        err_free(err);
        return 0;
    }
    read_all(r);
    sst_reader_close(r);
    return 0;
}
