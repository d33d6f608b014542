\a
\t
\set VERBOSITY verbose
-- bits and bytes: pieces, positions, single bits
SELECT substring(B'11001' from 2 for 3), substring(B'11001', 4), substr(B'11001', -1, 3), substring(B'11001', 9), substring(b'abcd', 2, 2);
SELECT substring(B'11001', 2, -1);
SELECT substring(b'abc', 2, -1);
SELECT strpos(B'0101', B'11'), strpos(B'0011', B'11'), position(B'1' in B'001'), strpos(B'', B''), strpos(b'\x00ab', b'b');
SELECT length(B'10101'), bit_length(B'10101'), octet_length(B'101010101'), octet_length(b'ab');
SELECT get_bit(B'0101', 1), set_bit(B'0101', 0, 1), get_bit(b'abc', 1), set_bit(b'abc', 0, 0);
SELECT get_bit(B'0101', 4);
SELECT set_bit(B'0101', -1, 1);
SELECT get_bit(b'a', 8);
SELECT set_bit(b'a', 8, 0);
SELECT set_bit(B'01', 1, 2);
-- text of integers is read as Go reads it
SELECT '1_000'::INT, '010'::INT, '0x_1F'::INT, '0b101'::INT, '0o17'::INT;
SELECT '1__0'::INT;
SELECT '_1'::INT;
SELECT '1_'::INT;
-- widths
SELECT 'a'::STRING(0);
SELECT 'a'::VARCHAR(0);
SELECT 'a'::CHAR(0);
SELECT B'1'::BIT(0);
SELECT set_masklen('1.2.3.4'::INET, 8), set_masklen('::1'::INET, 128);
SELECT set_masklen('1.2.3.4'::INET, -1);
SELECT set_masklen('1.2.3.4'::INET, 33);
