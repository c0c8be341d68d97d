import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordPrinter } from '../../../src/cli/terminal/record-printer.js';
import type { FormatSpec } from '../../../src/formats/index.js';
import { InputBatchWriter, type InputRecord } from '../../../src/wire/input-writer.js';
import { HOSTILE, memoryIo, UNSAFE } from '../memory-io.js';

type Given = Partial<Omit<InputRecord, 'key' | 'value'>> & {
  readonly key?: string | Buffer | null;
  readonly value?: string | Buffer | null;
};

async function printed(
  records: readonly Given[],
  { json = false, format = 'json' as FormatSpec['format'], max = 100 } = {},
): Promise<{ lines: string[]; more: boolean }> {
  const { io, outcome } = memoryIo();
  const bytes = new Uint8Array(new SharedArrayBuffer(64 * 1024));
  const writer = new InputBatchWriter(bytes);
  const buffer = (given: string | Buffer | null | undefined): Buffer | null =>
    typeof given === 'string' ? Buffer.from(given) : (given ?? null);
  for (const [offset, { key, value, ...rest }] of records.entries())
    writer.add(1, 1, {
      offset,
      timestamp: 0,
      headers: null,
      ...rest,
      key: buffer(key),
      value: buffer(value),
    });
  writer.close();
  const segment = { partitionId: 1, epoch: 1, firstRow: 0, rowCount: records.length };
  const more = await new RecordPrinter({ format, long: 'bigint' }, { json, max }, io).print(
    {
      block: { id: 1, bytes },
      rowCount: records.length,
      packedBytes: bytes.length,
      firstTimestampMs: 0,
      lastTimestampMs: 0,
      segments: [{ ...segment, firstOffset: 0, lastOffset: records.length - 1 }],
      faults: [],
    },
    (partitionId) => ({ partitionId, topic: 'flights', partition: 7, untilOffset: 1_000 }),
  );
  return { lines: outcome().out.split('\n').slice(0, -1), more };
}

test('a record is one line: place, time, key, value, headers', async () => {
  const { lines } = await printed([
    { key: 'k', value: '{"a":[1,null]}' },
    { key: null, value: null, headers: [['h', Buffer.from('v')]] },
    { key: '', value: '"text"', timestamp: -1 },
    { value: '1', timestamp: 9e15 },
  ]);
  assert.deepEqual(lines, [
    'flights[7] 0  1970-01-01T00:00:00.000Z  k  {"a":[1,null]}',
    'flights[7] 1  1970-01-01T00:00:00.000Z  null  null  [["h","v"]]',
    'flights[7] 2  -1    text',
    'flights[7] 3  9000000000000000  null  1',
  ]);
});

test('no key, value or header of a record can act on the terminal or break its line', async () => {
  const inJson = JSON.stringify(HOSTILE);
  const c1 = Buffer.from('{"a":"\u009b2J\u202e"}');
  for (const [format, value] of [
    ['json', inJson],
    ['json', c1],
    ['json', 'not json \r\n'],
    ['raw', 'two\r\nlines\tand \u202e'],
    ['raw', Buffer.from([0xff, 0x1b])],
  ] as const) {
    const given = { key: 'k\r\nfake[0] 9', value, headers: [[HOSTILE, Buffer.from(HOSTILE)] as const] };
    const { lines } = await printed([given], { format });
    assert.equal(lines.length, 1, JSON.stringify(lines));
    assert.doesNotMatch(lines[0] ?? '', UNSAFE);
    assert.match(lines[0] ?? '', /^flights\[7\] 0 .* k\\u000d⏎fake\[0\] 9 {2}/);
  }
});

test('as JSON a record keeps its exact text, and its bytes where text would not restore them', async () => {
  const { lines } = await printed(
    [
      { key: 'a\nb', value: '{"a":1}' },
      { value: '{ "a": 1 }' },
      { value: 'no json' },
      { value: Buffer.from([0xff]) },
      { value: '1e400' },
    ],
    { json: true },
  );
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(records[0]?.['key'], 'a\nb');
  assert.equal(records[0]['valueBase64'], undefined);
  for (const [index, value] of [
    [1, '{ "a": 1 }'],
    [2, 'no json'],
    [3, '\u00ff'],
    [4, '1e400'],
  ] as const)
    assert.equal(Buffer.from(String(records[index]?.['valueBase64']), 'base64').toString('latin1'), value);
  assert.match(String(records[2]?.['undecodable']), /JSON/);
});

test('a value that does not match the format is printed raw with the reason', async () => {
  const { lines } = await printed([{ value: '{"a":' }]);
  assert.match(lines[0] ?? '', / {2}undecodable \(.+\): \{"a":$/);
});

test('printing stops after the number of records that was asked for', async () => {
  const three = [{ value: '1' }, { value: '2' }, { value: '3' }];
  assert.deepEqual(
    [(await printed(three, { max: 2 })).lines.length, (await printed(three, { max: 2 })).more],
    [2, false],
  );
  assert.equal((await printed(three, { max: 4 })).more, true);
});
