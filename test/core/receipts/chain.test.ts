import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHAIN_START, checkLink, seal } from '../../../src/core/receipts/chain.js';
import { PendingGroups } from '../../../src/core/receipts/pending.js';
import { readLine } from '../../../src/core/receipts/read-line.js';
import { addSums, readSum, sumAt, sumText } from '../../../src/core/receipts/sum.js';

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function chainOf(contents: readonly unknown[]): readonly string[] {
  let previous = CHAIN_START;
  return contents.map((content) => {
    const line = seal(JSON.stringify({ content }), previous, digest);
    previous = line.sha256;
    return line.text;
  });
}

/** Number of the first line that does not fit; undefined: all fit. */
function firstFault(lines: readonly string[]): number | undefined {
  let previous = CHAIN_START;
  for (const [index, line] of lines.entries()) {
    const link = checkLink(line, previous, digest);
    if (typeof link === 'string') return index;
    previous = link.sha256;
  }
  return undefined;
}

test('a chain is read as it was written; each line is JSON', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 8 }), (contents) => {
      const lines = chainOf(contents);
      assert.equal(firstFault(lines), undefined);
      for (const line of lines) JSON.parse(line);
    }),
  );
});

test('one changed character, a lost line and two exchanged lines are found at their line', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string(), { minLength: 3, maxLength: 6 }),
      fc.nat(),
      fc.nat(),
      (contents, a, b) => {
        const lines = chainOf(contents.map((text, index) => `${index} ${text}`));
        const at = a % lines.length;
        const line = lines[at] ?? '';
        const column = b % line.length;
        const other = line[column] === 'x' ? 'y' : 'x';
        const edited = `${line.slice(0, column)}${other}${line.slice(column + 1)}`;
        assert.equal(firstFault(lines.with(at, edited)), at);
        if (at < lines.length - 1) {
          assert.equal(firstFault(lines.toSpliced(at, 1)), at);
          assert.equal(firstFault(lines.with(at, lines[at + 1] ?? '').with(at + 1, line)), at);
        }
      },
    ),
  );
});

test('a line of another shape is named, whatever JSON it is', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('begun', 'bounds', 'settled', 'ended', 'other'),
      (value, kind) => {
        const fields =
          typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value };
        assert.equal(typeof readLine(JSON.stringify({ ...fields, kind })), 'string');
      },
    ),
  );
  assert.match(String(readLine('{')), /is not JSON/);
});

test('sums are the same in any order, and their text has all of their bits', () => {
  const sum = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
  fc.assert(
    fc.property(fc.array(sum), (sums) => {
      const forwards = sums.reduce(addSums, 0n);
      assert.equal(sums.toReversed().reduce(addSums, 0n), forwards);
      assert.equal(readSum(sumText(forwards)), forwards);
    }),
  );
  assert.equal(readSum('12'), undefined);
  const words = new Uint8Array(24);
  words[8] = 1;
  words[23] = 2;
  assert.equal(sumAt(words, 8), (2n << 120n) | 1n);
});

test('settled pieces are written by offset; those that touch become one, with their marks in order', () => {
  const groups = new PendingGroups();
  const add = (from: number, to: number, outputs: number): void =>
    groups.add({
      topic: 't',
      partition: 0,
      records: to - from,
      sum: 1n,
      pieces: [
        {
          from,
          to,
          records: to - from,
          outputs,
          marks: Uint8Array.from({ length: to - from }, (_, i) => from + i),
        },
      ],
    });
  add(4, 6, 1);
  add(0, 2, 5);
  add(2, 4, 0);
  add(9, 10, 1);
  const encode = (bytes: readonly Uint8Array[]): string => bytes.map((one) => one.join(' ')).join(' ');
  assert.deepEqual(groups.inputs(encode), [
    {
      topic: 't',
      partition: 0,
      records: 7,
      sum: sumText(4n),
      marks: '0 1 2 3 4 5 9',
      pieces: [
        [0, 6, 6, 6],
        [9, 10, 1, 1],
      ],
    },
  ]);
  assert.deepEqual(groups.outputs(encode)[0]?.runs, [
    [0, 6],
    [9, 10],
  ]);
  groups.clear();
  assert.equal(groups.isEmpty, true);
});
