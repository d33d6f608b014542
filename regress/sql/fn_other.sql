-- dates, arrays, JSON
\a
\t
\pset null '<null>'
SELECT like_escape('abc','a%','\'), not_like_escape('abc','b%','!'), ilike_escape('ABC','a%','x'), not_ilike_escape('ABC','a%','x'), similar_to_escape('abc','a_c','x'), not_similar_to_escape('abc','a_c','x');
SELECT abs(-5), abs(-1.5), abs(-1.5::float), sign(-5), sign(-1.5::float), sign(2.5::decimal), round(2.5::decimal), round(-2.5::decimal), round(2.5::float), round(3.5::float), round(2.345::decimal,2), round(2.345::float,2), round(1234.5::decimal,-2), trunc(2.7::float), trunc(-2.7::decimal), ceil(2.1), ceiling(2.1::float), floor(-2.1), floor(-2.1::float), mod(7,3), mod(7.5,2), mod(7.5::float,2.0), div(7,2), div(7.5,2), div(7.5::float,2.0), pow(2,10), power(2.0,0.5), pow(2::float,0.5), ceil(5), floor(5);
SELECT now() = transaction_timestamp(), current_timestamp = now(), statement_timestamp() >= now(), clock_timestamp() >= now(), current_date = now()::date, pg_typeof(now()), pg_typeof(current_time), pg_typeof(localtime), pg_typeof(localtimestamp), pg_typeof(current_timestamp(3)), length(timeofday()) > 10, cluster_logical_timestamp() > 1, pg_typeof(current_date), pg_typeof(now():::timestamp), pg_typeof(now():::date);
SELECT extract(millennium from t), extract(century from t), extract(decade from t), extract(year from t), extract(isoyear from t), extract(quarter from t), extract(month from t), extract(week from t), extract(day from t), extract(dow from t), extract(isodow from t), extract(doy from t), extract(julian from t), extract(hour from t), extract(minute from t), extract(second from t), extract(millisecond from t), extract(microsecond from t), extract(epoch from t) FROM (VALUES ('2020-01-31 12:34:56.789'::timestamp)) v(t);
SELECT extract(timezone from t), extract(timezone_hour from t), extract(timezone_minute from t), extract(hour from t), extract('day' from t), extract(epoch from t) FROM (VALUES ('2020-01-31 12:34:56.789'::timestamptz)) v(t);
SELECT extract(year from '1 year 2 months'::interval), extract(month from '1 year 2 months'::interval), extract(day from '3 days 4h'::interval), extract(hour from '3 days 4h'::interval), extract(epoch from '1 day'::interval), extract(epoch from '1 mon'::interval), extract(second from '1.5s'::interval), extract(hour from '12:34:56'::time), extract(epoch from '12:34:56'::time), extract(year from '2020-01-31'::date), extract(hour from '12:34:56-05'::timetz), extract(timezone from '12:34:56-05'::timetz), extract(milliseconds from '1.5s'::interval);
SELECT extract(foo from now());
SELECT extract(hour from '2020-01-01'::date);
SELECT extract(day from '12:00'::time);
SELECT extract(timezone from '2020-01-01'::timestamp);
SELECT date_part('year', '2020-01-31'::date);
SELECT date_trunc('month','2020-01-31 12:34:56'::timestamp), date_trunc('hour','2020-01-31 12:34:56'::timestamptz), date_trunc('year','2020-05-31'::date), date_trunc('week','2020-01-31 12:34:56'::timestamp), date_trunc('quarter','2020-05-31'::timestamp), date_trunc('hour','12:34:56'::time), date_trunc('decade','2025-05-31'::timestamp), date_trunc('century','2025-05-31'::timestamp), date_trunc('millennium','2025-05-31'::timestamp), date_trunc('millisecond','2020-01-31 12:34:56.789123'::timestamp);
SELECT date_trunc('foo', now());
SELECT date_trunc('day', '1 day 2h'::interval);
SELECT timezone('America/New_York','2020-01-31 12:00'::timestamp), timezone('America/New_York','2020-01-31 12:00'::timestamptz), '2020-01-31 12:00'::timestamp AT TIME ZONE 'UTC', '2020-01-31 12:00+00'::timestamptz AT TIME ZONE 'Asia/Tokyo', '12:00'::time AT TIME ZONE '-5', '12:00+00'::timetz AT TIME ZONE 'Asia/Tokyo';
SELECT now() AT TIME ZONE 'nope';
SELECT extract_duration(hour from '1 day 2h'::interval), extract_duration('minute', '2h'::interval), experimental_strftime('2020-01-31 12:34:56'::timestamp,'%Y-%m-%d %H:%M:%S %a %b %j %%'), experimental_strptime('2020-01-31','%Y-%m-%d'), experimental_strftime('2020-01-31'::date,'%d/%m/%y');
SELECT age('2020-01-02'::timestamptz,'2020-01-01'::timestamptz), age(now()), to_char(1);
SELECT experimental_follower_read_timestamp() < now();
SELECT array_length(ARRAY[1,2],1), array_length('{}'::int[],1), array_length(ARRAY[1],2), array_lower(ARRAY[1,2],1), array_upper(ARRAY[1,2],1), array_append(ARRAY[1],2), array_prepend(0,ARRAY[1]), array_cat(ARRAY[1],ARRAY[2]), array_remove(ARRAY[1,2,1],1), array_replace(ARRAY[1,2,1],1,9), array_position(ARRAY[1,2,1],1), array_position(ARRAY[1],5), array_positions(ARRAY[1,2,1],1), array_to_string(ARRAY[1,NULL,2],','), array_to_string(ARRAY[1,NULL,2],',','*'), string_to_array('a,b,c',','), string_to_array('a,b',',','b'), string_to_array('abc',NULL), string_to_array('',','), array_append(NULL::int[],1), array_cat(NULL::int[],ARRAY[1]), array_to_string(ARRAY['a','b'],NULL), array_remove(ARRAY[1,NULL],NULL), string_to_array('abc','');
SELECT json_typeof('1'), jsonb_typeof('"a"'), json_typeof('null'), json_typeof('[]'), json_typeof('{}'), json_typeof('true'), json_array_length('[1,2]'), json_build_array(1,'a',NULL,true,1.50,'{"a":1}'::jsonb,'2020-01-01'::date,ARRAY[1,2],'1 day'::interval), json_build_object('a',1,'b',ARRAY['x']), json_object('{a,1,b,2}'), json_object('{a,b}','{1,2}'), json_extract_path('{"a":{"b":1}}','a','b'), json_set('{"a":1}','{b}','2'), jsonb_set('{"a":1}','{b}','2',false), jsonb_set('[1,2]','{1}','9'), jsonb_insert('[1,2]','{1}','9'), jsonb_insert('[1,2]','{1}','9',true), json_strip_nulls('{"a":null,"b":[null]}'), json_remove_path('{"a":{"b":1,"c":2}}','{a,b}');
SELECT jsonb_pretty('{"a":[1,{"b":null}],"c":{},"d":[]}');
SELECT to_json('a'), to_jsonb(1.50), to_json(ARRAY[1,2]), to_json(NULL), to_json('2020-01-01 00:00:00'::timestamp), to_json('2020-01-01 00:00:00+00'::timestamptz), to_json((1,'a')), to_json(((1,'a') AS x,y)), to_json('Infinity'::float), to_json(1.5::float), to_json(b'ab'), array_to_json(ARRAY[1,2]), array_to_json(ARRAY['a'],false), row_to_json((1,'a')), row_to_json(((1,'a') AS x,y)), to_json('63616665-6661-6365-6465-616665616465'::uuid);
SELECT array_to_json(ARRAY[1],true);
SELECT json_array_length('{}');
SELECT json_array_length('1');
SELECT json_build_object('a');
SELECT json_build_object(NULL,1);
SELECT json_build_object(1,2,true,3);
SELECT json_object('{a,b,c}');
SELECT json_object('{a,b}','{1}');
SELECT jsonb_set('1','{a}','2');
SELECT jsonb_set('{"a":1}',ARRAY[NULL]::string[],'2');
SELECT '{"a":{"b":[1,2]}}'::jsonb->'a', '{"a":1}'::jsonb->>'a', '[1,2]'::jsonb->0, '[1,2]'::jsonb->-1, '[1,"b"]'::jsonb->>1, '{"a":{"b":[1,2]}}'::jsonb#>'{a,b,0}', '{"a":{"b":"x"}}'::jsonb#>>'{a,b}', '{"a":1,"b":2}'::jsonb#-'{a}', '{"a":1}'::jsonb?'a', '{"a":1}'::jsonb?|ARRAY['b','a'], '{"a":1}'::jsonb?&ARRAY['b','a'], '{"a":1,"b":2}'::jsonb@>'{"a":1}', '[1]'::jsonb<@'[1,2]'::jsonb, '{"a":1}'::jsonb||'{"b":2}'::jsonb, '[1]'::jsonb||'2'::jsonb, '1'::jsonb||'2'::jsonb, '{"a":1,"b":2}'::jsonb-'a', '[1,2,3]'::jsonb-1, '["a","b"]'::jsonb-'a', '{"a":1,"b":2,"c":3}'::jsonb-ARRAY['a','b'], '{"a":1}'::jsonb->'x', '1'::jsonb->'a', '["a"]'::jsonb ? 'a', '"a"'::jsonb ? 'a';
SELECT '1'::jsonb - 'a';
SELECT '{"a":1}'::jsonb - 1;
SELECT '{"a":1}'::jsonb || '1'::jsonb;
SELECT '1'::jsonb #- '{a}';
SELECT '{"a":1}'::jsonb::string, '1'::jsonb::int, '"a"'::jsonb::string;
SELECT '{"a":1}'::jsonb = '{"a":1}', '[1,2]'::jsonb IN ('[1,2]'), '{"a":1}'::jsonb['a'];
SELECT '{}'::jsonb @> '{}', '[1,[2]]'::jsonb @> '[[2]]', '[1]'::jsonb @> '1', '1'::jsonb @> '[1]', '{"a":[1,2,{"c":1}]}'::jsonb @> '{"a":[{"c":1}]}', '{"a":{"b":1}}'::jsonb @> '{"a":{}}';

-- format()
SELECT format('%s: %I = %L, %%', 'x', 'a b', 'it''s'), format('%2$s %1$s %s', 1, 2), format('|%5s|%-5s|%*s|%-*s|%1$3s|', 'a', 'b', 4, 'c', 4, 'd'), format('%s', 1.50::decimal), format('%s|%L', NULL, NULL), format(NULL, 1), format('plain'), format('%1$*2$s', 'x', 3), format('%*s|', -4, 'é');
SELECT format('%s %s', 1);
SELECT format('%3$s', 1);
SELECT format('%0$s', 1);
SELECT format('%d', 1);
SELECT format('50%');
SELECT format('%I', NULL);
SELECT format('%*s', 'a', 'b');
SELECT format('%99999999999s', 'a');

SELECT quote_ident('family'), quote_ident('世界'), quote_ident('Ünder'), quote_ident('left'), quote_ident('abort'), sign('NaN'::float), sign(-0.0::float);
SELECT pg_catalog.nope(1);
SELECT "LOWER"('A');
SELECT nope."Max"(1);
SELECT 'pg_catalog.nope'::regproc;

-- What reads and writes types for clients of PostgreSQL has a name and a type, and no more.
SELECT pg_typeof(int8send(NULL)), pg_typeof(textin(NULL)), jsonb_out(NULL) IS NULL;
SELECT int8in('1');
SELECT boolout(true);
SELECT textrecv(b'a');
SELECT array_in('{1}');
SELECT array_out(ARRAY[1, 2]);
SELECT numeric_send(1.5);
SELECT record_out((1, 'a'));
SELECT int8out('x');
SELECT boolout(1);
SELECT int8in();
SELECT proname, prorettype::REGTYPE, proargtypes FROM pg_proc WHERE proname IN ('int8in', 'int8out', 'int8recv', 'int8send', 'array_in') ORDER BY 1;
SELECT public.upper('a');
