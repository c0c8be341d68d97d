/** Where a run or a new job would begin and end, found out without joining a group. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PlannedRanges, plannedRanges } from '../../../src/app/plan/ranges.js';
import { parsePosition, type TypedPosition } from '../../../src/core/positions/position.js';
import { jobConfig } from '../../checks/support.js';
import { commit, fakeAdmin, topic, type World } from '../groups/fake-admin.js';
import { WORLD } from '../jobs/support/job-scene.js';
import { refused } from '../refused.js';
import { Lines } from '../reload/helpers.js';

interface Wish {
  readonly job?: string;
  readonly from?: string;
  readonly until?: string;
  readonly partitions?: readonly number[];
  readonly set?: readonly string[];
}

const typed = (text: string | undefined): TypedPosition | undefined =>
  text === undefined ? undefined : { text, position: parsePosition(text, Date.now(), () => '{}') };

/** No jobs topic is there, so a job has never begun. */
function planned({ job, from, until, partitions, set }: Wish, world: World = WORLD): Promise<PlannedRanges> {
  const numbers = new Set(partitions);
  return plannedRanges({
    admin: fakeAdmin(world),
    config: jobConfig(set),
    logger: new Lines(),
    request: {
      job,
      from: typed(from),
      until: typed(until),
      partitions: partitions === undefined ? undefined : { text: [...numbers].join(), numbers },
      again: false,
    },
  });
}

const COMMITTED: World = { ...WORLD, committed: [commit('in', 0, 150)] };

/** `from–until` of both partitions, where the group has committed 150 in the first one. */
const RANGES: readonly (readonly [title: string, wish: Wish, ranges: readonly string[]])[] = [
  ['a run begins where its group has committed', {}, ['150–200', '100–200']],
  [
    'a group without a commit begins at the end if the configuration says so',
    { set: ['kafka.consumer.auto-offset-reset=latest'] },
    ['150–200', '200–200'],
  ],
  ['a run may have an end', { until: '160' }, ['150–160', '100–160']],
  ['an end that is before the commit leaves nothing to read', { until: '120' }, ['150–150', '100–120']],
  ['+N counts from where the group is', { until: '+5' }, ['150–155', '100–105']],
  ['a plan may ask what another beginning would be', { from: '-10' }, ['190–200', '190–200']],
  ['a new job begins at the beginning', { job: 'j' }, ['100–200', '100–200']],
  ['a new job may begin where the live group is', { job: 'j', from: 'committed' }, ['150–200', '100–200']],
  [
    'where a job begins is no policy of the group',
    { job: 'j', from: 'committed', set: ['kafka.consumer.auto-offset-reset=latest'] },
    ['150–200', '100–200'],
  ],
];

for (const [title, wish, ranges] of RANGES)
  test(title, async () => {
    const found = await planned(wish, COMMITTED);
    assert.deepEqual(
      found.ranges.map(({ from, until }) => `${from}–${until}`),
      ranges,
    );
    assert.deepEqual(found.warnings, []);
    assert.deepEqual(
      [found.group, found.jobState],
      wish.job === undefined ? ['g', undefined] : ['g.job.j', 'new'],
    );
  });

test('only the partitions that were asked for are planned, and a wrong number is refused', async () => {
  const { ranges } = await planned({ partitions: [1] });
  assert.deepEqual(
    ranges.map(({ partition }) => partition),
    [1],
  );
  await assert.rejects(
    planned({ partitions: [2] }),
    refused('USAGE', /no topic of this job has a partition 2/),
  );
});

test('a plan says which records an open transaction holds back, ten partitions of them by name', async () => {
  const numbers = Array.from({ length: 11 }, (_, id) => id);
  const logs = Object.fromEntries(numbers.map((id) => [`in ${id}`, [0, 9, 5] as const]));
  const world = {
    topics: [
      topic(
        'in',
        numbers.map(() => 1),
      ),
    ],
    logs,
  };
  const { warnings, ranges } = await planned({}, world);
  assert.deepEqual(ranges[0], { topic: 'in', partition: 0, from: 0, until: 5 });
  assert.match(
    warnings[0]?.message ?? '',
    /can't read records behind an open transaction: in\[0\] 5–8 .*in\[9\] 5–8 …$/,
  );
  assert.match(warnings[0]?.remedy ?? '', /plan again when the transaction has ended/);
  const two = await planned({ partitions: [3, 4] }, world);
  assert.match(two.warnings[0]?.message ?? '', /: in\[3\] 5–8 in\[4\] 5–8$/);
});

test('a topic that is missing stops the plan as it would stop the run', async () => {
  await assert.rejects(planned({}, { topics: [] }), refused('TOPIC_MISSING', /the topic in does not exist/));
});
