import type { BatchId, Block, Fault, InputBatch } from '../../core/batch.js';
import { ReadingPace } from '../../core/flow/reading-pace.js';
import { InFlightBatch } from '../in-flight-batch.js';
import type { ChangeQueue } from '../partitions/change-queue.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

/** The content of a filled block: records, faults, or both. */
interface Taken {
  /** Undefined: it held no records. */
  readonly batch: InFlightBatch | undefined;
  readonly faults: readonly Fault[];
}

interface Offered {
  readonly input: Block;
  readonly output: Block;
  readonly recordsMax: number;
}

/**
 * Offers empty blocks to the reader as long as the limits allow, and turns filled ones into batches in
 * flight. Not offering is the backpressure.
 */
export class Intake {
  private readonly state: RunState;
  private readonly changes: ChangeQueue;
  /**
   * Input and output blocks are reserved together, so that no batch waits for an output block that another
   * waiting batch holds.
   */
  private readonly offered = new Map<number, Offered>();
  private offeredRecords = 0;
  private nextBatchId: BatchId = 1;
  /** A record waits for a block this large. */
  private oversizeBytes: number | undefined;
  private readonly pace: ReadingPace;
  private waitsForPace = false;
  /** The last batch left nearly all of its block empty: all there was had been read. */
  private lastWasSmall = false;

  constructor(state: RunState, changes: ChangeQueue) {
    this.state = state;
    this.changes = changes;
    this.pace = new ReadingPace(state.settings.rate, state.deps.clock.nowMs());
  }

  get offeredCount(): number {
    return this.offered.size;
  }

  /** Offers what may be read now. */
  pump(): void {
    const { state, changes } = this;
    if (this.oversizeReady && !changes.busy)
      changes.enqueue(() => changes.parked(() => this.serveOversize()));
    if (state.lifecycle.isStopping() || state.rewinds > 0 || this.oversizeBytes !== undefined) return;
    while (this.offered.size < Limits.offeredBlocksMax && this.mayTakeOneMore()) {
      const recordsMax = this.allowed(state.batchSize.recordsMax);
      if (recordsMax === 0) return;
      const pair = state.blocks.takePair(state.settings.blockBytes, state.settings.blockBytes);
      if (pair === undefined) return;
      this.offer(pair, recordsMax);
    }
  }

  /**
   * The records of the next block; 0: the pace allows none yet. Called again once it does, or when the
   * offered block arrives.
   */
  private allowed(recordsMax: number): number {
    const { clock, throttle } = this.state.deps;
    const { pace } = this;
    const nowMs = clock.nowMs();
    pace.limit(throttle?.recordsPerSecond(), nowMs);
    const allowed = pace.records(recordsMax, this.offeredRecords, nowMs);
    if (allowed === 0 && this.offered.size === 0 && !this.waitsForPace) {
      this.waitsForPace = true;
      clock.after(Math.max(1, pace.delayMs(nowMs)), () => {
        this.waitsForPace = false;
        this.state.guard(() => undefined);
      });
    }
    return allowed;
  }

  private mayTakeOneMore(): boolean {
    const { inFlight, flow, settings, isolatedBatches } = this.state;
    const batches = inFlight.size + this.offered.size;
    if (batches === 0) return true;
    if (isolatedBatches > 0) return false;
    if (batches >= settings.inFlightBatchesMax && !this.mayTakeSmall(batches)) {
      this.noteIdleWorkers();
      return false;
    }
    return (
      flow.records + this.offeredRecords + this.state.batchSize.recordsMax <= settings.inFlightRecordsMax
    );
  }

  /**
   * While little comes in, batches are small, and each lasts as long as its delivery. If no more of them were
   * allowed than full ones, records would wait unread for the acknowledgement of others.
   */
  private mayTakeSmall(batches: number): boolean {
    const { settings, deps } = this.state;
    return (
      this.lastWasSmall &&
      batches < settings.inFlightBatchesMax * Limits.smallBatchesPerFull &&
      deps.pool.busy < deps.pool.threads
    );
  }

  /**
   * Nothing is being read and some workers have no batch: all batches are waiting for their acknowledgements.
   */
  private noteIdleWorkers(): void {
    const { pool } = this.state.deps;
    if (this.offered.size === 0 && pool.busy < pool.threads) this.state.batchSize.tooSmall();
  }

  private offer(pair: { input: Block; output: Block }, recordsMax: number): void {
    this.offered.set(pair.input.id, { ...pair, recordsMax });
    this.offeredRecords += recordsMax;
    this.state.deps.source.offer(pair.input, recordsMax);
  }

  /**
   * A batch arrived. If the run is stopping or a rewind is pending, it is given back unread: it was never
   * counted, and is read again by the next run or after the rewind. Written now, it would overtake the
   * records that are rewound.
   */
  take(input: InputBatch): Taken | undefined {
    const { state } = this;
    const pair = this.takeOffered(input.block);
    if (pair === undefined || state.lifecycle.isStopping() || state.rewinds > 0) {
      if (pair !== undefined) this.giveBack(pair);
      return undefined;
    }
    if (input.rowCount === 0) {
      this.giveBack(pair);
      return { batch: undefined, faults: input.faults };
    }
    this.lastWasSmall =
      input.rowCount < pair.recordsMax &&
      input.packedBytes * Limits.smallBatchesPerBlock < state.settings.blockBytes;
    const batch = new InFlightBatch(this.nextBatchId++, input, pair.output, state.deps.clock.nowMs());
    state.inFlight.set(batch.id, batch);
    state.flow.book(input.packedBytes, input.rowCount);
    this.pace.took(input.rowCount, input.packedBytes);
    state.accounting.consumed(input.rowCount, input.packedBytes);
    state.stages.read(input.rowCount, input.packedBytes);
    state.progress.read(input.firstTimestampMs, input.lastTimestampMs);
    if (state.isolatedBatches > 0) state.isolatedBatches--;
    for (const segment of input.segments) state.partitions.add(segment, batch.id);
    return { batch, faults: input.faults };
  }

  oversize(bytes: number): void {
    this.oversizeBytes = bytes;
  }

  /**
   * The record that waits for a larger block can be served: the budget allows it, or nothing else is in
   * flight.
   */
  private get oversizeReady(): boolean {
    const { blocks, inFlight, lifecycle, rewinds } = this.state;
    if (this.oversizeBytes === undefined || lifecycle.isStopping() || rewinds > 0) return false;
    return inFlight.size === 0 || blocks.usedBytes + 2 * this.oversizeBytes <= blocks.budgetBytes;
  }

  /** Parked only: the reader uses blocks in the order offered, so the large one goes in alone. */
  private serveOversize(): void {
    if (this.oversizeBytes === undefined) return;
    const { blockBytes } = this.state.settings;
    this.takeBackOffered();
    // Larger than a plain block in any case, and a whole number of words, because the reader uses only whole
    // words.
    const bytes = Math.ceil(Math.max(this.oversizeBytes, blockBytes + 1) / 8) * 8;
    const pair = this.state.blocks.takePair(bytes, blockBytes);
    if (pair === undefined) return;
    this.oversizeBytes = undefined;
    this.offer(pair, this.pace.isLimited ? 1 : this.state.batchSize.recordsMax);
  }

  /** Parked only. */
  takeBackOffered(): void {
    for (const block of this.state.deps.source.reclaim()) {
      const pair = this.takeOffered(block);
      if (pair !== undefined) this.giveBack(pair);
    }
  }

  private takeOffered(block: Block): Offered | undefined {
    const pair = this.offered.get(block.id);
    if (pair === undefined) return undefined;
    this.offered.delete(block.id);
    this.offeredRecords -= pair.recordsMax;
    return pair;
  }

  private giveBack(pair: { input: Block; output: Block }): void {
    this.state.blocks.give(pair.output);
    this.state.blocks.give(pair.input);
  }
}
