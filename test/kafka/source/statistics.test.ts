import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEYOND_ANY_LOG } from '../../../src/kafka/source/offsets/undecided-starts.js';
import { progressOf } from '../../../src/kafka/source/partition-progress.js';
import { PartitionRegistry } from '../../../src/kafka/source/partition-registry.js';
import { statisticsOf } from '../../../src/kafka/statistics/document.js';
import { PlainTable } from '../support.js';

test('progress contains open partitions only, with the end for the isolation level', () => {
  const registry = new PartitionRegistry(new PlainTable());
  registry.open(registry.assigned({ topic: 't', partition: 0 }), 1);
  registry.assigned({ topic: 't', partition: 1 });
  const partition = { next_offset: 12, fetchq_cnt: 4, hi_offset: 20, ls_offset: 18 };
  const event = {
    message: JSON.stringify({
      topics: { t: { partitions: { 0: partition, 1: partition, '-1': partition } } },
    }),
  };
  assert.deepEqual(progressOf(statisticsOf(event), registry, 'read_committed'), [
    { partitionId: 0, nextOffset: 12, fetchQueueRecords: 4, endOffset: 18, highOffset: 20 },
  ]);
  assert.equal(progressOf(statisticsOf(event), registry, 'read_uncommitted')[0]?.endOffset, 20);
});

test('values that librdkafka does not know yet are reported as unknown', () => {
  const registry = new PartitionRegistry(new PlainTable());
  registry.open(registry.assigned({ topic: 't', partition: 0 }), 1);
  const event = {
    message: JSON.stringify({
      topics: { t: { partitions: { 0: { next_offset: -1001, hi_offset: -1001, ls_offset: -1001 } } } },
    }),
  };
  assert.deepEqual(progressOf(statisticsOf(event), registry, 'read_committed'), [
    { partitionId: 0, nextOffset: -1, fetchQueueRecords: 0, endOffset: -1, highOffset: -1 },
  ]);
});

test('a fetch position beyond any log is not a position, so the start there is undecided', () => {
  const registry = new PartitionRegistry(new PlainTable());
  registry.open(registry.assigned({ topic: 't', partition: 0 }), 1);
  const partitions = { 0: { next_offset: BEYOND_ANY_LOG, hi_offset: 7, ls_offset: 7 } };
  const event = { message: JSON.stringify({ topics: { t: { partitions } } }) };
  assert.equal(progressOf(statisticsOf(event), registry, 'read_committed')[0]?.nextOffset, -1);
});

test('a partition without a leader is named as such', () => {
  const registry = new PartitionRegistry(new PlainTable());
  for (const partition of [0, 1]) registry.open(registry.assigned({ topic: 't', partition }), 1);
  const partitions = { 0: { leader: -1 }, 1: { leader: 3 } };
  const event = { message: JSON.stringify({ topics: { t: { partitions } } }) };
  assert.deepEqual(
    progressOf(statisticsOf(event), registry, 'read_committed').map(({ leaderless }) => leaderless),
    [true, undefined],
  );
});

test('a document in another form gives no progress and no error', () => {
  const registry = new PartitionRegistry(new PlainTable());
  registry.open(registry.assigned({ topic: 't', partition: 0 }), 1);
  for (const event of [undefined, {}, { message: '{' }, { message: '[]' }, { message: '{"topics":null}' }]) {
    assert.deepEqual(progressOf(statisticsOf(event), registry, 'read_committed'), []);
  }
});

test(
  'the fetch position of a partition whose broker is unreachable is unknown: it may be from before ' +
    'a seek',
  () => {
    const registry = new PartitionRegistry(new PlainTable());
    for (const partition of [0, 1, 2]) registry.open(registry.assigned({ topic: 't', partition }), 1);
    const at = (broker: number): object => ({
      broker,
      next_offset: 12,
      fetchq_cnt: 0,
      hi_offset: 12,
      ls_offset: 12,
    });
    const brokers = { 'a:1/1': { nodeid: 1, state: 'UP' }, 'b:1/2': { nodeid: 2, state: 'TRY_CONNECT' } };
    const event = {
      message: JSON.stringify({ brokers, topics: { t: { partitions: { 0: at(1), 1: at(2), 2: at(-1) } } } }),
    };
    assert.deepEqual(
      progressOf(statisticsOf(event), registry, 'read_committed').map(({ nextOffset }) => nextOffset),
      [12, -1, -1],
    );
  },
);
