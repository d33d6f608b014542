#include "config.h"

#include "executor/metrics.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "executor/session_registry.h"
#include "executor/statement_stats.h"

static double
resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f != NULL) {
        if (fscanf(f, "%*d %ld", &pages) != 1)
            pages = 0;
        fclose(f);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

int
metrics_list(struct node *n, struct metric v[MAX_METRICS])
{
    static const char *const counters[N_STATEMENT_COUNTERS] = {
        [COUNT_SELECT] = "sql.select.count",   [COUNT_INSERT] = "sql.insert.count",
        [COUNT_UPDATE] = "sql.update.count",   [COUNT_DELETE] = "sql.delete.count",
        [COUNT_DDL] = "sql.ddl.count",         [COUNT_MISC] = "sql.misc.count",
        [COUNT_QUERY] = "sql.query.count",     [COUNT_FAILURE] = "sql.failure.count",
        [COUNT_COMMIT] = "sql.txn.commit.count", [COUNT_ROLLBACK] = "sql.txn.rollback.count"};
    struct rusage ru;
    int k = 0;

    getrusage(RUSAGE_SELF, &ru);
    for (int i = 0; i < N_STATEMENT_COUNTERS; i++)
        v[k++] = (struct metric){counters[i],
                                 (double)statement_stats_counted(n->stats, (enum statement_counter)i),
                                 false};
    v[k++] = (struct metric){"sql.mem.current", (double)mem_budget_used(n->sql_memory), true};
    v[k++] = (struct metric){"sys.rss", resident_bytes(), true};
    v[k++] = (struct metric){"sys.rss.max", (double)ru.ru_maxrss * 1024, true};
    v[k++] = (struct metric){
        "sys.uptime", (double)((wall_now_ns() - n->start_time_ns) / 1000000000), true};
    return k;
}
