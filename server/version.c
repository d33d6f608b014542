/* amberdb version */
#include "config.h"

#include "server/server.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "dev"
#endif

void
version_print(FILE *f)
{
    fprintf(f, "amberdb %s, CockroachDB v20.1.5 compatible\n", PACKAGE_VERSION);
}

int
cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    version_print(stdout);
    printf("C compiler: %s\nplatform:   %s\n", __VERSION__,
#if defined(__x86_64__)
           "x86_64-linux-gnu"
#elif defined(__aarch64__)
           "aarch64-linux-gnu"
#else
           "linux"
#endif
    );
    return 0;
}
