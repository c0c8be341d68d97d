import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differencesOf } from '../../../../src/app/receipts/verify/differences.js';
import { type FoundDifference, orderOf } from '../../../../src/app/receipts/verify/result.js';
import { TopicCheck } from '../../../../src/app/receipts/verify/topic-check.js';
import type { ReadingSettings } from '../../../../src/app/receipts/verify/topic-reading.js';
import { Unlisted } from '../../../../src/app/receipts/verify/unlisted.js';
import { jobConfig } from '../../../checks/support.js';
import { Lines } from '../../reload/helpers.js';
import { batchOf, listedOf, partOf, type Row, rowsFrom } from '../support.js';

/** Nothing is read in these tests. */
const SETTINGS: ReadingSettings = {
  config: jobConfig(),
  logger: new Lines(),
  signal: AbortSignal.abort(),
  readAs: new Map(),
  onRead: () => assert.fail('nothing is read'),
};

function add(unlisted: Unlisted, partition: number, rows: readonly Row[]): void {
  unlisted.add(partition, batchOf(rows).batch.block.bytes, 0, rows.length);
}

function compare(unlisted: Unlisted, ...values: readonly string[]): void {
  unlisted.compare(batchOf(rowsFrom(0, ...values)).batch.block.bytes, 0, values.length);
}

test('an unlisted record is a copy if a listed one has the same bytes, whatever its place', () => {
  const unlisted = new Unlisted();
  assert.deepEqual([unlisted.isEmpty, unlisted.allAreTwins, unlisted.count], [true, true, 0]);
  add(unlisted, 0, rowsFrom(7, 'a', 'b'));
  add(unlisted, 1, rowsFrom(3, 'a'));
  assert.deepEqual(
    [unlisted.isEmpty, unlisted.allAreTwins, unlisted.twins, unlisted.count],
    [false, false, 0, 3],
  );
  compare(unlisted, 'x', 'a');
  assert.deepEqual([unlisted.twins, unlisted.allAreTwins, unlisted.untold], [2, false, 0]);
  compare(unlisted, 'b');
  assert.deepEqual([unlisted.twins, unlisted.allAreTwins], [3, true]);
});

test('records of nobody are grouped by partition, each group at its first offset', () => {
  const unlisted = new Unlisted();
  add(unlisted, 1, rowsFrom(9, 'a', 'b'));
  add(unlisted, 0, rowsFrom(4, 'c'));
  add(unlisted, 1, rowsFrom(2, 'd'));
  assert.deepEqual(
    unlisted.groups(({ isTwin }) => !isTwin),
    [
      { partition: 1, offset: 2, records: 3 },
      { partition: 0, offset: 4, records: 1 },
    ],
  );
  compare(unlisted, 'd', 'c');
  assert.deepEqual(
    unlisted.groups(({ isTwin }) => isTwin),
    [
      { partition: 0, offset: 4, records: 1 },
      { partition: 1, offset: 2, records: 1 },
    ],
  );
  assert.deepEqual(
    unlisted.arrived().map(({ offset }) => offset),
    [9, 10],
  );
});

interface Foreign {
  readonly mayRepeat?: boolean;
  readonly allowOthers?: boolean;
}

/** Of a topic with a copy of a listed record at offset 5, and another one at offset 6. */
async function differences({ mayRepeat = false, allowOthers = false }: Foreign): Promise<readonly string[]> {
  const check = new TopicCheck('output', 'out', [listedOf([])]);
  add(check.unlisted, 0, rowsFrom(5, 'copy', 'foreign'));
  compare(check.unlisted, 'copy');
  const found = await differencesOf(SETTINGS, check, { mayRepeat, allowOthers });
  return found.map(({ kind, message }) => `${kind}: ${message}`);
}

const COPY = 'doubled: out[0] at offset 5: a copy of a listed record, which these runs did not write';
const OTHER = 'foreign: out[0] at offset 6: the record is not from these runs';

for (const [title, given, said] of [
  ['copies and foreign records are differences', {}, [COPY, OTHER]],
  ['where a process was killed, a copy is what it acknowledged', { mayRepeat: true }, [OTHER]],
  ['with --allow-others foreign records are fine', { allowOthers: true }, [COPY]],
  ['with both nothing is wrong', { mayRepeat: true, allowOthers: true }, []],
] as const)
  test(title, async () => {
    assert.deepEqual(await differences(given), said);
  });

test('records of the input that no receipt lists are missing, one difference per partition', async () => {
  const check = new TopicCheck('input', 'in', [listedOf([], { topic: 'in' })]);
  check.missing.set(0, { records: 12, first: 40 });
  check.missing.set(3, { records: 1, first: 7 });
  const found = await differencesOf(SETTINGS, check, { mayRepeat: false, allowOthers: false });
  assert.deepEqual(
    found.map(({ kind, side, records, listedAt, message }) => [kind, side, records, listedAt, message]),
    [
      ['missing', 'input', 12, null, 'in[0] at offset 40: 12 records of the input are in no receipt'],
      ['missing', 'input', 1, null, 'in[3] at offset 7: 1 records of the input are in no receipt'],
    ],
  );
});

test('a topic whose records all are as listed has no difference, and knows how far to read', async () => {
  const check = new TopicCheck('output', 'out', [
    listedOf([partOf([])]),
    listedOf([], { partition: 1, from: 3, to: 9 }),
  ]);
  assert.deepEqual(await differencesOf(SETTINGS, check, { mayRepeat: false, allowOthers: false }), []);
  assert.equal(check.offsets, 6);
});

test('differences are told from the input to the output, by topic, partition and offset', () => {
  const at = (
    side: 'input' | 'output',
    topic: string,
    partition: number,
    offset: number,
  ): FoundDifference => ({
    kind: 'changed',
    side,
    topic,
    partition,
    offset,
    records: 1,
    message: `${side} ${topic} ${partition} ${offset}`,
    listedAt: null,
  });
  const ordered = [
    at('input', 'b', 9, 9),
    at('output', 'a', 0, 5),
    at('output', 'a', 2, 1),
    at('output', 'a', 2, 3),
    at('output', 'a', 10, 0),
    at('output', 'b', -1, -1),
  ];
  assert.deepEqual(ordered.toReversed().sort(orderOf), ordered);
});
