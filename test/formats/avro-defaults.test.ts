import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { DispatcherError } from '../../src/core/errors.js';
import { createDecoder, inspectSchema } from '../../src/formats/index.js';
import { codecOf, decode, encode, evolvedDecoder, withFiles } from './support/avro.js';

const record = (name: string, ...fields: unknown[]): object => ({ type: 'record', name, fields });
const field = (name: string, type: unknown, ...defaults: unknown[]): object => ({
  name,
  type,
  ...(defaults.length === 0 ? {} : { default: defaults[0] }),
});
const withDefault = (type: unknown, value: unknown): object => record('R', field('f', type, value));

const EMPTY = record('R');

/** What is read where the writer lacks the field, and is written where the value lacks it. */
function defaultOf(type: unknown, value: unknown): unknown {
  const schema = withDefault(type, value);
  const seen = decode(evolvedDecoder(schema, EMPTY), Buffer.of()) as { f: unknown };
  const { encoder, decoder } = codecOf(schema);
  assert.deepEqual(decode(decoder, encode(encoder, {})), seen);
  return seen.f;
}

const inner = record('I', field('e', 'int'));
const enumeration = { type: 'enum', name: 'E', symbols: ['A', 'B'] };
const fixed = { type: 'fixed', name: 'F', size: 2 };

test("a union's default may be a value of any of its branches, as in Java's Avro 1.12", () => {
  const cases: [unknown, unknown, unknown][] = [
    [['null', 'string'], 'x', 'x'],
    [['string', 'null'], null, null],
    [['null', 'int', 'long'], 5, { int: 5 }],
    [['null', 'long', 'int'], 5, { long: 5 }],
    [['null', 'int', 'long'], 5_000_000_000, { long: 5_000_000_000 }],
    [['null', 'float', 'double'], 1.5, { float: 1.5 }],
    [['null', 'double'], 1, 1],
    [['null', 'string', 'float'], 'NaN', 'NaN'],
    [['null', 'float', 'string'], 'NaN', 'NaN'],
    [['null', inner], { e: 1 }, { e: 1 }],
    [['null', enumeration], 'A', 'A'],
    [['null', 'bytes'], '\u00ff', Buffer.of(255)],
    [['null', 'bytes', 'string'], 'x', Buffer.from('x')],
    [['null', fixed], 'xy', Buffer.from('xy')],
    [
      ['null', { type: 'array', items: ['null', 'int'] }],
      [1, null],
      [1, null],
    ],
    [['int', { type: 'map', values: 'int' }], { a: 1 }, { a: 1 }],
    [record('Q', field('g', ['null', 'string'])), { g: 'x' }, { g: 'x' }],
    [record('Q', field('g', ['null', 'string'], 'y')), {}, { g: 'y' }],
  ];
  for (const [type, value, expected] of cases)
    assert.deepEqual(defaultOf(type, value), expected, JSON.stringify([type, value]));
});

test('the default of a float or double may be text, the only way to say NaN or Infinity', () => {
  const cases: [string, number][] = [
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['+Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['1.5', 1.5],
    ['-2e3', -2000],
  ];
  for (const type of ['float', 'double'])
    for (const [text, value] of cases) assert.equal(defaultOf(type, text), value, `${type} ${text}`);
});

test('a default may hold records of the type that it belongs to', () => {
  const tree = record(
    'R',
    field('a', 'int', 7),
    field('kids', { type: 'array', items: 'R' }, [{ kids: [] }]),
  );
  const seen = decode(evolvedDecoder(tree, EMPTY), Buffer.of());
  assert.deepEqual(seen, { a: 7, kids: [{ a: 7, kids: [] }] });
});

test('a default that does not fit its type is refused at the start, with file and field', () => {
  const cases: [unknown, unknown, RegExp][] = [
    ['int', 'x', /main\.avsc: .*the default "x" of R\.f is not an int/],
    ['int', 3_000_000_000, /the default 3000000000 of R\.f is not an int/],
    ['int', 1.5, /is not an int/],
    ['long', 2 ** 53, /is not a long/],
    ['float', 'nan', /the default "nan" of R\.f is not a float/],
    ['double', '', /is not a double/],
    ['boolean', null, /is not a boolean/],
    ['string', '\ud800', /is not a string/],
    ['bytes', '\u0100', /is not bytes/],
    [fixed, 'x', /is not a fixed of 2 bytes/],
    [enumeration, 'Z', /is not a symbol of E/],
    [['null', 'float'], 'NaN', /the default "NaN" of R\.f is of no branch of the union \(null, float\)/],
    [['int', 'string'], true, /is of no branch of the union \(int, string\)/],
    [{ type: 'array', items: 'double' }, ['NaN'], /the default \["NaN"\] of R\.f .*"NaN" is not a double/],
    [{ type: 'map', values: 'double' }, [], /is not a map/],
    [inner, {}, /lacks the field e of I, which has no default/],
    ['R', {}, /the default {} of R\.f .*inside itself/],
  ];
  for (const [type, value, message] of cases)
    withFiles({ 'main.avsc': JSON.stringify(withDefault(type, value)) }, (folder) =>
      assert.throws(
        () =>
          inspectSchema({
            format: 'avro',
            schema: { path: join(folder, 'main.avsc'), references: [] },
            long: 'number',
          }),
        (error) => {
          assert.ok(error instanceof DispatcherError && error.code === 'CONFIGURATION');
          assert.match(error.message, message);
          assert.match(error.remedy ?? '', /default/);
          return true;
        },
        String(message),
      ),
    );
});

const shop = (name: string, ...fields: unknown[]): object => ({
  ...record(name, ...fields),
  namespace: 'com.my-shop.v$2',
});

test("namespaces may hold what Java's Avro 1.11 lets them hold: -, $ and digits in front", () => {
  const line = { ...shop('Line', field('count', 'int')), namespace: 'com.my-shop.7lines' };
  const order = shop(
    'Order',
    field('lines', { type: 'array', items: ['null', line] }),
    field('next', ['null', 'Order']),
    field('same', ['null', 'com.my-shop.7lines.Line']),
    field('state', { type: 'enum', name: 'odd-one.State', symbols: ['A'] }),
    field('either', [{ type: 'record', name: 'Own', fields: [] }, 'com.my-shop.7lines.Line']),
  );
  const { encoder, decoder } = codecOf(order);
  const value = {
    lines: [{ count: 1 }, null],
    next: null,
    same: { count: 2 },
    state: 'A',
    either: { 'com.my-shop.7lines.Line': { count: 3 } },
  };
  assert.deepEqual(decode(decoder, encode(encoder, value)), value);
  assert.deepEqual(
    decode(decoder, encode(encoder, { ...value, next: value, either: { 'com.my-shop.v$2.Own': {} } })),
    { ...value, next: value, either: { 'com.my-shop.v$2.Own': {} } },
  );
  // Aliases have namespaces, too.
  const reader = { ...record('Newer', field('next', ['null', 'Newer'])), aliases: ['com.my-shop.v$2.Order'] };
  assert.deepEqual(decode(evolvedDecoder(reader, order), encode(encoder, value)), { next: null });
});

test('types in other files are found under such namespaces; a name itself must be an identifier', () => {
  const files = {
    'main.avsc': JSON.stringify(shop('Order', field('line', 'Line'), field('other', 'com.my-shop.v$2.Line'))),
    'line.avsc': JSON.stringify(shop('Line', field('count', 'int'))),
  };
  withFiles(files, (folder) => {
    const schema = { path: join(folder, 'main.avsc'), references: [join(folder, 'line.avsc')] };
    const decoder = createDecoder({ format: 'avro', schema, long: 'number' });
    assert.deepEqual(decode(decoder, Buffer.of(2, 4)), { line: { count: 1 }, other: { count: 2 } });
  });
  const faulty: [object, RegExp][] = [
    [shop('my-Order'), /invalid name: "com\.my-shop\.v\$2\.my-Order"/],
    [{ ...record('R'), namespace: 'a b' }, /invalid name: "a b\.R"/],
    [{ ...record('R'), namespace: 'a..b' }, /invalid name: "a\.\.b\.R"/],
    [shop('R', field('f', 'com.my-shop.Missing')), /undefined type name: com\.my-shop\.Missing/],
  ];
  for (const [schema, message] of faulty)
    assert.throws(() => codecOf(schema), { code: 'CONFIGURATION', message });
});
