-- COPY: text and CSV, escapes, NULL, defaults; what is refused leaves no row.
CREATE TABLE t (k INT PRIMARY KEY, s STRING, d INT DEFAULT 7);
COPY t FROM STDIN;
1	plain	1
2	tab\there, back\\slash, line\nend	2
3	\N	\N
4		4
\.
COPY t (k, s) FROM STDIN;
5	the default
\.
SELECT k, replace(replace(s, e'\n', '<n>'), e'\t', '<t>') AS s, d FROM t ORDER BY k;
COPY t TO STDOUT;
COPY t FROM STDIN WITH CSV;
10,"a ""quoted"", one",1
11,,
12,"",3
\.
SELECT k, s, s IS NULL, d FROM t WHERE k >= 10 ORDER BY k;
-- refused, whole
COPY t FROM STDIN;
20	new	1
1	again	1
\.
COPY t FROM STDIN;
21	new
\.
COPY t FROM STDIN;
22	new	1	2
\.
COPY t FROM STDIN;
x	new
\.
COPY t FROM STDIN;

\.
COPY t FROM STDIN;
23	new	x
\.
\copy missing FROM '/dev/null'
SELECT count(*) FROM t WHERE k >= 20;
-- in a transaction
BEGIN;
COPY t (k) FROM STDIN;
30
\.
SELECT k, d FROM t WHERE k = 30;
ROLLBACK;
SELECT count(*) FROM t WHERE k = 30;
DROP TABLE t;
-- more than COPY keeps in memory
CREATE TABLE big (k INT PRIMARY KEY, v INT, s STRING, INDEX (v));
\set file `mktemp`
\setenv file :file
\! awk 'BEGIN { s = sprintf("%150s", ""); gsub(/ /, "x", s); for (i = 0; i < 150000; i++) print (i * 7919) % 150000 "\t" i % 10 "\t" s }' >"$file"
\set copy '\\copy big FROM ' :'file'
:copy
SELECT count(*), sum(k), sum(v), min(length(s)) FROM big;
SELECT v, count(*) FROM big@big_v_idx GROUP BY v ORDER BY v LIMIT 2;
:copy
SELECT count(*) FROM big;
DELETE FROM big WHERE k != 77;
\! sed 's/^77\t/150001\t/' "$file" >"$file.2" && echo "77	1	again" >>"$file.2" && mv "$file.2" "$file"
:copy
SELECT count(*) FROM big;
\! rm -f "$file"
DROP TABLE big;
