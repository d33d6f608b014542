// regress/clients/knex_client.js - the query builder Knex with two migrations, against the server of
// PGHOST, PGPORT; TAP.
'use strict';
const knex = require('knex');
const { same, run } = require('./tap.js');

// Migrations from memory rather than files.
const steps = {
  '1_library': {
    async up(k) {
      await k.schema.createTable('author', (t) => {
        t.increments('id');
        t.string('name', 40).notNullable().unique();
        t.timestamps(true, true);
      });
      await k.schema.createTable('book', (t) => {
        t.uuid('id').primary().defaultTo(k.raw('gen_random_uuid()'));
        t.bigInteger('author_id').references('author.id').onDelete('CASCADE').index();
        t.text('title');
        t.decimal('price', 10, 2);
        t.boolean('in_print').defaultTo(true);
        t.jsonb('extra');
        t.specificType('tags', 'STRING[]');
        t.binary('cover');
        t.date('published');
      });
    },
    async down(k) {
      await k.schema.dropTable('book');
      await k.schema.dropTable('author');
    },
  },
  '2_country': {
    async up(k) {
      await k.schema.alterTable('author', (t) => {
        t.string('country').defaultTo('nowhere');
        t.index(['country', 'name'], 'author_by_country');
      });
    },
    async down(k) {
      await k.schema.alterTable('author', (t) => {
        t.dropIndex(['country', 'name'], 'author_by_country');
        t.dropColumn('country');
      });
    },
  },
};
const migrations = {
  migrationSource: {
    getMigrations: async () => Object.keys(steps),
    getMigrationName: (m) => m,
    getMigration: async (m) => steps[m],
  },
  // Schema changes take effect when their transaction ends; a migration reads what it made.
  disableTransactions: true,
};

function open(database) {
  return knex({
    client: 'pg',
    version: '9.5',
    connection: { host: process.env.PGHOST, port: +process.env.PGPORT, user: process.env.PGUSER, database },
    pool: { min: 0, max: 4 },
  });
}

async function migrate(k) {
  const [batch, names] = await k.migrate.latest(migrations);
  same('migrations', [batch, names], [1, ['1_library', '2_country']]);
  same('again: none', (await k.migrate.latest(migrations))[1], []);
  same('tables', [await k.schema.hasTable('book'), await k.schema.hasTable('nothing')], [true, false]);
  same('columns', Object.keys(await k('author').columnInfo()).sort(),
    ['country', 'created_at', 'id', 'name', 'updated_at']);
}

async function queries(k) {
  const [{ id }] = await k('author').insert({ name: 'first' }).returning('id');
  await k('author').insert([{ name: 'second', country: 'here' }, { name: 'third', country: 'here' }]);
  const row = {
    title: "snowman's \u2603", author_id: id, price: '12.50', in_print: false, tags: ['a', 'b,c'],
    extra: JSON.stringify({ a: [1, null] }), cover: Buffer.from([0, 255]), published: '2020-02-29',
  };
  await k('book').insert(row);
  const got = await k('book').where({ author_id: id }).first('title', 'price', 'in_print', 'tags', 'extra', 'cover');
  same('a row comes back', got, {
    title: "snowman's \u2603", price: '12.50', in_print: false, tags: ['a', 'b,c'], extra: { a: [1, null] },
    cover: Buffer.from([0, 255]),
  });
  same('join and group',
    await k('author').leftJoin('book', 'author.id', 'book.author_id').groupBy('author.name').orderBy('author.name')
      .select('author.name').count('book.id as books'),
    [{ name: 'first', books: '1' }, { name: 'second', books: '0' }, { name: 'third', books: '0' }]);
  await k('author').insert({ name: 'second', country: 'moved' }).onConflict('name').merge(['country']);
  same('ON CONFLICT', await k('author').where({ name: 'second' }).pluck('country'), ['moved']);
  same('IN, LIKE, LIMIT', await k('author').whereIn('name', ['first', 'third']).where('name', 'like', '%r%')
    .orderBy('name').limit(1).offset(1).pluck('name'), ['third']);
  same('JSON operators', await k('book').whereRaw("extra @> '{\"a\": [1]}'").count('* as n').first(), { n: '1' });
  same('UPDATE', await k('author').where('country', 'here').update({ country: 'there' }), 1);
  same('a subquery', await k('author').whereIn('id', k('book').select('author_id')).pluck('name'), ['first']);
  same('a window', await k('author').rowNumber('n', 'name').orderBy('n'), [{ n: '1' }, { n: '2' }, { n: '3' }]);
  same('a CTE', await k.with('c', k('author').where('country', 'there')).from('c').pluck('name'), ['third']);
}

async function transactions(k) {
  let attempts = 0;
  for (;;) {
    attempts++;
    try {
      await k.transaction(async (trx) => {
        const { country } = await trx('author').where({ name: 'third' }).first('country');
        if (attempts === 1) await k('author').where({ name: 'third' }).update({ country: 'other' });
        await trx('author').where({ name: 'third' }).update({ country: `${country}!` });
      });
      break;
    } catch (e) {
      same('the conflict is 40001', e.code, '40001');
    }
  }
  same('retried', [attempts, (await k('author').where({ name: 'third' }).first('country')).country], [2, 'other!']);
  await k.transaction(async (trx) => {
    await trx.transaction(async (inner) => {
      await inner('author').delete();
      throw new Error('undone');
    }).catch(() => {});
    same('a nested transaction, undone', await trx('author').count('* as n').first(), { n: '3' });
  });
}

run(async () => {
  const admin = open('defaultdb');
  await admin.raw('CREATE DATABASE knex');
  await admin.destroy();
  const k = open('knex');
  await migrate(k);
  await queries(k);
  await transactions(k);
  await k.migrate.rollback(migrations);
  same('rolled back', await k.schema.hasTable('author'), false);
  await k.destroy();
});
