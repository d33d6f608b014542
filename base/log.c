/* base/log.c - the server's log. See log.h. */
#include "config.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* The log sink is the one global of this file: set at start, read by all. */
static _Atomic(FILE *) log_to;
static _Atomic int log_least = LOG_INFO;

void
log_open(FILE *to, enum log_level least)
{
    atomic_store(&log_to, to);
    atomic_store(&log_least, (int)least);
}

/* A build's own folders are not worth a line's room: "room/file.c". */
static const char *
short_path(const char *file)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL)
        return file;
    while (slash > file && slash[-1] != '/')
        slash--;
    return slash;
}

void
log_write(enum log_level level, const char *file, int line, const char *fmt, ...)
{
    if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed))
        return;
    FILE *to = atomic_load(&log_to);
    if (to == NULL)
        to = stderr;
    int64_t now = wall_now_ns();
    time_t s = (time_t)(now / 1000000000);
    struct tm tm;
    gmtime_r(&s, &tm);
    flockfile(to); /* one line stays one line */
    fprintf(to, "%c%02d%02d%02d %02d:%02d:%02d.%06d %s:%d  ", "DIWE"[level], tm.tm_year % 100,
            tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
            (int)(now % 1000000000 / 1000), short_path(file), line);
    va_list ap;
    va_start(ap, fmt);
    vfprintf(to, fmt, ap);
    va_end(ap);
    fputc('\n', to);
    fflush(to);
    funlockfile(to);
}
