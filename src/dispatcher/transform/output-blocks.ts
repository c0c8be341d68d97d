import type { Block } from '../../core/batch.js';
import type { BlockPool } from '../../core/block-pool.js';
import { type InFlightBatch, letGoOfOutput, type Part } from '../in-flight-batch.js';

/**
 * Assigns output blocks to batches. Every batch has one from the beginning, reserved together with its input
 * block, and keeps one until it ends. A continuation waits for a free one, the oldest batch first. That wait
 * always ends: the oldest batch is the head of all its partitions, so its earlier parts are written
 * immediately and settle, and the block of a settled part returns to its own batch, whatever the budget.
 */
export class OutputBlocks {
  private readonly blocks: BlockPool;
  private readonly waiters: { batch: InFlightBatch; resolve: (block: Block | undefined) => void }[] = [];

  constructor(blocks: BlockPool) {
    this.blocks = blocks;
  }

  /** Undefined if the batch was abandoned in the meantime. */
  take(batch: InFlightBatch): Promise<Block | undefined> {
    const spare = batch.spareOutput;
    if (spare !== undefined) {
      batch.spareOutput = undefined;
      return Promise.resolve(spare);
    }
    const block = this.waiters.length === 0 ? this.blocks.take() : undefined;
    if (block !== undefined) return Promise.resolve(block);
    return new Promise((resolve) => {
      this.waiters.push({ batch, resolve });
      this.waiters.sort((a, b) => a.batch.id - b.batch.id);
    });
  }

  /** An unused output block (or one whose content is void) stays with its batch, or is returned. */
  release(block: Block, batch: InFlightBatch): void {
    if (batch.spareOutput === undefined && !batch.abandoned) batch.spareOutput = block;
    else this.blocks.give(block);
  }

  giveBackSpare(batch: InFlightBatch): void {
    if (batch.spareOutput === undefined) return;
    this.blocks.give(batch.spareOutput);
    batch.spareOutput = undefined;
  }

  /**
   * Returns the block of a settled part; idempotent. It may be reused immediately: what is still needed from
   * it is copied.
   */
  giveBackPart(part: Part, batch: InFlightBatch): void {
    if (part.released) return;
    letGoOfOutput(part);
    if (part.external) this.blocks.releaseExternal(part.output.bytes.byteLength);
    else this.comeBack(part.output, batch);
  }

  /** Call it after blocks were returned or settled, before intake takes any. */
  serveWaiters(): void {
    while (this.waiters.length > 0) {
      const waiter = this.waiters[0];
      if (waiter === undefined) return;
      const block = waiter.batch.abandoned ? undefined : this.blocks.take();
      if (block === undefined && !waiter.batch.abandoned) return;
      this.waiters.shift();
      waiter.resolve(block);
    }
  }

  /** Intake and younger batches must never hold all blocks while an unfinished batch waits. */
  private comeBack(block: Block, batch: InFlightBatch): void {
    const waiting = batch.abandoned ? -1 : this.waiters.findIndex((waiter) => waiter.batch === batch);
    if (waiting >= 0) this.waiters.splice(waiting, 1)[0]?.resolve(block);
    else if (!batch.transformDone && batch.spareOutput === undefined && !batch.abandoned)
      batch.spareOutput = block;
    else this.blocks.give(block);
  }
}
