# regress/nodes.sh - servers that are clusters: amb_start, amb_stop and amb_kill of server.sh with several nodes
# behind the one that they start; sourced by acceptance, after server.sh, when ACCEPTANCE_NODES says which:
#
#     demo3, demo9   nodes of one process
#     postgres3      processes over one PostgreSQL, a database each
#
# All ranges are held by the first node's region, as long as no zone says otherwise: where files lie is then as
# with one node.
declare -A companions # pid of the first: pids of the others
nodes_n=0 nodes_root=$work/nodes

# The locality of the first, of nine.
localities() {
    local n of=("$1" region=south,az=b region=north,az=c region=south,az=d region=north,az=e region=east,az=f \
        region=east,az=g region=north,az=h region=south,az=i)
    for ((n = 0; n < $2; n++)); do echo "${of[n]}"; done
}
node_sql() { psql -X -q -A -t -U root -h localhost -p "$1" defaultdb -c "$2" 2>/dev/null; }

demo_start() { # DIR LOCALITY COUNT
    AMB_PORT=$(amb_free_port "$3") || return 1
    mkfifo "$1/in"
    "$AMBERDB" demo --empty --external-io-dir="$nodes_root" --sql-port="$AMB_PORT" \
        --demo-locality="$(localities "$2" "$3" | paste -sd:)" <>"$1/in" >>"$1/log" 2>&1 &
    AMB_PID=$!
}

postgres_start() { # DIR LOCALITY COUNT
    local n=0 locality pids=()
    [ -n "${pg_dir:-}" ] || pg_start "$work/cluster" || return 1
    nodes_n=$((nodes_n + 1))
    psql -X -q -d "$PG_URL/postgres" -c "CREATE DATABASE n$nodes_n" >/dev/null || return 1
    while read -r locality; do
        local port
        port=$(amb_free_port)
        "$AMBERDB" start --insecure --store="$PG_URL/n$nodes_n" --listen-addr="localhost:$port" --http-addr=disabled \
            --locality="$locality" --external-io-dir="$AMB_EXTERN" >>"$1/log" 2>&1 &
        pids[n]=$!
        [ "$n" -gt 0 ] || AMB_PORT=$port
        nodes_wait "$port" "${pids[n]}" || break
        n=$((n + 1))
    done < <(localities "$2" "$3")
    AMB_PID=${pids[0]}
    companions[$AMB_PID]=${pids[*]:1}
    [ "$n" = "$3" ]
}

nodes_wait() { # PORT PID
    for _ in $(seq 600); do
        node_sql "$1" 'SELECT 1' >/dev/null && return 0
        kill -0 "$2" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

amb_start() { # DIR [--locality=LOCALITY]
    local dir=$1 count=${ACCEPTANCE_NODES##*[a-z]} locality=region=us-west,az=a flag
    for flag in "${@:2}"; do [[ $flag != --locality=* ]] || locality=${flag#--locality=}; done
    for _ in 1 2 3; do # another test may take a port
        rm -rf "$dir"
        mkdir -p "$dir" "$AMB_EXTERN"
        if "${ACCEPTANCE_NODES%%[0-9]*}_start" "$dir" "$locality" "$count" && nodes_wait "$AMB_PORT" "$AMB_PID"; then
            for _ in $(seq 200); do
                [ "$(node_sql "$AMB_PORT" 'SELECT count(*) FROM crdb_internal.gossip_nodes WHERE is_live')" = "$count" ] && break
                sleep 0.05
            done
            for flag in 'RANGE default' 'DATABASE system'; do
                node_sql "$AMB_PORT" "ALTER $flag CONFIGURE ZONE USING constraints = '[+${locality%%,*}]'"
            done
            export PGHOST=localhost PGPORT=$AMB_PORT PGUSER=root PGDATABASE=defaultdb PGCONNECT_TIMEOUT=10
            return 0
        fi
        amb_kill
    done
    tail -n 20 "$dir/log" | sed 's/^/#   /'
    return 1
}
amb_kill() {
    [ -n "${AMB_PID:-}" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $AMB_PID ${companions[$AMB_PID]:-} 2>/dev/null
    # shellcheck disable=SC2086
    wait $AMB_PID ${companions[$AMB_PID]:-} 2>/dev/null
    AMB_PID=
    return 0
}
amb_stop() { amb_kill; }
