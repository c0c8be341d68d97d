import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../../src/formats/format.js';
import { decodeRow, jsonFields, rowsOf } from './json-rows.js';
import { splice } from './support.js';

const ORDER =
  '{"id":12345678901234567890, "amount": 12.50 ,"user":{"name":"ann","age":7},"tags":[ 1 , 2.0 ]}';

interface Spliced {
  readonly of: string;
  readonly source?: string;
  readonly writes: readonly string[];
  readonly result: unknown;
  readonly text: string;
}

const SPLICED: readonly Spliced[] = [
  {
    of: 'one number',
    writes: ['amount'],
    result: { amount: 13 },
    text: '{"id":12345678901234567890, "amount": 13 ,"user":{"name":"ann","age":7},"tags":[ 1 , 2.0 ]}',
  },
  {
    of: 'a field inside another one, and one in front of it',
    writes: ['user.name', 'id'],
    result: { user: { name: 'bob "b" ö' }, id: '9' },
    text: '{"id":"9", "amount": 12.50 ,"user":{"name":"bob \\"b\\" ö","age":7},"tags":[ 1 , 2.0 ]}',
  },
  {
    of: 'two new fields, at the end of their objects',
    writes: ['cents', 'user.city', 'euros'],
    result: { cents: 1, user: { city: 'x' }, euros: null },
    text:
      '{"id":12345678901234567890, "amount": 12.50 ,"user":{"name":"ann","age":7,"city":"x"},' +
      '"tags":[ 1 , 2.0 ],"cents":1,"euros":null}',
  },
  {
    of: 'the first field of an empty object',
    source: '{ }',
    writes: ['a'],
    result: { a: 1 },
    text: '{ "a":1}',
  },
  {
    of: 'two fields of an empty object',
    source: '{"user":{}}',
    writes: ['user.a', 'user.b'],
    result: { user: { a: 1, b: 2 } },
    text: '{"user":{"a":1,"b":2}}',
  },
  {
    of: 'a field of an object that is not there',
    source: '{"a": 1.0}',
    writes: ['user.name', 'user.age'],
    result: { user: { name: 'x', age: 1 } },
    text: '{"a":1.0,"user":{"name":"x","age":1}}',
  },
  {
    of: 'a field that is left out, which disappears',
    source: ' {"a" :1,"\\u0062":2.50,"c":3} ',
    writes: ['a', 'c'],
    result: { c: 4 },
    text: ' {"\\u0062":2.50,"c":4} ',
  },
  {
    of: 'a record behind a byte order mark, which stays',
    source: '\ufeff{"a":1}',
    writes: ['a', 'b'],
    result: { b: 1 },
    text: '\ufeff{"b":1}',
  },
  {
    of: 'a value of many kinds',
    source: '{"a":0}',
    writes: ['a'],
    result: { a: { list: [new Date(0), 'x'], none: null } },
    text: '{"a":{"list":["1970-01-01T00:00:00.000Z","x"],"none":null}}',
  },
  { of: 'minus zero', source: '{"a":1}', writes: ['a'], result: { a: -0 }, text: '{"a":0}' },
];

for (const { of, source = ORDER, writes, result, text } of SPLICED)
  test(`the result has ${of}`, async () => {
    const codecs = await jsonFields([], writes);
    const [row] = rowsOf([source]);
    assert.ok(row !== undefined);
    decodeRow(codecs, row);
    assert.equal(splice(codecs.encoder, result, row).toString(), text);
    // Also where there is no room at first.
    assert.equal(splice(codecs.encoder, result, row, 3).toString(), text);
  });

interface Refused {
  readonly of: string;
  readonly source?: string;
  readonly result: unknown;
  readonly code: string;
  readonly says: RegExp;
}

const REFUSED: readonly Refused[] = [
  {
    of: 'that is no object',
    result: 5,
    code: 'INVALID_VALUE',
    says: /the result: expected an object .* number/,
  },
  { of: 'that is a list', result: [], code: 'INVALID_VALUE', says: /got a list/ },
  {
    of: 'with a field that is not declared',
    result: { a: 1, user: { name: 1 }, other: 2 },
    code: 'INVALID_VALUE',
    says: /the field "other", but `writes` does not list it/,
  },
  {
    of: 'with a field inside another one that is not declared',
    result: { user: { nmae: 1 } },
    code: 'INVALID_VALUE',
    says: /the field "user\.nmae"/,
  },
  {
    of: 'without the object of a field',
    result: { a: 1 },
    code: 'INVALID_VALUE',
    says: /user: .* undefined/,
  },
  {
    of: 'with a number that JSON does not have',
    result: { a: NaN, user: {} },
    code: 'NOT_FINITE',
    says: /^a: /,
  },
  { of: 'with a BigInt', result: { a: 1n, user: {} }, code: 'BIGINT', says: /^a: / },
  {
    of: 'with a promise',
    result: { a: Promise.resolve(), user: {} },
    code: 'INVALID_RESULT',
    says: /^a: .*await/,
  },
  {
    of: 'for a record whose parent is no object',
    source: '{"user":[]}',
    result: { a: 1, user: { name: 'x' } },
    code: 'INVALID_RESULT',
    says: /user is not an object, so none of its fields can be written/,
  },
  {
    of: 'for a record that is no object',
    source: '[1]',
    result: { a: 1, user: { name: 'x' } },
    code: 'INVALID_RESULT',
    says: /the record is not an object/,
  },
];

for (const { of, source = '{"a":1,"user":{"name":"x"}}', result, code, says } of REFUSED)
  test(`a result ${of} is refused`, async () => {
    const codecs = await jsonFields([], ['a', 'user.name']);
    const [row] = rowsOf([source]);
    assert.ok(row !== undefined);
    decodeRow(codecs, row);
    assert.throws(
      () => splice(codecs.encoder, result, row),
      (error) => {
        assert.ok(error instanceof FormatError);
        assert.equal(error.code, code);
        assert.match(error.message, says);
        return true;
      },
    );
  });

interface Unread {
  readonly of: string;
  readonly source: string | Buffer;
  readonly code: string;
}

const UNREAD: readonly Unread[] = [
  {
    of: 'a field that is read and holds a number that a double loses',
    source: '{"a":0.12345678901234567891}',
    code: 'INEXACT_NUMBER',
  },
  { of: 'a key twice, although nobody reads it', source: '{"x":1,"x":2}', code: 'DUPLICATE_KEY' },
  { of: 'a field that is read twice', source: '{"a":1,"a":2}', code: 'DUPLICATE_KEY' },
  { of: 'a key twice in what is read', source: '{"a":{"k":1,"k":2}}', code: 'DUPLICATE_KEY' },
  { of: '__proto__ somewhere', source: '{"x":[{"__proto__":1}]}', code: 'FORBIDDEN_KEY' },
  {
    of: 'bytes that are not UTF-8',
    source: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    code: 'INVALID_UTF8',
  },
  { of: 'nothing', source: '', code: 'INVALID_JSON' },
  { of: 'more than one value', source: '{"a":1}{}', code: 'INVALID_JSON' },
  { of: 'too many levels', source: `{"x":${'['.repeat(1000)}${']'.repeat(1000)}}`, code: 'TOO_DEEP' },
];

for (const { of, source, code } of UNREAD)
  test(`a record with ${of} is refused (${code})`, async () => {
    const codecs = await jsonFields(['a'], []);
    const [row] = rowsOf([source]);
    assert.ok(row !== undefined);
    assert.throws(
      () => decodeRow(codecs, row),
      (error) => error instanceof FormatError && error.code === code,
    );
  });

test('numbers that are only copied may have any digits, in any row', async () => {
  const codecs = await jsonFields(['a'], ['a']);
  const texts = Array.from({ length: 200 }, (_, i) => `{"a":${i},"big":1234567890123456789012345.6789e-400}`);
  for (const [i, row] of rowsOf(texts).entries()) {
    assert.deepEqual(decodeRow(codecs, row), { a: i });
    const expected = texts[i]?.replace(`"a":${i}`, `"a":${i + 1}`);
    assert.equal(splice(codecs.encoder, { a: i + 1 }, row).toString(), expected);
  }
});

test('values are those of JSON.parse, and last after the block has other records', async () => {
  const values = [
    1.5,
    -7,
    1e21,
    'plain',
    'ünï',
    'tab\t"',
    '',
    true,
    false,
    null,
    [1, ['x']],
    { k: { l: 'm' } },
  ];
  const codecs = await jsonFields(['a', 'long'], []);
  const rows = rowsOf(values.map((a) => JSON.stringify({ long: 'x'.repeat(3000), a })));
  const seen = rows.map((row) => decodeRow(codecs, row));
  rows[0]?.bytes.fill(0x20);
  assert.deepEqual(
    seen,
    values.map((a) => ({ a, long: 'x'.repeat(3000) })),
  );
});

test('a block with other records than before is scanned again, also for results that came late', async () => {
  const codecs = await jsonFields(['a'], ['a']);
  const batches = [
    (i: number, a: string): string => `{"a":${a},"i":${i} }`,
    (i: number, a: string): string => `{ "a":${a},"i":${i}}`,
  ];
  const rows = rowsOf(Array.from({ length: 130 }, (_, i) => batches[0]?.(i, '7') ?? ''));
  const [first] = rows;
  assert.ok(first !== undefined);
  for (const textOf of batches) {
    for (const { row, bytes, start } of rows) bytes.write(textOf(row, '7'), start);
    for (const row of rows) assert.deepEqual(decodeRow(codecs, row), { a: 7 });
    // Its row is no longer among those that were decoded last.
    assert.equal(splice(codecs.encoder, { a: 'x' }, first).toString(), textOf(0, '"x"'));
    codecs.decoder.release?.();
  }
});
