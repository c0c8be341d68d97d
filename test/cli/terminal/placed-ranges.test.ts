import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePlaced } from '../../../src/cli/terminal/placed-ranges.js';
import type { PlacedPosition, PlaceNote } from '../../../src/core/positions/place.js';
import type { Position } from '../../../src/core/positions/position.js';

const time = (timestampMs: number): Position => ({ kind: 'time', timestampMs });
const placed = (partition: number, note?: PlaceNote): PlacedPosition => ({
  topic: 'in',
  partition,
  offset: 0,
  note,
});
const NOTHING = { from: undefined, until: undefined, appendTimeTopics: [] };

test('a time in the future is said to be the end of now', () => {
  const lines = describePlaced([], {
    from: time(Date.UTC(2020, 0, 1)),
    until: time(Date.now() + 3_600_000),
    appendTimeTopics: [],
  });
  assert.match(
    lines.join('\n'),
    /^from 2020-01-01T00:00:00.000Z, until \S+ \(in the future: the end of now; /,
  );
});

test('where everything is as it was asked for, nothing is said', () => {
  assert.deepEqual(describePlaced([], NOTHING), []);
  const ranges = [
    { from: placed(0), until: placed(0) },
    { from: undefined, until: undefined },
  ];
  assert.deepEqual(
    describePlaced(ranges, { ...NOTHING, from: { kind: 'earliest' }, until: { kind: 'end' } }),
    [],
  );
});

test('a time is said as it was understood, on whichever side it was typed', () => {
  const [from] = describePlaced([], { ...NOTHING, from: time(Date.UTC(2026, 0, 2, 3, 4, 5, 6)) });
  assert.equal(from, 'from 2026-01-02T03:04:05.006Z');
  const [until] = describePlaced([], { ...NOTHING, from: { kind: 'earliest' }, until: time(0) });
  assert.equal(until, 'until 1970-01-01T00:00:00.000Z');
});

test('topics whose times are those of the broker are named, in the singular and the plural', () => {
  const [one] = describePlaced([], { ...NOTHING, appendTimeTopics: ['in'] });
  assert.equal(
    one,
    "a record's time is when the broker appended it: in has message.timestamp.type=LogAppendTime",
  );
  const [two] = describePlaced([], { ...NOTHING, appendTimeTopics: ['a', 'b'] });
  assert.match(two ?? '', /: a b have message/);
});

test('a surprise is one line for each kind of it and each side, with its partitions', () => {
  const lines = describePlaced(
    [
      { from: placed(0, 'behind-end'), until: placed(0) },
      { from: placed(1, 'not-committed'), until: placed(1, 'behind-end') },
      { from: placed(2, 'behind-end'), until: undefined },
    ],
    NOTHING,
  );
  assert.deepEqual(lines, [
    'from: the offset is beyond the end of the log: the end (in[0] in[2])',
    'from: the group has committed nothing here: the beginning (in[1])',
    'until: the offset is beyond the end of the log: the end (in[1])',
  ]);
});

test('of many partitions ten are named, and the rest is counted', () => {
  const ranges = (count: number): Parameters<typeof describePlaced>[0] =>
    Array.from({ length: count }, (_, n) => ({ from: placed(n, 'not-in-table'), until: undefined }));
  assert.match(describePlaced(ranges(10), NOTHING)[0] ?? '', /in\[8\] in\[9\]\)$/);
  assert.match(describePlaced(ranges(13), NOTHING)[0] ?? '', /in\[8\] in\[9\] and 3 more\)$/);
});

test('the times are said first, then whose times they are, then the surprises', () => {
  const lines = describePlaced(
    [{ from: placed(0, 'log-begins-later'), until: placed(0, 'nothing-so-young') }],
    {
      from: time(0),
      until: time(1),
      appendTimeTopics: ['in'],
    },
  );
  assert.deepEqual(
    lines.map((line) => line.split(/[ :]/)[0]),
    ['from', 'a', 'from', 'until'],
  );
});
