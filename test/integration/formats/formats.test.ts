import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { texts } from '../waiting.js';

const IDENTITY = 'export default (value) => value;\n';

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'amount', type: 'double' },
    { name: 'paid', type: 'boolean' },
    { name: 'note', type: ['null', 'string'] },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'CLOSED'] } },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Line',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'count', type: 'int' },
          ],
        },
      },
    },
    { name: 'tags', type: { type: 'map', values: 'string' } },
  ],
});

function order(n: number): object {
  return {
    id: n % 7 === 0 ? Number.MAX_SAFE_INTEGER - n : n,
    amount: n / 8,
    paid: n % 2 === 0,
    note: n % 3 === 0 ? null : `größe ${n} 😀`,
    state: n % 2 === 0 ? 'OPEN' : 'CLOSED',
    lines: Array.from({ length: n % 4 }, (_, i) => ({ sku: `s${i}`, count: -i })),
    tags: n % 5 === 0 ? {} : { a: String(n), 'ключ "2"': '\\' },
  };
}

test('JSON → Avro → JSON through two jobs returns the same texts, keys, headers and timestamps', async () => {
  const cluster = await sharedCluster();
  const there = await Job.create({
    cluster,
    partitions: 2,
    transform: IDENTITY,
    files: { 'order.avsc': SCHEMA },
    dispatcher: { input: { format: 'json' }, output: { format: 'avro', schema: './order.avsc' } },
  });
  const back = await Job.create({
    cluster,
    partitions: 2,
    transform: IDENTITY,
    files: { 'order.avsc': SCHEMA },
    consumer: { topics: [there.output] },
    dispatcher: { input: { format: 'avro', schema: './order.avsc' }, output: { format: 'json' } },
  });
  const records = Array.from({ length: 3000 }, (_, n) => ({
    partition: n % 2,
    key: Buffer.from([0, n & 255]),
    value: Buffer.from(JSON.stringify(order(n))),
    timestamp: 1_700_000_000_000 + n,
    headers: [['n', Buffer.from(String(n))]] as const,
  }));
  await cluster.tool.send(there.input, records);
  await there.runToEnd();
  const avro = await cluster.tool.consume([there.output]);
  assert.ok(
    avro.every(({ value }) => value !== null && value[0] !== '{'.charCodeAt(0)),
    'it is Avro in between',
  );
  await back.runToEnd();
  const out = await cluster.tool.consume([back.output]);
  for (const partition of [0, 1]) {
    const got = out.filter((record) => record.partition === partition);
    const sent = records.filter((record) => record.partition === partition);
    assert.deepEqual(
      got.map(({ key, value, timestamp, headers }) => ({
        key,
        value: value?.toString(),
        timestamp,
        headers,
      })),
      sent.map(({ key, value, timestamp, headers }) => ({
        key,
        value: value.toString(),
        timestamp,
        headers,
      })),
    );
  }
  there.remove();
  back.remove();
});

test(
  'Avro written with an older schema is read with the newer one: promoted, renamed, removed and ' +
    'defaulted fields',
  async () => {
    const cluster = await sharedCluster();
    const older = {
      type: 'record',
      name: 'Item',
      fields: [
        { name: 'id', type: 'int' },
        { name: 'label', type: 'string' },
        { name: 'gone', type: 'string' },
      ],
    };
    const newer = {
      type: 'record',
      name: 'Item',
      fields: [
        { name: 'id', type: 'long' },
        { name: 'title', type: 'string', aliases: ['label'] },
        { name: 'price', type: 'double', default: 9.5 },
      ],
    };
    const files = { 'older.avsc': JSON.stringify(older), 'newer.avsc': JSON.stringify(newer) };
    const writing = await Job.create({
      cluster,
      partitions: 1,
      transform: IDENTITY,
      files,
      dispatcher: { input: { format: 'json' }, output: { format: 'avro', schema: './older.avsc' } },
    });
    const reading = await Job.create({
      cluster,
      partitions: 1,
      transform: IDENTITY,
      files,
      consumer: { topics: [writing.output] },
      dispatcher: {
        input: { format: 'avro', schema: { path: './newer.avsc', writer: './older.avsc' } },
        output: { format: 'json' },
      },
    });
    await cluster.tool.send(
      writing.input,
      Array.from({ length: 200 }, (_, n) => ({
        partition: 0,
        value: Buffer.from(JSON.stringify({ id: n, label: `l${n}`, gone: 'x' })),
      })),
    );
    await writing.runToEnd();
    await reading.runToEnd();
    assert.deepEqual(
      texts(await cluster.tool.consume([reading.output])),
      Array.from({ length: 200 }, (_, n) => JSON.stringify({ id: n, title: `l${n}`, price: 9.5 })),
    );
    writing.remove();
    reading.remove();
  },
);

test('records with a symbol that the schema lacks die alone; one warning at the start names it', async () => {
  const cluster = await sharedCluster();
  const schema = (...symbols: string[]): string =>
    JSON.stringify({
      type: 'record',
      name: 'Order',
      fields: [{ name: 'state', type: { type: 'enum', name: 'State', symbols } }],
    });
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    transform: IDENTITY,
    files: { 'new.avsc': schema('OPEN', 'CLOSED'), 'old.avsc': schema('OPEN', 'LOST', 'CLOSED') },
    dispatcher: {
      input: { format: 'avro', schema: { path: './new.avsc', writer: './old.avsc' } },
      output: { format: 'json' },
    },
  });
  const [open, lost, closed] = [0, 2, 4];
  await cluster.tool.send(
    job.input,
    [open, closed, lost, open, closed].map((byte) => ({ partition: 0, value: Buffer.of(byte) })),
  );
  const { summary, result } = await job.runToEnd();
  assert.deepEqual(
    texts(await cluster.tool.consume([job.output])),
    ['OPEN', 'CLOSED', 'OPEN', 'CLOSED'].map((state) => JSON.stringify({ state })),
  );
  assert.equal(summary.records.deadLettered, 1);
  const dead = await cluster.tool.consume([job.deadLetters]);
  assert.deepEqual(
    dead.map(({ value }) => value),
    [Buffer.of(lost)],
  );
  const headers = new Map(dead[0]?.headers.map(([name, value]) => [name, String(value)]));
  assert.equal(headers.get('kd-offset'), '2');
  assert.equal(headers.get('kd-code'), 'UNREADABLE');
  assert.match(headers.get('kd-message') ?? '', /Order\.state: the symbol LOST/);
  const warned = (text: string, symbol: string): number =>
    text.split(`Order.state: the symbol ${symbol} of the writer`).length - 1;
  assert.equal(warned(result.stderr, 'LOST'), 1, result.stderr);
  // A reload warns of what is new.
  const kd = job.spawn(['--until', 'forever']);
  await kd.waitFor(/the symbol LOST of the writer/);
  writeFileSync(join(job.folder, 'old.avsc'), schema('OPEN', 'LOST', 'CLOSED', 'RETURNED'));
  kd.kill('SIGHUP');
  await kd.waitFor(/the symbol RETURNED of the writer/);
  kd.kill('SIGTERM');
  const stopped = await kd.ended;
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.deepEqual([warned(stopped.stderr, 'LOST'), warned(stopped.stderr, 'RETURNED')], [1, 1]);
  job.remove();
});
