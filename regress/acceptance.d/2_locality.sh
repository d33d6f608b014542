# M6 to M15: locality-aware backups, as far as one node of `region=us-west,az=a` goes. Sourced.
scenarios="$scenarios M6 M8 M9 M11 M13"

files() { (cd "$AMB_EXTERN/$1" 2>/dev/null && ls | sed 's/^[0-9]*\.sst$/N.sst/; s/^2[0-9]*$/layers/' | sort -u | tr '\n' ' '); }

# With M7, which restores what it wrote.
M6() {
    local e w s id
    e=$(E "") w=$(W "")
    bank
    say "CREATE TABLE IF NOT EXISTS defaultdb.other (k INT PRIMARY KEY)"
    ok M6 "BACKUP TO
	  ('$e$default', '$w$west')"
    is "M6 description" "BACKUP TO ('$e$default', '$w$west')" "SELECT description FROM [SHOW JOB $job]"
    same "M6 files of the default part" "BACKUP " "$(files east)"
    same "M6 files of the other part" "BACKUP_PART_1_region=us-west N.sst " "$(files west)"
    ok M6-P1 "BACKUP bank.customers TO ('$(E p1)$default', '$(W p1)$west', '$(X p1)?COCKROACH_LOCALITY=az%3Da')"
    same "M6-P1 the most specific tier" "BACKUP_PART_2_az=a N.sst " "$(files other/p1)"
    same "M6-P1 the other tier" "BACKUP_PART_1_region=us-west " "$(files west/p1)"
    ok M6-P2 "BACKUP bank.customers TO ('$(E p2)$default', '$(W p2)?COCKROACH_LOCALITY=region%3Deu')"
    same "M6-P2 no tier matches" "BACKUP N.sst " "$(files east/p2)"
    ok M6-P3 "BACKUP bank.customers TO ('$(W p3)$west', '$(E p3)$default')"
    same "M6-P3 in any order" "BACKUP_PART_1_region=us-west N.sst " "$(files west/p3)"
    ok M6-P4 "BACKUP bank.customers TO '$(E p4)$default'"
    same "M6-P4 one alone" "BACKUP N.sst " "$(files east/p4)"
    err M6-N1 XXUUU 'multiple URLs are provided for partitioned BACKUP, but COCKROACH_LOCALITY is not specified' "BACKUP TO ('$(E n)', '$(W n)$west')"
    err M6-N2 XXUUU 'no default URL provided for partitioned backup' "BACKUP TO ('$(E n)?COCKROACH_LOCALITY=a%3Db', '$(W n)$west')"
    err M6-N3 XXUUU 'multiple default URLs provided for partition backup' "BACKUP TO ('$(E n)$default', '$(W n)$default')"
    err M6-N4 XXUUU 'duplicate URIs for locality region=us-west' "BACKUP TO ('$(E n)$default', '$(W n)$west', '$(X n)$west')"
    err M6-N5 XXUUU 'COCKROACH_LOCALITY region=us-west is invalid for a single BACKUP location' "BACKUP TO '$(W n)$west'"
    err M6-N6 XXUUU 'failed to parse backup locality: tier must be in the form "key=value" not "region=us,az=a"' "BACKUP TO ('$(E n)$default', '$(W n)?COCKROACH_LOCALITY=region%3Dus,az%3Da')"
    ok M6-N7 "BACKUP bank.customers TO ('$(E n7)$default', '$(W n7)?COCKROACH_LOCALITY=region=us-west')"
    same "M6-N7 an equals sign as it is" "BACKUP_PART_1_region=us-west N.sst " "$(files west/n7)"
    s=$(print_of bank)

    fresh
    err M7-N1 XXUUU 'BACKUP: no such file or directory' "RESTORE FROM ('$w', '$e')"
    err M7-N2 XXUUU 'expected manifest BACKUP_PART_1_region=us-west not found in backup locations' "RESTORE FROM '$e'"
    cp -r "$AMB_EXTERN/west" "$work/west"
    cp "$AMB_EXTERN/west/n7/BACKUP_PART_1_region=us-west" "$AMB_EXTERN/west/"
    err M7-P4 XXUUU 'expected backup part to have backup ID' "RESTORE FROM ('$e', '$w')"
    rm -rf "$AMB_EXTERN/west"
    mv "$work/west" "$AMB_EXTERN/west"
    ok M7 "RESTORE FROM ('$e', '$w')"
    same "M7 restored" "$(print_of bank)" "$s"
    say 'CREATE DATABASE x'
    ok M7-P5 "RESTORE bank.customers FROM ('$e','$w') WITH into_db='x'"
    is "M7-P5 restored" 3 'SELECT count(*) FROM x.customers'
    say 'DROP DATABASE bank CASCADE' 'DROP DATABASE x CASCADE'
    mkdir -p "$(path moved)"
    mv "$AMB_EXTERN"/west/*.* "$AMB_EXTERN/west"/BACKUP_PART* "$(path moved)"
    ok M7-P1 "RESTORE DATABASE bank FROM ('$e', '$(D moved)')"
    say 'DROP DATABASE bank CASCADE'
    err M7-P1 XXUUU 'expected manifest BACKUP_PART_1_region=us-west not found in backup locations' "RESTORE DATABASE bank FROM ('$e', '$w')"
    mkdir -p "$(path here)"
    cp "$AMB_EXTERN/east/BACKUP" "$(path here)"
    ok M7-P2 "RESTORE DATABASE bank FROM ('$(D here)', '$(D moved)')"
    say 'DROP DATABASE bank CASCADE'
    cp "$(path moved)"/* "$(path here)"
    ok M7-P3 "RESTORE DATABASE bank FROM '$(D here)'"
    say 'DROP DATABASE bank CASCADE'
    ok M7-P3 "RESTORE DATABASE bank FROM ('$(D here)', '$(D here)')"
    same "M7-P3 restored" "$(print_of bank)" "$s"
}

M8() {
    local part
    say 'DROP DATABASE IF EXISTS movr CASCADE' 'CREATE DATABASE movr' \
        "CREATE TABLE movr.rides (city STRING, id INT, note STRING, PRIMARY KEY (city, id))
  PARTITION BY LIST (city) (
    PARTITION us_west VALUES IN ('seattle', 'san francisco'),
    PARTITION us_east VALUES IN ('new york', 'boston'))" \
        "INSERT INTO movr.rides SELECT c, g, repeat(c, 50)
  FROM unnest(ARRAY['seattle','san francisco','new york','boston']) AS c, generate_series(1, 20) AS g"
    sql "ALTER PARTITION us_west OF INDEX movr.public.rides@primary \\
		CONFIGURE ZONE USING constraints = '[+region=us-west]'"
    same M8 "$status" 0
    like M8 "*constraints = '[[]+region=us-west]'*" 'SHOW ZONE CONFIGURATION FOR PARTITION us_west OF INDEX movr.rides@primary'
    is M8 $'us_west\tconstraints = \'[+region=us-west]\'' \
        "SELECT partition_name, zone_config FROM [SHOW PARTITIONS FROM TABLE movr.rides] WHERE partition_name = 'us_west'"
    err M8-N1 23514 'constraint "+region=us-east1" matches no existing nodes within the cluster - did you enter it correctly?' \
        "ALTER PARTITION us_east OF INDEX movr.rides@primary CONFIGURE ZONE USING constraints = '[+region=us-east1]'"
    err M8-N2 XXUUU 'partition "x" does not exist on index "primary"' "ALTER PARTITION x OF INDEX movr.rides@primary CONFIGURE ZONE USING gc.ttlseconds = 100"
    err M8-N3 23514 'incompatible zone constraints' \
        "ALTER PARTITION us_east OF INDEX movr.rides@primary CONFIGURE ZONE USING constraints = '[+region=us-west, +region=us-east1]'"
    ok M8 "BACKUP TO '$(D movr)'"
    fresh --locality=region=us-east1
    ok M8 "RESTORE FROM '$(D movr)'"
    is "M8 the zone of an absent region" $'us_west\tconstraints = \'[+region=us-west]\'' \
        "SELECT partition_name, zone_config FROM [SHOW PARTITIONS FROM TABLE movr.rides] WHERE partition_name = 'us_west'"
    like "M8 it is listed" '*us_west*' 'SELECT target FROM [SHOW ZONE CONFIGURATIONS]'
    is "M8 its rows are served" 40 "SELECT count(*) FROM movr.rides WHERE city IN ('seattle', 'san francisco')"
    say 'ALTER PARTITION us_west OF INDEX movr.public.rides@primary CONFIGURE ZONE DISCARD'
    is "M8 discarded" 0 "SELECT count(*) FROM [SHOW ZONE CONFIGURATIONS] WHERE target LIKE '%us_west%'"
    say 'DROP DATABASE movr CASCADE'
    ok M8-P2 "RESTORE DATABASE movr FROM '$(D movr)'"
    like M8-P2 '*-- Warning: Partitioned table with no zone configurations.*' "SELECT create_statement FROM [SHOW CREATE TABLE movr.rides]"
}

M9() {
    local e w x s1 s2 end
    e=$(E m9) w=$(W m9) x=$(X m9)
    bank
    say "BACKUP TO ('$e$default', '$w$west')"
    s1=$(print_of bank)
    change 1
    ok M9 "BACKUP TO
	  ('$e$default', '$w$west')"
    s2=$(print_of bank)
    same "M9 files" "BACKUP layers |BACKUP_PART_1_region=us-west N.sst layers " "$(files east/m9)|$(files west/m9)"
    same "M9 the layer" "BACKUP |BACKUP_PART_1_region=us-west N.sst " \
        "$(cd "$AMB_EXTERN" && files "$(echo east/m9/2*/*)")|$(cd "$AMB_EXTERN" && files "$(echo west/m9/2*/*)")"
    err M9-N1 XXUUU 'cannot append a backup of specific tables or databases to a full-cluster backup' \
        "BACKUP bank.accounts TO ('$e$default', '$w$west')"
    end=$(value "SELECT min(end_time) FROM [SHOW BACKUP '$e']")
    fresh
    ok M9 "RESTORE FROM ('$e', '$w')"
    same "M9 restored" "$(print_of bank)" "$s2"
    fresh
    ok M9 "RESTORE FROM ('$e', '$w') AS OF SYSTEM TIME '$end'"
    same "M9 restored at the first end" "$(print_of bank)" "$s1"
    on_source
    ok M9-P1 "BACKUP TO ('$e$default')"
    change 2
    ok M9-P2 "BACKUP TO ('$e$default', '$w$west', '$x?COCKROACH_LOCALITY=region%3Deu')"
    s2=$(print_of bank)
    checked M9 --part="$AMB_EXTERN/west/m9" --part="$AMB_EXTERN/other/m9" "$AMB_EXTERN/east/m9"
    fresh
    err M9-P2 XXUUU 'not found in backup locations' "RESTORE FROM ('$e', '$w')"
    [[ $got =~ expected\ manifest\ 2[0-9]*/[0-9.]*/BACKUP_PART_ ]]
    same "M9-P2 the message names the layer" "$?" 0
    ok M9-P2 "RESTORE FROM ('$e', '$w', '$x')"
    same "M9-P2 restored" "$(print_of bank)" "$s2"
}

# M10, M11, M12, M13, M14, M15: explicit chains.
M11() {
    local s k day n=0 from= layers= weekly
    local -a states
    weekly=test-cluster-2019-10-07-weekly
    bank
    say "BACKUP TO ('$(E $weekly)$default', '$(W $weekly)$west')"
    states[0]=$(print_of bank)
    change 1
    ok M11 "BACKUP TO \\
('$(E test-cluster-2019-10-08-nightly)$default', '$(W test-cluster-2019-10-08-nightly)$west')
INCREMENTAL FROM '$(E $weekly)'"
    states[1]=$(print_of bank)
    err M11-N1 XXUUU 'failed to read backup from' "BACKUP TO ('$(E n)$default', '$(W n)$west') INCREMENTAL FROM '$(W $weekly)'"
    change 2
    ok M15 "BACKUP TO ('$(E test-cluster-2019-10-09-nightly)$default', '$(W test-cluster-2019-10-09-nightly)$west') INCREMENTAL FROM '$(E $weekly)', '$(E test-cluster-2019-10-08-nightly)'"
    states[2]=$(print_of bank)
    change 3
    err M15-N1 XXUUU 'invalid previous backups' "BACKUP TO ('$(E n)$default', '$(W n)$west') INCREMENTAL FROM '$(E $weekly)', '$(E test-cluster-2019-10-09-nightly)'"
    ok M15 "BACKUP TO
	  ('$(E test-cluster-2019-10-10-nightly)$default', '$(W test-cluster-2019-10-10-nightly)$west')
  INCREMENTAL FROM
	  '$(E $weekly)',
	  '$(E test-cluster-2019-10-08-nightly)',
  	'$(E test-cluster-2019-10-09-nightly)'"
    states[3]=$(print_of bank)
    sql "PREPARE b (STRING, STRING, STRING) AS BACKUP DATABASE bank TO (\$1, \$2) INCREMENTAL FROM \$3; EXECUTE b ('$(E m10)$default', '$(W m10)$west', '$(E $weekly)')"
    same M10 "$status" 0
    ok M11-P1 "BACKUP DATABASE bank TO '$(E plain)' INCREMENTAL FROM '$(E $weekly)'"
    for day in $weekly test-cluster-2019-10-08-nightly test-cluster-2019-10-09-nightly test-cluster-2019-10-10-nightly; do
        layers="$layers${layers:+, }('$(E $day)', '$(W $day)')"
        fresh
        ok M15 "RESTORE FROM $layers"
        same "M15 $((n + 1)) layers" "$(print_of bank)" "${states[$n]}"
        n=$((n + 1))
    done
    say 'DROP DATABASE bank CASCADE'
    ok M11-P1 "RESTORE DATABASE bank FROM ('$(E $weekly)', '$(W $weekly)'), '$(E plain)'"
    same "M11-P1 restored" "$(print_of bank)" "${states[3]}"
    say 'DROP DATABASE bank CASCADE'
    ok M10 "RESTORE DATABASE bank FROM ('$(E $weekly)', '$(W $weekly)'), ('$(E m10)', '$(W m10)')"
}

M13() {
    local s
    bank
    ok M12 "BACKUP TO ('$(E database-bank-2019-10-07-weekly)$default', '$(W database-bank-2019-10-07-weekly)$west')"
    change 1
    ok M12 "BACKUP TO
	  ('$(E database-bank-2019-10-08-nightly)$default', '$(W database-bank-2019-10-08-nightly)$west')
  INCREMENTAL FROM
	  '$(E database-bank-2019-10-07-weekly)'"
    s=$(print_of bank)
    fresh
    err M13-N1 XXUUU 'expected manifest BACKUP_PART_1_region=us-west not found in backup locations' \
        "RESTORE FROM ('$(E database-bank-2019-10-07-weekly)', '$(W database-bank-2019-10-07-weekly)'), '$(E database-bank-2019-10-08-nightly)'"
    err M13-N2 XXUUU 'out of order' \
        "RESTORE FROM ('$(E database-bank-2019-10-08-nightly)', '$(W database-bank-2019-10-08-nightly)'), ('$(E database-bank-2019-10-07-weekly)', '$(W database-bank-2019-10-07-weekly)')"
    ok M13 "RESTORE FROM
  	('$(E database-bank-2019-10-07-weekly)', '$(W database-bank-2019-10-07-weekly)'),
	  ('$(E database-bank-2019-10-08-nightly)', '$(W database-bank-2019-10-08-nightly)')"
    same "M13 restored" "$(print_of bank)" "$s"
    on_source
    bank
    say "BACKUP TO '$(E plain13)'"
    change 5
    say "BACKUP TO ('$(E inc13)$default', '$(W inc13)$west') INCREMENTAL FROM '$(E plain13)'"
    s=$(print_of bank)
    fresh
    ok M13-P1 "RESTORE FROM '$(E plain13)', ('$(E inc13)', '$(W inc13)')"
    same "M13-P1 restored" "$(print_of bank)" "$s"
}
