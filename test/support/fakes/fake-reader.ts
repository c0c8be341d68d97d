import type { Block, Epoch, InputBatch, PartitionId } from '../../../src/core/batch.js';
import type { PartitionProgress } from '../../../src/ports/source.js';
import { readInputBatch } from '../../../src/wire/input-batch.js';
import { InputBatchWriter } from '../../../src/wire/input-writer.js';
import { HEADER_BYTES, INPUT_ROW_BYTES, SEGMENT_BYTES } from '../../../src/wire/layout.js';
import type { BlockHolders } from './block-holders.js';
import type { FakeGroup } from './fake-group.js';
import { indexAt, type LogRecord, type PartitionLog, visibleEnd } from './log.js';
import type { Random } from './random.js';
import type { VirtualClock } from './virtual-clock.js';

export interface FakeReaderSettings {
  readonly recordsMax: number;
  readonly cutPerPartition: boolean;
  /** Maximum number of packed batches that are not delivered yet. */
  readonly readyBatchesMax: number;
  readonly latencyMaxMs: number;
}

interface OpenLog {
  log: PartitionLog;
  readonly epoch: Epoch;
  next: number;
  /** The log as it is by now: records below `fromOffset` had been fetched before it changed. */
  changed: { readonly log: PartitionLog; readonly fromOffset: number } | undefined;
  /** The brokers have no such offset (any more). */
  isOutside: boolean;
  /** A fault was delivered, or the partition was halted: nothing more until the next seek. */
  broken: boolean;
}

const OUT_OF_RANGE = -140;
const PAYLOAD = new Uint8Array(1 << 16);

/**
 * The data plane of the fake source: fills the offered blocks from the open logs, mixing partitions, and
 * parks between two records.
 */
export class FakeReader {
  private readonly clock: VirtualClock;
  private readonly random: Random;
  private readonly settings: FakeReaderSettings;
  private readonly holders: BlockHolders;
  private readonly group: FakeGroup;
  private readonly events: { batch: (batch: InputBatch) => void; oversize: (bytes: number) => void };
  private readonly open = new Map<PartitionId, OpenLog>();
  private offered: { readonly block: Block; readonly recordsMax: number }[] = [];
  private readonly ready: Block[] = [];
  private parkWaiters: (() => void)[] | undefined;
  private oversizeAt: { readonly id: PartitionId; readonly bytes: number } | undefined;
  private cancelWake: (() => void) | undefined;
  private stopped = false;
  private resumeOnceParked = false;
  parked = false;

  constructor(
    world: { clock: VirtualClock; random: Random; holders: BlockHolders; group: FakeGroup },
    settings: FakeReaderSettings,
    events: { batch: (batch: InputBatch) => void; oversize: (bytes: number) => void },
  ) {
    this.clock = world.clock;
    this.random = world.random;
    this.holders = world.holders;
    this.group = world.group;
    this.settings = settings;
    this.events = events;
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

  seek(log: PartitionLog, epoch: Epoch, next: number): void {
    if (this.oversizeAt?.id === log.id) this.oversizeAt = undefined;
    const isOutside = this.isOutside(log, next);
    this.open.set(log.id, { log, epoch, next, changed: undefined, isOutside, broken: false });
  }

  /** A record of the partition waits for a larger block. */
  holds(id: PartitionId): boolean {
    return this.oversizeAt?.id === id;
  }

  /** The log changes under its reader. What it has fetched is still delivered: the offset where that ends. */
  change(log: PartitionLog, mayHaveFetched: boolean): number {
    const one = this.open.get(log.id);
    if (one === undefined) return Number.POSITIVE_INFINITY;
    const from = indexAt(one.log, one.next);
    const visible = this.visibleTo(one.log, from);
    const to = mayHaveFetched ? this.random.between(from, visible) : from;
    // Past the last record a fetch goes on to the end: control records are of no interest.
    const fromOffset =
      to === visible
        ? Math.max(one.next, visibleEnd(one.log, this.clock.nowMs()))
        : (one.log.records[to]?.offset ?? one.next);
    one.changed = { log, fromOffset };
    this.goOn(one);
    this.wake();
    return fromOffset;
  }

  halt(id: PartitionId): void {
    const one = this.open.get(id);
    if (one !== undefined) one.broken = true;
  }

  close(id: PartitionId): void {
    if (this.oversizeAt?.id === id) this.oversizeAt = undefined;
    this.open.delete(id);
  }

  /** The size of a record that waits for a larger block. */
  get held(): number {
    return this.oversizeAt === undefined ? 0 : 1;
  }

  stop(): void {
    this.stopped = true;
    this.cancelWake?.();
    this.reclaim();
    for (const block of this.ready.splice(0)) this.holders.release(block, 'reader');
    for (const resolve of this.parkWaiters ?? []) resolve();
  }

  /** What librdkafka's statistics could report: any offset between what was read and what exists. */
  progress(id: PartitionId): Omit<PartitionProgress, 'partitionId'> | undefined {
    const one = this.open.get(id);
    if (one === undefined || !this.isLed(one)) return undefined;
    const from = indexAt(one.log, one.next);
    const to = this.visibleTo(one.log, from);
    const endOffset = visibleEnd(one.log, this.clock.nowMs());
    // After an error librdkafka's positions are arbitrary.
    if (one.broken)
      return { nextOffset: one.next + 1000, fetchQueueRecords: 0, endOffset, highOffset: endOffset };
    const fetched = this.random.chance(0.7) ? to : this.random.between(from, to);
    const nextOffset =
      fetched === to ? Math.max(endOffset, one.next) : (one.log.records[fetched]?.offset ?? endOffset);
    return { nextOffset, fetchQueueRecords: fetched - from, endOffset, highOffset: endOffset };
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
    const atMs = this.nextAvailableMs();
    if (atMs === undefined) return;
    const delayMs = Math.max(0, atMs - this.clock.nowMs()) + this.random.int(this.settings.latencyMaxMs + 1);
    this.cancelWake = this.clock.after(delayMs, () => this.fill());
  }

  /** When the next record or fault of an open partition can be read. */
  private nextAvailableMs(): number | undefined {
    let best: number | undefined;
    for (const one of this.open.values()) {
      if (one.broken) continue;
      const record = one.log.records[indexAt(one.log, one.next)];
      const wantedMs = faultAt(one, record) === undefined ? record?.availableAtMs : 0;
      if (wantedMs === undefined) continue;
      const atMs = this.isLed(one) ? wantedMs : this.group.leaderAtMs(one.log.id, this.clock.nowMs());
      if (atMs < Number.POSITIVE_INFINITY && (best === undefined || atMs < best)) best = atMs;
    }
    return best;
  }

  private fill(): void {
    this.cancelWake = undefined;
    const { block, recordsMax = 0 } = this.offered[0] ?? {};
    if (block === undefined || this.parked || this.parkWaiters !== undefined || this.stopped) return;
    if (this.oversizeAt !== undefined && block.bytes.length < this.oversizeAt.bytes) return;
    const writer = new InputBatchWriter(block.bytes);
    const wanted = this.random.between(1, Math.min(recordsMax, this.settings.recordsMax));
    const fault = this.pack(writer, wanted);
    if (writer.rowCount === 0 && !fault) {
      if (this.oversizeAt === undefined) this.wake();
      return;
    }
    this.oversizeAt = undefined;
    writer.close();
    this.offered.shift();
    this.ready.push(block);
    this.clock.after(this.random.int(this.settings.latencyMaxMs + 1), () => this.deliver());
    this.wake();
  }

  /** Runs of records from partitions in random order, then at most one fault. True when there is a fault. */
  private pack(writer: InputBatchWriter, wanted: number): boolean {
    let partitionsLeft = this.settings.cutPerPartition ? 1 : 6;
    while (writer.rowCount < wanted && partitionsLeft > 0) {
      const readable = [...this.open.values()].filter((one) => !one.broken && this.isReadable(one));
      if (readable.length === 0) return false;
      partitionsLeft -= 1;
      const one =
        this.oversizeAt === undefined
          ? this.random.pick(readable)
          : (readable.find((other) => other.log.id === this.oversizeAt?.id) ?? this.random.pick(readable));
      const run = this.random.between(1, wanted - writer.rowCount);
      for (let n = 0; n < run; n += 1) {
        const record = one.log.records[indexAt(one.log, one.next)];
        const fault = faultAt(one, record);
        if (fault !== undefined) {
          one.broken = writer.addFault({
            partitionId: one.log.id,
            epoch: one.epoch,
            offset: one.next,
            code: fault.code,
            text: 'planted',
          });
          if (one.broken) fault.timesLeft -= 1;
          return one.broken;
        }
        if (record === undefined || record.availableAtMs > this.clock.nowMs()) break;
        if (!this.add(writer, one, record)) return false;
      }
    }
    return false;
  }

  private add(writer: InputBatchWriter, one: OpenLog, record: LogRecord): boolean {
    const value = PAYLOAD.subarray(0, record.bytes);
    if (writer.add(one.log.id, one.epoch, { offset: record.offset, timestamp: -1, key: null, value })) {
      one.next = record.offset + 1;
      this.goOn(one);
      return true;
    }
    if (writer.rowCount > 0) return false;
    const bytes = HEADER_BYTES + INPUT_ROW_BYTES + SEGMENT_BYTES + record.bytes;
    this.oversizeAt = { id: one.log.id, bytes };
    this.clock.after(this.random.int(3), () => this.events.oversize(bytes));
    return false;
  }

  private isReadable(one: OpenLog): boolean {
    if (!this.isLed(one)) return false;
    const record = one.log.records[indexAt(one.log, one.next)];
    return (
      faultAt(one, record) !== undefined ||
      (record !== undefined && record.availableAtMs <= this.clock.nowMs())
    );
  }

  private isLed({ log }: OpenLog): boolean {
    const nowMs = this.clock.nowMs();
    return this.group.leaderAtMs(log.id, nowMs) === nowMs;
  }

  /** Into the log as it is by now, where all that was fetched before has been read. */
  private goOn(one: OpenLog): void {
    if (one.changed === undefined) return;
    const { fromOffset } = one.changed;
    const record = one.log.records[indexAt(one.log, one.next)];
    if (record !== undefined && record.offset < fromOffset) return;
    one.next = Math.max(one.next, fromOffset);
    one.log = one.changed.log;
    one.changed = undefined;
    one.isOutside = this.isOutside(one.log, one.next);
  }

  private isOutside(log: PartitionLog, offset: number): boolean {
    return offset < log.low || offset > visibleEnd(log, this.clock.nowMs());
  }

  private visibleTo(log: PartitionLog, from: number): number {
    let to = from;
    while ((log.records[to]?.availableAtMs ?? Number.POSITIVE_INFINITY) <= this.clock.nowMs()) to += 1;
    return to;
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

function faultAt(
  one: OpenLog,
  record: LogRecord | undefined,
): { readonly code: number; timesLeft: number } | undefined {
  if (one.isOutside) return { code: OUT_OF_RANGE, timesLeft: 1 };
  return one.log.faults.find(
    (fault) =>
      fault.timesLeft > 0 &&
      fault.offset >= one.next &&
      (record === undefined || fault.offset <= record.offset),
  );
}
