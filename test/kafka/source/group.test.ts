// @alone: depends on milliseconds between the request and the answer of a join.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Member } from '../member.js';
import { fill } from '../producing.js';
import { after, until } from '../support.js';

// The mock cluster's groups are too lenient for these tests, so this is a real broker.
const cluster = await sharedCluster();
const servers = cluster.bootstrapServers;

function topic(partitions: number): Promise<string> {
  return cluster.createTopic(uniqueName('adapter'), { partitions });
}

test(
  'when a member has left, everything it stored is committed, and this was reported before stop ' +
    'resolved',
  async () => {
    const name = await topic(3);
    await fill(servers, name, { partitions: 3, count: 100 });
    const first = await new Member({
      servers,
      topic: name,
      groupId: name,
      commitIntervalMs: 600_000,
    }).start();
    await until('all records', () => first.seen.length >= 300);
    await first.stop();
    assert.deepEqual([...first.commits].sort(), [
      [0, 100],
      [1, 100],
      [2, 100],
    ]);
    await fill(servers, name, { partitions: 3, count: 10, from: 100 });
    const second = await new Member({ servers, topic: name, groupId: name }).start();
    await until('the new records', () => second.seen.length >= 30);
    assert.deepEqual(new Set(second.offsets), new Set([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]));
    await second.stop();
  },
);

for (const strategy of ['range', 'roundrobin', 'cooperative-sticky']) {
  test(`two members share a group by ${strategy}: they join and leave, and no record is missed`, async () => {
    const name = await topic(4);
    await fill(servers, name, { partitions: 4, count: 500 });
    const options = {
      servers,
      topic: name,
      groupId: name,
      properties: { 'partition.assignment.strategy': strategy, 'session.timeout.ms': '6000' },
    };
    const first = await new Member(options).start();
    await until('the first has all', () => first.owned.size === 4);
    const second = await new Member(options).start();
    await until('both have two', () => first.owned.size === 2 && second.owned.size === 2);
    await fill(servers, name, { partitions: 4, count: 500, from: 500 });
    await until(
      'all records',
      () => new Set([...first.seen, ...second.seen].map(({ value }) => value)).size === 4_000,
    );
    await second.stop();
    await until('the first has all again', () => first.owned.size === 4);
    await fill(servers, name, { partitions: 4, count: 100, from: 1_000 });
    await until(
      'the last records',
      () => new Set([...first.seen, ...second.seen].map(({ value }) => value)).size === 4_400,
    );
    await first.stop();
    assert.deepEqual([...first.failures, ...second.failures], []);
    const all = [...first.seen, ...second.seen].map(({ value }) => value);
    assert.equal(all.length, new Set(all).size, 'no record twice');
  });
}

test(
  'a member that is stopped while joining is removed immediately: the next one need not wait for ' +
    'its session to end',
  async () => {
    // One of these lies between the request and the answer.
    for (let stopAfterMs = 0; stopAfterMs < 60; stopAfterMs += 4) {
      const name = await topic(2);
      const options = { servers, topic: name, groupId: name };
      const hasty = await new Member(options).start();
      await after(stopAfterMs);
      await hasty.stop();
      const next = await new Member(options).start();
      await until(
        `the next one has all after a stop at ${stopAfterMs} ms`,
        () => next.owned.size === 2,
        15_000,
      );
      await next.stop();
    }
  },
);

test('a stop while an assignment is unanswered ends within its deadline', async () => {
  const name = await topic(1);
  await fill(servers, name, { partitions: 1, count: 1 });
  const member = new Member({ servers, topic: name, groupId: name });
  member.assigned = () => undefined;
  await member.start();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const startedMs = performance.now();
  await member.stop(10_000);
  assert.ok(performance.now() - startedMs < 5_000);
});

test('a stop while a revocation is unanswered ends within its deadline', async () => {
  const name = await topic(2);
  await fill(servers, name, { partitions: 2, count: 1 });
  const options = { servers, topic: name, groupId: name, properties: { 'session.timeout.ms': '6000' } };
  const first = await new Member(options).start();
  await until('the first has all', () => first.owned.size === 2);
  first.answerRevokes = false;
  const second = await new Member(options).start();
  await until('a revoke', () => first.rebalances.some((line) => line.startsWith('revoked')));
  const startedMs = performance.now();
  await first.stop(10_000);
  assert.ok(performance.now() - startedMs < 5_000);
  await until('the second has all', () => second.owned.size === 2);
  await second.stop();
});

test(
  'a member that starts at the end keeps that position: nothing written before its first commit ' +
    'is skipped by the next member',
  async () => {
    const name = await topic(1);
    await fill(servers, name, { partitions: 1, count: 10 });
    const options = {
      servers,
      topic: name,
      groupId: name,
      autoOffsetReset: 'latest',
      commitIntervalMs: 600_000,
    } as const;
    const first = await new Member({ ...options, blocks: 0 }).start();
    await until('an assignment', () => first.owned.size === 1);
    await fill(servers, name, { partitions: 1, count: 5, from: 10 });
    await first.stop();
    const second = await new Member(options).start();
    await until('the five', () => second.seen.length >= 5);
    assert.deepEqual(second.offsets, [10, 11, 12, 13, 14]);
    await second.stop();
  },
);

test(
  'a group without a committed offset and without a policy ' + 'fails, and the partition is named',
  async () => {
    const name = await topic(1);
    const member = await new Member({ servers, topic: name, groupId: name, autoOffsetReset: 'none' }).start();
    await until('a failure', () => member.failures.length > 0);
    const [failure] = member.failures;
    assert.ok(failure instanceof DispatcherError);
    assert.equal(failure.code, 'NO_COMMITTED_OFFSET');
    await member.stop();
  },
);

test('two members with one instance id: the fenced one gets an error, and both can leave', async () => {
  const name = await topic(1);
  const options = {
    servers,
    topic: name,
    groupId: name,
    properties: { 'group.instance.id': 'same', 'session.timeout.ms': '6000' },
  };
  const first = await new Member(options).start();
  await until('the first has it', () => first.owned.size === 1);
  const second = await new Member(options).start();
  await until('the first is fenced', () => first.failures.length > 0);
  const [failure] = first.failures;
  assert.ok(failure instanceof DispatcherError);
  assert.equal(failure.code, 'FENCED');
  assert.equal(failure.exitCode, 8);
  await until('the second has it', () => second.owned.size === 1);
  await Promise.all([first.stop(10_000), second.stop(10_000)]);
});
