import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitStartOffsets, requireState } from '../../../src/app/jobs/start-offsets.js';
import type { SubscribedPartition } from '../../../src/app/jobs/subscription.js';
import type { JobInstance, PinnedTopic } from '../../../src/core/jobs/job-record.js';
import type { JobState } from '../../../src/core/jobs/job-state.js';
import { jobInstance, PIN } from '../../core/jobs/sample-job.js';
import { type FakeAdmin, fakeAdmin, member } from '../groups/fake-admin.js';
import { refused } from '../refused.js';
import { Lines } from '../reload/helpers.js';
import { commitsOf } from './support/job-scene.js';

const TOPICS: readonly PinnedTopic[] = [{ topic: 'in', id: 'x', ranges: [[0, 100, 200]] }];

function jobOf(topics: readonly PinnedTopic[], ...instances: readonly JobInstance[]): JobState {
  return {
    run: 1,
    pinId: 'a',
    pin: { ...PIN, topics },
    isStarted: true,
    instances: new Map(instances.map((one, index) => [`${index}`, one])),
    finished: undefined,
    lost: [],
    olderKeys: [],
  };
}

/** Offsets 100 to 200, nothing committed. */
function at(partition: number, more: Partial<SubscribedPartition> = {}): SubscribedPartition {
  const committed = more.committed ?? more.next ?? -1;
  return {
    topic: 'in',
    partition,
    metadata: '',
    low: 100,
    end: 200,
    stable: 200,
    next: committed,
    readable: 200,
    topicId: 'x',
    ...more,
    committed,
  };
}

interface Done {
  readonly admin: FakeAdmin;
  readonly logger: Lines;
}

async function committed(
  partitions: readonly SubscribedPartition[],
  isFirst: boolean,
  state = jobOf(TOPICS),
): Promise<Done> {
  const [admin, logger] = [fakeAdmin({}), new Lines()];
  const ask = (): Promise<readonly SubscribedPartition[]> => assert.fail('not asked again');
  await commitStartOffsets({ admin, group: 'g.job.j', state, logger, ask }, partitions, isFirst);
  return { admin, logger };
}

const CASES: readonly (readonly [
  title: string,
  isFirst: boolean,
  partition: SubscribedPartition,
  commits: readonly string[],
])[] = [
  ['a first start commits the beginning of the range', true, at(0), ['0:100']],
  ['a first start ignores what the group has committed before', true, at(0, { next: 170 }), ['0:100']],
  ['a first start begins where the log does, if that is later', true, at(0, { low: 130 }), ['0:130']],
  ['a first start skips a partition that is no part of the job', true, at(1), ['1:200']],
  [
    'it skips to the last stable offset, which is all that it may read',
    true,
    at(1, { readable: 150 }),
    ['1:150'],
  ],
  ['a later start leaves a commit alone', false, at(0, { next: 170 }), []],
  ['a commit at the beginning of the log is one', false, at(0, { next: 100 }), []],
  ['a commit that the log has left behind is moved to its beginning', false, at(0, { next: 50 }), ['0:100']],
  [
    'a commit of a topic that had the name before does not count',
    false,
    at(0, { committed: 170, next: -1 }),
    ['0:100'],
  ],
  ['a partition outside the job keeps its commit', false, at(1, { next: 200 }), []],
  ['without one it is skipped', false, at(1), ['1:200']],
  ['with one behind its end it is skipped', false, at(1, { next: 201 }), ['1:200']],
  ['with one before its beginning it is skipped', false, at(1, { next: 99 }), ['1:200']],
  ['a topic that is no part of the job gets no commit', true, at(0, { topic: 'other' }), []],
];

for (const [title, isFirst, partition, commits] of CASES)
  test(title, async () => {
    assert.deepEqual(commitsOf((await committed([partition], isFirst)).admin), commits);
  });

test('where the commits of the group are gone, it goes on where its instances last were', async () => {
  const settled = (offset: number): JobInstance =>
    jobInstance({ settled: [{ topic: 'in', id: 'x', offsets: [[0, offset]] }] });
  const { admin, logger } = await committed([at(0)], false, jobOf(TOPICS, settled(140), settled(120)));
  assert.deepEqual(commitsOf(admin), ['0:140']);
  const [warning] = logger.all;
  assert.match(
    warning?.message ?? '',
    /offsets of group g\.job\.j are gone \(offsets\.retention\.minutes\?\).*10 s of records may come twice/,
  );
  assert.deepEqual(warning?.fields, { of: 'in[0] 140' });
});

test('offsets that an instance settled in a topic of another id are not gone on from', async () => {
  const foreign = jobInstance({ settled: [{ topic: 'in', id: 'before', offsets: [[0, 180]] }] });
  assert.deepEqual(commitsOf((await committed([at(0)], false, jobOf(TOPICS, foreign))).admin), ['0:100']);
});

test('of many partitions whose commits are gone ten are named', async () => {
  const ids = Array.from({ length: 11 }, (_, id) => id);
  const state = jobOf([{ topic: 'in', id: 'x', ranges: ids.map((id) => [id, 100, 200] as const) }]);
  const { logger } = await committed(
    ids.map((id) => at(id)),
    false,
    state,
  );
  assert.match(String(logger.all[0]?.fields['of']), /^in\[0\] 100 .*in\[9\] 100 …$/);
});

test('a commit that belongs to a topic of before is not called lost', async () => {
  assert.deepEqual((await committed([at(0, { committed: 170, next: -1 })], false)).logger.all, []);
});

test('where another instance has joined, what it has committed by now is enough', async () => {
  const admin = fakeAdmin({ group: { members: [member('kd')] } });
  const parts = { admin, group: 'g', state: jobOf(TOPICS), logger: new Lines() };
  let asked = 0;
  const ask = (): Promise<readonly SubscribedPartition[]> => {
    asked += 1;
    return Promise.resolve([at(0, { next: 100 })]);
  };
  await commitStartOffsets({ ...parts, ask }, [at(0)], false);
  assert.deepEqual([asked, admin.commits], [1, []]);
});

test('where members stay and nothing is committed, the start fails after ten looks', async () => {
  const admin = fakeAdmin({ group: { members: [member('kd')] } });
  const ask = (): Promise<readonly SubscribedPartition[]> => Promise.resolve([at(0)]);
  await assert.rejects(
    commitStartOffsets(
      { admin, group: 'g.job.j', state: jobOf(TOPICS), logger: new Lines(), ask },
      [at(0)],
      true,
    ),
    refused('USAGE', /group g\.job\.j has 1 member: kd at/),
  );
  assert.deepEqual([admin.commits, admin.asked.filter((one) => one.startsWith('group')).length], [[], 10]);
});

test('a job that should have begun and can not be read back is an error to try again', () => {
  assert.equal(requireState(jobOf([]), 'g').run, 1);
  assert.throws(
    () => requireState(undefined, 'g.job.j'),
    refused('KAFKA_UNREACHABLE', /job g\.job\.j/, /kd doctor/),
  );
});
