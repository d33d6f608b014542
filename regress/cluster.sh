# regress/cluster.sh - processes over one PostgreSQL; sourced by the drivers, after server.sh and postgres.sh.
#
# Node N has pids[N] and ports[N]; stores[N] is where it finds the store, when that is not PG_URL. Needs
# pg_work, PG_URL (pg_test_begin) and AMB_EXTERN, the folder that nodelocal:// is for all of them, unless there is an
# externs[N]. With AMB_CERTS (amb_certs) the cluster is a secure one.
declare -a pids ports stores externs databases fresh

# start N [DATABASE]: the node, again at the same port when it ran before. begin does not wait for it.
start() {
    begin "$@"
    wait_for "$1"
}
begin() {
    local n=$1
    databases[n]=${2:-postgres}
    [ -n "${ports[n]:-}" ] || fresh[n]=1
    : "${ports[n]:=$(amb_free_port)}"
    launch "$n"
}
launch() {
    local n=$1 region=(x us-east us-west eu asia) security=--insecure folder=${externs[$1]:-$AMB_EXTERN}
    [ -n "${AMB_CERTS:-}" ] && security=--certs-dir=$AMB_CERTS
    mkdir -p "$pg_work/$n" "$folder"
    env -u PGSSLMODE -u PGSSLCERT -u PGSSLKEY "$AMBERDB" start "$security" --store="${stores[n]:-$PG_URL}/${databases[n]}" --listen-addr="localhost:${ports[n]}" \
        --http-addr=disabled --locality="region=${region[n]},az=$n" --external-io-dir="$folder" \
        >>"$pg_work/$n/log" 2>&1 &
    pids[n]=$!
}
# Another test may have taken the port: a node that is new there takes another one, else it waits for its own.
wait_for() {
    local n=$1
    for _ in $(seq 400); do
        if on "$n" 'SELECT 1' >/dev/null; then
            fresh[n]=
            return 0
        fi
        if ! kill -0 "${pids[n]}" 2>/dev/null && tail -n 1 "$pg_work/$n/log" | grep -q 'cannot listen'; then
            [ -n "${fresh[n]:-}" ] && ports[n]=$(amb_free_port)
            launch "$n"
        fi
        sleep 0.05
    done
    echo "Bail out! node $n does not start"
    tail -n 20 "$pg_work/$n/log" | sed 's/^/#   /'
    exit 1
}
on() { psql -X -q -A -t -h localhost -p "${ports[$1]}" -U root defaultdb -c "$2" 2>&1; }
# until N SQL VALUE: for up to 30 s
until_is() {
    local got
    for _ in $(seq 300); do
        got=$(on "$1" "$2")
        [ "$got" = "$3" ] && break
        sleep 0.1
    done
    echo "$got"
}
stop() {
    AMB_PID=${pids[$1]}
    amb_stop
    unset "pids[$1]"
}
cluster_kill() {
    for AMB_PID in "${pids[@]:-}"; do amb_kill; done
}

# Nodes that do not renew their rows count as dead after $dead seconds, for sure; with this sooner than else, but
# where sanitizers make all slow.
dead=13
die_soon() {
    grep -q '^#define AMBERDB_SANITIZED' "$AMBERDB_BUILDDIR/config.h" 2>/dev/null && return
    export AMBERDB_TEST_LIVENESS_PERCENT=40
    dead=6
}
