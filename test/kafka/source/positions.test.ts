import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import {
  mapBounded,
  type OffsetQueries,
  type PositionPolicies,
  PositionResolver,
} from '../../../src/kafka/source/positions.js';

const POLICIES: PositionPolicies = { groupId: 'g', autoOffsetReset: 'earliest', outOfRange: 'stop' };
const PARTITION = { partitionId: 3, topic: 't', partition: 1 };

function queries(committed: number, ...ranges: (readonly [low: number, high: number])[]): OffsetQueries {
  let asked = 0;
  return {
    committed: (partitions) => Promise.resolve(partitions.map(() => committed)),
    watermarks: () => {
      const [lowOffset, highOffset] = ranges[Math.min(asked, ranges.length - 1)] ?? [0, 0];
      asked += 1;
      return Promise.resolve({ lowOffset, highOffset });
    },
  };
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

test('a committed offset inside the log is where reading goes on, up to the end itself', async () => {
  for (const offset of [10, 55, 90]) {
    const [start] = await new PositionResolver(queries(offset, [10, 90]), POLICIES).resolve([PARTITION]);
    assert.deepEqual(start, { partitionId: 3, offset, start: 'committed' });
  }
});

test(
  'without a commit, earliest starts at the first offset that ' + 'the log still has and latest at its end',
  async () => {
    const [first] = await new PositionResolver(queries(-1, [10, 90]), POLICIES).resolve([PARTITION]);
    assert.deepEqual(first, { partitionId: 3, offset: 10, start: 'earliest' });
    const [last] = await new PositionResolver(queries(-1, [10, 90]), {
      ...POLICIES,
      autoOffsetReset: 'latest',
    }).resolve([PARTITION]);
    assert.deepEqual(last, { partitionId: 3, offset: 90, start: 'latest' });
  },
);

test('without a commit, none stops and names group, topic and partition', async () => {
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
    const [first] = await new PositionResolver(queries(4, [10, 90]), {
      ...POLICIES,
      outOfRange: 'earliest',
    }).resolve([PARTITION]);
    assert.deepEqual(first, { partitionId: 3, offset: 10, start: 'earliest' });
    const [last] = await new PositionResolver(queries(4, [10, 90]), {
      ...POLICIES,
      outOfRange: 'latest',
    }).resolve([PARTITION]);
    assert.deepEqual(last, { partitionId: 3, offset: 90, start: 'latest' });
  },
);

test(
  'an end that lags behind the commit for a moment, as after a ' +
    'change of leader, is not taken for a truncated log',
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

test('a question that nobody answers is said to be unreachable, with what was asked', async () => {
  const broken: OffsetQueries = {
    committed: () => Promise.reject(new Error('Local: Timed out')),
    watermarks: () => Promise.reject(new Error('no')),
  };
  const error = await rejection(new PositionResolver(broken, POLICIES).resolve([PARTITION]));
  assert.equal(error.code, 'KAFKA_UNREACHABLE');
  assert.match(error.message, /committed offsets of group g/);
});

test('questions keep their order and only a few are under way at once', async () => {
  let running = 0;
  let most = 0;
  const answers = await mapBounded([5, 1, 4, 2, 3, 6, 7], async (item) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, item));
    running -= 1;
    return item * 10;
  });
  assert.deepEqual(answers, [50, 10, 40, 20, 30, 60, 70]);
  assert.equal(most, 3);
});

test('a leader that moves while it is asked for an end is asked again; a refusal is not', async () => {
  for (const [code, asked] of [
    [6, 3],
    [29, 1],
  ] as const) {
    let times = 0;
    const moving: OffsetQueries = {
      committed: () => Promise.resolve([20]),
      watermarks: () => {
        times += 1;
        return times < 3
          ? Promise.reject(Object.assign(new Error('Broker: says no'), { code }))
          : Promise.resolve({ lowOffset: 10, highOffset: 90 });
      },
    };
    const resolving = new PositionResolver(moving, POLICIES).resolve([PARTITION]);
    if (asked === 1) assert.equal((await rejection(resolving)).code, 'KAFKA_REFUSED');
    else assert.deepEqual(await resolving, [{ partitionId: 3, offset: 20, start: 'committed' }]);
    assert.equal(times, asked);
  }
});
