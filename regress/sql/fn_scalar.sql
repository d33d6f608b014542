-- strings, bytes and numbers
\a
\t
\pset null '<null>'
SELECT length('äö'), char_length('äö'), character_length('ä'), length(b'\x00\x01'), octet_length('äö'), bit_length('ä'), octet_length(b'ab'), lower('ÄB'), upper('äß'), initcap('hello wORLD-foo bar_baz'), concat('a',NULL,'b'), concat_ws(',','a',NULL,'b'), concat_ws(NULL,'a');
SELECT concat('a',1);
SELECT concat();
SELECT substr('hello',2), substr('hello',2,3), substring('hello',0), substring('hello',-1,4), substring('hello' from 2 for 2), substring('hello' from 'l+'), substring('hello for' , 'l(.)'), substring('hello' for 2), substr('äöü',2,1), substring('hello', 10), substr(b'hello',2,2);
SELECT substring('hello',2,-1);
SELECT strpos('hello','l'), position('l' in 'hello'), strpos('äöü','ü'), strpos('abc',''), overlay('123456789' placing 'xxxx' from 3), overlay('123456789' placing 'xxxx' from 3 for 2), overlay('123' placing 'abc' from 5), left('hello',2), left('hello',-2), right('hello',2), right('hello',-2), left('äöü',2), left('abc',10), right(b'abc',2);
SELECT lpad('abc',5), lpad('abc',2), lpad('abc',7,'xy'), rpad('abc',5), rpad('abc',7,'xy'), lpad('abc',-1), btrim('  a  '), btrim('xyaxy','xy'), ltrim('  a '), rtrim(' a  '), trim('  a '), trim(leading 'x' from 'xxax'), trim(trailing 'x' from 'xxax'), trim(both 'x' from 'xxax'), trim('x' from 'xax'), ltrim('xxa','x');
SELECT replace('hello','l','L'), translate('12345','143','ax'), repeat('ab',3), repeat('a',0), repeat('a',-1), reverse('äbc'), split_part('a,b,c',',',2), split_part('a,b',',',5), regexp_replace('hello','l+','L'), regexp_replace('hello','l','L','g'), regexp_replace('Hello','h(.)','<\1\&>','i'), regexp_replace('foobar','(o)(b)','\2\1'), regexp_extract('hello','l(l)o'), regexp_extract('hello','l+'), regexp_extract('hello','z');
SELECT split_part('a,b',',',0);
SELECT repeat('a', 1000000000);
SELECT regexp_replace('a','(','b');
SELECT regexp_replace('a','a','b','q');
SELECT ascii('a'), ascii('ä'), chr(97), chr(228), md5('abc'), sha1('abc'), sha256('abc'), sha512('abc'), fnv32('abc'), fnv32a('abc'), fnv64('abc'), fnv64a('abc'), crc32c('abc'), crc32ieee('abc'), md5('a','b'), md5(b'abc');
SELECT ascii('');
SELECT chr(-1);
SELECT chr(1114112);
SELECT to_hex(255), to_hex(-1), to_hex(b'ab'), to_english(123), to_english(-5), to_english(0), encode(b'\x00ab','hex'), encode(b'\x00ab\\','escape'), encode(b'abc','base64'), decode('0061','hex'), decode('a\\b\000','escape'), decode('YWJj','base64'), convert_from(b'\xc3\xa4','utf8'), convert_to('ä','UTF8'), convert_from(b'\xe4','latin1');
SELECT encode(b'a','foo');
SELECT decode('zz','hex');
SELECT decode('a','foo');
SELECT convert_from(b'\xff','utf8');
SELECT get_bit(B'100',0), get_bit(b'\x80',0), get_bit(b'\x80', 7), set_bit(B'000',1,1), set_bit(b'\x00',0,1);
SELECT get_bit(B'100',5);
SELECT set_bit(B'100',0,2);
SELECT quote_ident('a b'), quote_ident('abc'), quote_ident('select'), quote_literal('a''b'), quote_literal(1), quote_nullable(NULL), quote_nullable('x'), quote_literal('a\b'), to_uuid('63616665-6661-6365-6465-616665616465'), from_uuid(b'cafefacedeafeade'), to_ip('1.2.3.4'), from_ip(b'\x01\x02\x03\x04'), pg_collation_for('a'), pg_collation_for('a' COLLATE en);
SELECT like_escape('abc','a%','\'), not_like_escape('abc','b%','!'), ilike_escape('ABC','a%','x'), not_ilike_escape('ABC','a%','x'), similar_to_escape('abc','a_c','x'), not_similar_to_escape('abc','a_c','x'), similar_escape('abc','x');
SELECT 'abc' LIKE 'a%', 'abc' NOT LIKE 'a_', 'ABC' ILIKE 'a_c', 'a%c' LIKE 'a\%c', 'a%c' LIKE 'a!%c' ESCAPE '!', 'abc' SIMILAR TO '(a|b)bc', 'abc' SIMILAR TO 'a', 'abc' ~ 'b', 'abc' !~ 'B', 'abc' ~* 'B', 'abc' !~* 'B', NULL LIKE 'a', 'abc' LIKE NULL, 'a' LIKE 'a%' ESCAPE '', 'abc' SIMILAR TO 'a%' ESCAPE '!';
SELECT 'a' LIKE 'a\';
-- no text and patterns of one byte are looked at before escapes are; letters behind the escape of SIMILAR TO
SELECT '' LIKE '\', '' LIKE '%%', '' LIKE '\%', 'a' LIKE '\', '\' LIKE '\', like_escape('', '%', '%'), 'x' LIKE 'x' ESCAPE 'x';
SELECT 'a1c' SIMILAR TO 'a\dc', 'a1c' SIMILAR TO 'a#dc' ESCAPE '#', 'a' SIMILAR TO '\a', 'a b' SIMILAR TO 'a\b b', 'a_%' SIMILAR TO 'a[_][%]', 'abc' SIMILAR TO 'a[_]c', 'a(b' SIMILAR TO 'a[(]b';
SELECT 'a' LIKE 'a' ESCAPE 'ab';
SELECT 'a' ~ '(';
SELECT abs(-5), abs(-1.5), abs(-1.5::float), sign(-5), sign(-1.5::float), sign(2.5::decimal), round(2.5::decimal), round(-2.5::decimal), round(2.5::float), round(3.5::float), round(2.345::decimal,2), round(2.345::float,2), round(1234.5::decimal,-2), trunc(2.7::float), trunc(-2.7::decimal), ceil(2.1), ceiling(2.1::float), floor(-2.1), floor(-2.1::float), mod(7,3), mod(7.5,2), mod(7.5::float,2.0), div(7,2), div(7.5,2), div(7.5::float,2.0), pow(2,10), power(2.0,0.5), pow(2::float,0.5), ceil(5), floor(5), round(5);
SELECT sqrt(2::float), sqrt(2.0), cbrt(27::float), cbrt(27.0), exp(1::float), exp(1.0), ln(2.0), ln(2::float), log(100.0), log(100::float), log(2.0,8.0), log(2::float,8::float), pi(), sin(1::float), cos(1::float), tan(1::float), cot(1::float), asin(0.5::float), acos(0.5::float), atan(1::float), atan2(1::float,2::float), degrees(1::float), radians(180::float), isnan('NaN'::float), isnan('NaN'::decimal), isnan(1.0), sinh(1::float);
SELECT greatest(1,2,3), least(1,2,3), greatest(1,NULL,3), least(NULL,NULL), greatest('a','b'), greatest(1,1.5), width_bucket(5.35,0.024,10.06,5), width_bucket(5,0,10,5), width_bucket(now()-now(), ARRAY[]::interval[]), width_bucket(5,ARRAY[1,3,6]);
SELECT ln(0.0);
SELECT ln(-1.0);
SELECT log(0.0);
SELECT log(-1::float);
SELECT sqrt(-1.0);
SELECT sqrt(-1::float);
SELECT div(1,0);
SELECT mod(1,0);
SELECT mod(1.0,0);
SELECT div(1.0,0);
SELECT div(1::float,0);
SELECT mod(1.0::float, 0.0);
SELECT pow(2,64);
SELECT 2^64;
SELECT 2::int^64::int;
SELECT power(10.0,1000000);
SELECT exp(100000.0);
SELECT 2^-1;
SELECT 2::int^(-1)::int;
SELECT pow(0,-1);
SELECT abs(-9223372036854775808);
SELECT random() < 1, length(gen_random_uuid()::string), length(uuid_v4()), length(experimental_uuid_v4()), unique_rowid() > 0;
SELECT sqrt(4);
SELECT sqrt('a');
SELECT nope();
SELECT abs();
SELECT abs('a');
SELECT abs(1,2);
SELECT abs(NULL);
SELECT upper(1);
SELECT length(1);
SELECT ceil('a');
SELECT round('1');
SELECT substr(1,2);
SELECT crc32c('a','b'), crc32c(b'a'), sha256('a', 'b'), fnv32(b'a'), lower(NULL), upper(NULL) IS NULL, left(NULL,1);
-- time in proportion to the text
SELECT length(regexp_replace(repeat('ab', 500000), 'a', 'xyz', 'g'));
SELECT length(translate(repeat('ab', 300000), repeat('x', 300000) || 'b', '')), length(btrim(repeat('ab', 300000), repeat('x', 300000) || 'ab'));
SELECT translate('世a界a', 'a世a', 'xy'), translate('abc', 'abca', 'xyzw'), btrim('世x世', '世'), ltrim('yx', 'xy'), rtrim('ab', ''), translate('a', '', 'b');
SELECT b'\xffab\xff'::STRING ~ 'ab', regexp_replace(b'a\xffa\xff'::STRING, 'a', 'b', 'g') = b'b\xffb\xff'::STRING, regexp_replace('世a界', '.', 'x', 'g'), regexp_replace('aaa', '', '-', 'g');
SELECT ARRAY(SELECT generate_series(1, 100000)) @> ARRAY(SELECT generate_series(1, 100000)), ARRAY(SELECT generate_series(1, 100000)) && ARRAY(SELECT generate_series(100001, 200000)), ARRAY[1, NULL] @> ARRAY[NULL]::INT[], ARRAY(SELECT generate_series(1, 10000)) || NULL::INT @> ARRAY[NULL, 1], ARRAY['a', 'b'] <@ ARRAY['b', 'a', 'c'];
SELECT length((('[' || repeat('"a",', 50000) || '1]')::JSON - ARRAY(SELECT x::STRING FROM generate_series(1, 50000) AS g(x)))::STRING);
SELECT '{"a": 1, "b": 2, "c": 3}'::JSON - ARRAY['c', NULL, 'a', 'z'], '["a", "b", 1, "a"]'::JSON - ARRAY['a', 'a'], '{"a": 1}'::JSON - ARRAY[]::STRING[], '{"a": 1, "b": 2}'::JSON - 'a', '["a", 1]'::JSON - 'a';

-- Casts of a column's values, a batch at a time.
CREATE TABLE cast_rows (id INT PRIMARY KEY, i INT, s STRING, f FLOAT, b BOOL, a INT[]);
INSERT INTO cast_rows VALUES (1, 0, '7', 1.5, true, ARRAY[1, 2]), (2, -9223372036854775808, '-12', 1e20, false, ARRAY[]),
    (3, 9223372036854775807, '300', -0.25, NULL, NULL), (4, NULL, NULL, NULL, true, ARRAY[NULL]);
SELECT id, i::STRING, i::VARCHAR(3), i::STRING::INT, f::STRING, b::STRING, b::INT, a::STRING[] FROM cast_rows ORDER BY id;
SELECT id, s::INT, s::INT2, s::FLOAT, s::DECIMAL(5,1), s::STRING(1) FROM cast_rows ORDER BY id;
SELECT i::INT2 FROM cast_rows ORDER BY id;
SELECT s::BOOL FROM cast_rows ORDER BY id;
SELECT id::UUID FROM cast_rows;
DROP TABLE cast_rows;
