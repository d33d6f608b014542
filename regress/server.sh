# regress/server.sh - starting and stopping a server of one's own; sourced by the drivers.
#
# Needs AMBERDB (the program) set. Everything that it makes is below a folder that the caller gives.

# Statistics come by statements only, but in tests of their own: plans and lists of jobs are to be the same
# each time.
export AMBERDB_TEST_STATS_MS=${AMBERDB_TEST_STATS_MS:-0}

# Only servers that this shell starts are its to kill, whatever the environment names.
AMB_PID=

# Ports that drivers have taken, by number: the process that did. One of a process that is gone is free.
amb_ports=${TMPDIR:-/tmp}/amberdb-ports

amb_take_port() { # PORT: 0 when nobody has it, and nobody listens there; it is this shell's then
    local owner
    if ! (set -C && echo $$ >"$amb_ports/$1") 2>/dev/null; then
        read -r owner 2>/dev/null <"$amb_ports/$1" || owner=
        [ -n "$owner" ] && [ ! -d "/proc/$owner" ] && rm -f "$amb_ports/$1" &&
            (set -C && echo $$ >"$amb_ports/$1") 2>/dev/null || return 1
    fi
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# [COUNT]: the first of so many TCP ports in a row, one unless said, that are nobody's; below those that clients
# get. They stay this shell's as long as it lives, so that no two tests get the same.
amb_free_port() {
    local port k
    mkdir -p "$amb_ports" && chmod 1777 "$amb_ports" 2>/dev/null
    for _ in $(seq 200); do
        port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
        for ((k = 0; k < ${1:-1}; k++)); do amb_take_port $((port + k)) || break; done
        if [ "$k" -eq "${1:-1}" ]; then
            echo "$port"
            return 0
        fi
    done
    return 1
}

# amb_certs DIR: certificates of a CA, of the node and of root.
amb_certs() {
    "$AMBERDB" cert create-ca --certs-dir="$1" --ca-key="$1/ca.key" &&
        "$AMBERDB" cert create-node localhost 127.0.0.1 --certs-dir="$1" --ca-key="$1/ca.key" &&
        "$AMBERDB" cert create-client root --certs-dir="$1" --ca-key="$1/ca.key"
}

# amb_start DIR [server flag...]: a single node with its store, log and files in DIR. Sets AMB_PORT,
# AMB_HTTP_PORT, AMB_PID, AMB_EXTERN, PGHOST, PGPORT, PGUSER. AMB_EXTERN may be set before; so may
# AMB_CERTS, a folder of amb_certs: then the server is a secure one.
amb_start() {
    local attempt
    for attempt in 1 2 3 4 5; do
        amb_start_once "$@" && return 0
        # Another test took the port in between: with other ones, then.
        tail -n 1 "$1/log" 2>/dev/null | grep -q 'cannot listen' || return 1
    done
    return 1
}

amb_start_once() {
    local dir=$1 tries security=--insecure
    shift
    mkdir -p "$dir" || return 1
    export PGSSLMODE=disable
    if [ -n "${AMB_CERTS:-}" ]; then
        security=--certs-dir=$AMB_CERTS
        export PGSSLMODE=require PGSSLCERT=$AMB_CERTS/client.root.crt
        export PGSSLKEY=$AMB_CERTS/client.root.key
    fi
    : "${AMB_EXTERN:=$dir/extern}"
    mkdir -p "$AMB_EXTERN"
    AMB_PORT=$(amb_free_port) || return 1
    AMB_HTTP_PORT=$(amb_free_port) || return 1
    "$AMBERDB" start-single-node "$security" --store="$dir/store" \
        --listen-addr="localhost:$AMB_PORT" --http-addr="localhost:$AMB_HTTP_PORT" \
        --external-io-dir="$AMB_EXTERN" --pid-file="$dir/pid" "$@" >>"$dir/log" 2>&1 &
    AMB_PID=$!
    export PGHOST=localhost PGPORT=$AMB_PORT PGUSER=root PGCONNECT_TIMEOUT=10
    export PGDATABASE=defaultdb
    for ((tries = 0; tries < 600; tries++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$AMB_PORT") 2>/dev/null; then
            if psql -X -q -A -t -c 'SELECT 1' >/dev/null 2>&1; then
                return 0
            fi
        fi
        if ! kill -0 "$AMB_PID" 2>/dev/null; then
            break
        fi
        sleep 0.05
    done
    echo "# the server did not start; the end of its log:"
    tail -n 20 "$dir/log" | sed 's/^/#   /'
    amb_kill
    return 1
}

# Ask it to end; 0 if it did so cleanly within a minute.
amb_stop() {
    local tries status
    [ -n "${AMB_PID:-}" ] || return 0
    kill -TERM "$AMB_PID" 2>/dev/null
    for ((tries = 0; tries < 1200; tries++)); do
        if ! kill -0 "$AMB_PID" 2>/dev/null; then
            wait "$AMB_PID"
            status=$?
            AMB_PID=
            return "$status"
        fi
        sleep 0.05
    done
    amb_kill
    return 1
}

# As a power cut would.
amb_kill() {
    [ -n "${AMB_PID:-}" ] || return 0
    kill -KILL "$AMB_PID" 2>/dev/null
    wait "$AMB_PID" 2>/dev/null
    AMB_PID=
    return 0
}
