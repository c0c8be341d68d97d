/** A transform with `reads` and `writes`, as a worker runs it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { drop, emit, emitAll, forward, reject } from '../../src/index.js';
import type { TaskSettingsInput } from '../../src/transform/settings.js';
import { codecOf, encode } from '../formats/support/avro.js';
import { headerText, run, runAll, runnerFor, sleep } from './run.js';
import type { Seen } from './support.js';

const ORDER = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'int' },
    { name: 'amount', type: 'int' },
    { name: 'note', type: 'string' },
  ],
};
const folder = mkdtempSync(join(tmpdir(), 'declared-test-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'order.avsc');
writeFileSync(path, JSON.stringify(ORDER));
const side = { format: 'avro' as const, long: 'number' as const, schema: { path, references: [] } };
const settings: Partial<TaskSettingsInput> = { input: side, output: side };
const { encoder, decoder } = codecOf(ORDER);

interface Order {
  readonly id: number;
  readonly amount: number;
  readonly note: string;
}

const orders = (count: number): Order[] =>
  Array.from({ length: count }, (_, id) => ({ id, amount: id * 10, note: `note ${id}` }));
const inputs = (count: number): { value: Buffer }[] =>
  orders(count).map((order) => ({ value: encode(encoder, order) }));

function valueOf({ raw }: Seen): unknown {
  assert.ok(raw !== null);
  return decoder.decode(raw, 0, raw.length);
}

const doubled = orders(5).map((order) => ({ ...order, amount: order.amount * 2 }));

test('a function gets the fields it reads, and returns those it writes', async () => {
  const seen: unknown[] = [];
  const transform = (value: { amount: number }): unknown => {
    seen.push(value);
    return { amount: value.amount * 2 };
  };
  const ran = await run({ reads: ['amount'], writes: ['amount'], transform }, inputs(5), { settings });
  assert.deepEqual(
    seen,
    orders(5).map(({ amount }) => ({ amount })),
  );
  assert.deepEqual(ran.outputs.map(valueOf), doubled);
});

test('an asynchronous function may answer in any order', async () => {
  const transform = async ({ id, amount }: Order): Promise<unknown> => {
    await sleep((5 - id) * 3);
    return { amount: amount * 2 };
  };
  const ran = await run({ reads: ['id', 'amount'], writes: ['amount'], transform }, inputs(5), { settings });
  assert.deepEqual(ran.outputs.map(valueOf), doubled);
});

test('transformBatch returns the written fields of each record', async () => {
  const transformBatch = (values: readonly Order[]): unknown =>
    values.map(({ amount }) => ({ amount: amount * 2 }));
  const ran = await run({ reads: ['amount'], writes: ['amount'], transformBatch }, inputs(5), { settings });
  assert.deepEqual(ran.outputs.map(valueOf), doubled);
});

test('emit, emitAll and forward of one record each make records of their own', async () => {
  const transform = ({ id }: Order): unknown => {
    if (id === 0) return emit({ amount: 5 }, { key: 'k' });
    if (id === 1) return emitAll([{ amount: 6 }, emit({ amount: 7 }), forward({ key: 'f' })]);
    if (id === 2) return forward();
    return id === 3 ? drop('THREE') : reject('FOUR', 'four');
  };
  const ran = await run({ reads: ['id'], writes: ['amount'], transform }, inputs(5), { settings });
  const [zero, one, two] = orders(3);
  assert.deepEqual(ran.outputs.slice(0, 5).map(valueOf), [
    { ...zero, amount: 5 },
    { ...one, amount: 6 },
    { ...one, amount: 7 },
    one,
    two,
  ]);
  assert.deepEqual(
    ran.outputs.slice(0, 5).map(({ key }) => key),
    ['k', null, null, 'f', null],
  );
  assert.deepEqual(ran.outcomes, ['transformed', 'transformed', 'transformed', 'THREE', 'FOUR']);
});

test('results that do not fit into the block continue in the next one', async () => {
  const transform = ({ id }: Order): unknown => ({ note: `${id} `.repeat(400) });
  const definition = { reads: ['id'], writes: ['note'], transform };
  const runs = await runAll(definition, inputs(40), { settings, outputBytes: 4096 });
  assert.ok(runs.length > 1);
  assert.deepEqual(
    runs.flatMap(({ outputs }) => outputs.map(valueOf)),
    orders(40).map((order) => ({ ...order, note: `${order.id} `.repeat(400) })),
  );
});

test('a record whose undeclared bytes are damaged is rejected alone, by the field', async () => {
  const records = inputs(3);
  const bad = Buffer.from(records[1]?.value ?? '');
  bad[bad.length - 1] = 0xff;
  records[1] = { value: bad };
  const transform = ({ amount }: Order): unknown => ({ amount });
  const ran = await run({ reads: ['amount'], writes: ['amount'], transform }, records, { settings });
  assert.deepEqual(ran.outcomes, ['transformed', 'INVALID_UTF8', 'transformed']);
  assert.match(headerText(ran.outputs[1], 'kd-message') ?? '', /Order\.note: holds bytes that are not UTF-8/);
});

test('a result with a field that is not declared is rejected, and says so', async () => {
  const ran = await run({ writes: ['amount'], transform: () => ({ amount: 1, id: 9 }) }, inputs(1), {
    settings,
  });
  assert.deepEqual(ran.outcomes, ['INVALID_VALUE']);
  assert.match(headerText(ran.outputs[0], 'kd-message') ?? '', /`writes` has no field "id"/);
});

test('without written fields, an empty result leaves the record as it is', async () => {
  const ran = await run({ reads: ['id'], writes: [], transform: () => ({}) }, inputs(2), { settings });
  assert.deepEqual(ran.outputs.map(valueOf), orders(2));
});

for (const format of ['json', 'avro'] as const)
  for (const writes of [[], ['amount']])
    test(`${format}: a tombstone has no bytes to write ${writes.length} fields into`, async () => {
      const of = format === 'avro' ? side : { format, long: 'number' as const };
      const fields = Object.fromEntries(writes.map((name) => [name, 1]));
      for (const result of [fields, emit(fields), emitAll([fields])]) {
        const definition = { reads: [], writes, transform: () => forward(), onTombstone: () => result };
        const ran = await run(definition, [{ value: null, key: Buffer.from('k') }], {
          settings: { input: of, output: of },
        });
        assert.deepEqual(ran.outcomes, ['INVALID_RESULT']);
        assert.match(headerText(ran.outputs[0], 'kd-message') ?? '', /a record with a null value/);
      }
    });

const REFUSED: readonly (readonly [of: string, definition: object, says: RegExp])[] = [
  ['no list', { reads: 'amount' }, /reads is of type string, not a list/],
  ['null', { reads: null }, /reads is null, not a list/],
  ['an object', { writes: { amount: true } }, /writes is of type object, not a list/],
  ['a name that is no text', { reads: [1] }, /reads has 1, which is not a field name/],
  ['an empty name', { writes: ['a..b'] }, /writes has "a\.\.b", which is not a field name/],
  ['the same field twice', { writes: ['a', 'a'] }, /writes has a twice/],
  ['a field and a part of it', { reads: ['a.b', 'a'] }, /reads has both a and a\.b, which is a part of it/],
  [
    'a schema of the whole value',
    { reads: ['a'], input: { '~standard': { validate: (value: unknown) => ({ value }) } } },
    /declares fields .* but `input` or `output` is a schema/,
  ],
];

for (const [of, definition, says] of REFUSED)
  test(`a declaration with ${of} is refused when the transform is loaded`, async () => {
    await assert.rejects(runnerFor({ transform: () => forward(), ...definition }, { settings }), says);
  });

for (const [input, output] of [
  ['json', 'avro'],
  ['avro', 'json'],
  ['raw', 'raw'],
] as const)
  test(`declared fields are refused from ${input} to ${output}`, async () => {
    const of = (format: 'json' | 'avro' | 'raw') => (format === 'avro' ? side : { format });
    await assert.rejects(
      runnerFor(
        { reads: ['amount'], transform: () => forward() },
        { settings: { input: of(input), output: of(output) } },
      ),
      new RegExp(`declares fields .* can't be used from ${input} to ${output}`),
    );
  });
