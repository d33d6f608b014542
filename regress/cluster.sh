# regress/cluster.sh - processes over one PostgreSQL; sourced by the drivers, after server.sh and postgres.sh.
#
# Node N has pids[N] and ports[N]; stores[N] is where it finds the store, when that is not PG_URL. Needs
# pg_work, PG_URL (pg_test_begin) and AMB_EXTERN, the folder that nodelocal:// is for all of them.
declare -a pids ports stores

# start N [DATABASE]: the node, again at the same port when it ran before. begin does not wait for it.
start() {
    begin "$@"
    wait_for "$1"
}
begin() {
    local n=$1 region=(x us-east us-west eu)
    mkdir -p "$pg_work/$n" "$AMB_EXTERN"
    : "${ports[n]:=$(amb_free_port)}"
    "$AMBERDB" start --insecure --store="${stores[n]:-$PG_URL}/${2:-postgres}" --listen-addr="localhost:${ports[n]}" \
        --http-addr=disabled --locality="region=${region[n]},az=$n" --external-io-dir="$AMB_EXTERN" \
        --join="localhost:${ports[1]}" >>"$pg_work/$n/log" 2>&1 &
    pids[n]=$!
}
wait_for() {
    local n=$1
    for _ in $(seq 400); do
        on "$n" 'SELECT 1' >/dev/null && return 0
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
