# Backups that are attached: over a restart, and damaged ones. Sourced.
scenarios="$scenarios ATTACH ATTACH-damage"

# Everything of an attached bank.
read_of() { # read_of DATABASE
    psql -X -q -A -t -U root -c "SELECT count(*), sum(id), sum(length(note)) FROM $1.notes" \
        -c "SELECT count(*) FROM $1.notes@by_note" 2>&1
}
notes() {
    say 'DROP DATABASE IF EXISTS notes CASCADE' 'CREATE DATABASE notes' \
        'CREATE TABLE notes.notes (id INT PRIMARY KEY, note STRING, INDEX by_note (note))' \
        "INSERT INTO notes.notes SELECT g, repeat(md5(g::STRING), 8) FROM generate_series(1, 5000) AS g"
}

ATTACH() {
    local s1 s2
    bank
    ok ATTACH "BACKUP DATABASE bank TO '$(D attach/full)'"
    s1=$(print_of bank)
    change 1
    ok ATTACH "BACKUP DATABASE bank TO '$(D attach/full)'"
    s2=$(print_of bank)
    say "ATTACH BACKUP '$(D attach/full)' AS att"
    same "ATTACH: the newest rows" "$s2" "$(print_of att)"
    is "ATTACH: a join with the table itself" 2 \
        'SELECT count(*) FROM att.accounts AS a JOIN bank.accounts AS b USING (id, balance)'
    err "ATTACH: only to read" 42501 'relation "accounts" belongs to an attached backup, which can only be read' \
        'DELETE FROM att.accounts'
    say 'CREATE USER IF NOT EXISTS maxroach'
    who=maxroach
    err "ATTACH: who may" 42501 'only users with the admin role are allowed to ATTACH BACKUP' "ATTACH BACKUP '$(D attach/full)' AS x"
    err "DETACH: who may" 42501 'only users with the admin role are allowed to DETACH BACKUP' 'DETACH BACKUP att'
    err "ATTACH: who may read" 42501 'user maxroach does not have SELECT privilege on relation accounts' 'SELECT * FROM att.accounts'
    who=root
    # over a restart; and one that the server was killed under
    AMB_PID=$source_pid
    amb_stop
    amb_start "$work/source" --locality=region=us-west,az=a
    source_pid=$AMB_PID source_port=$AMB_PORT
    same "ATTACH: after a restart" "$s2" "$(print_of att)"
    AMB_PID=$source_pid
    amb_kill
    amb_start "$work/source" --locality=region=us-west,az=a
    source_pid=$AMB_PID source_port=$AMB_PORT
    same "ATTACH: after a kill" "$s2" "$(print_of att)"
    # on another cluster, beside a restored copy
    fresh
    say "ATTACH BACKUP '$(D attach/full)' AS att" "RESTORE DATABASE bank FROM '$(D attach/full)'"
    same "ATTACH: on a fresh cluster" "$s2" "$(print_of att)"
    same "ATTACH: beside RESTORE" "$s2" "$(print_of bank)"
    say 'DETACH BACKUP att'
    err "DETACH" 42P01 'relation "att.accounts" does not exist' 'SELECT * FROM att.accounts'
    on_source
    say 'DETACH BACKUP att'
}

# damaged NAME TEXT...: the attached backup cannot be read, and the error says why, for each way to read it.
damaged() {
    local name=$1 out
    shift
    say 'DETACH BACKUP IF EXISTS att' "ATTACH BACKUP '$(D attach/d)' AS att"
    out=$(read_of att)
    local bad= text
    for text; do
        [[ $out == *"$text"* ]] || bad="expected $text, got $out"
    done
    [[ $out != *5000* ]] || bad="rows: $out"
    result "ATTACH-damage: $name" "$bad"
}

# How files are read: those of any size that are mapped, then whole ones.
ATTACH-damage() {
    local how f g names
    for how in 0 100000000; do
        AMB_PID=$source_pid
        amb_stop
        AMBERDB_TEST_ATTACH_WHOLE=$how amb_start "$work/source" --locality=region=us-west,az=a
        source_pid=$AMB_PID source_port=$AMB_PORT
        notes
        rm -rf "$(path attach/d)" "$(path attach/whole)"
        ok ATTACH-damage "BACKUP DATABASE notes TO '$(D attach/whole)'"
        restore_files() { rm -rf "$(path attach/d)" && cp -a "$(path attach/whole)" "$(path attach/d)"; }
        restore_files
        say "ATTACH BACKUP '$(D attach/d)' AS att"
        same "ATTACH-damage: undamaged" "$(read_of notes)" "$(read_of att)"
        names=("$(path attach/d)"/*.sst)
        f=${names[0]##*/} g=${names[1]##*/}

        # a bit in the middle of the rows
        printf '\xff' | dd of="$(path attach/d)/$f" bs=1 seek=40000 conv=notrunc status=none
        printf '\xff' | dd of="$(path attach/d)/$g" bs=1 seek=40000 conv=notrunc status=none
        damaged "a byte changed ($how)" "$f" "$g"
        restore_files
        truncate -s -100 "$(path attach/d)/$f"
        truncate -s 60000 "$(path attach/d)/$g"
        damaged "truncated ($how)" "$f" "$g"
        restore_files
        rm "$(path attach/d)/$f" "$(path attach/d)/$g"
        damaged "missing ($how)" "fetching \"$f\"" "fetching \"$g\"" 'no such file or directory'
        restore_files
        mv "$(path attach/d)/$f" "$(path attach/d)/x"
        mv "$(path attach/d)/$g" "$(path attach/d)/$f"
        mv "$(path attach/d)/x" "$(path attach/d)/$g"
        damaged "swapped ($how)" "$f" "$g"
        restore_files
        : >"$(path attach/d)/$f"
        : >"$(path attach/d)/$g"
        damaged "empty ($how)" "$f" "$g"

        # the whole backup goes, or another one takes its place, while it is attached
        restore_files
        say 'DETACH BACKUP att' "ATTACH BACKUP '$(D attach/d)' AS att"
        rm -rf "$(path attach/d)"
        err "ATTACH-damage: removed ($how)" XXUUU 'reading the attached backup "att": open ' 'SELECT * FROM att.notes'
        say "BACKUP DATABASE notes TO '$(D attach/d)'"
        err "ATTACH-damage: replaced ($how)" XX001 'backup "att" is not the one any more that was attached' 'SELECT * FROM att.notes'
        say 'DETACH BACKUP att'
    done
    AMB_PID=$source_pid
    amb_stop
    amb_start "$work/source" --locality=region=us-west,az=a
    source_pid=$AMB_PID source_port=$AMB_PORT
}
