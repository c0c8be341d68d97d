import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogTail } from '../../../src/adapters/logging/log-tail.js';

const line = (message: string): string => JSON.stringify({ time: 't', level: 'info', message });

test('the lines after a number are given, and all that are kept to who comes from another process', () => {
  const tail = new LogTail();
  assert.deepEqual(tail.after(0), { oldest: 1, newest: 0, lines: [] });
  for (const message of ['a', 'b', 'c']) tail.add(line(message));
  assert.deepEqual(
    tail.after(1).lines.map(({ number, json }) => [number, json]),
    [
      [2, line('b')],
      [3, line('c')],
    ],
  );
  assert.deepEqual(tail.after(3).lines, []);
  assert.equal(tail.after(900).lines.length, 3);
});

test('however much is logged, 256 KiB of lines are kept, and no line is longer than 16 KiB', () => {
  const tail = new LogTail();
  for (let count = 0; count < 5000; count += 1) tail.add(line(`${count} ${'x'.repeat(count % 300)}`));
  tail.add(
    JSON.stringify({ time: 't', level: 'warn', message: 'm'.repeat(99_999), more: 'y'.repeat(99_999) }),
  );
  const { oldest, newest, lines } = tail.after(0);
  assert.equal(newest, 5001);
  assert.equal(lines[0]?.number, oldest);
  const characters = lines.reduce((sum, { json }) => sum + json.length, 0);
  assert.ok(characters <= 262_144 && characters > 240_000, String(characters));
  const last = lines.at(-1)?.json ?? '';
  assert.ok(last.length <= 16_384 && last.includes('"level":"warn"'));
});
