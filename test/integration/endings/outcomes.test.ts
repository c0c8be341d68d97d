import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumedRecord } from '../../support/java/requests.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { countsByCode, Job } from '../job.js';

const RECORDS = 20_000;

/** The number of a record decides its outcome. */
const MIXED = `
import { defineTransform, drop, emit, emitAll, reject } from 'kafka-dispatcher';
interface Numbered { n: number }
export default defineTransform<Numbered, Numbered>({
  transform(value, _record, { metrics }) {
    const { n } = value;
    if (n < 3) metrics.observe('size', n);
    if (n % 10 === 4) metrics.count('fours', 1, { of: 'ten' });
    if (n % 1000 === 1) throw new TypeError('thrown for ' + n);
    if (n % 1000 === 2) return reject('NOT_WANTED', 'rejected ' + n);
    if (n % 1000 === 3) return undefined as never;
    if (n % 10 === 4) return drop('FOUR');
    if (n % 10 === 5) return emitAll([]);
    if (n % 10 === 6) return emitAll([emit(value), emit({ n: n + 0.25 }), emit({ n: n + 0.5 })]);
    return value;
  },
});
`;

function header(record: ConsumedRecord, name: string): string | undefined {
  return record.headers.find(([key]) => key === name)?.[1]?.toString('utf8');
}

test(
  'throws, rejects, missing results, drops and 0, 1 or 3 emitted records add up, and every dead ' +
    'letter names its source and the reason',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 3,
      deadLetter: true,
      transform: MIXED,
      dispatcher: { input: { format: 'json' }, output: { format: 'json' } },
    });
    await cluster.tool.send(
      job.input,
      Array.from({ length: RECORDS }, (_, n) => ({
        key: Buffer.from(`k${n}`),
        value: Buffer.from(JSON.stringify({ n })),
        partition: n % 3,
        timestamp: 1_700_000_000_000 + n,
        headers: [['trace', Buffer.from([0, n & 255])]] as const,
      })),
    );
    const { summary } = await job.runToEnd();
    const bad = 3 * (RECORDS / 1000);
    const dropped = RECORDS / 10;
    const tripled = RECORDS / 10;
    const none = RECORDS / 10;
    assert.deepEqual(countsByCode(summary), {
      TRANSFORM_ERROR: RECORDS / 1000,
      NOT_WANTED: RECORDS / 1000,
      NO_RESULT: RECORDS / 1000,
    });
    assert.deepEqual(summary.filteredBy, { FOUR: dropped });
    assert.deepEqual(
      [...summary.metrics].sort((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { kind: 'count', name: 'fours', labels: { of: 'ten' }, value: dropped },
        { kind: 'observe', name: 'size', observations: 3, sum: 3, min: 0, max: 2 },
      ],
    );
    assert.equal(summary.records.transformed, RECORDS - bad - dropped);
    assert.equal(summary.records.emitted, RECORDS - bad - dropped - none + 2 * tripled);
    const letters = await cluster.tool.consume([job.deadLetters]);
    assert.equal(letters.length, bad);
    for (const letter of letters) {
      const { n } = JSON.parse(letter.value?.toString('utf8') ?? '') as { n: number };
      assert.equal(letter.key?.toString(), `k${n}`);
      assert.deepEqual(letter.headers.find(([name]) => name === 'trace')?.[1], Buffer.from([0, n & 255]));
      assert.equal(header(letter, 'kd-topic'), job.input);
      assert.equal(header(letter, 'kd-partition'), String(n % 3));
      assert.equal(header(letter, 'kd-offset'), String(Math.floor(n / 3)));
      assert.equal(header(letter, 'kd-timestamp'), String(1_700_000_000_000 + n));
      assert.equal(header(letter, 'kd-group'), job.group);
      assert.equal(header(letter, 'kd-stage'), 'transform');
      assert.equal(header(letter, 'kd-attempts'), '1');
      assert.equal(header(letter, 'kd-transform'), 'transform.ts');
      assert.equal(letter.partition, (n % 3) % 2);
      for (const name of ['kd-host', 'kd-version', 'kd-time', 'kd-message', 'kd-code'])
        assert.ok(header(letter, name), `${name} is there`);
      if (n % 1000 === 1) {
        assert.equal(header(letter, 'kd-exception'), 'TypeError');
        assert.match(header(letter, 'kd-message') ?? '', new RegExp(`thrown for ${n}`));
        assert.match(header(letter, 'kd-stack') ?? '', /transform\.ts/);
      }
    }
    job.remove();
  },
);

test(
  'without a dead-letter topic a rejected record stops the run with exit 5, is named, and ' +
    'exactly what is before it is committed',
  async () => {
    const cluster = await sharedCluster();
    const transform =
      "import { reject } from 'kafka-dispatcher';\nexport default (value, record) => (record.offset === " +
      "777 ? reject('BAD_DAY', 'no') : value);\n";
    const job = await Job.create({ cluster, partitions: 1, transform });
    await cluster.tool.produce({ topic: job.input, recipe: { seed: 5, records: 5000, partitions: 1 } });
    const { summary, result } = await job.runToEnd({ expect: 5 });
    assert.equal(summary.reason.code, 'RECORD_REJECTED');
    assert.match(summary.reason.message, new RegExp(`topic ${job.input}, partition 0, offset 777`));
    assert.match(result.stderr, /BAD_DAY/);
    assert.equal(await job.committed(), 777);
    assert.deepEqual(summary.committed, [{ topic: job.input, partition: 0, offset: 777 }]);
    const out = await cluster.tool.endOffsets([job.output]);
    assert.equal(out[0]?.offset, 777);
    job.remove();
  },
);

test(
  'records arrive where the transform sends them: other topics, keys, headers, timestamps, ' +
    'partitions and tombstones',
  async () => {
    const cluster = await sharedCluster();
    const transform = `
import { emit, tombstone } from 'kafka-dispatcher';
const headers = { added: 'yes', trace: undefined };
export default (value, record, { options }) => {
  if (record.offset % 4 === 0)
    return emit(value, { topic: options.other, key: 'new-key', timestamp: 5000, headers });
  if (record.offset % 4 === 1) return emit(value, { partition: 1 });
  if (record.offset % 4 === 2) return tombstone();
  return value;
};`;
    const other = `${(await Job.create({ cluster, partitions: 1 })).output}-other`;
    await cluster.createTopic(other, { partitions: 2 });
    const job = await Job.create({ cluster, partitions: 2, transform, dispatcher: { options: { other } } });
    await cluster.tool.send(
      job.input,
      Array.from({ length: 8 }, (_, n) => ({
        key: Buffer.from(`key-${n}`),
        value: Buffer.from(`v${n}`),
        partition: 0,
        timestamp: 1000 + n,
        headers: [
          ['trace', Buffer.from('t')],
          ['kept', null],
        ] as const,
      })),
    );
    await job.runToEnd();
    const elsewhere = await cluster.tool.consume([other]);
    assert.deepEqual(elsewhere.map(({ value }) => value?.toString()).sort(), ['v0', 'v4']);
    for (const record of elsewhere) {
      assert.equal(record.key?.toString(), 'new-key');
      assert.equal(record.timestamp, 5000);
      assert.deepEqual(record.headers, [
        ['kept', null],
        ['added', Buffer.from('yes')],
      ]);
    }
    const here = await cluster.tool.consume([job.output]);
    assert.deepEqual(
      here.filter(({ partition }) => partition === 1).map(({ value }) => value?.toString()),
      ['v1', 'v5'],
    );
    assert.deepEqual(
      here
        .filter(({ partition }) => partition === 0)
        .map(({ key, value, timestamp }) => [key?.toString(), value?.toString() ?? null, timestamp]),
      [
        ['key-2', null, 1002],
        ['key-3', 'v3', 1003],
        ['key-6', null, 1006],
        ['key-7', 'v7', 1007],
      ],
    );
    job.remove();
  },
);

test(
  'a job that drops every record needs no output topic; a ' + 'result without a topic is rejected',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      outputPartitions: 0,
      deadLetter: true,
      producer: { topic: undefined },
      transform: `
import { defineTransform, drop } from 'kafka-dispatcher';
export default defineTransform<{ n: number }, { n: number }>({
  transform: (value) => (value.n === 7 ? value : drop('STORED')),
});
`,
      dispatcher: { input: { format: 'json' }, output: { format: 'json' } },
    });
    await cluster.tool.send(
      job.input,
      Array.from({ length: 10 }, (_, n) => ({ value: Buffer.from(JSON.stringify({ n })) })),
    );
    const { summary } = await job.runToEnd();
    assert.deepEqual(summary.filteredBy, { STORED: 9 });
    assert.deepEqual(countsByCode(summary), { NO_TOPIC: 1 });
    assert.equal(summary.records.emitted, 0);
  },
);
