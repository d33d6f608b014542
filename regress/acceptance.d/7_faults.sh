# Files swapped, folders removed under a running job, histories that were collected. Sourced.
scenarios="$scenarios GC swapped removed"

restart() { # restart [ENV=VALUE...]: the source, by and by with other surroundings
    AMB_PID=$source_pid
    amb_stop
    env_now=("$@")
    export "${env_now[@]:-AMBERDB_TEST_NONE=}"
    amb_start "$work/source" --locality=region=us-west,az=a || { echo "Bail out! no server"; exit 1; }
    source_pid=$AMB_PID source_port=$AMB_PORT
    unset "${env_now[@]%%=*}" 2>/dev/null
}
# nothing_left NAME DATABASE: after a job that failed.
nothing_left() {
    is "$1: no database" 0 "SELECT count(*) FROM [SHOW DATABASES] WHERE database_name = '$2'"
    is "$1: no job that goes on" 0 \
        "SELECT count(*) FROM [SHOW JOBS] WHERE status IN ('pending', 'running', 'reverting', 'paused')"
    is "$1: no descriptor" 0 "SELECT count(*) FROM crdb_internal.tables WHERE database_name = '$2' AND drop_time IS NULL"
}

GC() {
    local t0 t1 base
    restart AMBERDB_TEST_GC_MS=50
    bank
    base=$(D gc/base)
    ok M1-N7 "BACKUP DATABASE bank TO '$base'"
    t0=$(now) # what cannot be read at this time was collected at the backup's, too
    say 'ALTER TABLE bank.accounts CONFIGURE ZONE USING gc.ttlseconds = 1'
    change 1
    for _ in $(seq 300); do
        [[ $(value "SELECT count(*) FROM bank.accounts AS OF SYSTEM TIME '$t0'") == *"GC threshold"* ]] && break
        sleep 0.1
    done
    err M1-N7 XXUUU 'must be after replica GC threshold' "BACKUP DATABASE bank TO '$(D gc/inc)' INCREMENTAL FROM '$base'"
    like M1-N7 '*start timestamp*' "SELECT error FROM [SHOW JOBS] WHERE description LIKE '%gc/inc%'"
    like "M1-N7 nothing is left there" '*0' "SELECT '$(ls "$(path gc/inc)" 2>/dev/null | grep -c .)'"
    # another full one, with what history there is
    ok M4-N3 "BACKUP DATABASE bank TO '$(D gc/history)' WITH revision_history"
    t1=$(now)
    fresh
    err M4-N3 XXUUU 'BACKUP for requested time only has revision history from' \
        "RESTORE DATABASE bank FROM '$(D gc/history)' AS OF SYSTEM TIME '$t0'"
    err "M4-N3 attached" XXUUU 'BACKUP for requested time only has revision history from' \
        "ATTACH BACKUP '$(D gc/history)' AS att AS OF SYSTEM TIME '$t0'"
    on_source
    say 'ALTER TABLE bank.accounts CONFIGURE ZONE DISCARD'
    restart
}

swapped() {
    local how with f g names
    notes
    for how in plain encrypted; do
        with=
        [ "$how" = plain ] || with=" WITH encryption_passphrase = 'password123'"
        ok swapped "BACKUP DATABASE notes TO '$(D "swap/$how")'$with"
        names=("$(path "swap/$how")"/*.sst)
        f=${names[0]} g=${names[1]}
        mv "$f" "$f.x" && mv "$g" "$f" && mv "$f.x" "$g"
        fresh
        err "swapped, $how" XXUUU "checksum mismatch for " "RESTORE DATABASE notes FROM '$(D "swap/$how")'$with"
        like "swapped, $how: the job says which" "*checksum mismatch for [0-9]*.sst*" \
            "SELECT error FROM [SHOW JOBS] WHERE job_type = 'RESTORE'"
        nothing_left "swapped, $how" notes
        on_source
    done
}

removed() {
    notes
    # under a BACKUP
    slow_rate 500KB
    slowly "BACKUP DATABASE notes TO '$(D removed/a)'"
    for _ in $(seq 200); do
        [ -n "$(ls "$(path removed/a)" 2>/dev/null)" ] && break
        sleep 0.05
    done
    rm -rf "$(path removed/a)"
    fast
    wait "$slow_pid"
    # what it says must be true: whole, or failed
    if grep -q succeeded "$work/slow"; then
        fresh
        ok "removed under BACKUP, and whole" "RESTORE DATABASE notes FROM '$(D removed/a)'"
        on_source
    else
        like "removed under BACKUP" '*' "SELECT error FROM [SHOW JOB $job] WHERE status = 'failed'"
        same "removed under BACKUP: no backup is there" 0 "$(ls "$(path removed/a)" 2>/dev/null | grep -c '^BACKUP$')"
    fi
    # data files that were finished go while the job is paused
    say 'CREATE TABLE notes.more (k INT PRIMARY KEY, v STRING)' 'CREATE TABLE notes.few (k INT PRIMARY KEY)' \
        'INSERT INTO notes.few VALUES (1)' \
        "INSERT INTO notes.more SELECT g, repeat(md5(g::STRING), 8) FROM generate_series(1, 20000) AS g"
    slow_rate 500KB
    slowly "BACKUP DATABASE notes TO '$(D removed/c)' WITH encryption_passphrase = 'password123'"
    for _ in $(seq 600); do
        [ -n "$(ls "$(path removed/c)"/*.sst 2>/dev/null)" ] && break
        sleep 0.05
    done
    say "PAUSE JOB $job"
    wait_for paused "SELECT status FROM [SHOW JOB $job]"
    wait "$slow_pid"
    rm -f "$(path removed/c)"/*.sst
    fast
    say "RESUME JOB $job"
    like "removed while it is paused" 'failed*has been removed from its destination' \
        "SELECT status, error FROM [SHOW JOB WHEN COMPLETE $job]"
    same "removed while it is paused: nothing is left" 0 "$(ls "$(path removed/c)" 2>/dev/null | grep -c .)"
    # under a RESTORE
    ok removed "BACKUP DATABASE notes TO '$(D removed/b)'"
    fresh
    slow_rate 500KB
    slowly "RESTORE DATABASE notes FROM '$(D removed/b)'"
    rm -rf "$(path removed/b)"
    fast
    wait "$slow_pid"
    if ! grep -q succeeded "$work/slow"; then
        same "removed under RESTORE" 1 "$(grep -c 'no such file or directory' "$work/slow")"
        nothing_left "removed under RESTORE" notes
    else
        is "removed under RESTORE, which had it all open" 5000 'SELECT count(*) FROM notes.notes'
    fi
    on_source
}
slow_rate() { say "SET CLUSTER SETTING kv.bulk_io_write.max_rate = '$1'"; }
