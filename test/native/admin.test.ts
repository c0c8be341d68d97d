import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Questions } from '../../src/kafka/native.js';
import { uniqueName } from '../support/kafka-cluster.js';
import { sharedCluster } from '../support/shared-cluster.js';
import {
  closeAll,
  connectConsumer,
  connectProducer,
  disconnect,
  native,
  type TestProducer,
} from './harness.js';

const TIMEOUT_MS = 10_000;
const AUTHORIZED = 1;
const VALIDATE_ONLY = 2;
const TIMED_OUT = -185;
const DESTROY = -197;
const INVALID_ARG = -186;
const UNKNOWN_TOPIC = 3;
const TOPIC_EXISTS = 36;
const INVALID_REPLICATION = 38;
const INVALID_CONFIG = 40;

let servers = '';
let producer: TestProducer;

before(async () => {
  servers = (await sharedCluster()).bootstrapServers;
  producer = await connectProducer(servers);
});

after(closeAll);

function ask<Q extends keyof Questions>(
  question: Q,
  words: readonly string[] = [],
  flags = 0,
): Promise<Questions[Q]> {
  return native.askBrokers(producer.handleId, question, flags, words, TIMEOUT_MS);
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : error);

test('a cluster describes itself and the allowed operations', async () => {
  const cluster = await ask('describeCluster', [], AUTHORIZED);
  assert.equal(cluster.nodes.length, 1);
  assert.ok(cluster.clusterId !== null && cluster.clusterId.length > 0);
  assert.equal(`${cluster.nodes[0]?.host}:${cluster.nodes[0]?.port}`, servers);
  // Without an authorizer everything is allowed.
  assert.ok(cluster.operations?.includes('CREATE'));
  assert.equal((await ask('describeCluster')).operations, null);
});

test(
  'topics are created as requested, described with their settings ' + 'and rights, and not created twice',
  async () => {
    const name = uniqueName('made');
    const words = [name, '3', '1', '2', 'retention.ms', '3600000', 'cleanup.policy', 'compact'];
    assert.deepEqual(await ask('createTopics', words, VALIDATE_ONLY), [{ name, code: 0, text: '' }]);
    assert.equal(
      (await ask('describeTopics', [name]))[0]?.code,
      UNKNOWN_TOPIC,
      'it was only looked whether it could be made',
    );
    assert.deepEqual(await ask('createTopics', words), [{ name, code: 0, text: '' }]);
    const again = await ask(
      'createTopics',
      [name, '1', '1', '0', 'other', '1', '1', '0'],
      VALIDATE_ONLY,
    ).then((results) => results[0]);
    assert.equal(again?.code, TOPIC_EXISTS);
    const described = await ask('describeTopics', [name], AUTHORIZED);
    const [topic] = described;
    assert.deepEqual(
      topic?.partitions.map(({ id, replicas, inSync }) => [id, replicas.length, inSync.length]),
      [
        [0, 1, 1],
        [1, 1, 1],
        [2, 1, 1],
      ],
    );
    const allowed = new Set(described.flatMap(({ operations }) => operations ?? []));
    assert.ok(allowed.has('READ') && allowed.has('WRITE'));
    const [settings] = await ask('describeTopicSettings', [
      'topic',
      '1',
      name,
      'retention.ms',
      'max.message.bytes',
      'no.such.setting',
    ]);
    assert.deepEqual(settings?.entries.map(({ name: setting, value, own }) => [setting, value, own]).sort(), [
      ['max.message.bytes', '1048588', false],
      ['retention.ms', '3600000', true],
    ]);
  },
);

test('topics that a broker refuses to create return its code and words, topic by topic', async () => {
  const [fine, tooMany, setting] = [uniqueName('a'), uniqueName('b'), uniqueName('c')];
  const results = await ask(
    'createTopics',
    [fine, '1', '1', '0', tooMany, '1', '9', '0', setting, '1', '1', '1', 'retention.ms', 'soon'],
    VALIDATE_ONLY,
  );
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, INVALID_REPLICATION, INVALID_CONFIG],
  );
  assert.match(results[2]?.text ?? '', /retention\.ms/);
});

test('settings of a broker are listed, secret ones without their value', async () => {
  const { nodes } = await ask('describeCluster');
  const [settings] = await ask('describeBrokerSettings', [
    'broker',
    '1',
    String(nodes[0]?.id),
    'offsets.retention.minutes',
    'ssl.keystore.password',
  ]);
  const values = new Map(settings?.entries.map(({ name, value }) => [name, value]));
  assert.ok(Number(values.get('offsets.retention.minutes')) > 0);
  assert.equal(values.get('ssl.keystore.password'), null);
});

test(
  'a group is described with its members, and its committed offsets with the first and last ' +
    'offsets of the logs',
  async () => {
    const cluster = await sharedCluster();
    const topic = await cluster.createTopic(uniqueName('in'), { partitions: 2 });
    await cluster.tool.produce({ topic, recipe: { records: 100, partitions: 2 } });
    const group = uniqueName('group');
    const consumer = await connectConsumer(servers, group);
    consumer.client.subscribe([topic]);
    for (const until = Date.now() + 20_000; ; ) {
      consumer.client.consume(10);
      const { state, members } = await ask('describeGroup', [group], AUTHORIZED);
      if (state === 'Stable' && members[0]?.partitions === 2) break;
      assert.ok(Date.now() < until, `the group is ${state}`);
      await new Promise((done) => setTimeout(done, 100));
    }
    const described = await ask('describeGroup', [group], AUTHORIZED);
    assert.equal(described.members.length, 1);
    assert.equal(described.code, 0);
    assert.ok(described.operations?.includes('READ'));
    assert.ok(described.coordinator !== null);
    consumer.client.commitSync({ topic, partition: 1, offset: 7 });
    const committed = await native.askBrokers(consumer.handleId, 'committedOffsets', 0, [group], TIMEOUT_MS);
    assert.deepEqual(committed, [{ topic, partition: 1, offset: 7, code: 0, text: '', metadata: '' }]);
    const ends = await ask('listOffsets', ['-1', topic, '0', topic, '1']);
    assert.equal(
      ends.reduce((sum, { offset }) => sum + offset, 0),
      100,
    );
    const begins = await ask('listOffsets', ['-2', topic, '0', topic, '1']);
    assert.ok(begins.every(({ offset, code }) => offset === 0 && code === 0));
    await disconnect(consumer.client);
  },
);

test('a group that was never used has neither members nor offsets', async () => {
  const group = uniqueName('nobody');
  const { members } = await ask('describeGroup', [group], AUTHORIZED);
  assert.equal(members.length, 0);
  const consumer = await connectConsumer(servers, uniqueName('look'));
  assert.deepEqual(
    await native.askBrokers(consumer.handleId, 'committedOffsets', 0, [group], TIMEOUT_MS),
    [],
  );
  await disconnect(consumer.client);
});

test('invalid questions are refused, by the addon or by librdkafka', async () => {
  const put = (
    question: string,
    words: readonly string[],
    flags = 0,
    timeoutMs = TIMEOUT_MS,
  ): Promise<unknown> =>
    native.askBrokers(producer.handleId, question as 'describeTopics', flags, words, timeoutMs);
  assert.throws(() => put('deleteTopics', ['a']), RangeError);
  assert.throws(() => put('describeTopics', []), RangeError);
  assert.throws(() => put('describeTopics', ['a\0b']), TypeError);
  assert.throws(() => put('describeTopics', ['a'.repeat(70_000)]), TypeError);
  assert.throws(() => put('describeTopics', new Array<string>(50_001).fill('a')), RangeError);
  assert.throws(() => put('describeTopics', ['a'], 8), RangeError);
  assert.throws(() => put('describeTopics', ['a'], 0, 0), RangeError);
  for (const [question, words] of [
    ['committedOffsets', ['of a producer']],
    ['createTopics', ['a', '1']],
    ['createTopics', ['a', '1', '1', '3', 'x']],
    ['createTopics', ['a', '-1', '1', '0']],
    ['listOffsets', ['-4', 'a', '0']],
    ['listOffsets', ['-1', 'a', '-4']],
    ['describeTopicSettings', ['topic', '2', 'a']],
    ['describeBrokerSettings', ['broker', '1', 'a']],
  ] as const) {
    await assert.rejects(
      put(question, words),
      (error) => codeOf(error) === INVALID_ARG,
      `${question} ${words.join(' ')}`,
    );
  }
});

test('a question that gets no answer ends in time, and one whose client is closed ends with it', async () => {
  const unreachable = new native.MockCluster(1);
  const lonely = await connectProducer(unreachable.bootstrapServers);
  unreachable.close();
  const startedMs = performance.now();
  await assert.rejects(
    native.askBrokers(lonely.handleId, 'describeCluster', 0, [], 500),
    (error) => codeOf(error) === TIMED_OUT,
  );
  assert.ok(performance.now() - startedMs < 5_000);
  const asked = native.askBrokers(lonely.handleId, 'describeTopics', 0, ['a'], 60_000);
  const refused = assert.rejects(asked, (error) => codeOf(error) === DESTROY);
  await disconnect(lonely.client);
  await refused;
  await assert.rejects(
    native.askBrokers(lonely.handleId, 'describeTopics', 0, ['a'], 60_000),
    (error) => codeOf(error) === DESTROY,
  );
});
