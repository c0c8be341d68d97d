import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { atEndOf } from '../../support/at-end.js';
import type { Recipe } from '../../support/java/requests.js';
import { KafkaCluster } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'nothing', type: { type: 'array', items: 'null' } },
    { name: 'extra', type: { type: 'map', values: 'int' } },
  ],
});
const GOOD_AVRO = Buffer.from([2, 2, 2, 97, 0, 0, 0]);
/** Encodes a zigzag varint. */
function long(value: bigint): number[] {
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n;
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** A plain function, and one that gets and returns one field: the rest is copied, but checked the same. */
const FUNCTIONS = {
  'a plain function': () => 'export default (value) => value;\n',
  'declared fields': (field: string) =>
    `export default { reads: ['${field}'], writes: ['${field}'], transform: (value) => value };\n`,
};
const HOSTILE_AVRO = [
  Buffer.from([2, ...long(2n ** 32n - 1n)]),
  Buffer.from([2, ...long(2n ** 26n)]),
  Buffer.from([2, 0, ...long(100_000_000n)]),
  Buffer.from([2, 0, 0, ...long(2n ** 40n)]),
  Buffer.from([2, ...long(-5n), ...long(2n ** 50n)]),
  Buffer.from([2, 2, ...long(-1n)]),
  Buffer.from([2, 2, 4, 0xff, 0xfe, 0, 0, 0]),
  Buffer.from([2, 0, 0, 2, 18, ...Buffer.from('__proto__'), 2, 0]),
  GOOD_AVRO.subarray(0, 4),
  Buffer.concat([GOOD_AVRO, Buffer.from([1])]),
  Buffer.alloc(0),
  Buffer.alloc(11, 0xff),
];

/** The good values arrive as they were, the hostile ones become dead letters; the worker survives. */
async function expectSorted(job: Job, good: readonly Buffer[], hostile: readonly Buffer[]): Promise<void> {
  const { summary, result } = await job.runToEnd();
  assert.equal(summary.records.deadLettered, hostile.length, JSON.stringify(summary.deadLetteredBy));
  assert.equal(summary.records.transformed, good.length);
  assert.doesNotMatch(result.stderr, /worker replaced/);
  const out = await job.cluster.tool.consume([job.output]);
  assert.deepEqual(
    out.map(({ value }) => value),
    good,
  );
  const letters = await job.cluster.tool.consume([job.deadLetters]);
  assert.deepEqual(
    letters.map(({ value }) => value),
    hostile,
  );
  for (const { headers } of letters)
    assert.equal(headers.find(([name]) => name === 'kd-stage')?.[1]?.toString(), 'decode');
}

for (const [kind, transform] of Object.entries(FUNCTIONS))
  test(
    `hostile Avro (${kind}) becomes dead letters one by one; process and workers survive, and the ` +
      'good records in between arrive',
    async () => {
      const cluster = await sharedCluster();
      const job = await Job.create({
        cluster,
        partitions: 1,
        deadLetter: true,
        transform: transform('id'),
        dispatcher: {
          input: { format: 'avro', schema: './in.avsc' },
          output: { format: 'avro', schema: './in.avsc' },
          threads: 1,
        },
        files: { 'in.avsc': SCHEMA },
      });
      await cluster.tool.send(
        job.input,
        HOSTILE_AVRO.flatMap((value) => [
          { key: null, value: GOOD_AVRO, partition: 0 },
          { key: Buffer.from('hostile'), value, partition: 0 },
        ]),
      );
      await expectSorted(
        job,
        HOSTILE_AVRO.map(() => GOOD_AVRO),
        HOSTILE_AVRO,
      );
      job.remove();
    },
  );

const HOSTILE_JSON = [
  '{"a":',
  '{"__proto__":{"admin":true}}',
  '{"a":9007199254740993}',
  '[',
  '['.repeat(100_000) + ']'.repeat(100_000),
  'NaN',
  '',
].map((text) => Buffer.from(text));
HOSTILE_JSON.push(Buffer.from([0x22, 0xff, 0x22]));
/** Hostile only in fields that a function of `a` does not read, or in its own. */
const HOSTILE_FIELDS = [
  ...HOSTILE_JSON,
  ...[
    '{"a":1,"b":{"c":tru}}',
    '{"a":1,"b":01}',
    '{"a":1,"b":"\\x"}',
    '{"a":1,"a":2}',
    `{"a":1,"b":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    '{"a":1}{"a":2}',
    '{"a":1,"__proto__":{"admin":true}}',
  ].map((text) => Buffer.from(text)),
  Buffer.concat([Buffer.from('{"a":1,"b":"'), Buffer.from([0xff]), Buffer.from('"}')]),
];
const GOOD_OBJECTS = [
  '{"a":1,"b":[true,null,"ü"]}',
  '{"b":1.50,"a":9007199254740991}',
  '{"a":1,"b":"\\ud800"}',
];
const GOOD_JSON = ['{"a":1,"b":[true,null,"ü"]}', '"text"', '{"a":9007199254740991}', '[]'];
const JSON_CASES = [
  ['a plain function', HOSTILE_JSON, GOOD_JSON],
  ['declared fields', HOSTILE_FIELDS, GOOD_OBJECTS],
] as const;

for (const [kind, hostile, texts] of JSON_CASES)
  test(`hostile JSON (${kind}) becomes dead letters or exact output`, async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      deadLetter: true,
      transform: FUNCTIONS[kind]('a'),
      dispatcher: { input: { format: 'json' }, output: { format: 'json' } },
    });
    const good = texts.map((text) => Buffer.from(text));
    await cluster.tool.send(
      job.input,
      [...good, ...hostile, ...good].map((value) => ({ key: null, value, partition: 0 })),
    );
    await expectSorted(job, [...good, ...good], hostile);
    job.remove();
  });

const DAMAGED = [
  ['first', 0],
  ['middle', 2],
  ['last', 4],
] as const;

/** Flips one bit in the middle of the nth record batch of a log segment. */
function damage(file: string, batch: number): { firstOffset: number } {
  const descriptor = openSync(file, 'r+');
  try {
    const header = Buffer.alloc(12);
    let at = 0;
    for (let n = 0; ; n++) {
      readSync(descriptor, header, 0, 12, at);
      const length = header.readInt32BE(8) + 12;
      if (n === batch) {
        const byte = Buffer.alloc(1);
        const where = at + 61 + Math.floor((length - 61) / 2);
        readSync(descriptor, byte, 0, 1, where);
        writeSync(descriptor, Buffer.from([(byte[0] ?? 0) ^ 4]), 0, 1, where);
        return { firstOffset: Number(header.readBigInt64BE(0)) };
      }
      at += length;
    }
  } finally {
    closeSync(descriptor);
  }
}

describe('a log that was damaged on disk', () => {
  let cluster: KafkaCluster;
  let passed = 0;
  const atEnd = atEndOf();
  before(async () => {
    cluster = await KafkaCluster.start({ brokers: 1 });
    atEnd(() => cluster.stop({ failed: passed < DAMAGED.length }));
  });

  for (const [name, batch] of DAMAGED) {
    test(
      `a flipped byte in the ${name} batch of a log stops the run there: exit 5, everything ` +
        'before it arrives once, nothing beyond it is committed',
      async () => {
        const recipe: Recipe = { seed: 41, records: 500, partitions: 1, keys: 'sequence' };
        const job = await Job.create({ cluster, partitions: 1 });
        for (let n = 0; n < 5; n++)
          await cluster.tool.produce({
            topic: job.input,
            recipe,
            from: n * 100,
            to: n * 100 + 100,
            properties: { 'linger.ms': '200', 'batch.size': '1000000' },
          });
        const { firstOffset } = damage(cluster.segmentFile(1, job.input, 0), batch);
        const { summary, result } = await job.runToEnd({ expect: 5 });
        assert.equal(summary.reason.code, 'CORRUPT_INPUT', result.stderr.slice(-2000));
        assert.match(
          summary.reason.message,
          new RegExp(`topic ${job.input}, partition 0, offset ${firstOffset}`),
        );
        assert.equal((await cluster.tool.consume([job.output])).length, firstOffset);
        assert.equal(await job.committed(), firstOffset);
        job.remove();
        passed += 1;
      },
    );
  }
});
