-- aggregates and GROUP BY
\a
\t
\pset null '<null>'
CREATE TABLE kv(k INT PRIMARY KEY, v INT, w INT, s STRING, f FLOAT, d DECIMAL, b BOOL, i INTERVAL, by BYTES, j JSONB, a INT[]);
INSERT INTO kv VALUES (1,2,3,'a',1.5,1.10,true,'1 day','\x01','{"a":1}',ARRAY[1]),(2,NULL,1,'b',2.5,2.20,false,'2 hours','\x02','[1]',ARRAY[2,3]),(3,4,1,NULL,-1,3.30,true,NULL,'\x04',NULL,NULL),(4,2,3,'a',NULL,NULL,NULL,'1 mon',NULL,'1','{}');
CREATE TABLE t1 (a INT PRIMARY KEY, b STRING);
SELECT 'a' COLLATE bad_locale;
SELECT 'a' COLLATE e;
SELECT count(*), count(v), count_rows(), sum(v), sum(f), sum(d), sum(i), sum_int(v), avg(v), avg(f), avg(d), avg(i), min(v), max(v), min(s), max(s), bool_and(b), bool_or(b), every(b) FROM kv;
SELECT count(*), count(v), count_rows(), sum(v), sum(f), sum(d), sum(i), sum_int(v), avg(v), min(s), bool_and(b), array_agg(v), string_agg(s,','), json_agg(v), xor_agg(v), bit_and(v), variance(v), stddev(v), sqrdiff(v), corr(v,w), concat_agg(s) FROM kv WHERE k>10;
SELECT array_agg(v), array_agg(v ORDER BY k DESC), array_agg(DISTINCT w ORDER BY w), string_agg(s,','), string_agg(s, ',' ORDER BY k DESC), concat_agg(s), json_agg(v), jsonb_agg(s), json_agg(j) FROM kv;
SELECT variance(v), stddev(v), stddev_samp(v), variance(f), stddev(f), variance(d), stddev(d), sqrdiff(v), sqrdiff(f), sqrdiff(d), corr(v,w), corr(f,w), bit_and(v), bit_or(v), xor_agg(v), xor_agg(by) FROM kv;
SELECT variance(v) FROM kv WHERE k=1;
SELECT var_samp(v) FROM kv;
SELECT stddev_pop(v) FROM kv;
SELECT var_pop(v) FROM kv;
SELECT count(DISTINCT v), sum(DISTINCT v), count(*) FILTER (WHERE w=1), sum(v) FILTER (WHERE k>1), avg(DISTINCT w) FROM kv;
SELECT w, count(*), sum(v) FROM kv GROUP BY w ORDER BY w;
SELECT w, sum(v) s FROM kv GROUP BY 1 HAVING sum(v)>4 ORDER BY 1;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM kv;
SELECT count(kv.*) FROM kv;
SELECT count(kv) FROM kv;
SELECT count((v,w)), count((NULL,NULL)) FROM kv;
SELECT sum(s) FROM kv;
SELECT avg(s) FROM kv;
SELECT sum('a');
SELECT sum(1), count(1), max(NULL), sum(NULL), count(NULL), min('a'), array_agg(NULL);
SELECT sum(count(*)) FROM kv;
SELECT count(*) FROM kv WHERE count(*)>1;
SELECT v FROM kv GROUP BY count(*);
SELECT v, w FROM kv GROUP BY v;
SELECT v+w FROM kv GROUP BY v;
SELECT k, v, w, count(*) FROM kv GROUP BY k ORDER BY k;
SELECT s, v FROM kv GROUP BY s, v ORDER BY s, v;
SELECT v+1 AS x, count(*) FROM kv GROUP BY x ORDER BY x;
SELECT v+1, count(*) FROM kv GROUP BY v+1 ORDER BY v+1;
SELECT * FROM kv GROUP BY k HAVING k=1;
SELECT count(*) FROM kv HAVING v>1;
SELECT 1 FROM kv HAVING true;
SELECT count(*) FROM kv GROUP BY 5;
SELECT count(*) FROM kv GROUP BY 0;
SELECT count(*) FROM kv GROUP BY 'a';
SELECT count(*) FROM kv GROUP BY j ORDER BY 1;
SELECT a, count(*) FROM kv GROUP BY a ORDER BY 2;
SELECT rank() FROM kv;
SELECT k FROM kv WHERE rank() OVER () > 1;
SELECT k FROM kv GROUP BY rank() OVER ();
SELECT count(rank() OVER ()) OVER () FROM kv;
SELECT sum(rank() OVER ()) FROM kv;
SELECT k FROM kv WHERE generate_series(1,2)>1;
SELECT k FROM kv HAVING generate_series(1,2)>1;
SELECT k FROM kv LIMIT generate_series(1,2);
SELECT count(generate_series(1,2)) FROM kv;
VALUES (count(*));
VALUES (rank() over ());
VALUES (generate_series(1,2));
INSERT INTO kv(k) VALUES (9) RETURNING count(*);
INSERT INTO kv(k) VALUES (count(*));
SELECT k FROM kv ORDER BY count(*);
SELECT 1 FROM kv ORDER BY generate_series(1,2);
SELECT CASE WHEN true THEN generate_series(1,2) END;
SELECT COALESCE(generate_series(1,2), 3);
SELECT k FROM kv JOIN t1 ON count(*)>1;
SELECT max(k) FROM kv ORDER BY max(k)+1;
SELECT xor_agg(b'ab'::bytes), xor_agg(x) FROM (VALUES (b'abc'),(b'ab')) v(x);
SELECT sum_int(x) FROM (VALUES (9223372036854775807),(1)) v(x);
SELECT sum(x), avg(x) FROM (VALUES (9223372036854775807),(1)) v(x);
SELECT avg(x), pg_typeof(avg(x)), pg_typeof(sum(x)), pg_typeof(count(x)), pg_typeof(array_agg(x)), pg_typeof(sum_int(x)) FROM (VALUES (1),(2),(4)) v(x);
SELECT array_agg(j) FROM kv;
SELECT array_agg(a) FROM kv;
SELECT max(j) FROM kv;
SELECT max(a) FROM kv;
SELECT min(b), max(i), max(by), max((v,w)) FROM kv;
SELECT string_agg(by, b',') FROM kv;
SELECT concat_agg(by ORDER BY k DESC) FROM kv;
SELECT count(*) FROM kv a WHERE EXISTS (SELECT count(*) FROM kv b WHERE b.v = a.v HAVING count(*) > 1);
-- What FILTER does not take.
SELECT count(*) FILTER (WHERE count(*) > 1) FROM (VALUES (1)) v (a);
SELECT count(*) FILTER (WHERE rank() OVER () > 1) FROM (VALUES (1)) v (a);
SELECT count(*) FILTER (WHERE generate_series(1, 2) > 1) FROM (VALUES (1)) v (a);
SELECT count(*) FILTER (WHERE a > (SELECT max(b) FROM (VALUES (1)) w (b))) FROM (VALUES (1), (2)) v (a);

-- DISTINCT over more values than a batch has, NULLs among them, with FILTER.
SELECT count(DISTINCT g % 3000), count(DISTINCT nullif(g % 10, 0)), sum(DISTINCT g % 100),
       count(DISTINCT g % 1700) FILTER (WHERE g % 2 = 0), count(DISTINCT (g % 70)::STRING)
  FROM generate_series(1, 9000) AS s (g);
SELECT b, count(DISTINCT a), sum(DISTINCT a), count(DISTINCT a) FILTER (WHERE a > 5)
  FROM (SELECT g % 3 AS b, nullif(g % 1111, 4) AS a FROM generate_series(1, 9000) AS s (g)) AS q
 GROUP BY b ORDER BY b;
SELECT count(*), sum(a), count(b) FROM (SELECT DISTINCT g % 2500 AS a, nullif(g % 2, 0)::STRING AS b
                                          FROM generate_series(1, 9000) AS s (g)) AS q;
-- GROUP BY () is of all rows, were there none.
CREATE TABLE gnone (a INT); SELECT count(*), max(a) FROM gnone GROUP BY (); SELECT 1 AS one FROM gnone GROUP BY (), (); SELECT count(*) FROM gnone GROUP BY (), a;
