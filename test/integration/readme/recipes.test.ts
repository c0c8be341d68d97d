/** The README's recipes, run as they are printed there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { ConsumedRecord } from '../../support/java/requests.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { kdEntry, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { countsByCode, Job, type JobSpec } from '../job.js';
import { moduleOf, recipe } from './recipe.js';

const JSON_BOTH = { input: { format: 'json' }, output: { format: 'json' } } as const;
const YESTERDAY_MS = Date.parse('2026-11-27T12:00:00Z');

interface Order {
  readonly id: string;
  readonly country: string;
  readonly customer: string;
  readonly lines: readonly { readonly sku: string }[];
}

const ORDERS: readonly Order[] = [
  { id: 'o1', country: 'CH', customer: 'c1', lines: [{ sku: 'a' }, { sku: 'b' }] },
  { id: 'o2', country: 'DE', customer: 'c2', lines: [{ sku: 'c' }] },
  { id: 'o3', country: 'CH', customer: 'nobody', lines: [] },
];

/** A job whose input holds ORDERS: order n in partition n, from yesterday, today and yesterday. */
async function jobOf(spec: Partial<JobSpec>): Promise<Job> {
  const cluster = await sharedCluster();
  const dispatcher = { ...JSON_BOTH, ...spec.dispatcher };
  const job = await Job.create({ cluster, partitions: 4, ...spec, dispatcher });
  await cluster.tool.send(
    job.input,
    ORDERS.map((order, n) => ({
      key: Buffer.from(order.id),
      value: Buffer.from(JSON.stringify(order)),
      partition: n + 1,
      timestamp: YESTERDAY_MS + (n === 1 ? 86_400_000 : 0),
    })),
  );
  return job;
}

async function read(job: Job, topic = job.output): Promise<readonly ConsumedRecord[]> {
  return (await job.cluster.tool.consume([topic])).toSorted((a, b) => a.partition - b.partition);
}

/** The arguments of a recipe of one command. */
const typed = (title: string): string[] => recipe(title, 'sh').trim().split(' ').slice(1);
const valueOf = (record: ConsumedRecord): unknown => JSON.parse(record.value?.toString() ?? 'null');
const keysOf = (records: readonly ConsumedRecord[]): unknown[] =>
  records.map(({ key }) => key?.toString()).sort();

test('"Enrich from a file" adds the name, and an unknown customer becomes a dead letter', async () => {
  const job = await jobOf({
    transform: moduleOf('Enrich from a file'),
    deadLetter: true,
    files: { 'customers.json': JSON.stringify({ c1: 'Ada', c2: 'Grace' }) },
  });
  const { summary } = await job.runToEnd();
  assert.deepEqual(countsByCode(summary), { UNKNOWN_CUSTOMER: 1 });
  assert.deepEqual((await read(job)).map((record) => (valueOf(record) as { name: string }).name).sort(), [
    'Ada',
    'Grace',
  ]);
  job.remove();
});

test('"Replay dead letters" sends those of one code again, without their rejection', async () => {
  const first = await jobOf({
    transform:
      "import { reject } from 'kafka-dispatcher';\nexport default { transform: (order: { id: string }) =>\n" +
      "  reject(order.id === 'o1' ? 'UNKNOWN_CUSTOMER' : 'OTHER', 'not yet') };",
    deadLetter: true,
  });
  await first.runToEnd();
  const replay = await Job.create({
    cluster: first.cluster,
    deadLetter: true,
    transform: moduleOf('Replay dead letters'),
    consumer: { topics: [first.deadLetters] },
    dispatcher: JSON_BOTH,
  });
  const { summary } = await replay.runToEnd();
  assert.deepEqual(summary.filteredBy, { OTHER_CODE: 2 });
  const [again, ...more] = await read(replay);
  assert.equal(more.length, 0);
  assert.ok(again !== undefined);
  assert.deepEqual(valueOf(again), ORDERS[0]);
  assert.deepEqual(again.headers, []);
  first.remove();
  replay.remove();
});

test('"Call a service" takes its answer, and a failing service rejects the record', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/c2' ? 503 : 200;
    response.end(JSON.stringify({ score: request.url?.length }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const job = await jobOf({
    transform: moduleOf('Call a service', (code) =>
      code.replace('http://scores.internal', `http://127.0.0.1:${port}`),
    ),
    deadLetter: true,
  });
  const { summary } = await job.runToEnd();
  server.close();
  assert.deepEqual(countsByCode(summary), { SCORE_SERVICE: 1 });
  assert.deepEqual(
    (await read(job)).map((record) => (valueOf(record) as { score: number }).score).sort(),
    [3, 7],
  );
  job.remove();
});

test('"Route by a field" writes each country to its topic', async () => {
  const cluster = await sharedCluster();
  const [swiss, other] = [uniqueName('orders-ch'), uniqueName('orders-other')];
  for (const topic of [swiss, other]) await cluster.createTopic(topic);
  const job = await jobOf({
    transform: moduleOf('Route by a field', (code) =>
      code.replace("'orders-ch'", `'${swiss}'`).replace("'orders-other'", `'${other}'`),
    ),
  });
  await job.runToEnd();
  assert.deepEqual(keysOf(await read(job, swiss)), ['o1', 'o3']);
  assert.deepEqual(keysOf(await read(job, other)), ['o2']);
  job.remove();
});

test('"Several outputs" writes a record per line, with its own key', async () => {
  const job = await jobOf({ transform: moduleOf('Several outputs') });
  const { summary } = await job.runToEnd();
  assert.equal(summary.records.emitted, 3);
  const records = await read(job);
  assert.deepEqual(keysOf(records), ['a', 'b', 'c']);
  assert.deepEqual(records.map((record) => (valueOf(record) as { order: string }).order).sort(), [
    'o1',
    'o1',
    'o2',
  ]);
  job.remove();
});

test('"Only yesterday" reads that day alone, and the live group stays where it is', async () => {
  const job = await jobOf({});
  await job.cluster.tool.send(job.input, [
    { key: Buffer.from('old'), value: Buffer.from('{}'), partition: 0, timestamp: YESTERDAY_MS - 86_400_000 },
  ]);
  const { code, stdout, stderr } = await runKd(typed('Only yesterday'), { cwd: job.folder });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /consumed +2 records/);
  assert.deepEqual(keysOf(await read(job)), ['o1', 'o3']);
  assert.equal(await job.committed(), 0);
  job.remove();
});

test('"Run it from cron or Airflow" says how the run ended', async () => {
  const job = await jobOf({ dispatcher: JSON_BOTH });
  const kd = `kd() { ${process.execPath} ${kdEntry()} "$@"; }`;
  const script = `${kd}\n${recipe('Run it from cron or Airflow', 'sh')}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: job.folder });
  assert.match(stdout, /^finished 100% done$/m);
  assert.deepEqual(keysOf(await read(job)), ['o1', 'o2', 'o3']);
  job.remove();
});

test('"Prove that everything arrived" says so', async () => {
  const job = await jobOf({ dispatcher: JSON_BOTH });
  const kd = `kd() { ${process.execPath} ${kdEntry()} "$@"; }`;
  const script = `${kd}\n${recipe('Prove that everything arrived', 'sh')}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: job.folder });
  assert.match(stdout, /^agrees: all exact$/m);
  job.remove();
});

test('"One partition" reads that partition only', async () => {
  const job = await jobOf({});
  const { code, stdout, stderr } = await runKd(typed('One partition'), { cwd: job.folder });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /consumed +1 records/);
  assert.deepEqual(keysOf(await read(job)), ['o3']);
  job.remove();
});

test('"A sink without output" needs no topic, and commits what its promises have settled', async () => {
  const job = await jobOf({
    transform:
      "import { drop } from 'kafka-dispatcher';\nexport default { async transform() {\n" +
      "  await new Promise((done) => setTimeout(done, 5));\n  return drop('WRITTEN');\n} };",
    producer: { topic: null },
    outputPartitions: 0,
  });
  const { summary } = await job.runToEnd();
  assert.deepEqual(summary.filteredBy, { WRITTEN: 3 });
  assert.equal(await job.committed(), 3);
  job.remove();
});
