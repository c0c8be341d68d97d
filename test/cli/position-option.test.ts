import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { readEnd, readPosition } from '../../src/cli/position-option.js';

const folder = mkdtempSync(join(tmpdir(), 'kd-position-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return `@${join(folder, name)}`;
}

const refused =
  (...texts: readonly RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof InvalidArgumentError, String(error));
    for (const text of texts) assert.match(error.message, text);
    return true;
  };

test('the words, offsets and times of a position are read, with blanks around them and in any case', () => {
  assert.deepEqual(readPosition(' Earliest '), { kind: 'earliest' });
  assert.deepEqual(readPosition('LATEST'), { kind: 'end' });
  assert.deepEqual(readPosition('1200'), { kind: 'offset', offset: 1_200 });
  assert.deepEqual(readPosition('-10'), { kind: 'before', offsets: 10 });
  assert.deepEqual(readPosition('2026-11-27'), { kind: 'time', timestampMs: Date.UTC(2026, 10, 27) });
});

test('an age counts from now', () => {
  const before = Date.now();
  const position = readPosition('-2h');
  assert.ok(position.kind === 'time');
  const now = position.timestampMs + 7_200_000;
  assert.ok(now >= before && now <= Date.now());
});

test('forever is an end, and nothing but an end', () => {
  assert.equal(readEnd('forever'), 'forever');
  assert.equal(readEnd(' Forever '), 'forever');
  assert.deepEqual(readEnd('+10'), { kind: 'after', offsets: 10 });
  assert.throws(() => readPosition('forever'), refused(/"forever" is not a position/));
});

test('a file of offsets is read by topic and partition', () => {
  const position = readPosition(file('good.json', '{"orders": {"0": 1200, "11": 0}, "other": {}}'));
  assert.ok(position.kind === 'table');
  assert.equal(position.offsets.get('orders')?.get(0), 1_200);
  assert.equal(position.offsets.get('orders')?.get(11), 0);
  assert.equal(position.offsets.get('other')?.size, 0);
});

/** What people write instead, and the words that tell them. */
const FAULTY: readonly (readonly [text: string, ...said: readonly RegExp[]])[] = [
  ['', /is not a position/, /for example earliest/],
  ['begining', /"begining" is not a position/],
  ['2h', /is not a position/],
  ['+2h', /is in the future; for two hours ago write -2h/],
  ['2026-02-31', /is not a date/],
  ['2026-11-27T08:00', /no time zone; write 2026-11-27T08:00Z/],
  ['-99999w', /before 1970/],
  ['1.5', /is not a position/],
  ['@', /names no file/],
  ['@/does/not/exist.json', /\/does\/not\/exist\.json can't be read: ENOENT/],
];

for (const [text, ...said] of FAULTY)
  test(`the position ${JSON.stringify(text)} is refused with an example of what to write`, () => {
    assert.throws(() => readPosition(text), refused(...said));
    assert.throws(() => readEnd(text), refused(...said));
  });

const FILES: readonly (readonly [text: string, said: RegExp])[] = [
  ['', /is not JSON/],
  ['{"orders": {"0": 1,}}', /is not JSON/],
  ['[]', /must hold an object of topics/],
  ['{}', /must hold an object of topics, such as \{"orders"/],
  ['{"orders": 5}', /"orders" must be an object of partitions/],
  ['{"orders": {"first": 5}}', /orders has "first" for a partition number/],
  ['{"orders": {"01": 5}}', /orders has "01" for a partition number/],
  ['{"orders": {"0": -1}}', /the offset of orders\[0\] must be a whole number from 0, not -1/],
  ['{"orders": {"0": "5"}}', /the offset of orders\[0\] .* not "5"/],
  ['{"orders": {"0": 1.5}}', /the offset of orders\[0\] .* not 1\.5/],
  ['{"orders": {"3": 9007199254740993}}', /the offset of orders\[3\]/],
];

for (const [index, [text, said]] of FILES.entries())
  test(`a file of offsets with ${JSON.stringify(text)} is refused, naming the file and the place`, () => {
    const named = `faulty-${index}.json`;
    assert.throws(
      () => readPosition(file(named, text)),
      refused(new RegExp(named.replace('.', '\\.')), said),
    );
  });

test('a folder and a file of many megabytes are no tables of offsets', () => {
  assert.throws(() => readPosition(`@${folder}`), refused(/can't be read: EISDIR/));
  const large = file('large.json', '');
  truncateSync(large.slice(1), 64 * 1024 * 1024 + 1);
  assert.throws(() => readPosition(large), refused(/too large for a table of offsets/));
});

test('a file that begins with a byte order mark, as Windows writes it, is read', () => {
  const position = readPosition(file('bom.json', '\ufeff{"orders": {"0": 7}}'));
  assert.ok(position.kind === 'table');
  assert.equal(position.offsets.get('orders')?.get(0), 7);
});
