import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from '../../../src/cli/terminal/table.js';

const LONG = 'payments.enriched.by-country-and-currency.v12';

test('a name too long for the width gets its own line, and the columns do not move', () => {
  const rows = [
    ['topic', 'parts', 'offsets'],
    ['orders', '4', '17'],
    [LONG, '128', '1,234,567'],
  ];
  const narrow = table(rows, { width: 40, longFirst: true });
  assert.equal(narrow, `topic   parts  offsets\norders  4      17\n${LONG}\n        128    1,234,567\n`);
  const wide = table(rows, { width: 100, longFirst: true });
  assert.match(wide, new RegExp(`^${LONG}  128    1,234,567$`, 'm'));
  assert.equal(
    table(rows, { width: undefined, longFirst: true }),
    wide,
    'without a terminal there is one line per topic',
  );
});

test('a long last text in a short row does not widen its column', () => {
  const rows = [
    ['topic', 'a', 'b'],
    ['t', '1', '2'],
    ['u', 'missing'],
  ];
  const text = table(rows, { width: 80, longFirst: true });
  assert.equal(text, 'topic  a  b\nt      1  2\nu      missing\n');
});

test('the last column is wrapped at the edge', () => {
  const wrapped = table([['a', 'one two three four five six seven eight']], { width: 30 });
  assert.equal(wrapped, 'a  one two three four five six\n   seven eight\n');
});
