import type { Fault, InputBatch, PartitionId } from '../core/batch.js';
import { DispatcherError } from '../core/errors.js';
import type { Settled } from '../ports/sink.js';
import type { InFlightBatch } from './in-flight-batch.js';
import type { Intake } from './intake/intake.js';
import type { Releaser } from './ordering/releaser.js';
import type { RunState } from './run-state.js';
import type { Settler } from './settlement/settler.js';
import { endSend } from './tracing.js';
import type { DeadLetterRows } from './transform/dead-letter-rows.js';
import type { OutputBlocks } from './transform/output-blocks.js';
import type { TransformRunner } from './transform/transform-runner.js';

export interface BatchFlowParts {
  readonly intake: Intake;
  readonly outputs: OutputBlocks;
  readonly runner: TransformRunner;
  readonly deadLetterRows: DeadLetterRows;
  readonly releaser: Releaser;
  readonly settler: Settler;
}

/**
 * The life of a batch: read → transform → advance → release → settled → finish. The parts that it calls
 * return what to do next.
 */
export class BatchFlow {
  private readonly state: RunState;
  private readonly parts: BatchFlowParts;
  private wakeups: (() => void)[] = [];
  private firstReadMs = Number.POSITIVE_INFINITY;
  private lastSettledMs = 0;

  constructor(state: RunState, parts: BatchFlowParts) {
    this.state = state;
    this.parts = parts;
  }

  /** Source → intake → ordering → transform. Returns the errors that came instead of records. */
  read(input: InputBatch): readonly Fault[] {
    const { intake, releaser } = this.parts;
    const taken = intake.take(input);
    if (taken?.batch !== undefined) {
      taken.batch.trace = this.state.deps.tracer?.begin(input);
      if (releaser.accept(taken.batch)) this.transform(taken.batch);
    }
    return taken?.faults ?? [];
  }

  private transform(batch: InFlightBatch): void {
    if (batch.started) return;
    batch.started = true;
    void this.parts.runner.run(batch, () => this.advance(batch)).then(() => this.advance(batch));
  }

  /** Ordering → writer; starts the transform of the batches that may follow. */
  private release(): void {
    for (const next of this.parts.releaser.release()) this.transform(next);
  }

  /** Transform → ordering: a part is ready, or the transform is done. */
  private advance(batch: InFlightBatch): void {
    this.state.guard(() => {
      if (stopsRun(batch)) this.holdBack(batch);
      this.release();
      if (batch.settled) this.finish(batch);
    });
  }

  /** Writer → settlement. Rows that become dead letters go back through the transform. */
  settled(settled: Settled): void {
    const batch = this.state.inFlight.get(settled.batchId);
    if (batch === undefined)
      throw new DispatcherError('DEFECT', `batch ${settled.batchId} was settled, but it is not in flight`);
    const { part, deadLetters } = this.parts.settler.partSettled(batch, settled);
    endSend(part, settled);
    for (const rows of deadLetters)
      void this.parts.deadLetterRows.redirect(batch, rows, () => this.advance(batch));
    this.parts.outputs.giveBackPart(part, batch);
    if (batch.settled) this.finish(batch);
  }

  /** Drops the remaining results of the matching batches. Parts that were already written still settle. */
  abandon(meant: (batch: InFlightBatch) => boolean = () => true): void {
    for (const batch of this.state.inFlight.values()) {
      if (!meant(batch)) continue;
      batch.abandon();
      if (batch.started) continue;
      batch.started = true;
      batch.transformDone = true;
      this.parts.outputs.giveBackSpare(batch);
    }
    this.release();
    this.parts.outputs.serveWaiters();
    for (const batch of [...this.state.inFlight.values()]) if (batch.settled) this.finish(batch);
  }

  /**
   * Whether records of these partitions are in flight, abandoned or not: parts that were already written may
   * still be delivered.
   */
  inFlight(ids: readonly PartitionId[]): boolean {
    for (const { input } of this.state.inFlight.values()) {
      if (
        input.segments.some(
          ({ partitionId, epoch }) =>
            ids.includes(partitionId) && this.state.partitions.isOpen(partitionId, epoch),
        )
      )
        return true;
    }
    return false;
  }

  /** Resolves when the next batch ends, or at the deadline. */
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
    while (this.state.inFlight.size > 0) await this.nextEnd();
  }

  latencies(): { p50Ms: number; p99Ms: number } {
    const { latency } = this.state;
    return { p50Ms: latency.percentile(0.5), p99Ms: latency.percentile(0.99) };
  }

  get activeMs(): number {
    return Math.max(0, this.lastSettledMs - this.firstReadMs);
  }

  /**
   * The run will stop at a record of this batch once everything before it is settled: nothing that was read
   * after it is written any more, and a record there that would stop the run, too, is not the one to name.
   */
  holdBack(stopped: InFlightBatch): void {
    this.state.lifecycle.stop();
    const behind = new Set([...this.state.inFlight.values()].filter((batch) => isBehind(batch, stopped)));
    for (const batch of behind) batch.forgetStop();
    this.abandon((batch) => behind.has(batch));
  }

  private finish(batch: InFlightBatch): void {
    const { inFlight, blocks, flow, deps } = this.state;
    if (!inFlight.has(batch.id)) return;
    this.release();
    inFlight.delete(batch.id);
    // After a cut nothing is counted any more; only memory is released.
    if (!this.state.lifecycle.isOver()) this.parts.settler.finish(batch);
    for (const part of batch.parts) this.parts.outputs.giveBackPart(part, batch);
    batch.trace?.end(batch.fault);
    blocks.give(batch.input.block);
    flow.release(batch.input.packedBytes, batch.input.rowCount);
    this.lastSettledMs = deps.clock.nowMs();
    this.firstReadMs = Math.min(this.firstReadMs, batch.readAtMs);
    this.state.latency.record(this.lastSettledMs - batch.readAtMs, batch.input.rowCount);
    for (const wake of this.wakeups.splice(0)) wake();
  }
}

/** The records of a batch that was rewound are read again, and stop the run then. */
function stopsRun({ stopRow, abandoned }: InFlightBatch): boolean {
  return stopRow !== undefined && !abandoned;
}

/** True if the batch was read after the one that stops the run, and nothing of it was written yet. */
function isBehind(batch: InFlightBatch, stopped: InFlightBatch): boolean {
  return batch.id > stopped.id && isUnwritten(batch);
}

export function isUnwritten(batch: InFlightBatch): boolean {
  return batch.parts.every((part) => part.state === 'ready');
}
