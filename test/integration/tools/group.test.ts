/** `kd group show` and `kd group reset`, against a real broker; Kafka's own client reads the commits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueName } from '../../support/kafka-cluster.js';
import { type KdResult, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const PER_PARTITION = 10;
const HOUR_MS = 3_600_000;

interface ShownPartition {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number | null;
  readonly end: number;
  readonly lag: number;
  readonly lagMs: number | null;
  readonly metadata: string;
}

async function topicWithRecords(nowMs: number): Promise<string> {
  const cluster = await sharedCluster();
  const topic = await cluster.createTopic(uniqueName('group'), { partitions: 2 });
  await cluster.tool.send(
    topic,
    [0, 1].flatMap((partition) =>
      Array.from({ length: PER_PARTITION }, (_, n) => ({
        key: null,
        value: Buffer.from(String(n)),
        partition,
        timestamp: nowMs - HOUR_MS * (PER_PARTITION - n),
      })),
    ),
  );
  return topic;
}

async function kd(args: readonly string[], expect = 0): Promise<KdResult> {
  const { bootstrapServers } = await sharedCluster();
  const result = await runKd(['group', ...args, '-b', bootstrapServers]);
  assert.equal(result.code, expect, result.stderr + result.stdout);
  return result;
}

async function committed(group: string): Promise<Readonly<Record<number, number>>> {
  const { tool } = await sharedCluster();
  return Object.fromEntries(
    (await tool.committed(group)).map(({ partition, offset }) => [partition, offset]),
  );
}

test('show gives the lag of every partition in records and in time', async () => {
  const { tool } = await sharedCluster();
  const topic = await topicWithRecords(Date.now());
  const group = uniqueName('shown');
  await tool.commit(group, [
    { topic, partition: 0, offset: 7 },
    { topic, partition: 1, offset: PER_PARTITION },
  ]);
  const { stdout } = await kd(['show', group, '-o', 'json']);
  const shown = JSON.parse(stdout) as { lag: number; members: unknown[]; partitions: ShownPartition[] };
  assert.equal(shown.lag, 3);
  assert.deepEqual(shown.members, []);
  const [behind, done] = shown.partitions;
  assert.deepEqual([behind?.committed, behind?.end, behind?.lag], [7, PER_PARTITION, 3]);
  const hours = (behind?.lagMs ?? 0) / HOUR_MS;
  assert.ok(hours > 2.9 && hours < 3.2, `record 7 is three hours old, not ${hours}`);
  assert.deepEqual([done?.committed, done?.lag, done?.lagMs], [PER_PARTITION, 0, null]);
  const text = (await kd(['show', group])).stdout;
  assert.match(text, /: Empty .*lag 3 records/);
  assert.match(text, /no members/);
  assert.match(text, new RegExp(`${topic} +0 +7 +10 +3 +[23] h`));
});

test('a group without commits shows the whole log as lag, if its topics are named', async () => {
  const topic = await topicWithRecords(Date.now());
  const { stdout } = await kd(['show', uniqueName('new'), '--topic', topic, '-o', 'json']);
  const { partitions } = JSON.parse(stdout) as { partitions: ShownPartition[] };
  assert.deepEqual(
    partitions.map(({ committed: offset, lag }) => [offset, lag]),
    [
      [null, PER_PARTITION],
      [null, PER_PARTITION],
    ],
  );
});

test('reset changes nothing without --execute, and then exactly what it showed', async () => {
  const { tool } = await sharedCluster();
  const nowMs = Date.now();
  const topic = await topicWithRecords(nowMs);
  const group = uniqueName('moved');
  await tool.commit(group, [{ topic, partition: 0, offset: 7 }]);
  const dry = await kd(['reset', group, '--topic', topic, '--to', '-150m']);
  assert.match(dry.stdout, new RegExp(`${topic} +0 +7 +8 +\\+1`));
  assert.match(dry.stdout, new RegExp(`${topic} +1 +- +8`));
  assert.match(dry.stdout, /nothing was changed: add --execute/);
  assert.deepEqual(await committed(group), { 0: 7 });
  const cases: readonly (readonly [args: readonly string[], after: Readonly<Record<number, number>>])[] = [
    [['--to', '-150m'], { 0: 8, 1: 8 }],
    [['--to', 'earliest', '--partitions', '1'], { 0: 8, 1: 0 }],
    [['--to', '+2'], { 0: 10, 1: 2 }],
    [['--to', '-1'], { 0: 9, 1: 1 }],
    [['--to', '5'], { 0: 5, 1: 5 }],
    [['--to', 'latest'], { 0: 10, 1: 10 }],
  ];
  for (const [args, after] of cases) {
    const { stdout } = await kd(['reset', group, '--topic', topic, ...args, '--execute', '-o', 'json']);
    assert.equal((JSON.parse(stdout) as { executed: boolean }).executed, true);
    assert.deepEqual(await committed(group), after, args.join(' '));
  }
  const [place] = await tool.committed(group);
  assert.match(place?.metadata ?? '', /^kd cluster=\S+ topic-id=\S+$/, 'a run would know this topic again');
});

test('a group with members is not reset, and they are named', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 2 });
  const member = job.spawn(['--until', 'forever']);
  await member.waitFor(/"message":"assigned"/);
  const shown = await kd(['show', job.group, '-o', 'json']);
  const { members } = JSON.parse(shown.stdout) as { members: { clientId: string; partitions: number }[] };
  assert.deepEqual(
    members.map(({ partitions }) => partitions),
    [2],
  );
  const dry = await kd(['reset', job.group, '--topic', job.input, '--to', 'earliest']);
  assert.match(dry.stdout, /the group has 1 member/);
  const refused = await kd(['reset', job.group, '--topic', job.input, '--to', 'earliest', '--execute'], 2);
  assert.match(refused.stderr, /has 1 member: .* at .*\n.*stop them first/);
  member.kill('SIGTERM');
  await member.ended;
  await kd(['reset', job.group, '--topic', job.input, '--to', 'earliest', '--execute']);
  job.remove();
});

test('an impossible reset is refused before anything is changed', async () => {
  const none = await kd(['reset', uniqueName('nothing'), '--to', 'earliest'], 2);
  assert.match(none.stderr, /has no partition that could be reset\n.*--topic/);
  const wrong = await kd(['reset', 'g', '--to', 'earliest', '--partitions', '3-1'], 2);
  assert.match(wrong.stderr, /0-3,7/);
  const missing = await kd(['reset', 'g'], 2);
  assert.match(missing.stderr, /--to <position>/);
  const unnamed = await kd(['show'], 2);
  assert.match(unnamed.stderr, /no group is named/);
});
