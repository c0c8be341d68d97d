import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureJobsTopic, requireOwnTopic } from '../../../src/app/jobs/jobs-topic.js';
import type { NewTopic } from '../../../src/ports/admin.js';
import { jobConfig } from '../../checks/support.js';
import { fakeAdmin, topic, type World } from '../groups/fake-admin.js';
import { refused } from '../refused.js';
import { Lines } from '../reload/helpers.js';

const NAME = jobConfig().dispatcher.jobsTopic;
const THERE: World = { topics: [topic(NAME, [1])] };

async function created(world: World, set: readonly string[] = []): Promise<NewTopic | undefined> {
  const admin = fakeAdmin(world);
  await ensureJobsTopic(admin, jobConfig(set), new Lines());
  return admin.created[0];
}

for (const [title, set] of [
  ['the output', [`kafka.producer.topic=${NAME}`]],
  ['the dead letters', [`dispatcher.dead-letter.topic=${NAME}`]],
] as const)
  test(`a topic of jobs that is also that of ${title} is refused before anything is connected`, () => {
    assert.throws(
      () => requireOwnTopic(jobConfig(set)),
      refused('CONFIGURATION', /dispatcher\.jobs-topic is \S+, which is also an output of this job/),
    );
  });

test('a topic of jobs that the job would read itself is refused', () => {
  const words = refused('CONFIGURATION', /is also an input of this job/, /narrower kafka\.consumer\.topics/);
  assert.throws(() => requireOwnTopic(jobConfig([`kafka.consumer.topics=in,${NAME}`])), words);
  assert.throws(
    () => requireOwnTopic(jobConfig(['kafka.consumer.topics=/jobs|in/', 'dispatcher.jobs-topic=my-jobs'])),
    words,
  );
});

test('a topic of jobs of its own is accepted, also beside an expression', () => {
  requireOwnTopic(jobConfig());
  requireOwnTopic(jobConfig(['kafka.consumer.topics=/^orders-/', 'dispatcher.dead-letter.topic=dead']));
});

test('a topic that is there and compacted is used as it is', async () => {
  assert.equal(await created({ ...THERE, settings: { [NAME]: { 'cleanup.policy': 'compact' } } }), undefined);
});

test('a topic that Kafka may delete records from is refused, with the command to change it', async () => {
  for (const policy of ['delete', 'compact,delete', ''])
    await assert.rejects(
      created({ ...THERE, settings: { [NAME]: { 'cleanup.policy': policy } } }),
      refused(
        'CONFIGURATION',
        new RegExp(`has cleanup\\.policy=${policy}: Kafka would delete the records of jobs`),
        new RegExp(
          `kafka-configs\\.sh --alter .*--entity-name ${NAME} --add-config cleanup\\.policy=compact`,
        ),
      ),
    );
});

test('where this user may not see the policy, there is nothing to judge', async () => {
  assert.equal(await created({ ...THERE, settings: {} }), undefined);
  assert.equal(await created({ ...THERE, settings: { [NAME]: { 'cleanup.policy': null } } }), undefined);
});

test('a topic that this user may not describe is refused, with the rights that it needs', async () => {
  const denied = topic(NAME, [], { code: 29, text: 'Broker: Topic authorization failed' });
  await assert.rejects(
    created({ topics: [denied] }),
    refused('KAFKA_REFUSED', /can't be described: Broker: Topic authorization/, /--operation Write --topic/),
  );
});

test('a missing topic is created: one partition, compacted, in small segments', async () => {
  const made = await created({ brokers: 3 });
  assert.deepEqual([made?.name, made?.partitions, made?.replication], [NAME, 1, 3]);
  assert.deepEqual(Object.fromEntries(made?.configs ?? []), {
    'cleanup.policy': 'compact',
    'segment.bytes': '16777216',
    'segment.ms': '86400000',
  });
});

test('it has as many replicas as there are brokers, three at most', async () => {
  for (const [brokers, replication] of [
    [0, 1],
    [1, 1],
    [2, 2],
    [9, 3],
  ] as const)
    assert.equal((await created({ brokers }))?.replication, replication, `${brokers} brokers`);
});

test('what the configuration says about topics holds for it too, except for its compaction', async () => {
  const made = await created({ brokers: 9 }, [
    'topics.defaults.replication=2',
    `topics.${NAME}.partitions=7`,
    `topics.${NAME}.configs.segment.ms=1000`,
    `topics.${NAME}.configs.cleanup.policy=delete`,
  ]);
  assert.deepEqual([made?.replication, made?.partitions], [2, 1]);
  assert.deepEqual(
    [made?.configs.get('segment.ms'), made?.configs.get('cleanup.policy')],
    ['1000', 'compact'],
  );
});

test('a topic that cannot be created is refused with the command for somebody who may', async () => {
  await assert.rejects(
    created({ brokers: 2, created: (one) => ({ ...one, code: 29, text: 'not allowed' }) }),
    refused(
      'KAFKA_REFUSED',
      /is missing and can't be created: not allowed/,
      /--create --topic \S+ --partitions 1 --replication-factor 2 --config cleanup\.policy=compact/,
    ),
  );
});

test('a topic that another instance created at the same moment is used', async () => {
  const admin = fakeAdmin({ created: (one) => ({ ...one, code: 36, text: 'exists' }) });
  let looks = 0;
  const describeTopics: typeof admin.describeTopics = (names) => {
    looks += 1;
    // Not known to the broker that is asked first; then without a leader; then there.
    if (looks <= 2) return admin.describeTopics(names);
    return Promise.resolve([topic(NAME, [looks === 3 ? -1 : 1])]);
  };
  await ensureJobsTopic({ ...admin, describeTopics }, jobConfig(), new Lines());
  assert.equal(looks, 4, 'it was asked for until it had a leader');
});

test('a new topic that gets no leader in 15 s stops the start', async (t) => {
  const admin = fakeAdmin({});
  let nowMs = 0;
  t.mock.method(performance, 'now', () => {
    nowMs += 10_000;
    return nowMs;
  });
  const describeTopics: typeof admin.describeTopics = (names) =>
    admin.created.length === 0 ? admin.describeTopics(names) : Promise.resolve([topic(NAME, [-1])]);
  await assert.rejects(
    ensureJobsTopic({ ...admin, describeTopics }, jobConfig(), new Lines()),
    refused('KAFKA_UNREACHABLE', /the new topic \S+ has no leader yet/, /kafka-topics\.sh --describe/),
  );
});
