/** The contract of every source, its group and commits: written once, run on real brokers and the fakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Bench,
  type Contract,
  DEADLINE_MS,
  RECORDS,
  RECORDS_MAX,
  type SourceSetup,
  type SourceWorld,
  upTo,
} from './source-bench.js';
import { changing } from './source-changing.js';

export type CreateSourceWorld = (setup: SourceSetup) => Promise<SourceWorld>;

export function sourceContract(kind: string, create: CreateSourceWorld): void {
  const contract = (name: string, setup: SourceSetup, body: (bench: Bench) => Promise<void>): void => {
    test(`${kind}: ${name}`, async () => {
      const world = await create({ partitions: 2, records: RECORDS, commitIntervalMs: 600_000, ...setup });
      let stopped = false;
      try {
        await body(new Bench(world));
        await world.run(world.source.stop(DEADLINE_MS));
        stopped = true;
        assert.deepEqual(world.driver.failures, []);
      } finally {
        if (!stopped) await world.run(world.source.stop(DEADLINE_MS)).catch(() => undefined);
        await world.end();
      }
    });
  };
  reading(contract);
  committing(contract);
  changing(contract);
}

function reading(contract: Contract): void {
  contract(
    'nothing is read before open; then every record once, in order within its partition, in the ' +
      'epoch of the open',
    {},
    async (bench) => {
      const partitions = await bench.assigned();
      assert.equal(partitions.length, 2);
      assert.equal(new Set(partitions.map(({ partitionId }) => partitionId)).size, 2);
      bench.driver.onBatch = (block) => bench.source.offer(block, RECORDS_MAX);
      const offered = new Set(bench.offer(4).map(({ id }) => id));
      await bench.world.rest();
      assert.deepEqual(bench.driver.batches, []);
      const positions = await bench.world.run(bench.source.positions(partitions));
      assert.deepEqual(
        new Map(positions.map(({ partitionId, offset }) => [partitionId, offset])),
        new Map(partitions.map(({ partitionId }) => [partitionId, 0])),
      );
      await bench.open(partitions);
      await bench.readAll(partitions);
      await bench.world.rest();
      for (const { partitionId } of partitions)
        assert.deepEqual(bench.driver.offsetsOf(partitionId), upTo(RECORDS));
      assert.ok(bench.driver.rows.every(({ epoch }) => epoch === bench.epoch));
      assert.ok(bench.driver.batches.every(({ blockId }) => offered.has(blockId)));
      assert.equal(
        bench.driver.batches.reduce((sum, { rowCount }) => sum + rowCount, 0),
        bench.driver.rows.length,
      );
      assert.deepEqual(bench.driver.faults, []);
    },
  );

  contract('a block gets no more records than it was offered for', {}, async (bench) => {
    const partitions = await bench.assigned();
    const limits = new Map(
      [7, 1, 20, 2].flatMap((recordsMax) =>
        bench.offer(3, recordsMax).map(({ id }) => [id, recordsMax] as const),
      ),
    );
    await bench.open(partitions);
    await bench.world.until('all blocks', () => bench.driver.batches.length === limits.size);
    for (const { blockId, rowCount } of bench.driver.batches)
      assert.ok(rowCount > 0 && rowCount <= (limits.get(blockId) ?? 0));
  });

  contract('there is at most one batch per offered block, in the order of the offers', {}, async (bench) => {
    const partitions = await bench.assigned();
    await bench.open(partitions);
    const [first] = bench.offer(1);
    await bench.world.until('a batch', () => bench.driver.batches.length > 0);
    await bench.world.rest();
    assert.deepEqual(
      bench.driver.batches.map(({ blockId }) => blockId),
      [first?.id],
    );
    const next = bench.offer(2).map(({ id }) => id);
    await bench.world.until('two more', () => bench.driver.batches.length > 2);
    await bench.world.rest();
    assert.deepEqual(
      bench.driver.batches.map(({ blockId }) => blockId),
      [first?.id, ...next],
    );
  });

  contract(
    'a parked source stops reading and returns the blocks it has not begun; unparked it ' +
      'continues where it was',
    {},
    async (bench) => {
      const partitions = await bench.reading(3);
      await bench.world.until('a batch', () => bench.driver.batches.length > 0);
      bench.driver.onBatch = () => undefined;
      await bench.world.run(bench.source.park());
      const seen = bench.driver.batches.length;
      const held = bench.source.heldRecords();
      const back = bench.source.reclaim();
      await bench.world.rest();
      assert.equal(bench.driver.batches.length, seen);
      assert.equal(bench.source.heldRecords(), held);
      assert.ok(back.length <= 3);
      assert.deepEqual(bench.source.reclaim(), []);
      bench.driver.onBatch = (block) => bench.source.offer(block, RECORDS_MAX);
      bench.source.unpark();
      for (const block of back) bench.source.offer(block, RECORDS_MAX);
      bench.offer(2);
      await bench.readAll(partitions);
      for (const { partitionId } of partitions)
        assert.deepEqual(bench.driver.offsetsOf(partitionId), upTo(RECORDS));
    },
  );

  contract('the end offsets are those of the log, and progress is reported', {}, async (bench) => {
    const partitions = await bench.reading();
    const ends = await bench.world.run(bench.source.endOffsets());
    assert.deepEqual(
      ends.map(({ low, end }) => [low, end]),
      partitions.map(() => [0, RECORDS]),
    );
    await bench.world.until('progress', () => bench.driver.progressed > 0);
  });
}

function committing(contract: Contract): void {
  contract(
    'a stored offset is committed within the interval and reported; an offset that was not ' +
      'stored is not committed',
    { commitIntervalMs: 200 },
    async (bench) => {
      const [first, second] = await bench.reading();
      assert.ok(first !== undefined && second !== undefined);
      await bench.readAll([first, second]);
      assert.deepEqual(bench.driver.confirmed, []);
      bench.world.commits.store([{ partitionId: first.partitionId, offset: 7 }]);
      await bench.world.until('the commit', () => bench.driver.confirmedIn(first.partitionId) === 7);
      assert.equal(bench.driver.confirmedIn(second.partitionId), undefined);
      const committed = await bench.world.run(bench.world.commits.committedOffsets([first, second]));
      assert.deepEqual(
        committed.map(({ topic, partition, offset }) => [topic, partition, offset]),
        [
          [first.topic, first.partition, 7],
          [second.topic, second.partition, -1],
        ],
      );
      const positions = await bench.world.run(bench.source.positions([first, second]));
      assert.deepEqual(
        positions.map(({ offset }) => offset),
        [7, 0],
      );
    },
  );

  contract(
    'stop commits the stored offsets and reports them before it resolves; nothing is reported after it',
    {},
    async (bench) => {
      const partitions = await bench.reading();
      await bench.readAll(partitions);
      bench.world.commits.store(partitions.map(({ partitionId }) => ({ partitionId, offset: 9 })));
      await bench.world.run(bench.source.stop(DEADLINE_MS));
      assert.deepEqual(
        partitions.map(({ partitionId }) => bench.driver.confirmedIn(partitionId)),
        [9, 9],
      );
      const { batches, rebalances, confirmed } = bench.driver;
      const before = [batches.length, rebalances.length, confirmed.length];
      await bench.world.rest();
      assert.deepEqual([batches.length, rebalances.length, confirmed.length], before);
    },
  );

  contract('a source whose assignment nobody answered can be stopped', {}, async (bench) => {
    await bench.assigned();
    bench.offer(1);
    await bench.world.run(bench.source.stop(DEADLINE_MS));
    assert.deepEqual(bench.driver.batches, []);
  });
}
