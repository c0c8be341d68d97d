/** The part of a source's contract about seeks, positions outside the log, and partitions taken away. */
import assert from 'node:assert/strict';

import { type Contract, LIMIT_REACHED, OUT_OF_RANGE, RECORDS, RECORDS_MAX, upTo } from './source-bench.js';

export function changing(contract: Contract): void {
  contract(
    'after a seek, reading continues there in the epoch given with it, and nothing of the old ' +
      'epoch arrives any more',
    {},
    async (bench) => {
      const partitions = await bench.reading();
      const [moved, other] = partitions;
      assert.ok(moved !== undefined && other !== undefined);
      await bench.readAll(partitions);
      let from = 0;
      await bench.parked(async () => {
        from = bench.driver.rows.length;
        await bench.world.run(bench.source.seek({ ...moved, epoch: 50, offset: 100 }));
      });
      await bench.world.until(
        'the rows again',
        () => bench.driver.offsetsOf(moved.partitionId, from).length >= RECORDS - 100,
      );
      await bench.world.rest();
      assert.deepEqual(bench.driver.offsetsOf(moved.partitionId, from), upTo(RECORDS, 100));
      assert.ok(bench.driver.rows.slice(from).every(({ epoch }) => epoch === 50));
      assert.deepEqual(bench.driver.offsetsOf(other.partitionId, from), []);
    },
  );

  contract(
    'records at or after the limit are not read, the first of them is reported as a fault; ' +
      'a seek below another limit reads on',
    {},
    async (bench) => {
      const partitions = await bench.assigned();
      const [limited, other] = partitions;
      assert.ok(limited !== undefined && other !== undefined);
      bench.driver.onBatch = (block) => bench.source.offer(block, RECORDS_MAX);
      bench.offer(4);
      await bench.open(
        partitions,
        () => 0,
        (one) => (one === limited ? 50 : undefined),
      );
      await bench.world.until('the limit', () => bench.driver.faults.length > 0);
      bench.source.rest([limited]);
      await bench.world.until(
        'the other partition',
        () => bench.driver.offsetsOf(other.partitionId).length === RECORDS,
      );
      await bench.world.rest();
      assert.deepEqual(bench.driver.offsetsOf(limited.partitionId), upTo(50));
      const [{ offset, code } = { offset: -1, code: 0 }, ...more] = bench.driver.faults;
      assert.deepEqual([offset, code, more], [50, LIMIT_REACHED, []]);
      await bench.parked(() =>
        bench.world.run(bench.source.seek({ ...limited, epoch: bench.epoch, offset: 50, until: 70 })),
      );
      await bench.world.until('the second limit', () => bench.driver.faults.length > 1);
      await bench.world.rest();
      assert.deepEqual(bench.driver.offsetsOf(limited.partitionId), upTo(70));
      assert.equal(bench.driver.faults[1]?.offset, 70);
    },
  );

  contract('a partition that is opened at its limit is not read', {}, async (bench) => {
    const partitions = await bench.assigned();
    const [limited, other] = partitions;
    assert.ok(limited !== undefined && other !== undefined);
    bench.driver.onBatch = (block) => bench.source.offer(block, RECORDS_MAX);
    bench.offer(4);
    await bench.open(
      partitions,
      (one) => (one === limited ? 20 : 0),
      (one) => (one === limited ? 20 : undefined),
    );
    await bench.readAll([other]);
    await bench.world.rest();
    assert.deepEqual(bench.driver.offsetsOf(limited.partitionId), []);
  });

  for (const eager of [false, true])
    contract(
      `a position outside the log is a fault there, and nothing follows it until a seek to where the ` +
        `policy says${eager ? ' (eager protocol)' : ''}`,
      { outOfRange: 'earliest', eager },
      async (bench) => {
        const partitions = await bench.assigned();
        const [outside, inside] = partitions;
        assert.ok(outside !== undefined && inside !== undefined);
        bench.driver.onBatch = (block) => bench.source.offer(block, RECORDS_MAX);
        bench.offer(4);
        await bench.open(partitions, (one) => (one === outside ? 5_000 : 0));
        await bench.world.until('a fault', () => bench.driver.faults.length > 0);
        await bench.readAll([inside]);
        await bench.world.rest();
        assert.deepEqual(
          bench.driver.faults.map(({ partitionId, epoch, offset, code }) => [
            partitionId,
            epoch,
            offset,
            code,
          ]),
          [[outside.partitionId, bench.epoch, 5_000, OUT_OF_RANGE]],
        );
        assert.deepEqual(bench.driver.offsetsOf(outside.partitionId), []);
        const { offset } = await bench.world.run(bench.source.positionAfterOutOfRange(outside, 5_000));
        assert.equal(offset, 0);
        await bench.parked(() => bench.world.run(bench.source.seek({ ...outside, epoch: 60, offset })));
        await bench.readAll(partitions);
        assert.deepEqual(bench.driver.offsetsOf(outside.partitionId), upTo(RECORDS));
      },
    );

  contract(
    'with out-of-range: stop, the position after an offset outside the log is an error',
    {},
    async (bench) => {
      const [first] = await bench.assigned();
      assert.ok(first !== undefined);
      await assert.rejects(bench.world.run(bench.source.positionAfterOutOfRange(first, 5_000)), {
        code: 'OFFSET_OUT_OF_RANGE',
      });
    },
  );

  contract(
    'revoked partitions stay assigned until they are closed; the close commits their stored ' +
      'offsets, and nothing of them arrives after it',
    { then: 'revoke' },
    async (bench) => {
      const partitions = await bench.reading();
      await bench.readAll(partitions);
      await bench.world.rebalance();
      await bench.world.until('a revoke', () =>
        bench.driver.rebalances.some(({ kind }) => kind === 'revoked'),
      );
      const revoked = bench.driver.rebalances.at(-1)?.partitions ?? [];
      assert.ok(revoked.length > 0);
      bench.world.commits.store(revoked.map(({ partitionId }) => ({ partitionId, offset: 11 })));
      let from = 0;
      await bench.parked(() => {
        from = bench.driver.rows.length;
        bench.world.group.close(revoked);
      });
      await bench.world.until('the commit', () =>
        revoked.every(({ partitionId }) => bench.driver.confirmedIn(partitionId) === 11),
      );
      await bench.world.rest();
      for (const { partitionId } of revoked) assert.deepEqual(bench.driver.offsetsOf(partitionId, from), []);
    },
  );

  contract(
    'offsets stored for lost partitions are never reported as committed',
    { then: 'lose' },
    async (bench) => {
      const partitions = await bench.reading();
      await bench.readAll(partitions);
      bench.world.commits.store(partitions.map(({ partitionId }) => ({ partitionId, offset: 13 })));
      await bench.world.rebalance();
      await bench.world.until('a loss', () => bench.driver.rebalances.some(({ kind }) => kind === 'lost'));
      const lost = bench.driver.rebalances.find(({ kind }) => kind === 'lost')?.partitions ?? [];
      assert.ok(lost.length > 0);
      await bench.parked(() => bench.world.group.close(lost));
      await bench.world.rest();
      for (const { partitionId } of lost) assert.equal(bench.driver.confirmedIn(partitionId), undefined);
    },
  );
}
