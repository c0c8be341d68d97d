import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { byteLines, withoutMark } from '../../../src/app/records/byte-lines.js';
import { parseRecordLine } from '../../../src/app/records/record-lines.js';
import { DispatcherError } from '../../../src/core/errors.js';

const JSON_LINES = { valueOnly: false, format: 'json' } as const;
const RAW_LINES = { valueOnly: false, format: 'raw' } as const;
const RAW_VALUES = { valueOnly: true, format: 'raw' } as const;

function refusal(line: string | Buffer, format: Parameters<typeof parseRecordLine>[1] = JSON_LINES): string {
  try {
    parseRecordLine(Buffer.from(line), format);
  } catch (error) {
    assert.ok(error instanceof DispatcherError);
    assert.equal(error.code, 'USAGE');
    assert.notEqual(error.remedy, undefined);
    return error.message;
  }
  return '';
}

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of byteLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))))
    lines.push(line.toString('latin1'));
  return lines;
}

test('a line ends only at a line feed: not at CR, U+2028 or a chunk', async () => {
  assert.deepEqual(await linesOf('a\rb\r\nc', 'd\n', '\n', 'e'), ['a\rb', 'cd', '', 'e']);
  assert.deepEqual(await linesOf('x\u2028y\n'), [Buffer.from('x\u2028y').toString('latin1')]);
  assert.equal(withoutMark(Buffer.from('\ufeff{}')).toString(), '{}');
});

test('a value that JSON or UTF-8 would change silently is refused', () => {
  assert.match(refusal('{"value":{"id":9007199254740993}}'), /integer 9007199254740993/);
  assert.match(refusal('{"value":1e400}'), /1e400/);
  assert.match(refusal('{"value":{"a":1,"a":2}}'), /key "a" twice/);
  assert.match(refusal('{"value":1,"value":2}'), /key "value" twice/);
  assert.match(refusal(Buffer.from([0x22, 0xff, 0x22])), /not UTF-8/);
  assert.match(refusal('{"value":"\\ud800"}', RAW_LINES), /half of a surrogate pair/);
  assert.match(refusal('{"key":"\\udc00","value":1}'), /key with half of a surrogate pair/);
  for (const broken of ['!!!!', 'AAA', 'AAB=', 'AA==A', 'AA__'])
    assert.match(refusal(`{"value":"base64:${broken}"}`, RAW_LINES), /not valid base64/);
  assert.match(refusal('base64:A', RAW_VALUES), /not valid base64/);
});

test('every byte of a raw value is kept: byte order marks, carriage returns, bytes that are not text', () => {
  for (const bytes of [Buffer.from('\ufeffa\rb'), Buffer.from([0xff, 0, 0x80]), Buffer.from('{"a":1 }')])
    assert.deepEqual(parseRecordLine(bytes, RAW_VALUES).value, bytes);
});

test('valueBase64 is the value byte for byte, and only valid in the format it was read in', () => {
  const line = JSON.stringify({ value: null, valueBase64: 'bnVsbA==', format: 'json' });
  assert.deepEqual(parseRecordLine(Buffer.from(line), JSON_LINES).bytes, Buffer.from('null'));
  assert.match(refusal(line, { valueOnly: false, format: 'avro' }), /in "json", but kd produce writes avro/);
  assert.match(
    refusal('{"value":null,"undecodable":"is not JSON"}'),
    /could not be decoded, without its bytes/,
  );
});
