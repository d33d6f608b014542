#!/usr/bin/env perl
# regress/bad-input.pl - what no client should send, to the server of PGHOST, PGPORT; TAP. AMB_PID is its
# process, to look at its memory. Started by bad-input.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time sleep);

my ($n, $failed) = (0, 0);
my $seed = $ENV{BAD_INPUT_SEED} // int(rand(1e9));
srand($seed);
$SIG{PIPE} = 'IGNORE';
$| = 1;

sub ok {
    my ($name, $good, @notes) = @_;
    $n++;
    $failed++ unless $good;
    print $good ? "ok $n - $name\n" : "not ok $n - $name\n";
    print map { substr("#   $_", 0, 300) . "\n" } map { split /\n/ } @notes unless $good;
}

# ---- the protocol ----

sub dial {
    for (1 .. 50) {    # the queue of those not yet accepted may be full for a moment
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ENV{PGPORT}, Timeout => 10);
        return $s if $s;
        sleep 0.05;
    }
    return undef;
}

sub put {
    my ($s, $bytes) = @_;
    my $at = 0;
    while ($at < length $bytes) {
        my $sent = syswrite $s, $bytes, length($bytes) - $at, $at;
        return 0 unless $sent;
        $at += $sent;
    }
    return 1;
}

# So many bytes, or fewer when the other side closes or is silent for ten seconds.
sub get {
    my ($s, $want) = @_;
    my $got = '';
    while (length $got < $want) {
        return $got unless IO::Select->new($s)->can_read(10);
        my $read = sysread $s, $got, $want - length $got, length $got;
        return $got unless $read;
    }
    return $got;
}

sub message { my ($type, $body) = @_; return $type . pack('N', 4 + length $body) . $body }

sub startup_packet {
    my $body = pack('N', 196608) . join '', map { "$_\0" } (user => 'root', database => 'defaultdb', '');
    return pack('N', 4 + length $body) . $body;
}

# Messages up to one of a type; undef when the connection ends before, "silent" when nothing comes.
sub until_type {
    my ($s, $type) = @_;
    my @all;
    while (1) {
        my $head = get($s, 5);
        return undef if length $head < 5;
        my ($t, $len) = unpack 'aN', $head;
        my $body = get($s, $len - 4);
        return undef if length $body < $len - 4;
        push @all, [ $t, $body ];
        return \@all if $t eq $type;
    }
}

sub session {
    my $s = dial() or return undef;
    put($s, startup_packet());
    return until_type($s, 'Z') ? $s : undef;
}

# The first value of a query's answer, or "SQLSTATE message".
sub query {
    my ($s, $sql) = @_;
    put($s, message('Q', "$sql\0")) or return 'cannot send';
    my $all = until_type($s, 'Z') or return 'connection lost';
    for my $m (@$all) {
        if ($m->[0] eq 'E') {
            my %f = map { (substr($_, 0, 1) => substr $_, 1) } split /\0/, $m->[1];
            return "$f{C} $f{M}";
        }
        if ($m->[0] eq 'D') {
            my ($cols, $len) = unpack 'nN', $m->[1];
            return $len == 0xffffffff ? 'NULL' : substr $m->[1], 6, $len;
        }
    }
    return 'done';
}

sub alive {
    my $s = session() or return 0;
    my $got = query($s, 'SELECT 42');
    close $s;
    return $got eq '42';
}

# In MiB.
sub memory {
    my $which = shift;
    open my $f, '<', "/proc/$ENV{AMB_PID}/status" or return 0;
    /^$which:\s+(\d+)/ and return int $1 / 1024 while <$f>;
    return 0;
}

# ---- connections ----

# Nothing that a stranger sends keeps the server from answering others or goes unanswered for long.
sub garbage {
    my $start = startup_packet();
    my %first = (
        'nothing'                => '',
        'half a length'          => "\0\0",
        'half a start-up packet' => substr($start, 0, 20),
        'a length of 0'          => pack('N', 0),
        'a length of 3'          => pack('N', 3) . 'abc',
        'a length of 2 GB'       => pack('NN', 0x7fffffff, 196608),
        'a negative length'      => pack('NN', 0xfffffff0, 196608),
        'protocol 2.0'           => pack('NN', 8, 2 << 16),
        'protocol 4.1'           => pack('NN', 8, (4 << 16) + 1),
        'an unended parameter'   => pack('NN', 12, 196608) . 'user',
        'HTTP'                   => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        'a TLS hello'            => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . 'r' x 500,
        'a cancel for nobody'    => pack('NNNN', 16, 80877102, 12345, 67890),
        'a cancel cut short'     => pack('NN', 12, 80877102) . 'abcd',
        'many SSL requests'      => pack('NN', 8, 80877103) x 50,
    );
    my %later = (
        'a message of length 0'   => "Q\0\0\0\0",
        'a message of 2 GB'       => 'Q' . pack('N', 0x7fffffff),
        'a message of -1 bytes'   => 'Q' . pack('N', 0xffffffff),
        'an unknown message'      => message('~', 'x'),
        'a query without its end' => message('Q', 'SELECT 1'),
        'an empty Bind'           => message('B', ''),
        'a Parse cut short'       => message('P', "a\0SELECT"),
        'a Parse with 65535 types it has not' => message('P', "a\0SELECT 1\0\xff\xff"),
        'CopyData out of place'   => message('d', 'x' x 1000) x 100,
        'a password out of place' => message('p', "x\0"),
        'half a message'          => 'Q' . pack('N', 100) . 'SELECT',
        'Sync a thousand times'   => message('S', '') x 1000,
        'Flush and Close'         => join('', (message('H', ''), message('C', "Sx\0"), message('C', "\0")) x 100),
    );
    my @open;
    for (map({ [ '', $first{$_} ] } sort keys %first), map({ [ $start, $later{$_} ] } sort keys %later)) {
        my $s = dial();
        put($s, $_->[0] . $_->[1]) if $s;
        push @open, $s;
    }
    ok('the server answers beside ' . @open . ' kinds of garbage', alive());
    close $_ for grep { $_ } @open;
    for (1 .. 150) {
        my $s = dial() or next;
        my $bytes = join '', map { chr int rand 256 } 1 .. 1 + int rand 3000;
        $bytes = $start . (rand() < 0.5 ? substr('QPBDECSHdcfp', rand 12, 1) : '') . $bytes if rand() < 0.7;
        put($s, $bytes);
        sysread $s, my $ignored, 4096 if IO::Select->new($s)->can_read(0.005);
        close $s;
    }
    ok('and after random bytes', alive());
}

sub many_connections {
    my $want = $ENV{BAD_INPUT_CONNECTIONS} // 1000;
    my @s;
    for (1 .. $want) {
        my $s = session() or last;
        push @s, $s;
    }
    ok("$want connections", @s == $want, 'there were ' . @s);
    my $good = grep { query($_, 'SELECT count(*) FROM system.namespace') =~ /^\d+$/ } @s;
    ok('each of them answers', $good == @s, "$good of " . @s);
    my @half;
    push @half, dial() for 1 .. 100;
    ok('beside 100 that say nothing', query($s[0], 'SELECT 7') eq '7');
    close $_ for grep { $_ } @half, @s;
    my ($s, $left) = (session(), -1);
    for (1 .. 100) {
        $left = query($s, "SELECT count(*) FROM [SHOW SESSIONS]");
        last if $left eq '1';
        sleep 0.1;
    }
    ok('they are gone when they hang up', $left eq '1', "$left are left");
}

# One who asks for much and reads nothing.
sub slow_reader {
    my $before = memory('VmRSS');
    my @slow = map { session() } 1 .. 3;
    put($_, message('Q', "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)\0")) for @slow;
    sleep 1;
    my $grown = memory('VmRSS') - $before;
    ok('results that nobody reads are not kept in memory', $grown < 200, "grew by $grown MiB");
    ok('the server answers beside them', alive());
    close $_ for @slow;
    my ($s, $left) = (session(), -1);
    for (1 .. 100) {
        $left = query($s, "SELECT count(*) FROM [SHOW SESSIONS]");
        last if $left eq '1';
        sleep 0.1;
    }
    ok('and their statements end when they hang up', $left eq '1', "$left are left");
}

# ---- statements ----

sub statements {
    my $s = session();
    query($s, 'CREATE TABLE bad (a INT PRIMARY KEY, b INT, s STRING)');
    query($s, 'INSERT INTO bad SELECT g, g % 10, g::STRING FROM generate_series(1, 1000) AS x (g)');
    my $mb10 = 'x' x 10485760;
    my $complex = qr/^54001 /;
    my @cases = (
        [ 'a literal of 10 MB', "SELECT length('$mb10')", '10485760' ],
        [ 'a row of 10 MB', "UPSERT INTO bad VALUES (5000, 1, '$mb10')", 'done' ],
        [ 'and back', 'SELECT length(s) FROM bad WHERE a = 5000', '10485760' ],
        [ 'a statement of 17 MB', "SELECT length('$mb10" . 'x' x 7000000 . "')", qr/^54000 message size/ ],
        [ 'a number of 1 MB', 'SELECT 1' . '0' x 1048576, qr/^22P02 could not parse/ ],
        [ 'an INT of 30 digits', 'SELECT ' . '9' x 30 . '::INT', qr/^22003 / ],
        [ '2 ^ 100', 'SELECT 2::INT ^ 100', qr/^22003 integer out of range/ ],
        [ '9223372036854775807 + 1', 'SELECT 9223372036854775807 + 1::INT', qr/^22003 integer out of range/ ],
        [ 'INT2 32768', 'SELECT 32768::INT2', qr/^22003 integer out of range for type int2/ ],
        [ '1 / 0', 'SELECT 1 / (SELECT 0)', '22012 division by zero' ],
        [ '1e400', "SELECT '1e400'::FLOAT", qr/^22P02|^22003/ ],
        [ 'a string of 100 GB', "SELECT repeat('x', 100000000000)", qr/^54000 |^22003 |^53200 / ],
        [ 'IN with 10,000 elements', 'SELECT count(*) FROM bad WHERE a IN (' . join(',', 1 .. 10000) . ')', '1001' ],
        [ 'IN with 10,000 strings', "SELECT count(*) FROM bad WHERE s IN ('" . join("','", 1 .. 10000) . "')", '1000' ],
        [ 'VALUES with 10,000 rows', 'SELECT count(*) FROM (VALUES (' . join('),(', 1 .. 10000) . ')) AS v', '10000' ],
        [ '10,000 columns', 'SELECT ' . join(',', 1 .. 10000), '1' ],
        [ '40,000 columns', 'SELECT ' . join(',', 1 .. 40000), qr/^54011 / ],
        [ '64 tables joined', 'SELECT count(*) FROM ' . join(', ', map { "bad AS t$_" } 1 .. 64) . ' WHERE t1.a = 7 AND '
              . join(' AND ', map { 't' . ($_ - 1) . ".a = t$_.a" } 2 .. 64), '1' ],
        [ '64 tables by JOIN', 'SELECT count(*) FROM bad AS t1 '
              . join(' ', map { "JOIN bad AS t$_ USING (a)" } 2 .. 64) . ' WHERE a = 7', '1' ],
        [ 'parentheses, 100,000 deep', 'SELECT ' . '(' x 100000 . '1' . ')' x 100000, $complex ],
        [ 'NOT, 100,000 times', 'SELECT ' . 'NOT ' x 100000 . 'true', $complex ],
        [ '+ 1, 100,000 times', 'SELECT 1' . ' + 1' x 100000, $complex ],
        [ 'CASE, 10,000 deep', 'SELECT ' . 'CASE WHEN true THEN ' x 10000 . '1' . ' END' x 10000, $complex ],
        [ 'subqueries, 10,000 deep', 'SELECT * FROM ' . '(SELECT * FROM ' x 10000 . 'bad' . ') AS x' x 10000, $complex ],
        [ 'UNION ALL, 10,000 times', 'SELECT 1' . ' UNION ALL SELECT 1' x 10000, $complex ],
        [ 'comments, 100,000 deep', 'SELECT ' . '/*' x 100000 . '*/' x 100000 . ' 5', '5' ],
        [ 'JSON, 100,000 deep', "SELECT '" . '[' x 100000 . ']' x 100000 . "'::JSONB", qr/^22P02 / ],
        [ 'a pattern, 10,000 deep', "SELECT 'a' ~ '" . '(' x 10000 . 'a' . ')' x 10000 . "'", qr/^2201B / ],
        [ 'rows in rows, 40 deep', 'SELECT ' . 'ROW(' x 40 . '1, 2' . ')' x 40, qr/^54000 / ],
        [ 'a timeout', 'SET statement_timeout = 300', 'done' ],
        [ 'a join of 10 ^ 12 rows', 'SELECT count(*) FROM bad AS x, bad AS y, bad AS z, bad AS w', qr/^57014 / ],
        [ 'a pattern that backtracks', "SELECT repeat('a', 40) ~ '^(a+)+\$b'", qr/^f$|^57014 |^2201B |^54/ ],
        [ 'a recursion without end', 'WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r',
            qr/^57014 |^0A000 / ],
    );
    for my $case (@cases) {
        my ($name, $sql, $want) = @$case;
        my $got = query($s, $sql);
        ok($name, ref $want ? $got =~ $want : $got eq $want, "got $got");
        $s = session() if $got eq 'connection lost' || $got eq 'cannot send';
        last unless $s;
    }
    close $s if $s;
}

print "# seed $seed\n";
garbage();
many_connections();
slow_reader();
statements();
ok('the server is as it was', alive());
my $peak = memory('VmHWM');
if ($ENV{BAD_INPUT_SANITIZED}) {
    $n++;
    print "ok $n - its memory stayed below 1 GiB # SKIP built with a sanitizer\n";
} else {
    ok('its memory stayed below 1 GiB', $peak < 1024, "$peak MiB");
}
print "# peak memory $peak MiB\n1..$n\n";
exit($failed ? 1 : 0);
