# M1 to M5: incremental backups with destinations of their own, history, points in time. Sourced.
scenarios="M1 M2 M3"

M1() {
    local end1 end2 mid s1 s2 smid s3
    bank
    rest
    ok M1 "BACKUP DATABASE bank TO '$(D database-bank-2017-03-27-weekly)' AS OF SYSTEM TIME '-10ms'"
    change 1
    rest
    s1=$(print_of bank)
    ok M1 "BACKUP DATABASE bank TO '$(D database-bank-2017-03-28-nightly)' AS OF SYSTEM TIME '-10ms'
  INCREMENTAL FROM '$(D database-bank-2017-03-27-weekly)'"
    change 2
    mid=$(now) smid=$(print_of bank)
    change 3
    rest
    s3=$(print_of bank)
    ok M1 "BACKUP DATABASE bank \\
TO '$(D db/bank/2017-03-29-nightly)' \\
AS OF SYSTEM TIME '-10ms' \\
INCREMENTAL FROM '$(D database-bank-2017-03-27-weekly)', '$(D database-bank-2017-03-28-nightly)' WITH revision_history"
    is "M1 description" "BACKUP DATABASE bank TO '$(D db/bank/2017-03-29-nightly)' AS OF SYSTEM TIME '-10ms' INCREMENTAL FROM '$(D database-bank-2017-03-27-weekly)', '$(D database-bank-2017-03-28-nightly)' WITH revision_history" \
        "SELECT description FROM [SHOW JOB $job] WHERE status = 'succeeded'"
    end1=$(value "SELECT DISTINCT start_time FROM [SHOW BACKUP '$(D db/bank/2017-03-29-nightly)']")
    end2=$(value "SELECT DISTINCT end_time FROM [SHOW BACKUP '$(D database-bank-2017-03-28-nightly)']")
    same "M1 starts where the layer before ends" "$end1" "$end2"
    local all="'$(D database-bank-2017-03-27-weekly)', '$(D database-bank-2017-03-28-nightly)', '$(D db/bank/2017-03-29-nightly)'"

    local inc="BACKUP DATABASE bank TO '$(D x)' INCREMENTAL FROM"
    err M1-N1 XXUUU 'invalid previous backups (a new full backup may be required if a table has been created, dropped or truncated): no backup covers time' \
        "$inc '$(D database-bank-2017-03-28-nightly)'"
    err M1-N2 XXUUU 'backups listed out of order' \
        "$inc '$(D database-bank-2017-03-28-nightly)', '$(D database-bank-2017-03-27-weekly)'"
    err M1-N3 XXUUU 'unknown database "bank"' \
        "BACKUP DATABASE bank TO '$(D x)' AS OF SYSTEM TIME '-1h' INCREMENTAL FROM '$(D database-bank-2017-03-27-weekly)'"
    err M1-N3 XXUUU 'no backup covers time' \
        "BACKUP DATABASE bank TO '$(D x)' AS OF SYSTEM TIME '$mid' INCREMENTAL FROM $all"
    err M1-N4 42C01 'already contains a BACKUP file' \
        "BACKUP DATABASE bank TO '$(D db/bank/2017-03-29-nightly)' AS OF SYSTEM TIME '-10ms' INCREMENTAL FROM '$(D database-bank-2017-03-27-weekly)', '$(D database-bank-2017-03-28-nightly)' WITH revision_history"
    err M1-N5 XXUUU "failed to read backup from \"$(D nope)\": " "$inc '$(D nope)'"
    err M1-N8 42601 'at or near "(": syntax error' "$inc ('a', 'b')"
    err M1-N8 42601 'at or near "as": syntax error' "$inc 'a' AS OF SYSTEM TIME '-1s'"
    err M1-N9 XXUUU 'BACKUP cannot be used inside a transaction' "BEGIN; BACKUP DATABASE bank TO '$(D t)'"
    say 'CREATE USER IF NOT EXISTS maxroach'
    who=maxroach
    err M1-N10 42501 'only users with the admin role are allowed to BACKUP' "BACKUP DATABASE bank TO '$(D t)'"
    err M1-N10 42501 'only users with the admin role are allowed to BACKUP' "BEGIN; BACKUP DATABASE bank TO '$(D t)'"
    err M1-N10 XXUUU 'invalid option "foo"' "BEGIN; BACKUP DATABASE bank TO '$(D t)' WITH foo"
    who=root
    ok M1-N11 "BACKUP bank.customers TO '$(D u1)'"
    err M1-N11 XXUUU 'previous backup does not contain table "accounts"' \
        "BACKUP bank.customers, bank.accounts TO '$(D u2)' INCREMENTAL FROM '$(D u1)'"

    # a new table, a truncated one, a dropped one
    say 'CREATE TABLE bank.t2 (k INT PRIMARY KEY)' 'INSERT INTO bank.t2 VALUES (1), (2)' \
        'CREATE TABLE bank.t3 (k INT PRIMARY KEY)' 'TRUNCATE bank.accounts' \
        'INSERT INTO bank.accounts VALUES (7, 1, 7)'
    ok M1-P1 "BACKUP DATABASE bank TO '$(D p1)' INCREMENTAL FROM $all"
    say 'DROP TABLE bank.t3'
    ok M1-P1 "BACKUP DATABASE bank TO '$(D p2)' INCREMENTAL FROM $all, '$(D p1)'"
    s2=$(print_of bank)
    checked M1-P1 "$(path database-bank-2017-03-27-weekly)" "$(path database-bank-2017-03-28-nightly)" \
        "$(path db/bank/2017-03-29-nightly)" "$(path p1)" "$(path p2)"

    fresh
    ok M1 "RESTORE DATABASE bank FROM $all"
    same "M1 restored" "$(print_of bank)" "$s3"
    say 'DROP DATABASE bank CASCADE'
    ok M1 "RESTORE DATABASE bank FROM $all AS OF SYSTEM TIME '$mid'"
    same "M1 restored in the middle" "$(print_of bank)" "$smid"
    say 'DROP DATABASE bank CASCADE'
    ok M1 "RESTORE DATABASE bank FROM '$(D database-bank-2017-03-27-weekly)', '$(D database-bank-2017-03-28-nightly)'"
    same "M1 two layers restored" "$(print_of bank)" "$s1"
    err M1-N6 XXUUU 'previous BACKUP belongs to cluster' "$inc '$(D database-bank-2017-03-27-weekly)'"
    say 'DROP DATABASE bank CASCADE'
    ok M1-P1 "RESTORE DATABASE bank FROM $all, '$(D p1)', '$(D p2)'"
    same "M1-P1 restored" "$(print_of bank)" "$s2"
    is "M1-P1 tables" $'accounts\ncustomers\nt2' 'SELECT table_name FROM [SHOW TABLES FROM bank] ORDER BY 1'
    say 'DROP DATABASE bank CASCADE'
    ok M1-P1 "RESTORE DATABASE bank FROM $all, '$(D p1)'"
    is "M1-P1 the dropped table before its end" 0 'SELECT count(*) FROM bank.t3'
}

M2() {
    local n
    bank
    for n in 1 2 3; do
        change "$n"
        rest
        ok M2 "BACKUP DATABASE bank TO '$(D auto)' AS OF SYSTEM TIME '-10ms'"
    done
    same "M2 files" "BACKUP 2" "$(cd "$(path auto)" && echo BACKUP "$(ls -d 2*/[0-9]*.[0-9][0-9]/BACKUP | wc -l)")"
    is "M2 layers" $'accounts\t3\ncustomers\t3' \
        "SELECT table_name, count(*) FROM [SHOW BACKUP '$(D auto)'] GROUP BY 1 ORDER BY 1"
    is "M2 times without a hole" $'2' "SELECT count(*) FROM [SHOW BACKUP '$(D auto)'] AS a JOIN [SHOW BACKUP '$(D auto)'] AS b ON a.end_time = b.start_time AND a.table_name = b.table_name WHERE a.table_name = 'accounts'"
    s=$(print_of bank)
    fresh
    ok M2 "RESTORE DATABASE bank FROM '$(D auto)'"
    same "M2 restored" "$(print_of bank)" "$s"
}

# With M4 and M5, which restore what it wrote.
M3() {
    local t0 t1 t2 s0 s1 s2 s3 s4 end
    local weekly nightly28 nightly29
    weekly=$(D test-cluster-2017-03-27-weekly) nightly28=$(D database-bank-2017-03-28-nightly-h)
    nightly29=$(D database-bank-2017-03-29-nightly-h)
    say 'DROP DATABASE IF EXISTS bank_old CASCADE'
    bank
    t0=$(value "SELECT now()::TIMESTAMP::STRING") s0=$(print_of bank)
    change 1
    rest
    ok M3 "BACKUP TO \\
'$weekly' \\
AS OF SYSTEM TIME '-10ms' WITH revision_history"
    s1=$(print_of bank)
    is M3 $'bank.accounts\nbank.customers\nsystem.comments\nsystem.jobs\nsystem.locations\nsystem.role_members\nsystem.settings\nsystem.ui\nsystem.users\nsystem.zones' \
        "SELECT database_name || '.' || table_name FROM [SHOW BACKUP '$weekly'] WHERE is_full_cluster AND database_name IN ('system', 'bank') AND table_name <> 'role_options' ORDER BY 1"
    change 2
    t1=$(now) s2=$(print_of bank)
    say 'CREATE TABLE bank.later (k INT PRIMARY KEY)' 'ALTER TABLE bank.accounts ADD COLUMN extra INT DEFAULT 5' \
        'CREATE INDEX balance_idx ON bank.accounts (balance)'
    change 3
    rest
    ok M5 "BACKUP TO '$nightly28' INCREMENTAL FROM '$weekly' WITH revision_history"
    s3=$(print_of bank)
    say 'DROP TABLE bank.later' 'TRUNCATE bank.accounts' 'ALTER TABLE bank.customers RENAME TO bank.people'
    t2=$(now)
    say 'ALTER TABLE bank.people RENAME TO bank.customers' "INSERT INTO bank.accounts VALUES (1, 1, 1, 1)"
    s4=$(print_of bank)
    ok M5 "BACKUP TO '$nightly29' INCREMENTAL FROM '$weekly', '$nightly28' WITH revision_history"
    say "BACKUP TO '$(D plain)'" "BACKUP DATABASE bank TO '$(D only-bank)'"

    fresh
    err M4-N1 XXUUU 'invalid RESTORE timestamp: supplied backups do not cover requested time' \
        "RESTORE FROM '$weekly' AS OF SYSTEM TIME '$t2'"
    err M4-N2 XXUUU "restoring to arbitrary time requires that BACKUP for requested time be created with 'revision_history' option. nearest backup time is" \
        "RESTORE FROM '$(D plain)' AS OF SYSTEM TIME '$t1'"
    err M4-N4 XXUUU 'AS OF SYSTEM TIME: cannot specify timestamp in the future' "RESTORE FROM '$weekly' AS OF SYSTEM TIME '2200-01-01'"
    err M4-N5 XXUUU 'AS OF SYSTEM TIME: only constant expressions or experimental_follower_read_timestamp are allowed' \
        "RESTORE FROM '$weekly' AS OF SYSTEM TIME now() - INTERVAL '10s'"
    err M4-N7 XXUUU 'full cluster RESTORE can only be used on full cluster BACKUP files' "RESTORE FROM '$(D only-bank)'"
    err M4-N8 XXUUU 'RESTORE cannot be used inside a transaction' "BEGIN; RESTORE FROM '$weekly'"
    say 'CREATE USER maxroach'
    who=maxroach
    err M4-N8 42501 'only users with the admin role are allowed to RESTORE' "RESTORE FROM '$weekly'"
    who=root
    err M5-N1 XXUUU 'no backup covers time' "RESTORE FROM '$weekly', '$nightly29'"
    err M5-N2 XXUUU 'out of order' "RESTORE FROM '$weekly', '$nightly29', '$nightly28'"
    ok M4 "RESTORE FROM '$weekly' \\
AS OF SYSTEM TIME '$t0'"
    same "M4 restored" "$(print_of bank)" "$s0"
    err M4-N6 XXUUU 'full cluster restore can only be run on a cluster with no tables or databases but found' "RESTORE FROM '$weekly'"
    fresh
    ok M4-P1 "RESTORE FROM '$weekly'"
    same "M4-P1 restored" "$(print_of bank)" "$s1"
    fresh
    end=$(value "SELECT DISTINCT end_time FROM [SHOW BACKUP '$(D plain)']")
    ok M4-P2 "RESTORE FROM '$(D plain)' AS OF SYSTEM TIME '$end'"
    same "M4-P2 restored" "$(print_of bank)" "$s4"
    fresh
    ok M5 "RESTORE FROM \\
'$weekly', '$nightly28', '$nightly29' \\
AS OF SYSTEM TIME '$t1'"
    same "M5 restored" "$(print_of bank)" "$s2"
    is "M5 tables then" $'accounts\ncustomers' 'SELECT table_name FROM [SHOW TABLES FROM bank] ORDER BY 1'
    is "M5 columns then" $'balance\ncustomer_id\nid' 'SELECT column_name FROM [SHOW COLUMNS FROM bank.accounts] ORDER BY 1'
    fresh
    end=$(value "SELECT DISTINCT end_time FROM [SHOW BACKUP '$nightly28']")
    ok M5 "RESTORE FROM '$weekly', '$nightly28', '$nightly29' AS OF SYSTEM TIME '$end'"
    same "M5 restored at an end" "$(print_of bank)" "$s3"
    is "M5 tables at an end" $'accounts\ncustomers\nlater' 'SELECT table_name FROM [SHOW TABLES FROM bank] ORDER BY 1'
    is "M5 an index of then" 5 'SELECT DISTINCT extra FROM bank.accounts@balance_idx'
    fresh
    ok M5 "RESTORE FROM '$weekly', '$nightly28', '$nightly29' AS OF SYSTEM TIME $t2"
    is "M5 truncated and renamed" $'accounts\npeople' 'SELECT table_name FROM [SHOW TABLES FROM bank] ORDER BY 1'
    is "M5 truncated" 0 'SELECT count(*) FROM bank.accounts'
    fresh
    ok M5 "RESTORE FROM '$weekly', '$nightly28', '$nightly29'"
    same "M5 restored whole" "$(print_of bank)" "$s4"

    # history in the last of three layers only
    on_source
    bank
    say "BACKUP TO '$(D h1)'"
    change 1
    t0=$(now)
    say "BACKUP TO '$(D h2)' INCREMENTAL FROM '$(D h1)'"
    change 2
    t1=$(now) s1=$(print_of bank)
    change 3
    say "BACKUP TO '$(D h3)' INCREMENTAL FROM '$(D h1)', '$(D h2)' WITH revision_history"
    fresh
    err M5-N3 XXUUU 'nearest BACKUP times are' "RESTORE FROM '$(D h1)', '$(D h2)', '$(D h3)' AS OF SYSTEM TIME '$t0'"
    ok M5-P1 "RESTORE FROM '$(D h1)', '$(D h2)', '$(D h3)' AS OF SYSTEM TIME '$t1'"
    same "M5-P1 restored" "$(print_of bank)" "$s1"
}
