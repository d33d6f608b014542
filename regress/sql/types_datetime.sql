-- dates, times, intervals and bytes: text, casts, arithmetic
\a
\t
\pset null '<null>'
SELECT '\x00ff'::bytes, 'a\\b'::bytes, 'a\001b'::bytes, '\x00ff'::bytes::string, b'ab'::string, 'a\x'::bytes;
SET bytea_output='escape';
SELECT b'a\x00b\\', b'ab'::string;
SET bytea_output='base64';
SELECT b'ab';
SET bytea_output='hex';
SELECT '2020-01-31'::date, '0044-03-15 BC'::date, '10000-01-01'::date, 'infinity'::date, '-infinity'::date, '2020-1-2'::date, 'Jan 2 2006'::date, '20060102'::date, 'epoch'::date, '2020-01-31 12:00:00'::date;
SELECT '2020-02-30'::date;
SELECT '6000000-01-01'::date;
SELECT '2020-01-31'::date+1, '2020-01-31'::date-1, '2020-01-31'::date-'2020-01-01'::date, '2020-01-31'::date + '1 mon'::interval, '2020-01-31'::date+'12:00'::time, '12:00'::time + '2020-01-31'::date;
SELECT 'infinity'::date+1;
SELECT '5874897-12-31'::date+1;
SELECT '12:34:56.123456'::time, '24:00:00'::time, '24:00:00'::time::string, '12:34'::time, '12:34:56.1234567'::time, '10:20 PM'::time, '12:34:56.789'::time(1), '23:59:59.9999999'::time, '123456'::time;
SELECT '25:00'::time;
SELECT '12:60'::time;
SELECT '12:00-05'::timetz, '12:00-05'::timetz::string, '12:00'::timetz, '12:00+15:59:59'::timetz, '12:00:00.123-05:30'::timetz;
SELECT '12:00+16'::timetz;
SELECT '12:00-05'::timetz < '12:00-06'::timetz, '12:00-05'::timetz = '17:00+00'::timetz, '24:00+00'::timetz;
SELECT '2020-01-31 12:34:56.5'::timestamp, '2020-01-31 12:34:56.5'::timestamptz, '2020-01-31 12:34:56.5-05'::timestamptz, '2020-01-31T12:34:56Z'::timestamp, '2020-01-31 12:34:56.5'::timestamp::string, '2020-01-31 12:34:56.5'::timestamptz::string, 'epoch'::timestamp, 'infinity'::timestamp, '-infinity'::timestamp;
SELECT '2020-01-31 12:34:56.123456789'::timestamp, '2020-01-31 12:34:56.56'::timestamp(1), '2020-01-31 12:34:56.56'::timestamp(0), '2020-01-31 12:34:56 PM'::timestamp, '2020-01-31 10:20 PM'::timestamp, '0044-03-15 12:00:00 BC'::timestamp, '2020-01-31'::timestamp;
SELECT '2020-01-31 12:34:56 EST'::timestamptz;
SELECT '2020-01-31 12:34:56 America/New_York'::timestamptz, '2020-07-31 12:34:56 America/New_York'::timestamptz;
SET TIME ZONE 'America/New_York';
SELECT '2020-01-31 12:34:56'::timestamptz, '2020-07-31 12:34:56'::timestamptz, '2020-01-31 12:34:56'::timestamp::timestamptz, '2020-01-31 12:34:56+00'::timestamptz::timestamp, '2020-01-31 12:34:56'::timestamptz::string, '2020-01-31'::date::timestamptz,  '2020-01-31 02:00:00+00'::timestamptz::date, '12:00'::timetz, '2020-01-31 02:00:00+00'::timestamptz::time;
SET TIME ZONE -5;
SHOW TIME ZONE;
SELECT '2020-01-31 12:34:56'::timestamptz;
SET TIME ZONE +5.5;
SHOW TIME ZONE;
SELECT '2020-01-31 12:34:56'::timestamptz;
SET TIME ZONE INTERVAL '-3h';
SHOW TIME ZONE;
SET TIME ZONE 'GMT+3';
SHOW TIME ZONE;
SELECT '2020-01-31 12:34:56'::timestamptz;SET TIME ZONE 'UTC';
SET TIME ZONE 'foo';
SELECT '2020-03-01'::timestamp-'2020-01-31'::timestamp, age('2020-03-01'::timestamptz,'2020-01-31'::timestamptz), '2020-03-01'::timestamptz-'2020-01-31'::timestamptz;
SELECT '1 year 2 months 3 days 4 hours 5 minutes 6.789 seconds'::interval, '0'::interval, '1 day -2 hours'::interval, '-1 day 2 hours'::interval, '1 year 2 mons -3 days 4:05:06'::interval, '-1 mons 2 days'::interval, '1 mon'::interval, '-1 mon'::interval, '-1 year'::interval, '-1 day'::interval, '2 years'::interval;
SELECT '1:02:03'::interval, 'P1Y2M3DT4H5M6S'::interval, '1h2m3s'::interval, '1y1mon'::interval, '1-2'::interval, '1w'::interval, '1.5 days'::interval, '1.5 months'::interval, '1.5 years'::interval, '1ms'::interval, '1us'::interval, '100ns'::interval, '1 decade'::interval, '2 centuries'::interval;
SELECT INTERVAL '1' HOUR, INTERVAL '1:02' MINUTE TO SECOND, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 2:03:04' DAY TO SECOND, INTERVAL '1' YEAR, INTERVAL '1.234567' SECOND(3), INTERVAL '1:02' HOUR TO MINUTE, interval(3) '1.23456s', INTERVAL '5' DAY, INTERVAL '1 2' DAY TO HOUR, '1 day 2:03:04.555'::interval(1), interval '3 12' day to hour;
SELECT '1 mon'::interval = '30 days'::interval, '1 day'::interval='24h'::interval, '1 mon'::interval > '29 days'::interval, '1 mon'::interval*1.5, '1 year'::interval/2, '1 mon'::interval/3, '1 day'::interval*0.5, 2*'1h'::interval, '1 day'::interval/7, 1.5::float*'1 day'::interval, '1h'::interval + '2 days'::interval, -'1 day'::interval;
SELECT 'PT1.5S'::interval;
SELECT '1 foo'::interval;
SELECT '1 2 3'::interval;
SELECT ''::interval;
SELECT 12::interval, 1.5::interval, 1.5::float::interval, '1h'::interval::int, '1.5s'::interval::float, '1.5s'::interval::decimal;
SELECT timezone(timestamptz '2020-01-01 12:00:00+00', 'America/New_York'), timezone(timestamp '2020-01-01 12:00', 'America/New_York'), timezone(time '12:00', 'UTC'), timezone(timetz '12:00+03', 'UTC');
SELECT '4714-11-24 BC'::date::timestamptz;
SET TIME ZONE 'Asia/Kathmandu';
SELECT '4714-11-24 BC'::date::timestamptz;
SET TIME ZONE 'UTC';
SELECT date_trunc('millennium', '-infinity'::TIMESTAMP);
SELECT '2020-01-31'::TIMESTAMP + '300000 years 1 month';
SELECT '-infinity'::TIMESTAMP - '1 day 00:00:00.5';
-- Literals in stored expressions: those cast beside a column stay, and INTERVAL '1' DAY is a value at once.
CREATE TABLE kept (d DATE, ts TIMESTAMP DEFAULT TIMESTAMP '2020-01-01', i INTERVAL DEFAULT INTERVAL '1' HOUR, z TIMESTAMPTZ(3) DEFAULT '2020-01-01'::TIMESTAMPTZ(3), CHECK (d > '2020-01-01'::DATE), CHECK (ts >= TIMESTAMP '2020-01-01'), CHECK (i > INTERVAL '1' SECOND AND i > '1.5 s'::INTERVAL), CHECK (date_trunc('day', '2020-01-01'::TIMESTAMP) <= ts), c TIMESTAMP AS (ts + INTERVAL '1 day') STORED);
SHOW CREATE TABLE kept;
INSERT INTO kept (d) VALUES ('2020-01-02'), ('2019-12-31');
INSERT INTO kept (d) VALUES ('2020-01-02') RETURNING *;
\t off
SELECT INTERVAL '1' HOUR, '1 h'::INTERVAL, DATE '2020-01-01';
