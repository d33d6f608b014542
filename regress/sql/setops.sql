-- INTERSECT and EXCEPT, with and without ALL, small and large
CREATE TABLE l (x INT, s STRING);
CREATE TABLE r (x INT, s STRING);
INSERT INTO l VALUES (1, 'a'), (1, 'a'), (1, 'a'), (2, 'b'), (NULL, 'n'), (NULL, 'n'), (4, NULL);
INSERT INTO r VALUES (1, 'a'), (1, 'a'), (3, 'c'), (NULL, 'n'), (4, NULL);
SELECT * FROM l INTERSECT SELECT * FROM r ORDER BY 1, 2;
SELECT * FROM l INTERSECT ALL SELECT * FROM r ORDER BY 1, 2;
SELECT * FROM l EXCEPT SELECT * FROM r ORDER BY 1, 2;
SELECT * FROM l EXCEPT ALL SELECT * FROM r ORDER BY 1, 2;
SELECT x FROM l EXCEPT SELECT 1 WHERE false ORDER BY 1;
SELECT count(*), sum(i), sum(length(t)) FROM (
    SELECT i, repeat('x', 300) AS t FROM generate_series(1, 200000) AS g(i) INTERSECT
    SELECT i * 2, repeat('x', 300) FROM generate_series(1, 200000) AS g(i)) q;
SELECT count(*), sum(i) FROM (
    SELECT i % 150000 AS i, repeat('y', 300) AS t FROM generate_series(1, 300000) AS g(i) EXCEPT
    SELECT i, repeat('y', 300) FROM generate_series(100000, 250000) AS g(i)) q;
SELECT count(*), sum(i) FROM (
    SELECT i % 150000 AS i, repeat('y', 300) AS t FROM generate_series(1, 300000) AS g(i) EXCEPT ALL
    SELECT i, repeat('y', 300) FROM generate_series(100000, 250000) AS g(i)) q;
DROP TABLE l;
DROP TABLE r;
