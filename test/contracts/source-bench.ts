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

export const DEADLINE_MS = 10_000;
export const RECORDS = 120;
/** More than any reader puts into one batch. */
export const RECORDS_MAX = 1000;
export const OUT_OF_RANGE = -140;
export const LIMIT_REACHED = -10_008;

export class Bench {
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

  /** Opens the partitions at these offsets and with these limits, all in one new epoch. */
  async open(
    partitions: readonly AssignedPartition[],
    offset: (partition: AssignedPartition) => number = () => 0,
    until: (partition: AssignedPartition) => number | undefined = () => undefined,
  ): Promise<void> {
    this.epoch += 1;
    const opened: OpenedPartition[] = partitions.map((one) => {
      const limit = until(one);
      const place = { ...one, epoch: this.epoch, offset: offset(one) };
      return limit === undefined ? place : { ...place, until: limit };
    });
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

export const upTo = (end: number, from = 0): number[] =>
  Array.from({ length: end - from }, (_, n) => from + n);

export type Contract = (name: string, setup: SourceSetup, body: (bench: Bench) => Promise<void>) => void;
