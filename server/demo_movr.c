/* server/demo_movr.c - the sample of a demo: the six tables of MovR, a ride-sharing company, with rows
 * that are the same each time. */
#include "config.h"

#include "server/demo.h"

#include <stddef.h>

/* The i-th city, and an id that follows from a word and a number. */
#define CITY(i)                                                                         \
    "(ARRAY['amsterdam', 'boston', 'los angeles', 'new york', 'paris', 'rome', "        \
    "'san francisco', 'seattle', 'washington dc'])[1 + " i " % 9]"
#define ID(word, i) "md5('" word "' || (" i ")::STRING)::UUID"
#define START "'2019-01-02 03:04:05'::TIMESTAMP"

const char *const demo_movr[] = {
    "CREATE DATABASE movr",
    "SET database = movr",
    "CREATE TABLE users (id UUID NOT NULL, city VARCHAR NOT NULL, name VARCHAR, address VARCHAR, "
    "credit_card VARCHAR, PRIMARY KEY (city, id))",
    "CREATE TABLE vehicles (id UUID NOT NULL, city VARCHAR NOT NULL, type VARCHAR, owner_id UUID, "
    "creation_time TIMESTAMP, status VARCHAR, current_location VARCHAR, ext JSONB, "
    "PRIMARY KEY (city, id), INDEX vehicles_auto_index_fk_city_ref_users (city, owner_id), "
    "CONSTRAINT fk_city_ref_users FOREIGN KEY (city, owner_id) REFERENCES users (city, id))",
    "CREATE TABLE rides (id UUID NOT NULL, city VARCHAR NOT NULL, vehicle_city VARCHAR, "
    "rider_id UUID, vehicle_id UUID, start_address VARCHAR, end_address VARCHAR, "
    "start_time TIMESTAMP, end_time TIMESTAMP, revenue DECIMAL(10,2), PRIMARY KEY (city, id), "
    "INDEX rides_auto_index_fk_city_ref_users (city, rider_id), "
    "INDEX rides_auto_index_fk_vehicle_city_ref_vehicles (vehicle_city, vehicle_id), "
    "CONSTRAINT fk_city_ref_users FOREIGN KEY (city, rider_id) REFERENCES users (city, id), "
    "CONSTRAINT fk_vehicle_city_ref_vehicles FOREIGN KEY (vehicle_city, vehicle_id) "
    "REFERENCES vehicles (city, id), "
    "CONSTRAINT check_vehicle_city_city CHECK (vehicle_city = city))",
    "CREATE TABLE vehicle_location_histories (city VARCHAR NOT NULL, ride_id UUID NOT NULL, "
    "\"timestamp\" TIMESTAMP NOT NULL, lat FLOAT8, long FLOAT8, "
    "PRIMARY KEY (city, ride_id, \"timestamp\"), "
    "CONSTRAINT fk_city_ref_rides FOREIGN KEY (city, ride_id) REFERENCES rides (city, id))",
    "CREATE TABLE promo_codes (code VARCHAR NOT NULL PRIMARY KEY, description VARCHAR, "
    "creation_time TIMESTAMP, expiration_time TIMESTAMP, rules JSONB)",
    "CREATE TABLE user_promo_codes (city VARCHAR NOT NULL, user_id UUID NOT NULL, "
    "code VARCHAR NOT NULL, \"timestamp\" TIMESTAMP, usage_count INT8, "
    "PRIMARY KEY (city, user_id, code), "
    "CONSTRAINT fk_city_ref_users FOREIGN KEY (city, user_id) REFERENCES users (city, id))",
    "INSERT INTO users SELECT " ID("user", "i") ", " CITY("i") ", 'User ' || i::STRING, "
    "(10 + i * 7)::STRING || ' Main Street', lpad((i * 7919)::STRING, 10, '4') "
    "FROM generate_series(0, 49) AS s (i)",
    "INSERT INTO vehicles SELECT " ID("vehicle", "i") ", " CITY("i") ", "
    "(ARRAY['bike', 'scooter', 'skateboard'])[1 + i % 3], " ID("user", "i") ", " START ", "
    "(ARRAY['available', 'in_use', 'lost'])[1 + (i // 3) % 3], (20 + i)::STRING || ' Park Road', "
    "json_build_object('color', (ARRAY['red', 'green', 'blue'])[1 + i % 3]) "
    "FROM generate_series(0, 14) AS s (i)",
    "INSERT INTO rides SELECT " ID("ride", "i") ", " CITY("i") ", " CITY("i") ", "
    ID("user", "i % 45") ", " ID("vehicle", "i % 9") ", (i % 90)::STRING || ' First Street', "
    "(i % 70)::STRING || ' Second Street', " START " + i * '1h'::INTERVAL, "
    START " + i * '1h'::INTERVAL + (5 + i % 50) * '1m'::INTERVAL, (i * 37 % 100)::DECIMAL "
    "FROM generate_series(0, 499) AS s (i)",
    "INSERT INTO vehicle_location_histories SELECT " CITY("(i % 500)") ", " ID("ride", "i % 500") ", "
    START " + i * '1m'::INTERVAL, (i % 180 - 90)::FLOAT8, (i % 360 - 180)::FLOAT8 "
    "FROM generate_series(0, 999) AS s (i)",
    "INSERT INTO promo_codes SELECT 'promo_' || i::STRING, 'Code number ' || i::STRING, " START ", "
    START " + i * '1d'::INTERVAL, "
    "json_build_object('type', 'percent_discount', 'value', (i % 5 + 1)::STRING || '0%') "
    "FROM generate_series(0, 999) AS s (i)",
    "INSERT INTO user_promo_codes SELECT " CITY("i") ", " ID("user", "i") ", "
    "'promo_' || i::STRING, " START ", 1 FROM generate_series(0, 4) AS s (i)",
    NULL,
};
