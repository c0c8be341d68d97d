// @slow: librdkafka's embedded cluster takes seconds for a rebalance
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after as afterAll, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { CliIo } from '../../../src/cli/io.js';
import { addGlobalOptions } from '../../../src/cli/options.js';
import { register as registerConsume } from '../../../src/cli/verbs/consume.js';
import { register as registerProduce } from '../../../src/cli/verbs/produce.js';
import { DispatcherError } from '../../../src/core/errors.js';
import { startMockCluster } from '../../../src/kafka/tools/mock-cluster.js';
import { native } from '../member.js';

const cluster = startMockCluster({ topics: [], native });
const folder = await mkdtemp(join(tmpdir(), 'kd-cli-'));
afterAll(async () => {
  cluster.close();
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly error: DispatcherError | undefined;
}

async function kd(words: readonly string[], stdin = ''): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  stdout.on('data', (chunk: Buffer) => out.push(chunk));
  stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const io: CliIo = {
    stdin: Readable.from([stdin]),
    stdout,
    stderr,
    env: {},
    workingDirectory: folder,
    setExitCode: () => undefined,
  };
  const program = addGlobalOptions(new Command('kd')).exitOverride();
  registerProduce(program, io);
  registerConsume(program, io);
  let error: DispatcherError | undefined;
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (caught) {
    assert.ok(caught instanceof DispatcherError, String(caught));
    error = caught;
  }
  return { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), error };
}

function newTopic(name: string, partitions = 2): string[] {
  cluster.createTopic({ name, partitions });
  return [name, '-b', cluster.bootstrapServers];
}

test(
  'consume prints what produce writes: keys, headers, tombstones, ' + 'partitions, timestamps, binary values',
  async () => {
    const topic = newTopic('round-trip');
    const lines = [
      {
        partition: 1,
        timestamp: 1_700_000_000_000,
        key: 'a',
        value: 'text',
        headers: [
          ['h', '1'],
          ['h', null],
          ['', ''],
        ],
      },
      { partition: 1, timestamp: 1_700_000_000_001, key: 'base64:/wD+', value: 'base64:gIE=', headers: [] },
      { partition: 1, timestamp: 1_700_000_000_002, key: '', value: '', headers: [] },
      { partition: 1, timestamp: 1_700_000_000_003, key: null, value: null, headers: [] },
    ];
    const produced = await kd(
      ['produce', ...topic],
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
    assert.equal(produced.error, undefined);
    assert.equal(produced.stdout, '4 records produced to round-trip\n');
    const consumed = await kd(['consume', ...topic, '-o', 'json']);
    assert.equal(consumed.error, undefined);
    const records = consumed.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    assert.deepEqual(
      records,
      lines.map((line, offset) => ({ topic: 'round-trip', offset, ...line })),
    );
  },
);

test(
  'a consume that is stopped while its output is not read ends ' + 'normally, after its current batch',
  async () => {
    const topic = newTopic('unread', 1);
    await kd(['produce', ...topic, '--value-only'], 'a\nb\nc\n');
    const stdout = new PassThrough({ highWaterMark: 1 });
    const io: CliIo = {
      stdin: Readable.from(['']),
      stdout,
      stderr: stdout,
      env: {},
      workingDirectory: folder,
      setExitCode: () => undefined,
    };
    const program = addGlobalOptions(new Command('kd')).exitOverride();
    registerConsume(program, io);
    const ended = program.parseAsync(['consume', ...topic, '--until', 'forever'], { from: 'user' });
    await once(stdout, 'readable');
    process.emit('SIGTERM');
    await ended;
    // An error thrown now would be an unhandled rejection, which fails the test.
    stdout.resume();
    await delay(100);
  },
);

test('consume stops at the end and at --max, and starts at the last N', async () => {
  const topic = newTopic('positions', 1);
  await kd(['produce', ...topic, '--value-only'], Array.from({ length: 50 }, (_, i) => `v${i}\n`).join(''));
  const offsetsOf = async (...words: string[]): Promise<number[]> => {
    const { stdout, error } = await kd(['consume', ...topic, '-o', 'json', ...words]);
    assert.equal(error, undefined);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => Number((JSON.parse(line) as { offset: number }).offset));
  };
  assert.equal((await offsetsOf()).length, 50);
  assert.deepEqual(await offsetsOf('--from', '-3'), [47, 48, 49]);
  assert.deepEqual(await offsetsOf('--from', '10', '--max', '2'), [10, 11]);
  assert.deepEqual(await offsetsOf('--from', 'latest'), []);
});

test('values are written in the configured output format and decoded again', async () => {
  const topic = newTopic('orders');
  const schema = {
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'note', type: ['null', 'string'] },
    ],
  };
  await writeFile(join(folder, 'order.avsc'), JSON.stringify(schema));
  await writeFile(
    join(folder, 'orders.yml'),
    `kafka:\n  bootstrap-servers: ${cluster.bootstrapServers}\n  consumer: { group-id: g, topics: [in] ` +
      `}\n  producer: { topic: orders }\ndispatcher:\n  output: { format: avro, schema: ./order.avsc }\n`,
  );
  const produced = await kd(
    ['produce', topic[0] ?? '', '-c', 'orders.yml'],
    '{"value":{"id":7,"note":null}}\n',
  );
  assert.equal(produced.error, undefined);
  const consumed = await kd(['consume', 'orders', '-c', 'orders.yml', '-o', 'json']);
  assert.deepEqual((JSON.parse(consumed.stdout) as { value: unknown }).value, { id: 7, note: null });
  const bad = await kd(
    ['produce', 'orders', '-c', 'orders.yml'],
    '{"value":{"id":8,"note":null}}\n{"value":{"id":"x"}}\n',
  );
  assert.match(
    bad.error?.message ?? '',
    /standard input line 2 does not match the output format .*1 record was produced before it/,
  );
  assert.equal(bad.error?.exitCode, 2);
});

test("a line that can't be read is reported with file, line and reason", async () => {
  const topic = newTopic('bad-lines');
  await writeFile(join(folder, 'bad.jsonl'), '{"value":"ok"}\n\n{"valeu":"x"}\n');
  const { error } = await kd(['produce', ...topic.slice(0, 1), 'bad.jsonl', ...topic.slice(1)]);
  assert.match(
    error?.message ?? '',
    /bad\.jsonl line 3 has the unknown field "valeu"; 1 record was produced before it/,
  );
  assert.match(
    (await kd(['produce', ...topic.slice(0, 1), 'absent.jsonl', ...topic.slice(1)])).error?.message ?? '',
    /absent\.jsonl can't be read/,
  );
});

test('a record that Kafka refuses is reported with its line, and the others are produced', async () => {
  const topic = newTopic('refused', 2);
  const { error } = await kd(
    ['produce', ...topic],
    '{"value":"a"}\n{"value":"b","partition":9}\n{"value":"c"}\n',
  );
  assert.equal(error?.code, 'RECORD_REJECTED');
  assert.match(error.message, /1 of 3 records were not produced; the first one, line 2/);
});

test('a record larger than a block is written and read', async () => {
  const topic = newTopic('large', 1);
  const value = 'y'.repeat(900_000);
  await kd(['produce', ...topic, '--value-only'], `${value}\nsmall\n`);
  const { stdout } = await kd(['consume', ...topic, '-o', 'json']);
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { value: string }).value.length),
    [900_000, 5],
  );
});

test('a topic that does not exist is named by both verbs, with exit 3', async () => {
  for (const verb of ['produce', 'consume']) {
    const { error } = await kd([verb, 'nowhere', '-b', cluster.bootstrapServers], '{"value":"a"}\n');
    assert.equal(error?.code, 'TOPIC_MISSING');
    assert.match(error.remedy ?? '', /^correct the name/);
    assert.equal(error.exitCode, 3);
    assert.match(error.message, /nowhere/);
  }
});
