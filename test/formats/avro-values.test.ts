import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../../src/formats/index.js';
import { codecOf, decode, encode } from './support/avro.js';

/** Reference for longs: the specification, with BigInts. */
function longBytes(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

const anyLong = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.bigInt({ min: -(1n << 54n), max: 1n << 54n }),
  fc
    .nat({ max: 63 })
    .chain((bits) =>
      fc
        .constantFrom(
          1n << BigInt(bits),
          (1n << BigInt(bits)) - 1n,
          -(1n << BigInt(bits)),
          -(1n << BigInt(bits)) - 1n,
        )
        .filter((n) => n < 1n << 63n && n >= -(1n << 63n)),
    ),
);

test(
  'longs are exact: a number within ±(2^53 − 1), refused beyond ' + 'it, always a BigInt with long: bigint',
  () => {
    const numbers = codecOf('long');
    const bigints = codecOf('long', 'bigint');
    fc.assert(
      fc.property(anyLong, (value) => {
        const bytes = longBytes(value);
        assert.equal(decode(bigints.decoder, bytes), value);
        assert.deepEqual(encode(bigints.encoder, value), bytes);
        const number = Number(value);
        if (value <= 9_007_199_254_740_991n && value >= -9_007_199_254_740_991n) {
          assert.equal(decode(numbers.decoder, bytes), number);
          assert.deepEqual(encode(numbers.encoder, number), bytes);
        } else {
          assert.throws(() => decode(numbers.decoder, bytes), { code: 'UNSAFE_LONG' });
          assert.throws(() => encode(numbers.encoder, number), { code: 'INVALID_VALUE' });
        }
      }),
      { numRuns: 5_000 },
    );
    assert.throws(() => encode(numbers.encoder, 1n << 63n), { code: 'INVALID_VALUE' });
  },
);

test('longs next to each power of two are exact, and cut off anywhere they are truncated', () => {
  const numbers = codecOf('long');
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  for (let bits = 0n; bits < 54n; bits++) {
    for (const value of [-1n, 0n, 1n].flatMap((by) => [(1n << bits) + by, -(1n << bits) + by])) {
      if (value > safe || value < -safe) continue;
      const bytes = longBytes(value);
      assert.equal(decode(numbers.decoder, bytes), Number(value));
      assert.deepEqual(encode(numbers.encoder, Number(value)), bytes);
      for (let length = 0; length < bytes.length; length++)
        assert.throws(() => decode(numbers.decoder, bytes.subarray(0, length)), { code: 'TRUNCATED' });
    }
  }
});

test('a long may be written in more bytes than it needs, as its zeros may be', () => {
  const { decoder } = codecOf('long');
  for (let bytes = 2; bytes <= 10; bytes++)
    assert.equal(decode(decoder, Buffer.from([0x83, ...Array<number>(bytes - 2).fill(0x80), 0])), -2);
  assert.throws(() => decode(decoder, Buffer.from([0x83, ...Array<number>(9).fill(0x80), 0])), {
    code: 'INVALID_LONG',
  });
});

const flight = {
  type: 'record',
  name: 'test.Flight',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'delay', type: 'int' },
    {
      name: 'legs',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Leg',
          fields: [{ name: 'to', type: { type: 'enum', name: 'Airport', symbols: ['ATL', 'SFO'] } }],
        },
      },
      default: [],
    },
    { name: 'notes', type: { type: 'map', values: ['null', 'string'] }, default: { from: null } },
    { name: 'code', type: { type: 'fixed', name: 'Code', size: 2 }, default: '\u0001\u00ff' },
    { name: 'gate', type: ['null', 'string'], default: null },
  ],
};

test(
  'a value that does not fit its schema is reported with its ' + 'path, and what was expected and found',
  () => {
    const { encoder } = codecOf(flight);
    const cases: [unknown, string, RegExp][] = [
      [{ id: 'a', delay: 'late' }, 'INVALID_VALUE', /^Flight\.delay: expected int .*, got string "late"$/],
      [{ id: 'a', delay: 1.5 }, 'INVALID_VALUE', /^Flight\.delay: .*got number 1\.5$/],
      [{ id: 'a', delay: 2 ** 31 }, 'INVALID_VALUE', /^Flight\.delay/],
      [{ id: 'a', delay: 1n }, 'INVALID_VALUE', /^Flight\.delay: .*got bigint 1$/],
      [{ delay: 1 }, 'MISSING_VALUE', /^Flight\.id: expected string, got undefined$/],
      [
        { id: 'a', delay: 1, legs: [{ to: 'ATL' }, { to: 'XXX' }] },
        'INVALID_VALUE',
        /^Flight\.legs\[1\]\.to: .*got string "XXX"$/,
      ],
      [
        { id: 'a', delay: 1, notes: { x: 5 } },
        'INVALID_VALUE',
        /^Flight\.notes\.x: expected null or string, got number 5$/,
      ],
      [{ id: 'a', delay: 1, notes: new Map() }, 'INVALID_VALUE', /^Flight\.notes: .*got a Map$/],
      [
        { id: 'a', delay: 1, code: Buffer.of(1) },
        'INVALID_VALUE',
        /^Flight\.code: expected fixed \(exactly 2 bytes\), got 1 bytes$/,
      ],
      [{ id: 'a', delay: 1, gate: Symbol('x') }, 'INVALID_VALUE', /^Flight\.gate/],
      [null, 'INVALID_VALUE', /^Flight: expected record/],
      [[], 'INVALID_VALUE', /^Flight: .*got an array$/],
      [undefined, 'MISSING_VALUE', /^Flight/],
    ];
    for (const [value, code, message] of cases) {
      assert.throws(
        () => encode(encoder, value),
        (error) => error instanceof FormatError && error.code === code && message.test(error.message),
        `${code} ${String(message)}`,
      );
    }
  },
);

test('missing fields get their defaults when encoding', () => {
  const { decoder, encoder } = codecOf(flight);
  const full = { id: 'a', delay: -1, legs: [], notes: { from: null }, code: Buffer.of(1, 255), gate: null };
  assert.deepEqual(decode(decoder, encode(encoder, { id: 'a', delay: -1 })), full);
  assert.deepEqual(encode(encoder, { id: 'a', delay: -1 }), encode(encoder, full));
});

test('a union whose branches differ as JavaScript values is not wrapped, any other is', () => {
  const bare = codecOf([
    'null',
    'boolean',
    'long',
    'string',
    'bytes',
    { type: 'array', items: 'int' },
    { type: 'map', values: 'int' },
  ]);
  for (const value of [null, true, 5, 'x', Buffer.of(1), [1], { a: 1 }])
    assert.deepEqual(decode(bare.decoder, encode(bare.encoder, value)), value);
  const wrapped = codecOf(['null', 'int', 'double', { type: 'record', name: 'n.R', fields: [] }]);
  for (const value of [null, { int: 1 }, { double: 1 }, { 'n.R': {} }])
    assert.deepEqual(decode(wrapped.decoder, encode(wrapped.encoder, value)), value);
  for (const value of [1, {}, { int: 1, double: 1 }, { long: 1 }, { null: null }, undefined])
    assert.throws(() => encode(wrapped.encoder, value), FormatError);
});

const logical = (type: unknown, logicalType: string, more: object = {}): unknown => ({
  ...(typeof type === 'string' ? { type } : (type as object)),
  logicalType,
  ...more,
});

test('decimals are exact text, in bytes and in fixed', () => {
  const shape = { precision: 30, scale: 4 };
  const inBytes = codecOf(logical('bytes', 'decimal', shape));
  const inFixed = codecOf(logical({ type: 'fixed', name: 'D', size: 16 }, 'decimal', shape));
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n }),
      fc.nat({ max: 29 }),
      (big, cut) => {
        const unscaled = big / 10n ** BigInt(cut);
        const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(5, '0');
        const text = `${unscaled < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
        for (const { decoder, encoder } of [inBytes, inFixed])
          assert.equal(decode(decoder, encode(encoder, text)), text);
        const bytes = encode(inBytes.encoder, text).subarray(1);
        assert.equal(BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`)), unscaled);
        // As short as Java's BigInteger: the first nine bits are not all the same.
        assert.ok(
          bytes.length === 1 ||
            !((bytes[0] === 0 && (bytes[1] ?? 0) < 128) || (bytes[0] === 255 && (bytes[1] ?? 0) > 127)),
        );
      },
    ),
    { numRuns: 2_000 },
  );
  const given: [unknown, string][] = [
    [12.5, '12.5000'],
    [1e-4, '0.0001'],
    [1e21, '1000000000000000000000.0000'],
    [7n, '7.0000'],
    ['-0', '0.0000'],
    ['+1.50', '1.5000'],
    ['1.500000', '1.5000'],
  ];
  for (const [value, text] of given)
    assert.equal(decode(inBytes.decoder, encode(inBytes.encoder, value)), text);
  for (const value of ['1.00001', 'abc', '', NaN, Infinity, '1'.repeat(27), null, {}, Buffer.of(1), '1e999'])
    assert.throws(() => encode(inBytes.encoder, value), FormatError);
  assert.throws(() => decode(inBytes.decoder, Buffer.of(0)), { code: 'INVALID_DECIMAL' });
  assert.equal(decode(inBytes.decoder, Buffer.of(4, 0, 5)), '0.0005');
});

test('times are the numbers on the wire; a Date is accepted for points in time', () => {
  const date = new Date('2026-11-22T19:00:00.123Z');
  const cases: [string, string, unknown, unknown][] = [
    ['int', 'date', date, 20_779],
    ['long', 'timestamp-millis', date, date.getTime()],
    ['long', 'timestamp-micros', date, date.getTime() * 1000],
    ['long', 'local-timestamp-millis', date, date.getTime()],
    ['long', 'local-timestamp-micros', 1_795_374_000_123_456, 1_795_374_000_123_456],
    ['int', 'time-millis', 86_399_999, 86_399_999],
    ['long', 'time-micros', 86_399_999_999, 86_399_999_999],
  ];
  for (const [type, name, value, number] of cases) {
    const { decoder, encoder } = codecOf(logical(type, name));
    assert.equal(decode(decoder, encode(encoder, value)), number, name);
    const optional = codecOf(['null', logical(type, name)]);
    assert.equal(decode(optional.decoder, encode(optional.encoder, value)), number, name);
  }
  const nanos = codecOf(logical('long', 'timestamp-nanos'), 'bigint');
  assert.equal(decode(nanos.decoder, encode(nanos.encoder, date)), BigInt(date.getTime()) * 1_000_000n);
  // Beyond 2^53 microseconds (the year 2255) a number would be rounded, a BigInt is exact.
  for (const far of [new Date('2255-06-05T23:47:34.741Z'), new Date(8.64e15), new Date(-8.64e15 + 1)]) {
    for (const name of ['timestamp-micros', 'local-timestamp-micros']) {
      const { encoder, decoder } = codecOf(logical('long', name), 'bigint');
      assert.equal(decode(decoder, encode(encoder, far)), BigInt(far.getTime()) * 1000n, name);
      assert.throws(() => decode(codecOf(logical('long', name)).decoder, encode(encoder, far)), {
        code: 'UNSAFE_LONG',
      });
    }
    const farMillis = codecOf(logical('long', 'timestamp-millis'));
    assert.equal(decode(farMillis.decoder, encode(farMillis.encoder, far)), far.getTime());
    const days = codecOf(logical('int', 'date'));
    assert.equal(decode(days.decoder, encode(days.encoder, far)), Math.floor(far.getTime() / 86_400_000));
  }
  // A long has no room for as many nanoseconds.
  assert.throws(() => encode(nanos.encoder, new Date(8.64e15)), FormatError);
  const millis = codecOf(logical('long', 'timestamp-millis')).encoder;
  assert.throws(() => encode(millis, new Date(NaN)), FormatError);
  assert.throws(() => encode(codecOf(logical('int', 'time-millis')).encoder, date), FormatError);
});

test(
  'uuids are text in both forms; unknown and invalid logical types are ignored, as the ' +
    'specification says',
  () => {
    const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
    const fixed = codecOf(logical({ type: 'fixed', name: 'U', size: 16 }, 'uuid'));
    assert.equal(encode(fixed.encoder, uuid).length, 16);
    assert.equal(decode(fixed.decoder, encode(fixed.encoder, uuid.toUpperCase())), uuid);
    assert.throws(() => encode(fixed.encoder, 'no uuid'), FormatError);
    const text = codecOf(logical('string', 'uuid'));
    assert.equal(decode(text.decoder, encode(text.encoder, uuid)), uuid);
    for (const schema of [
      logical('bytes', 'decimal', { precision: 2, scale: 3 }),
      logical('bytes', 'decimal'),
      logical('bytes', 'no-such'),
      logical({ type: 'fixed', name: 'F', size: 1 }, 'uuid'),
    ]) {
      const { decoder, encoder } = codecOf(schema);
      assert.deepEqual(decode(decoder, encode(encoder, Buffer.of(7))), Buffer.of(7));
    }
  },
);

test(
  'decoded values share no memory with each other or with the ' + 'block, and strings of any length survive',
  () => {
    const { decoder, encoder } = codecOf({
      type: 'record',
      name: 'R',
      fields: [
        { name: 'b', type: 'bytes' },
        { name: 'f', type: { type: 'fixed', name: 'F', size: 3 } },
        { name: 's', type: { type: 'array', items: 'string' } },
      ],
    });
    const lengths = [
      0, 1, 12, 13, 21, 22, 62, 63, 64, 65, 127, 128, 255, 256, 1_023, 1_024, 1_025, 2_730, 2_731, 4_096,
      8_191, 8_192, 70_000,
    ];
    const s = lengths.flatMap((n) => [
      'x'.repeat(n),
      'é'.repeat(n),
      `${'x'.repeat(Math.max(0, n - 1))}💥`,
      '漢'.repeat(n),
    ]);
    const value = { b: Buffer.of(1, 2, 3), f: Buffer.of(4, 5, 6), s };
    assert.deepEqual(decode(decoder, encode(encoder, value)), value);
  },
);

const person = {
  type: 'record',
  name: 'Person',
  fields: [
    { name: 'customer_id', type: ['null', 'long'], default: null },
    {
      name: 'address',
      type: { type: 'record', name: 'Address', fields: [{ name: 'street', type: 'string' }] },
    },
    { name: 'note', type: 'string', default: '' },
  ],
};

test(
  'a field that the schema does not have is refused by name, ' + 'nested ones too, with the nearest name',
  () => {
    const { encoder } = codecOf(person);
    const refusal = (value: unknown): string => {
      try {
        encode(encoder, value);
      } catch (error) {
        assert.ok(error instanceof FormatError);
        assert.equal(error.code, 'INVALID_VALUE');
        return error.message;
      }
      return '';
    };
    const address = { street: 's' };
    assert.match(
      refusal({ custmer_id: 1, address }),
      /Person: .*no field "custmer_id"; did you mean customer_id\?/,
    );
    assert.match(refusal({ address: { ...address, stret: 't' } }), /address: .*"stret"; did you mean street/);
    assert.match(refusal({ customer_id: 1, address, note: 'n', zzz: 1 }), /no field "zzz"$/);
    assert.equal(refusal({ customer_id: undefined, address }), '');
    assert.equal(refusal({ address, note: 'n' }), '');
  },
);
