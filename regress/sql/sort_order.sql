-- ORDER BY compares by an abbreviation of the first key, then by the values
CREATE TABLE t (k INT PRIMARY KEY, f FLOAT, s STRING, d DATE, b BYTES, u UUID, n DECIMAL, i INT);
INSERT INTO t VALUES
  (1, 0.0, 'abcdefgh', '2020-01-01', b'\x00', '00000000-0000-0000-0000-000000000001', 1.0, 9223372036854775807),
  (2, -0.0, 'abcdefghi', 'infinity', b'', '00000000-0000-0000-0000-000000000000', 1.00, -9223372036854775807),
  (3, 'NaN', 'abcdefg', '-infinity', b'\x00\x00', 'ffffffff-0000-0000-0000-000000000000', -1, 0),
  (4, '-Inf', '', '0001-01-01', b'\xff', '7fffffff-ffff-ffff-ffff-ffffffffffff', 10, -1),
  (5, '+Inf', 'abcdefg' || chr(1), '2020-01-02', b'abcdefgh\x00', '80000000-0000-0000-0000-000000000000', 'NaN', 1),
  (6, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (7, -1.5, 'ABCDEFGHZ', '2020-01-01', b'abcdefgh', '00000000-0000-0000-0000-000000000001', 0, 0);
SELECT k, f FROM t ORDER BY f, k DESC;
SELECT k, f FROM t ORDER BY f DESC, k;
SELECT k, s FROM t ORDER BY s;
SELECT k, s FROM t ORDER BY s DESC LIMIT 4;
SELECT k, d FROM t ORDER BY d, k;
SELECT k, d FROM t ORDER BY d DESC, k;
SELECT k, b FROM t ORDER BY b;
SELECT k FROM t ORDER BY u, k;
SELECT k FROM t ORDER BY u DESC, k DESC;
SELECT k, n FROM t ORDER BY n, k;
SELECT k, i FROM t ORDER BY i, k;
SELECT k, i FROM t ORDER BY i DESC, k LIMIT 3;
SELECT g FROM generate_series(1, 5000) AS g ORDER BY (g * 7919) % 5000 DESC, g LIMIT 3;
SELECT g FROM generate_series(1, 5000) AS g ORDER BY g % 3, g DESC LIMIT 4 OFFSET 1664;
