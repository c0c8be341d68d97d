import type { Block } from '../../core/batch.js';
import { isWorkerDeath, type TransformResult, type WorkerDeath } from '../../ports/transform-pool.js';
import { asDispatcherError } from '../as-dispatcher-error.js';
import { type InFlightBatch, stopAt } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import { addParts } from './add-parts.js';
import type { OutputBlocks } from './output-blocks.js';
import type { RejectedRange } from './ranges.js';
import { stopUnrejectable } from './worker-death.js';

/** Makes dead letters of rows whose delivery was refused, without running user code. */
export class DeadLetterRows {
  private readonly state: RunState;
  private readonly outputs: OutputBlocks;

  constructor(state: RunState, outputs: OutputBlocks) {
    this.state = state;
    this.outputs = outputs;
  }

  /** Turns rows whose delivery was refused into dead letters, as further parts of the batch. */
  async redirect(batch: InFlightBatch, rows: RejectedRange, onPart: () => void): Promise<void> {
    const { first, count } = rows;
    batch.redirecting++;
    try {
      for (let done = 0; done < count; ) {
        const left = { ...rows, first: first + done, count: count - done };
        const made = await this.redirectSome(batch, left, onPart);
        if (made === 0) return;
        done += made;
      }
    } catch (error) {
      // Neither delivered nor dead-lettered.
      batch.abandon();
      this.state.fail(asDispatcherError(error));
    } finally {
      batch.redirecting--;
      onPart();
    }
  }

  /** Returns how many rows became dead letters; 0: there will be no more. */
  private async redirectSome(batch: InFlightBatch, rows: RejectedRange, onPart: () => void): Promise<number> {
    const output = await this.outputs.take(batch);
    if (output === undefined) return 0;
    const result = await this.rejectRows(batch, output, rows);
    if (batch.abandoned || isWorkerDeath(result)) {
      this.state.blocks.give(output);
      if (isWorkerDeath(result)) stopUnrejectable(batch, rows.first, rows.rejectWith, result);
      return 0;
    }
    if (result.stop !== undefined || result.rowsDone === 0) {
      this.state.blocks.give(output);
      stopAt(batch, rows.first, result.stop ?? rows.rejectWith);
      return 0;
    }
    addParts(this.state, batch, { output, result, redirect: true });
    onPart();
    return result.rowsDone;
  }

  private async rejectRows(
    batch: InFlightBatch,
    output: Block,
    { first, count, rejectWith, rows }: RejectedRange,
  ): Promise<TransformResult | WorkerDeath> {
    const { block: input, segments } = batch.input;
    const meant = rows === undefined ? {} : { rows: rows.filter((row) => row >= first) };
    const task = { input, output, firstRow: first, rowCount: count, segments, rejectWith, ...meant };
    for (let deaths = 0; ; deaths++) {
      try {
        return await this.state.deps.pool.run(task);
      } catch (error) {
        // A late exception of an earlier record may end the worker here too, although this task runs no user
        // code.
        if (!isWorkerDeath(error)) throw error;
        this.state.workers.died(error.code);
        if (deaths >= Limits.blamelessDeathsMax) return error;
      }
    }
  }
}
