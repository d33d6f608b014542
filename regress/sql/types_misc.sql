-- UUID, INET, BIT, JSONB
\a
\t
\pset null '<null>'
SELECT '63616665-6661-6365-6465-616665616465'::uuid, '{63616665-6661-6365-6465-616665616465}'::uuid, '63616665666163656465616665616465'::uuid, 'urn:uuid:63616665-6661-6365-6465-616665616465'::uuid, b'cafefacedeafeade'::uuid, '63616665-6661-6365-6465-616665616465'::uuid::bytes, '63616665-6661-6365-6465-616665616465'::uuid::string;
SELECT b'abc'::uuid;
SELECT '63616665-6661-6365-6465-61666561646z'::uuid;
SELECT '192.168.0.1'::inet, '192.168.0.0/16'::inet, '::1'::inet, '::ffff:1.2.3.4'::inet, '2001:0db8:0000:0000:0000:0000:0000:0001/64'::inet, '192.168.0.1/32'::inet, '::/0'::inet, '10.1'::inet, '192.168/16'::inet;
SELECT '256.0.0.1'::inet;
SELECT '1.2.3.4/33'::inet;
SELECT x FROM unnest(ARRAY['10.0.0.2','10.0.0.1/8','::1','10.0.0.1','192.168.0.0/16']::inet[]) x ORDER BY 1;
SELECT '10.0.0.1'::inet+5, '10.0.0.9'::inet-5, '10.0.0.9'::inet-'10.0.0.1'::inet, '10.0.0.1'::inet & '255.0.0.0', '10.0.0.1'::inet | '0.0.0.255'::inet, ~'10.0.0.1'::inet, '10.0.0.1'::inet << '10.0.0.0/8', '10.0.0.0/8'::inet >> '10.0.0.1'::inet, '10.0.0.0/8'::inet >>= '10.0.0.0/8', '10.0.0.0/8'::inet <<= '10.0.0.0/8', '10.0.0.0/8'::inet && '10.1.0.0/16', 5 + '10.0.0.1'::inet;
SELECT '255.255.255.255'::inet + 1;
SELECT '0.0.0.0'::inet - 1;
SELECT B'101' || B'11', B'1100' & B'1010', B'1100' | B'1010', B'1100' # B'1010', ~B'1100', B'1100' << 1, B'1100' >> 1, 5::bit(8), 5::bit, 5::varbit, B'101'::int, B'101'::bit(5), B'10111'::bit(2), B'10111'::varbit(2), '101'::bit(3), B'101'::string, (-1)::bit(4), x'a';
SELECT B'1' & B'10';
SELECT B'12';
SELECT '{"a":1,"aa":[1,2,{"x":null}],"b":"x<>&é"}'::jsonb, '{"b":1,"a":2,"b":3}'::jsonb, '1.00'::jsonb, '1e3'::jsonb, '"\u00e9\n\t\u0001"'::jsonb, 'null'::jsonb, 'true'::json, ' [ ] '::jsonb, '{}'::jsonb, '-0'::jsonb, '1E-5'::jsonb, '"a\/b\\"'::jsonb;
SELECT '1'::jsonb = '1.0'::jsonb;
SELECT '1'::jsonb < '2'::jsonb;
SELECT x FROM (VALUES ('1'::jsonb),('2'::jsonb)) v(x) ORDER BY x;
SELECT DISTINCT x FROM (VALUES ('1'::jsonb),('1.0'::jsonb)) v(x);
SELECT x, count(*) FROM (VALUES ('1'::jsonb),('1.0'::jsonb)) v(x) GROUP BY x;
SELECT '{"a"}'::jsonb;
SELECT '{"a":1'::jsonb;
SELECT ''::jsonb;
SELECT '[1,]'::jsonb;
SELECT '1 2'::jsonb;
SELECT '"abc'::jsonb;
SELECT '{a:1}'::jsonb;
SELECT 'nul'::jsonb;
SELECT '01'::jsonb;

-- the sign of a zero in JSON
SELECT '-0'::JSONB, '[-0, 0, -0.00]'::JSONB, '-0'::JSONB = '0'::JSONB, '{"a": -0}'::JSONB @> '{"a": 0}', '-0'::DECIMAL;
CREATE TABLE json_zero (a INT PRIMARY KEY, j JSONB, INVERTED INDEX (j));
INSERT INTO json_zero VALUES (1, '{"a": -0}'), (2, '{"a": 0}'), (3, '{"a": 0.0}');
SELECT a, j FROM json_zero WHERE j @> '{"a": 0}' ORDER BY a;
SELECT j, count(*) FROM json_zero GROUP BY j;

-- strings that are too long
CREATE TABLE widths (a CHAR, b CHAR(3), c "char", d VARCHAR(3), e STRING(3), f CHAR COLLATE en, g VARCHAR(3) COLLATE en);
INSERT INTO widths (a) VALUES ('xy'); INSERT INTO widths (b) VALUES ('wxyz'); INSERT INTO widths (c) VALUES ('xy'); INSERT INTO widths (d) VALUES ('wxyz');
INSERT INTO widths (e) VALUES ('wxyz'); INSERT INTO widths (f) VALUES ('xy' COLLATE en); INSERT INTO widths (g) VALUES ('wxyz' COLLATE en);
DROP TABLE widths;
