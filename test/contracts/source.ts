/** The contract of every source, its group and commits: written once, run on real brokers and the fakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from '../../src/core/batch.js';
import type { Commits } from '../../src/ports/commits.js';
import type { Group } from '../../src/ports/group.js';
import type { AssignedPartition, OpenedPartition, Source } from '../../src/ports/source.js';
import type { SourceDriver } from './driver.js';

export interface SourceSetup {
  /** [2] */
  readonly partitions?: number;
  /** Records in each partition, from offset 0 on. */
  readonly records?: number;
  /** Commit interval; long by default, so that only the contract's own commits happen. */
  readonly commitIntervalMs?: number;
  readonly outOfRange?: 'stop' | 'earliest';
  /** True for the eager rebalance protocol: all partitions are revoked and assigned at once. */
  readonly eager?: boolean;
  /** What the group does on request. */
  readonly then?: 'revoke' | 'lose';
}

export interface SourceWorld {
  readonly source: Source;
  readonly group: Group;
  readonly commits: Commits;
  readonly driver: SourceDriver;
  newBlock(): Block;
  /** Lets the world go on until the promise is settled. */
  run<T>(promise: Promise<T>): Promise<T>;
  until(what: string, condition: () => boolean): Promise<void>;
  /** Waits long enough for anything that could still arrive. */
  rest(): Promise<void>;
  /** Triggers the rebalance that the setup names. */
  rebalance(): Promise<void>;
  /** Stops everything that still runs; throws when the source was used against its contract. */
  end(): Promise<void>;
}

export type CreateSourceWorld = (setup: SourceSetup) => Promise<SourceWorld>;

const DEADLINE_MS = 10_000;
const RECORDS = 120;
/** More than any reader puts into one batch. */
const RECORDS_MAX = 1000;
const OUT_OF_RANGE = -140;

class Bench {
  readonly world: SourceWorld;
  readonly driver: SourceDriver;
  readonly source: Source;
  epoch = 0;

  constructor(world: SourceWorld) {
    this.world = world;
    this.driver = world.driver;
    this.source = world.source;
  }

  offer(count: number, recordsMax = RECORDS_MAX): Block[] {
    const blocks = Array.from({ length: count }, () => this.world.newBlock());
    for (const block of blocks) this.source.offer(block, recordsMax);
    return blocks;
  }

  /** Starts the source and waits for an assignment, which is not answered yet. */
  async assigned(): Promise<readonly AssignedPartition[]> {
    this.world.group.listen(this.driver);
    this.world.commits.listen(this.driver);
    await this.world.run(this.source.start(this.driver));
    await this.world.until('an assignment', () => this.driver.rebalances.length > 0);
    return this.driver.rebalances[0]?.partitions ?? [];
  }

  async parked(work: () => Promise<void> | void): Promise<void> {
    await this.world.run(this.source.park());
    await work();
    this.source.unpark();
  }

  /** Opens the partitions at these offsets, all in one new epoch. */
  async open(
    partitions: readonly AssignedPartition[],
    offset: (partition: AssignedPartition) => number = () => 0,
  ): Promise<void> {
    this.epoch += 1;
    const opened: OpenedPartition[] = partitions.map((one) => ({
      ...one,
      epoch: this.epoch,
      offset: offset(one),
    }));
    await this.parked(() => this.source.open(opened));
  }

  async reading(blocks = 4): Promise<readonly AssignedPartition[]> {
    const partitions = await this.assigned();
    await this.open(partitions);
    this.driver.onBatch = (block) => this.source.offer(block, RECORDS_MAX);
    this.offer(blocks);
    return partitions;
  }

  readAll(partitions: readonly AssignedPartition[], records = RECORDS): Promise<void> {
    return this.world.until('all records', () => this.driver.rows.length >= partitions.length * records);
  }
}

const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, n) => from + n);

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

type Contract = (name: string, setup: SourceSetup, body: (bench: Bench) => Promise<void>) => void;

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

function changing(contract: Contract): void {
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
        const offset = await bench.world.run(bench.source.positionAfterOutOfRange(outside, 5_000));
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
