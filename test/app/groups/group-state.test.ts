import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { askGroup, type GroupState, lagOf } from '../../../src/app/groups/group-state.js';
import { DispatcherError } from '../../../src/core/errors.js';
import { jobConfig } from '../../checks/support.js';
import { commit, fakeAdmin, topic, type World } from './fake-admin.js';

interface Asking {
  readonly groupId?: string;
  readonly topics?: readonly string[];
  readonly set?: readonly string[];
}

function ask(world: World, { groupId = 'g', topics, set = [] }: Asking = {}): Promise<GroupState> {
  return askGroup(fakeAdmin(world), jobConfig(set), { groupId, topics });
}

const refusal =
  (code: string, message: RegExp, remedy: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof DispatcherError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.remedy ?? '', remedy);
    return true;
  };

test('each partition has its committed offset, the ends of its log, and the text of the commit', async () => {
  const state = await ask({
    topics: [topic('in', [1, 2])],
    committed: [commit('in', 0, 150, { metadata: 'kd cluster=c topic-id=t' })],
    logs: { 'in 0': [100, 200, 180], 'in 1': [7, 9] },
  });
  assert.deepEqual(state.partitions, [
    {
      topic: 'in',
      partition: 0,
      committed: 150,
      metadata: 'kd cluster=c topic-id=t',
      low: 100,
      end: 200,
      stable: 180,
    },
    { topic: 'in', partition: 1, committed: -1, metadata: '', low: 7, end: 9, stable: 9 },
  ]);
});

test('the topics are those named, else those configured and committed, else those committed', async () => {
  const world: World = {
    topics: ['in', 'in-2', 'old', 'other'].map((name) => topic(name, [1])),
    committed: [commit('old', 0, 5), commit('other', 0, -1)],
  };
  const cases: readonly (readonly [Asking, readonly string[]])[] = [
    [{}, ['in', 'old']],
    [{ topics: ['other'] }, ['other']],
    [{ groupId: 'stranger' }, ['old']],
    [{ groupId: 'stranger', topics: ['in', 'in-2'] }, ['in', 'in-2']],
    [{ set: ['kafka.consumer.topics=/in.*/'] }, ['in', 'in-2', 'old']],
  ];
  for (const [asking, names] of cases) {
    const { partitions } = await ask(world, asking);
    assert.deepEqual(
      partitions.map(({ topic: name }) => name),
      names,
      JSON.stringify(asking),
    );
  }
});

test('a partition without a leader is listed apart, and not asked for its offsets', async () => {
  const state = await ask({
    topics: [topic('in', [1, -1, 2, -1])],
    listed: (one) => (one.partition % 2 === 1 ? { ...one, code: 5, text: 'no leader' } : one),
  });
  assert.deepEqual(
    state.partitions.map(({ partition }) => partition),
    [0, 2],
  );
  assert.deepEqual(
    state.leaderless.map(({ partition }) => partition),
    [1, 3],
  );
});

test('a topic that Kafka does not describe is reported with its reason, beside the others', async () => {
  const denied = topic('secret', [], { code: 29, text: 'Broker: Topic authorization failed' });
  const state = await ask({ topics: [topic('in', [1]), denied] }, { topics: ['in', 'secret', 'typo'] });
  assert.deepEqual(
    state.notDescribed.map(({ name, text }) => [name, text]),
    [
      ['secret', 'Broker: Topic authorization failed'],
      ['typo', 'Broker: Unknown topic or partition'],
    ],
  );
  assert.equal(state.partitions.length, 1);
});

test('a group that this user may not see is an error that names the right', async () => {
  await assert.rejects(
    ask({ group: { code: 30, text: 'Broker: Group authorization failed' } }),
    refusal('KAFKA_REFUSED', /group g .*Group authorization failed/, /DESCRIBE on the group/),
  );
});

test('a group that was never used is no error: newer brokers answer with a code of their own', async () => {
  const state = await ask({
    group: { code: 69, text: 'Broker: The group id does not exist', state: 'Dead' },
    topics: [topic('in', [1])],
    logs: { 'in 0': [0, 4] },
  });
  assert.equal(state.partitions[0]?.committed, -1);
});

test('a committed offset that can not be read is an error, and never shown as none', async () => {
  const world: World = {
    topics: [topic('in', [1])],
    committed: [commit('in', 0, -1, { code: 88, text: 'Broker: There are unstable offsets' })],
  };
  await assert.rejects(
    ask(world),
    refusal('KAFKA_REFUSED', /offset of in\[0\] can't be read: .*unstable offsets/, /DESCRIBE on the group/),
  );
});

test('a commit in a topic that is not asked for may be unreadable', async () => {
  const world: World = {
    topics: [topic('in', [1])],
    committed: [commit('in', 0, 3), commit('gone', 0, -1, { code: 3, text: 'unknown' })],
  };
  assert.equal((await ask(world)).partitions[0]?.committed, 3);
});

test('first and last offsets that a broker refuses are an error that names the partition', async () => {
  for (const code of [3, 5, 6, 29])
    await assert.rejects(
      ask({ topics: [topic('in', [1, 1])], listed: (one) => ({ ...one, code, text: `code ${code}` }) }),
      refusal('KAFKA_UNREACHABLE', new RegExp(`in\\[0.*: code ${code}`), /bring its leader back|DESCRIBE/),
    );
});

test('the lag is what can still be read: deleted records and an offset past the end do not count', () => {
  const place = { topic: 't', partition: 0, metadata: '' };
  const lag = (committed: number, low: number, end: number): number =>
    lagOf({ ...place, committed, low, end, stable: end });
  assert.equal(lag(-1, 0, 10), 10);
  assert.equal(lag(-1, 7, 10), 3);
  assert.equal(lag(3, 7, 10), 3);
  assert.equal(lag(9, 7, 10), 1);
  assert.equal(lag(10, 7, 10), 0);
  assert.equal(lag(99, 7, 10), 0);
  fc.assert(
    fc.property(fc.integer({ min: -1, max: 99 }), fc.nat(99), fc.nat(99), (committed, low, more) => {
      const found = lag(committed, low, low + more);
      assert.ok(found >= 0 && found <= more);
    }),
  );
});
