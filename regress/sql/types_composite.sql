-- arrays, tuples, collated strings, OID family, names of types
\a
\t
\pset null '<null>'
SELECT '040506'::time;
SELECT '123456'::time;
SELECT '0405'::time;
SELECT '10:20 PM'::time, '12:34:56.1234567'::time,'24:00:00'::time, '24:00:00'::time::string,'12:34:56.789'::time(1), '23:59:59.9999999'::time;
SELECT '\x00ff'::bytes, 'a\\b'::bytes, 'a\001b'::bytes, '\x00ff'::bytes::string, b'ab'::string;
SELECT '192.168/16'::inet;
SELECT '::1'::inet, '::ffff:1.2.3.4'::inet, '2001:0db8:0000:0000:0000:0000:0000:0001/64'::inet, '192.168.0.1/32'::inet, '::/0'::inet;
SELECT B'101' || B'11', B'1100' & B'1010', B'1100' | B'1010', B'1100' # B'1010', ~B'1100', B'1100' << 1, B'1100' >> 1, 5::bit(8), 5::bit, B'101'::int, B'101'::bit(5), B'10111'::bit(2), B'10111'::varbit(2), '101'::bit(3), B'101'::string, (-1)::bit(4);
SELECT 5::varbit;
SELECT 5::varbit(4);
SELECT '{1,2,NULL}'::int[], '{a,"b c","",NULL,"NULL","x,y"}'::string[], ARRAY['a','b c','',NULL,'NULL','x,y','q"w','b\s','{z}'], ARRAY[1.5,2], ARRAY[true,false], ARRAY['2020-01-01'::date], ARRAY['2020-01-01 00:00:00'::timestamp], '{}'::int[], ARRAY[]::int[], ARRAY[1,2,3]:::int[], ARRAY['1 day'::interval], ARRAY[b'a'];
SELECT '{{1}}'::int[];
SELECT ARRAY[ARRAY[1]];
SELECT ARRAY[1,'a'];
SELECT ARRAY[];
SELECT ARRAY[NULL];
SELECT ARRAY['{}'::jsonb];
SELECT (ARRAY[1,2,3])[2], (ARRAY[1,2,3])[0], (ARRAY[1,2,3])[4];
SELECT (ARRAY[1,2,3])[1:2];
SELECT x FROM (VALUES (ARRAY[1])) v(x) ORDER BY x;
SELECT ARRAY[1,2]=ARRAY[1,2], ARRAY[1,2]<ARRAY[1,3], ARRAY[1]<ARRAY[1,0], ARRAY[1,2]@>ARRAY[1], ARRAY[1]<@ARRAY[1,2], ARRAY[1]&&ARRAY[1,2], ARRAY[1,2]||ARRAY[3], ARRAY[1]||2, 0||ARRAY[1], ARRAY[1]||NULL, NULL||ARRAY[1];
SELECT (1,'two',NULL), (1,2)=(1,2), (1,2) IN ((1,2),(3,4)), ((1,2) AS a,b), (((1,2) AS a,b)).a, (1,'a b','q"','(',''), ROW(1,2), ROW(), ();
SELECT (((1,2) AS a,b)).*;
SELECT (((1,2) AS a,b)).c;
SELECT ((1,2)).@1;
SELECT (1).a;
SELECT (1,2)=(1,2,3);
SELECT (1,2)<(1,3), (1,NULL)=(1,2), (1,NULL)=(2,2), (1,2)>(1,'3');
SELECT (1,2)=(1,'a');
SELECT 'a' COLLATE en = 'A' COLLATE en_u_ks_level2;
SELECT 'a' COLLATE en_u_ks_level2 = 'A' COLLATE en_u_ks_level2, 'a' COLLATE en < 'B' COLLATE en, pg_typeof('a' COLLATE en), ('a' COLLATE en)::string, 'a' COLLATE "en-US";
SELECT 'a' COLLATE nope;
SELECT 'a' COLLATE en || 'b' COLLATE en;
SELECT 'a'::"char", 'abc'::"char", 'abc'::char, 'abc'::char(2), 'abc'::varchar(2), 'abc'::string(2), 'abc'::name, 'äöü'::char(2), pg_typeof('a'::char), pg_typeof('a'::varchar),pg_typeof('a'::"char"), pg_typeof('a'::name), pg_typeof(1::int2), pg_typeof(1::int4), pg_typeof(1::float4), pg_typeof(1::oid), pg_typeof('int'::regtype), pg_typeof(ARRAY[1]), pg_typeof((1,'a')), pg_typeof(now()), pg_typeof(B'1'), pg_typeof('1'::varbit);
CREATE TABLE t1(a int primary key, b string);
SELECT 't1'::regclass, 'int'::regtype, 'int8'::regtype, 'sqrt'::regproc, 'public'::regnamespace, 'pg_catalog'::regnamespace, 999999::regclass, 'string'::regtype, 'varchar'::regtype, 'int[]'::regtype, 'timestamptz'::regtype, 'bool'::regtype, 'float'::regtype,'bytes'::regtype, 'jsonb'::regtype;
SELECT 't1'::regclass::oid > 50, 't1'::regclass::oid::regclass, 'public.t1'::regclass, 'types_composite.public.t1'::regclass, '"t1"'::regclass, 20::regtype, 't1'::regclass::string;
SELECT 'nope'::regclass;
SELECT 'nope'::regtype;
SELECT 'nope'::regproc;
SELECT 'abs'::regproc;
SELECT 'max'::regproc;
SELECT 'nope'::regnamespace;
SELECT 'abs(int)'::regprocedure;
SELECT 1::oid, '12'::oid, 'x'::oid;
SELECT (-1)::oid;
-- what is put to an array has its elements' type
SELECT ARRAY[1] || 1.5;
SELECT array_append(ARRAY[1], 1.5);
SELECT array_position(ARRAY[1], 1.5);
SELECT array_replace(ARRAY[1], 1, 2.5);
SELECT 'a' COLLATE en || 'x';
SELECT ARRAY['a' COLLATE en] || 'x';
SELECT 1 || '{2}', ARRAY[1] || '2', ARRAY[1.5] || 1, array_append(NULL, 2);
SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b', 'c'], ARRAY[true]);
SELECT get_bit(b'\x01', 0), get_bit(b'\x80', 7), set_bit(b'\x00', 0, 1);
SELECT get_bit(b'a', 8);
-- each level of nesting doubles the quotes
SELECT ROW(ROW(ROW('a"b', 1), NULL));
SELECT ('a', true, '2020-01-01 00:00'::TIMESTAMP, (false, 'x y'), ARRAY[true]), ('a', true, (false, 'x y'))::STRING;
SELECT '[1, 2]'::JSON #- '{-9223372036854775808}', '[1, 2]'::JSON #> '{000000000000000000001}', '[1, 2]'::JSON #> '{99999999999999999999}';
SELECT '[1, 2]'::JSON #- '{99999999999999999999}';
-- Names of locales: any case, - or _; as SQL with _.
CREATE TABLE locale_names (s STRING COLLATE "en-US-u-ks-level2" DEFAULT ('x' COLLATE "en-us-u-ks-level2"), t STRING COLLATE "en_US");
SHOW CREATE TABLE locale_names;
INSERT INTO locale_names VALUES ('Aaa' COLLATE "en-us-u-ks-level2", 'a' COLLATE "en-us");
CREATE UNIQUE INDEX ON locale_names (s);
INSERT INTO locale_names VALUES ('aaa' COLLATE en_us_u_ks_level2, 'a' COLLATE en_us);
SELECT s, pg_typeof(s) FROM locale_names WHERE s = 'AAA' COLLATE en_us_u_ks_level2;
CREATE TABLE locale_bad (a STRING COLLATE bad_locale);
CREATE TABLE locale_bad (a INT COLLATE en);
CREATE TABLE locale_bad (a STRING COLLATE en COLLATE de);
-- Fields of tuples and elements of arrays in stored expressions are read again as they were said.
CREATE TABLE parts (a INT, b INT DEFAULT ARRAY[4, 5][2], c STRING DEFAULT ((('x', 1) AS p, q)).p, CHECK (ARRAY[1, 2][a] > 0), CHECK ((((7, 'x') AS m, n)).m > a), CHECK (a < 7:::INT));
SHOW CREATE TABLE parts;
INSERT INTO parts (a) VALUES (1);
SELECT * FROM parts;
INSERT INTO parts (a) VALUES (7);
