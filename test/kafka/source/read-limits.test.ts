import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadLimits } from '../../../src/kafka/source/read-limits.js';
import type { OpenedPartition } from '../../../src/ports/source.js';
import { RecordingLogger } from '../support.js';

const opened = (partition: number, offset: number, until?: number): OpenedPartition => ({
  partitionId: partition,
  topic: 'in',
  partition,
  epoch: 1,
  offset,
  ...(until === undefined ? {} : { until }),
});

interface Places {
  readonly partition: number;
}

function bench(fails = false) {
  const calls: string[] = [];
  const logger = new RecordingLogger();
  const called = (name: string) => (places: readonly Places[]) => {
    calls.push(`${name} ${places.map(({ partition }) => partition).join(' ')}`);
    if (fails) throw new Error('Local: Erroneous state');
  };
  const limits = new ReadLimits({
    client: { pause: called('pause'), resume: called('resume') },
    reader: { limit: (id, until) => void calls.push(`limit ${id} ${until}`) },
    logger,
  });
  return { limits, calls, logger };
}

test('the reader gets the limit, and none for a run without an end', () => {
  const { limits, calls } = bench();
  limits.set(opened(0, 5, 20));
  limits.set(opened(1, 5));
  assert.deepEqual(calls, ['limit 0 20', `limit 1 ${Number.MAX_SAFE_INTEGER}`]);
});

test('a partition that is opened at its limit or beyond is not fetched, the others are', () => {
  const { limits, calls } = bench();
  limits.opened([opened(0, 19, 20), opened(1, 20, 20), opened(2, 21, 20), opened(3, 1_000)]);
  assert.deepEqual(calls, ['pause 1', 'pause 2']);
});

test('a pause survives a new assignment, so a partition that is opened again is resumed first', () => {
  const { limits, calls } = bench();
  limits.opened([opened(0, 20, 20)]);
  limits.opened([opened(0, 5, 20)]);
  limits.opened([opened(0, 6, 20)]);
  assert.deepEqual(calls, ['pause 0', 'resume 0'], 'and only once');
});

test('after a seek it is fetched again, also from its limit: only a fetch tells that it is too far', () => {
  const { limits, calls } = bench();
  limits.rest([opened(0, 20, 20)]);
  limits.sought([opened(0, 25, 20)]);
  assert.deepEqual(calls, ['pause 0', 'resume 0']);
});

test('a partition that can not be paused or resumed ends nothing', () => {
  const { limits, calls, logger } = bench(true);
  limits.rest([opened(0, 20, 20), opened(1, 20, 20)]);
  limits.sought([opened(0, 5, 20)]);
  assert.deepEqual(calls, ['pause 0', 'pause 1', 'resume 0']);
  assert.equal(logger.entries.filter(({ level }) => level === 'debug').length, 3);
});
