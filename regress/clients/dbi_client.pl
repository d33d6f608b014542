#!/usr/bin/env perl
# regress/clients/dbi_client.pl - Perl DBI with DBD::Pg against the server of PGHOST, PGPORT; TAP.
use strict;
use warnings;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types);

my ($n, $failed) = (0, 0);

sub same {
    my ($name, $got, $want) = @_;
    $n++;
    my $ok = (defined $got ? "=$got" : 'undef') eq (defined $want ? "=$want" : 'undef');
    $failed++ unless $ok;
    print $ok ? "ok $n - $name\n" : "not ok $n - $name\n";
    print "#   expected ", $want // 'undef', "\n#   got      ", $got // 'undef', "\n" unless $ok;
}

sub connect_to {
    my $db = shift;
    return DBI->connect("dbi:Pg:dbname=$db", $ENV{PGUSER}, '',
        { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, pg_enable_utf8 => 1 });
}

my @kinds = (
    [ 'BOOL', 1 ],
    [ 'INT2', -32768 ],
    [ 'INT8', '-9223372036854775808' ],
    [ 'FLOAT8', '-1.5e+300' ],
    [ 'DECIMAL(30,10)', '12345678901234567890.0123456789' ],
    [ 'STRING', "quote ' backslash \\ question ? colon :a \x{2603}" ],
    [ 'DATE', '2020-02-29' ],
    [ 'TIME', '23:59:59.999999' ],
    [ 'TIMESTAMP', '1969-12-31 23:59:59.000005' ],
    [ 'TIMESTAMPTZ', '2038-01-19 03:14:08+00:00' ],
    [ 'INTERVAL', '1 year 2 mons 3 days 04:05:06' ],
    [ 'UUID', '01234567-89ab-cdef-0123-456789abcdef' ],
    [ 'INET', '10.1.0.0/16' ],
    [ 'JSONB', '{"a": [1, null]}' ],
);

sub kinds {
    my $db = shift;
    my $i = 0;
    $db->do('CREATE TABLE kinds (id INT PRIMARY KEY, ' . join(', ', map { 'c' . $i++ . " $_->[0]" } @kinds) . ')');
    my $put = $db->prepare('INSERT INTO kinds VALUES (?' . ', ?' x @kinds . ')');
    same('rows of an INSERT', $put->execute(1, map { $_->[1] } @kinds), 1);
    $put->execute(2, (undef) x @kinds);
    my $row = $db->selectrow_arrayref('SELECT * FROM kinds WHERE id = ?', undef, 1);
    same("$kinds[$_][0] comes back", $row->[ $_ + 1 ], $kinds[$_][1]) for 0 .. $#kinds;
    $row = $db->selectrow_arrayref('SELECT * FROM kinds WHERE id = ?', undef, 2);
    same('NULLs come back', scalar(grep { defined } @$row), 1);

    $db->do('CREATE TABLE bytes (k INT PRIMARY KEY, v BYTES, a STRING[])');
    my $bytes = join '', map { chr } 0 .. 255;
    $put = $db->prepare('INSERT INTO bytes VALUES (1, ?, ?)');
    $put->bind_param(1, $bytes, { pg_type => PG_BYTEA });
    $put->bind_param(2, [ 'a,b', 'q"q', undef ]);
    $put->execute;
    my ($got, $array) = $db->selectrow_array('SELECT v, a FROM bytes');
    same('BYTES', unpack('H*', $got), unpack('H*', $bytes));
    same('STRING[]', join('|', map { $_ // 'undef' } @$array), 'a,b|q"q|undef');
}

sub statements {
    my $db = shift;
    $db->do('CREATE TABLE kv (k INT PRIMARY KEY, v STRING)');
    my $put = $db->prepare('INSERT INTO kv VALUES (?, ?)');
    same('execute_array', scalar $put->execute_array({}, [ 0 .. 29 ], [ map { "v$_" } 0 .. 29 ]), 30);
    my $get = $db->prepare('SELECT v FROM kv WHERE k = $1');
    my $all = '';
    for my $k (0 .. 7) { $get->execute($k); $all .= $get->fetchrow_array; $get->finish }
    same('a prepared statement, eight times', $all, 'v0v1v2v3v4v5v6v7');
    same('selectall_hashref', join(',', sort keys %{ $db->selectall_hashref('SELECT * FROM kv WHERE k < 3', 'k') }), '0,1,2');
    same('rows of a DELETE', $db->do('DELETE FROM kv WHERE k > ?', undef, 27), 2);
    same('rows of none', $db->do('DELETE FROM kv WHERE k > 27'), '0E0');
    $db->do('COPY kv FROM STDIN');
    $db->pg_putcopydata("100\tx\n101\t\\N\n");
    $db->pg_putcopyend;
    same('COPY', $db->selectrow_array('SELECT count(*) FROM kv WHERE k >= 100'), 2);
    $db->begin_work;
    $db->pg_savepoint('a');
    $db->do('DELETE FROM kv');
    $db->pg_rollback_to('a');
    $db->commit;
    same('a savepoint', $db->selectrow_array('SELECT count(*) FROM kv'), 30);
}

sub state_of {
    my ($db, @query) = @_;
    eval { $db->do(@query); 1 } and return 'no error';
    return $db->state;
}

sub errors {
    my $db = shift;
    same('a duplicate', state_of($db, 'INSERT INTO kv VALUES (?, ?)', undef, 1, 'x'), '23505');
    same('a syntax error', state_of($db, 'SELEC 1'), '42601');
    same('a number that is none', state_of($db, 'SELECT ?::INT', undef, 'abc'), '22P02');
}

sub retry {
    my ($db, $other) = @_;
    my $attempts = 0;
    while (1) {
        $attempts++;
        $db->begin_work;
        last if eval {
            my $v = $db->selectrow_array('SELECT v FROM kv WHERE k = 7');
            $other->do("UPDATE kv SET v = v || '+' WHERE k = 7") if $attempts == 1;
            $db->do('UPDATE kv SET v = ? WHERE k = 7', undef, "$v-");
            $db->commit;
            1;
        };
        same('the conflict is 40001', $db->state, '40001');
        $db->rollback;
    }
    same('retried', "$attempts " . $db->selectrow_array('SELECT v FROM kv WHERE k = 7'), '2 v7+-');
}

sub cancel {
    my $db = shift;
    my $sth = $db->prepare('SELECT pg_sleep(60)', { pg_async => PG_ASYNC });
    $sth->execute;
    select undef, undef, undef, 0.2;
    same('a canceled statement', $db->pg_cancel ? 'canceled' : 'not', 'canceled');
    same('and the connection goes on', $db->selectrow_array('SELECT 2'), 2);
}

sub metadata {
    my $db = shift;
    $db->do('CREATE TABLE two (a INT, b STRING, PRIMARY KEY (a, b))');
    same('primary_key', join(',', $db->primary_key(undef, 'public', 'two')), 'a,b');
    same('tables', join(',', map { $_->[2] } @{ $db->table_info(undef, 'public', '%', 'TABLE')->fetchall_arrayref }),
        'bytes,kinds,kv,two');
    same('column_info', join(',', map { $_->[3] } @{ $db->column_info(undef, 'public', 'kv', '%')->fetchall_arrayref }),
        'k,v');
    same('ping', $db->ping ? 'yes' : 'no', 'yes');
}

eval {
    connect_to('defaultdb')->do('CREATE DATABASE dbi');
    my ($db, $other) = (connect_to('dbi'), connect_to('dbi'));
    kinds($db);
    statements($db);
    errors($db);
    retry($db, $other);
    cancel($db);
    metadata($db);
    $_->disconnect for $db, $other;
    1;
} or do {
    $failed++;
    print "not ok - ended early\n", $@ =~ s/^/# /gmr, "\n";
};
print "1..$n\n";
exit($failed ? 1 : 0);
