import type { PartitionId } from '../core/batch.js';
import { DispatcherError } from '../core/errors.js';
import type { Settled } from '../ports/sink.js';
import type { Flight } from './flight.js';
import type { Releaser } from './ordering/releaser.js';
import type { RunState } from './run-state.js';
import type { Settler } from './settlement/settler.js';
import type { OutputBlocks } from './transform/output-blocks.js';
import type { TransformRunner } from './transform/transform-runner.js';

export interface FlightDeckParts {
  readonly outputs: OutputBlocks;
  readonly runner: TransformRunner;
  readonly releaser: Releaser;
  readonly settler: Settler;
  /** A flight is over: its blocks are free again. */
  readonly finished: () => void;
  /** Runs an event's handler: what it throws ends the run. */
  readonly guard: (handle: () => void) => void;
}

/** The life of flights from the start of their transform to their end. */
export class FlightDeck {
  private readonly state: RunState;
  private readonly parts: FlightDeckParts;
  private wakeups: (() => void)[] = [];
  private firstReadMs = Number.POSITIVE_INFINITY;
  private lastSettledMs = 0;

  constructor(state: RunState, parts: FlightDeckParts) {
    this.state = state;
    this.parts = parts;
  }

  startTransform(flight: Flight): void {
    if (flight.started) return;
    flight.started = true;
    void this.parts.runner.run(flight).then(() => this.advance(flight));
  }

  /** A part is ready, or the transform is done. */
  advance(flight: Flight): void {
    this.parts.guard(() => {
      if (flight.stopRow !== undefined && !this.state.stopping) this.holdBack(flight);
      this.parts.releaser.pump();
      if (flight.settled) this.finish(flight);
    });
  }

  settled(settled: Settled): void {
    const flight = this.state.flights.get(settled.batchId);
    if (flight === undefined)
      throw new DispatcherError('DEFECT', `batch ${settled.batchId} was settled, but it is not in flight`);
    const part = this.parts.settler.partSettled(flight, settled);
    this.parts.outputs.giveBackPart(part, flight);
    if (flight.settled) this.finish(flight);
  }

  /**
   * What the flights that are meant would still bring is of no use any more. What was handed to the writer
   * settles by itself.
   */
  abandon(meant: (flight: Flight) => boolean = () => true): void {
    for (const flight of this.state.flights.values()) {
      if (!meant(flight)) continue;
      flight.abandon();
      if (flight.started) continue;
      flight.started = true;
      flight.transformDone = true;
      this.parts.outputs.giveBackSpare(flight);
    }
    this.parts.releaser.pump();
    this.parts.outputs.serveWaiters();
    for (const flight of [...this.state.flights.values()]) if (flight.settled) this.finish(flight);
  }

  /**
   * Records of these partitions are under way, given up or not: what was handed to the writer may still be
   * written.
   */
  inFlight(ids: readonly PartitionId[]): boolean {
    for (const { input } of this.state.flights.values()) {
      if (
        input.segments.some(
          ({ partitionId, epoch }) =>
            ids.includes(partitionId) && this.state.tracker.isOpen(partitionId, epoch),
        )
      )
        return true;
    }
    return false;
  }

  /** Resolves at the end of the next flight, or at the deadline. */
  nextEnd(deadlineMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { clock } = this.state.deps;
    return new Promise((resolve) => {
      const cancel = Number.isFinite(deadlineMs)
        ? clock.after(Math.max(1, deadlineMs - clock.nowMs()), resolve)
        : undefined;
      this.wakeups.push(() => {
        cancel?.();
        resolve();
      });
    });
  }

  /** Resolves when nothing is in flight. */
  async drained(): Promise<void> {
    while (this.state.flights.size > 0) await this.nextEnd();
  }

  latencies(): { p50Ms: number; p99Ms: number } {
    const { latency } = this.state;
    return { p50Ms: latency.percentile(0.5), p99Ms: latency.percentile(0.99) };
  }

  get activeMs(): number {
    return Math.max(0, this.lastSettledMs - this.firstReadMs);
  }

  /**
   * The run will stop at a record of this flight, once what is before it is settled: nothing read after it is
   * written any more.
   */
  private holdBack(stopped: Flight): void {
    this.state.stopping = true;
    this.abandon((flight) => isBehind(flight, stopped));
  }

  private finish(flight: Flight): void {
    const { flights, blocks, flow, deps } = this.state;
    if (!flights.has(flight.id)) return;
    this.parts.releaser.pump();
    flights.delete(flight.id);
    // After a cut the books are closed; only memory is given back.
    if (!this.state.over) this.parts.settler.finish(flight);
    for (const part of flight.parts) this.parts.outputs.giveBackPart(part, flight);
    blocks.give(flight.input.block);
    flow.release(flight.input.packedBytes, flight.input.rowCount);
    this.lastSettledMs = deps.clock.nowMs();
    this.firstReadMs = Math.min(this.firstReadMs, flight.readAtMs);
    this.state.latency.record(this.lastSettledMs - flight.readAtMs, flight.input.rowCount);
    for (const wake of this.wakeups.splice(0)) wake();
    this.parts.finished();
  }
}

/** Read after the one that stops, and nothing of it was written yet. */
export function isBehind(flight: Flight, stopped: Flight): boolean {
  return flight.id > stopped.id && flight.parts.every((part) => part.state === 'ready');
}
