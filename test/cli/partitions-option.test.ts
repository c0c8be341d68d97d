import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { readPartitions } from '../../src/cli/partitions-option.js';
import { readTypedEnd, readTypedPosition } from '../../src/cli/position-option.js';

const folder = mkdtempSync(join(tmpdir(), 'kd-options-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const numbers = (text: string): readonly number[] => [...readPartitions(text)];

test('partition numbers and ranges are read, with blanks, in any order, each number once', () => {
  assert.deepEqual(numbers('7'), [7]);
  assert.deepEqual(numbers('0-3,7'), [0, 1, 2, 3, 7]);
  assert.deepEqual(numbers(' 5 , 1-2 '), [5, 1, 2]);
  assert.deepEqual(numbers('3-3'), [3]);
  assert.deepEqual(numbers('1,1,0-1'), [1, 0]);
});

test('whatever numbers are written out, the same ones are read', () => {
  const ranges = fc.array(fc.tuple(fc.nat(5_000), fc.nat(50)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(ranges, (all) => {
      const text = all
        .map(([from, count]) => (count === 0 ? `${from}` : `${from}-${from + count}`))
        .join(',');
      const expected = all.flatMap(([from, count]) => Array.from({ length: count + 1 }, (_, n) => from + n));
      assert.deepEqual(readPartitions(text), new Set(expected));
    }),
  );
});

for (const text of ['', ',', 'a', '1-', '-1', '1--2', '3-1', '0x1', '1 2', '1.5', '1;2', '1234567890'])
  test(`the partitions ${JSON.stringify(text)} are refused with an example`, () => {
    assert.throws(() => readPartitions(text), { message: /such as 0-3,7/ });
    assert.throws(() => readPartitions(`0,${text}`), InvalidArgumentError);
  });

test('a range of more partitions than any topic has is refused before memory is filled', () => {
  assert.equal(readPartitions('0-99999').size, 100_000);
  assert.throws(() => readPartitions('0-100001'), InvalidArgumentError);
  assert.throws(() => readPartitions('0-60000,100000-160000'), InvalidArgumentError);
  assert.throws(() => readPartitions('0-999999999'), InvalidArgumentError);
});

test('positions that mean the same have the same text, so that a job is found to be the same', () => {
  const text = (word: string): string => readTypedPosition(word).text;
  assert.deepEqual([text('latest'), text('END'), text(' end ')], ['end', 'end', 'end']);
  assert.deepEqual([text('Earliest'), text('COMMITTED')], ['earliest', 'committed']);
  assert.deepEqual([text(' -2h'), text('2026-11-27 '), text('+5')], ['-2h', '2026-11-27', '+5']);
});

function table(name: string, offsets: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(offsets));
  return readTypedPosition(`@${join(folder, name)}`).text;
}

test('a file of offsets is the same by its content, whatever its name and the order in it', () => {
  const first = table('a.json', { orders: { 0: 1, 1: 2 }, other: { 0: 3 } });
  assert.match(first, /^@[0-9a-f]{12}$/);
  assert.equal(table('b.json', { other: { 0: 3 }, orders: { 1: 2, 0: 1 } }), first);
  assert.notEqual(table('a.json', { orders: { 0: 1, 1: 3 }, other: { 0: 3 } }), first);
  assert.notEqual(table('a.json', { orders: { 0: 1, 1: 2 } }), first);
});

test('an end has its text too, and forever is a word of its own', () => {
  assert.equal(readTypedEnd(' FOREVER '), 'forever');
  const end = readTypedEnd('latest');
  assert.ok(end !== 'forever');
  assert.deepEqual([end.text, end.position], ['end', { kind: 'end' }]);
});
