-- text of numbers, casts between them, what cannot be read
\a
\t
\pset null '<null>'
SELECT 'x'::int;
SELECT '99999999999999999999'::int;
SELECT ''::int;
SELECT ' 1'::int;
SELECT 'x'::float;
SELECT 'x'::decimal;
SELECT 'x'::bool;
SELECT 'x'::date;
SELECT 'x'::time;
SELECT 'x'::timetz;
SELECT 'x'::timestamp;
SELECT 'x'::timestamptz;
SELECT 'x'::interval;
SELECT 'x'::uuid;
SELECT 'x'::inet;
SELECT 'x'::jsonb;
SELECT 'x'::int[];
SELECT '\xz'::bytes;
SELECT '2'::bit;
SELECT '2'::varbit;
SELECT 't'::bool,'f'::bool,'y'::bool,'n'::bool,'yes'::bool,'no'::bool,'on'::bool,'off'::bool,'1'::bool,'0'::bool,'tr'::bool,'of'::bool,'TRUE'::bool;
SELECT 'o'::bool;
SELECT true::string, false::string, true::int, 0::bool, 2::bool, 1.5::bool, 0.0::decimal::bool, 0::float::bool;
SELECT 1.0::float, 1.5::float, 1e20::float, 1e-5::float, 1e15::float, 123456789012345678::float, 0.1::float+0.2::float, 1e14::float, 0.0001::float, -0.0::float, '-0'::float;
SET extra_float_digits=3;
SELECT 1.0::float, 1.5::float, 1e20::float, 1e-5::float, 1e15::float, 123456789012345678::float, 0.1::float+0.2::float, 1234567::float, 123456::float, 1000000::float, 0.0001::float;
SELECT 1.1::float4, 16777217::float4, 1.1::float4::float8;
SET extra_float_digits=0;
SELECT 1.1::float4, 16777217::float4, 1.1::float4::float8;
SELECT 'NaN'::float, 'Infinity'::float, '-Infinity'::float, '+Inf'::float, 'inf'::float, 'NaN'::float = 'NaN'::float;
SELECT x FROM (VALUES ('NaN'::float), (1), ('-Inf'), ('+Inf'), (NULL)) v(x) ORDER BY x;
SELECT x FROM (VALUES ('NaN'::float), (1), ('-Inf'), ('+Inf'), (NULL)) v(x) ORDER BY x DESC;
SELECT 'NaN'::decimal, 'Infinity'::decimal, '-Infinity'::decimal, 1e20::decimal, 1.5E+10, 1.5E10::decimal, '1.5e10'::decimal, 1e1, 15e9::decimal;
SELECT 1::decimal/3, 2::decimal/3, 10::decimal/2, 1::decimal/8, sqrt(2::decimal), 1e10::decimal/3, 100::decimal/10, 7::int/2::int, 6/2, 6::int/2::int;
SELECT 1.0=1.00, count(*), min(x) FROM (VALUES (1.0::decimal),(1.00::decimal)) v(x) GROUP BY x;
SELECT 123.456::decimal(5,2), 123.455::decimal(5,2), 1::decimal(10,2), 12.5::decimal(2), -12.5::decimal(2,0);
SELECT 12345::decimal(4,2);
SELECT 1::decimal(2,4);
SELECT 1::decimal(0);
SELECT 1::float(54);
SELECT 1::float(0);
SELECT 1::bit(0);
SELECT 'a'::string(0);
SELECT 'a'::char(0);

SELECT 1/99, 1::DECIMAL/99, 1/8, 2.50/2, 1/3 + 1/6, 10/4 AS exact;
