import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundDifference, VerifyResult } from '../../../src/app/receipts/verify/result.js';
import { verifyText } from '../../../src/cli/terminal/verify-report.js';

const AGREES: VerifyResult = {
  schema: 1,
  agrees: true,
  files: ['r.jsonl'],
  lines: 1,
  instances: 1,
  complete: true,
  input: { records: 1_234_567, settledTwice: 0, missing: 0 },
  output: { records: 1, twice: 0, others: 0 },
  differences: [],
  unchecked: [],
  notes: [],
  message: 'all exact',
};

const difference = (offset: number, listedAt: string | null = null): FoundDifference => ({
  kind: 'changed',
  side: 'output',
  topic: 'out',
  partition: 0,
  offset,
  records: 1,
  message: `out[0] at offset ${offset}: a different record is there now`,
  listedAt,
});

const text = (more: Partial<VerifyResult> = {}): string => verifyText({ ...AGREES, ...more }, undefined);

test('what agrees is said in three lines of counts and one of the result', () => {
  assert.deepEqual(
    text()
      .split('\n')
      .map((line) => line.trim().replaceAll(/ +/g, ' ')),
    [
      'receipts 1 file, 1 line, 1 process',
      'input 1,234,567 records',
      'output 1 record',
      '',
      'agrees: all exact',
      '',
    ],
  );
});

test('several are in the plural, and counts that are 0 are left out', () => {
  const said = text({
    files: ['a', 'b'],
    lines: 7,
    instances: 2,
    input: { records: 9, settledTwice: 3, missing: 1 },
    output: { records: 9, twice: 0, others: 4 },
  });
  assert.match(said, /2 files, 7 lines, 2 processes/);
  assert.match(said, /9 records, 3 settled twice, 1 in no receipt/);
  assert.match(said, /9 records, 4 in no receipt/);
});

test('a difference is shown with its kind, and with the line of the receipt that lists it', () => {
  const said = text({
    agrees: false,
    message: 'm',
    differences: [difference(5, 'r.jsonl, line 3'), difference(9)],
  });
  assert.match(said, /changed +out\[0\] at offset 5: .* \(r\.jsonl, line 3\)\n/);
  assert.match(said, /changed +out\[0\] at offset 9: a different record is there now\n/);
  assert.match(said, /\ndiffers: m\n$/);
});

test('of many differences twenty are shown, and the rest is counted', () => {
  const differences = Array.from({ length: 1_023 }, (_, offset) => difference(offset));
  const said = text({ agrees: false, differences });
  assert.equal(said.match(/^changed/gm)?.length, 20);
  assert.match(said, /\nand 1,003 more differences\n/);
  assert.doesNotMatch(text({ agrees: false, differences: differences.slice(0, 20) }), /more differences/);
});

test('what was deleted since, and what a reader should know, is shown although all agrees', () => {
  const said = text({
    unchecked: [{ side: 'input', topic: 'in', partition: 2, from: 5, to: 9 }],
    notes: ['r.jsonl: line 9 is incomplete'],
  });
  assert.match(said, /deleted +in\[2\] 5–8: can't be checked any more\n/);
  assert.match(said, /note +r\.jsonl: line 9 is incomplete\n/);
  assert.match(said, /agrees: all exact/);
});
