import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonLine, type LogEvent, textLine } from '../../../src/adapters/logging/lines.js';
import { RateLimiter } from '../../../src/adapters/logging/rate-limiter.js';
import { HOSTILE, UNSAFE } from '../../cli/memory-io.js';

const asIs = (text: string): string => text;

function event(message: string, fields: Readonly<Record<string, unknown>>): LogEvent {
  return { time: new Date('2026-01-02T03:04:05.678Z'), level: 'info', message, fields };
}

test('neither the name nor the value of a field can act on a terminal or fake a line', () => {
  const hostile = event(HOSTILE, { [HOSTILE]: HOSTILE, list: [HOSTILE], error: new Error(HOSTILE) });
  assert.doesNotMatch(textLine(hostile, false, asIs), UNSAFE);
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.dictionary(
        fc.string({ unit: 'binary', maxLength: 10 }),
        fc.string({ unit: 'binary', maxLength: 10 }),
      ),
      (message, fields) => assert.doesNotMatch(textLine(event(message, fields), false, asIs), UNSAFE),
    ),
  );
});

test('every field reaches the JSON line, whatever its name', () => {
  const name = fc.oneof(
    fc.constantFrom('__proto__', 'constructor', 'toJSON', 'time', 'level', 'message', '', '0'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 8 }), (names) => {
      const fields = Object.fromEntries(names.map((one, index) => [one, index]));
      const line = JSON.parse(jsonLine(event('m', fields), asIs)) as Record<string, unknown>;
      assert.deepEqual([line['message'], line['level']], ['m', 'info']);
      for (const [index, one] of names.entries()) {
        const key = ['time', 'level', 'message'].includes(one) ? `${one}_` : one;
        if (names.includes(`${one}_`)) continue;
        assert.ok(Object.hasOwn(line, key), JSON.stringify(key));
        assert.equal(line[key], index);
      }
    }),
  );
});

test('a very long value is cut in both formats, and says so', () => {
  const long = event('m', { long: 'x'.repeat(100_000), list: Array(5_000).fill('word') });
  assert.ok(textLine(long, false, asIs).length < 9_000);
  const json = JSON.parse(jsonLine(long, asIs)) as { long: string; list: string };
  assert.ok(json.long.length < 4_200 && json.long.endsWith('…'));
  assert.ok(json.list.length < 4_200 && json.list.endsWith('…'));
});

test('in text a value with blanks, quotes or nothing in it is quoted: fields stay apart', () => {
  const line = (value: unknown): string => textLine(event('m', { a: value, b: 1 }), false, asIs).slice(19);
  assert.equal(line('one'), 'm a=one b=1');
  assert.equal(line('one two'), 'm a="one two" b=1');
  assert.equal(line('x b=2'), 'm a="x b=2" b=1');
  assert.equal(line(''), 'm a="" b=1');
  assert.equal(line('say "hi"'), 'm a="say \\"hi\\"" b=1');
});

test('of any messages as many pass as the limit allows, and the rest are counted exactly once', () => {
  const limits = { passedMax: 3, windowMs: 100, keysMax: 4 };
  const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.integer({ min: 0, max: 60 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const limiter = new RateLimiter<string>(limits);
      let nowMs = 0;
      let passed = 0;
      let summed = 0;
      for (const [key, waitMs] of steps) {
        nowMs += waitMs;
        const { pass, ended } = limiter.admit(key, key, nowMs);
        passed += pass ? 1 : 0;
        for (const { count, elapsedMs } of ended) {
          assert.ok(count > 0 && elapsedMs >= 0);
          summed += count;
        }
      }
      for (const { count } of limiter.drain(nowMs)) summed += count;
      assert.equal(passed + summed, steps.length);
      assert.equal(limiter.suppressing, false);
    }),
  );
});
