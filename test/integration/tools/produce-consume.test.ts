import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { uniqueName } from '../../support/kafka-cluster.js';
import { type KdResult, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';

interface Line {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: unknown;
}

async function kd(
  args: readonly string[],
  options: { readonly input?: string; readonly cwd?: string } = {},
): Promise<KdResult> {
  const result = await runKd(args, options);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

function lines(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

test(
  'Java reads exactly what kd produce writes: keys, headers, nulls, bytes, partitions, ' +
    'timestamps; and kd consume prints it again',
  async () => {
    const cluster = await sharedCluster();
    const topic = await cluster.createTopic(uniqueName('written'), { partitions: 2 });
    const records = [
      {
        key: 'größe',
        value: 'text 😀',
        headers: [
          ['h', '1'],
          ['h', 'base64:/wA='],
          ['none', null],
          ['', ''],
        ],
        partition: 0,
        timestamp: 1000,
      },
      { key: 'base64:AP/+', value: 'base64:gIE=', headers: [], partition: 1, timestamp: 2000 },
      { key: '', value: '', headers: [], partition: 0, timestamp: 3000 },
      { key: null, value: null, headers: [], partition: 1, timestamp: 4000 },
      { key: null, value: '{"a":[1,2]}', headers: [], partition: 0, timestamp: 5000 },
    ];
    const input = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    const produced = await kd(['produce', topic, '-b', cluster.bootstrapServers, '-o', 'json'], { input });
    assert.deepEqual(JSON.parse(produced.stdout), { topic, records: 5 });
    const java = await cluster.tool.consume([topic]);
    const at = (partition: number): unknown[] =>
      java
        .filter((record) => record.partition === partition)
        .map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp }));
    assert.deepEqual(at(0), [
      {
        key: Buffer.from('größe'),
        value: Buffer.from('text 😀'),
        headers: [
          ['h', Buffer.from('1')],
          ['h', Buffer.from([255, 0])],
          ['none', null],
          ['', Buffer.alloc(0)],
        ],
        timestamp: 1000,
      },
      { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: [], timestamp: 3000 },
      { key: null, value: Buffer.from('{"a":[1,2]}'), headers: [], timestamp: 5000 },
    ]);
    assert.deepEqual(at(1), [
      { key: Buffer.from([0, 255, 254]), value: Buffer.from([0x80, 0x81]), headers: [], timestamp: 2000 },
      { key: null, value: null, headers: [], timestamp: 4000 },
    ]);
    const consumed = await kd(['consume', topic, '-b', cluster.bootstrapServers, '-o', 'json']);
    const printed = lines(consumed.stdout).sort((a, b) => a.timestamp - b.timestamp);
    assert.deepEqual(
      printed.map(({ key, value, headers, partition, timestamp }) => ({
        key,
        value,
        headers,
        partition,
        timestamp,
      })),
      records,
    );
    assert.deepEqual(new Set(printed.map((line) => line.topic)), new Set([topic]));
  },
);

test(
  'kd produce chooses the partitions that Java would, and ' + '--value-only writes lines unchanged',
  async () => {
    const cluster = await sharedCluster();
    const ours = await cluster.createTopic(uniqueName('ours'), { partitions: 5 });
    const theirs = await cluster.createTopic(uniqueName('theirs'), { partitions: 5 });
    const keys = Array.from({ length: 300 }, (_, n) => `key-${n}`);
    await kd(['produce', ours, '-b', cluster.bootstrapServers], {
      input: keys.map((key) => `${JSON.stringify({ key, value: key })}\n`).join(''),
    });
    await cluster.tool.send(
      theirs,
      keys.map((key) => ({ key: Buffer.from(key), value: Buffer.from(key) })),
    );
    const places = async (topic: string): Promise<Map<string | undefined, number>> =>
      new Map(
        (await cluster.tool.consume([topic])).map(({ key, partition }) => [key?.toString(), partition]),
      );
    const [a, b] = [await places(ours), await places(theirs)];
    for (const key of keys) assert.equal(a.get(key), b.get(key), key);
    const plain = await cluster.createTopic(uniqueName('plain'));
    await kd(['produce', plain, '-b', cluster.bootstrapServers, '--value-only'], {
      input: 'one\n{"two":2}\n',
    });
    assert.deepEqual(
      (await cluster.tool.consume([plain])).map(({ key, value }) => [key, value?.toString()]),
      [
        [null, 'one'],
        [null, '{"two":2}'],
      ],
    );
  },
);

test('with a configuration kd produce writes Avro and kd consume reads it', async () => {
  const cluster = await sharedCluster();
  const topic = await cluster.createTopic(uniqueName('avro'));
  const folder = mkdtempSync(join(tmpdir(), 'kd-verbs-'));
  const schema = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'id', type: 'long' },
      { name: 'names', type: { type: 'array', items: 'string' } },
    ],
  };
  writeFileSync(join(folder, 'r.avsc'), JSON.stringify(schema));
  writeFileSync(
    join(folder, 'kd.yml'),
    `kafka:\n  bootstrap-servers: ${cluster.bootstrapServers}\n  consumer: { group-id: g, topics: [none] ` +
      `}\n  producer: { topic: ${topic} }\ndispatcher:\n  output: { format: avro, schema: ./r.avsc }\n`,
  );
  writeFileSync(
    join(folder, 'records.jsonl'),
    '{"key":"k","value":{"id":5,"names":["a","b"]}}\n{"value":{"id":-1,"names":[]}}\n',
  );
  await kd(['produce', topic, 'records.jsonl'], { cwd: folder });
  const [first] = await cluster.tool.consume([topic]);
  assert.deepEqual(first?.value, Buffer.from([10, 4, 2, 97, 2, 98, 0]));
  const values = lines((await kd(['consume', topic, '-o', 'json'], { cwd: folder })).stdout).map(
    ({ value }) => value,
  );
  assert.deepEqual(values, [
    { id: 5, names: ['a', 'b'] },
    { id: -1, names: [] },
  ]);
  rmSync(folder, { recursive: true });
});

test(
  'kd produce says which format it writes, warns when the job reads its input in another one, ' +
    'and --format overrides it',
  async () => {
    const cluster = await sharedCluster();
    const topic = await cluster.createTopic(uniqueName('job-input'));
    const folder = mkdtempSync(join(tmpdir(), 'kd-format-'));
    writeFileSync(
      join(folder, 'r.avsc'),
      JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'id', type: 'long' }] }),
    );
    writeFileSync(
      join(folder, 'kd.yml'),
      `kafka:\n  bootstrap-servers: ${cluster.bootstrapServers}\n  consumer: { group-id: g, topics: ` +
        `[${topic}] }\n  producer: { topic: other }\ndispatcher:\n  input: { format: json }\n  output: { ` +
        `format: avro, schema: ./r.avsc }\n`,
    );
    const options = { cwd: folder, input: '{"value":{"id":5}}\n' };
    const asOutput = await kd(['produce', topic], options);
    assert.match(
      asOutput.stderr,
      /in the output format \(avro\)\nwarning: this job reads \S+ as json\n\s+→ --format input/,
    );
    const asInput = await kd(['produce', topic, '--format', 'input'], options);
    assert.equal(asInput.stderr, `producing to ${topic} in the input format (json)\n`);
    assert.equal((await kd(['produce', topic, '--format', 'raw', '-q'], options)).stderr, '');
    assert.deepEqual(
      (await cluster.tool.consume([topic])).map(({ value }) => value),
      [Buffer.from([10]), Buffer.from('{"id":5}'), Buffer.from('{"id":5}')],
    );
    const wrong = await runKd(['produce', topic, '--format', 'input'], { ...options, input: 'no JSON\n' });
    assert.equal(wrong.code, 2);
    rmSync(folder, { recursive: true });
  },
);

test(
  'kd consume starts at the last N of each partition, at an offset or at the end, and stops at ' + '--max',
  async () => {
    const cluster = await sharedCluster();
    const topic = await cluster.createTopic(uniqueName('positions'), { partitions: 2 });
    await cluster.tool.send(
      topic,
      Array.from({ length: 100 }, (_, n) => ({ partition: n % 2, value: Buffer.from(String(n)) })),
    );
    const consume = async (...args: string[]): Promise<Line[]> =>
      lines((await kd(['consume', topic, '-b', cluster.bootstrapServers, '-o', 'json', ...args])).stdout);
    const offsets = (found: readonly Line[], partition: number): number[] =>
      found.filter((line) => line.partition === partition).map(({ offset }) => offset);
    const last = await consume('--from', '-3');
    assert.deepEqual(
      [offsets(last, 0), offsets(last, 1)],
      [
        [47, 48, 49],
        [47, 48, 49],
      ],
    );
    assert.equal((await consume('--max', '7')).length, 7);
    assert.equal((await consume('--from', '45')).length, 10);
    assert.equal((await consume('--from', 'latest')).length, 0);
    assert.equal((await consume('--from', '-1000')).length, 100);
    const text = await kd(['consume', topic, '-b', cluster.bootstrapServers, '--max', '1']);
    assert.match(text.stdout, new RegExp(`^${topic}\\[[01]\\] 0 `));
  },
);

const HOSTILE: readonly Buffer[] = [
  ...[
    'null',
    ' {"a": 1.10}',
    '{"a":1,"a":2}',
    '{"n":9007199254740993}',
    '"base64:AAAA"',
    '',
    '\ufeff{"a":1}',
  ],
  ...[
    '{"a":1}',
    '[1,2.5,"x"]',
    '"text"',
    'true',
    '{"\u2028":"\\ud800"}',
    '{"a":1}\r',
    'not json',
    'base64:AA==',
  ],
].map((text) => Buffer.from(text));

for (const format of ['json', 'raw'] as const) {
  test(`kd consume piped into kd produce copies every record byte for byte (${format})`, async () => {
    const cluster = await sharedCluster();
    const from = await cluster.createTopic(uniqueName('from'), { partitions: 1 });
    const to = await cluster.createTopic(uniqueName('to'), { partitions: 1 });
    const records = [...HOSTILE, Buffer.from([0xff, 0xfe, 0]), null].map((value, n) => ({
      partition: 0,
      timestamp: 1_000 + n,
      key: n % 3 === 0 ? null : Buffer.from(n % 3 === 1 ? 'base64:AAAA' : '\ufeffk'),
      value,
      headers: [
        ['h', Buffer.from([n, 255])],
        ['h', null],
        ['t', Buffer.from('base64:AA==')],
      ] as const,
    }));
    await cluster.tool.send(from, records);
    const options = ['-b', cluster.bootstrapServers, '--set', `dispatcher.input.format=${format}`];
    const printed = await kd(['consume', from, ...options, '-o', 'json']);
    await kd(['produce', to, ...options, '--format', format], { input: printed.stdout });
    const copied = await cluster.tool.consume([to]);
    assert.deepEqual(
      copied.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
      records.map(({ key, value, headers, timestamp }) => ({ key, value, headers: [...headers], timestamp })),
    );
  });
}
