# M16 to M20: zones restored by hand while a RESTORE is paused. Sourced.
scenarios="$scenarios M16"

wait_for() { # wait_for VALUE SQL: for up to 10 s
    local n
    for n in $(seq 200); do
        [ "$(value "$2")" = "$1" ] && return 0
        sleep 0.02
    done
    return 1
}
# slowly STATEMENT: in the background; its end goes to $work/slow.
slowly() {
    psql -X -q -A -t -U root -v VERBOSITY=verbose -c "$1" >"$work/slow" 2>&1 &
    slow_pid=$!
    wait_for 1 "SELECT count(*) FROM [SHOW JOBS] WHERE status = 'running' AND job_type IN ('BACKUP', 'RESTORE')" ||
        result "a job runs" "$(cat "$work/slow")"
    job=$(value "SELECT job_id FROM [SHOW JOBS] WHERE status = 'running' AND job_type IN ('BACKUP', 'RESTORE')")
}
slow_ended() { # slow_ended NAME TEXT: the statement in the background failed so
    wait "$slow_pid"
    local bad=
    [[ $(cat "$work/slow") == "ERROR:  XXUUU: $2"* ]] || bad="got $(cat "$work/slow")"
    result "$1" "$bad"
}
slow() { say "SET CLUSTER SETTING kv.bulk_io_write.max_rate = '100KB'"; }
fast() { say 'RESET CLUSTER SETTING kv.bulk_io_write.max_rate'; }

M16() {
    local zones s job_of_cluster
    bank
    say 'DROP DATABASE IF EXISTS movr CASCADE' 'CREATE DATABASE movr' \
        "CREATE TABLE movr.rides (city STRING, id INT, note STRING, PRIMARY KEY (city, id))
  PARTITION BY LIST (city) (PARTITION us_west VALUES IN ('seattle'), PARTITION us_east VALUES IN ('boston'))" \
        "INSERT INTO movr.rides SELECT c, g, repeat(c, 700) FROM unnest(ARRAY['seattle','boston']) AS c, generate_series(1, 200) AS g" \
        "ALTER PARTITION us_west OF INDEX movr.rides@primary CONFIGURE ZONE USING constraints = '[+region=us-west]'"
    s=$(value "SELECT fingerprint FROM [SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE movr.rides]")
    zones=$(value 'SELECT count(*) FROM system.zones')
    say "BACKUP TO ('$(E m16)$default', '$(W m16)$west')" "BACKUP system.zones TO '$(D zones)'"

    fresh --locality=region=us-west,az=a
    slow
    slowly "RESTORE FROM ('$(E m16)', '$(W m16)')"
    job_of_cluster=$job
    is M16 "" "PAUSE JOB $job"
    wait_for paused "SELECT status FROM [SHOW JOB $job]"
    is "M16 status" paused "SELECT status FROM [SHOW JOB $job]"
    slow_ended "M16 who waits" "job paused"
    err "M16 offline" 42P01 'relation "movr.rides" does not exist' 'SELECT count(*) FROM movr.rides'
    is "M16 state" OFFLINE "SELECT state FROM crdb_internal.tables WHERE name = 'rides'"
    err M16-N1 XXUUU 'job with ID 1 does not exist' 'PAUSE JOB 1'
    say 'CREATE USER maxroach'
    who=maxroach
    err M16-N3 42501 'only users with the admin role are allowed to PAUSE JOBS' "PAUSE JOB $job"
    who=root
    is M16-N4 "" "PAUSE JOB $job"
    is M16-P1 "" "PAUSE JOBS (SELECT job_id FROM [SHOW JOBS] WHERE user_name = 'root' AND status = 'running')"

    err M17-N1 XXUUU 'a database named "newdb" needs to exist to restore table "zones"' "RESTORE system.zones FROM '$(D zones)' WITH into_db = 'newdb'"
    say 'CREATE DATABASE newdb'
    ok M17 "RESTORE system.zones \\
FROM '$(D zones)' \\
WITH into_db = 'newdb'"
    is "M17 rows" "$zones" 'SELECT count(*) FROM newdb.zones'
    err M17-N2 42P07 'relation "zones" already exists' "RESTORE system.zones FROM '$(D zones)'"
    err M17-N3 42P07 'relation "zones" already exists' "RESTORE system.zones FROM '$(D zones)' WITH into_db = 'system'"
    err M17-N3 42501 'does not have CREATE privilege on database system' "RESTORE bank.customers FROM ('$(E m16)', '$(W m16)') WITH into_db = 'system'"
    err M17-N4 42P07 'relation "zones" already exists' "RESTORE system.zones FROM '$(D zones)' WITH into_db = 'newdb'"
    like M18 "*" 'INSERT INTO system.zones SELECT * FROM newdb.zones'
    is "M18 every row" 0 'SELECT count(*) FROM newdb.zones AS n WHERE NOT EXISTS (SELECT 1 FROM system.zones AS s WHERE s.id = n.id AND s.config = n.config)'
    like "M18 the partition's zone" '*us_west*' 'SELECT target FROM [SHOW ZONE CONFIGURATIONS]'
    err M18-N1 23505 'duplicate key value (id)=(0) violates unique constraint "primary"' "INSERT INTO system.zones VALUES (0, b'')"
    like M19 "*" 'DROP TABLE newdb.zones'
    err M19 42501 'user root does not have DROP privilege on relation zones' 'DROP TABLE system.zones'
    fast
    job=$job_of_cluster
    is M20 "" "RESUME JOB $job"
    is "M20 the end" succeeded "SELECT status FROM [SHOW JOB WHEN COMPLETE $job]"
    is "M20 restored" "$s" 'SELECT fingerprint FROM [SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE movr.rides]'
    is "M20 zones" "$zones" 'SELECT count(*) FROM system.zones'
    err M20-N1 XXUUU 'job with status succeeded cannot be resumed' "RESUME JOB $job"
    err M16-N2 XXUUU 'job with status succeeded cannot be requested to be paused' "PAUSE JOB $job"

    # a running one is resumed, then canceled; then it can be run again
    say 'DROP DATABASE movr CASCADE' 'DROP DATABASE newdb CASCADE'
    slow
    slowly "RESTORE DATABASE movr FROM ('$(E m16)', '$(W m16)')"
    is M20-N2 "" "RESUME JOB $job"
    is M20-P3 "" "CANCEL JOB $job"
    slow_ended "M20-P3 who waits" "job canceled"
    is "M20-P3 status" canceled "SELECT status FROM [SHOW JOB $job]"
    is "M20-P3 nothing left" "0	0" "SELECT (SELECT count(*) FROM [SHOW DATABASES] WHERE database_name = 'movr'), (SELECT count(*) FROM crdb_internal.tables WHERE name = 'rides' AND state <> 'DROP')"
    fast
    ok M20-P3 "RESTORE DATABASE movr FROM ('$(E m16)', '$(W m16)')"
    slow
    slowly "BACKUP DATABASE movr TO '$(D m20)'"
    err "M20-P3 the destination is taken" 42C01 'already contains a BACKUP-CHECKPOINT file (is another operation already in progress?)' "BACKUP DATABASE movr TO '$(D m20)'"
    is M20-P3 "" "CANCEL JOB $job"
    slow_ended "M20-P3 who waits" "job canceled"
    [ -z "$ACCEPTANCE_NODES" ] || sleep 4 # other nodes take away theirs when they look next
    same "M20-P3 no file left" "" "$(ls "$(path m20)" 2>/dev/null)"
    fast
    ok M20-P3 "BACKUP DATABASE movr TO '$(D m20)'"

    [ -z "$ACCEPTANCE_NODES" ] || return 0 # cluster-test kills nodes
    # M20-P2: the server dies under a BACKUP; what was finished is not exported again
    say 'CREATE TABLE movr.more (k INT PRIMARY KEY, v STRING)' \
        "INSERT INTO movr.more SELECT g, repeat('x', 500) FROM generate_series(1, 400) AS g"
    slow
    slowly "BACKUP DATABASE movr TO '$(D m20p2)'"
    is "M20-P2 PAUSE" "" "PAUSE JOB $job"
    wait_for paused "SELECT status FROM [SHOW JOB $job]"
    slow_ended "M20-P2 who waits" "job paused"
    fast
    is "M20-P2 RESUME" "" "RESUME JOB $job"
    is "M20-P2 the end" succeeded "SELECT status FROM [SHOW JOB WHEN COMPLETE $job]"
    slow
    slowly "BACKUP DATABASE movr TO '$(D m20file)'"
    touch "$work/fresh/store/DISABLE_STARTING_BACKGROUND_JOBS"
    slow_ended "a file forbids jobs" "job $job: node liveness error: restarting in background"
    wait_for "" "SELECT coordinator_id FROM [SHOW JOB $job]"
    is "a file forbids jobs: it waits" running "SELECT status FROM [SHOW JOB $job]"
    fast
    rm "$work/fresh/store/DISABLE_STARTING_BACKGROUND_JOBS"
    is "a file forbade jobs" succeeded "SELECT status FROM [SHOW JOB WHEN COMPLETE $job]"
    is "M20-P2 complete" "400	200000" "SELECT count(*), sum(length(v)) FROM movr.more"
    slow
    slowly "BACKUP DATABASE movr TO '$(D m20p2k)'"
    amb_kill
    wait "$slow_pid"
    AMB_PID=$fresh_pid
    amb_start "$work/fresh" --locality=region=us-west,az=a
    fresh_pid=$AMB_PID
    fast
    is "M20-P2 after a crash" succeeded "SELECT status FROM [SHOW JOB WHEN COMPLETE $job]"
    s=$(value 'SELECT fingerprint FROM [SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE movr.more]')
    say 'DROP DATABASE movr CASCADE'
    ok "M20-P2 restored" "RESTORE DATABASE movr FROM '$(D m20p2k)'"
    is "M20-P2 restored" "$s" 'SELECT fingerprint FROM [SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE movr.more]'
}
