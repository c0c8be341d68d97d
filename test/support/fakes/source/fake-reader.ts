import type { Block, InputBatch, PartitionId } from '../../../../src/core/batch.js';
import type { PartitionProgress } from '../../../../src/ports/source.js';
import { readInputBatch } from '../../../../src/wire/input-batch.js';
import type { BlockHolders } from '../block-holders.js';
import type { FakeWorld } from '../fake-world.js';
import type { PartitionLog } from '../log.js';
import type { Random } from '../random.js';
import type { VirtualClock } from '../virtual-clock.js';
import { OpenLogs, type ReadFrom } from './open-logs.js';
import { Packer } from './packer.js';

export interface FakeReaderSettings {
  readonly recordsMax: number;
  readonly cutPerPartition: boolean;
  /** Maximum number of packed batches that are not delivered yet. */
  readonly readyBatchesMax: number;
  readonly latencyMaxMs: number;
}

/**
 * The data plane of the fake source: fills the offered blocks from the open logs, delivers them in order,
 * and parks between two records.
 */
export class FakeReader {
  private readonly clock: VirtualClock;
  private readonly random: Random;
  private readonly settings: FakeReaderSettings;
  private readonly holders: BlockHolders;
  private readonly events: { batch: (batch: InputBatch) => void; oversize: (bytes: number) => void };
  private readonly logs: OpenLogs;
  private readonly packer: Packer;
  private offered: { readonly block: Block; readonly recordsMax: number }[] = [];
  private readonly ready: Block[] = [];
  private parkWaiters: (() => void)[] | undefined;
  private cancelWake: (() => void) | undefined;
  private stopped = false;
  private resumeOnceParked = false;
  parked = false;

  constructor(
    world: FakeWorld,
    settings: FakeReaderSettings,
    events: { batch: (batch: InputBatch) => void; oversize: (bytes: number) => void },
  ) {
    this.clock = world.clock;
    this.random = world.random;
    this.holders = world.holders;
    this.settings = settings;
    this.events = events;
    this.logs = new OpenLogs(world);
    this.packer = new Packer(world, this.logs, settings.cutPerPartition, (bytes) => events.oversize(bytes));
  }

  offer(block: Block, recordsMax: number): void {
    this.holders.mustBeFree(block, 'the reader');
    this.holders.hold(block, 'reader');
    this.offered.push({ block, recordsMax });
    this.wake();
  }

  reclaim(): Block[] {
    const blocks = this.offered.map(({ block }) => block);
    this.offered = [];
    for (const block of blocks) this.holders.release(block, 'reader');
    return blocks;
  }

  park(): Promise<void> {
    this.resumeOnceParked = false;
    if (this.parked || this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      if (this.parkWaiters !== undefined) this.parkWaiters.push(resolve);
      else this.parkWaiters = [resolve];
      if (this.ready.length === 0) this.clock.after(this.random.int(3), () => this.nowParked());
    });
  }

  unpark(): void {
    if (this.parkWaiters !== undefined) {
      this.resumeOnceParked = true;
      return;
    }
    this.parked = false;
    this.wake();
  }

  seek(log: PartitionLog, from: ReadFrom): void {
    this.packer.forget(log.id);
    this.logs.seek(log, from);
  }

  /** A record of the partition waits for a larger block. */
  holds(id: PartitionId): boolean {
    return this.packer.holds(id);
  }

  /** How many records wait for a larger block. */
  get held(): number {
    return this.packer.waitingBytes === undefined ? 0 : 1;
  }

  /** The log changes under its reader. What it has fetched is still delivered: the offset where that ends. */
  change(log: PartitionLog, mayHaveFetched: boolean): number {
    const fromOffset = this.logs.change(log, mayHaveFetched);
    if (fromOffset !== undefined) this.wake();
    return fromOffset ?? Number.POSITIVE_INFINITY;
  }

  halt(id: PartitionId): void {
    this.logs.halt(id);
  }

  close(id: PartitionId): void {
    this.packer.forget(id);
    this.logs.close(id);
  }

  progress(id: PartitionId): Omit<PartitionProgress, 'partitionId'> | undefined {
    return this.logs.progress(id);
  }

  stop(): void {
    this.stopped = true;
    this.cancelWake?.();
    this.reclaim();
    for (const block of this.ready.splice(0)) this.holders.release(block, 'reader');
    for (const resolve of this.parkWaiters ?? []) resolve();
  }

  private wake(): void {
    this.cancelWake?.();
    this.cancelWake = undefined;
    if (
      this.stopped ||
      this.parked ||
      this.parkWaiters !== undefined ||
      this.offered.length === 0 ||
      this.ready.length >= this.settings.readyBatchesMax
    )
      return;
    const atMs = this.logs.nextAvailableMs();
    if (atMs === undefined) return;
    const delayMs = Math.max(0, atMs - this.clock.nowMs()) + this.random.int(this.settings.latencyMaxMs + 1);
    this.cancelWake = this.clock.after(delayMs, () => this.fill());
  }

  private fill(): void {
    this.cancelWake = undefined;
    const { block, recordsMax = 0 } = this.offered[0] ?? {};
    if (block === undefined || this.parked || this.parkWaiters !== undefined || this.stopped) return;
    if (block.bytes.length < (this.packer.waitingBytes ?? 0)) return;
    const wanted = this.random.between(1, Math.min(recordsMax, this.settings.recordsMax));
    if (!this.packer.pack(block.bytes, wanted)) {
      if (this.packer.waitingBytes === undefined) this.wake();
      return;
    }
    this.packer.forget();
    this.offered.shift();
    this.ready.push(block);
    this.clock.after(this.random.int(this.settings.latencyMaxMs + 1), () => this.deliver());
    this.wake();
  }

  /** Delivers batches in the order of reading. */
  private deliver(): void {
    const block = this.ready.shift();
    if (block === undefined) return;
    this.holders.release(block, 'reader');
    this.events.batch(readInputBatch(block));
    if (this.parkWaiters !== undefined && this.ready.length === 0)
      this.clock.after(this.random.int(3), () => this.nowParked());
    else this.wake();
  }

  private nowParked(): void {
    if (this.parkWaiters === undefined || this.ready.length > 0) return;
    const waiters = this.parkWaiters;
    this.parkWaiters = undefined;
    this.parked = true;
    for (const resolve of waiters) resolve();
    if (this.resumeOnceParked) this.unpark();
  }
}
