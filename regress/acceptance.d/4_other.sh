# M21 to M25: encryption, other databases, missing references, users. Sourced.
scenarios="$scenarios M21 M23 M25"

# With M22, which restores what it wrote.
M21() {
    local t sealed s s2 n
    t=$(D test-cluster)
    bank
    ok M21 "BACKUP TO \\
'$t' \\
WITH encryption_passphrase = 'password123'"
    is "M21 description" "BACKUP TO '$t' WITH encryption_passphrase = 'redacted'" "SELECT description FROM [SHOW JOB $job]"
    sealed=
    for n in "$(path test-cluster)"/*; do
        [ "$(basename "$n")" = encryption-info ] || [ "$(head -c 8 "$n")" = $'encrypt\x01' ] || sealed="$sealed $n"
    done
    same "M21 every other file is sealed" "$sealed" ""
    grep -rqa 'password123' "$work/source/store" "$work/source/log" "$(path test-cluster)"
    same "M21 the passphrase is nowhere" "$?" 1
    grep -rqa 'customers' "$(path test-cluster)"
    same "M21 nor a table's name" "$?" 1
    cp "$(path test-cluster)/encryption-info" "$work/info"
    s=$(print_of bank)
    local wrong='cipher: message authentication failed' clear='file appears encrypted -- try specifying "encryption_passphrase"'
    like M22-P4 '*bank*' "SELECT database_name FROM [SHOW BACKUP '$t' WITH encryption_passphrase = 'password123']"
    err M22-P4 XXUUU "$wrong" "SHOW BACKUP '$t' WITH encryption_passphrase = 'x'"
    err M22-P4 XXUUU "$clear" "SHOW BACKUP '$t'"
    err M22-N4 XXUUU 'option "encryption_passphrase" requires a value' "RESTORE FROM '$t' WITH encryption_passphrase"
    err M22-N5 XXUUU "option \"revision_history\" does not take a value" "BACKUP TO '$t' WITH revision_history = 'x'"
    err M22-N6 XXUUU 'invalid option "foo"' "RESTORE FROM '$t' WITH foo"
    fresh
    err M22-N1 XXUUU "$wrong" "RESTORE FROM '$t' WITH encryption_passphrase = 'wrong'"
    err M22-N2 XXUUU "$clear" "RESTORE FROM '$t'"
    ok M22 "RESTORE FROM \\
'$t' \\
WITH encryption_passphrase = 'password123'"
    same "M22 restored" "$(print_of bank)" "$s"
    on_source
    say "BACKUP TO '$(D clear)'"
    err M22-N3 XXUUU 'could not find or read encryption information' "BACKUP TO '$(D clear)' WITH encryption_passphrase = 'x'"
    change 1
    err M22-P1 XXUUU "loading base backup manifest: $wrong" "BACKUP TO '$t' WITH encryption_passphrase = 'x'"
    err M22-P1 XXUUU "loading base backup manifest: file appears encrypted" "BACKUP TO '$t'"
    ok M21-P1 "BACKUP TO \\
'$t' \\
WITH encryption_passphrase = 'password123'"
    same "M21-P1 encryption-info stays" "$(cmp "$work/info" "$(path test-cluster)/encryption-info" 2>&1)" ""
    s=$(print_of bank)
    ok M22-P2 "BACKUP TO '$(D enc-inc)' INCREMENTAL FROM '$t' WITH encryption_passphrase = 'password123'"
    ok M22-P3 "BACKUP DATABASE bank TO ('$(E x)$default', '$(W x)$west') WITH encryption_passphrase = 'abcdefg'"
    change 2
    s2=$(print_of bank)
    ok M22-P3 "BACKUP DATABASE bank TO ('$(E i)$default', '$(W i)$west') INCREMENTAL FROM '$(E x)' WITH OPTIONS ('encryption_passphrase' = 'abcdefg')"
    checked M21 --passphrase=password123 "$(path test-cluster)"
    fresh
    err M22-N3 XXUUU 'could not find or read encryption information' "RESTORE FROM '$(D clear)' WITH encryption_passphrase = 'x'"
    ok M21-P1 "RESTORE FROM '$t' WITH encryption_passphrase = 'password123'"
    same "M21-P1 restored" "$(print_of bank)" "$s"
    say 'DROP DATABASE bank CASCADE'
    ok M22-P2 "RESTORE DATABASE bank FROM '$t', '$(D enc-inc)' WITH encryption_passphrase = 'password123'" # the base alone and an empty increment
    say 'DROP DATABASE bank CASCADE'
    ok M22-P3 "RESTORE DATABASE bank FROM ('$(E x)','$(W x)'), ('$(E i)','$(W i)') WITH encryption_passphrase='abcdefg'"
    same "M22-P3 restored" "$(print_of bank)" "$s2"
}

# With M24.
M23() {
    local b s
    b=$(D database-bank-2017-03-27-weekly-m23)
    bank
    say 'CREATE VIEW bank.names AS SELECT name FROM bank.customers' 'CREATE SEQUENCE bank.sq' \
        "CREATE TABLE bank.numbered (k INT PRIMARY KEY DEFAULT nextval('bank.sq'), v INT)" \
        'CREATE TABLE bank.owner (k INT PRIMARY KEY)' 'CREATE SEQUENCE bank.owned OWNED BY bank.owner.k' \
        'CREATE USER IF NOT EXISTS maxroach' 'GRANT SELECT ON bank.customers TO maxroach' \
        "BACKUP DATABASE bank TO '$b'"
    fresh
    say 'CREATE USER maxroach'
    err M23-N1 XXUUU 'a database named "newdb" needs to exist to restore table "customers"' "RESTORE bank.customers FROM '$b' WITH into_db = 'newdb'"
    say 'CREATE DATABASE newdb'
    ok M23 "RESTORE bank.customers \\
FROM '$b' \\
WITH into_db = 'newdb'"
    is "M23 restored" $'1\tann\n2\tbob\n3\teve' 'SELECT * FROM newdb.customers ORDER BY id'
    is M23-P2 $'admin\tALL\nroot\tALL' 'SELECT grantee, privilege_type FROM [SHOW GRANTS ON newdb.customers] ORDER BY 1'
    err M23-N2 42P07 'relation "customers" already exists' "RESTORE bank.customers FROM '$b' WITH into_db = 'newdb'"
    err M23-N3 XXUUU 'cannot use "into_db" option when restoring database(s)' "RESTORE DATABASE bank FROM '$b' WITH into_db = 'newdb'"
    err M23-N4 XXUUU 'cannot restore table "accounts" without referenced table' "RESTORE bank.accounts FROM '$b' WITH into_db='newdb'"
    say 'CREATE DATABASE viewed'
    ok M23-P1 "RESTORE bank.* FROM '$b' WITH into_db='viewed'"
    say "INSERT INTO viewed.customers VALUES (9, 'zoe')"
    is M23-P1 $'ann\nbob\neve\nzoe' 'SELECT * FROM viewed.names ORDER BY 1'

    say 'CREATE DATABASE bank'
    err M24-N1 XXUUU '(or "skip_missing_foreign_keys" option)' "RESTORE bank.accounts FROM '$b'"
    ok M24 "RESTORE bank.accounts \\
FROM '$b' \\
WITH skip_missing_foreign_keys"
    is "M24 no foreign key" 0 "SELECT count(*) FROM [SHOW CONSTRAINTS FROM bank.accounts] WHERE constraint_type = 'FOREIGN KEY'"
    is "M24 it can be written" "" 'INSERT INTO bank.accounts VALUES (99, 12345, 0)'
    say 'DROP TABLE bank.accounts'
    ok M24-P1 "RESTORE bank.accounts, bank.customers FROM '$b'"
    is M24-P1 1 "SELECT count(*) FROM [SHOW CONSTRAINTS FROM bank.accounts] WHERE constraint_type = 'FOREIGN KEY'"
    err M24-P1 XXUUU '(or "skip_missing_sequences" option)' "RESTORE bank.numbered FROM '$b'"
    ok M24-P1 "RESTORE bank.numbered FROM '$b' WITH skip_missing_sequences"
    is "M24-P1 no default" 1 "SELECT count(*) FROM [SHOW COLUMNS FROM bank.numbered] WHERE column_name = 'k' AND column_default IS NULL"
    err M24-P1 XXUUU 'cannot restore table "owner" without referenced sequence' "RESTORE bank.owner FROM '$b'"
    err M24-P1 XXUUU 'cannot restore sequence "owned" without referenced owner table' "RESTORE bank.owned FROM '$b'"
    ok M24-P1 "RESTORE bank.owner FROM '$b' WITH skip_missing_sequence_owners"
    ok M24-P1 "RESTORE bank.owned FROM '$b' WITH skip_missing_sequence_owners"
    is "M24-P1 a sequence that nobody owns" 1 "SELECT nextval('bank.owned')"
    err M24-P1 XXUUU 'cannot restore view "names" without restoring referenced table (or "skip_missing_views" option)' "RESTORE bank.names FROM '$b'"
    counts M24-P1 "0 0 0" "RESTORE bank.names FROM '$b' WITH skip_missing_views"
    is "M24-P1 no view" 0 "SELECT count(*) FROM [SHOW TABLES FROM bank] WHERE table_name = 'names'"
}

M25() {
    local plain_certs=${AMB_CERTS:-} u c
    u=$(D table-users-2017-03-27-full) c=$(D users-cluster)
    stop_source
    AMB_CERTS=$work/certs
    [ -d "$AMB_CERTS" ] || amb_certs "$AMB_CERTS" || result "certificates" "none"
    start_source
    on_source
    value "INSERT INTO system.users VALUES ('dummy', '', false)" >/dev/null
    local clients_were=$clients
    clients=psql # the other clients' connections are those of an insecure node
    say "CREATE USER carl WITH PASSWORD 'x'" 'CREATE ROLE ops' "BACKUP system.users TO '$u'" "BACKUP TO '$c'"
    err M25-N2 23505 "duplicate key value (username)=('root') violates unique constraint \"primary\"" "INSERT INTO system.users VALUES ('root', '', false)"
    for from in "$u" "$c"; do
        fresh
        err M25-N1 XXUUU 'a database named "newdb" needs to exist to restore table "users"' "RESTORE system.users FROM '$from' WITH into_db = 'newdb'"
        err M25-N1 42P07 'relation "users" already exists' "RESTORE system.users FROM '$from'"
        say 'CREATE DATABASE newdb'
        ok M25 "RESTORE system.users \\
FROM '$from' \\
WITH into_db = 'newdb'"
        like M25 "*" 'INSERT INTO system.users SELECT * FROM newdb.users'
        like M25 "*" 'DROP TABLE newdb.users'
        is "M25 users" $'admin\ncarl\ndummy\nops\nroot' 'SELECT username FROM system.users ORDER BY 1'
        is "M25 a role" true "SELECT \"isRole\"::STRING FROM system.users WHERE username = 'ops'"
        got=$(env -u PGSSLCERT -u PGSSLKEY PGPASSWORD=x psql -X -q -A -t -U carl -c 'SELECT 7' 2>&1)
        same "M25 the old password" "$got" 7
        got=$(env -u PGSSLCERT -u PGSSLKEY PGPASSWORD=x psql -X -q -v VERBOSITY=verbose -U carl -c 'INSERT INTO system.users SELECT * FROM system.users' 2>&1)
        same M25-N3 "$(head -n 1 <<<"$got")" 'ERROR:  42501: user carl does not have INSERT privilege on relation users'
        got=$(env -u PGSSLCERT -u PGSSLKEY PGPASSWORD=y psql -X -q -A -t -U carl -c 'SELECT 7' 2>&1)
        [[ $got == *'password authentication failed for user carl'* ]]
        same "M25 another password" "$?" 0
        is "M25 root still gets in" 1 'SELECT 1'
    done
    on_source
    say 'CREATE DATABASE newdb'
    ok M25 "RESTORE system.users FROM '$u' WITH into_db = 'newdb'"
    like "M25 where all exist" "*" 'INSERT INTO system.users SELECT * FROM newdb.users'
    is "M25 where all exist" 5 'SELECT count(*) FROM system.users'
    clients=$clients_were
    stop_source
    AMB_CERTS=$plain_certs
    start_source
}
