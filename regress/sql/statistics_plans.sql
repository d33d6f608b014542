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
