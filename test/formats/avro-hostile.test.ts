import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Decoder, FormatError } from '../../src/formats/index.js';
import { codecOf, decode, encode, evolvedDecoder } from './support/avro.js';

const list = { type: 'record', name: 'List', fields: [{ name: 'next', type: ['null', 'List'] }] };
const tree = {
  type: 'record',
  name: 'Tree',
  fields: [{ name: 'children', type: { type: 'array', items: 'Tree' } }],
};

/** Any 64-bit long in Avro's encoding. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

function refuses(decoder: Decoder, bytes: Uint8Array, ...codes: string[]): void {
  assert.throws(
    () => decode(decoder, bytes, Buffer.alloc(64)),
    (error) => error instanceof FormatError && codes.includes(error.code),
    `expected ${codes.join(' or ')}`,
  );
}

const COUNTS = [
  1n << 62n,
  -(1n << 63n),
  (1n << 63n) - 1n,
  1n << 40n,
  (1n << 32n) - 1n,
  1n << 32n,
  67_108_864n,
  5_000_000_000n,
  100_000_000n,
  1_000_000n,
  -100_000_000n,
];

test('a count that the remaining bytes could not hold is refused before anything is allocated', () => {
  for (const items of [
    'long',
    'int',
    'string',
    'boolean',
    'double',
    { type: 'array', items: 'int' },
    { type: 'map', values: 'null' },
  ]) {
    const array = codecOf({ type: 'array', items }).decoder;
    const map = codecOf({ type: 'map', values: items }).decoder;
    for (const count of COUNTS) {
      const bytes = count < 0n ? Buffer.concat([long(count), long(4n)]) : long(count);
      refuses(array, bytes, 'INVALID_COUNT', 'INVALID_LENGTH', 'TRUNCATED');
      refuses(map, bytes, 'INVALID_COUNT', 'INVALID_LENGTH', 'TRUNCATED');
      refuses(
        array,
        Buffer.concat([bytes, Buffer.alloc(50, 2)]),
        'INVALID_COUNT',
        'INVALID_LENGTH',
        'TRUNCATED',
      );
      refuses(
        map,
        Buffer.concat([bytes, Buffer.alloc(50, 2)]),
        'INVALID_COUNT',
        'INVALID_LENGTH',
        'TRUNCATED',
      );
    }
  }
});

test('items without bytes are limited over the whole record, also in nested arrays', () => {
  const nulls = codecOf({ type: 'array', items: 'null' }).decoder;
  refuses(nulls, Buffer.concat([long(100_000_000n), Buffer.of(0)]), 'TOO_MANY_ITEMS');
  refuses(nulls, Buffer.concat([long(100_001n), Buffer.of(0)]), 'TOO_MANY_ITEMS');
  assert.equal((decode(nulls, Buffer.concat([long(100_000n), Buffer.of(0)])) as unknown[]).length, 100_000);
  const nested = codecOf({
    type: 'array',
    items: { type: 'array', items: { type: 'record', name: 'Empty', fields: [] } },
  }).decoder;
  const inner = Buffer.concat([long(90_000n), Buffer.of(0)]);
  refuses(
    nested,
    Buffer.concat([long(500n), ...Array.from({ length: 500 }, () => inner), Buffer.of(0)]),
    'TOO_MANY_ITEMS',
  );
  const blocks = Buffer.concat(Array.from({ length: 1_000 }, () => long(90_000n)));
  refuses(nulls, Buffer.concat([blocks, Buffer.of(0)]), 'TOO_MANY_ITEMS');
});

test('a record whose hostile fields are skipped is guarded like one whose fields are read', () => {
  const field = (type: unknown): unknown => ({
    type: 'record',
    name: 'R',
    fields: [
      { name: 'skipped', type },
      { name: 'kept', type: 'int' },
    ],
  });
  const reader = { type: 'record', name: 'R', fields: [{ name: 'kept', type: 'int' }] };
  for (const type of [
    { type: 'array', items: 'long' },
    { type: 'map', values: 'null' },
    { type: 'array', items: { type: 'array', items: 'null' } },
    'string',
    'bytes',
  ]) {
    const decoder = evolvedDecoder(reader, field(type));
    for (const count of COUNTS)
      refuses(
        decoder,
        Buffer.concat([long(count), Buffer.alloc(30, 2)]),
        'INVALID_COUNT',
        'INVALID_LENGTH',
        'TRUNCATED',
        'TRAILING_BYTES',
      );
  }
  const nulls = evolvedDecoder(reader, field({ type: 'array', items: 'null' }));
  refuses(nulls, Buffer.concat([long(100_000_000n), Buffer.of(0, 2)]), 'TOO_MANY_ITEMS');
  assert.deepEqual(decode(nulls, Buffer.concat([long(5n), Buffer.of(0, 2)])), { kept: 1 });
  const deep = evolvedDecoder(reader, {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'skipped', type: ['null', 'R'] },
      { name: 'kept', type: 'int' },
    ],
  });
  refuses(deep, Buffer.alloc(100_000, 2), 'TOO_DEEP');
});

test('negative and huge lengths of strings and bytes are refused', () => {
  for (const type of ['string', 'bytes']) {
    const { decoder } = codecOf(type);
    for (const length of [-1n, -100n, 65n, 1n << 31n, 1n << 40n, (1n << 63n) - 1n, -(1n << 63n)])
      refuses(decoder, Buffer.concat([long(length), Buffer.alloc(64, 65)]), 'INVALID_LENGTH');
  }
});

test('union branches, enum symbols, booleans, ints and longs outside their range are refused', () => {
  const union = codecOf(['null', 'int']).decoder;
  for (const index of [2n, -1n, 63n, 64n, 1n << 33n])
    refuses(union, Buffer.concat([long(index), Buffer.of(0)]), 'INVALID_UNION', 'INVALID_INT');
  const enumeration = codecOf({ type: 'enum', name: 'E', symbols: ['A', 'B'] }).decoder;
  for (const index of [2n, -1n, 1n << 33n]) refuses(enumeration, long(index), 'INVALID_ENUM', 'INVALID_INT');
  refuses(codecOf('boolean').decoder, Buffer.of(2), 'INVALID_BOOLEAN');
  refuses(codecOf('int').decoder, long(1n << 31n), 'INVALID_INT');
  refuses(codecOf('int').decoder, Buffer.alloc(20, 255), 'INVALID_INT');
  refuses(codecOf('long').decoder, Buffer.alloc(20, 255), 'INVALID_LONG');
});

test('nesting is limited in reading and writing, and a value inside itself is refused', () => {
  const lists = codecOf(list);
  refuses(lists.decoder, Buffer.alloc(1_000_000, 2), 'TOO_DEEP');
  const nest = (depth: number): unknown => {
    let value: unknown = { next: null };
    for (let i = 1; i < depth; i++) value = { next: value };
    return value;
  };
  assert.deepEqual(decode(lists.decoder, encode(lists.encoder, nest(1_000))), nest(1_000));
  assert.throws(() => encode(lists.encoder, nest(1_001)), { code: 'TOO_DEEP' });
  const circle: { next: unknown } = { next: null };
  circle.next = circle;
  assert.throws(() => encode(lists.encoder, circle), { code: 'TOO_DEEP' });
  refuses(codecOf(tree).decoder, Buffer.alloc(1_000_000, 2), 'TOO_DEEP');
  // Wide and valid: 200,000 leaves.
  const wide = Buffer.concat([long(200_000n), Buffer.alloc(200_000), Buffer.of(0)]);
  assert.equal((decode(codecOf(tree).decoder, wide) as { children: unknown[] }).children.length, 200_000);
});

test('text that is not UTF-8 is refused, but U+FFFD itself is accepted', () => {
  const { decoder, encoder } = codecOf('string');
  const bad = [
    [0xff],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf8, 0x88, 0x80, 0x80, 0x80],
    [0xe2, 0x82],
    [0xf4, 0x90, 0x80, 0x80],
    [0x80],
  ];
  for (const bytes of bad) {
    for (const padding of [0, 100, 300]) {
      const text = Buffer.concat([Buffer.alloc(padding, 65), Buffer.from(bytes)]);
      refuses(decoder, Buffer.concat([long(BigInt(text.length)), text]), 'INVALID_UTF8');
    }
  }
  for (const text of ['\ufffd', 'é\ufffd', '\ufffd'.repeat(500), '\ufeff', '\u0000', '💥'.repeat(30)])
    assert.equal(decode(decoder, encode(encoder, text)), text);
  assert.throws(() => encode(encoder, 'half \ud83d'), { code: 'INVALID_STRING' });
  assert.throws(() => encode(encoder, `${'long '.repeat(40)}\udc00`), { code: 'INVALID_STRING' });
});

test('a map key __proto__ is refused in both directions, other unusual names are plain data', () => {
  const { decoder, encoder } = codecOf({ type: 'map', values: 'string' });
  const key = Buffer.from('__proto__');
  refuses(
    decoder,
    Buffer.concat([long(1n), long(9n), key, long(1n), Buffer.from('x'), Buffer.of(0)]),
    'FORBIDDEN_KEY',
  );
  assert.throws(() => encode(encoder, JSON.parse('{"__proto__":"x"}')), { code: 'FORBIDDEN_KEY' });
  const value = { constructor: 'a', toString: 'b', hasOwnProperty: 'c', '1': 'd' };
  assert.deepEqual(decode(decoder, encode(encoder, value)), value);
  const record = codecOf({
    type: 'record',
    name: 'constructor',
    fields: [
      { name: 'toString', type: 'string', default: 'none' },
      { name: 'valueOf', type: ['null', 'int'], default: null },
    ],
  });
  assert.deepEqual(decode(record.decoder, encode(record.encoder, {})), { toString: 'none', valueOf: null });
});

test('records that abort a process through avsc leave a worker with a small heap alive', async () => {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { codecOf, decode } = await import(workerData);
    const outcomes = [];
    const bombs = [
      [{ type: 'array', items: 'long' }, [0xfe, 0xff, 0xff, 0xff, 0x1f]],
      [{ type: 'array', items: 'null' }, [0x80, 0x84, 0xaf, 0x5f]],
      [{ type: 'map', values: 'long' }, [0x80, 0x80, 0x80, 0x80, 0x80, 0x40]],
      [{ type: 'map', values: 'null' }, [0x80, 0x84, 0xaf, 0x5f]],
    ];
    for (const [schema, bytes] of bombs) {
      try {
        decode(codecOf(schema).decoder, Uint8Array.from(bytes));
        outcomes.push('value');
      } catch (error) {
        outcomes.push(error.name);
      }
    }
    parentPort.postMessage(outcomes);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: new URL('./support/avro.js', import.meta.url).href,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  const outcomes = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      reject(new Error(`the worker ended with ${String(code)}`));
    });
  });
  assert.deepEqual(outcomes, Array(4).fill('FormatError'));
  await worker.terminate();
});
