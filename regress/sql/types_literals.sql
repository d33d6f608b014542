-- constants, folding, operators on numbers
\a
\t
\pset null '<null>'
SELECT 'a'
'b';
SELECT 'it''s', e'\n\x41', b'\x00', x'00ff', B'1001', $$a'b$$, $t$x$$y$t$;
SELECT 1, 0xFF, 1.5, .5, 1e3, 1.0, 100e-2, 9223372036854775807, -9223372036854775808, 9223372036854775808;
SELECT pg_typeof(1), pg_typeof(1.5), pg_typeof(1e3), pg_typeof(9223372036854775808), pg_typeof('a'), pg_typeof(b'a'), pg_typeof(NULL), pg_typeof(true);
SELECT 1.50*2, 1.10+2.200, 9223372036854775807+1, 1.50::DECIMAL, 1.50::decimal*2, 1.10::decimal+2.200::decimal;
SELECT ANNOTATE_TYPE(1, decimal), 1:::float, pg_typeof(1:::decimal), 'a':::bytes;
SELECT 1:::string;
SELECT 1::string:::int;
SELECT '1':::int;
SELECT /* a /* b */ c */ 1 ;
SELECT 2^3, 2^3^2, -2^2, 5#3, 5|3, 5&3, ~5, 1<<3, 16>>2, 5//2, -5//2, 5%3, -5%3, 7/2, 1/3;
SELECT 1/0;
SELECT 1//0;
SELECT 1%0;
SELECT 1.0/0;
SELECT 1::float/0;
SELECT 1<<64, 1<<-1;
SELECT 1<<63;
SELECT 9223372036854775807::int+1::int;
SELECT 9223372036854775807::int*2::int;
SELECT (-9223372036854775808)::int - 1::int;
SELECT -(-9223372036854775808)::int;
SELECT 99999999999999999999::int;
SELECT 99999999999999999999:::int;
SELECT 300000::int2;
SELECT 3000000000::int4;
SELECT 2.7::float::int, 2.5::float::int, 3.5::float::int, (-1.5)::int, (-1.5)::decimal::int, 2.5::decimal::int;
SELECT 1e20::float::int;
SELECT 'NaN'::float::int;
SELECT 1e400::float;
SELECT '1e400'::float;
