/** The share of dead letters that ends a run, and the words with which it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeadLetterShare,
  type RejectedRecords,
} from '../../../src/dispatcher/settlement/dead-letter-share.js';
import { type Standing, standing } from './run-state.js';

const letters = (code: string, rows: number, message = `${code} it is`): RejectedRecords => ({
  code,
  rows,
  example: { message, topic: 'in', partition: 3, offset: 17 },
});

interface Scene extends Standing {
  readonly share: DeadLetterShare;
}

function scene(deadLettersMaxPercent = 10): Scene {
  const parts = standing({ deadLettersMaxPercent });
  return { ...parts, share: new DeadLetterShare(parts.state) };
}

const messageOf = ({ failures }: Scene): string => failures[0]?.message ?? '';

test('a run ends when more than the share became dead letters, not when exactly the share did', () => {
  const some = scene();
  some.share.booked(1_000, [letters('BAD', 100)]);
  assert.equal(some.failures.length, 0);
  some.share.booked(9, [letters('BAD', 1)]);
  assert.equal(some.failures[0]?.code, 'TOO_MANY_DEAD_LETTERS');
  assert.match(
    messageOf(some),
    /^101 of the last 1009 records became dead letters, more than \S+\.stop-above \(10%\): BAD 101,/,
  );
  assert.match(some.failures[0].remedy ?? '', /replay the dead-letter topic.*\(100% never stops\)/);
});

test('fewer than a hundred dead letters end no run, whatever their share', () => {
  const few = scene();
  few.share.booked(99, [letters('BAD', 99)]);
  assert.deepEqual(few.failures, []);
  few.share.booked(1, [letters('BAD', 1)]);
  assert.equal(few.failures.length, 1);
});

test('with 100% nothing ever ends a run, with 0% the hundredth dead letter does', () => {
  const never = scene(100);
  for (let batch = 0; batch < 50; batch++) never.share.booked(1_000, [letters('BAD', 1_000)]);
  assert.deepEqual(never.failures, []);
  const strict = scene(0);
  strict.share.booked(9_000, [letters('BAD', 99)]);
  assert.deepEqual(strict.failures, []);
  strict.share.booked(10, [letters('BAD', 1)]);
  assert.equal(strict.failures.length, 1);
});

test('only the latest ten thousand records count: old dead letters are forgotten', () => {
  const healed = scene();
  for (let batch = 0; batch < 9; batch++) healed.share.booked(100, [letters('BAD', 9)]);
  for (let batch = 0; batch < 100; batch++) healed.share.booked(100, []);
  for (let batch = 0; batch < 13; batch++) healed.share.booked(100, [letters('NEW', 90)]);
  assert.match(messageOf(healed), /of the last 10\d{3} records/);
  assert.doesNotMatch(messageOf(healed), /BAD/, 'what was forgotten is not named');
});

test('codes are named by how often they came, each with an example and where it is', () => {
  const mixed = scene();
  mixed.share.booked(300, [letters('RARE', 10), letters('OFTEN', 60), letters('SOME', 40)]);
  assert.match(
    messageOf(mixed),
    /: OFTEN 60, e\.g\. topic in, partition 3, offset 17: OFTEN it is; SOME 40, .*; RARE 10, .*: RARE it is$/,
  );
});

test('of many codes five are named, and long messages are shortened', () => {
  const many = scene();
  const codes = Array.from({ length: 7 }, (_, n) => letters(`CODE${n}`, 100 - n, 'x'.repeat(201)));
  many.share.booked(1_000, [...codes, letters('NONE', 0)]);
  assert.match(messageOf(many), /CODE0 100.*CODE4 96, e\.g\. .*x…; and 2 more codes$/);
  assert.doesNotMatch(messageOf(many), /CODE5|NONE|x{201}/);
  const five = scene();
  five.share.booked(1_000, codes.slice(0, 5));
  assert.doesNotMatch(messageOf(five), /more codes/);
});
