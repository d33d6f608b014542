# regress/schema.sh - what tests of schema changes by jobs share; sourced, behind server.sh. ROWS: of their tables.

work=$(mktemp -d "${TMPDIR:-/tmp}/amberdb-schema-XXXXXX")
cleanup() {
    touch "$work/stop"
    amb_kill
    wait
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1" 2>&1; }
i=0 failed=0
is() { # text, got, wanted
    i=$((i + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $i - $1"
    else
        failed=$((failed + 1))
        echo "not ok $i - $1"
        printf '%s\n' "got:    $2" "wanted: $3" | sed 's/^/#   /'
    fi
}

# SQL that goes on in the background, its answer in $work/NAME.
begin() { # name, statement
    rm -f "$work/$1.done"
    { sql "$2" >"$work/$1"; touch "$work/$1.done"; } &
}
answer() { # name
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        [ -e "$work/$1.done" ] && break
        sleep 0.05
    done
    cat "$work/$1"
}
newest() { # column of the newest schema change; text that its description has
    sql "SELECT $1 FROM [SHOW JOBS] WHERE job_type = 'SCHEMA CHANGE' AND
         strpos(description, '${2:-}') > 0 ORDER BY created DESC LIMIT 1"
}
await() { # status of the newest schema change, text that its description has
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        [ "$(newest status "$2")" = "$1" ] && return 0
        sleep 0.05
    done
    echo "# the job with '$2' is not $1 but $(newest status "$2")"
}
# Before, the job has done some of its work.
await_progress() { # text of its description
    local tries
    await running "$1"
    for ((tries = 0; tries < 600; tries++)); do
        [ "$(newest "fraction_completed > 0" "$1")" = t ] && return 0
        sleep 0.05
    done
    echo "# the job with '$1' does not move"
}
slowly() { sql "SET CLUSTER SETTING kv.bulk_io_write.max_rate = '20KB'"; }
quickly() { sql "SET CLUSTER SETTING kv.bulk_io_write.max_rate = '1TB'"; }
same() { # index, table if not t: it has what the table has
    sql "SELECT (SELECT (count(*), sum(a), sum(id)) FROM ${2:-t}@primary) =
                (SELECT (count(*), sum(a), sum(id)) FROM ${2:-t}@$1)"
}
# With a sanitizer a change is slower by far than those who write: they wait a little, so that it can pass them.
pause=
grep -q '^#define AMBERDB_SANITIZED' "$AMBERDB_BUILDDIR/config.h" 2>/dev/null && pause='SELECT pg_sleep(0.03);'
writer() { # number, table: rows changed, added and removed until told to stop
    local n=0
    while [ ! -e "$work/stop" ]; do
        n=$((n + 1))
        [ "$2" = p ] && echo "UPDATE p SET k = gen_random_uuid() WHERE id = $(((n * 104729 + $1) % ROWS + 1));"
        printf '%s\n' "UPDATE $2 SET a = a + 1 WHERE id = $(((n * 7919 + $1 * 104729) % ROWS + 1));" \
            "INSERT INTO $2 (id, a, b) VALUES ($((ROWS + $1 * 1000000 + n)), $n, 'new');" \
            "DELETE FROM $2 WHERE id = $((ROWS + $1 * 1000000 + n - 5));" "$pause"
    done | psql -X -q -o /dev/null 2>&1 | grep -v '^$' >>"$work/writer.out"
}
stop_writers() {
    touch "$work/stop"
    wait "${writers[@]}"
    rm -f "$work/stop"
    writers=()
}
start_writers() { # table
    writer 1 "$1" &
    writers=($!)
    writer 2 "$1" &
    writers+=($!)
}

finish() { # the server ends cleanly; how many checks there were
    is "no job is left" "$(sql "SELECT count(*) FROM [SHOW JOBS] WHERE job_type = 'SCHEMA CHANGE' AND
                                status NOT IN ('succeeded', 'failed', 'canceled')")" 0
    amb_stop
    is "the server ends cleanly" $? 0
    echo "1..$i"
    [ "$failed" -eq 0 ]
}
