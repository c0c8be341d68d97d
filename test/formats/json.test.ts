import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDecoder, createEncoder, FormatError } from '../../src/formats/index.js';
import { checkNumbers, mayHoldInexactNumber } from '../../src/formats/json-numbers.js';
import { survey } from '../../src/formats/json-survey.js';
import { decode, encode } from './support/avro.js';

const decoder = createDecoder({ format: 'json', long: 'number' });
const encoder = createEncoder({ format: 'json', long: 'number' });
const read = (text: string): unknown => decode(decoder, Buffer.from(text), Buffer.from('9'));

test('any JSON value survives a round trip', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      // These are refused, as other tests show.
      fc.pre(!text.includes('__proto__') && !/\d{16}/.test(text));
      assert.equal(encode(encoder, value).toString(), text);
      assert.deepEqual(read(text), JSON.parse(text));
    }),
  );
});

function refuses(text: string | Uint8Array, code: string): void {
  assert.throws(() => (typeof text === 'string' ? read(text) : decode(decoder, text, Buffer.of(0x22))), {
    name: 'FormatError',
    code,
  });
}

test('anything but one JSON value in UTF-8 is refused', () => {
  for (const text of [
    '',
    '  ',
    '{',
    '{"a":1}}',
    "{'a':1}",
    '[1,]',
    'NaN',
    'undefined',
    '01',
    '{"a":1} {"b":2}',
    '\u0000',
    '\ufeff',
    '[NaN]',
    '-Infinity',
  ])
    refuses(text, 'INVALID_JSON');
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0xaf, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xe2, 0x82, 0x22],
  ])
    refuses(Buffer.from(bytes), 'INVALID_UTF8');
  assert.equal(read('"\ufffd"'), '\ufffd');
  assert.deepEqual(read('\ufeff{"a":1}'), { a: 1 });
});

test("numbers that a double can't hold are refused as numbers, but accepted within text", () => {
  for (const text of [
    '9007199254740992',
    '-9007199254740992',
    '[1,{"a":12345678901234567890}]',
    `{"x":"y","z":${'9'.repeat(400)}}`,
  ])
    refuses(text, 'UNSAFE_INTEGER');
  for (const text of ['1e400', '[-1E+999]', `${'1'.repeat(400)}.5`]) refuses(text, 'NUMBER_RANGE');
  for (const text of [
    '0.12345678901234567890',
    '12345678901234567.89',
    '9007199254740993.0',
    '[9007199254740993e0]',
    '{"a":-1e-400}',
    `0.${'3'.repeat(80)}`,
  ])
    refuses(text, 'INEXACT_NUMBER');
  const fine: [string, unknown][] = [
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['"12345678901234567890"', '12345678901234567890'],
    ['"a\\"12345678901234567890"', 'a"12345678901234567890'],
    ['0.12345678901234568', 0.12345678901234568],
    ['1.10', 1.1],
    ['0.30000000000000004', 0.30000000000000004],
    ['-122.419415500000010', -122.41941550000001],
    ['1.7976931348623157E308', 1.7976931348623157e308],
    ['5e-324', 5e-324],
    ['-0.000', -0],
    ['1e20', 1e20],
    ['"0.12345678901234567890"', '0.12345678901234567890'],
    ['"e400"', 'e400'],
  ];
  for (const [text, value] of fine) assert.equal(read(text), value);
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 60n), max: 1n << 60n }), fc.string(), (integer, text) => {
      const json = `{${JSON.stringify(`k${text}`)}:${JSON.stringify(text)},"n":[true,${String(integer)}]}`;
      const exact = BigInt(Number(integer)) === integer && Number.isSafeInteger(Number(integer));
      if (exact) assert.equal((read(json) as { n: unknown[] }).n[1], Number(integer));
      else refuses(json, 'UNSAFE_INTEGER');
    }),
  );
});

test('the quick look at a text overlooks no number that the close look refuses', () => {
  const digits = (min: number, max: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
  const literal = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(
        fc.constant('0'),
        fc.tuple(fc.constantFrom(...'123456789'), digits(0, 24)).map((p) => p.join('')),
      ),
      fc.oneof(
        fc.constant(''),
        digits(1, 24).map((d) => `.${d}`),
      ),
      fc.oneof(
        fc.constant(''),
        fc
          .tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.integer({ min: 0, max: 400 }))
          .map(([sign, size]) => `${sign}${size}`),
      ),
    )
    .map((parts) => parts.join(''));
  const around = fc.constantFrom(
    '[#]',
    '{"a": #}',
    '{"name-123":"x",\n"b":#}',
    '#',
    '["e-1", #,1]',
    '[\t#\r\n]',
  );
  fc.assert(
    fc.property(literal, around, (number, text) => {
      const json = text.replace('#', number);
      const { hasExtremeNumber } = survey(JSON.parse(json));
      if (!mayHoldInexactNumber(json, hasExtremeNumber)) checkNumbers(json);
    }),
    { numRuns: 5_000 },
  );
});

test('texts with digits inside strings need no close look', () => {
  for (const text of [
    '{"id":"4e12395a-1b2c-4d3e-8f90-123456789012"}',
    '{"name":"name-123","card":"1234567890123456"}',
    '{"order":"order-12345678901234567890"}',
  ])
    assert.equal(mayHoldInexactNumber(text, true), false, text);
});

test('an integer that is too long is found anywhere in the text', () => {
  for (let before = 0; before < 40; before++) {
    for (const digits of ['9007199254740993', '90071992547409931', '9'.repeat(40)]) {
      refuses(`["${'x'.repeat(before)}",${digits}]`, 'UNSAFE_INTEGER');
      assert.deepEqual(read(`["${'x'.repeat(before)}","${digits}",123456789012345]`), [
        'x'.repeat(before),
        digits,
        123456789012345,
      ]);
    }
  }
});

test('a __proto__ key is refused however it is escaped; as a string value it is data', () => {
  for (const text of [
    '{"__proto__":1}',
    '[{"a":{"__proto__":{}}}]',
    '{"\\u005f_proto__":1}',
    '{"__pr\\u006fto__":null}',
  ])
    refuses(text, 'FORBIDDEN_KEY');
  assert.deepEqual(read('{"a":"__proto__","constructor":1,"b":"\\u0041"}'), {
    a: '__proto__',
    constructor: 1,
    b: 'A',
  });
});

test('nesting is limited; brackets within text do not count', () => {
  const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  refuses(nest(1_000_000), 'TOO_DEEP');
  refuses(`${'{"a":'.repeat(1_001)}1${'}'.repeat(1_001)}`, 'TOO_DEEP');
  refuses(nest(1_001), 'TOO_DEEP');
  read(nest(1_000));
  assert.deepEqual(read(`["${'['.repeat(5_000)}\\"${'['.repeat(5_000)}"]`), [
    `${'['.repeat(5_000)}"${'['.repeat(5_000)}`,
  ]);
  assert.equal((read(`[${'[],'.repeat(5_000)}1]`) as unknown[]).length, 5_001);
});

test('any truncation and any flipped bit gives a value or a FormatError', () => {
  const bytes = Buffer.from('{"id":"é\\u0041","n":-12.5e3,"list":[1,null,{"x":true}],"text":"💥"}');
  for (let end = 0; end < bytes.length; end++)
    assert.throws(() => decode(decoder, bytes.subarray(0, end), bytes.subarray(end)), FormatError);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      decode(decoder, flipped);
    } catch (error) {
      assert.ok(error instanceof FormatError);
    }
  }
});

test("what JSON can't hold is refused with its path, never written as something else", () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  let tooDeep: unknown = 1;
  for (let i = 0; i < 1_001; i++) tooDeep = [tooDeep];
  const cases: [unknown, string, RegExp][] = [
    [undefined, 'NOT_JSON', /undefined/],
    [() => 1, 'NOT_JSON', /function/],
    [Symbol('x'), 'NOT_JSON', /symbol/],
    [{ a: [{ b: 5n }] }, 'BIGINT', /^a\.0\.b is a BigInt/],
    [5n, 'BIGINT', /the value is a BigInt/],
    [circle, 'CYCLE', /itself/],
    [deep, 'TOO_DEEP', /nested/],
    [tooDeep, 'TOO_DEEP', /nested/],
    [{ a: [1, NaN] }, 'NOT_FINITE', /^a\[1\] is NaN/],
    [{ a: new Number(NaN) }, 'NOT_FINITE', /^a is NaN/],
    [-Infinity, 'NOT_FINITE', /the value is -Infinity/],
    [
      {
        toJSON() {
          throw new Error('mine');
        },
      },
      'NOT_JSON',
      /mine/,
    ],
  ];
  for (const [value, code, message] of cases) {
    assert.throws(
      () => encode(encoder, value),
      (error) => error instanceof FormatError && error.code === code && message.test(error.message),
      code,
    );
  }
  assert.equal(
    encode(encoder, { a: null, d: new Date(0) }).toString(),
    '{"a":null,"d":"1970-01-01T00:00:00.000Z"}',
  );
});

test('a value that JSON.stringify would write as {} or as junk is refused with its path', () => {
  class Named extends Error {
    syscall = 'connect';
  }
  const cases: (readonly [value: unknown, message: RegExp])[] = [
    [{ a: { b: Promise.resolve(1) } }, /^a\.b is a promise.*await/],
    [new Map([['a', 1]]), /^the value is a Map.*Object\.fromEntries/],
    [[{ ids: new Set([1]) }], /^\[0\]\.ids is a Set/],
    [{ error: new Error('x') }, /^error is an Error/],
    [{ error: new Named('x') }, /^error is an Error/],
    [{ raw: Buffer.from('x') }, /^raw is a Buffer/],
    [{ raw: new Uint8Array(3) }, /^raw is a Uint8Array/],
    [{ raw: new Uint8Array(0) }, /^raw is a Uint8Array/],
    [{ raw: new ArrayBuffer(3) }, /^raw is an ArrayBuffer/],
    [{ at: new Date(NaN) }, /^at is an invalid Date/],
    [new Date(NaN), /^the value is an invalid Date/],
    [{ like: /x/ }, /^like is a RegExp/],
    [{ weak: new WeakMap() }, /^weak is a WeakMap/],
  ];
  for (const [value, message] of cases) {
    assert.throws(
      () => encode(encoder, value),
      (error) =>
        error instanceof FormatError && error.code === 'INVALID_RESULT' && message.test(error.message),
      String(message),
    );
  }
  const plain = { a: {}, b: [{}], c: null, type: 'Buffer', d: new (class {})(), e: { toJSON: () => ({}) } };
  assert.equal(encode(encoder, plain).toString(), '{"a":{},"b":[{}],"c":null,"type":"Buffer","d":{},"e":{}}');
});

test(
  'JSON that does not fit reports exactly how many bytes it needs, ' + 'and writes nothing outside its room',
  () => {
    for (const value of ['x'.repeat(50), 'é'.repeat(50), '💥'.repeat(20), { a: '漢字' }]) {
      const needed = Buffer.byteLength(JSON.stringify(value));
      for (let room = 0; room <= needed * 3 + 2; room++) {
        const block = new Uint8Array(new SharedArrayBuffer(room + 8)).fill(0xee);
        const end = encoder.encode(value, block, 4, 4 + room);
        assert.equal(end, needed <= room ? 4 + needed : -1 - needed);
        assert.ok([...block.subarray(0, 4), ...block.subarray(4 + room)].every((byte) => byte === 0xee));
      }
    }
  },
);

test('every double that JavaScript prints is read back; with another digit it is refused', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = String(value).replace('+', '');
      // Whole numbers with more digits are integers in other languages, and refused for that.
      if (/^-?\d+$/.test(text) && !Number.isSafeInteger(value)) return;
      assert.equal(read(`{"n":[${text}]}`) === undefined, false);
      assert.equal((read(`{"n":[${text}]}`) as { n: number[] }).n[0], value === 0 ? 0 : value);
      const longer = text.includes('e')
        ? text.replace('e', `${text.includes('.') ? '' : '.'}00000000000000000001e`)
        : `${text}${text.includes('.') ? '' : '.'}00000000000000000001`;
      if (value !== 0) refuses(`[${longer}]`, 'INEXACT_NUMBER');
    }),
  );
});

test('a key named twice in one object is refused; the same key elsewhere is not', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a" : 1, "b":[{"c":1,"\\u0063":2}]}',
    '[{"x":"\\":", "x":1}]',
    '{"":1,"":2}',
  ])
    refuses(text, 'DUPLICATE_KEY');
  for (const text of ['{"a":{"a":{"a":1}}}', '[{"a":1},{"a":2}]', '{ "a" : "\\":" , "b" : 1 }', '{"a":"a"}'])
    assert.deepEqual(read(text), JSON.parse(text));
});
