import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { inAttempts } from '../../../src/kafka/client/attempts.js';
import { OffsetOrigins } from '../../../src/kafka/commits/offset-origins.js';
import { KafkaCode } from '../../../src/kafka/errors.js';
import { PositionResolver } from '../../../src/kafka/source/offsets/positions.js';

const PARTITION = { partitionId: 3, topic: 't', partition: 1 };

function failure(code: number): Error {
  return Object.assign(new Error(`error ${code}`), { code });
}

/** Silent until the timeout of each of the first attempts; notes the time that each was given. */
function silent<T>(attempts: number, answer: T): { given: number[]; ask: (timeoutMs: number) => Promise<T> } {
  const given: number[] = [];
  const ask = (timeoutMs: number): Promise<T> => {
    given.push(timeoutMs);
    return given.length > attempts ? Promise.resolve(answer) : Promise.reject(failure(KafkaCode._TIMED_OUT));
  };
  return { given, ask };
}

test('a request that librdkafka forgot is sent again after two seconds', async () => {
  const { given, ask } = silent(1, 'answer');
  assert.equal(await inAttempts(30_000, ask), 'answer');
  assert.deepEqual(given, [2_000, 4_000]);
});

test('the attempts take the whole time together, and no longer', async () => {
  const { given, ask } = silent(100, 'answer');
  await assert.rejects(inAttempts(30_000, ask), { code: KafkaCode._TIMED_OUT });
  assert.deepEqual(given, [2_000, 4_000, 8_000, 16_000]);
  const short = silent(100, 'answer');
  await assert.rejects(inAttempts(1_500, short.ask), { code: KafkaCode._TIMED_OUT });
  assert.deepEqual(short.given, [1_500]);
});

test('an answer that is an error is not asked for again', async () => {
  let asked = 0;
  const ask = (): Promise<string> => {
    asked += 1;
    return Promise.reject(failure(KafkaCode.GROUP_AUTHORIZATION_FAILED));
  };
  await assert.rejects(inAttempts(30_000, ask), { code: KafkaCode.GROUP_AUTHORIZATION_FAILED });
  assert.equal(asked, 1);
});

test('reading begins although the first questions for committed offset and log stay silent', async () => {
  const committed = silent(2, [55]);
  const ranges = silent(1, [{ low: 10, end: 90, high: 90 }]);
  const resolver = new PositionResolver(
    {
      firstSince: () => Promise.resolve(-1),
      committed: (_, timeoutMs) => committed.ask(timeoutMs),
      ranges: (_, timeoutMs) => ranges.ask(timeoutMs),
    },
    { groupId: 'g', autoOffsetReset: 'earliest', outOfRange: 'stop' },
  );
  const [position] = await resolver.resolve([PARTITION]);
  assert.deepEqual([position?.start, position?.offset], ['committed', 55]);
  assert.deepEqual(
    [committed.given, ranges.given],
    [
      [2_000, 4_000, 8_000],
      [2_000, 4_000],
    ],
  );
});

test('logs that never answer hold up an assignment for six seconds, not for thirty', async () => {
  const ranges = silent(100, []);
  const resolver = new PositionResolver(
    {
      firstSince: () => Promise.resolve(-1),
      committed: () => Promise.resolve([55]),
      ranges: (_, timeoutMs) => ranges.ask(timeoutMs),
    },
    { groupId: 'g', autoOffsetReset: 'earliest', outOfRange: 'stop' },
  );
  const start = performance.now();
  const now = mock.method(performance, 'now', () => start + ranges.given.reduce((sum, one) => sum + one, 0));
  const [position] = await resolver.resolve([PARTITION]);
  now.mock.restore();
  assert.deepEqual([position?.start, position?.offset, position?.range], ['committed', 55, undefined]);
  assert.deepEqual(ranges.given, [2_000, 4_000]);
});

test('the origin of committed offsets is asked for again too, before it is accepted unseen', async () => {
  const metadata = 'kd cluster=c topic-id=old';
  const answers = silent(1, [{ topic: 't', partition: 1, offset: 55, metadata }]);
  const native = {
    askBrokers: (...words: readonly unknown[]) => answers.ask(Number(words[4])) as never,
    clusterId: () => 'c',
    commitOffsets: () => 0,
    storeOffsets: () => 0,
    errorName: () => ({ name: '', text: '' }),
  };
  const logger = { debug: () => undefined };
  const origins = new OffsetOrigins({ native, handleId: 1, topicId: () => 'new', logger });
  assert.deepEqual(await origins.foreign([PARTITION], 30_000), [PARTITION]);
  assert.deepEqual(answers.given, [2_000, 4_000]);
});
