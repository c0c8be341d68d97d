import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { DispatcherError } from '../../src/core/errors.js';
import { createDecoder, createEncoder, inspectSchema } from '../../src/formats/index.js';
import { codecOf, decode, encode, withFiles } from './support/avro.js';

const main = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'customer', type: 'Customer' },
    { name: 'home', type: 'geo.Address' },
    { name: 'again', type: ['null', 'geo.Address'] },
  ],
};
const customer = {
  type: 'record',
  name: 'Customer',
  namespace: 'shop',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'address', type: 'geo.Address' },
    { name: 'last', type: ['null', 'Order'] },
  ],
};
const address = {
  type: 'record',
  name: 'geo.Address',
  fields: [
    { name: 'street', type: 'string' },
    { name: 'country', type: { type: 'enum', name: 'Country', symbols: ['DE', 'US'] } },
  ],
};
const both = [
  address,
  {
    ...customer,
    fields: [
      { name: 'name', type: 'string' },
      { name: 'from', type: 'geo.Country' },
    ],
  },
];

const at = { street: 'Main', country: 'DE' };

test('a schema refers to types in other files, in any order, also in circles', () => {
  const value = {
    customer: {
      name: 'A',
      address: at,
      last: { customer: { name: 'B', address: at, last: null }, home: at, again: at },
    },
    home: at,
    again: null,
  };
  withFiles({ 'main.avsc': main, 'customer.avsc': customer, 'address.avsc': address }, (folder) => {
    const [a, b] = [join(folder, 'customer.avsc'), join(folder, 'address.avsc')];
    for (const references of [
      [a, b],
      [b, a],
      [b, a, join(folder, 'main.avsc'), a],
    ]) {
      const spec = {
        format: 'avro',
        schema: { path: join(folder, 'main.avsc'), references },
        long: 'number',
      } as const;
      assert.deepEqual(decode(createDecoder(spec), encode(createEncoder(spec), value)), value);
    }
  });
});

test('a file may define several types, and a nested type may be used before its definition', () => {
  const value = { customer: { name: 'A', from: 'US' }, home: at, again: null };
  withFiles({ 'main.avsc': main, 'both.avsc': both }, (folder) => {
    const spec = {
      format: 'avro',
      schema: { path: join(folder, 'main.avsc'), references: [join(folder, 'both.avsc')] },
      long: 'number',
    } as const;
    assert.deepEqual(decode(createDecoder(spec), encode(createEncoder(spec), value)), value);
  });
  const inner = {
    type: 'record',
    name: 'M',
    fields: [
      { name: 'c', type: 'geo.Country' },
      { name: 'a', type: 'geo.Address' },
    ],
  };
  withFiles({ 'main.avsc': inner, 'address.avsc': address }, (folder) => {
    const spec = {
      format: 'avro',
      schema: { path: join(folder, 'main.avsc'), references: [join(folder, 'address.avsc')] },
      long: 'number',
    } as const;
    assert.deepEqual(decode(createDecoder(spec), encode(createEncoder(spec), { c: 'US', a: at })), {
      c: 'US',
      a: at,
    });
  });
});

test(
  'schemas as Java accepts them: a nested type object, a reference as a type, names like those ' +
    'of Object.prototype',
  () => {
    const nested = codecOf({
      type: 'record',
      name: 'constructor',
      fields: [
        { name: 'a', type: { type: { type: 'long' } } },
        { name: 'b', type: { type: 'array', items: { type: 'constructor' } } },
      ],
    });
    const value = { a: 1, b: [{ a: 2, b: [] }] };
    assert.deepEqual(decode(nested.decoder, encode(nested.encoder, value)), value);
  },
);

function configurationError(use: () => unknown, message: RegExp): void {
  assert.throws(use, (error) => {
    assert.ok(error instanceof DispatcherError, String(error));
    assert.equal(error.code, 'CONFIGURATION');
    assert.match(error.message, message);
    assert.ok(error.remedy !== undefined && error.remedy.length > 10);
    return true;
  });
}

test('a faulty schema is a configuration error with the file, the place and a remedy', () => {
  const cases: [unknown, RegExp][] = [
    ['{\n  "type": "record",\n  "name": }', /main\.avsc:3:11: the schema is not JSON/],
    ['{ "type": "record"', /main\.avsc:1:19: the schema is not JSON/],
    ['{ "type": "record", // comment\n "name": "R" }', /main\.avsc:1:21: /],
    ['{ "type": "record",\n  "fields": [1, 2,] }', /main\.avsc:2:19: /],
    ['{ "type": "enum" }\n}', /main\.avsc:2:1: /],
    ["{ 'type': 1 }", /main\.avsc:1:3: /],
    [
      { type: 'record', name: 'R', fields: [{ name: 'a', type: 'Unknown' }] },
      /main\.avsc: not a valid Avro schema: undefined type name: Unknown/,
    ],
    [{ type: 'record', name: 'R', fields: [{ name: 'a-b', type: 'int' }] }, /invalid field name/],
    [{ type: 'record', name: 'R', fields: [{ name: '__proto__', type: 'int' }] }, /"__proto__"/],
    [
      { type: 'record', name: 'R', fields: [{ name: 'a', type: 'int', default: 'x' }] },
      /the default "x" of R\.a is not an int/,
    ],
    [
      { type: 'record', name: 'R', fields: [{ name: 'a', type: ['null', 'int'], default: 'x' }] },
      /the default "x" of R\.a is of no branch of the union \(null, int\)/,
    ],
    [{ type: 'enum', name: 'E', symbols: ['A', 'A'] }, /duplicate/],
    [{ type: 'nonsense' }, /not a valid Avro schema/],
    [['int', 'int'], /duplicate union branch/],
    ['null', /not a valid Avro schema/],
    ['[]', /not a valid Avro schema/],
    ['17', /not a valid Avro schema/],
    [{ subject: 'flights', version: 1, id: 42, schema: '"string"' }, /the answer of a schema registry/],
    [{ protocol: 'Flights', namespace: 'air', types: [address], messages: {} }, /an Avro protocol/],
    [{}, /main\.avsc: not an Avro schema: it has no "type"/],
  ];
  for (const [schema, message] of cases) {
    withFiles({ 'main.avsc': schema }, (folder) => {
      configurationError(() => {
        inspectSchema({
          format: 'avro',
          schema: { path: join(folder, 'main.avsc'), references: [] },
          long: 'number',
        });
      }, message);
    });
  }
  configurationError(
    () =>
      createDecoder({ format: 'avro', schema: { path: '/nowhere/x.avsc', references: [] }, long: 'number' }),
    /\/nowhere\/x\.avsc: the schema file can't be read/,
  );
  configurationError(() => createDecoder({ format: 'avro', long: 'number' }), /needs a schema/);
});

test('two different definitions of one name are refused, two equal ones count as one', () => {
  const other = { ...address, fields: [{ name: 'street', type: 'bytes' }] };
  withFiles(
    { 'main.avsc': main, 'customer.avsc': customer, 'a.avsc': address, 'b.avsc': other, 'c.avsc': address },
    (folder) => {
      const spec = (files: string[]) =>
        ({
          format: 'avro',
          schema: { path: join(folder, 'main.avsc'), references: files.map((file) => join(folder, file)) },
          long: 'number',
        }) as const;
      configurationError(
        () => createDecoder(spec(['customer.avsc', 'a.avsc', 'b.avsc'])),
        /b\.avsc: the type geo\.Address is defined again, differently from .*a\.avsc/,
      );
      inspectSchema(spec(['customer.avsc', 'a.avsc', 'c.avsc']));
    },
  );
});
