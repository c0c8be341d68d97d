import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete, type Listed } from '../../../../src/app/receipts/verify/listed.js';
import { loadReceipts } from '../../../../src/app/receipts/verify/load.js';
import type { LineContent } from '../../../../src/core/receipts/lines.js';
import { SUM } from '../../../core/receipts/line-samples.js';
import { refused } from '../../refused.js';
import { file, folder, line, receipt, sealed } from '../support.js';

type Of<Kind extends LineContent['kind']> = Extract<LineContent, { kind: Kind }>;

const BEGUN: Of<'begun'> = {
  kind: 'begun',
  schema: 1,
  version: '1.0.0',
  host: 'h',
  name: 'n',
  group: 'g',
  until: 'end',
  configuration: 'c',
  transform: null,
  inputs: [{ topic: 'in', id: 'a' }],
  outputs: [{ topic: 'out', id: 'b' }],
  outputEnds: [{ topic: 'out', partition: 0, to: 40 }],
};
const ENDED: Of<'ended'> = {
  kind: 'ended',
  state: 'stopped',
  exitCode: 0,
  endReached: true,
  unsettled: 0,
  records: {},
};

function settled(from: number, to: number, unplaced = 0): Of<'settled'> {
  const records = to - from;
  const hashed = { partition: 0, records, sum: SUM, marks: '' };
  return {
    kind: 'settled',
    outcomes: { transformed: records, filtered: {}, deadLettered: {} },
    inputs: [{ topic: 'in', ...hashed, pieces: [[from, to, records, records]] }],
    outputs: [{ topic: 'out', ...hashed, runs: [[40 + from, 40 + to]] }],
    unplaced,
  };
}

const bounds = (exact: boolean, from: number, to: number): Of<'bounds'> => ({
  kind: 'bounds',
  exact,
  ranges: [{ topic: 'in', partition: 0, from, to }],
});

async function listed(...files: readonly string[]): Promise<Listed> {
  const { listed: found, notes } = await loadReceipts(files);
  assert.deepEqual(notes, []);
  return found;
}

test('a receipt lists what it settled by partition, each part with the line that says so', async () => {
  const path = receipt('one.jsonl', line(BEGUN), line(settled(0, 5)), line(settled(5, 9, 2)), line(ENDED));
  const { inputs, outputs, instances, unplaced, lines } = await listed(path);
  const [input, output] = [inputs.get('0 in'), outputs.get('0 out')];
  assert.deepEqual([lines, instances.size, unplaced], [4, 1, 2]);
  assert.deepEqual(input?.pieces, [
    [0, 5, 5, 5],
    [5, 9, 4, 4],
  ]);
  assert.deepEqual(
    output?.parts.map(({ file: of, line: at, ranges, recordsIn }) => [of, at, ranges, recordsIn]),
    [
      [path, 2, [[40, 45]], [5]],
      [path, 3, [[45, 49]], [4]],
    ],
  );
  assert.deepEqual([output.from, input.parts[0]?.sum], [40, BigInt(`0x${SUM}`)]);
});

test('receipts of several instances are one list; a copy of a file adds nothing to it', async () => {
  const first = receipt('a.jsonl', line(BEGUN, 'a'), line(settled(0, 5), 'a'));
  const second = receipt('b.jsonl', line(BEGUN, 'b'), line(settled(5, 9), 'b'));
  const copy = receipt('copy.jsonl', line(BEGUN, 'a'), line(settled(0, 5), 'a'));
  for (const files of [
    [first, second],
    [first, second, copy],
    [copy, second, second],
  ]) {
    const { inputs, instances, lines } = await listed(...files);
    assert.deepEqual([instances.size, lines, inputs.get('0 in')?.parts.length], [2, 4, 2]);
  }
});

test('what had to be read reaches over the bounds of all runs', async () => {
  const range = async (...runs: readonly Of<'bounds'>[]): Promise<unknown> => {
    const { inputs } = await listed(receipt('bounds.jsonl', line(BEGUN), ...runs.map((run) => line(run))));
    const found = inputs.get('0 in');
    return found === undefined ? undefined : [found.from, found.to];
  };
  assert.deepEqual(await range(bounds(true, 10, 50)), [10, 50]);
  assert.deepEqual(await range(bounds(true, 10, 50), bounds(true, 5, 40)), [5, 50]);
  assert.deepEqual(await range(bounds(false, 10, 50)), [undefined, 50], 'it began where its group was');
  assert.deepEqual(await range(bounds(true, 10, 50), bounds(false, 30, 60)), [10, 60]);
  assert.equal(await range(bounds(true, 10, 10)), undefined, 'nothing had to be read');
});

test('an output begins at the lowest end that any run has seen', async () => {
  const later = { ...BEGUN, outputEnds: [{ topic: 'out', partition: 0, to: 90 }] };
  const path = receipt('ends.jsonl', line(later, 'b'), line(BEGUN, 'a'), line(later, 'c'));
  assert.equal((await listed(path)).outputs.get('0 out')?.from, 40);
});

const ENDINGS: readonly (readonly [title: string, lines: readonly string[], complete: boolean])[] = [
  ['all instances ended with nothing left', [line(BEGUN), line(ENDED)], true],
  ['an instance was killed', [line(BEGUN), line(settled(0, 5))], false],
  ['one of two was killed', [line(BEGUN, 'a'), line(ENDED, 'a'), line(BEGUN, 'b')], false],
  ['an instance left records unsettled', [line(BEGUN), line({ ...ENDED, unsettled: 3 })], false],
  ['an instance failed', [line(BEGUN), line({ ...ENDED, state: 'failed' })], false],
  [
    'an instance went on after a reload',
    [line(BEGUN), line({ kind: 'reloaded', configuration: 'd', transform: null }), line(ENDED)],
    true,
  ],
];

ENDINGS.forEach(([title, lines, complete], row) => {
  test(`where ${title}, the receipts are ${complete ? '' : 'not '}complete`, async () => {
    assert.equal(isComplete(await listed(receipt(`ended-${row}.jsonl`, ...lines))), complete);
  });
});

test('a last line that was cut by a crash is left out, with a note', async () => {
  const whole = sealed(line(BEGUN), line(settled(0, 5)));
  const path = file('torn.jsonl', `${whole[0]}\n${whole[1]?.slice(0, 50)}`);
  const { listed: found, notes } = await loadReceipts([path]);
  assert.equal(found.lines, 1);
  assert.deepEqual(notes, [`${path}: line 2 is incomplete: the process was killed while writing it`]);
});

const [FIRST = '', SECOND = '', THIRD = ''] = sealed(line(BEGUN), line(settled(0, 5)), line(ENDED));
const FAULTS: readonly (readonly [title: string, text: string, said: RegExp])[] = [
  ['has no lines', '', /has no lines/],
  ['begins in the middle', `${SECOND}\n`, /, line 1: does not follow the line before it/],
  ['lacks a line', `${FIRST}\n${THIRD}\n`, /, line 2: does not follow the line before it: lines are missing/],
  ['has lines in another order', `${FIRST}\n${THIRD}\n${SECOND}\n`, /, line 2: does not follow/],
  ['has a line twice', `${FIRST}\n${FIRST}\n`, /, line 2: does not follow/],
  [
    'was edited',
    `${FIRST}\n${SECOND.replace('"unplaced":0', '"unplaced":1')}\n`,
    /, line 2: was changed after/,
  ],
  ['has a digest of somebody else', `${FIRST.replace(/.{3}"}$/, '000"}')}\n`, /, line 1: was changed after/],
  ['is another file', '{"orders": 1}\n', /, line 1: is not a line of a receipt/],
  ['has an empty line', `${FIRST}\n\n${SECOND}\n`, /, line 2: is not a line of a receipt/],
  [
    'is of a newer version',
    `${sealed('{"kind":"sealed"}')[0]}\n`,
    /, line 1: is of a kind that this version/,
  ],
  [
    'has a sealed line that is not whole',
    `${sealed('{"kind":"settled","x":1}')[0]}\n`,
    /, line 1: has no valid/,
  ],
];

FAULTS.forEach(([title, text, said], row) => {
  test(`a receipt that ${title} proves nothing: the line is named, and the check fails`, async () => {
    const path = file(`fault-${row}.jsonl`, text);
    await assert.rejects(
      loadReceipts([path]),
      refused('CHECK_FAILED', said, /find the file as the run wrote it/),
    );
  });
});

test('a file that is not there, and a folder, are not called forged', async () => {
  await assert.rejects(
    loadReceipts([`${folder}/none.jsonl`]),
    refused('USAGE', /none\.jsonl can't be read: ENOENT/, /given to kd run --receipt/),
  );
  await assert.rejects(loadReceipts([folder]), refused('CHECK_FAILED', /is not a regular file/));
});
