-- Searching inverted indexes: containment, paths, arrays; hints; the filter is checked again.
CREATE TABLE p (sku STRING PRIMARY KEY, attrs JSONB, tags STRING[], INVERTED INDEX attrs_inv (attrs),
    INVERTED INDEX tags_inv (tags));
INSERT INTO p VALUES
    ('a', '{"color": "red", "size": 1}', ARRAY['x', 'y']),
    ('b', '{"color": "blue", "dims": {"w": 1, "h": [1, 2]}}', ARRAY['y']),
    ('c', '{"color": ["red", "green"]}', ARRAY[]),
    ('d', '[1, "red", {"color": "red"}]', NULL),
    ('e', '"red"', ARRAY['x', NULL]),
    ('f', NULL, ARRAY['z']),
    ('g', '{"color": {}, "size": 1.0}', ARRAY['x', 'z']),
    ('h', '{}', ARRAY['q']);
SELECT sku FROM p@attrs_inv WHERE attrs @> '{"color": "red"}' ORDER BY sku;
SELECT sku FROM p WHERE attrs @> '{"color": "red"}' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> '{"color": ["red"]}' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> '"red"' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> '[{"color": "red"}]' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> '{"dims": {"h": [2]}, "color": "blue"}' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> '{"color": {}, "size": 1}' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs->'color' = '"red"' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs->'dims'->'w' = '1' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE '{}' = attrs->'color' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs->'color' @> '"red"' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> NULL ORDER BY sku;
SELECT sku, attrs FROM p@attrs_inv WHERE attrs @> '{"size": 1}' AND sku > 'a' ORDER BY sku DESC;
SELECT sku FROM p@tags_inv WHERE tags @> ARRAY['x'] ORDER BY sku;
SELECT sku FROM p@tags_inv WHERE tags @> ARRAY['x', 'z'] ORDER BY sku LIMIT 1;
SELECT sku FROM p@tags_inv WHERE tags @> ARRAY['x', NULL] ORDER BY sku;
SELECT count(*) FROM p WHERE attrs @> '{"size": 1}';
-- nothing to search for
SELECT sku FROM p@attrs_inv WHERE attrs @> '{}' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> '{"color": {}}' ORDER BY sku;
SELECT sku FROM p@attrs_inv ORDER BY sku;
SELECT sku FROM p@tags_inv WHERE tags @> ARRAY[]::STRING[] ORDER BY sku;
SELECT sku FROM p WHERE attrs @> '{}' ORDER BY sku;
-- which index
SELECT field, description FROM [EXPLAIN SELECT sku FROM p WHERE attrs @> '{"color": "red"}'] WHERE field IN ('table', 'spans', 'filter');
-- parameters
PREPARE q (JSONB) AS SELECT sku FROM p@attrs_inv WHERE attrs @> $1 ORDER BY sku;
EXECUTE q('{"color": "red"}');
EXECUTE q('{"size": 1}');
EXECUTE q('{}');
-- changed rows
UPDATE p SET attrs = '{"color": "black"}' WHERE attrs @> '{"color": "red"}';
SELECT sku FROM p@attrs_inv WHERE attrs @> '{"color": "red"}' ORDER BY sku;
SELECT sku FROM p@attrs_inv WHERE attrs @> '{"color": "black"}' ORDER BY sku;
DELETE FROM p@attrs_inv WHERE attrs @> '{"color": "black"}';
SELECT count(*) FROM p;
-- One path decides by itself; of several, one is searched and all are checked on the rows.
SELECT field, description FROM [EXPLAIN SELECT * FROM p WHERE attrs @> '{"color": "red"}'] WHERE field IN ('table', 'spans', 'filter');
SELECT field, description FROM [EXPLAIN SELECT sku FROM p WHERE attrs @> '{"color": "red", "size": 1}'] WHERE field IN ('table', 'spans', 'filter');
SELECT field, description FROM [EXPLAIN SELECT sku FROM p WHERE attrs->'color' = '"red"'] WHERE field IN ('table', 'spans', 'filter');
SELECT field, description FROM [EXPLAIN SELECT sku FROM p WHERE attrs->'color' = '{"a": 1}'] WHERE field IN ('table', 'spans', 'filter');
SELECT field, description FROM [EXPLAIN SELECT sku FROM p WHERE attrs @> '{"a": []}'] WHERE field IN ('table', 'spans', 'filter');
