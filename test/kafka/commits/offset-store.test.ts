import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { OffsetStore } from '../../../src/kafka/commits/offset-store.js';
import { PartitionRegistry } from '../../../src/kafka/source/partition-registry.js';
import { PlainTable } from '../support.js';

function kafkaError(code: number): Error {
  return Object.assign(new Error(`librdkafka ${code}`), { code });
}

function setUp(): {
  registry: PartitionRegistry;
  offsets: OffsetStore;
  stored: unknown[];
  consumer: { offsetsStore(list: unknown[]): void };
} {
  const registry = new PartitionRegistry(new PlainTable());
  const stored: unknown[] = [];
  return {
    registry,
    offsets: new OffsetStore(registry),
    stored,
    consumer: { offsetsStore: (list) => stored.push(...list) },
  };
}

test('offsets of open partitions are stored, those of closed ones are counted and left out', () => {
  const { registry, offsets, stored, consumer } = setUp();
  const open = registry.assigned({ topic: 't', partition: 0 });
  const closed = registry.assigned({ topic: 't', partition: 1 });
  registry.open(open, 1);
  offsets.store(consumer, [
    { partitionId: open.partitionId, offset: 5 },
    { partitionId: closed.partitionId, offset: 6 },
  ]);
  assert.deepEqual(stored, [{ topic: 't', partition: 0, offset: 5 }]);
  assert.equal(offsets.skipped, 1);
});

test('a refused store is ignored if the partition is gone, any other refusal is reported', () => {
  const { registry, offsets } = setUp();
  const open = registry.assigned({ topic: 't', partition: 0 });
  registry.open(open, 1);
  const refuse = (code: number) => ({
    offsetsStore: () => {
      throw kafkaError(code);
    },
  });
  offsets.store(refuse(-172), [{ partitionId: open.partitionId, offset: 5 }]);
  assert.equal(offsets.skipped, 1);
  assert.throws(
    () => offsets.store(refuse(-186), [{ partitionId: open.partitionId, offset: 5 }]),
    DispatcherError,
  );
});

test('the last commit is waited for until the broker has confirmed all that was stored', async () => {
  const { registry, offsets, consumer } = setUp();
  const open = registry.assigned({ topic: 't', partition: 0 });
  registry.open(open, 1);
  assert.equal(await offsets.settled(1), true);
  offsets.store(consumer, [{ partitionId: open.partitionId, offset: 5 }]);
  assert.equal(await offsets.settled(5), false);
  const settled = offsets.settled(5_000);
  offsets.committed(undefined, [{ topic: 't', partition: 0, offset: 4 }]);
  assert.deepEqual(offsets.committed(undefined, [{ topic: 't', partition: 0, offset: 5 }]), {
    offsets: [{ partitionId: 0, offset: 5 }],
  });
  assert.equal(await settled, true);
});

test(
  'a refused commit is waited for while the partition is ' + 'open, and given up once it is closed',
  async () => {
    const { registry, offsets, consumer } = setUp();
    const open = registry.assigned({ topic: 't', partition: 0 });
    registry.open(open, 1);
    offsets.store(consumer, [{ partitionId: open.partitionId, offset: 5 }]);
    const outcome = offsets.committed(kafkaError(22), [{ topic: 't', partition: 0, offset: 5 }]);
    assert.match(outcome?.error?.message ?? '', /commit refused \(librdkafka error 22\)/);
    assert.equal(await offsets.settled(5), false);
    registry.close(open);
    offsets.committed(kafkaError(22), [{ topic: 't', partition: 0, offset: 5 }]);
    assert.equal(await offsets.settled(5), true);
  },
);

test('an interval with nothing new to commit causes no event', () => {
  const { offsets } = setUp();
  assert.equal(offsets.committed(kafkaError(-168), [{ topic: 't', partition: 0 }]), undefined);
});
