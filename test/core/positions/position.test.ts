import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Position, PositionFault, parsePosition } from '../../../src/core/positions/position.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const noFile = (): string => {
  throw new Error('no file was asked for');
};
const parse = (text: string): Position => parsePosition(text, NOW_MS, noFile);
const time = (text: string): Position => ({ kind: 'time', timestampMs: Date.parse(text) });

test('words, ages, times, counts and offsets are read', () => {
  const cases: readonly (readonly [string, Position])[] = [
    ['committed', { kind: 'committed' }],
    ['EARLIEST', { kind: 'earliest' }],
    ['latest', { kind: 'end' }],
    ['end', { kind: 'end' }],
    ['-2h', time('2026-11-28T10:00:00Z')],
    ['-1.5d', time('2026-11-27T00:00:00Z')],
    ['-90s', time('2026-11-28T11:58:30Z')],
    ['-250ms', time('2026-11-28T11:59:59.750Z')],
    ['2026-11-27', time('2026-11-27T00:00:00Z')],
    ['2026-11-27T08:00Z', time('2026-11-27T08:00:00Z')],
    ['2026-11-27 08:00:01+01:00', time('2026-11-27T07:00:01Z')],
    ['2026-11-27T08:00:00.123456-0530', time('2026-11-27T13:30:00.123Z')],
    ['2026-11-27t08:00z', time('2026-11-27T08:00:00Z')],
    ['+10', { kind: 'after', offsets: 10 }],
    ['-10', { kind: 'before', offsets: 10 }],
    ['0', { kind: 'offset', offset: 0 }],
    ['1200', { kind: 'offset', offset: 1200 }],
    [' 1200 ', { kind: 'offset', offset: 1200 }],
  ];
  for (const [text, position] of cases) assert.deepEqual(parse(text), position, text);
});

test('text that is not a position is refused with an example, a time without zone with both remedies', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /not a position.*earliest/],
    ['yesterday', /"yesterday" is not a position.*2026-11-27/],
    ['2h', /not a position/],
    ['+2h', /future.*-2h/],
    ['-2y', /not a position/],
    ['1e3', /not a position/],
    ['1200.5', /not a position/],
    ['1234567890123456', /not a position/],
    ['2026-02-31', /not a date/],
    ['2026-13-01T00:00Z', /not a date/],
    ['2026-11-27T25:00Z', /not a date/],
    ['1969-12-31', /before 1970/],
    ['-99999999w', /before 1970/],
    ['2026-11-27T08:00', /no time zone; write 2026-11-27T08:00Z for UTC.*\+01:00/],
    ['27.11.2026', /not a position/],
    ['@', /names no file/],
    [`${'x'.repeat(500)}`, /x{60}…/],
  ];
  for (const [text, says] of cases)
    assert.throws(
      () => parse(text),
      (error) => error instanceof PositionFault && says.test(error.message),
      text,
    );
});

test('a file of offsets is read; a fault in it names the file, the topic and the partition', () => {
  const read = (text: string): Position => parsePosition('@o.json', NOW_MS, () => text);
  const position = read('{"orders": {"0": 1200, "11": 0}, "other": {}}');
  assert.equal(position.kind, 'table');
  assert.deepEqual(
    [...position.offsets].map(([topic, of]) => [topic, ...of]),
    [['orders', [0, 1200], [11, 0]], ['other']],
  );
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{', /o\.json is not JSON/],
    ['[]', /object of topics, such as \{"orders"/],
    ['{}', /object of topics/],
    ['{"orders": 5}', /o\.json: "orders" must be an object of partitions/],
    ['{"orders": {"x": 5}}', /orders has "x" for a partition number/],
    ['{"orders": {"01": 5}}', /orders has "01"/],
    ['{"orders": {"0": -1}}', /offset of orders\[0\] must be a whole number from 0, not -1/],
    ['{"orders": {"0": "5"}}', /not "5"/],
    ['{"orders": {"0": 1.5}}', /not 1\.5/],
    ['{"orders": {"0": 1e300}}', /not 1e\+300/],
  ];
  for (const [text, says] of cases) assert.throws(() => read(text), says, text);
});

test('every time that JavaScript prints is read back to the millisecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (timestampMs) => {
      assert.deepEqual(parse(new Date(timestampMs).toISOString()), { kind: 'time', timestampMs });
    }),
  );
});

test('any text gives a position or a PositionFault', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+@0-9TZ:.hmsdw]{0,20}$/)), (text) => {
      try {
        parsePosition(text, NOW_MS, () => text);
      } catch (error) {
        assert.ok(error instanceof PositionFault, String(error));
      }
    }),
  );
});
