/* snappy_floor FILE...: how fast snappy alone takes the bytes, in pieces of a block's size.
 *
 * Prints the bytes and the seconds of one pass over all files, read into memory before. The floor
 * under a backup that compresses on one thread. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <snappy-c.h>

#define PIECE (32 << 10) /* bytes: a data block of a backup file */

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
    static char piece[PIECE], out[2 * PIECE];
    double seconds = 0;
    unsigned long long bytes = 0, compressed = 0;
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        size_t n;
        if (f == NULL) {
            perror(argv[i]);
            return 1;
        }
        while ((n = fread(piece, 1, PIECE, f)) > 0) {
            size_t len = sizeof(out);
            double start = now();
            if (snappy_compress(piece, n, out, &len) != SNAPPY_OK) {
                fprintf(stderr, "snappy_compress failed\n");
                return 1;
            }
            seconds += now() - start;
            bytes += n;
            compressed += len;
        }
        fclose(f);
    }
    printf("%llu %llu %.3f\n", bytes, compressed, seconds);
    return 0;
}
