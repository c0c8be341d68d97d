import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import {
  type OffsetQueries,
  type PositionPolicies,
  PositionResolver,
} from '../../../src/kafka/source/offsets/positions.js';

const LEADER_WAIT_MS = 3_000;
const POLICIES: PositionPolicies = { groupId: 'g', autoOffsetReset: 'earliest', outOfRange: 'stop' };
const LATEST = { ...POLICIES, autoOffsetReset: 'latest' } as const;
const firstSince = (): Promise<number> => Promise.resolve(-1);
/** Longer than a leader is waited for. */
const LEADERLESS = Array<undefined>(12).fill(undefined);
const PARTITION = { partitionId: 3, topic: 't', partition: 1 };

type Answer = readonly [low: number, end: number, high?: number];

function queries(committed: number, ...ranges: (Answer | undefined)[]): OffsetQueries {
  let asked = 0;
  return {
    firstSince,
    committed: (partitions) => Promise.resolve(partitions.map(() => committed)),
    ranges: (partitions) => {
      const answer = ranges[Math.min(asked, ranges.length - 1)];
      asked += 1;
      return Promise.resolve(
        partitions.map(() =>
          answer === undefined
            ? { code: 5, text: 'no leader' }
            : { low: answer[0], end: answer[1], high: answer[2] ?? answer[1] },
        ),
      );
    },
  };
}

async function startOf(queriesOf: OffsetQueries, policies = POLICIES): Promise<unknown> {
  const [position] = await new PositionResolver(queriesOf, policies).resolve([PARTITION]);
  return position === undefined ? undefined : [position.start, position.offset];
}

async function rejection(promise: Promise<unknown>): Promise<DispatcherError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof DispatcherError);
    return error;
  }
  return assert.fail('it did not reject');
}

test('reading continues at a committed offset inside the log, including the end itself', async () => {
  for (const offset of [10, 55, 90]) {
    assert.deepEqual(await startOf(queries(offset, [10, 90])), ['committed', offset]);
  }
});

test('without a commit, earliest starts at the first existing offset and latest at the end', async () => {
  assert.deepEqual(await startOf(queries(-1, [10, 90])), ['reset', 10]);
  assert.deepEqual(await startOf(queries(-1, [10, 90]), LATEST), ['reset', 90]);
});

test('a first start without a leader does not hold up the others', async () => {
  const resolver = new PositionResolver(queries(-1, undefined, [10, 90]), POLICIES);
  const asked = queries(-1, undefined);
  const none = new PositionResolver(asked, { ...POLICIES, autoOffsetReset: 'none' });
  const refused = rejection(none.resolve([PARTITION]));
  const [undecided] = await new PositionResolver(asked, POLICIES).resolve([PARTITION]);
  assert.deepEqual([undecided?.start, undecided?.offset], ['undecided', 0]);
  assert.equal((await resolver.resolve([PARTITION]))[0]?.start, 'reset', 'a leader came in time');
  assert.equal((await refused).code, 'NO_COMMITTED_OFFSET', 'with or without a leader');
});

test('a first start without a leader that is out of range begins at the beginning of the log', async () => {
  const beginsAt = async (policies: PositionPolicies, isReplaced: boolean): Promise<void> => {
    const resolver = new PositionResolver(queries(-1, ...LEADERLESS, [10, 90]), policies);
    await resolver.resolve([PARTITION]);
    assert.deepEqual(await resolver.afterOutOfRange(PARTITION, 0, isReplaced), {
      offset: 10,
      start: 'reset',
    });
    const error = await rejection(resolver.afterOutOfRange(PARTITION, 5));
    assert.equal(error.code, 'OFFSET_OUT_OF_RANGE', 'the next one is a lost log');
  };
  // A topic that was created again meanwhile is read from its beginning.
  await Promise.all([beginsAt(POLICIES, false), beginsAt(LATEST, true)]);
});

test('with latest, a first start without a leader reads what was written since the assignment', async () => {
  const startsAt = async (first: number, begins: number): Promise<void> => {
    let end: number | undefined;
    const times: number[] = [];
    const beforeMs = Date.now();
    const resolver = new PositionResolver(
      {
        committed: () => Promise.resolve([-1]),
        ranges: () =>
          Promise.resolve([end === undefined ? { code: 5, text: 'no leader' } : { low: 10, end, high: end }]),
        firstSince: (_, timestampMs) => {
          times.push(timestampMs);
          return Promise.resolve(times.length === 1 ? undefined : first);
        },
      },
      LATEST,
    );
    const [start] = await resolver.resolve([PARTITION]);
    assert.deepEqual([start?.start, start?.offset], ['undecided', 0]);
    assert.ok(resolver.fetchOffset(PARTITION, 0) > 2 ** 50, 'nothing is read by mistake');
    assert.equal(resolver.fetchOffset(PARTITION, 5), 5);
    end = 90;
    assert.equal((await resolver.afterOutOfRange(PARTITION, 0)).start, 'undecided', 'it is gone again');
    assert.ok(resolver.fetchOffset(PARTITION, 0) > 2 ** 50);
    assert.deepEqual(await resolver.afterOutOfRange(PARTITION, 0), { offset: begins, start: 'reset' });
    assert.equal(resolver.fetchOffset(PARTITION, 0), 0);
    end = 99;
    const [again] = await resolver.resolve([PARTITION]);
    assert.equal(again?.offset, first < 0 ? 99 : first, 'a decision that was not committed loses nothing');
    for (const timeMs of times)
      assert.ok(timeMs >= beforeMs && timeMs < beforeMs + LEADER_WAIT_MS, 'counts from the assignment');
  };
  await Promise.all([startsAt(-1, 90), startsAt(70, 70), startsAt(95, 90)]);
});

test('without a commit, auto-offset-reset: none stops and names group, topic and partition', async () => {
  const error = await rejection(
    new PositionResolver(queries(-1, [10, 90]), { ...POLICIES, autoOffsetReset: 'none' }).resolve([
      PARTITION,
    ]),
  );
  assert.equal(error.code, 'NO_COMMITTED_OFFSET');
  assert.equal(error.exitCode, 5);
  assert.match(error.message, /group g .*t\[1\]/);
});

test(
  'a committed offset below the log stops the run and ' + 'names topic, partition, offset and range',
  async () => {
    const error = await rejection(new PositionResolver(queries(4, [10, 90]), POLICIES).resolve([PARTITION]));
    assert.equal(error.code, 'OFFSET_OUT_OF_RANGE');
    assert.equal(error.exitCode, 5);
    assert.match(error.message, /offset 4 of t\[1\].*\[10, 90\)/);
    assert.match(error.remedy ?? '', /out-of-range/);
  },
);

test(
  'a committed offset outside the log moves to its ' + 'beginning or end where the policy says so',
  async () => {
    const earliest = { ...POLICIES, outOfRange: 'earliest' } as const;
    assert.deepEqual(await startOf(queries(4, [10, 90]), earliest), ['skip', 10]);
    const latest = { ...POLICIES, outOfRange: 'latest' } as const;
    assert.deepEqual(await startOf(queries(4, [10, 90]), latest), ['skip', 90]);
  },
);

test(
  'an end that is briefly behind the commit, as after a change of leader, is not mistaken for a ' +
    'truncated log',
  async () => {
    const [start] = await new PositionResolver(queries(90, [10, 80], [10, 90]), POLICIES).resolve([
      PARTITION,
    ]);
    assert.equal(start?.offset, 90);
  },
);

test('a committed offset past the end of the log stops the run', async () => {
  const error = await rejection(new PositionResolver(queries(500, [0, 3]), POLICIES).resolve([PARTITION]));
  assert.equal(error.code, 'OFFSET_OUT_OF_RANGE');
  assert.match(error.message, /offset 500 of t\[1\].*\[0, 3\)/);
});

test('a request that gets no answer is reported as unreachable, with what was requested', async () => {
  const broken: OffsetQueries = {
    firstSince,
    committed: () => Promise.reject(new Error('Local: Timed out')),
    ranges: () => Promise.reject(new Error('no')),
  };
  const error = await rejection(new PositionResolver(broken, POLICIES).resolve([PARTITION]));
  assert.equal(error.code, 'KAFKA_UNREACHABLE');
  assert.match(error.message, /committed offsets of group g/);
});

test('a committed offset between the last stable offset and the end is kept: it is in the log', async () => {
  assert.deepEqual(await startOf(queries(70, [10, 50, 90])), ['committed', 70]);
});

test(
  'a partition created after the start begins at its beginning, ' + 'whatever the policy for a first start',
  async () => {
    for (const autoOffsetReset of ['latest', 'none'] as const) {
      const policies = { ...POLICIES, autoOffsetReset, existedAtStart: () => false };
      assert.deepEqual(await startOf(queries(-1, [10, 90]), policies), ['reset', 10]);
    }
  },
);

test(
  'a partition without a leader takes its committed offset ' + 'unchecked, and delays nothing for long',
  async () => {
    assert.deepEqual(await startOf(queries(70, undefined)), ['committed', 70]);
    const born = { ...POLICIES, existedAtStart: () => false };
    assert.deepEqual(await startOf(queries(-1, undefined), born), ['reset', 0]);
  },
);

test('a request is repeated if the leader moves in the meantime, but not after a refusal', async () => {
  for (const [code, asked] of [
    [6, 3],
    [29, 1],
  ] as const) {
    let times = 0;
    const moving: OffsetQueries = {
      firstSince,
      committed: () => Promise.resolve([20]),
      ranges: () => {
        times += 1;
        return Promise.resolve([
          times < 3 ? { code, text: 'Broker: says no' } : { low: 10, end: 90, high: 90 },
        ]);
      },
    };
    const resolving = new PositionResolver(moving, POLICIES).resolve([PARTITION]);
    if (asked === 1) assert.equal((await rejection(resolving)).code, 'KAFKA_REFUSED');
    else assert.equal((await resolving)[0]?.offset, 20);
    assert.equal(times, asked);
  }
});
