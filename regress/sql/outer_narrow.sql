-- Outer joins that WHERE makes inner ones, or ones of a single side.
\a
\t on
CREATE TABLE l (a INT PRIMARY KEY, b INT, c BOOL);
CREATE TABLE r (x INT PRIMARY KEY, y INT, z BOOL);
INSERT INTO l VALUES (1, 1, true), (2, NULL, false), (3, 3, NULL), (4, 4, true);
INSERT INTO r VALUES (1, 9, true), (3, NULL, false), (5, 5, NULL), (6, 1, true);
-- Conditions that no row without a partner meets.
SELECT * FROM l LEFT JOIN r ON a = x WHERE y > 5 ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE y IS NOT NULL ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE z ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE NOT z ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x AND b > 1 WHERE x = a OR y = 9 ORDER BY a;
SELECT * FROM l RIGHT JOIN r ON a = x WHERE b >= 1 ORDER BY x;
SELECT * FROM l FULL JOIN r ON a = x WHERE b >= 1 ORDER BY a, x;
SELECT * FROM l FULL JOIN r ON a = x WHERE y >= 1 ORDER BY a, x;
SELECT * FROM l FULL JOIN r ON a = x WHERE a = x ORDER BY a, x;
SELECT * FROM l FULL JOIN r ON a = x AND b = 1 WHERE b > 0 AND y > 0 ORDER BY a, x;
-- Conditions that some meet.
SELECT * FROM l LEFT JOIN r ON a = x WHERE y IS NULL ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE y > 5 OR b > 3 ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE coalesce(y, 7) > 5 ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE (y > 5) IS NULL ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE NOT (z IS NULL) ORDER BY a;
SELECT * FROM l LEFT JOIN r ON a = x WHERE y IS DISTINCT FROM 9 ORDER BY a;
SELECT * FROM l FULL JOIN r ON a = x WHERE b >= 1 OR y >= 1 ORDER BY a, x;
SELECT * FROM l LEFT JOIN r ON a = x WHERE (y, a) < (9, 9) OR (y, a) > (9, 9) ORDER BY a;
-- Joins of joins.
SELECT * FROM l LEFT JOIN (r LEFT JOIN l AS m ON m.a = r.x) ON l.a = r.x WHERE m.b > 0 ORDER BY l.a;
SELECT * FROM (l FULL JOIN r ON a = x) LEFT JOIN l AS m ON m.a = x WHERE m.b = l.b ORDER BY l.a;
SELECT tree, field, description FROM [EXPLAIN SELECT * FROM l LEFT JOIN r ON a = x WHERE y > 5] WHERE field = 'type';
SELECT tree, field, description FROM [EXPLAIN SELECT * FROM l FULL JOIN r ON a = x WHERE y > 5] WHERE field = 'type';
SELECT tree, field, description FROM [EXPLAIN SELECT * FROM l FULL JOIN r ON a = x WHERE b > 5] WHERE field = 'type';
SELECT tree, field, description FROM [EXPLAIN SELECT * FROM l LEFT JOIN r ON a = x WHERE y IS NULL] WHERE field = 'type';
DROP TABLE l, r;
