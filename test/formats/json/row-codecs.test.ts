import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../../../src/formats/index.js';
import { createJsonRowCodecs } from '../../../src/formats/json/row-codecs.js';
import { JsonEncoder } from '../../../src/formats/json-encode.js';
import { blockOf, jsonText, plainText, startOf } from './support.js';

type Members = Record<string, unknown>;
type Change = (value: Members, more: unknown) => unknown;

const plain = new JsonEncoder();

function first(value: Members): string {
  return Object.keys(value)[0] ?? 'id';
}

function at(value: unknown, key: string): Members {
  const member: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof member === 'object' && member !== null ? (member as Members) : {};
}

/** What transforms do with a record, and what none should do. */
const CHANGES: Readonly<Record<string, Change>> = {
  nothing: (value) => value,
  copied: (value) => ({ ...value }),
  deepCopied: (value) => structuredClone(value),
  set: (value, more) => Object.assign(value, { price: more }),
  setFirst: (value, more) => Object.assign(value, { [first(value)]: more }),
  setLast: (value, more) => Object.assign(value, { [Object.keys(value).at(-1) ?? 'id']: more }),
  setAll: (value, more) => Object.fromEntries(Object.keys(value).map((key) => [key, more])),
  setNested: (value, more) => {
    Object.assign(at(value, 'address'), { city: more });
    return value;
  },
  replacedNested: (value, more) => ({ ...value, address: more }),
  negated: (value) => Object.assign(value, { price: -Number(value['price']) }),
  pushed: (value, more) => {
    if (Array.isArray(value['tags'])) value['tags'].push(more);
    return value;
  },
  replacedItem: (value, more) => {
    if (Array.isArray(value['tags'])) value['tags'][0] = more;
    return value;
  },
  hole: (value) => {
    if (Array.isArray(value['tags'])) value['tags'].length += 1;
    return value;
  },
  added: (value, more) => ({ ...value, more }),
  addedNested: (value, more) => {
    Object.assign(at(value, 'address'), { more });
    return value;
  },
  removed: (value) => {
    Reflect.deleteProperty(value, first(value));
    return value;
  },
  reordered: (value) => Object.fromEntries(Object.entries(value).reverse()),
  hidden: (value) => Object.defineProperty(value, first(value), { enumerable: false }),
  symbol: (value) => Object.assign(value, { [Symbol('s')]: 1 }),
  withToJson: (value, more) => Object.assign(value, { toJSON: () => more }),
  nestedToJson: (value, more) => {
    Object.assign(at(value, 'address'), { toJSON: (key: string) => [key, more] });
    return value;
  },
  arrayToJson: (value, more) => {
    Object.assign(at(value, 'tags'), { toJSON: (key: string) => [key, more] });
    return value;
  },
  instance: (value) => Object.assign(new (class Order {})(), value),
  noPrototype: (value) => Object.assign(Object.create(null), value) as unknown,
  inherited: (value) => Object.create(value) as unknown,
  proxy: (value) => new Proxy(value, {}),
  revoked: (value) => {
    const { proxy, revoke } = Proxy.revocable(value, {});
    revoke();
    return proxy;
  },
  getter: (value, more) => Object.defineProperty(value, first(value), { get: () => more, enumerable: true }),
  throwing: (value) =>
    Object.defineProperty(value, 'name', {
      get: () => {
        throw new Error('no name');
      },
      enumerable: true,
    }),
  itself: (value) => Object.assign(value, { price: value }),
  itselfNested: (value) => {
    Object.assign(at(value, 'address'), { city: [value] });
    return value;
  },
  other: (_, more) => more,
};

const more = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.double(),
  fc.constantFrom<unknown>(
    undefined,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    -0,
    1e21,
    1n,
    Symbol('s'),
    () => 1,
    new Date(0),
    new Date(Number.NaN),
    new Map([[1, 2]]),
    new Error('e'),
    Buffer.from('b'),
    Object('boxed'),
    Object(7),
    [undefined, null],
    { a: undefined },
    '\u2028"\\\n',
    '\ud800',
    'x'.repeat(3_000),
    Array.from({ length: 1_100 }).reduce<unknown>((inner) => [inner], 1),
  ),
);

/** The bytes, how many would be needed, or the refusal; nothing outside the room is written. */
function outcome(encode: (bytes: Uint8Array) => number, start: number, limit: number): unknown {
  const bytes = new Uint8Array(8_192).fill(1);
  try {
    const end = encode(bytes);
    assert.ok(bytes.subarray(0, start).every((byte) => byte === 1));
    assert.ok(bytes.subarray(limit).every((byte) => byte === 1));
    return end < 0 ? end : Buffer.from(bytes.subarray(start, end)).toString('latin1');
  } catch (error) {
    if (error instanceof FormatError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

test('what is written is what JSON.stringify and the checks make of it, whatever a transform does', () => {
  const { decoder, encoder } = createJsonRowCodecs();
  const change = fc.tuple(fc.constantFrom(...Object.keys(CHANGES)), more, fc.integer({ min: 0, max: 400 }));
  const record = fc.tuple(fc.oneof({ weight: 6, arbitrary: plainText }, jsonText), change);
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), (records) => {
      const block = blockOf(records.map(([bytes]) => bytes));
      for (const [row, [bytes, [name, given, room]]] of records.entries()) {
        const start = startOf(block, row);
        let value: unknown;
        try {
          value = decoder.decode(block, start, start + bytes.length, row);
        } catch {
          continue;
        }
        const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
        const changed = isRecord ? CHANGES[name]?.(value as Members, given) : value;
        for (const limit of [8_192, 5 + room]) {
          const written = outcome((to) => encoder.encode(changed, to, 5, limit), 5, limit);
          assert.deepEqual(
            written,
            outcome((to) => plain.encode(changed, to, 5, limit), 5, limit),
            name,
          );
        }
      }
      decoder.release?.();
    }),
    { numRuns: 800 },
  );
});

const RECORD = '{"id":7,"name":"Jörg","tags":["a",1,null],"address":{"city":"Ulm","zip":null},"list":[[1]]}';

/** Two records of one block, the second of which has the shape of the first. */
function secondOf(record: string) {
  const codecs = createJsonRowCodecs();
  const block = blockOf([record, record]);
  const read = (row: number) => {
    const start = startOf(block, row);
    return codecs.decoder.decode(block, start, start + Buffer.byteLength(record), row) as Members;
  };
  read(0);
  const value = read(1);
  const start = startOf(block, 1);
  const write = (changed: unknown) => {
    const out = Buffer.alloc(8_192);
    return out.toString('utf8', 0, codecs.encoder.encode(changed, out, 0, out.length));
  };
  return { value, write, codecs, replace: (text: string, by: string) => replaceIn(block, start, text, by) };
}

function replaceIn(block: Uint8Array, from: number, text: string, by: string): void {
  block.set(Buffer.from(by), Buffer.from(block).indexOf(text, from));
}

test('members that a transform leaves alone are copied from the block, not written again', () => {
  const { value, write, replace } = secondOf(RECORD);
  replace('Ulm', 'Bad');
  replace('"a"', '"b"');
  assert.equal(
    write({ ...value, id: 8.5 }),
    RECORD.replace('7', '8.5').replace('Ulm', 'Bad').replace('"a"', '"b"'),
  );
  assert.deepEqual(value['tags'], ['a', 1, null]);
});

test('after a release nothing is copied', () => {
  const { value, write, replace, codecs } = secondOf(RECORD);
  replace('Ulm', 'Bad');
  codecs.decoder.release?.();
  assert.equal(write(value), RECORD);
});

test('a text that JSON.stringify would write otherwise is not copied', () => {
  const spaced = RECORD.replace('"id":7', '"id": 7');
  for (const record of [spaced, RECORD.replace('7', '7.0'), RECORD.replace('Ulm', '\\u0055lm')]) {
    const { value, write } = secondOf(record);
    assert.equal(write(value), RECORD);
  }
});

test('keys that look like indexes are written in the order of JavaScript', () => {
  const { value, write } = secondOf('{"b":{"2":1,"1":2},"10":1,"9":2}');
  assert.equal(write(value), '{"9":2,"10":1,"b":{"1":2,"2":1}}');
  const nested = secondOf('{"b":{"2":1,"1":2}}');
  assert.equal(nested.write(nested.value), '{"b":{"1":2,"2":1}}');
});

test('objects are read with one hidden class, and their shape may change', () => {
  const codecs = createJsonRowCodecs();
  for (const keys of [['a', 'b'], ['b', 'a'], ['c']]) {
    const text = (i: number) => JSON.stringify(Object.fromEntries(keys.map((key) => [key, i])));
    const values = Array.from({ length: 2_000 }, (_, i) => Buffer.from(text(i)));
    const block = blockOf(values);
    for (const [row, bytes] of values.entries()) {
      const start = startOf(block, row);
      const value = codecs.decoder.decode(block, start, start + bytes.length, row);
      assert.equal(JSON.stringify(value), text(row));
    }
    codecs.decoder.release?.();
  }
});

test('what someone adds to the prototypes of objects counts as it does for JSON.stringify', () => {
  for (const [prototype, key, added] of [
    [Object.prototype, 'toJSON', () => 'object'],
    [Array.prototype, 'toJSON', () => 'array'],
    [Object.prototype, 'enumerable', 1],
  ] as const) {
    const { value, write } = secondOf(RECORD);
    Object.defineProperty(prototype, key, { value: added, configurable: true, enumerable: true });
    try {
      assert.equal(write({ ...value, id: 8 }), JSON.stringify({ ...value, id: 8 }));
    } finally {
      Reflect.deleteProperty(prototype, key);
    }
  }
});
