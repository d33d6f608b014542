// regress/clients/node_pg_client.js - node-postgres against the server of PGHOST, PGPORT; TAP.
'use strict';
const { Client, Pool, types } = require('pg');
const { same, run } = require('./tap.js');

// name, type, what is sent, what comes back as text (null: the same)
const VALUES = [
  ['b', 'BOOL', true, 't'],
  ['i2', 'INT2', -32768, '-32768'],
  ['i4', 'INT4', 2147483647, '2147483647'],
  ['i8', 'INT8', '-9223372036854775808', null],
  ['f4', 'FLOAT4', 1.5, '1.5'],
  ['f8', 'FLOAT8', -1.5e300, '-1.5e+300'],
  ['d', 'DECIMAL(30,10)', '12345678901234567890.0123456789', null],
  ['s', 'STRING', "quote ' backslash \\ dollar $1 snowman \u2603", null],
  ['y', 'BYTES', Buffer.from([0, 1, 92, 255]), '\\x00015cff'],
  ['dat', 'DATE', '2020-02-29', null],
  ['tim', 'TIME', '23:59:59.999999', null],
  ['ts', 'TIMESTAMP', '1969-12-31 23:59:59.000005', null],
  ['tstz', 'TIMESTAMPTZ', new Date(Date.UTC(2038, 0, 19, 3, 14, 8)), '2038-01-19 03:14:08+00:00'],
  ['iv', 'INTERVAL', '1 year 2 mons 3 days 04:05:06.000007', null],
  ['u', 'UUID', '01234567-89ab-cdef-0123-456789abcdef', null],
  ['n', 'INET', '10.1.0.0/16', null],
  ['vb', 'VARBIT', '10110', null],
  ['j', 'JSONB', { a: [1, 2.5, null, 'x'] }, '{"a": [1, 2.5, null, "x"]}'],
  ['ai', 'INT8[]', [1, null, 3], '{1,NULL,3}'],
  ['as', 'STRING[]', ['a,b', 'q"q', '', null], '{"a,b","q\\"q","",NULL}'],
];

const asText = { getTypeParser: () => (v) => (Buffer.isBuffer(v) ? v.toString('hex') : v) };

async function kinds(c) {
  const columns = VALUES.map(([name, type]) => `"${name}" ${type}`).join(', ');
  await c.query(`CREATE TABLE kinds (id INT PRIMARY KEY, ${columns})`);
  const marks = VALUES.map((_, i) => `$${i + 2}`).join(', ');
  const insert = `INSERT INTO kinds VALUES ($1, ${marks})`;
  same('row count of an INSERT', (await c.query(insert, [1, ...VALUES.map((v) => v[2])])).rowCount, 1);
  await c.query(insert, [2, ...VALUES.map(() => null)]);
  const got = await c.query({ text: 'SELECT * FROM kinds WHERE id = $1', values: [1], types: asText });
  for (const [name, type, sent, text] of VALUES) {
    same(`${type} comes back`, got.rows[0][name], text === null ? sent : text);
    if (type !== 'JSONB' && !type.endsWith('[]')) {
      const r = await c.query(`SELECT count(*)::INT4 AS n FROM kinds WHERE "${name}" = $1`, [sent]);
      same(`${type} compares`, r.rows[0].n, 1);
    }
  }
  const nulls = (await c.query('SELECT * FROM kinds WHERE id = 2')).rows[0];
  same('NULLs come back', Object.values(nulls).filter((v) => v !== null).length, 1);
  const parsed = (await c.query('SELECT b, i4, f8, y, tstz, j, ai, "as", iv FROM kinds WHERE id = 1')).rows[0];
  same('parsed: BOOL, numbers, BYTES', [parsed.b, parsed.i4, parsed.f8, parsed.y],
    [true, 2147483647, -1.5e300, Buffer.from([0, 1, 92, 255])]);
  same('parsed: TIMESTAMPTZ, JSONB', [parsed.tstz.toISOString(), parsed.j],
    ['2038-01-19T03:14:08.000Z', { a: [1, 2.5, null, 'x'] }]);
  same('parsed: arrays', [parsed.ai, parsed.as], [['1', null, '3'], ['a,b', 'q"q', '', null]]);
  same('parsed: INTERVAL', { ...parsed.iv },
    { years: 1, months: 2, days: 3, hours: 4, minutes: 5, seconds: 6, milliseconds: 0.007 });
}

async function binary(c) {
  // node-postgres reads every value as UTF-8, so these are values whose binary form is ASCII.
  const r = await c.query({
    text: 'SELECT 258::INT2, 1::INT4, 2::INT8, true, 2.0::FLOAT8, $1::BYTES, $2::STRING',
    values: [Buffer.from([1, 92]), 'x'],
    binary: true,
    rowMode: 'array',
    types: { getTypeParser: () => (v) => Buffer.from(v).toString('hex') },
  });
  same('binary results', r.rows[0],
    ['0102', '00000001', '0000000000000002', '01', '4000000000000000', '015c', '78']);
  same('binary: type ids', r.fields.map((f) => f.dataTypeID), [21, 23, 20, 16, 701, 17, 25]);
}

async function prepared(c) {
  await c.query('CREATE TABLE kv (k INT PRIMARY KEY, v STRING)');
  for (let i = 0; i < 20; i++)
    await c.query({ name: 'put', text: 'INSERT INTO kv VALUES ($1, $2)', values: [i, `v${i}`] });
  const get = (k) => c.query({ name: 'get', text: 'SELECT v FROM kv WHERE k = $1', values: [k] });
  same('a prepared statement', [(await get(3)).rows, (await get(77)).rows], [[{ v: 'v3' }], []]);
  const all = await c.query('SELECT k FROM kv WHERE k = ANY ($1::INT[]) ORDER BY k DESC', [[1, 5, 99]]);
  same('an array as parameter', all.rows.map((r) => r.k), ['5', '1']);
  const many = await c.query('SELECT 1 AS a; SELECT 2 AS b; INSERT INTO kv VALUES (100, NULL)');
  same('several statements', many.map((m) => m.command), ['SELECT', 'SELECT', 'INSERT']);
  const returning = await c.query('UPDATE kv SET v = $1 WHERE k < $2 RETURNING k, v', ['new', 2]);
  same('RETURNING', [returning.command, returning.rowCount, returning.rows.length], ['UPDATE', 2, 2]);
}

async function fails(c, name, code, ...query) {
  try {
    await c.query(...query);
    same(name, 'no error', code);
  } catch (e) {
    same(name, e.code, code);
  }
}

async function errors(c) {
  await fails(c, 'a duplicate', '23505', 'INSERT INTO kv VALUES ($1, $2)', [1, 'x']);
  await fails(c, 'a syntax error', '42601', 'SELEC 1');
  await fails(c, 'a wrong parameter', '22P02', 'SELECT $1::INT4', ['abc']);
  await c.query('BEGIN');
  await fails(c, 'a division by zero', '22012', 'SELECT 1 / ($1::INT)', [0]);
  await fails(c, 'the transaction is over', '25P02', 'SELECT 1');
  same('its COMMIT rolls back', (await c.query('COMMIT')).command, 'ROLLBACK');
}

async function retry(pool) {
  let attempts = 0;
  const c = await pool.connect();
  for (;;) {
    attempts++;
    try {
      await c.query('BEGIN; SAVEPOINT cockroach_restart');
      const { v } = (await c.query('SELECT v FROM kv WHERE k = 7')).rows[0];
      if (attempts === 1) await pool.query("UPDATE kv SET v = v || '+' WHERE k = 7");
      await c.query('UPDATE kv SET v = $1 WHERE k = 7', [`${v}-`]);
      await c.query('RELEASE SAVEPOINT cockroach_restart');
      await c.query('COMMIT');
      break;
    } catch (e) {
      same('the conflict is 40001', e.code, '40001');
      await c.query('ROLLBACK');
    }
  }
  c.release();
  same('retried', [attempts, (await pool.query('SELECT v FROM kv WHERE k = 7')).rows[0].v], [2, 'v7+-']);
}

async function cancel(c, pool) {
  setTimeout(() => {
    pool.query("CANCEL QUERIES (SELECT query_id FROM [SHOW QUERIES] WHERE query LIKE 'SELECT pg_sleep(59)%')");
  }, 200);
  await fails(c, 'a canceled query', '57014', 'SELECT pg_sleep(59)');
  same('and the connection goes on', (await c.query('SELECT 2::INT4 AS n')).rows, [{ n: 2 }]);
}

run(async () => {
  const admin = new Client({ user: process.env.PGUSER });
  await admin.connect();
  await admin.query('CREATE DATABASE node_pg');
  await admin.end();
  const pool = new Pool({ user: process.env.PGUSER, database: 'node_pg', max: 3 });
  const c = await pool.connect();
  await kinds(c);
  await binary(c);
  await prepared(c);
  await errors(c);
  await retry(pool);
  await cancel(c, pool);
  c.release();
  await pool.end();
});
