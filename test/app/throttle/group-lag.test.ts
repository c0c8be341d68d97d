import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askLag, type GroupLag } from '../../../src/app/throttle/group-lag.js';
import type { GroupOffset, ListedOffset } from '../../../src/ports/admin.js';
import { commit } from '../groups/fake-admin.js';

/** The first offset, the next one, and the code of the answer; by partition. Others get no answer. */
type Logs = Readonly<Record<number, readonly [first: number, end: number, code?: number]>>;

function lag(commits: readonly GroupOffset[], logs: Logs): Promise<GroupLag> {
  return askLag(
    {
      committedOffsets: () => Promise.resolve(commits),
      offsets: (which, places) =>
        Promise.resolve(
          places.flatMap(({ topic, partition }): readonly ListedOffset[] => {
            const log = logs[partition];
            if (log === undefined) return [];
            const [first, end, code = 0] = log;
            const offset = which === 'earliest' ? first : end;
            return [
              { topic, partition, offset, timestamp: -1, code, text: code === 0 ? '' : `code ${code}` },
            ];
          }),
        ),
      close: () => Promise.resolve(),
    },
    'live',
  );
}

const exactly = (lagRecords: number | undefined, missing?: string): GroupLag => ({ lagRecords, missing });

test('the lag of a group is the sum over its partitions', async () => {
  assert.deepEqual(
    await lag([commit('t', 0, 40), commit('t', 1, 100)], { 0: [0, 100], 1: [0, 100] }),
    exactly(60),
  );
});

test('records that were deleted before the group read them are no lag: nobody can read them', async () => {
  assert.deepEqual(await lag([commit('t', 0, 40)], { 0: [90, 100] }), exactly(10));
  assert.deepEqual(await lag([commit('t', 0, 40)], { 0: [100, 100] }), exactly(0));
});

test('a commit behind the end, in a log that was cut, is no lag, and no negative one', async () => {
  assert.deepEqual(
    await lag([commit('t', 0, 150), commit('t', 1, 90)], { 0: [0, 100], 1: [0, 100] }),
    exactly(10),
  );
});

test('a group that has committed nothing has no lag to keep', async () => {
  assert.deepEqual(await lag([], {}), exactly(undefined));
  assert.deepEqual(await lag([commit('t', 0, -1)], { 0: [0, 100] }), exactly(undefined));
});

test('a topic that was deleted counts nothing, and is not missing', async () => {
  assert.deepEqual(
    await lag([commit('t', 0, 5), commit('t', 1, 5)], { 0: [0, 9, 3], 1: [0, 9] }),
    exactly(4),
  );
  assert.deepEqual(await lag([commit('t', 0, 5)], { 0: [0, 9, 3] }), exactly(undefined));
  const gone = commit('t', 0, -1, { code: 3, text: 'unknown topic' });
  assert.deepEqual(await lag([gone, commit('t', 1, 5)], { 1: [0, 9] }), exactly(4));
});

test('a partition that gives no answer is left out of the lag, and is named', async () => {
  const commits = [commit('t', 0, 5), commit('t', 1, 5)];
  assert.deepEqual(await lag(commits, { 0: [0, 9], 1: [0, 9, 6] }), exactly(4, 't[1]: code 6'));
  assert.deepEqual(await lag(commits, { 0: [0, 9] }), exactly(4, 't[1]: no answer'));
  const denied = commit('t', 1, -1, { code: 29, text: 'denied' });
  assert.deepEqual(await lag([commit('t', 0, 5), denied], { 0: [0, 9] }), exactly(4, 'denied'));
});

test('where no partition gives an answer, the lag is not 0 but not known', async () => {
  await assert.rejects(lag([commit('t', 0, 5), commit('t', 1, 5)], { 0: [0, 9, 6] }), /t\[0\]: code 6/);
  await assert.rejects(lag([commit('t', 0, -1, { code: 29, text: 'denied' })], {}), /denied/);
});
