// regress/clients/tap.js - what the Node clients share: TAP lines.
'use strict';
const { isDeepStrictEqual, inspect } = require('util');

let n = 0;
let failed = 0;

exports.same = (name, got, want) => {
  n++;
  if (isDeepStrictEqual(got, want)) {
    console.log(`ok ${n} - ${name}`);
  } else {
    failed++;
    console.log(`not ok ${n} - ${name}`);
    console.log(`expected ${inspect(want)}\ngot      ${inspect(got)}`.replace(/^/gm, '#   '));
  }
};

exports.run = async (body) => {
  try {
    await body();
  } catch (e) {
    failed++;
    console.log('not ok - ended early');
    console.log(String(e.stack).replace(/^/gm, '# '));
  }
  console.log(`1..${n}`);
  process.exit(failed ? 1 : 0);
};
