import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { FormatError } from '../../../src/formats/format.js';
import { codecOf, encode } from '../support/avro.js';
import {
  type AvroSides,
  avroFields,
  bytesOf,
  declared,
  decodePlaced,
  placed,
  record,
  splice,
  withField,
} from './support.js';

const user = record('User', { name: 'id', type: 'long' }, { name: 'name', type: 'string' });
const order = record(
  'Order',
  { name: 'id', type: 'long' },
  { name: 'amount', type: 'double' },
  { name: 'user', type: user },
  { name: 'tags', type: { type: 'array', items: 'string' } },
  { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'OLD'] } },
);
const without = (schema: typeof order, name: string): typeof order => ({
  ...schema,
  fields: schema.fields.filter((field) => field.name !== name),
});
const VALUE = { id: 1, amount: 2.5, user: { id: 7, name: 'ann' }, tags: ['a', 'b'], state: 'NEW' };

interface Refusal {
  readonly of: string;
  readonly sides: AvroSides;
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  readonly says: RegExp;
}

const REFUSED: readonly Refusal[] = [
  {
    of: 'a field to read that the input does not have',
    sides: { input: order },
    reads: ['amuont'],
    says: /reads: the input schema has no field amuont; did you mean amount\?/,
  },
  {
    of: 'a field to write that the output does not have',
    sides: { input: order },
    writes: ['user.nmae'],
    says: /writes: the output schema has no field user.nmae; did you mean user.name\?/,
  },
  {
    of: 'a field inside a value that is no record',
    sides: { input: order },
    reads: ['tags.first'],
    says: /reads: tags is of type array in the input schema, not a record.* declare tags itself/s,
  },
  {
    of: 'a field to write inside a value that is no record',
    sides: { input: order },
    writes: ['amount.cents'],
    says: /writes: amount is of type double in the input schema, not a record/,
  },
  {
    of: 'a field of the output that nobody provides',
    sides: { input: order, output: withField(order, { name: 'cents', type: 'long' }) },
    says: /field cents is not in the input; add it to `writes` and return it/,
  },
  {
    of: 'a field of the output that nobody provides, although it has a default',
    sides: { input: order, output: withField(order, { name: 'cents', type: 'long', default: 0 }) },
    says: /field cents is not in the input/,
  },
  {
    of: 'a field that would be lost',
    sides: { input: order, output: without(order, 'tags') },
    says: /the output schema has no field tags, so records would lose it.*unknown-fields: ignore/s,
  },
  {
    of: 'a field whose type changes',
    sides: { input: order, output: withField(order, { name: 'amount', type: 'float' }) },
    says: /the type of amount differs between the input and the output schema/,
  },
  {
    of: 'an enum whose symbols change their order',
    sides: {
      input: order,
      output: withField(order, {
        name: 'state',
        type: { type: 'enum', name: 'State', symbols: ['OLD', 'NEW'] },
      }),
    },
    says: /the type of state differs/,
  },
  {
    of: 'a field that is promoted when it is read',
    sides: {
      input: order,
      writer: withField(order, { name: 'amount', type: 'float' }),
    },
    says: /the type of amount differs between the writer's and the output schema/,
  },
  {
    of: 'a field to read that the writer does not have',
    sides: {
      input: withField(order, { name: 'note', type: 'string', default: '' }),
      writer: order,
    },
    reads: ['note'],
    says: /reads: the writer's schema has no field note: every record would have its default/,
  },
  {
    of: 'a schema that is no record',
    sides: { input: 'string' },
    says: /the input schema is of type string, not a record/,
  },
  {
    of: 'an output schema that is no record',
    sides: { input: order, output: { type: 'map', values: 'string' } },
    says: /the output schema is of type map, not a record/,
  },
];

for (const { of, sides, reads = [], writes = [], says } of REFUSED)
  test(`${of} is refused at start, by name`, async () => {
    await assert.rejects(avroFields(sides, declared(reads, writes)), (error) => {
      assert.ok(error instanceof DispatcherError);
      assert.equal(error.code, 'CONFIGURATION');
      assert.match(error.message, says);
      return true;
    });
  });

test('all mistakes are reported at once, with the files of the schemas', async () => {
  const sides = {
    input: order,
    writer: withField(order, { name: 'amount', type: 'float' }),
    output: withField(order, { name: 'state', type: 'string' }),
  };
  const fields = declared(['usr.name', 'tags.first'], ['user.nmae', 'tags.last']);
  await assert.rejects(avroFields(sides, fields), (error) => {
    assert.ok(error instanceof DispatcherError);
    for (const words of [
      /\(input \S+in\.avsc, written with \S+writer\.avsc, output \S+out\.avsc\): /,
      /reads: the input schema has no field usr; did you mean user\?/,
      /reads: tags is of type array in the input schema/,
      /writes: the output schema has no field user\.nmae; did you mean user\.name\?/,
      /the type of amount differs between the writer's and the output schema/,
      /the type of state differs between the input and the output schema/,
    ])
      assert.match(error.message, words);
    assert.equal(error.message.split('is of type array').length - 1, 1, 'named once, not for each side');
    return true;
  });
});

test('only the declared fields are read, nested ones inside their record', async () => {
  const { decoder } = await avroFields({ input: order }, declared(['user.name', 'amount'], []));
  assert.deepEqual(decodePlaced(decoder, placed(bytesOf(order, VALUE))), {
    user: { name: 'ann' },
    amount: 2.5,
  });
});

test('a record that is read as a whole may have a field inside it written', async () => {
  const { decoder, encoder } = await avroFields({ input: order }, declared(['user'], ['user.name']));
  const source = placed(bytesOf(order, VALUE));
  assert.deepEqual(decodePlaced(decoder, source), { user: VALUE.user });
  const spliced = splice(encoder, { user: { name: 'bob' } }, source);
  assert.deepEqual(spliced, bytesOf(order, { ...VALUE, user: { id: 7, name: 'bob' } }));
});

test('a new field of the output is written where the schema has it, in any order of fields', async () => {
  const output = {
    ...order,
    fields: [{ name: 'cents', type: 'long' }, ...order.fields.toReversed()],
  };
  const { decoder, encoder } = await avroFields({ input: order, output }, declared(['amount'], ['cents']));
  const source = placed(bytesOf(order, VALUE));
  assert.deepEqual(decodePlaced(decoder, source), { amount: 2.5 });
  assert.deepEqual(splice(encoder, { cents: 250 }, source), bytesOf(output, { ...VALUE, cents: 250 }));
});

test('with unknown-fields: ignore, a field that the output does not have is dropped', async () => {
  const output = without(order, 'user');
  const sides: AvroSides = { input: order, output, unknownFields: 'ignore' };
  const { decoder, encoder } = await avroFields(sides, declared([], ['amount']));
  const source = placed(bytesOf(order, VALUE));
  decodePlaced(decoder, source);
  const { user: _dropped, ...rest } = VALUE;
  assert.deepEqual(splice(encoder, { amount: 1 }, source), bytesOf(output, { ...rest, amount: 1 }));
});

test('a long beyond 2^53 and an array in several blocks stay as they are', async () => {
  const schema = record(
    'Log',
    { name: 'big', type: 'long' },
    { name: 'items', type: { type: 'array', items: 'int' } },
    { name: 'count', type: 'int' },
  );
  const big = codecOf({ type: 'record', name: 'Big', fields: [{ name: 'big', type: 'long' }] }, 'bigint');
  const head = encode(big.encoder, { big: 2n ** 60n });
  // Two blocks, of which the second says its size: [1], [2].
  const items = Buffer.from([2, 2, 1, 2, 4, 0]);
  const source = placed(Buffer.concat([head, items, Buffer.from([6])]));
  const { decoder, encoder } = await avroFields({ input: schema }, declared(['count'], ['count']));
  assert.deepEqual(decodePlaced(decoder, source), { count: 3 });
  assert.deepEqual(splice(encoder, { count: 4 }, source), Buffer.concat([head, items, Buffer.from([8])]));
});

test('evolved records keep equal fields, lose those of the writer alone, and get defaults', async () => {
  const writer = withField(
    { ...order, fields: [{ name: 'secret', type: 'string' }, ...order.fields] },
    { name: 'total', type: 'double' },
  );
  const input = withField(withField(order, { name: 'sum', type: 'double', aliases: ['total'] }), {
    name: 'note',
    type: 'string',
    default: 'none',
  });
  const { decoder, encoder } = await avroFields({ input, writer }, declared(['sum'], ['id']));
  const source = placed(bytesOf(writer, { ...VALUE, secret: 's', total: 9 }));
  assert.deepEqual(decodePlaced(decoder, source), { sum: 9 });
  assert.deepEqual(
    splice(encoder, { id: 2 }, source),
    bytesOf(input, { ...VALUE, id: 2, sum: 9, note: 'none' }),
  );
});

interface Fault {
  readonly of: string;
  readonly result: unknown;
  readonly code: string;
  readonly says: RegExp;
}

const FAULTS: readonly Fault[] = [
  { of: 'no object', result: 5, code: 'INVALID_VALUE', says: /Order: expected/ },
  { of: 'a list', result: [], code: 'INVALID_VALUE', says: /Order: expected/ },
  {
    of: 'without a declared field',
    result: { user: { name: 'x' } },
    code: 'MISSING_VALUE',
    says: /Order.amount: .* undefined/,
  },
  {
    of: 'with a field that is not declared',
    result: { amount: 1, user: { name: 'x' }, id: 3 },
    code: 'INVALID_VALUE',
    says: /Order: `writes` has no field "id"/,
  },
  {
    of: 'with a nested field that is not declared',
    result: { amount: 1, user: { name: 'x', id: 3 } },
    code: 'INVALID_VALUE',
    says: /Order.user: `writes` has no field "id"/,
  },
  {
    of: 'with no record where fields of it are declared',
    result: { amount: 1, user: null },
    code: 'INVALID_VALUE',
    says: /Order.user: expected/,
  },
  {
    of: 'of another type',
    result: { amount: '1', user: { name: 'x' } },
    code: 'INVALID_VALUE',
    says: /Order.amount: expected/,
  },
];

for (const { of, result, code, says } of FAULTS)
  test(`a result ${of} is refused with the field's path`, async () => {
    const { decoder, encoder } = await avroFields({ input: order }, declared([], ['amount', 'user.name']));
    const source = placed(bytesOf(order, VALUE));
    decodePlaced(decoder, source);
    assert.throws(
      () => splice(encoder, result, source),
      (error) => {
        assert.ok(error instanceof FormatError);
        assert.equal(error.code, code);
        assert.match(error.message, says);
        return true;
      },
    );
  });

test('a written field that is undefined gets its default', async () => {
  const schema = withField(order, { name: 'note', type: 'string', default: 'none' });
  const { decoder, encoder } = await avroFields({ input: schema }, declared([], ['note']));
  const source = placed(bytesOf(schema, { ...VALUE, note: 'some' }));
  decodePlaced(decoder, source);
  assert.deepEqual(splice(encoder, {}, source), bytesOf(schema, { ...VALUE, note: 'none' }));
});

test('a record with hundreds of fields is read and spliced like a small one', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `f${index}`);
  const schema = record('Wide', ...names.map((name) => ({ name, type: 'string' })));
  const value = Object.fromEntries(names.map((name) => [name, `value of ${name}`]));
  const fields = declared(['f0', 'f150', 'f299'], ['f10', 'f290']);
  const { decoder, encoder } = await avroFields({ input: schema }, fields);
  const source = placed(bytesOf(schema, value));
  assert.deepEqual(decodePlaced(decoder, source), {
    f0: 'value of f0',
    f150: 'value of f150',
    f299: 'value of f299',
  });
  const changes = { f10: 'ten', f290: 'x'.repeat(3000) };
  assert.deepEqual(splice(encoder, changes, source), bytesOf(schema, { ...value, ...changes }));
});
