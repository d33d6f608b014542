-- What statistics change in plans; what a query answers they never change.
CREATE TABLE customers (id INT PRIMARY KEY, name STRING, region INT);
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, day INT, state STRING, INDEX (customer), INDEX (state));
CREATE TABLE lines (o INT, n INT, part INT, quantity INT, PRIMARY KEY (o, n));
INSERT INTO customers SELECT g, 'n' || g::STRING, g % 10 FROM generate_series(1, 30) AS s (g);
INSERT INTO orders SELECT g, g % 30, g % 7, 'done' FROM generate_series(1, 100) AS s (g);
INSERT INTO lines SELECT g % 100, g // 100, g % 20, g FROM generate_series(1, 300) AS s (g);

-- Without any: rules of thumb.
EXPLAIN SELECT * FROM orders WHERE customer = 5 AND state = 'done';
EXPLAIN SELECT * FROM orders WHERE state = 'done';
EXPLAIN SELECT count(*) FROM lines, orders, customers WHERE o = orders.id AND customer = customers.id AND region = 7;

ALTER TABLE customers INJECT STATISTICS '[{"columns": ["id"], "created_at": "2020-01-01", "row_count": 3000, "distinct_count": 3000, "null_count": 0},
    {"columns": ["region"], "created_at": "2020-01-01", "row_count": 3000, "distinct_count": 100, "null_count": 0}]';
ALTER TABLE orders INJECT STATISTICS '[{"columns": ["id"], "created_at": "2020-01-01", "row_count": 100000, "distinct_count": 100000, "null_count": 0},
    {"columns": ["customer"], "created_at": "2020-01-01", "row_count": 100000, "distinct_count": 3000, "null_count": 0},
    {"columns": ["state"], "created_at": "2020-01-01", "row_count": 100000, "distinct_count": 1, "null_count": 0}]';
ALTER TABLE lines INJECT STATISTICS '[{"columns": ["o"], "created_at": "2020-01-01", "row_count": 1000000, "distinct_count": 100000, "null_count": 0},
    {"columns": ["n"], "created_at": "2020-01-01", "row_count": 1000000, "distinct_count": 10, "null_count": 0}]';

-- The index whose values are rarer; none, where all rows have the value.
EXPLAIN SELECT * FROM orders WHERE customer = 5 AND state = 'done';
EXPLAIN SELECT * FROM orders WHERE state = 'done';
-- The table that leaves the fewest rows comes first.
EXPLAIN SELECT count(*) FROM lines, orders, customers WHERE o = orders.id AND customer = customers.id AND region = 7;
SELECT count(*), sum(quantity) FROM lines, orders, customers WHERE o = orders.id AND customer = customers.id AND region = 7;
SELECT * FROM lines, orders, customers WHERE o = orders.id AND customer = customers.id AND region = 7 AND n = 1 ORDER BY o LIMIT 2;
-- The smaller side is kept in memory.
EXPLAIN SELECT * FROM customers JOIN lines ON customers.region = lines.quantity;
EXPLAIN SELECT * FROM lines JOIN customers ON customers.region = lines.quantity;
-- Many rows are not looked up one by one.
EXPLAIN SELECT count(*) FROM orders JOIN lines ON o = orders.id WHERE customer <> 3;
EXPLAIN SELECT count(*) FROM orders JOIN lines ON o = orders.id WHERE customer = 3;
-- Hints and outer joins stay as they are written.
EXPLAIN SELECT * FROM customers INNER HASH JOIN lines ON customers.region = lines.quantity;
EXPLAIN SELECT * FROM customers LEFT JOIN lines ON customers.region = lines.quantity;

-- The newest statistics of a column count; those of a transaction that is rolled back do not.
BEGIN; ALTER TABLE orders INJECT STATISTICS '[]'; ROLLBACK;
EXPLAIN SELECT * FROM orders WHERE state = 'done';
ALTER TABLE orders INJECT STATISTICS '[]';
EXPLAIN SELECT * FROM orders WHERE state = 'done';
CREATE STATISTICS s FROM orders;
EXPLAIN SELECT * FROM orders WHERE customer = 5 AND state = 'done';

-- Histograms: values that are rare among others, and ends of ranges.
CREATE TABLE skew (id INT PRIMARY KEY, kind INT, state STRING, day DATE, cust INT, ok BOOL, pad STRING,
    INDEX (kind), INDEX (state), INDEX (day), INDEX (cust));
INSERT INTO skew SELECT g, CASE WHEN g % 1000 = 0 THEN g % 7 + 1 ELSE 0 END,
    CASE WHEN g % 2500 = 0 THEN 'failed' WHEN g % 50 = 0 THEN 'open' ELSE 'done' END,
    '2020-01-01'::DATE + g // 20, g % 500, g % 100 = 0, 'x' FROM generate_series(1, 10000) AS s (g);
CREATE TABLE cust (id INT PRIMARY KEY, region INT);
INSERT INTO cust SELECT g, CASE WHEN g < 10 THEN g ELSE 100 END FROM generate_series(0, 499) AS s (g);
CREATE STATISTICS s FROM skew;
CREATE STATISTICS s FROM cust;
CREATE STATISTICS s2 ON region FROM cust;
-- Rare values by the index, frequent ones by a scan.
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE state = 'failed'] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE state = 'done'] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE state IN ('failed', 'open')] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE state = 'unknown'] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE kind > 0] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE kind >= 0] WHERE field IN ('table', 'spans');
-- A short range, a long one, and one of both ends.
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE day < '2020-01-10'] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE day > '2020-02-10'] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE day BETWEEN '2020-03-10' AND '2020-03-12'] WHERE field IN ('table', 'spans');
-- Of two conditions the one that leaves less.
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE kind = 0 AND cust = 17] WHERE field IN ('table', 'spans');
SELECT field, description FROM [EXPLAIN SELECT * FROM skew WHERE kind = 3 AND cust = 17] WHERE field IN ('table', 'spans');
-- A few rows of one table look up theirs in the other; many are read once.
EXPLAIN SELECT * FROM skew JOIN cust ON cust = cust.id WHERE region = 3;
SELECT count(*), sum(skew.id), min(cust.id) FROM skew JOIN cust ON cust = cust.id WHERE region = 3;
EXPLAIN SELECT * FROM skew JOIN cust ON cust = cust.id WHERE region = 100;
-- What is rare is found first, and not looked for row by row.
EXPLAIN SELECT * FROM cust WHERE id IN (SELECT cust FROM skew WHERE state = 'failed');
EXPLAIN SELECT count(*) FROM cust WHERE NOT EXISTS (SELECT 1 FROM skew WHERE cust = cust.id AND state = 'failed');
SELECT count(*) FROM cust WHERE NOT EXISTS (SELECT 1 FROM skew WHERE cust = cust.id AND state = 'failed');
-- A kept plan is made anew when statistics are.
PREPARE p AS SELECT * FROM skew WHERE ok AND cust = $1 LIMIT 1;
EXECUTE p (0);
CREATE STATISTICS s FROM skew;
EXECUTE p (0);
