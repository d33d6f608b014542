# regress/postgres.sh - a PostgreSQL server of one's own, for tests; sourced by the drivers.
#
# pg_start DIR: makes and starts a cluster in DIR, with trust and a superuser "root"; sets PG_URL (up to the
# database's name) and PG_OWN_PORT. pg_stop ends it. pg_missing says why it cannot be had.
pg_bin=/usr/lib/postgresql/15/bin

pg_missing() {
    [ -x "$pg_bin/initdb" ] || echo "PostgreSQL 15 is not installed (Debian: postgresql-15)"
}

# PostgreSQL does not run as root.
pg_as_user() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

pg_start() {
    pg_dir=$1
    mkdir -p "$pg_dir" || return 1
    chmod 755 "$(dirname "$pg_dir")"
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$pg_dir"; fi
    PG_OWN_PORT=$(amb_free_port) || return 1
    (cd / && pg_as_user "$pg_bin/initdb" -D "$pg_dir/data" -A trust -U root -E UTF8 \
        --locale=C.UTF-8 -N) >"$pg_dir.log" 2>&1 || return 1
    (cd / && pg_as_user "$pg_bin/pg_ctl" -D "$pg_dir/data" -w -t 60 -l "$pg_dir/log" -o \
        "-h ${PG_LISTEN:-127.0.0.1} -p $PG_OWN_PORT -k '' -c max_connections=200 -c fsync=off" start) >>"$pg_dir.log" 2>&1 || return 1
    PG_URL=postgresql://root@127.0.0.1:$PG_OWN_PORT
}

pg_stop() {
    [ -n "${pg_dir:-}" ] || return 0
    (cd / && pg_as_user "$pg_bin/pg_ctl" -D "$pg_dir/data" -m immediate -w stop) >/dev/null 2>&1
    pg_dir=
}

# Several nodes are waited for more than worked on; the build with sanitizers leaves the longest of that to
# cluster-test.
skip_when_sanitized() {
    grep -q '^#define AMBERDB_SANITIZED' "$AMBERDB_BUILDDIR/config.h" 2>/dev/null || return 0
    echo "1..0 # SKIP with sanitizers cluster-test alone is run of the tests of several processes"
    exit 0
}

pg_test_begin() {
    local missing
    missing=$(pg_missing)
    if [ -n "$missing" ]; then
        echo "1..0 # SKIP $missing"
        exit 0
    fi
    pg_work=$(mktemp -d "${TMPDIR:-/tmp}/amberdb-postgres-XXXXXX")
    trap 'pg_stop; rm -rf "$pg_work"' EXIT
    trap 'exit 1' INT TERM HUP
    pg_start "$pg_work/pg" && return 0
    echo "1..1"
    echo "not ok 1 - PostgreSQL starts"
    sed 's/^/# /' "$pg_work/pg.log"
    exit 1
}
