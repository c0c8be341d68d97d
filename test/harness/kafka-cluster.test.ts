import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mutation, Recipe, VerifyResult } from '../support/java/requests.js';
import { uniqueName } from '../support/kafka-cluster.js';
import { sharedCluster } from '../support/shared-cluster.js';

const recipe: Recipe = {
  seed: 7,
  records: 10_000,
  partitions: 3,
  bytesMin: 10,
  bytesMax: 200,
  keys: 'mixed',
  headers: true,
  holes: true,
};
const clean = {
  records: 10_000,
  expected: 10_000,
  missing: 0,
  duplicates: 0,
  reordered: 0,
  altered: 0,
  foreign: 0,
  replays: 0,
  replayWindowMax: 0,
  examples: [],
};

async function filled(name: string, used: Recipe): Promise<string> {
  const cluster = await sharedCluster();
  const topic = await cluster.createTopic(uniqueName(name), { partitions: used.partitions });
  const { records } = await cluster.tool.produce({ topic, recipe: used });
  assert.equal(records, used.records);
  return topic;
}

test(
  'the checker finds every seeded record exact in the topic ' + 'it was produced to, and in a copy',
  async () => {
    const cluster = await sharedCluster();
    const from = await filled('exact', recipe);
    const to = await cluster.createTopic(uniqueName('copy'), { partitions: 3 });
    await cluster.tool.copy({ from, to, recipe });
    assert.deepEqual(await cluster.tool.verify({ topics: [from], recipe, samePartition: true }), clean);
    assert.deepEqual(await cluster.tool.verify({ topics: [to], recipe, samePartition: true }), clean);
  },
);

const mutants: readonly { readonly kind: Mutation; readonly found: Partial<VerifyResult> }[] = [
  { kind: 'drop', found: { missing: 1, records: 9_999 } },
  { kind: 'duplicate', found: { duplicates: 1, records: 10_001 } },
  { kind: 'swap', found: { reordered: 1 } },
  { kind: 'alter-value', found: { altered: 1 } },
  { kind: 'alter-key', found: { altered: 1 } },
  { kind: 'alter-header', found: { altered: 1 } },
  { kind: 'alter-timestamp', found: { altered: 1 } },
  // A record without its value has no identity.
  { kind: 'null-value', found: { missing: 1, foreign: 1 } },
];

test('the checker detects one dropped, duplicated, swapped or altered record among thousands', async () => {
  const cluster = await sharedCluster();
  const plain: Recipe = { ...recipe, bytesMin: 30, holes: false };
  const from = await filled('mutants', plain);
  for (const { kind, found } of mutants) {
    const to = await cluster.createTopic(uniqueName(kind), { partitions: 3 });
    await cluster.tool.copy({ from, to, recipe: plain, mutate: { kind, partition: 1, sequence: 1234 } });
    const { examples, ...counts } = await cluster.tool.verify({ topics: [to], recipe: plain });
    const { examples: _none, ...expected } = { ...clean, ...found };
    assert.deepEqual(counts, expected, `${kind}: ${examples.join('; ')}`);
    assert.ok(
      examples.length > 0 &&
        examples.every((text) => text.includes('1:1234') || kind === 'null-value' || kind === 'swap'),
      examples.join('; '),
    );
  }
});

test('records of another seed are foreign, and replays are distinguished from reordering', async () => {
  const cluster = await sharedCluster();
  const small: Recipe = { seed: 11, records: 1000, partitions: 1, bytes: 50 };
  const topic = await filled('replay', small);
  assert.equal(
    (await cluster.tool.verify({ topics: [topic], recipe: { ...small, seed: 12 } })).foreign,
    1000,
  );
  await cluster.tool.produce({ topic, recipe: small, from: 900, to: 1000 });
  const result = await cluster.tool.verify({ topics: [topic], recipe: small });
  assert.deepEqual(
    {
      missing: result.missing,
      duplicates: result.duplicates,
      reordered: result.reordered,
      replays: result.replays,
      window: result.replayWindowMax,
    },
    { missing: 0, duplicates: 100, reordered: 0, replays: 1, window: 100 },
  );
});

test('json and avro records are found by identity after their bytes have changed', async () => {
  const cluster = await sharedCluster();
  for (const format of ['json', 'avro'] as const) {
    const used: Recipe = { seed: 3, records: 2000, partitions: 2, format, bytes: 98 };
    const topic = await filled(format, used);
    assert.deepEqual(await cluster.tool.verify({ topics: [topic], recipe: used }), {
      ...clean,
      records: 2000,
      expected: 2000,
    });
    const to = await cluster.createTopic(uniqueName('changed'), { partitions: 2 });
    await cluster.tool.copy({
      from: topic,
      to,
      recipe: used,
      mutate: { kind: 'alter-value', partition: 0, sequence: 5 },
    });
    assert.equal((await cluster.tool.verify({ topics: [to], recipe: used, compare: 'id' })).altered, 0);
    assert.equal(
      (await cluster.tool.verify({ topics: [to], recipe: used, compare: 'id', copies: [2, 0] })).missing,
      1000,
    );
  }
});

test('plain records are read as they were sent, with their offsets', async () => {
  const cluster = await sharedCluster();
  const topic = await cluster.createTopic(uniqueName('plain'), { partitions: 2 });
  const sent = [
    {
      key: null,
      value: Buffer.alloc(0),
      headers: [['a', Buffer.from([0, 255])] as const, ['a', null] as const],
      partition: 1,
      timestamp: 5,
    },
    { key: Buffer.alloc(0), value: null, headers: [], partition: 1, timestamp: 6 },
  ];
  await cluster.tool.send(topic, sent);
  const got = await cluster.tool.consume([topic]);
  assert.deepEqual(
    got.map(({ topic: _topic, offset: _offset, ...record }) => record),
    sent,
  );
  assert.deepEqual(await cluster.tool.endOffsets([topic]), [
    { topic, partition: 0, offset: 0 },
    { topic, partition: 1, offset: 2 },
  ]);
  await cluster.tool.deleteRecords(topic, { 1: 1 });
  assert.equal((await cluster.tool.beginningOffsets([topic]))[1]?.offset, 1);
  const group = uniqueName('group');
  await cluster.tool.commit(group, [{ topic, partition: 1, offset: 2 }]);
  assert.deepEqual(await cluster.tool.committed(group), [{ topic, partition: 1, offset: 2, metadata: '' }]);
});
