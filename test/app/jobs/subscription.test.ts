import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askSubscription, type SubscribedPartition } from '../../../src/app/jobs/subscription.js';
import { jobConfig } from '../../checks/support.js';
import { commit, fakeAdmin, topic, type World } from '../groups/fake-admin.js';
import { refused } from '../refused.js';
import { TOPIC_ID, WORLD } from './support/job-scene.js';

const ask = (world: World, set: readonly string[] = []): Promise<readonly SubscribedPartition[]> =>
  askSubscription(fakeAdmin(world), jobConfig(set));

const placesOf = (all: readonly SubscribedPartition[]): readonly string[] =>
  all.map(({ topic: name, partition }) => `${name}[${partition}]`);

test('every partition of the configured topics is asked for, each topic once', async () => {
  const world = { ...WORLD, topics: [topic('in', [1, 1]), topic('more', [1])] };
  assert.deepEqual(placesOf(await ask(world, ['kafka.consumer.topics=in,more,in'])), [
    'in[0]',
    'in[1]',
    'more[0]',
  ]);
});

test('an expression finds its topics among those of the brokers, without the internal ones', async () => {
  const topics = ['in-b', 'in-a', 'other', '__in'].map((name) => topic(name, [1]));
  assert.deepEqual(placesOf(await ask({ topics }, ['kafka.consumer.topics=/in/'])), ['in-a[0]', 'in-b[0]']);
});

test('an expression that no topic matches is an error that shows it', async () => {
  await assert.rejects(
    ask(WORLD, ['kafka.consumer.topics=/^none-/']),
    refused('TOPIC_MISSING', /no topic matches \/\^none-\//, /kd topics list --all/),
  );
});

const ORIGIN = `kd cluster=cluster-1 topic-id=${TOPIC_ID}`;
const COMMITS: readonly (readonly [title: string, metadata: string, next: number])[] = [
  ['of this topic', ORIGIN, 150],
  ['of another program, which says nothing of the topic', '', 150],
  ['with words of another program', 'spark offsets', 150],
  ['of a topic that had the name before', ORIGIN.replace('AAQ', 'AAg'), -1],
  ['that a tool copied from another cluster', 'kd cluster=elsewhere topic-id=BBBB', 150],
];

for (const [title, metadata, next] of COMMITS)
  test(`a committed offset ${title} counts as ${next}`, async () => {
    const [first, second] = await ask({ ...WORLD, committed: [commit('in', 0, 150, { metadata })] });
    assert.deepEqual([first?.committed, first?.next, second?.next], [150, next, -1]);
  });

test('brokers that have no ids of topics can not tell a topic of before: its commit counts', async () => {
  const [first] = await ask({
    ...WORLD,
    topics: [topic('in', [1], { topicId: '' })],
    committed: [commit('in', 0, 150, { metadata: ORIGIN })],
  });
  assert.deepEqual([first?.next, first?.topicId], [150, undefined]);
});

test('a job reads to the last stable offset, or to the end if it reads uncommitted records', async () => {
  const open = { ...WORLD, logs: { 'in 0': [100, 200, 170] as const, 'in 1': [0, 9] as const } };
  const readable = async (...set: readonly string[]): Promise<readonly number[]> =>
    (await ask(open, set)).map((one) => one.readable);
  assert.deepEqual(await readable(), [170, 9]);
  assert.deepEqual(await readable('kafka.consumer.properties.isolation.level=read_uncommitted'), [200, 9]);
});

test('a topic that is missing stops the job, with the command that creates it', async () => {
  await assert.rejects(
    ask({ topics: [] }),
    refused(
      'TOPIC_MISSING',
      /the topic in does not exist/,
      /create it: kd topics create.*kafka\.consumer\.topics/,
    ),
  );
});

test('a missing topic beside others is passed over only if the configuration says so', async () => {
  const topics = 'kafka.consumer.topics=in,later';
  await assert.rejects(ask(WORLD, [topics]), refused('TOPIC_MISSING', /the topic later does not exist/));
  const lenient = [topics, 'kafka.consumer.missing-topics-fatal=false'];
  assert.deepEqual(placesOf(await ask(WORLD, lenient)), ['in[0]', 'in[1]']);
  await assert.rejects(ask({ topics: [] }, lenient), refused('TOPIC_MISSING', /the topic in does not exist/));
});

test('a topic that this user may not read stops the job, whatever is missing elsewhere', async () => {
  const denied = topic('secret', [], { code: 29, text: 'Broker: Topic authorization failed' });
  const set = ['kafka.consumer.topics=in,secret', 'kafka.consumer.missing-topics-fatal=false'];
  await assert.rejects(
    ask({ ...WORLD, topics: [topic('in', [1, 1]), denied] }, set),
    refused('KAFKA_REFUSED', /topic secret can't be described: .*authorization failed/, /READ and DESCRIBE/),
  );
});

test('partitions without a leader stop the job: their records would silently be missing', async () => {
  await assert.rejects(
    ask({ ...WORLD, topics: [topic('in', [1, -1])] }),
    refused('KAFKA_UNREACHABLE', /no leader to ask for the offsets of in\[1\];/, /bring its brokers back/),
  );
  await assert.rejects(
    ask({ topics: [topic('in', [-1, -1, -1, -1, -1, -1, -1])] }),
    refused('KAFKA_UNREACHABLE', /in\[0\] in\[1\] in\[2\] in\[3\] in\[4\] and 2 more/),
  );
});
